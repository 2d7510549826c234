/* Tests of apdu/sw.h. Goal: counted status words clamp as T=0 says, every error has an
 * answer that is no success, and every word of the list its own value and text. */
#include "apdu/buf.h"
#include "apdu/sw.h"
#include "test/support/runner.h"

#include <string.h>

START_TEST(sw_counts_are_clamped)
{
    ck_assert_uint_eq(sw_tries_left(3).v, 0x63C3);
    ck_assert_uint_eq(sw_tries_left(0).v, 0x63C0);
    ck_assert_uint_eq(sw_tries_left(99).v, 0x63CF);
    ck_assert_uint_eq(sw_bytes_wait(0x35).v, 0x6135);
    ck_assert_uint_eq(sw_bytes_wait(0xFF).v, 0x61FF);
    ck_assert_uint_eq(sw_bytes_wait(0x100).v, 0x6100);
    ck_assert_uint_eq(sw_bytes_wait(0x105).v, 0x6100);
    ck_assert_uint_eq(sw_wrong_le(9).v, 0x6C09);
    ck_assert_uint_eq(sw_wrong_le(256).v, 0x6C00);
    ck_assert_uint_eq(sw_proactive(11).v, 0x910B);
}
END_TEST

static const struct {
    unsigned sw1;
    bool success, warning;
} kinds[] = {
    {0x90, true, false},  {0x91, true, false},  {0x92, true, false},  {0x61, true, false},
    {0x9F, true, false},  {0x62, false, true},  {0x63, false, true},  {0x64, false, false},
    {0x67, false, false}, {0x69, false, false}, {0x6A, false, false}, {0x6C, false, false},
    {0x6F, false, false}, {0x93, false, false}, {0x98, false, false}, {0x94, false, false},
};

START_TEST(sw_is_success_or_warning_by_its_first_byte)
{
    sw_t sw = SW(kinds[_i].sw1 << 8 | 0x10);

    ck_assert_int_eq(sw_is_success(sw), kinds[_i].success);
    ck_assert_int_eq(sw_is_warning(sw), kinds[_i].warning);
}
END_TEST

START_TEST(sw_from_err_never_calls_an_error_success)
{
    ck_assert(sw_equal(sw_from_err(ERR_OK), SW_OK));
    for (int e = ERR_OK + 1; e < ERR_COUNT; e++) {
        ck_assert_msg(!sw_is_success(sw_from_err((enum err)e)), "%s", err_text((enum err)e));
        ck_assert(!sw_is_warning(sw_from_err((enum err)e)));
    }
    ck_assert(sw_equal(sw_from_err(ERR_SHORT), SW_BAD_DATA));
    ck_assert(sw_equal(sw_from_err(ERR_DENIED), SW_SECURITY));
    ck_assert(sw_equal(sw_from_err(ERR_CORRUPT), SW_MEMORY));
    ck_assert(sw_equal(sw_from_err((enum err)999), SW_NO_DIAGNOSIS));
}
END_TEST

START_TEST(sw_list_names_each_word_once)
{
#define SW_VALUE(name, value, text) (value),
#define SW_WORD(name, value, text)  {name, text},
    static const unsigned values[] = {SW_LIST(SW_VALUE)};
    const struct {
        sw_t sw;
        const char *text;
    } words[] = {SW_LIST(SW_WORD)};

    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        ck_assert_uint_eq(words[i].sw.v, values[i]);
        ck_assert_str_eq(sw_text(words[i].sw), words[i].text);
        for (size_t j = 0; j < i; j++)
            ck_assert_uint_ne(values[i], values[j]);
    }
}
END_TEST

START_TEST(sw_text_knows_the_counted_words)
{
    ck_assert_str_eq(sw_text(SW(0x63C2)), "wrong, X tries left");
    ck_assert_ptr_nonnull(strstr(sw_text(SW(0x6135)), "GET RESPONSE"));
    ck_assert_ptr_nonnull(strstr(sw_text(SW(0x6C09)), "Le"));
    ck_assert_ptr_nonnull(strstr(sw_text(SW(0x910B)), "proactive"));
    ck_assert_str_eq(sw_text(SW(0x1234)), "unknown status word");
}
END_TEST

Suite *suite_under_test(void)
{
    Suite *s = suite_create("apdu/sw");
    TCase *t = tcase_create("TS 102 221 10.2");

    tcase_add_test(t, sw_counts_are_clamped);
    tcase_add_loop_test(t, sw_is_success_or_warning_by_its_first_byte, 0, (int)ARRAY_LEN(kinds));
    tcase_add_test(t, sw_from_err_never_calls_an_error_success);
    tcase_add_test(t, sw_list_names_each_word_once);
    tcase_add_test(t, sw_text_knows_the_counted_words);
    suite_add_tcase(s, t);
    return s;
}
