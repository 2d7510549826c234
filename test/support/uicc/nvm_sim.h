/*
 * nvm_sim.h - a card's memory that fails on purpose.
 *
 * It keeps two pictures: what a read gives (view), and what is durable (media). A
 * sync copies one to the other. Operations are writes and syncs, counted from 1.
 * At an operation that the test names the power goes, or the operation fails;
 * nvm_sim_power_on() then decides by a policy and a seed what of the unsynced
 * writes reached the media. A sync that fails decides the same at once, and is not
 * made up for by a later one: as with a host's page cache, a read still gives what
 * the media will never have.
 */
#ifndef RESEAT_TEST_NVM_SIM_H
#define RESEAT_TEST_NVM_SIM_H

#include "uicc/nvm/nvm.h"

#define NVM_SIM_PENDING_MAX 4096

/* What becomes of unsynced writes when the power goes. */
enum nvm_sim_policy {
    NVM_SIM_DROP, /* none is there */
    NVM_SIM_KEEP, /* all are there */
    NVM_SIM_TEAR, /* each is there, or not, or in part; in any order */
    NVM_SIM_POLICIES,
};

struct nvm_sim_write {
    uint64_t offset;
    size_t n;
    uint8_t *bytes;
};

struct nvm_sim {
    struct nvm_device device;
    uint8_t *view, *media;
    struct nvm_sim_write pending[NVM_SIM_PENDING_MAX];
    size_t pending_count;
    uint64_t ops, writes, syncs, reads, bytes;
    uint64_t cut_at;                 /* operation at which the power goes; 0 = never */
    uint64_t fail_at;                /* operation that fails with ERR_IO; 0 = never */
    uint64_t fail_read;              /* read that fails; 0 = never */
    bool fail_sticky;                /* and all after it */
    enum nvm_sim_policy failed_sync; /* what it leaves of what it should have written */
    uint64_t full_from;              /* writes past this offset fail with ERR_SPACE; 0 = never */
    bool dead;                       /* the power is gone */
};

/* All zeros, size bytes. Aborts the test program when memory is out. */
void nvm_sim_init(struct nvm_sim *sim, uint64_t size);
/* The whole of it, faults and unsynced writes included. to: zeros, or a sim before. */
void nvm_sim_copy(struct nvm_sim *to, const struct nvm_sim *from);
void nvm_sim_free(struct nvm_sim *sim);

/* The power comes back: faults are forgotten, counters begin again. */
void nvm_sim_power_on(struct nvm_sim *sim, enum nvm_sim_policy policy, uint64_t seed);

/* Forget the faults; the power stays on. */
void nvm_sim_heal(struct nvm_sim *sim);

/* Does the durable picture hold these bytes anywhere? */
bool nvm_sim_holds(const struct nvm_sim *sim, struct rd needle);

/* Random numbers that depend on the seed alone (splitmix64). */
uint64_t nvm_sim_random(uint64_t *state);

#endif
