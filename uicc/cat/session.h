/*
 * session.h - the toolkit session from inside (private to uicc/cat).
 *
 *            cat_queue            FETCH               TERMINAL RESPONSE
 *   idle ----------------> waiting -----> being executed -----------> idle
 *                             ^                 |
 *                             +--- TERMINAL PROFILE again
 */
#ifndef RESEAT_UICC_CAT_SESSION_H
#define RESEAT_UICC_CAT_SESSION_H

#include "uicc/cat/cat.h"

#define CAT_PROFILE_MAX \
    40 /* bytes of TERMINAL PROFILE that are kept; the rest says nothing to us */

/* One proactive command on its way, as FETCH answers it. */
struct cat_entry {
    uint8_t *bytes; /* arena piece of len bytes */
    uint8_t len;
    uint8_t number, type, qualifier;
    cat_done *done;
};

struct cat {
    uint8_t profile[CAT_PROFILE_MAX];
    uint8_t profile_len;
    bool profile_received;
    bool fetched;       /* queue[0] is with the terminal */
    bool reset_fetched; /* a REFRESH of mode UICC reset was handed over */
    uint8_t number;     /* of the last command made, 1 to FE */
    uint8_t count;
    struct cat_entry queue[CAT_QUEUE_MAX]; /* in order; [0] is announced first */
};

#endif
