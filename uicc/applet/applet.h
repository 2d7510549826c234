/*
 * applet.h - what an applet is to the card, and the card to an applet: one vtable, after
 * javacard.framework.Applet and uicc.toolkit.ToolkitInterface, behind which a native
 * applet stands or an interpreter.
 *
 * An applet is called with a handle to itself and to nothing else: it reaches its own
 * data, its own registrations, and files with the rights of its access domain. That is
 * the firewall. What it does in one call is part of the card's transaction: a status word
 * of failure undoes it.
 *
 * Toolkit: an event makes an activation. When the applet sends a proactive command, it
 * returns; its activation is parked, and the applet is called with it again when the
 * TERMINAL RESPONSE is there, many commands later. What it must remember meanwhile is in
 * the activation, never on the C stack.
 *
 *                 trigger          applet_send             TERMINAL RESPONSE
 *   (waits its turn) --> called --------------> parked ---------------------> called ...
 *                          |
 *                          +-- returns without sending: the activation is over
 */
#ifndef RESEAT_UICC_APPLET_APPLET_H
#define RESEAT_UICC_APPLET_APPLET_H

#include "uicc/applet/registry.h"
#include "uicc/cat/cat.h"

struct applet_ops;

struct applet {
    struct card *card;
    uint8_t number; /* of its entry */
    const struct applet_ops *ops;
};

/* Events, as uicc.toolkit.ToolkitConstants and uicc.usim.toolkit number them. */
enum applet_event {
    APPLET_PROFILE_DOWNLOAD = 1,
    APPLET_FORMATTED_SMS = 2, /* a secured packet to one of its TARs */
    APPLET_CELL_BROADCAST = 6,
    APPLET_MENU_SELECTION = 7,
    APPLET_MENU_HELP = 8,
    APPLET_CALL_CONTROL = 9,
    APPLET_MO_SMS_CONTROL = 10,
    APPLET_TIMER_EXPIRATION = 11,
    APPLET_EVENT_DOWNLOAD = 12, /* and on: event 00 of TS 102 223 8.25, event 01, ... */
    APPLET_LOCATION_STATUS = APPLET_EVENT_DOWNLOAD + 0x03,
    APPLET_EVENTS = 48,
};

/* One event on its way through an applet. */
struct applet_activation {
    struct applet_activation *next;
    uint8_t number;     /* of the instance */
    uint8_t event;      /* enum applet_event */
    uint8_t item;       /* menu entry, timer or, for a packet, nothing */
    struct rd envelope; /* value of the ENVELOPE's object, a copy; or the data of a packet */

    uint16_t stage;  /* the applet's own: 0 when it is called first */
    uint8_t *memory; /* the applet's own: applet_remember() */
    size_t memory_len;

    /* of the command sent last, when called again */
    uint8_t result;     /* general result */
    struct rd response; /* all TLVs of the TERMINAL RESPONSE; valid during the call */

    /* the card's */
    enum { APPLET_READY, APPLET_SENDING, APPLET_PARKED, APPLET_OVER } state;
    uint8_t steps; /* calls since the last TERMINAL RESPONSE or the beginning */
    uint8_t type, qualifier, destination;
    uint8_t body_len;
    uint8_t body[CAT_COMMAND_MAX];
};

struct applet_ops {
    /* Applet.install() and register(): parameters is the value of C9. Anything but ERR_OK: the
     * instance does not come to be. NULL: nothing to do. */
    enum err (*install)(struct applet *a, struct rd parameters);
    /* The instance goes; its data goes by itself. */
    void (*uninstall)(struct applet *a);
    /* Applet.select(). Its answer goes to x->out. NULL: always, with the usual answer. */
    sw_t (*select)(struct applet *a, struct exec *x);
    /* Applet.process(): one command on a channel where it is selected. */
    sw_t (*process)(struct applet *a, struct exec *x);
    /* Applet.deselect(): of this channel. */
    void (*deselect)(struct applet *a, uint8_t channel);
    /* ToolkitInterface.processToolkit(). NULL: no toolkit applet. */
    void (*toolkit)(struct applet *a, struct applet_activation *act);
    /* MultiSelectable: on more channels than one at a time. */
    bool multiselectable;
};

/* --- its own data (persistent objects; JCSystem.makeTransient...) --- */

/* Empty until first written. Borrowed until the next write. */
struct rd applet_data(const struct applet *a);
/* errors: ERR_SPACE beyond its quota; those of the store. */
NODISCARD enum err applet_write_data(struct applet *a, struct rd bytes);
/* n bytes that are zero after each reset (CLEAR_ON_RESET), the same piece every time; NULL when
 * there is no memory, or n is another one than at first. */
void *applet_transient(struct applet *a, size_t n);
/* The same of one channel, until the applet is deselected there (CLEAR_ON_DESELECT). */
void *applet_transient_selected(struct applet *a, uint8_t channel, size_t n);

/* --- ToolkitRegistry --- */

/* errors: ERR_RANGE (no such event, or one that comes with an entry, a timer or a TAR) */
NODISCARD enum err applet_set_event(struct applet *a, uint8_t event);
NODISCARD enum err applet_clear_event(struct applet *a, uint8_t event);
bool applet_is_event_set(const struct applet *a, uint8_t event);
/* The next of the menu entries that its installation granted. errors: ERR_SPACE (no more
 * granted), ERR_RANGE (text too long). */
NODISCARD enum err applet_add_menu_entry(struct applet *a, const char *text, uint8_t *id);
NODISCARD enum err applet_enable_menu_entry(struct applet *a, uint8_t id, bool enabled);
/* errors: ERR_SPACE (no more granted, or none free) */
NODISCARD enum err applet_allocate_timer(struct applet *a, uint8_t *id);
NODISCARD enum err applet_release_timer(struct applet *a, uint8_t id);

/* --- ProactiveHandler, EnvelopeHandler --- */

/* Ask for a proactive command: the applet returns next, and is called again with the
 * result. The last one before it returns counts. errors: ERR_SPACE (body too long) */
NODISCARD enum err applet_send(struct applet_activation *act, uint8_t type, uint8_t qualifier,
                               uint8_t destination, struct rd body);
NODISCARD enum err applet_display_text(struct applet_activation *act, const char *text);
/* Memory of this activation, zeroed; NULL when there is none left. Once. */
void *applet_remember(struct applet *a, struct applet_activation *act, size_t n);

/* --- FileView --- */

/* Body of an EF by its path of FIDs below the MF (7FFF: the USIM), if the access domain may read
 * it. errors: ERR_NOT_FOUND, ERR_DENIED */
NODISCARD enum err applet_read_file(const struct applet *a, struct rd path, struct rd *body);
NODISCARD enum err applet_update_file(struct applet *a, struct rd path, size_t offset,
                                      struct rd bytes);

#endif
