/*
 * sqn.h - sequence numbers of a slot (TS 33.102 annex C): an array of SEQ by IND,
 * a limit on the jump, an optional age limit. Durable before RES leaves the card.
 */
#ifndef RESEAT_UICC_AKA_SQN_H
#define RESEAT_UICC_AKA_SQN_H

#include "uicc/nvm/store.h"

#define SQN_IND_BITS  5
#define SQN_DELTA_MAX (1ULL << 28) /* TS 33.102 C.3.2 */

struct sqn_policy {
    uint64_t delta;     /* how far SEQ may jump */
    uint64_t age_limit; /* L of C.2.2; 0 = none */
};

/*
 * Is sqn (48 bits) fresh for the slot? If so, stage it in the store's transaction;
 * the caller commits before it answers.
 * errors: ERR_SYNC (the caller makes AUTS), ERR_CORRUPT, ERR_NOMEM, ERR_SPACE, ERR_IO
 */
NODISCARD enum err sqn_accept(struct store *s, uint8_t slot, const struct sqn_policy *policy,
                              uint64_t sqn);

/* SQN_MS for AUTS: the highest accepted SEQ with its IND; 0 when none yet. */
uint64_t sqn_highest(const struct store *s, uint8_t slot);

/* The slot begins anew (personalisation, wiping). */
NODISCARD enum err sqn_reset(struct store *s, uint8_t slot);

#endif
