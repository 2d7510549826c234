/*
 * fuzz_ctlv.c - COMPREHENSION-TLV objects one behind the other. What is read is within the
 * input, and the first of a tag is the one found.
 */
#include "apdu/ctlv.h"
#include "test/fuzz/require.h"

static void same_when_written(const struct ctlv *t)
{
    static uint8_t block[1 << 16];
    struct wr w = WR_ARRAY(block);
    struct rd r;
    struct ctlv again;

    ctlv_write(&w, t->tag, t->value);
    if (wr_result(&w) != ERR_OK)
        return;
    r = RD_WR(&w);
    require(ctlv_next(&r, &again) == ERR_OK);
    require(r.left == 0 && again.comprehension && again.tag == t->tag);
    require(rd_equal(again.value, t->value));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rd whole = RD(data, size), r = whole, value;
    struct ctlv t, last = {.tag = 0};
    bool any = false;

    while (ctlv_next(&r, &t) == ERR_OK) {
        require_within(t.value, whole);
        same_when_written(&t);
        last = t;
        any = true;
    }
    if (any)
        require(ctlv_find(whole, last.tag, &value) == ERR_OK);
    return 0;
}
