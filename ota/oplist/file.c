#include "ota/oplist/inside.h"

/*
 * meta        name, role, plmns of the party itself
 * peer        certificates let in; plmns as "00101,00102"
 * sent        lists by receiver and number; path: where the file goes; done: it is there
 * seen        lists accepted, by sender and number
 * assignment  the new operator's: which card gets which IMSI, and how far it is
 */
static const char schema[] =
    "CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE peer (name TEXT PRIMARY KEY, role INTEGER NOT NULL, plmns TEXT NOT NULL,"
    "  certificate BLOB NOT NULL UNIQUE) WITHOUT ROWID;"
    "CREATE TABLE sent (receiver TEXT NOT NULL, number INTEGER NOT NULL,"
    "  purpose INTEGER NOT NULL, digest BLOB NOT NULL, at INTEGER NOT NULL, path TEXT NOT NULL,"
    "  done INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (receiver, number)) WITHOUT ROWID;"
    "CREATE TABLE seen (sender TEXT NOT NULL, number INTEGER NOT NULL,"
    "  purpose INTEGER NOT NULL, digest BLOB NOT NULL, at INTEGER NOT NULL,"
    "  PRIMARY KEY (sender, number)) WITHOUT ROWID;"
    "CREATE TABLE assignment (iccid TEXT PRIMARY KEY, imsi TEXT NOT NULL UNIQUE,"
    "  msisdn TEXT NOT NULL, origin TEXT NOT NULL, idx INTEGER NOT NULL DEFAULT 0,"
    "  stage INTEGER NOT NULL DEFAULT 1) WITHOUT ROWID;";

static const char *const statements[OPLIST_Q_COUNT] = {
    [OPLIST_Q_META_SET] = "INSERT INTO meta (name, value) VALUES (?1, ?2)",
    [OPLIST_Q_META_GET] = "SELECT value FROM meta WHERE name = ?1",
    [OPLIST_Q_PEER_ADD] = "INSERT INTO peer (name, role, plmns, certificate)"
                          " VALUES (?1, ?2, ?3, ?4)",
    [OPLIST_Q_PEER_DROP] = "DELETE FROM peer WHERE name = ?1",
    [OPLIST_Q_PEER_FIND] = "SELECT name, role, plmns, certificate FROM peer WHERE name = ?1",
    [OPLIST_Q_PEER_EACH] = "SELECT name, role, plmns, certificate FROM peer ORDER BY name",
    [OPLIST_Q_SENT_LAST] = "SELECT number, digest FROM sent WHERE receiver = ?1"
                           " ORDER BY number DESC LIMIT 1",
    [OPLIST_Q_SENT_ADD] = "INSERT INTO sent (receiver, number, purpose, digest, at, path)"
                          " VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    [OPLIST_Q_SENT_PENDING] = "SELECT receiver, number, path FROM sent WHERE done = 0",
    [OPLIST_Q_SENT_DONE] = "UPDATE sent SET done = 1 WHERE receiver = ?1 AND number = ?2",
    [OPLIST_Q_SEEN_LAST] = "SELECT number, digest FROM seen WHERE sender = ?1"
                           " ORDER BY number DESC LIMIT 1",
    [OPLIST_Q_SEEN_FIND] = "SELECT digest FROM seen WHERE sender = ?1 AND number = ?2",
    [OPLIST_Q_SEEN_ADD] = "INSERT INTO seen (sender, number, purpose, digest, at)"
                          " VALUES (?1, ?2, ?3, ?4, ?5)",
    [OPLIST_Q_ASSIGN] = "INSERT INTO assignment (iccid, imsi, msisdn, origin)"
                        " VALUES (?1, ?2, ?3, ?4)"
                        " ON CONFLICT (iccid) DO UPDATE SET imsi = ?2, msisdn = ?3, origin = ?4"
                        " WHERE stage = 1",
    [OPLIST_Q_ASSIGNMENT] = "SELECT iccid, imsi, msisdn, origin, idx, stage FROM assignment"
                            " WHERE iccid = ?1",
    [OPLIST_Q_ASSIGNMENTS] = "SELECT iccid, imsi, msisdn, origin, idx, stage FROM assignment"
                             " ORDER BY iccid",
    [OPLIST_Q_ADVANCE] = "UPDATE assignment SET idx = ?2, stage = max(stage, ?3)"
                         " WHERE iccid = ?1",
    [OPLIST_Q_NUMBER] = "UPDATE assignment SET msisdn = ?2 WHERE iccid = ?1 AND msisdn = ''",
};

const struct sql_file oplist_file = {
    .statements = statements,
    .statement_count = OPLIST_Q_COUNT,
    .schema = schema,
    .application_id = 0x52535054, /* "RSPT" */
    .version = 1,
};
