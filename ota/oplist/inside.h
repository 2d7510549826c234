/*
 * inside.h - struct oplist_party and its file: what the sources of this folder share.
 */
#ifndef RESEAT_OTA_OPLIST_INSIDE_H
#define RESEAT_OTA_OPLIST_INSIDE_H

#include "ota/core/sql.h"
#include "ota/oplist/identity.h"
#include "ota/oplist/oplist.h"

#include <openssl/evp.h>
#include <openssl/x509.h>

enum oplist_statement {
    OPLIST_Q_META_SET,
    OPLIST_Q_META_GET,
    OPLIST_Q_PEER_ADD,
    OPLIST_Q_PEER_DROP,
    OPLIST_Q_PEER_FIND,
    OPLIST_Q_PEER_EACH,
    OPLIST_Q_SENT_LAST,
    OPLIST_Q_SENT_ADD,
    OPLIST_Q_SENT_PENDING,
    OPLIST_Q_SENT_DONE,
    OPLIST_Q_SEEN_LAST,
    OPLIST_Q_SEEN_FIND,
    OPLIST_Q_SEEN_ADD,
    OPLIST_Q_ASSIGN,
    OPLIST_Q_ASSIGNMENT,
    OPLIST_Q_ASSIGNMENTS,
    OPLIST_Q_ADVANCE,
    OPLIST_Q_NUMBER,
    OPLIST_Q_COUNT
};

struct oplist_party {
    struct sql *sql;
    EVP_PKEY *key;
    X509 *cert;
    struct oplist_identity self;
};

extern const struct sql_file oplist_file;

/* A certificate file, PEM or DER, of a P-256 key. ERR_NOT_FOUND, ERR_FORMAT, ERR_IO. */
NODISCARD enum err oplist_cert_read(const char *path, X509 **cert);

/* Certificate and identity of a peer; the caller frees the certificate. ERR_NOT_FOUND. */
NODISCARD enum err oplist_peer_load(struct oplist_party *p, const char *name,
                                    struct oplist_identity *peer, X509 **cert);
/* The peer that the signed data names as its signer: the same, or ERR_NOT_FOUND. */
NODISCARD enum err oplist_peer_signer(struct oplist_party *p, struct rd signed_data,
                                      struct oplist_identity *peer, X509 **cert);

/* Put into place the lists that are numbered and staged, and not yet where they go. */
NODISCARD enum err oplist_sent_recover(struct oplist_party *p);

#endif
