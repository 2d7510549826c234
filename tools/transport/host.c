#include "tools/transport/host.h"
#include "tools/cli/cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>

/* Address space, not memory: pages are there once they are touched. */
#define CARD_ARENA (256U * 1024U)

struct host {
    struct arena arena;
    struct uicc_engine *engine;
    void *block;
    size_t block_len;
};

struct host_card {
    struct nvm_file *file;
    struct card *card;
    char *path;
    bool verbose;
};

static enum err host_random(void *context, uint8_t *out, size_t n)
{
    (void)context;
    while (n > 0) {
        ssize_t got = getrandom(out, n, 0);

        if (got < 0)
            return ERR_IO;
        out += got;
        n -= (size_t)got;
    }
    return ERR_OK;
}

static uint64_t host_now_ms(void *context)
{
    (void)context;
    return cli_now_ms();
}

static void host_log(void *context, const char *line)
{
    const struct host_card *c = context;

    if (c->verbose)
        fprintf(stderr, "%s: %s\n", c->path, line);
}

enum err host_new(size_t card_count, struct host **out)
{
    struct host *h = calloc(1, sizeof *h);

    if (h == NULL)
        return ERR_NOMEM;
    h->block_len = UICC_ENGINE_ARENA + card_count * CARD_ARENA;
    h->block = mmap(NULL, h->block_len, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (h->block == MAP_FAILED) {
        free(h);
        return ERR_NOMEM;
    }
    /* Keys live here: not in a core dump, nor, where the system lets us, in swap. */
    (void)madvise(h->block, h->block_len, MADV_DONTDUMP);
    (void)mlock2(h->block, h->block_len, MLOCK_ONFAULT);
    arena_init(&h->arena, h->block, h->block_len);
    h->engine = uicc_engine_new(&h->arena);
    if (h->engine == NULL) {
        host_free(&h);
        return ERR_NOMEM;
    }
    *out = h;
    return ERR_OK;
}

void host_free(struct host **h)
{
    if (*h == NULL)
        return;
    if ((*h)->engine != NULL)
        uicc_engine_free(&(*h)->engine);
    munmap((*h)->block, (*h)->block_len);
    free(*h);
    *h = NULL;
}

enum err host_open(struct host *h, const char *path, bool verbose, struct host_card **out)
{
    struct host_card *c = calloc(1, sizeof *c);
    struct uicc_host world = {.random = host_random, .now_ms = host_now_ms, .log = host_log};
    enum err e = ERR_NOMEM;

    if (c == NULL)
        return ERR_NOMEM;
    c->verbose = verbose;
    c->path = strdup(path);
    if (c->path == NULL)
        goto out;
    e = nvm_file_open(path, &c->file);
    if (e != ERR_OK)
        goto out;
    world.context = c;
    world.nvm = nvm_file_device(c->file);
    e = uicc_create(h->engine, &world, &c->card);
out:
    if (e == ERR_OK)
        *out = c;
    else
        host_close(&c);
    return e;
}

void host_close(struct host_card **c)
{
    if (*c == NULL)
        return;
    if ((*c)->card != NULL)
        uicc_destroy(&(*c)->card);
    if ((*c)->file != NULL)
        nvm_file_close(&(*c)->file);
    free((*c)->path);
    free(*c);
    *c = NULL;
}

struct card *host_card(struct host_card *c)
{
    return c->card;
}

const char *host_open_text(enum err e)
{
    return e == ERR_FORMAT ? "is no card file" : err_text(e);
}
