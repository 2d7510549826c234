/* Tests of profile_load and profile_store. Goal: what is stored loads the same, and nothing an
 * image says is believed unless its references hold. */
#include "apdu/hex.h"
#include "test/support/runner.h"
#include "uicc/profile/profile.h"

#include <string.h>

#define MEMORY_LEN (1U << 20)

static const uint8_t aid[] = {0xA0, 0x00, 0x00, 0x00, 0x87, 0x10, 0x02};
static const uint8_t body[] = {0x01, 0x02, 0x03};

/* MF, EF.ARR, an ADF, two EFs in it, a DF whose EF shows one of them */
enum { MF, ARR, ADF, EF_TR, EF_LF, DF, MIRROR, FILES };

static void sample(struct fs_file files[FILES], struct profile *p)
{
    static const struct profile_tar tars[] = {{{0xB0, 0, 0}, REMOTE_RFM_UICC, 0x16, 0x101},
                                              {{0xBF, 0xFF, 0}, REMOTE_OPCHANGE, 0x16, 0}};
    static const struct profile_pin pins[] = {{0x01, 3, 10}, {0x0A, 10, 0}};

    memset(files, 0, FILES * sizeof *files);
    files[MF] = (struct fs_file){.fid = 0x3F00, .kind = FS_MF};
    files[ARR] = (struct fs_file){
        .fid = 0x2F06, .kind = FS_LINEAR, .record_len = 8, .record_count = 2, .size = 16};
    files[ADF] = (struct fs_file){.fid = 0x7FF0, .kind = FS_ADF, .aid = aid, .aid_len = sizeof aid};
    files[EF_TR] = (struct fs_file){.fid = 0x6F07,
                                    .parent = ADF,
                                    .kind = FS_TRANSPARENT,
                                    .sfi = 7,
                                    .size = 9,
                                    .content = body,
                                    .content_len = sizeof body};
    files[EF_LF] = (struct fs_file){.fid = 0x6F3C,
                                    .parent = ADF,
                                    .kind = FS_CYCLIC,
                                    .record_len = 3,
                                    .record_count = 4,
                                    .size = 12};
    files[DF] = (struct fs_file){.fid = 0x7F20, .kind = FS_DF};
    files[MIRROR] = (struct fs_file){
        .fid = 0x6F07, .parent = DF, .kind = FS_TRANSPARENT, .size = 9, .shares = EF_TR};
    for (size_t i = 0; i < FILES; i++) {
        files[i].arr_fid = 0x2F06;
        files[i].arr_record = 1;
    }
    *p = (struct profile){.name = "sample",
                          .files = files,
                          .file_count = FILES,
                          .tars = tars,
                          .tar_count = ARRAY_LEN(tars),
                          .pins = pins,
                          .pin_count = ARRAY_LEN(pins),
                          .ota_algorithm = SECPKT_AES,
                          .rfm_refresh = 4,
                          .sqn_delta = 1ULL << 28,
                          .sqn_age_limit = 7,
                          .sim_mode = true,
                          .historical = {0x80, 0x31},
                          .historical_len = 2};
}

static uint8_t memory[MEMORY_LEN] __attribute__((aligned(16)));
static const uint8_t hash[32] = {1, 2, 3};

static enum err load(struct rd image, const struct profile **out)
{
    struct arena arena;

    arena_init(&arena, memory, sizeof memory);
    return profile_load(image, hash, &arena, out);
}

START_TEST(profile_load_gives_what_was_stored)
{
    struct fs_file files[FILES];
    struct profile p;
    const struct profile *got = NULL;
    uint8_t bytes[1024], again[1024];
    struct wr w = WR_ARRAY(bytes), w2 = WR_ARRAY(again);

    sample(files, &p);
    ck_assert_int_eq(profile_store(&p, &w), ERR_OK);
    ck_assert_int_eq(load(RD_WR(&w), &got), ERR_OK);
    ck_assert_str_eq(got->name, "sample");
    ck_assert_mem_eq(got->hash, hash, sizeof hash);
    ck_assert_uint_eq(got->file_count, FILES);
    ck_assert_uint_eq(got->files[MIRROR].shares, EF_TR);
    ck_assert_uint_eq(got->files[ADF].aid_len, sizeof aid);
    ck_assert_mem_eq(got->files[ADF].aid, aid, sizeof aid);
    ck_assert_mem_eq(got->files[EF_TR].content, body, sizeof body);
    ck_assert_uint_eq(got->tars[0].keys, 0x101);
    ck_assert_uint_eq(got->pins[1].tries, 10);
    ck_assert_uint_eq(got->sqn_age_limit, 7);
    ck_assert(got->sim_mode);
    ck_assert_int_eq(profile_store(got, &w2), ERR_OK);
    ck_assert(rd_equal(RD_WR(&w), RD_WR(&w2)));
}
END_TEST

START_TEST(profile_load_does_not_keep_the_image)
{
    struct fs_file files[FILES];
    struct profile p;
    const struct profile *got = NULL;
    uint8_t bytes[1024];
    struct wr w = WR_ARRAY(bytes);

    sample(files, &p);
    ck_assert_int_eq(profile_store(&p, &w), ERR_OK);
    ck_assert_int_eq(load(RD_WR(&w), &got), ERR_OK);
    memset(bytes, 0xEE, sizeof bytes);
    ck_assert_mem_eq(got->files[EF_TR].content, body, sizeof body);
}
END_TEST

START_TEST(profile_load_refuses_every_cut)
{
    struct fs_file files[FILES];
    struct profile p;
    const struct profile *got = NULL;
    uint8_t bytes[1024];
    struct wr w = WR_ARRAY(bytes);

    sample(files, &p);
    ck_assert_int_eq(profile_store(&p, &w), ERR_OK);
    for (size_t n = 0; n < w.len; n++)
        ck_assert_msg(load(RD(bytes, n), &got) == ERR_CORRUPT, "cut at %zu", n);
    wr_u8(&w, 0);
    ck_assert_int_eq(load(RD_WR(&w), &got), ERR_CORRUPT);
    ck_assert_ptr_null(got);
}
END_TEST

/* Whatever one byte is changed to, the image is refused, or what it says holds. */
START_TEST(profile_load_survives_every_byte)
{
    static const uint8_t values[] = {0x00, 0x01, 0x02, 0x7F, 0x80, 0xFF};
    struct fs_file files[FILES];
    struct profile p;
    uint8_t bytes[1024], again[1024];
    struct wr w = WR_ARRAY(bytes);

    sample(files, &p);
    ck_assert_int_eq(profile_store(&p, &w), ERR_OK);
    for (size_t i = 0; i < w.len * ARRAY_LEN(values); i++) {
        struct wr w2 = WR_ARRAY(again);
        const struct profile *got = NULL;
        uint8_t old = bytes[i / ARRAY_LEN(values)];
        enum err e;

        bytes[i / ARRAY_LEN(values)] = values[i % ARRAY_LEN(values)];
        e = load(RD_WR(&w), &got);
        ck_assert(e == ERR_OK || e == ERR_CORRUPT);
        if (e == ERR_OK)
            ck_assert_int_eq(profile_store(got, &w2), ERR_OK);
        bytes[i / ARRAY_LEN(values)] = old;
    }
}
END_TEST

START_TEST(profile_load_says_when_memory_is_short)
{
    struct fs_file files[FILES];
    struct profile p;
    const struct profile *got = NULL;
    uint8_t bytes[1024];
    struct wr w = WR_ARRAY(bytes);
    struct arena arena;

    sample(files, &p);
    ck_assert_int_eq(profile_store(&p, &w), ERR_OK);
    arena_init(&arena, memory, 256);
    ck_assert_int_eq(profile_load(RD_WR(&w), hash, &arena, &got), ERR_NOMEM);
}
END_TEST

/* One lie each. */
static void lie_no_mf(struct fs_file *f)
{
    f[MF].kind = FS_DF;
}
static void lie_second_mf(struct fs_file *f)
{
    f[DF].kind = FS_MF;
}
static void lie_mf_fid(struct fs_file *f)
{
    f[MF].fid = 0x3F01;
}
static void lie_parent_later(struct fs_file *f)
{
    f[EF_TR].parent = DF;
}
static void lie_parent_self(struct fs_file *f)
{
    f[DF].parent = DF;
}
static void lie_parent_beyond(struct fs_file *f)
{
    f[MIRROR].parent = FILES;
}
static void lie_parent_ef(struct fs_file *f)
{
    f[EF_LF].parent = EF_TR;
}
static void lie_kind(struct fs_file *f)
{
    f[EF_TR].kind = FS_BER_TLV + 1;
}
static void lie_adf_without_aid(struct fs_file *f)
{
    f[ADF].aid_len = 0;
}
static void lie_df_with_aid(struct fs_file *f)
{
    f[DF].aid = aid;
    f[DF].aid_len = sizeof aid;
}
static void lie_fid_twice(struct fs_file *f)
{
    f[EF_LF].fid = 0x6F07;
}
static void lie_fid_of_parent(struct fs_file *f)
{
    f[EF_LF].fid = 0x7FF0;
}
static void lie_fid_reserved(struct fs_file *f)
{
    f[EF_LF].fid = 0x7FFF;
}
static void lie_sfi_twice(struct fs_file *f)
{
    f[EF_LF].sfi = 7;
}
static void lie_sfi_31(struct fs_file *f)
{
    f[EF_LF].sfi = 31;
}
static void lie_content_longer(struct fs_file *f)
{
    f[EF_TR].size = 2;
    f[MIRROR].size = 2;
}
static void lie_records(struct fs_file *f)
{
    f[EF_LF].size = 13;
}
static void lie_no_records(struct fs_file *f)
{
    f[EF_LF].record_count = 0;
    f[EF_LF].size = 0;
}
static void lie_record_256(struct fs_file *f)
{
    f[EF_LF].record_len = 256;
    f[EF_LF].size = 1024;
}
static void lie_transparent_records(struct fs_file *f)
{
    f[EF_TR].record_count = 1;
}
static void lie_size(struct fs_file *f)
{
    f[EF_TR].size = 0x10000;
    f[MIRROR].size = 0x10000;
}
static void lie_df_size(struct fs_file *f)
{
    f[DF].size = 1;
}
static void lie_arr_fid(struct fs_file *f)
{
    f[EF_TR].arr_fid = 0x6F06;
}
static void lie_arr_record_0(struct fs_file *f)
{
    f[EF_TR].arr_record = 0;
}
static void lie_arr_record_beyond(struct fs_file *f)
{
    f[MF].arr_record = 3;
}
static void lie_arr_transparent(struct fs_file *f)
{
    f[ARR].kind = FS_TRANSPARENT;
    f[ARR].record_count = 0;
    f[ARR].record_len = 0;
}
static void lie_shares_beyond(struct fs_file *f)
{
    f[MIRROR].shares = FILES;
}
static void lie_shares_df(struct fs_file *f)
{
    f[MIRROR].shares = DF;
}
static void lie_shares_other_size(struct fs_file *f)
{
    f[MIRROR].size = 8;
}
static void lie_shares_chain(struct fs_file *f)
{
    f[EF_TR].content_len = 0;
    f[EF_TR].shares = MIRROR;
}
static void lie_shares_self(struct fs_file *f)
{
    f[MIRROR].shares = MIRROR;
}

static const struct {
    const char *lie;
    void (*tell)(struct fs_file *f);
} lies[] = {
    {"no MF", lie_no_mf},
    {"second MF", lie_second_mf},
    {"FID of the MF", lie_mf_fid},
    {"parent comes later", lie_parent_later},
    {"parent is itself", lie_parent_self},
    {"parent beyond the last", lie_parent_beyond},
    {"parent is an EF", lie_parent_ef},
    {"unknown kind", lie_kind},
    {"ADF without AID", lie_adf_without_aid},
    {"DF with AID", lie_df_with_aid},
    {"FID twice", lie_fid_twice},
    {"FID of the parent", lie_fid_of_parent},
    {"reserved FID", lie_fid_reserved},
    {"SFI twice", lie_sfi_twice},
    {"SFI 31", lie_sfi_31},
    {"content longer than file", lie_content_longer},
    {"size is not records", lie_records},
    {"no records", lie_no_records},
    {"record of 256 bytes", lie_record_256},
    {"transparent with records", lie_transparent_records},
    {"size above 64 K", lie_size},
    {"DF with a size", lie_df_size},
    {"no such EF.ARR", lie_arr_fid},
    {"rule 0", lie_arr_record_0},
    {"rule beyond EF.ARR", lie_arr_record_beyond},
    {"EF.ARR transparent", lie_arr_transparent},
    {"shares beyond the last", lie_shares_beyond},
    {"shares a DF", lie_shares_df},
    {"shares another size", lie_shares_other_size},
    {"shares a sharer", lie_shares_chain},
    {"shares itself", lie_shares_self},
};

START_TEST(profile_store_refuses_lie)
{
    struct fs_file files[FILES];
    struct profile p;
    uint8_t bytes[1024];
    struct wr w = WR_ARRAY(bytes);

    sample(files, &p);
    lies[_i].tell(files);
    ck_assert_msg(profile_store(&p, &w) == ERR_CORRUPT, "%s was believed", lies[_i].lie);
}
END_TEST

static const struct {
    const char *lie;
    struct profile_pin pin;
    struct profile_tar tar;
} table_lies[] = {
    {"no such key reference", {0x33, 3, 10}, {{0, 0, 0}, REMOTE_RAM, 0x16, 0}},
    {"reference twice", {0x01, 3, 10}, {{0, 0, 0}, REMOTE_RAM, 0x16, 0}},
    {"no tries", {0x0A, 0, 0}, {{0, 0, 0}, REMOTE_RAM, 0x16, 0}},
    {"sixteen tries", {0x0A, 16, 0}, {{0, 0, 0}, REMOTE_RAM, 0x16, 0}},
    {"no such application", {0x0A, 10, 0}, {{0, 0, 0}, REMOTE_OPCHANGE + 1, 0x16, 0}},
    {"level beyond SPI1", {0x0A, 10, 0}, {{0, 0, 0}, REMOTE_RAM, 0x20, 0}},
    {"TAR twice", {0x0A, 10, 0}, {{0xB0, 0, 0}, REMOTE_RAM, 0x16, 0}},
};

START_TEST(profile_store_refuses_table_lie)
{
    struct fs_file files[FILES];
    struct profile p;
    struct profile_pin pins[2] = {{0x01, 3, 10}, table_lies[_i].pin};
    struct profile_tar tars[2] = {{{0xB0, 0, 0}, REMOTE_RFM_UICC, 0x16, 0}, table_lies[_i].tar};
    uint8_t bytes[1024];
    struct wr w = WR_ARRAY(bytes);

    sample(files, &p);
    p.pins = pins;
    p.tars = tars;
    ck_assert_msg(profile_store(&p, &w) == ERR_CORRUPT, "%s was believed", table_lies[_i].lie);
}
END_TEST

/* Bytes of the head: offset, what it is changed to. */
static const struct {
    const char *lie;
    size_t offset;
    uint8_t value;
} head_lies[] = {
    {"another magic", 0, 0x53},         {"another version", 4, 3},
    {"unknown flag", 5, 0x80},          {"no such algorithm", 6, SECPKT_AES + 1},
    {"name longer than 32", 24, 33},    {"blank in the name", 25, ' '},
    {"name longer than image", 24, 31},
};

START_TEST(profile_load_refuses_head_lie)
{
    struct fs_file files[FILES];
    struct profile p;
    const struct profile *got = NULL;
    uint8_t bytes[1024];
    struct wr w = WR_ARRAY(bytes);

    sample(files, &p);
    memcpy(p.name, "a-name-of-thirty-two-characters-", 33);
    ck_assert_int_eq(profile_store(&p, &w), ERR_OK);
    ck_assert_int_eq(load(RD_WR(&w), &got), ERR_OK);
    bytes[head_lies[_i].offset] = head_lies[_i].value;
    ck_assert_msg(load(RD_WR(&w), &got) == ERR_CORRUPT, "%s was believed", head_lies[_i].lie);
}
END_TEST

START_TEST(profile_store_takes_the_largest)
{
    static const struct profile_pin pins[] = {{0x01, 15, 15}};
    struct fs_file files[FILES];
    struct profile p;
    uint8_t bytes[1024];
    struct wr w = WR_ARRAY(bytes);

    sample(files, &p);
    p.pins = pins;
    p.pin_count = 1;
    files[EF_TR].sfi = 30;
    files[EF_TR].size = files[MIRROR].size = 0xFFFF;
    files[EF_LF].record_len = 255;
    files[EF_LF].record_count = 254;
    files[EF_LF].size = 255 * 254;
    files[MIRROR].kind = FS_TRANSPARENT;
    ck_assert_int_eq(profile_store(&p, &w), ERR_OK);
}
END_TEST

START_TEST(profile_store_bounds_all_bodies_together)
{
    struct fs_file files[FILES + 17];
    struct profile p;
    uint8_t bytes[2048];
    struct wr w = WR_ARRAY(bytes);

    memset(files, 0, sizeof files);
    sample(files, &p);
    for (uint16_t i = 0; i < 17; i++) {
        files[FILES + i] = files[EF_TR];
        files[FILES + i].fid = (uint16_t)(0x6F80 + i);
        files[FILES + i].sfi = 0;
        files[FILES + i].size = 0xFFFF;
    }
    p.file_count = FILES + 15;
    ck_assert_int_eq(profile_store(&p, &w), ERR_OK);
    p.file_count = FILES + 17;
    ck_assert_int_eq(profile_store(&p, &w), ERR_CORRUPT);
    p.file_count = 0;
    ck_assert_int_eq(profile_store(&p, &w), ERR_CORRUPT);
}
END_TEST

Suite *suite_under_test(void)
{
    Suite *s = suite_create("uicc/profile/profile");
    TCase *t = tcase_create("TS 102 221 8");

    tcase_add_test(t, profile_load_gives_what_was_stored);
    tcase_add_test(t, profile_load_does_not_keep_the_image);
    tcase_add_test(t, profile_load_refuses_every_cut);
    tcase_add_test(t, profile_load_survives_every_byte);
    tcase_add_test(t, profile_load_says_when_memory_is_short);
    tcase_add_loop_test(t, profile_load_refuses_head_lie, 0, (int)ARRAY_LEN(head_lies));
    tcase_add_test(t, profile_store_takes_the_largest);
    tcase_add_test(t, profile_store_bounds_all_bodies_together);
    tcase_add_loop_test(t, profile_store_refuses_lie, 0, (int)ARRAY_LEN(lies));
    tcase_add_loop_test(t, profile_store_refuses_table_lie, 0, (int)ARRAY_LEN(table_lies));
    suite_add_tcase(s, t);
    return s;
}
