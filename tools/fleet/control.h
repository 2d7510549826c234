/*
 * control.h - what one may ask a running fleet, over a unix socket: one line of
 * request, lines of answer, end.
 *
 *   status               counts, as one JSON object
 *   challenge CARDS.CSV  authenticate every card with the K that the table has for it
 *   stop
 */
#ifndef RESEAT_TOOLS_FLEET_CONTROL_H
#define RESEAT_TOOLS_FLEET_CONTROL_H

#include "tools/fleet/fleet.h"

/* Answer one client of the listening socket; false when it asked to stop. */
bool control_serve(struct fleet *f, int listener);

/* `uicc fleet ask`: send the request, print the answer. Exit status. */
int control_ask(const char *path, const char *request);

#endif
