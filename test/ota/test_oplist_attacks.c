/* Tests of ota/oplist. Goal: a list is acted upon only when it is whole, from whom it says, for
 * us, for this purpose, in time, in sequence, and within what its sender may decide; every other
 * one is refused with the reason (sec_K5, sec_K6, sec_K7). */
#include "ota/core/disk.h"
#include "ota/core/text.h"
#include "ota/oplist/cms.h"
#include "ota/oplist/inside.h"
#include "test/support/ota/parties.h"
#include "test/support/ota/scratch.h"
#include "test/support/runner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define NOW   (time(NULL))
#define ICCID "8988211000000430010"
#define LARGE 1000
#define FLIPS 400 /* sampled bits of the large list */

/* --- sec_K5: altered ------------------------------------------------------------------------- */

START_TEST(sec_K5_every_flipped_bit_of_a_list_is_refused)
{
    struct parties w = parties_open();
    struct parties_file f;

    ck_assert_int_eq(parties_send(w.b, &parties_imsis), ERR_OK);
    f = parties_read("l");
    for (size_t bit = 0; bit < 8 * f.len; bit++) {
        enum oplist_verdict v;

        f.at[bit / 8] ^= (uint8_t)(1 << bit % 8);
        v = parties_judge_bytes(w.a, RD(f.at, f.len), OPLIST_IMSI_LIST);
        ck_assert_msg(v == OPLIST_ALTERED || v == OPLIST_NOT_FOR_US, "bit %zu: %s", bit,
                      oplist_verdict_text(v));
        f.at[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    ck_assert_int_eq(parties_judge_bytes(w.a, RD(f.at, f.len), OPLIST_IMSI_LIST), OPLIST_ACCEPTED);
    disk_free(&f.at, f.len);
    parties_close(&w);
}
END_TEST

/* Whoever has A's certificate can encrypt to A: the signed data must stand for itself. */
START_TEST(sec_K5_every_flipped_bit_inside_the_envelope_is_refused)
{
    struct parties w = parties_open();
    struct oplist_cms_bytes inner = {NULL, 0}, outer = {NULL, 0};
    struct parties_file f;

    ck_assert_int_eq(parties_send(w.b, &parties_imsis), ERR_OK);
    f = parties_read("l");
    ck_assert_int_eq(oplist_cms_decrypt(w.a->cert, w.a->key, RD(f.at, f.len), &inner),
                     OPLIST_ACCEPTED);
    for (size_t bit = 0; bit < 8 * inner.len; bit++) {
        enum oplist_verdict v;

        inner.at[bit / 8] ^= (uint8_t)(1 << bit % 8);
        ck_assert_int_eq(oplist_cms_encrypt(w.a->cert, RD(inner.at, inner.len), &outer), ERR_OK);
        v = parties_judge_bytes(w.a, RD(outer.at, outer.len), OPLIST_IMSI_LIST);
        ck_assert_msg(v == OPLIST_ALTERED || v == OPLIST_STRANGER || v == OPLIST_BAD_SIGNATURE,
                      "bit %zu: %s", bit, oplist_verdict_text(v));
        oplist_cms_release(&outer);
        inner.at[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    oplist_cms_release(&inner);
    disk_free(&f.at, f.len);
    parties_close(&w);
}
END_TEST

START_TEST(sec_K5_sampled_bits_of_a_list_of_1000_rows_are_refused)
{
    struct parties w = parties_open();
    struct parties_list large = parties_imsis;
    unsigned seed = 1;
    struct parties_file f;

    large.rows = LARGE;
    ck_assert_int_eq(parties_send(w.b, &large), ERR_OK);
    f = parties_read("l");
    ck_assert_int_eq(parties_judge_bytes(w.a, RD(f.at, f.len), OPLIST_IMSI_LIST), OPLIST_ACCEPTED);
    for (unsigned i = 0; i < FLIPS; i++) {
        size_t bit = (size_t)rand_r(&seed) % (8 * f.len);

        f.at[bit / 8] ^= (uint8_t)(1 << bit % 8);
        ck_assert_int_ne(parties_judge_bytes(w.a, RD(f.at, f.len), OPLIST_IMSI_LIST),
                         OPLIST_ACCEPTED);
        f.at[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    disk_free(&f.at, f.len);
    parties_close(&w);
}
END_TEST

START_TEST(sec_K5_every_truncation_and_a_longer_file_are_refused)
{
    struct parties w = parties_open();
    struct parties_file f;
    uint8_t *longer;

    ck_assert_int_eq(parties_send(w.b, &parties_imsis), ERR_OK);
    f = parties_read("l");
    for (size_t n = 0; n < f.len; n++)
        ck_assert_int_eq(parties_judge_bytes(w.a, RD(f.at, n), OPLIST_IMSI_LIST), OPLIST_ALTERED);
    longer = calloc(1, f.len + 1);
    memcpy(longer, f.at, f.len);
    ck_assert_int_eq(parties_judge_bytes(w.a, RD(longer, f.len + 1), OPLIST_IMSI_LIST),
                     OPLIST_ALTERED);
    free(longer);
    disk_free(&f.at, f.len);
    parties_close(&w);
}
END_TEST

/* --- sec_K5: somebody else ------------------------------------------------------------------- */

START_TEST(sec_K5_a_stranger_is_refused)
{
    struct parties w = parties_open();
    struct parties_list p = parties_imsis;

    p.plmn = "00103";
    ck_assert_int_eq(parties_send(w.c, &p), ERR_OK);
    ck_assert_int_eq(parties_judge(w.a, "l"), OPLIST_STRANGER);
    parties_trust(w.a, "c/party.crt");
    ck_assert_int_eq(parties_judge(w.a, "l"), OPLIST_ACCEPTED);
    ck_assert_int_eq(oplist_party_distrust(w.a, "C"), ERR_OK);
    ck_assert_int_eq(parties_judge(w.a, "l"), OPLIST_STRANGER);
    parties_close(&w);
}
END_TEST

/* A certificate with B's issuer and serial number over C's key. */
START_TEST(sec_K5_a_forged_certificate_does_not_help)
{
    struct parties w = parties_open();
    X509 *forged = X509_dup(w.b->cert), *genuine = w.c->cert;

    ck_assert_int_eq(X509_set_pubkey(forged, w.c->key), 1);
    ck_assert_int_gt(X509_sign(forged, w.c->key, EVP_sha256()), 0);
    w.c->cert = forged;
    TEXT_COPY(w.c->self.name, "B");
    ck_assert_int_eq(parties_send(w.c, &parties_imsis), ERR_OK);
    ck_assert_int_eq(parties_judge(w.a, "l"), OPLIST_BAD_SIGNATURE);
    w.c->cert = genuine;
    X509_free(forged);
    parties_close(&w);
}
END_TEST

START_TEST(sec_K5_a_peer_cannot_speak_for_another)
{
    struct parties w = parties_open();

    parties_trust(w.a, "c/party.crt");
    TEXT_COPY(w.c->self.name, "B");
    ck_assert_int_eq(parties_send(w.c, &parties_imsis), ERR_OK);
    ck_assert_int_eq(parties_judge(w.a, "l"), OPLIST_WRONG_SIGNER);
    parties_close(&w);
}
END_TEST

START_TEST(oplist_judge_refuses_a_list_for_somebody_else)
{
    struct parties w = parties_open();
    struct parties_list p = parties_imsis;
    struct oplist_cms_bytes inner = {NULL, 0}, outer = {NULL, 0};
    struct parties_file f;

    p.to = "M";
    ck_assert_int_eq(parties_send(w.b, &p), ERR_OK);
    ck_assert_int_eq(parties_judge(w.a, "l"), OPLIST_NOT_FOR_US);
    /* M passes it on. */
    f = parties_read("l");
    ck_assert_int_eq(oplist_cms_decrypt(w.m->cert, w.m->key, RD(f.at, f.len), &inner),
                     OPLIST_ACCEPTED);
    ck_assert_int_eq(oplist_cms_encrypt(w.a->cert, RD(inner.at, inner.len), &outer), ERR_OK);
    ck_assert_int_eq(parties_judge_bytes(w.a, RD(outer.at, outer.len), OPLIST_IMSI_LIST),
                     OPLIST_WRONG_RECEIVER);
    oplist_cms_release(&inner);
    oplist_cms_release(&outer);
    disk_free(&f.at, f.len);
    parties_close(&w);
}
END_TEST

/* --- sec_K6 ---------------------------------------------------------------------------------- */

static void send_numbered(struct oplist_party *p, const char *path)
{
    struct parties_list parcel = parties_imsis;

    parcel.rows = (unsigned)strlen(path); /* so that no two are alike */
    parcel.path = path;
    ck_assert_int_eq(parties_send(p, &parcel), ERR_OK);
}

START_TEST(sec_K6_a_replayed_list_is_refused)
{
    struct parties w = parties_open();

    send_numbered(w.b, "1");
    parties_accept(w.a, "1");
    ck_assert_int_eq(parties_judge(w.a, "1"), OPLIST_REPLAYED);
    oplist_party_close(&w.a);
    ck_assert_int_eq(oplist_party_open("a", &w.a), ERR_OK);
    ck_assert_int_eq(parties_judge(w.a, "1"), OPLIST_REPLAYED);
    send_numbered(w.b, "2");
    parties_accept(w.a, "2");
    ck_assert_int_eq(parties_judge(w.a, "1"), OPLIST_REPLAYED);
    ck_assert_int_eq(parties_judge(w.a, "2"), OPLIST_REPLAYED);
    parties_close(&w);
}
END_TEST

START_TEST(sec_K6_a_list_that_was_never_accepted_cannot_come_after_a_later_one)
{
    struct parties w = parties_open();
    struct oplist *list = NULL;
    struct oplist_expect expect = {OPLIST_IMSI_LIST, NOW, true};

    send_numbered(w.b, "1");
    send_numbered(w.b, "2");
    ck_assert_int_eq(parties_judge(w.a, "2"), OPLIST_GAP);
    ck_assert_int_eq(oplist_judge_file(w.a, "2", &expect, &list).verdict, OPLIST_ACCEPTED);
    ck_assert_int_eq(oplist_accept(w.a, list), ERR_OK);
    ck_assert_int_eq(oplist_accept(w.a, list), ERR_REPLAYED);
    oplist_free(&list);
    ck_assert_int_eq(parties_judge(w.a, "1"), OPLIST_ROLLED_BACK);
    parties_close(&w);
}
END_TEST

/* B restores an old backup, or two B's send: the chain shows it. */
START_TEST(sec_K6_a_forked_sequence_is_refused)
{
    struct parties w = parties_open();

    ck_assert_int_eq(scratch_run("cp -r b b2"), 0);
    send_numbered(w.b, "1");
    parties_accept(w.a, "1");
    send_numbered(w.b, "2");
    oplist_party_close(&w.b);
    ck_assert_int_eq(oplist_party_open("b2", &w.b), ERR_OK);
    send_numbered(w.b, "other1");
    send_numbered(w.b, "other2");
    ck_assert_int_eq(parties_judge(w.a, "other1"), OPLIST_ROLLED_BACK);
    ck_assert_int_eq(parties_judge(w.a, "other2"), OPLIST_FORKED);
    ck_assert_int_eq(parties_judge(w.a, "2"), OPLIST_ACCEPTED);
    parties_close(&w);
}
END_TEST

START_TEST(oplist_send_never_overwrites_a_list)
{
    struct parties w = parties_open();
    struct oplist_draft *d = NULL;
    struct oplist_envelope e = {.receiver = "A", .not_before = NOW, .not_after = NOW + PARTIES_DAY};
    struct oplist_row row = parties_row(1, "00102");

    send_numbered(w.b, "1");
    ck_assert_int_eq(oplist_draft_new(OPLIST_IMSI_LIST, OPLIST_3B, &d), ERR_OK);
    ck_assert_int_eq(oplist_draft_add(d, &row), ERR_OK);
    ck_assert_int_eq(oplist_send(w.b, d, &e, "1", NULL), ERR_EXISTS);
    oplist_draft_free(&d);
    parties_accept(w.a, "1");
    send_numbered(w.b, "2"); /* no number was used up */
    ck_assert_int_eq(parties_judge(w.a, "2"), OPLIST_ACCEPTED);
    parties_close(&w);
}
END_TEST

START_TEST(oplist_party_open_puts_a_staged_list_into_place)
{
    struct parties w = parties_open();

    send_numbered(w.b, "1");
    oplist_party_close(&w.b);
    ck_assert_int_eq(rename("1", "1.staged"), 0);
    ck_assert_int_eq(scratch_run("sqlite3 b/party.db 'UPDATE sent SET done = 0'"), 0);
    ck_assert_int_eq(oplist_party_open("b", &w.b), ERR_OK);
    ck_assert_int_eq(access("1", F_OK), 0);
    ck_assert_int_eq(parties_judge(w.a, "1"), OPLIST_ACCEPTED);
    parties_close(&w);
}
END_TEST

/* --- sec_K7: who may decide what --- */

/* Independent of the code's table: sender, receiver and network of the only good combinations. */
static bool allowed(enum oplist_purpose purpose, char from, char to, const char *plmn)
{
    bool from_operator = from != 'M', to_operator = to != 'M';
    const char *sender_plmn = from == 'A' ? "00101" : "00102";
    const char *receiver_plmn = to == 'A' ? "00101" : "00102";

    switch (purpose) {
    case OPLIST_IMSI_LIST:
        return from_operator && to_operator && strcmp(plmn, sender_plmn) == 0;
    case OPLIST_HAND_OVER:
        return from_operator && to_operator && strcmp(plmn, receiver_plmn) == 0;
    case OPLIST_KEY_REQUEST:
        return from_operator && !to_operator;
    case OPLIST_KEY_ISSUE:
        return !from_operator && to_operator;
    case OPLIST_CONFIRMATION:
        return from_operator && strcmp(plmn, sender_plmn) == 0;
    case OPLIST_PURPOSES:
        break;
    }
    return false;
}

START_TEST(sec_K7_nobody_lists_what_he_may_not)
{
    struct parties w = parties_open();
    struct oplist_party *parties[] = {w.a, w.b, w.m};
    const char *const plmns[] = {"00101", "00102", "00103"};
    unsigned good = 0, bad = 0;

    for (unsigned i = 0; i < 3 * 3 * 3 * OPLIST_PURPOSES; i++) {
        struct oplist_party *from = parties[i % 3], *to = parties[i / 3 % 3];
        enum oplist_purpose purpose = (enum oplist_purpose)(i / 27);
        struct parties_list p = {purpose, OPLIST_3B, to->self.name, plmns[i / 9 % 3],
                                 "l",     2,         -10,           PARTIES_DAY};
        struct oplist *list = NULL;
        struct oplist_expect expect = {purpose, NOW, true};
        bool want = allowed(purpose, from->self.name[0], to->self.name[0], p.plmn);
        enum oplist_verdict v;

        if (from == to)
            continue;
        ck_assert_int_eq(parties_send(from, &p), ERR_OK);
        v = oplist_judge_file(to, "l", &expect, &list).verdict;
        ck_assert_msg((v == OPLIST_ACCEPTED) == want, "%s from %s to %s of %s: %s",
                      oplist_purpose_text(purpose), from->self.name, p.to, p.plmn,
                      oplist_verdict_text(v));
        want ? good++ : bad++;
        oplist_free(&list);
    }
    ck_assert_uint_eq(good, 2 + 2 + 2 * 3 + 2 * 3 + 4);
    ck_assert_uint_eq(bad, 6 * 3 * 5 - good);
    parties_close(&w);
}
END_TEST

START_TEST(oplist_judge_refuses_a_list_for_another_purpose)
{
    struct parties w = parties_open();

    ck_assert_int_eq(parties_send(w.b, &parties_imsis), ERR_OK);
    for (int purpose = OPLIST_HAND_OVER; purpose < OPLIST_PURPOSES; purpose++)
        ck_assert_int_eq(parties_judge_at(w.a, "l", (enum oplist_purpose)purpose, NOW),
                         OPLIST_WRONG_PURPOSE);
    parties_close(&w);
}
END_TEST

START_TEST(sec_K7_a_network_has_one_owner)
{
    struct parties w = parties_open();
    struct oplist_identity twin = {.role = OPLIST_OPERATOR}, other = {.name = "Z"};

    parties_init("x", "X", OPLIST_OPERATOR, "00102");
    parties_init("y", "Y", OPLIST_OPERATOR, "001021");
    parties_init("b3", "B", OPLIST_OPERATOR, "00104");
    ck_assert_int_eq(oplist_party_trust(w.a, "x/party.crt", NULL, NULL), ERR_DENIED);
    ck_assert_int_eq(oplist_party_trust(w.a, "y/party.crt", NULL, NULL), ERR_DENIED);
    ck_assert_int_eq(oplist_party_trust(w.a, "b3/party.crt", NULL, NULL), ERR_EXISTS);
    ck_assert_int_eq(oplist_party_trust(w.b, "x/party.crt", NULL, NULL), ERR_DENIED);
    ck_assert_int_eq(oplist_party_trust(w.a, "b/party.crt", NULL, NULL), ERR_OK);
    ck_assert_int_eq(oplist_party_trust(w.a, "a/party.crt", NULL, NULL), ERR_EXISTS);
    ck_assert_int_eq(oplist_party_trust(w.a, "a/party.key", NULL, NULL), ERR_FORMAT);
    ck_assert_int_eq(oplist_party_trust(w.a, "none", NULL, NULL), ERR_NOT_FOUND);
    ck_assert_int_eq(oplist_plmns_parse("00105", &other), ERR_OK);
    ck_assert_int_eq(oplist_party_trust(w.a, "x/party.crt", &other, &twin), ERR_OK);
    ck_assert_str_eq(twin.name, "Z");
    ck_assert_str_eq(twin.plmns[0], "00105");
    parties_close(&w);
}
END_TEST

Suite *suite_under_test(void)
{
    Suite *s = suite_create("oplist, attacks");
    TCase *good = tcase_create("TR 33.812 lists");
    TCase *k5 = tcase_create("security K5");
    TCase *k6 = tcase_create("security K6");
    TCase *k7 = tcase_create("security K7");

    tcase_set_timeout(good, 60);
    tcase_set_timeout(k5, 120);
    tcase_set_timeout(k6, 60);
    tcase_set_timeout(k7, 60);
    tcase_add_test(good, oplist_judge_refuses_a_list_for_somebody_else);
    tcase_add_test(good, oplist_judge_refuses_a_list_for_another_purpose);
    tcase_add_test(k5, sec_K5_every_flipped_bit_of_a_list_is_refused);
    tcase_add_test(k5, sec_K5_every_flipped_bit_inside_the_envelope_is_refused);
    tcase_add_test(k5, sec_K5_sampled_bits_of_a_list_of_1000_rows_are_refused);
    tcase_add_test(k5, sec_K5_every_truncation_and_a_longer_file_are_refused);
    tcase_add_test(k5, sec_K5_a_stranger_is_refused);
    tcase_add_test(k5, sec_K5_a_forged_certificate_does_not_help);
    tcase_add_test(k5, sec_K5_a_peer_cannot_speak_for_another);
    tcase_add_test(k6, sec_K6_a_replayed_list_is_refused);
    tcase_add_test(k6, sec_K6_a_list_that_was_never_accepted_cannot_come_after_a_later_one);
    tcase_add_test(k6, sec_K6_a_forked_sequence_is_refused);
    tcase_add_test(k6, oplist_send_never_overwrites_a_list);
    tcase_add_test(k6, oplist_party_open_puts_a_staged_list_into_place);
    tcase_add_test(k7, sec_K7_nobody_lists_what_he_may_not);
    tcase_add_test(k7, sec_K7_a_network_has_one_owner);
    suite_add_tcase(s, good);
    suite_add_tcase(s, k5);
    suite_add_tcase(s, k6);
    suite_add_tcase(s, k7);
    return s;
}
