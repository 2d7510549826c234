/*
 * fuzz_oplist.c - what a list meets on its way in. First byte: 0 the envelope, 1 the signed data,
 * 2 the text (which nobody sees before its signature verified).
 *
 * The envelope's key is fixed, so a seed may be whole. Whatever is accepted as a text must be
 * written again to the same bytes: there is one form only.
 */
#include "ota/core/text.h"
#include "ota/oplist/cms.h"
#include "ota/oplist/identity.h"
#include "ota/oplist/text.h"
#include "test/fuzz/require.h"

#include <openssl/pem.h>

static EVP_PKEY *fixed_key(void)
{
    /* Any scalar will do: 32 bytes of 01. */
    static const char pem[] = "-----BEGIN EC PRIVATE KEY-----\n"
                              "MDECAQEEIAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBoAoGCCqGSM49\n"
                              "AwEH\n"
                              "-----END EC PRIVATE KEY-----\n";
    BIO *bio = BIO_new_mem_buf(pem, -1);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);

    BIO_free(bio);
    return key;
}

static X509 *certificate(EVP_PKEY *key)
{
    struct oplist_identity id = {.role = OPLIST_MANUFACTURER};
    X509 *cert;

    TEXT_COPY(id.name, "M");
    cert = oplist_identity_certify(&id, key, 30);
    /* The seeds name this one. */
    require(cert != NULL && ASN1_INTEGER_set(X509_get_serialNumber(cert), 1) == 1);
    return cert;
}

static void envelope(X509 *cert, EVP_PKEY *key, struct rd input)
{
    struct oplist_cms_bytes inner = {NULL, 0};
    enum oplist_verdict v = oplist_cms_decrypt(cert, key, input, &inner);

    require((v == OPLIST_ACCEPTED) == (inner.at != NULL));
    oplist_cms_release(&inner);
}

static void signed_data(X509 *cert, struct rd input)
{
    struct rd content = {NULL, 0};
    enum oplist_verdict v = oplist_cms_verify(input, cert, &content);

    require(v != OPLIST_ACCEPTED || oplist_cms_names(input, cert));
    if (v == OPLIST_ACCEPTED)
        require_within(content, input);
}

static void same_row(const struct oplist_header *h, const struct oplist_row *row, struct rd line)
{
    uint8_t bytes[OPLIST_LINE_MAX];
    struct wr w = WR_ARRAY(bytes);

    require(oplist_row_write(h, row, &w) == ERR_OK);
    require(rd_equal(RD_WR(&w), line));
}

static void text(struct rd input)
{
    uint8_t bytes[OPLIST_HEADER_MAX];
    struct wr w = WR_ARRAY(bytes);
    struct oplist_header h;
    struct oplist_row row;
    struct rd rest = input;

    if (oplist_header_read(&rest, &h) != ERR_OK)
        return;
    require(oplist_header_write(&h, &w) == ERR_OK);
    require(rd_equal(RD_WR(&w), RD(input.at, input.left - rest.left)));
    while (rest.left > 0) {
        struct rd before = rest;

        if (oplist_row_read(&h, &rest, &row) != OPLIST_ACCEPTED)
            return;
        same_row(&h, &row, RD(before.at, before.left - rest.left));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static EVP_PKEY *key;
    static X509 *cert;
    struct rd r = RD(data, size);
    uint8_t kind;

    if (key == NULL) {
        key = fixed_key();
        cert = certificate(key);
    }
    require(key != NULL && cert != NULL);
    if (rd_u8(&r, &kind) != ERR_OK)
        return 0;
    if (kind == 0)
        envelope(cert, key, r);
    else if (kind == 1)
        signed_data(cert, r);
    else
        text(r);
    return 0;
}
