#include "tools/trace/text.h"

static void write_bytes(FILE *f, const struct trace_bytes *b, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++) {
        if (b->mark[i] == TRACE_LITERAL)
            fprintf(f, "%02X", b->at[i]);
        else if (b->mark[i] == TRACE_ANY)
            fputs("**", f);
        else if (b->mark[i] == TRACE_REST)
            fputs("..", f);
        else
            fprintf(f, "{%s}", b->names[b->mark[i] - TRACE_NAMED]);
    }
}

static void write_exchange(FILE *f, const struct trace_event *event)
{
    const struct trace_bytes *a = &event->answer;
    size_t data = a->len < 2 ? 0 : a->len - 2;

    fputs("> ", f);
    write_bytes(f, &event->command, 0, event->command.len);
    fputc('\n', f);
    if (a->len == 0)
        return;
    fputs("< ", f);
    write_bytes(f, a, 0, data);
    if (data > 0)
        fputc(' ', f);
    write_bytes(f, a, data, a->len);
    fputc('\n', f);
}

void trace_text_write(FILE *f, const struct trace_event *event)
{
    switch (event->kind) {
    case TRACE_NOTE:
        fprintf(f, "# %s\n", event->note);
        return;
    case TRACE_RESET:
        if (event->time_us != 0)
            fprintf(f, "! time %llu.%06llu\n", (unsigned long long)(event->time_us / 1000000),
                    (unsigned long long)(event->time_us % 1000000));
        fputs(event->answer.len > 0 ? "! reset " : "! reset", f);
        write_bytes(f, &event->answer, 0, event->answer.len);
        fputc('\n', f);
        return;
    case TRACE_OFF:
        fputs("! off\n", f);
        return;
    case TRACE_WAIT:
        fprintf(f, "! wait %llu\n", (unsigned long long)event->wait_ms);
        return;
    case TRACE_EXCHANGE:
        write_exchange(f, event);
        return;
    }
}
