/*
 * milenage.h - Milenage (TS 35.206) with the standard constants; called by aka.c,
 * which has checked the key.
 */
#ifndef RESEAT_APDU_MILENAGE_H
#define RESEAT_APDU_MILENAGE_H

#include "apdu/aka.h"

/* key->opc is not looked at. */
NODISCARD enum err milenage_opc(struct crypto *c, const struct aka_key *key,
                                const struct secret *op, struct secret *opc);

NODISCARD enum err milenage_f2345(struct crypto *c, const struct aka_key *key,
                                  const uint8_t rand[AKA_RAND_LEN], struct aka_result *out);

/* Either MAC pointer may be NULL. */
NODISCARD enum err milenage_f1(struct crypto *c, const struct aka_key *key,
                               const uint8_t rand[AKA_RAND_LEN], const uint8_t sqn_amf[8],
                               uint8_t *mac_a, uint8_t *mac_s);

/* f1 and f2 to f5* at once: one key schedule and one TEMP for all. */
NODISCARD enum err milenage_vector(struct crypto *c, const struct aka_key *key,
                                   const uint8_t rand[AKA_RAND_LEN], const uint8_t sqn_amf[8],
                                   uint8_t mac_a[8], struct aka_result *out);

#endif
