#include "tools/ota/access.h"
#include "ota/vault/wrap.h"
#include "tools/cli/cli.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { OPTION_CONFIG = 0x1000, OPTION_DB, OPTION_KEK };

static const struct argp_option option_table[] = {
    {"config", OPTION_CONFIG, "FILE", 0, "configuration of ota-server", 90},
    {"db", OPTION_DB, "FILE", 0, "the ledger (ota.db)", 90},
    {"kek", OPTION_KEK, "SOURCE", 0,
     "key-encryption key of the ledger: @FILE, env:NAME or hex (@ota.kek)", 90},
    {0},
};

static error_t parse_option(int key, char *value, struct argp_state *state)
{
    struct access *a = state->input;

    switch (key) {
    case OPTION_CONFIG:
        a->config_file = value;
        return 0;
    case OPTION_DB:
        a->db = value;
        return 0;
    case OPTION_KEK:
        a->kek = value;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

const struct argp access_argp = {.options = option_table, .parser = parse_option};

static void complain(void *context, const char *text)
{
    (void)context;
    cli_fail("%s", text);
}

bool access_config(const struct access *a, struct config *out)
{
    const struct config_report report = {complain, NULL};
    enum err e = ERR_OK;

    config_init(out);
    if (a->config_file)
        e = config_load(out, a->config_file, &report);
    if (e == ERR_NOT_FOUND || e == ERR_IO)
        cli_fail("%s: %s", a->config_file, err_text(e));
    if (e == ERR_OK && a->db && (e = config_set(out, "ledger", "file", a->db)) != ERR_OK)
        cli_fail("--db: %s", err_text(e));
    if (e == ERR_OK && a->kek && (e = config_set(out, "ledger", "kek", a->kek)) != ERR_OK)
        cli_fail("--kek: %s", err_text(e));
    return e == ERR_OK;
}

struct ledger *access_open(const struct access *a, bool create)
{
    SECRET_WIPED struct secret kek = {.len = 0};
    struct ledger *l = NULL;
    struct config config;
    enum err e;

    if (!access_config(a, &config))
        return NULL;
    /* A ledger that is there has its key, too: no new one beside it. */
    e = vault_wrap_kek(config.kek, create && access(config.ledger, F_OK) != 0, &kek);
    if (e != ERR_OK) {
        cli_fail_kek(config.kek, e);
    } else {
        e = ledger_open(config.ledger, &kek, create, &l);
        if (e != ERR_OK)
            cli_fail("%s: %s", config.ledger, err_text(e));
    }
    config_wipe(&config);
    return l;
}

bool access_campaign(struct ledger *l, const char *name, struct ledger_campaign *out)
{
    enum err e = ledger_campaign_by_name(l, name, out);

    if (e == ERR_OK)
        return true;
    cli_fail("campaign %s: %s", name, err_text(e));
    return false;
}

error_t access_parse_argument(int key, char *value, struct argp_state *state, struct access *a,
                              struct access_argument *out)
{
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = a;
        return 0;
    case ARGP_KEY_ARG:
        if (out->value)
            argp_error(state, "one %s only", out->what);
        out->value = value;
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "%s is missing", out->what);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

struct one {
    struct access access;
    struct access_argument argument;
};

static error_t parse_one(int key, char *value, struct argp_state *state)
{
    struct one *one = state->input;

    return access_parse_argument(key, value, state, &one->access, &one->argument);
}

const char *access_one_argument(int argc, char **argv, const char *what, const char *doc,
                                struct access *a)
{
    const struct argp_child children[] = {{&access_argp, 0, NULL, 0}, {0}};
    const struct argp argp = {
        .parser = parse_one, .args_doc = what, .doc = doc, .children = children};
    struct one one = {.argument = {.what = what}};

    argp_err_exit_status = CLI_USAGE;
    if (argp_parse(&argp, argc, argv, 0, NULL, &one) != 0)
        exit(CLI_USAGE);
    *a = one.access;
    return one.argument.value;
}
