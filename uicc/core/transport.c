#include "uicc/core/transport.h"

#include "uicc/applet/toolkit.h"
#include "uicc/cat/cat.h"
#include "uicc/fs/fs.h"
#include "uicc/sim/sim.h"

#include <openssl/crypto.h>

#define INS_GET_RESPONSE 0xC0
#define INS_SUSPEND      0x76
#define SUSPEND_RESUME   0x01
#define INS_CAPABILITY   0xAA
#define LE_MAX           256U

#define SW_SIM_DOWNLOAD_ERROR 0x9E00U /* TS 51.011 9.4.1 */

/* ---- what goes out ---- */

static void put_sw(struct wr *response, sw_t sw)
{
    wr_u16(response, sw.v);
}

/* TS 102 221 7.4.2: an ending in 9000 says that a proactive command waits; a warning that more data
 * follows has a form of its own for it. */
static sw_t announce(const struct card *card, sw_t sw)
{
    size_t waiting;

    if (card->suspended ||
        (sw.v != SW_OK_V && sw.v != SW_MORE_DATA_V && sw.v != SW_MORE_EXPECTED_V))
        return sw;
    waiting = cat_pending(card);
    if (waiting == 0)
        return sw;
    if (sw.v == SW_MORE_DATA_V)
        return SW_MORE_DATA_PROACTIVE;
    return sw.v == SW_MORE_EXPECTED_V ? SW_MORE_EXPECTED_PROACTIVE : sw_proactive(waiting);
}

/* 61XX, or 9FXX of TS 51.011 9.4.1. */
static sw_t data_waits(bool sim, size_t count)
{
    return sim ? SW(0x9F00U | (count > 0xFF ? 0 : count)) : sw_bytes_wait(count);
}

/* 6CXX; TS 51.011 9.4.2 has 67XX for it. */
static sw_t wrong_le(bool sim, size_t count)
{
    return sim ? SW(SW_WRONG_LENGTH_V | (count & 0xFF)) : sw_wrong_le(count);
}

/* ---- GET RESPONSE ---- */

void transport_drop(struct card *card)
{
    arena_free(card->engine->arena, card->pending.bytes, card->pending.len);
    card->pending = (struct pending){0};
}

static bool waits_on(const struct card *card, uint8_t channel)
{
    return card->pending.bytes != NULL && card->pending.channel == channel;
}

/* P3 00 asks for 256 bytes; TS 102 221 7.3.1.1.4 answers 6CXX when fewer wait. */
static void get_response(struct card *card, const struct apdu *cmd, const struct apdu_class *cls,
                         struct wr *response)
{
    struct pending *p = &card->pending;
    size_t want = cmd->p3 == 0 ? LE_MAX : cmd->p3;
    size_t left = (size_t)p->len - p->done;

    if (cmd->p1 != 0 || cmd->p2 != 0 || cmd->data.left > 0) {
        put_sw(response, cmd->data.left > 0 ? SW_WRONG_LENGTH : SW_P1P2);
        return;
    }
    if (want > left) {
        put_sw(response, wrong_le(cls->sim, left));
        return;
    }
    wr_bytes(response, p->bytes + p->done, want);
    p->done = (uint16_t)(p->done + want);
    left -= want;
    if (left > 0) {
        put_sw(response, data_waits(cls->sim, left));
        return;
    }
    put_sw(response, announce(card, p->sw));
    transport_drop(card);
}

/* The same under secure messaging, which applets alone have. */
static bool waits_for_applet(const struct card *card, const struct apdu_class *cls)
{
    const struct channel *ch = channel_get(card, cls->channel);

    return ch != NULL && ch->applet != 0 && waits_on(card, cls->channel);
}

static sw_t refuse_get_response(const struct card *card, const struct apdu_class *cls)
{
    if (cls->sim && !card->profile->sim_mode)
        return SW_WRONG_CLA;
    /* Table 10.5 has GET RESPONSE in class 0X alone, but ISO/IEC 7816-3 12.2.1 lets readers repeat
     * the class of the command whose answer waits, and some do. */
    if (cls->etsi && !waits_on(card, cls->channel))
        return SW_WRONG_INS;
    if (cls->secure_messaging && !waits_for_applet(card, cls))
        return SW_SECURE_MESSAGING;
    if (channel_get(card, cls->channel) == NULL)
        return SW_CHANNEL;
    return waits_on(card, cls->channel) ? SW_OK : SW_CONDITIONS;
}

/* ---- one command ---- */

/* What ends the answer behind a warning: the terminal knows it already, and takes 9000 for "all of
 * the data" (TS 102 221 7.3.1.1.4, C.1). That more blocks follow is no warning about this one. */
static sw_t behind_warning(sw_t sw)
{
    switch (sw.v) {
    case SW_MORE_DATA_V:
    case SW_MORE_EXPECTED_V:
        return sw;
    default:
        return SW_OK;
    }
}

/* Hosts of GlobalPlatform fetch an answer for 61XX alone: its warnings are said behind the data:
 * more status follows (11.4.3.2), the domain of a locked card is selected (11.9.3.2). */
static bool is_said_behind(const struct exec *x, sw_t sw)
{
    return sw_equal(sw, SW_MORE_STATUS) || (sw_equal(sw, SW_DEACTIVATED) && x->ch->applet != 0);
}

/* Keep the answer for GET RESPONSE and say so; other warnings are said at once. */
static sw_t keep(struct card *card, const struct exec *x, sw_t sw)
{
    struct pending *p = &card->pending;

    transport_drop(card);
    p->bytes = arena_alloc(card->engine->arena, x->out->len);
    if (p->bytes == NULL)
        return SW_NO_DIAGNOSIS;
    p->len = (uint16_t)x->out->len;
    p->channel = x->cls.channel;
    p->sw = sw_is_warning(sw) && !is_said_behind(x, sw) ? behind_warning(sw) : sw;
    for (size_t i = 0; i < p->len; i++)
        p->bytes[i] = x->out->base[i];
    if (x->cls.sim && sw_equal(sw, SW_WARNING))
        return SW(SW_SIM_DOWNLOAD_ERROR | (p->len & 0xFFU));
    return sw_is_warning(sw) && !is_said_behind(x, sw) ? sw : data_waits(x->cls.sim, p->len);
}

/* Volatile state before a command, to go back to when its effects cannot be made durable. */
struct before {
    struct channel ch;
    uint32_t verified;
};

static void go_back(struct card *card, const struct exec *x, const struct before *b)
{
    store_rollback(&card->store);
    if (x->ch == NULL || channel_get(card, b->ch.number) != x->ch)
        return;
    card->verified &= b->verified;
    *x->ch = (struct channel){
        .open = true,
        .number = b->ch.number,
        .record = b->ch.record,
        .app_last = b->ch.app_last,
        .df = b->ch.df,
        .ef = b->ch.ef,
        .app = b->ch.app,
        .applet = b->ch.applet,
        .verified = b->ch.verified & x->ch->verified,
    };
}

/* Durable if it went well, undone if not; then only is it answered. */
static sw_t conclude(struct card *card, const struct exec *x, const struct before *b, sw_t sw)
{
    enum err e;

    if (!store_dirty(&card->store))
        return sw;
    if (!sw_is_success(sw) && !sw_is_warning(sw)) {
        store_rollback(&card->store);
        return sw;
    }
    e = store_commit(&card->store);
    if (e == ERR_OK)
        return sw;
    go_back(card, x, b);
    x->out->len = 0;
    return x->cls.sim ? sim_status(x->cmd, SW_MEMORY) : SW_MEMORY;
}

static bool le_fits(const struct exec *x, enum transport_answer kind)
{
    size_t len = x->out->len;
    size_t want = x->cmd->p3 == 0 ? LE_MAX : x->cmd->p3;

    return len == 0 || kind == TRANSPORT_WAITS || want == len ||
           (kind == TRANSPORT_UPTO && want < len);
}

/* Case 2 data goes out with the status word; case 4 data waits. */
static sw_t hand_over(struct card *card, const struct exec *x, enum transport_answer kind, sw_t sw,
                      struct wr *response)
{
    size_t len = x->out->len;

    if (len > 0 && kind == TRANSPORT_WAITS)
        return keep(card, x, sw);
    if (len > 0)
        wr_bytes(response, x->out->base,
                 kind == TRANSPORT_UPTO && x->cmd->p3 != 0 ? x->cmd->p3 : len);
    return announce(card, sw);
}

static void snapshot(const struct card *card, const struct apdu *cmd, struct before *b)
{
    struct apdu_class cls;
    const struct channel *ch = NULL;

    if (apdu_class(cmd->cla, &cls) == ERR_OK)
        ch = channel_get(card, cls.channel);
    if (ch != NULL)
        b->ch = *ch;
    b->verified = card->verified;
}

static bool ended_well(sw_t sw)
{
    return sw_is_success(sw) || sw_is_warning(sw);
}

static void execute(struct card *card, const struct apdu *cmd, struct wr *response)
{
    struct wr out = WR(card->engine->answer, sizeof card->engine->answer);
    struct exec x = {.cmd = cmd, .out = &out};
    enum transport_answer kind;
    struct before b = {0};
    sw_t sw;

    snapshot(card, cmd, &b);
    card->imsi_changed = false;
    sw = cmd_execute(card, &x);
    kind = cmd_transport_kind(&x.cls, cmd);
    if (wr_result(&out) != ERR_OK)
        sw = SW_NO_DIAGNOSIS;
    if (ended_well(sw) && !le_fits(&x, kind)) {
        /* To be repeated with the right length: it has not happened. */
        sw = wrong_le(x.cls.sim, out.len);
        go_back(card, &x, &b);
    }
    sw = conclude(card, &x, &b, sw);
    if (!card->applets->started)
        applet_first_command(card);
    applet_set_up(card);
    if (ended_well(sw))
        sw = hand_over(card, &x, kind, sw, response);
    OPENSSL_cleanse(out.base, out.len);
    put_sw(response, sw);
}

/* RESUME, or TERMINAL CAPABILITY, which terminals must repeat before it. */
static bool may_precede_session(const struct apdu *cmd)
{
    if (cmd->cla != 0x80)
        return false;
    return cmd->ins == INS_CAPABILITY || (cmd->ins == INS_SUSPEND && cmd->p1 == SUSPEND_RESUME);
}

/* After SUSPEND UICC and a reset, RESUME brings the volatile state back if it comes first; any
 * other command begins a session as usual (TS 102 221 11.1.22.3). */
static void settle_suspension(struct card *card, const struct apdu *cmd)
{
    if (!card->suspended || !card->resumable || may_precede_session(cmd))
        return;
    card->suspended = false;
    card_reset_volatile(card);
}

void transport_run(struct card *card, struct rd command, struct wr *response)
{
    struct apdu_class cls = {0};
    struct apdu cmd;
    sw_t sw;

    if (!card->powered) {
        put_sw(response, SW_NO_DIAGNOSIS);
        return;
    }
    if (apdu_parse(command, &cmd) != ERR_OK) {
        transport_drop(card);
        put_sw(response, SW_WRONG_LENGTH);
        return;
    }
    /* A card that sleeps gives its last answer out, and then nothing until reset. */
    if (card->suspended && !card->resumable && cmd.ins != INS_GET_RESPONSE) {
        put_sw(response, SW_CONDITIONS);
        return;
    }
    settle_suspension(card, &cmd);
    if (cmd.ins == INS_GET_RESPONSE && apdu_class(cmd.cla, &cls) == ERR_OK) {
        sw = refuse_get_response(card, &cls);
        if (sw_equal(sw, SW_OK))
            get_response(card, &cmd, &cls, response);
        else
            put_sw(response, cls.sim ? sim_status(&cmd, sw) : sw);
        return;
    }
    if (apdu_class(cmd.cla, &cls) == ERR_OK && waits_on(card, cls.channel))
        transport_drop(card);
    execute(card, &cmd, response);
}
