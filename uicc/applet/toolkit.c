#include "uicc/applet/toolkit.h"

#include "apdu/ctlv.h"
#include "apdu/ids.h"
#include "uicc/applet/manage.h"

#include <string.h>

#define CHANNEL_MASK TOOLKIT_CHANNELS_MAX
#define NOBODY       0  /* number of no entry */
#define STEPS_MAX    16 /* calls of an activation with no terminal in between */
#define ENVELOPE_MAX 4096U

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

/* Its command may be with the terminal: the answer will come, and must not be taken for that to
 * another one. */
static bool is_orphaned(struct applet_activation *act)
{
    if (act->state != APPLET_PARKED)
        return false;
    act->number = NOBODY;
    return true;
}

void applet_forget(struct card *card, uint8_t number)
{
    struct applet_activation **act = &card->applets->first;
    struct transient **t = &card->applets->transients;

    while (*act != NULL) {
        if ((*act)->number == number && !is_orphaned(*act))
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
    for (unsigned i = 0; i < TOOLKIT_CHANNELS_MAX; i++) {
        if (card->applets->channels[i] == number)
            card->applets->channels[i] = 0;
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
    struct applets *all = card->applets;
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
    if (all->error == ERR_OK)
        all->error = (uint8_t)act->error;
}

/* Whose command is with the terminal, or waits for FETCH; NULL for nobody's. */
static struct applet_activation *parked(const struct card *card)
{
    struct applet_activation *act = card->applets->first;

    while (act != NULL && act->state != APPLET_PARKED)
        act = act->next;
    return act;
}

/* Who opens a channel has it until he closes it, or is reset. */
static void note_channel(struct applets *all, const struct applet_activation *act)
{
    struct rd status;
    uint8_t id = act->destination & CHANNEL_MASK;

    if (act->result > CAT_RESULT_DONE_MAX)
        return;
    if (act->type == PROACTIVE_CLOSE_CHANNEL && id != 0)
        all->channels[id - 1] = 0;
    if (act->type != PROACTIVE_OPEN_CHANNEL ||
        ctlv_find(act->response, CTLV_CHANNEL_STATUS, &status) != ERR_OK || status.left == 0)
        return;
    id = status.at[0] & CHANNEL_MASK;
    if (id != 0)
        all->channels[id - 1] = act->number;
}

static void command_done(struct card *card, uint8_t command_type, uint8_t result,
                         struct rd response)
{
    struct applet_activation *act = parked(card);

    (void)command_type;
    if (act == NULL)
        return;
    act->steps = 0;
    act->result = result;
    act->response = response;
    note_channel(card->applets, act);
    call(card, act);
    applet_serve(card);
}

/* Hand its command to the session; false when it must wait for a place there. A terminal that
 * cannot do it is an answer too. */
static bool send(struct card *card, struct applet_activation *act)
{
    enum err e = cat_queue(card, act->type, act->qualifier, act->destination,
                           RD(act->body, act->body_len), command_done);

    if (e == ERR_SPACE && cat_busy(card))
        return false;
    if (e == ERR_OK) {
        act->state = APPLET_PARKED;
        return true;
    }
    act->result = e == ERR_UNSUPPORTED ? RESULT_BEYOND_CAPABILITY : RESULT_TERMINAL_UNABLE;
    call(card, act);
    return true;
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
        if (act->state == APPLET_SENDING && parked(card) == NULL && send(card, act))
            return true;
    }
    return false;
}

/* EVENT_PROACTIVE_HANDLER_AVAILABLE: once for each who asked for it, one after the other, when
 * nobody has the terminal (TS 102 241 4.3). */
static bool offer_terminal(struct card *card)
{
    const struct applet_cause cause = {.event = APPLET_HANDLER_AVAILABLE};
    struct applet a = {.card = card};

    if (!card->applets->ready || parked(card) != NULL || cat_busy(card) ||
        !applet_is_listened(card, cause.event))
        return false;
    a.number = applet_first_listener(card, cause.event);
    return a.number != 0 && applet_clear_event(&a, cause.event) == ERR_OK &&
           applet_trigger(card, a.number, &cause) == ERR_OK;
}

void applet_serve(struct card *card)
{
    if (card->applets->serving)
        return;
    card->applets->serving = true;
    applet_set_up(card);
    do {
        while (advance(card))
            ;
    } while (offer_terminal(card));
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

/* What is part of the card is over when its call is: it needs no place in the queue. */
static bool has_room(const struct card *card, uint8_t number)
{
    return card->applets->count < TOOLKIT_ACTIVATIONS_MAX || applet_is_fixed(number);
}

static enum err append(struct card *card, uint8_t number, const struct applet_cause *cause,
                       struct applet_activation **out)
{
    struct applets *all = card->applets;
    struct applet_activation **end = &all->first, *act;

    if (!has_room(card, number) || cause->envelope.left > ENVELOPE_MAX)
        return ERR_BUSY;
    act = new_activation(card, cause->envelope);
    if (act == NULL)
        return ERR_NOMEM;
    act->number = number;
    act->event = cause->event;
    act->tag = cause->tag;
    act->item = cause->item;
    if (cause->packet != NULL)
        act->packet = *cause->packet;
    act->answers = all->reply != NULL && applet_event_has_answer(cause->event);
    while (*end != NULL)
        end = &(*end)->next;
    *end = act;
    all->count++;
    *out = act;
    return ERR_OK;
}

enum err applet_trigger(struct card *card, uint8_t number, const struct applet_cause *cause)
{
    struct applet_activation *act;

    return append(card, number, cause, &act);
}

/* ---- packets ---- */

void applet_drop_packet(struct card *card, const struct applet_activation *act)
{
    struct applet_activation **place = &card->applets->first;

    while (*place != NULL && *place != act)
        place = &(*place)->next;
    if (*place != NULL)
        drop_activation(card, place);
    card->applets->effects = (struct applet_effects){false, false};
}

enum err applet_run_packet(struct card *card, uint8_t number, const struct applet_cause *cause,
                           struct wr *answer, bool *refused, struct applet_activation **act)
{
    struct applets *all = card->applets;
    struct applet_reply reply = {.out = answer, .room = answer->cap};
    enum err e;

    *act = NULL;
    all->reply = &reply;
    all->error = ERR_OK;
    e = append(card, number, cause, act);
    if (e == ERR_OK && !is_its_turn(card, *act))
        e = ERR_BUSY;
    else if (e == ERR_OK)
        call(card, *act);
    if (e == ERR_OK)
        e = (enum err)all->error;
    all->reply = NULL;
    all->error = ERR_OK;
    *refused = reply.refused;
    if (e == ERR_OK)
        return e;
    applet_drop_packet(card, *act);
    *act = NULL;
    return e;
}
