#include "apdu/hex.h"
#include "ota/core/text.h"
#include "ota/oplist/identity.h"
#include "ota/oplist/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define VERSION   "1"
#define NONE      "none"
#define TIME_FORM "%Y-%m-%dT%H:%M:%SZ"
#define VALUE_MAX 128

static const struct oplist_rule rules[OPLIST_PURPOSES] = {
    [OPLIST_IMSI_LIST] = {"imsi-list", OPLIST_OPERATOR, OPLIST_OPERATOR, OPLIST_OF_SENDER,
                          "iccid,imsi,msisdn"},
    [OPLIST_HAND_OVER] = {"hand-over", OPLIST_OPERATOR, OPLIST_OPERATOR, OPLIST_OF_RECEIVER,
                          "iccid,imsi,msisdn,index,sqn,counter,keys"},
    [OPLIST_KEY_REQUEST] = {"key-request", OPLIST_OPERATOR, OPLIST_MANUFACTURER, OPLIST_NO_IMSI,
                            "iccid,index"},
    [OPLIST_KEY_ISSUE] = {"key-issue", OPLIST_MANUFACTURER, OPLIST_OPERATOR, OPLIST_NO_IMSI,
                          "iccid,index,keys"},
    [OPLIST_CONFIRMATION] = {"confirmation", OPLIST_OPERATOR, 0, OPLIST_OF_SENDER,
                             "iccid,imsi,index"},
};

static const char *const alternatives[] = {[OPLIST_3A] = "3a", [OPLIST_3B] = "3b"};

const struct oplist_rule *oplist_rule(enum oplist_purpose purpose)
{
    return &rules[purpose];
}

const char *oplist_purpose_text(enum oplist_purpose purpose)
{
    return (size_t)purpose < ARRAY_LEN(rules) ? rules[purpose].name : NULL;
}

/* --- writing --------------------------------------------------------------------------------- */

static void put(struct wr *w, const char *name, const char *value)
{
    wr_bytes(w, name, strlen(name));
    wr_bytes(w, ": ", 2);
    wr_bytes(w, value, strlen(value));
    wr_u8(w, '\n');
}

static void put_number(struct wr *w, const char *name, uint64_t v)
{
    char text[32];

    snprintf(text, sizeof text, "%llu", (unsigned long long)v);
    put(w, name, text);
}

static void put_time(struct wr *w, const char *name, int64_t t)
{
    time_t at = (time_t)t;
    struct tm tm;
    char text[64];

    if (gmtime_r(&at, &tm) == NULL || strftime(text, sizeof text, TIME_FORM, &tm) == 0)
        w->overflow = true;
    else
        put(w, name, text);
}

static void put_digest(struct wr *w, const char *name, bool has, const uint8_t *digest)
{
    char text[2 * OPLIST_DIGEST_LEN + 1] = NONE;

    if (has && hex_encode(RD(digest, OPLIST_DIGEST_LEN), text, sizeof text) != ERR_OK)
        w->overflow = true;
    put(w, name, text);
}

static bool spn_valid(const char *spn)
{
    size_t n = strlen(spn);

    for (size_t i = 0; i < n; i++) {
        if (spn[i] < ' ' || spn[i] > '~')
            return false;
    }
    return n <= OPLIST_SPN_MAX;
}

static bool service_centre_valid(const char *number)
{
    size_t n = strlen(number);

    return n == 0 || (number[0] == '+' && n >= 4 && n <= NUMBER_DIGITS_MAX + 1 &&
                      strspn(number + 1, "0123456789") == n - 1);
}

enum err oplist_header_write(const struct oplist_header *h, struct wr *w)
{
    if (!spn_valid(h->spn) || !service_centre_valid(h->service_centre))
        return ERR_FORMAT;
    put(w, "reseat-list", VERSION);
    put(w, "purpose", rules[h->purpose].name);
    put(w, "alternative", alternatives[h->alternative]);
    put_number(w, "number", h->number);
    put(w, "sender", h->sender);
    put(w, "receiver", h->receiver);
    put_time(w, "not-before", h->not_before);
    put_time(w, "not-after", h->not_after);
    put_digest(w, "previous", h->has_previous, h->previous);
    put_digest(w, "answers", h->has_answers, h->answers);
    put(w, "spn", h->spn);
    put(w, "service-centre", h->service_centre);
    put_number(w, "rows", h->rows);
    put(w, "columns", rules[h->purpose].columns);
    wr_u8(w, '\n');
    return wr_result(w);
}

/* --- reading --------------------------------------------------------------------------------- */

/* The value of the line "name: value", which must be the next one. */
static enum err get(struct rd *r, const char *name, char value[VALUE_MAX])
{
    const uint8_t *end = r->left == 0 ? NULL : memchr(r->at, '\n', r->left);
    size_t n = strlen(name), len;
    struct rd line, rest;

    if (end == NULL || rd_take(r, (size_t)(end - r->at) + 1, &line) != ERR_OK)
        return ERR_FORMAT;
    if (line.left < n + 3 || memcmp(line.at, name, n) != 0 || memcmp(line.at + n, ": ", 2) != 0)
        return ERR_FORMAT;
    rest = RD(line.at + n + 2, line.left - n - 3);
    len = rest.left;
    if (len >= VALUE_MAX || memchr(rest.at, '\0', len) != NULL)
        return ERR_FORMAT;
    memcpy(value, rest.at, len);
    value[len] = '\0';
    return ERR_OK;
}

static enum err get_index(struct rd *r, const char *name, const char *const *texts, size_t count,
                          size_t *index)
{
    char value[VALUE_MAX];
    enum err e = get(r, name, value);

    for (*index = 0; e == ERR_OK && *index < count; (*index)++) {
        if (strcmp(value, texts[*index]) == 0)
            return ERR_OK;
    }
    return ERR_FORMAT;
}

static enum err get_purpose(struct rd *r, enum oplist_purpose *purpose)
{
    const char *names[OPLIST_PURPOSES];
    size_t index = 0;
    enum err e;

    for (size_t i = 0; i < OPLIST_PURPOSES; i++)
        names[i] = rules[i].name;
    e = get_index(r, "purpose", names, OPLIST_PURPOSES, &index);
    *purpose = (enum oplist_purpose)index;
    return e;
}

static enum err get_number(struct rd *r, const char *name, uint64_t max, uint64_t *out)
{
    char value[VALUE_MAX], again[32];
    enum err e = get(r, name, value);

    if (e != ERR_OK)
        return e;
    *out = strtoull(value, NULL, 10);
    snprintf(again, sizeof again, "%llu", (unsigned long long)*out);
    return strcmp(value, again) == 0 && *out <= max ? ERR_OK : ERR_FORMAT;
}

static enum err get_name(struct rd *r, const char *name, char out[OPLIST_NAME_MAX + 1])
{
    char value[VALUE_MAX];
    enum err e = get(r, name, value);

    if (e != ERR_OK || !oplist_name_valid(value))
        return ERR_FORMAT;
    text_copy(out, OPLIST_NAME_MAX + 1, value);
    return ERR_OK;
}

static enum err get_time(struct rd *r, const char *name, int64_t *out)
{
    char value[VALUE_MAX], again[64];
    struct tm tm = {0};
    const char *end;
    time_t at;
    enum err e = get(r, name, value);

    if (e != ERR_OK)
        return e;
    end = strptime(value, TIME_FORM, &tm);
    if (end == NULL || *end != '\0')
        return ERR_FORMAT;
    at = timegm(&tm);
    if (gmtime_r(&at, &tm) == NULL || strftime(again, sizeof again, TIME_FORM, &tm) == 0 ||
        strcmp(again, value) != 0)
        return ERR_FORMAT;
    *out = (int64_t)at;
    return ERR_OK;
}

static enum err get_digest(struct rd *r, const char *name, bool *has, uint8_t *digest)
{
    char value[VALUE_MAX];
    struct wr w = WR(digest, OPLIST_DIGEST_LEN);
    enum err e = get(r, name, value);

    if (e != ERR_OK)
        return e;
    *has = strcmp(value, NONE) != 0;
    if (!*has)
        return ERR_OK;
    /* hex_decode() skips blanks, and a list has one form only. */
    if (strspn(value, "0123456789ABCDEF") != 2 * OPLIST_DIGEST_LEN ||
        value[2 * OPLIST_DIGEST_LEN] != '\0')
        return ERR_FORMAT;
    return hex_decode(value, &w) == ERR_OK && w.len == w.cap ? ERR_OK : ERR_FORMAT;
}

static enum err get_text(struct rd *r, const char *name, char *out, size_t cap)
{
    char value[VALUE_MAX];
    enum err e = get(r, name, value);

    return e == ERR_OK && text_copy(out, cap, value) ? ERR_OK : ERR_FORMAT;
}

static enum err get_first_half(struct rd *r, struct oplist_header *h)
{
    static const char *const versions[] = {VERSION};
    size_t index = 0;
    enum err e = get_index(r, "reseat-list", versions, ARRAY_LEN(versions), &index);

    if (e == ERR_OK)
        e = get_purpose(r, &h->purpose);
    if (e == ERR_OK)
        e = get_index(r, "alternative", alternatives, ARRAY_LEN(alternatives), &index);
    h->alternative = (enum oplist_alternative)index;
    if (e == ERR_OK)
        e = get_number(r, "number", INT64_MAX, &h->number);
    if (e == ERR_OK)
        e = get_name(r, "sender", h->sender);
    if (e == ERR_OK)
        e = get_name(r, "receiver", h->receiver);
    if (e == ERR_OK)
        e = get_time(r, "not-before", &h->not_before);
    return e != ERR_OK ? e : get_time(r, "not-after", &h->not_after);
}

static enum err get_second_half(struct rd *r, struct oplist_header *h)
{
    const char *const *columns = &rules[h->purpose].columns;
    size_t index = 0;
    enum err e = get_digest(r, "previous", &h->has_previous, h->previous);

    if (e == ERR_OK)
        e = get_digest(r, "answers", &h->has_answers, h->answers);
    if (e == ERR_OK)
        e = get_text(r, "spn", h->spn, sizeof h->spn);
    if (e == ERR_OK)
        e = get_text(r, "service-centre", h->service_centre, sizeof h->service_centre);
    if (e == ERR_OK)
        e = get_number(r, "rows", OPLIST_ROWS_MAX, &h->rows);
    return e != ERR_OK ? e : get_index(r, "columns", columns, 1, &index);
}

enum err oplist_header_read(struct rd *text, struct oplist_header *out)
{
    struct oplist_header h = {.number = 0};
    struct rd r = *text;
    uint8_t empty;
    enum err e = get_first_half(&r, &h);

    if (e == ERR_OK)
        e = get_second_half(&r, &h);
    if (e != ERR_OK || rd_u8(&r, &empty) != ERR_OK || empty != '\n')
        return ERR_FORMAT;
    if (h.number == 0 || !spn_valid(h.spn) || !service_centre_valid(h.service_centre))
        return ERR_FORMAT;
    *out = h;
    *text = r;
    return ERR_OK;
}
