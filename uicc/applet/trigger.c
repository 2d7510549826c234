/*
 * What happens to the card, and who hears of it.
 */
#include "uicc/applet/toolkit.h"

#include "apdu/ctlv.h"
#include "apdu/ids.h"
#include "apdu/sms.h"
#include "apdu/tlv.h"
#include "uicc/cat/refresh.h"
#include "uicc/fs/fs.h"
#include "uicc/remote/por.h"
#include "uicc/remote/remote.h"

#include <string.h>

#define ANSWER_MAX  255U /* bytes of an answer to ENVELOPE, and to one that brings a message */
#define MESSAGE_MAX 128U /* TS 31.111 7.1.1.2 */

#define RECORD_USED      0x01
#define RECORD_VALUE_MAX 255 /* of a message in a record, with its TLVs */

/* ---- who listens ---- */

static uint64_t ask_everybody(const struct card *card)
{
    struct toolkit_registration r;
    struct applet_entry e = {.number = 0};
    uint64_t mask = 0;

    while (applet_toolkit_next(&card->store, &e, &r))
        mask |= applet_event_mask(&r.events);
    return mask;
}

/* What is staged may be undone, so that only what is committed is remembered. */
bool applet_is_listened(const struct card *card, uint8_t event)
{
    struct applets *all = card->applets;
    uint64_t now = all->listened_known ? all->listened : ask_everybody(card);

    if (!store_dirty(&card->store)) {
        all->listened = now;
        all->listened_known = true;
    }
    return (now & applet_event_bit(event)) != 0;
}

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
    struct applet_entry e = {.number = 0};
    unsigned count = 0;

    while (applet_toolkit_next(&card->store, &e, &r)) {
        struct rank rank = {e.number, r.priority, e.order};
        unsigned at = count;

        if (!applet_events_has(&r.events, event))
            continue;
        for (; at > 0 && comes_before(&rank, &out[at - 1]); at--)
            out[at] = out[at - 1];
        out[at] = rank;
        count++;
    }
    return count;
}

uint8_t applet_first_listener(const struct card *card, uint8_t event)
{
    struct rank order[APPLET_MANAGER + 1];

    return listeners(card, event, order) > 0 ? order[0].number : 0;
}

static void trigger_all(struct card *card, const struct applet_cause *cause)
{
    struct rank order[APPLET_MANAGER + 1];
    unsigned count;

    if (cause->event == APPLET_NO_EVENT || !applet_is_listened(card, cause->event))
        return;
    count = listeners(card, cause->event, order);
    for (unsigned i = 0; i < count; i++) {
        if (applet_trigger(card, order[i].number, cause) != ERR_OK)
            card_log(card, "applet %u: missed event %u", order[i].number, cause->event);
    }
}

bool applet_takes_packets(const struct card *card, uint8_t number, uint8_t event)
{
    struct toolkit_registration r;

    return applet_toolkit_read(&card->store, number, &r) == ERR_OK &&
           applet_events_has(&r.events, event);
}

/* ---- what follows ---- */

struct applet_effects applet_take_effects(struct card *card)
{
    struct applet_effects taken = card->applets->effects;

    card->applets->effects = (struct applet_effects){false, false};
    return taken;
}

enum err applet_conclude(struct card *card)
{
    struct applet_effects effects = applet_take_effects(card);
    enum err e = (enum err)card->applets->error;

    card->applets->error = ERR_OK;
    if (e != ERR_OK)
        return e;
    if (effects.reset)
        por_follow(card, REFRESH_UICC_RESET);
    return effects.keys_changed ? crypto_forget(card->engine->crypto) : ERR_OK;
}

enum err applet_happened(struct card *card, uint8_t event)
{
    const struct applet_cause cause = {.event = event};

    if (!applet_is_listened(card, event))
        return ERR_OK;
    trigger_all(card, &cause);
    applet_serve(card);
    return applet_conclude(card);
}

enum err applet_polled(struct card *card)
{
    por_poll(card);
    return applet_happened(card, APPLET_STATUS_COMMAND);
}

void applet_first_command(struct card *card)
{
    enum err e;

    card->applets->started = true;
    e = applet_happened(card, APPLET_FIRST_COMMAND);
    if (e == ERR_OK && store_dirty(&card->store))
        e = store_commit(&card->store);
    if (e != ERR_OK)
        store_rollback(&card->store);
}

enum err applet_terminal_ready(struct card *card)
{
    const struct applet_cause cause = {.event = APPLET_PROFILE_DOWNLOAD};
    struct applets *all = card->applets;

    all->ready = true;
    all->set_up_due = true;
    all->menu_told = all->events_told = false;
    all->poll_told = all->poll_granted = 0;
    trigger_all(card, &cause);
    applet_serve(card);
    return applet_conclude(card);
}

/* ---- envelopes for one ---- */

typedef bool owns(const struct card *card, const struct applet_entry *e,
                  const struct toolkit_registration *r, const struct applet_cause *c);

static bool owns_entry(const struct card *card, const struct applet_entry *e,
                       const struct toolkit_registration *r, const struct applet_cause *c)
{
    (void)card;
    (void)e;
    for (unsigned i = 0; i < r->entry_count; i++) {
        const struct toolkit_menu_entry *m = &r->entries[i];

        if (m->id == c->item && m->initialised && m->enabled)
            return true;
    }
    return false;
}

static bool owns_timer(const struct card *card, const struct applet_entry *e,
                       const struct toolkit_registration *r, const struct applet_cause *c)
{
    (void)card;
    (void)e;
    return c->item >= 1 && c->item <= TOOLKIT_TIMERS_MAX && (r->timers >> (c->item - 1) & 1) != 0;
}

static bool owns_channel(const struct card *card, const struct applet_entry *e,
                         const struct toolkit_registration *r, const struct applet_cause *c)
{
    return card->applets->channels[c->item - 1] == e->number &&
           applet_events_has(&r->events, c->event);
}

static bool owns_service(const struct card *card, const struct applet_entry *e,
                         const struct toolkit_registration *r, const struct applet_cause *c)
{
    (void)card;
    (void)e;
    return c->item < TOOLKIT_SERVICES_MAX && (r->services >> c->item & 1) != 0 &&
           applet_events_has(&r->events, c->event);
}

/* To the one instance that has the item; nobody: it is taken without effect. */
static sw_t trigger_owner(struct card *card, const struct applet_cause *cause, owns *owns_it)
{
    struct toolkit_registration r;
    struct applet_entry e = {.number = 0};

    while (applet_toolkit_next(&card->store, &e, &r)) {
        if (owns_it(card, &e, &r, cause))
            return applet_trigger(card, e.number, cause) == ERR_OK ? SW_OK : SW_BUSY;
    }
    return SW_OK;
}

/* Value of one byte at this place under this tag. */
static bool byte_of(struct rd tlvs, uint16_t tag, size_t at, uint8_t *out)
{
    struct rd value;

    if (ctlv_find(tlvs, tag, &value) != ERR_OK || value.left <= at)
        return false;
    *out = value.at[at];
    return true;
}

static sw_t menu_selection(struct card *card, struct applet_cause *c)
{
    struct rd help;

    if (!byte_of(c->envelope, CTLV_ITEM_IDENTIFIER, 0, &c->item))
        return SW_OK;
    c->event = ctlv_find(c->envelope, CTLV_HELP_REQUEST, &help) == ERR_OK ? APPLET_MENU_HELP
                                                                          : APPLET_MENU_SELECTION;
    return trigger_owner(card, c, owns_entry);
}

static sw_t timer_expired(struct card *card, struct applet_cause *c)
{
    c->event = APPLET_TIMER_EXPIRATION;
    return byte_of(c->envelope, CTLV_TIMER_IDENTIFIER, 0, &c->item)
               ? trigger_owner(card, c, owns_timer)
               : SW_OK;
}

/* Events about a channel or a service are for its owner, all others for everybody. */
static sw_t event_download(struct card *card, struct applet_cause *c)
{
    uint8_t code = 0;

    if (!byte_of(c->envelope, CTLV_EVENT_LIST, 0, &code))
        return SW_OK;
    c->event = applet_event_of_code(code);
    switch (c->event) {
    case APPLET_DATA_AVAILABLE:
    case APPLET_CHANNEL_STATUS:
        if (!byte_of(c->envelope, CTLV_CHANNEL_STATUS, 0, &c->item))
            return SW_OK;
        c->item &= TOOLKIT_CHANNELS_MAX;
        return c->item == 0 ? SW_OK : trigger_owner(card, c, owns_channel);
    case APPLET_LOCAL_CONNECTION:
        /* Service record, TS 102 223 8.63: technology, service identifier, data. */
        return byte_of(c->envelope, CTLV_SERVICE_RECORD, 1, &c->item)
                   ? trigger_owner(card, c, owns_service)
                   : SW_OK;
    default:
        trigger_all(card, c);
        return SW_OK;
    }
}

/* ---- envelopes for everybody ---- */

/* A message of its own, neither a secured packet nor a part of something longer. */
static bool is_plain_message(struct rd value)
{
    struct sms_download download;
    struct sms_deliver deliver;
    struct sms_udh udh = {0};
    struct rd content;

    if (sms_read_envelope(value, &download) != ERR_OK ||
        sms_read_deliver(download.tpdu, &deliver) != ERR_OK)
        return false;
    return !deliver.udhi || (sms_read_udh(deliver.ud, &udh, &content) == ERR_OK &&
                             !udh.command_packet && !udh.concatenated);
}

static sw_t message(struct card *card, struct applet_cause *c)
{
    c->event = APPLET_UNFORMATTED_SMS;
    if (applet_is_listened(card, c->event) && is_plain_message(c->envelope))
        trigger_all(card, c);
    return SW_OK;
}

/* What else there is, and who hears of it. */
static const struct {
    uint8_t tag, event;
} everybody[] = {
    {CAT_OBJECT_CELL_BROADCAST, APPLET_CELL_BROADCAST},
    {CAT_OBJECT_CALL_CONTROL, APPLET_CALL_CONTROL},
    {CAT_OBJECT_MO_SMS_CONTROL, APPLET_MO_SMS_CONTROL},
    {CAT_OBJECT_USSD, APPLET_USSD},
};

static sw_t dispatch(struct card *card, struct applet_cause *c)
{
    switch (c->tag) {
    case CAT_OBJECT_MENU_SELECTION:
        return menu_selection(card, c);
    case CAT_OBJECT_TIMER:
        return timer_expired(card, c);
    case CAT_OBJECT_EVENT:
        return event_download(card, c);
    case CAT_OBJECT_SMS_PP:
        return message(card, c);
    default:
        break;
    }
    c->event = APPLET_UNRECOGNIZED_ENVELOPE;
    for (size_t i = 0; i < ARRAY_LEN(everybody); i++) {
        if (everybody[i].tag == c->tag)
            c->event = everybody[i].event;
    }
    trigger_all(card, c);
    return SW_OK;
}

bool applet_takes_message(const struct card *card)
{
    return applet_is_listened(card, APPLET_UNFORMATTED_SMS);
}

/* ---- messages in EF.SMS ---- */

/* Status, service centre and SMS-DELIVER of a record, which ends in FF, as the value of an
 * SMS-PP download. A message may end in FF too: its own length decides. */
static enum err read_record(struct rd record, struct wr *w)
{
    struct sms_address sca;
    struct sms_deliver deliver;
    struct rd value;
    struct tlv object;
    uint8_t status = 0;
    size_t len = 0;

    if (rd_u8(&record, &status) != ERR_OK || (status & RECORD_USED) == 0 ||
        sms_read_rp_address(&record, &sca) != ERR_OK)
        return ERR_NOT_FOUND;
    while (len <= record.left && sms_read_deliver(RD(record.at, len), &deliver) != ERR_OK)
        len++;
    if (len > record.left || sms_write_envelope(w, &sca, RD(record.at, len)) != ERR_OK)
        return ERR_FORMAT;
    value = RD_WR(w);
    if (tlv_next(&value, &object) != ERR_OK)
        return ERR_FORMAT;
    w->len = object.value.left;
    memmove(w->base, object.value.at, object.value.left);
    return ERR_OK;
}

static sw_t written(struct card *card, uint8_t record, struct rd content)
{
    uint8_t bytes[RECORD_VALUE_MAX];
    struct wr w = WR_ARRAY(bytes);
    struct applet_cause cause = {
        .event = APPLET_UNFORMATTED_SMS_UPDATE, .tag = CAT_OBJECT_SMS_PP, .item = record};

    if (read_record(content, &w) != ERR_OK)
        return SW_OK;
    cause.envelope = RD_WR(&w);
    if (!is_plain_message(cause.envelope))
        return receiver_written(card, cause.envelope);
    trigger_all(card, &cause);
    applet_serve(card);
    return applet_conclude(card) == ERR_OK ? SW_OK : SW_MEMORY;
}

sw_t applet_record_written(struct card *card, uint16_t node, uint8_t record, struct rd content)
{
    sw_t sw;

    if (fs_file(card, node)->fid != FID_EF_SMS ||
        (!applet_is_listened(card, APPLET_FORMATTED_SMS_UPDATE) &&
         !applet_is_listened(card, APPLET_UNFORMATTED_SMS_UPDATE)))
        return SW_OK;
    sw = written(card, record, content);
    applet_serve(card);
    return sw_equal(sw, SW_MEMORY) || sw_equal(sw, SW_BUSY) ? SW_MEMORY : SW_OK;
}

sw_t applet_envelope(struct card *card, uint8_t tag, struct rd value, struct wr *out)
{
    struct applet_cause cause = {.tag = tag, .envelope = value};
    struct applet_reply reply = {.out = out,
                                 .room = tag == CAT_OBJECT_SMS_PP ? MESSAGE_MAX : ANSWER_MAX};
    struct applets *all = card->applets;
    enum err e;
    sw_t sw;

    all->reply = out->len == 0 ? &reply : NULL;
    sw = dispatch(card, &cause);
    applet_serve(card);
    all->reply = NULL;
    e = applet_conclude(card);
    if (e != ERR_OK)
        return sw_from_err(e);
    return reply.refused && sw_equal(sw, SW_OK) ? SW_WARNING : sw;
}
