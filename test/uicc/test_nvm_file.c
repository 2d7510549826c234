/*
 * Tests of uicc/nvm/file.c. Goal: one process per card, a private file, and what was
 * committed is there after kill -9 at any moment.
 */
#include "test/support/runner.h"
#include "uicc/nvm/store.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define BANK 16384U
#define SIZE 65536U

static char directory[] = "/tmp/reseat-nvm-XXXXXX";
static char path[64], link_path[64];

static void setup(void)
{
    memset(directory + sizeof directory - 7, 'X', 6);
    ck_assert_ptr_nonnull(mkdtemp(directory));
    snprintf(path, sizeof path, "%s/card", directory);
    snprintf(link_path, sizeof link_path, "%s/link", directory);
}

static void teardown(void)
{
    unlink(path);
    unlink(link_path);
    rmdir(directory);
}

static struct nvm_file *must_create(void)
{
    struct nvm_file *f = NULL;

    ck_assert_int_eq(nvm_file_create(path, SIZE, &f), ERR_OK);
    return f;
}

static struct nvm_file *must_open(void)
{
    struct nvm_file *f = NULL;

    ck_assert_int_eq(nvm_file_open(path, &f), ERR_OK);
    return f;
}

/* What a child process finds when it opens the card. */
static enum err open_elsewhere(void)
{
    pid_t child = fork();
    int status;

    if (child == 0) {
        struct nvm_file *f = NULL;

        _exit((int)nvm_file_open(path, &f));
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status));
    return (enum err)WEXITSTATUS(status);
}

START_TEST(nvm_file_create_makes_a_private_sparse_file)
{
    struct nvm_file *f;
    struct stat st;

    umask(0);
    f = must_create();
    ck_assert_uint_eq(nvm_file_device(f)->size, SIZE);
    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_uint_eq(st.st_mode & 07777, 0600);
    ck_assert_int_eq(st.st_size, SIZE);
    ck_assert_int_eq(st.st_blocks, 0);
    nvm_file_close(&f);
    ck_assert_ptr_null(f);
    nvm_file_close(&f);
}
END_TEST

START_TEST(nvm_file_keeps_what_was_written)
{
    uint8_t bytes[100], zeros[100] = {0};
    struct nvm_file *f = must_create();
    struct nvm_device *dev = nvm_file_device(f);

    ck_assert_int_eq(dev->write(dev->context, SIZE - 3, "end", 3), ERR_OK);
    ck_assert_int_eq(dev->sync(dev->context), ERR_OK);
    nvm_file_close(&f);
    f = must_open();
    dev = nvm_file_device(f);
    ck_assert_uint_eq(dev->size, SIZE);
    ck_assert_int_eq(dev->read(dev->context, SIZE - 3, bytes, 3), ERR_OK);
    ck_assert_mem_eq(bytes, "end", 3);
    ck_assert_int_eq(dev->read(dev->context, 1000, bytes, sizeof bytes), ERR_OK);
    ck_assert_mem_eq(bytes, zeros, sizeof zeros);
    nvm_file_close(&f);
}
END_TEST

START_TEST(nvm_file_refuses_what_is_outside)
{
    struct nvm_file *f = must_create();
    struct nvm_device *dev = nvm_file_device(f);
    uint8_t bytes[4] = {0};

    ck_assert_int_eq(dev->write(dev->context, SIZE - 3, bytes, 4), ERR_RANGE);
    ck_assert_int_eq(dev->write(dev->context, UINT64_MAX, bytes, 4), ERR_RANGE);
    ck_assert_int_eq(dev->read(dev->context, SIZE + 1, bytes, 0), ERR_RANGE);
    ck_assert_int_eq(dev->read(dev->context, SIZE, bytes, 0), ERR_OK);
    ck_assert_int_eq(truncate(path, 10), 0);
    ck_assert_int_eq(dev->read(dev->context, 8, bytes, 4), ERR_IO);
    nvm_file_close(&f);
}
END_TEST

START_TEST(nvm_file_open_says_what_is_wrong)
{
    struct nvm_file *f = NULL;

    ck_assert_int_eq(nvm_file_open(path, &f), ERR_NOT_FOUND);
    ck_assert_int_eq(nvm_file_open(directory, &f), ERR_FORMAT);
    ck_assert_int_eq(nvm_file_create("/nonexistent/card", SIZE, &f), ERR_NOT_FOUND);
    ck_assert_int_eq(nvm_file_create(path, UINT64_MAX, &f), ERR_SPACE);
    ck_assert_int_ne(access(path, F_OK), 0); /* nothing is left of a card that failed */
    f = must_create();
    nvm_file_close(&f);
    ck_assert_int_eq(nvm_file_create(path, SIZE, &f), ERR_EXISTS);
    ck_assert_int_eq(symlink(path, link_path), 0);
    ck_assert_int_eq(nvm_file_open(link_path, &f), ERR_DENIED);
    ck_assert_int_eq(nvm_file_create(link_path, SIZE, &f), ERR_EXISTS);
    unlink(path);
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    ck_assert_int_eq(nvm_file_open(path, &f), ERR_FORMAT);
    ck_assert_ptr_null(f);
}
END_TEST

START_TEST(nvm_file_open_denies_a_file_of_others)
{
    struct nvm_file *f = must_create();

    nvm_file_close(&f);
    ck_assert_int_eq(chmod(path, 0), 0);
    if (geteuid() == 0) /* root may read anything */
        return;
    ck_assert_int_eq(nvm_file_open(path, &f), ERR_DENIED);
}
END_TEST

START_TEST(nvm_file_is_open_in_one_process_only)
{
    struct nvm_file *f = must_create(), *second = NULL;

    ck_assert_int_eq(open_elsewhere(), ERR_BUSY);
    ck_assert_int_eq(nvm_file_open(path, &second), ERR_BUSY);
    nvm_file_close(&f);
    ck_assert_int_eq(open_elsewhere(), ERR_OK);
    f = must_open();
    ck_assert_int_eq(open_elsewhere(), ERR_BUSY);
    nvm_file_close(&f);
}
END_TEST

/* RLIMIT_FSIZE stands for a disk that has no room left. */
START_TEST(nvm_file_says_space_when_the_host_is_full)
{
    struct rlimit limit = {4096, RLIM_INFINITY};
    struct nvm_file *f = must_create();
    struct nvm_device *dev = nvm_file_device(f);
    uint8_t bytes[64] = {1};

    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    ck_assert_int_eq(dev->write(dev->context, 4000, bytes, sizeof bytes), ERR_OK);
    ck_assert_int_eq(dev->write(dev->context, 4090, bytes, sizeof bytes), ERR_SPACE);
    ck_assert_int_eq(dev->write(dev->context, 8000, bytes, sizeof bytes), ERR_SPACE);
    nvm_file_close(&f);
}
END_TEST

static uint8_t block[1U << 20] __attribute__((aligned(16)));
static struct store_work work;

/* Count up in two objects per commit, telling the parent each durable number. */
static void count_for_ever(int out)
{
    struct nvm_file *f = NULL;
    struct store s;
    struct arena arena;
    struct rd value;
    uint32_t n = 0;

    arena_init(&arena, block, sizeof block);
    if (nvm_file_open(path, &f) != ERR_OK ||
        store_open(&s, nvm_file_device(f), &arena, &work) != ERR_OK)
        _exit(1);
    if (store_get(&s, 1, &value) && rd_u32(&value, &n) != ERR_OK)
        _exit(2);
    for (;;) {
        uint8_t bytes[4];
        struct wr w = WR_ARRAY(bytes);

        wr_u32(&w, ++n);
        if (store_put(&s, 1, RD_WR(&w)) != ERR_OK || store_put(&s, n % 50 + 2, RD_WR(&w)) != ERR_OK)
            _exit(3);
        if (n % 20 == 0)
            store_forget(&s);
        if (store_commit(&s) != ERR_OK || write(out, &n, sizeof n) != sizeof n)
            _exit(4);
    }
}

/* Kill the child after some microseconds; the last number that it told. */
static uint32_t kill_while_counting(useconds_t after)
{
    int ends[2], status;
    uint32_t n = 0, last = 0;
    pid_t child;

    ck_assert_int_eq(pipe(ends), 0);
    child = fork();
    if (child == 0) {
        close(ends[0]);
        count_for_ever(ends[1]);
    }
    close(ends[1]);
    usleep(after);
    kill(child, SIGKILL);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_msg(WIFSIGNALED(status), "child ended by itself: %d", WEXITSTATUS(status));
    while (read(ends[0], &n, sizeof n) == (ssize_t)sizeof n)
        last = n;
    close(ends[0]);
    return last;
}

static uint32_t number(const struct store *s, uint32_t id)
{
    struct rd value;
    uint32_t n = 0;

    if (store_get(s, id, &value))
        ck_assert_int_eq(rd_u32(&value, &n), ERR_OK);
    return n;
}

START_TEST(nvm_file_store_survives_kill_9)
{
    static const uint8_t hash[MEDIUM_HASH_LEN];
    struct nvm_file *f = must_create();
    struct nvm_device *dev = nvm_file_device(f);
    uint32_t told = 0;
    struct arena arena;
    struct store s;

    arena_init(&arena, block, sizeof block);
    ck_assert_int_eq(medium_format(dev, RD(NULL, 0), hash, BANK), ERR_OK);
    ck_assert_int_eq(store_create(&s, dev, &arena, &work), ERR_OK);
    ck_assert_int_eq(store_put_filled(&s, 1, 0, 4), ERR_OK);
    ck_assert_int_eq(store_commit(&s), ERR_OK);
    store_close(&s);
    nvm_file_close(&f);
    for (useconds_t round = 0; round < 60; round++) {
        uint32_t last = kill_while_counting(2000 + round * 731 % 9000), n;

        told = last > told ? last : told;
        f = must_open();
        ck_assert_int_eq(store_open(&s, nvm_file_device(f), &arena, &work), ERR_OK);
        n = number(&s, 1);
        ck_assert_uint_ge(n, told);
        ck_assert_uint_le(n, told + 1);
        ck_assert(n == 0 || number(&s, n % 50 + 2) == n);
        told = n;
        store_close(&s);
        nvm_file_close(&f);
    }
    ck_assert_uint_gt(told, 0); /* how many is the machine's business */
}
END_TEST

Suite *suite_under_test(void)
{
    Suite *s = suite_create("uicc/nvm/file");
    TCase *t = tcase_create("file");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, nvm_file_create_makes_a_private_sparse_file);
    tcase_add_test(t, nvm_file_keeps_what_was_written);
    tcase_add_test(t, nvm_file_refuses_what_is_outside);
    tcase_add_test(t, nvm_file_open_says_what_is_wrong);
    tcase_add_test(t, nvm_file_open_denies_a_file_of_others);
    tcase_add_test(t, nvm_file_is_open_in_one_process_only);
    tcase_add_test(t, nvm_file_says_space_when_the_host_is_full);
    suite_add_tcase(s, t);
    t = tcase_create("sec_C14 kill -9");
    tcase_set_timeout(t, 60);
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, nvm_file_store_survives_kill_9);
    suite_add_tcase(s, t);
    return s;
}
