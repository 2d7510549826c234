#include "uicc/profile/check.h"

#include "uicc/pin/pin.h"
#include "uicc/profile/content.h"

#include <string.h>

/* A transparent EF cannot be addressed beyond, a TLV EF need not. */
#define BODY_MAX   0xFFFFU
#define TOTAL_MAX  (1U << 20) /* all bodies of a profile */
#define FID_MF     0x3F00
#define FID_ARR_MF 0x2F06

static bool is_df(const struct fs_file *f)
{
    return f->kind <= FS_ADF;
}

static bool is_record(const struct fs_file *f)
{
    return f->kind == FS_LINEAR || f->kind == FS_CYCLIC;
}

static enum err check_df(const struct profile *p, uint16_t node)
{
    const struct fs_file *f = &p->files[node];

    if ((f->kind == FS_MF) != (node == NODE_MF) || (f->fid == FID_MF) != (node == NODE_MF))
        return ERR_CORRUPT;
    if ((f->kind == FS_ADF) != (f->aid_len > 0) || (f->kind == FS_ADF && f->parent != NODE_MF))
        return ERR_CORRUPT;
    if (f->size != 0 || f->content_len != 0 || f->sfi != 0 || f->shares != 0 ||
        f->record_len != 0 || f->record_count != 0 || (f->flags & PROFILE_REPEATS) != 0)
        return ERR_CORRUPT;
    return ERR_OK;
}

static enum err check_shares(const struct profile *p, const struct fs_file *f)
{
    const struct fs_file *other;

    if (f->shares == 0)
        return ERR_OK;
    if (f->shares >= p->file_count)
        return ERR_CORRUPT;
    other = &p->files[f->shares];
    if (other->shares != 0 || other->kind != f->kind || other->size != f->size ||
        other->record_len != f->record_len || f->content_len != 0)
        return ERR_CORRUPT;
    return ERR_OK;
}

/* A period is something, and not longer than what it is repeated in. */
static enum err check_period(const struct fs_file *f)
{
    size_t most = f->kind == FS_TRANSPARENT ? PROFILE_PERIOD_MAX : f->record_len;

    if ((f->flags & PROFILE_REPEATS) == 0)
        return ERR_OK;
    if (f->kind == FS_BER_TLV || f->content_len == 0 || f->content_len > most)
        return ERR_CORRUPT;
    return ERR_OK;
}

static enum err check_ef(const struct profile *p, uint16_t node)
{
    const struct fs_file *f = &p->files[node];
    bool record = is_record(f);

    if (f->kind > FS_BER_TLV || f->sfi > 30 || f->aid_len != 0)
        return ERR_CORRUPT;
    if (f->size > BODY_MAX || f->content_len > f->size)
        return ERR_CORRUPT;
    if (record != (f->record_len > 0) || record != (f->record_count > 0))
        return ERR_CORRUPT;
    if (record && (f->record_len > 255 || f->record_count > 254 ||
                   f->size != (uint32_t)f->record_len * f->record_count))
        return ERR_CORRUPT;
    return check_period(f) == ERR_OK ? check_shares(p, f) : ERR_CORRUPT;
}

/* What is known of the children of each DF: looking at all files for each would take long. They
 * mostly come in the order of their FIDs. */
struct families {
    uint16_t youngest[PROFILE_FILES_MAX]; /* child of a DF */
    uint16_t elder[PROFILE_FILES_MAX];    /* sibling of a file */
    uint16_t highest[PROFILE_FILES_MAX];  /* FID among the children of a DF */
    uint32_t sfis[PROFILE_FILES_MAX];     /* bit per SFI of them */
};

static bool has_child(const struct profile *p, const struct families *s, uint16_t df, uint16_t fid)
{
    if (fid > s->highest[df])
        return false;
    for (uint16_t i = s->youngest[df]; i != NODE_NONE; i = s->elder[i]) {
        if (p->files[i].fid == fid)
            return true;
    }
    return false;
}

/* TS 102 221 8.6: FIDs differ among the children of a DF and from the DF's own; an SFI names one
 * EF of its DF. */
static enum err check_names(const struct profile *p, uint16_t node, struct families *s)
{
    const struct fs_file *f = &p->files[node];
    uint32_t sfi = f->sfi != 0 ? 1U << f->sfi : 0;

    s->youngest[node] = NODE_NONE;
    s->highest[node] = 0;
    s->sfis[node] = 0;
    if (node == NODE_MF)
        return f->parent == NODE_MF ? ERR_OK : ERR_CORRUPT;
    if (f->parent >= node || !is_df(&p->files[f->parent]) || f->fid == p->files[f->parent].fid)
        return ERR_CORRUPT;
    if (f->fid == 0x7FFF || f->fid == 0x3FFF || f->fid == 0xFFFF)
        return ERR_CORRUPT;
    if (has_child(p, s, f->parent, f->fid) || (s->sfis[f->parent] & sfi) != 0)
        return ERR_CORRUPT;
    s->elder[node] = s->youngest[f->parent];
    s->youngest[f->parent] = node;
    s->sfis[f->parent] |= sfi;
    if (f->fid > s->highest[f->parent])
        s->highest[f->parent] = f->fid;
    return ERR_OK;
}

static const struct fs_file *child(const struct profile *p, uint16_t df, uint16_t fid)
{
    for (uint16_t i = 1; i < p->file_count; i++) {
        if (p->files[i].parent == df && p->files[i].fid == fid)
            return &p->files[i];
    }
    return NULL;
}

/* TS 102 221 9.2.7: EF.ARR is looked for in the file's DF and upward to the ADF or MF. */
static const struct fs_file *find_arr(const struct profile *p, const struct fs_file *f)
{
    uint16_t df = f->arr_fid == FID_ARR_MF ? NODE_MF : f->parent;
    const struct fs_file *arr = child(p, df, f->arr_fid);

    while (arr == NULL && p->files[df].kind == FS_DF) {
        df = p->files[df].parent;
        arr = child(p, df, f->arr_fid);
    }
    return arr;
}

static enum err check_rules(const struct profile *p)
{
    const struct fs_file *arr = NULL;

    for (uint16_t i = 0; i < p->file_count; i++) {
        const struct fs_file *f = &p->files[i];

        /* Neighbours mostly have the same. */
        if (i == 0 || f->parent != f[-1].parent || f->arr_fid != f[-1].arr_fid)
            arr = find_arr(p, f);
        if (arr == NULL || arr->kind != FS_LINEAR || f->arr_record == 0 ||
            f->arr_record > arr->record_count)
            return ERR_CORRUPT;
    }
    return ERR_OK;
}

static enum err check_files(const struct profile *p)
{
    struct families families;
    uint32_t total = 0;

    if (p->file_count == 0 || p->file_count > PROFILE_FILES_MAX)
        return ERR_CORRUPT;
    for (uint16_t i = 0; i < p->file_count; i++) {
        enum err e = is_df(&p->files[i]) ? check_df(p, i) : check_ef(p, i);

        if (e == ERR_OK)
            e = check_names(p, i, &families);
        if (e != ERR_OK)
            return e;
        total += p->files[i].size;
        if (total > TOTAL_MAX)
            return ERR_CORRUPT;
    }
    return check_rules(p);
}

static enum err check_pins(const struct profile *p)
{
    for (size_t i = 0; i < p->pin_count; i++) {
        const struct profile_pin *pin = &p->pins[i];

        if (pin_bit(pin->reference) == 0 || pin->tries == 0 || pin->tries > 15 ||
            pin->unblock_tries > 15)
            return ERR_CORRUPT;
        for (size_t j = 0; j < i; j++) {
            if (p->pins[j].reference == pin->reference)
                return ERR_CORRUPT;
        }
    }
    return ERR_OK;
}

static enum err check_tars(const struct profile *p)
{
    for (size_t i = 0; i < p->tar_count; i++) {
        const struct profile_tar *tar = &p->tars[i];

        if (tar->app > REMOTE_OPCHANGE ||
            (tar->level & ~(SPI1_CHECK_MASK | SPI1_CIPHER | SPI1_COUNTER_MASK)) != 0)
            return ERR_CORRUPT;
        for (size_t j = 0; j < i; j++) {
            if (memcmp(p->tars[j].tar, tar->tar, sizeof tar->tar) == 0)
                return ERR_CORRUPT;
        }
    }
    return ERR_OK;
}

enum err profile_check(const struct profile *p)
{
    enum err e = check_pins(p);

    if (e == ERR_OK)
        e = check_tars(p);
    return e == ERR_OK ? check_files(p) : e;
}
