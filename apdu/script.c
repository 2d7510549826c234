#include "apdu/script.h"
#include "apdu/apdu.h"
#include "apdu/ids.h"
#include "apdu/tlv.h"

#include <string.h>

/* Tags of TS 102 226 5.2.1 and 5.2.2. */
#define TAG_COMMANDS            0xAA
#define TAG_COMMANDS_INDEFINITE 0xAE
#define TAG_ANSWERS             0xAB
#define TAG_ANSWERS_INDEFINITE  0xAF
#define TAG_C_APDU              0x22
#define TAG_R_APDU              0x23
#define TAG_EXECUTED            0x80
#define TAG_IMMEDIATE_ACTION    0x81
#define TAG_ERROR_ACTION        0x82
#define TAG_CHAINING            0x83
#define TAG_BAD_FORMAT          0x90
#define INDEFINITE_LENGTH       0x80

#define COMPACT_HEAD 3 /* count and status word of a compact answer */

enum err script_format_of(struct rd script, enum script_format *out)
{
    uint8_t first;

    if (rd_u8(&script, &first) != ERR_OK)
        return ERR_SHORT;
    if (first == TAG_COMMANDS)
        *out = SCRIPT_DEFINITE;
    else if (first == TAG_COMMANDS_INDEFINITE)
        *out = SCRIPT_INDEFINITE;
    else
        *out = SCRIPT_COMPACT;
    return ERR_OK;
}

/* Step inside the outer object: its content, or what stands behind AE 80. */
static enum err enter(struct rd *r, bool indefinite)
{
    struct rd content;
    uint8_t byte;
    size_t length;
    enum err e;

    if (rd_u8(r, &byte) != ERR_OK)
        return ERR_SHORT;
    if (indefinite) {
        e = rd_u8(r, &byte);
        return e == ERR_OK && byte != INDEFINITE_LENGTH ? ERR_FORMAT : e;
    }
    e = tlv_read_length(r, &length);
    if (e == ERR_OK)
        e = rd_take(r, length, &content);
    if (e != ERR_OK)
        return e;
    if (r->left > 0)
        return ERR_FORMAT;
    *r = content;
    return ERR_OK;
}

enum err script_begin(struct rd script, struct script_reader *out)
{
    struct script_reader s = {.left = script};
    enum err e = script_format_of(script, &s.format);

    if (e == ERR_OK && s.format != SCRIPT_COMPACT)
        e = enter(&s.left, s.format == SCRIPT_INDEFINITE);
    if (e == ERR_OK)
        *out = s;
    return e;
}

/* One object inside the outer one. ERR_NOT_FOUND at the end: no bytes left, or 00 00. */
static enum err next_object(struct rd *r, bool indefinite, uint8_t *tag, struct rd *value)
{
    struct rd at = *r;
    size_t length;
    enum err e;

    if (rd_u8(&at, tag) != ERR_OK)
        return indefinite ? ERR_SHORT : ERR_NOT_FOUND;
    e = tlv_read_length(&at, &length);
    if (e == ERR_OK)
        e = rd_take(&at, length, value);
    if (e != ERR_OK)
        return e;
    if (indefinite && *tag == 0 && length == 0)
        return at.left == 0 ? ERR_NOT_FOUND : ERR_FORMAT;
    *r = at;
    return ERR_OK;
}

/*
 * Commands that bring no data, so that P3 of a compact script is Le. F2 is STATUS and, with an
 * element kind in the high nibble of P1, GlobalPlatform's GET STATUS, which brings data.
 */
static bool p3_is_le(const uint8_t header[4])
{
    static const uint8_t instructions[] = {
        INS_FETCH,       INS_MANAGE_CHANNEL, INS_GET_CHALLENGE, INS_READ_BINARY,
        INS_READ_RECORD, INS_GET_RESPONSE,   INS_GET_DATA,
    };

    if (header[1] == INS_STATUS)
        return (header[2] & 0xF0) == 0;
    return memchr(instructions, header[1], sizeof instructions) != NULL;
}

static enum err next_compact(struct rd *r, struct script_item *out)
{
    struct script_item item = {.kind = SCRIPT_COMMAND};
    size_t length = 5;

    if (r->left == 0)
        return ERR_NOT_FOUND;
    if (r->left < length)
        return ERR_SHORT;
    if (!p3_is_le(r->at))
        length += r->at[4];
    if (rd_take(r, length, &item.bytes) != ERR_OK)
        return ERR_SHORT;
    *out = item;
    return ERR_OK;
}

static enum err read_command(struct rd value, struct script_item *item)
{
    struct apdu a;

    item->kind = SCRIPT_COMMAND;
    if (apdu_parse(value, &a) != ERR_OK)
        return ERR_FORMAT;
    /* Five bytes are case 2: this format codes case 1 without P3. */
    item->has_le = a.has_le || value.left == 5;
    item->le = value.left == 5 ? a.p3 : a.le;
    return ERR_OK;
}

static enum err read_item(uint8_t tag, struct rd value, struct script_item *item)
{
    switch (tag) {
    case TAG_C_APDU:
        return read_command(value, item);
    case TAG_IMMEDIATE_ACTION:
        item->kind = SCRIPT_IMMEDIATE_ACTION;
        return value.left > 0 ? ERR_OK : ERR_FORMAT;
    case TAG_ERROR_ACTION:
        item->kind = SCRIPT_ERROR_ACTION;
        return ERR_OK;
    case TAG_CHAINING:
        item->kind = SCRIPT_CHAINING;
        return value.left == 1 ? ERR_OK : ERR_FORMAT;
    default:
        return ERR_UNSUPPORTED;
    }
}

enum err script_next(struct script_reader *s, struct script_item *out)
{
    struct script_item item = {.has_le = false};
    struct rd at = s->left;
    uint8_t tag;
    enum err e;

    if (s->format == SCRIPT_COMPACT)
        return next_compact(&s->left, out);
    e = next_object(&at, s->format == SCRIPT_INDEFINITE, &tag, &item.bytes);
    if (e == ERR_OK)
        e = read_item(tag, item.bytes, &item);
    if (e != ERR_OK)
        return e;
    s->left = at;
    *out = item;
    return ERR_OK;
}

static size_t open_outer(struct wr *out, enum script_format format, uint8_t definite,
                         uint8_t indefinite)
{
    if (format == SCRIPT_DEFINITE)
        return tlv_open(out, definite);
    if (format == SCRIPT_INDEFINITE) {
        wr_u8(out, indefinite);
        wr_u8(out, INDEFINITE_LENGTH);
    }
    return out->len;
}

static void close_outer(struct wr *out, enum script_format format, size_t mark)
{
    if (format == SCRIPT_DEFINITE)
        tlv_close(out, mark);
    else if (format == SCRIPT_INDEFINITE)
        wr_u16(out, 0);
}

void script_open(struct script_writer *s, enum script_format format, struct wr *out)
{
    s->format = format;
    s->out = out;
    s->error = ERR_OK;
    s->mark = open_outer(out, format, TAG_COMMANDS, TAG_COMMANDS_INDEFINITE);
}

static void keep_first_error(struct script_writer *s, enum err e)
{
    if (s->error == ERR_OK)
        s->error = e;
}

static void write_compact(struct script_writer *s, const struct apdu *a, struct rd bytes)
{
    if (a->has_le)
        bytes.left--;
    else if (bytes.left == 5 && a->p3 != 0 && !p3_is_le(bytes.at))
        keep_first_error(s, ERR_FORMAT);
    wr_rd(s->out, bytes);
    if (bytes.left == 4)
        wr_u8(s->out, 0);
}

void script_write_command(struct script_writer *s, struct rd bytes)
{
    struct apdu a;
    enum err e = apdu_parse(bytes, &a);

    if (e != ERR_OK)
        keep_first_error(s, e);
    else if (s->format == SCRIPT_COMPACT)
        write_compact(s, &a, bytes);
    else
        tlv_write(s->out, TAG_C_APDU, bytes);
}

void script_write_immediate_action(struct script_writer *s, struct rd value)
{
    if (s->format == SCRIPT_COMPACT)
        keep_first_error(s, ERR_UNSUPPORTED);
    else
        tlv_write(s->out, TAG_IMMEDIATE_ACTION, value);
}

enum err script_close(struct script_writer *s)
{
    close_outer(s->out, s->format, s->mark);
    return s->error != ERR_OK ? s->error : wr_result(s->out);
}

void script_answer_open(struct script_answer_writer *a, enum script_format format, struct wr *out)
{
    a->format = format;
    a->out = out;
    a->executed = 0;
    a->start = out->len;
    a->mark = open_outer(out, format, TAG_ANSWERS, TAG_ANSWERS_INDEFINITE);
    if (format == SCRIPT_COMPACT) {
        wr_u8(out, 0);
        wr_u16(out, 0);
    } else if (format == SCRIPT_DEFINITE) {
        a->start = out->len + 2; /* where the count goes */
        tlv_write_u8(out, TAG_EXECUTED, 0);
    }
}

/* Head and status word of an R-APDU, and what the outer object may need to be closed: its length,
 * or its end, and a count of two bytes. */
#define R_APDU_EXTRA (1 + 3 + 2)
#define R_APDU_MIN   (1 + 1 + 2)
#define CLOSE_EXTRA  2
#define COUNT_EXTRA  1

bool script_answer_full(const struct script_answer_writer *a)
{
    size_t least = a->out->len + R_APDU_MIN + CLOSE_EXTRA + COUNT_EXTRA;

    return a->format != SCRIPT_COMPACT && (a->out->overflow || least > a->out->cap);
}

size_t script_answer_room(const struct script_answer_writer *a)
{
    size_t used = a->out->len + R_APDU_EXTRA + CLOSE_EXTRA;

    if (a->format == SCRIPT_COMPACT)
        used = a->start + COMPACT_HEAD;
    return a->out->overflow || used > a->out->cap ? 0 : a->out->cap - used;
}

void script_answer_add(struct script_answer_writer *a, struct rd data, sw_t sw)
{
    a->executed++;
    if (a->format == SCRIPT_COMPACT) {
        if (!a->out->overflow)
            a->out->len = a->start + 1;
        wr_u16(a->out, sw.v);
        wr_rd(a->out, data);
        return;
    }
    wr_u8(a->out, TAG_R_APDU);
    tlv_write_length(a->out, data.left + 2);
    wr_rd(a->out, data);
    wr_u16(a->out, sw.v);
}

void script_answer_count(struct script_answer_writer *a)
{
    a->executed++;
}

void script_answer_uncount(struct script_answer_writer *a)
{
    a->executed--;
}

void script_answer_bad_format(struct script_answer_writer *a, uint8_t cause)
{
    if (a->format != SCRIPT_COMPACT)
        tlv_write_u8(a->out, TAG_BAD_FORMAT, cause);
}

/* An INTEGER (ISO 8825-1): from 128 on it takes two bytes, and what follows moves on. */
static void write_count(const struct script_answer_writer *a)
{
    unsigned count = a->executed > INT16_MAX ? INT16_MAX : a->executed;
    uint8_t *at = a->out->base + a->start;

    if (a->format == SCRIPT_COMPACT)
        count = count > UINT8_MAX ? UINT8_MAX : count;
    if (a->format == SCRIPT_DEFINITE && count > INT8_MAX) {
        wr_u8(a->out, 0);
        if (a->out->overflow)
            return;
        memmove(at + 2, at + 1, a->out->len - a->start - 2);
        at[-1] = 2;
        *at++ = (uint8_t)(count >> 8);
    }
    *at = (uint8_t)count;
}

enum err script_answer_close(struct script_answer_writer *a)
{
    if (!a->out->overflow && a->format != SCRIPT_INDEFINITE)
        write_count(a);
    close_outer(a->out, a->format, a->mark);
    return wr_result(a->out);
}

static enum err read_compact_answer(struct rd r, struct script_answer *answer)
{
    uint8_t count;

    if (rd_u8(&r, &count) != ERR_OK || rd_u16(&r, &answer->last.v) != ERR_OK)
        return ERR_SHORT;
    answer->executed = answer->answered = count;
    answer->data = r;
    return ERR_OK;
}

/* One object of an expanded answer; those of no interest here are passed over. */
static enum err read_answer_object(uint8_t tag, struct rd value, struct script_answer *answer)
{
    struct rd sw;

    switch (tag) {
    case TAG_EXECUTED:
        if (value.left != 1 && value.left != 2)
            return ERR_FORMAT;
        answer->executed = value.at[0];
        if (value.left == 2)
            answer->executed = answer->executed << 8 | value.at[1];
        return ERR_OK;
    case TAG_R_APDU:
        if (value.left < 2)
            return ERR_FORMAT;
        sw = RD(value.at + value.left - 2, 2);
        answer->answered++;
        return rd_u16(&sw, &answer->last.v);
    case TAG_BAD_FORMAT:
        if (value.left != 1)
            return ERR_FORMAT;
        answer->bad_format = true;
        return rd_u8(&value, &answer->bad_format_cause);
    default:
        return ERR_OK;
    }
}

static enum err read_expanded_answer(struct rd r, struct script_answer *answer)
{
    bool indefinite = answer->format == SCRIPT_INDEFINITE;
    enum err e = enter(&r, indefinite);

    answer->data = r;
    while (e == ERR_OK) {
        struct rd value;
        uint8_t tag;

        e = next_object(&r, indefinite, &tag, &value);
        if (e == ERR_OK)
            e = read_answer_object(tag, value, answer);
    }
    if (e != ERR_NOT_FOUND)
        return e;
    answer->data.left -= r.left;
    /* AF carries no count, and some cards leave it out of AB. */
    if (answer->executed == 0)
        answer->executed = answer->answered;
    return ERR_OK;
}

enum err script_read_answer(struct rd answer, enum script_format format, struct script_answer *out)
{
    struct script_answer read = {.format = format};
    enum err e;

    if (answer.left == 0)
        return ERR_SHORT;
    if (format == SCRIPT_COMPACT) {
        e = read_compact_answer(answer, &read);
    } else {
        if (answer.at[0] != TAG_ANSWERS && answer.at[0] != TAG_ANSWERS_INDEFINITE)
            return ERR_FORMAT;
        read.format = answer.at[0] == TAG_ANSWERS ? SCRIPT_DEFINITE : SCRIPT_INDEFINITE;
        e = read_expanded_answer(answer, &read);
    }
    if (e == ERR_OK)
        *out = read;
    return e;
}
