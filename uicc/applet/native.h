/*
 * native.h - the load files and modules that are part of the card.
 */
#ifndef RESEAT_UICC_APPLET_NATIVE_H
#define RESEAT_UICC_APPLET_NATIVE_H

#include "apdu/opchange.h"
#include "uicc/applet/applet.h"
#include "uicc/applet/toolkit.h"

/* Ours are under a proprietary identifier (ISO/IEC 7816-4 8.2.1.2: F, no registered provider):
 * initialisers of a byte array. */
#define AID_RESEAT 0xF0, 'R', 'e', 's', 'e', 'a', 't'
#define AID_SUBSCRIPTION_MANAGER \
    AID_RESEAT, 0x02, 0x01, 0x01, 0x00, 0x00, 0xBF, 0xFF, 0x00, 0x01 /* TAR at 13 to 15 */

struct native_module {
    const char *name; /* in a profile text and for people */
    struct applet_aid aid;
    const struct applet_ops *ops;
};

struct native_package {
    struct applet_aid aid;
    uint8_t version[2];
    const struct native_module *modules;
    size_t module_count;
};

extern const struct applet_ops native_hello, native_imsi_watch, native_opchange;

/* The n-th package, NULL beyond the last. */
#define NATIVE_DOMAINS 0U
#define NATIVE_SAMPLES 1U
#define NATIVE_MANAGER 2U
const struct native_package *applet_native_package(unsigned n);
/* Name of a module; NULL for one that is not part of the card. */
const char *applet_native_name(const struct applet_aid *module);

/* --- native/opchange.c: the subscription manager, an instance of every card --- */

/* What it would prove now: slots, last change, IMSI in force. */
void native_opchange_status(const struct card *card, struct opchange_proof *out);

/* What it listens to, which follows from the slots. */
void native_opchange_registration(const struct store *s, struct toolkit_registration *out);

/* The table of its states, for whoever draws it; NULL beyond the last row. */
enum native_opchange_event {
    NATIVE_OPCHANGE_CHANGE,        /* command CHANGE */
    NATIVE_OPCHANGE_AUTHENTICATED, /* AUTHENTICATE succeeded under the new K */
    NATIVE_OPCHANGE_TIME_OVER,     /* the trial's polls or seconds are spent */
    NATIVE_OPCHANGE_FALL_BACK,     /* command FALL BACK */
};
struct native_opchange_row {
    enum opchange_state from;
    enum native_opchange_event event;
    enum opchange_state to;
};
const struct native_opchange_row *native_opchange_row(size_t n);
const char *native_opchange_event_text(enum native_opchange_event event);

#endif
