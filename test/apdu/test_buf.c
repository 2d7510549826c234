/* Tests of apdu/buf.h. Goal: a read takes all or nothing; a writer never passes its
 * end and stays failed. */
#include "apdu/buf.h"
#include "test/support/runner.h"

START_TEST(rd_takes_all_or_nothing)
{
    static const uint8_t bytes[] = {0x12, 0x34, 0x56};
    struct rd r = RD_ARRAY(bytes);
    uint16_t v16 = 0;
    uint32_t v32 = 7;

    ck_assert_int_eq(rd_u32(&r, &v32), ERR_SHORT);
    ck_assert_uint_eq(v32, 7);
    ck_assert_uint_eq(r.left, 3);
    ck_assert_int_eq(rd_u16(&r, &v16), ERR_OK);
    ck_assert_uint_eq(v16, 0x1234);
    ck_assert_uint_eq(r.left, 1);
}
END_TEST

START_TEST(rd_reads_big_endian_48_bits)
{
    static const uint8_t bytes[] = {0xFF, 0x9B, 0xB4, 0xD0, 0xB6, 0x07};
    struct rd r = RD_ARRAY(bytes);
    uint64_t v = 0;

    ck_assert_int_eq(rd_u48(&r, &v), ERR_OK);
    ck_assert_uint_eq(v, 0xFF9BB4D0B607ULL);
}
END_TEST

START_TEST(wr_overflow_is_sticky_and_writes_nothing)
{
    uint8_t block[4] = {0xEE, 0xEE, 0xEE, 0xEE};
    struct wr w = WR(block, 3);

    wr_u16(&w, 0x0102);
    wr_u16(&w, 0x0304);
    wr_u8(&w, 5);
    ck_assert_int_eq(wr_result(&w), ERR_SPACE);
    ck_assert_uint_eq(w.len, 2);
    ck_assert_uint_eq(block[2], 0xEE);
    ck_assert_uint_eq(block[3], 0xEE);
}
END_TEST

Suite *suite_under_test(void)
{
    Suite *s = suite_create("apdu/buf");
    TCase *t = tcase_create("buf");

    tcase_add_test(t, rd_takes_all_or_nothing);
    tcase_add_test(t, rd_reads_big_endian_48_bits);
    tcase_add_test(t, wr_overflow_is_sticky_and_writes_nothing);
    suite_add_tcase(s, t);
    return s;
}
