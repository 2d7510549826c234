#include "test/support/uicc/lab.h"

#include <check.h>
#include <string.h>

/* Equal, blanks aside, where "XX" is any byte. */
static bool is_like(const char *got, const char *want)
{
    for (;;) {
        while (*got == ' ')
            got++;
        while (*want == ' ')
            want++;
        if (*got == '\0' || *want == '\0')
            return *got == *want;
        if (*want != 'X' && *want != *got)
            return false;
        got++;
        want++;
    }
}

void card_expect(struct test_card *t, const char *hex, const char *want)
{
    const char *got = card_send(t, hex);

    ck_assert_msg(is_like(got, want), "%s: got %s, want %s", hex, got, want);
}

void card_expect_run(struct test_card *t, const char *hex, const char *want)
{
    const char *got = card_run(t, hex);

    ck_assert_msg(is_like(got, want), "%s: got %s, want %s", hex, got, want);
}

void card_steps(struct test_card *t, const struct card_step *steps, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *got = card_run(t, steps[i].send);

        ck_assert_msg(is_like(got, steps[i].want), "step %zu, %s: got %s, want %s", i + 1,
                      steps[i].send, got, steps[i].want);
    }
}

void card_verify(struct test_card *t, const char *which)
{
    if (strcmp(which, "PIN1") == 0)
        card_expect(t, "0020000108" CARD_PIN1, "9000");
    else if (strcmp(which, "PIN2") == 0)
        card_expect(t, "0020008108" CARD_PIN2, "9000");
    else if (strcmp(which, "ADM1") == 0)
        card_expect(t, "0020000A08" CARD_ADM1, "9000");
    else
        ck_abort_msg("no such key: %s", which);
}

Suite *lab_suite(const char *name, const struct lab_case *cases, size_t count, SFun set_up,
                 SFun tear_down)
{
    Suite *s = suite_create(name);

    for (size_t i = 0; i < count; i++) {
        TCase *c = tcase_create(cases[i].clause);

        tcase_add_checked_fixture(c, set_up, tear_down);
        if (cases[i].rows > 0)
            tcase_add_loop_test(c, cases[i].test, 0, cases[i].rows);
        else
            tcase_add_test(c, cases[i].test);
        suite_add_tcase(s, c);
    }
    return s;
}
