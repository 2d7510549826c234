/*
 * rule.h - security attributes (TS 102 221 9.2): what an access rule in expanded
 * format, as EF.ARR records and the AB object hold it, or in compact format (8C) says of
 * one kind of access.
 */
#ifndef RESEAT_UICC_FS_RULE_H
#define RESEAT_UICC_FS_RULE_H

#include "apdu/apdu.h"
#include "uicc/fs/fs.h"

#define FS_ACCESS_COUNT (FS_CREATE_DF + 1)

/* A condition in the form that is quick to answer. */
enum fs_decision_kind {
    FS_DECIDE_NEVER,
    FS_DECIDE_SILENT, /* no rule speaks of the access: never */
    FS_DECIDE_ALWAYS,
    FS_DECIDE_ANY,  /* one of the keys */
    FS_DECIDE_ALL,  /* all of the keys */
    FS_DECIDE_RULE, /* depends on more: read the rule each time */
};

struct fs_decision {
    uint32_t keys; /* PIN bits */
    uint8_t kind;  /* enum fs_decision_kind */
};

/* All that a rule says of a file. */
struct fs_rule {
    struct fs_decision by[FS_ACCESS_COUNT];
};

/* What a rule is asked with. */
struct fs_question {
    enum fs_access access;
    const struct apdu *cmd; /* for rules that name parts of the command header; or NULL */
    uint32_t satisfied;     /* PIN bits */
};

/*
 * Does the rule (expanded format) permit it? A rule that is malformed before the part that
 * decides permits nothing.
 */
bool fs_rule_permits(struct rd rule, const struct fs_question *q);

/* The same for the compact format: AM byte, SC bytes (TS 102 221 9.2.5). */
bool fs_rule_permits_compact(struct rd value, const struct fs_question *q);

/* What the rule says of one kind of access, whatever the command and the keys. */
struct fs_decision fs_rule_decide(struct rd rule, enum fs_access access);

#endif
