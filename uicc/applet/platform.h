/*
 * platform.h - what the card offers to an applet that manages its subscription, beyond what
 * every applet has (applet.h). Behind it stand the slots, the identity files and REFRESH; no key
 * comes out, and a new one goes in enciphered.
 *
 * Only who was given APPLET_SUBSCRIPTION with its access domain may call: of the applets that are
 * part of the card the subscription manager; INSTALL cannot give it away. An interpreter offers
 * these as native methods of a package of its own.
 *
 * Everything is staged in the transaction of the command under way: the counter of the packet,
 * the slots, the files, the record of the change and the proof are one commit.
 * errors: ERR_DENIED to all others; those of the store, ERR_NOMEM, ERR_SPACE, ERR_CORRUPT
 */
#ifndef RESEAT_UICC_APPLET_PLATFORM_H
#define RESEAT_UICC_APPLET_PLATFORM_H

#include "apdu/opchange.h"
#include "uicc/applet/applet.h"

struct applet_subscription {
    uint8_t in_force; /* slot index */
    uint8_t fallback; /* slot before the trial; 0: no trial is under way */
    uint8_t next;     /* the spare slot that a change may take; 0: none is left */
    uint8_t slots, spare;
    uint8_t imsi[EF_IMSI_LEN];
};
NODISCARD enum err applet_subscription_read(const struct applet *a,
                                            struct applet_subscription *out);

/* May the files that the command brings along be written? Nothing is staged. */
NODISCARD enum err applet_subscription_check(const struct applet *a,
                                             const struct opchange_command *command);
/* The next slot comes into force on trial, with the identity of the command; the old one and its
 * files are kept. */
NODISCARD enum err applet_subscription_try(struct applet *a,
                                           const struct opchange_command *command);
/* The trial ends well: the old pair is wiped, and all keys that hang on it. */
NODISCARD enum err applet_subscription_confirm(struct applet *a);
/* The trial ends badly: the new pair is wiped, the old one is in force with the files it had. */
NODISCARD enum err applet_subscription_restore(struct applet *a);
/* A new K, and OPc, of the slot in force, enciphered under its KIK; sequence numbers begin anew.
 * One that is in force already changes nothing. ERR_KEY when it is not what its check value says:
 * then nothing is staged. */
NODISCARD enum err applet_subscription_renew(struct applet *a,
                                             const struct opchange_command *command);

/* Ask for a UICC reset by REFRESH, once the command under way is durable and proved. */
NODISCARD enum err applet_reset_terminal(struct applet *a);
/* The host's clock. */
uint64_t applet_now_ms(const struct applet *a);

#endif
