/* Tests of uicc/perso/applets.c. Goal: an applet that a profile names is on every card made from
 * it, as if it had been installed there; a line that cannot be is refused with its number. */
#include "test/support/runner.h"
#include "test/support/uicc/air.h"
#include "uicc/applet/native.h"
#include "uicc/core/card.h"
#include "uicc/perso.h"

#include <stdlib.h>
#include <string.h>

#define HELLO "applet hello = F0AA000001 priority 5 menu 1 text 16 tar 0A0B0C level 16\n"

static struct air *o;

static void teardown(void)
{
    air_free(&o);
}

START_TEST(applet_of_the_profile_is_on_the_card)
{
    struct air_packet p;
    struct applet_entry e;

    o = air_new(HELLO "applet imsi-watch = F0AA000002 files PIN1 priority 9 data 2B343931373237\n",
                SECPKT_AES);
    ck_assert_int_eq(
        applet_registry_find(&o->card->store, RD((const uint8_t *)"\xF0\xAA\0\0\1", 5), &e),
        ERR_OK);
    ck_assert_uint_eq(e.level, 0x16);
    ck_assert_uint_eq(e.rights, 0);
    ck_assert_uint_eq(air_hex(o, "00A4040005F0AA000001"), 0x9000);
    ck_assert_uint_eq(air_hex(o, "00B000000C"), 0x9000);
    ck_assert_int_eq(memcmp(o->answer, "Hello", 5), 0);
    p = air_packet(o, 1, "0A0B0C", 1, RD(NULL, 0));
    air_run(o, &p);
    ck_assert_uint_eq(air_proof(o, &p).data.left, 12);
    air_power_cut(o, NVM_SIM_DROP);
    ck_assert_uint_eq(air_hex(o, "8010000014FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF"), 0x9121);
    ck_assert(air_fetch(o));
    ck_assert_uint_eq(o->answer[5], 0x25); /* SET UP MENU */
}
END_TEST

/* Over the air it is an applet like any other, and goes like any other. */
START_TEST(applet_of_the_profile_can_be_deleted)
{
    struct secpkt_response r;

    o = air_new(HELLO, SECPKT_AES);
    r = air_script(o, AIR_RAM, 1, "80E4000007 4F05F0AA000001 00");
    ck_assert_uint_eq(r.rsc, RSC_OK);
    ck_assert_uint_eq(air_hex(o, "00A4040005F0AA000001"), 0x6A82);
}
END_TEST

START_TEST(profile_without_applets_leaves_the_card_as_it_was)
{
    struct applet_entry e;

    o = air_new(NULL, SECPKT_AES);
    ck_assert_int_eq(applet_registry_next(&o->card->store, APPLET_ISD, &e), ERR_OK);
    ck_assert_uint_eq(e.number, APPLET_MANAGER);
}
END_TEST

static const struct {
    const char *text, *says;
} wrong[] = {
    {"applet = F0AA000001\n", "line 1: applet needs an argument"},
    {"\napplet nobody = F0AA000001\n", "line 2: no applet \"nobody\""},
    {"applet A000000151535041 = F0AA000001\n", "line 1: no applet \"A000000151535041\""},
    {"applet hello =\n", "line 1: an AID is 5 to 16 bytes in hex"},
    {"applet hello = F0AA\n", "line 1: an AID is 5 to 16 bytes in hex"},
    {"applet hello = F0AA000001 priority\n", "line 1: priority: without a value"},
    {"applet hello = F0AA000001 priority 256\n", "line 1: priority: too large, or no number"},
    {"applet hello = F0AA000001 menu 9\n", "line 1: menu: too large, or no number"},
    {"applet hello = F0AA000001 timers x\n", "line 1: timers: too large, or no number"},
    {"applet hello = F0AA000001 tar 0A0B\n", "line 1: tar: a TAR is 3 bytes in hex"},
    {"applet hello = F0AA000001 tar 0A0B0C tar 0A0B0D tar 0A0B0E tar 0A0B0F tar 0A0B10\n",
     "line 1: tar: too many TARs"},
    {"applet hello = F0AA000001 level 20\n",
     "line 1: level: the security level is coded as SPI1, 00 to 1F"},
    {"applet hello = F0AA000001 files all\n", "line 1: files: files are full, PIN1 or none"},
    {"applet hello = F0AA000001 privileges 0000\n",
     "line 1: privileges: privileges are 1 or 3 bytes in hex"},
    {"applet hello = F0AA000001 data 0\n", "line 1: data: no hex, or too much of it"},
    {"applet hello = F0AA000001 quota 70000\n", "line 1: quota: too large, or no number"},
    {"applet hello = F0AA000001 colour red\n", "line 1: colour: unknown"},
};

START_TEST(line_that_cannot_be_is_refused_with_its_number)
{
    uint8_t *image = malloc(PERSO_IMAGE_MAX);
    struct wr w = WR(image, PERSO_IMAGE_MAX);
    char message[PERSO_MESSAGE_MAX] = "";

    ck_assert_int_ne(perso_compile(wrong[_i].text, &w, message), ERR_OK);
    ck_assert_str_eq(message, wrong[_i].says);
    free(image);
}
END_TEST

/* What only the card can know: an AID twice, a TAR that is taken, an applet's own refusal. */
static const char *const refused[] = {
    HELLO HELLO,
    HELLO "applet hello = F0AA000002 priority 5 menu 1 text 16 tar 0A0B0C\n",
    "applet hello = F0AA000001 priority 5 menu 1 text 16 tar BFFF00\n",
    "applet imsi-watch = F0AA000001 priority 5\n",
    "applet hello = F0AA000001 priority 5 menu 1 text 2\n",
};

START_TEST(installation_that_the_card_refuses_makes_no_card)
{
    struct air *good = air_new(NULL, SECPKT_AES);
    uint8_t *image = malloc(PERSO_IMAGE_MAX);
    struct wr w = WR(image, PERSO_IMAGE_MAX);
    char message[PERSO_MESSAGE_MAX] = "";
    struct nvm_sim sim;

    nvm_sim_init(&sim, PERSO_NVM_SIZE);
    ck_assert_int_eq(perso_compile(refused[_i], &w, message), ERR_OK);
    ck_assert_int_eq(perso_write(&sim.device, RD_WR(&w), &good->made), ERR_RANGE);
    nvm_sim_free(&sim);
    free(image);
    air_free(&good);
}
END_TEST

START_TEST(uicc_applet_tells_what_is_there)
{
    struct uicc_applet_info info;

    o = air_new(HELLO, SECPKT_AES);
    ck_assert_int_eq(uicc_applet(o->card, 0, &info), ERR_OK);
    ck_assert_str_eq(info.name, "security domain");
    ck_assert_str_eq(info.state, "secured");
    ck_assert_int_eq(uicc_applet(o->card, 1, &info), ERR_OK);
    ck_assert_str_eq(info.aid, "F0AA000001");
    ck_assert_str_eq(info.name, "hello");
    ck_assert_str_eq(info.tars[0], "0A0B0C");
    ck_assert_uint_eq(info.priority, 5);
    ck_assert_int_eq(uicc_applet(o->card, 2, &info), ERR_OK);
    ck_assert_str_eq(info.name, "subscription manager");
    ck_assert_str_eq(info.tars[0], "BFFF00");
    ck_assert_uint_eq(info.level, 0x16);
    ck_assert_int_eq(uicc_applet(o->card, 3, &info), ERR_NOT_FOUND);
}
END_TEST

Suite *suite_under_test(void)
{
    Suite *s = suite_create("perso, applets");
    TCase *c = tcase_create("GP 11.5.2.3, TS 102 226 8.2.1.3.2");

    tcase_add_checked_fixture(c, NULL, teardown);
    tcase_add_test(c, applet_of_the_profile_is_on_the_card);
    tcase_add_test(c, applet_of_the_profile_can_be_deleted);
    tcase_add_test(c, profile_without_applets_leaves_the_card_as_it_was);
    tcase_add_loop_test(c, line_that_cannot_be_is_refused_with_its_number, 0,
                        (int)ARRAY_LEN(wrong));
    tcase_add_loop_test(c, installation_that_the_card_refuses_makes_no_card, 0,
                        (int)ARRAY_LEN(refused));
    tcase_add_test(c, uicc_applet_tells_what_is_there);
    suite_add_tcase(s, c);
    return s;
}
