/* Tests of apdu/secret.h. Goal: a key comes in whole or not at all, and leaves nothing behind. */
#include "apdu/secret.h"
#include "test/support/runner.h"

#include <string.h>

static const uint8_t ramp[SECRET_LEN_MAX + 1] = {1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11,
                                                 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22,
                                                 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33};

START_TEST(secret_set_takes_what_fits_and_wipes_what_was)
{
    struct secret s = {.len = 0};

    ck_assert_int_eq(secret_set(&s, RD(ramp, SECRET_LEN_MAX)), ERR_OK);
    ck_assert_int_eq(secret_set(&s, RD(ramp, SECRET_LEN_MAX + 1)), ERR_RANGE);
    ck_assert_uint_eq(s.len, SECRET_LEN_MAX);
    ck_assert_int_eq(secret_set(&s, RD(ramp, 3)), ERR_OK);
    ck_assert_uint_eq(s.len, 3);
    for (size_t i = 3; i < sizeof s.bytes; i++)
        ck_assert_uint_eq(s.bytes[i], 0);
}
END_TEST

START_TEST(secret_from_hex_obeys_rule)
{
    struct secret s = {.len = 0}, same = {.len = 0};

    ck_assert_int_eq(secret_from_hex(&s, "010203"), ERR_OK);
    ck_assert_int_eq(secret_set(&same, RD(ramp, 3)), ERR_OK);
    ck_assert(secret_equal(&s, &same));
    ck_assert_int_eq(secret_from_hex(&s, "0102030"), ERR_FORMAT);
    ck_assert_int_eq(secret_from_hex(&s,
                                     "0102030405060708010203040506070801020304050607080102030405"
                                     "06070801"),
                     ERR_RANGE);
    ck_assert(secret_equal(&s, &same));
}
END_TEST

START_TEST(secret_equal_looks_at_length_and_content)
{
    struct secret a = {.bytes = {1, 2}, .len = 2}, b = {.bytes = {1, 2}, .len = 2};

    ck_assert(secret_equal(&a, &b));
    b.len = 1;
    ck_assert(!secret_equal(&a, &b));
    b = (struct secret){.bytes = {1, 3}, .len = 2};
    ck_assert(!secret_equal(&a, &b));
}
END_TEST

START_TEST(secret_read_gives_what_secret_write_wrote)
{
    for (uint8_t len = 0; len <= SECRET_LEN_MAX; len++) {
        struct secret s = {.len = 0}, got = {.len = 0};
        uint8_t block[SECRET_LEN_MAX + 1];
        struct wr w = WR_ARRAY(block);
        struct rd r;

        ck_assert_int_eq(secret_set(&s, RD(ramp, len)), ERR_OK);
        secret_write(&w, &s);
        ck_assert_uint_eq(w.len, 1U + len);
        r = RD_WR(&w);
        ck_assert_int_eq(secret_read(&r, &got), ERR_OK);
        ck_assert_uint_eq(r.left, 0);
        ck_assert(secret_equal(&s, &got));
    }
}
END_TEST

START_TEST(secret_read_refuses_and_stays_where_it_was)
{
    uint8_t bytes[1 + sizeof ramp] = {sizeof ramp};
    struct secret got = {.bytes = {7}, .len = 1};
    struct rd r = RD_ARRAY(bytes);

    memcpy(bytes + 1, ramp, sizeof ramp);
    ck_assert_int_eq(secret_read(&r, &got), ERR_FORMAT);
    ck_assert_uint_eq(r.left, sizeof bytes);
    bytes[0] = 16;
    r = RD(bytes, 16);
    ck_assert_int_eq(secret_read(&r, &got), ERR_SHORT);
    ck_assert_uint_eq(r.left, 16);
    r = RD(bytes, 0);
    ck_assert_int_eq(secret_read(&r, &got), ERR_SHORT);
    ck_assert_uint_eq(got.len, 1);
    ck_assert_uint_eq(got.bytes[0], 7);
}
END_TEST

START_TEST(secret_wipe_leaves_nothing)
{
    struct secret s = {.bytes = {1, 2, 3}, .len = 3};

    secret_wipe(&s);
    ck_assert_uint_eq(s.len, 0);
    for (size_t i = 0; i < sizeof s.bytes; i++)
        ck_assert_uint_eq(s.bytes[i], 0);
}
END_TEST

Suite *suite_under_test(void)
{
    Suite *s = suite_create("apdu/secret");
    TCase *t = tcase_create("security C26");

    tcase_add_test(t, secret_set_takes_what_fits_and_wipes_what_was);
    tcase_add_test(t, secret_from_hex_obeys_rule);
    tcase_add_test(t, secret_equal_looks_at_length_and_content);
    tcase_add_test(t, secret_read_gives_what_secret_write_wrote);
    tcase_add_test(t, secret_read_refuses_and_stays_where_it_was);
    tcase_add_test(t, secret_wipe_leaves_nothing);
    suite_add_tcase(s, t);
    return s;
}
