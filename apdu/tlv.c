#include "apdu/tlv.h"

#include <string.h>

#define TAG_NUMBER_FOLLOWS 0x1F /* low five bits of byte 1: the number is in later bytes */
#define TAG_MORE           0x80 /* in a later byte: yet another one follows */

static enum err read_tag(struct rd *r, uint32_t *tag)
{
    uint8_t byte;
    uint32_t v;

    if (rd_u8(r, &byte) != ERR_OK)
        return ERR_SHORT;
    v = byte;
    if ((byte & TAG_NUMBER_FOLLOWS) == TAG_NUMBER_FOLLOWS) {
        do {
            if (v > 0xFFFF)
                return ERR_FORMAT;
            if (rd_u8(r, &byte) != ERR_OK)
                return ERR_SHORT;
            v = v << 8 | byte;
        } while ((byte & TAG_MORE) != 0);
    }
    *tag = v;
    return ERR_OK;
}

enum err tlv_read_length(struct rd *r, size_t *length)
{
    struct rd at = *r;
    uint8_t byte;
    size_t v, count;

    if (rd_u8(&at, &byte) != ERR_OK)
        return ERR_SHORT;
    if (byte == 0x80 || byte > 0x83)
        return ERR_FORMAT;
    count = byte < 0x80 ? 0 : byte & 0x7FU;
    v = count == 0 ? byte : 0;
    for (; count > 0; count--) {
        if (rd_u8(&at, &byte) != ERR_OK)
            return ERR_SHORT;
        v = v << 8 | byte;
    }
    *r = at;
    *length = v;
    return ERR_OK;
}

enum err tlv_next(struct rd *r, struct tlv *out)
{
    struct rd at = *r;
    struct tlv t;
    size_t length;
    enum err e = read_tag(&at, &t.tag);

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

enum err tlv_find(struct rd r, uint32_t tag, struct rd *value)
{
    while (r.left > 0) {
        struct tlv t;
        enum err e = tlv_next(&r, &t);

        if (e != ERR_OK)
            return e;
        if (t.tag == tag) {
            *value = t.value;
            return ERR_OK;
        }
    }
    return ERR_NOT_FOUND;
}

/* Bytes after the first one that the shortest form of this length takes. */
static size_t length_extra(size_t length)
{
    if (length <= 0x7F)
        return 0;
    if (length <= 0xFF)
        return 1;
    return length <= 0xFFFF ? 2 : 3;
}

static void put_length(uint8_t *at, size_t length, size_t extra)
{
    if (extra == 0) {
        *at = (uint8_t)length;
        return;
    }
    *at = (uint8_t)(0x80 | extra);
    for (size_t i = extra; i > 0; i--) {
        at[i] = (uint8_t)length;
        length >>= 8;
    }
}

void tlv_write_length(struct wr *w, size_t length)
{
    size_t extra = length_extra(length);
    uint8_t *at;

    if (length > TLV_LENGTH_MAX) {
        w->overflow = true;
        return;
    }
    at = wr_reserve(w, 1 + extra);
    if (at != NULL)
        put_length(at, length, extra);
}

static void write_tag(struct wr *w, uint32_t tag)
{
    if (tag > 0xFFFF)
        wr_u8(w, (uint8_t)(tag >> 16));
    if (tag > 0xFF)
        wr_u8(w, (uint8_t)(tag >> 8));
    wr_u8(w, (uint8_t)tag);
}

void tlv_write(struct wr *w, uint32_t tag, struct rd value)
{
    write_tag(w, tag);
    tlv_write_length(w, value.left);
    wr_rd(w, value);
}

void tlv_write_u8(struct wr *w, uint32_t tag, uint8_t value)
{
    tlv_write(w, tag, RD(&value, 1));
}

size_t tlv_open(struct wr *w, uint32_t tag)
{
    size_t mark;

    write_tag(w, tag);
    mark = w->len;
    wr_u8(w, 0);
    return mark;
}

void tlv_close(struct wr *w, size_t mark)
{
    size_t length, extra;

    if (w->overflow)
        return;
    length = w->len - mark - 1;
    extra = length_extra(length);
    if (length > TLV_LENGTH_MAX || wr_reserve(w, extra) == NULL) {
        w->overflow = true;
        return;
    }
    memmove(w->base + mark + 1 + extra, w->base + mark + 1, length);
    put_length(w->base + mark, length, extra);
}
