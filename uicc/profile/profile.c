/*
 * The profile image: what a card's memory holds of its batch.
 *
 * All numbers big-endian. After the last field nothing follows.
 *
 *   52 53 50 46                "RSPF"
 *   01                         version of this format
 *   flags(1)                   b1 class A0 is answered; the others 0
 *   ota(1) refresh(1)          enum secpkt_algorithm; REFRESH qualifier or FF
 *   delta(8) age(8)            sequence number policy
 *   name(1+n) historical(1+n)  length and bytes
 *   applets(2+n)               { INSTALL(1+n) }*, carried out by personalisation
 *   pins(1)                    { reference(1) tries(1) unblock tries(1) }*
 *   tars(1)                    { TAR(3) application(1) level(1) keys(4) }*
 *   files(2)                   { file }*, parents before children, the MF first
 *
 *   file: fid(2) parent(2) kind(1) sfi(1) flags(1) arr fid(2) arr record(1)
 *         record count(1) record length(2) size(4) shares(2)
 *         aid(1+n) content(2+n)
 *
 * An image comes from a file that anybody may have written: nothing of it is
 * believed before check() has followed every reference.
 */
#include "uicc/profile/profile.h"

#include "uicc/pin/pin.h"

#include <string.h>

#define IMAGE_MAGIC         0x52535046U
#define IMAGE_VERSION       1
#define IMAGE_FLAG_SIM      0x01
#define IMAGE_FLAG_SHORT_CC 0x02
#define IMAGE_FLAGS         (IMAGE_FLAG_SIM | IMAGE_FLAG_SHORT_CC)
#define IMAGE_FILE_MIN      21 /* bytes of a file without AID and content */
#define IMAGE_BODY_MAX                                                        \
    0xFFFFU /* a transparent EF cannot be addressed beyond, a TLV EF need not \
             */
#define IMAGE_TOTAL_MAX (1U << 20) /* all bodies of a profile */
#define FID_MF          0x3F00
#define FID_ARR_MF      0x2F06

/* ---- reading ---- */

/* A length byte, and that many bytes. */
static enum err take_lv(struct rd *r, size_t max, struct rd *out)
{
    uint8_t len;

    if (rd_u8(r, &len) != ERR_OK || len > max || rd_take(r, len, out) != ERR_OK)
        return ERR_CORRUPT;
    return ERR_OK;
}

static enum err take_lv16(struct rd *r, struct rd *out)
{
    uint16_t len;

    if (rd_u16(r, &len) != ERR_OK || rd_take(r, len, out) != ERR_OK)
        return ERR_CORRUPT;
    return ERR_OK;
}

static enum err read_name(struct rd *r, struct profile *p)
{
    struct rd name;

    if (take_lv(r, PROFILE_NAME_MAX, &name) != ERR_OK)
        return ERR_CORRUPT;
    for (size_t i = 0; i < name.left; i++) {
        if (name.at[i] <= ' ' || name.at[i] > '~')
            return ERR_CORRUPT;
        p->name[i] = (char)name.at[i];
    }
    return ERR_OK;
}

static enum err read_head(struct rd *r, struct profile *p)
{
    uint32_t magic;
    uint8_t version, flags;
    struct rd historical;

    if (rd_u32(r, &magic) != ERR_OK || rd_u8(r, &version) != ERR_OK || rd_u8(r, &flags) != ERR_OK)
        return ERR_CORRUPT;
    if (magic != IMAGE_MAGIC || version != IMAGE_VERSION || (flags & ~IMAGE_FLAGS) != 0)
        return ERR_CORRUPT;
    p->sim_mode = (flags & IMAGE_FLAG_SIM) != 0;
    p->ota_cc_len = (flags & IMAGE_FLAG_SHORT_CC) != 0 ? SECPKT_CC_LEN_MIN : SECPKT_CC_LEN;
    if (rd_u8(r, &p->ota_algorithm) != ERR_OK || rd_u8(r, &p->rfm_refresh) != ERR_OK ||
        rd_u64(r, &p->sqn_delta) != ERR_OK || rd_u64(r, &p->sqn_age_limit) != ERR_OK)
        return ERR_CORRUPT;
    if (read_name(r, p) != ERR_OK || take_lv(r, sizeof p->historical, &historical) != ERR_OK ||
        take_lv16(r, &p->applets) != ERR_OK)
        return ERR_CORRUPT;
    if (historical.left > 0)
        memcpy(p->historical, historical.at, historical.left);
    p->historical_len = (uint8_t)historical.left;
    return p->ota_algorithm <= SECPKT_AES ? ERR_OK : ERR_CORRUPT;
}

static enum err read_pin(struct rd *r, struct profile_pin *pin)
{
    if (rd_u8(r, &pin->reference) != ERR_OK || rd_u8(r, &pin->tries) != ERR_OK ||
        rd_u8(r, &pin->unblock_tries) != ERR_OK)
        return ERR_CORRUPT;
    return ERR_OK;
}

static enum err read_tar(struct rd *r, struct profile_tar *tar)
{
    if (rd_copy(r, tar->tar, sizeof tar->tar) != ERR_OK || rd_u8(r, &tar->app) != ERR_OK ||
        rd_u8(r, &tar->level) != ERR_OK || rd_u32(r, &tar->keys) != ERR_OK)
        return ERR_CORRUPT;
    return ERR_OK;
}

static enum err read_file(struct rd *r, struct fs_file *f)
{
    struct rd aid, content;

    if (rd_u16(r, &f->fid) != ERR_OK || rd_u16(r, &f->parent) != ERR_OK ||
        rd_u8(r, &f->kind) != ERR_OK || rd_u8(r, &f->sfi) != ERR_OK ||
        rd_u8(r, &f->flags) != ERR_OK || rd_u16(r, &f->arr_fid) != ERR_OK ||
        rd_u8(r, &f->arr_record) != ERR_OK || rd_u8(r, &f->record_count) != ERR_OK ||
        rd_u16(r, &f->record_len) != ERR_OK || rd_u32(r, &f->size) != ERR_OK ||
        rd_u16(r, &f->shares) != ERR_OK)
        return ERR_CORRUPT;
    if (take_lv(r, 16, &aid) != ERR_OK || take_lv16(r, &content) != ERR_OK)
        return ERR_CORRUPT;
    f->aid = aid.at;
    f->aid_len = (uint8_t)aid.left;
    f->content = content.at;
    f->content_len = (uint32_t)content.left;
    return ERR_OK;
}

/* ---- checking ---- */

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
        f->record_len != 0 || f->record_count != 0)
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

static enum err check_ef(const struct profile *p, uint16_t node)
{
    const struct fs_file *f = &p->files[node];
    bool record = is_record(f);

    if (f->kind > FS_BER_TLV || f->sfi > 30 || f->aid_len != 0)
        return ERR_CORRUPT;
    if (f->size > IMAGE_BODY_MAX || f->content_len > f->size)
        return ERR_CORRUPT;
    if (record != (f->record_len > 0) || record != (f->record_count > 0))
        return ERR_CORRUPT;
    if (record && (f->record_len > 255 || f->record_count > 254 ||
                   f->size != (uint32_t)f->record_len * f->record_count))
        return ERR_CORRUPT;
    return check_shares(p, f);
}

/* TS 102 221 8.6: FIDs differ among the children of a DF and from the DF's own; an SFI names one
 * EF of its DF. */
static enum err check_names(const struct profile *p, uint16_t node)
{
    const struct fs_file *f = &p->files[node];

    if (node == NODE_MF)
        return f->parent == NODE_MF ? ERR_OK : ERR_CORRUPT;
    if (f->parent >= node || !is_df(&p->files[f->parent]) || f->fid == p->files[f->parent].fid)
        return ERR_CORRUPT;
    if (f->fid == 0x7FFF || f->fid == 0x3FFF || f->fid == 0xFFFF)
        return ERR_CORRUPT;
    for (uint16_t i = 1; i < node; i++) {
        const struct fs_file *other = &p->files[i];

        if (other->parent != f->parent)
            continue;
        if (other->fid == f->fid || (f->sfi != 0 && other->sfi == f->sfi))
            return ERR_CORRUPT;
    }
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
static enum err check_rule(const struct profile *p, uint16_t node)
{
    const struct fs_file *f = &p->files[node];
    uint16_t df = f->arr_fid == FID_ARR_MF ? NODE_MF : f->parent;
    const struct fs_file *arr = child(p, df, f->arr_fid);

    while (arr == NULL && p->files[df].kind == FS_DF) {
        df = p->files[df].parent;
        arr = child(p, df, f->arr_fid);
    }
    if (arr == NULL || arr->kind != FS_LINEAR || f->arr_record == 0 ||
        f->arr_record > arr->record_count)
        return ERR_CORRUPT;
    return ERR_OK;
}

static enum err check_files(const struct profile *p)
{
    uint32_t total = 0;

    if (p->file_count == 0)
        return ERR_CORRUPT;
    for (uint16_t i = 0; i < p->file_count; i++) {
        enum err e = is_df(&p->files[i]) ? check_df(p, i) : check_ef(p, i);

        if (e == ERR_OK)
            e = check_names(p, i);
        if (e != ERR_OK)
            return e;
        total += p->files[i].size;
        if (total > IMAGE_TOTAL_MAX)
            return ERR_CORRUPT;
    }
    for (uint16_t i = 0; i < p->file_count; i++) {
        if (check_rule(p, i) != ERR_OK)
            return ERR_CORRUPT;
    }
    return ERR_OK;
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

static enum err check(const struct profile *p)
{
    enum err e = check_pins(p);

    if (e == ERR_OK)
        e = check_tars(p);
    return e == ERR_OK ? check_files(p) : e;
}

/* ---- the whole ---- */

/* One piece of the arena: the profile, its tables, and the image that their contents point into.
 * Counts are looked at before memory is asked for. */
struct loaded {
    struct profile profile;
    struct profile_pin pins[UINT8_MAX];
    struct profile_tar tars[UINT8_MAX];
    struct fs_file files[]; /* as many as the image may hold; behind them the image */
};

static enum err read_tables(struct rd *r, struct loaded *l, size_t files_max)
{
    struct profile *p = &l->profile;

    if (read_head(r, p) != ERR_OK || rd_u8(r, &p->pin_count) != ERR_OK)
        return ERR_CORRUPT;
    for (size_t i = 0; i < p->pin_count; i++) {
        if (read_pin(r, &l->pins[i]) != ERR_OK)
            return ERR_CORRUPT;
    }
    if (rd_u8(r, &p->tar_count) != ERR_OK)
        return ERR_CORRUPT;
    for (size_t i = 0; i < p->tar_count; i++) {
        if (read_tar(r, &l->tars[i]) != ERR_OK)
            return ERR_CORRUPT;
    }
    if (rd_u16(r, &p->file_count) != ERR_OK || p->file_count > files_max)
        return ERR_CORRUPT;
    for (size_t i = 0; i < p->file_count; i++) {
        if (read_file(r, &l->files[i]) != ERR_OK)
            return ERR_CORRUPT;
    }
    p->pins = l->pins;
    p->tars = l->tars;
    p->files = l->files;
    return r->left == 0 ? ERR_OK : ERR_CORRUPT;
}

enum err profile_load(struct rd image, const uint8_t hash[32], struct arena *arena,
                      const struct profile **out)
{
    /* No image of this length can say more files than that. */
    size_t most = image.left / IMAGE_FILE_MIN;
    size_t files_max = most < PROFILE_FILES_MAX ? most : PROFILE_FILES_MAX;
    size_t files_len = files_max * sizeof(struct fs_file);
    size_t need = sizeof(struct loaded) + files_len + image.left;
    struct loaded *l;
    uint8_t *bytes;
    struct rd copy;
    enum err e;

    if (files_max == 0)
        return ERR_CORRUPT;
    l = arena_alloc(arena, need);
    if (l == NULL)
        return ERR_NOMEM;
    bytes = (uint8_t *)l->files + files_len;
    memcpy(bytes, image.at, image.left);
    copy = RD(bytes, image.left);
    e = read_tables(&copy, l, files_max);
    if (e == ERR_OK)
        e = check(&l->profile);
    if (e != ERR_OK) {
        arena_free(arena, l, need);
        return e;
    }
    memcpy(l->profile.hash, hash, sizeof l->profile.hash);
    *out = &l->profile;
    return ERR_OK;
}

/* ---- writing ---- */

static void write_file(struct wr *w, const struct fs_file *f)
{
    wr_u16(w, f->fid);
    wr_u16(w, f->parent);
    wr_u8(w, f->kind);
    wr_u8(w, f->sfi);
    wr_u8(w, f->flags);
    wr_u16(w, f->arr_fid);
    wr_u8(w, f->arr_record);
    wr_u8(w, f->record_count);
    wr_u16(w, f->record_len);
    wr_u32(w, f->size);
    wr_u16(w, f->shares);
    wr_u8(w, f->aid_len);
    wr_bytes(w, f->aid, f->aid_len);
    wr_u16(w, (uint16_t)f->content_len);
    wr_bytes(w, f->content, f->content_len);
}

static void write_head(struct wr *w, const struct profile *p)
{
    size_t name_len = strlen(p->name);

    wr_u32(w, IMAGE_MAGIC);
    wr_u8(w, IMAGE_VERSION);
    wr_u8(w, (uint8_t)((p->sim_mode ? IMAGE_FLAG_SIM : 0) |
                       (p->ota_cc_len == SECPKT_CC_LEN_MIN ? IMAGE_FLAG_SHORT_CC : 0)));
    wr_u8(w, p->ota_algorithm);
    wr_u8(w, p->rfm_refresh);
    wr_u64(w, p->sqn_delta);
    wr_u64(w, p->sqn_age_limit);
    wr_u8(w, (uint8_t)name_len);
    wr_bytes(w, p->name, name_len);
    wr_u8(w, p->historical_len);
    wr_bytes(w, p->historical, p->historical_len);
    wr_u16(w, (uint16_t)p->applets.left);
    wr_rd(w, p->applets);
}

enum err profile_store(const struct profile *p, struct wr *image)
{
    if (check(p) != ERR_OK)
        return ERR_CORRUPT;
    if (p->applets.left > UINT16_MAX || p->file_count > PROFILE_FILES_MAX)
        return ERR_RANGE;
    write_head(image, p);
    wr_u8(image, p->pin_count);
    for (size_t i = 0; i < p->pin_count; i++) {
        wr_u8(image, p->pins[i].reference);
        wr_u8(image, p->pins[i].tries);
        wr_u8(image, p->pins[i].unblock_tries);
    }
    wr_u8(image, p->tar_count);
    for (size_t i = 0; i < p->tar_count; i++) {
        wr_bytes(image, p->tars[i].tar, sizeof p->tars[i].tar);
        wr_u8(image, p->tars[i].app);
        wr_u8(image, p->tars[i].level);
        wr_u32(image, p->tars[i].keys);
    }
    wr_u16(image, p->file_count);
    for (size_t i = 0; i < p->file_count; i++)
        write_file(image, &p->files[i]);
    return wr_result(image);
}
