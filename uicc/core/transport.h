/*
 * transport.h - how the answer data of a command leaves the card under T=0
 * (TS 102 221 7.3.1.1). Between cmd.c, whose table knows, and transport.c.
 */
#ifndef RESEAT_UICC_CORE_TRANSPORT_H
#define RESEAT_UICC_CORE_TRANSPORT_H

#include "uicc/core/card.h"

enum transport_answer {
    TRANSPORT_WAITS, /* case 4: 61XX, then GET RESPONSE */
    TRANSPORT_EXACT, /* case 2: P3 must be the length, else 6CXX */
    TRANSPORT_UPTO,  /* case 2: P3 may be less */
};

/* Of a command that was executed. */
enum transport_answer cmd_transport_kind(const struct apdu_class *cls, const struct apdu *cmd);

/* How many rows of the command table take this class and instruction: at most 1. */
unsigned cmd_transport_rows(const struct card *card, uint8_t cla, uint8_t ins);

/* Data that waits for GET RESPONSE will not be fetched. */
void transport_drop(struct card *card);

#endif
