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

/* OUT1 to OUT5; those from first to last, counted from 0, are wanted. */
struct outputs {
    size_t first, last;
    uint8_t out[ARRAY_LEN(rounds)][BLOCK];
};

static void xor_block(uint8_t *to, const uint8_t *with)
{
    uint64_t a[2], b[2];

    memcpy(a, to, BLOCK);
    memcpy(b, with, BLOCK);
    a[0] ^= b[0];
    a[1] ^= b[1];
    memcpy(to, a, BLOCK);
}

/* A block and itself again: where a rotation begins, the rotated block stands whole. */
struct doubled {
    uint8_t bytes[2 * BLOCK];
};

/* What E is applied to for OUT1, which alone depends on SQN and AMF. */
static void fill_first(struct outputs *o, const uint8_t temp[BLOCK], const uint8_t opc[BLOCK],
                       const uint8_t sqn_amf[8])
{
    struct doubled in1;

    for (size_t at = 0; at < sizeof in1.bytes; at += 8)
        memcpy(in1.bytes + at, sqn_amf, 8);
    xor_block(in1.bytes, opc);
    xor_block(in1.bytes + BLOCK, opc);
    memcpy(o->out[0], in1.bytes + rounds[0].rotate, BLOCK);
    xor_block(o->out[0], temp);
    o->out[0][BLOCK - 1] ^= rounds[0].constant;
    OPENSSL_cleanse(&in1, sizeof in1);
}

static void fill_others(struct outputs *o, const uint8_t temp[BLOCK], const uint8_t opc[BLOCK])
{
    struct doubled x;

    memcpy(x.bytes, temp, BLOCK);
    xor_block(x.bytes, opc);
    memcpy(x.bytes + BLOCK, x.bytes, BLOCK);
    for (size_t n = 1; n < ARRAY_LEN(rounds); n++) {
        memcpy(o->out[n], x.bytes + rounds[n].rotate, BLOCK);
        o->out[n][BLOCK - 1] ^= rounds[n].constant;
    }
    OPENSSL_cleanse(&x, sizeof x);
}

/* sqn_amf is looked at only when OUT1 is wanted. */
static enum err compute(struct crypto *c, const struct aka_key *key,
                        const uint8_t rand[AKA_RAND_LEN], const uint8_t *sqn_amf, struct outputs *o)
{
    const uint8_t *opc = key->opc.bytes;
    uint8_t *wanted = o->out[o->first];
    uint8_t temp[BLOCK];
    enum err e;

    memcpy(temp, rand, BLOCK);
    xor_block(temp, opc);
    e = crypto_aes_block(c, &key->k, temp, temp);
    if (e == ERR_OK) {
        if (o->first == 0)
            fill_first(o, temp, opc, sqn_amf);
        if (o->last > 0)
            fill_others(o, temp, opc);
        e = crypto_aes_more(c, wanted, wanted, o->last - o->first + 1);
    }
    for (size_t n = o->first; n <= o->last && e == ERR_OK; n++)
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
    struct outputs o = {.first = 1, .last = 4};
    enum err e = compute(c, key, rand, NULL, &o);

    if (e == ERR_OK)
        take_f2345(&o, key, out);
    OPENSSL_cleanse(&o, sizeof o);
    return e;
}

enum err milenage_f1(struct crypto *c, const struct aka_key *key, const uint8_t rand[AKA_RAND_LEN],
                     const uint8_t sqn_amf[8], uint8_t *mac_a, uint8_t *mac_s)
{
    struct outputs o = {.first = 0, .last = 0};
    enum err e = compute(c, key, rand, sqn_amf, &o);

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
    struct outputs o = {.first = 0, .last = 4};
    enum err e = compute(c, key, rand, sqn_amf, &o);

    if (e == ERR_OK) {
        memcpy(mac_a, o.out[0], 8);
        take_f2345(&o, key, out);
    }
    OPENSSL_cleanse(&o, sizeof o);
    return e;
}
