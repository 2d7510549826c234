/* Tests of ota/oplist. Goal: a list is acted upon only when it is whole, from whom it says, for
 * us, for this purpose, in time, in sequence, and within what its sender may decide; every other
 * one is refused with the reason (sec_K5, sec_K6, sec_K7). */
#include "ota/core/disk.h"
#include "ota/core/text.h"
#include "ota/oplist/cms.h"
#include "ota/oplist/inside.h"
#include "test/support/ota/scratch.h"
#include "test/support/runner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOW   (time(NULL))
#define DAY   86400
#define ICCID "8988211000000430010"
#define LARGE 1000
#define FLIPS 400 /* sampled bits of the large list */

/* a: A, 00101; b: B, 00102; m: M, manufacturer; c: C, 00103, whom nobody trusts at first. */
struct world {
    struct oplist_party *a, *b, *m, *c;
};

static void init(const char *dir, const char *name, enum oplist_role role, const char *plmns)
{
    struct oplist_identity id = {.role = role};

    TEXT_COPY(id.name, name);
    ck_assert_int_eq(oplist_plmns_parse(plmns, &id), ERR_OK);
    ck_assert_int_eq(oplist_party_init(dir, &id, 30), ERR_OK);
}

static void trust(struct oplist_party *p, const char *cert)
{
    ck_assert_int_eq(oplist_party_trust(p, cert, NULL, NULL), ERR_OK);
}

static struct world open_world(void)
{
    struct world w = {NULL, NULL, NULL, NULL};

    scratch_enter();
    init("a", "A", OPLIST_OPERATOR, "00101");
    init("b", "B", OPLIST_OPERATOR, "00102");
    init("m", "M", OPLIST_MANUFACTURER, "");
    init("c", "C", OPLIST_OPERATOR, "00103");
    ck_assert_int_eq(oplist_party_open("a", &w.a), ERR_OK);
    ck_assert_int_eq(oplist_party_open("b", &w.b), ERR_OK);
    ck_assert_int_eq(oplist_party_open("m", &w.m), ERR_OK);
    ck_assert_int_eq(oplist_party_open("c", &w.c), ERR_OK);
    trust(w.a, "b/party.crt"), trust(w.a, "m/party.crt");
    trust(w.b, "a/party.crt"), trust(w.b, "m/party.crt");
    trust(w.m, "a/party.crt"), trust(w.m, "b/party.crt");
    trust(w.c, "a/party.crt"), trust(w.c, "b/party.crt"), trust(w.c, "m/party.crt");
    return w;
}

static void close_world(struct world *w)
{
    oplist_party_close(&w->a);
    oplist_party_close(&w->b);
    oplist_party_close(&w->m);
    oplist_party_close(&w->c);
}

static struct oplist_row row_of(unsigned i, const char *plmn)
{
    struct oplist_row row = {.index = 2};

    snprintf(row.iccid, sizeof row.iccid, "89882110000%08u", i % 100000000U);
    snprintf(row.imsi, sizeof row.imsi, "%s%010u", plmn, i);
    snprintf(row.msisdn, sizeof row.msisdn, "1%09u", i % 1000000000U);
    return row;
}

static void give_keys(struct oplist_row *row)
{
    TEXT_COPY(row->keys.iccid, row->iccid);
    row->keys.index = row->index;
    aka_key_defaults(&row->keys.aka, AKA_MILENAGE);
    row->keys.aka.k = row->keys.aka.opc = (struct secret){.bytes = {1, 2}, .len = 16};
    row->keys.ota =
        (struct secpkt_keys){{SECPKT_AES, row->keys.aka.k}, {SECPKT_AES, row->keys.aka.k}, 8};
    row->keys.kik = row->keys.ota.kic;
    row->has_keys = true;
}

struct parcel {
    enum oplist_purpose purpose;
    enum oplist_alternative alternative;
    const char *to, *plmn, *path;
    unsigned rows;
    int64_t from_s, to_s; /* validity, from now */
};

static enum err send_parcel(struct oplist_party *p, const struct parcel *parcel)
{
    struct oplist_draft *d = NULL;
    struct oplist_envelope e = {.receiver = parcel->to,
                                .not_before = NOW + parcel->from_s,
                                .not_after = NOW + parcel->to_s,
                                .spn = "Operator B"};
    bool keys = parcel->purpose == OPLIST_KEY_ISSUE ||
                (parcel->purpose == OPLIST_HAND_OVER && parcel->alternative == OPLIST_3A);
    enum err result;

    ck_assert_int_eq(oplist_draft_new(parcel->purpose, parcel->alternative, &d), ERR_OK);
    for (unsigned i = 0; i < parcel->rows; i++) {
        struct oplist_row row = row_of(i, parcel->plmn);

        if (keys)
            give_keys(&row);
        ck_assert_int_eq(oplist_draft_add(d, &row), ERR_OK);
    }
    unlink(parcel->path);
    result = oplist_send(p, d, &e, parcel->path, NULL);
    oplist_draft_free(&d);
    return result;
}

static const struct parcel IMSIS = {OPLIST_IMSI_LIST, OPLIST_3B, "A", "00102", "l", 2, -10, DAY};

static enum oplist_verdict judge_bytes(struct oplist_party *p, struct rd file,
                                       enum oplist_purpose purpose)
{
    struct oplist *list = NULL;
    struct oplist_expect expect = {purpose, NOW, false};
    enum oplist_verdict v = oplist_judge(p, file, &expect, &list).verdict;

    ck_assert((list != NULL) == (v == OPLIST_ACCEPTED || v == OPLIST_REPLAYED));
    oplist_free(&list);
    return v;
}

static enum oplist_verdict judge_at(struct oplist_party *p, const char *path,
                                    enum oplist_purpose purpose, int64_t now)
{
    struct oplist *list = NULL;
    struct oplist_expect expect = {purpose, now, false};
    enum oplist_verdict v = oplist_judge_file(p, path, &expect, &list).verdict;

    oplist_free(&list);
    return v;
}

static enum oplist_verdict judge(struct oplist_party *p, const char *path)
{
    return judge_at(p, path, OPLIST_IMSI_LIST, NOW);
}

static void accept(struct oplist_party *p, const char *path)
{
    struct oplist *list = NULL;
    struct oplist_expect expect = {OPLIST_IMSI_LIST, NOW, false};

    ck_assert_int_eq(oplist_judge_file(p, path, &expect, &list).verdict, OPLIST_ACCEPTED);
    ck_assert_int_eq(oplist_accept(p, list), ERR_OK);
    oplist_free(&list);
}

struct bytes {
    uint8_t *at;
    size_t len;
};

static struct bytes read_file(const char *path)
{
    struct bytes b = {NULL, 0};

    ck_assert_int_eq(disk_read(path, OPLIST_BYTES_MAX, &b.at, &b.len), ERR_OK);
    return b;
}

/* Text as it stands, signed by from and encrypted to to: what a malicious sender could send. */
static enum oplist_verdict judge_text(struct oplist_party *from, struct oplist_party *to,
                                      const char *text, enum oplist_purpose purpose)
{
    struct oplist_cms_bytes inner = {NULL, 0}, outer = {NULL, 0};
    enum oplist_verdict v;

    ck_assert_int_eq(
        oplist_cms_sign(from->cert, from->key, RD((const uint8_t *)text, strlen(text)), &inner),
        ERR_OK);
    ck_assert_int_eq(oplist_cms_encrypt(to->cert, RD(inner.at, inner.len), &outer), ERR_OK);
    v = judge_bytes(to, RD(outer.at, outer.len), purpose);
    oplist_cms_release(&inner);
    oplist_cms_release(&outer);
    return v;
}

/* --- the good case --------------------------------------------------------------------------- */

START_TEST(oplist_judge_gives_the_rows_that_were_sent)
{
    struct world w = open_world();
    struct oplist *list = NULL;
    struct oplist_expect expect = {OPLIST_IMSI_LIST, NOW, false};
    struct oplist_row row;
    struct stat st;
    size_t at = 0;

    ck_assert_int_eq(send_parcel(w.b, &IMSIS), ERR_OK);
    ck_assert_int_eq(stat("l", &st), 0);
    ck_assert_uint_eq(st.st_mode & 0777, 0600);
    ck_assert_int_eq(oplist_judge_file(w.a, "l", &expect, &list).verdict, OPLIST_ACCEPTED);
    ck_assert_uint_eq(oplist_header(list)->number, 1);
    ck_assert_str_eq(oplist_header(list)->sender, "B");
    ck_assert_str_eq(oplist_header(list)->spn, "Operator B");
    for (unsigned i = 0; i < 2; i++) {
        struct oplist_row want = row_of(i, "00102");

        ck_assert_int_eq(oplist_next(list, &at, &row), ERR_OK);
        ck_assert_str_eq(row.iccid, want.iccid);
        ck_assert_str_eq(row.imsi, want.imsi);
        ck_assert_str_eq(row.msisdn, want.msisdn);
    }
    ck_assert_int_eq(oplist_next(list, &at, &row), ERR_NOT_FOUND);
    oplist_free(&list);
    close_world(&w);
}
END_TEST

START_TEST(oplist_keys_arrive_and_stand_nowhere_in_the_file)
{
    struct world w = open_world();
    struct parcel p = {OPLIST_KEY_ISSUE, OPLIST_3B, "B", "00102", "k", 3, -10, DAY};
    struct oplist *list = NULL;
    struct oplist_expect expect = {OPLIST_KEY_ISSUE, NOW, false};
    struct oplist_row row, want = row_of(0, "00102");
    struct bytes file;
    size_t at = 0;

    give_keys(&want);
    ck_assert_int_eq(send_parcel(w.m, &p), ERR_OK);
    ck_assert_int_eq(oplist_judge_file(w.b, "k", &expect, &list).verdict, OPLIST_ACCEPTED);
    ck_assert_int_eq(oplist_next(list, &at, &row), ERR_OK);
    ck_assert(row.has_keys);
    ck_assert_uint_eq(row.keys.index, 2);
    ck_assert_str_eq(row.keys.iccid, want.iccid);
    ck_assert(secret_equal(&row.keys.aka.k, &want.keys.aka.k));
    ck_assert(secret_equal(&row.keys.ota.kid.key, &want.keys.ota.kid.key));
    file = read_file("k");
    ck_assert_ptr_null(memmem(file.at, file.len, "0102000000", 10));
    ck_assert_ptr_null(memmem(file.at, file.len, want.keys.aka.k.bytes, 16));
    disk_free(&file.at, file.len);
    oplist_free(&list);
    close_world(&w);
}
END_TEST

START_TEST(oplist_files_are_read_by_the_openssl_command)
{
    struct world w = open_world();

    ck_assert_int_eq(send_parcel(w.b, &IMSIS), ERR_OK);
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
    close_world(&w);
}
END_TEST

/* --- sec_K5: altered ------------------------------------------------------------------------- */

START_TEST(sec_K5_every_flipped_bit_of_a_list_is_refused)
{
    struct world w = open_world();
    struct bytes f;

    ck_assert_int_eq(send_parcel(w.b, &IMSIS), ERR_OK);
    f = read_file("l");
    for (size_t bit = 0; bit < 8 * f.len; bit++) {
        enum oplist_verdict v;

        f.at[bit / 8] ^= (uint8_t)(1 << bit % 8);
        v = judge_bytes(w.a, RD(f.at, f.len), OPLIST_IMSI_LIST);
        ck_assert_msg(v == OPLIST_ALTERED || v == OPLIST_NOT_FOR_US, "bit %zu: %s", bit,
                      oplist_verdict_text(v));
        f.at[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    ck_assert_int_eq(judge_bytes(w.a, RD(f.at, f.len), OPLIST_IMSI_LIST), OPLIST_ACCEPTED);
    disk_free(&f.at, f.len);
    close_world(&w);
}
END_TEST

/* Whoever has A's certificate can encrypt to A: the signed data must stand for itself. */
START_TEST(sec_K5_every_flipped_bit_inside_the_envelope_is_refused)
{
    struct world w = open_world();
    struct oplist_cms_bytes inner = {NULL, 0}, outer = {NULL, 0};
    struct bytes f;

    ck_assert_int_eq(send_parcel(w.b, &IMSIS), ERR_OK);
    f = read_file("l");
    ck_assert_int_eq(oplist_cms_decrypt(w.a->cert, w.a->key, RD(f.at, f.len), &inner),
                     OPLIST_ACCEPTED);
    for (size_t bit = 0; bit < 8 * inner.len; bit++) {
        enum oplist_verdict v;

        inner.at[bit / 8] ^= (uint8_t)(1 << bit % 8);
        ck_assert_int_eq(oplist_cms_encrypt(w.a->cert, RD(inner.at, inner.len), &outer), ERR_OK);
        v = judge_bytes(w.a, RD(outer.at, outer.len), OPLIST_IMSI_LIST);
        ck_assert_msg(v == OPLIST_ALTERED || v == OPLIST_STRANGER || v == OPLIST_BAD_SIGNATURE,
                      "bit %zu: %s", bit, oplist_verdict_text(v));
        oplist_cms_release(&outer);
        inner.at[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    oplist_cms_release(&inner);
    disk_free(&f.at, f.len);
    close_world(&w);
}
END_TEST

START_TEST(sec_K5_sampled_bits_of_a_list_of_1000_rows_are_refused)
{
    struct world w = open_world();
    struct parcel large = IMSIS;
    unsigned seed = 1;
    struct bytes f;

    large.rows = LARGE;
    ck_assert_int_eq(send_parcel(w.b, &large), ERR_OK);
    f = read_file("l");
    ck_assert_int_eq(judge_bytes(w.a, RD(f.at, f.len), OPLIST_IMSI_LIST), OPLIST_ACCEPTED);
    for (unsigned i = 0; i < FLIPS; i++) {
        size_t bit = (size_t)rand_r(&seed) % (8 * f.len);

        f.at[bit / 8] ^= (uint8_t)(1 << bit % 8);
        ck_assert_int_ne(judge_bytes(w.a, RD(f.at, f.len), OPLIST_IMSI_LIST), OPLIST_ACCEPTED);
        f.at[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    disk_free(&f.at, f.len);
    close_world(&w);
}
END_TEST

START_TEST(sec_K5_every_truncation_and_a_longer_file_are_refused)
{
    struct world w = open_world();
    struct bytes f;
    uint8_t *longer;

    ck_assert_int_eq(send_parcel(w.b, &IMSIS), ERR_OK);
    f = read_file("l");
    for (size_t n = 0; n < f.len; n++)
        ck_assert_int_eq(judge_bytes(w.a, RD(f.at, n), OPLIST_IMSI_LIST), OPLIST_ALTERED);
    longer = calloc(1, f.len + 1);
    memcpy(longer, f.at, f.len);
    ck_assert_int_eq(judge_bytes(w.a, RD(longer, f.len + 1), OPLIST_IMSI_LIST), OPLIST_ALTERED);
    free(longer);
    disk_free(&f.at, f.len);
    close_world(&w);
}
END_TEST

/* --- sec_K5: somebody else ------------------------------------------------------------------- */

START_TEST(sec_K5_a_stranger_is_refused)
{
    struct world w = open_world();
    struct parcel p = IMSIS;

    p.plmn = "00103";
    ck_assert_int_eq(send_parcel(w.c, &p), ERR_OK);
    ck_assert_int_eq(judge(w.a, "l"), OPLIST_STRANGER);
    trust(w.a, "c/party.crt");
    ck_assert_int_eq(judge(w.a, "l"), OPLIST_ACCEPTED);
    ck_assert_int_eq(oplist_party_distrust(w.a, "C"), ERR_OK);
    ck_assert_int_eq(judge(w.a, "l"), OPLIST_STRANGER);
    close_world(&w);
}
END_TEST

/* A certificate with B's issuer and serial number over C's key. */
START_TEST(sec_K5_a_forged_certificate_does_not_help)
{
    struct world w = open_world();
    X509 *forged = X509_dup(w.b->cert), *genuine = w.c->cert;

    ck_assert_int_eq(X509_set_pubkey(forged, w.c->key), 1);
    ck_assert_int_gt(X509_sign(forged, w.c->key, EVP_sha256()), 0);
    w.c->cert = forged;
    TEXT_COPY(w.c->self.name, "B");
    ck_assert_int_eq(send_parcel(w.c, &IMSIS), ERR_OK);
    ck_assert_int_eq(judge(w.a, "l"), OPLIST_BAD_SIGNATURE);
    w.c->cert = genuine;
    X509_free(forged);
    close_world(&w);
}
END_TEST

START_TEST(sec_K5_a_peer_cannot_speak_for_another)
{
    struct world w = open_world();

    trust(w.a, "c/party.crt");
    TEXT_COPY(w.c->self.name, "B");
    ck_assert_int_eq(send_parcel(w.c, &IMSIS), ERR_OK);
    ck_assert_int_eq(judge(w.a, "l"), OPLIST_WRONG_SIGNER);
    close_world(&w);
}
END_TEST

START_TEST(oplist_judge_refuses_a_list_for_somebody_else)
{
    struct world w = open_world();
    struct parcel p = IMSIS;
    struct oplist_cms_bytes inner = {NULL, 0}, outer = {NULL, 0};
    struct bytes f;

    p.to = "M";
    ck_assert_int_eq(send_parcel(w.b, &p), ERR_OK);
    ck_assert_int_eq(judge(w.a, "l"), OPLIST_NOT_FOR_US);
    /* M passes it on. */
    f = read_file("l");
    ck_assert_int_eq(oplist_cms_decrypt(w.m->cert, w.m->key, RD(f.at, f.len), &inner),
                     OPLIST_ACCEPTED);
    ck_assert_int_eq(oplist_cms_encrypt(w.a->cert, RD(inner.at, inner.len), &outer), ERR_OK);
    ck_assert_int_eq(judge_bytes(w.a, RD(outer.at, outer.len), OPLIST_IMSI_LIST),
                     OPLIST_WRONG_RECEIVER);
    oplist_cms_release(&inner);
    oplist_cms_release(&outer);
    disk_free(&f.at, f.len);
    close_world(&w);
}
END_TEST

/* --- validity -------------------------------------------------------------------------------- */

START_TEST(oplist_judge_refuses_before_and_after_the_validity)
{
    struct world w = open_world();
    int64_t now = NOW;

    ck_assert_int_eq(send_parcel(w.b, &IMSIS), ERR_OK);
    ck_assert_int_eq(judge_at(w.a, "l", OPLIST_IMSI_LIST, now), OPLIST_ACCEPTED);
    ck_assert_int_eq(judge_at(w.a, "l", OPLIST_IMSI_LIST, now + DAY + 5), OPLIST_EXPIRED);
    ck_assert_int_eq(judge_at(w.a, "l", OPLIST_IMSI_LIST, now + 40 * DAY), OPLIST_CERTIFICATE);
    ck_assert_int_eq(judge_at(w.a, "l", OPLIST_IMSI_LIST, now - DAY), OPLIST_CERTIFICATE);
    ck_assert_int_eq(send_parcel(w.b, &(struct parcel){OPLIST_IMSI_LIST, OPLIST_3B, "A", "00102",
                                                       "later", 1, DAY, 2 * DAY}),
                     ERR_OK);
    ck_assert_int_eq(judge(w.a, "later"), OPLIST_NOT_YET_VALID);
    ck_assert_int_eq(send_parcel(w.b, &(struct parcel){OPLIST_IMSI_LIST, OPLIST_3B, "A", "00102",
                                                       "never", 1, DAY, DAY}),
                     ERR_EXPIRED);
    close_world(&w);
}
END_TEST

/* --- sec_K6 ---------------------------------------------------------------------------------- */

static void send_numbered(struct oplist_party *p, const char *path)
{
    struct parcel parcel = IMSIS;

    parcel.rows = (unsigned)strlen(path); /* so that no two are alike */
    parcel.path = path;
    ck_assert_int_eq(send_parcel(p, &parcel), ERR_OK);
}

START_TEST(sec_K6_a_replayed_list_is_refused)
{
    struct world w = open_world();

    send_numbered(w.b, "1");
    accept(w.a, "1");
    ck_assert_int_eq(judge(w.a, "1"), OPLIST_REPLAYED);
    oplist_party_close(&w.a);
    ck_assert_int_eq(oplist_party_open("a", &w.a), ERR_OK);
    ck_assert_int_eq(judge(w.a, "1"), OPLIST_REPLAYED);
    send_numbered(w.b, "2");
    accept(w.a, "2");
    ck_assert_int_eq(judge(w.a, "1"), OPLIST_REPLAYED);
    ck_assert_int_eq(judge(w.a, "2"), OPLIST_REPLAYED);
    close_world(&w);
}
END_TEST

START_TEST(sec_K6_a_list_that_was_never_accepted_cannot_come_after_a_later_one)
{
    struct world w = open_world();
    struct oplist *list = NULL;
    struct oplist_expect expect = {OPLIST_IMSI_LIST, NOW, true};

    send_numbered(w.b, "1");
    send_numbered(w.b, "2");
    ck_assert_int_eq(judge(w.a, "2"), OPLIST_GAP);
    ck_assert_int_eq(oplist_judge_file(w.a, "2", &expect, &list).verdict, OPLIST_ACCEPTED);
    ck_assert_int_eq(oplist_accept(w.a, list), ERR_OK);
    ck_assert_int_eq(oplist_accept(w.a, list), ERR_REPLAYED);
    oplist_free(&list);
    ck_assert_int_eq(judge(w.a, "1"), OPLIST_ROLLED_BACK);
    close_world(&w);
}
END_TEST

/* B restores an old backup, or two B's send: the chain shows it. */
START_TEST(sec_K6_a_forked_sequence_is_refused)
{
    struct world w = open_world();

    ck_assert_int_eq(scratch_run("cp -r b b2"), 0);
    send_numbered(w.b, "1");
    accept(w.a, "1");
    send_numbered(w.b, "2");
    oplist_party_close(&w.b);
    ck_assert_int_eq(oplist_party_open("b2", &w.b), ERR_OK);
    send_numbered(w.b, "other1");
    send_numbered(w.b, "other2");
    ck_assert_int_eq(judge(w.a, "other1"), OPLIST_ROLLED_BACK);
    ck_assert_int_eq(judge(w.a, "other2"), OPLIST_FORKED);
    ck_assert_int_eq(judge(w.a, "2"), OPLIST_ACCEPTED);
    close_world(&w);
}
END_TEST

START_TEST(oplist_send_never_overwrites_a_list)
{
    struct world w = open_world();
    struct oplist_draft *d = NULL;
    struct oplist_envelope e = {.receiver = "A", .not_before = NOW, .not_after = NOW + DAY};
    struct oplist_row row = row_of(1, "00102");

    send_numbered(w.b, "1");
    ck_assert_int_eq(oplist_draft_new(OPLIST_IMSI_LIST, OPLIST_3B, &d), ERR_OK);
    ck_assert_int_eq(oplist_draft_add(d, &row), ERR_OK);
    ck_assert_int_eq(oplist_send(w.b, d, &e, "1", NULL), ERR_EXISTS);
    oplist_draft_free(&d);
    accept(w.a, "1");
    send_numbered(w.b, "2"); /* no number was used up */
    ck_assert_int_eq(judge(w.a, "2"), OPLIST_ACCEPTED);
    close_world(&w);
}
END_TEST

START_TEST(oplist_party_open_puts_a_staged_list_into_place)
{
    struct world w = open_world();

    send_numbered(w.b, "1");
    oplist_party_close(&w.b);
    ck_assert_int_eq(rename("1", "1.staged"), 0);
    ck_assert_int_eq(scratch_run("sqlite3 b/party.db 'UPDATE sent SET done = 0'"), 0);
    ck_assert_int_eq(oplist_party_open("b", &w.b), ERR_OK);
    ck_assert_int_eq(access("1", F_OK), 0);
    ck_assert_int_eq(judge(w.a, "1"), OPLIST_ACCEPTED);
    close_world(&w);
}
END_TEST

/* --- sec_K7: who may decide what -----------------------------------------------------------------
 */

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
    struct world w = open_world();
    struct oplist_party *parties[] = {w.a, w.b, w.m};
    const char *const plmns[] = {"00101", "00102", "00103"};
    unsigned good = 0, bad = 0;

    for (unsigned i = 0; i < 3 * 3 * 3 * OPLIST_PURPOSES; i++) {
        struct oplist_party *from = parties[i % 3], *to = parties[i / 3 % 3];
        enum oplist_purpose purpose = (enum oplist_purpose)(i / 27);
        struct parcel p = {purpose, OPLIST_3B, to->self.name, plmns[i / 9 % 3], "l", 2, -10, DAY};
        struct oplist *list = NULL;
        struct oplist_expect expect = {purpose, NOW, true};
        bool want = allowed(purpose, from->self.name[0], to->self.name[0], p.plmn);
        enum oplist_verdict v;

        if (from == to)
            continue;
        ck_assert_int_eq(send_parcel(from, &p), ERR_OK);
        v = oplist_judge_file(to, "l", &expect, &list).verdict;
        ck_assert_msg((v == OPLIST_ACCEPTED) == want, "%s from %s to %s of %s: %s",
                      oplist_purpose_text(purpose), from->self.name, p.to, p.plmn,
                      oplist_verdict_text(v));
        want ? good++ : bad++;
        oplist_free(&list);
    }
    ck_assert_uint_eq(good, 2 + 2 + 2 * 3 + 2 * 3 + 4);
    ck_assert_uint_eq(bad, 6 * 3 * 5 - good);
    close_world(&w);
}
END_TEST

START_TEST(oplist_judge_refuses_a_list_for_another_purpose)
{
    struct world w = open_world();

    ck_assert_int_eq(send_parcel(w.b, &IMSIS), ERR_OK);
    for (int purpose = OPLIST_HAND_OVER; purpose < OPLIST_PURPOSES; purpose++)
        ck_assert_int_eq(judge_at(w.a, "l", (enum oplist_purpose)purpose, NOW),
                         OPLIST_WRONG_PURPOSE);
    close_world(&w);
}
END_TEST

START_TEST(sec_K7_a_network_has_one_owner)
{
    struct world w = open_world();
    struct oplist_identity twin = {.role = OPLIST_OPERATOR}, other = {.name = "Z"};

    init("x", "X", OPLIST_OPERATOR, "00102");
    init("y", "Y", OPLIST_OPERATOR, "001021");
    init("b3", "B", OPLIST_OPERATOR, "00104");
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
    close_world(&w);
}
END_TEST

/* --- what a signed text may be -------------------------------------------------------------------
 */

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
    struct world w = open_world();
    char text[2048];

    for (size_t i = 0; i < ARRAY_LEN(edits); i++) {
        enum oplist_verdict v;

        edit(edits[i].old, edits[i].new, text);
        v = judge_text(w.b, w.a, text, OPLIST_IMSI_LIST);
        ck_assert_msg(v == edits[i].want, "%s -> %s: %s", edits[i].old, edits[i].new,
                      oplist_verdict_text(v));
    }
    close_world(&w);
}
END_TEST

START_TEST(oplist_judge_survives_every_truncation_of_a_signed_text)
{
    struct world w = open_world();
    char text[2048];

    for (size_t n = 1; n < strlen(good_text); n++) {
        snprintf(text, sizeof text, "%.*s", (int)n, good_text);
        ck_assert_int_ne(judge_text(w.b, w.a, text, OPLIST_IMSI_LIST), OPLIST_ACCEPTED);
    }
    close_world(&w);
}
END_TEST

START_TEST(sec_K7_hand_over_of_3b_carries_no_keys_and_of_3a_must)
{
    struct world w = open_world();
    struct oplist_draft *d = NULL;
    struct oplist_row row = row_of(1, "00102");
    char text[2048];

    ck_assert_int_eq(oplist_draft_new(OPLIST_HAND_OVER, OPLIST_3A, &d), ERR_OK);
    ck_assert_int_eq(oplist_draft_add(d, &row), ERR_FORMAT);
    oplist_draft_free(&d);
    give_keys(&row);
    ck_assert_int_eq(oplist_draft_new(OPLIST_HAND_OVER, OPLIST_3B, &d), ERR_OK);
    ck_assert_int_eq(oplist_draft_add(d, &row), ERR_FORMAT);
    oplist_draft_free(&d);
    snprintf(text, sizeof text,
             "reseat-list: 1\npurpose: hand-over\nalternative: 3a\nnumber: 1\nsender: A\n"
             "receiver: B\nnot-before: 2020-01-01T00:00:00Z\nnot-after: 2099-01-01T00:00:00Z\n"
             "previous: none\nanswers: none\nspn: \nservice-centre: \nrows: 1\n"
             "columns: iccid,imsi,msisdn,index,sqn,counter,keys\n\n%s,%s,,2,,,\n",
             row.iccid, row.imsi);
    ck_assert_int_eq(judge_text(w.a, w.b, text, OPLIST_HAND_OVER), OPLIST_BAD_KEYS);
    close_world(&w);
}
END_TEST

START_TEST(oplist_draft_add_refuses_bad_rows_and_keeps_the_good)
{
    struct oplist_draft *d = NULL;
    struct oplist_row row = row_of(1, "00102"), bad = row;

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
    init("a", "A", OPLIST_OPERATOR, "00101,310410");
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
    init("a", "A", OPLIST_OPERATOR, "00101");
    ck_assert_int_eq(scratch_run("cp a/party.key key; rm a/party.crt a/party.db*"), 0);
    ck_assert_int_eq(oplist_party_open("a", &p), ERR_NOT_FOUND);
    init("a", "A", OPLIST_OPERATOR, "00101");
    ck_assert_int_eq(scratch_run("cmp -s a/party.key key"), 0);
    ck_assert_int_eq(oplist_party_open("a", &p), ERR_OK);
    oplist_party_close(&p);
}
END_TEST

START_TEST(oplist_party_assigns_each_imsi_once_and_only_forward)
{
    struct world w = open_world();
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
    close_world(&w);
}
END_TEST

Suite *suite_under_test(void)
{
    Suite *s = suite_create("oplist");
    TCase *good = tcase_create("TR 33.812 lists");
    TCase *k5 = tcase_create("security K5");
    TCase *k6 = tcase_create("security K6");
    TCase *k7 = tcase_create("security K7");
    TCase *party = tcase_create("party");

    tcase_set_timeout(good, 60);
    tcase_set_timeout(k5, 120);
    tcase_set_timeout(k6, 60);
    tcase_set_timeout(k7, 60);
    tcase_set_timeout(party, 60);
    tcase_add_test(good, oplist_judge_gives_the_rows_that_were_sent);
    tcase_add_test(good, oplist_keys_arrive_and_stand_nowhere_in_the_file);
    tcase_add_test(good, oplist_files_are_read_by_the_openssl_command);
    tcase_add_test(good, oplist_judge_refuses_before_and_after_the_validity);
    tcase_add_test(good, oplist_judge_refuses_a_list_for_somebody_else);
    tcase_add_test(good, oplist_judge_refuses_a_list_for_another_purpose);
    tcase_add_test(good, oplist_judge_tells_what_is_wrong_with_a_signed_text);
    tcase_add_test(good, oplist_judge_survives_every_truncation_of_a_signed_text);
    tcase_add_test(good, oplist_draft_add_refuses_bad_rows_and_keeps_the_good);
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
    tcase_add_test(k7, sec_K7_hand_over_of_3b_carries_no_keys_and_of_3a_must);
    tcase_add_test(party, oplist_party_keeps_its_key_to_itself);
    tcase_add_test(party, oplist_party_init_finishes_what_a_crash_left);
    tcase_add_test(party, oplist_party_assigns_each_imsi_once_and_only_forward);
    suite_add_tcase(s, good);
    suite_add_tcase(s, k5);
    suite_add_tcase(s, k6);
    suite_add_tcase(s, k7);
    suite_add_tcase(s, party);
    return s;
}
