/*
 * host.h - the other end of a secure channel: a host with the keys of a security domain
 * that selects it, authenticates, and sends commands under SCP02 (C-MAC) or SCP03 (any level).
 */
#ifndef RESEAT_TEST_HOST_H
#define RESEAT_TEST_HOST_H

#include "apdu/crypto.h"
#include "test/support/uicc/card.h"

struct host {
    struct test_card *card;
    struct crypto *crypto;
    struct secret enc, mac, dek;               /* static keys */
    struct secret s_enc, s_mac, s_rmac, s_dek; /* of the session */
    uint8_t protocol, level;
    uint8_t chain[16], cryptogram[8];
    uint32_t counter;
    char answer[1100]; /* "DATA SW" in clear */
};

/* A host with the OTA keys of the card's slot 1, as they were personalised. */
struct host *host_new(struct test_card *card);
void host_free(struct host **h);

/* SELECT, INITIALIZE UPDATE with this key version, EXTERNAL AUTHENTICATE with this level.
 * What the last of them was answered. */
const char *host_open(struct host *h, const char *aid, uint8_t version, uint8_t level);
/* In two steps; spoil: a bit of the cryptogram is flipped. */
const char *host_initialise(struct host *h, uint8_t version);
const char *host_authenticate(struct host *h, uint8_t level, bool spoil);

/* One command in hex (class 80), wrapped, sent, its answer unwrapped; fails the test if an answer
 * is not protected as the level asks. */
const char *host_run(struct host *h, const char *hex);
void host_expect(struct host *h, const char *hex, const char *want);

/* The wrapped command in hex, not sent. */
const char *host_wrap(struct host *h, const char *hex, char *out, size_t cap);

#endif
