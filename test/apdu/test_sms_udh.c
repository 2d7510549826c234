/* Tests of apdu/sms.h, user data headers and concatenation. Goal: the 162-byte example of
 * TS 31.115 to the byte; headers whose lengths or part numbers lie are refused. */
#include "apdu/sms.h"
#include "test/support/hexrow.h"
#include "test/support/runner.h"

#include <string.h>

static const struct {
    const char *rule;
    const char *ud;
    enum err want;
    struct sms_udh udh;
    const char *rest;
} rows[] = {
    {"command packet", "027000 0020", ERR_OK, {.command_packet = true}, "0020"},
    {"response packet", "027100 000E", ERR_OK, {.response_packet = true}, "000E"},
    {"part 1 of 2 with the packet element",
     "070003A50201 7000 AABB",
     ERR_OK,
     {.concatenated = true, .reference = 0xA5, .total = 2, .sequence = 1, .command_packet = true},
     "AABB"},
    {"part 2 of 2 without it",
     "050003A50202 CC",
     ERR_OK,
     {.concatenated = true, .reference = 0xA5, .total = 2, .sequence = 2},
     "CC"},
    {"wide reference",
     "080804BEEF0201 7000",
     ERR_OK,
     {.concatenated = true,
      .wide_reference = true,
      .reference = 0xBEEF,
      .total = 2,
      .sequence = 1,
      .command_packet = true},
     ""},
    {"packet element first",
     "077000 0003A50201",
     ERR_OK,
     {.concatenated = true, .reference = 0xA5, .total = 2, .sequence = 1, .command_packet = true},
     ""},
    {"reference 0", "050003000101", ERR_OK, {.concatenated = true, .total = 1, .sequence = 1}, ""},
    {"255 of 255",
     "05000301FFFF",
     ERR_OK,
     {.concatenated = true, .reference = 1, .total = 255, .sequence = 255},
     ""},
    {"unknown elements", "0A 050423F40000 2401AA AB", ERR_SHORT, {0}, NULL},
    {"ports and language", "09 050423F40000 240103 AB", ERR_OK, {0}, "AB"},
    {"packet element with content", "0370 01 55", ERR_OK, {.command_packet = true}, ""},
    {"empty header", "00 AA", ERR_OK, {0}, "AA"},
    {"empty user data", "", ERR_SHORT, {0}, NULL},
    {"header runs past the end", "0370", ERR_SHORT, {0}, NULL},
    {"header FF", "FF700000", ERR_SHORT, {0}, NULL},
    {"element without length", "0170", ERR_SHORT, {0}, NULL},
    {"element runs past the header", "020003 A50201", ERR_SHORT, {0}, NULL},
    {"total 0", "050003A50001", ERR_FORMAT, {0}, NULL},
    {"sequence 0", "050003A50200", ERR_FORMAT, {0}, NULL},
    {"sequence above total", "050003A50203", ERR_FORMAT, {0}, NULL},
    {"concatenation of length 2", "040002A502", ERR_FORMAT, {0}, NULL},
    {"wide concatenation of length 3", "050803A50201", ERR_FORMAT, {0}, NULL},
    {"concatenation of length 0", "020000", ERR_FORMAT, {0}, NULL},
    {"twice", "0A0003A502010003A50202", ERR_FORMAT, {0}, NULL},
    {"twice, wide behind narrow", "0B0003A502010804BEEF0201", ERR_FORMAT, {0}, NULL},
};

START_TEST(sms_read_udh_obeys_rule)
{
    struct hexrow row;
    struct sms_udh udh = {.total = 0x77};
    struct rd rest = RD(NULL, 99);
    const struct sms_udh *want = &rows[_i].udh;
    enum err got = sms_read_udh(hexrow(&row, rows[_i].ud), &udh, &rest);

    ck_assert_msg(got == rows[_i].want, "%s: got %s", rows[_i].rule, err_text(got));
    if (got != ERR_OK) {
        ck_assert_uint_eq(udh.total, 0x77);
        ck_assert_uint_eq(rest.left, 99);
        return;
    }
    ck_assert_int_eq(udh.concatenated, want->concatenated);
    ck_assert_int_eq(udh.wide_reference, want->wide_reference);
    ck_assert_uint_eq(udh.reference, want->reference);
    ck_assert_uint_eq(udh.total, want->total);
    ck_assert_uint_eq(udh.sequence, want->sequence);
    ck_assert_int_eq(udh.command_packet, want->command_packet);
    ck_assert_int_eq(udh.response_packet, want->response_packet);
    hexrow_assert(rest, rows[_i].rest, rows[_i].rule);
}
END_TEST

START_TEST(sms_packet_of_162_bytes_goes_into_140_and_36)
{
    uint8_t packet[162], ud[SMS_UD_MAX];
    struct wr w = WR_ARRAY(ud);

    for (size_t i = 0; i < sizeof packet; i++)
        packet[i] = (uint8_t)i;
    ck_assert_uint_eq(sms_packet_parts(sizeof packet), 2);
    ck_assert_int_eq(sms_write_packet_part(&w, 0x70, RD_ARRAY(packet), 0xA5, 1), ERR_OK);
    ck_assert_uint_eq(w.len, 140);
    hexrow_assert(RD(ud, 8), "070003A502017000", "header 1");
    ck_assert_int_eq(memcmp(ud + 8, packet, 132), 0);
    w = WR_ARRAY(ud);
    ck_assert_int_eq(sms_write_packet_part(&w, 0x70, RD_ARRAY(packet), 0xA5, 2), ERR_OK);
    ck_assert_uint_eq(w.len, 36);
    hexrow_assert(RD(ud, 6), "050003A50202", "header 2");
    ck_assert_int_eq(memcmp(ud + 6, packet + 132, 30), 0);
}
END_TEST

START_TEST(sms_packet_of_one_message_has_no_concatenation)
{
    struct hexrow row;
    uint8_t ud[SMS_UD_MAX];
    struct wr w = WR_ARRAY(ud);

    ck_assert_int_eq(sms_write_packet_part(&w, 0x71, hexrow(&row, "000E0A"), 0xA5, 1), ERR_OK);
    hexrow_assert(RD_WR(&w), "027100000E0A", "UD");
}
END_TEST

static const struct {
    size_t len, parts;
} sizes[] = {
    {0, 1},
    {1, 1},
    {137, 1},
    {138, 2},
    {132 + 134, 2},
    {132 + 134 + 1, 3},
    {132 + 254 * 134, 255},
    {132 + 254 * 134 + 1, 256},
};

START_TEST(sms_packet_parts_counts_at_the_edges)
{
    ck_assert_uint_eq(sms_packet_parts(sizes[_i].len), sizes[_i].parts);
}
END_TEST

START_TEST(sms_write_packet_part_refuses_parts_that_are_not)
{
    static uint8_t packet[132 + 254 * 134 + 1];
    uint8_t ud[SMS_UD_MAX];
    struct wr w = WR_ARRAY(ud), small = WR(ud, 5);

    ck_assert_int_eq(sms_write_packet_part(&w, 0x70, RD(packet, 10), 0, 0), ERR_RANGE);
    ck_assert_int_eq(sms_write_packet_part(&w, 0x70, RD(packet, 10), 0, 2), ERR_RANGE);
    ck_assert_int_eq(sms_write_packet_part(&w, 0x70, RD_ARRAY(packet), 0, 1), ERR_RANGE);
    ck_assert_uint_eq(w.len, 0);
    ck_assert_int_eq(sms_write_packet_part(&small, 0x70, RD(packet, 10), 0, 1), ERR_SPACE);
    ck_assert_int_eq(sms_write_packet_part(&w, 0x70, RD(packet, sizeof packet - 1), 0, 255),
                     ERR_OK);
    ck_assert_uint_eq(w.len, 140);
}
END_TEST

/* Cut at every length up to six parts, join again: nothing lost, nothing doubled. */
START_TEST(sms_packet_parts_join_to_the_packet)
{
    uint8_t packet[6 * 134], joined[6 * 134];

    for (size_t i = 0; i < sizeof packet; i++)
        packet[i] = (uint8_t)(i * 31 + (i >> 8));
    for (size_t len = 0; len <= sizeof packet; len++) {
        struct wr all = WR_ARRAY(joined);
        size_t parts = sms_packet_parts(len);

        for (size_t part = 1; part <= parts; part++) {
            uint8_t ud[SMS_UD_MAX];
            struct wr w = WR_ARRAY(ud);
            struct sms_udh udh;
            struct rd rest;

            ck_assert_int_eq(sms_write_packet_part(&w, 0x70, RD(packet, len), 9, part), ERR_OK);
            ck_assert_int_eq(sms_read_udh(RD_WR(&w), &udh, &rest), ERR_OK);
            ck_assert_int_eq(udh.concatenated, parts > 1);
            ck_assert_int_eq(udh.command_packet, part == 1);
            ck_assert(parts == 1 || (udh.total == parts && udh.sequence == part));
            wr_rd(&all, rest);
        }
        ck_assert(rd_equal(RD_WR(&all), RD(packet, len)));
    }
}
END_TEST

Suite *suite_under_test(void)
{
    Suite *s = suite_create("apdu/sms_udh");
    TCase *header = tcase_create("TS 23.040 9.2.3.24");
    TCase *parts = tcase_create("TS 31.115 4.2");

    tcase_add_loop_test(header, sms_read_udh_obeys_rule, 0, (int)ARRAY_LEN(rows));
    suite_add_tcase(s, header);
    tcase_add_test(parts, sms_packet_of_162_bytes_goes_into_140_and_36);
    tcase_add_test(parts, sms_packet_of_one_message_has_no_concatenation);
    tcase_add_loop_test(parts, sms_packet_parts_counts_at_the_edges, 0, (int)ARRAY_LEN(sizes));
    tcase_add_test(parts, sms_write_packet_part_refuses_parts_that_are_not);
    tcase_add_test(parts, sms_packet_parts_join_to_the_packet);
    suite_add_tcase(s, parts);
    return s;
}
