#include "tools/replay/replay.h"
#include "apdu/ctlv.h"
#include "apdu/ids.h"
#include "apdu/tlv.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CHANNEL_CLOSE 0x80
#define DRAIN_MAX     16 /* proactive commands in a row that the trace knows nothing of */

static void forget_channels(struct replay *r)
{
    for (uint8_t i = 0; i < APDU_CHANNELS; i++)
        r->here[i] = i;
}

enum err replay_init(struct replay *r, struct reader *reader)
{
    enum err e;

    memset(r, 0, sizeof *r);
    r->reader = reader;
    r->sqn = 32;
    forget_channels(r);
    e = decode_init(&r->a);
    if (e == ERR_OK)
        e = decode_init(&r->b);
    if (e != ERR_OK)
        replay_free(r);
    return e;
}

void replay_free(struct replay *r)
{
    decode_free(&r->a);
    decode_free(&r->b);
    OPENSSL_cleanse(r, sizeof *r);
}

/* One exchange under way. */
struct turn {
    struct replay *r;
    struct trace_event *recorded;
    struct trace_event actual;
    bool not_fetched;
    bool fetch_follows; /* the recorded terminal fetched next */
    bool fitted;        /* asked in another way than recorded, because of: */
    const char *how;
    struct replay_pairs pairs;
    struct replay_result result;
    uint8_t answer[REPLAY_ANSWER_MAX];
    struct wr data;
    sw_t sw;
};

void replay_put_here(const struct replay *r, uint8_t header[4])
{
    struct apdu_class k;

    if (apdu_class(header[0], &k) != ERR_OK || k.sim)
        return;
    if (r->here[k.channel] != k.channel && !k.secure_messaging)
        header[0] = apdu_class_byte(r->here[k.channel], k.etsi);
    if (header[1] == INS_MANAGE_CHANNEL && header[2] == CHANNEL_CLOSE && header[3] < APDU_CHANNELS)
        header[3] = r->here[header[3]];
}

static uint8_t channel_of(const struct trace_bytes *command)
{
    struct apdu_class k;

    return apdu_class(command->at[0], &k) == ERR_OK ? k.channel : 0;
}

static bool selects(const struct trace_bytes *command)
{
    return command->at[1] == INS_SELECT || command->at[1] == INS_MANAGE_CHANNEL;
}

static void tell(struct turn *t, enum replay_verdict verdict, const char *why)
{
    struct replay *r = t->r;

    if (t->fitted && verdict == REPLAY_EQUAL) {
        verdict = REPLAY_ALLOWED;
        why = t->how;
    }
    if (r->strict && verdict == REPLAY_ALLOWED)
        verdict = REPLAY_DIFFERENT;
    t->result.verdict = verdict;
    t->result.why = why;
    r->counts.equal += verdict == REPLAY_EQUAL;
    r->counts.allowed += verdict == REPLAY_ALLOWED;
    r->counts.different += verdict == REPLAY_DIFFERENT;
    if (r->report != NULL)
        r->report(r->context, &t->result);
}

static void skip(struct turn *t, const char *why)
{
    struct replay *r = t->r;

    if (r->strict) {
        tell(t, REPLAY_DIFFERENT, why);
        return;
    }
    t->result.skipped = true;
    t->result.why = why;
    r->counts.skipped++;
    if (r->report != NULL)
        r->report(r->context, &t->result);
}

/* --- what the card under test is asked --- */

/* A FETCH asks for as much as waits here and now. */
static void set_fetch_length(const struct replay *r, struct wr *command)
{
    if (command->len == 5 && command->base[1] == INS_FETCH && r->waiting != 0)
        command->base[4] = (uint8_t)r->waiting;
}

/* 9000 and 91XX; 61XX and 6CXX, followed or not: the command did the same. */
static uint16_t plain_status(uint16_t sw)
{
    static const uint8_t done[] = {0x91, 0x61, 0x6C, 0x9F};

    return memchr(done, sw >> 8, sizeof done) != NULL ? SW_OK.v : sw;
}

/* Of SEARCH RECORD: with numbers, or that there are none (TS 102 221 11.1.7). */
static bool found_or_not(uint16_t sw)
{
    return plain_status(sw) == SW_OK.v || sw == SW_END_OF_FILE.v || sw == SW_RECORD.v;
}

/* Did the recorded card do it? */
static bool worked(const struct trace_event *e)
{
    uint16_t sw;

    return trace_status(&e->answer, &sw) && (sw_is_success(SW(sw)) || sw >> 8 == 0x6C);
}

/* Did it at least look for what it was to find? */
static bool searched(const struct trace_event *e)
{
    uint16_t sw;

    return e->command.at[1] == INS_SEARCH_RECORD && trace_status(&e->answer, &sw) &&
           found_or_not(sw);
}

/* Sizes and names of the recorded card may be what this card refused. */
static enum err ask_to_fit(struct turn *t, struct rd command)
{
    if (t->r->strict || command.left < 5 || sw_is_success(t->sw) ||
        (!worked(t->recorded) && !searched(t->recorded)))
        return ERR_OK;
    return replay_fit(t->r->reader, command, &t->data, &t->sw, &t->fitted, &t->how);
}

/* A card numbers the channels that it opens as it likes (TS 102 221 11.1.17). */
static void note_channel(struct turn *t)
{
    const struct trace_bytes *c = &t->recorded->command;
    struct rd opened = trace_data(&t->recorded->answer);

    if (c->at[1] == INS_MANAGE_CHANNEL && c->at[2] == 0 && opened.left == 1 &&
        opened.at[0] < APDU_CHANNELS && t->data.len == 1 && t->data.base[0] < APDU_CHANNELS)
        t->r->here[opened.at[0]] = t->data.base[0];
}

static enum err ask(struct turn *t, const char **why)
{
    struct replay *r = t->r;
    uint8_t bytes[REPLAY_ANSWER_MAX];
    struct wr command = WR_ARRAY(bytes);
    const char *missing = NULL;
    enum err e;

    t->data = WR_ARRAY(t->answer);
    *why = NULL;
    if (replay_is_auth(r, t->recorded))
        return replay_auth(r, t->recorded, &t->data, &t->sw, why);
    e = replay_fill(&r->values, &t->recorded->command, &command, &missing);
    if (e == ERR_OK) {
        set_fetch_length(r, &command);
        replay_put_here(r, bytes);
        trace_bytes_set(&t->actual.command, RD_WR(&command));
        e = reader_exchange(r->reader, RD_WR(&command), &t->data, &t->sw);
        if (e == ERR_OK)
            e = ask_to_fit(t, RD_WR(&command));
        note_channel(t);
    }
    OPENSSL_cleanse(bytes, sizeof bytes);
    return e;
}

/* --- the card's own toolkit --- */

/* TERMINAL RESPONSE "performed" to what was fetched; ERR_FORMAT when that was nothing. */
static enum err respond(struct replay *r, struct rd fetched, sw_t *sw)
{
    uint8_t bytes[64], answer[APDU_RESPONSE_MAX];
    struct wr c = WR_ARRAY(bytes), data = WR_ARRAY(answer);
    static const uint8_t end[] = {0x82, 0x02, 0x82, 0x81, 0x83, 0x01, 0x00};
    struct rd details;
    struct tlv t;

    if (tlv_next(&fetched, &t) != ERR_OK || t.tag != CAT_OBJECT_PROACTIVE ||
        ctlv_find(t.value, CTLV_COMMAND_DETAILS, &details) != ERR_OK || details.left != 3)
        return ERR_FORMAT;
    if (details.at[1] == PROACTIVE_REFRESH && details.at[2] == 0x04) {
        struct wr atr = WR_ARRAY(answer);

        *sw = SW_OK; /* a reset is the answer to this one */
        return reader_reset(r->reader, &atr);
    }
    wr_bytes(&c, "\x80\x14\x00\x00\x0C", 5);
    ctlv_write(&c, CTLV_COMMAND_DETAILS, details);
    wr_bytes(&c, end, sizeof end);
    return reader_exchange(r->reader, RD_WR(&c), &data, sw);
}

/* The trace knows nothing of what waits: do it, so that the card goes on. */
static enum err drain(struct replay *r)
{
    enum err e = ERR_OK;

    for (unsigned i = 0; i < DRAIN_MAX && r->waiting != 0 && e == ERR_OK; i++) {
        uint8_t answer[APDU_RESPONSE_MAX];
        uint8_t fetch[5] = {0x80, INS_FETCH, 0x00, 0x00, (uint8_t)r->waiting};
        struct wr data = WR_ARRAY(answer);
        sw_t sw = SW(0);

        e = reader_exchange(r->reader, RD_ARRAY(fetch), &data, &sw);
        if (e == ERR_OK)
            e = respond(r, RD_WR(&data), &sw);
        r->waiting = sw.v >> 8 == 0x91 ? sw.v : 0;
    }
    return e == ERR_FORMAT ? ERR_OK : e;
}

static bool is_fetch(const struct trace_event *e)
{
    return e->kind == TRACE_EXCHANGE && e->command.len >= 4 && e->command.at[1] == INS_FETCH;
}

/* --- comparing --- */

static bool same_status(uint16_t recorded, uint16_t actual)
{
    uint16_t a = plain_status(recorded), b = plain_status(actual);

    return a == b || (a >> 4 == 0x63C && b >> 4 == 0x63C);
}

/* The file is none that every card has, or no standard's at all. */
static bool is_optional(const struct turn *t, const struct decode *found)
{
    uint8_t channel = channel_of(&t->recorded->command);

    if (found == &t->r->b)
        channel = t->r->here[channel];
    return !decode_needs(&found->channels[channel]);
}

/* A file that one of them has not: until the next SELECT they are in different places. */
static bool missing_file(struct turn *t, uint16_t recorded)
{
    bool a = recorded == SW_NOT_FOUND.v, b = t->sw.v == SW_NOT_FOUND.v;

    if (a == b)
        return false;
    t->r->lost[channel_of(&t->recorded->command)] = true;
    tell(t, is_optional(t, a ? &t->r->b : &t->r->a) ? REPLAY_ALLOWED : REPLAY_DIFFERENT,
         a ? "a file that the recorded card has not" : "a file that this card has not");
    return true;
}

/* Files of cards differ in what they hold: in how much, and in which records. NULL: that is not
 * what makes these status words two. */
static const char *size_or_content(const struct turn *t, uint16_t recorded)
{
    const struct trace_bytes *c = &t->recorded->command;
    bool here = sw_is_success(t->sw);

    if (t->how != NULL && !t->fitted)
        return t->how;
    if (c->at[1] == INS_SEARCH_RECORD && found_or_not(recorded) && found_or_not(t->sw.v) &&
        plain_status(recorded) != plain_status(t->sw.v))
        return "other records match";
    if (recorded == SW_RECORD.v && here && c->at[2] > 1)
        return "a file with more records";
    return recorded == SW_OFFSET.v && here ? "a longer file" : NULL;
}

static bool has_stretches(const struct trace_bytes *b)
{
    for (size_t i = 0; i < b->len; i++) {
        if (b->mark[i] >= TRACE_REST)
            return true;
    }
    return false;
}

static const struct tree_node *answer_of(const struct decode *d)
{
    const struct tree_node *n = d->tree.root.first;

    while (n != NULL && strcmp(n->name, "answer") != 0)
        n = n->next;
    return n;
}

static void compare_data(struct turn *t, bool status_differs)
{
    struct trace_bytes *want = &t->recorded->answer;
    enum replay_verdict verdict;

    if (replay_match(&t->r->values, want, TRACE_RD(&t->actual.answer))) {
        tell(t, REPLAY_EQUAL, NULL);
        return;
    }
    if (has_stretches(want)) {
        tell(t, REPLAY_DIFFERENT, "not what the trace's pattern says");
        return;
    }
    if (want->open && want->len != t->actual.answer.len) {
        tell(t, REPLAY_DIFFERENT, "another length");
        return;
    }
    if (t->not_fetched) {
        tell(t, REPLAY_EQUAL, NULL);
        return;
    }
    verdict = replay_compare(answer_of(&t->r->a), answer_of(&t->r->b), want->open, &t->pairs);
    if (verdict == REPLAY_EQUAL && status_differs)
        verdict = REPLAY_ALLOWED;
    tell(t, verdict, verdict == REPLAY_DIFFERENT ? "other content" : "content that may differ");
}

static void compare(struct turn *t, const char *why)
{
    uint16_t recorded = 0;

    t->result.has_recorded_sw = trace_status(&t->recorded->answer, &recorded);
    t->result.recorded_sw = SW(recorded);
    t->result.sw = t->sw;
    if (t->recorded->answer.len == 0) {
        tell(t, REPLAY_EQUAL, "the trace has no answer");
        return;
    }
    if (why != NULL) {
        tell(t, REPLAY_DIFFERENT, why);
        return;
    }
    if (replay_is_auth(t->r, t->recorded) && same_status(recorded, t->sw.v)) {
        tell(t, REPLAY_EQUAL, NULL);
        return;
    }
    if (!t->result.has_recorded_sw) {
        compare_data(t, false);
        return;
    }
    if (missing_file(t, recorded))
        return;
    why = size_or_content(t, recorded);
    if (why != NULL) {
        tell(t, REPLAY_ALLOWED, why);
        return;
    }
    if (!same_status(recorded, t->sw.v)) {
        tell(t, REPLAY_DIFFERENT, "another status word");
        return;
    }
    compare_data(t, recorded != t->sw.v && !t->not_fetched);
}

/* --- one event --- */

static void decode_both(struct turn *t)
{
    uint8_t sw[2] = {(uint8_t)(t->sw.v >> 8), (uint8_t)t->sw.v};

    wr_bytes(&t->data, sw, sizeof sw);
    t->actual.kind = TRACE_EXCHANGE;
    if (t->actual.command.len == 0)
        t->actual.command = t->recorded->command;
    trace_bytes_set(&t->actual.answer, RD_WR(&t->data));
    decode_event(&t->r->a, t->recorded);
    decode_event(&t->r->b, &t->actual);
}

/* NULL, or why this exchange cannot be replayed here. */
static const char *obstacle(struct turn *t)
{
    struct replay *r = t->r;
    const struct trace_bytes *c = &t->recorded->command;
    uint8_t bytes[REPLAY_ANSWER_MAX];
    struct wr w = WR_ARRAY(bytes);
    const char *missing = NULL;
    enum err e = c->len < 4 ? ERR_FORMAT : replay_fill(&r->values, c, &w, &missing);

    OPENSSL_cleanse(bytes, sizeof bytes);
    if (e == ERR_FORMAT)
        return "no command";
    if (e != ERR_OK)
        return "a value that the trace hides is not given";
    if (c->at[1] == INS_FETCH && r->waiting == 0 && worked(t->recorded)) {
        r->skip_response = true;
        return "this card has no proactive command here";
    }
    if (c->at[1] == INS_TERMINAL_RESPONSE && r->skip_response) {
        r->skip_response = false;
        return "this card has no proactive command here";
    }
    if (c->at[1] == INS_GET_RESPONSE && worked(t->recorded))
        return "its command is not in the trace";
    if (c->at[1] == INS_AUTHENTICATE && r->aka.algorithm == 0 && !r->strict)
        return "AUTHENTICATE needs the key of this card";
    if (r->lost[channel_of(c)] && !selects(c) && c->at[0] != 0x80)
        return "another file is selected here";
    return NULL;
}

/* The recorded card said 91XX here, too: its terminal may fetch later. */
static bool knows_of_toolkit(const struct turn *t)
{
    uint16_t sw;

    return trace_status(&t->recorded->answer, &sw) && sw >> 8 == 0x91;
}

static enum err run_exchange(struct turn *t)
{
    struct replay *r = t->r;
    const char *why = obstacle(t);
    enum err e;

    r->counts.exchanges++;
    t->result =
        (struct replay_result){.recorded = t->recorded, .a = &r->a, .b = &r->b, .pairs = &t->pairs};
    t->pairs.count = 0;
    t->fitted = false;
    t->how = NULL;
    trace_bytes_set(&t->actual.command, RD(NULL, 0));
    if (why != NULL) {
        decode_event(&r->a, t->recorded);
        skip(t, why);
        return ERR_OK;
    }
    if (selects(&t->recorded->command))
        r->lost[channel_of(&t->recorded->command)] = false;
    e = ask(t, &why);
    if (e != ERR_OK)
        return e;
    r->waiting = t->sw.v >> 8 == 0x91 ? t->sw.v : 0;
    decode_both(t);
    compare(t, why);
    return r->waiting != 0 && !t->fetch_follows && !knows_of_toolkit(t) ? drain(r) : ERR_OK;
}

static enum err run_reset(struct replay *r, const struct trace_event *event)
{
    uint8_t atr[READER_ATR_MAX];
    struct wr w = WR_ARRAY(atr);

    memset(r->lost, 0, sizeof r->lost);
    forget_channels(r);
    r->waiting = 0;
    r->skip_response = false;
    decode_event(&r->a, event);
    decode_event(&r->b, event);
    return reader_reset(r->reader, &w);
}

static void wait_ms(uint64_t ms)
{
    const struct timespec t = {(time_t)(ms / 1000), (long)(ms % 1000) * 1000000};

    (void)nanosleep(&t, NULL);
}

enum err replay_run(struct replay *r, struct trace_reader *trace)
{
    struct turn *t = calloc(1, sizeof *t);
    struct replay_fold *f = calloc(1, sizeof *f);
    struct trace_event *event = calloc(1, sizeof *event);
    enum err e = t == NULL || f == NULL || event == NULL ? ERR_NOMEM : ERR_OK;

    if (e == ERR_OK) {
        f->reader = trace;
        t->r = r;
        t->recorded = event;
    }
    while (e == ERR_OK) {
        e = replay_next(f, event, &t->not_fetched);
        r->place = e == ERR_OK ? event->place : trace_place(trace);
        if (e == ERR_OK && event->kind == TRACE_EXCHANGE) {
            t->fetch_follows = replay_ahead(f) && is_fetch(&f->ahead);
            e = run_exchange(t);
        } else if (e == ERR_OK && event->kind == TRACE_RESET) {
            e = run_reset(r, event);
        } else if (e == ERR_OK && event->kind == TRACE_WAIT && r->timing) {
            wait_ms(event->wait_ms);
        }
    }
    free(event);
    free(f);
    free(t);
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}
