#include "test/support/ota/stage.h"
#include "test/support/ota/books.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

static const struct log silent = {.fd = -1};
static const struct campaign_limits limits = {.batch = 256, .in_flight = 5000, .look_ms = 100};

static void open_ledger(struct stage *s)
{
    enum ledger_start how;

    s->ledger = books_open();
    ck_assert_int_eq(ledger_serve(s->ledger, 4096, &how), ERR_OK);
}

static void start_engine(struct stage *s)
{
    struct campaign_world world = fake_net_world(s->net, s->ledger, &silent);

    ck_assert_int_eq(campaign_new(&world, &limits, &s->engine), ERR_OK);
    s->net->engine = s->engine;
    s->net->room = s->net->window;
}

void stage_begin(struct stage *s, size_t cards, uint64_t seed)
{
    books_setup();
    *s = (struct stage){.net = fake_net_new(cards, seed)};
    open_ledger(s);
    fake_net_register(s->net, s->ledger);
    start_engine(s);
}

/* kill -9: nothing is said to anybody. Answers to submit_sm are lost with the connection. */
void stage_crash_and_restart(struct stage *s)
{
    campaign_free(&s->engine);
    ledger_close(&s->ledger);
    s->net->engine = NULL;
    for (size_t i = 0; i < FAKE_QUEUE_MAX; i++) {
        if (s->net->queue[i].used && s->net->queue[i].kind == FAKE_ANSWER)
            s->net->queue[i].used = false;
    }
    fake_net_advance(s->net, 50);
    open_ledger(s);
    start_engine(s);
}

void stage_end(struct stage *s)
{
    campaign_free(&s->engine);
    ledger_close(&s->ledger);
    fake_net_free(&s->net);
}

static void new_imsi(char imsi[IMSI_DIGITS_MAX + 1], size_t i)
{
    snprintf(imsi, IMSI_DIGITS_MAX + 1, "00202000%07u", (unsigned)(i % 10000000));
}

void stage_add_jobs(struct stage *s)
{
    bool change = s->campaign.method == LEDGER_3B || s->campaign.method == LEDGER_3A;
    char imsi[IMSI_DIGITS_MAX + 1] = "";

    ck_assert_int_eq(ledger_begin(s->ledger), ERR_OK);
    ck_assert_int_eq(ledger_campaign_add(s->ledger, &s->campaign), ERR_OK);
    for (size_t i = 0; i < s->net->card_count; i++) {
        if (change)
            new_imsi(imsi, i);
        ck_assert_int_eq(ledger_job_add(s->ledger, &s->campaign, s->net->cards[i].iccid, imsi, ""),
                         ERR_OK);
    }
    ck_assert_int_eq(ledger_campaign_set_state(s->ledger, s->campaign.id, LEDGER_RUNNING, ""),
                     ERR_OK);
    ck_assert_int_eq(ledger_commit(s->ledger), ERR_OK);
}

void stage_prepare(struct stage *s, enum ledger_method method)
{
    ledger_campaign_defaults(&s->campaign, method);
    snprintf(s->campaign.name, sizeof s->campaign.name, "c%d", (int)method);
    s->campaign.timeout_ms = 2000;
}

void stage_start(struct stage *s, enum ledger_method method)
{
    stage_prepare(s, method);
    stage_add_jobs(s);
}

struct ledger_counts stage_counts(struct stage *s)
{
    struct ledger_counts c;

    ck_assert_int_eq(ledger_campaign_count(s->ledger, s->campaign.id, &c), ERR_OK);
    return c;
}

void stage_step(struct stage *s, uint64_t ms)
{
    ck_assert_int_eq(campaign_step(s->engine), ERR_OK);
    fake_net_advance(s->net, ms);
}

bool stage_is_over(struct stage *s)
{
    struct ledger_campaign c;

    ck_assert_int_eq(ledger_campaign_by_id(s->ledger, s->campaign.id, &c), ERR_OK);
    return c.state != LEDGER_RUNNING;
}

void stage_run(struct stage *s, unsigned seconds_max)
{
    for (unsigned i = 0; i < seconds_max * 20 && !stage_is_over(s); i++)
        stage_step(s, 50);
}

struct search {
    const char *iccid;
    struct ledger_job found;
};

static enum err compare(void *context, const struct ledger_job *job)
{
    struct search *search = context;

    if (strcmp(job->iccid, search->iccid) == 0)
        search->found = *job;
    return ERR_OK;
}

struct ledger_job stage_job_of(struct stage *s, size_t card)
{
    struct search search = {.iccid = s->net->cards[card].iccid};

    ck_assert_int_eq(ledger_job_each(s->ledger, s->campaign.id, compare, &search), ERR_OK);
    ck_assert_int_ne(search.found.id, 0);
    return search.found;
}

void stage_assert_all_changed_once(struct stage *s)
{
    for (size_t i = 0; i < s->net->card_count; i++) {
        uint8_t ef[EF_IMSI_LEN];
        char imsi[IMSI_DIGITS_MAX + 1];

        new_imsi(imsi, i);
        ck_assert_int_eq(bcd_imsi_encode(imsi, ef), ERR_OK);
        ck_assert_mem_eq(s->net->cards[i].ef_imsi, ef, sizeof ef);
        ck_assert_uint_eq(s->net->cards[i].executed, 1);
    }
}
