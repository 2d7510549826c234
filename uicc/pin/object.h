/*
 * object.h - the PINs of a card as stored, for uicc/pin alone.
 *
 * OBJ_PINS: for each PIN of the profile, in its order
 *   flags(1) tries(1) unblock_tries(1) value(8) unblock_value(8)
 */
#ifndef RESEAT_UICC_PIN_OBJECT_H
#define RESEAT_UICC_PIN_OBJECT_H

#include "uicc/pin/pin.h"

#define PIN_UNIVERSAL 0x11

#define PIN_FLAG_ENABLED  0x01
#define PIN_FLAG_REPLACED 0x02 /* by the universal PIN */

#define PIN_ENTRY_LEN 19U

enum pin_field {
    PIN_FIELD_FLAGS = 0,
    PIN_FIELD_TRIES = 1,
    PIN_FIELD_UNBLOCK_TRIES = 2,
    PIN_FIELD_VALUE = 3,
    PIN_FIELD_UNBLOCK = 11,
};

/* A PIN of the card: where it stands, and its row in the profile. */
struct pin_object {
    const struct profile_pin *row;
    size_t index;
};

/* ERR_NOT_FOUND for a reference the card does not have. */
NODISCARD enum err pin_find(const struct card *card, uint8_t reference, struct pin_object *out);

/* Byte of an entry; NULL for a damaged object. Borrowed until the next change of a PIN. */
const uint8_t *pin_entry(const struct card *card, size_t index);

/* Stage n bytes of an entry. */
NODISCARD enum err pin_patch(struct card *card, size_t index, enum pin_field field,
                             const uint8_t *bytes, size_t n);

/* Note a verification that succeeded, or one that no longer holds. */
void pin_set_verified(struct card *card, struct channel *ch, uint8_t reference, bool verified);

/*
 * Compare with the value (field PIN_FIELD_VALUE) or the unblock value (PIN_FIELD_UNBLOCK). The
 * try is taken, durably, before the comparison; success gives all tries back (staged).
 *
 * sw: SW_OK; 63CX; SW_BLOCKED; SW_MEMORY or SW_SPACE when the try could not be taken
 */
sw_t pin_compare(struct card *card, const struct pin_object *pin, enum pin_field field,
                 const uint8_t presented[PIN_LEN]);

#endif
