#include "tools/trace/trace.h"
#include "tools/trace/pcap.h"
#include "tools/trace/text.h"

#include <stdlib.h>
#include <string.h>

#define HEAD_LEN 4

struct trace_reader {
    FILE *file;
    enum trace_format format;
    uint8_t head[HEAD_LEN]; /* read to tell the format */
    size_t head_len, head_used;
    uint64_t place;
    bool at_end;
    struct trace_text text;
    struct trace_pcap pcap;
    char line[TRACE_LINE_MAX];
    bool line_held;
    uint8_t block[TRACE_PCAP_BLOCK_MAX];
};

void trace_bytes_set(struct trace_bytes *b, struct rd bytes)
{
    size_t n = bytes.left < TRACE_BYTES_MAX ? bytes.left : TRACE_BYTES_MAX;

    if (n > 0)
        memcpy(b->at, bytes.at, n);
    memset(b->mark, TRACE_LITERAL, n);
    b->len = n;
    b->open = false;
    b->name_count = 0;
}

bool trace_status(const struct trace_bytes *answer, uint16_t *sw)
{
    size_t n = answer->len;

    if (n < 2 || answer->mark[n - 2] != TRACE_LITERAL || answer->mark[n - 1] != TRACE_LITERAL)
        return false;
    *sw = (uint16_t)(answer->at[n - 2] << 8 | answer->at[n - 1]);
    return true;
}

struct rd trace_data(const struct trace_bytes *answer)
{
    return RD(answer->at, answer->len < 2 ? 0 : answer->len - 2);
}

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);

    return n >= m && strcmp(text + n - m, end) == 0;
}

enum trace_format trace_format_of(const char *path)
{
    if (ends_with(path, ".pcapng"))
        return TRACE_PCAPNG;
    return ends_with(path, ".pcap") ? TRACE_PCAP : TRACE_TEXT;
}

/* --- bytes of the file, those of the head first --- */

static int next_char(struct trace_reader *r)
{
    return r->head_used < r->head_len ? r->head[r->head_used++] : fgetc(r->file);
}

static enum err read_bytes(struct trace_reader *r, void *out, size_t n)
{
    uint8_t *to = out;
    size_t got = 0;

    while (got < n && r->head_used < r->head_len)
        to[got++] = r->head[r->head_used++];
    got += fread(to + got, 1, n - got, r->file);
    if (got == n)
        return ERR_OK;
    if (ferror(r->file))
        return ERR_IO;
    return got == 0 ? ERR_NOT_FOUND : ERR_SHORT;
}

/* Colours of a terminal, "ESC [ 31 m": the first character behind them. */
static int skip_colours(struct trace_reader *r, int c)
{
    while (c == '\033') {
        do
            c = next_char(r);
        while (c == '[' || c == ';' || (c >= '0' && c <= '9'));
        if (c != EOF && c != '\n')
            c = next_char(r);
    }
    return c;
}

/* A line without its end. A byte 0 ends it early: no text has one. */
static enum err read_line(struct trace_reader *r)
{
    size_t n = 0;
    int c = skip_colours(r, next_char(r));

    if (c == EOF)
        return ferror(r->file) ? ERR_IO : ERR_NOT_FOUND;
    for (; c != EOF && c != '\n'; c = skip_colours(r, next_char(r))) {
        if (n + 1 >= sizeof r->line)
            return ERR_RANGE;
        r->line[n++] = (char)c;
    }
    while (n > 0 && r->line[n - 1] == '\r')
        n--;
    r->line[n] = '\0';
    return ERR_OK;
}

/* Only as many bytes are waited for as a text must have to be one: a pipe may bring few. */
static void read_head(struct trace_reader *r)
{
    while (r->head_len < HEAD_LEN) {
        int c = fgetc(r->file);

        if (c == EOF)
            return;
        r->head[r->head_len++] = (uint8_t)c;
        if (!trace_pcap_may_begin(RD(r->head, r->head_len)))
            return;
    }
}

enum err trace_open(FILE *file, struct trace_reader **out)
{
    struct trace_reader *r = calloc(1, sizeof *r);
    enum err e = ERR_OK;

    if (r == NULL)
        return ERR_NOMEM;
    r->file = file;
    read_head(r);
    r->format = TRACE_TEXT;
    if (r->head_len == HEAD_LEN && trace_pcap_may_begin(RD_ARRAY(r->head))) {
        r->format = trace_pcap_format(RD_ARRAY(r->head));
        if (r->format == TRACE_PCAP) {
            e = read_bytes(r, r->block, PCAP_FILE_HEADER);
            if (e == ERR_OK)
                e = trace_pcap_begin(&r->pcap, RD(r->block, PCAP_FILE_HEADER));
        }
    }
    if (e != ERR_OK) {
        free(r);
        return e == ERR_NOT_FOUND ? ERR_SHORT : e;
    }
    *out = r;
    return ERR_OK;
}

void trace_close(struct trace_reader **r)
{
    free(*r);
    *r = NULL;
}

uint64_t trace_place(const struct trace_reader *r)
{
    return r->place;
}

const char *trace_error(enum err e)
{
    return e == ERR_RANGE ? "more bytes or names than one exchange may have (8,192 each way, 4)"
                          : err_text(e);
}

static enum err next_of_text(struct trace_reader *r, struct trace_event *out)
{
    for (;;) {
        enum trace_text_step step;
        enum err e = ERR_OK;

        if (!r->line_held) {
            e = r->at_end ? ERR_NOT_FOUND : read_line(r);
            r->place += e == ERR_OK;
        }
        if (e == ERR_NOT_FOUND) {
            r->at_end = true;
            return trace_text_end(&r->text, out) ? ERR_OK : ERR_NOT_FOUND;
        }
        if (e == ERR_OK)
            e = trace_text_line(&r->text, r->line, r->place, &step, out);
        if (e != ERR_OK)
            return e;
        r->line_held = step == TEXT_AGAIN;
        if (step != TEXT_TAKEN)
            return ERR_OK;
    }
}

/* One record of a pcap, or one block of a pcapng, to r->block. */
static enum err read_block(struct trace_reader *r, size_t *len)
{
    size_t head = r->format == TRACE_PCAP ? PCAP_RECORD_HEADER : PCAPNG_BLOCK_HEADER, body;
    enum err e = read_bytes(r, r->block, head);

    if (e != ERR_OK)
        return e;
    r->place++;
    e = trace_pcap_body_len(&r->pcap, r->format, RD(r->block, head), &body);
    if (e != ERR_OK)
        return e;
    if (body > sizeof r->block - head)
        return ERR_RANGE;
    e = read_bytes(r, r->block + head, body);
    *len = head + body;
    return e == ERR_NOT_FOUND ? ERR_SHORT : e;
}

static enum err next_of_pcap(struct trace_reader *r, struct trace_event *out)
{
    enum err e = ERR_OK;
    bool found = trace_pcap_held(&r->pcap, out);
    size_t len;

    while (e == ERR_OK && !found) {
        e = read_block(r, &len);
        if (e != ERR_OK)
            return e;
        e = trace_pcap_packet(&r->pcap, r->format, RD(r->block, len), out);
        found = e == ERR_OK;
        if (e == ERR_NOT_FOUND)
            e = ERR_OK; /* a packet of something else */
    }
    out->place = r->place;
    return e;
}

enum err trace_next(struct trace_reader *r, struct trace_event *out)
{
    return r->format == TRACE_TEXT ? next_of_text(r, out) : next_of_pcap(r, out);
}

enum err trace_write(struct trace_writer *w, const struct trace_event *event)
{
    if (w->format == TRACE_TEXT)
        trace_text_write(w->file, event);
    else
        trace_pcap_write(w, event);
    w->begun = true;
    return fflush(w->file) != 0 || ferror(w->file) ? ERR_IO : ERR_OK;
}
