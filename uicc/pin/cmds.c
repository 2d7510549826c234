/*
 * VERIFY, CHANGE, DISABLE, ENABLE and UNBLOCK PIN (TS 102 221 11.1.9 to 11.1.13).
 */
#include "uicc/core/handlers.h"
#include "uicc/pin/object.h"

#define P1_REPLACE     0x80 /* DISABLE: another key takes its place */
#define P1_REPLACE_KEY 0x1F
#define DIGITS_MIN     4

/* ---- shared checks ---- */

static sw_t find(const struct card *card, const struct exec *x, struct pin_object *pin)
{
    if (pin_bit(x->cmd->p2) == 0 || pin_find(card, x->cmd->p2, pin) != ERR_OK)
        return SW_REFERENCE;
    return SW_OK;
}

/* P1 00 and a key that the card has. */
static sw_t begin(const struct card *card, const struct exec *x, struct pin_object *pin)
{
    return x->cmd->p1 != 0x00 ? SW_P1P2 : find(card, x, pin);
}

static uint8_t flags(const struct card *card, const struct pin_object *pin)
{
    return pin_entry(card, pin->index)[PIN_FIELD_FLAGS];
}

static bool is_enabled(const struct card *card, const struct pin_object *pin)
{
    return (flags(card, pin) & PIN_FLAG_ENABLED) != 0;
}

static bool is_blocked(const struct card *card, const struct pin_object *pin)
{
    return pin_entry(card, pin->index)[PIN_FIELD_TRIES] == 0;
}

static sw_t set_flags(struct card *card, const struct pin_object *pin, uint8_t value)
{
    return sw_from_err(pin_patch(card, pin->index, PIN_FIELD_FLAGS, &value, 1));
}

/* What a user may choose: 4 to 8 digits, then FF (TS 102 221 9.5.1). ADM keys are any bytes. */
static bool is_well_formed(uint8_t reference, const uint8_t *value)
{
    size_t digits = 0;

    if (pin_is_adm(reference))
        return true;
    while (digits < PIN_LEN && value[digits] >= '0' && value[digits] <= '9')
        digits++;
    for (size_t i = digits; i < PIN_LEN; i++) {
        if (value[i] != 0xFF)
            return false;
    }
    return digits >= DIGITS_MIN;
}

/* Present the PIN. Whether it was right decides what is verified from now on. */
static sw_t present(struct card *card, struct exec *x, const struct pin_object *pin,
                    const uint8_t *value)
{
    sw_t sw = pin_compare(card, pin, PIN_FIELD_VALUE, value);

    pin_set_verified(card, x->ch, pin->row->reference, sw_equal(sw, SW_OK));
    return sw;
}

/* ---- commands ---- */

sw_t pin_cmd_verify(struct card *card, struct exec *x)
{
    struct pin_object pin = {0};
    sw_t sw = begin(card, x, &pin);

    if (!sw_equal(sw, SW_OK))
        return sw;
    if (x->cmd->data.left != 0 && x->cmd->data.left != PIN_LEN)
        return SW_WRONG_LENGTH;
    if (is_blocked(card, &pin))
        return SW_BLOCKED;
    /* Modems ask at every start; cards in the field tell the tries of a disabled PIN, too. */
    if (x->cmd->data.left == 0)
        return sw_tries_left(pin_entry(card, pin.index)[PIN_FIELD_TRIES]);
    if (!is_enabled(card, &pin))
        return SW_INVALIDATED;
    return present(card, x, &pin, x->cmd->data.at);
}

sw_t pin_cmd_change(struct card *card, struct exec *x)
{
    struct pin_object pin = {0};
    sw_t sw = begin(card, x, &pin);

    if (!sw_equal(sw, SW_OK))
        return sw;
    if (x->cmd->data.left != 2 * PIN_LEN)
        return SW_WRONG_LENGTH;
    if (is_blocked(card, &pin))
        return SW_BLOCKED;
    if (!is_enabled(card, &pin))
        return SW_INVALIDATED;
    if (!is_well_formed(pin.row->reference, x->cmd->data.at + PIN_LEN))
        return SW_BAD_DATA;
    sw = present(card, x, &pin, x->cmd->data.at);
    if (!sw_equal(sw, SW_OK))
        return sw;
    return sw_from_err(
        pin_patch(card, pin.index, PIN_FIELD_VALUE, x->cmd->data.at + PIN_LEN, PIN_LEN));
}

static bool replaces_another(const struct card *card)
{
    for (size_t i = 0; i < card->profile->pin_count; i++) {
        const uint8_t *entry = pin_entry(card, i);

        if (entry != NULL && (entry[PIN_FIELD_FLAGS] & PIN_FLAG_REPLACED) != 0)
            return true;
    }
    return false;
}

/* May P1 be so, and may this key be disabled at all? replaced: by the universal PIN. */
static sw_t check_disable(const struct card *card, uint8_t p1, const struct pin_object *pin,
                          bool *replaced)
{
    struct pin_object universal = {0};
    uint8_t reference = pin->row->reference;

    *replaced = (p1 & P1_REPLACE) != 0;
    if (p1 != 0x00 && (p1 & ~P1_REPLACE_KEY) != P1_REPLACE)
        return SW_P1P2;
    if (*replaced && (p1 & P1_REPLACE_KEY) != PIN_UNIVERSAL)
        return SW_P1P2;
    if (*replaced && pin_find(card, PIN_UNIVERSAL, &universal) != ERR_OK)
        return SW_REFERENCE;
    if (*replaced && (reference == PIN_UNIVERSAL || !is_enabled(card, &universal)))
        return SW_CONDITIONS;
    if (pin_is_adm(reference) || (reference == PIN_UNIVERSAL && replaces_another(card)))
        return SW_CONDITIONS;
    return SW_OK;
}

sw_t pin_cmd_disable(struct card *card, struct exec *x)
{
    struct pin_object pin = {0};
    bool replaced = false;
    sw_t sw = find(card, x, &pin);

    if (sw_equal(sw, SW_OK))
        sw = check_disable(card, x->cmd->p1, &pin, &replaced);
    if (!sw_equal(sw, SW_OK))
        return sw;
    if (x->cmd->data.left != PIN_LEN)
        return SW_WRONG_LENGTH;
    if (is_blocked(card, &pin))
        return SW_BLOCKED;
    if (!is_enabled(card, &pin))
        return SW_INVALIDATED;
    sw = present(card, x, &pin, x->cmd->data.at);
    if (!sw_equal(sw, SW_OK))
        return sw;
    /* From now on its condition is that of the key in its place, or none. */
    pin_set_verified(card, x->ch, pin.row->reference, false);
    return set_flags(card, &pin, replaced ? PIN_FLAG_REPLACED : 0);
}

sw_t pin_cmd_enable(struct card *card, struct exec *x)
{
    struct pin_object pin = {0};
    sw_t sw = begin(card, x, &pin);

    if (!sw_equal(sw, SW_OK))
        return sw;
    if (x->cmd->data.left != PIN_LEN)
        return SW_WRONG_LENGTH;
    if (is_blocked(card, &pin))
        return SW_BLOCKED;
    if (is_enabled(card, &pin))
        return SW_CONDITIONS;
    sw = present(card, x, &pin, x->cmd->data.at);
    return sw_equal(sw, SW_OK) ? set_flags(card, &pin, PIN_FLAG_ENABLED) : sw;
}

static sw_t unblock_tries(const struct card *card, const struct pin_object *pin)
{
    uint8_t tries = pin_entry(card, pin->index)[PIN_FIELD_UNBLOCK_TRIES];

    return tries == 0 ? SW_BLOCKED : sw_tries_left(tries);
}

/* The new value; all tries; enabled again, as TS 102 221 11.1.13 has it. */
static sw_t unblock(struct card *card, struct exec *x, const struct pin_object *pin,
                    const uint8_t *value)
{
    uint8_t head[2] = {PIN_FLAG_ENABLED, pin->row->tries};
    enum err e = pin_patch(card, pin->index, PIN_FIELD_VALUE, value, PIN_LEN);

    if (e == ERR_OK)
        e = pin_patch(card, pin->index, PIN_FIELD_FLAGS, head, sizeof head);
    if (e == ERR_OK)
        pin_set_verified(card, x->ch, pin->row->reference, true);
    return sw_from_err(e);
}

sw_t pin_cmd_unblock(struct card *card, struct exec *x)
{
    struct pin_object pin = {0};
    struct rd data = x->cmd->data;
    sw_t sw = begin(card, x, &pin);

    if (!sw_equal(sw, SW_OK))
        return sw;
    if (pin.row->unblock_tries == 0)
        return SW_REFERENCE;
    if (data.left == 0)
        return unblock_tries(card, &pin);
    if (data.left != 2 * PIN_LEN)
        return SW_WRONG_LENGTH;
    if (pin_entry(card, pin.index)[PIN_FIELD_UNBLOCK_TRIES] == 0)
        return SW_BLOCKED;
    if (!is_well_formed(pin.row->reference, data.at + PIN_LEN))
        return SW_BAD_DATA;
    sw = pin_compare(card, &pin, PIN_FIELD_UNBLOCK, data.at);
    return sw_equal(sw, SW_OK) ? unblock(card, x, &pin, data.at + PIN_LEN) : sw;
}
