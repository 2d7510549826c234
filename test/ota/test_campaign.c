/* Tests of the campaign engine (ota/campaign). Goal: every change ends as done or not done whatever
 * the network loses, nothing is done twice, nothing is believed without a CC, a crash loses
 * nothing. Method: real ledger, cards and network of test/support/ota/fake_net.h, a clock that the
 * test moves. */
#include "ota/campaign/engine.h"
#include "test/support/ota/fake_net.h"
#include "test/support/ota/scratch.h"
#include "test/support/runner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEK "000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F"

static const struct log silent = {.fd = -1};
static const struct campaign_limits limits = {.batch = 256, .in_flight = 5000, .look_ms = 100};

/* Everything a test works with. */
struct stage {
    struct fake_net *net;
    struct ledger *ledger;
    struct campaign_engine *engine;
    struct ledger_campaign campaign;
};

static void open_ledger(struct stage *s)
{
    struct secret kek;
    enum ledger_start how;

    ck_assert_int_eq(secret_from_hex(&kek, KEK), ERR_OK);
    ck_assert_int_eq(ledger_open("ota.db", &kek, true, &s->ledger), ERR_OK);
    ck_assert_int_eq(ledger_serve(s->ledger, 4096, &how), ERR_OK);
}

static void start_engine(struct stage *s)
{
    struct campaign_world world = fake_net_world(s->net, s->ledger, &silent);

    ck_assert_int_eq(campaign_new(&world, &limits, &s->engine), ERR_OK);
    s->net->engine = s->engine;
    s->net->room = s->net->window;
}

static void begin(struct stage *s, size_t cards, uint64_t seed)
{
    scratch_enter();
    *s = (struct stage){.net = fake_net_new(cards, seed)};
    open_ledger(s);
    fake_net_register(s->net, s->ledger);
    start_engine(s);
}

/* kill -9: nothing is said to anybody. Answers to submit_sm are lost with the connection. */
static void crash_and_restart(struct stage *s)
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

static void end(struct stage *s)
{
    campaign_free(&s->engine);
    ledger_close(&s->ledger);
    fake_net_free(&s->net);
}

static void new_imsi(char imsi[IMSI_DIGITS_MAX + 1], size_t i)
{
    snprintf(imsi, IMSI_DIGITS_MAX + 1, "00202000%07u", (unsigned)(i % 10000000));
}

static void add_jobs(struct stage *s)
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

static void prepare(struct stage *s, enum ledger_method method)
{
    ledger_campaign_defaults(&s->campaign, method);
    snprintf(s->campaign.name, sizeof s->campaign.name, "c%d", (int)method);
    s->campaign.timeout_ms = 2000;
}

static void start(struct stage *s, enum ledger_method method)
{
    prepare(s, method);
    add_jobs(s);
}

static struct ledger_counts counts(struct stage *s)
{
    struct ledger_counts c;

    ck_assert_int_eq(ledger_campaign_count(s->ledger, s->campaign.id, &c), ERR_OK);
    return c;
}

static void step(struct stage *s, uint64_t ms)
{
    ck_assert_int_eq(campaign_step(s->engine), ERR_OK);
    fake_net_advance(s->net, ms);
}

static bool is_over(struct stage *s)
{
    struct ledger_campaign c;

    ck_assert_int_eq(ledger_campaign_by_id(s->ledger, s->campaign.id, &c), ERR_OK);
    return c.state != LEDGER_RUNNING;
}

static void run(struct stage *s, unsigned seconds_max)
{
    for (unsigned i = 0; i < seconds_max * 20 && !is_over(s); i++)
        step(s, 50);
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

static struct ledger_job job_of(struct stage *s, size_t card)
{
    struct search search = {.iccid = s->net->cards[card].iccid};

    ck_assert_int_eq(ledger_job_each(s->ledger, s->campaign.id, compare, &search), ERR_OK);
    ck_assert_int_ne(search.found.id, 0);
    return search.found;
}

static void assert_all_changed_once(struct stage *s)
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

/* --- the methods ------------------------------------------------------------------------------ */

START_TEST(campaign_3b_moves_every_card)
{
    struct stage s;
    struct ledger_card card;
    struct ledger_job job;

    begin(&s, 50, 1);
    start(&s, LEDGER_3B);
    run(&s, 30);
    ck_assert_uint_eq(counts(&s).jobs[LEDGER_PROVED], 50);
    assert_all_changed_once(&s);
    job = job_of(&s, 0);
    ck_assert_str_eq(job.result, "slot 2, in trial");
    ck_assert_int_eq(ledger_card_by_iccid(s.ledger, s.net->cards[0].iccid, &card), ERR_OK);
    ck_assert_int_eq(card.owner, LEDGER_MOVED);
    ck_assert_uint_eq(s.net->submitted, 50);
    ck_assert_uint_eq(s.net->acknowledged, 50);
    end(&s);
}
END_TEST

START_TEST(campaign_3a_writes_the_imsi_last_in_one_packet)
{
    struct stage s;

    begin(&s, 20, 2);
    start(&s, LEDGER_3A);
    run(&s, 30);
    ck_assert_uint_eq(counts(&s).jobs[LEDGER_PROVED], 20);
    assert_all_changed_once(&s);
    ck_assert_uint_gt(s.net->submitted, 20 * 5); /* parts */
    end(&s);
}
END_TEST

START_TEST(campaign_renew_changes_the_keys_at_both_ends)
{
    struct stage s;
    struct vault_pair keys;
    struct ledger_card card;

    begin(&s, 20, 3);
    start(&s, LEDGER_RENEW);
    run(&s, 30);
    ck_assert_uint_eq(counts(&s).jobs[LEDGER_PROVED], 20);
    for (size_t i = 0; i < 20; i++) {
        ck_assert_int_eq(ledger_card_by_iccid(s.ledger, s.net->cards[i].iccid, &card), ERR_OK);
        ck_assert(!card.renewing);
        ck_assert_int_eq(ledger_card_keys(s.ledger, card.id, LEDGER_IN_FORCE, &keys), ERR_OK);
        ck_assert(secret_equal(&keys.ota.kid.key, &s.net->cards[i].keys.ota.kid.key));
        ck_assert(secret_equal(&keys.kik.key, &s.net->cards[i].keys.kik.key));
    }
    end(&s);
}
END_TEST

START_TEST(campaign_query_and_script_tell_what_the_card_said)
{
    struct stage s;
    struct ledger_job job;

    begin(&s, 2, 4);
    start(&s, LEDGER_QUERY);
    run(&s, 30);
    job = job_of(&s, 1);
    ck_assert_int_eq(job.state, LEDGER_PROVED);
    ck_assert_str_eq(job.result, "slot 1 of 4, 3 spare, never changed");
    prepare(&s, LEDGER_SCRIPT);
    memcpy(s.campaign.tar, "\xB0\x00\x01", 3);
    memcpy(s.campaign.script, "\x00\xA4\x00\x04\x02\x6F\x07", s.campaign.script_len = 7);
    add_jobs(&s);
    run(&s, 30);
    job = job_of(&s, 1);
    ck_assert_int_eq(job.state, LEDGER_PROVED);
    ck_assert_str_eq(job.result, "1 commands, last 9000");
    end(&s);
}
END_TEST

/* --- security: TS 102 225 5.2, sec_S1, sec_S2 ----------------------------------------------------
 */

static const enum ledger_method lossy_methods[] = {LEDGER_3B, LEDGER_3A, LEDGER_RENEW};

START_TEST(sec_S1_lost_and_doubled_messages_leave_nothing_open)
{
    struct stage s;
    struct ledger_counts n;

    begin(&s, 400, 5);
    s.net->loss_percent = 30;
    s.net->double_percent = 10;
    s.net->again_percent = 10;
    s.net->delay_ms = lossy_methods[_i] == LEDGER_3A ? 0 : 1500;
    prepare(&s, lossy_methods[_i]);
    s.campaign.tries = lossy_methods[_i] == LEDGER_3A ? 200 : 30; /* all parts must come through */
    add_jobs(&s);
    run(&s, 3000);
    n = counts(&s);
    ck_assert_uint_eq(n.jobs[LEDGER_PROVED], n.total);
    if (lossy_methods[_i] != LEDGER_RENEW)
        assert_all_changed_once(&s);
    for (size_t i = 0; i < s.net->card_count; i++)
        ck_assert_uint_eq(s.net->cards[i].executed, 1);
    end(&s);
}
END_TEST

/* The card was reached, its proofs never come back until we ask. */
START_TEST(campaign_asks_when_every_proof_is_lost)
{
    struct stage s;
    struct ledger_job job;

    begin(&s, 1, 6);
    prepare(&s, LEDGER_3B);
    s.campaign.tries = 2;
    add_jobs(&s);
    s.net->deaf = true;
    while (campaign_get_stats(s.engine)->asked == 0)
        step(&s, 50);
    s.net->deaf = false;
    run(&s, 30);
    job = job_of(&s, 0);
    ck_assert_int_eq(job.state, LEDGER_PROVED);
    ck_assert_str_eq(job.result, "slot 2, in trial (asked)");
    ck_assert_uint_eq(s.net->cards[0].executed, 1);
    end(&s);
}
END_TEST

START_TEST(campaign_resends_the_same_octets)
{
    struct stage s;
    struct ledger_packet before, after;
    struct ledger_job job;

    begin(&s, 1, 7);
    s.net->cards[0].mute = true;
    start(&s, LEDGER_3B);
    step(&s, 50);
    job = job_of(&s, 0);
    ck_assert_int_eq(ledger_packet_get(s.ledger, job.card_id, &before), ERR_OK);
    for (int i = 0; i < 60; i++)
        step(&s, 50);
    ck_assert_int_eq(ledger_packet_get(s.ledger, job.card_id, &after), ERR_OK);
    ck_assert_uint_gt(after.sendings, before.sendings);
    ck_assert_uint_eq(after.counter, before.counter);
    ck_assert_uint_eq(after.len, before.len);
    ck_assert_mem_eq(after.octets, before.octets, before.len);
    end(&s);
}
END_TEST

START_TEST(campaign_ends_as_unknown_when_nobody_answers_and_takes_a_late_proof)
{
    struct stage s;
    struct ledger_job job;
    struct ledger_packet last;

    begin(&s, 1, 8);
    s.net->cards[0].mute = true;
    prepare(&s, LEDGER_QUERY);
    s.campaign.tries = 2;
    add_jobs(&s);
    run(&s, 60);
    job = job_of(&s, 0);
    ck_assert_int_eq(job.state, LEDGER_UNKNOWN);
    ck_assert_str_eq(job.result, "no authenticated answer");
    s.net->cards[0].mute = false;
    ck_assert_int_eq(ledger_packet_get(s.ledger, job.card_id, &last), ERR_OK);
    {
        uint8_t bytes[300] = {0x02, 0x71, 0x00}, answer[256];
        struct wr w = WR_ARRAY(answer);
        struct rd r = fake_card_answer(s.net, &s.net->cards[0], RD(last.octets, last.len), &w);

        memcpy(bytes + 3, r.at, r.left);
        ck_assert_int_eq(campaign_hear(s.engine, s.net->cards[0].msisdn, RD(bytes, 3 + r.left), 1),
                         CAMPAIGN_TAKEN);
    }
    step(&s, 50);
    ck_assert_int_eq(job_of(&s, 0).state, LEDGER_PROVED);
    end(&s);
}
END_TEST

START_TEST(campaign_takes_plain_errors_for_hints_only)
{
    struct stage s;
    struct ledger_job job;

    begin(&s, 1, 9);
    s.net->cards[0].dead = true;
    prepare(&s, LEDGER_3B);
    s.campaign.tries = 2;
    add_jobs(&s);
    step(&s, 50);
    step(&s, 50);
    job = job_of(&s, 0);
    ck_assert_int_eq(job.state, LEDGER_SENT);
    ck_assert_str_eq(job.hint, "not authenticated: unidentified security error");
    run(&s, 60);
    ck_assert_int_eq(job_of(&s, 0).state, LEDGER_UNKNOWN);
    ck_assert_uint_eq(campaign_get_stats(s.engine)->proofs, 0);
    end(&s);
}
END_TEST

START_TEST(campaign_fails_what_the_card_refuses_with_its_cc)
{
    struct stage s;

    begin(&s, 2, 10);
    s.net->cards[0].refuse_rsc = RSC_LEVEL;
    s.net->cards[1].slots = 4;
    s.net->cards[1].active = 3; /* not where the ledger believes it */
    start(&s, LEDGER_3B);
    run(&s, 30);
    ck_assert_int_eq(job_of(&s, 0).state, LEDGER_FAILED);
    ck_assert_str_eq(job_of(&s, 0).result, "security level too low");
    ck_assert_int_eq(job_of(&s, 1).state, LEDGER_FAILED);
    ck_assert_uint_eq(s.net->cards[0].executed + s.net->cards[1].executed, 0);
    end(&s);
}
END_TEST

/* Imported with the counter unknown: the card is far ahead of the ledger. */
START_TEST(campaign_catches_up_with_a_card_whose_counter_is_ahead)
{
    struct stage s;

    begin(&s, 1, 11);
    s.net->cards[0].counter = 12345;
    start(&s, LEDGER_3B);
    run(&s, 60);
    ck_assert_int_eq(job_of(&s, 0).state, LEDGER_PROVED);
    assert_all_changed_once(&s);
    end(&s);
}
END_TEST

START_TEST(campaign_fails_what_the_sms_centre_never_takes)
{
    struct stage s;

    begin(&s, 1, 12);
    s.net->answer = CAMPAIGN_REJECTED;
    start(&s, LEDGER_3B);
    run(&s, 30);
    ck_assert_int_eq(job_of(&s, 0).state, LEDGER_FAILED);
    ck_assert_str_eq(job_of(&s, 0).result, "SMS centre: no such number");
    end(&s);
}
END_TEST

START_TEST(campaign_joins_a_proof_of_several_parts_in_any_order)
{
    struct stage s;
    uint8_t first[] = {0x07, 0x00, 0x03, 0x01, 0x02, 0x01, 0x71, 0x00, 0xAA},
            second[] = {0x05, 0x00, 0x03, 0x01, 0x02, 0x02, 0xBB},
            lone[] = {0x05, 0x00, 0x03, 9, 2, 2, 1};

    begin(&s, 1, 13);
    ck_assert_int_eq(campaign_hear(s.engine, "1", RD_ARRAY(second), 1), CAMPAIGN_IGNORED);
    ck_assert_int_eq(campaign_hear(s.engine, "1", RD_ARRAY(second), 2), CAMPAIGN_IGNORED);
    ck_assert_int_eq(campaign_hear(s.engine, "2", RD_ARRAY(first), 3), CAMPAIGN_IGNORED);
    ck_assert_int_eq(campaign_hear(s.engine, "1", RD_ARRAY(first), 4), CAMPAIGN_TAKEN);
    ck_assert_uint_eq(inbox_at(s.engine->inbox, 0)->len, 2);
    ck_assert_uint_eq(inbox_at(s.engine->inbox, 0)->packet[0], 0xAA);
    ck_assert_uint_eq(inbox_at(s.engine->inbox, 0)->token, 4);
    /* A flood of first parts takes no more room than there is. */
    for (unsigned i = 0; i < 5000; i++) {
        char from[12];

        snprintf(from, sizeof from, "%u", i);
        ck_assert_int_eq(campaign_hear(s.engine, from, RD_ARRAY(lone), 5), CAMPAIGN_IGNORED);
    }
    end(&s);
}
END_TEST

/* --- order and rate
 * -------------------------------------------------------------------------------- */

START_TEST(campaign_waits_for_its_canaries_and_stops_by_its_rule)
{
    struct stage s;
    struct ledger_campaign c;

    begin(&s, 30, 14);
    for (size_t i = 0; i < 5; i++)
        s.net->cards[i].refuse_rsc = RSC_LEVEL;
    prepare(&s, LEDGER_3B);
    s.campaign.canary = 5;
    s.campaign.stop_percent = 20;
    add_jobs(&s);
    step(&s, 0);
    ck_assert_uint_eq(counts(&s).jobs[LEDGER_PLANNED], 25);
    run(&s, 30);
    ck_assert_int_eq(ledger_campaign_by_id(s.ledger, s.campaign.id, &c), ERR_OK);
    ck_assert_int_eq(c.state, LEDGER_PAUSED);
    ck_assert_str_eq(c.reason, "stop rule: 5 of 5 ended badly, more than 20 %");
    ck_assert_uint_eq(counts(&s).jobs[LEDGER_PLANNED], 25);
    end(&s);
}
END_TEST

START_TEST(campaign_obeys_its_rate)
{
    struct stage s;
    uint64_t begun;

    begin(&s, 200, 15);
    prepare(&s, LEDGER_QUERY);
    s.campaign.rate = 20;
    add_jobs(&s);
    for (int i = 0; i < 20 * 5; i++) /* five seconds */
        step(&s, 50);
    begun = 200 - counts(&s).jobs[LEDGER_PLANNED];
    ck_assert_uint_ge(begun, 90);
    ck_assert_uint_le(begun, 111);
    run(&s, 30);
    ck_assert_uint_eq(counts(&s).jobs[LEDGER_PROVED], 200);
    end(&s);
}
END_TEST

START_TEST(campaign_pause_holds_everything_back)
{
    struct stage s;
    uint64_t submitted;

    begin(&s, 10, 16);
    for (size_t i = 0; i < 10; i++)
        s.net->cards[i].mute = true;
    start(&s, LEDGER_3B);
    step(&s, 50);
    ck_assert_int_eq(ledger_campaign_set_state(s.ledger, s.campaign.id, LEDGER_PAUSED, "x"),
                     ERR_OK);
    submitted = s.net->submitted;
    for (int i = 0; i < 200; i++)
        step(&s, 50);
    ck_assert_uint_eq(s.net->submitted, submitted);
    for (size_t i = 0; i < 10; i++)
        s.net->cards[i].mute = false;
    ck_assert_int_eq(ledger_campaign_set_state(s.ledger, s.campaign.id, LEDGER_RUNNING, ""),
                     ERR_OK);
    run(&s, 30);
    ck_assert_uint_eq(counts(&s).jobs[LEDGER_PROVED], 10);
    end(&s);
}
END_TEST

/* --- crashes (sec_S4)
 * ------------------------------------------------------------------------------ */

START_TEST(sec_S4_a_crash_between_any_two_steps_loses_and_repeats_nothing)
{
    struct stage s;

    begin(&s, 100, (uint64_t)_i + 20);
    s.net->loss_percent = 10;
    s.net->delay_ms = 300;
    prepare(&s, lossy_methods[_i]);
    s.campaign.tries = 50;
    if (lossy_methods[_i] == LEDGER_3A)
        s.net->delay_ms = s.net->loss_percent = 0;
    add_jobs(&s);
    for (int i = 0; i < 40 && !is_over(&s); i++) {
        for (int j = 0; j <= i % 4; j++)
            step(&s, 50);
        crash_and_restart(&s);
    }
    run(&s, 600);
    ck_assert_uint_eq(counts(&s).jobs[LEDGER_PROVED], 100);
    for (size_t i = 0; i < s.net->card_count; i++)
        ck_assert_uint_eq(s.net->cards[i].executed, 1);
    end(&s);
}
END_TEST

START_TEST(campaign_link_lost_sends_open_messages_again)
{
    struct stage s;

    begin(&s, 10, 30);
    start(&s, LEDGER_3B);
    ck_assert_int_eq(campaign_step(s.engine), ERR_OK);
    ck_assert_uint_eq(s.net->submitted, 10);
    for (size_t i = 0; i < FAKE_QUEUE_MAX; i++)
        s.net->queue[i].used = false; /* the connection broke, nothing arrived */
    campaign_link_lost(s.engine);
    s.net->room = s.net->window;
    run(&s, 1);
    ck_assert_uint_eq(s.net->submitted, 20);
    ck_assert_uint_eq(counts(&s).jobs[LEDGER_PROVED], 10);
    end(&s);
}
END_TEST

START_TEST(campaign_step_tells_a_server_that_was_put_aside)
{
    struct stage s;
    struct ledger *other;
    struct secret kek;
    enum ledger_start how;

    begin(&s, 1, 31);
    ck_assert_int_eq(secret_from_hex(&kek, KEK), ERR_OK);
    ck_assert_int_eq(remove("ota.db-server"), 0);
    ck_assert_int_eq(ledger_open("ota.db", &kek, false, &other), ERR_OK);
    ck_assert_int_eq(ledger_serve(other, 1, &how), ERR_OK);
    ck_assert_int_eq(campaign_step(s.engine), ERR_DENIED);
    ck_assert_uint_eq(s.net->submitted, 0);
    ledger_close(&other);
    end(&s);
}
END_TEST

/* --- the state table
 * -------------------------------------------------------------------------------- */

START_TEST(campaign_fsm_leaves_no_final_state_without_a_proof)
{
    static const enum ledger_job_state ends[] = {LEDGER_ATTACHED, LEDGER_FAILED, LEDGER_UNDONE};
    enum ledger_job_state to;

    for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
        for (int event = 0; event < CAMPAIGN_EVENTS; event++)
            ck_assert_int_eq(campaign_fsm_next(ends[i], (enum campaign_event)event, &to),
                             ERR_CONDITIONS);
    }
    ck_assert_int_eq(campaign_fsm_next(LEDGER_PROVED, CAMPAIGN_SEND, &to), ERR_CONDITIONS);
    ck_assert_int_eq(campaign_fsm_next(LEDGER_UNKNOWN, CAMPAIGN_SEND, &to), ERR_CONDITIONS);
    ck_assert_int_eq(campaign_fsm_next(LEDGER_UNKNOWN, CAMPAIGN_PROOF, &to), ERR_OK);
    ck_assert_int_eq(to, LEDGER_PROVED);
    ck_assert_int_eq(campaign_fsm_next(LEDGER_PLANNED, CAMPAIGN_DELIVERED, &to), ERR_CONDITIONS);
    ck_assert(campaign_fsm_is_final(LEDGER_UNKNOWN));
    ck_assert(!campaign_fsm_is_final(LEDGER_DELIVERED));
}
END_TEST

Suite *suite_under_test(void)
{
    Suite *s = suite_create("campaign");
    TCase *methods = tcase_create("TR 33.812 5.4");
    TCase *security = tcase_create("TS 102 225 5.2");
    TCase *order = tcase_create("order and rate");

    tcase_set_timeout(security, 120);
    tcase_add_test(methods, campaign_3b_moves_every_card);
    tcase_add_test(methods, campaign_3a_writes_the_imsi_last_in_one_packet);
    tcase_add_test(methods, campaign_renew_changes_the_keys_at_both_ends);
    tcase_add_test(methods, campaign_query_and_script_tell_what_the_card_said);
    tcase_add_loop_test(security, sec_S1_lost_and_doubled_messages_leave_nothing_open, 0,
                        ARRAY_LEN(lossy_methods));
    tcase_add_test(security, campaign_asks_when_every_proof_is_lost);
    tcase_add_test(security, campaign_resends_the_same_octets);
    tcase_add_test(security, campaign_ends_as_unknown_when_nobody_answers_and_takes_a_late_proof);
    tcase_add_test(security, campaign_takes_plain_errors_for_hints_only);
    tcase_add_test(security, campaign_fails_what_the_card_refuses_with_its_cc);
    tcase_add_test(security, campaign_catches_up_with_a_card_whose_counter_is_ahead);
    tcase_add_test(security, campaign_fails_what_the_sms_centre_never_takes);
    tcase_add_test(security, campaign_joins_a_proof_of_several_parts_in_any_order);
    tcase_add_loop_test(security, sec_S4_a_crash_between_any_two_steps_loses_and_repeats_nothing, 0,
                        ARRAY_LEN(lossy_methods));
    tcase_add_test(security, campaign_link_lost_sends_open_messages_again);
    tcase_add_test(security, campaign_step_tells_a_server_that_was_put_aside);
    tcase_add_test(order, campaign_waits_for_its_canaries_and_stops_by_its_rule);
    tcase_add_test(order, campaign_obeys_its_rate);
    tcase_add_test(order, campaign_pause_holds_everything_back);
    tcase_add_test(order, campaign_fsm_leaves_no_final_state_without_a_proof);
    suite_add_tcase(s, methods);
    suite_add_tcase(s, security);
    suite_add_tcase(s, order);
    return s;
}
