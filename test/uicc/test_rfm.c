/* Tests of uicc/remote/run.h and rfm.c. Goal: a script does what TS 102 226 says, in a context of
 * its own, with the rights of its TAR and no others, and answers in the format it came in.
 * Rows with known answers are those of real cards where a public one exists. */
#include "apdu/hex.h"
#include "apdu/ids.h"
#include "test/support/hexrow.h"
#include "test/support/runner.h"
#include "test/support/uicc/air.h"
#include "uicc/core/card.h"
#include "uicc/fs/fs.h"
#include "uicc/pin/pin.h"
#include "uicc/remote/counter.h"

#include <stdio.h>

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
    {"chaining of no known kind", AIR_RFM_UICC, "AA 03 830177", "AB 06 800100 830103"},
    {"chaining behind a command", AIR_RFM_UICC, "AA 0C 2207 00A4080C022FE2 830101",
     "AB 0A 800101 2302 9000 830103"},
    {"session indication is counted", AIR_RFM_UICC, "AA 0C 810181 2207 00A4080C022FE2",
     "AB 07 800102 2302 9000"},
    {"error action is counted", AIR_RFM_UICC, "AA 0B 8200 2207 00A4080C022FE2",
     "AB 07 800102 2302 9000"},
    {"early response", AIR_RFM_UICC, "AA 15 2207 00A4080C022FE2 810182 2207 00A4080C02AAAA",
     "AB 07 800102 2302 9000"},
    {"early response, indefinite", AIR_RFM_UICC,
     "AE 80 2207 00A4080C022FE2 810182 2207 00A4080C02AAAA 0000", "AF 80 2302 9000 0000"},
    {"nothing is told behind an early response", AIR_RFM_UICC, "AA 06 810182 7F01 00",
     "AB 03 800101"},
    {"an action that is no proactive command", AIR_RFM_UICC,
     "AA 10 2205 00A4000C00 8102 FFFF 2203 000000", "AB 0A 800101 2302 9000 810101"},
    {"an action that scripts may not ask for", AIR_RFM_UICC,
     "AA 14 8109 8103010200 82028182 2207 00A4080C022FE2", "AB 06 800100 810101"},
    {"an action of one byte that means nothing", AIR_RFM_UICC, "AA 03 810190",
     "AB 06 800100 810101"},
    {"an empty record of EF.RMA", AIR_RFM_UICC, "AA 0C 810102 2207 00A4080C022FE2",
     "AB 06 800100 810101"},
    {"no such record of EF.RMA", AIR_RFM_UICC, "AA 0C 81017F 2207 00A4080C022FE2",
     "AB 06 800100 810101"},
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

    hexrow_assert(r.data, "AB07 800102 2302 9000", "first");
    r = air_script(o, AIR_RFM_UICC, 2, "AA 03 830102");
    hexrow_assert(r.data, "AB06 800100 830101", "of another TAR");
    r = air_script(o, AIR_RFM_USIM, 3, "AA 0C 830101 2207 00A4000C026F07");
    r = air_script(o, AIR_RFM_USIM, 4, "AA 0A 830103 2205 00B0000009");
    hexrow_assert(r.data, "AB10 800102 230B 080910101032547698 9000", "last");
    r = air_script(o, AIR_RFM_USIM, 5, "AA 0A 830103 2205 00B0000009");
    hexrow_assert(r.data, "AB06 800100 830101", "behind the last");
}
END_TEST

/* First script, a reset, and what came of it; then the last one, and what the next one finds. */
static void chain_over_reset(const char *first, bool cut, const char *then)
{
    char script[64];

    (void)snprintf(script, sizeof script, "AA 0C 8301%s 2207 00A4000C026F07", first);
    hexrow_assert(air_script(o, AIR_RFM_USIM, 1, script).data, "AB07 800102 2302 9000", "first");
    if (cut)
        air_power_cut(o, NVM_SIM_DROP);
    else
        air_reset(o);
    air_terminal(o);
    hexrow_assert(air_script(o, AIR_RFM_USIM, 2, "AA 0A 830102 2205 00B0000009").data, then,
                  "further");
}

START_TEST(run_script_chain_ends_at_reset)
{
    chain_over_reset("01", false, "AB06 800100 830101");
}
END_TEST

START_TEST(run_script_chain_is_kept_over_reset)
{
    struct rd stored;

    chain_over_reset("11", _i == 1, "AB10 800102 230B 080910101032547698 9000");
    air_reset(o);
    air_terminal(o);
    hexrow_assert(air_script(o, AIR_RFM_USIM, 3, "AA 0A 830103 2205 00B0000002").data,
                  "AB09 800102 2304 0809 9000", "last");
    ck_assert(!store_get(&o->card->store, OBJ_CHAIN, &stored));
    hexrow_assert(air_script(o, AIR_RFM_USIM, 4, "AA 0A 830103 2205 00B0000009").data,
                  "AB06 800100 830101", "behind the last");
}
END_TEST

/* A script that fails ends the chain; one of another application does not touch it. */
START_TEST(run_script_chain_is_of_one_application)
{
    air_script(o, AIR_RFM_USIM, 1, "AA 0C 830111 2207 00A4000C026F07");
    air_script(o, AIR_RFM_UICC, 2, "00A4080C022FE2");
    hexrow_assert(air_script(o, AIR_RFM_USIM, 3, "AA 0A 830102 2205 00B0000001").data,
                  "AB08 800102 2303 08 9000", "further");
    hexrow_assert(air_script(o, AIR_RFM_USIM, 4, "AA 0A 830102 2205 0088008100").data,
                  "AB07 800102 2302 6D00", "fails");
    hexrow_assert(air_script(o, AIR_RFM_USIM, 5, "AA 0A 830102 2205 00B0000001").data,
                  "AB06 800100 830101", "behind the failure");
}
END_TEST

/* What the memory would not keep has not happened: the same packet, sent again, finds the context
 * that it found before. */
START_TEST(run_script_chain_is_taken_back_with_its_script)
{
    static const uint8_t moves_on[] = {0xAA, 0x13, 0x83, 0x01, 0x02, 0x22, 0x05,
                                       0x00, 0xB0, 0x00, 0x00, 0x01, 0x22, 0x07,
                                       0x00, 0xA4, 0x00, 0x0C, 0x02, 0x6F, 0x78};
    struct air_packet p = air_packet(o, 1, AIR_RFM_USIM, 2, RD_ARRAY(moves_on));

    air_script(o, AIR_RFM_USIM, 1, "AA 0C 830101 2207 00A4000C026F07");
    o->sim.fail_at = o->sim.ops + 1;
    air_run(o, &p);
    ck_assert_uint_eq(o->sw, 0x6581);
    nvm_sim_heal(&o->sim);
    air_run(o, &p);
    hexrow_assert(air_proof(o, &p).data, "AB0C 800103 2303 08 9000 2302 9000", "EF.IMSI");
}
END_TEST

/* The pair of another operator takes up nothing of what the one before began. */
START_TEST(run_script_chain_is_of_one_key_set)
{
    struct opchange_command change = air_change_to(1, "999700000000001", 0, 0);

    air_script(o, AIR_RFM_USIM, 1, "AA 0C 830111 2207 00A4000C026F07");
    air_change(o, 1, 2, &change);
    air_session(o);
    ck_assert_uint_eq(air_authenticate(o, 2, 32), 0x9000);
    struct air_packet p = air_packet(
        o, 2, AIR_RFM_USIM, 1, RD((const uint8_t *)"\xAA\x0A\x83\x01\x02\x22\x05\0\xB0\0\0\1", 12));

    air_run(o, &p);
    hexrow_assert(air_proof(o, &p).data, "AB06 800100 830101", "another key set");
}
END_TEST

/* n commands, and an object that is none. */
static struct rd many(unsigned n)
{
    static char text[1024];
    int at = snprintf(text, sizeof text, "AA 82 %04X", n * 7 + 2);

    for (unsigned i = 0; i < n; i++)
        at += snprintf(text + at, sizeof text - (size_t)at, " 2205 00A4000C00");
    (void)snprintf(text + at, sizeof text - (size_t)at, " 7F00");
    return air_script(o, AIR_RFM_UICC, n, text).data;
}

/* What the proof cannot tell is not done. */
START_TEST(run_script_ends_where_its_answer_is_full)
{
    unsigned told, before = 0;

    for (unsigned n = 1; n <= 40; n++) {
        struct rd answer = many(n);

        ck_assert_uint_le(o->answer_len, 128);
        ck_assert_uint_eq(answer.at[0], 0xAB);
        told = answer.at[4];
        ck_assert(told == n || told == before);
        ck_assert_uint_ge(answer.left, 5 + 4 * told);
        before = told;
    }
    ck_assert_uint_gt(before, 20);
    ck_assert_uint_lt(before, 40);
}
END_TEST

/* More than INTEGER can say in one byte. */
START_TEST(run_script_counts_above_127)
{
    static uint8_t script[4 + 130 * 7];
    struct wr w = WR_ARRAY(script);
    struct air_packet p;
    struct secpkt_response r;

    wr_u8(&w, 0xAA);
    wr_u8(&w, 0x82);
    wr_u16(&w, 130 * 7);
    for (unsigned i = 0; i < 130; i++)
        wr_bytes(&w, "\x22\x05\x00\xA4\x00\x0C\x00", 7);
    p = air_packet(o, 1, AIR_RFM_UICC, 1, RD_WR(&w));
    p.command.header.spi[1] |= SPI2_BY_SUBMIT;
    air_run(o, &p);
    air_session(o);
    r = air_sent_proof(o, &p);
    hexrow_assert(RD(r.data.at, 12), "AB82020C 80020082 2302 9000", "head");
    ck_assert_uint_eq(r.data.left, 4 + 4 + 130 * 4);
}
END_TEST

/* What follows an early response is done all the same. */
START_TEST(run_script_goes_on_behind_early_response)
{
    hexrow_assert(
        air_script(o, AIR_RFM_USIM, 1, "AA 17 2207 00A4000C026F78 810182 2207 00D60000020004 8200")
            .data,
        "AB07 800102 2302 9000", "early");
    hexrow_assert(air_script(o, AIR_RFM_USIM, 2, "00A4000C026F78 00B0000002").data, "02 9000 0004",
                  "ACC");
}
END_TEST

/* A record is a length and a proactive command: DISPLAY TEXT "Hi", played at once or on error. */
START_TEST(run_script_takes_action_from_record)
{
    static const char *const scripts[] = {
        "AA 0C 810101 2207 00A4080C022FE2",
        "AA 0C 820101 2207 00A4080C02AAAA",
    };

    air_script(o, AIR_RFM_UICC, 1,
               "00A4080C047F106F53 00DC010418 0E 8103012180 82028102 8D0304 4869 "
               "FFFFFFFFFFFFFFFFFF");
    hexrow_assert(air_script(o, AIR_RFM_UICC, 2, scripts[_i]).data,
                  _i == 0 ? "AB07 800102 2302 9000" : "AB07 800102 2302 6A82", "answer");
    ck_assert_uint_eq(o->sw >> 8, 0x91);
    ck_assert(air_fetch(o));
    hexrow_assert(RD(o->answer, o->answer_len), "D00E 8103012180 82028102 8D0304 4869",
                  "DISPLAY TEXT");
}
END_TEST

/* A reset that the script asks for waits until the proof went out. */
START_TEST(run_script_refresh_follows_sent_proof)
{
    struct air_packet p;
    uint8_t script[32];
    struct wr w = WR_ARRAY(script);

    ck_assert_int_eq(hex_decode("AA 14 8109 8103010104 82028182 2207 00A4080C022FE2", &w), ERR_OK);
    p = air_packet(o, 1, AIR_RFM_UICC, 1, RD_WR(&w));
    p.command.header.spi[1] |= SPI2_BY_SUBMIT;
    air_run(o, &p);
    ck_assert(air_fetch(o));
    ck_assert_uint_eq(o->answer[5], PROACTIVE_SEND_SHORT_MESSAGE);
    air_respond(o, 0);
    ck_assert(air_fetch(o));
    hexrow_assert(RD(o->answer + 4, o->answer_len - 4), "020104 82028182", "REFRESH");
}
END_TEST

START_TEST(run_script_takes_several_actions)
{
    air_script(o, AIR_RFM_UICC, 1,
               "AA 24 810E 8103012180 82028102 8D0304 4869 8109 8103010103 82028182 "
               "2207 00A4080C022FE2");
    ck_assert(air_fetch(o));
    ck_assert_uint_eq(o->answer[5], PROACTIVE_DISPLAY_TEXT);
    air_respond(o, 0);
    ck_assert(air_fetch(o));
    ck_assert_uint_eq(o->answer[5], PROACTIVE_REFRESH);
}
END_TEST

/* While a proactive command is under way a script that wants a session of its own does not run. */
START_TEST(run_script_session_indication_waits_for_no_one)
{
    air_script(o, AIR_RFM_UICC, 1, "AA 14 8109 8103010103 82028182 2207 00A4080C022FE2");
    ck_assert(air_fetch(o));
    hexrow_assert(air_script(o, AIR_RFM_UICC, 2, "AA 0C 810181 2207 00A4080C022FE2").data,
                  "AB06 800100 810101", "busy");
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

    hexrow_assert(r.data, "AB07 800102 2302 9000", "answer");
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
    tcase_add_test(t, run_script_ends_where_its_answer_is_full);
    tcase_add_test(t, run_script_chain_keeps_context);
    tcase_add_test(t, run_script_immediate_action_follows_proof);
    tcase_add_test(t, run_script_error_action_follows_failure_alone);
    tcase_add_test(t, run_script_chain_ends_at_reset);
    tcase_add_loop_test(t, run_script_chain_is_kept_over_reset, 0, 2);
    tcase_add_test(t, run_script_chain_is_of_one_application);
    tcase_add_test(t, run_script_chain_is_taken_back_with_its_script);
    tcase_add_test(t, run_script_chain_is_of_one_key_set);
    tcase_add_test(t, run_script_counts_above_127);
    tcase_add_test(t, run_script_goes_on_behind_early_response);
    tcase_add_loop_test(t, run_script_takes_action_from_record, 0, 2);
    tcase_add_test(t, run_script_refresh_follows_sent_proof);
    tcase_add_test(t, run_script_takes_several_actions);
    tcase_add_test(t, run_script_session_indication_waits_for_no_one);
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
