#include "ota/core/log.h"

#include "apdu/buf.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const struct {
    const char *text;
    char priority; /* of syslog, as systemd reads it */
} levels[] = {
    [LOG_ERROR] = {"error", '3'}, [LOG_WARNING] = {"warning", '4'}, [LOG_NOTICE] = {"notice", '5'},
    [LOG_INFO] = {"info", '6'},   [LOG_DEBUG] = {"debug", '7'},
};

const char *log_level_text(enum log_level level)
{
    return levels[level].text;
}

enum err log_level_from_text(const char *text, enum log_level *level)
{
    for (size_t i = 0; i < ARRAY_LEN(levels); i++) {
        if (strcmp(levels[i].text, text) == 0) {
            *level = (enum log_level)i;
            return ERR_OK;
        }
    }
    return ERR_FORMAT;
}

/* A line under construction; what does not fit is dropped, the end is kept free for "\n". */
struct line {
    char text[LOG_LINE_MAX];
    size_t len;
};

static void put(struct line *l, const char *text, size_t len)
{
    size_t room = sizeof l->text - 1 - l->len;

    if (len > room)
        len = room;
    memcpy(l->text + l->len, text, len);
    l->len += len;
}

static void put_text(struct line *l, const char *text)
{
    put(l, text, strlen(text));
}

static bool is_plain(const char *text)
{
    if (!*text)
        return false;
    for (; *text; text++) {
        if (*text <= ' ' || *text > '~' || *text == '"' || *text == '=' || *text == '\\')
            return false;
    }
    return true;
}

static void put_quoted(struct line *l, const char *text)
{
    char escaped[5];

    put_text(l, "\"");
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;

        if (c == '"' || c == '\\') {
            put(l, "\\", 1);
            put(l, text, 1);
        } else if (c < ' ' || c == 0x7F) {
            snprintf(escaped, sizeof escaped, "\\x%02X", c);
            put_text(l, escaped);
        } else {
            put(l, text, 1);
        }
    }
    put_text(l, "\"");
}

static void put_field(struct line *l, const struct log_field *f)
{
    char number[24];
    const char *text = f->text ? f->text : "";

    put_text(l, " ");
    put_text(l, f->key);
    put_text(l, "=");
    if (f->kind == LOG_KIND_NUMBER) {
        snprintf(number, sizeof number, "%lld", (long long)f->number);
        put_text(l, number);
        return;
    }
    if (f->kind == LOG_KIND_ERR)
        text = err_text((enum err)f->number);
    if (is_plain(text))
        put_text(l, text);
    else
        put_quoted(l, text);
}

static void put_time(struct line *l)
{
    struct timespec now;
    struct tm utc;
    char text[40];
    size_t n;

    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    n = strftime(text, sizeof text, "time=%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(text + n, sizeof text - n, ".%03ldZ", now.tv_nsec / 1000000);
    put_text(l, text);
}

void log_write(const struct log *log, enum log_level level, const char *event,
               const struct log_field *fields)
{
    struct line l = {.len = 0};
    const char prefix[] = {'<', levels[level].priority, '>', '\0'};

    if (log->fd < 0 || level > log->level)
        return;
    if (log->journal)
        put_text(&l, prefix);
    put_time(&l);
    put_text(&l, " level=");
    put_text(&l, levels[level].text);
    put_text(&l, " event=");
    put_text(&l, event);
    for (; fields && fields->kind != LOG_KIND_END; fields++)
        put_field(&l, fields);
    l.text[l.len++] = '\n';
    /* Nothing sensible is left to do when the log itself cannot be written. */
    if (write(log->fd, l.text, l.len) < 0)
        return;
}
