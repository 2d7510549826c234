#include "uicc/isd/scp.h"

#include <openssl/crypto.h>
#include <string.h>

#define CLA_SECURE     0x04
#define DES_BLOCK      8U
#define AES_BLOCK      16U
#define PLAIN_MAX      256U
#define OPTION_SCP02   0x15 /* without the bit for the challenge */
#define SCP02_COMPUTED 0x40
#define SCP02_R_MAC    0x20
#define SCP03_COMPUTED 0x10
#define SCP03_R_MAC    0x20
#define SCP03_R_ENC    0x40
#define SCP03_S16      0x01

/* SCP03 derivation constants, D 4.1.5. */
#define KDF_CARD_CRYPTOGRAM 0x00
#define KDF_HOST_CRYPTOGRAM 0x01
#define KDF_CHALLENGE       0x02
#define KDF_ENC             0x04
#define KDF_MAC             0x06
#define KDF_RMAC            0x07

/* SCP02 derivation constants, E.4.1. */
#define DERIVE_C_MAC 0x0101
#define DERIVE_R_MAC 0x0102
#define DERIVE_DEK   0x0181
#define DERIVE_ENC   0x0182

void isd_keys_wipe(struct isd_keys *keys)
{
    OPENSSL_cleanse(keys, sizeof *keys);
}

void isd_scp_close(struct isd_scp *s)
{
    OPENSSL_cleanse(s, sizeof *s);
}

bool isd_scp_option_is_known(uint8_t protocol, uint8_t option)
{
    if (protocol == SCP02)
        return (option & (uint8_t) ~(SCP02_COMPUTED | SCP02_R_MAC)) == OPTION_SCP02;
    return protocol == SCP03 &&
           (option & (uint8_t) ~(SCP03_COMPUTED | SCP03_R_MAC | SCP03_R_ENC | SCP03_S16)) == 0 &&
           (option & (SCP03_R_MAC | SCP03_R_ENC)) != SCP03_R_ENC;
}

/* GP B.2.3: 80, then 00 up to a whole block. */
static void pad(struct wr *w, size_t block)
{
    wr_u8(w, 0x80);
    wr_fill(w, 0, (block - w->len % block) % block);
}

/* The length without padding; ERR_PADDING. */
static enum err unpad(const uint8_t *bytes, size_t len, size_t *plain_len)
{
    while (len > 0 && bytes[len - 1] == 0)
        len--;
    if (len == 0 || bytes[len - 1] != 0x80)
        return ERR_PADDING;
    *plain_len = len - 1;
    return ERR_OK;
}

static void xor_block(uint8_t *to, const uint8_t *with, size_t n)
{
    for (size_t i = 0; i < n; i++)
        to[i] ^= with[i];
}

/* ---- SCP02 ---- */

/* E.4.1: 3DES-CBC of constant, counter and zeros. */
static enum err derive02(struct crypto *c, const struct secret *key, uint16_t constant,
                         uint32_t sequence, struct secret *out)
{
    uint8_t block[16] = {(uint8_t)(constant >> 8), (uint8_t)constant, (uint8_t)(sequence >> 8),
                         (uint8_t)sequence};

    out->len = sizeof block;
    return crypto_encrypt(c, CRYPTO_3DES_CBC, key, block, out->bytes, sizeof block);
}

/* E.4.2, B.1.2.1: 3DES MAC over two counters and challenges, padded. */
static enum err cryptogram02(struct crypto *c, const struct secret *key, struct rd first,
                             struct rd second, uint8_t out[8])
{
    uint8_t bytes[24];
    struct wr w = WR_ARRAY(bytes);
    const struct rd part = {bytes, sizeof bytes};

    wr_rd(&w, first);
    wr_rd(&w, second);
    pad(&w, DES_BLOCK);
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
        xor_block(last, last - DES_BLOCK, DES_BLOCK);
    return e == ERR_OK ? crypto_encrypt(c, CRYPTO_3DES_CBC, key, last, mac, DES_BLOCK) : e;
}

/* E.3: the last C-MAC, enciphered under the first half of the key, begins the next one. */
static enum err next_icv02(struct crypto *c, const struct isd_scp *s, bool first, uint8_t icv[8])
{
    SECRET_WIPED struct secret key = {.len = DES_BLOCK};

    memset(icv, 0, DES_BLOCK);
    if (first)
        return ERR_OK;
    memcpy(key.bytes, s->mac.bytes, DES_BLOCK);
    return crypto_encrypt(c, CRYPTO_DES_CBC, &key, s->chain, icv, DES_BLOCK);
}

/* E.4.4: over the modified header (Lc counts the MAC) and the data in clear. */
static enum err mac02(struct crypto *c, struct isd_scp *s, const uint8_t header[5], struct rd data,
                      bool first, uint8_t mac[SCP_S8])
{
    uint8_t bytes[PLAIN_MAX + 16], icv[8];
    struct wr w = WR_ARRAY(bytes);
    enum err e = next_icv02(c, s, first, icv);

    wr_bytes(&w, header, 5);
    wr_rd(&w, data);
    pad(&w, DES_BLOCK);
    if (wr_result(&w) != ERR_OK)
        return ERR_SPACE;
    xor_block(bytes, icv, sizeof icv);
    if (e == ERR_OK)
        e = retail_mac(c, &s->mac, bytes, w.len, mac);
    OPENSSL_cleanse(bytes, sizeof bytes);
    return e;
}

/* E.5.1: the challenge of 6 bytes is a MAC over the AID where the option says so. */
static enum err challenge02(struct crypto *c, const struct isd_scp *s,
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
    pad(&w, DES_BLOCK);
    e = wr_result(&w);
    if (e == ERR_OK)
        e = retail_mac(c, &s->mac, bytes, w.len, mac);
    if (e == ERR_OK)
        memcpy(out, mac, 6);
    return e;
}

static enum err session_keys02(struct crypto *c, struct isd_scp *s, const struct isd_keys *k)
{
    enum err e = derive02(c, &k->mac, DERIVE_C_MAC, k->sequence, &s->mac);

    if (e == ERR_OK)
        e = derive02(c, &k->mac, DERIVE_R_MAC, k->sequence, &s->rmac);
    if (e == ERR_OK)
        e = derive02(c, &k->enc, DERIVE_ENC, k->sequence, &s->enc);
    return e == ERR_OK ? derive02(c, &k->dek, DERIVE_DEK, k->sequence, &s->dek) : e;
}

static enum err initialise02(struct crypto *c, struct isd_scp *s, const struct isd_scp_begin *b,
                             struct wr *answer)
{
    uint8_t card[8] = {(uint8_t)(b->keys->sequence >> 8), (uint8_t)b->keys->sequence};
    uint8_t cryptogram[8];
    struct rd host = RD(b->host_challenge, SCP_S8);
    enum err e = session_keys02(c, s, b->keys);

    if (e == ERR_OK)
        e = challenge02(c, s, b, card + 2);
    if (e == ERR_OK)
        e = cryptogram02(c, &s->enc, host, RD_ARRAY(card), cryptogram);
    if (e == ERR_OK)
        e = cryptogram02(c, &s->enc, RD_ARRAY(card), host, s->host_cryptogram);
    if (e != ERR_OK)
        return e;
    wr_u8(answer, b->keys->version);
    wr_u8(answer, SCP02);
    wr_bytes(answer, card, sizeof card);
    wr_bytes(answer, cryptogram, sizeof cryptogram);
    return ERR_OK;
}

/* ---- SCP03 ---- */

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

static enum err challenge03(struct crypto *c, const struct isd_scp_begin *b, uint8_t *out)
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

static enum err session_keys03(struct crypto *c, struct isd_scp *s, const struct isd_keys *k,
                               struct rd context)
{
    enum err e = kdf_key(c, &k->enc, KDF_ENC, context, &s->enc);

    if (e == ERR_OK)
        e = kdf_key(c, &k->mac, KDF_MAC, context, &s->mac);
    s->dek = k->dek;
    return e == ERR_OK ? kdf_key(c, &k->mac, KDF_RMAC, context, &s->rmac) : e;
}

static enum err initialise03(struct crypto *c, struct isd_scp *s, const struct isd_scp_begin *b,
                             struct wr *answer)
{
    uint8_t challenges[2 * SCP_S16], cryptogram[SCP_S16];
    struct rd context = RD(challenges, 2U * b->size);
    enum err e = challenge03(c, b, challenges + b->size);

    memcpy(challenges, b->host_challenge, b->size);
    if (e == ERR_OK)
        e = session_keys03(c, s, b->keys, context);
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
static enum err mac03(struct crypto *c, const struct isd_scp *s, const uint8_t header[5],
                      struct rd data, uint8_t mac[16])
{
    const struct rd parts[] = {RD_ARRAY(s->chain), RD(header, 5), data};

    return crypto_cmac(c, &s->mac, parts, ARRAY_LEN(parts), mac);
}

/* D 6.2.6, 6.2.7: the counter, enciphered, begins the chain of blocks. */
static enum err icv03(struct crypto *c, const struct isd_scp *s, bool answer, uint8_t icv[16])
{
    uint8_t block[AES_BLOCK] = {answer ? 0x80 : 0x00};

    block[12] = (uint8_t)(s->counter >> 24);
    block[13] = (uint8_t)(s->counter >> 16);
    block[14] = (uint8_t)(s->counter >> 8);
    block[15] = (uint8_t)s->counter;
    return crypto_aes_block(c, &s->enc, block, icv);
}

/* ---- both ---- */

static enum err check_keys(const struct isd_scp_begin *b)
{
    bool des = b->protocol == SCP02;

    if (!isd_scp_option_is_known(b->protocol, b->option))
        return ERR_UNSUPPORTED;
    if (des != (b->keys->type == GP_KEY_DES))
        return ERR_KEY;
    if (des && (b->keys->enc.len != 16 || b->keys->mac.len != 16 || b->keys->dek.len != 16))
        return ERR_KEY;
    return b->size == SCP_S8 || (b->size == SCP_S16 && !des) ? ERR_OK : ERR_FORMAT;
}

enum err isd_scp_initialise(struct crypto *c, struct isd_scp *s, const struct isd_scp_begin *b,
                            struct wr *answer)
{
    enum err e = check_keys(b);

    isd_scp_close(s);
    if (e != ERR_OK)
        return e;
    s->protocol = b->protocol;
    s->option = b->option;
    s->version = b->keys->version;
    s->size = b->size;
    wr_bytes(answer, b->diversification, sizeof b->diversification);
    e = b->protocol == SCP02 ? initialise02(c, s, b, answer) : initialise03(c, s, b, answer);
    if (e == ERR_OK)
        e = wr_result(answer);
    if (e == ERR_OK)
        s->state = SCP_BEGUN;
    else
        isd_scp_close(s);
    return e;
}

/* The class byte as it goes into a C-MAC: channel 0, secure messaging. */
static void mac_header(const struct apdu *cmd, size_t lc, uint8_t header[5])
{
    header[0] = (uint8_t)((cmd->cla & 0x80) | CLA_SECURE);
    header[1] = cmd->ins;
    header[2] = cmd->p1;
    header[3] = cmd->p2;
    header[4] = (uint8_t)lc;
}

static bool level_is_offered(const struct isd_scp *s, uint8_t level)
{
    _Static_assert(SCP02_R_MAC == SCP03_R_MAC, "one bit for both");
    bool r_mac = (s->option & SCP03_R_MAC) != 0;
    bool r_enc = s->protocol == SCP03 && (s->option & SCP03_R_ENC) != 0;

    switch (level) {
    case SCP_C_MAC:
    case SCP_C_MAC | SCP_C_ENC:
        return true;
    case SCP_C_MAC | SCP_R_MAC:
    case SCP_C_MAC | SCP_C_ENC | SCP_R_MAC:
        return r_mac;
    case SCP_C_MAC | SCP_C_ENC | SCP_R_MAC | SCP_R_ENC:
        return r_enc;
    default:
        return false;
    }
}

static enum err compute_mac(struct crypto *c, struct isd_scp *s, const uint8_t header[5],
                            struct rd data, bool first, uint8_t mac[16])
{
    return s->protocol == SCP02 ? mac02(c, s, header, data, first, mac)
                                : mac03(c, s, header, data, mac);
}

/* What the next MAC goes on from; under SCP02 answers have a chain of their own (E.4.5). */
static void keep_mac(struct isd_scp *s, const uint8_t mac[16])
{
    memcpy(s->chain, mac, s->protocol == SCP02 ? SCP_S8 : sizeof s->chain);
}

static enum err authenticate(struct crypto *c, struct isd_scp *s, const struct apdu *cmd)
{
    uint8_t header[5], mac[16] = {0};
    struct rd data = RD(cmd->data.at, s->size);
    bool good;
    enum err e;

    if (s->state != SCP_BEGUN)
        return ERR_CONDITIONS;
    if (cmd->data.left != 2U * s->size || cmd->p2 != 0)
        return ERR_FORMAT;
    if (!level_is_offered(s, cmd->p1))
        return ERR_UNSUPPORTED;
    mac_header(cmd, cmd->data.left, header);
    e = compute_mac(c, s, header, data, true, mac);
    if (e != ERR_OK)
        return e;
    good = crypto_equal(s->host_cryptogram, data.at, s->size);
    good &= crypto_equal(mac, data.at + s->size, s->size);
    if (!good)
        return ERR_MAC;
    keep_mac(s, mac);
    if (s->protocol == SCP02)
        memcpy(s->chain + SCP_S8, mac, SCP_S8);
    s->level = cmd->p1;
    s->state = SCP_OPEN;
    return ERR_OK;
}

enum err isd_scp_authenticate(struct crypto *c, struct isd_scp *s, const struct apdu *cmd)
{
    enum err e = authenticate(c, s, cmd);

    if (e != ERR_OK)
        isd_scp_close(s);
    return e;
}

/* Ciphertext in w, deciphered in place and its padding taken off. */
static enum err decipher(struct crypto *c, struct isd_scp *s, struct wr *w)
{
    bool aes = s->protocol == SCP03;
    uint8_t icv[AES_BLOCK];
    enum err e = ERR_OK;

    if (w->len == 0)
        return ERR_OK;
    if (w->len % (aes ? AES_BLOCK : DES_BLOCK) != 0)
        return ERR_FORMAT;
    e = crypto_decrypt(c, aes ? CRYPTO_AES_CBC : CRYPTO_3DES_CBC, &s->enc, w->base, w->base,
                       w->len);
    if (e == ERR_OK && aes) {
        e = icv03(c, s, false, icv);
        xor_block(w->base, icv, sizeof icv);
    }
    return e == ERR_OK ? unpad(w->base, w->len, &w->len) : e;
}

/* SCP02 computes its MAC over the clear data, SCP03 over what was sent. */
static enum err check(struct crypto *c, struct isd_scp *s, const struct apdu *cmd, struct wr *plain)
{
    struct rd sent = RD(cmd->data.at, cmd->data.left - s->size);
    const uint8_t *received = cmd->data.at + sent.left;
    bool enciphered = (s->level & SCP_C_ENC) != 0;
    uint8_t header[5], mac[16] = {0};
    enum err e = ERR_OK, padding = ERR_OK;

    wr_rd(plain, sent);
    if (wr_result(plain) != ERR_OK)
        return ERR_SPACE;
    if (enciphered && s->protocol == SCP02)
        padding = decipher(c, s, plain); /* said only after the MAC */
    mac_header(cmd, s->protocol == SCP02 ? plain->len + SCP_S8 : cmd->data.left, header);
    e = compute_mac(c, s, header, RD_WR(plain), false, mac);
    if (e == ERR_OK && !crypto_equal(mac, received, s->size))
        e = ERR_MAC;
    if (e == ERR_OK)
        keep_mac(s, mac);
    if (e == ERR_OK && enciphered && s->protocol == SCP03)
        padding = decipher(c, s, plain);
    return e == ERR_OK ? padding : e;
}

enum err isd_scp_unwrap(struct crypto *c, struct isd_scp *s, const struct apdu *cmd,
                        struct wr *plain, struct apdu *out)
{
    enum err e = ERR_FORMAT;

    if (s->state != SCP_OPEN)
        return ERR_CONDITIONS;
    s->counter++;
    if (cmd->data.left >= s->size)
        e = check(c, s, cmd, plain);
    if (e != ERR_OK) {
        isd_scp_close(s);
        return e;
    }
    *out = *cmd;
    out->cla &= (uint8_t)~CLA_SECURE;
    out->data = RD_WR(plain);
    out->p3 = (uint8_t)plain->len;
    return ERR_OK;
}

/* ---- answers ---- */

static enum err encipher(struct crypto *c, const struct isd_scp *s, struct wr *w)
{
    uint8_t icv[AES_BLOCK];
    enum err e = icv03(c, s, true, icv);

    pad(w, AES_BLOCK);
    if (e == ERR_OK)
        e = wr_result(w);
    if (e != ERR_OK)
        return e;
    xor_block(w->base, icv, sizeof icv);
    return crypto_encrypt(c, CRYPTO_AES_CBC, &s->enc, w->base, w->base, w->len);
}

/* E.4.5: over the command in clear, the answer with its length, and the status. */
static enum err r_mac02(struct crypto *c, struct isd_scp *s, const struct apdu *cmd, struct rd data,
                        struct rd status)
{
    uint8_t bytes[2 * PLAIN_MAX + 24], *chain = s->chain + SCP_S8;
    struct wr w = WR_ARRAY(bytes);
    enum err e;

    mac_header(cmd, cmd->data.left, bytes);
    w.len = 5;
    bytes[0] &= (uint8_t)~CLA_SECURE;
    wr_rd(&w, cmd->data);
    wr_u8(&w, (uint8_t)data.left);
    wr_rd(&w, data);
    wr_rd(&w, status);
    pad(&w, DES_BLOCK);
    e = wr_result(&w);
    if (e == ERR_OK) {
        xor_block(bytes, chain, DES_BLOCK);
        e = retail_mac(c, &s->rmac, bytes, w.len, chain);
    }
    OPENSSL_cleanse(bytes, sizeof bytes);
    return e;
}

static enum err r_mac(struct crypto *c, struct isd_scp *s, const struct apdu *cmd, struct rd status,
                      struct wr *data)
{
    const struct rd parts[] = {RD_ARRAY(s->chain), RD_WR(data), status};
    uint8_t mac[16];
    enum err e = s->protocol == SCP02 ? r_mac02(c, s, cmd, RD_WR(data), status)
                                      : crypto_cmac(c, &s->rmac, parts, ARRAY_LEN(parts), mac);

    if (e == ERR_OK)
        wr_bytes(data, s->protocol == SCP02 ? s->chain + SCP_S8 : mac, s->size);
    return e;
}

enum err isd_scp_wrap(struct crypto *c, struct isd_scp *s, const struct apdu *cmd, sw_t sw,
                      struct wr *data)
{
    const uint8_t status[] = {(uint8_t)(sw.v >> 8), (uint8_t)sw.v};
    enum err e = ERR_OK;

    if (s->state != SCP_OPEN || (s->level & SCP_R_MAC) == 0 ||
        (!sw_equal(sw, SW_OK) && !sw_is_warning(sw)))
        return ERR_OK;
    if ((s->level & SCP_R_ENC) != 0 && data->len > 0)
        e = encipher(c, s, data);
    if (e == ERR_OK)
        e = r_mac(c, s, cmd, RD_ARRAY(status), data);
    return e == ERR_OK ? wr_result(data) : e;
}

size_t isd_scp_room(const struct isd_scp *s)
{
    size_t room = 256;

    if (s->state == SCP_OPEN && (s->level & SCP_R_MAC) != 0)
        room -= s->size;
    return s->state == SCP_OPEN && (s->level & SCP_R_ENC) != 0 ? room / AES_BLOCK * AES_BLOCK - 1
                                                               : room;
}
