/*
 * attempt.h - one run of authentication and key agreement, for the commands of uicc/usim alone.
 *
 * The order is the security of it (TS 33.102 6.3.3): MAC, then SQN, then RES. A wrong MAC tells
 * nothing and changes nothing; a sequence number that was seen gives AUTS; one that is fresh is
 * staged in the store before anything is answered, and the transport commits before it answers.
 */
#ifndef RESEAT_UICC_USIM_ATTEMPT_H
#define RESEAT_UICC_USIM_ATTEMPT_H

#include "uicc/core/card.h"
#include "uicc/slot/slot.h"

#define USIM_CHALLENGE_LEN (2 + AKA_RAND_LEN + AKA_AUTN_LEN)

#define USIM_TAG_SUCCESS 0xDB /* TS 31.102 7.1.2 */
#define USIM_TAG_RESYNC  0xDC

/* What a command brings, and what is worked out of it: session secrets, and the pair in force. */
struct usim_attempt {
    uint8_t rand[AKA_RAND_LEN];
    uint8_t autn[AKA_AUTN_LEN];
    bool bootstrap; /* GBA: AUTN has MAC* (TS 33.220 5.3.2) */
    bool fresh;     /* the SQN was; result may be used */
    uint8_t index;  /* of the slot in force */
    struct slot slot;
    struct aka_result result;
};
#define USIM_ATTEMPT_WIPED __attribute__((cleanup(usim_attempt_wipe)))
void usim_attempt_wipe(struct usim_attempt *a);

/* 10 RAND 10 AUTN, and nothing else. SW_OK, SW_WRONG_LENGTH, SW_BAD_DATA */
sw_t usim_attempt_read(struct rd data, struct usim_attempt *a);

/*
 * Work the challenge out.
 *
 * out:  a->fresh and the rest of a, to be answered by the caller; or, in out, AUTS under its tag
 *       when the sequence number was seen
 * sw:   SW_OK for both; SW_AUTH_MAC; SW_CONDITIONS without a pair in force; what sw_from_err() says
 */
sw_t usim_attempt_run(struct card *card, struct usim_attempt *a, struct wr *out);

/* The pair in force. errors: ERR_CONDITIONS, ERR_CORRUPT */
NODISCARD enum err usim_attempt_slot(const struct card *card, uint8_t *index, struct slot *slot);

/* A value behind its length byte. */
void usim_attempt_value(struct wr *out, const uint8_t *bytes, size_t n);

#endif
