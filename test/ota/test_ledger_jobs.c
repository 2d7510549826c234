/* Tests of ota/ledger/jobs.h. Goal: no step is stored from a state the job has left, no card and no
 * IMSI is promised twice, a packet comes back as it was stored. Method: a real file. */
#include "test/support/ota/books.h"
#include "test/support/runner.h"

#include <string.h>

/* --- campaigns, jobs, packets ---------------------------------------------------------------- */

START_TEST(ledger_campaign_comes_back_whole)
{
    struct ledger *l = books_open();
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
    struct ledger *l = books_open();
    struct ledger_campaign c = books_add_campaign(l, "walk", LEDGER_QUERY);

    for (size_t i = 0; i < walks[_i].count; i++)
        ck_assert_int_eq(ledger_campaign_set_state(l, c.id, walks[_i].steps[i], "so"),
                         i + 1 == walks[_i].count ? walks[_i].last : ERR_OK);
    ck_assert_int_eq(ledger_campaign_set_state(l, 77, LEDGER_RUNNING, ""), ERR_NOT_FOUND);
    ledger_close(&l);
}
END_TEST

START_TEST(ledger_job_add_guards_cards_and_imsis)
{
    struct ledger *l = books_open();
    struct ledger_campaign a = books_add_campaign(l, "a", LEDGER_3B),
                           b = books_add_campaign(l, "b", LEDGER_3B),
                           q = books_add_campaign(l, "q", LEDGER_QUERY);

    ck_assert_int_eq(books_add_card(l, BOOKS_ICCID, "001010000000001", 1), ERR_OK);
    ck_assert_int_eq(books_add_card(l, "89490000000000000026", "001010000000002", 15), ERR_OK);
    ck_assert_int_eq(books_add_card(l, "89490000000000000034", "001010000000003", 1), ERR_OK);
    ck_assert_int_eq(ledger_job_add(l, &a, "89490000000000000042", "002020000000001", ""),
                     ERR_NOT_FOUND);
    ck_assert_int_eq(ledger_job_add(l, &a, BOOKS_ICCID, "002020000000001", ""), ERR_OK);
    ck_assert_int_eq(ledger_job_add(l, &b, BOOKS_ICCID, "002020000000009", ""), ERR_CONDITIONS);
    ck_assert_int_eq(ledger_job_add(l, &a, "89490000000000000034", "002020000000001", ""),
                     ERR_EXISTS);
    ck_assert_int_eq(ledger_job_add(l, &a, "89490000000000000026", "002020000000002", ""),
                     ERR_RANGE);
    ck_assert_int_eq(ledger_job_add(l, &q, BOOKS_ICCID, "", ""), ERR_OK);
    ck_assert_int_eq(ledger_job_add(l, &q, BOOKS_ICCID, "", ""), ERR_EXISTS);
    /* A cancelled campaign gives its cards and IMSIs free. */
    ck_assert_int_eq(ledger_campaign_set_state(l, a.id, LEDGER_CANCELLED, "test"), ERR_OK);
    ck_assert_int_eq(ledger_job_add(l, &b, BOOKS_ICCID, "002020000000001", ""), ERR_OK);
    ck_assert_int_eq(ledger_card_moved(l, books_card_id(l), "002020000000001", ""), ERR_OK);
    ck_assert_int_eq(ledger_job_add(l, &b, BOOKS_ICCID, "002020000000003", ""), ERR_DENIED);
    ledger_close(&l);
}
END_TEST

START_TEST(ledger_job_update_refuses_a_stale_step)
{
    struct ledger *l = books_open();
    struct ledger_campaign c = books_add_campaign(l, "a", LEDGER_3B);
    struct ledger_job j;
    struct ledger_counts counts;

    ck_assert_int_eq(books_add_card(l, BOOKS_ICCID, "001010000000001", 1), ERR_OK);
    ck_assert_int_eq(ledger_job_add(l, &c, BOOKS_ICCID, "002020000000001", ""), ERR_OK);
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
    struct ledger *l = books_serve(LEDGER_FIRST);
    struct ledger_campaign c = books_add_campaign(l, "a", LEDGER_QUERY);
    struct ledger_job j;
    struct ledger_packet p, back;
    int64_t due[4];
    size_t count;
    uint64_t flying;

    ck_assert_int_eq(books_add_card(l, BOOKS_ICCID, "001010000000001", 1), ERR_OK);
    ck_assert_int_eq(ledger_job_add(l, &c, BOOKS_ICCID, "", ""), ERR_OK);
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

Suite *suite_under_test(void)
{
    Suite *s = suite_create("ledger_jobs");
    TCase *jobs = tcase_create("jobs");

    tcase_add_checked_fixture(jobs, books_setup, NULL);
    tcase_add_test(jobs, ledger_campaign_comes_back_whole);
    tcase_add_loop_test(jobs, ledger_campaign_set_state_obeys_the_order, 0, ARRAY_LEN(walks));
    tcase_add_test(jobs, ledger_job_add_guards_cards_and_imsis);
    tcase_add_test(jobs, ledger_job_update_refuses_a_stale_step);
    tcase_add_test(jobs, ledger_packet_keeps_the_octets_and_refuses_a_used_counter);
    suite_add_tcase(s, jobs);
    return s;
}
