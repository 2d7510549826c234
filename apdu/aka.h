/*
 * aka.h - the authentication functions f1 to f5* that card and authentication
 * centre both compute (TS 33.102 6.3), over Milenage, TUAK or the XOR test
 * algorithm, and the conversions of TS 33.102 6.8.1.2.
 */
#ifndef RESEAT_APDU_AKA_H
#define RESEAT_APDU_AKA_H

#include "apdu/crypto.h"

#define AKA_RAND_LEN 16
#define AKA_AUTN_LEN 16
#define AKA_AUTS_LEN 14
#define AKA_SQN_MAX  0xFFFFFFFFFFFFULL /* 48 bits */

enum aka_algorithm {
    AKA_MILENAGE = 1, /* TS 35.206 */
    AKA_TUAK = 2,     /* TS 35.231 */
    AKA_XOR = 3,      /* TS 34.108 8.1.2, for tests */
};

struct aka_key {
    enum aka_algorithm algorithm;
    struct secret k;           /* 16 bytes; TUAK also 32 */
    struct secret opc;         /* Milenage: OPc, 16 bytes. TUAK: TOPc, 32. XOR: unused */
    uint8_t res_len;           /* Milenage 4-8 (standard 8); TUAK 4, 8, 16, 32; XOR 4-16 */
    uint8_t mac_len;           /* 8; TUAK also 16 and 32 */
    uint8_t ck_len, ik_len;    /* 16; TUAK also 32 */
    uint8_t keccak_iterations; /* TUAK, default 1 */
};

/* Sizes the standard uses when nothing else is configured: res 8, mac 8, ck/ik 16, 1 iteration. */
void aka_key_defaults(struct aka_key *key, enum aka_algorithm algorithm);

/* What f2 to f5* give for one RAND. A session secret: wipe with OPENSSL_cleanse. */
struct aka_result {
    uint8_t res[32], ck[32], ik[32];
    uint8_t ak[6];      /* f5 */
    uint8_t ak_star[6]; /* f5* */
};

/* errors: ERR_KEY for lengths the algorithm does not have, ERR_CRYPTO. */
NODISCARD enum err aka_f2345(struct crypto *c, const struct aka_key *key,
                             const uint8_t rand[AKA_RAND_LEN], struct aka_result *out);

/* MAC-A and MAC-S (mac_len bytes each; either pointer may be NULL). sqn: 48 bits used. */
NODISCARD enum err aka_f1(struct crypto *c, const struct aka_key *key,
                          const uint8_t rand[AKA_RAND_LEN], uint64_t sqn, const uint8_t amf[2],
                          uint8_t *mac_a, uint8_t *mac_s);

/* OPc from OP (TS 35.206 4.1), TOPc from TOP (TS 35.231). */
NODISCARD enum err aka_derive_opc(struct crypto *c, const struct aka_key *key,
                                  const struct secret *op, struct secret *opc);

/* AUTN as the authentication centre makes it: (SQN xor AK) AMF MAC-A. mac_len must be 8. */
NODISCARD enum err aka_autn(struct crypto *c, const struct aka_key *key,
                            const uint8_t rand[AKA_RAND_LEN], uint64_t sqn, const uint8_t amf[2],
                            struct aka_result *out, uint8_t autn[AKA_AUTN_LEN]);

/* AUTS as the card makes it, with AMF* = 0000: (SQN_MS xor AK*) MAC-S. */
NODISCARD enum err aka_auts(struct crypto *c, const struct aka_key *key,
                            const uint8_t rand[AKA_RAND_LEN], uint64_t sqn_ms,
                            uint8_t auts[AKA_AUTS_LEN]);

/* The authentication centre's side: verify AUTS and take SQN_MS out of it. ERR_MAC. */
NODISCARD enum err aka_open_auts(struct crypto *c, const struct aka_key *key,
                                 const uint8_t rand[AKA_RAND_LEN], const uint8_t auts[AKA_AUTS_LEN],
                                 uint64_t *sqn_ms);

/* c2: SRES from RES (TS 55.205 algorithm 1); c3: Kc from CK and IK. */
void aka_sres(const uint8_t *res, size_t res_len, uint8_t sres[4]);
void aka_kc(const uint8_t ck[16], const uint8_t ik[16], uint8_t kc[8]);

#endif
