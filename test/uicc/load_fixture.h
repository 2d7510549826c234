/*
 * load_fixture.h - the load file of cap_fixture.h, on its way to the card. Included once per test
 * program.
 */
#ifndef RESEAT_TEST_LOAD_FIXTURE_H
#define RESEAT_TEST_LOAD_FIXTURE_H

#include "apdu/tlv.h"
#include "test/uicc/cap_fixture.h"
#include "test/uicc/isd_fixture.h"

#define INSTALL_FOR_LOAD "80E602000B 06" PACKAGE " 00 00 00 00"
#define LIST_FILE        "80F21002084F06" PACKAGE

/* C4 L file, as one piece of bytes. */
static inline size_t load_file(uint8_t *out, size_t cap)
{
    uint8_t file[600];
    struct wr w = WR(out, cap);
    size_t n = good_file(file, sizeof file);

    tlv_write(&w, 0xC4, RD(file, n));
    ck_assert_int_eq(wr_result(&w), ERR_OK);
    return w.len;
}

static inline const char *load_block(const uint8_t *bytes, size_t n, uint8_t number, bool last)
{
    uint8_t command[300];
    char hex[700];
    struct wr w = WR_ARRAY(command);

    wr_bytes(&w, (const uint8_t[]){0x80, 0xE8, last ? 0x80 : 0x00, number, (uint8_t)n}, 5);
    wr_bytes(&w, bytes, n);
    ck_assert_int_eq(hex_encode(RD_WR(&w), hex, sizeof hex), ERR_OK);
    return offcard_run(h, hex);
}

/* The whole file in blocks of this size; what the last one was answered. */
static inline const char *load(const uint8_t *bytes, size_t n, size_t block)
{
    const char *answer = "";
    uint8_t number = 0;

    for (size_t at = 0; at < n; at += block) {
        size_t part = n - at < block ? n - at : block;

        answer = load_block(bytes + at, part, number++, at + part == n);
        if (at + part < n)
            ck_assert_str_eq(answer, "009000");
    }
    return answer;
}

#endif
