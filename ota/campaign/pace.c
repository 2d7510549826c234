/*
 * pace.c - how many cards a campaign may begin: rate, canary group, stop rule; and its end.
 */
#include "ota/campaign/engine.h"

#include <stdio.h>
#include <string.h>

#define STOP_MIN      20   /* ended jobs before the stop rule judges without a canary group */
#define COUNT_SHARE   20   /* counting takes at most this part of the time */
#define COUNT_MS_MAX  1000 /* longest wait for a count when nothing ended */
#define BURST_SECONDS 0.5

static struct campaign_pace *find(struct campaign_engine *e, int64_t campaign_id)
{
    for (size_t i = 0; i < e->pace_count; i++) {
        if (e->paces[i].campaign_id == campaign_id)
            return &e->paces[i];
    }
    return NULL;
}

/* Keep the paces of campaigns that still run, begin those of new ones. */
static void update_paces(struct campaign_engine *e, const int64_t *ids, size_t count)
{
    struct campaign_pace paces[CAMPAIGN_RUNNING_MAX];

    for (size_t i = 0; i < count; i++) {
        const struct campaign_pace *old = find(e, ids[i]);

        paces[i] = old ? *old
                       : (struct campaign_pace){.campaign_id = ids[i],
                                                .filled_ms = e->world.now_ms(e->world.context)};
    }
    memcpy(e->paces, paces, count * sizeof paces[0]);
    e->pace_count = count;
}

static uint64_t bad(const struct ledger_counts *c)
{
    return c->jobs[LEDGER_FAILED] + c->jobs[LEDGER_UNKNOWN] + c->jobs[LEDGER_UNDONE];
}

static uint64_t ended(const struct ledger_counts *c)
{
    return bad(c) + c->jobs[LEDGER_PROVED] + c->jobs[LEDGER_ATTACHED];
}

static enum err finish(struct campaign_engine *e, const struct ledger_campaign *c)
{
    log_write(e->world.log, LOG_NOTICE, "campaign_finished",
              LOG_FIELDS(LOG_TEXT("campaign", c->name)));
    return ledger_campaign_set_state(e->world.ledger, c->id, LEDGER_FINISHED, "");
}

static enum err stop(struct campaign_engine *e, const struct ledger_campaign *c,
                     const struct ledger_counts *n)
{
    char reason[LEDGER_RESULT_MAX + 1];
    enum err err;

    snprintf(reason, sizeof reason, "stop rule: %llu of %llu ended badly, more than %u %%",
             (unsigned long long)bad(n), (unsigned long long)ended(n), c->stop_percent);
    log_write(e->world.log, LOG_WARNING, "campaign_paused",
              LOG_FIELDS(LOG_TEXT("campaign", c->name), LOG_TEXT("reason", reason)));
    err = ledger_campaign_set_state(e->world.ledger, c->id, LEDGER_PAUSED, reason);
    return err == ERR_OK ? ledger_note(e->world.ledger, "stop-rule", c->id, 0, reason) : err;
}

static bool must_stop(const struct ledger_campaign *c, const struct ledger_counts *n)
{
    uint64_t min = c->canary && c->canary < STOP_MIN ? c->canary : STOP_MIN;

    if (c->stop_percent >= 100 || ended(n) < min)
        return false;
    return bad(n) * 100 > ended(n) * c->stop_percent;
}

/* What the counts say is done at once. */
static enum err judge(struct campaign_engine *e, const struct campaign_pace *p)
{
    struct ledger_campaign c;
    enum err err = ledger_campaign_by_id(e->world.ledger, p->campaign_id, &c);

    if (err != ERR_OK || c.state != LEDGER_RUNNING)
        return err;
    if (ended(&p->counts) == p->counts.total)
        return finish(e, &c);
    return must_stop(&c, &p->counts) ? stop(e, &c, &p->counts) : ERR_OK;
}

/* A count of a million jobs is not free: the more it costs, the rarer it is. */
static enum err count(struct campaign_engine *e, struct campaign_pace *p)
{
    uint64_t begun_ms = e->world.now_ms(e->world.context), took_ms;
    enum err err = ledger_campaign_count(e->world.ledger, p->campaign_id, &p->counts);

    took_ms = e->world.now_ms(e->world.context) - begun_ms;
    p->count_due_ms = begun_ms + took_ms * COUNT_SHARE;
    if (!p->ended)
        p->count_due_ms += COUNT_MS_MAX;
    p->ended = false;
    return err == ERR_OK ? judge(e, p) : err;
}

enum err campaign_pace_look(struct campaign_engine *e)
{
    int64_t ids[CAMPAIGN_RUNNING_MAX];
    uint64_t now_ms = e->world.now_ms(e->world.context);
    size_t n = 0;
    enum err err = ledger_campaign_running(e->world.ledger, ids, CAMPAIGN_RUNNING_MAX, &n);

    if (err != ERR_OK)
        return err;
    update_paces(e, ids, n);
    for (size_t i = 0; i < e->pace_count && err == ERR_OK; i++) {
        struct campaign_pace *p = &e->paces[i];

        if (p->count_due_ms <= now_ms || p->ended)
            err = count(e, p);
    }
    return err;
}

static void fill(struct campaign_engine *e, const struct ledger_campaign *c,
                 struct campaign_pace *p)
{
    uint64_t now_ms = e->world.now_ms(e->world.context);
    double most = c->rate * BURST_SECONDS;

    p->tokens += c->rate * (double)(now_ms - p->filled_ms) / 1000;
    p->filled_ms = now_ms;
    if (most < 1)
        most = 1;
    if (p->tokens > most)
        p->tokens = most;
}

/* The canary group goes first; the others wait until all of it has ended. */
static size_t canary_room(const struct ledger_campaign *c, const struct ledger_counts *n)
{
    uint64_t begun = n->total - n->jobs[LEDGER_PLANNED];

    if (c->canary == 0 || ended(n) >= c->canary)
        return SIZE_MAX;
    return begun < c->canary ? (size_t)(c->canary - begun) : 0;
}

size_t campaign_pace_allows(struct campaign_engine *e, const struct ledger_campaign *c)
{
    struct campaign_pace *p = find(e, c->id);
    size_t room;

    if (!p)
        return 0;
    room = canary_room(c, &p->counts);
    if (c->rate == 0)
        return room;
    fill(e, c, p);
    return p->tokens < (double)room ? (size_t)p->tokens : room;
}

void campaign_pace_spend(struct campaign_engine *e, int64_t campaign_id)
{
    struct campaign_pace *p = find(e, campaign_id);

    if (!p)
        return;
    p->tokens -= 1;
    if (p->counts.jobs[LEDGER_PLANNED])
        p->counts.jobs[LEDGER_PLANNED]--;
}

void campaign_pace_ended(struct campaign_engine *e, int64_t campaign_id)
{
    struct campaign_pace *p = find(e, campaign_id);

    if (p)
        p->ended = true;
}
