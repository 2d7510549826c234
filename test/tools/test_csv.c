/* Tests of tools/cli/csv.h. Goal: rows are read as they stand, a table that is none is refused with
 * its line, and nothing of a table, which may hold keys, stays in memory. */
#include "test/support/runner.h"
#include "tools/cli/csv.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define KEY "00112233445566778899AABBCCDDEEFF"

static char path[64];
static int fd;
static struct csv c;

static void table(const char *text)
{
    fd = memfd_create("table", 0);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
}

static void teardown(void)
{
    close(fd);
}

START_TEST(csv_next_gives_fields_by_name)
{
    table("# made by hand\niccid,imsi,k\n8988,00101," KEY "\r\n\n# between\n8989,,\n");
    ck_assert_int_eq(csv_open(&c, path), ERR_OK);
    ck_assert_int_eq(csv_next(&c), ERR_OK);
    ck_assert_str_eq(csv_field(&c, "k"), KEY);
    ck_assert_str_eq(csv_field(&c, "imsi"), "00101");
    ck_assert_ptr_null(csv_field(&c, "opc"));
    ck_assert_int_eq(csv_next(&c), ERR_OK);
    ck_assert_uint_eq(c.line, 6);
    ck_assert_str_eq(csv_field(&c, "k"), "");
    ck_assert_int_eq(csv_next(&c), ERR_NOT_FOUND);
    csv_close(&c);
}
END_TEST

START_TEST(csv_refuses_what_is_no_table)
{
    char wide[2 * CSV_COLUMNS_MAX + 2];

    fd = -1;
    ck_assert_int_eq(csv_open(&c, "/no/such/file"), ERR_NOT_FOUND);
    table("\n# nothing\n");
    ck_assert_int_eq(csv_open(&c, path), ERR_SHORT);
    close(fd);
    memset(wide, ',', sizeof wide - 1);
    wide[sizeof wide - 1] = '\0';
    table(wide);
    ck_assert_int_eq(csv_open(&c, path), ERR_RANGE);
    close(fd);
    table("a,b\n1\n");
    ck_assert_int_eq(csv_open(&c, path), ERR_OK);
    ck_assert_int_eq(csv_next(&c), ERR_FORMAT);
    ck_assert_uint_eq(c.line, 2);
    csv_close(&c);
}
END_TEST

START_TEST(sec_C26_csv_close_leaves_nothing)
{
    static const struct csv nothing;

    table("iccid,k\n8988," KEY "\n");
    ck_assert_int_eq(csv_open(&c, path), ERR_OK);
    ck_assert_int_eq(csv_next(&c), ERR_OK);
    ck_assert_ptr_nonnull(memmem(c.row, sizeof c.row, KEY, strlen(KEY)));
    /* The stream's copy lies where it is wiped, too. */
    ck_assert_ptr_nonnull(memmem(c.buffer, sizeof c.buffer, KEY, strlen(KEY)));
    csv_close(&c);
    ck_assert_mem_eq(&c, &nothing, sizeof c);
}
END_TEST

Suite *suite_under_test(void)
{
    Suite *s = suite_create("csv");
    TCase *t = tcase_create("csv.h");

    tcase_add_checked_fixture(t, NULL, teardown);
    tcase_add_test(t, csv_next_gives_fields_by_name);
    tcase_add_test(t, csv_refuses_what_is_no_table);
    tcase_add_test(t, sec_C26_csv_close_leaves_nothing);
    suite_add_tcase(s, t);
    return s;
}
