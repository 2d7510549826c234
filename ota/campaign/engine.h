/*
 * engine.h - the engine's inside, for the sources of this folder: campaign.c (steps),
 * launch.c (packets that leave), landing.c (proofs that come), pace.c (how many may leave).
 */
#ifndef RESEAT_OTA_CAMPAIGN_ENGINE_H
#define RESEAT_OTA_CAMPAIGN_ENGINE_H

#include "ota/campaign/fsm.h"
#include "ota/campaign/inbox.h"
#include "ota/campaign/outbox.h"
#include "ota/campaign/plan.h"

#define CAMPAIGN_RUNNING_MAX  64
#define CAMPAIGN_REFUSALS_MAX 256

/* How fast one running campaign goes, and when it was last looked at. */
struct campaign_pace {
    int64_t campaign_id;
    uint64_t filled_ms; /* tokens were last added */
    double tokens;      /* cards that may be begun by the rate limit */
    uint64_t count_due_ms;
    bool ended; /* a job ended since the last count */
    struct ledger_counts counts;
};

/* The SMS centre will not take a message. */
struct campaign_rejection {
    struct outbox_loss loss;
    char text[LEDGER_RESULT_MAX + 1];
};

struct campaign_engine {
    struct campaign_world world;
    struct campaign_limits limits;
    struct crypto *crypto;
    struct outbox *outbox;
    struct inbox *inbox;
    struct campaign_rejection rejections[CAMPAIGN_REFUSALS_MAX];
    size_t rejection_count;
    struct campaign_pace paces[CAMPAIGN_RUNNING_MAX];
    size_t pace_count;
    uint64_t look_due_ms;
    bool draining;
    bool more_planned, more_due; /* the last step left some */
    uint64_t in_flight;
    struct campaign_stats stats, stats_before; /* before: taken back when a step fails */
};

/* A job with what its plan is made from. Holds keys. */
struct campaign_case {
    struct ledger_campaign campaign;
    struct ledger_job job;
    struct vault_pair keys, pending;
    bool has_pending;
    enum ledger_keys ask_with; /* renew: the keys of the next question */
};
#define CAMPAIGN_CASE_WIPED __attribute__((cleanup(campaign_case_wipe)))
void campaign_case_wipe(struct campaign_case *c);
/* The job by id, its campaign and the keys of its card. Errors of the ledger. */
NODISCARD enum err campaign_case_open(struct campaign_engine *e, int64_t job_id,
                                      struct campaign_case *out);
/* What no repetition can heal: it ends the job, or is passed over, instead of failing the step. */
bool campaign_is_hopeless(enum err err);
struct campaign_subject campaign_case_subject(const struct campaign_case *c);

/* Apply an event to the job and store it; result NULL keeps what is there. An event that the
 * state does not know changes nothing: *moved false. */
NODISCARD enum err campaign_case_event(struct campaign_engine *e, struct campaign_case *c,
                                       enum campaign_event event, const char *result, bool *moved);

/* launch.c, within the ledger's transaction: */

/* New packets for the running campaigns. */
NODISCARD enum err campaign_launch_new(struct campaign_engine *e);
/* Packets that are due: again, or a question, or the end. */
NODISCARD enum err campaign_launch_due(struct campaign_engine *e);
/* Make a packet with a fresh counter, store and stage it. jump: above the next counter. */
NODISCARD enum err campaign_launch(struct campaign_engine *e, struct campaign_case *c,
                                   enum ledger_purpose purpose, uint64_t jump);
/* Ask how the command ended, or give up: the next step after silence or "counter low". */
NODISCARD enum err campaign_launch_question(struct campaign_engine *e, struct campaign_case *c,
                                            uint64_t jump);

/* landing.c, within the ledger's transaction: */
NODISCARD enum err campaign_land_all(struct campaign_engine *e);
NODISCARD enum err campaign_land_rejections(struct campaign_engine *e);

/* pace.c */

/* The running campaigns' paces; counts where they are due, and what follows from counts: end,
 * stop rule. */
NODISCARD enum err campaign_pace_look(struct campaign_engine *e);
/* How many cards the campaign may begin now. */
size_t campaign_pace_allows(struct campaign_engine *e, const struct ledger_campaign *c);
void campaign_pace_spend(struct campaign_engine *e, int64_t campaign_id);
void campaign_pace_ended(struct campaign_engine *e, int64_t campaign_id);

#endif
