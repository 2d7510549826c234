/*
 * ledger.h - what an operator's OTA server must never forget: its cards and their
 * keys (wrapped), the counter of each card, and (jobs.h) campaigns, jobs and the
 * packets in flight. One SQLite file.
 *
 * Any number of processes may read the file, import cards and order campaigns.
 * One process at a time serves it: only that one takes counters and sends.
 *
 * Counters are never used twice:
 *   - the counter and the packet made with it are stored in one transaction, durable
 *     before an octet leaves; a table of all counters ever taken refuses a repetition;
 *   - the server holds a lock on the file PATH-server beside the ledger, and each of its
 *     transactions checks that the ledger still bears its generation number: a server
 *     that was put aside can store nothing any more;
 *   - generation number and a mark of an orderly end are in the ledger, the number also in
 *     PATH-server. If they disagree, or the mark is missing, then the ledger may be an older
 *     copy of itself (a restored backup, or a copy taken while a server ran): every card's
 *     counter jumps by counter_skip before its next use. A crash causes such a jump without
 *     need; 40 bits outlast 2^28 of them. What the rule cannot see is a backup restored
 *     together with its PATH-server file: then say ledger_skip_counters() (ota-server
 *     --skip-counters), or keep that file out of backups.
 */
#ifndef RESEAT_OTA_LEDGER_LEDGER_H
#define RESEAT_OTA_LEDGER_LEDGER_H

#include "apdu/bcd.h"
#include "apdu/secpkt.h"
#include "ota/vault/vault.h"

struct ledger;

/*
 * errors: ERR_NOT_FOUND    no such file (create false)
 *         ERR_KEY          its keys are wrapped under another key-encryption key
 *         ERR_CORRUPT, ERR_UNSUPPORTED  not a ledger, or of another version
 *         ERR_BUSY, ERR_IO, ERR_NOMEM, ERR_CRYPTO
 * create: a file that is not there is made. kek is not kept.
 */
NODISCARD enum err ledger_open(const char *path, const struct secret *kek, bool create,
                               struct ledger **out);
/* Rolls back an open transaction. A serving ledger without ledger_retire() counts as crashed. */
void ledger_close(struct ledger **l);

/* errors: ERR_BUSY (another process writes for longer than ten seconds), ERR_IO, and
 * ERR_DENIED when another server has taken the ledger over: stop at once. */
NODISCARD enum err ledger_begin(struct ledger *l);
NODISCARD enum err ledger_commit(struct ledger *l);
void ledger_rollback(struct ledger *l);

/* How a server found the ledger. */
enum ledger_start {
    LEDGER_FIRST,   /* nobody served it before */
    LEDGER_CLEAN,   /* the last server stopped in order */
    LEDGER_SKIPPED, /* crash or older copy: counters jump */
};

/*
 * Become the one server of this file.
 *
 * in:     counter_skip  1 to 2^19
 * errors: ERR_BUSY  another process serves it
 *         ERR_RANGE, ERR_IO
 */
NODISCARD enum err ledger_serve(struct ledger *l, uint64_t counter_skip, enum ledger_start *how);
/* The orderly end of serving. */
NODISCARD enum err ledger_retire(struct ledger *l);
/* Let every counter jump by count (1 to 2^19) before its next use. Serving or not. */
NODISCARD enum err ledger_skip_counters(struct ledger *l, uint64_t count);

/* --- cards ------------------------------------------------------------------- */

enum ledger_owner {
    LEDGER_OURS = 0,
    LEDGER_MOVED = 1, /* its change to another operator was proved; our keys are dead or die soon */
};
const char *ledger_owner_text(enum ledger_owner owner);

struct ledger_card {
    int64_t id; /* 0 before ledger_card_add() */
    char iccid[ICCID_DIGITS_MAX + 1];
    char imsi[IMSI_DIGITS_MAX + 1];
    char msisdn[NUMBER_DIGITS_MAX + 1]; /* digits alone: as SMPP addresses it */
    uint8_t key_index;                  /* slot = key set version */
    enum aka_algorithm algorithm;
    enum secpkt_algorithm ota_algorithm;
    uint64_t counter; /* the last one taken, 0 none */
    enum ledger_owner owner;
    bool renewing; /* pending keys are stored */
};

/*
 * Store a card and its keys (keys->index is its key_index; algorithms are taken from keys). A
 * card that had moved away and comes back with the same or a higher index replaces its record;
 * its counter is then the higher of the two where the index is the same.
 *
 * errors: ERR_EXISTS  the card is ours already
 *         ERR_FORMAT, ERR_RANGE  identities or index
 *         ERR_IO, ERR_CRYPTO, ERR_BUSY
 */
NODISCARD enum err ledger_card_add(struct ledger *l, const struct ledger_card *card,
                                   const struct vault_pair *keys);

/* ERR_NOT_FOUND. */
NODISCARD enum err ledger_card_by_iccid(struct ledger *l, const char *iccid,
                                        struct ledger_card *out);
NODISCARD enum err ledger_card_by_id(struct ledger *l, int64_t id, struct ledger_card *out);

/* Cards that a message from this number may come from: by MSISDN, old or new. Returns how many
 * ids were written, at most max. */
NODISCARD enum err ledger_card_candidates(struct ledger *l, const char *msisdn, int64_t *ids,
                                          size_t max, size_t *count);

/* Calls each for every card in order of ICCID until it returns an error, which is passed on. */
NODISCARD enum err ledger_card_each(struct ledger *l,
                                    enum err (*each)(void *context, const struct ledger_card *),
                                    void *context);

enum ledger_keys {
    LEDGER_IN_FORCE,
    LEDGER_PENDING, /* of a renewal that is not proved yet: new OTA keys, or a new K */
};

/* Unwrap the keys of a card; the caller wipes them (VAULT_PAIR_WIPED).
 * ERR_NOT_FOUND, ERR_MAC (damaged or moved), ERR_CRYPTO. */
NODISCARD enum err ledger_card_keys(struct ledger *l, int64_t card_id, enum ledger_keys which,
                                    struct vault_pair *out);

/* Store the keys that a renewal will bring; the pending ones come into force, or are dropped. */
NODISCARD enum err ledger_card_set_pending(struct ledger *l, int64_t card_id,
                                           const struct vault_pair *keys);
NODISCARD enum err ledger_card_promote(struct ledger *l, int64_t card_id);
NODISCARD enum err ledger_card_drop_pending(struct ledger *l, int64_t card_id);

/* The change to another operator was proved: new identity, no longer ours. msisdn may be "". */
NODISCARD enum err ledger_card_moved(struct ledger *l, int64_t card_id, const char *imsi,
                                     const char *msisdn);

/*
 * Take the next counter of a card: more than all before, by 1 + jump and what a skip asks for.
 * Only while serving, within a transaction.
 * errors: ERR_CONDITIONS       not serving, or no transaction
 *         ERR_COUNTER_BLOCKED  40 bits are used up
 *         ERR_NOT_FOUND, ERR_IO
 */
NODISCARD enum err ledger_counter_take(struct ledger *l, int64_t card_id, uint64_t jump,
                                       uint64_t *counter);

/* --- audit ------------------------------------------------------------------- */

/* Note something that people will ask about. Texts carry no secret. campaign_id, card_id: 0 =
 * none. */
NODISCARD enum err ledger_note(struct ledger *l, const char *kind, int64_t campaign_id,
                               int64_t card_id, const char *text);

#endif
