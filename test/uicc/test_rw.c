/* Tests of uicc/fs/rw.c and search.c. Goal: offsets, record modes, pointers and lengths as
 * TS 102 221 11.1.3 to 11.1.8 say, by current file and by SFI; nothing is read or written outside
 * a file. */
#include "test/support/runner.h"
#include "test/support/uicc/lab.h"

static struct test_card *t;

static void set_up(void)
{
    t = lab_new(true);
    card_expect(t, "00A4040C09" LAB_AID1, "9000");
    card_verify(t, "PIN1");
}

static void tear_down(void)
{
    card_free(&t);
}

START_TEST(read_binary_by_offset_and_sfi)
{
    static const struct card_step steps[] = {
        {"00B0870009", "080910101032547698 9000"}, /* SFI makes it current */
        {"00B0000802", "98 9000"},                 /* 6C01, repeated */
        {"00B0000801", "98 9000"},
        {"00B0000901", "6B00"},
        {"00B07FFF01", "6B00"},
        {"00B0870801", "98 9000"},
        {"00B0870901", "6B00"},
        {"00B0000000", "080910101032547698 9000"},
        {"00B0A70001", "6A86"},
        {"00B0C70001", "6A86"},
        {"00B0800001", "6A86"},
        {"00B0950001", "6A82"}, /* no such SFI here */
        {"00B09E0001", "6A82"},
        {"00B0900001", "6981"},    /* records */
        {"00B0920001", "6981"},    /* objects */
        {"00B0000001", "08 9000"}, /* what failed did not change the current file */
    };

    CARD_STEPS(t, steps);
    ck_assert_str_eq(card_send(t, "00B0000802"), "6C01");
    ck_assert_str_eq(card_send(t, "00B000000A"), "6C09");
}
END_TEST

START_TEST(read_binary_wants_a_transparent_file)
{
    static const struct card_step steps[] = {
        {"00A4000C023F00", "9000"},
        {"00B0000001", "6986"},
        {"00A4000C022F00", "9000"},
        {"00B0000001", "6981"},
    };

    CARD_STEPS(t, steps);
}
END_TEST

START_TEST(update_binary_stays_inside)
{
    static const struct card_step steps[] = {
        {"00A4000C026F14", "9000"},
        {"00D6000002 AABB", "9000"},
        {"00D6000301 DD", "9000"},
        {"00B0000004", "AABB14DD 9000"},
        {"00D6000302 DDEE", "6700"},
        {"00D6000401 EE", "6B00"},
        {"00D6000005 0102030405", "6700"},
        {"00B0000004", "AABB14DD 9000"},
        {"00D6870009 080910101032547699", "6982"},
        {"0020000A08" CARD_ADM1, "9000"},
        {"00D6870009 080910101032547699", "9000"},
        {"00B0000009", "080910101032547699 9000"},
        {"00D6870801 98", "9000"},
        {"00B0000009", "080910101032547698 9000"},
    };

    CARD_STEPS(t, steps);
    ck_assert_int_eq(card_power_cycle(t), ERR_OK);
    card_expect(t, "00A4040C09" LAB_AID1, "9000");
    card_expect(t, "00A4000C026F14", "9000");
    card_expect(t, "00B0000004", "AABB14DD 9000");
}
END_TEST

/* A peer wrote over its tree. */
START_TEST(update_binary_of_a_df_is_refused)
{
    card_expect(t, "00A4000C023F00", "9000");
    card_expect(t, "00D6000001 00", "6986");
    card_expect(t, "00DC010406 000000000000", "6986");
}
END_TEST

/* Offsets are big-endian: 0102 is not 0201. */
START_TEST(offsets_are_not_swapped)
{
    card_expect(t, "00A4000C023F00", "9000");
    card_expect(t, "00A4000C027F10", "9000");
    card_expect(t, "00A4000C026F01", "9000");
    card_expect(t, "00B0010202", "0203 9000");
    card_expect(t, "00D6010201 77", "9000");
    card_expect(t, "00B0010104", "01770304 9000");
}
END_TEST

START_TEST(mirror_shows_and_changes_the_other_file)
{
    static const struct card_step steps[] = {
        {"0020000A08" CARD_ADM1, "9000"},
        {"00A4080C047F206F07", "9000"},
        {"00B0000009", "080910101032547698 9000"},
        {"00D6000801 11", "9000"},
        {"00A4080C047FFF6F07", "9000"},
        {"00B0000801", "11 9000"},
        {"00D6000801 22", "9000"},
        {"00A4080C047F206F07", "9000"},
        {"00B0000801", "22 9000"},
    };

    CARD_STEPS(t, steps);
}
END_TEST

START_TEST(read_record_modes_move_the_pointer)
{
    static const struct card_step steps[] = {
        {"00B2018406", "010101AABBCC 9000"}, /* absolute, by SFI */
        {"00B2000406", "6A83"},              /* which leaves no current record */
        {"00B2000206", "010101AABBCC 9000"},
        {"00B2000206", "020202AABBFF 9000"},
        {"00B2000406", "020202AABBFF 9000"},
        {"00B2040406", "040404040404 9000"},
        {"00B2000406", "020202AABBFF 9000"},
        {"00B2000306", "010101AABBCC 9000"},
        {"00B2000306", "6A83"},
        {"00B2000406", "010101AABBCC 9000"},
        {"00B2050406", "6A83"},
        {"00B2FF0406", "6A83"},
        {"00B2008206", "010101AABBCC 9000"}, /* an SFI begins anew, also for the current file */
        {"00B2000206", "020202AABBFF 9000"},
        {"00B2008206", "010101AABBCC 9000"},
        {"00B2018406", "010101AABBCC 9000"},
        {"00B2000406", "6A83"},
        {"00A4000C026F10", "9000"},
        {"00B2000306", "040404040404 9000"}, /* previous: last */
        {"00B2000206", "6A83"},
        {"00B2010206", "6A86"},
        {"00B2010506", "6A86"},
        {"00B2010006", "6A86"},
        {"00B201F406", "6A82"},
    };

    CARD_STEPS(t, steps);
    ck_assert_str_eq(card_send(t, "00B2010400"), "6C06");
    ck_assert_str_eq(card_send(t, "00B2010405"), "6C06");
}
END_TEST

/* A wrong length is answered with 6CXX, and the repeated command must find the same record. */
START_TEST(wrong_le_does_not_move_the_pointer)
{
    card_expect(t, "00A4000C026F10", "9000");
    card_expect(t, "00B2000200", "6C06");
    card_expect(t, "00B2000206", "010101AABBCC 9000");
    card_expect(t, "00B2000200", "6C06");
    card_expect(t, "00B2000206", "020202AABBFF 9000");
}
END_TEST

START_TEST(update_record_modes)
{
    static const struct card_step steps[] = {
        {"00DC018406 111111111111", "9000"},   {"00B2010406", "111111111111 9000"},
        {"00DC000206 222222222222", "9000"},   {"00B2010406", "222222222222 9000"},
        {"00DC000206 333333333333", "9000"},   {"00DC000406 444444444444", "9000"},
        {"00B2020406", "444444444444 9000"},   {"00DC000306 555555555555", "9000"},
        {"00B2010406", "555555555555 9000"},   {"00DC000306 555555555555", "6A83"},
        {"00DC050406 000000000000", "6A83"},   {"00DC010405 0000000000", "6700"},
        {"00DC010407 00000000000000", "6700"}, {"00B2030406", "0303CCAABB03 9000"},
    };

    CARD_STEPS(t, steps);
}
END_TEST

START_TEST(cyclic_file_pushes_out_the_oldest)
{
    static const struct card_step steps[] = {
        {"00A4000C026F11", "9000"},    {"00DC000303 AAAAAA", "9000"},
        {"00B2000403", "AAAAAA 9000"}, /* is current now */
        {"00B2010403", "AAAAAA 9000"}, {"00B2020403", "000003 9000"},
        {"00B2040403", "000001 9000"}, {"00DC010403 BBBBBB", "6981"},
        {"00DC000203 BBBBBB", "6981"}, {"00DC000302 BBBB", "6700"},
        {"00B2000203", "000003 9000"}, {"00B2000303", "AAAAAA 9000"},
        {"00B2000303", "000001 9000"}, /* round the corner */
        {"00B2000203", "AAAAAA 9000"}, {"00DC008B03 BBBBBB", "9000"},
        {"00B2028C03", "AAAAAA 9000"},
    };

    CARD_STEPS(t, steps);
    ck_assert_int_eq(card_power_cycle(t), ERR_OK);
    card_expect(t, "00A4040C09" LAB_AID1, "9000");
    card_verify(t, "PIN1");
    card_expect(t, "00B2018C03", "BBBBBB 9000");
}
END_TEST

START_TEST(increase_adds_to_the_newest)
{
    static const struct card_step steps[] = {
        {"80329100 01 05", "00000805 9000"}, {"00B2010403", "000008 9000"},
        {"00B2020403", "000003 9000"},       {"80320000 03 000100", "000108000100 9000"},
        {"80320000 03 FFFF00", "9850"},      {"00B2010403", "000108 9000"},
        {"80320000 04 00000001", "6700"},    {"80320100 01 01", "6A86"},
        {"80320001 01 01", "6A86"},          {"80328000 01 01", "6A86"},
        {"8032B100 01 01", "6A86"},          {"80329000 01 01", "6981"},
        {"80328700 01 01", "6981"},          {"80329500 01 01", "6A82"},
        {"00A4000C023F00", "9000"},          {"80320000 01 01", "6986"},
    };

    CARD_STEPS(t, steps);
}
END_TEST

START_TEST(search_simple)
{
    static const struct card_step steps[] = {
        {"00A2018402 AABB", "010203 9000"},  /* forward from 1: 1, 2, 3 */
        {"00B2000406", "010101AABBCC 9000"}, /* the first hit is current */
        {"00A2020402 AABB", "0203 9000"},    {"00A2030502 AABB", "030201 9000"},
        {"00A2000402 AABB", "03 9000"},
    };

    CARD_STEPS(t, steps);
}
END_TEST

START_TEST(search_finds_nothing_and_refuses)
{
    static const struct card_step steps[] = {
        {"00A4000C026F10", "9000"},
        {"00A2000401 01", "6A83"}, /* no current record */
        {"00A2010402 7777", "6282"},
        {"00A2050401 01", "6A83"},
        {"00A2010407 01010101010101", "6700"},
        {"00A2010400", "6700"},
        {"00A2010701 01", "6A81"},
        {"00A2010301 01", "6A86"},
        {"00A2010001 01", "6A86"},
        {"00A201F401 01", "6A82"},
        {"00A2013C01 01", "6981"},
        {"00A4000C023F00", "9000"},
        {"00A2010401 01", "6986"},
    };

    CARD_STEPS(t, steps);
}
END_TEST

START_TEST(search_enhanced)
{
    static const struct card_step steps[] = {
        {"00A4000C026F10", "9000"},
        {"00A2010604 0403 AABB", "010203 9000"}, /* from offset 3 on */
        {"00A2010604 0404 AABB", "6282"},
        {"00A2010603 0C02 AA", "02 9000"},       /* behind the first 02 */
        {"00A2030604 0500 AABB", "030201 9000"}, /* backward */
        {"00B2000406", "0303CCAABB03 9000"},
        {"00A2000604 0700 AABB", "0201 9000"}, /* from the previous one backward */
        {"00A2000604 0600 AABB", "03 9000"},   /* from the next one forward */
        {"00A2010604 0600 AABB", "6A86"},
        {"00A2010604 0300 AABB", "6A80"},
        {"00A2010604 1400 AABB", "6A80"},
        {"00A2010602 0400", "6700"},
        {"00A2010603 0406 AA", "6282"},
        {"00A2010603 04FF AA", "6282"},
    };

    CARD_STEPS(t, steps);
}
END_TEST

START_TEST(remote_rights_are_the_domains_own)
{
    static const uint8_t read[] = {0x00, 0xB0, 0x87, 0x00, 0x09};
    uint8_t bytes[64];
    struct wr out = WR_ARRAY(bytes);
    struct channel ch = *t->card->channels[0];
    struct apdu cmd;
    struct exec x = {.cmd = &cmd, .ch = &ch, .out = &out, .remote = true};

    ck_assert_int_eq(apdu_parse(RD_ARRAY(read), &cmd), ERR_OK);
    /* PIN1 is verified on the card, and still it is the domain that counts. */
    ck_assert_uint_eq(cmd_execute(t->card, &x).v, 0x6982);
    x.rights = 1;
    ck_assert_uint_eq(cmd_execute(t->card, &x).v, 0x9000);
    ck_assert_uint_eq(out.len, 9);
}
END_TEST

Suite *suite_under_test(void)
{
    const struct lab_case cases[] = {
        {"TS 102 221 11.1.3", read_binary_by_offset_and_sfi, 0},
        {"TS 102 221 11.1.3", read_binary_wants_a_transparent_file, 0},
        {"TS 102 221 11.1.4", update_binary_stays_inside, 0},
        {"TS 102 221 11.1.4", update_binary_of_a_df_is_refused, 0},
        {"TS 102 221 11.1.4", offsets_are_not_swapped, 0},
        {"TS 51.011 10.3", mirror_shows_and_changes_the_other_file, 0},
        {"TS 102 221 11.1.5", read_record_modes_move_the_pointer, 0},
        {"TS 102 221 11.1.5", wrong_le_does_not_move_the_pointer, 0},
        {"TS 102 221 11.1.6", update_record_modes, 0},
        {"TS 102 221 11.1.6", cyclic_file_pushes_out_the_oldest, 0},
        {"TS 102 221 11.1.8", increase_adds_to_the_newest, 0},
        {"TS 102 221 11.1.7", search_simple, 0},
        {"TS 102 221 11.1.7", search_finds_nothing_and_refuses, 0},
        {"TS 102 221 11.1.7", search_enhanced, 0},
        {"TS 102 226 7", remote_rights_are_the_domains_own, 0},
    };

    return lab_suite("rw", cases, ARRAY_LEN(cases), set_up, tear_down);
}
