/*
 * campaign.h - the engine: takes jobs from the ledger, sends packets, judges proofs.
 *
 * It works in steps. One step is one transaction of the ledger: proofs that came in, packets that
 * are due again, new packets. Only when the commit is durable do packets go to the link and are
 * proofs acknowledged to the SMS centre. A crash at any point leaves a ledger that the next
 * start goes on from: packets in flight are sent again octet by octet, proofs come again.
 *
 * The engine knows no socket and no clock: link, time and randomness are given to it.
 */
#ifndef RESEAT_OTA_CAMPAIGN_CAMPAIGN_H
#define RESEAT_OTA_CAMPAIGN_CAMPAIGN_H

#include "ota/core/log.h"
#include "ota/ledger/jobs.h"

/* One short message to a card. */
struct campaign_message {
    const char *to; /* digits */
    struct rd ud;   /* TP-UD, header included */
    uint64_t tag;   /* comes back with the SMS centre's answer */
};

/* What the engine asks of the way to the cards. */
struct campaign_link {
    void *context;
    /* How many messages it takes now. */
    size_t (*room)(void *context);
    /* ERR_OK: taken, campaign_answered() or campaign_link_lost() will follow. */
    enum err (*send)(void *context, const struct campaign_message *message);
    /* What was heard with this token is stored: acknowledge it. */
    void (*acknowledge)(void *context, uint64_t token);
};

struct campaign_world {
    struct ledger *ledger; /* serving */
    const struct log *log;
    struct campaign_link link;
    void *context;
    uint64_t (*now_ms)(void *context); /* monotonic */
    enum err (*random)(void *context, uint8_t *bytes, size_t len);
};

struct campaign_limits {
    unsigned batch;     /* packets made in one step */
    unsigned in_flight; /* cards that may owe a proof */
    unsigned look_ms;   /* how often the ledger is asked for new work */
};

struct campaign_stats {
    uint64_t sent, resent, asked; /* packets */
    uint64_t proofs;              /* authenticated answers */
    uint64_t hints;               /* answers without authentication */
    uint64_t unmatched;           /* answers that belong to nothing: forged, or very late */
    uint64_t ended[LEDGER_JOB_STATES];
};

struct campaign_engine;

/* Link and log are kept; the ledger's packets in flight become due within a look and a second.
 * errors: ERR_NOMEM, ERR_CRYPTO, and those of the ledger. */
NODISCARD enum err campaign_new(const struct campaign_world *world,
                                const struct campaign_limits *limits, struct campaign_engine **out);
void campaign_free(struct campaign_engine **e);

/*
 * Do what there is to do. To be called after every event and at least every look_ms.
 * errors: ERR_DENIED  another server has the ledger now: end the process
 *         ERR_EXISTS  a counter was about to be used twice: end the process
 *         others      nothing was changed; the next step tries again
 */
NODISCARD enum err campaign_step(struct campaign_engine *e);

enum campaign_heard {
    CAMPAIGN_IGNORED, /* acknowledge it now: no proof, or part of one */
    CAMPAIGN_TAKEN,   /* will be acknowledged with token */
    CAMPAIGN_FULL,    /* step first, then say it again */
};

/* A short message with a user data header from a card's number. Borrowed for the call. */
enum campaign_heard campaign_hear(struct campaign_engine *e, const char *from, struct rd ud,
                                  uint64_t token);
/* A delivery receipt about a message to this number. */
enum campaign_heard campaign_hear_receipt(struct campaign_engine *e, const char *to, bool delivered,
                                          uint64_t token);

/* How the SMS centre answered a message. */
enum campaign_answer {
    CAMPAIGN_ACCEPTED,
    CAMPAIGN_AGAIN,    /* not now: the same octets later */
    CAMPAIGN_REJECTED, /* never */
};
void campaign_answered(struct campaign_engine *e, uint64_t tag, enum campaign_answer answer,
                       const char *text);
/* Everything without an answer goes again; tokens of the old connection are void. */
void campaign_link_lost(struct campaign_engine *e);

/* Orderly stop: what comes in is still stored, what is stored still leaves, nothing new begins. */
void campaign_drain(struct campaign_engine *e);
/* Nothing waits to be sent or stored. Packets in flight do not count. */
bool campaign_is_idle(const struct campaign_engine *e);
const struct campaign_stats *campaign_get_stats(const struct campaign_engine *e);

#endif
