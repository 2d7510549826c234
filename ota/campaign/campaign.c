#include "ota/campaign/engine.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RESTART_SPREAD_MS 1000 /* what was in flight at a start is sent again within so long */

/* --- a job and its keys ----------------------------------------------------------------------- */

void campaign_case_wipe(struct campaign_case *c)
{
    OPENSSL_cleanse(c, sizeof *c);
}

enum err campaign_case_open(struct campaign_engine *e, int64_t job_id, struct campaign_case *out)
{
    struct ledger *l = e->world.ledger;
    enum err err = ledger_job_by_id(l, job_id, &out->job);

    if (err == ERR_OK)
        err = ledger_campaign_by_id(l, out->job.campaign_id, &out->campaign);
    if (err == ERR_OK)
        err = ledger_card_keys(l, out->job.card_id, LEDGER_IN_FORCE, &out->keys);
    if (err != ERR_OK)
        return err;
    err = ledger_card_keys(l, out->job.card_id, LEDGER_PENDING, &out->pending);
    out->has_pending = err == ERR_OK;
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

bool campaign_is_hopeless(enum err err)
{
    switch (err) {
    case ERR_FORMAT:
    case ERR_RANGE:
    case ERR_SPACE:
    case ERR_SHORT:
    case ERR_UNSUPPORTED:
    case ERR_KEY:
    case ERR_MAC:
    case ERR_CORRUPT:
    case ERR_COUNTER_BLOCKED:
        return true;
    default:
        return false;
    }
}

struct campaign_subject campaign_case_subject(const struct campaign_case *c)
{
    return (struct campaign_subject){
        .campaign = &c->campaign,
        .job = &c->job,
        .keys = &c->keys,
        .pending = c->has_pending ? &c->pending : NULL,
    };
}

enum err campaign_case_event(struct campaign_engine *e, struct campaign_case *c,
                             enum campaign_event event, const char *result, bool *moved)
{
    enum ledger_job_state from = c->job.state, to;
    enum err err;

    *moved = false;
    if (campaign_fsm_next(from, event, &to) != ERR_OK)
        return ERR_OK;
    c->job.state = to;
    if (result)
        snprintf(c->job.result, sizeof c->job.result, "%s", result);
    err = ledger_job_update(e->world.ledger, &c->job, from);
    if (err != ERR_OK)
        return err;
    *moved = true;
    if (campaign_fsm_is_final(to)) {
        e->stats.ended[to]++;
        campaign_pace_ended(e, c->campaign.id);
    }
    return ERR_OK;
}

/* --- life ------------------------------------------------------------------------------------- */

static enum err make_parts(struct campaign_engine *e)
{
    e->crypto = crypto_new();
    e->outbox = outbox_new();
    e->inbox = inbox_new();
    if (!e->crypto)
        return ERR_CRYPTO;
    return e->outbox && e->inbox ? ERR_OK : ERR_NOMEM;
}

static enum err take_up(struct campaign_engine *e)
{
    struct ledger *l = e->world.ledger;
    uint64_t now_ms = e->world.now_ms(e->world.context);
    enum err err = ledger_begin(l);

    if (err == ERR_OK)
        err = ledger_packet_redue(l, now_ms + e->limits.look_ms, RESTART_SPREAD_MS);
    if (err == ERR_OK)
        err = ledger_packet_in_flight(l, &e->in_flight);
    if (err == ERR_OK)
        err = ledger_commit(l);
    ledger_rollback(l);
    return err;
}

enum err campaign_new(const struct campaign_world *world, const struct campaign_limits *limits,
                      struct campaign_engine **out)
{
    struct campaign_engine *e = calloc(1, sizeof *e);
    enum err err;

    if (!e)
        return ERR_NOMEM;
    e->world = *world;
    e->limits = *limits;
    err = make_parts(e);
    if (err == ERR_OK)
        err = take_up(e);
    if (err == ERR_OK)
        *out = e;
    else
        campaign_free(&e);
    return err;
}

void campaign_free(struct campaign_engine **e)
{
    if (!*e)
        return;
    crypto_free(&(*e)->crypto);
    outbox_free(&(*e)->outbox);
    inbox_free(&(*e)->inbox);
    free(*e);
    *e = NULL;
}

/* --- steps ------------------------------------------------------------------------------------ */

static bool has_work(struct campaign_engine *e, bool look)
{
    return look || e->more_planned || e->more_due || inbox_count(e->inbox) || e->rejection_count;
}

static enum err do_work(struct campaign_engine *e, bool look)
{
    enum err err = campaign_land_all(e);

    if (err == ERR_OK)
        err = campaign_land_rejections(e);
    if (err != ERR_OK || e->draining)
        return err;
    if (look || e->more_due)
        err = campaign_launch_due(e);
    if (err == ERR_OK && look)
        err = campaign_pace_look(e);
    if (err == ERR_OK && look)
        err = ledger_packet_in_flight(e->world.ledger, &e->in_flight);
    if (err == ERR_OK && (look || e->more_planned))
        err = campaign_launch_new(e);
    return err;
}

static void acknowledge_all(struct campaign_engine *e)
{
    const struct campaign_link *link = &e->world.link;

    for (size_t i = 0; i < inbox_count(e->inbox); i++)
        link->acknowledge(link->context, inbox_at(e->inbox, i)->token);
    inbox_clear(e->inbox);
    e->rejection_count = 0;
}

/* Nothing of the step happened: the ledger says what is. */
static void take_back(struct campaign_engine *e, enum err why)
{
    ledger_rollback(e->world.ledger);
    outbox_drop_staged(e->outbox);
    e->stats = e->stats_before;
    if (ledger_packet_in_flight(e->world.ledger, &e->in_flight) != ERR_OK)
        e->in_flight = e->limits.in_flight; /* begin nothing new until the ledger answers */
    log_write(e->world.log, LOG_ERROR, "step_failed", LOG_FIELDS(LOG_ERR(why)));
}

static enum err transact(struct campaign_engine *e, bool look)
{
    enum err err = ledger_begin(e->world.ledger);

    e->stats_before = e->stats;
    if (err == ERR_OK)
        err = do_work(e, look);
    if (err == ERR_OK)
        err = ledger_commit(e->world.ledger);
    if (err != ERR_OK) {
        take_back(e, err);
        return err;
    }
    outbox_release(e->outbox);
    acknowledge_all(e);
    return ERR_OK;
}

enum err campaign_step(struct campaign_engine *e)
{
    uint64_t now_ms = e->world.now_ms(e->world.context);
    bool look = now_ms >= e->look_due_ms;
    enum err err = ERR_OK;

    if (has_work(e, look)) {
        err = transact(e, look);
        if (look)
            e->look_due_ms = now_ms + e->limits.look_ms;
    }
    outbox_pump(e->outbox, &e->world.link);
    return err;
}

/* --- what comes in ---------------------------------------------------------------------------- */

enum campaign_heard campaign_hear(struct campaign_engine *e, const char *from, struct rd ud,
                                  uint64_t token)
{
    return inbox_hear(e->inbox, from, ud, token, e->world.now_ms(e->world.context));
}

enum campaign_heard campaign_hear_receipt(struct campaign_engine *e, const char *to, bool delivered,
                                          uint64_t token)
{
    return inbox_receipt(e->inbox, to, delivered, token);
}

void campaign_answered(struct campaign_engine *e, uint64_t tag, enum campaign_answer answer,
                       const char *text)
{
    struct campaign_rejection *r = &e->rejections[e->rejection_count];
    struct outbox_loss loss;

    if (outbox_answered(e->outbox, tag, answer, &loss) != ERR_OK || answer != CAMPAIGN_REJECTED)
        return;
    /* One that does not fit is found by its timeout. */
    if (e->rejection_count == CAMPAIGN_REFUSALS_MAX)
        return;
    r->loss = loss;
    snprintf(r->text, sizeof r->text, "SMS centre: %s", text);
    e->rejection_count++;
}

void campaign_link_lost(struct campaign_engine *e)
{
    outbox_link_lost(e->outbox);
}

void campaign_drain(struct campaign_engine *e)
{
    e->draining = true;
}

bool campaign_is_idle(const struct campaign_engine *e)
{
    return outbox_is_empty(e->outbox) && inbox_count(e->inbox) == 0 && e->rejection_count == 0;
}

const struct campaign_stats *campaign_get_stats(const struct campaign_engine *e)
{
    return &e->stats;
}
