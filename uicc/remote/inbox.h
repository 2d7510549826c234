/*
 * inbox.h - messages for the user that came by data download: a class 2 message that is no
 * command packet is stored in EF.SMS (TS 31.111 7.1.1, TS 23.038 4).
 */
#ifndef RESEAT_UICC_REMOTE_INBOX_H
#define RESEAT_UICC_REMOTE_INBOX_H

#include "apdu/sms.h"
#include "uicc/core/card.h"

/* Service centre address and SMS-DELIVER: a record of EF.SMS without its status. */
#define INBOX_MESSAGE_MAX (1 + 11 + SMS_TPDU_MAX)
void inbox_write(struct wr *w, const struct sms_download *download);

/* Is it for the card, and has the card a place for it? */
bool inbox_takes(const struct card *card, const struct sms_deliver *message);

/*
 * Store a message (inbox_write()) in a free record as not read yet, staged.
 * SW_SPACE when every record is taken, or too short.
 */
sw_t inbox_store(struct card *card, struct rd message);

/* Tell the terminal that there are new ones. */
void inbox_tell(struct card *card);

#endif
