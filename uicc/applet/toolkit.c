#include "uicc/applet/toolkit.h"

#include "apdu/ctlv.h"
#include "apdu/ids.h"
#include "uicc/applet/manage.h"

#include <string.h>

#define STEPS_MAX    16 /* calls of an activation with no terminal in between */
#define ENVELOPE_MAX 4096U

#define CTLV_HELP_REQUEST 0x15

/* ---- memory ---- */

enum err applet_open(struct card *card)
{
    card->applets = arena_alloc(card->engine->arena, sizeof *card->applets);
    if (card->applets == NULL)
        return ERR_NOMEM;
    card->applets->spoilt_ms = card->host.now_ms(card->host.context);
    return ERR_OK;
}

static void drop_transient(struct card *card, struct transient **t)
{
    struct transient *gone = *t;

    *t = gone->next;
    arena_free(card->engine->arena, gone, sizeof *gone + gone->len);
}

static void drop_activation(struct card *card, struct applet_activation **place)
{
    struct applet_activation *act = *place;
    struct arena *arena = card->engine->arena;

    *place = act->next;
    if (card->applets->sending == act)
        card->applets->sending = NULL;
    card->applets->count--;
    arena_free(arena, (void *)(uintptr_t)act->envelope.at, act->envelope.left);
    arena_free(arena, act->memory, act->memory_len);
    arena_free(arena, act, sizeof *act);
}

static void drop_all(struct card *card)
{
    struct applets *all = card->applets;

    while (all->first != NULL)
        drop_activation(card, &all->first);
    while (all->transients != NULL)
        drop_transient(card, &all->transients);
}

void applet_reset(struct card *card)
{
    drop_all(card);
    *card->applets = (struct applets){.spoilt_ms = card->host.now_ms(card->host.context)};
}

void applet_close(struct card *card)
{
    if (card->applets == NULL)
        return;
    drop_all(card);
    arena_free(card->engine->arena, card->applets, sizeof *card->applets);
    card->applets = NULL;
}

void applet_clear_selected(struct card *card, uint8_t channel)
{
    struct transient **t = &card->applets->transients;

    while (*t != NULL) {
        if ((*t)->channel == channel)
            drop_transient(card, t);
        else
            t = &(*t)->next;
    }
}

void applet_forget(struct card *card, uint8_t number)
{
    struct applet_activation **act = &card->applets->first;
    struct transient **t = &card->applets->transients;

    while (*act != NULL) {
        if ((*act)->number == number)
            drop_activation(card, act);
        else
            act = &(*act)->next;
    }
    while (*t != NULL) {
        if ((*t)->number == number)
            drop_transient(card, t);
        else
            t = &(*t)->next;
    }
}

/* ---- activations ---- */

/* An applet is entered once at a time: later events wait behind the one under way. */
static bool is_its_turn(const struct card *card, const struct applet_activation *act)
{
    const struct applet_activation *a = card->applets->first;

    while (a != act && a->number != act->number)
        a = a->next;
    return a == act;
}

static void call(struct card *card, struct applet_activation *act)
{
    struct applet_entry entry;
    struct applet a = {card, act->number, NULL};

    act->state = APPLET_OVER; /* unless it sends something */
    if (++act->steps > STEPS_MAX) {
        card_log(card, "applet %u: ended, it goes on and on", act->number);
        return;
    }
    if (applet_registry_read(&card->store, act->number, &entry) != ERR_OK)
        return;
    a.ops = applet_ops_of(card, &entry);
    if (a.ops != NULL && a.ops->toolkit != NULL)
        a.ops->toolkit(&a, act);
    act->response = RD(NULL, 0);
}

static void command_done(struct card *card, uint8_t command_type, uint8_t result,
                         struct rd response)
{
    struct applet_activation *act = card->applets->sending;

    (void)command_type;
    card->applets->sending = NULL;
    if (act == NULL)
        return; /* its instance is gone */
    act->steps = 0;
    act->result = result;
    act->response = response;
    call(card, act);
    applet_serve(card);
}

/* Hand its command to the session. A terminal that cannot do it is an answer too. */
static void send(struct card *card, struct applet_activation *act)
{
    enum err e = cat_queue(card, act->type, act->qualifier, act->destination,
                           RD(act->body, act->body_len), command_done);

    if (e == ERR_OK) {
        act->state = APPLET_PARKED;
        card->applets->sending = act;
    } else if (e != ERR_SPACE || !cat_busy(card)) {
        act->result = e == ERR_UNSUPPORTED ? RESULT_BEYOND_CAPABILITY : RESULT_TERMINAL_UNABLE;
        call(card, act);
    }
}

/* One activation can go on, or end: do it. false when nothing moved. */
static bool advance(struct card *card)
{
    for (struct applet_activation **place = &card->applets->first; *place != NULL;
         place = &(*place)->next) {
        struct applet_activation *act = *place;

        if (act->state == APPLET_OVER) {
            drop_activation(card, place);
            return true;
        }
        if (act->state == APPLET_READY && is_its_turn(card, act)) {
            call(card, act);
            return true;
        }
        if (act->state == APPLET_SENDING && card->applets->sending == NULL) {
            send(card, act);
            return act->state != APPLET_SENDING || act->steps > 0;
        }
    }
    return false;
}

/* ---- menu and event list ---- */

static enum err tell(struct card *card, uint8_t type,
                     bool (*write)(const struct card *, struct wr *), bool *told)
{
    uint8_t body[CAT_COMMAND_MAX];
    struct wr w = WR_ARRAY(body);
    bool any = write(card, &w);
    enum err e = wr_result(&w);

    if (!any && !*told)
        return ERR_OK;
    if (e == ERR_OK)
        e = cat_queue(card, type, 0, DEVICE_TERMINAL, RD_WR(&w), NULL);
    if (e == ERR_OK)
        *told = any;
    return e;
}

/* A terminal that has no menu, or a menu too long for one command, is left without. */
void applet_set_up(struct card *card)
{
    struct applets *all = card->applets;
    enum err menu, events;

    if (!all->ready || !all->set_up_due)
        return;
    menu = tell(card, PROACTIVE_SET_UP_MENU, applet_write_menu, &all->menu_told);
    events = tell(card, PROACTIVE_SET_UP_EVENT_LIST, applet_write_event_list, &all->events_told);
    all->set_up_due = cat_busy(card) && (menu == ERR_SPACE || events == ERR_SPACE);
}

void applet_registrations_changed(struct card *card)
{
    card->applets->set_up_due = true;
}

void applet_serve(struct card *card)
{
    if (card->applets->serving)
        return;
    card->applets->serving = true;
    applet_set_up(card);
    while (advance(card))
        ;
    applet_set_up(card);
    card->applets->serving = false;
}

/* ---- triggering ---- */

static struct applet_activation *new_activation(struct card *card, struct rd envelope)
{
    struct arena *arena = card->engine->arena;
    struct applet_activation *act;
    uint8_t *copy = NULL;

    if (envelope.left > 0) {
        copy = arena_alloc(arena, envelope.left);
        if (copy == NULL)
            return NULL;
        memcpy(copy, envelope.at, envelope.left);
    }
    act = arena_alloc(arena, sizeof *act);
    if (act == NULL) {
        arena_free(arena, copy, envelope.left);
        return NULL;
    }
    act->envelope = RD(copy, envelope.left);
    return act;
}

enum err applet_trigger(struct card *card, uint8_t number, uint8_t event, uint8_t item,
                        struct rd envelope)
{
    struct applet_activation **end = &card->applets->first, *act;

    if (card->applets->count == TOOLKIT_ACTIVATIONS_MAX || envelope.left > ENVELOPE_MAX)
        return ERR_BUSY;
    act = new_activation(card, envelope);
    if (act == NULL)
        return ERR_NOMEM;
    act->number = number;
    act->event = event;
    act->item = item;
    while (*end != NULL)
        end = &(*end)->next;
    *end = act;
    card->applets->count++;
    return ERR_OK;
}

/* Comes a before b? By priority, then the younger one. */
struct rank {
    uint8_t number, priority;
    uint32_t order;
};

static bool comes_before(const struct rank *a, const struct rank *b)
{
    return a->priority != b->priority ? a->priority < b->priority : a->order > b->order;
}

/* Instances that registered for the event, in triggering order. */
static unsigned listeners(const struct card *card, uint8_t event, struct rank *out)
{
    struct toolkit_registration r;
    struct applet_entry e;
    unsigned count = 0;

    for (uint8_t n = 0; applet_registry_next(&card->store, n, &e) == ERR_OK; n = e.number) {
        struct rank rank = {.number = e.number, .order = e.order};
        unsigned at = count;

        if (e.kind != APPLET_INSTANCE || e.life < APPLET_SELECTABLE ||
            (e.life & APPLET_LOCKED) != 0 ||
            applet_toolkit_read(&card->store, e.number, &r) != ERR_OK ||
            (r.events >> event & 1) == 0)
            continue;
        rank.priority = r.priority;
        for (; at > 0 && comes_before(&rank, &out[at - 1]); at--)
            out[at] = out[at - 1];
        out[at] = rank;
        count++;
    }
    return count;
}

static void trigger_all(struct card *card, uint8_t event, struct rd envelope)
{
    struct rank order[APPLET_ENTRIES_MAX];
    unsigned count;

    if (event >= APPLET_EVENTS)
        return;
    count = listeners(card, event, order);
    for (unsigned i = 0; i < count; i++) {
        if (applet_trigger(card, order[i].number, event, 0, envelope) != ERR_OK)
            card_log(card, "applet %u: missed event %u", order[i].number, event);
    }
}

void applet_terminal_ready(struct card *card)
{
    struct applets *all = card->applets;

    all->ready = true;
    all->set_up_due = true;
    all->menu_told = all->events_told = false;
    trigger_all(card, APPLET_PROFILE_DOWNLOAD, RD(NULL, 0));
    applet_serve(card);
}

static bool owns_entry(const struct toolkit_registration *r, uint8_t id)
{
    for (unsigned i = 0; i < r->entry_count; i++) {
        const struct toolkit_menu_entry *m = &r->entries[i];

        if (m->id == id && m->initialised && m->enabled)
            return true;
    }
    return false;
}

static bool owns_timer(const struct toolkit_registration *r, uint8_t id)
{
    return id >= 1 && id <= TOOLKIT_TIMERS_MAX && (r->timers >> (id - 1) & 1) != 0;
}

/* To the one instance that has the menu entry or the timer; nobody: it is taken without effect. */
static sw_t trigger_owner(struct card *card, uint8_t event, uint8_t item, struct rd envelope,
                          bool (*owns)(const struct toolkit_registration *, uint8_t))
{
    struct toolkit_registration r;
    struct applet_entry e;

    for (uint8_t n = 0; applet_registry_next(&card->store, n, &e) == ERR_OK; n = e.number) {
        if (e.kind != APPLET_INSTANCE || e.life < APPLET_SELECTABLE ||
            (e.life & APPLET_LOCKED) != 0 ||
            applet_toolkit_read(&card->store, e.number, &r) != ERR_OK || !owns(&r, item))
            continue;
        return applet_trigger(card, e.number, event, item, envelope) == ERR_OK ? SW_OK : SW_BUSY;
    }
    return SW_OK;
}

/* Value of one byte under this tag. */
static bool byte_of(struct rd tlvs, uint16_t tag, uint8_t *out)
{
    struct rd value;

    return ctlv_find(tlvs, tag, &value) == ERR_OK && value.left >= 1 &&
           rd_u8(&value, out) == ERR_OK;
}

static sw_t dispatch(struct card *card, uint8_t tag, struct rd value)
{
    struct rd help;
    uint8_t item = 0;

    switch (tag) {
    case CAT_OBJECT_MENU_SELECTION:
        if (!byte_of(value, CTLV_ITEM_IDENTIFIER, &item))
            return SW_OK;
        return trigger_owner(card,
                             ctlv_find(value, CTLV_HELP_REQUEST, &help) == ERR_OK
                                 ? APPLET_MENU_HELP
                                 : APPLET_MENU_SELECTION,
                             item, value, owns_entry);
    case CAT_OBJECT_TIMER:
        if (!byte_of(value, CTLV_TIMER_IDENTIFIER, &item))
            return SW_OK;
        return trigger_owner(card, APPLET_TIMER_EXPIRATION, item, value, owns_timer);
    case CAT_OBJECT_EVENT:
        if (byte_of(value, CTLV_EVENT_LIST, &item) && item < APPLET_EVENTS - APPLET_EVENT_DOWNLOAD)
            trigger_all(card, (uint8_t)(APPLET_EVENT_DOWNLOAD + item), value);
        return SW_OK;
    case CAT_OBJECT_CELL_BROADCAST:
        trigger_all(card, APPLET_CELL_BROADCAST, value);
        return SW_OK;
    default:
        return SW_OK;
    }
}

sw_t applet_envelope(struct card *card, uint8_t tag, struct rd value)
{
    sw_t sw = dispatch(card, tag, value);

    applet_serve(card);
    return sw;
}
