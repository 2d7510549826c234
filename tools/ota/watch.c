#include "tools/cli/cli.h"
#include "tools/ota/access.h"
#include "tools/ota/commands.h"
#include "tools/ota/report.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define POLL_MS 200

static void pause_ms(long ms)
{
    struct timespec t = {0, ms * 1000000};

    nanosleep(&t, NULL);
}

static uint64_t ended(const struct ledger_counts *n)
{
    return n->total - n->jobs[LEDGER_PLANNED] - n->jobs[LEDGER_SENT] - n->jobs[LEDGER_DELIVERED];
}

static int conclude(const struct ledger_campaign *c, const struct ledger_counts *n)
{
    char text[256];

    report_counts_text(n, text, sizeof text);
    fprintf(stderr, "campaign %s: %s%s%s\n", c->name, text, c->reason[0] ? "; " : "", c->reason);
    return report_is_success(n) ? CLI_OK : CLI_FAILED;
}

/* Another process writes all the time: a moment of waiting is no failure. */
static enum err look(struct ledger *l, int64_t id, struct ledger_campaign *c,
                     struct ledger_counts *n)
{
    enum err e = ledger_campaign_by_id(l, id, c);

    if (e == ERR_OK)
        e = ledger_campaign_count(l, id, n);
    return e == ERR_BUSY ? ERR_OK : e;
}

int report_watch(struct ledger *l, const struct ledger_campaign *watched, uint64_t timeout_s)
{
    struct ledger_campaign c = *watched;
    struct ledger_counts n = {.total = 0};
    struct cli_progress bar;
    uint64_t begun_ms = cli_now_ms();
    bool begun = false, over = false;
    enum err e = look(l, watched->id, &c, &n);

    while (e == ERR_OK && !over) {
        if (!begun)
            cli_progress_begin(&bar, c.name, n.total);
        begun = true;
        cli_progress(&bar, ended(&n));
        over = report_is_over(&c, &n) || c.state == LEDGER_PAUSED || c.state == LEDGER_DRAFT ||
               (timeout_s && cli_now_ms() - begun_ms > timeout_s * 1000);
        if (over)
            break;
        pause_ms(POLL_MS);
        e = look(l, watched->id, &c, &n);
    }
    if (begun)
        cli_progress_end(&bar);
    if (e != ERR_OK)
        return cli_fail("campaign %s: %s", watched->name, err_text(e));
    return conclude(&c, &n);
}

struct options {
    struct access access;
    struct access_argument name;
    uint64_t timeout_s;
};

static const struct argp_option option_table[] = {
    {"timeout", 't', "SECONDS", 0, "give up watching after so long", 0},
    {0},
};

static error_t parse_option(int key, char *value, struct argp_state *state)
{
    struct options *o = state->input;

    switch (key) {
    case 't':
        if (cli_number(value, 1, 31536000, &o->timeout_s) != ERR_OK)
            argp_error(state, "--timeout: a number of seconds");
        return 0;
    default:
        return access_parse_argument(key, value, state, &o->access, &o->name);
    }
}

int campaign_watch_main(int argc, char **argv)
{
    static const struct argp_child children[] = {{&access_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        .options = option_table,
        .parser = parse_option,
        .args_doc = "NAME",
        .doc = "Follow a campaign to its end. Exit status 0 only when every card proved its "
               "change.",
        .children = children};
    struct options o = {.name = {.what = "NAME"}};
    struct ledger_campaign c;
    struct ledger *l;
    int status = CLI_FAILED;

    argp_err_exit_status = CLI_USAGE;
    if (argp_parse(&argp, argc, argv, 0, NULL, &o) != 0)
        return CLI_USAGE;
    l = access_open(&o.access, false);
    if (l && access_campaign(l, o.name.value, &c))
        status = report_watch(l, &c, o.timeout_s);
    ledger_close(&l);
    return status;
}
