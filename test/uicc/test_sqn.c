/* Tests of uicc/aka/sqn.h. Goal: no SQN is accepted twice, also across a power cut, and no
 * fresh one is refused. */
#include "uicc/aka/sqn.h"

#include "apdu/aka.h"
#include "test/support/runner.h"
#include "test/support/uicc/memory.h"

#define SQN(seq, ind) ((uint64_t)(seq) << SQN_IND_BITS | (ind))

static const struct sqn_policy no_age = {SQN_DELTA_MAX, 0};
static struct memory *m;

static void setup(void)
{
    m = memory_new();
}

static void teardown(void)
{
    memory_free(&m);
}

static enum err accept(uint64_t sqn)
{
    return sqn_accept(&m->store, 1, &no_age, sqn);
}

START_TEST(sqn_accept_takes_each_number_once)
{
    ck_assert_int_eq(accept(SQN(0, 5)), ERR_SYNC);
    ck_assert_int_eq(accept(SQN(1, 0)), ERR_OK);
    ck_assert_int_eq(accept(SQN(1, 0)), ERR_SYNC);
    ck_assert_int_eq(accept(SQN(2, 0)), ERR_OK);
    ck_assert_int_eq(accept(SQN(1, 0)), ERR_SYNC);
    ck_assert_int_eq(accept(SQN(2, 0)), ERR_SYNC);
    ck_assert_int_eq(accept(SQN(9, 0)), ERR_OK);
}
END_TEST

/* Another domain's vectors may be older than the newest of this one: TS 33.102 C.2.2. */
START_TEST(sqn_accept_takes_an_older_seq_on_a_fresh_ind)
{
    ck_assert_int_eq(accept(SQN(1000, 3)), ERR_OK);
    ck_assert_int_eq(accept(SQN(1, 4)), ERR_OK);
    ck_assert_int_eq(accept(SQN(1, 4)), ERR_SYNC);
    ck_assert_int_eq(accept(SQN(999, 4)), ERR_OK);
    ck_assert_int_eq(accept(SQN(999, 3)), ERR_SYNC);
    ck_assert_uint_eq(sqn_highest(&m->store, 1), SQN(1000, 3));
}
END_TEST

START_TEST(sqn_accept_bounds_the_jump)
{
    ck_assert_int_eq(accept(SQN(SQN_DELTA_MAX + 1, 0)), ERR_SYNC);
    ck_assert_int_eq(accept(SQN(SQN_DELTA_MAX, 0)), ERR_OK);
    ck_assert_int_eq(accept(SQN(2 * SQN_DELTA_MAX + 1, 1)), ERR_SYNC);
    ck_assert_int_eq(accept(SQN(2 * SQN_DELTA_MAX, 1)), ERR_OK);
    ck_assert_int_eq(accept(AKA_SQN_MAX + 1), ERR_SYNC);
}
END_TEST

START_TEST(sqn_accept_bounds_the_age_if_asked)
{
    static const struct sqn_policy aged = {SQN_DELTA_MAX, 100};

    ck_assert_int_eq(sqn_accept(&m->store, 1, &aged, SQN(1000, 0)), ERR_OK);
    ck_assert_int_eq(sqn_accept(&m->store, 1, &aged, SQN(899, 1)), ERR_SYNC);
    ck_assert_int_eq(sqn_accept(&m->store, 1, &aged, SQN(900, 1)), ERR_OK);
}
END_TEST

START_TEST(sqn_accept_takes_every_ind_in_any_order)
{
    for (uint64_t round = 1; round <= 3; round++) {
        for (uint64_t i = 0; i < 32; i++)
            ck_assert_int_eq(accept(SQN(100 * round + i, i * 7 % 32)), ERR_OK);
        for (uint64_t i = 0; i < 32; i++)
            ck_assert_int_eq(accept(SQN(100 * round + i, i * 7 % 32)), ERR_SYNC);
    }
    ck_assert_uint_eq(sqn_highest(&m->store, 1), SQN(331, 31 * 7 % 32));
}
END_TEST

START_TEST(sqn_accept_stores_only_the_inds_in_use)
{
    struct rd value;

    ck_assert_int_eq(accept(SQN(1, 30)), ERR_OK);
    ck_assert_int_eq(accept(SQN(2, 30)), ERR_OK);
    ck_assert_int_eq(accept(SQN(2, 7)), ERR_OK);
    ck_assert(store_get(&m->store, OBJ_SQN(1), &value));
    ck_assert_uint_eq(value.left, 12);
}
END_TEST

START_TEST(sqn_accept_survives_a_power_cut_once_committed)
{
    ck_assert_int_eq(accept(SQN(5, 1)), ERR_OK);
    ck_assert_int_eq(store_commit(&m->store), ERR_OK);
    ck_assert_int_eq(accept(SQN(6, 1)), ERR_OK);
    ck_assert_int_eq(memory_power_cut(m), ERR_OK);
    ck_assert_int_eq(accept(SQN(5, 1)), ERR_SYNC);
    ck_assert_uint_eq(sqn_highest(&m->store, 1), SQN(5, 1));
    ck_assert_int_eq(accept(SQN(6, 1)), ERR_OK);
}
END_TEST

START_TEST(sqn_accept_keeps_slots_apart)
{
    ck_assert_int_eq(accept(SQN(5, 1)), ERR_OK);
    ck_assert_int_eq(sqn_accept(&m->store, 2, &no_age, SQN(5, 1)), ERR_OK);
    ck_assert_int_eq(sqn_reset(&m->store, 1), ERR_OK);
    ck_assert_uint_eq(sqn_highest(&m->store, 1), 0);
    ck_assert_uint_eq(sqn_highest(&m->store, 2), SQN(5, 1));
    ck_assert_int_eq(accept(SQN(5, 1)), ERR_OK);
}
END_TEST

START_TEST(sqn_accept_refuses_a_damaged_array)
{
    static const uint8_t bytes[33 * 6] = {0};

    ck_assert_int_eq(store_put(&m->store, OBJ_SQN(1), RD(bytes, 32 * 6)), ERR_OK);
    ck_assert_int_eq(accept(SQN(5, 1)), ERR_CORRUPT);
    ck_assert_int_eq(store_put(&m->store, OBJ_SQN(1), RD(bytes, 7)), ERR_OK);
    ck_assert_int_eq(accept(SQN(5, 1)), ERR_CORRUPT);
}
END_TEST

Suite *suite_under_test(void)
{
    Suite *s = suite_create("uicc/aka/sqn");
    TCase *t = tcase_create("TS 33.102 annex C");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, sqn_accept_takes_each_number_once);
    tcase_add_test(t, sqn_accept_takes_an_older_seq_on_a_fresh_ind);
    tcase_add_test(t, sqn_accept_bounds_the_jump);
    tcase_add_test(t, sqn_accept_bounds_the_age_if_asked);
    tcase_add_test(t, sqn_accept_takes_every_ind_in_any_order);
    tcase_add_test(t, sqn_accept_stores_only_the_inds_in_use);
    tcase_add_test(t, sqn_accept_keeps_slots_apart);
    suite_add_tcase(s, t);
    t = tcase_create("sec_C27 durable");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, sqn_accept_survives_a_power_cut_once_committed);
    tcase_add_test(t, sqn_accept_refuses_a_damaged_array);
    suite_add_tcase(s, t);
    return s;
}
