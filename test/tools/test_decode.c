/* Tests of tools/decode/. Goal: commands, answers and files read as the standards say, and what
 * is malformed or hidden is told so. Method: a session of hex pairs, then words that the last
 * exchange must show. Packets are
 * sealed by apdu/secpkt.h. */
#include "test/support/hexrow.h"
#include "test/support/runner.h"
#include "tools/decode/decode.h"
#include "tools/decode/print.h"

#include <string.h>

static struct decode d;
static struct trace_event event;
static char text[1 << 16];

static void setup(void)
{
    ck_assert_int_eq(decode_init(&d), ERR_OK);
}

static void teardown(void)
{
    decode_free(&d);
}

/* "command > answer", separated by ";" */
static void play(const char *session)
{
    char part[1200];
    struct hexrow row;

    while (*session != '\0') {
        size_t n = strcspn(session, ";");
        char *answer;

        ck_assert_uint_lt(n, sizeof part);
        memcpy(part, session, n);
        part[n] = '\0';
        answer = strchr(part, '>');
        ck_assert_ptr_nonnull(answer);
        *answer++ = '\0';
        event.kind = TRACE_EXCHANGE;
        trace_bytes_set(&event.command, hexrow(&row, part));
        trace_bytes_set(&event.answer, hexrow(&row, answer));
        decode_event(&d, &event);
        session += n + (session[n] == ';');
    }
}

static const char *show(void)
{
    FILE *f = fmemopen(text, sizeof text, "w");
    const struct print p = {.file = f};

    ck_assert_ptr_nonnull(f);
    print_node(&p, &d.tree.root, 0);
    fclose(f);
    return text;
}

#define USIM  "00A4040007A0000000871002 > 9000;"
#define USIM2 USIM "00A4000002"

static const struct {
    const char *what, *session;
    const char *words[4];
} rows[] = {
    {"TS 102 221 11.1.1 SELECT by FID", "00A40004022FE2 > 611C", {"SELECT", "MF/EF.ICCID"}},
    {"SELECT by path", "00A40804047FFF6F07 > 9000", {"6F07"}},
    {"SELECT an ADF", USIM "80F2000C00 > 9000", {"STATUS: ADF.USIM, no data"}},
    {"SELECT in the ADF", USIM2 "6F07 > 9000", {"ADF.USIM/EF.IMSI"}},
    {"a refused SELECT moves nothing", USIM2 "6F99 > 6A82; 80F2000C00 > 9000", {"ADF.USIM,"}},
    {"a channel of its own", USIM "01A40004022FE2 > 9000; 80F2000C00 > 9000", {"ADF.USIM,"}},
    {"TS 102 221 11.1.1.3 FCP",
     "00A40004023F00 > 61FF; 00C0000020 > "
     "62178202412183026F078A01058B036F060A80020009880138 9000",
     {"transparent EF, shareable", "file id: 6F07", "record 10 of EF.ARR 6F06",
      "short file id: 07"}},
    {"EF.IMSI by short id",
     USIM "00B0870009 > 080910101032547698 9000",
     {"READ BINARY: EF.IMSI (short id 07)", "EF.IMSI: 001010123456789"}},
    {"EF.ICCID",
     "00A40004022FE2 > 9000; 00B000000A > 988812010000400310F0 9000",
     {"EF.ICCID: 8988211000000430010"}},
    {"EF.AD", USIM "00B0830004 > 00000002 9000", {"operation: normal", "digits of the MNC: 2"}},
    {"EF.UST",
     USIM "00B0840011 > 000A1D0C21360400400010000000000E00 9000",
     {"service: 28 SMS-PP data download", "service: 124 SUPI privacy", "service: 27 GSM access"}},
    {"EF.ACC", USIM "00B0860002 > 0201 9000", {"access class: 0", "access class: 9"}},
    {"EF.LOCI",
     USIM "00B08B000B > FFFFFFFF00F1100000FF01 9000",
     {"PLMN: 001-01", "status: not updated"}},
    {"EF.PSLOCI", USIM "00B08C000E > FFFFFFFFFFFFFF62F2100000FF01 9000", {"PLMN: 262-01"}},
    {"EF.EPSLOCI",
     USIM "00B09E0012 > FFFFFFFFFFFFFFFFFFFFFFFF00F110000000 9000",
     {"PLMN: 001-01", "status: updated"}},
    {"EF.OPLMNwAcT",
     USIM "00B091000A > 00F110C880FFFFFF0000 9000",
     {"PLMN: 001-01, UTRAN, E-UTRAN, NG-RAN, GSM"}},
    {"EF.FPLMN, empty", USIM "00B08D000C > FFFFFFFFFFFFFFFFFFFFFFFF 9000", {"EF.FPLMN: (none)"}},
    {"EF.HPPLMN", USIM "00B0920001 > 0A 9000", {"every 60 minutes"}},
    {"EF.SPN",
     USIM2 "6F46 > 9000; 00B0000011 > 01546573742033FFFFFFFFFFFFFFFFFFFF 9000",
     {"registered PLMN wanted", "name: \"Test 3\""}},
    {"EF.SMSP",
     USIM2 "6F42 > 9000; 00B2010428 > "
           "FFFFFFFFFFFFFFFFFFFFFFFF FD FFFFFFFFFFFFFFFFFFFFFFFF 0591947102F4FFFFFFFFFFFF FF FF FF "
           "9000",
     {"service centre: +4917204", "present", "name: (none)"}},
    {"EF.DIR",
     "00A40004022F00 > 9000; 00B2010426 > "
     "61194F10A0000000871002FFFFFFFF890709000050055553696D31FFFFFFFFFFFFFFFFFFFFFFFFFF 9000",
     {"READ RECORD: MF/EF.DIR, record 1", "AID: USIM", "label: \"USim1\""}},
    {"TS 102 221 9.2.7 EF.ARR",
     "00A40004022F06 > 9000; 00B2010420 > "
     "8001019000800102A406830101950108800158A40683010A950108FFFFFFFFFF 9000",
     {"to: read\n", "condition: always", "condition: PIN1 (01)",
      "to: deactivate, activate, delete"}},
    {"EF.ECC",
     USIM "00B201040E > 11F2FFFFFFFFFFFFFFFFFFFFFF01 9000; 00B2010C0E > "
          "11F2FFFFFFFFFFFFFFFFFFFFFF01 9000",
     {"number: 112", "yes: police"}},
    {"EF.ADN",
     "00A40804067F105F3A4F3A > 9000; 00B201041C > "
     "416C696365FFFFFFFFFFFFFFFFFF 07 91 947102143265 FFFFFFFFFFFF 9000",
     {"DF.TELECOM/DF.PHONEBOOK/EF.ADN", "name: \"Alice\"", "number: +491720412356"}},
    {"EF.SUCI_Calc_Info",
     "00A40804067FFF5FC04F07 > 9000; 00B0000008 > A0020000A1020000 9000",
     {""}},
    {"TS 102 221 11.1.9 VERIFY",
     "0020000108 31323334FFFFFFFF > 63C2",
     {"PIN1 (01)", "(8 bytes, not shown)"}},
    {"VERIFY asks", "0020000A00 > 63CA", {"ADM1 (0A), how many tries are left?"}},
    {"TS 31.102 7.1.2 AUTHENTICATE",
     "0088008122 10 00112233445566778899AABBCCDDEEFF 10 0011223344558000 99AABBCCDDEEFF00 > 6135;"
     "00C0000035 > DB08 0102030405060708 10 00112233445566778899AABBCCDDEEFF 10 "
     "00112233445566778899AABBCCDDEEFF 08 0102030405060708 9000",
     {"GET RESPONSE: of AUTHENTICATE", "RES: 0102030405060708", "CK: (16 bytes, not shown)"}},
    {"AUTS",
     "0088008122 10 00112233445566778899AABBCCDDEEFF 10 0011223344558000 "
     "99AABBCCDDEEFF00 > DC0E 000102030405060708090A0B0C0D 9000",
     {"synchronisation failure", "AUTN", "AMF 8000", "AUTS: 000102030405060708090A0B0C0D"}},
    {"TS 102 223 6.6 FETCH",
     "801200000B > D0098103010104 82028182 9000",
     {"FETCH: REFRESH", "number 1, REFRESH, UICC reset", "UICC to terminal"}},
    {"TS 102 223 6.4.7 REFRESH with files",
     "8012000014 > D0128103010101 82028182 "
     "9207013F007FFF6F07 9000",
     {"file: 3F00/7FFF/6F07"}},
    {"TERMINAL RESPONSE",
     "801400000C 810301130082028281830100 > 9000",
     {"number 1, SEND SHORT MESSAGE", "terminal to UICC", "result: 00 performed"}},
    {"POLL INTERVAL",
     "801200000F > D00D8103010300 82028182 8402011E 9000",
     {"duration: 30 seconds"}},
    {"timer",
     "8012000013 > D0118103012700 82028182 A40101 A503005000 9000",
     {"TIMER MANAGEMENT, start", "timer: 1", "timer value: 00:05:00"}},
    {"DISPLAY TEXT",
     "8012000012 > D0108103012100 82028102 8D0504 54657874 9000",
     {"text: \"Text\"", "UICC to display"}},
    {"OPEN CHANNEL",
     "801200001E > D01C810301400182028182B50103B9020400BC03020FA0BE0521C0000201 "
     "9000",
     {"TCP to a remote server, port 4000", "192.0.2.1", "default bearer"}},
    {"event",
     "80C200000C D60A 990103 82028281 9B0100 > 9000",
     {"event download", "events: location status", "normal service"}},
    {"TS 23.040 9.2.2.1 SMS in EF.SMS",
     USIM2 "6F3C > 9000; 00B20104B0 > "
           "01 0791945111110000 04 04 81 2143 00 00 11201211304500 05 E8329BFD06 9000",
     {"received, read", "from: 1234", "text: \"hello\""}},
    {"TS 51.011 9.2.1 SELECT in SIM mode",
     "A0A40000026F07 > 9F0F; A0C000000F > 000000096F0704001FFF550102 0000 00 9000",
     {"file id: 6F07", "type: EF", "structure: transparent"}},
    {"TS 51.011 RUN GSM ALGORITHM",
     "A088000010 00112233445566778899AABBCCDDEEFF > 9F0C;"
     "A0C000000C > 01020304 0506070809101112 9000",
     {"RUN GSM ALGORITHM", "SRES: 01020304", "Kc: (8 bytes, not shown)"}},
    {"GlobalPlatform 11.4 GET STATUS", "80F24000024F00 > 6A88", {"GET STATUS: applications"}},
    {"GlobalPlatform 10, under a secure channel",
     "84E400800A 4F0001020304050607 08 > 00 0102030405060708 9000",
     {"DELETE: under a secure channel", "protected data: 4F00", "protected data: 0001"}},
    {"its answer fetched with its class",
     "84E400800A 4F0001020304050607 08 > 6109; 84C0000009 > 00 0102030405060708 9000",
     {"GET RESPONSE: of DELETE", "data: 0001"}},
    {"STATUS is another command", "80F2000000 > 6C20", {"STATUS: MF"}},
    {"an unknown instruction", "00FF000000 > 6D00", {"unknown command: class 00, instruction FF"}},
    {"no command at all", "00A4 > 6700", {"not a command APDU"}},
    {"malformed FCP", "00A40004023F00 > 6220820278 9000", {"malformed"}},
    {"malformed toolkit object", "8012000004 > D0028105 9000", {"malformed"}},
};

START_TEST(decode_says)
{
    play(rows[_i].session);
    show();
    for (size_t i = 0; i < 4 && rows[_i].words[i] != NULL; i++)
        ck_assert_msg(strstr(text, rows[_i].words[i]) != NULL, "%s: no `%s' in\n%s", rows[_i].what,
                      rows[_i].words[i], text);
}
END_TEST

/* A packet of apdu/secpkt.h, which has outside vectors of its own, in an SMS in an ENVELOPE. */
START_TEST(decode_opens_packet_with_keys)
{
    struct hexrow row;
    struct secpkt_keys keys = {.kic = {.algorithm = SECPKT_3DES2},
                               .kid = {.algorithm = SECPKT_3DES2}};
    struct secpkt_command c = {.header = {{0x16, 0x15}, 0x15, 0x15, {0xB0, 0x00, 0x10}}};
    uint8_t bytes[256];
    struct wr w = WR_ARRAY(bytes);

    ck_assert_int_eq(secret_from_hex(&d.kic_key, "300102030405060708090A0B0C0D0E0F"), ERR_OK);
    ck_assert_int_eq(secret_from_hex(&d.kid_key, "301102030405060708090A0B0C0D0E0F"), ERR_OK);
    keys.kic.key = d.kic_key;
    keys.kid.key = d.kid_key;
    keys.cc_len = 8;
    c.counter = 7;
    c.data = hexrow(&row, "A0A40000027F20A0C0000016");
    wr_bytes(&w,
             "\x80\xC2\x00\x00\x45\xD1\x43\x82\x02\x83\x81\x8B\x3D\x40\x04\x81\x15\x59\x7F\xF6"
             "\x00\x11\x29\x12\x00\x00\x04\x2D\x02\x70\x00",
             31);
    ck_assert_int_eq(secpkt_seal_command(d.crypto, &c, &keys, &w), ERR_OK);
    /* lengths from the inside out */
    bytes[27] = (uint8_t)(w.len - 28);
    bytes[12] = (uint8_t)(w.len - 13);
    bytes[6] = (uint8_t)(w.len - 7);
    bytes[4] = (uint8_t)(w.len - 5);
    event.kind = TRACE_EXCHANGE;
    trace_bytes_set(&event.command, RD_WR(&w));
    trace_bytes_set(&event.answer, RD((const uint8_t *)"\x90\x00", 2));
    decode_event(&d, &event);
    show();
    ck_assert_msg(strstr(text, "TAR: B00010 files of the SIM") != NULL, "%s", text);
    ck_assert_msg(strstr(text, "counter: 7") != NULL, "%s", text);
    ck_assert_msg(strstr(text, "SELECT: DF.GSM") != NULL, "%s", text);
    secret_wipe(&d.kic_key);
    decode_event(&d, &event);
    show();
    ck_assert_msg(strstr(text, "--kic-key and --kid-key open it") != NULL, "%s", text);
    ck_assert_ptr_null(strstr(text, "counter: 7"));
}
END_TEST

START_TEST(decode_hides_what_the_trace_hides)
{
    struct hexrow row;

    event.kind = TRACE_EXCHANGE;
    trace_bytes_set(&event.command, hexrow(&row, "0088008105"));
    trace_bytes_set(&event.answer, hexrow(&row, "DB 02 0102 FFFFFF 9000"));
    for (size_t i = 4; i < 7; i++)
        event.answer.mark[i] = TRACE_ANY;
    decode_event(&d, &event);
    show();
    ck_assert_msg(strstr(text, "RES: 0102") != NULL, "%s", text);
    ck_assert_msg(strstr(text, "the rest is not in the trace") != NULL, "%s", text);
    ck_assert_ptr_null(strstr(text, "malformed"));
}
END_TEST

START_TEST(decode_status_counts)
{
    static const struct {
        uint16_t sw;
        const char *want;
    } words[] = {
        {0x611C, "28 bytes wait"},
        {0x6100, "256 bytes wait"},
        {0x6C0A, "again with Le 10"},
        {0x63C2, "2 tries left"},
        {0x910B, "ok, a proactive command of 11 bytes waits"},
        {0x6A82, "file or application not found"},
    };
    char got[96];

    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        decode_status(SW(words[i].sw), got, sizeof got);
        ck_assert_str_eq(got, words[i].want);
    }
}
END_TEST

START_TEST(print_lets_no_control_character_through)
{
    char out[256] = "";
    FILE *f = fmemopen(out, sizeof out, "w");

    print_text(f, "a\033[2Jb\xC2\x9B"
                  "c\xFF"
                  "d\xC3\xA4");
    fclose(f);
    ck_assert_str_eq(out, "a?[2Jb?c?d\xC3\xA4");
    f = fmemopen(out, sizeof out, "w");
    print_json_string(f, "a\"\\\n\xFF");
    fclose(f);
    ck_assert_str_eq(out, "\"a\\\"\\\\\\u000a\\ufffd\"");
}
END_TEST

START_TEST(tree_that_is_full_adds_nothing)
{
    struct tree t;
    size_t count = 0;

    ck_assert_int_eq(tree_init(&t, 4096), ERR_OK);
    tree_clear(&t, "root");
    while (tree_say(&t, &t.root, "node", RD(NULL, 0), "%zu", count) != NULL)
        ck_assert_uint_lt(count++, 4096);
    ck_assert_uint_gt(count, 0);
    tree_append(&t, NULL, "nothing");
    tree_wrong(&t, NULL, "nothing", RD(NULL, 0));
    tree_free(&t);
}
END_TEST

Suite *suite_under_test(void)
{
    Suite *s = suite_create("decode");
    TCase *t = tcase_create("TS 102 221 11.1");
    TCase *p = tcase_create("TS 102 225 5.1");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_checked_fixture(p, setup, teardown);
    tcase_add_loop_test(t, decode_says, 0, (int)ARRAY_LEN(rows));
    tcase_add_test(t, decode_hides_what_the_trace_hides);
    tcase_add_test(t, decode_status_counts);
    tcase_add_test(t, print_lets_no_control_character_through);
    tcase_add_test(t, tree_that_is_full_adds_nothing);
    tcase_add_test(p, decode_opens_packet_with_keys);
    suite_add_tcase(s, t);
    suite_add_tcase(s, p);
    return s;
}
