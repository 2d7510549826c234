#include "uicc/remote/chain.h"

#include "uicc/fs/fs.h"
#include "uicc/remote/receiver.h"
#include "uicc/remote/run.h"

#include <string.h>

/* TS 102 226 5.2.1.4 */
#define FIRST      0x01
#define FIRST_KEPT 0x11
#define FURTHER    0x02
#define LAST       0x03

#define CHAIN_BYTES 16

static bool is_mine(const struct chain *c, const struct run *run)
{
    return c->open && c->key_set == run->key_set &&
           memcmp(c->tar, run->tar->tar, sizeof c->tar) == 0;
}

static bool read_stored(const struct card *card, struct chain *out)
{
    struct chain c = {.open = true, .over_reset = true};
    struct rd r;

    channel_init(&c.ch, 0);
    if (!store_get(&card->store, OBJ_CHAIN, &r) || r.left != CHAIN_BYTES ||
        rd_copy(&r, c.tar, sizeof c.tar) != ERR_OK || rd_u16(&r, &c.key_set) != ERR_OK ||
        rd_u8(&r, &c.ch.record) != ERR_OK || rd_u16(&r, &c.ch.df) != ERR_OK ||
        rd_u16(&r, &c.ch.ef) != ERR_OK || rd_u16(&r, &c.ch.app) != ERR_OK ||
        rd_u32(&r, &c.ch.verified) != ERR_OK)
        return false;
    *out = c;
    return true;
}

static enum err write_stored(struct card *card, const struct chain *c)
{
    uint8_t bytes[CHAIN_BYTES];
    struct wr w = WR_ARRAY(bytes);

    wr_bytes(&w, c->tar, sizeof c->tar);
    wr_u16(&w, c->key_set);
    wr_u8(&w, c->ch.record);
    wr_u16(&w, c->ch.df);
    wr_u16(&w, c->ch.ef);
    wr_u16(&w, c->ch.app);
    wr_u32(&w, c->ch.verified);
    return store_put(&card->store, OBJ_CHAIN, RD_WR(&w));
}

/* The chain that this script goes on with. */
static bool find(const struct run *run, struct chain *out)
{
    *out = run->card->receiver->chain;
    return is_mine(out, run) || (read_stored(run->card, out) && is_mine(out, run));
}

/* Files of a kept context may have been deleted meanwhile. */
static bool still_there(const struct card *card, const struct channel *ch)
{
    return fs_exists(card, ch->df) && (ch->ef == NODE_NONE || fs_exists(card, ch->ef)) &&
           (ch->app == NODE_NONE || fs_exists(card, ch->app));
}

uint8_t chain_enter(struct run *run, uint8_t value, bool first)
{
    bool begins = value == FIRST || value == FIRST_KEPT;
    struct chain before;

    if (!first || (!begins && value != FURTHER && value != LAST))
        return CHAIN_UNABLE;
    run->chained = value != LAST;
    run->over_reset = value == FIRST_KEPT;
    if (begins)
        return 0;
    if (!find(run, &before)) {
        run->chained = false;
        return CHAIN_NO_PREVIOUS;
    }
    run->over_reset = before.over_reset;
    if (still_there(run->card, &before.ch))
        run->ch = before.ch;
    return 0;
}

enum err chain_leave(struct run *run)
{
    struct chain *kept = &run->card->receiver->chain, stored;
    struct chain now = {
        .open = run->chained,
        .over_reset = run->over_reset,
        .key_set = run->key_set,
        .ch = run->ch,
    };

    memcpy(now.tar, run->tar->tar, sizeof now.tar);
    if (run->chained || is_mine(kept, run))
        *kept = now;
    if (run->chained && run->over_reset)
        return write_stored(run->card, &now);
    if (read_stored(run->card, &stored) && is_mine(&stored, run))
        return store_delete(&run->card->store, OBJ_CHAIN);
    return ERR_OK;
}
