/*
 * fuzz_config.c - a configuration file. What is accepted can be dumped, and the dump reads back.
 */
#include "ota/core/config.h"
#include "test/fuzz/require.h"

#include <string.h>

static void count(void *context, const char *text)
{
    unsigned *n = context;

    require(strlen(text) < 1000);
    ++*n;
}

static enum err load(struct config *c, const void *text, size_t len, unsigned *complaints)
{
    const struct config_report report = {count, complaints};
    FILE *f = fmemopen((void *)(uintptr_t)text, len, "r");
    enum err e;

    require(f != NULL);
    e = config_load_stream(c, f, "fuzz", &report);
    fclose(f);
    return e;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct config c, again;
    unsigned complaints = 0;
    char *text = NULL;
    size_t len = 0;
    FILE *f;
    enum err e;

    if (size == 0)
        return 0;
    config_init(&c);
    e = load(&c, data, size, &complaints);
    require((e == ERR_OK) == (complaints == 0));
    require(c.smpp.port >= 1 && c.smpp.port <= 65535 && c.smpp.window <= 1000);
    f = open_memstream(&text, &len);
    require(f != NULL);
    config_dump(&c, f);
    fclose(f);
    config_init(&again);
    e = load(&again, text, len, &complaints);
    require(e == ERR_OK || e == ERR_FORMAT); /* a text may hold what a file cannot: " ;" */
    require(again.smpp.port == c.smpp.port && again.smpp.window == c.smpp.window);
    free(text);
    return 0;
}
