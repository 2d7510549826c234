#include "tools/apdu/decode.h"
#include "tools/cli/cli.h"
#include "tools/decode/decode.h"
#include "tools/decode/print.h"
#include "tools/trace/log.h"

#include <argp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct options {
    char **files;
    size_t count;
    const char *kic_key, *kid_key;
    bool json, brief, bytes, secrets;
    bool colours;
};

enum { OPTION_JSON = 1, OPTION_COLOUR, OPTION_KIC, OPTION_KID, OPTION_SECRETS };

static const struct argp_option option_table[] = {
    {"json", OPTION_JSON, NULL, 0, "one JSON object a line", 0},
    {"brief", 'b', NULL, 0, "one line for each command", 0},
    {"bytes", 'x', NULL, 0, "show the bytes of everything, not only of what has no words", 0},
    {"color", OPTION_COLOUR, "WHEN", 0, "always, never, or auto: on a terminal (auto)", 0},
    {"kic-key", OPTION_KIC, "KEY", 0, "key that packets of the air are ciphered with", 0},
    {"kid-key", OPTION_KID, "KEY", 0,
     "key that they are authenticated with; KEY is hex, @FILE, env:NAME or -", 0},
    {"secrets", OPTION_SECRETS, NULL, 0, "show PINs and session keys that the trace has", 0},
    {0},
};

static void set_colours(struct options *o, const char *when, struct argp_state *state)
{
    if (strcmp(when, "always") == 0)
        o->colours = true;
    else if (strcmp(when, "never") == 0)
        o->colours = false;
    else if (strcmp(when, "auto") != 0)
        argp_error(state, "--color is always, never or auto");
}

static error_t parse_option(int key, char *value, struct argp_state *state)
{
    struct options *o = state->input;

    switch (key) {
    case OPTION_JSON:
        o->json = true;
        return 0;
    case 'b':
        o->brief = true;
        return 0;
    case 'x':
        o->bytes = true;
        return 0;
    case OPTION_COLOUR:
        set_colours(o, value, state);
        return 0;
    case OPTION_KIC:
        o->kic_key = value;
        return 0;
    case OPTION_KID:
        o->kid_key = value;
        return 0;
    case OPTION_SECRETS:
        o->secrets = true;
        return 0;
    case ARGP_KEY_ARGS:
        o->files = state->argv + state->next;
        o->count = (size_t)(state->argc - state->next);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

struct job {
    const struct options *options;
    struct decode decode;
    struct print print;
    struct trace_event event;
    uint8_t header[5]; /* of the last command that was no GET RESPONSE */
};

static void print_time(const struct print *p, uint64_t time_us)
{
    if (time_us == 0)
        return;
    print_colour(p, PRINT_DIM);
    fprintf(p->file, "  %llu.%06llu", (unsigned long long)(time_us / 1000000),
            (unsigned long long)(time_us % 1000000));
    print_colour(p, PRINT_PLAIN);
}

static void print_bytes(FILE *f, const struct trace_bytes *b)
{
    for (size_t i = 0; i < b->len; i++) {
        if (b->mark[i] == TRACE_LITERAL)
            fprintf(f, "%02X", b->at[i]);
        else
            fputs(b->mark[i] == TRACE_REST ? ".." : "**", f);
    }
}

static void print_pattern(const struct print *p, const char *mark, const struct trace_bytes *b)
{
    fprintf(p->file, "      %s ", mark);
    print_colour(p, PRINT_DIM);
    print_bytes(p->file, b);
    print_colour(p, PRINT_PLAIN);
    fputc('\n', p->file);
}

static void print_status(const struct print *p, uint16_t value)
{
    sw_t sw = SW(value);
    char text[96];

    decode_status(sw, text, sizeof text);
    print_colour(p, sw_is_success(sw) ? PRINT_GOOD : PRINT_BAD);
    fprintf(p->file, "  %04X %s", value, text);
    print_colour(p, PRINT_PLAIN);
}

static void print_headline(const struct job *j)
{
    const struct print *p = &j->print;
    const struct tree_node *root = &j->decode.tree.root;
    uint16_t sw;

    fprintf(p->file, "%5llu ", (unsigned long long)j->event.place);
    print_colour(p, PRINT_TITLE);
    print_text(p->file, root->name);
    print_colour(p, PRINT_PLAIN);
    if (root->text != NULL) {
        fputc(' ', p->file);
        print_text(p->file, root->text);
    }
    if (j->event.kind == TRACE_EXCHANGE && trace_status(&j->event.answer, &sw))
        print_status(p, sw);
    else if (j->event.kind == TRACE_EXCHANGE)
        fputs("  (no answer)", p->file);
    print_time(p, j->event.time_us);
    fputc('\n', p->file);
}

static void print_people(const struct job *j)
{
    const struct print *p = &j->print;

    if (j->event.kind == TRACE_NOTE) {
        print_colour(p, PRINT_DIM);
        fputs("      # ", p->file);
        print_text(p->file, j->event.note);
        print_colour(p, PRINT_PLAIN);
        fputc('\n', p->file);
        return;
    }
    print_headline(j);
    if (j->options->brief)
        return;
    if (j->event.kind == TRACE_EXCHANGE)
        print_pattern(p, ">", &j->event.command);
    for (const struct tree_node *n = j->decode.tree.root.first; n != NULL; n = n->next) {
        if (n != j->decode.tree.root.first || j->event.kind == TRACE_RESET)
            print_pattern(p, "<", &j->event.answer);
        print_parts(p, n, 4);
    }
}

static void print_event_kind(FILE *f, const struct trace_event *e)
{
    static const char *const kinds[] = {"note", "reset", "off", "exchange", "wait"};
    uint16_t sw;

    fprintf(f, "{\"place\":%llu,\"kind\":\"%s\"", (unsigned long long)e->place, kinds[e->kind]);
    if (e->time_us != 0)
        fprintf(f, ",\"time\":%llu.%06llu", (unsigned long long)(e->time_us / 1000000),
                (unsigned long long)(e->time_us % 1000000));
    if (e->kind == TRACE_EXCHANGE && trace_status(&e->answer, &sw)) {
        char text[96];

        decode_status(SW(sw), text, sizeof text);
        fprintf(f, ",\"sw\":\"%04X\",\"status\":", sw);
        print_json_string(f, text);
    }
    if (e->kind == TRACE_EXCHANGE) {
        fputs(",\"command\":\"", f);
        print_bytes(f, &e->command);
        fputs("\",\"response\":\"", f);
        print_bytes(f, &e->answer);
        fputc('"', f);
    }
}

static void print_programs(const struct job *j)
{
    FILE *f = j->print.file;

    print_event_kind(f, &j->event);
    fputs(",\"decoded\":", f);
    print_json(f, &j->decode.tree.root);
    fputs("}\n", f);
}

static int decode_stream(struct job *j, FILE *file, const char *name)
{
    struct trace_reader *r = NULL;
    enum err e = trace_open(file, &r);

    while (e == ERR_OK) {
        e = trace_next(r, &j->event);
        if (e != ERR_OK)
            break;
        if (j->event.command.len >= 4 && j->event.command.at[1] != 0xC0)
            memcpy(j->header, j->event.command.at, 4);
        if (!j->options->secrets && j->event.kind == TRACE_EXCHANGE)
            trace_log_mask(&j->event, j->header);
        decode_event(&j->decode, &j->event);
        if (j->options->json)
            print_programs(j);
        else
            print_people(j);
        if (ferror(stdout))
            break;
    }
    if (e != ERR_NOT_FOUND && e != ERR_OK)
        cli_fail("%s: %s %llu: %s", name, "line or packet",
                 (unsigned long long)(r != NULL ? trace_place(r) : 0), trace_error(e));
    if (r != NULL)
        trace_close(&r);
    return e == ERR_NOT_FOUND ? CLI_OK : CLI_FAILED;
}

static int decode_file(struct job *j, const char *name)
{
    FILE *f;
    int status;

    if (strcmp(name, "-") == 0)
        return decode_stream(j, stdin, "standard input");
    f = fopen(name, "re");
    if (f == NULL)
        return cli_fail("%s: cannot be read", name);
    status = decode_stream(j, f, name);
    fclose(f);
    return status;
}

static int take_keys(struct job *j)
{
    const struct options *o = j->options;

    enum err e = ERR_OK;

    if (o->kic_key != NULL && (e = cli_secret(o->kic_key, &j->decode.kic_key)) != ERR_OK)
        return cli_usage("--kic-key: %s", cli_secret_error(e));
    if (o->kid_key != NULL && (e = cli_secret(o->kid_key, &j->decode.kid_key)) != ERR_OK)
        return cli_usage("--kid-key: %s", cli_secret_error(e));
    return CLI_OK;
}

static int run(const struct options *o)
{
    struct job *j = calloc(1, sizeof *j);
    int status = CLI_OK;

    if (j == NULL || decode_init(&j->decode) != ERR_OK) {
        free(j);
        return cli_fail("%s", err_text(ERR_NOMEM));
    }
    j->options = o;
    j->print = (struct print){stdout, o->colours, o->bytes};
    status = take_keys(j);
    if (status == CLI_OK && o->count == 0)
        status = decode_file(j, "-");
    for (size_t i = 0; i < o->count && status == CLI_OK; i++) {
        decode_reset(&j->decode);
        status = decode_file(j, o->files[i]);
    }
    decode_free(&j->decode);
    free(j);
    return status;
}

int apdu_decode_main(int argc, char **argv)
{
    static const struct argp argp = {
        option_table,
        parse_option,
        "[FILE...]",
        "Explain a trace: what each command asks and each answer says. A FILE is text, pcap or "
        "pcapng, or a log of pySim-shell, opensc-tool or scriptor; `-' is standard input.",
        NULL,
        NULL,
        NULL,
    };
    struct options o = {.colours = isatty(STDOUT_FILENO) && getenv("NO_COLOR") == NULL};

    argp_err_exit_status = CLI_USAGE;
    argp_parse(&argp, argc, argv, 0, NULL, &o);
    /* Whoever reads the other end of a pipe sees each command when it happens. */
    setvbuf(stdout, NULL, _IOLBF, 0);
    return run(&o);
}
