#include "tools/ota/create.h"

#include "apdu/script.h"
#include "ota/core/text.h"
#include "ota/oplist/oplist.h"
#include "tools/cli/cli.h"
#include "tools/cli/csv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* --- one job --- */

static const char *why_not(enum err e)
{
    switch (e) {
    case ERR_NOT_FOUND:
        return "the card is not in the ledger";
    case ERR_DENIED:
        return "the card is no longer ours";
    case ERR_EXISTS:
        return "the card is in the campaign already, or the new IMSI is promised to another one";
    case ERR_CONDITIONS:
        return "another change of the card has not ended";
    case ERR_RANGE:
        return "the card has no slot index left";
    default:
        return err_text(e);
    }
}

static bool is_change(const struct ledger_campaign *c)
{
    return c->method == LEDGER_3B || c->method == LEDGER_3A;
}

static enum err check_imsi(const struct ledger_campaign *c, const char *imsi)
{
    uint8_t ef[EF_IMSI_LEN];

    if (!is_change(c))
        return *imsi ? ERR_FORMAT : ERR_OK;
    return bcd_imsi_encode(imsi, ef);
}

static bool add_job(struct ledger *l, const struct ledger_campaign *c, const char *iccid,
                    const char *imsi, const char *msisdn)
{
    enum err e = check_imsi(c, imsi);

    if (e != ERR_OK) {
        cli_fail("card %s: %s", iccid,
                 is_change(c) ? "no new IMSI" : "a new IMSI means nothing to this method");
        return false;
    }
    e = ledger_job_add(l, c, iccid, imsi, msisdn[0] == '+' ? msisdn + 1 : msisdn);
    if (e != ERR_OK)
        cli_fail("card %s: %s", iccid, why_not(e));
    return e == ERR_OK;
}

/* --- the sources --- */

static bool add_from_csv(struct ledger *l, const struct ledger_campaign *c, const char *path)
{
    struct csv csv;
    enum err e = csv_open(&csv, path);
    bool good = e == ERR_OK;

    if (!good) {
        cli_fail("%s: %s", path, err_text(e));
        return false;
    }
    while (good && (e = csv_next(&csv)) == ERR_OK) {
        const char *iccid = csv_field(&csv, "iccid");
        const char *imsi = is_change(c) ? csv_field(&csv, "imsi") : "";
        const char *msisdn = is_change(c) ? csv_field(&csv, "msisdn") : "";

        if (!iccid || !imsi) {
            cli_fail("%s: there is no column %s", path, iccid ? "imsi" : "iccid");
            good = false;
            break;
        }
        good = add_job(l, c, iccid, imsi, msisdn ? msisdn : "");
    }
    if (good && e != ERR_NOT_FOUND) {
        cli_fail("%s:%u: %s", path, csv.line, err_text(e));
        good = false;
    }
    csv_close(&csv);
    return good;
}

/* Jobs are added after the walk: a statement must not change what another one reads. */
struct ours {
    struct ledger *ledger;
    const struct ledger_campaign *campaign;
    char (*iccids)[ICCID_DIGITS_MAX + 1];
    size_t count, cap;
};

static enum err collect(void *context, const struct ledger_card *card)
{
    struct ours *o = context;

    if (card->owner != LEDGER_OURS)
        return ERR_OK;
    if (o->count == o->cap) {
        size_t cap = o->cap ? 2 * o->cap : 1024;
        void *more = realloc(o->iccids, cap * sizeof o->iccids[0]);

        if (!more)
            return ERR_NOMEM;
        o->iccids = more;
        o->cap = cap;
    }
    memcpy(o->iccids[o->count++], card->iccid, sizeof o->iccids[0]);
    return ERR_OK;
}

static bool add_all(struct ledger *l, const struct ledger_campaign *c)
{
    struct ours o = {.ledger = l, .campaign = c};
    enum err e = ledger_card_each(l, collect, &o);
    bool good = e == ERR_OK;

    if (!good)
        cli_fail("%s", err_text(e));
    for (size_t i = 0; i < o.count && good; i++)
        good = add_job(l, c, o.iccids[i], "", "");
    free(o.iccids);
    return good;
}

static bool add_from_list(struct ledger *l, const struct ledger_campaign *c,
                          const struct oplist *list)
{
    struct oplist_row row;
    size_t at = 0;
    bool good = true;

    while (good && oplist_next(list, &at, &row) == ERR_OK) {
        good = add_job(l, c, row.iccid, row.imsi, row.msisdn);
        oplist_row_wipe(&row);
    }
    return good;
}

/* --- a signed list --- */

/* What the list's header says about all of its cards; the command line has the last word. */
static bool take_header(struct ledger_campaign *c, struct oplist_party *party,
                        const struct oplist *list)
{
    const struct oplist_header *h = oplist_header(list);
    const uint8_t *digest = oplist_digest(list);
    struct oplist_identity peer;

    snprintf(c->list, sizeof c->list, "%s %llu %02x%02x%02x%02x", h->sender,
             (unsigned long long)h->number, digest[0], digest[1], digest[2], digest[3]);
    if ((h->alternative == OPLIST_3A) != (c->method == LEDGER_3A)) {
        cli_fail("the list is for alternative %s", h->alternative == OPLIST_3A ? "3a" : "3b");
        return false;
    }
    if (!c->spn[0])
        (void)TEXT_COPY(c->spn, h->spn);
    if (!c->smsc[0])
        (void)TEXT_COPY(c->smsc, h->service_centre);
    if (oplist_party_peer(party, h->sender, &peer) == ERR_OK && peer.plmn_count)
        c->mnc_len = (uint8_t)(strlen(peer.plmns[0]) - 3);
    return true;
}

static int refuse(const char *path, const struct oplist_report *r)
{
    if (r->verdict == OPLIST_FAILED)
        return cli_fail("%s: %s", path, err_text(r->e));
    if (r->row)
        return cli_fail("%s: refused: row %llu: %s", path, (unsigned long long)r->row,
                        oplist_verdict_text(r->verdict));
    return cli_fail("%s: refused: %s", path, oplist_verdict_text(r->verdict));
}

/* --- the transaction --- */

static bool add_jobs(struct ledger *l, const struct ledger_campaign *c,
                     const struct create_source *source, const struct oplist *list)
{
    if (list)
        return add_from_list(l, c, list);
    if (source->csv)
        return add_from_csv(l, c, source->csv);
    if (source->card)
        return add_job(l, c, source->card, "", "");
    return add_all(l, c);
}

static int store(struct ledger *l, struct ledger_campaign *c, const struct create_source *source,
                 const struct oplist *list, bool start)
{
    struct ledger_counts counts = {.total = 0};
    enum err e = ledger_begin(l);

    if (e == ERR_OK)
        e = ledger_campaign_add(l, c);
    if (e == ERR_EXISTS)
        cli_fail("there is a campaign %s already", c->name);
    else if (e != ERR_OK)
        cli_fail("campaign %s: %s", c->name, err_text(e));
    if (e == ERR_OK && !add_jobs(l, c, source, list))
        e = ERR_CONDITIONS;
    else if (e == ERR_OK && (e = ledger_campaign_count(l, c->id, &counts)) == ERR_OK &&
             counts.total == 0) {
        cli_fail("no card is in it");
        e = ERR_CONDITIONS;
    }
    if (e == ERR_OK && start)
        e = ledger_campaign_set_state(l, c->id, LEDGER_RUNNING, "");
    if (e == ERR_OK)
        e = ledger_note(l, "campaign-created", c->id, 0, c->list);
    if (e == ERR_OK)
        e = ledger_commit(l);
    ledger_rollback(l);
    if (e != ERR_OK)
        return cli_fail("nothing was stored");
    fprintf(stderr, "campaign %s: %llu cards, method %s%s\n", c->name,
            (unsigned long long)counts.total, ledger_method_text(c->method),
            start ? ", started" : "");
    return CLI_OK;
}

/* A crash came between storing the campaign and accepting its list: the rest is done now. */
static bool is_stored(struct ledger *l, const struct ledger_campaign *c)
{
    struct ledger_campaign there;

    return ledger_campaign_by_name(l, c->name, &there) == ERR_OK && there.method == c->method &&
           strcmp(there.list, c->list) == 0;
}

static int create_from_list(struct ledger *l, struct ledger_campaign *c,
                            const struct create_source *source, bool start)
{
    const struct oplist_expect expect = {
        .purpose = OPLIST_IMSI_LIST, .now = time(NULL), .allow_gap = source->allow_gap};
    struct oplist_party *party = NULL;
    struct oplist *list = NULL;
    struct oplist_report report;
    int status = CLI_FAILED;
    enum err e = oplist_party_open(source->party, &party);

    if (e != ERR_OK)
        return cli_fail("%s: %s", source->party, err_text(e));
    report = oplist_judge_file(party, source->list, &expect, &list);
    if (report.verdict != OPLIST_ACCEPTED)
        status = refuse(source->list, &report);
    else if (take_header(c, party, list))
        status = is_stored(l, c) ? CLI_OK : store(l, c, source, list, start);
    if (status == CLI_OK && (e = oplist_accept(party, list)) != ERR_OK)
        status = cli_fail("%s: %s", source->list, err_text(e));
    oplist_free(&list);
    oplist_party_close(&party);
    return status;
}

/* A card would say so too, at the price of a message. */
static bool script_is_whole(const struct ledger_campaign *c)
{
    struct script_reader reader;
    struct script_item item;
    unsigned n = 0;
    enum err e = script_begin(RD(c->script, c->script_len), &reader);

    while (e == ERR_OK) {
        n++;
        e = script_next(&reader, &item);
    }
    if (e == ERR_NOT_FOUND)
        return true;
    cli_usage("SCRIPT, object %u: %s", n == 0 ? 1 : n, err_text(e));
    return false;
}

int create_campaign(struct ledger *l, struct ledger_campaign *c, const struct create_source *source,
                    bool start)
{
    if (c->method == LEDGER_SCRIPT && !script_is_whole(c))
        return CLI_USAGE;
    return source->list ? create_from_list(l, c, source, start) : store(l, c, source, NULL, start);
}
