/*
 * config.h - the configuration of ota-server: one table of keys with type,
 * default, limits and help, and an INI file that is checked against it.
 *
 *   [smpp]
 *   host = 127.0.0.1     ; comment
 */
#ifndef RESEAT_OTA_CORE_CONFIG_H
#define RESEAT_OTA_CORE_CONFIG_H

#include "apdu/err.h"
#include "ota/core/log.h"

#include <stdio.h>

#define CONFIG_TEXT_MAX 256

struct config_smpp {
    char host[CONFIG_TEXT_MAX];
    unsigned port;
    char system_id[16];
    char password[CONFIG_TEXT_MAX]; /* or where it is, as the programs say; secret: config_wipe() */
    char system_type[13];
    char source[21]; /* address the cards answer to */
    unsigned window;
    unsigned rate;
    unsigned response_timeout_ms, enquire_link_ms, reconnect_ms, reconnect_max_ms;
};

struct config_campaign {
    unsigned poll_ms;
    unsigned batch;
    unsigned in_flight;
};

struct config {
    char ledger[CONFIG_TEXT_MAX];
    char kek[CONFIG_TEXT_MAX]; /* where the key-encryption key is, vault_wrap_kek() */
    unsigned counter_skip;
    enum log_level log_level;
    bool log_journal;
    struct config_smpp smpp;
    struct config_campaign campaign;
};

/* All defaults. */
void config_init(struct config *c);
void config_wipe(struct config *c);

/* Where complaints go: one call per line, "FILE:12: smpp.port: 1 to 65535". */
struct config_report {
    void (*line)(void *context, const char *text);
    void *context;
};

/*
 * Read an INI file over what c holds. Every error of the file is reported, not the first alone.
 *
 * errors: ERR_NOT_FOUND  no such file
 *         ERR_FORMAT     unknown section or key, key given twice, value of the wrong type or out
 *                        of its limits, or a line that is no INI; c may be half changed then
 *         ERR_IO
 */
NODISCARD enum err config_load(struct config *c, const char *path,
                               const struct config_report *report);
/* The same from an open stream; name stands in the complaints. */
NODISCARD enum err config_load_stream(struct config *c, FILE *stream, const char *name,
                                      const struct config_report *report);

/* One value, as an option of the command line sets it. ERR_NOT_FOUND, ERR_FORMAT, ERR_RANGE. */
NODISCARD enum err config_set(struct config *c, const char *section, const char *key,
                              const char *value);

/* Whole configuration as a file that config_load() reads; a secret is shown as a comment. */
void config_dump(const struct config *c, FILE *out);
/* The table of keys for --help. */
void config_help(FILE *out);

#endif
