/*
 * What instances registered for (uicc.toolkit.ToolkitRegistry), and what the terminal is told of
 * it.
 *
 *   priority max_timers max_text timers events(8) count
 *   { id position flags text_len text }*      flags: 01 initialised, 02 enabled
 */
#include "uicc/applet/toolkit.h"

#include "apdu/ctlv.h"
#include "apdu/ids.h"
#include "uicc/remote/remote.h"

#include <string.h>

#define ENTRY_INITIALISED 0x01
#define ENTRY_ENABLED     0x02
#define ITEM_ID_MAX       0x7F
#define TERMINAL_EVENTS   (APPLET_EVENTS - APPLET_EVENT_DOWNLOAD)
#define RECORD_MAX        (13 + TOOLKIT_ENTRIES_MAX * (4 + TOOLKIT_TEXT_MAX))
#define MENU_TITLE        "SIM services"

/* ---- in the store ---- */

enum err applet_toolkit_write(struct store *s, uint8_t number, const struct toolkit_registration *r)
{
    uint8_t bytes[RECORD_MAX];
    struct wr w = WR_ARRAY(bytes);

    wr_u8(&w, r->priority);
    wr_u8(&w, r->max_timers);
    wr_u8(&w, r->max_text);
    wr_u8(&w, r->timers);
    wr_u64(&w, r->events);
    wr_u8(&w, r->entry_count);
    for (unsigned i = 0; i < r->entry_count; i++) {
        const struct toolkit_menu_entry *m = &r->entries[i];

        wr_u8(&w, m->id);
        wr_u8(&w, m->position);
        wr_u8(&w, (uint8_t)((m->initialised ? ENTRY_INITIALISED : 0) |
                            (m->enabled ? ENTRY_ENABLED : 0)));
        wr_u8(&w, m->text_len);
        wr_bytes(&w, m->text, m->text_len);
    }
    if (wr_result(&w) != ERR_OK)
        return ERR_SPACE;
    return store_put(s, OBJ_APPLET(APPLET_TOOLKIT + number), RD_WR(&w));
}

static enum err read_entry(struct rd *r, struct toolkit_menu_entry *m)
{
    uint8_t flags = 0;
    enum err e = rd_u8(r, &m->id);

    if (e == ERR_OK)
        e = rd_u8(r, &m->position);
    if (e == ERR_OK)
        e = rd_u8(r, &flags);
    if (e == ERR_OK)
        e = rd_u8(r, &m->text_len);
    if (e == ERR_OK && m->text_len > TOOLKIT_TEXT_MAX)
        return ERR_RANGE;
    m->initialised = (flags & ENTRY_INITIALISED) != 0;
    m->enabled = (flags & ENTRY_ENABLED) != 0;
    return e == ERR_OK ? rd_copy(r, m->text, m->text_len) : e;
}

enum err applet_toolkit_read(const struct store *s, uint8_t number,
                             struct toolkit_registration *out)
{
    struct toolkit_registration t = {0};
    struct rd r;
    enum err e;

    if (!store_get(s, OBJ_APPLET(APPLET_TOOLKIT + number), &r))
        return ERR_NOT_FOUND;
    e = rd_u8(&r, &t.priority);
    if (e == ERR_OK)
        e = rd_u8(&r, &t.max_timers);
    if (e == ERR_OK)
        e = rd_u8(&r, &t.max_text);
    if (e == ERR_OK)
        e = rd_u8(&r, &t.timers);
    if (e == ERR_OK)
        e = rd_u64(&r, &t.events);
    if (e == ERR_OK)
        e = rd_u8(&r, &t.entry_count);
    if (e != ERR_OK || t.entry_count > TOOLKIT_ENTRIES_MAX)
        return ERR_CORRUPT;
    for (unsigned i = 0; i < t.entry_count; i++) {
        if (read_entry(&r, &t.entries[i]) != ERR_OK)
            return ERR_CORRUPT;
    }
    *out = t;
    return ERR_OK;
}

/* Those of all instances that are selectable and registered; the loop of everything below. */
static bool next_registered(const struct store *s, uint8_t *number,
                            struct toolkit_registration *out)
{
    struct applet_entry e;

    while (applet_registry_next(s, *number, &e) == ERR_OK) {
        *number = e.number;
        if (e.kind == APPLET_INSTANCE && (e.life & APPLET_LOCKED) == 0 &&
            e.life >= APPLET_SELECTABLE && applet_toolkit_read(s, e.number, out) == ERR_OK)
            return true;
    }
    return false;
}

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

/* ---- ToolkitRegistry ---- */

static enum err change(struct applet *a, const struct toolkit_registration *r)
{
    enum err e = applet_toolkit_write(&a->card->store, a->number, r);

    if (e == ERR_OK)
        applet_registrations_changed(a->card);
    return e;
}

/* Events that need more than a bit come with what they need. */
static bool is_plain(uint8_t event)
{
    return event > 0 && event < APPLET_EVENTS && event != APPLET_MENU_SELECTION &&
           event != APPLET_MENU_HELP && event != APPLET_TIMER_EXPIRATION &&
           event != APPLET_FORMATTED_SMS;
}

static enum err put_event(struct applet *a, uint8_t event, bool set)
{
    struct toolkit_registration r;
    enum err e = applet_toolkit_read(&a->card->store, a->number, &r);

    if (e != ERR_OK)
        return e;
    if (!is_plain(event))
        return ERR_RANGE;
    r.events = set ? r.events | 1ULL << event : r.events & ~(1ULL << event);
    return change(a, &r);
}

enum err applet_set_event(struct applet *a, uint8_t event)
{
    return put_event(a, event, true);
}

enum err applet_clear_event(struct applet *a, uint8_t event)
{
    return put_event(a, event, false);
}

bool applet_is_event_set(const struct applet *a, uint8_t event)
{
    struct toolkit_registration r;

    return event < APPLET_EVENTS && applet_toolkit_read(&a->card->store, a->number, &r) == ERR_OK &&
           (r.events >> event & 1) != 0;
}

enum err applet_add_menu_entry(struct applet *a, const char *text, uint8_t *id)
{
    struct toolkit_registration r;
    size_t len = strlen(text);
    enum err e = applet_toolkit_read(&a->card->store, a->number, &r);

    if (e != ERR_OK)
        return e;
    if (len == 0 || len > r.max_text || len > TOOLKIT_TEXT_MAX)
        return ERR_RANGE;
    for (unsigned i = 0; i < r.entry_count; i++) {
        struct toolkit_menu_entry *m = &r.entries[i];

        if (m->initialised)
            continue;
        m->initialised = m->enabled = true;
        m->text_len = (uint8_t)len;
        memcpy(m->text, text, len);
        e = change(a, &r);
        if (e == ERR_OK)
            *id = m->id;
        return e;
    }
    return ERR_SPACE;
}

enum err applet_enable_menu_entry(struct applet *a, uint8_t id, bool enabled)
{
    struct toolkit_registration r;
    enum err e = applet_toolkit_read(&a->card->store, a->number, &r);

    for (unsigned i = 0; e == ERR_OK && i < r.entry_count; i++) {
        if (r.entries[i].id == id && r.entries[i].initialised) {
            r.entries[i].enabled = enabled;
            return change(a, &r);
        }
    }
    return e == ERR_OK ? ERR_NOT_FOUND : e;
}

static uint8_t timers_in_use(const struct store *s)
{
    struct toolkit_registration r;
    uint8_t number = 0, timers = 0;

    while (next_registered(s, &number, &r))
        timers |= r.timers;
    return timers;
}

enum err applet_allocate_timer(struct applet *a, uint8_t *id)
{
    struct toolkit_registration r;
    enum err e = applet_toolkit_read(&a->card->store, a->number, &r);
    unsigned free = 0;

    if (e != ERR_OK)
        return e;
    while (free < TOOLKIT_TIMERS_MAX && (timers_in_use(&a->card->store) >> free & 1) != 0)
        free++;
    if (free == TOOLKIT_TIMERS_MAX || __builtin_popcount(r.timers) >= r.max_timers)
        return ERR_SPACE;
    r.timers |= (uint8_t)(1U << free);
    e = applet_toolkit_write(&a->card->store, a->number, &r);
    if (e == ERR_OK)
        *id = (uint8_t)(free + 1);
    return e;
}

enum err applet_release_timer(struct applet *a, uint8_t id)
{
    struct toolkit_registration r;
    enum err e = applet_toolkit_read(&a->card->store, a->number, &r);

    if (e != ERR_OK)
        return e;
    if (id == 0 || id > TOOLKIT_TIMERS_MAX || (r.timers >> (id - 1) & 1) == 0)
        return ERR_NOT_FOUND;
    r.timers &= (uint8_t) ~(1U << (id - 1));
    return applet_toolkit_write(&a->card->store, a->number, &r);
}

/* ---- what the terminal is told ---- */

static void write_item(struct wr *w, const struct toolkit_menu_entry *m)
{
    uint8_t item[1 + TOOLKIT_TEXT_MAX];
    struct wr i = WR_ARRAY(item);

    wr_u8(&i, m->id);
    wr_bytes(&i, m->text, m->text_len);
    ctlv_write(w, CTLV_ITEM, RD_WR(&i));
}

/* All visible entries of one position; those of equal position in order of installation. */
static bool write_position(const struct store *s, unsigned position, struct wr *w)
{
    struct toolkit_registration r;
    uint8_t number = 0;
    bool any = false;

    while (next_registered(s, &number, &r)) {
        for (unsigned i = 0; i < r.entry_count; i++) {
            const struct toolkit_menu_entry *m = &r.entries[i];

            if (!m->initialised || !m->enabled || m->position != position)
                continue;
            write_item(w, m);
            any = true;
        }
    }
    return any;
}

/* The lowest position above this one that an entry has; 0 if there is none. */
static unsigned next_position(const struct store *s, unsigned after)
{
    struct toolkit_registration r;
    uint8_t number = 0;
    unsigned lowest = 0;

    while (next_registered(s, &number, &r)) {
        for (unsigned i = 0; i < r.entry_count; i++) {
            unsigned p = r.entries[i].position;

            if (p > after && (lowest == 0 || p < lowest))
                lowest = p;
        }
    }
    return lowest;
}

bool applet_write_menu(const struct card *card, struct wr *w)
{
    static const char title[] = MENU_TITLE;
    bool any = false;

    ctlv_write(w, CTLV_ALPHA_IDENTIFIER, RD((const uint8_t *)title, sizeof title - 1));
    for (unsigned p = next_position(&card->store, 0); p != 0; p = next_position(&card->store, p))
        any |= write_position(&card->store, p, w);
    any |= write_position(&card->store, 0, w);
    if (!any)
        ctlv_write(w, CTLV_ITEM, RD(NULL, 0)); /* an empty item takes the menu away */
    return any;
}

bool applet_write_event_list(const struct card *card, struct wr *w)
{
    struct toolkit_registration r;
    uint8_t number = 0, list[TERMINAL_EVENTS];
    struct wr l = WR_ARRAY(list);
    uint64_t events = opchange_events(card); /* the card's own */

    while (next_registered(&card->store, &number, &r))
        events |= r.events >> APPLET_EVENT_DOWNLOAD;
    for (unsigned e = 0; e < TERMINAL_EVENTS; e++) {
        if ((events >> e & 1) != 0)
            wr_u8(&l, (uint8_t)e);
    }
    ctlv_write(w, CTLV_EVENT_LIST, RD_WR(&l));
    return l.len > 0;
}
