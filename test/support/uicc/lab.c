#include "test/support/uicc/lab.h"

#include "apdu/crypto.h"
#include "apdu/hex.h"
#include "uicc/pin/pin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RULE_LEN  64
#define NODES_MAX 80
#define BANK_SIZE (24U * 1024)

#define PIN1 "A406830101950108"
#define PIN2 "A406830181950108"
#define ADM1 "A40683010A950108"
#define ADM2 "A40683010B950108"

enum {
    RULE_DF = 1,
    RULE_ALW_PIN,
    RULE_PIN_ADM,
    RULE_PIN_PIN_INCREASE,
    RULE_ALW_ADM,
    RULE_PIN_PIN,
    RULE_FREE,
};

const char *const lab_rules[LAB_RULES_MAX] = {
    "8001019000 80017E" ADM1, "8001019000 800102" PIN1 " 80017C" ADM1 " 8401D4" ADM1,
    "800101" PIN1 " 80017A" ADM1, "800103" PIN1 " 840132" PIN1 " 800178" ADM1,
    "8001019000 80017A" ADM1, "800103" PIN1 " 80017C" ADM1, "80017F9000 8401D49000",
    /* forms, from LAB_FIRST_FORM on: each says something of reading alone (01), updating is free */
    "8001029000 8001019700",                    /* never */
    "8001029000 800101A010" PIN1 ADM1,          /* one of two */
    "8001029000 800101AF10" PIN1 ADM1,          /* both */
    "8001029000 800101A708" PIN1,               /* not */
    "8001029000",                               /* no rule: never */
    "8001029000 8401B0" ADM1 " 8001019000",     /* by instruction, before the bits */
    "8001029000 8701B0000090 00",               /* 87 INS P1 P2, malformed tuple */
    "8001029000 8703B000009000",                /* INS P1 P2 = B0 00 00: always */
    "8001029000 8C0200B0" ADM1 " 8C0201B09000", /* CLA INS */
    "8001029000 8001019E0190",                  /* compact byte: user */
    "8001029000 8001019E01FF",                  /* compact byte: never */
    "8001029000 800101A406830101950180",        /* another usage than verification */
    "8001029000 800101A708A406830101950180",    /* not of what cannot be judged */
    "8001029000 800101AF12" PIN1 "A708" ADM1,   /* PIN1 and not ADM1 */
    "8001029000 800101B40683010195 0110",       /* secure messaging */
    "8001029000 8001019000 80010197 00",        /* the first that fits decides */
    "8001029000 800101" PIN1 ADM1,              /* two conditions in a row: or */
    "8001029000 8401B28401B09000",              /* two access modes, one condition */
    "800102",                                   /* cut short */
    "8001029000 800101A00AAF08" PIN1,           /* templates in templates */
};

size_t lab_rule_count(void)
{
    size_t n = 0;

    while (n < LAB_RULES_MAX && lab_rules[n] != NULL)
        n++;
    return n;
}

/* ---- the profile ---- */

struct lab {
    struct fs_file files[NODES_MAX];
    uint16_t count;
    struct profile profile;
    uint8_t rules[LAB_RULES_MAX][RULE_LEN];
    uint8_t ramp[300];
    uint8_t pool[1024];
    struct wr contents;
};

static void must(bool ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "lab: %s\n", what);
    abort();
}

static struct fs_file *add(struct lab *lab, uint16_t parent, uint16_t fid, enum fs_kind kind,
                           uint8_t rule)
{
    struct fs_file *f = &lab->files[lab->count++];

    must(lab->count <= NODES_MAX, "too many files");
    f->fid = fid;
    f->parent = parent;
    f->kind = (uint8_t)kind;
    f->arr_fid = 0x2F06;
    f->arr_record = rule;
    return f;
}

static uint16_t last(const struct lab *lab)
{
    return (uint16_t)(lab->count - 1);
}

static void set_records(struct fs_file *f, uint16_t len, uint8_t count)
{
    f->record_len = len;
    f->record_count = count;
    f->size = (uint32_t)len * count;
}

static void set_content(struct lab *lab, struct fs_file *f, const char *hex)
{
    size_t start = lab->contents.len;

    must(hex_decode(hex, &lab->contents) == ERR_OK, hex);
    f->content = lab->contents.base + start;
    f->content_len = (uint32_t)(lab->contents.len - start);
    if (f->size == 0)
        f->size = f->content_len;
}

static void add_rules(struct lab *lab)
{
    struct fs_file *f = add(lab, NODE_MF, 0x2F06, FS_LINEAR, RULE_ALW_ADM);

    f->sfi = 0x06;
    memset(lab->rules, 0xFF, sizeof lab->rules);
    for (size_t i = 0; i < lab_rule_count(); i++) {
        struct wr w = WR(lab->rules[i], RULE_LEN);

        must(hex_decode(lab_rules[i], &w) == ERR_OK, lab_rules[i]);
    }
    set_records(f, RULE_LEN, (uint8_t)lab_rule_count());
    f->content = lab->rules[0];
    f->content_len = f->size;
}

static void add_mf(struct lab *lab)
{
    struct fs_file *f;

    add(lab, NODE_MF, 0x3F00, FS_MF, RULE_DF);
    f = add(lab, NODE_MF, 0x2F00, FS_LINEAR, RULE_ALW_ADM);
    f->sfi = 0x1E;
    set_records(f, 16, 3);
    set_content(lab, f,
                "610B4F09" LAB_AID1 "FFFFFF 610B4F09" LAB_AID2 "FFFFFF 61094F07" LAB_AID3
                "FFFFFFFFFF");
    add_rules(lab);
    f = add(lab, NODE_MF, 0x2F08, FS_TRANSPARENT, RULE_ALW_ADM);
    f->sfi = 0x08;
    set_content(lab, f, "3CFF020000");
    f = add(lab, NODE_MF, 0x2FE2, FS_TRANSPARENT, RULE_ALW_ADM);
    f->sfi = 0x02;
    set_content(lab, f, "988812010000400310F0");
}

static void add_dfs(struct lab *lab)
{
    struct fs_file *f;
    uint16_t df;

    add(lab, NODE_MF, 0x7F10, FS_DF, RULE_DF);
    df = last(lab);
    f = add(lab, df, 0x6F01, FS_TRANSPARENT, RULE_ALW_PIN);
    for (size_t i = 0; i < sizeof lab->ramp; i++)
        lab->ramp[i] = (uint8_t)i;
    f->size = f->content_len = sizeof lab->ramp;
    f->content = lab->ramp;
    add(lab, df, 0x5F01, FS_DF, RULE_DF);
    f = add(lab, last(lab), 0x4F01, FS_TRANSPARENT, RULE_FREE);
    set_content(lab, f, "4F014F01");
    add(lab, NODE_MF, 0x7F11, FS_DF, RULE_DF);
}

static void set_aid(struct lab *lab, struct fs_file *f, const char *hex)
{
    size_t start = lab->contents.len;

    must(hex_decode(hex, &lab->contents) == ERR_OK, hex);
    f->aid = lab->contents.base + start;
    f->aid_len = (uint8_t)(lab->contents.len - start);
}

/* One file per rule, FID 6F30 and up. */
static void add_ruled(struct lab *lab, uint16_t adf)
{
    for (size_t i = 0; i < lab_rule_count(); i++) {
        struct fs_file *f = add(lab, adf, (uint16_t)(0x6F30 + i), FS_TRANSPARENT, (uint8_t)(i + 1));

        set_content(lab, f, "A5A5A5A5");
    }
}

static uint16_t add_application(struct lab *lab)
{
    struct fs_file *f;
    uint16_t adf, imsi;

    set_aid(lab, add(lab, NODE_MF, 0x7FF0, FS_ADF, RULE_DF), LAB_AID1);
    adf = last(lab);
    f = add(lab, adf, 0x6F07, FS_TRANSPARENT, RULE_PIN_ADM);
    f->sfi = 0x07;
    set_content(lab, f, "080910101032547698");
    imsi = last(lab);
    f = add(lab, adf, 0x6F10, FS_LINEAR, RULE_ALW_PIN);
    f->sfi = 0x10;
    set_records(f, 6, 4);
    set_content(lab, f, "010101AABBCC 020202AABBFF 0303CCAABB03 040404040404");
    f = add(lab, adf, 0x6F11, FS_CYCLIC, RULE_PIN_PIN_INCREASE);
    f->sfi = 0x11;
    set_records(f, 3, 4);
    set_content(lab, f, "000003 000002 000001 000000");
    f = add(lab, adf, 0x6F12, FS_BER_TLV, RULE_PIN_PIN);
    f->sfi = 0x12;
    f->size = 1024;
    f = add(lab, adf, 0x6F13, FS_TRANSPARENT, RULE_FREE);
    f->flags = FS_NOT_SHAREABLE;
    set_content(lab, f, "13131313");
    f = add(lab, adf, 0x6F14, FS_TRANSPARENT, RULE_FREE);
    f->flags = FS_WHEN_DEACTIVATED | FS_HIGH_UPDATE;
    set_content(lab, f, "14141414");
    add_ruled(lab, adf);
    return imsi;
}

/* DF.GSM, whose IMSI is the application's. */
static void add_gsm(struct lab *lab, uint16_t imsi)
{
    struct fs_file *f;
    uint16_t df;

    add(lab, NODE_MF, 0x7F20, FS_DF, RULE_DF);
    df = last(lab);
    f = add(lab, df, 0x6F07, FS_TRANSPARENT, RULE_PIN_ADM);
    f->size = 9;
    f->shares = imsi;
    f = add(lab, df, 0x6F3A, FS_LINEAR, RULE_PIN_PIN);
    set_records(f, 6, 4);
    set_content(lab, f, "010101AABBCC 020202AABBFF 020202030303 040404040404");
    f = add(lab, df, 0x6F39, FS_CYCLIC, RULE_PIN_PIN_INCREASE);
    set_records(f, 3, 2);
    set_content(lab, f, "000001 000000");
}

static const struct profile_pin pins[] = {
    {0x01, 3, 10}, {0x81, 3, 10}, {0x0A, 10, 0}, {0x0B, 3, 0}, {0x8A, 3, 0}, {0x11, 3, 10},
};

static void build(struct lab *lab)
{
    uint16_t imsi;

    lab->contents = WR_ARRAY(lab->pool);
    add_mf(lab);
    add_dfs(lab);
    imsi = add_application(lab);
    set_aid(lab, add(lab, NODE_MF, 0x7FF1, FS_ADF, RULE_DF), LAB_AID2);
    set_aid(lab, add(lab, NODE_MF, 0x7FF2, FS_ADF, RULE_DF), LAB_AID3);
    add_gsm(lab, imsi);
    lab->profile = (struct profile){
        .name = "lab",
        .files = lab->files,
        .file_count = lab->count,
        .pins = pins,
        .pin_count = ARRAY_LEN(pins),
        .ota_algorithm = SECPKT_AES,
        .ota_cc_len = SECPKT_CC_LEN,
        .sim_mode = true,
    };
}

/* ---- the card ---- */

static void set_value(uint8_t out[PIN_LEN], const char *hex)
{
    struct wr w = WR(out, PIN_LEN);

    must(hex_decode(hex, &w) == ERR_OK, hex);
}

static enum err write_pins(struct store *s, const struct profile *p, bool pin1_enabled)
{
    static const char *const values[] = {CARD_PIN1, CARD_PIN2, CARD_ADM1,
                                         LAB_ADM2,  LAB_ADM6,  LAB_UNIVERSAL};
    static const char *const unblock[] = {CARD_PUK1, CARD_PUK2, CARD_PUK1,
                                          CARD_PUK1, CARD_PUK1, CARD_PUK2};
    uint8_t v[ARRAY_LEN(values)][PIN_LEN], u[ARRAY_LEN(unblock)][PIN_LEN];

    for (size_t i = 0; i < ARRAY_LEN(values); i++) {
        set_value(v[i], values[i]);
        set_value(u[i], unblock[i]);
    }
    return pin_create(s, p, (const uint8_t(*)[PIN_LEN])v, (const uint8_t(*)[PIN_LEN])u,
                      pin1_enabled);
}

static void write_card(struct test_card *t, struct rd image, const struct profile *p,
                       bool pin1_enabled)
{
    static uint8_t block[1 << 16] __attribute__((aligned(16)));
    struct store_work *work = calloc(1, sizeof *work);
    struct crypto *crypto = crypto_new();
    uint8_t hash[SHA256_LEN];
    struct arena arena;
    struct store store;

    must(work != NULL && crypto != NULL, "memory");
    arena_init(&arena, block, sizeof block);
    must(crypto_sha256(crypto, image, hash) == ERR_OK, "hash");
    nvm_sim_init(&t->nvm, medium_size(image.left, BANK_SIZE));
    must(medium_format(&t->nvm.device, image, hash, BANK_SIZE) == ERR_OK, "format");
    must(store_create(&store, &t->nvm.device, &arena, work) == ERR_OK, "store");
    must(write_pins(&store, p, pin1_enabled) == ERR_OK, "PINs");
    must(store_commit(&store) == ERR_OK, "commit");
    store_close(&store);
    crypto_free(&crypto);
    free(work);
}

struct test_card *lab_new(bool pin1_enabled)
{
    struct test_card *t = card_defaults();
    struct lab *lab = calloc(1, sizeof *lab);
    uint8_t image[16384];
    struct wr w = WR_ARRAY(image);

    must(lab != NULL, "memory");
    build(lab);
    must(profile_store(&lab->profile, &w) == ERR_OK, "profile");
    write_card(t, RD_WR(&w), &lab->profile, pin1_enabled);
    free(lab);
    card_assemble(t);
    return t;
}
