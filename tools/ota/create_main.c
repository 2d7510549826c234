#include "apdu/sms.h"
#include "ota/campaign/plan.h"
#include "ota/core/text.h"
#include "tools/cli/cli.h"
#include "tools/ota/access.h"
#include "tools/ota/commands.h"
#include "tools/ota/create.h"
#include "tools/ota/hexarg.h"

#include <string.h>

#define SECONDS_MAX 86400

struct options {
    struct access access;
    struct create_source source;
    struct ledger_campaign values; /* what the options set, see given */
    const char *name;
    bool has_method, start;
    unsigned given; /* bits of enum create_option */
};

enum create_option {
    OPTION_METHOD = 1,
    OPTION_LIST,
    OPTION_PARTY,
    OPTION_ALLOW_GAP,
    OPTION_CSV,
    OPTION_CARD,
    OPTION_ALL,
    OPTION_START,
    OPTION_SCRIPT,
    OPTION_TAR,
    OPTION_SPI,
    OPTION_TIMEOUT,
    OPTION_TRIES,
    OPTION_RATE,
    OPTION_CANARY,
    OPTION_STOP,
    OPTION_TRIAL_POLLS,
    OPTION_TRIAL_SECONDS,
    OPTION_MNC_LEN,
    OPTION_SPN,
    OPTION_SMSC,
};

static const struct argp_option option_table[] = {
    {"method", OPTION_METHOD, "3b|3a|renew|renew-k|script|query", 0, "what to do with the cards",
     0},
    {"list", OPTION_LIST, "FILE", 0, "3b, 3a: the new operator's signed IMSI list", 1},
    {"party", OPTION_PARTY, "DIR", 0, "our party directory, which judges the list", 1},
    {"allow-gap", OPTION_ALLOW_GAP, NULL, 0, "lists before this one are known to be withdrawn", 1},
    {"csv", OPTION_CSV, "FILE", 0, "instead: a table with columns iccid, imsi, msisdn", 1},
    {"card", OPTION_CARD, "ICCID", 0, "instead: one card", 1},
    {"all", OPTION_ALL, NULL, 0, "instead: every card that is ours", 1},
    {"start", OPTION_START, NULL, 0, "start it at once", 2},
    {"script", OPTION_SCRIPT, "HEX", 0, "script: the APDUs; hex, @FILE, env:NAME or -", 3},
    {"tar", OPTION_TAR, "HEX", 0, "script: application (B00001)", 3},
    {"spi", OPTION_SPI, "HEX", 0, "security parameters (1639)", 3},
    {"timeout", OPTION_TIMEOUT, "SECONDS", 0, "wait for a proof before sending again (30)", 4},
    {"tries", OPTION_TRIES, "N", 0, "sendings of one packet (5)", 4},
    {"rate", OPTION_RATE, "N", 0, "cards begun per second (no limit)", 4},
    {"canary", OPTION_CANARY, "N", 0, "so many cards first; the others wait for their end", 4},
    {"stop-percent", OPTION_STOP, "N", 0, "pause when more than N % end badly (100: never)", 4},
    {"trial-polls", OPTION_TRIAL_POLLS, "N", 0,
     "3b: STATUS polls without service before the card "
     "falls back (0: no limit)",
     5},
    {"trial-seconds", OPTION_TRIAL_SECONDS, "N", 0, "3b: the like in seconds", 5},
    {"mnc-len", OPTION_MNC_LEN, "2|3", 0, "digits of the new operator's network code", 5},
    {"spn", OPTION_SPN, "TEXT", 0, "new service provider name", 5},
    {"smsc", OPTION_SMSC, "NUMBER", 0, "new service centre, + and digits", 5},
    {0},
};

static uint64_t number(struct argp_state *state, const char *name, const char *value, uint64_t min,
                       uint64_t max)
{
    uint64_t n = min;

    if (cli_number(value, min, max, &n) != ERR_OK)
        argp_error(state, "--%s: a number from %llu to %llu", name, (unsigned long long)min,
                   (unsigned long long)max);
    return n;
}

static void take_hex(struct argp_state *state, const char *name, const char *value, uint8_t *out,
                     size_t len)
{
    if (!hexarg_fixed(value, out, len))
        argp_error(state, "--%s: %zu bytes of hex are wanted", name, len);
}

static void take_script(struct argp_state *state, const char *value, struct ledger_campaign *c)
{
    struct wr w = WR_ARRAY(c->script);
    enum err e = hexarg_read(value, &w);

    if (e != ERR_OK)
        argp_error(state, "--script: %s", err_text(e));
    c->script_len = w.len;
}

static void take_smsc(struct argp_state *state, const char *value, struct ledger_campaign *c)
{
    struct sms_address address;

    if (!TEXT_COPY(c->smsc, value) || sms_address_from_text(&address, value) != ERR_OK)
        argp_error(state, "--smsc: no number");
}

/* Options that say something of the campaign itself. */
static void take_value(enum create_option option, char *value, struct argp_state *state,
                       struct ledger_campaign *c)
{
    switch (option) {
    case OPTION_SCRIPT:
        take_script(state, value, c);
        break;
    case OPTION_TAR:
        take_hex(state, "tar", value, c->tar, sizeof c->tar);
        break;
    case OPTION_SPI:
        take_hex(state, "spi", value, c->spi, sizeof c->spi);
        break;
    case OPTION_TIMEOUT:
        c->timeout_ms = (unsigned)number(state, "timeout", value, 1, SECONDS_MAX) * 1000;
        break;
    case OPTION_TRIES:
        c->tries = (unsigned)number(state, "tries", value, 1, 1000);
        break;
    case OPTION_RATE:
        c->rate = (unsigned)number(state, "rate", value, 0, 1000000);
        break;
    case OPTION_CANARY:
        c->canary = (unsigned)number(state, "canary", value, 0, 1000000);
        break;
    case OPTION_STOP:
        c->stop_percent = (unsigned)number(state, "stop-percent", value, 0, 100);
        break;
    case OPTION_TRIAL_POLLS:
        c->trial_polls = (uint16_t)number(state, "trial-polls", value, 0, UINT16_MAX);
        break;
    case OPTION_TRIAL_SECONDS:
        c->trial_seconds = (uint32_t)number(state, "trial-seconds", value, 0, UINT32_MAX);
        break;
    case OPTION_MNC_LEN:
        c->mnc_len = (uint8_t)number(state, "mnc-len", value, 2, 3);
        break;
    case OPTION_SPN:
        if (!TEXT_COPY(c->spn, value))
            argp_error(state, "--spn: at most %d characters", LEDGER_SPN_MAX - 1);
        break;
    case OPTION_SMSC:
        take_smsc(state, value, c);
        break;
    default:
        break;
    }
}

/* The method's defaults come first, whatever the order on the command line: options set values in a
 * campaign of their own, and only what they set is copied. */
static void merge(const struct options *o, struct ledger_campaign *c)
{
    const struct ledger_campaign *v = &o->values;
    const struct {
        enum create_option option;
        size_t offset, size;
    } fields[] = {
#define FIELD(option, member) \
    {(option), offsetof(struct ledger_campaign, member), sizeof(v->member)}
        FIELD(OPTION_TAR, tar),
        FIELD(OPTION_SPI, spi),
        FIELD(OPTION_TIMEOUT, timeout_ms),
        FIELD(OPTION_TRIES, tries),
        FIELD(OPTION_RATE, rate),
        FIELD(OPTION_CANARY, canary),
        FIELD(OPTION_STOP, stop_percent),
        FIELD(OPTION_TRIAL_POLLS, trial_polls),
        FIELD(OPTION_TRIAL_SECONDS, trial_seconds),
        FIELD(OPTION_MNC_LEN, mnc_len),
        FIELD(OPTION_SPN, spn),
        FIELD(OPTION_SMSC, smsc),
        FIELD(OPTION_SCRIPT, script),
        FIELD(OPTION_SCRIPT, script_len),
#undef FIELD
    };

    for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
        if (o->given & 1U << fields[i].option)
            memcpy((char *)c + fields[i].offset, (const char *)v + fields[i].offset,
                   fields[i].size);
    }
}

static bool take_flag(int key, char *value, struct argp_state *state, struct options *o)
{
    switch (key) {
    case OPTION_METHOD:
        o->has_method = ledger_method_from_text(value, &o->values.method) == ERR_OK;
        if (!o->has_method)
            argp_error(state, "--method: 3b, 3a, renew, renew-k, script or query");
        return true;
    case OPTION_LIST:
        o->source.list = value;
        return true;
    case OPTION_PARTY:
        o->source.party = value;
        return true;
    case OPTION_ALLOW_GAP:
        o->source.allow_gap = true;
        return true;
    case OPTION_CSV:
        o->source.csv = value;
        return true;
    case OPTION_CARD:
        o->source.card = value;
        return true;
    case OPTION_ALL:
        o->source.all = true;
        return true;
    case OPTION_START:
        o->start = true;
        return true;
    default:
        return false;
    }
}

static void check(struct argp_state *state, const struct options *o)
{
    const struct create_source *s = &o->source;
    int sources = (s->list != NULL) + (s->csv != NULL) + (s->card != NULL) + s->all;
    bool change = o->values.method == LEDGER_3B || o->values.method == LEDGER_3A;

    if (!o->name || !o->has_method)
        argp_error(state, "a name and --method are needed");
    if (sources != 1)
        argp_error(state, "one of --list, --csv, --card, --all is needed");
    if ((s->list != NULL) != (s->party != NULL))
        argp_error(state, "--list and --party go together");
    if (s->list && !change)
        argp_error(state, "a list is for methods 3b and 3a");
    if ((s->card || s->all) && change)
        argp_error(state, "a change of operator needs new IMSIs: --list or --csv");
    if ((o->values.method == LEDGER_SCRIPT) != (o->values.script_len > 0))
        argp_error(state, "--script and --method script go together");
}

static error_t parse_option(int key, char *value, struct argp_state *state)
{
    struct options *o = state->input;

    if (key == ARGP_KEY_INIT) {
        state->child_inputs[0] = &o->access;
        return 0;
    }
    if (key == ARGP_KEY_ARG) {
        if (o->name)
            argp_error(state, "one name only");
        o->name = value;
        return 0;
    }
    if (key == ARGP_KEY_END) {
        check(state, o);
        return 0;
    }
    if (take_flag(key, value, state, o))
        return 0;
    if (key < OPTION_SCRIPT || key > OPTION_SMSC)
        return ARGP_ERR_UNKNOWN;
    take_value((enum create_option)key, value, state, &o->values);
    o->given |= 1U << key;
    return 0;
}

/* A campaign whose proofs nobody could tell from forged ones is none. */
static int check_security(const struct ledger_campaign *c)
{
    if ((c->spi[0] & SPI1_CHECK_MASK) != SPI1_CHECK_CC ||
        (c->spi[0] & SPI1_COUNTER_MASK) != SPI1_COUNTER_ABOVE)
        return cli_usage("--spi: commands have a CC and a counter that must be above (b5b4 = 10)");
    if ((c->spi[1] & SPI2_POR_MASK) != SPI2_POR_ALWAYS ||
        (c->spi[1] & SPI2_CHECK_MASK) != SPI2_CHECK_CC)
        return cli_usage("--spi: a proof is always asked for, with a CC");
    return CLI_OK;
}

/* A name is a line of `ota campaign list', and may be UTF-8. */
static bool is_name(const char *text)
{
    const char *at = text;

    while ((unsigned char)*at >= 0x20 && *at != 0x7F)
        at++;
    return at > text && *at == '\0';
}

int campaign_create_main(int argc, char **argv)
{
    static const struct argp_child children[] = {{&access_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        .options = option_table,
        .parser = parse_option,
        .args_doc = "NAME",
        .doc = "Plan a campaign. A list that is altered, signed by somebody else, expired or "
               "replayed is refused with the reason, and nothing is stored.",
        .children = children,
    };
    static const uint8_t tar_default[3] = {0xB0, 0x00, 0x01};
    struct options o = {.source = {.list = NULL}};
    struct ledger_campaign c;
    struct ledger *l;
    int status;

    argp_err_exit_status = CLI_USAGE;
    if (argp_parse(&argp, argc, argv, 0, NULL, &o) != 0)
        return CLI_USAGE;
    ledger_campaign_defaults(&c, o.values.method);
    memcpy(c.tar, tar_default, sizeof c.tar);
    merge(&o, &c);
    if (!TEXT_COPY(c.name, o.name) || !is_name(o.name))
        return cli_usage("a name has 1 to %d characters, none of them a control character",
                         LEDGER_NAME_MAX);
    status = check_security(&c);
    if (status != CLI_OK)
        return status;
    l = access_open(&o.access, false);
    if (!l)
        return CLI_FAILED;
    status = create_campaign(l, &c, &o.source, o.start);
    ledger_close(&l);
    return status;
}
