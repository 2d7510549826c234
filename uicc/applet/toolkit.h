/*
 * toolkit.h - the toolkit framework (TS 102 241): who wants to hear of what, in which
 * order, and the activations under way.
 *
 * Triggering order: what is part of the card, then by priority, 01 first; among equals the
 * instance installed last.
 */
#ifndef RESEAT_UICC_APPLET_TOOLKIT_H
#define RESEAT_UICC_APPLET_TOOLKIT_H

#include "uicc/applet/applet.h"

#define TOOLKIT_ACTIVATIONS_MAX 8 /* alive at a time */
#define TOOLKIT_ENTRIES_MAX     8 /* menu entries of one instance */
#define TOOLKIT_TEXT_MAX        32
#define TOOLKIT_TIMERS_MAX      8
#define TOOLKIT_SERVICES_MAX    8
#define TOOLKIT_CHANNELS_MAX    7 /* of the bearer independent protocol, 1 to 7 */
#define TOOLKIT_POLL_MAX        15300U
#define TOOLKIT_PRIORITY_CARD   0 /* of what is part of the card: before all others */

struct toolkit_menu_entry {
    uint8_t id;       /* 1 to 7F, of the whole card */
    uint8_t position; /* 0: behind those that have one */
    bool initialised, enabled, help;
    uint8_t next_action;
    uint8_t text_len;
    uint8_t text[TOOLKIT_TEXT_MAX];
};

/* What an instance was granted at installation and what it registered for. */
struct toolkit_registration {
    uint8_t priority; /* 01 first; at installation 00: no toolkit applet */
    uint8_t max_timers, max_text, max_channels, max_services;
    uint8_t timers, services; /* bit per timer or service that it has */
    uint16_t poll_seconds;
    struct applet_events events;
    uint8_t entry_count;
    struct toolkit_menu_entry entries[TOOLKIT_ENTRIES_MAX];
};

/* --- registration.c: in the store --- */

/* errors: ERR_NOT_FOUND (no toolkit applet), ERR_CORRUPT */
NODISCARD enum err applet_toolkit_read(const struct store *s, uint8_t number,
                                       struct toolkit_registration *out);
NODISCARD enum err applet_toolkit_write(struct store *s, uint8_t number,
                                        const struct toolkit_registration *r);
/* Give each entry of r without one an identifier that no other instance has. ERR_EXISTS if one asks
 * for an identifier that is taken. */
NODISCARD enum err applet_toolkit_number(const struct store *s, struct toolkit_registration *r);

/* The next instance after *number that is selectable and registered; begin with 0. */
bool applet_toolkit_next(const struct store *s, struct applet_entry *entry,
                         struct toolkit_registration *out);

/* --- volatile --- */

/* A piece of memory that an instance has until a reset, or until it is deselected on a channel. */
#define TRANSIENT_UNTIL_RESET 0xFF
struct transient {
    struct transient *next;
    uint8_t number;
    uint8_t channel; /* or TRANSIENT_UNTIL_RESET */
    uint16_t len;
    uint8_t bytes[] __attribute__((aligned(16)));
};

/* The answer to an ENVELOPE or a packet while applets may still give it. */
struct applet_reply {
    struct wr *out;
    size_t room;
    bool posted, refused;
};

/* What must happen once the command that did it is durable. */
struct applet_effects {
    bool reset : 1;        /* REFRESH, UICC reset */
    bool keys_changed : 1; /* a key died */
};

/* Volatile state of all applets of a card. Every card of a fleet has it: widest members first. */
struct applets {
    struct applet_activation *first; /* in the order in which they came */
    struct transient *transients;    /* CLEAR_ON_RESET and CLEAR_ON_DESELECT */
    struct applet_reply *reply;      /* while an ENVELOPE or a packet may be answered */
    uint64_t listened;               /* cache over the registrations: applet_event_mask() */
    uint64_t spoilt_ms; /* last authentication that failed, or when the power came (uicc/isd) */
    uint16_t poll_told, poll_granted;       /* seconds; 0 none */
    uint8_t error;                          /* the first one that an activation ended with */
    uint8_t channels[TOOLKIT_CHANNELS_MAX]; /* who opened channel 1, 2 ...; 0 nobody */
    uint8_t count;                          /* of activations */
    uint8_t personalised;                   /* instance that STORE DATA is for (uicc/isd); 0 none */
    uint8_t listed;        /* entry that GET STATUS told last, while there is more to tell */
    uint8_t listed_subset; /* of this P1 */
    struct applet_effects effects;

    bool started : 1; /* the first command after the answer to reset was there */
    bool serving : 1; /* on the way down already */
    bool aborted : 1; /* applet_abort() was called by the activation under way */
    bool listened_known : 1;
    bool ready : 1;      /* TERMINAL PROFILE was received */
    bool set_up_due : 1; /* menu, event list and polling are not what the terminal knows */
    bool menu_told : 1, events_told : 1;
};

/* --- toolkit.c: activations --- */

NODISCARD enum err applet_open(struct card *card); /* at uicc_create */
void applet_close(struct card *card);
void applet_reset(struct card *card);

/* What an instance is to be triggered by. */
struct applet_cause {
    uint8_t event, tag, item;
    struct rd envelope;
    const struct applet_packet *packet; /* NULL: none */
};
/* One instance, one event: it waits for applet_serve(). errors: ERR_BUSY (too many under way),
 * ERR_NOMEM */
NODISCARD enum err applet_trigger(struct card *card, uint8_t number,
                                  const struct applet_cause *cause);
/* A command ended, or the registry changed: go on with what waits. */
void applet_serve(struct card *card);
/* An instance goes: its activations and its transient memory go. */
void applet_forget(struct card *card, uint8_t number);
/* It is deselected on a channel: what it had there is cleared. */
void applet_clear_selected(struct card *card, uint8_t channel);

/*
 * A secured packet to one of its TARs, inside the transaction of the packet: the applet is called
 * now, and what it posts is in answer. Its proactive command, if it sends one, waits for
 * applet_serve().
 * out:    refused  it posted "not ok"
 *         act      the activation, until applet_serve(); NULL on error
 * errors: ERR_BUSY (it is under way already, or too many are), ERR_NOMEM; what it failed with
 */
NODISCARD enum err applet_run_packet(struct card *card, uint8_t number,
                                     const struct applet_cause *cause, struct wr *answer,
                                     bool *refused, struct applet_activation **act);
/* The transaction failed: what it asked for is not done. act: as above, or NULL */
void applet_drop_packet(struct card *card, const struct applet_activation *act);

/* --- trigger.c: what happens becomes activations --- */

/* Does this instance take secured packets that come so (EVENT_FORMATTED_SMS_PP_ENV, _UPD)? */
bool applet_takes_packets(const struct card *card, uint8_t number, uint8_t event);

/* Does anybody listen? Quick: most events of most cards interest nobody. */
bool applet_is_listened(const struct card *card, uint8_t event);
/* Who is triggered first; 0 for nobody. */
uint8_t applet_first_listener(const struct card *card, uint8_t event);
/* Something happened that is no ENVELOPE. errors: those of the store */
NODISCARD enum err applet_happened(struct card *card, uint8_t event);
/* STATUS came: the terminal asks whether the card wants something. */
NODISCARD enum err applet_polled(struct card *card);
/* The first command after the answer to reset has been executed; commits by itself. */
void applet_first_command(struct card *card);
/* The terminal said what it can do: menu, event list, and who waits for it. */
NODISCARD enum err applet_terminal_ready(struct card *card);
/* An ENVELOPE came, with this object; answers go to out, unless the card has answered already.
 * SW_BUSY when one addressed applet cannot be triggered now. */
sw_t applet_envelope(struct card *card, uint8_t tag, struct rd value, struct wr *out);
/* Is there an applet that takes such a message instead of the card (TS 31.130 6.2)? */
bool applet_takes_message(const struct card *card);
/* A record was written by the terminal; content goes to applets if it is a message in EF.SMS.
 * SW_MEMORY when that fails: then the record was not written either. */
sw_t applet_record_written(struct card *card, uint16_t node, uint8_t record, struct rd content);
/* All who were called have been: did they fail the command under way? If not, what they asked for
 * follows. errors: theirs */
NODISCARD enum err applet_conclude(struct card *card);
/* The effects of a command: take them once it is durable, or drop them. */
struct applet_effects applet_take_effects(struct card *card);

/* --- setup.c: what the terminal is told --- */

/* A registration changed, and so may what the terminal must know. */
void applet_registrations_changed(struct card *card);
/* The same, and the terminal need not know. */
void applet_listeners_changed(struct card *card);
/* Tell the terminal of another menu, event list or poll interval, if it does not know yet. */
void applet_set_up(struct card *card);

/* Bodies of SET UP MENU and SET UP EVENT LIST; false when there is nothing to set up. */
bool applet_write_menu(const struct card *card, struct wr *w, bool *help);
bool applet_write_event_list(const struct card *card, struct wr *w);

#endif
