/*
 * hexrow.h - bytes of a test row written as hex text, and comparison with such text.
 */
#ifndef RESEAT_TEST_HEXROW_H
#define RESEAT_TEST_HEXROW_H

#include "apdu/hex.h"

#include <check.h>

struct hexrow {
    uint8_t bytes[512];
};

/* The bytes of hex, kept in row. Aborts the test if hex is no hex. */
static inline struct rd hexrow(struct hexrow *row, const char *hex)
{
    struct wr w = WR_ARRAY(row->bytes);

    /* No ck_assert: that reports each success too, which a fuzz target cannot. */
    if (hex_decode(hex, &w) != ERR_OK)
        ck_abort_msg("bad hex in a test row: %s", hex);
    return RD_WR(&w);
}

/* Fails the test, showing both, unless got is what want (hex, blanks allowed) spells. */
static inline void hexrow_assert(struct rd got, const char *want, const char *what)
{
    struct hexrow row;
    char got_text[1025], want_text[1025];

    ck_assert_int_eq(hex_encode(hexrow(&row, want), want_text, sizeof want_text), ERR_OK);
    ck_assert_int_eq(hex_encode(got, got_text, sizeof got_text), ERR_OK);
    ck_assert_msg(rd_equal(got, hexrow(&row, want)), "%s: got %s, want %s", what, got_text,
                  want_text);
}

#endif
