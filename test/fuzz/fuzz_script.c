/*
 * fuzz_script.c - remote scripts and answers. The first byte chooses: 0 a command script,
 * 1 a compact answer, 2 an expanded one. A script that ends well reads the same, command by
 * command, when it is written again.
 */
#include "apdu/script.h"
#include "test/fuzz/require.h"

#define SCRIPT_MAX 4096

/* Writes the commands of a script again; false if it has an error or a thing but commands. */
static bool copy(struct rd script, enum script_format format, struct wr *out)
{
    struct script_reader s;
    struct script_writer w;
    struct script_item item;
    enum err e = script_begin(script, &s);

    script_open(&w, format, out);
    while (e == ERR_OK && (e = script_next(&s, &item)) == ERR_OK) {
        require_within(item.bytes, script);
        if (item.kind != SCRIPT_COMMAND)
            return false;
        script_write_command(&w, item.bytes);
    }
    return e == ERR_NOT_FOUND && script_close(&w) == ERR_OK;
}

static void commands(struct rd script)
{
    static uint8_t first[SCRIPT_MAX], second[SCRIPT_MAX];
    struct wr a = WR_ARRAY(first), b = WR_ARRAY(second);
    enum script_format format;

    if (script_format_of(script, &format) != ERR_OK || !copy(script, format, &a) || a.len == 0)
        return;
    require(copy(RD_WR(&a), format, &b));
    require(rd_equal(RD_WR(&a), RD_WR(&b)));
}

static void answer(struct rd bytes, enum script_format format)
{
    struct script_answer a;

    if (script_read_answer(bytes, format, &a) == ERR_OK)
        require_within(a.data, bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rd r = RD(data, size);
    uint8_t selector;

    if (rd_u8(&r, &selector) != ERR_OK)
        return 0;
    if (selector % 3 == 0)
        commands(r);
    else
        answer(r, selector % 3 == 1 ? SCRIPT_COMPACT : SCRIPT_DEFINITE);
    return 0;
}
