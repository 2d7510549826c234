/*
 * access.h - which ledger a command works on: --config, --db, --kek, as a child parser of
 * every command that needs one.
 */
#ifndef RESEAT_TOOLS_OTA_ACCESS_H
#define RESEAT_TOOLS_OTA_ACCESS_H

#include "ota/core/config.h"
#include "ota/ledger/jobs.h"

#include <argp.h>

struct access {
    const char *config_file; /* NULL: defaults alone */
    const char *db, *kek;    /* over the configuration */
};

struct access_argument {
    const char *what, *value;
};

/* For argp_child: its input is a struct access. */
extern const struct argp access_argp;

/* The configuration that the options name; prints what is wrong. False: exit status 1. */
bool access_config(const struct access *a, struct config *out);

/* Open the ledger. create: make it, and the key file, when missing. NULL after printing why. */
struct ledger *access_open(const struct access *a, bool create);

/* A campaign by name; prints what is wrong. */
bool access_campaign(struct ledger *l, const char *name, struct ledger_campaign *out);

/*
 * The rest of the parser of a command that takes one ledger and exactly one argument (what:
 * "NAME"), after the command's own options.
 */
error_t access_parse_argument(int key, char *value, struct argp_state *state, struct access *a,
                              struct access_argument *out);

/* Parse a command that takes nothing else. */
const char *access_one_argument(int argc, char **argv, const char *what, const char *doc,
                                struct access *a);

#endif
