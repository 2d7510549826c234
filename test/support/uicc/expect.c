#include "test/support/uicc/card.h"

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
