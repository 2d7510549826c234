#include "uicc/remote/sd.h"

#include "uicc/isd/keys.h"
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

static bool has_tar(const struct applet_entry *e, const uint8_t tar[3])
{
    for (unsigned i = 0; i < e->tar_count; i++) {
        if (memcmp(e->tars[i], tar, sizeof e->tars[i]) == 0)
            return (e->life & APPLET_LOCKED) == 0 && e->life >= APPLET_SELECTABLE;
    }
    return false;
}

bool sd_find_target(const struct card *card, const uint8_t tar[3], struct sd_target *out)
{
    const struct profile_tar *row = sd_find_tar(card->profile, tar);
    struct applet_entry e;

    if (row != NULL) {
        uint8_t instance = row->app == REMOTE_OPCHANGE ? APPLET_MANAGER : APPLET_ISD;

        *out = (struct sd_target){*row, instance, APPLET_ISD};
        return true;
    }
    for (uint8_t n = APPLET_ISD; applet_registry_next(&card->store, n, &e) == ERR_OK;
         n = e.number) {
        if (!has_tar(&e, tar) || applet_is_fixed(e.number))
            continue; /* what is part of the card listens where its profile says */
        *out = (struct sd_target){.instance = e.number, .domain = e.domain};
        memcpy(out->tar.tar, tar, sizeof out->tar.tar);
        out->tar.app = isd_is_domain(&e) ? REMOTE_DOMAIN : REMOTE_APPLET;
        out->tar.level = e.level;
        out->tar.keys = e.rights;
        if (isd_is_domain(&e))
            out->domain = e.number;
        return true;
    }
    return false;
}

static uint8_t higher(uint8_t a, uint8_t b, uint8_t field)
{
    return (uint8_t)((a & field) > (b & field) ? a & field : b & field);
}

/* A level below the floor is raised to it, field by field. */
static uint8_t with_floor(uint8_t level)
{
    return (uint8_t)(higher(level, SD_LEVEL_FLOOR, SPI1_CHECK_MASK) |
                     higher(level, SD_LEVEL_FLOOR, SPI1_CIPHER) |
                     higher(level, SD_LEVEL_FLOOR, SPI1_COUNTER_MASK));
}

bool sd_level_allowed(uint8_t level)
{
    return with_floor(level) == level;
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

/* Where neither command nor response is ciphered KIc says nothing, and may be empty (TS 102 225
 * 5.1.2). Whatever else stands there must be right. */
static bool kic_is_empty(const struct secpkt_header *h)
{
    return h->kic == 0 && (h->spi[0] & SPI1_CIPHER) == 0 && (h->spi[1] & SPI2_CIPHER) == 0;
}

static bool names_keys(const struct secpkt_header *h, const struct secpkt_key *kic,
                       const struct secpkt_key *kid)
{
    return (kic_is_empty(h) || names_algorithm(h->kic, kic)) && names_algorithm(h->kid, kid);
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

/* ---- keys of a supplementary security domain ---- */

static bool has_ota_keys(const struct card *card, uint8_t domain)
{
    for (uint8_t version = 1; version <= ISD_KEYS_OTA_MAX; version++) {
        ISD_KEYS_WIPED struct isd_keys keys = {0};

        if (isd_keys_find(card, domain, version, &keys) == ERR_OK)
            return true;
    }
    return false;
}

static void set_key(struct secpkt_key *key, enum gp_key_type type, const struct secret *value)
{
    key->algorithm = type == GP_KEY_AES ? SECPKT_AES
                     : value->len == 16 ? SECPKT_3DES2
                                        : SECPKT_3DES3;
    key->key = *value;
}

static enum err domain_keys(const struct card *card, const struct secpkt_header *header,
                            uint8_t domain, struct sd_access *out)
{
    ISD_KEYS_WIPED struct isd_keys keys = {0};
    uint8_t index = header->kid >> 4;

    if (isd_keys_find(card, domain, index, &keys) != ERR_OK)
        return ERR_KEY;
    set_key(&out->keys.kic, keys.type, &keys.enc);
    set_key(&out->keys.kid, keys.type, &keys.mac);
    if (!names_keys(header, &out->keys.kic, &out->keys.kid))
        return ERR_KEY;
    out->key_set = (uint16_t)(domain << 8 | index);
    out->fallback = false;
    out->keys.cc_len = SECPKT_CC_LEN;
    return ERR_OK;
}

/* ---- keys of a slot ---- */

static enum err slot_keys(const struct card *card, const struct secpkt_header *header,
                          struct sd_access *out)
{
    uint8_t index = header->kid >> 4;
    bool fallback;
    SLOT_WIPED struct slot slot = {0};

    if (!index_permitted(card, header, index, &fallback) ||
        slot_read(&card->store, index, &slot) != ERR_OK)
        return ERR_KEY;
    if (!algorithm_permitted(card->profile, &slot.kic) ||
        !algorithm_permitted(card->profile, &slot.kid) || !names_keys(header, &slot.kic, &slot.kid))
        return ERR_KEY;
    out->key_set = index;
    out->fallback = fallback;
    out->keys.kic = slot.kic;
    out->keys.kid = slot.kid;
    out->keys.cc_len = slot.kid.algorithm == SECPKT_AES ? card->profile->ota_cc_len : SECPKT_CC_LEN;
    return ERR_OK;
}

enum err sd_keys(const struct card *card, const struct secpkt_header *header, struct sd_access *out)
{
    struct sd_target target;
    uint8_t index = header->kid >> 4;

    if (index == 0 || (!kic_is_empty(header) && header->kic >> 4 != index))
        return ERR_KEY;
    if (sd_find_target(card, header->tar, &target) && target.domain != APPLET_ISD &&
        has_ota_keys(card, target.domain))
        return domain_keys(card, header, target.domain, out);
    return slot_keys(card, header, out);
}
