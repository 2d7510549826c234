/*
 * isd.h - security domains (GlobalPlatform Card Specification 7, 11): the issuer's, and
 * supplementary ones. As an applet on the contact interface, under SCP02 or SCP03; its
 * commands are those of remote application management (TS 102 226 8) too, under SCP80.
 *
 * Which key does what:
 *   version 01-0F  OTA (SCP80). The issuer's are the slots': version = index.
 *   version 20-3F  secure channels: SCP02 with 3DES of 16 bytes, SCP03 with AES
 *   version 40-4F  kept for SCP81
 *   version 70     verifies tokens, 71 makes receipts (the issuer's); 73 verifies DAPs
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
    uint8_t level;            /* of the secure channel; 0 outside of one */
    uint8_t *loading;         /* load file that comes over this channel; NULL: over the air */
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

/* Status word for what went wrong with content. */
sw_t isd_status(enum err e);

/* --- rights --- */

/* Privileges that mean something on this card, in the first and the second byte. */
#define ISD_PRIVILEGES_1 \
    (PRIVILEGE_SD | PRIVILEGE_DAP | PRIVILEGE_DELEGATED | PRIVILEGE_CARD_LOCK | PRIVILEGE_MANDATED)
#define ISD_PRIVILEGES_2                                                       \
    (PRIVILEGE_TRUSTED_PATH | PRIVILEGE_AUTHORIZED | PRIVILEGE_GLOBAL_DELETE | \
     PRIVILEGE_GLOBAL_LOCK | PRIVILEGE_GLOBAL_REGISTRY)

bool isd_is_domain(const struct applet_entry *entry);
/* Content management without tokens: the issuer, and who has the privilege for it (GP 6.6.1). */
bool isd_may_manage(const struct isd_caller *caller);
/* Does the entry belong to the caller's domain, is the caller the issuer's, or has he this
 * privilege (of the second byte; 0: none would do)? */
bool isd_may_touch(const struct isd_caller *caller, const struct applet_entry *entry,
                   uint8_t privilege);

/* --- loading (load.c) --- */

/* Stage: what interrupted loads left behind makes room; those over the air only where all is set.
 * The card loads one file at a time. errors: those of the store */
NODISCARD enum err isd_drop_unfinished(struct card *card, bool all);
/* Stage the beginning. errors: ERR_SPACE, those of the store; ERR_IO when part of it is staged */
NODISCARD enum err isd_begin_load(struct isd_caller *caller, struct applet_entry *file,
                                  struct rd hash);

/*
 * Non-volatile memory that a domain's content may still take (GP 9.7): what its installer granted,
 * less its load files and the quotas of its instances.
 */
uint32_t isd_room(const struct card *card, uint8_t domain);

/* --- what a domain says of itself --- */

/* Option "i" of a protocol: as the domain was installed, or the usual one. */
uint8_t isd_option(const struct applet_entry *domain, uint8_t protocol);
/* The value of IIN (42) or CIN (45) of the issuer's domain; nothing if it has none. */
void isd_write_value(const struct card *card, uint32_t tag, struct wr *w);
/* Diversification data: by the bytes of EF.ICCID the off-card entity finds the keys of a card. */
void isd_diversification(const struct card *card, uint8_t out[SCP_DIVERSIFICATION_LEN]);

/* --- LV fields of INSTALL --- */
NODISCARD enum err isd_take_lv(struct rd *r, struct rd *value);

#endif
