/*
 * isd.h - security domains (GlobalPlatform Card Specification 7, 11): the issuer's, and
 * supplementary ones. As an applet on the contact interface, under SCP02 or SCP03; its
 * commands are those of remote application management (TS 102 226 8) too, under SCP80.
 *
 * Which key does what:
 *   version 01-0F  OTA (SCP80). The issuer's are the slots': version = index.
 *   version 20-2F  SCP02, 3DES of 16 bytes
 *   version 30-3F  SCP03, AES
 * As long as nobody has put a set of his own there, 20 + index (3DES) and 30 + index (AES) of
 * the issuer security domain are the OTA keys of the slot in force: ENC is KIc, MAC is KID, DEK
 * is KIK. All sets are bound to the slot in force when they were put: they die with its operator.
 * A supplementary domain without keys of its own is opened with the issuer's.
 */
#ifndef RESEAT_UICC_ISD_ISD_H
#define RESEAT_UICC_ISD_ISD_H

#include "uicc/applet/manage.h"
#include "uicc/isd/scp.h"

/* The vtable behind every security domain. */
extern const struct applet_ops isd_applet;

/* Who speaks to which domain, and what he has shown. */
struct isd_caller {
    struct card *card;
    struct applet_entry domain;
    const struct gp_key *dek; /* for PUT KEY; NULL: nobody is authenticated */
    size_t room;              /* bytes that an answer may have */
    bool keys_changed;        /* out: a key died */
};

/*
 * One command of an authenticated caller, in clear (class 80 or 84, whatever channel).
 * Answer data is appended; on failure nothing is staged, but for SW_MEMORY: then the whole
 * transaction must not go on.
 */
sw_t isd_command(struct isd_caller *caller, const struct apdu *cmd, struct wr *out);

/* GET DATA is for everybody (GP 11.3). */
sw_t isd_get_data(struct isd_caller *caller, const struct apdu *cmd, struct wr *out);

/* Behind the rooms' doors: a handler of one command. */
typedef sw_t isd_handler(struct isd_caller *caller, const struct apdu *cmd, struct wr *out);
isd_handler isd_put_key, isd_store_data, isd_get_status, isd_set_status, isd_install, isd_load,
    isd_delete;

/* --- rights --- */

bool isd_is_domain(const struct applet_entry *entry);
/* Content management without tokens: the issuer, and who has the privilege for it (GP 6.6.1). */
bool isd_may_manage(const struct isd_caller *caller);
/* Does the entry belong to the caller's domain, or is the caller the issuer's? */
bool isd_may_touch(const struct isd_caller *caller, const struct applet_entry *entry);

/* --- LV fields of INSTALL --- */
NODISCARD enum err isd_take_lv(struct rd *r, struct rd *value);

#endif
