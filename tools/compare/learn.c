/*
 * A profile out of a card. What the personaliser does not take (a service that is not offered, a
 * size below the standard's, a file that the profile has not) stays in the text as a comment
 * that says why: the text always makes cards, and shows what they lack.
 */
#include "apdu/atr.h"
#include "apdu/tlv.h"
#include "tools/compare/compare.h"
#include "tools/decode/show.h"
#include "uicc/perso.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define LINES_MAX 1024
#define LINE_MAX  1900 /* the personaliser takes 2048 */
#define BODY_MAX  512  /* bytes of a content that a line can say */

/* What belongs to an operator rather than to a subscriber: its content is learnt. */
static const struct {
    uint16_t fid;
    enum decode_place place;
} learnt[] = {
    {0x2F05, PLACE_MF},   {0x2F08, PLACE_MF},   {0x6F05, PLACE_USIM}, {0x6F31, PLACE_USIM},
    {0x6F3E, PLACE_USIM}, {0x6F3F, PLACE_USIM}, {0x6F45, PLACE_USIM}, {0x6F46, PLACE_USIM},
    {0x6F48, PLACE_USIM}, {0x6F49, PLACE_USIM}, {0x6F50, PLACE_USIM}, {0x6F56, PLACE_USIM},
    {0x6F57, PLACE_USIM}, {0x6F5C, PLACE_USIM}, {0x6F61, PLACE_USIM}, {0x6F62, PLACE_USIM},
    {0x6FB7, PLACE_USIM}, {0x6FC5, PLACE_USIM}, {0x6FC6, PLACE_USIM}, {0x6FCD, PLACE_USIM},
    {0x6FD9, PLACE_USIM}, {0x6FDB, PLACE_USIM}, {0x6FDC, PLACE_USIM}, {0x6FE8, PLACE_USIM},
    {0x6FEC, PLACE_USIM}, {0x6FF3, PLACE_USIM}, {0x6FF4, PLACE_USIM}, {0x6FF7, PLACE_USIM},
    {0x6FFD, PLACE_USIM}, {0x4F06, PLACE_5GS},  {0x4F08, PLACE_5GS},  {0x4F0A, PLACE_5GS},
};

/* Sizes of these follow from elsewhere. */
static bool has_own_size(uint16_t fid)
{
    return fid != 0x2F00 && fid != 0x2F06 && fid != 0x6F06 && fid != 0x6F38;
}

struct text {
    char *lines[LINES_MAX];
    size_t count;
    bool failed;
};

__attribute__((format(printf, 2, 3))) static void line(struct text *t, const char *format, ...)
{
    char buffer[LINE_MAX];
    va_list args;

    va_start(args, format);
    vsnprintf(buffer, sizeof buffer, format, args);
    va_end(args);
    if (t->count == LINES_MAX || (t->lines[t->count] = strdup(buffer)) == NULL)
        t->failed = true;
    else
        t->count++;
}

static void path_text(const struct compare_path *p, char *text, size_t cap)
{
    text[0] = '\0';
    for (size_t i = 0; i < p->len; i++) {
        size_t n = strlen(text);

        snprintf(text + n, cap - n, "%s%04X", i > 0 ? "/" : "", p->fid[i]);
    }
}

/* The numbers that are on in a service table, as lines of this setting. */
static void learn_table(const struct compare_file *f, const char *setting, struct text *t)
{
    for (size_t i = 0; i < f->body.left * 8; i++) {
        if ((f->body.at[i / 8] >> i % 8 & 1) != 0)
            line(t, "%s = %zu", setting, i + 1);
    }
}

/* Some files and their services (TS 31.102 4.2.8). */
static const struct {
    uint16_t fid;
    uint8_t service;
} tied[] = {{0x6F4D, 6}, {0x6FB1, 57}, {0x6FD6, 68}, {0x6FE2, 80}, {0x6FED, 99}, {0x6FFD, 121}};

/* Has the card files of services that are off? */
static bool has_spare_files(const struct compare_card *c, struct rd ust)
{
    for (size_t i = 0; i < ARRAY_LEN(tied); i++) {
        const struct compare_path path = {PLACE_USIM, {FID_CURRENT_ADF, tied[i].fid}, 2};
        unsigned bit = tied[i].service - 1U;
        bool on = bit / 8 < ust.left && (ust.at[bit / 8] >> bit % 8 & 1) != 0;

        const struct compare_file *f = compare_find(c, &path);

        if (!on && f != NULL && compare_is_ok(f->sw))
            return true;
    }
    return false;
}

static void learn_services(const struct compare_card *c, struct text *t)
{
    static const struct compare_path ust = {PLACE_USIM, {FID_CURRENT_ADF, FID_EF_UST}, 2};
    static const struct compare_path ist = {PLACE_ISIM, {FID_CURRENT_ADF, FID_EF_IST}, 2};
    const struct compare_file *f = compare_find(c, &ust), *g = compare_find(c, &ist);

    if (f == NULL || f->body.left == 0) {
        line(t, "# EF.UST could not be read: the services are those of the built-in profile");
        return;
    }
    learn_table(f, "services", t);
    if (g != NULL)
        learn_table(g, "isim-services", t);
    line(t, "files = %s", has_spare_files(c, f->body) ? "all" : "services");
}

static void learn_card(const struct compare_card *c, struct text *t)
{
    struct atr atr;
    char hex[2 * ATR_LEN_MAX + 1] = "";
    bool isim = false;

    for (size_t i = 0; i < c->app_count; i++) {
        isim |= c->apps[i].kind == PLACE_ISIM;
        if (c->apps[i].kind == PLACE_USIM && c->apps[i].label[0] != '\0')
            line(t, "label = %s", c->apps[i].label);
    }
    line(t, "sim-mode = %s", c->sim_mode ? "yes" : "no");
    line(t, "isim = %s", isim ? "yes" : "no");
    if (atr_parse(RD(c->atr, c->atr_len), &atr) == ERR_OK && atr.historical.left > 0) {
        for (size_t i = 0; i < atr.historical.left; i++)
            snprintf(hex + 2 * i, 3, "%02X", atr.historical.at[i]);
        line(t, "historical = %s", hex);
    }
}

static void learn_size(const struct compare_file *f, struct text *t)
{
    char path[32];

    path_text(&f->path, path, sizeof path);
    if (f->record_len > 0)
        line(t, "size %s = %ux%u", path, f->record_len, f->records);
    else if (f->size > 0)
        line(t, "size %s = %u", path, f->size);
}

/* One line of content; trailing FF are what a new file has anyway. */
static void learn_bytes(const char *path, unsigned record, struct rd body, struct text *t)
{
    char hex[2 * BODY_MAX + 1], number[16] = "";

    while (body.left > 0 && body.at[body.left - 1] == 0xFF)
        body.left--;
    if (body.left == 0 || body.left > BODY_MAX)
        return;
    for (size_t i = 0; i < body.left; i++)
        snprintf(hex + 2 * i, 3, "%02X", body.at[i]);
    if (record > 0)
        snprintf(number, sizeof number, " %u", record);
    line(t, "content %s%s = %s", path, number, hex);
}

static void learn_content(const struct compare_file *f, struct text *t)
{
    char path[32];

    path_text(&f->path, path, sizeof path);
    if (f->record_len == 0) {
        learn_bytes(path, 0, f->body, t);
        return;
    }
    for (unsigned i = 0; (i + 1) * f->record_len <= f->body.left; i++)
        learn_bytes(path, i + 1, RD(f->body.at + i * f->record_len, f->record_len), t);
}

static bool is_learnt(const struct compare_file *f)
{
    const struct compare_path *p = &f->path;
    enum decode_place place = show_place(p->application, p->fid, p->len - 1U);

    for (size_t i = 0; i < ARRAY_LEN(learnt); i++) {
        if (learnt[i].fid == p->fid[p->len - 1] && learnt[i].place == place)
            return true;
    }
    return false;
}

/* Files of the MF and of the USIM; the others show bodies of these (TS 51.011, TS 31.103). */
static bool is_in_profile(const struct compare_file *f)
{
    const struct compare_path *p = &f->path;

    return p->len > 0 && !show_is_df(p->fid[p->len - 1]) && p->application != PLACE_ISIM &&
           p->fid[0] != FID_DF_GSM && (p->len != 2 || p->fid[0] != FID_DF_TELECOM);
}

static void learn_files(const struct compare_card *c, struct text *t)
{
    for (size_t i = 0; i < c->file_count; i++) {
        const struct compare_file *f = &c->files[i];

        if (!is_in_profile(f))
            continue;
        if (has_own_size(f->path.fid[f->path.len - 1]))
            learn_size(f, t);
        if (is_learnt(f))
            learn_content(f, t);
    }
}

/* --- what the personaliser says of it --- */

static char *join(const struct text *t)
{
    size_t len = 1;
    char *all, *w;

    for (size_t i = 0; i < t->count; i++)
        len += strlen(t->lines[i]) + 1;
    all = malloc(len);
    if (all == NULL)
        return NULL;
    w = all;
    for (size_t i = 0; i < t->count; i++) {
        w = stpcpy(w, t->lines[i]);
        *w++ = '\n';
    }
    *w = '\0';
    return all;
}

static bool comment_out(struct text *t, size_t i, const char *why)
{
    char *longer = NULL;

    if (i >= t->count || t->lines[i][0] == '#')
        return false;
    if (asprintf(&longer, "# %s: %s", why, t->lines[i]) < 0)
        return false;
    free(t->lines[i]);
    t->lines[i] = longer;
    return true;
}

/* The line that begins so. */
static size_t line_of(const struct text *t, const char *begin)
{
    size_t n = strlen(begin), i = 0;

    while (i < t->count && strncmp(t->lines[i], begin, n) != 0)
        i++;
    return i;
}

/* Take out what message complains of: "line 12: ...", "service 4 needs service 1", ... */
static bool repair(struct text *t, const char *message)
{
    char begin[32];
    unsigned n;
    const char *colon = strchr(message, ':');

    if (sscanf(message, "line %u:", &n) == 1 && colon != NULL && n > 0)
        return comment_out(t, n - 1, colon + 2);
    if (sscanf(message, "service %u ", &n) == 1) {
        snprintf(begin, sizeof begin, "services = %u", n);
        for (size_t i = 0; i < t->count; i++) {
            if (strcmp(t->lines[i], begin) == 0)
                return comment_out(t, i, message);
        }
        return false;
    }
    if (strncmp(message, "sim-mode", 8) == 0) {
        bool done = comment_out(t, line_of(t, "sim-mode"), message);

        line(t, "sim-mode = no");
        return done;
    }
    return false;
}

static enum err make_it_compile(struct text *t)
{
    uint8_t *image = malloc(PERSO_IMAGE_MAX);
    enum err e = image == NULL ? ERR_NOMEM : ERR_FORMAT;

    for (unsigned i = 0; i < LINES_MAX && e != ERR_OK && e != ERR_NOMEM; i++) {
        char message[PERSO_MESSAGE_MAX] = "";
        struct wr w = WR(image, PERSO_IMAGE_MAX);
        char *all = join(t);

        e = all == NULL ? ERR_NOMEM : perso_compile(all, &w, message);
        free(all);
        if (e != ERR_OK && e != ERR_NOMEM && !repair(t, message))
            break;
    }
    free(image);
    return e;
}

enum err compare_learn(const struct compare_card *c, FILE *out)
{
    struct text *t = calloc(1, sizeof *t);
    enum err e = t == NULL ? ERR_NOMEM : ERR_OK;

    if (t == NULL)
        return e;
    line(t,
         "# Learnt from a card by `apdu compare --learn': the look of its operator, without the");
    line(t, "# identity, the keys and what networks wrote. For `uicc make --profile'.");
    line(t, "name = learnt");
    learn_card(c, t);
    learn_services(c, t);
    learn_files(c, t);
    e = t->failed ? ERR_NOMEM : make_it_compile(t);
    for (size_t i = 0; i < t->count; i++) {
        fprintf(out, "%s\n", t->lines[i]);
        free(t->lines[i]);
    }
    free(t);
    if (e == ERR_OK && (fflush(out) != 0 || ferror(out)))
        e = ERR_IO;
    return e;
}
