/*
 * profile.h - what all cards of a batch share: file tree with default contents,
 * PINs, remote applications. Immutable once loaded; held once per engine and
 * shared by its cards.
 *
 * (image format: drawn at the top of profile.c)
 */
#ifndef RESEAT_UICC_PROFILE_PROFILE_H
#define RESEAT_UICC_PROFILE_PROFILE_H

#include "apdu/arena.h"
#include "apdu/secpkt.h"

#define NODE_NONE         0xFFFFU
#define NODE_MF           0U /* the first row */
#define PROFILE_FILES_MAX 1024
#define PROFILE_NAME_MAX  32

enum fs_kind {
    FS_MF,
    FS_DF,
    FS_ADF,
    FS_TRANSPARENT,
    FS_LINEAR,
    FS_CYCLIC,
    FS_BER_TLV,
};

#define FS_HIGH_UPDATE      0x01 /* A5 C0 b8 */
#define FS_WHEN_DEACTIVATED 0x02 /* A5 C0 b7: readable and updatable when deactivated */
#define FS_NOT_SHAREABLE    0x04
#define FS_INTERNAL         0x08

/* One file. Contents shorter than the file go on with FF. */
struct fs_file {
    uint16_t fid;
    uint16_t parent; /* node; the MF is its own parent */
    uint8_t kind;    /* enum fs_kind */
    uint8_t sfi;     /* 1-30; 0 none */
    uint8_t flags;
    uint8_t aid_len;
    uint16_t
        arr_fid; /* EF.ARR that holds the access rule: in the file's DF, or 2F06 under the MF */
    uint8_t arr_record;
    uint8_t record_count;
    uint16_t record_len;
    uint32_t size; /* bytes of the body */
    /* An EF that shows another one's body: the 2G file system mirrors the USIM (TS 51.011), and a
     * change through one is a change of the other. Node of the other, of the same kind and size,
     * which shares nothing itself; 0 for none. fs_body() and every change go to that node. */
    uint16_t shares;
    uint32_t content_len;
    const uint8_t *content;
    const uint8_t *aid;
};

/* What a TAR leads to (TS 102 226, TS 31.116). */
enum remote_app {
    REMOTE_RFM_UICC, /* script begins at the MF */
    REMOTE_RFM_ADF,  /* script begins at the ADF */
    REMOTE_RFM_SIM,  /* 2G file system, class A0 */
    REMOTE_RAM,      /* issuer security domain */
    REMOTE_OPCHANGE, /* subscription manager */

    /* Of instances on a card, never in a profile: */
    REMOTE_DOMAIN, /* supplementary security domain */
    REMOTE_APPLET, /* toolkit applet */
};

struct profile_tar {
    uint8_t tar[3];
    uint8_t app;   /* enum remote_app */
    uint8_t level; /* minimum security level, coded as SPI1 */
    uint32_t keys; /* access domain: PIN_BIT() of what counts as verified */
};

/* A PIN or ADM key that cards of the batch have (values are each card's own). */
struct profile_pin {
    uint8_t reference;            /* 01, 81, 0A ... */
    uint8_t tries, unblock_tries; /* unblock_tries 0: no UNBLOCK PIN */
};

struct profile {
    uint8_t hash[32];
    char name[PROFILE_NAME_MAX + 1];
    const struct fs_file *files; /* parents before children */
    uint16_t file_count;
    const struct profile_tar *tars;
    uint8_t tar_count;
    const struct profile_pin *pins;
    uint8_t pin_count;
    uint8_t ota_algorithm; /* enum secpkt_algorithm of the batch's OTA keys */
    uint8_t ota_cc_len;    /* bytes of a CC under those of AES */
    uint8_t rfm_refresh;   /* REFRESH qualifier after remote change of EF.IMSI; FF none */
    uint64_t sqn_delta, sqn_age_limit;
    bool sim_mode; /* class A0 is answered */
    uint8_t historical[15];
    uint8_t historical_len;
    struct rd applets; /* INSTALL data, each behind its length: what its cards are made with */
};

/* Decode an image into the arena; every reference in it is checked.
 * errors: ERR_CORRUPT, ERR_NOMEM */
NODISCARD enum err profile_load(struct rd image, const uint8_t hash[32], struct arena *arena,
                                const struct profile **out);

/* Encode; the reverse of profile_load, used by perso only. */
NODISCARD enum err profile_store(const struct profile *p, struct wr *image);

#endif
