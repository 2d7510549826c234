#include "uicc/remote/sd.h"

#include "uicc/slot/slot.h"

#include <openssl/crypto.h>
#include <string.h>

#define SPI1_RESERVED 0xE0

const struct profile_tar *sd_find_tar(const struct profile *profile, const uint8_t tar[3])
{
    for (unsigned i = 0; i < profile->tar_count; i++) {
        if (memcmp(profile->tars[i].tar, tar, sizeof profile->tars[i].tar) == 0)
            return &profile->tars[i];
    }
    return NULL;
}

/* A level below the floor is raised to it, field by field. */
static uint8_t with_floor(uint8_t level)
{
    if ((level & SPI1_CHECK_MASK) < (SD_LEVEL_FLOOR & SPI1_CHECK_MASK))
        level = (uint8_t)((level & ~SPI1_CHECK_MASK) | (SD_LEVEL_FLOOR & SPI1_CHECK_MASK));
    if ((level & SPI1_COUNTER_MASK) < (SD_LEVEL_FLOOR & SPI1_COUNTER_MASK))
        level = (uint8_t)((level & ~SPI1_COUNTER_MASK) | (SD_LEVEL_FLOOR & SPI1_COUNTER_MASK));
    return level;
}

bool sd_level_met(uint8_t level, uint8_t spi1)
{
    level = with_floor(level);
    return (spi1 & SPI1_RESERVED) == 0 && (spi1 & SPI1_CHECK_MASK) >= (level & SPI1_CHECK_MASK) &&
           (spi1 & SPI1_CIPHER) >= (level & SPI1_CIPHER) &&
           (spi1 & SPI1_COUNTER_MASK) >= (level & SPI1_COUNTER_MASK);
}

void sd_wipe(struct sd_access *a)
{
    OPENSSL_cleanse(a, sizeof *a);
}

/* Single DES is for a profile that names it, and for no other. */
static bool algorithm_permitted(const struct profile *profile, const struct secpkt_key *key)
{
    return key->key.len > 0 &&
           (key->algorithm != SECPKT_DES || profile->ota_algorithm == SECPKT_DES);
}

static bool names_algorithm(uint8_t kic_or_kid, const struct secpkt_key *key)
{
    return (kic_or_kid & 0x0F) == secpkt_nibble(key->algorithm);
}

/* The set of the pair before a trial is good for the subscription manager only. */
static bool index_permitted(const struct card *card, const struct secpkt_header *h, uint8_t index,
                            bool *fallback)
{
    const struct profile_tar *tar = sd_find_tar(card->profile, h->tar);

    *fallback = index != slot_in_force(&card->store) && index == slot_fallback(&card->store);
    if (*fallback)
        return tar != NULL && tar->app == REMOTE_OPCHANGE;
    return index == slot_in_force(&card->store);
}

enum err sd_keys(const struct card *card, const struct secpkt_header *header, struct sd_access *out)
{
    uint8_t index = header->kic >> 4;
    bool fallback;
    SLOT_WIPED struct slot slot = {0};

    if (index == 0 || header->kid >> 4 != index ||
        !index_permitted(card, header, index, &fallback) ||
        slot_read(&card->store, index, &slot) != ERR_OK)
        return ERR_KEY;
    if (!algorithm_permitted(card->profile, &slot.kic) ||
        !algorithm_permitted(card->profile, &slot.kid) ||
        !names_algorithm(header->kic, &slot.kic) || !names_algorithm(header->kid, &slot.kid))
        return ERR_KEY;
    out->key_set = index;
    out->fallback = fallback;
    out->keys.kic = slot.kic;
    out->keys.kid = slot.kid;
    out->keys.cc_len = SECPKT_CC_LEN;
    return ERR_OK;
}
