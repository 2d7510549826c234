/*
 * fuzz_tlv.c - objects one behind the other, and inside constructed ones. What is read is
 * within the input; written again it is no longer than it was, and reads the same.
 */
#include "apdu/tlv.h"
#include "test/fuzz/require.h"

#define DEPTH_MAX 8

static void same_when_written(const struct tlv *t, size_t taken)
{
    static uint8_t block[1 << 16];
    struct wr w = WR_ARRAY(block);
    struct rd r;
    struct tlv again;

    tlv_write(&w, t->tag, t->value);
    if (wr_result(&w) != ERR_OK)
        return;
    require(w.len <= taken);
    r = RD_WR(&w);
    require(tlv_next(&r, &again) == ERR_OK);
    require(r.left == 0 && again.tag == t->tag && rd_equal(again.value, t->value));
}

static void walk(struct rd r, unsigned depth)
{
    struct rd whole = r, before = r, value;
    struct tlv t, first = {.tag = 0};
    bool any = false;

    while (tlv_next(&r, &t) == ERR_OK) {
        require_within(t.value, whole);
        require(r.left < before.left);
        same_when_written(&t, before.left - r.left);
        if (!any)
            first = t;
        any = true;
        if (depth < DEPTH_MAX)
            walk(t.value, depth + 1);
        before = r;
    }
    require(r.at == before.at && r.left == before.left);
    if (any)
        require(tlv_find(whole, first.tag, &value) == ERR_OK && rd_equal(value, first.value));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    walk(RD(data, size), 0);
    return 0;
}
