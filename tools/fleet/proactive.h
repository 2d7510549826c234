/*
 * proactive.h - what a handset does about the card's proactive commands (TS 102 223 6).
 */
#ifndef RESEAT_TOOLS_FLEET_PROACTIVE_H
#define RESEAT_TOOLS_FLEET_PROACTIVE_H

#include "tools/fleet/handset.h"

/* TERMINAL PROFILE of these handsets: just what proactive.c does, and no more. */
extern const uint8_t proactive_profile[5];

/*
 * Carry out one fetched command (a whole D0 object) and write the data of its TERMINAL
 * RESPONSE; nothing is written when none is due (REFRESH with UICC reset).
 * errors: ERR_SHORT, ERR_FORMAT: not a proactive command
 */
NODISCARD enum err proactive_execute(struct handset *h, const struct handset_world *world,
                                     struct rd command, struct wr *response);

#endif
