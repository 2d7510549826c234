/*
 * chain.h - script chaining (TS 102 226 5.2.1.4): the file context that the next script of the
 * same application, under the same keys, takes up. One is kept while there is power, one over
 * resets:
 *
 *   OBJ_CHAIN   tar(3) key_set(2) record(1) df(2) ef(2) application(2) verified(4)
 */
#ifndef RESEAT_UICC_REMOTE_CHAIN_H
#define RESEAT_UICC_REMOTE_CHAIN_H

#include "uicc/core/card.h"

/* Causes of a script chaining response. */
#define CHAIN_NO_PREVIOUS 0x01
#define CHAIN_UNABLE      0x03

struct chain {
    bool open;
    bool over_reset;
    uint8_t tar[3];
    uint16_t key_set;
    struct channel ch;
};

struct run;

/* The chaining object of a script, which stands first. 0, or the cause why it is not run. */
uint8_t chain_enter(struct run *run, uint8_t value, bool first);

/* The script is over: keep its context, or forget that of the one before. Staged; what is kept
 * while there is power alone, the caller takes back with the transaction. errors: of the store */
NODISCARD enum err chain_leave(struct run *run);

#endif
