/*
 * jobs.h - the ledger's campaigns, their jobs (campaign x card) and the packet each
 * card has in flight.
 *
 * Which state may follow which: ota/campaign/fsm.h. The ledger stores a step only
 * if the job is still in the state it was taken from.
 */
#ifndef RESEAT_OTA_LEDGER_JOBS_H
#define RESEAT_OTA_LEDGER_JOBS_H

#include "ota/ledger/ledger.h"

#define LEDGER_NAME_MAX   64
#define LEDGER_RESULT_MAX 120
#define LEDGER_SCRIPT_MAX 2048
#define LEDGER_SPN_MAX    17

enum ledger_method {
    LEDGER_3B = 0,     /* operator change by slot index */
    LEDGER_3A = 1,     /* operator change by remote file management */
    LEDGER_RENEW = 2,  /* new OTA keys by PUT KEY */
    LEDGER_SCRIPT = 3, /* any remote script to any TAR */
    LEDGER_QUERY = 4,  /* ask the operator-change application how things stand */
    LEDGER_RENEW_K = 5 /* new K and OPc, by the operator-change application */
};
const char *ledger_method_text(enum ledger_method m);
NODISCARD enum err ledger_method_from_text(const char *text, enum ledger_method *m);

enum ledger_campaign_state {
    LEDGER_DRAFT = 0,
    LEDGER_RUNNING = 1,
    LEDGER_PAUSED = 2,
    LEDGER_CANCELLED = 3, /* what is in flight ends, nothing new starts */
    LEDGER_FINISHED = 4,
};
const char *ledger_campaign_state_text(enum ledger_campaign_state s);

struct ledger_campaign {
    int64_t id;
    char name[LEDGER_NAME_MAX + 1];
    enum ledger_method method;
    enum ledger_campaign_state state;
    char reason[LEDGER_RESULT_MAX + 1]; /* why it is paused or cancelled */
    char list[LEDGER_RESULT_MAX + 1];   /* signer and number of the list it came from */
    uint8_t spi[2];
    uint8_t tar[3];           /* script: where to; else the method's own */
    unsigned timeout_ms;      /* without a proof for so long: send the same octets again */
    unsigned tries;           /* sendings of one packet */
    unsigned rate;            /* cards per second, 0 = no limit */
    unsigned canary;          /* so many cards first; the rest waits for their end, 0 = none */
    unsigned stop_percent;    /* pause when more than this part ended badly; 100 = never */
    uint16_t trial_polls;     /* 3b: apdu/opchange.h */
    uint32_t trial_seconds;   /* 3b */
    uint8_t mnc_len;          /* of the new operator */
    char spn[LEDGER_SPN_MAX]; /* its name, GSM-7, "" = leave */
    char smsc[NUMBER_DIGITS_MAX + 2]; /* its service centre, "" = leave */
    uint8_t script[LEDGER_SCRIPT_MAX];
    size_t script_len;
    int64_t created_ms, started_ms, ended_ms; /* Unix time, 0 = not yet; for people only */
};

/* Names and limits that a campaign begins with, by method. */
void ledger_campaign_defaults(struct ledger_campaign *c, enum ledger_method method);

/* Store a draft; sets c->id. errors: ERR_EXISTS (name), ERR_RANGE (name, script), ERR_IO. */
NODISCARD enum err ledger_campaign_add(struct ledger *l, struct ledger_campaign *c);
/* ERR_NOT_FOUND. */
NODISCARD enum err ledger_campaign_by_name(struct ledger *l, const char *name,
                                           struct ledger_campaign *out);
NODISCARD enum err ledger_campaign_by_id(struct ledger *l, int64_t id, struct ledger_campaign *out);
NODISCARD enum err ledger_campaign_each(struct ledger *l,
                                        enum err (*each)(void *context,
                                                         const struct ledger_campaign *),
                                        void *context);
/* Ids of the campaigns that may have something to send. */
NODISCARD enum err ledger_campaign_running(struct ledger *l, int64_t *ids, size_t max,
                                           size_t *count);
/*
 * draft -> running <-> paused, any of them -> cancelled, running -> finished. Cancelling fails the
 * jobs that are still planned; do it within a transaction.
 * errors: ERR_CONDITIONS (no such step), ERR_NOT_FOUND
 */
NODISCARD enum err ledger_campaign_set_state(struct ledger *l, int64_t id,
                                             enum ledger_campaign_state state, const char *reason);

enum ledger_job_state {
    LEDGER_PLANNED = 0,
    LEDGER_SENT = 1,
    LEDGER_DELIVERED = 2,
    LEDGER_PROVED = 3,
    LEDGER_ATTACHED = 4,
    LEDGER_FAILED = 5,
    LEDGER_UNKNOWN = 6,
    LEDGER_UNDONE = 7,
};
#define LEDGER_JOB_STATES 8
const char *ledger_job_state_text(enum ledger_job_state s);

/* One card of a campaign, with what the card's record says about it. */
struct ledger_job {
    int64_t id, campaign_id, card_id;
    char iccid[ICCID_DIGITS_MAX + 1];
    char imsi[IMSI_DIGITS_MAX + 1];
    char msisdn[NUMBER_DIGITS_MAX + 1];
    uint8_t key_index;
    enum ledger_owner owner;

    enum ledger_job_state state;
    char new_imsi[IMSI_DIGITS_MAX + 1];     /* 3a, 3b */
    char new_msisdn[NUMBER_DIGITS_MAX + 1]; /* "" = stays */
    uint8_t to_index;                       /* 3b: slot to move to, else 0 */
    unsigned tries;                         /* commands made (each may be sent several times) */
    unsigned asks;                          /* queries made */
    uint64_t command_counter;               /* of the last command, 0 none */
    char result[LEDGER_RESULT_MAX + 1];     /* what a proof said, or why it ended */
    char hint[LEDGER_RESULT_MAX + 1];       /* what somebody without a key said: proves nothing */
    int64_t created_ms, sent_ms, ended_ms;
};

/*
 * errors: ERR_NOT_FOUND  no such card
 *         ERR_DENIED     an operator change or renewal of a card that is not ours
 *         ERR_EXISTS     the card is in the campaign already, or the new IMSI is promised to
 *                        another card
 *         ERR_CONDITIONS the card is in another operator change that has not ended
 *         ERR_RANGE      no slot index is left (3b)
 */
NODISCARD enum err ledger_job_add(struct ledger *l, const struct ledger_campaign *c,
                                  const char *iccid, const char *new_imsi, const char *new_msisdn);

/* The first planned job of a campaign whose card has no packet in flight. ERR_NOT_FOUND. */
NODISCARD enum err ledger_job_next(struct ledger *l, int64_t campaign_id, struct ledger_job *out);
NODISCARD enum err ledger_job_by_id(struct ledger *l, int64_t id, struct ledger_job *out);
NODISCARD enum err ledger_job_each(struct ledger *l, int64_t campaign_id,
                                   enum err (*each)(void *context, const struct ledger_job *),
                                   void *context);

/*
 * Store state, tries, asks, command_counter, result and hint of a job that is still in state from.
 * ERR_CONDITIONS when it is not.
 */
NODISCARD enum err ledger_job_update(struct ledger *l, const struct ledger_job *job,
                                     enum ledger_job_state from);

struct ledger_counts {
    uint64_t jobs[LEDGER_JOB_STATES];
    uint64_t total;
};
NODISCARD enum err ledger_campaign_count(struct ledger *l, int64_t id, struct ledger_counts *out);

/* --- packets ------------------------------------------------------------------ */

enum ledger_purpose {
    LEDGER_COMMAND, /* does what the campaign is for */
    LEDGER_ASK,     /* asks how the command ended */
};

/* The last packet made for a card; octets are kept for a resend that differs in nothing. */
struct ledger_packet {
    int64_t card_id, job_id;
    enum ledger_purpose purpose;
    enum ledger_keys keys; /* sealed with these */
    uint8_t key_index;
    struct secpkt_header header;
    uint64_t counter;
    uint8_t octets[SECPKT_MAX]; /* from CPL on */
    size_t len;
    unsigned sendings;
    bool in_flight; /* a proof is owed */
};

/*
 * Put a packet in flight, due (to be sent again) at due_ms on the server's clock. Replaces the
 * card's last packet.
 * errors: ERR_CONDITIONS  not serving, or no transaction
 *         ERR_EXISTS      the counter was used before: the ledger is damaged, stop
 */
NODISCARD enum err ledger_packet_store(struct ledger *l, const struct ledger_packet *p,
                                       uint64_t due_ms);
NODISCARD enum err ledger_packet_get(struct ledger *l, int64_t card_id, struct ledger_packet *out);
/* Cards whose packet in flight is due, the longest due first. */
NODISCARD enum err ledger_packet_due(struct ledger *l, uint64_t now_ms, int64_t *card_ids,
                                     size_t max, size_t *count);
/* One sending more; due again then. */
NODISCARD enum err ledger_packet_again(struct ledger *l, int64_t card_id, uint64_t due_ms);
/* Due at another time, without a sending. */
NODISCARD enum err ledger_packet_defer(struct ledger *l, int64_t card_id, uint64_t due_ms);
/* No proof is owed any more. */
NODISCARD enum err ledger_packet_land(struct ledger *l, int64_t card_id);
/* At start: all packets in flight are due between now and now + spread. */
NODISCARD enum err ledger_packet_redue(struct ledger *l, uint64_t now_ms, uint64_t spread_ms);
NODISCARD enum err ledger_packet_in_flight(struct ledger *l, uint64_t *count);

#endif
