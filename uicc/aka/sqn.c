/*
 * Object OBJ_SQN(slot): the last accepted SQN (48 bits, SEQ and IND) of each IND that
 * was ever used, in the order of first use. An IND without an entry has SEQ_MS 0, so
 * its first SEQ may be below the highest one: another node of the network counts for
 * itself (TS 33.102 C.2.2).
 */
#include "uicc/aka/sqn.h"

#include "apdu/aka.h"

#define ENTRY_LEN 6U
#define IND_MASK  ((1U << SQN_IND_BITS) - 1)

static uint64_t seq_of(uint64_t sqn)
{
    return sqn >> SQN_IND_BITS;
}

struct sqn_view {
    uint64_t highest; /* of any IND */
    uint64_t same;    /* of the IND asked for; 0 = none yet */
    size_t offset;    /* of its entry, or behind the last one */
    struct rd entries;
};

static struct sqn_view view(const struct store *s, uint8_t slot, uint64_t sqn)
{
    struct sqn_view v = {0};
    struct rd r;
    uint64_t entry;

    if (store_get(s, OBJ_SQN(slot), &v.entries))
        v.offset = v.entries.left;
    r = v.entries;
    while (rd_u48(&r, &entry) == ERR_OK) {
        if (entry > v.highest)
            v.highest = entry;
        if ((entry & IND_MASK) != (sqn & IND_MASK))
            continue;
        v.same = entry;
        v.offset = v.entries.left - r.left - ENTRY_LEN;
    }
    return v;
}

/* TS 33.102 C.2.1, C.2.2 */
static bool fresh(const struct sqn_view *v, const struct sqn_policy *policy, uint64_t sqn)
{
    uint64_t seq = seq_of(sqn), highest = seq_of(v->highest);

    if (sqn > AKA_SQN_MAX || seq <= seq_of(v->same))
        return false;
    if (seq > highest)
        return seq - highest <= policy->delta;
    return policy->age_limit == 0 || highest - seq <= policy->age_limit;
}

enum err sqn_accept(struct store *s, uint8_t slot, const struct sqn_policy *policy, uint64_t sqn)
{
    uint8_t all[(IND_MASK + 1) * ENTRY_LEN];
    struct sqn_view v = view(s, slot, sqn);
    struct wr w = WR_ARRAY(all);

    if (v.entries.left % ENTRY_LEN != 0)
        return ERR_CORRUPT;
    if (!fresh(&v, policy, sqn))
        return ERR_SYNC;
    if (v.offset < v.entries.left) {
        wr_u48(&w, sqn);
        return store_patch(s, OBJ_SQN(slot), v.offset, RD_WR(&w));
    }
    wr_rd(&w, v.entries);
    wr_u48(&w, sqn);
    if (wr_result(&w) != ERR_OK)
        return ERR_CORRUPT;
    return store_put(s, OBJ_SQN(slot), RD_WR(&w));
}

uint64_t sqn_highest(const struct store *s, uint8_t slot)
{
    return view(s, slot, 0).highest;
}

enum err sqn_reset(struct store *s, uint8_t slot)
{
    return store_delete(s, OBJ_SQN(slot));
}
