#include "apdu/text.h"

#include <string.h>

#define ESCAPE      0x1B
#define REPLACEMENT 0xFFFD

/* clang-format off */
/* TS 23.038 6.2.1: code point of each septet. The escape alone shows as a space. */
static const uint16_t alphabet[128] = {
    '@', 0xA3, '$', 0xA5, 0xE8, 0xE9, 0xF9, 0xEC, 0xF2, 0xC7, '\n', 0xD8, 0xF8, '\r', 0xC5, 0xE5,
    0x394, '_', 0x3A6, 0x393, 0x39B, 0x3A9, 0x3A0, 0x3A8,
    0x3A3, 0x398, 0x39E, ' ', 0xC6, 0xE6, 0xDF, 0xC9,
    ' ', '!', '"', '#', 0xA4, '%', '&', '\'', '(', ')', '*', '+', ',', '-', '.', '/',
    '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', ':', ';', '<', '=', '>', '?',
    0xA1, 'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I', 'J', 'K', 'L', 'M', 'N', 'O',
    'P', 'Q', 'R', 'S', 'T', 'U', 'V', 'W', 'X', 'Y', 'Z', 0xC4, 0xD6, 0xD1, 0xDC, 0xA7,
    0xBF, 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o',
    'p', 'q', 'r', 's', 't', 'u', 'v', 'w', 'x', 'y', 'z', 0xE4, 0xF6, 0xF1, 0xFC, 0xE0,
};
/* clang-format on */

/* TS 23.038 6.2.1.1: what follows the escape. */
static const struct {
    uint8_t septet;
    uint16_t code;
} extension[] = {
    {0x0A, 0x0C}, {0x14, '^'}, {0x28, '{'}, {0x29, '}'}, {0x2F, '\\'},
    {0x3C, '['},  {0x3D, '~'}, {0x3E, ']'}, {0x40, '|'}, {0x65, 0x20AC},
};

/* Bytes of a sequence by its first byte, 0 if none begins with it. */
static size_t sequence_length(uint8_t first)
{
    if (first < 0x80)
        return 1;
    if (first >= 0xC2 && first <= 0xDF)
        return 2;
    if (first >= 0xE0 && first <= 0xEF)
        return 3;
    return first >= 0xF0 && first <= 0xF4 ? 4 : 0;
}

/* The next character of a text that is not at its end. */
static enum err next_code(const char **utf8, uint32_t *code)
{
    static const uint32_t smallest[5] = {0, 0, 0x80, 0x800, 0x10000};
    static const uint8_t first_bits[5] = {0, 0x7F, 0x1F, 0x0F, 0x07};
    const uint8_t *at = (const uint8_t *)*utf8;
    size_t length = sequence_length(at[0]);
    uint32_t v = at[0] & first_bits[length];

    if (length == 0)
        return ERR_FORMAT;
    /* A NUL is no continuation byte, so this cannot pass the end of the text. */
    for (size_t i = 1; i < length; i++) {
        if ((at[i] & 0xC0) != 0x80)
            return ERR_FORMAT;
        v = v << 6 | (at[i] & 0x3F);
    }
    if (v < smallest[length] || v > 0x10FFFF || (v >= 0xD800 && v <= 0xDFFF))
        return ERR_FORMAT;
    *utf8 += length;
    *code = v;
    return ERR_OK;
}

static void write_utf8(struct wr *w, uint32_t code)
{
    /* A NUL would end the text, half a surrogate pair would make it no UTF-8. */
    if (code == 0 || (code >= 0xD800 && code <= 0xDFFF))
        code = REPLACEMENT;
    if (code < 0x80) {
        wr_u8(w, (uint8_t)code);
    } else if (code < 0x800) {
        wr_u8(w, (uint8_t)(0xC0 | code >> 6));
        wr_u8(w, (uint8_t)(0x80 | (code & 0x3F)));
    } else if (code < 0x10000) {
        wr_u8(w, (uint8_t)(0xE0 | code >> 12));
        wr_u8(w, (uint8_t)(0x80 | (code >> 6 & 0x3F)));
        wr_u8(w, (uint8_t)(0x80 | (code & 0x3F)));
    } else {
        wr_u8(w, (uint8_t)(0xF0 | code >> 18));
        wr_u8(w, (uint8_t)(0x80 | (code >> 12 & 0x3F)));
        wr_u8(w, (uint8_t)(0x80 | (code >> 6 & 0x3F)));
        wr_u8(w, (uint8_t)(0x80 | (code & 0x3F)));
    }
}

static enum err end_utf8(struct wr *w)
{
    wr_u8(w, 0);
    return wr_result(w);
}

/* Septet of a character; with the escape before it, 0x1Bxx. ERR_UNSUPPORTED if it has none. */
static enum err septet_of(uint32_t code, uint16_t *septet)
{
    for (size_t i = 0; i < ARRAY_LEN(alphabet); i++) {
        if (alphabet[i] == code && i != ESCAPE) {
            *septet = (uint16_t)i;
            return ERR_OK;
        }
    }
    for (size_t i = 0; i < ARRAY_LEN(extension); i++) {
        if (extension[i].code == code) {
            *septet = (uint16_t)(ESCAPE << 8 | extension[i].septet);
            return ERR_OK;
        }
    }
    return ERR_UNSUPPORTED;
}

static void write_septet(struct wr *w, uint16_t septet)
{
    if (septet > 0xFF)
        wr_u8(w, ESCAPE);
    wr_u8(w, (uint8_t)septet);
}

/* Encode into a copy of the writer, which the caller keeps if all went well. */
static enum err encode_gsm7(const char *utf8, struct wr *w)
{
    while (*utf8 != '\0') {
        uint32_t code;
        uint16_t septet;
        enum err e = next_code(&utf8, &code);

        if (e == ERR_OK)
            e = septet_of(code, &septet);
        if (e != ERR_OK)
            return e;
        write_septet(w, septet);
    }
    return wr_result(w);
}

enum err text_to_gsm7(const char *utf8, struct wr *w)
{
    struct wr made = *w;
    enum err e = encode_gsm7(utf8, &made);

    if (e == ERR_OK)
        *w = made;
    return e;
}

/* Code point behind an escape; an unknown one shows the character of the main table. */
static uint32_t extended(uint8_t septet)
{
    for (size_t i = 0; i < ARRAY_LEN(extension); i++) {
        if (extension[i].septet == septet)
            return extension[i].code;
    }
    return alphabet[septet];
}

static uint32_t next_gsm7(struct rd *r)
{
    uint8_t septet = 0, second = 0;

    if (rd_u8(r, &septet) != ERR_OK)
        return REPLACEMENT;
    septet &= 0x7F;
    if (septet != ESCAPE || rd_u8(r, &second) != ERR_OK)
        return alphabet[septet];
    return extended(second & 0x7F);
}

enum err text_from_gsm7(struct rd septets, char *utf8, size_t cap)
{
    struct wr w = WR((uint8_t *)utf8, cap);

    while (septets.left > 0)
        write_utf8(&w, next_gsm7(&septets));
    return end_utf8(&w);
}

void text_pack(struct wr *w, struct rd septets, unsigned fill)
{
    unsigned held = 0, count = fill % 8;

    for (size_t i = 0; i < septets.left; i++) {
        held |= (septets.at[i] & 0x7FU) << count;
        count += 7;
        if (count >= 8) {
            wr_u8(w, (uint8_t)held);
            held >>= 8;
            count -= 8;
        }
    }
    if (count > 0 && septets.left > 0)
        wr_u8(w, (uint8_t)held);
}

enum err text_unpack(struct wr *w, struct rd octets, size_t count, unsigned fill)
{
    size_t bit = fill % 8;

    if (octets.left > SIZE_MAX / 8 || count > SIZE_MAX / 8 || octets.left * 8 < bit + count * 7)
        return ERR_SHORT;
    for (; count > 0; count--, bit += 7) {
        unsigned v = octets.at[bit / 8];

        if (bit % 8 > 1)
            v |= (unsigned)octets.at[bit / 8 + 1] << 8;
        wr_u8(w, (uint8_t)(v >> bit % 8 & 0x7F));
    }
    return wr_result(w);
}

enum err text_to_ucs2(const char *utf8, struct wr *w)
{
    struct wr made = *w;

    while (*utf8 != '\0') {
        uint32_t code;
        enum err e = next_code(&utf8, &code);

        if (e != ERR_OK)
            return e;
        if (code > 0xFFFF) {
            wr_u16(&made, (uint16_t)(0xD7C0 + (code >> 10)));
            code = 0xDC00 | (code & 0x3FF);
        }
        wr_u16(&made, (uint16_t)code);
    }
    if (made.overflow)
        return ERR_SPACE;
    *w = made;
    return ERR_OK;
}

/* Join a surrogate pair; all else is a character of its own. */
static uint32_t join(uint16_t first, struct rd *r)
{
    struct rd at = *r;
    uint16_t second;

    if (first < 0xD800 || first > 0xDBFF || rd_u16(&at, &second) != ERR_OK || second < 0xDC00 ||
        second > 0xDFFF)
        return first;
    *r = at;
    return 0x10000 + ((uint32_t)(first - 0xD800) << 10 | (uint32_t)(second - 0xDC00));
}

enum err text_from_ucs2(struct rd ucs2, char *utf8, size_t cap)
{
    struct wr w = WR((uint8_t *)utf8, cap);
    uint16_t unit;

    while (ucs2.left > 0) {
        if (ucs2.left == 1)
            return ERR_FORMAT;
        if (rd_u16(&ucs2, &unit) != ERR_OK || unit == 0xFFFF)
            break;
        write_utf8(&w, join(unit, &ucs2));
    }
    return end_utf8(&w);
}

/* Alpha identifiers in UCS2 forms (TS 102 221 annex A). */
#define FORM_UCS2      0x80
#define FORM_HALF_PAGE 0x81 /* base in one byte: bits 15 to 8 of it stand for 0hhhhhhhh0000000 */
#define FORM_OFFSET    0x82 /* base in two bytes */
#define FORM_CHARS_MAX 254

/* Lowest and highest character that GSM 7-bit has not, and septets or offsets of all. */
struct alpha_span {
    uint32_t low, high;
    size_t bytes;
};

static enum err measure(const char *utf8, struct alpha_span *span)
{
    struct alpha_span s = {.low = UINT32_MAX};

    while (*utf8 != '\0') {
        uint32_t code;
        uint16_t septet;
        enum err e = next_code(&utf8, &code);

        if (e != ERR_OK)
            return e;
        if (septet_of(code, &septet) == ERR_OK) {
            s.bytes += septet > 0xFF ? 2 : 1;
            continue;
        }
        s.bytes++;
        if (code < s.low)
            s.low = code;
        if (code > s.high)
            s.high = code;
    }
    *span = s;
    return ERR_OK;
}

/* Characters of the 81 and 82 forms: septets of the default alphabet, or 80 + offset to base. */
static void write_offsets(struct wr *w, const char *utf8, uint32_t base)
{
    uint32_t code;
    uint16_t septet;

    while (*utf8 != '\0' && next_code(&utf8, &code) == ERR_OK) {
        if (septet_of(code, &septet) == ERR_OK)
            write_septet(w, septet);
        else
            wr_u8(w, (uint8_t)(0x80 | (code - base)));
    }
}

enum err text_to_alpha(const char *utf8, struct wr *w)
{
    struct wr made = *w;
    struct alpha_span span;
    enum err e = measure(utf8, &span);

    if (e != ERR_OK)
        return e;
    if (span.high == 0)
        return text_to_gsm7(utf8, w);
    if (span.bytes <= FORM_CHARS_MAX && span.high < 0x8000 && span.low >> 7 == span.high >> 7) {
        wr_u8(&made, FORM_HALF_PAGE);
        wr_u8(&made, (uint8_t)span.bytes);
        wr_u8(&made, (uint8_t)(span.low >> 7));
        write_offsets(&made, utf8, span.low & ~0x7FU);
    } else if (span.bytes <= FORM_CHARS_MAX && span.high < 0x10000 && span.high - span.low < 0x80) {
        wr_u8(&made, FORM_OFFSET);
        wr_u8(&made, (uint8_t)span.bytes);
        wr_u16(&made, (uint16_t)span.low);
        write_offsets(&made, utf8, span.low);
    } else {
        wr_u8(&made, FORM_UCS2);
        e = text_to_ucs2(utf8, &made);
        if (e != ERR_OK)
            return e;
    }
    if (made.overflow)
        return ERR_SPACE;
    *w = made;
    return ERR_OK;
}

static enum err read_offsets(struct rd r, bool half_page, struct wr *utf8)
{
    uint8_t count, page;
    uint16_t base;
    struct rd chars;

    if (rd_u8(&r, &count) != ERR_OK)
        return ERR_SHORT;
    if (half_page) {
        if (rd_u8(&r, &page) != ERR_OK)
            return ERR_SHORT;
        base = (uint16_t)(page << 7);
    } else if (rd_u16(&r, &base) != ERR_OK) {
        return ERR_SHORT;
    }
    if (rd_take(&r, count, &chars) != ERR_OK)
        return ERR_SHORT;
    while (chars.left > 0) {
        uint8_t byte = chars.at[0];

        if (byte < 0x80)
            write_utf8(utf8, next_gsm7(&chars));
        else if (rd_u8(&chars, &byte) == ERR_OK)
            write_utf8(utf8, base + (byte & 0x7FU));
    }
    return end_utf8(utf8);
}

enum err text_from_alpha(struct rd alpha, char *utf8, size_t cap)
{
    struct wr w = WR((uint8_t *)utf8, cap);
    struct rd rest = alpha;
    const uint8_t *padding;
    uint8_t form;

    if (rd_u8(&rest, &form) == ERR_OK) {
        if (form == FORM_HALF_PAGE || form == FORM_OFFSET)
            return read_offsets(rest, form == FORM_HALF_PAGE, &w);
        if (form == FORM_UCS2) {
            /* A field of even length leaves one FF behind the last pair. */
            if (rest.left % 2 == 1 && rest.at[rest.left - 1] == 0xFF)
                rest.left--;
            return text_from_ucs2(rest, utf8, cap);
        }
    }
    padding = alpha.left > 0 ? memchr(alpha.at, 0xFF, alpha.left) : NULL;
    if (padding != NULL)
        alpha.left = (size_t)(padding - alpha.at);
    return text_from_gsm7(alpha, utf8, cap);
}
