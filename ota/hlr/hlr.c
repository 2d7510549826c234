#include "ota/hlr/hlr.h"
#include "apdu/hex.h"
#include "ota/core/sql.h"
#include "ota/core/text.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#define KEY_HEX_MAX (2 * SECRET_LEN_MAX + 1)

/* Tables, columns and user_version as osmo-hlr 1.5 expects them; it refuses a file that lacks
 * one. What each column means: TS 23.008 2. */
static const char schema[] =
    "CREATE TABLE subscriber (id INTEGER PRIMARY KEY, imsi VARCHAR(15) UNIQUE NOT NULL,"
    "  msisdn VARCHAR(15) UNIQUE, imeisv VARCHAR, imei VARCHAR(14), vlr_number VARCHAR(15),"
    "  msc_number VARCHAR(15), sgsn_number VARCHAR(15), sgsn_address VARCHAR,"
    "  ggsn_number VARCHAR(15), gmlc_number VARCHAR(15), smsc_number VARCHAR(15),"
    "  periodic_lu_tmr INTEGER, periodic_rau_tau_tmr INTEGER,"
    "  nam_cs BOOLEAN NOT NULL DEFAULT 1, nam_ps BOOLEAN NOT NULL DEFAULT 1, lmsi INTEGER,"
    "  ms_purged_cs BOOLEAN NOT NULL DEFAULT 0, ms_purged_ps BOOLEAN NOT NULL DEFAULT 0,"
    "  last_lu_seen TIMESTAMP DEFAULT NULL, last_lu_seen_ps TIMESTAMP DEFAULT NULL,"
    "  vlr_via_proxy VARCHAR, sgsn_via_proxy VARCHAR);"
    "CREATE TABLE subscriber_apn (subscriber_id INTEGER, apn VARCHAR(256) NOT NULL);"
    "CREATE TABLE subscriber_multi_msisdn (subscriber_id INTEGER, msisdn VARCHAR(15) NOT NULL);"
    "CREATE TABLE auc_2g (subscriber_id INTEGER PRIMARY KEY, algo_id_2g INTEGER NOT NULL,"
    "  ki VARCHAR(32) NOT NULL);"
    "CREATE TABLE auc_3g (subscriber_id INTEGER PRIMARY KEY, algo_id_3g INTEGER NOT NULL,"
    "  k VARCHAR(32) NOT NULL, op VARCHAR(32), opc VARCHAR(32),"
    "  sqn INTEGER NOT NULL DEFAULT 0, ind_bitlen INTEGER NOT NULL DEFAULT 5);"
    "CREATE TABLE ind (ind INTEGER PRIMARY KEY, vlr TEXT NOT NULL, UNIQUE (vlr));"
    "CREATE UNIQUE INDEX idx_subscr_imsi ON subscriber (imsi);";

enum statement {
    Q_SUBSCRIBER,
    Q_KEY,
    Q_FIND,
    Q_EACH,
    Q_SQN,
    Q_SET_SQN,
    Q_SEEN,
    Q_LAST_SEEN,
    Q_DROP_2G,
    Q_DROP_3G,
    Q_DROP_APN,
    Q_DROP_MSISDN,
    Q_DROP,
    Q_COUNTS,
    Q_COUNT
};

#define OF_IMSI "(SELECT id FROM subscriber WHERE imsi = ?1)"

static const char *const statements[Q_COUNT] = {
    [Q_SUBSCRIBER] = "INSERT INTO subscriber (imsi, msisdn) VALUES (?1, ?2)"
                     " ON CONFLICT (imsi) DO UPDATE SET msisdn = ?2",
    [Q_KEY] = "INSERT INTO auc_3g (subscriber_id, algo_id_3g, k, opc, sqn, ind_bitlen)"
              " VALUES (" OF_IMSI ", ?2, ?3, ?4, ?5, ?6)"
              " ON CONFLICT (subscriber_id) DO UPDATE SET algo_id_3g = ?2, k = ?3, op = NULL,"
              " opc = ?4, sqn = ?5, ind_bitlen = ?6"
              " WHERE algo_id_3g <> ?2 OR lower(k) <> ?3 OR lower(opc) IS NOT ?4",
    [Q_FIND] = "SELECT s.imsi, s.msisdn, a.algo_id_3g, a.k, a.opc, a.sqn FROM subscriber s"
               " LEFT JOIN auc_3g a ON a.subscriber_id = s.id WHERE s.imsi = ?1",
    [Q_EACH] = "SELECT s.imsi, s.msisdn, a.algo_id_3g, a.k, a.opc, a.sqn FROM subscriber s"
               " JOIN auc_3g a ON a.subscriber_id = s.id ORDER BY s.imsi",
    [Q_SQN] = "SELECT sqn, ind_bitlen FROM auc_3g WHERE subscriber_id = " OF_IMSI,
    [Q_SET_SQN] = "UPDATE auc_3g SET sqn = ?2 WHERE subscriber_id = " OF_IMSI,
    [Q_SEEN] = "UPDATE subscriber SET last_lu_seen = datetime(?2, 'unixepoch') WHERE imsi = ?1",
    [Q_LAST_SEEN] = "SELECT CAST(strftime('%s', last_lu_seen) AS INTEGER) FROM subscriber"
                    " WHERE imsi = ?1",
    [Q_DROP_2G] = "DELETE FROM auc_2g WHERE subscriber_id = " OF_IMSI,
    [Q_DROP_3G] = "DELETE FROM auc_3g WHERE subscriber_id = " OF_IMSI,
    [Q_DROP_APN] = "DELETE FROM subscriber_apn WHERE subscriber_id = " OF_IMSI,
    [Q_DROP_MSISDN] = "DELETE FROM subscriber_multi_msisdn WHERE subscriber_id = " OF_IMSI,
    [Q_DROP] = "DELETE FROM subscriber WHERE imsi = ?1",
    [Q_COUNTS] = "SELECT (SELECT count(*) FROM subscriber), (SELECT count(*) FROM auc_3g),"
                 " (SELECT count(*) FROM subscriber WHERE last_lu_seen IS NOT NULL)",
};

static const struct sql_file file = {
    .statements = statements,
    .statement_count = Q_COUNT,
    .schema = schema,
    .application_id = 0,
    .version = 6,
};

struct hlr {
    struct sql *sql;
};

/* enum osmo_auth_algo of libosmocore. osmo-hlr 1.5 itself has no TUAK; the table can hold it. */
static const struct {
    enum aka_algorithm ours;
    int64_t theirs;
    uint8_t k_min, k_max, opc;
} algorithms[] = {
    {AKA_MILENAGE, 5, 16, 16, 16},
    {AKA_XOR, 4, 16, 16, 0},
    {AKA_TUAK, 7, 16, 32, 32},
};

void hlr_subscriber_wipe(struct hlr_subscriber *s)
{
    OPENSSL_cleanse(s, sizeof *s);
}

/* --- opening --------------------------------------------------------------------------------- */

typedef enum err open_fn(const char *path, const struct sql_file *file, struct sql **out);

static enum err open_with(open_fn *open, const char *path, struct hlr **out)
{
    struct hlr *h = calloc(1, sizeof *h);
    enum err e;

    if (h == NULL)
        return ERR_NOMEM;
    e = open(path, &file, &h->sql);
    if (e == ERR_OK)
        *out = h;
    else
        free(h);
    return e;
}

enum err hlr_create(const char *path, struct hlr **out)
{
    return open_with(sql_create, path, out);
}

enum err hlr_open(const char *path, struct hlr **out)
{
    return open_with(sql_open, path, out);
}

void hlr_close(struct hlr **h)
{
    if (*h == NULL)
        return;
    sql_close(&(*h)->sql);
    free(*h);
    *h = NULL;
}

enum err hlr_begin(struct hlr *h)
{
    return sql_begin(h->sql);
}

enum err hlr_commit(struct hlr *h)
{
    return sql_commit(h->sql);
}

void hlr_rollback(struct hlr *h)
{
    sql_rollback(h->sql);
}

/* One change, within the caller's transaction or one of its own. */
struct change {
    enum err (*run)(struct hlr *h, struct change *c);
    const struct hlr_subscriber *subscribers;
    size_t count;
    const char *imsi;
    uint64_t value;
    uint8_t ind;
};

static enum err make_change(struct hlr *h, struct change *c)
{
    bool own = !sql_in_transaction(h->sql);
    enum err e = own ? sql_begin(h->sql) : ERR_OK;

    if (e != ERR_OK)
        return e;
    e = c->run(h, c);
    if (own && e == ERR_OK)
        e = sql_commit(h->sql);
    if (own && e != ERR_OK)
        sql_rollback(h->sql);
    return e;
}

/* --- activation ------------------------------------------------------------------------------ */

static enum err check_identity(const struct hlr_subscriber *s)
{
    uint8_t ef[EF_IMSI_LEN];
    size_t n = strlen(s->msisdn);

    if (n > HLR_MSISDN_MAX || strspn(s->msisdn, "0123456789") != n)
        return ERR_FORMAT;
    return bcd_imsi_encode(s->imsi, ef);
}

static enum err find_algorithm(const struct aka_key *key, int64_t *theirs)
{
    for (size_t i = 0; i < ARRAY_LEN(algorithms); i++) {
        if (algorithms[i].ours != key->algorithm)
            continue;
        if (key->k.len < algorithms[i].k_min || key->k.len > algorithms[i].k_max ||
            (algorithms[i].opc != 0 && key->opc.len != algorithms[i].opc))
            return ERR_KEY;
        *theirs = algorithms[i].theirs;
        return ERR_OK;
    }
    return ERR_KEY;
}

/* osmo-hlr writes its hex in small letters. */
static enum err to_hex(const struct secret *s, char hex[KEY_HEX_MAX])
{
    enum err e = hex_encode(RD_SECRET(s), hex, KEY_HEX_MAX);

    for (char *at = hex; e == ERR_OK && *at != '\0'; at++) {
        if (*at >= 'A' && *at <= 'F')
            *at = (char)(*at - 'A' + 'a');
    }
    return e;
}

static enum err store_key(struct hlr *h, const struct hlr_subscriber *s)
{
    char k[KEY_HEX_MAX], opc[KEY_HEX_MAX];
    int64_t algorithm = 0;
    enum err e = find_algorithm(&s->key, &algorithm);

    if (e == ERR_OK)
        e = to_hex(&s->key.k, k);
    if (e == ERR_OK)
        e = to_hex(&s->key.opc, opc);
    if (e == ERR_OK)
        e = sql_run(h->sql, Q_KEY,
                    SQL_ARGS(SQL_TEXT(s->imsi), SQL_I64(algorithm), SQL_TEXT(k),
                             SQL_TEXT(opc[0] == '\0' ? NULL : opc), SQL_I64(s->sqn),
                             SQL_I64(HLR_IND_BITS)));
    OPENSSL_cleanse(k, sizeof k);
    OPENSSL_cleanse(opc, sizeof opc);
    return e;
}

static enum err activate_one(struct hlr *h, const struct hlr_subscriber *s)
{
    const char *msisdn = s->msisdn[0] == '\0' ? NULL : s->msisdn;
    enum err e = check_identity(s);

    if (e == ERR_OK && s->sqn > AKA_SQN_MAX)
        e = ERR_RANGE;
    if (e == ERR_OK)
        e = sql_run(h->sql, Q_SUBSCRIBER, SQL_ARGS(SQL_TEXT(s->imsi), SQL_TEXT(msisdn)));
    return e != ERR_OK ? e : store_key(h, s);
}

static enum err activate_all(struct hlr *h, struct change *c)
{
    enum err e = ERR_OK;

    for (size_t i = 0; e == ERR_OK && i < c->count; i++)
        e = activate_one(h, &c->subscribers[i]);
    return e;
}

enum err hlr_activate(struct hlr *h, const struct hlr_subscriber *subscribers, size_t count)
{
    struct change c = {.run = activate_all, .subscribers = subscribers, .count = count};

    return make_change(h, &c);
}

/* --- reading --------------------------------------------------------------------------------- */

static enum err take_secret(struct hlr *h, int id, int column, struct secret *s)
{
    return secret_from_hex(s, sql_text(h->sql, id, column)) == ERR_OK ? ERR_OK : ERR_KEY;
}

static enum err take_key(struct hlr *h, int id, struct aka_key *key)
{
    int64_t theirs = sql_i64(h->sql, id, 2), known = 0;
    enum err e;

    if (sql_is_null(h->sql, id, 2))
        return ERR_KEY;
    for (size_t i = 0; i < ARRAY_LEN(algorithms); i++) {
        if (algorithms[i].theirs == theirs)
            aka_key_defaults(key, algorithms[i].ours);
    }
    e = take_secret(h, id, 3, &key->k);
    if (e == ERR_OK)
        e = take_secret(h, id, 4, &key->opc);
    if (e == ERR_OK)
        e = find_algorithm(key, &known);
    return e == ERR_OK && known != theirs ? ERR_KEY : e;
}

/* The subscriber in the current row of a statement. */
static enum err take(struct hlr *h, int id, struct hlr_subscriber *out)
{
    HLR_SUBSCRIBER_WIPED struct hlr_subscriber s = {.sqn = (uint64_t)sql_i64(h->sql, id, 5)};
    const char *imsi = sql_text(h->sql, id, 0), *msisdn = sql_text(h->sql, id, 1);
    enum err e;

    if (!TEXT_COPY(s.imsi, imsi) || !TEXT_COPY(s.msisdn, msisdn))
        return ERR_CORRUPT;
    e = take_key(h, id, &s.key);
    if (e == ERR_OK)
        *out = s;
    return e;
}

enum err hlr_find(struct hlr *h, const char *imsi, struct hlr_subscriber *out)
{
    enum err e = sql_first(h->sql, Q_FIND, SQL_ARGS(SQL_TEXT(imsi)));

    if (e == ERR_OK)
        e = take(h, Q_FIND, out);
    sql_stop(h->sql, Q_FIND);
    return e;
}

enum err hlr_each(struct hlr *h, hlr_each_fn *fn, void *arg)
{
    HLR_SUBSCRIBER_WIPED struct hlr_subscriber s;
    enum err e = sql_start(h->sql, Q_EACH, SQL_NONE);

    while (e == ERR_OK && (e = sql_next(h->sql, Q_EACH)) == ERR_OK) {
        e = take(h, Q_EACH, &s);
        if (e == ERR_OK)
            e = fn(arg, &s);
    }
    sql_stop(h->sql, Q_EACH);
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

/* --- sequence numbers ------------------------------------------------------------------------ */

static enum err store_sqn(struct hlr *h, const char *imsi, uint64_t sqn)
{
    enum err e = sql_run(h->sql, Q_SET_SQN, SQL_ARGS(SQL_TEXT(imsi), SQL_I64(sqn)));

    return e == ERR_OK && sql_changes(h->sql) == 0 ? ERR_NOT_FOUND : e;
}

static enum err advance(struct hlr *h, struct change *c)
{
    uint64_t last = 0, bits = 0, next;
    enum err e = sql_first(h->sql, Q_SQN, SQL_ARGS(SQL_TEXT(c->imsi)));

    if (e == ERR_OK) {
        last = (uint64_t)sql_i64(h->sql, Q_SQN, 0);
        bits = (uint64_t)sql_i64(h->sql, Q_SQN, 1);
    }
    sql_stop(h->sql, Q_SQN);
    if (e != ERR_OK)
        return e;
    if (bits > 28 || c->ind >> bits != 0)
        return ERR_RANGE;
    next = ((last >> bits) + 1) << bits | c->ind;
    if (next > AKA_SQN_MAX)
        return ERR_COUNTER_BLOCKED;
    c->value = next;
    return store_sqn(h, c->imsi, next);
}

enum err hlr_next_sqn(struct hlr *h, const char *imsi, uint8_t ind, uint64_t *sqn)
{
    struct change c = {.run = advance, .imsi = imsi, .ind = ind};
    enum err e = make_change(h, &c);

    if (e == ERR_OK)
        *sqn = c.value;
    return e;
}

enum err hlr_set_sqn(struct hlr *h, const char *imsi, uint64_t sqn_ms)
{
    return sqn_ms > AKA_SQN_MAX ? ERR_RANGE : store_sqn(h, imsi, sqn_ms);
}

/* --- presence -------------------------------------------------------------------------------- */

enum err hlr_seen(struct hlr *h, const char *imsi, int64_t at)
{
    enum err e = sql_run(h->sql, Q_SEEN, SQL_ARGS(SQL_TEXT(imsi), SQL_I64(at)));

    return e == ERR_OK && sql_changes(h->sql) == 0 ? ERR_NOT_FOUND : e;
}

enum err hlr_last_seen(struct hlr *h, const char *imsi, int64_t *at)
{
    enum err e = sql_first(h->sql, Q_LAST_SEEN, SQL_ARGS(SQL_TEXT(imsi)));

    if (e == ERR_OK)
        *at = sql_i64(h->sql, Q_LAST_SEEN, 0);
    sql_stop(h->sql, Q_LAST_SEEN);
    return e;
}

static enum err drop(struct hlr *h, struct change *c)
{
    enum err e = ERR_OK;

    /* Q_DROP comes last: the others find the subscriber's id by its row. */
    for (int id = Q_DROP_2G; e == ERR_OK && id <= Q_DROP; id++)
        e = sql_run(h->sql, id, SQL_ARGS(SQL_TEXT(c->imsi)));
    return e == ERR_OK && sql_changes(h->sql) == 0 ? ERR_NOT_FOUND : e;
}

enum err hlr_remove(struct hlr *h, const char *imsi)
{
    struct change c = {.run = drop, .imsi = imsi};

    return make_change(h, &c);
}

enum err hlr_count(struct hlr *h, struct hlr_counts *out)
{
    enum err e = sql_first(h->sql, Q_COUNTS, SQL_NONE);

    if (e == ERR_OK)
        *out = (struct hlr_counts){(uint64_t)sql_i64(h->sql, Q_COUNTS, 0),
                                   (uint64_t)sql_i64(h->sql, Q_COUNTS, 1),
                                   (uint64_t)sql_i64(h->sql, Q_COUNTS, 2)};
    sql_stop(h->sql, Q_COUNTS);
    return e;
}
