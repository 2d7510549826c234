/*
 * crash.h - power loss, failing devices and damage, at every point of a scenario.
 *
 * A scenario is a sequence of steps on a card's memory, each of which either happened
 * or did not. crash_run() runs it once undisturbed to count its operations (writes and
 * syncs), and then again for every operation n:
 *
 *   cut    the power goes at n; what was not synced is dropped, kept, or torn and
 *          reordered from several seeds. Then, for every operation of the recovery,
 *          a second cut in it.
 *   fault  operation n fails once, or it and all after it; and again with a cut after.
 *   full   writes past some point of the device find no room; and again with a cut after.
 *
 * Afterwards the memory must show exactly the steps that were acknowledged as done, or
 * one more where the last one was cut short.
 */
#ifndef RESEAT_TEST_CRASH_H
#define RESEAT_TEST_CRASH_H

#include "test/support/uicc/nvm_sim.h"

/* What crash_scenario.state() may say instead of a number of steps. */
#define CRASH_MIXED   (-1) /* a state that the card was never in */
#define CRASH_REFUSED (-2) /* it does not open */

struct crash_scenario {
    const char *name;
    uint64_t device_size;
    unsigned steps; /* that an undisturbed run does */
    unsigned tears; /* seeds of torn writes per cut */
    void *context;  /* for the callbacks */

    /* The memory before the first step, durable on return. false: the scenario is broken. */
    bool (*prepare)(struct nvm_device *dev, void *context);

    /*
     * Open the memory and do the steps one after the other, counting each in *done as soon
     * as it is acknowledged. A step that fails is tried again once (a failure that passes
     * must leave a card that works), then run() returns.
     */
    void (*run)(struct nvm_device *dev, void *context, unsigned *done);

    /*
     * Open the memory: how many steps does it show, CRASH_MIXED or CRASH_REFUSED? What a
     * number of steps forbids to be there any more (a wiped key) is looked for, too.
     */
    int (*state)(struct nvm_device *dev, void *context);

    /*
     * Go on with a memory that shows this many steps, to the end of the scenario: is all
     * well? NULL: not asked.
     */
    bool (*resume)(struct nvm_device *dev, void *context, unsigned steps);
};

struct crash_counts {
    unsigned long cuts, second_cuts, faults, damages, resumed;
    unsigned long old_state, new_state, refused; /* what the memory showed */
    unsigned long violations;
};

/* Every cut and every fault of the scenario. Each violation is printed. */
void crash_run(const struct crash_scenario *scenario, struct crash_counts *counts);

/*
 * After an undisturbed run: each byte from `from` to `to` of the device replaced by several
 * others, and the device cut short at each length. The memory must refuse to open, or show
 * the last or an older state (SECURITY: never a mixed one).
 */
void crash_damage(const struct crash_scenario *scenario, uint64_t from, uint64_t to,
                  struct crash_counts *counts);

/* Print the counts as "NAME: 12 cuts, ..., 0 mixed" and "N passed, M failed"; the exit status. */
int crash_report(const char *name, const struct crash_counts *counts);

#endif
