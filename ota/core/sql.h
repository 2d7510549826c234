/*
 * sql.h - the only door to SQLite: files with a schema, statements from a table.
 *
 * A module that keeps a file describes it once (struct sql_file): schema, version,
 * and its statements indexed by an enum of its own. Statements are prepared on
 * first use and kept. A handle belongs to one thread; any number of processes
 * may open the same file.
 *
 *   sql_start(s, Q_FIND, SQL_ARGS(SQL_TEXT(iccid), SQL_I64(index)));
 *   e = sql_next(s, Q_FIND);              ERR_OK: a row; ERR_NOT_FOUND: no more
 *   state = sql_i64(s, Q_FIND, 0);
 *   sql_stop(s, Q_FIND);
 */
#ifndef RESEAT_OTA_CORE_SQL_H
#define RESEAT_OTA_CORE_SQL_H

#include "apdu/buf.h"

struct sql;

struct sql_file {
    const char *const *statements; /* by the module's enum */
    size_t statement_count;
    const char *schema;      /* run once, in one transaction, when the file is made */
    uint32_t application_id; /* says whose file it is; 0: not checked */
    int version;             /* PRAGMA user_version */
};

/*
 * Make a file of mode 0600 (an empty one that a crash left behind is filled), or open one.
 * The description is kept. Commits are durable: write-ahead log, synced on each commit.
 *
 * errors: ERR_EXISTS (create)
 *         ERR_NOT_FOUND (open)  no file, or one that a crash left empty: create it
 *         ERR_CORRUPT      no SQLite file, or another module's
 *         ERR_UNSUPPORTED  another version of the schema
 *         ERR_BUSY, ERR_IO, ERR_NOMEM
 */
NODISCARD enum err sql_create(const char *path, const struct sql_file *file, struct sql **out);
NODISCARD enum err sql_open(const char *path, const struct sql_file *file, struct sql **out);
/* Rolls back an open transaction. */
void sql_close(struct sql **s);

/* Immediate transactions: begin takes the write lock, waiting ten seconds at most (ERR_BUSY). */
NODISCARD enum err sql_begin(struct sql *s);
NODISCARD enum err sql_commit(struct sql *s);
void sql_rollback(struct sql *s);
bool sql_in_transaction(const struct sql *s);

/* A value to bind. Texts and bytes are borrowed until sql_stop(). */
struct sql_value {
    enum { SQL_IS_NULL, SQL_IS_I64, SQL_IS_TEXT, SQL_IS_BLOB } kind;
    int64_t i64;
    struct rd bytes;
    const char *text;
};
#define SQL_NULL    ((struct sql_value){.kind = SQL_IS_NULL})
#define SQL_I64(v)  ((struct sql_value){.kind = SQL_IS_I64, .i64 = (int64_t)(v)})
#define SQL_TEXT(s) ((struct sql_value){.kind = SQL_IS_TEXT, .text = (s)}) /* NULL binds NULL */
#define SQL_BLOB(r) ((struct sql_value){.kind = SQL_IS_BLOB, .bytes = (r)})
#define SQL_ARGS(...)                          \
    ((const struct sql_value[]){__VA_ARGS__}), \
        (sizeof((const struct sql_value[]){__VA_ARGS__}) / sizeof(struct sql_value))
#define SQL_NONE NULL, 0

/* Bind values 1.. of a statement and make it ready for sql_next(). */
NODISCARD enum err sql_start(struct sql *s, int id, const struct sql_value *values, size_t count);
/* ERR_OK: a row is there. ERR_NOT_FOUND: no more. ERR_EXISTS: a constraint. ERR_BUSY, ERR_IO... */
NODISCARD enum err sql_next(struct sql *s, int id);
void sql_stop(struct sql *s, int id);
/* The three in one, for a statement without rows. */
NODISCARD enum err sql_run(struct sql *s, int id, const struct sql_value *values, size_t count);
/* Start, and the first row: ERR_NOT_FOUND when there is none. The caller stops it in any case. */
NODISCARD enum err sql_first(struct sql *s, int id, const struct sql_value *values, size_t count);

/* Columns of the current row, from 0; borrowed until the next call on the statement. */
bool sql_is_null(struct sql *s, int id, int column);
int64_t sql_i64(struct sql *s, int id, int column);
const char *sql_text(struct sql *s, int id, int column); /* "" for NULL */
struct rd sql_blob(struct sql *s, int id, int column);

/* Rows that the last statement changed; rowid of the last insert. */
int64_t sql_changes(struct sql *s);
int64_t sql_last_id(struct sql *s);

#endif
