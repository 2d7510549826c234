#include "tools/uicc/run.h"
#include "tools/cli/cli.h"
#include "tools/transport/host.h"
#include "tools/transport/serve.h"

#include <argp.h>
#include <stdlib.h>
#include <string.h>

#define VPCD_PORT 35963 /* vpcd's first reader; the next card takes the next port */

struct options {
    struct address vpcd;
    bool vpcd_said;
    const char *socket, *trace;
    char **cards;
    size_t card_count;
    bool verbose;
};

enum { OPTION_VPCD = 1, OPTION_SOCKET, OPTION_TRACE };

static const struct argp_option option_table[] = {
    {"vpcd", OPTION_VPCD, "[HOST:]PORT", 0,
     "virtual reader of pcscd for the first card, the next card takes the next port "
     "(127.0.0.1:35963)",
     0},
    {"socket", OPTION_SOCKET, "PATH", 0,
     "listen on a unix socket instead; with several cards PATH.1, PATH.2, ...", 0},
    {"trace", OPTION_TRACE, "FILE", 0,
     "append the APDUs to FILE as text, or write a FILE.pcap or FILE.pcapng; PINs and session "
     "keys are masked",
     0},
    {"verbose", 'v', NULL, 0, "say what the card does", 0},
    {0},
};

static error_t parse_option(int key, char *value, struct argp_state *state)
{
    struct options *o = state->input;

    switch (key) {
    case OPTION_VPCD:
        if (address_parse(value, &o->vpcd) != ERR_OK || o->vpcd.port == 0)
            argp_error(state, "--vpcd: `%s' is no [HOST:]PORT", value);
        o->vpcd_said = true;
        return 0;
    case OPTION_SOCKET:
        o->socket = value;
        return 0;
    case OPTION_TRACE:
        o->trace = value;
        return 0;
    case 'v':
        o->verbose = true;
        return 0;
    case ARGP_KEY_ARGS:
        o->cards = state->argv + state->next;
        o->card_count = (size_t)(state->argc - state->next);
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "which card?");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

struct powered {
    struct host_card *card;
    struct reader reader;
    struct uicc_info info;
    char path[120];
};

static int open_card(struct host *host, const struct options *o, size_t i, struct powered *p,
                     struct serve_card *out)
{
    enum err e = host_open(host, o->cards[i], o->verbose, &p->card);

    if (e == ERR_OK)
        e = uicc_info(host_card(p->card), &p->info);
    if (e != ERR_OK)
        return cli_fail("%s: %s", o->cards[i], host_open_text(e));
    host_card_reader(p->card, &p->reader);
    *out = (struct serve_card){.reader = &p->reader, .name = p->info.iccid, .vpcd = o->vpcd};
    out->vpcd.port = (uint16_t)(o->vpcd.port + i);
    if (o->socket != NULL) {
        if (o->card_count == 1)
            snprintf(p->path, sizeof p->path, "%s", o->socket);
        else
            snprintf(p->path, sizeof p->path, "%s.%zu", o->socket, i + 1);
        out->path = p->path;
    }
    return CLI_OK;
}

static int run(const struct options *o, struct trace_writer *trace)
{
    struct serve_card *cards = calloc(o->card_count, sizeof *cards);
    struct powered *powered = calloc(o->card_count, sizeof *powered);
    struct host *host = NULL;
    int status = CLI_OK;
    enum err e;

    e = cards == NULL || powered == NULL ? ERR_NOMEM : host_new(o->card_count, &host);
    if (e != ERR_OK)
        status = cli_fail("%s", err_text(e));
    for (size_t i = 0; i < o->card_count && e == ERR_OK && status == CLI_OK; i++)
        status = open_card(host, o, i, &powered[i], &cards[i]);
    if (status == CLI_OK) {
        e = serve_run(cards, o->card_count, trace);
        if (e != ERR_OK)
            status = cli_fail("%s: %s", o->socket != NULL ? o->socket : "vpcd", err_text(e));
    }
    for (size_t i = 0; powered != NULL && i < o->card_count; i++)
        host_close(&powered[i].card);
    host_free(&host);
    free(powered);
    free(cards);
    return status;
}

int uicc_run_main(int argc, char **argv)
{
    static const struct argp argp = {
        option_table, parse_option,
        "CARD...",    "Power cards and put them into virtual readers, until a signal ends it.",
        NULL,         NULL,
        NULL,
    };
    struct options o = {.vpcd = {"127.0.0.1", VPCD_PORT}};
    struct trace_writer trace = {.file = NULL};
    int status;

    argp_err_exit_status = CLI_USAGE;
    argp_parse(&argp, argc, argv, 0, NULL, &o);
    if (o.vpcd_said && o.socket != NULL)
        return cli_usage("--vpcd and --socket exclude each other");
    if (o.vpcd.port + o.card_count > 65536)
        return cli_usage("there are not that many ports above %u", o.vpcd.port);
    if (o.trace != NULL) {
        trace.format = trace_format_of(o.trace);
        trace.file = fopen(o.trace, trace.format == TRACE_TEXT ? "ae" : "we");
        if (trace.file == NULL)
            return cli_fail("%s: cannot be written", o.trace);
    }
    status = run(&o, trace.file != NULL ? &trace : NULL);
    if (trace.file != NULL && (ferror(trace.file) | fclose(trace.file)) != 0 && status == CLI_OK)
        status = cli_fail("%s: not all of the trace was written", o.trace);
    return status;
}
