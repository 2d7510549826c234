/* Tests of uicc/applet/cap.h. Goal: a load file is taken only if every byte of its structure holds.
 * Method: a small file of our own, and one thing wrong in it at a time; then all truncations and
 * many random changes. */
#include "test/support/runner.h"
#include "test/support/uicc/nvm_sim.h"
#include "test/uicc/cap_fixture.h"

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

Suite *suite_under_test(void)
{
    Suite *s = suite_create("cap");
    TCase *c = tcase_create("JCVM 6");

    tcase_add_test(c, cap_check_takes_a_sound_file);
    tcase_add_loop_test(c, cap_check_refuses_wrong_byte, 0, (int)ARRAY_LEN(wrong));
    tcase_add_test(c, cap_check_needs_its_components_once);
    tcase_add_test(c, cap_check_reads_an_export);
    tcase_add_test(c, sec_C30_cap_check_survives_anything);
    suite_add_tcase(s, c);
    return s;
}
