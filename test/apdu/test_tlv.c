/* Tests of apdu/tlv.h. Goal: no byte string makes tlv_next read out of bounds or
 * half-advance, and what tlv_write makes has the shortest length. Method: one
 * hand-made row per rule of TS 101 220 7.1; the rest is test/fuzz/fuzz_tlv.c's. */
#include "apdu/tlv.h"
#include "test/support/hexrow.h"
#include "test/support/runner.h"

#include <string.h>

static const struct {
    const char *rule;
    const char *hex;
    enum err want;
    uint32_t tag;
    size_t value_len;
} rows[] = {
    {"one-byte tag", "62 01 AA", ERR_OK, 0x62, 1},
    {"highest one-byte tag", "9E 01 AA", ERR_OK, 0x9E, 1},
    {"empty value", "62 00", ERR_OK, 0x62, 0},
    {"two-byte tag", "9F70 00", ERR_OK, 0x9F70, 0},
    {"two-byte tag, highest number", "5F7F 00", ERR_OK, 0x5F7F, 0},
    {"three-byte tag", "5F8134 01 00", ERR_OK, 0x5F8134, 1},
    {"four-byte tag", "5F818134 00", ERR_FORMAT, 0, 0},
    {"length form 81", "80 81 01 55", ERR_OK, 0x80, 1},
    {"length form 82", "80 82 0001 55", ERR_OK, 0x80, 1},
    {"length form 83", "80 83 000001 55", ERR_OK, 0x80, 1},
    {"length form 84", "80 84 00000001 55", ERR_FORMAT, 0, 0},
    {"length form FF", "80 FF", ERR_FORMAT, 0, 0},
    {"indefinite length", "62 80 00 00", ERR_FORMAT, 0, 0},
    {"nothing", "", ERR_SHORT, 0, 0},
    {"tag alone", "62", ERR_SHORT, 0, 0},
    {"half a two-byte tag", "9F", ERR_SHORT, 0, 0},
    {"two thirds of a tag", "9F81", ERR_SHORT, 0, 0},
    {"length 81 without LL", "62 81", ERR_SHORT, 0, 0},
    {"length 82 with one byte", "62 82 01", ERR_SHORT, 0, 0},
    {"value runs past the end", "62 02 AA", ERR_SHORT, 0, 0},
    {"length of 16 MB", "62 83 FFFFFF AA", ERR_SHORT, 0, 0},
    {"padding", "FF FF FF FF", ERR_FORMAT, 0, 0},
};

START_TEST(tlv_next_obeys_rule)
{
    struct hexrow row;
    struct rd whole = hexrow(&row, rows[_i].hex), r = whole;
    struct tlv t = {0};
    enum err got = tlv_next(&r, &t);

    ck_assert_msg(got == rows[_i].want, "%s: got %s", rows[_i].rule, err_text(got));
    ck_assert_uint_eq(t.tag, rows[_i].tag);
    ck_assert_uint_eq(t.value.left, rows[_i].value_len);
    /* Each good row is one whole object; a bad one must leave r where it was. */
    ck_assert_uint_eq(r.left, got == ERR_OK ? 0 : whole.left);
    if (got != ERR_OK)
        ck_assert_ptr_eq(r.at, whole.at);
}
END_TEST

START_TEST(tlv_find_takes_the_first_and_stays_on_its_level)
{
    struct hexrow row;
    struct rd r = hexrow(&row, "62 03 83 01 AA  83 01 BB  83 01 CC"), value = {0};

    ck_assert_int_eq(tlv_find(r, 0x83, &value), ERR_OK);
    hexrow_assert(value, "BB", "value");
    ck_assert_int_eq(tlv_find(r, 0x84, &value), ERR_NOT_FOUND);
    hexrow_assert(value, "BB", "value after a failed search");
    ck_assert_int_eq(tlv_find(RD(NULL, 0), 0x84, &value), ERR_NOT_FOUND);
}
END_TEST

START_TEST(tlv_find_reports_a_broken_object_before_it)
{
    struct hexrow row;
    struct rd value;

    ck_assert_int_eq(tlv_find(hexrow(&row, "62 80 0000 83 01 AA"), 0x83, &value), ERR_FORMAT);
    ck_assert_int_eq(tlv_find(hexrow(&row, "84 01 00 62 7F 83"), 0x83, &value), ERR_SHORT);
}
END_TEST

static const struct {
    size_t len;
    const char *header;
} lengths[] = {
    {0, "6200"},      {1, "6201"},         {0x7F, "627F"},       {0x80, "628180"},
    {0xFF, "6281FF"}, {0x100, "62820100"}, {0xFFFF, "6282FFFF"}, {0x10000, "6283010000"},
};

/* Header of the object that out holds. */
static struct rd header_of(const struct wr *out, size_t value_len)
{
    return RD(out->base, out->len - value_len);
}

START_TEST(tlv_write_uses_the_shortest_length)
{
    static uint8_t value[0x10000], block[0x10000 + 8];
    struct wr w = WR_ARRAY(block);
    struct tlv t = {0};
    struct rd r;

    tlv_write(&w, 0x62, RD(value, lengths[_i].len));
    ck_assert_int_eq(wr_result(&w), ERR_OK);
    hexrow_assert(header_of(&w, lengths[_i].len), lengths[_i].header, "header");
    r = RD_WR(&w);
    ck_assert_int_eq(tlv_next(&r, &t), ERR_OK);
    ck_assert_uint_eq(t.value.left, lengths[_i].len);
    ck_assert_uint_eq(r.left, 0);
}
END_TEST

START_TEST(tlv_close_moves_the_content_up)
{
    static uint8_t block[0x10000 + 8];
    struct wr w = WR_ARRAY(block);
    size_t mark = tlv_open(&w, 0x62), len = lengths[_i].len;

    for (size_t i = 0; i < len; i++)
        wr_u8(&w, (uint8_t)(i * 7));
    tlv_close(&w, mark);
    ck_assert_int_eq(wr_result(&w), ERR_OK);
    hexrow_assert(header_of(&w, len), lengths[_i].header, "header");
    for (size_t i = 0; i < len; i++)
        ck_assert_uint_eq(w.base[w.len - len + i], (uint8_t)(i * 7));
}
END_TEST

START_TEST(tlv_write_spells_tags_as_they_stand)
{
    uint8_t block[32];
    struct wr w = WR_ARRAY(block);
    size_t outer = tlv_open(&w, 0x7F49), inner;

    tlv_write_u8(&w, 0x80, 0x05);
    inner = tlv_open(&w, 0xBF8135);
    tlv_write(&w, 0x9F70, RD(NULL, 0));
    tlv_close(&w, inner);
    tlv_close(&w, outer);
    hexrow_assert(RD_WR(&w), "7F49 0A 800105 BF8135 03 9F7000", "object");
}
END_TEST

START_TEST(tlv_close_fails_when_the_longer_length_does_not_fit)
{
    uint8_t block[0x82];
    struct wr w = WR_ARRAY(block);
    size_t mark = tlv_open(&w, 0x62);

    wr_fill(&w, 0xAA, 0x80);
    ck_assert_int_eq(wr_result(&w), ERR_OK);
    tlv_close(&w, mark);
    ck_assert_int_eq(wr_result(&w), ERR_SPACE);
}
END_TEST

START_TEST(tlv_close_bears_an_open_that_did_not_fit)
{
    uint8_t block[1];
    struct wr w = WR_ARRAY(block);
    size_t mark = tlv_open(&w, 0x62);

    tlv_close(&w, mark);
    ck_assert_int_eq(wr_result(&w), ERR_SPACE);
}
END_TEST

START_TEST(tlv_write_refuses_what_no_length_says)
{
    uint8_t block[16] = {0};
    struct wr w = WR_ARRAY(block);

    tlv_write_length(&w, (size_t)TLV_LENGTH_MAX + 1);
    ck_assert_int_eq(wr_result(&w), ERR_SPACE);
    ck_assert_uint_eq(w.len, 0);
}
END_TEST

START_TEST(tlv_walks_the_fcp_of_a_real_card)
{
    struct hexrow row;
    struct rd r = hexrow(&row, "62178202412183026F078A01058B036F060A80020009880138"), value = {0};

    ck_assert_int_eq(tlv_find(r, 0x62, &r), ERR_OK);
    ck_assert_int_eq(tlv_find(r, 0x83, &value), ERR_OK);
    hexrow_assert(value, "6F07", "file id");
    ck_assert_int_eq(tlv_find(r, 0x88, &value), ERR_OK);
    hexrow_assert(value, "38", "short file id");
}
END_TEST

Suite *suite_under_test(void)
{
    Suite *s = suite_create("apdu/tlv");
    TCase *read = tcase_create("TS 101 220 7.1.1, reading");
    TCase *write = tcase_create("TS 101 220 7.1.1, writing");

    tcase_add_loop_test(read, tlv_next_obeys_rule, 0, (int)ARRAY_LEN(rows));
    tcase_add_test(read, tlv_find_takes_the_first_and_stays_on_its_level);
    tcase_add_test(read, tlv_find_reports_a_broken_object_before_it);
    tcase_add_test(read, tlv_walks_the_fcp_of_a_real_card);
    suite_add_tcase(s, read);
    tcase_add_loop_test(write, tlv_write_uses_the_shortest_length, 0, (int)ARRAY_LEN(lengths));
    tcase_add_loop_test(write, tlv_close_moves_the_content_up, 0, (int)ARRAY_LEN(lengths));
    tcase_add_test(write, tlv_write_spells_tags_as_they_stand);
    tcase_add_test(write, tlv_close_fails_when_the_longer_length_does_not_fit);
    tcase_add_test(write, tlv_close_bears_an_open_that_did_not_fit);
    tcase_add_test(write, tlv_write_refuses_what_no_length_says);
    suite_add_tcase(s, write);
    return s;
}
