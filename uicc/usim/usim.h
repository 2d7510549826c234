/*
 * usim.h - the USIM application (TS 31.102) and, where it asks for the same, the
 * ISIM (TS 31.103): authentication under the slot in force, services, identity.
 */
#ifndef RESEAT_UICC_USIM_USIM_H
#define RESEAT_UICC_USIM_USIM_H

#include "uicc/core/card.h"

#define USIM_FID_UST 0x6F38

/* Is service n of EF.UST of the application available (TS 31.102 4.2.8)? */
bool usim_service(const struct card *card, uint16_t app, unsigned n);
/* The same for another service table: EF.IST of the ISIM (TS 31.103 4.2.7). */
bool usim_service_of(const struct card *card, uint16_t app, uint16_t table, unsigned n);

/* Is the application an ISIM? */
bool usim_is_isim(const struct card *card, uint16_t app);

/*
 * May x run a command of the application itself? SW_CONDITIONS unless a USIM (with isim, also an
 * ISIM) is active on the channel and the current DF lies in it; SW_SECURITY without PIN1
 * (TS 31.102 7.1.1).
 */
sw_t usim_ready(const struct card *card, const struct exec *x, bool isim);

/*
 * SRES and Kc of a 2G authentication under the slot in force, by the conversions of
 * TS 33.102 6.8.1.2. Secrets: the caller cleanses them.
 * errors: ERR_CONDITIONS (no slot in force), ERR_UNSUPPORTED (CK or IK of 256 bits),
 *         ERR_CORRUPT, ERR_KEY, ERR_CRYPTO
 */
NODISCARD enum err usim_gsm(struct card *card, const uint8_t rand[16], uint8_t sres[4],
                            uint8_t kc[8]);

/* AUTHENTICATE in the GBA context; the command's form and PIN1 have been looked at (gba.c). */
sw_t usim_gba(struct card *card, struct exec *x);

#endif
