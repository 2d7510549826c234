/*
 * party.h - a party's directory: who we are, whom we trust, what we sent and saw.
 *
 *   DIR/party.key  private key, EC P-256, PKCS #8 PEM, mode 0600
 *   DIR/party.crt  certificate: self-signed, or issued by an authority
 *   DIR/party.db   SQLite: the peers' certificates, sequence of lists, B's assignments
 *
 * Trust is by certificate: a peer is exactly the certificate that somebody compared and let in
 * with oplist_party_trust(), under the name, role and networks (PLMN) recorded then.
 */
#ifndef RESEAT_OTA_OPLIST_PARTY_H
#define RESEAT_OTA_OPLIST_PARTY_H

#include "apdu/bcd.h"
#include "apdu/buf.h"

#define OPLIST_NAME_MAX        32 /* letters, digits, "." "-" "_" */
#define OPLIST_PLMNS_MAX       16
#define OPLIST_FINGERPRINT_LEN 32 /* SHA-256 of the certificate */

enum oplist_role { OPLIST_OPERATOR = 1, OPLIST_MANUFACTURER = 2 };
/* "operator", "manufacturer"; and back: ERR_NOT_FOUND. */
const char *oplist_role_text(enum oplist_role role);
NODISCARD enum err oplist_role_parse(const char *text, enum oplist_role *role);

struct oplist_identity {
    char name[OPLIST_NAME_MAX + 1];
    enum oplist_role role;
    size_t plmn_count; /* an operator has one at least, a manufacturer none */
    char plmns[OPLIST_PLMNS_MAX][7];
    uint8_t fingerprint[OPLIST_FINGERPRINT_LEN]; /* set by the functions that return one */
};

/* "00101,00102" into plmns. ERR_FORMAT, ERR_RANGE. */
NODISCARD enum err oplist_plmns_parse(const char *text, struct oplist_identity *identity);
/* Does the IMSI belong to one of the identity's networks? */
bool oplist_owns_imsi(const struct oplist_identity *identity, const char *imsi);

struct oplist_party;

/*
 * Make a party: directory (mode 0700; it may exist without a party in it), fresh key,
 * self-signed certificate that carries name, role and networks, valid for days.
 * errors: ERR_EXISTS, ERR_FORMAT (name), ERR_RANGE (networks, days), ERR_IO, ERR_CRYPTO
 */
NODISCARD enum err oplist_party_init(const char *dir, const struct oplist_identity *identity,
                                     unsigned days);

/*
 * errors: ERR_NOT_FOUND  no party there
 *         ERR_DENIED     the key file may be read by others
 *         ERR_KEY        key and certificate do not belong together
 *         ERR_CORRUPT, ERR_IO, ERR_CRYPTO, ERR_NOMEM
 */
NODISCARD enum err oplist_party_open(const char *dir, struct oplist_party **out);
void oplist_party_close(struct oplist_party **p);

const struct oplist_identity *oplist_party_self(const struct oplist_party *p);

/*
 * Let a peer in by its certificate file (PEM or DER). Its name, role and networks are those of
 * the certificate, except where override (may be NULL) has them: name not empty, role not 0,
 * plmn_count not 0. Trusting the same certificate again is no error.
 *
 * out:    peer       as recorded; may be NULL
 * errors: ERR_NOT_FOUND, ERR_FORMAT  no certificate of an EC P-256 key, or one without name and
 * role ERR_EXISTS   another certificate has the name: distrust it first ERR_DENIED   a network of
 * it is ours, or another peer's
 */
NODISCARD enum err oplist_party_trust(struct oplist_party *p, const char *file,
                                      const struct oplist_identity *override,
                                      struct oplist_identity *peer);
NODISCARD enum err oplist_party_distrust(struct oplist_party *p, const char *name);

/* ERR_NOT_FOUND. */
NODISCARD enum err oplist_party_peer(struct oplist_party *p, const char *name,
                                     struct oplist_identity *peer);
/* For each peer, by name; anything but ERR_OK from fn ends the walk with it. */
typedef enum err oplist_peer_fn(void *arg, const struct oplist_identity *peer);
NODISCARD enum err oplist_party_peers(struct oplist_party *p, oplist_peer_fn *fn, void *arg);

/* --- the new operator's assignments --- */

enum oplist_stage {
    OPLIST_LISTED = 1,    /* sent to A in an IMSI list */
    OPLIST_MOVED = 2,     /* A handed the card over, under an index */
    OPLIST_ACTIVE = 3,    /* its keys are in our HLR */
    OPLIST_CONFIRMED = 4, /* the card has been seen in our network */
};
const char *oplist_stage_text(enum oplist_stage stage);

struct oplist_assignment {
    char iccid[ICCID_DIGITS_MAX + 1];
    char imsi[IMSI_DIGITS_MAX + 1];
    char msisdn[NUMBER_DIGITS_MAX + 1];
    char from[OPLIST_NAME_MAX + 1]; /* the operator that the card comes from */
    uint8_t index;                  /* 0 until moved */
    enum oplist_stage stage;
};

/* A batch of what follows, and of lists sent and accepted, is on disk wholly or not at all. */
NODISCARD enum err oplist_party_begin(struct oplist_party *p);
NODISCARD enum err oplist_party_commit(struct oplist_party *p);
void oplist_party_rollback(struct oplist_party *p);

/*
 * Assign a new IMSI to a card. An assignment of the card that has not moved yet is replaced.
 * errors: ERR_EXISTS      the IMSI is another card's
 *         ERR_CONDITIONS  the card has moved already
 */
NODISCARD enum err oplist_party_assign(struct oplist_party *p, const struct oplist_assignment *a);
/* ERR_NOT_FOUND. */
NODISCARD enum err oplist_party_assignment(struct oplist_party *p, const char *iccid,
                                           struct oplist_assignment *a);
/* A lower stage than it has leaves the stage as it is.
 * ERR_NOT_FOUND, ERR_CONDITIONS (it moved to another index). */
NODISCARD enum err oplist_party_advance(struct oplist_party *p, const char *iccid, uint8_t index,
                                        enum oplist_stage stage);
/* The old operator handed the card over under this index: OPLIST_MOVED. Its number stands where
 * the assignment has none. Errors as oplist_party_advance(). */
NODISCARD enum err oplist_party_moved(struct oplist_party *p, const char *iccid, uint8_t index,
                                      const char *msisdn);
typedef enum err oplist_assignment_fn(void *arg, const struct oplist_assignment *a);
NODISCARD enum err oplist_party_assignments(struct oplist_party *p, oplist_assignment_fn *fn,
                                            void *arg);

#endif
