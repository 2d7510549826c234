/*
 * receiver.h - what the remote rooms of one card remember while it has power: short
 * messages of which parts are missing, the proof being sent, what follows it.
 */
#ifndef RESEAT_UICC_REMOTE_RECEIVER_H
#define RESEAT_UICC_REMOTE_RECEIVER_H

#include "uicc/remote/chain.h"
#include "uicc/remote/inbox.h"

#define RECEIVER_MESSAGES   8  /* incomplete at a time; the oldest makes room */
#define RECEIVER_PARTS_MAX  31 /* parts that SECPKT_MAX can need */
#define RECEIVER_BYTES_MAX  8192U
#define RECEIVER_TIMEOUT_MS (30U * 60U * 1000U)
_Static_assert(RECEIVER_PARTS_MAX *INBOX_MESSAGE_MAX <= RECEIVER_BYTES_MAX,
               "one message fits alone");

/* One part, as far as it is there: whole, for until the first part is there nobody knows whether
 * it is to be stored. */
struct receiver_part {
    uint8_t *bytes; /* arena piece of len bytes, as inbox_write() made it; NULL: not there */
    uint8_t len;
    uint8_t content_at; /* what follows the user data header, to the end */
    bool stored;        /* in EF.SMS */
};

/* A message that came in parts: same sender, reference and total (TS 23.040 9.2.3.24.1). */
struct receiver_message {
    struct sms_address from;
    uint16_t reference;
    bool wide_reference;
    bool command_packet; /* a part says it is one: the first, TS 31.115 4.2 */
    uint8_t total, received;
    uint64_t since_ms;
    struct receiver_part parts[RECEIVER_PARTS_MAX];
};

struct receiver {
    struct receiver_message *messages[RECEIVER_MESSAGES]; /* NULL: free */
    size_t bytes;                                         /* held by all parts */

    bool sending;     /* a part of the first proof in the outbox is with the terminal */
    bool stale;       /* that proof has meanwhile made room for another one */
    uint8_t sent;     /* parts of it that went out */
    uint8_t attempts; /* in this session, for the first proof */
    bool refresh_due; /* when the outbox has been served */
    uint8_t refresh_mode;

    bool ticking; /* a trial's clock runs */
    uint64_t ticked_ms;

    struct chain chain;
};

#endif
