/*
 * identity.h - the files that say whose subscriber the card is, and how an operator
 * change rewrites them (TS 31.102 4.2; the list is the table in identity.c).
 *
 * OBJ_FALLBACK: what they held before, { node(2) length(4) body }*
 */
#ifndef RESEAT_UICC_REMOTE_IDENTITY_H
#define RESEAT_UICC_REMOTE_IDENTITY_H

#include "apdu/opchange.h"
#include "uicc/core/card.h"

/*
 * Are the files that the command brings along there, long enough, and such as the
 * operator's administrative key (ADM1, and PIN1) may write? ERR_DENIED when one is not.
 */
NODISCARD enum err identity_check(const struct card *card, const struct opchange_command *command);

/* Write the new subscription and keep the old contents in OBJ_FALLBACK. Staged.
 * errors: ERR_NOMEM, ERR_SPACE, ERR_IO; ERR_NOT_FOUND when the card has no EF.IMSI */
NODISCARD enum err identity_rewrite(struct card *card, const struct opchange_command *command);

/* Write OBJ_FALLBACK back, and delete it. Staged. */
NODISCARD enum err identity_restore(struct card *card);

/* EF.IMSI in force; FF bytes when there is none. */
void identity_imsi(const struct card *card, uint8_t imsi[EF_IMSI_LEN]);

#endif
