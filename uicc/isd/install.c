/*
 * INSTALL and DELETE (GP 11.5, 11.2).
 */
#include "uicc/isd/keys.h"
#include "uicc/isd/params.h"

#include "apdu/tlv.h"
#include "uicc/remote/sd.h"

#include <string.h>

#define FOR_LOAD            0x02
#define FOR_INSTALL         0x04
#define FOR_SELECTABLE      0x08
#define FOR_EXTRADITION     0x10
#define FOR_PERSONALISATION 0x20
#define FOR_REGISTRY_UPDATE 0x40

#define TAR_LEN 3

/* ---- rights ---- */

bool isd_is_domain(const struct applet_entry *entry)
{
    return (entry->privileges[0] & PRIVILEGE_SD) != 0;
}

bool isd_may_manage(const struct isd_caller *caller)
{
    return caller->domain.number == APPLET_ISD ||
           (caller->domain.privileges[1] & PRIVILEGE_AUTHORIZED) != 0;
}

bool isd_may_touch(const struct isd_caller *caller, const struct applet_entry *entry,
                   uint8_t privilege)
{
    return (caller->domain.privileges[1] & privilege) != 0 || caller->domain.number == APPLET_ISD ||
           entry->domain == caller->domain.number || entry->number == caller->domain.number;
}

/* ---- fields ---- */

/* Six length-value fields; which is which depends on the form. */
struct fields {
    struct rd at[6];
};

static enum err read_fields(struct rd data, unsigned count, struct fields *f)
{
    enum err e = ERR_OK;

    for (unsigned i = 0; i < count && e == ERR_OK; i++)
        e = isd_take_lv(&data, &f->at[i]);
    return e == ERR_OK && data.left > 0 ? ERR_FORMAT : e;
}

static sw_t sw_of(enum err e)
{
    switch (e) {
    case ERR_OK:
        return SW_OK;
    case ERR_NOT_FOUND:
        return SW_REFERENCE;
    case ERR_SPACE:
    case ERR_NOMEM:
        return SW_SPACE;
    case ERR_UNSUPPORTED:
        return SW_FUNCTION;
    case ERR_BUSY:
    case ERR_CONDITIONS:
        return SW_CONDITIONS;
    case ERR_IO:
        return SW_MEMORY;
    default:
        return SW_BAD_DATA;
    }
}

/* ---- for load ---- */

/* What an interrupted load left behind makes room; the card loads one file at a time. */
static enum err drop_unfinished(struct card *card)
{
    struct applet_entry e;
    enum err result = ERR_OK;

    for (uint8_t n = 0; applet_registry_next(&card->store, n, &e) == ERR_OK && result == ERR_OK;
         n = e.number) {
        if (e.kind == APPLET_LOAD_FILE && e.life == APPLET_LOADING)
            result = applet_registry_remove(&card->store, e.number);
    }
    return result;
}

/* The domain that the load file shall belong to: the caller's, or another one that he may touch. */
static enum err find_domain(const struct isd_caller *caller, struct rd aid, uint8_t *number)
{
    struct applet_entry domain;

    *number = caller->domain.number;
    if (aid.left == 0 || applet_aid_equal(&caller->domain.aid, aid))
        return ERR_OK;
    if (applet_registry_find(&caller->card->store, aid, &domain) != ERR_OK ||
        !isd_is_domain(&domain) || !isd_may_touch(caller, &domain, 0))
        return ERR_NOT_FOUND;
    *number = domain.number;
    return ERR_OK;
}

static enum err begin_load(struct card *card, struct applet_entry *file, struct rd hash)
{
    enum err e = drop_unfinished(card);

    file->number = e == ERR_OK ? applet_registry_free(&card->store) : 0;
    if (e == ERR_OK && file->number == 0)
        return ERR_SPACE;
    if (e == ERR_OK)
        e = applet_registry_write(&card->store, file);
    if (e == ERR_OK && hash.left > 0)
        e = store_put(&card->store, OBJ_APPLET(APPLET_DATA + file->number), hash);
    return e;
}

/* load file AID, domain AID, hash, parameters, token */
static sw_t for_load(struct isd_caller *caller, struct rd data)
{
    struct applet_entry file = {.kind = APPLET_LOAD_FILE, .life = APPLET_LOADING}, other;
    struct card *card = caller->card;
    struct fields f;
    uint32_t bytes = 0;

    if (read_fields(data, 5, &f) != ERR_OK || !applet_aid_set(&file.aid, f.at[0]) ||
        (f.at[2].left != 0 && f.at[2].left != SHA256_LEN) ||
        isd_params_memory(f.at[3], &bytes) != ERR_OK)
        return SW_BAD_DATA;
    if (find_domain(caller, f.at[1], &file.domain) != ERR_OK)
        return SW_REFERENCE;
    if (applet_registry_find(&card->store, f.at[0], &other) == ERR_OK &&
        (other.kind != APPLET_LOAD_FILE || other.life != APPLET_LOADING))
        return SW_CONDITIONS;
    if (bytes > card_free_memory(card))
        return SW_SPACE;
    return sw_of(begin_load(card, &file, f.at[2]));
}

/* ---- for install, for make selectable ---- */

static bool set_privileges(struct applet_entry *e, struct rd bytes)
{
    if (bytes.left != 1 && bytes.left != 3)
        return false;
    memset(e->privileges, 0, sizeof e->privileges);
    memcpy(e->privileges, bytes.at, bytes.left);
    return (e->privileges[0] & (uint8_t)~ISD_PRIVILEGES_1) == 0 &&
           (e->privileges[1] & (uint8_t)~ISD_PRIVILEGES_2) == 0 && e->privileges[2] == 0;
}

/* A module by its own name, in the load file that is named or in any. */
static enum err find_module(struct isd_caller *caller, struct rd file, struct rd module,
                            struct applet_entry *out)
{
    const struct store *s = &caller->card->store;
    struct applet_entry e;
    struct applet_aid aid;

    for (uint8_t n = 0; applet_registry_next(s, n, &e) == ERR_OK; n = e.number) {
        if (e.kind != APPLET_LOAD_FILE || e.life != APPLET_LOADED ||
            (file.left > 0 && !applet_aid_equal(&e.aid, file)) ||
            (!applet_is_native(e.number) && !isd_may_touch(caller, &e, 0)))
            continue;
        for (unsigned m = 0; applet_registry_module(s, e.number, m, &aid) == ERR_OK; m++) {
            if (!applet_aid_equal(&aid, module))
                continue;
            out->package = e.number;
            out->module = aid;
            return ERR_OK;
        }
    }
    return ERR_NOT_FOUND;
}

/* TS 101 220: without TARs of its own an applet has bytes 13 to 15 of a name of 16. */
static void default_tar(struct applet_installation *w)
{
    struct applet_entry *e = &w->entry;

    if (e->tar_count > 0 || e->aid.len != APPLET_AID_MAX ||
        (w->toolkit.priority == 0 && !isd_is_domain(e)))
        return;
    memcpy(e->tars[0], e->aid.bytes + 12, TAR_LEN);
    e->tar_count = 1;
}

static bool tar_is_taken(const struct card *card, const uint8_t tar[TAR_LEN])
{
    struct applet_entry e;

    if (sd_find_tar(card->profile, tar) != NULL)
        return true;
    for (uint8_t n = APPLET_ISD; applet_registry_next(&card->store, n, &e) == ERR_OK;
         n = e.number) {
        for (unsigned i = 0; i < e.tar_count; i++) {
            if (memcmp(e.tars[i], tar, TAR_LEN) == 0)
                return true;
        }
    }
    return false;
}

static bool tars_are_free(const struct card *card, const struct applet_entry *e)
{
    for (unsigned i = 0; i < e->tar_count; i++) {
        if (tar_is_taken(card, e->tars[i]))
            return false;
    }
    return true;
}

static bool is_domain_module(const struct applet_entry *e)
{
    return e->package == APPLET_NATIVE;
}

/* load file AID, module AID, instance AID, privileges, parameters, token */
static enum err read_installation(struct isd_caller *caller, const struct fields *f,
                                  struct applet_installation *w)
{
    struct rd module = f->at[1].left > 0 ? f->at[1] : f->at[2];
    enum err e;

    if (!applet_aid_set(&w->entry.aid, f->at[2]) || !set_privileges(&w->entry, f->at[3]))
        return ERR_RANGE;
    e = find_module(caller, f->at[0], module, &w->entry);
    if (e == ERR_OK && isd_is_domain(&w->entry) != is_domain_module(&w->entry))
        return ERR_RANGE;
    if (e == ERR_OK)
        e = isd_params_read(f->at[4], w);
    if (e != ERR_OK)
        return e;
    default_tar(w);
    return tars_are_free(caller->card, &w->entry) ? ERR_OK : ERR_EXISTS;
}

static sw_t for_install(struct isd_caller *caller, struct rd data, uint8_t life)
{
    struct applet_installation w = {.entry = {.life = life, .domain = caller->domain.number}};
    struct fields f;
    enum err e = read_fields(data, 6, &f);

    if (e == ERR_OK)
        e = read_installation(caller, &f, &w);
    return sw_of(e == ERR_OK ? applet_install(caller->card, &w) : e);
}

/* Six fields about an instance (the third) that the caller may touch; SW_BAD_DATA, SW_REFERENCE,
 * SW_CONDITIONS for what is part of the card. */
static sw_t read_about(struct isd_caller *caller, struct rd data, struct fields *f,
                       struct applet_entry *out)
{
    if (read_fields(data, 6, f) != ERR_OK)
        return SW_BAD_DATA;
    if (applet_registry_find(&caller->card->store, f->at[2], out) != ERR_OK ||
        out->kind != APPLET_INSTANCE || out->number == APPLET_ISD || !isd_may_touch(caller, out, 0))
        return SW_REFERENCE;
    return applet_is_fixed(out->number) ? SW_CONDITIONS : SW_OK;
}

static sw_t update(struct isd_caller *caller, const struct applet_entry *entry)
{
    enum err e = applet_registry_write(&caller->card->store, entry);

    applet_registrations_changed(caller->card);
    return e == ERR_OK ? SW_OK : SW_MEMORY;
}

/* nothing, nothing, instance AID, privileges, parameters, token */
static sw_t for_selectable(struct isd_caller *caller, struct rd data)
{
    struct applet_entry entry;
    struct fields f;
    sw_t sw = read_about(caller, data, &f, &entry);

    if (!sw_equal(sw, SW_OK))
        return sw;
    if (entry.life != APPLET_INSTALLED)
        return SW_CONDITIONS;
    entry.life = APPLET_SELECTABLE;
    return update(caller, &entry);
}

/* ---- extradition, registry update, personalisation ---- */

/* domain AID, nothing, instance AID, nothing, nothing, token */
static sw_t for_extradition(struct isd_caller *caller, struct rd data)
{
    struct applet_entry entry, domain;
    struct fields f;
    sw_t sw = read_about(caller, data, &f, &entry);

    if (!sw_equal(sw, SW_OK))
        return sw;
    if (applet_registry_find(&caller->card->store, f.at[0], &domain) != ERR_OK ||
        !isd_is_domain(&domain) || (domain.life & APPLET_LOCKED) != 0)
        return SW_REFERENCE;
    if (domain.number == entry.number || isd_is_domain(&entry))
        return SW_CONDITIONS;
    entry.domain = domain.number;
    return update(caller, &entry);
}

/* domain AID, nothing, instance AID, privileges, parameters, token */
static sw_t for_registry_update(struct isd_caller *caller, struct rd data)
{
    struct applet_entry entry;
    struct fields f;
    bool was_domain;
    sw_t sw = read_about(caller, data, &f, &entry);

    if (!sw_equal(sw, SW_OK))
        return sw;
    was_domain = isd_is_domain(&entry);
    if (f.at[0].left > 0 || entry.number == caller->domain.number)
        return SW_CONDITIONS; /* extradition has a form of its own; nobody promotes himself */
    if (!set_privileges(&entry, f.at[3]) || isd_is_domain(&entry) != was_domain)
        return SW_BAD_DATA;
    return update(caller, &entry);
}

/* nothing, nothing, instance AID, nothing, nothing, nothing */
static sw_t for_personalisation(struct isd_caller *caller, struct rd data)
{
    struct applet_entry entry;
    struct fields f;

    if (read_fields(data, 6, &f) != ERR_OK)
        return SW_BAD_DATA;
    if (applet_registry_find(&caller->card->store, f.at[2], &entry) != ERR_OK ||
        entry.domain != caller->domain.number)
        return SW_REFERENCE;
    if ((entry.life & APPLET_LOCKED) != 0 ||
        (entry.number != APPLET_ISD && applet_is_fixed(entry.number)))
        return SW_CONDITIONS;
    caller->card->applets->personalised = entry.number == APPLET_ISD ? 0 : entry.number;
    return SW_OK;
}

static sw_t install(struct isd_caller *caller, uint8_t form, struct rd data)
{
    switch (form) {
    case FOR_LOAD:
        return for_load(caller, data);
    case FOR_INSTALL:
        return for_install(caller, data, APPLET_INSTALLED);
    case FOR_INSTALL | FOR_SELECTABLE:
        return for_install(caller, data, APPLET_SELECTABLE);
    case FOR_SELECTABLE:
        return for_selectable(caller, data);
    case FOR_EXTRADITION:
        return for_extradition(caller, data);
    case FOR_REGISTRY_UPDATE:
        return for_registry_update(caller, data);
    default:
        return SW_P1P2;
    }
}

sw_t isd_install(struct isd_caller *caller, const struct apdu *cmd, struct wr *out)
{
    sw_t sw;

    if (cmd->p2 != 0)
        return SW_P1P2;
    if (cmd->p1 == FOR_PERSONALISATION)
        sw = for_personalisation(caller, cmd->data);
    else if (!isd_may_manage(caller))
        sw = SW_SECURITY;
    else
        sw = install(caller, cmd->p1, cmd->data);
    if (sw_equal(sw, SW_OK))
        wr_u8(out, 0); /* no receipt */
    return sw;
}

/* ---- DELETE ---- */

#define TAG_AID        0x4F
#define TAG_KEY_ID     0xD0
#define TAG_VERSION    0xD2
#define DELETE_RELATED 0x80

/* The first instance that stands on this load file or in this domain. */
static enum err first_dependent(const struct card *card, const struct applet_entry *of,
                                struct applet_entry *out)
{
    for (uint8_t n = APPLET_ISD; applet_registry_next(&card->store, n, out) == ERR_OK;
         n = out->number) {
        if (applet_is_native(out->number) || out->number == of->number)
            continue;
        if (of->kind == APPLET_LOAD_FILE ? out->package == of->number
                                         : isd_is_domain(of) && out->domain == of->number)
            return ERR_OK;
    }
    return ERR_NOT_FOUND;
}

/* Is all of it free to go? Nothing of it is selected. */
static bool can_go(const struct card *card, const struct applet_entry *e, bool related)
{
    struct applet_entry d;

    if (applet_is_fixed(e->number) || applet_is_selected(card, e->number))
        return false;
    if (first_dependent(card, e, &d) != ERR_OK)
        return true;
    if (!related || e->kind != APPLET_LOAD_FILE)
        return false;
    for (uint8_t n = APPLET_ISD; applet_registry_next(&card->store, n, &d) == ERR_OK;
         n = d.number) {
        if (d.kind == APPLET_INSTANCE && d.package == e->number &&
            applet_is_selected(card, d.number))
            return false;
    }
    return true;
}

static enum err remove_one(struct card *card, const struct applet_entry *e)
{
    enum err result = ERR_OK;

    if (e->kind == APPLET_LOAD_FILE)
        return applet_registry_remove(&card->store, e->number);
    if (isd_is_domain(e))
        result = isd_keys_remove_all(card, e->number);
    return result == ERR_OK ? applet_uninstall(card, e->number) : result;
}

static sw_t delete_content(struct isd_caller *caller, struct rd aid, bool related)
{
    struct card *card = caller->card;
    struct applet_entry e, d;
    enum err result = ERR_OK;

    if (applet_registry_find(&card->store, aid, &e) != ERR_OK ||
        !isd_may_touch(caller, &e, PRIVILEGE_GLOBAL_DELETE))
        return SW_REFERENCE;
    if (!can_go(card, &e, related) || e.number == caller->domain.number)
        return SW_CONDITIONS;
    while (result == ERR_OK && first_dependent(card, &e, &d) == ERR_OK)
        result = remove_one(card, &d);
    if (result == ERR_OK)
        result = remove_one(card, &e);
    return result == ERR_OK ? SW_OK : SW_MEMORY;
}

static enum err take_number(struct rd data, uint32_t tag, uint8_t *out)
{
    struct rd value;
    enum err e = tlv_find(data, tag, &value);

    *out = 0;
    if (e == ERR_NOT_FOUND)
        return ERR_OK;
    return e == ERR_OK && value.left == 1 ? rd_u8(&value, out) : ERR_FORMAT;
}

/* A key, all of one version, or those with one id in every version; the slots' are none of them. */
static enum err delete_keys(struct isd_caller *caller, uint8_t version, uint8_t id)
{
    uint8_t domain = caller->domain.number;
    enum err e = ERR_NOT_FOUND;
    struct isd_key key;

    for (uint8_t v = version != 0 ? version : 1; v <= (version != 0 ? version : ISD_KEYS_LAST);
         v++) {
        if (id == 0 ? !isd_keys_stored(caller->card, domain, v)
                    : isd_keys_get(caller->card, domain, v, id, &key) != ERR_OK)
            continue;
        e = isd_keys_remove(caller->card, domain, v, id);
        if (e != ERR_OK)
            return e;
    }
    return e;
}

static sw_t delete_key_data(struct isd_caller *caller, struct rd data)
{
    uint8_t version, id;
    enum err e = take_number(data, TAG_VERSION, &version);

    if (e == ERR_OK)
        e = take_number(data, TAG_KEY_ID, &id);
    if (e != ERR_OK || (version == 0 && id == 0))
        return SW_BAD_DATA;
    e = delete_keys(caller, version, id);
    caller->keys_changed |= e == ERR_OK;
    return sw_of(e);
}

sw_t isd_delete(struct isd_caller *caller, const struct apdu *cmd, struct wr *out)
{
    struct rd aid;
    enum err e = tlv_find(cmd->data, TAG_AID, &aid);
    sw_t sw;

    if (cmd->p1 != 0 || (cmd->p2 & (uint8_t)~DELETE_RELATED) != 0)
        return SW_P1P2;
    if (e != ERR_OK && e != ERR_NOT_FOUND)
        return SW_BAD_DATA;
    if (e == ERR_NOT_FOUND)
        sw = delete_key_data(caller, cmd->data);
    else if (!isd_may_manage(caller) &&
             (caller->domain.privileges[1] & PRIVILEGE_GLOBAL_DELETE) == 0)
        sw = SW_SECURITY;
    else
        sw = delete_content(caller, aid, (cmd->p2 & DELETE_RELATED) != 0);
    if (sw_equal(sw, SW_OK))
        wr_u8(out, 0);
    return sw;
}
