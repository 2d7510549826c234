/* Tests of ota/ledger/ledger.h. Goal: no counter is used twice, whatever dies or is restored; keys
 * are nowhere in clear. Method: real files, copies of them put back, a second server on the same
 * file, a process killed at random moments. */
#include "apdu/hex.h"
#include "test/support/ota/books.h"
#include "test/support/runner.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void copy_file(const char *from_suffix, const char *to_suffix)
{
    char from[120], to[120], buffer[4096];
    FILE *in, *out;
    size_t n;

    snprintf(from, sizeof from, "%s%s", BOOKS_PATH, from_suffix);
    snprintf(to, sizeof to, "%s%s", BOOKS_PATH, to_suffix);
    in = fopen(from, "r");
    out = fopen(to, "w");
    ck_assert(in != NULL && out != NULL);
    while ((n = fread(buffer, 1, sizeof buffer, in)) > 0)
        ck_assert_uint_eq(fwrite(buffer, 1, n, out), n);
    fclose(in);
    fclose(out);
}

/* --- counters ------------------------------------------------------------------------------- */

START_TEST(ledger_counter_rises_by_one_and_by_the_jump)
{
    struct ledger *l = books_serve(LEDGER_FIRST);
    uint64_t counter;

    ck_assert_int_eq(books_add_card(l, BOOKS_ICCID, "001010000000001", 1), ERR_OK);
    ck_assert_uint_eq(books_take(l), 1);
    ck_assert_uint_eq(books_take(l), 2);
    ck_assert_int_eq(ledger_begin(l), ERR_OK);
    ck_assert_int_eq(ledger_counter_take(l, books_card_id(l), 100, &counter), ERR_OK);
    ck_assert_uint_eq(counter, 103);
    ck_assert_int_eq(ledger_counter_take(l, 99, 0, &counter), ERR_NOT_FOUND);
    ck_assert_int_eq(ledger_counter_take(l, books_card_id(l), SECPKT_COUNTER_MAX, &counter),
                     ERR_COUNTER_BLOCKED);
    ledger_rollback(l);
    ledger_close(&l);
}
END_TEST

START_TEST(ledger_counter_is_taken_only_in_a_transaction_of_the_server)
{
    struct ledger *l = books_open();
    enum ledger_start how;
    uint64_t counter;

    ck_assert_int_eq(books_add_card(l, BOOKS_ICCID, "001010000000001", 1), ERR_OK);
    ck_assert_int_eq(ledger_begin(l), ERR_OK);
    ck_assert_int_eq(ledger_counter_take(l, books_card_id(l), 0, &counter), ERR_CONDITIONS);
    ledger_rollback(l);
    ck_assert_int_eq(ledger_serve(l, 1000, &how), ERR_OK);
    ck_assert_int_eq(ledger_counter_take(l, books_card_id(l), 0, &counter), ERR_CONDITIONS);
    ledger_close(&l);
}
END_TEST

START_TEST(ledger_serve_continues_after_a_clean_end)
{
    struct ledger *l = books_serve(LEDGER_FIRST);

    ck_assert_int_eq(books_add_card(l, BOOKS_ICCID, "001010000000001", 1), ERR_OK);
    ck_assert_uint_eq(books_take(l), 1);
    ck_assert_int_eq(ledger_retire(l), ERR_OK);
    ledger_close(&l);
    l = books_serve(LEDGER_CLEAN);
    ck_assert_uint_eq(books_take(l), 2);
    ledger_close(&l);
}
END_TEST

START_TEST(ledger_serve_skips_after_a_crash_once_per_card)
{
    struct ledger *l = books_serve(LEDGER_FIRST);

    ck_assert_int_eq(books_add_card(l, BOOKS_ICCID, "001010000000001", 1), ERR_OK);
    ck_assert_uint_eq(books_take(l), 1);
    ledger_close(&l);
    l = books_serve(LEDGER_SKIPPED);
    ck_assert_uint_eq(books_take(l), 1002);
    ck_assert_uint_eq(books_take(l), 1003);
    ledger_close(&l);
}
END_TEST

START_TEST(ledger_serve_skips_when_a_backup_was_restored)
{
    struct ledger *l = books_serve(LEDGER_FIRST);

    ck_assert_int_eq(books_add_card(l, BOOKS_ICCID, "001010000000001", 1), ERR_OK);
    ck_assert_uint_eq(books_take(l), 1);
    ck_assert_int_eq(ledger_retire(l), ERR_OK);
    ledger_close(&l);
    copy_file("", ".copy"); /* a clean backup */
    l = books_serve(LEDGER_CLEAN);
    for (uint64_t i = 2; i <= 500; i++)
        ck_assert_uint_eq(books_take(l), i);
    ck_assert_int_eq(ledger_retire(l), ERR_OK);
    ledger_close(&l);
    copy_file(".copy", "");
    l = books_serve(LEDGER_SKIPPED);
    ck_assert_uint_gt(books_take(l), 500);
    ledger_close(&l);
}
END_TEST

START_TEST(ledger_serve_skips_when_its_mark_is_lost)
{
    struct ledger *l = books_serve(LEDGER_FIRST);
    char mark[120];

    ck_assert_int_eq(books_add_card(l, BOOKS_ICCID, "001010000000001", 1), ERR_OK);
    ck_assert_int_eq(ledger_retire(l), ERR_OK);
    ledger_close(&l);
    snprintf(mark, sizeof mark, "%s-server", BOOKS_PATH);
    ck_assert_int_eq(unlink(mark), 0);
    l = books_serve(LEDGER_SKIPPED);
    ck_assert_uint_eq(books_take(l), 1001);
    ledger_close(&l);
}
END_TEST

START_TEST(ledger_skip_counters_reaches_a_running_server)
{
    struct ledger *l = books_serve(LEDGER_FIRST), *other = books_open();

    ck_assert_int_eq(books_add_card(l, BOOKS_ICCID, "001010000000001", 1), ERR_OK);
    ck_assert_uint_eq(books_take(l), 1);
    ck_assert_int_eq(ledger_skip_counters(other, 0), ERR_RANGE);
    ck_assert_int_eq(ledger_skip_counters(other, 50), ERR_OK);
    ck_assert_uint_eq(books_take(l), 52);
    ledger_close(&other);
    ledger_close(&l);
}
END_TEST

START_TEST(ledger_serve_refuses_a_second_server)
{
    struct ledger *l = books_serve(LEDGER_FIRST), *second = books_open();
    enum ledger_start how;

    ck_assert_int_eq(ledger_serve(second, 1000, &how), ERR_BUSY);
    ledger_close(&l);
    ck_assert_int_eq(ledger_serve(second, 1000, &how), ERR_OK);
    ledger_close(&second);
}
END_TEST

START_TEST(ledger_begin_fences_a_server_that_was_replaced)
{
    struct ledger *l = books_serve(LEDGER_FIRST), *second;
    char mark[120];

    ck_assert_int_eq(books_add_card(l, BOOKS_ICCID, "001010000000001", 1), ERR_OK);
    snprintf(mark, sizeof mark, "%s-server", BOOKS_PATH);
    ck_assert_int_eq(unlink(mark), 0); /* as if the lock did not hold (network file system) */
    second = books_serve(LEDGER_SKIPPED);
    ck_assert_int_eq(ledger_begin(l), ERR_DENIED);
    ck_assert_int_eq(ledger_retire(l), ERR_DENIED);
    ck_assert_uint_eq(books_take(second), 1001);
    ledger_close(&second);
    ledger_close(&l);
}
END_TEST

/* A child takes counters as fast as it can and tells each one after its commit, as a server tells
 * the network; it is killed at an arbitrary moment. */
static void take_until_killed(int fd)
{
    struct ledger *l = books_open();
    enum ledger_start how;
    uint64_t counter;

    if (ledger_serve(l, 1000, &how) != ERR_OK)
        _exit(1);
    for (;;) {
        counter = books_take(l);
        if (write(fd, &counter, sizeof counter) != (ssize_t)sizeof counter)
            _exit(1);
    }
}

START_TEST(ledger_counter_is_not_reused_after_kill_9)
{
    struct ledger *l = books_serve(LEDGER_FIRST);
    uint64_t last = 0, counter;

    ck_assert_int_eq(books_add_card(l, BOOKS_ICCID, "001010000000001", 1), ERR_OK);
    ledger_close(&l);
    for (int round = 0; round < 10; round++) {
        struct timespec moment = {0, 3000000 + round * 2300000};
        int fds[2];
        pid_t child;

        ck_assert_int_eq(pipe(fds), 0);
        child = fork();
        if (child == 0)
            take_until_killed(fds[1]);
        close(fds[1]);
        nanosleep(&moment, NULL);
        kill(child, SIGKILL);
        ck_assert_int_eq(waitpid(child, NULL, 0), child);
        while (read(fds[0], &counter, sizeof counter) == (ssize_t)sizeof counter) {
            ck_assert_uint_gt(counter, last);
            last = counter;
        }
        close(fds[0]);
    }
    ck_assert_uint_gt(last, 0);
    l = books_serve(LEDGER_SKIPPED);
    ck_assert_uint_gt(books_take(l), last);
    ledger_close(&l);
}
END_TEST

/* --- cards ---------------------------------------------------------------------------------- */

START_TEST(ledger_card_comes_back_with_its_keys)
{
    struct ledger *l = books_open();
    struct ledger_card card;
    struct vault_pair keys, want;

    ck_assert_int_eq(books_add_card(l, BOOKS_ICCID, "001010000000001", 2), ERR_OK);
    ck_assert_int_eq(ledger_card_by_iccid(l, BOOKS_ICCID, &card), ERR_OK);
    ck_assert_str_eq(card.imsi, "001010000000001");
    ck_assert_uint_eq(card.key_index, 2);
    ck_assert_int_eq(card.owner, LEDGER_OURS);
    ck_assert_int_eq(card.ota_algorithm, SECPKT_AES);
    ck_assert_int_eq(ledger_card_keys(l, card.id, LEDGER_IN_FORCE, &keys), ERR_OK);
    books_keys(&want, 2, 0x80);
    ck_assert(secret_equal(&keys.aka.k, &want.aka.k));
    ck_assert(secret_equal(&keys.ota.kid.key, &want.ota.kid.key));
    ck_assert(secret_equal(&keys.kik.key, &want.kik.key));
    ck_assert_str_eq(keys.iccid, BOOKS_ICCID);
    ck_assert_int_eq(ledger_card_keys(l, card.id, LEDGER_PENDING, &keys), ERR_NOT_FOUND);
    ck_assert_int_eq(ledger_card_by_iccid(l, "8949", &card), ERR_NOT_FOUND);
    ledger_close(&l);
}
END_TEST

START_TEST(ledger_card_pending_keys_come_into_force_or_go)
{
    struct ledger *l = books_open();
    struct vault_pair keys, fresh;
    int64_t id;

    ck_assert_int_eq(books_add_card(l, BOOKS_ICCID, "001010000000001", 1), ERR_OK);
    id = books_card_id(l);
    books_keys(&fresh, 1, 0x11);
    ck_assert_int_eq(ledger_card_set_pending(l, id, &fresh), ERR_OK);
    ck_assert_int_eq(ledger_card_drop_pending(l, id), ERR_OK);
    ck_assert_int_eq(ledger_card_promote(l, id), ERR_NOT_FOUND);
    ck_assert_int_eq(ledger_card_set_pending(l, id, &fresh), ERR_OK);
    ck_assert_int_eq(ledger_card_keys(l, id, LEDGER_IN_FORCE, &keys), ERR_OK);
    ck_assert(!secret_equal(&keys.aka.k, &fresh.aka.k));
    ck_assert_int_eq(ledger_card_promote(l, id), ERR_OK);
    ck_assert_int_eq(ledger_card_keys(l, id, LEDGER_IN_FORCE, &keys), ERR_OK);
    ck_assert(secret_equal(&keys.aka.k, &fresh.aka.k));
    ck_assert_int_eq(ledger_card_keys(l, id, LEDGER_PENDING, &keys), ERR_NOT_FOUND);
    fresh.index = 2;
    ck_assert_int_eq(ledger_card_set_pending(l, id, &fresh), ERR_KEY);
    ledger_close(&l);
}
END_TEST

START_TEST(ledger_card_add_lets_only_a_card_that_moved_come_back)
{
    struct ledger *l = books_open();
    struct ledger_card card;

    ck_assert_int_eq(books_add_card(l, BOOKS_ICCID, "001010000000001", 2), ERR_OK);
    ck_assert_int_eq(books_add_card(l, BOOKS_ICCID, "001010000000002", 3), ERR_EXISTS);
    ck_assert_int_eq(ledger_card_moved(l, books_card_id(l), "002020000000001", ""), ERR_OK);
    ck_assert_int_eq(books_add_card(l, BOOKS_ICCID, "001010000000002", 1), ERR_EXISTS);
    ck_assert_int_eq(books_add_card(l, BOOKS_ICCID, "001010000000002", 3), ERR_OK);
    ck_assert_int_eq(ledger_card_by_iccid(l, BOOKS_ICCID, &card), ERR_OK);
    ck_assert_int_eq(card.owner, LEDGER_OURS);
    ck_assert_uint_eq(card.key_index, 3);
    ledger_close(&l);
}
END_TEST

START_TEST(ledger_card_add_refuses_what_is_no_identity)
{
    struct ledger *l = books_open();

    ck_assert_int_eq(books_add_card(l, "8949", "001010000000001", 1), ERR_RANGE);
    ck_assert_int_eq(books_add_card(l, BOOKS_ICCID, "00101x", 1), ERR_FORMAT);
    ck_assert_int_eq(books_add_card(l, BOOKS_ICCID, "001010000000001", 0), ERR_RANGE);
    ck_assert_int_eq(books_add_card(l, BOOKS_ICCID, "001010000000001", 16), ERR_RANGE);
    ledger_close(&l);
}
END_TEST

START_TEST(ledger_card_candidates_know_old_and_new_numbers)
{
    struct ledger *l = books_open();
    struct ledger_campaign c;
    int64_t ids[4];
    size_t count;

    ck_assert_int_eq(books_add_card(l, BOOKS_ICCID, "001010000000001", 1), ERR_OK);
    ledger_campaign_defaults(&c, LEDGER_3B);
    memcpy(c.name, "move", 5);
    ck_assert_int_eq(ledger_campaign_add(l, &c), ERR_OK);
    ck_assert_int_eq(ledger_job_add(l, &c, BOOKS_ICCID, "002020000000001", "4915555"), ERR_OK);
    ck_assert_int_eq(ledger_card_candidates(l, "491700000001", ids, 4, &count), ERR_OK);
    ck_assert_uint_eq(count, 1);
    ck_assert_int_eq(ledger_card_candidates(l, "4915555", ids, 4, &count), ERR_OK);
    ck_assert_uint_eq(count, 1);
    ck_assert_int_eq(ids[0], books_card_id(l));
    ck_assert_int_eq(ledger_card_candidates(l, "", ids, 4, &count), ERR_OK);
    ck_assert_uint_eq(count, 0);
    ledger_close(&l);
}
END_TEST

START_TEST(ledger_open_refuses_another_key)
{
    static const char other[] = "FF0102030405060708090A0B0C0D0E0F"
                                "101112131415161718191A1B1C1D1E1F";
    struct ledger *l = books_open();

    ledger_close(&l);
    ck_assert_int_eq(books_open_with(BOOKS_PATH, other, false, &l), ERR_KEY);
    ck_assert_ptr_null(l);
    ck_assert_int_eq(books_open_with("no/such/file", other, false, &l), ERR_NOT_FOUND);
}
END_TEST

static bool file_contains(const char *suffix, const void *needle, size_t len)
{
    static char content[1 << 20];
    char name[120];
    FILE *f;
    size_t n;

    snprintf(name, sizeof name, "%s%s", BOOKS_PATH, suffix);
    f = fopen(name, "r");
    if (f == NULL)
        return false;
    n = fread(content, 1, sizeof content, f);
    fclose(f);
    return memmem(content, n, needle, len) != NULL;
}

START_TEST(ledger_holds_no_key_in_clear)
{
    struct ledger *l = books_open();
    struct vault_pair keys, fresh;
    char hex[33];

    ck_assert_int_eq(books_add_card(l, BOOKS_ICCID, "001010000000001", 1), ERR_OK);
    books_keys(&fresh, 1, 0x11);
    ck_assert_int_eq(ledger_card_set_pending(l, books_card_id(l), &fresh), ERR_OK);
    books_keys(&keys, 1, 0x80);
    ck_assert(file_contains("-wal", BOOKS_ICCID, 20));
    for (int i = 0; i < 2; i++) {
        const struct vault_pair *p = i ? &keys : &fresh;

        ck_assert_int_eq(hex_encode(RD_SECRET(&p->aka.k), hex, sizeof hex), ERR_OK);
        ck_assert(!file_contains("", p->aka.k.bytes, 16));
        ck_assert(!file_contains("-wal", p->aka.k.bytes, 16));
        ck_assert(!file_contains("-wal", p->ota.kic.key.bytes, 16));
        ck_assert(!file_contains("-wal", hex, 32));
    }
    ledger_close(&l);
}
END_TEST

static void add_counter_tests(TCase *t)
{
    tcase_add_test(t, ledger_counter_rises_by_one_and_by_the_jump);
    tcase_add_test(t, ledger_counter_is_taken_only_in_a_transaction_of_the_server);
    tcase_add_test(t, ledger_serve_continues_after_a_clean_end);
    tcase_add_test(t, ledger_serve_skips_after_a_crash_once_per_card);
    tcase_add_test(t, ledger_serve_skips_when_a_backup_was_restored);
    tcase_add_test(t, ledger_serve_skips_when_its_mark_is_lost);
    tcase_add_test(t, ledger_skip_counters_reaches_a_running_server);
    tcase_add_test(t, ledger_serve_refuses_a_second_server);
    tcase_add_test(t, ledger_begin_fences_a_server_that_was_replaced);
    tcase_add_test(t, ledger_counter_is_not_reused_after_kill_9);
}

Suite *suite_under_test(void)
{
    Suite *s = suite_create("ledger");
    TCase *counters = tcase_create("TS 102 225 5.1.4");
    TCase *cards = tcase_create("cards");

    tcase_add_checked_fixture(counters, books_setup, NULL);
    tcase_add_checked_fixture(cards, books_setup, NULL);
    tcase_set_timeout(counters, 60);
    add_counter_tests(counters);
    tcase_add_test(cards, ledger_card_comes_back_with_its_keys);
    tcase_add_test(cards, ledger_card_pending_keys_come_into_force_or_go);
    tcase_add_test(cards, ledger_card_add_lets_only_a_card_that_moved_come_back);
    tcase_add_test(cards, ledger_card_add_refuses_what_is_no_identity);
    tcase_add_test(cards, ledger_card_candidates_know_old_and_new_numbers);
    tcase_add_test(cards, ledger_open_refuses_another_key);
    tcase_add_test(cards, ledger_holds_no_key_in_clear);
    suite_add_tcase(s, counters);
    suite_add_tcase(s, cards);
    return s;
}
