/* Tests of uicc/isd. Goal: a GlobalPlatform client manages the card as it manages real ones;
 * without the keys nothing changes; keys never leave; each domain has its own. */
#include "apdu/gp.h"
#include "apdu/hex.h"
#include "test/support/hexrow.h"
#include "test/support/runner.h"
#include "test/support/uicc/host.h"
#include "uicc/applet/manage.h"
#include "uicc/isd/isd.h"
#include "uicc/slot/slot.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ISD     "A000000151000000"
#define SAMPLES "F05265736561 7401"
#define HELLO   "F05265736561 740101"
#define WATCH   "F05265736561 740102"
#define APP     "F0AA00000001"
#define SSD     "F0BB00000001"

/* Install hello as APP with a menu entry: EF { C8 0200, CA ... } */
#define INSTALL_HELLO                                                           \
    "80E60C0039 08" SAMPLES " 09" HELLO " 06" APP " 0100 1B C900 EF17 C8020200" \
    " CA11 020100 01 00 14 01 0000 00 02 0116 03 0A0B0C 00"

static struct test_card *t;
static struct host *h;

static void setup(void)
{
    t = card_new();
    h = host_new(t);
}

static void teardown(void)
{
    host_free(&h);
    card_free(&t);
}

/* A card whose OTA keys are 3DES. */
static void setup_des(void)
{
    t = card_defaults();
    t->profile = "ota-algorithm = 3des\n";
    for (unsigned i = 0; i < t->perso.slot_count; i++) {
        struct perso_pair *p = &t->perso.pairs[i];

        p->kic.algorithm = p->kid.algorithm = p->kik.algorithm = SECPKT_3DES2;
    }
    card_make(t);
    h = host_new(t);
}

static void open_isd(void)
{
    ck_assert_str_eq(host_open(h, ISD, 0x31, 0x33), "9000");
}

/* ---- selection, open data ---- */

static const struct card_step open_data[] = {
    {"00A4040008" ISD, "6F10 8408 A000000151000000 A504 9F6501FF 9000"},
    {"00A4040000", "6F10 8408 A000000151000000 A504 9F6501FF 9000"},
    {"00A4040C08" ISD, "9000"},
    {"80CA00E000", "E024 C00401018810 C00402018810 C00403018810"
                   " C00401318810 C00402318810 C00403318810 9000"},
    {"80CA006600", "663D 733B 06072A864886FC6B01 600B06092A864886FC6B020203"
                   " 630906072A864886FC6B03 640B06092A864886FC6B040255"
                   " 640B06092A864886FC6B040370 9000"},
    {"80CA00C100", "C103000000 9000"},
    {"80CA9F7F00", "9F7F2A 000000000000000000000000 400310F0 "
                   "0000000000000000000000000000000000000000000000000000 9000"},
    {"80CA2F0000", "2F000C 610A 4F08A000000151000000 9000"},
    {"80CAFF2100", "FF210F 810100 8204XXXXXXXX 8304XXXXXXXX 9000"},
    {"00CA00C100", "C103000000 9000"},
    {"80CA004200", "6A88"},
    {"80CA123400", "6A88"},
};

START_TEST(open_data_is_told_to_everybody)
{
    card_run(t, open_data[0].send);
    card_expect_run(t, open_data[_i].send, open_data[_i].want);
}
END_TEST

static const char *const closed[] = {
    "80F28002024F00",   "80F0800F00",    "80E60C0001 00", "80E8000001 C4",
    "80E40000034F01A0", "80E2800001 00", "80D8000001 00",
};

START_TEST(nothing_else_without_authentication)
{
    card_run(t, "00A4040008" ISD);
    card_expect(t, closed[_i], "6982");
    card_run(t, "8050310008 0102030405060708");
    card_expect(t, closed[_i], "6982");
}
END_TEST

START_TEST(unknown_commands_are_refused)
{
    card_run(t, "00A4040008" ISD);
    card_expect(t, "80AB000000", "6D00");
    card_expect(t, "00B0000000", "6E00");
}
END_TEST

/* ---- authentication ---- */

static const uint8_t levels03[] = {0x01, 0x03, 0x11, 0x13, 0x33};

START_TEST(scp03_opens_with_the_keys_of_the_slot_in_force)
{
    ck_assert_str_eq(host_open(h, ISD, 0x31, levels03[_i]), "9000");
    host_expect(h, "80F28002024F00", "E313 4F08A000000151000000 9F70010F C5039EFE80 9000");
    host_expect(h, "80CA00C100", "C103000001 9000");
    host_expect(h, "80F24002024F00", "6A88");
    host_expect(h, "80F28002024F00", "E313 4F08A000000151000000 9F70010F C5039EFE80 9000");
}
END_TEST

START_TEST(scp02_opens_with_3des_keys)
{
    ck_assert_str_eq(host_open(h, ISD, 0x21, 0x01), "9000");
    host_expect(h, "80F28002024F00", "E313 4F08A000000151000000 9F70010F C5039EFE80 9000");
    host_expect(h, "80CA00C100", "C1020001 9000");
    ck_assert_str_eq(host_open(h, ISD, 0x00, 0x01), "9000"); /* version 00: the card chooses */
    host_expect(h, "80CA00C100", "C1020002 9000");
}
END_TEST

START_TEST(initialise_update_names_keys_and_card)
{
    card_run(t, "00A4040008" ISD);
    card_expect_run(t, "8050310008 0102030405060708",
                    "988812010000400310F0 31 0370 XXXXXXXXXXXXXXXX XXXXXXXXXXXXXXXX 000000 9000");
    card_expect(t, "8050320008 0102030405060708", "6A88");
    card_expect(t, "8050210008 0102030405060708", "6A88");
    card_expect(t, "8050010008 0102030405060708", "6A88"); /* OTA keys open no channel */
    card_expect(t, "8050310007 01020304050607", "6700");
    card_expect(t, "8050310108 0102030405060708", "6A86");
}
END_TEST

START_TEST(a_command_without_its_mac_is_refused)
{
    char wrapped[64];

    open_isd();
    card_expect(t, "80F28002024F00", "6982");
    card_expect(t, "84F280020A4F000000000000000000", "6982");
    /* and that has closed the channel */
    card_expect(t, host_wrap(h, "80F28002024F00", wrapped, sizeof wrapped), "6982");
}
END_TEST

START_TEST(a_recorded_session_does_not_open_again)
{
    char wrapped[64];

    open_isd();
    host_wrap(h, "80F28002024F00", wrapped, sizeof wrapped);
    card_reset(t);
    card_run(t, "00A4040008" ISD);
    card_expect(t, wrapped, "6982");
    ck_assert_str_eq(host_open(h, ISD, 0x31, 0x01), "9000");
    card_expect(t, wrapped, "6982");
    /* the sequence is durable */
    ck_assert_int_eq(card_power_cycle(t), ERR_OK);
    card_run(t, "00A4040008" ISD);
    card_expect_run(t, "80CA00C100", "C103000002 9000");
}
END_TEST

START_TEST(the_channel_ends_with_its_selection)
{
    char wrapped[64];

    open_isd();
    card_run(t, "00A4000C023F00");
    card_run(t, "00A4040008" ISD);
    card_expect(t, host_wrap(h, "80F28002024F00", wrapped, sizeof wrapped), "6982");
    open_isd();
    card_expect_run(t, "0070000001", "01 9000");
    card_run(t, "01A4040008" ISD);
    card_expect(t, "81F28002024F00", "6982"); /* another channel is another session */
}
END_TEST

START_TEST(spoilt_authentications_make_the_card_wait)
{
    for (int i = 0; i < 3; i++) {
        card_run(t, "00A4040008" ISD);
        host_initialise(h, 0x31);
        ck_assert_str_eq(host_authenticate(h, 0x01, true), "6300");
        ck_assert_str_eq(host_authenticate(h, 0x01, false), "6985");
    }
    card_expect(t, "8050310008 0102030405060708", "6985");
    /* switching off does not help */
    ck_assert_int_eq(card_power_cycle(t), ERR_OK);
    card_run(t, "00A4040008" ISD);
    card_expect(t, "8050310008 0102030405060708", "6985");
    t->now_ms += 1000;
    host_initialise(h, 0x31);
    ck_assert_str_eq(host_authenticate(h, 0x01, true), "6300");
    t->now_ms += 1999;
    card_expect(t, "8050310008 0102030405060708", "6985");
    t->now_ms += 1;
    ck_assert_str_eq(host_open(h, ISD, 0x31, 0x01), "9000");
    ck_assert_str_eq(host_open(h, ISD, 0x31, 0x01), "9000");
}
END_TEST

/* ---- content ---- */

START_TEST(an_applet_is_installed_listed_used_and_deleted)
{
    open_isd();
    host_expect(h, INSTALL_HELLO, "00 9000");
    host_expect(h, "80F24002024F00",
                "E325 4F06F0AA00000001 9F700107 C503000000 C408" SAMPLES " CC08" ISD " 9000");
    host_expect(h, "80F24000024F00", "06F0AA00000001 07 00 9000");
    host_expect(h, "80F24002084F06F0AA00000002", "6A88");
    host_expect(h, "80F24002074F005C034F9F70", "E30C 4F06F0AA00000001 9F700107 9000");
    card_expect_run(t, "00A4040406" APP, "6F0A8406F0AA00000001A500 9000");
    card_expect_run(t, "80CA000000", "48656C6C6F2C20776F726C64 9000");
    open_isd();
    host_expect(h, "80E4000008 4F06" APP, "00 9000");
    host_expect(h, "80F24002024F00", "6A88");
    card_expect(t, "00A4040406" APP, "6A82");
}
END_TEST

/* C14: the power goes at each operation of the memory in turn. */
START_TEST(sec_C14_installation_is_whole_or_has_not_happened)
{
    bool before = false, after = false;

    for (uint64_t cut = 1; !after && cut < 50; cut++) {
        struct toolkit_registration r;
        struct applet_entry e;
        bool there;

        host_free(&h);
        card_free(&t);
        setup();
        open_isd();
        t->nvm.cut_at = t->nvm.ops + cut;
        host_run(h, INSTALL_HELLO);
        after = !t->nvm.dead;
        ck_assert_int_eq(strcmp(h->answer, "009000") == 0, after);
        ck_assert_int_eq(card_power_cycle(t), ERR_OK);
        there = applet_registry_read(&t->card->store, 2, &e) == ERR_OK;
        ck_assert_int_eq(applet_toolkit_read(&t->card->store, 2, &r) == ERR_OK, there);
        ck_assert(!there || (r.entry_count == 1 && r.entries[0].initialised));
        before |= !there;
    }
    ck_assert(before && after);
}
END_TEST

START_TEST(load_files_of_the_card_are_listed_and_stay)
{
    open_isd();
    host_expect(h, "80F21002024F00",
                "E325 4F07A0000001515350 9F700101 CE020100 8408A000000151535041 CC08" ISD
                "E332 4F08" SAMPLES " 9F700101 CE020100 8409" HELLO " 8409" WATCH " CC08" ISD
                "9000");
    host_expect(h, "80E400000A 4F08" SAMPLES, "6985");
    host_expect(h, "80E400800A 4F08" SAMPLES, "6985");
    host_expect(h, "80E400000A 4F08" ISD, "6985");
    host_expect(h, "80E4000008 4F06" APP, "6A88");
}
END_TEST

static const struct {
    const char *what, *send, *want;
} refused[] = {
    {"cut", "80E60C0003 08F052", "6A80"},
    {"unknown module", "80E60C001D 08" SAMPLES " 08" SAMPLES " 06" APP " 0100 00 00", "6A88"},
    {"unknown load file", "80E60C001C 06" APP " 09" HELLO " 06" APP " 0100 0000", "6A88"},
    {"privilege to verify DAPs", "80E60C001E 08" SAMPLES " 09" HELLO " 06" APP " 0140 00 00",
     "6A80"},
    {"an applet is no domain", "80E60C001E 08" SAMPLES " 09" HELLO " 06" APP " 0180 00 00", "6A80"},
    {"more memory than there is",
     "80E60C0026 08" SAMPLES " 09" HELLO " 06" APP " 0100 08 EF06C804 7FFFFFFF 00", "6A84"},
    {"nine menu entries",
     "80E60C003A 08" SAMPLES " 09" HELLO " 06" APP
     " 0100 1C EF1A CA18 00 010014 09 010002000300040005000600070008000900 00 00",
     "6A84"},
    {"a TAR of the card",
     "80E60C002F 08" SAMPLES " 09" HELLO " 06" APP
     " 0100 11 EF0FCA0D 00 01001401 0000 00 00 03 B00000 00",
     "6A80"},
    {"P2", "80E60C0100", "6A86"},
    {"all in one", "80E60E0000", "6A86"},
    {"a short name", "80E60C001C 08" SAMPLES " 09" HELLO " 04F0AA0000 0100 00 00", "6A80"},
};

START_TEST(install_refuses)
{
    open_isd();
    host_run(h, refused[_i].send);
    ck_assert_msg(strcmp(h->answer, refused[_i].want) == 0, "%s: got %s, want %s", refused[_i].what,
                  h->answer, refused[_i].want);
    host_expect(h, "80F24002024F00", "6A88"); /* and nothing was left behind */
}
END_TEST

START_TEST(installed_becomes_selectable_locked_and_unlocked)
{
    open_isd();
    host_expect(h, "80E6040020 08" SAMPLES " 09" HELLO " 06" APP " 0100 02C900 00", "6A80");
    host_expect(h,
                "80E6040039 08" SAMPLES " 09" HELLO " 06" APP " 0100 1B C900 EF17 C8020200"
                " CA11 020100 01 00 14 01 0000 00 02 0116 03 0A0B0C 00",
                "00 9000");
    card_expect(t, "00A4040406" APP, "6A82");
    open_isd();
    host_expect(h, "80F0400706" APP, "6985"); /* only INSTALL makes selectable */
    host_expect(h, "80E608000D 00 00 06" APP " 0100 00 00", "00 9000");
    host_expect(h, "80E608000D 00 00 06" APP " 0100 00 00", "6985");
    host_expect(h, "80F0408006" APP, "9000");
    host_expect(h, "80F24002024F00",
                "E325 4F06F0AA00000001 9F700187 C503000000 C408" SAMPLES " CC08" ISD " 9000");
    card_expect(t, "00A4040406" APP, "6A82");
    open_isd();
    host_expect(h, "80F0400706" APP, "9000");
    host_expect(h, "80F0400F06" APP, "9000");
    host_expect(h, "80F0400306" APP, "6985");
    host_expect(h, "80F0400706" SSD, "6A88");
    card_expect_run(t, "00A4040C06" APP, "9000");
}
END_TEST

START_TEST(the_card_is_locked_and_unlocked_and_never_terminated)
{
    open_isd();
    host_expect(h, INSTALL_HELLO, "00 9000");
    host_expect(h, "80F080FF00", "6985");
    host_expect(h, "80F0800100", "6985");
    host_expect(h, "80F0807F00", "9000");
    host_expect(h, "80E4000008 4F06" APP, "6985");
    card_expect(t, "00A4040406" APP, "6A82");
    card_expect(t, "00A4040008" ISD, "6283");
    ck_assert_str_eq(host_open(h, ISD, 0x31, 0x33), "9000");
    host_expect(h, "80F0800F00", "9000");
    card_expect_run(t, "00A4040C06" APP, "9000");
}
END_TEST

START_TEST(status_comes_in_pieces_when_it_is_long)
{
    char command[128];
    unsigned entries = 0;
    const char *p;

    open_isd();
    for (unsigned i = 1; i <= 12; i++) {
        (void)snprintf(
            command, sizeof command,
            "80E60C0023 08" SAMPLES " 09" WATCH " 06F0AA000000%02X 0100 05 C903 313233 00", i);
        host_run(h, command);
    }
    /* the watch wants a toolkit */
    ck_assert_str_eq(h->answer, "6A80");
    for (unsigned i = 1; i <= 12; i++) {
        (void)snprintf(command, sizeof command,
                       "80E60C002F 08" SAMPLES " 09" WATCH
                       " 06F0AA000000%02X 0100 11 C903 313233 EF0A CA08 0100 01000000 0000 00",
                       i);
        host_expect(h, command, "00 9000");
    }
    host_run(h, "80F24002024F00");
    ck_assert_str_eq(h->answer + strlen(h->answer) - 4, "6310");
    do {
        for (p = h->answer; (p = strstr(p, "E3254F06F0AA")) != NULL; p++)
            entries++;
        if (strcmp(h->answer + strlen(h->answer) - 4, "6310") != 0)
            break;
        host_run(h, "80F24003024F00");
    } while (entries <= 12);
    ck_assert_uint_eq(entries, 12);
    host_expect(h, "80F24003024F00", "6985");
}
END_TEST

START_TEST(menu_follows_installation_at_once)
{
    open_isd();
    card_send(t, "8010000014 FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF");
    host_run(h, INSTALL_HELLO);
    ck_assert_str_eq(h->answer + strlen(h->answer) - 4, "9121");
}
END_TEST

/* ---- store data ---- */

START_TEST(stored_objects_are_kept)
{
    open_isd();
    host_expect(h, "80E2900007 4205 0102030405", "9000");
    host_expect(h, "80E2880007 0070 04 4502 AABB", "9000");
    host_expect(h, "80E2900004 4202 0607", "9000");
    host_expect(h, "80E2900004 6602 0607", "6A88");
    host_expect(h, "80E2900003 42020A", "6A80");
    host_expect(h, "80E2F00004 4202 0607", "6A86");
    card_expect_run(t, "00A4040C08" ISD, "9000");
    card_expect_run(t, "80CA004200", "42020607 9000");
    card_expect_run(t, "80CA004500", "4502AABB 9000");
}
END_TEST

START_TEST(personalisation_goes_to_the_application)
{
    open_isd();
    host_expect(h, INSTALL_HELLO, "00 9000");
    host_expect(h, "80E620000C 0000 06" APP " 000000", "00 9000");
    host_expect(h, "80E2800002 1234", "48656C6C6F2C20776F726C64 9000");
    host_expect(h, "80E2800002 1234", "6A80"); /* the last block was the last */
    host_expect(h, "80E620000C 0000 06" SSD " 000000", "6A88");
}
END_TEST

/* ---- keys ---- */

static struct gp_key new_key(enum gp_key_type type, uint8_t seed, uint8_t len)
{
    struct gp_key k = {.type = type};

    for (uint8_t i = 0; i < len; i++)
        k.key.bytes[i] = (uint8_t)(seed + i * 3);
    k.key.len = len;
    return k;
}

/* PUT KEY with the session's DEK. */
static const char *put_keys(uint8_t old, uint8_t version, enum gp_key_type type, uint8_t len,
                            size_t count)
{
    struct gp_key dek = {.type = h->protocol == 2 ? GP_KEY_DES : GP_KEY_AES, .key = h->s_dek};
    struct gp_key keys[3];
    uint8_t bytes[300];
    char hex[700];
    struct wr w = WR_ARRAY(bytes);

    for (uint8_t i = 0; i < 3; i++)
        keys[i] = new_key(type, (uint8_t)(0x80 + 0x10 * i), len);
    if (gp_write_put_key(h->crypto, old, version, keys, count, &dek, &w) != ERR_OK)
        return "cannot";
    ck_assert_int_eq(hex_encode(RD_WR(&w), hex, sizeof hex), ERR_OK);
    return host_run(h, hex);
}

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
    ck_assert_str_eq(host_open(h, ISD, 0x31, 0x33), "6300");
    use_new_keys(32, GP_KEY_AES);
    ck_assert_str_eq(host_open(h, ISD, 0x31, 0x33), "9000");
    host_expect(h, "80CA00E000",
                "E024 C00401018810 C00402018810 C00403018810"
                " C00401318820 C00402318820 C00403318820 9000");
    ck_assert_str_eq(put_keys(0, 0x31, GP_KEY_AES, 32, 3), "6A80"); /* there already */
    ck_assert_str_eq(put_keys(0, 0x32, GP_KEY_AES, 16, 2), "6A80"); /* half a set */
    ck_assert_str_eq(put_keys(0, 0x22, GP_KEY_AES, 16, 3), "6A80"); /* AES is not for SCP02 */
    ck_assert_str_eq(put_keys(0, 0x41, GP_KEY_AES, 16, 3), "6A80");
    ck_assert_str_eq(put_keys(0, 0x02, GP_KEY_AES, 16, 3), "6A80"); /* the slots' */
    ck_assert_str_eq(put_keys(0x02, 0x02, GP_KEY_AES, 16, 3), "6A88");
    ck_assert_str_eq(put_keys(0x33, 0x33, GP_KEY_AES, 16, 3), "6A88");
    /* deleted, the keys of the slot serve again */
    host_expect(h, "80E4000003 D20131", "00 9000");
    host_expect(h, "80E4000003 D20131", "6A88");
    host_expect(h, "80E4000006 D00101D20131", "6985");
    host_free(&h);
    h = host_new(t);
    open_isd();
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
    host_expect(h, hex, "9485");
    host_expect(h, "80CA00E000",
                "E024 C00401018810 C00402018810 C00403018810"
                " C00401318810 C00402318810 C00403318810 9000");
}
END_TEST

START_TEST(put_key_over_scp02_takes_3des)
{
    ck_assert_str_eq(host_open(h, ISD, 0x21, 0x01), "9000");
    ck_assert_msg(strncmp(put_keys(0, 0x25, GP_KEY_DES, 16, 3), "25", 2) == 0, "%s", h->answer);
    use_new_keys(16, GP_KEY_DES);
    ck_assert_str_eq(host_open(h, ISD, 0x25, 0x01), "9000");
    host_expect(h, "80CA00C100", "C1020001 9000");
}
END_TEST

START_TEST(put_key_refuses_3des_that_is_des)
{
    struct gp_key dek = {.type = GP_KEY_DES}, keys[3];
    uint8_t bytes[300];
    char hex[700];
    struct wr w = WR_ARRAY(bytes);

    ck_assert_str_eq(host_open(h, ISD, 0x21, 0x01), "9000");
    dek.key = h->s_dek;
    for (uint8_t i = 0; i < 3; i++)
        keys[i] = new_key(GP_KEY_DES, (uint8_t)(i + 1), 16);
    memcpy(keys[1].key.bytes + 8, keys[1].key.bytes, 8);
    ck_assert_int_eq(gp_write_put_key(h->crypto, 0, 0x25, keys, 3, &dek, &w), ERR_OK);
    ck_assert_int_eq(hex_encode(RD_WR(&w), hex, sizeof hex), ERR_OK);
    host_expect(h, hex, "6A80");
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
    host_expect(h, "80E4000003 D20135", "00 9000");
    ck_assert(!nvm_sim_holds(&t->nvm, RD_SECRET(&enc.key)));
}
END_TEST

/* ---- supplementary security domains ---- */

#define INSTALL_SSD(privileges) \
    "80E60C001E 07A0000001515350 08A000000151535041 06" SSD " 03" privileges " 0000"

static void install_ssd(const char *command)
{
    open_isd();
    host_expect(h, command, "00 9000");
}

START_TEST(a_domain_without_keys_is_opened_with_the_issuer_s)
{
    install_ssd(INSTALL_SSD("800000"));
    card_expect_run(t, "00A4040006" SSD, "6F0E 8406F0BB00000001 A504 9F6501FF 9000");
    ck_assert_str_eq(host_open(h, SSD, 0x31, 0x33), "9000");
    host_expect(h, "80F24002024F00", /* it sees itself */
                "E324 4F06F0BB00000001 9F700107 C503800000 C407A0000001515350 CC08" ISD " 9000");
}
END_TEST

START_TEST(a_domain_with_keys_is_opened_with_those_alone)
{
    install_ssd(INSTALL_SSD("804000"));
    ck_assert_str_eq(host_open(h, SSD, 0x31, 0x33), "9000");
    ck_assert_msg(strncmp(put_keys(0, 0x30, GP_KEY_AES, 16, 3), "30", 2) == 0, "%s", h->answer);
    ck_assert_str_eq(host_open(h, SSD, 0x30, 0x33), "6300");
    card_expect(t, "8050310008 0102030405060708", "6A88");
    open_isd(); /* the issuer's own are as before */
    use_new_keys(16, GP_KEY_AES);
    ck_assert_str_eq(host_open(h, ISD, 0x31, 0x33), "6300");
    ck_assert_str_eq(host_open(h, SSD, 0x30, 0x33), "9000");
    /* authorised management: it installs under itself, and sees nothing but its own */
    host_expect(h, INSTALL_HELLO, "00 9000");
    host_expect(h, "80F28002024F00", "6A88");
    host_expect(h, "80F0807F00", "6982");
    host_expect(h, "80E4000008 4F06" SSD, "6985");
    host_expect(h, "80F24002084F06" APP,
                "E323 4F06F0AA00000001 9F700107 C503000000 C408" SAMPLES " CC06" SSD " 9000");
    host_expect(h, "80E4000008 4F06" APP, "00 9000");
    /* nobody promotes himself, and OTA keys open no channel */
    host_expect(h, "80E640000F 00 00 06" SSD " 03900000 00 00", "6985");
    ck_assert_msg(strncmp(put_keys(0, 0x02, GP_KEY_AES, 16, 3), "02", 2) == 0, "%s", h->answer);
    card_run(t, "00A4040006" SSD);
    card_expect(t, "8050020008 0102030405060708", "6A88");
}
END_TEST

START_TEST(a_domain_without_the_privilege_manages_nothing)
{
    install_ssd(INSTALL_SSD("800000"));
    ck_assert_str_eq(host_open(h, SSD, 0x31, 0x33), "9000");
    host_expect(h, INSTALL_HELLO, "6982");
    host_expect(h, "80E8000001 C4", "6982");
    host_expect(h, "80E4000008 4F06" APP, "6982");
}
END_TEST

START_TEST(an_application_is_handed_to_another_domain)
{
    install_ssd(INSTALL_SSD("800000"));
    host_expect(h, INSTALL_HELLO, "00 9000");
    host_expect(h, "80E6100012 06" SSD " 00 06" APP " 00 00 00", "00 9000");
    host_expect(h, "80F24002084F06" APP,
                "E323 4F06F0AA00000001 9F700107 C503000000 C408" SAMPLES " CC06" SSD " 9000");
    host_expect(h, "80E4000008 4F06" SSD, "6985"); /* it holds something */
    host_expect(h, "80E640000F 00 00 06" APP " 03100000 00 00", "00 9000");
    host_expect(h, "80F24002084F06" APP,
                "E323 4F06F0AA00000001 9F700107 C503100000 C408" SAMPLES " CC06" SSD " 9000");
    host_expect(h, "80E640000F 00 00 06" APP " 03800000 00 00", "6A80");
}
END_TEST

START_TEST(a_domain_speaks_the_protocol_it_was_installed_with)
{
    install_ssd("80E60C0024 07A0000001515350 08A000000151535041 06" SSD
                " 03800000 06 C904 8102 0310 00");
    card_run(t, "00A4040006" SSD);
    card_expect_run(t, "8050310008 0102030405060708",
                    "988812010000400310F0 31 0310 XXXXXXXXXXXXXXXX XXXXXXXXXXXXXXXX 000001 9000");
    host_initialise(h, 0x31);
    ck_assert_str_eq(host_authenticate(h, 0x33, false), "6A86"); /* option 10 protects no answers */
    ck_assert_str_eq(host_open(h, SSD, 0x31, 0x03), "9000");
}
END_TEST

static TCase *add(Suite *s, const char *clause, void (*set_up)(void))
{
    TCase *c = tcase_create(clause);

    tcase_add_checked_fixture(c, set_up, teardown);
    suite_add_tcase(s, c);
    return c;
}

Suite *suite_under_test(void)
{
    Suite *s = suite_create("isd");
    TCase *c = add(s, "GP 11.3, 11.9", setup);

    tcase_add_loop_test(c, open_data_is_told_to_everybody, 0, (int)ARRAY_LEN(open_data));
    tcase_add_loop_test(c, nothing_else_without_authentication, 0, (int)ARRAY_LEN(closed));
    tcase_add_test(c, unknown_commands_are_refused);
    c = add(s, "GP 10, E, amendment D", setup);
    tcase_add_loop_test(c, scp03_opens_with_the_keys_of_the_slot_in_force, 0,
                        (int)ARRAY_LEN(levels03));
    tcase_add_test(c, initialise_update_names_keys_and_card);
    tcase_add_test(c, a_set_that_is_used_up_opens_no_channel);
    tcase_add_test(c, a_command_without_its_mac_is_refused);
    tcase_add_test(c, a_recorded_session_does_not_open_again);
    tcase_add_test(c, the_channel_ends_with_its_selection);
    tcase_add_test(c, spoilt_authentications_make_the_card_wait);
    c = add(s, "GP annex E", setup_des);
    tcase_add_test(c, scp02_opens_with_3des_keys);
    tcase_add_test(c, put_key_over_scp02_takes_3des);
    tcase_add_test(c, put_key_refuses_3des_that_is_des);
    c = add(s, "GP 11.2, 11.4, 11.5, 11.10", setup);
    tcase_add_test(c, an_applet_is_installed_listed_used_and_deleted);
    tcase_add_test(c, sec_C14_installation_is_whole_or_has_not_happened);
    tcase_add_test(c, load_files_of_the_card_are_listed_and_stay);
    tcase_add_loop_test(c, install_refuses, 0, (int)ARRAY_LEN(refused));
    tcase_add_test(c, installed_becomes_selectable_locked_and_unlocked);
    tcase_add_test(c, the_card_is_locked_and_unlocked_and_never_terminated);
    tcase_add_test(c, status_comes_in_pieces_when_it_is_long);
    tcase_add_test(c, menu_follows_installation_at_once);
    c = add(s, "GP 11.11", setup);
    tcase_add_test(c, stored_objects_are_kept);
    tcase_add_test(c, personalisation_goes_to_the_application);
    c = add(s, "GP 11.8", setup);
    tcase_add_test(c, put_key_adds_a_set_of_its_own);
    tcase_add_test(c, put_key_replaces_ota_keys_of_the_slot_in_force);
    tcase_add_test(c, put_key_notices_a_wrong_check_value);
    tcase_add_test(c, deleted_keys_leave_nothing_on_the_medium);
    c = add(s, "GP 7.2", setup);
    tcase_add_test(c, a_domain_without_keys_is_opened_with_the_issuer_s);
    tcase_add_test(c, a_domain_with_keys_is_opened_with_those_alone);
    tcase_add_test(c, a_domain_without_the_privilege_manages_nothing);
    tcase_add_test(c, an_application_is_handed_to_another_domain);
    tcase_add_test(c, a_domain_speaks_the_protocol_it_was_installed_with);
    return s;
}
