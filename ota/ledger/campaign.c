#include "ota/ledger/file.h"

#include <string.h>

static const char *const methods[] = {
    [LEDGER_3B] = "3b",         [LEDGER_3A] = "3a",       [LEDGER_RENEW] = "renew",
    [LEDGER_SCRIPT] = "script", [LEDGER_QUERY] = "query", [LEDGER_RENEW_K] = "renew-k",
};

static const char *const states[] = {
    [LEDGER_DRAFT] = "draft",         [LEDGER_RUNNING] = "running",   [LEDGER_PAUSED] = "paused",
    [LEDGER_CANCELLED] = "cancelled", [LEDGER_FINISHED] = "finished",
};

/* State to come -> the states it may come from, as bits. */
static const unsigned allowed[] = {
    [LEDGER_DRAFT] = 0,
    [LEDGER_RUNNING] = 1U << LEDGER_DRAFT | 1U << LEDGER_PAUSED,
    [LEDGER_PAUSED] = 1U << LEDGER_RUNNING,
    [LEDGER_CANCELLED] = 1U << LEDGER_DRAFT | 1U << LEDGER_RUNNING | 1U << LEDGER_PAUSED,
    [LEDGER_FINISHED] = 1U << LEDGER_RUNNING,
};

const char *ledger_method_text(enum ledger_method m)
{
    return (size_t)m < ARRAY_LEN(methods) ? methods[m] : "unknown";
}

enum err ledger_method_from_text(const char *text, enum ledger_method *m)
{
    for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
        if (strcmp(methods[i], text) == 0) {
            *m = (enum ledger_method)i;
            return ERR_OK;
        }
    }
    return ERR_FORMAT;
}

const char *ledger_campaign_state_text(enum ledger_campaign_state s)
{
    return (size_t)s < ARRAY_LEN(states) ? states[s] : "unknown";
}

void ledger_campaign_defaults(struct ledger_campaign *c, enum ledger_method method)
{
    *c = (struct ledger_campaign){
        .method = method,
        /* CC, ciphered, counter above; proof with CC, ciphered, by SMS-SUBMIT */
        .spi = {SPI1_CHECK_CC | SPI1_CIPHER | SPI1_COUNTER_ABOVE,
                SPI2_POR_ALWAYS | SPI2_CHECK_CC | SPI2_CIPHER | SPI2_BY_SUBMIT},
        .timeout_ms = 30000,
        .tries = 5,
        .stop_percent = 100,
        .mnc_len = 2,
    };
}

static enum err check_campaign(const struct ledger_campaign *c)
{
    size_t len = strlen(c->name);

    if (len == 0 || len > LEDGER_NAME_MAX || c->script_len > sizeof c->script)
        return ERR_RANGE;
    if (c->timeout_ms == 0 || c->tries == 0 || c->stop_percent > 100)
        return ERR_RANGE;
    return c->mnc_len == 2 || c->mnc_len == 3 ? ERR_OK : ERR_RANGE;
}

enum err ledger_campaign_add(struct ledger *l, struct ledger_campaign *c)
{
    enum err e = check_campaign(c);

    if (e != ERR_OK)
        return e;
    e = sql_run(l->sql, LEDGER_Q_CAMPAIGN_ADD,
                SQL_ARGS(SQL_TEXT(c->name), SQL_I64(c->method), SQL_TEXT(c->list),
                         SQL_BLOB(RD_ARRAY(c->spi)), SQL_BLOB(RD_ARRAY(c->tar)),
                         SQL_I64(c->timeout_ms), SQL_I64(c->tries), SQL_I64(c->rate),
                         SQL_I64(c->canary), SQL_I64(c->stop_percent), SQL_I64(c->trial_polls),
                         SQL_I64(c->trial_seconds), SQL_I64(c->mnc_len), SQL_TEXT(c->spn),
                         SQL_TEXT(c->smsc), SQL_BLOB(RD(c->script, c->script_len))));
    if (e == ERR_OK)
        c->id = sql_last_id(l->sql);
    return e;
}

static enum err copy_blob(struct ledger *l, int id, int column, void *out, size_t size)
{
    struct rd bytes = sql_blob(l->sql, id, column);

    return bytes.left == size && rd_copy(&bytes, out, size) == ERR_OK ? ERR_OK : ERR_CORRUPT;
}

static enum err read_texts(struct ledger *l, int id, struct ledger_campaign *c)
{
    enum err e = ledger_copy_text(l, id, 1, c->name, sizeof c->name);

    if (e == ERR_OK)
        e = ledger_copy_text(l, id, 4, c->reason, sizeof c->reason);
    if (e == ERR_OK)
        e = ledger_copy_text(l, id, 5, c->list, sizeof c->list);
    if (e == ERR_OK)
        e = ledger_copy_text(l, id, 16, c->spn, sizeof c->spn);
    return e == ERR_OK ? ledger_copy_text(l, id, 17, c->smsc, sizeof c->smsc) : e;
}

static enum err read_script(struct ledger *l, int id, struct ledger_campaign *c)
{
    struct rd bytes = sql_blob(l->sql, id, 18);

    if (bytes.left > sizeof c->script)
        return ERR_CORRUPT;
    c->script_len = bytes.left;
    return bytes.left ? rd_copy(&bytes, c->script, bytes.left) : ERR_OK;
}

static enum err read_numbers(struct ledger *l, int id, struct ledger_campaign *c)
{
    unsigned method, state, polls, mnc_len;
    struct {
        int column;
        unsigned max;
        unsigned *out;
    } const fields[] = {
        {2, LEDGER_RENEW_K, &method},        {3, LEDGER_FINISHED, &state},
        {8, UINT32_MAX, &c->timeout_ms},     {9, UINT32_MAX, &c->tries},
        {10, UINT32_MAX, &c->rate},          {11, UINT32_MAX, &c->canary},
        {12, 100, &c->stop_percent},         {13, UINT16_MAX, &polls},
        {14, UINT32_MAX, &c->trial_seconds}, {15, 3, &mnc_len},
    };

    for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
        enum err e = ledger_small(l, id, fields[i].column, fields[i].max, fields[i].out);

        if (e != ERR_OK)
            return e;
    }
    c->method = (enum ledger_method)method;
    c->state = (enum ledger_campaign_state)state;
    c->trial_polls = (uint16_t)polls;
    c->mnc_len = (uint8_t)mnc_len;
    return ERR_OK;
}

static enum err read_campaign(struct ledger *l, int id, struct ledger_campaign *out)
{
    struct ledger_campaign c = {.id = sql_i64(l->sql, id, 0)};
    enum err e = read_texts(l, id, &c);

    if (e == ERR_OK)
        e = read_numbers(l, id, &c);
    if (e == ERR_OK)
        e = copy_blob(l, id, 6, c.spi, sizeof c.spi);
    if (e == ERR_OK)
        e = copy_blob(l, id, 7, c.tar, sizeof c.tar);
    if (e == ERR_OK)
        e = read_script(l, id, &c);
    if (e != ERR_OK)
        return e;
    c.created_ms = sql_i64(l->sql, id, 19);
    c.started_ms = sql_i64(l->sql, id, 20);
    c.ended_ms = sql_i64(l->sql, id, 21);
    *out = c;
    return ERR_OK;
}

static enum err find_campaign(struct ledger *l, int id, struct sql_value by,
                              struct ledger_campaign *out)
{
    enum err e = sql_first(l->sql, id, &by, 1);

    if (e == ERR_OK)
        e = read_campaign(l, id, out);
    sql_stop(l->sql, id);
    return e;
}

enum err ledger_campaign_by_name(struct ledger *l, const char *name, struct ledger_campaign *out)
{
    return find_campaign(l, LEDGER_Q_CAMPAIGN_BY_NAME, SQL_TEXT(name), out);
}

enum err ledger_campaign_by_id(struct ledger *l, int64_t id, struct ledger_campaign *out)
{
    return find_campaign(l, LEDGER_Q_CAMPAIGN_BY_ID, SQL_I64(id), out);
}

enum err ledger_campaign_each(struct ledger *l,
                              enum err (*each)(void *context, const struct ledger_campaign *),
                              void *context)
{
    const int id = LEDGER_Q_CAMPAIGN_EACH;
    struct ledger_campaign campaign;
    enum err e = sql_start(l->sql, id, SQL_NONE);

    while (e == ERR_OK) {
        e = sql_next(l->sql, id);
        if (e == ERR_NOT_FOUND)
            break;
        if (e == ERR_OK)
            e = read_campaign(l, id, &campaign);
        if (e == ERR_OK)
            e = each(context, &campaign);
    }
    sql_stop(l->sql, id);
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

enum err ledger_campaign_running(struct ledger *l, int64_t *ids, size_t max, size_t *count)
{
    const int id = LEDGER_Q_CAMPAIGN_RUNNING;
    size_t n = 0;
    enum err e = sql_start(l->sql, id, SQL_ARGS(SQL_I64(max)));

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

enum err ledger_campaign_set_state(struct ledger *l, int64_t id, enum ledger_campaign_state state,
                                   const char *reason)
{
    struct ledger_campaign c;
    enum err e =
        sql_run(l->sql, LEDGER_Q_CAMPAIGN_STATE,
                SQL_ARGS(SQL_I64(id), SQL_I64(state), SQL_TEXT(reason), SQL_I64(allowed[state])));

    if (e != ERR_OK)
        return e;
    if (sql_changes(l->sql) != 1) {
        e = ledger_campaign_by_id(l, id, &c);
        return e == ERR_OK ? ERR_CONDITIONS : e;
    }
    if (state == LEDGER_CANCELLED)
        e = sql_run(l->sql, LEDGER_Q_JOBS_CANCEL, SQL_ARGS(SQL_I64(id)));
    return e;
}

enum err ledger_campaign_count(struct ledger *l, int64_t id, struct ledger_counts *out)
{
    const int query = LEDGER_Q_CAMPAIGN_COUNT;
    struct ledger_counts counts = {0};
    enum err e = sql_start(l->sql, query, SQL_ARGS(SQL_I64(id)));

    while (e == ERR_OK) {
        unsigned state;

        e = sql_next(l->sql, query);
        if (e == ERR_NOT_FOUND)
            break;
        if (e == ERR_OK)
            e = ledger_small(l, query, 0, LEDGER_JOB_STATES - 1, &state);
        if (e == ERR_OK) {
            counts.jobs[state] = (uint64_t)sql_i64(l->sql, query, 1);
            counts.total += counts.jobs[state];
        }
    }
    sql_stop(l->sql, query);
    if (e != ERR_NOT_FOUND)
        return e;
    *out = counts;
    return ERR_OK;
}
