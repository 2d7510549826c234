/*
 * cat.h - the proactive session (TS 102 223): what the card wants of the terminal.
 *
 * Commands wait in a queue; one at a time is announced (91XX), fetched, and ended
 * by its TERMINAL RESPONSE. Nothing is announced before TERMINAL PROFILE, and
 * nothing that the profile does not allow.
 */
#ifndef RESEAT_UICC_CAT_CAT_H
#define RESEAT_UICC_CAT_CAT_H

#include "apdu/ids.h"
#include "uicc/core/card.h"

#define CAT_COMMAND_MAX 255
#define CAT_QUEUE_MAX   8

/* Ranges of general results, TS 102 223 8.12: done; may be tried again later. */
#define CAT_RESULT_DONE_MAX  0x0F
#define CAT_RESULT_RETRY_MIN 0x20
#define CAT_RESULT_RETRY_MAX 0x2F

/* How the owner of a proactive command hears of its end. result: general result byte of the
 * TERMINAL RESPONSE; response: all its TLVs. */
typedef void cat_done(struct card *card, uint8_t command_type, uint8_t result, struct rd response);

NODISCARD enum err cat_open(struct card *card); /* at uicc_create */
void cat_close(struct card *card);
void cat_reset(struct card *card); /* volatile session gone */

/*
 * Queue one proactive command (type: PROACTIVE_x): details (number is given by the session), device
 * identities and the TLVs in body. errors: ERR_SPACE (queue full, or command above 255 bytes),
 * ERR_UNSUPPORTED (the terminal profile does not allow it), ERR_CONDITIONS (no TERMINAL PROFILE
 * yet)
 */
NODISCARD enum err cat_queue(struct card *card, uint8_t type, uint8_t qualifier,
                             uint8_t destination, struct rd body, cat_done *done);

/* Length of the command that 91XX should announce now; 0 when there is none. */
size_t cat_pending(const struct card *card);

/* May the terminal do this proactive command? And with this qualifier? */
bool cat_allowed(const struct card *card, uint8_t type);
bool cat_allowed_as(const struct card *card, uint8_t type, uint8_t qualifier);
/* Events, a bit per code of TS 102 223 8.25, that it may be asked for: one it does not know
 * would make it refuse the whole list. */
uint64_t cat_events_allowed(const struct card *card);

bool cat_profile_received(const struct card *card);

/* A command waits or is being executed, or a UICC reset was asked for and has not come yet. */
bool cat_busy(const struct card *card);

#endif
