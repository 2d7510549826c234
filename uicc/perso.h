/*
 * perso.h - personalisation: a profile text becomes a profile image, an image and
 * a card's own data become a card in its memory. The manufacturer's side of the
 * card; nothing here runs once a card is in the field.
 */
#ifndef RESEAT_UICC_PERSO_H
#define RESEAT_UICC_PERSO_H

#include "apdu/aka.h"
#include "apdu/bcd.h"
#include "apdu/opchange.h"
#include "apdu/secpkt.h"
#include "uicc/nvm/nvm.h"

#define PERSO_IMAGE_MAX   (1U << 18)
#define PERSO_MESSAGE_MAX 160

/*
 * Compile a profile text (NULL: the built-in profile, an M2M USIM with 5G) to an image.
 *
 * out:    image    appended
 *         message  on error: "line 12: unknown service 200" (PERSO_MESSAGE_MAX bytes)
 * errors: ERR_FORMAT, ERR_RANGE, ERR_SPACE
 */
NODISCARD enum err perso_compile(const char *text, struct wr *image, char *message);

/* What the OTA keys of a card made with this image are for, and how long a CC under them is. */
NODISCARD enum err perso_ota_algorithm(struct rd image, enum secpkt_algorithm *out,
                                       uint8_t *cc_len);

/* One Ki/OTA pair, as the manufacturer's list holds it. Secrets: perso_card_wipe(). */
struct perso_pair {
    struct aka_key aka;
    struct secpkt_key kic, kid, kik;
};

/* The first value of a key besides PIN1, PIN2 and ADM1, as VERIFY sends it, FF filled. */
struct perso_key {
    uint8_t reference;
    uint8_t value[8], unblock[8];
};
#define PERSO_KEYS_MAX 24

/* What makes one card of a batch. */
struct perso_card {
    char iccid[ICCID_DIGITS_MAX + 1];
    char imsi[IMSI_DIGITS_MAX + 1];
    uint8_t mnc_len;
    char msisdn[NUMBER_DIGITS_MAX + 2]; /* "+..." or digits; "" for none */
    char smsc[NUMBER_DIGITS_MAX + 2];   /* service centre for EF.SMSP; "" for none */
    char spn[17];                       /* service provider name; "" for none */
    uint8_t slot_count;                 /* 1-15; pair 1 is the first in force */
    struct perso_pair pairs[OPCHANGE_SLOTS_MAX];
    uint8_t pin1[8], puk1[8], pin2[8], puk2[8], adm1[8]; /* as VERIFY sends them, FF filled */
    bool pin1_enabled;
    /* Other keys of the profile begin as PIN1 (local ones as PIN2, ADM keys as ADM1). */
    struct perso_key keys[PERSO_KEYS_MAX];
    uint8_t key_count;
};
void perso_card_wipe(struct perso_card *card);

/*
 * Write a whole card to dev (empty, of at least PERSO_NVM_SIZE bytes), synced.
 *
 * errors: ERR_FORMAT, ERR_RANGE (identity, key length against algorithm), ERR_NOT_FOUND (a key that
 *         the profile does not have), ERR_SPACE, ERR_IO
 */
#define PERSO_NVM_SIZE (4ULL * 1024 * 1024)
NODISCARD enum err perso_write(struct nvm_device *dev, struct rd image,
                               const struct perso_card *card);

#endif
