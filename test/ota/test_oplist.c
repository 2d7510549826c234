/* Tests of ota/oplist. Goal: a good list arrives as it was sent; whatever a signed text holds, it
 * is read whole or refused with the reason; a party keeps its books. Attacks are
 * test_oplist_attacks.c's. */
#include "ota/core/disk.h"
#include "ota/core/text.h"
#include "test/support/ota/parties.h"
#include "test/support/ota/scratch.h"
#include "test/support/runner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define NOW   (time(NULL))
#define ICCID "8988211000000430010"

/* --- the good case --------------------------------------------------------------------------- */

START_TEST(oplist_judge_gives_the_rows_that_were_sent)
{
    struct parties w = parties_open();
    struct oplist *list = NULL;
    struct oplist_expect expect = {OPLIST_IMSI_LIST, NOW, false};
    struct oplist_row row;
    struct stat st;
    size_t at = 0;

    ck_assert_int_eq(parties_send(w.b, &parties_imsis), ERR_OK);
    ck_assert_int_eq(stat("l", &st), 0);
    ck_assert_uint_eq(st.st_mode & 0777, 0600);
    ck_assert_int_eq(oplist_judge_file(w.a, "l", &expect, &list).verdict, OPLIST_ACCEPTED);
    ck_assert_uint_eq(oplist_header(list)->number, 1);
    ck_assert_str_eq(oplist_header(list)->sender, "B");
    ck_assert_str_eq(oplist_header(list)->spn, "Operator B");
    for (unsigned i = 0; i < 2; i++) {
        struct oplist_row want = parties_row(i, "00102");

        ck_assert_int_eq(oplist_next(list, &at, &row), ERR_OK);
        ck_assert_str_eq(row.iccid, want.iccid);
        ck_assert_str_eq(row.imsi, want.imsi);
        ck_assert_str_eq(row.msisdn, want.msisdn);
    }
    ck_assert_int_eq(oplist_next(list, &at, &row), ERR_NOT_FOUND);
    oplist_free(&list);
    parties_close(&w);
}
END_TEST

START_TEST(oplist_keys_arrive_and_stand_nowhere_in_the_file)
{
    struct parties w = parties_open();
    struct parties_list p = {OPLIST_KEY_ISSUE, OPLIST_3B, "B", "00102", "k", 3, -10, PARTIES_DAY};
    struct oplist *list = NULL;
    struct oplist_expect expect = {OPLIST_KEY_ISSUE, NOW, false};
    struct oplist_row row, want = parties_row(0, "00102");
    struct parties_file file;
    size_t at = 0;

    parties_give_keys(&want);
    ck_assert_int_eq(parties_send(w.m, &p), ERR_OK);
    ck_assert_int_eq(oplist_judge_file(w.b, "k", &expect, &list).verdict, OPLIST_ACCEPTED);
    ck_assert_int_eq(oplist_next(list, &at, &row), ERR_OK);
    ck_assert(row.has_keys);
    ck_assert_uint_eq(row.keys.index, 2);
    ck_assert_str_eq(row.keys.iccid, want.iccid);
    ck_assert(secret_equal(&row.keys.aka.k, &want.keys.aka.k));
    ck_assert(secret_equal(&row.keys.ota.kid.key, &want.keys.ota.kid.key));
    file = parties_read("k");
    ck_assert_ptr_null(memmem(file.at, file.len, "0102000000", 10));
    ck_assert_ptr_null(memmem(file.at, file.len, want.keys.aka.k.bytes, 16));
    disk_free(&file.at, file.len);
    oplist_free(&list);
    parties_close(&w);
}
END_TEST

START_TEST(oplist_files_are_read_by_the_openssl_command)
{
    struct parties w = parties_open();

    ck_assert_int_eq(parties_send(w.b, &parties_imsis), ERR_OK);
    ck_assert_int_eq(scratch_run("openssl cms -decrypt -inform DER -binary -in l -recip a/party.crt"
                                 " -inkey a/party.key -out signed"),
                     0);
    ck_assert_int_eq(
        scratch_run("openssl cms -verify -inform DER -binary -in signed -certfile b/party.crt"
                    " -CAfile b/party.crt -purpose any -out text 2>/dev/null"),
        0);
    ck_assert_int_eq(scratch_run("grep -q '^8988211000000000001,001020000000001,1000000001$' text"),
                     0);
    ck_assert_int_eq(scratch_run("openssl cms -decrypt -inform DER -binary -in l -recip b/party.crt"
                                 " -inkey b/party.key -out /dev/null 2>/dev/null"),
                     4);
    parties_close(&w);
}
END_TEST

/* --- validity -------------------------------------------------------------------------------- */

START_TEST(oplist_judge_refuses_before_and_after_the_validity)
{
    struct parties w = parties_open();
    int64_t now = NOW;

    ck_assert_int_eq(parties_send(w.b, &parties_imsis), ERR_OK);
    ck_assert_int_eq(parties_judge_at(w.a, "l", OPLIST_IMSI_LIST, now), OPLIST_ACCEPTED);
    ck_assert_int_eq(parties_judge_at(w.a, "l", OPLIST_IMSI_LIST, now + PARTIES_DAY + 5),
                     OPLIST_EXPIRED);
    ck_assert_int_eq(parties_judge_at(w.a, "l", OPLIST_IMSI_LIST, now + 40 * PARTIES_DAY),
                     OPLIST_CERTIFICATE);
    ck_assert_int_eq(parties_judge_at(w.a, "l", OPLIST_IMSI_LIST, now - PARTIES_DAY),
                     OPLIST_CERTIFICATE);
    ck_assert_int_eq(
        parties_send(w.b, &(struct parties_list){OPLIST_IMSI_LIST, OPLIST_3B, "A", "00102", "later",
                                                 1, PARTIES_DAY, 2 * PARTIES_DAY}),
        ERR_OK);
    ck_assert_int_eq(parties_judge(w.a, "later"), OPLIST_NOT_YET_VALID);
    ck_assert_int_eq(
        parties_send(w.b, &(struct parties_list){OPLIST_IMSI_LIST, OPLIST_3B, "A", "00102", "never",
                                                 1, PARTIES_DAY, PARTIES_DAY}),
        ERR_EXPIRED);
    parties_close(&w);
}
END_TEST

/* --- what a signed text may be --- */

static const char good_text[] = "reseat-list: 1\n"
                                "purpose: imsi-list\n"
                                "alternative: 3b\n"
                                "number: 1\n"
                                "sender: B\n"
                                "receiver: A\n"
                                "not-before: 2020-01-01T00:00:00Z\n"
                                "not-after: 2099-01-01T00:00:00Z\n"
                                "previous: none\n"
                                "answers: none\n"
                                "spn: \n"
                                "service-centre: +10200001\n"
                                "rows: 2\n"
                                "columns: iccid,imsi,msisdn\n"
                                "\n"
                                "8988211000000430010,001020000000001,\n"
                                "8988211000000430011,001020000000002,123\n";

static const struct {
    const char *old, *new;
    enum oplist_verdict want;
} edits[] = {
    {"sender", "sender", OPLIST_ACCEPTED},
    {"rows: 2", "rows: 3", OPLIST_ROW_COUNT},
    {"rows: 2", "rows: 1", OPLIST_ROW_COUNT},
    {"rows: 2", "rows: 0", OPLIST_ROW_COUNT},
    {"rows: 2", "rows: 02", OPLIST_MALFORMED},
    {"rows: 2", "rows: -2", OPLIST_MALFORMED},
    {"rows: 2", "rows: 1000001", OPLIST_MALFORMED},
    {"rows: 2", "rows: 18446744073709551618", OPLIST_MALFORMED},
    {"reseat-list: 1", "reseat-list: 2", OPLIST_MALFORMED},
    {"purpose: imsi-list", "purpose: imsi", OPLIST_MALFORMED},
    {"alternative: 3b", "alternative: 3c", OPLIST_MALFORMED},
    {"number: 1", "number: 0", OPLIST_MALFORMED},
    {"number: 1", "number: 2", OPLIST_GAP},
    {"number: 1", "number: 99999999999999999999", OPLIST_MALFORMED},
    {"sender: B", "sender: A", OPLIST_WRONG_SIGNER},
    {"sender: B", "sender: B/../A", OPLIST_MALFORMED},
    {"sender: B", "sender: ", OPLIST_MALFORMED},
    {"receiver: A", "receiver: C", OPLIST_WRONG_RECEIVER},
    {"2020-01-01T00:00:00Z", "2020-02-30T00:00:00Z", OPLIST_MALFORMED},
    {"2020-01-01T00:00:00Z", "2020-1-1T00:00:00Z", OPLIST_MALFORMED},
    {"2099-01-01T00:00:00Z", "2020-01-02T00:00:00Z", OPLIST_EXPIRED},
    {"previous: none", "previous: 00", OPLIST_MALFORMED},
    {"previous: none", "previous: AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
     OPLIST_FORKED},
    {"spn: ", "spn: seventeen letters", OPLIST_MALFORMED},
    {"spn: ", "spn: \x1B[2J", OPLIST_MALFORMED},
    {"+10200001", "10200001", OPLIST_MALFORMED},
    {"columns: iccid,imsi,msisdn", "columns: iccid,imsi", OPLIST_MALFORMED},
    {"\n\n", "\n", OPLIST_MALFORMED},
    {"\n\n", "\n\n\n", OPLIST_BAD_ROW},
    {"0010,", "0010,,", OPLIST_BAD_IMSI},
    {"8988211000000430010", "898821100000043001x", OPLIST_BAD_ICCID},
    {"8988211000000430010", "", OPLIST_BAD_ICCID},
    {"001020000000001", "00102000000000123", OPLIST_BAD_IMSI},
    {"001020000000001", "00102000000000a", OPLIST_BAD_IMSI},
    {"001020000000001", "001030000000001", OPLIST_FOREIGN_IMSI},
    {"001020000000001", "001020000000002", OPLIST_DUPLICATE_IMSI},
    {"8988211000000430010", "8988211000000430011", OPLIST_DUPLICATE_ICCID},
    {",123\n", ",123", OPLIST_BAD_ROW},
    {",123\n", ",123,5\n", OPLIST_BAD_ROW},
    {",123\n", ",123456789012345678\n", OPLIST_BAD_ROW},
    {",123\n", ",12\r\n", OPLIST_BAD_ROW},
    {"reseat-list: 1\n", "", OPLIST_MALFORMED},
};

/* good_text with the first old replaced by new. */
static void edit(const char *old, const char *new, char out[2048])
{
    const char *at = strstr(good_text, old);

    ck_assert_ptr_nonnull(at);
    snprintf(out, 2048, "%.*s%s%s", (int)(at - good_text), good_text, new, at + strlen(old));
}

START_TEST(oplist_judge_tells_what_is_wrong_with_a_signed_text)
{
    struct parties w = parties_open();
    char text[2048];

    for (size_t i = 0; i < ARRAY_LEN(edits); i++) {
        enum oplist_verdict v;

        edit(edits[i].old, edits[i].new, text);
        v = parties_judge_text(w.b, w.a, text, OPLIST_IMSI_LIST);
        ck_assert_msg(v == edits[i].want, "%s -> %s: %s", edits[i].old, edits[i].new,
                      oplist_verdict_text(v));
    }
    parties_close(&w);
}
END_TEST

START_TEST(oplist_judge_survives_every_truncation_of_a_signed_text)
{
    struct parties w = parties_open();
    char text[2048];

    for (size_t n = 1; n < strlen(good_text); n++) {
        snprintf(text, sizeof text, "%.*s", (int)n, good_text);
        ck_assert_int_ne(parties_judge_text(w.b, w.a, text, OPLIST_IMSI_LIST), OPLIST_ACCEPTED);
    }
    parties_close(&w);
}
END_TEST

START_TEST(sec_K7_hand_over_of_3b_carries_no_keys_and_of_3a_must)
{
    struct parties w = parties_open();
    struct oplist_draft *d = NULL;
    struct oplist_row row = parties_row(1, "00102");
    char text[2048];

    ck_assert_int_eq(oplist_draft_new(OPLIST_HAND_OVER, OPLIST_3A, &d), ERR_OK);
    ck_assert_int_eq(oplist_draft_add(d, &row), ERR_FORMAT);
    oplist_draft_free(&d);
    parties_give_keys(&row);
    ck_assert_int_eq(oplist_draft_new(OPLIST_HAND_OVER, OPLIST_3B, &d), ERR_OK);
    ck_assert_int_eq(oplist_draft_add(d, &row), ERR_FORMAT);
    oplist_draft_free(&d);
    snprintf(text, sizeof text,
             "reseat-list: 1\npurpose: hand-over\nalternative: 3a\nnumber: 1\nsender: A\n"
             "receiver: B\nnot-before: 2020-01-01T00:00:00Z\nnot-after: 2099-01-01T00:00:00Z\n"
             "previous: none\nanswers: none\nspn: \nservice-centre: \nrows: 1\n"
             "columns: iccid,imsi,msisdn,index,sqn,counter,keys\n\n%s,%s,,2,,,\n",
             row.iccid, row.imsi);
    ck_assert_int_eq(parties_judge_text(w.a, w.b, text, OPLIST_HAND_OVER), OPLIST_BAD_KEYS);
    parties_close(&w);
}
END_TEST

START_TEST(oplist_draft_add_refuses_bad_rows_and_keeps_the_good)
{
    struct oplist_draft *d = NULL;
    struct oplist_row row = parties_row(1, "00102"), bad = row;

    ck_assert_int_eq(oplist_draft_new(OPLIST_IMSI_LIST, OPLIST_3B, &d), ERR_OK);
    ck_assert_int_eq(oplist_draft_add(d, &row), ERR_OK);
    TEXT_COPY(bad.iccid, "12");
    ck_assert_int_ne(oplist_draft_add(d, &bad), ERR_OK);
    bad = row;
    TEXT_COPY(bad.msisdn, "1,2");
    ck_assert_int_ne(oplist_draft_add(d, &bad), ERR_OK);
    ck_assert_uint_eq(oplist_draft_rows(d), 1);
    oplist_draft_free(&d);
}
END_TEST

/* --- party ----------------------------------------------------------------------------------- */

START_TEST(oplist_party_keeps_its_key_to_itself)
{
    struct oplist_party *p = NULL;
    struct oplist_identity id = {.name = "A", .role = OPLIST_OPERATOR};
    struct stat st;

    scratch_enter();
    ck_assert_int_eq(oplist_party_init("a", &id, 30), ERR_RANGE); /* no network */
    parties_init("a", "A", OPLIST_OPERATOR, "00101,310410");
    ck_assert_int_eq(stat("a/party.key", &st), 0);
    ck_assert_uint_eq(st.st_mode & 0777, 0600);
    ck_assert_int_eq(oplist_plmns_parse("00101", &id), ERR_OK);
    ck_assert_int_eq(oplist_party_init("a", &id, 30), ERR_EXISTS);
    ck_assert_int_eq(oplist_party_open("a", &p), ERR_OK);
    ck_assert_uint_eq(oplist_party_self(p)->plmn_count, 2);
    ck_assert_str_eq(oplist_party_self(p)->plmns[1], "310410");
    oplist_party_close(&p);
    ck_assert_int_eq(chmod("a/party.key", 0644), 0);
    ck_assert_int_eq(oplist_party_open("a", &p), ERR_DENIED);
    ck_assert_int_eq(oplist_party_open("none", &p), ERR_NOT_FOUND);
    TEXT_COPY(id.name, "../a");
    ck_assert_int_eq(oplist_party_init("b", &id, 30), ERR_FORMAT);
}
END_TEST

START_TEST(oplist_party_init_finishes_what_a_crash_left)
{
    struct oplist_party *p = NULL;

    scratch_enter();
    parties_init("a", "A", OPLIST_OPERATOR, "00101");
    ck_assert_int_eq(scratch_run("cp a/party.key key; rm a/party.crt a/party.db*"), 0);
    ck_assert_int_eq(oplist_party_open("a", &p), ERR_NOT_FOUND);
    parties_init("a", "A", OPLIST_OPERATOR, "00101");
    ck_assert_int_eq(scratch_run("cmp -s a/party.key key"), 0);
    ck_assert_int_eq(oplist_party_open("a", &p), ERR_OK);
    oplist_party_close(&p);
}
END_TEST

START_TEST(oplist_party_assigns_each_imsi_once_and_only_forward)
{
    struct parties w = parties_open();
    struct oplist_assignment a = {.iccid = ICCID, .imsi = "001020000000001", .from = "A"}, got;
    struct oplist_assignment other = {.iccid = "8988211000000430011", .imsi = "001020000000001"};

    ck_assert_int_eq(oplist_party_assign(w.b, &a), ERR_OK);
    ck_assert_int_eq(oplist_party_assign(w.b, &a), ERR_OK);
    ck_assert_int_eq(oplist_party_assign(w.b, &other), ERR_EXISTS);
    ck_assert_int_eq(oplist_party_assignment(w.b, other.iccid, &got), ERR_NOT_FOUND);
    ck_assert_int_eq(oplist_party_advance(w.b, ICCID, 2, OPLIST_MOVED), ERR_OK);
    ck_assert_int_eq(oplist_party_advance(w.b, ICCID, 3, OPLIST_MOVED), ERR_CONDITIONS);
    ck_assert_int_eq(oplist_party_advance(w.b, ICCID, 2, OPLIST_ACTIVE), ERR_OK);
    ck_assert_int_eq(oplist_party_advance(w.b, ICCID, 2, OPLIST_MOVED), ERR_OK);
    ck_assert_int_eq(oplist_party_assignment(w.b, ICCID, &got), ERR_OK);
    ck_assert_int_eq(got.stage, OPLIST_ACTIVE);
    ck_assert_uint_eq(got.index, 2);
    ck_assert_str_eq(got.from, "A");
    ck_assert_int_eq(oplist_party_assign(w.b, &a), ERR_CONDITIONS);
    parties_close(&w);
}
END_TEST

Suite *suite_under_test(void)
{
    Suite *s = suite_create("oplist");
    TCase *good = tcase_create("TR 33.812 lists");
    TCase *k7 = tcase_create("security K7");
    TCase *party = tcase_create("party");

    tcase_set_timeout(good, 60);
    tcase_set_timeout(k7, 60);
    tcase_set_timeout(party, 60);
    tcase_add_test(good, oplist_judge_gives_the_rows_that_were_sent);
    tcase_add_test(good, oplist_keys_arrive_and_stand_nowhere_in_the_file);
    tcase_add_test(good, oplist_files_are_read_by_the_openssl_command);
    tcase_add_test(good, oplist_judge_refuses_before_and_after_the_validity);
    tcase_add_test(good, oplist_judge_tells_what_is_wrong_with_a_signed_text);
    tcase_add_test(good, oplist_judge_survives_every_truncation_of_a_signed_text);
    tcase_add_test(good, oplist_draft_add_refuses_bad_rows_and_keeps_the_good);
    tcase_add_test(k7, sec_K7_hand_over_of_3b_carries_no_keys_and_of_3a_must);
    tcase_add_test(party, oplist_party_keeps_its_key_to_itself);
    tcase_add_test(party, oplist_party_init_finishes_what_a_crash_left);
    tcase_add_test(party, oplist_party_assigns_each_imsi_once_and_only_forward);
    suite_add_tcase(s, good);
    suite_add_tcase(s, k7);
    suite_add_tcase(s, party);
    return s;
}
