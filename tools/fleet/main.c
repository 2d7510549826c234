/* `uicc fleet`: options and the loop. */
#include "tools/cli/cli.h"
#include "tools/fleet/control.h"

#include <argp.h>
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SMPP_PORT     2775
#define TIMERS_A_TURN 2000 /* so that sockets are looked at in between */
#define POLL_MAX      (ESME_SESSIONS_MAX + 1 + 2)

enum {
    OPTION_NETWORK = 1,
    OPTION_SMPP,
    OPTION_ESME,
    OPTION_LOSS,
    OPTION_DOUBLE,
    OPTION_DELAY,
    OPTION_POWER,
    OPTION_SEED,
    OPTION_SEARCH,
    OPTION_POLL,
    OPTION_REPORTS,
    OPTION_CONTROL,
};

static const struct argp_option option_table[] = {
    {"network", OPTION_NETWORK, "NAME:PLMN:HLR", 0,
     "an operator: MCC and MNC, and its HLR database; repeat for each", 0},
    {"smpp", OPTION_SMPP, "[HOST:]PORT", 0, "where the SMS centre listens (127.0.0.1:2775; 0: any)",
     0},
    {"esme", OPTION_ESME, "ID:PASSWORD", 0, "who may bind; repeat. Without it everybody may", 0},
    {"control", OPTION_CONTROL, "PATH", 0, "unix socket for `uicc fleet ask'", 0},
    {"search", OPTION_SEARCH, "MS", 0, "a handset without network tries again after (500)", 0},
    {"poll", OPTION_POLL, "SECONDS", 0, "handsets send STATUS every (30; 0: never)", 0},
    {"reports", OPTION_REPORTS, NULL, 0,
     "pass user data of delivery reports to the ESME, as some centres do", 0},
    {"verbose", 'v', NULL, 0, "say what the cards do", 0},
    {NULL, 0, NULL, 0, "Faults:", 1},
    {"loss", OPTION_LOSS, "PERCENT", 0, "of short messages, each way", 1},
    {"double", OPTION_DOUBLE, "PERCENT", 0, "of short messages arrive twice", 1},
    {"delay", OPTION_DELAY, "MS", 0, "longest delay of a short message; reorders them, too", 1},
    {"power-cut", OPTION_POWER, "PERCENT", 0,
     "chance that a handset loses power after a message, before it does what the card wants", 1},
    {"seed", OPTION_SEED, "N", 0, "of the faults (1)", 1},
    {0},
};

struct parsed {
    struct fleet_options options;
    size_t card_cap;
};

static void add_card(struct argp_state *state, struct parsed *p, const char *path)
{
    struct fleet_options *o = &p->options;

    if (o->card_count == p->card_cap) {
        p->card_cap = p->card_cap == 0 ? 256 : 2 * p->card_cap;
        o->cards = realloc(o->cards, p->card_cap * sizeof(*o->cards));
    }
    if (o->cards == NULL || (o->cards[o->card_count] = strdup(path)) == NULL)
        argp_failure(state, CLI_FAILED, 0, "out of memory");
    o->card_count++;
}

/* All *.card files of a folder; false when it is none. */
static bool add_folder(struct argp_state *state, struct parsed *p, const char *folder)
{
    struct dirent **entries = NULL;
    int count = scandir(folder, &entries, NULL, alphasort);

    for (int i = 0; i < count; i++) {
        size_t len = strlen(entries[i]->d_name);
        char path[4096];

        snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
        if (len > 5 && strcmp(entries[i]->d_name + len - 5, ".card") == 0)
            add_card(state, p, path);
        free(entries[i]);
    }
    free(entries);
    return count >= 0;
}

static void add_network(struct argp_state *state, struct fleet_options *o, char *value)
{
    char *plmn = strchr(value, ':');
    char *hlr = plmn != NULL ? strchr(plmn + 1, ':') : NULL;
    size_t i = o->network_count;

    if (hlr == NULL || i == NETWORKS_MAX)
        argp_error(state, "--network wants NAME:PLMN:HLR, at most %d times", NETWORKS_MAX);
    else {
        snprintf(o->networks[i].name, sizeof o->networks[i].name, "%.*s", (int)(plmn - value),
                 value);
        snprintf(o->networks[i].plmn, sizeof o->networks[i].plmn, "%.*s", (int)(hlr - plmn - 1),
                 plmn + 1);
        o->networks[i].hlr = hlr + 1;
        o->network_count++;
    }
}

static void add_account(struct argp_state *state, struct fleet_options *o, const char *value)
{
    const char *colon = strchr(value, ':');
    struct esme_account *a = &o->accounts[o->account_count];

    if (colon == NULL || o->account_count == ESME_ACCOUNTS_MAX ||
        (size_t)(colon - value) >= sizeof a->system_id || strlen(colon + 1) >= sizeof a->password)
        argp_error(state,
                   "--esme wants ID:PASSWORD (at most 15 and 8 characters), at most %d times",
                   ESME_ACCOUNTS_MAX);
    else {
        memcpy(a->system_id, value, (size_t)(colon - value));
        memcpy(a->password, colon + 1, strlen(colon + 1));
        o->account_count++;
    }
}

static unsigned number(struct argp_state *state, const char *name, const char *value, uint64_t max)
{
    uint64_t n = 0;

    if (cli_number(value, 0, max, &n) != ERR_OK)
        argp_error(state, "--%s: a number from 0 to %llu, not `%s'", name, (unsigned long long)max,
                   value);
    return (unsigned)n;
}

static error_t parse_fault(int key, char *value, struct argp_state *state)
{
    struct fleet_options *o = &((struct parsed *)state->input)->options;

    switch (key) {
    case OPTION_LOSS:
        o->faults.loss_percent = number(state, "loss", value, 100);
        return 0;
    case OPTION_DOUBLE:
        o->faults.double_percent = number(state, "double", value, 100);
        return 0;
    case OPTION_DELAY:
        o->faults.delay_ms = number(state, "delay", value, 3600000);
        return 0;
    case OPTION_POWER:
        o->faults.power_percent = number(state, "power-cut", value, 100);
        return 0;
    case OPTION_SEED:
        o->faults.state = number(state, "seed", value, UINT32_MAX);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static error_t parse_option(int key, char *value, struct argp_state *state)
{
    struct parsed *p = state->input;
    struct fleet_options *o = &p->options;

    switch (key) {
    case OPTION_NETWORK:
        add_network(state, o, value);
        return 0;
    case OPTION_SMPP:
        if (address_parse(value, &o->smpp) != ERR_OK)
            argp_error(state, "--smpp: `%s' is no [HOST:]PORT", value);
        return 0;
    case OPTION_ESME:
        add_account(state, o, value);
        return 0;
    case OPTION_CONTROL:
        o->control = value;
        return 0;
    case OPTION_SEARCH:
        o->search_ms = number(state, "search", value, 3600000);
        return 0;
    case OPTION_POLL:
        o->poll_s = number(state, "poll", value, 86400);
        return 0;
    case OPTION_REPORTS:
        o->reports = true;
        return 0;
    case 'v':
        o->verbose = true;
        return 0;
    case ARGP_KEY_ARG:
        if (!add_folder(state, p, value))
            add_card(state, p, value);
        return 0;
    case ARGP_KEY_END:
        if (o->card_count == 0)
            argp_error(state, "no card: name card files, or a folder of them");
        return 0;
    default:
        return parse_fault(key, value, state);
    }
}

static void loop(struct fleet *f, int signals, int control)
{
    for (;;) {
        struct pollfd fds[POLL_MAX];
        int wait_ms = timers_run(&f->timers, cli_now_ms(), TIMERS_A_TURN);
        size_t count = esme_poll_set(f->server, fds);

        networks_flush(f->networks);
        fds[count] = (struct pollfd){.fd = signals, .events = POLLIN};
        fds[count + 1] = (struct pollfd){.fd = control, .events = POLLIN};
        if (poll(fds, (nfds_t)count + 2, wait_ms) < 0 && errno != EINTR)
            return;
        if (fds[count].revents != 0)
            return;
        if (fds[count + 1].revents != 0 && !control_serve(f, control))
            return;
        esme_poll_done(f->server, fds, count);
    }
}

static int run(const struct fleet_options *o)
{
    struct fleet f;
    int signals = cli_stop_signals(), control = -1;
    int status = fleet_open(&f, o);
    enum err e = ERR_OK;

    if (status == CLI_OK && o->control != NULL)
        e = address_listen_path(o->control, &control);
    if (e != ERR_OK)
        status = cli_fail("%s: %s", o->control, err_text(e));
    if (status == CLI_OK) {
        printf("fleet of %zu cards; SMS centre on %s:%u\n", o->card_count, f.smpp.host,
               f.smpp.port);
        fflush(stdout);
        loop(&f, signals, control);
    }
    if (control >= 0) {
        close(control);
        unlink(o->control);
    }
    fleet_close(&f);
    close(signals);
    return status;
}

static const char ask_forms[] = "SOCKET status|challenge CARDS.CSV|stop";

static bool is_request(int argc, char **argv)
{
    if (argc == 3)
        return strcmp(argv[2], "status") == 0 || strcmp(argv[2], "stop") == 0;
    return argc == 4 && strcmp(argv[2], "challenge") == 0;
}

static int ask_main(int argc, char **argv)
{
    char request[4096] = "";

    if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-?") == 0)) {
        printf("Usage: uicc fleet ask %s\n"
               "Ask a fleet that runs with --control=SOCKET: counts as JSON; which cards still "
               "trust the\nK that a table has for them; or to end.\n",
               ask_forms);
        return CLI_OK;
    }
    if (!is_request(argc, argv))
        return cli_usage("fleet ask %s", ask_forms);
    for (int i = 2; i < argc; i++) {
        size_t len = strlen(request);

        snprintf(request + len, sizeof request - len, "%s%s", i > 2 ? " " : "", argv[i]);
    }
    return control_ask(argv[1], request);
}

int fleet_main(int argc, char **argv)
{
    static const struct argp argp = {
        option_table,
        parse_option,
        "CARD|FOLDER...",
        "Power cards in handsets of a simulated mobile network: an SMS centre on SMPP 3.4, and "
        "the authentication centres of the operators. Runs until a signal ends it.\v"
        "`uicc fleet ask SOCKET status|challenge CARDS.CSV|stop' asks a running fleet.",
        NULL,
        NULL,
        NULL,
    };
    struct parsed p = {.options = {.smpp = {"127.0.0.1", SMPP_PORT},
                                   .faults = {.state = 1},
                                   .search_ms = 500,
                                   .poll_s = 30}};
    int status;

    if (argc > 1 && strcmp(argv[1], "ask") == 0)
        return ask_main(argc - 1, argv + 1);
    argp_err_exit_status = CLI_USAGE;
    argp_parse(&argp, argc, argv, 0, NULL, &p);
    status = run(&p.options);
    for (size_t i = 0; i < p.options.card_count; i++)
        free(p.options.cards[i]);
    free(p.options.cards);
    return status;
}
