/*
 * signature.h - ECDSA on the NIST curves, as smart cards write it: r and s, one behind the
 * other, each as long as the curve's field (BSI TR-03111 5.2.1; GlobalPlatform B.4).
 */
#ifndef RESEAT_APDU_SIGNATURE_H
#define RESEAT_APDU_SIGNATURE_H

#include "apdu/buf.h"

/*
 * point: the signer's public key, uncompressed; its length tells the curve, and the curve the
 * digest: P-256 with SHA-256, P-384 with SHA-384, P-521 with SHA-512.
 * errors: ERR_KEY        no point of a curve that is known here
 *         ERR_SIGNATURE  not his, or not of this message
 *         ERR_CRYPTO
 */
NODISCARD enum err signature_verify(struct rd point, struct rd message, struct rd signature);

#endif
