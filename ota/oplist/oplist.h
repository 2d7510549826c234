/*
 * oplist.h - lists that the parties of an operator change send each other (3GPP TR 33.812:
 * integrity of every list is checked before it is acted upon).
 *
 * A list is a text, signed by its sender and encrypted to its receiver (cms.h):
 *
 *   reseat-list: 1
 *   purpose: imsi-list                    who may send which to whom: table in oplist.c
 *   alternative: 3b                       3a or 3b
 *   number: 7                             rises by one for each list from sender to receiver
 *   sender: B
 *   receiver: A
 *   not-before: 2030-01-01T00:00:00Z
 *   not-after: 2030-01-31T00:00:00Z
 *   previous: HEX                         SHA-256 of list number - 1, "none" for the first
 *   answers: HEX                          SHA-256 of the list this one answers, or "none"
 *   spn: Operator B                       new service provider name, may be empty
 *   service-centre: +10200001             new SMS centre, may be empty
 *   rows: 1000
 *   columns: iccid,imsi,msisdn            fixed by the purpose
 *   <empty line>
 *   8988211000000430010,001020000000001,
 *
 * Nothing of it is parsed before the signature verified. A list is judged in the order of the
 * reasons below, and the first that holds is the one told.
 */
#ifndef RESEAT_OTA_OPLIST_OPLIST_H
#define RESEAT_OTA_OPLIST_OPLIST_H

#include "apdu/bcd.h"
#include "ota/oplist/party.h"
#include "ota/vault/vault.h"

#define OPLIST_DIGEST_LEN 32
#define OPLIST_SPN_MAX    16
#define OPLIST_ROWS_MAX   1000000
#define OPLIST_BYTES_MAX  (512U << 20)

enum oplist_purpose {
    OPLIST_IMSI_LIST = 0,    /* B to A: the new IMSI of each card */
    OPLIST_HAND_OVER = 1,    /* A to B: cards that moved; in 3a with their keys */
    OPLIST_KEY_REQUEST = 2,  /* B to the manufacturer: pairs by ICCID and index */
    OPLIST_KEY_ISSUE = 3,    /* manufacturer to B: those pairs */
    OPLIST_CONFIRMATION = 4, /* B to A or the manufacturer: cards seen in B's network */
    OPLIST_PURPOSES
};
/* Names as they stand in the list; NULL beyond the last. */
const char *oplist_purpose_text(enum oplist_purpose purpose);

enum oplist_alternative { OPLIST_3A, OPLIST_3B };

/* X(name, text for people); the order is that of judging. */
#define OPLIST_VERDICTS(X)                                                                        \
    X(OPLIST_ACCEPTED, "accepted")                                                                \
    X(OPLIST_FAILED, "could not be judged")                                                       \
    X(OPLIST_ALTERED, "altered, or no list at all")                                               \
    X(OPLIST_NOT_FOR_US, "encrypted to somebody else")                                            \
    X(OPLIST_STRANGER, "signed by somebody else, whom nobody trusts here")                        \
    X(OPLIST_BAD_SIGNATURE, "altered, or signed by somebody else: the signature does not verify") \
    X(OPLIST_CERTIFICATE, "the signer's certificate is outside its validity")                     \
    X(OPLIST_MALFORMED, "signed, but its header is not what a header must be")                    \
    X(OPLIST_WRONG_SIGNER, "signed by somebody else than the sender it names")                    \
    X(OPLIST_WRONG_RECEIVER, "meant for somebody else")                                           \
    X(OPLIST_WRONG_PURPOSE, "a list for another purpose")                                         \
    X(OPLIST_WRONG_ROLE, "a party of this role may not send such a list")                         \
    X(OPLIST_NOT_YET_VALID, "not yet valid")                                                      \
    X(OPLIST_EXPIRED, "expired")                                                                  \
    X(OPLIST_REPLAYED, "replayed: this very list was accepted before")                            \
    X(OPLIST_ROLLED_BACK, "rolled back: a later list of this sender was accepted before")         \
    X(OPLIST_GAP, "a list before this one has not been accepted")                                 \
    X(OPLIST_FORKED, "does not continue the list that was accepted before it")                    \
    X(OPLIST_BAD_ROW, "a row is malformed")                                                       \
    X(OPLIST_BAD_ICCID, "a row has no valid ICCID")                                               \
    X(OPLIST_BAD_IMSI, "a row has no valid IMSI")                                                 \
    X(OPLIST_FOREIGN_IMSI, "a row names an IMSI outside the operator's own network")              \
    X(OPLIST_BAD_KEYS, "a row lacks keys, or has keys where none may be")                         \
    X(OPLIST_DUPLICATE_ICCID, "two rows name the same card")                                      \
    X(OPLIST_DUPLICATE_IMSI, "two rows name the same IMSI")                                       \
    X(OPLIST_ROW_COUNT, "rows are missing or too many")

#define OPLIST_ENUM(name, text) name,
enum oplist_verdict { OPLIST_VERDICTS(OPLIST_ENUM) OPLIST_VERDICT_COUNT };
#undef OPLIST_ENUM
/* Text for people, never NULL, static. */
const char *oplist_verdict_text(enum oplist_verdict v);

struct oplist_report {
    enum oplist_verdict verdict;
    uint64_t row; /* from 1, of a verdict about rows; 0 else */
    enum err e;   /* why, for OPLIST_FAILED */
};

struct oplist_header {
    enum oplist_purpose purpose;
    enum oplist_alternative alternative;
    uint64_t number;
    char sender[OPLIST_NAME_MAX + 1], receiver[OPLIST_NAME_MAX + 1];
    int64_t not_before, not_after; /* seconds since 1970 UTC */
    bool has_previous, has_answers;
    uint8_t previous[OPLIST_DIGEST_LEN], answers[OPLIST_DIGEST_LEN];
    char spn[OPLIST_SPN_MAX + 1];
    char service_centre[NUMBER_DIGITS_MAX + 2]; /* "+" and digits */
    uint64_t rows;
};

/* One row; what the purpose has no column for is empty. */
struct oplist_row {
    char iccid[ICCID_DIGITS_MAX + 1];
    char imsi[IMSI_DIGITS_MAX + 1];
    char msisdn[NUMBER_DIGITS_MAX + 1];
    uint8_t index;
    uint64_t sqn;     /* hand-over, 3a: last one A used */
    uint64_t counter; /* hand-over, 3a: last OTA counter A took */
    bool has_keys;
    struct vault_pair keys; /* with the iccid and index of the row */
};
#define OPLIST_ROW_WIPED __attribute__((cleanup(oplist_row_wipe)))
void oplist_row_wipe(struct oplist_row *row);

/* --- sending --------------------------------------------------------------------------------- */

struct oplist_draft; /* rows on their way into a list */

NODISCARD enum err oplist_draft_new(enum oplist_purpose purpose,
                                    enum oplist_alternative alternative, struct oplist_draft **out);
void oplist_draft_free(struct oplist_draft **d); /* wipes the keys in it */

/* errors: ERR_FORMAT, ERR_RANGE  what the columns of the purpose do not allow
 *         ERR_SPACE              more than OPLIST_ROWS_MAX; ERR_NOMEM */
NODISCARD enum err oplist_draft_add(struct oplist_draft *d, const struct oplist_row *row);
uint64_t oplist_draft_rows(const struct oplist_draft *d);

struct oplist_envelope {
    const char *receiver;
    int64_t not_before, not_after;
    const uint8_t *answers;     /* OPLIST_DIGEST_LEN bytes, or NULL */
    const char *spn;            /* NULL: empty */
    const char *service_centre; /* NULL: empty */
};

/*
 * Number, sign and encrypt the draft, and put it at path (mode 0600). The number is taken in the
 * same transaction that knows where the sealed bytes are; after a crash the next
 * oplist_party_open() puts them into place, so no number is lost or used twice. Within the
 * caller's batch the file appears at path with oplist_party_commit(), and only then.
 *
 * out:    digest  SHA-256 of the list; may be NULL
 * errors: ERR_NOT_FOUND  no such peer
 *         ERR_EXISTS     something is at path: a numbered list is never overwritten, for the
 *                        receiver would miss it
 *         ERR_EXPIRED    not_after is not after not_before
 *         ERR_FORMAT     spn or service_centre
 *         ERR_IO, ERR_CRYPTO, ERR_NOMEM, ERR_BUSY
 */
NODISCARD enum err oplist_send(struct oplist_party *p, const struct oplist_draft *d,
                               const struct oplist_envelope *envelope, const char *path,
                               uint8_t digest[OPLIST_DIGEST_LEN]);

/* --- receiving ------------------------------------------------------------------------------- */

struct oplist; /* a list that was accepted; its rows stay in memory until oplist_free() */

struct oplist_expect {
    enum oplist_purpose purpose;
    int64_t now;    /* seconds since 1970 UTC */
    bool allow_gap; /* the receiver was told that lists in between are withdrawn */
};

/*
 * Judge a list: signature, header, place in the sequence, every row. Nothing is recorded.
 *
 * out:    list    on OPLIST_ACCEPTED, and on OPLIST_REPLAYED of a list whose rows are good too
 *                 (so that work which a crash cut short may be finished); else NULL
 */
struct oplist_report oplist_judge(struct oplist_party *p, struct rd file,
                                  const struct oplist_expect *expect, struct oplist **list);
/* The same for a file. ERR_NOT_FOUND, ERR_IO, ERR_SPACE (above OPLIST_BYTES_MAX) in report.e. */
struct oplist_report oplist_judge_file(struct oplist_party *p, const char *path,
                                       const struct oplist_expect *expect, struct oplist **list);
void oplist_free(struct oplist **list); /* wipes it */

/*
 * Record that the list was acted upon: from now on it and everything before is refused. To be
 * called when the work is done, which must bear being done twice.
 * errors: ERR_REPLAYED  another process was faster
 */
NODISCARD enum err oplist_accept(struct oplist_party *p, const struct oplist *list);

const struct oplist_header *oplist_header(const struct oplist *list);
const uint8_t *oplist_digest(const struct oplist *list); /* OPLIST_DIGEST_LEN bytes */

/* Walk the rows: start with *at = 0. ERR_NOT_FOUND at the end. */
NODISCARD enum err oplist_next(const struct oplist *list, size_t *at, struct oplist_row *row);

#endif
