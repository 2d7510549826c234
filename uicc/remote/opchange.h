/*
 * opchange.h - the subscription manager (TR 33.812, alternative 3b): moves the card to
 * the next pair of its list, watches the trial, falls back.
 *
 *                    CHANGE                    authenticated with the new K
 *   never, active, ---------> trial --------------------------------------> active
 *   fell back                   |
 *                               +--- polls or time over, FALL BACK --------> fell back
 *
 * OBJ_CHANGE: version(1) state(1) counter(5) polls limit(2) seconds limit(4)
 *             polls spent(2) seconds spent(4)
 */
#ifndef RESEAT_UICC_REMOTE_OPCHANGE_H
#define RESEAT_UICC_REMOTE_OPCHANGE_H

#include "uicc/remote/sd.h"

/* What must happen once the packet that did it is committed and proved. */
struct opchange_effects {
    bool reset;        /* REFRESH, UICC reset */
    bool keys_changed; /* a key died */
};

/*
 * Carry out one command; everything is staged, the proof is appended.
 *
 * in:     access  the key set that authenticated the command
 *         counter of the packet
 * errors: ERR_NOMEM, ERR_SPACE, ERR_IO: roll back, then opchange_prove_memory()
 * Every refusal is a proof with its own result, and has staged nothing.
 */
NODISCARD enum err opchange_execute(struct card *card, const struct sd_access *access,
                                    uint64_t counter, struct rd data, struct wr *proof,
                                    struct opchange_effects *effects);

/* The proof that tells of OPCHANGE_MEMORY. */
void opchange_prove_memory(const struct card *card, struct wr *proof);

#endif
