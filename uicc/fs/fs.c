#include "uicc/fs/fs.h"
#include "uicc/fs/tree.h"

#define META_LEN    6U
#define LCS_DELETED 0x00
#define KIND_OBJECT 0xFF000000U /* part of an object id that says what it is */
#define FID_ADF     0x7FFF      /* the current application, TS 102 221 8.3 */

/* What OBJ_FILE_META says. */
struct meta {
    uint8_t lcs, record_count;
    uint32_t size;
};

/* ---- what the store says of a file ---- */

static bool read_meta(const struct card *card, uint16_t node, struct meta *out)
{
    struct rd r;

    if (!card->fs->any_meta || !store_get(&card->store, OBJ_FILE_META(node), &r))
        return false;
    return rd_u8(&r, &out->lcs) == ERR_OK && rd_u8(&r, &out->record_count) == ERR_OK &&
           rd_u32(&r, &out->size) == ERR_OK;
}

static enum err put_meta(struct card *card, uint16_t node, const struct meta *m)
{
    uint8_t bytes[META_LEN];
    struct wr w = WR_ARRAY(bytes);

    wr_u8(&w, m->lcs);
    wr_u8(&w, m->record_count);
    wr_u32(&w, m->size);
    card->fs->any_meta = true;
    return store_put(&card->store, OBJ_FILE_META(node), RD_WR(&w));
}

/* Fixed part, then AID and security attribute, each behind its length. */
static enum err decode_new(struct rd r, struct fs_view *v, uint8_t *lcs)
{
    struct fs_file f = {0};
    struct rd aid = {0}, security = {0};
    uint8_t len;

    if (rd_u16(&r, &f.fid) != ERR_OK || rd_u16(&r, &f.parent) != ERR_OK ||
        rd_u8(&r, &f.kind) != ERR_OK || rd_u8(&r, &f.sfi) != ERR_OK ||
        rd_u8(&r, &f.flags) != ERR_OK || rd_u16(&r, &f.record_len) != ERR_OK ||
        rd_u8(&r, &f.record_count) != ERR_OK || rd_u32(&r, &f.size) != ERR_OK ||
        rd_u16(&r, &f.arr_fid) != ERR_OK || rd_u8(&r, &f.arr_record) != ERR_OK ||
        rd_u8(&r, lcs) != ERR_OK || rd_u8(&r, &f.aid_len) != ERR_OK ||
        rd_take(&r, f.aid_len, &aid) != ERR_OK || rd_u8(&r, &len) != ERR_OK ||
        rd_take(&r, len, &security) != ERR_OK || r.left > 0)
        return ERR_CORRUPT;
    f.aid = aid.at;
    v->file = f;
    v->security = security;
    return ERR_OK;
}

static enum err put_new(struct card *card, uint16_t node, const struct fs_file *f, uint8_t lcs,
                        struct rd security)
{
    uint8_t bytes[24 + FS_AID_MAX + FS_SECURITY_MAX];
    struct wr w = WR_ARRAY(bytes);

    wr_u16(&w, f->fid);
    wr_u16(&w, f->parent);
    wr_u8(&w, f->kind);
    wr_u8(&w, f->sfi);
    wr_u8(&w, f->flags);
    wr_u16(&w, f->record_len);
    wr_u8(&w, f->record_count);
    wr_u32(&w, f->size);
    wr_u16(&w, f->arr_fid);
    wr_u8(&w, f->arr_record);
    wr_u8(&w, lcs);
    wr_u8(&w, f->aid_len);
    wr_bytes(&w, f->aid, f->aid_len);
    wr_u8(&w, (uint8_t)security.left);
    wr_rd(&w, security);
    return wr_result(&w) != ERR_OK ? ERR_SPACE
                                   : store_put(&card->store, OBJ_FILE_NEW(node), RD_WR(&w));
}

/* ---- views ---- */

static bool is_made(const struct card *card, uint16_t node)
{
    return node >= card->profile->file_count;
}

static struct fs_view *find_view(const struct card *card, uint16_t node)
{
    struct fs_view *v = card->fs->views;

    while (v != NULL && v->node != node)
        v = v->next;
    return v;
}

static struct fs_view *make_view(struct card *card, uint16_t node)
{
    struct fs_view *v = find_view(card, node);

    if (v != NULL)
        return v;
    v = arena_alloc(card->engine->arena, sizeof *v);
    if (v == NULL)
        return NULL;
    v->node = node;
    v->next = card->fs->views;
    card->fs->views = v;
    return v;
}

/* Bring a view up to what the store says now: a roll-back may have changed it. NULL: no such
 * file. */
static struct fs_view *refresh(const struct card *card, struct fs_view *v, uint8_t *lcs)
{
    struct meta m;
    struct rd r;

    *lcs = FS_LCS_ACTIVATED;
    if (!is_made(card, v->node))
        v->file = card->profile->files[v->node];
    else if (!store_get(&card->store, OBJ_FILE_NEW(v->node), &r) || decode_new(r, v, lcs) != ERR_OK)
        return NULL;
    if (!read_meta(card, v->node, &m))
        return v;
    *lcs = m.lcs;
    v->file.size = m.size;
    v->file.record_count = m.record_count;
    return m.lcs == LCS_DELETED ? NULL : v;
}

bool fs_exists(const struct card *card, uint16_t node)
{
    struct meta m;
    struct rd r;

    if (is_made(card, node))
        return node != NODE_NONE && card->fs->views != NULL &&
               store_get(&card->store, OBJ_FILE_NEW(node), &r);
    if (read_meta(card, node, &m) && m.lcs == LCS_DELETED)
        return false;
    return card->profile->files[node].shares == 0 ||
           fs_exists(card, card->profile->files[node].shares);
}

const struct fs_file *fs_file(const struct card *card, uint16_t node)
{
    struct fs_view *v;
    uint8_t lcs;

    if (!is_made(card, node) && !card->fs->any_meta)
        return &card->profile->files[node];
    v = find_view(card, node);
    if (v == NULL)
        return &card->profile->files[node];
    v = refresh(card, v, &lcs);
    return v == NULL ? NULL : &v->file;
}

struct rd fs_security(const struct card *card, uint16_t node)
{
    struct fs_view *v = is_made(card, node) ? find_view(card, node) : NULL;
    uint8_t lcs;

    if (v == NULL || refresh(card, v, &lcs) == NULL)
        return RD(NULL, 0);
    return v->security;
}

bool fs_is_df(const struct card *card, uint16_t node)
{
    return fs_file(card, node)->kind <= FS_ADF;
}

uint8_t fs_lcs(const struct card *card, uint16_t node)
{
    struct fs_view *v;
    struct meta m;
    uint8_t lcs;

    if (!is_made(card, node))
        return read_meta(card, node, &m) ? m.lcs : FS_LCS_ACTIVATED;
    v = find_view(card, node);
    return v != NULL && refresh(card, v, &lcs) != NULL ? lcs : LCS_DELETED;
}

static struct meta current_meta(const struct card *card, uint16_t node)
{
    const struct fs_file *f = fs_file(card, node);

    return (struct meta){fs_lcs(card, node), f->record_count, f->size};
}

enum err fs_set_lcs(struct card *card, uint16_t node, uint8_t lcs)
{
    struct meta m = current_meta(card, node);

    m.lcs = lcs;
    return put_meta(card, node, &m);
}

/* ---- looking for files ---- */

/* A file that CREATE FILE made, by FID or (sfi) by SFI. */
static uint16_t made_child(const struct card *card, uint16_t df, uint16_t id, bool sfi)
{
    for (struct fs_view *v = card->fs->views; v != NULL; v = v->next) {
        uint8_t lcs;

        if (is_made(card, v->node) && refresh(card, v, &lcs) != NULL && v->file.parent == df &&
            (sfi ? v->file.sfi : v->file.fid) == id)
            return v->node;
    }
    return NODE_NONE;
}

uint16_t fs_child(const struct card *card, uint16_t df, uint16_t fid)
{
    const struct fs_index *x = card->fs->index;
    uint16_t node = fs_index_find(x->fids, x->fid_count, fs_index_key(df, fid));

    if (node != NODE_NONE && fs_exists(card, node))
        return node;
    return made_child(card, df, fid, false);
}

uint16_t fs_by_sfi(const struct card *card, uint16_t df, uint8_t sfi)
{
    const struct fs_index *x = card->fs->index;
    uint16_t node = fs_index_find(x->sfis, x->sfi_count, fs_index_key(df, sfi));

    if (sfi == 0)
        return NODE_NONE;
    if (node != NODE_NONE && fs_exists(card, node))
        return node;
    return made_child(card, df, sfi, true);
}

uint16_t fs_by_path(const struct card *card, uint16_t df, uint16_t app, struct rd path)
{
    bool first = true;
    uint16_t fid;

    if (path.left == 0 || path.left % 2 != 0)
        return NODE_NONE;
    while (rd_u16(&path, &fid) == ERR_OK) {
        if (!first && !fs_is_df(card, df))
            return NODE_NONE;
        df = first && fid == FID_ADF ? app : fs_child(card, df, fid);
        if (df == NODE_NONE)
            return NODE_NONE;
        first = false;
    }
    return df;
}

static bool name_begins(const struct fs_file *f, struct rd name)
{
    return f != NULL && f->kind == FS_ADF && name.left <= f->aid_len &&
           rd_equal(RD(f->aid, name.left), name);
}

uint16_t fs_by_aid(const struct card *card, struct rd name, unsigned n)
{
    const struct fs_index *x = card->fs->index;

    for (uint16_t i = 0; i < x->adf_count; i++) {
        uint16_t node = x->adfs[i];

        if (fs_exists(card, node) && name_begins(fs_file(card, node), name) && n-- == 0)
            return node;
    }
    for (unsigned i = 0; card->fs->views != NULL && i < FS_MADE_MAX; i++) {
        uint16_t node = (uint16_t)(card->profile->file_count + i);

        if (fs_exists(card, node) && name_begins(fs_file(card, node), name) && n-- == 0)
            return node;
    }
    return NODE_NONE;
}

uint16_t fs_next(const struct card *card, uint16_t node)
{
    unsigned end = card->profile->file_count;
    unsigned next = node == NODE_NONE ? 0 : node + 1U;

    if (card->fs->views != NULL)
        end += FS_MADE_MAX;
    for (; next < end; next++) {
        if (fs_exists(card, (uint16_t)next))
            return (uint16_t)next;
    }
    return NODE_NONE;
}

uint16_t fs_application(const struct card *card, uint16_t node)
{
    while (node != NODE_MF) {
        const struct fs_file *f = fs_file(card, node);

        if (f->kind == FS_ADF)
            return node;
        node = f->parent;
    }
    return NODE_NONE;
}

uint16_t fs_arr(const struct card *card, const struct fs_file *file, uint16_t fid)
{
    uint16_t df = file->parent;

    for (;;) {
        uint16_t node = fs_child(card, df, fid);

        if (node != NODE_NONE && fs_file(card, node)->kind == FS_LINEAR)
            return node;
        if (df == NODE_MF)
            return NODE_NONE;
        df = fs_file(card, df)->parent;
    }
}

/* ---- changes of the tree ---- */

enum err fs_add(struct card *card, const struct fs_file *file, uint8_t lcs, struct rd security,
                uint16_t *node)
{
    for (unsigned i = 0; i < FS_MADE_MAX; i++) {
        uint16_t free_node = (uint16_t)(card->profile->file_count + i);
        struct rd r;
        enum err e;

        if (store_get(&card->store, OBJ_FILE_NEW(free_node), &r))
            continue;
        if (make_view(card, free_node) == NULL)
            return ERR_NOMEM;
        e = put_new(card, free_node, file, lcs, security);
        if (e == ERR_OK)
            e = store_delete(&card->store, OBJ_FILE_META(free_node));
        if (e == ERR_OK && file->kind > FS_ADF)
            e = store_put_filled(&card->store, OBJ_FILE(free_node), 0xFF,
                                 file->kind == FS_BER_TLV ? 0 : file->size);
        if (e == ERR_OK)
            *node = free_node;
        return e;
    }
    return ERR_SPACE;
}

/* One file, without what is below it. */
static enum err remove_one(struct card *card, uint16_t node)
{
    struct meta deleted = {LCS_DELETED, 0, 0};
    enum err e = store_delete(&card->store, OBJ_FILE(node));

    if (e != ERR_OK)
        return e;
    if (!is_made(card, node))
        return put_meta(card, node, &deleted);
    e = store_delete(&card->store, OBJ_FILE_META(node));
    return e == ERR_OK ? store_delete(&card->store, OBJ_FILE_NEW(node)) : e;
}

enum err fs_remove(struct card *card, uint16_t node)
{
    bool df = fs_is_df(card, node);
    uint16_t parent = fs_file(card, node)->parent;
    enum err e = remove_one(card, node);

    /* Below it are no more than two levels; a DF's own children go first in the recursion. */
    for (uint16_t n = fs_next(card, NODE_NONE); df && n != NODE_NONE && e == ERR_OK;
         n = fs_next(card, n)) {
        if (n != NODE_MF && fs_file(card, n)->parent == node)
            e = fs_remove(card, n);
    }
    if (e == ERR_OK)
        channel_forget_node(card, node, parent);
    return e;
}

/* The body at its new length. The old bytes are borrowed from the store or the profile. */
static enum err resize_body(struct card *card, uint16_t node, uint32_t size)
{
    struct rd old = fs_body(card, node);
    enum err e;

    if (old.left >= size)
        return store_put(&card->store, OBJ_FILE(node), RD(old.at, size));
    /* Put first: the object's old memory stays until the transaction ends. */
    e = store_put_filled(&card->store, OBJ_FILE(node), 0xFF, size);
    return e == ERR_OK ? store_patch(&card->store, OBJ_FILE(node), 0, old) : e;
}

enum err fs_resize(struct card *card, uint16_t node, uint32_t size)
{
    struct meta m = current_meta(card, node);
    const struct fs_file *f = fs_file(card, node);
    enum err e = ERR_OK;

    m.size = size;
    if (f->record_len != 0)
        m.record_count = (uint8_t)(size / f->record_len);
    if (make_view(card, node) == NULL)
        return ERR_NOMEM;
    if (f->kind != FS_BER_TLV)
        e = resize_body(card, node, size);
    if (e == ERR_OK && !is_made(card, node))
        card->fs->changed[node / 8] |= (uint8_t)(1U << node % 8);
    return e == ERR_OK ? put_meta(card, node, &m) : e;
}

/* ---- begin and end ---- */

static enum err open_new(struct card *card, uint16_t node, struct rd bytes)
{
    struct fs_view *v = is_made(card, node) ? make_view(card, node) : NULL;
    uint8_t lcs;

    if (v == NULL)
        return is_made(card, node) ? ERR_NOMEM : ERR_CORRUPT;
    return decode_new(bytes, v, &lcs);
}

static enum err open_meta(struct card *card, uint16_t node)
{
    struct meta m;

    card->fs->any_meta = true;
    if (!read_meta(card, node, &m) || m.size > FS_SIZE_MAX)
        return ERR_CORRUPT;
    if (m.lcs == LCS_DELETED)
        return ERR_OK;
    return make_view(card, node) == NULL ? ERR_NOMEM : ERR_OK;
}

/* One object of the store, if it is of a file. */
static enum err open_object(struct card *card, const struct store_object *o)
{
    uint16_t node = (uint16_t)o->id;
    uint32_t kind = o->id & KIND_OBJECT;

    if ((kind == OBJ_FILE(0) || kind == OBJ_FILE_META(0) || kind == OBJ_FILE_NEW(0)) &&
        node >= card->profile->file_count + FS_MADE_MAX)
        return ERR_CORRUPT;
    switch (kind) {
    case OBJ_FILE(0):
        if (!is_made(card, node))
            card->fs->changed[node / 8] |= (uint8_t)(1U << node % 8);
        return ERR_OK;
    case OBJ_FILE_META(0):
        return open_meta(card, node);
    case OBJ_FILE_NEW(0):
        return open_new(card, node, RD(o->bytes, o->len));
    default:
        return ERR_OK;
    }
}

static bool made_is_sound(const struct card *card, const struct fs_file *f, uint16_t node)
{
    if (f->kind == FS_MF || f->kind > FS_BER_TLV || f->sfi > 30 || f->size > FS_SIZE_MAX ||
        f->aid_len > FS_AID_MAX || (f->kind == FS_ADF) != (f->aid_len > 0) || f->parent == node ||
        !fs_exists(card, f->parent) || !fs_is_df(card, f->parent))
        return false;
    return true;
}

/* Bodies as long as their files, records that fill them, parents that are DFs and lead to the
 * MF. */
static bool is_sound(const struct card *card, uint16_t node)
{
    const struct fs_file *f = fs_file(card, node);
    bool records = f != NULL && (f->kind == FS_LINEAR || f->kind == FS_CYCLIC);
    unsigned depth = 0;
    struct rd body;

    if (f == NULL || (is_made(card, node) && !made_is_sound(card, f, node)))
        return false;
    if (records && (f->record_len == 0 || f->size != (uint32_t)f->record_len * f->record_count))
        return false;
    for (uint16_t up = node; up != NODE_MF; up = fs_file(card, up)->parent) {
        if (++depth > 8 || !fs_exists(card, up))
            return false;
    }
    if (f->kind <= FS_ADF)
        return true;
    body = fs_body(card, node);
    return f->kind == FS_BER_TLV ? body.left <= f->size : body.left == f->size;
}

bool fs_check(const struct card *card)
{
    for (uint16_t n = fs_next(card, NODE_NONE); n != NODE_NONE; n = fs_next(card, n)) {
        if (!is_sound(card, n))
            return false;
    }
    return fs_exists(card, NODE_MF);
}

static enum err open_all(struct card *card)
{
    enum err e = ERR_OK;

    for (uint32_t i = 0; i < card->store.count && e == ERR_OK; i++)
        e = open_object(card, &card->store.objects[i]);
    if (e == ERR_OK && !fs_check(card))
        e = ERR_CORRUPT;
    return e;
}

static const struct fs_index *engine_index(struct card *card)
{
    struct uicc_engine *engine = card->engine;

    for (size_t i = 0; i < CARD_PROFILES; i++) {
        if (engine->profiles[i] != card->profile)
            continue;
        if (engine->indexes[i] == NULL &&
            fs_index_build(engine->arena, card->profile, &engine->indexes[i]) != ERR_OK)
            return NULL;
        return engine->indexes[i];
    }
    return NULL;
}

static size_t fs_len(const struct card *card)
{
    return offsetof(struct fs, changed) + (card->profile->file_count + 7U) / 8;
}

enum err fs_open(struct card *card)
{
    const struct fs_index *index = engine_index(card);
    enum err e;

    card->fs = index == NULL ? NULL : arena_alloc(card->engine->arena, fs_len(card));
    if (card->fs == NULL)
        return ERR_NOMEM;
    card->fs->index = index;
    e = open_all(card);
    if (e != ERR_OK)
        fs_close(card);
    return e;
}

void fs_close(struct card *card)
{
    struct arena *arena = card->engine->arena;

    if (card->fs == NULL)
        return;
    while (card->fs->views != NULL) {
        struct fs_view *v = card->fs->views;

        card->fs->views = v->next;
        arena_free(arena, v, sizeof *v);
    }
    arena_free(arena, card->fs, fs_len(card));
    card->fs = NULL;
}
