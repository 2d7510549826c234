/*
 * A bank. Numbers are big-endian; frames begin at multiples of 4, zeros between.
 *
 *      0  magic "BANK" | generation (4) | salt (4) | CRC-32 of the 12 bytes before
 *     16  snapshot frame, sequence 1
 *         snapshot frame, sequence 2 ...
 *         last snapshot frame: from here on the bank is whole
 *         commit frame ...
 *
 * A frame.
 *
 *      0  kind (1) | length of the frame without padding (3)
 *      4  salt + sequence, modulo 2^32
 *      8  CRC-32, begun with the salt, of the 8 bytes before and the operations
 *     12  operations
 *
 * The salt is a checksum of all that the card holds, keys included. It ties frames to
 * their bank, so that what an earlier life of the bank left behind the tail never
 * counts; and nobody who may write a file can make its content look like a frame.
 *
 * Recovery. The bank of the highest generation that is whole is in force: a snapshot
 * that was cut short leaves the old bank in force, and the old bank's head is taken
 * away after the new bank is durable. Commits count up to the first frame that is not
 * valid. If nothing valid stands behind it, it is the commit that a power cut tore, and
 * is cut off. A valid later frame behind it proves that durable data was damaged:
 * ERR_CORRUPT, for half a history is no state the card was ever in.
 *
 * Failure. After a failed write or sync nobody knows whether the frame is there. It is
 * overwritten and the overwriting synced before anything else may happen (untidy).
 *
 * Forgetting. The target bank is wiped before the snapshot, the old one after it; its
 * head goes last, so that a head that still stands tells of a wipe that was cut short.
 */
#include "uicc/nvm/journal.h"

#include "apdu/crc.h"

#include <openssl/crypto.h>
#include <string.h>

#define BANK_HEAD   16U
#define FRAME_ALIGN 4U
#define WIPE_CHUNK  4096U
/* Commits worth this many bytes, and several snapshots, are enough to read at every start. */
#define GARBAGE_MIN   32768U
#define GARBAGE_RATIO 4U

static const uint8_t bank_magic[4] = "BANK";
static const uint8_t zeros[WIPE_CHUNK];

enum frame_kind {
    FRAME_SNAPSHOT = 1,
    FRAME_LAST = 2,        /* last of the snapshot */
    FRAME_LAST_FORGET = 3, /* the same, and the other bank is to be wiped */
    FRAME_COMMIT = 4,
};

struct bank_head {
    uint32_t generation, salt;
    bool valid;
};

struct frame {
    enum frame_kind kind;
    uint32_t len, sequence;
    struct rd ops;
};

/* Reads a bank through a window in j->frame. */
struct reader {
    struct journal *j;
    uint8_t bank;
    uint32_t salt;
    uint32_t sequence;    /* of the last valid frame */
    uint32_t start, have; /* what of the bank is in the window */
    enum err e;
};

static uint32_t aligned(size_t n)
{
    return (uint32_t)((n + FRAME_ALIGN - 1) / FRAME_ALIGN * FRAME_ALIGN);
}

static uint32_t bank_size(const struct journal *j)
{
    return (uint32_t)j->medium.bank_size;
}

static uint8_t other_bank(const struct journal *j)
{
    return j->bank ^ 1U;
}

static bool all_zero(const uint8_t *p, size_t n)
{
    return n == 0 || (p[0] == 0 && memcmp(p, p + 1, n - 1) == 0);
}

static enum err bank_read(const struct journal *j, uint8_t bank, uint32_t at, void *out, size_t n)
{
    return j->dev->read(j->dev->context, j->medium.bank_offset[bank] + at, out, n);
}

static enum err bank_write(struct journal *j, uint8_t bank, uint32_t at, const uint8_t *in,
                           size_t n)
{
    enum err e = j->dev->write(j->dev->context, j->medium.bank_offset[bank] + at, in, n);

    if (e != ERR_OK)
        j->distrust = true;
    return e;
}

static enum err bank_sync(struct journal *j)
{
    enum err e = j->dev->sync(j->dev->context);

    if (e != ERR_OK)
        j->distrust = true;
    return e;
}

/* Zero n bytes (WIPE_CHUNK at most), without a write where the medium holds zeros already. */
static enum err erase(struct journal *j, uint8_t bank, uint32_t at, uint32_t n)
{
    uint8_t there[WIPE_CHUNK];
    enum err e = bank_read(j, bank, at, there, n);
    bool clean = e == ERR_OK && !j->distrust && all_zero(there, n);

    OPENSSL_cleanse(there, n);
    return clean ? ERR_OK : bank_write(j, bank, at, zeros, n);
}

static uint32_t wipe_step(const struct journal *j, uint32_t at)
{
    uint32_t left = bank_size(j) - at;

    return left < WIPE_CHUNK ? left : WIPE_CHUNK;
}

/* Whole bank, head last. */
static enum err wipe(struct journal *j, uint8_t bank)
{
    uint32_t first = wipe_step(j, BANK_HEAD) - BANK_HEAD;
    enum err e = erase(j, bank, BANK_HEAD, first);

    for (uint32_t at = BANK_HEAD + first; e == ERR_OK && at < bank_size(j); at += wipe_step(j, at))
        e = erase(j, bank, at, wipe_step(j, at));
    if (e == ERR_OK)
        e = bank_sync(j);
    return e != ERR_OK ? e : erase(j, bank, 0, BANK_HEAD);
}

static enum err head_zero(const struct journal *j, uint8_t bank, bool *zero)
{
    uint8_t head[BANK_HEAD];
    enum err e = bank_read(j, bank, 0, head, sizeof head);

    if (e == ERR_OK)
        *zero = all_zero(head, sizeof head);
    return e;
}

static uint32_t tail_mark(const struct journal *j)
{
    uint32_t left = bank_size(j) - j->tail;

    return left < JOURNAL_FRAME_HEAD ? left : JOURNAL_FRAME_HEAD;
}

enum err journal_tidy(struct journal *j)
{
    enum err e = ERR_OK;

    if (j->untidy == 0)
        return ERR_OK;
    if (j->residue)
        e = wipe(j, other_bank(j));
    else if (j->untidy & JOURNAL_UNTIDY_OTHER)
        e = erase(j, other_bank(j), 0, BANK_HEAD);
    if (e == ERR_OK && (j->untidy & JOURNAL_UNTIDY_TAIL))
        e = erase(j, j->bank, j->tail, tail_mark(j));
    if (e == ERR_OK)
        e = bank_sync(j);
    if (e != ERR_OK)
        return e;
    j->untidy = 0;
    j->residue = false;
    return ERR_OK;
}

/* Try at once; what cannot be done now is asked for before the next change. */
static void tidy_up(struct journal *j, uint8_t what)
{
    j->untidy |= what;
    if (journal_tidy(j) != ERR_OK)
        j->distrust = true;
}

static void begin(struct journal *j, struct nvm_device *dev, const struct medium *m, uint8_t *frame)
{
    *j = (struct journal){.dev = dev, .medium = *m, .frame = frame, .bank = 1};
    j->tail = bank_size(j);
}

enum err journal_create(struct journal *j, struct nvm_device *dev, uint8_t *frame)
{
    struct medium m;
    enum err e = medium_open(dev, &m);

    if (e == ERR_OK)
        begin(j, dev, &m, frame);
    return e;
}

/* ---- reading ---- */

static enum err read_bank_head(const struct journal *j, uint8_t bank, struct bank_head *out)
{
    uint8_t head[BANK_HEAD];
    struct rd r = RD_ARRAY(head), magic = {0};
    struct bank_head h = {0};
    uint32_t crc = 0;
    enum err e = bank_read(j, bank, 0, head, sizeof head);

    if (e != ERR_OK)
        return e;
    if (rd_take(&r, sizeof bank_magic, &magic) == ERR_OK && rd_u32(&r, &h.generation) == ERR_OK &&
        rd_u32(&r, &h.salt) == ERR_OK && rd_u32(&r, &crc) == ERR_OK)
        h.valid = rd_equal(magic, RD_ARRAY(bank_magic)) &&
                  crc == crc_32_update(0, RD(head, BANK_HEAD - 4));
    *out = h;
    return ERR_OK;
}

/* Have the n bytes at `at` in the window, as far as the bank goes. */
static bool window(struct reader *r, uint32_t at, uint32_t n)
{
    uint32_t left = bank_size(r->j) - at;

    if (n > left)
        return false;
    if (at >= r->start && at - r->start <= r->have && r->have - (at - r->start) >= n)
        return true;
    r->start = at;
    r->have = left < JOURNAL_FRAME_MAX ? left : JOURNAL_FRAME_MAX;
    r->e = bank_read(r->j, r->bank, at, r->j->frame, r->have);
    if (r->e != ERR_OK)
        r->have = 0;
    return r->e == ERR_OK;
}

/* A later frame of this bank, if one stands at `at`. */
static bool frame_at(struct reader *r, uint32_t at, struct frame *out)
{
    uint32_t word, mark, crc, ahead;
    struct rd head;

    if (!window(r, at, JOURNAL_FRAME_HEAD))
        return false;
    head = RD(r->j->frame + (at - r->start), JOURNAL_FRAME_HEAD);
    if (rd_u32(&head, &word) != ERR_OK || rd_u32(&head, &mark) != ERR_OK ||
        rd_u32(&head, &crc) != ERR_OK)
        return false;
    out->kind = (enum frame_kind)(word >> 24);
    out->len = word & 0xFFFFFFU;
    out->sequence = mark - r->salt;
    ahead = out->sequence - r->sequence;
    if (out->kind < FRAME_SNAPSHOT || out->kind > FRAME_COMMIT || ahead == 0 ||
        ahead > bank_size(r->j) / JOURNAL_FRAME_HEAD || out->len < JOURNAL_FRAME_HEAD ||
        out->len > JOURNAL_FRAME_MAX || !window(r, at, out->len))
        return false;
    head = RD(r->j->frame + (at - r->start), 8);
    out->ops = RD(head.at + JOURNAL_FRAME_HEAD, out->len - JOURNAL_FRAME_HEAD);
    return crc_32_update(crc_32_update(r->salt, head), out->ops) == crc;
}

/*
 * Does a valid later frame stand at `at` or anywhere behind? A frame is followed by the next
 * one within JOURNAL_FRAME_MAX, so that many zeros mean that nothing was ever written there.
 */
static bool frames_ahead(struct reader *r, uint32_t at)
{
    uint32_t clean = 0;
    struct frame f;

    while (clean < JOURNAL_FRAME_MAX && r->e == ERR_OK && at < bank_size(r->j) &&
           window(r, at, FRAME_ALIGN)) {
        const uint8_t *there = r->j->frame + (at - r->start);
        uint32_t left = r->have - (at - r->start), step = FRAME_ALIGN;

        if (all_zero(there, FRAME_ALIGN)) {
            step = all_zero(there, left) ? left : FRAME_ALIGN;
            clean += step;
        } else if (frame_at(r, at, &f))
            return true;
        else
            clean = 0;
        at += step;
    }
    return false;
}

static bool in_order(const struct reader *r, const struct frame *f, bool whole)
{
    return f->sequence == r->sequence + 1 && (f->kind == FRAME_COMMIT) == whole;
}

/* Hand the bank's frames to the sink; j follows. whole: the snapshot was. */
static enum err replay(struct reader *r, const struct journal_sink *sink, bool *whole)
{
    struct journal *j = r->j;
    uint32_t at = BANK_HEAD;
    struct frame f;

    *whole = false;
    while (frame_at(r, at, &f) && in_order(r, &f, *whole)) {
        enum err e = sink->apply(sink->context, f.ops);

        if (e != ERR_OK)
            return e;
        r->sequence = f.sequence;
        at += aligned(f.len);
        if (f.kind == FRAME_LAST || f.kind == FRAME_LAST_FORGET) {
            *whole = true;
            j->snapshot_end = at;
            j->residue = f.kind == FRAME_LAST_FORGET;
        }
        if (at >= bank_size(j))
            break;
    }
    j->tail = at < bank_size(j) ? at : bank_size(j);
    j->sequence = r->sequence;
    if (r->e == ERR_OK && *whole && at < bank_size(j) && frames_ahead(r, at))
        return ERR_CORRUPT;
    return r->e;
}

/* The newest whole bank, or ERR_CORRUPT. */
static enum err recover(struct journal *j, const struct journal_sink *sink)
{
    struct bank_head heads[2];
    enum err e = read_bank_head(j, 0, &heads[0]);
    uint8_t bank;
    bool whole;

    if (e == ERR_OK)
        e = read_bank_head(j, 1, &heads[1]);
    if (e != ERR_OK)
        return e;
    bank = heads[1].valid && (!heads[0].valid || heads[1].generation > heads[0].generation);
    for (int turn = 0; turn < 2; turn++, bank ^= 1U) {
        struct reader r = {.j = j, .bank = bank, .salt = heads[bank].salt};

        if (!heads[bank].valid)
            continue;
        j->bank = bank;
        j->generation = heads[bank].generation;
        j->salt = heads[bank].salt;
        e = replay(&r, sink, &whole);
        if (e != ERR_OK || whole)
            return e;
        sink->restart(sink->context);
    }
    return ERR_CORRUPT;
}

/*
 * What a power cut left undone. The frame that ends the journal may have been read from a
 * cache of the host, hence a sync in any case: what the card tells from now on is durable.
 */
static enum err finish_interrupted(struct journal *j)
{
    uint8_t there[JOURNAL_FRAME_HEAD];
    uint8_t what = 0;
    bool zero;
    enum err e = head_zero(j, other_bank(j), &zero);

    if (e == ERR_OK)
        e = bank_read(j, j->bank, j->tail, there, tail_mark(j));
    if (e != ERR_OK)
        return e;
    if (!zero)
        what |= JOURNAL_UNTIDY_OTHER;
    else
        j->residue = false;
    if (!all_zero(there, tail_mark(j)))
        what |= JOURNAL_UNTIDY_TAIL;
    if (what != 0)
        tidy_up(j, what);
    else if (bank_sync(j) != ERR_OK)
        j->untidy = JOURNAL_UNTIDY_TAIL;
    return ERR_OK;
}

enum err journal_open(struct journal *j, struct nvm_device *dev, uint8_t *frame,
                      const struct journal_sink *sink)
{
    struct medium m;
    enum err e = medium_open(dev, &m);

    if (e != ERR_OK)
        return e;
    begin(j, dev, &m, frame);
    e = recover(j, sink);
    if (e == ERR_OK)
        e = finish_interrupted(j);
    OPENSSL_cleanse(frame, JOURNAL_FRAME_MAX);
    return e;
}

/* ---- writing ---- */

/* Head in front of the operations that stand in j->frame, zeros behind; the size on the medium. */
static uint32_t close_frame(struct journal *j, enum frame_kind kind, uint32_t mark, uint32_t salt,
                            size_t ops_len)
{
    struct wr w = WR(j->frame, JOURNAL_FRAME_HEAD);
    uint32_t len = JOURNAL_FRAME_HEAD + (uint32_t)ops_len;
    uint32_t crc;

    wr_u32(&w, (uint32_t)kind << 24 | len);
    wr_u32(&w, mark);
    crc = crc_32_update(salt, RD_WR(&w));
    wr_u32(&w, crc_32_update(crc, RD(j->frame + JOURNAL_FRAME_HEAD, ops_len)));
    memset(j->frame + len, 0, aligned(len) - len);
    return aligned(len);
}

bool journal_takes(const struct journal *j, size_t ops_len)
{
    uint32_t need = aligned(JOURNAL_FRAME_HEAD + ops_len);
    uint32_t commits = j->tail - j->snapshot_end;

    if (need > bank_size(j) - j->tail)
        return false;
    return commits < GARBAGE_MIN || commits / GARBAGE_RATIO < j->snapshot_end;
}

enum err journal_append(struct journal *j, size_t ops_len)
{
    uint32_t size = close_frame(j, FRAME_COMMIT, j->salt + j->sequence + 1, j->salt, ops_len);
    enum err e = bank_write(j, j->bank, j->tail, j->frame, size);

    if (e == ERR_OK)
        e = bank_sync(j);
    if (e != ERR_OK) {
        tidy_up(j, JOURNAL_UNTIDY_TAIL);
        return e;
    }
    j->sequence++;
    j->tail += size;
    j->written += size;
    return ERR_OK;
}

static enum err write_bank_head(struct journal *j, const struct journal_snapshot *snap)
{
    uint8_t head[BANK_HEAD];
    struct wr w = WR_ARRAY(head);

    wr_bytes(&w, bank_magic, sizeof bank_magic);
    wr_u32(&w, j->generation + 1);
    wr_u32(&w, snap->salt);
    wr_u32(&w, crc_32_update(0, RD_WR(&w)));
    j->written += sizeof head;
    return bank_write(j, snap->bank, 0, head, sizeof head);
}

enum err journal_snapshot_begin(struct journal *j, struct journal_snapshot *snap, uint32_t seed,
                                bool forget)
{
    uint8_t generation[4];
    struct wr w = WR_ARRAY(generation);
    enum err e = ERR_OK;

    wr_u32(&w, j->generation + 1);
    *snap = (struct journal_snapshot){
        .salt = crc_32_update(seed, RD_WR(&w)),
        .tail = BANK_HEAD,
        .bank = other_bank(j),
        .forget = forget,
    };
    if (forget)
        e = wipe(j, snap->bank);
    if (e == ERR_OK)
        e = write_bank_head(j, snap);
    if (e != ERR_OK)
        tidy_up(j, JOURNAL_UNTIDY_OTHER);
    return e;
}

/* The new bank is durable: it is in force, and the old one must not be. */
static void change_banks(struct journal *j, const struct journal_snapshot *snap)
{
    j->bank = snap->bank;
    j->generation++;
    j->salt = snap->salt;
    j->sequence = snap->sequence;
    j->tail = snap->tail;
    j->snapshot_end = snap->tail;
    j->residue = snap->forget;
    /* Without a sync of its own: an older bank that comes back is harmless as long as the
     * new one is whole, and the next commit's sync takes it along. */
    if (snap->forget || erase(j, other_bank(j), 0, BANK_HEAD) != ERR_OK)
        tidy_up(j, JOURNAL_UNTIDY_OTHER);
}

enum err journal_snapshot_add(struct journal *j, struct journal_snapshot *snap, size_t ops_len,
                              bool last)
{
    enum frame_kind end = snap->forget ? FRAME_LAST_FORGET : FRAME_LAST;
    uint32_t size = close_frame(j, last ? end : FRAME_SNAPSHOT, snap->salt + snap->sequence + 1,
                                snap->salt, ops_len);
    enum err e = ERR_SPACE;

    if (size <= bank_size(j) - snap->tail)
        e = bank_write(j, snap->bank, snap->tail, j->frame, size);
    if (e == ERR_OK && last)
        e = bank_sync(j);
    if (e != ERR_OK) {
        tidy_up(j, JOURNAL_UNTIDY_OTHER);
        return e;
    }
    snap->sequence++;
    snap->tail += size;
    j->written += size;
    if (last)
        change_banks(j, snap);
    return ERR_OK;
}
