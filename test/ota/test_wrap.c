/* Tests of ota/vault/wrap.h. Goal: the vectors of RFC 5649; a blob opens only under its key and
 * at its place, and any changed bit is refused; key sources that are not safe are refused. */
#include "ota/vault/wrap.h"
#include "test/support/hexrow.h"
#include "test/support/ota/scratch.h"
#include "test/support/runner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct {
    const char *kek, *plain, *wrapped;
} vectors[] = {
    /* RFC 5649 section 6 */
    {"5840df6e29b02af1ab493b705bf16ea1ae8338f4dcc176a8", "c37b7e6492584340bed12207808941155068f738",
     "138bdeaa9b8fa7fc61f97742e72248ee5ae6ae5360d1ae6a5f54f373fa543b6a"},
    {"5840df6e29b02af1ab493b705bf16ea1ae8338f4dcc176a8", "466f7250617369",
     "afbeb0f07dfbf5419200f2ccb50bb24f"},
    /* AES-256; computed from the RFC's text over single AES blocks */
    {"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
     "00112233445566778899aabbccddeeff0011",
     "1cdbb2cff151be086393fdd1010566a43b5cccf749b0f3d8bda8db4935b7d405"},
};

static const char KEK[] = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
static const struct vault_wrap_place place = {"8988211000000430010", 2, "keys"};

static const uint8_t SECRET[] = "secret", SIXTEEN[16] = "sixteen bytes..";

static struct vault_wrap *wrap_of(const char *hex)
{
    struct secret kek;
    struct vault_wrap *w = NULL;

    ck_assert_int_eq(secret_from_hex(&kek, hex), ERR_OK);
    ck_assert_int_eq(vault_wrap_new(&kek, &w), ERR_OK);
    return w;
}

START_TEST(vault_wrap_raw_gives_the_known_answers)
{
    struct vault_wrap *w = wrap_of(vectors[_i].kek);
    struct hexrow plain, wrapped;
    uint8_t out[64];
    struct wr o = WR_ARRAY(out);

    ck_assert_int_eq(vault_wrap_raw(w, hexrow(&plain, vectors[_i].plain), &o), ERR_OK);
    hexrow_assert(RD_WR(&o), vectors[_i].wrapped, "wrapped");
    o = WR_ARRAY(out);
    ck_assert_int_eq(vault_wrap_unraw(w, hexrow(&wrapped, vectors[_i].wrapped), &o), ERR_OK);
    hexrow_assert(RD_WR(&o), vectors[_i].plain, "plain");
    vault_wrap_free(&w);
}
END_TEST

START_TEST(vault_wrap_seal_goes_both_ways_at_every_length)
{
    struct vault_wrap *w = wrap_of(KEK);
    uint8_t plain[VAULT_WRAP_PLAIN_MAX], wrapped[VAULT_WRAP_LEN(VAULT_WRAP_PLAIN_MAX)], out[600];

    for (size_t n = 0; n <= sizeof plain; n++) {
        struct wr o = WR_ARRAY(wrapped), back = WR_ARRAY(out);

        memset(plain, (int)n, sizeof plain);
        ck_assert_int_eq(vault_wrap_seal(w, &place, RD(plain, n), &o), ERR_OK);
        ck_assert_uint_eq(o.len, VAULT_WRAP_LEN(n));
        ck_assert_int_eq(vault_wrap_open(w, &place, RD_WR(&o), &back), ERR_OK);
        ck_assert(rd_equal(RD_WR(&back), RD(plain, n)));
    }
    ck_assert_int_eq(vault_wrap_seal(w, &place, RD(out, VAULT_WRAP_PLAIN_MAX + 1),
                                     &(struct wr){wrapped, 0, sizeof wrapped, false}),
                     ERR_RANGE);
    vault_wrap_free(&w);
}
END_TEST

static const struct vault_wrap_place other_places[] = {
    {"8988211000000430011", 2, "keys"}, {"8988211000000430010", 3, "keys"},
    {"8988211000000430010", 2, "kic"},  {"898821100000043001", 2, "0keys"},
    {"8988211000000430010", 2, ""},
};

START_TEST(vault_wrap_open_refuses_a_blob_moved_to_another_place)
{
    struct vault_wrap *w = wrap_of(KEK);
    uint8_t wrapped[64], out[64];
    struct wr o = WR_ARRAY(wrapped), back = WR_ARRAY(out);

    ck_assert_int_eq(vault_wrap_seal(w, &place, RD_ARRAY(SECRET), &o), ERR_OK);
    ck_assert_int_eq(vault_wrap_open(w, &other_places[_i], RD_WR(&o), &back), ERR_MAC);
    ck_assert_uint_eq(back.len, 0);
    vault_wrap_free(&w);
}
END_TEST

START_TEST(vault_wrap_open_refuses_every_flipped_bit_and_every_other_length)
{
    struct vault_wrap *w = wrap_of(KEK);
    uint8_t wrapped[64], out[64];
    struct wr o = WR_ARRAY(wrapped);

    ck_assert_int_eq(vault_wrap_seal(w, &place, RD_ARRAY(SIXTEEN), &o), ERR_OK);
    for (size_t bit = 0; bit < 8 * o.len; bit++) {
        struct wr back = WR_ARRAY(out);

        wrapped[bit / 8] ^= (uint8_t)(1 << bit % 8);
        ck_assert_int_eq(vault_wrap_open(w, &place, RD_WR(&o), &back), ERR_MAC);
        wrapped[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    for (size_t n = 0; n < sizeof wrapped; n++) {
        struct wr back = WR_ARRAY(out);

        if (n != o.len)
            ck_assert_int_ne(vault_wrap_open(w, &place, RD(wrapped, n), &back), ERR_OK);
    }
    vault_wrap_free(&w);
}
END_TEST

START_TEST(vault_wrap_open_refuses_another_key)
{
    struct vault_wrap *w = wrap_of(KEK);
    struct vault_wrap *v =
        wrap_of("100102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");
    uint8_t wrapped[64], out[64];
    struct wr o = WR_ARRAY(wrapped), back = WR_ARRAY(out);

    ck_assert_int_eq(vault_wrap_seal(w, &place, RD_ARRAY(SECRET), &o), ERR_OK);
    ck_assert_int_eq(vault_wrap_open(v, &place, RD_WR(&o), &back), ERR_MAC);
    vault_wrap_free(&w);
    vault_wrap_free(&v);
}
END_TEST

START_TEST(vault_wrap_new_refuses_key_lengths_that_aes_does_not_have)
{
    struct secret kek = {.len = 31};
    struct vault_wrap *w = NULL;

    ck_assert_int_eq(vault_wrap_new(&kek, &w), ERR_KEY);
    ck_assert_ptr_null(w);
}
END_TEST

/* --- sources --------------------------------------------------------------------------------- */

static void write_file(const char *name, const char *text, mode_t mode)
{
    FILE *f = fopen(name, "w");

    ck_assert_ptr_nonnull(f);
    fputs(text, f);
    fclose(f);
    ck_assert_int_eq(chmod(name, mode), 0);
}

START_TEST(vault_wrap_kek_reads_hex_environment_and_file)
{
    struct secret want, got;
    char raw[33] = "0123456789abcdef0123456789abcdef";

    scratch_enter();
    ck_assert_int_eq(secret_from_hex(&want, KEK), ERR_OK);
    ck_assert_int_eq(vault_wrap_kek(KEK, false, &got), ERR_OK);
    ck_assert(secret_equal(&want, &got));
    setenv("RESEAT_TEST_KEK", KEK, 1);
    ck_assert_int_eq(vault_wrap_kek("env:RESEAT_TEST_KEK", false, &got), ERR_OK);
    ck_assert(secret_equal(&want, &got));
    write_file("kek", KEK, 0600);
    ck_assert_int_eq(vault_wrap_kek("@kek", false, &got), ERR_OK);
    ck_assert(secret_equal(&want, &got));
    write_file("raw", raw, 0400);
    ck_assert_int_eq(vault_wrap_kek("@raw", false, &got), ERR_OK);
    ck_assert(rd_equal(RD_SECRET(&got), RD((uint8_t *)raw, 32)));
}
END_TEST

START_TEST(vault_wrap_kek_refuses_what_is_missing_short_or_readable_by_others)
{
    struct secret kept = {.len = 1}, got = kept;

    scratch_enter();
    ck_assert_int_eq(vault_wrap_kek("@none", false, &got), ERR_NOT_FOUND);
    ck_assert_int_eq(vault_wrap_kek("env:RESEAT_TEST_NONE", false, &got), ERR_NOT_FOUND);
    ck_assert_int_eq(vault_wrap_kek("", false, &got), ERR_FORMAT);
    ck_assert_int_eq(vault_wrap_kek("0011", false, &got), ERR_FORMAT);
    write_file("open", KEK, 0640);
    ck_assert_int_eq(vault_wrap_kek("@open", false, &got), ERR_DENIED);
    write_file("short", "00112233", 0600);
    ck_assert_int_eq(vault_wrap_kek("@short", true, &got), ERR_FORMAT);
    ck_assert_int_eq(vault_wrap_kek("@.", false, &got), ERR_IO);
    ck_assert_uint_eq(got.len, 1);
}
END_TEST

START_TEST(vault_wrap_kek_makes_a_file_of_mode_0600_once)
{
    struct secret first, second;
    struct stat st;

    scratch_enter();
    ck_assert_int_eq(vault_wrap_kek("@fresh", true, &first), ERR_OK);
    ck_assert_int_eq(stat("fresh", &st), 0);
    ck_assert_uint_eq(st.st_mode & 0777, 0600);
    ck_assert_int_eq(vault_wrap_kek("@fresh", true, &second), ERR_OK);
    ck_assert(secret_equal(&first, &second));
    ck_assert_int_eq(vault_wrap_kek("@no/such/place", true, &second), ERR_IO);
}
END_TEST

Suite *suite_under_test(void)
{
    Suite *s = suite_create("wrap");
    TCase *rfc = tcase_create("RFC 5649");
    TCase *place_case = tcase_create("place");
    TCase *source = tcase_create("source");

    tcase_add_loop_test(rfc, vault_wrap_raw_gives_the_known_answers, 0, ARRAY_LEN(vectors));
    tcase_add_test(rfc, vault_wrap_new_refuses_key_lengths_that_aes_does_not_have);
    tcase_add_test(place_case, vault_wrap_seal_goes_both_ways_at_every_length);
    tcase_add_loop_test(place_case, vault_wrap_open_refuses_a_blob_moved_to_another_place, 0,
                        ARRAY_LEN(other_places));
    tcase_add_test(place_case, vault_wrap_open_refuses_every_flipped_bit_and_every_other_length);
    tcase_add_test(place_case, vault_wrap_open_refuses_another_key);
    tcase_add_test(source, vault_wrap_kek_reads_hex_environment_and_file);
    tcase_add_test(source, vault_wrap_kek_refuses_what_is_missing_short_or_readable_by_others);
    tcase_add_test(source, vault_wrap_kek_makes_a_file_of_mode_0600_once);
    suite_add_tcase(s, rfc);
    suite_add_tcase(s, place_case);
    suite_add_tcase(s, source);
    return s;
}
