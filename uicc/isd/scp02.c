/* SCP02: triple DES of two keys (GP annex E). */
#include "uicc/isd/scp_parts.h"

#include <openssl/crypto.h>

/* Derivation constants, E.4.1. */
#define DERIVE_C_MAC 0x0101
#define DERIVE_R_MAC 0x0102
#define DERIVE_DEK   0x0181
#define DERIVE_ENC   0x0182

/* E.4.1: 3DES-CBC of constant, counter and zeros. */
static enum err derive(struct crypto *c, const struct secret *key, uint16_t constant,
                       uint32_t sequence, struct secret *out)
{
    uint8_t block[16] = {(uint8_t)(constant >> 8), (uint8_t)constant, (uint8_t)(sequence >> 8),
                         (uint8_t)sequence};

    out->len = sizeof block;
    return crypto_encrypt(c, CRYPTO_3DES_CBC, key, block, out->bytes, sizeof block);
}

/* E.4.2, B.1.2.1: 3DES MAC over two counters and challenges, padded. */
static enum err make_cryptogram(struct crypto *c, const struct secret *key, struct rd first,
                                struct rd second, uint8_t out[8])
{
    uint8_t bytes[24];
    struct wr w = WR_ARRAY(bytes);
    const struct rd part = {bytes, sizeof bytes};

    wr_rd(&w, first);
    wr_rd(&w, second);
    scp_pad(&w, DES_BLOCK);
    if (wr_result(&w) != ERR_OK || w.len != sizeof bytes)
        return ERR_RANGE;
    return crypto_cbc_mac(c, CRYPTO_3DES_CBC, key, &part, 1, out);
}

/* B.1.2.2: single DES over all blocks but the last, 3DES over that. bytes is overwritten. */
static enum err retail_mac(struct crypto *c, const struct secret *key, uint8_t *bytes, size_t n,
                           uint8_t mac[8])
{
    SECRET_WIPED struct secret first = {.len = DES_BLOCK};
    uint8_t *last = bytes + n - DES_BLOCK;
    enum err e = ERR_OK;

    memcpy(first.bytes, key->bytes, DES_BLOCK);
    if (n > DES_BLOCK)
        e = crypto_encrypt(c, CRYPTO_DES_CBC, &first, bytes, bytes, n - DES_BLOCK);
    if (n > DES_BLOCK)
        scp_xor(last, last - DES_BLOCK, DES_BLOCK);
    return e == ERR_OK ? crypto_encrypt(c, CRYPTO_3DES_CBC, key, last, mac, DES_BLOCK) : e;
}

/* E.3: the last C-MAC, enciphered under the first half of the key, begins the next one. */
static enum err next_icv(struct crypto *c, const struct isd_scp *s, bool first, uint8_t icv[8])
{
    SECRET_WIPED struct secret key = {.len = DES_BLOCK};

    memset(icv, 0, DES_BLOCK);
    if (first)
        return ERR_OK;
    memcpy(key.bytes, s->mac.bytes, DES_BLOCK);
    return crypto_encrypt(c, CRYPTO_DES_CBC, &key, s->chain, icv, DES_BLOCK);
}

/* E.4.4: over the modified header (Lc counts the MAC) and the data in clear. */
enum err scp02_mac(struct crypto *c, const struct isd_scp *s, const uint8_t header[5],
                   struct rd data, bool first, uint8_t mac[SCP_S8])
{
    uint8_t bytes[PLAIN_MAX + 16], icv[8];
    struct wr w = WR_ARRAY(bytes);
    enum err e = next_icv(c, s, first, icv);

    wr_bytes(&w, header, 5);
    wr_rd(&w, data);
    scp_pad(&w, DES_BLOCK);
    if (wr_result(&w) != ERR_OK)
        return ERR_SPACE;
    scp_xor(bytes, icv, sizeof icv);
    if (e == ERR_OK)
        e = retail_mac(c, &s->mac, bytes, w.len, mac);
    OPENSSL_cleanse(bytes, sizeof bytes);
    return e;
}

/* E.5.1: the challenge of 6 bytes is a MAC over the AID where the option says so. */
static enum err make_challenge(struct crypto *c, const struct isd_scp *s,
                               const struct isd_scp_begin *b, uint8_t out[6])
{
    uint8_t bytes[24], mac[8];
    struct wr w = WR_ARRAY(bytes);
    enum err e;

    if ((b->option & SCP02_COMPUTED) == 0) {
        memcpy(out, b->random, 6);
        return ERR_OK;
    }
    wr_rd(&w, b->aid);
    scp_pad(&w, DES_BLOCK);
    e = wr_result(&w);
    if (e == ERR_OK)
        e = retail_mac(c, &s->mac, bytes, w.len, mac);
    if (e == ERR_OK)
        memcpy(out, mac, 6);
    return e;
}

static enum err make_session_keys(struct crypto *c, struct isd_scp *s, const struct isd_keys *k)
{
    enum err e = derive(c, &k->mac, DERIVE_C_MAC, k->sequence, &s->mac);

    if (e == ERR_OK)
        e = derive(c, &k->mac, DERIVE_R_MAC, k->sequence, &s->rmac);
    if (e == ERR_OK)
        e = derive(c, &k->enc, DERIVE_ENC, k->sequence, &s->enc);
    return e == ERR_OK ? derive(c, &k->dek, DERIVE_DEK, k->sequence, &s->dek) : e;
}

enum err scp02_initialise(struct crypto *c, struct isd_scp *s, const struct isd_scp_begin *b,
                          struct wr *answer)
{
    uint8_t card[8] = {(uint8_t)(b->keys->sequence >> 8), (uint8_t)b->keys->sequence};
    uint8_t cryptogram[8];
    struct rd host = RD(b->host_challenge, SCP_S8);
    enum err e = make_session_keys(c, s, b->keys);

    if (e == ERR_OK)
        e = make_challenge(c, s, b, card + 2);
    if (e == ERR_OK)
        e = make_cryptogram(c, &s->enc, host, RD_ARRAY(card), cryptogram);
    if (e == ERR_OK)
        e = make_cryptogram(c, &s->enc, RD_ARRAY(card), host, s->host_cryptogram);
    if (e != ERR_OK)
        return e;
    wr_u8(answer, b->keys->version);
    wr_u8(answer, SCP02);
    wr_bytes(answer, card, sizeof card);
    wr_bytes(answer, cryptogram, sizeof cryptogram);
    return ERR_OK;
}

/* E.4.5: over the command in clear, the answer with its length, and the status. */
enum err scp02_r_mac(struct crypto *c, struct isd_scp *s, const struct apdu *cmd, struct rd data,
                     struct rd status)
{
    uint8_t bytes[2 * PLAIN_MAX + 24], *chain = s->chain + SCP_S8;
    struct wr w = WR_ARRAY(bytes);
    enum err e;

    scp_header(cmd, cmd->data.left, bytes);
    w.len = 5;
    bytes[0] &= (uint8_t)~CLA_SECURE;
    wr_rd(&w, cmd->data);
    wr_u8(&w, (uint8_t)data.left);
    wr_rd(&w, data);
    wr_rd(&w, status);
    scp_pad(&w, DES_BLOCK);
    e = wr_result(&w);
    if (e == ERR_OK) {
        scp_xor(bytes, chain, DES_BLOCK);
        e = retail_mac(c, &s->rmac, bytes, w.len, chain);
    }
    OPENSSL_cleanse(bytes, sizeof bytes);
    return e;
}
