/*
 * The profile image: what a card's memory holds of its batch.
 *
 * All numbers big-endian. After the last field nothing follows.
 *
 *   52 53 50 46                "RSPF"
 *   02                         version of this format
 *   flags(1)                   b1 class A0 is answered; b2 a CC of AES has 4 bytes; the others 0
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
 * b8 of flags: the content is repeated, in each record or up to the end of a transparent file. b16
 * of the length of a content: the others name a file before this one that has the same, and no
 * bytes follow. Version 1 knew neither; its images are read.
 *
 * An image comes from a file that anybody may have written: nothing of it is
 * believed before profile_check() has followed every reference.
 */
#include "uicc/profile/profile.h"

#include "uicc/profile/check.h"
#include "uicc/profile/content.h"

#include <string.h>

#define IMAGE_MAGIC         0x52535046U
#define IMAGE_VERSION       2
#define IMAGE_SAME          0x8000 /* in the length of a content */
#define IMAGE_SAME_MIN      16     /* bytes that are worth a look */
#define IMAGE_FLAG_SIM      0x01
#define IMAGE_FLAG_SHORT_CC 0x02
#define IMAGE_FLAGS         (IMAGE_FLAG_SIM | IMAGE_FLAG_SHORT_CC)
#define IMAGE_PIN_LEN       3
#define IMAGE_TAR_LEN       9
#define IMAGE_FILE_MIN      21 /* bytes of a file without AID and content */

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

static enum err read_head(struct rd *r, struct profile *p, uint8_t *version)
{
    uint32_t magic;
    uint8_t flags;
    struct rd historical;

    if (rd_u32(r, &magic) != ERR_OK || rd_u8(r, version) != ERR_OK || rd_u8(r, &flags) != ERR_OK)
        return ERR_CORRUPT;
    if (magic != IMAGE_MAGIC || *version == 0 || *version > IMAGE_VERSION ||
        (flags & ~IMAGE_FLAGS) != 0)
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

/* The content of files[node], which the files before it may have, too. */
static enum err read_content(struct rd *r, struct fs_file *files, uint16_t node)
{
    struct rd content;
    uint16_t len;

    if (rd_u16(r, &len) != ERR_OK)
        return ERR_CORRUPT;
    if ((len & IMAGE_SAME) != 0) {
        uint16_t other = len & (uint16_t)~IMAGE_SAME;

        if (other >= node)
            return ERR_CORRUPT;
        files[node].content = files[other].content;
        files[node].content_len = files[other].content_len;
        return ERR_OK;
    }
    if (rd_take(r, len, &content) != ERR_OK)
        return ERR_CORRUPT;
    files[node].content = content.at;
    files[node].content_len = (uint32_t)content.left;
    return ERR_OK;
}

static enum err read_content_1(struct rd *r, struct fs_file *f)
{
    struct rd content;

    if (take_lv16(r, &content) != ERR_OK)
        return ERR_CORRUPT;
    f->content = content.at;
    f->content_len = (uint32_t)content.left;
    return ERR_OK;
}

static enum err read_file(struct rd *r, struct fs_file *files, uint16_t node, uint8_t version)
{
    struct fs_file *f = &files[node];
    struct rd aid;

    if (rd_u16(r, &f->fid) != ERR_OK || rd_u16(r, &f->parent) != ERR_OK ||
        rd_u8(r, &f->kind) != ERR_OK || rd_u8(r, &f->sfi) != ERR_OK ||
        rd_u8(r, &f->flags) != ERR_OK || rd_u16(r, &f->arr_fid) != ERR_OK ||
        rd_u8(r, &f->arr_record) != ERR_OK || rd_u8(r, &f->record_count) != ERR_OK ||
        rd_u16(r, &f->record_len) != ERR_OK || rd_u32(r, &f->size) != ERR_OK ||
        rd_u16(r, &f->shares) != ERR_OK || take_lv(r, 16, &aid) != ERR_OK)
        return ERR_CORRUPT;
    f->aid = aid.at;
    f->aid_len = (uint8_t)aid.left;
    if (version > 1)
        return read_content(r, files, node);
    f->flags &= (uint8_t)~PROFILE_REPEATS;
    return read_content_1(r, f);
}

/* ---- the whole ---- */

/* One piece of the arena: the profile, its tables, and the image that their contents point into. */
struct loaded {
    struct profile profile;
    struct fs_file *files;
    struct profile_tar *tars;
    struct profile_pin *pins;
    uint8_t *image;
    size_t need;
};

/* How much is there of each? Memory is asked for when that is known. */
static enum err read_counts(struct rd r, struct profile *p)
{
    struct rd skipped;
    uint8_t version;

    if (read_head(&r, p, &version) != ERR_OK || rd_u8(&r, &p->pin_count) != ERR_OK ||
        rd_take(&r, p->pin_count * (size_t)IMAGE_PIN_LEN, &skipped) != ERR_OK ||
        rd_u8(&r, &p->tar_count) != ERR_OK ||
        rd_take(&r, p->tar_count * (size_t)IMAGE_TAR_LEN, &skipped) != ERR_OK ||
        rd_u16(&r, &p->file_count) != ERR_OK)
        return ERR_CORRUPT;
    if (p->file_count == 0 || p->file_count > PROFILE_FILES_MAX ||
        p->file_count > r.left / IMAGE_FILE_MIN)
        return ERR_CORRUPT;
    return ERR_OK;
}

static struct loaded *new_loaded(struct arena *arena, const struct profile *counts,
                                 size_t image_len)
{
    size_t files_len = counts->file_count * sizeof(struct fs_file);
    size_t tars_len = counts->tar_count * sizeof(struct profile_tar);
    size_t pins_len = counts->pin_count * sizeof(struct profile_pin);
    size_t head_len = (sizeof(struct loaded) + 15) & ~(size_t)15;
    size_t need = head_len + files_len + tars_len + pins_len + image_len;
    uint8_t *piece = arena_alloc(arena, need);
    struct loaded *l = (struct loaded *)(void *)piece;

    if (piece == NULL)
        return NULL;
    l->need = need;
    l->files = (struct fs_file *)(void *)(piece + head_len);
    l->tars = (struct profile_tar *)(void *)(piece + head_len + files_len);
    l->pins = (struct profile_pin *)(void *)(piece + head_len + files_len + tars_len);
    l->image = piece + head_len + files_len + tars_len + pins_len;
    return l;
}

static enum err read_tables(struct rd r, struct loaded *l)
{
    struct profile *p = &l->profile;
    uint8_t version;

    if (read_head(&r, p, &version) != ERR_OK || rd_u8(&r, &p->pin_count) != ERR_OK)
        return ERR_CORRUPT;
    for (size_t i = 0; i < p->pin_count; i++) {
        if (read_pin(&r, &l->pins[i]) != ERR_OK)
            return ERR_CORRUPT;
    }
    if (rd_u8(&r, &p->tar_count) != ERR_OK)
        return ERR_CORRUPT;
    for (size_t i = 0; i < p->tar_count; i++) {
        if (read_tar(&r, &l->tars[i]) != ERR_OK)
            return ERR_CORRUPT;
    }
    if (rd_u16(&r, &p->file_count) != ERR_OK)
        return ERR_CORRUPT;
    for (uint16_t i = 0; i < p->file_count; i++) {
        if (read_file(&r, l->files, i, version) != ERR_OK)
            return ERR_CORRUPT;
    }
    p->pins = l->pins;
    p->tars = l->tars;
    p->files = l->files;
    return r.left == 0 ? ERR_OK : ERR_CORRUPT;
}

/* Contents that the image says once, written out. Afterwards no file has the flag. */
static enum err repeat_contents(struct arena *arena, struct loaded *l)
{
    size_t total = 0;
    uint8_t *out;

    for (uint16_t i = 0; i < l->profile.file_count; i++)
        total += (l->files[i].flags & PROFILE_REPEATS) != 0 ? l->files[i].size : 0;
    out = arena_alloc(arena, total);
    if (out == NULL && total > 0)
        return ERR_NOMEM;
    for (uint16_t i = 0; i < l->profile.file_count; i++) {
        struct fs_file *f = &l->files[i];

        if ((f->flags & PROFILE_REPEATS) == 0)
            continue;
        profile_content_repeat(f, out);
        f->flags &= (uint8_t)~PROFILE_REPEATS;
        f->content = out;
        f->content_len = f->size;
        out += f->size;
    }
    return ERR_OK;
}

enum err profile_load(struct rd image, const uint8_t hash[32], struct arena *arena,
                      const struct profile **out)
{
    struct profile counts = {.pin_count = 0};
    struct loaded *l;
    enum err e = read_counts(image, &counts);

    if (e != ERR_OK)
        return e;
    l = new_loaded(arena, &counts, image.left);
    if (l == NULL)
        return ERR_NOMEM;
    memcpy(l->image, image.at, image.left);
    e = read_tables(RD(l->image, image.left), l);
    if (e == ERR_OK)
        e = profile_check(&l->profile);
    if (e == ERR_OK)
        e = repeat_contents(arena, l);
    if (e != ERR_OK) {
        arena_free(arena, l, l->need);
        return e;
    }
    memcpy(l->profile.hash, hash, sizeof l->profile.hash);
    *out = &l->profile;
    return ERR_OK;
}

/* ---- writing ---- */

/* A file before this one whose content is stored in the same bytes. */
static uint16_t same_content(const struct fs_file *files, uint16_t node, size_t len, bool repeats)
{
    const struct fs_file *f = &files[node];

    for (uint16_t i = 0; len >= IMAGE_SAME_MIN && i < node; i++) {
        bool other_repeats;

        if (files[i].content_len >= len && memcmp(files[i].content, f->content, len) == 0 &&
            profile_content_period(&files[i], &other_repeats) == len && other_repeats == repeats)
            return i;
    }
    return NODE_NONE;
}

static void write_file(struct wr *w, const struct fs_file *files, uint16_t node)
{
    const struct fs_file *f = &files[node];
    bool repeats;
    size_t len = profile_content_period(f, &repeats);
    uint16_t same = same_content(files, node, len, repeats);

    wr_u16(w, f->fid);
    wr_u16(w, f->parent);
    wr_u8(w, f->kind);
    wr_u8(w, f->sfi);
    wr_u8(w, f->flags | (repeats ? PROFILE_REPEATS : 0));
    wr_u16(w, f->arr_fid);
    wr_u8(w, f->arr_record);
    wr_u8(w, f->record_count);
    wr_u16(w, f->record_len);
    wr_u32(w, f->size);
    wr_u16(w, f->shares);
    wr_u8(w, f->aid_len);
    wr_bytes(w, f->aid, f->aid_len);
    if (same != NODE_NONE) {
        wr_u16(w, IMAGE_SAME | same);
        return;
    }
    wr_u16(w, (uint16_t)len);
    wr_bytes(w, f->content, len);
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

/* The length of a content has 15 bits. */
static bool fit_lengths(const struct profile *p)
{
    for (uint16_t i = 0; i < p->file_count; i++) {
        bool repeats;

        if (profile_content_period(&p->files[i], &repeats) >= IMAGE_SAME)
            return false;
    }
    return true;
}

enum err profile_store(const struct profile *p, struct wr *image)
{
    if (profile_check(p) != ERR_OK)
        return ERR_CORRUPT;
    if (p->applets.left > UINT16_MAX || !fit_lengths(p))
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
    for (uint16_t i = 0; i < p->file_count; i++)
        write_file(image, p->files, i);
    return wr_result(image);
}
