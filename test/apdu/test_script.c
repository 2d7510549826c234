/* Tests of apdu/script.h. Goal: the scripts and answers of public traces come apart command
 * by command; a length that lies, a tag nobody knows and a missing end are told apart. */
#include "apdu/script.h"
#include "test/support/hexrow.h"
#include "test/support/runner.h"

#include <stdio.h>
#include <string.h>

/* Walks a script into text: commands as hex, actions with a letter before them, then the end. */
static void walk(const char *script, char *text, size_t cap, enum err *end)
{
    static const char *const marks[] = {[SCRIPT_COMMAND] = "",
                                        [SCRIPT_IMMEDIATE_ACTION] = "I",
                                        [SCRIPT_ERROR_ACTION] = "E",
                                        [SCRIPT_CHAINING] = "C"};
    struct hexrow row;
    struct script_reader s;
    struct script_item item;
    size_t used = 0;

    text[0] = '\0';
    *end = script_begin(hexrow(&row, script), &s);
    while (*end == ERR_OK && (*end = script_next(&s, &item)) == ERR_OK) {
        char hex[600];

        ck_assert_int_eq(hex_encode(item.bytes, hex, sizeof hex), ERR_OK);
        ck_assert_uint_lt(used + strlen(hex) + 3, cap);
        used += (size_t)snprintf(text + used, cap - used, "%s%s%s", used > 0 ? " " : "",
                                 marks[item.kind], hex);
    }
}

static const struct {
    const char *rule;
    const char *script;
    const char *items;
    enum err end;
} scripts[] = {
    {"compact, one SELECT", "00A40004023F00", "00A40004023F00", ERR_NOT_FOUND},
    {"compact, 2G SELECT and GET RESPONSE", "A0A40000027F20 A0C0000016",
     "A0A40000027F20 A0C0000016", ERR_NOT_FOUND},
    {"compact, SELECT and READ BINARY", "00A40804022FE2 00B000000A", "00A40804022FE2 00B000000A",
     ERR_NOT_FOUND},
    {"compact, GET DATA and GET RESPONSE", "80CA00E000 00C0000000", "80CA00E000 00C0000000",
     ERR_NOT_FOUND},
    {"compact, READ BINARY not last", "00B0000009 00D600000101", "00B0000009 00D600000101",
     ERR_NOT_FOUND},
    {"compact, READ RECORD with length", "00B201041C 00A40004023F00", "00B201041C 00A40004023F00",
     ERR_NOT_FOUND},
    {"compact, STATUS", "80F2000C10 00A40004023F00", "80F2000C10 00A40004023F00", ERR_NOT_FOUND},
    {"compact, STATUS of a terminal that is ready", "80F2010C10 00A40004023F00",
     "80F2010C10 00A40004023F00", ERR_NOT_FOUND},
    {"compact, GET STATUS has data", "80F24002024F00 00C0000000", "80F24002024F00 00C0000000",
     ERR_NOT_FOUND},
    {"compact, VERIFY without data", "0020000A00 00A40004023F00", "0020000A00 00A40004023F00",
     ERR_NOT_FOUND},
    {"compact, case 1 without P3", "00A40000", "", ERR_SHORT},
    {"compact, data runs past the end", "00A40004023F", "", ERR_SHORT},
    {"compact, rest of two bytes", "00A40004023F00 0000", "00A40004023F00", ERR_SHORT},
    {"nothing", "", "", ERR_SHORT},
    {"definite, GET STATUS with Le", "AA0A220880F24002024F0000", "80F24002024F0000", ERR_NOT_FOUND},
    {"definite, empty", "AA00", "", ERR_NOT_FOUND},
    {"definite, length form 81", "AA8109220700A40004023F00", "00A40004023F00", ERR_NOT_FOUND},
    {"definite, all actions", "AA10 810181 8200 830101 220400040000 8200", "I81 E C01 00040000 E",
     ERR_NOT_FOUND},
    {"definite, case 1 with too few bytes", "AA05 22030004 00", "", ERR_FORMAT},
    {"definite, Lc above the data", "AA08 220600A40004033F", "", ERR_FORMAT},
    {"definite, chaining of two bytes", "AA04 83020101", "", ERR_FORMAT},
    {"definite, immediate action of no bytes", "AA02 8100", "", ERR_FORMAT},
    {"definite, unknown tag", "AA03 840100", "", ERR_UNSUPPORTED},
    {"definite, 00 00 is no end", "AA02 0000", "", ERR_UNSUPPORTED},
    {"definite, item runs past the end", "AA04 22070000", "", ERR_SHORT},
    {"definite, length missing", "AA", "", ERR_SHORT},
    {"definite, length above what is there", "AA0A2208", "", ERR_SHORT},
    {"definite, bytes behind", "AA00FF", "", ERR_FORMAT},
    {"definite form with 80", "AA800000", "", ERR_FORMAT},
    {"indefinite", "AE80 220700A40004023F00 0000", "00A40004023F00", ERR_NOT_FOUND},
    {"indefinite, empty", "AE800000", "", ERR_NOT_FOUND},
    {"indefinite, no end", "AE80 220700A40004023F00", "00A40004023F00", ERR_SHORT},
    {"indefinite, half an end", "AE80 00", "", ERR_SHORT},
    {"indefinite, bytes behind the end", "AE80 0000 00", "", ERR_FORMAT},
    {"indefinite with a length", "AE02 0000", "", ERR_FORMAT},
    {"indefinite, 80 missing", "AE", "", ERR_SHORT},
};

START_TEST(script_next_walks)
{
    char text[1200];
    enum err end;

    walk(scripts[_i].script, text, sizeof text, &end);
    ck_assert_msg(end == scripts[_i].end, "%s: ended with %s", scripts[_i].rule, err_text(end));
    ck_assert_msg(strcmp(text, scripts[_i].items) == 0, "%s: got %s", scripts[_i].rule, text);
}
END_TEST

static const struct {
    const char *script;
    bool has_le;
    uint8_t le;
} wanted[] = {
    {"AA06 220400A40000", false, 0},           {"AA07 220500B0000009", true, 9},
    {"AA07 220500B0000000", true, 0},          {"AA09 220700A40004023F00", false, 0},
    {"AA0A 220800A40004023F0016", true, 0x16}, {"00B0000009", false, 0},
};

START_TEST(script_next_says_how_much_is_wanted)
{
    struct hexrow row;
    struct script_reader s;
    struct script_item item;

    ck_assert_int_eq(script_begin(hexrow(&row, wanted[_i].script), &s), ERR_OK);
    ck_assert_int_eq(script_next(&s, &item), ERR_OK);
    ck_assert_int_eq(item.has_le, wanted[_i].has_le);
    ck_assert_uint_eq(item.le, wanted[_i].le);
}
END_TEST

START_TEST(script_next_does_not_move_on_error)
{
    struct hexrow row;
    struct script_reader s;
    struct script_item item = {.le = 0x77};

    ck_assert_int_eq(script_begin(hexrow(&row, "AA03 840100"), &s), ERR_OK);
    ck_assert_int_eq(script_next(&s, &item), ERR_UNSUPPORTED);
    ck_assert_int_eq(script_next(&s, &item), ERR_UNSUPPORTED);
    ck_assert_uint_eq(s.left.left, 3);
    ck_assert_uint_eq(item.le, 0x77);
}
END_TEST

static const struct {
    enum script_format format;
    const char *commands[3];
    const char *script;
    enum err want;
} writes[] = {
    {SCRIPT_COMPACT, {"A0A40000027F20", "A0C0000016"}, "A0A40000027F20A0C0000016", ERR_OK},
    {SCRIPT_COMPACT, {"80F24002024F0000"}, "80F24002024F00", ERR_OK},
    {SCRIPT_COMPACT, {"00040000", "00B0000009"}, "0004000000 00B0000009", ERR_OK},
    {SCRIPT_DEFINITE, {"80F24002024F0000"}, "AA0A220880F24002024F0000", ERR_OK},
    {SCRIPT_INDEFINITE, {"00A40004023F00"}, "AE80220700A40004023F000000", ERR_OK},
    {SCRIPT_DEFINITE, {NULL}, "AA00", ERR_OK},
    {SCRIPT_COMPACT, {"00A400", "00B0000009"}, NULL, ERR_SHORT},
    {SCRIPT_DEFINITE, {"00A40004033F00"}, NULL, ERR_FORMAT},
    {SCRIPT_COMPACT, {"00D6000009"}, NULL, ERR_FORMAT},
};

START_TEST(script_close_ends_what_was_written)
{
    uint8_t block[64];
    struct wr w = WR_ARRAY(block);
    struct script_writer s;
    struct hexrow row;

    script_open(&s, writes[_i].format, &w);
    for (size_t i = 0; writes[_i].commands[i] != NULL; i++)
        script_write_command(&s, hexrow(&row, writes[_i].commands[i]));
    ck_assert_int_eq(script_close(&s), writes[_i].want);
    if (writes[_i].script != NULL)
        hexrow_assert(RD_WR(&w), writes[_i].script, "script");
}
END_TEST

START_TEST(script_write_immediate_action_is_for_expanded_scripts)
{
    static const uint8_t session = 0x81;
    uint8_t block[16];
    struct wr w = WR_ARRAY(block);
    struct script_writer s;

    script_open(&s, SCRIPT_DEFINITE, &w);
    script_write_immediate_action(&s, RD(&session, 1));
    ck_assert_int_eq(script_close(&s), ERR_OK);
    hexrow_assert(RD_WR(&w), "AA03810181", "script");
    script_open(&s, SCRIPT_COMPACT, &w);
    script_write_immediate_action(&s, RD(&session, 1));
    ck_assert_int_eq(script_close(&s), ERR_UNSUPPORTED);
}
END_TEST

START_TEST(script_close_reports_a_script_that_does_not_fit)
{
    static const enum script_format formats[] = {SCRIPT_COMPACT, SCRIPT_DEFINITE,
                                                 SCRIPT_INDEFINITE};
    uint8_t block[6];
    struct hexrow row;

    for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
        struct wr w = WR_ARRAY(block);
        struct script_writer s;

        script_open(&s, formats[i], &w);
        script_write_command(&s, hexrow(&row, "00A40004023F00"));
        ck_assert_int_eq(script_close(&s), ERR_SPACE);
    }
}
END_TEST

static const struct {
    const char *rule;
    enum script_format format;
    const char *answer;
    enum err want;
    unsigned executed;
    unsigned sw;
    const char *data;
    int cause; /* -1: format was good */
} answers[] = {
    {"compact, SW only", SCRIPT_COMPACT, "016132", ERR_OK, 1, 0x6132, "", -1},
    {"compact, data of a real card", SCRIPT_COMPACT,
     "0290000000FFFF7F2002000000000009B106350400838A838A", ERR_OK, 2, 0x9000,
     "0000FFFF7F2002000000000009B106350400838A838A", -1},
    {"compact, ICCID", SCRIPT_COMPACT, "02900098101032547698103214", ERR_OK, 2, 0x9000,
     "98101032547698103214", -1},
    {"compact, count that looks like a tag", SCRIPT_COMPACT, "AB9000", ERR_OK, 0xAB, 0x9000, "",
     -1},
    {"compact, cut", SCRIPT_COMPACT, "0190", ERR_SHORT, 0, 0, NULL, 0},
    {"nothing", SCRIPT_COMPACT, "", ERR_SHORT, 0, 0, NULL, 0},
    {"definite", SCRIPT_DEFINITE, "AB0780010123026132", ERR_OK, 1, 0x6132, "80010123026132", -1},
    {"definite, two answers", SCRIPT_DEFINITE, "AB0D 800102 23026132 2304AABB9000", ERR_OK, 2,
     0x9000, "800102 23026132 2304AABB9000", -1},
    {"definite, bad format", SCRIPT_DEFINITE, "AB06800101900101", ERR_OK, 1, 0, "800101 900101", 1},
    {"definite, no count", SCRIPT_DEFINITE, "AB04 23029000", ERR_OK, 1, 0x9000, "23029000", -1},
    {"definite, chaining response", SCRIPT_DEFINITE, "AB06 800100 830101", ERR_OK, 0, 0,
     "800100 830101", -1},
    {"indefinite", SCRIPT_INDEFINITE, "AF80 23026132 23029000 0000", ERR_OK, 2, 0x9000,
     "23026132 23029000", -1},
    {"definite answer to an indefinite script", SCRIPT_INDEFINITE, "AB0780010123029000", ERR_OK, 1,
     0x9000, "80010123029000", -1},
    {"nothing expanded", SCRIPT_DEFINITE, "", ERR_SHORT, 0, 0, NULL, 0},
    {"compact answer to an expanded script", SCRIPT_DEFINITE, "016132", ERR_FORMAT, 0, 0, NULL, 0},
    {"R-APDU of one byte", SCRIPT_DEFINITE, "AB03 230190", ERR_FORMAT, 0, 0, NULL, 0},
    {"count of two bytes", SCRIPT_DEFINITE, "AB08 80020082 23029000", ERR_OK, 130, 0x9000,
     "80020082 23029000", -1},
    {"count of three bytes", SCRIPT_DEFINITE, "AB05 8003000001", ERR_FORMAT, 0, 0, NULL, 0},
    {"bad format without cause", SCRIPT_DEFINITE, "AB02 9000", ERR_FORMAT, 0, 0, NULL, 0},
    {"object past the end", SCRIPT_DEFINITE, "AB04 23046132", ERR_SHORT, 0, 0, NULL, 0},
    {"indefinite without end", SCRIPT_INDEFINITE, "AF80 23026132", ERR_SHORT, 0, 0, NULL, 0},
};

START_TEST(script_read_answer_obeys_rule)
{
    struct hexrow row;
    struct script_answer a = {.executed = 0x5555};
    enum err got = script_read_answer(hexrow(&row, answers[_i].answer), answers[_i].format, &a);

    ck_assert_msg(got == answers[_i].want, "%s: got %s", answers[_i].rule, err_text(got));
    if (got != ERR_OK) {
        ck_assert_uint_eq(a.executed, 0x5555);
        return;
    }
    ck_assert_uint_eq(a.executed, answers[_i].executed);
    ck_assert_uint_eq(a.last.v, answers[_i].sw);
    hexrow_assert(a.data, answers[_i].data, answers[_i].rule);
    ck_assert_int_eq(a.bad_format, answers[_i].cause >= 0);
    if (a.bad_format)
        ck_assert_int_eq(a.bad_format_cause, answers[_i].cause);
}
END_TEST

/* Two commands answered, the second with data. */
static void answer_two(struct script_answer_writer *a, enum script_format format, struct wr *w)
{
    static const uint8_t data[] = {0xAA, 0xBB};

    script_answer_open(a, format, w);
    script_answer_add(a, RD_ARRAY(data), SW(0x6132));
    script_answer_add(a, RD(data, 1), SW_OK);
}

static const struct {
    enum script_format format;
    const char *answer;
} made[] = {
    {SCRIPT_COMPACT, "02 9000 AA"},
    {SCRIPT_DEFINITE, "AB0E 800102 2304AABB6132 2303AA9000"},
    {SCRIPT_INDEFINITE, "AF80 2304AABB6132 2303AA9000 0000"},
};

START_TEST(script_answer_close_makes_the_answer)
{
    uint8_t block[64];
    struct wr w = WR_ARRAY(block);
    struct script_answer_writer a;

    wr_u8(&w, 0x55); /* an answer need not stand at the start of its writer */
    answer_two(&a, made[_i].format, &w);
    ck_assert_int_eq(script_answer_close(&a), ERR_OK);
    hexrow_assert(RD(block + 1, w.len - 1), made[_i].answer, "answer");
}
END_TEST

START_TEST(script_answer_of_no_command)
{
    uint8_t block[64];
    struct wr w = WR_ARRAY(block);
    struct script_answer_writer a;

    script_answer_open(&a, SCRIPT_DEFINITE, &w);
    script_answer_bad_format(&a, SCRIPT_UNKNOWN_TAG);
    ck_assert_int_eq(script_answer_close(&a), ERR_OK);
    hexrow_assert(RD_WR(&w), "AB06800100900101", "bad format");
    w = WR_ARRAY(block);
    script_answer_open(&a, SCRIPT_COMPACT, &w);
    script_answer_bad_format(&a, SCRIPT_UNKNOWN_TAG);
    ck_assert_int_eq(script_answer_close(&a), ERR_OK);
    hexrow_assert(RD_WR(&w), "000000", "compact");
}
END_TEST

/* Data cut to the room that is left always fits, whatever the size of the block. */
START_TEST(script_answer_room_is_enough)
{
    static const uint8_t data[400];
    uint8_t block[400];

    for (size_t cap = 16; cap <= sizeof block; cap++) {
        struct wr w = WR(block, cap);
        struct script_answer_writer a;
        struct script_answer read;
        size_t room;

        script_answer_open(&a, made[_i].format, &w);
        room = script_answer_room(&a);
        ck_assert_uint_gt(room, 0);
        ck_assert_uint_ge(room + 13, cap); /* and no more is held back than the format takes */
        script_answer_add(&a, RD(data, room), SW(0x62F1));
        ck_assert_int_eq(script_answer_close(&a), ERR_OK);
        ck_assert_int_eq(script_read_answer(RD_WR(&w), made[_i].format, &read), ERR_OK);
        ck_assert_uint_eq(read.executed, 1);
        ck_assert_uint_eq(read.last.v, 0x62F1);
    }
}
END_TEST

START_TEST(script_answer_close_reports_what_does_not_fit)
{
    uint8_t block[8], large[64] = {0};
    struct wr w = WR(block, made[_i].format == SCRIPT_COMPACT ? 2 : 8);
    struct script_answer_writer a;

    answer_two(&a, made[_i].format, &w);
    ck_assert_uint_eq(script_answer_room(&a), 0);
    ck_assert_int_eq(script_answer_close(&a), ERR_SPACE);
    w = WR_ARRAY(large);
    script_answer_open(&a, made[_i].format, &w);
    script_answer_add(&a, RD(large, sizeof large), SW_OK);
    ck_assert_uint_eq(script_answer_room(&a), 0);
    ck_assert_int_eq(script_answer_close(&a), ERR_SPACE);
}
END_TEST

Suite *suite_under_test(void)
{
    Suite *s = suite_create("apdu/script");
    TCase *read = tcase_create("TS 102 226 5.1.1, 5.2.1, reading");
    TCase *write = tcase_create("TS 102 226 5.1.1, 5.2.1, writing");
    TCase *answer = tcase_create("TS 102 226 5.1.2, 5.2.2");

    tcase_add_loop_test(read, script_next_walks, 0, (int)ARRAY_LEN(scripts));
    tcase_add_loop_test(read, script_next_says_how_much_is_wanted, 0, (int)ARRAY_LEN(wanted));
    tcase_add_test(read, script_next_does_not_move_on_error);
    suite_add_tcase(s, read);
    tcase_add_loop_test(write, script_close_ends_what_was_written, 0, (int)ARRAY_LEN(writes));
    tcase_add_test(write, script_write_immediate_action_is_for_expanded_scripts);
    tcase_add_test(write, script_close_reports_a_script_that_does_not_fit);
    suite_add_tcase(s, write);
    tcase_add_loop_test(answer, script_read_answer_obeys_rule, 0, (int)ARRAY_LEN(answers));
    tcase_add_loop_test(answer, script_answer_close_makes_the_answer, 0, (int)ARRAY_LEN(made));
    tcase_add_test(answer, script_answer_of_no_command);
    tcase_add_loop_test(answer, script_answer_room_is_enough, 0, (int)ARRAY_LEN(made));
    tcase_add_loop_test(answer, script_answer_close_reports_what_does_not_fit, 0,
                        (int)ARRAY_LEN(made));
    suite_add_tcase(s, answer);
    return s;
}
