/*
 * What the terminal is told on behalf of all applets: SET UP MENU, SET UP EVENT LIST, POLL
 * INTERVAL (TS 102 241 4.6: these are the framework's).
 */
#include "uicc/applet/toolkit.h"

#include "apdu/ctlv.h"
#include "apdu/ids.h"
#include "uicc/cat/proactive.h"

#define MENU_TITLE     "SIM services"
#define HELP_AVAILABLE 0x80 /* qualifier of SET UP MENU, TS 102 223 8.6 */
#define EVENT_CODES    64U

/* ---- menu ---- */

static void write_item(struct wr *w, const struct toolkit_menu_entry *m)
{
    uint8_t item[1 + TOOLKIT_TEXT_MAX];
    struct wr i = WR_ARRAY(item);

    wr_u8(&i, m->id);
    wr_bytes(&i, m->text, m->text_len);
    ctlv_write(w, CTLV_ITEM, RD_WR(&i));
}

/* The entries as the terminal shows them. */
struct menu {
    struct wr *items;
    uint8_t next[TOOLKIT_ENTRIES_MAX * APPLET_ENTRIES_MAX]; /* actions, in the same order */
    size_t count;
    bool help, actions;
};

/* All visible entries of one position; those of equal position in order of installation. */
static void write_position(const struct store *s, unsigned position, struct menu *menu)
{
    struct toolkit_registration r;
    struct applet_entry e = {.number = 0};

    while (applet_toolkit_next(s, &e, &r)) {
        for (unsigned i = 0; i < r.entry_count; i++) {
            const struct toolkit_menu_entry *m = &r.entries[i];

            if (!m->initialised || !m->enabled || m->position != position)
                continue;
            write_item(menu->items, m);
            menu->next[menu->count++] = m->next_action;
            menu->actions |= m->next_action != 0;
            menu->help |= m->help;
        }
    }
}

/* The lowest position above this one that an entry has; 0 if there is none. */
static unsigned next_position(const struct store *s, unsigned after)
{
    struct toolkit_registration r;
    struct applet_entry e = {.number = 0};
    unsigned lowest = 0;

    while (applet_toolkit_next(s, &e, &r)) {
        for (unsigned i = 0; i < r.entry_count; i++) {
            unsigned p = r.entries[i].position;

            if (p > after && (lowest == 0 || p < lowest))
                lowest = p;
        }
    }
    return lowest;
}

bool applet_write_menu(const struct card *card, struct wr *w, bool *help)
{
    static const char title[] = MENU_TITLE;
    const struct store *s = &card->store;
    struct menu menu = {.items = w};

    ctlv_write(w, CTLV_ALPHA_IDENTIFIER, RD((const uint8_t *)title, sizeof title - 1));
    for (unsigned p = next_position(s, 0); p != 0; p = next_position(s, p))
        write_position(s, p, &menu);
    write_position(s, 0, &menu);
    if (menu.count == 0)
        ctlv_write(w, CTLV_ITEM, RD(NULL, 0)); /* an empty item takes the menu away */
    if (menu.actions)
        ctlv_write(w, CTLV_NEXT_ACTIONS, RD(menu.next, menu.count));
    *help = menu.help;
    return menu.count > 0;
}

/* ---- events, polling ---- */

bool applet_write_event_list(const struct card *card, struct wr *w)
{
    struct toolkit_registration r;
    struct applet_entry e = {.number = 0};
    uint8_t list[EVENT_CODES];
    struct wr l = WR_ARRAY(list);
    uint64_t codes = 0;

    while (applet_toolkit_next(&card->store, &e, &r))
        codes |= applet_event_codes(&r.events);
    codes &= cat_events_allowed(card);
    for (unsigned code = 0; code < EVENT_CODES; code++) {
        if ((codes >> code & 1) != 0)
            wr_u8(&l, (uint8_t)code);
    }
    ctlv_write(w, CTLV_EVENT_LIST, RD_WR(&l));
    return l.len > 0;
}

/* The shortest interval that anybody wants; 0 when nobody does. */
static uint16_t wanted_interval(const struct card *card)
{
    struct toolkit_registration r;
    struct applet_entry e = {.number = 0};
    uint16_t shortest = 0;

    while (applet_toolkit_next(&card->store, &e, &r)) {
        if (r.poll_seconds != 0 && (shortest == 0 || r.poll_seconds < shortest))
            shortest = r.poll_seconds;
    }
    return shortest;
}

/* ---- telling ---- */

static enum err tell_menu(struct card *card)
{
    struct applets *all = card->applets;
    uint8_t body[CAT_COMMAND_MAX];
    struct wr w = WR_ARRAY(body);
    bool help = false, any = applet_write_menu(card, &w, &help);
    enum err e = wr_result(&w);

    if (!any && !all->menu_told)
        return ERR_OK;
    if (e == ERR_OK)
        e = cat_queue(card, PROACTIVE_SET_UP_MENU, help ? HELP_AVAILABLE : 0, DEVICE_TERMINAL,
                      RD_WR(&w), NULL);
    if (e == ERR_OK)
        all->menu_told = any;
    return e;
}

static enum err tell_events(struct card *card)
{
    struct applets *all = card->applets;
    uint8_t body[CAT_COMMAND_MAX];
    struct wr w = WR_ARRAY(body);
    bool any = applet_write_event_list(card, &w);
    enum err e;

    if (!any && !all->events_told)
        return ERR_OK;
    e = cat_queue(card, PROACTIVE_SET_UP_EVENT_LIST, 0, DEVICE_TERMINAL, RD_WR(&w), NULL);
    if (e == ERR_OK)
        all->events_told = any;
    return e;
}

static cat_done interval_granted;

/* A terminal may grant another interval than it was asked for (TS 102 223 6.4.6). */
static void interval_granted(struct card *card, uint8_t type, uint8_t result, struct rd response)
{
    static const uint16_t tenths[] = {600, 10, 1};
    struct applets *all = card->applets;
    struct rd duration;

    (void)type;
    all->poll_granted = result <= CAT_RESULT_DONE_MAX ? all->poll_told : 0;
    if (result <= CAT_RESULT_DONE_MAX && ctlv_find(response, CTLV_DURATION, &duration) == ERR_OK &&
        duration.left == 2 && duration.at[0] < ARRAY_LEN(tenths))
        all->poll_granted = (uint16_t)(duration.at[1] * tenths[duration.at[0]] / 10);
}

static enum err tell_interval(struct card *card)
{
    struct applets *all = card->applets;
    uint16_t wanted = wanted_interval(card);
    struct cat_command c;
    enum err e;

    if (wanted == all->poll_told)
        return ERR_OK;
    if (wanted == 0)
        cat_polling_off(&c);
    else
        cat_poll_interval(&c, wanted > UINT8_MAX ? CAT_MINUTES : CAT_SECONDS,
                          (uint8_t)(wanted > UINT8_MAX ? wanted / 60 : wanted));
    e = cat_command_queue(card, &c, wanted == 0 ? NULL : interval_granted);
    if (e != ERR_OK)
        return e;
    all->poll_told = wanted;
    all->poll_granted = 0;
    return ERR_OK;
}

/* A terminal that has no menu, or a menu too long for one command, is left without. */
void applet_set_up(struct card *card)
{
    static enum err (*const steps[])(struct card *) = {tell_menu, tell_events, tell_interval};
    struct applets *all = card->applets;
    bool again = false;

    if (!all->ready || !all->set_up_due)
        return;
    for (size_t i = 0; i < ARRAY_LEN(steps); i++)
        again |= steps[i](card) == ERR_SPACE;
    all->set_up_due = again && cat_busy(card);
}

void applet_listeners_changed(struct card *card)
{
    card->applets->listened_known = false;
}

void applet_registrations_changed(struct card *card)
{
    applet_listeners_changed(card);
    card->applets->set_up_due = true;
}
