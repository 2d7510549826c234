/*
 * What instances were granted and registered for, in the store:
 *
 *   priority max_timers max_text max_channels max_services timers services poll(2) events(32) count
 *   { id position flags next_action text_len text }*
 *   flags: 01 initialised, 02 enabled, 04 help
 */
#include "uicc/applet/native.h"
#include "uicc/applet/toolkit.h"

#include <string.h>

#define ENTRY_INITIALISED 0x01
#define ENTRY_ENABLED     0x02
#define ENTRY_HELP        0x04
#define ITEM_ID_MAX       0x7F
#define FIXED_LEN         (10 + sizeof(struct applet_events))
#define RECORD_MAX        (FIXED_LEN + TOOLKIT_ENTRIES_MAX * (5 + TOOLKIT_TEXT_MAX))

/* ---- in the store ---- */

static void write_entry(struct wr *w, const struct toolkit_menu_entry *m)
{
    wr_u8(w, m->id);
    wr_u8(w, m->position);
    wr_u8(w, (uint8_t)((m->initialised ? ENTRY_INITIALISED : 0) | (m->enabled ? ENTRY_ENABLED : 0) |
                       (m->help ? ENTRY_HELP : 0)));
    wr_u8(w, m->next_action);
    wr_u8(w, m->text_len);
    wr_bytes(w, m->text, m->text_len);
}

enum err applet_toolkit_write(struct store *s, uint8_t number, const struct toolkit_registration *r)
{
    uint8_t bytes[RECORD_MAX];
    struct wr w = WR_ARRAY(bytes);

    if (number == APPLET_MANAGER)
        return ERR_DENIED; /* it follows from the slots */
    wr_u8(&w, r->priority);
    wr_u8(&w, r->max_timers);
    wr_u8(&w, r->max_text);
    wr_u8(&w, r->max_channels);
    wr_u8(&w, r->max_services);
    wr_u8(&w, r->timers);
    wr_u8(&w, r->services);
    wr_u16(&w, r->poll_seconds);
    wr_bytes(&w, r->events.bits, sizeof r->events.bits);
    wr_u8(&w, r->entry_count);
    for (unsigned i = 0; i < r->entry_count; i++)
        write_entry(&w, &r->entries[i]);
    if (wr_result(&w) != ERR_OK)
        return ERR_SPACE;
    return store_put(s, OBJ_APPLET(APPLET_TOOLKIT + number), RD_WR(&w));
}

static enum err read_entry(struct rd *r, struct toolkit_menu_entry *m)
{
    uint8_t fixed[5];
    enum err e = rd_copy(r, fixed, sizeof fixed);

    if (e != ERR_OK)
        return e;
    if (fixed[4] > TOOLKIT_TEXT_MAX)
        return ERR_RANGE;
    m->id = fixed[0];
    m->position = fixed[1];
    m->initialised = (fixed[2] & ENTRY_INITIALISED) != 0;
    m->enabled = (fixed[2] & ENTRY_ENABLED) != 0;
    m->help = (fixed[2] & ENTRY_HELP) != 0;
    m->next_action = fixed[3];
    m->text_len = fixed[4];
    return rd_copy(r, m->text, m->text_len);
}

static enum err read_fixed(struct rd *r, struct toolkit_registration *t)
{
    uint8_t granted[7];
    enum err e = rd_copy(r, granted, sizeof granted);

    if (e == ERR_OK)
        e = rd_u16(r, &t->poll_seconds);
    if (e == ERR_OK)
        e = rd_copy(r, t->events.bits, sizeof t->events.bits);
    if (e == ERR_OK)
        e = rd_u8(r, &t->entry_count);
    if (e != ERR_OK || t->entry_count > TOOLKIT_ENTRIES_MAX)
        return ERR_CORRUPT;
    t->priority = granted[0];
    t->max_timers = granted[1];
    t->max_text = granted[2];
    t->max_channels = granted[3];
    t->max_services = granted[4];
    t->timers = granted[5];
    t->services = granted[6];
    return ERR_OK;
}

enum err applet_toolkit_read(const struct store *s, uint8_t number,
                             struct toolkit_registration *out)
{
    struct toolkit_registration t = {0};
    struct rd r;

    if (number == APPLET_MANAGER) {
        native_opchange_registration(s, out);
        return ERR_OK;
    }
    if (!store_get(s, OBJ_APPLET(APPLET_TOOLKIT + number), &r))
        return ERR_NOT_FOUND;
    if (read_fixed(&r, &t) != ERR_OK)
        return ERR_CORRUPT;
    for (unsigned i = 0; i < t.entry_count; i++) {
        if (read_entry(&r, &t.entries[i]) != ERR_OK)
            return ERR_CORRUPT;
    }
    *out = t;
    return ERR_OK;
}

bool applet_toolkit_next(const struct store *s, struct applet_entry *entry,
                         struct toolkit_registration *out)
{
    while (applet_registry_next(s, entry->number, entry) == ERR_OK) {
        if (entry->kind == APPLET_INSTANCE && (entry->life & APPLET_LOCKED) == 0 &&
            entry->life >= APPLET_SELECTABLE &&
            applet_toolkit_read(s, entry->number, out) == ERR_OK)
            return true;
    }
    return false;
}

/* ---- identifiers of menu entries ---- */

static bool id_is_taken(const struct store *s, uint8_t id)
{
    struct toolkit_registration r;
    struct applet_entry e;

    for (uint8_t n = 0; applet_registry_next(s, n, &e) == ERR_OK; n = e.number) {
        if (applet_toolkit_read(s, e.number, &r) != ERR_OK)
            continue;
        for (unsigned i = 0; i < r.entry_count; i++) {
            if (r.entries[i].id == id)
                return true;
        }
    }
    return false;
}

static bool id_is_in(const struct toolkit_registration *r, unsigned before, uint8_t id)
{
    for (unsigned i = 0; i < before; i++) {
        if (r->entries[i].id == id)
            return true;
    }
    return false;
}

enum err applet_toolkit_number(const struct store *s, struct toolkit_registration *r)
{
    uint8_t id = 1;

    for (unsigned i = 0; i < r->entry_count; i++) {
        struct toolkit_menu_entry *m = &r->entries[i];

        if (m->id > ITEM_ID_MAX)
            return ERR_RANGE;
        if (m->id != 0 && (id_is_taken(s, m->id) || id_is_in(r, i, m->id)))
            return ERR_EXISTS;
        if (m->id != 0)
            continue;
        while (id <= ITEM_ID_MAX && (id_is_taken(s, id) || id_is_in(r, r->entry_count, id)))
            id++;
        if (id > ITEM_ID_MAX)
            return ERR_SPACE;
        m->id = id;
    }
    return ERR_OK;
}
