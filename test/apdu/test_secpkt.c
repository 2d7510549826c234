/*
 * Tests of apdu/secpkt.h. Goal: packets that other implementations made, byte for byte
 * in both directions; and no packet that somebody changed opens as good.
 * Method: each row of the vector file, then each truncation and each flipped bit of it.
 */
#include "apdu/secpkt.h"
#include "test/support/runner.h"
#include "test/support/vectors.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#define UDH_LEN 3 /* 02 71 00 before the response packets of the file */

static struct crypto *c;
static struct vectors *v;
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

static void setup(void)
{
    c = crypto_new();
    ck_assert_ptr_nonnull(c);
    v = vectors_open("test/vectors/ota-102225.csv");
}

static void teardown(void)
{
    vectors_close(v);
    crypto_free(&c);
}

/* One row of the file, decoded. */
struct row {
    const char *id;
    bool is_command;
    struct secpkt_keys keys;
    struct secpkt_header header;
    uint64_t counter;
    uint8_t rsc;
    uint8_t data_bytes[64], packet_bytes[128];
    struct rd data, packet; /* packet from CPL or RPL on */
    bool has_check, ciphered;
    const char *plain; /* from CNTR on, hex */
};

static struct secpkt_key key_of(const char *hex, uint8_t kic_or_kid)
{
    static const uint8_t by_nibble[16] = {
        [1] = SECPKT_DES, [5] = SECPKT_3DES2, [9] = SECPKT_3DES3, [2] = SECPKT_AES};
    struct secpkt_key k = {.algorithm = by_nibble[kic_or_kid & 0x0F]};

    ck_assert_int_eq(secret_from_hex(&k.key, hex), ERR_OK);
    return k;
}

static uint8_t byte_of(size_t row, const char *column)
{
    uint8_t b = 0;

    ck_assert_uint_le(vectors_bytes(v, row, column, &b, 1), 1);
    return b;
}

static struct row *load(size_t index)
{
    static struct row row;
    uint8_t counter[5];
    struct rd counter_rd = RD_ARRAY(counter);
    size_t n;

    memset(&row, 0, sizeof row);
    row.id = vectors_text(v, index, "id");
    row.is_command = strcmp(vectors_text(v, index, "dir"), "cmd") == 0;
    row.plain = vectors_text(v, index, "plain_from_cntr");
    vectors_bytes(v, index, "spi", row.header.spi, 2);
    row.header.kic = byte_of(index, "kic");
    row.header.kid = byte_of(index, "kid");
    vectors_bytes(v, index, "tar", row.header.tar, 3);
    vectors_bytes(v, index, "cntr", counter, 5);
    ck_assert_int_eq(rd_u40(&counter_rd, &row.counter), ERR_OK);
    row.rsc = byte_of(index, "rsc");
    row.keys.kic = key_of(vectors_text(v, index, "kic_key"), row.header.kic);
    row.keys.kid = key_of(vectors_text(v, index, "kid_key"), row.header.kid);
    row.keys.cc_len = SECPKT_CC_LEN;
    n = vectors_bytes(v, index, "data", row.data_bytes, sizeof row.data_bytes);
    row.data = RD(row.data_bytes, n);
    n = vectors_bytes(v, index, "packet", row.packet_bytes, sizeof row.packet_bytes);
    row.packet = RD(row.packet_bytes, n);
    if (row.is_command) {
        row.has_check = (row.header.spi[0] & SPI1_CHECK_MASK) != 0;
        row.ciphered = (row.header.spi[0] & SPI1_CIPHER) != 0;
    } else {
        row.packet = RD(row.packet_bytes + UDH_LEN, n - UDH_LEN);
        row.has_check = (row.header.spi[1] & SPI2_CHECK_MASK) != 0;
        row.ciphered = (row.header.spi[1] & SPI2_CIPHER) != 0;
    }
    return &row;
}

static enum err seal(const struct row *row, struct wr *w)
{
    struct secpkt_command command = {row->header, row->counter, row->data};
    struct secpkt_response response = {.counter = row->counter, .rsc = row->rsc, .data = row->data};

    memcpy(response.tar, row->header.tar, 3);
    return row->is_command ? secpkt_seal_command(c, &command, &row->keys, w)
                           : secpkt_seal_response(c, &response, &row->header, &row->keys, w);
}

/* Open bytes as a packet of row's direction; the result is only the verdict. */
static enum err open_bytes(const struct row *row, struct rd bytes)
{
    uint8_t block[256];
    struct wr work = WR_ARRAY(block);
    struct secpkt_command command;
    struct secpkt_response response;

    return row->is_command
               ? secpkt_open_command(c, bytes, &row->keys, &work, &command)
               : secpkt_open_response(c, bytes, &row->header, &row->keys, &work, &response);
}

START_TEST(secpkt_seal_makes_the_published_packets)
{
    ck_assert_uint_eq(vectors_count(v), 23);
    for (size_t i = 0; i < vectors_count(v); i++) {
        const struct row *row = load(i);
        uint8_t block[256];
        struct wr w = WR_ARRAY(block);

        ck_assert_msg(seal(row, &w) == ERR_OK, "%s", row->id);
        ck_assert_msg(rd_equal(RD_WR(&w), row->packet), "%s", row->id);
    }
}
END_TEST

START_TEST(secpkt_open_command_gives_the_published_data)
{
    for (size_t i = 0; i < vectors_count(v); i++) {
        const struct row *row = load(i);
        uint8_t block[256], plain[128];
        struct wr work = WR_ARRAY(block);
        struct secpkt_command got;
        size_t plain_len;

        if (!row->is_command)
            continue;
        ck_assert_msg(secpkt_open_command(c, row->packet, &row->keys, &work, &got) == ERR_OK, "%s",
                      row->id);
        ck_assert_msg(rd_equal(got.data, row->data), "%s", row->id);
        ck_assert_uint_eq(got.counter, row->counter);
        ck_assert_mem_eq(&got.header, &row->header, sizeof got.header);
        plain_len = vectors_bytes(v, i, "plain_from_cntr", plain, sizeof plain);
        ck_assert_mem_eq(block + 10, plain, plain_len);
    }
}
END_TEST

START_TEST(secpkt_open_response_gives_the_published_data)
{
    for (size_t i = 0; i < vectors_count(v); i++) {
        const struct row *row = load(i);
        uint8_t block[256];
        struct wr work = WR_ARRAY(block);
        struct secpkt_response got;

        if (row->is_command)
            continue;
        ck_assert_msg(secpkt_open_response(c, row->packet, &row->header, &row->keys, &work, &got) ==
                          ERR_OK,
                      "%s", row->id);
        ck_assert_msg(rd_equal(got.data, row->data), "%s", row->id);
        ck_assert_uint_eq(got.counter, row->counter);
        ck_assert_uint_eq(got.rsc, row->rsc);
        ck_assert_mem_eq(got.tar, row->header.tar, 3);
        ck_assert(got.authenticated == row->has_check);
    }
}
END_TEST

START_TEST(secpkt_open_refuses_each_truncation)
{
    for (size_t i = 0; i < vectors_count(v); i++) {
        const struct row *row = load(i);

        for (size_t n = 0; n < row->packet.left; n++) {
            uint8_t *exact = malloc(n + 1); /* the sanitizer watches its end */

            memcpy(exact, row->packet.at, n);
            ck_assert_msg(open_bytes(row, RD(exact, n)) == ERR_SHORT, "%s at %zu", row->id, n);
            free(exact);
        }
    }
}
END_TEST

/* The same with CPL corrected, so that the cut gets as far as the check. */
START_TEST(secpkt_open_refuses_each_truncation_with_matching_length)
{
    for (size_t i = 0; i < vectors_count(v); i++) {
        const struct row *row = load(i);
        uint8_t bytes[128];
        enum err e;

        if (!row->has_check)
            continue;
        for (size_t n = 3; n < row->packet.left; n++) {
            memcpy(bytes, row->packet.at, n);
            bytes[0] = 0;
            bytes[1] = (uint8_t)(n - 2);
            e = open_bytes(row, RD(bytes, n));
            ck_assert_msg(e == ERR_FORMAT || e == ERR_MAC, "%s at %zu: %s", row->id, n,
                          err_text(e));
        }
    }
}
END_TEST

START_TEST(sec_C9_secpkt_open_refuses_each_flipped_bit)
{
    unsigned flipped = 0;

    for (size_t i = 0; i < vectors_count(v); i++) {
        const struct row *row = load(i);
        uint8_t bytes[128];

        if (!row->has_check)
            continue;
        for (size_t bit = 0; bit < row->packet.left * 8; bit++) {
            enum err e;

            memcpy(bytes, row->packet.at, row->packet.left);
            bytes[bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
            e = open_bytes(row, RD(bytes, row->packet.left));
            /* SPI1 may now say "no check": what that opens as is the security level's to refuse. */
            if (row->is_command && bit / 8 == 3 && bytes[3] % 4 == SPI1_CHECK_NONE)
                ck_assert_msg(e == ERR_FORMAT, "%s bit %zu: %s", row->id, bit, err_text(e));
            ck_assert_msg(e != ERR_OK, "%s bit %zu", row->id, bit);
            flipped++;
        }
        ck_assert_int_eq(open_bytes(row, row->packet), ERR_OK);
    }
    ck_assert_uint_gt(flipped, 4000);
}
END_TEST

START_TEST(secpkt_open_refuses_lying_lengths)
{
    for (size_t i = 0; i < vectors_count(v); i++) {
        const struct row *row = load(i);
        uint8_t bytes[128];

        memcpy(bytes, row->packet.at, row->packet.left);
        for (unsigned len = 0; len <= 0xFFFF; len++) {
            enum err want = len + 2 > row->packet.left ? ERR_SHORT : ERR_FORMAT;

            bytes[0] = (uint8_t)(len >> 8);
            bytes[1] = (uint8_t)len;
            if (len + 2 != row->packet.left)
                ck_assert_int_eq(open_bytes(row, RD(bytes, row->packet.left)), want);
        }
    }
}
END_TEST

/* C10: only the header length that follows from SPI and key opens. */
START_TEST(sec_C10_secpkt_open_refuses_lying_header_lengths)
{
    for (size_t i = 0; i < vectors_count(v); i++) {
        const struct row *row = load(i);
        uint8_t bytes[128];

        memcpy(bytes, row->packet.at, row->packet.left);
        for (unsigned len = 0; len <= 0xFF; len++) {
            bytes[2] = (uint8_t)len;
            if (len != row->packet.at[2])
                ck_assert_msg(open_bytes(row, RD(bytes, row->packet.left)) != ERR_OK, "%s %02X",
                              row->id, len);
        }
    }
}
END_TEST

/* Signed by the right key, yet with a PCNTR that cannot be: sealed by hand around the codec. */
START_TEST(secpkt_open_refuses_lying_pcntr)
{
    struct row *row = load(0);
    uint8_t bytes[128] = {0x00, 0x1D, 0x0D, 0x04, 0x00, 0x15, 0x15, 0xB0, 0x00, 0x11};
    static const size_t packet_len = 10 + 24; /* three blocks, no check */

    bytes[1] = (uint8_t)(packet_len - 2);
    for (unsigned padding = 0; padding <= 0xFF; padding++) {
        uint8_t inner[24] = {0};

        inner[5] = (uint8_t)padding;
        ck_assert_int_eq(
            crypto_encrypt(c, CRYPTO_3DES_CBC, &row->keys.kic.key, inner, bytes + 10, sizeof inner),
            ERR_OK);
        ck_assert_int_eq(open_bytes(row, RD(bytes, packet_len)),
                         padding < 8 ? ERR_OK : ERR_PADDING);
    }
}
END_TEST

START_TEST(secpkt_open_refuses_padding_longer_than_the_data)
{
    struct row *row = load(0);
    uint8_t bytes[26] = {0x00, 0x18, 0x0D, 0x04, 0x00, 0x15, 0x15, 0xB0, 0x00, 0x11};
    uint8_t inner[8] = {0, 0, 0, 0, 0, 3}; /* two bytes of data, three of padding */

    bytes[1] = 16;
    ck_assert_int_eq(crypto_encrypt(c, CRYPTO_3DES_CBC, &row->keys.kic.key, inner, bytes + 10, 8),
                     ERR_OK);
    ck_assert_int_eq(open_bytes(row, RD(bytes, 18)), ERR_PADDING);
    bytes[3] = 0; /* in clear PCNTR has nothing to count */
    memset(bytes + 10, 0, 8);
    ck_assert_int_eq(open_bytes(row, RD(bytes, 18)), ERR_OK);
    bytes[15] = 1;
    ck_assert_int_eq(open_bytes(row, RD(bytes, 18)), ERR_PADDING);
}
END_TEST

/* C2: the key knows its algorithm; no nibble talks the codec into another one. */
START_TEST(sec_C2_secpkt_refuses_every_other_algorithm_nibble)
{
    for (size_t i = 0; i < vectors_count(v); i++) {
        struct row *row = load(i);

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
                    ck_assert_int_eq(open_bytes(row, RD(bytes, row->packet.left)), want);
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
    enum err e = secpkt_seal_command(c, &command, keys, &w);

    if (e != ERR_OK)
        ck_assert_uint_eq(w.len, 0);
    return e;
}

START_TEST(sec_C2_secpkt_refuses_3des_keys_that_are_single_des)
{
    struct secpkt_keys keys = {.cc_len = 8};
    struct secret *k = &keys.kid.key;

    keys.kid = key_of("00112233445566778899AABBCCDDEEFF", 0x15);
    ck_assert_int_eq(seal_with(&keys, 0x02, 0x15, 0x15), ERR_OK);
    memcpy(k->bytes + 8, k->bytes, 8);
    ck_assert_int_eq(seal_with(&keys, 0x02, 0x15, 0x15), ERR_KEY);
    k->bytes[8] ^= 1; /* differs in a parity bit: the same key for DES */
    ck_assert_int_eq(seal_with(&keys, 0x02, 0x15, 0x15), ERR_KEY);
    k->bytes[8] ^= 2;
    ck_assert_int_eq(seal_with(&keys, 0x02, 0x15, 0x15), ERR_OK);

    keys.kid = key_of("00112233445566778899AABBCCDDEEFF1032547698BADCFE", 0x19);
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

            keys.kic = keys.kid = key_of("", rows[i].nibble);
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

    keys.kic = keys.kid = key_of("00112233445566778899AABBCCDDEEFF", 0x15);
    ck_assert_int_eq(seal_with(&keys, 0x03, 0x15, 0x15), ERR_UNSUPPORTED); /* DS */
    ck_assert_int_eq(seal_with(&keys, 0x01, 0x15, 0x12), ERR_UNSUPPORTED); /* RC of AES? */
    ck_assert_int_eq(seal_with(&keys, 0x01, 0x15, 0x10), ERR_UNSUPPORTED); /* RC of any size */
    ck_assert_int_eq(seal_with(&keys, 0x04, 0x1D, 0x15), ERR_UNSUPPORTED); /* DES-ECB */
    ck_assert_int_eq(seal_with(&keys, 0x02, 0x15, 0x13), ERR_UNSUPPORTED); /* proprietary */
    keys.cc_len = 4;
    ck_assert_int_eq(seal_with(&keys, 0x02, 0x15, 0x15), ERR_KEY); /* CBC-MAC is 8 bytes */
    for (uint8_t cc_len = 0; cc_len < 20; cc_len++) {
        keys.kid = key_of("00112233445566778899AABBCCDDEEFF", 0x12);
        keys.cc_len = cc_len;
        ck_assert_int_eq(seal_with(&keys, 0x02, 0x15, 0x12),
                         cc_len == 4 || cc_len == 8 ? ERR_OK : ERR_KEY);
    }
}
END_TEST

START_TEST(secpkt_short_cc_is_a_truncated_cmac)
{
    struct row *row = load(6); /* C4: AES */
    uint8_t four[128], input[128], check[16], opened[128];
    struct wr w4 = WR_ARRAY(four), work = WR_ARRAY(opened);
    struct secpkt_command command = {row->header, row->counter, row->data}, got;

    ck_assert_str_eq(row->id, "C4");
    command.header.spi[0] = SPI1_CHECK_CC; /* in clear, to see the CC */
    row->keys.cc_len = 4;
    ck_assert_int_eq(secpkt_seal_command(c, &command, &row->keys, &w4), ERR_OK);
    ck_assert_uint_eq(four[2], 0x11);
    /* CPL and CHL are signed too: compare with the CMAC of what stands there. */
    memcpy(input, four, 16);
    memcpy(input + 16, four + 20, w4.len - 20);
    ck_assert_int_eq(crypto_cmac(c, &row->keys.kid.key, &RD(input, w4.len - 4), 1, check), ERR_OK);
    ck_assert_mem_eq(four + 16, check, 4);
    ck_assert_int_eq(secpkt_open_command(c, RD_WR(&w4), &row->keys, &work, &got), ERR_OK);
    ck_assert(rd_equal(got.data, row->data));
    row->keys.cc_len = 8;
    work = WR_ARRAY(opened);
    ck_assert_int_eq(secpkt_open_command(c, RD_WR(&w4), &row->keys, &work, &got), ERR_FORMAT);
}
END_TEST

START_TEST(secpkt_seal_refuses_counter_and_length_out_of_range)
{
    struct row *row = load(0);
    static uint8_t big[0x10000], block[0x10010];
    struct wr w = WR_ARRAY(block);

    row->counter = SECPKT_COUNTER_MAX;
    ck_assert_int_eq(seal(row, &w), ERR_OK);
    row->counter++;
    ck_assert_int_eq(seal(row, &w), ERR_RANGE);
    row->counter = 0;
    row->header.spi[0] = 0;
    w = WR_ARRAY(block);
    row->data = RD(big, 0xFFFF - 14); /* CPL FFFF */
    ck_assert_int_eq(seal(row, &w), ERR_OK);
    ck_assert_int_eq(open_bytes(row, RD_WR(&w)), ERR_SPACE); /* too much for its work block */
    w = WR_ARRAY(block);
    row->data.left++;
    ck_assert_int_eq(seal(row, &w), ERR_RANGE);
    ck_assert_uint_eq(w.len, 0);
}
END_TEST

START_TEST(secpkt_needs_exactly_its_space)
{
    for (size_t i = 0; i < vectors_count(v); i++) {
        const struct row *row = load(i);
        uint8_t block[128];

        for (size_t cap = 0; cap <= row->packet.left; cap++) {
            struct wr w = WR(block, cap);

            ck_assert_int_eq(seal(row, &w), cap == row->packet.left ? ERR_OK : ERR_SPACE);
        }
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
    struct row *row = load(0);

    for (size_t k = 0; k < ARRAY_LEN(nibbles); k++) {
        row->header.kic = row->header.kid = nibbles[k];
        row->keys.kic = row->keys.kid = key_of(keys_hex[k], nibbles[k]);
        for (unsigned spi = 0; spi < 4 * ARRAY_LEN(row->data_bytes); spi++) {
            uint8_t block[128];
            struct wr w = WR_ARRAY(block);

            row->header.spi[0] = (uint8_t)((spi & 1) << 2 | (spi & 2));
            row->header.spi[1] = (uint8_t)((spi & 1) << 4 | (spi & 2) << 2);
            row->data.left = spi / 4;
            row->is_command = true;
            ck_assert_int_eq(seal(row, &w), ERR_OK);
            ck_assert_int_eq(open_bytes(row, RD_WR(&w)), ERR_OK);
            w = WR_ARRAY(block);
            row->is_command = false;
            ck_assert_int_eq(seal(row, &w), ERR_OK);
            ck_assert_int_eq(open_bytes(row, RD_WR(&w)), ERR_OK);
        }
    }
}
END_TEST

static enum err open_plain(struct row *row, const uint8_t *bytes, size_t n,
                           struct secpkt_response *got)
{
    static uint8_t block[64];
    struct wr work = WR_ARRAY(block);

    return secpkt_open_response(c, RD(bytes, n), &row->header, &row->keys, &work, got);
}

/* What a sysmoISIM sends to a replayed packet, TS 102 225 5.2. */
START_TEST(secpkt_plain_error_response_opens_unauthenticated)
{
    static const uint8_t replayed[] = {0x00, 0x0B, 0x0A, 0xB0, 0x00, 0x10, 0x00,
                                       0x00, 0x00, 0x00, 0x00, 0x00, 0x06};
    struct row *row = load(0);
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
    const struct row *row = load(0);
    struct secpkt_header h;

    ck_assert_int_eq(secpkt_peek_command(row->packet, &h), ERR_OK);
    ck_assert_mem_eq(&h, &row->header, sizeof h);
    for (size_t n = 0; n < row->packet.left; n++)
        ck_assert_int_eq(secpkt_peek_command(RD(row->packet.at, n), &h), ERR_SHORT);
}
END_TEST

START_TEST(secpkt_peek_command_refuses_lying_header_lengths)
{
    struct row *row = load(0);
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
        for (size_t i = 0; i < vectors_count(v); i++) {
            const struct row *row = load(i);
            uint8_t block[128];
            struct wr w = WR_ARRAY(block);

            ck_assert_int_eq(seal(row, &w), ERR_OK);
            ck_assert_int_eq(open_bytes(row, row->packet), ERR_OK);
        }
    }
    ck_assert_uint_gt(before, 0);
    ck_assert_uint_eq(allocations, before);
}
END_TEST

static void add_good(Suite *s)
{
    TCase *t = tcase_create("TS 102 225 5.1, 5.2");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, secpkt_seal_makes_the_published_packets);
    tcase_add_test(t, secpkt_open_command_gives_the_published_data);
    tcase_add_test(t, secpkt_open_response_gives_the_published_data);
    tcase_add_test(t, secpkt_round_trip_at_every_data_length);
    tcase_add_test(t, secpkt_short_cc_is_a_truncated_cmac);
    tcase_add_test(t, secpkt_plain_error_response_opens_unauthenticated);
    tcase_add_test(t, secpkt_peek_command_reads_the_header_only);
    tcase_add_test(t, secpkt_rsc_text_names_every_code);
    tcase_add_test(t, secpkt_allocates_nothing);
    suite_add_tcase(s, t);
}

static void add_bad(Suite *s)
{
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
}

Suite *suite_under_test(void)
{
    Suite *s = suite_create("apdu/secpkt");

    if (!CRYPTO_set_mem_functions(count_malloc, count_realloc, count_free))
        abort(); /* OpenSSL allocated before the first test: the counter would see nothing */
    add_good(s);
    add_bad(s);
    return s;
}
