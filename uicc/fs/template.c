#include "uicc/fs/template.h"

#include "apdu/tlv.h"

#define SPECIAL_HIGH_UPDATE 0x80
#define SPECIAL_DEACTIVATED 0x40

#define REFERENCE_LEN 3U /* FID and record: what a row of the tree can hold */
#define SFI_MAX       30U
#define COUNT_MAX     254U
#define CHUNK         128U

/* File descriptor byte, TS 102 221 11.1.1.4.3. */
#define FD_SHAREABLE 0x40
#define FD_KIND      0x3F
#define FD_TYPE      0x38
#define FD_INTERNAL  0x08

/* ---- reading ---- */

/* Number of 1 to 4 bytes. */
static enum err read_number(struct rd r, uint32_t *out)
{
    uint32_t v = 0;
    uint8_t byte;

    if (r.left == 0 || r.left > 4)
        return ERR_FORMAT;
    while (rd_u8(&r, &byte) == ERR_OK)
        v = v << 8 | byte;
    *out = v;
    return ERR_OK;
}

static enum err read_kind(uint8_t fd, struct fs_file *f)
{
    static const struct {
        uint8_t fd, kind, flags;
    } kinds[] = {
        {0x38, FS_DF, 0},          {0x39, FS_BER_TLV, 0},
        {0x01, FS_TRANSPARENT, 0}, {0x09, FS_TRANSPARENT, FS_INTERNAL},
        {0x02, FS_LINEAR, 0},      {0x0A, FS_LINEAR, FS_INTERNAL},
        {0x06, FS_CYCLIC, 0},      {0x0E, FS_CYCLIC, FS_INTERNAL},
    };

    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        if (kinds[i].fd != (fd & FD_KIND))
            continue;
        f->kind = kinds[i].kind;
        f->flags |= kinds[i].flags;
        if ((fd & FD_SHAREABLE) == 0)
            f->flags |= FS_NOT_SHAREABLE;
        return (fd & 0x80) == 0 ? ERR_OK : ERR_FORMAT;
    }
    return ERR_FORMAT;
}

/* Descriptor, data coding, and for records their length and (not always) their number. */
static enum err read_descriptor(struct rd r, struct fs_template *t)
{
    uint8_t fd, coding;
    enum err e;

    if (rd_u8(&r, &fd) != ERR_OK || rd_u8(&r, &coding) != ERR_OK)
        return ERR_FORMAT;
    e = read_kind(fd, &t->file);
    t->has_descriptor = true;
    if (e != ERR_OK || r.left == 0)
        return e;
    if (rd_u16(&r, &t->file.record_len) != ERR_OK)
        return ERR_FORMAT;
    if (r.left > 0 && rd_u8(&r, &t->file.record_count) != ERR_OK)
        return ERR_FORMAT;
    return r.left == 0 ? ERR_OK : ERR_FORMAT;
}

static enum err read_sfi(struct rd r, struct fs_template *t)
{
    t->has_sfi = true;
    if (r.left == 0)
        return ERR_OK;
    if (r.left != 1 || (r.at[0] & 0x07) != 0 || r.at[0] >> 3 > (int)SFI_MAX)
        return ERR_FORMAT;
    t->file.sfi = r.at[0] >> 3;
    return ERR_OK;
}

static enum err read_lcs(struct rd r, struct fs_template *t)
{
    static const uint8_t states[] = {
        [0x01] = FS_LCS_CREATION,  [0x03] = FS_LCS_INITIALISATION, [0x04] = FS_LCS_DEACTIVATED,
        [0x05] = FS_LCS_ACTIVATED, [0x06] = FS_LCS_DEACTIVATED,    [0x07] = FS_LCS_ACTIVATED,
    };

    if (r.left != 1 || r.at[0] >= sizeof states || states[r.at[0]] == 0)
        return ERR_FORMAT;
    t->lcs = states[r.at[0]];
    t->has_lcs = true;
    return ERR_OK;
}

/* A short reference fits into the row; any other attribute is kept as it is. */
static enum err read_security(struct rd whole, const struct tlv *o, struct fs_template *t)
{
    struct rd r = o->value;

    if (whole.left > FS_SECURITY_MAX)
        return ERR_RANGE;
    t->security = whole;
    if (o->tag != FCP_REFERENCED)
        return ERR_OK;
    if (rd_u16(&r, &t->file.arr_fid) != ERR_OK || r.left == 0 || (r.left != 1 && r.left % 2 != 0))
        return ERR_FORMAT;
    if (o->value.left == REFERENCE_LEN) {
        t->file.arr_record = r.at[0];
        t->security = RD(NULL, 0);
    }
    return ERR_OK;
}

static enum err read_proprietary(struct rd r, struct fs_template *t)
{
    while (r.left > 0) {
        struct tlv o;
        enum err e = tlv_next(&r, &o);

        if (e != ERR_OK)
            return e;
        if (o.tag == FCP_FILLING)
            t->filling = o.value;
        else if (o.tag == FCP_REPEAT)
            t->repeat = o.value;
        else if (o.tag == FCP_MAX_SIZE && read_number(o.value, &t->max_size) != ERR_OK)
            return ERR_FORMAT;
        else if (o.tag == FCP_SPECIAL && o.value.left == 1)
            t->file.flags |=
                (uint8_t)(((o.value.at[0] & SPECIAL_HIGH_UPDATE) != 0 ? FS_HIGH_UPDATE : 0) |
                          ((o.value.at[0] & SPECIAL_DEACTIVATED) != 0 ? FS_WHEN_DEACTIVATED : 0));
    }
    return ERR_OK;
}

static enum err read_object(struct rd whole, const struct tlv *o, struct fs_template *t)
{
    struct rd value = o->value;

    switch (o->tag) {
    case FCP_DESCRIPTOR:
        return read_descriptor(value, t);
    case FCP_FID:
        t->has_fid = true;
        return value.left == 2 ? rd_u16(&value, &t->file.fid) : ERR_FORMAT;
    case FCP_DF_NAME:
        t->file.aid = value.at;
        t->file.aid_len = (uint8_t)value.left;
        return value.left >= 1 && value.left <= FS_AID_MAX ? ERR_OK : ERR_FORMAT;
    case FCP_SIZE:
        t->has_size = true;
        return read_number(value, &t->file.size);
    case FCP_SFI:
        return read_sfi(value, t);
    case FCP_LCS:
        return read_lcs(value, t);
    case FCP_REFERENCED:
    case FCP_COMPACT:
    case FCP_EXPANDED:
        return read_security(whole, o, t);
    case FCP_PROPRIETARY:
        return read_proprietary(value, t);
    default:
        return ERR_OK;
    }
}

enum err fs_template_read(struct rd data, struct fs_template *out)
{
    struct fs_template t = {0};
    struct tlv fcp;
    enum err e = tlv_next(&data, &fcp);

    if (e != ERR_OK)
        return e;
    if (fcp.tag != FCP_TEMPLATE || data.left > 0)
        return ERR_FORMAT;
    while (fcp.value.left > 0 && e == ERR_OK) {
        struct rd whole = fcp.value;
        struct tlv o;

        e = tlv_next(&fcp.value, &o);
        whole.left -= fcp.value.left;
        if (e == ERR_OK)
            e = read_object(whole, &o, &t);
    }
    if (e == ERR_OK)
        *out = t;
    return e;
}

/* ---- a new file ---- */

static enum err complete_records(struct fs_file *f)
{
    uint32_t count;

    if (f->record_len == 0 || f->record_len > 0xFF || f->size % f->record_len != 0)
        return ERR_FORMAT;
    count = f->size / f->record_len;
    if (count == 0 || count > COUNT_MAX || (f->record_count != 0 && f->record_count != count))
        return ERR_FORMAT;
    f->record_count = (uint8_t)count;
    return ERR_OK;
}

static enum err complete_size(struct fs_template *t)
{
    struct fs_file *f = &t->file;

    if (f->kind == FS_BER_TLV && t->max_size != 0)
        f->size = t->max_size;
    if (f->kind == FS_LINEAR || f->kind == FS_CYCLIC)
        return complete_records(f);
    return f->record_len == 0 && f->size > 0 ? ERR_OK : ERR_FORMAT;
}

static bool is_reserved(uint16_t fid)
{
    return fid == 0x3F00 || fid == 0x3FFF || fid == 0x7FFF || fid == 0xFFFF || fid == 0x0000;
}

enum err fs_template_complete(struct fs_template *t)
{
    struct fs_file *f = &t->file;
    bool secured = t->security.left > 0 || f->arr_record != 0;

    if (!t->has_descriptor || !t->has_fid || !t->has_lcs || !secured || is_reserved(f->fid))
        return ERR_FORMAT;
    if (f->kind == FS_DF) {
        f->kind = f->aid_len > 0 ? FS_ADF : FS_DF;
        f->size = 0;
        return t->has_sfi || f->record_len != 0 ? ERR_FORMAT : ERR_OK;
    }
    if (f->aid_len > 0 || (!t->has_size && t->max_size == 0))
        return ERR_FORMAT;
    /* TS 102 221 11.1.1.4.8: without the object the FID says the SFI. */
    if (!t->has_sfi && (f->fid & 0x1F) <= SFI_MAX)
        f->sfi = f->fid & 0x1F;
    return complete_size(t);
}

/* ---- patterns ---- */

/* Byte at this place of a body or record (TS 102 222 6.3.2.2.4). */
static uint8_t pattern_at(const struct fs_template *t, size_t place)
{
    if (t->repeat.left > 0)
        return t->repeat.at[place % t->repeat.left];
    if (t->filling.left > 0)
        return t->filling.at[place < t->filling.left ? place : t->filling.left - 1];
    return 0xFF;
}

enum err fs_template_fill(struct card *card, uint16_t node, const struct fs_template *t,
                          size_t offset)
{
    const struct fs_file *f = fs_file(card, node);
    size_t size = f->size, period = f->record_len != 0 ? f->record_len : size;
    enum err e = ERR_OK;

    if (t->filling.left + t->repeat.left == 0 || f->kind == FS_BER_TLV)
        return ERR_OK;
    if (offset == 0 && t->repeat.left == 0 && t->filling.left == 1)
        return fs_fill(card, node, t->filling.at[0]);
    while (offset < size && e == ERR_OK) {
        uint8_t chunk[CHUNK];
        size_t n = 0;

        for (; n < sizeof chunk && offset + n < size; n++)
            chunk[n] = pattern_at(t, (offset + n) % period);
        e = fs_write(card, node, offset, RD(chunk, n));
        offset += n;
    }
    return e;
}
