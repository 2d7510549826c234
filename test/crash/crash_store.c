/*
 * crash_store.c - the object store under crash.h (C14, C22, C24, C26 of the security
 * requirements). The judge is a model that knows nothing of journals: a table of what each
 * object must hold after each step.
 */
#include "test/crash/crash.h"
#include "uicc/nvm/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OBJECTS     8
#define OBJECT_MAX  20000
#define STEPS_MAX   48
#define CHANGES_MAX 5
#define SECRET_LEN  24
#define FIRST_ID    OBJ_SLOT(0)
/* Objects of their own: the one whose old contents must vanish, and one that makes every
 * step's state unlike all others. */
#define SECRET_INDEX 0
#define NUMBER_INDEX 1
#define FIRST_INDEX  2

enum change_kind { PUT, FILL, PATCH, DELETE, KINDS };

struct change {
    enum change_kind kind;
    uint32_t index, len, offset;
    uint8_t bytes[128]; /* repeated up to len */
};

struct step {
    struct change changes[CHANGES_MAX];
    unsigned count;
    bool forget;
};

struct object {
    bool there;
    uint32_t len;
    uint8_t bytes[OBJECT_MAX];
};

/* How a script of steps is drawn. */
struct shape {
    unsigned steps;
    uint32_t len_max;
    uint64_t seed, bank_size;
    unsigned forget_every; /* 0 = never */
    bool empty;            /* prepared without a first commit: the store does not exist yet */
};

struct script {
    struct shape shape;
    struct step steps[STEPS_MAX];
    struct object after[STEPS_MAX + 1][OBJECTS];
    /* Work memory of the store under test. */
    struct store_work work;
    uint8_t block[4U << 20] __attribute__((aligned(16)));
};

static uint32_t below(uint64_t *random, uint32_t n)
{
    return (uint32_t)(nvm_sim_random(random) % n);
}

/* The secret of a step is found again wherever it lies. */
static void secret_bytes(uint64_t seed, unsigned step, uint8_t bytes[SECRET_LEN])
{
    uint64_t random = seed * 1000 + step;

    for (size_t i = 0; i < SECRET_LEN; i++)
        bytes[i] = (uint8_t)nvm_sim_random(&random);
}

static void repeat(uint8_t *to, size_t n, const struct change *c)
{
    for (size_t i = 0; i < n; i++)
        to[i] = c->bytes[i % sizeof c->bytes];
}

static struct change draw_change(const struct shape *shape, const struct object *objects,
                                 uint64_t *random)
{
    struct change c = {.index = FIRST_INDEX + below(random, OBJECTS - FIRST_INDEX)};
    const struct object *o = &objects[c.index];

    c.kind = (enum change_kind)below(random, KINDS);
    if (c.kind == PATCH && (!o->there || o->len == 0))
        c.kind = PUT;
    for (size_t i = 0; i < sizeof c.bytes; i++)
        c.bytes[i] = (uint8_t)nvm_sim_random(random);
    c.len = below(random, shape->len_max + 1);
    if (c.kind == PUT && o->there && below(random, 2))
        c.len = o->len; /* in place */
    if (c.kind == PATCH) {
        c.offset = below(random, o->len);
        c.len = 1 + below(random, o->len - c.offset);
    }
    return c;
}

static void apply_to_model(struct object *objects, const struct change *c)
{
    struct object *o = &objects[c->index];

    switch (c->kind) {
    case PUT:
    case FILL:
        o->there = true;
        o->len = c->len;
        if (c->kind == FILL)
            memset(o->bytes, c->bytes[0], c->len);
        else
            repeat(o->bytes, c->len, c);
        break;
    case PATCH:
        repeat(o->bytes + c->offset, c->len, c);
        break;
    case DELETE:
    case KINDS:
        o->there = false;
        break;
    }
}

static enum err apply_to_store(struct store *s, const struct change *c)
{
    static uint8_t bytes[OBJECT_MAX];
    uint32_t id = FIRST_ID + c->index;

    repeat(bytes, c->len, c);
    switch (c->kind) {
    case PUT:
        return store_put(s, id, RD(bytes, c->len));
    case FILL:
        return store_put_filled(s, id, c->bytes[0], c->len);
    case PATCH:
        return store_patch(s, id, c->offset, RD(bytes, c->len));
    case DELETE:
    case KINDS:
        break;
    }
    return store_delete(s, id);
}

static struct change put_of(uint32_t index, const void *bytes, uint32_t len)
{
    struct change c = {.kind = PUT, .index = index, .len = len};

    memcpy(c.bytes, bytes, len);
    return c;
}

static void add_change(struct script *script, unsigned number, struct change c)
{
    struct step *step = &script->steps[number];

    step->changes[step->count++] = c;
    apply_to_model(script->after[number + 1], &c);
}

static void draw_step(struct script *script, unsigned number, uint64_t *random)
{
    const struct shape *shape = &script->shape;
    struct step *step = &script->steps[number];
    uint8_t secret[SECRET_LEN];

    memcpy(script->after[number + 1], script->after[number], sizeof script->after[number]);
    step->forget = shape->forget_every != 0 && number % shape->forget_every == 0;
    add_change(script, number, put_of(NUMBER_INDEX, &number, sizeof number));
    secret_bytes(shape->seed, number, secret);
    if (step->forget)
        add_change(script, number, put_of(SECRET_INDEX, secret, sizeof secret));
    for (uint32_t n = 1 + below(random, CHANGES_MAX - 2); n > 0; n--)
        add_change(script, number, draw_change(shape, script->after[number + 1], random));
}

static void draw(struct script *script, const struct shape *shape)
{
    uint64_t random = shape->seed;

    memset(script, 0, sizeof *script);
    script->shape = *shape;
    for (unsigned i = 0; i < shape->steps; i++)
        draw_step(script, i, &random);
}

static enum err make(struct nvm_device *dev, struct script *script, struct store *s)
{
    struct arena arena;
    enum err e;

    arena_init(&arena, script->block, sizeof script->block);
    e = store_create(s, dev, &arena, &script->work);
    if (e == ERR_OK && !script->shape.empty)
        e = store_put(s, OBJ_PINS, RD((const uint8_t *)"always there", 12));
    if (e == ERR_OK)
        e = store_commit(s);
    store_close(s);
    return e;
}

static bool prepare(struct nvm_device *dev, void *context)
{
    static const uint8_t hash[MEDIUM_HASH_LEN];
    struct script *script = context;
    struct store s;

    return medium_format(dev, RD((const uint8_t *)"profile", 7), hash, script->shape.bank_size) ==
               ERR_OK &&
           make(dev, script, &s) == ERR_OK;
}

static enum err take_step(struct store *s, const struct step *step)
{
    enum err e = ERR_OK;

    for (unsigned i = 0; e == ERR_OK && i < step->count; i++)
        e = apply_to_store(s, &step->changes[i]);
    if (e == ERR_OK && step->forget)
        store_forget(s);
    if (e == ERR_OK)
        return store_commit(s);
    store_rollback(s);
    return e;
}

/* The store in memory must be at that step, too: a failed commit was rolled back. */
static bool shows(const struct store *s, const struct script *script, unsigned step)
{
    uint32_t there = 0, others;
    struct rd value;

    for (uint32_t i = 0; i < OBJECTS; i++) {
        const struct object *o = &script->after[step][i];

        there += o->there;
        if (store_get(s, FIRST_ID + i, &value) != o->there)
            return false;
        if (o->there && !rd_equal(value, RD(o->bytes, o->len)))
            return false;
    }
    others = script->shape.empty ? 0 : 1;
    return s->count == there + others;
}

static void run(struct nvm_device *dev, void *context, unsigned *done)
{
    struct script *script = context;
    struct arena arena;
    struct store s;
    enum err e;

    arena_init(&arena, script->block, sizeof script->block);
    e = script->shape.empty ? store_create(&s, dev, &arena, &script->work)
                            : store_open(&s, dev, &arena, &script->work);
    if (e != ERR_OK)
        return;
    while (*done < script->shape.steps) {
        const struct step *step = &script->steps[*done];

        if (take_step(&s, step) != ERR_OK) {
            if (!shows(&s, script, *done)) {
                printf("a failed step left its traces in memory\n");
                exit(EXIT_FAILURE);
            }
            if (take_step(&s, step) != ERR_OK)
                break;
        }
        ++*done;
    }
    store_close(&s);
}

/* Secrets that a step replaced must not be on the medium once it is done. */
static bool secrets_gone(const struct nvm_sim *sim, const struct script *script, unsigned steps)
{
    uint8_t secret[SECRET_LEN];
    unsigned last = 0;

    for (unsigned i = 0; i < steps; i++) {
        if (script->steps[i].forget)
            last = i;
    }
    for (unsigned i = 0; i < last; i++) {
        if (!script->steps[i].forget)
            continue;
        secret_bytes(script->shape.seed, i, secret);
        if (nvm_sim_holds(sim, RD_ARRAY(secret)))
            return false;
    }
    return true;
}

static int state(struct nvm_device *dev, void *context)
{
    struct script *script = context;
    int found = CRASH_MIXED;
    struct arena arena;
    struct store s;

    arena_init(&arena, script->block, sizeof script->block);
    if (store_open(&s, dev, &arena, &script->work) != ERR_OK)
        return script->shape.empty ? 0 : CRASH_REFUSED;
    for (int i = 0; i <= (int)script->shape.steps && found < 0; i++) {
        if (shows(&s, script, (unsigned)i))
            found = i;
    }
    store_close(&s);
    if (found > 0 && !secrets_gone(dev->context, script, (unsigned)found))
        return CRASH_MIXED;
    return found;
}

static struct crash_scenario scenario_of(const char *name, struct script *script, unsigned tears)
{
    return (struct crash_scenario){
        .name = name,
        .device_size = medium_size(7, script->shape.bank_size),
        .steps = script->shape.steps,
        .tears = tears,
        .context = script,
        .prepare = prepare,
        .run = run,
        .state = state,
    };
}

static const struct {
    const char *name;
    struct shape shape;
    unsigned tears;
} scenarios[] = {
    {"appended commits", {24, 60, 1, 8192, 0, false}, 6},
    {"a small bank, compacting all the time", {40, 60, 2, 1536, 0, false}, 6},
    {"forgetting", {24, 60, 3, 2048, 3, false}, 6},
    {"forgetting now and then", {44, 60, 7, 1536, 11, false}, 6},
    {"the first commits of a new store", {6, 60, 4, 2048, 2, true}, 6},
    {"snapshots of several frames", {10, OBJECT_MAX, 5, 262144, 2, false}, 1},
};

int main(void)
{
    struct script *script = malloc(sizeof *script);
    struct crash_counts counts = {0};
    struct crash_scenario scenario;

    if (script == NULL)
        return EXIT_FAILURE;
    for (size_t i = 0; i < ARRAY_LEN(scenarios); i++) {
        draw(script, &scenarios[i].shape);
        scenario = scenario_of(scenarios[i].name, script, scenarios[i].tears);
        crash_run(&scenario, &counts);
    }
    draw(script, &(struct shape){24, 60, 6, 2048, 5, false});
    scenario = scenario_of("damage", script, 0);
    crash_damage(&scenario, 0, scenario.device_size, &counts);
    free(script);
    return crash_report("crash_store", &counts);
}
