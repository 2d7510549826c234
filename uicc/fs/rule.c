#include "uicc/fs/rule.h"

#include "apdu/tlv.h"
#include "uicc/pin/pin.h"

/* AM_DO and SC_DO of the expanded format, TS 102 221 9.2.4 and ISO/IEC 7816-4 5.4.3.2. */
#define AM_BITS      0x80
#define AM_HEADER    0x80 /* 81 to 8F: which bytes of the header follow */
#define AM_HAS_CLA   0x08
#define AM_HAS_INS   0x04
#define AM_HAS_P1    0x02
#define AM_HAS_P2    0x01
#define SC_ALWAYS    0x90
#define SC_NEVER     0x97
#define SC_COMPACT   0x9E
#define SC_KEY       0xA4 /* control reference template for authentication */
#define SC_OR        0xA0
#define SC_NOT       0xA7
#define SC_AND       0xAF
#define KEY_REF      0x83
#define KEY_USAGE    0x95
#define USAGE_VERIFY 0x08

/* Security condition byte of the compact format, TS 102 221 9.2.5. */
#define BYTE_ALWAYS      0x00
#define BYTE_NEVER       0xFF
#define BYTE_ALL         0x80
#define BYTE_UNSUPPORTED 0x60 /* secure messaging, external authentication */
#define BYTE_USER        0x10
#define BYTE_ENVIRONMENT 0x0F

#define DEPTH_MAX 4 /* of templates in each other */

/* Which bit of the access mode byte stands for an access, and which commands ask for it
 * (TS 102 221 9.2.1). RESIZE and INCREASE have no bit: only their instruction names them. */
static const struct {
    uint8_t bit;
    uint8_t ins[4];
} modes[FS_ACCESS_COUNT] = {
    [FS_READ] = {0x01, {0xB0, 0xB2, 0xA2, 0xCB}},
    [FS_UPDATE] = {0x02, {0xD6, 0xDC, 0xDB}},
    [FS_INCREASE] = {0x00, {0x32}},
    [FS_RESIZE] = {0x00, {0xD4}},
    [FS_ACTIVATE] = {0x10, {0x44}},
    [FS_DEACTIVATE] = {0x08, {0x04}},
    [FS_TERMINATE] = {0x20, {0xE8, 0xE6, 0xFE}},
    [FS_DELETE] = {0x40, {0xE4}},
    [FS_DELETE_CHILD] = {0x01, {0xE4}},
    [FS_CREATE_EF] = {0x02, {0xE0}},
    [FS_CREATE_DF] = {0x04, {0xE0}},
};

/* BAD: something this card cannot judge. It must not become true under NOT. */
enum verdict { NO, YES, BAD };

/* ---- conditions ---- */

static enum verdict judge_byte(uint8_t sc, uint32_t satisfied)
{
    bool user = (satisfied & PIN_BIT_PIN1) != 0;

    if (sc == BYTE_ALWAYS)
        return YES;
    if (sc == BYTE_NEVER)
        return NO;
    if ((sc & BYTE_ENVIRONMENT) > 1 || (sc & BYTE_USER) == 0)
        return BAD;
    if ((sc & BYTE_ALL) != 0 && (sc & BYTE_UNSUPPORTED) != 0)
        return BAD;
    return user ? YES : NO;
}

/* PIN bit of an A4 template, 0 for one that names no key to be verified. */
static uint32_t key_of(struct rd template)
{
    struct rd ref, usage;

    if (tlv_find(template, KEY_REF, &ref) != ERR_OK || ref.left != 1)
        return 0;
    if (tlv_find(template, KEY_USAGE, &usage) == ERR_OK &&
        (usage.left != 1 || usage.at[0] != USAGE_VERIFY))
        return 0;
    return pin_bit(ref.at[0]);
}

static enum verdict judge_key(struct rd template, uint32_t satisfied)
{
    uint32_t bit = key_of(template);

    if (bit == 0)
        return BAD;
    return (satisfied & bit) != 0 ? YES : NO;
}

static enum verdict judge(const struct tlv *sc, uint32_t satisfied, unsigned depth);

/* any: OR of the conditions; otherwise AND. None at all is bad. */
static enum verdict judge_list(struct rd list, uint32_t satisfied, bool any, unsigned depth)
{
    enum verdict so_far = BAD;
    bool first = true;

    while (list.left > 0) {
        struct tlv sc;
        enum verdict v;

        if (tlv_next(&list, &sc) != ERR_OK)
            return BAD;
        v = judge(&sc, satisfied, depth);
        if (v == (any ? YES : BAD))
            return v;
        if (first || v == (any ? BAD : NO))
            so_far = v;
        first = false;
    }
    return so_far;
}

static enum verdict judge(const struct tlv *sc, uint32_t satisfied, unsigned depth)
{
    enum verdict v;

    if (depth == DEPTH_MAX)
        return BAD;
    switch (sc->tag) {
    case SC_ALWAYS:
        return sc->value.left == 0 ? YES : BAD;
    case SC_NEVER:
        return NO;
    case SC_COMPACT:
        return sc->value.left == 1 ? judge_byte(sc->value.at[0], satisfied) : BAD;
    case SC_KEY:
        return judge_key(sc->value, satisfied);
    case SC_OR:
        return judge_list(sc->value, satisfied, true, depth + 1);
    case SC_AND:
        return judge_list(sc->value, satisfied, false, depth + 1);
    case SC_NOT:
        v = judge_list(sc->value, satisfied, true, depth + 1);
        return v == BAD ? BAD : v == YES ? NO : YES;
    default:
        return BAD;
    }
}

/* ---- access modes ---- */

static bool is_am(uint32_t tag)
{
    return tag >= AM_BITS && tag <= (AM_HEADER | 0x0F);
}

static bool has_ins(enum fs_access access, uint8_t ins)
{
    for (size_t i = 0; i < sizeof modes[access].ins && modes[access].ins[i] != 0; i++) {
        if (modes[access].ins[i] == ins)
            return true;
    }
    return false;
}

/* One description of a command header, of the parts that shape names. The instruction that is asked
 * for is the command's if there is one, else any that asks for the access. */
static bool header_fits(uint32_t shape, struct rd *value, const struct fs_question *q, bool *bad)
{
    static const uint8_t parts[] = {AM_HAS_CLA, AM_HAS_INS, AM_HAS_P1, AM_HAS_P2};
    const struct apdu *c = q->cmd;
    bool fits = true;

    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        uint8_t byte;

        if ((shape & parts[i]) == 0)
            continue;
        if (rd_u8(value, &byte) != ERR_OK) {
            *bad = true;
            return false;
        }
        if (c == NULL)
            fits = fits && parts[i] == AM_HAS_INS && has_ins(q->access, byte);
        else if (parts[i] == AM_HAS_INS)
            fits = fits && byte == c->ins && has_ins(q->access, byte);
        else
            fits = fits && byte == (parts[i] == AM_HAS_CLA  ? c->cla
                                    : parts[i] == AM_HAS_P1 ? c->p1
                                                            : c->p2);
    }
    return fits;
}

static bool am_fits(const struct tlv *am, const struct fs_question *q)
{
    struct rd value = am->value;
    bool bad = false;

    if (am->tag == AM_BITS)
        return value.left == 1 && (value.at[0] & 0x80) == 0 &&
               (value.at[0] & modes[q->access].bit) != 0;
    while (value.left > 0 && !bad) {
        if (header_fits(am->tag & 0x0F, &value, q, &bad))
            return true;
    }
    return false;
}

/* Does the header description speak of the access, in a way that only the command can tell? */
static bool am_depends(const struct tlv *am, enum fs_access access)
{
    bool one_command = modes[access].ins[1] == 0;
    struct rd value = am->value;
    uint8_t ins;

    if (am->tag == AM_BITS || (am->tag == (AM_HEADER | AM_HAS_INS) && one_command))
        return false;
    if (am->tag != (AM_HEADER | AM_HAS_INS))
        return true;
    while (rd_u8(&value, &ins) == ERR_OK) {
        if (has_ins(access, ins))
            return true;
    }
    return false;
}

/* ---- rules ---- */

/* One AM_DO (or several in a row) and the conditions behind it. */
struct clause {
    bool fits, depends;
    struct rd conditions;
};

/* The next clause; false at the end of the rule or where it is malformed. FF and 00 fill a record.
 */
static bool next_clause(struct rd *r, const struct fs_question *q, struct clause *out)
{
    struct clause c = {.conditions = RD(NULL, 0)};
    bool any_am = false;

    while (r->left > 0 && r->at[0] != 0xFF && r->at[0] != 0x00) {
        struct rd before = *r;
        struct tlv t;

        if (tlv_next(r, &t) != ERR_OK)
            return false;
        if (is_am(t.tag) && c.conditions.left == 0) {
            c.fits = c.fits || am_fits(&t, q);
            c.depends = c.depends || am_depends(&t, q->access);
            any_am = true;
        } else if (is_am(t.tag)) {
            *r = before;
            break;
        } else {
            c.conditions.at = c.conditions.left == 0 ? before.at : c.conditions.at;
            c.conditions.left = (size_t)(r->at - c.conditions.at);
        }
    }
    if (!any_am)
        return false;
    *out = c;
    return true;
}

bool fs_rule_permits(struct rd rule, const struct fs_question *q)
{
    struct clause c;

    while (next_clause(&rule, q, &c)) {
        if (c.fits)
            return judge_list(c.conditions, q->satisfied, true, 0) == YES;
    }
    return false;
}

bool fs_rule_permits_compact(struct rd value, const struct fs_question *q)
{
    uint8_t am, sc;

    if (rd_u8(&value, &am) != ERR_OK || (am & 0x80) != 0)
        return false;
    for (uint8_t bit = 0x40; bit != 0; bit = (uint8_t)(bit >> 1)) {
        if ((am & bit) == 0)
            continue;
        if (rd_u8(&value, &sc) != ERR_OK)
            return false;
        if (bit == modes[q->access].bit)
            return judge_byte(sc, q->satisfied) == YES;
    }
    return false;
}

/* Is the list an OR of keys, always and never? Then collect it. */
static bool collect_any(struct rd list, struct fs_decision *d, unsigned depth)
{
    while (list.left > 0) {
        struct tlv sc;

        if (depth == DEPTH_MAX || tlv_next(&list, &sc) != ERR_OK)
            return false;
        if (sc.tag == SC_KEY)
            d->keys |= key_of(sc.value);
        else if (sc.tag == SC_ALWAYS && sc.value.left == 0)
            d->kind = FS_DECIDE_ALWAYS;
        else if (sc.tag == SC_OR) {
            if (!collect_any(sc.value, d, depth + 1))
                return false;
        } else if (sc.tag != SC_NEVER)
            return false;
    }
    return true;
}

/* Is the list one AND of keys? */
static bool collect_all(struct rd list, struct fs_decision *d)
{
    struct tlv sc;

    if (tlv_next(&list, &sc) != ERR_OK || sc.tag != SC_AND || list.left > 0)
        return false;
    for (list = sc.value; list.left > 0;) {
        uint32_t bit;

        if (tlv_next(&list, &sc) != ERR_OK || sc.tag != SC_KEY || (bit = key_of(sc.value)) == 0)
            return false;
        d->keys |= bit;
    }
    return d->keys != 0;
}

static struct fs_decision decide(struct rd conditions)
{
    struct fs_decision d = {.kind = FS_DECIDE_ANY};

    if (collect_any(conditions, &d, 0)) {
        if (d.kind == FS_DECIDE_ANY && d.keys == 0)
            d.kind = FS_DECIDE_NEVER;
        return d;
    }
    d = (struct fs_decision){.kind = FS_DECIDE_ALL};
    if (collect_all(conditions, &d))
        return d;
    return (struct fs_decision){.kind = FS_DECIDE_RULE};
}

struct fs_decision fs_rule_decide(struct rd rule, enum fs_access access)
{
    struct fs_question q = {.access = access};
    struct clause c;

    while (next_clause(&rule, &q, &c)) {
        if (c.depends)
            return (struct fs_decision){.kind = FS_DECIDE_RULE};
        if (c.fits)
            return decide(c.conditions);
    }
    return (struct fs_decision){.kind = FS_DECIDE_SILENT};
}
