/*
 * medium.h - how a card's memory is divided: a header, the profile image that the
 * card was made with (written once), and two banks for the object store.
 *
 * (on-media format: drawn at the top of medium.c)
 */
#ifndef RESEAT_UICC_NVM_MEDIUM_H
#define RESEAT_UICC_NVM_MEDIUM_H

#include "uicc/nvm/nvm.h"

#define MEDIUM_HASH_LEN 32

struct medium {
    uint64_t profile_offset;
    uint32_t profile_len;
    uint8_t profile_hash[MEDIUM_HASH_LEN]; /* SHA-256 of the image; cards of a batch share it */
    uint64_t bank_offset[2];
    uint64_t bank_size;
};

/* Write header and profile image; synced. bank_size in bytes. */
NODISCARD enum err medium_format(struct nvm_device *dev, struct rd profile_image,
                                 const uint8_t hash[MEDIUM_HASH_LEN], uint64_t bank_size);

/* errors: ERR_FORMAT (no card), ERR_UNSUPPORTED (of another version), ERR_CORRUPT, ERR_IO. */
NODISCARD enum err medium_open(struct nvm_device *dev, struct medium *out);

#endif
