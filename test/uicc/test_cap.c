/* Tests of uicc/applet/cap.h and of LOAD. Goal: a load file is taken only if every byte of its
 * structure holds; whatever else comes leaves nothing behind. Method: a small file of our own, and
 * one thing wrong in it at a time; then all truncations and many random changes. */
#include "apdu/hex.h"
#include "apdu/tlv.h"
#include "test/support/hexrow.h"
#include "test/support/runner.h"
#include "test/support/uicc/offcard.h"
#include "uicc/applet/cap.h"
#include "uicc/applet/manage.h"

#include <stdio.h>
#include <string.h>

#define ISD     "A000000151000000"
#define PACKAGE "F0CC00000001"
#define MODULE  "F0CC0000000101"

/* The components of a package with one applet, by tag; sizes in the directory are filled in. */
static const struct {
    uint8_t tag;
    const char *info;
} good[] = {
    {1, "DECAFFED 02 02 04 00 01 06 " PACKAGE " 00"},
    {2, "0000 0000 0000 0000 0000 0000 0000 0000 0000 0000 0000 0000 0004 0000 0000 01 01 00"},
    {4, "01 06 01 07 A0000000620101"},
    {3, "01 07 " MODULE " 0009"},
    {6, "0000 00 8003 00 FF 00 07 01 00 00 000D"},
    {7, "01 0009 8004 000B 0000  0110 187A 0110 1878"},
    {8, "0004 0000 0000 0002 0002 ABCD"},
    {5, "0003 01800300 06000009 05000002"},
    {9, "0001 0A 0001 0B"},
    {11, "01 00 01 0002 00 0000 0001 00 01 0009 0000 0002 0001 0000 0003 0001 0001 0001 01 10"},
};

#define PARTS ARRAY_LEN(good)

struct parts {
    struct hexrow row[PARTS];
    struct rd info[PARTS];
    bool left_out[PARTS];
};

static void parts_init(struct parts *p)
{
    memset(p, 0, sizeof *p);
    for (size_t i = 0; i < PARTS; i++)
        p->info[i] = hexrow(&p->row[i], good[i].info);
}

static size_t part_of(uint8_t tag)
{
    size_t i = 0;

    while (good[i].tag != tag)
        i++;
    return i;
}

static void fill_directory(struct parts *p)
{
    uint8_t *directory = p->row[part_of(2)].bytes;

    for (size_t i = 0; i < PARTS; i++) {
        size_t at = (good[i].tag - 1U) * 2;

        directory[at] = (uint8_t)(p->info[i].left >> 8);
        directory[at + 1] = (uint8_t)p->info[i].left;
    }
}

static void write_file(const struct parts *p, struct wr *w)
{
    for (size_t i = 0; i < PARTS; i++) {
        if (p->left_out[i])
            continue;
        wr_u8(w, good[i].tag);
        wr_u16(w, (uint16_t)p->info[i].left);
        wr_rd(w, p->info[i]);
    }
}

static size_t good_file(uint8_t *out, size_t cap)
{
    struct parts p;
    struct wr w = WR(out, cap);

    parts_init(&p);
    fill_directory(&p);
    write_file(&p, &w);
    ck_assert_int_eq(wr_result(&w), ERR_OK);
    return w.len;
}

START_TEST(cap_check_takes_a_sound_file)
{
    uint8_t bytes[600];
    struct applet_cap cap;
    size_t n = good_file(bytes, sizeof bytes);

    ck_assert_int_eq(applet_cap_check(RD(bytes, n), &cap), ERR_OK);
    hexrow_assert(RD_AID(&cap.package), PACKAGE, "package");
    ck_assert_uint_eq(cap.module_count, 1);
    hexrow_assert(RD_AID(&cap.modules[0]), MODULE, "module");
    ck_assert_uint_eq(cap.version[0], 1);
    ck_assert_uint_eq(cap.version[1], 0);
    ck_assert(!cap.integers);
}
END_TEST

/* One byte of one component is another. */
static const struct {
    const char *what;
    uint8_t tag;
    uint8_t at, value;
    enum err want;
} wrong[] = {
    {"magic", 1, 0, 0xDF, ERR_FORMAT},
    {"format 3", 1, 5, 3, ERR_UNSUPPORTED},
    {"unknown flag", 1, 6, 0x0C, ERR_UNSUPPORTED},
    {"flag says export", 1, 6, 0x06, ERR_FORMAT},
    {"flag says no applet", 1, 6, 0x00, ERR_FORMAT},
    {"AID too short", 1, 9, 4, ERR_RANGE},
    {"AID past the end", 1, 9, 9, ERR_SHORT},
    {"name past the end", 1, 16, 1, ERR_SHORT},
    {"directory: another size", 2, 13, 0x44, ERR_FORMAT},
    {"directory: a component that is not there", 2, 19, 1, ERR_FORMAT},
    {"directory: imports", 2, 30, 2, ERR_RANGE},
    {"directory: applets", 2, 31, 2, ERR_RANGE},
    {"directory: no applets", 2, 31, 0, ERR_RANGE},
    {"directory: static image", 2, 25, 3, ERR_FORMAT},
    {"directory: custom", 2, 32, 1, ERR_SHORT},
    {"import count", 4, 0, 2, ERR_RANGE},
    {"import AID", 4, 3, 17, ERR_SHORT},
    {"applet: install before the methods", 3, 10, 8, ERR_RANGE},
    {"applet: install past the methods", 3, 10, 17, ERR_RANGE},
    {"class: super in no package", 6, 3, 0x81, ERR_RANGE},
    {"class: super past the classes", 6, 3, 0x01, ERR_RANGE},
    {"class: method table", 6, 13, 0x11, ERR_RANGE},
    {"class: more methods than there are", 6, 9, 2, ERR_SHORT},
    {"class: an interface that is not there", 6, 2, 1, ERR_SHORT},
    {"class: signature pool", 6, 1, 0x40, ERR_SHORT},
    {"method: handlers past the end", 7, 0, 3, ERR_RANGE},
    {"method: handler starts in the table", 7, 2, 8, ERR_RANGE},
    {"method: handler protects too much", 7, 4, 9, ERR_RANGE},
    {"method: handler leads out", 7, 6, 17, ERR_RANGE},
    {"method: handler of no type", 7, 8, 3, ERR_RANGE},
    {"static: image", 8, 1, 5, ERR_FORMAT},
    {"static: references", 8, 3, 1, ERR_RANGE},
    {"static: arrays", 8, 5, 1, ERR_SHORT},
    {"static: values", 8, 9, 3, ERR_SHORT},
    {"pool: count", 5, 1, 4, ERR_SHORT},
    {"pool: fewer", 5, 1, 2, ERR_FORMAT},
    {"pool: tag 0", 5, 2, 0, ERR_RANGE},
    {"pool: tag 7", 5, 2, 7, ERR_RANGE},
    {"pool: class of no package", 5, 3, 0x81, ERR_RANGE},
    {"pool: padding", 5, 5, 1, ERR_RANGE},
    {"pool: method in no package", 5, 7, 0x81, ERR_RANGE},
    {"pool: method outside", 5, 9, 0x11, ERR_RANGE},
    {"pool: padding of a method", 5, 7, 1, ERR_RANGE},
    {"pool: field outside", 5, 13, 4, ERR_RANGE},
    {"locations: before the methods", 9, 2, 8, ERR_RANGE},
    {"locations: past the methods", 9, 2, 17, ERR_RANGE},
    {"locations: two bytes at the last one", 9, 5, 16, ERR_RANGE},
    {"locations: count", 9, 4, 2, ERR_SHORT},
    {"descriptor: classes", 11, 0, 2, ERR_SHORT},
    {"descriptor: class outside", 11, 4, 0x7F, ERR_RANGE},
    {"descriptor: code past the end", 11, 17, 9, ERR_RANGE},
    {"descriptor: method outside", 11, 13, 17, ERR_RANGE},
    {"descriptor: types", 11, 23, 2, ERR_RANGE},
    {"descriptor: nibbles", 11, 30, 9, ERR_SHORT},
};

START_TEST(cap_check_refuses_wrong_byte)
{
    uint8_t bytes[600];
    struct parts p;
    struct wr w = WR_ARRAY(bytes);
    struct applet_cap cap;
    size_t i = part_of(wrong[_i].tag);
    enum err e;

    parts_init(&p);
    fill_directory(&p);
    ck_assert_uint_lt(wrong[_i].at, p.info[i].left);
    ck_assert_uint_ne(p.row[i].bytes[wrong[_i].at], wrong[_i].value);
    p.row[i].bytes[wrong[_i].at] = wrong[_i].value;
    write_file(&p, &w);
    e = applet_cap_check(RD_WR(&w), &cap);
    ck_assert_msg(e == wrong[_i].want, "%s: got %s", wrong[_i].what, err_text(e));
}
END_TEST

START_TEST(cap_check_needs_its_components_once)
{
    uint8_t bytes[900];
    struct applet_cap cap;

    for (size_t i = 0; i < PARTS; i++) {
        struct wr w = WR_ARRAY(bytes);
        struct parts p;

        parts_init(&p);
        fill_directory(&p);
        p.left_out[i] = true;
        write_file(&p, &w);
        ck_assert_int_eq(applet_cap_check(RD_WR(&w), &cap),
                         good[i].tag == 11 ? ERR_OK : ERR_FORMAT);
        p.left_out[i] = false;
        w.len = 0;
        write_file(&p, &w);
        wr_u8(&w, good[i].tag);
        wr_u16(&w, (uint16_t)p.info[i].left);
        wr_rd(&w, p.info[i]);
        ck_assert_int_eq(applet_cap_check(RD_WR(&w), &cap), ERR_FORMAT);
    }
    ck_assert_int_eq(applet_cap_check(RD(NULL, 0), &cap), ERR_FORMAT);
}
END_TEST

START_TEST(cap_check_reads_an_export)
{
    static const char *const exports[] = {"01 0002 01 01 0002 0009", "01 00FF 01 01 0002 0009",
                                          "01 0002 01 01 0004 0009", "01 0002 01 01 0002 0008",
                                          "02 0002 01 01 0002 0009"};
    static const enum err want[] = {ERR_OK, ERR_RANGE, ERR_RANGE, ERR_RANGE, ERR_SHORT};

    for (size_t n = 0; n < ARRAY_LEN(exports); n++) {
        uint8_t bytes[600];
        struct wr w = WR_ARRAY(bytes);
        struct hexrow row;
        struct rd export = hexrow(&row, exports[n]);
        struct applet_cap cap;
        struct parts p;

        parts_init(&p);
        fill_directory(&p);
        p.row[part_of(1)].bytes[6] = 0x06;
        p.row[part_of(2)].bytes[19] = (uint8_t) export.left;
        write_file(&p, &w);
        wr_u8(&w, 10);
        wr_u16(&w, (uint16_t) export.left);
        wr_rd(&w, export);
        ck_assert_int_eq(applet_cap_check(RD_WR(&w), &cap), want[n]);
    }
}
END_TEST

/* C30: nothing that is cut or changed gets further than this, or does harm here. */
START_TEST(sec_C30_cap_check_survives_anything)
{
    uint8_t bytes[600];
    size_t n = good_file(bytes, sizeof bytes), whole;
    struct hexrow row;
    struct applet_cap cap;

    /* the descriptor may be left out (JCVM 6.14) */
    whole = n - 3 - hexrow(&row, good[PARTS - 1].info).left;

    for (size_t cut = 0; cut < n; cut++) {
        enum err e = applet_cap_check(RD(bytes, cut), &cap);

        ck_assert_msg((e == ERR_OK) == (cut == whole), "cut at %zu: %s", cut, err_text(e));
    }
    for (uint64_t seed = 0; seed < 50000; seed++) {
        uint64_t state = seed;
        uint8_t changed[600];

        memcpy(changed, bytes, n);
        for (int i = 0; i < 3; i++)
            changed[nvm_sim_random(&state) % n] = (uint8_t)nvm_sim_random(&state);
        (void)!applet_cap_check(RD(changed, n), &cap);
    }
}
END_TEST

/* ---- LOAD ---- */

static struct test_card *t;
static struct offcard *h;

static void setup(void)
{
    t = card_new();
    h = offcard_new(t);
    ck_assert_str_eq(offcard_open(h, ISD, 0x31, 0x33), "9000");
}

static void teardown(void)
{
    offcard_free(&h);
    card_free(&t);
}

#define INSTALL_FOR_LOAD "80E602000B 06" PACKAGE " 00 00 00 00"
#define LIST_FILE        "80F21002084F06" PACKAGE

/* C4 L file, as one piece of bytes. */
static size_t load_file(uint8_t *out, size_t cap)
{
    uint8_t file[600];
    struct wr w = WR(out, cap);
    size_t n = good_file(file, sizeof file);

    tlv_write(&w, 0xC4, RD(file, n));
    ck_assert_int_eq(wr_result(&w), ERR_OK);
    return w.len;
}

static const char *load_block(const uint8_t *bytes, size_t n, uint8_t number, bool last)
{
    uint8_t command[300];
    char hex[700];
    struct wr w = WR_ARRAY(command);

    wr_bytes(&w, (const uint8_t[]){0x80, 0xE8, last ? 0x80 : 0x00, number, (uint8_t)n}, 5);
    wr_bytes(&w, bytes, n);
    ck_assert_int_eq(hex_encode(RD_WR(&w), hex, sizeof hex), ERR_OK);
    return offcard_run(h, hex);
}

/* The whole file in blocks of this size; what the last one was answered. */
static const char *load(const uint8_t *bytes, size_t n, size_t block)
{
    const char *answer = "";
    uint8_t number = 0;

    for (size_t at = 0; at < n; at += block) {
        size_t part = n - at < block ? n - at : block;

        answer = load_block(bytes + at, part, number++, at + part == n);
        if (at + part < n)
            ck_assert_str_eq(answer, "009000");
    }
    return answer;
}

START_TEST(load_takes_a_file_block_by_block)
{
    uint8_t bytes[700];
    size_t n = load_file(bytes, sizeof bytes);

    offcard_expect(h, INSTALL_FOR_LOAD, "00 9000");
    offcard_expect(h, LIST_FILE, "6A88");
    ck_assert_str_eq(load(bytes, n, 40), "009000");
    offcard_expect(h, LIST_FILE,
                   "E323 4F06" PACKAGE " 9F700101 CE020100 8407" MODULE " CC08" ISD " 9000");
    offcard_expect(h, INSTALL_FOR_LOAD, "6985"); /* there already */
    /* no interpreter stands behind it yet */
    offcard_expect(h, "80E60C001A 06" PACKAGE " 07" MODULE " 06 F0CC00000002 0100 00 00", "6A81");
    offcard_expect(h, "80E4000008 4F06" PACKAGE, "00 9000");
    offcard_expect(h, LIST_FILE, "6A88");
}
END_TEST

START_TEST(load_goes_on_after_a_power_cut)
{
    uint8_t bytes[700];
    size_t n = load_file(bytes, sizeof bytes);

    offcard_expect(h, INSTALL_FOR_LOAD, "00 9000");
    ck_assert_str_eq(load_block(bytes, 100, 0, false), "009000");
    ck_assert_int_eq(card_power_cycle(t), ERR_OK);
    ck_assert_str_eq(offcard_open(h, ISD, 0x31, 0x33), "9000");
    ck_assert_str_eq(load_block(bytes, 100, 0, false), "6A80");
    ck_assert_str_eq(load_block(bytes + 100, n - 100, 1, true), "009000");
    offcard_run(h, LIST_FILE);
    ck_assert_str_eq(h->answer + strlen(h->answer) - 4, "9000");
}
END_TEST

START_TEST(load_refuses)
{
    uint8_t bytes[700];
    size_t n = load_file(bytes, sizeof bytes);

    ck_assert_str_eq(load_block(bytes, 100, 0, false), "6985"); /* nothing is to be loaded */
    offcard_expect(h, INSTALL_FOR_LOAD, "00 9000");
    ck_assert_str_eq(load_block(bytes, 100, 1, false), "6A80");
    ck_assert_str_eq(load_block((const uint8_t *)"\xE2\x01\x00", 3, 0, false), "6A80");
    offcard_expect(h, "80E8010001 C4", "6A86");
    offcard_expect(h, "80E8000000", "6A80");
    bytes[n - 1] ^= 1; /* still sound */
    bytes[4] ^= 1;     /* not any more */
    ck_assert_str_eq(load(bytes, n, 200), "6A80");
    offcard_expect(h, LIST_FILE, "6A88");
}
END_TEST

START_TEST(load_refuses_a_file_of_another_name)
{
    uint8_t bytes[700];
    size_t n = load_file(bytes, sizeof bytes);

    offcard_expect(h, "80E602000B 06 F0CC00000009 00 00 00 00", "00 9000");
    ck_assert_str_eq(load(bytes, n, 200), "6A80");
    offcard_expect(h, "80E602000F 06" PACKAGE " 00 00 04 EF02C600 00", "6A80");
    offcard_expect(h, "80E6020013 06" PACKAGE " 00 00 08 EF06C6047FFFFFFF 00", "6A84");
    offcard_expect(h, "80E602000D 06" PACKAGE " 00 02 AABB 00 00", "6A80");
    offcard_expect(h, "80E6020011 06" PACKAGE " 06 F0CC00000009 00 00 00", "6A88");
}
END_TEST

START_TEST(load_checks_the_hash_that_was_named)
{
    uint8_t bytes[700], hash[SHA256_LEN];
    char hex[65], command[200];
    size_t n = load_file(bytes, sizeof bytes);

    ck_assert_int_eq(crypto_sha256(h->crypto, RD(bytes + 3, n - 3), hash), ERR_OK);
    for (int good_hash = 0; good_hash < 2; good_hash++) {
        hash[0] ^= 1;
        ck_assert_int_eq(hex_encode(RD_ARRAY(hash), hex, sizeof hex), ERR_OK);
        (void)snprintf(command, sizeof command, "80E602002B06%s0020%s0000", PACKAGE, hex);
        offcard_expect(h, command, "00 9000");
        ck_assert_str_eq(load(bytes, n, 200), good_hash ? "009000" : "6A80");
    }
}
END_TEST

START_TEST(load_forgets_what_was_never_finished)
{
    uint8_t bytes[700];
    unsigned objects;

    load_file(bytes, sizeof bytes);
    offcard_expect(h, INSTALL_FOR_LOAD, "00 9000");
    objects = t->card->store.count;
    for (uint8_t i = 0; i < 5; i++) {
        ck_assert_str_eq(load_block(bytes, 100, 0, false), "009000");
        offcard_expect(h, INSTALL_FOR_LOAD, "00 9000");
    }
    ck_assert_uint_eq(t->card->store.count, objects);
}
END_TEST

START_TEST(sec_C30_load_refuses_changed_files_and_keeps_nothing)
{
    uint8_t bytes[700], changed[700];
    size_t n = load_file(bytes, sizeof bytes);
    struct applet_entry e;

    for (uint64_t seed = 1; seed <= 40; seed++) {
        uint64_t state = seed;

        memcpy(changed, bytes, n);
        /* in the header or the directory, of which every byte counts */
        changed[3 + 3 + nvm_sim_random(&state) % 4] ^= (uint8_t)(1 + nvm_sim_random(&state) % 255);
        offcard_expect(h, INSTALL_FOR_LOAD, "00 9000");
        ck_assert_str_eq(load(changed, n, 220), "6A80");
        offcard_expect(h, LIST_FILE, "6A88");
    }
    offcard_expect(h, INSTALL_FOR_LOAD, "00 9000");
    ck_assert_str_eq(load(bytes, n, 220), "009000");
    ck_assert_int_eq(
        applet_registry_find(&t->card->store, RD((const uint8_t *)"\xF0\xCC\0\0\0\1", 6), &e),
        ERR_OK);
}
END_TEST

Suite *suite_under_test(void)
{
    Suite *s = suite_create("cap");
    TCase *c = tcase_create("JCVM 6");
    TCase *l = tcase_create("GP 11.6");

    tcase_add_test(c, cap_check_takes_a_sound_file);
    tcase_add_loop_test(c, cap_check_refuses_wrong_byte, 0, (int)ARRAY_LEN(wrong));
    tcase_add_test(c, cap_check_needs_its_components_once);
    tcase_add_test(c, cap_check_reads_an_export);
    tcase_add_test(c, sec_C30_cap_check_survives_anything);
    suite_add_tcase(s, c);
    tcase_add_checked_fixture(l, setup, teardown);
    tcase_add_test(l, load_takes_a_file_block_by_block);
    tcase_add_test(l, load_goes_on_after_a_power_cut);
    tcase_add_test(l, load_refuses);
    tcase_add_test(l, load_refuses_a_file_of_another_name);
    tcase_add_test(l, load_checks_the_hash_that_was_named);
    tcase_add_test(l, load_forgets_what_was_never_finished);
    tcase_add_test(l, sec_C30_load_refuses_changed_files_and_keeps_nothing);
    suite_add_tcase(s, l);
    return s;
}
