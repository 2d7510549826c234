#include "ota/core/config.h"

#include "apdu/buf.h"

#include <errno.h>
#include <ini.h>
#include <openssl/crypto.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum value_type {
    TYPE_TEXT,
    TYPE_SECRET, /* a text that no dump shows */
    TYPE_NUMBER,
    TYPE_FLAG,
    TYPE_LEVEL,
};

/* min and max: of a number its limits, of a text its length. */
struct key {
    const char *section, *name;
    enum value_type type;
    size_t offset;
    const char *initial;
    unsigned min, max;
    const char *help;
};

#define AT(member)   offsetof(struct config, member)
#define ROOM(member) (unsigned)(sizeof(((struct config *)0)->member) - 1)

/* clang-format off */
static const struct key keys[] = {
    {"ledger", "file", TYPE_TEXT, AT(ledger), "ota.db", 1, ROOM(ledger),
     "SQLite file of cards, counters and campaigns"},
    {"ledger", "kek", TYPE_SECRET, AT(kek), "@ota.kek", 1, ROOM(kek),
     "key-encryption key: @FILE, env:NAME or hex"},
    {"ledger", "counter_skip", TYPE_NUMBER, AT(counter_skip), "4096", 1, 1048575,
     "gap left in every counter when the ledger may be an older copy"},
    {"log", "level", TYPE_LEVEL, AT(log_level), "info", 0, 0,
     "error, warning, notice, info or debug"},
    {"log", "journal", TYPE_FLAG, AT(log_journal), "no", 0, 0,
     "priority prefixes for systemd's journal"},
    {"smpp", "host", TYPE_TEXT, AT(smpp.host), "127.0.0.1", 1, ROOM(smpp.host),
     "SMS centre"},
    {"smpp", "port", TYPE_NUMBER, AT(smpp.port), "2775", 1, 65535, "its TCP port"},
    {"smpp", "system_id", TYPE_TEXT, AT(smpp.system_id), "reseat", 0, ROOM(smpp.system_id),
     "who we are to the SMS centre"},
    {"smpp", "password", TYPE_SECRET, AT(smpp.password), "", 0, ROOM(smpp.password),
     "password of the bind: @FILE, env:NAME or the text itself"},
    {"smpp", "system_type", TYPE_TEXT, AT(smpp.system_type), "", 0, ROOM(smpp.system_type),
     "as the SMS centre wants it"},
    {"smpp", "source", TYPE_TEXT, AT(smpp.source), "90000", 1, ROOM(smpp.source),
     "our address: cards send their proofs there"},
    {"smpp", "window", TYPE_NUMBER, AT(smpp.window), "50", 1, 1000,
     "submit_sm without an answer at any time"},
    {"smpp", "rate", TYPE_NUMBER, AT(smpp.rate), "0", 0, 1000000,
     "short messages per second, 0 = no limit"},
    {"smpp", "response_timeout_ms", TYPE_NUMBER, AT(smpp.response_timeout_ms), "10000", 100,
     600000, "a request without an answer for so long ends the connection"},
    {"smpp", "enquire_link_ms", TYPE_NUMBER, AT(smpp.enquire_link_ms), "30000", 100, 3600000,
     "silence after which enquire_link is sent"},
    {"smpp", "reconnect_ms", TYPE_NUMBER, AT(smpp.reconnect_ms), "200", 10, 600000,
     "first wait before connecting again; doubles, with jitter"},
    {"smpp", "reconnect_max_ms", TYPE_NUMBER, AT(smpp.reconnect_max_ms), "30000", 10, 3600000,
     "longest such wait"},
    {"campaign", "poll_ms", TYPE_NUMBER, AT(campaign.poll_ms), "150", 10, 60000,
     "how often the ledger is asked for started campaigns"},
    {"campaign", "batch", TYPE_NUMBER, AT(campaign.batch), "256", 1, 4096,
     "packets made in one transaction"},
    {"campaign", "in_flight", TYPE_NUMBER, AT(campaign.in_flight), "20000", 1, 1000000,
     "cards that may owe a proof at any time"},
};
/* clang-format on */

static const struct key *find_key(const char *section, const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        if (strcmp(keys[i].section, section) == 0 && strcmp(keys[i].name, name) == 0)
            return &keys[i];
    }
    return NULL;
}

static enum err set_number(const struct key *k, const char *value, unsigned *out)
{
    char *end;
    unsigned long n;

    if (*value < '0' || *value > '9')
        return ERR_FORMAT;
    errno = 0;
    n = strtoul(value, &end, 10);
    if (*end)
        return ERR_FORMAT;
    if (errno || n < k->min || n > k->max)
        return ERR_RANGE;
    *out = (unsigned)n;
    return ERR_OK;
}

static enum err set_flag(const char *value, bool *out)
{
    static const struct {
        const char *text;
        bool value;
    } words[] = {{"yes", true}, {"true", true},   {"1", true},
                 {"no", false}, {"false", false}, {"0", false}};

    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (strcmp(words[i].text, value) == 0) {
            *out = words[i].value;
            return ERR_OK;
        }
    }
    return ERR_FORMAT;
}

static enum err set_value(struct config *c, const struct key *k, const char *value)
{
    void *member = (char *)c + k->offset;
    size_t len = strlen(value);

    switch (k->type) {
    case TYPE_NUMBER:
        return set_number(k, value, member);
    case TYPE_FLAG:
        return set_flag(value, member);
    case TYPE_LEVEL:
        return log_level_from_text(value, member);
    case TYPE_TEXT:
    case TYPE_SECRET:
        if (len < k->min || len > k->max)
            return ERR_RANGE;
        memcpy(member, value, len + 1);
        return ERR_OK;
    }
    return ERR_UNSUPPORTED;
}

void config_init(struct config *c)
{
    *c = (struct config){0};
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        /* A default that its own row refuses would be a mistake of the table: the test reads all.
         */
        if (set_value(c, &keys[i], keys[i].initial) != ERR_OK)
            abort();
    }
}

void config_wipe(struct config *c)
{
    OPENSSL_cleanse(c, sizeof *c);
}

enum err config_set(struct config *c, const char *section, const char *key, const char *value)
{
    const struct key *k = find_key(section, key);

    return k ? set_value(c, k, value) : ERR_NOT_FOUND;
}

/* One reading of one file. libinih tells its handler no line numbers, so its reader counts. */
struct reading {
    struct config *config;
    FILE *stream;
    const char *name;
    const struct config_report *report;
    int line;
    bool cut; /* the line before had no end: longer than libinih's buffer */
    unsigned complaints;
    bool seen[ARRAY_LEN(keys)];
};

__attribute__((format(printf, 2, 3))) static void complain(struct reading *r, const char *format,
                                                           ...)
{
    char what[400], text[600];
    va_list args;

    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    snprintf(text, sizeof text, "%s:%d: %s", r->name, r->line, what);
    r->complaints++;
    if (r->report)
        r->report->line(r->report->context, text);
}

static char *read_line(char *text, int size, void *stream)
{
    struct reading *r = stream;
    char *got = fgets(text, size, r->stream);
    size_t len = got ? strlen(text) : 0;

    if (!got)
        return NULL;
    if (!r->cut)
        r->line++;
    r->cut = len && text[len - 1] != '\n' && !feof(r->stream);
    if (r->cut)
        complain(r, "line too long");
    return got;
}

static void complain_of_value(struct reading *r, const struct key *k, enum err e)
{
    static const char *const wanted[] = {
        [TYPE_TEXT] = "a text",
        [TYPE_SECRET] = "a text",
        [TYPE_NUMBER] = "a whole number",
        [TYPE_FLAG] = "yes or no",
        [TYPE_LEVEL] = "error, warning, notice, info or debug",
    };

    if (e == ERR_RANGE)
        complain(r, "%s.%s: %u to %u%s", k->section, k->name, k->min, k->max,
                 k->type == TYPE_NUMBER ? "" : " characters");
    else
        complain(r, "%s.%s: %s is wanted", k->section, k->name, wanted[k->type]);
}

/* libinih's handler: not 0 = go on. Complaints are counted here, not by libinih. */
static int take_value(void *user, const char *section, const char *name, const char *value)
{
    struct reading *r = user;
    const struct key *k = find_key(section, name);
    enum err e;

    if (!k) {
        complain(r, "unknown key %.64s in section [%.64s]", name, section);
        return 1;
    }
    if (r->seen[k - keys]) {
        complain(r, "%s.%s: given twice", section, name);
        return 1;
    }
    r->seen[k - keys] = true;
    e = set_value(r->config, k, value);
    if (e != ERR_OK)
        complain_of_value(r, k, e);
    return 1;
}

enum err config_load_stream(struct config *c, FILE *stream, const char *name,
                            const struct config_report *report)
{
    struct reading r = {.config = c, .stream = stream, .name = name, .report = report};
    int bad_line = ini_parse_stream(read_line, &r, take_value, &r);

    if (bad_line > 0) {
        r.line = bad_line;
        complain(&r, "neither [section] nor key = value");
    }
    if (ferror(stream))
        return ERR_IO;
    return r.complaints ? ERR_FORMAT : ERR_OK;
}

enum err config_load(struct config *c, const char *path, const struct config_report *report)
{
    FILE *stream = fopen(path, "re");
    enum err e;

    if (!stream)
        return errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;
    e = config_load_stream(c, stream, path, report);
    fclose(stream);
    return e;
}

/* Where a secret is may be told, what it is may not. */
static void dump_secret(const char *name, const char *value, FILE *out)
{
    if (value[0] == '@' || strncmp(value, "env:", 4) == 0)
        fprintf(out, "%s = %s\n", name, value);
    else
        fprintf(out, "; %s is %s\n", name, *value ? "set" : "not set");
}

static void dump_value(const struct config *c, const struct key *k, FILE *out)
{
    const void *member = (const char *)c + k->offset;

    switch (k->type) {
    case TYPE_TEXT:
        fprintf(out, "%s = %s\n", k->name, (const char *)member);
        break;
    case TYPE_SECRET:
        dump_secret(k->name, member, out);
        break;
    case TYPE_NUMBER:
        fprintf(out, "%s = %u\n", k->name, *(const unsigned *)member);
        break;
    case TYPE_FLAG:
        fprintf(out, "%s = %s\n", k->name, *(const bool *)member ? "yes" : "no");
        break;
    case TYPE_LEVEL:
        fprintf(out, "%s = %s\n", k->name, log_level_text(*(const enum log_level *)member));
        break;
    }
}

void config_dump(const struct config *c, FILE *out)
{
    const char *section = "";

    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        if (strcmp(section, keys[i].section) != 0)
            fprintf(out, "%s[%s]\n", *section ? "\n" : "", keys[i].section);
        section = keys[i].section;
        dump_value(c, &keys[i], out);
    }
}

void config_help(FILE *out)
{
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        char name[48];

        snprintf(name, sizeof name, "%s.%s", keys[i].section, keys[i].name);
        fprintf(out, "  %-28s %s", name, keys[i].help);
        if (keys[i].type == TYPE_NUMBER)
            fprintf(out, " [%u-%u]", keys[i].min, keys[i].max);
        if (*keys[i].initial)
            fprintf(out, " (%s)", keys[i].initial);
        fputc('\n', out);
    }
}
