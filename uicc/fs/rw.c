/*
 * READ and UPDATE of transparent EFs and of records (TS 102 221 11.1.3 to 11.1.6).
 */
#include "uicc/applet/toolkit.h"
#include "uicc/core/handlers.h"
#include "uicc/fs/tree.h"

#define P1_SFI     0x80 /* READ, UPDATE BINARY: SFI in b5-b1, P2 is the offset */
#define P1_SFI_RFU 0x60
#define SFI_MASK   0x1F
#define LE_MAX     256U
#define MODE_MASK  0x07
#define MODE_NEXT  0x02
#define MODE_PREV  0x03
#define MODE_ABS   0x04

/* ---- which file ---- */

sw_t fs_target(const struct card *card, const struct exec *x, uint8_t sfi, uint16_t *node)
{
    if (sfi == 0) {
        *node = x->ch->ef;
        return *node == NODE_NONE ? SW_NO_EF : SW_OK;
    }
    *node = fs_by_sfi(card, x->ch->df, sfi);
    return *node == NODE_NONE ? SW_NOT_FOUND : SW_OK;
}

/* By SFI a file becomes current, and has no current record, if the command succeeds (ISO/IEC 7816-4
 * 7.3.1): also the one that was current. */
static void make_current(struct exec *x, uint8_t sfi, uint16_t node)
{
    if (sfi == 0)
        return;
    x->ch->ef = node;
    x->ch->record = 0;
}

/* ---- transparent ---- */

/* The EF and offset that P1 P2 name, and whether the access is permitted. */
static sw_t binary_target(struct card *card, struct exec *x, enum fs_access access, uint16_t *node,
                          size_t *offset)
{
    const struct apdu *c = x->cmd;
    bool by_sfi = (c->p1 & P1_SFI) != 0;
    uint8_t sfi = by_sfi ? c->p1 & SFI_MASK : 0;
    sw_t sw;

    if (by_sfi && ((c->p1 & P1_SFI_RFU) != 0 || sfi == 0))
        return SW_P1P2;
    sw = fs_target(card, x, sfi, node);
    if (!sw_equal(sw, SW_OK))
        return sw;
    if (fs_file(card, *node)->kind != FS_TRANSPARENT)
        return SW_STRUCTURE;
    *offset = by_sfi ? c->p2 : (size_t)c->p1 << 8 | c->p2;
    sw = access_check(card, x, *node, access);
    if (sw_equal(sw, SW_OK))
        make_current(x, sfi, *node);
    return sw;
}

sw_t fs_cmd_read_binary(struct card *card, struct exec *x)
{
    size_t want = x->cmd->p3 == 0 ? LE_MAX : x->cmd->p3;
    uint16_t node = NODE_NONE;
    size_t offset = 0;
    struct rd body;
    sw_t sw = binary_target(card, x, FS_READ, &node, &offset);

    if (!sw_equal(sw, SW_OK))
        return sw;
    body = fs_body(card, node);
    if (offset >= body.left)
        return SW_OFFSET;
    if (want > body.left - offset)
        want = body.left - offset;
    wr_bytes(x->out, body.at + offset, want);
    return SW_OK;
}

sw_t fs_cmd_update_binary(struct card *card, struct exec *x)
{
    struct rd data = x->cmd->data;
    uint16_t node = NODE_NONE;
    size_t offset = 0, size;
    sw_t sw;

    if (data.left == 0)
        return SW_WRONG_LENGTH;
    sw = binary_target(card, x, FS_UPDATE, &node, &offset);
    if (!sw_equal(sw, SW_OK))
        return sw;
    size = fs_file(card, node)->size;
    if (offset >= size)
        return SW_OFFSET;
    if (data.left > size - offset)
        return SW_WRONG_LENGTH;
    return sw_from_err(fs_write(card, node, offset, data));
}

/* ---- records ---- */

static bool has_records(const struct fs_file *f)
{
    return f->kind == FS_LINEAR || f->kind == FS_CYCLIC;
}

/* Record number for a mode, from the pointer (0 undefined); 0 when there is none (TS 102 221
 * 11.1.5.1). */
static uint8_t record_number(const struct fs_file *f, uint8_t pointer, uint8_t mode, uint8_t p1)
{
    uint8_t count = f->record_count;
    bool cyclic = f->kind == FS_CYCLIC;

    switch (mode) {
    case MODE_NEXT:
        if (pointer < count)
            return (uint8_t)(pointer + 1);
        return cyclic ? 1 : 0;
    case MODE_PREV:
        if (pointer == 0)
            return count;
        if (pointer > 1)
            return (uint8_t)(pointer - 1);
        return cyclic ? count : 0;
    default:
        return p1 != 0 ? p1 : pointer;
    }
}

/* The record EF that P2 names, and whether the access is permitted. */
static sw_t record_target(struct card *card, struct exec *x, enum fs_access access, uint16_t *node)
{
    uint8_t mode = x->cmd->p2 & MODE_MASK;
    uint8_t sfi = x->cmd->p2 >> 3;
    sw_t sw;

    if (mode < MODE_NEXT || mode > MODE_ABS || (mode != MODE_ABS && x->cmd->p1 != 0))
        return SW_P1P2;
    sw = fs_target(card, x, sfi, node);
    if (!sw_equal(sw, SW_OK))
        return sw;
    if (!has_records(fs_file(card, *node)))
        return SW_STRUCTURE;
    sw = access_check(card, x, *node, access);
    if (sw_equal(sw, SW_OK))
        make_current(x, sfi, *node);
    return sw;
}

/* Absolute addressing leaves the record pointer where it is. */
static void move_pointer(struct exec *x, uint8_t mode, uint8_t number)
{
    if (mode != MODE_ABS)
        x->ch->record = number;
}

sw_t fs_cmd_read_record(struct card *card, struct exec *x)
{
    uint8_t mode = x->cmd->p2 & MODE_MASK;
    uint16_t node = NODE_NONE;
    struct rd record;
    uint8_t number;
    enum err e;
    sw_t sw = record_target(card, x, FS_READ, &node);

    if (!sw_equal(sw, SW_OK))
        return sw;
    number = record_number(fs_file(card, node), x->ch->record, mode, x->cmd->p1);
    e = fs_record(card, node, number, &record);
    if (e == ERR_NOT_FOUND)
        return SW_RECORD;
    if (e != ERR_OK)
        return sw_from_err(e);
    move_pointer(x, mode, number);
    wr_rd(x->out, record);
    return SW_OK;
}

/* TS 102 221 11.1.6: the oldest record is overwritten and becomes number 1. */
static sw_t update_cyclic(struct card *card, struct exec *x, uint16_t node)
{
    enum err e;

    if ((x->cmd->p2 & MODE_MASK) != MODE_PREV)
        return SW_STRUCTURE;
    if (x->cmd->data.left != fs_file(card, node)->record_len)
        return SW_WRONG_LENGTH;
    e = fs_push_record(card, node, x->cmd->data);
    if (e == ERR_OK)
        x->ch->record = 1;
    return sw_from_err(e);
}

sw_t fs_cmd_update_record(struct card *card, struct exec *x)
{
    uint8_t mode = x->cmd->p2 & MODE_MASK;
    uint16_t node = NODE_NONE;
    const struct fs_file *f;
    uint8_t number;
    sw_t sw = record_target(card, x, FS_UPDATE, &node);

    if (!sw_equal(sw, SW_OK))
        return sw;
    f = fs_file(card, node);
    if (f->kind == FS_CYCLIC)
        return update_cyclic(card, x, node);
    number = record_number(f, x->ch->record, mode, x->cmd->p1);
    if (number == 0 || number > f->record_count)
        return SW_RECORD;
    if (x->cmd->data.left != f->record_len)
        return SW_WRONG_LENGTH;
    move_pointer(x, mode, number);
    sw = sw_from_err(fs_write_record(card, node, number, x->cmd->data));
    return sw_equal(sw, SW_OK) && !x->remote
               ? applet_record_written(card, node, number, x->cmd->data)
               : sw;
}
