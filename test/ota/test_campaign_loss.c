/* Tests of the campaign engine under loss and crashes. Goal: every change ends as done or not done
 * whatever the network loses, nothing is done twice, a crash loses and repeats nothing. Method:
 * real ledger; cards, a network that loses, doubles and delays, and a clock of test/support/ota. */
#include "test/support/ota/books.h"
#include "test/support/ota/stage.h"
#include "test/support/runner.h"

#include <stdio.h>

static const enum ledger_method lossy_methods[] = {LEDGER_3B, LEDGER_3A, LEDGER_RENEW,
                                                   LEDGER_RENEW_K};

START_TEST(sec_S1_lost_and_doubled_messages_leave_nothing_open)
{
    struct stage s;
    struct ledger_counts n;

    stage_begin(&s, 400, 5);
    s.net->loss_percent = 30;
    s.net->double_percent = 10;
    s.net->again_percent = 10;
    s.net->delay_ms = lossy_methods[_i] == LEDGER_3A ? 0 : 1500;
    stage_prepare(&s, lossy_methods[_i]);
    s.campaign.tries = lossy_methods[_i] == LEDGER_3A ? 200 : 30; /* all parts must come through */
    stage_add_jobs(&s);
    stage_run(&s, 3000);
    n = stage_counts(&s);
    ck_assert_uint_eq(n.jobs[LEDGER_PROVED], n.total);
    if (lossy_methods[_i] == LEDGER_3B || lossy_methods[_i] == LEDGER_3A)
        stage_assert_all_changed_once(&s);
    for (size_t i = 0; i < s.net->card_count; i++)
        ck_assert_uint_eq(s.net->cards[i].executed, 1);
    stage_end(&s);
}
END_TEST

/* --- crashes (sec_S4) --- */

START_TEST(sec_S4_a_crash_between_any_two_steps_loses_and_repeats_nothing)
{
    struct stage s;

    stage_begin(&s, 100, (uint64_t)_i + 20);
    s.net->loss_percent = 10;
    s.net->delay_ms = 300;
    stage_prepare(&s, lossy_methods[_i]);
    s.campaign.tries = 50;
    if (lossy_methods[_i] == LEDGER_3A)
        s.net->delay_ms = s.net->loss_percent = 0;
    stage_add_jobs(&s);
    for (int i = 0; i < 40 && !stage_is_over(&s); i++) {
        for (int j = 0; j <= i % 4; j++)
            stage_step(&s, 50);
        stage_crash_and_restart(&s);
    }
    stage_run(&s, 600);
    ck_assert_uint_eq(stage_counts(&s).jobs[LEDGER_PROVED], 100);
    for (size_t i = 0; i < s.net->card_count; i++)
        ck_assert_uint_eq(s.net->cards[i].executed, 1);
    stage_end(&s);
}
END_TEST

START_TEST(campaign_link_lost_sends_open_messages_again)
{
    struct stage s;

    stage_begin(&s, 10, 30);
    stage_start(&s, LEDGER_3B);
    ck_assert_int_eq(campaign_step(s.engine), ERR_OK);
    ck_assert_uint_eq(s.net->submitted, 10);
    for (size_t i = 0; i < FAKE_QUEUE_MAX; i++)
        s.net->queue[i].used = false; /* the connection broke, nothing arrived */
    campaign_link_lost(s.engine);
    s.net->room = s.net->window;
    stage_run(&s, 1);
    ck_assert_uint_eq(s.net->submitted, 20);
    ck_assert_uint_eq(stage_counts(&s).jobs[LEDGER_PROVED], 10);
    stage_end(&s);
}
END_TEST

/* Longer than all timeouts: no try is used up, and what was stored leaves once. */
START_TEST(campaign_waits_for_a_link_that_is_down)
{
    struct stage s;

    stage_begin(&s, 10, 32);
    stage_start(&s, LEDGER_3B);
    s.net->room = 4;
    stage_step(&s, 0);
    s.net->room = 0;
    for (int i = 0; i < 600; i++) {
        ck_assert_int_eq(campaign_step(s.engine), ERR_OK);
        s.net->now_ms += 50;
    }
    ck_assert_uint_eq(s.net->submitted, 4);
    s.net->room = 100;
    stage_run(&s, 30);
    ck_assert_uint_eq(stage_counts(&s).jobs[LEDGER_PROVED], 10);
    for (size_t i = 4; i < 10; i++)
        ck_assert_uint_eq(s.net->cards[i].counter, 1);
    stage_end(&s);
}
END_TEST

START_TEST(campaign_step_that_fails_lets_nothing_leave)
{
    struct stage s;

    stage_begin(&s, 3, 33);
    stage_start(&s, LEDGER_RENEW);
    s.net->random_fails_at = 5; /* in the middle of the second card */
    ck_assert_int_eq(campaign_step(s.engine), ERR_CRYPTO);
    ck_assert_uint_eq(s.net->submitted, 0);
    stage_run(&s, 30);
    ck_assert_uint_eq(stage_counts(&s).jobs[LEDGER_PROVED], 3);
    for (size_t i = 0; i < 3; i++)
        ck_assert_uint_eq(s.net->cards[i].counter, 1);
    ck_assert_uint_eq(campaign_get_stats(s.engine)->sent, 3);
    stage_end(&s);
}
END_TEST

/* "Counter low" to two duplicates of the command: one question is enough. */
START_TEST(campaign_asks_once_for_any_number_of_duplicates)
{
    struct stage s;
    struct ledger_packet last;
    uint8_t bytes[300] = {0x02, 0x71, 0x00};
    struct wr w = WR(bytes + 3, sizeof bytes - 3);
    struct rd answer;

    stage_begin(&s, 1, 34);
    stage_start(&s, LEDGER_3B);
    s.net->deaf = true;
    stage_step(&s, 0);
    ck_assert_uint_eq(s.net->cards[0].executed, 1);
    ck_assert_int_eq(ledger_packet_get(s.ledger, stage_job_of(&s, 0).card_id, &last), ERR_OK);
    answer = fake_card_answer(s.net, &s.net->cards[0], RD(last.octets, last.len), &w);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(
            campaign_hear(s.engine, s.net->cards[0].msisdn, RD(bytes, 3 + answer.left), 1),
            CAMPAIGN_TAKEN);
    stage_step(&s, 0);
    ck_assert_uint_eq(campaign_get_stats(s.engine)->asked, 1);
    stage_end(&s);
}
END_TEST

START_TEST(campaign_step_tells_a_server_that_was_put_aside)
{
    struct stage s;
    struct ledger *other;
    enum ledger_start how;

    stage_begin(&s, 1, 31);
    ck_assert_int_eq(remove("ota.db-server"), 0);
    other = books_open();
    ck_assert_int_eq(ledger_serve(other, 1, &how), ERR_OK);
    ck_assert_int_eq(campaign_step(s.engine), ERR_DENIED);
    ck_assert_uint_eq(s.net->submitted, 0);
    ledger_close(&other);
    stage_end(&s);
}
END_TEST

Suite *suite_under_test(void)
{
    Suite *s = suite_create("campaign_loss");
    TCase *security = tcase_create("TS 102 225 5.2");

    tcase_set_timeout(security, 120);
    tcase_add_loop_test(security, sec_S1_lost_and_doubled_messages_leave_nothing_open, 0,
                        ARRAY_LEN(lossy_methods));
    tcase_add_loop_test(security, sec_S4_a_crash_between_any_two_steps_loses_and_repeats_nothing, 0,
                        ARRAY_LEN(lossy_methods));
    tcase_add_test(security, campaign_link_lost_sends_open_messages_again);
    tcase_add_test(security, campaign_waits_for_a_link_that_is_down);
    tcase_add_test(security, campaign_step_that_fails_lets_nothing_leave);
    tcase_add_test(security, campaign_asks_once_for_any_number_of_duplicates);
    tcase_add_test(security, campaign_step_tells_a_server_that_was_put_aside);
    suite_add_tcase(s, security);
    return s;
}
