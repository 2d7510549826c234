#include "test/support/ota/parties.h"
#include "ota/core/disk.h"
#include "ota/core/text.h"
#include "ota/oplist/cms.h"
#include "ota/oplist/inside.h"
#include "test/support/ota/scratch.h"
#include "test/support/runner.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

void parties_init(const char *dir, const char *name, enum oplist_role role, const char *plmns)
{
    struct oplist_identity id = {.role = role};

    TEXT_COPY(id.name, name);
    ck_assert_int_eq(oplist_plmns_parse(plmns, &id), ERR_OK);
    ck_assert_int_eq(oplist_party_init(dir, &id, 30), ERR_OK);
}

void parties_trust(struct oplist_party *p, const char *cert)
{
    ck_assert_int_eq(oplist_party_trust(p, cert, NULL, NULL), ERR_OK);
}

struct parties parties_open(void)
{
    struct parties w = {NULL, NULL, NULL, NULL};

    scratch_enter();
    parties_init("a", "A", OPLIST_OPERATOR, "00101");
    parties_init("b", "B", OPLIST_OPERATOR, "00102");
    parties_init("m", "M", OPLIST_MANUFACTURER, "");
    parties_init("c", "C", OPLIST_OPERATOR, "00103");
    ck_assert_int_eq(oplist_party_open("a", &w.a), ERR_OK);
    ck_assert_int_eq(oplist_party_open("b", &w.b), ERR_OK);
    ck_assert_int_eq(oplist_party_open("m", &w.m), ERR_OK);
    ck_assert_int_eq(oplist_party_open("c", &w.c), ERR_OK);
    parties_trust(w.a, "b/party.crt"), parties_trust(w.a, "m/party.crt");
    parties_trust(w.b, "a/party.crt"), parties_trust(w.b, "m/party.crt");
    parties_trust(w.m, "a/party.crt"), parties_trust(w.m, "b/party.crt");
    parties_trust(w.c, "a/party.crt"), parties_trust(w.c, "b/party.crt"),
        parties_trust(w.c, "m/party.crt");
    return w;
}

void parties_close(struct parties *w)
{
    oplist_party_close(&w->a);
    oplist_party_close(&w->b);
    oplist_party_close(&w->m);
    oplist_party_close(&w->c);
}

struct oplist_row parties_row(unsigned i, const char *plmn)
{
    struct oplist_row row = {.index = 2};

    snprintf(row.iccid, sizeof row.iccid, "89882110000%08u", i % 100000000U);
    snprintf(row.imsi, sizeof row.imsi, "%s%010u", plmn, i);
    snprintf(row.msisdn, sizeof row.msisdn, "1%09u", i % 1000000000U);
    return row;
}

void parties_give_keys(struct oplist_row *row)
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

enum err parties_send(struct oplist_party *p, const struct parties_list *parcel)
{
    struct oplist_draft *d = NULL;
    struct oplist_envelope e = {.receiver = parcel->to,
                                .not_before = time(NULL) + parcel->from_s,
                                .not_after = time(NULL) + parcel->to_s,
                                .spn = "Operator B"};
    bool keys = parcel->purpose == OPLIST_KEY_ISSUE ||
                (parcel->purpose == OPLIST_HAND_OVER && parcel->alternative == OPLIST_3A);
    enum err result;

    ck_assert_int_eq(oplist_draft_new(parcel->purpose, parcel->alternative, &d), ERR_OK);
    for (unsigned i = 0; i < parcel->rows; i++) {
        struct oplist_row row = parties_row(i, parcel->plmn);

        if (keys)
            parties_give_keys(&row);
        ck_assert_int_eq(oplist_draft_add(d, &row), ERR_OK);
    }
    unlink(parcel->path);
    result = oplist_send(p, d, &e, parcel->path, NULL);
    oplist_draft_free(&d);
    return result;
}

const struct parties_list parties_imsis = {OPLIST_IMSI_LIST, OPLIST_3B, "A", "00102", "l", 2, -10,
                                           PARTIES_DAY};

enum oplist_verdict parties_judge_bytes(struct oplist_party *p, struct rd file,
                                        enum oplist_purpose purpose)
{
    struct oplist *list = NULL;
    struct oplist_expect expect = {purpose, time(NULL), false};
    enum oplist_verdict v = oplist_judge(p, file, &expect, &list).verdict;

    ck_assert((list != NULL) == (v == OPLIST_ACCEPTED || v == OPLIST_REPLAYED));
    oplist_free(&list);
    return v;
}

enum oplist_verdict parties_judge_at(struct oplist_party *p, const char *path,
                                     enum oplist_purpose purpose, int64_t now)
{
    struct oplist *list = NULL;
    struct oplist_expect expect = {purpose, now, false};
    enum oplist_verdict v = oplist_judge_file(p, path, &expect, &list).verdict;

    oplist_free(&list);
    return v;
}

enum oplist_verdict parties_judge(struct oplist_party *p, const char *path)
{
    return parties_judge_at(p, path, OPLIST_IMSI_LIST, time(NULL));
}

void parties_accept(struct oplist_party *p, const char *path)
{
    struct oplist *list = NULL;
    struct oplist_expect expect = {OPLIST_IMSI_LIST, time(NULL), false};

    ck_assert_int_eq(oplist_judge_file(p, path, &expect, &list).verdict, OPLIST_ACCEPTED);
    ck_assert_int_eq(oplist_accept(p, list), ERR_OK);
    oplist_free(&list);
}

struct parties_file parties_read(const char *path)
{
    struct parties_file b = {NULL, 0};

    ck_assert_int_eq(disk_read(path, OPLIST_BYTES_MAX, &b.at, &b.len), ERR_OK);
    return b;
}

enum oplist_verdict parties_judge_text(struct oplist_party *from, struct oplist_party *to,
                                       const char *text, enum oplist_purpose purpose)
{
    struct oplist_cms_bytes inner = {NULL, 0}, outer = {NULL, 0};
    enum oplist_verdict v;

    ck_assert_int_eq(
        oplist_cms_sign(from->cert, from->key, RD((const uint8_t *)text, strlen(text)), &inner),
        ERR_OK);
    ck_assert_int_eq(oplist_cms_encrypt(to->cert, RD(inner.at, inner.len), &outer), ERR_OK);
    v = parties_judge_bytes(to, RD(outer.at, outer.len), purpose);
    oplist_cms_release(&inner);
    oplist_cms_release(&outer);
    return v;
}
