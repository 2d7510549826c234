/* Tests of the keys of uicc/isd. Goal: a key that is put serves, one that is deleted is gone, none
 * leaves the card; each domain has its own. */
#include "test/uicc/isd_fixture.h"

/* ---- keys ---- */

static void use_new_keys(uint8_t len, enum gp_key_type type)
{
    h->enc = new_key(type, 0x80, len).key;
    h->mac = new_key(type, 0x90, len).key;
    h->dek = new_key(type, 0xA0, len).key;
}

START_TEST(put_key_adds_a_set_of_its_own)
{
    open_isd();
    ck_assert_msg(strncmp(put_keys(0, 0x31, GP_KEY_AES, 32, 3), "31", 2) == 0, "%s", h->answer);
    ck_assert_str_eq(h->answer + strlen(h->answer) - 4, "9000");
    /* from now on the OTA keys do not open the channel any more */
    ck_assert_str_eq(offcard_open(h, ISD, 0x31, 0x33), "6300");
    use_new_keys(32, GP_KEY_AES);
    ck_assert_str_eq(offcard_open(h, ISD, 0x31, 0x33), "9000");
    offcard_expect(h, "80CA00E000",
                   "E024 C00401018810 C00402018810 C00403018810"
                   " C00401318820 C00402318820 C00403318820 9000");
    ck_assert_str_eq(put_keys(0, 0x31, GP_KEY_AES, 32, 3), "6A80"); /* there already */
    ck_assert_str_eq(put_keys(0, 0x41, GP_KEY_AES, 16, 3), "6A80"); /* two keys there */
    ck_assert_str_eq(put_keys(0, 0x50, GP_KEY_AES, 16, 1), "6A80"); /* of no use */
    ck_assert_str_eq(put_keys(0, 0x70, GP_KEY_AES, 16, 2), "6A80"); /* one key there */
    ck_assert_str_eq(put_keys(0, 0x32, GP_KEY_DES, 24, 3), "6A80"); /* not for SCP02 */
    ck_assert_str_eq(put_keys(0, 0x02, GP_KEY_AES, 16, 3), "6A80"); /* the slots' */
    ck_assert_str_eq(put_keys(0x02, 0x02, GP_KEY_AES, 16, 3), "6A88");
    ck_assert_str_eq(put_keys(0x33, 0x33, GP_KEY_AES, 16, 3), "6A88");
    /* deleted, the keys of the slot serve again */
    offcard_expect(h, "80E4000003 D20131", "00 9000");
    offcard_expect(h, "80E4000003 D20131", "6A88");
    offcard_expect(h, "80E4000006 D00101D20131", "6A88");
    offcard_expect(h, "80E4000006 D00101D20101", "6A88"); /* the slots' stay */
    offcard_free(&h);
    h = offcard_new(t);
    open_isd();
}
END_TEST

/* pySim-shell and gpshell put and delete keys one by one. */
START_TEST(keys_come_and_go_one_by_one)
{
    static const char slot_keys[] = "C00401018810 C00402018810 C00403018810"
                                    " C00401318810 C00402318810 C00403318810";
    char want[200];

    open_isd();
    ck_assert_str_eq(put_keys(0, 0x2A, GP_KEY_AES, 16, 1) + 8, "9000");
    (void)snprintf(want, sizeof want, "E02A %s C004012A8810 9000", slot_keys);
    offcard_expect(h, "80CA00E000", want);
    card_run(t, "00A4040008" ISD);
    card_expect(t, "80502A0008 0102030405060708", "6A88"); /* half a set opens nothing */
    open_isd();
    ck_assert_str_eq(put_keys(0, 0x2A, GP_KEY_AES, 16, 1), "6A80");    /* there already */
    ck_assert_str_eq(put_keys(0x2A, 0x2B, GP_KEY_AES, 16, 2), "6A88"); /* key 2 is not there */
    ck_assert_str_eq(put_keys(0x2A, 0x2B, GP_KEY_AES, 32, 1) + 8, "9000");
    (void)snprintf(want, sizeof want, "E02A %s C004012B8820 9000", slot_keys);
    offcard_expect(h, "80CA00E000", want);
    ck_assert_str_eq(put_keys(0, 0x71, GP_KEY_AES, 16, 1) + 8, "9000");
    offcard_expect(h, "80E4000006 D00102D2012B", "6A88");
    offcard_expect(h, "80E4000003 D00101", "00 9000"); /* wherever it is */
    (void)snprintf(want, sizeof want, "E024 %s 9000", slot_keys);
    offcard_expect(h, "80CA00E000", want);
    offcard_expect(h, "80E4000003 D00101", "6A88");
    offcard_expect(h, "80E4000000", "6A80");
}
END_TEST

START_TEST(put_key_replaces_ota_keys_of_the_slot_in_force)
{
    SLOT_WIPED struct slot slot = {0};

    open_isd();
    ck_assert_msg(strncmp(put_keys(1, 1, GP_KEY_AES, 16, 3), "01", 2) == 0, "%s", h->answer);
    ck_assert_int_eq(slot_read(&t->card->store, 1, &slot), ERR_OK);
    ck_assert(secret_equal(&slot.kic.key, &(struct secret){.len = 16}) == false);
    use_new_keys(16, GP_KEY_AES);
    ck_assert(secret_equal(&slot.kic.key, &h->enc));
    open_isd();
}
END_TEST

START_TEST(put_key_notices_a_wrong_check_value)
{
    struct gp_key dek = {.type = GP_KEY_AES}, keys[3];
    uint8_t bytes[300];
    char hex[700];
    struct wr w = WR_ARRAY(bytes);

    open_isd();
    dek.key = h->s_dek;
    for (uint8_t i = 0; i < 3; i++)
        keys[i] = new_key(GP_KEY_AES, i, 16);
    ck_assert_int_eq(gp_write_put_key(h->crypto, 0, 0x35, keys, 3, &dek, &w), ERR_OK);
    bytes[w.len - 1] ^= 1;
    ck_assert_int_eq(hex_encode(RD_WR(&w), hex, sizeof hex), ERR_OK);
    offcard_expect(h, hex, "9485");
    offcard_expect(h, "80CA00E000",
                   "E024 C00401018810 C00402018810 C00403018810"
                   " C00401318810 C00402318810 C00403318810 9000");
}
END_TEST

START_TEST(put_key_over_scp02_takes_3des)
{
    ck_assert_str_eq(offcard_open(h, ISD, 0x21, 0x01), "9000");
    ck_assert_msg(strncmp(put_keys(0, 0x25, GP_KEY_DES, 16, 3), "25", 2) == 0, "%s", h->answer);
    use_new_keys(16, GP_KEY_DES);
    ck_assert_str_eq(offcard_open(h, ISD, 0x25, 0x01), "9000");
    offcard_expect(h, "80CA00C100", "C1020001 9000");
}
END_TEST

START_TEST(put_key_refuses_3des_that_is_des)
{
    struct gp_key dek = {.type = GP_KEY_DES}, keys[3];
    uint8_t bytes[300];
    char hex[700];
    struct wr w = WR_ARRAY(bytes);

    ck_assert_str_eq(offcard_open(h, ISD, 0x21, 0x01), "9000");
    dek.key = h->s_dek;
    for (uint8_t i = 0; i < 3; i++)
        keys[i] = new_key(GP_KEY_DES, (uint8_t)(i + 1), 16);
    memcpy(keys[1].key.bytes + 8, keys[1].key.bytes, 8);
    ck_assert_int_eq(gp_write_put_key(h->crypto, 0, 0x25, keys, 3, &dek, &w), ERR_OK);
    ck_assert_int_eq(hex_encode(RD_WR(&w), hex, sizeof hex), ERR_OK);
    offcard_expect(h, hex, "6A80");
}
END_TEST

/* No challenge may ever come twice: a set that is used up opens nothing. */
START_TEST(a_set_that_is_used_up_opens_no_channel)
{
    static const uint8_t last[] = {0x00, 0xFF, 0xFF, 0xFF};

    ck_assert_int_eq(store_put(&t->card->store, OBJ_KEYSET(0x8131U), RD_ARRAY(last)), ERR_OK);
    ck_assert_int_eq(store_commit(&t->card->store), ERR_OK);
    card_run(t, "00A4040008" ISD);
    card_expect(t, "8050310008 0102030405060708", "6985");
}
END_TEST

/* C26: a key that is gone is gone from the medium too. */
START_TEST(deleted_keys_leave_nothing_on_the_medium)
{
    struct gp_key enc = new_key(GP_KEY_AES, 0x80, 16);

    open_isd();
    put_keys(0, 0x35, GP_KEY_AES, 16, 3);
    ck_assert(nvm_sim_holds(&t->nvm, RD_SECRET(&enc.key)));
    open_isd();
    offcard_expect(h, "80E4000003 D20135", "00 9000");
    ck_assert(!nvm_sim_holds(&t->nvm, RD_SECRET(&enc.key)));
}
END_TEST

static bool arena_holds(struct rd needle)
{
    return memmem(t->arena.base, t->arena.used, needle.at, needle.left) != NULL;
}

/* Put, the keys of a channel, and deleted: then nothing of it is in the card's
 * memory, neither in the store nor in a buffer. */
START_TEST(sec_C26_dead_keys_leave_nothing_in_memory)
{
    struct gp_key dead[3];

    for (uint8_t i = 0; i < 3; i++)
        dead[i] = new_key(GP_KEY_AES, (uint8_t)(0x80 + 0x10 * i), 16);
    open_isd();
    put_keys(0, 0x35, GP_KEY_AES, 16, 3);
    ck_assert_str_eq(h->answer + strlen(h->answer) - 4, "9000");
    ck_assert(arena_holds(RD_SECRET(&dead[0].key)));
    use_new_keys(16, GP_KEY_AES);
    ck_assert_str_eq(offcard_open(h, ISD, 0x35, 0x33), "9000");
    offcard_expect(h, "80E4000003 D20135", "00 9000");
    card_run(t, "00A4000C023F00"); /* the channel, whose DEK it was, ends */
    for (int i = 0; i < 3; i++)
        ck_assert_msg(!arena_holds(RD_SECRET(&dead[i].key)), "key %d", i + 1);
}
END_TEST

/* ---- supplementary security domains ---- */

#define INSTALL_SSD(privileges) \
    "80E60C001E 07A0000001515350 08A000000151535041 06" SSD " 03" privileges " 0000"

static void install_ssd(const char *command)
{
    open_isd();
    offcard_expect(h, command, "00 9000");
}

START_TEST(a_domain_without_keys_is_opened_with_the_issuer_s)
{
    install_ssd(INSTALL_SSD("800000"));
    card_expect_run(t, "00A4040006" SSD, "6F0E 8406F0BB00000001 A504 9F6501FF 9000");
    ck_assert_str_eq(offcard_open(h, SSD, 0x31, 0x33), "9000");
    offcard_expect(h, "80F24002024F00", /* it sees itself */
                   "E324 4F06F0BB00000001 9F700107 C503800000 C407A0000001515350 CC08" ISD " 9000");
}
END_TEST

START_TEST(a_domain_with_keys_is_opened_with_those_alone)
{
    install_ssd(INSTALL_SSD("804000"));
    ck_assert_str_eq(offcard_open(h, SSD, 0x31, 0x33), "9000");
    ck_assert_msg(strncmp(put_keys(0, 0x30, GP_KEY_AES, 16, 3), "30", 2) == 0, "%s", h->answer);
    ck_assert_str_eq(offcard_open(h, SSD, 0x30, 0x33), "6300");
    card_expect(t, "8050310008 0102030405060708", "6A88");
    open_isd(); /* the issuer's own are as before */
    use_new_keys(16, GP_KEY_AES);
    ck_assert_str_eq(offcard_open(h, ISD, 0x31, 0x33), "6300");
    ck_assert_str_eq(offcard_open(h, SSD, 0x30, 0x33), "9000");
    /* authorised management: it installs under itself, and sees nothing but its own */
    offcard_expect(h, INSTALL_HELLO, "00 9000");
    offcard_expect(h, "80F28002024F00", "6A88");
    offcard_expect(h, "80F0807F00", "6982");
    offcard_expect(h, "80E4000008 4F06" SSD, "6985");
    offcard_expect(h, "80F24002084F06" APP,
                   "E323 4F06F0AA00000001 9F700107 C503000000 C408" SAMPLES " CC06" SSD " 9000");
    offcard_expect(h, "80E4000008 4F06" APP, "00 9000");
    /* nobody promotes himself, and OTA keys open no channel */
    offcard_expect(h, "80E640000F 00 00 06" SSD " 03900000 00 00", "6985");
    ck_assert_msg(strncmp(put_keys(0, 0x02, GP_KEY_AES, 16, 3), "02", 2) == 0, "%s", h->answer);
    card_run(t, "00A4040006" SSD);
    card_expect(t, "8050020008 0102030405060708", "6A88");
}
END_TEST

START_TEST(a_domain_without_the_privilege_manages_nothing)
{
    install_ssd(INSTALL_SSD("800000"));
    ck_assert_str_eq(offcard_open(h, SSD, 0x31, 0x33), "9000");
    offcard_expect(h, INSTALL_HELLO, "6982");
    offcard_expect(h, "80E8000001 C4", "6982");
    offcard_expect(h, "80E4000008 4F06" APP, "6982");
}
END_TEST

/* GP 6.6.1: global delete, lock and registry reach beyond the domain's own. */
START_TEST(a_global_privilege_reaches_everything)
{
    install_ssd(INSTALL_SSD("804000"));
    offcard_expect(h, INSTALL_HELLO, "00 9000");
    ck_assert_str_eq(offcard_open(h, SSD, 0x31, 0x33), "9000");
    offcard_expect(h, "80F24002084F06" APP, "6A88");
    offcard_expect(h, "80F0408006" APP, "6A88");
    offcard_expect(h, "80E4000008 4F06" APP, "6A88");
    open_isd();
    offcard_expect(h, "80E640000F 00 00 06" SSD " 03805C00 00 00", "00 9000");
    ck_assert_str_eq(offcard_open(h, SSD, 0x31, 0x33), "9000");
    offcard_expect(h, "80F240020B4F06" APP "5C014F", "E308 4F06F0AA00000001 9000");
    offcard_expect(h, "80F0408006" APP, "9000");
    offcard_expect(h, "80F0400706" APP, "9000");
    offcard_expect(h, "80E6100012 06" SSD " 00 06" APP " 00 00 00", "6A88"); /* but not this */
    offcard_expect(h, "80E4000008 4F06" APP, "00 9000");
}
END_TEST

START_TEST(a_domain_is_locked_with_all_that_is_under_it)
{
    install_ssd(INSTALL_SSD("804000"));
    ck_assert_str_eq(offcard_open(h, SSD, 0x31, 0x33), "9000");
    offcard_expect(h, INSTALL_HELLO, "00 9000");
    offcard_expect(h, "80F0408006" SSD, "6985"); /* not by itself */
    offcard_expect(h, "80F0400F06" SSD, "9000"); /* but personalised it is by its own word */
    offcard_expect(h, "80F0400706" SSD, "6985");
    open_isd();
    offcard_expect(h, "80F0C08006" APP, "6A88"); /* no domain */
    offcard_expect(h, "80F0C08006" SSD, "9000");
    offcard_expect(h, "80F240000B4F06" SSD "5C014F", "06F0BB00000001 8F 80 9000");
    offcard_expect(h, "80F240000B4F06" APP "5C014F", "06F0AA00000001 87 00 9000");
    card_expect(t, "00A4040406" APP, "6A82");
    card_expect(t, "00A4040406" SSD, "6A82");
    open_isd();
    offcard_expect(h, "80F0C00F06" SSD, "9000");
    card_expect_run(t, "00A4040C06" APP, "9000");
}
END_TEST

START_TEST(an_application_is_handed_to_another_domain)
{
    install_ssd(INSTALL_SSD("800000"));
    offcard_expect(h, INSTALL_HELLO, "00 9000");
    offcard_expect(h, "80E6100012 06" SSD " 00 06" APP " 00 00 00", "00 9000");
    offcard_expect(h, "80F24002084F06" APP,
                   "E323 4F06F0AA00000001 9F700107 C503000000 C408" SAMPLES " CC06" SSD " 9000");
    offcard_expect(h, "80E4000008 4F06" SSD, "6985"); /* it holds something */
    offcard_expect(h, "80E640000F 00 00 06" APP " 03100000 00 00", "00 9000");
    offcard_expect(h, "80F24002084F06" APP,
                   "E323 4F06F0AA00000001 9F700107 C503100000 C408" SAMPLES " CC06" SSD " 9000");
    offcard_expect(h, "80E640000F 00 00 06" APP " 03800000 00 00", "6A80");
}
END_TEST

START_TEST(a_domain_speaks_the_protocol_it_was_installed_with)
{
    install_ssd("80E60C0024 07A0000001515350 08A000000151535041 06" SSD
                " 03800000 06 C904 8102 0310 00");
    card_run(t, "00A4040006" SSD);
    card_expect_run(t, "8050310008 0102030405060708",
                    "988812010000400310F0 31 0310 XXXXXXXXXXXXXXXX XXXXXXXXXXXXXXXX 000001 9000");
    offcard_initialise(h, 0x31);
    ck_assert_str_eq(offcard_authenticate(h, 0x33, false),
                     "6A86"); /* option 10 protects no answers */
    ck_assert_str_eq(offcard_open(h, SSD, 0x31, 0x03), "9000");
}
END_TEST

Suite *suite_under_test(void)
{
    Suite *s = suite_create("isd, keys");
    TCase *c = add(s, "GP 10, E, amendment D", setup);

    tcase_add_test(c, a_set_that_is_used_up_opens_no_channel);
    c = add(s, "GP annex E", setup_des);
    tcase_add_test(c, put_key_over_scp02_takes_3des);
    tcase_add_test(c, put_key_refuses_3des_that_is_des);
    c = add(s, "GP 11.8", setup);
    tcase_add_test(c, put_key_adds_a_set_of_its_own);
    tcase_add_test(c, keys_come_and_go_one_by_one);
    tcase_add_test(c, put_key_replaces_ota_keys_of_the_slot_in_force);
    tcase_add_test(c, put_key_notices_a_wrong_check_value);
    tcase_add_test(c, deleted_keys_leave_nothing_on_the_medium);
    tcase_add_test(c, sec_C26_dead_keys_leave_nothing_in_memory);
    c = add(s, "GP 7.2", setup);
    tcase_add_test(c, a_domain_without_keys_is_opened_with_the_issuer_s);
    tcase_add_test(c, a_domain_with_keys_is_opened_with_those_alone);
    tcase_add_test(c, a_domain_without_the_privilege_manages_nothing);
    tcase_add_test(c, a_global_privilege_reaches_everything);
    tcase_add_test(c, a_domain_is_locked_with_all_that_is_under_it);
    tcase_add_test(c, an_application_is_handed_to_another_domain);
    tcase_add_test(c, a_domain_speaks_the_protocol_it_was_installed_with);
    return s;
}
