/* Tests of applets behind TARs (TS 31.130 6.2). Goal: a secured packet reaches the applet whose TAR
 * it names, at its security level, in one transaction with its counter and its proof. */
#include "test/support/uicc/air.h"
#include "test/uicc/probe_fixture.h"
#include "uicc/applet/platform.h"
#include "uicc/remote/counter.h"
#include "uicc/slot/slot.h"

#include <stdio.h>

#define TAR "0A0B0C"

static struct air *o;
static struct probe *p;
static uint8_t number;

static void packets_setup(void)
{
    memset(probes, 0, sizeof probes);
    o = air_new(NULL, SECPKT_AES);
}

static void packets_teardown(void)
{
    air_free(&o);
}

/* A probe behind the TAR that registers for this event. */
static void listen_to(uint8_t event, uint8_t level)
{
    struct applet_installation w = wanted(0, 1);

    w.toolkit = (struct toolkit_registration){.priority = 1};
    w.entry.level = level;
    w.entry.tar_count = 1;
    memcpy(w.entry.tars[0], "\x0A\x0B\x0C", 3);
    w.parameters = RD(&event, event != 0);
    ck_assert_int_eq(applet_install(o->card, &w), ERR_OK);
    ck_assert_int_eq(store_commit(&o->card->store), ERR_OK);
    number = w.entry.number;
    p = &probes[number];
}

static struct air_packet packet(uint64_t counter)
{
    return air_packet(o, 1, TAR, counter, RD((const uint8_t *)"order", 5));
}

static void posts(const char *answer)
{
    p->posts = true;
    p->answer_len = (uint8_t)strlen(answer);
    memcpy(p->answer, answer, p->answer_len);
}

START_TEST(packet_is_proved_with_what_its_applet_posts)
{
    struct air_packet packed = packet(1);
    struct secpkt_response r;

    listen_to(APPLET_FORMATTED_SMS, 0x16);
    posts("done");
    ck_assert_uint_eq(air_run(o, &packed), 0x9000);
    r = air_proof(o, &packed);
    ck_assert_uint_eq(r.rsc, RSC_OK);
    ck_assert(rd_equal(r.data, RD((const uint8_t *)"done", 4)));
    probe_expect(p, 1, APPLET_FORMATTED_SMS);
    ck_assert_uint_eq(p->log[0].envelope_len, 5);
    ck_assert_int_eq(memcmp(p->log[0].envelope, "order", 5), 0);
    ck_assert_uint_eq(o->card->applets->count, 0);
    ck_assert_uint_eq(counter_read(&o->card->store, 1), 1);
}
END_TEST

START_TEST(packet_to_an_applet_that_does_not_listen_has_no_tar)
{
    struct air_packet packed = packet(1);

    listen_to(0, 0x16);
    air_run(o, &packed);
    ck_assert_uint_eq(air_proof(o, &packed).rsc, RSC_TAR_UNKNOWN);
    ck_assert_uint_eq(p->count, 0);
}
END_TEST

/* The least that an applet asks for is its own (TS 102 226 8.2.1.3.2.4). */
START_TEST(packet_below_the_level_of_its_applet_is_refused)
{
    struct air_packet packed = packet(1);

    listen_to(APPLET_FORMATTED_SMS, 0x16);
    packed.command.header.spi[0] = 0x12; /* not ciphered */
    air_run(o, &packed);
    ck_assert_uint_eq(air_proof(o, &packed).rsc, RSC_LEVEL);
    ck_assert_uint_eq(p->count, 0);
}
END_TEST

START_TEST(packet_that_its_applet_refuses_is_an_error_with_a_proof)
{
    struct air_packet packed = packet(1);

    listen_to(APPLET_FORMATTED_SMS, 0x16);
    posts("no");
    p->refuses = true;
    air_run(o, &packed);
    ck_assert_uint_eq(o->sw, 0x6200);
    air_hex(o, "00C000003A");
    ck_assert_uint_eq(counter_read(&o->card->store, 1), 1);
}
END_TEST

static void fails_behind_its_command(struct applet *a, struct applet_activation *act)
{
    if (act->stage > 1)
        probes[a->number].fails = ERR_IO;
}

/* What it refuses is a warning; what it fails at afterwards, in the same command, is no less an
 * error for that: the command's changes must not stay. */
START_TEST(applet_that_refuses_and_then_fails_fails_the_command)
{
    struct air_packet packed = packet(1);

    listen_to(APPLET_FORMATTED_SMS, 0x16);
    posts("no");
    p->refuses = true;
    cat_display_text(&p->command, 0, "hi");
    p->sends = 1;
    p->runs = fails_behind_its_command;
    air_run(o, &packed);
    ck_assert_uint_eq(p->count, 2);
    ck_assert_uint_eq(o->sw, 0x6581);
}
END_TEST

START_TEST(applet_sends_a_command_after_the_proof)
{
    struct air_packet packed = packet(1);

    listen_to(APPLET_FORMATTED_SMS, 0x16);
    air_terminal(o);
    posts("wait");
    cat_display_text(&p->command, 0, "hi");
    p->sends = 1;
    ck_assert_uint_eq(air_run(o, &packed) >> 8, 0x91);
    ck_assert(rd_equal(air_proof(o, &packed).data, RD((const uint8_t *)"wait", 4)));
    air_session(o);
    ck_assert_uint_eq(p->count, 2);
    ck_assert_uint_eq(p->log[1].stage, 1);
    ck_assert_int_eq(p->posted, ERR_CONDITIONS); /* the proof is gone */
}
END_TEST

/* 9300: the message centre tries again, with the same bytes. */
START_TEST(packet_to_a_parked_applet_is_busy_and_not_spent)
{
    struct air_packet first = packet(1), second = packet(2);

    listen_to(APPLET_FORMATTED_SMS, 0x16);
    air_terminal(o);
    cat_display_text(&p->command, 0, "hi");
    p->sends = 1;
    air_run(o, &first);
    ck_assert_uint_eq(o->card->applets->count, 1);
    ck_assert_uint_eq(air_run(o, &second), 0x9300);
    ck_assert_uint_eq(counter_read(&o->card->store, 1), 1);
    ck_assert_uint_eq(o->card->applets->count, 1);
    ck_assert_uint_eq(p->count, 1);
    air_hex(o, "80F2000C00");
    air_session(o);
    ck_assert_uint_eq(p->count, 2);
    air_run(o, &second);
    ck_assert_uint_eq(air_proof(o, &second).rsc, RSC_OK);
    ck_assert_uint_eq(p->count, 3);
}
END_TEST

START_TEST(packet_whose_applet_fails_has_not_happened)
{
    struct air_packet packed = packet(1);

    listen_to(APPLET_FORMATTED_SMS, 0x16);
    air_terminal(o);
    cat_display_text(&p->command, 0, "hi");
    p->sends = 1;
    p->fails = ERR_IO;
    ck_assert_uint_eq(air_run(o, &packed), 0x6581);
    ck_assert_uint_eq(counter_read(&o->card->store, 1), 0);
    ck_assert_uint_eq(o->card->applets->count, 0);
    ck_assert_uint_eq(air_hex(o, "80F2000C00"), 0x9000);
    p->fails = ERR_OK;
    air_run(o, &packed);
    ck_assert_uint_eq(air_proof(o, &packed).rsc, RSC_OK);
}
END_TEST

static void write(struct applet *a, struct applet_activation *act)
{
    (void)act;
    ck_assert(applet_write_data(a, RD((const uint8_t *)"kept", 4)) == ERR_OK || o->sim.dead);
}

static void write_and_abort(struct applet *a, struct applet_activation *act)
{
    write(a, act);
    applet_abort(a);
}

static bool is_kept(void)
{
    const struct applet a = {.card = o->card, .number = number};

    return applet_data(&a).left == 4;
}

START_TEST(abort_undoes_all_but_the_counter)
{
    struct air_packet packed = packet(1);

    listen_to(APPLET_FORMATTED_SMS, 0x16);
    p->runs = write_and_abort;
    posts("undone");
    air_run(o, &packed);
    ck_assert_uint_eq(air_proof(o, &packed).rsc, RSC_OK);
    ck_assert(!is_kept());
    ck_assert_uint_eq(counter_read(&o->card->store, 1), 1);
}
END_TEST

START_TEST(effects_and_counter_are_one_commit)
{
    bool before = false, after = false;

    for (uint64_t cut = 1; !after && cut < 50; cut++) {
        struct air_packet packed;

        packets_teardown();
        packets_setup();
        listen_to(APPLET_FORMATTED_SMS, 0x16);
        p->runs = write;
        packed = packet(1);
        o->sim.ops = 0;
        o->sim.cut_at = cut;
        air_run(o, &packed);
        after = !o->sim.dead;
        air_power_cut(o, NVM_SIM_DROP);
        ck_assert_int_eq(counter_read(&o->card->store, 1) == 1, is_kept());
        before |= !is_kept();
    }
    ck_assert(before && after && is_kept());
}
END_TEST

/* ---- what is not for every applet (platform.h) ---- */

static void manage(struct applet *a, struct applet_activation *act)
{
    const struct opchange_command c = {.op = OPCHANGE_CHANGE, .expected = 1, .to = 2};
    struct applet_subscription s;

    (void)act;
    ck_assert_int_eq(applet_subscription_read(a, &s), ERR_DENIED);
    ck_assert_int_eq(applet_subscription_check(a, &c), ERR_DENIED);
    ck_assert_int_eq(applet_subscription_try(a, &c), ERR_DENIED);
    ck_assert_int_eq(applet_subscription_confirm(a), ERR_DENIED);
    ck_assert_int_eq(applet_subscription_restore(a), ERR_DENIED);
    ck_assert_int_eq(applet_subscription_renew(a, &c), ERR_DENIED);
    ck_assert_int_eq(applet_reset_terminal(a), ERR_DENIED);
}

START_TEST(subscription_is_the_manager_s_alone)
{
    struct air_packet packed = packet(1);

    listen_to(APPLET_FORMATTED_SMS, 0x16);
    p->runs = manage;
    air_run(o, &packed);
    ck_assert_uint_eq(air_proof(o, &packed).rsc, RSC_OK);
    ck_assert_uint_eq(p->count, 1);
    ck_assert_uint_eq(slot_in_force(&o->card->store), 1);
    ck_assert_uint_eq(air_hex(o, "80F2000C00"), 0x9000); /* and no REFRESH */
}
END_TEST

/* Applets that wait for the terminal, as many as there may be, do not keep the card from changing
 * its operator, nor from hearing that there is no service. */
START_TEST(subscription_manager_is_never_busy)
{
    struct opchange_command c = air_change_to(1, "001019999999999", 2, 0);

    listen_to(APPLET_STATUS_COMMAND, 0x16);
    air_terminal(o);
    cat_display_text(&p->command, 0, "hi");
    p->sends = 1;
    for (unsigned i = 0; i < TOOLKIT_ACTIVATIONS_MAX; i++)
        air_hex(o, "80F2000C00");
    ck_assert_uint_eq(o->card->applets->count, TOOLKIT_ACTIVATIONS_MAX);
    ck_assert_int_eq(air_change(o, 1, 1, &c).result, OPCHANGE_DONE);
    ck_assert_uint_eq(slot_fallback(&o->card->store), 1);
    air_hex(o, "80C200000C D60A 990103 82028281 9B0102");
    ck_assert_uint_eq(slot_fallback(&o->card->store), 1);
    air_hex(o, "80C200000C D60A 990103 82028281 9B0102");
    ck_assert_uint_eq(slot_fallback(&o->card->store), 0); /* fell back: both were heard */
    ck_assert_uint_eq(slot_in_force(&o->card->store), 1);
}
END_TEST

/* ---- messages that the terminal writes into EF.SMS ---- */

/* UPDATE RECORD 1 of EF.SMS with a message of this user data. */
static uint16_t write_record(struct rd ud, bool udhi)
{
    uint8_t command[5 + 176] = {0x00, 0xDC, 1, 4, 176}, tpdu[SMS_TPDU_MAX];
    struct sms_deliver d = {.udhi = udhi, .pid = SMS_PID_DOWNLOAD, .dcs = SMS_DCS_CLASS2, .ud = ud};
    struct wr w = {command, 5, sizeof command, false}, m = WR_ARRAY(tpdu);
    struct sms_address sca;

    air_hex(o, "002000010831323334FFFFFFFF");
    air_select(o, "6F3C");
    ck_assert_int_eq(sms_address_from_text(&d.oa, "+491727"), ERR_OK);
    ck_assert_int_eq(sms_address_from_text(&sca, "+491710"), ERR_OK);
    sms_write_deliver(&m, &d);
    wr_u8(&w, 0x03);
    sms_write_rp_address(&w, &sca);
    wr_rd(&w, RD_WR(&m));
    while (w.len < sizeof command)
        wr_u8(&w, 0xFF);
    ck_assert_int_eq(wr_result(&w), ERR_OK);
    return air_send(o, RD_ARRAY(command));
}

static uint16_t write_packet(const struct air_packet *packed)
{
    uint8_t bytes[SECPKT_MAX], ud[SMS_UD_MAX];
    struct wr w = WR_ARRAY(ud);
    size_t len = air_seal(o, packed, bytes);

    ck_assert_int_eq(sms_write_packet_part(&w, 0x70, RD(bytes, len), 1, 1), ERR_OK);
    return write_record(RD_WR(&w), true);
}

START_TEST(text_written_by_the_terminal_is_told)
{
    listen_to(APPLET_UNFORMATTED_SMS_UPDATE, 0x16);
    ck_assert_uint_eq(write_record(RD((const uint8_t *)"hello\xFF", 6), false), 0x9000);
    probe_expect(p, 1, APPLET_UNFORMATTED_SMS_UPDATE);
    ck_assert_uint_eq(p->log[0].item, 1); /* the record */
    ck_assert_uint_eq(p->log[0].tag, 0xD1);
    ck_assert_uint_gt(p->log[0].envelope_len, 20);
}
END_TEST

START_TEST(packet_written_by_the_terminal_reaches_its_applet)
{
    struct air_packet packed = packet(1);

    listen_to(APPLET_FORMATTED_SMS_UPDATE, 0x16);
    ck_assert_uint_eq(write_packet(&packed), 0x9000);
    probe_expect(p, 1, APPLET_FORMATTED_SMS_UPDATE);
    ck_assert_uint_eq(counter_read(&o->card->store, 1), 1);
    ck_assert_uint_eq(write_packet(&packed), 0x9000); /* once */
    ck_assert_uint_eq(p->count, 1);
}
END_TEST

START_TEST(packet_in_a_record_moves_nothing_else)
{
    struct air_packet rfm =
        air_packet(o, 1, AIR_RFM_USIM, 5, RD((const uint8_t *)"\x00\xA4\x00\x04\x02\x6F\x07", 7));
    struct air_packet packed = packet(6);

    listen_to(APPLET_FORMATTED_SMS_UPDATE, 0x16);
    ck_assert_uint_eq(write_packet(&rfm), 0x9000);
    ck_assert_uint_eq(counter_read(&o->card->store, 1), 0);
    air_run(o, &packed); /* nor does it listen to ENVELOPE */
    ck_assert_uint_eq(air_proof(o, &packed).rsc, RSC_TAR_UNKNOWN);
    ck_assert_uint_eq(p->count, 0);
}
END_TEST

START_TEST(text_for_an_applet_is_not_stored)
{
    listen_to(APPLET_UNFORMATTED_SMS, 0x16);
    ck_assert_uint_eq(air_message(o, RD((const uint8_t *)"\x02\x05\x00hello", 8), "+491727"),
                      0x9000);
    probe_expect(p, 1, APPLET_UNFORMATTED_SMS);
    air_hex(o, "002000010831323334FFFFFFFF");
    air_select(o, "6F3C");
    air_hex(o, "00B20104B0");
    ck_assert_uint_eq(o->answer_len, 176);
    ck_assert_uint_eq(o->answer[0] & 1, 0);
}
END_TEST

Suite *suite_under_test(void)
{
    Suite *s = suite_create("applet, packets");
    TCase *c = tcase_create("TS 31.130 6.2, TS 102 226 8.2.1.3.2.4");

    tcase_add_checked_fixture(c, packets_setup, packets_teardown);
    tcase_add_test(c, packet_is_proved_with_what_its_applet_posts);
    tcase_add_test(c, packet_to_an_applet_that_does_not_listen_has_no_tar);
    tcase_add_test(c, packet_below_the_level_of_its_applet_is_refused);
    tcase_add_test(c, packet_that_its_applet_refuses_is_an_error_with_a_proof);
    tcase_add_test(c, applet_that_refuses_and_then_fails_fails_the_command);
    tcase_add_test(c, applet_sends_a_command_after_the_proof);
    tcase_add_test(c, packet_to_a_parked_applet_is_busy_and_not_spent);
    tcase_add_test(c, packet_whose_applet_fails_has_not_happened);
    tcase_add_test(c, abort_undoes_all_but_the_counter);
    tcase_add_test(c, effects_and_counter_are_one_commit);
    tcase_add_test(c, subscription_is_the_manager_s_alone);
    tcase_add_test(c, subscription_manager_is_never_busy);
    tcase_add_test(c, text_written_by_the_terminal_is_told);
    tcase_add_test(c, packet_written_by_the_terminal_reaches_its_applet);
    tcase_add_test(c, packet_in_a_record_moves_nothing_else);
    tcase_add_test(c, text_for_an_applet_is_not_stored);
    suite_add_tcase(s, c);
    return s;
}
