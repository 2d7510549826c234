#include "uicc/applet/applet.h"

#include "apdu/ctlv.h"
#include "apdu/ids.h"
#include "uicc/applet/toolkit.h"
#include "uicc/fs/fs.h"

#include <string.h>

#define DCS_8BIT          0x04
#define DEVICE_CHANNEL_0  0x20 /* and the number of a channel, TS 102 223 8.7 */
#define WAIT_FOR_USER     0x80
#define DISPLAY_TEXT_MAX  160
#define ACTIVATION_MEMORY 4096U

/* ---- data ---- */

/* The subscription manager's record is where it was before there were applets. */
static uint32_t data_object(uint8_t number)
{
    return number == APPLET_MANAGER ? OBJ_CHANGE : OBJ_APPLET(APPLET_DATA + number);
}

struct rd applet_data(const struct applet *a)
{
    struct rd data = {NULL, 0};

    (void)store_get(&a->card->store, data_object(a->number), &data);
    return data;
}

enum err applet_write_data(struct applet *a, struct rd bytes)
{
    struct applet_entry entry;
    enum err e = applet_registry_read(&a->card->store, a->number, &entry);

    if (e == ERR_OK && bytes.left > entry.quota)
        return ERR_SPACE;
    return e == ERR_OK ? store_put(&a->card->store, data_object(a->number), bytes) : e;
}

static void *transient_of(struct applet *a, uint8_t channel, size_t n)
{
    struct applets *all = a->card->applets;
    struct transient *t = all->transients;

    while (t != NULL && (t->number != a->number || t->channel != channel))
        t = t->next;
    if (t == NULL && n <= UINT16_MAX) {
        t = arena_alloc(a->card->engine->arena, sizeof *t + n);
        if (t == NULL)
            return NULL;
        *t = (struct transient){all->transients, a->number, channel, (uint16_t)n};
        all->transients = t;
    }
    return t != NULL && t->len == n ? t->bytes : NULL;
}

void *applet_transient(struct applet *a, size_t n)
{
    return transient_of(a, TRANSIENT_UNTIL_RESET, n);
}

void *applet_transient_selected(struct applet *a, uint8_t channel, size_t n)
{
    return transient_of(a, channel, n);
}

void applet_abort(struct applet *a)
{
    struct applets *all = a->card->applets;

    store_rollback(&a->card->store);
    a->card->imsi_changed = false;
    all->effects = (struct applet_effects){false, false};
    all->aborted = true;
    applet_listeners_changed(a->card);
}

/* ---- proactive commands ---- */

static bool has_timer(const struct applet *a, struct rd body)
{
    struct toolkit_registration r;
    struct rd id;

    return applet_toolkit_read(&a->card->store, a->number, &r) == ERR_OK &&
           ctlv_find(body, CTLV_TIMER_IDENTIFIER, &id) == ERR_OK && id.left == 1 && id.at[0] >= 1 &&
           id.at[0] <= TOOLKIT_TIMERS_MAX && (r.timers >> (id.at[0] - 1) & 1) != 0;
}

static bool may_open_channel(const struct applet *a)
{
    struct toolkit_registration r;
    unsigned open = 0;

    for (unsigned i = 0; i < TOOLKIT_CHANNELS_MAX; i++)
        open += a->card->applets->channels[i] == a->number;
    return applet_toolkit_read(&a->card->store, a->number, &r) == ERR_OK && open < r.max_channels;
}

/* TS 102 241 4.6: what the framework sends itself, and what belongs to another applet. */
static bool may_send(const struct applet *a, uint8_t type, uint8_t destination, struct rd body)
{
    switch (type) {
    case PROACTIVE_SET_UP_MENU:
    case PROACTIVE_SET_UP_EVENT_LIST:
    case PROACTIVE_POLL_INTERVAL:
    case PROACTIVE_POLLING_OFF:
        return false;
    case PROACTIVE_TIMER_MANAGEMENT:
        return has_timer(a, body);
    case PROACTIVE_OPEN_CHANNEL:
        return may_open_channel(a);
    default:
        break;
    }
    if (destination <= DEVICE_CHANNEL_0 || destination > DEVICE_CHANNEL_0 + TOOLKIT_CHANNELS_MAX)
        return true;
    return a->card->applets->channels[destination - DEVICE_CHANNEL_0 - 1] == a->number;
}

enum err applet_send(struct applet *a, struct applet_activation *act, uint8_t type,
                     uint8_t qualifier, uint8_t destination, struct rd body)
{
    if (body.left > sizeof act->body)
        return ERR_SPACE;
    if (!may_send(a, type, destination, body))
        return ERR_DENIED;
    act->type = type;
    act->qualifier = qualifier;
    act->destination = destination;
    act->body_len = (uint8_t)body.left;
    if (body.left > 0)
        memcpy(act->body, body.at, body.left);
    act->state = APPLET_SENDING;
    return ERR_OK;
}

enum err applet_display_text(struct applet *a, struct applet_activation *act, const char *text)
{
    uint8_t string[1 + DISPLAY_TEXT_MAX], body[CAT_COMMAND_MAX];
    struct wr s = WR_ARRAY(string), b = WR_ARRAY(body);

    wr_u8(&s, DCS_8BIT);
    wr_bytes(&s, text, strlen(text));
    if (wr_result(&s) != ERR_OK)
        return ERR_SPACE;
    ctlv_write(&b, CTLV_TEXT_STRING, RD_WR(&s));
    return applet_send(a, act, PROACTIVE_DISPLAY_TEXT, WAIT_FOR_USER, DEVICE_DISPLAY, RD_WR(&b));
}

void *applet_remember(struct applet *a, struct applet_activation *act, size_t n)
{
    if (act->memory != NULL || n > ACTIVATION_MEMORY)
        return NULL;
    act->memory = arena_alloc(a->card->engine->arena, n);
    act->memory_len = act->memory == NULL ? 0 : n;
    return act->memory;
}

/* ---- answers ---- */

/* The answer that this activation may still give, or NULL. */
static struct applet_reply *open_reply(const struct applet *a, const struct applet_activation *act)
{
    struct applet_reply *reply = a->card->applets->reply;

    return reply != NULL && act->answers && !reply->posted ? reply : NULL;
}

static enum err post(struct applet *a, struct applet_activation *act, bool ok, struct rd head,
                     struct rd data)
{
    struct applet_reply *reply = open_reply(a, act);

    if (reply == NULL)
        return ERR_CONDITIONS;
    if (head.left + data.left > reply->room || head.left + data.left > reply->out->cap)
        return ERR_SPACE;
    wr_rd(reply->out, head);
    wr_rd(reply->out, data);
    reply->posted = true;
    reply->refused = !ok;
    return ERR_OK;
}

enum err applet_post(struct applet *a, struct applet_activation *act, bool ok, struct rd data)
{
    return post(a, act, ok, RD(NULL, 0), data);
}

/* The tag may be 00: call control's "allowed" is one. */
enum err applet_post_tlv(struct applet *a, struct applet_activation *act, bool ok, uint8_t tag,
                         struct rd value)
{
    uint8_t head[3];
    struct wr w = WR_ARRAY(head);

    if (value.left > UINT8_MAX)
        return ERR_SPACE;
    wr_u8(&w, tag);
    if (value.left > 0x7F)
        wr_u8(&w, 0x81);
    wr_u8(&w, (uint8_t)value.left);
    return post(a, act, ok, RD_WR(&w), value);
}

/* ---- files ---- */

static enum err find_file(const struct applet *a, struct rd path, enum fs_access access,
                          uint16_t *node)
{
    static const uint8_t usim[] = {AID_USIM};
    const struct card *card = a->card;
    struct exec x = {.remote = true};
    struct applet_entry entry;
    uint16_t found = fs_by_path(card, NODE_MF, fs_by_aid(card, RD_ARRAY(usim), 0), path);

    if (found == NODE_NONE || fs_is_df(card, found))
        return ERR_NOT_FOUND;
    if (applet_registry_read(&card->store, a->number, &entry) != ERR_OK)
        return ERR_DENIED;
    x.rights = entry.rights;
    if (!sw_equal(access_check(card, &x, found, access), SW_OK))
        return ERR_DENIED;
    *node = found;
    return ERR_OK;
}

enum err applet_read_file(const struct applet *a, struct rd path, struct rd *body)
{
    uint16_t node;
    enum err e = find_file(a, path, FS_READ, &node);

    if (e == ERR_OK)
        *body = fs_body(a->card, node);
    return e;
}

enum err applet_update_file(struct applet *a, struct rd path, size_t offset, struct rd bytes)
{
    uint16_t node;
    enum err e = find_file(a, path, FS_UPDATE, &node);

    return e == ERR_OK ? fs_write(a->card, node, offset, bytes) : e;
}
