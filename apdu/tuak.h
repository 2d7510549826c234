/*
 * tuak.h - TUAK (TS 35.231); called by aka.c, which has checked the key.
 */
#ifndef RESEAT_APDU_TUAK_H
#define RESEAT_APDU_TUAK_H

#include "apdu/aka.h"

/* key->opc is not looked at; keccak_iterations is. */
NODISCARD enum err tuak_topc(struct crypto *c, const struct aka_key *key, const struct secret *top,
                             struct secret *topc);

NODISCARD enum err tuak_f2345(struct crypto *c, const struct aka_key *key,
                              const uint8_t rand[AKA_RAND_LEN], struct aka_result *out);

/* mac_len bytes each; either pointer may be NULL. */
NODISCARD enum err tuak_f1(struct crypto *c, const struct aka_key *key,
                           const uint8_t rand[AKA_RAND_LEN], const uint8_t sqn_amf[8],
                           uint8_t *mac_a, uint8_t *mac_s);

#endif
