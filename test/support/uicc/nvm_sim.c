#include "test/support/uicc/nvm_sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *must(void *p)
{
    if (p == NULL) {
        fprintf(stderr, "nvm_sim: out of memory\n");
        abort();
    }
    return p;
}

uint64_t nvm_sim_random(uint64_t *state)
{
    uint64_t z = *state += 0x9E3779B97F4A7C15ULL;

    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ z >> 27) * 0x94D049BB133111EBULL;
    return z ^ z >> 31;
}

static bool due(uint64_t at, bool sticky, uint64_t now)
{
    return at != 0 && (now == at || (sticky && now > at));
}

/* A write is remembered before its fate is known: also one that fails may be there in part. */
static void remember(struct nvm_sim *sim, uint64_t offset, const void *in, size_t n)
{
    struct nvm_sim_write *w;

    if (sim->pending_count == NVM_SIM_PENDING_MAX) {
        fprintf(stderr, "nvm_sim: too many writes without a sync\n");
        abort();
    }
    w = &sim->pending[sim->pending_count++];
    w->offset = offset;
    w->n = n;
    w->bytes = must(malloc(n));
    memcpy(w->bytes, in, n);
}

static void forget_pending(struct nvm_sim *sim)
{
    for (size_t i = 0; i < sim->pending_count; i++)
        free(sim->pending[i].bytes);
    sim->pending_count = 0;
}

static bool inside(const struct nvm_sim *sim, uint64_t offset, size_t n)
{
    return offset <= sim->device.size && n <= sim->device.size - offset;
}

static enum err sim_read(void *context, uint64_t offset, void *out, size_t n)
{
    struct nvm_sim *sim = context;

    sim->reads++;
    if (sim->dead || due(sim->fail_read, sim->fail_sticky, sim->reads))
        return ERR_IO;
    if (!inside(sim, offset, n))
        return ERR_RANGE;
    memcpy(out, sim->view + offset, n);
    return ERR_OK;
}

static enum err sim_write(void *context, uint64_t offset, const void *in, size_t n)
{
    struct nvm_sim *sim = context;

    if (sim->dead)
        return ERR_IO;
    if (!inside(sim, offset, n))
        return ERR_RANGE;
    sim->ops++;
    sim->writes++;
    if (sim->full_from != 0 && offset + n > sim->full_from) {
        /* As a file system does it: what still fits is written. */
        n = offset < sim->full_from ? sim->full_from - offset : 0;
        if (n > 0) {
            remember(sim, offset, in, n);
            memcpy(sim->view + offset, in, n);
        }
        return ERR_SPACE;
    }
    remember(sim, offset, in, n);
    memcpy(sim->view + offset, in, n);
    sim->bytes += n;
    sim->dead = sim->cut_at != 0 && sim->ops == sim->cut_at;
    return sim->dead || due(sim->fail_at, sim->fail_sticky, sim->ops) ? ERR_IO : ERR_OK;
}

/* All of it, nothing, a beginning, an end, or any of its 16-byte pieces. */
static void tear(struct nvm_sim *sim, const struct nvm_sim_write *w, uint64_t *random)
{
    uint64_t how = nvm_sim_random(random) % 5;
    size_t at = nvm_sim_random(random) % (w->n + 1);
    uint8_t *media = sim->media + w->offset;

    if (how == 0)
        memcpy(media, w->bytes, w->n);
    else if (how == 1)
        memcpy(media, w->bytes, at);
    else if (how == 2)
        memcpy(media + at, w->bytes + at, w->n - at);
    for (at = 0; how == 3 && at < w->n; at += 16) {
        if (nvm_sim_random(random) & 1)
            memcpy(media + at, w->bytes + at, w->n - at < 16 ? w->n - at : 16);
    }
}

static void tear_pending(struct nvm_sim *sim, uint64_t random)
{
    for (size_t left = sim->pending_count; left > 0; left--) {
        size_t pick = nvm_sim_random(&random) % left;
        struct nvm_sim_write w = sim->pending[pick];

        tear(sim, &w, &random);
        sim->pending[pick] = sim->pending[left - 1];
        sim->pending[left - 1] = w;
    }
}

/* Only what was written is touched, so that a sync of a large device costs little. */
static void lose_pending(struct nvm_sim *sim, enum nvm_sim_policy policy, uint64_t seed)
{
    if (policy == NVM_SIM_TEAR)
        tear_pending(sim, seed);
    for (size_t i = 0; policy == NVM_SIM_KEEP && i < sim->pending_count; i++) {
        const struct nvm_sim_write *w = &sim->pending[i];

        memcpy(sim->media + w->offset, w->bytes, w->n);
    }
    forget_pending(sim);
}

static enum err sim_sync(void *context)
{
    struct nvm_sim *sim = context;

    if (sim->dead)
        return ERR_IO;
    sim->ops++;
    sim->syncs++;
    sim->dead = sim->cut_at != 0 && sim->ops == sim->cut_at;
    if (sim->dead)
        return ERR_IO;
    if (due(sim->fail_at, sim->fail_sticky, sim->ops)) {
        lose_pending(sim, sim->failed_sync, sim->ops);
        return ERR_IO;
    }
    lose_pending(sim, NVM_SIM_KEEP, 0);
    return ERR_OK;
}

void nvm_sim_init(struct nvm_sim *sim, uint64_t size)
{
    memset(sim, 0, sizeof *sim);
    sim->device = (struct nvm_device){sim, size, sim_read, sim_write, sim_sync};
    sim->view = must(calloc(1, size));
    sim->media = must(calloc(1, size));
}

void nvm_sim_copy(struct nvm_sim *to, const struct nvm_sim *from)
{
    struct nvm_sim kept = *to;

    if (to->device.size != from->device.size) {
        nvm_sim_free(to);
        nvm_sim_init(&kept, from->device.size);
    }
    forget_pending(to);
    *to = *from;
    to->device.context = to;
    to->view = kept.view;
    to->media = kept.media;
    memcpy(to->view, from->view, from->device.size);
    memcpy(to->media, from->media, from->device.size);
    to->pending_count = 0;
    for (size_t i = 0; i < from->pending_count; i++) {
        const struct nvm_sim_write *w = &from->pending[i];

        remember(to, w->offset, w->bytes, w->n);
    }
}

void nvm_sim_free(struct nvm_sim *sim)
{
    forget_pending(sim);
    free(sim->view);
    free(sim->media);
    memset(sim, 0, sizeof *sim);
}

void nvm_sim_heal(struct nvm_sim *sim)
{
    sim->cut_at = sim->fail_at = sim->fail_read = sim->full_from = 0;
    sim->fail_sticky = false;
}

void nvm_sim_power_on(struct nvm_sim *sim, enum nvm_sim_policy policy, uint64_t seed)
{
    lose_pending(sim, policy, seed);
    memcpy(sim->view, sim->media, sim->device.size);
    nvm_sim_heal(sim);
    sim->ops = sim->writes = sim->syncs = sim->reads = sim->bytes = 0;
    sim->dead = false;
}

bool nvm_sim_holds(const struct nvm_sim *sim, struct rd needle)
{
    return memmem(sim->media, sim->device.size, needle.at, needle.left) != NULL;
}
