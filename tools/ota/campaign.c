#include "tools/cli/cli.h"
#include "tools/ota/access.h"
#include "tools/ota/commands.h"
#include "tools/ota/report.h"

#include <stdio.h>

/* --- start, pause, resume, cancel --- */

static enum err set_state(struct ledger *l, const struct ledger_campaign *c,
                          enum ledger_campaign_state state, const char *reason)
{
    enum err e = ledger_begin(l);

    if (e == ERR_OK)
        e = ledger_campaign_set_state(l, c->id, state, reason);
    if (e == ERR_OK)
        e = ledger_note(l, "campaign-state", c->id, 0, ledger_campaign_state_text(state));
    if (e == ERR_OK)
        e = ledger_commit(l);
    ledger_rollback(l);
    return e;
}

static int change(int argc, char **argv, enum ledger_campaign_state state, const char *doc)
{
    struct access a;
    const char *name = access_one_argument(argc, argv, "NAME", doc, &a);
    struct ledger *l = access_open(&a, false);
    struct ledger_campaign c;
    int status = CLI_FAILED;

    if (l && access_campaign(l, name, &c)) {
        enum err e = set_state(l, &c, state, state == LEDGER_RUNNING ? "" : "by hand");

        if (e == ERR_OK)
            status = CLI_OK;
        else if (e == ERR_CONDITIONS)
            cli_fail("campaign %s is %s", name, ledger_campaign_state_text(c.state));
        else
            cli_fail("campaign %s: %s", name, err_text(e));
    }
    ledger_close(&l);
    return status;
}

int campaign_start_main(int argc, char **argv)
{
    return change(argc, argv, LEDGER_RUNNING,
                  "Start a campaign; a running ota-server takes it up.");
}

int campaign_pause_main(int argc, char **argv)
{
    return change(argc, argv, LEDGER_PAUSED,
                  "Let nothing of a campaign leave until it is resumed.");
}

int campaign_resume_main(int argc, char **argv)
{
    return change(argc, argv, LEDGER_RUNNING, "Go on with a paused campaign.");
}

int campaign_cancel_main(int argc, char **argv)
{
    return change(argc, argv, LEDGER_CANCELLED,
                  "End a campaign: cards that were not begun fail, others come to their end.");
}

/* --- list --- */

static enum err print_campaign(void *context, const struct ledger_campaign *c)
{
    struct ledger *l = context;
    struct ledger_counts n;
    char text[256];
    enum err e = ledger_campaign_count(l, c->id, &n);

    if (e != ERR_OK)
        return e;
    report_counts_text(&n, text, sizeof text);
    printf("%-24s  %-6s  %-9s  %7llu  %s\n", c->name, ledger_method_text(c->method),
           ledger_campaign_state_text(c->state), (unsigned long long)n.total, text);
    return ERR_OK;
}

static error_t parse_list(int key, char *value, struct argp_state *state)
{
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = state->input;
        return 0;
    case ARGP_KEY_ARG:
        argp_error(state, "`%s' is too much", value);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int campaign_list_main(int argc, char **argv)
{
    static const struct argp_child children[] = {{&access_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        .parser = parse_list, .doc = "List the campaigns of the ledger.", .children = children};
    struct access a = {.db = NULL};
    struct ledger *l;
    enum err e;

    argp_err_exit_status = CLI_USAGE;
    if (argp_parse(&argp, argc, argv, 0, NULL, &a) != 0)
        return CLI_USAGE;
    l = access_open(&a, false);
    if (!l)
        return CLI_FAILED;
    printf("%-24s  %-6s  %-9s  %7s  %s\n", "name", "method", "state", "cards", "jobs");
    e = ledger_campaign_each(l, print_campaign, l);
    ledger_close(&l);
    return e == ERR_OK ? CLI_OK : cli_fail("%s", err_text(e));
}
