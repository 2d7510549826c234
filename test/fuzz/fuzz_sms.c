/*
 * fuzz_sms.c - short messages. The first byte chooses the reader: 0 DELIVER, 1 SUBMIT,
 * 2 user data header, 3 envelope, 4 report for RP-ACK, 5 for RP-ERROR, 6 RP address, 7 a
 * packet to cut. What is accepted reads the same when it is written again.
 */
#include "apdu/sms.h"
#include "apdu/tlv.h"
#include "test/fuzz/require.h"

#include <string.h>

static void same_address(const struct sms_address *a, const struct sms_address *b)
{
    require(a->ton_npi == b->ton_npi && strcmp(a->digits, b->digits) == 0);
    require(strlen(a->digits) <= NUMBER_DIGITS_MAX && a->raw_len <= sizeof a->raw);
}

static void udh(struct rd ud)
{
    struct sms_udh h;
    struct rd rest;

    if (sms_read_udh(ud, &h, &rest) != ERR_OK)
        return;
    require_within(rest, ud);
    if (h.concatenated)
        require(h.sequence >= 1 && h.sequence <= h.total);
}

static void deliver(struct rd tpdu)
{
    uint8_t block[SMS_TPDU_MAX];
    struct wr w = WR_ARRAY(block);
    struct sms_deliver d, again;

    if (sms_read_deliver(tpdu, &d) != ERR_OK)
        return;
    require_within(d.ud, tpdu);
    if (d.udhi)
        udh(d.ud);
    sms_write_deliver(&w, &d);
    require(wr_result(&w) == ERR_OK && sms_read_deliver(RD_WR(&w), &again) == ERR_OK);
    same_address(&d.oa, &again.oa);
    require(d.udhi == again.udhi && d.more_messages == again.more_messages && d.udl == again.udl);
    require(d.pid == again.pid && d.dcs == again.dcs && rd_equal(d.ud, again.ud));
}

static void submit(struct rd tpdu)
{
    uint8_t block[SMS_TPDU_MAX];
    struct wr w = WR_ARRAY(block);
    struct sms_submit s, again;

    if (sms_read_submit(tpdu, &s) != ERR_OK)
        return;
    require_within(s.ud, tpdu);
    sms_write_submit(&w, &s);
    require(wr_result(&w) == ERR_OK && sms_read_submit(RD_WR(&w), &again) == ERR_OK);
    same_address(&s.da, &again.da);
    require(s.vpf == again.vpf && s.mr == again.mr && s.udhi == again.udhi);
    require(memcmp(s.vp, again.vp, sizeof s.vp) == 0 && rd_equal(s.ud, again.ud));
}

static void report(struct rd tpdu, bool error)
{
    uint8_t block[SMS_TPDU_MAX];
    struct wr w = WR_ARRAY(block);
    struct sms_report r, again;

    if (sms_read_deliver_report(tpdu, error, &r) != ERR_OK)
        return;
    require_within(r.ud, tpdu);
    sms_write_deliver_report(&w, &r);
    require(wr_result(&w) == ERR_OK);
    require(sms_read_deliver_report(RD_WR(&w), error, &again) == ERR_OK);
    require(r.fcs == again.fcs && r.udhi == again.udhi && rd_equal(r.ud, again.ud));
}

static void envelope(struct rd value)
{
    uint8_t block[512];
    struct wr w = WR_ARRAY(block);
    struct sms_download d, again;
    struct rd inner;

    if (sms_read_envelope(value, &d) != ERR_OK)
        return;
    require_within(d.tpdu, value);
    deliver(d.tpdu);
    if (sms_write_envelope(&w, d.has_sca ? &d.sca : NULL, d.tpdu) != ERR_OK)
        return;
    require(tlv_find(RD_WR(&w), 0xD1, &inner) == ERR_OK);
    require(sms_read_envelope(inner, &again) == ERR_OK && rd_equal(d.tpdu, again.tpdu));
    require(d.has_sca == again.has_sca);
    if (d.has_sca)
        same_address(&d.sca, &again.sca);
}

static void rp_address(struct rd r)
{
    uint8_t block[16];
    struct wr w = WR_ARRAY(block);
    struct sms_address a, again;
    struct rd written;

    if (sms_read_rp_address(&r, &a) != ERR_OK)
        return;
    sms_write_rp_address(&w, &a);
    require(wr_result(&w) == ERR_OK);
    written = RD_WR(&w);
    require(sms_read_rp_address(&written, &again) == ERR_OK && written.left == 0);
    same_address(&a, &again);
}

static void cut(struct rd packet)
{
    size_t parts = sms_packet_parts(packet.left), joined = 0;

    for (size_t part = 1; part <= parts && parts <= SMS_PARTS_MAX; part++) {
        uint8_t block[SMS_UD_MAX];
        struct wr w = WR_ARRAY(block);
        struct sms_udh h;
        struct rd rest;

        require(sms_write_packet_part(&w, 0x70, packet, 0, part) == ERR_OK);
        require(sms_read_udh(RD_WR(&w), &h, &rest) == ERR_OK);
        require(rd_equal(rest, RD(packet.at + joined, rest.left)));
        joined += rest.left;
    }
    require(parts > SMS_PARTS_MAX || joined == packet.left);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rd r = RD(data, size);
    uint8_t selector;

    if (rd_u8(&r, &selector) != ERR_OK)
        return 0;
    switch (selector % 8) {
    case 0:
        deliver(r);
        break;
    case 1:
        submit(r);
        break;
    case 2:
        udh(r);
        break;
    case 3:
        envelope(r);
        break;
    case 4:
    case 5:
        report(r, selector % 8 == 5);
        break;
    case 6:
        rp_address(r);
        break;
    default:
        cut(r);
        break;
    }
    return 0;
}
