/* Access rules as words, so that two cards' rules compare whatever records they stand in
 * (TS 102 221 9.2). */
#include "apdu/tlv.h"
#include "tools/compare/compare.h"

#include <string.h>

#define RULES_MAX 256
#define DEPTH_MAX 4

static const char *key_text(uint8_t reference)
{
    if (reference >= 0x01 && reference <= 0x08)
        return "PIN1";
    if (reference >= 0x81 && reference <= 0x88)
        return "PIN2";
    if (reference == 0x11)
        return "UPIN";
    /* Which of its keys an issuer takes is his own affair. */
    if ((reference & 0x7F) >= 0x0A && (reference & 0x7F) <= 0x0E)
        return "ADM";
    return "key";
}

static void add(char *text, const char *word, const char *between)
{
    size_t n = strlen(text);

    snprintf(text + n, COMPARE_RULE_MAX - n, "%s%s", n > 0 && text[n - 1] != '(' ? between : "",
             word);
}

static void condition(const struct tlv *t, char *text, const char *between, unsigned depth)
{
    struct rd inside = t->value, key;
    struct tlv part;

    if (t->tag == 0x90) {
        add(text, "always", between);
    } else if (t->tag == 0x97) {
        add(text, "never", between);
    } else if (t->tag == 0xA4) {
        if (tlv_find(t->value, 0x83, &key) == ERR_OK && key.left == 1)
            add(text, key_text(key.at[0]), between);
    } else if ((t->tag == 0xA0 || t->tag == 0xAF) && depth < DEPTH_MAX) {
        while (tlv_next(&inside, &part) == ERR_OK)
            condition(&part, text, t->tag == 0xA0 ? " or " : " and ", depth + 1);
    } else {
        add(text, "?", between);
    }
}

/* The AM bits of enum compare_mode. */
static const uint8_t mode_bits[COMPARE_MODES] = {0x01, 0x02, 0x08, 0x10};

static void read_rules(struct compare_file *f, struct rd rules)
{
    uint8_t modes = 0, said = 0;
    struct tlv t;

    while (rules.left > 0 && rules.at[0] != 0xFF && tlv_next(&rules, &t) == ERR_OK) {
        if (t.tag >= 0x80 && t.tag <= 0x8F) {
            said |= modes; /* the first rule for a mode decides */
            modes = t.tag == 0x80 && t.value.left == 1 ? (uint8_t)(t.value.at[0] & ~said) : 0;
            continue;
        }
        for (size_t i = 0; i < COMPARE_MODES; i++) {
            if ((modes & mode_bits[i]) != 0)
                condition(&t, f->rule[i], " and ", 0);
        }
    }
}

/* EF.ARR of the file's own DF, else the MF's (TS 102 221 9.2.7). */
static sw_t read_reference(struct compare_card *c, const struct compare_file *f, struct rd value,
                           struct wr *rules)
{
    uint16_t fid = (uint16_t)(value.at[0] << 8 | value.at[1]);
    uint8_t record = value.left == 3 ? value.at[2] : value.left >= 4 ? value.at[3] : 0;
    const uint8_t header[] = {0x00, INS_READ_RECORD, record, 0x04, 0x00};
    struct compare_path arr = f->path;
    uint8_t fcp[APDU_RESPONSE_MAX];
    struct wr w = WR_ARRAY(fcp);
    sw_t sw;

    arr.len = (uint8_t)(f->path.len > 0 ? f->path.len - 1 : 0);
    if (fid >> 8 == 0x2F)
        arr.len = 0;
    for (;;) {
        arr.fid[arr.len] = fid;
        arr.len++;
        sw = compare_select(c, &arr, &w);
        if (compare_is_ok(sw) || arr.len == 1)
            break;
        arr.len -= 2;
    }
    return compare_is_ok(sw) ? compare_send(c, header, RD(NULL, 0), rules) : sw;
}

void compare_rules(struct compare_card *c, struct compare_file *f, struct rd fcp)
{
    uint8_t bytes[RULES_MAX];
    struct wr w = WR_ARRAY(bytes);
    struct rd value;

    if (tlv_find(fcp, 0xAB, &value) == ERR_OK) {
        read_rules(f, value);
    } else if (tlv_find(fcp, 0x8B, &value) == ERR_OK && value.left >= 3) {
        if (compare_is_ok(read_reference(c, f, value, &w)))
            read_rules(f, RD_WR(&w));
        else
            add(f->rule[0], "unknown", "");
    } else {
        add(f->rule[0], "unknown", "");
    }
    /* What no rule names is never allowed. */
    for (size_t i = 0; i < COMPARE_MODES && strcmp(f->rule[0], "unknown") != 0; i++) {
        if (f->rule[i][0] == '\0')
            add(f->rule[i], "never", "");
    }
}
