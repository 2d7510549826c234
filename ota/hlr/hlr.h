/*
 * hlr.h - the subscribers of a home location register and their authentication
 * keys, in the SQLite file of OsmoHLR (schema version 6): osmo-hlr opens what is
 * made here, and what is read here may have been made by osmo-hlr.
 *
 * OsmoHLR keeps SQN as the last one used; the low ind_bitlen bits are IND (TS 33.102 annex
 * C.1.1.1).
 */
#ifndef RESEAT_OTA_HLR_HLR_H
#define RESEAT_OTA_HLR_HLR_H

#include "apdu/aka.h"
#include "apdu/bcd.h"

#define HLR_MSISDN_MAX 15
#define HLR_IND_BITS   5

struct hlr;

struct hlr_subscriber {
    char imsi[IMSI_DIGITS_MAX + 1];
    char msisdn[HLR_MSISDN_MAX + 1]; /* "" for none */
    struct aka_key key;              /* lengths beside K and OPc are the standard ones */
    uint64_t sqn;                    /* last one used; 0 for a fresh key */
};
#define HLR_SUBSCRIBER_WIPED __attribute__((cleanup(hlr_subscriber_wipe)))
void hlr_subscriber_wipe(struct hlr_subscriber *s);

/*
 * errors: ERR_EXISTS (create), ERR_NOT_FOUND (open)
 *         ERR_UNSUPPORTED  another schema version
 *         ERR_CORRUPT, ERR_BUSY, ERR_IO, ERR_NOMEM
 */
NODISCARD enum err hlr_create(const char *path, struct hlr **out);
NODISCARD enum err hlr_open(const char *path, struct hlr **out);
void hlr_close(struct hlr **h);

/*
 * What is done between begin and commit costs one sync of the disk. Outside of it each call
 * below is a transaction of its own, durable when it returns.
 */
NODISCARD enum err hlr_begin(struct hlr *h);
NODISCARD enum err hlr_commit(struct hlr *h);
void hlr_rollback(struct hlr *h);

/*
 * Put subscribers into service, all or none. One that is there with the same key keeps its SQN
 * (so the call may be repeated); with another key, key and SQN are replaced.
 *
 * errors: ERR_FORMAT, ERR_RANGE  IMSI or MSISDN
 *         ERR_KEY                key lengths
 *         ERR_EXISTS             the MSISDN is another subscriber's
 *         ERR_IO, ERR_BUSY
 */
NODISCARD enum err hlr_activate(struct hlr *h, const struct hlr_subscriber *subscribers,
                                size_t count);

/* ERR_NOT_FOUND; ERR_KEY when there is no 3G key, or one of an algorithm we do not have. */
NODISCARD enum err hlr_find(struct hlr *h, const char *imsi, struct hlr_subscriber *out);

/*
 * Take the next SQN for a vector: the sequence part rises by one, IND is ind (below 32).
 * errors: ERR_NOT_FOUND, ERR_RANGE (ind), ERR_COUNTER_BLOCKED (48 bits used up), ERR_IO
 */
NODISCARD enum err hlr_next_sqn(struct hlr *h, const char *imsi, uint8_t ind, uint64_t *sqn);

/* After AUTS: the last one used is what the card says (TS 33.102 6.3.5). ERR_NOT_FOUND. */
NODISCARD enum err hlr_set_sqn(struct hlr *h, const char *imsi, uint64_t sqn_ms);

/* The subscriber attached at this time (seconds since 1970 UTC). ERR_NOT_FOUND. */
NODISCARD enum err hlr_seen(struct hlr *h, const char *imsi, int64_t at);
/* When it attached last; 0 for never. ERR_NOT_FOUND. */
NODISCARD enum err hlr_last_seen(struct hlr *h, const char *imsi, int64_t *at);

/* Take out of service, with its keys. ERR_NOT_FOUND. */
NODISCARD enum err hlr_remove(struct hlr *h, const char *imsi);

struct hlr_counts {
    uint64_t subscribers;
    uint64_t with_key;
    uint64_t seen;
};
NODISCARD enum err hlr_count(struct hlr *h, struct hlr_counts *out);

/* For each subscriber with a 3G key, by IMSI; anything but ERR_OK from fn ends the walk with it. */
typedef enum err hlr_each_fn(void *arg, const struct hlr_subscriber *s);
NODISCARD enum err hlr_each(struct hlr *h, hlr_each_fn *fn, void *arg);

#endif
