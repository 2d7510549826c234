/*
 * Logical channels (TS 102 221 8.7, 11.1.17): each with its own selection and its own
 * verified ADM keys.
 */
#include "uicc/applet/manage.h"
#include "uicc/core/handlers.h"
#include "uicc/fs/fs.h"

#define P1_OPEN  0x00
#define P1_CLOSE 0x80

struct channel *channel_get(const struct card *card, unsigned number)
{
    return number < APDU_CHANNELS ? card->channels[number] : NULL;
}

void channel_init(struct channel *ch, uint8_t number)
{
    *ch = (struct channel){
        .open = true, .number = number, .df = NODE_MF, .ef = NODE_NONE, .app = NODE_NONE};
}

static void close_one(struct card *card, unsigned number)
{
    struct channel *ch = card->channels[number];

    cmd_end_transfer(card, (uint8_t)number, false);
    applet_deselect(card, ch);
    card->channels[number] = NULL;
    arena_free(card->engine->arena, ch, sizeof *ch);
}

void channel_reset_all(struct card *card)
{
    for (unsigned i = 1; i < APDU_CHANNELS; i++) {
        if (card->channels[i] != NULL)
            close_one(card, i);
    }
    channel_init(card->channels[0], 0);
}

void channel_close_all(struct card *card)
{
    for (unsigned i = 0; i < APDU_CHANNELS; i++) {
        if (card->channels[i] != NULL)
            close_one(card, i);
    }
}

static void forget(struct channel *ch, uint16_t node, uint16_t parent)
{
    if (ch->ef == node) {
        ch->ef = NODE_NONE;
        ch->record = 0;
    }
    if (ch->app == node)
        ch->app = NODE_NONE;
    if (ch->df == node) {
        ch->df = parent;
        ch->ef = NODE_NONE;
        ch->record = 0;
    }
}

void channel_forget_node(struct card *card, uint16_t node, uint16_t parent)
{
    for (unsigned i = 0; i < APDU_CHANNELS; i++) {
        if (card->channels[i] != NULL)
            forget(card->channels[i], node, parent);
    }
}

void channel_repair(const struct card *card, struct channel *ch)
{
    if (ch->ef != NODE_NONE && !fs_exists(card, ch->ef)) {
        ch->ef = NODE_NONE;
        ch->record = 0;
    }
    if (ch->app != NODE_NONE && !fs_exists(card, ch->app))
        ch->app = NODE_NONE;
    if (!fs_exists(card, ch->df)) {
        ch->df = NODE_MF;
        ch->ef = NODE_NONE;
        ch->record = 0;
    }
}

static unsigned first_free(const struct card *card)
{
    unsigned number = 1;

    while (number < APDU_CHANNELS && card->channels[number] != NULL)
        number++;
    return number;
}

/* TS 102 221 8.7: from the basic channel the MF is current; from another one, what is current
 * there. */
static sw_t open_one(struct card *card, const struct channel *opener, unsigned number)
{
    struct channel *ch = arena_alloc(card->engine->arena, sizeof *ch);

    if (ch == NULL)
        return SW_FUNCTION;
    channel_init(ch, (uint8_t)number);
    if (opener->number != 0) {
        ch->df = opener->df;
        ch->app = opener->app;
        ch->app_last = opener->app_last;
    }
    card->channels[number] = ch;
    return SW_OK;
}

/* P2 00: the card chooses and says which; else the terminal has chosen. */
static sw_t open_channel(struct card *card, struct exec *x)
{
    bool assigned = x->cmd->p2 == 0;
    unsigned number = assigned ? first_free(card) : x->cmd->p2;
    sw_t sw;

    if (!assigned && number >= APDU_CHANNELS)
        return SW_P1P2;
    if (assigned && x->cmd->p3 != 1)
        return sw_wrong_le(1);
    if (!assigned && x->cmd->p3 != 0)
        return SW_WRONG_LENGTH;
    if (number == APDU_CHANNELS || card->channels[number] != NULL)
        return SW_FUNCTION;
    sw = open_one(card, x->ch, number);
    if (sw_equal(sw, SW_OK) && assigned)
        wr_u8(x->out, (uint8_t)number);
    return sw;
}

static sw_t close_channel(struct card *card, const struct exec *x)
{
    unsigned number = x->cmd->p2;

    if (number == 0 || number >= APDU_CHANNELS)
        return SW_P1P2;
    if (x->cmd->p3 != 0)
        return SW_WRONG_LENGTH;
    if (card->channels[number] == NULL)
        return SW_WARNING;
    close_one(card, number);
    return SW_OK;
}

sw_t channel_cmd_manage(struct card *card, struct exec *x)
{
    if (x->remote)
        return SW_FUNCTION;
    switch (x->cmd->p1) {
    case P1_OPEN:
        return open_channel(card, x);
    case P1_CLOSE:
        return close_channel(card, x);
    default:
        return SW_P1P2;
    }
}
