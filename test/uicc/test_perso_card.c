/* The built-in profile on a whole card: every file of it is found by its path, says in its FCP
 * what the profile says, and reads back what the profile or personalisation put there. */
#include "apdu/hex.h"
#include "apdu/tlv.h"
#include "test/support/runner.h"
#include "test/support/uicc/card.h"

#include <stdio.h>
#include <string.h>

#define BLOCK 128

static struct test_card *t;

static void setup(void)
{
    t = card_new();
    card_verify(t, "ADM1");
}

static void teardown(void)
{
    card_free(&t);
}

/* FIDs from below the MF, or "" for the MF itself. */
static void path_of(const struct profile *p, uint16_t node, char *out, size_t cap)
{
    char tail[32] = "", longer[40];

    for (; node != NODE_MF; node = p->files[node].parent) {
        (void)snprintf(longer, sizeof longer, "%04X%s", p->files[node].fid, tail);
        (void)snprintf(tail, sizeof tail, "%.31s", longer);
    }
    (void)snprintf(out, cap, "%s", tail);
}

/* Answer of the last command as bytes, without its status word; fails unless that is 9000. */
static struct rd answered(uint8_t *bytes, size_t cap)
{
    struct wr w = WR(bytes, cap);
    size_t n = strlen(t->answer);

    ck_assert_msg(n >= 4 && strcmp(t->answer + n - 4, "9000") == 0, "%s", t->answer);
    t->answer[n - 4] = '\0';
    ck_assert_int_eq(hex_decode(t->answer, &w), ERR_OK);
    return RD_WR(&w);
}

static void select_application(const struct fs_file *adf)
{
    char apdu[80], aid[33];

    ck_assert_int_eq(hex_encode(RD(adf->aid, adf->aid_len), aid, sizeof aid), ERR_OK);
    (void)snprintf(apdu, sizeof apdu, "00A40404%02X%s", adf->aid_len, aid);
    (void)card_run(t, apdu);
}

/* Files of an application are seen while it is the current one. */
static struct rd select_node(const struct profile *p, uint16_t node, uint8_t *bytes, size_t cap)
{
    char path[32], apdu[80] = "00A40004023F00";
    uint16_t top = node;

    while (p->files[top].parent != NODE_MF)
        top = p->files[top].parent;
    path_of(p, node, path, sizeof path);
    if (p->files[top].kind == FS_ADF)
        select_application(&p->files[top]);
    if (node != NODE_MF && p->files[node].kind != FS_ADF)
        (void)snprintf(apdu, sizeof apdu, "00A40804%02zX%s", strlen(path) / 2, path);
    if (p->files[node].kind != FS_ADF)
        (void)card_run(t, apdu);
    return answered(bytes, cap);
}

static void check_fcp(const struct fs_file *f, struct rd answer)
{
    struct rd fcp, v;

    ck_assert_int_eq(tlv_find(answer, 0x62, &fcp), ERR_OK);
    ck_assert_int_eq(tlv_find(fcp, 0x8B, &v), ERR_OK);
    ck_assert_uint_eq(v.left, 3);
    ck_assert_uint_eq((unsigned)v.at[0] << 8 | v.at[1], f->arr_fid);
    ck_assert_uint_eq(v.at[2], f->arr_record);
    if (f->kind <= FS_ADF)
        return;
    ck_assert_int_eq(tlv_find(fcp, 0x83, &v), ERR_OK);
    ck_assert_uint_eq((unsigned)v.at[0] << 8 | v.at[1], f->fid);
    ck_assert_int_eq(tlv_find(fcp, 0x82, &v), ERR_OK);
    ck_assert_uint_eq(v.left, f->record_count > 0 ? 5 : 2);
    if (f->record_count > 0) {
        ck_assert_uint_eq((unsigned)v.at[2] << 8 | v.at[3], f->record_len);
        ck_assert_uint_eq(v.at[4], f->record_count);
    }
}

/* The body as a terminal reads it: in blocks, or record by record. */
static void read_body(const struct fs_file *f, struct wr *body)
{
    uint8_t bytes[256];
    char apdu[16];

    for (uint32_t at = 0; f->kind == FS_TRANSPARENT && at < f->size; at += BLOCK) {
        uint32_t n = f->size - at < BLOCK ? f->size - at : BLOCK;

        (void)snprintf(apdu, sizeof apdu, "00B0%04X%02X", at, n);
        (void)card_run(t, apdu);
        wr_rd(body, answered(bytes, sizeof bytes));
    }
    for (unsigned i = 1; i <= f->record_count; i++) {
        (void)snprintf(apdu, sizeof apdu, "00B2%02X04%02X", i, f->record_len);
        (void)card_run(t, apdu);
        wr_rd(body, answered(bytes, sizeof bytes));
    }
}

/* What the profile says, for files that personalisation left alone. */
static bool is_personal(const struct profile *p, uint16_t node)
{
    static const uint16_t fids[] = {0x2FE2, 0x6F07, 0x6F78, 0x6FAD, 0x6F40, 0x6F42, 0x6F46, 0x6FD9,
                                    0x6F62,
                                    /* of the ISIM */
                                    0x6F02, 0x6F03, 0x6F04};

    for (size_t i = 0; i < ARRAY_LEN(fids); i++) {
        if (p->files[node].fid == fids[i])
            return true;
    }
    return false;
}

START_TEST(every_file_is_found_and_reads_as_the_profile_says)
{
    const struct profile *p = t->card->profile;

    ck_assert_uint_gt(p->file_count, 90);
    for (uint16_t node = 0; node < p->file_count; node++) {
        const struct fs_file *f = &p->files[node];
        const struct fs_file *shown = &p->files[f->shares != 0 ? f->shares : node];
        uint8_t answer[300], bytes[16384];
        struct wr body = WR_ARRAY(bytes);

        check_fcp(f, select_node(p, node, answer, sizeof answer));
        read_body(f, &body);
        ck_assert_int_eq(wr_result(&body), ERR_OK);
        if (f->kind <= FS_ADF || f->kind == FS_BER_TLV)
            continue;
        ck_assert_uint_eq(body.len, f->size);
        if (is_personal(p, node))
            continue;
        for (size_t i = 0; i < body.len; i++) {
            uint8_t want = i < shown->content_len ? shown->content[i] : 0xFF;

            ck_assert_msg(bytes[i] == want, "%04X, byte %zu: %02X", f->fid, i, bytes[i]);
        }
    }
}
END_TEST

/* One body, two names: what operator A's RFM writes to the USIM is read from DF.GSM, and back. */
START_TEST(mirrors_show_each_others_changes)
{
    card_expect(t, "00A4080C047FFF6F07", "6A82"); /* no application yet */
    card_expect(t, "00A4040C07A0000000871002", "9000");
    card_expect(t, "00A4080C047FFF6F07", "9000");
    card_expect(t, "00D6000009082926104365870921", "9000");
    card_expect(t, "00A4080C047F206F07", "9000");
    card_expect(t, "00B0000009", "082926104365870921 9000");
    card_expect(t, "00D6000009080910101032547698", "9000");
    card_expect(t, "00A4080C047FFF6F07", "9000");
    card_expect(t, "00B0000009", "080910101032547698 9000");
}
END_TEST

#define ALL_KEYS                                                                         \
    "pin 02 = 3 10\npin 03 = 3 10\npin 08 = 2 4\npin 0B = 5\npin 0C = 10\npin 0E = 10\n" \
    "pin 11 = 3 10\npin 82 = 3 10\npin 88 = 3 10\npin 8A = 10\npin 8E = 10\n"

static void give_key(uint8_t reference, const char *value, const char *unblock)
{
    struct perso_key *k = &t->perso.keys[t->perso.key_count++];
    struct wr v = WR_ARRAY(k->value), u = WR_ARRAY(k->unblock);

    k->reference = reference;
    ck_assert_int_eq(hex_decode(value, &v), ERR_OK);
    ck_assert_int_eq(hex_decode(unblock, &u), ERR_OK);
}

/* TS 102 221 9.5.1: the key references a card may have, each with its own value and tries. */
START_TEST(keys_of_the_profile_begin_with_their_values)
{
    static const struct card_step steps[] = {
        {"0020000200", "63C3"},
        {"0020000208" CARD_PIN1, "9000"}, /* as PIN1, nothing else being said */
        {"0020000800", "63C2"},
        {"0020000808" CARD_PIN1, "63C1"},
        {"0020000808 39393939FFFFFFFF", "9000"},
        {"002C000800", "63C4"},
        {"002C000810 3838383838383838 31313131FFFFFFFF", "9000"},
        {"0020000808 31313131FFFFFFFF", "9000"},
        {"0020000B00", "63C5"},
        {"0020000B08" CARD_ADM1, "63C4"},
        {"0020000B08 0102030405060708", "9000"},
        {"0020000C08" CARD_ADM1, "9000"}, /* as ADM1 */
        {"0020000D00", "6A88"},
        {"0020001108" CARD_PIN1, "9000"},
        {"0020000400", "6A88"},
        {"0020008208" CARD_PIN2, "9000"}, /* as PIN2 */
        {"0020008A08" CARD_ADM1, "9000"},
        {"0020008E08" CARD_ADM1, "9000"},
        {"0026910108" CARD_PIN1, "9000"}, /* PIN1 gives way to the universal PIN */
    };

    card_free(&t);
    t = card_defaults();
    t->profile = ALL_KEYS;
    t->perso.pin1_enabled = true;
    give_key(0x08, "39393939FFFFFFFF", "3838383838383838");
    give_key(0x0B, "0102030405060708", "FFFFFFFFFFFFFFFF");
    card_make(t);
    card_expect(t, "00A4040C07A0000000871002", "9000");
    CARD_STEPS(t, steps);
    ck_assert_ptr_nonnull(strstr(card_run(t, "80F2000000"),
                                 "C63190027FFC83010183018183010A83010283010383010883010B83010C"
                                 "83010E95010883011183018283018883018A83018E"));
}
END_TEST

Suite *suite_under_test(void)
{
    Suite *s = suite_create("uicc/perso on a card");
    TCase *c = tcase_create("TS 102 221 11.1.1");

    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, every_file_is_found_and_reads_as_the_profile_says);
    tcase_add_test(c, mirrors_show_each_others_changes);
    suite_add_tcase(s, c);
    c = tcase_create("TS 102 221 9.5.1");
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, keys_of_the_profile_begin_with_their_values);
    suite_add_tcase(s, c);
    return s;
}
