/* Tests of apdu/hex.h. Goal: text and bytes in both directions, all or nothing. */
#include "apdu/hex.h"
#include "test/support/runner.h"

#include <string.h>

static const struct {
    const char *text;
    enum err want;
    const char *canonical;
} rows[] = {
    {"", ERR_OK, ""},
    {"00A4", ERR_OK, "00A4"},
    {"deadBEEF", ERR_OK, "DEADBEEF"},
    {" 00\tA4\r\n3F 00 ", ERR_OK, "00A43F00"},
    {"0", ERR_FORMAT, NULL},
    {"00A", ERR_FORMAT, NULL},
    {"0 0A", ERR_FORMAT, NULL},
    {"0G", ERR_FORMAT, NULL},
    {"/0", ERR_FORMAT, NULL},
    {"0:", ERR_FORMAT, NULL},
    {"@A", ERR_FORMAT, NULL},
    {"`a", ERR_FORMAT, NULL},
    {"gg", ERR_FORMAT, NULL},
    {"00112233445566778899", ERR_SPACE, NULL},
};

START_TEST(hex_decode_obeys_rule)
{
    uint8_t block[9];
    char text[19];
    struct wr w = WR_ARRAY(block);
    enum err got = hex_decode(rows[_i].text, &w);

    ck_assert_msg(got == rows[_i].want, "'%s': got %s", rows[_i].text, err_text(got));
    if (got != ERR_OK) {
        ck_assert_uint_eq(w.len, 0);
        ck_assert_int_eq(wr_result(&w), ERR_OK);
        return;
    }
    ck_assert_int_eq(hex_encode(RD_WR(&w), text, sizeof text), ERR_OK);
    ck_assert_str_eq(text, rows[_i].canonical);
}
END_TEST

START_TEST(hex_decode_appends)
{
    uint8_t block[4];
    struct wr w = WR_ARRAY(block);

    wr_u8(&w, 0x11);
    ck_assert_int_eq(hex_decode("2233", &w), ERR_OK);
    ck_assert_uint_eq(w.len, 3);
    ck_assert_int_eq(memcmp(block, "\x11\x22\x33", 3), 0);
}
END_TEST

START_TEST(hex_encode_needs_room_for_the_nul)
{
    static const uint8_t bytes[] = {0x0F, 0xF0};
    char text[5] = "keep";

    ck_assert_int_eq(hex_encode(RD_ARRAY(bytes), text, 4), ERR_SPACE);
    ck_assert_int_eq(hex_encode(RD_ARRAY(bytes), text, 0), ERR_SPACE);
    ck_assert_str_eq(text, "keep");
    ck_assert_int_eq(hex_encode(RD_ARRAY(bytes), text, 5), ERR_OK);
    ck_assert_str_eq(text, "0FF0");
    ck_assert_int_eq(hex_encode(RD(NULL, 0), text, 1), ERR_OK);
    ck_assert_str_eq(text, "");
}
END_TEST

Suite *suite_under_test(void)
{
    Suite *s = suite_create("apdu/hex");
    TCase *t = tcase_create("hex");

    tcase_add_loop_test(t, hex_decode_obeys_rule, 0, (int)ARRAY_LEN(rows));
    tcase_add_test(t, hex_decode_appends);
    tcase_add_test(t, hex_encode_needs_room_for_the_nul);
    suite_add_tcase(s, t);
    return s;
}
