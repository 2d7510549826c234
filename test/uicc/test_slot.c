/*
 * Tests of uicc/slot/slot.h. Goal: a slot only goes where the table lets it, and a retired
 * pair is nowhere any more: not in the object, the journal, or memory.
 */
#include "uicc/slot/slot.h"

#include "test/support/runner.h"
#include "test/support/uicc/memory.h"

#include <string.h>

#define STATES (SLOT_RETIRED + 1)
#define EVENTS (SLOT_DROP + 1)

static struct memory *m;

static void setup(void)
{
    m = memory_new();
}

static void teardown(void)
{
    memory_free(&m);
}

/* K and OTA keys that differ in every slot. */
static struct slot sample(uint8_t index, enum slot_state state)
{
    struct slot s = {.state = state};

    aka_key_defaults(&s.aka, AKA_MILENAGE);
    s.aka.k.len = s.aka.opc.len = 16;
    memset(s.aka.k.bytes, 0xA0 + index, 16);
    memset(s.aka.opc.bytes, 0xB0 + index, 16);
    s.kic.algorithm = SECPKT_AES;
    s.kid.algorithm = SECPKT_3DES3;
    s.kik.algorithm = SECPKT_3DES2;
    s.kic.key.len = 32;
    s.kid.key.len = 24;
    s.kik.key.len = 16;
    memset(s.kic.key.bytes, 0xC0 + index, 32);
    memset(s.kid.key.bytes, 0xD0 + index, 24);
    memset(s.kik.key.bytes, 0xE0 + index, 16);
    return s;
}

static void must_write(uint8_t index, enum slot_state state)
{
    struct slot s = sample(index, state);

    ck_assert_int_eq(slot_write(&m->store, index, &s), ERR_OK);
}

static void must_commit(void)
{
    ck_assert_int_eq(store_commit(&m->store), ERR_OK);
    ck_assert(slot_check(&m->store));
}

static void must_move(uint8_t index, enum slot_event event)
{
    ck_assert_int_eq(slot_move(&m->store, index, event), ERR_OK);
}

/* Slot 1 active, 2 to 4 spare. */
static void personalise(void)
{
    must_write(1, SLOT_ACTIVE);
    for (uint8_t i = 2; i <= 4; i++)
        must_write(i, SLOT_SPARE);
    must_commit();
}

static void change_to(uint8_t from, uint8_t to)
{
    must_move(from, SLOT_STEP_BACK);
    must_move(to, SLOT_TRY);
    must_commit();
}

static bool key_is_anywhere(uint8_t byte)
{
    uint8_t key[16];

    memset(key, byte, sizeof key);
    return nvm_sim_holds(&m->sim, RD_ARRAY(key)) ||
           memmem(m->block, sizeof m->block, key, sizeof key) != NULL ||
           memmem(&m->work, sizeof m->work, key, sizeof key) != NULL;
}

START_TEST(slot_next_state_follows_the_table_and_nothing_else)
{
    static const int want[STATES][EVENTS] = {
        [SLOT_EMPTY] = {[SLOT_LOAD] = SLOT_SPARE, [SLOT_FIRST] = SLOT_ACTIVE},
        [SLOT_SPARE] = {[SLOT_TRY] = SLOT_TRIAL},
        [SLOT_ACTIVE] = {[SLOT_STEP_BACK] = SLOT_FALLBACK},
        [SLOT_TRIAL] = {[SLOT_CONFIRM] = SLOT_ACTIVE, [SLOT_DROP] = SLOT_RETIRED},
        [SLOT_FALLBACK] = {[SLOT_RETIRE] = SLOT_RETIRED, [SLOT_RESTORE] = SLOT_ACTIVE},
    };

    for (int from = 0; from < STATES; from++) {
        for (int event = 0; event < EVENTS; event++) {
            enum slot_state to = SLOT_EMPTY;
            enum err e = slot_next_state((enum slot_state)from, (enum slot_event)event, &to);

            ck_assert_int_eq(e, want[from][event] == 0 ? ERR_CONDITIONS : ERR_OK);
            ck_assert_int_eq(to, want[from][event]);
        }
    }
}
END_TEST

START_TEST(slot_read_gives_what_was_written)
{
    struct slot want = sample(3, SLOT_SPARE);
    struct slot got;

    want.aka.algorithm = AKA_TUAK;
    want.aka.res_len = 16;
    want.aka.mac_len = 32;
    want.aka.ck_len = 32;
    want.aka.keccak_iterations = 2;
    want.aka.k.len = want.aka.opc.len = 32;
    ck_assert_int_eq(slot_write(&m->store, 3, &want), ERR_OK);
    must_commit();
    ck_assert_int_eq(memory_power_cut(m), ERR_OK);
    ck_assert_int_eq(slot_read(&m->store, 3, &got), ERR_OK);
    ck_assert_int_eq(got.state, SLOT_SPARE);
    ck_assert_int_eq(got.aka.algorithm, AKA_TUAK);
    ck_assert_uint_eq(got.aka.res_len, 16);
    ck_assert_uint_eq(got.aka.mac_len, 32);
    ck_assert_uint_eq(got.aka.ck_len, 32);
    ck_assert_uint_eq(got.aka.ik_len, want.aka.ik_len);
    ck_assert_uint_eq(got.aka.keccak_iterations, 2);
    ck_assert(secret_equal(&got.aka.k, &want.aka.k));
    ck_assert(secret_equal(&got.aka.opc, &want.aka.opc));
    ck_assert_int_eq(got.kic.algorithm, SECPKT_AES);
    ck_assert_int_eq(got.kid.algorithm, SECPKT_3DES3);
    ck_assert_int_eq(got.kik.algorithm, SECPKT_3DES2);
    ck_assert(secret_equal(&got.kic.key, &want.kic.key));
    ck_assert(secret_equal(&got.kid.key, &want.kid.key));
    ck_assert(secret_equal(&got.kik.key, &want.kik.key));
}
END_TEST

START_TEST(slot_functions_refuse_indexes_that_no_card_has)
{
    static const uint8_t wrong[] = {0, 16, 255};
    struct slot s = sample(1, SLOT_SPARE);

    for (size_t i = 0; i < sizeof wrong; i++) {
        ck_assert_int_eq(slot_write(&m->store, wrong[i], &s), ERR_NOT_FOUND);
        ck_assert_int_eq(slot_read(&m->store, wrong[i], &s), ERR_NOT_FOUND);
        ck_assert_int_eq(slot_move(&m->store, wrong[i], SLOT_TRY), ERR_NOT_FOUND);
        ck_assert_int_eq(slot_state_of(&m->store, wrong[i]), SLOT_EMPTY);
    }
    ck_assert_int_eq(slot_read(&m->store, 1, &s), ERR_NOT_FOUND);
}
END_TEST

START_TEST(slot_questions_see_the_card_of_a_fresh_batch)
{
    uint8_t slots, spare;

    personalise();
    slot_count(&m->store, &slots, &spare);
    ck_assert_uint_eq(slots, 4);
    ck_assert_uint_eq(spare, 3);
    ck_assert_uint_eq(slot_in_force(&m->store), 1);
    ck_assert_uint_eq(slot_next_spare(&m->store), 2);
    ck_assert_uint_eq(slot_fallback(&m->store), 0);
}
END_TEST

START_TEST(slot_move_carries_a_change_to_its_end)
{
    uint8_t slots, spare;

    personalise();
    change_to(1, 2);
    ck_assert_uint_eq(slot_in_force(&m->store), 2);
    ck_assert_uint_eq(slot_fallback(&m->store), 1);
    ck_assert_uint_eq(slot_next_spare(&m->store), 3);
    must_move(2, SLOT_CONFIRM);
    must_move(1, SLOT_RETIRE);
    must_commit();
    ck_assert_uint_eq(slot_in_force(&m->store), 2);
    ck_assert_uint_eq(slot_fallback(&m->store), 0);
    ck_assert_int_eq(slot_state_of(&m->store, 1), SLOT_RETIRED);
    slot_count(&m->store, &slots, &spare);
    ck_assert_uint_eq(slots, 4);
    ck_assert_uint_eq(spare, 2);
}
END_TEST

START_TEST(slot_move_carries_a_change_back)
{
    personalise();
    change_to(1, 2);
    must_move(2, SLOT_DROP);
    must_move(1, SLOT_RESTORE);
    must_commit();
    ck_assert_uint_eq(slot_in_force(&m->store), 1);
    ck_assert_int_eq(slot_state_of(&m->store, 2), SLOT_RETIRED);
    ck_assert_uint_eq(slot_next_spare(&m->store), 3);
}
END_TEST

START_TEST(slot_move_refuses_what_the_table_does_not_have)
{
    personalise();
    ck_assert_int_eq(slot_move(&m->store, 1, SLOT_RETIRE), ERR_CONDITIONS);
    ck_assert_int_eq(slot_move(&m->store, 2, SLOT_CONFIRM), ERR_CONDITIONS);
    ck_assert_int_eq(slot_move(&m->store, 9, SLOT_TRY), ERR_NOT_FOUND);
    ck_assert(!store_dirty(&m->store));
}
END_TEST

START_TEST(slot_move_leaves_no_key_of_a_retired_pair)
{
    struct slot got;
    struct rd value;

    personalise();
    for (uint8_t to = 2; to <= 4; to++) {
        uint8_t from = to - 1;

        change_to(from, to);
        ck_assert(key_is_anywhere(0xA0 + from));
        must_move(to, SLOT_CONFIRM);
        must_move(from, SLOT_RETIRE);
        must_commit();
        for (unsigned kind = 0xA0; kind <= 0xE0; kind += 0x10) {
            ck_assert(!key_is_anywhere((uint8_t)(kind + from)));
            ck_assert(key_is_anywhere((uint8_t)(kind + to)));
        }
        ck_assert_int_eq(slot_read(&m->store, from, &got), ERR_OK);
        ck_assert_int_eq(got.state, SLOT_RETIRED);
        ck_assert_uint_eq(got.aka.k.len, 0);
        ck_assert(store_get(&m->store, OBJ_SLOT(from), &value));
        ck_assert_uint_eq(value.left, 1);
    }
}
END_TEST

START_TEST(slot_write_forgets_keys_that_it_replaces)
{
    struct slot s;

    personalise();
    s = sample(9, SLOT_ACTIVE);
    ck_assert_int_eq(slot_write(&m->store, 1, &s), ERR_OK);
    must_commit();
    ck_assert(!key_is_anywhere(0xA1));
    ck_assert(key_is_anywhere(0xA9));
    /* An emptied slot too. */
    must_write(4, SLOT_EMPTY);
    must_commit();
    ck_assert(!key_is_anywhere(0xA4));
    ck_assert_int_eq(slot_state_of(&m->store, 4), SLOT_EMPTY);
}
END_TEST

START_TEST(slot_move_does_not_write_keys_again)
{
    uint64_t before;

    personalise();
    before = store_written(&m->store);
    change_to(1, 2);
    ck_assert_uint_le(store_written(&m->store) - before, 40);
}
END_TEST

START_TEST(slot_move_drops_sequence_numbers_with_the_key)
{
    uint8_t sqn[6] = {0, 0, 0, 0, 1, 0};
    struct rd value;

    personalise();
    ck_assert_int_eq(store_put(&m->store, OBJ_SQN(1), RD_ARRAY(sqn)), ERR_OK);
    change_to(1, 2);
    ck_assert(store_get(&m->store, OBJ_SQN(1), &value));
    must_move(2, SLOT_CONFIRM);
    must_move(1, SLOT_RETIRE);
    must_commit();
    ck_assert(!store_get(&m->store, OBJ_SQN(1), &value));
}
END_TEST

START_TEST(slot_check_sees_each_broken_rule)
{
    static const struct {
        enum slot_state states[3];
        bool want;
    } rows[] = {
        {{SLOT_EMPTY, SLOT_EMPTY, SLOT_EMPTY}, true},
        {{SLOT_ACTIVE, SLOT_SPARE, SLOT_RETIRED}, true},
        {{SLOT_FALLBACK, SLOT_TRIAL, SLOT_SPARE}, true},
        {{SLOT_ACTIVE, SLOT_ACTIVE, SLOT_SPARE}, false},
        {{SLOT_ACTIVE, SLOT_TRIAL, SLOT_FALLBACK}, false},
        {{SLOT_TRIAL, SLOT_TRIAL, SLOT_FALLBACK}, false},
        {{SLOT_TRIAL, SLOT_SPARE, SLOT_SPARE}, false},
        {{SLOT_ACTIVE, SLOT_FALLBACK, SLOT_SPARE}, false},
        {{SLOT_FALLBACK, SLOT_FALLBACK, SLOT_TRIAL}, false},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        for (uint8_t k = 0; k < 3; k++)
            must_write(k + 1, rows[i].states[k]);
        ck_assert_msg(slot_check(&m->store) == rows[i].want, "row %zu", i);
    }
}
END_TEST

/* Every object that slot_write never wrote: each length, each value of each of its fields. */
static bool bootstrapped(uint8_t index)
{
    struct rd value;

    return store_get(&m->store, OBJ_GBA(index, false), &value) ||
           store_get(&m->store, OBJ_GBA(index, true), &value);
}

/* A key that the old K bootstrapped (TS 33.220) is the old operator's, too. */
START_TEST(sec_C26_what_k_bootstrapped_goes_with_it)
{
    static const uint8_t ks[48] = {0x5A, 0xA5, 0x5A, 0xA5, 0x11, 0x22, 0x33, 0x44};
    struct slot next;

    personalise();
    ck_assert_int_eq(store_put(&m->store, OBJ_GBA(1, false), RD_ARRAY(ks)), ERR_OK);
    ck_assert_int_eq(store_put(&m->store, OBJ_GBA(1, true), RD_ARRAY(ks)), ERR_OK);
    must_commit();
    next = sample(1, SLOT_ACTIVE);
    memset(next.kic.key.bytes, 0x77, 16); /* OTA keys alone */
    ck_assert_int_eq(slot_write(&m->store, 1, &next), ERR_OK);
    ck_assert(bootstrapped(1));
    memset(next.aka.k.bytes, 0x78, 16);
    ck_assert_int_eq(slot_write(&m->store, 1, &next), ERR_OK);
    ck_assert(!bootstrapped(1));
    must_commit();
    ck_assert(!nvm_sim_holds(&m->sim, RD(ks, 8)));
    ck_assert_int_eq(store_put(&m->store, OBJ_GBA(1, false), RD_ARRAY(ks)), ERR_OK);
    must_move(1, SLOT_STEP_BACK);
    ck_assert(bootstrapped(1)); /* it may come back */
    must_move(1, SLOT_RETIRE);
    ck_assert(!bootstrapped(1));
}
END_TEST

START_TEST(slot_read_refuses_a_damaged_object)
{
    uint8_t bytes[256];
    struct slot got;
    struct rd value;
    size_t len;

    personalise();
    ck_assert(store_get(&m->store, OBJ_SLOT(1), &value));
    len = value.left;
    memcpy(bytes, value.at, len);
    for (size_t n = 0; n <= len + 1; n++) {
        ck_assert_int_eq(store_put(&m->store, OBJ_SLOT(1), RD(bytes, n)), ERR_OK);
        ck_assert_int_eq(slot_read(&m->store, 1, &got), n == len ? ERR_OK : ERR_CORRUPT);
        store_rollback(&m->store);
    }
    for (size_t at = 0; at < 8; at += at == 1 ? 6 : 1) { /* state, algorithm, length of K */
        uint8_t kept = bytes[at];

        bytes[at] = 0xEE;
        ck_assert_int_eq(store_put(&m->store, OBJ_SLOT(1), RD(bytes, len)), ERR_OK);
        ck_assert_int_eq(slot_read(&m->store, 1, &got), ERR_CORRUPT);
        ck_assert(at != 0 || slot_state_of(&m->store, 1) == SLOT_EMPTY);
        bytes[at] = kept;
    }
}
END_TEST

Suite *suite_under_test(void)
{
    Suite *s = suite_create("uicc/slot");
    TCase *t = tcase_create("TR 33.812 alternative 3b");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, slot_next_state_follows_the_table_and_nothing_else);
    tcase_add_test(t, slot_read_gives_what_was_written);
    tcase_add_test(t, slot_functions_refuse_indexes_that_no_card_has);
    tcase_add_test(t, slot_questions_see_the_card_of_a_fresh_batch);
    tcase_add_test(t, slot_move_carries_a_change_to_its_end);
    tcase_add_test(t, slot_move_carries_a_change_back);
    tcase_add_test(t, slot_move_refuses_what_the_table_does_not_have);
    tcase_add_test(t, slot_move_does_not_write_keys_again);
    tcase_add_test(t, slot_move_drops_sequence_numbers_with_the_key);
    tcase_add_test(t, slot_check_sees_each_broken_rule);
    suite_add_tcase(s, t);
    t = tcase_create("sec_C26 residue");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, sec_C26_what_k_bootstrapped_goes_with_it);
    tcase_add_test(t, slot_move_leaves_no_key_of_a_retired_pair);
    tcase_add_test(t, slot_write_forgets_keys_that_it_replaces);
    suite_add_tcase(s, t);
    t = tcase_create("sec_C24 damage");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, slot_read_refuses_a_damaged_object);
    suite_add_tcase(s, t);
    return s;
}
