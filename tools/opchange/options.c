#include "tools/opchange/options.h"
#include "ota/core/config.h"
#include "ota/core/text.h"
#include "tools/cli/cli.h"
#include "tools/opchange/commands.h"

#include <argp.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define DAYS_DEFAULT 30
#define DAYS_MAX     3650
#define DAY_S        86400
#define CLOCK_SKEW_S 300 /* a list is valid from a little before now: clocks differ */
#define KEY_BASE     0x100

/* One row per enum opchange_option. */
static const struct argp_option options[OPCHANGE_OPTIONS] = {
    [OPCHANGE_PARTY] = {"party", 0, "DIR", 0, "the party that acts", 0},
    [OPCHANGE_TO] = {"to", 0, "NAME", 0, "the peer that gets the list", 0},
    [OPCHANGE_OUT] = {"out", 0, "FILE", 0, "where the result goes (mode 0600)", 0},
    [OPCHANGE_NAME] = {"name", 0, "NAME", 0, "name of the party or campaign", 0},
    [OPCHANGE_ROLE] = {"role", 0, "ROLE", 0, "operator or manufacturer", 0},
    [OPCHANGE_PLMN] = {"plmn", 0, "MCCMNC,...", 0, "networks of an operator", 0},
    [OPCHANGE_DAYS] = {"days", 0, "N", 0, "validity", 0},
    [OPCHANGE_CARDS] = {"cards", 0, "CSV", 0, "table of cards, as uicc make writes it", 0},
    [OPCHANGE_ICCIDS] = {"iccids", 0, "FILE", 0, "ICCIDs, one a line", 0},
    [OPCHANGE_FIRST_IMSI] = {"first-imsi", 0, "D", 0, "new IMSI of the first card", 0},
    [OPCHANGE_FIRST_MSISDN] = {"first-msisdn", 0, "D", 0, "new number of the first card", 0},
    [OPCHANGE_ALTERNATIVE] = {"alternative", 0, "3a|3b", 0, "of TR 33.812; default 3b", 0},
    [OPCHANGE_SPN] = {"spn", 0, "TEXT", 0, "new service provider name", 0},
    [OPCHANGE_CENTRE] = {"service-centre", 0, "+D", 0, "new SMS centre", 0},
    [OPCHANGE_LEDGER] = {"ledger", 0, "FILE", 0, "of the OTA server; default ota.db", 0},
    [OPCHANGE_KEK] = {"kek", 0, "KEY", 0, "key-encryption key: @FILE, env:NAME or hex", 0},
    [OPCHANGE_VAULT] = {"vault", 0, "FILE", 0, "the manufacturer's vault", 0},
    [OPCHANGE_HLR] = {"hlr", 0, "FILE", 0, "subscribers, in the form of OsmoHLR", 0},
    [OPCHANGE_CAMPAIGN] = {"campaign", 0, "NAME", 0, "of the OTA server", 0},
    [OPCHANGE_RATE] = {"rate", 0, "N", 0, "cards per second; 0, the default: no limit", 0},
    [OPCHANGE_CANARY] = {"canary", 0, "N", 0, "so many cards first", 0},
    [OPCHANGE_STOP_PERCENT] = {"stop-percent", 0, "N", 0, "pause when more than this part fails",
                               0},
    [OPCHANGE_TIMEOUT] = {"timeout", 0, "SECONDS", 0, "wait for a proof before sending again; 30",
                          0},
    [OPCHANGE_TRIES] = {"tries", 0, "N", 0, "sendings of one packet; 5", 0},
    [OPCHANGE_TRIAL_POLLS] = {"trial-polls", 0, "N", 0, "card falls back after N STATUS polls", 0},
    [OPCHANGE_TRIAL_SECONDS] = {"trial-seconds", 0, "N", 0, "card falls back after N seconds", 0},
    [OPCHANGE_FORMAT] = {"format", 0, "NAME", 0, "open5gs, srsran or vty", 0},
    [OPCHANGE_JSON] = {"json", 'j', NULL, 0, "print JSON", 0},
    [OPCHANGE_ROWS] = {"rows", 0, NULL, 0, "print the rows, keys left out", 0},
    [OPCHANGE_ALLOW_GAP] = {"allow-gap", 0, NULL, 0,
                            "the lists between the last one and this are withdrawn", 0},
    [OPCHANGE_DETACH] = {"detach", 0, NULL, 0, "do not wait for the end", 0},
    [OPCHANGE_PARTIAL] = {"partial", 0, NULL, 0, "leave out cards that cannot be changed", 0},
};

/* --- parsing --------------------------------------------------------------------------------- */

struct parsing {
    const struct opchange_spec *spec;
    struct opchange_options options;
};

static error_t parse(int key, char *value, struct argp_state *state)
{
    struct parsing *p = state->input;
    int option = key == 'j' ? OPCHANGE_JSON : key - KEY_BASE;

    if (option >= 0 && option < OPCHANGE_OPTIONS) {
        p->options.value[option] = value != NULL ? value : "";
        return 0;
    }
    switch (key) {
    case ARGP_KEY_ARG:
        if (p->options.arg_count == p->spec->arg_count)
            argp_error(state, "too many arguments: %s", value);
        p->options.args[p->options.arg_count++] = value;
        return 0;
    case ARGP_KEY_END:
        if (p->options.arg_count < p->spec->arg_count && p->spec->args[0] != '[')
            argp_error(state, "missing: %s", p->spec->args);
        for (int i = 0; i < OPCHANGE_OPTIONS; i++) {
            if ((p->spec->needs & OPCHANGE_BIT(i)) != 0 && p->options.value[i] == NULL)
                argp_error(state, "--%s is missing", options[i].name);
        }
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int opchange_run_spec(const struct opchange_spec *spec, int argc, char **argv)
{
    struct argp_option taken[OPCHANGE_OPTIONS + 1];
    struct argp argp = {taken, parse, spec->args, spec->help, NULL, NULL, NULL};
    struct parsing p = {.spec = spec};
    size_t n = 0;
    uint64_t days;

    for (int i = 0; i < OPCHANGE_OPTIONS; i++) {
        if (((spec->needs | spec->takes) & OPCHANGE_BIT(i)) == 0)
            continue;
        taken[n] = options[i];
        if (taken[n].key == 0)
            taken[n].key = KEY_BASE + i;
        n++;
    }
    memset(&taken[n], 0, sizeof taken[n]);
    if (n == 0)
        argp.options = NULL; /* of an empty table glibc's help would lose a byte */
    argp_err_exit_status = CLI_USAGE;
    argp_parse(&argp, argc, argv, 0, NULL, &p);
    /* Of a list; a party judges how long its certificate lives. */
    if ((spec->needs & OPCHANGE_BIT(OPCHANGE_OUT)) != 0 &&
        !opchange_number(&p.options, OPCHANGE_DAYS, DAYS_DEFAULT, DAYS_MAX, &days))
        return CLI_USAGE;
    return spec->run(&p.options);
}

bool opchange_has(const struct opchange_options *o, enum opchange_option option)
{
    return o->value[option] != NULL;
}

const char *opchange_text(const struct opchange_options *o, enum opchange_option option,
                          const char *fallback)
{
    return o->value[option] != NULL ? o->value[option] : fallback;
}

bool opchange_number(const struct opchange_options *o, enum opchange_option option,
                     uint64_t fallback, uint64_t max, uint64_t *out)
{
    *out = fallback;
    if (o->value[option] == NULL || cli_number(o->value[option], 0, max, out) == ERR_OK)
        return true;
    cli_usage("--%s: a number up to %" PRIu64, options[option].name, max);
    return false;
}

bool opchange_alternative(const struct opchange_options *o, enum oplist_alternative *out)
{
    const char *text = opchange_text(o, OPCHANGE_ALTERNATIVE, "3b");

    *out = strcmp(text, "3a") == 0 ? OPLIST_3A : OPLIST_3B;
    if (*out == OPLIST_3A || strcmp(text, "3b") == 0)
        return true;
    cli_usage("--alternative: 3a or 3b");
    return false;
}

/* --- opening --------------------------------------------------------------------------------- */

int opchange_fail(const char *what, enum err e)
{
    return cli_fail("%s: %s", what, err_text(e));
}

struct oplist_party *opchange_open_party(const struct opchange_options *o)
{
    struct oplist_party *p = NULL;
    enum err e = oplist_party_open(o->value[OPCHANGE_PARTY], &p);

    if (e != ERR_OK)
        opchange_fail(o->value[OPCHANGE_PARTY], e);
    return p;
}

/* vault.key beside the vault: where uicc make puts it. What is wrong is said. */
static enum err vault_kek(const struct opchange_options *o, struct secret *kek)
{
    const char *path = o->value[OPCHANGE_VAULT], *slash = strrchr(path, '/');
    char source[OPCHANGE_PATH_MAX];
    int dir = slash == NULL ? 0 : (int)(slash - path) + 1;
    int n = snprintf(source, sizeof source, "@%.*svault.key", dir, path);

    enum err e = n < 0 || (size_t)n >= sizeof source
                     ? ERR_RANGE
                     : vault_wrap_kek(opchange_text(o, OPCHANGE_KEK, source), false, kek);

    if (e != ERR_OK)
        cli_fail_kek(opchange_text(o, OPCHANGE_KEK, source), e);
    return e;
}

struct vault *opchange_open_vault(const struct opchange_options *o)
{
    SECRET_WIPED struct secret kek = {.len = 0};
    struct vault *v = NULL;
    enum err e = vault_kek(o, &kek);

    if (e != ERR_OK)
        return NULL;
    e = vault_open(o->value[OPCHANGE_VAULT], &kek, &v);
    if (e != ERR_OK)
        opchange_fail(o->value[OPCHANGE_VAULT], e);
    return v;
}

struct hlr *opchange_open_hlr(const struct opchange_options *o, bool create)
{
    struct hlr *h = NULL;
    enum err e = hlr_open(o->value[OPCHANGE_HLR], &h);

    if (e == ERR_NOT_FOUND && create)
        e = hlr_create(o->value[OPCHANGE_HLR], &h);
    if (e != ERR_OK)
        opchange_fail(o->value[OPCHANGE_HLR], e);
    return h;
}

struct ledger *opchange_open_ledger(const struct opchange_options *o, bool create)
{
    SECRET_WIPED struct secret kek = {.len = 0};
    struct config defaults;
    struct ledger *l = NULL;
    const char *path, *source;
    enum err e;

    config_init(&defaults);
    path = opchange_text(o, OPCHANGE_LEDGER, defaults.ledger);
    source = opchange_text(o, OPCHANGE_KEK, defaults.kek);
    e = vault_wrap_kek(source, create && access(path, F_OK) != 0, &kek);
    if (e != ERR_OK) {
        cli_fail_kek(source, e);
        return NULL;
    }
    e = ledger_open(path, &kek, create, &l);
    if (e != ERR_OK)
        opchange_fail(path, e);
    return l;
}

/* --- lists ----------------------------------------------------------------------------------- */

int opchange_refuse(const char *file, const struct oplist_report *r)
{
    const char *why = oplist_verdict_text(r->verdict);

    if (r->verdict == OPLIST_FAILED)
        return opchange_fail(file, r->e);
    if (r->row != 0)
        return cli_fail("%s: refused: row %" PRIu64 ": %s", file, r->row, why);
    return cli_fail("%s: refused: %s", file, why);
}

static struct oplist_report judge(struct oplist_party *p, const struct opchange_options *o,
                                  const char *file, enum oplist_purpose purpose,
                                  struct oplist **list)
{
    struct oplist_expect expect = {purpose, (int64_t)time(NULL),
                                   opchange_has(o, OPCHANGE_ALLOW_GAP)};

    return oplist_judge_file(p, file, &expect, list);
}

static struct oplist *tell(const char *file, const struct oplist_report *r, struct oplist *list,
                           bool *replayed)
{
    if (r->verdict == OPLIST_ACCEPTED || (r->verdict == OPLIST_REPLAYED && replayed != NULL)) {
        if (replayed != NULL)
            *replayed = r->verdict == OPLIST_REPLAYED;
        return list;
    }
    oplist_free(&list);
    opchange_refuse(file, r);
    return NULL;
}

struct oplist *opchange_judge(struct oplist_party *p, const struct opchange_options *o,
                              const char *file, enum oplist_purpose purpose, bool *replayed)
{
    struct oplist *list = NULL;
    struct oplist_report r = judge(p, o, file, purpose, &list);

    return tell(file, &r, list, replayed);
}

struct oplist *opchange_judge_either(struct oplist_party *p, const struct opchange_options *o,
                                     const char *file, enum oplist_purpose one,
                                     enum oplist_purpose other)
{
    struct oplist *list = NULL;
    struct oplist_report r = judge(p, o, file, one, &list);

    if (r.verdict == OPLIST_WRONG_PURPOSE)
        r = judge(p, o, file, other, &list);
    return tell(file, &r, list, NULL);
}

bool opchange_send(struct oplist_party *p, const struct opchange_options *o,
                   const struct oplist_draft *draft, const uint8_t *answers)
{
    int64_t now = (int64_t)time(NULL);
    uint64_t days;
    enum err e;

    if (!opchange_number(o, OPCHANGE_DAYS, DAYS_DEFAULT, DAYS_MAX, &days))
        return false;
    struct oplist_envelope envelope = {
        .receiver = o->value[OPCHANGE_TO],
        .not_before = now - CLOCK_SKEW_S,
        .not_after = now + (int64_t)days * DAY_S,
        .answers = answers,
        .spn = o->value[OPCHANGE_SPN],
        .service_centre = o->value[OPCHANGE_CENTRE],
    };
    e = oplist_send(p, draft, &envelope, o->value[OPCHANGE_OUT], NULL);
    if (e == ERR_NOT_FOUND)
        cli_fail("%s is no peer: opchange party trust comes first", envelope.receiver);
    else if (e != ERR_OK)
        opchange_fail(o->value[OPCHANGE_OUT], e);
    return e == ERR_OK;
}
