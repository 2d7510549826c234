/* Tests of perso_write. Goal: a card made in memory carries its identity, its keys and its PINs,
 * each where the other rooms of the card look for it; what cannot be is refused. */
#include "apdu/hex.h"
#include "test/support/runner.h"
#include "test/support/uicc/nvm_sim.h"
#include "uicc/aka/sqn.h"
#include "uicc/perso/options.h"
#include "uicc/slot/slot.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint8_t image_bytes[PERSO_IMAGE_MAX];
static uint8_t memory[1U << 20] __attribute__((aligned(16)));
static struct store_work work;
static struct nvm_sim sim;
static struct arena arena;
static struct store store;
static const struct profile *profile;
static struct rd image;

static void set(struct secret *s, uint8_t value, uint8_t len)
{
    memset(s->bytes, value, len);
    s->len = len;
}

static struct perso_card sample_card(void)
{
    struct perso_card card = {
        .iccid = "8988211000000430010",
        .imsi = "001010123456789",
        .mnc_len = 2,
        .msisdn = "+4917279119183",
        .smsc = "+447797704848",
        .spn = "Lab",
        .slot_count = 3,
        .pin1 = "1234\xFF\xFF\xFF\xFF",
        .pin1_enabled = true,
    };

    for (uint8_t i = 0; i < card.slot_count; i++) {
        struct perso_pair *p = &card.pairs[i];

        aka_key_defaults(&p->aka, AKA_MILENAGE);
        set(&p->aka.k, (uint8_t)(0x10 + i), 16);
        set(&p->aka.opc, (uint8_t)(0x20 + i), 16);
        p->kic.algorithm = p->kid.algorithm = p->kik.algorithm = SECPKT_AES;
        set(&p->kic.key, (uint8_t)(0x30 + i), 16);
        set(&p->kid.key, (uint8_t)(0x40 + i), 16);
        set(&p->kik.key, (uint8_t)(0x50 + i), 16);
    }
    return card;
}

static void setup(void)
{
    char message[PERSO_MESSAGE_MAX];
    struct wr w = WR_ARRAY(image_bytes);

    ck_assert_int_eq(perso_compile(NULL, &w, message), ERR_OK);
    image = RD_WR(&w);
    nvm_sim_init(&sim, PERSO_NVM_SIZE);
}

static void teardown(void)
{
    nvm_sim_free(&sim);
}

/* Make the card, lose the power, and look into its memory. */
static void make(const struct perso_card *card)
{
    static const uint8_t hash[32];

    ck_assert_int_eq(perso_write(&sim.device, image, card), ERR_OK);
    nvm_sim_power_on(&sim, NVM_SIM_DROP, 1);
    arena_init(&arena, memory, sizeof memory);
    ck_assert_int_eq(store_open(&store, &sim.device, &arena, &work), ERR_OK);
    ck_assert_int_eq(profile_load(image, hash, &arena, &profile), ERR_OK);
}

static struct rd body_of(const char *path_text)
{
    struct perso_path path;
    struct rd body = {NULL, 0};
    uint16_t node;

    ck_assert_int_eq(perso_text_path(path_text, &path), ERR_OK);
    node = perso_tree_find(profile->files, profile->file_count, &path);
    ck_assert_uint_ne(node, NODE_NONE);
    if (!store_get(&store, OBJ_FILE(node), &body))
        return RD(NULL, 0);
    ck_assert_uint_eq(body.left, profile->files[node].size);
    return body;
}

static const struct {
    const char *path, *begin;
    size_t at;
} personal[] = {
    {"2FE2", "988812010000400310F0", 0},
    {"7FFF/6F07", "080910101032547698", 0},
    {"7FFF/6F78", "0200", 0},
    {"7FFF/6FAD", "00000002", 0},
    {"7FFF/6FD9", "00F110FFFFFF", 0},
    {"7FFF/6F62", "00F110C880FFFFFF0000", 0},
    {"7FFF/6F40", "FF08 91947172199181F3FFFFFFFFFF", 19},
    {"7FFF/6F42", "FFFDFFFFFFFFFFFFFFFFFFFFFFFF 07 91447779078484 FFFFFFFFFFFFFF", 23},
    {"7FFF/6F46", "004C6162FFFF", 0},
};

START_TEST(perso_write_fills_file)
{
    struct perso_card card = sample_card();
    struct rd body;
    uint8_t want[64];
    struct wr w = WR_ARRAY(want);

    make(&card);
    body = body_of(personal[_i].path);
    ck_assert_int_eq(hex_decode(personal[_i].begin, &w), ERR_OK);
    ck_assert_uint_ge(body.left, personal[_i].at + w.len);
    ck_assert_msg(memcmp(body.at + personal[_i].at, want, w.len) == 0, "%s", personal[_i].path);
}
END_TEST

START_TEST(perso_write_refuses_keys_that_the_profile_lacks)
{
    struct perso_card card = sample_card();

    card.keys[0].reference = 0x0B;
    card.key_count = 1;
    ck_assert_int_eq(perso_write(&sim.device, image, &card), ERR_NOT_FOUND);
    card.keys[0].reference = 0x09;
    ck_assert_int_eq(perso_write(&sim.device, image, &card), ERR_NOT_FOUND);
    card.keys[0].reference = 0x81;
    ck_assert_int_eq(perso_write(&sim.device, image, &card), ERR_OK);
}
END_TEST

START_TEST(perso_write_leaves_out_what_is_not_said)
{
    struct perso_card card = sample_card();

    *card.msisdn = *card.smsc = *card.spn = '\0';
    make(&card);
    ck_assert_ptr_null(body_of("7FFF/6F40").at);
    ck_assert_ptr_null(body_of("7FFF/6F42").at);
    ck_assert_ptr_null(body_of("7FFF/6F46").at);
    /* A mirror has no body of its own. */
    ck_assert_ptr_null(body_of("7F20/6F07").at);
}
END_TEST

/* 310-410 has a three-digit MNC (TS 31.102 4.2.18). */
START_TEST(perso_write_knows_long_mnc)
{
    struct perso_card card = sample_card();

    snprintf(card.imsi, sizeof card.imsi, "%s", "310410123456789");
    card.mnc_len = 3;
    make(&card);
    ck_assert_uint_eq(body_of("7FFF/6FAD").at[3], 3);
    ck_assert_mem_eq(body_of("7FFF/6FD9").at, "\x13\x00\x14", 3);
}
END_TEST

START_TEST(perso_write_loads_slots)
{
    struct perso_card card = sample_card();
    struct slot slot SLOT_WIPED = {.state = SLOT_EMPTY};

    make(&card);
    ck_assert(slot_check(&store));
    ck_assert_uint_eq(slot_in_force(&store), 1);
    ck_assert_uint_eq(slot_next_spare(&store), 2);
    ck_assert_int_eq(slot_state_of(&store, 3), SLOT_SPARE);
    ck_assert_int_eq(slot_state_of(&store, 4), SLOT_EMPTY);
    ck_assert_int_eq(slot_read(&store, 3, &slot), ERR_OK);
    ck_assert(secret_equal(&slot.aka.k, &card.pairs[2].aka.k));
    ck_assert(secret_equal(&slot.kid.key, &card.pairs[2].kid.key));
    ck_assert_uint_eq(sqn_highest(&store, 1), 0);
}
END_TEST

static void bad_iccid(struct perso_card *c)
{
    snprintf(c->iccid, sizeof c->iccid, "%s", "8988");
}
static void bad_imsi(struct perso_card *c)
{
    snprintf(c->imsi, sizeof c->imsi, "%s", "00101x");
}
static void bad_mnc(struct perso_card *c)
{
    c->mnc_len = 1;
}
static void bad_msisdn(struct perso_card *c)
{
    snprintf(c->msisdn, sizeof c->msisdn, "%s", "+49x");
}
static void bad_spn(struct perso_card *c)
{
    memset(c->spn, 'A', sizeof c->spn - 1);
    c->slot_count = 0;
}
static void bad_no_slot(struct perso_card *c)
{
    c->slot_count = 0;
}
static void bad_many_slots(struct perso_card *c)
{
    c->slot_count = OPCHANGE_SLOTS_MAX + 1;
}
static void bad_k(struct perso_card *c)
{
    c->pairs[2].aka.k.len = 15;
}
static void bad_opc(struct perso_card *c)
{
    c->pairs[0].aka.opc.len = 0;
}
static void bad_kic(struct perso_card *c)
{
    c->pairs[1].kic.key.len = 8;
}
static void bad_des(struct perso_card *c)
{
    c->pairs[1].kid.algorithm = SECPKT_DES;
    c->pairs[1].kid.key.len = 8;
}

static void bad_tuak_k(struct perso_card *c)
{
    aka_key_defaults(&c->pairs[0].aka, AKA_TUAK);
    set(&c->pairs[0].aka.k, 1, 24);
    set(&c->pairs[0].aka.opc, 2, 32);
}
static void bad_tuak_topc(struct perso_card *c)
{
    aka_key_defaults(&c->pairs[0].aka, AKA_TUAK);
}
static void bad_tuak_mac(struct perso_card *c)
{
    bad_tuak_k(c);
    c->pairs[0].aka.k.len = 32;
    c->pairs[0].aka.mac_len = 16;
}
static void bad_xor_k(struct perso_card *c)
{
    c->pairs[0].aka.algorithm = AKA_XOR;
    c->pairs[0].aka.k.len = 15;
}
static void bad_3des(struct perso_card *c)
{
    c->pairs[0].kic.algorithm = SECPKT_3DES3;
}

static const struct {
    const char *what;
    void (*spoil)(struct perso_card *c);
} bad_cards[] = {
    {"short ICCID", bad_iccid},
    {"letter in IMSI", bad_imsi},
    {"MNC of one digit", bad_mnc},
    {"letter in MSISDN", bad_msisdn},
    {"long SPN, no slot", bad_spn},
    {"no slot", bad_no_slot},
    {"sixteen slots", bad_many_slots},
    {"K of 15 bytes", bad_k},
    {"no OPc", bad_opc},
    {"AES key of 8 bytes", bad_kic},
    {"single DES", bad_des},
    {"TUAK with K of 24 bytes", bad_tuak_k},
    {"TUAK with TOPc of 16 bytes", bad_tuak_topc},
    {"TUAK with MAC of 16 bytes", bad_tuak_mac},
    {"XOR with K of 15 bytes", bad_xor_k},
    {"three-key 3DES with two keys", bad_3des},
};

START_TEST(perso_write_refuses)
{
    struct perso_card card = sample_card();

    bad_cards[_i].spoil(&card);
    ck_assert_msg(perso_write(&sim.device, image, &card) != ERR_OK, "%s", bad_cards[_i].what);
    /* Nothing that looks like a card is left behind. */
    nvm_sim_power_on(&sim, NVM_SIM_KEEP, 1);
    arena_init(&arena, memory, sizeof memory);
    ck_assert_int_ne(store_open(&store, &sim.device, &arena, &work), ERR_OK);
}
END_TEST

static const struct {
    enum aka_algorithm algorithm;
    uint8_t k_len, opc_len;
} algorithms[] = {{AKA_MILENAGE, 16, 16}, {AKA_TUAK, 16, 32}, {AKA_TUAK, 32, 32}, {AKA_XOR, 16, 0}};

START_TEST(perso_write_takes_algorithm)
{
    struct perso_card card = sample_card();
    struct slot slot SLOT_WIPED = {.state = SLOT_EMPTY};

    aka_key_defaults(&card.pairs[1].aka, algorithms[_i].algorithm);
    set(&card.pairs[1].aka.k, 0x77, algorithms[_i].k_len);
    set(&card.pairs[1].aka.opc, 0x78, algorithms[_i].opc_len);
    card.pairs[1].kic.algorithm = SECPKT_3DES2;
    make(&card);
    ck_assert_int_eq(slot_read(&store, 2, &slot), ERR_OK);
    ck_assert_int_eq(slot.aka.algorithm, algorithms[_i].algorithm);
    ck_assert_uint_eq(slot.aka.k.len, algorithms[_i].k_len);
}
END_TEST

START_TEST(perso_write_refuses_a_damaged_image)
{
    struct perso_card card = sample_card();

    image.left--;
    ck_assert_int_eq(perso_write(&sim.device, image, &card), ERR_CORRUPT);
    ck_assert_uint_eq(sim.writes, 0);
}
END_TEST

START_TEST(perso_write_reports_a_failing_device)
{
    struct perso_card card = sample_card();

    for (uint64_t n = 1; n < 100; n++) {
        struct nvm_sim other;
        enum err e;

        nvm_sim_init(&other, PERSO_NVM_SIZE);
        other.fail_at = n;
        other.fail_sticky = true;
        e = perso_write(&other.device, image, &card);
        nvm_sim_free(&other);
        if (e == ERR_OK)
            break;
        ck_assert_int_eq(e, ERR_IO);
        ck_assert_uint_lt(n, 99);
    }
}
END_TEST

START_TEST(perso_card_wipe_leaves_zeros)
{
    static const struct perso_card zero;
    struct perso_card card = sample_card();

    perso_card_wipe(&card);
    ck_assert_mem_eq(&card, &zero, sizeof card);
}
END_TEST

Suite *suite_under_test(void)
{
    Suite *s = suite_create("uicc/perso_write");
    TCase *t = tcase_create("TS 31.102 4.2");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_loop_test(t, perso_write_fills_file, 0, (int)ARRAY_LEN(personal));
    tcase_add_test(t, perso_write_leaves_out_what_is_not_said);
    tcase_add_test(t, perso_write_refuses_keys_that_the_profile_lacks);
    tcase_add_test(t, perso_write_knows_long_mnc);
    tcase_add_test(t, perso_write_loads_slots);
    tcase_add_loop_test(t, perso_write_refuses, 0, (int)ARRAY_LEN(bad_cards));
    tcase_add_loop_test(t, perso_write_takes_algorithm, 0, (int)ARRAY_LEN(algorithms));
    tcase_add_test(t, perso_write_refuses_a_damaged_image);
    tcase_add_test(t, perso_write_reports_a_failing_device);
    tcase_add_test(t, perso_card_wipe_leaves_zeros);
    suite_add_tcase(s, t);
    return s;
}
