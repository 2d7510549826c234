/* Tests of uicc/fs/access.c and rule.c. Goal: each form of access rule means what TS 102 221 9.2
 * says, on the quick path (decisions of the profile) and on the slow one (EF.ARR changed) alike; a
 * command that is denied changes and discloses nothing. */
#include "test/support/runner.h"
#include "test/support/uicc/lab.h"

#include <stdio.h>
#include <string.h>

#define FF8 "FFFFFFFFFFFFFFFF"

static struct test_card *t;

static void set_up(void)
{
    t = lab_new(true);
    card_expect(t, "00A4040C09" LAB_AID1, "9000");
}

static void tear_down(void)
{
    card_free(&t);
}

/* Reading under rule n: with nothing verified, PIN1, ADM1, both. Rows from LAB_FIRST_FORM on. */
static const struct {
    const char *form;
    const char *reads; /* y or n for each of the four */
} forms[] = {
    {"never", "nnnn"},
    {"one of two", "nyyy"},
    {"both", "nnny"},
    {"not PIN1", "ynyn"},
    {"no rule", "nnnn"},
    {"instruction before bits", "nnyy"},
    {"malformed header description", "nnnn"},
    {"INS P1 P2", "yyyy"},
    {"CLA INS", "nnyy"},
    {"compact byte: user", "nyny"},
    {"compact byte: never", "nnnn"},
    {"key usage that is no verification", "nnnn"},
    {"not of what cannot be judged", "nnnn"},
    {"PIN1 and not ADM1", "nynn"},
    {"secure messaging", "nnnn"},
    {"first rule decides", "yyyy"},
    {"two conditions in a row", "nyyy"},
    {"two access modes in a row", "yyyy"},
    {"cut short", "nnnn"},
    {"templates in templates", "nyny"},
};

static void read_rows(int row, unsigned state)
{
    bool allowed = forms[row].reads[state] == 'y';
    char select[32];
    const char *got;

    (void)snprintf(select, sizeof select, "00A4000C02%04X", 0x6F30 + LAB_FIRST_FORM + row);
    card_expect(t, select, "9000");
    got = card_send(t, "00B0000004");
    ck_assert_msg(strcmp(got, allowed ? "A5A5A5A5 9000" : "6982") == 0, "%s, state %u: %s",
                  forms[row].form, state, got);
}

static void all_states(int row)
{
    read_rows(row, 0);
    card_verify(t, "PIN1");
    read_rows(row, 1);
    card_reset(t);
    card_expect(t, "00A4040C09" LAB_AID1, "9000");
    card_verify(t, "ADM1");
    read_rows(row, 2);
    card_verify(t, "PIN1");
    read_rows(row, 3);
}

START_TEST(access_obeys_form)
{
    ck_assert_uint_eq(lab_rule_count(), LAB_FIRST_FORM + ARRAY_LEN(forms));
    all_states(_i);
}
END_TEST

/* One byte of another record changes, and the decisions of the profile no longer count. */
START_TEST(access_obeys_form_after_a_change_of_the_rules)
{
    card_verify(t, "ADM1");
    card_expect(t, "00A4000C023F00", "9000");
    card_expect(t, "00A4000C022F06", "9000");
    card_expect(
        t, "00DC010440 8001019000 80017EA40683010A950108 0000" FF8 FF8 FF8 FF8 FF8 "FFFFFFFFFFFF",
        "9000");
    card_reset(t);
    card_expect(t, "00A4040C09" LAB_AID1, "9000");
    all_states(_i);
}
END_TEST

START_TEST(access_names_the_channel_of_the_class_byte)
{
    /* The rule "CLA INS" permits class 01 without any key. */
    card_expect(t, "0070000100", "9000");
    card_expect(t, "01A4040C09" LAB_AID1, "9000");
    card_expect(t, "01A4000C026F3F", "9000");
    card_expect(t, "01B0000004", "A5A5A5A5 9000");
    card_expect(t, "00A4000C026F3F", "9000");
    card_expect(t, "00B0000004", "6982");
}
END_TEST

START_TEST(access_names_parameters)
{
    /* INS P1 P2 = B0 00 00 and nothing else. */
    card_expect(t, "00A4000C026F3E", "9000");
    card_expect(t, "00B0000004", "A5A5A5A5 9000");
    card_expect(t, "00B0000103", "6982");
}
END_TEST

START_TEST(access_is_asked_by_every_command)
{
    static const struct card_step steps[] = {
        {"00A4000C026F07", "9000"},    {"00B0000009", "6982"},
        {"00B0870009", "6982"},        {"00D600000901020304050607 0809", "6982"},
        {"00A4000C026F10", "9000"},    {"00DC010406 000000000000", "6982"},
        {"00A4000C026F11", "9000"},    {"00B2010403", "6982"},
        {"00A2010401 00", "6982"},     {"80320000 01 01", "6982"},
        {"00DC000303 000000", "6982"}, {"00A4000C026F12", "9000"},
        {"80CB0080015C", "6982"},      {"80DB0080028000", "6982"},
        {"0004000002 6F07", "6982"},   {"0044000002 6F07", "6982"},
        {"00E4000002 6F07", "6982"},   {"00E8000002 6F07", "6982"},
        {"00E6000002 7FF0", "6982"},   {"80D400000A 620883026F0780020040", "6982"},
        {"00FE0000", "6982"},
    };

    CARD_STEPS(t, steps);
}
END_TEST

/* What a peer forgot: byte by byte SEARCH RECORD told what READ RECORD would not. */
START_TEST(search_that_is_denied_discloses_nothing)
{
    card_expect(t, "00A4000C026F11", "9000");
    card_expect(t, "00A2010401 03", "6982");
    card_expect(t, "00A2010401 77", "6982");
    card_verify(t, "PIN1");
    card_expect_run(t, "00A2010401 03", "01 9000");
}
END_TEST

START_TEST(access_disabled_pin_counts_as_verified)
{
    card_expect(t, "00B0870009", "6982");
    card_expect(t, "0026000108" CARD_PIN1, "9000");
    card_reset(t);
    card_expect(t, "00A4040C09" LAB_AID1, "9000");
    card_expect(t, "00B0870009", "080910101032547698 9000");
}
END_TEST

START_TEST(sec_C21_nothing_changes_without_the_right)
{
    static const char *const attacks[] = {
        "00E000001A 6218 82024121 83026F99 8A0105 8B032F0607 80020004 8800 A500",
        "00E4000002 6F07",
        "00E8000002 6F10",
        "00E6000002 7FF0",
        "00FE0000",
        "00A4000C026F07",
        "00D6000001 00",
        "0004000002 6F07",
        "80D400000A 6208 83026F07 80020040",
        "00A4000C023F00",
        "00E4000002 2FE2",
        "00E8000002 2FE2",
        "00E4000002 7F10",
        "00A4000C022FE2",
        "00D6000001 00",
        "00FE0000",
    };
    uint64_t written = store_written(&t->card->store);

    for (size_t i = 0; i < ARRAY_LEN(attacks); i++)
        (void)card_send(t, attacks[i]);
    ck_assert_uint_eq(store_written(&t->card->store), written);
    card_expect(t, "00B082000A", "988812010000400310F0 9000");
}
END_TEST

Suite *suite_under_test(void)
{
    const struct lab_case cases[] = {
        {"TS 102 221 9.2.4", access_obeys_form, ARRAY_LEN(forms)},
        {"TS 102 221 9.2.7", access_obeys_form_after_a_change_of_the_rules, ARRAY_LEN(forms)},
        {"TS 102 221 9.2.4", access_names_the_channel_of_the_class_byte, 0},
        {"TS 102 221 9.2.4", access_names_parameters, 0},
        {"TS 102 221 9.2", access_is_asked_by_every_command, 0},
        {"TS 102 221 11.1.7", search_that_is_denied_discloses_nothing, 0},
        {"TS 102 221 9.5.1", access_disabled_pin_counts_as_verified, 0},
        {"C21", sec_C21_nothing_changes_without_the_right, 0},
    };

    return lab_suite("access", cases, ARRAY_LEN(cases), set_up, tear_down);
}
