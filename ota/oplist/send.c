#include "ota/core/disk.h"
#include "ota/core/grow.h"
#include "ota/core/text.h"
#include "ota/oplist/cms.h"
#include "ota/oplist/inside.h"
#include "ota/oplist/text.h"

#include <limits.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* --- drafts ---------------------------------------------------------------------------------- */

struct oplist_draft {
    struct oplist_header header; /* purpose, alternative, rows */
    struct wr text;
};

enum err oplist_draft_new(enum oplist_purpose purpose, enum oplist_alternative alternative,
                          struct oplist_draft **out)
{
    struct oplist_draft *d = calloc(1, sizeof *d);

    if (d == NULL)
        return ERR_NOMEM;
    d->header.purpose = purpose;
    d->header.alternative = alternative;
    *out = d;
    return ERR_OK;
}

void oplist_draft_free(struct oplist_draft **d)
{
    if (*d == NULL)
        return;
    grow_free(&(*d)->text);
    free(*d);
    *d = NULL;
}

enum err oplist_draft_add(struct oplist_draft *d, const struct oplist_row *row)
{
    size_t before = d->text.len;
    enum err e =
        d->header.rows == OPLIST_ROWS_MAX ? ERR_SPACE : grow_room(&d->text, OPLIST_LINE_MAX);

    if (e == ERR_OK)
        e = oplist_row_write(&d->header, row, &d->text);
    if (e == ERR_OK)
        d->header.rows++;
    else
        d->text.len = before;
    return e;
}

uint64_t oplist_draft_rows(const struct oplist_draft *d)
{
    return d->header.rows;
}

/* --- sending --------------------------------------------------------------------------------- */

static enum err fill_header(struct oplist_party *p, const struct oplist_envelope *envelope,
                            struct oplist_header *h)
{
    const char *spn = envelope->spn != NULL ? envelope->spn : "";
    const char *centre = envelope->service_centre != NULL ? envelope->service_centre : "";

    if (envelope->not_after <= envelope->not_before)
        return ERR_EXPIRED;
    if (!TEXT_COPY(h->spn, spn) || !TEXT_COPY(h->service_centre, centre))
        return ERR_FORMAT;
    if (!TEXT_COPY(h->sender, p->self.name) || !TEXT_COPY(h->receiver, envelope->receiver))
        return ERR_NOT_FOUND;
    h->not_before = envelope->not_before;
    h->not_after = envelope->not_after;
    h->has_answers = envelope->answers != NULL;
    if (h->has_answers)
        memcpy(h->answers, envelope->answers, OPLIST_DIGEST_LEN);
    return ERR_OK;
}

/* The number and hash that the next list to this receiver continues. */
static enum err fill_sequence(struct oplist_party *p, struct oplist_header *h)
{
    enum err e = sql_first(p->sql, OPLIST_Q_SENT_LAST, SQL_ARGS(SQL_TEXT(h->receiver)));

    h->number = 1;
    if (e == ERR_OK) {
        struct rd digest = sql_blob(p->sql, OPLIST_Q_SENT_LAST, 1);

        h->number = (uint64_t)sql_i64(p->sql, OPLIST_Q_SENT_LAST, 0) + 1;
        h->has_previous = true;
        e = rd_copy(&digest, h->previous, OPLIST_DIGEST_LEN) == ERR_OK ? ERR_OK : ERR_CORRUPT;
    }
    sql_stop(p->sql, OPLIST_Q_SENT_LAST);
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

/* Header and rows as one block; the caller frees it. */
static enum err assemble(const struct oplist_draft *d, const struct oplist_header *h,
                         struct wr *content)
{
    size_t cap = OPLIST_HEADER_MAX + d->text.len;
    uint8_t *block = malloc(cap);
    enum err e;

    if (block == NULL)
        return ERR_NOMEM;
    *content = WR(block, cap);
    e = oplist_header_write(h, content);
    wr_bytes(content, d->text.base, d->text.len);
    if (e == ERR_OK)
        e = wr_result(content);
    if (e != ERR_OK)
        disk_free(&content->base, content->cap);
    return e;
}

static enum err seal(struct oplist_party *p, X509 *receiver, struct rd content,
                     struct oplist_cms_bytes *file)
{
    struct oplist_cms_bytes inner = {NULL, 0};
    enum err e = oplist_cms_sign(p->cert, p->key, content, &inner);

    if (e == ERR_OK)
        e = oplist_cms_encrypt(receiver, RD(inner.at, inner.len), file);
    oplist_cms_release(&inner);
    return e;
}

static enum err absolute(const char *path, char out[PATH_MAX])
{
    char here[PATH_MAX];
    size_t n = strlen(path);

    if (path[0] == '/')
        here[0] = '\0';
    else if (getcwd(here, sizeof here) == NULL)
        return ERR_IO;
    if (strlen(here) + n + 2 > PATH_MAX)
        return ERR_RANGE;
    stpcpy(stpcpy(stpcpy(out, here), path[0] == '/' ? "" : "/"), path);
    return ERR_OK;
}

/* What is recorded of a list that goes out. */
struct outgoing {
    char path[PATH_MAX];
    uint8_t digest[OPLIST_DIGEST_LEN];
    struct oplist_header header;
};

/* Within the transaction that owns the number: seal, put aside, record. */
static enum err stage(struct oplist_party *p, const struct oplist_draft *d, X509 *receiver,
                      struct outgoing *o)
{
    struct oplist_cms_bytes file = {NULL, 0};
    struct wr content = {NULL, 0, 0, false};
    enum err e = fill_sequence(p, &o->header);

    if (e == ERR_OK)
        e = assemble(d, &o->header, &content);
    if (e == ERR_OK &&
        EVP_Digest(content.base, content.len, o->digest, NULL, EVP_sha256(), NULL) != 1)
        e = ERR_CRYPTO;
    if (e == ERR_OK)
        e = seal(p, receiver, RD_WR(&content), &file);
    if (e == ERR_OK)
        e = disk_stage(o->path, RD(file.at, file.len));
    if (e == ERR_OK)
        e = sql_run(p->sql, OPLIST_Q_SENT_ADD,
                    SQL_ARGS(SQL_TEXT(o->header.receiver), SQL_I64(o->header.number),
                             SQL_I64(o->header.purpose), SQL_BLOB(RD_ARRAY(o->digest)),
                             SQL_I64(time(NULL)), SQL_TEXT(o->path)));
    disk_free(&content.base, content.cap);
    oplist_cms_release(&file);
    return e;
}

/* ERR_NOT_FOUND of the move: another process that opened the party meanwhile has done it. */
static enum err publish(struct oplist_party *p, const char *receiver, uint64_t number,
                        const char *path)
{
    enum err e = disk_publish(path);

    if (e != ERR_OK && e != ERR_NOT_FOUND)
        return e;
    return sql_run(p->sql, OPLIST_Q_SENT_DONE, SQL_ARGS(SQL_TEXT(receiver), SQL_I64(number)));
}

enum err oplist_send(struct oplist_party *p, const struct oplist_draft *d,
                     const struct oplist_envelope *envelope, const char *path,
                     uint8_t digest[OPLIST_DIGEST_LEN])
{
    struct outgoing o = {.header = d->header};
    struct oplist_identity peer;
    X509 *receiver = NULL;
    bool own = !sql_in_transaction(p->sql);
    enum err e = fill_header(p, envelope, &o.header);

    if (e == ERR_OK)
        e = absolute(path, o.path);
    if (e == ERR_OK && access(o.path, F_OK) == 0)
        e = ERR_EXISTS;
    if (e == ERR_OK)
        e = oplist_peer_load(p, envelope->receiver, &peer, &receiver);
    if (e == ERR_OK && own)
        e = sql_begin(p->sql);
    if (e == ERR_OK)
        e = stage(p, d, receiver, &o);
    if (e == ERR_OK && own)
        e = oplist_party_commit(p);
    if (e != ERR_OK && own)
        sql_rollback(p->sql);
    X509_free(receiver);
    if (e == ERR_OK && digest != NULL)
        memcpy(digest, o.digest, OPLIST_DIGEST_LEN);
    return e;
}

/* One file that a crash left staged; false when there is none. */
static bool recover_one(struct oplist_party *p, enum err *e)
{
    char receiver[OPLIST_NAME_MAX + 1] = "", path[PATH_MAX] = "";
    uint64_t number = 0;

    *e = sql_first(p->sql, OPLIST_Q_SENT_PENDING, SQL_NONE);
    if (*e == ERR_OK) {
        strncpy(receiver, sql_text(p->sql, OPLIST_Q_SENT_PENDING, 0), sizeof receiver - 1);
        number = (uint64_t)sql_i64(p->sql, OPLIST_Q_SENT_PENDING, 1);
        strncpy(path, sql_text(p->sql, OPLIST_Q_SENT_PENDING, 2), sizeof path - 1);
    }
    sql_stop(p->sql, OPLIST_Q_SENT_PENDING);
    if (*e == ERR_OK)
        *e = publish(p, receiver, number, path);
    return *e == ERR_OK;
}

enum err oplist_sent_recover(struct oplist_party *p)
{
    enum err e;

    while (recover_one(p, &e))
        continue;
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}
