/* Tests of ota/ledger. Goal: no counter is used twice, whatever dies or is restored; no step is
 * stored from a state the job has left; keys are nowhere in clear. Method: real files, copies of
 * them put back, a second server on the same file, a process killed at random moments. */
#include "apdu/hex.h"
#include "ota/ledger/jobs.h"
#include "test/support/ota/scratch.h"
#include "test/support/runner.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define KEK   "000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F"
#define ICCID "89490000000000000018"

static const char path[] = "ota.db";
static struct secret kek;

static void setup(void)
{
    scratch_enter();
    ck_assert_int_eq(secret_from_hex(&kek, KEK), ERR_OK);
}

static struct ledger *open_ledger(void)
{
    struct ledger *l = NULL;

    ck_assert_int_eq(ledger_open(path, &kek, true, &l), ERR_OK);
    return l;
}

static void make_keys(struct vault_pair *keys, uint8_t index, uint8_t fill)
{
    *keys = (struct vault_pair){.index = index};
    aka_key_defaults(&keys->aka, AKA_MILENAGE);
    keys->ota.cc_len = SECPKT_CC_LEN;
    keys->ota.kic.algorithm = keys->ota.kid.algorithm = keys->kik.algorithm = SECPKT_AES;
    for (size_t i = 0; i < 16; i++) {
        keys->aka.k.bytes[i] = (uint8_t)(fill + i);
        keys->aka.opc.bytes[i] = (uint8_t)(fill + 0x10 + i);
        keys->ota.kic.key.bytes[i] = (uint8_t)(fill + 0x20 + i);
        keys->ota.kid.key.bytes[i] = (uint8_t)(fill + 0x30 + i);
        keys->kik.key.bytes[i] = (uint8_t)(fill + 0x40 + i);
    }
    keys->aka.k.len = keys->aka.opc.len = 16;
    keys->ota.kic.key.len = keys->ota.kid.key.len = keys->kik.key.len = 16;
}

static enum err add_card(struct ledger *l, const char *iccid, const char *imsi, uint8_t index)
{
    struct ledger_card card = {.msisdn = "491700000001"};
    struct vault_pair keys;

    snprintf(card.iccid, sizeof card.iccid, "%s", iccid);
    snprintf(card.imsi, sizeof card.imsi, "%s", imsi);
    make_keys(&keys, index, 0x80);
    snprintf(keys.iccid, sizeof keys.iccid, "%s", iccid);
    return ledger_card_add(l, &card, &keys);
}

static int64_t card_id(struct ledger *l)
{
    struct ledger_card card;

    ck_assert_int_eq(ledger_card_by_iccid(l, ICCID, &card), ERR_OK);
    return card.id;
}

static struct ledger *serving_ledger(enum ledger_start want)
{
    struct ledger *l = open_ledger();
    enum ledger_start how;

    ck_assert_int_eq(ledger_serve(l, 1000, &how), ERR_OK);
    ck_assert_int_eq(how, want);
    return l;
}

static uint64_t take(struct ledger *l)
{
    uint64_t counter = 0;

    ck_assert_int_eq(ledger_begin(l), ERR_OK);
    ck_assert_int_eq(ledger_counter_take(l, card_id(l), 0, &counter), ERR_OK);
    ck_assert_int_eq(ledger_commit(l), ERR_OK);
    return counter;
}

static void copy_file(const char *from_suffix, const char *to_suffix)
{
    char from[120], to[120], buffer[4096];
    FILE *in, *out;
    size_t n;

    snprintf(from, sizeof from, "%s%s", path, from_suffix);
    snprintf(to, sizeof to, "%s%s", path, to_suffix);
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
    struct ledger *l = serving_ledger(LEDGER_FIRST);
    uint64_t counter;

    ck_assert_int_eq(add_card(l, ICCID, "001010000000001", 1), ERR_OK);
    ck_assert_uint_eq(take(l), 1);
    ck_assert_uint_eq(take(l), 2);
    ck_assert_int_eq(ledger_begin(l), ERR_OK);
    ck_assert_int_eq(ledger_counter_take(l, card_id(l), 100, &counter), ERR_OK);
    ck_assert_uint_eq(counter, 103);
    ck_assert_int_eq(ledger_counter_take(l, 99, 0, &counter), ERR_NOT_FOUND);
    ck_assert_int_eq(ledger_counter_take(l, card_id(l), SECPKT_COUNTER_MAX, &counter),
                     ERR_COUNTER_BLOCKED);
    ledger_rollback(l);
    ledger_close(&l);
}
END_TEST

START_TEST(ledger_counter_is_taken_only_in_a_transaction_of_the_server)
{
    struct ledger *l = open_ledger();
    enum ledger_start how;
    uint64_t counter;

    ck_assert_int_eq(add_card(l, ICCID, "001010000000001", 1), ERR_OK);
    ck_assert_int_eq(ledger_begin(l), ERR_OK);
    ck_assert_int_eq(ledger_counter_take(l, card_id(l), 0, &counter), ERR_CONDITIONS);
    ledger_rollback(l);
    ck_assert_int_eq(ledger_serve(l, 1000, &how), ERR_OK);
    ck_assert_int_eq(ledger_counter_take(l, card_id(l), 0, &counter), ERR_CONDITIONS);
    ledger_close(&l);
}
END_TEST

START_TEST(ledger_serve_continues_after_a_clean_end)
{
    struct ledger *l = serving_ledger(LEDGER_FIRST);

    ck_assert_int_eq(add_card(l, ICCID, "001010000000001", 1), ERR_OK);
    ck_assert_uint_eq(take(l), 1);
    ck_assert_int_eq(ledger_retire(l), ERR_OK);
    ledger_close(&l);
    l = serving_ledger(LEDGER_CLEAN);
    ck_assert_uint_eq(take(l), 2);
    ledger_close(&l);
}
END_TEST

START_TEST(ledger_serve_skips_after_a_crash_once_per_card)
{
    struct ledger *l = serving_ledger(LEDGER_FIRST);

    ck_assert_int_eq(add_card(l, ICCID, "001010000000001", 1), ERR_OK);
    ck_assert_uint_eq(take(l), 1);
    ledger_close(&l);
    l = serving_ledger(LEDGER_SKIPPED);
    ck_assert_uint_eq(take(l), 1002);
    ck_assert_uint_eq(take(l), 1003);
    ledger_close(&l);
}
END_TEST

START_TEST(ledger_serve_skips_when_a_backup_was_restored)
{
    struct ledger *l = serving_ledger(LEDGER_FIRST);

    ck_assert_int_eq(add_card(l, ICCID, "001010000000001", 1), ERR_OK);
    ck_assert_uint_eq(take(l), 1);
    ck_assert_int_eq(ledger_retire(l), ERR_OK);
    ledger_close(&l);
    copy_file("", ".copy"); /* a clean backup */
    l = serving_ledger(LEDGER_CLEAN);
    for (uint64_t i = 2; i <= 500; i++)
        ck_assert_uint_eq(take(l), i);
    ck_assert_int_eq(ledger_retire(l), ERR_OK);
    ledger_close(&l);
    copy_file(".copy", "");
    l = serving_ledger(LEDGER_SKIPPED);
    ck_assert_uint_gt(take(l), 500);
    ledger_close(&l);
}
END_TEST

START_TEST(ledger_serve_skips_when_its_mark_is_lost)
{
    struct ledger *l = serving_ledger(LEDGER_FIRST);
    char mark[120];

    ck_assert_int_eq(add_card(l, ICCID, "001010000000001", 1), ERR_OK);
    ck_assert_int_eq(ledger_retire(l), ERR_OK);
    ledger_close(&l);
    snprintf(mark, sizeof mark, "%s-server", path);
    ck_assert_int_eq(unlink(mark), 0);
    l = serving_ledger(LEDGER_SKIPPED);
    ck_assert_uint_eq(take(l), 1001);
    ledger_close(&l);
}
END_TEST

START_TEST(ledger_skip_counters_reaches_a_running_server)
{
    struct ledger *l = serving_ledger(LEDGER_FIRST), *other = open_ledger();

    ck_assert_int_eq(add_card(l, ICCID, "001010000000001", 1), ERR_OK);
    ck_assert_uint_eq(take(l), 1);
    ck_assert_int_eq(ledger_skip_counters(other, 0), ERR_RANGE);
    ck_assert_int_eq(ledger_skip_counters(other, 50), ERR_OK);
    ck_assert_uint_eq(take(l), 52);
    ledger_close(&other);
    ledger_close(&l);
}
END_TEST

START_TEST(ledger_serve_refuses_a_second_server)
{
    struct ledger *l = serving_ledger(LEDGER_FIRST), *second = open_ledger();
    enum ledger_start how;

    ck_assert_int_eq(ledger_serve(second, 1000, &how), ERR_BUSY);
    ledger_close(&l);
    ck_assert_int_eq(ledger_serve(second, 1000, &how), ERR_OK);
    ledger_close(&second);
}
END_TEST

START_TEST(ledger_begin_fences_a_server_that_was_replaced)
{
    struct ledger *l = serving_ledger(LEDGER_FIRST), *second;
    char mark[120];

    ck_assert_int_eq(add_card(l, ICCID, "001010000000001", 1), ERR_OK);
    snprintf(mark, sizeof mark, "%s-server", path);
    ck_assert_int_eq(unlink(mark), 0); /* as if the lock did not hold (network file system) */
    second = serving_ledger(LEDGER_SKIPPED);
    ck_assert_int_eq(ledger_begin(l), ERR_DENIED);
    ck_assert_int_eq(ledger_retire(l), ERR_DENIED);
    ck_assert_uint_eq(take(second), 1001);
    ledger_close(&second);
    ledger_close(&l);
}
END_TEST

/* A child takes counters as fast as it can and tells each one after its commit, as a server tells
 * the network; it is killed at an arbitrary moment. */
static void take_until_killed(int fd)
{
    struct ledger *l = open_ledger();
    enum ledger_start how;
    uint64_t counter;

    if (ledger_serve(l, 1000, &how) != ERR_OK)
        _exit(1);
    for (;;) {
        counter = take(l);
        if (write(fd, &counter, sizeof counter) != (ssize_t)sizeof counter)
            _exit(1);
    }
}

START_TEST(ledger_counter_is_not_reused_after_kill_9)
{
    struct ledger *l = serving_ledger(LEDGER_FIRST);
    uint64_t last = 0, counter;

    ck_assert_int_eq(add_card(l, ICCID, "001010000000001", 1), ERR_OK);
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
    l = serving_ledger(LEDGER_SKIPPED);
    ck_assert_uint_gt(take(l), last);
    ledger_close(&l);
}
END_TEST

/* --- cards ---------------------------------------------------------------------------------- */

START_TEST(ledger_card_comes_back_with_its_keys)
{
    struct ledger *l = open_ledger();
    struct ledger_card card;
    struct vault_pair keys, want;

    ck_assert_int_eq(add_card(l, ICCID, "001010000000001", 2), ERR_OK);
    ck_assert_int_eq(ledger_card_by_iccid(l, ICCID, &card), ERR_OK);
    ck_assert_str_eq(card.imsi, "001010000000001");
    ck_assert_uint_eq(card.key_index, 2);
    ck_assert_int_eq(card.owner, LEDGER_OURS);
    ck_assert_int_eq(card.ota_algorithm, SECPKT_AES);
    ck_assert_int_eq(ledger_card_keys(l, card.id, LEDGER_IN_FORCE, &keys), ERR_OK);
    make_keys(&want, 2, 0x80);
    ck_assert(secret_equal(&keys.aka.k, &want.aka.k));
    ck_assert(secret_equal(&keys.ota.kid.key, &want.ota.kid.key));
    ck_assert(secret_equal(&keys.kik.key, &want.kik.key));
    ck_assert_str_eq(keys.iccid, ICCID);
    ck_assert_int_eq(ledger_card_keys(l, card.id, LEDGER_PENDING, &keys), ERR_NOT_FOUND);
    ck_assert_int_eq(ledger_card_by_iccid(l, "8949", &card), ERR_NOT_FOUND);
    ledger_close(&l);
}
END_TEST

START_TEST(ledger_card_pending_keys_come_into_force_or_go)
{
    struct ledger *l = open_ledger();
    struct vault_pair keys, fresh;
    int64_t id;

    ck_assert_int_eq(add_card(l, ICCID, "001010000000001", 1), ERR_OK);
    id = card_id(l);
    make_keys(&fresh, 1, 0x11);
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
    struct ledger *l = open_ledger();
    struct ledger_card card;

    ck_assert_int_eq(add_card(l, ICCID, "001010000000001", 2), ERR_OK);
    ck_assert_int_eq(add_card(l, ICCID, "001010000000002", 3), ERR_EXISTS);
    ck_assert_int_eq(ledger_card_moved(l, card_id(l), "002020000000001", ""), ERR_OK);
    ck_assert_int_eq(add_card(l, ICCID, "001010000000002", 1), ERR_EXISTS);
    ck_assert_int_eq(add_card(l, ICCID, "001010000000002", 3), ERR_OK);
    ck_assert_int_eq(ledger_card_by_iccid(l, ICCID, &card), ERR_OK);
    ck_assert_int_eq(card.owner, LEDGER_OURS);
    ck_assert_uint_eq(card.key_index, 3);
    ledger_close(&l);
}
END_TEST

START_TEST(ledger_card_add_refuses_what_is_no_identity)
{
    struct ledger *l = open_ledger();

    ck_assert_int_eq(add_card(l, "8949", "001010000000001", 1), ERR_RANGE);
    ck_assert_int_eq(add_card(l, ICCID, "00101x", 1), ERR_FORMAT);
    ck_assert_int_eq(add_card(l, ICCID, "001010000000001", 0), ERR_RANGE);
    ck_assert_int_eq(add_card(l, ICCID, "001010000000001", 16), ERR_RANGE);
    ledger_close(&l);
}
END_TEST

START_TEST(ledger_card_candidates_know_old_and_new_numbers)
{
    struct ledger *l = open_ledger();
    struct ledger_campaign c;
    int64_t ids[4];
    size_t count;

    ck_assert_int_eq(add_card(l, ICCID, "001010000000001", 1), ERR_OK);
    ledger_campaign_defaults(&c, LEDGER_3B);
    memcpy(c.name, "move", 5);
    ck_assert_int_eq(ledger_campaign_add(l, &c), ERR_OK);
    ck_assert_int_eq(ledger_job_add(l, &c, ICCID, "002020000000001", "4915555"), ERR_OK);
    ck_assert_int_eq(ledger_card_candidates(l, "491700000001", ids, 4, &count), ERR_OK);
    ck_assert_uint_eq(count, 1);
    ck_assert_int_eq(ledger_card_candidates(l, "4915555", ids, 4, &count), ERR_OK);
    ck_assert_uint_eq(count, 1);
    ck_assert_int_eq(ids[0], card_id(l));
    ck_assert_int_eq(ledger_card_candidates(l, "", ids, 4, &count), ERR_OK);
    ck_assert_uint_eq(count, 0);
    ledger_close(&l);
}
END_TEST

START_TEST(ledger_open_refuses_another_key)
{
    struct ledger *l = open_ledger();
    struct secret other;

    ledger_close(&l);
    ck_assert_int_eq(secret_from_hex(&other, "FF0102030405060708090A0B0C0D0E0F"
                                             "101112131415161718191A1B1C1D1E1F"),
                     ERR_OK);
    ck_assert_int_eq(ledger_open(path, &other, false, &l), ERR_KEY);
    ck_assert_ptr_null(l);
    ck_assert_int_eq(ledger_open("/tmp/there/is/no/such", &kek, false, &l), ERR_NOT_FOUND);
}
END_TEST

static bool file_contains(const char *suffix, const void *needle, size_t len)
{
    static char content[1 << 20];
    char name[120];
    FILE *f;
    size_t n;

    snprintf(name, sizeof name, "%s%s", path, suffix);
    f = fopen(name, "r");
    if (f == NULL)
        return false;
    n = fread(content, 1, sizeof content, f);
    fclose(f);
    return memmem(content, n, needle, len) != NULL;
}

START_TEST(ledger_holds_no_key_in_clear)
{
    struct ledger *l = open_ledger();
    struct vault_pair keys, fresh;
    char hex[33];

    ck_assert_int_eq(add_card(l, ICCID, "001010000000001", 1), ERR_OK);
    make_keys(&fresh, 1, 0x11);
    ck_assert_int_eq(ledger_card_set_pending(l, card_id(l), &fresh), ERR_OK);
    make_keys(&keys, 1, 0x80);
    ck_assert(file_contains("-wal", ICCID, 20));
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

/* --- campaigns, jobs, packets ---------------------------------------------------------------- */

static struct ledger_campaign add_campaign(struct ledger *l, const char *name,
                                           enum ledger_method method)
{
    struct ledger_campaign c;

    ledger_campaign_defaults(&c, method);
    snprintf(c.name, sizeof c.name, "%s", name);
    ck_assert_int_eq(ledger_campaign_add(l, &c), ERR_OK);
    return c;
}

START_TEST(ledger_campaign_comes_back_whole)
{
    struct ledger *l = open_ledger();
    struct ledger_campaign c, back;

    ledger_campaign_defaults(&c, LEDGER_SCRIPT);
    memcpy(c.name, "hello", 6);
    memcpy(c.tar, "\xB0\x00\x01", 3);
    memcpy(c.script, "\x00\xA4\x00\x04\x02\x3F\x00", c.script_len = 7);
    memcpy(c.spn, "B mobile", 9);
    c.canary = 3;
    c.stop_percent = 10;
    c.trial_seconds = 900;
    ck_assert_int_eq(ledger_campaign_add(l, &c), ERR_OK);
    ck_assert_int_eq(ledger_campaign_add(l, &c), ERR_EXISTS);
    ck_assert_int_eq(ledger_campaign_by_name(l, "hello", &back), ERR_OK);
    ck_assert_int_eq(back.method, LEDGER_SCRIPT);
    ck_assert_int_eq(back.state, LEDGER_DRAFT);
    ck_assert_mem_eq(back.tar, c.tar, 3);
    ck_assert_uint_eq(back.script_len, 7);
    ck_assert_mem_eq(back.script, c.script, 7);
    ck_assert_uint_eq(back.spi[0], 0x16);
    ck_assert_uint_eq(back.spi[1], 0x39);
    ck_assert_uint_eq(back.canary, 3);
    ck_assert_uint_eq(back.trial_seconds, 900);
    ck_assert_str_eq(back.spn, "B mobile");
    ck_assert_int_gt(back.created_ms, 1600000000000LL);
    ledger_close(&l);
}
END_TEST

static const struct {
    enum ledger_campaign_state steps[3];
    size_t count;
    enum err last;
} walks[] = {
    {{LEDGER_RUNNING}, 1, ERR_OK},
    {{LEDGER_PAUSED}, 1, ERR_CONDITIONS},
    {{LEDGER_FINISHED}, 1, ERR_CONDITIONS},
    {{LEDGER_CANCELLED}, 1, ERR_OK},
    {{LEDGER_RUNNING, LEDGER_PAUSED, LEDGER_RUNNING}, 3, ERR_OK},
    {{LEDGER_RUNNING, LEDGER_FINISHED, LEDGER_RUNNING}, 3, ERR_CONDITIONS},
    {{LEDGER_RUNNING, LEDGER_CANCELLED, LEDGER_RUNNING}, 3, ERR_CONDITIONS},
    {{LEDGER_RUNNING, LEDGER_RUNNING}, 2, ERR_CONDITIONS},
    {{LEDGER_DRAFT}, 1, ERR_CONDITIONS},
};

START_TEST(ledger_campaign_set_state_obeys_the_order)
{
    struct ledger *l = open_ledger();
    struct ledger_campaign c = add_campaign(l, "walk", LEDGER_QUERY);

    for (size_t i = 0; i < walks[_i].count; i++)
        ck_assert_int_eq(ledger_campaign_set_state(l, c.id, walks[_i].steps[i], "so"),
                         i + 1 == walks[_i].count ? walks[_i].last : ERR_OK);
    ck_assert_int_eq(ledger_campaign_set_state(l, 77, LEDGER_RUNNING, ""), ERR_NOT_FOUND);
    ledger_close(&l);
}
END_TEST

START_TEST(ledger_job_add_guards_cards_and_imsis)
{
    struct ledger *l = open_ledger();
    struct ledger_campaign a = add_campaign(l, "a", LEDGER_3B), b = add_campaign(l, "b", LEDGER_3B),
                           q = add_campaign(l, "q", LEDGER_QUERY);

    ck_assert_int_eq(add_card(l, ICCID, "001010000000001", 1), ERR_OK);
    ck_assert_int_eq(add_card(l, "89490000000000000026", "001010000000002", 15), ERR_OK);
    ck_assert_int_eq(add_card(l, "89490000000000000034", "001010000000003", 1), ERR_OK);
    ck_assert_int_eq(ledger_job_add(l, &a, "89490000000000000042", "002020000000001", ""),
                     ERR_NOT_FOUND);
    ck_assert_int_eq(ledger_job_add(l, &a, ICCID, "002020000000001", ""), ERR_OK);
    ck_assert_int_eq(ledger_job_add(l, &b, ICCID, "002020000000009", ""), ERR_CONDITIONS);
    ck_assert_int_eq(ledger_job_add(l, &a, "89490000000000000034", "002020000000001", ""),
                     ERR_EXISTS);
    ck_assert_int_eq(ledger_job_add(l, &a, "89490000000000000026", "002020000000002", ""),
                     ERR_RANGE);
    ck_assert_int_eq(ledger_job_add(l, &q, ICCID, "", ""), ERR_OK);
    ck_assert_int_eq(ledger_job_add(l, &q, ICCID, "", ""), ERR_EXISTS);
    /* A cancelled campaign gives its cards and IMSIs free. */
    ck_assert_int_eq(ledger_campaign_set_state(l, a.id, LEDGER_CANCELLED, "test"), ERR_OK);
    ck_assert_int_eq(ledger_job_add(l, &b, ICCID, "002020000000001", ""), ERR_OK);
    ck_assert_int_eq(ledger_card_moved(l, card_id(l), "002020000000001", ""), ERR_OK);
    ck_assert_int_eq(ledger_job_add(l, &b, ICCID, "002020000000003", ""), ERR_DENIED);
    ledger_close(&l);
}
END_TEST

START_TEST(ledger_job_update_refuses_a_stale_step)
{
    struct ledger *l = open_ledger();
    struct ledger_campaign c = add_campaign(l, "a", LEDGER_3B);
    struct ledger_job j;
    struct ledger_counts counts;

    ck_assert_int_eq(add_card(l, ICCID, "001010000000001", 1), ERR_OK);
    ck_assert_int_eq(ledger_job_add(l, &c, ICCID, "002020000000001", ""), ERR_OK);
    ck_assert_int_eq(ledger_job_next(l, c.id, &j), ERR_OK);
    ck_assert_uint_eq(j.to_index, 2);
    ck_assert_str_eq(j.new_imsi, "002020000000001");
    j.state = LEDGER_SENT;
    j.command_counter = 7;
    ck_assert_int_eq(ledger_job_update(l, &j, LEDGER_PLANNED), ERR_OK);
    ck_assert_int_eq(ledger_job_update(l, &j, LEDGER_PLANNED), ERR_CONDITIONS);
    ck_assert_int_eq(ledger_job_next(l, c.id, &j), ERR_NOT_FOUND);
    ck_assert_int_eq(ledger_job_by_id(l, j.id, &j), ERR_OK);
    ck_assert_uint_eq(j.command_counter, 7);
    ck_assert_int_eq(ledger_campaign_count(l, c.id, &counts), ERR_OK);
    ck_assert_uint_eq(counts.jobs[LEDGER_SENT], 1);
    ck_assert_uint_eq(counts.total, 1);
    ledger_close(&l);
}
END_TEST

START_TEST(ledger_packet_keeps_the_octets_and_refuses_a_used_counter)
{
    struct ledger *l = serving_ledger(LEDGER_FIRST);
    struct ledger_campaign c = add_campaign(l, "a", LEDGER_QUERY);
    struct ledger_job j;
    struct ledger_packet p, back;
    int64_t due[4];
    size_t count;
    uint64_t flying;

    ck_assert_int_eq(add_card(l, ICCID, "001010000000001", 1), ERR_OK);
    ck_assert_int_eq(ledger_job_add(l, &c, ICCID, "", ""), ERR_OK);
    ck_assert_int_eq(ledger_job_next(l, c.id, &j), ERR_OK);
    p = (struct ledger_packet){.card_id = j.card_id,
                               .job_id = j.id,
                               .purpose = LEDGER_ASK,
                               .key_index = 1,
                               .counter = 5,
                               .octets = {1, 2, 3},
                               .len = 3,
                               .header = {{0x16, 0x39}, 0x12, 0x12, {0xBF, 0xFF, 0}}};
    ck_assert_int_eq(ledger_packet_store(l, &p, 100), ERR_CONDITIONS);
    ck_assert_int_eq(ledger_begin(l), ERR_OK);
    ck_assert_int_eq(ledger_packet_store(l, &p, 100), ERR_OK);
    ck_assert_int_eq(ledger_packet_store(l, &p, 100), ERR_EXISTS);
    ck_assert_int_eq(ledger_packet_get(l, j.card_id, &back), ERR_OK);
    ck_assert_int_eq(ledger_job_next(l, c.id, &j), ERR_NOT_FOUND); /* one in flight per card */
    ck_assert_uint_eq(back.len, 3);
    ck_assert_mem_eq(back.octets, p.octets, 3);
    ck_assert_mem_eq(back.header.tar, p.header.tar, 3);
    ck_assert_uint_eq(back.sendings, 1);
    ck_assert(back.in_flight);
    ck_assert_int_eq(ledger_packet_due(l, 99, due, 4, &count), ERR_OK);
    ck_assert_uint_eq(count, 0);
    ck_assert_int_eq(ledger_packet_due(l, 100, due, 4, &count), ERR_OK);
    ck_assert_uint_eq(count, 1);
    ck_assert_int_eq(ledger_packet_again(l, j.card_id, 200), ERR_OK);
    ck_assert_int_eq(ledger_packet_in_flight(l, &flying), ERR_OK);
    ck_assert_uint_eq(flying, 1);
    ck_assert_int_eq(ledger_packet_land(l, j.card_id), ERR_OK);
    ck_assert_int_eq(ledger_packet_due(l, 1000, due, 4, &count), ERR_OK);
    ck_assert_uint_eq(count, 0);
    ck_assert_int_eq(ledger_commit(l), ERR_OK);
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
    TCase *jobs = tcase_create("jobs");

    tcase_add_checked_fixture(counters, setup, NULL);
    tcase_add_checked_fixture(cards, setup, NULL);
    tcase_add_checked_fixture(jobs, setup, NULL);
    tcase_set_timeout(counters, 60);
    add_counter_tests(counters);
    tcase_add_test(cards, ledger_card_comes_back_with_its_keys);
    tcase_add_test(cards, ledger_card_pending_keys_come_into_force_or_go);
    tcase_add_test(cards, ledger_card_add_lets_only_a_card_that_moved_come_back);
    tcase_add_test(cards, ledger_card_add_refuses_what_is_no_identity);
    tcase_add_test(cards, ledger_card_candidates_know_old_and_new_numbers);
    tcase_add_test(cards, ledger_open_refuses_another_key);
    tcase_add_test(cards, ledger_holds_no_key_in_clear);
    tcase_add_test(jobs, ledger_campaign_comes_back_whole);
    tcase_add_loop_test(jobs, ledger_campaign_set_state_obeys_the_order, 0, ARRAY_LEN(walks));
    tcase_add_test(jobs, ledger_job_add_guards_cards_and_imsis);
    tcase_add_test(jobs, ledger_job_update_refuses_a_stale_step);
    tcase_add_test(jobs, ledger_packet_keeps_the_octets_and_refuses_a_used_counter);
    suite_add_tcase(s, counters);
    suite_add_tcase(s, cards);
    suite_add_tcase(s, jobs);
    return s;
}
