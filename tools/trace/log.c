#include "tools/trace/log.h"
#include "apdu/ids.h"

#include <string.h>
#include <time.h>

/* Commands whose data field is a PIN or an UNBLOCK PIN (TS 102 221 11.1.9 to 11.1.13). */
static bool data_is_pin(uint8_t ins)
{
    static const uint8_t pin_commands[] = {INS_VERIFY_PIN, INS_CHANGE_PIN, INS_DISABLE_PIN,
                                           INS_ENABLE_PIN, INS_UNBLOCK_PIN};

    return memchr(pin_commands, ins, sizeof pin_commands) != NULL;
}

/* How much of an answer is no key: RES of a 3G answer, SRES of a 2G one (TS 31.102 7.1.2). */
static size_t shown_of_answer(const uint8_t header[5], struct rd data)
{
    if (header[1] != INS_AUTHENTICATE || data.left < 2)
        return data.left;
    if (data.at[0] == 0xDB)
        return 2U + data.at[1];
    if (data.at[0] == 0xDC)
        return data.left;
    return header[0] == 0xA0 ? 4 : 1U + data.at[0];
}

static void leave_open(struct trace_bytes *b, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++) {
        b->at[i] = 0xFF;
        b->mark[i] = TRACE_ANY;
        b->open = true;
    }
}

void trace_log_mask(struct trace_event *event, const uint8_t header[5])
{
    struct rd data = trace_data(&event->answer);

    if (event->command.len > 5 && data_is_pin(event->command.at[1]))
        leave_open(&event->command, 5, event->command.len);
    leave_open(&event->answer, shown_of_answer(header, data), data.left);
}

static void begin(struct trace_log *l, enum trace_kind kind)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    l->event.kind = kind;
    l->event.time_us = (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
    l->event.note[0] = '\0';
    trace_bytes_set(&l->event.command, RD(NULL, 0));
    trace_bytes_set(&l->event.answer, RD(NULL, 0));
}

/* A full disk must not stop the card: the writer's stream keeps the error for the program's end. */
static void put(struct trace_log *l)
{
    if (l->writer != NULL && trace_write(l->writer, &l->event) != ERR_OK)
        return;
}

void trace_log_note(struct trace_log *l, const char *text)
{
    if (l->writer == NULL)
        return;
    begin(l, TRACE_NOTE);
    snprintf(l->event.note, sizeof l->event.note, "%s", text);
    put(l);
}

void trace_log_reset(struct trace_log *l, struct rd atr)
{
    if (l->writer == NULL)
        return;
    begin(l, TRACE_RESET);
    trace_bytes_set(&l->event.answer, atr);
    put(l);
}

void trace_log_off(struct trace_log *l)
{
    if (l->writer == NULL)
        return;
    begin(l, TRACE_OFF);
    put(l);
}

void trace_log_exchange(struct trace_log *l, struct rd command, struct rd answer)
{
    if (l->writer == NULL)
        return;
    if (command.left > TRACE_BYTES_MAX || answer.left > TRACE_BYTES_MAX)
        trace_log_note(l, "longer than a trace can hold, cut:");
    begin(l, TRACE_EXCHANGE);
    trace_bytes_set(&l->event.command, command);
    trace_bytes_set(&l->event.answer, answer);
    /* GET RESPONSE hands out what the command before it made. */
    if (command.left >= 4 && command.at[1] != INS_GET_RESPONSE)
        memcpy(l->header, command.at, 4);
    if (!l->secrets)
        trace_log_mask(&l->event, l->header);
    put(l);
}
