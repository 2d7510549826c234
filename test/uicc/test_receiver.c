/* Tests of uicc/remote/receiver.h. Goal: a packet runs exactly when all its parts are there, in
 * whatever order, and no flood of parts takes memory. Method: the packet selects the MF and the
 * proof says so. */
#include "apdu/hex.h"
#include "test/support/hexrow.h"
#include "test/support/runner.h"
#include "test/support/uicc/air.h"
#include "uicc/core/card.h"
#include "uicc/remote/receiver.h"

#include <stdio.h>
#include <string.h>

#define FROM "+491710000001"

static struct air *o;
static uint8_t packet[SECPKT_MAX];
static size_t packet_len;
static struct air_packet command;

static void setup(void)
{
    o = air_new(NULL, SECPKT_AES);
    air_terminal(o);
}

static void teardown(void)
{
    air_free(&o);
}

/* A script of several SELECTs, so that its packet needs that many parts. */
static void make_packet(uint64_t counter, size_t selects)
{
    static const uint8_t select[] = {0x00, 0xA4, 0x00, 0x0C, 0x02, 0x3F, 0x00};
    static uint8_t script[1024];
    struct wr w = WR_ARRAY(script);

    for (size_t i = 0; i < selects; i++)
        wr_bytes(&w, select, sizeof select);
    command = air_packet(o, 1, AIR_RFM_USIM, counter, RD_WR(&w));
    packet_len = air_seal(o, &command, packet);
}

/* Part number of the packet with an 8-bit (or wide) reference. */
static uint16_t part(uint16_t reference, bool wide, size_t number, const char *from)
{
    uint8_t ud[SMS_UD_MAX];
    struct wr w = WR_ARRAY(ud);
    size_t total = sms_packet_parts(packet_len);
    size_t first = 130, at = number == 1 ? 0 : first + (number - 2) * 130;
    size_t n = number == total ? packet_len - at : 130;

    wr_u8(&w, (uint8_t)((wide ? 6 : 5) + (number == 1 ? 2 : 0)));
    wr_u8(&w, wide ? 0x08 : 0x00);
    wr_u8(&w, wide ? 4 : 3);
    if (wide)
        wr_u16(&w, reference);
    else
        wr_u8(&w, (uint8_t)reference);
    wr_u8(&w, (uint8_t)total);
    wr_u8(&w, (uint8_t)number);
    if (number == 1)
        wr_u16(&w, 0x7000);
    wr_bytes(&w, packet + at, n);
    ck_assert_int_eq(wr_result(&w), ERR_OK);
    return air_message(o, RD_WR(&w), from);
}

static void assert_ran(uint8_t selects)
{
    struct secpkt_response r = air_proof(o, &command);

    ck_assert_uint_eq(r.rsc, RSC_OK);
    ck_assert_uint_eq(r.data.left, 3);
    ck_assert_uint_eq(r.data.at[0], selects);
}

static void assert_waits(uint16_t sw)
{
    ck_assert_uint_eq(sw, 0x9000);
    ck_assert_uint_eq(o->answer_len, 0);
}

START_TEST(receiver_runs_single_message)
{
    make_packet(1, 1);
    ck_assert_uint_eq(air_deliver(o, RD(packet, packet_len)), 0x9000);
    assert_ran(1);
}
END_TEST

START_TEST(receiver_joins_parts_in_any_order)
{
    static const uint8_t orders[][3] = {{1, 2, 3}, {1, 3, 2}, {2, 1, 3},
                                        {2, 3, 1}, {3, 1, 2}, {3, 2, 1}};
    bool wide = _i >= 6;

    make_packet(1, 42);
    ck_assert_uint_eq(sms_packet_parts(packet_len), 3);
    assert_waits(part(0x1234, wide, orders[_i % 6][0], FROM));
    assert_waits(part(0x1234, wide, orders[_i % 6][1], FROM));
    part(0x1234, wide, orders[_i % 6][2], FROM);
    assert_ran(42);
}
END_TEST

START_TEST(receiver_ignores_doubled_part)
{
    make_packet(1, 25);
    assert_waits(part(7, false, 1, FROM));
    assert_waits(part(7, false, 1, FROM));
    part(7, false, 2, FROM);
    assert_ran(25);
}
END_TEST

START_TEST(receiver_keeps_messages_apart)
{
    uint8_t first[SECPKT_MAX];
    size_t first_len;
    struct air_packet first_command;

    make_packet(1, 25);
    memcpy(first, packet, packet_len);
    first_len = packet_len;
    first_command = command;
    assert_waits(part(7, false, 1, FROM));
    make_packet(2, 24);
    assert_waits(part(8, false, 1, FROM));          /* another reference */
    assert_waits(part(7, true, 1, FROM));           /* the same, wide */
    assert_waits(part(7, false, 1, "+4917100002")); /* another sender */
    memcpy(packet, first, first_len);
    packet_len = first_len;
    command = first_command;
    part(7, false, 2, FROM);
    assert_ran(25);
    make_packet(2, 24);
    part(8, false, 2, FROM);
    assert_ran(24);
}
END_TEST

START_TEST(receiver_lets_reference_come_round)
{
    make_packet(1, 25);
    assert_waits(part(7, false, 1, FROM));
    make_packet(2, 26);
    assert_waits(part(7, false, 1, FROM));
    part(7, false, 2, FROM);
    assert_ran(26);
}
END_TEST

START_TEST(receiver_drops_overdue_message)
{
    make_packet(1, 25);
    assert_waits(part(7, false, 1, FROM));
    o->now_ms += RECEIVER_TIMEOUT_MS + 1;
    assert_waits(part(7, false, 2, FROM));
    part(7, false, 1, FROM);
    assert_ran(25); /* the second part was the begin of a new one */
}
END_TEST

START_TEST(receiver_forgets_parts_at_reset)
{
    make_packet(1, 25);
    assert_waits(part(7, false, 1, FROM));
    air_reset(o);
    assert_waits(part(7, false, 2, FROM));
}
END_TEST

/* 768 fragments over 256 references: the oldest make room, memory stays. */
START_TEST(sec_C18_fragment_flood_is_bounded)
{
    size_t used = 0;

    make_packet(1, 42);
    for (unsigned i = 0; i < 768; i++) {
        o->now_ms++;
        assert_waits(part((uint16_t)(i / 3), false, 1 + i % 2, FROM));
        ck_assert_uint_le(o->card->receiver->bytes, RECEIVER_BYTES_MAX);
        if (i == 300)
            used = o->arena.used;
    }
    ck_assert_uint_eq(o->arena.used, used);
    for (size_t i = 1; i <= 3; i++)
        part(0x77, true, i, FROM);
    assert_ran(42);
}
END_TEST

/* Eight messages of 31 parts at once: what is kept stays within its bound, the newest lives. */
START_TEST(sec_C18_long_messages_make_room_for_each_other)
{
    uint8_t ud[SMS_UD_MAX] = {0x05, 0x00, 0x03, 0, 31, 0};

    for (uint8_t n = 2; n <= 31; n++) { /* without the first, which would say what they are */
        for (uint8_t reference = 0; reference < RECEIVER_MESSAGES; reference++) {
            ud[3] = reference;
            ud[5] = n;
            o->now_ms++;
            assert_waits(air_message(o, RD_ARRAY(ud), FROM));
            ck_assert_uint_le(o->card->receiver->bytes, RECEIVER_BYTES_MAX);
        }
    }
    make_packet(1, 42);
    for (size_t i = 1; i <= 3; i++)
        part(0x77, true, i, FROM);
    assert_ran(42);
}
END_TEST

static const struct {
    const char *what;
    const char *ud;
    uint16_t sw;
} malformed[] = {
    {"header longer than the message", "207000", 0x6F00},
    {"total 0", "0500030100 01 AA", 0x6F00},
    {"sequence 0", "0500030102 00 AA", 0x6F00},
    {"sequence above total", "0500030102 03 AA", 0x6F00},
    {"more parts than a packet can have", "05000301FF 01 AA", 0x6F00},
    {"a part without content", "050003010201", 0x6F00},
    {"packet without lengths", "0270000010", 0x6F00},
    {"no packet at all", "027000", 0x6F00},
    {"some other application: a message like any other", "03710100AABB", 0x9114},
};

START_TEST(receiver_refuses_malformed)
{
    uint8_t ud[64];
    struct wr w = WR_ARRAY(ud);

    ck_assert_int_eq(hex_decode(malformed[_i].ud, &w), ERR_OK);
    ck_assert_msg(air_message(o, RD_WR(&w), FROM) == malformed[_i].sw, "%s: %04X",
                  malformed[_i].what, o->sw);
    ck_assert_uint_eq(o->answer_len, 0);
}
END_TEST

static uint16_t text_message(const char *dcs)
{
    char apdu[256];

    (void)snprintf(apdu, sizeof apdu,
                   "80C2000022 D120 82028381 0604919471F1 8B14 0404 812143 7F %s 22705200000000 "
                   "05 AABBCCDDEE",
                   dcs);
    return air_hex(o, apdu);
}

/* Status, service centre, TPDU, FF (TS 31.102 4.2.25). */
START_TEST(receiver_stores_class_2_message)
{
    ck_assert_uint_eq(text_message("F6") >> 8, 0x91);
    ck_assert(air_fetch(o));
    hexrow_assert(RD(o->answer, o->answer_len), "D012 8103010101 82028182 9207013F007FFF6F3C",
                  "REFRESH");
    air_respond(o, 0);
    air_select(o, "6F3C");
    ck_assert_uint_eq(air_hex(o, "00B20104B0"), 0x9000);
    hexrow_assert(RD(o->answer, 30),
                  "03 04919471F1 0404 812143 7FF6 22705200000000 05 AABBCCDDEE FFFFFFFF", "record");
    ck_assert_uint_eq(text_message("12") >> 8, 0x91);
    ck_assert_uint_eq(air_hex(o, "00B20204B0") & 0xF000, 0x9000);
    air_session(o);
    ck_assert_uint_eq(text_message("56") >> 8, 0x91); /* marked for automatic deletion */
}
END_TEST

/* Part n of a text for the user, which ends in tag. */
static uint16_t text_part(uint8_t reference, uint8_t total, uint8_t n, uint8_t tag)
{
    char apdu[256];

    (void)snprintf(apdu, sizeof apdu,
                   "80C200002B D129 82028381 0604919471F1 8B1D 4404 812143 7FF6 22705200000000 "
                   "0E 050003%02X%02X%02X 11223344556677 %02X",
                   reference, total, n, tag);
    return air_hex(o, apdu);
}

/* Last octet of the message in a record of EF.SMS; 0 when the record is free. */
static uint8_t stored_tag(uint8_t record)
{
    char apdu[16];

    (void)snprintf(apdu, sizeof apdu, "00B2%02X04B0", record);
    air_select(o, "6F3C");
    ck_assert_uint_eq(air_hex(o, apdu) & 0xF000, 0x9000);
    ck_assert(o->answer[0] == 0x00 || o->answer[0] == 0x03);
    return o->answer[0] == 0x00 ? 0 : o->answer[34];
}

START_TEST(receiver_stores_every_part_of_a_text)
{
    static const uint8_t orders[][3] = {{1, 2, 3}, {3, 2, 1}, {2, 1, 3}};
    const uint8_t *order = orders[_i];
    unsigned seen = 0;

    for (unsigned i = 0; i < 3; i++)
        ck_assert_uint_eq(text_part(9, 3, order[i], (uint8_t)(0xA0 + order[i])) & 0xF000, 0x9000);
    ck_assert_uint_eq(text_part(9, 3, order[2], (uint8_t)(0xA0 + order[2])) & 0xF000, 0x9000);
    air_session(o);
    for (uint8_t record = 1; record <= 3; record++)
        seen |= 1U << (stored_tag(record) - 0xA0);
    ck_assert_uint_eq(seen, 0xE);
    ck_assert_uint_eq(stored_tag(4), order[2] == 1 ? 0xA1 : 0);
}
END_TEST

/* Until the first part is there it may be a packet, and a packet is not for the user to see. */
START_TEST(receiver_keeps_packets_out_of_the_inbox)
{
    make_packet(1, 42);
    for (size_t i = 3; i >= 1; i--)
        part(0x77, false, i, FROM);
    assert_ran(42);
    ck_assert_uint_eq(stored_tag(1), 0);
}
END_TEST

#define RECORDS 30 /* of EF.SMS */

/* All records but one are taken: of three parts one fits, so none is stored, and the sender of the
 * last one hears of it. When there is room again he sends that one again. */
START_TEST(receiver_stores_waiting_parts_together)
{
    for (unsigned i = 0; i < RECORDS - 1; i++) {
        ck_assert_uint_eq(text_message("F6") >> 8, 0x91);
        air_session(o);
    }
    ck_assert_uint_eq(text_part(9, 3, 2, 0xA2), 0x9000);
    ck_assert_uint_eq(text_part(9, 3, 3, 0xA3), 0x9000);
    ck_assert_uint_eq(text_part(9, 3, 1, 0xA1), 0x6F00);
    ck_assert_uint_eq(stored_tag(RECORDS), 0);
    for (uint8_t record = 1; record <= 2; record++) {
        uint8_t empty[5 + 176] = {0x00, 0xDC, record, 0x04, 176};

        memset(empty + 6, 0xFF, sizeof empty - 6);
        air_select(o, "6F3C");
        air_hex(o, "0020000108 31323334FFFFFFFF");
        ck_assert_uint_eq(air_send(o, RD_ARRAY(empty)), 0x9000);
    }
    ck_assert_uint_eq(text_part(9, 3, 1, 0xA1) & 0xF000, 0x9000);
    ck_assert_uint_eq(stored_tag(1), 0xA1);
    ck_assert_uint_eq(stored_tag(2), 0xA2);
    ck_assert_uint_eq(stored_tag(RECORDS), 0xA3);
}
END_TEST

START_TEST(receiver_leaves_other_classes_to_the_terminal)
{
    ck_assert_uint_eq(text_message("F5"), 0x9000);
    ck_assert_uint_eq(text_message("04"), 0x9000);
    air_select(o, "6F3C");
    ck_assert_uint_eq(air_hex(o, "00B20104B0"), 0x9000);
    ck_assert_uint_eq(o->answer[0], 0x00);
}
END_TEST

START_TEST(receiver_says_when_records_are_full)
{
    unsigned stored = 0;

    o->result = 0;
    while (text_message("F6") >> 8 == 0x91) {
        stored++;
        air_session(o);
    }
    ck_assert_uint_eq(o->sw, 0x6F00);
    ck_assert_uint_eq(stored, RECORDS);
}
END_TEST

Suite *suite_under_test(void)
{
    Suite *s = suite_create("receiver");
    TCase *t = tcase_create("TS 23.040 9.2.3.24.1");
    TCase *i = tcase_create("TS 31.111 7.1.1");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, receiver_runs_single_message);
    tcase_add_loop_test(t, receiver_joins_parts_in_any_order, 0, 12);
    tcase_add_test(t, receiver_ignores_doubled_part);
    tcase_add_test(t, receiver_keeps_messages_apart);
    tcase_add_test(t, receiver_lets_reference_come_round);
    tcase_add_test(t, receiver_drops_overdue_message);
    tcase_add_test(t, receiver_forgets_parts_at_reset);
    tcase_add_test(t, sec_C18_fragment_flood_is_bounded);
    tcase_add_test(t, sec_C18_long_messages_make_room_for_each_other);
    tcase_add_loop_test(t, receiver_refuses_malformed, 0, (int)ARRAY_LEN(malformed));
    suite_add_tcase(s, t);
    tcase_add_checked_fixture(i, setup, teardown);
    tcase_add_test(i, receiver_stores_class_2_message);
    tcase_add_loop_test(i, receiver_stores_every_part_of_a_text, 0, 3);
    tcase_add_test(i, receiver_keeps_packets_out_of_the_inbox);
    tcase_add_test(i, receiver_stores_waiting_parts_together);
    tcase_add_test(i, receiver_leaves_other_classes_to_the_terminal);
    tcase_add_test(i, receiver_says_when_records_are_full);
    suite_add_tcase(s, i);
    return s;
}
