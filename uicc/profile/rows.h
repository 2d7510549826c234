/*
 * rows.h - the file tables of the standards, as data: one row per file, with the
 * condition under which a card has it. Personalisation builds a profile out of
 * them; a card in the field knows only the profile.
 */
#ifndef RESEAT_UICC_PROFILE_ROWS_H
#define RESEAT_UICC_PROFILE_ROWS_H

#include "uicc/profile/profile.h"

/* What is in a file when the card leaves the factory. Whatever is not said is FF. */
enum row_body {
    ROW_PLAIN,  /* content from the beginning of the body */
    ROW_EACH,   /* content at the beginning of every record; in a transparent EF again and again */
    ROW_MIRROR, /* content is the path of the file whose body and shape this one shares */
    ROW_ARR,    /* the rules below */
    ROW_DIR,    /* the applications that the profile has */
    ROW_UST,    /* services of the USIM that are on */
    ROW_SST,    /* the same for 2G */
    ROW_SUCI,   /* protection schemes and keys for SUCI */
};

#define ROW_SERVICES_MAX 4

struct profile_row {
    const char *name; /* without "EF." */
    uint16_t fid;
    uint8_t sfi;
    uint8_t kind; /* enum fs_kind */
    uint16_t len; /* bytes of the file; of a record */
    uint8_t count;
    uint8_t arr;                        /* record of EF.ARR, see profile_rules */
    uint8_t services[ROW_SERVICES_MAX]; /* there when one of these is on; none: always */
    uint8_t without;                    /* not there when this service is on */
    uint8_t body;                       /* enum row_body */
    const char *content;                /* hex, or a path */
    const char *clause;
};

/* A DF with its EFs. It is there when one of its EFs is, the MF and ADFs always. */
struct profile_df {
    const char *name;
    uint16_t fid;
    uint16_t parent; /* FID of a DF before it in the same table, or 3F00 */
    uint8_t kind;
    const char *aid; /* hex */
    const struct profile_row *rows;
    size_t row_count;
};

struct profile_table {
    const struct profile_df *dfs;
    size_t count;
};

extern const struct profile_table profile_table_mf, profile_table_telecom, profile_table_gsm;
extern const struct profile_table profile_table_usim, profile_table_isim;

/* Every EF.ARR of a profile holds these records, so that a rule has one number everywhere
 * (TS 102 221 9.2.7; the set that profile packages use, and one for a counter that PIN1 increases).
 */
extern const char *const profile_rules[];
#define PROFILE_RULES 15
enum profile_rule {
    RULE_ALW_PIN = 1, /* read always, update PIN1; life cycle ADM1 */
    RULE_PIN_ADM = 2,
    RULE_ADM_ADM = 3,
    RULE_PIN_PIN = 5,
    RULE_PIN_PIN_INCREASE = 7,
    RULE_PIN_PIN2 = 8,
    RULE_ALW_ADM = 10,
    RULE_ICCID = 11,
    RULE_DF = 14,
    RULE_PIN_PIN2_INCREASE = 15,
};

/* Row makers: svc is SVC(...) or ALWAYS. */
#define ALWAYS \
    {          \
        0      \
    }
#define SVC(...)    \
    {               \
        __VA_ARGS__ \
    }

/* transparent: first content, rest FF */
#define ROW_TR(name, fid, sfi, len, arr, svc, hex, clause)                          \
    {                                                                               \
        name, fid, sfi, FS_TRANSPARENT, len, 0, arr, svc, 0, ROW_PLAIN, hex, clause \
    }
/* transparent: content again and again */
#define ROW_TR_EACH(name, fid, sfi, len, arr, svc, hex, clause)                    \
    {                                                                              \
        name, fid, sfi, FS_TRANSPARENT, len, 0, arr, svc, 0, ROW_EACH, hex, clause \
    }
/* transparent: computed */
#define ROW_TR_OF(name, fid, sfi, len, arr, svc, not_with, how, clause)             \
    {                                                                               \
        name, fid, sfi, FS_TRANSPARENT, len, 0, arr, svc, not_with, how, "", clause \
    }
/* linear fixed, cyclic: content in every record */
#define ROW_LF(name, fid, sfi, len, count, arr, svc, hex, clause)                 \
    {                                                                             \
        name, fid, sfi, FS_LINEAR, len, count, arr, svc, 0, ROW_EACH, hex, clause \
    }
#define ROW_CY(name, fid, sfi, len, count, arr, svc, hex, clause)                 \
    {                                                                             \
        name, fid, sfi, FS_CYCLIC, len, count, arr, svc, 0, ROW_EACH, hex, clause \
    }
/* linear fixed: content of the whole body */
#define ROW_LF_OF(name, fid, sfi, len, count, arr, how, hex, clause)            \
    {                                                                           \
        name, fid, sfi, FS_LINEAR, len, count, arr, ALWAYS, 0, how, hex, clause \
    }
/* BER-TLV, empty, of at most len bytes */
#define ROW_TLV(name, fid, sfi, len, arr, svc, clause)                         \
    {                                                                          \
        name, fid, sfi, FS_BER_TLV, len, 0, arr, svc, 0, ROW_PLAIN, "", clause \
    }
/* shape and body of another file, for a service, or whenever that other file is there */
#define ROW_SHOWN(name, fid, sfi, arr, svc, path, clause)                           \
    {                                                                               \
        name, fid, sfi, FS_TRANSPARENT, 0, 0, arr, svc, 0, ROW_MIRROR, path, clause \
    }
#define ROW_SAME(name, fid, arr, path, clause) ROW_SHOWN(name, fid, 0, arr, ALWAYS, path, clause)

#define ARR_LEN 64 /* longest rule below, with room for one more condition */

#endif
