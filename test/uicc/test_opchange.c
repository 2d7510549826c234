/* Tests of uicc/applet/native/opchange.c. Goal: the operator change of TR 33.812, alternative 3b,
 * as design and command say it: whole or not at all, refused with a reason of its own, on trial
 * until the new K has authenticated, and then without a trace of the old keys. */
#include "apdu/gp.h"
#include "apdu/hex.h"
#include "test/support/hexrow.h"
#include "test/support/runner.h"
#include "test/support/uicc/opcard.h"
#include "uicc/applet/native.h"
#include "uicc/core/card.h"
#include "uicc/fs/fs.h"
#include "uicc/slot/slot.h"

#include <string.h>

static struct air *o;

static void setup(void)
{
    o = opcard_new();
}

static void teardown(void)
{
    air_free(&o);
}

static struct rd file(const char *path)
{
    static const uint8_t usim[] = {0xA0, 0x00, 0x00, 0x00, 0x87, 0x10, 0x02};
    struct hexrow row;
    uint16_t node =
        fs_by_path(o->card, NODE_MF, fs_by_aid(o->card, RD_ARRAY(usim), 0), hexrow(&row, path));

    ck_assert_msg(node != NODE_NONE, "%s", path);
    return fs_body(o->card, node);
}

START_TEST(opchange_change_moves_to_next_slot)
{
    struct opchange_proof proof = opcard_change(o, 10, 0);

    ck_assert_uint_eq(proof.active, 2);
    ck_assert_int_eq(proof.state, OPCHANGE_TRIAL);
    ck_assert_uint_eq(proof.fallback, 1);
    ck_assert_uint_eq(proof.slots, 4);
    ck_assert_uint_eq(proof.spare, 2);
    ck_assert_uint_eq(proof.counter, 10);
    hexrow_assert(RD_ARRAY(proof.imsi), "082926202143658759", "IMSI in the proof");
    ck_assert_uint_eq(o->refreshes, 1);
    ck_assert_uint_eq(o->refresh_mode, 0x04);
    opcard_assert_imsi(o, OPCARD_IMSI_B);
    ck_assert_uint_eq(air_authenticate(o, 1, 0x100), 0x9862); /* A's K is not in force */
    ck_assert_uint_eq(air_authenticate(o, 2, 0x100), 0x9000);
}
END_TEST

static const struct {
    const char *path, *want;
} rewritten[] = {
    {"7FFF6F07", "082926202143658759"},
    {"7FFF6F78", "0020"},
    {"7FFF6FAD", "0000000200"},
    {"7FFF6F7B", "FFFFFFFFFFFFFFFFFFFFFFFF"},
    {"7FFF6F7E", "FFFFFFFF FFFFFF 0000 FF 01"},
    {"7FFF6F73", "FFFFFFFFFFFFFFFFFFFF0000FF01"},
    {"7FFF6FE3", "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFF000001"},
    {"7FFF5FC04F01", "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000001"},
    {"7FFF6F08", "07FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF"},
    {"7FFF6F5B", "F00000F00000"},
    {"7FFF5F3B4F20", "FFFFFFFFFFFFFFFF07"},
    {"7FFF6F62", "62F220C880 FFFFFF0000 FFFFFF0000 FFFFFF0000 FFFFFF0000 FFFFFF0000 FFFFFF0000 "
                 "FFFFFF0000 FFFFFF0000 FFFFFF0000 FFFFFF0000 FFFFFF0000"},
    {"7FFF6FD9", "62F220FFFFFFFFFFFFFFFFFF"},
    {"7FFF6F46", "01426574 61FFFFFFFFFFFFFFFFFFFFFFFF"},
    {"7FFF6F40", "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF 05 91 94 71 11 22 FFFFFFFFFFFFFFFF"},
    {"7F206F07", "082926202143658759"},
    {"7FFF6F3E", "AABBFFFFFFFFFFFFFFFF"},
};

START_TEST(opchange_change_rewrites_identity_files)
{
    struct opchange_command c = air_change_to(1, OPCARD_IMSI_B, 0, 0);
    const uint8_t number[] = {0x91, 0x94, 0x71, 0x11, 0x22};
    const uint8_t spn[] = {0x01, 'B', 'e', 't', 'a'};
    const uint8_t sca[] = {0x04, 0x91, 0x94, 0x71, 0x33};
    const uint8_t files[] = {4, 0x7F, 0xFF, 0x6F, 0x3E, 0, 2, 0xAA, 0xBB};

    c.spn = RD_ARRAY(spn);
    c.sca = RD_ARRAY(sca);
    c.msisdn = RD_ARRAY(number);
    c.files = RD_ARRAY(files);
    /* what the old network left behind */
    air_select(o, "6F08");
    ck_assert_uint_eq(air_hex(o, "00D600001103A1A2A3A4A5A6A7A8A9AAABACADAEAFB0"), 0x9000);
    air_select(o, "6F7B");
    ck_assert_uint_eq(air_hex(o, "00D600000362F210"), 0x9000);
    ck_assert_int_eq(air_change(o, 1, 1, &c).result, OPCHANGE_DONE);
    for (size_t i = 0; i < ARRAY_LEN(rewritten); i++) {
        struct hexrow row;
        struct rd body = file(rewritten[i].path), want = hexrow(&row, rewritten[i].want);

        ck_assert_uint_ge(body.left, want.left);
        hexrow_assert(RD(body.at, want.left), rewritten[i].want, rewritten[i].path);
    }
    ck_assert_mem_eq(file("7FFF6F42").at + 24 + 13, sca, sizeof sca);
    ck_assert_uint_eq(file("7FFF6F42").at[24] & 0x02, 0);
}
END_TEST

/* RAND and B-TID of A's bootstrapping, and who used it, are nothing to B; they come back with A. */
START_TEST(opchange_change_forgets_bootstrapping)
{
    struct opchange_command c = air_change_to(1, OPCARD_IMSI_B, 1, 0);

    teardown();
    o = air_new("services = +68\ncontent 7FFF/6FD6 = 1011223344\n", SECPKT_AES);
    air_terminal(o);
    ck_assert_uint_eq(file("7FFF6FD6").at[1], 0x11);
    ck_assert_int_eq(air_change(o, 1, 1, &c).result, OPCHANGE_DONE);
    hexrow_assert(RD(file("7FFF6FD6").at, 5), "FFFFFFFFFF", "EF.GBABP");
    air_session(o);
    air_hex(o, "80F2000C00");
    air_hex(o, "80F2000C00");
    air_session(o);
    ck_assert_uint_eq(slot_in_force(&o->card->store), 1);
    hexrow_assert(RD(file("7FFF6FD6").at, 5), "1011223344", "EF.GBABP");
}
END_TEST

START_TEST(opchange_fall_back_restores_every_file)
{
    static const char *const paths[] = {"7FFF6F07", "7FFF6F78", "7FFF6FAD", "7FFF6F7B", "7FFF6F08",
                                        "7FFF6F62", "7FFF6FD9", "7FFF6F46", "7FFF6F42", "7FFF6F40",
                                        "7FFF6F7E", "7FFF6FE3", "7F206F07", "7FFF6F3E"};
    uint8_t before[ARRAY_LEN(paths)][256];
    struct opchange_command back = {.op = OPCHANGE_FALL_BACK, .expected = 2};
    struct opchange_proof proof;

    air_select(o, "6F08");
    ck_assert_uint_eq(air_hex(o, "00D600001103A1A2A3A4A5A6A7A8A9AAABACADAEAFB0"), 0x9000);
    for (size_t i = 0; i < ARRAY_LEN(paths); i++)
        memcpy(before[i], file(paths[i]).at, file(paths[i]).left);
    opcard_change(o, 10, 0);
    proof = air_change(o, 2, 1, &back);
    ck_assert_int_eq(proof.result, OPCHANGE_DONE);
    ck_assert_int_eq(proof.state, OPCHANGE_FELL_BACK);
    ck_assert_uint_eq(proof.active, 1);
    ck_assert_uint_eq(proof.fallback, 0);
    ck_assert_uint_eq(proof.counter, 10);
    for (size_t i = 0; i < ARRAY_LEN(paths); i++)
        ck_assert_msg(memcmp(before[i], file(paths[i]).at, file(paths[i]).left) == 0, "%s",
                      paths[i]);
    air_session(o);
    ck_assert_uint_eq(o->refreshes, 2);
    opcard_assert_imsi(o, OPCARD_IMSI_A);
    ck_assert_uint_eq(air_authenticate(o, 2, 0x100), 0x9862);
    ck_assert_uint_eq(air_authenticate(o, 1, 0x100), 0x9000);
    /* the burnt index never comes back */
    ck_assert_int_eq(slot_state_of(&o->card->store, 2), SLOT_RETIRED);
    ck_assert_uint_eq(slot_next_spare(&o->card->store), 3);
}
END_TEST

/* Three digits of MNC: EF.AD, and the PLMNs (TS 24.008 10.5.1.13). */
START_TEST(opchange_change_knows_length_of_mnc)
{
    struct opchange_command c = air_change_to(1, "310410123456789", 0, 0);

    c.mnc_len = 3;
    ck_assert_int_eq(air_change(o, 1, 1, &c).result, OPCHANGE_DONE);
    hexrow_assert(file("7FFF6FAD"), "0000000300", "AD");
    hexrow_assert(file("7FFF6FD9"), "130014FFFFFFFFFFFFFFFFFF", "EHPLMN");
}
END_TEST

/* A file that the table rewrites and the command brings along: the way back knows the first. */
START_TEST(opchange_fall_back_restores_file_written_twice)
{
    const uint8_t files[] = {4, 0x7F, 0xFF, 0x6F, 0x46, 0, 3, 0x01, 'X', 'Y',
                             4, 0x7F, 0xFF, 0x6F, 0x46, 0, 2, 0x01, 'Z'};
    struct opchange_command back = {.op = OPCHANGE_FALL_BACK, .expected = 2};
    struct opchange_command c = air_change_to(1, OPCARD_IMSI_B, 0, 0);
    uint8_t before[17];

    c.files = RD_ARRAY(files);
    memcpy(before, file("7FFF6F46").at, sizeof before);
    ck_assert_int_eq(air_change(o, 1, 1, &c).result, OPCHANGE_DONE);
    ck_assert_mem_eq(file("7FFF6F46").at, "\x01Z\xFF", 3);
    air_session(o);
    ck_assert_int_eq(air_change(o, 2, 1, &back).result, OPCHANGE_DONE);
    ck_assert_mem_eq(file("7FFF6F46").at, before, sizeof before);
}
END_TEST

/* --- refusals: each with its result, and nothing changed --- */

static struct opchange_command refused_command(int row)
{
    struct opchange_command c = air_change_to(1, OPCARD_IMSI_B, 1, 0);
    static const uint8_t unknown_file[] = {4, 0x7F, 0xFF, 0x6F, 0x99, 0, 1, 0xAA};
    static const uint8_t too_long[] = {4, 0x7F, 0xFF, 0x6F, 0x78, 0, 3, 1, 2, 3};
    static const uint8_t iccid[] = {2, 0x2F, 0xE2, 0, 1, 0xAA};
    static const uint8_t rules[] = {4, 0x7F, 0xFF, 0x6F, 0x06, 0, 1, 0xAA};
    static const uint8_t directory[] = {2, 0x7F, 0xFF, 0, 1, 0xAA};

    switch (row) {
    case 0:
        c.expected = 2;
        break;
    case 1:
        c.to = 3;
        break;
    case 2:
        c.to = 1;
        break;
    case 3:
        c.files = RD_ARRAY(unknown_file);
        break;
    case 4:
        c.files = RD_ARRAY(too_long);
        break;
    case 5:
        c.files = RD_ARRAY(iccid);
        break;
    case 6:
        c.files = RD_ARRAY(rules);
        break;
    case 7:
        c.files = RD_ARRAY(directory);
        break;
    default:
        c = (struct opchange_command){.op = OPCHANGE_FALL_BACK, .expected = 1};
        break;
    }
    return c;
}

static const enum opchange_result refusals[] = {
    OPCHANGE_WRONG_SLOT, OPCHANGE_WRONG_INDEX, OPCHANGE_WRONG_INDEX,
    OPCHANGE_MALFORMED,  OPCHANGE_MALFORMED,   OPCHANGE_MALFORMED,
    OPCHANGE_MALFORMED,  OPCHANGE_MALFORMED,   OPCHANGE_WRONG_INDEX,
};

START_TEST(opchange_refuses_and_changes_nothing)
{
    struct opchange_command c = refused_command(_i);
    struct opchange_proof proof = air_change(o, 1, 1, &c);

    ck_assert_msg(proof.result == refusals[_i], "row %d: %s", _i,
                  opchange_result_text(proof.result));
    ck_assert_uint_eq(proof.active, 1);
    ck_assert_int_eq(proof.state, OPCHANGE_NEVER);
    ck_assert_uint_eq(proof.spare, 3);
    ck_assert_uint_eq(o->sw, 0x9000); /* no REFRESH */
    opcard_assert_imsi(o, OPCARD_IMSI_A);
}
END_TEST

START_TEST(opchange_refuses_malformed_command)
{
    static const uint8_t bad[][4] = {{0x02, 1, 1, 0}, {0x01, 9, 1, 0}, {0x01, 1, 0, 0}};
    struct air_packet p = air_packet(o, 1, AIR_OPCHANGE, 1, RD(bad[_i], 3));
    struct opchange_proof proof;

    air_run(o, &p);
    ck_assert_int_eq(opchange_read_proof(air_proof(o, &p).data, &proof), ERR_OK);
    ck_assert_int_eq(proof.result, OPCHANGE_MALFORMED);
    opcard_assert_imsi(o, OPCARD_IMSI_A);
}
END_TEST

START_TEST(opchange_list_ends)
{
    struct opchange_command c;
    struct opchange_proof proof;

    for (uint8_t from = 1; from < o->made.slot_count; from++) {
        c = air_change_to(from, OPCARD_IMSI_B, 0, 0);
        ck_assert_int_eq(air_change(o, from, 1, &c).result, OPCHANGE_DONE);
        air_session(o);
        ck_assert_uint_eq(air_authenticate(o, (uint8_t)(from + 1), 0x100), 0x9000);
    }
    c = air_change_to(4, OPCARD_IMSI_A, 0, 0);
    proof = air_change(o, 4, 1, &c);
    ck_assert_int_eq(proof.result, OPCHANGE_EXHAUSTED);
    ck_assert_uint_eq(proof.active, 4);
    ck_assert_uint_eq(proof.spare, 0);
    ck_assert_uint_eq(air_authenticate(o, 4, 0x200), 0x9000);
}
END_TEST

/* --- RENEW --- */

static struct opchange_command renew(const struct secret *k, uint8_t wrapped[16])
{
    struct opchange_command c = {.op = OPCHANGE_RENEW, .expected = 1};
    const struct secpkt_key *kik = &o->made.pairs[0].kik;
    struct gp_key key = {GP_KEY_AES, *k};

    ck_assert_int_eq(crypto_encrypt(o->crypto, CRYPTO_AES_CBC, &kik->key, k->bytes, wrapped, 16),
                     ERR_OK);
    ck_assert_int_eq(gp_kcv(o->crypto, &key, c.new_k_kcv), ERR_OK);
    c.new_k = RD(wrapped, 16);
    return c;
}

START_TEST(opchange_renew_replaces_k)
{
    uint8_t wrapped[16];
    struct secret k = {{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}, 16};
    struct secret old = o->made.pairs[0].aka.k;
    struct opchange_command c = renew(&k, wrapped);

    ck_assert_uint_eq(air_authenticate(o, 1, 0x1000), 0x9000);
    ck_assert_int_eq(air_change(o, 1, 1, &c).result, OPCHANGE_DONE);
    ck_assert_uint_eq(air_authenticate(o, 1, 0x2000), 0x9862);
    opcard_assert_no_trace(o, &old, "K");
    o->made.pairs[0].aka.k = k;
    ck_assert_uint_eq(air_authenticate(o, 1, 0x0020), 0x9000); /* sequence numbers begin anew */
    air_power_cut(o, NVM_SIM_DROP);
    ck_assert_uint_eq(air_authenticate(o, 1, 0x0040), 0x9000);
    opcard_assert_imsi(o, OPCARD_IMSI_A);
}
END_TEST

/* Its proof was lost, and the server asks by sending it once more. */
START_TEST(opchange_renew_again_keeps_sequence_numbers)
{
    uint8_t wrapped[16];
    struct secret k = {{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}, 16};
    struct opchange_command c = renew(&k, wrapped);

    ck_assert_int_eq(air_change(o, 1, 1, &c).result, OPCHANGE_DONE);
    o->made.pairs[0].aka.k = k;
    ck_assert_uint_eq(air_authenticate(o, 1, 0x1000), 0x9000);
    ck_assert_int_eq(air_change(o, 1, 2, &c).result, OPCHANGE_DONE);
    ck_assert_uint_eq(air_authenticate(o, 1, 0x1000), 0xDC00); /* it was heard before */
    ck_assert_uint_eq(air_authenticate(o, 1, 0x2000), 0x9000);
}
END_TEST

START_TEST(opchange_renew_refuses_bad_key)
{
    uint8_t wrapped[32];
    struct secret k = {{1, 2, 3}, 16};
    struct opchange_command c = renew(&k, wrapped);

    c.new_k_kcv[0] ^= 1;
    ck_assert_int_eq(air_change(o, 1, 1, &c).result, OPCHANGE_BAD_KEY);
    c = renew(&k, wrapped);
    c.new_k.left = 32;
    ck_assert_int_eq(air_change(o, 1, 2, &c).result, OPCHANGE_BAD_KEY);
    c = renew(&k, wrapped);
    c.expected = 2;
    ck_assert_int_eq(air_change(o, 1, 3, &c).result, OPCHANGE_WRONG_SLOT);
    ck_assert_uint_eq(air_authenticate(o, 1, 0x1000), 0x9000);
}
END_TEST

/* Power is cut at each operation of the change: the card is A's or B's, whole. */
START_TEST(sec_K2_switch_is_never_torn)
{
    for (uint64_t cut = 1; cut < 64; cut++) {
        struct opchange_command c = air_change_to(1, OPCARD_IMSI_B, 5, 0);
        uint8_t data[128];
        struct wr w = WR_ARRAY(data);
        struct air_packet p;
        bool finished, moved;

        opchange_write(&w, &c);
        p = air_packet(o, 1, AIR_OPCHANGE, 1, RD_WR(&w));
        o->sim.ops = 0;
        o->sim.cut_at = cut;
        air_run(o, &p);
        finished = !o->sim.dead;
        air_power_cut(o, (enum nvm_sim_policy)(cut % NVM_SIM_POLICIES));
        moved = slot_in_force(&o->card->store) == 2;
        ck_assert(slot_check(&o->card->store));
        opcard_assert_imsi(o, moved ? OPCARD_IMSI_B : OPCARD_IMSI_A);
        ck_assert_uint_eq(air_authenticate(o, moved ? 2 : 1, 0x100), 0x9000);
        if (finished) {
            ck_assert(moved);
            return;
        }
        air_free(&o);
        setup();
    }
    ck_abort_msg("the commit has no end");
}
END_TEST

/* The result of a CHANGE, or OPCHANGE_MEMORY too when not even the proof found room (6F00). */
static enum opchange_result change_with_room(size_t room, uint64_t counter)
{
    struct opchange_command c = air_change_to(1, OPCARD_IMSI_B, 5, 0);
    size_t cap = o->arena.cap;
    struct opchange_proof proof = {.result = OPCHANGE_MEMORY};
    uint8_t data[128];
    struct wr w = WR_ARRAY(data);
    struct air_packet p;

    opchange_write(&w, &c);
    p = air_packet(o, 1, AIR_OPCHANGE, counter, RD_WR(&w));
    memset(o->arena.free_list, 0, sizeof o->arena.free_list);
    o->arena.cap = o->arena.used + room;
    if (air_run(o, &p) != 0x6F00)
        ck_assert_int_eq(opchange_read_proof(air_proof(o, &p).data, &proof), ERR_OK);
    o->arena.cap = cap;
    return proof.result;
}

/* Memory ends at any point of the change: the sender is told, the packet is spent, nothing is
 * changed; and with memory again it works. */
START_TEST(opchange_memory_problem_is_proved)
{
    unsigned refused = 0;
    size_t room = 16000; /* what is kept to fall back to takes 16384 first */

    air_hex(o, "80F2000C00");
    while (change_with_room(room, refused + 1) == OPCHANGE_MEMORY) {
        struct opchange_proof now;

        room += 64;
        refused++;
        native_opchange_status(o->card, &now);
        ck_assert_uint_eq(now.active, 1);
        ck_assert_uint_eq(now.spare, 3);
        ck_assert_int_eq(now.state, OPCHANGE_NEVER);
        opcard_assert_imsi(o, OPCARD_IMSI_A);
        ck_assert_uint_lt(refused, 200);
    }
    ck_assert_uint_gt(refused, 10); /* in more places than the first */
    opcard_assert_imsi(o, OPCARD_IMSI_B);
}
END_TEST

Suite *suite_under_test(void)
{
    Suite *s = suite_create("opchange");
    TCase *t = tcase_create("TR 33.812 3b");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_set_timeout(t, 60);
    tcase_add_test(t, opchange_change_moves_to_next_slot);
    tcase_add_test(t, opchange_change_rewrites_identity_files);
    tcase_add_test(t, opchange_change_forgets_bootstrapping);
    tcase_add_test(t, opchange_fall_back_restores_every_file);
    tcase_add_test(t, opchange_change_knows_length_of_mnc);
    tcase_add_test(t, opchange_fall_back_restores_file_written_twice);
    tcase_add_loop_test(t, opchange_refuses_and_changes_nothing, 0, (int)ARRAY_LEN(refusals));
    tcase_add_loop_test(t, opchange_refuses_malformed_command, 0, 3);
    tcase_add_test(t, opchange_list_ends);
    tcase_add_test(t, opchange_renew_replaces_k);
    tcase_add_test(t, opchange_renew_again_keeps_sequence_numbers);
    tcase_add_test(t, opchange_renew_refuses_bad_key);
    tcase_add_test(t, sec_K2_switch_is_never_torn);
    tcase_add_test(t, opchange_memory_problem_is_proved);
    suite_add_tcase(s, t);
    return s;
}
