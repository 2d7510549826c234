/*
 * Tests of apdu/secpkt.h: packets that other implementations made, byte for byte in both
 * directions. What may not open is test_secpkt_refuses.c's.
 */
#include "test/support/packets.h"
#include "test/support/runner.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

static size_t allocations;

static void *count_malloc(size_t n, const char *file, int line)
{
    (void)file;
    (void)line;
    allocations++;
    return malloc(n);
}

static void *count_realloc(void *p, size_t n, const char *file, int line)
{
    (void)file;
    (void)line;
    allocations++;
    return realloc(p, n);
}

static void count_free(void *p, const char *file, int line)
{
    (void)file;
    (void)line;
    free(p);
}

static struct packets p;

static void setup(void)
{
    packets_open(&p);
}

static void teardown(void)
{
    packets_close(&p);
}

START_TEST(secpkt_seal_makes_the_published_packets)
{
    ck_assert_uint_eq(packets_count(&p), 23);
    for (size_t i = 0; i < packets_count(&p); i++) {
        const struct packets_row *row = packets_load(&p, i);
        uint8_t block[256];
        struct wr w = WR_ARRAY(block);

        ck_assert_msg(packets_seal(&p, row, &w) == ERR_OK, "%s", row->id);
        ck_assert_msg(rd_equal(RD_WR(&w), row->packet), "%s", row->id);
    }
}
END_TEST

START_TEST(secpkt_open_command_gives_the_published_data)
{
    for (size_t i = 0; i < packets_count(&p); i++) {
        const struct packets_row *row = packets_load(&p, i);
        uint8_t block[256], plain[128];
        struct wr work = WR_ARRAY(block);
        struct secpkt_command got;
        size_t plain_len;

        if (!row->is_command)
            continue;
        ck_assert_msg(secpkt_open_command(p.crypto, row->packet, &row->keys, &work, &got) == ERR_OK,
                      "%s", row->id);
        ck_assert_msg(rd_equal(got.data, row->data), "%s", row->id);
        ck_assert_uint_eq(got.counter, row->counter);
        ck_assert_mem_eq(&got.header, &row->header, sizeof got.header);
        plain_len = vectors_bytes(p.file, i, "plain_from_cntr", plain, sizeof plain);
        ck_assert_mem_eq(block + 10, plain, plain_len);
    }
}
END_TEST

START_TEST(secpkt_open_response_gives_the_published_data)
{
    for (size_t i = 0; i < packets_count(&p); i++) {
        const struct packets_row *row = packets_load(&p, i);
        uint8_t block[256];
        struct wr work = WR_ARRAY(block);
        struct secpkt_response got;

        if (row->is_command)
            continue;
        ck_assert_msg(secpkt_open_response(p.crypto, row->packet, &row->header, &row->keys, &work,
                                           &got) == ERR_OK,
                      "%s", row->id);
        ck_assert_msg(rd_equal(got.data, row->data), "%s", row->id);
        ck_assert_uint_eq(got.counter, row->counter);
        ck_assert_uint_eq(got.rsc, row->rsc);
        ck_assert_mem_eq(got.tar, row->header.tar, 3);
        ck_assert(got.authenticated == row->has_check);
    }
}
END_TEST

/* Every length around the block ends, every algorithm and check, there and back. */
START_TEST(secpkt_round_trip_at_every_data_length)
{
    static const uint8_t nibbles[] = {0x1, 0x5, 0x9, 0x2};
    static const char *const keys_hex[] = {"0011223344556677", "00112233445566778899AABBCCDDEEFF",
                                           "00112233445566778899AABBCCDDEEFF1032547698BADCFE",
                                           "00112233445566778899AABBCCDDEEFF"};
    struct packets_row *row = packets_load(&p, 0);

    for (size_t k = 0; k < ARRAY_LEN(nibbles); k++) {
        row->header.kic = row->header.kid = nibbles[k];
        row->keys.kic = row->keys.kid = packets_key(keys_hex[k], nibbles[k]);
        for (unsigned spi = 0; spi < 4 * ARRAY_LEN(row->data_bytes); spi++) {
            uint8_t block[128];
            struct wr w = WR_ARRAY(block);

            row->header.spi[0] = (uint8_t)((spi & 1) << 2 | (spi & 2));
            row->header.spi[1] = (uint8_t)((spi & 1) << 4 | (spi & 2) << 2);
            row->data.left = spi / 4;
            row->is_command = true;
            ck_assert_int_eq(packets_seal(&p, row, &w), ERR_OK);
            ck_assert_int_eq(packets_judge(&p, row, RD_WR(&w)), ERR_OK);
            w = WR_ARRAY(block);
            row->is_command = false;
            ck_assert_int_eq(packets_seal(&p, row, &w), ERR_OK);
            ck_assert_int_eq(packets_judge(&p, row, RD_WR(&w)), ERR_OK);
        }
    }
}
END_TEST

START_TEST(secpkt_short_cc_is_a_truncated_cmac)
{
    struct packets_row *row = packets_load(&p, 6); /* C4: AES */
    uint8_t four[128], input[128], check[16], opened[128];
    struct wr w4 = WR_ARRAY(four), work = WR_ARRAY(opened);
    struct secpkt_command command = {row->header, row->counter, row->data}, got;

    ck_assert_str_eq(row->id, "C4");
    command.header.spi[0] = SPI1_CHECK_CC; /* in clear, to see the CC */
    row->keys.cc_len = 4;
    ck_assert_int_eq(secpkt_seal_command(p.crypto, &command, &row->keys, &w4), ERR_OK);
    ck_assert_uint_eq(four[2], 0x11);
    /* CPL and CHL are signed too: compare with the CMAC of what stands there. */
    memcpy(input, four, 16);
    memcpy(input + 16, four + 20, w4.len - 20);
    ck_assert_int_eq(crypto_cmac(p.crypto, &row->keys.kid.key, &RD(input, w4.len - 4), 1, check),
                     ERR_OK);
    ck_assert_mem_eq(four + 16, check, 4);
    ck_assert_int_eq(secpkt_open_command(p.crypto, RD_WR(&w4), &row->keys, &work, &got), ERR_OK);
    ck_assert(rd_equal(got.data, row->data));
    row->keys.cc_len = 8;
    work = WR_ARRAY(opened);
    ck_assert_int_eq(secpkt_open_command(p.crypto, RD_WR(&w4), &row->keys, &work, &got),
                     ERR_FORMAT);
}
END_TEST

static const struct {
    const char *text;
    size_t key_len;
    enum err want;
    enum secpkt_algorithm algorithm;
    uint8_t cc_len;
} names[] = {
    {"aes", 16, ERR_OK, SECPKT_AES, 8},          {"aes-cmac4", 32, ERR_OK, SECPKT_AES, 4},
    {"3des", 16, ERR_OK, SECPKT_3DES2, 8},       {"3des", 24, ERR_OK, SECPKT_3DES3, 8},
    {"des", 8, ERR_OK, SECPKT_DES, 8},           {"des", 16, ERR_OK, SECPKT_3DES2, 8},
    {"AES", 16, ERR_FORMAT, SECPKT_DES, 0},      {"", 16, ERR_FORMAT, SECPKT_DES, 0},
    {"aes-cmac", 16, ERR_FORMAT, SECPKT_DES, 0},
};

START_TEST(secpkt_algorithm_from_text_reads_names)
{
    enum secpkt_algorithm a = SECPKT_DES;
    uint8_t cc_len = 0;

    ck_assert_int_eq(secpkt_algorithm_from_text(names[_i].text, names[_i].key_len, &a, &cc_len),
                     names[_i].want);
    ck_assert_int_eq(a, names[_i].algorithm);
    ck_assert_uint_eq(cc_len, names[_i].cc_len);
    if (names[_i].want == ERR_OK && names[_i].key_len != 16)
        ck_assert_str_eq(secpkt_algorithm_text(a, cc_len), names[_i].text);
}
END_TEST

static enum err open_plain(struct packets_row *row, const uint8_t *bytes, size_t n,
                           struct secpkt_response *got)
{
    static uint8_t block[64];
    struct wr work = WR_ARRAY(block);

    return secpkt_open_response(p.crypto, RD(bytes, n), &row->header, &row->keys, &work, got);
}

/* What a sysmoISIM sends to a replayed packet, TS 102 225 5.2. */
START_TEST(secpkt_plain_error_response_opens_unauthenticated)
{
    static const uint8_t replayed[] = {0x00, 0x0B, 0x0A, 0xB0, 0x00, 0x10, 0x00,
                                       0x00, 0x00, 0x00, 0x00, 0x00, 0x06};
    struct packets_row *row = packets_load(&p, 0);
    struct secpkt_response got = {.authenticated = true};
    uint8_t changed[sizeof replayed];

    ck_assert_uint_eq(row->header.spi[1], 0x19);
    ck_assert_int_eq(open_plain(row, replayed, sizeof replayed, &got), ERR_OK);
    ck_assert_uint_eq(got.rsc, RSC_SECURITY);
    ck_assert_uint_eq(got.data.left, 0);
    ck_assert(!got.authenticated);
    row->header.spi[1] = SPI2_POR_ALWAYS | SPI2_CIPHER;
    ck_assert_int_eq(open_plain(row, replayed, sizeof replayed, &got), ERR_OK);
    ck_assert(!got.authenticated);
    row->header.spi[1] = 0x19;
    memcpy(changed, replayed, sizeof changed);
    changed[12] = RSC_OK; /* anybody can say "done" */
    ck_assert_int_eq(open_plain(row, changed, sizeof changed, &got), ERR_MAC);
}
END_TEST

START_TEST(secpkt_peek_command_reads_the_header_only)
{
    const struct packets_row *row = packets_load(&p, 0);
    struct secpkt_header h;

    ck_assert_int_eq(secpkt_peek_command(row->packet, &h), ERR_OK);
    ck_assert_mem_eq(&h, &row->header, sizeof h);
    for (size_t n = 0; n < row->packet.left; n++)
        ck_assert_int_eq(secpkt_peek_command(RD(row->packet.at, n), &h), ERR_SHORT);
}
END_TEST

START_TEST(secpkt_rsc_text_names_every_code)
{
    for (unsigned rsc = 0; rsc <= 0xFF; rsc++)
        ck_assert_ptr_nonnull(secpkt_rsc_text((uint8_t)rsc));
    ck_assert_str_eq(secpkt_rsc_text(RSC_CNTR_LOW), "counter low");
    ck_assert_uint_eq(secpkt_nibble(SECPKT_AES), 2);
}
END_TEST

START_TEST(secpkt_allocates_nothing)
{
    size_t before = 0;

    for (unsigned pass = 0; pass < 2; pass++) {
        if (pass == 1)
            before = allocations;
        for (size_t i = 0; i < packets_count(&p); i++) {
            const struct packets_row *row = packets_load(&p, i);
            uint8_t block[128];
            struct wr w = WR_ARRAY(block);

            ck_assert_int_eq(packets_seal(&p, row, &w), ERR_OK);
            ck_assert_int_eq(packets_judge(&p, row, row->packet), ERR_OK);
        }
    }
    ck_assert_uint_gt(before, 0);
    ck_assert_uint_eq(allocations, before);
}
END_TEST

Suite *suite_under_test(void)
{
    Suite *s = suite_create("apdu/secpkt");
    TCase *t = tcase_create("TS 102 225 5.1, 5.2");

    if (!CRYPTO_set_mem_functions(count_malloc, count_realloc, count_free))
        abort(); /* OpenSSL allocated before the first test: the counter would see nothing */
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, secpkt_seal_makes_the_published_packets);
    tcase_add_test(t, secpkt_open_command_gives_the_published_data);
    tcase_add_test(t, secpkt_open_response_gives_the_published_data);
    tcase_add_test(t, secpkt_round_trip_at_every_data_length);
    tcase_add_test(t, secpkt_short_cc_is_a_truncated_cmac);
    tcase_add_loop_test(t, secpkt_algorithm_from_text_reads_names, 0, (int)ARRAY_LEN(names));
    tcase_add_test(t, secpkt_plain_error_response_opens_unauthenticated);
    tcase_add_test(t, secpkt_peek_command_reads_the_header_only);
    tcase_add_test(t, secpkt_rsc_text_names_every_code);
    tcase_add_test(t, secpkt_allocates_nothing);
    suite_add_tcase(s, t);
    return s;
}
