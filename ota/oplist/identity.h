/*
 * identity.h - name, role and networks of a party, and how a certificate carries them:
 * CN = name, OU = role, subjectAltName URI "urn:reseat:plmn:00101" for each network.
 */
#ifndef RESEAT_OTA_OPLIST_IDENTITY_H
#define RESEAT_OTA_OPLIST_IDENTITY_H

#include "ota/oplist/party.h"

#include <openssl/evp.h>
#include <openssl/x509.h>

#define OPLIST_PLMNS_TEXT (OPLIST_PLMNS_MAX * 7 + 1)

/* 1 to OPLIST_NAME_MAX letters, digits, "." "-" "_". */
bool oplist_name_valid(const char *name);
/* Valid name; operator with networks, or manufacturer without. */
bool oplist_identity_sound(const struct oplist_identity *identity);
/* May one IMSI belong to both? */
bool oplist_identity_overlaps(const struct oplist_identity *a, const struct oplist_identity *b);
/* "00101,00102" */
void oplist_plmns_text(const struct oplist_identity *identity, char text[OPLIST_PLMNS_TEXT]);

/* What the certificate says; fields it does not say are empty. ERR_FORMAT, ERR_RANGE, ERR_CRYPTO */
NODISCARD enum err oplist_identity_read(X509 *cert, struct oplist_identity *out);
/* A self-signed certificate; NULL when OpenSSL fails. */
X509 *oplist_identity_certify(const struct oplist_identity *identity, EVP_PKEY *key, unsigned days);

#endif
