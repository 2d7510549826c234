/* Tests of apdu/crc.h. Goal: the values of TS 102 225 in its byte order, whole or in pieces. */
#include "apdu/crc.h"
#include "test/support/runner.h"
#include "test/support/vectors.h"

#include <string.h>

static const uint8_t check_text[] = "123456789";
#define CHECK_TEXT RD(check_text, sizeof check_text - 1)

START_TEST(crc_matches_known_answers)
{
    struct vectors *v = vectors_open("test/vectors/ota-checksums.csv");
    unsigned seen = 0;

    for (size_t row = 0; row < vectors_count(v); row++) {
        const char *algorithm = vectors_text(v, row, "algorithm");
        uint8_t message[64], want[4], got[4];
        size_t n = vectors_bytes(v, row, "message", message, sizeof message);
        struct wr w = WR_ARRAY(got);

        if (strcmp(algorithm, "CRC16") == 0)
            wr_u16(&w, crc_16_update(0, RD(message, n)));
        else if (strcmp(algorithm, "CRC32") == 0)
            wr_u32(&w, crc_32_update(0, RD(message, n)));
        else
            continue;
        ck_assert_uint_eq(w.len, vectors_bytes(v, row, "expected", want, sizeof want));
        ck_assert_mem_eq(got, want, w.len);
        seen++;
    }
    ck_assert_uint_eq(seen, 4);
    vectors_close(v);
}
END_TEST

START_TEST(crc_gives_the_catalogue_check_values)
{
    ck_assert_uint_eq(crc_16_update(0, CHECK_TEXT), 0x906E);
    ck_assert_uint_eq(crc_32_update(0, CHECK_TEXT), 0xCBF43926);
    ck_assert_uint_eq(crc_16_update(0, RD(NULL, 0)), 0);
    ck_assert_uint_eq(crc_32_update(0, RD(NULL, 0)), 0);
}
END_TEST

START_TEST(crc_goes_on_over_pieces)
{
    struct rd all = CHECK_TEXT;

    for (size_t cut = 0; cut <= all.left; cut++) {
        struct rd first = RD(all.at, cut), rest = RD(all.at + cut, all.left - cut);

        ck_assert_uint_eq(crc_16_update(crc_16_update(0, first), rest), 0x906E);
        ck_assert_uint_eq(crc_32_update(crc_32_update(0, first), rest), 0xCBF43926);
    }
}
END_TEST

Suite *suite_under_test(void)
{
    Suite *s = suite_create("apdu/crc");
    TCase *t = tcase_create("TS 102 225 5.1.3.2");

    tcase_add_test(t, crc_matches_known_answers);
    tcase_add_test(t, crc_gives_the_catalogue_check_values);
    tcase_add_test(t, crc_goes_on_over_pieces);
    suite_add_tcase(s, t);
    return s;
}
