/*
 * LOAD (GP 11.6): blocks are stored one by one, each with the command that brought it; the file
 * is put together and checked when the last one is there. A file that fails is not there.
 */
#include "uicc/isd/isd.h"

#include "apdu/tlv.h"
#include "uicc/applet/cap.h"

#include <string.h>

#define LAST_BLOCK    0x80
#define TAG_LOAD_FILE 0xC4
#define FILE_MAX      0x10000U

static enum err find_loading(const struct isd_caller *caller, struct applet_entry *out)
{
    for (uint8_t n = 0; applet_registry_next(&caller->card->store, n, out) == ERR_OK;
         n = out->number) {
        if (out->kind == APPLET_LOAD_FILE && out->life == APPLET_LOADING &&
            isd_may_touch(caller, out, 0))
            return ERR_OK;
    }
    return ERR_NOT_FOUND;
}

static uint32_t block_object(const struct applet_entry *file, unsigned block)
{
    return OBJ_APPLET(APPLET_CODE + file->number * APPLET_BLOCKS_MAX + block);
}

static enum err store_block(struct card *card, struct applet_entry *file, struct rd data)
{
    enum err e = store_put(&card->store, block_object(file, file->blocks), data);

    file->blocks++;
    file->load_len += (uint32_t)data.left;
    return e == ERR_OK ? applet_registry_write(&card->store, file) : e;
}

/* ---- the whole file ---- */

static enum err assemble(const struct card *card, const struct applet_entry *file, struct wr *w)
{
    struct rd block;

    for (unsigned b = 0; b < file->blocks; b++) {
        if (!store_get(&card->store, block_object(file, b), &block))
            return ERR_CORRUPT;
        wr_rd(w, block);
    }
    return wr_result(w);
}

/* INSTALL [for load] may have named a hash over the file without its tag and length. */
static enum err check_hash(const struct card *card, const struct applet_entry *file, struct rd cap)
{
    uint8_t hash[SHA256_LEN];
    struct rd want;
    enum err e;

    if (!store_get(&card->store, OBJ_APPLET(APPLET_DATA + file->number), &want))
        return ERR_OK;
    e = crypto_sha256(card->engine->crypto, cap, hash);
    return e == ERR_OK && !rd_equal(RD_ARRAY(hash), want) ? ERR_SIGNATURE : e;
}

static enum err write_modules(struct card *card, const struct applet_entry *file,
                              const struct applet_cap *cap)
{
    uint8_t bytes[APPLET_CAP_MODULES_MAX * (1 + APPLET_AID_MAX)];
    struct wr w = WR_ARRAY(bytes);

    for (unsigned i = 0; i < cap->module_count; i++) {
        wr_u8(&w, cap->modules[i].len);
        wr_rd(&w, RD_AID(&cap->modules[i]));
    }
    return store_put(&card->store, OBJ_APPLET(APPLET_DATA + file->number), RD_WR(&w));
}

static enum err check_file(struct card *card, struct applet_entry *file, struct rd bytes)
{
    struct applet_cap cap;
    struct tlv t;
    enum err e = tlv_next(&bytes, &t);

    if (e == ERR_OK && (t.tag != TAG_LOAD_FILE || bytes.left > 0))
        return ERR_FORMAT;
    if (e == ERR_OK)
        e = check_hash(card, file, t.value);
    if (e == ERR_OK)
        e = applet_cap_check(t.value, &cap);
    if (e == ERR_OK && !applet_aid_equal(&cap.package, RD_AID(&file->aid)))
        e = ERR_RANGE;
    if (e != ERR_OK)
        return e;
    memcpy(file->version, cap.version, sizeof file->version);
    file->life = APPLET_LOADED;
    e = write_modules(card, file, &cap);
    return e == ERR_OK ? applet_registry_write(&card->store, file) : e;
}

static enum err finish(struct card *card, struct applet_entry *file)
{
    uint8_t *bytes = arena_alloc(card->engine->arena, file->load_len);
    struct wr w = WR(bytes, file->load_len);
    enum err e;

    if (bytes == NULL)
        return ERR_NOMEM;
    e = assemble(card, file, &w);
    if (e == ERR_OK)
        e = check_file(card, file, RD_WR(&w));
    arena_free(card->engine->arena, bytes, file->load_len);
    return e;
}

/* ---- the command ---- */

static sw_t sw_of(enum err e)
{
    switch (e) {
    case ERR_OK:
        return SW_OK;
    case ERR_NOMEM:
    case ERR_SPACE:
        return SW_SPACE;
    case ERR_IO:
    case ERR_CORRUPT:
        return SW_MEMORY;
    default:
        return SW_BAD_DATA;
    }
}

/* A file that is refused goes at once; the caller of a script keeps what it staged before. */
static sw_t give_up(struct card *card, const struct applet_entry *file, enum err e)
{
    if (applet_registry_remove(&card->store, file->number) != ERR_OK)
        return SW_MEMORY;
    return sw_of(e);
}

sw_t isd_load(struct isd_caller *caller, const struct apdu *cmd, struct wr *out)
{
    struct card *card = caller->card;
    struct applet_entry file;
    enum err e;

    if (!isd_may_manage(caller))
        return SW_SECURITY;
    if ((cmd->p1 & (uint8_t)~LAST_BLOCK) != 0)
        return SW_P1P2;
    if (find_loading(caller, &file) != ERR_OK)
        return SW_CONDITIONS;
    if (cmd->p2 != (uint8_t)file.blocks || cmd->data.left == 0)
        return SW_BAD_DATA;
    if (file.blocks == 0 && cmd->data.at[0] != TAG_LOAD_FILE)
        return SW_BAD_DATA; /* also a DAP block: no domain here verifies one */
    if (file.blocks == APPLET_BLOCKS_MAX || file.load_len + cmd->data.left > FILE_MAX ||
        cmd->data.left > card_free_memory(card))
        return give_up(card, &file, ERR_SPACE);
    e = store_block(card, &file, cmd->data);
    if (e == ERR_OK && (cmd->p1 & LAST_BLOCK) != 0)
        e = finish(card, &file);
    if (e != ERR_OK)
        return give_up(card, &file, e);
    wr_u8(out, 0);
    return SW_OK;
}
