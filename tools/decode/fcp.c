/* File control parameters (TS 102 221 11.1.1.3, 11.1.1.4), what SELECT answers in SIM mode
 * (TS 51.011 9.2.1), and the rules of EF.ARR (TS 102 221 9.2.7). */
#include "apdu/tlv.h"
#include "tools/decode/show.h"

#include <string.h>

static const char *structure(uint8_t type)
{
    if ((type & 0x3F) == 0x39)
        return "BER-TLV EF";
    if ((type & 0x38) == 0x38)
        return "DF";
    return (type & 7) == 1   ? "transparent EF"
           : (type & 7) == 2 ? "linear fixed EF"
           : (type & 7) == 6 ? "cyclic EF"
                             : "EF without structure";
}

static void show_descriptor(struct decode *d, struct tree_node *n, struct rd bytes)
{
    struct rd r = bytes;
    uint8_t type, coding, count;
    uint16_t len;

    if (rd_u8(&r, &type) != ERR_OK)
        return;
    tree_say(&d->tree, n, "structure", RD(bytes.at, 1), "%s%s, %s",
             (type & 0x38) == 0x08 ? "internal " : "", structure(type),
             (type & 0x40) != 0 ? "shareable" : "not shareable");
    if (rd_u8(&r, &coding) != ERR_OK || rd_u16(&r, &len) != ERR_OK)
        return;
    tree_rule(tree_say(&d->tree, n, "record length", RD(bytes.at + 2, 2), "%u", len), TREE_FREE);
    if (rd_u8(&r, &count) == ERR_OK)
        tree_rule(tree_say(&d->tree, n, "records", RD(bytes.at + 4, 1), "%u", count), TREE_FREE);
}

static void show_life_cycle(struct decode *d, struct tree_node *n, struct rd bytes)
{
    uint8_t v;

    if (rd_u8(&bytes, &v) == ERR_OK)
        tree_text(&d->tree, n, "%s",
                  v == 0               ? "no information"
                  : v == 1             ? "creation"
                  : v == 3             ? "initialisation"
                  : (v & 0xFD) == 0x05 ? "activated"
                  : (v & 0xFD) == 0x04 ? "deactivated"
                  : (v & 0xFC) == 0x0C ? "terminated"
                                       : "proprietary");
}

static void show_sfi(struct decode *d, struct tree_node *n, struct rd bytes)
{
    if (bytes.left == 0)
        tree_text(&d->tree, n, "none");
    else
        tree_text(&d->tree, n, "%02X", bytes.at[0] >> 3);
}

static void show_reference(struct decode *d, struct tree_node *n, struct rd bytes)
{
    uint16_t fid;
    uint8_t record;

    if (rd_u16(&bytes, &fid) != ERR_OK)
        return;
    if (bytes.left == 1 && rd_u8(&bytes, &record) == ERR_OK)
        tree_text(&d->tree, n, "record %u of EF.ARR %04X", record, fid);
    else
        tree_text(&d->tree, n, "EF.ARR %04X, by security environment", fid);
}

static const struct show_name characteristics[] = {
    {0, "clock may stop"},    {2, "at high level only"},
    {3, "at low level only"}, {4, "class A (5 V)"},
    {5, "class B (3 V)"},     {6, "class C (1.8 V)"},
    {7, "class D (1.2 V)"},   {0, NULL},
};

static void show_characteristics(struct decode *d, struct tree_node *n, struct rd bytes)
{
    show_bits(d, n, bytes, characteristics);
}

static void show_special(struct decode *d, struct tree_node *n, struct rd bytes)
{
    static const struct show_name special[] = {
        {7, "updated often"}, {6, "readable and updatable when deactivated"}, {0, NULL}};

    show_bits(d, n, bytes, special);
}

static const struct show_name commands_bits[] = {{0, "TERMINAL CAPABILITY"}, {0, NULL}};

static void show_commands(struct decode *d, struct tree_node *n, struct rd bytes)
{
    show_bits(d, n, bytes, commands_bits);
}

/* TS 102 221 11.1.1.4.6 */
static const struct show_tlv proprietary[] = {
    {0x80, "UICC characteristics", show_characteristics, TREE_EQUAL},
    {0x81, "application power consumption", NULL, TREE_FREE},
    {0x82, "minimum clock frequency", NULL, TREE_FREE},
    {0x83, "available memory", show_number, TREE_STATE},
    {0x84, "file details", NULL, TREE_EQUAL},
    {0x85, "reserved file size", show_number, TREE_FREE},
    {0x86, "maximum file size", show_number, TREE_FREE},
    {0x87, "supported commands", show_commands, TREE_FREE},
    {0x88, "environmental conditions", NULL, TREE_FREE},
    {0xC0, "special file information", show_special, TREE_FREE},
    {0xC1, "filling pattern", NULL, TREE_EQUAL},
    {0xC2, "repeat pattern", NULL, TREE_EQUAL},
    {0, NULL, NULL, TREE_EQUAL},
};

static void show_proprietary(struct decode *d, struct tree_node *n, struct rd bytes)
{
    show_tlvs(d, n, bytes, proprietary);
}

static const char *key_name(uint8_t reference)
{
    static const struct show_name keys[] = {
        {0x01, "PIN1"},  {0x02, "PIN1 of application 2"},
        {0x0A, "ADM1"},  {0x0B, "ADM2"},
        {0x0C, "ADM3"},  {0x0D, "ADM4"},
        {0x0E, "ADM5"},  {0x11, "universal PIN"},
        {0x81, "PIN2"},  {0x82, "PIN2 of application 2"},
        {0x8A, "ADM6"},  {0x8B, "ADM7"},
        {0x8C, "ADM8"},  {0x8D, "ADM9"},
        {0x8E, "ADM10"}, {0, NULL},
    };

    return show_name(keys, reference, "key");
}

/* 90 bitmap, then [95 usage] 83 reference for each key (TS 102 221 11.1.1.4.10). */
static void show_pin_status(struct decode *d, struct tree_node *n, struct rd bytes)
{
    struct rd whole = bytes, bitmap = {0};
    struct tlv t;
    size_t i = 0;

    if (tlv_find(bytes, 0x90, &bitmap) != ERR_OK) {
        tree_wrong(&d->tree, n, "no status of the PINs", bytes);
        return;
    }
    while (tlv_next(&whole, &t) == ERR_OK) {
        if (t.tag != 0x83 || t.value.left != 1)
            continue;
        tree_say(&d->tree, n, key_name(t.value.at[0]), t.value, "reference %02X, %s", t.value.at[0],
                 i / 8 < bitmap.left && (bitmap.at[i / 8] << i % 8 & 0x80) != 0 ? "enabled"
                                                                                : "disabled");
        i++;
    }
}

static void show_compact(struct decode *d, struct tree_node *n, struct rd bytes);

static const struct show_tlv template_rows[] = {
    {0x82, "file descriptor", show_descriptor, TREE_EQUAL},
    {0x83, "file id", show_fid, TREE_EQUAL},
    {0x84, "DF name", show_aid, TREE_FREE},
    {0xA5, "proprietary information", show_proprietary, TREE_FREE},
    {0x8A, "life cycle", show_life_cycle, TREE_EQUAL},
    {0x8B, "access rule", show_reference, TREE_FREE},
    {0x8C, "access rule, compact", show_compact, TREE_FREE},
    {0xAB, "access rule, expanded", show_arr_rules, TREE_FREE},
    {0xC6, "PINs", show_pin_status, TREE_FREE},
    {0x80, "file size", show_number, TREE_FREE},
    {0x81, "total size", show_number, TREE_FREE},
    {0x88, "short file id", show_sfi, TREE_FREE},
    {0, NULL, NULL, TREE_EQUAL},
};

/* An application is known by its name; its file id is the card's own affair. */
static void show_template(struct decode *d, struct tree_node *n, struct rd bytes)
{
    struct rd name;

    show_tlvs(d, n, bytes, template_rows);
    if (n == NULL || tlv_find(bytes, 0x84, &name) != ERR_OK)
        return;
    for (struct tree_node *part = n->first; part != NULL; part = part->next) {
        if (strcmp(part->name, "file id") == 0)
            tree_rule(part, TREE_FREE);
    }
}

void show_fcp(struct decode *d, struct tree_node *n, struct rd bytes)
{
    struct tlv t;

    if (tlv_next(&bytes, &t) != ERR_OK) {
        tree_wrong(&d->tree, n, "no template", bytes);
    } else if (t.tag == 0x62) {
        show_template(d, tree_add(&d->tree, n, "file control parameters", t.value), t.value);
    } else if (t.tag == 0x84) { /* STATUS of a DF name */
        struct tree_node *name = tree_add(&d->tree, n, "DF name", t.value);

        tree_rule(name, TREE_FREE);
        show_aid(d, name, t.value);
    } else {
        tree_say(&d->tree, n, "template", t.value, "tag %X", t.tag);
    }
}

/* --- access rules --- */

static const struct show_name modes[] = {
    {0, "read"},       {1, "update"},   {2, "write, or create DF"},
    {3, "deactivate"}, {4, "activate"}, {5, "terminate"},
    {6, "delete"},     {0, NULL},
};

static void modes_text(struct decode *d, struct tree_node *n, uint8_t bits)
{
    bool any = false;

    for (const struct show_name *m = modes; m->name != NULL; m++) {
        if ((bits >> m->value & 1) == 0)
            continue;
        if (any)
            tree_append(&d->tree, n, "%s", m->name);
        else
            tree_text(&d->tree, n, "%s", m->name);
        any = true;
    }
}

static void show_compact(struct decode *d, struct tree_node *n, struct rd bytes)
{
    if (bytes.left > 0)
        modes_text(d, n, bytes.at[0]);
}

/* One condition; an OR or AND holds more of them. */
static void condition(struct decode *d, struct tree_node *n, const struct tlv *t, unsigned depth)
{
    struct rd key, inside = t->value;
    struct tlv part;
    struct tree_node *o;

    switch (t->tag) {
    case 0x90:
        tree_say(&d->tree, n, "condition", RD(NULL, 0), "always");
        return;
    case 0x97:
        tree_say(&d->tree, n, "condition", RD(NULL, 0), "never");
        return;
    case 0xA4:
        if (tlv_find(t->value, 0x83, &key) == ERR_OK && key.left == 1)
            tree_say(&d->tree, n, "condition", RD(NULL, 0), "%s (%02X)", key_name(key.at[0]),
                     key.at[0]);
        return;
    case 0xA0:
    case 0xAF:
    case 0xA7:
        o = tree_say(&d->tree, n, "condition", RD(NULL, 0), "%s",
                     t->tag == 0xA0   ? "one of"
                     : t->tag == 0xAF ? "all of"
                                      : "none of");
        while (depth < 4 && tlv_next(&inside, &part) == ERR_OK)
            condition(d, o, &part, depth + 1);
        return;
    default:
        tree_say(&d->tree, n, "condition", t->value, "tag %X", t->tag);
    }
}

void show_arr_rules(struct decode *d, struct tree_node *n, struct rd bytes)
{
    struct tree_node *rule = NULL;
    struct tlv t;

    while (bytes.left > 0 && bytes.at[0] != 0xFF) {
        enum err e = tlv_next(&bytes, &t);

        if (e != ERR_OK) {
            tree_wrong(&d->tree, n, err_text(e), bytes);
            return;
        }
        if (t.tag == 0x80 && t.value.left == 1) {
            rule = tree_add(&d->tree, n, "to", RD(NULL, 0));
            modes_text(d, rule, t.value.at[0]);
        } else if (t.tag >= 0x81 && t.tag <= 0x8F) {
            rule = tree_say(&d->tree, n, "to", t.value, "a command by its header");
        } else {
            condition(d, rule != NULL ? rule : n, &t, 0);
        }
    }
}

/* TS 51.011 9.2.1: MF and DFs have 22 bytes and more, EFs 14 and more. */
void show_sim_select(struct decode *d, struct tree_node *n, struct rd bytes)
{
    static const struct show_name types[] = {{1, "MF"}, {2, "DF"}, {4, "EF"}, {0, NULL}};
    static const struct show_name structures[] = {
        {0, "transparent"}, {1, "linear fixed"}, {3, "cyclic"}, {0, NULL}};
    const uint8_t *b = bytes.at;

    if (bytes.left < 13)
        return;
    tree_say(&d->tree, n, "file id", RD(b + 4, 2), "%02X%02X", b[4], b[5]);
    tree_say(&d->tree, n, "type", RD(b + 6, 1), "%s", show_name(types, b[6], "unknown"));
    tree_rule(tree_say(&d->tree, n, b[6] == 4 ? "size" : "free memory", RD(b + 2, 2), "%u",
                       (unsigned)(b[2] << 8 | b[3])),
              b[6] == 4 ? TREE_FREE : TREE_STATE);
    if (b[6] == 4 && bytes.left >= 14) {
        tree_rule(tree_say(&d->tree, n, "access", RD(b + 8, 3),
                           "read %X, update %X, increase %X, activate %X, deactivate %X", b[8] >> 4,
                           b[8] & 15, b[9] >> 4, b[10] >> 4, b[10] & 15),
                  TREE_FREE);
        tree_say(&d->tree, n, "status", RD(b + 11, 1), "%s",
                 (b[11] & 1) != 0 ? "not invalidated" : "invalidated");
        tree_say(&d->tree, n, "structure", RD(b + 13, 1), "%s",
                 show_name(structures, b[13], "unknown"));
        if (bytes.left >= 15 && b[13] != 0)
            tree_rule(tree_say(&d->tree, n, "record length", RD(b + 14, 1), "%u", b[14]),
                      TREE_FREE);
    } else if (bytes.left >= 22) {
        tree_say(&d->tree, n, "CHV1", RD(b + 13, 1), "%s, %u tries left, %u of UNBLOCK",
                 (b[13] & 0x80) != 0 ? "disabled" : "enabled", b[18] & 15, b[19] & 15);
        tree_rule(tree_say(&d->tree, n, "DFs and EFs", RD(b + 14, 2), "%u and %u", b[14], b[15]),
                  TREE_FREE);
    }
}
