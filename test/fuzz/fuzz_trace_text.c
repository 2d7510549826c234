/*
 * fuzz_trace_text.c - any bytes as a text trace: no event reaches past its bounds, and what is
 * written in the native form reads again as the same events.
 */
#include "test/fuzz/require.h"
#include "tools/trace/trace.h"

#include <string.h>

static void check(const struct trace_bytes *b)
{
    require(b->len <= TRACE_BYTES_MAX && b->name_count <= TRACE_NAMES_MAX);
    for (size_t i = 0; i < b->len; i++)
        require(b->mark[i] < TRACE_NAMED + b->name_count);
}

/* Reads all of data; writes what it finds to out. Events found. */
static size_t pass(const uint8_t *data, size_t size, char *out, size_t cap)
{
    static struct trace_event e;
    FILE *in = fmemopen((void *)(uintptr_t)data, size, "r"), *to = fmemopen(out, cap, "w");
    struct trace_writer w = {.file = to};
    struct trace_reader *r = NULL;
    size_t n = 0;

    require(in != NULL && to != NULL);
    if (trace_open(in, &r) == ERR_OK) {
        while (trace_next(r, &e) == ERR_OK) {
            check(&e.command);
            check(&e.answer);
            require(memchr(e.note, '\0', sizeof e.note) != NULL);
            n += e.kind != TRACE_NOTE;
            if (trace_write(&w, &e) != ERR_OK)
                break;
        }
        trace_close(&r);
    }
    fclose(in);
    fclose(to);
    return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char first[1 << 18], second[1 << 18];
    size_t n;

    if (size == 0 || size > 1 << 14)
        return 0;
    memset(first, 0, sizeof first);
    memset(second, 0, sizeof second);
    n = pass(data, size, first, sizeof first);
    if (first[0] != '\0')
        require(pass((uint8_t *)first, strlen(first), second, sizeof second) == n);
    return 0;
}
