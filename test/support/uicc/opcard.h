/*
 * opcard.h - a card of operator A that changes to B: what the tests of the operator change ask of
 * it again and again. A failure fails the test.
 */
#ifndef RESEAT_TEST_OPCARD_H
#define RESEAT_TEST_OPCARD_H

#include "test/support/uicc/air.h"

#define OPCARD_IMSI_A "001010123456789"
#define OPCARD_IMSI_B "262021234567895"

/* Of the built-in profile, with AES keys; the terminal has spoken. */
struct air *opcard_new(void);

/* CHANGE from slot 1 to 2 with IMSI B; the card is in trial and reset afterwards. */
struct opchange_proof opcard_change(struct air *o, uint16_t polls, uint32_t seconds);

void opcard_assert_imsi(struct air *o, const char *want);

/* Neither the medium nor the card's memory holds the key, forwards or backwards. */
void opcard_assert_no_trace(const struct air *o, const struct secret *key, const char *what);

#endif
