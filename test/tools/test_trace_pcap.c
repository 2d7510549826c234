/* Tests of GSMTAP SIM in pcap and pcapng. Goal: what is written reads the same, what others
 * write reads right, and damage is told apart from packets of something else. The outside judge
 * is tshark, in test/tools/cli_trace_pcap.sh. */
#include "test/support/hexrow.h"
#include "test/support/runner.h"
#include "tools/trace/log.h"
#include "tools/trace/pcap.h"

#include <string.h>

static struct trace_event events[8];

static size_t read_all(const uint8_t *bytes, size_t len, enum err *end)
{
    FILE *in = fmemopen((void *)(uintptr_t)bytes, len, "r");
    struct trace_reader *r = NULL;
    size_t n = 0;

    ck_assert(in != NULL);
    *end = trace_open(in, &r);
    while (*end == ERR_OK && n < ARRAY_LEN(events)) {
        *end = trace_next(r, &events[n]);
        n += *end == ERR_OK;
    }
    trace_close(&r);
    fclose(in);
    return n;
}

static void set(struct trace_event *e, enum trace_kind kind, const char *command,
                const char *answer)
{
    struct hexrow row;

    memset(e, 0, sizeof *e);
    e->kind = kind;
    e->time_us = 1700000000123456;
    trace_bytes_set(&e->command, hexrow(&row, command));
    trace_bytes_set(&e->answer, hexrow(&row, answer));
}

static size_t write_some(enum trace_format format, uint8_t *out, size_t cap)
{
    FILE *f = fmemopen(out, cap, "w");
    struct trace_writer w = {.file = f, .format = format};
    static struct trace_event e;
    size_t len;

    set(&e, TRACE_RESET, "", "3B9F96801FC78031A073BE211367432007180000 01A5");
    ck_assert_int_eq(trace_write(&w, &e), ERR_OK);
    set(&e, TRACE_NOTE, "", "");
    snprintf(e.note, sizeof e.note, "look");
    ck_assert_int_eq(trace_write(&w, &e), ERR_OK);
    set(&e, TRACE_EXCHANGE, "00A40004023F00", "612F");
    ck_assert_int_eq(trace_write(&w, &e), ERR_OK);
    set(&e, TRACE_EXCHANGE, "00B0000003", "010203 9000");
    ck_assert_int_eq(trace_write(&w, &e), ERR_OK);
    set(&e, TRACE_OFF, "", "");
    ck_assert_int_eq(trace_write(&w, &e), ERR_OK);
    len = (size_t)ftell(f);
    fclose(f);
    return len;
}

START_TEST(pcap_reads_what_it_wrote)
{
    bool ng = _i == 1;
    uint8_t file[4096];
    size_t len = write_some(ng ? TRACE_PCAPNG : TRACE_PCAP, file, sizeof file), at = 0;
    enum err end;

    ck_assert_uint_eq(read_all(file, len, &end), ng ? 4 : 3);
    ck_assert_int_eq(end, ERR_NOT_FOUND);
    ck_assert_int_eq(events[at].kind, TRACE_RESET);
    ck_assert_uint_eq(events[at].time_us, 1700000000123456);
    hexrow_assert(TRACE_RD(&events[at].answer), "3B9F96801FC78031A073BE21136743200718000001A5",
                  "ATR");
    if (ng) {
        ck_assert_int_eq(events[++at].kind, TRACE_NOTE);
        ck_assert_str_eq(events[at].note, "look");
    }
    ck_assert_int_eq(events[++at].kind, TRACE_EXCHANGE);
    hexrow_assert(TRACE_RD(&events[at].command), "00A40004023F00", "SELECT");
    hexrow_assert(TRACE_RD(&events[at].answer), "612F", "its answer");
    at++;
    hexrow_assert(TRACE_RD(&events[at].command), "00B0000003", "READ BINARY");
    hexrow_assert(TRACE_RD(&events[at].answer), "010203 9000", "its answer");
}
END_TEST

START_TEST(pcap_cut_anywhere_is_no_crash)
{
    uint8_t file[4096];
    size_t len = write_some(_i == 1 ? TRACE_PCAPNG : TRACE_PCAP, file, sizeof file);

    for (size_t n = 4; n < len; n++) {
        enum err end;

        (void)read_all(file, n, &end);
        ck_assert(end == ERR_SHORT || end == ERR_NOT_FOUND || end == ERR_OK);
    }
}
END_TEST

static const struct {
    const char *what, *packet, *command, *answer;
    enum err want;
} packets[] = {
    {"SIMtrace: SELECT", "02040400 00000000 00000000 00000000 A0A40000027F20 9F16",
     "A0A40000027F20", "9F16", ERR_OK},
    {"answer data behind P3", "02040400 00000000 00000000 00000000 00B0000002 AABB 9000",
     "00B0000002", "AABB9000", ERR_OK},
    {"6CXX brings no data", "02040400 00000000 00000000 00000000 00B0000000 6C0A", "00B0000000",
     "6C0A", ERR_OK},
    {"whole case 4", "02040400 00000000 00000000 00000000 00A40004023F00 6202AABB 9000",
     "00A40004023F00", "6202AABB9000", ERR_OK},
    {"STATUS asks", "02040400 00000000 00000000 00000000 80F2000002 6200 9000", "80F2000002",
     "62009000", ERR_OK},
    {"GET STATUS brings", "02040400 00000000 00000000 00000000 84F24000024F00 6A88",
     "84F24000024F00", "6A88", ERR_OK},
    {"a longer header", "02050400 00000000 00000000 00000000 00000000 80F2000C00 9000",
     "80F2000C00", "9000", ERR_OK},
    {"another type", "02040100 00000000 00000000 00000000 80F2000C00 9000", "", "", ERR_NOT_FOUND},
    {"another version", "03040400 00000000 00000000 00000000 80F2000C00 9000", "", "",
     ERR_NOT_FOUND},
    {"PPS", "02040400 00000000 00000000 02000000 FF10967B", "", "", ERR_OK},
    {"no PPS", "02040400 00000000 00000000 03000000 FF10967B000000", "", "", ERR_NOT_FOUND},
    {"a piece", "02040400 00000000 00000000 04000000 00B0000002", "", "", ERR_NOT_FOUND},
    {"too short for a status", "02040400 00000000 00000000 00000000 80F2000C00 90", "", "",
     ERR_NOT_FOUND},
    {"header past the end", "02FF0400 00000000 00000000 00000000 80F2000C00 9000", "", "",
     ERR_SHORT},
    {"half a header", "02040400", "", "", ERR_SHORT},
};

START_TEST(pcap_gsmtap_splits)
{
    static struct trace_event e;
    struct hexrow row;
    enum err got = trace_pcap_gsmtap(hexrow(&row, packets[_i].packet), &e);

    ck_assert_msg(got == packets[_i].want, "%s: %s", packets[_i].what, err_text(got));
    if (got != ERR_OK)
        return;
    hexrow_assert(TRACE_RD(&e.command), packets[_i].command, packets[_i].what);
    hexrow_assert(TRACE_RD(&e.answer), packets[_i].answer, packets[_i].what);
}
END_TEST

/* Big-endian files with nanoseconds. */
#define UDP_GSMTAP        "1279 1279 001F 0000 02040400 00000000 00000000 00000000 80F2000C00 9000"
#define FILE_HEADER(link) "A1B23C4D 0002 0004 00000000 00000000 0000FFFF 000000" link

/* Lc of extended length is told from P3 00 by what follows. */
START_TEST(pcap_gsmtap_takes_extended_length)
{
    static const uint8_t header[] = {0x02, 0x04, 0x04, 0, 0,    0,    0,    0, 0, 0,    0,   0,
                                     0,    0,    0,    0, 0x80, 0xE2, 0x91, 0, 0, 0x01, 0x00};
    static uint8_t packet[3 * TRACE_BYTES_MAX];
    static struct trace_event e;

    memcpy(packet, header, sizeof header);
    packet[sizeof header + 256] = 0x61;
    ck_assert_int_eq(trace_pcap_gsmtap(RD(packet, sizeof header + 258), &e), ERR_OK);
    ck_assert_uint_eq(e.command.len, 7 + 256);
    hexrow_assert(TRACE_RD(&e.answer), "6100", "status");
    ck_assert_int_eq(trace_pcap_gsmtap(RD(packet, sizeof header + 257), &e), ERR_OK);
    ck_assert_uint_eq(e.command.len, 5); /* one byte short of it: no Lc */
    ck_assert_int_eq(trace_pcap_gsmtap(RD_ARRAY(packet), &e), ERR_RANGE);
}
END_TEST

/* Sub types 4 to 7: header, command data, answer data, status word, each a packet. */
static size_t piece(struct wr *w, uint8_t sub_type, const char *hex)
{
    struct hexrow row;
    struct rd bytes = hexrow(&row, hex);
    size_t udp = 8 + 16 + bytes.left, len = 20 + udp;

    wr_rd(w, hexrow(&row, "6553F100 00000BB8"));
    wr_u32(w, (uint32_t)len);
    wr_u32(w, (uint32_t)len);
    wr_u16(w, 0x4500);
    wr_u16(w, (uint16_t)len);
    wr_rd(w, hexrow(&row, "00004000 40110000 7F000001 7F000001 1279 1279"));
    wr_u16(w, (uint16_t)udp);
    wr_rd(w, hexrow(&row, "0000 02040400 00000000 00000000"));
    wr_u32(w, (uint32_t)sub_type << 24);
    wr_rd(w, hexrow(&row, hex));
    return w->len;
}

START_TEST(pcap_puts_pieces_together)
{
    uint8_t file[1024];
    struct wr w = WR_ARRAY(file);
    struct hexrow row;
    enum err end;

    wr_rd(&w, hexrow(&row, FILE_HEADER("65")));
    piece(&w, 7, "9000"); /* of nothing */
    piece(&w, 4, "00A4000402");
    piece(&w, 5, "3F");
    piece(&w, 5, "00");
    piece(&w, 7, "612F");
    piece(&w, 2, "FF10967B");
    piece(&w, 4, "00B0000003");
    piece(&w, 6, "010203");
    piece(&w, 7, "9000");
    piece(&w, 4, "00B0000003"); /* the card is pulled */
    piece(&w, 1, "3B00");
    ck_assert_int_eq(wr_result(&w), ERR_OK);
    ck_assert_uint_eq(read_all(file, w.len, &end), 4);
    hexrow_assert(TRACE_RD(&events[0].command), "00A40004023F00", "SELECT");
    hexrow_assert(TRACE_RD(&events[0].answer), "612F", "its answer");
    ck_assert_str_eq(events[1].note, "PPS request FF10967B");
    hexrow_assert(TRACE_RD(&events[2].command), "00B0000003", "READ BINARY");
    hexrow_assert(TRACE_RD(&events[2].answer), "010203 9000", "its answer");
    ck_assert_uint_eq(events[2].place, 9);
    ck_assert_int_eq(events[3].kind, TRACE_RESET);
}
END_TEST

/* Links and IP versions that the writer does not use. */
static const struct {
    const char *what, *file;
    size_t want;
} links[] = {
    {"Linux cooked, IPv4",
     FILE_HEADER("71") "6553F100 00000BB8 00000043 00000043 0000 0304 0006 000000000000 0000 0800"
                       "45000033 00004000 40110000 7F000001 7F000001" UDP_GSMTAP,
     1},
    {"raw IPv6",
     FILE_HEADER(
         "65") "6553F100 00000BB8 00000047 00000047 60000000 001F1140"
               "00000000000000000000000000000001 00000000000000000000000000000001" UDP_GSMTAP,
     1},
    {"VLAN",
     FILE_HEADER("01") "6553F100 00000BB8 00000045 00000045 000000000000000000000000 8100"
                       "0001 0800 45000033 00004000 40110000 7F000001 7F000001" UDP_GSMTAP,
     1},
    {"TCP is not ours",
     FILE_HEADER("65") "6553F100 00000BB8 00000033 00000033"
                       "45000033 00004000 40060000 7F000001 7F000001" UDP_GSMTAP,
     0},
    {"the end of a fragmented one",
     FILE_HEADER("65") "6553F100 00000BB8 00000033 00000033"
                       "45000033 00000005 40110000 7F000001 7F000001" UDP_GSMTAP,
     0},
    {"a fragment is not ours",
     FILE_HEADER("65") "6553F100 00000BB8 00000033 00000033"
                       "45000033 00002000 40110000 7F000001 7F000001" UDP_GSMTAP,
     0},
};

START_TEST(pcap_reads_link)
{
    struct hexrow row;
    struct rd file = hexrow(&row, links[_i].file);
    enum err end;
    size_t n = read_all(file.at, file.left, &end);

    ck_assert_msg(end == ERR_NOT_FOUND, "%s: %s", links[_i].what, err_text(end));
    ck_assert_msg(n == links[_i].want, "%s: %zu events", links[_i].what, n);
    if (n == 1) {
        hexrow_assert(TRACE_RD(&events[0].command), "80F2000C00", links[_i].what);
        ck_assert_uint_eq(events[0].time_us, 1700000000000003);
    }
}
END_TEST

static const struct {
    const char *what, *file;
    enum err want;
} damaged[] = {
    {"a block shorter than a block", "0A0D0D0A 00000008 1A2B3C4D", ERR_FORMAT},
    {"a block of a length that is none", "0A0D0D0A 0000001D 1A2B3C4D", ERR_FORMAT},
    {"another byte order", "0A0D0D0A 0000001C 1A2B3C4E 0001 0000 FFFFFFFFFFFFFFFF 0000001C",
     ERR_FORMAT},
    {"a record of a gigabyte", FILE_HEADER("65") "6553F100 00000BB8 40000000 40000000", ERR_RANGE},
    {"a packet of an interface that is not there",
     "0A0D0D0A 0000001C 1A2B3C4D 0001 0000 FFFFFFFFFFFFFFFF 0000001C"
     "00000006 00000020 00000000 00000000 00000000 00000000 00000000 00000020",
     ERR_FORMAT},
};

START_TEST(pcap_refuses_damage)
{
    struct hexrow row;
    struct rd file = hexrow(&row, damaged[_i].file);
    enum err end;

    ck_assert_uint_eq(read_all(file.at, file.left, &end), 0);
    ck_assert_msg(end == damaged[_i].want, "%s: %s", damaged[_i].what, err_text(end));
}
END_TEST

/* TS 102 221 11.1.9, TS 31.102 7.1.2: what a trace must not show. */
static const struct {
    const char *what, *command, *answer;
    size_t command_open, answer_open;
} secrets[] = {
    {"VERIFY PIN", "0020000108 31323334FFFFFFFF", "9000", 8, 0},
    {"UNBLOCK PIN", "002C000110 3132333435363738 31323334FFFFFFFF", "9000", 16, 0},
    {"VERIFY asks", "0020000100", "63C3", 0, 0},
    {"3G: CK, IK, Kc", "0088008105", "DB 02 0102 02 0304 02 0506 02 0708 9000", 0, 9},
    {"AUTS is no key", "0088008105", "DC 02 0102 9000", 0, 0},
    {"2G in the USIM: Kc", "0088008005", "02 0102 02 0304 9000", 0, 3},
    {"RUN GSM ALGORITHM: Kc", "A088000005", "01020304 0506070809101112 9000", 0, 8},
    {"other data", "00B0000003", "010203 9000", 0, 0},
};

static size_t count_open(const struct trace_bytes *b)
{
    size_t n = 0;

    for (size_t i = 0; i < b->len; i++)
        n += b->mark[i] == TRACE_ANY && b->at[i] == 0xFF;
    return n;
}

START_TEST(trace_log_mask_hides)
{
    static struct trace_event e;

    set(&e, TRACE_EXCHANGE, secrets[_i].command, secrets[_i].answer);
    trace_log_mask(&e, e.command.at);
    ck_assert_msg(count_open(&e.command) == secrets[_i].command_open, "%s", secrets[_i].what);
    ck_assert_msg(count_open(&e.answer) == secrets[_i].answer_open, "%s", secrets[_i].what);
}
END_TEST

START_TEST(trace_log_hides_keys_that_get_response_brings)
{
    char text[512] = "";
    FILE *f = fmemopen(text, sizeof text, "w");
    struct trace_writer w = {.file = f};
    static struct trace_log l;
    struct hexrow a, b;

    l.writer = &w;
    trace_log_exchange(&l, hexrow(&a, "008800810101"), hexrow(&b, "6108"));
    trace_log_exchange(&l, hexrow(&a, "00C0000008"), hexrow(&b, "DB 02 0102 02 0304 9000"));
    fclose(f);
    ck_assert_str_eq(text, "> 008800810101\n< 6108\n> 00C0000008\n< DB020102****** 9000\n");
}
END_TEST

Suite *suite_under_test(void)
{
    Suite *s = suite_create("trace_pcap");
    TCase *t = tcase_create("packets");
    TCase *m = tcase_create("TS 31.102 7.1.2");

    tcase_add_loop_test(t, pcap_reads_what_it_wrote, 0, 2);
    tcase_add_loop_test(t, pcap_cut_anywhere_is_no_crash, 0, 2);
    tcase_add_loop_test(t, pcap_gsmtap_splits, 0, (int)ARRAY_LEN(packets));
    tcase_add_test(t, pcap_gsmtap_takes_extended_length);
    tcase_add_test(t, pcap_puts_pieces_together);
    tcase_add_loop_test(t, pcap_reads_link, 0, (int)ARRAY_LEN(links));
    tcase_add_loop_test(t, pcap_refuses_damage, 0, (int)ARRAY_LEN(damaged));
    tcase_add_loop_test(m, trace_log_mask_hides, 0, (int)ARRAY_LEN(secrets));
    tcase_add_test(m, trace_log_hides_keys_that_get_response_brings);
    suite_add_tcase(s, t);
    suite_add_tcase(s, m);
    return s;
}
