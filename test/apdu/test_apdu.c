/* Tests of apdu/apdu.h. Goal: every length of a command has one reading or none, and every
 * class byte is one row of TS 102 221 10.1.1 or refused. */
#include "apdu/apdu.h"
#include "test/support/hexrow.h"
#include "test/support/runner.h"

static const struct {
    const char *rule;
    const char *hex;
    enum err want;
    uint8_t p3;
    const char *data;
    bool has_le;
    uint8_t le;
} rows[] = {
    {"case 1 without P3", "00A40000", ERR_OK, 0, "", false, 0},
    {"case 1 with P3 = 00", "0070800100", ERR_OK, 0, "", false, 0},
    {"case 2", "00B0000009", ERR_OK, 9, "", false, 0},
    {"case 3", "00A40004023F00", ERR_OK, 2, "3F00", false, 0},
    {"case 4 with Le", "00A40004023F0000", ERR_OK, 2, "3F00", true, 0},
    {"case 4 with Le 10", "0088008101AA10", ERR_OK, 1, "AA", true, 0x10},
    {"nothing", "", ERR_SHORT, 0, "", false, 0},
    {"three bytes", "00A400", ERR_SHORT, 0, "", false, 0},
    {"Lc one above the data", "00A40004033F00", ERR_FORMAT, 0, "", false, 0},
    {"two bytes behind the data", "00A40004023F000000", ERR_FORMAT, 0, "", false, 0},
    {"Lc 0 with data", "00A40004003F", ERR_FORMAT, 0, "", false, 0},
    {"extended length", "00B00000000100", ERR_FORMAT, 0, "", false, 0},
};

START_TEST(apdu_parse_obeys_rule)
{
    struct hexrow row;
    struct apdu a = {0};
    enum err got = apdu_parse(hexrow(&row, rows[_i].hex), &a);

    ck_assert_msg(got == rows[_i].want, "%s: got %s", rows[_i].rule, err_text(got));
    ck_assert_uint_eq(a.p3, rows[_i].p3);
    hexrow_assert(a.data, rows[_i].data, rows[_i].rule);
    ck_assert_int_eq(a.has_le, rows[_i].has_le);
    ck_assert_uint_eq(a.le, rows[_i].le);
    if (got == ERR_OK) {
        ck_assert_uint_eq(a.cla, row.bytes[0]);
        ck_assert_uint_eq(a.ins, row.bytes[1]);
        ck_assert_uint_eq(a.p1, row.bytes[2]);
        ck_assert_uint_eq(a.p2, row.bytes[3]);
    }
}
END_TEST

START_TEST(apdu_parse_takes_the_longest_command)
{
    uint8_t bytes[APDU_COMMAND_MAX + 1] = {0x00, 0xD6, 0x00, 0x00, 0xFF};
    struct apdu a = {0};

    ck_assert_int_eq(apdu_parse(RD(bytes, APDU_COMMAND_MAX), &a), ERR_OK);
    ck_assert_uint_eq(a.data.left, 255);
    ck_assert(a.has_le);
    ck_assert_int_eq(apdu_parse(RD(bytes, APDU_COMMAND_MAX + 1), &a), ERR_FORMAT);
}
END_TEST

static const struct {
    uint8_t cla;
    struct apdu_class want;
} classes[] = {
    {0x00, {.channel = 0}},
    {0x03, {.channel = 3}},
    {0x04, {.channel = 0, .secure_messaging = true}},
    {0x0D, {.channel = 1, .secure_messaging = true}},
    {0x40, {.channel = 4}},
    {0x4F, {.channel = 19}},
    {0x60, {.channel = 4, .secure_messaging = true}},
    {0x80, {.channel = 0, .etsi = true}},
    {0x82, {.channel = 2, .etsi = true}},
    {0x84, {.channel = 0, .etsi = true, .secure_messaging = true}},
    {0xC1, {.channel = 5, .etsi = true}},
    {0xEF, {.channel = 19, .etsi = true, .secure_messaging = true}},
    {0xA0, {.sim = true}},
};

START_TEST(apdu_class_reads_the_table)
{
    struct apdu_class got = {0};
    const struct apdu_class *want = &classes[_i].want;

    ck_assert_int_eq(apdu_class(classes[_i].cla, &got), ERR_OK);
    ck_assert_uint_eq(got.channel, want->channel);
    ck_assert_int_eq(got.etsi, want->etsi);
    ck_assert_int_eq(got.secure_messaging, want->secure_messaging);
    ck_assert_int_eq(got.sim, want->sim);
}
END_TEST

START_TEST(apdu_class_refuses_what_is_in_no_row)
{
    /* By high nibble: 0, 4, 6, 8, C, E have rows; of A only A0. */
    static const bool known[16] = {
        [0x0] = true, [0x4] = true, [0x6] = true, [0x8] = true, [0xC] = true, [0xE] = true};

    for (unsigned cla = 0; cla <= 0xFF; cla++) {
        struct apdu_class got = {.channel = 0x55};
        bool want = known[cla >> 4] || cla == 0xA0;

        ck_assert_int_eq(apdu_class((uint8_t)cla, &got), want ? ERR_OK : ERR_UNSUPPORTED);
        ck_assert(want ? got.channel < APDU_CHANNELS : got.channel == 0x55);
    }
}
END_TEST

START_TEST(apdu_class_byte_names_every_channel)
{
    for (unsigned channel = 0; channel < APDU_CHANNELS; channel++) {
        for (int etsi = 0; etsi <= 1; etsi++) {
            struct apdu_class got;

            ck_assert_int_eq(apdu_class(apdu_class_byte((uint8_t)channel, etsi), &got), ERR_OK);
            ck_assert_uint_eq(got.channel, channel);
            ck_assert_int_eq(got.etsi, etsi);
            ck_assert(!got.secure_messaging && !got.sim);
        }
    }
    ck_assert_uint_eq(apdu_class_byte(3, false), 0x03);
    ck_assert_uint_eq(apdu_class_byte(4, false), 0x40);
    ck_assert_uint_eq(apdu_class_byte(19, true), 0xCF);
}
END_TEST

Suite *suite_under_test(void)
{
    Suite *s = suite_create("apdu/apdu");
    TCase *cases = tcase_create("TS 102 221 7.3.1");
    TCase *class_byte = tcase_create("TS 102 221 10.1.1");

    tcase_add_loop_test(cases, apdu_parse_obeys_rule, 0, (int)ARRAY_LEN(rows));
    tcase_add_test(cases, apdu_parse_takes_the_longest_command);
    suite_add_tcase(s, cases);
    tcase_add_loop_test(class_byte, apdu_class_reads_the_table, 0, (int)ARRAY_LEN(classes));
    tcase_add_test(class_byte, apdu_class_refuses_what_is_in_no_row);
    tcase_add_test(class_byte, apdu_class_byte_names_every_channel);
    suite_add_tcase(s, class_byte);
    return s;
}
