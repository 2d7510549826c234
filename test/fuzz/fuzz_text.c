/*
 * fuzz_text.c - contents of files and messages as text. The first byte chooses: 0 septets,
 * 1 UCS2, 2 alpha identifier, 3 packed septets. Whatever a decoder makes is UTF-8 that the
 * encoders take, and an alpha identifier made of it reads the same.
 */
#include "apdu/text.h"
#include "test/fuzz/require.h"

#include <string.h>

#define TEXT_MAX 8192

static void text(const char *utf8)
{
    static uint8_t block[TEXT_MAX];
    static char again[TEXT_MAX];
    struct wr w = WR_ARRAY(block);
    enum err e = text_to_ucs2(utf8, &w);

    require(e == ERR_OK || e == ERR_SPACE);
    w = WR_ARRAY(block);
    if (text_to_alpha(utf8, &w) != ERR_OK)
        return;
    /* U+FFFF is the padding of the 80 form, and no character. */
    if (strstr(utf8, "\xEF\xBF\xBF") != NULL)
        return;
    require(text_from_alpha(RD_WR(&w), again, sizeof again) == ERR_OK);
    require(strcmp(utf8, again) == 0);
}

static void packed(struct rd r)
{
    static uint8_t septets[TEXT_MAX], octets[TEXT_MAX];
    struct wr s = WR_ARRAY(septets), o = WR_ARRAY(octets);
    size_t count = r.left * 8 / 7;

    if (text_unpack(&s, r, count, 0) != ERR_OK)
        return;
    text_pack(&o, RD_WR(&s), 0);
    require(o.len == (count * 7 + 7) / 8 && o.len <= r.left);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char utf8[TEXT_MAX];
    struct rd r = RD(data, size);
    uint8_t selector;
    enum err e = ERR_FORMAT;

    if (rd_u8(&r, &selector) != ERR_OK)
        return 0;
    switch (selector % 4) {
    case 0:
        e = text_from_gsm7(r, utf8, sizeof utf8);
        break;
    case 1:
        e = text_from_ucs2(r, utf8, sizeof utf8);
        break;
    case 2:
        e = text_from_alpha(r, utf8, sizeof utf8);
        break;
    default:
        packed(r);
        break;
    }
    if (e == ERR_OK)
        text(utf8);
    return 0;
}
