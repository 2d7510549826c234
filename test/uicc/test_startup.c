/* Tests of a whole card with the built-in profile: what a modem sends at power-on (TS 31.102 5.1),
 * and how readers go about it, runs without an error. */
#include "test/support/runner.h"
#include "test/support/uicc/lab.h"

static struct test_card *t;

static void set_up(void)
{
    t = card_new();
}

static void tear_down(void)
{
    card_free(&t);
}

START_TEST(a_modem_comes_up)
{
    static const struct card_step steps[] = {
        {"00A4000C023F00", "9000"},
        {"00A4080C022FE2", "9000"},
        {"00B000000A", "988812010000400310F0 9000"},
        {"00A4080C022F05", "9000"},
        {"00A4080C022F00", "9000"},
        {"00A4000C023F00", "9000"},
        {"80AA000007 A905800301FFFF", "9000"},
        {"00A4040C07A0000000871002", "9000"},
        {"0020000100", "63C3"}, /* PIN1 is disabled, and tells its tries */
        {"8010000014 FFFFFFFF7F0F00DFFFFF00001FE208070D000000", "9000"},
        {"80F2010C", "9000"},
        {"00A4080C047FFF6FAD", "9000"},
        {"00B0000004", "00000002 9000"},
        {"00A4080C047FFF6F38", "9000"},
        {"00B0000001", "9F 9000"},
        {"00A4080C047FFF6F07", "9000"},
        {"00B0000009", "080910101032547698 9000"},
        {"00A4080C047FFF6F31", "9000"},
        {"00B0000001", "0A 9000"},
        {"00A4080C047FFF6F60", "9000"},
        {"00A4080C047FFF6F61", "9000"},
        {"00A4080C047FFF6F62", "9000"},
        {"00A4080C047FFF6F78", "9000"},
        {"00B0000002", "0200 9000"},
        {"00A4080C047FFF6F7E", "9000"},
        {"00B000000B", "FFFFFFFFFFFFFF0000FF01 9000"},
        {"00A4080C047FFF6F73", "9000"},
        {"00A4080C047FFF6FE3", "9000"},
        {"00A4080C047FFF6F08", "9000"},
        {"00A4080C047FFF6F09", "9000"},
        {"00A4080C047FFF6F5B", "9000"},
        {"00B0000006", "F00000F00000 9000"},
        {"00A4080C047FFF6F5C", "9000"},
        {"00A4080C047FFF6F7B", "9000"},
        {"00A4080C047FFF6FB7", "9000"},
        {"00A4080C047FFF6F46", "9000"},
        {"00A4080C047FFF6FC5", "9000"},
        {"00A4080C047FFF6FC6", "9000"},
        {"00A4080C047FFF6FCD", "9000"},
        {"00A4080C047FFF6FD9", "9000"},
        {"00A4080C047FFF6F05", "9000"},
        {"00A4080C047FFF6F42", "9000"},
        {"00A4080C047FFF6F3C", "9000"},
        {"00A4080C067FFF5F3B4F20", "9000"},
        {"00A4080C067FFF5FC04F01", "9000"},
        {"00A4080C047FFF1234", "6A82"}, /* what the card does not have */
        {"00A4080C047FFF6F7E", "9000"},
        {"00D600000B 1122334400F110000100 00", "9000"},
        {"80F2020C", "9000"},
    };

    CARD_STEPS(t, steps);
}
END_TEST

START_TEST(a_modem_comes_up_with_a_pin)
{
    tear_down();
    t = card_defaults();
    t->perso.pin1_enabled = true;
    card_make(t);
    card_expect(t, "00A4040C07A0000000871002", "9000");
    card_expect(t, "00B0870009", "6982");
    card_expect(t, "00B0830004", "00000002 9000"); /* EF.AD is free */
    card_expect(t, "0020000100", "63C3");
    card_verify(t, "PIN1");
    card_expect(t, "00B0870009", "080910101032547698 9000");
}
END_TEST

/* pySim-read, pySim-shell: probes, EF.DIR, class A0. */
START_TEST(a_reader_finds_its_way)
{
    static const struct card_step steps[] = {
        {"00A40004023F00", "62XX"},
        {"00A4040410 A0000005591010FFFFFFFF8900000100", "6A82"},
        {"00A40004022F00", "62XX"},
        {"00A4040410 A0000000871002FFFFFFFF8907090000", "62XX"},
        {"00A40004027FFF", "62XX"},
        {"00A4030C", "9000"},
        {"00A4000C027F20", "9000"},
        {"00A4000C026F07", "9000"},
        {"00B0000009", "080910101032547698 9000"},
        {"00A4000C023F00", "9000"},
        {"00A4000C027F10", "9000"},
        {"00A4000C023F00", "9000"},
        {"00A4000C027FE0", "6A82"},
        {"00A4000C027F25", "6A82"},
        {"A0A40000023F00", "00XX"},
        {"A0A40000027F20", "00XX"},
        {"A0A40000026F07", "00XX"},
        {"A0B0000009", "080910101032547698 9000"},
        {"0020000A00", "63CA"},
        {"0020000A08" CARD_ADM1, "9000"},
        {"00A4040C07A0000000871002", "9000"},
        {"00D6870009 080910101032547698", "9000"},
    };

    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        const char *got = card_run(t, steps[i].send);
        size_t n = steps[i].want[2] == 'X' ? 2 : 0;

        if (n == 0)
            card_expect_run(t, steps[i].send, steps[i].want);
        else
            ck_assert_msg(got[0] == steps[i].want[0] && got[1] == steps[i].want[1], "%s: %s",
                          steps[i].send, got);
    }
}
END_TEST

Suite *suite_under_test(void)
{
    const struct lab_case cases[] = {
        {"TS 31.102 5.1", a_modem_comes_up, 0},
        {"TS 31.102 5.1", a_modem_comes_up_with_a_pin, 0},
        {"TS 102 221 8", a_reader_finds_its_way, 0},
    };

    return lab_suite("startup", cases, ARRAY_LEN(cases), set_up, tear_down);
}
