#include "ota/vault/file.h"

/*
 * pair   one row per (card, index). keys: wrap.h blob bound to iccid, index, "keys"; NULL once
 *        burnt. request: digest of the message by which the operator asked.
 * audit  the chain of audit.h.
 * meta   "kek": a known text wrapped under the key-encryption key, to tell a wrong key at once.
 */
static const char schema[] =
    "CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE pair ("
    "  iccid TEXT NOT NULL, idx INTEGER NOT NULL CHECK (idx BETWEEN 1 AND 15),"
    "  state INTEGER NOT NULL DEFAULT 0 CHECK (state BETWEEN 0 AND 3),"
    "  operator TEXT, request BLOB, keys BLOB,"
    "  PRIMARY KEY (iccid, idx),"
    "  CHECK (state IN (0, 3) OR operator IS NOT NULL),"
    "  CHECK ((keys IS NULL) = (state = 3))) WITHOUT ROWID;"
    "CREATE TRIGGER pair_one_way BEFORE UPDATE ON pair"
    "  WHEN NEW.state < OLD.state OR NEW.iccid <> OLD.iccid OR NEW.idx <> OLD.idx"
    "    OR (OLD.operator IS NOT NULL AND NEW.operator IS NOT OLD.operator)"
    "  BEGIN SELECT RAISE(ABORT, 'a pair goes one way, to one operator'); END;"
    "CREATE TRIGGER pair_stays BEFORE DELETE ON pair"
    "  BEGIN SELECT RAISE(ABORT, 'a pair is never deleted'); END;"
    "CREATE TABLE audit ("
    "  number INTEGER PRIMARY KEY, at INTEGER NOT NULL, event INTEGER NOT NULL,"
    "  iccid TEXT NOT NULL, idx INTEGER NOT NULL, operator TEXT NOT NULL, request BLOB,"
    "  mac BLOB NOT NULL);"
    "CREATE TRIGGER audit_stays_unchanged BEFORE UPDATE ON audit"
    "  BEGIN SELECT RAISE(ABORT, 'the audit record is append-only'); END;"
    "CREATE TRIGGER audit_stays BEFORE DELETE ON audit"
    "  BEGIN SELECT RAISE(ABORT, 'the audit record is append-only'); END;";

static const char *const statements[VAULT_Q_COUNT] = {
    [VAULT_Q_META_SET] = "INSERT INTO meta (name, value) VALUES (?1, ?2)",
    [VAULT_Q_META_GET] = "SELECT value FROM meta WHERE name = ?1",
    [VAULT_Q_ADD] = "INSERT INTO pair (iccid, idx, state, operator, keys)"
                    " VALUES (?1, ?2, ?3, ?4, ?5)",
    [VAULT_Q_FIND] = "SELECT state, operator, request, keys FROM pair"
                     " WHERE iccid = ?1 AND idx = ?2",
    [VAULT_Q_HIGHEST] = "SELECT 1 FROM pair WHERE iccid = ?1 AND idx > ?2 AND state <> 0",
    [VAULT_Q_OFFER] = "UPDATE pair SET state = 1, operator = ?3, request = ?4"
                      " WHERE iccid = ?1 AND idx = ?2 AND state = 0",
    [VAULT_Q_USE] = "UPDATE pair SET state = 2 WHERE iccid = ?1 AND idx = ?2 AND state = 1",
    [VAULT_Q_BURN] = "UPDATE pair SET state = 3, keys = NULL"
                     " WHERE iccid = ?1 AND idx = ?2 AND state <> 3",
    [VAULT_Q_LOWER] = "SELECT idx FROM pair WHERE iccid = ?1 AND idx < ?2 AND state <> 3",
    [VAULT_Q_COUNT_CARDS] = "SELECT count(DISTINCT iccid) FROM pair",
    [VAULT_Q_COUNT_PAIRS] = "SELECT state, count(*) FROM pair GROUP BY state",
    [VAULT_Q_COUNT_AUDIT] = "SELECT count(*) FROM audit",
    [VAULT_Q_AUDIT_LAST] = "SELECT number, mac FROM audit ORDER BY number DESC LIMIT 1",
    [VAULT_Q_AUDIT_ADD] = "INSERT INTO audit (number, at, event, iccid, idx, operator, request,"
                          " mac) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    [VAULT_Q_AUDIT_EACH] = "SELECT number, at, event, iccid, idx, operator, request, mac"
                           " FROM audit ORDER BY number",
};

const struct sql_file vault_file = {
    .statements = statements,
    .statement_count = VAULT_Q_COUNT,
    .schema = schema,
    .application_id = 0x52535654, /* "RSVT" */
    .version = 1,
};
