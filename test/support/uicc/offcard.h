/*
 * offcard.h - the off-card entity: the other end of a secure channel: a host with the keys of a
 * security domain that selects it, authenticates, and sends commands under SCP02 (C-MAC) or SCP03
 * (any level).
 */
#ifndef RESEAT_TEST_OFFCARD_H
#define RESEAT_TEST_OFFCARD_H

#include "apdu/crypto.h"
#include "test/support/uicc/card.h"

struct offcard {
    struct test_card *card;
    struct crypto *crypto;
    struct secret enc, mac, dek;               /* static keys */
    struct secret s_enc, s_mac, s_rmac, s_dek; /* of the session */
    uint8_t channel; /* logical channel of the two commands that open, 0 to 3 */
    uint8_t protocol, level;
    uint8_t chain[16], cryptogram[8];
    uint32_t counter;
    char answer[1100]; /* "DATA SW" in clear */
};

/* A host with the OTA keys of the card's slot 1, as they were personalised. */
struct offcard *offcard_new(struct test_card *card);
void offcard_free(struct offcard **h);

/* SELECT, INITIALIZE UPDATE with this key version, EXTERNAL AUTHENTICATE with this level.
 * What the last of them was answered. */
const char *offcard_open(struct offcard *h, const char *aid, uint8_t version, uint8_t level);
/* In two steps; spoil: a bit of the cryptogram is flipped. */
const char *offcard_initialise(struct offcard *h, uint8_t version);
const char *offcard_authenticate(struct offcard *h, uint8_t level, bool spoil);

/* One command in hex (class 80), wrapped, sent, its answer unwrapped; fails the test if an answer
 * is not protected as the level asks. */
const char *offcard_run(struct offcard *h, const char *hex);
void offcard_expect(struct offcard *h, const char *hex, const char *want);

/* The wrapped command in hex, not sent. */
const char *offcard_wrap(struct offcard *h, const char *hex, char *out, size_t cap);

#endif
