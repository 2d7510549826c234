#include "tools/transport/trace.h"

#include <string.h>

#define INS_AUTHENTICATE 0x88
#define INS_GET_RESPONSE 0xC0
#define SHOWN_ALL        SIZE_MAX

/* Commands whose data field is a PIN or an UNBLOCK PIN (TS 102 221 11.1.9 to 11.1.13). */
static bool data_is_pin(const uint8_t *header)
{
    static const uint8_t pin_commands[] = {0x20, 0x24, 0x26, 0x28, 0x2C};

    return memchr(pin_commands, header[1], sizeof pin_commands) != NULL;
}

static void write_hex(FILE *f, struct rd bytes, size_t shown)
{
    for (size_t i = 0; i < bytes.left; i++) {
        if (i < shown)
            fprintf(f, "%02X", bytes.at[i]);
        else
            fputs("**", f);
    }
}

static void end_line(struct trace *t)
{
    fputc('\n', t->file);
    fflush(t->file);
}

void trace_event(struct trace *t, const char *text)
{
    if (t->file == NULL)
        return;
    fprintf(t->file, "# %s", text);
    end_line(t);
}

void trace_atr(struct trace *t, struct rd atr)
{
    if (t->file == NULL)
        return;
    fputs("# ATR ", t->file);
    write_hex(t->file, atr, SHOWN_ALL);
    end_line(t);
}

void trace_command(struct trace *t, struct rd command)
{
    bool secret;

    if (t->file == NULL)
        return;
    /* GET RESPONSE hands out what the command before it made. */
    if (command.left >= 5 && command.at[1] != INS_GET_RESPONSE)
        memcpy(t->command, command.at, 5);
    secret = command.left > 5 && data_is_pin(command.at);
    fputs("> ", t->file);
    write_hex(t->file, command, secret ? 5 : SHOWN_ALL);
    end_line(t);
}

/* How much of an answer is no key: RES of a 3G answer, SRES of a 2G one (TS 31.102 7.1.2). */
static size_t shown_of_answer(const struct trace *t, struct rd data)
{
    if (t->command[1] != INS_AUTHENTICATE || data.left < 2)
        return SHOWN_ALL;
    if (data.at[0] == 0xDB)
        return 2U + data.at[1];
    if (data.at[0] == 0xDC)
        return SHOWN_ALL;
    return t->command[0] == 0xA0 ? 4 : 1U + data.at[0];
}

void trace_answer(struct trace *t, struct rd answer)
{
    struct rd data, sw = answer;

    if (t->file == NULL || rd_take(&sw, answer.left < 2 ? 0 : answer.left - 2, &data) != ERR_OK)
        return;
    fputs("< ", t->file);
    write_hex(t->file, data, shown_of_answer(t, data));
    if (data.left > 0)
        fputc(' ', t->file);
    write_hex(t->file, sw, SHOWN_ALL);
    end_line(t);
}
