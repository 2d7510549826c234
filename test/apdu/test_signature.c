/* Tests of apdu/signature.h. Goal: signatures that RFC 6979 publishes verify, and nothing else
 * does. */
#include "apdu/signature.h"
#include "test/support/hexrow.h"
#include "test/support/runner.h"

#include <string.h>

/* RFC 6979 A.2.5, A.2.6, A.2.7: the message is "sample", the digest the curve's. */
static const struct {
    const char *point, *signature;
} published[] = {
    {"04 60FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6"
     "7903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299",
     "EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716"
     "F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8"},
    {"04 EC3A4E415B4E19A4568618029F427FA5DA9A8BC4AE92E02E06AAE5286B300C64"
     "DEF8F0EA9055866064A254515480BC13"
     "8015D9B72D7D57244EA8EF9AC0C621896708A59367F9DFB9F54CA84B3F1C9DB1"
     "288B231C3AE0D4FE7344FD2533264720",
     "94EDBB92A5ECB8AAD4736E56C691916B3F88140666CE9FA73D64C4EA95AD133C"
     "81A648152E44ACF96E36DD1E80FABE46"
     "99EF4AEB15F178CEA1FE40DB2603138F130E740A19624526203B6351D0A3A94F"
     "A329C145786E679E7B82C71A38628AC8"},
    {"04 01894550D0785932E00EAA23B694F213F8C3121F86DC97A04E5A7167DB4E5BCD3711"
     "23D46E45DB6B5D5370A7F20FB633155D38FFA16D2BD761DCAC474B9A2F5023A4"
     "00493101C962CD4D2FDDF782285E64584139C2F91B47F87FF82354D6630F746A28A0"
     "DB25741B5B34A828008B22ACC23F924FAAFBD4D33F81EA66956DFEAA2BFDFCF5",
     "00C328FAFCBD79DD77850370C46325D987CB525569FB63C5D3BC53950E6D4C5F174E"
     "25A1EE9017B5D450606ADD152B534931D7D4E8455CC91F9B15BF05EC36E377FA"
     "00617CCE7CF5064806C467F678D3B4080D6F1CC50AF26CA209417308281B68AF2826"
     "23EAA63E5B5C0723D8B8C37FF0777B1A20F8CCB1DCCC43997F1EE0E44DA4A67A"},
};

#define MESSAGE RD((const uint8_t *)"sample", 6)

START_TEST(signature_verify_takes_what_is_published)
{
    struct hexrow point, signature;
    struct rd p = hexrow(&point, published[_i].point), s;

    s = hexrow(&signature, published[_i].signature);
    ck_assert_int_eq(signature_verify(p, MESSAGE, s), ERR_OK);
    ck_assert_int_eq(signature_verify(p, RD((const uint8_t *)"samplf", 6), s), ERR_SIGNATURE);
    s.left--;
    ck_assert_int_eq(signature_verify(p, MESSAGE, s), ERR_SIGNATURE);
}
END_TEST

START_TEST(signature_verify_notices_every_flipped_bit)
{
    struct hexrow point, signature;
    struct rd p = hexrow(&point, published[0].point),
              s = hexrow(&signature, published[0].signature);

    for (size_t bit = 0; bit < s.left * 8; bit++) {
        signature.bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
        ck_assert_int_eq(signature_verify(p, MESSAGE, s), ERR_SIGNATURE);
        signature.bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
}
END_TEST

START_TEST(signature_verify_refuses_what_is_no_key)
{
    struct hexrow point, signature;
    struct rd p = hexrow(&point, published[0].point),
              s = hexrow(&signature, published[0].signature);

    point.bytes[64] ^= 1; /* beside the curve */
    ck_assert_int_eq(signature_verify(p, MESSAGE, s), ERR_KEY);
    point.bytes[64] ^= 1;
    point.bytes[0] = 2;
    ck_assert_int_eq(signature_verify(p, MESSAGE, s), ERR_KEY);
    ck_assert_int_eq(signature_verify(RD(NULL, 0), MESSAGE, s), ERR_KEY);
    memset(signature.bytes, 0, sizeof signature.bytes); /* r = s = 0 */
    point.bytes[0] = 4;
    ck_assert_int_eq(signature_verify(p, MESSAGE, s), ERR_SIGNATURE);
}
END_TEST

Suite *suite_under_test(void)
{
    Suite *s = suite_create("apdu/signature");
    TCase *t = tcase_create("GP B.4");

    tcase_add_loop_test(t, signature_verify_takes_what_is_published, 0, (int)ARRAY_LEN(published));
    tcase_add_test(t, signature_verify_notices_every_flipped_bit);
    tcase_add_test(t, signature_verify_refuses_what_is_no_key);
    suite_add_tcase(s, t);
    return s;
}
