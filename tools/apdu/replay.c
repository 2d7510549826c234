#include "tools/apdu/replay.h"
#include "apdu/bcd.h"
#include "apdu/hex.h"
#include "tools/apdu/target.h"
#include "tools/cli/cli.h"
#include "tools/cli/csv.h"
#include "tools/decode/print.h"
#include "tools/replay/replay.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SHOWN_DEFAULT 10
#define COLUMN        56 /* width of the recorded side */

struct options {
    struct target target;
    const char *trace, *values, *iccid, *k, *opc, *algorithm;
    char **set;
    size_t set_count;
    uint64_t shown;
    bool strict, timing, json, verbose;
};

enum {
    OPTION_K = 1,
    OPTION_OPC,
    OPTION_ALGORITHM,
    OPTION_VALUES,
    OPTION_ICCID,
    OPTION_SET,
    OPTION_STRICT,
    OPTION_TIMING,
    OPTION_JSON,
    OPTION_SHOW,
};

static const struct argp_option option_table[] = {
    {"k", OPTION_K, "KEY", 0,
     "K of the card under test: AUTHENTICATE gets RAND and AUTN it verifies", 0},
    {"opc", OPTION_OPC, "KEY", 0, "its OPc, or TOPc; KEY is hex, @FILE, env:NAME or -", 0},
    {"algorithm", OPTION_ALGORITHM, "NAME", 0, "milenage, tuak or xor (milenage)", 0},
    {"values", OPTION_VALUES, "CSV", 0,
     "table with a header line, as `uicc make' writes it: each column of the card's row is a "
     "value, and k and opc are its keys",
     0},
    {"iccid", OPTION_ICCID, "DIGITS", 0, "the row of that table (the first one)", 0},
    {"set", OPTION_SET, "NAME=HEX", 0, "value of {NAME} in the trace, or of a masked PIN", 0},
    {"strict", OPTION_STRICT, NULL, 0,
     "nothing may differ but the memory left, and nothing be left out", 0},
    {"timing", OPTION_TIMING, NULL, 0, "wait where the trace waits", 0},
    {"show", OPTION_SHOW, "N", 0, "how many differences to print (10)", 0},
    {"verbose", 'v', NULL, 0, "print what is allowed to differ, too", 0},
    {"json", OPTION_JSON, NULL, 0, "one JSON object for each difference, and one with the verdict",
     0},
    {0},
};

static error_t add_set(struct options *o, char *value, struct argp_state *state)
{
    char **more = realloc(o->set, (o->set_count + 1) * sizeof *more);

    if (strchr(value, '=') == NULL)
        argp_error(state, "--set: `%s' is no NAME=HEX", value);
    if (more == NULL)
        return ENOMEM;
    o->set = more;
    o->set[o->set_count++] = value;
    return 0;
}

static error_t parse_card(int key, char *value, struct options *o)
{
    switch (key) {
    case OPTION_K:
        o->k = value;
        return 0;
    case OPTION_OPC:
        o->opc = value;
        return 0;
    case OPTION_ALGORITHM:
        o->algorithm = value;
        return 0;
    case OPTION_VALUES:
        o->values = value;
        return 0;
    case OPTION_ICCID:
        o->iccid = value;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static error_t parse_option(int key, char *value, struct argp_state *state)
{
    struct options *o = state->input;

    switch (key) {
    case OPTION_SET:
        return add_set(o, value, state);
    case OPTION_STRICT:
        o->strict = true;
        return 0;
    case OPTION_TIMING:
        o->timing = true;
        return 0;
    case OPTION_JSON:
        o->json = true;
        return 0;
    case 'v':
        o->verbose = true;
        return 0;
    case OPTION_SHOW:
        if (cli_number(value, 0, 1000000, &o->shown) != ERR_OK)
            argp_error(state, "--show: `%s' is no number", value);
        return 0;
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &o->target;
        return 0;
    case ARGP_KEY_ARG:
        if (o->trace != NULL)
            argp_error(state, "one trace at a time");
        o->trace = value;
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "which trace?");
        return 0;
    default:
        return parse_card(key, value, o);
    }
}

/* --- the card's keys and values --- */

static int set_algorithm(struct aka_key *key, const char *name)
{
    static const struct {
        const char *name;
        enum aka_algorithm algorithm;
    } rows[] = {{"milenage", AKA_MILENAGE}, {"tuak", AKA_TUAK}, {"xor", AKA_XOR}};

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (strcmp(rows[i].name, name) == 0) {
            aka_key_defaults(key, rows[i].algorithm);
            return CLI_OK;
        }
    }
    return cli_usage("there is no algorithm `%s'", name);
}

/* PINs stand in a table as digits, ADM keys and everything else as hex. */
static enum err value_of_column(const char *name, const char *text, struct wr *out)
{
    uint8_t pin[8];
    enum err e;

    if (strncmp(name, "pin", 3) == 0 || strncmp(name, "puk", 3) == 0) {
        e = bcd_pin_encode(text, pin);
        if (e == ERR_OK)
            wr_bytes(out, pin, sizeof pin);
        return e == ERR_OK ? wr_result(out) : e;
    }
    if (strcmp(name, "iccid") == 0) {
        uint8_t *ef = wr_reserve(out, EF_ICCID_LEN);

        return ef == NULL ? ERR_SPACE : bcd_iccid_encode(text, ef);
    }
    if (strcmp(name, "imsi") == 0) {
        uint8_t *ef = wr_reserve(out, EF_IMSI_LEN);

        return ef == NULL ? ERR_SPACE : bcd_imsi_encode(text, ef);
    }
    return hex_decode(text, out);
}

static int take_key(struct replay *r, const struct csv *c)
{
    const char *k = csv_field(c, "k"), *opc = csv_field(c, "opc");
    const char *algorithm = csv_field(c, "algorithm");
    int status;

    if (k == NULL || *k == '\0' || r->aka.k.len > 0)
        return CLI_OK;
    status = set_algorithm(&r->aka, algorithm != NULL ? algorithm : "milenage");
    if (status == CLI_OK && (secret_from_hex(&r->aka.k, k) != ERR_OK ||
                             (opc != NULL && secret_from_hex(&r->aka.opc, opc) != ERR_OK)))
        status = cli_fail("line %u: no keys in hex", c->line);
    return status;
}

static int take_row(struct replay *r, const struct csv *c)
{
    for (size_t i = 0; i < c->column_count; i++) {
        uint8_t bytes[REPLAY_VALUE_MAX];
        struct wr w = WR_ARRAY(bytes);

        /* Columns that are no bytes, like a number or a name, are no values. */
        if (value_of_column(c->columns[i], c->fields[i], &w) == ERR_OK &&
            replay_set(&r->values, c->columns[i], RD_WR(&w)) != ERR_OK)
            return cli_fail("column %s: too long", c->columns[i]);
        OPENSSL_cleanse(bytes, sizeof bytes);
    }
    return take_key(r, c);
}

static int take_values(struct replay *r, const struct options *o)
{
    static const char nothing[] = "%s: no such row";
    struct csv c;
    enum err e;
    int status = CLI_FAILED;
    bool found = false;

    if (csv_open(&c, o->values) != ERR_OK)
        return cli_fail("%s: no table", o->values);
    for (e = csv_next(&c); e == ERR_OK && !found; e = found ? e : csv_next(&c)) {
        const char *iccid = csv_field(&c, "iccid");

        found = o->iccid == NULL || (iccid != NULL && strcmp(iccid, o->iccid) == 0);
        if (found)
            status = take_row(r, &c);
    }
    if (!found)
        cli_fail(nothing, o->values);
    csv_close(&c);
    return status;
}

static int take_set(struct replay *r, const char *set)
{
    uint8_t bytes[REPLAY_VALUE_MAX];
    struct wr w = WR_ARRAY(bytes);
    char name[TRACE_NAME_MAX + 1];
    size_t n = strcspn(set, "=");
    enum err e = n > TRACE_NAME_MAX ? ERR_RANGE : hex_decode(set + n + 1, &w);

    if (e == ERR_OK) {
        memcpy(name, set, n);
        name[n] = '\0';
        e = replay_set(&r->values, name, RD_WR(&w));
    }
    OPENSSL_cleanse(bytes, sizeof bytes);
    return e == ERR_OK ? CLI_OK : cli_usage("--set %.*s: %s", (int)n, set, err_text(e));
}

/* K is 16 bytes, and OPc like it; TUAK: K of 32 bytes, too, and TOPc of 32. */
static bool right_lengths(const struct aka_key *key)
{
    bool tuak = key->algorithm == AKA_TUAK;

    return (key->k.len == 16 || (tuak && key->k.len == 32)) &&
           (key->algorithm == AKA_XOR || key->opc.len == (tuak ? 32 : 16));
}

static int take_options(struct replay *r, const struct options *o)
{
    int status = set_algorithm(&r->aka, o->algorithm != NULL ? o->algorithm : "milenage");
    enum err e;

    if (status != CLI_OK)
        return status;
    if (o->k == NULL)
        return o->opc == NULL && o->algorithm == NULL
                   ? CLI_OK
                   : cli_usage("--opc and --algorithm go with --k");
    e = cli_secret(o->k, &r->aka.k);
    if (e != ERR_OK)
        return cli_usage("--k: %s", cli_secret_error(e));
    if (o->opc != NULL && (e = cli_secret(o->opc, &r->aka.opc)) != ERR_OK)
        return cli_usage("--opc: %s", cli_secret_error(e));
    return right_lengths(&r->aka)
               ? CLI_OK
               : cli_usage("K is 16 bytes with an OPc of 16; tuak: 16 or 32 with a TOPc of 32");
}

static int prepare(struct replay *r, const struct options *o)
{
    int status = take_options(r, o);

    r->strict = o->strict;
    r->timing = o->timing;
    if (status == CLI_OK && o->values != NULL)
        status = take_values(r, o);
    for (size_t i = 0; i < o->set_count && status == CLI_OK; i++)
        status = take_set(r, o->set[i]);
    return status;
}

/* --- what came out --- */

struct shower {
    const struct options *options;
    struct print print;
    uint64_t shown;
};

static void describe(const struct tree_node *n, char *text, size_t cap)
{
    char hex[2 * 24 + 1];
    struct rd raw;

    if (n == NULL) {
        snprintf(text, cap, "(nothing)");
        return;
    }
    raw = RD(n->raw.at, n->raw.left < 24 ? n->raw.left : 24);
    if (n->text != NULL && (n->raw.left == 0 || n->raw.left > 8))
        snprintf(text, cap, "%s", n->text);
    else if (hex_encode(raw, hex, sizeof hex) == ERR_OK)
        snprintf(text, cap, "%s%s%s%s", n->text != NULL ? n->text : "", n->text != NULL ? "  " : "",
                 hex, raw.left < n->raw.left ? ".." : "");
}

static void print_pair(const struct shower *s, const struct replay_pair *p)
{
    char a[160], b[160];

    describe(p->a, a, sizeof a);
    describe(p->b, b, sizeof b);
    print_colour(&s->print, p->verdict == REPLAY_DIFFERENT ? PRINT_BAD : PRINT_DIM);
    printf("        %-24s %-*s | ", p->name, COLUMN, a);
    print_text(stdout, b);
    print_colour(&s->print, PRINT_PLAIN);
    putchar('\n');
}

static void print_result(const struct shower *s, const struct replay_result *r)
{
    const struct tree_node *root = &r->a->tree.root;
    char a[96], b[96];

    printf("%5llu ", (unsigned long long)r->recorded->place);
    print_colour(&s->print, PRINT_TITLE);
    print_text(stdout, root->name);
    putchar(' ');
    print_text(stdout, root->text != NULL ? root->text : "");
    print_colour(&s->print, PRINT_PLAIN);
    printf(": %s%s\n", r->skipped ? "left out: " : "", r->why != NULL ? r->why : "");
    if (r->skipped)
        return;
    decode_status(r->recorded_sw, a, sizeof a);
    decode_status(r->sw, b, sizeof b);
    if (r->recorded_sw.v != r->sw.v)
        printf("        %-24s %04X %-*s | %04X %s\n", "status", r->recorded_sw.v, COLUMN - 5, a,
               r->sw.v, b);
    for (size_t i = 0; i < r->pairs->count && i < REPLAY_PAIRS_MAX; i++) {
        if (r->pairs->list[i].verdict == REPLAY_DIFFERENT || s->options->verbose)
            print_pair(s, &r->pairs->list[i]);
    }
}

static const char *const verdict_names[] = {"equal", "allowed", "different"};

static void json_result(const struct replay_result *r)
{
    printf("{\"place\":%llu,\"command\":", (unsigned long long)r->recorded->place);
    print_json_string(stdout, r->a->tree.root.name);
    printf(",\"verdict\":\"%s\",\"why\":", r->skipped ? "skipped" : verdict_names[r->verdict]);
    print_json_string(stdout, r->why != NULL ? r->why : "");
    if (!r->skipped)
        printf(",\"recorded\":\"%04X\",\"sw\":\"%04X\"", r->recorded_sw.v, r->sw.v);
    fputs(",\"parts\":[", stdout);
    for (size_t i = 0; !r->skipped && i < r->pairs->count && i < REPLAY_PAIRS_MAX; i++) {
        const struct replay_pair *p = &r->pairs->list[i];

        printf("%s{\"verdict\":\"%s\",\"recorded\":", i > 0 ? "," : "", verdict_names[p->verdict]);
        if (p->a != NULL)
            print_json(stdout, p->a);
        else
            fputs("null", stdout);
        fputs(",\"card\":", stdout);
        if (p->b != NULL)
            print_json(stdout, p->b);
        else
            fputs("null", stdout);
        putchar('}');
    }
    fputs("]}\n", stdout);
}

static void report(void *context, const struct replay_result *r)
{
    struct shower *s = context;
    bool different = !r->skipped && r->verdict == REPLAY_DIFFERENT;

    if ((r->verdict == REPLAY_EQUAL && !r->skipped) || (!different && !s->options->verbose))
        return;
    if (s->shown++ >= s->options->shown)
        return;
    if (s->options->json)
        json_result(r);
    else
        print_result(s, r);
}

/* whole: the trace came to its end */
static int verdict(const struct options *o, const struct replay_counts *c, bool whole)
{
    bool good = whole && c->different == 0 && c->equal + c->allowed > 0;

    if (o->json)
        printf("{\"exchanges\":%u,\"equal\":%u,\"allowed\":%u,\"skipped\":%u,\"different\":%u,"
               "\"passed\":%s}\n",
               c->exchanges, c->equal, c->allowed, c->skipped, c->different,
               good ? "true" : "false");
    else
        printf("%s: %u exchanges, %u equal, %u differ as they may, %u left out, %u different\n",
               good ? "passed" : "FAILED", c->exchanges, c->equal, c->allowed, c->skipped,
               c->different);
    return good ? CLI_OK : CLI_FAILED;
}

static int replay_stream(const struct options *o, struct replay *r, FILE *f)
{
    struct trace_reader *trace = NULL;
    enum err e = trace_open(f, &trace);
    int status;

    if (e == ERR_OK)
        e = replay_run(r, trace);
    status = verdict(o, &r->counts, e == ERR_OK);
    if (e != ERR_OK)
        status =
            cli_fail("%s: line or packet %llu: %s", o->trace, (unsigned long long)r->place,
                     e == ERR_SPACE ? "this card answers more than 8,192 bytes" : trace_error(e));
    if (trace != NULL)
        trace_close(&trace);
    return status;
}

static int run(const struct options *o, struct reader *reader)
{
    struct shower s = {.options = o, .print = {.file = stdout}};
    struct replay *r = malloc(sizeof *r);
    FILE *f = strcmp(o->trace, "-") == 0 ? stdin : fopen(o->trace, "re");
    int status;

    s.print.colours = isatty(STDOUT_FILENO) && getenv("NO_COLOR") == NULL;
    if (f == NULL) {
        free(r);
        return cli_fail("%s: cannot be read", o->trace);
    }
    if (r == NULL || replay_init(r, reader) != ERR_OK) {
        status = cli_fail("%s", err_text(ERR_NOMEM));
    } else {
        r->report = report;
        r->context = &s;
        status = prepare(r, o);
        if (status == CLI_OK)
            status = replay_stream(o, r, f);
        replay_free(r);
    }
    free(r);
    if (f != stdin)
        fclose(f);
    return status;
}

int apdu_replay_main(int argc, char **argv)
{
    static const struct argp_child children[] = {{&target_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        option_table,
        parse_option,
        "TRACE",
        "Ask a card what a trace asked another, and compare the answers by rules: what must be "
        "equal, what may differ and what only keeps its shape. Exit status 1 when something is "
        "different.",
        children,
        NULL,
        NULL,
    };
    struct options o = {.shown = SHOWN_DEFAULT};
    struct reader reader;
    int status;

    argp_err_exit_status = CLI_USAGE;
    argp_parse(&argp, argc, argv, 0, NULL, &o);
    status = target_open(&o.target, &reader);
    if (status == CLI_OK) {
        status = run(&o, &reader);
        reader_close(&reader);
    }
    free(o.set);
    return status;
}
