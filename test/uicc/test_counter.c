/* Tests of uicc/remote/counter.h. Goal: a packet is taken once, whatever the mode says; the
 * counter is durable and closes its own key set alone. */
#include "test/support/runner.h"
#include "test/support/uicc/memory.h"
#include "uicc/remote/counter.h"

#define ABOVE SPI1_COUNTER_ABOVE
#define NEXT  SPI1_COUNTER_NEXT
#define MAX   SECPKT_COUNTER_MAX

static const struct {
    const char *rule;
    uint64_t stored, received;
    uint8_t spi1;
    enum err want;
} rows[] = {
    {"above: higher", 5, 6, ABOVE, ERR_OK},
    {"above: a gap is fine", 5, 5000, ABOVE, ERR_OK},
    {"above: the same again", 5, 5, ABOVE, ERR_COUNTER_LOW},
    {"above: lower", 5, 4, ABOVE, ERR_COUNTER_LOW},
    {"above: zero on a fresh card", 0, 0, ABOVE, ERR_COUNTER_LOW},
    {"above: the last one", 5, MAX, ABOVE, ERR_OK},
    {"next: one higher", 5, 6, NEXT, ERR_OK},
    {"next: the same again", 5, 5, NEXT, ERR_COUNTER_LOW},
    {"next: a gap", 5, 7, NEXT, ERR_COUNTER_HIGH},
    {"next: to the last one", MAX - 1, MAX, NEXT, ERR_OK},
    {"blocked", MAX, MAX, ABOVE, ERR_COUNTER_BLOCKED},
    {"blocked, a low one", MAX, 1, NEXT, ERR_COUNTER_BLOCKED},
    {"no counter", 5, 6, SPI1_COUNTER_NONE, ERR_DENIED},
    {"counter without check", 5, 6, SPI1_COUNTER_ANY, ERR_DENIED},
};

START_TEST(counter_check_obeys_rule)
{
    enum err got = counter_check(rows[_i].stored, rows[_i].received, (uint8_t)(rows[_i].spi1 | 6));

    ck_assert_msg(got == rows[_i].want, "%s: %s", rows[_i].rule, err_text(got));
}
END_TEST

START_TEST(counter_stage_survives_power_cut_of_its_key_set)
{
    struct memory *m = memory_new();

    ck_assert_uint_eq(counter_read(&m->store, 3), 0);
    ck_assert_int_eq(counter_stage(&m->store, 3, 0x123456789AULL), ERR_OK);
    ck_assert_int_eq(store_commit(&m->store), ERR_OK);
    ck_assert_int_eq(counter_stage(&m->store, 3, 0x123456789BULL), ERR_OK);
    ck_assert_int_eq(memory_power_cut(m), ERR_OK);
    ck_assert_uint_eq(counter_read(&m->store, 3), 0x123456789AULL);
    ck_assert_uint_eq(counter_read(&m->store, 2), 0);
    memory_free(&m);
}
END_TEST

START_TEST(counter_read_of_damaged_object_blocks)
{
    struct memory *m = memory_new();
    const uint8_t cut[] = {0, 0, 1};

    ck_assert_int_eq(store_put(&m->store, OBJ_COUNTER(1), RD_ARRAY(cut)), ERR_OK);
    ck_assert_int_eq(counter_check(counter_read(&m->store, 1), MAX, ABOVE), ERR_COUNTER_BLOCKED);
    memory_free(&m);
}
END_TEST

Suite *suite_under_test(void)
{
    Suite *s = suite_create("counter");
    TCase *t = tcase_create("TS 102 225 5.1.4");

    tcase_add_loop_test(t, counter_check_obeys_rule, 0, (int)ARRAY_LEN(rows));
    tcase_add_test(t, counter_stage_survives_power_cut_of_its_key_set);
    tcase_add_test(t, counter_read_of_damaged_object_blocks);
    suite_add_tcase(s, t);
    return s;
}
