/*
 * commands.h - the sub-commands of opchange. A command judges, works and prints; it gets options
 * that are read already. Exit statuses: tools/cli/cli.h.
 */
#ifndef RESEAT_TOOLS_OPCHANGE_COMMANDS_H
#define RESEAT_TOOLS_OPCHANGE_COMMANDS_H

#include "tools/opchange/options.h"

/* One command: args in brackets may be left out; which options it takes, and which of them must be
 * there. */
struct opchange_spec {
    const char *name, *args, *help;
    int (*run)(const struct opchange_options *o);
    uint64_t needs, takes; /* OPCHANGE_BIT() of enum opchange_option */
    size_t arg_count;
};

int opchange_cmd_party_init(const struct opchange_options *o);
int opchange_cmd_party_trust(const struct opchange_options *o);
int opchange_cmd_party_distrust(const struct opchange_options *o);
int opchange_cmd_party_show(const struct opchange_options *o);
int opchange_cmd_list_make(const struct opchange_options *o);
int opchange_cmd_list_check(const struct opchange_options *o);
int opchange_cmd_run(const struct opchange_options *o);
int opchange_cmd_handover(const struct opchange_options *o);
int opchange_cmd_request(const struct opchange_options *o);
int opchange_cmd_issue(const struct opchange_options *o);
int opchange_cmd_activate(const struct opchange_options *o);
int opchange_cmd_confirm(const struct opchange_options *o);
int opchange_cmd_settle(const struct opchange_options *o);
int opchange_cmd_export(const struct opchange_options *o);
int opchange_cmd_status(const struct opchange_options *o);

#endif
