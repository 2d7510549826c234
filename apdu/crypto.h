/*
 * crypto.h - the codecs' only door to OpenSSL.
 *
 * An algorithm is fetched when it is first used, and kept; a context may be used by
 * one thread at a time. After that nothing here allocates beyond what OpenSSL does
 * inside a kept context. ERR_CRYPTO: OpenSSL fails, or cannot give the algorithm.
 */
#ifndef RESEAT_APDU_CRYPTO_H
#define RESEAT_APDU_CRYPTO_H

#include "apdu/buf.h"
#include "apdu/secret.h"

#define CRYPTO_BLOCK_MAX 16
#define SHA1_LEN         20
#define SHA256_LEN       32

enum crypto_cipher {
    CRYPTO_DES_CBC,  /* 8-byte key; only the packet codec's vectors and a profile that names it */
    CRYPTO_3DES_CBC, /* 16 bytes (K1 K2 K1) or 24 */
    CRYPTO_AES_CBC,  /* 16, 24 or 32 */
};

struct crypto; /* fetched algorithms and kept contexts */

/* NULL when memory is out. */
struct crypto *crypto_new(void);
void crypto_free(struct crypto **c);

/* The contexts keep the key schedule of their last use; overwrite it. To be called when a
 * key dies (PUT KEY, operator change), for a schedule begins with the key itself. */
NODISCARD enum err crypto_forget(struct crypto *c);

/* CBC, zero IV, no padding, in place allowed. n is a multiple of the block (else ERR_RANGE).
 * ERR_KEY for a key length the cipher does not have. */
NODISCARD enum err crypto_encrypt(struct crypto *c, enum crypto_cipher cipher,
                                  const struct secret *key, const uint8_t *in, uint8_t *out,
                                  size_t n);
NODISCARD enum err crypto_decrypt(struct crypto *c, enum crypto_cipher cipher,
                                  const struct secret *key, const uint8_t *in, uint8_t *out,
                                  size_t n);

/* One AES block (ECB), for Milenage and key check values. */
NODISCARD enum err crypto_aes_block(struct crypto *c, const struct secret *key,
                                    const uint8_t in[16], uint8_t out[16]);

/* The same with the key schedule kept across n blocks (Milenage runs six per vector). */
NODISCARD enum err crypto_aes_blocks(struct crypto *c, const struct secret *key, const uint8_t *in,
                                     uint8_t *out, size_t blocks);

/* More blocks under the key of the last crypto_aes_block() or crypto_aes_blocks() on c,
 * without scheduling it again. ERR_KEY when there was none, or it failed. */
NODISCARD enum err crypto_aes_more(struct crypto *c, const uint8_t *in, uint8_t *out,
                                   size_t blocks);

/* AES-CMAC (RFC 4493), all 16 bytes. The message is the parts in order. */
NODISCARD enum err crypto_cmac(struct crypto *c, const struct secret *key, const struct rd *parts,
                               size_t part_count, uint8_t mac[16]);

/* DES or 3DES CBC-MAC with zero IV and zero padding (TS 102 225 5.1.3), 8 bytes. */
NODISCARD enum err crypto_cbc_mac(struct crypto *c, enum crypto_cipher cipher,
                                  const struct secret *key, const struct rd *parts,
                                  size_t part_count, uint8_t mac[8]);

NODISCARD enum err crypto_sha256(struct crypto *c, struct rd message, uint8_t digest[SHA256_LEN]);

/* Of the standards, only GBA still asks for it (TS 33.220 5.3.2); nothing is signed or kept with
 * it. */
NODISCARD enum err crypto_sha1(struct crypto *c, struct rd message, uint8_t digest[SHA1_LEN]);

/* SHAKE256 squeeze of out_len bytes (TUAK). */
NODISCARD enum err crypto_shake256(struct crypto *c, struct rd message, uint8_t *out,
                                   size_t out_len);

/* HMAC-SHA-256 (RFC 2104); a key of 1 to 32 bytes. */
NODISCARD enum err crypto_hmac_sha256(struct crypto *c, const struct secret *key, struct rd message,
                                      uint8_t mac[SHA256_LEN]);

/* Constant time in n bytes. */
bool crypto_equal(const void *a, const void *b, size_t n);

#endif
