/*
 * compare.h - two cards side by side: which files each has, what their control parameters and
 * access rules say, what is in them, and how each answers a list of probes. Nothing is written to
 * a card, and no PIN is tried but the one that is given.
 */
#ifndef RESEAT_TOOLS_COMPARE_COMPARE_H
#define RESEAT_TOOLS_COMPARE_COMPARE_H

#include "apdu/ids.h"
#include "tools/decode/decode.h"
#include "tools/transport/reader.h"

#define COMPARE_AID_MAX      16
#define COMPARE_APPS_MAX     8
#define COMPARE_BODY_MAX     4096
#define COMPARE_RULE_MAX     48
#define COMPARE_FILES_MAX    1024
#define COMPARE_CONTENTS_MAX (512U * 1024U)

/* Access modes that are compared, by their bit in an AM byte (TS 102 221 9.2.6.2.2). */
enum compare_mode { MODE_READ, MODE_UPDATE, MODE_DEACTIVATE, MODE_ACTIVATE, COMPARE_MODES };

struct compare_path {
    enum decode_place application; /* what 7FFF at the front stands for */
    uint16_t fid[DECODE_PATH_MAX];
    uint8_t len;
};

/* One file of one card. */
struct compare_file {
    struct compare_path path;
    sw_t sw; /* of SELECT; the rest counts when it succeeded */
    uint8_t descriptor;
    uint16_t record_len;
    uint8_t records;
    uint32_t size;
    uint8_t life_cycle;
    uint8_t sfi;                                /* 0: none */
    char rule[COMPARE_MODES][COMPARE_RULE_MAX]; /* "always", "PIN1", "ADM", ... */
    struct rd body; /* what could be read: a transparent file, or all records; in contents */
    sw_t body_sw;   /* of the last read */
};

struct compare_app {
    uint8_t aid[COMPARE_AID_MAX], len;
    enum decode_place kind;
    char label[17];
};

/* All that may be known of one card. */
struct compare_card {
    const char *name; /* for people */
    struct reader *reader;
    uint8_t atr[READER_ATR_MAX];
    size_t atr_len;
    bool sim_mode; /* class A0 is answered */
    struct compare_app apps[COMPARE_APPS_MAX];
    size_t app_count;
    struct compare_file *files; /* those that are there, in the order of the walk */
    size_t file_count;
    struct wr contents;
};

/* --- card.c: one command each --- */
/* header: CLA INS P1 P2, and Le when body is empty. Data of the answer in data (emptied first); an
 * error of the reader becomes 6F00. */
sw_t compare_send(struct compare_card *c, const uint8_t *header, struct rd body, struct wr *data);
/* SELECT by path from the MF; an ADF by its name. */
sw_t compare_select(struct compare_card *c, const struct compare_path *path, struct wr *fcp);
bool compare_is_ok(sw_t sw);

/* --- access.c --- */
/* The conditions of a file whose FCP this is; the file is selected, and may not be afterwards. */
void compare_rules(struct compare_card *c, struct compare_file *f, struct rd fcp);

/* --- walk.c --- */
NODISCARD enum err compare_open(struct compare_card *c, const char *name, struct reader *reader);
void compare_close(struct compare_card *c);
/* PIN1 as VERIFY has it. */
sw_t compare_verify(struct compare_card *c, const uint8_t pin[8]);
/* Visit every file that a table of tools/decode/ names; scan: every number of the ranges in use
 * besides. progress may be NULL. */
void compare_walk(struct compare_card *c, bool scan,
                  void (*progress)(void *context, size_t done, size_t total), void *context);
const struct compare_file *compare_find(const struct compare_card *c,
                                        const struct compare_path *path);
/* "ADF.USIM/EF.IMSI"; a number where there is no name. */
void compare_path_text(const struct compare_path *p, char *text, size_t cap);

/* --- probe.c --- */
struct compare_probe {
    const char *what;    /* with the clause that says what to expect */
    const char *command; /* hex; several with ";" between: the last answer counts */
};
extern const struct compare_probe compare_probes[];
extern const size_t compare_probe_count;
/* From a reset on. */
sw_t compare_run_probe(struct compare_card *c, const struct compare_probe *p, size_t *data_len);

/* --- learn.c --- */
/* A profile text for `uicc make` that gives cards the look of this one: files, sizes and what may
 * be read of them, but neither identity nor keys nor what networks left behind. ERR_NOMEM,
 * ERR_IO. */
NODISCARD enum err compare_learn(const struct compare_card *c, FILE *out);

#endif
