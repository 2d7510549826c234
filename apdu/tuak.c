#include "apdu/tuak.h"

#include <openssl/crypto.h>
#include <string.h>

/*
 * One call of TUAK is Keccak-f[1600], n times, over a 200-byte state whose first 96
 * bytes are the message and whose rest is just the padding of SHAKE256. So its output
 * is the n-th 136-byte block of SHAKE256(message). All fields stand in the state with
 * their last byte first (TS 35.231 6):
 *
 *   0 TOPc(32)  32 INSTANCE(1)  33 "TUAK1.0"(7)  40 RAND(16)  56 AMF(2)  58 SQN(6)
 *   64 K(32; 16 and zeros)
 */
#define MESSAGE_LEN 96
#define BLOCK       136
#define K_LEN       32
#define TOPC_LEN    32

#define INSTANCE_F1     0x00
#define INSTANCE_F2345  0x40
#define INSTANCE_STAR   0x80 /* on top of f1 */
#define INSTANCE_F5STAR 0xC0
#define INSTANCE_CK_256 0x04
#define INSTANCE_IK_256 0x02
#define INSTANCE_K_256  0x01

/* Where the outputs of f2 to f5 and f5* begin. */
#define AT_RES 0
#define AT_CK  32
#define AT_IK  64
#define AT_AK  96

static const uint8_t algorithm_name[7] = {'T', 'U', 'A', 'K', '1', '.', '0'};
static const uint8_t no_sqn_amf[8];

static void reversed(uint8_t *to, const uint8_t *from, size_t n)
{
    for (size_t i = 0; i < n; i++)
        to[i] = from[n - 1 - i];
}

/* INSTANCE bits for an output length: 32, 64, 128, 256 bits are 00, 08, 10, 20. */
static unsigned length_bits(size_t len)
{
    return len == 4 ? 0 : (unsigned)len;
}

static void build(uint8_t message[MESSAGE_LEN], const struct aka_key *key, const uint8_t *topc,
                  unsigned instance, const uint8_t *rand, const uint8_t sqn_amf[8])
{
    memset(message, 0, MESSAGE_LEN);
    reversed(message, topc, TOPC_LEN);
    message[32] = (uint8_t)(instance | (key->k.len == K_LEN ? INSTANCE_K_256 : 0));
    reversed(message + 33, algorithm_name, sizeof algorithm_name);
    if (rand != NULL)
        reversed(message + 40, rand, AKA_RAND_LEN);
    reversed(message + 56, sqn_amf + 6, 2);
    reversed(message + 58, sqn_amf, 6);
    reversed(message + 64, key->k.bytes, key->k.len);
}

/* The last of keccak_iterations blocks. */
static enum err permute(struct crypto *c, const struct aka_key *key,
                        const uint8_t message[MESSAGE_LEN], uint8_t out[BLOCK])
{
    uint8_t squeezed[UINT8_MAX * BLOCK];
    size_t len = (size_t)key->keccak_iterations * BLOCK;
    enum err e = crypto_shake256(c, RD(message, MESSAGE_LEN), squeezed, len);

    if (e == ERR_OK)
        memcpy(out, squeezed + len - BLOCK, BLOCK);
    OPENSSL_cleanse(squeezed, len);
    return e;
}

static enum err run(struct crypto *c, const struct aka_key *key, unsigned instance,
                    const uint8_t *rand, const uint8_t sqn_amf[8], uint8_t out[BLOCK])
{
    uint8_t message[MESSAGE_LEN];
    enum err e;

    build(message, key, key->opc.bytes, instance, rand, sqn_amf);
    e = permute(c, key, message, out);
    OPENSSL_cleanse(message, sizeof message);
    return e;
}

enum err tuak_topc(struct crypto *c, const struct aka_key *key, const struct secret *top,
                   struct secret *topc)
{
    uint8_t message[MESSAGE_LEN], out[BLOCK];
    enum err e;

    build(message, key, top->bytes, 0, NULL, no_sqn_amf);
    e = permute(c, key, message, out);
    if (e == ERR_OK) {
        topc->len = TOPC_LEN;
        reversed(topc->bytes, out, TOPC_LEN);
    }
    OPENSSL_cleanse(message, sizeof message);
    OPENSSL_cleanse(out, sizeof out);
    return e;
}

enum err tuak_f2345(struct crypto *c, const struct aka_key *key, const uint8_t rand[AKA_RAND_LEN],
                    struct aka_result *out)
{
    unsigned instance = INSTANCE_F2345 | length_bits(key->res_len) |
                        (key->ck_len == 32 ? INSTANCE_CK_256 : 0) |
                        (key->ik_len == 32 ? INSTANCE_IK_256 : 0);
    uint8_t f2345[BLOCK], f5_star[BLOCK];
    enum err e = run(c, key, instance, rand, no_sqn_amf, f2345);

    if (e == ERR_OK)
        e = run(c, key, INSTANCE_F5STAR, rand, no_sqn_amf, f5_star);
    if (e == ERR_OK) {
        memset(out, 0, sizeof *out);
        reversed(out->res, f2345 + AT_RES, key->res_len);
        reversed(out->ck, f2345 + AT_CK, key->ck_len);
        reversed(out->ik, f2345 + AT_IK, key->ik_len);
        reversed(out->ak, f2345 + AT_AK, sizeof out->ak);
        reversed(out->ak_star, f5_star + AT_AK, sizeof out->ak_star);
    }
    OPENSSL_cleanse(f2345, sizeof f2345);
    OPENSSL_cleanse(f5_star, sizeof f5_star);
    return e;
}

static enum err one_mac(struct crypto *c, const struct aka_key *key, unsigned instance,
                        const uint8_t rand[AKA_RAND_LEN], const uint8_t sqn_amf[8], uint8_t *mac)
{
    uint8_t out[BLOCK];
    enum err e;

    if (mac == NULL)
        return ERR_OK;
    e = run(c, key, instance | length_bits(key->mac_len), rand, sqn_amf, out);
    if (e == ERR_OK)
        reversed(mac, out, key->mac_len);
    OPENSSL_cleanse(out, sizeof out);
    return e;
}

enum err tuak_f1(struct crypto *c, const struct aka_key *key, const uint8_t rand[AKA_RAND_LEN],
                 const uint8_t sqn_amf[8], uint8_t *mac_a, uint8_t *mac_s)
{
    enum err e = one_mac(c, key, INSTANCE_F1, rand, sqn_amf, mac_a);

    return e == ERR_OK ? one_mac(c, key, INSTANCE_F1 | INSTANCE_STAR, rand, sqn_amf, mac_s) : e;
}
