/*
 * trace.h - a card session as a row of events, whatever file it came from.
 *
 * Formats read, told apart by their first bytes: pcap and pcapng with GSMTAP SIM packets, and
 * text (text.h). Formats written: text, pcap, pcapng, chosen by the file's name.
 *
 * A byte of a text may be left open: "**" is any byte, ".." any number of bytes, "{name}" a
 * value that has a name. Packets know literal bytes only.
 */
#ifndef RESEAT_TOOLS_TRACE_TRACE_H
#define RESEAT_TOOLS_TRACE_TRACE_H

#include "apdu/buf.h"

#include <stdio.h>

#define TRACE_BYTES_MAX 8192 /* chained answers of an eUICC have several thousand */
#define TRACE_NAMES_MAX 4
#define TRACE_NAME_MAX  24
#define TRACE_NOTE_MAX  512

/* What a position of struct trace_bytes stands for. */
enum trace_mark {
    TRACE_LITERAL = 0,
    TRACE_ANY = 1,   /* one byte that is not said */
    TRACE_REST = 2,  /* any number of bytes, none included */
    TRACE_NAMED = 3, /* and above: the value of names[mark - TRACE_NAMED] */
};

struct trace_bytes {
    uint8_t at[TRACE_BYTES_MAX];
    uint8_t mark[TRACE_BYTES_MAX]; /* enum trace_mark */
    size_t len;                    /* positions used */
    bool open;                     /* some position is not literal */
    char names[TRACE_NAMES_MAX][TRACE_NAME_MAX + 1];
    size_t name_count;
};

enum trace_kind {
    TRACE_NOTE,     /* note: what a person or a program wrote beside it */
    TRACE_RESET,    /* answer: the ATR, empty when it is not known */
    TRACE_OFF,      /* power off */
    TRACE_EXCHANGE, /* command; answer is data and status word, empty when it is not known */
    TRACE_WAIT,     /* wait_ms */
};

struct trace_event {
    enum trace_kind kind;
    uint64_t place;   /* line of a text, number of a packet; from 1 */
    uint64_t time_us; /* since 1970; 0 unknown */
    uint64_t wait_ms;
    struct trace_bytes command, answer;
    char note[TRACE_NOTE_MAX];
};

/* The bytes, where all of them are literal; positions left open read as FF. */
#define TRACE_RD(b) ((struct rd){(b)->at, (b)->len})

void trace_bytes_set(struct trace_bytes *b, struct rd bytes); /* cut at TRACE_BYTES_MAX */

/* The last two bytes; false when the answer has none or they are open. */
bool trace_status(const struct trace_bytes *answer, uint16_t *sw);
/* What stands before them. */
struct rd trace_data(const struct trace_bytes *answer);

enum trace_format { TRACE_TEXT, TRACE_PCAP, TRACE_PCAPNG };

/* By the end of a file's name: .pcap, .pcapng, else text. */
enum trace_format trace_format_of(const char *path);

/* --- reading --- */

struct trace_reader;

/* keeps: file, which the caller closes after trace_close(). ERR_FORMAT, ERR_NOMEM. */
NODISCARD enum err trace_open(FILE *file, struct trace_reader **out);
void trace_close(struct trace_reader **r);

/*
 * The next event. Nothing is read ahead of it, so a pipe may be followed live.
 *
 * errors: ERR_NOT_FOUND  the end
 *         ERR_RANGE      longer than TRACE_BYTES_MAX; trace_place() says where
 *         ERR_FORMAT, ERR_SHORT  damaged; trace_place() says where
 *         ERR_IO
 */
NODISCARD enum err trace_next(struct trace_reader *r, struct trace_event *out);
uint64_t trace_place(const struct trace_reader *r);
/* What an error of trace_next() says to people. */
const char *trace_error(enum err e);

/* --- writing --- */

struct trace_writer {
    FILE *file;
    enum trace_format format;
    bool begun;
    char note[TRACE_NOTE_MAX]; /* waits for the next packet of a pcapng */
};

/* Append one event and flush. ERR_IO. Open positions become FF in packets. */
NODISCARD enum err trace_write(struct trace_writer *w, const struct trace_event *event);

#endif
