/* Tests of the tables of uicc/profile: that a card made without any setting has every file which a
 * client knows, in the structure of the standard, and that a profile text can leave out those of
 * services that are off. The list below is copied from a client's model of the standards. */
#include "test/support/runner.h"
#include "uicc/perso/options.h"

#include <stdio.h>
#include <string.h>

#define TR FS_TRANSPARENT
#define LF FS_LINEAR
#define CY FS_CYCLIC
#define BT FS_BER_TLV

static uint8_t image_bytes[PERSO_IMAGE_MAX];
static uint8_t memory[1U << 20] __attribute__((aligned(16)));

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

static const struct fs_file *find(const struct profile *p, const char *path_text)
{
    struct perso_path path;
    uint16_t node;

    ck_assert_int_eq(perso_text_path(path_text, &path), ERR_OK);
    node = perso_tree_find(p->files, p->file_count, &path);
    return node == NODE_NONE ? NULL : &p->files[node];
}

/* clang-format off */
static const struct {
    const char *path;
    uint8_t kind;
} known[] = {
    {"2F00", LF}, {"2FE2", TR}, {"2F05", TR}, {"2F06", LF}, {"2F08", TR}, {"7F20/6F05", TR},
    {"7F20/6F07", TR}, {"7F20/6F20", TR}, {"7F20/6F30", TR}, {"7F20/6F31", TR},
    {"7F20/6F37", TR}, {"7F20/6F38", TR}, {"7F20/6F39", CY}, {"7F20/6F3E", TR},
    {"7F20/6F3F", TR}, {"7F20/6F46", TR}, {"7F20/6F41", TR}, {"7F20/6F45", TR},
    {"7F20/6F74", TR}, {"7F20/6F78", TR}, {"7F20/6F7B", TR}, {"7F20/6F7E", TR},
    {"7F20/6FAD", TR}, {"7F20/6FAE", TR}, {"7F20/6FB1", TR}, {"7F20/6FB2", TR},
    {"7F20/6FB3", TR}, {"7F20/6FB4", TR}, {"7F20/6FB5", TR}, {"7F20/6FB6", TR},
    {"7F20/6F48", TR}, {"7F20/6FB7", TR}, {"7F20/6F50", TR}, {"7F20/6F2C", TR},
    {"7F20/6F32", TR}, {"7F20/6F51", LF}, {"7F20/6F52", TR}, {"7F20/6F53", TR},
    {"7F20/6F54", TR}, {"7F20/6F60", TR}, {"7F20/6F61", TR}, {"7F20/6F62", TR},
    {"7F20/6F63", TR}, {"7F20/6F64", TR}, {"7F20/6FC5", LF}, {"7F20/6FC6", LF},
    {"7F20/6FC7", LF}, {"7F20/6FC9", LF}, {"7F20/6FCA", LF}, {"7F20/6FCB", LF},
    {"7F20/6FC8", LF}, {"7F20/6FCC", LF}, {"7F20/6FCD", TR}, {"7F20/6FCE", LF},
    {"7F20/6FCF", LF}, {"7F20/6FD0", TR}, {"7F20/6FD1", LF}, {"7F20/6FD2", TR},
    {"7F10/6F3A", LF}, {"7F10/6F3B", LF}, {"7F10/6F3C", LF}, {"7F10/6F3D", LF},
    {"7F10/6F4F", LF}, {"7F10/6F40", LF}, {"7F10/6F42", LF}, {"7F10/6F43", TR},
    {"7F10/6F44", CY}, {"7F10/6F49", LF}, {"7F10/6F4A", LF}, {"7F10/6F4B", LF},
    {"7F10/6F4C", LF}, {"7F10/6F4D", LF}, {"7F10/6F4E", LF}, {"7F10/6F47", LF},
    {"7F10/6F58", LF}, {"7F10/5F3A/4F30", LF}, {"7F10/5F3A/4F22", TR}, {"7F10/5F3A/4F23", TR},
    {"7F10/5F3A/4F24", TR}, {"7F10/5F3B/4F47", BT}, {"7F10/5F3B/4F48", BT},
    {"7F10/5F3D/4F01", TR}, {"7F10/5F3D/4F02", BT}, {"7F10/5F3E/4F01", TR},
    {"7F10/5F3E/4F02", BT}, {"7FFF/6F05", TR}, {"7FFF/6F08", TR}, {"7FFF/6F09", TR},
    {"7FFF/6F60", TR}, {"7FFF/6F31", TR}, {"7FFF/6F37", TR}, {"7FFF/6F38", TR},
    {"7FFF/6F39", CY}, {"7FFF/6F3E", TR}, {"7FFF/6F3F", TR}, {"7FFF/6F46", TR},
    {"7FFF/6F41", TR}, {"7FFF/6F45", TR}, {"7FFF/6F78", TR}, {"7FFF/6F7B", TR},
    {"7FFF/6F7E", TR}, {"7FFF/6FAD", TR}, {"7FFF/6F48", TR}, {"7FFF/6FB7", LF},
    {"7FFF/6F50", TR}, {"7FFF/6F73", TR}, {"7FFF/6F3B", LF}, {"7FFF/6F3C", LF},
    {"7FFF/6F40", LF}, {"7FFF/6F42", LF}, {"7FFF/6F43", TR}, {"7FFF/6F49", LF},
    {"7FFF/6F4B", LF}, {"7FFF/6F4C", LF}, {"7FFF/6F47", LF}, {"7FFF/6F80", CY},
    {"7FFF/6F81", CY}, {"7FFF/6F82", CY}, {"7FFF/6F83", CY}, {"7FFF/6F4E", LF},
    {"7FFF/6F4F", LF}, {"7FFF/6FB5", TR}, {"7FFF/6FB6", TR}, {"7FFF/6F4D", LF},
    {"7FFF/6F55", LF}, {"7FFF/6F58", LF}, {"7FFF/6F56", TR}, {"7FFF/6F57", TR},
    {"7FFF/6F2C", TR}, {"7FFF/6F32", TR}, {"7FFF/6F5B", TR}, {"7FFF/6F5C", TR},
    {"7FFF/6F61", TR}, {"7FFF/6F62", TR}, {"7FFF/6F06", LF}, {"7FFF/6FC4", TR},
    {"7FFF/6FC5", LF}, {"7FFF/6FC6", LF}, {"7FFF/6FC7", LF}, {"7FFF/6FC8", LF},
    {"7FFF/6FC9", LF}, {"7FFF/6FCA", LF}, {"7FFF/6FCB", LF}, {"7FFF/6FCC", LF},
    {"7FFF/6FCD", TR}, {"7FFF/6FCE", LF}, {"7FFF/6FCF", LF}, {"7FFF/6FD0", TR},
    {"7FFF/6FD1", LF}, {"7FFF/6FD2", TR}, {"7FFF/6FD3", LF}, {"7FFF/6FB1", TR},
    {"7FFF/6FB2", TR}, {"7FFF/6FB3", TR}, {"7FFF/6FB4", TR}, {"7FFF/6FD4", TR},
    {"7FFF/6FD5", TR}, {"7FFF/6FD6", TR}, {"7FFF/6FD7", LF}, {"7FFF/6FD8", LF},
    {"7FFF/6FDA", LF}, {"7FFF/6FD9", TR}, {"7FFF/6FDB", TR}, {"7FFF/6FDD", LF},
    {"7FFF/6FDE", TR}, {"7FFF/6FDF", LF}, {"7FFF/6FE2", LF}, {"7FFF/6FE3", TR},
    {"7FFF/6FE4", LF}, {"7FFF/6FE6", TR}, {"7FFF/6FE8", TR}, {"7FFF/6FEC", TR},
    {"7FFF/6FED", LF}, {"7FFF/6FEE", LF}, {"7FFF/6FEF", LF}, {"7FFF/6FF1", CY},
    {"7FFF/6FF3", TR}, {"7FFF/6FF4", TR}, {"7FFF/6FF5", TR}, {"7FFF/6FF6", TR},
    {"7FFF/6FF7", TR}, {"7FFF/6FF8", BT}, {"7FFF/6FFC", BT}, {"7FFF/6FFD", TR},
    {"7FFF/6FFE", BT}, {"7FFF/6F01", TR}, {"7FFF/6F02", TR}, {"7FFF/6F0A", LF},
    {"7FFF/6F0B", TR}, {"7FFF/5F3A/4F30", LF}, {"7FFF/5F3A/4F22", TR}, {"7FFF/5F3A/4F23", TR},
    {"7FFF/5F3A/4F24", TR}, {"7FFF/5F3B/4F20", TR}, {"7FFF/5F3B/4F52", TR},
    {"7FFF/5F3B/4F63", TR}, {"7FFF/5F3B/4F64", TR}, {"7FFF/5F40/4F41", TR},
    {"7FFF/5F40/4F42", TR}, {"7FFF/5F40/4F43", TR}, {"7FFF/5F40/4F44", LF},
    {"7FFF/5F40/4F45", LF}, {"7FFF/5F40/4F46", TR}, {"7FFF/5F40/4F47", LF},
    {"7FFF/5F40/4F48", TR}, {"7FFF/5F40/4F49", TR}, {"7FFF/5F40/4F4A", TR},
    {"7FFF/5F40/4F4B", TR}, {"7FFF/5F50/4F81", LF}, {"7FFF/5F50/4F82", LF},
    {"7FFF/5F50/4F83", LF}, {"7FFF/5F50/4F84", LF}, {"7FFF/5F50/4F85", LF},
    {"7FFF/5F50/4F86", LF}, {"7FFF/5F90/4F01", LF}, {"7FFF/5F90/4F02", LF},
    {"7FFF/5F90/4F03", LF}, {"7FFF/5F90/4F04", TR}, {"7FFF/5F90/4F05", TR},
    {"7FFF/5F90/4F06", TR}, {"7FFF/5F90/4F07", LF}, {"7FFF/5F90/4F08", LF},
    {"7FFF/5F90/4F09", TR}, {"7FFF/5F90/4F10", TR}, {"7FFF/5F90/4F11", TR},
    {"7FFF/5F90/4F12", LF}, {"7FFF/5F90/4F13", LF}, {"7FFF/5F90/4F14", TR},
    {"7FFF/5FC0/4F01", TR}, {"7FFF/5FC0/4F02", TR}, {"7FFF/5FC0/4F03", LF},
    {"7FFF/5FC0/4F04", LF}, {"7FFF/5FC0/4F05", TR}, {"7FFF/5FC0/4F06", TR},
    {"7FFF/5FC0/4F07", TR}, {"7FFF/5FC0/4F08", LF}, {"7FFF/5FC0/4F09", TR},
    {"7FFF/5FC0/4F0A", TR}, {"7FFF/5FC0/4F0B", BT}, {"7FFF/5FC0/4F0C", TR},
    {"7FFF/5FC0/4F0D", TR}, {"7FFF/5FC0/4F0E", TR}, {"7FFF/5FC0/4F0F", TR},
    {"7FFF/5FC0/4F10", TR}, {"7FFF/5FC0/4F11", TR}, {"7FFF/5FC0/4F15", TR},
    {"7FFF/5FC0/4F16", TR}, {"7FFF/5FE0/4F01", TR}, {"7FFF/5FE0/4F02", LF},
    {"7FFF/5FF0/4F01", TR}, {"7FFF/5FF0/4F02", TR}, {"7FFF/5FF0/4F03", TR},
    {"7FFF/5FF0/4F04", TR}, {"7FFF/5FF0/4F05", TR}, {"7FFF/5FF0/4F06", TR},
    {"7FFF/5FF0/4F07", TR}, {"7FFF/5FF0/4F08", TR}, {"7FFF/5FD0/4F01", TR},
    {"7FFF/5FF1/4F01", TR}, {"7FFF/6F07", TR}, {"7FF2/6F02", TR}, {"7FF2/6F03", TR},
    {"7FF2/6F04", LF}, {"7FF2/6FAD", TR}, {"7FF2/6F06", LF}, {"7FF2/6F07", TR},
    {"7FF2/6F09", LF}, {"7FF2/6FD5", TR}, {"7FF2/6FD7", LF}, {"7FF2/6FDD", LF},
    {"7FF2/6F3C", LF}, {"7FF2/6F43", TR}, {"7FF2/6F47", LF}, {"7FF2/6F42", LF},
    {"7FF2/6FE7", LF}, {"7FF2/6FF7", TR}, {"7FF2/6FF8", BT}, {"7FF2/6FFC", BT},
    {"7FF2/6FFA", LF}, {"7FF2/6FFE", BT}, {"7FF2/6F0A", LF}, {"7FF2/6F0B", TR},
};
/* clang-format on */

START_TEST(profile_has_every_file_a_client_knows)
{
    const struct profile *p = made_from(NULL);

    for (size_t i = 0; i < ARRAY_LEN(known); i++) {
        const struct fs_file *f = find(p, known[i].path);

        ck_assert_msg(f != NULL, "no %s", known[i].path);
        ck_assert_msg(f->kind == known[i].kind, "%s has the structure %u", known[i].path, f->kind);
        ck_assert_msg(f->size > 0, "%s is empty", known[i].path);
    }
}
END_TEST

/* TS 31.102 4.2: what is there whatever EF.UST says. */
static const char *const mandatory[] = {
    "2F00",      "2F05",      "2F06",      "2FE2",      "7FFF/6F05", "7FFF/6F06", "7FFF/6F07",
    "7FFF/6F08", "7FFF/6F09", "7FFF/6F31", "7FFF/6F38", "7FFF/6F5B", "7FFF/6F5C", "7FFF/6F73",
    "7FFF/6F78", "7FFF/6F7B", "7FFF/6F7E", "7FFF/6FAD", "7FFF/6FB7", "7FFF/6FC4",
};
static const char *const of_services[] = {
    "7F20",      "7FF2",      "7F10/5F50", "7F10/5F3B", "7F10/5F3D", "7F10/5F3E", "7FFF/5F3A",
    "7FFF/5F3B", "7FFF/5F40", "7FFF/5F50", "7FFF/5F70", "7FFF/5F90", "7FFF/5FC0", "7FFF/5FD0",
    "7FFF/5FE0", "7FFF/5FF0", "7FFF/5FF1", "7FFF/6F02", "7FFF/6F3B", "7FFF/6F3C", "7FFF/6FB1",
    "7FFF/6FD6", "7FFF/6FE2", "7FFF/6FED", "7FFF/6FF1", "7FFF/6FFB", "7FFF/6FFD",
};

START_TEST(profile_may_be_slim)
{
    const struct profile *p = made_from("files = services\nservices = 33\n"
                                        "sim-mode = no\nisim = no\n");

    for (size_t i = 0; i < ARRAY_LEN(mandatory); i++)
        ck_assert_msg(find(p, mandatory[i]) != NULL, "no %s", mandatory[i]);
    for (size_t i = 0; i < ARRAY_LEN(of_services); i++)
        ck_assert_msg(find(p, of_services[i]) == NULL, "%s without service", of_services[i]);
    ck_assert_uint_lt(p->file_count, 60);
}
END_TEST

/* The samples that are installed make cards. */
START_TEST(profile_samples_compile)
{
    static const char *const names[] = {"m2m-5g", "m2m-5g-suci", "slim"};
    char path[64], text[16384];
    size_t n;
    FILE *file;

    (void)snprintf(path, sizeof path, "tools/profiles/%s.profile", names[_i]);
    file = fopen(path, "r");
    ck_assert_ptr_nonnull(file);
    n = fread(text, 1, sizeof text - 1, file);
    text[n] = '\0';
    (void)fclose(file);
    ck_assert_str_eq(made_from(text)->name, names[_i]);
}
END_TEST

/* TS 31.103 4.2: EF.IST and the files of its services. */
static const struct {
    unsigned service;
    const char *path;
} isim_files[] = {
    {1, "7FF2/6F09"},  {5, "7FF2/6F09"},  {2, "7FF2/6FD5"},  {2, "7FF2/6FD7"},  {2, "7FF2/6FDD"},
    {6, "7FF2/6F3C"},  {6, "7FF2/6F43"},  {8, "7FF2/6F42"},  {10, "7FF2/6FE7"}, {17, "7FF2/6FF7"},
    {18, "7FF2/6FF8"}, {19, "7FF2/6FFC"}, {20, "7FF2/6FFA"}, {21, "7FF2/6FFE"}, {22, "7FF2/6F0B"},
};

START_TEST(profile_has_isim_file_exactly_when_service_is_on)
{
    const struct fs_file *ist;
    const struct profile *p;
    char text[64];
    unsigned n = isim_files[_i].service;

    (void)snprintf(text, sizeof text, "files = services\nisim-services = %u", n);
    p = made_from(text);
    ist = find(p, "7FF2/6F07");
    ck_assert_uint_eq(ist->size, 3);
    for (unsigned i = 1; i <= 24; i++) {
        bool on =
            (i - 1) / 8 < ist->content_len && (ist->content[(i - 1) / 8] >> ((i - 1) % 8) & 1) != 0;

        ck_assert_msg(on == (i == n), "service %u", i);
    }
    ck_assert_ptr_nonnull(find(p, isim_files[_i].path));
    p = made_from("files = services\nisim-services = 16");
    ck_assert_ptr_null(find(p, isim_files[_i].path));
}
END_TEST

/* TS 31.102 4.4.2.1: files of type 1 have a record for each entry. 4.2.8: the longest table. */
START_TEST(profile_has_sizes_that_belong_together)
{
    static const char *const type_1[] = {"4F32", "4F54", "4F09", "4F52", "4F21"};
    const struct profile *p = made_from(NULL);
    unsigned entries = find(p, "7F10/5F3A/4F3A")->record_count;

    for (size_t i = 0; i < ARRAY_LEN(type_1); i++) {
        char path[32];

        (void)snprintf(path, sizeof path, "7F10/5F3A/%s", type_1[i]);
        ck_assert_msg(find(p, path)->record_count == entries, "%s", path);
    }
    ck_assert_uint_eq(find(p, "7FFF/6F47")->record_count, find(p, "7FFF/6F3C")->record_count);
    ck_assert_uint_eq(find(p, "7FFF/6FC9")->record_len, 5);
    ck_assert_uint_eq(find(p, "7FFF/6FCA")->record_len, 6);
    ck_assert_uint_eq(find(p, "7FFF/6F38")->size, 20);
}
END_TEST

/* TS 31.103 4.2.12: a message is in one place, whichever application a device asks. */
START_TEST(profile_has_one_store_of_messages)
{
    const struct profile *p = made_from(NULL);
    const struct fs_file *usim = find(p, "7FFF/6F3C");

    ck_assert_ptr_eq(&p->files[find(p, "7FF2/6F3C")->shares], usim);
    ck_assert_ptr_eq(&p->files[find(p, "7F10/6F3C")->shares], usim);
}
END_TEST

/* What the standard allows, and no less. */
START_TEST(profile_takes_any_size_of_the_standard)
{
    const struct profile *p = made_from("size 7FFF/6F42 = 28x1\nsize 7F10/5F3A/4F3A = 14x50\n"
                                        "size 7FFF/6FE4 = 54x1\nsize 7FFF/6FF3 = 1\n"
                                        "size 7FFF/6FAD = 4\ncontent 7FFF/6FAD = 00000002\n");
    struct wr image = WR_ARRAY(image_bytes);
    char message[PERSO_MESSAGE_MAX];

    ck_assert_uint_eq(find(p, "7FFF/6F42")->record_len, 28);
    ck_assert_uint_eq(find(p, "7FFF/5F3A/4F3A")->size, 700);
    ck_assert_uint_eq(find(p, "7FFF/6FAD")->size, 4);
    ck_assert_int_eq(perso_compile("size 7FFF/6F42 = 27x1", &image, message), ERR_RANGE);
    ck_assert_int_eq(perso_compile("size 7FFF/6FAD = 3", &image, message), ERR_RANGE);
}
END_TEST

Suite *suite_under_test(void)
{
    Suite *s = suite_create("uicc/profile");
    TCase *t = tcase_create("TS 31.102 4.2");

    tcase_add_test(t, profile_has_every_file_a_client_knows);
    tcase_add_test(t, profile_may_be_slim);
    tcase_add_test(t, profile_takes_any_size_of_the_standard);
    tcase_add_loop_test(t, profile_samples_compile, 0, 3);
    suite_add_tcase(s, t);
    t = tcase_create("TS 31.102 4.4.2.1");
    tcase_add_test(t, profile_has_sizes_that_belong_together);
    suite_add_tcase(s, t);
    t = tcase_create("TS 31.103 4.2.7");
    tcase_add_loop_test(t, profile_has_isim_file_exactly_when_service_is_on, 0,
                        (int)ARRAY_LEN(isim_files));
    tcase_add_test(t, profile_has_one_store_of_messages);
    suite_add_tcase(s, t);
    return s;
}
