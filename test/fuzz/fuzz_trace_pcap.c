/*
 * fuzz_trace_pcap.c - any bytes as a capture file, and the same bytes as one GSMTAP packet: no
 * event reaches past its bounds, and an exchange has all bytes of its packet.
 */
#include "test/fuzz/require.h"
#include "tools/trace/pcap.h"

#include <string.h>

static struct trace_event e;

static void check(void)
{
    require(e.command.len <= TRACE_BYTES_MAX && e.answer.len <= TRACE_BYTES_MAX);
    require(!e.command.open && !e.answer.open);
    require(e.kind != TRACE_EXCHANGE || (e.command.len >= 5 && e.answer.len >= 2));
    require(memchr(e.note, '\0', sizeof e.note) != NULL);
}

static void as_packet(const uint8_t *data, size_t size)
{
    if (trace_pcap_gsmtap(RD(data, size), &e) != ERR_OK)
        return;
    check();
    if (e.kind == TRACE_EXCHANGE && size < TRACE_BYTES_MAX)
        require(e.command.len + e.answer.len == size - data[1] * 4U);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct trace_reader *r = NULL;
    FILE *in;

    as_packet(data, size);
    if (size < 4 || !trace_pcap_may_begin(RD(data, 4)))
        return 0;
    in = fmemopen((void *)(uintptr_t)data, size, "r");
    require(in != NULL);
    if (trace_open(in, &r) == ERR_OK) {
        while (trace_next(r, &e) == ERR_OK && size < 1 << 16) {
            if (e.kind != TRACE_NOTE)
                check();
        }
        trace_close(&r);
    }
    fclose(in);
    return 0;
}
