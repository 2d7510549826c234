#include "apdu/aka.h"
#include "apdu/milenage.h"
#include "apdu/tuak.h"
#include "apdu/xor.h"

#include <openssl/crypto.h>
#include <string.h>

#define AUTN_MAC_LEN 8 /* MAC-A in AUTN and MAC-S in AUTS (TS 33.102 6.3.7) */
#define SQN_LEN      6
#define AMF_LEN      2

static const uint8_t amf_star[AMF_LEN]; /* TS 33.102 6.3.3: 0000 in resynchronisation */

/* Lengths an algorithm has, in bytes: bit n of a mask stands for n bytes. */
#define LEN(n)         (1ULL << (n))
#define LENS(from, to) ((LEN((to) + 1) - 1) & ~(LEN(from) - 1))

static const struct lengths {
    uint64_t k, opc, res, mac, ck_ik;
    uint8_t iterations_min;
} lengths[] = {
    [AKA_MILENAGE] = {LEN(16), LEN(16), LENS(4, 8), LEN(8), LEN(16), 0},
    [AKA_TUAK] = {LEN(16) | LEN(32), LEN(32), LEN(4) | LEN(8) | LEN(16) | LEN(32),
                  LEN(8) | LEN(16) | LEN(32), LEN(16) | LEN(32), 1},
    [AKA_XOR] = {LEN(16), LENS(0, 32), LENS(4, 16), LEN(8), LEN(16), 0},
};

static bool has_len(uint64_t mask, unsigned len)
{
    return len <= SECRET_LEN_MAX && (mask >> len & 1) != 0;
}

/* The row of the algorithm; NULL when it does not exist. */
static const struct lengths *lengths_of(const struct aka_key *key)
{
    if (key->algorithm < AKA_MILENAGE || key->algorithm > AKA_XOR)
        return NULL;
    return &lengths[key->algorithm];
}

static enum err check(const struct aka_key *key)
{
    const struct lengths *l = lengths_of(key);

    if (l == NULL || !has_len(l->k, key->k.len) || !has_len(l->opc, key->opc.len) ||
        !has_len(l->res, key->res_len) || !has_len(l->mac, key->mac_len) ||
        !has_len(l->ck_ik, key->ck_len) || !has_len(l->ck_ik, key->ik_len) ||
        key->keccak_iterations < l->iterations_min)
        return ERR_KEY;
    return ERR_OK;
}

/* SQN and AMF as they enter f1: 48 and 16 bits in one. */
static void join(uint64_t sqn, const uint8_t amf[AMF_LEN], uint8_t sqn_amf[SQN_LEN + AMF_LEN])
{
    struct wr w = WR(sqn_amf, SQN_LEN + AMF_LEN);

    wr_u48(&w, sqn & AKA_SQN_MAX);
    wr_bytes(&w, amf, AMF_LEN);
}

static void mask_sqn(uint8_t sqn[SQN_LEN], const uint8_t ak[SQN_LEN])
{
    for (size_t i = 0; i < SQN_LEN; i++)
        sqn[i] ^= ak[i];
}

void aka_key_defaults(struct aka_key *key, enum aka_algorithm algorithm)
{
    *key = (struct aka_key){.algorithm = algorithm,
                            .res_len = 8,
                            .mac_len = 8,
                            .ck_len = 16,
                            .ik_len = 16,
                            .keccak_iterations = 1};
}

enum err aka_f2345(struct crypto *c, const struct aka_key *key, const uint8_t rand[AKA_RAND_LEN],
                   struct aka_result *out)
{
    enum err e = check(key);

    if (e != ERR_OK)
        return e;
    if (key->algorithm == AKA_MILENAGE)
        return milenage_f2345(c, key, rand, out);
    if (key->algorithm == AKA_TUAK)
        return tuak_f2345(c, key, rand, out);
    xor_f2345(key, rand, out);
    return ERR_OK;
}

static enum err f1(struct crypto *c, const struct aka_key *key, const uint8_t rand[AKA_RAND_LEN],
                   const uint8_t sqn_amf[8], uint8_t *mac_a, uint8_t *mac_s)
{
    if (key->algorithm == AKA_MILENAGE)
        return milenage_f1(c, key, rand, sqn_amf, mac_a, mac_s);
    if (key->algorithm == AKA_TUAK)
        return tuak_f1(c, key, rand, sqn_amf, mac_a, mac_s);
    xor_f1(key, rand, sqn_amf, mac_a, mac_s);
    return ERR_OK;
}

enum err aka_f1(struct crypto *c, const struct aka_key *key, const uint8_t rand[AKA_RAND_LEN],
                uint64_t sqn, const uint8_t amf[2], uint8_t *mac_a, uint8_t *mac_s)
{
    uint8_t sqn_amf[SQN_LEN + AMF_LEN];
    enum err e = check(key);

    if (e != ERR_OK)
        return e;
    join(sqn, amf, sqn_amf);
    return f1(c, key, rand, sqn_amf, mac_a, mac_s);
}

enum err aka_derive_opc(struct crypto *c, const struct aka_key *key, const struct secret *op,
                        struct secret *opc)
{
    const struct lengths *l = lengths_of(key);

    if (l == NULL || key->algorithm == AKA_XOR || !has_len(l->k, key->k.len) ||
        !has_len(l->opc, op->len) || key->keccak_iterations < l->iterations_min)
        return ERR_KEY;
    if (key->algorithm == AKA_MILENAGE)
        return milenage_opc(c, key, op, opc);
    return tuak_topc(c, key, op, opc);
}

static enum err vector(struct crypto *c, const struct aka_key *key,
                       const uint8_t rand[AKA_RAND_LEN], const uint8_t sqn_amf[8], uint8_t mac_a[8],
                       struct aka_result *out)
{
    enum err e;

    if (key->algorithm == AKA_MILENAGE)
        return milenage_vector(c, key, rand, sqn_amf, mac_a, out);
    e = f1(c, key, rand, sqn_amf, mac_a, NULL);
    return e == ERR_OK ? aka_f2345(c, key, rand, out) : e;
}

enum err aka_autn(struct crypto *c, const struct aka_key *key, const uint8_t rand[AKA_RAND_LEN],
                  uint64_t sqn, const uint8_t amf[2], struct aka_result *out,
                  uint8_t autn[AKA_AUTN_LEN])
{
    uint8_t made[AKA_AUTN_LEN];
    enum err e = check(key);

    if (e != ERR_OK || key->mac_len != AUTN_MAC_LEN)
        return ERR_KEY;
    join(sqn, amf, made);
    e = vector(c, key, rand, made, made + SQN_LEN + AMF_LEN, out);
    if (e != ERR_OK)
        return e;
    mask_sqn(made, out->ak);
    memcpy(autn, made, sizeof made);
    return ERR_OK;
}

/* AK* of a key that can resynchronise. */
static enum err f5_star(struct crypto *c, const struct aka_key *key,
                        const uint8_t rand[AKA_RAND_LEN], uint8_t ak_star[SQN_LEN])
{
    struct aka_result r;
    enum err e = key->mac_len == AUTN_MAC_LEN ? aka_f2345(c, key, rand, &r) : ERR_KEY;

    if (e != ERR_OK)
        return e;
    memcpy(ak_star, r.ak_star, SQN_LEN);
    OPENSSL_cleanse(&r, sizeof r);
    return ERR_OK;
}

enum err aka_auts(struct crypto *c, const struct aka_key *key, const uint8_t rand[AKA_RAND_LEN],
                  uint64_t sqn_ms, uint8_t auts[AKA_AUTS_LEN])
{
    uint8_t ak_star[SQN_LEN], mac_s[AUTN_MAC_LEN];
    struct wr w = WR(auts, AKA_AUTS_LEN);
    enum err e = f5_star(c, key, rand, ak_star);

    if (e == ERR_OK)
        e = aka_f1(c, key, rand, sqn_ms, amf_star, NULL, mac_s);
    if (e != ERR_OK)
        return e;
    wr_u48(&w, sqn_ms & AKA_SQN_MAX);
    mask_sqn(auts, ak_star);
    wr_bytes(&w, mac_s, sizeof mac_s);
    return wr_result(&w);
}

enum err aka_open_auts(struct crypto *c, const struct aka_key *key,
                       const uint8_t rand[AKA_RAND_LEN], const uint8_t auts[AKA_AUTS_LEN],
                       uint64_t *sqn_ms)
{
    uint8_t ak_star[SQN_LEN], sqn[SQN_LEN], mac_s[AUTN_MAC_LEN];
    struct rd r = RD_ARRAY(sqn);
    uint64_t value = 0;
    enum err e = f5_star(c, key, rand, ak_star);

    if (e != ERR_OK)
        return e;
    memcpy(sqn, auts, SQN_LEN);
    mask_sqn(sqn, ak_star);
    e = rd_u48(&r, &value);
    if (e == ERR_OK)
        e = aka_f1(c, key, rand, value, amf_star, NULL, mac_s);
    if (e == ERR_OK && !crypto_equal(mac_s, auts + SQN_LEN, AUTN_MAC_LEN))
        e = ERR_MAC;
    OPENSSL_cleanse(mac_s, sizeof mac_s);
    if (e == ERR_OK)
        *sqn_ms = value;
    return e;
}

void aka_sres(const uint8_t *res, size_t res_len, uint8_t sres[4])
{
    uint8_t sum[4] = {0};

    for (size_t i = 0; i < res_len && i < 16; i++)
        sum[i % 4] ^= res[i];
    memcpy(sres, sum, sizeof sum);
}

void aka_kc(const uint8_t ck[16], const uint8_t ik[16], uint8_t kc[8])
{
    for (size_t i = 0; i < 8; i++)
        kc[i] = ck[i] ^ ck[i + 8] ^ ik[i] ^ ik[i + 8];
}
