/*
 * target.h - the options by which the sub-commands of `apdu` name the card they
 * talk to: --reader, --socket or --card.
 */
#ifndef RESEAT_TOOLS_APDU_TARGET_H
#define RESEAT_TOOLS_APDU_TARGET_H

#include "tools/transport/reader.h"

#include <argp.h>

struct target {
    const char *reader, *socket, *card;
};

/* Child parser for argp; its input is a struct target. */
extern const struct argp target_argp;

/* Open what was named (reader 0 unless anything was); says on error what went wrong. Exit status.
 */
int target_open(const struct target *t, struct reader *out);

#endif
