/* An operator takes cards into service: from a table, from the manufacturer's pairs (3b), or from
 * the old operator's hand-over (3a). */
#include "ota/core/disk.h"
#include "ota/core/grow.h"
#include "ota/core/text.h"
#include "tools/cli/cli.h"
#include "tools/cli/csv.h"
#include "tools/opchange/commands.h"
#include "tools/opchange/subscriber.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct activation {
    const struct opchange_options *options;
    struct oplist_party *party; /* NULL: from a table */
    struct oplist *list;
    struct hlr *hlr;
    struct ledger *ledger; /* may be NULL */
    struct wr table;       /* rows for --out */
    uint64_t count;
};

/* --- one card -------------------------------------------------------------------------------- */

static enum err enter(struct activation *a, const struct opchange_subscriber *s)
{
    enum err e = opchange_subscriber_activate(a->hlr, s);

    if (e == ERR_OK && a->ledger != NULL)
        e = opchange_subscriber_own(a->ledger, s);
    if (e == ERR_OK && opchange_has(a->options, OPCHANGE_OUT)) {
        e = grow_room(&a->table, OPCHANGE_SUBSCRIBER_ROW_MAX);
        if (e == ERR_OK)
            e = opchange_subscriber_write(s, &a->table);
    }
    a->count++;
    return e;
}

/* --- from a list ----------------------------------------------------------------------------- */

/* What we decided about the card is in our own assignment; the list brings the keys. */
static const char *match(struct activation *a, const struct oplist_row *row,
                         struct opchange_subscriber *s)
{
    bool from_manufacturer = oplist_header(a->list)->purpose == OPLIST_KEY_ISSUE;
    struct oplist_assignment known;

    if (oplist_party_assignment(a->party, row->iccid, &known) != ERR_OK)
        return "we assigned nothing to this card";
    if (from_manufacturer && known.index != row->index)
        return "we did not ask for this pair";
    if (!from_manufacturer && strcmp(known.imsi, row->imsi) != 0)
        return "we assigned another IMSI to this card";
    if (!from_manufacturer && strcmp(known.from, oplist_header(a->list)->sender) != 0)
        return "the card comes from another operator";
    s->keys = row->keys;
    s->sqn = row->sqn;
    s->counter = row->counter;
    memcpy(s->imsi, known.imsi, sizeof s->imsi);
    memcpy(s->msisdn, known.msisdn[0] != '\0' ? known.msisdn : row->msisdn, sizeof s->msisdn);
    return NULL;
}

static enum err advance(struct activation *a, const struct oplist_row *row)
{
    enum err e = ERR_OK;

    if (oplist_header(a->list)->purpose == OPLIST_HAND_OVER)
        e = oplist_party_moved(a->party, row->iccid, row->index, row->msisdn);
    return e != ERR_OK ? e : oplist_party_advance(a->party, row->iccid, row->index, OPLIST_ACTIVE);
}

static bool enter_list(struct activation *a)
{
    OPLIST_ROW_WIPED struct oplist_row row;
    OPCHANGE_SUBSCRIBER_WIPED struct opchange_subscriber s = {.sqn = 0};
    struct cli_progress progress;
    size_t at = 0;

    cli_progress_begin(&progress, "activating", oplist_header(a->list)->rows);
    while (oplist_next(a->list, &at, &row) == ERR_OK) {
        const char *why = match(a, &row, &s);
        enum err e = why == NULL ? enter(a, &s) : ERR_OK;

        if (why == NULL && e == ERR_OK)
            e = advance(a, &row);
        if (why == NULL && e != ERR_OK)
            why = err_text(e);
        if (why != NULL)
            return cli_fail("%s: refused: %s: %s", a->options->args[0], row.iccid, why) == CLI_OK;
        cli_progress(&progress, a->count);
    }
    cli_progress_end(&progress);
    return true;
}

/* --- from a table ---------------------------------------------------------------------------- */

static bool enter_table(struct activation *a)
{
    const char *path = a->options->value[OPCHANGE_CARDS];
    struct csv table;
    enum err e = csv_open(&table, path);

    if (e == ERR_SHORT) /* an empty table: an HLR without subscribers is wanted */
        return true;
    if (e != ERR_OK)
        return opchange_fail(path, e) == CLI_OK;
    while (e == ERR_OK && (e = csv_next(&table)) == ERR_OK) {
        OPCHANGE_SUBSCRIBER_WIPED struct opchange_subscriber s;

        e = opchange_subscriber_read(&table, &s);
        if (e == ERR_OK)
            e = enter(a, &s);
    }
    if (e != ERR_NOT_FOUND)
        cli_fail("%s:%u: %s", path, table.line, err_text(e));
    csv_close(&table);
    return e == ERR_NOT_FOUND;
}

/* --- the whole ------------------------------------------------------------------------------- */

static enum err write_table(struct activation *a)
{
    const char *path = opchange_text(a->options, OPCHANGE_OUT, NULL);
    size_t head = strlen(opchange_subscriber_head);
    uint8_t *bytes;
    enum err e;

    if (path == NULL)
        return ERR_OK;
    bytes = malloc(head + a->table.len);
    if (bytes == NULL)
        return ERR_NOMEM;
    memcpy(bytes, opchange_subscriber_head, head);
    if (a->table.len > 0)
        memcpy(bytes + head, a->table.base, a->table.len);
    e = disk_write(path, RD(bytes, head + a->table.len));
    disk_free(&bytes, head + a->table.len);
    return e;
}

static enum err begin(struct activation *a)
{
    enum err e = hlr_begin(a->hlr);

    if (e == ERR_OK && a->ledger != NULL)
        e = ledger_begin(a->ledger);
    if (e == ERR_OK && a->party != NULL)
        e = oplist_party_begin(a->party);
    return e;
}

/* The party's file comes last: until it says that the list was used, all of this may be done
 * again and changes nothing that is there. */
static enum err commit(struct activation *a)
{
    enum err e = write_table(a);

    if (e == ERR_OK)
        e = hlr_commit(a->hlr);
    if (e == ERR_OK && a->ledger != NULL)
        e = ledger_commit(a->ledger);
    if (e == ERR_OK && a->list != NULL)
        e = oplist_accept(a->party, a->list);
    if (e == ERR_OK && a->party != NULL)
        e = oplist_party_commit(a->party);
    return e;
}

static int activate(struct activation *a)
{
    enum err e = begin(a);
    bool ok = e == ERR_OK && (a->list != NULL ? enter_list(a) : enter_table(a));

    if (ok)
        e = commit(a);
    if (e != ERR_OK)
        return opchange_fail(a->options->value[OPCHANGE_HLR], e);
    if (!ok)
        return CLI_FAILED;
    printf("%" PRIu64 " cards in service: %s\n", a->count, a->options->value[OPCHANGE_HLR]);
    return CLI_OK;
}

static bool open_source(struct activation *a)
{
    const struct opchange_options *o = a->options;

    if (opchange_has(o, OPCHANGE_CARDS))
        return true;
    a->party = opchange_open_party(o);
    if (a->party == NULL)
        return false;
    a->list = opchange_judge_either(a->party, o, o->args[0], OPLIST_KEY_ISSUE, OPLIST_HAND_OVER);
    if (a->list == NULL)
        return false;
    if (oplist_header(a->list)->purpose == OPLIST_HAND_OVER &&
        oplist_header(a->list)->alternative == OPLIST_3B)
        return cli_fail("%s has no keys (3b): opchange request asks for them", o->args[0]) ==
               CLI_OK;
    return true;
}

static bool open_targets(struct activation *a)
{
    const struct opchange_options *o = a->options;

    a->hlr = opchange_open_hlr(o, true);
    if (a->hlr == NULL)
        return false;
    if (!opchange_has(o, OPCHANGE_LEDGER))
        return true;
    a->ledger = opchange_open_ledger(o, true);
    return a->ledger != NULL;
}

int opchange_cmd_activate(const struct opchange_options *o)
{
    struct activation a = {.options = o};
    int status = CLI_FAILED;

    if (opchange_has(o, OPCHANGE_CARDS) == (o->arg_count > 0))
        return cli_usage("the cards: a FILE (key-issue or hand-over list) or --cards");
    if (o->arg_count > 0 && !opchange_has(o, OPCHANGE_PARTY))
        return cli_usage("--party is missing");
    if (open_source(&a) && open_targets(&a))
        status = activate(&a);
    grow_free(&a.table);
    ledger_close(&a.ledger);
    hlr_close(&a.hlr);
    oplist_free(&a.list);
    oplist_party_close(&a.party);
    return status;
}
