#include "ota/core/text.h"
#include "ota/oplist/inside.h"

#include <string.h>

static const char *const stages[] = {
    [OPLIST_LISTED] = "listed",
    [OPLIST_MOVED] = "moved",
    [OPLIST_ACTIVE] = "active",
    [OPLIST_CONFIRMED] = "confirmed",
};

const char *oplist_stage_text(enum oplist_stage stage)
{
    size_t i = (size_t)stage;

    return i < ARRAY_LEN(stages) && stages[i] != NULL ? stages[i] : "unknown stage";
}

enum err oplist_party_assign(struct oplist_party *p, const struct oplist_assignment *a)
{
    enum err e = sql_run(
        p->sql, OPLIST_Q_ASSIGN,
        SQL_ARGS(SQL_TEXT(a->iccid), SQL_TEXT(a->imsi), SQL_TEXT(a->msisdn), SQL_TEXT(a->from)));

    return e == ERR_OK && sql_changes(p->sql) == 0 ? ERR_CONDITIONS : e;
}

static enum err take_text(struct oplist_party *p, int id, int column, char *out, size_t cap)
{
    const char *text = sql_text(p->sql, id, column);

    return text_copy(out, cap, text) ? ERR_OK : ERR_CORRUPT;
}

static enum err take_assignment(struct oplist_party *p, int id, struct oplist_assignment *out)
{
    struct oplist_assignment a = {.index = (uint8_t)sql_i64(p->sql, id, 4),
                                  .stage = (enum oplist_stage)sql_i64(p->sql, id, 5)};
    enum err e = take_text(p, id, 0, a.iccid, sizeof a.iccid);

    if (e == ERR_OK)
        e = take_text(p, id, 1, a.imsi, sizeof a.imsi);
    if (e == ERR_OK)
        e = take_text(p, id, 2, a.msisdn, sizeof a.msisdn);
    if (e == ERR_OK)
        e = take_text(p, id, 3, a.from, sizeof a.from);
    if (e == ERR_OK)
        *out = a;
    return e;
}

enum err oplist_party_assignment(struct oplist_party *p, const char *iccid,
                                 struct oplist_assignment *a)
{
    enum err e = sql_first(p->sql, OPLIST_Q_ASSIGNMENT, SQL_ARGS(SQL_TEXT(iccid)));

    if (e == ERR_OK)
        e = take_assignment(p, OPLIST_Q_ASSIGNMENT, a);
    sql_stop(p->sql, OPLIST_Q_ASSIGNMENT);
    return e;
}

enum err oplist_party_advance(struct oplist_party *p, const char *iccid, uint8_t index,
                              enum oplist_stage stage)
{
    struct oplist_assignment a;
    enum err e = oplist_party_assignment(p, iccid, &a);

    if (e != ERR_OK)
        return e;
    if (a.index != 0 && a.index != index)
        return ERR_CONDITIONS;
    return sql_run(p->sql, OPLIST_Q_ADVANCE,
                   SQL_ARGS(SQL_TEXT(iccid), SQL_I64(index), SQL_I64(stage)));
}

enum err oplist_party_moved(struct oplist_party *p, const char *iccid, uint8_t index,
                            const char *msisdn)
{
    enum err e = oplist_party_advance(p, iccid, index, OPLIST_MOVED);

    if (e == ERR_OK)
        e = sql_run(p->sql, OPLIST_Q_NUMBER, SQL_ARGS(SQL_TEXT(iccid), SQL_TEXT(msisdn)));
    return e;
}

enum err oplist_party_assignments(struct oplist_party *p, oplist_assignment_fn *fn, void *arg)
{
    struct oplist_assignment a;
    enum err e = sql_start(p->sql, OPLIST_Q_ASSIGNMENTS, SQL_NONE);

    while (e == ERR_OK && (e = sql_next(p->sql, OPLIST_Q_ASSIGNMENTS)) == ERR_OK) {
        e = take_assignment(p, OPLIST_Q_ASSIGNMENTS, &a);
        if (e == ERR_OK)
            e = fn(arg, &a);
    }
    sql_stop(p->sql, OPLIST_Q_ASSIGNMENTS);
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}
