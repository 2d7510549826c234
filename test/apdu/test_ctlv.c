/* Tests of apdu/ctlv.h. Goal: the comprehension bit never mixes with the tag, the three
 * bytes that are no tags are refused, and the sheets' toolkit strings come apart. */
#include "apdu/ctlv.h"
#include "test/support/hexrow.h"
#include "test/support/runner.h"

static const struct {
    const char *rule;
    const char *hex;
    enum err want;
    uint16_t tag;
    bool comprehension;
    size_t value_len;
} rows[] = {
    {"comprehension required", "81 03 011300", ERR_OK, 0x01, true, 3},
    {"comprehension not required", "05 00", ERR_OK, 0x05, false, 0},
    {"highest short tag", "7E 00", ERR_OK, 0x7E, false, 0},
    {"highest short tag, comprehension", "FE 00", ERR_OK, 0x7E, true, 0},
    {"long tag", "7F 1234 01 AA", ERR_OK, 0x1234, false, 1},
    {"long tag, comprehension", "7F 9234 01 AA", ERR_OK, 0x1234, true, 1},
    {"length form 81", "8B 81 02 AABB", ERR_OK, 0x0B, true, 2},
    {"00 is no tag", "00 00", ERR_FORMAT, 0, false, 0},
    {"FF is no tag", "FF 00", ERR_FORMAT, 0, false, 0},
    {"80 is no tag", "80 00", ERR_FORMAT, 0, false, 0},
    {"indefinite length", "81 80 0000", ERR_FORMAT, 0, false, 0},
    {"nothing", "", ERR_SHORT, 0, false, 0},
    {"tag alone", "81", ERR_SHORT, 0, false, 0},
    {"half a long tag", "7F 12", ERR_SHORT, 0, false, 0},
    {"value runs past the end", "81 03 0113", ERR_SHORT, 0, false, 0},
};

START_TEST(ctlv_next_obeys_rule)
{
    struct hexrow row;
    struct rd whole = hexrow(&row, rows[_i].hex), r = whole;
    struct ctlv t = {0};
    enum err got = ctlv_next(&r, &t);

    ck_assert_msg(got == rows[_i].want, "%s: got %s", rows[_i].rule, err_text(got));
    ck_assert_uint_eq(t.tag, rows[_i].tag);
    ck_assert_int_eq(t.comprehension, rows[_i].comprehension);
    ck_assert_uint_eq(t.value.left, rows[_i].value_len);
    ck_assert_uint_eq(r.left, got == ERR_OK ? 0 : whole.left);
}
END_TEST

START_TEST(ctlv_find_ignores_the_comprehension_bit)
{
    struct hexrow row;
    struct rd r = hexrow(&row, "810301130002028281 030100"), value = {0};

    ck_assert_int_eq(ctlv_find(r, 0x02, &value), ERR_OK);
    hexrow_assert(value, "8281", "device identities");
    ck_assert_int_eq(ctlv_find(r, 0x03, &value), ERR_OK);
    hexrow_assert(value, "00", "result");
    ck_assert_int_eq(ctlv_find(r, 0x04, &value), ERR_NOT_FOUND);
}
END_TEST

START_TEST(ctlv_find_reports_a_broken_object_before_it)
{
    struct hexrow row;
    struct rd value;

    ck_assert_int_eq(ctlv_find(hexrow(&row, "FF 00 83 01 00"), 0x03, &value), ERR_FORMAT);
    ck_assert_int_eq(ctlv_find(hexrow(&row, "81 7F 83 01 00"), 0x03, &value), ERR_SHORT);
}
END_TEST

START_TEST(ctlv_write_makes_refresh_of_the_sheet)
{
    static const uint8_t details[] = {0x01, 0x01, 0x04}, devices[] = {0x81, 0x82};
    uint8_t block[32];
    struct wr w = WR_ARRAY(block);

    ctlv_write(&w, 0x01, RD_ARRAY(details));
    ctlv_write(&w, 0x02, RD_ARRAY(devices));
    hexrow_assert(RD_WR(&w), "8103010104 82028182", "REFRESH, UICC reset");
}
END_TEST

static const struct {
    uint16_t tag;
    const char *hex;
} tags[] = {
    {0x00, "7F800000"}, {0x01, "8100"},     {0x7E, "FE00"},
    {0x7F, "7F807F00"}, {0x80, "7F808000"}, {0x7FFF, "7FFFFF00"},
};

START_TEST(ctlv_write_takes_the_long_form_beyond_7e)
{
    uint8_t block[8];
    struct wr w = WR_ARRAY(block);
    struct ctlv t = {0};
    struct rd r;

    ctlv_write(&w, tags[_i].tag, RD(NULL, 0));
    hexrow_assert(RD_WR(&w), tags[_i].hex, "object");
    r = RD_WR(&w);
    ck_assert_int_eq(ctlv_next(&r, &t), ERR_OK);
    ck_assert_uint_eq(t.tag, tags[_i].tag);
    ck_assert(t.comprehension);
}
END_TEST

START_TEST(ctlv_write_uses_length_form_81_from_80_on)
{
    static const uint8_t value[0x80];
    uint8_t block[0x90];
    struct wr w = WR_ARRAY(block);

    ctlv_write(&w, 0x0B, RD_ARRAY(value));
    hexrow_assert(RD(w.base, w.len - sizeof value), "8B8180", "header");
}
END_TEST

Suite *suite_under_test(void)
{
    Suite *s = suite_create("apdu/ctlv");
    TCase *read = tcase_create("TS 101 220 7.1.2, reading");
    TCase *write = tcase_create("TS 101 220 7.1.2, writing");

    tcase_add_loop_test(read, ctlv_next_obeys_rule, 0, (int)ARRAY_LEN(rows));
    tcase_add_test(read, ctlv_find_ignores_the_comprehension_bit);
    tcase_add_test(read, ctlv_find_reports_a_broken_object_before_it);
    suite_add_tcase(s, read);
    tcase_add_test(write, ctlv_write_makes_refresh_of_the_sheet);
    tcase_add_loop_test(write, ctlv_write_takes_the_long_form_beyond_7e, 0, (int)ARRAY_LEN(tags));
    tcase_add_test(write, ctlv_write_uses_length_form_81_from_80_on);
    suite_add_tcase(s, write);
    return s;
}
