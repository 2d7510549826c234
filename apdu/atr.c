#include "apdu/atr.h"

#define TS_DIRECT  0x3B
#define TS_INVERSE 0x3F
#define TA1_ABSENT 0x11 /* F = 372, D = 1 */

/* High nibble of T0 and of each TD: which interface bytes come next. */
#define HAS_TA   0x10
#define HAS_TB   0x20
#define HAS_TC   0x40
#define HAS_TD   0x80
#define T_GLOBAL 15

#define CATEGORY_COMPACT_TLV 0x80

/* Third byte of the card capabilities. */
#define CHANNELS_BY_CARD     0x10
#define CHANNELS_BY_TERMINAL 0x08
#define CHANNELS_MASK        0x07
#define CHANNELS_SAID_MAX    8

static uint8_t channel_byte(const struct atr_options *options)
{
    unsigned count = options->channels > CHANNELS_SAID_MAX ? CHANNELS_SAID_MAX : options->channels;
    unsigned assigned = CHANNELS_BY_CARD | (options->terminal_numbers ? CHANNELS_BY_TERMINAL : 0U);

    return count < 2 ? 0 : (uint8_t)(assigned | (count - 1));
}

/* Exclusive-or of all characters behind TS; 0 over a whole ATR that has a TCK. */
static uint8_t check_character(struct rd behind_ts)
{
    uint8_t sum = 0;

    for (size_t i = 0; i < behind_ts.left; i++)
        sum ^= behind_ts.at[i];
    return sum;
}

enum err atr_build(const struct atr_options *options, struct wr *w)
{
    const uint8_t fixed[] = {options->ta1, 0x80, 0x1F, options->ta3, CATEGORY_COMPACT_TLV, 0x31,
                             0xE0,         0x73, 0xFE, 0x21,         channel_byte(options)};
    size_t extra = options->pre_issuing.left, historical = 7;
    uint8_t block[ATR_LEN_MAX];
    struct wr atr = WR_ARRAY(block);

    if (extra > ATR_PRE_ISSUING_MAX)
        return ERR_RANGE;
    if (extra > 0)
        historical += 1 + extra;
    wr_u8(&atr, TS_DIRECT);
    wr_u8(&atr, (uint8_t)(HAS_TA | HAS_TD | historical));
    wr_bytes(&atr, fixed, sizeof fixed);
    if (extra > 0) {
        wr_u8(&atr, (uint8_t)(ATR_PRE_ISSUING << 4 | extra));
        wr_rd(&atr, options->pre_issuing);
    }
    wr_u8(&atr, check_character(RD(atr.base + 1, atr.len - 1)));
    wr_rd(w, RD_WR(&atr));
    return wr_result(w);
}

/* Interface bytes that the presence nibble announces. ta, td: 0 when absent. */
static enum err read_group(struct rd *r, uint8_t presence, uint8_t *ta, uint8_t *td)
{
    uint8_t ignored;

    *ta = 0;
    *td = 0;
    if ((presence & HAS_TA) != 0 && rd_u8(r, ta) != ERR_OK)
        return ERR_SHORT;
    if ((presence & HAS_TB) != 0 && rd_u8(r, &ignored) != ERR_OK)
        return ERR_SHORT;
    if ((presence & HAS_TC) != 0 && rd_u8(r, &ignored) != ERR_OK)
        return ERR_SHORT;
    if ((presence & HAS_TD) != 0 && rd_u8(r, td) != ERR_OK)
        return ERR_SHORT;
    return ERR_OK;
}

/* All groups of interface bytes. has_check: a protocol other than T=0 was named. */
static enum err read_interface(struct rd *r, uint8_t presence, struct atr *atr, bool *has_check)
{
    uint8_t protocol = 0;
    bool first = true, more = true;

    *has_check = false;
    while (more) {
        uint8_t ta, td;
        enum err e = read_group(r, presence, &ta, &td);

        if (e != ERR_OK)
            return e;
        if (first && (presence & HAS_TA) != 0)
            atr->ta1 = ta;
        else if (protocol == T_GLOBAL && atr->ta_global == 0)
            atr->ta_global = ta;
        more = (presence & HAS_TD) != 0;
        presence = td;
        if (more) {
            protocol = td & 0x0F;
            atr->protocols |= (uint16_t)(1U << protocol);
            *has_check = *has_check || protocol != 0;
        }
        first = false;
    }
    return ERR_OK;
}

enum err atr_parse(struct rd bytes, struct atr *out)
{
    struct atr atr = {.ta1 = TA1_ABSENT};
    struct rd checked;
    uint8_t ts, t0, tck;
    bool has_check;
    enum err e;

    if (rd_u8(&bytes, &ts) != ERR_OK)
        return ERR_SHORT;
    checked = bytes;
    if (rd_u8(&bytes, &t0) != ERR_OK)
        return ERR_SHORT;
    if ((ts != TS_DIRECT && ts != TS_INVERSE) || checked.left >= ATR_LEN_MAX)
        return ERR_FORMAT;
    atr.inverse = ts == TS_INVERSE;
    e = read_interface(&bytes, t0 & 0xF0, &atr, &has_check);
    if (e == ERR_OK)
        e = rd_take(&bytes, t0 & 0x0F, &atr.historical);
    if (e == ERR_OK && has_check)
        e = rd_u8(&bytes, &tck);
    if (e != ERR_OK)
        return e;
    if (bytes.left > 0 || (has_check && check_character(checked) != 0))
        return ERR_FORMAT;
    if ((atr.protocols & ~(1U << T_GLOBAL)) == 0)
        atr.protocols |= 1;
    *out = atr;
    return ERR_OK;
}

enum err atr_historical(const struct atr *atr, enum atr_tag tag, struct rd *value)
{
    struct rd r = atr->historical, found;
    uint8_t head;

    if (rd_u8(&r, &head) != ERR_OK)
        return ERR_NOT_FOUND;
    if (head != CATEGORY_COMPACT_TLV)
        return ERR_UNSUPPORTED;
    while (rd_u8(&r, &head) == ERR_OK) {
        if (rd_take(&r, head & 0x0F, &found) != ERR_OK)
            return ERR_SHORT;
        if (head >> 4 == (int)tag) {
            *value = found;
            return ERR_OK;
        }
    }
    return ERR_NOT_FOUND;
}

unsigned atr_channels(const struct atr *atr)
{
    struct rd value;
    uint8_t s[3];

    if (atr_historical(atr, ATR_CAPABILITIES, &value) != ERR_OK ||
        rd_copy(&value, s, sizeof s) != ERR_OK)
        return 1;
    if ((s[2] & (CHANNELS_BY_CARD | CHANNELS_BY_TERMINAL)) == 0)
        return 1;
    return 1U + (s[2] & CHANNELS_MASK);
}
