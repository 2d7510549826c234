#include "uicc/remote/run.h"

#include "apdu/ids.h"
#include "apdu/tlv.h"
#include "uicc/fs/fs.h"
#include "uicc/remote/chain.h"

#include <openssl/crypto.h>
#include <string.h>

#define SIM_MEMORY 0x9240 /* TS 51.011 9.4.2 */

#define TAG_IMMEDIATE_ANSWER 0x81 /* TS 102 226 5.2.2.3 */
#define TAG_CHAINING_ANSWER  0x83 /* 5.2.2.4 */
#define SUSPENSION_ERROR     0x01

/* The application that a script of this TAR works in. */
static uint16_t first_adf(const struct card *card)
{
    static const uint8_t usim[] = {AID_USIM};

    return fs_by_aid(card, RD_ARRAY(usim), 0);
}

/* TS 102 226 7: the MF is current, or the ADF. */
static void begin_context(struct run *run)
{
    channel_init(&run->ch, 0);
    run->ch.open = true;
    if (run->tar->app != REMOTE_RFM_ADF)
        return;
    run->ch.app = first_adf(run->card);
    run->ch.df = run->ch.app;
}

/* 61XX, or 9FXX of TS 51.011 9.4.1. */
static sw_t data_waits(const struct run *run, size_t count)
{
    return run->tar->app == REMOTE_RFM_SIM ? SW(0x9F00U | (count & 0xFF)) : sw_bytes_wait(count);
}

static sw_t get_response(struct run *run, const struct apdu *cmd, struct rd *data)
{
    size_t left = run->waiting - run->given;
    size_t want = cmd->p3 == 0 ? left : cmd->p3;

    if (left == 0)
        return SW_CONDITIONS;
    if (want > left)
        return sw_wrong_le(left);
    *data = RD(run->scratch->base + run->given, want);
    run->given += want;
    left -= want;
    return left == 0 ? SW_OK : data_waits(run, left);
}

/* A case 4 command without Le: its data waits for GET RESPONSE, as on T=0. */
static sw_t keep_waiting(struct run *run, sw_t sw)
{
    run->waiting = run->scratch->len;
    run->given = 0;
    if (run->waiting == 0 || !sw_equal(sw, SW_OK))
        return sw;
    return data_waits(run, run->waiting);
}

/* No command that meets a failing store may leave half of itself behind. */
static bool is_store_failure(sw_t sw)
{
    return sw_equal(sw, SW_MEMORY) || sw_equal(sw, SW_NO_DIAGNOSIS) || sw.v == SIM_MEMORY;
}

/* A command may have deleted what is current in this context: then its DF, or the begin, is. */
static void mend_context(struct run *run)
{
    struct channel *ch = &run->ch;

    if (!fs_exists(run->card, ch->df))
        begin_context(run);
    else if (ch->ef != NODE_NONE && !fs_exists(run->card, ch->ef))
        ch->ef = NODE_NONE;
}

/* Case 2 has asked for so much; more is cut, less is an error (TS 102 221 7.3.1.1.2). */
static sw_t fit_to_le(const struct apdu *cmd, struct wr *out, sw_t sw)
{
    size_t len = out->len;

    if (cmd->data.left > 0 || cmd->p3 == 0 || len == 0 || len == cmd->p3)
        return sw;
    out->len = len > cmd->p3 ? cmd->p3 : 0;
    return len > cmd->p3 ? sw : sw_wrong_le(len);
}

/* Execute one C-APDU; *data is what it answers here and now. */
static sw_t execute(struct run *run, const struct script_item *item, struct rd *data)
{
    struct apdu cmd;
    sw_t sw;

    *data = RD(NULL, 0);
    if (apdu_parse(item->bytes, &cmd) != ERR_OK)
        return SW_WRONG_LENGTH;
    if (cmd.ins == INS_GET_RESPONSE)
        return get_response(run, &cmd, data);
    OPENSSL_cleanse(run->scratch->base, run->scratch->len);
    run->scratch->len = 0;
    run->waiting = 0;
    sw = run->command(run, &cmd, run->scratch);
    sw = fit_to_le(&cmd, run->scratch, sw);
    if (is_store_failure(sw) || wr_result(run->scratch) != ERR_OK)
        run->failed = true;
    mend_context(run);
    if (cmd.data.left > 0 && !item->has_le)
        return keep_waiting(run, sw);
    *data = RD_WR(run->scratch);
    if (cmd.data.left > 0 && item->le != 0 && data->left > item->le) {
        data->left = item->le;
        return SW_MORE_DATA;
    }
    return sw;
}

static bool goes_on(sw_t sw)
{
    return sw_is_success(sw) || sw_is_warning(sw);
}

/* Run one command and answer it. false: the script ends here. */
static bool step(struct run *run, const struct script_item *item, struct script_answer_writer *a)
{
    struct rd data;
    size_t room;
    sw_t sw = execute(run, item, &data);
    bool clipped;

    if (run->failed)
        return false;
    if (run->answered)
        return goes_on(sw);
    room = script_answer_room(a);
    clipped = data.left > room;
    if (clipped) {
        data.left = room;
        sw = SW_MORE_DATA;
    }
    script_answer_add(a, data, sw);
    return goes_on(sw) && (!clipped || a->format == SCRIPT_COMPACT);
}

/* All that follows is done, but not told (TS 102 226 5.2.1.2). */
static enum err answer_early(struct run *run, struct script_answer_writer *a)
{
    run->answered = true;
    return script_answer_close(a);
}

/*
 * A proactive command waits for the proof, for the terminal hears of it with the same answer. What
 * cannot wait, because another one is under way, or cannot be done at all, is a suspension error.
 */
static enum err act(struct run *run, struct rd value, struct script_answer_writer *a)
{
    bool one_byte = value.left == 1;

    if (one_byte && value.at[0] == SCRIPT_SESSION_INDICATION)
        return cat_busy(run->card) ? ERR_BUSY : ERR_OK;
    if (one_byte && value.at[0] == SCRIPT_EARLY_RESPONSE)
        return run->answered ? ERR_OK : answer_early(run, a);
    return action_add(&run->actions, run->card, value);
}

static bool immediate_action(struct run *run, struct rd value, struct script_answer_writer *a)
{
    if (!run->answered)
        script_answer_count(a);
    if (act(run, value, a) == ERR_OK)
        return true;
    if (!run->answered) {
        script_answer_uncount(a);
        tlv_write_u8(a->out, TAG_IMMEDIATE_ANSWER, SUSPENSION_ERROR);
    }
    return false;
}

static void act_on_error(struct run *run)
{
    run->chained = false;
    if (run->on_error.left > 0 && action_add(&run->actions, run->card, run->on_error) != ERR_OK)
        card_log(run->card, "remote: the error action of a script cannot be done");
}

/* One item. false: the script ends here. What could not be told is not done. */
static bool take(struct run *run, const struct script_item *item, struct script_answer_writer *a)
{
    bool first = a->executed == 0;

    if (!run->answered && script_answer_full(a)) {
        act_on_error(run);
        return false;
    }
    switch (item->kind) {
    case SCRIPT_COMMAND:
        if (step(run, item, a))
            return true;
        act_on_error(run);
        return false;
    case SCRIPT_IMMEDIATE_ACTION:
        return immediate_action(run, item->bytes, a);
    case SCRIPT_ERROR_ACTION:
        run->on_error = item->bytes;
        break;
    case SCRIPT_CHAINING:
        run->chain_cause = chain_enter(run, item->bytes.at[0], first);
        if (run->chain_cause != 0)
            return false;
        break;
    }
    if (!run->answered)
        script_answer_count(a);
    return true;
}

static void answer_bad_format(enum err e, struct script_answer_writer *a)
{
    switch (e) {
    case ERR_OK: /* a command failed */
    case ERR_NOT_FOUND:
        break;
    case ERR_UNSUPPORTED:
        script_answer_bad_format(a, SCRIPT_UNKNOWN_TAG);
        break;
    case ERR_SHORT:
        script_answer_bad_format(a, SCRIPT_LENGTH_MISSING);
        break;
    default:
        script_answer_bad_format(a, SCRIPT_WRONG_LENGTH);
        break;
    }
}

/* A compact script that is cut leaves its count short; an item of wrong length says 6700. */
static enum err end_answer(struct run *run, enum err e, struct script_answer_writer *a)
{
    if (e != ERR_OK && e != ERR_NOT_FOUND)
        run->chained = false;
    if (run->answered)
        return ERR_OK;
    if (a->format == SCRIPT_COMPACT && e != ERR_OK && e != ERR_NOT_FOUND)
        script_answer_add(a, RD(NULL, 0), SW_WRONG_LENGTH);
    else if (run->chain_cause != 0)
        tlv_write_u8(a->out, TAG_CHAINING_ANSWER, run->chain_cause);
    else if (!script_answer_full(a))
        answer_bad_format(e, a);
    return script_answer_close(a);
}

enum err run_script(struct run *run, struct rd script, struct wr *scratch, struct wr *answer)
{
    enum script_format format = SCRIPT_COMPACT;
    struct script_answer_writer a;
    struct script_reader reader;
    struct script_item item;
    enum err e;

    run->scratch = scratch;
    begin_context(run);
    if (script_format_of(script, &format) != ERR_OK)
        format = SCRIPT_COMPACT;
    script_answer_open(&a, format, answer);
    e = script.left == 0 ? ERR_NOT_FOUND : script_begin(script, &reader);
    while (e == ERR_OK) {
        e = script_next(&reader, &item);
        if (e == ERR_OK && !take(run, &item, &a))
            break;
    }
    cmd_end_transfer(run->card, run->ch.number, true);
    if (run->failed)
        return ERR_IO;
    e = end_answer(run, e, &a);
    return e == ERR_OK ? chain_leave(run) : e;
}
