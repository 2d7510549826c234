/* Tests of apdu/sms.h, TPDUs, reports and envelopes. Goal: the bytes of public traces come
 * apart and together exactly; lengths that lie are refused. Both ends link this codec, so
 * every round trip here stands behind bytes that others made. */
#include "apdu/sms.h"
#include "apdu/tlv.h"
#include "test/support/hexrow.h"
#include "test/support/runner.h"

#include <string.h>
#include <time.h>

/* A public command packet in the envelope that a terminal makes of it. */
#define C1_PACKET   "00201506193535B00011AE733256918D050B87C94FBFE12E4DC402F262C41CF67F2F"
#define C1_DELIVER  "400881214365877FF62270520000000025027000" C1_PACKET
#define C1_ENVELOPE "D145820283818607914477790784848B36" C1_DELIVER

/* The proof of receipt that a real card sent. */
#define POR_UD                                                             \
    "027100002C12B0001049FB0315F6C6401B553867F412CEFAF9355B38271178EDB342" \
    "A3BC9CC7E670CDC1F45EEA6FFCBB39"
#define POR_SUBMIT "4100038119F000F631" POR_UD

START_TEST(sms_read_envelope_takes_the_public_trace_apart)
{
    struct hexrow row;
    struct rd r = hexrow(&row, C1_ENVELOPE), value;
    struct sms_download download;
    struct sms_deliver d;

    ck_assert_int_eq(tlv_find(r, 0xD1, &value), ERR_OK);
    ck_assert_int_eq(sms_read_envelope(value, &download), ERR_OK);
    ck_assert(download.has_sca);
    ck_assert_uint_eq(download.sca.ton_npi, 0x91);
    ck_assert_str_eq(download.sca.digits, "447797704848");
    ck_assert_int_eq(sms_read_deliver(download.tpdu, &d), ERR_OK);
    ck_assert(d.udhi);
    ck_assert(d.more_messages);
    ck_assert_str_eq(d.oa.digits, "12345678");
    ck_assert_uint_eq(d.oa.ton_npi, 0x81);
    ck_assert_uint_eq(d.pid, SMS_PID_DOWNLOAD);
    ck_assert_uint_eq(d.dcs, SMS_DCS_CLASS2);
    hexrow_assert(RD_ARRAY(d.scts), "22705200000000", "SCTS");
    ck_assert_uint_eq(d.udl, 0x25);
    hexrow_assert(d.ud, "027000" C1_PACKET, "UD");
}
END_TEST

START_TEST(sms_write_envelope_makes_the_public_trace)
{
    struct hexrow row;
    uint8_t tpdu[SMS_TPDU_MAX], block[255];
    struct wr inner = WR_ARRAY(tpdu), w = WR_ARRAY(block);
    struct sms_address sca;
    struct sms_deliver d = {.more_messages = true, .udhi = true, .pid = 0x7F, .dcs = 0xF6};

    ck_assert_int_eq(sms_address_from_text(&sca, "+447797704848"), ERR_OK);
    ck_assert_int_eq(sms_address_from_text(&d.oa, "12345678"), ERR_OK);
    sms_timestamp(1658707200, d.scts);
    d.ud = hexrow(&row, "027000" C1_PACKET);
    sms_write_deliver(&inner, &d);
    hexrow_assert(RD_WR(&inner), C1_DELIVER, "TPDU");
    ck_assert_int_eq(sms_write_envelope(&w, &sca, RD_WR(&inner)), ERR_OK);
    hexrow_assert(RD_WR(&w), C1_ENVELOPE, "envelope");
}
END_TEST

START_TEST(sms_write_envelope_leaves_out_an_absent_sca)
{
    struct hexrow row;
    uint8_t block[64];
    struct wr w = WR_ARRAY(block), small = WR(block, 8);

    ck_assert_int_eq(sms_write_envelope(&w, NULL, hexrow(&row, "0400")), ERR_OK);
    hexrow_assert(RD_WR(&w), "D108 82028381 8B020400", "envelope");
    ck_assert_int_eq(sms_write_envelope(&small, NULL, hexrow(&row, "0400")), ERR_SPACE);
}
END_TEST

START_TEST(sms_write_envelope_of_the_largest_deliver_fits_a_short_command)
{
    static const uint8_t ud[SMS_UD_MAX];
    uint8_t tpdu[SMS_TPDU_MAX], block[255];
    struct wr inner = WR_ARRAY(tpdu), w = WR_ARRAY(block);
    struct sms_address sca;
    struct sms_deliver d = {.pid = 0x7F, .dcs = 0xF6, .ud = RD_ARRAY(ud)};

    ck_assert_int_eq(sms_address_from_text(&sca, "+12345678901234567890"), ERR_OK);
    d.oa = sca;
    sms_write_deliver(&inner, &d);
    ck_assert_uint_eq(inner.len, 163);
    ck_assert_int_eq(sms_write_envelope(&w, &sca, RD_WR(&inner)), ERR_OK);
    hexrow_assert(RD(w.base, 3), "D181B7", "header");
}
END_TEST

static const struct {
    const char *rule;
    const char *value;
    enum err want;
} envelopes[] = {
    {"comprehension not required", "02028381 0601 81 0B0104", ERR_OK},
    {"SCA of length 0", "82028381 8600 8B0104", ERR_OK},
    {"no devices", "8B0104", ERR_FORMAT},
    {"from the keypad", "82020181 8B0104", ERR_FORMAT},
    {"one device", "820183 8B0104", ERR_FORMAT},
    {"no TPDU", "82028381", ERR_FORMAT},
    {"SCA too long", "82028381 860C 910000000000000000000000 8B0104", ERR_FORMAT},
    {"TPDU runs past the end", "82028381 8B0204", ERR_SHORT},
    {"padding behind", "82028381 FFFF", ERR_FORMAT},
    {"nothing", "", ERR_FORMAT},
};

START_TEST(sms_read_envelope_obeys_rule)
{
    struct hexrow row;
    struct sms_download d = {.has_sca = false};
    enum err got = sms_read_envelope(hexrow(&row, envelopes[_i].value), &d);

    ck_assert_msg(got == envelopes[_i].want, "%s: got %s", envelopes[_i].rule, err_text(got));
    if (got != ERR_OK)
        ck_assert_uint_eq(d.tpdu.left, 0);
}
END_TEST

START_TEST(sms_submit_of_a_real_proof_goes_both_ways)
{
    struct hexrow row;
    uint8_t block[SMS_TPDU_MAX];
    struct wr w = WR_ARRAY(block);
    struct sms_submit s;

    ck_assert_int_eq(sms_read_submit(hexrow(&row, POR_SUBMIT), &s), ERR_OK);
    ck_assert(s.udhi);
    ck_assert(!s.status_report_request && !s.reject_duplicates);
    ck_assert_uint_eq(s.vpf, 0);
    ck_assert_uint_eq(s.mr, 0);
    ck_assert_str_eq(s.da.digits, "910");
    ck_assert_uint_eq(s.dcs, 0xF6);
    ck_assert_uint_eq(s.udl, 0x31);
    hexrow_assert(s.ud, POR_UD, "UD");
    sms_write_submit(&w, &s);
    hexrow_assert(RD_WR(&w), POR_SUBMIT, "TPDU");
}
END_TEST

static const struct {
    const char *rule;
    const char *tpdu;
    enum err want;
} delivers[] = {
    {"no user data", "0408812143658700F62270520000000000", ERR_OK},
    {"UDHI and empty user data", "4408812143658700F62270520000000000", ERR_OK},
    {"GSM-7, 8 septets in 7 octets", "0408812143658700002270520000000008 11223344556677", ERR_OK},
    {"GSM-7, 8 septets in 8 octets", "0408812143658700002270520000000008 1122334455667788",
     ERR_FORMAT},
    {"nothing", "", ERR_SHORT},
    {"SUBMIT", "0108812143658700F62270520000000000", ERR_FORMAT},
    {"reserved type", "0308812143658700F62270520000000000", ERR_FORMAT},
    {"first octet alone", "04", ERR_SHORT},
    {"address of 20 digits", "0414812143658709214365870900F62270520000000000", ERR_OK},
    {"address of 21 digits", "0415812143658709214365870921F1 00F62270520000000000", ERR_FORMAT},
    {"address length FF", "04FF81214365", ERR_FORMAT},
    {"address runs past the end", "0408812143", ERR_SHORT},
    {"address without TON", "0400", ERR_SHORT},
    {"address of no digits", "04008100F62270520000000000", ERR_OK},
    {"SCTS cut", "0408812143658700F6227052", ERR_SHORT},
    {"no UDL", "0408812143658700F622705200000000", ERR_SHORT},
    {"UDL above what is there", "0408812143658700F6227052000000000211", ERR_FORMAT},
    {"UDL below what is there", "0408812143658700F622705200000000011122", ERR_FORMAT},
};

START_TEST(sms_read_deliver_obeys_rule)
{
    struct hexrow row;
    struct rd tpdu = hexrow(&row, delivers[_i].tpdu);
    struct sms_deliver d = {.pid = 0xEE};
    uint8_t block[SMS_TPDU_MAX];
    struct wr w = WR_ARRAY(block);
    enum err got = sms_read_deliver(tpdu, &d);

    ck_assert_msg(got == delivers[_i].want, "%s: got %s", delivers[_i].rule, err_text(got));
    if (got != ERR_OK) {
        ck_assert_uint_eq(d.pid, 0xEE);
        return;
    }
    sms_write_deliver(&w, &d);
    hexrow_assert(RD_WR(&w), delivers[_i].tpdu, delivers[_i].rule);
}
END_TEST

START_TEST(sms_read_deliver_refuses_141_octets)
{
    uint8_t tpdu[17 + 141];
    struct hexrow row;
    struct rd head = hexrow(&row, "0408812143658700F622705200000000");
    struct sms_deliver d;

    memset(tpdu, 0, sizeof tpdu);
    memcpy(tpdu, head.at, head.left);
    tpdu[16] = 141;
    ck_assert_int_eq(sms_read_deliver(RD_ARRAY(tpdu), &d), ERR_FORMAT);
    tpdu[16] = 140;
    ck_assert_int_eq(sms_read_deliver(RD(tpdu, sizeof tpdu - 1), &d), ERR_OK);
    /* 160 septets are 140 octets too. */
    tpdu[8] = 0x00;
    tpdu[16] = 160;
    ck_assert_int_eq(sms_read_deliver(RD(tpdu, sizeof tpdu - 1), &d), ERR_OK);
}
END_TEST

static const struct {
    const char *rule;
    const char *tpdu;
    enum err want;
    uint8_t vpf;
    const char *vp;
} submits[] = {
    {"no validity", "0105038119F000F600", ERR_OK, 0, ""},
    {"enhanced validity", "0905038119F000F60102030405060700", ERR_OK, 1, "01020304050607"},
    {"relative validity", "1105038119F000F6A900", ERR_OK, 2, "A9"},
    {"absolute validity", "1905038119F000F62270520000000000", ERR_OK, 3, "22705200000000"},
    {"all flags", "6505038119F000F600", ERR_OK, 0, ""},
    {"DELIVER", "0005038119F000F600", ERR_FORMAT, 0, ""},
    {"validity missing", "1905038119F000F6227052", ERR_SHORT, 0, ""},
    {"reference missing", "01", ERR_SHORT, 0, ""},
    {"nothing", "", ERR_SHORT, 0, ""},
    {"UDL without data", "0105038119F000F601", ERR_FORMAT, 0, ""},
};

START_TEST(sms_read_submit_obeys_rule)
{
    struct hexrow row;
    struct sms_submit s = {.mr = 0xEE};
    uint8_t block[SMS_TPDU_MAX];
    struct wr w = WR_ARRAY(block);
    enum err got = sms_read_submit(hexrow(&row, submits[_i].tpdu), &s);

    ck_assert_msg(got == submits[_i].want, "%s: got %s", submits[_i].rule, err_text(got));
    if (got != ERR_OK) {
        ck_assert_uint_eq(s.mr, 0xEE);
        return;
    }
    ck_assert_uint_eq(s.vpf, submits[_i].vpf);
    ck_assert_int_eq(s.reject_duplicates, (row.bytes[0] & 0x04) != 0);
    ck_assert_int_eq(s.status_report_request, (row.bytes[0] & 0x20) != 0);
    hexrow_assert(RD(s.vp, strlen(submits[_i].vp) / 2), submits[_i].vp, "VP");
    sms_write_submit(&w, &s);
    hexrow_assert(RD_WR(&w), submits[_i].tpdu, submits[_i].rule);
}
END_TEST

START_TEST(sms_writers_refuse_user_data_above_the_limit)
{
    static const uint8_t ud[160];
    uint8_t block[200];
    struct wr w = WR_ARRAY(block);
    struct sms_deliver d = {.dcs = 0xF6, .ud = RD(ud, 141)};
    struct sms_submit s = {.dcs = 0xF6, .ud = RD(ud, 141)};
    struct sms_report r = {.dcs = 0xF6, .ud = RD(ud, 160)};

    sms_write_deliver(&w, &d);
    ck_assert_int_eq(wr_result(&w), ERR_SPACE);
    w = WR_ARRAY(block);
    sms_write_submit(&w, &s);
    ck_assert_int_eq(wr_result(&w), ERR_SPACE);
    w = WR_ARRAY(block);
    sms_write_deliver_report(&w, &r);
    ck_assert_int_eq(wr_result(&w), ERR_SPACE);
    w = WR_ARRAY(block);
    r.ud.left = 159;
    sms_write_deliver_report(&w, &r);
    ck_assert_int_eq(wr_result(&w), ERR_OK);
    r.error = true;
    sms_write_deliver_report(&w, &r);
    ck_assert_int_eq(wr_result(&w), ERR_SPACE);
}
END_TEST

static const struct {
    const char *text;
    uint8_t ton_npi;
    const char *rp;
    enum err want;
} texts[] = {
    {"+447797704848", 0x91, "07 91 447779078484", ERR_OK},
    {"910", 0x81, "03 81 19F0", ERR_OK},
    {"*100#", 0x81, "04 81 1A00FB", ERR_OK},
    {"+12345678901234567890", 0x91, "0B 91 21436587092143658709", ERR_OK},
    {"+123456789012345678901", 0, "", ERR_RANGE},
    {"", 0, "", ERR_RANGE},
    {"+", 0, "", ERR_RANGE},
    {"+49 151", 0, "", ERR_FORMAT},
    {"4+9", 0, "", ERR_FORMAT},
};

START_TEST(sms_address_from_text_obeys_rule)
{
    uint8_t block[16];
    struct wr w = WR_ARRAY(block);
    struct rd r;
    struct sms_address a = {.ton_npi = 0}, back;

    ck_assert_int_eq(sms_address_from_text(&a, texts[_i].text), texts[_i].want);
    ck_assert_uint_eq(a.ton_npi, texts[_i].ton_npi);
    if (texts[_i].want != ERR_OK)
        return;
    sms_write_rp_address(&w, &a);
    hexrow_assert(RD_WR(&w), texts[_i].rp, texts[_i].text);
    r = RD_WR(&w);
    ck_assert_int_eq(sms_read_rp_address(&r, &back), ERR_OK);
    ck_assert_uint_eq(r.left, 0);
    ck_assert_str_eq(back.digits, a.digits);
    ck_assert_uint_eq(back.ton_npi, a.ton_npi);
    ck_assert_uint_eq(back.raw_len, a.raw_len);
    ck_assert_int_eq(memcmp(back.raw, a.raw, sizeof a.raw), 0);
}
END_TEST

START_TEST(sms_read_rp_address_refuses_lengths_that_lie)
{
    struct hexrow row;
    struct sms_address a;
    struct rd r = hexrow(&row, "0791447779");

    ck_assert_int_eq(sms_read_rp_address(&r, &a), ERR_SHORT);
    ck_assert_uint_eq(r.left, 5);
    r = hexrow(&row, "0C 91 2143658709214365870921");
    ck_assert_int_eq(sms_read_rp_address(&r, &a), ERR_FORMAT);
    ck_assert_uint_eq(r.left, 13);
    r = hexrow(&row, "");
    ck_assert_int_eq(sms_read_rp_address(&r, &a), ERR_SHORT);
}
END_TEST

START_TEST(sms_rp_address_may_be_empty)
{
    uint8_t block[2];
    struct wr w = WR_ARRAY(block);
    struct sms_address a = {.ton_npi = 0x55};
    struct rd r = RD((const uint8_t *)"\0", 1);

    ck_assert_int_eq(sms_read_rp_address(&r, &a), ERR_OK);
    ck_assert_uint_eq(a.ton_npi, 0);
    sms_write_rp_address(&w, &a);
    hexrow_assert(RD_WR(&w), "00", "address");
}
END_TEST

START_TEST(sms_alphanumeric_originator_keeps_its_octets)
{
    /* "Reseat!" is 7 septets: 13 semi-octets in 7 octets. */
    static const char tpdu[] = "040DD0D2F2BC1CA6870000F62270520000000000";
    struct hexrow row;
    uint8_t block[SMS_TPDU_MAX];
    struct wr w = WR_ARRAY(block);
    struct sms_deliver d;

    ck_assert_int_eq(sms_read_deliver(hexrow(&row, tpdu), &d), ERR_OK);
    ck_assert_str_eq(d.oa.digits, "");
    ck_assert_uint_eq(d.oa.raw_len, 7);
    ck_assert_uint_eq(d.oa.semi_octets, 13);
    sms_write_deliver(&w, &d);
    hexrow_assert(RD_WR(&w), tpdu, "TPDU");
}
END_TEST

START_TEST(sms_reads_an_odd_address_whose_fill_is_not_f)
{
    struct hexrow row;
    struct sms_submit s;

    ck_assert_int_eq(sms_read_submit(hexrow(&row, "010003811950 00F600"), &s), ERR_OK);
    ck_assert_str_eq(s.da.digits, "910");
}
END_TEST

static const struct {
    const char *rule;
    const char *tpdu;
    bool error;
    enum err want;
} reports[] = {
    {"ack with user data", "40077FF606027100AABBCC", false, ERR_OK},
    {"ack without user data", "0000", false, ERR_OK},
    {"error with user data", "40D5077FF606027100AABBCC", true, ERR_OK},
    {"error without user data", "00D500", true, ERR_OK},
    {"SUBMIT-REPORT", "0100", false, ERR_FORMAT},
    {"nothing", "", false, ERR_SHORT},
    {"no PI", "00", false, ERR_SHORT},
    {"no PI behind FCS", "00D5", true, ERR_SHORT},
    {"PID missing", "0001", false, ERR_SHORT},
    {"DCS missing", "00037F", false, ERR_SHORT},
    {"UDL missing", "00077FF6", false, ERR_SHORT},
    {"UDL above what is there", "00077FF602AA", false, ERR_FORMAT},
    {"bytes behind", "0000AA", false, ERR_FORMAT},
    {"PI that never ends", "0080808080", false, ERR_SHORT},
};

START_TEST(sms_read_deliver_report_obeys_rule)
{
    struct hexrow row;
    struct sms_report r = {.pid = 0xEE};
    uint8_t block[SMS_TPDU_MAX];
    struct wr w = WR_ARRAY(block);
    enum err got = sms_read_deliver_report(hexrow(&row, reports[_i].tpdu), reports[_i].error, &r);

    ck_assert_msg(got == reports[_i].want, "%s: got %s", reports[_i].rule, err_text(got));
    if (got != ERR_OK) {
        ck_assert_uint_eq(r.pid, 0xEE);
        return;
    }
    ck_assert_uint_eq(r.fcs, reports[_i].error ? 0xD5 : 0);
    sms_write_deliver_report(&w, &r);
    hexrow_assert(RD_WR(&w), reports[_i].tpdu, reports[_i].rule);
}
END_TEST

START_TEST(sms_read_deliver_report_passes_over_extended_indicators)
{
    struct hexrow row;
    struct sms_report r;

    ck_assert_int_eq(sms_read_deliver_report(hexrow(&row, "0081007F"), false, &r), ERR_OK);
    ck_assert_uint_eq(r.pid, 0x7F);
}
END_TEST

static const struct {
    uint8_t dcs;
    bool gsm7;
} codings[] = {
    {0x00, true},  {0x04, false}, {0x05, false}, {0x08, false}, {0x0C, true}, {0x11, true},
    {0x12, true},  {0x16, false}, {0x20, false}, {0x44, false}, {0x40, true}, {0x80, true},
    {0xC0, true},  {0xD8, true},  {0xE0, false}, {0xF0, true},  {0xF2, true}, {0xF1, true},
    {0xF5, false}, {0xF4, false}, {0xF6, false},
};

START_TEST(sms_dcs_says_what_udl_counts)
{
    ck_assert_msg(sms_dcs_is_gsm7(codings[_i].dcs) == codings[_i].gsm7, "%02X", codings[_i].dcs);
}
END_TEST

static const struct {
    int64_t unix_s;
    const char *scts;
} times[] = {
    {0, "07101000000000"},         {1658707200, "22705200000000"}, {1709210096, "42209221436500"},
    {951868799, "00209232959500"}, {951868800, "00301000000000"},  {4102444799, "99211332959500"},
    {-1, "96211332959500"},
};

START_TEST(sms_timestamp_is_utc_swapped)
{
    uint8_t scts[SMS_TS_LEN];

    sms_timestamp(times[_i].unix_s, scts);
    hexrow_assert(RD_ARRAY(scts), times[_i].scts, "SCTS");
}
END_TEST

/* libc is the judge: noon of every day from 1970 to 2099. */
START_TEST(sms_timestamp_agrees_with_the_calendar)
{
    for (int64_t day = 0; day < 47482; day++) {
        time_t t = (time_t)(day * 86400 + 43200);
        uint8_t scts[SMS_TS_LEN];
        char digits[7] = "", want[7];
        struct tm tm;

        ck_assert_ptr_nonnull(gmtime_r(&t, &tm));
        ck_assert_uint_eq(strftime(want, sizeof want, "%y%m%d", &tm), 6);
        sms_timestamp((int64_t)t, scts);
        ck_assert_int_eq(bcd_number_decode(RD(scts, 3), digits, sizeof digits), ERR_OK);
        ck_assert_str_eq(digits, want);
        ck_assert_uint_eq(scts[3], 0x21);
    }
}
END_TEST

Suite *suite_under_test(void)
{
    Suite *s = suite_create("apdu/sms");
    TCase *envelope = tcase_create("TS 31.111 7.1.1.2");
    TCase *deliver = tcase_create("TS 23.040 9.2.2.1");
    TCase *report = tcase_create("TS 23.040 9.2.2.1a");
    TCase *submit = tcase_create("TS 23.040 9.2.2.2");
    TCase *address = tcase_create("TS 23.040 9.1.2.5, TS 24.011 8.2.5");
    TCase *fields = tcase_create("TS 23.038 4, TS 23.040 9.2.3.11");

    tcase_add_test(envelope, sms_read_envelope_takes_the_public_trace_apart);
    tcase_add_test(envelope, sms_write_envelope_makes_the_public_trace);
    tcase_add_test(envelope, sms_write_envelope_leaves_out_an_absent_sca);
    tcase_add_test(envelope, sms_write_envelope_of_the_largest_deliver_fits_a_short_command);
    tcase_add_loop_test(envelope, sms_read_envelope_obeys_rule, 0, (int)ARRAY_LEN(envelopes));
    suite_add_tcase(s, envelope);
    tcase_add_loop_test(deliver, sms_read_deliver_obeys_rule, 0, (int)ARRAY_LEN(delivers));
    tcase_add_test(deliver, sms_read_deliver_refuses_141_octets);
    tcase_add_test(deliver, sms_writers_refuse_user_data_above_the_limit);
    suite_add_tcase(s, deliver);
    tcase_add_loop_test(report, sms_read_deliver_report_obeys_rule, 0, (int)ARRAY_LEN(reports));
    tcase_add_test(report, sms_read_deliver_report_passes_over_extended_indicators);
    suite_add_tcase(s, report);
    tcase_add_test(submit, sms_submit_of_a_real_proof_goes_both_ways);
    tcase_add_loop_test(submit, sms_read_submit_obeys_rule, 0, (int)ARRAY_LEN(submits));
    suite_add_tcase(s, submit);
    tcase_add_loop_test(address, sms_address_from_text_obeys_rule, 0, (int)ARRAY_LEN(texts));
    tcase_add_test(address, sms_read_rp_address_refuses_lengths_that_lie);
    tcase_add_test(address, sms_rp_address_may_be_empty);
    tcase_add_test(address, sms_alphanumeric_originator_keeps_its_octets);
    tcase_add_test(address, sms_reads_an_odd_address_whose_fill_is_not_f);
    suite_add_tcase(s, address);
    tcase_add_loop_test(fields, sms_dcs_says_what_udl_counts, 0, (int)ARRAY_LEN(codings));
    tcase_add_loop_test(fields, sms_timestamp_is_utc_swapped, 0, (int)ARRAY_LEN(times));
    tcase_add_test(fields, sms_timestamp_agrees_with_the_calendar);
    suite_add_tcase(s, fields);
    return s;
}
