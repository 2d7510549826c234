/*
 * memory.h - a store on a simulated device, for tests of what lives in a store.
 * Nothing of it is static: one per test.
 */
#ifndef RESEAT_TEST_MEMORY_H
#define RESEAT_TEST_MEMORY_H

#include "test/support/uicc/nvm_sim.h"
#include "uicc/nvm/store.h"

#define MEMORY_ARENA (256U * 1024U)
#define MEMORY_BANK  (64U * 1024U)

struct memory {
    struct nvm_sim sim;
    struct arena arena;
    struct store_work work;
    struct store store;
    uint8_t block[MEMORY_ARENA] __attribute__((aligned(16)));
};

/* An empty, formatted store. Aborts the test program when that fails. */
struct memory *memory_new(void);
void memory_free(struct memory **m);

/* Power cut: everything that was not synced is gone. What store_open() says. */
enum err memory_power_cut(struct memory *m);

#endif
