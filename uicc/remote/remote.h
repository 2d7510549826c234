/*
 * remote.h - OTA as the card sees it, for the other rooms of the card.
 */
#ifndef RESEAT_UICC_REMOTE_REMOTE_H
#define RESEAT_UICC_REMOTE_REMOTE_H

#include "uicc/core/card.h"

NODISCARD enum err receiver_open(struct card *card); /* at uicc_create */
void receiver_close(struct card *card);
void receiver_reset(struct card *card);

/* ENVELOPE (SMS-PP DOWNLOAD): value of the D1 object. Answer data (the user data of the
 * SMS-DELIVER-REPORT) goes to x->out. */
sw_t receiver_sms_pp(struct card *card, struct exec *x, struct rd value);

/* The terminal is ready for proactive commands (TERMINAL PROFILE was received): send what a power
 * cut kept back. */
void por_resume(struct card *card);

/* What the subscription manager would prove now: slots, last change, IMSI in force. */
void opchange_status(const struct card *card, struct opchange_proof *out);

/* 3G AUTHENTICATE succeeded under the slot in force: a trial ends well. Staged. */
NODISCARD enum err opchange_confirm(struct card *card);

/* Events, a bit per code of TS 102 223 8.25, that tell a trial of missing service; 0 without one.
 */
uint64_t opchange_events(const struct card *card);

/* STATUS came, or the terminal reported limited or no service: a trial may end badly; then the
 * card falls back, staged, and asks for a reset. */
NODISCARD enum err opchange_tick(struct card *card);
NODISCARD enum err opchange_no_service(struct card *card);

#endif
