/*
 * timers.h - things to do later, earliest first. Times are milliseconds of the
 * monotonic clock (cli_now_ms).
 */
#ifndef RESEAT_TOOLS_FLEET_TIMERS_H
#define RESEAT_TOOLS_FLEET_TIMERS_H

#include "apdu/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef void timer_fire(void *context, uint64_t argument);

struct timer {
    uint64_t at_ms, order; /* equal times fire in the order they were set */
    timer_fire *fire;
    void *context;
    uint64_t argument;
};

struct timers {
    struct timer *heap;
    size_t count, cap;
    uint64_t set; /* how many were ever set */
};

/* ERR_NOMEM. There is no cancelling: a timer that is no longer wanted finds out when it fires. */
NODISCARD enum err timers_set(struct timers *t, uint64_t at_ms, timer_fire *fire, void *context,
                              uint64_t argument);
/* Fire what is due, at most max of them. Returns milliseconds until the next, -1 if there is none.
 */
int timers_run(struct timers *t, uint64_t now_ms, size_t max);
void timers_free(struct timers *t);

#endif
