/* Tests of apdu/gp.h. Goal: the PUT KEY commands that another tool made, both ways; a key
 * comes out only if its check value says it is the right one. */
#include "apdu/gp.h"
#include "test/support/hexrow.h"
#include "test/support/runner.h"

#include "apdu/hex.h"

#include <string.h>

#define HEADER_LEN 5

static struct crypto *c;

static void setup(void)
{
    c = crypto_new();
    ck_assert_ptr_nonnull(c);
}

static void teardown(void)
{
    crypto_free(&c);
}

static struct gp_key key(enum gp_key_type type, const char *hex)
{
    struct gp_key k = {.type = type};

    ck_assert_int_eq(secret_from_hex(&k.key, hex), ERR_OK);
    return k;
}

/* The keys of osmocom/pysim docs/put_key-tutorial.rst. */
static const char dek_hex[] = "8F8AEE5CDCC5D361368BC45673D99195";
static const char *const new_hex[GP_KEYS_MAX] = {"542C37A6043679F2F9F71116418B1CD5",
                                                 "34F11BAC8E5390B57F4E601372339E3C",
                                                 "5524F4BECFE96FB63FC29D6BAAC6058B"};

static const struct {
    enum gp_key_type type;
    bool as_written; /* the form gp_write_put_key makes */
    const char *apdu;
} commands[] = {
    {GP_KEY_DES, true,
     "80D8008143 01 8010 12778D87ADBC93D7ECFECFDB5DA2B653 03 D13B0A"
     "8010 ACD4FE6D8810799830ED68302656D1BE 03 8511D7 8010 854F63FA2176F8E73887910F0A392726 03 "
     "1BC4EE"},
    {GP_KEY_AES, true,
     "80D8008146 01 881110 0BF6C0F3C2A30AAF5D43B11C460F5899 03 B956D3"
     "881110 87F75B196318ECB0E94A92B9E7B0230D 03 9CC231"
     "881110 30F2C8BB0F0ECC284D829FDB1FDE1BEC 03 7C7030"},
    {GP_KEY_AES, false,
     "80D8008143 01 8810 0BF6C0F3C2A30AAF5D43B11C460F5899 03 B956D3"
     "8810 87F75B196318ECB0E94A92B9E7B0230D 03 9CC231"
     "8810 30F2C8BB0F0ECC284D829FDB1FDE1BEC 03 7C7030"},
};

/* Data field of a command of the table, in block. */
static struct rd data_of(size_t row, uint8_t block[128])
{
    struct wr w = WR(block, 128);

    ck_assert_int_eq(hex_decode(commands[row].apdu, &w), ERR_OK);
    ck_assert_uint_eq(w.len, HEADER_LEN + (size_t)block[4]);
    return RD(block + HEADER_LEN, w.len - HEADER_LEN);
}

START_TEST(gp_write_put_key_makes_the_published_command)
{
    struct gp_key keys[GP_KEYS_MAX], dek = key(commands[_i].type, dek_hex);
    uint8_t want[128], got[128];
    struct wr w = WR_ARRAY(got);
    struct rd data = data_of((size_t)_i, want);

    if (!commands[_i].as_written)
        return;
    for (size_t i = 0; i < GP_KEYS_MAX; i++)
        keys[i] = key(commands[_i].type, new_hex[i]);
    ck_assert_int_eq(gp_write_put_key(c, 0, 1, keys, GP_KEYS_MAX, &dek, &w), ERR_OK);
    ck_assert(rd_equal(RD_WR(&w), RD(want, HEADER_LEN + data.left)));
    w = WR_ARRAY(got);
    ck_assert_int_eq(gp_write_put_key(c, 2, 3, keys, 1, &dek, &w), ERR_OK);
    ck_assert_uint_eq(got[2], 2);
    ck_assert_uint_eq(got[3], 0x01); /* one key only */
}
END_TEST

START_TEST(gp_read_put_key_gives_the_published_keys)
{
    struct gp_key dek = key(commands[_i].type, dek_hex);
    uint8_t block[128];
    struct gp_put_key got;

    ck_assert_int_eq(gp_read_put_key(c, data_of((size_t)_i, block), &dek, &got), ERR_OK);
    ck_assert_uint_eq(got.new_version, 1);
    ck_assert_uint_eq(got.count, GP_KEYS_MAX);
    for (size_t i = 0; i < GP_KEYS_MAX; i++) {
        struct gp_key want = key(commands[_i].type, new_hex[i]);

        ck_assert_int_eq(got.keys[i].type, want.type);
        ck_assert(secret_equal(&got.keys[i].key, &want.key));
    }
    gp_put_key_wipe(&got);
    ck_assert_uint_eq(got.keys[0].key.len, 0);
}
END_TEST

START_TEST(gp_read_put_key_refuses_each_truncation)
{
    struct gp_key dek = key(commands[_i].type, dek_hex);
    uint8_t block[128];
    struct rd data = data_of((size_t)_i, block);
    size_t key_block = (data.left - 1) / GP_KEYS_MAX;

    for (size_t n = 0; n < data.left; n++) {
        struct gp_put_key got = {.count = 99};
        bool whole_keys = n > 1 && (n - 1) % key_block == 0;

        ck_assert_int_eq(gp_read_put_key(c, RD(data.at, n), &dek, &got),
                         whole_keys ? ERR_OK : ERR_SHORT);
        ck_assert_uint_eq(got.count, whole_keys ? (n - 1) / key_block : 99);
    }
}
END_TEST

/* All behind the version, which nothing here protects. */
START_TEST(gp_read_put_key_refuses_each_flipped_bit)
{
    struct gp_key dek = key(commands[_i].type, dek_hex);
    uint8_t block[128];
    struct rd data = data_of((size_t)_i, block);

    for (size_t bit = 8; bit < 8 * data.left; bit++) {
        struct gp_put_key got;

        block[HEADER_LEN + bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
        if (block[HEADER_LEN + bit / 8] != 0x82) /* another name of DES */
            ck_assert_msg(gp_read_put_key(c, data, &dek, &got) != ERR_OK, "bit %zu", bit);
        block[HEADER_LEN + bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
    }
    ck_assert_uint_ge(data.left, 0x43);
}
END_TEST

START_TEST(gp_read_put_key_names_what_is_wrong)
{
    static const struct {
        const char *data;
        enum err want;
    } rows[] = {
        {"", ERR_SHORT},
        {"01", ERR_SHORT},
        {"00 8810 0BF6C0F3C2A30AAF5D43B11C460F5899 03 B956D3", ERR_RANGE},
        {"80 8810 0BF6C0F3C2A30AAF5D43B11C460F5899 03 B956D3", ERR_RANGE},
        {"01 8010 0BF6C0F3C2A30AAF5D43B11C460F5899 03 B956D3", ERR_MAC},
        {"01 8510 0BF6C0F3C2A30AAF5D43B11C460F5899 03 B956D3", ERR_FORMAT},
        {"01 8500 00", ERR_RANGE},
        {"01 B004 04010203 00", ERR_RANGE},
        {"01 B0", ERR_SHORT},
        {"01 B120 00112233445566778899AABBCCDDEEFF00112233445566778899AABBCCDDEEFF 00", ERR_KEY},
        {"01 FF10 0BF6C0F3C2A30AAF5D43B11C460F5899 03 B956D3", ERR_KEY},
        {"01 8810 0BF6C0F3C2A30AAF5D43B11C460F5899 03 B956D4", ERR_MAC},
        {"01 8810 0BF6C0F3C2A30AAF5D43B11C460F5899 00", ERR_FORMAT},
        {"01 8800 03 B956D3", ERR_RANGE},
        {"01 880100 03 B956D3", ERR_RANGE},
        {"01 881111 0BF6C0F3C2A30AAF5D43B11C460F5899 03 B956D3", ERR_RANGE},
        {"01 881100 0BF6C0F3C2A30AAF5D43B11C460F5899 03 B956D3", ERR_RANGE},
        {"01 88110F 0BF6C0F3C2A30AAF5D43B11C460F5899 03 B956D3", ERR_RANGE},
        {"01 881120 0BF6C0F3C2A30AAF5D43B11C460F5899 03 B956D3", ERR_RANGE},
        {"01 882110 0BF6C0F3C2A30AAF5D43B11C460F58990BF6C0F3C2A30AAF5D43B11C460F5899 03 B956D3",
         ERR_RANGE},
        {"01 880F 0BF6C0F3C2A30AAF5D43B11C460F58 03 B956D3", ERR_RANGE},
        {"01 8830 0BF6C0F3C2A30AAF5D43B11C460F58990BF6C0F3C2A30AAF5D43B11C460F58990BF6C0F3C2A30AAF"
         "5D43B11C460F5899 03 B956D3",
         ERR_RANGE},
        {"01 8818 0BF6C0F3C2A30AAF5D43B11C460F58990BF6C0F3C2A30AAF 03 B956D3", ERR_RANGE},
    };
    struct gp_key dek = key(GP_KEY_AES, dek_hex);

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        uint8_t block[128];
        struct wr w = WR_ARRAY(block);
        struct gp_put_key got;

        ck_assert_int_eq(hex_decode(rows[i].data, &w), ERR_OK);
        ck_assert_msg(gp_read_put_key(c, RD_WR(&w), &dek, &got) == rows[i].want, "row %zu", i);
    }
    dek.key.len = 8;
    ck_assert_int_eq(gp_read_put_key(c, RD(NULL, 0), &dek, &(struct gp_put_key){.count = 0}),
                     ERR_KEY);
}
END_TEST

/* pySim's example for SCP81: a pre-shared key without, a DES key with a check value. */
START_TEST(gp_read_put_key_takes_shared_and_des_keys_under_aes)
{
    struct gp_key dek = key(GP_KEY_AES, dek_hex), des = key(GP_KEY_DES, new_hex[0]);
    struct gp_key psk = key(GP_KEY_AES, new_hex[1]);
    uint8_t bytes[128], data[128];
    struct wr w = WR_ARRAY(bytes), d = WR_ARRAY(data);
    struct gp_put_key got;
    size_t block = 2 + 17, kcv = 4;

    ck_assert_int_eq(gp_write_put_key(c, 0, 0x40, (struct gp_key[]){psk, des}, 2, &dek, &w),
                     ERR_OK);
    bytes[HEADER_LEN + 1] = GP_KEY_PSK;
    wr_bytes(&d, bytes + HEADER_LEN, 1 + block);
    wr_u8(&d, 0);
    wr_bytes(&d, bytes + HEADER_LEN + 1 + block + kcv, block + kcv);
    ck_assert_int_eq(gp_read_put_key(c, RD_WR(&d), &dek, &got), ERR_OK);
    ck_assert_uint_eq(got.count, 2);
    ck_assert_int_eq(got.keys[0].type, GP_KEY_PSK);
    ck_assert(secret_equal(&got.keys[0].key, &psk.key) && !got.checked[0]);
    ck_assert_int_eq(got.keys[1].type, GP_KEY_DES);
    ck_assert(secret_equal(&got.keys[1].key, &des.key) && got.checked[1]);
}
END_TEST

START_TEST(gp_put_key_carries_no_key_under_a_weaker_one)
{
    struct gp_key dek = key(GP_KEY_DES, dek_hex), aes = key(GP_KEY_AES, new_hex[0]);
    uint8_t bytes[128];
    struct wr w = WR_ARRAY(bytes);
    struct gp_put_key got;
    struct hexrow row;

    ck_assert_int_eq(gp_write_put_key(c, 0, 0x30, &aes, 1, &dek, &w), ERR_KEY);
    ck_assert_int_eq(
        gp_read_put_key(c, hexrow(&row, "30 8810 0BF6C0F3C2A30AAF5D43B11C460F5899 03 B956D3"), &dek,
                        &got),
        ERR_KEY);
}
END_TEST

/* Amendment E 4.4.2.2: the curve by its name, by parameters, or by the length of the point. */
START_TEST(gp_read_put_key_takes_a_public_point)
{
    static const char *const ends[] = {"00", "F0 01 00 00", "B2 02 FFFF B7 01 01 00"};
    struct gp_key dek = key(GP_KEY_AES, dek_hex);

    for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
        uint8_t bytes[128] = {0x73, GP_KEY_ECC, 65, 4};
        struct wr w = {bytes, 3 + 65, sizeof bytes, false};
        struct gp_put_key got;

        ck_assert_int_eq(hex_decode(ends[i], &w), ERR_OK);
        ck_assert_int_eq(gp_read_put_key(c, RD_WR(&w), &dek, &got), ERR_OK);
        ck_assert_uint_eq(got.count, 1);
        ck_assert_int_eq(got.keys[0].type, GP_KEY_ECC);
        ck_assert_ptr_eq(got.points[0].at, bytes + 3);
        ck_assert_uint_eq(got.points[0].left, 65);
    }
}
END_TEST

START_TEST(gp_put_key_refuses_a_fourth_key)
{
    struct gp_key dek = key(GP_KEY_AES, dek_hex);
    uint8_t block[256];
    struct rd data = data_of(2, block);
    struct gp_put_key got;
    size_t key_block = (data.left - 1) / GP_KEYS_MAX;

    memcpy(block + HEADER_LEN + data.left, block + HEADER_LEN + 1, key_block);
    data.left += key_block;
    ck_assert_int_eq(gp_read_put_key(c, data, &dek, &got), ERR_RANGE);
}
END_TEST

START_TEST(gp_put_key_round_trip_of_every_length)
{
    static const struct {
        enum gp_key_type type;
        uint64_t good_lengths; /* bit n: n bytes */
    } rows[] = {{GP_KEY_DES, 1ULL << 16 | 1ULL << 24},
                {GP_KEY_AES, 1ULL << 16 | 1ULL << 24 | 1ULL << 32}};

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct gp_key dek = key(rows[i].type, dek_hex);

        for (uint8_t len = 0; len <= SECRET_LEN_MAX; len++) {
            struct gp_key one = key(rows[i].type, "00112233445566778899AABBCCDDEEFF"
                                                  "1032547698BADCFEF0E1D2C3B4A59687");
            enum err want = rows[i].good_lengths >> len & 1 ? ERR_OK : ERR_KEY;
            uint8_t block[128];
            struct wr w = WR_ARRAY(block);
            struct gp_put_key got;

            one.key.len = len;
            ck_assert_int_eq(gp_write_put_key(c, 0x7F, 0x7F, &one, 1, &dek, &w), want);
            if (want != ERR_OK)
                continue;
            ck_assert_int_eq(
                gp_read_put_key(c, RD(block + HEADER_LEN, w.len - HEADER_LEN), &dek, &got), ERR_OK);
            ck_assert(secret_equal(&got.keys[0].key, &one.key));
        }
    }
}
END_TEST

START_TEST(gp_write_put_key_refuses_ranges_and_mixed_types)
{
    struct gp_key dek = key(GP_KEY_AES, dek_hex), des = key(GP_KEY_DES, dek_hex);
    struct gp_key keys[4] = {dek, dek, dek, dek};
    uint8_t block[128];
    struct wr w = WR_ARRAY(block), tight = WR(block, 20);

    ck_assert_int_eq(gp_write_put_key(c, 0, 0, keys, 1, &dek, &w), ERR_RANGE);
    ck_assert_int_eq(gp_write_put_key(c, 0, 0x80, keys, 1, &dek, &w), ERR_RANGE);
    ck_assert_int_eq(gp_write_put_key(c, 0x80, 1, keys, 1, &dek, &w), ERR_RANGE);
    ck_assert_int_eq(gp_write_put_key(c, 0, 1, keys, 0, &dek, &w), ERR_RANGE);
    ck_assert_int_eq(gp_write_put_key(c, 0, 1, keys, 4, &dek, &w), ERR_RANGE);
    ck_assert_int_eq(gp_write_put_key(c, 0, 1, keys, 1, &des, &w), ERR_KEY);
    ck_assert_uint_eq(w.len, 0);
    ck_assert_int_eq(gp_write_put_key(c, 0, 1, keys, 1, &dek, &tight), ERR_SPACE);
}
END_TEST

START_TEST(gp_kcv_matches_published_values)
{
    static const struct {
        enum gp_key_type type;
        const char *key;
        uint8_t kcv[GP_KCV_LEN];
    } rows[] = {
        {GP_KEY_DES, "404142434445464748494A4B4C4D4E4F", {0x8B, 0xAF, 0x47}},
        {GP_KEY_DES, "000102030405060708090A0B0C0D0E0F", {0xDD, 0xAD, 0xA1}},
        {GP_KEY_AES, "000102030405060708090A0B0C0D0E0F", {0xC3, 0x52, 0x80}},
    };
    struct gp_key odd = key(GP_KEY_DES, "0001020304050607");
    uint8_t kcv[GP_KCV_LEN];

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct gp_key k = key(rows[i].type, rows[i].key);

        ck_assert_int_eq(gp_kcv(c, &k, kcv), ERR_OK);
        ck_assert_mem_eq(kcv, rows[i].kcv, GP_KCV_LEN);
    }
    ck_assert_int_eq(gp_kcv(c, &odd, kcv), ERR_KEY);
}
END_TEST

Suite *suite_under_test(void)
{
    Suite *s = suite_create("apdu/gp");
    TCase *t = tcase_create("GlobalPlatform 11.8");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_loop_test(t, gp_write_put_key_makes_the_published_command, 0, ARRAY_LEN(commands));
    tcase_add_loop_test(t, gp_read_put_key_gives_the_published_keys, 0, ARRAY_LEN(commands));
    tcase_add_loop_test(t, gp_read_put_key_refuses_each_truncation, 0, ARRAY_LEN(commands));
    tcase_add_loop_test(t, gp_read_put_key_refuses_each_flipped_bit, 0, ARRAY_LEN(commands));
    tcase_add_test(t, gp_read_put_key_names_what_is_wrong);
    tcase_add_test(t, gp_put_key_refuses_a_fourth_key);
    tcase_add_test(t, gp_read_put_key_takes_shared_and_des_keys_under_aes);
    tcase_add_test(t, gp_put_key_carries_no_key_under_a_weaker_one);
    tcase_add_test(t, gp_read_put_key_takes_a_public_point);
    tcase_add_test(t, gp_put_key_round_trip_of_every_length);
    tcase_add_test(t, gp_write_put_key_refuses_ranges_and_mixed_types);
    tcase_add_test(t, gp_kcv_matches_published_values);
    suite_add_tcase(s, t);
    return s;
}
