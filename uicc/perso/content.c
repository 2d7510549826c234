/*
 * content.c - what is in a file when the card leaves the factory.
 */
#include "uicc/perso/tree.h"

#include "apdu/hex.h"
#include "apdu/tlv.h"

#include <string.h>

/* ---- by the table: each function fills t->body, which is all FF before ---- */

static void fill_hex(struct tree *t, const struct fs_file *f, const struct profile_row *row)
{
    size_t step = perso_tree_is_record(f) ? f->record_len : f->size;
    uint8_t *first = t->body;
    struct wr w = WR(first, step);

    if (hex_decode(row->content, &w) != ERR_OK)
        return;
    if (row->body == ROW_EACH && !perso_tree_is_record(f) && w.len > 0)
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
    for (unsigned n = 1; n <= SERVICES_USIM; n++) {
        if ((t->o->service[n] || n == 33) && (n - 1) / 8 < f->size)
            t->body[(n - 1) / 8] |= (uint8_t)(1U << ((n - 1) % 8));
    }
}

/* TS 31.103 4.2.7: likewise. */
static void fill_ist(struct tree *t, const struct fs_file *f)
{
    memset(t->body, 0, f->size);
    for (unsigned n = 1; n <= SERVICES_ISIM; n++) {
        if (t->o->service[IST(n)] && (n - 1) / 8 < f->size)
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
    if (row->without != 0 && t->o->service[row->without])
        return;
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
    case ROW_IST:
        fill_ist(t, f);
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

/* ---- by the text ---- */

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
                return perso_tree_fail_at(t, c->line, ERR_RANGE, "the file has no such record");
            len = f->record_len;
            at = (c->record - 1U) * len;
        }
        if (c->len > len)
            return perso_tree_fail_at(t, c->line, ERR_RANGE, "the content is longer than the file");
        memset(t->body + at, 0xFF, len);
        memcpy(t->body + at, t->o->bytes + c->offset, c->len);
    }
    return ERR_OK;
}

/* ---- the whole ---- */

enum err perso_content_fill(struct tree *t, uint16_t node)
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
    return wr_result(&t->pool) == ERR_OK ? ERR_OK
                                         : perso_tree_fail(t, ERR_SPACE, "too much content");
}

/* Every "content" must have found its file. */
enum err perso_content_check(const struct tree *t)
{
    for (size_t i = 0; i < t->o->content_count; i++) {
        const struct perso_content *c = &t->o->contents[i];
        uint16_t node = perso_tree_find(t->files, t->count, &c->path);

        if (node == NODE_NONE || t->rows[node] == NULL || t->files[node].kind == FS_BER_TLV)
            return perso_tree_fail_at(t, c->line, ERR_RANGE,
                                      "the profile has no such file to fill");
    }
    return ERR_OK;
}
