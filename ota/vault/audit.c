#include "ota/vault/audit.h"
#include "ota/vault/file.h"

#include <openssl/crypto.h>
#include <string.h>
#include <time.h>

#define LINE_MAX_LEN 256

static const char *const texts[] = {
    [VAULT_AUDIT_SOLD] = "sold with the card",
    [VAULT_AUDIT_ISSUED] = "issued",
    [VAULT_AUDIT_REISSUED] = "issued again",
    [VAULT_AUDIT_USED] = "in use",
    [VAULT_AUDIT_BURNT] = "burnt",
};

const char *vault_audit_text(enum vault_audit_event event)
{
    size_t i = (size_t)event;

    return i < ARRAY_LEN(texts) && texts[i] != NULL ? texts[i] : "unknown event";
}

static void write_text(struct wr *w, const char *text)
{
    size_t n = strlen(text);

    wr_u8(w, (uint8_t)(n > UINT8_MAX ? UINT8_MAX : n));
    wr_bytes(w, text, n);
}

/* MAC of a line: the MAC before, then every field, each with its length. */
static enum err line_mac(struct vault *v, const struct vault_audit_line *line, struct rd previous,
                         uint8_t mac[VAULT_AUDIT_MAC_LEN])
{
    uint8_t bytes[LINE_MAX_LEN];
    struct wr w = WR_ARRAY(bytes);

    wr_u8(&w, (uint8_t)previous.left);
    wr_rd(&w, previous);
    wr_u64(&w, line->number);
    wr_u64(&w, (uint64_t)line->at);
    wr_u8(&w, (uint8_t)line->event);
    wr_u8(&w, line->index);
    write_text(&w, line->iccid);
    write_text(&w, line->operator_name);
    wr_u8(&w, (uint8_t)line->request.left);
    wr_rd(&w, line->request);
    if (wr_result(&w) != ERR_OK)
        return ERR_RANGE;
    return vault_wrap_mac(v->wrap, "audit", RD_WR(&w), mac);
}

static enum err last_line(struct vault *v, uint64_t *number, struct wr *mac)
{
    enum err e = sql_first(v->sql, VAULT_Q_AUDIT_LAST, SQL_NONE);

    *number = 0;
    if (e == ERR_OK) {
        *number = (uint64_t)sql_i64(v->sql, VAULT_Q_AUDIT_LAST, 0);
        wr_rd(mac, sql_blob(v->sql, VAULT_Q_AUDIT_LAST, 1));
        e = wr_result(mac) == ERR_OK ? ERR_OK : ERR_CORRUPT;
    }
    sql_stop(v->sql, VAULT_Q_AUDIT_LAST);
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

enum err vault_audit_append(struct vault *v, const struct vault_audit_line *line)
{
    struct vault_audit_line l = *line;
    uint8_t previous[VAULT_AUDIT_MAC_LEN];
    struct wr p = WR_ARRAY(previous);
    enum err e = last_line(v, &l.number, &p);

    if (e != ERR_OK)
        return e;
    l.number++;
    l.at = (int64_t)time(NULL);
    e = line_mac(v, &l, RD_WR(&p), l.mac);
    if (e != ERR_OK)
        return e;
    return sql_run(v->sql, VAULT_Q_AUDIT_ADD,
                   SQL_ARGS(SQL_I64(l.number), SQL_I64(l.at), SQL_I64(l.event), SQL_TEXT(l.iccid),
                            SQL_I64(l.index), SQL_TEXT(l.operator_name), SQL_BLOB(l.request),
                            SQL_BLOB(RD_ARRAY(l.mac))));
}

static struct vault_audit_line current(struct vault *v)
{
    return (struct vault_audit_line){
        .number = (uint64_t)sql_i64(v->sql, VAULT_Q_AUDIT_EACH, 0),
        .at = sql_i64(v->sql, VAULT_Q_AUDIT_EACH, 1),
        .event = (enum vault_audit_event)sql_i64(v->sql, VAULT_Q_AUDIT_EACH, 2),
        .iccid = sql_text(v->sql, VAULT_Q_AUDIT_EACH, 3),
        .index = (uint8_t)sql_i64(v->sql, VAULT_Q_AUDIT_EACH, 4),
        .operator_name = sql_text(v->sql, VAULT_Q_AUDIT_EACH, 5),
        .request = sql_blob(v->sql, VAULT_Q_AUDIT_EACH, 6),
    };
}

enum err vault_audit_walk(struct vault *v, vault_audit_fn *fn, void *arg, uint64_t *last,
                          uint8_t head[VAULT_AUDIT_MAC_LEN])
{
    enum err e = sql_start(v->sql, VAULT_Q_AUDIT_EACH, SQL_NONE);

    *last = 0;
    memset(head, 0, VAULT_AUDIT_MAC_LEN);
    while (e == ERR_OK && (e = sql_next(v->sql, VAULT_Q_AUDIT_EACH)) == ERR_OK) {
        struct vault_audit_line line = current(v);
        struct rd stored = sql_blob(v->sql, VAULT_Q_AUDIT_EACH, 7);

        e = line_mac(v, &line, RD(head, *last == 0 ? 0 : VAULT_AUDIT_MAC_LEN), line.mac);
        if (e == ERR_OK && (line.number != *last + 1 || stored.left != sizeof line.mac ||
                            CRYPTO_memcmp(stored.at, line.mac, sizeof line.mac) != 0))
            e = ERR_CORRUPT;
        if (e == ERR_OK && fn != NULL)
            e = fn(arg, &line);
        if (e == ERR_OK) {
            *last = line.number;
            memcpy(head, line.mac, VAULT_AUDIT_MAC_LEN);
        }
    }
    sql_stop(v->sql, VAULT_Q_AUDIT_EACH);
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}
