/* Tests of uicc/remote/ram.c. Goal: PUT KEY replaces the keys of the set in force and nothing else,
 * the old ones are gone from the medium, and nobody talks the card down to weaker ones. */
#include "apdu/gp.h"
#include "apdu/hex.h"
#include "test/support/hexrow.h"
#include "test/support/runner.h"
#include "test/support/uicc/air.h"
#include "uicc/core/card.h"
#include "uicc/remote/counter.h"

#include <string.h>

static struct air *o;
static uint8_t apdu[300];

static void setup(void)
{
    o = air_new(NULL, SECPKT_AES);
    air_terminal(o);
}

static void setup_3des(void)
{
    o = air_new("ota-algorithm = 3des\n", SECPKT_3DES2);
    air_terminal(o);
}

static void teardown(void)
{
    air_free(&o);
}

static struct gp_key new_key(uint8_t seed, uint8_t len)
{
    bool aes = o->made.pairs[0].kic.algorithm == SECPKT_AES;
    struct gp_key k = {.type = aes ? GP_KEY_AES : GP_KEY_DES};

    for (uint8_t i = 0; i < len; i++)
        k.key.bytes[i] = (uint8_t)(seed + i * 29);
    k.key.len = len;
    return k;
}

static struct rd put_key(uint8_t old_version, uint8_t new_version, const struct gp_key *keys,
                         size_t count)
{
    const struct secpkt_key *kik = &o->made.pairs[0].kik;
    struct gp_key dek = {kik->algorithm == SECPKT_AES ? GP_KEY_AES : GP_KEY_DES, kik->key};
    struct wr w = WR_ARRAY(apdu);

    ck_assert_int_eq(gp_write_put_key(o->crypto, old_version, new_version, keys, count, &dek, &w),
                     ERR_OK);
    return RD_WR(&w);
}

static struct secpkt_response run(uint64_t counter, struct rd script)
{
    struct air_packet p = air_packet(o, 1, AIR_RAM, counter, script);

    air_run(o, &p);
    return air_proof(o, &p);
}

static uint16_t sw_of(struct secpkt_response r)
{
    ck_assert_uint_ge(r.data.left, 3);
    return (uint16_t)(r.data.at[1] << 8 | r.data.at[2]);
}

START_TEST(ram_put_key_replaces_set_in_force)
{
    struct gp_key keys[3] = {new_key(1, 16), new_key(2, 16), new_key(3, 16)};
    struct perso_pair old = o->made.pairs[0];
    struct air_packet p;

    ck_assert_uint_eq(sw_of(run(7, put_key(1, 1, keys, 3))) >> 8, 0x61);
    p = air_packet(o, 1, AIR_RFM_UICC, 8, RD((const uint8_t *)"\x00\xA4\x00\x0C\x02\x3F\x00", 7));
    air_run(o, &p);
    ck_assert_uint_eq(o->answer[15], RSC_CC_FAILED); /* the old ones are dead */
    o->made.pairs[0].kic.key = keys[0].key;
    o->made.pairs[0].kid.key = keys[1].key;
    o->made.pairs[0].kik.key = keys[2].key;
    p.command.counter = 7; /* the counter went on */
    air_run(o, &p);
    ck_assert_uint_eq(air_proof(o, &p).rsc, RSC_CNTR_LOW);
    p.command.counter = 8;
    air_run(o, &p);
    ck_assert_uint_eq(air_proof(o, &p).rsc, RSC_OK);
    ck_assert(!nvm_sim_holds(&o->sim, RD_SECRET(&old.kic.key)));
    ck_assert(!nvm_sim_holds(&o->sim, RD_SECRET(&old.kid.key)));
    ck_assert(!nvm_sim_holds(&o->sim, RD_SECRET(&old.kik.key)));
    ck_assert(nvm_sim_holds(&o->sim, RD_SECRET(&keys[0].key)));
    ck_assert(nvm_sim_holds(&o->sim, RD_SECRET(&o->made.pairs[1].kic.key)));
}
END_TEST

START_TEST(ram_put_key_answers_check_values)
{
    struct gp_key keys[3] = {new_key(1, 16), new_key(2, 16), new_key(3, 16)};
    uint8_t script[320], kcv[GP_KCV_LEN];
    struct wr w = WR_ARRAY(script);
    struct secpkt_response r;

    wr_rd(&w, put_key(1, 1, keys, 3));
    wr_bytes(&w, "\x00\xC0\x00\x00\x00", 5);
    r = run(1, RD_WR(&w));
    ck_assert_uint_eq(sw_of(r), 0x9000);
    ck_assert_uint_eq(r.data.left, 3 + 1 + 9);
    ck_assert_uint_eq(r.data.at[3], 1);
    for (unsigned i = 0; i < 3; i++) {
        ck_assert_int_eq(gp_kcv(o->crypto, &keys[i], kcv), ERR_OK);
        ck_assert_mem_eq(r.data.at + 4 + 3 * i, kcv, 3);
    }
}
END_TEST

START_TEST(ram_put_key_refuses)
{
    struct gp_key keys[3] = {new_key(1, 16), new_key(2, 16), new_key(3, 16)};
    struct gp_key degenerate = keys[0];
    struct rd good;

    ck_assert_uint_eq(sw_of(run(1, put_key(2, 2, keys, 3))), 0x6A88); /* not the set in force */
    ck_assert_uint_eq(sw_of(run(2, put_key(0, 1, keys, 3))), 0x6A80);
    ck_assert_uint_eq(sw_of(run(3, put_key(1, 2, keys, 3))), 0x6A80); /* another version */
    good = put_key(1, 1, keys, 3);
    apdu[5 + 4] ^= 1; /* in the first enciphered key */
    ck_assert_uint_eq(sw_of(run(4, good)), 0x9485);
    good = put_key(1, 1, keys, 3);
    apdu[6] ^= 0x41; /* its type */
    ck_assert_uint_eq(sw_of(run(5, good)), 0x9484);
    good = put_key(1, 1, keys, 3);
    apdu[3] = 0x82; /* ids 2 to 4 */
    ck_assert_uint_eq(sw_of(run(6, good)), 0x6A80);
    if (degenerate.type == GP_KEY_DES) {
        memcpy(degenerate.key.bytes + 8, degenerate.key.bytes, 8);
        ck_assert_uint_eq(sw_of(run(7, put_key(1, 1, &degenerate, 1))), 0x6A80);
    }
    ck_assert_uint_eq(run(8, put_key(1, 1, keys, 3)).rsc, RSC_OK); /* with the old keys still */
}
END_TEST

START_TEST(ram_put_key_takes_longer_keys_only)
{
    struct gp_key longer[3] = {new_key(1, 24), new_key(2, 24), new_key(3, 24)};
    struct gp_key shorter = new_key(4, 16);

    ck_assert_uint_eq(sw_of(run(1, put_key(1, 1, longer, 3))) >> 8, 0x61);
    o->made.pairs[0].kic.key = longer[0].key;
    o->made.pairs[0].kid.key = longer[1].key;
    o->made.pairs[0].kik.key = longer[2].key;
    if (longer[0].type == GP_KEY_DES)
        o->made.pairs[0].kic.algorithm = o->made.pairs[0].kid.algorithm =
            o->made.pairs[0].kik.algorithm = SECPKT_3DES3;
    ck_assert_uint_eq(sw_of(run(2, put_key(1, 1, &shorter, 1))), 0x6A80);
}
END_TEST

static const struct {
    const char *rule, *script, *answer;
} rows[] = {
    {"key information", "80CA00E000",
     "01 9000 E024 C00401018810 C00402018810 C00403018810"
     " C00401318810 C00402318810 C00403318810"},
    {"and GET RESPONSE has nothing to give", "80CA00E000 00C0000000", "02 6985"},
    {"unknown data object", "80CA123400", "01 6A88"},
    {"status of the issuer security domain", "AA 0A 2208 80F28002024F0000",
     "AB 1C 800101 2317 E313 4F08A000000151000000 9F70010F C50394FE80 9000"},
    {"no applications yet", "80F24002044F02F0AA", "01 6A88"},
    {"unknown instruction", "80AA000000", "01 6D00"},
    {"wrong class", "00CA00E000", "01 6E00"},
    {"no file management here", "00A40004023F00", "01 6E00"},
};

START_TEST(ram_command_answers)
{
    struct secpkt_response r = air_script(o, AIR_RAM, 1, rows[_i].script);

    hexrow_assert(r.data, rows[_i].answer, rows[_i].rule);
}
END_TEST

Suite *suite_under_test(void)
{
    Suite *s = suite_create("ram");
    TCase *t = tcase_create("GlobalPlatform 11");
    TCase *d = tcase_create("GlobalPlatform 11, 3DES");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, ram_put_key_replaces_set_in_force);
    tcase_add_test(t, ram_put_key_answers_check_values);
    tcase_add_test(t, ram_put_key_refuses);
    tcase_add_test(t, ram_put_key_takes_longer_keys_only);
    tcase_add_loop_test(t, ram_command_answers, 0, (int)ARRAY_LEN(rows));
    suite_add_tcase(s, t);
    tcase_add_checked_fixture(d, setup_3des, teardown);
    tcase_add_test(d, ram_put_key_replaces_set_in_force);
    tcase_add_test(d, ram_put_key_answers_check_values);
    tcase_add_test(d, ram_put_key_refuses);
    tcase_add_test(d, ram_put_key_takes_longer_keys_only);
    suite_add_tcase(s, d);
    return s;
}
