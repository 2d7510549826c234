/*
 * sd.h - the security domain: which TAR leads where, at which security level, and
 * which keys a packet may use.
 */
#ifndef RESEAT_UICC_REMOTE_SD_H
#define RESEAT_UICC_REMOTE_SD_H

#include "uicc/core/card.h"

/*
 * The least any TAR may ask for, coded as SPI1: CC and a counter that only goes up. A profile that
 * says less is not compiled, and a card raises whatever else says less. Only a build for tests may
 * say another floor (-DSD_LEVEL_FLOOR=0).
 */
#ifndef SD_LEVEL_FLOOR
#define SD_LEVEL_FLOOR (SPI1_CHECK_CC | SPI1_COUNTER_ABOVE)
#endif
bool sd_level_allowed(uint8_t level);

/* NULL when no application listens there. */
const struct profile_tar *sd_find_tar(const struct profile *profile, const uint8_t tar[3]);

/* Where a TAR leads on this card: a row of its profile, or an instance that was installed. */
struct sd_target {
    struct profile_tar tar;
    uint8_t instance; /* number of its entry; the issuer security domain for the profile's */
    uint8_t domain;   /* whose keys open its packets, if it has keys of its own */
};
bool sd_find_target(const struct card *card, const uint8_t tar[3], struct sd_target *out);

/* Is a packet with this SPI1 as strong as level asks (TS 102 226 8.2.1.3.2.4.2.3, level coded as
 * SPI1)? Type of check none < RC < CC, ciphering, counter "above" < "next". */
bool sd_level_met(uint8_t level, uint8_t spi1);

/* A key set that a packet may be opened with. Secrets: sd_wipe(). */
struct sd_access {
    uint16_t key_set; /* slot index; or a domain, and the version of its own set */
    bool fallback;    /* the set of the pair before a trial: it may only ask */
    struct secpkt_keys keys;
};
#define SD_WIPED __attribute__((cleanup(sd_wipe)))
void sd_wipe(struct sd_access *a);

/* The supplementary security domain that a key set belongs to; 0: it is a slot's. */
static inline uint8_t sd_key_set_domain(uint16_t key_set)
{
    return (uint8_t)(key_set >> 8);
}

/*
 * Keys for a packet. Towards a supplementary security domain with OTA keys of its own, and its
 * applets, these alone; otherwise the slots': the index comes from the packet and must be a slot in
 * force (or, towards the subscription manager alone, the one to fall back to); the algorithm comes
 * from the slot and must be what the packet says (TS 102 225 5.1.2, 5.1.3).
 *
 * errors: ERR_KEY
 */
NODISCARD enum err sd_keys(const struct card *card, const struct secpkt_header *header,
                           struct sd_access *out);

#endif
