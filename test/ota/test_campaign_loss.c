/* Tests of the campaign engine under loss and crashes. Goal: every change ends as done or not done
 * whatever the network loses, nothing is done twice, a crash loses and repeats nothing. Method:
 * real ledger; cards, a network that loses, doubles and delays, and a clock of test/support/ota. */
#include "test/support/ota/books.h"
#include "test/support/ota/stage.h"
#include "test/support/runner.h"

#include <stdio.h>

static const enum ledger_method lossy_methods[] = {LEDGER_3B, LEDGER_3A, LEDGER_RENEW};

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
    if (lossy_methods[_i] != LEDGER_RENEW)
        stage_assert_all_changed_once(&s);
    for (size_t i = 0; i < s.net->card_count; i++)
        ck_assert_uint_eq(s.net->cards[i].executed, 1);
    stage_end(&s);
}
END_TEST

/* --- crashes (sec_S4)
 * ------------------------------------------------------------------------------ */

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
    tcase_add_test(security, campaign_step_tells_a_server_that_was_put_aside);
    suite_add_tcase(s, security);
    return s;
}
