/*
 * cap.h - the structure of a load file: a CAP file's components as LOAD brings them, one after
 * the other (Java Card Virtual Machine Specification 6).
 *
 * All of it is checked before a byte is kept for execution: every component is there once and as
 * long as the directory says, every count fits what follows, every offset and token stays within
 * what it points into. Bytecode itself is not looked at.
 */
#ifndef RESEAT_UICC_APPLET_CAP_H
#define RESEAT_UICC_APPLET_CAP_H

#include "uicc/applet/registry.h"

#define APPLET_CAP_MODULES_MAX 16
#define APPLET_CAP_IMPORTS_MAX 128 /* tokens have 7 bits */

struct applet_cap {
    struct applet_aid package;
    uint8_t version[2]; /* major, minor */
    bool integers;      /* uses the type int */
    uint8_t module_count;
    struct applet_aid modules[APPLET_CAP_MODULES_MAX];
};

/*
 * errors: ERR_SHORT, ERR_FORMAT (a component is missing, doubled or not what the directory says),
 *         ERR_RANGE (an offset, token or count points outside), ERR_UNSUPPORTED (version above 2)
 */
NODISCARD enum err applet_cap_check(struct rd file, struct applet_cap *out);

#endif
