/*
 * bench_packet.c - secured packets and authentication vectors per second, each beside
 * bare OpenSSL doing the same block operations in the same run: the ratio is what the
 * codec costs on top, and does not depend on the machine.
 */
#include "apdu/aka.h"
#include "apdu/secpkt.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BATCH        256
#define ROUND_NS     60000000ULL /* long enough for the clock, short enough to alternate */
#define ROUNDS       9
#define DATA_LEN     66 /* CNTR .. padding is then five blocks */
#define CIPHERED_LEN 80
#define MAC_LEN      (3 + 7 + 6 + DATA_LEN) /* what the CMAC goes over */
#define MAC_BLOCKS   ((MAC_LEN + 15) / 16)  /* without the one for its subkeys */

/* What one benchmark works on. */
struct bench {
    struct crypto *c;
    struct secpkt_keys keys;
    struct secpkt_command command;
    uint8_t data[DATA_LEN];
    uint8_t sealed[256];
    struct rd packet; /* sealed */
    struct aka_key aka;
    EVP_CIPHER_CTX *cbc, *ecb; /* bare OpenSSL's */
};

typedef void step_fn(struct bench *b);

static void require(bool ok)
{
    if (ok)
        return;
    fprintf(stderr, "bench_packet: an operation failed\n");
    exit(EXIT_FAILURE);
}

static void seal(struct bench *b)
{
    struct wr w = WR_ARRAY(b->sealed);

    b->command.counter++;
    require(secpkt_seal_command(b->c, &b->command, &b->keys, &w) == ERR_OK);
    b->packet = RD_WR(&w);
}

static void open_packet(struct bench *b)
{
    uint8_t block[256];
    struct wr work = WR_ARRAY(block);
    struct secpkt_command got;

    require(secpkt_open_command(b->c, b->packet, &b->keys, &work, &got) == ERR_OK);
}

static void cbc(struct bench *b, const uint8_t *key, size_t n, int encrypt)
{
    static const uint8_t iv[16];
    uint8_t block[256] = {0};
    int len = 0;

    require(EVP_CipherInit_ex2(b->cbc, NULL, key, iv, encrypt, NULL) &&
            EVP_CipherUpdate(b->cbc, block, &len, block, (int)n) && (size_t)len == n);
}

/* CMAC: the block of the subkeys and the message under one key; then the ciphering. */
static void bare_packet(struct bench *b, int encrypt)
{
    cbc(b, b->keys.kid.key.bytes, 16 + (size_t)MAC_BLOCKS * 16, 1);
    cbc(b, b->keys.kic.key.bytes, CIPHERED_LEN, encrypt);
}

static void bare_seal(struct bench *b)
{
    bare_packet(b, 1);
}

static void bare_open(struct bench *b)
{
    bare_packet(b, 0);
}

static void milenage(struct bench *b)
{
    static const uint8_t amf[2] = {0x80, 0x00};
    uint8_t rand[AKA_RAND_LEN] = {0}, autn[AKA_AUTN_LEN];
    struct aka_result r;

    b->command.counter++;
    memcpy(rand, &b->command.counter, sizeof b->command.counter);
    require(aka_autn(b->c, &b->aka, rand, b->command.counter, amf, &r, autn) == ERR_OK);
}

/* TEMP, then the five outputs that hang on it. */
static void bare_milenage(struct bench *b)
{
    uint8_t block[5 * 16] = {0};
    int len = 0;

    require(EVP_EncryptInit_ex2(b->ecb, NULL, b->aka.k.bytes, NULL, NULL) &&
            EVP_EncryptUpdate(b->ecb, block, &len, block, 16) &&
            EVP_EncryptUpdate(b->ecb, block, &len, block, sizeof block));
}

static uint64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000ULL + (uint64_t)t.tv_nsec;
}

static double ns_per_step(struct bench *b, step_fn *step)
{
    uint64_t start = now_ns(), spent = 0;
    uint64_t done = 0;

    while (spent < ROUND_NS) {
        for (unsigned i = 0; i < BATCH; i++)
            step(b);
        done += BATCH;
        spent = now_ns() - start;
    }
    return (double)spent / (double)done;
}

/* The best round of each, the two taking turns: what else the machine does hits both. */
static void compare(struct bench *b, const char *name, step_fn *ours, step_fn *bare)
{
    double best_ours = 1e18, best_bare = 1e18;

    for (unsigned i = 0; i < ROUNDS; i++) {
        double t = ns_per_step(b, ours);
        double u = ns_per_step(b, bare);

        best_ours = t < best_ours ? t : best_ours;
        best_bare = u < best_bare ? u : best_bare;
    }
    printf("%-22s %10.0f /s   bare OpenSSL %10.0f /s   ratio %.2f\n", name, 1e9 / best_ours,
           1e9 / best_bare, best_ours / best_bare);
}

static EVP_CIPHER_CTX *bare_cipher(const char *name)
{
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, name, NULL);
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();

    require(cipher != NULL && ctx != NULL && EVP_EncryptInit_ex2(ctx, cipher, NULL, NULL, NULL) &&
            EVP_CIPHER_CTX_set_padding(ctx, 0));
    EVP_CIPHER_free(cipher);
    return ctx;
}

static void prepare(struct bench *b)
{
    struct secret key = {.bytes = {1, 2, 3, 4, 5, 6, 7}, .len = 16};

    *b = (struct bench){.c = crypto_new(),
                        .keys = {{SECPKT_AES, key}, {SECPKT_AES, key}, SECPKT_CC_LEN},
                        .cbc = bare_cipher("AES-128-CBC"),
                        .ecb = bare_cipher("AES-128-ECB")};
    b->command.header = (struct secpkt_header){{0x16, 0x39}, 0x12, 0x12, {0xB0, 0x00, 0x00}};
    b->command.data = RD_ARRAY(b->data);
    aka_key_defaults(&b->aka, AKA_MILENAGE);
    b->aka.k = b->aka.opc = key;
    require(b->c != NULL);
    seal(b);
    require(b->packet.left == 10 + CIPHERED_LEN);
}

int main(void)
{
    struct bench b;

    prepare(&b);
    compare(&b, "AES packets sealed", seal, bare_seal);
    compare(&b, "AES packets opened", open_packet, bare_open);
    compare(&b, "Milenage vectors", milenage, bare_milenage);
    EVP_CIPHER_CTX_free(b.cbc);
    EVP_CIPHER_CTX_free(b.ecb);
    crypto_free(&b.c);
    return EXIT_SUCCESS;
}
