/*
 * Layout of an entry (numbers big-endian):
 *   kind life aid privileges(3) domain
 *   load file: blocks(2) length(4) version(2)
 *   instance:  package module order(4) quota(4) rights(4) level scp option tars { tar(3) }
 * aid, module: length(1) bytes; tars: count(1). Card state: life spoilt(2) order(4).
 */
#include "uicc/applet/registry.h"

#include "apdu/ids.h"
#include "uicc/applet/native.h"

#include <string.h>

#define ENTRY_LEN_MAX 128
#define MANAGER_QUOTA 64U
#define MANAGER_LEVEL (SPI1_CHECK_CC | SPI1_CIPHER | SPI1_COUNTER_ABOVE)

/* ---- AIDs ---- */

bool applet_aid_set(struct applet_aid *aid, struct rd bytes)
{
    if (bytes.left < APPLET_AID_MIN || bytes.left > APPLET_AID_MAX)
        return false;
    memcpy(aid->bytes, bytes.at, bytes.left);
    aid->len = (uint8_t)bytes.left;
    return true;
}

bool applet_aid_equal(const struct applet_aid *aid, struct rd bytes)
{
    return rd_equal(RD_AID(aid), bytes);
}

bool applet_aid_begins(const struct applet_aid *aid, struct rd bytes)
{
    return bytes.left <= aid->len && rd_equal(RD(aid->bytes, bytes.left), bytes);
}

static void write_aid(struct wr *w, const struct applet_aid *aid)
{
    wr_u8(w, aid->len);
    wr_bytes(w, aid->bytes, aid->len);
}

static enum err read_aid(struct rd *r, struct applet_aid *aid)
{
    enum err e = rd_u8(r, &aid->len);

    if (e == ERR_OK && aid->len > APPLET_AID_MAX)
        return ERR_RANGE;
    return e == ERR_OK ? rd_copy(r, aid->bytes, aid->len) : e;
}

/* ---- one entry ---- */

static void write_load_file(struct wr *w, const struct applet_entry *e)
{
    wr_u16(w, e->blocks);
    wr_u32(w, e->load_len);
    wr_bytes(w, e->version, sizeof e->version);
}

static void write_instance(struct wr *w, const struct applet_entry *e)
{
    wr_u8(w, e->package);
    write_aid(w, &e->module);
    wr_u32(w, e->order);
    wr_u32(w, e->quota);
    wr_u32(w, e->rights);
    wr_u8(w, e->level);
    wr_u8(w, e->scp);
    wr_u8(w, e->scp_option);
    wr_u8(w, e->tar_count);
    wr_bytes(w, e->tars, e->tar_count * sizeof e->tars[0]);
}

static enum err read_load_file(struct rd *r, struct applet_entry *out)
{
    enum err e = rd_u16(r, &out->blocks);

    if (e == ERR_OK)
        e = rd_u32(r, &out->load_len);
    return e == ERR_OK ? rd_copy(r, out->version, sizeof out->version) : e;
}

static enum err read_tars(struct rd *r, struct applet_entry *out)
{
    enum err e = rd_u8(r, &out->tar_count);

    if (e == ERR_OK && out->tar_count > APPLET_TARS_MAX)
        return ERR_RANGE;
    return e == ERR_OK ? rd_copy(r, out->tars, out->tar_count * sizeof out->tars[0]) : e;
}

static enum err read_instance(struct rd *r, struct applet_entry *out)
{
    enum err e = rd_u8(r, &out->package);

    if (e == ERR_OK)
        e = read_aid(r, &out->module);
    if (e == ERR_OK)
        e = rd_u32(r, &out->order);
    if (e == ERR_OK)
        e = rd_u32(r, &out->quota);
    if (e == ERR_OK)
        e = rd_u32(r, &out->rights);
    if (e == ERR_OK)
        e = rd_u8(r, &out->level);
    if (e == ERR_OK)
        e = rd_u8(r, &out->scp);
    if (e == ERR_OK)
        e = rd_u8(r, &out->scp_option);
    return e == ERR_OK ? read_tars(r, out) : e;
}

static enum err read_stored(struct rd r, uint8_t number, struct applet_entry *out)
{
    struct applet_entry entry = {.number = number};
    enum err e = rd_u8(&r, &entry.kind);

    if (e == ERR_OK)
        e = rd_u8(&r, &entry.life);
    if (e == ERR_OK)
        e = read_aid(&r, &entry.aid);
    if (e == ERR_OK)
        e = rd_copy(&r, entry.privileges, sizeof entry.privileges);
    if (e == ERR_OK)
        e = rd_u8(&r, &entry.domain);
    if (e == ERR_OK && entry.kind == APPLET_LOAD_FILE)
        e = read_load_file(&r, &entry);
    else if (e == ERR_OK && entry.kind == APPLET_INSTANCE)
        e = read_instance(&r, &entry);
    else
        e = ERR_CORRUPT;
    if (e != ERR_OK || r.left > 0)
        return ERR_CORRUPT;
    *out = entry;
    return ERR_OK;
}

/* ---- what every card has ---- */

static void read_isd(const struct store *s, struct applet_entry *out)
{
    static const uint8_t aid[] = {AID_ISD};
    struct applet_card_state state;

    applet_card_state(s, &state);
    *out = (struct applet_entry){
        .number = APPLET_ISD,
        .kind = APPLET_INSTANCE,
        .life = state.life,
        .privileges = {PRIVILEGE_SD | PRIVILEGE_CARD_LOCK | PRIVILEGE_DEFAULT, 0xFE,
                       PRIVILEGE_RECEIPTS},
        .domain = APPLET_ISD,
        .package = APPLET_NATIVE,
    };
    memcpy(out->aid.bytes, aid, sizeof aid);
    out->aid.len = sizeof aid;
    out->module = applet_native_package(0)->modules[0].aid;
}

/* Its TAR and level are those of a card whose profile says nothing else. */
static void read_manager(struct applet_entry *out)
{
    static const uint8_t aid[] = {AID_SUBSCRIPTION_MANAGER};

    *out = (struct applet_entry){
        .number = APPLET_MANAGER,
        .kind = APPLET_INSTANCE,
        .life = APPLET_SELECTABLE,
        .domain = APPLET_ISD,
        .package = APPLET_NATIVE + NATIVE_MANAGER,
        .module = applet_native_package(NATIVE_MANAGER)->modules[0].aid,
        .quota = MANAGER_QUOTA,
        .rights = APPLET_SUBSCRIPTION,
        .level = MANAGER_LEVEL,
        .tar_count = 1,
    };
    memcpy(out->aid.bytes, aid, sizeof aid);
    out->aid.len = sizeof aid;
    memcpy(out->tars[0], OPCHANGE_TAR, sizeof out->tars[0]);
}

static enum err read_native(unsigned n, struct applet_entry *out)
{
    const struct native_package *p = applet_native_package(n);

    if (p == NULL)
        return ERR_NOT_FOUND;
    *out = (struct applet_entry){
        .number = (uint8_t)(APPLET_NATIVE + n),
        .kind = APPLET_LOAD_FILE,
        .life = APPLET_LOADED,
        .aid = p->aid,
        .domain = APPLET_ISD,
        .version = {p->version[0], p->version[1]},
    };
    return ERR_OK;
}

void applet_card_state(const struct store *s, struct applet_card_state *out)
{
    struct applet_card_state state;
    struct rd r;

    if (!store_get(s, OBJ_APPLET(0), &r) || rd_u8(&r, &state.life) != ERR_OK ||
        rd_u16(&r, &state.spoilt) != ERR_OK || rd_u32(&r, &state.order) != ERR_OK)
        state = (struct applet_card_state){.life = CARD_SECURED};
    *out = state;
}

enum err applet_card_state_write(struct store *s, const struct applet_card_state *state)
{
    uint8_t bytes[7];
    struct wr w = WR_ARRAY(bytes);

    wr_u8(&w, state->life);
    wr_u16(&w, state->spoilt);
    wr_u32(&w, state->order);
    return store_put(s, OBJ_APPLET(0), RD_WR(&w));
}

/* ---- the registry ---- */

enum err applet_registry_read(const struct store *s, uint8_t number, struct applet_entry *out)
{
    struct rd r;

    if (number == APPLET_ISD) {
        read_isd(s, out);
        return ERR_OK;
    }
    if (number == APPLET_MANAGER) {
        read_manager(out);
        return ERR_OK;
    }
    if (applet_is_native(number))
        return read_native(number - APPLET_NATIVE, out);
    if (number == 0 || number > APPLET_ENTRIES_MAX || !store_get(s, OBJ_APPLET(number), &r))
        return ERR_NOT_FOUND;
    return read_stored(r, number, out);
}

enum err applet_registry_write(struct store *s, const struct applet_entry *entry)
{
    uint8_t bytes[ENTRY_LEN_MAX];
    struct wr w = WR_ARRAY(bytes);
    enum err e;

    if (entry->number <= APPLET_ISD || entry->number > APPLET_ENTRIES_MAX)
        return ERR_DENIED;
    wr_u8(&w, entry->kind);
    wr_u8(&w, entry->life);
    write_aid(&w, &entry->aid);
    wr_bytes(&w, entry->privileges, sizeof entry->privileges);
    wr_u8(&w, entry->domain);
    if (entry->kind == APPLET_LOAD_FILE)
        write_load_file(&w, entry);
    else
        write_instance(&w, entry);
    e = wr_result(&w);
    return e == ERR_OK ? store_put(s, OBJ_APPLET(entry->number), RD_WR(&w)) : e;
}

enum err applet_registry_remove(struct store *s, uint8_t number)
{
    struct applet_entry entry;
    enum err e = applet_registry_read(s, number, &entry);

    if (number == 0 || applet_is_fixed(number))
        return ERR_DENIED;
    for (uint32_t b = 0; e == ERR_OK && b < entry.blocks; b++)
        e = store_delete(s, OBJ_APPLET(APPLET_CODE + number * APPLET_BLOCKS_MAX + b));
    if (e == ERR_OK)
        e = store_delete(s, OBJ_APPLET(APPLET_DATA + number));
    if (e == ERR_OK)
        e = store_delete(s, OBJ_APPLET(APPLET_TOOLKIT + number));
    return e == ERR_OK ? store_delete(s, OBJ_APPLET(number)) : e;
}

enum err applet_registry_next(const struct store *s, uint8_t after, struct applet_entry *out)
{
    unsigned n = after + 1U;

    for (; n <= APPLET_MANAGER; n++) {
        if (applet_registry_read(s, (uint8_t)n, out) == ERR_OK)
            return ERR_OK;
    }
    if (n < APPLET_NATIVE)
        n = APPLET_NATIVE;
    return n > UINT8_MAX ? ERR_NOT_FOUND : read_native(n - APPLET_NATIVE, out);
}

enum err applet_registry_find(const struct store *s, struct rd aid, struct applet_entry *out)
{
    static const uint8_t former[] = {AID_ISD_FORMER};
    struct applet_entry e;

    for (uint8_t n = 0; applet_registry_next(s, n, &e) == ERR_OK; n = e.number) {
        if (applet_aid_equal(&e.aid, aid)) {
            *out = e;
            return ERR_OK;
        }
    }
    return rd_equal(aid, RD_ARRAY(former)) ? applet_registry_read(s, APPLET_ISD, out)
                                           : ERR_NOT_FOUND;
}

enum err applet_registry_module(const struct store *s, uint8_t package, unsigned n,
                                struct applet_aid *out)
{
    struct rd r;
    enum err e = ERR_OK;

    if (applet_is_native(package)) {
        const struct native_package *p = applet_native_package(package - APPLET_NATIVE);

        if (p == NULL || n >= p->module_count)
            return ERR_NOT_FOUND;
        *out = p->modules[n].aid;
        return ERR_OK;
    }
    if (!store_get(s, OBJ_APPLET(APPLET_DATA + package), &r))
        return ERR_NOT_FOUND;
    for (unsigned i = 0; i <= n && e == ERR_OK; i++)
        e = read_aid(&r, out);
    return e == ERR_OK ? ERR_OK : ERR_NOT_FOUND;
}

uint8_t applet_registry_free(const struct store *s)
{
    struct rd r;

    for (uint8_t n = APPLET_ISD + 1; n <= APPLET_ENTRIES_MAX; n++) {
        if (!store_get(s, OBJ_APPLET(n), &r))
            return n;
    }
    return 0;
}
