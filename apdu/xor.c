#include "apdu/xor.h"

#include <openssl/crypto.h>
#include <string.h>

#define BLOCK 16

/* XDOUT, TS 34.108 8.1.2.1 */
static void xdout(const struct aka_key *key, const uint8_t rand[AKA_RAND_LEN], uint8_t out[BLOCK])
{
    for (size_t i = 0; i < BLOCK; i++)
        out[i] = key->k.bytes[i] ^ rand[i];
}

void xor_f2345(const struct aka_key *key, const uint8_t rand[AKA_RAND_LEN], struct aka_result *out)
{
    uint8_t x[BLOCK];

    xdout(key, rand, x);
    memset(out, 0, sizeof *out);
    memcpy(out->res, x, key->res_len);
    for (size_t i = 0; i < BLOCK; i++) {
        out->ck[i] = x[(i + 1) % BLOCK];
        out->ik[i] = x[(i + 2) % BLOCK];
    }
    memcpy(out->ak, x + 3, sizeof out->ak);
    memcpy(out->ak_star, out->ak, sizeof out->ak_star);
    OPENSSL_cleanse(x, sizeof x);
}

void xor_f1(const struct aka_key *key, const uint8_t rand[AKA_RAND_LEN], const uint8_t sqn_amf[8],
            uint8_t *mac_a, uint8_t *mac_s)
{
    uint8_t x[BLOCK];

    xdout(key, rand, x);
    for (size_t i = 0; i < 8; i++)
        x[i] ^= sqn_amf[i];
    if (mac_a != NULL)
        memcpy(mac_a, x, 8);
    if (mac_s != NULL)
        memcpy(mac_s, x, 8);
    OPENSSL_cleanse(x, sizeof x);
}
