/*
 * toolkit.h - the toolkit framework (TS 102 241): who wants to hear of what, in which
 * order, and the activations under way.
 *
 * Triggering order: by priority, 01 first; among equals the instance installed last.
 */
#ifndef RESEAT_UICC_APPLET_TOOLKIT_H
#define RESEAT_UICC_APPLET_TOOLKIT_H

#include "uicc/applet/applet.h"

#define TOOLKIT_ACTIVATIONS_MAX 8 /* alive at a time */
#define TOOLKIT_ENTRIES_MAX     8 /* menu entries of one instance */
#define TOOLKIT_TEXT_MAX        32
#define TOOLKIT_TIMERS_MAX      8

struct toolkit_menu_entry {
    uint8_t id;       /* 1 to 7F, of the whole card */
    uint8_t position; /* 0: behind those that have one */
    bool initialised, enabled;
    uint8_t text_len;
    uint8_t text[TOOLKIT_TEXT_MAX];
};

/* What an instance was granted at installation and what it registered for. */
struct toolkit_registration {
    uint8_t priority; /* 01 first; 00: no toolkit applet */
    uint8_t max_timers, max_text;
    uint8_t timers; /* bit per timer that it has */
    uint64_t events;
    uint8_t entry_count;
    struct toolkit_menu_entry entries[TOOLKIT_ENTRIES_MAX];
};

/* errors: ERR_NOT_FOUND (no toolkit applet), ERR_CORRUPT */
NODISCARD enum err applet_toolkit_read(const struct store *s, uint8_t number,
                                       struct toolkit_registration *out);
NODISCARD enum err applet_toolkit_write(struct store *s, uint8_t number,
                                        const struct toolkit_registration *r);
/* Give each entry of r without one an identifier that no other instance has. ERR_EXISTS if one asks
 * for an identifier that is taken. */
NODISCARD enum err applet_toolkit_number(const struct store *s, struct toolkit_registration *r);

/* A piece of memory that an instance has until a reset, or until it is deselected on a channel. */
#define TRANSIENT_UNTIL_RESET 0xFF
struct transient {
    struct transient *next;
    uint8_t number;
    uint8_t channel; /* or TRANSIENT_UNTIL_RESET */
    uint16_t len;
    uint8_t bytes[] __attribute__((aligned(16)));
};

/* Volatile state of all applets of a card. */
struct applets {
    struct applet_activation *first;   /* in the order in which they came */
    struct applet_activation *sending; /* its command is with the terminal, or waits for FETCH */
    uint8_t count;
    bool serving;    /* on the way down already */
    bool ready;      /* TERMINAL PROFILE was received */
    bool set_up_due; /* menu and event list are not what the terminal knows */
    bool menu_told, events_told;
    struct transient *transients; /* CLEAR_ON_RESET and CLEAR_ON_DESELECT */
    uint8_t personalised;         /* instance that STORE DATA is for (uicc/isd); 0 none */
    uint8_t listed;               /* entry that GET STATUS told last, while there is more to tell */
    uint8_t listed_subset;        /* of this P1 */
    uint64_t spoilt_ms;           /* last authentication that failed, or when the power came */
};

NODISCARD enum err applet_open(struct card *card); /* at uicc_create */
void applet_close(struct card *card);
void applet_reset(struct card *card);

/* The terminal said what it can do: menu, event list, and who waits for it. */
void applet_terminal_ready(struct card *card);
/* An ENVELOPE came. SW_BUSY when one addressed applet cannot be triggered now. */
sw_t applet_envelope(struct card *card, uint8_t tag, struct rd value);
/* One instance, one event. errors: ERR_BUSY (too many under way), ERR_NOMEM */
NODISCARD enum err applet_trigger(struct card *card, uint8_t number, uint8_t event, uint8_t item,
                                  struct rd envelope);
/* A command ended, or the registry changed: go on with what waits. */
void applet_serve(struct card *card);
void applet_registrations_changed(struct card *card);
/* Tell the terminal of another menu or event list, if it does not know yet. */
void applet_set_up(struct card *card);
/* An instance goes: its activations and its transient memory go. */
void applet_forget(struct card *card, uint8_t number);
/* It is deselected on a channel: what it had there is cleared. */
void applet_clear_selected(struct card *card, uint8_t channel);

/* Bodies of SET UP MENU and SET UP EVENT LIST; false when there is nothing to set up. */
bool applet_write_menu(const struct card *card, struct wr *w);
bool applet_write_event_list(const struct card *card, struct wr *w);

#endif
