/*
 * text.h - traces as text, line by line. Private to tools/trace/.
 *
 *   # anything            note
 *   > 00A40004023F00      command
 *   < 622F82.. ** 9000    answer: data and status word
 *   ! reset [ATR]         power on or warm reset
 *   ! off                 power off
 *   ! wait 500            milliseconds
 *   ! time 1700000000.5   when the next event was, seconds since 1970
 *
 * Also understood, so that logs of other programs need no conversion: pySim-shell with
 * apdu_trace ("-> ..", "<- 9000: .."), opensc-tool ("Sending: ..", "Received (SW1=..)" and a
 * hex dump), OpenSC's debug log ("Outgoing APDU (7 bytes):"), scriptor and gscriptor scripts
 * and their output, SIMtrace's sniffers ("TPDU: ..", "ATR: .."). A line that is none of these is a
 * note.
 */
#ifndef RESEAT_TOOLS_TRACE_TEXT_H
#define RESEAT_TOOLS_TRACE_TEXT_H

#include "tools/trace/trace.h"

#define TRACE_LINE_MAX (3 * TRACE_BYTES_MAX + 256)

/* Where the bytes of a line without a mark of its own belong. */
enum text_expect {
    TEXT_COMMAND,      /* a script's next command */
    TEXT_DUMP,         /* hex dump of an answer's data, the status word is known */
    TEXT_DUMP_COMMAND, /* hex dump of a command, dump_left bytes */
    TEXT_DUMP_ANSWER,  /* hex dump of data and status word, dump_left bytes */
    TEXT_WRAPPED,      /* more of scriptor's answer */
};

struct trace_text {
    struct trace_event pending; /* exchange or reset that is not complete */
    bool has_pending, answered;
    bool bare;         /* the pending command came without a mark: it may be scriptor's echo */
    bool reset_awaits; /* scriptor's "> RESET" */
    bool continued;    /* the script's line ended with a backslash */
    bool debug;        /* OpenSC's debug log: other lines are not worth a note */
    bool arrows;       /* pySim's log: bytes without a mark are what a file holds */
    enum text_expect expect;
    size_t dump_left;
    uint8_t sw[2]; /* behind the dump */
    uint64_t time_us;
};

enum trace_text_step {
    TEXT_TAKEN, /* the line was taken in, nothing is ready */
    TEXT_READY, /* the line was taken in, out is ready */
    TEXT_AGAIN, /* out is ready and ends before this line: give the line again */
};

/* ERR_FORMAT for a marked line whose bytes are none; ERR_RANGE for too many of them. */
NODISCARD enum err trace_text_line(struct trace_text *t, const char *line, uint64_t number,
                                   enum trace_text_step *step, struct trace_event *out);
/* The event that the end of the file completes; false when there is none. */
bool trace_text_end(struct trace_text *t, struct trace_event *out);

/* --- text_bytes.c --- */

int trace_text_nibble(char c); /* -1 for none */
NODISCARD enum err trace_text_add(struct trace_bytes *b, uint8_t byte, unsigned mark);
/* Append what *p spells, up to the first character that belongs to no byte. */
NODISCARD enum err trace_text_bytes(const char **p, struct trace_bytes *b);
/* The whole rest of a line; "3B:9F" is as good as "3B 9F". end ends it early. */
NODISCARD enum err trace_text_rest(const char *p, char end, struct trace_bytes *b);

/* --- text_write.c --- */

void trace_text_write(FILE *f, const struct trace_event *event);

#endif
