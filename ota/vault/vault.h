/*
 * vault.h - the manufacturer's key/OTA pairs, by ICCID and slot index.
 *
 * One SQLite file. The keys of a pair are one blob wrapped under the
 * key-encryption key (wrap.h); they are in the clear only in memory. Any number
 * of processes may work on the file at once.
 *
 * A pair goes one way, and to one operator only:
 *
 *   free --issue--> offered --confirm--> used
 *     \                \                  |
 *      +----- burn -----+------ burn -----+--> burnt   (never comes back)
 *
 * Confirming index n of a card burns every lower index of that card. Each key
 * that leaves writes a line of the audit chain (audit.h) in the same transaction.
 */
#ifndef RESEAT_OTA_VAULT_VAULT_H
#define RESEAT_OTA_VAULT_VAULT_H

#include "apdu/aka.h"
#include "apdu/bcd.h"
#include "apdu/secpkt.h"
#include "ota/vault/wrap.h"

#define VAULT_OPERATOR_MAX 64 /* characters of a party's name */
#define VAULT_REQUEST_LEN  32 /* SHA-256 of the request message */

/* One indexed pair of a card: what TR 33.812 calls Ki/OTA pair. Holds keys: wipe it. */
struct vault_pair {
    char iccid[ICCID_DIGITS_MAX + 1];
    uint8_t index; /* slot index = key set version, 1-15 */
    struct aka_key aka;
    struct secpkt_keys ota; /* KIc, KID with their algorithms */
    struct secpkt_key kik;
};
#define VAULT_PAIR_WIPED __attribute__((cleanup(vault_pair_wipe)))
void vault_pair_wipe(struct vault_pair *pair);

enum vault_state {
    VAULT_FREE = 0,
    VAULT_OFFERED = 1,
    VAULT_USED = 2,
    VAULT_BURNT = 3,
};
/* Text for people, never NULL, static. */
const char *vault_state_text(enum vault_state s);

struct vault;

/*
 * Make a vault file (mode 0600), or open one.
 *
 * errors: ERR_EXISTS (create), ERR_NOT_FOUND (open)
 *         ERR_KEY      the vault is wrapped under another key-encryption key
 *         ERR_CORRUPT  no vault of this version
 *         ERR_IO, ERR_NOMEM, ERR_CRYPTO
 */
NODISCARD enum err vault_create(const char *path, const struct secret *kek, struct vault **out);
NODISCARD enum err vault_open(const char *path, const struct secret *kek, struct vault **out);
/* Rolls back what was begun and not committed. */
void vault_close(struct vault **v);

/*
 * A batch: what is done between begin and commit is on disk wholly, or not at all. Begin waits
 * for another process's batch, ten seconds at most (ERR_BUSY). No key may leave the process
 * before the commit returned ERR_OK.
 */
NODISCARD enum err vault_begin(struct vault *v);
NODISCARD enum err vault_commit(struct vault *v);
void vault_rollback(struct vault *v);

/*
 * Store count pairs in one transaction, or within the caller's batch. With an operator they are
 * sold with the card (slot 1 of a new card: used, and noted in the audit chain); with NULL they
 * are free.
 *
 * errors: ERR_EXISTS  the pair (iccid, index) is there already; nothing of this call is stored
 *         ERR_FORMAT, ERR_RANGE  no ICCID, index outside 1-15, operator name too long
 *         ERR_IO, ERR_CRYPTO, ERR_BUSY
 */
NODISCARD enum err vault_add(struct vault *v, const struct vault_pair *pairs, size_t count,
                             const char *operator_name);

/* Who asks, and by which message; borrowed. */
struct vault_request {
    const char *operator_name;
    uint8_t digest[VAULT_REQUEST_LEN];
};

/*
 * Give the pair (iccid, index) to the operator that asks. Only within a batch. Asked again by
 * the same request of the same operator, a pair that is still offered comes out again.
 *
 * out:    pair        the caller wipes it
 * errors: ERR_NOT_FOUND   no such pair
 *         ERR_DENIED      it went to another operator
 *         ERR_EXISTS      it went to this operator by another request
 *         ERR_CONDITIONS  used or burnt already, no batch, or a higher index of the card is
 *                         offered or used (an index only rises)
 *         ERR_MAC         the stored blob is damaged or was moved
 *         ERR_IO, ERR_CRYPTO
 */
NODISCARD enum err vault_issue(struct vault *v, const struct vault_request *request,
                               const char *iccid, uint8_t index, struct vault_pair *pair);

/*
 * The operator has seen the card under this pair: offered becomes used, lower indices are burnt
 * and their keys erased. Confirming twice is no error. Within a batch or alone.
 * errors: ERR_NOT_FOUND, ERR_DENIED, ERR_CONDITIONS (free or burnt), ERR_IO
 */
NODISCARD enum err vault_confirm(struct vault *v, const char *operator_name, const char *iccid,
                                 uint8_t index);

/* Withdraw a pair for good and erase its keys; burning twice is no error. ERR_NOT_FOUND, ERR_IO. */
NODISCARD enum err vault_burn(struct vault *v, const char *iccid, uint8_t index);

/* State of one pair; operator_name may be NULL, else "" while free. ERR_NOT_FOUND. */
NODISCARD enum err vault_state(struct vault *v, const char *iccid, uint8_t index,
                               enum vault_state *state, char operator_name[VAULT_OPERATOR_MAX + 1]);

struct vault_counts {
    uint64_t cards;
    uint64_t pairs[4]; /* by enum vault_state */
    uint64_t audit_lines;
};
NODISCARD enum err vault_count(struct vault *v, struct vault_counts *out);

/*
 * Keys of a pair as bytes and back: what the vault wraps, and what a key-issue or hand-over
 * list carries (ICCID and index are not part of it).
 *
 *   version(1)=01 algorithm(1) res_len mac_len ck_len ik_len iterations (1 each)
 *   K OPc(L+V each)  kic_algorithm KIc(L+V) kid_algorithm KID(L+V) cc_len kik_algorithm KIK(L+V)
 *
 * errors: ERR_SHORT, ERR_FORMAT (read); ERR_SPACE (write)
 */
#define VAULT_KEYS_MAX 192
NODISCARD enum err vault_keys_write(const struct vault_pair *pair, struct wr *w);
NODISCARD enum err vault_keys_read(struct rd bytes, struct vault_pair *pair);

#endif
