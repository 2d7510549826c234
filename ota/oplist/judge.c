#include "ota/core/disk.h"
#include "ota/oplist/cms.h"
#include "ota/oplist/inside.h"
#include "ota/oplist/text.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define OPLIST_TEXT(name, text) [name] = text,
static const char *const verdicts[] = {OPLIST_VERDICTS(OPLIST_TEXT)};
#undef OPLIST_TEXT

struct oplist {
    struct oplist_cms_bytes signed_data; /* header and rows stand in it */
    struct oplist_header header;
    struct rd rows;
    uint8_t digest[OPLIST_DIGEST_LEN];
};

/* What a judgement passes from step to step. */
struct judging {
    struct oplist_party *party;
    const struct oplist_expect *expect;
    struct oplist *list;
    struct oplist_identity sender;
    X509 *cert;
    struct rd content;
    struct oplist_report report;
    bool replayed;
};

const char *oplist_verdict_text(enum oplist_verdict v)
{
    return (size_t)v < ARRAY_LEN(verdicts) ? verdicts[v] : "unknown verdict";
}

static enum oplist_verdict failed(struct judging *j, enum err e)
{
    j->report.e = e;
    return OPLIST_FAILED;
}

/* --- envelope and signature --- */

static enum oplist_verdict check_signature(struct judging *j)
{
    struct rd signed_data = RD(j->list->signed_data.at, j->list->signed_data.len);
    enum oplist_verdict v;
    enum err e = oplist_peer_signer(j->party, signed_data, &j->sender, &j->cert);

    if (e == ERR_NOT_FOUND)
        return oplist_cms_unknown(signed_data);
    if (e != ERR_OK)
        return failed(j, e);
    v = oplist_cms_verify(signed_data, j->cert, &j->content);
    return v == OPLIST_FAILED ? failed(j, ERR_CRYPTO) : v;
}

static enum oplist_verdict check_certificate(struct judging *j)
{
    time_t now = (time_t)j->expect->now;

    if (X509_cmp_time(X509_get0_notBefore(j->cert), &now) > 0 ||
        X509_cmp_time(X509_get0_notAfter(j->cert), &now) < 0)
        return OPLIST_CERTIFICATE;
    return OPLIST_ACCEPTED;
}

/* --- header ---------------------------------------------------------------------------------- */

static enum oplist_verdict check_parties(struct judging *j)
{
    const struct oplist_header *h = &j->list->header;
    const struct oplist_rule *rule = oplist_rule(h->purpose);

    if (strcmp(h->sender, j->sender.name) != 0)
        return OPLIST_WRONG_SIGNER;
    if (strcmp(h->receiver, j->party->self.name) != 0)
        return OPLIST_WRONG_RECEIVER;
    if (h->purpose != j->expect->purpose)
        return OPLIST_WRONG_PURPOSE;
    if (rule->from != j->sender.role || (rule->to != 0 && rule->to != j->party->self.role))
        return OPLIST_WRONG_ROLE;
    return OPLIST_ACCEPTED;
}

static enum oplist_verdict check_header(struct judging *j)
{
    struct oplist_header *h = &j->list->header;
    enum oplist_verdict v;

    if (EVP_Digest(j->content.at, j->content.left, j->list->digest, NULL, EVP_sha256(), NULL) != 1)
        return failed(j, ERR_CRYPTO);
    j->list->rows = j->content;
    if (oplist_header_read(&j->list->rows, h) != ERR_OK)
        return OPLIST_MALFORMED;
    v = check_parties(j);
    if (v != OPLIST_ACCEPTED)
        return v;
    if (j->expect->now < h->not_before)
        return OPLIST_NOT_YET_VALID;
    return j->expect->now > h->not_after ? OPLIST_EXPIRED : OPLIST_ACCEPTED;
}

/* --- sequence -------------------------------------------------------------------------------- */

/* The list that was accepted last from this sender; number 0 when there is none. */
static enum err last_seen(struct oplist_party *p, const char *sender, uint64_t *number,
                          uint8_t digest[OPLIST_DIGEST_LEN])
{
    enum err e = sql_first(p->sql, OPLIST_Q_SEEN_LAST, SQL_ARGS(SQL_TEXT(sender)));

    *number = 0;
    if (e == ERR_OK) {
        struct rd stored = sql_blob(p->sql, OPLIST_Q_SEEN_LAST, 1);

        *number = (uint64_t)sql_i64(p->sql, OPLIST_Q_SEEN_LAST, 0);
        e = rd_copy(&stored, digest, OPLIST_DIGEST_LEN) == ERR_OK ? ERR_OK : ERR_CORRUPT;
    }
    sql_stop(p->sql, OPLIST_Q_SEEN_LAST);
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

/* A number that is taken: by this very list, or by another one? */
static enum oplist_verdict judge_old(struct judging *j)
{
    const struct oplist_header *h = &j->list->header;
    struct sql *sql = j->party->sql;
    bool same = false;
    enum err e =
        sql_first(sql, OPLIST_Q_SEEN_FIND, SQL_ARGS(SQL_TEXT(h->sender), SQL_I64(h->number)));

    if (e == ERR_OK)
        same = rd_equal(sql_blob(sql, OPLIST_Q_SEEN_FIND, 0), RD_ARRAY(j->list->digest));
    sql_stop(sql, OPLIST_Q_SEEN_FIND);
    if (e != ERR_OK && e != ERR_NOT_FOUND)
        return failed(j, e);
    j->replayed = same;
    return same ? OPLIST_ACCEPTED : OPLIST_ROLLED_BACK;
}

static enum oplist_verdict check_sequence(struct judging *j)
{
    const struct oplist_header *h = &j->list->header;
    uint8_t digest[OPLIST_DIGEST_LEN];
    uint64_t last;
    enum err e = last_seen(j->party, h->sender, &last, digest);

    if (e != ERR_OK)
        return failed(j, e);
    if (h->number <= last)
        return judge_old(j);
    if (h->number > last + 1)
        return j->expect->allow_gap ? OPLIST_ACCEPTED : OPLIST_GAP;
    if (h->has_previous != (last != 0) ||
        (last != 0 && memcmp(h->previous, digest, OPLIST_DIGEST_LEN) != 0))
        return OPLIST_FORKED;
    return OPLIST_ACCEPTED;
}

/* --- rows ------------------------------------------------------------------------------------ */

/* Where a column of digits stands in each row, to find doubles by sorting. */
struct doubles {
    const uint8_t **at;
    size_t count;
};

/* Fields are digits, and end with something that is none. */
static int compare_digits(const void *a, const void *b)
{
    const uint8_t *x = *(const uint8_t *const *)a, *y = *(const uint8_t *const *)b;

    while (*x == *y && *x >= '0' && *x <= '9')
        x++, y++;
    return (*x >= '0' && *x <= '9' ? *x : 0) - (*y >= '0' && *y <= '9' ? *y : 0);
}

static bool has_doubles(struct doubles *d)
{
    qsort(d->at, d->count, sizeof d->at[0], compare_digits);
    for (size_t i = 1; i < d->count; i++) {
        if (compare_digits(&d->at[i - 1], &d->at[i]) == 0)
            return true;
    }
    return false;
}

static enum oplist_verdict check_owner(const struct judging *j, const struct oplist_row *row)
{
    switch (oplist_rule(j->list->header.purpose)->owner) {
    case OPLIST_OF_SENDER:
        return oplist_owns_imsi(&j->sender, row->imsi) ? OPLIST_ACCEPTED : OPLIST_FOREIGN_IMSI;
    case OPLIST_OF_RECEIVER:
        return oplist_owns_imsi(&j->party->self, row->imsi) ? OPLIST_ACCEPTED : OPLIST_FOREIGN_IMSI;
    case OPLIST_NO_IMSI:
        break;
    }
    return OPLIST_ACCEPTED;
}

/* Every row by itself; columns 1 and 2 (ICCID, IMSI) are noted for the search of doubles. */
static enum oplist_verdict walk_rows(struct judging *j, struct doubles *iccids,
                                     struct doubles *imsis)
{
    const struct oplist_header *h = &j->list->header;
    OPLIST_ROW_WIPED struct oplist_row row;
    struct rd rows = j->list->rows;
    enum oplist_verdict v = OPLIST_ACCEPTED;

    while (v == OPLIST_ACCEPTED && rows.left > 0) {
        const uint8_t *start = rows.at;

        j->report.row++;
        if (j->report.row > h->rows)
            return OPLIST_ROW_COUNT;
        v = oplist_row_read(h, &rows, &row);
        if (v == OPLIST_ACCEPTED)
            v = check_owner(j, &row);
        iccids->at[iccids->count++] = start;
        if (v == OPLIST_ACCEPTED && imsis->at != NULL)
            imsis->at[imsis->count++] = start + strlen(row.iccid) + 1;
    }
    if (v == OPLIST_ACCEPTED && j->report.row != h->rows)
        v = OPLIST_ROW_COUNT;
    if (v == OPLIST_ACCEPTED)
        j->report.row = 0;
    return v;
}

static enum oplist_verdict check_rows(struct judging *j)
{
    const struct oplist_header *h = &j->list->header;
    size_t cap = (size_t)h->rows + 1;
    bool has_imsi = oplist_rule(h->purpose)->owner != OPLIST_NO_IMSI;
    struct doubles iccids = {malloc(cap * sizeof *iccids.at), 0};
    struct doubles imsis = {has_imsi ? malloc(cap * sizeof *imsis.at) : NULL, 0};
    enum oplist_verdict v;

    if (iccids.at == NULL || (has_imsi && imsis.at == NULL))
        v = failed(j, ERR_NOMEM);
    else
        v = walk_rows(j, &iccids, &imsis);
    if (v == OPLIST_ACCEPTED && has_doubles(&iccids))
        v = OPLIST_DUPLICATE_ICCID;
    if (v == OPLIST_ACCEPTED && has_imsi && has_doubles(&imsis))
        v = OPLIST_DUPLICATE_IMSI;
    free(iccids.at);
    free(imsis.at);
    return v;
}

/* --- the whole ------------------------------------------------------------------------------- */

typedef enum oplist_verdict step_fn(struct judging *j);
static step_fn *const steps[] = {check_signature, check_certificate, check_header, check_sequence,
                                 check_rows};

static enum oplist_verdict judge(struct judging *j, struct rd file)
{
    enum oplist_verdict v =
        oplist_cms_decrypt(j->party->cert, j->party->key, file, &j->list->signed_data);

    if (v == OPLIST_FAILED)
        return failed(j, ERR_CRYPTO);
    for (size_t i = 0; v == OPLIST_ACCEPTED && i < ARRAY_LEN(steps); i++)
        v = steps[i](j);
    return v == OPLIST_ACCEPTED && j->replayed ? OPLIST_REPLAYED : v;
}

struct oplist_report oplist_judge(struct oplist_party *p, struct rd file,
                                  const struct oplist_expect *expect, struct oplist **list)
{
    struct judging j = {.party = p, .expect = expect};

    *list = NULL;
    j.list = calloc(1, sizeof *j.list);
    if (j.list == NULL) {
        j.report.verdict = failed(&j, ERR_NOMEM);
        return j.report;
    }
    j.report.verdict = judge(&j, file);
    X509_free(j.cert);
    if (j.report.verdict == OPLIST_ACCEPTED || j.report.verdict == OPLIST_REPLAYED)
        *list = j.list;
    else
        oplist_free(&j.list);
    return j.report;
}

struct oplist_report oplist_judge_file(struct oplist_party *p, const char *path,
                                       const struct oplist_expect *expect, struct oplist **list)
{
    struct oplist_report report = {.verdict = OPLIST_FAILED};
    uint8_t *bytes = NULL;
    size_t n = 0;

    *list = NULL;
    report.e = disk_read(path, OPLIST_BYTES_MAX, &bytes, &n);
    if (report.e == ERR_OK)
        report = oplist_judge(p, RD(bytes, n), expect, list);
    disk_free(&bytes, n);
    return report;
}

void oplist_free(struct oplist **list)
{
    if (*list == NULL)
        return;
    oplist_cms_release(&(*list)->signed_data);
    free(*list);
    *list = NULL;
}

/* --- after ----------------------------------------------------------------------------------- */

static enum err record(struct oplist_party *p, const struct oplist *list)
{
    const struct oplist_header *h = &list->header;
    uint8_t digest[OPLIST_DIGEST_LEN];
    uint64_t last;
    enum err e = last_seen(p, h->sender, &last, digest);

    if (e == ERR_OK && h->number <= last)
        e = ERR_REPLAYED;
    if (e == ERR_OK)
        e = sql_run(p->sql, OPLIST_Q_SEEN_ADD,
                    SQL_ARGS(SQL_TEXT(h->sender), SQL_I64(h->number), SQL_I64(h->purpose),
                             SQL_BLOB(RD_ARRAY(list->digest)), SQL_I64(time(NULL))));
    return e;
}

enum err oplist_accept(struct oplist_party *p, const struct oplist *list)
{
    bool own = !sql_in_transaction(p->sql);
    enum err e = own ? sql_begin(p->sql) : ERR_OK;

    if (e != ERR_OK)
        return e;
    e = record(p, list);
    if (own && e == ERR_OK)
        e = sql_commit(p->sql);
    if (own && e != ERR_OK)
        sql_rollback(p->sql);
    return e;
}

const struct oplist_header *oplist_header(const struct oplist *list)
{
    return &list->header;
}

const uint8_t *oplist_digest(const struct oplist *list)
{
    return list->digest;
}

enum err oplist_next(const struct oplist *list, size_t *at, struct oplist_row *row)
{
    struct rd rest = RD(list->rows.at + *at, list->rows.left - *at);

    if (rest.left == 0)
        return ERR_NOT_FOUND;
    if (oplist_row_read(&list->header, &rest, row) != OPLIST_ACCEPTED)
        return ERR_FORMAT;
    *at = list->rows.left - rest.left;
    return ERR_OK;
}
