/*
 * keys.h - the keys of security domains: sets by version, in each of them keys by their id.
 *
 * OBJ_KEYSET(domain * 256 + version):          slot { id type length(2) key }*
 * OBJ_KEYSET(8000 + domain * 256 + version):   secure channels opened with it, receipts (4)
 *
 * type is an enum gp_key_type; of a public key, key is its point.
 */
#ifndef RESEAT_UICC_ISD_KEYS_H
#define RESEAT_UICC_ISD_KEYS_H

#include "uicc/isd/isd.h"

#define ISD_KEYS_OTA_MAX 0x0F
#define ISD_KEYS_SCP02   0x20
#define ISD_KEYS_SCP03   0x30
#define ISD_KEYS_SCP81   0x40
#define ISD_KEYS_TOKEN   0x70
#define ISD_KEYS_RECEIPT 0x71
#define ISD_KEYS_DAP     0x73
#define ISD_KEYS_LAST    0x7F

#define ISD_KEYS_OF_SET 4U /* of one version */

/* One key as it is stored; borrowed until the next change. */
struct isd_key {
    uint8_t id;
    enum gp_key_type type;
    struct rd value;
};

/* Alive under the slot in force. errors: ERR_NOT_FOUND */
NODISCARD enum err isd_keys_get(const struct card *card, uint8_t domain, uint8_t version,
                                uint8_t id, struct isd_key *out);

/*
 * The keys 1 to 3 of a set of the domain, of one type and length, alive under the slot in force;
 * version 0: the one to open a secure channel with. OTA sets are found only for supplementary
 * domains. errors: ERR_NOT_FOUND
 */
NODISCARD enum err isd_keys_find(const struct card *card, uint8_t domain, uint8_t version,
                                 struct isd_keys *out);
/* The domain whose keys open a channel to this one: itself, or the issuer's. */
uint8_t isd_keys_owner(const struct card *card, uint8_t domain);

/* Stage: keys are added to a version, or take the place of those with their ids. The sequence of a
 * version goes on, also over a set that was removed: should the same keys ever come back, no
 * recorded session opens again. errors: ERR_SPACE */
NODISCARD enum err isd_keys_write(struct card *card, uint8_t domain, uint8_t version,
                                  const struct isd_key *keys, size_t count);
/* id 0: all of the version. */
NODISCARD enum err isd_keys_remove(struct card *card, uint8_t domain, uint8_t version, uint8_t id);
NODISCARD enum err isd_keys_remove_all(struct card *card, uint8_t domain);
/* Secure channels opened with a version, or receipts made; stage another number. */
uint32_t isd_keys_sequence(const struct card *card, uint8_t domain, uint8_t version);
NODISCARD enum err isd_keys_set_sequence(struct card *card, uint8_t domain, uint8_t version,
                                         uint32_t sequence);

/* Stage: every set that was put under this slot goes, of all domains. For a slot that retires. */
NODISCARD enum err isd_keys_retire(struct card *card, uint8_t slot);

/* Is there a key of its own under this version, alive? */
bool isd_keys_stored(const struct card *card, uint8_t domain, uint8_t version);

/* GP H.4: an entry for each key, as many as one answer holds. */
void isd_keys_describe(const struct card *card, uint8_t domain, struct wr *out);

#endif
