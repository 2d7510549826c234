/*
 * store_fixture.h - the store, device and small helpers that the tests of the store share.
 * Included once per test program.
 */
#ifndef RESEAT_TEST_STORE_FIXTURE_H
#define RESEAT_TEST_STORE_FIXTURE_H

#include "test/support/runner.h"
#include "test/support/uicc/nvm_sim.h"
#include "uicc/nvm/store.h"

#include <stdio.h>
#include <string.h>

#define BANK 8192U

static uint8_t block[1U << 20] __attribute__((aligned(16)));
static struct arena arena;
static struct store_work work;
static struct nvm_sim sim;
static struct store store;

static inline void make_store(uint64_t bank_size)
{
    static const uint8_t hash[MEDIUM_HASH_LEN] = {7};

    arena_init(&arena, block, sizeof block);
    nvm_sim_init(&sim, medium_size(3, bank_size));
    ck_assert_int_eq(medium_format(&sim.device, RD((const uint8_t *)"abc", 3), hash, bank_size),
                     ERR_OK);
    ck_assert_int_eq(store_create(&store, &sim.device, &arena, &work), ERR_OK);
}

static inline void setup(void)
{
    make_store(BANK);
}

static inline void teardown(void)
{
    store_close(&store);
    nvm_sim_free(&sim);
}

static inline enum err reopen(enum nvm_sim_policy policy)
{
    store_close(&store);
    nvm_sim_power_on(&sim, policy, 1);
    return store_open(&store, &sim.device, &arena, &work);
}

static inline enum err put(uint32_t id, const char *text)
{
    return store_put(&store, id, RD((const uint8_t *)text, strlen(text)));
}

static inline void must_put(uint32_t id, const char *text)
{
    ck_assert_int_eq(put(id, text), ERR_OK);
}

static inline void must_commit(void)
{
    ck_assert_int_eq(store_commit(&store), ERR_OK);
}

static inline void expect(uint32_t id, const char *text)
{
    struct rd value;

    ck_assert_int_eq(store_get(&store, id, &value), text != NULL);
    if (text != NULL)
        ck_assert(rd_equal(value, RD((const uint8_t *)text, strlen(text))));
}

/* The bytes of frame or head that stand at an offset of the bank in force. */
static inline uint8_t *in_force(uint32_t offset)
{
    return sim.media + store.journal.medium.bank_offset[store.journal.bank] + offset;
}

static inline void put_everything(void)
{
    must_put(1, "one");
    must_put(2, "two");
    must_put(4, "four");
    must_put(5, "fives");
    must_commit();
}

static inline void expect_unchanged(void)
{
    expect(1, "one");
    expect(2, "two");
    expect(3, NULL);
    expect(4, "four");
    expect(5, "fives");
    expect(6, NULL);
}

#endif
