/*
 * fuzz_store.c - recovery from a medium that anybody may have written.
 *
 * First byte even: the rest is the medium. Odd: the rest is cut into frames that get
 * checksums which fit, because no search finds those by itself:
 *   { kind(1) where(1) length(2) operations }
 *   where: bit 0 the bank, bit 1 skips a sequence number, bit 2 spoils the checksum
 *
 * A store that opens must work like any other: what it holds survives a commit, a
 * compaction, and opening it again.
 */
#include "apdu/crc.h"
#include "test/support/uicc/nvm_sim.h"
#include "uicc/nvm/store.h"

#include <stdlib.h>
#include <string.h>

#define BANK   2048U
#define SALT   0x12345678U
#define NEW_ID 0xFFFFFFF0U

static uint8_t block[1U << 20] __attribute__((aligned(16)));
static struct store_work work;

static void require(bool ok)
{
    if (!ok)
        abort();
}

/* A bank as it is built: see uicc/nvm/journal.c. */
struct bank {
    uint8_t *at;
    uint32_t tail, sequence;
};

static void put_u32(uint8_t *at, uint32_t v)
{
    struct wr w = WR(at, 4);

    wr_u32(&w, v);
}

static void begin_bank(struct bank *b, uint8_t *at, uint32_t generation)
{
    *b = (struct bank){at, 16, 0};
    memcpy(at, "BANK", 4);
    put_u32(at + 4, generation);
    put_u32(at + 8, SALT);
    put_u32(at + 12, crc_32_update(0, RD(at, 12)));
}

static void add_frame(struct bank *b, uint8_t kind, uint8_t where, struct rd ops)
{
    uint32_t len = JOURNAL_FRAME_HEAD + (uint32_t)ops.left, crc;
    uint8_t *at = b->at + b->tail;

    if (b->tail + len + 4 > BANK)
        return;
    b->sequence += where & 2 ? 2 : 1;
    put_u32(at, (uint32_t)kind << 24 | len);
    put_u32(at + 4, SALT + b->sequence);
    crc = crc_32_update(crc_32_update(SALT, RD(at, 8)), ops);
    put_u32(at + 8, where & 4 ? ~crc : crc);
    if (ops.left > 0)
        memcpy(at + JOURNAL_FRAME_HEAD, ops.at, ops.left);
    b->tail += (len + 3) / 4 * 4;
}

static void build(struct nvm_sim *sim, struct rd r)
{
    static const uint8_t hash[MEDIUM_HASH_LEN];
    struct bank banks[2];
    struct medium m;

    nvm_sim_init(sim, medium_size(0, BANK));
    require(medium_format(&sim->device, RD(NULL, 0), hash, BANK) == ERR_OK);
    require(medium_open(&sim->device, &m) == ERR_OK);
    for (uint32_t i = 0; i < 2; i++)
        begin_bank(&banks[i], sim->view + m.bank_offset[i], i + 1);
    for (;;) {
        uint8_t kind, where;
        uint16_t len;
        struct rd ops;

        if (rd_u8(&r, &kind) != ERR_OK || rd_u8(&r, &where) != ERR_OK || rd_u16(&r, &len) != ERR_OK)
            break;
        if (rd_take(&r, len < r.left ? len : r.left, &ops) == ERR_OK)
            add_frame(&banks[where & 1], kind, where, ops);
    }
}

static void check_order(const struct store *s)
{
    struct rd value;

    for (uint32_t i = 0; i < s->count; i++) {
        require(i == 0 || s->objects[i - 1].id < s->objects[i].id);
        require(store_get(s, s->objects[i].id, &value) && value.at == s->objects[i].bytes &&
                value.left == s->objects[i].len);
    }
}

static uint32_t digest(const struct store *s)
{
    uint32_t crc = 0;

    for (uint32_t i = 0; i < s->count; i++) {
        crc = crc_32_update(crc, RD((const uint8_t *)&s->objects[i].id, 4));
        crc = crc_32_update(crc, RD(s->objects[i].bytes, s->objects[i].len));
    }
    return crc;
}

static enum err open_store(struct store *s, struct nvm_sim *sim, struct arena *arena)
{
    arena_init(arena, block, sizeof block);
    return store_open(s, &sim->device, arena, &work);
}

/* Commit one more object, by compaction or not; then it is all there again. */
static void use(struct nvm_sim *sim, struct store *s, struct arena *arena, bool forget)
{
    uint32_t before = digest(s);
    enum err e = store_put(s, NEW_ID, RD((const uint8_t *)"new", 3));

    if (forget)
        store_forget(s);
    if (e == ERR_OK)
        e = store_commit(s);
    require(e == ERR_OK || e == ERR_SPACE || e == ERR_NOMEM);
    if (e != ERR_OK) {
        store_rollback(s);
        require(digest(s) == before);
    }
    before = digest(s);
    store_close(s);
    nvm_sim_power_on(sim, NVM_SIM_DROP, 0);
    require(open_store(s, sim, arena) == ERR_OK);
    require(digest(s) == before);
    check_order(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rd r = RD(data, size);
    struct nvm_sim sim;
    struct arena arena;
    struct store s;
    uint8_t mode;

    if (rd_u8(&r, &mode) != ERR_OK || r.left == 0)
        return 0;
    if (mode & 1) {
        build(&sim, r);
    } else {
        nvm_sim_init(&sim, r.left);
        memcpy(sim.view, r.at, r.left);
    }
    memcpy(sim.media, sim.view, sim.device.size);
    if (open_store(&s, &sim, &arena) == ERR_OK) {
        check_order(&s);
        use(&sim, &s, &arena, false);
        use(&sim, &s, &arena, true);
        store_close(&s);
    }
    nvm_sim_free(&sim);
    return 0;
}
