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

/* Limits of a bank; the upper one keeps offsets inside a bank in 32 bits. */
#define MEDIUM_BANK_MIN 512U
#define MEDIUM_BANK_MAX (1U << 30)

/* Bytes a device needs for an image of this length and two such banks. */
uint64_t medium_size(size_t profile_len, uint64_t bank_size);

/*
 * Write header and profile image; synced. Whatever the banks held is no longer found.
 *
 * errors: ERR_RANGE (bank_size: limits, multiple of 4), ERR_SPACE (device too small), ERR_IO
 */
NODISCARD enum err medium_format(struct nvm_device *dev, struct rd profile_image,
                                 const uint8_t hash[MEDIUM_HASH_LEN], uint64_t bank_size);

/*
 * Read and check the header. Not checked here: the image against its hash; who loads the
 * image does that, and cards whose image is loaded already need not read it.
 *
 * errors: ERR_FORMAT (no card), ERR_UNSUPPORTED (of another version), ERR_CORRUPT, ERR_IO.
 */
NODISCARD enum err medium_open(struct nvm_device *dev, struct medium *out);

#endif
