/*
 * trace.h - a card session as text: one line per command (">"), answer ("<") and
 * event ("#"), in hex. PINs and keys that a command or an answer carries are
 * written as "**", so that a trace may be shown around.
 */
#ifndef RESEAT_TOOLS_TRANSPORT_TRACE_H
#define RESEAT_TOOLS_TRANSPORT_TRACE_H

#include "apdu/apdu.h"

#include <stdio.h>

struct trace {
    FILE *file;         /* NULL: nothing is written */
    uint8_t command[5]; /* header of the last command, which says what its answer holds */
};

void trace_event(struct trace *t, const char *text);
void trace_atr(struct trace *t, struct rd atr);
void trace_command(struct trace *t, struct rd command);
void trace_answer(struct trace *t, struct rd answer);

#endif
