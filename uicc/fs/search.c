/*
 * SEARCH RECORD and INCREASE (TS 102 221 11.1.7, 11.1.8).
 */
#include "uicc/core/handlers.h"
#include "uicc/fs/tree.h"

#include <string.h>

#define MODE_MASK        0x07
#define MODE_FORWARD     0x04 /* simple, from the record in P1 */
#define MODE_BACKWARD    0x05
#define MODE_ENHANCED    0x06
#define MODE_PROPRIETARY 0x07

/* First indication byte of an enhanced search. */
#define INDICATION_RFU     0xF0
#define INDICATION_VALUE   0x08 /* the second one is a character to look for, not an offset */
#define INDICATION_FROM    0x07
#define FROM_P1_FORWARD    0x04
#define FROM_P1_BACKWARD   0x05
#define FROM_NEXT_FORWARD  0x06
#define FROM_PREVIOUS_BACK 0x07
#define INDICATION_LEN     2U

struct search {
    uint8_t first; /* record to begin with; 0: there is none */
    bool backward;
    bool by_value;     /* begin behind the first occurrence of start */
    uint8_t start;     /* or at this offset */
    struct rd pattern; /* anywhere from there */
};

/* ---- what is asked ---- */

/* Record in P1; 00 is the current one. */
static uint8_t from_p1(const struct exec *x)
{
    return x->cmd->p1 != 0 ? x->cmd->p1 : x->ch->record;
}

static sw_t read_enhanced(const struct fs_file *f, const struct exec *x, struct search *s)
{
    uint8_t pointer = x->ch->record, how;

    if (x->cmd->data.left <= INDICATION_LEN)
        return SW_WRONG_LENGTH;
    s->pattern = x->cmd->data;
    if (rd_u8(&s->pattern, &how) != ERR_OK || rd_u8(&s->pattern, &s->start) != ERR_OK ||
        (how & INDICATION_RFU) != 0)
        return SW_BAD_DATA;
    s->by_value = (how & INDICATION_VALUE) != 0;
    s->backward = (how & 1) != 0;
    switch (how & INDICATION_FROM) {
    case FROM_P1_FORWARD:
    case FROM_P1_BACKWARD:
        s->first = from_p1(x);
        break;
    case FROM_NEXT_FORWARD:
        s->first = pointer < f->record_count ? (uint8_t)(pointer + 1) : 0;
        return x->cmd->p1 == 0 ? SW_OK : SW_P1P2;
    case FROM_PREVIOUS_BACK:
        s->first = pointer == 0 ? f->record_count : (uint8_t)(pointer - 1);
        return x->cmd->p1 == 0 ? SW_OK : SW_P1P2;
    default:
        return SW_BAD_DATA;
    }
    return s->first == 0 || s->first > f->record_count ? SW_RECORD : SW_OK;
}

static sw_t read_search(const struct fs_file *f, const struct exec *x, struct search *s)
{
    uint8_t mode = x->cmd->p2 & MODE_MASK;
    sw_t sw = SW_OK;

    if (mode == MODE_ENHANCED) {
        sw = read_enhanced(f, x, s);
    } else {
        s->pattern = x->cmd->data;
        s->backward = mode == MODE_BACKWARD;
        s->first = from_p1(x);
        if (s->first == 0 || s->first > f->record_count)
            sw = SW_RECORD;
    }
    if (sw_equal(sw, SW_OK) && s->pattern.left > f->record_len)
        sw = SW_WRONG_LENGTH;
    return sw;
}

/* ---- the search ---- */

static bool contains(struct rd record, struct rd pattern)
{
    for (; record.left >= pattern.left; record.at++, record.left--) {
        if (memcmp(record.at, pattern.at, pattern.left) == 0)
            return true;
    }
    return false;
}

static bool matches(struct rd record, const struct search *s)
{
    size_t skip = s->start;

    if (s->by_value) {
        const uint8_t *hit = memchr(record.at, s->start, record.left);

        if (hit == NULL)
            return false;
        skip = (size_t)(hit - record.at) + 1;
    }
    if (skip > record.left)
        return false;
    return contains(RD(record.at + skip, record.left - skip), s->pattern);
}

/* Numbers of all records that match, in the order of the search. */
static void search_all(const struct card *card, uint16_t node, const struct search *s,
                       struct wr *out)
{
    uint8_t count = fs_file(card, node)->record_count;
    unsigned number = s->first;
    struct rd record;

    while (number >= 1 && number <= count) {
        if (fs_record(card, node, (uint8_t)number, &record) == ERR_OK && matches(record, s))
            wr_u8(out, (uint8_t)number);
        number = s->backward ? number - 1 : number + 1;
    }
}

sw_t fs_cmd_search_record(struct card *card, struct exec *x)
{
    uint8_t mode = x->cmd->p2 & MODE_MASK, sfi = x->cmd->p2 >> 3;
    struct search s = {0};
    uint16_t node = NODE_NONE;
    sw_t sw;

    if (mode == MODE_PROPRIETARY)
        return SW_FUNCTION;
    if (mode < MODE_FORWARD)
        return SW_P1P2;
    if (x->cmd->data.left == 0)
        return SW_WRONG_LENGTH;
    sw = fs_target(card, x, sfi, &node);
    if (!sw_equal(sw, SW_OK))
        return sw;
    if (fs_file(card, node)->kind != FS_LINEAR && fs_file(card, node)->kind != FS_CYCLIC)
        return SW_STRUCTURE;
    sw = access_check(card, x, node, FS_READ);
    if (!sw_equal(sw, SW_OK))
        return sw;
    if (sfi != 0)
        fs_make_current(card, x->ch, node);
    sw = read_search(fs_file(card, node), x, &s);
    if (!sw_equal(sw, SW_OK))
        return sw;
    search_all(card, node, &s, x->out);
    if (x->out->len == 0)
        return SW_END_OF_FILE;
    x->ch->record = x->out->base[0];
    return SW_OK;
}

/* ---- INCREASE ---- */

#define P1_SFI         0x80
#define P1_SFI_MASK    0x1F
#define INCREASE_MAX   127U
#define RECORD_LEN_MAX 255U

/* record += value, both big-endian and right-aligned; false on overflow. */
static bool add(uint8_t *record, size_t len, struct rd value)
{
    unsigned carry = 0;

    for (size_t i = 0; i < len; i++) {
        unsigned sum = record[len - 1 - i] + carry;

        if (i < value.left)
            sum += value.at[value.left - 1 - i];
        record[len - 1 - i] = (uint8_t)sum;
        carry = sum >> 8;
    }
    return carry == 0;
}

/* Newest record plus value goes over the oldest. */
static sw_t increase(struct card *card, struct exec *x, uint16_t node)
{
    uint8_t sum[RECORD_LEN_MAX];
    struct rd value = x->cmd->data, newest;
    enum err e = fs_record(card, node, 1, &newest);

    if (e != ERR_OK)
        return sw_from_err(e);
    if (value.left > newest.left)
        return SW_WRONG_LENGTH;
    memcpy(sum, newest.at, newest.left);
    if (!add(sum, newest.left, value))
        return SW_MAXIMUM;
    e = fs_push_record(card, node, RD(sum, newest.left));
    if (e != ERR_OK)
        return sw_from_err(e);
    x->ch->record = 1;
    wr_bytes(x->out, sum, newest.left);
    wr_rd(x->out, value);
    return SW_OK;
}

sw_t fs_cmd_increase(struct card *card, struct exec *x)
{
    uint8_t p1 = x->cmd->p1, sfi = p1 & P1_SFI_MASK;
    uint16_t node = NODE_NONE;
    sw_t sw;

    if (x->cmd->p2 != 0 || (p1 != 0 && (p1 & ~P1_SFI_MASK) != P1_SFI) || (p1 != 0 && sfi == 0))
        return SW_P1P2;
    if (x->cmd->data.left == 0 || x->cmd->data.left > INCREASE_MAX)
        return SW_WRONG_LENGTH;
    sw = fs_target(card, x, sfi, &node);
    if (!sw_equal(sw, SW_OK))
        return sw;
    if (fs_file(card, node)->kind != FS_CYCLIC)
        return SW_STRUCTURE;
    sw = access_check(card, x, node, FS_INCREASE);
    if (!sw_equal(sw, SW_OK))
        return sw;
    if (x->ch->ef != node)
        fs_make_current(card, x->ch, node);
    return increase(card, x, node);
}
