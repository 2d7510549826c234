#include "ota/ledger/file.h"

#define HEADER_LEN 7 /* SPI(2) KIc KID TAR(3), as on the wire */

static void write_header(struct wr *w, const struct secpkt_header *h)
{
    wr_bytes(w, h->spi, sizeof h->spi);
    wr_u8(w, h->kic);
    wr_u8(w, h->kid);
    wr_bytes(w, h->tar, sizeof h->tar);
}

static enum err read_header(struct rd r, struct secpkt_header *h)
{
    if (r.left != HEADER_LEN || rd_copy(&r, h->spi, sizeof h->spi) != ERR_OK ||
        rd_u8(&r, &h->kic) != ERR_OK || rd_u8(&r, &h->kid) != ERR_OK ||
        rd_copy(&r, h->tar, sizeof h->tar) != ERR_OK)
        return ERR_CORRUPT;
    return ERR_OK;
}

enum err ledger_packet_store(struct ledger *l, const struct ledger_packet *p, uint64_t due_ms)
{
    uint8_t header[HEADER_LEN];
    struct wr w = WR_ARRAY(header);
    enum err e;

    if (l->mark_fd < 0 || !sql_in_transaction(l->sql))
        return ERR_CONDITIONS;
    write_header(&w, &p->header);
    e = sql_run(l->sql, LEDGER_Q_SENT_ADD,
                SQL_ARGS(SQL_I64(p->card_id), SQL_I64(p->key_index), SQL_I64(p->counter),
                         SQL_I64(p->job_id)));
    if (e != ERR_OK)
        return e;
    return sql_run(l->sql, LEDGER_Q_PACKET_STORE,
                   SQL_ARGS(SQL_I64(p->card_id), SQL_I64(p->job_id), SQL_I64(p->purpose),
                            SQL_I64(p->keys), SQL_I64(p->key_index), SQL_BLOB(RD_WR(&w)),
                            SQL_I64(p->counter), SQL_BLOB(RD(p->octets, p->len)), SQL_I64(due_ms)));
}

static enum err read_packet(struct ledger *l, int id, struct ledger_packet *out)
{
    unsigned purpose, keys, index, in_flight;
    struct rd octets = sql_blob(l->sql, id, 7);
    enum err e = ledger_small(l, id, 2, LEDGER_ASK, &purpose);

    if (e == ERR_OK)
        e = ledger_small(l, id, 3, LEDGER_PENDING, &keys);
    if (e == ERR_OK)
        e = ledger_small(l, id, 4, 15, &index);
    if (e == ERR_OK)
        e = ledger_small(l, id, 8, UINT32_MAX, &out->sendings);
    if (e == ERR_OK)
        e = ledger_small(l, id, 9, 1, &in_flight);
    if (e == ERR_OK)
        e = read_header(sql_blob(l->sql, id, 5), &out->header);
    if (e == ERR_OK && octets.left > sizeof out->octets)
        e = ERR_CORRUPT;
    if (e != ERR_OK)
        return e;
    out->card_id = sql_i64(l->sql, id, 0);
    out->job_id = sql_i64(l->sql, id, 1);
    out->purpose = (enum ledger_purpose)purpose;
    out->keys = (enum ledger_keys)keys;
    out->key_index = (uint8_t)index;
    out->counter = (uint64_t)sql_i64(l->sql, id, 6);
    out->in_flight = in_flight == 1;
    out->len = octets.left;
    return rd_copy(&octets, out->octets, out->len);
}

enum err ledger_packet_get(struct ledger *l, int64_t card_id, struct ledger_packet *out)
{
    const int id = LEDGER_Q_PACKET_GET;
    enum err e = sql_first(l->sql, id, SQL_ARGS(SQL_I64(card_id)));

    if (e == ERR_OK)
        e = read_packet(l, id, out);
    sql_stop(l->sql, id);
    return e;
}

enum err ledger_packet_due(struct ledger *l, uint64_t now_ms, int64_t *card_ids, size_t max,
                           size_t *count)
{
    const int id = LEDGER_Q_PACKET_DUE;
    size_t n = 0;
    enum err e = sql_start(l->sql, id, SQL_ARGS(SQL_I64(now_ms), SQL_I64(max)));

    while (e == ERR_OK && n < max) {
        e = sql_next(l->sql, id);
        if (e == ERR_OK)
            card_ids[n++] = sql_i64(l->sql, id, 0);
    }
    sql_stop(l->sql, id);
    if (e != ERR_OK && e != ERR_NOT_FOUND)
        return e;
    *count = n;
    return ERR_OK;
}

static enum err change_flight(struct ledger *l, int id, int64_t card_id, uint64_t due_ms)
{
    enum err e = sql_run(l->sql, id, SQL_ARGS(SQL_I64(card_id), SQL_I64(due_ms)));

    return e == ERR_OK && sql_changes(l->sql) != 1 ? ERR_NOT_FOUND : e;
}

enum err ledger_packet_again(struct ledger *l, int64_t card_id, uint64_t due_ms)
{
    return change_flight(l, LEDGER_Q_PACKET_AGAIN, card_id, due_ms);
}

enum err ledger_packet_defer(struct ledger *l, int64_t card_id, uint64_t due_ms)
{
    return change_flight(l, LEDGER_Q_PACKET_DEFER, card_id, due_ms);
}

enum err ledger_packet_land(struct ledger *l, int64_t card_id)
{
    return sql_run(l->sql, LEDGER_Q_PACKET_LAND, SQL_ARGS(SQL_I64(card_id)));
}

enum err ledger_packet_redue(struct ledger *l, uint64_t now_ms, uint64_t spread_ms)
{
    return sql_run(l->sql, LEDGER_Q_PACKET_REDUE,
                   SQL_ARGS(SQL_I64(now_ms), SQL_I64(spread_ms ? spread_ms : 1)));
}

enum err ledger_packet_in_flight(struct ledger *l, uint64_t *count)
{
    const int id = LEDGER_Q_PACKET_IN_FLIGHT;
    enum err e = sql_first(l->sql, id, SQL_NONE);

    if (e == ERR_OK)
        *count = (uint64_t)sql_i64(l->sql, id, 0);
    sql_stop(l->sql, id);
    return e;
}
