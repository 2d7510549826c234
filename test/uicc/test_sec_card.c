/* Rows of the requirement list that a whole card shows, in process and at the figures that the row
 * names: C3 every TAR, C19 and C21 a hundred thousand torture commands, C23 a memory without room,
 * C24 every byte of the card's memory altered and its end cut off, C28 ten thousand identities, C29
 * a hundred thousand channels. (What needs keys on the air is test_sec_packet.c's, what needs a
 * running program test/tools/sec_attacks.sh's.) */
#include "apdu/ids.h"
#include "test/support/runner.h"
#include "test/support/uicc/card.h"
#include "test/support/uicc/lab.h"
#include "test/support/uicc/offcard.h"
#include "test/support/uicc/whole.h"
#include "uicc/fs/fs.h"
#include "uicc/remote/sd.h"

#include <stdlib.h>
#include <string.h>

static struct test_card *t;

static void setup(void)
{
    t = card_defaults();
    t->perso.pin1_enabled = true;
    card_make(t);
}

static void setup_lab(void)
{
    t = lab_new(true);
}

static void teardown(void)
{
    card_free(&t);
}

static uint16_t transmit(struct rd command, struct wr *response)
{
    uint16_t sw;

    response->len = 0;
    uicc_transmit(t->card, command, response);
    ck_assert(whole_answer(RD_WR(response)));
    sw = (uint16_t)(response->base[response->len - 2] << 8 | response->base[response->len - 1]);
    response->len -= 2;
    return sw;
}

static void assert_whole(const char *when)
{
    const char *fault = whole_card(t->card);

    ck_assert_msg(fault == NULL, "%s: %s", when, fault);
}

/* --- C3 --- */

static void assert_floor(const struct profile_tar *tar)
{
    for (unsigned spi1 = 0; spi1 < 0x100; spi1++) {
        if ((spi1 & SPI1_CHECK_MASK) < SPI1_CHECK_CC ||
            (spi1 & SPI1_COUNTER_MASK) < SPI1_COUNTER_ABOVE)
            ck_assert(!sd_level_met(tar->level, (uint8_t)spi1));
    }
}

/* All 16,777,216 in the profile; where anybody ever found something also among what is installed.
 */
START_TEST(sec_C3_no_tar_of_all_listens_without_a_cc)
{
    const struct profile *p = t->card->profile;
    unsigned found = 0;

    for (uint32_t n = 0; n <= 0xFFFFFF; n++) {
        const uint8_t tar[3] = {(uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n};
        const struct profile_tar *row = sd_find_tar(p, tar);
        struct sd_target target;

        if (row != NULL) {
            assert_floor(row);
            found++;
        } else if (tar[0] == 0x00 || tar[0] == 0xB0 || tar[0] == 0xB2 || tar[0] == 0xBF) {
            ck_assert(!sd_find_target(t->card, tar, &target));
        }
    }
    ck_assert_uint_eq(found, p->tar_count);
}
END_TEST

/* --- C19, C21 --- */

#define TORTURE_COMMANDS 100000U

/* A command out of the list of the instructions, with what somebody torturing changes. */
static struct rd torture(uint64_t *seed, uint8_t bytes[300])
{
    static const uint8_t classes[] = {0x00, 0x80, 0x01, 0x81, 0x40, 0xC0, 0x0C, 0xA0, 0x84, 0xFF};
    static const uint8_t instructions[] = {
        0x04, 0x10, 0x12, 0x14, 0x20, 0x24, 0x26, 0x28, 0x2C, 0x32, 0x44, 0x50, 0x70, 0x73,
        0x75, 0x76, 0x78, 0x82, 0x84, 0x88, 0x89, 0xA2, 0xA4, 0xAA, 0xB0, 0xB2, 0xC0, 0xC2,
        0xCA, 0xCB, 0xD4, 0xD6, 0xD8, 0xDB, 0xDC, 0xE0, 0xE2, 0xE4, 0xE6, 0xE8, 0xF0, 0xF2};
    static const uint16_t fids[] = {0x3F00, 0x7FFF, 0x2FE2, 0x2F00, 0x2F06, 0x6F07, 0x6F3A,
                                    0x7F10, 0x7F20, 0x5FC0, 0x4F01, 0x6F10, 0x6F12, 0x6F39};
    uint64_t r = nvm_sim_random(seed);
    size_t n = r % 7 == 0 ? r >> 8 & 0xFF : r >> 8 & 0x0F;
    uint16_t fid = fids[(r >> 16) % ARRAY_LEN(fids)];

    bytes[0] = classes[(r >> 24) % 97 < 60 ? (r >> 24) % 2 : (r >> 24) % ARRAY_LEN(classes)];
    bytes[1] = (r >> 32) % 31 == 0 ? (uint8_t)(r >> 56)
                                   : instructions[(r >> 32) % ARRAY_LEN(instructions)];
    bytes[2] = (r >> 40) % 3 == 0 ? (uint8_t)(r >> 48) : (uint8_t)((r >> 48) % 10);
    bytes[3] = (r >> 42) % 3 == 0 ? (uint8_t)(r >> 50) : (uint8_t)((r >> 50) % 10);
    bytes[4] = (uint8_t)(n + ((r >> 44) % 17 == 0));
    for (size_t i = 0; i < n; i++)
        bytes[5 + i] = (uint8_t)nvm_sim_random(seed);
    if (n >= 2 && (r >> 45) % 4 != 0) {
        bytes[5] = (uint8_t)(fid >> 8);
        bytes[6] = (uint8_t)fid;
    }
    return RD(bytes, (r >> 46) % 5 == 0 ? 5 : 5 + n);
}

static void assert_iccid(struct wr *response)
{
    static const uint8_t select[] = {0x00, 0xA4, 0x08, 0x0C, 0x02, 0x2F, 0xE2};
    static const uint8_t read[] = {0x00, 0xB0, 0x00, 0x00, 0x0A};
    struct uicc_info info;

    card_reset(t);
    (void)transmit(RD_ARRAY(select), response);
    ck_assert_uint_eq(transmit(RD_ARRAY(read), response), 0x9000);
    ck_assert_uint_eq(response->base[0], 0x98);
    ck_assert_int_eq(uicc_info(t->card, &info), ERR_OK);
    ck_assert_uint_eq(strlen(info.iccid), 19);
}

START_TEST(sec_C19_sec_C21_survives_torture)
{
    uint8_t command[300], bytes[APDU_RESPONSE_MAX];
    struct wr response = WR_ARRAY(bytes);
    uint64_t seed = 19;

    for (unsigned i = 0; i < TORTURE_COMMANDS; i++) {
        (void)transmit(torture(&seed, command), &response);
        if (i % 1000 == 0) {
            assert_whole("torture");
            card_reset(t);
        }
        if (i % 10000 == 0)
            assert_iccid(&response);
    }
    assert_iccid(&response);
    assert_whole("after it");
    ck_assert_int_eq(card_power_cycle(t), ERR_OK);
    assert_iccid(&response);
}
END_TEST

/* --- C23 --- */

/* Every piece that the arena still has. */
static size_t take_all(struct arena *a, void **pieces, size_t *sizes, size_t cap)
{
    size_t n = 0;

    for (size_t size = 1U << 20; size >= 16; size /= 2) {
        while (n < cap && (pieces[n] = arena_alloc(a, size)) != NULL)
            sizes[n++] = size;
    }
    return n;
}

START_TEST(sec_C23_answers_without_memory)
{
    static void *pieces[8192];
    static size_t sizes[ARRAY_LEN(pieces)];
    uint8_t command[300], bytes[APDU_RESPONSE_MAX];
    struct wr response = WR_ARRAY(bytes);
    uint64_t seed = 23;
    size_t n;

    for (unsigned round = 0; round < 20; round++) {
        n = take_all(&t->arena, pieces, sizes, ARRAY_LEN(pieces));
        ck_assert_uint_lt(n, ARRAY_LEN(pieces));
        for (unsigned i = 0; i < 500; i++)
            (void)transmit(torture(&seed, command), &response);
        assert_whole("without memory");
        while (n-- > 0)
            arena_free(&t->arena, pieces[n], sizes[n]);
        ck_assert_int_eq(card_power_cycle(t), ERR_OK);
        assert_iccid(&response);
    }
}
END_TEST

/* --- C24 --- */

/* Does this card give the IMSI to somebody who has verified nothing, or hold another operator? */
static const char *opened(struct card *card)
{
    static const uint8_t select[] = {0x00, 0xA4, 0x04, 0x0C, 0x07, 0xA0,
                                     0x00, 0x00, 0x00, 0x87, 0x10, 0x02};
    static const uint8_t read[] = {0x00, 0xB0, 0x87, 0x00, 0x09};
    uint8_t bytes[APDU_RESPONSE_MAX];
    struct wr w = WR_ARRAY(bytes);

    ck_assert_int_eq(uicc_reset(card, &w), ERR_OK);
    w.len = 0;
    uicc_transmit(card, RD_ARRAY(select), &w);
    w.len = 0;
    uicc_transmit(card, RD_ARRAY(read), &w);
    return w.len > 2 ? "EF.IMSI is open" : whole_card(card);
}

/* Power a card from this memory as another program would. */
static bool powers_up(struct nvm_sim *sim, struct arena *arena, void *block, size_t len)
{
    struct uicc_host host = t->card->host;
    struct uicc_engine *engine;
    struct card *card = NULL;
    const char *fault;
    bool up;

    arena_init(arena, block, len);
    engine = uicc_engine_new(arena);
    ck_assert_ptr_nonnull(engine);
    host.nvm = &sim->device;
    up = uicc_create(engine, &host, &card) == ERR_OK;
    if (up) {
        fault = opened(card);
        ck_assert_msg(fault == NULL, "%s", fault);
        uicc_destroy(&card);
    }
    uicc_engine_free(&engine);
    return up;
}

static size_t bytes_used(const struct nvm_sim *sim)
{
    size_t n = (size_t)sim->device.size;

    while (n > 0 && sim->media[n - 1] == 0)
        n--;
    return n;
}

START_TEST(sec_C24_every_byte_altered_every_end_cut)
{
    static struct nvm_sim copy;
    const size_t len = UICC_ENGINE_ARENA + 65536;
    void *block = aligned_alloc(16, len);
    size_t used, tried = 0, refused = 0;
    struct arena arena;

    card_expect(t, "0020000108" CARD_PIN1, "9000"); /* some frames behind the first */
    card_expect(t, "0020000A08" CARD_ADM1, "9000");
    nvm_sim_copy(&copy, &t->nvm);
    used = bytes_used(&t->nvm);
    ck_assert(powers_up(&copy, &arena, block, len));
    for (size_t at = 0; at < used; at++) {
        uint8_t kept = copy.view[at];

        copy.view[at] = (uint8_t)(kept ^ (1U << at % 8));
        refused += !powers_up(&copy, &arena, block, len);
        tried++;
        memcpy(copy.view, t->nvm.media, used);
    }
    for (size_t end = used; end-- > 0;) {
        memset(copy.view + end, 0, used - end);
        refused += !powers_up(&copy, &arena, block, len);
        tried++;
        memcpy(copy.view, t->nvm.media, end);
    }
    ck_assert_uint_ge(tried, 10000);
    ck_assert_uint_gt(refused, tried / 2);
    nvm_sim_free(&copy);
    free(block);
}
END_TEST

/* --- C28 --- */

#define IDENTITIES 10000U
#define HN_KEY     "5a8d38864820197c3394b92613b20b91633cbd897119273bf8e4a6f4eec0a650" /* C.4.3 */

static int compare_keys(const void *a, const void *b)
{
    return memcmp(a, b, 32);
}

START_TEST(sec_C28_no_identity_comes_twice)
{
    static uint8_t seen[IDENTITIES][32];
    static const uint8_t get[] = {0x80, 0x78, 0x00, 0x01, 0x00};
    uint8_t again[5] = {0x80, 0x78, 0x00, 0x01, 0x00}, bytes[APDU_RESPONSE_MAX];
    struct wr response = WR_ARRAY(bytes);
    uint16_t sw;

    teardown();
    t = card_defaults();
    t->profile = "suci = a 27 " HN_KEY "\n";
    card_make(t);
    card_expect(t, "00A4040C07A0000000871002", "9000");
    sw = transmit(RD_ARRAY(get), &response);
    ck_assert_uint_eq(sw >> 8, 0x6C);
    again[4] = (uint8_t)sw;
    for (unsigned i = 0; i < IDENTITIES; i++) {
        ck_assert_uint_eq(transmit(RD_ARRAY(again), &response), 0x9000);
        /* A1 L 01, home network (3), routing (2), scheme, key: then the ephemeral key */
        ck_assert_uint_eq(response.base[8], 0x01);
        memcpy(seen[i], response.base + 10, 32);
    }
    qsort(seen, IDENTITIES, 32, compare_keys);
    for (unsigned i = 1; i < IDENTITIES; i++)
        ck_assert_mem_ne(seen[i - 1], seen[i], 32);
}
END_TEST

static bool told;

static void listen(void *context, const char *line)
{
    (void)context;
    told = told || strstr(line, "001010123456789") != NULL || strstr(line, "10123456789") != NULL;
}

START_TEST(sec_C28_imsi_is_for_who_verified_pin1_and_in_no_log)
{
    told = false;
    t->card->host.log = listen;
    card_expect(t, "00A4040C07A0000000871002", "9000");
    card_expect(t, "00B0870009", "6982");
    card_expect(t, "00A4000C026F07", "9000");
    card_expect(t, "00B0000009", "6982");
    card_expect(t, "00A2010400", "6700");
    card_expect(t, "8078000100", "6982");
    card_expect(t, "A0A40000027F20", "9F16");
    card_expect(t, "A0A40000026F07", "9F0F");
    card_expect(t, "A0B0000009", "9804");
    card_expect(t, "0020000108" CARD_PIN1, "9000");
    card_expect(t, "00A4040C07A0000000871002", "9000");
    card_expect(t, "00B0870009", "080910101032547698 9000");
    ck_assert(!told);
}
END_TEST

/* --- C29 --- */

#define CHANNEL_ROUNDS 5264U /* of 19 channels: more than 100,000 opened */

START_TEST(sec_C29_rights_stay_on_their_channel_over_100000)
{
    uint8_t open[5] = {0x00, 0x70, 0x00, 0x00, 0x01}, close[5] = {0x00, 0x70, 0x80, 0x00, 0x00};
    uint8_t verify[13] = {0x00, 0x20, 0x00, 0x0A, 0x08, 'A', 'D', 'M', '1', 'A', 'D', 'M', '1'};
    uint8_t update[6] = {0x00, 0xD6, 0x82, 0x00, 0x01, 0x98}, bytes[APDU_RESPONSE_MAX];
    struct wr response = WR_ARRAY(bytes);
    size_t used = 0, opened_count = 0;

    for (unsigned round = 0; round < CHANNEL_ROUNDS; round++) {
        uint8_t right = (uint8_t)(1 + round % 19);

        for (uint8_t n = 1; n <= 19; n++) {
            ck_assert_uint_eq(transmit(RD_ARRAY(open), &response), 0x9000);
            ck_assert_uint_eq(response.base[0], n);
            opened_count++;
        }
        verify[0] = right < 4 ? right : (uint8_t)(0x40 | (right - 4));
        ck_assert_uint_eq(transmit(RD_ARRAY(verify), &response), 0x9000);
        for (uint8_t n = 0; n <= 19; n++) { /* EF.ICCID is ADM1's to write */
            update[0] = n < 4 ? n : (uint8_t)(0x40 | (n - 4));
            ck_assert_uint_eq(transmit(RD_ARRAY(update), &response), n == right ? 0x9000 : 0x6982);
        }
        for (uint8_t n = 19; n >= 1; n--) {
            close[3] = n;
            ck_assert_uint_eq(transmit(RD_ARRAY(close), &response), 0x9000);
        }
        if (round == 0)
            used = t->arena.used;
    }
    ck_assert_uint_ge(opened_count, 100000);
    ck_assert_uint_eq(t->arena.used, used);
    assert_whole("in the end");
}
END_TEST

static const char *last_four(const char *text)
{
    size_t n = strlen(text);

    return n < 4 ? text : text + n - 4;
}

/* Who is authenticated to a security domain on one channel is nobody on another one, nor after the
 * domain is selected anew, nor after a reset. */
START_TEST(sec_C29_secure_channel_is_one_channel_s)
{
    static const char *const after[] = {"00A4040008A000000151000000", /* selected again */
                                        "00A4040C07A0000000871002",   /* another application */
                                        "reset"};
    struct offcard *h;
    const char *again;

    teardown();
    t = card_new();
    h = offcard_new(t);
    ck_assert_str_eq(offcard_open(h, "A000000151000000", 0x31, 0x01), "9000");
    ck_assert_str_eq(last_four(offcard_run(h, "80F28000024F00")), "9000");
    card_expect(t, "0070000001", "01 9000");
    ck_assert_str_eq(last_four(card_run(t, "01A4040008A000000151000000")), "9000");
    card_expect(t, "81F28000024F00", "6982");
    card_expect(t, "81E40000084F06F0AA00000001", "6982");
    ck_assert_str_eq(last_four(offcard_run(h, "80F28000024F00")), "9000");
    again = after[_i];
    if (strcmp(again, "reset") == 0)
        card_reset(t);
    else
        (void)card_run(t, again);
    (void)card_run(t, "00A4040008A000000151000000");
    ck_assert_str_eq(offcard_run(h, "80F28000024F00"), "6982");
    offcard_free(&h);
}
END_TEST

Suite *suite_under_test(void)
{
    Suite *s = suite_create("sec_card");
    TCase *c = tcase_create("a card as delivered");
    TCase *l = tcase_create("a card with every form of file");

    tcase_set_timeout(c, 300);
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, sec_C3_no_tar_of_all_listens_without_a_cc);
    tcase_add_test(c, sec_C19_sec_C21_survives_torture);
    tcase_add_test(c, sec_C23_answers_without_memory);
    tcase_add_test(c, sec_C24_every_byte_altered_every_end_cut);
    tcase_add_test(c, sec_C28_no_identity_comes_twice);
    tcase_add_loop_test(c, sec_C29_secure_channel_is_one_channel_s, 0, 3);
    tcase_add_test(c, sec_C28_imsi_is_for_who_verified_pin1_and_in_no_log);
    suite_add_tcase(s, c);
    tcase_set_timeout(l, 300);
    tcase_add_checked_fixture(l, setup_lab, teardown);
    tcase_add_test(l, sec_C19_sec_C21_survives_torture);
    tcase_add_test(l, sec_C23_answers_without_memory);
    tcase_add_test(l, sec_C29_rights_stay_on_their_channel_over_100000);
    suite_add_tcase(s, l);
    return s;
}
