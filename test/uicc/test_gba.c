/* Tests of uicc/usim/gba.c, through APDUs. Goal: a bootstrapping takes the modified AUTN and no
 * other, keeps its key, and gives the key of each network application, with EF.GBABP and EF.GBANL
 * in step. AUTN and keys were worked out of TS 35.208 set 1 by another implementation. */
#include "test/support/runner.h"
#include "test/support/uicc/card.h"
#include "uicc/slot/slot.h"

#include <stdio.h>
#include <string.h>

#define USIM "A0000000871002"
#define ISIM "A0000000871004"
#define IMPI                                                                                       \
    "30303130313031323334353637383940696D732E6D6E633030312E6D63633030312E336770706E6574776F726B2E" \
    "6F7267"

#define RAND     "23553CBE9637A89D218AE64DAE47BF35"
#define AUTN     "55F328B43577B9B94A9FFAC354DFAFB3"
#define AUTN_GBA "55F328B43577B9B98C7F3F0D723FB244"
#define AUTS     "BA853F3C123CCF44E93596E355C6"
#define RES_GBA  "A54211D5E3BA50BE" /* of the set, its last bit turned */

#define BOOTSTRAP(autn) "0088008423 DD10" RAND "10" autn
#define DERIVE(name)    "008800843A DE06" name "0100000002 31" IMPI

static struct test_card *t;

static void select_app(const char *aid)
{
    char apdu[64];

    (void)snprintf(apdu, sizeof apdu, "00A4040C07%s", aid);
    card_expect(t, apdu, "9000");
}

static void create(const char *fcp)
{
    char apdu[128];

    (void)snprintf(apdu, sizeof apdu, "00E00000%02zX%s", strlen(fcp) / 2, fcp);
    card_expect(t, apdu, "9000");
}

/* EF.GBABP of 64 bytes, EF.GBANL of two records of 32; both PIN1. */
static void create_files(const char *parameters, const char *list)
{
    char fcp[64];

    (void)snprintf(fcp, sizeof fcp, "6216820241218302%s8A01058B032F0605800200408800", parameters);
    create(fcp);
    (void)snprintf(fcp, sizeof fcp, "6219820542210020028302%s8A01058B032F0605800200408800", list);
    create(fcp);
}

static void set_up(void)
{
    struct aka_key *key;

    t = card_defaults();
    key = &t->perso.pairs[0].aka;
    aka_key_defaults(key, AKA_MILENAGE);
    ck_assert_int_eq(secret_from_hex(&key->k, "465B5CE8B199B49FAA5F0A2EE238A6BC"), ERR_OK);
    ck_assert_int_eq(secret_from_hex(&key->opc, "CD63CB71954A9F4E48A5994E37A02BAF"), ERR_OK);
    t->profile = "files = services\nsqn-delta = 8796093022207\n";
    card_make(t);
    card_verify(t, "ADM1");
    select_app(USIM);
}

static void set_up_usim(void)
{
    set_up();
    card_expect(t, "00D6840801 48", "9000"); /* EF.UST: services 68 and 71 */
    create_files("6FD6", "6FDA");
}

static void tear_down(void)
{
    card_free(&t);
}

START_TEST(bootstrapping_answers_res_and_notes_rand)
{
    card_expect_run(t, BOOTSTRAP(AUTN_GBA), "DB08" RES_GBA " 9000");
    card_expect(t, "00A4000C026FD6", "9000");
    card_expect(t, "00B0000014", "10" RAND "0000FF 9000");
}
END_TEST

START_TEST(a_challenge_is_good_for_its_own_context_alone)
{
    card_expect(t, BOOTSTRAP(AUTN), "9862");
    card_expect(t, "0088008122 10" RAND "10" AUTN_GBA, "9862");
    card_expect(t, "00A4000C026FD6", "9000");
    card_expect(t, "00B0000002", "FFFF 9000");
    card_expect(t, DERIVE("61"), "6985");
    card_expect_run(t, BOOTSTRAP(AUTN_GBA), "DB08" RES_GBA " 9000");
}
END_TEST

START_TEST(a_challenge_seen_before_gives_auts)
{
    card_expect_run(t, BOOTSTRAP(AUTN_GBA), "DB08" RES_GBA " 9000");
    card_expect_run(t, BOOTSTRAP(AUTN_GBA), "DC0E" AUTS " 9000");
    card_expect_run(t, "0088008122 10" RAND "10" AUTN, "DC0E" AUTS " 9000");
}
END_TEST

#define KEY_A "C101AE9C9463736D72B9AC15B11FD0E4F7A606FEA8F53BC10117D383E2576A3B"
#define KEY_B "37DA412EAE43EC05DC2C5F58A7796227D2CC4B6D173DEF637C6AE9A8D625D263"
#define KEY_C "2CBF21AE27A76DBFF25590F5CBC59294F77A3A8FD942901EA2F2DB5ADBB5FFB7"

/* The terminal writes B-TID "xy" and a lifetime behind RAND. */
static void bootstrap(void)
{
    card_expect_run(t, BOOTSTRAP(AUTN_GBA), "DB08" RES_GBA " 9000");
    card_expect(t, "00A4000C026FD6", "9000");
    card_expect(t, "00D6001105 0278790131", "9000");
    card_expect(t, "00A4000C026FDA", "9000");
}

START_TEST(derivation_gives_the_key_and_lists_the_naf)
{
    card_expect(t, DERIVE("61"), "6985");
    bootstrap();
    card_expect_run(t, DERIVE("61"), "DB20" KEY_A " 9000");
    card_expect(t, "00B2010420",
                "80066101000000028102"
                "7879"
                "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF 9000");
    card_expect_run(t, DERIVE("61"), "DB20" KEY_A " 9000");
    card_expect(t, "00B2020401", "6C20");
    ck_assert_int_eq(strncmp(card_send(t, "00B2020420"), "FFFF", 4), 0); /* one record is enough */
}
END_TEST

/* What each record begins with. */
static void expect_list(const char *first, const char *second)
{
    ck_assert_int_eq(strncmp(card_send(t, "00B2010420") + 4, first, 2), 0);
    ck_assert_int_eq(strncmp(card_send(t, "00B2020420") + 4, second, 2), 0);
}

START_TEST(the_naf_not_used_for_longest_makes_room)
{
    bootstrap();
    card_expect_run(t, DERIVE("61"), "DB20" KEY_A " 9000");
    card_expect_run(t, DERIVE("62"), "DB20" KEY_B " 9000");
    expect_list("61", "62");
    card_expect_run(t, DERIVE("61"), "DB20" KEY_A " 9000");
    card_expect_run(t, DERIVE("63"), "DB20" KEY_C " 9000");
    expect_list("61", "63");
    card_expect_run(t, DERIVE("62"), "DB20" KEY_B " 9000");
    expect_list("62", "63");
}
END_TEST

START_TEST(the_key_outlives_power_and_goes_with_its_slot)
{
    struct slot retired SLOT_WIPED = {.state = SLOT_RETIRED};
    struct rd kept;

    bootstrap();
    ck_assert_int_eq(card_power_cycle(t), ERR_OK);
    select_app(USIM);
    card_expect_run(t, DERIVE("61"), "DB20" KEY_A " 9000");
    ck_assert(store_get(&t->card->store, OBJ_GBA(1, false), &kept));
    ck_assert_int_eq(slot_write(&t->card->store, 1, &retired), ERR_OK);
    ck_assert(!store_get(&t->card->store, OBJ_GBA(1, false), &kept));
}
END_TEST

START_TEST(the_isim_has_a_key_of_its_own)
{
    bootstrap();
    select_app(ISIM);
    card_expect(t, DERIVE("61"), "9864");
    card_expect(t, "00D6870001 03", "9000"); /* EF.IST: services 1 and 2 */
    card_expect(t, DERIVE("61"), "9866");
    create_files("6FD5", "6FD7");
    select_app(ISIM);
    card_expect(t, DERIVE("61"), "6985");
    card_expect_run(t, BOOTSTRAP(AUTN_GBA), "DC0E" AUTS " 9000"); /* one SQN for both */
}
END_TEST

START_TEST(other_forms_are_refused)
{
    static const struct card_step steps[] = {
        {"0088008400", "6700"},
        {"0088008401 DD", "6700"},
        {"0088008423 DD11" RAND "0F" AUTN_GBA, "6A80"},
        {"0088008423 DC10" RAND "10" AUTN_GBA, "6A80"},
        {"0088008424 DD10" RAND "10" AUTN_GBA "00", "6700"},
        {"0088008402 DE00", "6A80"},
        {"0088008404 DE024142", "6A80"},
        {"0088008406 DE0141014243", "6A80"},
        {"0088000423 DD10" RAND "10" AUTN_GBA, "6A86"},
        {"0088018423 DD10" RAND "10" AUTN_GBA, "6A86"},
        {"0089808423 DD10" RAND "10" AUTN_GBA, "6A86"},
    };

    CARD_STEPS(t, steps);
}
END_TEST

START_TEST(without_room_nothing_happens)
{
    card_expect(t, "00D6840801 48", "9000");
    card_expect(t, BOOTSTRAP(AUTN_GBA), "9866");
    create("6216820241218302"
           "6FD6"
           "8A01058B032F0605800200128800"); /* 18 bytes */
    create("6219820542210008018302"
           "6FDA"
           "8A01058B032F0605800200088800");
    select_app(USIM);
    card_expect(t, BOOTSTRAP(AUTN_GBA), "9866");
    card_expect_run(t, "0088008122 10" RAND "10" AUTN,
                    "DB08A54211D5E3BA50BF10B40BA9A3C58B2A05BBF0D987B21BF8CB"
                    "10F769BCD751044604127672711C6D344108EAE4BE823AF9A08B 9000");
}
END_TEST

START_TEST(no_service_no_context)
{
    card_expect(t, BOOTSTRAP(AUTN_GBA), "9864");
}
END_TEST

Suite *suite_under_test(void)
{
    Suite *s = suite_create("uicc/usim/gba");
    TCase *c = tcase_create("TS 31.102 7.1.1.3");

    tcase_add_checked_fixture(c, set_up_usim, tear_down);
    tcase_add_test(c, bootstrapping_answers_res_and_notes_rand);
    tcase_add_test(c, a_challenge_is_good_for_its_own_context_alone);
    tcase_add_test(c, a_challenge_seen_before_gives_auts);
    tcase_add_test(c, other_forms_are_refused);
    suite_add_tcase(s, c);
    c = tcase_create("TS 31.102 7.1.1.4");
    tcase_add_checked_fixture(c, set_up_usim, tear_down);
    tcase_add_test(c, derivation_gives_the_key_and_lists_the_naf);
    tcase_add_test(c, the_naf_not_used_for_longest_makes_room);
    tcase_add_test(c, the_key_outlives_power_and_goes_with_its_slot);
    tcase_add_test(c, the_isim_has_a_key_of_its_own);
    suite_add_tcase(s, c);
    c = tcase_create("TS 31.102 7.3");
    tcase_add_checked_fixture(c, set_up, tear_down);
    tcase_add_test(c, without_room_nothing_happens);
    tcase_add_test(c, no_service_no_context);
    suite_add_tcase(s, c);
    return s;
}
