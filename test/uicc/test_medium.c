/* Tests of uicc/nvm/medium.h. Goal: no header but the one that was written opens. */
#include "uicc/nvm/medium.h"

#include "apdu/crc.h"
#include "test/support/runner.h"
#include "test/support/uicc/nvm_sim.h"

#include <string.h>

#define BANK       4096U
#define HEADER_LEN 84U

static const uint8_t image[300] = {1, 2, 3};
static const uint8_t hash[MEDIUM_HASH_LEN] = {9, 8, 7};
static struct nvm_sim sim;

static void setup(void)
{
    nvm_sim_init(&sim, medium_size(sizeof image, BANK));
}

static void teardown(void)
{
    nvm_sim_free(&sim);
}

static void format(void)
{
    ck_assert_int_eq(medium_format(&sim.device, RD_ARRAY(image), hash, BANK), ERR_OK);
}

START_TEST(medium_open_reads_what_format_wrote)
{
    struct medium m;

    format();
    nvm_sim_power_on(&sim, NVM_SIM_DROP, 0);
    ck_assert_int_eq(medium_open(&sim.device, &m), ERR_OK);
    ck_assert_uint_eq(m.profile_len, sizeof image);
    ck_assert_mem_eq(sim.media + m.profile_offset, image, sizeof image);
    ck_assert_mem_eq(m.profile_hash, hash, sizeof hash);
    ck_assert_uint_eq(m.bank_size, BANK);
    ck_assert_uint_ge(m.bank_offset[0], m.profile_offset + sizeof image);
    ck_assert_uint_ge(m.bank_offset[1], m.bank_offset[0] + BANK);
    ck_assert_uint_le(m.bank_offset[1] + BANK, sim.device.size);
}
END_TEST

START_TEST(medium_open_finds_no_card_on_zeros)
{
    struct medium m;

    ck_assert_int_eq(medium_open(&sim.device, &m), ERR_FORMAT);
    sim.device.size = HEADER_LEN - 1;
    ck_assert_int_eq(medium_open(&sim.device, &m), ERR_FORMAT);
}
END_TEST

START_TEST(medium_open_refuses_every_flipped_bit)
{
    struct medium m;

    format();
    for (size_t bit = 0; bit < HEADER_LEN * 8; bit++) {
        enum err want = bit < 64 ? ERR_FORMAT : bit < 96 ? ERR_UNSUPPORTED : ERR_CORRUPT;

        sim.view[bit / 8] ^= (uint8_t)(1U << bit % 8);
        ck_assert_int_eq(medium_open(&sim.device, &m), want);
        sim.view[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    ck_assert_int_eq(medium_open(&sim.device, &m), ERR_OK);
}
END_TEST

START_TEST(medium_open_refuses_a_device_cut_short)
{
    uint64_t whole = sim.device.size;
    struct medium m;

    format();
    for (sim.device.size = HEADER_LEN; sim.device.size < whole; sim.device.size += 97)
        ck_assert_int_eq(medium_open(&sim.device, &m), ERR_CORRUPT);
    sim.device.size = whole - 1;
    ck_assert_int_eq(medium_open(&sim.device, &m), ERR_CORRUPT);
}
END_TEST

/* A header whose checksum is right but whose fields point outside or into each other. */
START_TEST(medium_open_refuses_areas_that_do_not_fit)
{
    static const struct {
        unsigned at;
        uint64_t value;
        unsigned len;
    } rows[] = {
        {12, 0xFFFFFFFF, 4}, {12, 8192, 4},       {16, 0, 8},          {16, UINT64_MAX, 8},
        {24, 0, 8},          {24, 256, 8},        {24, UINT64_MAX, 8}, {32, 0, 8},
        {32, 8191, 8},       {32, UINT64_MAX, 8}, {40, 0, 8},          {40, 511, 8},
        {40, BANK + 4, 8},   {40, UINT64_MAX, 8},
    };
    struct medium m;
    struct wr w;

    format();
    memcpy(sim.media, sim.view, HEADER_LEN);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        memcpy(sim.view, sim.media, HEADER_LEN);
        w = WR(sim.view + rows[i].at, 8);
        if (rows[i].len == 4)
            wr_u32(&w, (uint32_t)rows[i].value);
        else
            wr_u64(&w, rows[i].value);
        w = WR(sim.view + HEADER_LEN - 4, 4);
        wr_u32(&w, crc_32_update(0, RD(sim.view, HEADER_LEN - 4)));
        ck_assert_msg(medium_open(&sim.device, &m) == ERR_CORRUPT, "row %zu", i);
    }
}
END_TEST

START_TEST(medium_format_refuses_what_does_not_fit)
{
    static const struct {
        uint64_t bank;
        enum err want;
    } rows[] = {
        {0, ERR_RANGE},
        {MEDIUM_BANK_MIN - 4, ERR_RANGE},
        {MEDIUM_BANK_MIN + 2, ERR_RANGE},
        {(uint64_t)MEDIUM_BANK_MAX + 4, ERR_RANGE},
        {BANK + 4, ERR_SPACE},
        {MEDIUM_BANK_MAX, ERR_SPACE},
        {BANK, ERR_OK},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        ck_assert_int_eq(medium_format(&sim.device, RD_ARRAY(image), hash, rows[i].bank),
                         rows[i].want);
}
END_TEST

START_TEST(medium_format_reports_each_failing_operation)
{
    struct medium m;
    uint64_t ops;

    format();
    ops = sim.ops;
    for (uint64_t n = 1; n <= ops; n++) {
        nvm_sim_free(&sim);
        setup();
        sim.fail_at = n;
        ck_assert_int_eq(medium_format(&sim.device, RD_ARRAY(image), hash, BANK), ERR_IO);
        /* Not a card before the image is durable. */
        if (n < ops) {
            nvm_sim_power_on(&sim, NVM_SIM_DROP, 0);
            ck_assert_int_eq(medium_open(&sim.device, &m), ERR_FORMAT);
        }
    }
}
END_TEST

Suite *suite_under_test(void)
{
    Suite *s = suite_create("uicc/nvm/medium");
    TCase *t = tcase_create("medium");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, medium_open_reads_what_format_wrote);
    tcase_add_test(t, medium_open_finds_no_card_on_zeros);
    tcase_add_test(t, medium_open_refuses_every_flipped_bit);
    tcase_add_test(t, medium_open_refuses_a_device_cut_short);
    tcase_add_test(t, medium_open_refuses_areas_that_do_not_fit);
    tcase_add_test(t, medium_format_refuses_what_does_not_fit);
    tcase_add_test(t, medium_format_reports_each_failing_operation);
    suite_add_tcase(s, t);
    return s;
}
