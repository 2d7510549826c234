/* Tests of campaign_plan_rfm() on a card. Goal: the script of alternative 3a, which knows files by
 * the sizes of the built-in profile, runs to its end on a card of that profile, and leaves nothing
 * of the old operator where it writes. */
#include "ota/campaign/plan.h"
#include "test/support/runner.h"
#include "test/support/uicc/air.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

#define SELECT_USIM "00A4040C07A0000000871002"

static struct air *o;

static void setup(void)
{
    o = air_new(NULL, SECPKT_AES);
    air_terminal(o);
}

static void teardown(void)
{
    air_free(&o);
}

static void verify_adm1(void)
{
    uint8_t command[13] = {0x00, 0x20, 0x00, 0x0A, 0x08};

    memcpy(command + 5, o->made.adm1, 8);
    ck_assert_uint_eq(air_send(o, RD_ARRAY(command)), 0x9000);
}

/* The current file, whole, in o->answer; its length, which 6CXX tells. */
static size_t read_all(void)
{
    uint8_t command[5] = {0x00, 0xB0};

    command[4] = (uint8_t)air_send(o, RD_ARRAY(command));
    ck_assert_uint_eq(air_send(o, RD_ARRAY(command)), 0x9000);
    return command[4];
}

static void plan(struct wr *data)
{
    struct ledger_campaign c = {.mnc_len = 2, .spn = "Operator B", .smsc = "+491710760000"};
    struct ledger_job job = {.new_imsi = "262021234567895", .new_msisdn = "491711234567"};

    ck_assert_int_eq(campaign_plan_rfm(&c, &job, data), ERR_OK);
}

/* The proof of a script. */
static struct secpkt_response run(struct rd script, uint64_t counter)
{
    struct air_packet p = air_packet(o, 1, AIR_RFM_USIM, counter, script);

    air_run(o, &p);
    return air_proof(o, &p);
}

START_TEST(campaign_plan_rfm_runs_to_its_end)
{
    uint8_t bytes[SECPKT_MAX];
    struct wr data = WR_ARRAY(bytes);
    struct secpkt_response r;
    char imsi[IMSI_DIGITS_MAX + 1];

    plan(&data);
    r = run(RD_WR(&data), 1);
    ck_assert_uint_eq(r.rsc, RSC_OK);
    ck_assert_uint_eq(r.data.left, 3);
    ck_assert_msg(r.data.at[1] == 0x90, "command %u answers %02X%02X", r.data.at[0], r.data.at[1],
                  r.data.at[2]);
    air_imsi(o, imsi);
    ck_assert_str_eq(imsi, "262021234567895");
}
END_TEST

/* Lists of networks that the old operator had filled to the last byte. */
static const char *const lists[] = {"6F62", "6F61", "6FD9", "6F7B"};

static void select_list(const char *fid)
{
    char command[20];

    ck_assert_uint_eq(air_hex(o, SELECT_USIM), 0x9000);
    snprintf(command, sizeof command, "00A4000C02%s", fid);
    ck_assert_uint_eq(air_hex(o, command), 0x9000);
}

START_TEST(campaign_plan_rfm_leaves_no_network_of_the_old_operator)
{
    uint8_t bytes[SECPKT_MAX], update[5 + 255] = {0x00, 0xD6};
    struct wr data = WR_ARRAY(bytes);

    select_list(lists[_i]);
    verify_adm1();
    update[4] = (uint8_t)read_all();
    memset(update + 5, 0x62, update[4]);
    ck_assert_uint_eq(air_send(o, RD(update, 5U + update[4])), 0x9000);

    plan(&data);
    run(RD_WR(&data), 1);
    air_session(o);
    select_list(lists[_i]);
    ck_assert_uint_eq(read_all(), update[4]);
    for (size_t at = 0; at + 3 <= update[4]; at++)
        ck_assert_msg(memcmp(o->answer + at, update + 5, 3) != 0, "%s keeps byte %zu", lists[_i],
                      at);
}
END_TEST

Suite *suite_under_test(void)
{
    Suite *s = suite_create("ota/campaign/plan_rfm on a card");
    TCase *t = tcase_create("TR 33.812 3a");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, campaign_plan_rfm_runs_to_its_end);
    tcase_add_loop_test(t, campaign_plan_rfm_leaves_no_network_of_the_old_operator, 0,
                        sizeof lists / sizeof lists[0]);
    suite_add_tcase(s, t);
    return s;
}
