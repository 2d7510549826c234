/*
 * faults.h - what goes wrong on purpose, from a seed: lost, doubled and late short
 * messages, handsets that lose power.
 */
#ifndef RESEAT_TOOLS_FLEET_FAULTS_H
#define RESEAT_TOOLS_FLEET_FAULTS_H

#include <stdbool.h>
#include <stdint.h>

struct faults {
    uint64_t state;        /* of the generator; the seed at first */
    unsigned loss_percent; /* of short messages, each way */
    unsigned double_percent;
    unsigned power_percent; /* chance that a handset loses power after an SMS, before its proof */
    unsigned delay_ms;      /* longest delay of a message; reorders, too */
};

/* Even distribution in 0..bound-1; reproducible from the seed. Not for secrets. */
uint64_t faults_draw(struct faults *f, uint64_t bound);
bool faults_hit(struct faults *f, unsigned percent);

#endif
