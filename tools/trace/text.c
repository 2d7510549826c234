#include "tools/trace/text.h"
#include "tools/trace/tpdu.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define SCRIPTOR_WIDTH 16 /* bytes on a wrapped line of scriptor's output */
#define DUMP_WIDTH     16 /* bytes on a line of OpenSC's hex dumps */

/* --- events --- */

static void clear_bytes(struct trace_bytes *b)
{
    b->len = b->name_count = 0;
    b->open = false;
}

static void begin(struct trace_text *t, enum trace_kind kind, uint64_t number)
{
    struct trace_event *p = &t->pending;

    p->kind = kind;
    p->place = number;
    p->time_us = t->time_us;
    p->wait_ms = 0;
    p->note[0] = '\0';
    clear_bytes(&p->command);
    clear_bytes(&p->answer);
    t->has_pending = true;
    t->answered = t->bare = false;
    t->expect = TEXT_COMMAND;
}

static void give(struct trace_text *t, struct trace_event *out)
{
    struct trace_bytes *answer = &t->pending.answer;

    for (size_t i = 0; i < sizeof t->sw && t->expect == TEXT_DUMP; i++) {
        answer->at[answer->len] = t->sw[i];
        answer->mark[answer->len++] = TRACE_LITERAL;
    }
    *out = t->pending;
    t->has_pending = t->answered = t->continued = false;
    t->expect = TEXT_COMMAND;
}

/* A log may break off in the midst of a command: what has no bytes is no event. */
static bool has_event(const struct trace_text *t)
{
    return t->has_pending && (t->pending.kind != TRACE_EXCHANGE || t->pending.command.len > 0);
}

bool trace_text_end(struct trace_text *t, struct trace_event *out)
{
    bool any = has_event(t);

    if (any)
        give(t, out);
    t->has_pending = false;
    t->expect = TEXT_COMMAND;
    return any;
}

static enum trace_text_step ready_now(struct trace_text *t, enum trace_kind kind, uint64_t number,
                                      struct trace_event *out)
{
    begin(t, kind, number);
    give(t, out);
    return TEXT_READY;
}

static enum trace_text_step note(struct trace_text *t, const char *text, uint64_t number,
                                 struct trace_event *out)
{
    while (*text == ' ' || *text == '\t')
        text++;
    begin(t, TRACE_NOTE, number);
    snprintf(t->pending.note, sizeof t->pending.note, "%s", text);
    give(t, out);
    return TEXT_READY;
}

/* --- lines of the native form --- */

static bool starts(const char *line, const char *with, const char **rest)
{
    size_t n = strlen(with);

    if (strncasecmp(line, with, n) != 0)
        return false;
    *rest = line + n;
    return true;
}

static enum err directive(struct trace_text *t, const char *p, uint64_t number,
                          enum trace_text_step *step, struct trace_event *out)
{
    char *end;

    p += strspn(p, " \t");
    if (starts(p, "reset", &p)) {
        begin(t, TRACE_RESET, number);
        p += strspn(p, " \t");
        if (*p != '\0') {
            enum err e = trace_text_rest(p, '\0', &t->pending.answer);

            if (e != ERR_OK)
                return e;
        }
        give(t, out);
        *step = TEXT_READY;
        return ERR_OK;
    }
    if (starts(p, "off", &p) && *p == '\0') {
        *step = ready_now(t, TRACE_OFF, number, out);
        return ERR_OK;
    }
    if (starts(p, "wait ", &p)) {
        unsigned long ms = strtoul(p, &end, 10);

        if (end == p || *end != '\0' || ms > 3600000)
            return ERR_FORMAT;
        begin(t, TRACE_WAIT, number);
        t->pending.wait_ms = ms;
        give(t, out);
        t->time_us += t->time_us != 0 ? ms * 1000 : 0;
        *step = TEXT_READY;
        return ERR_OK;
    }
    if (starts(p, "time ", &p)) {
        double s = strtod(p, &end);

        if (end == p || *end != '\0' || !(s >= 0 && s < 1e11))
            return ERR_FORMAT;
        t->time_us = (uint64_t)(s * 1e6);
        *step = TEXT_TAKEN;
        return ERR_OK;
    }
    return ERR_FORMAT;
}

/* A command with a mark of its own. */
static enum err command(struct trace_text *t, const char *p, uint64_t number)
{
    const char *rest;

    p += strspn(p, " \t");
    begin(t, TRACE_EXCHANGE, number);
    if (starts(p, "RESET", &rest) && *rest == '\0') {
        t->pending.kind = TRACE_RESET;
        t->reset_awaits = true;
        return ERR_OK;
    }
    return trace_text_rest(p, '\0', &t->pending.command);
}

/* scriptor: "< OK: 3B 9F ..." or "< KO: ..." behind "> RESET". */
static enum err reset_answer(struct trace_text *t, const char *p)
{
    const char *rest;

    t->reset_awaits = false;
    if (!starts(p, "OK:", &rest))
        return ERR_OK;
    rest += strspn(rest, " \t");
    return *rest == '\0' ? ERR_OK : trace_text_rest(rest, '\0', &t->pending.answer);
}

static bool is_wrapped(const char *p, size_t bytes)
{
    size_t n = strlen(p);

    return bytes == SCRIPTOR_WIDTH && strchr(p, ':') == NULL && n > 0 && p[n - 1] == ' ';
}

static enum err answer(struct trace_text *t, const char *p)
{
    enum err e;

    p += strspn(p, " \t");
    if (t->reset_awaits)
        return reset_answer(t, p);
    e = trace_text_rest(p, ':', &t->pending.answer);
    if (e == ERR_OK && is_wrapped(p, t->pending.answer.len))
        t->expect = TEXT_WRAPPED;
    return e;
}

/* pySim: "<- 9000: 622F..". */
static enum err answer_of_pysim(struct trace_text *t, const char *p)
{
    struct trace_bytes sw = {.len = 0};
    enum err e;

    p += strspn(p, " \t");
    e = trace_text_bytes(&p, &sw);
    if (e == ERR_OK && (sw.len != 2 || *p != ':'))
        e = ERR_FORMAT;
    if (e == ERR_OK && *++p != '\0')
        e = trace_text_bytes(&p, &t->pending.answer);
    if (e == ERR_OK && *p != '\0')
        e = ERR_FORMAT;
    for (size_t i = 0; i < 2 && e == ERR_OK; i++)
        e = trace_text_add(&t->pending.answer, sw.at[i], sw.mark[i]);
    return e;
}

/* --- lines of OpenSC --- */

/* "Received (SW1=0x90, SW2=0x00)" with a colon when a dump of the data follows. */
static enum err received(struct trace_text *t, const char *p, bool *dump)
{
    unsigned sw1, sw2;

    if (sscanf(p, " (SW1=0x%2x, SW2=0x%2x)", &sw1, &sw2) != 2)
        return ERR_FORMAT;
    t->sw[0] = (uint8_t)sw1;
    t->sw[1] = (uint8_t)sw2;
    *dump = strchr(p, ')') != NULL && strchr(p, ')')[1] == ':';
    t->expect = TEXT_DUMP;
    return ERR_OK;
}

/* "... Outgoing APDU (7 bytes):", "... Incoming APDU (2 bytes):". */
static bool opensc_debug(const char *line, bool *outgoing, size_t *len)
{
    const char *p = strstr(line, "going APDU (");

    *outgoing = p != NULL;
    if (p == NULL)
        p = strstr(line, "coming APDU (");
    if (p == NULL)
        return false;
    *len = strtoul(strchr(p, '(') + 1, NULL, 10);
    return *len > 0;
}

/* The first count bytes of a dump's line; behind them stand the same as characters. */
static enum err dump_line(const char *p, size_t count, struct trace_bytes *b)
{
    enum err e = ERR_OK;

    for (size_t i = 0; i < count && e == ERR_OK; i++, p += 3) {
        int high = trace_text_nibble(p[0]), low = high < 0 ? -1 : trace_text_nibble(p[1]);

        if (low < 0)
            return i == 0 ? ERR_FORMAT : ERR_OK;
        e = trace_text_add(b, (uint8_t)(high * 16 + low), TRACE_LITERAL);
        if (p[2] != ' ')
            break;
    }
    return e;
}

/* opensc-tool does not pad a dump's first line: n bytes take 4n characters there, and 48 + n on
 * the lines behind it. */
static size_t dumped(const char *p, bool first)
{
    size_t n = strlen(p), count = first ? (n + 3) / 4 : n > 48 ? n - 48 : n / 3;

    return count < DUMP_WIDTH ? count : DUMP_WIDTH;
}

static bool looks_like_bytes(const char *p)
{
    return trace_text_nibble(p[0]) >= 0 && trace_text_nibble(p[1]) >= 0 &&
           (p[2] == ' ' || p[2] == '\0' || trace_text_nibble(p[2]) >= 0);
}

/* A line without a mark, where a dump or a wrapped answer is under way. False: it is none of it. */
static enum err more_bytes(struct trace_text *t, const char *p, bool *taken,
                           enum trace_text_step *step, struct trace_event *out)
{
    struct trace_bytes *to =
        t->expect == TEXT_DUMP_COMMAND ? &t->pending.command : &t->pending.answer;
    size_t before = to->len;
    enum err e = ERR_OK;

    *step = TEXT_TAKEN;
    *taken = t->has_pending && t->expect != TEXT_COMMAND && looks_like_bytes(p);
    if (!*taken)
        return ERR_OK;
    if (t->expect == TEXT_WRAPPED) {
        e = trace_text_rest(p, ':', to);
        if (e == ERR_OK && !is_wrapped(p, to->len - before)) {
            give(t, out);
            *step = TEXT_READY;
        }
        return e;
    }
    e = dump_line(p,
                  t->expect == TEXT_DUMP      ? dumped(p, before == 0)
                  : t->dump_left < DUMP_WIDTH ? t->dump_left
                                              : DUMP_WIDTH,
                  to);
    if (e == ERR_OK && t->expect == TEXT_DUMP && to->len > TRACE_BYTES_MAX - sizeof t->sw)
        e = ERR_RANGE; /* the status word comes behind it */
    if (e != ERR_OK || t->expect == TEXT_DUMP)
        return e;
    t->dump_left -= to->len - before;
    if (t->dump_left == 0 && t->expect == TEXT_DUMP_ANSWER) {
        give(t, out);
        *step = TEXT_READY;
    } else if (t->dump_left == 0) {
        t->expect = TEXT_COMMAND;
    }
    return ERR_OK;
}

/* --- a script's own lines --- */

static enum err script_line(struct trace_text *t, const char *p, uint64_t number)
{
    size_t n = strlen(p);
    bool more = n > 0 && p[n - 1] == '\\';
    enum err e;

    if (!t->continued)
        begin(t, TRACE_EXCHANGE, number);
    t->bare = true;
    e = trace_text_rest(p, more ? '\\' : '\0', &t->pending.command);
    t->continued = more;
    return e;
}

/* A whole line of bytes, with nothing else? Then it is a command of a script. */
static bool is_script_line(const char *p)
{
    struct trace_bytes *b = malloc(sizeof *b);
    bool yes = false;

    if (b == NULL)
        return false;
    clear_bytes(b);
    if (looks_like_bytes(p) && trace_text_bytes(&p, b) == ERR_OK)
        yes = (*p == '\0' && b->len >= 4) || strcmp(p, "\\") == 0;
    free(b);
    return yes;
}

/* --- all lines --- */

enum line_kind {
    LINE_BLANK,
    LINE_NOTE,
    LINE_DIRECTIVE,
    LINE_COMMAND,
    LINE_ANSWER,
    LINE_ANSWER_PYSIM,
    LINE_RECEIVED,
    LINE_SNIFFED,
    LINE_ATR,
    LINE_DEBUG,
    LINE_RESET,
    LINE_SCRIPT,
};

/* pySim's logger puts a level before its lines, and where they come from before that. */
static const char *skip_level(const char *line)
{
    static const char level[] = "INFO: ";
    const char *p = strstr(line, level);

    if (p == NULL)
        return line;
    p += sizeof level - 1;
    return strncmp(p, "->", 2) == 0 || strncmp(p, "<-", 2) == 0 || strncmp(p, "--", 2) == 0 ? p
                                                                                            : line;
}

static enum line_kind classify(const char *line, const char **rest)
{
    static const struct {
        const char *mark;
        enum line_kind kind;
    } marks[] = {
        {"#", LINE_NOTE},           {"!", LINE_DIRECTIVE},
        {"->", LINE_COMMAND},       {"=>", LINE_COMMAND},
        {">", LINE_COMMAND},        {"<-", LINE_ANSWER_PYSIM},
        {"<=", LINE_ANSWER},        {"<", LINE_ANSWER},
        {"Sending:", LINE_COMMAND}, {"Received", LINE_RECEIVED},
        {"TPDU:", LINE_SNIFFED},    {"APDU:", LINE_SNIFFED},
        {"ATR:", LINE_ATR},
    };
    const char *p;

    if (*line == '\0')
        return LINE_BLANK;
    for (size_t i = 0; i < ARRAY_LEN(marks); i++) {
        if (starts(line, marks[i].mark, rest))
            return marks[i].kind;
    }
    *rest = line;
    if ((starts(line, "reset", &p) && *p == '\0') || (starts(line, "-- RESET", &p) && *p == '\0'))
        return LINE_RESET;
    if (strstr(line, "coming APDU (") != NULL || strstr(line, "going APDU (") != NULL)
        return LINE_DEBUG;
    return LINE_SCRIPT;
}

static enum err debug_line(struct trace_text *t, const char *p, uint64_t number,
                           enum trace_text_step *step)
{
    bool outgoing;
    size_t len;

    *step = TEXT_TAKEN;
    if (!opensc_debug(p, &outgoing, &len))
        return ERR_OK;
    if (len > TRACE_BYTES_MAX)
        return ERR_RANGE;
    t->debug = true;
    if (outgoing)
        begin(t, TRACE_EXCHANGE, number);
    else if (!has_event(t))
        return ERR_OK;
    t->expect = outgoing ? TEXT_DUMP_COMMAND : TEXT_DUMP_ANSWER;
    t->dump_left = len;
    return ERR_OK;
}

/* Does this line belong to the exchange that is under way? */
static bool completes(const struct trace_text *t, enum line_kind kind, const char *rest)
{
    bool outgoing;
    size_t len;

    if (kind == LINE_ANSWER || kind == LINE_ANSWER_PYSIM || kind == LINE_RECEIVED)
        return !t->answered && t->expect != TEXT_DUMP;
    if (kind == LINE_DEBUG)
        return opensc_debug(rest, &outgoing, &len) && !outgoing;
    return kind == LINE_COMMAND && t->bare && !t->continued; /* scriptor's echo of the script */
}

static enum err answer_line(struct trace_text *t, enum line_kind kind, const char *rest,
                            enum trace_text_step *step, struct trace_event *out)
{
    bool dump = false;
    enum err e;

    *step = TEXT_TAKEN;
    if (!has_event(t))
        return ERR_OK; /* the log begins in the middle */
    if (kind == LINE_RECEIVED)
        e = received(t, rest, &dump);
    else if (kind == LINE_ANSWER_PYSIM)
        e = answer_of_pysim(t, rest);
    else
        e = answer(t, rest);
    if (e == ERR_OK && !dump && t->expect != TEXT_WRAPPED) {
        give(t, out);
        *step = TEXT_READY;
    }
    return e;
}

/* --- lines of SIMtrace's sniffers --- */

/* "TPDU: a0 a4 ..", "APDU: (9):  a0 a4 .."; "ATR: 3b 9f ..". What is not whole is a note. */
static enum trace_text_step sniffed_line(struct trace_text *t, enum line_kind kind,
                                         const char *text, uint64_t number, struct trace_event *out)
{
    struct trace_bytes *whole = &t->pending.command;
    const char *p = text + strspn(text, " \t");

    if (*p == '(')
        p += strcspn(p, ")");
    p += strspn(p, "): \t");
    begin(t, kind == LINE_ATR ? TRACE_RESET : TRACE_EXCHANGE, number);
    if (trace_text_rest(p, '\0', whole) != ERR_OK || whole->open)
        return note(t, text, number, out);
    give(t, out);
    if (kind == LINE_ATR)
        trace_bytes_set(&out->answer, TRACE_RD(whole));
    else if (trace_tpdu(TRACE_RD(whole), out) != ERR_OK)
        return note(t, text, number, out);
    return TEXT_READY;
}

static enum err other_line(struct trace_text *t, const char *line, uint64_t number,
                           enum trace_text_step *step, struct trace_event *out)
{
    *step = TEXT_TAKEN;
    if (t->continued || (!t->arrows && is_script_line(line)))
        return script_line(t, line, number);
    *step = note(t, line, number, out);
    return ERR_OK;
}

static enum err by_kind(struct trace_text *t, enum line_kind kind, const char *rest,
                        uint64_t number, enum trace_text_step *step, struct trace_event *out)
{
    *step = TEXT_TAKEN;
    switch (kind) {
    case LINE_NOTE:
        *step = note(t, rest, number, out);
        return ERR_OK;
    case LINE_DIRECTIVE:
        return directive(t, rest, number, step, out);
    case LINE_COMMAND:
        return command(t, rest, number);
    case LINE_ANSWER:
    case LINE_ANSWER_PYSIM:
    case LINE_RECEIVED:
        return answer_line(t, kind, rest, step, out);
    case LINE_DEBUG:
        return debug_line(t, rest, number, step);
    case LINE_SNIFFED:
    case LINE_ATR:
        *step = sniffed_line(t, kind, rest, number, out);
        return ERR_OK;
    case LINE_RESET:
        *step = ready_now(t, TRACE_RESET, number, out);
        return ERR_OK;
    default:
        return other_line(t, rest, number, step, out);
    }
}

enum err trace_text_line(struct trace_text *t, const char *line, uint64_t number,
                         enum trace_text_step *step, struct trace_event *out)
{
    const char *rest = line;
    enum line_kind kind;
    bool taken = false;
    enum err e;

    line = skip_level(line + strspn(line, " \t"));
    kind = classify(line, &rest);
    t->arrows |= strncmp(line, "->", 2) == 0;
    *step = TEXT_TAKEN;
    if (kind == LINE_BLANK && t->expect != TEXT_DUMP)
        return ERR_OK;
    if (kind == LINE_SCRIPT) {
        e = more_bytes(t, line, &taken, step, out);
        if (e != ERR_OK || taken || t->debug)
            return e;
    }
    if (t->has_pending && !completes(t, kind, rest) && !t->continued) {
        if (trace_text_end(t, out)) {
            *step = TEXT_AGAIN;
            return ERR_OK;
        }
    }
    return kind == LINE_BLANK ? ERR_OK : by_kind(t, kind, rest, number, step, out);
}
