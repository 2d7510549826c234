#include "apdu/ctlv.h"
#include "apdu/tlv.h"

#define LONG_TAG      0x7F /* first byte: the tag is in the next two */
#define COMPREHENSION 0x80

static enum err read_tag(struct rd *r, struct ctlv *out)
{
    uint8_t first;
    uint16_t number;

    if (rd_u8(r, &first) != ERR_OK)
        return ERR_SHORT;
    if (first == 0x00 || first == 0xFF || first == COMPREHENSION)
        return ERR_FORMAT;
    if (first != LONG_TAG) {
        out->tag = first & 0x7F;
        out->comprehension = (first & COMPREHENSION) != 0;
        return ERR_OK;
    }
    if (rd_u16(r, &number) != ERR_OK)
        return ERR_SHORT;
    out->tag = number & 0x7FFF;
    out->comprehension = (number & 0x8000) != 0;
    return ERR_OK;
}

enum err ctlv_next(struct rd *r, struct ctlv *out)
{
    struct rd at = *r;
    struct ctlv t;
    size_t length;
    enum err e = read_tag(&at, &t);

    if (e == ERR_OK)
        e = tlv_read_length(&at, &length);
    if (e == ERR_OK)
        e = rd_take(&at, length, &t.value);
    if (e != ERR_OK)
        return e;
    *r = at;
    *out = t;
    return ERR_OK;
}

enum err ctlv_find(struct rd r, uint16_t tag, struct rd *value)
{
    while (r.left > 0) {
        struct ctlv t;
        enum err e = ctlv_next(&r, &t);

        if (e != ERR_OK)
            return e;
        if (t.tag == tag) {
            *value = t.value;
            return ERR_OK;
        }
    }
    return ERR_NOT_FOUND;
}

void ctlv_write(struct wr *w, uint16_t tag, struct rd value)
{
    if (tag >= 0x01 && tag <= 0x7E) {
        wr_u8(w, (uint8_t)(COMPREHENSION | tag));
    } else {
        wr_u8(w, LONG_TAG);
        wr_u16(w, (uint16_t)(0x8000 | tag));
    }
    tlv_write_length(w, value.left);
    wr_rd(w, value);
}
