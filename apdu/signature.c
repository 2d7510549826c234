#include "apdu/signature.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#define FIELD_LEN_MAX 66
#define DER_LEN_MAX   (2 * (FIELD_LEN_MAX + 3) + 3)

static const struct curve {
    const char *group, *digest;
    size_t field_len;
} curves[] = {
    {"P-256", "SHA2-256", 32},
    {"P-384", "SHA2-384", 48},
    {"P-521", "SHA2-512", 66},
};

static const struct curve *curve_of(struct rd point)
{
    for (size_t i = 0; i < ARRAY_LEN(curves); i++) {
        if (point.left == 1 + 2 * curves[i].field_len &&
            point.at[0] == POINT_CONVERSION_UNCOMPRESSED)
            return &curves[i];
    }
    return NULL;
}

/* NULL when the point is not on the curve. */
static EVP_PKEY *key_of(const struct curve *curve, struct rd point)
{
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, (char *)curve->group, 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, (void *)point.at, point.left),
        OSSL_PARAM_construct_end(),
    };
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    EVP_PKEY *key = NULL;

    if (ctx != NULL && EVP_PKEY_fromdata_init(ctx) > 0 &&
        EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, (OSSL_PARAM *)params) <= 0)
        key = NULL;
    EVP_PKEY_CTX_free(ctx);
    return key;
}

/* OpenSSL takes r and s as a DER sequence only; 0 when it cannot be made. */
static size_t to_der(struct rd signature, uint8_t out[DER_LEN_MAX])
{
    ECDSA_SIG *sig = ECDSA_SIG_new();
    int half = (int)(signature.left / 2), len = 0;
    BIGNUM *r = BN_bin2bn(signature.at, half, NULL);
    BIGNUM *s = BN_bin2bn(signature.at + half, half, NULL);

    if (sig != NULL && r != NULL && s != NULL && ECDSA_SIG_set0(sig, r, s) == 1) {
        r = s = NULL; /* the signature's now */
        len = i2d_ECDSA_SIG(sig, &out);
    }
    BN_free(r);
    BN_free(s);
    ECDSA_SIG_free(sig);
    return len > 0 ? (size_t)len : 0;
}

static enum err verify(EVP_PKEY *key, const char *digest, struct rd message, struct rd der)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    enum err e = ERR_CRYPTO;

    if (ctx != NULL && EVP_DigestVerifyInit_ex(ctx, NULL, digest, NULL, NULL, key, NULL) > 0)
        e = EVP_DigestVerify(ctx, der.at, der.left, message.at, message.left) == 1 ? ERR_OK
                                                                                   : ERR_SIGNATURE;
    EVP_MD_CTX_free(ctx);
    return e;
}

enum err signature_verify(struct rd point, struct rd message, struct rd signature)
{
    const struct curve *curve = curve_of(point);
    uint8_t der[DER_LEN_MAX];
    size_t der_len;
    EVP_PKEY *key;
    enum err e = ERR_CRYPTO;

    if (curve == NULL)
        return ERR_KEY;
    if (signature.left != 2 * curve->field_len)
        return ERR_SIGNATURE;
    key = key_of(curve, point);
    der_len = key == NULL ? 0 : to_der(signature, der);
    if (key == NULL)
        e = ERR_KEY;
    else if (der_len > 0)
        e = verify(key, curve->digest, message, RD(der, der_len));
    EVP_PKEY_free(key);
    ERR_clear_error(); /* the queue is the thread's, and shared with TLS */
    return e;
}
