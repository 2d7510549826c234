/*
 * Tests of apdu/secpkt.h: no packet that somebody cut, changed or mis-keyed opens as good.
 * Method: each row of the vector file, then each truncation and each flipped bit of it.
 */
#include "test/support/packets.h"
#include "test/support/runner.h"

#include <stdlib.h>
#include <string.h>

static struct packets p;

static void setup(void)
{
    packets_open(&p);
}

static void teardown(void)
{
    packets_close(&p);
}

START_TEST(secpkt_open_refuses_each_truncation)
{
    for (size_t i = 0; i < packets_count(&p); i++) {
        const struct packets_row *row = packets_load(&p, i);

        for (size_t n = 0; n < row->packet.left; n++) {
            uint8_t *exact = malloc(n + 1); /* the sanitizer watches its end */

            memcpy(exact, row->packet.at, n);
            ck_assert_msg(packets_judge(&p, row, RD(exact, n)) == ERR_SHORT, "%s at %zu", row->id,
                          n);
            free(exact);
        }
    }
}
END_TEST

/* The same with CPL corrected, so that the cut gets as far as the check. */
START_TEST(secpkt_open_refuses_each_truncation_with_matching_length)
{
    for (size_t i = 0; i < packets_count(&p); i++) {
        const struct packets_row *row = packets_load(&p, i);
        uint8_t bytes[128];
        enum err e;

        if (!row->has_check)
            continue;
        for (size_t n = 3; n < row->packet.left; n++) {
            memcpy(bytes, row->packet.at, n);
            bytes[0] = 0;
            bytes[1] = (uint8_t)(n - 2);
            e = packets_judge(&p, row, RD(bytes, n));
            ck_assert_msg(e == ERR_FORMAT || e == ERR_MAC, "%s at %zu: %s", row->id, n,
                          err_text(e));
        }
    }
}
END_TEST

START_TEST(sec_C9_secpkt_open_refuses_each_flipped_bit)
{
    unsigned flipped = 0;

    for (size_t i = 0; i < packets_count(&p); i++) {
        const struct packets_row *row = packets_load(&p, i);
        uint8_t bytes[128];

        if (!row->has_check)
            continue;
        for (size_t bit = 0; bit < row->packet.left * 8; bit++) {
            enum err e;

            memcpy(bytes, row->packet.at, row->packet.left);
            bytes[bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
            e = packets_judge(&p, row, RD(bytes, row->packet.left));
            /* SPI1 may now say "no check": what that opens as is the security level's to refuse. */
            if (row->is_command && bit / 8 == 3 && bytes[3] % 4 == SPI1_CHECK_NONE)
                ck_assert_msg(e == ERR_FORMAT, "%s bit %zu: %s", row->id, bit, err_text(e));
            ck_assert_msg(e != ERR_OK, "%s bit %zu", row->id, bit);
            flipped++;
        }
        ck_assert_int_eq(packets_judge(&p, row, row->packet), ERR_OK);
    }
    ck_assert_uint_gt(flipped, 4000);
}
END_TEST

/* Counted, not asserted one by one: libcheck writes down each of a million assertions. */
START_TEST(secpkt_open_refuses_lying_lengths)
{
    unsigned wrong = 0;

    for (size_t i = 0; i < packets_count(&p); i++) {
        const struct packets_row *row = packets_load(&p, i);
        uint8_t bytes[128];

        memcpy(bytes, row->packet.at, row->packet.left);
        for (unsigned len = 0; len <= 0xFFFF; len++) {
            enum err want = len + 2 > row->packet.left ? ERR_SHORT : ERR_FORMAT;

            bytes[0] = (uint8_t)(len >> 8);
            bytes[1] = (uint8_t)len;
            if (len + 2 != row->packet.left)
                wrong += packets_judge(&p, row, RD(bytes, row->packet.left)) != want;
        }
    }
    ck_assert_uint_eq(wrong, 0);
}
END_TEST

/* C10: only the header length that follows from SPI and key opens. */
START_TEST(sec_C10_secpkt_open_refuses_lying_header_lengths)
{
    for (size_t i = 0; i < packets_count(&p); i++) {
        const struct packets_row *row = packets_load(&p, i);
        uint8_t bytes[128];

        memcpy(bytes, row->packet.at, row->packet.left);
        for (unsigned len = 0; len <= 0xFF; len++) {
            bytes[2] = (uint8_t)len;
            if (len != row->packet.at[2])
                ck_assert_msg(packets_judge(&p, row, RD(bytes, row->packet.left)) != ERR_OK,
                              "%s %02X", row->id, len);
        }
    }
}
END_TEST

START_TEST(secpkt_peek_command_refuses_lying_header_lengths)
{
    struct packets_row *row = packets_load(&p, 0);
    struct secpkt_header h;

    for (unsigned chl = 0; chl <= 0xFF; chl++) {
        bool fits = chl >= 0x0D && chl + 3 <= row->packet.left;

        row->packet_bytes[2] = (uint8_t)chl;
        ck_assert_int_eq(secpkt_peek_command(row->packet, &h), fits ? ERR_OK : ERR_FORMAT);
    }
    for (uint8_t cpl = 1; cpl < 0x0D; cpl++) {
        uint8_t bytes[16] = {0, cpl, cpl};

        ck_assert_int_eq(secpkt_peek_command(RD(bytes, 2 + (size_t)cpl), &h), ERR_FORMAT);
    }
}
END_TEST

/* Signed by the right key, yet with a PCNTR that cannot be: sealed by hand around the codec. */
START_TEST(secpkt_open_refuses_lying_pcntr)
{
    struct packets_row *row = packets_load(&p, 0);
    uint8_t bytes[128] = {0x00, 0x1D, 0x0D, 0x04, 0x00, 0x15, 0x15, 0xB0, 0x00, 0x11};
    static const size_t packet_len = 10 + 24; /* three blocks, no check */

    bytes[1] = (uint8_t)(packet_len - 2);
    for (unsigned padding = 0; padding <= 0xFF; padding++) {
        uint8_t inner[24] = {0};

        inner[5] = (uint8_t)padding;
        ck_assert_int_eq(crypto_encrypt(p.crypto, CRYPTO_3DES_CBC, &row->keys.kic.key, inner,
                                        bytes + 10, sizeof inner),
                         ERR_OK);
        ck_assert_int_eq(packets_judge(&p, row, RD(bytes, packet_len)),
                         padding < 8 ? ERR_OK : ERR_PADDING);
    }
}
END_TEST

START_TEST(secpkt_open_refuses_padding_longer_than_the_data)
{
    struct packets_row *row = packets_load(&p, 0);
    uint8_t bytes[26] = {0x00, 0x18, 0x0D, 0x04, 0x00, 0x15, 0x15, 0xB0, 0x00, 0x11};
    uint8_t inner[8] = {0, 0, 0, 0, 0, 3}; /* two bytes of data, three of padding */

    bytes[1] = 16;
    ck_assert_int_eq(
        crypto_encrypt(p.crypto, CRYPTO_3DES_CBC, &row->keys.kic.key, inner, bytes + 10, 8),
        ERR_OK);
    ck_assert_int_eq(packets_judge(&p, row, RD(bytes, 18)), ERR_PADDING);
    bytes[3] = 0; /* in clear PCNTR has nothing to count */
    memset(bytes + 10, 0, 8);
    ck_assert_int_eq(packets_judge(&p, row, RD(bytes, 18)), ERR_OK);
    bytes[15] = 1;
    ck_assert_int_eq(packets_judge(&p, row, RD(bytes, 18)), ERR_PADDING);
}
END_TEST

/* C2: the key knows its algorithm; no nibble talks the codec into another one. */
START_TEST(sec_C2_secpkt_refuses_every_other_algorithm_nibble)
{
    for (size_t i = 0; i < packets_count(&p); i++) {
        struct packets_row *row = packets_load(&p, i);

        if (!row->is_command || !row->has_check || !row->ciphered || row->keys.kid.key.len == 0)
            continue;
        for (unsigned nibble = 0; nibble < 16; nibble++) {
            bool nobody_has = nibble == 0xD || (nibble & 3) == 3;
            enum err want = nobody_has ? ERR_UNSUPPORTED : ERR_KEY;
            uint8_t bytes[128];

            for (size_t at = 5; at <= 6; at++) {
                memcpy(bytes, row->packet.at, row->packet.left);
                bytes[at] = (uint8_t)((bytes[at] & 0xF0) | nibble);
                if (bytes[at] != row->packet.at[at])
                    ck_assert_int_eq(packets_judge(&p, row, RD(bytes, row->packet.left)), want);
            }
        }
    }
}
END_TEST

static enum err seal_with(struct secpkt_keys *keys, uint8_t spi1, uint8_t kic, uint8_t kid)
{
    uint8_t block[64];
    struct wr w = WR_ARRAY(block);
    struct secpkt_command command = {.header = {{spi1, 0}, kic, kid, {0xB0, 0, 0}}, .counter = 1};
    enum err e = secpkt_seal_command(p.crypto, &command, keys, &w);

    if (e != ERR_OK)
        ck_assert_uint_eq(w.len, 0);
    return e;
}

START_TEST(sec_C2_secpkt_refuses_3des_keys_that_are_single_des)
{
    struct secpkt_keys keys = {.cc_len = 8};
    struct secret *k = &keys.kid.key;

    keys.kid = packets_key("00112233445566778899AABBCCDDEEFF", 0x15);
    ck_assert_int_eq(seal_with(&keys, 0x02, 0x15, 0x15), ERR_OK);
    memcpy(k->bytes + 8, k->bytes, 8);
    ck_assert_int_eq(seal_with(&keys, 0x02, 0x15, 0x15), ERR_KEY);
    k->bytes[8] ^= 1; /* differs in a parity bit: the same key for DES */
    ck_assert_int_eq(seal_with(&keys, 0x02, 0x15, 0x15), ERR_KEY);
    k->bytes[8] ^= 2;
    ck_assert_int_eq(seal_with(&keys, 0x02, 0x15, 0x15), ERR_OK);

    keys.kid = packets_key("00112233445566778899AABBCCDDEEFF1032547698BADCFE", 0x19);
    ck_assert_int_eq(seal_with(&keys, 0x02, 0x19, 0x19), ERR_OK);
    memcpy(k->bytes + 16, k->bytes + 8, 8);
    ck_assert_int_eq(seal_with(&keys, 0x02, 0x19, 0x19), ERR_KEY);
}
END_TEST

START_TEST(secpkt_refuses_missing_and_ill_sized_keys)
{
    static const struct {
        uint8_t nibble;
        uint64_t good_lengths; /* bit n: n bytes */
    } rows[] = {
        {0x1, 1ULL << 8},
        {0x5, 1ULL << 16},
        {0x9, 1ULL << 24},
        {0x2, 1ULL << 16 | 1ULL << 24 | 1ULL << 32},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        for (uint8_t len = 0; len <= SECRET_LEN_MAX; len++) {
            struct secpkt_keys keys = {.cc_len = 8};
            enum err want = rows[i].good_lengths >> len & 1 ? ERR_OK : ERR_KEY;

            keys.kic = keys.kid = packets_key("", rows[i].nibble);
            for (uint8_t at = 0; at < len; at++)
                keys.kic.key.bytes[at] = keys.kid.key.bytes[at] = (uint8_t)(3 * at);
            keys.kid.key.len = len;
            ck_assert_int_eq(seal_with(&keys, 0x02, 0, rows[i].nibble), want);
            keys.kic.key.len = len;
            ck_assert_int_eq(seal_with(&keys, 0x04, rows[i].nibble, 0), want);
        }
    }
}
END_TEST

START_TEST(secpkt_refuses_what_nobody_has)
{
    struct secpkt_keys keys = {.cc_len = 8};

    keys.kic = keys.kid = packets_key("00112233445566778899AABBCCDDEEFF", 0x15);
    ck_assert_int_eq(seal_with(&keys, 0x03, 0x15, 0x15), ERR_UNSUPPORTED); /* DS */
    ck_assert_int_eq(seal_with(&keys, 0x01, 0x15, 0x12), ERR_UNSUPPORTED); /* RC of AES? */
    ck_assert_int_eq(seal_with(&keys, 0x01, 0x15, 0x10), ERR_UNSUPPORTED); /* RC of any size */
    ck_assert_int_eq(seal_with(&keys, 0x04, 0x1D, 0x15), ERR_UNSUPPORTED); /* DES-ECB */
    ck_assert_int_eq(seal_with(&keys, 0x02, 0x15, 0x13), ERR_UNSUPPORTED); /* proprietary */
    keys.cc_len = 4;
    ck_assert_int_eq(seal_with(&keys, 0x02, 0x15, 0x15), ERR_KEY); /* CBC-MAC is 8 bytes */
    for (uint8_t cc_len = 0; cc_len < 20; cc_len++) {
        keys.kid = packets_key("00112233445566778899AABBCCDDEEFF", 0x12);
        keys.cc_len = cc_len;
        ck_assert_int_eq(seal_with(&keys, 0x02, 0x15, 0x12),
                         cc_len == 4 || cc_len == 8 ? ERR_OK : ERR_KEY);
    }
}
END_TEST

START_TEST(secpkt_seal_refuses_counter_and_length_out_of_range)
{
    struct packets_row *row = packets_load(&p, 0);
    static uint8_t big[0x10000], block[0x10010];
    struct wr w = WR_ARRAY(block);

    row->counter = SECPKT_COUNTER_MAX;
    ck_assert_int_eq(packets_seal(&p, row, &w), ERR_OK);
    row->counter++;
    ck_assert_int_eq(packets_seal(&p, row, &w), ERR_RANGE);
    row->counter = 0;
    row->header.spi[0] = 0;
    w = WR_ARRAY(block);
    row->data = RD(big, 0xFFFF - 14); /* CPL FFFF */
    ck_assert_int_eq(packets_seal(&p, row, &w), ERR_OK);
    ck_assert_int_eq(packets_judge(&p, row, RD_WR(&w)),
                     ERR_SPACE); /* too much for its work block */
    w = WR_ARRAY(block);
    row->data.left++;
    ck_assert_int_eq(packets_seal(&p, row, &w), ERR_RANGE);
    ck_assert_uint_eq(w.len, 0);
}
END_TEST

START_TEST(secpkt_needs_exactly_its_space)
{
    for (size_t i = 0; i < packets_count(&p); i++) {
        const struct packets_row *row = packets_load(&p, i);
        uint8_t block[128];

        for (size_t cap = 0; cap <= row->packet.left; cap++) {
            struct wr w = WR(block, cap);

            ck_assert_int_eq(packets_seal(&p, row, &w),
                             cap == row->packet.left ? ERR_OK : ERR_SPACE);
        }
    }
}
END_TEST

Suite *suite_under_test(void)
{
    Suite *s = suite_create("apdu/secpkt, refusals");
    TCase *t = tcase_create("TS 102 225 5.1.1 to 5.1.3");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, secpkt_open_refuses_each_truncation);
    tcase_add_test(t, secpkt_open_refuses_each_truncation_with_matching_length);
    tcase_add_test(t, sec_C9_secpkt_open_refuses_each_flipped_bit);
    tcase_add_test(t, secpkt_open_refuses_lying_lengths);
    tcase_add_test(t, sec_C10_secpkt_open_refuses_lying_header_lengths);
    tcase_add_test(t, secpkt_peek_command_refuses_lying_header_lengths);
    tcase_add_test(t, secpkt_open_refuses_lying_pcntr);
    tcase_add_test(t, secpkt_open_refuses_padding_longer_than_the_data);
    tcase_add_test(t, sec_C2_secpkt_refuses_every_other_algorithm_nibble);
    tcase_add_test(t, sec_C2_secpkt_refuses_3des_keys_that_are_single_des);
    tcase_add_test(t, secpkt_refuses_missing_and_ill_sized_keys);
    tcase_add_test(t, secpkt_refuses_what_nobody_has);
    tcase_add_test(t, secpkt_seal_refuses_counter_and_length_out_of_range);
    tcase_add_test(t, secpkt_needs_exactly_its_space);
    suite_add_tcase(s, t);
    return s;
}
