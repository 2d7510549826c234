#include "apdu/hex.h"

static int digit_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

enum err hex_decode(const char *text, struct wr *out)
{
    struct wr w = *out;

    while (*text != '\0') {
        int high, low;

        if (is_blank(*text)) {
            text++;
            continue;
        }
        high = digit_value(text[0]);
        low = high < 0 ? -1 : digit_value(text[1]);
        if (low < 0)
            return ERR_FORMAT;
        wr_u8(&w, (uint8_t)(high << 4 | low));
        text += 2;
    }
    if (w.overflow)
        return ERR_SPACE;
    *out = w;
    return ERR_OK;
}

enum err hex_encode(struct rd bytes, char *text, size_t text_cap)
{
    static const char digits[] = "0123456789ABCDEF";

    if (text_cap == 0 || (text_cap - 1) / 2 < bytes.left)
        return ERR_SPACE;
    for (size_t i = 0; i < bytes.left; i++) {
        text[2 * i] = digits[bytes.at[i] >> 4];
        text[2 * i + 1] = digits[bytes.at[i] & 0x0F];
    }
    text[2 * bytes.left] = '\0';
    return ERR_OK;
}
