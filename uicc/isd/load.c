/*
 * LOAD (GP 11.6): blocks are stored one by one, each with the command that brought it; the file
 * is put together and checked when the last one is there. A file that fails is not there.
 *
 * Over a secure channel a load ends with it: with a failure, a block out of its order, another
 * selection or a reset. Over the air, where a handset is switched off between two messages, it
 * goes on after a reset.
 */
#include "uicc/isd/token.h"

#include "apdu/tlv.h"
#include "uicc/applet/cap.h"

#include <string.h>

#define LAST_BLOCK    0x80
#define TAG_LOAD_FILE 0xC4
#define TAG_DAP_BLOCK 0xE2
#define FILE_MAX      0x10000U

/* ---- what is under way ---- */

enum err isd_drop_unfinished(struct card *card, bool all)
{
    struct applet_entry e;
    enum err result = ERR_OK;

    for (uint8_t n = 0; applet_registry_next(&card->store, n, &e) == ERR_OK && result == ERR_OK;
         n = e.number) {
        if (applet_is_loading(&e) && (all || (e.life & APPLET_LOAD_REMOTE) == 0))
            result = applet_registry_remove(&card->store, e.number);
    }
    return result;
}

enum err isd_begin_load(struct isd_caller *caller, struct applet_entry *file, struct rd hash)
{
    struct card *card = caller->card;
    enum err e;

    if (isd_drop_unfinished(card, true) != ERR_OK)
        return ERR_IO;
    file->number = applet_registry_free(&card->store);
    if (file->number == 0)
        return ERR_SPACE;
    if (caller->loading == NULL)
        file->life |= APPLET_LOAD_REMOTE;
    else
        *caller->loading = file->number;
    e = applet_registry_write(&card->store, file);
    if (e == ERR_OK && hash.left > 0 &&
        store_put(&card->store, OBJ_APPLET(APPLET_DATA + file->number), hash) != ERR_OK)
        return ERR_IO; /* without its hash any file would do: the transaction must not go on */
    return e;
}

static enum err find_loading(const struct isd_caller *caller, struct applet_entry *out)
{
    for (uint8_t n = 0; applet_registry_next(&caller->card->store, n, out) == ERR_OK;
         n = out->number) {
        bool here = caller->loading == NULL ? (out->life & APPLET_LOAD_REMOTE) != 0
                                            : *caller->loading == out->number;

        if (applet_is_loading(out) && (out->life & APPLET_LOAD_WHOLE) == 0 && here &&
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

uint32_t isd_room(const struct card *card, uint8_t domain)
{
    uint32_t room = card_free_memory(card), used = 0;
    struct applet_entry owner, e;

    if (applet_registry_read(&card->store, domain, &owner) != ERR_OK || owner.quota == 0)
        return room;
    for (uint8_t n = APPLET_ISD; applet_registry_next(&card->store, n, &e) == ERR_OK;
         n = e.number) {
        if (e.domain == domain && e.number != domain)
            used += e.kind == APPLET_LOAD_FILE ? e.load_len : e.quota;
    }
    if (used >= owner.quota)
        return 0;
    return owner.quota - used < room ? owner.quota - used : room;
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
static enum err check_hash(const struct card *card, const struct applet_entry *file, struct rd cap,
                           uint8_t hash[SHA256_LEN])
{
    struct rd want;
    enum err e = crypto_sha256(card->engine->crypto, cap, hash);

    if (e != ERR_OK || !store_get(&card->store, OBJ_APPLET(APPLET_DATA + file->number), &want))
        return e;
    return rd_equal(RD(hash, SHA256_LEN), want) ? ERR_OK : ERR_SIGNATURE;
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

static enum err accept(struct card *card, struct applet_entry *file, const struct applet_cap *cap)
{
    enum err e;

    memcpy(file->version, cap->version, sizeof file->version);
    if ((file->life & APPLET_LOAD_COMBINED) != 0)
        file->life |= APPLET_LOAD_WHOLE;
    else
        file->life = APPLET_LOADED;
    e = write_modules(card, file, cap);
    return e == ERR_OK ? applet_registry_write(&card->store, file) : e;
}

/* GP 11.6.2.3: DAP blocks, then the file. */
static enum err check_file(struct card *card, struct applet_entry *file, struct rd bytes)
{
    uint8_t hash[SHA256_LEN];
    struct rd daps = bytes;
    struct applet_cap cap;
    struct tlv t;
    enum err e = tlv_next(&bytes, &t);

    while (e == ERR_OK && t.tag == TAG_DAP_BLOCK)
        e = tlv_next(&bytes, &t);
    if (e == ERR_OK && (t.tag != TAG_LOAD_FILE || bytes.left > 0))
        return ERR_FORMAT;
    if (e == ERR_OK)
        e = check_hash(card, file, t.value, hash);
    if (e == ERR_OK)
        e = token_check_daps(card, file->domain, daps, RD_ARRAY(hash));
    if (e == ERR_OK)
        e = applet_cap_check(t.value, &cap);
    if (e == ERR_OK && !applet_aid_equal(&cap.package, RD_AID(&file->aid)))
        e = ERR_RANGE;
    return e == ERR_OK ? accept(card, file, &cap) : e;
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

/* A file that is refused goes at once; the caller of a script keeps what it staged before. */
static sw_t give_up(const struct isd_caller *caller, const struct applet_entry *file, enum err e)
{
    if (caller->loading != NULL)
        *caller->loading = 0;
    if (applet_registry_remove(&caller->card->store, file->number) != ERR_OK)
        return SW_MEMORY;
    return isd_status(e);
}

static enum err take_block(const struct isd_caller *caller, struct applet_entry *file,
                           const struct apdu *cmd)
{
    enum err e;

    if (cmd->p2 != (uint8_t)file->blocks || cmd->data.left == 0)
        return ERR_RANGE;
    if (file->blocks == 0 && cmd->data.at[0] != TAG_LOAD_FILE && cmd->data.at[0] != TAG_DAP_BLOCK)
        return ERR_FORMAT;
    if (file->blocks == APPLET_BLOCKS_MAX || file->load_len + cmd->data.left > FILE_MAX ||
        cmd->data.left > isd_room(caller->card, file->domain))
        return ERR_SPACE;
    e = store_block(caller->card, file, cmd->data);
    return e == ERR_OK && (cmd->p1 & LAST_BLOCK) != 0 ? finish(caller->card, file) : e;
}

sw_t isd_load(struct isd_caller *caller, const struct apdu *cmd, struct wr *out)
{
    struct applet_entry file;
    enum err e;

    if (!isd_may_manage(caller) && !token_may_delegate(caller))
        return SW_SECURITY;
    if ((cmd->p1 & (uint8_t)~LAST_BLOCK) != 0)
        return SW_P1P2;
    if (find_loading(caller, &file) != ERR_OK)
        return SW_CONDITIONS;
    e = take_block(caller, &file, cmd);
    if (e != ERR_OK)
        return give_up(caller, &file, e);
    if ((cmd->p1 & LAST_BLOCK) == 0) {
        wr_u8(out, 0);
        return SW_OK;
    }
    return token_write_receipt(
        caller, (struct token_receipt){RD_AID(&file.aid), RD_AID(&caller->domain.aid)}, out);
}
