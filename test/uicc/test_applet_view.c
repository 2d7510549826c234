/* Tests of uicc/applet/view.h. Goal: an applet does with files what its access domain grants, and
 * no more, however it is triggered. Method: a probe works on the card's own files; what it did is
 * read back by commands. */
#include "test/uicc/probe_fixture.h"

#include "apdu/ids.h"
#include "uicc/applet/view.h"

static struct applet a;
static struct applet_view v;

/* A view of an instance with these rights, at the USIM. */
static void open_view(uint32_t rights)
{
    static const uint8_t usim[] = {AID_USIM};
    struct applet_installation w = wanted(0, 1);

    w.toolkit = (struct toolkit_registration){.priority = 1};
    w.entry.rights = rights;
    a = (struct applet){.card = t->card, .number = probe_as(&w, NULL, 0)};
    ck_assert(sw_equal(applet_view_open(&a, &v, RD_ARRAY(usim)), SW_OK));
}

static void ended(sw_t sw, uint16_t want)
{
    ck_assert_msg(sw.v == want, "%04X, want %04X", sw.v, want);
}

START_TEST(view_reads_and_writes_a_transparent_file)
{
    uint8_t bytes[16];
    struct wr out = WR_ARRAY(bytes);

    open_view(PIN_BIT_PIN1 | PIN_BIT_ADM1);
    ended(applet_view_select(&a, &v, FID_EF_IMSI, NULL), 0x9000);
    ended(applet_view_read_binary(&a, &v, 0, 9, &out), 0x9000);
    ck_assert_uint_eq(out.len, 9);
    ck_assert_uint_eq(bytes[0], 8);
    ended(applet_view_update_binary(&a, &v, 8, RD((const uint8_t *)"\x77", 1)), 0x9000);
    out.len = 0;
    ended(applet_view_read_binary(&a, &v, 8, 1, &out), 0x9000);
    ck_assert_uint_eq(bytes[0], 0x77);
    ended(applet_view_update_binary(&a, &v, 9, RD((const uint8_t *)"\x77", 1)), 0x6B00);
    ended(applet_view_read_binary(&a, &v, 0x8000, 1, &out), 0x6B00);
}
END_TEST

START_TEST(view_may_no_more_than_its_access_domain)
{
    uint8_t bytes[16];
    struct wr out = WR_ARRAY(bytes);

    open_view(PIN_BIT_PIN1);
    ended(applet_view_select(&a, &v, FID_EF_IMSI, NULL), 0x9000);
    ended(applet_view_read_binary(&a, &v, 0, 9, &out), 0x9000);
    ended(applet_view_update_binary(&a, &v, 8, RD((const uint8_t *)"\x77", 1)), 0x6982);
    teardown();
    probe_setup();
    open_view(0);
    ended(applet_view_select(&a, &v, FID_EF_IMSI, NULL), 0x9000);
    out.len = 0;
    ended(applet_view_read_binary(&a, &v, 0, 9, &out), 0x6982);
    ck_assert_uint_eq(out.len, 0);
}
END_TEST

START_TEST(view_works_on_records_and_parts_of_them)
{
    const struct applet_record second = {2, 4, 0}, part = {2, 4, 3}, next = {0, 2, 0};
    uint8_t bytes[200], record[176];
    struct wr out = WR_ARRAY(bytes);

    memset(record, 0xAB, sizeof record);
    open_view(PIN_BIT_PIN1 | PIN_BIT_ADM1);
    ended(applet_view_select(&a, &v, FID_EF_SMS, NULL), 0x9000);
    ended(applet_view_update_record(&a, &v, &second, RD_ARRAY(record)), 0x9000);
    ended(applet_view_update_record(&a, &v, &part, RD((const uint8_t *)"xyz", 3)), 0x9000);
    ended(applet_view_read_record(&a, &v, &part, 4, &out), 0x9000);
    ck_assert_int_eq(memcmp(bytes, "xyz\xAB", 4), 0);
    out.len = 0;
    ended(applet_view_read_record(&a, &v, &(struct applet_record){2, 4, 174}, 3, &out), 0x6B00);
    ended(applet_view_update_record(&a, &v, &(struct applet_record){2, 4, 174}, RD(record, 3)),
          0x6B00);
    ended(applet_view_update_record(&a, &v, &next, RD(record, 3)), 0x6700);
    ended(applet_view_search_record(&a, &v, &(struct applet_record){1, 4, 0},
                                    RD((const uint8_t *)"xyz", 3), &out),
          0x9000);
    ck_assert_uint_eq(out.len, 1);
    ck_assert_uint_eq(bytes[0], 2);
    ended(applet_view_read_record(&a, &v, &(struct applet_record){0xFF, 4, 0}, 3, &out), 0x6A83);
}
END_TEST

START_TEST(view_increases_a_counter)
{
    static const uint8_t one[] = {0, 0, 1};
    uint8_t bytes[16];
    struct wr out = WR_ARRAY(bytes);

    open_view(PIN_BIT_PIN1 | PIN_BIT_ADM1);
    ended(applet_view_select(&a, &v, 0x6F39, NULL), 0x9000); /* EF.ACM */
    ended(applet_view_increase(&a, &v, RD_ARRAY(one), &out), 0x9000);
    ck_assert_uint_eq(out.len, 6);
    ck_assert_uint_eq(bytes[2], 1);
    out.len = 0;
    ended(applet_view_increase(&a, &v, RD_ARRAY(one), &out), 0x9000);
    ck_assert_uint_eq(bytes[2], 2);
}
END_TEST

START_TEST(view_selects_by_sfi_and_tells_the_fcp)
{
    uint8_t bytes[256];
    struct wr out = WR_ARRAY(bytes);

    open_view(PIN_BIT_PIN1);
    ended(applet_view_select_sfi(&a, &v, 0x07), 0x9000); /* EF.IMSI */
    ended(applet_view_read_binary(&a, &v, 0, 9, &out), 0x9000);
    ended(applet_view_select_sfi(&a, &v, 0x1F), 0x6A82);
    out.len = 0;
    ended(applet_view_select(&a, &v, FID_EF_IMSI, &out), 0x9000);
    ck_assert_uint_eq(bytes[0], 0x62);
    out.len = 0;
    ended(applet_view_status(&a, &v, &out), 0x9000);
    ck_assert_uint_eq(bytes[0], 0x62);
    ended(applet_view_select(&a, &v, 0x1234, NULL), 0x6A82);
    ended(applet_view_open(&a, &v, RD((const uint8_t *)"\xF1\xF2\xF3\xF4\xF5", 5)), 0x6A82);
    ended(applet_view_open(&a, &v, RD(NULL, 0)), 0x9000);
    ended(applet_view_select(&a, &v, FID_EF_ICCID, NULL), 0x9000);
    ended(applet_view_update_binary(&a, &v, 0, RD((const uint8_t *)"\x98", 1)), 0x6982);
}
END_TEST

START_TEST(view_deactivates_and_activates)
{
    uint8_t bytes[16];
    struct wr out = WR_ARRAY(bytes);

    open_view(PIN_BIT_PIN1 | PIN_BIT_ADM1);
    ended(applet_view_select(&a, &v, FID_EF_IMSI, NULL), 0x9000);
    ended(applet_view_deactivate(&a, &v), 0x9000);
    ended(applet_view_read_binary(&a, &v, 0, 9, &out), 0x6985);
    ended(applet_view_activate(&a, &v), 0x9000);
    ended(applet_view_read_binary(&a, &v, 0, 9, &out), 0x9000);
}
END_TEST

/* What it writes is the transaction of the command that triggered it. */
static void write_imsi(struct applet *self, struct applet_activation *act)
{
    struct applet_view mine;

    (void)act;
    ended(applet_view_open(self, &mine, RD((const uint8_t[]){AID_USIM}, 7)), 0x9000);
    ended(applet_view_select(self, &mine, FID_EF_IMSI, NULL), 0x9000);
    ended(applet_view_update_binary(self, &mine, 8, RD((const uint8_t *)"\x77", 1)), 0x9000);
}

START_TEST(view_writes_in_the_transaction_of_the_command)
{
    struct applet_installation w = wanted(0, 1);
    const uint8_t event = APPLET_STATUS_COMMAND;
    struct probe *p;

    w.toolkit = (struct toolkit_registration){.priority = 1};
    w.entry.rights = PIN_BIT_PIN1 | PIN_BIT_ADM1;
    p = &probes[probe_as(&w, &event, 1)];
    p->runs = write_imsi;
    p->fails = ERR_IO;
    card_expect(t, "80F2000C00", "6581");
    card_send(t, "00A4040C07A0000000871002");
    card_send(t, "00A4000C026F07");
    card_expect(t, "00B0000801", "98 9000");
    p->fails = ERR_OK;
    card_expect(t, "80F2000C00", "9000");
    card_expect(t, "00B0000801", "77 9000");
    ck_assert_int_eq(card_power_cycle(t), ERR_OK);
    card_send(t, "00A4040C07A0000000871002");
    card_send(t, "00A4000C026F07");
    card_expect(t, "00B0000801", "77 9000");
}
END_TEST

Suite *suite_under_test(void)
{
    Suite *s = suite_create("applet, files");
    TCase *c = tcase_create("TS 102 241 6, FileView");

    tcase_add_checked_fixture(c, probe_setup, teardown);
    tcase_add_test(c, view_reads_and_writes_a_transparent_file);
    tcase_add_test(c, view_may_no_more_than_its_access_domain);
    tcase_add_test(c, view_works_on_records_and_parts_of_them);
    tcase_add_test(c, view_increases_a_counter);
    tcase_add_test(c, view_selects_by_sfi_and_tells_the_fcp);
    tcase_add_test(c, view_deactivates_and_activates);
    tcase_add_test(c, view_writes_in_the_transaction_of_the_command);
    suite_add_tcase(s, c);
    return s;
}
