/*
 * opchange - the subscription manager (TR 33.812, alternative 3b): moves the card to the next
 * pair of its list, watches the trial, falls back. Part of every card; its TAR is BFFF00, its
 * command and proof are drawn in apdu/opchange.h. What it does it does through platform.h.
 *
 *                    CHANGE                    authenticated with the new K
 *   never, active, ---------> trial --------------------------------------> active
 *   fell back                   |
 *                               +--- polls or time over, FALL BACK --------> fell back
 *
 * Its data: version(1) state(1) counter(5) polls limit(2) seconds limit(4)
 *           polls spent(2) seconds spent(4)
 */
#include "uicc/applet/native.h"

#include "apdu/ctlv.h"
#include "apdu/ids.h"
#include "uicc/applet/platform.h"
#include "uicc/slot/slot.h"

#define RECORD_VERSION  1
#define RECORD_LEN      19
#define LOCATION_NORMAL 0x00

/* The last change. */
struct record {
    enum opchange_state state;
    uint64_t counter;
    uint16_t polls_max, polls;
    uint32_t seconds_max, seconds;
};

/* ---- states ---- */

/* The diagram above, as it is obeyed. */
static const struct native_opchange_row rows[] = {
    {OPCHANGE_NEVER, NATIVE_OPCHANGE_CHANGE, OPCHANGE_TRIAL},
    {OPCHANGE_ACTIVE, NATIVE_OPCHANGE_CHANGE, OPCHANGE_TRIAL},
    {OPCHANGE_FELL_BACK, NATIVE_OPCHANGE_CHANGE, OPCHANGE_TRIAL},
    {OPCHANGE_TRIAL, NATIVE_OPCHANGE_AUTHENTICATED, OPCHANGE_ACTIVE},
    {OPCHANGE_TRIAL, NATIVE_OPCHANGE_TIME_OVER, OPCHANGE_FELL_BACK},
    {OPCHANGE_TRIAL, NATIVE_OPCHANGE_FALL_BACK, OPCHANGE_FELL_BACK},
};

const struct native_opchange_row *native_opchange_row(size_t n)
{
    return n < ARRAY_LEN(rows) ? &rows[n] : NULL;
}

const char *native_opchange_event_text(enum native_opchange_event event)
{
    static const char *const texts[] = {
        [NATIVE_OPCHANGE_CHANGE] = "CHANGE",
        [NATIVE_OPCHANGE_AUTHENTICATED] = "authenticated with the new K",
        [NATIVE_OPCHANGE_TIME_OVER] = "polls or time over",
        [NATIVE_OPCHANGE_FALL_BACK] = "FALL BACK",
    };

    return texts[event];
}

static enum err step(enum opchange_state *state, enum native_opchange_event event)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (rows[i].from == *state && rows[i].event == event) {
            *state = rows[i].to;
            return ERR_OK;
        }
    }
    return ERR_CONDITIONS;
}

/* ---- the record ---- */

/* A card that never changed has no record. */
static struct record read_stored(const struct applet *a)
{
    struct record r = {.state = OPCHANGE_NEVER};
    struct rd in = applet_data(a);
    uint8_t version = 0, state = 0;

    if (rd_u8(&in, &version) != ERR_OK || rd_u8(&in, &state) != ERR_OK ||
        version != RECORD_VERSION || state > OPCHANGE_FELL_BACK ||
        rd_u40(&in, &r.counter) != ERR_OK || rd_u16(&in, &r.polls_max) != ERR_OK ||
        rd_u32(&in, &r.seconds_max) != ERR_OK || rd_u16(&in, &r.polls) != ERR_OK ||
        rd_u32(&in, &r.seconds) != ERR_OK)
        return (struct record){.state = OPCHANGE_NEVER};
    r.state = (enum opchange_state)state;
    return r;
}

/* The slots say whether a trial is under way; the record says how long it may last. */
static struct record read_record(const struct applet *a, const struct applet_subscription *now)
{
    struct record r = read_stored(a);

    if (now->fallback != 0)
        r.state = OPCHANGE_TRIAL;
    else if (r.state == OPCHANGE_TRIAL)
        r.state = OPCHANGE_NEVER;
    return r;
}

static enum err put_record(struct applet *a, const struct record *r)
{
    uint8_t bytes[RECORD_LEN];
    struct wr w = WR_ARRAY(bytes);

    wr_u8(&w, RECORD_VERSION);
    wr_u8(&w, (uint8_t)r->state);
    wr_u40(&w, r->counter);
    wr_u16(&w, r->polls_max);
    wr_u32(&w, r->seconds_max);
    wr_u16(&w, r->polls);
    wr_u32(&w, r->seconds);
    return applet_write_data(a, RD_WR(&w));
}

/* ---- the commands ---- */

/* One command being carried out. */
struct order {
    struct applet *a;
    const struct applet_packet *packet;
    struct applet_subscription now;
    struct record record;
    struct opchange_command command;
};

static enum opchange_result may_change(const struct order *o)
{
    if (o->record.state == OPCHANGE_TRIAL)
        return OPCHANGE_IN_TRIAL;
    if (o->now.next == 0)
        return OPCHANGE_EXHAUSTED;
    if (o->command.to != o->now.next)
        return OPCHANGE_WRONG_INDEX;
    return applet_subscription_check(o->a, &o->command) == ERR_OK ? OPCHANGE_DONE
                                                                  : OPCHANGE_MALFORMED;
}

/* Everything that can refuse a command, before anything is staged. */
static enum opchange_result permit(const struct order *o)
{
    bool in_trial = o->record.state == OPCHANGE_TRIAL;

    if (o->command.op == OPCHANGE_QUERY)
        return OPCHANGE_DONE;
    if (o->packet->asks_only)
        return OPCHANGE_NOT_PERMITTED;
    if (o->command.expected != o->now.in_force)
        return OPCHANGE_WRONG_SLOT;
    switch (o->command.op) {
    case OPCHANGE_CHANGE:
        return may_change(o);
    case OPCHANGE_FALL_BACK:
        return in_trial ? OPCHANGE_DONE : OPCHANGE_WRONG_INDEX;
    default:
        return in_trial ? OPCHANGE_IN_TRIAL : OPCHANGE_DONE;
    }
}

/* A piece that is zero after each reset: the trial's clock. */
struct clock {
    bool ticking;
    uint64_t ticked_ms;
};

static void stop_clock(struct applet *a)
{
    struct clock *clock = applet_transient(a, sizeof *clock);

    if (clock != NULL)
        clock->ticking = false;
}

static enum err change(struct order *o)
{
    struct record r = {
        .state = o->record.state,
        .counter = o->packet->counter,
        .polls_max = o->command.trial_polls,
        .seconds_max = o->command.trial_seconds,
    };
    enum err e = step(&r.state, NATIVE_OPCHANGE_CHANGE);

    if (e == ERR_OK)
        e = applet_subscription_try(o->a, &o->command);
    if (e == ERR_OK)
        e = put_record(o->a, &r);
    stop_clock(o->a);
    return e == ERR_OK ? applet_reset_terminal(o->a) : e;
}

/* Back to the pair before, with the files it had. */
static enum err fall_back(struct applet *a, struct record *r, enum native_opchange_event why)
{
    enum err e = step(&r->state, why);

    if (e == ERR_OK)
        e = applet_subscription_restore(a);
    if (e == ERR_OK)
        e = put_record(a, r);
    return e == ERR_OK ? applet_reset_terminal(a) : e;
}

static enum err renew(struct order *o, enum opchange_result *result)
{
    enum err e = applet_subscription_renew(o->a, &o->command);

    if (e != ERR_KEY)
        return e;
    *result = OPCHANGE_BAD_KEY;
    return ERR_OK;
}

static enum err carry_out(struct order *o, enum opchange_result *result)
{
    switch (o->command.op) {
    case OPCHANGE_CHANGE:
        return change(o);
    case OPCHANGE_FALL_BACK:
        return fall_back(o->a, &o->record, NATIVE_OPCHANGE_FALL_BACK);
    case OPCHANGE_RENEW:
        return renew(o, result);
    default:
        return ERR_OK;
    }
}

/* ---- the proof ---- */

static enum err status(const struct applet *a, struct opchange_proof *out)
{
    struct applet_subscription now = {0};
    enum err e = applet_subscription_read(a, &now);
    struct record r = read_record(a, &now);

    *out = (struct opchange_proof){
        .result = OPCHANGE_DONE,
        .active = now.in_force,
        .state = r.state,
        .fallback = now.fallback,
        .slots = now.slots,
        .spare = now.spare,
        .counter = r.counter,
    };
    for (size_t i = 0; i < sizeof out->imsi; i++)
        out->imsi[i] = now.imsi[i];
    return e;
}

void native_opchange_status(const struct card *card, struct opchange_proof *out)
{
    const struct applet a = {(struct card *)(uintptr_t)card, APPLET_MANAGER, &native_opchange};

    if (status(&a, out) != ERR_OK)
        *out = (struct opchange_proof){.state = OPCHANGE_NEVER};
}

static enum err prove(struct applet *a, struct applet_activation *act, enum opchange_result result)
{
    uint8_t bytes[OPCHANGE_PROOF_LEN];
    struct wr w = WR_ARRAY(bytes);
    struct opchange_proof proof;
    enum err e = status(a, &proof);

    proof.result = result;
    opchange_write_proof(&w, &proof);
    if (e == ERR_OK)
        e = wr_result(&w);
    return e == ERR_OK ? applet_post(a, act, true, RD_WR(&w)) : e;
}

/* Every refusal is a proof with its own result, and has staged nothing. A change that ends in a
 * full store is undone, but the packet is spent: its sender must know. */
static enum err obey(struct applet *a, struct applet_activation *act)
{
    struct order o = {.a = a, .packet = &act->packet};
    enum opchange_result result = OPCHANGE_MALFORMED;
    enum err e = applet_subscription_read(a, &o.now);

    if (e != ERR_OK)
        return e;
    o.record = read_record(a, &o.now);
    if (opchange_read(act->envelope, &o.command) == ERR_OK)
        result = permit(&o);
    if (result == OPCHANGE_DONE)
        e = carry_out(&o, &result);
    if (e == ERR_NOMEM || e == ERR_SPACE) {
        applet_abort(a);
        result = OPCHANGE_MEMORY;
        e = ERR_OK;
    }
    return e == ERR_OK ? prove(a, act, result) : e;
}

/* ---- the trial ---- */

static enum err confirm(struct applet *a)
{
    struct applet_subscription now;
    struct record r;
    enum err e = applet_subscription_read(a, &now);

    if (e != ERR_OK || now.fallback == 0)
        return e;
    r = read_record(a, &now);
    e = step(&r.state, NATIVE_OPCHANGE_AUTHENTICATED);
    if (e == ERR_OK)
        e = applet_subscription_confirm(a);
    if (e == ERR_OK)
        e = put_record(a, &r);
    stop_clock(a);
    return e;
}

/* Seconds since the last look; the first look after power-on begins. */
static uint32_t seconds_passed(struct applet *a)
{
    struct clock *clock = applet_transient(a, sizeof *clock);
    uint64_t now_ms = applet_now_ms(a), passed = 0;

    if (clock == NULL)
        return 0;
    if (clock->ticking)
        passed = (now_ms - clock->ticked_ms) / 1000;
    else
        clock->ticked_ms = now_ms;
    clock->ticking = true;
    clock->ticked_ms += passed * 1000;
    return passed > UINT32_MAX ? UINT32_MAX : (uint32_t)passed;
}

static bool is_over(const struct record *r)
{
    return (r->polls_max != 0 && r->polls >= r->polls_max) ||
           (r->seconds_max != 0 && r->seconds >= r->seconds_max);
}

/* One sign of life without authentication more. */
static enum err count(struct applet *a)
{
    struct applet_subscription now;
    struct record r;
    uint32_t passed;
    enum err e = applet_subscription_read(a, &now);

    if (e != ERR_OK || now.fallback == 0)
        return e;
    r = read_record(a, &now);
    if (r.polls_max == 0 && r.seconds_max == 0)
        return ERR_OK;
    passed = seconds_passed(a);
    r.polls = (uint16_t)(r.polls + (r.polls < UINT16_MAX ? 1 : 0));
    r.seconds = passed > UINT32_MAX - r.seconds ? UINT32_MAX : r.seconds + passed;
    if (!is_over(&r))
        return put_record(a, &r);
    e = fall_back(a, &r, NATIVE_OPCHANGE_TIME_OVER);
    if (e == ERR_OK)
        card_log(a->card, "remote: the trial is over, the card falls back to slot %u",
                 now.fallback);
    return e;
}

/* Limited service and no service say the same of an operator under trial. */
static bool has_service(struct rd tlvs)
{
    struct rd value;

    return ctlv_find(tlvs, CTLV_LOCATION_STATUS, &value) != ERR_OK || value.left != 1 ||
           value.at[0] == LOCATION_NORMAL;
}

/* ---- the applet ---- */

/* It registers for what follows from the slots, which no power cut can set apart from them: the
 * terminal's signs of life interest it during a trial alone. */
void native_opchange_registration(const struct store *s, struct toolkit_registration *out)
{
    static const uint8_t in_trial[] = {APPLET_STATUS_COMMAND, APPLET_AUTHENTICATED,
                                       APPLET_LOCATION_STATUS, APPLET_NETWORK_REJECTION};
    bool trial = slot_fallback(s) != 0;

    *out = (struct toolkit_registration){.priority = TOOLKIT_PRIORITY_CARD};
    applet_events_put(&out->events, APPLET_FORMATTED_SMS, true);
    for (size_t i = 0; i < sizeof in_trial && trial; i++)
        applet_events_put(&out->events, in_trial[i], true);
}

static void toolkit(struct applet *a, struct applet_activation *act)
{
    switch ((enum applet_event)act->event) {
    case APPLET_FORMATTED_SMS:
        act->error = obey(a, act);
        return;
    case APPLET_AUTHENTICATED:
        act->error = confirm(a);
        return;
    case APPLET_STATUS_COMMAND:
    case APPLET_NETWORK_REJECTION:
        act->error = count(a);
        return;
    case APPLET_LOCATION_STATUS:
        act->error = has_service(act->envelope) ? ERR_OK : count(a);
        return;
    default:
        return;
    }
}

const struct applet_ops native_opchange = {
    .toolkit = toolkit,
};
