/* Tests of tools/trace/ on texts. Goal: every dialect reads as the same events. Method: each row
 * is read and written again in the native form; the dialects are what the programs print. */
#include "test/support/runner.h"
#include "tools/trace/trace.h"

#include <stdlib.h>
#include <string.h>

static struct trace_event event;

/* Read text, write what was understood to out; ERR_NOT_FOUND when it ended well. */
static enum err translate(const char *text, size_t len, char *out, size_t cap)
{
    FILE *in = fmemopen((void *)(uintptr_t)text, len, "r"), *to = fmemopen(out, cap, "w");
    struct trace_writer w = {.file = to, .format = TRACE_TEXT};
    struct trace_reader *r = NULL;
    enum err e;

    ck_assert(in != NULL && to != NULL);
    e = trace_open(in, &r);
    while (e == ERR_OK) {
        e = trace_next(r, &event);
        if (e == ERR_OK)
            ck_assert_int_eq(trace_write(&w, &event), ERR_OK);
    }
    trace_close(&r);
    fclose(in);
    fclose(to);
    return e;
}

static const struct {
    const char *what, *text, *want;
} rows[] = {
    {"native", "# note\n> 00A40004023F00\n< 612F\n", "# note\n> 00A40004023F00\n< 612F\n"},
    {"native, blanks and lower case", ">00 a4 00 04 02 3f 00\n<\t62 02 aa bb 90 00\r\n",
     "> 00A40004023F00\n< 6202AABB 9000\n"},
    {"no end of line", "> 80F2000C00\n< 9000", "> 80F2000C00\n< 9000\n"},
    {"events", "! reset 3B:9F:96\n! off\n! wait 500\n! reset\n",
     "! reset 3B9F96\n! off\n! wait 500\n! reset\n"},
    {"time", "! time 1700000000.25\n! reset 3B\n", "! time 1700000000.250000\n! reset 3B\n"},
    {"open positions", "> 0020000108{pin1}\n< 98**.. {a}{b}{a} 9000\n",
     "> 0020000108{pin1}\n< 98**..{a}{b}{a} 9000\n"},
    {"commands without answers", "> 80F2000C00\n> 80F2000C01\n", "> 80F2000C00\n> 80F2000C01\n"},
    {"an answer without its command is dropped", "< 9000\n> 80F2000C00\n< 9000\n",
     "> 80F2000C00\n< 9000\n"},
    {"empty", "\n\n", ""},
    {"pySim-shell with apdu_trace",
     "pySIM-shell (00:MF)> select MF\n-> 00a4000402 3f00\n<- 9000: 622f8202\n-> 80f2000c00 \n<- "
     "9000: \n",
     "# pySIM-shell (00:MF)> select MF\n> 00A40004023F00\n< 622F8202 9000\n> 80F2000C00\n< 9000\n"},
    {"pySim-shell with its logger",
     "INFO: Waiting for card...\nINFO: -> 00b0000005 \nINFO: <- 9000: 9fffbf1d3f\n9fffbf1d3f\n"
     "INFO: -- RESET\n\033[33;1mpySim.transport.49 -- INFO: -> 80f2000c00 \033[0m\n"
     "INFO: <- 9000: \n",
     "# INFO: Waiting for card...\n> 00B0000005\n< 9FFFBF1D3F 9000\n# 9fffbf1d3f\n! reset\n"
     "> 80F2000C00\n< 9000\n"},
    {"colours to the end", "\033[1m# a\033[", "# a\n"},
    {"opensc-tool",
     "Using reader with a card: Virtual PCD 00 00\nSending: 00 A4 00 04 02 2F E2 \nReceived "
     "(SW1=0x61, SW2=0x1C)\nSending: 00 B0 00 00 0A \nReceived (SW1=0x90, SW2=0x00):\n98 10 31 32 "
     "33 34 35 36 37 F0 ..1234567.\n",
     "# Using reader with a card: Virtual PCD 00 00\n> 00A40004022FE2\n< 611C\n> 00B000000A\n< "
     "9810313233343536"
     "37F0 9000\n"},
    {"opensc-tool, dump of two lines",
     "Sending: 00 B0 00 00 12 \nReceived (SW1=0x90, SW2=0x00):\n"
     "41 42 43 44 45 46 47 48 49 4A 4B 4C 4D 4E 4F 50 ABCDEFGHIJKLMNOP\n"
     "31 32                                           12\n",
     "> 00B0000012\n< 4142434445464748494A4B4C4D4E4F503132 9000\n"},
    {"OpenSC's debug log",
     "P:1; T:0x1 10:00:00.0 [opensc-tool] reader-pcsc.c:328:pcsc_transmit: reader 'V'\n"
     "P:1; T:0x1 10:00:00.0 [opensc-tool] apdu.c:1: Outgoing APDU (7 bytes):\n"
     "00 A4 00 04 02 3F 00 .....?.\n"
     "P:1; T:0x1 10:00:00.0 [opensc-tool] apdu.c:1: Incoming APDU (2 bytes):\n61 2F a/\n",
     "# P:1; T:0x1 10:00:00.0 [opensc-tool] reader-pcsc.c:328:pcsc_transmit: reader 'V'\n"
     "> 00A40004023F00\n< 612F\n"},
    {"SIMtrace's sniffer",
     "Card state change: reset de-asserted\nATR: 3b 9f 96 \nPPS: ff 10 96 79 \n"
     "TPDU: 00 a4 00 04 02 3f 00 61 2f \nTPDU: 00 b0 00 00 02 aa bb 90 00 \n"
     "TPDU (incomplete): 00 b0 00 \nAPDU: (9):  a0 a4 00 00 02 7f 20 9f 23\nAPDU: none\n",
     "# Card state change: reset de-asserted\n! reset 3B9F96\n# PPS: ff 10 96 79 \n"
     "> 00A40004023F00\n< 612F\n> 00B0000002\n< AABB 9000\n# TPDU (incomplete): 00 b0 00 \n"
     "> A0A40000027F20\n< 9F23\n# none\n"},
    {"a sniffed row that is cut", "TPDU: 00 a4 00 04 02 3f\n", "# 00 a4 00 04 02 3f\n"},
    {"OpenSC's debug log, with lines between",
     "P:1; [opensc-tool] reader-pcsc.c:326:pcsc_transmit: \nOutgoing APDU (5 bytes):\n"
     "00 B0 00 00 02 .....\n\nP:1; [opensc-tool] reader-pcsc.c:244: called\n"
     "P:1; [opensc-tool] reader-pcsc.c:335:pcsc_transmit: \nIncoming APDU (4 bytes):\n"
     "AA BB 90 00 ....\n\nP:1; [opensc-tool] apdu.c:382: returning with: 0 (Success)\n",
     "# P:1; [opensc-tool] reader-pcsc.c:326:pcsc_transmit: \n> 00B0000002\n< AABB 9000\n"},
    {"scriptor script", "reset\n00 A4 00 04 02 3F 00\n80F2000C00\n00 A4 00 \\\n04 02 2F 00\n",
     "! reset\n> 00A40004023F00\n> 80F2000C00\n> 00A40004022F00\n"},
    {"scriptor output",
     "Using T=0 protocol\nreset\n> RESET\n< OK: 3B 9F \n00 A4 00 04 02 3F 00\n> 00 A4 00 04 02 3F "
     "00\n< 61 02 : More data\n> 00 C0 00 00 10\n< 01 02 03 04 05 06 07 08 09 0A 0B 0C 0D 0E 0F 10 "
     "\n90 00 : Normal processing.\n",
     "# Using T=0 protocol\n! reset\n! reset 3B9F\n> 00A40004023F00\n< 6102\n> 00C0000010\n< "
     "0102030405060708090A0B0C0D0E0F10 9000\n"},
};

START_TEST(trace_reads_dialect)
{
    char got[4096] = "";
    enum err e = translate(rows[_i].text, strlen(rows[_i].text), got, sizeof got);

    ck_assert_msg(e == ERR_NOT_FOUND, "%s: %s", rows[_i].what, err_text(e));
    ck_assert_msg(strcmp(got, rows[_i].want) == 0, "%s: got\n%s\nwant\n%s", rows[_i].what, got,
                  rows[_i].want);
}
END_TEST

static const struct {
    const char *what, *text;
    enum err want;
} bad[] = {
    {"no hex behind a mark", "> 00A4ZZ\n", ERR_FORMAT},
    {"half a byte", "> 00A4000\n", ERR_FORMAT},
    {"nothing behind a mark", ">\n", ERR_FORMAT},
    {"unknown directive", "! jump\n", ERR_FORMAT},
    {"a wait that is none", "! wait long\n", ERR_FORMAT},
    {"a wait of days", "! wait 99999999\n", ERR_FORMAT},
    {"a time that is none", "! time soon\n", ERR_FORMAT},
    {"an endless name", "> 00{aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa}\n", ERR_FORMAT},
    {"too many names", "> {a}{b}{c}{d}{e}\n", ERR_RANGE},
};

START_TEST(trace_refuses_text)
{
    char got[4096] = "";

    ck_assert_int_eq(translate(bad[_i].text, strlen(bad[_i].text), got, sizeof got), bad[_i].want);
}
END_TEST

START_TEST(trace_refuses_lines_without_end)
{
    char *text = malloc(100000), got[16] = "";

    memset(text, 'A', 100000);
    ck_assert_int_eq(translate(text, 100000, got, sizeof got), ERR_RANGE);
    free(text);
}
END_TEST

START_TEST(trace_refuses_an_apdu_that_is_too_long)
{
    static const char *const heads[] = {"> ", "x Outgoing APDU (9000 bytes):\n", "Sending: "};
    char *text = malloc(20000), got[16] = "";
    size_t n = strlen(heads[_i]);

    memcpy(text, heads[_i], n);
    memset(text + n, 'A', 2 * TRACE_BYTES_MAX + 2);
    ck_assert_int_eq(translate(text, n + 2 * TRACE_BYTES_MAX + 2, got, sizeof got), ERR_RANGE);
    free(text);
}
END_TEST

START_TEST(trace_place_names_the_bad_line)
{
    const char *text = "# one\n> 00\n< 9000\n> 0\n";
    FILE *in = fmemopen((void *)(uintptr_t)text, strlen(text), "r");
    struct trace_reader *r = NULL;
    enum err e = trace_open(in, &r);

    while (e == ERR_OK)
        e = trace_next(r, &event);
    ck_assert_int_eq(e, ERR_FORMAT);
    ck_assert_uint_eq(trace_place(r), 4);
    trace_close(&r);
    fclose(in);
}
END_TEST

START_TEST(trace_status_wants_two_literal_bytes)
{
    static struct trace_bytes b;
    static const uint8_t sw[] = {0x01, 0x90, 0x00};
    uint16_t got = 0;

    trace_bytes_set(&b, RD(sw, 1));
    ck_assert(!trace_status(&b, &got));
    ck_assert_uint_eq(trace_data(&b).left, 0);
    trace_bytes_set(&b, RD_ARRAY(sw));
    ck_assert(trace_status(&b, &got));
    ck_assert_uint_eq(got, 0x9000);
    ck_assert_uint_eq(trace_data(&b).left, 1);
    b.mark[2] = TRACE_ANY;
    ck_assert(!trace_status(&b, &got));
}
END_TEST

START_TEST(trace_format_follows_the_name)
{
    ck_assert_int_eq(trace_format_of("a.pcap"), TRACE_PCAP);
    ck_assert_int_eq(trace_format_of("a.pcapng"), TRACE_PCAPNG);
    ck_assert_int_eq(trace_format_of("pcap"), TRACE_TEXT);
    ck_assert_int_eq(trace_format_of("a.apdu"), TRACE_TEXT);
}
END_TEST

Suite *suite_under_test(void)
{
    Suite *s = suite_create("trace_text");
    TCase *t = tcase_create("texts");

    tcase_add_loop_test(t, trace_reads_dialect, 0, (int)ARRAY_LEN(rows));
    tcase_add_loop_test(t, trace_refuses_text, 0, (int)ARRAY_LEN(bad));
    tcase_add_test(t, trace_refuses_lines_without_end);
    tcase_add_loop_test(t, trace_refuses_an_apdu_that_is_too_long, 0, 3);
    tcase_add_test(t, trace_place_names_the_bad_line);
    tcase_add_test(t, trace_status_wants_two_literal_bytes);
    tcase_add_test(t, trace_format_follows_the_name);
    suite_add_tcase(s, t);
    return s;
}
