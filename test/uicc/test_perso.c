/* Tests of uicc/perso.h: that a profile has the files of the standards with their SFI, size and
 * access conditions, that EF.UST tells no lie, that the text says what is wrong where.
 * The list of files below is copied from the standards, not from our tables. */
#include "apdu/hex.h"
#include "test/support/runner.h"
#include "uicc/perso/options.h"
#include "uicc/pin/pin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint8_t image_bytes[PERSO_IMAGE_MAX], second_bytes[PERSO_IMAGE_MAX];
static uint8_t memory[1U << 20] __attribute__((aligned(16)));

/* The profile that text makes; fails the test if it does not. */
static const struct profile *made_from(const char *text)
{
    static const uint8_t hash[32];
    struct wr image = WR_ARRAY(image_bytes);
    char message[PERSO_MESSAGE_MAX] = "";
    const struct profile *p = NULL;
    struct arena arena;

    ck_assert_msg(perso_compile(text, &image, message) == ERR_OK, "%s", message);
    arena_init(&arena, memory, sizeof memory);
    ck_assert_int_eq(profile_load(RD_WR(&image), hash, &arena, &p), ERR_OK);
    return p;
}

static uint16_t find(const struct profile *p, const char *path_text)
{
    struct perso_path path;

    ck_assert_int_eq(perso_text_path(path_text, &path), ERR_OK);
    return perso_tree_find(p->files, p->file_count, &path);
}

/* ---- access conditions, decoded from EF.ARR as a terminal would ---- */

#define READ   0x01
#define UPDATE 0x02

/* The rule record of a file: EF.ARR beside it, or above, or under the MF. */
static struct rd rule_of(const struct profile *p, const struct fs_file *f)
{
    uint16_t df = f->arr_fid == 0x2F06 ? 0 : f->parent;

    for (uint16_t i = 0; i < p->file_count; i++) {
        const struct fs_file *arr = &p->files[i];
        size_t at = (f->arr_record - 1U) * (size_t)arr->record_len;

        if (arr->parent == df && arr->fid == f->arr_fid && i != 0)
            return RD(arr->content + at, arr->content_len - at < arr->record_len
                                             ? arr->content_len - at
                                             : arr->record_len);
    }
    return RD(NULL, 0);
}

/* First AM byte that has the bit decides (TS 102 221 9.2.4). */
static const char *condition(const struct profile *p, const struct fs_file *f, uint8_t bit)
{
    struct rd r = rule_of(p, f), am, sc;
    uint8_t tag, len, mode;

    while (rd_u8(&r, &tag) == ERR_OK && tag != 0xFF && rd_u8(&r, &len) == ERR_OK &&
           rd_take(&r, len, &am) == ERR_OK && rd_u8(&am, &mode) == ERR_OK) {
        uint8_t how;

        if (rd_u8(&r, &how) != ERR_OK || rd_u8(&r, &len) != ERR_OK ||
            rd_take(&r, len, &sc) != ERR_OK)
            break;
        if (tag != 0x80 || (mode & bit) == 0)
            continue;
        if (how == 0x90)
            return "ALW";
        if (how == 0xA4 && sc.left == 6)
            return sc.at[2] == 0x01 ? "PIN" : sc.at[2] == 0x81 ? "PIN2" : "ADM";
        return "NEV";
    }
    return "NEV";
}

/* Path, SFI, size of the body, read and update condition (TS 31.102 4.2, TS 102 221 13). */
static const struct {
    const char *path;
    uint8_t sfi;
    uint32_t size;
    const char *read, *update;
} files[] = {
    {"2F00", 0x1E, 8 * 43, "ALW", "ADM"},
    {"2FE2", 0x02, 10, "ALW", "NEV"},
    {"2F05", 0x05, 10, "ALW", "PIN"},
    {"2F06", 0x06, 15 * 110, "ALW", "ADM"},
    {"2F08", 0x08, 5, "ALW", "ADM"},
    {"7FFF/6F05", 0x02, 10, "ALW", "PIN"},
    {"7FFF/6F06", 0x17, 15 * 110, "ALW", "ADM"},
    {"7FFF/6F07", 0x07, 9, "PIN", "ADM"},
    {"7FFF/6F08", 0x08, 33, "PIN", "PIN"},
    {"7FFF/6F09", 0x09, 33, "PIN", "PIN"},
    {"7FFF/6F31", 0x12, 1, "PIN", "ADM"},
    {"7FFF/6F38", 0x04, 20, "PIN", "ADM"},
    {"7FFF/6F3C", 0x00, 30 * 176, "PIN", "PIN"},
    {"7FFF/6F3E", 0x00, 10, "PIN", "ADM"},
    {"7FFF/6F40", 0x00, 6 * 34, "PIN", "PIN"},
    {"7FFF/6F42", 0x00, 2 * 52, "PIN", "PIN"},
    {"7FFF/6F43", 0x00, 2, "PIN", "PIN"},
    {"7FFF/6F46", 0x00, 17, "ALW", "ADM"},
    {"7FFF/6F5B", 0x0F, 6, "PIN", "PIN"},
    {"7FFF/6F5C", 0x10, 3, "PIN", "ADM"},
    {"7FFF/6F60", 0x0A, 60, "PIN", "PIN"},
    {"7FFF/6F61", 0x11, 60, "PIN", "ADM"},
    {"7FFF/6F62", 0x13, 60, "PIN", "ADM"},
    {"7FFF/6F73", 0x0C, 14, "PIN", "PIN"},
    {"7FFF/6F78", 0x06, 2, "PIN", "ADM"},
    {"7FFF/6F7B", 0x0D, 12, "PIN", "PIN"},
    {"7FFF/6F7E", 0x0B, 11, "PIN", "PIN"},
    {"7FFF/6FAD", 0x03, 5, "ALW", "ADM"},
    {"7FFF/6FB7", 0x01, 5 * 16, "ALW", "ADM"},
    {"7FFF/6FC4", 0x00, 64, "PIN", "PIN"},
    {"7FFF/6FC5", 0x19, 240, "ALW", "ADM"},
    {"7FFF/6FC6", 0x1A, 80, "ALW", "ADM"},
    {"7FFF/6FCD", 0x1B, 33, "PIN", "ADM"},
    {"7FFF/6FD9", 0x1D, 12, "PIN", "ADM"},
    {"7FFF/6FDB", 0x00, 1, "PIN", "ADM"},
    {"7FFF/6FDC", 0x00, 1, "PIN", "ADM"},
    {"7FFF/6FE3", 0x1E, 18, "PIN", "PIN"},
    {"7FFF/6FE4", 0x18, 54, "PIN", "PIN"},
    {"7FFF/5F3B/4F20", 0x01, 9, "PIN", "PIN"},
    {"7FFF/5F3B/4F52", 0x02, 9, "PIN", "PIN"},
    {"7FFF/5FC0/4F01", 0x01, 20, "PIN", "PIN"},
    {"7FFF/5FC0/4F02", 0x02, 20, "PIN", "PIN"},
    {"7FFF/5FC0/4F03", 0x03, 64, "PIN", "PIN"},
    {"7FFF/5FC0/4F04", 0x04, 64, "PIN", "PIN"},
    {"7FFF/5FC0/4F05", 0x05, 110, "PIN", "PIN"},
    {"7FFF/5FC0/4F06", 0x06, 4, "PIN", "ADM"},
    {"7FFF/5FC0/4F08", 0x08, 100, "ALW", "ADM"},
    {"7FFF/5FC0/4F0A", 0x0A, 4, "PIN", "ADM"},
    {"7FFF/5FD0/4F01", 0x01, 200, "ADM", "ADM"},
    {"7F10/6F3A", 0x00, 250 * 34, "PIN", "PIN"},
    {"7F10/5F3A/4F30", 0x00, 69, "PIN", "ADM"},
    {"7F20/6F07", 0x00, 9, "PIN", "ADM"},
    {"7F20/6F38", 0x00, 15, "PIN", "ADM"},
    {"7F20/6FAE", 0x00, 1, "ALW", "ADM"},
    {"7F20/6FAD", 0x00, 5, "ALW", "ADM"},
};

START_TEST(perso_compile_has_file)
{
    const struct profile *p = made_from(NULL);
    uint16_t node = find(p, files[_i].path);
    const struct fs_file *f;

    ck_assert_msg(node != NODE_NONE, "no %s", files[_i].path);
    f = &p->files[node];
    ck_assert_msg(f->sfi == files[_i].sfi, "SFI of %s", files[_i].path);
    ck_assert_msg(f->size == files[_i].size, "size of %s is %u", files[_i].path, f->size);
    ck_assert_msg(strcmp(condition(p, f, READ), files[_i].read) == 0, "reading %s: %s",
                  files[_i].path, condition(p, f, READ));
    ck_assert_msg(strcmp(condition(p, f, UPDATE), files[_i].update) == 0, "updating %s: %s",
                  files[_i].path, condition(p, f, UPDATE));
}
END_TEST

/* First contents, TS 31.102 annex E. */
static const struct {
    const char *path, *begin;
} contents[] = {
    {"2F00", "61184F10A0000000871002FFFFFFFF8907090000500455 53494D FF"},
    {"2F08", "3CFF020000"},
    {"7FFF/6F08", "07FF"},
    {"7FFF/6F31", "0A"},
    {"7FFF/6F3C", "00FF"},
    {"7FFF/6F5B", "F00000F00000"},
    {"7FFF/6F62", "FFFFFF0000FFFFFF0000FFFFFF0000FFFFFF0000"},
    {"7FFF/6F73", "FFFFFFFFFFFFFFFFFFFF0000FF01"},
    {"7FFF/6F7E", "FFFFFFFFFFFFFF0000FF01"},
    {"7FFF/6FB7", "11F2FFFFFFFFFFFFFFFFFFFFFFFFFF00FFFFFF"},
    {"7FFF/6F80", "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000 01FFFF"},
    {"7FFF/6F81", "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF000000 01FFFF"},
    {"7FFF/5FC0/4F07", "FFFF"},
    {"7FFF/6FE3", "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFF000001"},
    {"7FFF/5F3B/4F20", "FFFFFFFFFFFFFFFF07"},
    {"7FFF/5FC0/4F01", "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000001"},
    {"7FFF/5FD0/4F01", "A0020000"},
    {"7F20/6FAE", "03"},
    /* 1-5 8-22 24 25 27-29 33-38 42-49 51-53 55 71 73 74 85 91 96 97 106 110 114 117 118
     * 122-127 129 132 133 135 137 138 142 144 145 */
    {"7FFF/6F38", "9FFFBF1D3FFE5D00400310840122327E59A30100"},
    {"7FFF/6F56", "00"},
    {"7FF2/6F07", "010017"}, /* 1 17 18 19 21 */
};

START_TEST(perso_compile_fills_file)
{
    const struct profile *p = made_from(NULL);
    uint16_t node = find(p, contents[_i].path);
    uint8_t want[256];
    struct wr w = WR_ARRAY(want);

    ck_assert_int_eq(hex_decode(contents[_i].begin, &w), ERR_OK);
    ck_assert(node != NODE_NONE && w.len <= p->files[node].size);
    for (size_t i = 0; i < w.len; i++) {
        uint8_t got = i < p->files[node].content_len ? p->files[node].content[i] : 0xFF;

        ck_assert_msg(got == want[i], "%s: byte %zu is %02X", contents[_i].path, i, got);
    }
}
END_TEST

START_TEST(perso_compile_equals_its_documented_text)
{
    FILE *file = fopen("tools/profiles/m2m-5g.profile", "r");
    struct wr first = WR_ARRAY(image_bytes), second = WR_ARRAY(second_bytes);
    char text[16384], message[PERSO_MESSAGE_MAX] = "";
    size_t n;

    ck_assert_ptr_nonnull(file);
    n = fread(text, 1, sizeof text - 1, file);
    text[n] = '\0';
    (void)fclose(file);
    ck_assert_int_eq(perso_compile(NULL, &first, message), ERR_OK);
    ck_assert_msg(perso_compile(text, &second, message) == ERR_OK, "%s", message);
    ck_assert(rd_equal(RD_WR(&first), RD_WR(&second)));
}
END_TEST

static bool ust_bit(const struct profile *p, unsigned n)
{
    const struct fs_file *f = &p->files[find(p, "7FFF/6F38")];

    return (n - 1) / 8 < f->content_len && (f->content[(n - 1) / 8] >> ((n - 1) % 8) & 1) != 0;
}

/* A file that TS 31.102 ties to a service. */
static const struct {
    unsigned service;
    const char *path, *also; /* also: other services it needs */
} service_files[] = {
    {2, "7FFF/6F3B", ""},          {2, "7FFF/6F56", ""},           {3, "7FFF/6F4B", "2"},
    {4, "7FFF/6F49", ""},          {6, "7FFF/6F4D", "30"},         {8, "7FFF/6F81", ""},
    {9, "7FFF/6F80", ""},          {10, "7FFF/6F3C", ""},          {10, "7FFF/6F43", ""},
    {11, "7FFF/6F47", "10"},       {12, "7FFF/6F42", ""},          {13, "7FFF/6F39", ""},
    {13, "7FFF/6F37", ""},         {13, "7FFF/6F41", ""},          {15, "7FFF/6F45", ""},
    {16, "7FFF/6F50", ""},         {17, "7FFF/6F3E", ""},          {18, "7FFF/6F3F", ""},
    {19, "7FFF/6F46", ""},         {20, "7FFF/6F60", ""},          {21, "7FFF/6F40", ""},
    {22, "7F10/5F50/4F20", ""},    {27, "7FFF/5F3B/4F20", ""},     {27, "7FFF/5F3B/4F52", ""},
    {29, "7FFF/6F48", ""},         {35, "7FFF/6F57", ""},          {36, "7FFF/6F2C", ""},
    {42, "7FFF/6F61", ""},         {43, "7FFF/6F62", ""},          {45, "7FFF/6FC5", ""},
    {46, "7FFF/6FC6", "45"},       {47, "7FFF/6FC7", ""},          {48, "7FFF/6FCA", ""},
    {49, "7FFF/6FCB", ""},         {51, "7FFF/6FCD", ""},          {71, "7FFF/6FD9", ""},
    {73, "7FFF/6FDB", ""},         {74, "7FFF/6FDC", ""},          {85, "7FFF/6FE3", ""},
    {85, "7FFF/6FE4", ""},         {91, "7F10/6FE5", ""},          {96, "7FFF/6FE8", ""},
    {97, "7FFF/6FEC", ""},         {121, "7FFF/6FFD", ""},         {122, "7FFF/5FC0/4F01", ""},
    {122, "7FFF/5FC0/4F03", ""},   {123, "7FFF/5FC0/4F05", ""},    {124, "7FFF/5FC0/4F07", ""},
    {124, "7FFF/5FC0/4F0A", ""},   {125, "7FFF/5FD0/4F01", "124"}, {126, "7FFF/5FC0/4F06", ""},
    {129, "7FFF/5FC0/4F08", "45"}, {132, "7FFF/5FC0/4F0B", ""},    {142, "7FFF/5FC0/4F11", ""},
    {1, "7FFF/5F3A/4F30", ""},     {34, "7FFF/6F56", ""},          {52, "7FFF/6FCE", ""},
    {52, "7FFF/6FD0", ""},         {52, "7FFF/6FD1", ""},          {53, "7FFF/6FCF", "52"},
    {55, "7FFF/6FD2", "52"},
};

START_TEST(perso_compile_has_file_exactly_when_service_is_on)
{
    char text[160];
    const struct profile *p;
    unsigned n = service_files[_i].service;

    (void)snprintf(text, sizeof text, "files = services\nsim-mode = no\nservices = %u %s\n", n,
                   service_files[_i].also);
    p = made_from(text);
    ck_assert_msg(ust_bit(p, n), "service %u", n);
    ck_assert_msg(find(p, service_files[_i].path) != NODE_NONE, "no %s", service_files[_i].path);
    p = made_from("files = services\nsim-mode = no\nservices = 33\n");
    ck_assert_msg(!ust_bit(p, n) && ust_bit(p, 33), "service %u", n);
    ck_assert_msg(find(p, service_files[_i].path) == NODE_NONE, "%s without service",
                  service_files[_i].path);
}
END_TEST

/* TS 31.102 4.4.11.8: where the USIM computes the SUCI, terminals find no list to do it. */
START_TEST(perso_compile_keeps_suci_keys_in_one_place)
{
    const struct profile *p = made_from(NULL);

    ck_assert_uint_eq(p->files[find(p, "7FFF/5FC0/4F07")].content_len, 0);
    p = made_from("files = services");
    ck_assert_uint_eq(find(p, "7FFF/5FC0/4F07"), NODE_NONE);
    p = made_from("files = services\nservices = -125");
    ck_assert_uint_eq(p->files[find(p, "7FFF/5FC0/4F07")].content_len, 4);
    ck_assert_uint_eq(find(p, "7FFF/5FD0"), NODE_NONE);
}
END_TEST

START_TEST(perso_compile_writes_suci_list)
{
    static const char text[] =
        "suci = b 30 0272DA71976234CE833A6907425867B82E074D44EF907DFB4B3E21C1C2256EBCD1\n"
        "suci = a 27 5A8D38864820197C3394B92613B20B91633CBD897119273BF8E4A6F4EEC0A650\n"
        "suci = null\n";
    static const char want[] =
        "A006 0201 0102 0000"
        "A14B 80011E 81210272DA71976234CE833A6907425867B82E074D44EF907DFB4B3E21C1C2256EBCD1"
        "80011B 81205A8D38864820197C3394B92613B20B91633CBD897119273BF8E4A6F4EEC0A650";
    const struct profile *p = made_from(text);
    const struct fs_file *f = &p->files[find(p, "7FFF/5FD0/4F01")];
    uint8_t bytes[128];
    struct wr w = WR_ARRAY(bytes);

    ck_assert_int_eq(hex_decode(want, &w), ERR_OK);
    ck_assert(rd_equal(RD(f->content, f->content_len), RD_WR(&w)));
}
END_TEST

/* TS 51.011 10.3: what the USIM has too is one and the same content. */
START_TEST(perso_compile_mirrors_2g_files)
{
    const struct profile *p = made_from(NULL);

    ck_assert_uint_eq(p->files[find(p, "7F20/6F07")].shares, find(p, "7FFF/6F07"));
    ck_assert_uint_eq(p->files[find(p, "7F20/6F20")].shares, find(p, "7FFF/5F3B/4F20"));
    ck_assert_uint_eq(p->files[find(p, "7F20/6F53")].shares, find(p, "7FFF/6F73"));
    ck_assert_uint_eq(p->files[find(p, "7F10/6F42")].shares, find(p, "7FFF/6F42"));
    ck_assert_uint_eq(p->files[find(p, "7F20/6FC7")].shares, find(p, "7FFF/6FC7"));
    p = made_from("sim-mode = no");
    ck_assert_uint_eq(find(p, "7F20"), NODE_NONE);
    for (size_t i = 0; i < p->tar_count; i++)
        ck_assert_uint_ne(p->tars[i].app, REMOTE_RFM_SIM);
}
END_TEST

/* TS 31.102 4.4.2: the same numbers in the local phonebook and in that of DF.TELECOM, under the
 * SFIs that EF.PBR names. */
START_TEST(perso_compile_shows_one_phonebook_in_both_places)
{
    static const char *const names[] = {"4F30", "4F22", "4F23", "4F24", "4F3A", "4F32",
                                        "4F4A", "4F09", "4F52", "4F4B", "4F53", "4F11",
                                        "4F54", "4F4F", "4F21", "4F50"};
    const struct profile *p = made_from(NULL);

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        char local[32], shared[32];
        uint16_t at;

        (void)snprintf(local, sizeof local, "7FFF/5F3A/%s", names[i]);
        (void)snprintf(shared, sizeof shared, "7F10/5F3A/%s", names[i]);
        at = find(p, local);
        ck_assert_uint_ne(at, NODE_NONE);
        ck_assert_uint_eq(p->files[at].shares, find(p, shared));
        ck_assert_uint_eq(p->files[at].sfi, p->files[find(p, shared)].sfi);
    }
}
END_TEST

START_TEST(perso_compile_takes_sizes_and_contents)
{
    const struct profile *p = made_from("size 7FFF/6F3C = 20\n"
                                        "size 7FFF/6F42 = 48x2 # two centres\n"
                                        "size 7FFF/6F7B = 30\n"
                                        "content 2F05 = 656E\r\n"
                                        "content 7FFF/6FB7 2 = 19F1FF\n");
    const struct fs_file *f = &p->files[find(p, "7FFF/6F42")];

    ck_assert_uint_eq(p->files[find(p, "7FFF/6F3C")].record_count, 20);
    ck_assert_uint_eq(f->record_len, 48);
    ck_assert_uint_eq(f->size, 96);
    ck_assert_uint_eq(p->files[find(p, "7F10/6F42")].size, 96);
    ck_assert_uint_eq(p->files[find(p, "7FFF/6F7B")].size, 30);
    f = &p->files[find(p, "2F05")];
    ck_assert_uint_eq(f->content_len, 2);
    ck_assert_mem_eq(f->content, "en", 2);
    f = &p->files[find(p, "7FFF/6FB7")];
    ck_assert_uint_eq(f->content[0], 0x11);
    ck_assert_uint_eq(f->content[16], 0x19);
}
END_TEST

START_TEST(perso_compile_takes_every_setting)
{
    const struct profile *p = made_from("name = lab\nlabel = Lab\nisim = no\nota-algorithm = 3des\n"
                                        "rfm-refresh = none\nsqn-delta = 1000\nsqn-age-limit = 5\n"
                                        "historical = 8031\npin1 = 5 7\nadm1 = 2\n"
                                        "pin 0B = 6\npin 11 = 4 9\npin 81 = 7 8\n"
                                        "tar B00001 = rfm-usim 1e ADM1 0B\n");

    ck_assert_str_eq(p->name, "lab");
    ck_assert_uint_eq(p->ota_algorithm, SECPKT_3DES2);
    ck_assert_uint_eq(p->rfm_refresh, 0xFF);
    ck_assert_uint_eq(p->sqn_delta, 1000);
    ck_assert_uint_eq(p->sqn_age_limit, 5);
    ck_assert_uint_eq(p->historical_len, 2);
    ck_assert_uint_eq(p->pins[0].tries, 5);
    ck_assert_uint_eq(p->pins[0].unblock_tries, 7);
    ck_assert_uint_eq(p->pins[2].tries, 2);
    ck_assert_uint_eq(p->pin_count, 5);
    ck_assert_uint_eq(p->pins[1].tries, 7);
    ck_assert_uint_eq(p->pins[3].reference, 0x0B);
    ck_assert_uint_eq(p->pins[3].tries, 6);
    ck_assert_uint_eq(p->pins[3].unblock_tries, 0);
    ck_assert_uint_eq(p->pins[4].reference, 0x11);
    ck_assert_uint_eq(p->pins[4].unblock_tries, 9);
    ck_assert_uint_eq(p->tars[0].keys, pin_bit(0x0A) | pin_bit(0x0B));
    ck_assert_uint_eq(p->tar_count, 1);
    ck_assert_uint_eq(p->tars[0].level, 0x1E);
    ck_assert_uint_eq(find(p, "7FF2"), NODE_NONE);
    ck_assert_uint_ne(find(made_from(NULL), "7FF2/6F02"), NODE_NONE);
}
END_TEST

static const struct {
    const char *text, *message;
} bad_texts[] = {
    {"\n\nservices = 200", "line 3: service 200 is not offered"},
    {"services = 32", "line 1: service 32 is not offered"},
    {"isim-services = 25", "line 1: service 25 is not offered"},
    {"files = some", "line 1: all or services"},
    {"services = +115", "service 115 is off where there is an ISIM"},
    {"services = +6", "service 6 needs service 30"},
    {"services = x", "line 1: services are numbers of TS 31.102 4.2.8, TS 31.103 4.2.7"},
    {"services = 10 46", "service 46 needs service 45"},
    {"services = 10 12", "sim-mode needs service 27"},
    {"# c\nlabel", "line 2: KEYWORD = VALUE"},
    {"= 5", "line 1: KEYWORD = VALUE"},
    {"colour = red", "line 1: unknown setting \"colour\""},
    {"name x = y", "line 1: name takes no argument"},
    {"tar = ram 16", "line 1: tar needs an argument"},
    {"tar B000 = ram 16", "line 1: a TAR is 3 bytes in hex"},
    {"tar B00000 = ram 16\ntar B00000 = ram 16", "line 2: TAR B00000 is there already"},
    {"tar B00000 = game 16", "line 1: rfm-uicc, rfm-usim, rfm-sim, ram or opchange"},
    {"tar B00000 = ram 20", "line 1: the security level is coded as SPI1, 00 to 1F"},
    {"tar B00000 = ram 16 PIN9", "line 1: keys are PIN1, PIN2, ADM1, or references like 0B"},
    {"sim-mode = maybe", "line 1: say yes or no"},
    {"name =", "line 1: 1 to 32 characters"},
    {"label = much too long a label", "line 1: 1 to 16 characters"},
    {"ota-algorithm = aes-128", "line 1: aes, aes-cmac4, 3des or des"},
    {"\ntar B00000 = rfm-uicc 06",
     "line 2: the least security level is 12: CC, and a counter that rises"},
    {"tar B00000 = ram 00", "line 1: the least security level is 12: CC, and a counter that rises"},
    {"tar B00000 = ram 15", "line 1: the least security level is 12: CC, and a counter that rises"},
    {"rfm-refresh = 44", "line 1: none, or a qualifier of REFRESH, 00 to 09"},
    {"pin1 = 3", "line 1: unblock tries must be a number up to 15"},
    {"pin1 = 16 10", "line 1: tries must be a number up to 15"},
    {"adm1 = 0", "line 1: tries"},
    {"pin 09 = 3 10", "line 1: a key reference is 01-08, 0A-0E, 11, 81-88 or 8A-8E"},
    {"pin 2 = 3 10", "line 1: a key reference is 01-08, 0A-0E, 11, 81-88 or 8A-8E"},
    {"pin 02 = 3", "line 1: unblock tries must be a number up to 15"},
    {"pin 0B = 3 10", "line 1: tries"},
    {"pin = 3 10", "line 1: pin needs an argument"},
    {"suci = c 1 00", "line 1: null, a KEY-ID KEY, or b KEY-ID KEY"},
    {"suci = a 1 00", "line 1: the key has 32 bytes (a) or 33 (b, compressed)"},
    {"size 7FFF/6F07 = 4", "line 1: the standard asks for a larger file"},
    {"size 7FFF/6F42 = 20x1", "line 1: the standard asks for longer records"},
    {"size 7FFF/6F3C = 255", "line 1: a file has at most 254 records"},
    {"size 7FFF/6F07 = 9x2", "line 1: the file has no records"},
    {"size 7F20/6F07 = 10", "line 1: the profile has no such file"},
    {"size 7FFG = 10", "line 1: a path is like 7FFF/6F3C"},
    {"content 7FFF/6F99 = 00", "line 1: the profile has no such file to fill"},
    {"content 7FFF/6F78 = 000102", "line 1: the content is longer than the file"},
    {"content 7FFF/6FB7 6 = 00", "line 1: the file has no such record"},
    {"content 7FFF/6FB7 = 0", "line 1: contents are hex, and not too much of it"},
    {"historical = 000102030405060708090A0B0C0D0E0F",
     "line 1: historical bytes are up to 15 bytes in hex"},
};

START_TEST(perso_compile_says_what_is_wrong_where)
{
    struct wr image = WR_ARRAY(image_bytes);
    char message[PERSO_MESSAGE_MAX] = "";

    ck_assert_int_ne(perso_compile(bad_texts[_i].text, &image, message), ERR_OK);
    ck_assert_str_eq(message, bad_texts[_i].message);
}
END_TEST

START_TEST(perso_compile_needs_room)
{
    struct wr image = WR(image_bytes, 1000);
    char message[PERSO_MESSAGE_MAX] = "";

    ck_assert_int_eq(perso_compile(NULL, &image, message), ERR_SPACE);
    ck_assert_str_eq(message, "the profile is too large");
}
END_TEST

START_TEST(perso_ota_algorithm_tells_the_profile_s)
{
    enum secpkt_algorithm a = SECPKT_DES;
    uint8_t cc_len = 0;
    struct wr image = WR_ARRAY(image_bytes);
    char message[PERSO_MESSAGE_MAX] = "";

    ck_assert_int_eq(perso_compile("ota-algorithm = 3des", &image, message), ERR_OK);
    ck_assert_int_eq(perso_ota_algorithm(RD_WR(&image), &a, &cc_len), ERR_OK);
    ck_assert_int_eq(a, SECPKT_3DES2);
    ck_assert_uint_eq(cc_len, 8);
    image.len = 0;
    ck_assert_int_eq(perso_compile("ota-algorithm = aes-cmac4", &image, message), ERR_OK);
    ck_assert_int_eq(perso_ota_algorithm(RD_WR(&image), &a, &cc_len), ERR_OK);
    ck_assert_int_eq(a, SECPKT_AES);
    ck_assert_uint_eq(cc_len, 4);
    ck_assert_int_eq(perso_ota_algorithm(RD(image_bytes, 20), &a, &cc_len), ERR_CORRUPT);
}
END_TEST

Suite *suite_under_test(void)
{
    Suite *s = suite_create("uicc/perso");
    TCase *t = tcase_create("TS 31.102 4.2");

    tcase_add_loop_test(t, perso_compile_has_file, 0, (int)ARRAY_LEN(files));
    tcase_add_loop_test(t, perso_compile_fills_file, 0, (int)ARRAY_LEN(contents));
    suite_add_tcase(s, t);
    t = tcase_create("TS 31.102 4.2.8");
    tcase_add_loop_test(t, perso_compile_has_file_exactly_when_service_is_on, 0,
                        (int)ARRAY_LEN(service_files));
    suite_add_tcase(s, t);
    t = tcase_create("TS 31.102 4.4.11.8");
    tcase_add_test(t, perso_compile_keeps_suci_keys_in_one_place);
    tcase_add_test(t, perso_compile_writes_suci_list);
    suite_add_tcase(s, t);
    t = tcase_create("TS 51.011 10.3");
    tcase_add_test(t, perso_compile_mirrors_2g_files);
    tcase_add_test(t, perso_compile_shows_one_phonebook_in_both_places);
    suite_add_tcase(s, t);
    t = tcase_create("profile text");
    tcase_add_test(t, perso_compile_equals_its_documented_text);
    tcase_add_test(t, perso_compile_takes_sizes_and_contents);
    tcase_add_test(t, perso_compile_takes_every_setting);
    tcase_add_loop_test(t, perso_compile_says_what_is_wrong_where, 0, (int)ARRAY_LEN(bad_texts));
    tcase_add_test(t, perso_compile_needs_room);
    tcase_add_test(t, perso_ota_algorithm_tells_the_profile_s);
    suite_add_tcase(s, t);
    return s;
}
