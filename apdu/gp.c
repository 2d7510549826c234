#include "apdu/gp.h"

#include <openssl/crypto.h>
#include <string.h>

/*
 * PUT KEY data field (GlobalPlatform 11.8.2.3; AES: Amendment D 7.2):
 *
 *   new key version(1), then per key
 *   type(1) length(1) [clear length(1)] enciphered key  03 KCV(3)
 *
 * Under a 3DES DEK a key is enciphered with 3DES-ECB. Under an AES DEK it is filled up with
 * zeros to whole blocks and enciphered with AES-CBC, IV zero; the clear length tells where it
 * ends and is left out by some, who then cannot have 24-byte keys.
 *
 * A public key of an elliptic curve (amendment E 4.4.2.2) is
 *   B0 length point { B2..B7 length curve parameter | F0 01 curve }* 00
 * and the length of its point tells the curve.
 */
#define CLA_GP         0x80
#define P2_FIRST_KEY   0x01
#define P2_MORE_KEYS   0x80
#define VERSION_MAX    0x7F
#define TYPE_DES_CBC   0x82 /* an older name of DES */
#define CURVE_FIRST    0xB2
#define CURVE_LAST     0xB7
#define CURVE_NAME     0xF0
#define POINT_LEN_MIN  65
#define POINT_LEN_MAX  133
#define DES_BLOCK      8
#define AES_BLOCK      16
#define ENCIPHERED_MAX SECRET_LEN_MAX
#define DATA_LEN_MAX   (1 + GP_KEYS_MAX * (3 + ENCIPHERED_MAX + 1 + GP_KCV_LEN))

_Static_assert(DATA_LEN_MAX <= 255, "the largest PUT KEY fits one short APDU");

static bool has_good_length(const struct gp_key *key)
{
    if (key->type == GP_KEY_DES)
        return key->key.len == 16 || key->key.len == 24;
    if (key->type == GP_KEY_PSK)
        return key->key.len >= 16 && key->key.len <= SECRET_LEN_MAX;
    return key->key.len == 16 || key->key.len == 24 || key->key.len == 32;
}

/* Those that a block cipher takes. */
static bool is_cipher_key(enum gp_key_type type)
{
    return type == GP_KEY_DES || type == GP_KEY_AES;
}

enum err gp_kcv(struct crypto *c, const struct gp_key *key, uint8_t kcv[GP_KCV_LEN])
{
    uint8_t block[AES_BLOCK];
    bool des = key->type == GP_KEY_DES;
    enum err e;

    if (!is_cipher_key(key->type) || !has_good_length(key))
        return ERR_KEY;
    memset(block, des ? 0x00 : 0x01, sizeof block);
    e = des ? crypto_encrypt(c, CRYPTO_3DES_CBC, &key->key, block, block, DES_BLOCK)
            : crypto_aes_block(c, &key->key, block, block);
    if (e == ERR_OK)
        memcpy(kcv, block, GP_KCV_LEN);
    OPENSSL_cleanse(block, sizeof block);
    return e;
}

typedef enum err cipher_fn(struct crypto *c, enum crypto_cipher cipher, const struct secret *key,
                           const uint8_t *in, uint8_t *out, size_t n);

/* n bytes in place under the DEK: ECB block by block for 3DES, CBC for AES. */
static enum err run_dek(struct crypto *c, cipher_fn *run, const struct gp_key *dek, uint8_t *bytes,
                        size_t n)
{
    enum err e = ERR_OK;

    if (dek->type == GP_KEY_AES)
        return run(c, CRYPTO_AES_CBC, &dek->key, bytes, bytes, n);
    for (size_t at = 0; at + DES_BLOCK <= n && e == ERR_OK; at += DES_BLOCK)
        e = run(c, CRYPTO_3DES_CBC, &dek->key, bytes + at, bytes + at, DES_BLOCK);
    return e;
}

static enum err check_dek(const struct gp_key *dek)
{
    return is_cipher_key(dek->type) && has_good_length(dek) ? ERR_OK : ERR_KEY;
}

/* Length of an AES key filled up for CBC. */
static size_t whole_blocks(size_t n)
{
    return (n + AES_BLOCK - 1) / AES_BLOCK * AES_BLOCK;
}

/* No key under a weaker one. */
static bool may_travel(enum gp_key_type type, const struct gp_key *dek)
{
    return type == GP_KEY_DES ||
           ((type == GP_KEY_AES || type == GP_KEY_PSK) && dek->type == GP_KEY_AES);
}

static enum err write_check_value(struct crypto *c, const struct gp_key *key, struct wr *w)
{
    uint8_t kcv[GP_KCV_LEN];
    enum err e = gp_kcv(c, key, kcv);

    wr_u8(w, sizeof kcv);
    wr_bytes(w, kcv, sizeof kcv);
    return e;
}

static enum err write_key(struct crypto *c, const struct gp_key *key, const struct gp_key *dek,
                          struct wr *w)
{
    uint8_t block[ENCIPHERED_MAX] = {0};
    bool aes = dek->type == GP_KEY_AES;
    size_t n = key->key.len;
    enum err e;

    if (!is_cipher_key(key->type) || !may_travel(key->type, dek) || !has_good_length(key))
        return ERR_KEY;
    memcpy(block, key->key.bytes, n);
    if (aes)
        n = whole_blocks(n);
    e = run_dek(c, crypto_encrypt, dek, block, n);
    if (e == ERR_OK) {
        wr_u8(w, (uint8_t)key->type);
        wr_u8(w, (uint8_t)(n + (aes ? 1 : 0)));
        if (aes)
            wr_u8(w, key->key.len);
        wr_bytes(w, block, n);
        e = write_check_value(c, key, w);
    }
    OPENSSL_cleanse(block, sizeof block);
    return e;
}

enum err gp_write_put_key(struct crypto *c, uint8_t old_version, uint8_t new_version,
                          const struct gp_key *keys, size_t count, const struct gp_key *dek,
                          struct wr *apdu)
{
    uint8_t data[DATA_LEN_MAX];
    struct wr w = WR_ARRAY(data);
    enum err e = check_dek(dek);

    if (e != ERR_OK)
        return e;
    if (count == 0 || count > GP_KEYS_MAX || old_version > VERSION_MAX || new_version == 0 ||
        new_version > VERSION_MAX)
        return ERR_RANGE;
    wr_u8(&w, new_version);
    for (size_t i = 0; i < count && e == ERR_OK; i++)
        e = write_key(c, &keys[i], dek, &w);
    if (e != ERR_OK)
        return e;
    wr_u8(apdu, CLA_GP);
    wr_u8(apdu, GP_INS_PUT_KEY);
    wr_u8(apdu, old_version);
    wr_u8(apdu, (uint8_t)(P2_FIRST_KEY | (count > 1 ? P2_MORE_KEYS : 0)));
    wr_u8(apdu, (uint8_t)w.len);
    wr_rd(apdu, RD_WR(&w));
    return wr_result(apdu);
}

/* The enciphered key of one block, and how long it is in clear. */
static enum err read_block(struct rd *r, const struct gp_key *dek, struct rd *enciphered,
                           uint8_t *clear_len)
{
    size_t block = dek->type == GP_KEY_AES ? AES_BLOCK : DES_BLOCK;
    uint8_t len = 0;
    enum err e = rd_u8(r, &len);

    if (e == ERR_OK)
        e = rd_take(r, len, enciphered);
    if (e != ERR_OK)
        return e;
    *clear_len = len;
    if (len % block == 1)
        e = rd_u8(enciphered, clear_len);
    if (e != ERR_OK)
        return e;
    if (enciphered->left > ENCIPHERED_MAX || enciphered->left < 16)
        return ERR_RANGE;
    return (*clear_len + block - 1) / block * block == enciphered->left ? ERR_OK : ERR_RANGE;
}

/* KCV length and value; without a KCV nobody would notice a DEK that is not the same. A PSK has
 * none. */
static enum err check_kcv(struct crypto *c, struct rd *r, const struct gp_key *key, bool *checked)
{
    uint8_t want[GP_KCV_LEN], got[GP_KCV_LEN], len = 0;
    enum err e = rd_u8(r, &len);

    *checked = e == ERR_OK && is_cipher_key(key->type);
    if (e == ERR_OK && len != (*checked ? GP_KCV_LEN : 0))
        return ERR_FORMAT;
    if (e != ERR_OK || !*checked)
        return e;
    e = rd_copy(r, got, sizeof got);
    if (e == ERR_OK)
        e = gp_kcv(c, key, want);
    if (e == ERR_OK && !crypto_equal(want, got, sizeof want))
        e = ERR_MAC;
    return e;
}

static enum err read_secret_key(struct crypto *c, struct rd *r, const struct gp_key *dek,
                                struct gp_key *out)
{
    struct rd enciphered;
    uint8_t clear_len = 0;
    enum err e = read_block(r, dek, &enciphered, &clear_len);

    if (e != ERR_OK)
        return e;
    memcpy(out->key.bytes, enciphered.at, enciphered.left);
    out->key.len = clear_len;
    if (!has_good_length(out))
        return ERR_RANGE;
    e = run_dek(c, crypto_decrypt, dek, out->key.bytes, enciphered.left);
    OPENSSL_cleanse(out->key.bytes + clear_len, sizeof out->key.bytes - clear_len);
    return e;
}

/* The point, and past what is said of its curve and the empty check value. */
static enum err read_point(struct rd *r, struct rd *point)
{
    struct rd parameter;
    uint8_t tag = 0, len = 0;
    enum err e = rd_u8(r, &len);

    if (e == ERR_OK)
        e = rd_take(r, len, point);
    if (e == ERR_OK && (point->left < POINT_LEN_MIN || point->left > POINT_LEN_MAX))
        return ERR_RANGE;
    while (e == ERR_OK) {
        e = rd_u8(r, &tag);
        if (e != ERR_OK || tag == 0)
            return e;
        if (tag != CURVE_NAME && (tag < CURVE_FIRST || tag > CURVE_LAST))
            return ERR_FORMAT;
        e = rd_u8(r, &len);
        if (e == ERR_OK)
            e = rd_take(r, len, &parameter);
    }
    return e;
}

static enum err read_key(struct crypto *c, struct rd *r, const struct gp_key *dek,
                         struct gp_put_key *p)
{
    struct gp_key *key = &p->keys[p->count];
    uint8_t type = 0;
    enum err e = rd_u8(r, &type);

    if (e != ERR_OK)
        return e;
    if (type == TYPE_DES_CBC)
        type = GP_KEY_DES;
    key->type = (enum gp_key_type)type;
    if (type == GP_KEY_ECC) {
        e = read_point(r, &p->points[p->count]);
    } else if (may_travel(key->type, dek)) {
        e = read_secret_key(c, r, dek, key);
        if (e == ERR_OK)
            e = check_kcv(c, r, key, &p->checked[p->count]);
    } else {
        return ERR_KEY;
    }
    p->count++;
    return e;
}

static enum err read_keys(struct crypto *c, struct rd r, const struct gp_key *dek,
                          struct gp_put_key *p)
{
    enum err e = rd_u8(&r, &p->new_version);

    if (e != ERR_OK)
        return e;
    if (p->new_version == 0 || p->new_version > VERSION_MAX)
        return ERR_RANGE;
    do {
        if (p->count == GP_KEYS_MAX)
            return ERR_RANGE;
        e = read_key(c, &r, dek, p);
    } while (e == ERR_OK && r.left > 0);
    return e;
}

enum err gp_read_put_key(struct crypto *c, struct rd data, const struct gp_key *dek,
                         struct gp_put_key *out)
{
    struct gp_put_key p = {.count = 0};
    enum err e = check_dek(dek);

    if (e == ERR_OK)
        e = read_keys(c, data, dek, &p);
    if (e == ERR_OK)
        *out = p;
    gp_put_key_wipe(&p);
    return e;
}

void gp_put_key_wipe(struct gp_put_key *p)
{
    OPENSSL_cleanse(p, sizeof *p);
}
