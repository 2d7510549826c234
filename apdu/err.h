/*
 * err.h - what can go wrong inside Reseat, as one list.
 *
 * A function that can fail returns NODISCARD enum err; ERR_OK is 0. Outputs are
 * untouched unless the result is ERR_OK. What the card answers to a terminal is
 * a status word (sw.h); sw_from_err() is the only mapping between the two.
 */
#ifndef RESEAT_APDU_ERR_H
#define RESEAT_APDU_ERR_H

#define NODISCARD __attribute__((warn_unused_result))

/* X(name, text for people) */
#define ERR_LIST(X)                                          \
    X(ERR_OK, "ok")                                          \
    X(ERR_SHORT, "input ends early")                         \
    X(ERR_FORMAT, "malformed input")                         \
    X(ERR_RANGE, "value out of range")                       \
    X(ERR_SPACE, "output does not fit")                      \
    X(ERR_NOMEM, "out of memory")                            \
    X(ERR_UNSUPPORTED, "not supported")                      \
    X(ERR_NOT_FOUND, "not found")                            \
    X(ERR_EXISTS, "exists already")                          \
    X(ERR_CONDITIONS, "not possible in this state")          \
    X(ERR_DENIED, "not permitted")                           \
    X(ERR_KEY, "no such key, or a key of another algorithm") \
    X(ERR_MAC, "authentication code does not match")         \
    X(ERR_PADDING, "padding does not match")                 \
    X(ERR_COUNTER_LOW, "counter too low")                    \
    X(ERR_COUNTER_HIGH, "counter too high")                  \
    X(ERR_COUNTER_BLOCKED, "counter exhausted")              \
    X(ERR_SYNC, "sequence number not fresh")                 \
    X(ERR_SIGNATURE, "signature does not verify")            \
    X(ERR_SIGNER, "signed by somebody else")                 \
    X(ERR_EXPIRED, "outside its validity")                   \
    X(ERR_REPLAYED, "seen before")                           \
    X(ERR_CORRUPT, "stored data is damaged")                 \
    X(ERR_BUSY, "in use by another process")                 \
    X(ERR_TIMEOUT, "timed out")                              \
    X(ERR_CLOSED, "peer closed the connection")              \
    X(ERR_IO, "input/output error")                          \
    X(ERR_CRYPTO, "crypto library failed")

#define ERR_ENUM(name, text) name,
enum err { ERR_LIST(ERR_ENUM) ERR_COUNT };
#undef ERR_ENUM

/* Text for people, never NULL, static. */
const char *err_text(enum err e);

#endif
