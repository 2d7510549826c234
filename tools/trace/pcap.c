#include "tools/trace/pcap.h"
#include "apdu/hex.h"

#include <string.h>

#define MAGIC_US     0xA1B2C3D4U
#define MAGIC_NS     0xA1B23C4DU
#define BLOCK_SHB    0x0A0D0D0AU
#define BLOCK_IDB    1U
#define BLOCK_SIMPLE 3U
#define BLOCK_EPB    6U
#define BYTE_ORDER_1 0x1A2B3C4DU

#define LINK_NULL     0
#define LINK_ETHERNET 1
#define LINK_RAW_BSD  12
#define LINK_RAW_OBSD 14
#define LINK_RAW      101
#define LINK_LOOP     108
#define LINK_SLL      113
#define LINK_IPV4     228
#define LINK_IPV6     229
#define LINK_SLL2     276

#define ETHER_IPV4  0x0800
#define ETHER_VLAN  0x8100
#define ETHER_QINQ  0x88A8
#define ETHER_IPV6  0x86DD
#define PROTO_UDP   17
#define GSMTAP_PORT 4729

#define GSMTAP_VERSION      2
#define GSMTAP_SIM          4
#define GSMTAP_HEADER       16
#define GSMTAP_APDU         0
#define GSMTAP_ATR          1
#define GSMTAP_PPS_REQUEST  2
#define GSMTAP_PPS_RESPONSE 3
#define GSMTAP_TPDU_HEADER  4
#define GSMTAP_TPDU_STATUS  7
#define PPS_MAX             6 /* ISO/IEC 7816-3 9.2 */

#define OPT_COMMENT 1
#define OPT_TSRESOL 9

static uint32_t swap32(uint32_t v)
{
    return __builtin_bswap32(v);
}

/* Numbers in the file's byte order. */
static enum err num32(const struct trace_pcap *p, struct rd *r, uint32_t *out)
{
    enum err e = rd_u32(r, out);

    if (e == ERR_OK && p->swapped)
        *out = swap32(*out);
    return e;
}

static enum err num16(const struct trace_pcap *p, struct rd *r, uint16_t *out)
{
    enum err e = rd_u16(r, out);

    if (e == ERR_OK && p->swapped)
        *out = __builtin_bswap16(*out);
    return e;
}

static const uint8_t magics[][4] = {
    {0xA1, 0xB2, 0xC3, 0xD4}, {0xD4, 0xC3, 0xB2, 0xA1}, {0xA1, 0xB2, 0x3C, 0x4D},
    {0x4D, 0x3C, 0xB2, 0xA1}, {0x0A, 0x0D, 0x0D, 0x0A},
};

bool trace_pcap_may_begin(struct rd head)
{
    for (size_t i = 0; i < ARRAY_LEN(magics); i++) {
        if (head.left > 0 && memcmp(magics[i], head.at, head.left < 4 ? head.left : 4) == 0)
            return true;
    }
    return false;
}

enum trace_format trace_pcap_format(struct rd head)
{
    return head.left > 0 && head.at[0] == 0x0A ? TRACE_PCAPNG : TRACE_PCAP;
}

enum err trace_pcap_begin(struct trace_pcap *p, struct rd header)
{
    struct rd skipped;
    uint32_t magic;
    enum err e = rd_u32(&header, &magic);

    if (e != ERR_OK)
        return e;
    p->swapped = magic == swap32(MAGIC_US) || magic == swap32(MAGIC_NS);
    if (p->swapped)
        magic = swap32(magic);
    if (magic != MAGIC_US && magic != MAGIC_NS)
        return ERR_FORMAT;
    p->nanoseconds = magic == MAGIC_NS;
    e = rd_take(&header, 16, &skipped); /* version, time zone, accuracy, length limit */
    if (e == ERR_OK)
        e = num32(p, &header, &p->link);
    p->link &= 0x0FFFFFFF; /* above: length of a check sequence */
    return e;
}

/* --- from the link to GSMTAP --- */

static enum err skip(struct rd *r, size_t n)
{
    struct rd skipped;

    return rd_take(r, n, &skipped);
}

static enum err strip_ethernet(struct rd *r, uint16_t *type)
{
    enum err e = skip(r, 12);

    if (e == ERR_OK)
        e = rd_u16(r, type);
    while (e == ERR_OK && (*type == ETHER_VLAN || *type == ETHER_QINQ)) {
        e = skip(r, 2);
        if (e == ERR_OK)
            e = rd_u16(r, type);
    }
    return e;
}

/* Leaves an IP packet. */
static enum err strip_link(struct rd *r, uint32_t link)
{
    uint16_t type = ETHER_IPV4;
    enum err e;

    switch (link) {
    case LINK_ETHERNET:
        e = strip_ethernet(r, &type);
        break;
    case LINK_NULL:
    case LINK_LOOP:
        e = skip(r, 4);
        break;
    case LINK_SLL:
        e = skip(r, 14);
        if (e == ERR_OK)
            e = rd_u16(r, &type);
        break;
    case LINK_SLL2:
        e = rd_u16(r, &type);
        if (e == ERR_OK)
            e = skip(r, 18);
        break;
    case LINK_RAW:
    case LINK_RAW_BSD:
    case LINK_RAW_OBSD:
    case LINK_IPV4:
    case LINK_IPV6:
        e = ERR_OK;
        break;
    default:
        e = ERR_NOT_FOUND;
    }
    if (e == ERR_OK && type != ETHER_IPV4 && type != ETHER_IPV6)
        e = ERR_NOT_FOUND;
    return e;
}

/* RFC 791: a whole datagram, cut to its total length. */
static enum err strip_ipv4(struct rd *r)
{
    struct rd whole = *r;
    size_t header, total;

    if (r->left < 20)
        return ERR_SHORT;
    header = (size_t)(r->at[0] & 0x0F) * 4;
    total = (size_t)(r->at[2] << 8 | r->at[3]);
    if (r->at[9] != PROTO_UDP || (r->at[6] & 0x3F) != 0 || r->at[7] != 0)
        return ERR_NOT_FOUND;
    if (header < 20 || total < header || rd_take(&whole, total, r) != ERR_OK)
        return ERR_SHORT;
    return skip(r, header);
}

static enum err strip_ip(struct rd *r)
{
    if (r->left == 0)
        return ERR_SHORT;
    if (r->at[0] >> 4 == 4)
        return strip_ipv4(r);
    if (r->at[0] >> 4 != 6)
        return ERR_NOT_FOUND;
    if (r->left < 40)
        return ERR_SHORT;
    return r->at[6] != PROTO_UDP ? ERR_NOT_FOUND : skip(r, 40); /* RFC 8200 */
}

static enum err strip_udp(struct rd *r)
{
    uint16_t from, to, len, sum;
    struct rd whole = *r;

    if (rd_u16(&whole, &from) != ERR_OK || rd_u16(&whole, &to) != ERR_OK ||
        rd_u16(&whole, &len) != ERR_OK || rd_u16(&whole, &sum) != ERR_OK)
        return ERR_SHORT;
    if (from != GSMTAP_PORT && to != GSMTAP_PORT)
        return ERR_NOT_FOUND;
    return len < 8 ? ERR_SHORT : rd_take(&whole, len - 8U, r);
}

/* --- GSMTAP --- */

static enum err open_gsmtap(struct rd packet, uint8_t *sub_type, struct rd *payload)
{
    size_t header;

    if (packet.left < GSMTAP_HEADER)
        return ERR_SHORT;
    header = (size_t)packet.at[1] * 4;
    if (packet.at[0] != GSMTAP_VERSION || packet.at[2] != GSMTAP_SIM)
        return ERR_NOT_FOUND;
    if (header < GSMTAP_HEADER || header > packet.left)
        return ERR_SHORT;
    *sub_type = packet.at[12];
    *payload = RD(packet.at + header, packet.left - header);
    return ERR_OK;
}

/* How fast reader and card will talk: for people. */
static enum err pps(const char *who, struct rd bytes, struct trace_event *out)
{
    char hex[2 * PPS_MAX + 1] = "";

    out->kind = TRACE_NOTE;
    if (bytes.left > PPS_MAX || hex_encode(bytes, hex, sizeof hex) != ERR_OK)
        return ERR_NOT_FOUND;
    snprintf(out->note, sizeof out->note, "PPS %s %s", who, hex);
    return ERR_OK;
}

enum err trace_pcap_gsmtap(struct rd packet, struct trace_event *out)
{
    struct rd payload = {0};
    uint8_t sub_type = 0;
    enum err e = open_gsmtap(packet, &sub_type, &payload);

    if (e != ERR_OK)
        return e;
    out->note[0] = '\0';
    out->wait_ms = 0;
    trace_bytes_set(&out->command, RD(NULL, 0));
    trace_bytes_set(&out->answer, RD(NULL, 0));
    switch (sub_type) {
    case GSMTAP_ATR:
        out->kind = TRACE_RESET;
        trace_bytes_set(&out->answer, payload);
        return ERR_OK;
    case GSMTAP_PPS_REQUEST:
        return pps("request", payload, out);
    case GSMTAP_PPS_RESPONSE:
        return pps("response", payload, out);
    case GSMTAP_APDU:
        /* a command that was cut short has no answer to look at */
        return payload.left < 7 ? ERR_NOT_FOUND : trace_tpdu(payload, out);
    default:
        return ERR_NOT_FOUND;
    }
}

/* A packet that is whole, or the last piece of an exchange. */
static enum err gsmtap(struct trace_pcap *p, struct rd packet, struct trace_event *out)
{
    struct rd payload = {0};
    uint8_t sub_type = 0;
    enum err e = open_gsmtap(packet, &sub_type, &payload);

    if (e != ERR_OK || sub_type < GSMTAP_TPDU_HEADER || sub_type > GSMTAP_TPDU_STATUS)
        return trace_pcap_gsmtap(packet, out);
    out->note[0] = '\0';
    out->wait_ms = 0;
    return trace_tpdu_piece(&p->pieces, (enum trace_piece)(sub_type - GSMTAP_TPDU_HEADER), payload,
                            out);
}

static enum err link_packet(struct trace_pcap *p, struct rd r, uint32_t link,
                            struct trace_event *out)
{
    enum err e = strip_link(&r, link);

    if (e == ERR_OK)
        e = strip_ip(&r);
    if (e == ERR_OK)
        e = strip_udp(&r);
    if (e == ERR_OK)
        e = gsmtap(p, r, out);
    /* What is on the same wire and damaged, or not ours, is no fault of the file. */
    return e == ERR_OK || e == ERR_RANGE ? e : ERR_NOT_FOUND;
}

/* --- records and blocks --- */

enum err trace_pcap_body_len(struct trace_pcap *p, enum trace_format format, struct rd header,
                             size_t *len)
{
    uint32_t first, second, kept;

    if (format == TRACE_PCAP) {
        if (num32(p, &header, &first) != ERR_OK || num32(p, &header, &second) != ERR_OK ||
            num32(p, &header, &kept) != ERR_OK)
            return ERR_SHORT;
        *len = kept;
        return kept > TRACE_PCAP_BLOCK_MAX ? ERR_RANGE : ERR_OK;
    }
    if (rd_u32(&header, &first) != ERR_OK || rd_u32(&header, &second) != ERR_OK)
        return ERR_SHORT;
    /* A section header brings its byte order in the body: the length that is the smaller one
     * of both readings is meant, for a section header is small. */
    if (first == BLOCK_SHB)
        p->swapped = swap32(second) < second;
    if (p->swapped)
        second = swap32(second);
    if (second < 12 || second % 4 != 0)
        return ERR_FORMAT;
    *len = second - PCAPNG_BLOCK_HEADER;
    return second > TRACE_PCAP_BLOCK_MAX ? ERR_RANGE : ERR_OK;
}

static enum err record(struct trace_pcap *p, struct rd r, struct trace_event *out)
{
    uint32_t seconds, fraction, kept, length;

    if (num32(p, &r, &seconds) != ERR_OK || num32(p, &r, &fraction) != ERR_OK ||
        num32(p, &r, &kept) != ERR_OK || num32(p, &r, &length) != ERR_OK)
        return ERR_SHORT;
    out->time_us = (uint64_t)seconds * 1000000 + (p->nanoseconds ? fraction / 1000 : fraction);
    return link_packet(p, r, p->link, out);
}

/* Options up to the end of the block: code, length, value padded to four bytes. */
static bool next_option(const struct trace_pcap *p, struct rd *r, uint16_t *code, struct rd *value)
{
    uint16_t len;
    struct rd pad;

    if (num16(p, r, code) != ERR_OK || num16(p, r, &len) != ERR_OK || *code == 0)
        return false;
    if (rd_take(r, len, value) != ERR_OK)
        return false;
    return len % 4 == 0 || rd_take(r, 4U - len % 4, &pad) == ERR_OK;
}

static enum err interface_block(struct trace_pcap *p, struct rd r)
{
    uint16_t link, reserved, code;
    uint32_t limit;
    uint64_t ticks = 1000000;
    struct rd value;

    if (num16(p, &r, &link) != ERR_OK || num16(p, &r, &reserved) != ERR_OK ||
        num32(p, &r, &limit) != ERR_OK)
        return ERR_FORMAT;
    while (next_option(p, &r, &code, &value)) {
        if (code != OPT_TSRESOL || value.left != 1)
            continue;
        ticks = 1;
        if ((value.at[0] & 0x80) != 0)
            ticks <<= value.at[0] & 0x3F;
        for (unsigned i = 0; (value.at[0] & 0x80) == 0 && i < value.at[0] && i < 18; i++)
            ticks *= 10;
    }
    if (p->interface_count == PCAP_INTERFACES_MAX)
        return ERR_RANGE;
    p->interfaces[p->interface_count].link = link;
    p->interfaces[p->interface_count++].ticks = ticks;
    return ERR_NOT_FOUND;
}

static uint64_t to_us(uint64_t stamp, uint64_t ticks)
{
    return stamp / ticks * 1000000 + (uint64_t)((double)(stamp % ticks) * 1e6 / (double)ticks);
}

/* The comment of a packet becomes a note before it. */
static enum err with_comment(struct trace_pcap *p, struct rd options, struct trace_event *out)
{
    struct rd value;
    uint16_t code;

    while (next_option(p, &options, &code, &value)) {
        if (code != OPT_COMMENT || value.left == 0)
            continue;
        p->held = *out;
        p->holds = true;
        out->kind = TRACE_NOTE;
        snprintf(out->note, sizeof out->note, "%.*s", (int)value.left, (const char *)value.at);
        return ERR_OK;
    }
    return ERR_OK;
}

static enum err packet_block(struct trace_pcap *p, struct rd r, struct trace_event *out)
{
    uint32_t interface, high, low, kept, length;
    struct rd data, pad;
    enum err e;

    if (num32(p, &r, &interface) != ERR_OK || num32(p, &r, &high) != ERR_OK ||
        num32(p, &r, &low) != ERR_OK || num32(p, &r, &kept) != ERR_OK ||
        num32(p, &r, &length) != ERR_OK || rd_take(&r, kept, &data) != ERR_OK)
        return ERR_SHORT;
    if (interface >= p->interface_count)
        return ERR_FORMAT;
    out->time_us = to_us((uint64_t)high << 32 | low, p->interfaces[interface].ticks);
    e = link_packet(p, data, p->interfaces[interface].link, out);
    if (e != ERR_OK || rd_take(&r, (4 - kept % 4) % 4, &pad) != ERR_OK)
        return e;
    return with_comment(p, r, out);
}

static enum err simple_block(struct trace_pcap *p, struct rd r, struct trace_event *out)
{
    uint32_t length;

    if (num32(p, &r, &length) != ERR_OK || p->interface_count == 0)
        return ERR_FORMAT;
    if (length < r.left)
        r.left = length;
    out->time_us = 0;
    return link_packet(p, r, p->interfaces[0].link, out);
}

static enum err section(struct trace_pcap *p, struct rd r)
{
    uint32_t order;

    if (num32(p, &r, &order) != ERR_OK || order != BYTE_ORDER_1)
        return ERR_FORMAT;
    p->interface_count = 0;
    return ERR_NOT_FOUND;
}

enum err trace_pcap_packet(struct trace_pcap *p, enum trace_format format, struct rd block,
                           struct trace_event *out)
{
    uint32_t type, len;

    if (format == TRACE_PCAP)
        return record(p, block, out);
    if (num32(p, &block, &type) != ERR_OK || num32(p, &block, &len) != ERR_OK || block.left < 4)
        return ERR_SHORT;
    block.left -= 4; /* the length once more */
    switch (type) {
    case BLOCK_SHB:
        return section(p, block);
    case BLOCK_IDB:
        return interface_block(p, block);
    case BLOCK_EPB:
        return packet_block(p, block, out);
    case BLOCK_SIMPLE:
        return simple_block(p, block, out);
    default:
        return ERR_NOT_FOUND;
    }
}

bool trace_pcap_held(struct trace_pcap *p, struct trace_event *out)
{
    if (!p->holds)
        return false;
    *out = p->held;
    p->holds = false;
    return true;
}
