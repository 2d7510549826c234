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
 *
 * An interpreter of bytecode plugs in at one place: applet_ops_of() in install.c gives the
 * vtable behind a module. Native load files have theirs in native.c; for a load file that LOAD
 * brought it is none today, so that INSTALL answers 6A81. An interpreter gives one vtable for
 * all of them there, and finds by the handle's number whom it runs:
 *
 *   Applet.install, register        install; the entry (manage.h) has AID, privileges, C9
 *   select, process, deselect       select (with the answer that process() gives while
 *                                   selectingApplet() is true), process, deselect
 *   MultiSelectable                 multiselectable; who is so only sometimes refuses in select
 *   AppletEvent.uninstall           uninstall
 *   ToolkitInterface.processToolkit toolkit; ProactiveHandler.send() unwinds to here with the
 *                                   frames in applet_remember(), and goes on in the next call
 *   JCSystem.makeTransient...       applet_transient, applet_transient_selected
 *   JCSystem.abortTransaction       applet_abort
 *   ToolkitRegistry, the handlers   below; uicc.access.FileView: view.h
 *   Shareable interfaces            its own business: no caller here reaches across applets
 */
#ifndef RESEAT_UICC_APPLET_APPLET_H
#define RESEAT_UICC_APPLET_APPLET_H

#include "apdu/secpkt.h"
#include "uicc/applet/events.h"
#include "uicc/applet/registry.h"
#include "uicc/cat/cat.h"

struct applet_ops;

struct applet {
    struct card *card;
    uint8_t number; /* of its entry */
    const struct applet_ops *ops;
};

/* What a secured packet said before its data (TS 102 225 5.1). */
struct applet_packet {
    struct secpkt_header header;
    uint64_t counter;
    bool asks_only; /* the key set of the pair before a trial: it may ask, and nothing else */
};

/* One event on its way through an applet. */
struct applet_activation {
    struct applet_activation *next;
    uint8_t number;              /* of the instance */
    uint8_t event;               /* enum applet_event */
    uint8_t tag;                 /* of the ENVELOPE's object, 0 none */
    uint8_t item;                /* menu entry, timer, channel, service, or record of EF.SMS */
    struct rd envelope;          /* value of the ENVELOPE's object, or secured data; a copy */
    struct applet_packet packet; /* of a formatted message */

    uint16_t stage;  /* the applet's own: 0 when it is called first */
    uint8_t *memory; /* the applet's own: applet_remember() */
    size_t memory_len;

    /* of the command sent last, when called again */
    uint8_t result;     /* general result */
    struct rd response; /* all TLVs of the TERMINAL RESPONSE; valid during the call */

    /* Out: anything but ERR_OK, and the command that triggered it fails as if it had not been;
     * for a store that fails, which nobody can make good. */
    enum err error;

    /* the card's */
    enum { APPLET_READY, APPLET_SENDING, APPLET_PARKED, APPLET_OVER } state;
    bool answers;  /* came with an ENVELOPE that it may answer, while that lasts */
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
    /* Applet.process(): one command on a channel where it is selected. NULL: not selectable. */
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

/* Undo at once all that the command under way has changed so far. It still succeeds, and a
 * secured packet stays spent. */
void applet_abort(struct applet *a);

/* --- ToolkitRegistry --- */

/* errors: ERR_RANGE (no such event, or one that comes with a menu entry or a timer), ERR_CONDITIONS
 * (a formatted message without a TAR), ERR_EXISTS (somebody else has call control or control of
 * short messages) */
NODISCARD enum err applet_set_event(struct applet *a, uint8_t event);
NODISCARD enum err applet_clear_event(struct applet *a, uint8_t event);
bool applet_is_event_set(const struct applet *a, uint8_t event);

/* A menu entry; next_action: what selecting it leads to (TS 102 223 8.24, a proactive command's
 * type), 0 none. text is borrowed. */
struct applet_menu_text {
    const char *text;
    uint8_t next_action;
    bool help;
};
/* The next of the menu entries that its installation granted. errors: ERR_SPACE (no more
 * granted), ERR_RANGE (text too long). */
NODISCARD enum err applet_add_menu_entry(struct applet *a, const char *text, uint8_t *id);
/* errors: ERR_NOT_FOUND, ERR_RANGE */
NODISCARD enum err applet_change_menu_entry(struct applet *a, uint8_t id,
                                            const struct applet_menu_text *entry);
NODISCARD enum err applet_enable_menu_entry(struct applet *a, uint8_t id, bool enabled);

/* Timers 1 to 8 and services 0 to 7 of the card. errors: ERR_SPACE (no more granted, or none
 * free) */
NODISCARD enum err applet_allocate_timer(struct applet *a, uint8_t *id);
NODISCARD enum err applet_release_timer(struct applet *a, uint8_t id);
NODISCARD enum err applet_allocate_service(struct applet *a, uint8_t *id);
NODISCARD enum err applet_release_service(struct applet *a, uint8_t id);

/* How often it would like to see STATUS, in seconds up to 15,300; 0: no matter. The card asks the
 * terminal for the shortest that anybody wants. errors: ERR_RANGE */
NODISCARD enum err applet_request_poll_interval(struct applet *a, uint16_t seconds);
/* What the terminal granted; 0: nothing yet, or nothing asked for. */
uint16_t applet_poll_interval(const struct applet *a);

/* --- ProactiveHandler, EnvelopeHandler --- */

/* Ask for a proactive command: the applet returns next, and is called again with the
 * result. The last one before it returns counts. errors: ERR_SPACE (body too long),
 * ERR_DENIED (menu, event list and polling are the card's own; a timer, a channel of somebody
 * else; more channels than granted) */
NODISCARD enum err applet_send(struct applet *a, struct applet_activation *act, uint8_t type,
                               uint8_t qualifier, uint8_t destination, struct rd body);
NODISCARD enum err applet_display_text(struct applet *a, struct applet_activation *act,
                                       const char *text);
/* Memory of this activation, zeroed; NULL when there is none left. Once. */
void *applet_remember(struct applet *a, struct applet_activation *act, size_t n);

/* --- EnvelopeResponseHandler --- */

/*
 * Answer the ENVELOPE: to call control and control of short messages, to a short message, to USSD
 * data, to an envelope that only applets know. Data is what the terminal gets; of a secured
 * packet, what its proof says. Not ok is 6200 (9EXX in class A0): the network gets RP-ERROR. Who
 * posts first is heard; who posts nothing leaves it to the next, or to the card.
 * errors: ERR_CONDITIONS (nothing to answer, answered already, or since then a command was sent),
 *         ERR_SPACE (more than the answer can carry: nothing is posted)
 */
NODISCARD enum err applet_post(struct applet *a, struct applet_activation *act, bool ok,
                               struct rd data);
/* The same as one BER-TLV object (postAsBERTLV): for call control, tag is its result. */
NODISCARD enum err applet_post_tlv(struct applet *a, struct applet_activation *act, bool ok,
                                   uint8_t tag, struct rd value);

/* --- files, in short; view.h has all of uicc.access.FileView --- */

/* Body of an EF by its path of FIDs below the MF (7FFF: the USIM), if the access domain may read
 * it. errors: ERR_NOT_FOUND, ERR_DENIED */
NODISCARD enum err applet_read_file(const struct applet *a, struct rd path, struct rd *body);
NODISCARD enum err applet_update_file(struct applet *a, struct rd path, size_t offset,
                                      struct rd bytes);

#endif
