/* User data headers and secured packets cut into parts, of apdu/sms.h. */
#include "apdu/sms.h"

/* Information element identifiers, TS 23.040 9.2.3.24. */
#define IEI_CONCATENATION      0x00
#define IEI_CONCATENATION_WIDE 0x08
#define IEI_COMMAND_PACKET     0x70
#define IEI_RESPONSE_PACKET    0x71

/* UDHL and elements of a packet: alone, in part 1 of several, and in the later parts. */
#define HEADER_SINGLE (1 + 2)
#define HEADER_FIRST  (1 + 5 + 2)
#define HEADER_LATER  (1 + 5)
#define ROOM_SINGLE   (SMS_UD_MAX - HEADER_SINGLE)
#define ROOM_FIRST    (SMS_UD_MAX - HEADER_FIRST)
#define ROOM_LATER    (SMS_UD_MAX - HEADER_LATER)

static enum err read_concatenation(struct rd value, bool wide, struct sms_udh *udh)
{
    uint8_t narrow = 0;

    if (udh->concatenated || value.left != (wide ? 4 : 3))
        return ERR_FORMAT;
    if (wide ? rd_u16(&value, &udh->reference) != ERR_OK : rd_u8(&value, &narrow) != ERR_OK)
        return ERR_SHORT;
    if (!wide)
        udh->reference = narrow;
    if (rd_u8(&value, &udh->total) != ERR_OK || rd_u8(&value, &udh->sequence) != ERR_OK)
        return ERR_SHORT;
    if (udh->total == 0 || udh->sequence == 0 || udh->sequence > udh->total)
        return ERR_FORMAT;
    udh->concatenated = true;
    udh->wide_reference = wide;
    return ERR_OK;
}

static enum err read_element(uint8_t iei, struct rd value, struct sms_udh *udh)
{
    switch (iei) {
    case IEI_CONCATENATION:
    case IEI_CONCATENATION_WIDE:
        return read_concatenation(value, iei == IEI_CONCATENATION_WIDE, udh);
    case IEI_COMMAND_PACKET:
        udh->command_packet = true;
        return ERR_OK;
    case IEI_RESPONSE_PACKET:
        udh->response_packet = true;
        return ERR_OK;
    default:
        return ERR_OK;
    }
}

enum err sms_read_udh(struct rd ud, struct sms_udh *udh, struct rd *rest)
{
    struct sms_udh read = {.concatenated = false};
    struct rd header;
    uint8_t length;

    if (rd_u8(&ud, &length) != ERR_OK || rd_take(&ud, length, &header) != ERR_OK)
        return ERR_SHORT;
    while (header.left > 0) {
        uint8_t iei, element_length;
        struct rd value;
        enum err e;

        if (rd_u8(&header, &iei) != ERR_OK || rd_u8(&header, &element_length) != ERR_OK ||
            rd_take(&header, element_length, &value) != ERR_OK)
            return ERR_SHORT;
        e = read_element(iei, value, &read);
        if (e != ERR_OK)
            return e;
    }
    *udh = read;
    *rest = ud;
    return ERR_OK;
}

size_t sms_packet_parts(size_t packet_len)
{
    if (packet_len <= ROOM_SINGLE)
        return 1;
    return 1 + (packet_len - ROOM_FIRST + ROOM_LATER - 1) / ROOM_LATER;
}

static void write_concatenation(struct wr *w, uint8_t reference, size_t total, size_t part)
{
    wr_u8(w, IEI_CONCATENATION);
    wr_u8(w, 3);
    wr_u8(w, reference);
    wr_u8(w, (uint8_t)total);
    wr_u8(w, (uint8_t)part);
}

/* The bytes of the packet that this part carries. */
static struct rd part_of(struct rd packet, size_t parts, size_t part)
{
    size_t from = part == 1 ? 0 : ROOM_FIRST + (part - 2) * ROOM_LATER;
    size_t room = part == 1 ? ROOM_FIRST : ROOM_LATER;

    if (parts == 1)
        return packet;
    if (room > packet.left - from)
        room = packet.left - from;
    return RD(packet.at + from, room);
}

enum err sms_write_packet_part(struct wr *w, uint8_t iei, struct rd packet, uint8_t reference,
                               size_t part)
{
    size_t parts = sms_packet_parts(packet.left);

    if (parts > SMS_PARTS_MAX || part == 0 || part > parts)
        return ERR_RANGE;
    if (parts == 1) {
        wr_u8(w, HEADER_SINGLE - 1);
    } else {
        wr_u8(w, part == 1 ? HEADER_FIRST - 1 : HEADER_LATER - 1);
        write_concatenation(w, reference, parts, part);
    }
    if (part == 1) {
        wr_u8(w, iei);
        wr_u8(w, 0);
    }
    wr_rd(w, part_of(packet, parts, part));
    return wr_result(w);
}
