/*
 * handset.h - one M2M device with its card: starts up as a modem does, attaches to
 * the network of its IMSI, takes short messages, does what the card asks of it.
 *
 *   off --power on--> searching --AKA ok--> attached
 *    ^                  |  ^                  |
 *    |                  |  +-----REFRESH------+
 *    +----power cut-----+---------------------+
 */
#ifndef RESEAT_TOOLS_FLEET_HANDSET_H
#define RESEAT_TOOLS_FLEET_HANDSET_H

#include "apdu/bcd.h"
#include "apdu/sms.h"
#include "tools/fleet/network.h"
#include "tools/transport/host.h"

enum handset_state {
    HANDSET_OFF,
    HANDSET_SEARCHING, /* card is up, no network has taken it */
    HANDSET_ATTACHED,
    HANDSET_BROKEN, /* the card does not answer as a card should */
};

struct handset;

/* The world around a handset. */
struct handset_world {
    void *context;
    struct networks *networks;
    /* A short message of the card, from the number that the network knows the handset by. */
    void (*submit)(void *context, const char *from, const struct sms_submit *message);
    /* The card asked by REFRESH to be started up again; not from within this call. */
    void (*restart)(void *context, struct handset *h);
    /* It is attached now: what waits for it may be delivered. */
    void (*attached)(void *context, struct handset *h);
};

struct handset {
    struct card *card;
    enum handset_state state;
    char iccid[ICCID_DIGITS_MAX + 1];
    char imsi[IMSI_DIGITS_MAX + 1]; /* as read from the card at start-up */
    struct network *network;        /* attached to, or NULL */
    struct subscriber subscriber;   /* of the network attached to */
    bool lose_power;      /* after the next message, before what the card wants is looked at */
    bool restart_asked;   /* the card's REFRESH: start up again */
    bool location_events; /* the card's SET UP EVENT LIST: tell of location status */
    uint32_t starts, attaches, refused, messages; /* since the fleet began */
    uint32_t index;                               /* the owner's */
};

/* Power on, read what a modem reads, TERMINAL PROFILE; then try to attach. State says how far
 * it came. */
void handset_start(struct handset *h, const struct handset_world *world);
/* Try again to attach (a handset that searches). */
void handset_search(struct handset *h, const struct handset_world *world);
void handset_power_off(struct handset *h);

/* STATUS, the handset's heart-beat; also gives the card the chance to ask for something. */
void handset_poll(struct handset *h, const struct handset_world *world);

/*
 * Hand over one short message. report gets the user data of the SMS-DELIVER-REPORT, if any.
 * errors: ERR_BUSY (toolkit busy, try again), ERR_DENIED (the card refused: RP-ERROR),
 *         ERR_CONDITIONS (not attached)
 */
NODISCARD enum err handset_deliver(struct handset *h, const struct handset_world *world,
                                   const struct sms_deliver *message, struct wr *report);

/* A base station challenges the card with a key that somebody has: the status word says whether
 * that key is the card's (9862: it is not). */
NODISCARD enum err handset_challenge(struct handset *h, const struct handset_world *world,
                                     const struct aka_key *key, sw_t *sw);

#endif
