/* Short messages (TS 23.040) and the packets of the air that they carry (TS 31.115 4). */
#include "apdu/sms.h"
#include "apdu/text.h"
#include "tools/decode/show.h"

#include <string.h>

#define TEXT_CAP  700
#define PART_ROOM (DECODE_PARTS_MAX * 160)

static void show_address(struct decode *d, struct tree_node *n, const char *name,
                         const struct sms_address *a)
{
    char text[64];
    uint8_t septets[16];
    struct wr w = WR_ARRAY(septets);

    if (a->digits[0] != '\0') {
        tree_rule(tree_say(&d->tree, n, name, RD(NULL, 0), "%s%s",
                           (a->ton_npi & 0x70) == 0x10 ? "+" : "", a->digits),
                  TREE_FREE);
    } else if (text_unpack(&w, RD(a->raw, a->raw_len), a->semi_octets * 4U / 7, 0) == ERR_OK &&
               text_from_gsm7(RD_WR(&w), text, sizeof text) == ERR_OK) {
        tree_say(&d->tree, n, name, RD(NULL, 0), "\"%s\"", text);
    }
}

/* --- a packet in several messages --- */

static void restart(struct decode_parts *p, const struct sms_udh *udh)
{
    memset(p, 0, sizeof *p);
    p->open = true;
    p->reference = udh->reference;
    p->total = udh->total;
}

/* Put a part in; true when the packet is whole and written to w. */
static bool collect(struct decode_parts *p, const struct sms_udh *udh, struct rd rest, struct wr *w)
{
    unsigned i = udh->sequence - 1U;

    if (udh->total > DECODE_PARTS_MAX || rest.left > sizeof p->bytes[0])
        return false;
    if (!p->open || p->reference != udh->reference || p->total != udh->total)
        restart(p, udh);
    if ((p->got >> i & 1) == 0)
        p->seen++;
    p->got |= (uint16_t)(1U << i);
    p->part_len[i] = (uint8_t)rest.left;
    if (rest.left > 0)
        memcpy(p->bytes[i], rest.at, rest.left);
    if (p->seen < p->total)
        return false;
    for (unsigned k = 0; k < p->total; k++)
        wr_bytes(w, p->bytes[k], p->part_len[k]);
    p->open = false;
    return true;
}

static void show_packet(struct decode *d, struct tree_node *n, const struct sms_udh *udh,
                        struct rd rest, bool command)
{
    struct decode_parts *parts = command ? &d->down : &d->up;
    uint8_t whole[PART_ROOM];
    struct wr w = WR_ARRAY(whole);
    struct rd packet = rest;

    if (udh->concatenated) {
        if (!collect(parts, udh, rest, &w)) {
            tree_say(&d->tree, n, "packet", rest, "part %u of %u", udh->sequence, udh->total);
            return;
        }
        packet = tree_keep(&d->tree, RD_WR(&w));
    }
    if (command)
        show_command_packet(d, n, packet);
    else
        show_response_packet(d, n, packet);
}

/* Part of a concatenation that began with a packet's header? */
static bool goes_on(const struct decode_parts *p, const struct sms_udh *udh)
{
    return udh->concatenated && p->open && p->reference == udh->reference && p->total == udh->total;
}

static bool show_udh(struct decode *d, struct tree_node *n, struct rd ud, struct rd *rest)
{
    struct sms_udh udh = {.concatenated = false};
    enum err e = sms_read_udh(ud, &udh, rest);
    struct tree_node *h;

    if (e != ERR_OK) {
        tree_wrong(&d->tree, n, "user data header", ud);
        return true;
    }
    h = tree_add(&d->tree, n, "user data header", RD(ud.at, ud.left - rest->left));
    if (udh.concatenated)
        tree_text(&d->tree, h, "part %u of %u, reference %u", udh.sequence, udh.total,
                  udh.reference);
    if (udh.command_packet || goes_on(&d->down, &udh))
        show_packet(d, n, &udh, *rest, true);
    else if (udh.response_packet || goes_on(&d->up, &udh))
        show_packet(d, n, &udh, *rest, false);
    else
        return false;
    return true;
}

struct user_data {
    bool udhi;
    uint8_t dcs, udl;
    struct rd ud;
};

/* Text behind a header of header_len octets. */
static void show_message_text(struct decode *d, struct tree_node *n, const struct user_data *u,
                              struct rd rest)
{
    size_t header_len = u->ud.left - rest.left;
    char text[TEXT_CAP];
    uint8_t septets[200];
    struct wr w = WR_ARRAY(septets);
    enum err e = ERR_UNSUPPORTED;

    if (sms_dcs_is_gsm7(u->dcs)) {
        size_t skip = (header_len * 8 + 6) / 7;
        unsigned fill = (unsigned)(skip * 7 - header_len * 8);

        e = u->udl < skip ? ERR_SHORT : text_unpack(&w, rest, u->udl - skip, fill);
        if (e == ERR_OK)
            e = text_from_gsm7(RD_WR(&w), text, sizeof text);
    } else if ((u->dcs & 0x0C) == 0x08) {
        e = text_from_ucs2(rest, text, sizeof text);
    }
    if (e == ERR_OK)
        tree_say(&d->tree, n, "text", rest, "\"%s\"", text);
    else if (rest.left > 0)
        tree_add(&d->tree, n, "data", rest);
}

static void show_user_data(struct decode *d, struct tree_node *n, const struct user_data *u)
{
    struct rd rest = u->ud;

    if (u->udhi && u->ud.left > 0 && show_udh(d, n, u->ud, &rest))
        return;
    show_message_text(d, n, u, rest);
}

static void show_coding(struct decode *d, struct tree_node *n, uint8_t pid, uint8_t dcs)
{
    tree_say(&d->tree, n, "protocol", RD(NULL, 0), "%02X%s", pid,
             pid == SMS_PID_DOWNLOAD ? " data download" : "");
    tree_say(&d->tree, n, "coding", RD(NULL, 0), "%02X %s%s", dcs,
             sms_dcs_is_gsm7(dcs)   ? "GSM 7-bit"
             : (dcs & 0x0C) == 0x08 ? "UCS2"
                                    : "8-bit",
             (dcs & 0xD3) == 0xD2 || (dcs & 0x13) == 0x12 ? ", class 2" : "");
}

static void show_stamp(struct decode *d, struct tree_node *n, const uint8_t scts[SMS_TS_LEN])
{
    uint8_t v[6];

    for (size_t i = 0; i < 6; i++)
        v[i] = (uint8_t)((scts[i] & 15) * 10 + (scts[i] >> 4));
    tree_rule(tree_say(&d->tree, n, "time", RD(NULL, 0), "20%02u-%02u-%02u %02u:%02u:%02u", v[0],
                       v[1], v[2], v[3], v[4], v[5]),
              TREE_FREE);
}

/* A TPDU in a record is followed by FF: as much of it as its own lengths say. */
struct rd show_tpdu_cut(struct rd bytes, bool submit)
{
    static const uint8_t validity_len[] = {0, 7, 1, 7};
    size_t at = submit ? 2 : 1, end;
    uint8_t dcs, udl;

    if (bytes.left <= at)
        return bytes;
    at += 2U + (bytes.at[at] + 1U) / 2; /* length, type, digits */
    end = at + 2 + (submit ? validity_len[bytes.at[0] >> 3 & 3] : SMS_TS_LEN);
    if (bytes.left <= end)
        return bytes;
    dcs = bytes.at[at + 1];
    udl = bytes.at[end];
    end += 1U + (sms_dcs_is_gsm7(dcs) ? (udl * 7U + 7) / 8 : udl);
    return RD(bytes.at, end < bytes.left ? end : bytes.left);
}

void show_tpdu_to_card(struct decode *d, struct tree_node *n, struct rd bytes)
{
    struct sms_deliver m;
    struct user_data u;
    enum err e = sms_read_deliver(bytes, &m);

    if (e != ERR_OK) {
        tree_wrong(&d->tree, n, "no SMS-DELIVER", bytes);
        return;
    }
    n = tree_add(&d->tree, n, "SMS-DELIVER", bytes);
    show_address(d, n, "from", &m.oa);
    show_coding(d, n, m.pid, m.dcs);
    show_stamp(d, n, m.scts);
    u = (struct user_data){m.udhi, m.dcs, m.udl, m.ud};
    show_user_data(d, n, &u);
}

void show_tpdu_from_card(struct decode *d, struct tree_node *n, struct rd bytes)
{
    struct sms_submit m;
    struct user_data u;

    if (sms_read_submit(bytes, &m) != ERR_OK) {
        if (bytes.left > 0 && (bytes.at[0] & 3) == 2)
            tree_add(&d->tree, n, "SMS-COMMAND", bytes);
        else
            tree_wrong(&d->tree, n, "no SMS-SUBMIT", bytes);
        return;
    }
    n = tree_add(&d->tree, n, "SMS-SUBMIT", bytes);
    show_address(d, n, "to", &m.da);
    show_coding(d, n, m.pid, m.dcs);
    u = (struct user_data){m.udhi, m.dcs, m.udl, m.ud};
    show_user_data(d, n, &u);
}

/* What an ENVELOPE answers becomes the user data of the delivery report (TS 31.111 7.1.1.2). */
void show_report_ud(struct decode *d, struct tree_node *n, struct rd bytes)
{
    struct sms_udh udh = {.concatenated = false};
    struct rd rest;

    if (sms_read_udh(bytes, &udh, &rest) == ERR_OK && udh.response_packet)
        show_packet(d, n, &udh, rest, false);
    else
        tree_add(&d->tree, n, "report", bytes);
}
