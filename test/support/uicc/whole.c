#include "test/support/uicc/whole.h"

#include "uicc/aka/sqn.h"
#include "uicc/applet/toolkit.h"
#include "uicc/fs/tree.h"
#include "uicc/pin/pin.h"
#include "uicc/remote/counter.h"

bool whole_is_legal(uint8_t sw1, uint8_t sw2)
{
    switch (sw1) {
    case 0x61:
    case 0x6C:
    case 0x91:
    case 0x9F:
    case 0x67:
    case 0x9E:
        return true;
    case 0x90:
    case 0x93:
    case 0x6B:
    case 0x6D:
    case 0x6E:
    case 0x6F:
    case 0x64:
        return sw2 == 0x00;
    case 0x62:
        return sw2 == 0x00 || (sw2 >= 0x81 && sw2 <= 0x85) || (sw2 >= 0xF1 && sw2 <= 0xF3);
    case 0x63:
        return sw2 >= 0xC0 || sw2 == 0x10 || sw2 == 0x00;
    case 0x65:
        return sw2 == 0x00 || sw2 == 0x81;
    case 0x68:
        return sw2 == 0x81 || sw2 == 0x82;
    case 0x69:
        return sw2 >= 0x81 && sw2 <= 0x89;
    case 0x6A:
        return sw2 >= 0x80 && sw2 <= 0x8A;
    case 0x92:
        return sw2 == 0x40;
    case 0x94:
        return sw2 == 0x00 || sw2 == 0x02 || sw2 == 0x04 || sw2 == 0x08 || sw2 >= 0x84;
    case 0x98:
        return sw2 == 0x02 || sw2 == 0x04 || sw2 == 0x08 || sw2 == 0x10 || sw2 == 0x40 ||
               sw2 == 0x50 || (sw2 >= 0x62 && sw2 <= 0x66);
    default:
        return false;
    }
}

bool whole_answer(struct rd response)
{
    uint8_t sw1, sw2;

    if (response.left < 2 || response.left > APDU_RESPONSE_MAX)
        return false;
    sw1 = response.at[response.left - 2];
    sw2 = response.at[response.left - 1];
    return whole_is_legal(sw1, sw2) && (response.left == 2 || sw1 == 0x90 || sw1 == 0x91 ||
                                        sw1 == 0x61 || sw1 == 0x9F || sw1 == 0x62 || sw1 == 0x63);
}

static const char *channel_fault(const struct card *card, unsigned number)
{
    const struct channel *ch = channel_get(card, number);

    if (ch == NULL)
        return number == 0 ? "the basic channel is closed" : NULL;
    if (!ch->open || ch->number != number)
        return "a channel under a number that is not its own";
    if (!fs_exists(card, ch->df) || !fs_is_df(card, ch->df))
        return "a current directory that is none";
    if (ch->app != NODE_NONE &&
        (!fs_exists(card, ch->app) || fs_file(card, ch->app)->kind != FS_ADF))
        return "a session of no application";
    if (ch->ef == NODE_NONE)
        return ch->record == 0 ? NULL : "a current record of no file";
    if (!fs_exists(card, ch->ef) || fs_is_df(card, ch->ef))
        return "a current file that is none";
    return fs_file(card, ch->ef)->parent == ch->df ? NULL : "a current file of another directory";
}

static bool pins_are_whole(const struct card *card)
{
    for (size_t i = 0; i < card->profile->pin_count; i++) {
        struct pin_state pin;

        if (pin_read(card, card->profile->pins[i].reference, &pin) != ERR_OK ||
            pin.tries > pin.tries_max || pin.unblock_tries > pin.unblock_tries_max ||
            (pin.enabled && pin.replaced))
            return false;
    }
    return true;
}

const char *whole_card(const struct card *card)
{
    const char *fault = NULL;

    if (store_dirty(&card->store))
        return "something is left uncommitted";
    if (!fs_check(card))
        return "the files contradict each other";
    if (!pins_are_whole(card))
        return "a PIN contradicts itself";
    if (!slot_check(&card->store))
        return "the slots contradict each other";
    if (card->applets->count > TOOLKIT_ACTIVATIONS_MAX)
        return "too many applets under way";
    for (unsigned i = 0; i < APDU_CHANNELS && fault == NULL; i++)
        fault = channel_fault(card, i);
    return fault;
}

void whole_mark(const struct card *card, struct whole_marks *out)
{
    for (uint8_t i = 1; i <= OPCHANGE_SLOTS_MAX; i++) {
        out->counters[i] = counter_read(&card->store, i);
        out->sequences[i] = sqn_highest(&card->store, i);
        out->states[i] = slot_state_of(&card->store, i);
    }
}

/* uicc/slot/fsm.c draws it: no way back to spare, none out of retired. */
static bool went_back(enum slot_state then, enum slot_state now)
{
    if (then == SLOT_RETIRED)
        return now != SLOT_RETIRED;
    return (then == SLOT_EMPTY) != (now == SLOT_EMPTY) ||
           (now == SLOT_SPARE && then != SLOT_SPARE) ||
           (now == SLOT_TRIAL && then != SLOT_TRIAL && then != SLOT_SPARE);
}

const char *whole_since(const struct card *card, const struct whole_marks *then, bool keys_renewed)
{
    struct whole_marks now;

    whole_mark(card, &now);
    for (unsigned i = 1; i <= OPCHANGE_SLOTS_MAX; i++) {
        if (went_back(then->states[i], now.states[i]))
            return "a slot went back";
        if (now.states[i] == SLOT_RETIRED)
            continue;
        if (now.counters[i] < then->counters[i])
            return "a counter of packets went back";
        if (now.sequences[i] < then->sequences[i] && !keys_renewed)
            return "a sequence number went back";
    }
    return NULL;
}
