/*
 * registry.h - what is installed on the card: load files and instances by AID, with the life
 * cycle and privileges of GlobalPlatform (5.3, 6.6).
 *
 * Entries have numbers. 1 is the issuer security domain and APPLET_MANAGER the subscription
 * manager, which every card has; from APPLET_NATIVE on come the load files that are part of the
 * card. All these are fixed: nobody deletes, locks, moves or personalises them. The rest is
 * stored:
 *
 *   OBJ_APPLET(0)                        card life cycle, spoilt authentications, order
 *   OBJ_APPLET(n)                        one entry, n = 2 .. APPLET_ENTRIES_MAX
 *   OBJ_APPLET(APPLET_TOOLKIT + n)       what instance n registered for (toolkit.c)
 *   OBJ_APPLET(APPLET_DATA + n)          persistent data of instance n
 *   OBJ_APPLET(APPLET_CODE + n*256 + b)  block b of load file n
 *
 * Everything is staged in the store's transaction.
 */
#ifndef RESEAT_UICC_APPLET_REGISTRY_H
#define RESEAT_UICC_APPLET_REGISTRY_H

#include "uicc/core/card.h"

#define APPLET_ISD         1U
#define APPLET_ENTRIES_MAX 63U
#define APPLET_MANAGER     64U
#define APPLET_NATIVE      0x80U /* number of the first load file that is part of the card */
#define APPLET_TOOLKIT     0x0100U
#define APPLET_DATA        0x0200U
#define APPLET_CODE        0x1000U
#define APPLET_BLOCKS_MAX  256U

/* Access domain, above the PIN bits: it may use platform.h. */
#define APPLET_SUBSCRIPTION 0x80000000U

#define APPLET_AID_MIN  5
#define APPLET_AID_MAX  16
#define APPLET_TARS_MAX 4

enum applet_kind {
    APPLET_LOAD_FILE = 1,
    APPLET_INSTANCE = 2,
};

/* Life cycles, GP 11.1.1. */
#define APPLET_LOADING    0x00 /* a load file of which blocks are missing: not shown */
#define APPLET_LOADED     0x01
#define APPLET_INSTALLED  0x03
#define APPLET_SELECTABLE 0x07
#define APPLET_PERSONAL   0x0F
#define APPLET_LOCKED     0x80 /* bit over the state it was locked in */

/* Bits of a load file that is not LOADED yet. */
#define APPLET_LOAD_REMOTE   0x40 /* comes over the air: goes on after a reset */
#define APPLET_LOAD_COMBINED 0x20 /* its installation belongs to it (GP 11.5.2.1) */
#define APPLET_LOAD_WHOLE    0x10 /* and that is what it waits for */

#define CARD_OP_READY    0x01
#define CARD_INITIALIZED 0x07
#define CARD_SECURED     0x0F
#define CARD_LOCKED      0x7F
#define CARD_TERMINATED  0xFF

/* Privileges, GP 6.6.1: first byte. */
#define PRIVILEGE_SD        0x80
#define PRIVILEGE_DAP       0x40
#define PRIVILEGE_DELEGATED 0x20
#define PRIVILEGE_CARD_LOCK 0x10
#define PRIVILEGE_TERMINATE 0x08
#define PRIVILEGE_DEFAULT   0x04
#define PRIVILEGE_CVM       0x02
#define PRIVILEGE_MANDATED  0x01
/* Second byte. */
#define PRIVILEGE_TRUSTED_PATH    0x80
#define PRIVILEGE_AUTHORIZED      0x40 /* content management without tokens */
#define PRIVILEGE_TOKENS          0x20 /* verifies tokens */
#define PRIVILEGE_GLOBAL_DELETE   0x10
#define PRIVILEGE_GLOBAL_LOCK     0x08
#define PRIVILEGE_GLOBAL_REGISTRY 0x04
/* Third byte. */
#define PRIVILEGE_RECEIPTS 0x80 /* generates receipts */

struct applet_aid {
    uint8_t len;
    uint8_t bytes[APPLET_AID_MAX];
};

struct applet_entry {
    uint8_t number;
    uint8_t kind; /* enum applet_kind */
    uint8_t life;
    struct applet_aid aid;
    uint8_t privileges[3];
    uint8_t domain; /* the security domain it belongs to */

    /* load file */
    uint16_t blocks;    /* received */
    uint32_t load_len;  /* bytes in them */
    uint8_t version[2]; /* major, minor */

    /* instance */
    uint8_t package; /* number of its load file */
    struct applet_aid module;
    uint32_t order;  /* of installation, over all instances */
    uint32_t quota;  /* bytes of persistent data it may have */
    uint32_t rights; /* access domain: PIN bits that count as verified */
    uint8_t level;   /* minimum security level of packets to its TARs */
    uint8_t tar_count;
    uint8_t tars[APPLET_TARS_MAX][3];
    uint8_t scp, scp_option; /* a security domain's secure channel protocol; 0 as the keys are */
};

/* The part of a card that is no entry. */
struct applet_card_state {
    uint8_t life;
    uint16_t spoilt; /* EXTERNAL AUTHENTICATE that failed in a row */
    uint32_t order;  /* of the last instance */
};

bool applet_aid_set(struct applet_aid *aid, struct rd bytes); /* false: not 5 to 16 bytes */
bool applet_aid_equal(const struct applet_aid *aid, struct rd bytes);
bool applet_aid_begins(const struct applet_aid *aid, struct rd bytes);
#define RD_AID(a) RD((a)->bytes, (a)->len)

/* errors: ERR_NOT_FOUND, ERR_CORRUPT. The load files of the card itself are found too. */
NODISCARD enum err applet_registry_read(const struct store *s, uint8_t number,
                                        struct applet_entry *out);
/* errors: those of the store; ERR_DENIED for what is fixed (the ISD's life is kept in the card's
 * state). */
NODISCARD enum err applet_registry_write(struct store *s, const struct applet_entry *entry);
/* With its data, its registrations and its blocks. */
NODISCARD enum err applet_registry_remove(struct store *s, uint8_t number);

/* The next entry after number (0: the first), in order of numbers; ERR_NOT_FOUND at the end.
 * Entries that cannot be read are passed over. */
NODISCARD enum err applet_registry_next(const struct store *s, uint8_t after,
                                        struct applet_entry *out);
/* Also the issuer security domain by its former name. */
NODISCARD enum err applet_registry_find(const struct store *s, struct rd aid,
                                        struct applet_entry *out);
/* A number that is free, 0 if there is none. */
uint8_t applet_registry_free(const struct store *s);

/* The n-th module of a load file; ERR_NOT_FOUND beyond the last. Those of a stored one are in its
 * data: { length AID }*. */
NODISCARD enum err applet_registry_module(const struct store *s, uint8_t package, unsigned n,
                                          struct applet_aid *out);

static inline bool applet_is_loading(const struct applet_entry *e)
{
    return e->kind == APPLET_LOAD_FILE && e->life != APPLET_LOADED;
}

/* A load file that is part of the card. */
static inline bool applet_is_native(uint8_t number)
{
    return number >= APPLET_NATIVE;
}

/* Part of the card, load file or instance. */
static inline bool applet_is_fixed(uint8_t number)
{
    return number == APPLET_ISD || number >= APPLET_MANAGER;
}

void applet_card_state(const struct store *s, struct applet_card_state *out);
NODISCARD enum err applet_card_state_write(struct store *s, const struct applet_card_state *state);

#endif
