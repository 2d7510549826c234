#include "ota/vault/vault.h"
#include "ota/core/text.h"
#include "ota/vault/file.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#define INDEX_MAX   15
#define KEYS_COLUMN "keys"
#define WRAPPED_MAX VAULT_WRAP_LEN(VAULT_KEYS_MAX)
#define CHECK_NAME  "kek"
#define CHECK_TEXT  "the key-encryption key of this vault"

static const char *const state_texts[] = {
    [VAULT_FREE] = "free",
    [VAULT_OFFERED] = "offered",
    [VAULT_USED] = "used",
    [VAULT_BURNT] = "burnt",
};

const char *vault_state_text(enum vault_state s)
{
    return (size_t)s < ARRAY_LEN(state_texts) ? state_texts[s] : "unknown state";
}

/* --- opening --------------------------------------------------------------------------------- */

static const struct vault_wrap_place check_place = {.iccid = "", .index = 0, .column = CHECK_NAME};

static enum err store_check(struct vault *v)
{
    uint8_t wrapped[WRAPPED_MAX];
    struct wr w = WR_ARRAY(wrapped);
    enum err e = vault_wrap_seal(v->wrap, &check_place,
                                 RD((const uint8_t *)CHECK_TEXT, sizeof CHECK_TEXT), &w);

    if (e != ERR_OK)
        return e;
    return sql_run(v->sql, VAULT_Q_META_SET, SQL_ARGS(SQL_TEXT(CHECK_NAME), SQL_BLOB(RD_WR(&w))));
}

/* A crash between making the file and storing the check leaves none: any key may take the empty
 * vault over. */
static enum err verify_check(struct vault *v)
{
    uint8_t plain[WRAPPED_MAX];
    struct wr w = WR_ARRAY(plain);
    enum err e = sql_first(v->sql, VAULT_Q_META_GET, SQL_ARGS(SQL_TEXT(CHECK_NAME)));

    if (e == ERR_OK)
        e = vault_wrap_open(v->wrap, &check_place, sql_blob(v->sql, VAULT_Q_META_GET, 0), &w);
    sql_stop(v->sql, VAULT_Q_META_GET);
    if (e == ERR_NOT_FOUND)
        return store_check(v);
    return e == ERR_MAC || e == ERR_FORMAT ? ERR_KEY : e;
}

typedef enum err open_fn(const char *path, const struct sql_file *file, struct sql **out);

static enum err open_with(open_fn *open, const char *path, const struct secret *kek,
                          struct vault **out)
{
    struct vault *v;
    enum err e;

    if (kek->len != VAULT_WRAP_KEK_LEN)
        return ERR_KEY;
    v = calloc(1, sizeof *v);
    if (v == NULL)
        return ERR_NOMEM;
    e = vault_wrap_new(kek, &v->wrap);
    if (e == ERR_OK)
        e = open(path, &vault_file, &v->sql);
    if (e == ERR_OK)
        e = verify_check(v);
    if (e == ERR_OK)
        *out = v;
    else
        vault_close(&v);
    return e;
}

enum err vault_create(const char *path, const struct secret *kek, struct vault **out)
{
    return open_with(sql_create, path, kek, out);
}

enum err vault_open(const char *path, const struct secret *kek, struct vault **out)
{
    enum err e = open_with(sql_open, path, kek, out);

    return e == ERR_UNSUPPORTED ? ERR_CORRUPT : e;
}

void vault_close(struct vault **v)
{
    if (*v == NULL)
        return;
    sql_close(&(*v)->sql);
    vault_wrap_free(&(*v)->wrap);
    free(*v);
    *v = NULL;
}

/* --- batches --------------------------------------------------------------------------------- */

enum err vault_begin(struct vault *v)
{
    return sql_begin(v->sql);
}

enum err vault_commit(struct vault *v)
{
    return sql_commit(v->sql);
}

void vault_rollback(struct vault *v)
{
    sql_rollback(v->sql);
}

/* Run one step inside the caller's batch, or in a transaction of its own. */
struct step {
    enum err (*run)(struct vault *v, const void *arg);
    const void *arg;
};

static enum err run_step(struct vault *v, struct step step)
{
    bool own = !sql_in_transaction(v->sql);
    enum err e = own ? sql_begin(v->sql) : ERR_OK;

    if (e != ERR_OK)
        return e;
    e = step.run(v, step.arg);
    if (own && e == ERR_OK)
        e = sql_commit(v->sql);
    if (own && e != ERR_OK)
        sql_rollback(v->sql);
    return e;
}

/* --- adding ---------------------------------------------------------------------------------- */

struct addition {
    const struct vault_pair *pairs;
    size_t count;
    const char *operator_name; /* NULL: free */
};

static enum err check_pair(const struct vault_pair *pair)
{
    uint8_t ef[EF_ICCID_LEN];

    if (pair->index < 1 || pair->index > INDEX_MAX)
        return ERR_RANGE;
    return bcd_iccid_encode(pair->iccid, ef);
}

static enum err wrap_keys(struct vault *v, const struct vault_pair *pair, struct wr *wrapped)
{
    uint8_t plain[VAULT_KEYS_MAX];
    struct wr w = WR_ARRAY(plain);
    struct vault_wrap_place place = {pair->iccid, pair->index, KEYS_COLUMN};
    enum err e = vault_keys_write(pair, &w);

    if (e == ERR_OK)
        e = vault_wrap_seal(v->wrap, &place, RD_WR(&w), wrapped);
    OPENSSL_cleanse(plain, sizeof plain);
    return e;
}

static enum err add_pair(struct vault *v, const struct vault_pair *pair, const char *operator_name)
{
    uint8_t wrapped[WRAPPED_MAX];
    struct wr w = WR_ARRAY(wrapped);
    enum vault_state state = operator_name != NULL ? VAULT_USED : VAULT_FREE;
    enum err e = check_pair(pair);

    if (e == ERR_OK)
        e = wrap_keys(v, pair, &w);
    if (e == ERR_OK)
        e = sql_run(v->sql, VAULT_Q_ADD,
                    SQL_ARGS(SQL_TEXT(pair->iccid), SQL_I64(pair->index), SQL_I64(state),
                             SQL_TEXT(operator_name), SQL_BLOB(RD_WR(&w))));
    if (e == ERR_OK && operator_name != NULL)
        e = vault_audit_append(v, &(struct vault_audit_line){.event = VAULT_AUDIT_SOLD,
                                                             .iccid = pair->iccid,
                                                             .index = pair->index,
                                                             .operator_name = operator_name});
    return e;
}

static enum err add_all(struct vault *v, const void *arg)
{
    const struct addition *a = arg;
    enum err e = ERR_OK;

    for (size_t i = 0; e == ERR_OK && i < a->count; i++)
        e = add_pair(v, &a->pairs[i], a->operator_name);
    return e;
}

enum err vault_add(struct vault *v, const struct vault_pair *pairs, size_t count,
                   const char *operator_name)
{
    struct addition a = {pairs, count, operator_name};

    if (operator_name != NULL && strlen(operator_name) > VAULT_OPERATOR_MAX)
        return ERR_RANGE;
    return run_step(v, (struct step){add_all, &a});
}

/* --- giving out ------------------------------------------------------------------------------ */

/* What the row of a pair says. */
struct row {
    enum vault_state state;
    char operator_name[VAULT_OPERATOR_MAX + 1];
    uint8_t request[VAULT_REQUEST_LEN];
    uint8_t wrapped[WRAPPED_MAX];
    size_t wrapped_len;
};

static enum err take_row(struct vault *v, struct row *row)
{
    const char *name = sql_text(v->sql, VAULT_Q_FIND, 1);
    struct rd request = sql_blob(v->sql, VAULT_Q_FIND, 2);
    struct rd wrapped = sql_blob(v->sql, VAULT_Q_FIND, 3);

    memset(row, 0, sizeof *row);
    if (!TEXT_COPY(row->operator_name, name) || wrapped.left > sizeof row->wrapped ||
        (request.left != 0 && request.left != sizeof row->request))
        return ERR_CORRUPT;
    row->state = (enum vault_state)sql_i64(v->sql, VAULT_Q_FIND, 0);
    row->wrapped_len = wrapped.left;
    if (wrapped.left != 0)
        memcpy(row->wrapped, wrapped.at, wrapped.left);
    if (request.left != 0)
        memcpy(row->request, request.at, request.left);
    return ERR_OK;
}

static enum err find(struct vault *v, const char *iccid, uint8_t index, struct row *row)
{
    enum err e = sql_first(v->sql, VAULT_Q_FIND, SQL_ARGS(SQL_TEXT(iccid), SQL_I64(index)));

    if (e == ERR_OK)
        e = take_row(v, row);
    sql_stop(v->sql, VAULT_Q_FIND);
    return e;
}

/* May this row go to this request? *again: it went before, by the very same request. */
static enum err judge(const struct row *row, const struct vault_request *request, bool *again)
{
    *again = false;
    if (row->state == VAULT_FREE)
        return ERR_OK;
    if (row->state == VAULT_BURNT)
        return ERR_CONDITIONS;
    if (strcmp(row->operator_name, request->operator_name) != 0)
        return ERR_DENIED;
    if (row->state == VAULT_USED)
        return ERR_CONDITIONS;
    *again = memcmp(row->request, request->digest, sizeof row->request) == 0;
    return *again ? ERR_OK : ERR_EXISTS;
}

static enum err offer(struct vault *v, const struct vault_request *request, const char *iccid,
                      uint8_t index)
{
    enum err e = sql_first(v->sql, VAULT_Q_HIGHEST, SQL_ARGS(SQL_TEXT(iccid), SQL_I64(index)));

    sql_stop(v->sql, VAULT_Q_HIGHEST);
    if (e != ERR_NOT_FOUND)
        return e == ERR_OK ? ERR_CONDITIONS : e;
    e = sql_run(v->sql, VAULT_Q_OFFER,
                SQL_ARGS(SQL_TEXT(iccid), SQL_I64(index), SQL_TEXT(request->operator_name),
                         SQL_BLOB(RD_ARRAY(request->digest))));
    return e == ERR_OK && sql_changes(v->sql) != 1 ? ERR_CONDITIONS : e;
}

static enum err unwrap(struct vault *v, const struct row *row, struct vault_pair *pair)
{
    uint8_t plain[WRAPPED_MAX];
    struct wr w = WR_ARRAY(plain);
    struct vault_wrap_place place = {pair->iccid, pair->index, KEYS_COLUMN};
    enum err e = vault_wrap_open(v->wrap, &place, RD(row->wrapped, row->wrapped_len), &w);

    if (e == ERR_OK)
        e = vault_keys_read(RD_WR(&w), pair) == ERR_OK ? ERR_OK : ERR_CORRUPT;
    OPENSSL_cleanse(plain, sizeof plain);
    return e == ERR_FORMAT ? ERR_MAC : e;
}

enum err vault_issue(struct vault *v, const struct vault_request *request, const char *iccid,
                     uint8_t index, struct vault_pair *pair)
{
    VAULT_PAIR_WIPED struct vault_pair p = {.index = index};
    struct vault_audit_line line = {.event = VAULT_AUDIT_ISSUED,
                                    .iccid = iccid,
                                    .index = index,
                                    .operator_name = request->operator_name,
                                    .request = RD_ARRAY(request->digest)};
    struct row row;
    bool again;
    enum err e;

    if (!sql_in_transaction(v->sql))
        return ERR_CONDITIONS;
    if (!TEXT_COPY(p.iccid, iccid))
        return ERR_NOT_FOUND;
    e = find(v, iccid, index, &row);
    if (e == ERR_OK)
        e = judge(&row, request, &again);
    if (e == ERR_OK)
        e = unwrap(v, &row, &p); /* before the row changes: a damaged pair stays free */
    if (e == ERR_OK && !again)
        e = offer(v, request, iccid, index);
    if (e == ERR_OK && again)
        line.event = VAULT_AUDIT_REISSUED;
    if (e == ERR_OK)
        e = vault_audit_append(v, &line);
    if (e == ERR_OK)
        *pair = p;
    return e;
}

/* --- ending ---------------------------------------------------------------------------------- */

struct target {
    const char *operator_name;
    const char *iccid;
    uint8_t index;
};

static enum err note(struct vault *v, const struct target *t, enum vault_audit_event event)
{
    return vault_audit_append(v, &(struct vault_audit_line){.event = event,
                                                            .iccid = t->iccid,
                                                            .index = t->index,
                                                            .operator_name = t->operator_name});
}

static enum err burn_one(struct vault *v, const void *arg)
{
    const struct target *t = arg;
    struct row row;
    enum err e = find(v, t->iccid, t->index, &row);

    if (e != ERR_OK || row.state == VAULT_BURNT)
        return e;
    e = sql_run(v->sql, VAULT_Q_BURN, SQL_ARGS(SQL_TEXT(t->iccid), SQL_I64(t->index)));
    if (e != ERR_OK)
        return e;
    return note(v, &(struct target){row.operator_name, t->iccid, t->index}, VAULT_AUDIT_BURNT);
}

static enum err burn_lower(struct vault *v, const struct target *t)
{
    uint8_t indices[INDEX_MAX];
    size_t count = 0;
    enum err e = sql_start(v->sql, VAULT_Q_LOWER, SQL_ARGS(SQL_TEXT(t->iccid), SQL_I64(t->index)));

    while (e == ERR_OK && (e = sql_next(v->sql, VAULT_Q_LOWER)) == ERR_OK && count < INDEX_MAX)
        indices[count++] = (uint8_t)sql_i64(v->sql, VAULT_Q_LOWER, 0);
    sql_stop(v->sql, VAULT_Q_LOWER);
    if (e != ERR_NOT_FOUND)
        return e;
    e = ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < count; i++)
        e = burn_one(v, &(struct target){NULL, t->iccid, indices[i]});
    return e;
}

static enum err confirm_one(struct vault *v, const void *arg)
{
    const struct target *t = arg;
    struct row row;
    enum err e = find(v, t->iccid, t->index, &row);

    if (e != ERR_OK)
        return e;
    if (row.state == VAULT_FREE || row.state == VAULT_BURNT)
        return ERR_CONDITIONS;
    if (strcmp(row.operator_name, t->operator_name) != 0)
        return ERR_DENIED;
    if (row.state == VAULT_USED)
        return ERR_OK;
    e = sql_run(v->sql, VAULT_Q_USE, SQL_ARGS(SQL_TEXT(t->iccid), SQL_I64(t->index)));
    if (e == ERR_OK)
        e = note(v, t, VAULT_AUDIT_USED);
    return e != ERR_OK ? e : burn_lower(v, t);
}

enum err vault_confirm(struct vault *v, const char *operator_name, const char *iccid, uint8_t index)
{
    return run_step(v, (struct step){confirm_one, &(struct target){operator_name, iccid, index}});
}

enum err vault_burn(struct vault *v, const char *iccid, uint8_t index)
{
    return run_step(v, (struct step){burn_one, &(struct target){NULL, iccid, index}});
}

/* --- looking --------------------------------------------------------------------------------- */

enum err vault_state(struct vault *v, const char *iccid, uint8_t index, enum vault_state *state,
                     char operator_name[VAULT_OPERATOR_MAX + 1])
{
    struct row row;
    enum err e = find(v, iccid, index, &row);

    if (e != ERR_OK)
        return e;
    *state = row.state;
    if (operator_name != NULL)
        text_copy(operator_name, VAULT_OPERATOR_MAX + 1, row.operator_name);
    return ERR_OK;
}

static enum err count_one(struct vault *v, int id, uint64_t *out)
{
    enum err e = sql_first(v->sql, id, SQL_NONE);

    if (e == ERR_OK)
        *out = (uint64_t)sql_i64(v->sql, id, 0);
    sql_stop(v->sql, id);
    return e;
}

enum err vault_count(struct vault *v, struct vault_counts *out)
{
    struct vault_counts c = {0};
    enum err e = count_one(v, VAULT_Q_COUNT_CARDS, &c.cards);

    if (e == ERR_OK)
        e = count_one(v, VAULT_Q_COUNT_AUDIT, &c.audit_lines);
    if (e == ERR_OK)
        e = sql_start(v->sql, VAULT_Q_COUNT_PAIRS, SQL_NONE);
    while (e == ERR_OK && (e = sql_next(v->sql, VAULT_Q_COUNT_PAIRS)) == ERR_OK)
        c.pairs[sql_i64(v->sql, VAULT_Q_COUNT_PAIRS, 0) & 3] =
            (uint64_t)sql_i64(v->sql, VAULT_Q_COUNT_PAIRS, 1);
    sql_stop(v->sql, VAULT_Q_COUNT_PAIRS);
    if (e != ERR_NOT_FOUND)
        return e;
    *out = c;
    return ERR_OK;
}
