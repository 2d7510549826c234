/*
 * Bytes that a change replaces stay allocated until the transaction ends, so rollback
 * needs no memory and cannot fail.
 *
 * An undo entry is struct undo, in front of it the old bytes if it has any, so that the
 * log is read from its end.
 */
#include "uicc/nvm/objects.h"

#include <openssl/crypto.h>
#include <string.h>

#define OBJECTS_FIRST 16U
/* Up to here a new content of the same length overwrites the old one in place. */
#define IN_PLACE_MAX 256U

enum undo_kind {
    UNDO_ADDED,    /* there was no such object */
    UNDO_REPLACED, /* it had other memory: old, len */
    UNDO_REMOVED,  /* likewise, and is gone now */
    UNDO_BYTES,    /* len bytes at offset were others: in front of the entry */
};

struct undo {
    uint8_t *old;
    uint32_t id, offset, len;
    enum undo_kind kind;
};

/* ---- objects in memory ---- */

/* Index of the first object whose id is not below id. */
static uint32_t lower_bound(const struct store *s, uint32_t id)
{
    const struct store_object *base = s->objects;
    uint32_t n = s->count;

    if (n == 0)
        return 0;
    while (n > 1) {
        uint32_t half = n / 2;

        base += base[half - 1].id < id ? half : 0;
        n -= half;
    }
    return (uint32_t)(base - s->objects) + (base->id < id);
}

struct store_object *objects_find(const struct store *s, uint32_t id)
{
    uint32_t i = lower_bound(s, id);

    return i < s->count && s->objects[i].id == id ? &s->objects[i] : NULL;
}

static enum err grow(struct store *s)
{
    uint32_t cap = s->cap == 0 ? OBJECTS_FIRST : s->cap + s->cap / 2;
    struct store_object *more;

    if (s->count < s->cap)
        return ERR_OK;
    more = arena_alloc(s->arena, cap * sizeof *more);
    if (more == NULL)
        return ERR_NOMEM;
    if (s->count > 0)
        memcpy(more, s->objects, s->count * sizeof *more);
    arena_free(s->arena, s->objects, s->cap * sizeof *more);
    s->objects = more;
    s->cap = cap;
    return ERR_OK;
}

/* Needs room in the table: see grow(). */
static struct store_object *insert(struct store *s, uint32_t id, uint8_t *bytes, uint32_t len)
{
    uint32_t i = lower_bound(s, id);

    memmove(&s->objects[i + 1], &s->objects[i], (s->count - i) * sizeof *s->objects);
    s->count++;
    s->objects[i] = (struct store_object){.id = id, .len = len, .bytes = bytes};
    return &s->objects[i];
}

static void take_out(struct store *s, const struct store_object *o)
{
    uint32_t i = (uint32_t)(o - s->objects);

    s->count--;
    memmove(&s->objects[i], &s->objects[i + 1], (s->count - i) * sizeof *s->objects);
}

void objects_drop(struct store *s)
{
    for (uint32_t i = 0; i < s->count; i++)
        arena_free(s->arena, s->objects[i].bytes, s->objects[i].len);
    arena_free(s->arena, s->objects, s->cap * sizeof *s->objects);
    s->objects = NULL;
    s->count = s->cap = 0;
}

/* ---- undo ---- */

static bool undo_fits(const struct store *s, size_t old_len)
{
    return sizeof(struct undo) + old_len <= STORE_FRAME_MAX - s->undo_len;
}

static void undo_push(struct store *s, const struct undo *u, struct rd old_bytes)
{
    struct wr w = {s->work->undo, s->undo_len, STORE_FRAME_MAX, false};

    wr_rd(&w, old_bytes);
    wr_bytes(&w, u, sizeof *u);
    s->undo_len = w.len;
}

static struct undo undo_pop(struct store *s, const uint8_t **old_bytes)
{
    struct undo u;

    s->undo_len -= sizeof u;
    memcpy(&u, s->work->undo + s->undo_len, sizeof u);
    if (u.kind == UNDO_BYTES)
        s->undo_len -= u.len;
    *old_bytes = s->work->undo + s->undo_len;
    return u;
}

void objects_settle(struct store *s)
{
    size_t used = s->undo_len;
    const uint8_t *old_bytes;

    while (s->undo_len > 0) {
        struct undo u = undo_pop(s, &old_bytes);

        if (u.kind == UNDO_REPLACED || u.kind == UNDO_REMOVED)
            arena_free(s->arena, u.old, u.len);
    }
    OPENSSL_cleanse(s->work->undo, used);
}

/* Entries are taken from the newest back, so each finds what it left. */
static void revert(struct store *s, const struct undo *u, const uint8_t *old_bytes)
{
    struct store_object *o = objects_find(s, u->id);

    switch (u->kind) {
    case UNDO_ADDED:
        arena_free(s->arena, o->bytes, o->len);
        take_out(s, o);
        break;
    case UNDO_REPLACED:
        arena_free(s->arena, o->bytes, o->len);
        o->bytes = u->old;
        o->len = u->len;
        break;
    case UNDO_REMOVED:
        insert(s, u->id, u->old, u->len);
        break;
    case UNDO_BYTES:
        memcpy(o->bytes + u->offset, old_bytes, u->len);
        break;
    }
}

void objects_revert(struct store *s)
{
    size_t used = s->undo_len;
    const uint8_t *old_bytes;

    while (s->undo_len > 0) {
        struct undo u = undo_pop(s, &old_bytes);

        revert(s, &u, old_bytes);
    }
    OPENSSL_cleanse(s->work->undo, used);
}

/* ---- changes ---- */

/* Make the object len bytes long; its content is the caller's to write, all of it. */
static enum err make(struct store *s, uint32_t id, size_t len, uint8_t **bytes)
{
    struct store_object *o = objects_find(s, id);
    struct undo u = {.id = id, .len = (uint32_t)len, .kind = UNDO_BYTES};
    uint8_t *fresh = NULL;

    if (len > UINT32_MAX)
        return ERR_NOMEM;
    if (o != NULL && o->len == len && len > 0 && len <= IN_PLACE_MAX) {
        if (!undo_fits(s, len))
            return ERR_SPACE;
        undo_push(s, &u, RD(o->bytes, len));
        *bytes = o->bytes;
        return ERR_OK;
    }
    if (!undo_fits(s, 0))
        return ERR_SPACE;
    if (o == NULL && grow(s) != ERR_OK)
        return ERR_NOMEM;
    if (len > 0 && (fresh = arena_alloc(s->arena, len)) == NULL)
        return ERR_NOMEM;
    u.kind = o == NULL ? UNDO_ADDED : UNDO_REPLACED;
    if (o == NULL) {
        insert(s, id, fresh, (uint32_t)len);
    } else {
        u.old = o->bytes;
        u.len = o->len;
        o->bytes = fresh;
        o->len = (uint32_t)len;
    }
    undo_push(s, &u, RD(NULL, 0));
    *bytes = fresh;
    return ERR_OK;
}

enum err objects_put(struct store *s, uint32_t id, struct rd value)
{
    uint8_t *bytes;
    enum err e = make(s, id, value.left, &bytes);

    /* The value may be borrowed from the object itself. */
    if (e == ERR_OK && value.left > 0)
        memmove(bytes, value.at, value.left);
    return e;
}

enum err objects_fill(struct store *s, uint32_t id, uint8_t fill, size_t len)
{
    uint8_t *bytes;
    enum err e = make(s, id, len, &bytes);

    if (e == ERR_OK && len > 0)
        memset(bytes, fill, len);
    return e;
}

enum err objects_patch(struct store *s, uint32_t id, size_t offset, struct rd bytes)
{
    struct store_object *o = objects_find(s, id);
    struct undo u = {.id = id, .kind = UNDO_BYTES};

    if (o == NULL)
        return ERR_NOT_FOUND;
    if (offset > o->len || bytes.left > o->len - offset)
        return ERR_RANGE;
    if (bytes.left == 0)
        return ERR_OK;
    if (!undo_fits(s, bytes.left))
        return ERR_SPACE;
    u.offset = (uint32_t)offset;
    u.len = (uint32_t)bytes.left;
    undo_push(s, &u, RD(o->bytes + offset, bytes.left));
    memmove(o->bytes + offset, bytes.at, bytes.left);
    return ERR_OK;
}

enum err objects_delete(struct store *s, uint32_t id)
{
    struct store_object *o = objects_find(s, id);
    struct undo u = {.id = id, .kind = UNDO_REMOVED};

    if (o == NULL)
        return ERR_OK;
    if (!undo_fits(s, 0))
        return ERR_SPACE;
    u.old = o->bytes;
    u.len = o->len;
    undo_push(s, &u, RD(NULL, 0));
    take_out(s, o);
    return ERR_OK;
}
