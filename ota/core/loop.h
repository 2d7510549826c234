/*
 * loop.h - one thread that waits for descriptors, timers and signals.
 *
 * The loop keeps pointers to the watches and timers it is given; they belong to
 * the caller, and may be removed or added from any callback. The clock is
 * monotonic and can be replaced by a test's.
 */
#ifndef RESEAT_OTA_CORE_LOOP_H
#define RESEAT_OTA_CORE_LOOP_H

#include "apdu/err.h"

#include <stdbool.h>
#include <stdint.h>

struct loop;

struct loop_clock {
    uint64_t (*now_ms)(void *context); /* never goes back */
    void *context;
};

#define LOOP_READ  0x01U
#define LOOP_WRITE 0x02U
#define LOOP_HUNG  0x04U /* only reported: error or hang-up */

struct loop_watch {
    int fd;
    void (*ready)(void *context, unsigned events);
    void *context;
};

struct loop_timer {
    void (*fire)(void *context);
    void *context;
    uint64_t due_ms;
    bool armed;
    struct loop_timer *next;
};

/* clock NULL: CLOCK_MONOTONIC. errors: ERR_NOMEM, ERR_IO. */
NODISCARD enum err loop_new(const struct loop_clock *clock, struct loop **out);
void loop_free(struct loop **l);

uint64_t loop_now_ms(const struct loop *l);

/* events: LOOP_READ, LOOP_WRITE. ERR_IO when the system refuses the descriptor. */
NODISCARD enum err loop_watch(struct loop *l, struct loop_watch *watch, unsigned events);
NODISCARD enum err loop_change(struct loop *l, struct loop_watch *watch, unsigned events);
void loop_unwatch(struct loop *l, struct loop_watch *watch);

/* Fires once. Arming an armed timer moves it. */
void loop_arm(struct loop *l, struct loop_timer *timer, uint64_t delay_ms);
void loop_disarm(struct loop *l, struct loop_timer *timer);

/* Called after every round in which something happened: the place for work in batches. */
void loop_after(struct loop *l, void (*after)(void *context), void *context);

/*
 * SIGTERM and SIGINT call stop, SIGHUP calls reload (either may be NULL: then ignored); SIGPIPE
 * is ignored. They arrive as ordinary events, never in the middle of a callback.
 */
struct loop_signals {
    void (*stop)(void *context);
    void (*reload)(void *context);
    void *context;
};
NODISCARD enum err loop_signals(struct loop *l, const struct loop_signals *signals);

/* Rounds until loop_stop(). ERR_IO when waiting fails. */
NODISCARD enum err loop_run(struct loop *l);
void loop_stop(struct loop *l);
/* One round, waiting at most this long. */
NODISCARD enum err loop_round(struct loop *l, uint64_t wait_ms_max);

#endif
