#include "apdu/tlv.h"
#include "tools/compare/compare.h"
#include "tools/decode/show.h"

#include <stdlib.h>
#include <string.h>

#define FID_PBR 0x4F30

/* DFs in the order of the walk: from below the MF, 7FFF for an application. */
static const struct compare_path dfs[] = {
    {PLACE_UNKNOWN, {0}, 0},
    {PLACE_UNKNOWN, {FID_DF_TELECOM}, 1},
    {PLACE_UNKNOWN, {FID_DF_TELECOM, 0x5F50}, 2},
    {PLACE_UNKNOWN, {FID_DF_TELECOM, 0x5F3A}, 2},
    {PLACE_UNKNOWN, {FID_DF_TELECOM, 0x5F3B}, 2},
    {PLACE_UNKNOWN, {FID_DF_TELECOM, 0x5F3D}, 2},
    {PLACE_UNKNOWN, {FID_DF_TELECOM, 0x5F3E}, 2},
    {PLACE_UNKNOWN, {FID_DF_GSM}, 1},
    {PLACE_USIM, {FID_CURRENT_ADF}, 1},
    {PLACE_USIM, {FID_CURRENT_ADF, 0x5F3A}, 2},
    {PLACE_USIM, {FID_CURRENT_ADF, 0x5F3B}, 2},
    {PLACE_USIM, {FID_CURRENT_ADF, 0x5F40}, 2},
    {PLACE_USIM, {FID_CURRENT_ADF, 0x5F50}, 2},
    {PLACE_USIM, {FID_CURRENT_ADF, 0x5F70}, 2},
    {PLACE_USIM, {FID_CURRENT_ADF, 0x5F90}, 2},
    {PLACE_USIM, {FID_CURRENT_ADF, 0x5FC0}, 2},
    {PLACE_USIM, {FID_CURRENT_ADF, 0x5FD0}, 2},
    {PLACE_USIM, {FID_CURRENT_ADF, 0x5FE0}, 2},
    {PLACE_USIM, {FID_CURRENT_ADF, 0x5FF0}, 2},
    {PLACE_USIM, {FID_CURRENT_ADF, 0x5FF1}, 2},
    {PLACE_ISIM, {FID_CURRENT_ADF}, 1},
};

/* --- the card as a whole --- */

static void add_application(struct compare_card *c, struct rd record)
{
    static const uint8_t usim[] = {AID_USIM}, isim[] = {AID_ISIM};
    struct compare_app *a = &c->apps[c->app_count];
    struct rd inside, aid, label;

    if (c->app_count == COMPARE_APPS_MAX || tlv_find(record, 0x61, &inside) != ERR_OK ||
        tlv_find(inside, 0x4F, &aid) != ERR_OK || aid.left < 5 || aid.left > COMPARE_AID_MAX)
        return;
    memset(a, 0, sizeof *a);
    memcpy(a->aid, aid.at, aid.left);
    a->len = (uint8_t)aid.left;
    a->kind = PLACE_OTHER_APP;
    if (aid.left >= 7 && memcmp(aid.at, usim, 7) == 0)
        a->kind = PLACE_USIM;
    else if (aid.left >= 7 && memcmp(aid.at, isim, 7) == 0)
        a->kind = PLACE_ISIM;
    if (tlv_find(inside, 0x50, &label) == ERR_OK)
        snprintf(a->label, sizeof a->label, "%.*s", (int)label.left, (const char *)label.at);
    c->app_count++;
}

/* EF.DIR, record by record (TS 102 221 13.1). */
static void read_applications(struct compare_card *c)
{
    static const struct compare_path dir = {PLACE_UNKNOWN, {FID_EF_DIR}, 1};
    uint8_t bytes[APDU_RESPONSE_MAX];
    struct wr w = WR_ARRAY(bytes);
    sw_t sw = compare_select(c, &dir, &w);

    for (uint8_t i = 1; i < 255 && compare_is_ok(sw); i++) {
        const uint8_t header[] = {0x00, INS_READ_RECORD, i, 0x04, 0x00};

        sw = compare_send(c, header, RD(NULL, 0), &w);
        if (compare_is_ok(sw))
            add_application(c, RD_WR(&w));
    }
}

enum err compare_open(struct compare_card *c, const char *name, struct reader *reader)
{
    static const uint8_t sim_select[] = {0xA0, INS_SELECT, 0x00, 0x00}, mf[] = {0x3F, 0x00};
    uint8_t bytes[APDU_RESPONSE_MAX];
    struct wr atr = WR_ARRAY(c->atr), w = WR_ARRAY(bytes);
    enum err e;

    memset(c, 0, sizeof *c);
    c->name = name;
    c->reader = reader;
    c->files = calloc(COMPARE_FILES_MAX, sizeof *c->files);
    c->contents = WR(malloc(COMPARE_CONTENTS_MAX), COMPARE_CONTENTS_MAX);
    if (c->files == NULL || c->contents.base == NULL) {
        compare_close(c);
        return ERR_NOMEM;
    }
    e = reader_reset(reader, &atr);
    c->atr_len = atr.len;
    if (e != ERR_OK) {
        compare_close(c);
        return e;
    }
    c->sim_mode = compare_is_ok(compare_send(c, sim_select, RD_ARRAY(mf), &w));
    atr.len = 0;
    e = reader_reset(reader, &atr); /* out of SIM mode again (TS 102 221 10.1.1) */
    read_applications(c);
    return e;
}

void compare_close(struct compare_card *c)
{
    free(c->files);
    free(c->contents.base);
    c->files = NULL;
    c->contents = WR(NULL, 0);
    c->file_count = 0;
}

sw_t compare_verify(struct compare_card *c, const uint8_t pin[8])
{
    static const uint8_t header[] = {0x00, INS_VERIFY_PIN, 0x00, 0x01};
    static const struct compare_path usim = {PLACE_USIM, {FID_CURRENT_ADF}, 1};
    uint8_t bytes[APDU_RESPONSE_MAX];
    struct wr w = WR_ARRAY(bytes);

    (void)compare_select(c, &usim, &w);
    return compare_send(c, header, RD(pin, 8), &w);
}

/* --- one file --- */

static uint32_t number(struct rd r)
{
    uint32_t v = 0;

    for (size_t i = 0; i < r.left && i < 4; i++)
        v = v << 8 | r.at[i];
    return v;
}

static void read_fcp(struct compare_file *f, struct rd fcp)
{
    struct rd v;

    if (tlv_find(fcp, 0x82, &v) == ERR_OK && v.left >= 1) {
        f->descriptor = v.at[0];
        if (v.left >= 4)
            f->record_len = (uint16_t)(v.at[2] << 8 | v.at[3]);
        if (v.left >= 5)
            f->records = v.at[4];
    }
    if (tlv_find(fcp, 0x80, &v) == ERR_OK)
        f->size = number(v);
    if (tlv_find(fcp, 0x8A, &v) == ERR_OK && v.left == 1)
        f->life_cycle = v.at[0];
    f->sfi = f->path.len > 0 ? f->path.fid[f->path.len - 1] & 0x1F : 0;
    if (tlv_find(fcp, 0x88, &v) == ERR_OK)
        f->sfi = v.left == 1 ? v.at[0] >> 3 : 0;
    if (f->records == 0 && f->record_len > 0)
        f->records = (uint8_t)(f->size / f->record_len);
}

static bool is_transparent(const struct compare_file *f)
{
    return (f->descriptor & 0x3F) == 0x01;
}

static bool has_records(const struct compare_file *f)
{
    return (f->descriptor & 0x38) == 0 && ((f->descriptor & 7) == 2 || (f->descriptor & 7) == 6);
}

/* The next piece of the content; false when there is no more of it. */
static bool read_piece(struct compare_card *c, struct compare_file *f, const uint8_t *header)
{
    uint8_t bytes[APDU_RESPONSE_MAX];
    struct wr w = WR_ARRAY(bytes);

    f->body_sw = compare_send(c, header, RD(NULL, 0), &w);
    if (!compare_is_ok(f->body_sw) || w.len == 0)
        return false;
    wr_rd(&c->contents, RD_WR(&w));
    return wr_result(&c->contents) == ERR_OK;
}

static void read_body(struct compare_card *c, struct compare_file *f)
{
    size_t from = c->contents.len;

    if (is_transparent(f)) {
        for (uint32_t at = 0; at < f->size && at < COMPARE_BODY_MAX; at += 128) {
            uint32_t n = f->size - at < 128 ? f->size - at : 128;
            const uint8_t header[] = {0x00, INS_READ_BINARY, (uint8_t)(at >> 8), (uint8_t)at,
                                      (uint8_t)n};

            if (!read_piece(c, f, header))
                break;
        }
    } else if (has_records(f)) {
        for (unsigned i = 1; i <= f->records && i < 255; i++) {
            const uint8_t header[] = {0x00, INS_READ_RECORD, (uint8_t)i, 0x04,
                                      (uint8_t)f->record_len};

            if (!read_piece(c, f, header))
                break;
        }
    }
    f->body = RD(c->contents.base + from, c->contents.len - from);
}

/* False when there is no such file. */
static bool visit(struct compare_card *c, const struct compare_path *path)
{
    struct compare_file *f = &c->files[c->file_count];
    uint8_t bytes[APDU_RESPONSE_MAX];
    struct wr w = WR_ARRAY(bytes);
    struct rd fcp;
    sw_t sw;

    if (c->file_count == COMPARE_FILES_MAX)
        return false;
    sw = compare_select(c, path, &w);
    if (!compare_is_ok(sw) || tlv_find(RD_WR(&w), 0x62, &fcp) != ERR_OK)
        return false;
    memset(f, 0, sizeof *f);
    f->path = *path;
    f->sw = sw;
    read_fcp(f, fcp);
    read_body(c, f);
    compare_rules(c, f, fcp);
    c->file_count++;
    return true;
}

/* --- all files --- */

static bool seen(const struct compare_card *c, const struct compare_path *path)
{
    return compare_find(c, path) != NULL;
}

static void visit_child(struct compare_card *c, const struct compare_path *df, uint16_t fid)
{
    struct compare_path path = *df;

    if (path.len == DECODE_PATH_MAX)
        return;
    path.fid[path.len++] = fid;
    if (!seen(c, &path))
        (void)visit(c, &path);
}

static void visit_named(struct compare_card *c, const struct compare_path *df, struct rd record)
{
    struct tlv list, part;
    uint16_t fid;

    while (tlv_next(&record, &list) == ERR_OK && list.tag >= 0xA8 && list.tag <= 0xAA) {
        while (tlv_next(&list.value, &part) == ERR_OK) {
            if (rd_u16(&part.value, &fid) == ERR_OK)
                visit_child(c, df, fid);
        }
    }
}

/* The files of a phonebook have numbers of the card's own, and EF.PBR names them (TS 31.102
 * 4.4.2.1): A8, A9 and AA with an object for each. */
static void walk_phonebook(struct compare_card *c, const struct compare_path *df)
{
    struct compare_path path = *df;
    const struct compare_file *pbr;
    struct rd records, record;

    if (path.len == DECODE_PATH_MAX)
        return;
    path.fid[path.len++] = FID_PBR;
    pbr = compare_find(c, &path);
    if (pbr == NULL || pbr->record_len == 0)
        return;
    records = pbr->body;
    while (rd_take(&records, pbr->record_len, &record) == ERR_OK)
        visit_named(c, df, record);
}

static void walk_df(struct compare_card *c, const struct compare_path *df, bool scan)
{
    enum decode_place place = show_place(df->application, df->fid, df->len);
    uint16_t first = df->len == 0 ? 0x2F00 : df->len == 1 ? 0x6F00 : 0x4F00;

    for (size_t i = 0; i < show_ef_count; i++) {
        if ((show_ef_table[i].places & place) != 0)
            visit_child(c, df, show_ef_table[i].fid);
    }
    if (place == PLACE_PHONEBOOK)
        walk_phonebook(c, df);
    for (unsigned low = 0; scan && low < 256; low++)
        visit_child(c, df, (uint16_t)(first | low));
}

void compare_walk(struct compare_card *c, bool scan,
                  void (*progress)(void *context, size_t done, size_t total), void *context)
{
    for (size_t i = 0; i < ARRAY_LEN(dfs); i++) {
        if (visit(c, &dfs[i]))
            walk_df(c, &dfs[i], scan);
        if (progress != NULL)
            progress(context, i + 1, ARRAY_LEN(dfs));
    }
}

const struct compare_file *compare_find(const struct compare_card *c,
                                        const struct compare_path *path)
{
    for (size_t i = 0; i < c->file_count; i++) {
        const struct compare_path *p = &c->files[i].path;

        if (p->len == path->len && p->application == path->application &&
            memcmp(p->fid, path->fid, p->len * sizeof p->fid[0]) == 0)
            return &c->files[i];
    }
    return NULL;
}

void compare_path_text(const struct compare_path *p, char *text, size_t cap)
{
    struct decode_channel c = {.application = p->application};
    bool ef = p->len > 0 && !show_is_df(p->fid[p->len - 1]);

    c.depth = (uint8_t)(p->len - ef);
    memcpy(c.path, p->fid, sizeof c.path);
    if (ef)
        c.ef = p->fid[p->len - 1];
    decode_where(&c, text, cap);
}
