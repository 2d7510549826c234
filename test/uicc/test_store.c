/*
 * Tests of uicc/nvm/store.h on a device that works. Goal: what was committed is what is
 * read, what was not has left no trace. When it does not work: test_store_faults.c.
 */
#include "test/uicc/store_fixture.h"

START_TEST(store_get_finds_each_of_many_objects)
{
    struct rd value;
    uint8_t byte;

    for (uint32_t i = 0; i < 500; i++) {
        byte = (uint8_t)i;
        ck_assert_int_eq(store_put(&store, i * 7919 % 500 * 3 + 1, RD(&byte, 1)), ERR_OK);
    }
    for (uint32_t i = 0; i < 500; i++) {
        ck_assert(store_get(&store, i * 7919 % 500 * 3 + 1, &value));
        ck_assert_uint_eq(value.at[0], (uint8_t)i);
        ck_assert(!store_get(&store, i * 3, &value));
        ck_assert(!store_get(&store, i * 3 + 2, &value));
    }
}
END_TEST

START_TEST(store_changes_are_visible_at_once_and_durable_after_commit)
{
    must_put(1, "one");
    expect(1, "one");
    must_commit();
    must_put(2, "two");
    ck_assert(store_dirty(&store));
    ck_assert_int_eq(reopen(NVM_SIM_KEEP), ERR_OK);
    expect(1, "one");
    expect(2, NULL);
    ck_assert(!store_dirty(&store));
}
END_TEST

START_TEST(store_commit_costs_one_write_and_one_sync)
{
    must_put(1, "one");
    must_commit();
    nvm_sim_power_on(&sim, NVM_SIM_KEEP, 0);
    must_put(1, "two");
    must_put(2, "three");
    must_commit();
    ck_assert_uint_eq(sim.writes, 1);
    ck_assert_uint_eq(sim.syncs, 1);
    must_commit();
    ck_assert_uint_eq(sim.ops, 2);
}
END_TEST

START_TEST(store_operations_survive_reopening)
{
    struct rd value;

    must_put(1, "abcdef");
    must_put(2, "gone");
    must_put(4, "");
    ck_assert_int_eq(store_put_filled(&store, 3, 0xFF, 40000), ERR_OK);
    must_commit();
    ck_assert_int_eq(store_patch(&store, 1, 2, RD((const uint8_t *)"XY", 2)), ERR_OK);
    ck_assert_int_eq(store_patch(&store, 3, 39999, RD((const uint8_t *)"Z", 1)), ERR_OK);
    ck_assert_int_eq(store_delete(&store, 2), ERR_OK);
    must_commit();
    ck_assert_int_eq(reopen(NVM_SIM_DROP), ERR_OK);
    expect(1, "abXYef");
    expect(2, NULL);
    expect(4, "");
    ck_assert(store_get(&store, 3, &value));
    ck_assert_uint_eq(value.left, 40000);
    ck_assert_uint_eq(value.at[39998], 0xFF);
    ck_assert_uint_eq(value.at[39999], 'Z');
}
END_TEST

START_TEST(store_changes_refuse_what_is_not_there)
{
    uint8_t bytes[4] = {0};

    must_put(1, "abc");
    must_commit();
    ck_assert_int_eq(store_patch(&store, 2, 0, RD_ARRAY(bytes)), ERR_NOT_FOUND);
    ck_assert_int_eq(store_patch(&store, 1, 0, RD_ARRAY(bytes)), ERR_RANGE);
    ck_assert_int_eq(store_patch(&store, 1, 4, RD(bytes, 0)), ERR_RANGE);
    ck_assert_int_eq(store_patch(&store, 1, SIZE_MAX, RD(bytes, 1)), ERR_RANGE);
    ck_assert_int_eq(store_delete(&store, 2), ERR_OK);
    ck_assert(!store_dirty(&store));
}
END_TEST

START_TEST(store_put_takes_a_value_of_the_object_itself)
{
    struct rd value;

    must_put(1, "abcdef");
    must_commit();
    ck_assert(store_get(&store, 1, &value));
    ck_assert_int_eq(store_put(&store, 1, RD(value.at + 2, 3)), ERR_OK);
    expect(1, "cde");
    ck_assert(store_get(&store, 1, &value));
    ck_assert_int_eq(store_patch(&store, 1, 0, RD(value.at + 1, 2)), ERR_OK);
    expect(1, "dee");
    must_put(2, "abc");
    ck_assert(store_get(&store, 2, &value));
    ck_assert_int_eq(store_put(&store, 2, value), ERR_OK);
    must_commit();
    ck_assert_int_eq(reopen(NVM_SIM_DROP), ERR_OK);
    expect(1, "dee");
    expect(2, "abc");
}
END_TEST

/* Every kind of change, of every kind of object, in one transaction. */
static void change_everything(void)
{
    must_put(1, "ONE");               /* in place */
    must_put(2, "another length");    /* replaced */
    must_put(3, "new");               /* added */
    must_put(3, "newer than before"); /* replaced again */
    ck_assert_int_eq(store_delete(&store, 4), ERR_OK);
    must_put(4, "back");
    ck_assert_int_eq(store_delete(&store, 3), ERR_OK);
    ck_assert_int_eq(store_patch(&store, 5, 1, RD((const uint8_t *)"--", 2)), ERR_OK);
    ck_assert_int_eq(store_patch(&store, 5, 2, RD((const uint8_t *)"++", 2)), ERR_OK);
    ck_assert_int_eq(store_put_filled(&store, 6, 1, 300), ERR_OK);
    ck_assert_int_eq(store_delete(&store, 1), ERR_OK);
}

START_TEST(store_rollback_restores_memory_exactly)
{
    size_t used;

    put_everything();
    change_everything();
    store_rollback(&store);
    expect_unchanged();
    used = arena.used;
    for (int i = 0; i < 100; i++) {
        change_everything();
        store_rollback(&store);
    }
    expect_unchanged();
    ck_assert_uint_eq(arena.used, used);
}
END_TEST

START_TEST(store_change_that_does_not_fit_changes_nothing)
{
    static uint8_t big[JOURNAL_OPS_MAX];

    put_everything();
    ck_assert_int_eq(store_put(&store, 3, RD(big, sizeof big)), ERR_SPACE);
    ck_assert_int_eq(store_put(&store, 3, RD(big, sizeof big - 7)), ERR_OK);
    ck_assert_int_eq(store_delete(&store, 1), ERR_SPACE);
    ck_assert_int_eq(store_put_filled(&store, 9, 0, 1U << 31), ERR_SPACE);
    store_rollback(&store);
    ck_assert_int_eq(store_put_filled(&store, 9, 0, 1U << 31), ERR_NOMEM);
    expect_unchanged();
    ck_assert(!store_dirty(&store));
}
END_TEST

START_TEST(store_says_nomem_at_every_allocation)
{
    put_everything();
    /* The arena ends after n more bytes. */
    for (size_t n = 0; n < 4096; n += 16) {
        enum err e = ERR_OK;

        arena.cap = arena.used + n;
        for (uint32_t id = 10; e == ERR_OK; id++)
            e = put(id, "this takes thirty-two bytes, say");
        ck_assert_int_eq(e, ERR_NOMEM);
        ck_assert_int_eq(store_patch(&store, 1, 0, RD((const uint8_t *)"ONE", 3)), ERR_OK);
        store_rollback(&store);
        expect_unchanged();
    }
}
END_TEST

START_TEST(store_compacts_before_the_bank_overflows)
{
    char text[32];

    for (int i = 0; i < 3000; i++) {
        snprintf(text, sizeof text, "value %d", i);
        must_put((uint32_t)i % 40, text);
        must_commit();
    }
    ck_assert_uint_gt(store.journal.generation, 3);
    ck_assert_int_eq(reopen(NVM_SIM_DROP), ERR_OK);
    for (int i = 2960; i < 3000; i++) {
        snprintf(text, sizeof text, "value %d", i);
        expect((uint32_t)i % 40, text);
    }
}
END_TEST

START_TEST(store_commit_says_space_when_the_bank_is_full)
{
    static uint8_t random[4000];
    uint64_t seed = 3;
    uint32_t id = 0;

    for (size_t i = 0; i < sizeof random; i++)
        random[i] = (uint8_t)nvm_sim_random(&seed);
    must_put(1000, "here");
    must_commit();
    for (id = 0; id < 10; id++) {
        ck_assert_int_eq(store_put(&store, id, RD_ARRAY(random)), ERR_OK);
        if (store_commit(&store) != ERR_OK)
            break;
    }
    ck_assert_uint_eq(id, 2);
    expect(2, NULL);
    ck_assert_int_eq(store_put(&store, 2, RD_ARRAY(random)), ERR_OK);
    ck_assert_int_eq(store_commit(&store), ERR_SPACE);
    /* What fits still goes in, and a deletion makes room again. */
    must_put(1000, "gone");
    must_commit();
    ck_assert_int_eq(store_delete(&store, 0), ERR_OK);
    must_commit();
    ck_assert_int_eq(store_put(&store, 2, RD_ARRAY(random)), ERR_OK);
    must_commit();
    ck_assert_int_eq(reopen(NVM_SIM_DROP), ERR_OK);
    expect(1000, "gone");
    expect(0, NULL);
}
END_TEST

START_TEST(store_snapshot_keeps_objects_of_every_size)
{
    static const size_t sizes[] = {0, 1, 15, 16, 17, 255, 256, 257, 4096, 20000, 49000};
    static uint8_t bytes[49152];
    struct rd value;

    store_close(&store);
    nvm_sim_free(&sim);
    make_store(1U << 20);
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 31 >> 3);
    for (uint32_t i = 0; i < 2 * ARRAY_LEN(sizes); i++) {
        size_t n = sizes[i / 2];

        /* Odd ids end in a run of one byte. */
        ck_assert_int_eq(store_put_filled(&store, i, 0xFF, n), ERR_OK);
        ck_assert_int_eq(store_patch(&store, i, 0, RD(bytes, i % 2 ? n / 2 : n)), ERR_OK);
        must_commit();
    }
    store_forget(&store);
    must_commit();
    ck_assert_int_eq(reopen(NVM_SIM_DROP), ERR_OK);
    for (uint32_t i = 0; i < 2 * ARRAY_LEN(sizes); i++) {
        size_t n = sizes[i / 2], patched = i % 2 ? n / 2 : n;

        ck_assert(store_get(&store, i, &value));
        ck_assert_uint_eq(value.left, n);
        ck_assert(rd_equal(RD(value.at, patched), RD(bytes, patched)));
        for (size_t k = patched; k < n; k++)
            ck_assert_uint_eq(value.at[k], 0xFF);
    }
}
END_TEST

/* One-byte objects take more room in the undo log than in the frame. */
START_TEST(store_change_that_cannot_be_undone_is_refused)
{
    uint32_t id = 10;

    put_everything();
    while (put(id, "x") == ERR_OK)
        id++;
    ck_assert_int_eq(put(id, "x"), ERR_SPACE);
    ck_assert_int_eq(put(1, "1ne"), ERR_SPACE);
    ck_assert_int_eq(store_delete(&store, 1), ERR_SPACE);
    ck_assert_int_eq(store_patch(&store, 1, 0, RD((const uint8_t *)"y", 1)), ERR_SPACE);
    store_rollback(&store);
    expect_unchanged();
    ck_assert_uint_eq(store.count, 4);
}
END_TEST

START_TEST(store_written_counts_the_journal)
{
    uint64_t before;

    must_put(1, "12345");
    must_commit();
    before = store_written(&store);
    must_put(1, "54321");
    must_commit();
    ck_assert_uint_eq(store_written(&store) - before, 24); /* 12 head, 7 + 5 operation */
}
END_TEST

Suite *suite_under_test(void)
{
    const struct {
        const char *name;
        const TTest *tests[12];
    } cases[] = {
        {"objects",
         {store_get_finds_each_of_many_objects,
          store_changes_are_visible_at_once_and_durable_after_commit,
          store_commit_costs_one_write_and_one_sync, store_operations_survive_reopening,
          store_changes_refuse_what_is_not_there, store_put_takes_a_value_of_the_object_itself,
          store_rollback_restores_memory_exactly, store_change_that_does_not_fit_changes_nothing,
          store_change_that_cannot_be_undone_is_refused, store_written_counts_the_journal}},
        {"compaction",
         {store_compacts_before_the_bank_overflows, store_commit_says_space_when_the_bank_is_full,
          store_snapshot_keeps_objects_of_every_size}},
        {"sec_C23 memory", {store_says_nomem_at_every_allocation}},
    };
    Suite *s = suite_create("uicc/nvm/store");
    TCase *t;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        t = tcase_create(cases[i].name);
        tcase_add_checked_fixture(t, setup, teardown);
        for (size_t k = 0; k < ARRAY_LEN(cases[i].tests) && cases[i].tests[k] != NULL; k++)
            tcase_add_test(t, cases[i].tests[k]);
        suite_add_tcase(s, t);
    }
    return s;
}
