/*
 * cms.h - the envelope of a list, and the only door to OpenSSL's CMS.
 *
 *   AuthEnvelopedData (RFC 5083; AES-256-GCM)        to the receiver's P-256 key: ephemeral ECDH,
 *     SignedData (RFC 5652; ECDSA with SHA-256)      SHA-256 KDF, AES-256 key wrap (RFC 5753)
 *       Data: the list
 *
 * Strict DER of this very shape: `openssl cms -decrypt` and `openssl cms -verify` read it, but
 * not everything that they read is accepted here (der.h says why).
 */
#ifndef RESEAT_OTA_OPLIST_CMS_H
#define RESEAT_OTA_OPLIST_CMS_H

#include "ota/oplist/oplist.h"

#include <openssl/evp.h>
#include <openssl/x509.h>

/* Bytes of our own; oplist_cms_release() wipes them. */
struct oplist_cms_bytes {
    uint8_t *at;
    size_t len;
};
void oplist_cms_release(struct oplist_cms_bytes *b);

/* ERR_CRYPTO, ERR_NOMEM. */
NODISCARD enum err oplist_cms_sign(X509 *signer, EVP_PKEY *key, struct rd content,
                                   struct oplist_cms_bytes *signed_data);
NODISCARD enum err oplist_cms_encrypt(X509 *receiver, struct rd signed_data,
                                      struct oplist_cms_bytes *file);

/* OPLIST_ACCEPTED, OPLIST_ALTERED, OPLIST_NOT_FOR_US, OPLIST_FAILED. */
enum oplist_verdict oplist_cms_decrypt(X509 *us, EVP_PKEY *key, struct rd file,
                                       struct oplist_cms_bytes *signed_data);

/* Does the signed data name this certificate as its signer's? Looks at nothing else. */
bool oplist_cms_names(struct rd signed_data, X509 *signer);

/*
 * OPLIST_ACCEPTED: the signature is the signer's; content points into signed_data.
 * OPLIST_ALTERED, OPLIST_STRANGER (names another signer), OPLIST_BAD_SIGNATURE, OPLIST_FAILED.
 */
enum oplist_verdict oplist_cms_verify(struct rd signed_data, X509 *signer, struct rd *content);
/* What to say of signed data that names none of the signers we know: OPLIST_STRANGER, or
 * OPLIST_ALTERED when it has not even the shape. */
enum oplist_verdict oplist_cms_unknown(struct rd signed_data);

#endif
