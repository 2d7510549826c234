/* Tests of apdu/gba.h. Goal: mask and keys are those that another implementation of SHA-1 and
 * HMAC-SHA-256 computes for CK, IK and RAND of TS 35.208 set 1; what is too long is refused. */
#include "apdu/gba.h"
#include "test/support/runner.h"

#include "apdu/hex.h"

#include <string.h>

#define CK   "B40BA9A3C58B2A05BBF0D987B21BF8CB"
#define IK   "F769BCD751044604127672711C6D3441"
#define RAND "23553CBE9637A89D218AE64DAE47BF35"
#define IMPI "001010123456789@ims.mnc001.mcc001.3gppnetwork.org"
#define FQDN "xcap.ims.mnc001.mcc001.pub.3gppnetwork.org"

static struct crypto *c;

static void setup(void)
{
    c = crypto_new();
    ck_assert_ptr_nonnull(c);
}

static void teardown(void)
{
    crypto_free(&c);
}

static void from_hex(const char *hex, uint8_t *out, size_t n)
{
    struct wr w = WR(out, n);

    ck_assert_int_eq(hex_decode(hex, &w), ERR_OK);
    ck_assert_uint_eq(w.len, n);
}

static void check_hex(const uint8_t *bytes, size_t n, const char *want)
{
    char text[2 * GBA_KEY_LEN + 1];

    ck_assert_int_eq(hex_encode(RD(bytes, n), text, sizeof text), ERR_OK);
    ck_assert_str_eq(text, want);
}

START_TEST(the_mask_is_the_front_of_sha1)
{
    uint8_t ik[16], mask[GBA_MAC_LEN];

    from_hex(IK, ik, sizeof ik);
    ck_assert_int_eq(gba_mac_mask(c, ik, mask), ERR_OK);
    check_hex(mask, sizeof mask, "C6E0C5CE26E01DF7");
}
END_TEST

START_TEST(the_external_key_comes_of_all_its_inputs)
{
    uint8_t naf_id[sizeof FQDN - 1 + 5], rand[GBA_RAND_LEN], key[GBA_KEY_LEN];
    struct secret ks SECRET_WIPED = {.len = 0};

    ck_assert_int_eq(secret_from_hex(&ks, CK IK), ERR_OK);
    from_hex(RAND, rand, sizeof rand);
    memcpy(naf_id, FQDN, sizeof FQDN - 1);
    memcpy(naf_id + sizeof FQDN - 1, "\x01\x00\x00\x00\x02", 5);
    ck_assert_int_eq(gba_ext_key(c, &ks, rand, RD((const uint8_t *)IMPI, sizeof IMPI - 1),
                                 RD_ARRAY(naf_id), key),
                     ERR_OK);
    check_hex(key, sizeof key, "FD1AC8D09E974A83D864E40F158DDB173379A13316DE75A7F659D3B4AB4DFFAB");
}
END_TEST

START_TEST(names_have_a_limit)
{
    static const uint8_t long_name[GBA_NAME_MAX + 1] = {0};
    uint8_t rand[GBA_RAND_LEN] = {0}, key[GBA_KEY_LEN];
    struct secret ks SECRET_WIPED = {.len = GBA_KEY_LEN};
    struct rd most = RD(long_name, GBA_NAME_MAX), more = RD_ARRAY(long_name);

    ck_assert_int_eq(gba_ext_key(c, &ks, rand, most, most, key), ERR_OK);
    ck_assert_int_eq(gba_ext_key(c, &ks, rand, more, most, key), ERR_RANGE);
    ck_assert_int_eq(gba_ext_key(c, &ks, rand, most, more, key), ERR_RANGE);
}
END_TEST

Suite *suite_under_test(void)
{
    Suite *s = suite_create("apdu/gba");
    TCase *t = tcase_create("TS 33.220 5.3.2");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, the_mask_is_the_front_of_sha1);
    suite_add_tcase(s, t);
    t = tcase_create("TS 33.220 B.3");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, the_external_key_comes_of_all_its_inputs);
    tcase_add_test(t, names_have_a_limit);
    suite_add_tcase(s, t);
    return s;
}
