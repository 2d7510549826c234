/*
 * Operator A: the cards of a campaign that proved their change, for the new operator; and those
 * whose proof was lost. A card on trial has left our network, so we cannot ask it any more: only
 * the new operator can tell how its change ended, by having seen it.
 */
#include "apdu/hex.h"
#include "ota/core/text.h"
#include "tools/cli/cli.h"
#include "tools/cli/csv.h"
#include "tools/opchange/commands.h"

#include <inttypes.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

/* A subscriber of our HLR: the ledger knows the card by its new IMSI, so K finds the old entry. */
struct standing {
    uint8_t k[SECRET_LEN_MAX];
    uint64_t sqn;
};

struct handover {
    const struct opchange_options *options;
    struct ledger *ledger;
    struct standing *standings; /* 3a: where SQN stands, by K; may be NULL */
    size_t standing_count;
    struct ledger_campaign campaign;
    struct oplist_draft *draft;
    uint64_t moved, unproved, others;
    const char *iccid; /* of an error */
};

static int compare(const void *a, const void *b)
{
    return memcmp(((const struct standing *)a)->k, ((const struct standing *)b)->k, SECRET_LEN_MAX);
}

static enum err note_standing(void *arg, const struct hlr_subscriber *s)
{
    struct handover *h = arg;
    struct standing *at = &h->standings[h->standing_count++];

    memcpy(at->k, s->key.k.bytes, s->key.k.len);
    at->sqn = s->sqn;
    return ERR_OK;
}

static enum err read_standings(struct handover *h, struct hlr *hlr)
{
    struct hlr_counts counts;
    enum err e = hlr_begin(hlr); /* the number of rows stays what it is while they are read */

    if (e == ERR_OK)
        e = hlr_count(hlr, &counts);
    if (e != ERR_OK)
        return e;
    h->standings = calloc(counts.with_key + 1, sizeof *h->standings);
    if (h->standings == NULL)
        return ERR_NOMEM;
    e = hlr_each(hlr, note_standing, h);
    qsort(h->standings, h->standing_count, sizeof *h->standings, compare);
    return e;
}

static bool load_standings(struct handover *h)
{
    struct hlr *hlr = opchange_open_hlr(h->options, false);
    enum err e = hlr == NULL ? ERR_OK : read_standings(h, hlr);
    bool ok = hlr != NULL && e == ERR_OK;

    if (e != ERR_OK)
        opchange_fail(h->options->value[OPCHANGE_HLR], e);
    hlr_close(&hlr);
    return ok;
}

/* Last SQN of our HLR. In 3b nobody needs it. Without an HLR the new operator begins at 0, and
 * the card's first AUTS puts that right (TS 33.102 6.3.5). */
static void add_sqn(const struct handover *h, const struct vault_pair *keys, struct oplist_row *row)
{
    struct standing wanted = {.sqn = 0};
    const struct standing *found = NULL;

    memcpy(wanted.k, keys->aka.k.bytes, keys->aka.k.len);
    if (h->standing_count > 0)
        found = bsearch(&wanted, h->standings, h->standing_count, sizeof wanted, compare);
    if (found != NULL)
        row->sqn = found->sqn;
    OPENSSL_cleanse(&wanted, sizeof wanted);
}

static enum err add_keys(struct handover *h, const struct ledger_job *job, struct oplist_row *row)
{
    struct ledger_card card;
    enum err e = ledger_card_by_id(h->ledger, job->card_id, &card);

    if (e == ERR_OK)
        e = ledger_card_keys(h->ledger, job->card_id, LEDGER_IN_FORCE, &row->keys);
    if (e != ERR_OK)
        return e;
    row->has_keys = true;
    row->counter = card.counter;
    add_sqn(h, &row->keys, row);
    return ERR_OK;
}

static enum err add_job(void *arg, const struct ledger_job *job)
{
    struct handover *h = arg;
    OPLIST_ROW_WIPED struct oplist_row row = {.index = 0};
    enum err e = ERR_OK;

    if (job->state == LEDGER_UNKNOWN) {
        h->unproved++;
    } else if (job->state != LEDGER_PROVED && job->state != LEDGER_ATTACHED) {
        h->others++;
        return ERR_OK;
    }
    if (!TEXT_COPY(row.iccid, job->iccid) || !TEXT_COPY(row.imsi, job->new_imsi) ||
        !TEXT_COPY(row.msisdn, job->new_msisdn[0] != '\0' ? job->new_msisdn : job->msisdn))
        return ERR_RANGE;
    row.index = h->campaign.method == LEDGER_3B ? job->to_index : job->key_index;
    if (h->campaign.method == LEDGER_3A)
        e = add_keys(h, job, &row);
    if (e == ERR_OK)
        e = oplist_draft_add(h->draft, &row);
    h->moved++;
    return e;
}

/* The digest at the end of what run.c noted of the IMSI list: the list that this one answers. */
static bool answered(const struct ledger_campaign *c, uint8_t digest[OPLIST_DIGEST_LEN])
{
    const char *space = strrchr(c->list, ' ');
    struct wr w = WR(digest, OPLIST_DIGEST_LEN);

    return space != NULL && hex_decode(space + 1, &w) == ERR_OK && w.len == OPLIST_DIGEST_LEN;
}

static bool collect(struct handover *h)
{
    const char *name = h->options->value[OPCHANGE_CAMPAIGN];
    enum oplist_alternative alternative;
    enum err e = ledger_campaign_by_name(h->ledger, name, &h->campaign);

    if (e == ERR_OK && h->campaign.method != LEDGER_3A && h->campaign.method != LEDGER_3B)
        return cli_fail("%s is no operator change", name) == CLI_OK;
    alternative = h->campaign.method == LEDGER_3A ? OPLIST_3A : OPLIST_3B;
    if (e == ERR_OK)
        e = oplist_draft_new(OPLIST_HAND_OVER, alternative, &h->draft);
    if (e == ERR_OK)
        e = ledger_job_each(h->ledger, h->campaign.id, add_job, h);
    if (e != ERR_OK)
        return opchange_fail(name, e) == CLI_OK;
    if (h->moved == 0)
        return cli_fail("%s: no card has moved yet", name) == CLI_OK;
    return true;
}

static int hand_over(struct handover *h)
{
    const struct opchange_options *o = h->options;
    struct oplist_party *p = opchange_open_party(o);
    uint8_t digest[OPLIST_DIGEST_LEN];
    bool ok = p != NULL && collect(h);

    if (ok)
        ok = opchange_send(p, o, h->draft, answered(&h->campaign, digest) ? digest : NULL);
    if (ok)
        printf("%" PRIu64 " cards for %s, %" PRIu64 " have not moved: %s\n", h->moved,
               o->value[OPCHANGE_TO], h->others, o->value[OPCHANGE_OUT]);
    if (ok && h->unproved > 0)
        printf("%" PRIu64 " of them without proof: %s will have seen them, or not\n", h->unproved,
               o->value[OPCHANGE_TO]);
    oplist_party_close(&p);
    return ok ? CLI_OK : CLI_FAILED;
}

int opchange_cmd_handover(const struct opchange_options *o)
{
    struct handover h = {.options = o};
    int status = CLI_FAILED;

    if (!opchange_has(o, OPCHANGE_HLR) || load_standings(&h))
        h.ledger = opchange_open_ledger(o, false);
    if (h.ledger != NULL)
        status = hand_over(&h);
    oplist_draft_free(&h.draft);
    ledger_close(&h.ledger);
    if (h.standings != NULL)
        OPENSSL_cleanse(h.standings, h.standing_count * sizeof *h.standings);
    free(h.standings);
    return status;
}
