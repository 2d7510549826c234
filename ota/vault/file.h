/*
 * file.h - the vault's SQLite file: what vault.c and audit.c share.
 */
#ifndef RESEAT_OTA_VAULT_FILE_H
#define RESEAT_OTA_VAULT_FILE_H

#include "ota/core/sql.h"
#include "ota/vault/audit.h"

enum vault_statement {
    VAULT_Q_META_SET,
    VAULT_Q_META_GET,
    VAULT_Q_ADD,
    VAULT_Q_FIND,
    VAULT_Q_HIGHEST,
    VAULT_Q_OFFER,
    VAULT_Q_USE,
    VAULT_Q_BURN,
    VAULT_Q_LOWER,
    VAULT_Q_COUNT_CARDS,
    VAULT_Q_COUNT_PAIRS,
    VAULT_Q_COUNT_AUDIT,
    VAULT_Q_AUDIT_LAST,
    VAULT_Q_AUDIT_ADD,
    VAULT_Q_AUDIT_EACH,
    VAULT_Q_COUNT
};

struct vault {
    struct sql *sql;
    struct vault_wrap *wrap;
};

extern const struct sql_file vault_file;

/* Append a line; number, at and mac are set here. Within a transaction only. */
NODISCARD enum err vault_audit_append(struct vault *v, const struct vault_audit_line *line);

#endif
