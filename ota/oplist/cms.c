#include "ota/oplist/cms.h"
#include "ota/oplist/der.h"

#include <openssl/cms.h>
#include <openssl/err.h>
#include <string.h>

#define NAMED_SIGNER_MAX 2048
#define EC_POINT_LEN     66 /* unused bits, 04, x, y */
#define WRAPPED_CEK_LEN  40
#define GCM_IV_LEN       12
#define GCM_TAG_LEN      16
#define UTC_TIME_LEN     13

#define TAG_INTEGER      0x02
#define TAG_BIT_STRING   0x03
#define TAG_OCTET_STRING 0x04
#define TAG_UTC_TIME     0x17
#define TAG_SEQUENCE     0x30
#define TAG_SET          0x31
#define TAG_0            0xA0
#define TAG_0_PRIMITIVE  0x80
#define TAG_1            0xA1

#define OPEN(t)                                  \
    {                                            \
        OPLIST_DER_OPEN, (t), {NULL, 0}, 0, NULL \
    }
#define CLOSE                                   \
    {                                           \
        OPLIST_DER_CLOSE, 0, {NULL, 0}, 0, NULL \
    }
#define FIXED(a)                                       \
    {                                                  \
        OPLIST_DER_FIXED, 0, {(a), sizeof(a)}, 0, NULL \
    }
#define VALUE(t, n, o)                             \
    {                                              \
        OPLIST_DER_VALUE, (t), {NULL, 0}, (n), (o) \
    }
#define BEGIN(t, n, a)                                     \
    {                                                      \
        OPLIST_DER_VALUE, (t), {(a), sizeof(a)}, (n), NULL \
    }

/* Whole DER objects, with the clause that names them. */
static const uint8_t VERSION_0[] = {2, 1, 0}, VERSION_1[] = {2, 1, 1}, VERSION_3[] = {2, 1, 3};
/* RFC 5083 2.1 */
static const uint8_t OID_AUTH_ENVELOPED[] = {6,    11, 0x2A, 0x86, 0x48, 0x86, 0xF7,
                                             0x0D, 1,  9,    16,   1,    23};
/* RFC 5652 4, 5.1 */
static const uint8_t OID_DATA[] = {6, 9, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 7, 1};
static const uint8_t OID_SIGNED[] = {6, 9, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 7, 2};
/* RFC 5753 7.1.2: id-ecPublicKey, parameters absent */
static const uint8_t ALG_EC_KEY[] = {0x30, 9, 6, 7, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 2, 1};
/* RFC 5753 7.1.4: dhSinglePass-stdDH-sha256kdf; RFC 3565: id-aes256-wrap */
static const uint8_t OID_ECDH_SHA256[] = {6, 6, 0x2B, 0x81, 4, 1, 11, 1};
static const uint8_t ALG_AES256_WRAP[] = {0x30, 11, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 1, 45};
/* RFC 5084 3.2 */
static const uint8_t OID_AES256_GCM[] = {6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 1, 46};
static const uint8_t GCM_TAG_LENGTH[] = {2, 1, GCM_TAG_LEN};
/* RFC 5754 2.2, 3.3 */
static const uint8_t ALG_SHA256[] = {0x30, 11, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1};
static const uint8_t ALG_ECDSA[] = {0x30, 10, 6, 8, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 4, 3, 2};
/* RFC 5652 11.1: the whole attribute; 11.3, 11.2 */
static const uint8_t CONTENT_TYPE_DATA[] = {0x30, 24,   6,    9,    0x2A, 0x86, 0x48, 0x86, 0xF7,
                                            0x0D, 1,    9,    3,    0x31, 11,   6,    9,    0x2A,
                                            0x86, 0x48, 0x86, 0xF7, 0x0D, 1,    7,    1};
static const uint8_t OID_SIGNING_TIME[] = {6, 9, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 9, 5};
static const uint8_t OID_MESSAGE_DIGEST[] = {6, 9, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 9, 4};
/* No unused bits; an uncompressed point, and not its hybrid twin 06 or 07 */
static const uint8_t POINT_PREFIX[] = {0, 4};

/* The row of a template that names a certificate: any, or the one that a caller looks for. */
static struct oplist_der_row any_name(struct rd *out)
{
    return (struct oplist_der_row)VALUE(TAG_SEQUENCE, 0, out);
}

static struct oplist_der_row this_name(struct rd der)
{
    return (struct oplist_der_row){OPLIST_DER_FIXED, 0, der, 0, NULL};
}

/* The templates are indented as the ASN.1 is. */
/* clang-format off */

/* RFC 5083 2.1 */
static enum err match_envelope(struct rd file, struct oplist_der_row receiver)
{
    const struct oplist_der_row rows[] = {
        OPEN(TAG_SEQUENCE), FIXED(OID_AUTH_ENVELOPED), OPEN(TAG_0), OPEN(TAG_SEQUENCE),
          FIXED(VERSION_0),
          OPEN(TAG_SET), OPEN(TAG_1),
            FIXED(VERSION_3),
            OPEN(TAG_0), OPEN(TAG_1),
              FIXED(ALG_EC_KEY), BEGIN(TAG_BIT_STRING, EC_POINT_LEN, POINT_PREFIX),
            CLOSE, CLOSE,
            OPEN(TAG_SEQUENCE), FIXED(OID_ECDH_SHA256), FIXED(ALG_AES256_WRAP), CLOSE,
            OPEN(TAG_SEQUENCE), OPEN(TAG_SEQUENCE),
              receiver, VALUE(TAG_OCTET_STRING, WRAPPED_CEK_LEN, NULL),
            CLOSE, CLOSE,
          CLOSE, CLOSE,
          OPEN(TAG_SEQUENCE),
            FIXED(OID_DATA),
            OPEN(TAG_SEQUENCE), FIXED(OID_AES256_GCM), OPEN(TAG_SEQUENCE),
              VALUE(TAG_OCTET_STRING, GCM_IV_LEN, NULL), FIXED(GCM_TAG_LENGTH),
            CLOSE, CLOSE,
            VALUE(TAG_0_PRIMITIVE, 0, NULL),
          CLOSE,
          VALUE(TAG_OCTET_STRING, GCM_TAG_LEN, NULL),
        CLOSE, CLOSE, CLOSE,
    };

    return oplist_der_match(file, rows, ARRAY_LEN(rows));
}

/*
 * RFC 5652 5.1, without certificates. The signature covers the attributes, but in the form that
 * OpenSSL gives them when it encodes them again: the template covers the form that came.
 */
static enum err match_signed(struct rd der, struct oplist_der_row signer, struct rd *content)
{
    const struct oplist_der_row rows[] = {
        OPEN(TAG_SEQUENCE), FIXED(OID_SIGNED), OPEN(TAG_0), OPEN(TAG_SEQUENCE),
          FIXED(VERSION_1),
          OPEN(TAG_SET), FIXED(ALG_SHA256), CLOSE,
          OPEN(TAG_SEQUENCE),
            FIXED(OID_DATA), OPEN(TAG_0), VALUE(TAG_OCTET_STRING, 0, content), CLOSE,
          CLOSE,
          OPEN(TAG_SET), OPEN(TAG_SEQUENCE),
            FIXED(VERSION_1), signer, FIXED(ALG_SHA256),
            OPEN(TAG_0),
              FIXED(CONTENT_TYPE_DATA),
              OPEN(TAG_SEQUENCE), FIXED(OID_SIGNING_TIME),
                OPEN(TAG_SET), VALUE(TAG_UTC_TIME, UTC_TIME_LEN, NULL), CLOSE,
              CLOSE,
              OPEN(TAG_SEQUENCE), FIXED(OID_MESSAGE_DIGEST),
                OPEN(TAG_SET), VALUE(TAG_OCTET_STRING, OPLIST_DIGEST_LEN, NULL), CLOSE,
              CLOSE,
            CLOSE,
            FIXED(ALG_ECDSA), VALUE(TAG_OCTET_STRING, 0, NULL),
          CLOSE, CLOSE,
        CLOSE, CLOSE, CLOSE,
    };

    return oplist_der_match(der, rows, ARRAY_LEN(rows));
}

/* clang-format on */

/* IssuerAndSerialNumber of a certificate (RFC 5652 10.2.4) as the DER object. */
static enum err name_of(X509 *cert, struct wr *w)
{
    unsigned char *issuer = NULL, *serial = NULL;
    int issuer_len = i2d_X509_NAME(X509_get_issuer_name(cert), &issuer);
    int serial_len = i2d_ASN1_INTEGER(X509_get0_serialNumber(cert), &serial);
    enum err e = ERR_CRYPTO;

    if (issuer_len > 0 && serial_len > 0) {
        size_t n = (size_t)issuer_len + (size_t)serial_len;

        wr_u8(w, TAG_SEQUENCE);
        if (n > 0xFF)
            wr_u8(w, 0x82), wr_u16(w, (uint16_t)n);
        else if (n > 0x7F)
            wr_u8(w, 0x81), wr_u8(w, (uint8_t)n);
        else
            wr_u8(w, (uint8_t)n);
        wr_bytes(w, issuer, (size_t)issuer_len);
        wr_bytes(w, serial, (size_t)serial_len);
        e = wr_result(w);
    }
    OPENSSL_free(issuer);
    OPENSSL_free(serial);
    return e;
}

void oplist_cms_release(struct oplist_cms_bytes *b)
{
    if (b->at != NULL)
        OPENSSL_clear_free(b->at, b->len);
    *b = (struct oplist_cms_bytes){NULL, 0};
}

/* OpenSSL frees the content of a CMS object without wiping it. */
static void free_cms(CMS_ContentInfo *cms)
{
    ASN1_OCTET_STRING **content = cms == NULL ? NULL : CMS_get0_content(cms);

    if (content != NULL && *content != NULL && ASN1_STRING_length(*content) > 0)
        OPENSSL_cleanse((void *)(uintptr_t)ASN1_STRING_get0_data(*content),
                        (size_t)ASN1_STRING_length(*content));
    CMS_ContentInfo_free(cms);
}

static enum err encode(CMS_ContentInfo *cms, struct oplist_cms_bytes *out)
{
    unsigned char *der = NULL;
    int n = i2d_CMS_ContentInfo(cms, &der);

    if (n <= 0)
        return ERR_CRYPTO;
    *out = (struct oplist_cms_bytes){der, (size_t)n};
    return ERR_OK;
}

enum err oplist_cms_sign(X509 *signer, EVP_PKEY *key, struct rd content,
                         struct oplist_cms_bytes *signed_data)
{
    const unsigned flags = CMS_BINARY | CMS_NOCERTS | CMS_NOSMIMECAP | CMS_PARTIAL;
    BIO *in = content.left > INT32_MAX ? NULL : BIO_new_mem_buf(content.at, (int)content.left);
    CMS_ContentInfo *cms = CMS_sign(NULL, NULL, NULL, NULL, flags);
    enum err e = ERR_CRYPTO;

    if (in != NULL && cms != NULL &&
        CMS_add1_signer(cms, signer, key, EVP_sha256(), flags) != NULL &&
        CMS_final(cms, in, NULL, CMS_BINARY) == 1)
        e = encode(cms, signed_data);
    free_cms(cms);
    BIO_free(in);
    ERR_clear_error();
    return e;
}

/* CMS_add1_recipient_cert() would derive with SHA-1. */
static bool add_receiver(CMS_ContentInfo *cms, X509 *receiver)
{
    CMS_RecipientInfo *ri =
        cms == NULL ? NULL : CMS_add1_recipient_cert(cms, receiver, CMS_KEY_PARAM);
    EVP_PKEY_CTX *ctx = ri == NULL ? NULL : CMS_RecipientInfo_get0_pkey_ctx(ri);

    return ctx != NULL && EVP_PKEY_CTX_set_ecdh_kdf_md(ctx, EVP_sha256()) == 1;
}

enum err oplist_cms_encrypt(X509 *receiver, struct rd signed_data, struct oplist_cms_bytes *file)
{
    BIO *in = signed_data.left > INT32_MAX ? NULL
                                           : BIO_new_mem_buf(signed_data.at, (int)signed_data.left);
    CMS_ContentInfo *cms = CMS_encrypt(NULL, NULL, EVP_aes_256_gcm(), CMS_BINARY | CMS_PARTIAL);
    enum err e = ERR_CRYPTO;

    if (in != NULL && add_receiver(cms, receiver) && CMS_final(cms, in, NULL, CMS_BINARY) == 1)
        e = encode(cms, file);
    CMS_ContentInfo_free(cms);
    BIO_free(in);
    ERR_clear_error();
    return e;
}

static CMS_ContentInfo *decode(struct rd der)
{
    const unsigned char *at = der.at;

    return der.left > INT32_MAX ? NULL : d2i_CMS_ContentInfo(NULL, &at, (long)der.left);
}

static enum oplist_verdict take_memory(BIO *bio, struct oplist_cms_bytes *out)
{
    char *at = NULL;
    long n = BIO_get_mem_data(bio, &at);

    out->at = n <= 0 ? NULL : OPENSSL_malloc((size_t)n);
    if (out->at == NULL)
        return OPLIST_FAILED;
    memcpy(out->at, at, (size_t)n);
    out->len = (size_t)n;
    return OPLIST_ACCEPTED;
}

enum oplist_verdict oplist_cms_decrypt(X509 *us, EVP_PKEY *key, struct rd file,
                                       struct oplist_cms_bytes *signed_data)
{
    uint8_t name[NAMED_SIGNER_MAX];
    struct wr n = WR_ARRAY(name);
    enum oplist_verdict v = OPLIST_ALTERED;
    CMS_ContentInfo *cms;
    BIO *out;

    if (name_of(us, &n) != ERR_OK)
        return OPLIST_FAILED;
    if (match_envelope(file, any_name(NULL)) != ERR_OK)
        return OPLIST_ALTERED;
    if (match_envelope(file, this_name(RD_WR(&n))) != ERR_OK)
        return OPLIST_NOT_FOR_US;
    cms = decode(file);
    out = BIO_new(BIO_s_mem());
    if (out == NULL)
        v = OPLIST_FAILED;
    else if (cms != NULL && CMS_decrypt(cms, key, us, NULL, out, CMS_BINARY) == 1)
        v = take_memory(out, signed_data);
    CMS_ContentInfo_free(cms);
    BIO_free(out); /* wipes its memory */
    ERR_clear_error();
    return v;
}

bool oplist_cms_names(struct rd signed_data, X509 *signer)
{
    uint8_t name[NAMED_SIGNER_MAX];
    struct wr n = WR_ARRAY(name);

    return name_of(signer, &n) == ERR_OK &&
           match_signed(signed_data, this_name(RD_WR(&n)), NULL) == ERR_OK;
}

enum oplist_verdict oplist_cms_unknown(struct rd signed_data)
{
    return match_signed(signed_data, any_name(NULL), NULL) == ERR_OK ? OPLIST_STRANGER
                                                                     : OPLIST_ALTERED;
}

static bool verifies(struct rd signed_data, X509 *signer)
{
    /* The certificate was compared when it was let in: it is trusted as it is, without a chain. */
    const unsigned flags = CMS_BINARY | CMS_NOINTERN | CMS_NO_SIGNER_CERT_VERIFY;
    CMS_ContentInfo *cms = decode(signed_data);
    STACK_OF(X509) *signers = sk_X509_new_null();
    BIO *sink = BIO_new(BIO_s_null());
    bool ok = cms != NULL && signers != NULL && sink != NULL && sk_X509_push(signers, signer) > 0 &&
              CMS_verify(cms, signers, NULL, NULL, sink, flags) == 1;

    free_cms(cms);
    sk_X509_free(signers);
    BIO_free(sink);
    ERR_clear_error();
    return ok;
}

enum oplist_verdict oplist_cms_verify(struct rd signed_data, X509 *signer, struct rd *content)
{
    uint8_t name[NAMED_SIGNER_MAX];
    struct wr n = WR_ARRAY(name);
    struct rd inside = {NULL, 0};

    if (name_of(signer, &n) != ERR_OK)
        return OPLIST_FAILED;
    if (match_signed(signed_data, this_name(RD_WR(&n)), &inside) != ERR_OK)
        return oplist_cms_unknown(signed_data);
    if (!verifies(signed_data, signer))
        return OPLIST_BAD_SIGNATURE;
    *content = inside;
    return OPLIST_ACCEPTED;
}
