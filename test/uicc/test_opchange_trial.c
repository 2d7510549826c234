/* Tests of the trial of uicc/applet/native/opchange.c. Goal: a change to an operator without
 * coverage cannot lose the card, and one that works leaves no trace of the old operator. Method:
 * the terminal polls, reports, authenticates; power cuts in between. */
#include "apdu/hex.h"
#include "test/support/hexrow.h"
#include "test/support/runner.h"
#include "test/support/uicc/opcard.h"
#include "uicc/core/card.h"
#include "uicc/remote/remote.h"
#include "uicc/slot/slot.h"

#include <string.h>

static struct air *o;

static void setup(void)
{
    o = opcard_new();
}

static void teardown(void)
{
    air_free(&o);
}

static struct opchange_proof query(uint8_t slot, uint64_t counter)
{
    const struct opchange_command c = {.op = OPCHANGE_QUERY};

    return air_change(o, slot, counter, &c);
}

START_TEST(opchange_trial_ends_after_polls)
{
    struct opchange_proof proof;

    opcard_change(o, 6, 0);
    while (slot_fallback(&o->card->store) != 0)
        ck_assert_uint_ge(air_hex(o, "80F2000C00"), 0x9000);
    ck_assert_uint_eq(o->sw >> 8, 0x91); /* REFRESH */
    air_session(o);
    ck_assert_uint_eq(o->refreshes, 2);
    opcard_assert_imsi(o, OPCARD_IMSI_A);
    proof = query(1, 11);
    ck_assert_int_eq(proof.state, OPCHANGE_FELL_BACK);
    ck_assert_uint_eq(proof.counter, 10);
}
END_TEST

START_TEST(opchange_trial_counts_polls_over_power_cuts)
{
    opcard_change(o, 6, 0);
    for (int i = 0; i < 5; i++) {
        ck_assert_uint_ne(slot_fallback(&o->card->store), 0);
        air_hex(o, "80F2000C00");
        air_power_cut(o, NVM_SIM_DROP);
    }
    air_hex(o, "80F2000C00");
    ck_assert_uint_eq(slot_fallback(&o->card->store), 0);
    opcard_assert_imsi(o, OPCARD_IMSI_A);
}
END_TEST

START_TEST(opchange_trial_ends_after_seconds)
{
    opcard_change(o, 0, 600);
    air_hex(o, "80F2000C00");
    o->now_ms += 300 * 1000;
    air_hex(o, "80F2000C00");
    air_power_cut(o, NVM_SIM_DROP); /* the clock begins again, what was counted stays */
    air_hex(o, "80F2000C00");
    o->now_ms += 299 * 1000;
    air_hex(o, "80F2000C00");
    opcard_assert_imsi(o, OPCARD_IMSI_B);
    o->now_ms += 1 * 1000;
    air_hex(o, "80F2000C00");
    opcard_assert_imsi(o, OPCARD_IMSI_A);
}
END_TEST

START_TEST(opchange_trial_without_limit_goes_on)
{
    opcard_change(o, 0, 0);
    for (int i = 0; i < 200; i++) {
        o->now_ms += 3600 * 1000;
        air_hex(o, "80F2000C00");
    }
    opcard_assert_imsi(o, OPCARD_IMSI_B);
}
END_TEST

/* Limited service, no service, network rejection (TS 102 223 7.5.4, 7.5.17). */
START_TEST(opchange_trial_hears_of_no_service)
{
    static const char *const events[] = {"80C200000C D60A 990103 82028281 9B0101",
                                         "80C200000C D60A 990103 82028281 9B0102",
                                         "80C2000009 D607 990112 82028381"};

    opcard_change(o, 3, 0);
    air_hex(o, "80C200000C D60A 990103 82028281 9B0100"); /* normal service counts nothing */
    for (size_t i = 0; i < ARRAY_LEN(events); i++) {
        ck_assert_uint_ne(slot_fallback(&o->card->store), 0);
        air_hex(o, events[i]);
    }
    air_session(o);
    opcard_assert_imsi(o, OPCARD_IMSI_A);
}
END_TEST

START_TEST(opchange_trial_asks_for_events)
{
    opcard_change(o, 3, 0);
    ck_assert_uint_eq(o->other, 1); /* asked after the reset */
    air_reset(o);
    ck_assert_uint_eq(air_hex(o, "801000000908330108421100000700") & 0xF000, 0x9000);
    air_reset(o);
    ck_assert_uint_eq(air_hex(o, "8010000014FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF") >> 8, 0x91);
    ck_assert(air_fetch(o));
    hexrow_assert(RD(o->answer, o->answer_len), "D00C 8103010500 82028182 990103",
                  "of a terminal that knows no network rejection");
    air_reset(o);
    ck_assert_uint_eq(
        air_hex(o, "8010000019FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF") >> 8, 0x91);
    ck_assert(air_fetch(o));
    hexrow_assert(RD(o->answer, o->answer_len), "D00D 8103010500 82028182 99020312", "event list");
    air_respond(o, 0);
    ck_assert_uint_eq(air_authenticate(o, 2, 0x100), 0x9000);
    air_reset(o);
    ck_assert_uint_eq(air_hex(o, "8010000014FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF"), 0x9000);
}
END_TEST

START_TEST(opchange_confirm_by_first_authentication)
{
    struct opchange_proof proof;
    struct rd kept;

    opcard_change(o, 3, 0);
    ck_assert_uint_eq(air_authenticate(o, 2, 0x100), 0x9000);
    ck_assert_int_eq(slot_state_of(&o->card->store, 1), SLOT_RETIRED);
    ck_assert_int_eq(slot_state_of(&o->card->store, 2), SLOT_ACTIVE);
    ck_assert(!store_get(&o->card->store, OBJ_FALLBACK, &kept));
    for (int i = 0; i < 20; i++)
        air_hex(o, "80F2000C00");
    air_power_cut(o, NVM_SIM_DROP);
    opcard_assert_imsi(o, OPCARD_IMSI_B);
    proof = query(2, 1);
    ck_assert_int_eq(proof.state, OPCHANGE_ACTIVE);
    ck_assert_uint_eq(proof.fallback, 0);
}
END_TEST

START_TEST(sec_K8_old_operator_is_out_after_the_trial)
{
    struct air_packet p;
    uint8_t data[] = {0x01, OPCHANGE_QUERY, 0x00};

    opcard_change(o, 3, 0);
    ck_assert_uint_eq(air_authenticate(o, 2, 0x100), 0x9000);
    ck_assert_uint_eq(air_authenticate(o, 1, 0x200), 0x9862);
    p = air_packet(o, 1, AIR_OPCHANGE, 99, RD_ARRAY(data));
    air_run(o, &p);
    ck_assert_uint_eq(o->answer[15], RSC_CC_FAILED);
}
END_TEST

static void assert_no_pair(uint8_t slot)
{
    const struct perso_pair *pair = &o->made.pairs[slot - 1];

    opcard_assert_no_trace(o, &pair->aka.k, "K");
    opcard_assert_no_trace(o, &pair->aka.opc, "OPc");
    opcard_assert_no_trace(o, &pair->kic.key, "KIc");
    opcard_assert_no_trace(o, &pair->kid.key, "KID");
    opcard_assert_no_trace(o, &pair->kik.key, "KIK");
}

START_TEST(sec_C26_no_trace_of_old_keys_after_the_switch)
{
    opcard_change(o, 3, 0);
    ck_assert(nvm_sim_holds(&o->sim, RD_SECRET(&o->made.pairs[0].aka.k)));
    ck_assert_uint_eq(air_authenticate(o, 2, 0x100), 0x9000);
    assert_no_pair(1);
    ck_assert(nvm_sim_holds(&o->sim, RD_SECRET(&o->made.pairs[1].aka.k)));
}
END_TEST

START_TEST(sec_C26_no_trace_of_tried_keys_after_falling_back)
{
    opcard_change(o, 1, 0);
    air_hex(o, "80F2000C00");
    ck_assert_int_eq(slot_state_of(&o->card->store, 2), SLOT_RETIRED);
    assert_no_pair(2);
    ck_assert(nvm_sim_holds(&o->sim, RD_SECRET(&o->made.pairs[0].aka.k)));
}
END_TEST

START_TEST(opchange_old_set_may_only_ask_during_trial)
{
    struct opchange_command again = air_change_to(2, OPCARD_IMSI_A, 1, 0);
    struct opchange_command back = {.op = OPCHANGE_FALL_BACK, .expected = 2};
    const uint8_t select[] = {0x00, 0xA4, 0x00, 0x0C, 0x02, 0x3F, 0x00};
    struct air_packet p;

    opcard_change(o, 50, 0);
    ck_assert_int_eq(query(1, 11).state, OPCHANGE_TRIAL);
    ck_assert_int_eq(air_change(o, 1, 12, &again).result, OPCHANGE_NOT_PERMITTED);
    ck_assert_int_eq(air_change(o, 1, 13, &back).result, OPCHANGE_NOT_PERMITTED);
    ck_assert_int_eq(air_change(o, 2, 1, &again).result, OPCHANGE_IN_TRIAL);
    p = air_packet(o, 1, AIR_RFM_UICC, 14, RD_ARRAY(select));
    air_run(o, &p);
    ck_assert_uint_eq(o->answer[15], RSC_CC_FAILED); /* any other TAR: as if there were no key */
    p = air_packet(o, 1, AIR_OPCHANGE, 10, RD_ARRAY(select));
    air_run(o, &p);
    ck_assert_uint_eq(air_proof(o, &p).rsc, RSC_CNTR_LOW); /* the CHANGE, come twice */
    opcard_assert_imsi(o, OPCARD_IMSI_B);
}
END_TEST

Suite *suite_under_test(void)
{
    Suite *s = suite_create("opchange_trial");
    TCase *t = tcase_create("TR 33.812 3b");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_set_timeout(t, 60);
    tcase_add_test(t, opchange_trial_ends_after_polls);
    tcase_add_test(t, opchange_trial_counts_polls_over_power_cuts);
    tcase_add_test(t, opchange_trial_ends_after_seconds);
    tcase_add_test(t, opchange_trial_without_limit_goes_on);
    tcase_add_test(t, opchange_trial_hears_of_no_service);
    tcase_add_test(t, opchange_trial_asks_for_events);
    tcase_add_test(t, opchange_confirm_by_first_authentication);
    tcase_add_test(t, sec_K8_old_operator_is_out_after_the_trial);
    tcase_add_test(t, sec_C26_no_trace_of_old_keys_after_the_switch);
    tcase_add_test(t, sec_C26_no_trace_of_tried_keys_after_falling_back);
    tcase_add_test(t, opchange_old_set_may_only_ask_during_trial);
    suite_add_tcase(s, t);
    return s;
}
