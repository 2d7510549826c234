/*
 * manage.h - applets from outside: installed, selected, asked, removed.
 */
#ifndef RESEAT_UICC_APPLET_MANAGE_H
#define RESEAT_UICC_APPLET_MANAGE_H

#include "uicc/applet/toolkit.h"

/* --- install.c --- */

struct applet_installation {
    struct applet_entry
        entry; /* package, module, aid, privileges, domain, life; the rest is given */
    struct toolkit_registration toolkit; /* priority 0: none */
    struct rd parameters;                /* C9 */
};

/*
 * Make an instance. On error nothing is staged.
 * errors: ERR_EXISTS (AID), ERR_NOT_FOUND (module), ERR_UNSUPPORTED (bytecode), ERR_SPACE (no
 * entry, timer or memory left), ERR_RANGE (refused by the applet)
 */
NODISCARD enum err applet_install(struct card *card, struct applet_installation *wanted);
/* ERR_BUSY when it is selected somewhere. */
NODISCARD enum err applet_uninstall(struct card *card, uint8_t number);

/* The vtable behind an instance; NULL if none stands behind its module. */
const struct applet_ops *applet_ops_of(const struct card *card, const struct applet_entry *entry);

/* --- select.c --- */

/*
 * SELECT by an AID that no ADF has (GP 11.9, TS 102 221 11.1.1). An empty AID is the issuer
 * security domain. SW_NOT_FOUND when no instance that may be selected begins with it.
 */
sw_t applet_select(struct card *card, struct exec *x);
/* Something else is selected on the channel, or it closes. */
void applet_deselect(struct card *card, struct channel *ch);
/* Does this command go to the applet that is selected on its channel? */
bool applet_takes(const struct card *card, const struct exec *x);
sw_t applet_process(struct card *card, struct exec *x);

bool applet_is_selected(const struct card *card, uint8_t number);

#endif
