/*
 * batch.h - what makes the n-th card of a batch: its numbers, counted up from those
 * of the first card, and its keys, random or derived from a seed.
 */
#ifndef RESEAT_TOOLS_UICC_BATCH_H
#define RESEAT_TOOLS_UICC_BATCH_H

#include "uicc/perso.h"

#define BATCH_COUNT_MAX 10000000U

/*
 * What the manufacturer was told. Empty texts and keys of length 0 are made up: numbers from the
 * test ranges, keys at random or from the seed. Keys and PINs given are those of slot 1 of the
 * first card.
 */
struct batch {
    uint64_t count;
    uint8_t slot_count;
    char plmn[7];
    char iccid[ICCID_DIGITS_MAX + 1];
    char imsi[IMSI_DIGITS_MAX + 1];
    char msisdn[NUMBER_DIGITS_MAX + 2];
    char smsc[NUMBER_DIGITS_MAX + 2];
    char spn[17];
    enum aka_algorithm algorithm;
    enum secpkt_algorithm ota;
    uint8_t cc_len; /* of an AES-CMAC under its OTA keys */
    struct secret k, opc, op, kic, kid, kik, adm1, seed;
    char pin1[9], puk1[9];
    bool pin1_disabled;
    struct perso_key keys[PERSO_KEYS_MAX]; /* of every card */
    uint8_t key_count;
    struct crypto *crypto; /* borrowed */
};
void batch_wipe(struct batch *b);

/*
 * Fill in what was not given, and see that the last card's numbers exist.
 *
 * out:    what    on error, which option is wrong: "--imsi" (static)
 * errors: ERR_FORMAT, ERR_RANGE
 */
NODISCARD enum err batch_prepare(struct batch *b, const char **what);

/*
 * Another key of every card.
 *
 * in:     reference  two hex digits
 *         value      "VALUE" or "VALUE/UNBLOCK": digits for a PIN, 8 bytes in hex for an ADM key;
 * cut errors: ERR_FORMAT, ERR_SPACE
 */
NODISCARD enum err batch_add_key(struct batch *b, const char *reference, char *value);

/* Keys and codes that the manufacturer's list tells as text, besides those in perso_card. */
struct batch_codes {
    char pin1[9], puk1[9];
};

/* Card n (from 0). Secrets: perso_card_wipe(), OPENSSL_cleanse. errors: ERR_CRYPTO. */
NODISCARD enum err batch_card(const struct batch *b, uint64_t n, struct perso_card *card,
                              struct batch_codes *codes);

/* ICCID of card n; and whether an ICCID is one of the batch's. */
NODISCARD enum err batch_iccid(const struct batch *b, uint64_t n, char iccid[ICCID_DIGITS_MAX + 1]);
bool batch_has(const struct batch *b, const char *iccid);

#endif
