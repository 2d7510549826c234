/* Tests of apdu/bcd.h. Goal: the identities of the standards' examples in both directions,
 * and a refusal, with nothing written, of every text and content that is none. */
#include "apdu/bcd.h"
#include "test/support/hexrow.h"
#include "test/support/runner.h"

#include <string.h>

static const struct {
    const char *digits;
    const char *ef;
} imsis[] = {
    {"001010123456789", "080910101032547698"}, {"262011234567890", "082926102143658709"},
    {"90170000000001", "0891100700000000F1"},  {"001012", "04011010F2FFFFFFFF"},
    {"0010123", "0409101032FFFFFFFF"},
};

START_TEST(bcd_imsi_goes_both_ways)
{
    uint8_t ef[EF_IMSI_LEN];
    char digits[IMSI_DIGITS_MAX + 1];

    ck_assert_int_eq(bcd_imsi_encode(imsis[_i].digits, ef), ERR_OK);
    hexrow_assert(RD_ARRAY(ef), imsis[_i].ef, imsis[_i].digits);
    ck_assert_int_eq(bcd_imsi_decode(ef, digits), ERR_OK);
    ck_assert_str_eq(digits, imsis[_i].digits);
}
END_TEST

static const struct {
    const char *rule;
    const char *ef;
    enum err want;
} bad_imsis[] = {
    {"erased", "FFFFFFFFFFFFFFFFFF", ERR_RANGE},
    {"length 0", "000910101032547698", ERR_RANGE},
    {"length 3, five digits", "030910 10FFFFFFFFFF", ERR_RANGE},
    {"length 9", "090910101032547698", ERR_RANGE},
    {"identity type IMEI", "080A10101032547698", ERR_FORMAT},
    {"digit A", "08091010103254769A", ERR_FORMAT},
    {"even count without fill", "089110070000000021", ERR_FORMAT},
    {"fill inside", "0809101010F2547698", ERR_FORMAT},
};

START_TEST(bcd_imsi_decode_refuses)
{
    struct hexrow row;
    char digits[IMSI_DIGITS_MAX + 1] = "kept";

    ck_assert_msg(bcd_imsi_decode(hexrow(&row, bad_imsis[_i].ef).at, digits) == bad_imsis[_i].want,
                  "%s", bad_imsis[_i].rule);
    ck_assert_str_eq(digits, "kept");
}
END_TEST

START_TEST(bcd_texts_of_wrong_length_or_letters_are_refused)
{
    uint8_t out[10];

    ck_assert_int_eq(bcd_imsi_encode("00101", out), ERR_RANGE);
    ck_assert_int_eq(bcd_imsi_encode("0010101234567890", out), ERR_RANGE);
    ck_assert_int_eq(bcd_imsi_encode("", out), ERR_RANGE);
    ck_assert_int_eq(bcd_imsi_encode("00101012345678a", out), ERR_FORMAT);
    ck_assert_int_eq(bcd_iccid_encode("89882110000004300", out), ERR_RANGE);
    ck_assert_int_eq(bcd_iccid_encode("898821100000043001012", out), ERR_RANGE);
    ck_assert_int_eq(bcd_iccid_encode("898821100000043001F", out), ERR_FORMAT);
    ck_assert_int_eq(bcd_plmn_encode("0010", out), ERR_RANGE);
    ck_assert_int_eq(bcd_plmn_encode("0010101", out), ERR_RANGE);
    ck_assert_int_eq(bcd_plmn_encode("001-1", out), ERR_FORMAT);
    ck_assert_int_eq(bcd_pin_encode("123", out), ERR_RANGE);
    ck_assert_int_eq(bcd_pin_encode("123456789", out), ERR_RANGE);
    ck_assert_int_eq(bcd_pin_encode("12 4", out), ERR_FORMAT);
    ck_assert_int_eq(bcd_access_class("12345", out), ERR_RANGE);
}
END_TEST

static const struct {
    const char *digits;
    const char *ef;
} iccids[] = {
    {"8988211000000430010", "988812010000400310F0"},
    {"89882110000004300101", "98881201000040031010"},
    {"898821100000043001", "988812010000400310FF"},
};

START_TEST(bcd_iccid_goes_both_ways)
{
    uint8_t ef[EF_ICCID_LEN];
    char digits[ICCID_DIGITS_MAX + 1];

    ck_assert_int_eq(bcd_iccid_encode(iccids[_i].digits, ef), ERR_OK);
    hexrow_assert(RD_ARRAY(ef), iccids[_i].ef, iccids[_i].digits);
    ck_assert_int_eq(bcd_iccid_decode(ef, digits), ERR_OK);
    ck_assert_str_eq(digits, iccids[_i].digits);
}
END_TEST

START_TEST(bcd_iccid_decode_refuses)
{
    struct hexrow row;
    char digits[ICCID_DIGITS_MAX + 1];

    ck_assert_int_eq(bcd_iccid_decode(hexrow(&row, "FFFFFFFFFFFFFFFFFFFF").at, digits), ERR_RANGE);
    ck_assert_int_eq(bcd_iccid_decode(hexrow(&row, "988812F1000040031010").at, digits), ERR_FORMAT);
    ck_assert_int_eq(bcd_iccid_decode(hexrow(&row, "9888120A000040031010").at, digits), ERR_FORMAT);
}
END_TEST

START_TEST(bcd_luhn_gives_the_check_digit)
{
    char check = '?';

    ck_assert_int_eq(bcd_luhn("7992739871", &check), ERR_OK);
    ck_assert_int_eq(check, '3');
    ck_assert_int_eq(bcd_luhn("898821100000043001", &check), ERR_OK);
    ck_assert_int_eq(check, '0');
    ck_assert_int_eq(bcd_luhn("", &check), ERR_RANGE);
    ck_assert_int_eq(bcd_luhn("12x", &check), ERR_FORMAT);
}
END_TEST

static const struct {
    const char *text;
    const char *plmn;
} plmns[] = {
    {"00101", "00F110"}, {"26201", "62F210"},  {"310410", "130014"},
    {"90170", "09F107"}, {"334020", "330420"}, {"22806", "22F860"},
};

START_TEST(bcd_plmn_goes_both_ways)
{
    uint8_t plmn[PLMN_LEN];
    char text[7];

    ck_assert_int_eq(bcd_plmn_encode(plmns[_i].text, plmn), ERR_OK);
    hexrow_assert(RD_ARRAY(plmn), plmns[_i].plmn, plmns[_i].text);
    ck_assert_int_eq(bcd_plmn_decode(plmn, text), ERR_OK);
    ck_assert_str_eq(text, plmns[_i].text);
}
END_TEST

START_TEST(bcd_plmn_decode_refuses_an_empty_entry)
{
    static const uint8_t empty[PLMN_LEN] = {0xFF, 0xFF, 0xFF},
                         letter[PLMN_LEN] = {0x0A, 0xF1, 0x10};
    char text[7] = "kept";

    ck_assert_int_eq(bcd_plmn_decode(empty, text), ERR_FORMAT);
    ck_assert_int_eq(bcd_plmn_decode(letter, text), ERR_FORMAT);
    ck_assert_str_eq(text, "kept");
}
END_TEST

START_TEST(bcd_access_class_is_the_last_digit)
{
    uint8_t acc[2];

    ck_assert_int_eq(bcd_access_class("001010123456780", acc), ERR_OK);
    hexrow_assert(RD_ARRAY(acc), "0001", "digit 0");
    ck_assert_int_eq(bcd_access_class("001010123456789", acc), ERR_OK);
    hexrow_assert(RD_ARRAY(acc), "0200", "digit 9");
    ck_assert_int_eq(bcd_access_class("001018", acc), ERR_OK);
    hexrow_assert(RD_ARRAY(acc), "0100", "shortest IMSI");
}
END_TEST

static const struct {
    const char *digits;
    const char *bytes;
} numbers[] = {
    {"4917279119183", "947172199181F3"},
    {"447797704848", "447779078484"},
    {"112", "11F2"},
    {"12345678901234567890", "21436587092143658709"},
    {"", ""},
    {"*#abc0", "BADC0E"},
};

START_TEST(bcd_number_goes_both_ways)
{
    uint8_t block[10];
    char digits[NUMBER_DIGITS_MAX + 1];
    struct wr w = WR_ARRAY(block);

    ck_assert_int_eq(bcd_number_encode(numbers[_i].digits, &w), ERR_OK);
    hexrow_assert(RD_WR(&w), numbers[_i].bytes, numbers[_i].digits);
    ck_assert_int_eq(bcd_number_decode(RD_WR(&w), digits, sizeof digits), ERR_OK);
    ck_assert_str_eq(digits, numbers[_i].digits);
}
END_TEST

START_TEST(bcd_number_encode_refuses_and_writes_nothing)
{
    uint8_t block[4];
    struct wr w = WR_ARRAY(block);

    ck_assert_int_eq(bcd_number_encode("12x", &w), ERR_FORMAT);
    ck_assert_int_eq(bcd_number_encode("123456789012345678901", &w), ERR_RANGE);
    ck_assert_uint_eq(w.len, 0);
    ck_assert_int_eq(bcd_number_encode("123456789", &w), ERR_SPACE);
    ck_assert_uint_eq(w.len, 0);
}
END_TEST

START_TEST(bcd_number_decode_stops_at_the_fill)
{
    struct hexrow row;
    char digits[4];

    ck_assert_int_eq(bcd_number_decode(hexrow(&row, "11F2FF4321"), digits, 4), ERR_OK);
    ck_assert_str_eq(digits, "112");
    ck_assert_int_eq(bcd_number_decode(hexrow(&row, "1132"), digits, 4), ERR_SPACE);
    ck_assert_int_eq(bcd_number_decode(RD(NULL, 0), digits, 0), ERR_SPACE);
}
END_TEST

START_TEST(bcd_pin_is_filled_with_ff)
{
    uint8_t pin[8];

    ck_assert_int_eq(bcd_pin_encode("1234", pin), ERR_OK);
    hexrow_assert(RD_ARRAY(pin), "31323334FFFFFFFF", "PIN");
    ck_assert_int_eq(bcd_pin_encode("87654321", pin), ERR_OK);
    hexrow_assert(RD_ARRAY(pin), "3837363534333231", "PUK");
}
END_TEST

static const struct {
    const char *digits;
    uint64_t step;
    enum err want;
    const char *sum;
} sums[] = {
    {"0099", 2, ERR_OK, "0101"},
    {"0000", 0, ERR_OK, "0000"},
    {"001010000000000", 999999, ERR_OK, "001010000999999"},
    {"9999", 1, ERR_RANGE, "kept"},
    {"1", 9, ERR_RANGE, "kept"},
    {"0", UINT64_MAX, ERR_RANGE, "kept"},
    {"00000000000000000009", UINT64_MAX, ERR_OK, "18446744073709551624"},
    {"", 1, ERR_RANGE, "kept"},
    {"12a", 1, ERR_FORMAT, "kept"},
    {"123456789012345678901234", 1, ERR_SPACE, "kept"},
};

START_TEST(bcd_add_keeps_the_length)
{
    char out[24] = "kept";

    ck_assert_int_eq(bcd_add(sums[_i].digits, sums[_i].step, out, sizeof out), sums[_i].want);
    ck_assert_str_eq(out, sums[_i].sum);
}
END_TEST

START_TEST(bcd_add_works_in_place)
{
    char digits[] = "00199";

    ck_assert_int_eq(bcd_add(digits, 1, digits, sizeof digits), ERR_OK);
    ck_assert_str_eq(digits, "00200");
}
END_TEST

Suite *suite_under_test(void)
{
    Suite *s = suite_create("apdu/bcd");
    TCase *imsi = tcase_create("TS 31.102 4.2.2");
    TCase *iccid = tcase_create("TS 102 221 13.2");
    TCase *plmn = tcase_create("TS 24.008 10.5.1.3");
    TCase *number = tcase_create("TS 23.040 9.1.2.3");
    TCase *rest = tcase_create("TS 102 221 9.5.1, TS 22.011 4.2, arithmetic");

    tcase_add_loop_test(imsi, bcd_imsi_goes_both_ways, 0, (int)ARRAY_LEN(imsis));
    tcase_add_loop_test(imsi, bcd_imsi_decode_refuses, 0, (int)ARRAY_LEN(bad_imsis));
    suite_add_tcase(s, imsi);
    tcase_add_loop_test(iccid, bcd_iccid_goes_both_ways, 0, (int)ARRAY_LEN(iccids));
    tcase_add_test(iccid, bcd_iccid_decode_refuses);
    tcase_add_test(iccid, bcd_luhn_gives_the_check_digit);
    suite_add_tcase(s, iccid);
    tcase_add_loop_test(plmn, bcd_plmn_goes_both_ways, 0, (int)ARRAY_LEN(plmns));
    tcase_add_test(plmn, bcd_plmn_decode_refuses_an_empty_entry);
    suite_add_tcase(s, plmn);
    tcase_add_loop_test(number, bcd_number_goes_both_ways, 0, (int)ARRAY_LEN(numbers));
    tcase_add_test(number, bcd_number_encode_refuses_and_writes_nothing);
    tcase_add_test(number, bcd_number_decode_stops_at_the_fill);
    suite_add_tcase(s, number);
    tcase_add_test(rest, bcd_texts_of_wrong_length_or_letters_are_refused);
    tcase_add_test(rest, bcd_access_class_is_the_last_digit);
    tcase_add_test(rest, bcd_pin_is_filled_with_ff);
    tcase_add_loop_test(rest, bcd_add_keeps_the_length, 0, (int)ARRAY_LEN(sums));
    tcase_add_test(rest, bcd_add_works_in_place);
    suite_add_tcase(s, rest);
    return s;
}
