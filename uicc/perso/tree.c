/*
 * tree.c - from the tables of the standards and what a profile text says
 * to the files of a profile.
 *
 * Nodes are numbered in this order: files of the tables with bodies of their own,
 * then the mirrors, so that a mirror finds what it shows.
 */
#include "uicc/perso/tree.h"

#include "apdu/hex.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FID_USIM 0x7FFF /* in paths: the USIM, wherever it is */

enum err perso_tree_fail_at(const struct tree *t, unsigned line, enum err e, const char *what)
{
    (void)snprintf(t->message, PERSO_MESSAGE_MAX, "line %u: %s", line, what);
    return e;
}

enum err perso_tree_fail(const struct tree *t, enum err e, const char *what)
{
    (void)snprintf(t->message, PERSO_MESSAGE_MAX, "%s", what);
    return e;
}

/* ---- services ---- */

/* Services of TS 31.102 4.2.8 and TS 31.103 4.2.7 that a card offers without a file of their own:
 * 33 is always on; applets may hear of calls and messages (30 31 54 70 87 93 128), and what else a
 * terminal may ask of the toolkit. */
static const uint8_t without_file[] = {
    28,  30,  31,     33,     38,      54,      70,      72,      87,     89,
    93,  100, 103,    104,    105,     112,     113,     127,     128,    131,
    133, 136, IST(3), IST(9), IST(11), IST(12), IST(13), IST(14), IST(16)};

/* A service that makes no sense without another. */
static const struct {
    uint8_t service, needs;
} needs[] = {
    {3, 2},   {5, 4},   {6, 30},    {7, 6},    {11, 10},   {46, 45},
    {53, 52}, {55, 52}, {125, 124}, {129, 45}, {136, 122}, {IST(7), IST(6)},
};

/* Of a card with an ISIM these are the ISIM's (TS 31.102 4.2.8). */
static const uint8_t left_to_isim[] = {95, 99, 115};

static const struct profile_table *const all_tables[] = {
    &profile_table_mf,      &profile_table_usim, &profile_table_usim_dfs,
    &profile_table_telecom, &profile_table_gsm,  &profile_table_isim,
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
    if (service == 0 || service > SERVICES)
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
        return perso_tree_fail(t, ERR_RANGE, what);
    }
    for (size_t i = 0; t->o->isim && i < sizeof left_to_isim; i++) {
        if (!t->o->service[left_to_isim[i]])
            continue;
        (void)snprintf(what, sizeof what, "service %u is off where there is an ISIM",
                       left_to_isim[i]);
        return perso_tree_fail(t, ERR_RANGE, what);
    }
    if (t->o->sim_mode && !t->o->service[27])
        return perso_tree_fail(t, ERR_RANGE, "sim-mode needs service 27");
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
    if (t->o->every_file)
        return true;
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
        return perso_tree_fail(t, ERR_SPACE, "too many files");
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
        return perso_tree_fail(t, ERR_SPACE, "too many DFs");
    f.parent = df_node(t, df->parent);
    if (hex_decode(df->aid, &aid) != ERR_OK)
        return perso_tree_fail(t, ERR_FORMAT, "bad AID in a table");
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
        return perso_tree_fail(t, ERR_FORMAT, "bad path in a table");
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

/* Bytes of a file or record that the standard asks for. */
static uint16_t least(const struct profile_row *row)
{
    return row->least != 0 ? row->least : row->len;
}

/* A file may have any size that the standard allows, numbers of records aside. */
static enum err apply_size(struct tree *t, const struct perso_size *s)
{
    uint16_t node = perso_tree_find(t->files, t->count, &s->path);
    struct fs_file *f;

    if (node == NODE_NONE || t->rows[node] == NULL)
        return perso_tree_fail_at(t, s->line, ERR_RANGE, "the profile has no such file");
    f = &t->files[node];
    if (!perso_tree_is_record(f)) {
        if (s->count != 0)
            return perso_tree_fail_at(t, s->line, ERR_RANGE, "the file has no records");
        if (s->len < least(t->rows[node]))
            return perso_tree_fail_at(t, s->line, ERR_RANGE, "the standard asks for a larger file");
        f->size = s->len;
        return ERR_OK;
    }
    if (s->count != 0 && s->len < least(t->rows[node]))
        return perso_tree_fail_at(t, s->line, ERR_RANGE, "the standard asks for longer records");
    if (s->count == 0 && s->len > 254)
        return perso_tree_fail_at(t, s->line, ERR_RANGE, "a file has at most 254 records");
    f->record_count = s->count != 0 ? s->count : (uint8_t)s->len;
    f->record_len = s->count != 0 ? s->len : f->record_len;
    f->size = (uint32_t)f->record_len * f->record_count;
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
        e = perso_content_check(t);
    for (uint16_t i = 0; i < t->count && e == ERR_OK; i++) {
        if (t->rows[i] != NULL)
            e = perso_content_fill(t, i);
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
        .applets = RD(o->applets, o->applets_len),
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
            e = perso_tree_fail(
                t, e, e == ERR_SPACE ? "the profile is too large" : "profile contradicts itself");
    }
    free(t);
    return e;
}
