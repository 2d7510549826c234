#include "ota/ledger/file.h"

#include <openssl/crypto.h>
#include <string.h>

#define INDEX_MAX 15

static const char *const columns[] = {
    [LEDGER_IN_FORCE] = "keys",
    [LEDGER_PENDING] = "pending",
};

const char *ledger_owner_text(enum ledger_owner owner)
{
    return owner == LEDGER_OURS ? "ours" : "moved";
}

static enum err read_card(struct ledger *l, int id, struct ledger_card *out)
{
    struct ledger_card c = {.id = sql_i64(l->sql, id, 0)};
    unsigned index = 0, algorithm = 0, ota = 0, owner = 0;
    enum err e = ledger_copy_text(l, id, 1, c.iccid, sizeof c.iccid);

    if (e == ERR_OK)
        e = ledger_copy_text(l, id, 2, c.imsi, sizeof c.imsi);
    if (e == ERR_OK)
        e = ledger_copy_text(l, id, 3, c.msisdn, sizeof c.msisdn);
    if (e == ERR_OK)
        e = ledger_small(l, id, 4, INDEX_MAX, &index);
    if (e == ERR_OK)
        e = ledger_small(l, id, 5, AKA_XOR, &algorithm);
    if (e == ERR_OK)
        e = ledger_small(l, id, 6, SECPKT_AES, &ota);
    if (e == ERR_OK)
        e = ledger_small(l, id, 8, LEDGER_MOVED, &owner);
    if (e != ERR_OK)
        return e;
    c.key_index = (uint8_t)index;
    c.algorithm = (enum aka_algorithm)algorithm;
    c.ota_algorithm = (enum secpkt_algorithm)ota;
    c.counter = (uint64_t)sql_i64(l->sql, id, 7);
    c.owner = (enum ledger_owner)owner;
    c.renewing = sql_i64(l->sql, id, 9) != 0;
    *out = c;
    return ERR_OK;
}

static enum err wrap_keys(struct ledger *l, const char *iccid, enum ledger_keys which,
                          const struct vault_pair *keys, struct wr *wrapped)
{
    struct vault_wrap_place place = {iccid, keys->index, columns[which]};
    uint8_t plain[VAULT_KEYS_MAX];
    struct wr w = WR_ARRAY(plain);
    enum err e = vault_keys_write(keys, &w);

    if (e == ERR_OK)
        e = vault_wrap_seal(l->wrap, &place, RD_WR(&w), wrapped);
    OPENSSL_cleanse(plain, sizeof plain);
    return e;
}

static enum err check_card(const struct ledger_card *card, const struct vault_pair *keys)
{
    uint8_t iccid[EF_ICCID_LEN], imsi[EF_IMSI_LEN];
    enum err e = bcd_iccid_encode(card->iccid, iccid);

    if (e == ERR_OK)
        e = bcd_imsi_encode(card->imsi, imsi);
    if (e != ERR_OK)
        return e;
    if (card->msisdn[strspn(card->msisdn, "0123456789")] != '\0')
        return ERR_FORMAT;
    if (keys->index < 1 || keys->index > INDEX_MAX || card->counter >= SECPKT_COUNTER_MAX)
        return ERR_RANGE;
    return ERR_OK;
}

enum err ledger_card_add(struct ledger *l, const struct ledger_card *card,
                         const struct vault_pair *keys)
{
    uint8_t wrapped[VAULT_WRAP_LEN(VAULT_KEYS_MAX)];
    struct wr w = WR_ARRAY(wrapped);
    enum err e = check_card(card, keys);

    if (e == ERR_OK)
        e = wrap_keys(l, card->iccid, LEDGER_IN_FORCE, keys, &w);
    if (e != ERR_OK)
        return e;
    const struct sql_value values[] = {
        SQL_TEXT(card->iccid), SQL_TEXT(card->imsi),         SQL_TEXT(card->msisdn),
        SQL_I64(keys->index),  SQL_I64(keys->aka.algorithm), SQL_I64(keys->ota.kic.algorithm),
        SQL_BLOB(RD_WR(&w)),   SQL_I64(card->counter),
    };
    e = sql_run(l->sql, LEDGER_Q_CARD_REPLACE, values, ARRAY_LEN(values));
    if (e == ERR_OK && sql_changes(l->sql) == 0)
        e = sql_run(l->sql, LEDGER_Q_CARD_ADD, values, ARRAY_LEN(values));
    return e;
}

static enum err find_card(struct ledger *l, int id, struct sql_value by, struct ledger_card *out)
{
    enum err e = sql_first(l->sql, id, &by, 1);

    if (e == ERR_OK)
        e = read_card(l, id, out);
    sql_stop(l->sql, id);
    return e;
}

enum err ledger_card_by_iccid(struct ledger *l, const char *iccid, struct ledger_card *out)
{
    return find_card(l, LEDGER_Q_CARD_BY_ICCID, SQL_TEXT(iccid), out);
}

enum err ledger_card_by_id(struct ledger *l, int64_t id, struct ledger_card *out)
{
    return find_card(l, LEDGER_Q_CARD_BY_ID, SQL_I64(id), out);
}

enum err ledger_card_candidates(struct ledger *l, const char *msisdn, int64_t *ids, size_t max,
                                size_t *count)
{
    const int id = LEDGER_Q_CARD_CANDIDATES;
    size_t n = 0;
    enum err e = sql_start(l->sql, id, SQL_ARGS(SQL_TEXT(msisdn), SQL_I64(max)));

    while (e == ERR_OK && n < max) {
        e = sql_next(l->sql, id);
        if (e == ERR_OK)
            ids[n++] = sql_i64(l->sql, id, 0);
    }
    sql_stop(l->sql, id);
    if (e != ERR_OK && e != ERR_NOT_FOUND)
        return e;
    *count = n;
    return ERR_OK;
}

enum err ledger_card_each(struct ledger *l,
                          enum err (*each)(void *context, const struct ledger_card *),
                          void *context)
{
    const int id = LEDGER_Q_CARD_EACH;
    struct ledger_card card;
    enum err e = sql_start(l->sql, id, SQL_NONE);

    while (e == ERR_OK) {
        e = sql_next(l->sql, id);
        if (e == ERR_OK)
            e = read_card(l, id, &card);
        else if (e == ERR_NOT_FOUND)
            break;
        if (e == ERR_OK)
            e = each(context, &card);
    }
    sql_stop(l->sql, id);
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

enum err ledger_card_keys(struct ledger *l, int64_t card_id, enum ledger_keys which,
                          struct vault_pair *out)
{
    const int id = LEDGER_Q_CARD_KEYS, column = which == LEDGER_IN_FORCE ? 2 : 3;
    struct vault_pair pair VAULT_PAIR_WIPED = {0};
    struct vault_wrap_place place = {NULL, 0, columns[which]};
    uint8_t plain[VAULT_KEYS_MAX];
    struct wr w = WR_ARRAY(plain);
    unsigned index = 0;
    enum err e = sql_first(l->sql, id, SQL_ARGS(SQL_I64(card_id)));

    if (e == ERR_OK)
        e = ledger_copy_text(l, id, 0, pair.iccid, sizeof pair.iccid);
    if (e == ERR_OK)
        e = ledger_small(l, id, 1, INDEX_MAX, &index);
    if (e == ERR_OK && sql_is_null(l->sql, id, column))
        e = ERR_NOT_FOUND;
    place.iccid = pair.iccid;
    place.index = (uint8_t)index;
    if (e == ERR_OK)
        e = vault_wrap_open(l->wrap, &place, sql_blob(l->sql, id, column), &w);
    if (e == ERR_OK)
        e = vault_keys_read(RD_WR(&w), &pair);
    pair.index = (uint8_t)index;
    sql_stop(l->sql, id);
    OPENSSL_cleanse(plain, sizeof plain);
    if (e == ERR_OK)
        *out = pair;
    return e;
}

static enum err must_change_one(struct ledger *l, enum err e)
{
    if (e == ERR_OK && sql_changes(l->sql) != 1)
        return ERR_NOT_FOUND;
    return e;
}

enum err ledger_card_set_pending(struct ledger *l, int64_t card_id, const struct vault_pair *keys)
{
    uint8_t wrapped[VAULT_WRAP_LEN(VAULT_KEYS_MAX)];
    struct wr w = WR_ARRAY(wrapped);
    struct ledger_card card;
    enum err e = ledger_card_by_id(l, card_id, &card);

    if (e == ERR_OK && keys->index != card.key_index)
        e = ERR_KEY;
    if (e == ERR_OK)
        e = wrap_keys(l, card.iccid, LEDGER_PENDING, keys, &w);
    if (e != ERR_OK)
        return e;
    e = sql_run(l->sql, LEDGER_Q_CARD_SET_PENDING, SQL_ARGS(SQL_I64(card_id), SQL_BLOB(RD_WR(&w))));
    return must_change_one(l, e);
}

enum err ledger_card_promote(struct ledger *l, int64_t card_id)
{
    struct vault_pair keys VAULT_PAIR_WIPED = {0};
    uint8_t wrapped[VAULT_WRAP_LEN(VAULT_KEYS_MAX)];
    struct wr w = WR_ARRAY(wrapped);
    enum err e = ledger_card_keys(l, card_id, LEDGER_PENDING, &keys);

    if (e == ERR_OK)
        e = wrap_keys(l, keys.iccid, LEDGER_IN_FORCE, &keys, &w);
    if (e != ERR_OK)
        return e;
    e = sql_run(l->sql, LEDGER_Q_CARD_SET_KEYS,
                SQL_ARGS(SQL_I64(card_id), SQL_BLOB(RD_WR(&w)), SQL_I64(keys.aka.algorithm),
                         SQL_I64(keys.ota.kic.algorithm)));
    return must_change_one(l, e);
}

enum err ledger_card_drop_pending(struct ledger *l, int64_t card_id)
{
    return must_change_one(
        l, sql_run(l->sql, LEDGER_Q_CARD_SET_PENDING, SQL_ARGS(SQL_I64(card_id), SQL_NULL)));
}

enum err ledger_card_moved(struct ledger *l, int64_t card_id, const char *imsi, const char *msisdn)
{
    return must_change_one(l,
                           sql_run(l->sql, LEDGER_Q_CARD_MOVED,
                                   SQL_ARGS(SQL_I64(card_id), SQL_TEXT(imsi), SQL_TEXT(msisdn))));
}

enum err ledger_counter_take(struct ledger *l, int64_t card_id, uint64_t jump, uint64_t *counter)
{
    const int id = LEDGER_Q_COUNTER_TAKE;
    struct ledger_card card;
    uint64_t taken = 0;
    enum err e;

    if (l->mark_fd < 0 || !sql_in_transaction(l->sql))
        return ERR_CONDITIONS;
    e = sql_first(l->sql, id, SQL_ARGS(SQL_I64(card_id), SQL_I64(jump), SQL_I64(l->skip_total)));
    if (e == ERR_OK)
        taken = (uint64_t)sql_i64(l->sql, id, 0);
    if (e == ERR_NOT_FOUND)
        e = ledger_card_by_id(l, card_id, &card) == ERR_OK ? ERR_COUNTER_BLOCKED : ERR_NOT_FOUND;
    sql_stop(l->sql, id);
    if (e == ERR_OK)
        *counter = taken;
    return e;
}
