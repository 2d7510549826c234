/* Tests of ota/hlr. Goal: what is made here is what osmo-hlr makes (that it serves it:
 * test/tools/cli_opchange.sh); a repeated activation never takes SQN back; the exports are what the
 * other cores read. */
#include "ota/core/text.h"
#include "ota/hlr/export.h"
#include "ota/hlr/hlr.h"
#include "test/support/ota/scratch.h"
#include "test/support/runner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define IMSI "001020000000001"

static struct hlr_subscriber subscriber(const char *imsi, const char *msisdn, uint8_t fill)
{
    struct hlr_subscriber s = {.sqn = 0};

    TEXT_COPY(s.imsi, imsi);
    TEXT_COPY(s.msisdn, msisdn);
    aka_key_defaults(&s.key, AKA_MILENAGE);
    s.key.k.len = s.key.opc.len = 16;
    memset(s.key.k.bytes, fill, 16);
    memset(s.key.opc.bytes, fill + 1, 16);
    return s;
}

static struct hlr *fresh(void)
{
    struct hlr *h = NULL;

    scratch_enter();
    ck_assert_int_eq(hlr_create("hlr.db", &h), ERR_OK);
    return h;
}

START_TEST(hlr_find_gives_what_was_activated)
{
    struct hlr *h = fresh();
    struct hlr_subscriber s = subscriber(IMSI, "102", 0xA0), got;

    s.sqn = 77;
    ck_assert_int_eq(hlr_find(h, IMSI, &got), ERR_NOT_FOUND);
    ck_assert_int_eq(hlr_activate(h, &s, 1), ERR_OK);
    hlr_close(&h);
    ck_assert_int_eq(hlr_open("hlr.db", &h), ERR_OK);
    ck_assert_int_eq(hlr_find(h, IMSI, &got), ERR_OK);
    ck_assert_str_eq(got.imsi, IMSI);
    ck_assert_str_eq(got.msisdn, "102");
    ck_assert_uint_eq(got.sqn, 77);
    ck_assert_int_eq(got.key.algorithm, AKA_MILENAGE);
    ck_assert_uint_eq(got.key.res_len, 8);
    ck_assert(secret_equal(&got.key.k, &s.key.k));
    ck_assert(secret_equal(&got.key.opc, &s.key.opc));
    hlr_close(&h);
}
END_TEST

START_TEST(hlr_activate_again_keeps_sqn_and_another_key_replaces_it)
{
    struct hlr *h = fresh();
    struct hlr_subscriber s = subscriber(IMSI, "102", 0xA0), got;
    uint64_t sqn;

    ck_assert_int_eq(hlr_activate(h, &s, 1), ERR_OK);
    ck_assert_int_eq(hlr_next_sqn(h, IMSI, 0, &sqn), ERR_OK);
    ck_assert_int_eq(hlr_activate(h, &s, 1), ERR_OK);
    ck_assert_int_eq(hlr_find(h, IMSI, &got), ERR_OK);
    ck_assert_uint_eq(got.sqn, sqn);
    s.key.k.bytes[0] ^= 1;
    ck_assert_int_eq(hlr_activate(h, &s, 1), ERR_OK);
    ck_assert_int_eq(hlr_find(h, IMSI, &got), ERR_OK);
    ck_assert_uint_eq(got.sqn, 0);
    ck_assert(secret_equal(&got.key.k, &s.key.k));
    hlr_close(&h);
}
END_TEST

START_TEST(hlr_activate_takes_all_or_none)
{
    struct hlr *h = fresh();
    struct hlr_subscriber s[2] = {subscriber(IMSI, "102", 1), subscriber("001020000000002", "", 2)};
    struct hlr_counts counts;

    TEXT_COPY(s[1].msisdn, "102");
    ck_assert_int_eq(hlr_activate(h, s, 2), ERR_EXISTS);
    TEXT_COPY(s[1].msisdn, "10x");
    ck_assert_int_eq(hlr_activate(h, s, 2), ERR_FORMAT);
    s[1] = subscriber("00102", "", 2);
    ck_assert_int_eq(hlr_activate(h, s, 2), ERR_RANGE);
    s[1] = subscriber("001020000000002", "", 2);
    s[1].key.k.len = 15;
    ck_assert_int_eq(hlr_activate(h, s, 2), ERR_KEY);
    ck_assert_int_eq(hlr_count(h, &counts), ERR_OK);
    ck_assert_uint_eq(counts.subscribers, 0);
    hlr_close(&h);
}
END_TEST

START_TEST(hlr_next_sqn_raises_the_sequence_part_and_sets_ind)
{
    struct hlr *h = fresh();
    struct hlr_subscriber s = subscriber(IMSI, "", 1);
    uint64_t sqn = 0;

    ck_assert_int_eq(hlr_next_sqn(h, IMSI, 0, &sqn), ERR_NOT_FOUND);
    ck_assert_int_eq(hlr_activate(h, &s, 1), ERR_OK);
    ck_assert_int_eq(hlr_next_sqn(h, IMSI, 0, &sqn), ERR_OK);
    ck_assert_uint_eq(sqn, 32);
    ck_assert_int_eq(hlr_next_sqn(h, IMSI, 3, &sqn), ERR_OK);
    ck_assert_uint_eq(sqn, 67);
    ck_assert_int_eq(hlr_next_sqn(h, IMSI, 32, &sqn), ERR_RANGE);
    ck_assert_int_eq(hlr_set_sqn(h, IMSI, 1000), ERR_OK);
    ck_assert_int_eq(hlr_next_sqn(h, IMSI, 0, &sqn), ERR_OK);
    ck_assert_uint_eq(sqn, 1024);
    ck_assert_int_eq(hlr_set_sqn(h, IMSI, AKA_SQN_MAX), ERR_OK);
    ck_assert_int_eq(hlr_next_sqn(h, IMSI, 0, &sqn), ERR_COUNTER_BLOCKED);
    ck_assert_int_eq(hlr_set_sqn(h, IMSI, AKA_SQN_MAX + 1), ERR_RANGE);
    ck_assert_int_eq(hlr_set_sqn(h, "001020000000009", 1), ERR_NOT_FOUND);
    hlr_close(&h);
}
END_TEST

START_TEST(hlr_seen_counts_a_subscriber_and_remove_takes_it_out)
{
    struct hlr *h = fresh();
    struct hlr_subscriber s = subscriber(IMSI, "", 1);
    struct hlr_counts counts;
    int64_t at = 1;

    ck_assert_int_eq(hlr_activate(h, &s, 1), ERR_OK);
    ck_assert_int_eq(hlr_last_seen(h, IMSI, &at), ERR_OK);
    ck_assert_int_eq(at, 0);
    ck_assert_int_eq(hlr_seen(h, IMSI, 1900000000), ERR_OK);
    ck_assert_int_eq(hlr_last_seen(h, IMSI, &at), ERR_OK);
    ck_assert_int_eq(at, 1900000000);
    ck_assert_int_eq(hlr_count(h, &counts), ERR_OK);
    ck_assert_uint_eq(counts.subscribers, 1);
    ck_assert_uint_eq(counts.with_key, 1);
    ck_assert_uint_eq(counts.seen, 1);
    ck_assert_int_eq(hlr_remove(h, IMSI), ERR_OK);
    ck_assert_int_eq(hlr_remove(h, IMSI), ERR_NOT_FOUND);
    ck_assert_int_eq(hlr_seen(h, IMSI, 1), ERR_NOT_FOUND);
    ck_assert_int_eq(hlr_count(h, &counts), ERR_OK);
    ck_assert_uint_eq(counts.subscribers + counts.with_key, 0);
    hlr_close(&h);
}
END_TEST

START_TEST(hlr_transactions_are_undone_by_close)
{
    struct hlr *h = fresh();
    struct hlr_subscriber s = subscriber(IMSI, "", 1), got;

    ck_assert_int_eq(hlr_begin(h), ERR_OK);
    ck_assert_int_eq(hlr_activate(h, &s, 1), ERR_OK);
    hlr_close(&h);
    ck_assert_int_eq(hlr_open("hlr.db", &h), ERR_OK);
    ck_assert_int_eq(hlr_find(h, IMSI, &got), ERR_NOT_FOUND);
    hlr_close(&h);
}
END_TEST

/* --- osmo-hlr as the judge --- */

#define COLUMNS                                                                                    \
    "\"SELECT t.name, c.cid, c.name, upper(c.type), c.\\\"notnull\\\", upper(c.dflt_value), c.pk " \
    "FROM sqlite_master t, pragma_table_info(t.name) c WHERE t.type = 'table' ORDER BY 1, 2;"      \
    "PRAGMA user_version\""

START_TEST(hlr_create_makes_the_tables_that_osmo_hlr_makes)
{
    struct hlr *h;

    if (scratch_run("command -v osmo-hlr-db-tool >/dev/null") != 0)
        return;
    h = fresh();
    hlr_close(&h);
    ck_assert_int_eq(scratch_run("osmo-hlr-db-tool -l theirs.db create 2>/dev/null"), 0);
    ck_assert_int_eq(scratch_run("sqlite3 hlr.db " COLUMNS " >ours.txt"), 0);
    ck_assert_int_eq(scratch_run("sqlite3 theirs.db " COLUMNS " >theirs.txt"), 0);
    ck_assert_int_eq(scratch_run("test -s ours.txt && diff ours.txt theirs.txt"), 0);
}
END_TEST

START_TEST(hlr_open_reads_what_osmo_hlr_made)
{
    struct hlr *h = NULL;
    struct hlr_subscriber got;

    if (scratch_run("command -v osmo-hlr-db-tool >/dev/null") != 0)
        return;
    scratch_enter();
    ck_assert_int_eq(scratch_run("osmo-hlr-db-tool -l hlr.db create 2>/dev/null"), 0);
    ck_assert_int_eq(
        scratch_run("sqlite3 hlr.db \"INSERT INTO subscriber (imsi) VALUES ('" IMSI "');"
                    "INSERT INTO subscriber (imsi) VALUES ('001020000000002');"
                    "INSERT INTO auc_3g (subscriber_id, algo_id_3g, k, opc) VALUES (1, 5,"
                    " '000102030405060708090a0b0c0d0e0f', '101112131415161718191a1b1c1d1e1f')\""),
        0);
    ck_assert_int_eq(hlr_open("hlr.db", &h), ERR_OK);
    ck_assert_int_eq(hlr_find(h, IMSI, &got), ERR_OK);
    ck_assert_uint_eq(got.key.opc.bytes[15], 0x1F);
    ck_assert_int_eq(hlr_find(h, "001020000000002", &got), ERR_KEY);
    hlr_close(&h);
    ck_assert_int_eq(scratch_run("sqlite3 hlr.db 'PRAGMA user_version = 7'"), 0);
    ck_assert_int_eq(hlr_open("hlr.db", &h), ERR_UNSUPPORTED);
}
END_TEST

/* --- exports --------------------------------------------------------------------------------- */

#define K   "A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0"
#define OPC "A1A1A1A1A1A1A1A1A1A1A1A1A1A1A1A1"

static const struct {
    enum hlr_format format;
    const char *part;
} lines[] = {
    {HLR_SRSRAN, "ue" IMSI ",mil," IMSI "," K ",opc," OPC ",8000,000000000040,7,dynamic\n"},
    {HLR_VTY,
     "subscriber imsi " IMSI " create\nsubscriber imsi " IMSI
     " update msisdn 102\nsubscriber imsi " IMSI " update aud3g milenage k " K " opc " OPC "\n"},
    {HLR_OPEN5GS, "{\"schema_version\":1,\"imsi\":\"" IMSI "\",\"msisdn\":[\"102\"],"},
    {HLR_OPEN5GS, "\"security\":{\"k\":\"" K "\",\"op\":null,\"opc\":\"" OPC
                  "\",\"amf\":\"8000\",\"sqn\":{\"$numberLong\":\"64\"}}"},
};

START_TEST(hlr_export_writes_what_the_core_reads)
{
    struct hlr_subscriber s = subscriber(IMSI, "102", 0xA0);
    uint8_t bytes[HLR_EXPORT_MAX];
    struct wr w = WR_ARRAY(bytes);

    s.sqn = 64;
    ck_assert_int_eq(hlr_export(lines[_i].format, &s, &w), ERR_OK);
    wr_u8(&w, 0);
    ck_assert_int_eq(wr_result(&w), ERR_OK);
    ck_assert_msg(strstr((char *)bytes, lines[_i].part) != NULL, "%s", (char *)bytes);
}
END_TEST

START_TEST(hlr_export_of_open5gs_is_json)
{
    struct hlr_subscriber s = subscriber(IMSI, "", 0xA0);
    uint8_t bytes[HLR_EXPORT_MAX];
    struct wr w = WR_ARRAY(bytes);
    FILE *f;

    ck_assert_int_eq(hlr_export(HLR_OPEN5GS, &s, &w), ERR_OK);
    if (scratch_run("command -v python3 >/dev/null") != 0)
        return;
    scratch_enter();
    f = fopen("json", "w");
    ck_assert_uint_eq(fwrite(bytes, 1, w.len, f), w.len);
    fclose(f);
    ck_assert_int_eq(scratch_run("python3 -m json.tool json >/dev/null"), 0);
}
END_TEST

START_TEST(hlr_export_refuses_algorithms_that_the_core_lacks)
{
    struct hlr_subscriber s = subscriber(IMSI, "", 0xA0);
    uint8_t bytes[HLR_EXPORT_MAX];
    struct wr w = WR_ARRAY(bytes);
    enum hlr_format format = HLR_FORMATS;

    s.key.algorithm = AKA_TUAK;
    for (int f = 0; f < HLR_FORMATS; f++)
        ck_assert_int_eq(hlr_export((enum hlr_format)f, &s, &w), ERR_UNSUPPORTED);
    ck_assert_uint_eq(w.len, 0);
    ck_assert_int_eq(hlr_format_parse("srsran", &format), ERR_OK);
    ck_assert_int_eq(format, HLR_SRSRAN);
    ck_assert_int_eq(hlr_format_parse("free5gc", &format), ERR_NOT_FOUND);
}
END_TEST

Suite *suite_under_test(void)
{
    Suite *s = suite_create("hlr");
    TCase *tc = tcase_create("TS 33.102 6.3");
    TCase *osmo = tcase_create("osmo-hlr");
    TCase *export = tcase_create("exports");

    tcase_set_timeout(osmo, 30);
    tcase_add_test(tc, hlr_find_gives_what_was_activated);
    tcase_add_test(tc, hlr_activate_again_keeps_sqn_and_another_key_replaces_it);
    tcase_add_test(tc, hlr_activate_takes_all_or_none);
    tcase_add_test(tc, hlr_next_sqn_raises_the_sequence_part_and_sets_ind);
    tcase_add_test(tc, hlr_seen_counts_a_subscriber_and_remove_takes_it_out);
    tcase_add_test(tc, hlr_transactions_are_undone_by_close);
    tcase_add_test(osmo, hlr_create_makes_the_tables_that_osmo_hlr_makes);
    tcase_add_test(osmo, hlr_open_reads_what_osmo_hlr_made);
    tcase_add_loop_test(export, hlr_export_writes_what_the_core_reads, 0, ARRAY_LEN(lines));
    tcase_add_test(export, hlr_export_of_open5gs_is_json);
    tcase_add_test(export, hlr_export_refuses_algorithms_that_the_core_lacks);
    suite_add_tcase(s, tc);
    suite_add_tcase(s, osmo);
    suite_add_tcase(s, export);
    return s;
}
