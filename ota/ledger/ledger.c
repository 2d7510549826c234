/*
 * ledger.c - opening, transactions, and the right to serve.
 *
 * Beside the ledger lies PATH-server: one line, the generation of the last server in 20 digits,
 * and the lock of the running one. It is written before the ledger's own number, so that a crash
 * between the two looks like an older copy, never like a clean end.
 */
#include "ota/ledger/file.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define SKIP_MAX   (1 << 19)
#define MARK_LEN   21 /* 20 digits and a line end */
#define CHECK_TEXT "the key-encryption key of this ledger"

static const struct vault_wrap_place check_place = {.iccid = "", .index = 0, .column = "ledger"};

static enum err meta_set(struct ledger *l, const char *name, int64_t value)
{
    return sql_run(l->sql, LEDGER_Q_META_SET, SQL_ARGS(SQL_TEXT(name), SQL_I64(value)));
}

/* 0 when it was never set. */
static enum err meta_get(struct ledger *l, const char *name, int64_t *value)
{
    enum err e = sql_first(l->sql, LEDGER_Q_META_GET, SQL_ARGS(SQL_TEXT(name)));

    if (e == ERR_OK || e == ERR_NOT_FOUND)
        *value = e == ERR_OK ? sql_i64(l->sql, LEDGER_Q_META_GET, 0) : 0;
    sql_stop(l->sql, LEDGER_Q_META_GET);
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

static enum err store_check(struct ledger *l)
{
    uint8_t wrapped[VAULT_WRAP_LEN(sizeof CHECK_TEXT)];
    struct wr w = WR_ARRAY(wrapped);
    enum err e = vault_wrap_seal(l->wrap, &check_place,
                                 RD((const uint8_t *)CHECK_TEXT, sizeof CHECK_TEXT), &w);

    if (e != ERR_OK)
        return e;
    return sql_run(l->sql, LEDGER_Q_META_SET, SQL_ARGS(SQL_TEXT("kek"), SQL_BLOB(RD_WR(&w))));
}

/* A crash between making the file and storing the check leaves none: any key may take the empty
 * ledger over. */
static enum err verify_check(struct ledger *l)
{
    uint8_t plain[VAULT_WRAP_LEN(sizeof CHECK_TEXT)];
    struct wr w = WR_ARRAY(plain);
    enum err e = sql_first(l->sql, LEDGER_Q_META_GET, SQL_ARGS(SQL_TEXT("kek")));

    if (e == ERR_OK)
        e = vault_wrap_open(l->wrap, &check_place, sql_blob(l->sql, LEDGER_Q_META_GET, 0), &w);
    sql_stop(l->sql, LEDGER_Q_META_GET);
    if (e == ERR_NOT_FOUND)
        return store_check(l);
    return e == ERR_MAC || e == ERR_FORMAT ? ERR_KEY : e;
}

static enum err open_file(struct ledger *l, const char *path, bool create)
{
    enum err e = sql_open(path, &ledger_file, &l->sql);

    /* Not there, or left empty by a crash while it was made. */
    if (create && (e == ERR_NOT_FOUND || e == ERR_CORRUPT || e == ERR_UNSUPPORTED)) {
        enum err made = sql_create(path, &ledger_file, &l->sql);

        if (made == ERR_OK || e == ERR_NOT_FOUND)
            e = made;
        /* Another process may have made it meanwhile. */
        if (made == ERR_EXISTS)
            e = sql_open(path, &ledger_file, &l->sql);
    }
    return e;
}

enum err ledger_open(const char *path, const struct secret *kek, bool create, struct ledger **out)
{
    struct ledger *l = calloc(1, sizeof *l);
    enum err e = ERR_OK;

    if (!l)
        return ERR_NOMEM;
    l->mark_fd = -1;
    if ((size_t)snprintf(l->mark_path, sizeof l->mark_path, "%s-server", path) >=
        sizeof l->mark_path)
        e = ERR_RANGE;
    if (e == ERR_OK)
        e = vault_wrap_new(kek, &l->wrap);
    if (e == ERR_OK)
        e = open_file(l, path, create);
    if (e == ERR_OK)
        e = verify_check(l);
    if (e == ERR_OK)
        *out = l;
    else
        ledger_close(&l);
    return e;
}

void ledger_close(struct ledger **l)
{
    if (!*l)
        return;
    sql_close(&(*l)->sql);
    vault_wrap_free(&(*l)->wrap);
    if ((*l)->mark_fd >= 0)
        close((*l)->mark_fd);
    free(*l);
    *l = NULL;
}

enum err ledger_begin(struct ledger *l)
{
    int64_t generation;
    enum err e = sql_begin(l->sql);

    if (e != ERR_OK || l->mark_fd < 0)
        return e;
    e = meta_get(l, "generation", &generation);
    if (e == ERR_OK && generation != l->generation)
        e = ERR_DENIED;
    /* Another process may have asked for a jump since. */
    if (e == ERR_OK)
        e = meta_get(l, "skip_total", &l->skip_total);
    if (e != ERR_OK)
        sql_rollback(l->sql);
    return e;
}

enum err ledger_commit(struct ledger *l)
{
    return sql_commit(l->sql);
}

void ledger_rollback(struct ledger *l)
{
    sql_rollback(l->sql);
}

static enum err lock_mark(struct ledger *l)
{
    int fd = open(l->mark_path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0)
        return ERR_IO;
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        close(fd);
        return ERR_BUSY;
    }
    l->mark_fd = fd;
    return ERR_OK;
}

/* -1 when there is no readable number: whatever it was, it does not agree with the ledger. */
static int64_t read_mark(const struct ledger *l)
{
    char text[MARK_LEN + 1] = "";
    char *end;
    long long value;

    if (pread(l->mark_fd, text, MARK_LEN, 0) != MARK_LEN)
        return -1;
    value = strtoll(text, &end, 10);
    return *end == '\n' && value >= 0 ? value : -1;
}

static enum err write_mark(const struct ledger *l, int64_t generation)
{
    char text[MARK_LEN + 1];

    snprintf(text, sizeof text, "%020lld\n", (long long)generation);
    if (pwrite(l->mark_fd, text, MARK_LEN, 0) != MARK_LEN || fdatasync(l->mark_fd) != 0)
        return ERR_IO;
    return ERR_OK;
}

static enum err add_skip(struct ledger *l, uint64_t count)
{
    return sql_run(l->sql, LEDGER_Q_SKIP, SQL_ARGS(SQL_I64(count)));
}

static enum ledger_start judge(int64_t generation, int64_t clean, int64_t mark)
{
    if (generation == 0 && mark < 0)
        return LEDGER_FIRST;
    return clean == 1 && generation == mark ? LEDGER_CLEAN : LEDGER_SKIPPED;
}

static enum err take_over(struct ledger *l, uint64_t counter_skip, enum ledger_start *how)
{
    int64_t generation = 0, clean = 0, mark = read_mark(l);
    enum err e = meta_get(l, "generation", &generation);

    if (e == ERR_OK)
        e = meta_get(l, "clean", &clean);
    if (e != ERR_OK)
        return e;
    *how = judge(generation, clean, mark);
    l->generation = (generation > mark ? generation : mark) + 1;
    e = write_mark(l, l->generation);
    if (e == ERR_OK && *how == LEDGER_SKIPPED)
        e = add_skip(l, counter_skip);
    if (e == ERR_OK)
        e = meta_set(l, "generation", l->generation);
    if (e == ERR_OK)
        e = meta_set(l, "clean", 0);
    return e == ERR_OK ? meta_get(l, "skip_total", &l->skip_total) : e;
}

enum err ledger_serve(struct ledger *l, uint64_t counter_skip, enum ledger_start *how)
{
    enum err e;

    if (counter_skip < 1 || counter_skip > SKIP_MAX)
        return ERR_RANGE;
    if (l->mark_fd >= 0)
        return ERR_CONDITIONS;
    e = lock_mark(l);
    if (e != ERR_OK)
        return e;
    e = sql_begin(l->sql);
    if (e == ERR_OK)
        e = take_over(l, counter_skip, how);
    if (e == ERR_OK)
        e = sql_commit(l->sql);
    if (e != ERR_OK) {
        sql_rollback(l->sql);
        close(l->mark_fd);
        l->mark_fd = -1;
    }
    return e;
}

enum err ledger_retire(struct ledger *l)
{
    enum err e;

    if (l->mark_fd < 0)
        return ERR_CONDITIONS;
    e = ledger_begin(l);
    if (e == ERR_OK)
        e = meta_set(l, "clean", 1);
    if (e == ERR_OK)
        e = ledger_commit(l);
    ledger_rollback(l);
    close(l->mark_fd);
    l->mark_fd = -1;
    return e;
}

enum err ledger_skip_counters(struct ledger *l, uint64_t count)
{
    bool own = !sql_in_transaction(l->sql);
    enum err e = ERR_OK;

    if (count < 1 || count > SKIP_MAX)
        return ERR_RANGE;
    if (own)
        e = ledger_begin(l);
    if (e == ERR_OK)
        e = add_skip(l, count);
    if (e == ERR_OK && own)
        e = ledger_commit(l);
    if (e == ERR_OK)
        return meta_get(l, "skip_total", &l->skip_total);
    if (own)
        ledger_rollback(l);
    return e;
}

enum err ledger_note(struct ledger *l, const char *kind, int64_t campaign_id, int64_t card_id,
                     const char *text)
{
    return sql_run(
        l->sql, LEDGER_Q_NOTE,
        SQL_ARGS(SQL_TEXT(kind), SQL_I64(campaign_id), SQL_I64(card_id), SQL_TEXT(text)));
}
