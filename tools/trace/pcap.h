/*
 * pcap.h - GSMTAP SIM packets in pcap and pcapng files. Private to tools/trace/.
 *
 * A packet: Ethernet, Linux cooked, loopback or raw IP; IPv4 or IPv6; UDP port 4729;
 * GSMTAP version 2 of type SIM:
 *
 *   02 04 04 00 ..        version, header length in words, type SIM, timeslot; to 16 bytes
 *   .. sub type at 12     00 APDU, 01 ATR, 02 and 03 PPS, 04 to 07 pieces of an exchange
 *   payload               CLA INS P1 P2 P3 [command data] [answer data] SW1 SW2; or the ATR
 *
 * pcapng: section header, interface description, enhanced and simple packet blocks; comments of
 * a packet are notes. Everything else is passed over.
 */
#ifndef RESEAT_TOOLS_TRACE_PCAP_H
#define RESEAT_TOOLS_TRACE_PCAP_H

#include "tools/trace/tpdu.h"

#define PCAP_FILE_HEADER     24
#define PCAP_RECORD_HEADER   16
#define PCAPNG_BLOCK_HEADER  8
#define TRACE_PCAP_BLOCK_MAX (256U * 1024U)
#define PCAP_INTERFACES_MAX  16

struct trace_pcap {
    bool swapped; /* the file's numbers are little-endian */
    bool nanoseconds;
    uint32_t link;
    struct {
        uint32_t link;
        uint64_t ticks; /* of a time stamp in a second */
    } interfaces[PCAP_INTERFACES_MAX];
    size_t interface_count;
    struct trace_event pieces; /* of an exchange that is not complete */
    bool holds;                /* a comment was handed out, its packet waits */
    struct trace_event held;
};

/* Could a file that begins so be a pcap or pcapng? */
bool trace_pcap_may_begin(struct rd head);
/* Of a file whose first four bytes are known. */
enum trace_format trace_pcap_format(struct rd head);

/* The file header of a pcap. ERR_FORMAT. */
NODISCARD enum err trace_pcap_begin(struct trace_pcap *p, struct rd header);

/* How many bytes follow the header of a record or block. ERR_FORMAT, ERR_RANGE. */
NODISCARD enum err trace_pcap_body_len(struct trace_pcap *p, enum trace_format format,
                                       struct rd header, size_t *len);

/* One record or block with its header. ERR_NOT_FOUND when it has no card in it. */
NODISCARD enum err trace_pcap_packet(struct trace_pcap *p, enum trace_format format,
                                     struct rd block, struct trace_event *out);
/* The packet whose comment trace_pcap_packet() handed out before it. */
bool trace_pcap_held(struct trace_pcap *p, struct trace_event *out);

/*
 * A GSMTAP packet from its header on; not one that is a piece.
 * errors: ERR_SHORT, ERR_NOT_FOUND (of another type), ERR_RANGE (longer than TRACE_BYTES_MAX)
 */
NODISCARD enum err trace_pcap_gsmtap(struct rd packet, struct trace_event *out);

void trace_pcap_write(struct trace_writer *w, const struct trace_event *event);

#endif
