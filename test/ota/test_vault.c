/* Tests of ota/vault/vault.h and audit.h. Goal: each pair to one operator, once, whatever runs
 * in parallel or dies in between (sec_K3, sec_K4); the record of it cannot be rewritten; no key
 * stands in the file. */
#include "ota/core/text.h"
#include "ota/vault/audit.h"
#include "ota/vault/vault.h"
#include "test/support/ota/scratch.h"
#include "test/support/runner.h"

#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define ICCID   "8988211000000430010"
#define CARDS   64
#define INDICES 4

static const struct secret KEK = {.bytes = {1, 2, 3}, .len = VAULT_WRAP_KEK_LEN};
static const struct vault_request REQUEST_B = {"B", {0xB0}};
static const struct vault_request REQUEST_B2 = {"B", {0xB1}};
static const struct vault_request REQUEST_C = {"C", {0xB0}};

static struct secret key_of(size_t n, uint8_t fill)
{
    struct secret s = {.len = (uint8_t)n};

    memset(s.bytes, fill, n);
    return s;
}

static struct vault_pair pair_of(const char *iccid, uint8_t index)
{
    struct vault_pair p = {.index = index};
    uint8_t fill = (uint8_t)(16 * index);

    TEXT_COPY(p.iccid, iccid);
    aka_key_defaults(&p.aka, AKA_MILENAGE);
    p.aka.k = key_of(16, (uint8_t)(fill + 1));
    p.aka.opc = key_of(16, (uint8_t)(fill + 2));
    p.ota = (struct secpkt_keys){{SECPKT_AES, key_of(16, (uint8_t)(fill + 3))},
                                 {SECPKT_AES, key_of(16, (uint8_t)(fill + 4))},
                                 SECPKT_CC_LEN};
    p.kik = (struct secpkt_key){SECPKT_AES, key_of(32, (uint8_t)(fill + 5))};
    return p;
}

static void iccid_of(unsigned card, char iccid[ICCID_DIGITS_MAX + 1])
{
    snprintf(iccid, ICCID_DIGITS_MAX + 1, "89882110000%08u", card % 100000000U);
}

/* A vault of one card with pairs 1 (sold to A), 2 and 3. */
static struct vault *small_vault(void)
{
    struct vault *v = NULL;
    struct vault_pair first = pair_of(ICCID, 1);
    struct vault_pair rest[] = {pair_of(ICCID, 2), pair_of(ICCID, 3)};

    scratch_enter();
    ck_assert_int_eq(vault_create("vault.db", &KEK, &v), ERR_OK);
    ck_assert_int_eq(vault_add(v, &first, 1, "A"), ERR_OK);
    ck_assert_int_eq(vault_add(v, rest, 2, NULL), ERR_OK);
    return v;
}

static enum err issue(struct vault *v, const struct vault_request *request, const char *iccid,
                      uint8_t index)
{
    struct vault_pair p = {.index = 99};
    enum err e;

    ck_assert_int_eq(vault_begin(v), ERR_OK);
    e = vault_issue(v, request, iccid, index, &p);
    if (e == ERR_OK)
        ck_assert_int_eq(vault_commit(v), ERR_OK);
    else
        vault_rollback(v);
    ck_assert_uint_eq(p.index, e == ERR_OK ? index : 99);
    return e;
}

static void sql(const char *statement)
{
    sqlite3 *db;

    ck_assert_int_eq(sqlite3_open("vault.db", &db), SQLITE_OK);
    ck_assert_msg(sqlite3_exec(db, statement, NULL, NULL, NULL) == SQLITE_OK, "%s: %s", statement,
                  sqlite3_errmsg(db));
    sqlite3_close(db);
}

static bool sql_refused(const char *statement)
{
    sqlite3 *db;
    bool refused;

    ck_assert_int_eq(sqlite3_open("vault.db", &db), SQLITE_OK);
    refused = sqlite3_exec(db, statement, NULL, NULL, NULL) == SQLITE_CONSTRAINT;
    sqlite3_close(db);
    return refused;
}

START_TEST(vault_issue_gives_the_pair_that_was_added)
{
    struct vault *v = small_vault();
    struct vault_pair want = pair_of(ICCID, 2), got;

    ck_assert_int_eq(vault_begin(v), ERR_OK);
    ck_assert_int_eq(vault_issue(v, &REQUEST_B, ICCID, 2, &got), ERR_OK);
    ck_assert_int_eq(vault_commit(v), ERR_OK);
    ck_assert_str_eq(got.iccid, ICCID);
    ck_assert_uint_eq(got.index, 2);
    ck_assert_int_eq(got.aka.algorithm, AKA_MILENAGE);
    ck_assert_uint_eq(got.aka.res_len, want.aka.res_len);
    ck_assert(secret_equal(&got.aka.k, &want.aka.k));
    ck_assert(secret_equal(&got.aka.opc, &want.aka.opc));
    ck_assert(secret_equal(&got.ota.kic.key, &want.ota.kic.key));
    ck_assert(secret_equal(&got.ota.kid.key, &want.ota.kid.key));
    ck_assert_int_eq(got.kik.algorithm, SECPKT_AES);
    ck_assert(secret_equal(&got.kik.key, &want.kik.key));
    vault_close(&v);
}
END_TEST

START_TEST(vault_issue_only_within_a_batch)
{
    struct vault *v = small_vault();
    struct vault_pair p;

    ck_assert_int_eq(vault_issue(v, &REQUEST_B, ICCID, 2, &p), ERR_CONDITIONS);
    vault_close(&v);
}
END_TEST

START_TEST(vault_issue_again_only_to_the_same_request)
{
    struct vault *v = small_vault();

    ck_assert_int_eq(issue(v, &REQUEST_B, ICCID, 2), ERR_OK);
    ck_assert_int_eq(issue(v, &REQUEST_B, ICCID, 2), ERR_OK);
    ck_assert_int_eq(issue(v, &REQUEST_B2, ICCID, 2), ERR_EXISTS);
    ck_assert_int_eq(issue(v, &REQUEST_C, ICCID, 2), ERR_DENIED);
    vault_close(&v);
}
END_TEST

START_TEST(vault_issue_refuses_what_is_not_there_sold_or_below)
{
    struct vault *v = small_vault();

    ck_assert_int_eq(issue(v, &REQUEST_B, ICCID, 4), ERR_NOT_FOUND);
    ck_assert_int_eq(issue(v, &REQUEST_B, "8988211000000430011", 2), ERR_NOT_FOUND);
    ck_assert_int_eq(issue(v, &REQUEST_B, ICCID, 1), ERR_DENIED);
    ck_assert_int_eq(issue(v, &(struct vault_request){"A", {0}}, ICCID, 1), ERR_CONDITIONS);
    ck_assert_int_eq(issue(v, &REQUEST_B, ICCID, 3), ERR_OK);
    ck_assert_int_eq(issue(v, &REQUEST_C, ICCID, 2), ERR_CONDITIONS);
    vault_close(&v);
}
END_TEST

START_TEST(vault_confirm_burns_the_lower_indices_for_good)
{
    struct vault *v = small_vault();
    enum vault_state state;
    char name[VAULT_OPERATOR_MAX + 1];

    ck_assert_int_eq(vault_confirm(v, "B", ICCID, 2), ERR_CONDITIONS);
    ck_assert_int_eq(issue(v, &REQUEST_B, ICCID, 2), ERR_OK);
    ck_assert_int_eq(vault_confirm(v, "C", ICCID, 2), ERR_DENIED);
    ck_assert_int_eq(vault_confirm(v, "B", ICCID, 2), ERR_OK);
    ck_assert_int_eq(vault_confirm(v, "B", ICCID, 2), ERR_OK);
    ck_assert_int_eq(vault_state(v, ICCID, 2, &state, name), ERR_OK);
    ck_assert_int_eq(state, VAULT_USED);
    ck_assert_str_eq(name, "B");
    ck_assert_int_eq(vault_state(v, ICCID, 1, &state, name), ERR_OK);
    ck_assert_int_eq(state, VAULT_BURNT);
    ck_assert_str_eq(name, "A");
    ck_assert_int_eq(issue(v, &REQUEST_B, ICCID, 2), ERR_CONDITIONS);
    ck_assert_int_eq(issue(v, &(struct vault_request){"A", {0}}, ICCID, 1), ERR_CONDITIONS);
    vault_close(&v);
}
END_TEST

START_TEST(sec_K4_a_burnt_pair_never_comes_back)
{
    struct vault *v = small_vault();
    struct vault_pair again = pair_of(ICCID, 2);

    ck_assert_int_eq(vault_burn(v, ICCID, 2), ERR_OK);
    ck_assert_int_eq(vault_burn(v, ICCID, 2), ERR_OK);
    ck_assert_int_eq(vault_burn(v, ICCID, 9), ERR_NOT_FOUND);
    ck_assert_int_eq(issue(v, &REQUEST_B, ICCID, 2), ERR_CONDITIONS);
    ck_assert_int_eq(vault_add(v, &again, 1, NULL), ERR_EXISTS);
    vault_close(&v);
    ck_assert(sql_refused("UPDATE pair SET state = 0 WHERE idx = 2"));
    ck_assert(sql_refused("UPDATE pair SET operator = 'C' WHERE idx = 1"));
    ck_assert(sql_refused("DELETE FROM pair"));
}
END_TEST

START_TEST(vault_add_stores_all_or_nothing)
{
    struct vault *v = small_vault();
    struct vault_pair pairs[] = {pair_of(ICCID, 4), pair_of(ICCID, 2)};
    struct vault_pair bad[] = {pair_of(ICCID, 0), pair_of(ICCID, 16), pair_of("89882110x", 1)};
    enum vault_state state;

    ck_assert_int_eq(vault_add(v, pairs, 2, NULL), ERR_EXISTS);
    ck_assert_int_eq(vault_state(v, ICCID, 4, &state, NULL), ERR_NOT_FOUND);
    ck_assert_int_eq(vault_add(v, &bad[0], 1, NULL), ERR_RANGE);
    ck_assert_int_eq(vault_add(v, &bad[1], 1, NULL), ERR_RANGE);
    ck_assert_int_ne(vault_add(v, &bad[2], 1, NULL), ERR_OK);
    vault_close(&v);
}
END_TEST

START_TEST(vault_open_tells_a_wrong_key_another_file_and_no_file)
{
    struct vault *v = small_vault();
    struct secret other = KEK;
    FILE *f;

    vault_close(&v);
    other.bytes[0] ^= 1;
    ck_assert_int_eq(vault_open("vault.db", &other, &v), ERR_KEY);
    ck_assert_int_eq(vault_open("none.db", &KEK, &v), ERR_NOT_FOUND);
    ck_assert_int_eq(vault_create("vault.db", &KEK, &v), ERR_EXISTS);
    fclose(fopen("empty.db", "w")); /* what a crash leaves between making and filling */
    ck_assert_int_eq(vault_open("empty.db", &KEK, &v), ERR_NOT_FOUND);
    ck_assert_int_eq(vault_create("empty.db", &KEK, &v), ERR_OK);
    vault_close(&v);
    f = fopen("text", "w");
    fputs("this is a text, and no database of any kind", f);
    fclose(f);
    ck_assert_int_eq(vault_open("text", &KEK, &v), ERR_CORRUPT);
    ck_assert_int_eq(vault_create("text", &KEK, &v), ERR_EXISTS);
    ck_assert_ptr_null(v);
}
END_TEST

START_TEST(vault_file_is_private_and_holds_no_key)
{
    struct vault *v = small_vault();
    struct vault_pair p = pair_of(ICCID, 2);
    struct stat st;
    uint8_t *bytes;
    int fd;

    vault_close(&v);
    ck_assert_int_eq(stat("vault.db", &st), 0);
    ck_assert_uint_eq(st.st_mode & 0777, 0600);
    bytes = malloc((size_t)st.st_size);
    fd = open("vault.db", O_RDONLY);
    ck_assert_int_eq(read(fd, bytes, (size_t)st.st_size), st.st_size);
    close(fd);
    ck_assert_ptr_null(memmem(bytes, (size_t)st.st_size, p.aka.k.bytes, 16));
    ck_assert_ptr_null(memmem(bytes, (size_t)st.st_size, p.ota.kic.key.bytes, 16));
    ck_assert_ptr_null(memmem(bytes, (size_t)st.st_size, p.kik.key.bytes, 16));
    free(bytes);
}
END_TEST

START_TEST(vault_issue_refuses_keys_swapped_between_rows)
{
    struct vault *v = small_vault();
    enum vault_state state;

    sql("UPDATE pair SET keys = (SELECT keys FROM pair WHERE idx = 3) WHERE idx = 2");
    ck_assert_int_eq(issue(v, &REQUEST_B, ICCID, 2), ERR_MAC);
    ck_assert_int_eq(vault_state(v, ICCID, 2, &state, NULL), ERR_OK);
    ck_assert_int_eq(state, VAULT_FREE);
    vault_close(&v);
}
END_TEST

/* --- keys as bytes --------------------------------------------------------------------------- */

START_TEST(vault_keys_read_refuses_every_truncation_and_a_longer_text)
{
    struct vault_pair p = pair_of(ICCID, 2), kept = {.index = 7}, got = kept;
    uint8_t bytes[VAULT_KEYS_MAX];
    struct wr w = WR_ARRAY(bytes);

    p.aka.algorithm = AKA_TUAK;
    p.aka.k = key_of(32, 1);
    p.aka.opc = key_of(32, 2);
    p.ota.kic.key = p.ota.kid.key = key_of(32, 3);
    ck_assert_int_eq(vault_keys_write(&p, &w), ERR_OK);
    for (size_t n = 0; n < w.len; n++)
        ck_assert_int_ne(vault_keys_read(RD(bytes, n), &got), ERR_OK);
    wr_u8(&w, 0);
    ck_assert_int_eq(vault_keys_read(RD_WR(&w), &got), ERR_FORMAT);
    ck_assert_uint_eq(got.index, 7);
    ck_assert_uint_eq(got.aka.k.len, 0);
    ck_assert_int_eq(vault_keys_read(RD(bytes, w.len - 1), &got), ERR_OK);
    ck_assert(secret_equal(&got.aka.k, &p.aka.k));
    bytes[0] = 2;
    ck_assert_int_eq(vault_keys_read(RD(bytes, w.len - 1), &got), ERR_FORMAT);
}
END_TEST

/* --- audit ----------------------------------------------------------------------------------- */

static enum err count_line(void *arg, const struct vault_audit_line *line)
{
    uint64_t *count = arg;

    (*count)++;
    ck_assert_uint_eq(line->number, *count);
    return ERR_OK;
}

START_TEST(vault_audit_tells_of_every_key_that_left)
{
    struct vault *v = small_vault();
    uint64_t count = 0, last;
    uint8_t head[VAULT_AUDIT_MAC_LEN];
    struct vault_counts counts;

    ck_assert_int_eq(issue(v, &REQUEST_B, ICCID, 2), ERR_OK); /* after 1, sold */
    ck_assert_int_eq(issue(v, &REQUEST_B, ICCID, 2), ERR_OK);
    ck_assert_int_eq(issue(v, &REQUEST_C, ICCID, 2), ERR_DENIED);
    ck_assert_int_eq(vault_confirm(v, "B", ICCID, 2), ERR_OK); /* used, burnt */
    ck_assert_int_eq(vault_audit_walk(v, count_line, &count, &last, head), ERR_OK);
    ck_assert_uint_eq(count, 5);
    ck_assert_uint_eq(last, 5);
    ck_assert_int_eq(vault_count(v, &counts), ERR_OK);
    ck_assert_uint_eq(counts.cards, 1);
    ck_assert_uint_eq(counts.pairs[VAULT_FREE], 1);
    ck_assert_uint_eq(counts.pairs[VAULT_USED], 1);
    ck_assert_uint_eq(counts.pairs[VAULT_BURNT], 1);
    ck_assert_uint_eq(counts.audit_lines, 5);
    vault_close(&v);
}
END_TEST

static const char *const forgeries[] = {
    "UPDATE audit SET operator = 'C' WHERE number = 2",
    "UPDATE audit SET at = at + 1 WHERE number = 2",
    "UPDATE audit SET event = 5 WHERE number = 2",
    "UPDATE audit SET request = x'00' WHERE number = 2",
    "UPDATE audit SET mac = x'00' WHERE number = 2",
    "DELETE FROM audit WHERE number = 2",
    "DELETE FROM audit WHERE number = 2; UPDATE audit SET number = 2 WHERE number = 3",
};

START_TEST(vault_audit_walk_finds_a_rewritten_line)
{
    struct vault *v = small_vault();
    uint64_t last;
    uint8_t head[VAULT_AUDIT_MAC_LEN];

    ck_assert_int_eq(issue(v, &REQUEST_B, ICCID, 2), ERR_OK);
    ck_assert_int_eq(issue(v, &REQUEST_B, ICCID, 2), ERR_OK);
    vault_close(&v);
    ck_assert(sql_refused(forgeries[_i]));
    sql("DROP TRIGGER audit_stays; DROP TRIGGER audit_stays_unchanged");
    sql(forgeries[_i]);
    ck_assert_int_eq(vault_open("vault.db", &KEK, &v), ERR_OK);
    ck_assert_int_eq(vault_audit_walk(v, NULL, NULL, &last, head), ERR_CORRUPT);
    ck_assert_uint_eq(last, 1);
    vault_close(&v);
}
END_TEST

/* --- sec_K3: many processes, killed at any moment --- */

static void big_vault(void)
{
    struct vault *v = NULL;

    scratch_enter();
    ck_assert_int_eq(vault_create("vault.db", &KEK, &v), ERR_OK);
    ck_assert_int_eq(vault_begin(v), ERR_OK);
    for (unsigned card = 0; card < CARDS; card++) {
        char iccid[ICCID_DIGITS_MAX + 1];

        iccid_of(card, iccid);
        for (uint8_t i = 1; i <= INDICES; i++) {
            struct vault_pair p = pair_of(iccid, i);

            ck_assert_int_eq(vault_add(v, &p, 1, i == 1 ? "A" : NULL), ERR_OK);
        }
    }
    ck_assert_int_eq(vault_commit(v), ERR_OK);
    vault_close(&v);
}

/* What a child received, written after the commit: one line for each pair. */
struct receipt {
    uint32_t card;
    uint8_t index;
    uint8_t who;
};

static void ask_for_some(struct vault *v, unsigned *seed, uint8_t who, int to)
{
    struct receipt got[8];
    size_t count = 0;
    struct vault_request request = {(const char[]){(char)('B' + who), '\0'}, {0}};

    memcpy(request.digest, seed, sizeof *seed);
    if (vault_begin(v) != ERR_OK)
        return;
    for (size_t i = 0; i < ARRAY_LEN(got); i++) {
        /* Ascending cards, so that no batch asks for a pair twice. */
        struct receipt r = {(uint32_t)(i * CARDS / ARRAY_LEN(got) +
                                       (unsigned)rand_r(seed) % (CARDS / ARRAY_LEN(got))),
                            (uint8_t)(1 + (unsigned)rand_r(seed) % INDICES), who};
        char iccid[ICCID_DIGITS_MAX + 1];
        VAULT_PAIR_WIPED struct vault_pair p;

        iccid_of(r.card, iccid);
        if (vault_issue(v, &request, iccid, r.index, &p) == ERR_OK)
            got[count++] = r;
    }
    if (vault_commit(v) == ERR_OK && count > 0)
        (void)!write(to, got, count * sizeof got[0]);
}

static pid_t start_asker(unsigned seed, uint8_t who, int to)
{
    pid_t pid = fork();

    if (pid == 0) {
        struct vault *v = NULL;

        if (vault_open("vault.db", &KEK, &v) != ERR_OK)
            _exit(1);
        for (int i = 0; i < 2500; i++)
            ask_for_some(v, &seed, who, to);
        vault_close(&v);
        _exit(0);
    }
    return pid;
}

/* No pair may stand in two receipts: neither of two operators, nor twice of one. */
static unsigned check_receipts(const char *name)
{
    uint8_t owner[CARDS][INDICES + 1] = {{0}};
    struct receipt r;
    unsigned count = 0;
    int fd = open(name, O_RDONLY);

    ck_assert_int_ge(fd, 0);
    while (read(fd, &r, sizeof r) == (ssize_t)sizeof r) {
        ck_assert_msg(owner[r.card][r.index] == 0, "card %u index %u was given twice", r.card,
                      r.index);
        owner[r.card][r.index] = 1;
        count++;
    }
    close(fd);
    return count;
}

START_TEST(sec_K3_parallel_requests_give_no_pair_twice)
{
    int to;
    pid_t pids[4];
    struct vault *v = NULL;
    struct vault_counts counts;

    big_vault();
    to = open("receipts", O_WRONLY | O_CREAT | O_APPEND, 0600);
    for (unsigned i = 0; i < 4; i++)
        pids[i] = start_asker(i + 1, (uint8_t)i, to);
    for (unsigned i = 0; i < 4; i++)
        ck_assert_int_eq(waitpid(pids[i], NULL, 0), pids[i]);
    ck_assert_int_eq(vault_open("vault.db", &KEK, &v), ERR_OK);
    ck_assert_int_eq(vault_count(v, &counts), ERR_OK);
    ck_assert_uint_eq(check_receipts("receipts"), counts.pairs[VAULT_OFFERED]);
    ck_assert_uint_eq(counts.audit_lines, CARDS + counts.pairs[VAULT_OFFERED]);
    vault_close(&v);
}
END_TEST

START_TEST(sec_K3_killed_processes_give_no_pair_twice)
{
    unsigned seed = 7;
    int to;
    struct vault *v = NULL;
    uint64_t last;
    uint8_t head[VAULT_AUDIT_MAC_LEN];

    big_vault();
    to = open("receipts", O_WRONLY | O_CREAT | O_APPEND, 0600);
    for (unsigned round = 0; round < 60; round++) {
        pid_t one = start_asker(2 * round + 1, 0, to), two = start_asker(2 * round + 2, 1, to);

        usleep(2000 + (unsigned)rand_r(&seed) % 20000);
        kill(one, SIGKILL);
        kill(two, SIGKILL);
        waitpid(one, NULL, 0);
        waitpid(two, NULL, 0);
    }
    check_receipts("receipts");
    ck_assert_int_eq(vault_open("vault.db", &KEK, &v), ERR_OK);
    ck_assert_int_eq(vault_audit_walk(v, NULL, NULL, &last, head), ERR_OK);
    ck_assert_uint_gt(last, CARDS);
    vault_close(&v);
}
END_TEST

Suite *suite_under_test(void)
{
    Suite *s = suite_create("vault");
    TCase *tc = tcase_create("TR 33.812 3b");
    TCase *keys = tcase_create("keys as bytes");
    TCase *audit = tcase_create("audit");
    TCase *k3 = tcase_create("security K3");

    tcase_set_timeout(k3, 120);
    tcase_add_test(tc, vault_issue_gives_the_pair_that_was_added);
    tcase_add_test(tc, vault_issue_only_within_a_batch);
    tcase_add_test(tc, vault_issue_again_only_to_the_same_request);
    tcase_add_test(tc, vault_issue_refuses_what_is_not_there_sold_or_below);
    tcase_add_test(tc, vault_confirm_burns_the_lower_indices_for_good);
    tcase_add_test(tc, sec_K4_a_burnt_pair_never_comes_back);
    tcase_add_test(tc, vault_add_stores_all_or_nothing);
    tcase_add_test(tc, vault_open_tells_a_wrong_key_another_file_and_no_file);
    tcase_add_test(tc, vault_file_is_private_and_holds_no_key);
    tcase_add_test(tc, vault_issue_refuses_keys_swapped_between_rows);
    tcase_add_test(keys, vault_keys_read_refuses_every_truncation_and_a_longer_text);
    tcase_add_test(audit, vault_audit_tells_of_every_key_that_left);
    tcase_add_loop_test(audit, vault_audit_walk_finds_a_rewritten_line, 0, ARRAY_LEN(forgeries));
    tcase_add_test(k3, sec_K3_parallel_requests_give_no_pair_twice);
    tcase_add_test(k3, sec_K3_killed_processes_give_no_pair_twice);
    suite_add_tcase(s, tc);
    suite_add_tcase(s, keys);
    suite_add_tcase(s, audit);
    suite_add_tcase(s, k3);
    return s;
}
