/*
 * secret.h - keys, wiped by scope.
 *
 * Every key in memory is a struct secret. Declare locals SECRET_WIPED: they are
 * cleansed on every way out of their scope. Nothing prints a secret; there is no
 * format for it in any log.
 */
#ifndef RESEAT_APDU_SECRET_H
#define RESEAT_APDU_SECRET_H

#include "apdu/buf.h"

#define SECRET_LEN_MAX 32 /* AES-256, TUAK K and TOPc */

struct secret {
    uint8_t bytes[SECRET_LEN_MAX];
    uint8_t len; /* 0 = no key */
};

#define SECRET_WIPED __attribute__((cleanup(secret_wipe)))

void secret_wipe(struct secret *s);

/* Copy at most SECRET_LEN_MAX bytes in; ERR_RANGE beyond that. */
NODISCARD enum err secret_set(struct secret *s, struct rd bytes);

/* From hex text; ERR_FORMAT or ERR_RANGE. */
NODISCARD enum err secret_from_hex(struct secret *s, const char *hex);

/* Constant time in the content; lengths are not secret. */
bool secret_equal(const struct secret *a, const struct secret *b);

/* Length byte and key, as stores keep it. Reading: ERR_SHORT; ERR_FORMAT beyond SECRET_LEN_MAX. */
void secret_write(struct wr *w, const struct secret *s);
NODISCARD enum err secret_read(struct rd *r, struct secret *s);

#define RD_SECRET(s) ((struct rd){(s)->bytes, (s)->len})

#endif
