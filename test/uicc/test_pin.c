/* Tests of uicc/pin. Goal: status words and try counters of VERIFY, CHANGE, DISABLE, ENABLE and
 * UNBLOCK as TS 102 221 11.1.9 to 11.1.13 say, for global, local and ADM keys and the universal
 * PIN; no try is ever won back by cutting the power or failing the memory. */
#include "test/support/runner.h"
#include "test/support/uicc/lab.h"
#include "uicc/pin/pin.h"

#include <string.h>

#define WRONG "30303030FFFFFFFF"
#define NEW   "3636363636FFFFFF"

static struct test_card *t;

static void set_up(void)
{
    t = lab_new(true);
}

static void tear_down(void)
{
    if (t != NULL)
        card_free(&t);
}

START_TEST(verify_counts_tries_and_blocks)
{
    static const struct card_step steps[] = {
        {"0020000100", "63C3"},           {"0020000108" WRONG, "63C2"},
        {"0020000100", "63C2"},           {"0020000108" CARD_PIN1, "9000"},
        {"0020000100", "63C3"},           {"0020000108" WRONG, "63C2"},
        {"0020000108" WRONG, "63C1"},     {"0020000108" WRONG, "63C0"},
        {"0020000108" WRONG, "6983"},     {"0020000108" CARD_PIN1, "6983"},
        {"0020000100", "6983"},           {"0024000110" CARD_PIN1 NEW, "6983"},
        {"0026000108" CARD_PIN1, "6983"}, {"0028000108" CARD_PIN1, "6983"},
    };

    CARD_STEPS(t, steps);
}
END_TEST

START_TEST(verify_refuses_other_forms_without_taking_a_try)
{
    static const struct card_step steps[] = {
        {"0020010108" CARD_PIN1, "6A86"},
        {"0020000008" CARD_PIN1, "6A88"},
        {"0020000208" CARD_PIN1, "6A88"},
        {"0020009008" CARD_PIN1, "6A88"},
        {"002000FF08" CARD_PIN1, "6A88"},
        {"0020000104 31323334", "6700"},
        {"0020000107 313233343536FF", "6700"},
        {"0020000109 31323334FFFFFFFFFF", "6700"},
        {"0020000108", "6700"},
        {"0020000100", "63C3"},
    };

    CARD_STEPS(t, steps);
}
END_TEST

START_TEST(verify_that_fails_takes_the_right_away)
{
    static const struct card_step steps[] = {
        {"00A4040C09" LAB_AID1, "9000"}, {"0020000108" CARD_PIN1, "9000"},
        {"00B0870001", "08 9000"},       {"0020000108" WRONG, "63C2"},
        {"00B0870001", "6982"},          {"0020000108" CARD_PIN1, "9000"},
        {"00B0870001", "08 9000"},
    };

    CARD_STEPS(t, steps);
}
END_TEST

START_TEST(verification_ends_with_reset)
{
    card_expect(t, "00A4040C09" LAB_AID1, "9000");
    card_verify(t, "PIN1");
    card_expect(t, "00B0870001", "08 9000");
    card_reset(t);
    card_expect(t, "00A4040C09" LAB_AID1, "9000");
    card_expect(t, "00B0870001", "6982");
}
END_TEST

START_TEST(change_replaces_the_value)
{
    static const struct card_step steps[] = {
        {"0024000110" WRONG NEW, "63C2"},
        {"0024000110" CARD_PIN1 "3132FFFFFFFFFFFF", "6A80"}, /* too short */
        {"0024000110" CARD_PIN1 "31323334FF35FFFF", "6A80"}, /* digits behind the end */
        {"0024000110" CARD_PIN1 "3132333AFFFFFFFF", "6A80"}, /* no digit */
        {"0024000100", "6700"},
        {"0024000108" CARD_PIN1, "6700"},
        {"0020000100", "63C2"},
        {"0024000110" CARD_PIN1 NEW, "9000"},
        {"0020000108" CARD_PIN1, "63C2"},
        {"0020000108" NEW, "9000"},
        {"0024000A10" CARD_ADM1 "0001020304050607", "9000"}, /* ADM keys are any bytes */
        {"0020000A08 0001020304050607", "9000"},
    };

    CARD_STEPS(t, steps);
}
END_TEST

START_TEST(disable_and_enable)
{
    static const struct card_step steps[] = {
        {"0028000108" CARD_PIN1, "6985"}, /* is enabled */
        {"0026000108" WRONG, "63C2"},
        {"0026000108" CARD_PIN1, "9000"},
        {"0020000108" CARD_PIN1, "6984"},
        {"0020000100", "63C3"}, /* the tries are told nevertheless */
        {"0024000110" CARD_PIN1 NEW, "6984"},
        {"0026000108" CARD_PIN1, "6984"},
        {"0028000108" WRONG, "63C2"},
        {"0028000108" CARD_PIN1, "9000"},
        {"0020000100", "63C3"},
        {"0026000A08" CARD_ADM1, "6985"}, /* never */
        {"0026010108" CARD_PIN1, "6A86"},
        {"0028800108" CARD_PIN1, "6A86"},
        {"0026000108", "6700"},
        {"0028000104 31323334", "6700"},
    };

    CARD_STEPS(t, steps);
}
END_TEST

START_TEST(unblock_gives_tries_and_a_new_value)
{
    static const struct card_step steps[] = {
        {"002C000100", "63CA"},
        {"002C000110" WRONG NEW, "63C9"},
        {"0020000108" WRONG, "63C2"},
        {"0020000108" WRONG, "63C1"},
        {"0020000108" WRONG, "63C0"},
        {"002C000110" CARD_PUK1 "31FFFFFFFFFFFFFF", "6A80"},
        {"002C000100", "63C9"},
        {"002C000110" CARD_PUK1 NEW, "9000"},
        {"002C000100", "63CA"},
        {"0020000100", "63C3"},
        {"0020000108" NEW, "9000"},
        {"0026000108" NEW, "9000"},
        {"002C000110" CARD_PUK1 CARD_PIN1, "9000"},
        {"0020000100", "63C3"}, /* enabled again */
        {"002C000108" CARD_PUK1, "6700"},
        {"002C010110" CARD_PUK1 NEW, "6A86"},
        {"002C000A10" CARD_PUK1 NEW, "6A88"}, /* ADM keys have no UNBLOCK value */
    };

    CARD_STEPS(t, steps);
}
END_TEST

START_TEST(unblock_blocks_for_good)
{
    for (unsigned i = 9; i > 0; i--) {
        char want[5] = "63C0";

        want[3] = (char)('0' + i);
        card_expect(t, "002C000110" WRONG NEW, want);
    }
    card_expect(t, "002C000110" WRONG NEW, "63C0");
    card_expect(t, "002C000110" CARD_PUK1 NEW, "6983");
    card_expect(t, "002C000100", "6983");
    card_expect(t, "0020000108" CARD_PIN1, "9000"); /* the PIN itself still works */
}
END_TEST

START_TEST(universal_pin_replaces_pin1)
{
    static const struct card_step steps[] = {
        {"00A4040C09" LAB_AID1, "9000"},
        {"0026920108" CARD_PIN1, "6A86"}, /* only key 11 can */
        {"0026918108" CARD_PIN2, "9000"},
        {"0026910108" CARD_PIN1, "9000"},
        {"0020000108" CARD_PIN1, "6984"},
        {"00B0870001", "6982"},
        {"0020001108" LAB_UNIVERSAL, "9000"},
        {"00B0870001", "08 9000"},
        {"0026001108" LAB_UNIVERSAL, "6985"}, /* in use */
        {"0026911108" LAB_UNIVERSAL, "6985"},
        {"0028000108" CARD_PIN1, "9000"},
        {"0028008108" CARD_PIN2, "9000"},
        {"0026001108" LAB_UNIVERSAL, "9000"},
        {"0026910108" CARD_PIN1, "6985"}, /* a disabled one cannot replace */
    };

    CARD_STEPS(t, steps);
}
END_TEST

START_TEST(pin_status_tells_of_replacement)
{
    struct wr w;
    uint8_t bytes[64];

    card_expect(t, "0026910108" CARD_PIN1, "9000");
    w = WR_ARRAY(bytes);
    pin_write_status(t->card, false, &w);
    ck_assert_mem_eq(
        bytes, "\x90\x01\x70\x83\x01\x01\x83\x01\x0A\x83\x01\x0B\x95\x01\x08\x83\x01\x11", w.len);
}
END_TEST

START_TEST(verification_of_keys_is_where_it_belongs)
{
    static const struct card_step steps[] = {
        {"0070000100", "9000"},           {"00A4040C09" LAB_AID1, "9000"},
        {"01A4040C09" LAB_AID1, "9000"},  {"0120000108" CARD_PIN1, "9000"},
        {"00B0870001", "08 9000"},                                   /* PIN1 on all channels */
        {"0120000A08" CARD_ADM1, "9000"}, {"00D6870001 08", "6982"}, /* ADM keys on their own */
        {"01D6870001 08", "9000"},
    };

    CARD_STEPS(t, steps);
}
END_TEST

START_TEST(sec_C29_rights_do_not_leak_between_channels)
{
    static const struct card_step steps[] = {
        {"0070000001", "01 9000"},        {"01A4040C09" LAB_AID1, "9000"},
        {"0120000A08" CARD_ADM1, "9000"}, {"01D6870001 08", "9000"},
        {"0070800100", "9000"},           {"0070000001", "01 9000"}, /* a new one, same number */
        {"01A4040C09" LAB_AID1, "9000"},  {"01D6870001 08", "6982"},
        {"0120000A08" CARD_ADM1, "9000"}, {"0170000001", "02 9000"}, /* opened from 1 */
        {"02D6870001 08", "6982"},
    };

    CARD_STEPS(t, steps);
}
END_TEST

/* ---- C13: a power cut or a failing memory never gives a try back ---- */

static unsigned tries_left(void)
{
    struct pin_state pin = {0};

    ck_assert_int_eq(pin_read(t->card, 0x01, &pin), ERR_OK);
    return pin.tries;
}

/* Power goes at operation n of a wrong VERIFY. Either the try is gone, or nothing was answered. */
START_TEST(sec_C13_wrong_pin_with_power_cut)
{
    const char *got;

    t->nvm.ops = 0;
    t->nvm.cut_at = (uint64_t)_i + 1;
    got = card_send(t, "0020000108" WRONG);
    if (strcmp(got, "63C2") != 0)
        ck_assert_str_eq(got, "6581"); /* says nothing of the PIN */
    else
        ck_assert(!t->nvm.dead || t->nvm.ops >= t->nvm.cut_at);
    if (strcmp(got, "63C2") == 0) {
        ck_assert_int_eq(card_power_cycle(t), ERR_OK);
        ck_assert_uint_eq(tries_left(), 2);
    } else {
        ck_assert_int_eq(card_power_cycle(t), ERR_OK);
        ck_assert_uint_ge(tries_left(), 2);
    }
}
END_TEST

START_TEST(sec_C13_right_pin_with_power_cut)
{
    const char *got;

    card_expect(t, "0020000108" WRONG, "63C2");
    t->nvm.ops = 0;
    t->nvm.cut_at = (uint64_t)_i + 1;
    got = card_send(t, "0020000108" CARD_PIN1);
    if (strcmp(got, "9000") == 0) {
        ck_assert_int_eq(card_power_cycle(t), ERR_OK);
        ck_assert_uint_eq(tries_left(), 3);
        return;
    }
    ck_assert_str_eq(got, "6581");
    card_expect(t, "00A4040C09" LAB_AID1, "9000");
    card_expect(t, "00B0870001", "6982"); /* not verified */
    ck_assert_int_eq(card_power_cycle(t), ERR_OK);
    ck_assert_uint_le(tries_left(), 2);
}
END_TEST

START_TEST(sec_C13_failing_memory_refuses)
{
    t->nvm.ops = 0;
    t->nvm.fail_at = (uint64_t)_i + 1;
    t->nvm.fail_sticky = true;
    for (unsigned n = 0; n < 20; n++) {
        const char *got = card_send(t, "0020000108" WRONG);

        ck_assert_msg(strcmp(got, "6581") == 0 || strcmp(got, "63C2") == 0, "got %s", got);
    }
    ck_assert_str_ne(card_send(t, "0020000108" CARD_PIN1), "9000");
    nvm_sim_heal(&t->nvm);
    card_expect(t, "00A4040C09" LAB_AID1, "9000");
    card_expect(t, "00B0870001", "6982");
    card_verify(t, "PIN1");
    card_expect(t, "00B0870001", "08 9000");
}
END_TEST

START_TEST(sec_C22_full_memory_is_said)
{
    t->nvm.full_from = 1;
    card_expect(t, "0020000108" CARD_PIN1, "6A84");
    card_expect(t, "00A4040C09" LAB_AID1, "9000");
    card_expect(t, "00B0870001", "6982");
}
END_TEST

Suite *suite_under_test(void)
{
    const struct lab_case cases[] = {
        {"TS 102 221 11.1.9", verify_counts_tries_and_blocks, 0},
        {"TS 102 221 11.1.9", verify_refuses_other_forms_without_taking_a_try, 0},
        {"TS 102 221 9.5.1", verify_that_fails_takes_the_right_away, 0},
        {"TS 102 221 9.5.1", verification_ends_with_reset, 0},
        {"TS 102 221 11.1.10", change_replaces_the_value, 0},
        {"TS 102 221 11.1.11", disable_and_enable, 0},
        {"TS 102 221 11.1.13", unblock_gives_tries_and_a_new_value, 0},
        {"TS 102 221 11.1.13", unblock_blocks_for_good, 0},
        {"TS 102 221 9.4.1", universal_pin_replaces_pin1, 0},
        {"TS 102 221 11.1.1.4.10", pin_status_tells_of_replacement, 0},
        {"TS 102 221 9.4", verification_of_keys_is_where_it_belongs, 0},
        {"C29", sec_C29_rights_do_not_leak_between_channels, 0},
        {"C13", sec_C13_wrong_pin_with_power_cut, 6},
        {"C13", sec_C13_right_pin_with_power_cut, 8},
        {"C13", sec_C13_failing_memory_refuses, 4},
        {"C22", sec_C22_full_memory_is_said, 0},
    };

    return lab_suite("pin", cases, ARRAY_LEN(cases), set_up, tear_down);
}
