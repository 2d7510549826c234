#include "apdu/script.h"
#include "ota/core/text.h"
#include "tools/cli/cli.h"
#include "tools/ota/access.h"
#include "tools/ota/commands.h"
#include "tools/ota/create.h"
#include "tools/ota/hexarg.h"
#include "tools/ota/report.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

struct options {
    struct access access;
    const char *iccid, *script;
    uint8_t tar[3];
    uint64_t wait_s, timeout_s, tries;
    bool detach;
};

enum { OPTION_TAR = 1, OPTION_WAIT, OPTION_TIMEOUT, OPTION_TRIES, OPTION_DETACH };

static const struct argp_option option_table[] = {
    {"tar", OPTION_TAR, "HEX", 0, "application (B00001, files of the USIM)", 0},
    {"wait", OPTION_WAIT, "SECONDS", 0, "give up waiting for the answer after so long (120)", 0},
    {"timeout", OPTION_TIMEOUT, "SECONDS", 0, "send again after so long without one (30)", 0},
    {"tries", OPTION_TRIES, "N", 0, "sendings (5)", 0},
    {"detach", OPTION_DETACH, NULL, 0, "do not wait; print the name of the campaign", 0},
    {0},
};

static void take_number(struct argp_state *state, const char *name, const char *value,
                        uint64_t *out)
{
    if (cli_number(value, 1, 86400, out) != ERR_OK)
        argp_error(state, "--%s: a number from 1 to 86400", name);
}

static void take_argument(struct argp_state *state, const char *value, struct options *o)
{
    if (!o->iccid)
        o->iccid = value;
    else if (!o->script)
        o->script = value;
    else
        argp_error(state, "`%s' is too much", value);
}

static error_t parse_option(int key, char *value, struct argp_state *state)
{
    struct options *o = state->input;

    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &o->access;
        return 0;
    case OPTION_TAR:
        if (!hexarg_fixed(value, o->tar, sizeof o->tar))
            argp_error(state, "--tar: 3 bytes of hex are wanted");
        return 0;
    case OPTION_WAIT:
        take_number(state, "wait", value, &o->wait_s);
        return 0;
    case OPTION_TIMEOUT:
        take_number(state, "timeout", value, &o->timeout_s);
        return 0;
    case OPTION_TRIES:
        take_number(state, "tries", value, &o->tries);
        return 0;
    case OPTION_DETACH:
        o->detach = true;
        return 0;
    case ARGP_KEY_ARG:
        take_argument(state, value, o);
        return 0;
    case ARGP_KEY_END:
        if (!o->script)
            argp_error(state, "ICCID and SCRIPT are needed");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* A name that no campaign has yet; two at one time differ in their nanoseconds. */
static void make_name(const struct options *o, struct ledger_campaign *c)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    snprintf(c->name, sizeof c->name, "send-%.20s-%lld%09ld", o->iccid, (long long)now.tv_sec,
             now.tv_nsec);
}

static enum err print_result(void *context, const struct ledger_job *job)
{
    (void)context;
    if (job->state == LEDGER_PLANNED)
        (void)cli_fail("nothing was sent yet: does an ota-server serve this ledger, and reach its "
                       "SMS centre? The script stays ordered");
    printf("%s %s%s%s\n", ledger_job_state_text(job->state), job->result, job->hint[0] ? "; " : "",
           job->hint);
    return ERR_OK;
}

static int send_script(struct ledger *l, const struct options *o, struct ledger_campaign *c)
{
    const struct create_source source = {.card = o->iccid};
    int status = create_campaign(l, c, &source, true);

    if (status != CLI_OK)
        return status;
    if (o->detach) {
        printf("%s\n", c->name);
        return CLI_OK;
    }
    status = report_watch(l, c, o->wait_s);
    return ledger_job_each(l, c->id, print_result, NULL) == ERR_OK ? status : CLI_FAILED;
}

int send_main(int argc, char **argv)
{
    static const struct argp_child children[] = {{&access_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        .options = option_table,
        .parser = parse_option,
        .args_doc = "ICCID SCRIPT",
        .doc = "Send a remote script (hex, @FILE, env:NAME or -) to one card through a running "
               "ota-server, and print what the card answered.",
        .children = children};
    struct options o = {.tar = {0xB0, 0x00, 0x01}, .wait_s = 120, .timeout_s = 30, .tries = 5};
    struct ledger_campaign c;
    struct ledger *l;
    struct wr w;
    int status;
    enum err e;

    argp_err_exit_status = CLI_USAGE;
    if (argp_parse(&argp, argc, argv, 0, NULL, &o) != 0)
        return CLI_USAGE;
    ledger_campaign_defaults(&c, LEDGER_SCRIPT);
    make_name(&o, &c);
    memcpy(c.tar, o.tar, sizeof c.tar);
    c.timeout_ms = (unsigned)o.timeout_s * 1000;
    c.tries = (unsigned)o.tries;
    w = WR_ARRAY(c.script);
    e = hexarg_read(o.script, &w);
    c.script_len = w.len;
    if (e != ERR_OK || w.len == 0)
        return cli_usage("SCRIPT: %s", err_text(e == ERR_OK ? ERR_SHORT : e));
    l = access_open(&o.access, false);
    if (!l)
        return CLI_FAILED;
    status = send_script(l, &o, &c);
    ledger_close(&l);
    return status;
}
