/* Tests of the campaign engine (ota/campaign). Goal: each method does what it says, nothing is
 * believed without a CC, everything ends, order and rate are kept. What loss and crashes do to it:
 * test_campaign_loss.c. Method: real ledger; cards, network and clock of test/support/ota. */
#include "test/support/ota/stage.h"
#include "test/support/runner.h"

#include <stdio.h>
#include <string.h>

/* --- the methods ------------------------------------------------------------------------------ */

START_TEST(campaign_3b_moves_every_card)
{
    struct stage s;
    struct ledger_card card;
    struct ledger_job job;

    stage_begin(&s, 50, 1);
    stage_start(&s, LEDGER_3B);
    stage_run(&s, 30);
    ck_assert_uint_eq(stage_counts(&s).jobs[LEDGER_PROVED], 50);
    stage_assert_all_changed_once(&s);
    job = stage_job_of(&s, 0);
    ck_assert_str_eq(job.result, "slot 2, in trial");
    ck_assert_int_eq(ledger_card_by_iccid(s.ledger, s.net->cards[0].iccid, &card), ERR_OK);
    ck_assert_int_eq(card.owner, LEDGER_MOVED);
    ck_assert_uint_eq(s.net->submitted, 50);
    ck_assert_uint_eq(s.net->acknowledged, 50);
    stage_end(&s);
}
END_TEST

START_TEST(campaign_3a_writes_the_imsi_last_in_one_packet)
{
    struct stage s;

    stage_begin(&s, 20, 2);
    stage_start(&s, LEDGER_3A);
    stage_run(&s, 30);
    ck_assert_uint_eq(stage_counts(&s).jobs[LEDGER_PROVED], 20);
    stage_assert_all_changed_once(&s);
    ck_assert_uint_gt(s.net->submitted, 20 * 5); /* parts */
    stage_end(&s);
}
END_TEST

START_TEST(campaign_renew_changes_the_keys_at_both_ends)
{
    struct stage s;
    struct vault_pair keys;
    struct ledger_card card;

    stage_begin(&s, 20, 3);
    stage_start(&s, LEDGER_RENEW);
    stage_run(&s, 30);
    ck_assert_uint_eq(stage_counts(&s).jobs[LEDGER_PROVED], 20);
    for (size_t i = 0; i < 20; i++) {
        ck_assert_int_eq(ledger_card_by_iccid(s.ledger, s.net->cards[i].iccid, &card), ERR_OK);
        ck_assert(!card.renewing);
        ck_assert_int_eq(ledger_card_keys(s.ledger, card.id, LEDGER_IN_FORCE, &keys), ERR_OK);
        ck_assert(secret_equal(&keys.ota.kid.key, &s.net->cards[i].keys.ota.kid.key));
        ck_assert(secret_equal(&keys.kik.key, &s.net->cards[i].keys.kik.key));
    }
    stage_end(&s);
}
END_TEST

START_TEST(campaign_renew_k_changes_k_at_both_ends)
{
    struct stage s;
    struct vault_pair keys;
    struct ledger_card card;
    struct secret old_k, old_kid;

    stage_begin(&s, 20, 3);
    old_k = s.net->cards[7].keys.aka.k;
    old_kid = s.net->cards[7].keys.ota.kid.key;
    stage_start(&s, LEDGER_RENEW_K);
    stage_run(&s, 30);
    ck_assert_uint_eq(stage_counts(&s).jobs[LEDGER_PROVED], 20);
    for (size_t i = 0; i < 20; i++) {
        ck_assert_int_eq(ledger_card_by_iccid(s.ledger, s.net->cards[i].iccid, &card), ERR_OK);
        ck_assert(!card.renewing);
        ck_assert_int_eq(ledger_card_keys(s.ledger, card.id, LEDGER_IN_FORCE, &keys), ERR_OK);
        ck_assert(secret_equal(&keys.aka.k, &s.net->cards[i].keys.aka.k));
        ck_assert(secret_equal(&keys.aka.opc, &s.net->cards[i].keys.aka.opc));
        ck_assert_uint_eq(s.net->cards[i].executed, 1);
    }
    ck_assert(!secret_equal(&old_k, &s.net->cards[7].keys.aka.k));
    ck_assert(secret_equal(&old_kid, &s.net->cards[7].keys.ota.kid.key));
    stage_end(&s);
}
END_TEST

/* Their keys are in one place: what one of them left open is not proved by the other. */
START_TEST(campaign_renewals_wait_for_each_other)
{
    struct stage s;
    struct vault_pair keys;
    struct ledger_card card;

    stage_begin(&s, 1, 3);
    ck_assert_int_eq(ledger_card_by_iccid(s.ledger, s.net->cards[0].iccid, &card), ERR_OK);
    ck_assert_int_eq(ledger_card_keys(s.ledger, card.id, LEDGER_IN_FORCE, &keys), ERR_OK);
    if (_i == 0)
        keys.aka.k.bytes[0] ^= 1;
    else
        keys.ota.kid.key.bytes[0] ^= 2;
    ck_assert_int_eq(ledger_card_set_pending(s.ledger, card.id, &keys), ERR_OK);
    stage_start(&s, _i == 0 ? LEDGER_RENEW : LEDGER_RENEW_K);
    stage_run(&s, 30);
    ck_assert_uint_eq(stage_counts(&s).jobs[LEDGER_PROVED], 0);
    ck_assert_uint_eq(s.net->cards[0].executed, 0);
    ck_assert_int_eq(ledger_card_by_iccid(s.ledger, s.net->cards[0].iccid, &card), ERR_OK);
    ck_assert(card.renewing);
    stage_end(&s);
}
END_TEST

START_TEST(campaign_query_and_script_tell_what_the_card_said)
{
    struct stage s;
    struct ledger_job job;

    stage_begin(&s, 2, 4);
    stage_start(&s, LEDGER_QUERY);
    stage_run(&s, 30);
    job = stage_job_of(&s, 1);
    ck_assert_int_eq(job.state, LEDGER_PROVED);
    ck_assert_str_eq(job.result, "slot 1 of 4, 3 spare, never changed");
    stage_prepare(&s, LEDGER_SCRIPT);
    memcpy(s.campaign.tar, "\xB0\x00\x01", 3);
    memcpy(s.campaign.script, "\x00\xA4\x00\x04\x02\x6F\x07", s.campaign.script_len = 7);
    stage_add_jobs(&s);
    stage_run(&s, 30);
    job = stage_job_of(&s, 1);
    ck_assert_int_eq(job.state, LEDGER_PROVED);
    ck_assert_str_eq(job.result, "1 commands, last 9000");
    stage_end(&s);
}
END_TEST

/* --- security: TS 102 225 5.2, sec_S1, sec_S2 --- */

/* The card was reached, its proofs never come back until we ask. */
START_TEST(campaign_asks_when_every_proof_is_lost)
{
    struct stage s;
    struct ledger_job job;

    stage_begin(&s, 1, 6);
    stage_prepare(&s, LEDGER_3B);
    s.campaign.tries = 2;
    stage_add_jobs(&s);
    s.net->deaf = true;
    while (campaign_get_stats(s.engine)->asked == 0)
        stage_step(&s, 50);
    s.net->deaf = false;
    stage_run(&s, 30);
    job = stage_job_of(&s, 0);
    ck_assert_int_eq(job.state, LEDGER_PROVED);
    ck_assert_str_eq(job.result, "slot 2, in trial (asked)");
    ck_assert_uint_eq(s.net->cards[0].executed, 1);
    stage_end(&s);
}
END_TEST

START_TEST(campaign_resends_the_same_octets)
{
    struct stage s;
    struct ledger_packet before, after;
    struct ledger_job job;

    stage_begin(&s, 1, 7);
    s.net->cards[0].mute = true;
    stage_start(&s, LEDGER_3B);
    stage_step(&s, 50);
    job = stage_job_of(&s, 0);
    ck_assert_int_eq(ledger_packet_get(s.ledger, job.card_id, &before), ERR_OK);
    for (int i = 0; i < 60; i++)
        stage_step(&s, 50);
    ck_assert_int_eq(ledger_packet_get(s.ledger, job.card_id, &after), ERR_OK);
    ck_assert_uint_gt(after.sendings, before.sendings);
    ck_assert_uint_eq(after.counter, before.counter);
    ck_assert_uint_eq(after.len, before.len);
    ck_assert_mem_eq(after.octets, before.octets, before.len);
    stage_end(&s);
}
END_TEST

START_TEST(campaign_ends_as_unknown_when_nobody_answers_and_takes_a_late_proof)
{
    struct stage s;
    struct ledger_job job;
    struct ledger_packet last;

    stage_begin(&s, 1, 8);
    s.net->cards[0].mute = true;
    stage_prepare(&s, LEDGER_QUERY);
    s.campaign.tries = 2;
    stage_add_jobs(&s);
    stage_run(&s, 60);
    job = stage_job_of(&s, 0);
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
    stage_step(&s, 50);
    ck_assert_int_eq(stage_job_of(&s, 0).state, LEDGER_PROVED);
    stage_end(&s);
}
END_TEST

START_TEST(campaign_takes_plain_errors_for_hints_only)
{
    struct stage s;
    struct ledger_job job;

    stage_begin(&s, 1, 9);
    s.net->cards[0].dead = true;
    stage_prepare(&s, LEDGER_3B);
    s.campaign.tries = 2;
    stage_add_jobs(&s);
    stage_step(&s, 50);
    stage_step(&s, 50);
    job = stage_job_of(&s, 0);
    ck_assert_int_eq(job.state, LEDGER_SENT);
    ck_assert_str_eq(job.hint, "not authenticated: unidentified security error");
    stage_run(&s, 60);
    ck_assert_int_eq(stage_job_of(&s, 0).state, LEDGER_UNKNOWN);
    ck_assert_uint_eq(campaign_get_stats(s.engine)->proofs, 0);
    stage_end(&s);
}
END_TEST

START_TEST(campaign_fails_what_the_card_refuses_with_its_cc)
{
    struct stage s;

    stage_begin(&s, 2, 10);
    s.net->cards[0].refuse_rsc = RSC_LEVEL;
    s.net->cards[1].slots = 4;
    s.net->cards[1].active = 3; /* not where the ledger believes it */
    stage_start(&s, LEDGER_3B);
    stage_run(&s, 30);
    ck_assert_int_eq(stage_job_of(&s, 0).state, LEDGER_FAILED);
    ck_assert_str_eq(stage_job_of(&s, 0).result, "security level too low");
    ck_assert_int_eq(stage_job_of(&s, 1).state, LEDGER_FAILED);
    ck_assert_uint_eq(s.net->cards[0].executed + s.net->cards[1].executed, 0);
    stage_end(&s);
}
END_TEST

/* Imported with the counter unknown: the card is far ahead of the ledger. */
START_TEST(campaign_catches_up_with_a_card_whose_counter_is_ahead)
{
    struct stage s;

    stage_begin(&s, 1, 11);
    s.net->cards[0].counter = 12345;
    stage_start(&s, LEDGER_3B);
    stage_run(&s, 60);
    ck_assert_int_eq(stage_job_of(&s, 0).state, LEDGER_PROVED);
    stage_assert_all_changed_once(&s);
    stage_end(&s);
}
END_TEST

START_TEST(campaign_fails_what_the_sms_centre_never_takes)
{
    struct stage s;

    stage_begin(&s, 1, 12);
    s.net->answer = CAMPAIGN_REJECTED;
    stage_start(&s, LEDGER_3B);
    stage_run(&s, 30);
    ck_assert_int_eq(stage_job_of(&s, 0).state, LEDGER_FAILED);
    ck_assert_str_eq(stage_job_of(&s, 0).result, "SMS centre: no such number");
    stage_end(&s);
}
END_TEST

START_TEST(campaign_joins_a_proof_of_several_parts_in_any_order)
{
    struct stage s;
    uint8_t first[] = {0x07, 0x00, 0x03, 0x01, 0x02, 0x01, 0x71, 0x00, 0xAA},
            second[] = {0x05, 0x00, 0x03, 0x01, 0x02, 0x02, 0xBB},
            lone[] = {0x05, 0x00, 0x03, 9, 2, 2, 1};

    stage_begin(&s, 1, 13);
    ck_assert_int_eq(campaign_hear(s.engine, "1", RD_ARRAY(second), 1), CAMPAIGN_IGNORED);
    ck_assert_int_eq(campaign_hear(s.engine, "1", RD_ARRAY(second), 2), CAMPAIGN_IGNORED);
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
    stage_end(&s);
}
END_TEST

/* --- order and rate --- */

START_TEST(campaign_waits_for_its_canaries_and_stops_by_its_rule)
{
    struct stage s;
    struct ledger_campaign c;

    stage_begin(&s, 30, 14);
    for (size_t i = 0; i < 5; i++) {
        s.net->cards[i].refuse_rsc = RSC_LEVEL;
        s.net->cards[i].mute = true;
    }
    stage_prepare(&s, LEDGER_3B);
    s.campaign.canary = 5;
    s.campaign.stop_percent = 20;
    stage_add_jobs(&s);
    for (int i = 0; i < 20; i++)
        stage_step(&s, 50);
    ck_assert_uint_eq(stage_counts(&s).jobs[LEDGER_PLANNED], 25);
    for (size_t i = 0; i < 5; i++)
        s.net->cards[i].mute = false;
    stage_run(&s, 30);
    ck_assert_int_eq(ledger_campaign_by_id(s.ledger, s.campaign.id, &c), ERR_OK);
    ck_assert_int_eq(c.state, LEDGER_PAUSED);
    ck_assert_str_eq(c.reason, "stop rule: 5 of 5 ended badly, more than 20 %");
    ck_assert_uint_eq(stage_counts(&s).jobs[LEDGER_PLANNED], 25);
    stage_end(&s);
}
END_TEST

START_TEST(campaign_obeys_its_rate)
{
    struct stage s;
    uint64_t begun;

    stage_begin(&s, 200, 15);
    stage_prepare(&s, LEDGER_QUERY);
    s.campaign.rate = 20;
    stage_add_jobs(&s);
    for (int i = 0; i < 20 * 5; i++) /* five seconds */
        stage_step(&s, 50);
    begun = 200 - stage_counts(&s).jobs[LEDGER_PLANNED];
    ck_assert_uint_ge(begun, 90);
    ck_assert_uint_le(begun, 111);
    stage_run(&s, 30);
    ck_assert_uint_eq(stage_counts(&s).jobs[LEDGER_PROVED], 200);
    stage_end(&s);
}
END_TEST

START_TEST(campaign_pause_holds_everything_back)
{
    struct stage s;
    uint64_t submitted;

    stage_begin(&s, 10, 16);
    for (size_t i = 0; i < 10; i++)
        s.net->cards[i].mute = true;
    stage_start(&s, LEDGER_3B);
    stage_step(&s, 50);
    ck_assert_int_eq(ledger_campaign_set_state(s.ledger, s.campaign.id, LEDGER_PAUSED, "x"),
                     ERR_OK);
    submitted = s.net->submitted;
    for (int i = 0; i < 200; i++)
        stage_step(&s, 50);
    ck_assert_uint_eq(s.net->submitted, submitted);
    for (size_t i = 0; i < 10; i++)
        s.net->cards[i].mute = false;
    ck_assert_int_eq(ledger_campaign_set_state(s.ledger, s.campaign.id, LEDGER_RUNNING, ""),
                     ERR_OK);
    stage_run(&s, 30);
    ck_assert_uint_eq(stage_counts(&s).jobs[LEDGER_PROVED], 10);
    stage_end(&s);
}
END_TEST

/* --- the state table --- */

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

    tcase_add_test(methods, campaign_3b_moves_every_card);
    tcase_add_test(methods, campaign_3a_writes_the_imsi_last_in_one_packet);
    tcase_add_test(methods, campaign_renew_changes_the_keys_at_both_ends);
    tcase_add_test(methods, campaign_renew_k_changes_k_at_both_ends);
    tcase_add_loop_test(methods, campaign_renewals_wait_for_each_other, 0, 2);
    tcase_add_test(methods, campaign_query_and_script_tell_what_the_card_said);
    tcase_add_test(security, campaign_asks_when_every_proof_is_lost);
    tcase_add_test(security, campaign_resends_the_same_octets);
    tcase_add_test(security, campaign_ends_as_unknown_when_nobody_answers_and_takes_a_late_proof);
    tcase_add_test(security, campaign_takes_plain_errors_for_hints_only);
    tcase_add_test(security, campaign_fails_what_the_card_refuses_with_its_cc);
    tcase_add_test(security, campaign_catches_up_with_a_card_whose_counter_is_ahead);
    tcase_add_test(security, campaign_fails_what_the_sms_centre_never_takes);
    tcase_add_test(security, campaign_joins_a_proof_of_several_parts_in_any_order);
    tcase_add_test(order, campaign_waits_for_its_canaries_and_stops_by_its_rule);
    tcase_add_test(order, campaign_obeys_its_rate);
    tcase_add_test(order, campaign_pause_holds_everything_back);
    tcase_add_test(order, campaign_fsm_leaves_no_final_state_without_a_proof);
    suite_add_tcase(s, methods);
    suite_add_tcase(s, security);
    suite_add_tcase(s, order);
    return s;
}
