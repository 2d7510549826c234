/* Tests of apdu/atr.h. Goal: the answers of two real cards come apart, ours has the bytes
 * that the header draws, and no presence bit makes the parser read on past the end. */
#include "apdu/atr.h"
#include "test/support/hexrow.h"
#include "test/support/runner.h"

static const struct {
    const char *hex;
    uint8_t ta_global;
    const char *service, *pre_issuing;
    unsigned channels;
} real[] = {
    {"3B9F96801F878031E073FE211B674A4C753034054BA9", 0x87, "E0", "4A4C753034054B", 4},
    {"3B9F96801FC78031A073BE21136743200718000001A5", 0xC7, "A0", "43200718000001", 4},
};

START_TEST(atr_parse_takes_real_cards_apart)
{
    struct hexrow row;
    struct atr atr;
    struct rd value;

    ck_assert_int_eq(atr_parse(hexrow(&row, real[_i].hex), &atr), ERR_OK);
    ck_assert(!atr.inverse);
    ck_assert_uint_eq(atr.ta1, 0x96);
    ck_assert_uint_eq(atr.ta_global, real[_i].ta_global);
    ck_assert_uint_eq(atr.protocols, 1U << 0 | 1U << 15);
    ck_assert_uint_eq(atr.historical.left, 15);
    ck_assert_int_eq(atr_historical(&atr, ATR_SERVICE_DATA, &value), ERR_OK);
    hexrow_assert(value, real[_i].service, "service data");
    ck_assert_int_eq(atr_historical(&atr, ATR_PRE_ISSUING, &value), ERR_OK);
    hexrow_assert(value, real[_i].pre_issuing, "pre-issuing data");
    ck_assert_uint_eq(atr_channels(&atr), real[_i].channels);
}
END_TEST

static const struct {
    const char *rule;
    const char *hex;
    enum err want;
    uint8_t ta1;
    uint16_t protocols;
    const char *historical;
} rows[] = {
    {"smallest", "3B00", ERR_OK, 0x11, 1, ""},
    {"inverse convention", "3F00", ERR_OK, 0x11, 1, ""},
    {"T=0 named, no TCK", "3B81 00 55", ERR_OK, 0x11, 1, "55"},
    {"T=1 with TCK", "3B80 01 81", ERR_OK, 0x11, 2, ""},
    {"TB1 and TC1", "3B61 0000 55", ERR_OK, 0x11, 1, "55"},
    {"TA1 alone", "3B10 94", ERR_OK, 0x94, 1, ""},
    {"TA2 is not TA1", "3B80 10 05", ERR_OK, 0x11, 1, ""},
    {"nothing", "", ERR_SHORT, 0, 0, NULL},
    {"TS alone", "3B", ERR_SHORT, 0, 0, NULL},
    {"other TS", "3C00", ERR_FORMAT, 0, 0, NULL},
    {"TA1 missing", "3B10", ERR_SHORT, 0, 0, NULL},
    {"TB1 missing", "3B20", ERR_SHORT, 0, 0, NULL},
    {"TC1 missing", "3B6000", ERR_SHORT, 0, 0, NULL},
    {"TD1 missing", "3B80", ERR_SHORT, 0, 0, NULL},
    {"TD that never ends", "3B80808080", ERR_SHORT, 0, 0, NULL},
    {"historical bytes cut", "3B02 55", ERR_SHORT, 0, 0, NULL},
    {"TCK missing", "3B80 01", ERR_SHORT, 0, 0, NULL},
    {"TCK wrong", "3B80 01 80", ERR_FORMAT, 0, 0, NULL},
    {"bytes behind", "3B00 00", ERR_FORMAT, 0, 0, NULL},
    {"34 characters", "3B8080808080808080808080808080808080808080808080808080808080808080 00",
     ERR_FORMAT, 0, 0, NULL},
};

START_TEST(atr_parse_obeys_rule)
{
    struct hexrow row;
    struct atr atr = {.ta1 = 0x77};
    enum err got = atr_parse(hexrow(&row, rows[_i].hex), &atr);

    ck_assert_msg(got == rows[_i].want, "%s: got %s", rows[_i].rule, err_text(got));
    if (got != ERR_OK) {
        ck_assert_uint_eq(atr.ta1, 0x77);
        return;
    }
    ck_assert_uint_eq(atr.ta1, rows[_i].ta1);
    ck_assert_uint_eq(atr.ta_global, 0);
    ck_assert_uint_eq(atr.protocols, rows[_i].protocols);
    hexrow_assert(atr.historical, rows[_i].historical, rows[_i].rule);
}
END_TEST

START_TEST(atr_build_makes_what_the_header_draws)
{
    static const uint8_t data[] = {'R', 'e', 's', 'e', 'a', 't', 1};
    struct atr_options o = {.ta1 = ATR_TA1_DEFAULT,
                            .ta3 = ATR_TA3_DEFAULT,
                            .channels = 4,
                            .pre_issuing = RD_ARRAY(data)};
    uint8_t block[ATR_LEN_MAX];
    struct wr w = WR_ARRAY(block);
    struct atr atr;

    ck_assert_int_eq(atr_build(&o, &w), ERR_OK);
    hexrow_assert(RD(block, w.len - 1), "3B9F96801F878031E073FE2113 67 52657365617401", "ATR");
    ck_assert_int_eq(atr_parse(RD_WR(&w), &atr), ERR_OK);
    block[w.len - 1] ^= 1;
    ck_assert_int_eq(atr_parse(RD_WR(&w), &atr), ERR_FORMAT);
}
END_TEST

/* With the data of the first real card and both ways to number channels: its very bytes. */
START_TEST(atr_build_makes_the_first_real_card)
{
    struct hexrow row;
    struct atr_options o = {.ta1 = 0x96, .ta3 = 0x87, .channels = 4, .terminal_numbers = true};
    uint8_t block[ATR_LEN_MAX];
    struct wr w = WR_ARRAY(block);

    o.pre_issuing = hexrow(&row, real[0].pre_issuing);
    ck_assert_int_eq(atr_build(&o, &w), ERR_OK);
    hexrow_assert(RD_WR(&w), real[0].hex, "ATR");
}
END_TEST

START_TEST(atr_build_announces_channels)
{
    static const unsigned want[] = {[0] = 1, [1] = 1, [2] = 2, [4] = 4, [8] = 8, [20] = 8};

    for (unsigned count = 0; count < ARRAY_LEN(want); count++) {
        struct atr_options o = {.ta1 = 0x96, .ta3 = 0x87, .channels = (uint8_t)count};
        uint8_t block[ATR_LEN_MAX];
        struct wr w = WR_ARRAY(block);
        struct atr atr;

        if (want[count] == 0)
            continue;
        ck_assert_int_eq(atr_build(&o, &w), ERR_OK);
        ck_assert_int_eq(atr_parse(RD_WR(&w), &atr), ERR_OK);
        ck_assert_uint_eq(atr_channels(&atr), want[count]);
    }
}
END_TEST

START_TEST(atr_build_refuses_more_than_k_can_say)
{
    static const uint8_t data[8];
    struct atr_options o = {.ta1 = 0x96, .pre_issuing = RD_ARRAY(data)};
    uint8_t block[ATR_LEN_MAX];
    struct wr w = WR_ARRAY(block), small = WR(block, 10);

    ck_assert_int_eq(atr_build(&o, &w), ERR_RANGE);
    o.pre_issuing.left = 7;
    ck_assert_int_eq(atr_build(&o, &small), ERR_SPACE);
    ck_assert_int_eq(atr_build(&o, &w), ERR_OK);
}
END_TEST

START_TEST(atr_historical_walks_compact_objects)
{
    struct hexrow row;
    struct atr atr;
    struct rd value;

    ck_assert_int_eq(atr_parse(hexrow(&row, "3B04 80 31E0 73"), &atr), ERR_OK);
    ck_assert_int_eq(atr_historical(&atr, ATR_CAPABILITIES, &value), ERR_SHORT);
    ck_assert_uint_eq(atr_channels(&atr), 1);
    ck_assert_int_eq(atr_parse(hexrow(&row, "3B03 80 31E0"), &atr), ERR_OK);
    ck_assert_int_eq(atr_historical(&atr, ATR_CAPABILITIES, &value), ERR_NOT_FOUND);
    ck_assert_int_eq(atr_parse(hexrow(&row, "3B03 00 31E0"), &atr), ERR_OK);
    ck_assert_int_eq(atr_historical(&atr, ATR_SERVICE_DATA, &value), ERR_UNSUPPORTED);
    ck_assert_int_eq(atr_parse(hexrow(&row, "3B00"), &atr), ERR_OK);
    ck_assert_int_eq(atr_historical(&atr, ATR_SERVICE_DATA, &value), ERR_NOT_FOUND);
}
END_TEST

Suite *suite_under_test(void)
{
    Suite *s = suite_create("apdu/atr");
    TCase *read = tcase_create("ISO/IEC 7816-3 8.2");
    TCase *build = tcase_create("TS 102 221 6.3");

    tcase_add_loop_test(read, atr_parse_takes_real_cards_apart, 0, (int)ARRAY_LEN(real));
    tcase_add_loop_test(read, atr_parse_obeys_rule, 0, (int)ARRAY_LEN(rows));
    tcase_add_test(read, atr_historical_walks_compact_objects);
    suite_add_tcase(s, read);
    tcase_add_test(build, atr_build_makes_what_the_header_draws);
    tcase_add_test(build, atr_build_makes_the_first_real_card);
    tcase_add_test(build, atr_build_announces_channels);
    tcase_add_test(build, atr_build_refuses_more_than_k_can_say);
    suite_add_tcase(s, build);
    return s;
}
