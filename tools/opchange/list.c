#include "ota/core/text.h"
#include "tools/cli/cli.h"
#include "tools/cli/csv.h"
#include "tools/opchange/commands.h"

#include <inttypes.h>
#include <jansson.h>
#include <openssl/crypto.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

/* --- make ------------------------------------------------------------------------------------ */

/* A list in the making: B assigns identities to cards, one after the other. */
struct making {
    const struct opchange_options *options;
    struct oplist_party *party;
    struct oplist_draft *draft;
    struct cli_progress progress;
    uint64_t count;
};

/* first + count, for IMSI and MSISDN alike; "" stays "". */
static enum err counted(const char *first, uint64_t count, char *out, size_t cap)
{
    if (first[0] == '\0')
        return text_copy(out, cap, "") ? ERR_OK : ERR_SPACE;
    return bcd_add(first, count, out, cap);
}

/*
 * Is a card in this list already? IMSIs are given to one card each, and counted up: who has one of
 * those from the first to this one got it a few rows before.
 */
static bool is_listed(const struct making *m, const char *iccid, const char *imsi)
{
    struct oplist_assignment before;

    return oplist_party_assignment(m->party, iccid, &before) == ERR_OK &&
           strlen(before.imsi) == strlen(imsi) && strcmp(before.imsi, imsi) < 0 &&
           strcmp(before.imsi, m->options->value[OPCHANGE_FIRST_IMSI]) >= 0;
}

static enum err add_card(struct making *m, const char *iccid)
{
    struct oplist_assignment a = {.stage = OPLIST_LISTED};
    struct oplist_row row = {.index = 0};
    const char *msisdn = opchange_text(m->options, OPCHANGE_FIRST_MSISDN, "");
    enum err e = counted(m->options->value[OPCHANGE_FIRST_IMSI], m->count, a.imsi, sizeof a.imsi);

    if (e == ERR_OK)
        e = counted(msisdn, m->count, a.msisdn, sizeof a.msisdn);
    if (e == ERR_OK && is_listed(m, iccid, a.imsi))
        e = ERR_REPLAYED;
    if (e == ERR_OK && !oplist_owns_imsi(oplist_party_self(m->party), a.imsi))
        e = ERR_DENIED;
    if (e != ERR_OK || !TEXT_COPY(a.iccid, iccid) ||
        !TEXT_COPY(a.from, m->options->value[OPCHANGE_TO]))
        return e != ERR_OK ? e : ERR_RANGE;
    memcpy(row.iccid, a.iccid, sizeof row.iccid);
    memcpy(row.imsi, a.imsi, sizeof row.imsi);
    memcpy(row.msisdn, a.msisdn, sizeof row.msisdn);
    e = oplist_draft_add(m->draft, &row);
    if (e == ERR_OK)
        e = oplist_party_assign(m->party, &a);
    cli_progress(&m->progress, ++m->count);
    return e;
}

/* How many lines there are to read, for the progress bar. */
static uint64_t count_lines(const char *path)
{
    FILE *f = fopen(path, "re");
    char block[65536];
    struct stat st;
    uint64_t lines = 0;
    size_t n;

    if (f != NULL && (fstat(fileno(f), &st) != 0 || !S_ISREG(st.st_mode))) {
        fclose(f); /* what a pipe gives is gone once it is read */
        return 0;
    }
    while (f != NULL && (n = fread(block, 1, sizeof block, f)) > 0) {
        for (const char *at = block; (at = memchr(at, '\n', n - (size_t)(at - block))) != NULL;
             at++)
            lines++;
    }
    if (f != NULL)
        fclose(f);
    OPENSSL_cleanse(block, sizeof block); /* a table of cards has keys in it */
    return lines;
}

static const char *assign_hint(enum err e)
{
    switch (e) {
    case ERR_DENIED:
        return "the IMSI is outside our networks";
    case ERR_EXISTS:
        return "the IMSI is another card's";
    case ERR_CONDITIONS:
        return "the card is ours already";
    case ERR_REPLAYED:
        return "the card stands in the list twice";
    case ERR_FORMAT:
    case ERR_RANGE:
        return "no valid ICCID, IMSI or number";
    default:
        return err_text(e);
    }
}

static bool add_table(struct making *m, const char *path)
{
    struct csv table;
    enum err e = csv_open(&table, path);

    if (e != ERR_OK)
        return opchange_fail(path, e), false;
    while (e == ERR_OK && (e = csv_next(&table)) == ERR_OK) {
        const char *iccid = csv_field(&table, "iccid");

        e = iccid == NULL ? ERR_FORMAT : add_card(m, iccid);
    }
    if (e != ERR_NOT_FOUND)
        cli_fail("%s:%u: %s", path, table.line, assign_hint(e));
    csv_close(&table);
    return e == ERR_NOT_FOUND;
}

static bool add_lines(struct making *m, const char *path)
{
    FILE *f = fopen(path, "re");
    char line[128];
    unsigned number = 0;
    enum err e = ERR_OK;

    if (f == NULL)
        return opchange_fail(path, ERR_NOT_FOUND), false;
    while (e == ERR_OK && fgets(line, sizeof line, f) != NULL) {
        number++;
        line[strcspn(line, "\r\n")] = '\0';
        if (line[0] != '\0' && line[0] != '#')
            e = add_card(m, line);
    }
    fclose(f);
    if (e != ERR_OK)
        cli_fail("%s:%u: %s", path, number, assign_hint(e));
    return e == ERR_OK;
}

/* Assignments and list are one batch: the party knows exactly what it has listed. */
static bool make_list(struct making *m)
{
    const struct opchange_options *o = m->options;
    enum err e = oplist_party_begin(m->party);
    bool ok = e == ERR_OK, table = opchange_has(o, OPCHANGE_CARDS);
    const char *source = o->value[table ? OPCHANGE_CARDS : OPCHANGE_ICCIDS];

    if (!ok)
        opchange_fail(o->value[OPCHANGE_PARTY], e);
    cli_progress_begin(&m->progress, "listing", count_lines(source));
    if (ok)
        ok = table ? add_table(m, source) : add_lines(m, source);
    cli_progress_end(&m->progress);
    if (ok)
        ok = opchange_send(m->party, o, m->draft, NULL);
    if (!ok) {
        oplist_party_rollback(m->party);
        return false;
    }
    e = oplist_party_commit(m->party);
    if (e != ERR_OK)
        opchange_fail(o->value[OPCHANGE_OUT], e);
    return e == ERR_OK;
}

int opchange_cmd_list_make(const struct opchange_options *o)
{
    struct making m = {.options = o};
    enum oplist_alternative alternative;
    bool ok;

    if (!opchange_alternative(o, &alternative))
        return CLI_USAGE;
    if (opchange_has(o, OPCHANGE_CARDS) == opchange_has(o, OPCHANGE_ICCIDS))
        return cli_usage("the cards: --cards or --iccids");
    m.party = opchange_open_party(o);
    ok = m.party != NULL;
    if (ok && oplist_draft_new(OPLIST_IMSI_LIST, alternative, &m.draft) != ERR_OK)
        ok = opchange_fail("list", ERR_NOMEM) == CLI_OK;
    if (ok)
        ok = make_list(&m);
    if (ok)
        printf("%" PRIu64 " cards, for %s: %s\n", m.count, o->value[OPCHANGE_TO],
               o->value[OPCHANGE_OUT]);
    oplist_draft_free(&m.draft);
    oplist_party_close(&m.party);
    return ok ? CLI_OK : CLI_FAILED;
}

/* --- check ----------------------------------------------------------------------------------- */

static void print_row(const struct oplist_row *row)
{
    printf("%s,%s,%s,", row->iccid, row->imsi, row->msisdn);
    if (row->index != 0)
        printf("%u", (unsigned)row->index);
    printf("%s\n", row->has_keys ? ",keys" : "");
}

static void print_list(const struct oplist *list, bool rows)
{
    const struct oplist_header *h = oplist_header(list);
    OPLIST_ROW_WIPED struct oplist_row row;
    size_t at = 0;

    printf("accepted: %s (%s) number %" PRIu64 " from %s, %" PRIu64 " rows\n",
           oplist_purpose_text(h->purpose), h->alternative == OPLIST_3A ? "3a" : "3b", h->number,
           h->sender, h->rows);
    while (rows && oplist_next(list, &at, &row) == ERR_OK)
        print_row(&row);
}

static json_t *rows_json(const struct oplist *list)
{
    OPLIST_ROW_WIPED struct oplist_row row;
    json_t *rows = json_array();
    size_t at = 0;

    while (oplist_next(list, &at, &row) == ERR_OK)
        (void)json_array_append_new(rows, json_pack("{s:s, s:s, s:s, s:i, s:b}", "iccid", row.iccid,
                                                    "imsi", row.imsi, "msisdn", row.msisdn, "index",
                                                    (int)row.index, "keys", (int)row.has_keys));
    return rows;
}

static int print_json(const struct oplist_report *r, const struct oplist *list, bool rows)
{
    json_t *root =
        json_pack("{s:b, s:s, s:I}", "accepted", r->verdict == OPLIST_ACCEPTED, "verdict",
                  r->verdict == OPLIST_FAILED ? err_text(r->e) : oplist_verdict_text(r->verdict),
                  "row", (json_int_t)r->row);
    int failed;

    if (list != NULL) {
        const struct oplist_header *h = oplist_header(list);
        json_t *more =
            json_pack("{s:s, s:s, s:I, s:s, s:I, s:I}", "purpose", oplist_purpose_text(h->purpose),
                      "sender", h->sender, "number", (json_int_t)h->number, "spn", h->spn,
                      "not_after", (json_int_t)h->not_after, "rows", (json_int_t)h->rows);

        (void)json_object_update(root, more);
        json_decref(more);
    }
    if (list != NULL && rows)
        (void)json_object_set_new(root, "list", rows_json(list));
    failed = json_dumpf(root, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(root);
    return failed == 0 && r->verdict == OPLIST_ACCEPTED ? CLI_OK : CLI_FAILED;
}

/* Any purpose will do: whoever acts upon the list says which one he wants. */
static struct oplist_report judge_any(struct oplist_party *p, const struct opchange_options *o,
                                      struct oplist **list)
{
    struct oplist_expect expect = {OPLIST_IMSI_LIST, (int64_t)time(NULL),
                                   opchange_has(o, OPCHANGE_ALLOW_GAP)};
    struct oplist_report r;

    do {
        r = oplist_judge_file(p, o->args[0], &expect, list);
        expect.purpose++;
    } while (r.verdict == OPLIST_WRONG_PURPOSE && expect.purpose < OPLIST_PURPOSES);
    return r;
}

int opchange_cmd_list_check(const struct opchange_options *o)
{
    struct oplist_party *p = opchange_open_party(o);
    struct oplist *list = NULL;
    struct oplist_report r;
    int status = CLI_OK;

    if (p == NULL)
        return CLI_FAILED;
    r = judge_any(p, o, &list);
    if (opchange_has(o, OPCHANGE_JSON))
        status = print_json(&r, list, opchange_has(o, OPCHANGE_ROWS));
    else if (r.verdict == OPLIST_ACCEPTED)
        print_list(list, opchange_has(o, OPCHANGE_ROWS));
    else
        status = opchange_refuse(o->args[0], &r);
    oplist_free(&list);
    oplist_party_close(&p);
    return status;
}
