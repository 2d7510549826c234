/*
 * keys.h - the key sets of security domains.
 *
 * OBJ_KEYSET(domain * 256 + version):          slot type length enc mac dek
 * OBJ_KEYSET(8000 + domain * 256 + version):   secure channels opened with it (4)
 */
#ifndef RESEAT_UICC_ISD_KEYS_H
#define RESEAT_UICC_ISD_KEYS_H

#include "uicc/isd/isd.h"

#define ISD_KEYS_OTA_MAX 0x0F
#define ISD_KEYS_SCP02   0x20
#define ISD_KEYS_SCP03   0x30
#define ISD_KEYS_LAST    0x3F

/*
 * A set of the domain, alive under the slot in force; version 0: the one to open a secure
 * channel with. OTA sets are found only for supplementary domains.
 * errors: ERR_NOT_FOUND
 */
NODISCARD enum err isd_keys_find(const struct card *card, uint8_t domain, uint8_t version,
                                 struct isd_keys *out);
/* The domain whose keys open a channel to this one: itself, or the issuer's. */
uint8_t isd_keys_owner(const struct card *card, uint8_t domain);

/* Stage. The sequence of a version goes on, also over a set that was removed: should the same
 * keys ever come back, no recorded session opens again. */
NODISCARD enum err isd_keys_write(struct card *card, uint8_t domain, const struct isd_keys *keys);
NODISCARD enum err isd_keys_remove(struct card *card, uint8_t domain, uint8_t version);
NODISCARD enum err isd_keys_remove_all(struct card *card, uint8_t domain);
NODISCARD enum err isd_keys_count_up(struct card *card, uint8_t domain,
                                     const struct isd_keys *keys);

/* Stage: every set that was put under this slot goes, of all domains. For a slot that retires. */
NODISCARD enum err isd_keys_retire(struct card *card, uint8_t slot);

/* Is there a set of its own under this version? */
bool isd_keys_stored(const struct card *card, uint8_t domain, uint8_t version);

/* GP H.4: an entry for each key. */
void isd_keys_describe(const struct card *card, uint8_t domain, struct wr *out);

#endif
