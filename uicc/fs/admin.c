/*
 * CREATE, DELETE, RESIZE, TERMINATE (TS 102 222 6) and DEACTIVATE, ACTIVATE
 * (TS 102 221 11.1.14, 11.1.15).
 */
#include "uicc/core/handlers.h"
#include "uicc/fs/template.h"

#define P1_HERE      0x00 /* current file, or FID */
#define P1_PATH_MF   0x08
#define P1_PATH_HERE 0x09
#define RESIZE_ERASE 0x01 /* P1: a BER-TLV EF that is too full loses all */
#define COUNT_MAX    254U
#define DEPTH_MAX    6U /* of DFs below the MF */

/* ---- which file ---- */

/* Is a file selected on another channel? */
static bool is_in_use(const struct card *card, const struct exec *x, uint16_t node)
{
    for (unsigned i = 0; i < APDU_CHANNELS; i++) {
        const struct channel *ch = channel_get(card, i);
        uint16_t df;

        if (ch == NULL || ch == x->ch)
            continue;
        if (ch->ef == node || ch->app == node)
            return true;
        for (df = ch->df; df != NODE_MF && df != node; df = fs_file(card, df)->parent)
            continue;
        if (df == node)
            return true;
    }
    return false;
}

/* A child of the current DF, the current file, or none. */
static uint16_t near(const struct card *card, const struct channel *ch, struct rd fid_bytes)
{
    uint16_t fid = 0, node;

    if (rd_u16(&fid_bytes, &fid) != ERR_OK)
        return NODE_NONE;
    node = fs_child(card, ch->df, fid);
    if (node == NODE_NONE && ch->df != NODE_MF && fs_file(card, ch->df)->fid == fid)
        node = ch->df;
    return node;
}

static bool is_mirrored(const struct card *card, uint16_t node)
{
    if (fs_file(card, node)->shares != 0)
        return true;
    for (uint16_t n = fs_next(card, NODE_NONE); n != NODE_NONE; n = fs_next(card, n)) {
        if (fs_file(card, n)->shares == node)
            return true;
    }
    return false;
}

/* ---- CREATE FILE ---- */

static unsigned depth_of(const struct card *card, uint16_t node)
{
    unsigned depth = 0;

    for (; node != NODE_MF; node = fs_file(card, node)->parent)
        depth++;
    return depth;
}

static bool name_exists(const struct card *card, struct rd name)
{
    uint16_t node;

    for (unsigned n = 0; (node = fs_by_aid(card, name, n)) != NODE_NONE; n++) {
        if (fs_file(card, node)->aid_len == name.left)
            return true;
    }
    return false;
}

/* TS 102 221 8.3: no two children of one DF, and no DF beside or above, have one FID. */
static sw_t check_names(const struct card *card, uint16_t df, const struct fs_file *f)
{
    const struct fs_file *parent = fs_file(card, df);
    uint16_t beside = fs_child(card, parent->parent, f->fid);

    if (fs_child(card, df, f->fid) != NODE_NONE || parent->fid == f->fid ||
        (df != NODE_MF && beside != NODE_NONE && fs_is_df(card, beside)))
        return SW_FID_EXISTS;
    if (f->kind == FS_ADF && name_exists(card, RD(f->aid, f->aid_len)))
        return SW_NAME_EXISTS;
    return SW_OK;
}

/* A rule that is not there would lock the file for ever. */
static sw_t check_rule(const struct card *card, const struct fs_template *t)
{
    struct rd record;
    uint16_t arr;

    if (t->security.left > 0)
        return SW_OK;
    arr = fs_arr(card, &t->file, t->file.arr_fid);
    if (arr == NODE_NONE || fs_record(card, arr, t->file.arr_record, &record) != ERR_OK)
        return SW_REFERENCE;
    return SW_OK;
}

static sw_t check_new(const struct card *card, uint16_t df, struct fs_template *t)
{
    struct fs_file *f = &t->file;
    sw_t sw = check_names(card, df, f);

    if (!sw_equal(sw, SW_OK))
        return sw;
    if (f->kind == FS_ADF && df != NODE_MF)
        return SW_CONDITIONS;
    if (f->kind <= FS_ADF && depth_of(card, df) >= DEPTH_MAX)
        return SW_CONDITIONS;
    if (f->sfi != 0 && fs_by_sfi(card, df, f->sfi) != NODE_NONE) {
        if (t->has_sfi)
            return SW_BAD_DATA;
        f->sfi = 0;
    }
    if (f->size > FS_SIZE_MAX || f->size > card_free_memory(card))
        return SW_SPACE;
    return check_rule(card, t);
}

sw_t fs_cmd_create(struct card *card, struct exec *x)
{
    struct fs_template t;
    uint16_t node = NODE_NONE, df = x->ch->df;
    enum err e;
    sw_t sw;

    if (x->cmd->p1 != 0 || x->cmd->p2 != 0)
        return SW_P1P2;
    if (x->cmd->data.left == 0)
        return SW_WRONG_LENGTH;
    if (fs_template_read(x->cmd->data, &t) != ERR_OK || fs_template_complete(&t) != ERR_OK)
        return SW_BAD_DATA;
    t.file.parent = df;
    sw = access_check(card, x, df, t.file.kind <= FS_ADF ? FS_CREATE_DF : FS_CREATE_EF);
    if (sw_equal(sw, SW_OK))
        sw = check_new(card, df, &t);
    if (!sw_equal(sw, SW_OK))
        return sw;
    e = fs_add(card, &t.file, t.lcs, t.security, &node);
    if (e == ERR_OK && t.file.kind > FS_ADF)
        e = fs_template_fill(card, node, &t, 0);
    if (e == ERR_OK && t.file.kind != FS_ADF)
        fs_make_current(card, x->ch, node);
    return sw_from_err(e);
}

/* ---- DELETE FILE ---- */

/* The file's own rule; where that is silent, what the DF above says of its children. */
static sw_t may_delete(const struct card *card, const struct exec *x, uint16_t node)
{
    sw_t sw = access_check(card, x, node, FS_DELETE);

    if (!sw_equal(sw, SW_SECURITY) || !fs_is_silent(card, node, FS_DELETE))
        return sw;
    return access_check(card, x, fs_file(card, node)->parent, FS_DELETE_CHILD);
}

sw_t fs_cmd_delete(struct card *card, struct exec *x)
{
    uint16_t node, parent;
    enum err e;
    sw_t sw;

    if (x->cmd->p1 != 0 || x->cmd->p2 != 0)
        return SW_P1P2;
    if (x->cmd->data.left != 2)
        return SW_WRONG_LENGTH;
    node = near(card, x->ch, x->cmd->data);
    if (node == NODE_NONE)
        return SW_NOT_FOUND;
    sw = may_delete(card, x, node);
    if (!sw_equal(sw, SW_OK))
        return sw;
    if (is_in_use(card, x, node))
        return SW_CONDITIONS;
    cmd_end_transfers(card);
    parent = fs_file(card, node)->parent;
    e = fs_remove(card, node);
    if (e == ERR_OK && !fs_exists(card, x->ch->df))
        fs_make_current(card, x->ch, parent);
    return sw_from_err(e);
}

/* ---- RESIZE FILE ---- */

static sw_t resize_tlv(struct card *card, const struct exec *x, uint16_t node, uint32_t size)
{
    enum err e = ERR_OK;

    if (fs_body(card, node).left > size) {
        if (x->cmd->p1 != RESIZE_ERASE)
            return SW_SPACE;
        e = fs_put_objects(card, node, RD(NULL, 0));
    }
    return sw_from_err(e == ERR_OK ? fs_resize(card, node, size) : e);
}

static sw_t resize_ef(struct card *card, const struct exec *x, uint16_t node,
                      const struct fs_template *t)
{
    const struct fs_file *f = fs_file(card, node);
    uint32_t size = t->file.size, old = f->size;
    enum err e;

    if (f->kind == FS_CYCLIC || is_mirrored(card, node))
        return SW_STRUCTURE;
    if (f->kind == FS_BER_TLV && t->max_size != 0)
        size = t->max_size;
    if (size == 0)
        return SW_BAD_DATA;
    if (f->kind == FS_LINEAR && (size % f->record_len != 0 || size / f->record_len > COUNT_MAX))
        return SW_BAD_DATA;
    if (size > FS_SIZE_MAX || (size > old && size - old > card_free_memory(card)))
        return SW_SPACE;
    if (f->kind == FS_BER_TLV)
        return resize_tlv(card, x, node, size);
    e = fs_resize(card, node, size);
    if (e == ERR_OK && size > old)
        e = fs_template_fill(card, node, t, old);
    return sw_from_err(e);
}

/* RESIZE has no bit in the access mode byte. Where no rule names it, who may delete may resize. */
static sw_t may_resize(const struct card *card, const struct exec *x, uint16_t node)
{
    sw_t sw = access_check(card, x, node, FS_RESIZE);

    if (!sw_equal(sw, SW_SECURITY) || !fs_is_silent(card, node, FS_RESIZE))
        return sw;
    return access_check(card, x, node, FS_DELETE);
}

static uint16_t resize_target(const struct card *card, const struct exec *x, uint16_t fid)
{
    uint8_t bytes[] = {(uint8_t)(fid >> 8), (uint8_t)fid};

    return near(card, x->ch, RD_ARRAY(bytes));
}

sw_t fs_cmd_resize(struct card *card, struct exec *x)
{
    struct fs_template t;
    uint16_t node;
    sw_t sw;

    if (x->cmd->p1 > RESIZE_ERASE || x->cmd->p2 != 0)
        return SW_P1P2;
    if (x->cmd->data.left == 0)
        return SW_WRONG_LENGTH;
    if (fs_template_read(x->cmd->data, &t) != ERR_OK || !t.has_fid)
        return SW_BAD_DATA;
    node = resize_target(card, x, t.file.fid);
    if (node == NODE_NONE)
        return SW_NOT_FOUND;
    sw = may_resize(card, x, node);
    if (!sw_equal(sw, SW_OK))
        return sw;
    if (fs_lcs(card, node) != FS_LCS_ACTIVATED || is_in_use(card, x, node))
        return SW_CONDITIONS;
    if (!fs_is_df(card, node))
        sw = resize_ef(card, x, node, &t);
    /* A DF takes what it needs of the card's memory; its size is not held against it. */
    if (sw_equal(sw, SW_OK))
        fs_make_current(card, x->ch, node);
    return sw;
}

/* ---- life cycle ---- */

/* P1 00: the current EF, or a FID; 08, 09: a path. */
static sw_t life_cycle_target(const struct card *card, const struct exec *x, uint16_t *node)
{
    const struct apdu *c = x->cmd;

    if ((c->p1 != P1_HERE && c->p1 != P1_PATH_MF && c->p1 != P1_PATH_HERE) || c->p2 != 0)
        return SW_P1P2;
    if (c->p1 == P1_HERE && c->data.left == 0) {
        *node = x->ch->ef;
        return *node == NODE_NONE ? SW_NO_EF : SW_OK;
    }
    if (c->p1 == P1_HERE ? c->data.left != 2 : c->data.left == 0 || c->data.left % 2 != 0)
        return SW_WRONG_LENGTH;
    *node = fs_resolve(card, x->ch, c->p1, c->data);
    return *node == NODE_NONE ? SW_NOT_FOUND : SW_OK;
}

static sw_t change_life_cycle(struct card *card, struct exec *x, enum fs_access access, uint8_t lcs)
{
    uint16_t node = NODE_NONE;
    sw_t sw = life_cycle_target(card, x, &node);

    if (!sw_equal(sw, SW_OK))
        return sw;
    sw = access_check(card, x, node, access);
    if (!sw_equal(sw, SW_OK))
        return sw;
    if (node == NODE_MF)
        return SW_CONDITIONS;
    if (x->cmd->data.left > 0)
        fs_make_current(card, x->ch, node);
    return fs_lcs(card, node) == lcs ? SW_OK : sw_from_err(fs_set_lcs(card, node, lcs));
}

sw_t fs_cmd_activate(struct card *card, struct exec *x)
{
    return change_life_cycle(card, x, FS_ACTIVATE, FS_LCS_ACTIVATED);
}

sw_t fs_cmd_deactivate(struct card *card, struct exec *x)
{
    return change_life_cycle(card, x, FS_DEACTIVATE, FS_LCS_DEACTIVATED);
}

/* ---- TERMINATE ---- */

static sw_t terminate(struct card *card, struct exec *x, uint16_t node)
{
    sw_t sw = access_check(card, x, node, FS_TERMINATE);

    return sw_equal(sw, SW_OK) ? sw_from_err(fs_set_lcs(card, node, FS_LCS_TERMINATED)) : sw;
}

/* Without data the current file; some terminals send its FID. */
static sw_t terminate_target(const struct card *card, const struct exec *x, uint16_t current,
                             uint16_t *node)
{
    if (x->cmd->p1 != 0 || x->cmd->p2 != 0)
        return SW_P1P2;
    if (x->cmd->data.left == 0) {
        *node = current;
        return current == NODE_NONE ? SW_NO_EF : SW_OK;
    }
    if (x->cmd->data.left != 2)
        return SW_WRONG_LENGTH;
    *node = near(card, x->ch, x->cmd->data);
    return *node == NODE_NONE ? SW_NOT_FOUND : SW_OK;
}

sw_t fs_cmd_terminate_ef(struct card *card, struct exec *x)
{
    uint16_t node = NODE_NONE;
    sw_t sw = terminate_target(card, x, x->ch->ef, &node);

    if (!sw_equal(sw, SW_OK))
        return sw;
    return fs_is_df(card, node) ? SW_STRUCTURE : terminate(card, x, node);
}

sw_t fs_cmd_terminate_df(struct card *card, struct exec *x)
{
    uint16_t node = NODE_NONE;
    sw_t sw = terminate_target(card, x, x->ch->df, &node);

    if (!sw_equal(sw, SW_OK))
        return sw;
    return !fs_is_df(card, node) || node == NODE_MF ? SW_STRUCTURE : terminate(card, x, node);
}

sw_t fs_cmd_terminate_card(struct card *card, struct exec *x)
{
    if (x->cmd->p1 != 0 || x->cmd->p2 != 0)
        return SW_P1P2;
    return terminate(card, x, NODE_MF);
}
