/* Tests of uicc/fs/data.c. Goal: objects of a BER-TLV EF are set, replaced, listed, retrieved and
 * deleted as TS 102 221 11.3 says, in one block or many, and a sequence that is broken off leaves
 * nothing behind. */
#include "test/support/runner.h"
#include "test/support/uicc/lab.h"

#include <stdio.h>
#include <string.h>

static struct test_card *t;

static void set_up(void)
{
    t = lab_new(true);
    card_expect(t, "00A4040C09" LAB_AID1, "9000");
    card_verify(t, "PIN1");
    card_expect(t, "00A4000C026F12", "9000");
}

static void tear_down(void)
{
    card_free(&t);
}

START_TEST(objects_are_set_replaced_and_deleted)
{
    static const struct card_step steps[] = {
        {"80DB008005 8003AABBCC", "9000"},
        {"80CB008001 80", "8003AABBCC 9000"},
        {"80DB008006 9F700311 2233", "9000"},
        {"80DB008004 80027788", "9000"},
        {"80CB008001 80", "80027788 9000"},
        {"80CB008002 9F70", "9F7003112233 9000"},
        {"80CB008001 5C", "5C039F7080 9000"},
        {"80DB008001 80", "9000"},
        {"80CB008001 80", "6A88"},
        {"80DB008001 80", "6A88"},
        {"80CB008001 5C", "5C029F70 9000"},
        {"80DB008002 8100", "9000"},
        {"80CB008001 81", "8100 9000"},
        {"80CB009202 9F70", "9F7003112233 9000"}, /* by SFI */
    };

    CARD_STEPS(t, steps);
    ck_assert_int_eq(card_power_cycle(t), ERR_OK);
    card_expect(t, "00A4040C09" LAB_AID1, "9000");
    card_verify(t, "PIN1");
    card_expect_run(t, "80CB009202 9F70", "9F7003112233 9000");
}
END_TEST

START_TEST(other_forms_are_refused)
{
    static const struct card_step steps[] = {
        {"80DB018005 8003AABBCC", "6A86"},
        {"80DB00A005 8003AABBCC", "6A86"},
        {"80DB004005 8003AABBCC", "6A86"},
        {"80DB00C005 8003AABBCC", "6A86"},
        {"80DB008004 5C028081", "6A80"},
        {"80DB008004 8001AABB", "6A80"},
        {"80DB008003 808000", "6A80"},
        {"80DB008001 9F", "6A80"},
        {"80DB008005 9F81828301", "6A80"},
        {"80DB000001 AA", "6985"},
        {"80CB000000", "6985"},
        {"80CB004000", "6985"},
        {"80CB00C000", "6A86"},
        {"80CB008000", "6700"},
        {"80CB008002 8080", "6A80"},
        {"80DB008000", "6700"},
        {"80CB008701 80", "6981"},
        {"80DB009003 800101", "6981"},
        {"80CB009F01 80", "6A82"},
        {"00A4000C023F00", "9000"},
        {"80CB008001 80", "6986"},
    };

    CARD_STEPS(t, steps);
}
END_TEST

/* n bytes of value v in hex. */
static const char *run_of(char *text, unsigned v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        (void)snprintf(text + 2 * i, 3, "%02X", v);
    return text;
}

/* An object of 600 bytes in three blocks. */
static void set_long(void)
{
    char value[512], command[600];

    (void)snprintf(command, sizeof command, "80DB0080FF 84820258%s", run_of(value, 0xA1, 251));
    card_expect(t, command, "63F1");
    (void)snprintf(command, sizeof command, "80DB0000FF %s", run_of(value, 0xA2, 255));
    card_expect(t, command, "63F1");
    (void)snprintf(command, sizeof command, "80DB00005E %s", run_of(value, 0xA3, 94));
    card_expect(t, command, "9000");
}

static size_t bytes_of(const char *answer)
{
    const char *blank = strchr(answer, ' ');

    return blank == NULL ? 0 : (size_t)(blank - answer) / 2;
}

static void ends_with(const char *answer, const char *end)
{
    ck_assert_str_eq(answer + strlen(answer) - strlen(end), end);
}

START_TEST(long_objects_come_in_blocks)
{
    const char *got;

    set_long();
    card_expect(t, "80CB008001 84", "62F1");
    got = card_send(t, "00C0000000");
    ck_assert_uint_eq(bytes_of(got), 256);
    ck_assert_int_eq(strncmp(got, "84820258A1A1", 12), 0);
    ends_with(got, "A1A2 62F1");
    card_expect(t, "80CB000010", "A2A2A2A2A2A2A2A2A2A2A2A2A2A2A2A2 62F1"); /* P3 says how much */
    card_expect(t, "80CB004010", "A2A2A2A2A2A2A2A2A2A2A2A2A2A2A2A2 62F1"); /* once more */
    got = card_send(t, "80CB000000");
    ck_assert_uint_eq(bytes_of(got), 256);
    ends_with(got, "A3 62F1");
    card_expect(t, "80CB000000", "6C4C"); /* 604 - 256 - 16 - 256 */
    card_expect(t, "80CB00004D", "6C4C");
    got = card_send(t, "80CB00004C");
    ck_assert_uint_eq(bytes_of(got), 0x4C);
    ends_with(got, "A3A3 9000");
    card_expect(t, "80CB000000", "6985");
}
END_TEST

START_TEST(broken_sequences_leave_nothing)
{
    static const char *const breaks[] = {
        "00B0870001", "80CB008001 84", "80DB008003 800177", "00A4000C026F07", "00A4000C026F12",
    };
    char value[512], command[600];

    (void)snprintf(command, sizeof command, "80DB0080FF 84820258%s", run_of(value, 0xA1, 251));
    card_expect(t, command, "63F1");
    (void)card_send(t, breaks[_i]);
    card_expect(t, "00A4000C026F12", "9000");
    (void)snprintf(command, sizeof command, "80DB0000FF %s", run_of(value, 0xA2, 255));
    card_expect(t, command, "6985");
    card_expect(t, "80CB008001 84", "6A88");
    ck_assert_ptr_null(t->card->transfers);
}
END_TEST

/* What does not make another file current may come in between (TS 102 221 11.3.0). */
START_TEST(other_commands_leave_a_sequence_alone)
{
    static const char *const between[] = {
        "80F2000C00", "0020000100", "80DB000000", "80CB00C000", "00A4000C026FFF", "00B2010402",
    };

    card_expect(t, "80DB008004 8003AABB", "63F1");
    (void)card_send(t, between[_i]);
    card_expect(t, "80DB000001 CC", "9000");
    card_expect_run(t, "80CB008001 80", "8003AABBCC 9000");
}
END_TEST

START_TEST(an_object_is_gone_when_its_new_value_is_broken_off)
{
    card_expect(t, "80DB008004 8002AABB", "9000");
    card_expect(t, "80DB008003 810155", "9000");
    card_expect(t, "80DB008004 8003AABB", "63F1");
    card_expect(t, "00A4000C026F12", "9000");
    card_expect(t, "80CB008001 80", "6A88");
    card_expect_run(t, "80CB008001 81", "810155 9000");
}
END_TEST

START_TEST(too_much_ends_the_sequence)
{
    card_expect(t, "80DB008004 8004AABB", "63F1");
    card_expect(t, "80DB000003 010203", "6A80");
    card_expect(t, "80DB000002 0102", "6985");
    card_expect(t, "80CB008001 80", "6A88");
}
END_TEST

START_TEST(a_file_holds_no_more_than_its_size)
{
    card_expect(t, "80DB008006 8483FFFFFFAA", "6A84");
    card_expect(t, "80DB008005 848203FDAA", "6A84"); /* 1025 with its head */
    card_expect(t, "80DB008005 848203FCAA", "63F1"); /* 1024 */
    card_expect(t, "80DB008003 8001AA", "9000");
    card_expect(t, "80CB008001 5C", "6103");
}
END_TEST

START_TEST(sequences_belong_to_their_channel)
{
    card_expect(t, "0070000100", "9000");
    card_expect(t, "01A4040C09" LAB_AID1, "9000");
    card_expect(t, "01A4000C026F12", "9000");
    card_expect(t, "80DB008004 8003AABB", "63F1");
    card_expect(t, "01B0870001", "08 9000"); /* another channel's commands do not break it */
    card_expect(t, "01A4000C026F12", "9000");
    card_expect(t, "81DB000001 CC", "6985");
    card_expect(t, "81DB008003 8102DD", "63F1"); /* one on each channel */
    card_expect(t, "81CB008001 99", "6A88");
    card_expect(t, "80DB000001 CC", "9000");
    card_expect_run(t, "81CB008001 80", "8003AABBCC 9000");
}
END_TEST

Suite *suite_under_test(void)
{
    const struct lab_case cases[] = {
        {"TS 102 221 11.3", objects_are_set_replaced_and_deleted, 0},
        {"TS 102 221 11.3", other_forms_are_refused, 0},
        {"TS 102 221 11.3.1", long_objects_come_in_blocks, 0},
        {"TS 102 221 11.3", broken_sequences_leave_nothing, 5},
        {"TS 102 221 11.3.0", other_commands_leave_a_sequence_alone, 6},
        {"TS 102 221 11.3.2", an_object_is_gone_when_its_new_value_is_broken_off, 0},
        {"TS 102 221 11.3.2", too_much_ends_the_sequence, 0},
        {"TS 102 221 11.3.2", a_file_holds_no_more_than_its_size, 0},
        {"TS 102 221 11.3", sequences_belong_to_their_channel, 0},
    };

    return lab_suite("data", cases, ARRAY_LEN(cases), set_up, tear_down);
}
