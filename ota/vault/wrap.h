/*
 * wrap.h - keys at rest: AES key wrap with padding (RFC 5649) under a
 * key-encryption key, each blob bound to the place it is stored at.
 *
 * Key wrap takes no associated data, so what is wrapped begins with eight bytes
 * of a hash of the place:
 *
 *   plain   = SHA-256(iccid 00 index column 00)[0..7]  secret bytes
 *   wrapped = RFC 5649 (KEK, plain); plain rounded up to 8, plus 8
 *
 * A blob copied to another card, index or column unwraps, but its hash differs
 * and it is refused.
 */
#ifndef RESEAT_OTA_VAULT_WRAP_H
#define RESEAT_OTA_VAULT_WRAP_H

#include "apdu/buf.h"
#include "apdu/secret.h"

#define VAULT_WRAP_KEK_LEN   32
#define VAULT_WRAP_PLAIN_MAX 512
#define VAULT_WRAP_BOUND_LEN 8 /* bytes the place adds to the plain text */
/* Wrapped size of n secret bytes, at most VAULT_WRAP_LEN(VAULT_WRAP_PLAIN_MAX). */
#define VAULT_WRAP_LEN(n) (((size_t)(n) + VAULT_WRAP_BOUND_LEN + 7) / 8 * 8 + 8)

/* Where a blob is stored; texts borrowed for the call. */
struct vault_wrap_place {
    const char *iccid;
    uint8_t index;      /* 0 where a record has none */
    const char *column; /* name of the table's column, "" allowed */
};

struct vault_wrap; /* a key-encryption key, ready for use; one thread at a time */

/*
 * The key-encryption key that source names:
 *   @PATH     a file of 32 bytes, or of 64 hex digits and a line end. It must belong to its
 *             owner alone (mode 0600 or 0400); with create, a file that is not there is made,
 *             with fresh random bytes and mode 0600, and synced before the key is used
 *   env:NAME  64 hex digits in the environment
 *   HEX       64 hex digits
 *
 * errors: ERR_NOT_FOUND  no such file or variable
 *         ERR_DENIED     others may read the file
 *         ERR_FORMAT     not 32 bytes
 *         ERR_IO, ERR_CRYPTO
 */
NODISCARD enum err vault_wrap_kek(const char *source, bool create, struct secret *kek);

/* errors: ERR_KEY unless the key has 16, 24 or 32 bytes; ERR_NOMEM, ERR_CRYPTO. */
NODISCARD enum err vault_wrap_new(const struct secret *kek, struct vault_wrap **out);
/* Wipes the key. */
void vault_wrap_free(struct vault_wrap **w);

/*
 * Append the wrapped form of plain, bound to place.
 * errors: ERR_RANGE (more than VAULT_WRAP_PLAIN_MAX bytes), ERR_SPACE, ERR_CRYPTO
 */
NODISCARD enum err vault_wrap_seal(struct vault_wrap *w, const struct vault_wrap_place *place,
                                   struct rd plain, struct wr *wrapped);

/*
 * Append the secret bytes of a blob stored at place. The caller wipes them.
 * errors: ERR_MAC     wrapped under another key, altered, or moved from another place
 *         ERR_FORMAT  no possible length
 *         ERR_SPACE, ERR_CRYPTO
 */
NODISCARD enum err vault_wrap_open(struct vault_wrap *w, const struct vault_wrap_place *place,
                                   struct rd wrapped, struct wr *plain);

/* Bare RFC 5649, without a place; errors as above. */
NODISCARD enum err vault_wrap_raw(struct vault_wrap *w, struct rd plain, struct wr *wrapped);
NODISCARD enum err vault_wrap_unraw(struct vault_wrap *w, struct rd wrapped, struct wr *plain);

/* HMAC-SHA-256 of message under a key derived from the KEK for the purpose named by label. */
NODISCARD enum err vault_wrap_mac(struct vault_wrap *w, const char *label, struct rd message,
                                  uint8_t mac[32]);

#endif
