/*
 * INSTALL (GP 11.5).
 */
#include "uicc/isd/params.h"
#include "uicc/isd/token.h"

#include "uicc/remote/sd.h"

#include <string.h>

#define FOR_LOAD            0x02
#define FOR_INSTALL         0x04
#define FOR_SELECTABLE      0x08
#define FOR_EXTRADITION     0x10
#define FOR_PERSONALISATION 0x20
#define FOR_REGISTRY_UPDATE 0x40
#define FOR_ALL             (FOR_LOAD | FOR_INSTALL | FOR_SELECTABLE)

/* P2 of FOR_ALL, which comes in two pieces, with the LOAD commands between them. */
#define COMBINED_BEGINS 0x01
#define COMBINED_ENDS   0x03

#define TAR_LEN 3

#define LENGTH_SHORT_MAX 0x7F
#define LENGTH_FOLLOWS   0x81

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

/* Five or six length-value fields; which is which depends on the form. The last one is a token,
 * and vouches for those before it. */
struct fields {
    struct rd at[6];
    struct rd body, token;
};

/* Lengths are BER's: above 7F there are two bytes. One alone is taken too, where it is not 81. */
static enum err take_field(struct rd *r, struct rd *value)
{
    if (r->left > 1 && r->at[0] == LENGTH_FOLLOWS && r->at[1] > LENGTH_SHORT_MAX)
        *r = RD(r->at + 1, r->left - 1);
    return isd_take_lv(r, value);
}

static enum err read_fields(struct rd data, unsigned count, struct fields *f)
{
    enum err e = ERR_OK;

    f->body = RD(data.at, 0);
    for (unsigned i = 0; i < count && e == ERR_OK; i++) {
        f->body.left = (size_t)(data.at - f->body.at);
        e = take_field(&data, &f->at[i]);
    }
    if (e != ERR_OK || data.left > 0)
        return ERR_FORMAT;
    f->token = f->at[count - 1];
    return ERR_OK;
}

sw_t isd_status(enum err e)
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
    case ERR_CORRUPT:
        return SW_MEMORY;
    default:
        return SW_BAD_DATA;
    }
}

/* ---- for load ---- */

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

/* load file AID, domain AID, hash, parameters, token; life: as what it begins */
static sw_t for_load(struct isd_caller *caller, const struct fields *f, uint8_t life)
{
    struct applet_entry file = {.kind = APPLET_LOAD_FILE, .life = life}, other;
    uint32_t bytes = 0;

    if (!applet_aid_set(&file.aid, f->at[0]) ||
        (f->at[2].left != 0 && f->at[2].left != SHA256_LEN) ||
        isd_params_memory(f->at[3], &bytes) != ERR_OK)
        return SW_BAD_DATA;
    if (f->token.left > 0 && f->at[2].left == 0)
        return SW_BAD_DATA; /* a token vouches for one file, not for a name */
    if (find_domain(caller, f->at[1], &file.domain) != ERR_OK)
        return SW_REFERENCE;
    if (applet_registry_find(&caller->card->store, f->at[0], &other) == ERR_OK &&
        !applet_is_loading(&other))
        return SW_CONDITIONS;
    if (bytes > isd_room(caller->card, file.domain))
        return SW_SPACE;
    return isd_status(isd_begin_load(caller, &file, f->at[2]));
}

/* ---- for install, for make selectable ---- */

/* GP 6.6.1: some are for domains only, and who manages with tokens does not without. */
static bool privileges_agree(const struct applet_entry *e)
{
    static const uint8_t of_domains = PRIVILEGE_DAP | PRIVILEGE_DELEGATED | PRIVILEGE_MANDATED;
    uint8_t first = e->privileges[0];

    if ((first & of_domains) != 0 && (first & PRIVILEGE_SD) == 0)
        return false;
    if ((first & PRIVILEGE_MANDATED) != 0 && (first & PRIVILEGE_DAP) == 0)
        return false;
    return (first & PRIVILEGE_DELEGATED) == 0 || (e->privileges[1] & PRIVILEGE_AUTHORIZED) == 0;
}

static bool set_privileges(struct applet_entry *e, struct rd bytes)
{
    if (bytes.left != 1 && bytes.left != 3)
        return false;
    memset(e->privileges, 0, sizeof e->privileges);
    memcpy(e->privileges, bytes.at, bytes.left);
    return (e->privileges[0] & (uint8_t)~ISD_PRIVILEGES_1) == 0 &&
           (e->privileges[1] & (uint8_t)~ISD_PRIVILEGES_2) == 0 && e->privileges[2] == 0 &&
           privileges_agree(e);
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

static sw_t for_install(struct isd_caller *caller, const struct fields *f, uint8_t life)
{
    struct applet_installation w = {.entry = {.life = life, .domain = caller->domain.number}};
    enum err e = read_installation(caller, f, &w);

    if (e == ERR_OK && w.entry.quota > isd_room(caller->card, caller->domain.number))
        e = ERR_SPACE;
    return isd_status(e == ERR_OK ? applet_install(caller->card, &w) : e);
}

/* The end of a combined process: the file that waits, and its instance, both or none. */
static sw_t for_rest(struct isd_caller *caller, const struct fields *f)
{
    struct store *s = &caller->card->store;
    struct applet_entry file;
    sw_t sw;

    if (applet_registry_find(s, f->at[0], &file) != ERR_OK || !applet_is_loading(&file) ||
        (file.life & APPLET_LOAD_WHOLE) == 0 || !isd_may_touch(caller, &file, 0))
        return SW_REFERENCE;
    file.life = APPLET_LOADED;
    if (applet_registry_write(s, &file) != ERR_OK)
        return SW_MEMORY;
    sw = for_install(caller, f, APPLET_SELECTABLE);
    if (!sw_equal(sw, SW_OK) && applet_registry_remove(s, file.number) != ERR_OK)
        return SW_MEMORY;
    return sw;
}

/* An instance or a load file (the third field) that the caller may touch; SW_REFERENCE;
 * SW_CONDITIONS for what is part of the card. */
static sw_t find_object(struct isd_caller *caller, const struct fields *f, struct applet_entry *out)
{
    if (applet_registry_find(&caller->card->store, f->at[2], out) != ERR_OK ||
        out->number == APPLET_ISD || applet_is_loading(out) || !isd_may_touch(caller, out, 0))
        return SW_REFERENCE;
    return applet_is_fixed(out->number) ? SW_CONDITIONS : SW_OK;
}

static sw_t find_instance(struct isd_caller *caller, const struct fields *f,
                          struct applet_entry *out)
{
    sw_t sw = find_object(caller, f, out);

    return sw_equal(sw, SW_OK) && out->kind != APPLET_INSTANCE ? SW_REFERENCE : sw;
}

static sw_t update(struct isd_caller *caller, const struct applet_entry *entry)
{
    enum err e = applet_registry_write(&caller->card->store, entry);

    applet_registrations_changed(caller->card);
    return e == ERR_OK ? SW_OK : SW_MEMORY;
}

/* nothing, nothing, instance AID, privileges, parameters, token */
static sw_t for_selectable(struct isd_caller *caller, const struct fields *f)
{
    struct applet_entry entry;
    sw_t sw = find_instance(caller, f, &entry);

    if (!sw_equal(sw, SW_OK))
        return sw;
    if (entry.life != APPLET_INSTALLED)
        return SW_CONDITIONS;
    entry.life = APPLET_SELECTABLE;
    return update(caller, &entry);
}

/* ---- extradition, registry update, personalisation ---- */

/* To the domain of this name. */
static sw_t hand_over(struct isd_caller *caller, struct rd aid, struct applet_entry *entry)
{
    struct applet_entry domain;

    if (applet_registry_find(&caller->card->store, aid, &domain) != ERR_OK ||
        !isd_is_domain(&domain) || (domain.life & APPLET_LOCKED) != 0)
        return SW_REFERENCE;
    if (domain.number == entry->number || isd_is_domain(entry))
        return SW_CONDITIONS;
    if ((entry->kind == APPLET_LOAD_FILE ? entry->load_len : entry->quota) >
        isd_room(caller->card, domain.number))
        return SW_SPACE;
    entry->domain = domain.number;
    return SW_OK;
}

/* domain AID, nothing, AID, nothing, nothing, token */
static sw_t for_extradition(struct isd_caller *caller, const struct fields *f)
{
    struct applet_entry entry;
    sw_t sw = find_object(caller, f, &entry);

    if (sw_equal(sw, SW_OK))
        sw = hand_over(caller, f->at[0], &entry);
    return sw_equal(sw, SW_OK) ? update(caller, &entry) : sw;
}

/* domain AID or nothing, nothing, AID, privileges or nothing, parameters, token */
static sw_t for_registry_update(struct isd_caller *caller, const struct fields *f)
{
    struct applet_entry entry;
    bool was_domain;
    sw_t sw = find_object(caller, f, &entry);

    if (!sw_equal(sw, SW_OK))
        return sw;
    if (entry.number == caller->domain.number)
        return SW_CONDITIONS; /* nobody promotes himself */
    was_domain = isd_is_domain(&entry);
    if (f->at[3].left > 0 && (entry.kind != APPLET_INSTANCE || !set_privileges(&entry, f->at[3]) ||
                              isd_is_domain(&entry) != was_domain))
        return SW_BAD_DATA;
    if (f->at[0].left > 0)
        sw = hand_over(caller, f->at[0], &entry);
    return sw_equal(sw, SW_OK) ? update(caller, &entry) : sw;
}

/* nothing, nothing, instance AID, nothing, nothing, nothing */
static sw_t for_personalisation(struct isd_caller *caller, const struct fields *f)
{
    struct applet_entry entry;

    if (applet_aid_equal(&caller->domain.aid, f->at[2])) {
        caller->card->applets->personalised = 0;
        return SW_OK;
    }
    if (applet_registry_find(&caller->card->store, f->at[2], &entry) != ERR_OK ||
        entry.domain != caller->domain.number)
        return SW_REFERENCE;
    if ((entry.life & APPLET_LOCKED) != 0 || applet_is_fixed(entry.number))
        return SW_CONDITIONS;
    caller->card->applets->personalised = entry.number;
    return SW_OK;
}

/* ---- the command ---- */

static bool is_form(const struct apdu *cmd)
{
    switch (cmd->p1) {
    case FOR_LOAD:
    case FOR_INSTALL:
    case FOR_INSTALL | FOR_SELECTABLE:
    case FOR_SELECTABLE:
    case FOR_EXTRADITION:
    case FOR_PERSONALISATION:
    case FOR_REGISTRY_UPDATE:
        return cmd->p2 == 0;
    case FOR_ALL:
        return cmd->p2 == COMBINED_BEGINS || cmd->p2 == COMBINED_ENDS;
    default:
        return false;
    }
}

static bool is_for_load(const struct apdu *cmd)
{
    return cmd->p1 == FOR_LOAD || (cmd->p1 == FOR_ALL && cmd->p2 == COMBINED_BEGINS);
}

static sw_t install(struct isd_caller *caller, const struct apdu *cmd, const struct fields *f)
{
    switch (cmd->p1) {
    case FOR_LOAD:
        return for_load(caller, f, APPLET_LOADING);
    case FOR_INSTALL:
        return for_install(caller, f, APPLET_INSTALLED);
    case FOR_INSTALL | FOR_SELECTABLE:
        return for_install(caller, f, APPLET_SELECTABLE);
    case FOR_SELECTABLE:
        return for_selectable(caller, f);
    case FOR_EXTRADITION:
        return for_extradition(caller, f);
    case FOR_PERSONALISATION:
        return for_personalisation(caller, f);
    case FOR_REGISTRY_UPDATE:
        return for_registry_update(caller, f);
    default:
        return is_for_load(cmd) ? for_load(caller, f, APPLET_LOADING | APPLET_LOAD_COMBINED)
                                : for_rest(caller, f);
    }
}

/* GP C.5: the load file's own comes with its last block; of a registry update there is none. */
static sw_t write_receipt(const struct isd_caller *caller, const struct apdu *cmd,
                          const struct fields *f, struct wr *out)
{
    struct token_receipt receipt = {{f->at[0], f->at[2]}};

    if (cmd->p1 == FOR_EXTRADITION)
        receipt = (struct token_receipt){{RD_AID(&caller->domain.aid), f->at[2], f->at[0]}};
    if (!is_for_load(cmd) && cmd->p1 != FOR_PERSONALISATION && cmd->p1 != FOR_REGISTRY_UPDATE)
        return token_write_receipt(caller, receipt, out);
    wr_u8(out, 0);
    return SW_OK;
}

sw_t isd_install(struct isd_caller *caller, const struct apdu *cmd, struct wr *out)
{
    struct fields f;
    sw_t sw = SW_OK;

    if (!is_form(cmd))
        return SW_P1P2;
    if (cmd->p1 != FOR_PERSONALISATION && !isd_may_manage(caller) && !token_may_delegate(caller))
        return SW_SECURITY;
    if (read_fields(cmd->data, is_for_load(cmd) ? 5 : 6, &f) != ERR_OK)
        return SW_BAD_DATA;
    if (cmd->p1 != FOR_PERSONALISATION)
        sw = token_check(caller, cmd, f.body, f.token);
    if (sw_equal(sw, SW_OK))
        sw = install(caller, cmd, &f);
    return sw_equal(sw, SW_OK) ? write_receipt(caller, cmd, &f, out) : sw;
}
