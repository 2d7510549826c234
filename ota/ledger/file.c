/*
 * file.c - the ledger on disk: schema and statements. All times are Unix milliseconds and serve
 * people only; due_ms alone is on the server's monotonic clock and set anew at each start.
 */
#include "ota/ledger/file.h"

#include <string.h>

#define NOW_MS "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)"

static const char schema[] =
    /* generation, clean, skip_total (integers), kek (a blob that only the right key opens) */
    "CREATE TABLE meta(name TEXT PRIMARY KEY, value) WITHOUT ROWID;"

    /* One row per UICC that is or was ours. keys: K, OPc, KIc, KID, KIK as vault_keys_write()
     * puts them, wrapped and bound to iccid and key_index; pending: the like, of a PUT KEY under
     * way. skipped: how much of meta.skip_total the counter has caught up with. */
    "CREATE TABLE cards("
    "  id INTEGER PRIMARY KEY, iccid TEXT NOT NULL UNIQUE, imsi TEXT NOT NULL,"
    "  msisdn TEXT NOT NULL, key_index INTEGER NOT NULL, algorithm INTEGER NOT NULL,"
    "  ota_algorithm INTEGER NOT NULL, keys BLOB NOT NULL, pending BLOB,"
    "  counter INTEGER NOT NULL, skipped INTEGER NOT NULL, owner INTEGER NOT NULL);"
    "CREATE INDEX cards_msisdn ON cards(msisdn);"

    "CREATE TABLE campaigns("
    "  id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, method INTEGER NOT NULL,"
    "  state INTEGER NOT NULL, reason TEXT NOT NULL, list TEXT NOT NULL, spi BLOB NOT NULL,"
    "  tar BLOB NOT NULL, timeout_ms INTEGER NOT NULL, tries INTEGER NOT NULL,"
    "  rate INTEGER NOT NULL, canary INTEGER NOT NULL, stop_percent INTEGER NOT NULL,"
    "  trial_polls INTEGER NOT NULL, trial_seconds INTEGER NOT NULL, mnc_len INTEGER NOT NULL,"
    "  spn TEXT NOT NULL, smsc TEXT NOT NULL, script BLOB NOT NULL,"
    "  created_ms INTEGER NOT NULL, started_ms INTEGER NOT NULL, ended_ms INTEGER NOT NULL);"

    /* campaign x card; state: enum ledger_job_state. A new IMSI is promised to one card only,
     * unless that change failed (5) or was undone (7). */
    "CREATE TABLE jobs("
    "  id INTEGER PRIMARY KEY, campaign_id INTEGER NOT NULL REFERENCES campaigns(id),"
    "  card_id INTEGER NOT NULL REFERENCES cards(id), state INTEGER NOT NULL,"
    "  new_imsi TEXT NOT NULL, new_msisdn TEXT NOT NULL, to_index INTEGER NOT NULL,"
    "  tries INTEGER NOT NULL, asks INTEGER NOT NULL, command_counter INTEGER NOT NULL,"
    "  result TEXT NOT NULL, hint TEXT NOT NULL, created_ms INTEGER NOT NULL,"
    "  sent_ms INTEGER NOT NULL, ended_ms INTEGER NOT NULL, UNIQUE(campaign_id, card_id));"
    "CREATE INDEX jobs_planned ON jobs(campaign_id, id) WHERE state = 0;"
    "CREATE INDEX jobs_state ON jobs(campaign_id, state);"
    "CREATE INDEX jobs_card ON jobs(card_id);"
    "CREATE INDEX jobs_msisdn ON jobs(new_msisdn) WHERE new_msisdn <> '';"
    "CREATE UNIQUE INDEX jobs_imsi ON jobs(new_imsi)"
    "  WHERE new_imsi <> '' AND state NOT IN (5, 7);"

    /* The last packet of each card; purpose: enum ledger_purpose, keys: enum ledger_keys. */
    "CREATE TABLE packets("
    "  card_id INTEGER PRIMARY KEY REFERENCES cards(id),"
    "  job_id INTEGER NOT NULL REFERENCES jobs(id), purpose INTEGER NOT NULL,"
    "  keys INTEGER NOT NULL, key_index INTEGER NOT NULL, header BLOB NOT NULL,"
    "  counter INTEGER NOT NULL, octets BLOB NOT NULL, sendings INTEGER NOT NULL,"
    "  in_flight INTEGER NOT NULL, due_ms INTEGER NOT NULL);"
    "CREATE INDEX packets_due ON packets(due_ms) WHERE in_flight = 1;"

    /* Every counter that was ever taken: the primary key refuses a second use. */
    "CREATE TABLE sent("
    "  card_id INTEGER NOT NULL, key_index INTEGER NOT NULL, counter INTEGER NOT NULL,"
    "  job_id INTEGER NOT NULL, at_ms INTEGER NOT NULL,"
    "  PRIMARY KEY(card_id, key_index, counter)) WITHOUT ROWID;"

    "CREATE TABLE events("
    "  id INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, kind TEXT NOT NULL,"
    "  campaign_id INTEGER NOT NULL, card_id INTEGER NOT NULL, text TEXT NOT NULL);";

#define CARD_COLUMNS                                                                       \
    "SELECT id, iccid, imsi, msisdn, key_index, algorithm, ota_algorithm, counter, owner," \
    " pending IS NOT NULL FROM cards "

#define CAMPAIGN_COLUMNS                                                                       \
    "SELECT id, name, method, state, reason, list, spi, tar, timeout_ms, tries, rate, canary," \
    " stop_percent, trial_polls, trial_seconds, mnc_len, spn, smsc, script, created_ms,"       \
    " started_ms, ended_ms FROM campaigns "

#define JOB_COLUMNS                                                                           \
    "SELECT j.id, j.campaign_id, j.card_id, c.iccid, c.imsi, c.msisdn, c.key_index, c.owner," \
    " j.state, j.new_imsi, j.new_msisdn, j.to_index, j.tries, j.asks, j.command_counter,"     \
    " j.result, j.hint, j.created_ms, j.sent_ms, j.ended_ms"                                  \
    " FROM jobs j JOIN cards c ON c.id = j.card_id "

/* A jump is cut to what a card is sure to take in one step (uicc: 2^20). */
#define COUNTER_STEP "(1 + ?2 + min(?3 - skipped, 524288))"

static const char *const statements[LEDGER_Q_COUNT] = {
    [LEDGER_Q_META_SET] = "INSERT OR REPLACE INTO meta VALUES (?1, ?2)",
    [LEDGER_Q_META_GET] = "SELECT value FROM meta WHERE name = ?1",
    [LEDGER_Q_SKIP] = "INSERT INTO meta VALUES ('skip_total', ?1)"
                      " ON CONFLICT(name) DO UPDATE SET value = value + excluded.value",
    [LEDGER_Q_CARD_ADD] =
        "INSERT INTO cards(iccid, imsi, msisdn, key_index, algorithm, ota_algorithm, keys, counter,"
        " skipped, owner) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8,"
        " coalesce((SELECT value FROM meta WHERE name = 'skip_total'), 0), 0)",
    [LEDGER_Q_CARD_REPLACE] =
        "UPDATE cards SET imsi = ?2, msisdn = ?3, key_index = ?4, algorithm = ?5,"
        " ota_algorithm = ?6, keys = ?7, pending = NULL, owner = 0,"
        " counter = CASE WHEN key_index = ?4 THEN max(counter, ?8) ELSE ?8 END"
        " WHERE iccid = ?1 AND owner = 1 AND key_index <= ?4",
    [LEDGER_Q_CARD_BY_ICCID] = CARD_COLUMNS "WHERE iccid = ?1",
    [LEDGER_Q_CARD_BY_ID] = CARD_COLUMNS "WHERE id = ?1",
    [LEDGER_Q_CARD_CANDIDATES] = "SELECT id FROM cards WHERE msisdn = ?1 UNION"
                                 " SELECT card_id FROM jobs WHERE new_msisdn = ?1"
                                 " AND new_msisdn <> '' LIMIT ?2",
    [LEDGER_Q_CARD_EACH] = CARD_COLUMNS "ORDER BY iccid",
    [LEDGER_Q_CARD_KEYS] = "SELECT iccid, key_index, keys, pending FROM cards WHERE id = ?1",
    [LEDGER_Q_CARD_SET_KEYS] = "UPDATE cards SET keys = ?2, pending = NULL, algorithm = ?3,"
                               " ota_algorithm = ?4 WHERE id = ?1",
    [LEDGER_Q_CARD_SET_PENDING] = "UPDATE cards SET pending = ?2 WHERE id = ?1",
    [LEDGER_Q_CARD_MOVED] = "UPDATE cards SET owner = 1, imsi = ?2,"
                            " msisdn = CASE WHEN ?3 = '' THEN msisdn ELSE ?3 END WHERE id = ?1",
    [LEDGER_Q_COUNTER_TAKE] = "UPDATE cards SET counter = counter + " COUNTER_STEP ", skipped = ?3"
                              " WHERE id = ?1 AND counter + " COUNTER_STEP " < 1099511627775"
                              " RETURNING counter",
    [LEDGER_Q_NOTE] = "INSERT INTO events(at_ms, kind, campaign_id, card_id, text)"
                      " VALUES (" NOW_MS ", ?1, ?2, ?3, ?4)",
    [LEDGER_Q_CAMPAIGN_ADD] =
        "INSERT INTO campaigns(name, method, state, reason, list, spi, tar, timeout_ms, tries,"
        " rate, canary, stop_percent, trial_polls, trial_seconds, mnc_len, spn, smsc, script,"
        " created_ms, started_ms, ended_ms) VALUES (?1, ?2, 0, '', ?3, ?4, ?5, ?6, ?7, ?8, ?9,"
        " ?10, ?11, ?12, ?13, ?14, ?15, ?16, " NOW_MS ", 0, 0)",
    [LEDGER_Q_CAMPAIGN_BY_NAME] = CAMPAIGN_COLUMNS "WHERE name = ?1",
    [LEDGER_Q_CAMPAIGN_BY_ID] = CAMPAIGN_COLUMNS "WHERE id = ?1",
    [LEDGER_Q_CAMPAIGN_EACH] = CAMPAIGN_COLUMNS "ORDER BY id",
    [LEDGER_Q_CAMPAIGN_RUNNING] = "SELECT id FROM campaigns WHERE state = 1 ORDER BY id LIMIT ?1",
    /* ?4: bits of the states it may be in */
    [LEDGER_Q_CAMPAIGN_STATE] =
        "UPDATE campaigns SET state = ?2, reason = ?3,"
        " started_ms = iif(?2 = 1 AND started_ms = 0, " NOW_MS ", started_ms),"
        " ended_ms = iif(?2 IN (3, 4), " NOW_MS ", 0)"
        " WHERE id = ?1 AND (1 << state) & ?4",
    [LEDGER_Q_CAMPAIGN_COUNT] =
        "SELECT state, count(*) FROM jobs WHERE campaign_id = ?1 GROUP BY state",
    /* another operator change or renewal of this card that may still end either way */
    [LEDGER_Q_JOB_BUSY] = "SELECT 1 FROM jobs j JOIN campaigns g ON g.id = j.campaign_id"
                          " WHERE j.card_id = ?1 AND g.method IN (0, 1, 2, 5)"
                          " AND j.state IN (0, 1, 2, 6) LIMIT 1",
    [LEDGER_Q_JOB_ADD] =
        "INSERT INTO jobs(campaign_id, card_id, state, new_imsi, new_msisdn, to_index, tries, asks,"
        " command_counter, result, hint, created_ms, sent_ms, ended_ms)"
        " VALUES (?1, ?2, 0, ?3, ?4, ?5, 0, 0, 0, '', '', " NOW_MS ", 0, 0)",
    [LEDGER_Q_JOB_NEXT] = JOB_COLUMNS
    "WHERE j.campaign_id = ?1 AND j.state = 0 AND NOT EXISTS (SELECT 1 FROM packets p"
    " WHERE p.card_id = j.card_id AND p.in_flight = 1) ORDER BY j.id LIMIT 1",
    [LEDGER_Q_JOB_BY_ID] = JOB_COLUMNS "WHERE j.id = ?1",
    [LEDGER_Q_JOB_EACH] = JOB_COLUMNS "WHERE j.campaign_id = ?1 ORDER BY j.id",
    [LEDGER_Q_JOB_UPDATE] =
        "UPDATE jobs SET state = ?3, tries = ?4, asks = ?5, command_counter = ?6, result = ?7,"
        " hint = ?8, sent_ms = iif(?3 = 1 AND sent_ms = 0, " NOW_MS ", sent_ms),"
        " ended_ms = iif(?3 >= 3, " NOW_MS ", 0) WHERE id = ?1 AND state = ?2",
    [LEDGER_Q_JOBS_CANCEL] = "UPDATE jobs SET state = 5, result = 'cancelled', ended_ms = " NOW_MS
                             " WHERE campaign_id = ?1 AND state = 0",
    [LEDGER_Q_SENT_ADD] = "INSERT INTO sent VALUES (?1, ?2, ?3, ?4, " NOW_MS ")",
    [LEDGER_Q_PACKET_STORE] =
        "INSERT OR REPLACE INTO packets VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 1, 1, ?9)",
    [LEDGER_Q_PACKET_GET] = "SELECT card_id, job_id, purpose, keys, key_index, header, counter,"
                            " octets, sendings, in_flight FROM packets WHERE card_id = ?1",
    [LEDGER_Q_PACKET_DUE] = "SELECT card_id FROM packets WHERE in_flight = 1 AND due_ms <= ?1"
                            " ORDER BY due_ms LIMIT ?2",
    [LEDGER_Q_PACKET_AGAIN] = "UPDATE packets SET sendings = sendings + 1, due_ms = ?2"
                              " WHERE card_id = ?1 AND in_flight = 1",
    [LEDGER_Q_PACKET_DEFER] = "UPDATE packets SET due_ms = ?2 WHERE card_id = ?1 AND in_flight = 1",
    [LEDGER_Q_PACKET_LAND] = "UPDATE packets SET in_flight = 0 WHERE card_id = ?1",
    [LEDGER_Q_PACKET_REDUE] = "UPDATE packets SET due_ms = ?1 + (card_id * 2654435761) % ?2"
                              " WHERE in_flight = 1",
    [LEDGER_Q_PACKET_IN_FLIGHT] = "SELECT count(*) FROM packets WHERE in_flight = 1",
};

const struct sql_file ledger_file = {
    .statements = statements,
    .statement_count = LEDGER_Q_COUNT,
    .schema = schema,
    .application_id = 0x52534C47, /* RSLG */
    .version = 1,
};

enum err ledger_copy_text(struct ledger *l, int id, int column, char *out, size_t size)
{
    const char *text = sql_text(l->sql, id, column);
    size_t len = strlen(text);

    if (len >= size)
        return ERR_CORRUPT;
    memcpy(out, text, len + 1);
    return ERR_OK;
}

enum err ledger_small(struct ledger *l, int id, int column, unsigned max, unsigned *out)
{
    int64_t value = sql_i64(l->sql, id, column);

    if (value < 0 || value > (int64_t)max)
        return ERR_CORRUPT;
    *out = (unsigned)value;
    return ERR_OK;
}
