/*
 * fuzz_opchange.c - operator change. First byte even: a command, odd: a proof. What is
 * accepted keeps its bounds, and reads the same when it is written again.
 */
#include "apdu/opchange.h"
#include "test/fuzz/require.h"

#include <string.h>

static void files(struct rd r)
{
    struct rd whole = r;
    struct opchange_file file;
    enum err e;

    while ((e = opchange_next_file(&r, &file)) == ERR_OK) {
        require_within(file.path, whole);
        require_within(file.content, whole);
        require(file.path.left >= 2 && file.path.left <= 10);
    }
    require(e == ERR_NOT_FOUND);
}

static void bounded(const struct opchange_command *c)
{
    char digits[IMSI_DIGITS_MAX + 1];

    if (c->op == OPCHANGE_CHANGE) {
        require(c->to >= 1 && c->to <= OPCHANGE_SLOTS_MAX);
        require(bcd_imsi_decode(c->imsi, digits) == ERR_OK);
        require(c->mnc_len == 2 || c->mnc_len == 3);
    }
    require(c->expected <= OPCHANGE_SLOTS_MAX);
    require(c->new_k.left <= OPCHANGE_WRAPPED_MAX && c->new_opc.left <= OPCHANGE_WRAPPED_MAX);
    files(c->files);
}

static void command(struct rd data)
{
    static uint8_t first[1 << 14], second[1 << 14];
    struct wr a = WR_ARRAY(first), b = WR_ARRAY(second);
    struct opchange_command c, again;

    if (opchange_read(data, &c) != ERR_OK)
        return;
    bounded(&c);
    opchange_write(&a, &c);
    if (wr_result(&a) != ERR_OK)
        return;
    require(opchange_read(RD_WR(&a), &again) == ERR_OK);
    opchange_write(&b, &again);
    require(rd_equal(RD_WR(&a), RD_WR(&b)));
}

static void proof(struct rd data)
{
    uint8_t block[OPCHANGE_PROOF_LEN];
    struct wr w = WR_ARRAY(block);
    struct opchange_proof p;

    if (opchange_read_proof(data, &p) != ERR_OK)
        return;
    opchange_write_proof(&w, &p);
    require(rd_equal(RD_WR(&w), data));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rd r = RD(data, size);
    uint8_t selector;

    if (rd_u8(&r, &selector) != ERR_OK)
        return 0;
    if (selector % 2 == 0)
        command(r);
    else
        proof(r);
    return 0;
}
