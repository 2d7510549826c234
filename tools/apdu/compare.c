#include "tools/apdu/compare.h"
#include "apdu/bcd.h"
#include "apdu/hex.h"
#include "tools/apdu/target.h"
#include "tools/cli/cli.h"
#include "tools/compare/compare.h"
#include "tools/decode/print.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

struct options {
    struct target cards[2];
    size_t count;
    const char *learn, *pin1[2];
    size_t pin_count;
    bool scan, contents, json;
};

enum {
    OPTION_READER = 1,
    OPTION_SOCKET,
    OPTION_CARD,
    OPTION_LEARN,
    OPTION_PIN1,
    OPTION_SCAN,
    OPTION_CONTENTS,
    OPTION_JSON
};

static const struct argp_option option_table[] = {
    {NULL, 0, NULL, 0, "The cards, two of them, or one with --learn:", 1},
    {"reader", OPTION_READER, "N|NAME", 0, "PC/SC reader by number, or by a part of its name", 1},
    {"socket", OPTION_SOCKET, "PATH", 0, "card that `uicc run --socket PATH' serves", 1},
    {"card", OPTION_CARD, "FILE", 0, "card file that no other program has open", 1},
    {NULL, 0, NULL, 0, "What to do:", 2},
    {"learn", OPTION_LEARN, "FILE", 0,
     "write a profile for `uicc make' with the look of the first card; - is standard output", 2},
    {"pin1", OPTION_PIN1, "PIN", 0,
     "PIN1 of the first card, given again: of the second; digits, @FILE, env:NAME or -", 2},
    {"contents", OPTION_CONTENTS, NULL, 0, "compare what is in the files, too", 2},
    {"scan", OPTION_SCAN, NULL, 0, "try every file number, not only those of the standards", 2},
    {"json", OPTION_JSON, NULL, 0, "one JSON object a line", 2},
    {0},
};

static struct target *next_card(struct options *o, struct argp_state *state)
{
    if (o->count == ARRAY_LEN(o->cards))
        argp_error(state, "two cards at a time");
    return &o->cards[o->count++];
}

static error_t parse_option(int key, char *value, struct argp_state *state)
{
    struct options *o = state->input;

    switch (key) {
    case OPTION_READER:
        next_card(o, state)->reader = value;
        return 0;
    case OPTION_SOCKET:
        next_card(o, state)->socket = value;
        return 0;
    case OPTION_CARD:
        next_card(o, state)->card = value;
        return 0;
    case OPTION_LEARN:
        o->learn = value;
        return 0;
    case OPTION_PIN1:
        if (o->pin_count < ARRAY_LEN(o->pin1))
            o->pin1[o->pin_count++] = value;
        return 0;
    case OPTION_SCAN:
        o->scan = true;
        return 0;
    case OPTION_CONTENTS:
        o->contents = true;
        return 0;
    case OPTION_JSON:
        o->json = true;
        return 0;
    case ARGP_KEY_END:
        if (o->count == 0 || (o->count == 1 && o->learn == NULL))
            argp_error(state, "which two cards?");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* --- reporting --- */

struct report {
    const struct options *options;
    unsigned files, same_files, differences, probes, same_probes;
};

static void say(struct report *r, const char *kind, const char *where, const char *a, const char *b)
{
    r->differences++;
    if (r->options->json) {
        printf("{\"kind\":\"%s\",\"where\":", kind);
        print_json_string(stdout, where);
        fputs(",\"first\":", stdout);
        print_json_string(stdout, a);
        fputs(",\"second\":", stdout);
        print_json_string(stdout, b);
        fputs("}\n", stdout);
        return;
    }
    printf("%-10s ", kind);
    print_text(stdout, where);
    printf(": ");
    print_text(stdout, a);
    fputs(" | ", stdout);
    print_text(stdout, b);
    putchar('\n');
}

static void differ(struct report *r, const char *kind, const char *where, unsigned a, unsigned b)
{
    char first[16], second[16];

    if (a == b)
        return;
    snprintf(first, sizeof first, "%u", a);
    snprintf(second, sizeof second, "%u", b);
    say(r, kind, where, first, second);
}

static void compare_access(struct report *r, const char *where, const struct compare_file *a,
                           const struct compare_file *b)
{
    static const char *const modes[] = {"read", "update", "deactivate", "activate"};
    char what[160];

    for (size_t i = 0; i < COMPARE_MODES; i++) {
        if (strcmp(a->rule[i], b->rule[i]) == 0)
            continue;
        snprintf(what, sizeof what, "%s, %s", where, modes[i]);
        say(r, "access", what, a->rule[i], b->rule[i]);
    }
}

static void body_text(struct rd body, char *text, size_t cap)
{
    struct rd shown = RD(body.at, body.left < 24 ? body.left : 24);

    if (hex_encode(shown, text, cap) != ERR_OK || body.left == 0)
        snprintf(text, cap, "(nothing)");
    else if (shown.left < body.left)
        snprintf(text + 2 * shown.left, cap - 2 * shown.left, "..");
}

static void compare_bodies(struct report *r, const char *where, const struct compare_file *a,
                           const struct compare_file *b)
{
    char first[64], second[64];

    if (a->body_sw.v != b->body_sw.v) {
        snprintf(first, sizeof first, "%04X", a->body_sw.v);
        snprintf(second, sizeof second, "%04X", b->body_sw.v);
        say(r, "reading", where, first, second);
    } else if (r->options->contents && !rd_equal(a->body, b->body)) {
        body_text(a->body, first, sizeof first);
        body_text(b->body, second, sizeof second);
        say(r, "content", where, first, second);
    }
}

static void compare_files(struct report *r, const struct compare_file *a,
                          const struct compare_file *b)
{
    unsigned before = r->differences;
    char where[128];

    compare_path_text(&a->path, where, sizeof where);
    r->files++;
    differ(r, "structure", where, a->descriptor, b->descriptor);
    if (a->record_len > 0 || b->record_len > 0) {
        differ(r, "record", where, a->record_len, b->record_len);
        differ(r, "records", where, a->records, b->records);
    } else {
        differ(r, "size", where, a->size, b->size);
    }
    differ(r, "short id", where, a->sfi, b->sfi);
    differ(r, "life cycle", where, a->life_cycle, b->life_cycle);
    compare_access(r, where, a, b);
    compare_bodies(r, where, a, b);
    r->same_files += r->differences == before;
}

static void compare_trees(struct report *r, const struct compare_card *a,
                          const struct compare_card *b)
{
    char where[128];

    for (size_t i = 0; i < a->file_count; i++) {
        const struct compare_file *other = compare_find(b, &a->files[i].path);

        if (other != NULL) {
            compare_files(r, &a->files[i], other);
            continue;
        }
        r->files++;
        compare_path_text(&a->files[i].path, where, sizeof where);
        say(r, "file", where, "there", "missing");
    }
    for (size_t i = 0; i < b->file_count; i++) {
        if (compare_find(a, &b->files[i].path) != NULL)
            continue;
        r->files++;
        compare_path_text(&b->files[i].path, where, sizeof where);
        say(r, "file", where, "missing", "there");
    }
}

static void status_text(sw_t sw, size_t len, char *text, size_t cap)
{
    char words[96];

    decode_status(sw, words, sizeof words);
    snprintf(text, cap, "%04X %s%s", sw.v, words, len > 0 ? ", with data" : "");
}

static void compare_behaviour(struct report *r, struct compare_card *a, struct compare_card *b)
{
    char first[128], second[128];

    for (size_t i = 0; i < compare_probe_count; i++) {
        size_t a_len, b_len;
        sw_t a_sw = compare_run_probe(a, &compare_probes[i], &a_len);
        sw_t b_sw = compare_run_probe(b, &compare_probes[i], &b_len);

        r->probes++;
        if (a_sw.v == b_sw.v && (a_len > 0) == (b_len > 0)) {
            r->same_probes++;
            continue;
        }
        status_text(a_sw, a_len, first, sizeof first);
        status_text(b_sw, b_len, second, sizeof second);
        say(r, "behaviour", compare_probes[i].what, first, second);
    }
}

static void verdict(const struct report *r)
{
    if (r->options->json)
        printf("{\"files\":%u,\"same_files\":%u,\"probes\":%u,\"same_probes\":%u,"
               "\"differences\":%u}\n",
               r->files, r->same_files, r->probes, r->same_probes, r->differences);
    else
        printf("%u of %u files alike, %u of %u probes alike, %u differences\n", r->same_files,
               r->files, r->same_probes, r->probes, r->differences);
}

/* --- the cards --- */

static void show_progress(void *context, size_t done, size_t total)
{
    (void)total;
    cli_progress(context, done);
}

static int verify(struct compare_card *c, const char *value)
{
    char digits[16];
    uint8_t pin[8] = {0};
    sw_t sw;

    if (cli_secret_text(value, digits, sizeof digits) != ERR_OK ||
        bcd_pin_encode(digits, pin) != ERR_OK)
        return cli_usage("--pin1: no PIN of 4 to 8 digits");
    sw = compare_verify(c, pin);
    OPENSSL_cleanse(digits, sizeof digits);
    OPENSSL_cleanse(pin, sizeof pin);
    /* A PIN that is disabled (6984) hinders nobody. */
    return sw_is_success(sw) || sw.v == SW_INVALIDATED.v
               ? CLI_OK
               : cli_fail("%s: PIN1: %04X %s", c->name, sw.v, sw_text(sw));
}

static int look_at(struct compare_card *c, const struct options *o, size_t i, struct reader *reader)
{
    static const char *const names[] = {"first card", "second card"};
    struct cli_progress bar;
    enum err e = compare_open(c, names[i], reader);
    int status = CLI_OK;

    if (e != ERR_OK)
        return cli_fail("%s: %s", names[i], err_text(e));
    if (i < o->pin_count)
        status = verify(c, o->pin1[i]);
    if (status == CLI_OK) {
        cli_progress_begin(&bar, names[i], 15);
        compare_walk(c, o->scan, show_progress, &bar);
        cli_progress_end(&bar);
    }
    return status;
}

static int learn(const struct compare_card *c, const char *path)
{
    FILE *f = strcmp(path, "-") == 0 ? stdout : fopen(path, "we");
    enum err e;

    if (f == NULL)
        return cli_fail("%s: cannot be written", path);
    e = compare_learn(c, f);
    if (f != stdout && fclose(f) != 0 && e == ERR_OK)
        e = ERR_IO;
    return e == ERR_OK ? CLI_OK : cli_fail("%s: %s", path, err_text(e));
}

static int run(const struct options *o, struct compare_card *cards, struct reader *readers)
{
    struct report r = {.options = o};
    int status = CLI_OK;

    for (size_t i = 0; i < o->count && i < ARRAY_LEN(o->cards) && status == CLI_OK; i++) {
        status = target_open(&o->cards[i], &readers[i]);
        if (status == CLI_OK)
            status = look_at(&cards[i], o, i, &readers[i]);
    }
    if (status == CLI_OK && o->count == 2) {
        compare_trees(&r, &cards[0], &cards[1]);
        compare_behaviour(&r, &cards[0], &cards[1]);
        verdict(&r);
    }
    if (status == CLI_OK && o->learn != NULL)
        status = learn(&cards[0], o->learn);
    if (status == CLI_OK && o->count == 2 && r.differences > 0)
        status = CLI_FAILED;
    return status;
}

int apdu_compare_main(int argc, char **argv)
{
    static const struct argp argp = {
        option_table,
        parse_option,
        "",
        "Compare two cards: files, sizes, access rules and how they answer a list of probes. "
        "Nothing is written to them. Exit status 1 when something differs. With --learn, write a "
        "profile that gives cards of `uicc make' the look of a real one.",
        NULL,
        NULL,
        NULL,
    };
    struct options o = {.count = 0};
    struct compare_card cards[2] = {{.name = NULL}};
    struct reader readers[2] = {{.context = NULL}};
    int status;

    argp_err_exit_status = CLI_USAGE;
    argp_parse(&argp, argc, argv, 0, NULL, &o);
    status = run(&o, cards, readers);
    for (size_t i = 0; i < ARRAY_LEN(cards); i++) {
        compare_close(&cards[i]);
        if (readers[i].context != NULL)
            reader_close(&readers[i]);
    }
    return status;
}
