#include "ota/core/sql.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define BUSY_TIMEOUT_MS 10000

struct sql {
    sqlite3 *db;
    const struct sql_file *file;
    sqlite3_stmt *prepared[]; /* by statement id; NULL until its first use */
};

static const struct {
    int code;
    enum err e;
} error_rows[] = {
    {SQLITE_OK, ERR_OK},          {SQLITE_ROW, ERR_OK},
    {SQLITE_DONE, ERR_NOT_FOUND}, {SQLITE_CONSTRAINT, ERR_EXISTS},
    {SQLITE_BUSY, ERR_BUSY},      {SQLITE_LOCKED, ERR_BUSY},
    {SQLITE_NOMEM, ERR_NOMEM},    {SQLITE_CORRUPT, ERR_CORRUPT},
    {SQLITE_NOTADB, ERR_CORRUPT},
};

static enum err from_sqlite(int code)
{
    for (size_t i = 0; i < ARRAY_LEN(error_rows); i++) {
        if (error_rows[i].code == (code & 0xFF))
            return error_rows[i].e;
    }
    return ERR_IO;
}

static enum err run_text(struct sql *s, const char *text)
{
    return from_sqlite(sqlite3_exec(s->db, text, NULL, NULL, NULL));
}

/* One integer that a query without arguments gives. */
static enum err ask(struct sql *s, const char *query, int64_t *answer)
{
    sqlite3_stmt *stmt = NULL;
    enum err e = from_sqlite(sqlite3_prepare_v2(s->db, query, -1, &stmt, NULL));

    if (e == ERR_OK)
        e = from_sqlite(sqlite3_step(stmt));
    if (e == ERR_OK)
        *answer = sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    return e;
}

/* Only once the file is known to be ours: the first of these changes it. */
static enum err configure(struct sql *s)
{
    return run_text(s, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                       "PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON;"
                       "PRAGMA temp_store = MEMORY;");
}

static enum err open_handle(const char *path, const struct sql_file *file, struct sql **out)
{
    struct sql *s = calloc(1, sizeof *s + file->statement_count * sizeof s->prepared[0]);
    enum err e;

    if (s == NULL)
        return ERR_NOMEM;
    s->file = file;
    e = from_sqlite(sqlite3_open_v2(path, &s->db, SQLITE_OPEN_READWRITE, NULL));
    if (e == ERR_OK)
        e = from_sqlite(sqlite3_busy_timeout(s->db, BUSY_TIMEOUT_MS));
    if (e == ERR_OK)
        e = run_text(s, "PRAGMA trusted_schema = OFF");
    if (e == ERR_OK)
        *out = s;
    else
        sql_close(&s);
    return e;
}

/* Mode 0600 from the first moment; SQLite gives its log and index files the mode of this one. */
static enum err touch(const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0)
        return ERR_IO;
    close(fd);
    return ERR_OK;
}

static enum err write_schema(struct sql *s)
{
    int64_t tables;
    char pragmas[96];
    enum err e = ask(s, "SELECT count(*) FROM sqlite_master", &tables);

    if (e != ERR_OK)
        return e;
    if (tables != 0)
        return ERR_EXISTS;
    snprintf(pragmas, sizeof pragmas, "PRAGMA application_id = %u; PRAGMA user_version = %d;",
             (unsigned)s->file->application_id, s->file->version);
    e = run_text(s, s->file->schema);
    return e != ERR_OK ? e : run_text(s, pragmas);
}

enum err sql_create(const char *path, const struct sql_file *file, struct sql **out)
{
    struct sql *s = NULL;
    enum err e = touch(path);

    if (e == ERR_OK)
        e = open_handle(path, file, &s);
    if (e == ERR_OK)
        e = sql_begin(s);
    if (e == ERR_OK)
        e = write_schema(s);
    if (e == ERR_CORRUPT)
        e = ERR_EXISTS; /* whatever it is, it is not ours to overwrite */
    if (e == ERR_OK)
        e = sql_commit(s);
    if (e == ERR_OK)
        e = configure(s);
    if (e == ERR_OK)
        *out = s;
    else
        sql_close(&s);
    return e;
}

static enum err check_identity(struct sql *s)
{
    int64_t id, version, tables;
    enum err e = ask(s, "PRAGMA application_id", &id);

    if (e == ERR_OK)
        e = ask(s, "PRAGMA user_version", &version);
    if (e == ERR_OK)
        e = ask(s, "SELECT count(*) FROM sqlite_master", &tables);
    if (e != ERR_OK)
        return e;
    if (version == 0 && tables == 0)
        return ERR_NOT_FOUND;
    if (s->file->application_id != 0 && id != (int64_t)s->file->application_id)
        return ERR_CORRUPT;
    return version == s->file->version ? ERR_OK : ERR_UNSUPPORTED;
}

enum err sql_open(const char *path, const struct sql_file *file, struct sql **out)
{
    struct sql *s = NULL;
    enum err e;

    if (access(path, F_OK) != 0)
        return errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;
    e = open_handle(path, file, &s);
    if (e == ERR_OK)
        e = check_identity(s);
    if (e == ERR_OK)
        e = configure(s);
    if (e == ERR_OK)
        *out = s;
    else
        sql_close(&s);
    return e;
}

void sql_close(struct sql **s)
{
    if (*s == NULL)
        return;
    for (size_t i = 0; i < (*s)->file->statement_count; i++)
        sqlite3_finalize((*s)->prepared[i]);
    sqlite3_close((*s)->db);
    free(*s);
    *s = NULL;
}

enum err sql_begin(struct sql *s)
{
    return run_text(s, "BEGIN IMMEDIATE");
}

enum err sql_commit(struct sql *s)
{
    return run_text(s, "COMMIT");
}

void sql_rollback(struct sql *s)
{
    if (sql_in_transaction(s))
        sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
}

bool sql_in_transaction(const struct sql *s)
{
    return sqlite3_get_autocommit(s->db) == 0;
}

static int bind(sqlite3_stmt *stmt, int at, const struct sql_value *v)
{
    static const uint8_t nothing[1] = {0};

    switch (v->kind) {
    case SQL_IS_I64:
        return sqlite3_bind_int64(stmt, at, v->i64);
    case SQL_IS_TEXT:
        return sqlite3_bind_text(stmt, at, v->text, -1, SQLITE_STATIC);
    case SQL_IS_BLOB:
        return sqlite3_bind_blob64(stmt, at, v->bytes.at != NULL ? v->bytes.at : nothing,
                                   v->bytes.left, SQLITE_STATIC);
    case SQL_IS_NULL:
        break;
    }
    return sqlite3_bind_null(stmt, at);
}

enum err sql_start(struct sql *s, int id, const struct sql_value *values, size_t count)
{
    sqlite3_stmt **stmt = &s->prepared[id];
    int code = SQLITE_OK;

    if (*stmt == NULL)
        code = sqlite3_prepare_v3(s->db, s->file->statements[id], -1, SQLITE_PREPARE_PERSISTENT,
                                  stmt, NULL);
    else
        sqlite3_reset(*stmt);
    for (size_t i = 0; code == SQLITE_OK && i < count; i++)
        code = bind(*stmt, (int)i + 1, &values[i]);
    return from_sqlite(code);
}

enum err sql_next(struct sql *s, int id)
{
    return from_sqlite(sqlite3_step(s->prepared[id]));
}

void sql_stop(struct sql *s, int id)
{
    if (s->prepared[id] == NULL)
        return;
    sqlite3_reset(s->prepared[id]);
    sqlite3_clear_bindings(s->prepared[id]);
}

enum err sql_run(struct sql *s, int id, const struct sql_value *values, size_t count)
{
    enum err e = sql_first(s, id, values, count);

    sql_stop(s, id);
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

enum err sql_first(struct sql *s, int id, const struct sql_value *values, size_t count)
{
    enum err e = sql_start(s, id, values, count);

    return e != ERR_OK ? e : sql_next(s, id);
}

bool sql_is_null(struct sql *s, int id, int column)
{
    return sqlite3_column_type(s->prepared[id], column) == SQLITE_NULL;
}

int64_t sql_i64(struct sql *s, int id, int column)
{
    return sqlite3_column_int64(s->prepared[id], column);
}

const char *sql_text(struct sql *s, int id, int column)
{
    const unsigned char *text = sqlite3_column_text(s->prepared[id], column);

    return text != NULL ? (const char *)text : "";
}

struct rd sql_blob(struct sql *s, int id, int column)
{
    const uint8_t *at = sqlite3_column_blob(s->prepared[id], column);

    return RD(at, at == NULL ? 0 : (size_t)sqlite3_column_bytes(s->prepared[id], column));
}

int64_t sql_changes(struct sql *s)
{
    return sqlite3_changes64(s->db);
}

int64_t sql_last_id(struct sql *s)
{
    return sqlite3_last_insert_rowid(s->db);
}
