#include "uicc/fs/index.h"
#include "uicc/fs/tree.h"

#include <string.h>

uint16_t fs_index_find(const struct fs_key *keys, uint16_t count, uint32_t key)
{
    const struct fs_key *base = keys;
    unsigned n = count;

    if (n == 0)
        return NODE_NONE;
    while (n > 1) {
        unsigned half = n / 2;

        base += base[half - 1].key < key ? half : 0;
        n -= half;
    }
    return base->key == key ? base->node : NODE_NONE;
}

/* Put a key where it belongs among count sorted ones. Files come nearly in the order of their keys,
 * so most go to the end. */
static void insert_key(struct fs_key *keys, uint16_t count, struct fs_key key)
{
    uint16_t low = 0, high = count;

    if (count > 0 && keys[count - 1].key < key.key)
        low = count;
    while (low < high) {
        uint16_t middle = (uint16_t)((low + high) / 2);

        if (keys[middle].key < key.key)
            low = (uint16_t)(middle + 1);
        else
            high = middle;
    }
    memmove(keys + low + 1, keys + low, (size_t)(count - low) * sizeof *keys);
    keys[low] = key;
}

static bool is_adf(const struct fs_file *f)
{
    return f->kind == FS_ADF;
}

static enum err build_keys(struct arena *arena, struct fs_index *x)
{
    const struct profile *p = x->profile;

    x->fids = arena_alloc(arena, p->file_count * sizeof *x->fids);
    x->sfis = arena_alloc(arena, p->file_count * sizeof *x->sfis);
    x->adfs = arena_alloc(arena, p->file_count * sizeof *x->adfs);
    if (x->fids == NULL || x->sfis == NULL || x->adfs == NULL)
        return ERR_NOMEM;
    for (uint16_t node = 1; node < p->file_count; node++) {
        const struct fs_file *f = &p->files[node];

        insert_key(x->fids, x->fid_count++, (struct fs_key){fs_index_key(f->parent, f->fid), node});
        if (f->sfi != 0)
            insert_key(x->sfis, x->sfi_count++,
                       (struct fs_key){fs_index_key(f->parent, f->sfi), node});
        if (is_adf(f))
            x->adfs[x->adf_count++] = node;
    }
    return ERR_OK;
}

/* ---- bodies ---- */

static size_t longest_empty(const struct profile *p)
{
    size_t longest = 0;

    for (uint16_t i = 0; i < p->file_count; i++) {
        if (p->files[i].content_len == 0 && p->files[i].size > longest)
            longest = p->files[i].size;
    }
    return longest;
}

static enum err build_body(struct arena *arena, const struct fs_file *f, const uint8_t *empty,
                           const uint8_t **out)
{
    uint8_t *whole;

    if (f->content_len == 0)
        *out = empty;
    else if (f->kind == FS_BER_TLV || f->content_len >= f->size)
        *out = f->content;
    else {
        whole = arena_alloc(arena, f->size);
        if (whole == NULL)
            return ERR_NOMEM;
        memcpy(whole, f->content, f->content_len);
        memset(whole + f->content_len, 0xFF, f->size - f->content_len);
        *out = whole;
    }
    return ERR_OK;
}

/* Files that the profile leaves empty share one body of FF. */
static enum err build_bodies(struct arena *arena, struct fs_index *x)
{
    size_t longest = longest_empty(x->profile);
    uint8_t *empty = NULL;
    enum err e = ERR_OK;

    x->bodies = arena_alloc(arena, x->profile->file_count * sizeof *x->bodies);
    if (longest > 0)
        empty = arena_alloc(arena, longest);
    if (x->bodies == NULL || (longest > 0 && empty == NULL))
        return ERR_NOMEM;
    if (longest > 0)
        memset(empty, 0xFF, longest);
    for (uint16_t i = 0; i < x->profile->file_count && e == ERR_OK; i++)
        e = build_body(arena, &x->profile->files[i], empty, &x->bodies[i]);
    return e;
}

/* ---- rules ---- */

/* TS 102 221 9.2.7: EF.ARR in the DF of the file, or in the next DF above that has one. */
static uint16_t find_arr(const struct fs_index *x, const struct fs_file *f)
{
    uint16_t df = f->parent;

    for (;;) {
        uint16_t node = fs_index_find(x->fids, x->fid_count, fs_index_key(df, f->arr_fid));

        if (node != NODE_NONE && x->profile->files[node].kind == FS_LINEAR)
            return node;
        if (df == NODE_MF)
            return NODE_NONE;
        df = x->profile->files[df].parent;
    }
}

static struct rd rule_record(const struct fs_index *x, uint16_t arr, uint8_t record)
{
    const struct fs_file *f;

    if (arr == NODE_NONE)
        return RD(NULL, 0);
    f = &x->profile->files[arr];
    if (record == 0 || record > f->record_count)
        return RD(NULL, 0);
    return RD(x->bodies[arr] + (size_t)(record - 1) * f->record_len, f->record_len);
}

static void decide_all(struct rd rule, struct fs_rule *out)
{
    for (unsigned access = 0; access < FS_ACCESS_COUNT; access++)
        out->by[access] = fs_rule_decide(rule, (enum fs_access)access);
}

static struct rd rule_of(const struct fs_index *x, uint16_t node)
{
    return rule_record(x, x->arrs[node], x->profile->files[node].arr_record);
}

/* Which rule the file has; decision_count if none before it has the same. firsts: the file that
 * brought each rule. Most rules are found by their place; another EF.ARR may say the same. */
static uint16_t find_rule(const struct fs_index *x, const uint16_t *firsts, uint16_t node)
{
    uint8_t record = x->profile->files[node].arr_record;
    struct rd bytes = rule_of(x, node);
    uint16_t rule;

    for (rule = 0; rule < x->decision_count; rule++) {
        if (x->arrs[firsts[rule]] == x->arrs[node] &&
            x->profile->files[firsts[rule]].arr_record == record)
            return rule;
    }
    for (rule = 0; rule < x->decision_count; rule++) {
        if (rd_equal(rule_of(x, firsts[rule]), bytes))
            break;
    }
    return rule;
}

static enum err build_rules(struct arena *arena, struct fs_index *x)
{
    const struct profile *p = x->profile;
    uint16_t *firsts = arena_alloc(arena, p->file_count * sizeof *firsts);

    x->arrs = arena_alloc(arena, p->file_count * sizeof *x->arrs);
    x->rules = arena_alloc(arena, p->file_count * sizeof *x->rules);
    if (firsts == NULL || x->arrs == NULL || x->rules == NULL)
        return ERR_NOMEM;
    for (uint16_t i = 0; i < p->file_count; i++) {
        bool like_the_last = i > 1 && p->files[i].parent == p->files[i - 1].parent &&
                             p->files[i].arr_fid == p->files[i - 1].arr_fid;

        x->arrs[i] = like_the_last ? x->arrs[i - 1] : find_arr(x, &p->files[i]);
        x->rules[i] = find_rule(x, firsts, i);
        if (x->rules[i] == x->decision_count)
            firsts[x->decision_count++] = i;
    }
    x->decisions = arena_alloc(arena, x->decision_count * sizeof *x->decisions);
    if (x->decisions == NULL)
        return ERR_NOMEM;
    for (uint16_t i = 0; i < x->decision_count; i++)
        decide_all(rule_of(x, firsts[i]), &x->decisions[i]);
    return ERR_OK;
}

enum err fs_index_build(struct arena *arena, const struct profile *profile,
                        const struct fs_index **out)
{
    struct fs_index *x = arena_alloc(arena, sizeof *x);
    enum err e;

    if (x == NULL)
        return ERR_NOMEM;
    x->profile = profile;
    e = build_keys(arena, x);
    if (e == ERR_OK)
        e = build_bodies(arena, x);
    if (e == ERR_OK)
        e = build_rules(arena, x);
    if (e == ERR_OK)
        *out = x;
    return e;
}
