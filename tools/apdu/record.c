#include "tools/apdu/record.h"
#include "tools/apdu/target.h"
#include "tools/cli/cli.h"
#include "tools/transport/serve.h"

#include <string.h>

#define VPCD_PORT 35963

struct options {
    struct target target;
    const char *out, *listen;
    struct address vpcd;
    bool has_vpcd, secrets;
};

enum { OPTION_VPCD = 1, OPTION_LISTEN, OPTION_SECRETS };

static const struct argp_option option_table[] = {
    {"out", 'o', "FILE", 0,
     "where the trace goes: text, or by its name .pcap or .pcapng; - is "
     "standard output",
     0},
    {"vpcd", OPTION_VPCD, "[HOST:]PORT", 0,
     "be the card in this virtual reader of pcscd (127.0.0.1:35963)", 0},
    {"listen", OPTION_LISTEN, "PATH", 0, "listen on a unix socket instead, as `uicc run' does", 0},
    {"secrets", OPTION_SECRETS, NULL, 0, "record PINs and session keys, too", 0},
    {0},
};

static error_t parse_option(int key, char *value, struct argp_state *state)
{
    struct options *o = state->input;

    switch (key) {
    case 'o':
        o->out = value;
        return 0;
    case OPTION_VPCD:
        o->has_vpcd = true;
        if (address_parse(value, &o->vpcd) != ERR_OK || o->vpcd.port == 0)
            argp_error(state, "--vpcd: `%s' is no [HOST:]PORT", value);
        return 0;
    case OPTION_LISTEN:
        o->listen = value;
        return 0;
    case OPTION_SECRETS:
        o->secrets = true;
        return 0;
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &o->target;
        return 0;
    case ARGP_KEY_END:
        if (o->out == NULL)
            argp_error(state, "where to? --out is missing");
        if (o->has_vpcd && o->listen != NULL)
            argp_error(state, "--vpcd and --listen exclude each other");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static int serve(const struct options *o, struct reader *reader, struct trace_writer *w)
{
    const struct serve_card card = {
        .reader = reader,
        .name = "recorded",
        .vpcd = o->vpcd,
        .path = o->listen,
        .secrets = o->secrets,
    };
    enum err e = serve_run(&card, 1, w);

    return e == ERR_OK ? CLI_OK
                       : cli_fail("%s: %s", o->listen != NULL ? o->listen : "vpcd", err_text(e));
}

int apdu_record_main(int argc, char **argv)
{
    static const struct argp_child children[] = {{&target_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        option_table,
        parse_option,
        "",
        "Stand between a card and whoever talks to it, and write down what they say, until a "
        "signal ends it. Towards the client this program is the card: in a virtual reader of "
        "pcscd, or behind a socket.",
        children,
        NULL,
        NULL,
    };
    struct options o = {.vpcd = {"127.0.0.1", VPCD_PORT}};
    struct trace_writer w = {.file = stdout};
    struct reader reader;
    int status;

    argp_err_exit_status = CLI_USAGE;
    argp_parse(&argp, argc, argv, 0, NULL, &o);
    status = target_open(&o.target, &reader);
    if (status != CLI_OK)
        return status;
    w.format = trace_format_of(o.out);
    if (strcmp(o.out, "-") != 0)
        w.file = fopen(o.out, "we");
    if (w.file == NULL)
        status = cli_fail("%s: cannot be written", o.out);
    else
        status = serve(&o, &reader, &w);
    if (w.file != NULL && (ferror(w.file) | fclose(w.file)) != 0 && status == CLI_OK)
        status = cli_fail("%s: not all of the trace was written", o.out);
    reader_close(&reader);
    return status;
}
