#include "uicc/fs/fs.h"
#include "uicc/fs/tree.h"

#define FID_IMSI 0x6F07

/* Node whose body this file shows. */
static uint16_t body_node(const struct card *card, uint16_t node)
{
    uint16_t shares = fs_file(card, node)->shares;

    return shares != 0 ? shares : node;
}

static bool may_be_stored(const struct card *card, uint16_t node)
{
    return node >= card->profile->file_count || (card->fs->changed[node / 8] & 1U << node % 8) != 0;
}

struct rd fs_body(const struct card *card, uint16_t node)
{
    const struct fs_file *f;
    struct rd body;

    node = body_node(card, node);
    if (may_be_stored(card, node) && store_get(&card->store, OBJ_FILE(node), &body))
        return body;
    if (node >= card->profile->file_count)
        return RD(NULL, 0);
    f = &card->profile->files[node];
    return RD(card->fs->index->bodies[node], f->kind == FS_BER_TLV ? f->content_len : f->size);
}

enum err fs_record(const struct card *card, uint16_t node, uint8_t number, struct rd *out)
{
    const struct fs_file *f = fs_file(card, node);
    struct rd body = fs_body(card, node);
    size_t offset;

    if (number == 0 || number > f->record_count)
        return ERR_NOT_FOUND;
    offset = (size_t)(number - 1) * f->record_len;
    if (body.left < offset + f->record_len)
        return ERR_CORRUPT;
    *out = RD(body.at + offset, f->record_len);
    return ERR_OK;
}

/* ---- changes ---- */

/* EF.IMSI of the USIM; in an ISIM the same FID is another file. */
static bool is_imsi(const struct card *card, uint16_t node)
{
    static const uint8_t usim[] = {0xA0, 0x00, 0x00, 0x00, 0x87, 0x10, 0x02};
    const struct fs_file *f = fs_file(card, node);
    const struct fs_file *df;

    if (f->fid != FID_IMSI)
        return false;
    df = fs_file(card, f->parent);
    return df->kind == FS_ADF && df->aid_len >= sizeof usim &&
           rd_equal(RD(df->aid, sizeof usim), RD_ARRAY(usim));
}

static void note_change(struct card *card, uint16_t node)
{
    if (node < card->profile->file_count)
        card->fs->changed[node / 8] |= (uint8_t)(1U << node % 8);
    if (is_imsi(card, node))
        card->imsi_changed = true;
}

/* The body becomes an object of the store, if it is none yet, so that it can be patched. */
static enum err own_body(struct card *card, uint16_t node)
{
    const struct fs_file *f = fs_file(card, node);
    struct rd body;
    enum err e;

    if (may_be_stored(card, node) && store_get(&card->store, OBJ_FILE(node), &body))
        return ERR_OK;
    note_change(card, node);
    e = store_put_filled(&card->store, OBJ_FILE(node), 0xFF, f->size);
    return e == ERR_OK
               ? store_patch(&card->store, OBJ_FILE(node), 0, RD(f->content, f->content_len))
               : e;
}

enum err fs_write(struct card *card, uint16_t node, size_t offset, struct rd bytes)
{
    const struct fs_file *f;
    enum err e;

    node = body_node(card, node);
    f = fs_file(card, node);
    if (offset > f->size || bytes.left > f->size - offset)
        return ERR_RANGE;
    e = own_body(card, node);
    if (e != ERR_OK)
        return e;
    note_change(card, node);
    return store_patch(&card->store, OBJ_FILE(node), offset, bytes);
}

enum err fs_write_record(struct card *card, uint16_t node, uint8_t number, struct rd bytes)
{
    const struct fs_file *f = fs_file(card, node);

    if (number == 0 || number > f->record_count || bytes.left > f->record_len)
        return ERR_RANGE;
    return fs_write(card, node, (size_t)(number - 1) * f->record_len, bytes);
}

enum err fs_push_record(struct card *card, uint16_t node, struct rd bytes)
{
    const struct fs_file *f = fs_file(card, node);
    uint8_t count = f->record_count;
    uint16_t len = f->record_len;
    uint16_t body = body_node(card, node);
    enum err e;

    if (bytes.left != len || count == 0)
        return ERR_RANGE;
    e = own_body(card, body);
    for (uint8_t to = count; to > 1 && e == ERR_OK; to--) {
        struct rd record;

        e = fs_record(card, node, (uint8_t)(to - 1), &record);
        if (e == ERR_OK)
            e = store_patch(&card->store, OBJ_FILE(body), (size_t)(to - 1) * len, record);
    }
    return e == ERR_OK ? fs_write(card, node, 0, bytes) : e;
}

enum err fs_fill(struct card *card, uint16_t node, uint8_t value)
{
    node = body_node(card, node);
    note_change(card, node);
    return store_put_filled(&card->store, OBJ_FILE(node), value, fs_file(card, node)->size);
}

enum err fs_put_objects(struct card *card, uint16_t node, struct rd objects)
{
    node = body_node(card, node);
    if (objects.left > fs_file(card, node)->size)
        return ERR_SPACE;
    note_change(card, node);
    return store_put(&card->store, OBJ_FILE(node), objects);
}
