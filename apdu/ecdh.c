#include "apdu/ecdh.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>

#define X25519_PUBLIC_LEN 32
#define P256_COMPRESSED   33
#define P256_UNCOMPRESSED 65

size_t ecdh_public_len(enum ecdh_curve curve)
{
    return curve == ECDH_X25519 ? X25519_PUBLIC_LEN : P256_COMPRESSED;
}

/* The queue is per thread and shared with TLS: what failed here must not show up there. */
static enum err result(bool ok, enum err otherwise)
{
    if (ok)
        return ERR_OK;
    ERR_clear_error();
    return otherwise;
}

static enum err x25519_public(const struct secret *private_key, uint8_t out[X25519_PUBLIC_LEN])
{
    size_t len = X25519_PUBLIC_LEN;
    EVP_PKEY *key =
        EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, private_key->bytes, private_key->len);
    bool ok = key != NULL && EVP_PKEY_get_raw_public_key(key, out, &len) > 0;

    EVP_PKEY_free(key);
    return result(ok, ERR_CRYPTO);
}

/* A peer of small order gives all zeros, which OpenSSL refuses (RFC 7748 6.1). */
static enum err x25519_shared(const struct secret *private_key, struct rd peer,
                              uint8_t out[ECDH_SHARED_LEN])
{
    size_t len = ECDH_SHARED_LEN;
    EVP_PKEY *own =
        EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, private_key->bytes, private_key->len);
    EVP_PKEY *other = EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, peer.at, peer.left);
    EVP_PKEY_CTX *ctx = own != NULL ? EVP_PKEY_CTX_new(own, NULL) : NULL;
    bool ready = ctx != NULL && other != NULL && EVP_PKEY_derive_init(ctx) > 0 &&
                 EVP_PKEY_derive_set_peer(ctx, other) > 0;
    enum err e = result(ready, ERR_CRYPTO);

    if (e == ERR_OK)
        e = result(EVP_PKEY_derive(ctx, out, &len) > 0 && len == ECDH_SHARED_LEN, ERR_FORMAT);
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(other);
    EVP_PKEY_free(own);
    return e;
}

/* One multiplication on P-256: everything it needs, released together. */
struct p256 {
    EC_GROUP *group;
    BN_CTX *bn;
    BIGNUM *scalar; /* the private key */
    EC_POINT *peer;
    EC_POINT *product;
};

static void p256_end(struct p256 *p)
{
    EC_POINT_clear_free(p->product);
    EC_POINT_free(p->peer);
    BN_clear_free(p->scalar);
    BN_CTX_free(p->bn);
    EC_GROUP_free(p->group);
}

static enum err p256_begin(struct p256 *p, const struct secret *private_key)
{
    *p = (struct p256){.group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1),
                       .bn = BN_CTX_secure_new(),
                       .scalar = BN_secure_new()};
    if (p->group == NULL || p->bn == NULL || p->scalar == NULL)
        return ERR_CRYPTO;
    p->peer = EC_POINT_new(p->group);
    p->product = EC_POINT_new(p->group);
    if (p->peer == NULL || p->product == NULL ||
        BN_bin2bn(private_key->bytes, private_key->len, p->scalar) == NULL)
        return ERR_CRYPTO;
    BN_set_flags(p->scalar, BN_FLG_CONSTTIME);
    if (BN_is_zero(p->scalar) || BN_cmp(p->scalar, EC_GROUP_get0_order(p->group)) >= 0)
        return ERR_KEY;
    return ERR_OK;
}

static enum err p256_public(const struct secret *private_key, uint8_t out[P256_COMPRESSED])
{
    struct p256 p;
    enum err e = p256_begin(&p, private_key);

    if (e == ERR_OK && (!EC_POINT_mul(p.group, p.product, p.scalar, NULL, NULL, p.bn) ||
                        EC_POINT_point2oct(p.group, p.product, POINT_CONVERSION_COMPRESSED, out,
                                           P256_COMPRESSED, p.bn) != P256_COMPRESSED))
        e = ERR_CRYPTO;
    p256_end(&p);
    return result(e == ERR_OK, e);
}

static enum err p256_multiply_peer(struct p256 *p, uint8_t out[ECDH_SHARED_LEN])
{
    BIGNUM *x = BN_secure_new();
    bool ok = x != NULL && EC_POINT_mul(p->group, p->product, NULL, p->peer, p->scalar, p->bn) &&
              EC_POINT_get_affine_coordinates(p->group, p->product, x, NULL, p->bn) &&
              BN_bn2binpad(x, out, ECDH_SHARED_LEN) == ECDH_SHARED_LEN;

    BN_clear_free(x);
    return ok ? ERR_OK : ERR_CRYPTO;
}

/* The curve has cofactor 1: a point on it that is not infinity is a good one. */
static enum err p256_shared(const struct secret *private_key, struct rd peer,
                            uint8_t out[ECDH_SHARED_LEN])
{
    struct p256 p;
    enum err e = p256_begin(&p, private_key);

    if (e == ERR_OK && !EC_POINT_oct2point(p.group, p.peer, peer.at, peer.left, p.bn))
        e = ERR_FORMAT;
    if (e == ERR_OK)
        e = p256_multiply_peer(&p, out);
    p256_end(&p);
    return result(e == ERR_OK, e);
}

enum err ecdh_public(enum ecdh_curve curve, const struct secret *private_key, struct wr *public_key)
{
    uint8_t out[ECDH_PUBLIC_MAX];
    enum err e;

    if (private_key->len != ECDH_PRIVATE_LEN)
        return ERR_KEY;
    e = curve == ECDH_X25519 ? x25519_public(private_key, out) : p256_public(private_key, out);
    if (e != ERR_OK)
        return e;
    wr_bytes(public_key, out, ecdh_public_len(curve));
    return wr_result(public_key);
}

static bool has_point_length(enum ecdh_curve curve, struct rd peer)
{
    if (curve == ECDH_X25519)
        return peer.left == X25519_PUBLIC_LEN;
    return peer.left == P256_COMPRESSED || peer.left == P256_UNCOMPRESSED;
}

enum err ecdh_shared(enum ecdh_curve curve, const struct secret *private_key, struct rd peer,
                     struct secret *shared)
{
    SECRET_WIPED struct secret made = {.len = ECDH_SHARED_LEN};
    enum err e;

    if (private_key->len != ECDH_PRIVATE_LEN)
        return ERR_KEY;
    if (!has_point_length(curve, peer))
        return ERR_FORMAT;
    e = curve == ECDH_X25519 ? x25519_shared(private_key, peer, made.bytes)
                             : p256_shared(private_key, peer, made.bytes);
    if (e == ERR_OK)
        *shared = made;
    return e;
}
