#include "ota/ledger/file.h"

#include <string.h>

#define INDEX_MAX 15

static const char *const states[] = {
    [LEDGER_PLANNED] = "planned", [LEDGER_SENT] = "sent",         [LEDGER_DELIVERED] = "delivered",
    [LEDGER_PROVED] = "proved",   [LEDGER_ATTACHED] = "attached", [LEDGER_FAILED] = "failed",
    [LEDGER_UNKNOWN] = "unknown", [LEDGER_UNDONE] = "undone",
};

const char *ledger_job_state_text(enum ledger_job_state s)
{
    return (size_t)s < ARRAY_LEN(states) ? states[s] : "unknown state";
}

/* A change of who may command the card. */
static bool is_change(enum ledger_method m)
{
    return m == LEDGER_3B || m == LEDGER_3A || m == LEDGER_RENEW || m == LEDGER_RENEW_K;
}

static enum err may_change(struct ledger *l, const struct ledger_card *card)
{
    enum err e;

    if (card->owner != LEDGER_OURS)
        return ERR_DENIED;
    e = sql_first(l->sql, LEDGER_Q_JOB_BUSY, SQL_ARGS(SQL_I64(card->id)));
    sql_stop(l->sql, LEDGER_Q_JOB_BUSY);
    if (e == ERR_OK)
        return ERR_CONDITIONS;
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

enum err ledger_job_add(struct ledger *l, const struct ledger_campaign *c, const char *iccid,
                        const char *new_imsi, const char *new_msisdn)
{
    struct ledger_card card;
    unsigned to_index = 0;
    enum err e = ledger_card_by_iccid(l, iccid, &card);

    if (e == ERR_OK && is_change(c->method))
        e = may_change(l, &card);
    if (e == ERR_OK && c->method == LEDGER_3B)
        to_index = card.key_index + 1U;
    if (e == ERR_OK && to_index > INDEX_MAX)
        e = ERR_RANGE;
    if (e != ERR_OK)
        return e;
    return sql_run(l->sql, LEDGER_Q_JOB_ADD,
                   SQL_ARGS(SQL_I64(c->id), SQL_I64(card.id), SQL_TEXT(new_imsi),
                            SQL_TEXT(new_msisdn), SQL_I64(to_index)));
}

static enum err read_texts(struct ledger *l, int id, struct ledger_job *j)
{
    struct {
        int column;
        char *out;
        size_t size;
    } const fields[] = {
        {3, j->iccid, sizeof j->iccid},
        {4, j->imsi, sizeof j->imsi},
        {5, j->msisdn, sizeof j->msisdn},
        {9, j->new_imsi, sizeof j->new_imsi},
        {10, j->new_msisdn, sizeof j->new_msisdn},
        {15, j->result, sizeof j->result},
        {16, j->hint, sizeof j->hint},
    };

    for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
        enum err e = ledger_copy_text(l, id, fields[i].column, fields[i].out, fields[i].size);

        if (e != ERR_OK)
            return e;
    }
    return ERR_OK;
}

static enum err read_numbers(struct ledger *l, int id, struct ledger_job *j)
{
    unsigned index, owner, state, to_index;
    struct {
        int column;
        unsigned max;
        unsigned *out;
    } const fields[] = {
        {6, INDEX_MAX, &index},     {7, LEDGER_MOVED, &owner},   {8, LEDGER_JOB_STATES - 1, &state},
        {11, INDEX_MAX, &to_index}, {12, UINT32_MAX, &j->tries}, {13, UINT32_MAX, &j->asks},
    };

    for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
        enum err e = ledger_small(l, id, fields[i].column, fields[i].max, fields[i].out);

        if (e != ERR_OK)
            return e;
    }
    j->key_index = (uint8_t)index;
    j->owner = (enum ledger_owner)owner;
    j->state = (enum ledger_job_state)state;
    j->to_index = (uint8_t)to_index;
    j->command_counter = (uint64_t)sql_i64(l->sql, id, 14);
    return ERR_OK;
}

static enum err read_job(struct ledger *l, int id, struct ledger_job *out)
{
    struct ledger_job j = {
        .id = sql_i64(l->sql, id, 0),
        .campaign_id = sql_i64(l->sql, id, 1),
        .card_id = sql_i64(l->sql, id, 2),
        .created_ms = sql_i64(l->sql, id, 17),
        .sent_ms = sql_i64(l->sql, id, 18),
        .ended_ms = sql_i64(l->sql, id, 19),
    };
    enum err e = read_texts(l, id, &j);

    if (e == ERR_OK)
        e = read_numbers(l, id, &j);
    if (e == ERR_OK)
        *out = j;
    return e;
}

static enum err find_job(struct ledger *l, int id, int64_t by, struct ledger_job *out)
{
    enum err e = sql_first(l->sql, id, SQL_ARGS(SQL_I64(by)));

    if (e == ERR_OK)
        e = read_job(l, id, out);
    sql_stop(l->sql, id);
    return e;
}

enum err ledger_job_next(struct ledger *l, int64_t campaign_id, struct ledger_job *out)
{
    return find_job(l, LEDGER_Q_JOB_NEXT, campaign_id, out);
}

enum err ledger_job_by_id(struct ledger *l, int64_t id, struct ledger_job *out)
{
    return find_job(l, LEDGER_Q_JOB_BY_ID, id, out);
}

enum err ledger_job_each(struct ledger *l, int64_t campaign_id,
                         enum err (*each)(void *context, const struct ledger_job *), void *context)
{
    const int id = LEDGER_Q_JOB_EACH;
    struct ledger_job job;
    enum err e = sql_start(l->sql, id, SQL_ARGS(SQL_I64(campaign_id)));

    while (e == ERR_OK) {
        e = sql_next(l->sql, id);
        if (e == ERR_NOT_FOUND)
            break;
        if (e == ERR_OK)
            e = read_job(l, id, &job);
        if (e == ERR_OK)
            e = each(context, &job);
    }
    sql_stop(l->sql, id);
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

enum err ledger_job_update(struct ledger *l, const struct ledger_job *job,
                           enum ledger_job_state from)
{
    enum err e =
        sql_run(l->sql, LEDGER_Q_JOB_UPDATE,
                SQL_ARGS(SQL_I64(job->id), SQL_I64(from), SQL_I64(job->state), SQL_I64(job->tries),
                         SQL_I64(job->asks), SQL_I64(job->command_counter), SQL_TEXT(job->result),
                         SQL_TEXT(job->hint)));

    return e == ERR_OK && sql_changes(l->sql) != 1 ? ERR_CONDITIONS : e;
}
