/* Tests of apdu/text.h. Goal: the examples of TS 102 221 annex A and of packed septets, every
 * septet there and back, and no byte string that makes a decoder write what is no UTF-8. */
#include "apdu/text.h"
#include "test/support/hexrow.h"
#include "test/support/runner.h"

#include <string.h>

static const struct {
    const char *utf8;
    const char *septets;
    enum err want;
} gsm7[] = {
    {"", "", ERR_OK},
    {"GSM-R CH", "47534D2D52204348", ERR_OK},
    {"@£$\n\r_", "0001020A0D11", ERR_OK},
    {"ÄÖÑÜ§äöñüà", "5B5C5D5E5F7B7C7D7E7F", ERR_OK},
    {"ΔΦΓΛΩΠΨΣΘΞ", "1012131415161718191A", ERR_OK},
    {"€[]{}\\~|^\f", "1B65 1B3C 1B3E 1B28 1B29 1B2F 1B3D 1B40 1B14 1B0A", ERR_OK},
    {"`", NULL, ERR_UNSUPPORTED},
    {"ç", NULL, ERR_UNSUPPORTED},
    {"中", NULL, ERR_UNSUPPORTED},
    {"a\x80", NULL, ERR_FORMAT},
    {"a\xC3", NULL, ERR_FORMAT},
    {"\xC0\x80", NULL, ERR_FORMAT},
    {"\xE0\x80\x80", NULL, ERR_FORMAT},
    {"\xED\xA0\x80", NULL, ERR_FORMAT},
    {"\xF4\x90\x80\x80", NULL, ERR_FORMAT},
    {"\xF0\x9F\x98", NULL, ERR_FORMAT},
    {"\xFF", NULL, ERR_FORMAT},
    {"0123456789012345678901234567890123456789", NULL, ERR_SPACE},
};

START_TEST(text_gsm7_goes_both_ways)
{
    uint8_t block[32];
    char utf8[100];
    struct wr w = WR_ARRAY(block);

    ck_assert_int_eq(text_to_gsm7(gsm7[_i].utf8, &w), gsm7[_i].want);
    if (gsm7[_i].want != ERR_OK) {
        ck_assert_uint_eq(w.len, 0);
        ck_assert(!w.overflow);
        return;
    }
    hexrow_assert(RD_WR(&w), gsm7[_i].septets, gsm7[_i].utf8);
    ck_assert_int_eq(text_from_gsm7(RD_WR(&w), utf8, sizeof utf8), ERR_OK);
    ck_assert_str_eq(utf8, gsm7[_i].utf8);
}
END_TEST

/* The table of TS 23.038 6.2.1 as a text; the escape shows as a space. */
START_TEST(text_from_gsm7_reads_the_whole_table)
{
    static const char table[] =
        "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ ÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
        "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
    char utf8[256], *at = utf8;

    for (uint8_t septet = 0; septet < 128; septet++) {
        ck_assert_int_eq(text_from_gsm7(RD(&septet, 1), at, 8), ERR_OK);
        at += strlen(at);
    }
    ck_assert_str_eq(utf8, table);
}
END_TEST

START_TEST(text_gsm7_every_septet_is_its_own)
{
    for (uint8_t septet = 0; septet < 128; septet++) {
        uint8_t block[4];
        char utf8[8];
        struct wr w = WR_ARRAY(block);

        ck_assert_int_eq(text_from_gsm7(RD(&septet, 1), utf8, sizeof utf8), ERR_OK);
        ck_assert_int_eq(text_to_gsm7(utf8, &w), ERR_OK);
        ck_assert_uint_eq(w.len, 1);
        ck_assert_uint_eq(block[0], septet == 0x1B ? 0x20 : septet);
    }
}
END_TEST

START_TEST(text_from_gsm7_reads_what_has_no_character)
{
    struct hexrow row;
    char utf8[16];

    ck_assert_int_eq(text_from_gsm7(hexrow(&row, "1B41"), utf8, sizeof utf8), ERR_OK);
    ck_assert_str_eq(utf8, "A");
    ck_assert_int_eq(text_from_gsm7(hexrow(&row, "1B1B41"), utf8, sizeof utf8), ERR_OK);
    ck_assert_str_eq(utf8, " A");
    ck_assert_int_eq(text_from_gsm7(hexrow(&row, "411B"), utf8, sizeof utf8), ERR_OK);
    ck_assert_str_eq(utf8, "A ");
    ck_assert_int_eq(text_from_gsm7(hexrow(&row, "C1"), utf8, sizeof utf8), ERR_OK);
    ck_assert_str_eq(utf8, "A");
    ck_assert_int_eq(text_from_gsm7(hexrow(&row, "4142"), utf8, 2), ERR_SPACE);
    ck_assert_int_eq(text_from_gsm7(hexrow(&row, "4142"), utf8, 3), ERR_OK);
}
END_TEST

static const struct {
    const char *text;
    unsigned fill;
    const char *octets;
} packed[] = {
    {"", 0, ""},
    {"Hello", 0, "C8329BFD06"},
    {"hellohello", 0, "E8329BFD4697D9EC37"},
    {"Reseat!", 0, "D2F2BC1CA68700"},
    {"A", 1, "82"},
    {"A", 2, "0401"},
    {"12345678", 6, "404C36A3D56C371C"},
};

START_TEST(text_pack_goes_both_ways)
{
    uint8_t block[32], back[32];
    struct wr w = WR_ARRAY(block), b = WR_ARRAY(back);
    size_t count = strlen(packed[_i].text);

    text_pack(&w, RD((const uint8_t *)packed[_i].text, count), packed[_i].fill);
    hexrow_assert(RD_WR(&w), packed[_i].octets, packed[_i].text);
    ck_assert_uint_eq(w.len, count == 0 ? 0 : (packed[_i].fill + 7 * count + 7) / 8);
    ck_assert_int_eq(text_unpack(&b, RD_WR(&w), count, packed[_i].fill), ERR_OK);
    ck_assert_uint_eq(b.len, count);
    ck_assert_int_eq(memcmp(back, packed[_i].text, count), 0);
}
END_TEST

START_TEST(text_unpack_refuses_more_septets_than_there_are)
{
    struct hexrow row;
    uint8_t block[8];
    struct wr w = WR_ARRAY(block);

    ck_assert_int_eq(text_unpack(&w, hexrow(&row, "C8329BFD06"), 6, 0), ERR_SHORT);
    ck_assert_int_eq(text_unpack(&w, hexrow(&row, "C8329BFD06"), 5, 6), ERR_SHORT);
    ck_assert_int_eq(text_unpack(&w, hexrow(&row, "C8"), SIZE_MAX, 0), ERR_SHORT);
    ck_assert_uint_eq(w.len, 0);
    ck_assert_int_eq(text_unpack(&w, hexrow(&row, "C8329BFD06"), 5, 5), ERR_OK);
}
END_TEST

static const struct {
    const char *utf8;
    const char *ucs2;
} wide[] = {
    {"", ""},
    {"Aÿ中", "004100FF4E2D"},
    {"😀", "D83DDE00"},
    {"\u07FF\u0800\uFFFD", "07FF0800FFFD"},
    {"\U00010000\U00100000\U0010FFFF", "D800DC00DBC0DC00DBFFDFFF"},
};

START_TEST(text_ucs2_goes_both_ways)
{
    uint8_t block[32];
    char utf8[32];
    struct wr w = WR_ARRAY(block), small = WR(block, 1);

    ck_assert_int_eq(text_to_ucs2(wide[_i].utf8, &w), ERR_OK);
    hexrow_assert(RD_WR(&w), wide[_i].ucs2, wide[_i].utf8);
    ck_assert_int_eq(text_from_ucs2(RD_WR(&w), utf8, sizeof utf8), ERR_OK);
    ck_assert_str_eq(utf8, wide[_i].utf8);
    ck_assert_int_eq(text_to_ucs2(wide[_i].utf8, &small),
                     wide[_i].utf8[0] == '\0' ? ERR_OK : ERR_SPACE);
    ck_assert_int_eq(text_to_ucs2("\xC3", &w), ERR_FORMAT);
}
END_TEST

START_TEST(text_from_ucs2_replaces_what_is_no_character)
{
    struct hexrow row;
    char utf8[32];

    ck_assert_int_eq(text_from_ucs2(hexrow(&row, "D83D0041"), utf8, sizeof utf8), ERR_OK);
    ck_assert_str_eq(utf8, "\xEF\xBF\xBD"
                           "A");
    ck_assert_int_eq(text_from_ucs2(hexrow(&row, "DE00"), utf8, sizeof utf8), ERR_OK);
    ck_assert_str_eq(utf8, "\xEF\xBF\xBD");
    ck_assert_int_eq(text_from_ucs2(hexrow(&row, "00000041"), utf8, sizeof utf8), ERR_OK);
    ck_assert_str_eq(utf8, "\xEF\xBF\xBD"
                           "A");
    ck_assert_int_eq(text_from_ucs2(hexrow(&row, "0041DE00"), utf8, sizeof utf8), ERR_OK);
    ck_assert_str_eq(utf8, "A\xEF\xBF\xBD");
    ck_assert_int_eq(text_from_ucs2(hexrow(&row, "D83D"), utf8, sizeof utf8), ERR_OK);
    ck_assert_int_eq(text_from_ucs2(hexrow(&row, "0041FFFF42"), utf8, sizeof utf8), ERR_OK);
    ck_assert_str_eq(utf8, "A");
    ck_assert_int_eq(text_from_ucs2(hexrow(&row, "004100"), utf8, sizeof utf8), ERR_FORMAT);
}
END_TEST

static const struct {
    const char *rule;
    const char *utf8;
    const char *alpha;
} alphas[] = {
    {"GSM 7-bit", "SMSC", "534D5343"},
    {"annex A, example of 81", "S\u0995\u09A6\u09A6\u09FF", "81 05 13 53 95 A6 A6 FF"},
    {"annex A, example of 82", "-\u0562\u05B2-1", "82 05 0562 2D 80 D0 2D 31"},
    {"80 when a half page is not enough", "Ж中", "80 0416 4E2D"},
    {"82 above 7FFF", "中\u8A9E", "80 4E2D 8A9E"},
    {"82 across half pages", "\u8AFF\u8B00a", "82 03 8AFF 80 81 61"},
    {"80 beyond the basic plane", "😀", "80 D83DDE00"},
};

START_TEST(text_alpha_goes_both_ways)
{
    uint8_t block[32];
    char utf8[64];
    struct wr w = WR_ARRAY(block);

    ck_assert_int_eq(text_to_alpha(alphas[_i].utf8, &w), ERR_OK);
    hexrow_assert(RD_WR(&w), alphas[_i].alpha, alphas[_i].rule);
    ck_assert_int_eq(text_from_alpha(RD_WR(&w), utf8, sizeof utf8), ERR_OK);
    ck_assert_str_eq(utf8, alphas[_i].utf8);
    /* Padded as a file has it, to even and to odd length. */
    wr_u8(&w, 0xFF);
    ck_assert_int_eq(text_from_alpha(RD_WR(&w), utf8, sizeof utf8), ERR_OK);
    ck_assert_str_eq(utf8, alphas[_i].utf8);
    wr_u8(&w, 0xFF);
    ck_assert_int_eq(text_from_alpha(RD_WR(&w), utf8, sizeof utf8), ERR_OK);
    ck_assert_str_eq(utf8, alphas[_i].utf8);
}
END_TEST

static const struct {
    const char *rule;
    const char *alpha;
    enum err want;
    const char *utf8;
} reads[] = {
    {"nothing", "", ERR_OK, ""},
    {"unused field", "FFFFFFFF", ERR_OK, ""},
    {"annex A, base 0530", "82 05 0530 2D 82 D3 2D 31", ERR_OK, "-\u0532\u0583-1"},
    {"80 and y with diaeresis before the padding", "80 00FF FFFF", ERR_OK, "ÿ"},
    {"80 alone", "80", ERR_OK, ""},
    {"80 with half a character", "80 004100", ERR_FORMAT, NULL},
    {"81 alone", "81", ERR_SHORT, NULL},
    {"81 without page", "8101", ERR_SHORT, NULL},
    {"81 with count past the end", "81020841", ERR_SHORT, NULL},
    {"82 with half a base", "820108", ERR_SHORT, NULL},
    {"82 with a base among surrogates", "8201D80080", ERR_OK, "\xEF\xBF\xBD"},
    {"81 of no characters", "810008", ERR_OK, ""},
};

START_TEST(text_from_alpha_obeys_rule)
{
    struct hexrow row;
    char utf8[64];
    enum err got = text_from_alpha(hexrow(&row, reads[_i].alpha), utf8, sizeof utf8);

    ck_assert_msg(got == reads[_i].want, "%s: got %s", reads[_i].rule, err_text(got));
    if (got == ERR_OK)
        ck_assert_msg(strcmp(utf8, reads[_i].utf8) == 0, "%s: got %s", reads[_i].rule, utf8);
}
END_TEST

START_TEST(text_to_alpha_refuses_and_writes_nothing)
{
    uint8_t block[4];
    struct wr w = WR_ARRAY(block);

    ck_assert_int_eq(text_to_alpha("\xC3", &w), ERR_FORMAT);
    ck_assert_int_eq(text_to_alpha("abcde", &w), ERR_SPACE);
    ck_assert_int_eq(text_to_alpha("Жж", &w), ERR_SPACE);
    ck_assert_int_eq(text_to_alpha("Ж中", &w), ERR_SPACE);
    ck_assert_uint_eq(w.len, 0);
    ck_assert(!w.overflow);
}
END_TEST

Suite *suite_under_test(void)
{
    Suite *s = suite_create("apdu/text");
    TCase *septets = tcase_create("TS 23.038 6.2.1");
    TCase *packing = tcase_create("TS 23.038 6.1.2.1");
    TCase *ucs2 = tcase_create("TS 23.038 6.2.3");
    TCase *alpha = tcase_create("TS 102 221 annex A");

    tcase_add_loop_test(septets, text_gsm7_goes_both_ways, 0, (int)ARRAY_LEN(gsm7));
    tcase_add_test(septets, text_from_gsm7_reads_the_whole_table);
    tcase_add_test(septets, text_gsm7_every_septet_is_its_own);
    tcase_add_test(septets, text_from_gsm7_reads_what_has_no_character);
    suite_add_tcase(s, septets);
    tcase_add_loop_test(packing, text_pack_goes_both_ways, 0, (int)ARRAY_LEN(packed));
    tcase_add_test(packing, text_unpack_refuses_more_septets_than_there_are);
    suite_add_tcase(s, packing);
    tcase_add_loop_test(ucs2, text_ucs2_goes_both_ways, 0, (int)ARRAY_LEN(wide));
    tcase_add_test(ucs2, text_from_ucs2_replaces_what_is_no_character);
    suite_add_tcase(s, ucs2);
    tcase_add_loop_test(alpha, text_alpha_goes_both_ways, 0, (int)ARRAY_LEN(alphas));
    tcase_add_loop_test(alpha, text_from_alpha_obeys_rule, 0, (int)ARRAY_LEN(reads));
    tcase_add_test(alpha, text_to_alpha_refuses_and_writes_nothing);
    suite_add_tcase(s, alpha);
    return s;
}
