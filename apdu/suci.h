/*
 * suci.h - concealing the subscriber's identity (TS 33.501 C.3): ECIES profiles A and B.
 *
 * The USIM conceals, the home network reveals. The scheme output is
 *   ephemeral public key(32 or 33)  ciphertext(as long as the plaintext)  MAC tag(8)
 */
#ifndef RESEAT_APDU_SUCI_H
#define RESEAT_APDU_SUCI_H

#include "apdu/crypto.h"
#include "apdu/ecdh.h"

#define SUCI_MAC_LEN 8
#define SUCI_PLAINTEXT_MAX                                                \
    256 /* MSIN in BCD, or the user part of a network specific identifier \
         */

/* Protection scheme identifiers, TS 33.501 C.1. */
enum suci_profile {
    SUCI_PROFILE_A = 1, /* X25519 */
    SUCI_PROFILE_B = 2, /* secp256r1 */
};

/*
 * in:     hn_public  the home network's public key (profile B: compressed or not)
 *         ephemeral  32 random bytes, fresh for each call: used twice, two SUCIs are linked
 * out:    out        scheme output, appended
 * errors: ERR_FORMAT  hn_public is no point of the curve
 *         ERR_KEY     ephemeral is no private key (profile B, chance 2^-32: draw again)
 *         ERR_RANGE   plaintext too long; ERR_UNSUPPORTED other profile; ERR_SPACE, ERR_CRYPTO
 */
NODISCARD enum err suci_conceal(struct crypto *c, enum suci_profile profile, struct rd hn_public,
                                const struct secret *ephemeral, struct rd plaintext,
                                struct wr *out);

/*
 * The home network's side; concealed is untrusted.
 * out:    plaintext  appended, only once the tag is right
 * errors: ERR_SHORT, ERR_FORMAT (ephemeral key), ERR_RANGE, ERR_KEY, ERR_UNSUPPORTED,
 *         ERR_MAC, ERR_SPACE, ERR_CRYPTO
 */
NODISCARD enum err suci_reveal(struct crypto *c, enum suci_profile profile,
                               const struct secret *hn_private, struct rd concealed,
                               struct wr *plaintext);

#endif
