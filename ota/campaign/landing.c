/*
 * landing.c - what comes back: proofs, receipts, refusals of the SMS centre. Within a transaction.
 */
#include "ota/campaign/engine.h"
#include "ota/campaign/proof.h"

#include <stdio.h>
#include <string.h>

#define CANDIDATES_MAX 8

/* "Counter low" to a question: the card knows counters that we do not; each jump is larger. */
static uint64_t jump_after(unsigned asks)
{
    static const uint64_t jumps[] = {1U << 10, 1U << 14, 1U << 18};
    size_t i = asks ? asks - 1U : 0;

    return jumps[i < ARRAY_LEN(jumps) ? i : ARRAY_LEN(jumps) - 1];
}

static enum err land(struct campaign_engine *e, const struct campaign_case *c)
{
    outbox_forget(e->outbox, c->job.card_id);
    if (e->in_flight)
        e->in_flight--;
    return ledger_packet_land(e->world.ledger, c->job.card_id);
}

/* --- one function per verdict --- */

typedef enum err verdict_fn(struct campaign_engine *e, struct campaign_case *c,
                            const struct campaign_finding *f);

static enum err on_done(struct campaign_engine *e, struct campaign_case *c,
                        const struct campaign_finding *f)
{
    bool moved;
    enum err err = campaign_case_event(e, c, CAMPAIGN_PROOF, f->text, &moved);

    if (err != ERR_OK || !moved)
        return err;
    if (c->campaign.method == LEDGER_3B || c->campaign.method == LEDGER_3A)
        err =
            ledger_card_moved(e->world.ledger, c->job.card_id, c->job.new_imsi, c->job.new_msisdn);
    if (c->campaign.method == LEDGER_RENEW || c->campaign.method == LEDGER_RENEW_K)
        err = ledger_card_promote(e->world.ledger, c->job.card_id);
    return err == ERR_OK ? land(e, c) : err;
}

/* A refused PUT KEY brought nothing. A new K is kept: an earlier command with it, of which no proof
 * came, may have been executed, and the next campaign tries the same one again. */
static enum err on_refused(struct campaign_engine *e, struct campaign_case *c,
                           const struct campaign_finding *f)
{
    bool moved;
    enum err err = campaign_case_event(e, c, CAMPAIGN_REFUSAL, f->text, &moved);

    if (err != ERR_OK || !moved)
        return err;
    if (c->campaign.method == LEDGER_RENEW && c->has_pending)
        err = ledger_card_drop_pending(e->world.ledger, c->job.card_id);
    return err == ERR_OK ? land(e, c) : err;
}

static enum err on_fell_back(struct campaign_engine *e, struct campaign_case *c,
                             const struct campaign_finding *f)
{
    bool moved;
    enum err err = campaign_case_event(e, c, CAMPAIGN_REVERT, f->text, &moved);

    return err == ERR_OK && moved ? land(e, c) : err;
}

/* Plan it anew with a fresh counter, as often as a command may be tried. */
static enum err on_not_executed(struct campaign_engine *e, struct campaign_case *c,
                                const struct campaign_finding *f)
{
    bool enough = c->job.tries >= c->campaign.tries || c->campaign.state == LEDGER_CANCELLED;
    bool moved;
    enum err err =
        campaign_case_event(e, c, enough ? CAMPAIGN_REFUSAL : CAMPAIGN_NOT_DONE, f->text, &moved);

    e->more_planned |= moved;
    return err == ERR_OK && moved ? land(e, c) : err;
}

/*
 * Counter low to the command: it was executed before, or the card's counter is ahead of ours. Only
 * a question can tell which. A method without a question ends as unknown: the proof that it
 * was executed says nothing of the result.
 */
static enum err on_executed_once(struct campaign_engine *e, struct campaign_case *c,
                                 const struct campaign_finding *f)
{
    struct ledger_packet last;
    bool moved, ahead;
    enum err err = ledger_packet_get(e->world.ledger, c->job.card_id, &last);

    if (err != ERR_OK || campaign_fsm_is_final(c->job.state))
        return err;
    /* The question is out already; this answers a duplicate of the command. */
    if (f->answers == LEDGER_COMMAND && last.purpose == LEDGER_ASK)
        return ERR_OK;
    err = land(e, c);
    if (err != ERR_OK)
        return err;
    if (!campaign_plan_can_ask(c->campaign.method))
        return campaign_case_event(e, c, CAMPAIGN_SILENCE, "executed, but its answer was lost",
                                   &moved);
    c->ask_with = f->answers == LEDGER_COMMAND ? LEDGER_PENDING : f->keys;
    /* Sent more than once, its own duplicate may have made it low. */
    ahead = f->answers == LEDGER_ASK && last.sendings == 1;
    return campaign_launch_question(e, c, ahead ? jump_after(c->job.asks) : 0);
}

static enum err on_hint(struct campaign_engine *e, struct campaign_case *c,
                        const struct campaign_finding *f)
{
    if (campaign_fsm_is_final(c->job.state))
        return ERR_OK;
    snprintf(c->job.hint, sizeof c->job.hint, "%s", f->text);
    return ledger_job_update(e->world.ledger, &c->job, c->job.state);
}

static verdict_fn *const verdicts[] = {
    [CAMPAIGN_NOTHING] = NULL,
    [CAMPAIGN_HINT] = on_hint,
    [CAMPAIGN_DONE] = on_done,
    [CAMPAIGN_REFUSED] = on_refused,
    [CAMPAIGN_EXECUTED_ONCE] = on_executed_once,
    [CAMPAIGN_NOT_EXECUTED] = on_not_executed,
    [CAMPAIGN_FELL_BACK] = on_fell_back,
    [CAMPAIGN_WAIT] = on_hint,
};

/* --- whose is it? --- */

static enum err open_last(struct campaign_engine *e, int64_t card_id, struct campaign_case *c,
                          struct ledger_packet *last)
{
    enum err err = ledger_packet_get(e->world.ledger, card_id, last);

    return err == ERR_OK ? campaign_case_open(e, last->job_id, c) : err;
}

/* ERR_NOT_FOUND: the packet is not of this card. */
static enum err try_candidate(struct campaign_engine *e, int64_t card_id, struct rd packet,
                              bool hints)
{
    CAMPAIGN_CASE_WIPED struct campaign_case c = {0};
    struct campaign_finding finding;
    struct campaign_subject subject;
    struct ledger_packet last;
    enum err err = open_last(e, card_id, &c, &last);

    if (err != ERR_OK)
        return err;
    subject = campaign_case_subject(&c);
    campaign_proof_judge(e->crypto, &subject, &last, packet, &finding);
    if (finding.verdict == CAMPAIGN_NOTHING || (finding.verdict == CAMPAIGN_HINT) != hints)
        return ERR_NOT_FOUND;
    if (hints)
        e->stats.hints++;
    else
        e->stats.proofs++;
    return verdicts[finding.verdict](e, &c, &finding);
}

/* The number only says where to look first; who it is, the CC says. A hint is believed of nobody
 * as long as somebody may have proved. */
static enum err land_proof(struct campaign_engine *e, const struct inbox_entry *entry)
{
    int64_t cards[CANDIDATES_MAX];
    size_t count = 0;
    enum err err =
        ledger_card_candidates(e->world.ledger, entry->number, cards, CANDIDATES_MAX, &count);

    for (int hints = 0; hints < 2 && err == ERR_OK; hints++) {
        for (size_t i = 0; i < count; i++) {
            err = try_candidate(e, cards[i], RD(entry->packet, entry->len), hints == 1);
            if (err != ERR_NOT_FOUND)
                return err;
            err = ERR_OK;
        }
    }
    if (err != ERR_OK)
        return err;
    e->stats.unmatched++;
    log_write(e->world.log, LOG_NOTICE, "unmatched_response",
              LOG_FIELDS(LOG_TEXT("from", entry->number), LOG_NUMBER("len", entry->len)));
    return ERR_OK;
}

/* --- receipts and rejections --- */

static enum err receipt_of(struct campaign_engine *e, int64_t card_id, bool delivered)
{
    CAMPAIGN_CASE_WIPED struct campaign_case c = {0};
    struct ledger_packet last;
    struct ledger_job *job = &c.job;
    enum ledger_job_state to;
    enum err err = ledger_packet_get(e->world.ledger, card_id, &last);

    if (err == ERR_OK && last.in_flight)
        err = ledger_job_by_id(e->world.ledger, last.job_id, job);
    else if (err == ERR_OK || err == ERR_NOT_FOUND)
        return ERR_OK;
    if (err != ERR_OK)
        return err;
    if (!delivered) {
        snprintf(job->hint, sizeof job->hint, "the SMS centre could not deliver");
        return ledger_job_update(e->world.ledger, job, job->state);
    }
    if (job->state == LEDGER_DELIVERED ||
        campaign_fsm_next(job->state, CAMPAIGN_DELIVERED, &to) != ERR_OK)
        return ERR_OK;
    job->state = to;
    return ledger_job_update(e->world.ledger, job, LEDGER_SENT);
}

static enum err land_receipt(struct campaign_engine *e, const struct inbox_entry *entry)
{
    int64_t cards[CANDIDATES_MAX];
    size_t count = 0;
    enum err err =
        ledger_card_candidates(e->world.ledger, entry->number, cards, CANDIDATES_MAX, &count);

    for (size_t i = 0; i < count && err == ERR_OK; i++)
        err = receipt_of(e, cards[i], entry->kind == INBOX_DELIVERED);
    return err;
}

enum err campaign_land_all(struct campaign_engine *e)
{
    enum err err = ERR_OK;

    for (size_t i = 0; i < inbox_count(e->inbox) && err == ERR_OK; i++) {
        const struct inbox_entry *entry = inbox_at(e->inbox, i);

        err = entry->kind == INBOX_PROOF ? land_proof(e, entry) : land_receipt(e, entry);
        /* One damaged record must not keep all other proofs from landing. */
        if (campaign_is_hopeless(err)) {
            log_write(e->world.log, LOG_ERROR, "damaged_record",
                      LOG_FIELDS(LOG_TEXT("number", entry->number), LOG_ERR(err)));
            err = ERR_OK;
        }
    }
    return err;
}

/* A first sending that the SMS centre refused never reached the card. Later ones say nothing of the
 * earlier: the timeout goes on. */
static enum err land_rejection(struct campaign_engine *e, const struct campaign_rejection *r)
{
    CAMPAIGN_CASE_WIPED struct campaign_case c = {0};
    struct ledger_packet last;
    bool moved = false;
    enum err err = open_last(e, r->loss.card_id, &c, &last);

    if (err != ERR_OK)
        return err;
    if (last.counter != r->loss.counter || last.sendings > 1 || last.purpose != LEDGER_COMMAND ||
        c.job.tries > 1)
        return ERR_OK;
    err = campaign_case_event(e, &c, CAMPAIGN_CANCEL, r->text, &moved);
    return err == ERR_OK && moved ? land(e, &c) : err;
}

enum err campaign_land_rejections(struct campaign_engine *e)
{
    enum err err = ERR_OK;

    for (size_t i = 0; i < e->rejection_count && err == ERR_OK; i++)
        err = land_rejection(e, &e->rejections[i]);
    return err;
}
