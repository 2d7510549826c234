/*
 * pin.h - PIN, UNBLOCK PIN and ADM objects: values, try counters, what is verified.
 *
 * A try is made durable before the comparison. Verification of PIN1-8 and the
 * universal PIN holds on all channels; that of ADM keys and of application-local
 * PINs holds on the channel (and, local ones, for the application) that verified.
 */
#ifndef RESEAT_UICC_PIN_PIN_H
#define RESEAT_UICC_PIN_PIN_H

#include "uicc/core/card.h"

#define PIN_LEN 8

/* Bit of a key reference in a set of keys (TS 102 221 9.5.1); 0 for a reference that is none. */
uint32_t pin_bit(uint8_t reference);
bool pin_is_local(uint8_t reference); /* verified per application and channel */
bool pin_is_adm(uint8_t reference);
#define PIN_BIT_PIN1 0x00000001U
#define PIN_BIT_ADM1 0x00000100U

/* State of one key; ERR_NOT_FOUND when the card does not have it. */
struct pin_state {
    bool enabled;
    bool replaced; /* DISABLE with the universal PIN as alternative */
    uint8_t tries, unblock_tries;
    uint8_t tries_max, unblock_tries_max;
};
NODISCARD enum err pin_read(const struct card *card, uint8_t reference, struct pin_state *out);

/* Everything that counts as satisfied on this channel: verified keys and disabled PINs. */
uint32_t pin_satisfied(const struct card *card, const struct channel *ch);

/* PIN status template of FCP without its tag (TS 102 221 11.1.1.4.10); local: of an application,
 * whose own keys are in it too. */
void pin_write_status(const struct card *card, bool local, struct wr *w);

/* After reset; and when an application session ends on a channel. */
void pin_forget_all(struct card *card);
void pin_forget_local(struct card *card, struct channel *ch);

/* Personalisation: the initial object; values in the order of profile->pins, each with its
 * unblock value (8 bytes both). */
NODISCARD enum err pin_create(struct store *store, const struct profile *profile,
                              const uint8_t (*values)[PIN_LEN], const uint8_t (*unblock)[PIN_LEN],
                              bool pin1_enabled);

#endif
