/*
 * audit.h - the append-only record of every key that left the vault.
 *
 * A table of the vault's file. Each line carries a MAC over itself and the line
 * before, under a key derived from the key-encryption key, and the database
 * refuses to change or delete a line: whoever rewrites history outside the
 * program breaks the chain, and cannot mend it without the key. What no chain can
 * show is a tail cut off: keep the head (count and MAC) elsewhere from time to time.
 */
#ifndef RESEAT_OTA_VAULT_AUDIT_H
#define RESEAT_OTA_VAULT_AUDIT_H

#include "ota/vault/vault.h"

#define VAULT_AUDIT_MAC_LEN 32

enum vault_audit_event {
    VAULT_AUDIT_SOLD = 1,     /* stored as delivered with the card to its first operator */
    VAULT_AUDIT_ISSUED = 2,   /* given to an operator */
    VAULT_AUDIT_REISSUED = 3, /* given again, same operator, same request */
    VAULT_AUDIT_USED = 4,     /* the operator has seen the card under it */
    VAULT_AUDIT_BURNT = 5,
};
/* Text for people, never NULL, static. */
const char *vault_audit_text(enum vault_audit_event event);

/* One line; texts borrowed. */
struct vault_audit_line {
    uint64_t number; /* from 1, without gaps */
    int64_t at;      /* seconds since 1970 UTC; for people, nothing is decided by it */
    enum vault_audit_event event;
    const char *iccid;
    uint8_t index;
    const char *operator_name;
    struct rd request; /* digest of the request message; may be empty */
    uint8_t mac[VAULT_AUDIT_MAC_LEN];
};

/* Called for each line in order; anything but ERR_OK ends the walk with that error. */
typedef enum err vault_audit_fn(void *arg, const struct vault_audit_line *line);

/*
 * Walk and verify the whole chain.
 *
 * in:     fn         may be NULL
 * out:    last       number of the last good line, also on ERR_CORRUPT
 *         head       MAC of that line
 * errors: ERR_CORRUPT  the line after *last is altered, missing or inserted; fn's; ERR_IO
 */
NODISCARD enum err vault_audit_walk(struct vault *v, vault_audit_fn *fn, void *arg, uint64_t *last,
                                    uint8_t head[VAULT_AUDIT_MAC_LEN]);

#endif
