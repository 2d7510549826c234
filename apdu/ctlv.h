/*
 * ctlv.h - COMPREHENSION-TLV (TS 101 220 7.1.1), the objects of the toolkit.
 *
 * The comprehension bit is kept apart from the tag: 0x81 reads as tag 0x01 with
 * comprehension set. 7F announces a tag of two more bytes. 00, FF and 80 are no tags.
 */
#ifndef RESEAT_APDU_CTLV_H
#define RESEAT_APDU_CTLV_H

#include "apdu/buf.h"

struct ctlv {
    uint16_t tag; /* without the comprehension bit */
    bool comprehension;
    struct rd value; /* borrowed */
};

/* As tlv_next(); ERR_FORMAT also for 00, FF and 80 as tag. */
NODISCARD enum err ctlv_next(struct rd *r, struct ctlv *out);
NODISCARD enum err ctlv_find(struct rd r, uint16_t tag, struct rd *value);

/* Append with the comprehension bit set. tag up to 0x7E (one byte) or a 15-bit tag. */
void ctlv_write(struct wr *w, uint16_t tag, struct rd value);

#endif
