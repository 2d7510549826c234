/*
 * launch.c - packets that leave. Everything here happens within a transaction: counter, octets
 * and the job's new state are stored before the outbox gives the packet to the link.
 */
#include "ota/campaign/engine.h"

#include <stdio.h>

#define DUE_MAX 256 /* packets looked at in one step */

static uint64_t due_at(const struct campaign_engine *e, const struct ledger_campaign *c)
{
    return e->world.now_ms(e->world.context) + c->timeout_ms;
}

/* Fresh keys of the lengths and algorithms in force. */
static enum err make_fresh(struct campaign_engine *e, struct secret *key)
{
    return e->world.random(e->world.context, key->bytes, key->len);
}

static enum err make_fresh_ota(struct campaign_engine *e, struct vault_pair *keys)
{
    enum err err = make_fresh(e, &keys->ota.kic.key);

    if (err == ERR_OK)
        err = make_fresh(e, &keys->ota.kid.key);
    return err == ERR_OK ? make_fresh(e, &keys->kik.key) : err;
}

static enum err make_fresh_k(struct campaign_engine *e, struct vault_pair *keys)
{
    enum err err = make_fresh(e, &keys->aka.k);

    return err == ERR_OK && keys->aka.opc.len > 0 ? make_fresh(e, &keys->aka.opc) : err;
}

/* Both renewals keep their keys in one place: as long as the one has not ended, the other waits. */
static bool is_pending_k(const struct campaign_case *c)
{
    return secret_equal(&c->keys.ota.kid.key, &c->pending.ota.kid.key);
}

/* The keys of a renewal are stored before they are used, and the same ones serve every try. */
static enum err prepare_renewal(struct campaign_engine *e, struct campaign_case *c)
{
    bool renew_k = c->campaign.method == LEDGER_RENEW_K;
    enum err err;

    if (c->has_pending)
        return is_pending_k(c) == renew_k ? ERR_OK : ERR_KEY;
    c->pending = c->keys;
    err = renew_k ? make_fresh_k(e, &c->pending) : make_fresh_ota(e, &c->pending);
    if (err == ERR_OK)
        err = ledger_card_set_pending(e->world.ledger, c->job.card_id, &c->pending);
    c->has_pending = err == ERR_OK;
    return err;
}

static bool brings_keys(const struct ledger_campaign *c)
{
    return c->method == LEDGER_RENEW || c->method == LEDGER_RENEW_K;
}

static enum ledger_keys keys_for(const struct campaign_case *c, enum ledger_purpose purpose)
{
    return purpose == LEDGER_ASK && c->has_pending ? c->ask_with : LEDGER_IN_FORCE;
}

static enum err give_up(struct campaign_engine *e, struct campaign_case *c, enum err why)
{
    char text[LEDGER_RESULT_MAX + 1];
    bool moved;
    enum campaign_event event = c->job.state == LEDGER_PLANNED ? CAMPAIGN_CANCEL : CAMPAIGN_SILENCE;

    snprintf(text, sizeof text, "no packet can be made: %s", err_text(why));
    log_write(e->world.log, LOG_WARNING, "no_packet",
              LOG_FIELDS(LOG_TEXT("iccid", c->job.iccid), LOG_ERR(why)));
    return campaign_case_event(e, c, event, text, &moved);
}

static enum err build(struct campaign_engine *e, struct campaign_case *c, uint64_t jump,
                      struct ledger_packet *p)
{
    struct campaign_subject subject;
    enum err err = ERR_OK;

    if (p->purpose == LEDGER_COMMAND && brings_keys(&c->campaign))
        err = prepare_renewal(e, c);
    p->keys = keys_for(c, p->purpose);
    if (err == ERR_OK)
        err = ledger_counter_take(e->world.ledger, c->job.card_id, jump, &p->counter);
    subject = campaign_case_subject(c);
    return err == ERR_OK ? campaign_plan_seal(e->crypto, &subject, p) : err;
}

static enum err stage(struct campaign_engine *e, struct campaign_case *c,
                      const struct ledger_packet *p)
{
    bool moved;
    enum err err;

    if (p->purpose == LEDGER_COMMAND)
        c->job.command_counter = p->counter;
    err = campaign_case_event(e, c, CAMPAIGN_SEND, NULL, &moved);
    if (err == ERR_OK && !moved)
        err = ERR_CONDITIONS;
    if (err == ERR_OK)
        err = ledger_packet_store(e->world.ledger, p, due_at(e, &c->campaign));
    return err == ERR_OK ? outbox_stage(e->outbox, c->job.msisdn, p) : err;
}

enum err campaign_launch(struct campaign_engine *e, struct campaign_case *c,
                         enum ledger_purpose purpose, uint64_t jump)
{
    struct ledger_packet p = {.card_id = c->job.card_id, .job_id = c->job.id, .purpose = purpose};
    enum err err;

    if (purpose == LEDGER_COMMAND)
        c->job.tries++;
    else
        c->job.asks++;
    err = build(e, c, jump, &p);
    if (campaign_is_hopeless(err))
        return give_up(e, c, err);
    if (err == ERR_OK)
        err = stage(e, c, &p);
    if (err != ERR_OK)
        return err;
    if (purpose == LEDGER_ASK) {
        e->stats.asked++;
        return ERR_OK;
    }
    e->stats.sent++;
    e->in_flight++;
    return ERR_OK;
}

/* --- new ones --- */

static enum err launch_campaign(struct campaign_engine *e, const struct ledger_campaign *campaign,
                                size_t *budget)
{
    size_t allowed = campaign_pace_allows(e, campaign);
    enum err err = ERR_OK;

    while (*budget && allowed && err == ERR_OK) {
        CAMPAIGN_CASE_WIPED struct campaign_case c = {0};
        struct ledger_job job;

        err = ledger_job_next(e->world.ledger, campaign->id, &job);
        if (err == ERR_NOT_FOUND)
            return ERR_OK;
        if (err == ERR_OK)
            err = campaign_case_open(e, job.id, &c);
        if (campaign_is_hopeless(err)) {
            c.job = job;
            c.campaign = *campaign;
            err = give_up(e, &c, err);
            continue;
        }
        if (err == ERR_OK)
            err = campaign_launch(e, &c, LEDGER_COMMAND, 0);
        campaign_pace_spend(e, campaign->id);
        allowed--;
        --*budget;
    }
    e->more_planned |= *budget == 0;
    return err;
}

static size_t budget_of(const struct campaign_engine *e)
{
    size_t budget = outbox_room(e->outbox);
    uint64_t flight = e->in_flight < e->limits.in_flight ? e->limits.in_flight - e->in_flight : 0;

    if (budget > e->limits.batch)
        budget = e->limits.batch;
    return budget < flight ? budget : (size_t)flight;
}

enum err campaign_launch_new(struct campaign_engine *e)
{
    size_t budget = budget_of(e);
    struct ledger_campaign campaign;
    enum err err = ERR_OK;

    e->more_planned = false;
    /* Nothing is begun for a link that takes nothing. */
    if (e->world.link.room(e->world.link.context) == 0)
        return ERR_OK;
    for (size_t i = 0; i < e->pace_count && err == ERR_OK; i++) {
        err = ledger_campaign_by_id(e->world.ledger, e->paces[i].campaign_id, &campaign);
        if (err == ERR_OK && campaign.state == LEDGER_RUNNING)
            err = launch_campaign(e, &campaign, &budget);
    }
    return err;
}

/* --- due ones --- */

static enum err end_in_silence(struct campaign_engine *e, struct campaign_case *c)
{
    bool moved;
    enum err err = campaign_case_event(e, c, CAMPAIGN_SILENCE, "no authenticated answer", &moved);

    return err == ERR_OK ? ledger_packet_land(e->world.ledger, c->job.card_id) : err;
}

/* Both key sets of a renewal deserve a question. */
static unsigned questions_max(const struct campaign_case *c)
{
    unsigned one = c->campaign.tries;

    return c->campaign.method == LEDGER_RENEW ? 2 * one : one;
}

enum err campaign_launch_question(struct campaign_engine *e, struct campaign_case *c, uint64_t jump)
{
    bool may_ask = campaign_plan_can_ask(c->campaign.method) && c->job.asks < questions_max(c);

    return may_ask ? campaign_launch(e, c, LEDGER_ASK, jump) : end_in_silence(e, c);
}

static enum err send_again(struct campaign_engine *e, struct campaign_case *c,
                           const struct ledger_packet *p)
{
    bool moved;
    enum err err = campaign_case_event(e, c, CAMPAIGN_SEND, NULL, &moved);

    if (err == ERR_OK)
        err = ledger_packet_again(e->world.ledger, p->card_id, due_at(e, &c->campaign));
    if (err != ERR_OK)
        return err;
    e->stats.resent++;
    return outbox_stage(e->outbox, c->job.msisdn, p);
}

static enum err launch_one_due(struct campaign_engine *e, int64_t card_id)
{
    CAMPAIGN_CASE_WIPED struct campaign_case c = {0};
    struct ledger_packet p;
    enum err err = ledger_packet_get(e->world.ledger, card_id, &p);

    if (err == ERR_OK)
        err = campaign_case_open(e, p.job_id, &c);
    if (err != ERR_OK)
        return err;
    if (campaign_fsm_is_final(c.job.state) || c.job.state == LEDGER_PLANNED)
        return ledger_packet_land(e->world.ledger, card_id);
    /* Time runs for the card, not for a link that is down or slow. */
    if (c.campaign.state == LEDGER_PAUSED || outbox_holds(e->outbox, card_id))
        return ledger_packet_defer(e->world.ledger, card_id, due_at(e, &c.campaign));
    if (p.sendings < c.campaign.tries)
        return send_again(e, &c, &p);
    /* Silence to the command: a question. Of a renewal under the new keys, then under the old
     * ones. Silence to that: nothing is left to try. */
    if (p.purpose == LEDGER_ASK && p.keys == LEDGER_IN_FORCE)
        return end_in_silence(e, &c);
    c.ask_with = p.purpose == LEDGER_COMMAND ? LEDGER_PENDING : LEDGER_IN_FORCE;
    return campaign_launch_question(e, &c, 0);
}

enum err campaign_launch_due(struct campaign_engine *e)
{
    int64_t cards[DUE_MAX];
    size_t count = 0, room = outbox_room(e->outbox);
    enum err err;

    if (room > DUE_MAX)
        room = DUE_MAX;
    e->more_due = false;
    if (room == 0)
        return ERR_OK;
    err =
        ledger_packet_due(e->world.ledger, e->world.now_ms(e->world.context), cards, room, &count);
    for (size_t i = 0; i < count && err == ERR_OK; i++) {
        err = launch_one_due(e, cards[i]);
        if (campaign_is_hopeless(err)) {
            log_write(e->world.log, LOG_ERROR, "damaged_record",
                      LOG_FIELDS(LOG_NUMBER("card", cards[i]), LOG_ERR(err)));
            err = ledger_packet_land(e->world.ledger, cards[i]);
        }
    }
    e->more_due = count == room;
    return err;
}
