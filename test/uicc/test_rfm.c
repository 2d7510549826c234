/* Tests of uicc/remote/run.h and rfm.c. Goal: a script does what TS 102 226 says, in a context of
 * its own, with the rights of its TAR and no others, and answers in the format it came in.
 * Rows with known answers are those of real cards where a public one exists. */
#include "apdu/hex.h"
#include "test/support/hexrow.h"
#include "test/support/runner.h"
#include "test/support/uicc/air.h"
#include "uicc/core/card.h"
#include "uicc/fs/fs.h"
#include "uicc/pin/pin.h"
#include "uicc/remote/counter.h"

static struct air *o;

static void setup(void)
{
    o = air_new(NULL, SECPKT_AES);
    air_terminal(o);
}

static void teardown(void)
{
    air_free(&o);
}

static const struct {
    const char *rule, *tar, *script, *answer;
} rows[] = {
    {"read ICCID", AIR_RFM_UICC, "00A4080C022FE2 00B000000A", "02 9000 988812010000400310F0"},
    {"P3 00 asks for all", AIR_RFM_UICC, "00A4080C022FE2 00B0000000",
     "02 9000 988812010000400310F0"},
    {"the ADF is current", AIR_RFM_USIM, "00A4000C026F07 00B0000009", "02 9000 080910101032547698"},
    {"path from the current application", AIR_RFM_USIM, "00A4080C047FFF6F07 00B0000009",
     "02 9000 080910101032547698"},
    {"the MF is reached from an ADF", AIR_RFM_USIM, "00A4000C023F00 00A4000C022FE2 00B000000A",
     "03 9000 988812010000400310F0"},
    {"GET RESPONSE is counted", AIR_RFM_UICC, "00A4000C023F00 00A4080C022FE2 00B0000002",
     "03 9000 9888"},
    {"data of the last command only", AIR_RFM_UICC, "00A4080C022FE2 00B000000A 00B0000002",
     "03 9000 9888"},
    {"stops at the first error", AIR_RFM_UICC, "00A4080C02AAAA 00A4080C022FE2", "01 6A82"},
    {"no such instruction", AIR_RFM_UICC, "0088008100", "01 6D00"},
    {"class of the 2G file system", AIR_RFM_UICC, "A0A40000023F00", "01 6E00"},
    {"another channel", AIR_RFM_UICC, "01A4000C023F00", "01 6E00"},
    {"no applications in the shared file system", AIR_RFM_UICC, "00A4040C07A0000000871002",
     "01 6A86"},
    {"update", AIR_RFM_USIM, "00A4000C026F78 00D60000020004 00B0000002", "03 9000 0004"},
    {"2G file system", AIR_RFM_SIM, "A0A40000027F20 A0A40000026F07 A0B0000009",
     "03 9000 080910101032547698"},
    {"2G: data waits", AIR_RFM_SIM, "A0A40000027F20 A0A40000026F07", "02 9F0F"},
    {"2G: GET RESPONSE", AIR_RFM_SIM, "A0A40000022FE2 A0C0000006", "02 9F09 0000000A2FE2"},
    {"2G: no such file", AIR_RFM_SIM, "A0A40000026F07", "01 9404"},
    {"2G: other class", AIR_RFM_SIM, "00A4000C023F00", "01 6E00"},
    {"GET RESPONSE with nothing waiting", AIR_RFM_UICC, "00C0000000", "01 6985"},
    {"cut", AIR_RFM_UICC, "00A4080C022FE2 00B0", "02 6700"},
    {"nothing to do", AIR_RFM_UICC, "", "00 0000"},
    {"definite", AIR_RFM_UICC, "AA 10 2207 00A4080C022FE2 2205 00B000000A",
     "AB 15 800102 2302 9000 230C 988812010000400310F0 9000"},
    {"definite, Le 00", AIR_RFM_UICC, "AA 10 2207 00A4080C022FE2 2205 00B0000000",
     "AB 15 800102 2302 9000 230C 988812010000400310F0 9000"},
    {"indefinite", AIR_RFM_UICC, "AE 80 2207 00A4080C022FE2 2205 00B000000A 0000",
     "AF 80 2302 9000 230C 988812010000400310F0 9000 0000"},
    {"expanded stops at the first error", AIR_RFM_UICC,
     "AA 12 2207 00A4080C02AAAA 2207 00A4080C022FE2", "AB 07 800101 2302 6A82"},
    {"unknown tag", AIR_RFM_UICC, "AA 03 7F01 00", "AB 06 800100 900101"},
    {"length past the end", AIR_RFM_UICC, "AA 03 2205 00", "AB 06 800100 900103"},
    {"C-APDU of wrong length", AIR_RFM_UICC, "AA 04 2202 00A4", "AB 06 800100 900102"},
    {"chaining without a first script", AIR_RFM_UICC, "AA 0C 830102 2207 00A4080C022FE2",
     "AB 06 800100 830101"},
    {"chaining over reset is not offered", AIR_RFM_UICC, "AA 03 830111", "AB 06 800100 830102"},
    {"chaining of no known kind", AIR_RFM_UICC, "AA 03 830177", "AB 06 800100 830103"},
    {"session indication", AIR_RFM_UICC, "AA 0C 810181 2207 00A4080C022FE2",
     "AB 07 800101 2302 9000"},
};

START_TEST(run_script_answers)
{
    struct secpkt_response r = air_script(o, rows[_i].tar, 1, rows[_i].script);

    ck_assert_uint_eq(r.rsc, RSC_OK);
    hexrow_assert(r.data, rows[_i].answer, rows[_i].rule);
}
END_TEST

/* SELECT with FCP: its length is the card's, so the answer is compared in parts. */
START_TEST(run_script_keeps_data_for_get_response)
{
    struct secpkt_response r = air_script(o, AIR_RFM_UICC, 1, "00A40004023F00");
    uint8_t waiting;

    ck_assert_uint_eq(r.data.left, 3);
    ck_assert_uint_eq(r.data.at[0], 1);
    ck_assert_uint_eq(r.data.at[1], 0x61);
    waiting = r.data.at[2];
    r = air_script(o, AIR_RFM_UICC, 2, "00A40004023F00 00C0000000");
    ck_assert_uint_eq(r.data.at[0], 2);
    ck_assert_uint_eq(r.data.at[1], 0x90);
    ck_assert_uint_eq(r.data.left, 3U + waiting);
    ck_assert_uint_eq(r.data.at[3], 0x62);
    r = air_script(o, AIR_RFM_UICC, 3, "00A40004023F00 00C0000004");
    ck_assert_uint_eq(r.data.left, 7);
    ck_assert_uint_eq(r.data.at[1], 0x61);
    ck_assert_uint_eq(r.data.at[2], waiting - 4U);
    r = air_script(o, AIR_RFM_UICC, 4, "AA 0A 2208 00A40004023F0000");
    ck_assert_uint_eq(r.data.at[0], 0xAB);
    ck_assert_uint_eq(r.data.at[7], 0x62);
}
END_TEST

START_TEST(run_script_clips_what_does_not_fit)
{
    struct secpkt_response r = air_script(o, AIR_RFM_USIM, 1, "00A4000C026F3C 00B20104B0");

    ck_assert_uint_eq(r.data.at[0], 2);
    ck_assert_uint_eq(r.data.at[1] << 8 | r.data.at[2], 0x62F1);
    ck_assert_uint_le(o->answer_len, 128);
    ck_assert_uint_gt(r.data.left, 80);
    r = air_script(o, AIR_RFM_USIM, 2, "AA 10 2207 00A4000C026F3C 2205 00B20104B0");
    ck_assert_uint_eq(r.data.at[0], 0xAB);
    ck_assert_uint_eq(r.data.at[r.data.left - 2] << 8 | r.data.at[r.data.left - 1], 0x62F1);
    ck_assert_uint_le(o->answer_len, 128);
}
END_TEST

START_TEST(run_script_has_context_of_its_own)
{
    air_hex(o, "00A4080C022FE2");
    air_script(o, AIR_RFM_USIM, 1, "00A4000C026F07");
    ck_assert_uint_eq(air_hex(o, "00B000000A"), 0x9000);
    hexrow_assert(RD(o->answer, o->answer_len), "988812010000400310F0", "terminal's file");
    /* and forgets it: nothing is selected in the next script */
    hexrow_assert(air_script(o, AIR_RFM_USIM, 2, "00B0000009").data, "01 6986", "next script");
}
END_TEST

START_TEST(run_script_chain_keeps_context)
{
    struct secpkt_response r = air_script(o, AIR_RFM_USIM, 1, "AA 0C 830101 2207 00A4000C026F07");

    hexrow_assert(r.data, "AB07 800101 2302 9000", "first");
    r = air_script(o, AIR_RFM_UICC, 2, "AA 03 830102");
    hexrow_assert(r.data, "AB06 800100 830101", "of another TAR");
    r = air_script(o, AIR_RFM_USIM, 3, "AA 0C 830101 2207 00A4000C026F07");
    r = air_script(o, AIR_RFM_USIM, 4, "AA 0A 830103 2205 00B0000009");
    hexrow_assert(r.data, "AB10 800101 230B 080910101032547698 9000", "last");
    r = air_script(o, AIR_RFM_USIM, 5, "AA 0A 830103 2205 00B0000009");
    hexrow_assert(r.data, "AB06 800100 830101", "behind the last");
}
END_TEST

/* ICCID may be updated by nobody; what ADM1 may, the default access domain may. */
START_TEST(rfm_command_has_rights_of_access_domain)
{
    hexrow_assert(air_script(o, AIR_RFM_UICC, 1, "00A4080C022FE2 00D600000100").data, "02 6982",
                  "ICCID");
    air_select(o, "6F07");
    ck_assert_uint_eq(air_hex(o, "00D6000009080910101032547698"), 0x6982);
    hexrow_assert(
        air_script(o, AIR_RFM_USIM, 2, "00A4000C026F07 00D6000009080910101032547698").data,
        "02 9000", "IMSI");
    ck_assert_uint_eq(air_hex(o, "00D6000009080910101032547698") & 0xFFFF, 0x6982);
}
END_TEST

START_TEST(rfm_command_has_no_other_rights)
{
    air_free(&o);
    o = air_new("tar B00001 = rfm-usim 16 PIN1\n", SECPKT_AES);
    air_terminal(o);
    hexrow_assert(air_script(o, AIR_RFM_USIM, 1, "00A4000C026F07 00B0000001").data, "02 9000 08",
                  "PIN1 reads");
    hexrow_assert(air_script(o, AIR_RFM_USIM, 2, "00A4000C026F07 00D600000108").data, "02 6982",
                  "ADM1 writes");
}
END_TEST

START_TEST(rfm_change_of_imsi_asks_for_refresh)
{
    struct air_packet p;
    uint8_t script[32];
    struct wr w = WR_ARRAY(script);
    char imsi[IMSI_DIGITS_MAX + 1];

    ck_assert_int_eq(hex_decode("00A4000C026F07 00D6000009082926102143658709", &w), ERR_OK);
    p = air_packet(o, 1, AIR_RFM_USIM, 1, RD_WR(&w));
    ck_assert_uint_eq(air_run(o, &p) >> 8, o->card->profile->rfm_refresh == 0xFF ? 0x90 : 0x91);
    ck_assert_uint_eq(air_proof(o, &p).rsc, RSC_OK);
    air_session(o);
    ck_assert_uint_eq(o->refreshes, o->card->profile->rfm_refresh == 0xFF ? 0 : 1);
    air_imsi(o, imsi);
    ck_assert_str_eq(imsi, "262011234567890");
    air_power_cut(o, NVM_SIM_DROP);
    air_imsi(o, imsi);
    ck_assert_str_eq(imsi, "262011234567890");
}
END_TEST

START_TEST(run_script_immediate_action_follows_proof)
{
    struct secpkt_response r =
        air_script(o, AIR_RFM_UICC, 1, "AA 14 8109 8103010103 82028182 2207 00A4080C022FE2");

    hexrow_assert(r.data, "AB07 800101 2302 9000", "answer");
    ck_assert_uint_eq(o->sw >> 8, 0x91);
    air_session(o);
    ck_assert_uint_eq(o->refreshes, 1);
    ck_assert_uint_eq(o->refresh_mode, 0x03);
}
END_TEST

START_TEST(run_script_error_action_follows_failure_alone)
{
    air_script(o, AIR_RFM_UICC, 1, "AA 14 8209 8103010103 82028182 2207 00A4080C022FE2");
    air_session(o);
    ck_assert_uint_eq(o->refreshes, 0);
    air_script(o, AIR_RFM_UICC, 2, "AA 14 8209 8103010103 82028182 2207 00A4080C02AAAA");
    air_session(o);
    ck_assert_uint_eq(o->refreshes, 1);
}
END_TEST

/* Power is cut at each operation of a script's commit: all of it happened, or nothing. */
START_TEST(sec_C15_script_counter_and_proof_are_one)
{
    for (uint64_t cut = 1; cut < 64; cut++) {
        struct air_packet p;
        uint8_t script[64];
        struct wr w = WR_ARRAY(script);
        struct rd acc, fplmn;
        struct pin_state pin2;
        bool moved, finished;

        ck_assert_int_eq(hex_decode("00A4000C026F78 00D60000020004 "
                                    "0020008108 30303030FFFFFFFF 00A4000C026F7B 00D600000362F210",
                                    &w),
                         ERR_OK);
        p = air_packet(o, 1, AIR_RFM_USIM, 1, RD_WR(&w));
        o->sim.ops = 0;
        o->sim.cut_at = cut;
        air_run(o, &p);
        finished = !o->sim.dead;
        air_power_cut(o, NVM_SIM_TEAR);
        moved = counter_read(&o->card->store, 1) == 1;
        acc = fs_body(o->card, fs_by_path(o->card, NODE_MF,
                                          fs_by_aid(o->card, RD((const uint8_t *)"\xA0", 1), 0),
                                          RD((const uint8_t *)"\x7F\xFF\x6F\x78", 4)));
        fplmn = fs_body(o->card, fs_by_path(o->card, NODE_MF,
                                            fs_by_aid(o->card, RD((const uint8_t *)"\xA0", 1), 0),
                                            RD((const uint8_t *)"\x7F\xFF\x6F\x7B", 4)));
        ck_assert(moved == (acc.at[0] == 0x00 && acc.at[1] == 0x04));
        ck_assert(moved == (fplmn.at[0] == 0x62));
        ck_assert_int_eq(pin_read(o->card, 0x81, &pin2), ERR_OK);
        ck_assert(moved == (pin2.tries == 2)); /* the try is not durable before the rest */
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

Suite *suite_under_test(void)
{
    Suite *s = suite_create("rfm");
    TCase *t = tcase_create("TS 102 226 5");
    TCase *f = tcase_create("TS 102 226 7");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_loop_test(t, run_script_answers, 0, (int)ARRAY_LEN(rows));
    tcase_add_test(t, run_script_keeps_data_for_get_response);
    tcase_add_test(t, run_script_clips_what_does_not_fit);
    tcase_add_test(t, run_script_has_context_of_its_own);
    tcase_add_test(t, run_script_chain_keeps_context);
    tcase_add_test(t, run_script_immediate_action_follows_proof);
    tcase_add_test(t, run_script_error_action_follows_failure_alone);
    suite_add_tcase(s, t);
    tcase_add_checked_fixture(f, setup, teardown);
    tcase_set_timeout(f, 60);
    tcase_add_test(f, rfm_command_has_rights_of_access_domain);
    tcase_add_test(f, rfm_command_has_no_other_rights);
    tcase_add_test(f, rfm_change_of_imsi_asks_for_refresh);
    tcase_add_test(f, sec_C15_script_counter_and_proof_are_one);
    suite_add_tcase(s, f);
    return s;
}
