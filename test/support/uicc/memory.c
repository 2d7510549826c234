#include "test/support/uicc/memory.h"

#include <stdio.h>
#include <stdlib.h>

struct memory *memory_new(void)
{
    static const uint8_t hash[MEDIUM_HASH_LEN];
    struct memory *m = calloc(1, sizeof *m);

    if (m == NULL)
        abort();
    arena_init(&m->arena, m->block, sizeof m->block);
    nvm_sim_init(&m->sim, medium_size(0, MEMORY_BANK));
    if (medium_format(&m->sim.device, RD(NULL, 0), hash, MEMORY_BANK) != ERR_OK ||
        store_create(&m->store, &m->sim.device, &m->arena, &m->work) != ERR_OK) {
        fprintf(stderr, "memory: cannot make a store\n");
        abort();
    }
    return m;
}

void memory_free(struct memory **m)
{
    if (*m == NULL)
        return;
    store_close(&(*m)->store);
    nvm_sim_free(&(*m)->sim);
    free(*m);
    *m = NULL;
}

enum err memory_power_cut(struct memory *m)
{
    store_close(&m->store);
    nvm_sim_power_on(&m->sim, NVM_SIM_DROP, 0);
    return store_open(&m->store, &m->sim.device, &m->arena, &m->work);
}
