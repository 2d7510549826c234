/*
 * Tests of uicc/nvm/store.h and journal.h on a device that fails, or was damaged. Goal:
 * whatever it does, the store is in a state it was committed in, and says so. The
 * exhaustive power cuts are in test/crash/crash_store.c; here is one example of each rule.
 */
#include "apdu/crc.h"
#include "test/uicc/store_fixture.h"

START_TEST(store_open_cuts_a_torn_tail)
{
    uint32_t before;

    must_put(1, "one");
    must_commit();
    must_put(1, "two");
    before = store.journal.tail;
    must_commit();
    *in_force(before + 14) ^= 1;
    memcpy(sim.view, sim.media, sim.device.size);
    ck_assert_int_eq(reopen(NVM_SIM_DROP), ERR_OK);
    expect(1, "one");
    must_put(1, "six");
    must_commit();
    ck_assert_int_eq(reopen(NVM_SIM_DROP), ERR_OK);
    expect(1, "six");
}
END_TEST

START_TEST(store_open_refuses_damage_before_the_last_frame)
{
    uint32_t start;

    must_put(1, "one");
    must_commit();
    start = store.journal.tail;
    must_put(1, "two");
    must_commit();
    must_put(1, "six");
    must_commit();
    /* Each byte of the middle frame in turn; its padding belongs to nobody. */
    for (uint32_t at = start; at < start + JOURNAL_FRAME_HEAD + 10; at++) {
        *in_force(at) ^= 0x40;
        ck_assert_int_eq(reopen(NVM_SIM_DROP), ERR_CORRUPT);
        *in_force(at) ^= 0x40;
    }
    ck_assert_int_eq(reopen(NVM_SIM_DROP), ERR_OK);
    expect(1, "six");
}
END_TEST

START_TEST(store_open_refuses_a_damaged_snapshot)
{
    must_put(1, "one");
    must_commit();
    store_forget(&store);
    must_commit();
    must_put(1, "two");
    must_commit();
    /* Head, frame head and the operation PUT "one". */
    for (uint32_t at = 0; at < 16 + JOURNAL_FRAME_HEAD + 10; at++) {
        uint8_t *byte = in_force(at);

        *byte ^= 0x10;
        ck_assert_int_eq(reopen(NVM_SIM_DROP), ERR_CORRUPT);
        *byte ^= 0x10;
    }
    ck_assert_int_eq(reopen(NVM_SIM_DROP), ERR_OK);
    expect(1, "two");
}
END_TEST

/* An object that looks like a frame of this journal, as far as its writer can know. */
START_TEST(store_open_takes_no_content_for_a_frame)
{
    uint8_t copy[256];
    uint32_t start, len;

    must_put(1, "one");
    must_commit();
    start = store.journal.tail;
    must_put(2, "frame to be copied");
    must_commit();
    len = store.journal.tail - start;
    memcpy(copy, in_force(start), len);
    store_forget(&store); /* a new salt */
    must_commit();
    ck_assert_int_eq(store_put(&store, 3, RD(copy, len)), ERR_OK);
    start = store.journal.tail;
    must_commit();
    *in_force(start) ^= 0xFF;
    ck_assert_int_eq(reopen(NVM_SIM_DROP), ERR_OK);
    expect(3, NULL);
}
END_TEST

/* The last frame, made a frame of a snapshot that ended long ago, with a checksum that fits. */
START_TEST(store_open_refuses_a_frame_out_of_order)
{
    uint8_t *frame;
    uint32_t start;
    struct wr w;

    must_put(1, "one");
    must_commit();
    start = store.journal.tail;
    must_put(1, "two");
    must_commit();
    frame = in_force(start);
    frame[0] = 1;
    w = WR(frame + 8, 4);
    wr_u32(&w, crc_32_update(crc_32_update(store.journal.salt, RD(frame, 8)), RD(frame + 12, 10)));
    ck_assert_int_eq(reopen(NVM_SIM_DROP), ERR_CORRUPT);
}
END_TEST

/* The first of two frames is there, with an object that the old bank does not have. */
START_TEST(store_open_takes_nothing_of_half_a_snapshot)
{
    static uint8_t bytes[30000];
    uint64_t seed = 1;

    store_close(&store);
    nvm_sim_free(&sim);
    make_store(1U << 20);
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)nvm_sim_random(&seed);
    for (uint32_t id = 1; id <= 3; id++) {
        ck_assert_int_eq(store_put(&store, id, RD_ARRAY(bytes)), ERR_OK);
        must_commit();
    }
    must_put(0, "new");
    store_forget(&store);
    sim.cut_at = sim.ops + 3; /* sync of the wipe, head, first frame */
    ck_assert_int_eq(store_commit(&store), ERR_IO);
    ck_assert_int_eq(reopen(NVM_SIM_KEEP), ERR_OK);
    expect(0, NULL);
    ck_assert_uint_eq(store.count, 3);
}
END_TEST

START_TEST(store_commit_that_fails_has_not_happened)
{
    static const enum nvm_sim_policy policies[] = {NVM_SIM_DROP, NVM_SIM_KEEP, NVM_SIM_TEAR};

    must_put(1, "one");
    must_commit();
    for (uint64_t n = 1; n <= 2; n++) {
        must_put(1, "this will not be");
        sim.fail_at = sim.ops + n;
        ck_assert_int_eq(store_commit(&store), ERR_IO);
        expect(1, "one");
        ck_assert(!store_dirty(&store));
        ck_assert_int_eq(reopen(policies[_i]), ERR_OK);
        expect(1, "one");
    }
}
END_TEST

/* A short commit over a long one that failed: nothing of the long one may come back. */
START_TEST(store_commit_goes_on_after_a_failure)
{
    must_put(1, "one");
    must_commit();
    must_put(2, "this is a long value, much longer than what follows; it must not be seen");
    sim.fail_at = sim.ops + 2;
    ck_assert_int_eq(store_commit(&store), ERR_IO);
    nvm_sim_heal(&sim);
    for (int i = 0; i < 6; i++) {
        char text[2] = {(char)('a' + i), 0};

        must_put(1, text);
        must_commit();
        ck_assert_int_eq(reopen(NVM_SIM_DROP), ERR_OK);
        expect(1, text);
        expect(2, NULL);
    }
}
END_TEST

START_TEST(store_refuses_changes_while_a_failed_frame_may_stand)
{
    must_put(1, "one");
    must_commit();
    must_put(1, "two");
    sim.fail_at = sim.ops + 1;
    sim.fail_sticky = true;
    ck_assert_int_eq(store_commit(&store), ERR_IO);
    ck_assert_int_eq(put(1, "six"), ERR_IO);
    ck_assert_int_eq(store_put_filled(&store, 2, 0, 1), ERR_IO);
    ck_assert_int_eq(store_delete(&store, 1), ERR_IO);
    store_forget(&store);
    ck_assert_int_eq(store_commit(&store), ERR_IO);
    expect(1, "one");
    /* It heals as soon as the device does. */
    nvm_sim_heal(&sim);
    must_put(1, "six");
    must_commit();
    ck_assert_int_eq(reopen(NVM_SIM_DROP), ERR_OK);
    expect(1, "six");
}
END_TEST

/* A frame that failed still stands when the next commit, which writes elsewhere, is cut. */
START_TEST(store_commit_takes_a_failed_frame_away_first)
{
    must_put(1, "one");
    must_commit();
    must_put(1, "two");
    sim.fail_at = sim.ops + 2;
    sim.fail_sticky = true;
    sim.failed_sync = NVM_SIM_KEEP;
    ck_assert_int_eq(store_commit(&store), ERR_IO);
    nvm_sim_heal(&sim);
    store_forget(&store);
    sim.cut_at = sim.ops + 3;
    ck_assert_int_eq(store_commit(&store), ERR_IO);
    ck_assert_int_eq(reopen(NVM_SIM_DROP), ERR_OK);
    expect(1, "one");
}
END_TEST

/* The host's cache shows zeros where the medium still has the frame. */
START_TEST(store_does_not_trust_reads_after_a_failed_sync)
{
    must_put(1, "one");
    must_commit();
    must_put(1, "two");
    sim.fail_at = sim.ops + 2;
    sim.failed_sync = NVM_SIM_KEEP; /* the frame is there */
    sim.fail_sticky = true;
    ck_assert_int_eq(store_commit(&store), ERR_IO);
    sim.failed_sync = NVM_SIM_DROP; /* its overwriting is not */
    sim.fail_at = sim.ops + 2;
    ck_assert_int_eq(put(1, "six"), ERR_IO);
    nvm_sim_heal(&sim);
    must_put(1, "six");
    store_rollback(&store);
    ck_assert_int_eq(reopen(NVM_SIM_DROP), ERR_OK);
    expect(1, "one");
}
END_TEST

/* kill -9 between write and sync; what the next process tells must not be lost either. */
START_TEST(store_open_makes_durable_what_it_found)
{
    must_put(1, "one");
    must_commit();
    must_put(1, "two");
    sim.cut_at = sim.ops + 2;
    ck_assert_int_eq(store_commit(&store), ERR_IO);
    sim.dead = false; /* only the process died */
    nvm_sim_heal(&sim);
    store_close(&store);
    ck_assert_int_eq(store_open(&store, &sim.device, &arena, &work), ERR_OK);
    expect(1, "two");
    ck_assert_int_eq(reopen(NVM_SIM_DROP), ERR_OK);
    expect(1, "two");
}
END_TEST

START_TEST(store_commit_survives_a_full_host)
{
    must_put(1, "one");
    must_commit();
    sim.full_from = store.journal.medium.bank_offset[store.journal.bank] + store.journal.tail + 20;
    must_put(1, "a value that is longer than the host has room for");
    ck_assert_int_eq(store_commit(&store), ERR_SPACE);
    expect(1, "one");
    must_put(1, "x");
    must_commit();
    must_put(1, "also too long, again");
    ck_assert_int_eq(store_commit(&store), ERR_SPACE);
    nvm_sim_heal(&sim);
    must_put(1, "now it is not too long any more");
    must_commit();
    ck_assert_int_eq(reopen(NVM_SIM_DROP), ERR_OK);
    expect(1, "now it is not too long any more");
}
END_TEST

START_TEST(store_forget_leaves_nothing_on_the_medium_or_in_memory)
{
    static const char key[] = "0123456789abcdef-secret-key";
    struct rd needle = RD((const uint8_t *)key, sizeof key - 1);

    must_put(1, key);
    must_put(2, "keeps");
    must_commit();
    for (int i = 0; i < 300; i++) {
        must_put(3, i % 2 ? "journal" : "traffic, so that both banks hold it");
        must_commit();
    }
    store_forget(&store);
    must_commit();
    ck_assert(nvm_sim_holds(&sim, needle)); /* it lives */
    ck_assert_int_eq(store_delete(&store, 1), ERR_OK);
    ck_assert(nvm_sim_holds(&sim, needle));
    store_forget(&store);
    must_commit();
    ck_assert(!nvm_sim_holds(&sim, needle));
    ck_assert_ptr_null(memmem(block, sizeof block, needle.at, needle.left));
    ck_assert_ptr_null(memmem(&work, sizeof work, needle.at, needle.left));
    ck_assert_int_eq(reopen(NVM_SIM_DROP), ERR_OK);
    expect(1, NULL);
    expect(2, "keeps");
}
END_TEST

/* The bank that is written next holds the key where no snapshot will reach. */
START_TEST(store_forget_wipes_the_rest_of_the_bank_it_writes)
{
    static const char key[] = "0123456789abcdef-secret-key";
    uint32_t generation;

    for (int i = 0; store.journal.tail < 6000 || i < 2; i++) {
        must_put(3, i % 2 ? "journal" : "traffic");
        must_commit();
    }
    must_put(1, key);
    must_commit();
    generation = store.journal.generation;
    while (store.journal.generation == generation) {
        must_put(3, "traffic");
        must_commit();
    }
    ck_assert_int_eq(store_delete(&store, 1), ERR_OK);
    store_forget(&store);
    must_commit();
    ck_assert(!nvm_sim_holds(&sim, RD((const uint8_t *)key, sizeof key - 1)));
}
END_TEST

START_TEST(store_close_cleanses_memory)
{
    static const char key[] = "0123456789abcdef-secret-key";

    must_put(1, key);
    must_commit();
    must_put(2, "replaced");
    must_put(1, "0123456789abcdef-secret-key, longer");
    store_close(&store);
    ck_assert_ptr_null(memmem(block, sizeof block, key, sizeof key - 1));
    ck_assert_ptr_null(memmem(&work, sizeof work, key, sizeof key - 1));
    ck_assert_int_eq(store_open(&store, &sim.device, &arena, &work), ERR_OK);
    ck_assert_ptr_null(memmem(&work, sizeof work, key, sizeof key - 1));
    expect(1, key);
}
END_TEST

START_TEST(store_open_refuses_a_medium_without_a_bank)
{
    ck_assert_int_eq(reopen(NVM_SIM_KEEP), ERR_CORRUPT);
    ck_assert_int_eq(store_create(&store, &sim.device, &arena, &work), ERR_OK);
    must_put(1, "one");
    must_commit();
    ck_assert_int_eq(reopen(NVM_SIM_KEEP), ERR_OK);
    store_close(&store);
    sim.fail_read = sim.reads + 3;
    ck_assert_int_eq(store_open(&store, &sim.device, &arena, &work), ERR_IO);
    /* Another card on the same medium. */
    ck_assert_int_eq(medium_format(&sim.device, RD(NULL, 0), (const uint8_t[32]){0}, BANK), ERR_OK);
    ck_assert_int_eq(reopen(NVM_SIM_DROP), ERR_CORRUPT);
}
END_TEST

/* The read that would have shown a later frame fails: that none was seen behind a damaged one must
 * not mean that there is none. The two do not fit into one window of the reader. */
START_TEST(store_open_never_takes_an_unread_frame_for_none)
{
    static uint8_t big[JOURNAL_FRAME_MAX / 4 * 3];
    uint32_t damaged;
    uint64_t reads;

    teardown();
    make_store(8 * JOURNAL_FRAME_MAX);
    for (size_t i = 0; i < sizeof big; i++)
        big[i] = (uint8_t)(i * i >> 3 | 1);
    ck_assert_int_eq(store_put(&store, 1, RD_ARRAY(big)), ERR_OK);
    store_forget(&store); /* into a snapshot, so that the next ones are none */
    must_commit();
    damaged = store.journal.tail;
    for (uint32_t id = 2; id <= 3; id++) {
        ck_assert_int_eq(store_put(&store, id, RD_ARRAY(big)), ERR_OK);
        must_commit();
    }
    *in_force(damaged) ^= 0x40;
    ck_assert_int_eq(reopen(NVM_SIM_DROP), ERR_CORRUPT);
    reads = sim.reads;
    for (uint64_t n = 1; n <= reads; n++) {
        nvm_sim_power_on(&sim, NVM_SIM_DROP, 0);
        sim.fail_read = n;
        ck_assert_int_ne(store_open(&store, &sim.device, &arena, &work), ERR_OK);
    }
}
END_TEST

START_TEST(store_open_reports_each_failing_read)
{
    uint64_t reads;

    put_everything();
    store_forget(&store);
    must_commit();
    must_put(1, "ONE");
    must_commit();
    ck_assert_int_eq(reopen(NVM_SIM_DROP), ERR_OK);
    reads = sim.reads;
    for (uint64_t n = 1; n <= reads; n++) {
        store_close(&store);
        nvm_sim_power_on(&sim, NVM_SIM_DROP, 0);
        sim.fail_read = n;
        ck_assert_int_eq(store_open(&store, &sim.device, &arena, &work), ERR_IO);
        ck_assert_uint_eq(store.count, 0);
    }
    ck_assert_int_eq(reopen(NVM_SIM_DROP), ERR_OK);
    expect(1, "ONE");
}
END_TEST

Suite *suite_under_test(void)
{
    const struct {
        const char *name;
        const TTest *tests[12];
    } cases[] = {
        {"sec_C24 damage",
         {store_open_cuts_a_torn_tail, store_open_refuses_damage_before_the_last_frame,
          store_open_refuses_a_damaged_snapshot, store_open_takes_no_content_for_a_frame,
          store_open_refuses_a_frame_out_of_order, store_open_takes_nothing_of_half_a_snapshot,
          store_open_refuses_a_medium_without_a_bank,
          store_open_never_takes_an_unread_frame_for_none}},
        {"sec_C22 failing device",
         {store_commit_goes_on_after_a_failure,
          store_refuses_changes_while_a_failed_frame_may_stand,
          store_commit_takes_a_failed_frame_away_first,
          store_does_not_trust_reads_after_a_failed_sync, store_open_makes_durable_what_it_found,
          store_open_reports_each_failing_read, store_commit_survives_a_full_host}},
        {"sec_C26 residue",
         {store_forget_leaves_nothing_on_the_medium_or_in_memory,
          store_forget_wipes_the_rest_of_the_bank_it_writes, store_close_cleanses_memory}},
    };
    Suite *s = suite_create("uicc/nvm/store, faults");
    TCase *t;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        t = tcase_create(cases[i].name);
        tcase_add_checked_fixture(t, setup, teardown);
        for (size_t k = 0; k < ARRAY_LEN(cases[i].tests) && cases[i].tests[k] != NULL; k++)
            tcase_add_test(t, cases[i].tests[k]);
        suite_add_tcase(s, t);
    }
    t = tcase_create("sec_C22 every policy");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_loop_test(t, store_commit_that_fails_has_not_happened, 0, NVM_SIM_POLICIES);
    suite_add_tcase(s, t);
    return s;
}
