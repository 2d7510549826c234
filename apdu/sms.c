#include "apdu/sms.h"
#include "apdu/ctlv.h"
#include "apdu/ids.h"
#include "apdu/tlv.h"

#include <string.h>

/* First octet, TS 23.040 9.2.3.1 and following. */
#define MTI_MASK              0x03
#define MTI_DELIVER           0x00
#define MTI_SUBMIT            0x01
#define NO_MORE_MESSAGES      0x04 /* DELIVER */
#define REJECT_DUPLICATES     0x04 /* SUBMIT */
#define STATUS_REPORT         0x20 /* SUBMIT: requested */
#define USER_DATA_HEADER      0x40
#define VALIDITY_SHIFT        3
#define ADDRESS_OCTETS_MAX    10
#define TON_MASK              0x70
#define TON_ALPHANUMERIC      0x50
#define TON_NPI_UNKNOWN       0x81
#define TON_NPI_INTERNATIONAL 0x91

/* Parameter indicator of a report, TS 23.040 9.2.3.27. */
#define PI_PID       0x01
#define PI_DCS       0x02
#define PI_UDL       0x04
#define PI_EXTENSION 0x80

static const uint8_t network_to_uicc[] = {DEVICE_NETWORK, DEVICE_UICC};

static bool is_alphanumeric(const struct sms_address *a)
{
    return (a->ton_npi & TON_MASK) == TON_ALPHANUMERIC;
}

enum err sms_address_from_text(struct sms_address *a, const char *text)
{
    struct sms_address made = {.ton_npi = TON_NPI_UNKNOWN};
    struct wr w = WR_ARRAY(made.raw);
    enum err e;

    if (*text == '+') {
        made.ton_npi = TON_NPI_INTERNATIONAL;
        text++;
    }
    if (*text == '\0')
        return ERR_RANGE;
    e = bcd_number_encode(text, &w);
    if (e != ERR_OK)
        return e;
    made.raw_len = (uint8_t)w.len;
    made.semi_octets = (uint8_t)strlen(text);
    memcpy(made.digits, text, made.semi_octets);
    *a = made;
    return ERR_OK;
}

/* TON/NPI and octets of an address, digits taken out of them when it has any. */
static enum err read_address(struct rd body, uint8_t semi_octets, struct sms_address *a)
{
    struct sms_address made = {.semi_octets = semi_octets};

    if (rd_u8(&body, &made.ton_npi) != ERR_OK)
        return ERR_SHORT;
    if (body.left > ADDRESS_OCTETS_MAX)
        return ERR_FORMAT;
    made.raw_len = (uint8_t)body.left;
    if (body.left > 0)
        memcpy(made.raw, body.at, body.left);
    if (!is_alphanumeric(&made)) {
        enum err e = bcd_number_decode(body, made.digits, sizeof made.digits);

        if (e != ERR_OK)
            return e;
        /* The high nibble behind an odd count is fill, whatever the peer put there. */
        made.digits[semi_octets] = '\0';
    }
    *a = made;
    return ERR_OK;
}

/* The octets behind TON/NPI. */
static void write_octets(struct wr *w, const struct sms_address *a)
{
    if (is_alphanumeric(a))
        wr_bytes(w, a->raw, a->raw_len);
    else if (bcd_number_encode(a->digits, w) != ERR_OK)
        w->overflow = true;
}

static size_t octets(const struct sms_address *a)
{
    return is_alphanumeric(a) ? a->raw_len : (strlen(a->digits) + 1) / 2;
}

/* TON/NPI and octets, as the Address object of the toolkit has them (TS 102 223 8.1). */
static void write_address_body(struct wr *w, const struct sms_address *a)
{
    wr_u8(w, a->ton_npi);
    write_octets(w, a);
}

void sms_write_rp_address(struct wr *w, const struct sms_address *a)
{
    if (a->ton_npi == 0 && octets(a) == 0) {
        wr_u8(w, 0);
        return;
    }
    wr_u8(w, (uint8_t)(1 + octets(a)));
    write_address_body(w, a);
}

enum err sms_read_rp_address(struct rd *r, struct sms_address *a)
{
    struct rd at = *r, body;
    uint8_t length;
    enum err e = ERR_OK;

    if (rd_u8(&at, &length) != ERR_OK || rd_take(&at, length, &body) != ERR_OK)
        return ERR_SHORT;
    if (length > 1 + ADDRESS_OCTETS_MAX)
        return ERR_FORMAT;
    if (length == 0)
        memset(a, 0, sizeof *a);
    else
        e = read_address(body, (uint8_t)(2 * (length - 1)), a);
    if (e == ERR_OK)
        *r = at;
    return e;
}

/* TP form: length in semi-octets (TS 23.040 9.1.2.5). */
static void write_tp_address(struct wr *w, const struct sms_address *a)
{
    size_t count = strlen(a->digits);

    if (is_alphanumeric(a))
        count = (a->semi_octets + 1U) / 2 == a->raw_len ? a->semi_octets : 2U * a->raw_len;
    wr_u8(w, (uint8_t)count);
    write_address_body(w, a);
}

static enum err read_tp_address(struct rd *r, struct sms_address *a)
{
    struct rd body;
    uint8_t semi_octets;

    if (rd_u8(r, &semi_octets) != ERR_OK)
        return ERR_SHORT;
    if (semi_octets > 2 * ADDRESS_OCTETS_MAX)
        return ERR_FORMAT;
    if (rd_take(r, 1 + (semi_octets + 1U) / 2, &body) != ERR_OK)
        return ERR_SHORT;
    return read_address(body, semi_octets, a);
}

bool sms_dcs_is_gsm7(uint8_t dcs)
{
    switch (dcs >> 4) {
    case 0x0:
    case 0x1:
    case 0x4:
    case 0x5:
        return (dcs & 0x0C) != 0x04 && (dcs & 0x0C) != 0x08;
    case 0x2: /* compressed: octets */
    case 0x3:
    case 0x6:
    case 0x7:
    case 0xE: /* message waiting, UCS2 */
        return false;
    case 0xF:
        return (dcs & 0x04) == 0;
    default: /* message waiting, and the reserved groups read as GSM-7 */
        return true;
    }
}

static size_t ud_octets(uint8_t dcs, uint8_t udl)
{
    return sms_dcs_is_gsm7(dcs) ? (udl * 7U + 7) / 8 : udl;
}

/* TP-UDL and TP-UD, which end the TPDU. */
static enum err read_ud(struct rd *r, uint8_t dcs, size_t max, uint8_t *udl, struct rd *ud)
{
    if (rd_u8(r, udl) != ERR_OK)
        return ERR_SHORT;
    if (ud_octets(dcs, *udl) > max || ud_octets(dcs, *udl) != r->left)
        return ERR_FORMAT;
    return rd_take(r, r->left, ud);
}

static void write_ud(struct wr *w, uint8_t dcs, uint8_t udl, struct rd ud)
{
    if (ud.left > SMS_REPORT_UD_MAX || (sms_dcs_is_gsm7(dcs) && ud_octets(dcs, udl) != ud.left)) {
        w->overflow = true;
        return;
    }
    wr_u8(w, sms_dcs_is_gsm7(dcs) ? udl : (uint8_t)ud.left);
    wr_rd(w, ud);
}

enum err sms_read_deliver(struct rd tpdu, struct sms_deliver *out)
{
    struct sms_deliver d;
    uint8_t first;
    enum err e;

    if (rd_u8(&tpdu, &first) != ERR_OK)
        return ERR_SHORT;
    if ((first & MTI_MASK) != MTI_DELIVER)
        return ERR_FORMAT;
    d.more_messages = (first & NO_MORE_MESSAGES) == 0;
    d.udhi = (first & USER_DATA_HEADER) != 0;
    e = read_tp_address(&tpdu, &d.oa);
    if (e != ERR_OK)
        return e;
    if (rd_u8(&tpdu, &d.pid) != ERR_OK || rd_u8(&tpdu, &d.dcs) != ERR_OK ||
        rd_copy(&tpdu, d.scts, sizeof d.scts) != ERR_OK)
        return ERR_SHORT;
    e = read_ud(&tpdu, d.dcs, SMS_UD_MAX, &d.udl, &d.ud);
    if (e == ERR_OK)
        *out = d;
    return e;
}

void sms_write_deliver(struct wr *w, const struct sms_deliver *d)
{
    unsigned first = MTI_DELIVER;

    if (d->ud.left > SMS_UD_MAX)
        w->overflow = true;
    if (!d->more_messages)
        first |= NO_MORE_MESSAGES;
    if (d->udhi)
        first |= USER_DATA_HEADER;
    wr_u8(w, (uint8_t)first);
    write_tp_address(w, &d->oa);
    wr_u8(w, d->pid);
    wr_u8(w, d->dcs);
    wr_bytes(w, d->scts, sizeof d->scts);
    write_ud(w, d->dcs, d->udl, d->ud);
}

/* Octets of TP-VP by TP-VPF: none, enhanced, relative, absolute. */
static const uint8_t validity_octets[4] = {0, 7, 1, 7};

enum err sms_read_submit(struct rd tpdu, struct sms_submit *out)
{
    struct sms_submit s = {.udhi = false};
    uint8_t first;
    enum err e;

    if (rd_u8(&tpdu, &first) != ERR_OK)
        return ERR_SHORT;
    if ((first & MTI_MASK) != MTI_SUBMIT)
        return ERR_FORMAT;
    s.udhi = (first & USER_DATA_HEADER) != 0;
    s.status_report_request = (first & STATUS_REPORT) != 0;
    s.reject_duplicates = (first & REJECT_DUPLICATES) != 0;
    s.vpf = first >> VALIDITY_SHIFT & 0x03;
    if (rd_u8(&tpdu, &s.mr) != ERR_OK)
        return ERR_SHORT;
    e = read_tp_address(&tpdu, &s.da);
    if (e != ERR_OK)
        return e;
    if (rd_u8(&tpdu, &s.pid) != ERR_OK || rd_u8(&tpdu, &s.dcs) != ERR_OK ||
        rd_copy(&tpdu, s.vp, validity_octets[s.vpf]) != ERR_OK)
        return ERR_SHORT;
    e = read_ud(&tpdu, s.dcs, SMS_UD_MAX, &s.udl, &s.ud);
    if (e == ERR_OK)
        *out = s;
    return e;
}

void sms_write_submit(struct wr *w, const struct sms_submit *s)
{
    unsigned vpf = s->vpf & 0x03U;
    unsigned first = MTI_SUBMIT | vpf << VALIDITY_SHIFT;

    if (s->ud.left > SMS_UD_MAX)
        w->overflow = true;
    if (s->udhi)
        first |= USER_DATA_HEADER;
    if (s->status_report_request)
        first |= STATUS_REPORT;
    if (s->reject_duplicates)
        first |= REJECT_DUPLICATES;
    wr_u8(w, (uint8_t)first);
    wr_u8(w, s->mr);
    write_tp_address(w, &s->da);
    wr_u8(w, s->pid);
    wr_u8(w, s->dcs);
    wr_bytes(w, s->vp, validity_octets[vpf]);
    write_ud(w, s->dcs, s->udl, s->ud);
}

static size_t report_ud_max(bool error)
{
    return error ? SMS_REPORT_ERROR_UD_MAX : SMS_REPORT_UD_MAX;
}

void sms_write_deliver_report(struct wr *w, const struct sms_report *report)
{
    if (report->ud.left > report_ud_max(report->error))
        w->overflow = true;
    wr_u8(w, report->udhi ? MTI_DELIVER | USER_DATA_HEADER : MTI_DELIVER);
    if (report->error)
        wr_u8(w, report->fcs);
    if (report->ud.left == 0) {
        wr_u8(w, 0);
        return;
    }
    wr_u8(w, PI_PID | PI_DCS | PI_UDL);
    wr_u8(w, report->pid);
    wr_u8(w, report->dcs);
    write_ud(w, report->dcs, report->udl, report->ud);
}

/* What the parameter indicator announces. */
static enum err read_report_fields(struct rd *r, uint8_t pi, struct sms_report *report)
{
    if ((pi & PI_PID) != 0 && rd_u8(r, &report->pid) != ERR_OK)
        return ERR_SHORT;
    if ((pi & PI_DCS) != 0 && rd_u8(r, &report->dcs) != ERR_OK)
        return ERR_SHORT;
    if ((pi & PI_UDL) != 0)
        return read_ud(r, report->dcs, report_ud_max(report->error), &report->udl, &report->ud);
    return r->left == 0 ? ERR_OK : ERR_FORMAT;
}

enum err sms_read_deliver_report(struct rd tpdu, bool error, struct sms_report *out)
{
    struct sms_report report = {.error = error, .ud = RD(NULL, 0)};
    uint8_t first, pi, next;
    enum err e;

    if (rd_u8(&tpdu, &first) != ERR_OK)
        return ERR_SHORT;
    if ((first & MTI_MASK) != MTI_DELIVER)
        return ERR_FORMAT;
    report.udhi = (first & USER_DATA_HEADER) != 0;
    if (error && rd_u8(&tpdu, &report.fcs) != ERR_OK)
        return ERR_SHORT;
    if (rd_u8(&tpdu, &pi) != ERR_OK)
        return ERR_SHORT;
    for (next = pi; (next & PI_EXTENSION) != 0;) {
        if (rd_u8(&tpdu, &next) != ERR_OK)
            return ERR_SHORT;
    }
    e = read_report_fields(&tpdu, pi, &report);
    if (e == ERR_OK)
        *out = report;
    return e;
}

enum err sms_write_envelope(struct wr *w, const struct sms_address *sca, struct rd tpdu)
{
    uint8_t block[1 + ADDRESS_OCTETS_MAX];
    struct wr address = WR_ARRAY(block);
    size_t mark = tlv_open(w, CAT_OBJECT_SMS_PP);

    ctlv_write(w, CTLV_DEVICE_IDENTITIES, RD_ARRAY(network_to_uicc));
    if (sca != NULL) {
        write_address_body(&address, sca);
        if (address.overflow)
            w->overflow = true;
        ctlv_write(w, CTLV_ADDRESS, RD_WR(&address));
    }
    ctlv_write(w, CTLV_SMS_TPDU, tpdu);
    tlv_close(w, mark);
    return wr_result(w);
}

/* A missing object is a malformed envelope to the caller, not an empty search. */
static enum err find_object(struct rd value, uint16_t tag, struct rd *object)
{
    enum err e = ctlv_find(value, tag, object);

    return e == ERR_NOT_FOUND ? ERR_FORMAT : e;
}

enum err sms_read_envelope(struct rd value, struct sms_download *out)
{
    struct sms_download d = {.has_sca = false};
    struct rd devices, address;
    enum err e = find_object(value, CTLV_DEVICE_IDENTITIES, &devices);

    if (e != ERR_OK)
        return e;
    if (!rd_equal(devices, RD_ARRAY(network_to_uicc)))
        return ERR_FORMAT;
    e = find_object(value, CTLV_SMS_TPDU, &d.tpdu);
    if (e != ERR_OK)
        return e;
    if (ctlv_find(value, CTLV_ADDRESS, &address) == ERR_OK && address.left > 0) {
        d.has_sca = true;
        if (address.left > 1 + ADDRESS_OCTETS_MAX)
            return ERR_FORMAT;
        e = read_address(address, (uint8_t)(2 * (address.left - 1)), &d.sca);
    }
    if (e == ERR_OK)
        *out = d;
    return e;
}

static uint8_t swapped_decimal(unsigned v)
{
    return (uint8_t)(v % 10 << 4 | v / 10 % 10);
}

/* Day of the civil calendar, counted in years that begin in March so that the leap day is last. */
static void civil_date(int64_t days, unsigned *year, unsigned *month, unsigned *day)
{
    int64_t shifted = days + 719468; /* since 0000-03-01 */
    int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
    unsigned of_era = (unsigned)(shifted - era * 146097);
    unsigned y = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    unsigned of_year = of_era - (365 * y + y / 4 - y / 100);
    unsigned march_month = (5 * of_year + 2) / 153;

    *day = of_year - (153 * march_month + 2) / 5 + 1;
    *month = march_month < 10 ? march_month + 3 : march_month - 9;
    *year = y + (*month <= 2 ? 1 : 0);
}

void sms_timestamp(int64_t unix_s, uint8_t scts[SMS_TS_LEN])
{
    int64_t days = unix_s / 86400, second = unix_s % 86400;
    unsigned year, month, day, of_day;

    if (second < 0) {
        second += 86400;
        days--;
    }
    of_day = (unsigned)second;
    civil_date(days, &year, &month, &day);
    scts[0] = swapped_decimal(year % 100);
    scts[1] = swapped_decimal(month);
    scts[2] = swapped_decimal(day);
    scts[3] = swapped_decimal(of_day / 3600);
    scts[4] = swapped_decimal(of_day / 60 % 60);
    scts[5] = swapped_decimal(of_day % 60);
    scts[6] = 0;
}
