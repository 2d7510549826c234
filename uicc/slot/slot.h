/*
 * slot.h - the indexed list of Ki/OTA pairs of a card (TR 33.812, alternative 3b)
 * and the state of each. Index 1 to 15; the index is also the version of the
 * slot's OTA key set (TS 102 225 5.1.2: 1 to F).
 *
 * No command, file, trace or log ever gives a key out; only uicc/usim, uicc/remote
 * and personalisation read them, through this header.
 */
#ifndef RESEAT_UICC_SLOT_SLOT_H
#define RESEAT_UICC_SLOT_SLOT_H

#include "apdu/aka.h"
#include "apdu/opchange.h"
#include "apdu/secpkt.h"
#include "uicc/nvm/store.h"

enum slot_state {
    SLOT_EMPTY = 0,    /* no pair */
    SLOT_SPARE = 1,    /* loaded, never used */
    SLOT_ACTIVE = 2,   /* in force */
    SLOT_TRIAL = 3,    /* in force since a change, not yet authenticated */
    SLOT_FALLBACK = 4, /* the pair before the trial */
    SLOT_RETIRED = 5,  /* used and wiped */
};

/* What happens to slots; see the table in slot/fsm.c. */
enum slot_event {
    SLOT_LOAD,      /* personalised as spare */
    SLOT_FIRST,     /* personalised as the first one in force */
    SLOT_TRY,       /* operator change: spare -> trial */
    SLOT_STEP_BACK, /* operator change: active -> fallback */
    SLOT_CONFIRM,   /* first authentication: trial -> active */
    SLOT_RETIRE,    /* fallback -> retired, wiped */
    SLOT_RESTORE,   /* trial failed: fallback -> active */
    SLOT_DROP,      /* trial failed: trial -> retired, wiped */
};

/* ERR_CONDITIONS for an event that the state has no row for. */
NODISCARD enum err slot_next_state(enum slot_state from, enum slot_event event,
                                   enum slot_state *to);

/* The table itself, for whoever draws it; NULL beyond the last row. Texts are static. */
struct slot_row {
    enum slot_state from;
    enum slot_event event;
    enum slot_state to;
};
const struct slot_row *slot_row(size_t n);
const char *slot_state_text(enum slot_state state);
const char *slot_event_text(enum slot_event event);

/* One pair with its OTA key set. Secrets: wipe with slot_wipe(). */
struct slot {
    enum slot_state state;
    struct aka_key aka;
    struct secpkt_key kic, kid, kik; /* kik: DEK for PUT KEY */
};
#define SLOT_WIPED __attribute__((cleanup(slot_wipe)))
void slot_wipe(struct slot *s);

/* errors: ERR_NOT_FOUND (index 0, above 15, or no such slot), ERR_CORRUPT. */
NODISCARD enum err slot_read(const struct store *s, uint8_t index, struct slot *out);
/* Staged in the store's transaction. A retired slot is written without keys. */
NODISCARD enum err slot_write(struct store *s, uint8_t index, const struct slot *slot);
/* Move a slot by an event (see slot_next_state); wipes keys and forgets when it ends retired. */
NODISCARD enum err slot_move(struct store *s, uint8_t index, enum slot_event event);

/* Who is in force: index of the active or trial slot; 0 if none (a damaged card). */
uint8_t slot_in_force(const struct store *s);
enum slot_state slot_state_of(const struct store *s, uint8_t index);
uint8_t slot_fallback(const struct store *s);   /* 0 = none */
uint8_t slot_next_spare(const struct store *s); /* lowest spare index, 0 = exhausted */
void slot_count(const struct store *s, uint8_t *slots, uint8_t *spare);

/* At most one in force; a trial has a fallback; a fallback has a trial. */
bool slot_check(const struct store *s);

#endif
