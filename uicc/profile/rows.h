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
    ROW_IST,    /* services of the ISIM */
    ROW_SST,    /* services of the USIM as 2G counts them */
    ROW_SUCI,   /* protection schemes and keys for SUCI */
};

#define ROW_SERVICES_MAX 4

/* Services of both applications in one space of numbers: those of EF.UST (TS 31.102 4.2.8), then
 * those of EF.IST (TS 31.103 4.2.7). */
#define SERVICES_USIM 160U /* 20 bytes of EF.UST */
#define SERVICES_ISIM 24U  /* 3 bytes of EF.IST */
#define SERVICES      (SERVICES_USIM + SERVICES_ISIM)
#define IST(n)        (SERVICES_USIM + (n))

struct profile_row {
    const char *name; /* without "EF." */
    uint16_t fid;
    uint8_t sfi;
    uint8_t kind;   /* enum fs_kind */
    uint16_t len;   /* bytes of the file; of a record */
    uint16_t least; /* what the standard asks for; 0: len */
    uint8_t count;
    uint8_t arr;                        /* record of EF.ARR, see profile_rules */
    uint8_t services[ROW_SERVICES_MAX]; /* there when one of these is on; none: always */
    uint8_t without;                    /* not there, or empty, when this service is on */
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
extern const struct profile_table profile_table_usim, profile_table_usim_dfs, profile_table_isim;

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

/* The last argument is the clause; ".least = n" may follow where the standard asks for less than
 * the file has. */

/* transparent: first content, rest FF; content again and again; computed */
#define ROW_TR(n, id, s, l, rule, svc, hex, ...)                                                   \
    {                                                                                              \
        .name = n, .fid = id, .sfi = s, .kind = FS_TRANSPARENT, .len = l, .count = 0, .arr = rule, \
        .services = svc, .body = ROW_PLAIN, .content = hex, .clause = __VA_ARGS__                  \
    }
#define ROW_TR_EACH(n, id, s, l, rule, svc, hex, ...)                                              \
    {                                                                                              \
        .name = n, .fid = id, .sfi = s, .kind = FS_TRANSPARENT, .len = l, .count = 0, .arr = rule, \
        .services = svc, .body = ROW_EACH, .content = hex, .clause = __VA_ARGS__                   \
    }
#define ROW_TR_OF(n, id, s, l, rule, svc, how, ...)                                                \
    {                                                                                              \
        .name = n, .fid = id, .sfi = s, .kind = FS_TRANSPARENT, .len = l, .count = 0, .arr = rule, \
        .services = svc, .body = how, .content = "", .clause = __VA_ARGS__                         \
    }
/* linear fixed, cyclic: content in every record */
#define ROW_LF(n, id, s, l, c, rule, svc, hex, ...)                                           \
    {                                                                                         \
        .name = n, .fid = id, .sfi = s, .kind = FS_LINEAR, .len = l, .count = c, .arr = rule, \
        .services = svc, .body = ROW_EACH, .content = hex, .clause = __VA_ARGS__              \
    }
#define ROW_CY(n, id, s, l, c, rule, svc, hex, ...)                                           \
    {                                                                                         \
        .name = n, .fid = id, .sfi = s, .kind = FS_CYCLIC, .len = l, .count = c, .arr = rule, \
        .services = svc, .body = ROW_EACH, .content = hex, .clause = __VA_ARGS__              \
    }
/* linear fixed, always there: content of the whole body */
#define ROW_LF_OF(n, id, s, l, c, rule, how, hex, ...)                                        \
    {                                                                                         \
        .name = n, .fid = id, .sfi = s, .kind = FS_LINEAR, .len = l, .count = c, .arr = rule, \
        .services = ALWAYS, .body = how, .content = hex, .clause = __VA_ARGS__                \
    }
/* BER-TLV, empty, of at most l bytes */
#define ROW_TLV(n, id, s, l, rule, svc, ...)                                                   \
    {                                                                                          \
        .name = n, .fid = id, .sfi = s, .kind = FS_BER_TLV, .len = l, .count = 0, .arr = rule, \
        .services = svc, .body = ROW_PLAIN, .content = "", .clause = __VA_ARGS__               \
    }
/* shape and body of another file, for a service, or whenever that other file is there */
#define ROW_SHOWN(n, id, s, rule, svc, path, ...)                                                  \
    {                                                                                              \
        .name = n, .fid = id, .sfi = s, .kind = FS_TRANSPARENT, .len = 0, .count = 0, .arr = rule, \
        .services = svc, .body = ROW_MIRROR, .content = path, .clause = __VA_ARGS__                \
    }
#define ROW_SAME(n, id, rule, path, ...)                                                 \
    {                                                                                    \
        .name = n, .fid = id, .kind = FS_TRANSPARENT, .len = 0, .count = 0, .arr = rule, \
        .services = ALWAYS, .body = ROW_MIRROR, .content = path, .clause = __VA_ARGS__   \
    }

#define ARR_LEN 110 /* longest rule below, with room for conditions of three keys */

#endif
