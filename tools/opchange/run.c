/* Operator A: an IMSI list that was verified becomes a campaign of the OTA server. */
#include "apdu/hex.h"
#include "ota/core/text.h"
#include "tools/cli/cli.h"
#include "tools/opchange/commands.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define WATCH_MS      200
#define TIMEOUT_MAX_S 604800 /* a week */
#define TRIES_MAX     1000

struct run {
    const struct opchange_options *options;
    struct oplist_party *party;
    struct ledger *ledger;
    struct oplist *list;
    bool replayed;
    struct ledger_campaign campaign;
    uint64_t left_out;
};

/* "B 7 HEX": what the campaign remembers of the list it came from. */
static bool describe_list(const struct oplist *list, char out[LEDGER_RESULT_MAX + 1])
{
    char digest[2 * OPLIST_DIGEST_LEN + 1];
    int n;

    if (hex_encode(RD(oplist_digest(list), OPLIST_DIGEST_LEN), digest, sizeof digest) != ERR_OK)
        return false;
    n = snprintf(out, LEDGER_RESULT_MAX + 1, "%s %" PRIu64 " %s", oplist_header(list)->sender,
                 oplist_header(list)->number, digest);
    return n > 0 && n <= LEDGER_RESULT_MAX;
}

/* Digits of the MNC in an IMSI of the sender; 0 when it is in none of the sender's networks. */
static uint8_t mnc_len(const struct oplist_identity *sender, const char *imsi)
{
    for (size_t i = 0; i < sender->plmn_count; i++) {
        size_t n = strlen(sender->plmns[i]);

        if (strncmp(imsi, sender->plmns[i], n) == 0)
            return (uint8_t)(n - 3);
    }
    return 0;
}

/* --- the campaign ---------------------------------------------------------------------------- */

static bool fill_numbers(const struct opchange_options *o, struct ledger_campaign *c)
{
    uint64_t rate, canary, stop, polls, seconds, timeout_s, tries;

    if (!opchange_number(o, OPCHANGE_RATE, c->rate, 1000000, &rate) ||
        !opchange_number(o, OPCHANGE_CANARY, c->canary, OPLIST_ROWS_MAX, &canary) ||
        !opchange_number(o, OPCHANGE_STOP_PERCENT, c->stop_percent, 100, &stop) ||
        !opchange_number(o, OPCHANGE_TRIAL_POLLS, c->trial_polls, UINT16_MAX, &polls) ||
        !opchange_number(o, OPCHANGE_TRIAL_SECONDS, c->trial_seconds, UINT32_MAX, &seconds) ||
        !opchange_number(o, OPCHANGE_TIMEOUT, c->timeout_ms / 1000, TIMEOUT_MAX_S, &timeout_s) ||
        !opchange_number(o, OPCHANGE_TRIES, c->tries, TRIES_MAX, &tries))
        return false;
    c->timeout_ms = timeout_s == 0 ? c->timeout_ms : (unsigned)timeout_s * 1000;
    c->tries = tries == 0 ? c->tries : (unsigned)tries;
    c->rate = (unsigned)rate;
    c->canary = (unsigned)canary;
    c->stop_percent = (unsigned)stop;
    c->trial_polls = (uint16_t)polls;
    c->trial_seconds = (uint32_t)seconds;
    return true;
}

static bool fill_campaign(struct run *r)
{
    const struct oplist_header *h = oplist_header(r->list);
    struct ledger_campaign *c = &r->campaign;

    ledger_campaign_defaults(c, h->alternative == OPLIST_3A ? LEDGER_3A : LEDGER_3B);
    if (!TEXT_COPY(c->name, r->options->value[OPCHANGE_NAME]) || !TEXT_COPY(c->spn, h->spn) ||
        !TEXT_COPY(c->smsc, h->service_centre) || !describe_list(r->list, c->list)) {
        cli_usage("--name: at most %d characters", LEDGER_NAME_MAX);
        return false;
    }
    return fill_numbers(r->options, c);
}

static const char *job_hint(enum err e)
{
    switch (e) {
    case ERR_NOT_FOUND:
        return "the card is not in our ledger";
    case ERR_DENIED:
        return "the card is not ours any more";
    case ERR_EXISTS:
        return "the card or the new IMSI is in a campaign already";
    case ERR_CONDITIONS:
        return "the card is in another operator change";
    case ERR_RANGE:
        return "the card has no slot left";
    case ERR_UNSUPPORTED:
        return "its network has an MNC of another length than the first card's: make two lists";
    default:
        return err_text(e);
    }
}

static enum err add_job(struct run *r, const struct oplist_identity *sender,
                        const struct oplist_row *row)
{
    if (mnc_len(sender, row->imsi) != r->campaign.mnc_len)
        return ERR_UNSUPPORTED;
    return ledger_job_add(r->ledger, &r->campaign, row->iccid, row->imsi, row->msisdn);
}

static bool add_jobs(struct run *r, const struct oplist_identity *sender)
{
    OPLIST_ROW_WIPED struct oplist_row row;
    bool partial = opchange_has(r->options, OPCHANGE_PARTIAL);
    struct cli_progress progress;
    uint64_t done = 0;
    size_t at = 0;

    cli_progress_begin(&progress, "planning", oplist_header(r->list)->rows);
    while (oplist_next(r->list, &at, &row) == ERR_OK) {
        enum err e = add_job(r, sender, &row);

        cli_progress(&progress, ++done);
        if (e == ERR_OK)
            continue;
        cli_fail("%s: row %" PRIu64 ": %s: %s", r->options->args[0], done, row.iccid, job_hint(e));
        if (!partial)
            return false;
        r->left_out++;
    }
    cli_progress_end(&progress);
    return true;
}

/* The MNC length of the first row is the campaign's. */
static bool create_campaign(struct run *r)
{
    OPLIST_ROW_WIPED struct oplist_row first;
    struct oplist_identity sender;
    size_t at = 0;
    enum err e = oplist_party_peer(r->party, oplist_header(r->list)->sender, &sender);

    if (e == ERR_OK)
        e = oplist_next(r->list, &at, &first);
    if (e == ERR_OK) {
        r->campaign.mnc_len = mnc_len(&sender, first.imsi);
        e = ledger_campaign_add(r->ledger, &r->campaign);
    }
    if (e != ERR_OK) {
        opchange_fail(r->campaign.name, e);
        return false;
    }
    return add_jobs(r, &sender);
}

static bool start_campaign(struct run *r)
{
    bool ok = create_campaign(r);
    enum err e = ERR_OK;

    if (ok)
        e = ledger_campaign_set_state(r->ledger, r->campaign.id, LEDGER_RUNNING, "");
    if (ok && e == ERR_OK)
        e = ledger_note(r->ledger, "list", r->campaign.id, 0, r->campaign.list);
    if (e != ERR_OK)
        opchange_fail(r->campaign.name, e);
    return ok && e == ERR_OK;
}

static bool start_in_batch(struct run *r)
{
    enum err e = ledger_begin(r->ledger);
    bool ok = e == ERR_OK && start_campaign(r);

    if (ok)
        e = ledger_commit(r->ledger);
    if (e != ERR_OK)
        opchange_fail(r->campaign.name, e);
    if (!ok || e != ERR_OK)
        ledger_rollback(r->ledger);
    return ok && e == ERR_OK;
}

/*
 * The campaign of this very list is there: a run that was cut short goes on. Otherwise a replayed
 * list is refused, and so is a name that another campaign has.
 */
static bool begin_or_resume(struct run *r)
{
    struct ledger_campaign known;
    enum err e = ledger_campaign_by_name(r->ledger, r->campaign.name, &known);

    if (e == ERR_OK && strcmp(known.list, r->campaign.list) == 0 &&
        known.state != LEDGER_FINISHED && known.state != LEDGER_CANCELLED) {
        r->campaign = known;
        return true;
    }
    if (r->replayed)
        return cli_fail("%s: refused: %s", r->options->args[0],
                        oplist_verdict_text(OPLIST_REPLAYED)) == CLI_OK;
    if (e == ERR_OK)
        return opchange_fail(r->campaign.name, ERR_EXISTS) == CLI_OK;
    return start_in_batch(r);
}

/* --- watching -------------------------------------------------------------------------------- */

static void pause_ms(long ms)
{
    struct timespec t = {ms / 1000, ms % 1000 * 1000000};

    nanosleep(&t, NULL);
}

static uint64_t ended(const struct ledger_counts *n)
{
    return n->jobs[LEDGER_PROVED] + n->jobs[LEDGER_ATTACHED] + n->jobs[LEDGER_FAILED] +
           n->jobs[LEDGER_UNKNOWN] + n->jobs[LEDGER_UNDONE];
}

static int tell(const struct run *r, const struct ledger_counts *n)
{
    uint64_t good = n->jobs[LEDGER_PROVED] + n->jobs[LEDGER_ATTACHED];

    printf("%s: %" PRIu64 " of %" PRIu64 " cards moved", r->campaign.name, good, n->total);
    for (int s = LEDGER_FAILED; s < LEDGER_JOB_STATES; s++) {
        if (n->jobs[s] != 0)
            printf(", %" PRIu64 " %s", n->jobs[s], ledger_job_state_text((enum ledger_job_state)s));
    }
    putchar('\n');
    return good == n->total && r->left_out == 0 ? CLI_OK : CLI_FAILED;
}

static int watch(struct run *r)
{
    struct cli_progress progress;
    struct ledger_counts n = {.total = 0};
    enum err e = ledger_campaign_count(r->ledger, r->campaign.id, &n);

    cli_progress_begin(&progress, r->campaign.name, n.total);
    while (e == ERR_OK && ended(&n) < n.total) {
        e = ledger_campaign_by_id(r->ledger, r->campaign.id, &r->campaign);
        if (e == ERR_OK && r->campaign.state == LEDGER_PAUSED)
            return cli_fail("%s is paused: %s", r->campaign.name, r->campaign.reason);
        cli_progress(&progress, ended(&n));
        pause_ms(WATCH_MS);
        if (e == ERR_OK)
            e = ledger_campaign_count(r->ledger, r->campaign.id, &n);
    }
    cli_progress(&progress, ended(&n));
    cli_progress_end(&progress);
    return e == ERR_OK ? tell(r, &n) : opchange_fail(r->campaign.name, e);
}

/* --- the command ----------------------------------------------------------------------------- */

/* The ledger has the campaign before the party's file says that the list was used: between the
 * two a crash repeats the harmless first step. */
static int run_list(struct run *r)
{
    enum err e = ERR_OK;

    if (!fill_campaign(r))
        return CLI_USAGE;
    if (!begin_or_resume(r))
        return CLI_FAILED;
    if (!r->replayed)
        e = oplist_accept(r->party, r->list);
    if (e != ERR_OK && e != ERR_REPLAYED)
        return opchange_fail(r->options->value[OPCHANGE_PARTY], e);
    if (opchange_has(r->options, OPCHANGE_DETACH)) {
        printf("%s: started, %" PRIu64 " cards\n", r->campaign.name,
               oplist_header(r->list)->rows - r->left_out);
        return r->left_out == 0 ? CLI_OK : CLI_FAILED;
    }
    return watch(r);
}

int opchange_cmd_run(const struct opchange_options *o)
{
    struct run r = {.options = o};
    int status = CLI_FAILED;

    r.party = opchange_open_party(o);
    if (r.party != NULL)
        r.list = opchange_judge(r.party, o, o->args[0], OPLIST_IMSI_LIST, &r.replayed);
    if (r.list != NULL)
        r.ledger = opchange_open_ledger(o, false);
    if (r.ledger != NULL)
        status = run_list(&r);
    ledger_close(&r.ledger);
    oplist_free(&r.list);
    oplist_party_close(&r.party);
    return status;
}
