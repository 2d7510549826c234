/*
 * file.h - the ledger's SQLite file: what the sources of this folder share.
 */
#ifndef RESEAT_OTA_LEDGER_FILE_H
#define RESEAT_OTA_LEDGER_FILE_H

#include "ota/core/sql.h"
#include "ota/ledger/jobs.h"

enum ledger_statement {
    LEDGER_Q_META_SET,
    LEDGER_Q_META_GET,
    LEDGER_Q_SKIP,
    LEDGER_Q_CARD_ADD,
    LEDGER_Q_CARD_REPLACE,
    LEDGER_Q_CARD_BY_ICCID,
    LEDGER_Q_CARD_BY_ID,
    LEDGER_Q_CARD_CANDIDATES,
    LEDGER_Q_CARD_EACH,
    LEDGER_Q_CARD_KEYS,
    LEDGER_Q_CARD_SET_KEYS,
    LEDGER_Q_CARD_SET_PENDING,
    LEDGER_Q_CARD_MOVED,
    LEDGER_Q_COUNTER_TAKE,
    LEDGER_Q_NOTE,
    LEDGER_Q_CAMPAIGN_ADD,
    LEDGER_Q_CAMPAIGN_BY_NAME,
    LEDGER_Q_CAMPAIGN_BY_ID,
    LEDGER_Q_CAMPAIGN_EACH,
    LEDGER_Q_CAMPAIGN_RUNNING,
    LEDGER_Q_CAMPAIGN_STATE,
    LEDGER_Q_CAMPAIGN_COUNT,
    LEDGER_Q_JOB_BUSY,
    LEDGER_Q_JOB_ADD,
    LEDGER_Q_JOB_NEXT,
    LEDGER_Q_JOB_BY_ID,
    LEDGER_Q_JOB_EACH,
    LEDGER_Q_JOB_UPDATE,
    LEDGER_Q_JOBS_CANCEL,
    LEDGER_Q_SENT_ADD,
    LEDGER_Q_PACKET_STORE,
    LEDGER_Q_PACKET_GET,
    LEDGER_Q_PACKET_DUE,
    LEDGER_Q_PACKET_AGAIN,
    LEDGER_Q_PACKET_DEFER,
    LEDGER_Q_PACKET_LAND,
    LEDGER_Q_PACKET_REDUE,
    LEDGER_Q_PACKET_IN_FLIGHT,
    LEDGER_Q_COUNT
};

struct ledger {
    struct sql *sql;
    struct vault_wrap *wrap;
    char mark_path[4096 + 8]; /* PATH-server */
    int mark_fd;              /* -1 unless serving; holds the lock */
    int64_t generation;       /* while serving */
    int64_t skip_total;       /* while serving: what cards.skipped must catch up with */
};

extern const struct sql_file ledger_file;

/* A text column into a field of the given size; too long is damage. */
NODISCARD enum err ledger_copy_text(struct ledger *l, int id, int column, char *out, size_t size);
/* A column of one statement that must be in [0, max]. */
NODISCARD enum err ledger_small(struct ledger *l, int id, int column, unsigned max, unsigned *out);

#endif
