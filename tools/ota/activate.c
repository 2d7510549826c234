/*
 * ota campaign activate: what a campaign renewed over the air, handed to the home location
 * register. May be repeated: a subscriber that has its key keeps its sequence number.
 */
#include "ota/core/text.h"
#include "ota/hlr/hlr.h"
#include "tools/cli/cli.h"
#include "tools/ota/access.h"
#include "tools/ota/commands.h"

#include <argp.h>
#include <inttypes.h>
#include <string.h>

enum { OPTION_HLR = 1, OPTION_UNPROVED };

struct options {
    struct access access;
    struct access_argument name;
    const char *hlr;
    const char *unproved; /* ICCID, or NULL */
};

static const struct argp_option option_table[] = {
    {"hlr", OPTION_HLR, "FILE", 0, "OsmoHLR database that gets the keys", 0},
    {"unproved", OPTION_UNPROVED, "ICCID", 0,
     "this card's new key, too, though its proof is missing: the network refuses it since", 0},
    {0},
};

static error_t parse_option(int key, char *value, struct argp_state *state)
{
    struct options *o = state->input;

    if (key == OPTION_HLR)
        o->hlr = value;
    else if (key == OPTION_UNPROVED)
        o->unproved = value;
    else
        return access_parse_argument(key, value, state, &o->access, &o->name);
    return 0;
}

/* One walk over the jobs of a campaign. */
struct hand_over {
    struct ledger *ledger;
    struct hlr *hlr;
    const char *unproved;
    bool found; /* that card is one of the campaign's */
    uint64_t proved, guessed, moved, left_out;
};

static enum err activate(struct hand_over *h, const struct ledger_job *job, enum ledger_keys which)
{
    VAULT_PAIR_WIPED struct vault_pair keys = {0};
    HLR_SUBSCRIBER_WIPED struct hlr_subscriber s = {.sqn = 0};
    enum err e = ledger_card_keys(h->ledger, job->card_id, which, &keys);

    if (e != ERR_OK)
        return e;
    s.key = keys.aka;
    if (!TEXT_COPY(s.imsi, job->imsi) || !TEXT_COPY(s.msisdn, job->msisdn))
        return ERR_RANGE;
    return hlr_activate(h->hlr, &s, 1);
}

static enum err hand_over_job(void *context, const struct ledger_job *job)
{
    struct hand_over *h = context;
    bool proved = job->state == LEDGER_PROVED || job->state == LEDGER_ATTACHED;
    bool open =
        job->state == LEDGER_SENT || job->state == LEDGER_DELIVERED || job->state == LEDGER_UNKNOWN;
    enum err e;

    h->found |= h->unproved != NULL && strcmp(h->unproved, job->iccid) == 0;
    /* The record of a card that moved has the identity that its new operator gave it. */
    if (job->owner != LEDGER_OURS) {
        h->moved++;
        return ERR_OK;
    }
    if (!proved && !(open && h->unproved != NULL && strcmp(h->unproved, job->iccid) == 0)) {
        h->left_out++;
        return ERR_OK;
    }
    e = activate(h, job, proved ? LEDGER_IN_FORCE : LEDGER_PENDING);
    if (e == ERR_NOT_FOUND && !proved) {
        h->left_out++; /* it was never sent a key */
        return ERR_OK;
    }
    if (e == ERR_OK)
        proved ? h->proved++ : h->guessed++;
    else
        (void)cli_fail("card %s: %s", job->iccid, err_text(e));
    return e;
}

/* All or none of them. */
static enum err hand_over(struct hand_over *h, const struct ledger_campaign *campaign)
{
    enum err e = hlr_begin(h->hlr);

    if (e == ERR_OK)
        e = ledger_job_each(h->ledger, campaign->id, hand_over_job, h);
    if (e == ERR_OK && h->unproved != NULL && !h->found) {
        cli_fail("card %s is none of campaign %s", h->unproved, campaign->name);
        e = ERR_NOT_FOUND;
    }
    if (e == ERR_OK)
        e = hlr_commit(h->hlr);
    if (e != ERR_OK)
        hlr_rollback(h->hlr);
    return e;
}

static int run(const struct options *o, struct ledger *l, struct hlr *hlr)
{
    struct hand_over h = {.ledger = l, .hlr = hlr, .unproved = o->unproved};
    struct ledger_campaign campaign;
    enum err e;

    if (!access_campaign(l, o->name.value, &campaign))
        return CLI_FAILED;
    if (campaign.method != LEDGER_RENEW_K)
        return cli_fail("campaign %s: method %s renews no K", campaign.name,
                        ledger_method_text(campaign.method));
    e = hand_over(&h, &campaign);
    if (e != ERR_OK)
        return cli_fail("%s is as it was: %s", o->hlr, err_text(e));
    printf("%" PRIu64 " proved keys handed over", h.proved);
    if (o->unproved != NULL)
        printf(", %" PRIu64 " without a proof", h.guessed);
    if (h.moved != 0)
        printf(", %" PRIu64 " moved away", h.moved);
    printf(", %" PRIu64 " cards left as they were\n", h.left_out);
    return h.left_out == 0 ? CLI_OK : CLI_FAILED;
}

int campaign_activate_main(int argc, char **argv)
{
    static const struct argp_child children[] = {{&access_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        .options = option_table,
        .parser = parse_option,
        .args_doc = "NAME",
        .doc = "Hand the new K of each card of a renew-k campaign to the HLR.\v"
               "Exit status 1 when cards were left out because no proof came.",
        .children = children};
    struct options o = {.name.what = "NAME"};
    struct hlr *hlr = NULL;
    struct ledger *l;
    int status;
    enum err e;

    argp_err_exit_status = CLI_USAGE;
    if (argp_parse(&argp, argc, argv, 0, NULL, &o) != 0)
        return CLI_USAGE;
    if (o.hlr == NULL)
        return cli_usage("--hlr says which register gets the keys");
    l = access_open(&o.access, false);
    if (!l)
        return CLI_FAILED;
    e = hlr_open(o.hlr, &hlr);
    status = e == ERR_OK ? run(&o, l, hlr) : cli_fail("%s: %s", o.hlr, err_text(e));
    hlr_close(&hlr);
    ledger_close(&l);
    return status;
}
