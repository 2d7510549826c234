/* Tests of uicc/isd. Goal: a GlobalPlatform client manages the card as it manages real ones;
 * without the keys nothing changes. Keys and further domains are test_isd_keys.c's. */
#include "test/uicc/isd_fixture.h"

/* ---- selection, open data ---- */

static const struct card_step open_data[] = {
    {"00A4040008" ISD, "6F10 8408 A000000151000000 A504 9F6501FF 9000"},
    {"00A4040000", "6F10 8408 A000000151000000 A504 9F6501FF 9000"},
    {"00A4040C08" ISD, "9000"},
    {"00A4040008 A000000003000000", "6F10 8408 A000000151000000 A504 9F6501FF 9000"},
    {"00A4040007 A0000000030000", "6F10 8408 A000000151000000 A504 9F6501FF 9000"},
    {"80CA00E000", "E024 C00401018810 C00402018810 C00403018810"
                   " C00401318810 C00402318810 C00403318810 9000"},
    {"80CA006600", "6630 732E 06072A864886FC6B01 600B06092A864886FC6B020203"
                   " 630906072A864886FC6B03 640B06092A864886FC6B040370 9000"},
    {"80CA006700", "6739 A009 800102 810415355575"
                   " A014 800103 810C 000110112021303160617071 820107"
                   " 8103F1DC00 8203100000 830102 8502F802 860138 8702F802 9000"},
    {"80CA00C200", "6A88"},
    {"80CA00C100", "C103000000 9000"},
    {"80CA9F7F00", "9F7F2A 000000000000000000000000 400310F0 "
                   "0000000000000000000000000000000000000000000000000000 9000"},
    {"80CA2F0000", "2F0020 610A 4F08A000000151000000"
                   " 6112 4F10" MANAGER " 9000"},
    {"80CAFF2100", "FF210F 810101 8204XXXXXXXX 8304XXXXXXXX 9000"},
    {"00CA00C100", "C103000000 9000"},
    {"80CA004200", "6A88"},
    {"80CA004500", "450A 988812010000400310F0 9000"},
    {"80CA00CF00", "CF0A 988812010000400310F0 9000"},
    {"80CA00D300", "D30100 9000"},
    {"80CA5F5000", "6A88"},
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
    char level[16];

    ck_assert_str_eq(offcard_open(h, ISD, 0x31, levels03[_i]), "9000");
    offcard_expect(h, "80F28002024F00", "E313 4F08A000000151000000 9F70010F C50394FE80 9000");
    offcard_expect(h, "80CA00C100", "C103000001 9000");
    (void)snprintf(level, sizeof level, "D301%02X 9000", levels03[_i]);
    offcard_expect(h, "80CA00D300", level);
    offcard_expect(h, "80F24002044F02F0AA", "6A88");
    offcard_expect(h, "80F28002024F00", "E313 4F08A000000151000000 9F70010F C50394FE80 9000");
}
END_TEST

START_TEST(scp02_opens_with_3des_keys)
{
    ck_assert_str_eq(offcard_open(h, ISD, 0x21, 0x01), "9000");
    offcard_expect(h, "80F28002024F00", "E313 4F08A000000151000000 9F70010F C50394FE80 9000");
    offcard_expect(h, "80CA006600",
                   "6630 732E 06072A864886FC6B01 600B06092A864886FC6B020203"
                   " 630906072A864886FC6B03 640B06092A864886FC6B040255 9000");
    offcard_expect(h, "80CA00C100", "C1020001 9000");
    ck_assert_str_eq(offcard_open(h, ISD, 0x00, 0x01), "9000"); /* version 00: the card chooses */
    offcard_expect(h, "80CA00C100", "C1020002 9000");
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
    card_expect(t, offcard_wrap(h, "80F28002024F00", wrapped, sizeof wrapped), "6982");
}
END_TEST

START_TEST(a_recorded_session_does_not_open_again)
{
    char wrapped[64];

    open_isd();
    offcard_wrap(h, "80F28002024F00", wrapped, sizeof wrapped);
    card_reset(t);
    card_run(t, "00A4040008" ISD);
    card_expect(t, wrapped, "6982");
    ck_assert_str_eq(offcard_open(h, ISD, 0x31, 0x01), "9000");
    card_expect(t, wrapped, "6982");
    /* the sequence is durable */
    ck_assert_int_eq(card_power_cycle(t), ERR_OK);
    card_run(t, "00A4040008" ISD);
    card_expect_run(t, "80CA00C100", "C103000002 9000");
}
END_TEST

/* Two channels that begin at once get the same computed challenge. What a host says over one of
 * them must not be good on the other, or all of it could be said twice. */
START_TEST(one_challenge_opens_one_channel)
{
    struct offcard *replay = offcard_new(t);

    card_expect_run(t, "0070000001", "01 9000");
    card_run(t, "01A4040008" ISD);
    card_run(t, "00A4040008" ISD);
    replay->channel = 1;
    offcard_initialise(h, 0x31);
    offcard_initialise(replay, 0x31);
    ck_assert_str_eq(offcard_authenticate(h, 0x01, false), "9000");
    ck_assert_str_eq(offcard_authenticate(replay, 0x01, false), "6985");
    offcard_expect(h, "80CA00C100", "C103000001 9000");
    offcard_initialise(replay, 0x31);
    ck_assert_str_eq(offcard_authenticate(replay, 0x01, false), "9000");
    offcard_free(&replay);
}
END_TEST

START_TEST(the_channel_ends_with_its_selection)
{
    char wrapped[64];

    open_isd();
    card_run(t, "00A4000C023F00");
    card_run(t, "00A4040008" ISD);
    card_expect(t, offcard_wrap(h, "80F28002024F00", wrapped, sizeof wrapped), "6982");
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
        offcard_initialise(h, 0x31);
        ck_assert_str_eq(offcard_authenticate(h, 0x01, true), "6300");
        ck_assert_str_eq(offcard_authenticate(h, 0x01, false), "6985");
    }
    card_expect(t, "8050310008 0102030405060708", "6985");
    /* switching off does not help */
    ck_assert_int_eq(card_power_cycle(t), ERR_OK);
    card_run(t, "00A4040008" ISD);
    card_expect(t, "8050310008 0102030405060708", "6985");
    t->now_ms += 1000;
    offcard_initialise(h, 0x31);
    ck_assert_str_eq(offcard_authenticate(h, 0x01, true), "6300");
    t->now_ms += 1999;
    card_expect(t, "8050310008 0102030405060708", "6985");
    t->now_ms += 1;
    ck_assert_str_eq(offcard_open(h, ISD, 0x31, 0x01), "9000");
    ck_assert_str_eq(offcard_open(h, ISD, 0x31, 0x01), "9000");
}
END_TEST

/* ---- content ---- */

START_TEST(an_applet_is_installed_listed_used_and_deleted)
{
    open_isd();
    offcard_expect(h, INSTALL_HELLO, "00 9000");
    offcard_expect(h, "80F24002044F02F0AA",
                   "E325 4F06F0AA00000001 9F700107 C503000000 C408" SAMPLES " CC08" ISD " 9000");
    offcard_expect(h, "80F24000044F02F0AA", "06F0AA00000001 07 00 9000");
    offcard_expect(h, "80F24002084F06F0AA00000002", "6A88");
    offcard_expect(h, "80F24002094F02F0AA5C034F9F70", "E30C 4F06F0AA00000001 9F700107 9000");
    card_expect_run(t, "00A4040406" APP, "6F0A8406F0AA00000001A500 9000");
    card_expect_run(t, "80CA000000", "48656C6C6F2C20776F726C64 9000");
    open_isd();
    offcard_expect(h, "80E4000008 4F06" APP, "00 9000");
    offcard_expect(h, "80F24002044F02F0AA", "6A88");
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

        offcard_free(&h);
        card_free(&t);
        setup();
        open_isd();
        t->nvm.cut_at = t->nvm.ops + cut;
        offcard_run(h, INSTALL_HELLO);
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
    offcard_expect(h, "80F21002024F00",
                   "E325 4F07A0000001515350 9F700101 CE020100 8408A000000151535041 CC08" ISD
                   "E332 4F08" SAMPLES " 9F700101 CE020100 8409" HELLO " 8409" WATCH " CC08" ISD
                   "E327 4F08F052657365617402 9F700101 CE020100 8409F05265736561740201 CC08" ISD
                   "9000");
    offcard_expect(h, "80E400000A 4F08" SAMPLES, "6985");
    offcard_expect(h, "80E400800A 4F08" SAMPLES, "6985");
    offcard_expect(h, "80E400000A 4F08" ISD, "6985");
    offcard_expect(h, "80E4000008 4F06" APP, "6A88");
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
    offcard_run(h, refused[_i].send);
    ck_assert_msg(strcmp(h->answer, refused[_i].want) == 0, "%s: got %s, want %s", refused[_i].what,
                  h->answer, refused[_i].want);
    offcard_expect(h, "80F24002044F02F0AA", "6A88"); /* and nothing was left behind */
}
END_TEST

/* A field of more than 127 bytes has a length of two, as BER writes it; of one is taken too. */
static const char *const long_fields[] = {"80E60C00A8 08" SAMPLES " 09" HELLO " 06" APP
                                          " 0100 8189",
                                          "80E60C00A7 08" SAMPLES " 09" HELLO " 06" APP " 0100 89"};

START_TEST(install_takes_long_fields)
{
    char command[420];

    (void)snprintf(command, sizeof command,
                   "%s C96E %0220d EF17 C8020200 CA11 020100 01 00 14 01 0000 00 02 0116 03 0A0B0C"
                   " 00",
                   long_fields[_i], 0);
    open_isd();
    offcard_expect(h, command, "00 9000");
}
END_TEST

START_TEST(installed_becomes_selectable_locked_and_unlocked)
{
    open_isd();
    offcard_expect(h, "80E6040020 08" SAMPLES " 09" HELLO " 06" APP " 0100 02C900 00", "6A80");
    offcard_expect(h,
                   "80E6040039 08" SAMPLES " 09" HELLO " 06" APP " 0100 1B C900 EF17 C8020200"
                   " CA11 020100 01 00 14 01 0000 00 02 0116 03 0A0B0C 00",
                   "00 9000");
    card_expect(t, "00A4040406" APP, "6A82");
    open_isd();
    offcard_expect(h, "80F0400706" APP, "6985"); /* only INSTALL makes selectable */
    offcard_expect(h, "80E608000D 00 00 06" APP " 0100 00 00", "00 9000");
    offcard_expect(h, "80E608000D 00 00 06" APP " 0100 00 00", "6985");
    offcard_expect(h, "80F0408006" APP, "9000");
    offcard_expect(h, "80F24002044F02F0AA",
                   "E325 4F06F0AA00000001 9F700187 C503000000 C408" SAMPLES " CC08" ISD " 9000");
    card_expect(t, "00A4040406" APP, "6A82");
    open_isd();
    offcard_expect(h, "80F0400706" APP, "9000");
    offcard_expect(h, "80F0400F06" APP, "9000");
    offcard_expect(h, "80F0400306" APP, "6985");
    offcard_expect(h, "80F0400706" SSD, "6A88");
    card_expect_run(t, "00A4040C06" APP, "9000");
}
END_TEST

START_TEST(the_card_is_locked_and_unlocked_and_never_terminated)
{
    open_isd();
    offcard_expect(h, INSTALL_HELLO, "00 9000");
    offcard_expect(h, "80F080FF00", "6985");
    offcard_expect(h, "80F0800100", "6985");
    offcard_expect(h, "80F0807F00", "9000");
    offcard_expect(h, "80E4000008 4F06" APP, "6985");
    card_expect(t, "00A4040406" APP, "6A82");
    card_expect(t, "00A4040008" ISD, "6112"); /* what GlobalPlatformPro and gpshell fetch */
    card_expect(t, "00C0000012", "6F10 8408" ISD " A504 9F6501FF 6283");
    card_expect(t, "00A4040C08" ISD, "6283");
    ck_assert_str_eq(offcard_open(h, ISD, 0x31, 0x33), "9000");
    offcard_expect(h, "80F0800F00", "9000");
    card_expect_run(t, "00A4040C06" APP, "9000");
}
END_TEST

/* The subscription manager is part of the card: it is listed, and nobody takes it away, stops it,
 * moves it, or writes its data. */
START_TEST(the_subscription_manager_is_listed_and_stays)
{
    static const char *const attempts[] = {
        "80E4000012 4F10" MANAGER,                        /* DELETE */
        "80E4008012 4F10" MANAGER,                        /* with what hangs on it */
        "80E400000A 4F08F052657365617402",                /* its load file */
        "80F0408010" MANAGER,                             /* SET STATUS: locked */
        "80E610001E 08" ISD " 00 10" MANAGER " 00 00 00", /* INSTALL for extradition */
        "80E6400019 00 00 10" MANAGER " 03000000 00 00",  /* for registry update */
        "80E6200016 00 00 10" MANAGER " 00 00 00",        /* for personalisation */
    };

    card_expect(t, "00A4040010" MANAGER, "6A82"); /* it has no commands of its own */
    open_isd();
    offcard_expect(h, "80F24002124F10" MANAGER,
                   "E32F 4F10" MANAGER " 9F700107 C503000000 C408F052657365617402 CC08" ISD
                   " 9000");
    for (size_t i = 0; i < ARRAY_LEN(attempts); i++)
        offcard_expect(h, attempts[i], "6985");
}
END_TEST

/* What has an ADF is an application of the issuer's domain like any other. */
START_TEST(applications_of_the_profile_are_listed)
{
    open_isd();
    offcard_expect(h, "80F24002074F005C034F9F70",
                   "E316 4F10" MANAGER " 9F700107"
                   "E316 4F10A0000000871002FFFFFFFF8907090000 9F700107"
                   "E316 4F10A0000000871004FFFFFFFF8907090000 9F700107 9000");
    offcard_expect(h, "80F24002094F07A0000000871004",
                   "E325 4F10A0000000871004FFFFFFFF8907090000 9F700107 C503000000 CC08" ISD
                   " 9000");
    offcard_expect(h, "80F280020A 4F021234 5C044F9F70C5",
                   "E313 4F08" ISD " 9F70010F C50394FE80 9000"); /* its name is not looked at */
    offcard_expect(h, "80F24002024F", "6A80");
    offcard_expect(h, "80F2600202 4F00", "6A86");
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
        offcard_run(h, command);
    }
    /* the watch wants a toolkit */
    ck_assert_str_eq(h->answer, "6A80");
    for (unsigned i = 1; i <= 12; i++) {
        (void)snprintf(command, sizeof command,
                       "80E60C002F 08" SAMPLES " 09" WATCH
                       " 06F0AA000000%02X 0100 11 C903 313233 EF0A CA08 0100 01000000 0000 00",
                       i);
        offcard_expect(h, command, "00 9000");
    }
    offcard_run(h, "80F24002044F02F0AA");
    ck_assert_str_eq(h->answer + strlen(h->answer) - 4, "6310");
    do {
        for (p = h->answer; (p = strstr(p, "E3254F06F0AA")) != NULL; p++)
            entries++;
        if (strcmp(h->answer + strlen(h->answer) - 4, "6310") != 0)
            break;
        offcard_run(h, "80F24003034F01F0");
    } while (entries <= 12);
    ck_assert_uint_eq(entries, 12);
    offcard_expect(h, "80F24003034F01F0", "6985");
}
END_TEST

START_TEST(menu_follows_installation_at_once)
{
    open_isd();
    card_send(t, "8010000014 FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF");
    offcard_run(h, INSTALL_HELLO);
    ck_assert_str_eq(h->answer + strlen(h->answer) - 4, "9121");
}
END_TEST

/* ---- store data ---- */

START_TEST(stored_objects_are_kept)
{
    open_isd();
    offcard_expect(h, "80E2900007 4205 0102030405", "9000");
    offcard_expect(h, "80E2880007 0070 04 4502 AABB", "9000");
    offcard_expect(h, "80E2900004 4202 0607", "9000");
    offcard_expect(h, "80E2900004 6602 0607", "6A88");
    offcard_expect(h, "80E2900003 42020A", "6A80");
    offcard_expect(h, "80E2F00004 4202 0607", "6A86");
    offcard_expect(h, "80E2880010 0070 04 4202 0809 0070 FF0004 5F50 01 2F", "9000");
    offcard_expect(h, "80CA5F5000", "5F50012F 9000");
    offcard_expect(h, "80E288000E 0070 04 4202 0101 0071 04 4502 0101", "6A80");
    offcard_expect(h, "80E2880007 0070 05 4202 0101", "6A80");
    offcard_expect(h, "80E2900003 5F50 00", "9000"); /* an empty one is gone */
    offcard_expect(h, "80CA5F5000", "6A88");
    offcard_expect(h, "80E2900008 4202 0607 6602 0607", "6A88"); /* all or nothing */
    offcard_expect(h, "80E2900004 4202 0607", "9000");
    card_expect_run(t, "00A4040C08" ISD, "9000");
    card_expect_run(t, "80CA004200", "42020607 9000");
    card_expect_run(t, "80CA004500", "4502AABB 9000");
}
END_TEST

START_TEST(personalisation_goes_to_the_application)
{
    open_isd();
    offcard_expect(h, INSTALL_HELLO, "00 9000");
    offcard_expect(h, "80E620000C 0000 06" APP " 000000", "00 9000");
    offcard_expect(h, "80E2800002 1234", "48656C6C6F2C20776F726C64 9000");
    offcard_expect(h, "80E2800002 1234", "6A80"); /* the last block was the last */
    offcard_expect(h, "80E620000C 0000 06" SSD " 000000", "6A88");
}
END_TEST

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
    tcase_add_test(c, a_command_without_its_mac_is_refused);
    tcase_add_test(c, a_recorded_session_does_not_open_again);
    tcase_add_test(c, one_challenge_opens_one_channel);
    tcase_add_test(c, the_channel_ends_with_its_selection);
    tcase_add_test(c, spoilt_authentications_make_the_card_wait);
    c = add(s, "GP annex E", setup_des);
    tcase_add_test(c, scp02_opens_with_3des_keys);
    c = add(s, "GP 11.2, 11.4, 11.5, 11.10", setup);
    tcase_add_test(c, an_applet_is_installed_listed_used_and_deleted);
    tcase_add_test(c, sec_C14_installation_is_whole_or_has_not_happened);
    tcase_add_test(c, load_files_of_the_card_are_listed_and_stay);
    tcase_add_loop_test(c, install_refuses, 0, (int)ARRAY_LEN(refused));
    tcase_add_loop_test(c, install_takes_long_fields, 0, (int)ARRAY_LEN(long_fields));
    tcase_add_test(c, installed_becomes_selectable_locked_and_unlocked);
    tcase_add_test(c, the_card_is_locked_and_unlocked_and_never_terminated);
    tcase_add_test(c, the_subscription_manager_is_listed_and_stays);
    tcase_add_test(c, applications_of_the_profile_are_listed);
    tcase_add_test(c, status_comes_in_pieces_when_it_is_long);
    tcase_add_test(c, menu_follows_installation_at_once);
    c = add(s, "GP 11.11", setup);
    tcase_add_test(c, stored_objects_are_kept);
    tcase_add_test(c, personalisation_goes_to_the_application);
    return s;
}
