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

/* The terminal wrote a message into EF.SMS; value as above. Commits if it is a secured packet to an
 * applet that waits for it there. */
sw_t receiver_written(struct card *card, struct rd value);

/* The terminal is ready for proactive commands (TERMINAL PROFILE was received): send what a power
 * cut kept back. */
void por_resume(struct card *card);

#endif
