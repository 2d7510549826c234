#include "ota/ota.h"
#include "tools/cli/cli.h"
#include "tools/ota/access.h"

#include <argp.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define SETTINGS_MAX 16

/* One option that is a key of the configuration: it goes over what the file says. */
struct setting {
    const char *section, *key, *value;
};

struct options {
    struct access access;
    struct setting settings[SETTINGS_MAX];
    size_t setting_count;
    char host[CONFIG_TEXT_MAX];
    uint64_t skip;
    bool check, dump, keys;
};

enum {
    OPTION_SMPP = 1,
    OPTION_SYSTEM_ID,
    OPTION_PASSWORD,
    OPTION_SOURCE,
    OPTION_LOG,
    OPTION_SKIP,
    OPTION_CHECK,
    OPTION_DUMP,
    OPTION_KEYS,
};

static const struct argp_option option_table[] = {
    {"smpp", OPTION_SMPP, "HOST:PORT", 0, "the SMS centre", 0},
    {"system-id", OPTION_SYSTEM_ID, "TEXT", 0, "who we are to it", 0},
    {"password", OPTION_PASSWORD, "SECRET", 0, "@FILE, env:NAME or the password itself", 0},
    {"source", OPTION_SOURCE, "NUMBER", 0, "our address, to which cards answer", 0},
    {"log-level", OPTION_LOG, "LEVEL", 0, "error, warning, notice, info or debug", 0},
    {"skip-counters", OPTION_SKIP, "N", 0,
     "let every card's counter jump by N: after restoring a backup that the server cannot "
     "recognise as one",
     0},
    {"check-config", OPTION_CHECK, NULL, 0, "read the configuration, complain, and end", 1},
    {"dump-config", OPTION_DUMP, NULL, 0, "print the configuration in force, and end", 1},
    {"help-config", OPTION_KEYS, NULL, 0, "print the keys of the configuration file, and end", 1},
    {0},
};

static void set(struct argp_state *state, struct options *o, const char *section, const char *key,
                const char *value)
{
    if (o->setting_count == SETTINGS_MAX)
        argp_error(state, "too many options");
    o->settings[o->setting_count++] = (struct setting){section, key, value};
}

static void take_address(struct argp_state *state, char *value, struct options *o)
{
    char *colon = strrchr(value, ':');

    if (!colon || colon == value || (size_t)(colon - value) >= sizeof o->host)
        argp_error(state, "--smpp: `%s' is no HOST:PORT", value);
    memcpy(o->host, value, (size_t)(colon - value));
    o->host[colon - value] = '\0';
    set(state, o, "smpp", "host", o->host);
    set(state, o, "smpp", "port", colon + 1);
}

static error_t parse_option(int key, char *value, struct argp_state *state)
{
    struct options *o = state->input;

    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &o->access;
        return 0;
    case OPTION_SMPP:
        take_address(state, value, o);
        return 0;
    case OPTION_SYSTEM_ID:
        set(state, o, "smpp", "system_id", value);
        return 0;
    case OPTION_PASSWORD:
        set(state, o, "smpp", "password", value);
        return 0;
    case OPTION_SOURCE:
        set(state, o, "smpp", "source", value);
        return 0;
    case OPTION_LOG:
        set(state, o, "log", "level", value);
        return 0;
    case OPTION_SKIP:
        if (cli_number(value, 1, 1 << 19, &o->skip) != ERR_OK)
            argp_error(state, "--skip-counters: a number from 1 to 524288");
        return 0;
    case OPTION_CHECK:
        o->check = true;
        return 0;
    case OPTION_DUMP:
        o->dump = true;
        return 0;
    case OPTION_KEYS:
        o->keys = true;
        return 0;
    case ARGP_KEY_ARG:
        argp_error(state, "`%s' is too much", value);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* --- configuration --- */

static bool apply_settings(const struct options *o, struct config *c)
{
    for (size_t i = 0; i < o->setting_count; i++) {
        const struct setting *s = &o->settings[i];
        enum err e = config_set(c, s->section, s->key, s->value);

        if (e != ERR_OK) {
            cli_fail("%s.%s: %s", s->section, s->key, err_text(e));
            return false;
        }
    }
    return true;
}

/* SMPP allows eight characters; "@" and "env:" say where they are. */
static bool resolve_password(struct config *c)
{
    char password[9] = "";
    enum err e =
        *c->smpp.password ? cli_secret_text(c->smpp.password, password, sizeof password) : ERR_OK;

    if (e != ERR_OK) {
        cli_fail("password of the SMS centre: %s",
                 e == ERR_RANGE ? "more than 8 characters" : err_text(e));
        return false;
    }
    OPENSSL_cleanse(c->smpp.password, sizeof c->smpp.password);
    memcpy(c->smpp.password, password, sizeof password);
    OPENSSL_cleanse(password, sizeof password);
    return true;
}

/* Cards send their proofs to a number, not to a name. */
static bool check_source(const struct config *c)
{
    const char *digits = c->smpp.source + (c->smpp.source[0] == '+');

    if (*digits != '\0' && digits[strspn(digits, "0123456789")] == '\0')
        return true;
    cli_fail("smpp.source: `%s' is no number", c->smpp.source);
    return false;
}

/* --- serving --- */

/* sd_notify(3) without its library: one datagram, where systemd asks for it. */
static void say_ready(void)
{
    const char *path = getenv("NOTIFY_SOCKET"), text[] = "READY=1";
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    size_t len = path ? strlen(path) : 0;
    int fd;

    if (len < 2 || len >= sizeof to.sun_path)
        return;
    memcpy(to.sun_path, path, len);
    if (path[0] == '@')
        to.sun_path[0] = '\0';
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    if (sendto(fd, text, sizeof text - 1, MSG_NOSIGNAL, (struct sockaddr *)&to,
               (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)) < 0)
        cli_fail("systemd does not listen");
    close(fd);
}

static const char *start_text(enum ledger_start how)
{
    return how == LEDGER_FIRST ? "first" : how == LEDGER_CLEAN ? "clean" : "counters skipped";
}

static enum err run_server(const struct config *c, struct ledger *l, const struct log *log)
{
    struct ota *o = NULL;
    enum err e = ota_new(c, l, log, &o);

    if (e == ERR_OK)
        e = ota_run(o, say_ready);
    ota_free(&o);
    return e;
}

static int serve(const struct options *o, const struct config *c, struct ledger *l)
{
    const struct log log = {STDERR_FILENO, c->log_level, c->log_journal};
    enum ledger_start how;
    enum err e = ledger_serve(l, c->counter_skip, &how);

    if (e == ERR_BUSY)
        return cli_fail("%s: another ota-server serves it", c->ledger);
    if (e == ERR_OK && o->skip)
        e = ledger_skip_counters(l, o->skip);
    if (e != ERR_OK)
        return cli_fail("%s: %s", c->ledger, err_text(e));
    log_write(&log, LOG_NOTICE, "serving",
              LOG_FIELDS(LOG_TEXT("ledger", c->ledger), LOG_TEXT("start", start_text(how))));
    e = run_server(c, l, &log);
    if (e == ERR_DENIED)
        return cli_fail("%s: another server has taken it over", c->ledger);
    if (e == ERR_EXISTS)
        return cli_fail("%s: a counter would have been used twice; nothing was sent", c->ledger);
    if (e == ERR_OK)
        e = ledger_retire(l);
    return e == ERR_OK ? CLI_OK : cli_fail("%s", err_text(e));
}

static int run(const struct options *o, struct config *c)
{
    struct access access = {.db = c->ledger, .kek = c->kek};
    struct ledger *l;
    int status;

    l = access_open(&access, true);
    if (!l)
        return CLI_FAILED;
    status = serve(o, c, l);
    ledger_close(&l);
    return status;
}

int main(int argc, char **argv)
{
    static const struct argp_child children[] = {{&access_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {.options = option_table,
                                     .parser = parse_option,
                                     .doc =
                                         "Carry out the campaigns of a ledger over an SMS centre.",
                                     .children = children};
    struct options o = {.setting_count = 0};
    struct config config;
    int status = CLI_FAILED;

    cli_harden();
    argp_err_exit_status = CLI_USAGE;
    if (argp_parse(&argp, argc, argv, 0, NULL, &o) != 0)
        return CLI_USAGE;
    if (o.keys) {
        config_help(stdout);
        return cli_flush(CLI_OK);
    }
    if (access_config(&o.access, &config) && apply_settings(&o, &config)) {
        if (o.dump)
            config_dump(&config, stdout);
        if (!resolve_password(&config) || !check_source(&config))
            status = CLI_FAILED;
        else
            status = o.check || o.dump ? CLI_OK : run(&o, &config);
    }
    config_wipe(&config);
    return cli_flush(status);
}
