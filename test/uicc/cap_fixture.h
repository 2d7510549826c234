/*
 * cap_fixture.h - a small load file of our own, by its components. Included once per test program.
 */
#ifndef RESEAT_TEST_CAP_FIXTURE_H
#define RESEAT_TEST_CAP_FIXTURE_H

#include "test/support/hexrow.h"
#include "uicc/applet/cap.h"

#include <string.h>

#define PACKAGE "F0CC00000001"
#define MODULE  "F0CC0000000101"

/* The components of a package with one applet, by tag; sizes in the directory are filled in. */
static const struct {
    uint8_t tag;
    const char *info;
} good[] = {
    {1, "DECAFFED 02 02 04 00 01 06 " PACKAGE " 00"},
    {2, "0000 0000 0000 0000 0000 0000 0000 0000 0000 0000 0000 0000 0004 0000 0000 01 01 00"},
    {4, "01 06 01 07 A0000000620101"},
    {3, "01 07 " MODULE " 0009"},
    {6, "0000 00 8003 00 FF 00 07 01 00 00 000D"},
    {7, "01 0009 8004 000B 0000  0110 187A 0110 1878"},
    {8, "0004 0000 0000 0002 0002 ABCD"},
    {5, "0003 01800300 06000009 05000002"},
    {9, "0001 0A 0001 0B"},
    {11, "01 00 01 0002 00 0000 0001 00 01 0009 0000 0002 0001 0000 0003 0001 0001 0001 01 10"},
};

#define PARTS ARRAY_LEN(good)

struct parts {
    struct hexrow row[PARTS];
    struct rd info[PARTS];
    bool left_out[PARTS];
};

static inline void parts_init(struct parts *p)
{
    memset(p, 0, sizeof *p);
    for (size_t i = 0; i < PARTS; i++)
        p->info[i] = hexrow(&p->row[i], good[i].info);
}

static inline size_t part_of(uint8_t tag)
{
    size_t i = 0;

    while (good[i].tag != tag)
        i++;
    return i;
}

static inline void fill_directory(struct parts *p)
{
    uint8_t *directory = p->row[part_of(2)].bytes;

    for (size_t i = 0; i < PARTS; i++) {
        size_t at = (good[i].tag - 1U) * 2;

        directory[at] = (uint8_t)(p->info[i].left >> 8);
        directory[at + 1] = (uint8_t)p->info[i].left;
    }
}

static inline void write_file(const struct parts *p, struct wr *w)
{
    for (size_t i = 0; i < PARTS; i++) {
        if (p->left_out[i])
            continue;
        wr_u8(w, good[i].tag);
        wr_u16(w, (uint16_t)p->info[i].left);
        wr_rd(w, p->info[i]);
    }
}

static inline size_t good_file(uint8_t *out, size_t cap)
{
    struct parts p;
    struct wr w = WR(out, cap);

    parts_init(&p);
    fill_directory(&p);
    write_file(&p, &w);
    ck_assert_int_eq(wr_result(&w), ERR_OK);
    return w.len;
}

#endif
