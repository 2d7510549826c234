/*
 * inbox.h - messages for the user that came by data download: a class 2 message that is no
 * command packet is stored in EF.SMS (TS 31.111 7.1.1, TS 23.038 4).
 */
#ifndef RESEAT_UICC_REMOTE_INBOX_H
#define RESEAT_UICC_REMOTE_INBOX_H

#include "apdu/sms.h"
#include "uicc/core/card.h"

/*
 * Store one message in a free record, staged, and tell the terminal.
 * SW_OK also when the card has no EF.SMS or the message is not of class 2; SW_SPACE when
 * every record is taken.
 */
sw_t inbox_store(struct card *card, const struct sms_download *download,
                 const struct sms_deliver *message);

#endif
