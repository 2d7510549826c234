#include "apdu/bcd.h"

#include <string.h>

#define FILL 0x0F

/* ERR_FORMAT unless text is decimal digits alone, ERR_RANGE unless there are min to max. */
static enum err check_digits(const char *text, size_t min, size_t max, size_t *count)
{
    size_t n = 0;

    for (; text[n] != '\0'; n++) {
        if (text[n] < '0' || text[n] > '9')
            return ERR_FORMAT;
        if (n >= max)
            return ERR_RANGE;
    }
    if (n < min)
        return ERR_RANGE;
    *count = n;
    return ERR_OK;
}

/* Nibble at index, the low one of each byte first. */
static uint8_t nibble(const uint8_t *bytes, size_t index)
{
    return index % 2 == 0 ? bytes[index / 2] & 0x0F : bytes[index / 2] >> 4;
}

static void set_nibble(uint8_t *bytes, size_t index, unsigned v)
{
    uint8_t *at = &bytes[index / 2];

    *at = (uint8_t)(index % 2 == 0 ? (*at & 0xF0) | v : (*at & 0x0F) | v << 4);
}

static uint8_t digit(char c)
{
    return (uint8_t)(c - '0');
}

enum err bcd_imsi_encode(const char *digits, uint8_t ef[EF_IMSI_LEN])
{
    size_t n;
    enum err e = check_digits(digits, 6, IMSI_DIGITS_MAX, &n);

    if (e != ERR_OK)
        return e;
    memset(ef, 0xFF, EF_IMSI_LEN);
    ef[0] = (uint8_t)(n / 2 + 1);
    /* The nibble before the first digit: identity type 001, b4 set for an odd count. */
    set_nibble(ef + 1, 0, n % 2 == 1 ? 9 : 1);
    for (size_t i = 0; i < n; i++)
        set_nibble(ef + 1, i + 1, digit(digits[i]));
    return ERR_OK;
}

enum err bcd_imsi_decode(const uint8_t ef[EF_IMSI_LEN], char digits[IMSI_DIGITS_MAX + 1])
{
    char text[IMSI_DIGITS_MAX + 1];
    bool odd = (ef[1] & 0x08) != 0;
    size_t n;

    if (ef[0] < 4 || ef[0] >= EF_IMSI_LEN)
        return ERR_RANGE;
    if ((ef[1] & 0x07) != 1)
        return ERR_FORMAT;
    n = 2U * ef[0] - (odd ? 1 : 2);
    for (size_t i = 0; i < n; i++) {
        uint8_t v = nibble(ef + 1, i + 1);

        if (v > 9)
            return ERR_FORMAT;
        text[i] = (char)('0' + v);
    }
    if (!odd && nibble(ef + 1, n + 1) != FILL)
        return ERR_FORMAT;
    text[n] = '\0';
    memcpy(digits, text, n + 1);
    return ERR_OK;
}

enum err bcd_iccid_encode(const char *digits, uint8_t ef[EF_ICCID_LEN])
{
    size_t n;
    enum err e = check_digits(digits, 18, ICCID_DIGITS_MAX, &n);

    if (e != ERR_OK)
        return e;
    memset(ef, 0xFF, EF_ICCID_LEN);
    for (size_t i = 0; i < n; i++)
        set_nibble(ef, i, digit(digits[i]));
    return ERR_OK;
}

enum err bcd_iccid_decode(const uint8_t ef[EF_ICCID_LEN], char digits[ICCID_DIGITS_MAX + 1])
{
    char text[ICCID_DIGITS_MAX + 1];
    size_t n = 0;

    while (n < ICCID_DIGITS_MAX && nibble(ef, n) != FILL) {
        if (nibble(ef, n) > 9)
            return ERR_FORMAT;
        text[n] = (char)('0' + nibble(ef, n));
        n++;
    }
    for (size_t i = n; i < ICCID_DIGITS_MAX; i++) {
        if (nibble(ef, i) != FILL)
            return ERR_FORMAT;
    }
    if (n < 18)
        return ERR_RANGE;
    text[n] = '\0';
    memcpy(digits, text, n + 1);
    return ERR_OK;
}

enum err bcd_luhn(const char *digits, char *check)
{
    unsigned sum = 0;
    size_t n;
    enum err e = check_digits(digits, 1, SIZE_MAX, &n);

    if (e != ERR_OK)
        return e;
    for (size_t i = 0; i < n; i++) {
        unsigned v = digit(digits[n - 1 - i]);

        if (i % 2 == 0)
            v = v > 4 ? 2 * v - 9 : 2 * v;
        sum = (sum + v) % 10;
    }
    *check = (char)('0' + (10 - sum) % 10);
    return ERR_OK;
}

/* Where each digit of MCC MNC stands, as nibble index: MCC1 MCC2 MCC3 MNC1 MNC2 MNC3. */
static const uint8_t plmn_nibbles[6] = {0, 1, 2, 4, 5, 3};

enum err bcd_plmn_encode(const char *text, uint8_t plmn[PLMN_LEN])
{
    size_t n;
    enum err e = check_digits(text, 5, 6, &n);

    if (e != ERR_OK)
        return e;
    memset(plmn, 0xFF, PLMN_LEN);
    for (size_t i = 0; i < n; i++)
        set_nibble(plmn, plmn_nibbles[i], digit(text[i]));
    return ERR_OK;
}

enum err bcd_plmn_decode(const uint8_t plmn[PLMN_LEN], char text[7])
{
    char out[7];
    size_t n = nibble(plmn, plmn_nibbles[5]) == FILL ? 5 : 6;

    for (size_t i = 0; i < n; i++) {
        uint8_t v = nibble(plmn, plmn_nibbles[i]);

        if (v > 9)
            return ERR_FORMAT;
        out[i] = (char)('0' + v);
    }
    out[n] = '\0';
    memcpy(text, out, n + 1);
    return ERR_OK;
}

enum err bcd_access_class(const char *imsi, uint8_t acc[2])
{
    size_t n;
    enum err e = check_digits(imsi, 6, IMSI_DIGITS_MAX, &n);
    unsigned bits;

    if (e != ERR_OK)
        return e;
    bits = 1U << digit(imsi[n - 1]);
    acc[0] = (uint8_t)(bits >> 8);
    acc[1] = (uint8_t)bits;
    return ERR_OK;
}

static const char number_characters[] = "0123456789*#abc";

enum err bcd_number_encode(const char *digits, struct wr *w)
{
    size_t n = strnlen(digits, NUMBER_DIGITS_MAX + 1);
    uint8_t bytes[(NUMBER_DIGITS_MAX + 1) / 2];

    if (n > NUMBER_DIGITS_MAX)
        return ERR_RANGE;
    memset(bytes, 0xFF, sizeof bytes);
    for (size_t i = 0; i < n; i++) {
        const char *found = strchr(number_characters, digits[i]);

        if (found == NULL)
            return ERR_FORMAT;
        set_nibble(bytes, i, (unsigned)(found - number_characters));
    }
    wr_bytes(w, bytes, (n + 1) / 2);
    return wr_result(w);
}

enum err bcd_number_decode(struct rd r, char *digits, size_t cap)
{
    size_t n = 0;

    while (n < 2 * r.left && nibble(r.at, n) != FILL)
        n++;
    if (n >= cap)
        return ERR_SPACE;
    for (size_t i = 0; i < n; i++)
        digits[i] = number_characters[nibble(r.at, i)];
    digits[n] = '\0';
    return ERR_OK;
}

enum err bcd_pin_encode(const char *digits, uint8_t pin[8])
{
    size_t n;
    enum err e = check_digits(digits, 4, 8, &n);

    if (e != ERR_OK)
        return e;
    memset(pin, 0xFF, 8);
    memcpy(pin, digits, n);
    return ERR_OK;
}

/* The sum's digits into out, unless it is NULL; returns what is carried out on the left. */
static uint64_t add(const char *digits, size_t n, uint64_t step, char *out)
{
    for (size_t i = n; i > 0; i--) {
        unsigned sum = (unsigned)(step % 10) + digit(digits[i - 1]);

        step = step / 10 + sum / 10;
        if (out != NULL)
            out[i - 1] = (char)('0' + sum % 10);
    }
    return step;
}

enum err bcd_add(const char *digits, uint64_t step, char *out, size_t cap)
{
    size_t n;
    enum err e = check_digits(digits, 1, SIZE_MAX, &n);

    if (e != ERR_OK)
        return e;
    if (n >= cap)
        return ERR_SPACE;
    if (add(digits, n, step, NULL) != 0)
        return ERR_RANGE;
    add(digits, n, step, out);
    out[n] = '\0';
    return ERR_OK;
}
