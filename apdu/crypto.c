/* SHA256_Init() and its like are deprecated as a door to the provider's; see sha256(). */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "apdu/crypto.h"

#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <string.h>

#define DES_BLOCK  8
#define AES_BLOCK  16
#define AES_SIZES  3 /* 128, 192, 256 */
#define WIDE_LEN   24
#define HMAC_BLOCK 64 /* of SHA-256; no secret is longer */
#define HMAC_INNER 0x36
#define HMAC_OUTER 0x5C
#define CHUNK      256 /* multiple of both blocks */

/*
 * Re-keying a kept context costs a tenth of making one, and allocates nothing;
 * passing the algorithm again (EVP_*Init with a non-NULL cipher) would throw the
 * context's inside away. So the algorithm is given once, when a context is first
 * wanted: fetching one makes OpenSSL set up its provider, which costs more than all
 * else that a card does until it answers to reset, and many a card never needs it.
 */
struct crypto {
    EVP_CIPHER_CTX *des3_cbc;
    EVP_CIPHER_CTX *aes_cbc[AES_SIZES];
    EVP_CIPHER_CTX *aes_ecb[AES_SIZES];
    EVP_CIPHER_CTX *last_ecb; /* what crypto_aes_more() goes on with; borrowed */
    EVP_MD_CTX *shake256;
};

static const uint8_t zeros[SECRET_LEN_MAX];
static const char *const aes_cbc_names[AES_SIZES] = {"AES-128-CBC", "AES-192-CBC", "AES-256-CBC"};
static const char *const aes_ecb_names[AES_SIZES] = {"AES-128-ECB", "AES-192-ECB", "AES-256-ECB"};

/* The queue is per thread and shared with TLS: what failed here must not show up there. */
static enum err result(bool ok)
{
    if (ok)
        return ERR_OK;
    ERR_clear_error();
    return ERR_CRYPTO;
}

static EVP_CIPHER_CTX *new_cipher(const char *name)
{
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, name, NULL);
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();

    if (cipher == NULL || ctx == NULL || !EVP_EncryptInit_ex2(ctx, cipher, NULL, NULL, NULL) ||
        !EVP_CIPHER_CTX_set_padding(ctx, 0)) {
        EVP_CIPHER_CTX_free(ctx);
        ctx = NULL;
    }
    EVP_CIPHER_free(cipher); /* the context holds its own reference */
    return ctx;
}

static EVP_MD_CTX *new_digest(const char *name)
{
    EVP_MD *digest = EVP_MD_fetch(NULL, name, NULL);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();

    if (digest == NULL || ctx == NULL || !EVP_DigestInit_ex2(ctx, digest, NULL)) {
        EVP_MD_CTX_free(ctx);
        ctx = NULL;
    }
    EVP_MD_free(digest);
    return ctx;
}

/* The context of an algorithm, made when first asked for; NULL when OpenSSL cannot. */
static EVP_CIPHER_CTX *ready(EVP_CIPHER_CTX **ctx, const char *name)
{
    if (*ctx == NULL)
        *ctx = new_cipher(name);
    return *ctx;
}

struct crypto *crypto_new(void)
{
    return OPENSSL_zalloc(sizeof(struct crypto));
}

void crypto_free(struct crypto **c)
{
    struct crypto *old = *c;

    *c = NULL;
    if (old == NULL)
        return;
    for (size_t i = 0; i < AES_SIZES; i++) {
        EVP_CIPHER_CTX_free(old->aes_cbc[i]);
        EVP_CIPHER_CTX_free(old->aes_ecb[i]);
    }
    EVP_CIPHER_CTX_free(old->des3_cbc);
    EVP_MD_CTX_free(old->shake256);
    OPENSSL_free(old);
}

static enum err start(EVP_CIPHER_CTX *ctx, const uint8_t *key, bool encrypt)
{
    return result(ctx != NULL && EVP_CipherInit_ex2(ctx, NULL, key, zeros, encrypt, NULL));
}

/* What was never made keeps no key. */
static enum err forget_key(EVP_CIPHER_CTX *ctx)
{
    return ctx == NULL ? ERR_OK : start(ctx, zeros, true);
}

enum err crypto_forget(struct crypto *c)
{
    enum err e = forget_key(c->des3_cbc);

    for (size_t i = 0; i < AES_SIZES && e == ERR_OK; i++) {
        e = forget_key(c->aes_cbc[i]);
        if (e == ERR_OK)
            e = forget_key(c->aes_ecb[i]);
    }
    c->last_ecb = NULL;
    return e;
}

/* Which of the three AES sizes has keys of this length; AES_SIZES for another length. */
static size_t aes_size(size_t key_len)
{
    return key_len == 16 || key_len == 24 || key_len == 32 ? key_len / 8 - 2 : AES_SIZES;
}

/*
 * DES is 3DES with K K K, so one context serves all three forms and OpenSSL's
 * legacy provider (the home of single DES) stays out of the process.
 */
static enum err start_des(struct crypto *c, const struct secret *key, bool encrypt)
{
    uint8_t wide[WIDE_LEN];
    enum err e;

    for (size_t i = 0; i < sizeof wide; i += DES_BLOCK)
        memcpy(wide + i, key->bytes + i % key->len, DES_BLOCK);
    e = start(ready(&c->des3_cbc, "DES-EDE3-CBC"), wide, encrypt);
    OPENSSL_cleanse(wide, sizeof wide);
    return e;
}

static size_t block_len(enum crypto_cipher cipher)
{
    return cipher == CRYPTO_AES_CBC ? AES_BLOCK : DES_BLOCK;
}

static enum err start_aes(struct crypto *c, const struct secret *key, bool encrypt,
                          EVP_CIPHER_CTX **ctx)
{
    size_t size = aes_size(key->len);

    if (size == AES_SIZES)
        return ERR_KEY;
    *ctx = ready(&c->aes_cbc[size], aes_cbc_names[size]);
    return start(*ctx, key->bytes, encrypt);
}

/* Key the context of a CBC cipher; *ctx is valid until the next use of c. */
static enum err start_cbc(struct crypto *c, enum crypto_cipher cipher, const struct secret *key,
                          bool encrypt, EVP_CIPHER_CTX **ctx)
{
    bool fits = cipher == CRYPTO_DES_CBC ? key->len == 8 : key->len == 16 || key->len == 24;
    enum err e;

    if (cipher == CRYPTO_AES_CBC)
        return start_aes(c, key, encrypt, ctx);
    e = fits ? start_des(c, key, encrypt) : ERR_KEY;
    *ctx = c->des3_cbc;
    return e;
}

/* n is a multiple of the block: a context without padding then gives as much as it takes. */
static enum err update(EVP_CIPHER_CTX *ctx, const uint8_t *in, uint8_t *out, size_t n)
{
    int out_len = 0;

    if (n > INT_MAX)
        return ERR_RANGE;
    if (n == 0)
        return ERR_OK;
    return result(EVP_CipherUpdate(ctx, out, &out_len, in, (int)n) && (size_t)out_len == n);
}

enum err crypto_encrypt(struct crypto *c, enum crypto_cipher cipher, const struct secret *key,
                        const uint8_t *in, uint8_t *out, size_t n)
{
    EVP_CIPHER_CTX *ctx;
    enum err e = n % block_len(cipher) == 0 ? start_cbc(c, cipher, key, true, &ctx) : ERR_RANGE;

    return e == ERR_OK ? update(ctx, in, out, n) : e;
}

enum err crypto_decrypt(struct crypto *c, enum crypto_cipher cipher, const struct secret *key,
                        const uint8_t *in, uint8_t *out, size_t n)
{
    EVP_CIPHER_CTX *ctx;
    enum err e = n % block_len(cipher) == 0 ? start_cbc(c, cipher, key, false, &ctx) : ERR_RANGE;

    return e == ERR_OK ? update(ctx, in, out, n) : e;
}

enum err crypto_aes_block(struct crypto *c, const struct secret *key, const uint8_t in[16],
                          uint8_t out[16])
{
    return crypto_aes_blocks(c, key, in, out, 1);
}

enum err crypto_aes_blocks(struct crypto *c, const struct secret *key, const uint8_t *in,
                           uint8_t *out, size_t blocks)
{
    size_t size = aes_size(key->len);
    EVP_CIPHER_CTX *ctx;
    enum err e;

    c->last_ecb = NULL;
    if (size == AES_SIZES)
        return ERR_KEY;
    ctx = ready(&c->aes_ecb[size], aes_ecb_names[size]);
    e = result(ctx != NULL && EVP_EncryptInit_ex2(ctx, NULL, key->bytes, NULL, NULL));
    c->last_ecb = e == ERR_OK ? ctx : NULL;
    return e == ERR_OK ? crypto_aes_more(c, in, out, blocks) : e;
}

enum err crypto_aes_more(struct crypto *c, const uint8_t *in, uint8_t *out, size_t blocks)
{
    if (c->last_ecb == NULL)
        return ERR_KEY;
    if (blocks > INT_MAX / AES_BLOCK)
        return ERR_RANGE;
    return update(c->last_ecb, in, out, blocks * AES_BLOCK);
}

/*
 * A CBC-MAC in the making: blocks go through a CBC context and only the last one
 * is kept. The newest block is held back, for CMAC treats the last one specially.
 */
struct chain {
    EVP_CIPHER_CTX *ctx;
    size_t block;
    uint8_t held[CRYPTO_BLOCK_MAX];
    size_t held_len;
    uint8_t scratch[CHUNK]; /* ciphertext nobody needs */
};

static enum err chain_blocks(struct chain *m, const uint8_t *bytes, size_t n)
{
    while (n > 0) {
        size_t now = n < sizeof m->scratch ? n : sizeof m->scratch;
        enum err e = update(m->ctx, bytes, m->scratch, now);

        if (e != ERR_OK)
            return e;
        bytes += now;
        n -= now;
    }
    return ERR_OK;
}

static void chain_hold(struct chain *m, struct rd *part, size_t n)
{
    if (n == 0)
        return;
    memcpy(m->held + m->held_len, part->at, n);
    m->held_len += n;
    part->at += n;
    part->left -= n;
}

static enum err chain_part(struct chain *m, struct rd part)
{
    size_t room = m->block - m->held_len;
    size_t whole;
    enum err e;

    if (part.left <= room) {
        chain_hold(m, &part, part.left);
        return ERR_OK;
    }
    if (m->held_len > 0) {
        chain_hold(m, &part, room);
        e = chain_blocks(m, m->held, m->block);
        if (e != ERR_OK)
            return e;
        m->held_len = 0;
    }
    whole = (part.left - 1) / m->block * m->block;
    e = chain_blocks(m, part.at, whole);
    part.at += whole;
    part.left -= whole;
    chain_hold(m, &part, part.left);
    return e;
}

static enum err chain_parts(struct chain *m, const struct rd *parts, size_t part_count)
{
    enum err e = ERR_OK;

    for (size_t i = 0; i < part_count && e == ERR_OK; i++)
        e = chain_part(m, parts[i]);
    return e;
}

/* Doubling in GF(2^128), RFC 4493 2.3; without a branch on the secret top bit. */
static void cmac_double(uint8_t b[AES_BLOCK])
{
    uint8_t carry = (uint8_t)(b[0] >> 7);

    for (size_t i = 0; i + 1 < AES_BLOCK; i++)
        b[i] = (uint8_t)(b[i] << 1 | b[i + 1] >> 7);
    b[AES_BLOCK - 1] = (uint8_t)((b[AES_BLOCK - 1] << 1) ^ (0x87 & -carry));
}

/* RFC 4493 2.4: the last block takes K1 when whole, K2 after 80 00.. padding. */
static enum err cmac_last(struct chain *m, uint8_t subkey[AES_BLOCK], uint8_t mac[AES_BLOCK])
{
    cmac_double(subkey);
    if (m->held_len < AES_BLOCK) {
        cmac_double(subkey);
        memset(m->held + m->held_len, 0, AES_BLOCK - m->held_len);
        m->held[m->held_len] = 0x80;
    }
    for (size_t i = 0; i < AES_BLOCK; i++)
        m->held[i] ^= subkey[i];
    return update(m->ctx, m->held, mac, AES_BLOCK);
}

/*
 * Built on the kept CBC context: OpenSSL 3.0's own CMAC makes a new cipher context
 * at each re-key and then goes block by block through EVP.
 */
enum err crypto_cmac(struct crypto *c, const struct secret *key, const struct rd *parts,
                     size_t part_count, uint8_t mac[16])
{
    struct chain m = {.block = AES_BLOCK};
    uint8_t subkey[AES_BLOCK];
    enum err e = start_cbc(c, CRYPTO_AES_CBC, key, true, &m.ctx);

    if (e != ERR_OK)
        return e;
    e = update(m.ctx, zeros, subkey, AES_BLOCK);
    if (e == ERR_OK)
        e = start(m.ctx, NULL, true);
    if (e == ERR_OK)
        e = chain_parts(&m, parts, part_count);
    if (e == ERR_OK)
        e = cmac_last(&m, subkey, mac);
    OPENSSL_cleanse(subkey, sizeof subkey);
    OPENSSL_cleanse(&m, sizeof m);
    return e;
}

enum err crypto_cbc_mac(struct crypto *c, enum crypto_cipher cipher, const struct secret *key,
                        const struct rd *parts, size_t part_count, uint8_t mac[8])
{
    struct chain m = {.block = DES_BLOCK};
    enum err e;

    if (cipher == CRYPTO_AES_CBC)
        return ERR_KEY;
    e = start_cbc(c, cipher, key, true, &m.ctx);
    if (e == ERR_OK)
        e = chain_parts(&m, parts, part_count);
    if (e == ERR_OK) {
        memset(m.held + m.held_len, 0, DES_BLOCK - m.held_len);
        e = update(m.ctx, m.held, mac, DES_BLOCK);
    }
    OPENSSL_cleanse(&m, sizeof m);
    return e;
}

/* Not through EVP: a card that starts checks its profile with this, and needs no provider yet. */
static enum err sha256(struct rd first, struct rd second, uint8_t digest[SHA256_LEN])
{
    SHA256_CTX ctx;
    bool ok = SHA256_Init(&ctx) && SHA256_Update(&ctx, first.at, first.left) &&
              SHA256_Update(&ctx, second.at, second.left) && SHA256_Final(digest, &ctx);

    OPENSSL_cleanse(&ctx, sizeof ctx);
    return result(ok);
}

enum err crypto_sha256(struct crypto *c, struct rd message, uint8_t digest[SHA256_LEN])
{
    (void)c;
    return sha256(message, RD(NULL, 0), digest);
}

enum err crypto_sha1(struct crypto *c, struct rd message, uint8_t digest[SHA1_LEN])
{
    SHA_CTX ctx;
    bool ok =
        SHA1_Init(&ctx) && SHA1_Update(&ctx, message.at, message.left) && SHA1_Final(digest, &ctx);

    (void)c;
    OPENSSL_cleanse(&ctx, sizeof ctx);
    return result(ok);
}

enum err crypto_shake256(struct crypto *c, struct rd message, uint8_t *out, size_t out_len)
{
    if (c->shake256 == NULL)
        c->shake256 = new_digest("SHAKE256");
    return result(c->shake256 != NULL && EVP_DigestInit_ex2(c->shake256, NULL, NULL) &&
                  EVP_DigestUpdate(c->shake256, message.at, message.left) &&
                  EVP_DigestFinalXOF(c->shake256, out, out_len));
}

/* RFC 2104. OpenSSL's own HMAC looks its digest up by name in a table of all there are, and filling
 * that takes half a megabyte. */
enum err crypto_hmac_sha256(struct crypto *c, const struct secret *key, struct rd message,
                            uint8_t mac[SHA256_LEN])
{
    uint8_t inner[HMAC_BLOCK], outer[HMAC_BLOCK], digest[SHA256_LEN];
    enum err e;

    (void)c;
    memset(inner, HMAC_INNER, sizeof inner);
    memset(outer, HMAC_OUTER, sizeof outer);
    for (size_t i = 0; i < key->len; i++) {
        inner[i] ^= key->bytes[i];
        outer[i] ^= key->bytes[i];
    }
    e = sha256(RD_ARRAY(inner), message, digest);
    if (e == ERR_OK)
        e = sha256(RD_ARRAY(outer), RD_ARRAY(digest), mac);
    OPENSSL_cleanse(inner, sizeof inner);
    OPENSSL_cleanse(outer, sizeof outer);
    return e;
}

bool crypto_equal(const void *a, const void *b, size_t n)
{
    return CRYPTO_memcmp(a, b, n) == 0;
}
