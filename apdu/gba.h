/*
 * gba.h - Generic Bootstrapping Architecture with keys in the card, GBA_U (TS 33.220 5,
 * annex B): what the card and the bootstrapping server both compute from CK and IK.
 */
#ifndef RESEAT_APDU_GBA_H
#define RESEAT_APDU_GBA_H

#include "apdu/crypto.h"

#define GBA_RAND_LEN 16
#define GBA_MAC_LEN  8
#define GBA_KEY_LEN  32 /* Ks, Ks_NAF */
#define GBA_NAME_MAX 255

/*
 * MAC* of a bootstrapping AUTN is MAC xor this mask, so that the challenge of a bootstrapping is
 * good for nothing else (TS 33.220 5.3.2): the first 64 bits of SHA-1(IK). ERR_CRYPTO
 */
NODISCARD enum err gba_mac_mask(struct crypto *c, const uint8_t ik[16], uint8_t mask[GBA_MAC_LEN]);

/*
 * Ks_ext_NAF = KDF(Ks, "gba-me", RAND, IMPI, NAF_Id), TS 33.220 B.3.
 *
 * in:     ks       CK and IK one after the other
 *         impi     private identity; naf_id  FQDN of the NAF and its protocol's 5 bytes; of at most
 *                  GBA_NAME_MAX bytes each
 * errors: ERR_RANGE, ERR_CRYPTO
 */
NODISCARD enum err gba_ext_key(struct crypto *c, const struct secret *ks,
                               const uint8_t rand[GBA_RAND_LEN], struct rd impi, struct rd naf_id,
                               uint8_t out[GBA_KEY_LEN]);

#endif
