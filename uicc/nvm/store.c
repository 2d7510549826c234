/*
 * Operations of a frame (journal.c). Numbers are big-endian.
 *
 *   PUT     01 id(4) len(2) bytes           the object is these bytes
 *   FILL    02 id(4) fill(1) len(4)         the object is len times fill
 *   PATCH   03 id(4) offset(4) len(2) bytes
 *   DELETE  04 id(4)
 *
 * A change is applied to memory (objects.c, which can take it back) and written down as
 * an operation in work->frame, for the journal.
 */
#include "uicc/nvm/store.h"

#include "apdu/crc.h"
#include "uicc/nvm/objects.h"

#include <openssl/crypto.h>

#define PUT_HEAD   7U
#define FILL_LEN   10U
#define PATCH_HEAD 11U
#define DELETE_LEN 5U

/* A snapshot spells equal bytes at an object's end as FILL when it saves this much. */
#define FILL_SAVES 16U

enum op { OP_PUT = 1, OP_FILL = 2, OP_PATCH = 3, OP_DELETE = 4 };

bool store_get(const struct store *s, uint32_t id, struct rd *value)
{
    const struct store_object *o = objects_find(s, id);

    if (o == NULL)
        return false;
    *value = RD(o->bytes, o->len);
    return true;
}

/* ---- operations ---- */

static void write_put(struct wr *w, uint32_t id, struct rd value)
{
    wr_u8(w, OP_PUT);
    wr_u32(w, id);
    wr_u16(w, (uint16_t)value.left);
    wr_rd(w, value);
}

static void write_fill(struct wr *w, uint32_t id, uint8_t fill, size_t len)
{
    wr_u8(w, OP_FILL);
    wr_u32(w, id);
    wr_u8(w, fill);
    wr_u32(w, (uint32_t)len);
}

static void write_patch(struct wr *w, uint32_t id, size_t offset, struct rd bytes)
{
    wr_u8(w, OP_PATCH);
    wr_u32(w, id);
    wr_u32(w, (uint32_t)offset);
    wr_u16(w, (uint16_t)bytes.left);
    wr_rd(w, bytes);
}

static void write_delete(struct wr *w, uint32_t id)
{
    wr_u8(w, OP_DELETE);
    wr_u32(w, id);
}

/* The next n bytes, their number in front as u16. */
static enum err read_sized(struct rd *r, struct rd *out)
{
    uint16_t len;
    enum err e = rd_u16(r, &len);

    return e != ERR_OK ? e : rd_take(r, len, out);
}

static enum err replay_fill(struct store *s, uint32_t id, struct rd *ops)
{
    uint8_t fill;
    uint32_t len;
    enum err e = rd_u8(ops, &fill);

    if (e == ERR_OK)
        e = rd_u32(ops, &len);
    return e != ERR_OK ? e : objects_fill(s, id, fill, len);
}

static enum err replay_patch(struct store *s, uint32_t id, struct rd *ops)
{
    uint32_t offset;
    struct rd bytes;
    enum err e = rd_u32(ops, &offset);

    if (e == ERR_OK)
        e = read_sized(ops, &bytes);
    return e != ERR_OK ? e : objects_patch(s, id, offset, bytes);
}

static enum err replay_op(struct store *s, struct rd *ops)
{
    uint8_t op;
    uint32_t id;
    struct rd value;
    enum err e = rd_u8(ops, &op);

    if (e == ERR_OK)
        e = rd_u32(ops, &id);
    if (e != ERR_OK)
        return e;
    switch (op) {
    case OP_PUT:
        e = read_sized(ops, &value);
        return e != ERR_OK ? e : objects_put(s, id, value);
    case OP_FILL:
        return replay_fill(s, id, ops);
    case OP_PATCH:
        return replay_patch(s, id, ops);
    case OP_DELETE:
        return objects_delete(s, id);
    default:
        return ERR_CORRUPT;
    }
}

/* journal_sink.apply: whatever a valid frame says wrongly is damage. */
static enum err replay_frame(void *context, struct rd ops)
{
    struct store *s = context;
    enum err e = ERR_OK;

    while (e == ERR_OK && ops.left > 0) {
        e = replay_op(s, &ops);
        objects_settle(s);
    }
    return e == ERR_OK || e == ERR_NOMEM ? e : ERR_CORRUPT;
}

static void replay_restart(void *context)
{
    objects_drop(context);
}

/* ---- snapshot ---- */

struct snapshot_writer {
    struct store *s;
    struct journal_snapshot to;
    struct wr w; /* operations of the frame being built */
};

static uint32_t content_checksum(const struct store *s)
{
    uint32_t crc = 0;

    for (uint32_t i = 0; i < s->count; i++) {
        const struct store_object *o = &s->objects[i];

        crc = crc_32_update(crc, RD((const uint8_t *)&o->id, sizeof o->id));
        crc = crc_32_update(crc, RD(o->bytes, o->len));
    }
    return crc;
}

static enum err flush_frame(struct snapshot_writer *sw, bool last)
{
    enum err e = journal_snapshot_add(&sw->s->journal, &sw->to, sw->w.len, last);

    OPENSSL_cleanse(sw->s->work->frame, JOURNAL_FRAME_HEAD + sw->w.len);
    sw->w.len = 0;
    return e;
}

/* Room for n more bytes of operations, if need be in a new frame. */
static enum err need_room(struct snapshot_writer *sw, size_t n)
{
    return n <= sw->w.cap - sw->w.len ? ERR_OK : flush_frame(sw, false);
}

static enum err write_pieces(struct snapshot_writer *sw, const struct store_object *o, size_t len)
{
    for (size_t at = 0; at < len;) {
        enum err e = need_room(sw, PATCH_HEAD + 1);
        size_t room = sw->w.cap - sw->w.len - PATCH_HEAD;
        size_t n = len - at < room ? len - at : room;

        if (e != ERR_OK)
            return e;
        write_patch(&sw->w, o->id, at, RD(o->bytes + at, n));
        at += n;
    }
    return ERR_OK;
}

static enum err write_object(struct snapshot_writer *sw, const struct store_object *o)
{
    uint8_t fill = o->len > 0 ? o->bytes[o->len - 1] : 0;
    size_t len = o->len;
    enum err e;

    while (len > 0 && o->bytes[len - 1] == fill)
        len--;
    if (o->len - len < FILL_SAVES && PUT_HEAD + o->len <= JOURNAL_OPS_MAX) {
        e = need_room(sw, PUT_HEAD + o->len);
        if (e == ERR_OK)
            write_put(&sw->w, o->id, RD(o->bytes, o->len));
        return e;
    }
    e = need_room(sw, FILL_LEN);
    if (e != ERR_OK)
        return e;
    write_fill(&sw->w, o->id, fill, o->len);
    return write_pieces(sw, o, len);
}

/* Commits too: memory holds the state after the transaction. */
static enum err compact(struct store *s)
{
    struct snapshot_writer sw = {
        .s = s,
        .w = WR(s->work->frame + JOURNAL_FRAME_HEAD, JOURNAL_OPS_MAX),
    };
    enum err e = journal_snapshot_begin(&s->journal, &sw.to, content_checksum(s), s->forget);

    for (uint32_t i = 0; e == ERR_OK && i < s->count; i++)
        e = write_object(&sw, &s->objects[i]);
    return e != ERR_OK ? e : flush_frame(&sw, true);
}

/* ---- transactions ---- */

static void begin(struct store *s, struct arena *arena, struct store_work *work)
{
    *s = (struct store){.arena = arena, .work = work};
}

enum err store_create(struct store *s, struct nvm_device *dev, struct arena *arena,
                      struct store_work *work)
{
    begin(s, arena, work);
    return journal_create(&s->journal, dev, work->frame);
}

enum err store_open(struct store *s, struct nvm_device *dev, struct arena *arena,
                    struct store_work *work)
{
    struct journal_sink sink = {s, replay_frame, replay_restart};
    enum err e;

    begin(s, arena, work);
    e = journal_open(&s->journal, dev, work->frame, &sink);
    if (e != ERR_OK)
        objects_drop(s);
    return e;
}

void store_close(struct store *s)
{
    store_rollback(s);
    objects_drop(s);
}

/* May a change with so many bytes of operation be made? */
static enum err may_change(struct store *s, size_t op_len)
{
    if (journal_tidy(&s->journal) != ERR_OK)
        return ERR_IO;
    return op_len <= JOURNAL_OPS_MAX - s->ops_len ? ERR_OK : ERR_SPACE;
}

static struct wr operations(const struct store *s)
{
    return (struct wr){s->work->frame + JOURNAL_FRAME_HEAD, s->ops_len, JOURNAL_OPS_MAX, false};
}

enum err store_put(struct store *s, uint32_t id, struct rd value)
{
    struct wr w = operations(s);
    enum err e = value.left > JOURNAL_OPS_MAX ? ERR_SPACE : may_change(s, PUT_HEAD + value.left);

    if (e == ERR_OK)
        e = objects_put(s, id, value);
    if (e != ERR_OK)
        return e;
    write_put(&w, id, value);
    s->ops_len = w.len;
    return ERR_OK;
}

enum err store_put_filled(struct store *s, uint32_t id, uint8_t fill, size_t len)
{
    struct wr w = operations(s);
    enum err e = may_change(s, FILL_LEN);

    if (e == ERR_OK)
        e = objects_fill(s, id, fill, len);
    if (e != ERR_OK)
        return e;
    write_fill(&w, id, fill, len);
    s->ops_len = w.len;
    return ERR_OK;
}

enum err store_patch(struct store *s, uint32_t id, size_t offset, struct rd bytes)
{
    struct wr w = operations(s);
    enum err e = bytes.left > JOURNAL_OPS_MAX ? ERR_SPACE : may_change(s, PATCH_HEAD + bytes.left);

    if (e == ERR_OK)
        e = objects_patch(s, id, offset, bytes);
    if (e != ERR_OK || bytes.left == 0)
        return e;
    bytes.at = objects_find(s, id)->bytes + offset;
    write_patch(&w, id, offset, bytes);
    s->ops_len = w.len;
    return ERR_OK;
}

enum err store_delete(struct store *s, uint32_t id)
{
    struct wr w = operations(s);
    enum err e;

    if (objects_find(s, id) == NULL)
        return ERR_OK;
    e = may_change(s, DELETE_LEN);
    if (e == ERR_OK)
        e = objects_delete(s, id);
    if (e != ERR_OK)
        return e;
    write_delete(&w, id);
    s->ops_len = w.len;
    return ERR_OK;
}

void store_forget(struct store *s)
{
    s->forget = true;
}

bool store_dirty(const struct store *s)
{
    return s->ops_len > 0 || s->forget;
}

static void end_transaction(struct store *s)
{
    OPENSSL_cleanse(s->work->frame, JOURNAL_FRAME_HEAD + s->ops_len);
    s->ops_len = 0;
    s->forget = false;
}

enum err store_commit(struct store *s)
{
    enum err e;

    if (!store_dirty(s))
        return ERR_OK;
    e = journal_tidy(&s->journal);
    if (e == ERR_OK && !s->forget && journal_takes(&s->journal, s->ops_len))
        e = journal_append(&s->journal, s->ops_len);
    else if (e == ERR_OK)
        e = compact(s);
    if (e != ERR_OK) {
        store_rollback(s);
        return e == ERR_SPACE ? ERR_SPACE : ERR_IO;
    }
    objects_settle(s);
    end_transaction(s);
    return ERR_OK;
}

void store_rollback(struct store *s)
{
    objects_revert(s);
    end_transaction(s);
}

uint64_t store_written(const struct store *s)
{
    return s->journal.written;
}
