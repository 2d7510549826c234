#include "apdu/ids.h"
#include "tools/replay/replay.h"

#include <string.h>

/* Notes are for people: the exchange behind one is still the next. */
static enum err peek(struct replay_fold *f)
{
    if (f->has_ahead)
        return ERR_OK;
    do {
        if (f->end == ERR_OK)
            f->end = trace_next(f->reader, &f->ahead);
    } while (f->end == ERR_OK && f->ahead.kind == TRACE_NOTE);
    f->has_ahead = f->end == ERR_OK;
    return f->end;
}

static bool is_get_response(const struct trace_event *e, uint8_t cla)
{
    uint8_t channel = cla == 0xA0 ? 0xA0 : cla & 0x43;

    return e->kind == TRACE_EXCHANGE && e->command.len >= 4 &&
           e->command.at[1] == INS_GET_RESPONSE &&
           (cla == 0xA0 ? e->command.at[0] == channel : (e->command.at[0] & 0x43) == channel);
}

/* Put the data of more behind that of answer, in place of its status word. */
static enum err append(struct trace_bytes *answer, const struct trace_bytes *more)
{
    size_t at = answer->len >= 2 ? answer->len - 2 : 0;

    if (more->len > TRACE_BYTES_MAX - at)
        return ERR_RANGE;
    memcpy(answer->at + at, more->at, more->len);
    memcpy(answer->mark + at, more->mark, more->len);
    answer->len = at + more->len;
    answer->open |= more->open;
    return ERR_OK;
}

static bool is_repetition(const struct trace_event *e, const struct trace_event *of, uint8_t le)
{
    return e->kind == TRACE_EXCHANGE && e->command.len == 5 && of->command.len >= 4 &&
           memcmp(e->command.at, of->command.at, 4) == 0 && e->command.at[4] == le;
}

static bool waits(uint16_t sw)
{
    return sw >> 8 == 0x61 || sw >> 8 == 0x9F;
}

/* GET RESPONSE once: ERR_OK when it was there and more may follow, ERR_NOT_FOUND when not. */
static enum err take_response(struct replay_fold *f, struct trace_event *out, uint16_t *sw)
{
    uint16_t warning = *sw, got;

    if (peek(f) != ERR_OK || !is_get_response(&f->ahead, out->command.at[0]) ||
        !trace_status(&f->ahead.answer, &got))
        return ERR_NOT_FOUND;
    f->has_ahead = false;
    if (got >> 8 == 0x6C) /* asked with a wrong Le: the repetition brings the data */
        return ERR_OK;
    if (append(&out->answer, &f->ahead.answer) != ERR_OK)
        return ERR_RANGE;
    /* data behind a warning: the warning is what the command ended with */
    if (!waits(warning) && got == SW_OK.v && out->answer.len >= 2) {
        out->answer.at[out->answer.len - 2] = (uint8_t)(warning >> 8);
        out->answer.at[out->answer.len - 1] = (uint8_t)warning;
        return ERR_NOT_FOUND;
    }
    *sw = got;
    return waits(got) ? ERR_OK : ERR_NOT_FOUND;
}

/* opensc-tool takes 61XX for the end of a SELECT and writes 9000: an FCP was there to be had. */
static bool left_waiting(const struct trace_event *e, uint16_t sw)
{
    const struct trace_bytes *c = &e->command;

    return sw == SW_OK.v && e->answer.len == 2 && c->len > 5 && c->at[1] == INS_SELECT &&
           c->at[0] != 0xA0 && (c->at[3] & 0x1C) == 0x04;
}

enum err replay_next(struct replay_fold *f, struct trace_event *out, bool *not_fetched)
{
    enum err e = peek(f);
    uint16_t sw;

    *not_fetched = false;
    if (e != ERR_OK)
        return e;
    *out = f->ahead;
    f->has_ahead = false;
    if (out->kind != TRACE_EXCHANGE || !trace_status(&out->answer, &sw))
        return ERR_OK;
    if (sw >> 8 == 0x6C && peek(f) == ERR_OK && is_repetition(&f->ahead, out, (uint8_t)sw)) {
        *out = f->ahead;
        f->has_ahead = false;
        if (!trace_status(&out->answer, &sw))
            return ERR_OK;
    }
    if (waits(sw) || (out->command.len > 5 && sw_is_warning(SW(sw)) && sw >> 4 != 0x63C)) {
        do
            e = take_response(f, out, &sw);
        while (e == ERR_OK);
    }
    *not_fetched = waits(sw) || sw >> 8 == 0x6C || left_waiting(out, sw);
    return e == ERR_RANGE ? e : ERR_OK;
}

bool replay_ahead(struct replay_fold *f)
{
    return peek(f) == ERR_OK;
}
