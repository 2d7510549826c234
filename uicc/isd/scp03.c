/* SCP03: AES (GP amendment D). */
#include "uicc/isd/scp_parts.h"

#include <openssl/crypto.h>

/* Derivation constants, D 4.1.5. */
#define KDF_CARD_CRYPTOGRAM 0x00
#define KDF_HOST_CRYPTOGRAM 0x01
#define KDF_CHALLENGE       0x02
#define KDF_ENC             0x04
#define KDF_MAC             0x06
#define KDF_RMAC            0x07

/* D 4.1.5: NIST SP 800-108 in counter mode over AES-CMAC; out_len up to 32. */
static enum err kdf(struct crypto *c, const struct secret *key, uint8_t constant, struct rd context,
                    uint8_t *out, size_t out_len)
{
    uint8_t head[16] = {
        [11] = constant, [13] = (uint8_t)(out_len * 8 >> 8), [14] = (uint8_t)(out_len * 8)};
    const struct rd parts[] = {RD_ARRAY(head), context};
    uint8_t block[AES_BLOCK];
    enum err e = ERR_OK;

    for (size_t done = 0; done < out_len && e == ERR_OK; done += sizeof block) {
        size_t n = out_len - done < sizeof block ? out_len - done : sizeof block;

        head[15]++;
        e = crypto_cmac(c, key, parts, ARRAY_LEN(parts), block);
        memcpy(out + done, block, n);
    }
    OPENSSL_cleanse(block, sizeof block);
    return e;
}

static enum err kdf_key(struct crypto *c, const struct secret *key, uint8_t constant,
                        struct rd context, struct secret *out)
{
    out->len = key->len;
    return kdf(c, key, constant, context, out->bytes, key->len);
}

static enum err make_challenge(struct crypto *c, const struct isd_scp_begin *b, uint8_t *out)
{
    uint8_t context[3 + 16];
    struct wr w = WR_ARRAY(context);

    if ((b->option & SCP03_COMPUTED) == 0) {
        memcpy(out, b->random, b->size);
        return ERR_OK;
    }
    wr_u8(&w, (uint8_t)(b->keys->sequence >> 16));
    wr_u16(&w, (uint16_t)b->keys->sequence);
    wr_rd(&w, b->aid);
    if (wr_result(&w) != ERR_OK)
        return ERR_RANGE;
    return kdf(c, &b->keys->enc, KDF_CHALLENGE, RD_WR(&w), out, b->size);
}

static enum err make_session_keys(struct crypto *c, struct isd_scp *s, const struct isd_keys *k,
                                  struct rd context)
{
    enum err e = kdf_key(c, &k->enc, KDF_ENC, context, &s->enc);

    if (e == ERR_OK)
        e = kdf_key(c, &k->mac, KDF_MAC, context, &s->mac);
    s->dek = k->dek;
    return e == ERR_OK ? kdf_key(c, &k->mac, KDF_RMAC, context, &s->rmac) : e;
}

enum err scp03_initialise(struct crypto *c, struct isd_scp *s, const struct isd_scp_begin *b,
                          struct wr *answer)
{
    uint8_t challenges[2 * SCP_S16], cryptogram[SCP_S16];
    struct rd context = RD(challenges, 2U * b->size);
    enum err e = make_challenge(c, b, challenges + b->size);

    memcpy(challenges, b->host_challenge, b->size);
    if (e == ERR_OK)
        e = make_session_keys(c, s, b->keys, context);
    if (e == ERR_OK)
        e = kdf(c, &s->mac, KDF_CARD_CRYPTOGRAM, context, cryptogram, b->size);
    if (e == ERR_OK)
        e = kdf(c, &s->mac, KDF_HOST_CRYPTOGRAM, context, s->host_cryptogram, b->size);
    if (e != ERR_OK)
        return e;
    wr_u8(answer, b->keys->version);
    wr_u8(answer, SCP03);
    wr_u8(answer, b->option | (b->size == SCP_S16 ? SCP03_S16 : 0));
    wr_bytes(answer, challenges + b->size, b->size);
    wr_bytes(answer, cryptogram, b->size);
    if ((b->option & SCP03_COMPUTED) != 0) {
        wr_u8(answer, (uint8_t)(b->keys->sequence >> 16));
        wr_u16(answer, (uint16_t)b->keys->sequence);
    }
    return ERR_OK;
}

/* D 6.2.4: chained over all commands; the whole MAC is the next chaining value. */
enum err scp03_mac(struct crypto *c, const struct isd_scp *s, const uint8_t header[5],
                   struct rd data, uint8_t mac[16])
{
    const struct rd parts[] = {RD_ARRAY(s->chain), RD(header, 5), data};

    return crypto_cmac(c, &s->mac, parts, ARRAY_LEN(parts), mac);
}

enum err scp03_icv(struct crypto *c, const struct isd_scp *s, bool answer, uint8_t icv[16])
{
    uint8_t block[AES_BLOCK] = {answer ? 0x80 : 0x00};

    block[12] = (uint8_t)(s->counter >> 24);
    block[13] = (uint8_t)(s->counter >> 16);
    block[14] = (uint8_t)(s->counter >> 8);
    block[15] = (uint8_t)s->counter;
    return crypto_aes_block(c, &s->enc, block, icv);
}
