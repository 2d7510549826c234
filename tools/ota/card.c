#include "tools/cli/cli.h"
#include "tools/ota/access.h"
#include "tools/ota/commands.h"

#include <jansson.h>
#include <string.h>

/* --- one card in words ------------------------------------------------------------------------ */

static const char *algorithm_text(enum aka_algorithm a)
{
    return a == AKA_MILENAGE ? "milenage" : a == AKA_TUAK ? "tuak" : "xor";
}

static json_t *describe(const struct ledger_card *c)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:i, s:I, s:s, s:b}", "iccid", c->iccid, "imsi",
                     c->imsi, "msisdn", c->msisdn, "algorithm", algorithm_text(c->algorithm),
                     "ota_algorithm", secpkt_algorithm_text(c->ota_algorithm, SECPKT_CC_LEN),
                     "index", (int)c->key_index, "counter", (json_int_t)c->counter, "owner",
                     ledger_owner_text(c->owner), "renewing", (int)c->renewing);
}

static void print_json_line(json_t *object)
{
    json_dumpf(object, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(object);
}

/* --- list: one line per card, a table or one JSON object each --- */

struct list_options {
    struct access access;
    bool json;
};

static const struct argp_option list_option_table[] = {
    {"json", 'j', NULL, 0, "one JSON object per line", 0},
    {0},
};

static error_t parse_list(int key, char *value, struct argp_state *state)
{
    struct list_options *o = state->input;

    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &o->access;
        return 0;
    case 'j':
        o->json = true;
        return 0;
    case ARGP_KEY_ARG:
        argp_error(state, "`%s' is too much", value);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static enum err print_row(void *context, const struct ledger_card *c)
{
    const struct list_options *o = context;

    if (o->json)
        print_json_line(describe(c));
    else
        printf("%-20s  %-15s  %-15s  %5u  %10llu  %s\n", c->iccid, c->imsi, c->msisdn, c->key_index,
               (unsigned long long)c->counter, ledger_owner_text(c->owner));
    return ERR_OK;
}

int card_list_main(int argc, char **argv)
{
    static const struct argp_child children[] = {{&access_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {.options = list_option_table,
                                     .parser = parse_list,
                                     .doc = "List the cards of the ledger.",
                                     .children = children};
    struct list_options o = {0};
    struct ledger *l;
    enum err e;

    argp_err_exit_status = CLI_USAGE;
    if (argp_parse(&argp, argc, argv, 0, NULL, &o) != 0)
        return CLI_USAGE;
    l = access_open(&o.access, false);
    if (!l)
        return CLI_FAILED;
    if (!o.json)
        printf("%-20s  %-15s  %-15s  %5s  %10s  %s\n", "ICCID", "IMSI", "MSISDN", "index",
               "counter", "owner");
    e = ledger_card_each(l, print_row, &o);
    ledger_close(&l);
    return e == ERR_OK ? CLI_OK : cli_fail("%s", err_text(e));
}

int card_show_main(int argc, char **argv)
{
    struct access a;
    const char *iccid = access_one_argument(
        argc, argv, "ICCID", "Show what the ledger knows of a card, keys apart, as JSON.", &a);
    struct ledger *l = access_open(&a, false);
    struct ledger_card card;
    enum err e;

    if (!l)
        return CLI_FAILED;
    e = ledger_card_by_iccid(l, iccid, &card);
    ledger_close(&l);
    if (e != ERR_OK)
        return cli_fail("card %s: %s", iccid, err_text(e));
    print_json_line(describe(&card));
    return CLI_OK;
}
