/*
 * whole.h - what holds of a card after every command, whoever sent it: for fuzz targets, which
 * stop where it does not, and for tests.
 */
#ifndef RESEAT_TEST_WHOLE_H
#define RESEAT_TEST_WHOLE_H

#include "uicc/core/card.h"
#include "uicc/slot/slot.h"

/* May an answer of a UICC end so (TS 102 221 10.2.1, TS 51.011 9.4, GlobalPlatform 11.1.3)? */
bool whole_is_legal(uint8_t sw1, uint8_t sw2);
/* Data and status word, as T=0 has them: data comes with an end that is none, or with a warning. */
bool whole_answer(struct rd response);

/*
 * Nothing is left uncommitted; files, channels, PINs and applets are whole. NULL, or what is not.
 */
const char *whole_card(const struct card *card);

/* What a card may lose by no command whatever: counters, sequence numbers, steps of its slots. */
struct whole_marks {
    uint64_t counters[OPCHANGE_SLOTS_MAX + 1];
    uint64_t sequences[OPCHANGE_SLOTS_MAX + 1];
    enum slot_state states[OPCHANGE_SLOTS_MAX + 1];
};
void whole_mark(const struct card *card, struct whole_marks *out);
/* Has nothing gone back since then? keys_renewed: a sequence number may have begun anew. */
const char *whole_since(const struct card *card, const struct whole_marks *then, bool keys_renewed);

#endif
