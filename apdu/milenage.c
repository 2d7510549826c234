#include "apdu/milenage.h"

#include <openssl/crypto.h>
#include <string.h>

#define BLOCK 16

/*
 * OUTn = E(rot(X, rn) xor cn) xor OPc, where X is TEMP xor OPc; OUT1 differs in taking
 * rot(IN1 xor OPc, r1) and adding TEMP. Rotations in bytes, cn by its last byte
 * (TS 35.206 4.1).
 */
static const struct {
    uint8_t rotate;
    uint8_t constant;
} rounds[5] = {{8, 0}, {0, 1}, {4, 2}, {8, 4}, {12, 8}};

/* OUT1 to OUT5; only first to last (from 0) are computed. */
struct outputs {
    uint8_t out[ARRAY_LEN(rounds)][BLOCK];
};

static void xor_block(uint8_t *to, const uint8_t *with)
{
    for (size_t i = 0; i < BLOCK; i++)
        to[i] ^= with[i];
}

/* to = from, rotated left by n bytes. */
static void rotate(uint8_t to[BLOCK], const uint8_t from[BLOCK], size_t n)
{
    memcpy(to, from + n, BLOCK - n);
    memcpy(to + BLOCK - n, from, n);
}

/* What E is applied to for OUT1 (sqn_amf) and for the others. */
static void fill_inputs(struct outputs *o, size_t first, size_t last, const uint8_t temp[BLOCK],
                        const uint8_t opc[BLOCK], const uint8_t *sqn_amf)
{
    uint8_t x[BLOCK];

    if (first == 0) {
        memcpy(x, sqn_amf, BLOCK / 2);
        memcpy(x + BLOCK / 2, sqn_amf, BLOCK / 2);
        xor_block(x, opc);
        rotate(o->out[0], x, rounds[0].rotate);
        xor_block(o->out[0], temp);
        first = 1;
    }
    memcpy(x, temp, BLOCK);
    xor_block(x, opc);
    for (size_t n = first; n <= last; n++) {
        rotate(o->out[n], x, rounds[n].rotate);
        o->out[n][BLOCK - 1] ^= rounds[n].constant;
    }
    OPENSSL_cleanse(x, sizeof x);
}

static enum err compute(struct crypto *c, const struct aka_key *key,
                        const uint8_t rand[AKA_RAND_LEN], const uint8_t *sqn_amf, size_t first,
                        size_t last, struct outputs *o)
{
    const uint8_t *opc = key->opc.bytes;
    uint8_t temp[BLOCK];
    enum err e;

    memcpy(temp, rand, BLOCK);
    xor_block(temp, opc);
    e = crypto_aes_block(c, &key->k, temp, temp);
    if (e == ERR_OK) {
        fill_inputs(o, first, last, temp, opc, sqn_amf);
        e = crypto_aes_more(c, o->out[first], o->out[first], last - first + 1);
    }
    for (size_t n = first; n <= last && e == ERR_OK; n++)
        xor_block(o->out[n], opc);
    OPENSSL_cleanse(temp, sizeof temp);
    return e;
}

static void take_f2345(const struct outputs *o, const struct aka_key *key, struct aka_result *out)
{
    memset(out, 0, sizeof *out);
    memcpy(out->res, o->out[1] + 8, key->res_len);
    memcpy(out->ak, o->out[1], sizeof out->ak);
    memcpy(out->ck, o->out[2], BLOCK);
    memcpy(out->ik, o->out[3], BLOCK);
    memcpy(out->ak_star, o->out[4], sizeof out->ak_star);
}

enum err milenage_opc(struct crypto *c, const struct aka_key *key, const struct secret *op,
                      struct secret *opc)
{
    SECRET_WIPED struct secret made = {.len = BLOCK};
    enum err e = crypto_aes_block(c, &key->k, op->bytes, made.bytes);

    if (e != ERR_OK)
        return e;
    xor_block(made.bytes, op->bytes);
    *opc = made;
    return ERR_OK;
}

enum err milenage_f2345(struct crypto *c, const struct aka_key *key,
                        const uint8_t rand[AKA_RAND_LEN], struct aka_result *out)
{
    struct outputs o;
    enum err e = compute(c, key, rand, NULL, 1, 4, &o);

    if (e == ERR_OK)
        take_f2345(&o, key, out);
    OPENSSL_cleanse(&o, sizeof o);
    return e;
}

enum err milenage_f1(struct crypto *c, const struct aka_key *key, const uint8_t rand[AKA_RAND_LEN],
                     const uint8_t sqn_amf[8], uint8_t *mac_a, uint8_t *mac_s)
{
    struct outputs o;
    enum err e = compute(c, key, rand, sqn_amf, 0, 0, &o);

    if (e == ERR_OK && mac_a != NULL)
        memcpy(mac_a, o.out[0], 8);
    if (e == ERR_OK && mac_s != NULL)
        memcpy(mac_s, o.out[0] + 8, 8);
    OPENSSL_cleanse(&o, sizeof o);
    return e;
}

enum err milenage_vector(struct crypto *c, const struct aka_key *key,
                         const uint8_t rand[AKA_RAND_LEN], const uint8_t sqn_amf[8],
                         uint8_t mac_a[8], struct aka_result *out)
{
    struct outputs o;
    enum err e = compute(c, key, rand, sqn_amf, 0, 4, &o);

    if (e == ERR_OK) {
        memcpy(mac_a, o.out[0], 8);
        take_f2345(&o, key, out);
    }
    OPENSSL_cleanse(&o, sizeof o);
    return e;
}
