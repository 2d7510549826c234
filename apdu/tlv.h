/*
 * tlv.h - BER-TLV (TS 101 220 7.1, ISO 8825-1 with definite lengths).
 *
 * Tags of 1 to 3 bytes are held as they stand on the wire: 0x62, 0x9F70, 0x5F8134.
 */
#ifndef RESEAT_APDU_TLV_H
#define RESEAT_APDU_TLV_H

#include "apdu/buf.h"

#define TLV_LENGTH_MAX 0xFFFFFFU

struct tlv {
    uint32_t tag;
    struct rd value; /* borrowed from the input */
};

/*
 * Take one object off r. Lengths: one byte up to 7F, 81 LL, 82 LLLL, 83 LLLLLL.
 *
 * errors: ERR_SHORT   tag, length or value runs past the end
 *         ERR_FORMAT  indefinite length, a length form above 83, or a tag of more than 3 bytes
 * r is moved only on ERR_OK.
 */
NODISCARD enum err tlv_next(struct rd *r, struct tlv *out);

/*
 * The first object with this tag among the objects of r (not descending).
 * errors: ERR_NOT_FOUND, or what tlv_next() says of an object before it.
 */
NODISCARD enum err tlv_find(struct rd r, uint32_t tag, struct rd *value);

/* Append tag, shortest length, value. */
void tlv_write(struct wr *w, uint32_t tag, struct rd value);
void tlv_write_u8(struct wr *w, uint32_t tag, uint8_t value);

/*
 * Open a constructed object whose length is not yet known; close it with the
 * mark. tlv_close() moves the content up when the length needs more than one byte.
 */
size_t tlv_open(struct wr *w, uint32_t tag);
void tlv_close(struct wr *w, size_t mark);

/* The length field alone, as COMPREHENSION-TLV and other formats share it. Errors as above. */
NODISCARD enum err tlv_read_length(struct rd *r, size_t *length);
void tlv_write_length(struct wr *w, size_t length);

#endif
