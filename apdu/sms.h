/*
 * sms.h - short message TPDUs (TS 23.040), user data headers, and how secured
 * packets travel in them (TS 31.115 4).
 */
#ifndef RESEAT_APDU_SMS_H
#define RESEAT_APDU_SMS_H

#include "apdu/bcd.h"
#include "apdu/buf.h"

#define SMS_UD_MAX       140 /* TP-UD octets, TS 23.040 9.2.3.24 */
#define SMS_TPDU_MAX     (2 + 12 + 1 + 1 + 7 + 1 + SMS_UD_MAX) /* a SUBMIT with absolute VP */
#define SMS_PARTS_MAX    255
#define SMS_PID_DOWNLOAD 0x7F /* (U)SIM data download, TS 23.040 9.2.3.9 */
#define SMS_DCS_CLASS2   0xF6 /* 8-bit data, class 2, TS 23.038 4 */
#define SMS_TS_LEN       7

/* An address in TP-OA, TP-DA or a service centre address. */
struct sms_address {
    uint8_t ton_npi;                    /* 91 international, 81 unknown */
    char digits[NUMBER_DIGITS_MAX + 1]; /* alphanumeric (TON 5): empty, raw keeps the octets */
    uint8_t raw[10];
    uint8_t raw_len;
    uint8_t semi_octets; /* length as sent; alphanumeric: tells 7 characters from 8 */
};

/* "+491..." gives TON international, digits alone unknown. ERR_FORMAT, ERR_RANGE. */
NODISCARD enum err sms_address_from_text(struct sms_address *a, const char *text);
/* RP form: length in octets, TON/NPI, BCD (TS 24.011 8.2.5). */
void sms_write_rp_address(struct wr *w, const struct sms_address *a);
NODISCARD enum err sms_read_rp_address(struct rd *r, struct sms_address *a);

struct sms_deliver {
    bool more_messages; /* TP-MMS 0 */
    bool udhi;
    struct sms_address oa;
    uint8_t pid, dcs;
    uint8_t scts[SMS_TS_LEN];
    uint8_t udl;  /* as sent: octets, or septets in GSM-7 */
    struct rd ud; /* octets, user data header included */
};

struct sms_submit {
    bool udhi, status_report_request, reject_duplicates;
    uint8_t mr;
    struct sms_address da;
    uint8_t pid, dcs;
    uint8_t vpf; /* 0 none, 1 enhanced, 2 relative, 3 absolute */
    uint8_t vp[7];
    uint8_t udl;
    struct rd ud;
};

/* Does TP-UDL count septets under this TP-DCS (TS 23.038 4)? */
bool sms_dcs_is_gsm7(uint8_t dcs);

/*
 * errors: ERR_SHORT, ERR_FORMAT (other MTI, UDL above 140 octets or not what is there).
 * The writers count octets themselves and take udl for GSM-7 alone; a ud above the limit, or
 * one that udl septets do not fill, leaves w overflown.
 */
NODISCARD enum err sms_read_deliver(struct rd tpdu, struct sms_deliver *out);
NODISCARD enum err sms_read_submit(struct rd tpdu, struct sms_submit *out);
void sms_write_deliver(struct wr *w, const struct sms_deliver *d);
void sms_write_submit(struct wr *w, const struct sms_submit *s);

/* User data header, TS 23.040 9.2.3.24. */
struct sms_udh {
    bool concatenated;
    bool wide_reference; /* IEI 08 rather than 00 */
    uint16_t reference;
    uint8_t total, sequence; /* 1-255, sequence <= total, when concatenated */
    bool command_packet;     /* IEI 70 */
    bool response_packet;    /* IEI 71 */
};

/*
 * Split TP-UD into header and rest. Unknown elements are passed over.
 * errors: ERR_SHORT   the header or an element runs past the end
 *         ERR_FORMAT  concatenation with total or sequence 0, sequence above total, of wrong
 *                     length, or twice
 */
NODISCARD enum err sms_read_udh(struct rd ud, struct sms_udh *udh, struct rd *rest);

/*
 * TP-UDs that carry one secured packet (from CPL or RPL on): part number (1..) of
 * the parts it needs. reference is used when it needs more than one; 8 bits.
 * The first part holds iei (70 or 71), later ones only the concatenation (TS 31.115 4.2).
 * errors: ERR_RANGE (no such part, or more than SMS_PARTS_MAX needed), ERR_SPACE
 */
size_t sms_packet_parts(size_t packet_len);
NODISCARD enum err sms_write_packet_part(struct wr *w, uint8_t iei, struct rd packet,
                                         uint8_t reference, size_t part);

/*
 * SMS-DELIVER-REPORT (TS 23.040 9.2.2.1a). RP-ACK with user data: 00 07 PID DCS UDL UD;
 * RP-ERROR: 00 FCS 07 PID DCS UDL UD. Without user data neither PID nor DCS is written.
 */
#define SMS_REPORT_UD_MAX       159
#define SMS_REPORT_ERROR_UD_MAX 158
struct sms_report {
    bool error; /* RP-ERROR form */
    uint8_t fcs;
    bool udhi;
    uint8_t pid, dcs;
    uint8_t udl;
    struct rd ud; /* empty: no user data */
};
void sms_write_deliver_report(struct wr *w, const struct sms_report *report);
NODISCARD enum err sms_read_deliver_report(struct rd tpdu, bool error, struct sms_report *out);

/* ENVELOPE (SMS-PP DOWNLOAD), TS 31.111 7.1.1.2: D1 { 02 83 81 | [06 sca] | 0B tpdu }. */
struct sms_download {
    bool has_sca;
    struct sms_address sca;
    struct rd tpdu;
};
NODISCARD enum err sms_write_envelope(struct wr *w, const struct sms_address *sca, struct rd tpdu);
/* value: what stands inside the D1 object. ERR_SHORT, ERR_FORMAT (also: not from the network
 * to the UICC, or without TPDU). */
NODISCARD enum err sms_read_envelope(struct rd value, struct sms_download *out);

/* TP-SCTS of a UTC time, time zone 0. */
void sms_timestamp(int64_t unix_s, uint8_t scts[SMS_TS_LEN]);

#endif
