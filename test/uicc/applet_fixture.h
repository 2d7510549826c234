/*
 * applet_fixture.h - a card, and applets of its own installed on it. Included once per test
 * program.
 */
#ifndef RESEAT_TEST_APPLET_FIXTURE_H
#define RESEAT_TEST_APPLET_FIXTURE_H

#include "test/support/runner.h"
#include "test/support/uicc/card.h"
#include "uicc/applet/manage.h"
#include "uicc/applet/native.h"
#include "uicc/pin/pin.h"

#define ALL        "8010000014 FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF"
#define SELECT_ONE "00A4040408 F0AA000000000001"
#define SELECT_TWO "00A4040408 F0AA000000000002"

static struct test_card *t;

static inline void setup(void)
{
    t = card_new();
}

static inline void teardown(void)
{
    card_free(&t);
}

/* Module 0 is hello, 1 the watch. */
static inline struct applet_installation wanted(unsigned module, uint8_t name)
{
    const struct native_package *p = applet_native_package(1);
    const uint8_t aid[] = {0xF0, 0xAA, 0, 0, 0, 0, 0, name};
    struct applet_installation w = {
        .entry = {.package = APPLET_NATIVE + 1,
                  .module = p->modules[module].aid,
                  .life = APPLET_SELECTABLE,
                  .domain = APPLET_ISD,
                  .rights = PIN_BIT_PIN1},
        .toolkit = {.priority = 1, .max_text = 16, .entry_count = 1},
    };

    ck_assert(applet_aid_set(&w.entry.aid, RD_ARRAY(aid)));
    return w;
}

static inline uint8_t install_as(struct applet_installation *w)
{
    enum err e = applet_install(t->card, w);

    ck_assert_msg(e == ERR_OK, "%s", err_text(e));
    ck_assert_int_eq(store_commit(&t->card->store), ERR_OK);
    return w->entry.number;
}

static inline uint8_t install(unsigned module, uint8_t name)
{
    static const char number[] = "+4917279119183";
    struct applet_installation w = wanted(module, name);

    if (module == 1)
        w.parameters = RD((const uint8_t *)number, sizeof number - 1);
    return install_as(&w);
}

static inline TCase *add(Suite *s, const char *clause)
{
    TCase *c = tcase_create(clause);

    tcase_add_checked_fixture(c, setup, teardown);
    suite_add_tcase(s, c);
    return c;
}

#endif
