/*
 * text.c - the profile text, line by line. tools/profiles/m2m-5g.profile
 * documents every setting.
 */
#include "uicc/perso/options.h"

#include "apdu/hex.h"
#include "uicc/pin/pin.h"
#include "uicc/remote/sd.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MAX_LEN 2048
#define BLANKS       " \t\r"

struct reader {
    struct perso_options *o;
    char *message;
    unsigned line;
    /* the first such line replaces the default */
    bool services_said, isim_services_said, tars_said, schemes_said;
};

__attribute__((format(printf, 3, 4))) static enum err fail(const struct reader *r, enum err e,
                                                           const char *format, ...)
{
    char what[PERSO_MESSAGE_MAX];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(what, sizeof what, format, args);
    va_end(args);
    (void)snprintf(r->message, PERSO_MESSAGE_MAX, "line %u: %.130s", r->line, what);
    return e;
}

/* ---- words and numbers ---- */

/* The next word of *at, which is cut off; NULL at the end. */
static char *next_word(char **at)
{
    char *word = *at + strspn(*at, BLANKS);
    char *end;

    if (*word == '\0')
        return NULL;
    end = word + strcspn(word, BLANKS);
    *at = *end == '\0' ? end : end + 1;
    *end = '\0';
    return word;
}

static bool parse_number(const char *text, int base, uint64_t max, uint64_t *out)
{
    const char *digits = base == 16 ? "0123456789abcdefABCDEF" : "0123456789";
    size_t n = strspn(text, digits);
    unsigned long long v;

    if (n == 0 || n > 16 || text[n] != '\0')
        return false;
    v = strtoull(text, NULL, base);
    if (v > max)
        return false;
    *out = v;
    return true;
}

static enum err number(struct reader *r, const char *what, const char *text, uint64_t max,
                       uint64_t *out)
{
    if (text == NULL || !parse_number(text, 10, max, out))
        return fail(r, ERR_RANGE, "%s must be a number up to %llu", what, (unsigned long long)max);
    return ERR_OK;
}

static enum err yes_no(struct reader *r, const char *text, bool *out)
{
    if (strcmp(text, "yes") != 0 && strcmp(text, "no") != 0)
        return fail(r, ERR_FORMAT, "say yes or no");
    *out = strcmp(text, "yes") == 0;
    return ERR_OK;
}

enum err perso_text_path(const char *text, struct perso_path *out)
{
    struct perso_path path = {.len = 0};
    size_t left = strlen(text);

    for (;;) {
        char digits[5] = "";
        uint64_t fid;

        if (left < 4 || path.len == PERSO_PATH_MAX)
            return ERR_FORMAT;
        memcpy(digits, text, 4);
        if (!parse_number(digits, 16, 0xFFFF, &fid))
            return ERR_FORMAT;
        path.fid[path.len++] = (uint16_t)fid;
        if (left == 4)
            break;
        if (text[4] != '/')
            return ERR_FORMAT;
        text += 5;
        left -= 5;
    }
    *out = path;
    return ERR_OK;
}

/* ---- settings, one function each: argument is what stands behind the keyword ---- */

static enum err copy_text(struct reader *r, const char *text, char *out, size_t max)
{
    size_t n = strlen(text);

    if (n == 0 || n > max)
        return fail(r, ERR_RANGE, "1 to %zu characters", max);
    for (size_t i = 0; i < n; i++) {
        if (text[i] <= ' ' || text[i] > '~')
            return fail(r, ERR_FORMAT, "only printable characters without blanks");
    }
    memcpy(out, text, n + 1);
    return ERR_OK;
}

static enum err set_name(struct reader *r, char *argument, char *value)
{
    (void)argument;
    return copy_text(r, value, r->o->name, PROFILE_NAME_MAX);
}

static enum err set_label(struct reader *r, char *argument, char *value)
{
    (void)argument;
    return copy_text(r, value, r->o->label, PERSO_LABEL_MAX);
}

/* Numbers of one service table, which is count services from base + 1 on. Plain ones replace the
 * default list; said tells that one was there. */
static enum err read_services(struct reader *r, char *value, unsigned base, unsigned count,
                              bool *said)
{
    char *word;

    while ((word = next_word(&value)) != NULL) {
        bool signed_word = *word == '+' || *word == '-';
        uint64_t n;

        if (!parse_number(word + (signed_word ? 1 : 0), 10, 255, &n) || n == 0)
            return fail(r, ERR_FORMAT, "services are numbers of TS 31.102 4.2.8, TS 31.103 4.2.7");
        if (n > count || !perso_tree_offers(base + (unsigned)n))
            return fail(r, ERR_RANGE, "service %u is not offered", (unsigned)n);
        if (!signed_word && !*said)
            memset(r->o->service + base + 1, 0, count * sizeof *r->o->service);
        if (!signed_word)
            *said = true;
        r->o->service[base + n] = *word != '-';
    }
    return ERR_OK;
}

static enum err set_services(struct reader *r, char *argument, char *value)
{
    (void)argument;
    return read_services(r, value, 0, SERVICES_USIM, &r->services_said);
}

static enum err set_isim_services(struct reader *r, char *argument, char *value)
{
    (void)argument;
    return read_services(r, value, SERVICES_USIM, SERVICES_ISIM, &r->isim_services_said);
}

static enum err set_files(struct reader *r, char *argument, char *value)
{
    (void)argument;
    if (strcmp(value, "all") != 0 && strcmp(value, "services") != 0)
        return fail(r, ERR_FORMAT, "all or services");
    r->o->every_file = *value == 'a';
    return ERR_OK;
}

static enum err set_sim_mode(struct reader *r, char *argument, char *value)
{
    (void)argument;
    return yes_no(r, value, &r->o->sim_mode);
}

static enum err set_isim(struct reader *r, char *argument, char *value)
{
    (void)argument;
    return yes_no(r, value, &r->o->isim);
}

static enum err set_ota_algorithm(struct reader *r, char *argument, char *value)
{
    enum secpkt_algorithm algorithm;

    (void)argument;
    if (secpkt_algorithm_from_text(value, 0, &algorithm, &r->o->ota_cc_len) != ERR_OK)
        return fail(r, ERR_FORMAT, "aes, aes-cmac4, 3des or des");
    r->o->ota_algorithm = (uint8_t)algorithm;
    return ERR_OK;
}

static enum err set_rfm_refresh(struct reader *r, char *argument, char *value)
{
    uint64_t v = 0xFF;

    (void)argument;
    if (strcmp(value, "none") != 0 && !parse_number(value, 16, 0x09, &v))
        return fail(r, ERR_FORMAT, "none, or a qualifier of REFRESH, 00 to 09");
    r->o->rfm_refresh = (uint8_t)v;
    return ERR_OK;
}

static enum err set_sqn_delta(struct reader *r, char *argument, char *value)
{
    (void)argument;
    return number(r, "sqn-delta", value, (1ULL << 43) - 1, &r->o->sqn_delta);
}

static enum err set_sqn_age_limit(struct reader *r, char *argument, char *value)
{
    (void)argument;
    return number(r, "sqn-age-limit", value, (1ULL << 43) - 1, &r->o->sqn_age_limit);
}

static enum err set_historical(struct reader *r, char *argument, char *value)
{
    uint8_t bytes[sizeof r->o->historical];
    struct wr w = WR_ARRAY(bytes);

    (void)argument;
    if (hex_decode(value, &w) != ERR_OK)
        return fail(r, ERR_FORMAT, "historical bytes are up to 15 bytes in hex");
    memcpy(r->o->historical, bytes, w.len);
    r->o->historical_len = (uint8_t)w.len;
    return ERR_OK;
}

/* pin1 = TRIES UNBLOCK-TRIES; adm1 = TRIES */
static enum err set_tries(struct reader *r, struct profile_pin *pin, bool unblock, char *value)
{
    uint64_t tries = 0, unblock_tries = 0;
    enum err e = number(r, "tries", next_word(&value), 15, &tries);

    if (e == ERR_OK && unblock)
        e = number(r, "unblock tries", next_word(&value), 15, &unblock_tries);
    if (e != ERR_OK)
        return e;
    if (tries == 0 || next_word(&value) != NULL)
        return fail(r, ERR_FORMAT, unblock ? "tries and unblock tries" : "tries");
    pin->tries = (uint8_t)tries;
    pin->unblock_tries = (uint8_t)unblock_tries;
    return ERR_OK;
}

static enum err set_pin1(struct reader *r, char *argument, char *value)
{
    (void)argument;
    return set_tries(r, &r->o->pins[0], true, value);
}

static enum err set_pin2(struct reader *r, char *argument, char *value)
{
    (void)argument;
    return set_tries(r, &r->o->pins[1], true, value);
}

static enum err set_adm1(struct reader *r, char *argument, char *value)
{
    (void)argument;
    return set_tries(r, &r->o->pins[2], false, value);
}

/* "0B": a key reference of TS 102 221 9.5.1; 0 for anything else. */
static uint8_t parse_reference(const char *text)
{
    uint64_t reference = 0;

    if (strlen(text) != 2 || !parse_number(text, 16, 0xFF, &reference) ||
        pin_bit((uint8_t)reference) == 0)
        return 0;
    return (uint8_t)reference;
}

/* pin 02 = TRIES UNBLOCK-TRIES; pin 0B = TRIES: a key besides PIN1, PIN2 and ADM1, or one of them.
 */
static enum err set_pin(struct reader *r, char *argument, char *value)
{
    uint8_t reference = parse_reference(argument), i = 0;
    enum err e;

    if (reference == 0)
        return fail(r, ERR_FORMAT, "a key reference is 01-08, 0A-0E, 11, 81-88 or 8A-8E");
    while (i < r->o->pin_count && r->o->pins[i].reference != reference)
        i++;
    e = set_tries(r, &r->o->pins[i], !pin_is_adm(reference), value);
    r->o->pins[i].reference = reference;
    if (e == ERR_OK && i == r->o->pin_count)
        r->o->pin_count++;
    return e;
}

static const struct {
    const char *name;
    uint8_t app;
} apps[] = {
    {"rfm-uicc", REMOTE_RFM_UICC}, {"rfm-usim", REMOTE_RFM_ADF},  {"rfm-sim", REMOTE_RFM_SIM},
    {"ram", REMOTE_RAM},           {"opchange", REMOTE_OPCHANGE},
};

static const struct {
    const char *name;
    uint8_t reference;
} keys[] = {{"PIN1", 0x01}, {"PIN2", 0x81}, {"ADM1", 0x0A}};

static bool find_app(const char *name, uint8_t *app)
{
    for (size_t i = 0; i < ARRAY_LEN(apps); i++) {
        if (strcmp(apps[i].name, name) == 0) {
            *app = apps[i].app;
            return true;
        }
    }
    return false;
}

static uint32_t find_key(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        if (strcmp(keys[i].name, name) == 0)
            return pin_bit(keys[i].reference);
    }
    return pin_bit(parse_reference(name));
}

static enum err read_tar(struct reader *r, const char *argument, struct profile_tar *tar)
{
    struct wr w = WR_ARRAY(tar->tar);

    if (hex_decode(argument, &w) != ERR_OK || w.len != sizeof tar->tar)
        return fail(r, ERR_FORMAT, "a TAR is 3 bytes in hex");
    for (size_t i = 0; r->tars_said && i < r->o->tar_count; i++) {
        if (memcmp(r->o->tars[i].tar, tar->tar, sizeof tar->tar) == 0)
            return fail(r, ERR_FORMAT, "TAR %s is there already", argument);
    }
    return ERR_OK;
}

/* tar B00000 = APPLICATION LEVEL KEY... */
static enum err set_tar(struct reader *r, char *argument, char *value)
{
    struct profile_tar tar = {.keys = 0};
    enum err e = read_tar(r, argument, &tar);
    char *word = next_word(&value);
    uint64_t level;

    if (e != ERR_OK)
        return e;
    if (word == NULL || !find_app(word, &tar.app))
        return fail(r, ERR_FORMAT, "rfm-uicc, rfm-usim, rfm-sim, ram or opchange");
    word = next_word(&value);
    if (word == NULL || !parse_number(word, 16, 0x1F, &level))
        return fail(r, ERR_FORMAT, "the security level is coded as SPI1, 00 to 1F");
    if (!sd_level_allowed((uint8_t)level))
        return fail(r, ERR_RANGE, "the least security level is %02X: CC, and a counter that rises",
                    SD_LEVEL_FLOOR);
    tar.level = (uint8_t)level;
    while ((word = next_word(&value)) != NULL) {
        if (find_key(word) == 0)
            return fail(r, ERR_FORMAT, "keys are PIN1, PIN2, ADM1, or references like 0B");
        tar.keys |= find_key(word);
    }
    if (!r->tars_said)
        r->o->tar_count = 0;
    r->tars_said = true;
    if (r->o->tar_count == PERSO_TARS_MAX)
        return fail(r, ERR_SPACE, "too many TARs");
    r->o->tars[r->o->tar_count++] = tar;
    return ERR_OK;
}

/* applet MODULE = AID [KEY VALUE]... */
static enum err set_applet(struct reader *r, char *argument, char *value)
{
    struct perso_options *o = r->o;
    struct wr w = {o->applets, o->applets_len, sizeof o->applets, false};
    char wrong[80] = "";
    enum err e = perso_applets_read(argument, value, &w, wrong, sizeof wrong);

    if (e != ERR_OK)
        return fail(r, e, "%s", wrong);
    o->applets_len = (uint16_t)w.len;
    return ERR_OK;
}

/* suci = null | a KEY-ID KEY | b KEY-ID KEY, the preferred scheme first */
static enum err read_scheme(struct reader *r, char *value, struct perso_scheme *s)
{
    struct wr w = WR_ARRAY(s->key);
    const char *name = next_word(&value);
    const char *id, *key;
    uint64_t key_id;

    if (name != NULL && strcmp(name, "null") == 0)
        return next_word(&value) == NULL ? ERR_OK : fail(r, ERR_FORMAT, "null takes no key");
    if (name == NULL || (strcmp(name, "a") != 0 && strcmp(name, "b") != 0))
        return fail(r, ERR_FORMAT, "null, a KEY-ID KEY, or b KEY-ID KEY");
    s->scheme = *name == 'a' ? 1 : 2;
    id = next_word(&value);
    key = next_word(&value);
    if (id == NULL || !parse_number(id, 10, 255, &key_id))
        return fail(r, ERR_RANGE, "a key id is 0 to 255");
    s->key_id = (uint8_t)key_id;
    if (key == NULL || hex_decode(key, &w) != ERR_OK || w.len != (s->scheme == 1 ? 32U : 33U) ||
        next_word(&value) != NULL)
        return fail(r, ERR_FORMAT, "the key has 32 bytes (a) or 33 (b, compressed)");
    s->key_len = (uint8_t)w.len;
    return ERR_OK;
}

static enum err set_suci(struct reader *r, char *argument, char *value)
{
    struct perso_scheme s = {.scheme = 0};
    enum err e = read_scheme(r, value, &s);

    (void)argument;
    if (e != ERR_OK)
        return e;
    if (!r->schemes_said)
        r->o->scheme_count = 0;
    r->schemes_said = true;
    if (r->o->scheme_count == PERSO_SCHEMES_MAX)
        return fail(r, ERR_SPACE, "too many schemes");
    r->o->schemes[r->o->scheme_count++] = s;
    return ERR_OK;
}

/* size PATH = BYTES (transparent), RECORDS, or LENGTHxRECORDS */
static enum err set_size(struct reader *r, char *argument, char *value)
{
    struct perso_size s = {.line = r->line};
    char *x = strchr(value, 'x');
    uint64_t first, second = 0;

    if (perso_text_path(argument, &s.path) != ERR_OK)
        return fail(r, ERR_FORMAT, "a path is like 7FFF/6F3C");
    if (x != NULL)
        *x = '\0';
    if (!parse_number(value, 10, 0x7FFF, &first) || first == 0 ||
        (x != NULL && (first > 255 || !parse_number(x + 1, 10, 254, &second) || second == 0)))
        return fail(r, ERR_RANGE, "a size is a number, or LENGTHxRECORDS");
    if (r->o->size_count == PERSO_CHANGES_MAX)
        return fail(r, ERR_SPACE, "too many sizes");
    s.len = (uint16_t)first;
    s.count = (uint8_t)second;
    r->o->sizes[r->o->size_count++] = s;
    return ERR_OK;
}

/* content PATH [RECORD] = HEX */
static enum err set_content(struct reader *r, char *argument, char *value)
{
    struct perso_options *o = r->o;
    struct perso_content c = {.offset = o->bytes_len, .line = r->line};
    struct wr w = WR(o->bytes + o->bytes_len, sizeof o->bytes - o->bytes_len);
    const char *path = next_word(&argument);
    const char *record = next_word(&argument);
    uint64_t n = 0;

    if (path == NULL || perso_text_path(path, &c.path) != ERR_OK)
        return fail(r, ERR_FORMAT, "a path is like 7FFF/6FB7");
    if (record != NULL && (!parse_number(record, 10, 254, &n) || n == 0))
        return fail(r, ERR_RANGE, "records count from 1 to 254");
    if (hex_decode(value, &w) != ERR_OK)
        return fail(r, ERR_FORMAT, "contents are hex, and not too much of it");
    if (o->content_count == PERSO_CHANGES_MAX)
        return fail(r, ERR_SPACE, "too many contents");
    c.record = (uint8_t)n;
    c.len = (uint16_t)w.len;
    o->bytes_len = (uint16_t)(o->bytes_len + w.len);
    o->contents[o->content_count++] = c;
    return ERR_OK;
}

static const struct {
    const char *keyword;
    bool argument;
    enum err (*set)(struct reader *r, char *argument, char *value);
} settings[] = {
    {"name", false, set_name},
    {"label", false, set_label},
    {"services", false, set_services},
    {"isim-services", false, set_isim_services},
    {"files", false, set_files},
    {"sim-mode", false, set_sim_mode},
    {"isim", false, set_isim},
    {"ota-algorithm", false, set_ota_algorithm},
    {"rfm-refresh", false, set_rfm_refresh},
    {"sqn-delta", false, set_sqn_delta},
    {"sqn-age-limit", false, set_sqn_age_limit},
    {"historical", false, set_historical},
    {"pin1", false, set_pin1},
    {"pin2", false, set_pin2},
    {"adm1", false, set_adm1},
    {"pin", true, set_pin},
    {"tar", true, set_tar},
    {"applet", true, set_applet},
    {"suci", false, set_suci},
    {"size", true, set_size},
    {"content", true, set_content},
};

/* ---- lines ---- */

static char *trim(char *text)
{
    size_t n;

    text += strspn(text, BLANKS);
    n = strlen(text);
    while (n > 0 && strchr(BLANKS, text[n - 1]) != NULL)
        text[--n] = '\0';
    return text;
}

static enum err read_setting(struct reader *r, char *key, char *value)
{
    char *keyword = next_word(&key);

    if (keyword == NULL)
        return fail(r, ERR_FORMAT, "KEYWORD = VALUE");
    key = trim(key);
    value = trim(value);
    for (size_t i = 0; i < ARRAY_LEN(settings); i++) {
        if (strcmp(settings[i].keyword, keyword) != 0)
            continue;
        if (settings[i].argument != (*key != '\0'))
            return fail(r, ERR_FORMAT,
                        settings[i].argument ? "%s needs an argument" : "%s takes no argument",
                        keyword);
        return settings[i].set(r, key, value);
    }
    return fail(r, ERR_FORMAT, "unknown setting \"%.40s\"", keyword);
}

static enum err read_line(struct reader *r, const char *at, size_t len)
{
    char line[LINE_MAX_LEN + 1];
    char *equals, *text;

    if (len > LINE_MAX_LEN)
        return fail(r, ERR_RANGE, "longer than %d characters", LINE_MAX_LEN);
    memcpy(line, at, len);
    line[len] = '\0';
    line[strcspn(line, "#")] = '\0';
    text = trim(line);
    if (*text == '\0')
        return ERR_OK;
    equals = strchr(text, '=');
    if (equals == NULL)
        return fail(r, ERR_FORMAT, "KEYWORD = VALUE");
    *equals = '\0';
    return read_setting(r, text, equals + 1);
}

enum err perso_text_read(const char *text, struct perso_options *o, char *message)
{
    struct reader r = {.o = o, .message = message};

    while (*text != '\0') {
        size_t len = strcspn(text, "\n");
        enum err e;

        r.line++;
        e = read_line(&r, text, len);
        if (e != ERR_OK)
            return e;
        text += len + (text[len] == '\n' ? 1 : 0);
    }
    return ERR_OK;
}
