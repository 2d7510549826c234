/* Operator B says which cards it has seen; operator A and the manufacturer settle them. */
#include "ota/core/text.h"
#include "tools/cli/cli.h"
#include "tools/cli/csv.h"
#include "tools/opchange/commands.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* --- confirm --------------------------------------------------------------------------------- */

struct confirming {
    struct hlr *hlr;
    struct oplist_draft *draft;
    const struct oplist_identity *to;
    uint64_t waiting;
};

static enum err add_seen(void *arg, const struct oplist_assignment *a)
{
    struct confirming *c = arg;
    struct oplist_row row = {.index = a->index};
    int64_t seen = 0;
    enum err e;

    if (a->stage < OPLIST_ACTIVE ||
        (c->to->role == OPLIST_OPERATOR && strcmp(a->from, c->to->name) != 0))
        return ERR_OK;
    e = hlr_last_seen(c->hlr, a->imsi, &seen);
    if (e != ERR_OK && e != ERR_NOT_FOUND)
        return e;
    if (e == ERR_NOT_FOUND || seen == 0) {
        c->waiting++;
        return ERR_OK;
    }
    memcpy(row.iccid, a->iccid, sizeof row.iccid);
    memcpy(row.imsi, a->imsi, sizeof row.imsi);
    return oplist_draft_add(c->draft, &row);
}

static int confirm(struct oplist_party *p, const struct opchange_options *o, struct hlr *h)
{
    struct oplist_identity to;
    struct confirming c = {.hlr = h, .to = &to};
    enum err e = oplist_party_peer(p, o->value[OPCHANGE_TO], &to);
    bool ok;

    if (e == ERR_OK)
        e = oplist_draft_new(OPLIST_CONFIRMATION, OPLIST_3B, &c.draft);
    if (e == ERR_OK)
        e = oplist_party_assignments(p, add_seen, &c);
    if (e != ERR_OK)
        opchange_fail(o->value[OPCHANGE_TO], e);
    ok = e == ERR_OK;
    if (ok && oplist_draft_rows(c.draft) == 0)
        ok = cli_fail("no card has been seen yet") == CLI_OK;
    if (ok)
        ok = opchange_send(p, o, c.draft, NULL);
    if (ok)
        printf("%" PRIu64 " cards seen, %" PRIu64 " not yet: %s\n", oplist_draft_rows(c.draft),
               c.waiting, o->value[OPCHANGE_OUT]);
    oplist_draft_free(&c.draft);
    return ok ? CLI_OK : CLI_FAILED;
}

int opchange_cmd_confirm(const struct opchange_options *o)
{
    struct oplist_party *p = opchange_open_party(o);
    struct hlr *h = p == NULL ? NULL : opchange_open_hlr(o, false);
    int status = h == NULL ? CLI_FAILED : confirm(p, o, h);

    hlr_close(&h);
    oplist_party_close(&p);
    return status;
}

/* --- settle ---------------------------------------------------------------------------------- */

struct settling {
    const struct opchange_options *options;
    const struct oplist *list;
    char (*iccids)[ICCID_DIGITS_MAX + 1]; /* of the list, sorted */
    size_t iccid_count;
    struct vault *vault; /* the manufacturer's */
    struct hlr *hlr;     /* operator A's, with its table of cards */
    uint64_t done;
};

static enum err settle_vault(struct settling *s)
{
    OPLIST_ROW_WIPED struct oplist_row row;
    const char *who = oplist_header(s->list)->sender;
    enum err e = vault_begin(s->vault);
    size_t at = 0;

    while (e == ERR_OK && oplist_next(s->list, &at, &row) == ERR_OK) {
        e = vault_confirm(s->vault, who, row.iccid, row.index);
        s->done += e == ERR_OK;
        if (e == ERR_NOT_FOUND || e == ERR_DENIED || e == ERR_CONDITIONS) {
            cli_fail("%s index %u: %s", row.iccid, (unsigned)row.index, err_text(e));
            e = ERR_OK;
        }
    }
    if (e == ERR_OK)
        e = vault_commit(s->vault);
    return e;
}

static int compare(const void *a, const void *b)
{
    return strcmp(a, b);
}

static enum err sort_iccids(struct settling *s)
{
    OPLIST_ROW_WIPED struct oplist_row row;
    size_t at = 0;

    s->iccids = calloc((size_t)oplist_header(s->list)->rows + 1, sizeof *s->iccids);
    if (s->iccids == NULL)
        return ERR_NOMEM;
    while (oplist_next(s->list, &at, &row) == ERR_OK)
        memcpy(s->iccids[s->iccid_count++], row.iccid, sizeof row.iccid);
    qsort(s->iccids, s->iccid_count, sizeof *s->iccids, compare);
    return ERR_OK;
}

static bool listed(const struct settling *s, const char *iccid)
{
    return s->iccid_count > 0 &&
           bsearch(iccid, s->iccids, s->iccid_count, sizeof *s->iccids, compare) != NULL;
}

/* The IMSIs that the cards had with us stand in our own table. */
static enum err settle_table(struct settling *s, struct csv *table)
{
    enum err e = hlr_begin(s->hlr);

    while (e == ERR_OK && (e = csv_next(table)) == ERR_OK) {
        const char *iccid = csv_field(table, "iccid"), *imsi = csv_field(table, "imsi");

        if (iccid == NULL || imsi == NULL)
            return ERR_FORMAT;
        if (!listed(s, iccid))
            continue;
        e = hlr_remove(s->hlr, imsi);
        s->done += e == ERR_OK;
        if (e == ERR_NOT_FOUND) /* settled before */
            e = ERR_OK;
    }
    return e == ERR_NOT_FOUND ? hlr_commit(s->hlr) : e;
}

static enum err settle_hlr(struct settling *s)
{
    struct csv table;
    enum err e = sort_iccids(s);

    if (e == ERR_OK)
        e = csv_open(&table, s->options->value[OPCHANGE_CARDS]);
    if (e != ERR_OK)
        return e;
    e = settle_table(s, &table);
    csv_close(&table);
    return e;
}

static int settle(struct settling *s, struct oplist_party *p)
{
    enum err e = s->vault != NULL ? settle_vault(s) : settle_hlr(s);

    if (e == ERR_OK)
        e = oplist_accept(p, s->list);
    if (e != ERR_OK)
        return opchange_fail(s->options->args[0], e);
    printf("%" PRIu64 " of %" PRIu64 " cards settled\n", s->done, oplist_header(s->list)->rows);
    return CLI_OK;
}

int opchange_cmd_settle(const struct opchange_options *o)
{
    struct settling s = {.options = o};
    struct oplist_party *p;
    struct oplist *list = NULL;
    int status = CLI_FAILED;

    if (opchange_has(o, OPCHANGE_VAULT) ==
        (opchange_has(o, OPCHANGE_HLR) && opchange_has(o, OPCHANGE_CARDS)))
        return cli_usage("a manufacturer settles --vault, an operator --hlr and --cards");
    p = opchange_open_party(o);
    if (p != NULL)
        list = opchange_judge(p, o, o->args[0], OPLIST_CONFIRMATION, NULL);
    s.list = list;
    if (list != NULL && opchange_has(o, OPCHANGE_VAULT))
        s.vault = opchange_open_vault(o);
    else if (list != NULL)
        s.hlr = opchange_open_hlr(o, false);
    if (s.vault != NULL || s.hlr != NULL)
        status = settle(&s, p);
    free(s.iccids);
    vault_close(&s.vault);
    hlr_close(&s.hlr);
    oplist_free(&list);
    oplist_party_close(&p);
    return status;
}
