/*
 * log.h - what a program that stands between card and terminal writes down: each session with
 * its own log, all of them to one writer. PINs and session keys that a command or an answer
 * carries are left open ("**"), so that a trace may be shown around.
 */
#ifndef RESEAT_TOOLS_TRACE_LOG_H
#define RESEAT_TOOLS_TRACE_LOG_H

#include "tools/trace/trace.h"

struct trace_log {
    struct trace_writer *writer; /* NULL: nothing is written */
    bool secrets;                /* write PINs and keys, too */
    uint8_t header[5];           /* of the last command that was no GET RESPONSE */
    struct trace_event event;
};

void trace_log_note(struct trace_log *l, const char *text);
void trace_log_reset(struct trace_log *l, struct rd atr);
void trace_log_off(struct trace_log *l);
/* A command, and what the card answered to it. */
void trace_log_exchange(struct trace_log *l, struct rd command, struct rd answer);

/* Leave open what is secret in an exchange; header: of the command whose answer this is. */
void trace_log_mask(struct trace_event *event, const uint8_t header[5]);

#endif
