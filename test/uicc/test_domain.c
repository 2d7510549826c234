/* Tests of security domains over the air. Goal: a supplementary domain with keys of its own is
 * reached with those alone, and reaches nothing but its own; what an operator put there ends with
 * him; an applet gets the packets of its TAR. */
#include "apdu/gp.h"
#include "apdu/hex.h"
#include "apdu/tlv.h"
#include "test/support/hexrow.h"
#include "test/support/runner.h"
#include "test/support/uicc/air.h"
#include "test/uicc/cap_fixture.h"
#include "uicc/applet/manage.h"
#include "uicc/isd/isd.h"

#include <stdio.h>
#include <string.h>

#define SSD      "F0BB00000001"
#define SSD_TAR  "0D0E0F"
#define APP      "F0AA00000001"
#define APP_TAR  "0A0B0C"
#define SAMPLES  "F052657365617401"
#define HELLO    "F05265736561740101"
#define SSD_KEYS 2 /* key set version; the server keeps them where pair 2 was */

static struct air *o;
static struct gp_key ssd_keys[3];

static void setup(void)
{
    o = air_new(NULL, SECPKT_AES);
}

static void teardown(void)
{
    air_free(&o);
}

/* ---- what is sent ---- */

static struct secpkt_response run(uint8_t slot, const char *tar, uint64_t counter, const char *hex)
{
    struct hexrow row;
    struct air_packet p = air_packet(o, slot, tar, counter, hexrow(&row, hex));

    air_run(o, &p);
    return air_proof(o, &p);
}

static void expect(uint8_t slot, const char *tar, uint64_t counter, const char *hex,
                   const char *want)
{
    struct secpkt_response r = run(slot, tar, counter, hex);

    ck_assert(r.authenticated);
    ck_assert_uint_eq(r.rsc, RSC_OK);
    hexrow_assert(r.data, want, hex);
}

/* The card does not believe the sender: 01, in clear. */
static void expect_refused(uint8_t slot, const char *tar, uint64_t counter)
{
    struct secpkt_response r = run(slot, tar, counter, "80F24002044F02F0AA");

    ck_assert(!r.authenticated);
    ck_assert_uint_eq(r.rsc, RSC_CC_FAILED);
}

static void install_domain(uint64_t counter)
{
    expect(1, AIR_RAM, counter,
           "80E60C002E 07A0000001515350 08A000000151535041 06" SSD
           " 03804000 10 EA0E800C 0000000000 020116 03" SSD_TAR " 00",
           "01 6101");
}

/* PUT KEY of a set for the domain, under the issuer's KIK. */
static void put_domain_keys(uint64_t counter)
{
    struct gp_key dek = {.type = GP_KEY_AES, .key = o->made.pairs[0].kik.key};
    uint8_t bytes[256];
    char hex[600];
    struct wr w = WR_ARRAY(bytes);

    for (uint8_t i = 0; i < 3; i++) {
        ssd_keys[i].type = GP_KEY_AES;
        ssd_keys[i].key.len = 16;
        memset(ssd_keys[i].key.bytes, 0xA0 + i, 16);
    }
    ck_assert_int_eq(gp_write_put_key(o->crypto, 0, SSD_KEYS, ssd_keys, 3, &dek, &w), ERR_OK);
    ck_assert_int_eq(hex_encode(RD_WR(&w), hex, sizeof hex), ERR_OK);
    expect(1, SSD_TAR, counter, hex, "01 610A");
    o->made.pairs[SSD_KEYS - 1].kic.key = ssd_keys[0].key;
    o->made.pairs[SSD_KEYS - 1].kid.key = ssd_keys[1].key;
    o->made.pairs[SSD_KEYS - 1].kik.key = ssd_keys[2].key;
}

static void make_domain(void)
{
    install_domain(1);
    put_domain_keys(2);
}

/* ---- tests ---- */

START_TEST(an_applet_is_installed_over_the_air)
{
    expect(1, AIR_RAM, 1,
           "80E60C0039 08" SAMPLES " 09" HELLO " 06" APP " 0100 1B C900 EF17 C8020200"
           " CA11 020100 01 00 14 01 0000 00 02 0116 03" APP_TAR " 00",
           "01 6101");
    expect(1, AIR_RAM, 2, "AA0C 220A 80F24002044F02F0AA00",
           "AB2E 800101 2329 E325 4F06" APP " 9F700107 C503000000 C408" SAMPLES
           " CC08A000000151000000 9000");
    expect(1, AIR_RAM, 3, "80E4000008 4F06" APP, "01 6101");
    expect(1, AIR_RAM, 4, "80F24002044F02F0AA", "01 6A88");
}
END_TEST

/* One block of a load file as a script of one LOAD. */
static void send_block(uint64_t counter, struct rd block, uint8_t number, bool last,
                       const char *want)
{
    uint8_t command[200];
    char hex[401];
    struct wr w = WR_ARRAY(command);

    wr_bytes(&w, (const uint8_t[]){0x80, 0xE8, last ? 0x80 : 0, number, (uint8_t)block.left}, 5);
    wr_rd(&w, block);
    ck_assert_int_eq(hex_encode(RD_WR(&w), hex, sizeof hex), ERR_OK);
    expect(1, AIR_RAM, counter, hex, want);
}

/* A handset may be switched off between two messages; a message that was lost is a load lost. */
START_TEST(a_load_over_the_air_outlives_the_power_but_no_gap)
{
    uint8_t file[600], bytes[700];
    struct wr w = WR_ARRAY(bytes);
    size_t third;

    tlv_write(&w, 0xC4, RD(file, good_file(file, sizeof file)));
    third = w.len / 3;
    expect(1, AIR_RAM, 1, "80E602000B 06" PACKAGE " 00 00 00 00", "01 6101");
    send_block(2, RD(bytes, third), 0, false, "01 6101");
    send_block(3, RD(bytes + 2 * third, w.len - 2 * third), 2, true, "01 6A80");
    send_block(4, RD(bytes + third, third), 1, false, "01 6985");
    expect(1, AIR_RAM, 5, "80E602000B 06" PACKAGE " 00 00 00 00", "01 6101");
    send_block(6, RD(bytes, third), 0, false, "01 6101");
    air_power_cut(o, NVM_SIM_KEEP);
    air_terminal(o);
    send_block(7, RD(bytes + third, third), 1, false, "01 6101");
    expect(1, AIR_RAM, 8, "80F21002084F06" PACKAGE, "01 6A88");
    send_block(9, RD(bytes + 2 * third, w.len - 2 * third), 2, true, "01 6101");
    expect(1, AIR_RAM, 10, "80F21002084F06" PACKAGE, "01 6125");
}
END_TEST

/* GP 11.5.2.1: load and installation in one, of which the second fails: no applet stands behind the
 * module. A script keeps what it did, but the load file was half of something. */
START_TEST(a_combined_process_leaves_nothing_when_its_end_fails)
{
    uint8_t file[600], bytes[700];
    struct wr w = WR_ARRAY(bytes);

    tlv_write(&w, 0xC4, RD(file, good_file(file, sizeof file)));
    expect(1, AIR_RAM, 1, "80E60E010B 06" PACKAGE " 00 00 00 00", "01 6101");
    send_block(2, RD(bytes, 150), 0, false, "01 6101");
    send_block(3, RD(bytes + 150, w.len - 150), 1, true, "01 6101");
    air_power_cut(o, NVM_SIM_KEEP);
    air_terminal(o);
    expect(1, AIR_RAM, 4, "80E60E031A 06" PACKAGE " 07" MODULE " 06 F0CC00000002 0100 00 00",
           "01 6A81");
    expect(1, AIR_RAM, 5, "80E60E031A 06" PACKAGE " 07" MODULE " 06 F0CC00000002 0100 00 00",
           "01 6A88");
    expect(1, AIR_RAM, 6, "80F21002084F06" PACKAGE, "01 6A88");
}
END_TEST

START_TEST(a_script_that_fails_keeps_what_it_did_before)
{
    expect(1, AIR_RAM, 1,
           "80E60C001E 07A0000001515350 08A000000151535041 06" SSD " 03800000 00 00"
           "80E60C001E 07A0000001515350 08A000000151535041 06" SSD " 03800000 00 00",
           "02 6A80");
    expect(1, AIR_RAM, 2, "80F24000044F02F0BB", "01 6109");
}
END_TEST

/* GP 11.10: domain and content are locked as one. Of what is no domain nothing changes, though the
 * script keeps what went before. */
START_TEST(only_a_domain_is_locked_with_its_content)
{
    expect(1, AIR_RAM, 1,
           "80E60C0039 08" SAMPLES " 09" HELLO " 06" APP " 0100 1B C900 EF17 C8020200"
           " CA11 020100 01 00 14 01 0000 00 02 0116 03" APP_TAR " 00",
           "01 6101");
    expect(1, AIR_RAM, 2, "80F0C08006" APP, "01 6A88");
    expect(1, AIR_RAM, 3, "AA0C 220A 80F24000044F02F0AA00", "AB10 800101 230B 06" APP " 0700 9000");
}
END_TEST

START_TEST(a_domain_without_ota_keys_is_the_issuer_s_to_reach)
{
    install_domain(1);
    expect(1, SSD_TAR, 2, "80F24000044F02F0BB", "01 6109");
    expect_refused(2, SSD_TAR, 3);
}
END_TEST

START_TEST(a_domain_with_ota_keys_is_reached_with_those_alone)
{
    make_domain();
    expect_refused(1, SSD_TAR, 10);
    expect(SSD_KEYS, SSD_TAR, 1, "80F24000044F02F0BB", "01 6109");
    expect(SSD_KEYS, SSD_TAR, 2, "80F28000024F00", "01 6A88"); /* it does not see the issuer */
    expect(SSD_KEYS, SSD_TAR, 3, "80F0807F00", "01 6982");
    /* and its keys open nothing else */
    expect_refused(SSD_KEYS, AIR_RAM, 11);
    expect_refused(SSD_KEYS, AIR_RFM_UICC, 12);
    expect_refused(SSD_KEYS, AIR_OPCHANGE, 13);
    expect(1, AIR_RAM, 3, "80F24000044F02F0BB", "01 6109");
}
END_TEST

START_TEST(a_locked_domain_is_not_there)
{
    install_domain(1);
    expect(1, AIR_RAM, 2, "80F0408006" SSD, "01 9000");
    ck_assert_uint_eq(run(1, SSD_TAR, 3, "80F24000044F02F0BB").rsc, RSC_TAR_UNKNOWN);
    expect(1, AIR_RAM, 3, "80F0400706" SSD, "01 9000");
    expect(1, SSD_TAR, 4, "80F24000044F02F0BB", "01 6109");
}
END_TEST

START_TEST(a_domain_has_counters_of_its_own)
{
    make_domain();
    expect(SSD_KEYS, SSD_TAR, 5, "80F24000044F02F0BB", "01 6109");
    ck_assert_uint_eq(run(SSD_KEYS, SSD_TAR, 5, "80F24000044F02F0BB").rsc, RSC_CNTR_LOW);
    air_power_cut(o, NVM_SIM_DROP);
    ck_assert_uint_eq(run(SSD_KEYS, SSD_TAR, 4, "80F24000044F02F0BB").rsc, RSC_CNTR_LOW);
    expect(1, AIR_RAM, 3, "80F24000044F02F0BB", "01 6109");
}
END_TEST

START_TEST(what_an_operator_put_ends_with_him)
{
    struct opchange_command change = air_change_to(1, "001019999999999", 10, 0);

    make_domain();
    o->made.pairs[2] = o->made.pairs[1]; /* the domain's keys; pair 2 is needed again */
    {
        struct air *fresh = air_new(NULL, SECPKT_AES);

        o->made.pairs[1] = fresh->made.pairs[1];
        air_free(&fresh);
    }
    ck_assert_int_eq(air_change(o, 1, 3, &change).result, OPCHANGE_DONE);
    air_reset(o);
    /* the domain is there, but only whoever is in force now reaches it */
    expect(2, SSD_TAR, 1, "80F24000044F02F0BB", "01 6109");
    o->made.pairs[1] = o->made.pairs[2];
    expect_refused(2, SSD_TAR, 20);
}
END_TEST

/* C26: once the old pair is wiped, what its operator put is nowhere on the medium either. */
START_TEST(sec_C26_keys_of_an_operator_who_is_gone_are_wiped)
{
    struct opchange_command change = air_change_to(1, "001019999999999", 10, 0);
    struct air *fresh = air_new(NULL, SECPKT_AES);

    make_domain();
    ck_assert(nvm_sim_holds(&o->sim, RD_SECRET(&ssd_keys[0].key)));
    o->made.pairs[1] = fresh->made.pairs[1];
    air_free(&fresh);
    ck_assert_int_eq(air_change(o, 1, 3, &change).result, OPCHANGE_DONE);
    air_reset(o);
    ck_assert(nvm_sim_holds(&o->sim, RD_SECRET(&ssd_keys[0].key))); /* for the way back */
    air_select(o, "6F07");
    ck_assert_uint_ne(air_authenticate(o, 2, 32), 0x9862);
    for (unsigned i = 0; i < 3; i++)
        ck_assert(!nvm_sim_holds(&o->sim, RD_SECRET(&ssd_keys[i].key)));
}
END_TEST

START_TEST(packets_to_its_tar_trigger_an_applet)
{
    make_domain();
    expect(SSD_KEYS, SSD_TAR, 1,
           "80E60C0039 08" SAMPLES " 09" HELLO " 06" APP " 0100 1B C900 EF17 C8020200"
           " CA11 020100 01 00 14 01 0000 00 02 0116 03" APP_TAR " 00",
           "01 6101");
    expect_refused(1, APP_TAR, 20); /* it belongs to the domain */
    expect(SSD_KEYS, APP_TAR, 2, "0102", "48656C6C6F2C20776F726C64");
    ck_assert_uint_eq(run(SSD_KEYS, APP_TAR, 2, "0102").rsc, RSC_CNTR_LOW);
}
END_TEST

START_TEST(a_tar_below_its_level_is_refused)
{
    struct hexrow row;
    struct air_packet p;

    make_domain();
    p = air_packet(o, SSD_KEYS, SSD_TAR, 1, hexrow(&row, "80F24000044F02F0BB"));
    p.command.header.spi[0] = 0x12; /* not ciphered: the domain was installed with level 16 */
    air_run(o, &p);
    ck_assert_uint_eq(air_proof(o, &p).rsc, RSC_LEVEL);
}
END_TEST

Suite *suite_under_test(void)
{
    Suite *s = suite_create("domain");
    TCase *t = tcase_create("TS 102 226 8, TS 102 225 5.1");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, an_applet_is_installed_over_the_air);
    tcase_add_test(t, a_load_over_the_air_outlives_the_power_but_no_gap);
    tcase_add_test(t, a_combined_process_leaves_nothing_when_its_end_fails);
    tcase_add_test(t, a_script_that_fails_keeps_what_it_did_before);
    tcase_add_test(t, only_a_domain_is_locked_with_its_content);
    tcase_add_test(t, a_domain_without_ota_keys_is_the_issuer_s_to_reach);
    tcase_add_test(t, a_domain_with_ota_keys_is_reached_with_those_alone);
    tcase_add_test(t, a_locked_domain_is_not_there);
    tcase_add_test(t, a_domain_has_counters_of_its_own);
    tcase_add_test(t, what_an_operator_put_ends_with_him);
    tcase_add_test(t, sec_C26_keys_of_an_operator_who_is_gone_are_wiped);
    tcase_add_test(t, packets_to_its_tar_trigger_an_applet);
    tcase_add_test(t, a_tar_below_its_level_is_refused);
    suite_add_tcase(s, t);
    return s;
}
