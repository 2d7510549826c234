/* Events as GSMTAP packets of Ethernet, IPv4 and UDP on the loopback address, as SIMtrace's host
 * program puts them on the wire: what reads those reads these. Numbers of the files are
 * little-endian. */
#include "tools/trace/pcap.h"

#include <string.h>

#define LINK_ETHERNET 1
#define PACKET_MAX    (14 + 20 + 8 + 16 + 2 * TRACE_BYTES_MAX)
#define SNAP_MAX      65535
#define OPTION_MAX    (TRACE_NOTE_MAX + 8)

static void le16(struct wr *w, uint16_t v)
{
    wr_u16(w, __builtin_bswap16(v));
}

static void le32(struct wr *w, uint32_t v)
{
    wr_u32(w, __builtin_bswap32(v));
}

static void write_file_header(struct trace_writer *w)
{
    uint8_t block[64];
    struct wr h = WR_ARRAY(block);

    if (w->format == TRACE_PCAP) {
        le32(&h, 0xA1B2C3D4);
        le16(&h, 2);
        le16(&h, 4);
        le32(&h, 0);
        le32(&h, 0);
        le32(&h, SNAP_MAX);
        le32(&h, LINK_ETHERNET);
    } else {
        le32(&h, 0x0A0D0D0A); /* section header */
        le32(&h, 28);
        le32(&h, 0x1A2B3C4D);
        le16(&h, 1);
        le16(&h, 0);
        wr_fill(&h, 0xFF, 8); /* length of the section: not said */
        le32(&h, 28);
        le32(&h, 1); /* interface: microseconds, which is the default */
        le32(&h, 20);
        le16(&h, LINK_ETHERNET);
        le16(&h, 0);
        le32(&h, SNAP_MAX);
        le32(&h, 20);
    }
    fwrite(h.base, 1, h.len, w->file);
}

static uint16_t ip_checksum(const uint8_t *header, size_t len)
{
    uint32_t sum = 0;

    for (size_t i = 0; i + 1 < len; i += 2)
        sum += (uint32_t)(header[i] << 8 | header[i + 1]);
    while (sum >> 16 != 0)
        sum = (sum & 0xFFFF) + (sum >> 16);
    return (uint16_t)~sum;
}

static void write_ip(struct wr *p, size_t payload)
{
    static const uint8_t ethernet[14] = {[12] = 0x08};
    size_t at;
    uint16_t sum;

    wr_bytes(p, ethernet, sizeof ethernet);
    at = p->len;
    wr_u16(p, 0x4500);
    wr_u16(p, (uint16_t)(28 + 16 + payload));
    wr_u32(p, 0x00004000); /* one piece */
    wr_u32(p, 0x40110000); /* 64 hops, UDP, checksum to come */
    wr_u32(p, 0x7F000001);
    wr_u32(p, 0x7F000001);
    sum = ip_checksum(p->base + at, 20);
    p->base[at + 10] = (uint8_t)(sum >> 8);
    p->base[at + 11] = (uint8_t)sum;
    wr_u16(p, 4729);
    wr_u16(p, 4729);
    wr_u16(p, (uint16_t)(8 + 16 + payload));
    wr_u16(p, 0); /* no checksum */
}

static void write_gsmtap(struct wr *p, uint8_t sub_type)
{
    static const uint8_t begin[12] = {2, 4, 4};

    wr_bytes(p, begin, sizeof begin);
    wr_u8(p, sub_type);
    wr_fill(p, 0, 3);
}

/* The command as T=0 has it: five bytes at least, and no Le behind data. */
static void write_command(struct wr *p, const struct trace_bytes *c)
{
    size_t n = c->len;

    if (n == 4) {
        wr_bytes(p, c->at, 4);
        wr_u8(p, 0);
        return;
    }
    if (n == 6U + c->at[4] && n > 6)
        n--;
    wr_bytes(p, c->at, n);
}

static void write_comment(struct wr *b, const char *note)
{
    size_t n = strlen(note);

    if (n == 0)
        return;
    le16(b, 1);
    le16(b, (uint16_t)n);
    wr_bytes(b, note, n);
    wr_fill(b, 0, (4 - n % 4) % 4);
    le32(b, 0);
}

static void write_packet(struct trace_writer *w, uint64_t time_us, struct rd packet)
{
    uint8_t block[48 + PACKET_MAX + OPTION_MAX], note[OPTION_MAX];
    struct wr b = WR_ARRAY(block), option = WR_ARRAY(note);
    size_t pad = (4 - packet.left % 4) % 4;

    if (w->format == TRACE_PCAP) {
        le32(&b, (uint32_t)(time_us / 1000000));
        le32(&b, (uint32_t)(time_us % 1000000));
        le32(&b, (uint32_t)packet.left);
        le32(&b, (uint32_t)packet.left);
        wr_rd(&b, packet);
    } else {
        write_comment(&option, w->note);
        w->note[0] = '\0';
        le32(&b, 6);
        le32(&b, (uint32_t)(32 + packet.left + pad + option.len));
        le32(&b, 0);
        le32(&b, (uint32_t)(time_us >> 32));
        le32(&b, (uint32_t)time_us);
        le32(&b, (uint32_t)packet.left);
        le32(&b, (uint32_t)packet.left);
        wr_rd(&b, packet);
        wr_fill(&b, 0, pad);
        wr_rd(&b, RD_WR(&option));
        le32(&b, (uint32_t)(32 + packet.left + pad + option.len));
    }
    fwrite(b.base, 1, b.len, w->file);
}

void trace_pcap_write(struct trace_writer *w, const struct trace_event *event)
{
    uint8_t payload[2 * TRACE_BYTES_MAX], packet[PACKET_MAX];
    struct wr body = WR_ARRAY(payload), p = WR_ARRAY(packet);
    bool atr = event->kind == TRACE_RESET;

    if (!w->begun)
        write_file_header(w);
    if (event->kind == TRACE_NOTE)
        snprintf(w->note, sizeof w->note, "%s", event->note);
    if (event->kind == TRACE_EXCHANGE && event->command.len >= 4)
        write_command(&body, &event->command);
    if (atr || body.len > 0)
        wr_rd(&body, TRACE_RD(&event->answer));
    /* Half an exchange has no place in a packet. */
    if ((atr && body.len == 0) || (!atr && (body.len < 7 || event->answer.len < 2)))
        return;
    write_ip(&p, body.len);
    write_gsmtap(&p, atr ? 1 : 0);
    wr_rd(&p, RD_WR(&body));
    write_packet(w, event->time_us, RD_WR(&p));
}
