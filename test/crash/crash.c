#include "test/crash/crash.h"

#include <stdio.h>
#include <stdlib.h>

#define FULL_POINTS            64
#define SETTLE_COUNT(scenario) (NVM_SIM_TEAR + (scenario)->tears)

/* One way to lose what was not synced: 0 drop, 1 keep, 2 and up torn from a seed. */
static void settle(struct nvm_sim *sim, unsigned way, uint64_t at)
{
    enum nvm_sim_policy policy = way < NVM_SIM_TEAR ? (enum nvm_sim_policy)way : NVM_SIM_TEAR;

    nvm_sim_power_on(sim, policy, at * 1000 + way);
}

struct crash {
    const struct crash_scenario *scenario;
    struct crash_counts *counts;
    struct nvm_sim prepared, ran, settled, again; /* kept, to be copied into */
    char where[160];                              /* what is being tried, for a violation */
};

static void violation(struct crash *c, int state, unsigned done)
{
    c->counts->violations++;
    printf("%s: %s: %u steps were acknowledged, the memory shows ", c->scenario->name, c->where,
           done);
    if (state == CRASH_MIXED)
        printf("no state it was ever in\n");
    else if (state == CRASH_REFUSED)
        printf("nothing, it does not open\n");
    else
        printf("%d\n", state);
}

static int look(const struct crash *c, struct nvm_sim *sim)
{
    return c->scenario->state(&sim->device, c->scenario->context);
}

/* done steps, or one more if the next may have been under way. */
static bool judge(struct crash *c, int state, unsigned done, bool one_more)
{
    if (state == (int)done) {
        c->counts->old_state++;
        return true;
    }
    if (one_more && state == (int)done + 1) {
        c->counts->new_state++;
        return true;
    }
    violation(c, state, done);
    return false;
}

static unsigned run(const struct crash *c, struct nvm_sim *sim)
{
    unsigned done = 0;

    c->scenario->run(&sim->device, c->scenario->context, &done);
    return done;
}

/*
 * c->settled: the memory after a cut. Recovery must come to the same state if it is cut
 * itself: what the first look told the world stays true.
 */
static void cut_recovery(struct crash *c, const char *first, int want)
{
    uint64_t ops;

    nvm_sim_copy(&c->again, &c->settled);
    look(c, &c->again);
    ops = c->again.ops;
    for (uint64_t n = 1; n <= ops; n++) {
        for (unsigned way = 0; way < SETTLE_COUNT(c->scenario); way++) {
            nvm_sim_copy(&c->again, &c->settled);
            c->again.cut_at = n;
            look(c, &c->again);
            settle(&c->again, way, n);
            c->counts->second_cuts++;
            snprintf(c->where, sizeof c->where, "%s, then at %lu of recovery, way %u", first,
                     (unsigned long)n, way);
            judge(c, look(c, &c->again), (unsigned)want, false);
        }
    }
}

/* What stands in c->settled must be of use. */
static void resume(struct crash *c, int from)
{
    if (c->scenario->resume == NULL)
        return;
    nvm_sim_copy(&c->again, &c->settled);
    c->counts->resumed++;
    if (c->scenario->resume(&c->again.device, c->scenario->context, (unsigned)from))
        return;
    c->counts->violations++;
    printf("%s: %s: cannot go on from %d\n", c->scenario->name, c->where, from);
}

static void cut_at(struct crash *c, uint64_t n)
{
    unsigned done;

    nvm_sim_copy(&c->ran, &c->prepared);
    c->ran.cut_at = n;
    done = run(c, &c->ran);
    for (unsigned way = 0; way < SETTLE_COUNT(c->scenario); way++) {
        char first[64];
        int state;

        nvm_sim_copy(&c->settled, &c->ran);
        settle(&c->settled, way, n);
        c->counts->cuts++;
        snprintf(first, sizeof first, "cut at %lu, way %u", (unsigned long)n, way);
        snprintf(c->where, sizeof c->where, "%s", first);
        nvm_sim_copy(&c->again, &c->settled);
        state = look(c, &c->again);
        if (!judge(c, state, done, true))
            continue;
        resume(c, state);
        cut_recovery(c, first, state);
    }
}

/* A failure that passes must not cost a step; one that stays may leave the last one open. */
static void fail_at(struct crash *c, uint64_t n, bool sticky)
{
    unsigned done;

    nvm_sim_copy(&c->ran, &c->prepared);
    c->ran.failed_sync = NVM_SIM_TEAR;
    c->ran.fail_at = n;
    c->ran.fail_sticky = sticky;
    done = run(c, &c->ran);
    snprintf(c->where, sizeof c->where, "operation %lu fails%s", (unsigned long)n,
             sticky ? " for good" : "");
    if (!sticky && done != c->scenario->steps)
        violation(c, (int)done, c->scenario->steps);
    for (unsigned way = 0; way < SETTLE_COUNT(c->scenario); way++) {
        nvm_sim_copy(&c->settled, &c->ran);
        settle(&c->settled, way, n);
        c->counts->faults++;
        judge(c, look(c, &c->settled), done, sticky);
    }
}

/* No room from an offset on: what was acknowledged is there, and only that. */
static void full_from(struct crash *c, uint64_t offset)
{
    unsigned done;

    nvm_sim_copy(&c->ran, &c->prepared);
    c->ran.full_from = offset;
    done = run(c, &c->ran);
    for (unsigned way = 0; way < SETTLE_COUNT(c->scenario); way++) {
        nvm_sim_copy(&c->settled, &c->ran);
        settle(&c->settled, way, offset);
        c->counts->faults++;
        snprintf(c->where, sizeof c->where, "full from %lu, way %u", (unsigned long)offset, way);
        judge(c, look(c, &c->settled), done, true);
    }
}

/* At points between the first and the last byte that the undisturbed run has changed. */
static void fill_up(struct crash *c)
{
    uint64_t from = 0, to = c->prepared.device.size, step;
    const uint8_t *before = c->prepared.media, *after = c->settled.media;

    while (from < to && before[from] == after[from])
        from++;
    while (to > from && before[to - 1] == after[to - 1])
        to--;
    step = (to - from) / FULL_POINTS + 1;
    for (uint64_t offset = from; offset < to; offset += step)
        full_from(c, offset);
}

static bool begin(struct crash *c, const struct crash_scenario *scenario,
                  struct crash_counts *counts)
{
    *c = (struct crash){.scenario = scenario, .counts = counts};
    nvm_sim_init(&c->prepared, scenario->device_size);
    if (!scenario->prepare(&c->prepared.device, scenario->context)) {
        printf("%s: cannot be prepared\n", scenario->name);
        counts->violations++;
        return false;
    }
    nvm_sim_power_on(&c->prepared, NVM_SIM_DROP, 0);
    return true;
}

static void end(struct crash *c)
{
    nvm_sim_free(&c->prepared);
    nvm_sim_free(&c->ran);
    nvm_sim_free(&c->settled);
    nvm_sim_free(&c->again);
}

/* The scenario without disturbance, into c->ran. */
static bool undisturbed(struct crash *c)
{
    unsigned before = (unsigned)c->counts->violations, done;

    nvm_sim_copy(&c->ran, &c->prepared);
    done = run(c, &c->ran);
    snprintf(c->where, sizeof c->where, "undisturbed");
    nvm_sim_copy(&c->settled, &c->ran);
    settle(&c->settled, NVM_SIM_DROP, 0);
    if (done != c->scenario->steps)
        violation(c, (int)done, c->scenario->steps);
    else
        judge(c, look(c, &c->settled), done, false);
    return c->counts->violations == before;
}

void crash_run(const struct crash_scenario *scenario, struct crash_counts *counts)
{
    struct crash c;

    if (begin(&c, scenario, counts) && undisturbed(&c)) {
        uint64_t ops = c.ran.ops;

        fill_up(&c);
        for (uint64_t n = 1; n <= ops; n++) {
            cut_at(&c, n);
            fail_at(&c, n, false);
            fail_at(&c, n, true);
        }
        printf("%s: %u steps, %lu operations\n", scenario->name, scenario->steps,
               (unsigned long)ops);
    }
    end(&c);
}

static void judge_damaged(struct crash *c, struct nvm_sim *sim)
{
    unsigned steps = c->scenario->steps;
    int state = look(c, sim);

    c->counts->damages++;
    if (state == CRASH_REFUSED)
        c->counts->refused++;
    else if (state < 0 || state > (int)steps)
        violation(c, state, steps);
    else if (state == (int)steps)
        c->counts->new_state++;
    else
        c->counts->old_state++;
}

void crash_damage(const struct crash_scenario *scenario, uint64_t from, uint64_t to,
                  struct crash_counts *counts)
{
    static const uint8_t flips[] = {0x01, 0x80, 0xFF};
    struct crash c;

    if (!begin(&c, scenario, counts) || !undisturbed(&c))
        to = from;
    for (uint64_t at = from; at < to; at++) {
        for (size_t i = 0; i < sizeof flips; i++) {
            nvm_sim_copy(&c.again, &c.settled);
            c.again.view[at] ^= flips[i];
            c.again.media[at] ^= flips[i];
            snprintf(c.where, sizeof c.where, "byte %lu xor %02X", (unsigned long)at, flips[i]);
            judge_damaged(&c, &c.again);
        }
        nvm_sim_copy(&c.again, &c.settled);
        c.again.device.size = at;
        snprintf(c.where, sizeof c.where, "cut short to %lu bytes", (unsigned long)at);
        judge_damaged(&c, &c.again);
        c.again.device.size = c.settled.device.size;
    }
    end(&c);
}

int crash_report(const char *name, const struct crash_counts *counts)
{
    unsigned long all = counts->cuts + counts->second_cuts + counts->faults + counts->damages;

    printf("%s: %lu cuts, %lu second cuts, %lu faults, %lu damages: %lu old, %lu new, %lu refused, "
           "%lu mixed; gone on from %lu\n",
           name, counts->cuts, counts->second_cuts, counts->faults, counts->damages,
           counts->old_state, counts->new_state, counts->refused, counts->violations,
           counts->resumed);
    printf("%lu passed, %lu failed\n", all - counts->violations, counts->violations);
    return counts->violations == 0 && all > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
