/*
 * tree.c - from the tables of the standards and what a profile text says
 * to the files of a profile.
 *
 * Nodes are numbered in this order: files of the tables with bodies of their own,
 * then the mirrors, so that a mirror finds what it shows.
 */
#include "uicc/perso/options.h"

#include "apdu/hex.h"
#include "apdu/tlv.h"
#include "uicc/profile/rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DFS_MAX  32
#define POOL_MAX (192U * 1024)
#define FID_USIM 0x7FFF /* in paths: the USIM, wherever it is */

struct tree {
    const struct perso_options *o;
    char *message;
    struct fs_file files[PROFILE_FILES_MAX];
    const struct profile_row *rows[PROFILE_FILES_MAX]; /* NULL for DFs */
    uint16_t count;
    const struct profile_df *dfs[DFS_MAX];
    uint16_t df_nodes[DFS_MAX];
    size_t df_count;
    uint8_t aids[8][16];
    size_t aid_count;
    uint8_t body[UINT16_MAX]; /* of the file under work */
    uint8_t pool_bytes[POOL_MAX];
    struct wr pool; /* contents of all files */
};

static enum err fail_at(const struct tree *t, unsigned line, enum err e, const char *what)
{
    (void)snprintf(t->message, PERSO_MESSAGE_MAX, "line %u: %s", line, what);
    return e;
}

static enum err fail(const struct tree *t, enum err e, const char *what)
{
    (void)snprintf(t->message, PERSO_MESSAGE_MAX, "%s", what);
    return e;
}

/* ---- services ---- */

/* Services of TS 31.102 4.2.8 that a card offers without a file of their own. 33 is always on. */
static const uint8_t without_file[] = {28, 33, 38, 72, 88, 112, 113, 127, 133, 136};

/* A service that makes no sense without another. */
static const struct {
    uint8_t service, needs;
} needs[] = {
    {3, 2},   {5, 4},   {7, 6},     {11, 10},  {46, 45},
    {53, 52}, {55, 52}, {125, 124}, {129, 45}, {136, 122},
};

static const struct profile_table *const all_tables[] = {
    &profile_table_mf,  &profile_table_usim, &profile_table_telecom,
    &profile_table_gsm, &profile_table_isim,
};

static bool row_names(const struct profile_row *row, unsigned service)
{
    for (size_t i = 0; i < ROW_SERVICES_MAX; i++) {
        if (row->services[i] == service)
            return true;
    }
    return false;
}

static bool table_names(const struct profile_table *table, unsigned service)
{
    for (size_t i = 0; i < table->count; i++) {
        for (size_t j = 0; j < table->dfs[i].row_count; j++) {
            if (row_names(&table->dfs[i].rows[j], service))
                return true;
        }
    }
    return false;
}

bool perso_tree_offers(unsigned service)
{
    if (service == 0)
        return false;
    for (size_t i = 0; i < ARRAY_LEN(all_tables); i++) {
        if (table_names(all_tables[i], service))
            return true;
    }
    return memchr(without_file, (int)service, sizeof without_file) != NULL;
}

static enum err check_services(const struct tree *t)
{
    char what[64];

    for (size_t i = 0; i < ARRAY_LEN(needs); i++) {
        if (!t->o->service[needs[i].service] || t->o->service[needs[i].needs])
            continue;
        (void)snprintf(what, sizeof what, "service %u needs service %u", needs[i].service,
                       needs[i].needs);
        return fail(t, ERR_RANGE, what);
    }
    if (t->o->sim_mode && !t->o->service[27])
        return fail(t, ERR_RANGE, "sim-mode needs service 27");
    return ERR_OK;
}

/* ---- nodes ---- */

static uint16_t child(const struct fs_file *files, uint16_t count, uint16_t df, uint16_t fid)
{
    for (uint16_t i = 1; i < count; i++) {
        if (files[i].parent != df)
            continue;
        if (files[i].fid == fid || (fid == FID_USIM && files[i].kind == FS_ADF))
            return i;
    }
    return NODE_NONE;
}

uint16_t perso_tree_find(const struct fs_file *files, uint16_t count, const struct perso_path *path)
{
    uint16_t node = NODE_MF;

    for (size_t i = 0; i < path->len && node != NODE_NONE; i++)
        node = child(files, count, node, path->fid[i]);
    return node;
}

static bool row_present(const struct tree *t, const struct profile_row *row)
{
    if (row->without != 0 && t->o->service[row->without])
        return false;
    if (row->services[0] == 0)
        return true;
    for (size_t i = 0; i < ROW_SERVICES_MAX; i++) {
        if (row->services[i] != 0 && t->o->service[row->services[i]])
            return true;
    }
    return false;
}

static bool df_present(const struct tree *t, const struct profile_df *df)
{
    for (size_t i = 0; i < df->row_count; i++) {
        if (row_present(t, &df->rows[i]))
            return true;
    }
    return false;
}

static enum err add(struct tree *t, const struct fs_file *file, const struct profile_row *row)
{
    if (t->count == PROFILE_FILES_MAX)
        return fail(t, ERR_SPACE, "too many files");
    t->files[t->count] = *file;
    t->rows[t->count] = row;
    t->count++;
    return ERR_OK;
}

static uint16_t df_node(const struct tree *t, uint16_t fid)
{
    for (size_t i = t->df_count; i > 0; i--) {
        if (t->dfs[i - 1]->fid == fid)
            return t->df_nodes[i - 1];
    }
    return NODE_MF;
}

static enum err add_df(struct tree *t, const struct profile_df *df, uint16_t *node)
{
    struct fs_file f = {.fid = df->fid, .kind = df->kind, .arr_fid = 0x2F06, .arr_record = RULE_DF};
    struct wr aid = WR_ARRAY(t->aids[t->aid_count]);

    if (t->df_count == DFS_MAX)
        return fail(t, ERR_SPACE, "too many DFs");
    f.parent = df_node(t, df->parent);
    if (hex_decode(df->aid, &aid) != ERR_OK)
        return fail(t, ERR_FORMAT, "bad AID in a table");
    f.aid = aid.base;
    f.aid_len = (uint8_t)aid.len;
    if (aid.len > 0)
        t->aid_count++;
    *node = t->count;
    t->dfs[t->df_count] = df;
    t->df_nodes[t->df_count] = t->count;
    t->df_count++;
    return add(t, &f, NULL);
}

/* EF.ARR of the ADF or of DF.TELECOM serves the files beside it, that of the MF all others. */
static uint16_t arr_of(const struct profile_df *df)
{
    for (size_t i = 0; i < df->row_count; i++) {
        if (df->rows[i].fid == 0x6F06)
            return 0x6F06;
    }
    return 0x2F06;
}

static struct fs_file file_of(const struct profile_df *df, uint16_t parent,
                              const struct profile_row *row)
{
    return (struct fs_file){
        .fid = row->fid,
        .parent = parent,
        .kind = row->kind,
        .sfi = row->sfi,
        .arr_fid = arr_of(df),
        .arr_record = row->arr,
        .record_count = row->count,
        .record_len = row->count > 0 ? row->len : 0,
        .size = row->count > 0 ? (uint32_t)row->len * row->count : row->len,
    };
}

static enum err add_table(struct tree *t, const struct profile_table *table)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct profile_df *df = &table->dfs[i];
        uint16_t node;
        enum err e;

        if (!df_present(t, df))
            continue;
        e = add_df(t, df, &node);
        for (size_t j = 0; j < df->row_count && e == ERR_OK; j++) {
            struct fs_file f = file_of(df, node, &df->rows[j]);

            if (df->rows[j].body != ROW_MIRROR && row_present(t, &df->rows[j]))
                e = add(t, &f, &df->rows[j]);
        }
        if (e != ERR_OK)
            return e;
    }
    return ERR_OK;
}

static enum err add_mirror(struct tree *t, size_t at, const struct profile_row *row)
{
    struct perso_path path;
    struct fs_file f;
    uint16_t other;

    if (perso_text_path(row->content, &path) != ERR_OK)
        return fail(t, ERR_FORMAT, "bad path in a table");
    other = perso_tree_find(t->files, t->count, &path);
    if (other == NODE_NONE)
        return ERR_OK;
    f = file_of(t->dfs[at], t->df_nodes[at], row);
    f.kind = t->files[other].kind;
    f.size = t->files[other].size;
    f.record_len = t->files[other].record_len;
    f.record_count = t->files[other].record_count;
    f.shares = other;
    return add(t, &f, NULL);
}

static enum err add_mirrors(struct tree *t)
{
    for (size_t i = 0; i < t->df_count; i++) {
        const struct profile_df *df = t->dfs[i];

        for (size_t j = 0; j < df->row_count; j++) {
            enum err e = ERR_OK;

            if (df->rows[j].body == ROW_MIRROR && row_present(t, &df->rows[j]))
                e = add_mirror(t, i, &df->rows[j]);
            if (e != ERR_OK)
                return e;
        }
    }
    return ERR_OK;
}

/* ---- sizes ---- */

static bool is_record(const struct fs_file *f)
{
    return f->kind == FS_LINEAR || f->kind == FS_CYCLIC;
}

/* Files may grow: the table has what the standard asks for at least, numbers of records aside. */
static enum err apply_size(struct tree *t, const struct perso_size *s)
{
    uint16_t node = perso_tree_find(t->files, t->count, &s->path);
    struct fs_file *f;

    if (node == NODE_NONE || t->rows[node] == NULL)
        return fail_at(t, s->line, ERR_RANGE, "the profile has no such file");
    f = &t->files[node];
    if (!is_record(f)) {
        if (s->count != 0)
            return fail_at(t, s->line, ERR_RANGE, "the file has no records");
        if (s->len < f->size)
            return fail_at(t, s->line, ERR_RANGE, "the standard asks for a larger file");
        f->size = s->len;
        return ERR_OK;
    }
    if (s->count != 0 && s->len < f->record_len)
        return fail_at(t, s->line, ERR_RANGE, "the standard asks for longer records");
    if (s->count == 0 && s->len > 254)
        return fail_at(t, s->line, ERR_RANGE, "a file has at most 254 records");
    f->record_count = s->count != 0 ? s->count : (uint8_t)s->len;
    f->record_len = s->count != 0 ? s->len : f->record_len;
    f->size = (uint32_t)f->record_len * f->record_count;
    return ERR_OK;
}

/* ---- contents: each function fills t->body, which is all FF before ---- */

static void fill_hex(struct tree *t, const struct fs_file *f, const struct profile_row *row)
{
    size_t step = is_record(f) ? f->record_len : f->size;
    uint8_t *first = t->body;
    struct wr w = WR(first, step);

    if (hex_decode(row->content, &w) != ERR_OK)
        return;
    if (row->body == ROW_EACH && !is_record(f) && w.len > 0)
        step = w.len;
    for (size_t at = step; row->body == ROW_EACH && at + w.len <= f->size; at += step)
        memcpy(t->body + at, first, w.len);
}

static void fill_arr(struct tree *t, const struct fs_file *f)
{
    for (size_t i = 0; i < PROFILE_RULES && i < f->record_count; i++) {
        struct wr w = WR(t->body + i * f->record_len, f->record_len);

        if (hex_decode(profile_rules[i], &w) != ERR_OK)
            return;
    }
}

/* TS 102 221 13.1 */
static void write_application(struct wr *w, const struct fs_file *adf, const char *label)
{
    size_t mark = tlv_open(w, 0x61);

    tlv_write(w, 0x4F, RD(adf->aid, adf->aid_len));
    tlv_write(w, 0x50, RD((const uint8_t *)label, strlen(label)));
    tlv_close(w, mark);
}

static void fill_dir(struct tree *t, const struct fs_file *f)
{
    size_t record = 0;

    for (uint16_t i = 0; i < t->count && record < f->record_count; i++) {
        struct wr w = WR(t->body + record * f->record_len, f->record_len);

        if (t->files[i].kind != FS_ADF)
            continue;
        write_application(&w, &t->files[i], record == 0 ? t->o->label : "ISIM");
        record++;
    }
}

/* TS 31.102 4.2.8: service n is bit n-1. */
static void fill_ust(struct tree *t, const struct fs_file *f)
{
    memset(t->body, 0, f->size);
    for (unsigned n = 1; n <= PERSO_SERVICES_MAX; n++) {
        if ((t->o->service[n] || n == 33) && (n - 1) / 8 < f->size)
            t->body[(n - 1) / 8] |= (uint8_t)(1U << ((n - 1) % 8));
    }
}

/* TS 51.011 10.3.7: two bits for a service, allocated and activated. usim 0: always on. */
static const struct {
    uint8_t sim, usim;
} sim_services[] = {
    {1, 0},   {2, 0},   {3, 2},   {4, 10},  {5, 13},  {48, 14}, {7, 0},   {9, 21},
    {10, 0},  {11, 3},  {12, 12}, {13, 0},  {14, 15}, {15, 17}, {16, 18}, {17, 19},
    {18, 4},  {19, 5},  {25, 29}, {26, 28}, {29, 28}, {30, 16}, {35, 11}, {38, 27},
    {43, 20}, {44, 42}, {45, 43}, {46, 39}, {47, 40}, {51, 45}, {52, 46}, {56, 51},
    {23, 24}, {24, 25}, {31, 6},  {32, 7},  {33, 36}, {34, 37}, {36, 56}, {39, 22},
    {53, 47}, {54, 48}, {55, 49}, {57, 52}, {58, 53}, {59, 55},
};

static void fill_sst(struct tree *t, const struct fs_file *f)
{
    memset(t->body, 0, f->size);
    for (size_t i = 0; i < ARRAY_LEN(sim_services); i++) {
        unsigned bit = 2U * (sim_services[i].sim - 1U);

        if (sim_services[i].usim == 0 || t->o->service[sim_services[i].usim])
            t->body[bit / 8] |= (uint8_t)(3U << (bit % 8));
    }
}

/* TS 31.102 4.4.11.8: schemes in the order of preference, each with the place of its key. */
static void fill_suci(struct tree *t, const struct fs_file *f)
{
    struct wr w = WR(t->body, f->size);
    uint8_t keys = 0;
    size_t list = tlv_open(&w, 0xA0);

    for (size_t i = 0; i < t->o->scheme_count; i++) {
        wr_u8(&w, t->o->schemes[i].scheme);
        wr_u8(&w, t->o->schemes[i].key_len > 0 ? ++keys : 0);
    }
    tlv_close(&w, list);
    if (keys == 0)
        return;
    list = tlv_open(&w, 0xA1);
    for (size_t i = 0; i < t->o->scheme_count; i++) {
        const struct perso_scheme *s = &t->o->schemes[i];

        if (s->key_len == 0)
            continue;
        tlv_write_u8(&w, 0x80, s->key_id);
        tlv_write(&w, 0x81, RD(s->key, s->key_len));
    }
    tlv_close(&w, list);
}

static void fill(struct tree *t, const struct fs_file *f, const struct profile_row *row)
{
    switch ((enum row_body)row->body) {
    case ROW_PLAIN:
    case ROW_EACH:
        fill_hex(t, f, row);
        break;
    case ROW_ARR:
        fill_arr(t, f);
        break;
    case ROW_DIR:
        fill_dir(t, f);
        break;
    case ROW_UST:
        fill_ust(t, f);
        break;
    case ROW_SST:
        fill_sst(t, f);
        break;
    case ROW_SUCI:
        fill_suci(t, f);
        break;
    case ROW_MIRROR:
        break;
    }
}

/* What the text says of this file's content, over what the table says. */
static enum err apply_contents(struct tree *t, uint16_t node)
{
    const struct fs_file *f = &t->files[node];

    for (size_t i = 0; i < t->o->content_count; i++) {
        const struct perso_content *c = &t->o->contents[i];
        size_t len = f->size, at = 0;

        if (perso_tree_find(t->files, t->count, &c->path) != node)
            continue;
        if (c->record > 0) {
            if (c->record > f->record_count)
                return fail_at(t, c->line, ERR_RANGE, "the file has no such record");
            len = f->record_len;
            at = (c->record - 1U) * len;
        }
        if (c->len > len)
            return fail_at(t, c->line, ERR_RANGE, "the content is longer than the file");
        memset(t->body + at, 0xFF, len);
        memcpy(t->body + at, t->o->bytes + c->offset, c->len);
    }
    return ERR_OK;
}

static enum err fill_file(struct tree *t, uint16_t node)
{
    struct fs_file *f = &t->files[node];
    size_t len = f->size;
    enum err e;

    memset(t->body, 0xFF, f->size);
    if (f->kind == FS_BER_TLV)
        len = 0;
    fill(t, f, t->rows[node]);
    e = apply_contents(t, node);
    if (e != ERR_OK)
        return e;
    while (len > 0 && t->body[len - 1] == 0xFF)
        len--;
    f->content = t->pool.base + t->pool.len;
    f->content_len = (uint32_t)len;
    wr_bytes(&t->pool, t->body, len);
    return wr_result(&t->pool) == ERR_OK ? ERR_OK : fail(t, ERR_SPACE, "too much content");
}

/* Every "content" must have found its file. */
static enum err check_contents(const struct tree *t)
{
    for (size_t i = 0; i < t->o->content_count; i++) {
        const struct perso_content *c = &t->o->contents[i];
        uint16_t node = perso_tree_find(t->files, t->count, &c->path);

        if (node == NODE_NONE || t->rows[node] == NULL || t->files[node].kind == FS_BER_TLV)
            return fail_at(t, c->line, ERR_RANGE, "the profile has no such file to fill");
    }
    return ERR_OK;
}

/* ---- the whole ---- */

static enum err build_files(struct tree *t)
{
    enum err e = check_services(t);

    for (size_t i = 0; i < ARRAY_LEN(all_tables) && e == ERR_OK; i++) {
        if ((all_tables[i] == &profile_table_gsm && !t->o->sim_mode) ||
            (all_tables[i] == &profile_table_isim && !t->o->isim))
            continue;
        e = add_table(t, all_tables[i]);
    }
    for (size_t i = 0; i < t->o->size_count && e == ERR_OK; i++)
        e = apply_size(t, &t->o->sizes[i]);
    if (e == ERR_OK)
        e = add_mirrors(t);
    if (e == ERR_OK)
        e = check_contents(t);
    for (uint16_t i = 0; i < t->count && e == ERR_OK; i++) {
        if (t->rows[i] != NULL)
            e = fill_file(t, i);
    }
    return e;
}

static enum err write_profile(const struct tree *t, struct wr *image)
{
    const struct perso_options *o = t->o;
    struct profile_tar tars[PERSO_TARS_MAX];
    struct profile p = {
        .files = t->files,
        .file_count = t->count,
        .tars = tars,
        .pins = o->pins,
        .pin_count = o->pin_count,
        .ota_algorithm = o->ota_algorithm,
        .ota_cc_len = o->ota_cc_len,
        .rfm_refresh = o->rfm_refresh,
        .sqn_delta = o->sqn_delta,
        .sqn_age_limit = o->sqn_age_limit,
        .sim_mode = o->sim_mode,
        .historical_len = o->historical_len,
    };

    memcpy(p.name, o->name, sizeof p.name);
    memcpy(p.historical, o->historical, sizeof p.historical);
    for (size_t i = 0; i < o->tar_count; i++) {
        if (o->tars[i].app != REMOTE_RFM_SIM || o->sim_mode)
            tars[p.tar_count++] = o->tars[i];
    }
    return profile_store(&p, image);
}

enum err perso_tree_build(const struct perso_options *o, struct wr *image, char *message)
{
    struct tree *t = calloc(1, sizeof *t);
    enum err e;

    if (t == NULL) {
        (void)snprintf(message, PERSO_MESSAGE_MAX, "%s", err_text(ERR_NOMEM));
        return ERR_NOMEM;
    }
    t->o = o;
    t->message = message;
    t->pool = WR_ARRAY(t->pool_bytes);
    e = build_files(t);
    if (e == ERR_OK) {
        e = write_profile(t, image);
        if (e != ERR_OK)
            e = fail(t, e,
                     e == ERR_SPACE ? "the profile is too large" : "profile contradicts itself");
    }
    free(t);
    return e;
}
