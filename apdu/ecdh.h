/*
 * ecdh.h - elliptic curve Diffie-Hellman on the two curves of SUCI (TS 33.501 C.3.4).
 */
#ifndef RESEAT_APDU_ECDH_H
#define RESEAT_APDU_ECDH_H

#include "apdu/secret.h"

#define ECDH_PRIVATE_LEN 32
#define ECDH_SHARED_LEN  32
#define ECDH_PUBLIC_MAX  33

enum ecdh_curve {
    ECDH_X25519, /* RFC 7748; public keys of 32 bytes */
    ECDH_P256,   /* secp256r1; public keys as compressed points, 33 bytes */
};

/* Bytes of a public key as these functions write it: 32 or 33. */
size_t ecdh_public_len(enum ecdh_curve curve);

/*
 * Append the public key of a private one.
 * errors: ERR_KEY  not 32 bytes, or (P-256) not in 1 .. n-1
 *         ERR_SPACE, ERR_CRYPTO
 */
NODISCARD enum err ecdh_public(enum ecdh_curve curve, const struct secret *private_key,
                               struct wr *public_key);

/*
 * The shared secret (P-256: its x coordinate); peer is untrusted.
 * errors: ERR_KEY     as ecdh_public
 *         ERR_FORMAT  peer is no point of the curve, or one of small order; P-256
 *                     points are taken compressed and uncompressed
 *         ERR_CRYPTO
 */
NODISCARD enum err ecdh_shared(enum ecdh_curve curve, const struct secret *private_key,
                               struct rd peer, struct secret *shared);

#endif
