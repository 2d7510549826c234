/*
 * What an instance says to the framework: uicc.toolkit.ToolkitRegistry.
 */
#include "uicc/applet/toolkit.h"

#include <string.h>

static enum err read(const struct applet *a, struct toolkit_registration *out)
{
    return applet_toolkit_read(&a->card->store, a->number, out);
}

static enum err change(struct applet *a, const struct toolkit_registration *r)
{
    enum err e = applet_toolkit_write(&a->card->store, a->number, r);

    if (e == ERR_OK)
        applet_registrations_changed(a->card);
    return e;
}

/* ---- events ---- */

static bool is_taken(const struct applet *a, uint8_t event)
{
    struct toolkit_registration r;
    struct applet_entry e = {.number = 0};

    while (applet_toolkit_next(&a->card->store, &e, &r)) {
        if (e.number != a->number && applet_events_has(&r.events, event))
            return true;
    }
    return false;
}

static bool has_tar(const struct applet *a)
{
    struct applet_entry e;

    return applet_registry_read(&a->card->store, a->number, &e) == ERR_OK && e.tar_count > 0;
}

static enum err put_event(struct applet *a, uint8_t event, bool set)
{
    struct toolkit_registration r;
    enum err e = read(a, &r);

    if (e != ERR_OK)
        return e;
    if (!applet_event_is_free(event))
        return ERR_RANGE;
    if (set && applet_event_is_exclusive(event) && is_taken(a, event))
        return ERR_EXISTS;
    if (set && (event == APPLET_FORMATTED_SMS || event == APPLET_FORMATTED_SMS_UPDATE) &&
        !has_tar(a))
        return ERR_CONDITIONS;
    applet_events_put(&r.events, event, set);
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

    return read(a, &r) == ERR_OK && applet_events_has(&r.events, event);
}

/* ---- menu ---- */

static enum err put_text(const struct toolkit_registration *r, struct toolkit_menu_entry *m,
                         const struct applet_menu_text *said)
{
    size_t len = strlen(said->text);

    if (len == 0 || len > r->max_text || len > TOOLKIT_TEXT_MAX)
        return ERR_RANGE;
    m->initialised = true;
    m->next_action = said->next_action;
    m->help = said->help;
    m->text_len = (uint8_t)len;
    memcpy(m->text, said->text, len);
    return ERR_OK;
}

enum err applet_add_menu_entry(struct applet *a, const char *text, uint8_t *id)
{
    const struct applet_menu_text said = {.text = text};
    struct toolkit_registration r;
    unsigned i = 0;
    enum err e = read(a, &r);

    if (e != ERR_OK)
        return e;
    while (i < r.entry_count && r.entries[i].initialised)
        i++;
    if (i == r.entry_count)
        return ERR_SPACE;
    e = put_text(&r, &r.entries[i], &said);
    r.entries[i].enabled = true;
    if (e == ERR_OK)
        e = change(a, &r);
    if (e == ERR_OK)
        *id = r.entries[i].id;
    return e;
}

/* The initialised entry of this name, or NULL. */
static struct toolkit_menu_entry *find_entry(struct toolkit_registration *r, uint8_t id)
{
    for (unsigned i = 0; i < r->entry_count; i++) {
        if (r->entries[i].id == id && r->entries[i].initialised)
            return &r->entries[i];
    }
    return NULL;
}

enum err applet_change_menu_entry(struct applet *a, uint8_t id,
                                  const struct applet_menu_text *entry)
{
    struct toolkit_registration r;
    struct toolkit_menu_entry *m;
    enum err e = read(a, &r);

    if (e != ERR_OK)
        return e;
    m = find_entry(&r, id);
    if (m == NULL)
        return ERR_NOT_FOUND;
    e = put_text(&r, m, entry);
    return e == ERR_OK ? change(a, &r) : e;
}

enum err applet_enable_menu_entry(struct applet *a, uint8_t id, bool enabled)
{
    struct toolkit_registration r;
    struct toolkit_menu_entry *m;
    enum err e = read(a, &r);

    if (e != ERR_OK)
        return e;
    m = find_entry(&r, id);
    if (m == NULL)
        return ERR_NOT_FOUND;
    m->enabled = enabled;
    return change(a, &r);
}

/* ---- timers and services, both eight of the whole card ---- */

struct in_use {
    uint8_t timers, services;
};

static struct in_use count_in_use(const struct applet *a)
{
    struct toolkit_registration r;
    struct applet_entry e = {.number = 0};
    struct in_use used = {0, 0};

    while (applet_toolkit_next(&a->card->store, &e, &r)) {
        used.timers |= r.timers;
        used.services |= r.services;
    }
    return used;
}

/* The lowest free one of eight, as far as the grant goes. */
static enum err take_bit(uint8_t used, uint8_t *own, uint8_t granted, unsigned *bit)
{
    unsigned free = 0;

    while (free < 8 && ((used | *own) >> free & 1) != 0)
        free++;
    if (free == 8 || __builtin_popcount(*own) >= granted)
        return ERR_SPACE;
    *own |= (uint8_t)(1U << free);
    *bit = free;
    return ERR_OK;
}

static enum err give_bit(uint8_t *own, unsigned bit)
{
    if (bit >= 8 || (*own >> bit & 1) == 0)
        return ERR_NOT_FOUND;
    *own &= (uint8_t) ~(1U << bit);
    return ERR_OK;
}

/* Nobody but the owner hears of these: nothing that is told or cached changes with them. */
static enum err put(struct applet *a, const struct toolkit_registration *r)
{
    return applet_toolkit_write(&a->card->store, a->number, r);
}

enum err applet_allocate_timer(struct applet *a, uint8_t *id)
{
    struct toolkit_registration r;
    unsigned bit = 0;
    enum err e = read(a, &r);

    if (e == ERR_OK)
        e = take_bit(count_in_use(a).timers, &r.timers, r.max_timers, &bit);
    if (e == ERR_OK)
        e = put(a, &r);
    if (e == ERR_OK)
        *id = (uint8_t)(bit + 1);
    return e;
}

enum err applet_release_timer(struct applet *a, uint8_t id)
{
    struct toolkit_registration r;
    enum err e = read(a, &r);

    if (e == ERR_OK)
        e = give_bit(&r.timers, id - 1U);
    return e == ERR_OK ? put(a, &r) : e;
}

enum err applet_allocate_service(struct applet *a, uint8_t *id)
{
    struct toolkit_registration r;
    unsigned bit = 0;
    enum err e = read(a, &r);

    if (e == ERR_OK)
        e = take_bit(count_in_use(a).services, &r.services, r.max_services, &bit);
    if (e == ERR_OK)
        e = put(a, &r);
    if (e == ERR_OK)
        *id = (uint8_t)bit;
    return e;
}

enum err applet_release_service(struct applet *a, uint8_t id)
{
    struct toolkit_registration r;
    enum err e = read(a, &r);

    if (e == ERR_OK)
        e = give_bit(&r.services, id);
    return e == ERR_OK ? put(a, &r) : e;
}

/* ---- polling ---- */

enum err applet_request_poll_interval(struct applet *a, uint16_t seconds)
{
    struct toolkit_registration r;
    enum err e = read(a, &r);

    if (e != ERR_OK)
        return e;
    if (seconds > TOOLKIT_POLL_MAX)
        return ERR_RANGE;
    r.poll_seconds = seconds;
    return change(a, &r);
}

uint16_t applet_poll_interval(const struct applet *a)
{
    struct toolkit_registration r;

    return read(a, &r) == ERR_OK && r.poll_seconds != 0 ? a->card->applets->poll_granted : 0;
}
