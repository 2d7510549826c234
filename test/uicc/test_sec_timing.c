/* What can be told from time. sec_C11: no branch and no address depends on a key, a PIN or a right
 * checksum. Method (ctgrind): under valgrind's memcheck the secrets are marked undefined, so that
 * memcheck reports each branch on them and each index out of them. What a comparison in constant
 * time says may be known: it is declassified at the one door that all of them go through,
 * CRYPTO_memcmp, and so is a packet once its checksum was right. Without valgrind the same paths
 * run, and nothing is measured; run test/tools/sec_timing.sh. sec_C13: what has happened when a PIN
 * is compared. */
#include "apdu/milenage.h"
#include "apdu/tuak.h"
#include "test/support/runner.h"
#include "test/support/uicc/card.h"
#include "uicc/isd/scp.h"
#include "uicc/pin/object.h"

#include <dlfcn.h>
#include <string.h>

#if __has_include(<valgrind/memcheck.h>)
#include <valgrind/memcheck.h>
#define UNDER_VALGRIND RUNNING_ON_VALGRIND
#else
#define UNDER_VALGRIND                       0
#define VALGRIND_COUNT_ERRORS                0
#define VALGRIND_GET_VBITS(at, bits, len)    ((void)(at), (void)(bits), (void)(len), 0)
#define VALGRIND_MAKE_MEM_UNDEFINED(at, len) ((void)(at), (void)(len))
#define VALGRIND_MAKE_MEM_DEFINED(at, len)   ((void)(at), (void)(len))
#endif

/* What somebody who authenticated may make us look at: his own packet, in clear. */
static uint8_t plain[256];
static struct crypto *c;

/* A memory of which each comparison notes what had become durable before it. */
static const struct nvm_sim *watched;
static uint64_t durable_before;

/* In front of OpenSSL's, which does the work. */
int CRYPTO_memcmp(const void *a, const void *b, size_t n);
int CRYPTO_memcmp(const void *a, const void *b, size_t n)
{
    typedef int compare_fn(const void *, const void *, size_t);
    compare_fn *real;
    int difference;

    if (watched != NULL)
        durable_before = watched->syncs;
    *(void **)&real = dlsym(RTLD_NEXT, "CRYPTO_memcmp");
    difference = real(a, b, n);
    VALGRIND_MAKE_MEM_DEFINED(&difference, sizeof difference);
    if (difference == 0)
        VALGRIND_MAKE_MEM_DEFINED(plain, sizeof plain);
    return difference;
}

static unsigned before;

static void setup(void)
{
    c = crypto_new();
    ck_assert_ptr_nonnull(c);
    memset(plain, 0, sizeof plain);
    before = (unsigned)VALGRIND_COUNT_ERRORS;
}

static void teardown(void)
{
    crypto_free(&c);
}

static unsigned leaks(void)
{
    return (unsigned)VALGRIND_COUNT_ERRORS - before;
}

static void hide(void *at, size_t len)
{
    VALGRIND_MAKE_MEM_UNDEFINED(at, len);
}

static void show(void *at, size_t len)
{
    VALGRIND_MAKE_MEM_DEFINED(at, len);
}

/* Did the secret reach it? Then what memcheck says of the way there means something. */
static bool is_hidden(const void *at, size_t len)
{
    uint8_t bits[32] = {0}, any = 0;

    if (!UNDER_VALGRIND)
        return true;
    ck_assert_uint_le(len, sizeof bits);
    (void)VALGRIND_GET_VBITS(at, bits, len);
    for (size_t i = 0; i < len; i++)
        any |= bits[i];
    return any != 0;
}

static struct secret secret_of(uint8_t seed, uint8_t len)
{
    struct secret s = {.len = len};

    for (uint8_t i = 0; i < len; i++)
        s.bytes[i] = (uint8_t)(seed * 41 + i * 7);
    hide(s.bytes, len);
    return s;
}

/* The measure works: memcmp on a secret is seen. */
START_TEST(sec_C11_a_leak_would_be_seen)
{
    struct secret s = secret_of(1, 16);
    volatile int found = memcmp(s.bytes, plain, 16);

    if (found != 0)
        plain[0]++;
    ck_assert(leaks() > 0 || !UNDER_VALGRIND);
}
END_TEST

START_TEST(sec_C11_compare)
{
    struct secret a = secret_of(1, 16), b = secret_of(2, 16);
    uint8_t pin[8] = "1234\xFF\xFF\xFF\xFF", other[8] = "1235\xFF\xFF\xFF\xFF";

    hide(pin, sizeof pin);
    ck_assert(!secret_equal(&a, &b));
    ck_assert(!crypto_equal(pin, other, sizeof pin));
    other[3] = '4';
    ck_assert(crypto_equal(pin, other, sizeof pin));
    ck_assert_uint_eq(leaks(), 0);
}
END_TEST

START_TEST(sec_C11_milenage)
{
    const uint8_t rand[AKA_RAND_LEN] = {0x23, 0x55, 0x3C}, amf[2] = {0x80, 0};
    struct aka_key key;
    struct aka_result out;
    uint8_t mac_a[8], mac_s[8];

    aka_key_defaults(&key, AKA_MILENAGE);
    key.k = secret_of(3, 16);
    key.opc = secret_of(4, 16);
    ck_assert_int_eq(aka_f2345(c, &key, rand, &out), ERR_OK);
    ck_assert_int_eq(aka_f1(c, &key, rand, 0x1000, amf, mac_a, mac_s), ERR_OK);
    ck_assert(is_hidden(out.res, 8) && is_hidden(out.ak, 6) && is_hidden(mac_a, 8));
    ck_assert_uint_eq(leaks(), 0);
}
END_TEST

static const struct {
    uint8_t k, res, iterations;
} tuaks[] = {{16, 8, 1}, {32, 16, 1}, {32, 32, 2}};

START_TEST(sec_C11_tuak)
{
    const uint8_t rand[AKA_RAND_LEN] = {0x42}, amf[2] = {0xFF, 0xFF};
    struct aka_key key;
    struct aka_result out;
    uint8_t mac_a[8], mac_s[8];

    aka_key_defaults(&key, AKA_TUAK);
    key.k = secret_of(5, tuaks[_i].k);
    key.opc = secret_of(6, 32);
    key.res_len = tuaks[_i].res;
    key.keccak_iterations = tuaks[_i].iterations;
    ck_assert_int_eq(aka_f2345(c, &key, rand, &out), ERR_OK);
    ck_assert_int_eq(aka_f1(c, &key, rand, 0x1000, amf, mac_a, mac_s), ERR_OK);
    ck_assert(is_hidden(out.res, 8) && is_hidden(out.ak, 6) && is_hidden(mac_a, 8));
    ck_assert_uint_eq(leaks(), 0);
}
END_TEST

/* AUTS and the key pair of 2G are made of secrets alone. */
START_TEST(sec_C11_auts_and_kc)
{
    const uint8_t rand[AKA_RAND_LEN] = {0x23};
    struct secret ck = secret_of(7, 16), ik = secret_of(8, 16);
    uint8_t auts[AKA_AUTS_LEN], kc[8], sres[4];
    struct aka_key key;

    aka_key_defaults(&key, AKA_MILENAGE);
    key.k = secret_of(3, 16);
    key.opc = secret_of(4, 16);
    ck_assert_int_eq(aka_auts(c, &key, rand, 0x1234, auts), ERR_OK);
    aka_kc(ck.bytes, ik.bytes, kc);
    aka_sres(ck.bytes, 8, sres);
    ck_assert(is_hidden(auts, sizeof auts) && is_hidden(kc, sizeof kc) && is_hidden(sres, 4));
    ck_assert_uint_eq(leaks(), 0);
}
END_TEST

static struct secpkt_keys packet_keys(uint8_t len)
{
    return (struct secpkt_keys){.kic = {SECPKT_AES, secret_of(9, len)},
                                .kid = {SECPKT_AES, secret_of(10, len)},
                                .cc_len = SECPKT_CC_LEN};
}

/* A packet under AES keys of 16, 24, 32 bytes: opened, refused, and its proof sealed. */
START_TEST(sec_C11_packet)
{
    const uint8_t spi1 = _i % 2 == 0 ? 0x16 : 0x12;
    struct secpkt_keys keys = packet_keys((uint8_t)(16 + 8 * (_i / 2)));
    struct secpkt_command command = {
        .header = {.spi = {spi1, 0x19}, .kic = 0x12, .kid = 0x12, .tar = {0xB0, 0, 1}},
        .counter = 7,
        .data = RD((const uint8_t *)"0123456789abcdef0123", 20)};
    struct secpkt_response response = {.counter = 7, .data = RD_ARRAY(plain)};
    uint8_t packet[128], proof[512];
    struct wr sealed = WR_ARRAY(packet), work = WR_ARRAY(plain), w = WR_ARRAY(proof);

    ck_assert_int_eq(secpkt_seal_command(c, &command, &keys, &sealed), ERR_OK);
    ck_assert(is_hidden(packet + 16, 32));
    show(packet, sizeof packet); /* it was on the air */
    packet[sealed.len - 1] ^= 1;
    ck_assert_int_eq(secpkt_open_command(c, RD_WR(&sealed), &keys, &work, &command), ERR_MAC);
    packet[sealed.len - 1] ^= 1;
    work.len = 0;
    ck_assert_int_eq(secpkt_open_command(c, RD_WR(&sealed), &keys, &work, &command), ERR_OK);
    ck_assert_uint_eq(command.counter, 7);
    response.data.left = 40;
    ck_assert_int_eq(secpkt_seal_response(c, &response, &command.header, &keys, &w), ERR_OK);
    ck_assert_uint_eq(leaks(), 0);
}
END_TEST

/* A host that authenticates to a security domain over SCP03: session keys, both cryptograms. */
START_TEST(sec_C11_secure_channel)
{
    struct isd_keys keys = {.version = 0x30, .type = GP_KEY_AES};
    struct isd_scp scp = {0};
    struct isd_scp_begin begin = {.protocol = SCP03, .option = 0x70, .keys = &keys, .size = SCP_S8};
    uint8_t answer[64], shown[16] = {0};
    struct wr w = WR_ARRAY(answer);
    struct apdu cmd = {
        .cla = 0x84, .ins = 0x82, .p1 = SCP_C_MAC, .p3 = 16, .data = RD_ARRAY(shown)};

    keys.enc = secret_of(11, 16);
    keys.mac = secret_of(12, 16);
    keys.dek = secret_of(13, 16);
    ck_assert_int_eq(isd_scp_initialise(c, &scp, &begin, &w), ERR_OK);
    ck_assert(is_hidden(scp.host_cryptogram, 8));
    ck_assert_int_eq(isd_scp_authenticate(c, &scp, &cmd), ERR_MAC);
    ck_assert_uint_eq(leaks(), 0);
}
END_TEST

/* VERIFY on a whole card, right and wrong: the value that it keeps is secret. */
START_TEST(sec_C11_pin)
{
    struct test_card *t = card_new();
    struct pin_object pin;
    const uint8_t *entry;
    sw_t wrong, right;

    ck_assert_int_eq(pin_find(t->card, 0x0A, &pin), ERR_OK);
    entry = pin_entry(t->card, pin.index);
    hide((void *)(uintptr_t)(entry + PIN_FIELD_VALUE), PIN_LEN);
    wrong = pin_compare(t->card, &pin, PIN_FIELD_VALUE, (const uint8_t *)"AEM1ADM1");
    right = pin_compare(t->card, &pin, PIN_FIELD_VALUE, (const uint8_t *)"ADM1ADM1");
    ck_assert_uint_eq(leaks(), 0);
    ck_assert_uint_eq(wrong.v & 0xFFF0, 0x63C0);
    ck_assert_uint_eq(right.v, 0x9000);
    card_free(&t);
}
END_TEST

/* sec_C13: whoever cuts the power when he sees how the comparison ends has paid for it before. */
START_TEST(sec_C13_try_is_durable_before_the_comparison)
{
    static const char *const presented[] = {"0020000A08 41454D3141444D31", "0020000A08 " CARD_ADM1,
                                            "002C000110" CARD_PUK2 CARD_PIN1,
                                            "002C000110" CARD_PUK1 CARD_PIN1};
    struct test_card *t = card_new();
    uint64_t syncs = t->nvm.syncs;

    watched = &t->nvm;
    durable_before = 0;
    (void)card_send(t, presented[_i]);
    watched = NULL;
    ck_assert_uint_eq(durable_before, syncs + 1);
    card_free(&t);
}
END_TEST

Suite *suite_under_test(void)
{
    Suite *s = suite_create("sec_timing");
    TCase *t = tcase_create("sec_C11 ctgrind");

    tcase_set_timeout(t, 120);
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, sec_C11_a_leak_would_be_seen);
    tcase_add_test(t, sec_C11_compare);
    tcase_add_test(t, sec_C11_milenage);
    tcase_add_loop_test(t, sec_C11_tuak, 0, (int)ARRAY_LEN(tuaks));
    tcase_add_test(t, sec_C11_auts_and_kc);
    tcase_add_loop_test(t, sec_C11_packet, 0, 6);
    tcase_add_test(t, sec_C11_secure_channel);
    tcase_add_test(t, sec_C11_pin);
    tcase_add_loop_test(t, sec_C13_try_is_durable_before_the_comparison, 0, 4);
    suite_add_tcase(s, t);
    return s;
}
