/*
 * log.h - structured lines: time=... level=info event=bound host=127.0.0.1 ...
 *
 * A field is a text, a number or an error. There is no field for bytes or a
 * struct secret, so that no key can be logged by a slip.
 */
#ifndef RESEAT_OTA_CORE_LOG_H
#define RESEAT_OTA_CORE_LOG_H

#include "apdu/err.h"

#include <stdbool.h>
#include <stdint.h>

enum log_level {
    LOG_ERROR,
    LOG_WARNING,
    LOG_NOTICE,
    LOG_INFO,
    LOG_DEBUG,
};

struct log {
    int fd; /* -1: nothing is written */
    enum log_level level;
    bool journal; /* "<6>" before each line, as systemd's journal reads priorities */
};

enum log_kind {
    LOG_KIND_END,
    LOG_KIND_TEXT,
    LOG_KIND_NUMBER,
    LOG_KIND_ERR,
};

struct log_field {
    enum log_kind kind;
    const char *key;
    const char *text;
    int64_t number;
};

/* clang-format off */
#define LOG_TEXT(key, value)   {LOG_KIND_TEXT, (key), (value), 0}
#define LOG_NUMBER(key, value) {LOG_KIND_NUMBER, (key), 0, (int64_t)(value)}
#define LOG_ERR(value)         {LOG_KIND_ERR, "error", 0, (int64_t)(value)}
#define LOG_FIELDS(...)        ((const struct log_field[]){__VA_ARGS__, {LOG_KIND_END, 0, 0, 0}})
/* clang-format on */

/*
 * One line in one write. event: a word, lower case with underscores; fields: LOG_FIELDS(...) or
 * NULL. Texts from outside are quoted and their control characters escaped, so that nobody can
 * forge a line; a line that would be longer than LOG_LINE_MAX is cut.
 */
#define LOG_LINE_MAX 1024
void log_write(const struct log *log, enum log_level level, const char *event,
               const struct log_field *fields);

/* "error", "warning", "notice", "info", "debug"; ERR_FORMAT otherwise. */
NODISCARD enum err log_level_from_text(const char *text, enum log_level *level);
const char *log_level_text(enum log_level level);

#endif
