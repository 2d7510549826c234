/* The security rows of a card that receives secured packets. Goal: whoever has no key learns
 * nothing, changes nothing and cannot be told from noise; whoever has one runs each packet once. */
#include "test/uicc/packet_fixture.h"

/* SIMTester's matrix: 256 SPI2 x 256 pairs of KIc = KID, under no key. */
START_TEST(sec_C1_no_answer_holds_more_than_a_code)
{
    uint8_t ud[3 + 2 + 37] = {0x02, 0x70, 0x00, 0x00, 0x25, 0x15, 0x16};

    memset(ud + 7, 0x5A, sizeof ud - 7);
    memcpy(ud + 10, "\xB0\x00\x01", 3);
    for (unsigned spi2 = 0; spi2 < 256; spi2++) {
        for (unsigned key = 0; key < 256; key++) {
            bool wanted = (spi2 & 3) == 1 || (spi2 & 3) == 2;

            ud[7] = (uint8_t)spi2;
            ud[8] = ud[9] = (uint8_t)key;
            air_message(o, RD_ARRAY(ud), "+1");
            if (wanted)
                assert_plain_refusal((const uint8_t *)"\xB0\x00\x01", "oracle");
            else
                ck_assert_uint_eq(o->answer_len, 0);
        }
    }
    assert_nothing_happened();
}
END_TEST

/* Every way to ask for less than the key's algorithm or the level, sealed with the right keys. */
static const struct {
    const char *what;
    uint8_t spi1, kic, kid;
} weaker[] = {
    {"nothing at all", 0x00, 0x12, 0x12},  {"RC only", 0x01, 0x12, 0x11},
    {"RC and ciphered", 0x05, 0x12, 0x15}, {"RC, ciphered, counter", 0x15, 0x12, 0x15},
    {"ciphered only", 0x04, 0x12, 0x12},   {"ciphered, counter", 0x14, 0x12, 0x12},
};

START_TEST(sec_C2_C7_less_than_a_cc_is_noise)
{
    struct air_packet p = good(1);

    p.command.header.spi[0] = weaker[_i].spi1;
    p.command.header.kic = weaker[_i].kic;
    p.command.header.kid = weaker[_i].kid;
    air_run(o, &p);
    assert_plain_refusal(p.command.header.tar, weaker[_i].what);
    assert_nothing_happened();
}
END_TEST

/* A packet sealed under the right keys but said to be of another algorithm or index. */
START_TEST(sec_C2_C12_key_byte_must_be_exact)
{
    uint8_t packet[SECPKT_MAX];
    struct air_packet p = good(1);
    size_t n = air_seal(o, &p, packet);

    for (unsigned kic = 0; kic < 256; kic++) {
        for (unsigned kid = _i == 0 ? kic : 0; kid < 256; kid += _i == 0 ? 256 : 17) {
            if (kic == p.command.header.kic && kid == p.command.header.kid)
                continue;
            packet[5] = (uint8_t)kic;
            packet[6] = (uint8_t)kid;
            air_deliver(o, RD(packet, n));
            assert_plain_refusal(p.command.header.tar, "key byte");
        }
    }
    assert_nothing_happened();
}
END_TEST

/* The length of a CC belongs to the key, not to the packet. */
START_TEST(sec_C10_cc_length_is_the_key_s)
{
    static const struct {
        const char *profile;
        uint8_t card, other;
    } cards[] = {{NULL, 8, 4}, {"ota-algorithm = aes-cmac4", 4, 8}};
    struct air_packet p;

    remake(cards[_i].profile, SECPKT_AES);
    p = good(1);
    o->cc_len = cards[_i].other;
    air_run(o, &p);
    assert_plain_refusal(p.command.header.tar, "CC of another length");
    assert_nothing_happened();
    o->cc_len = cards[_i].card;
    ck_assert_uint_eq(air_run(o, &p), 0x9000);
    ck_assert_uint_eq(o->answer[5], 0x0A + cards[_i].card); /* RHL: the proof's is as long */
    ck_assert(air_proof(o, &p).authenticated);
    ck_assert_uint_eq(acc(), 0x0101);
}
END_TEST

/* Only a profile that names DES makes a card that takes it. */
START_TEST(sec_C2_des_is_for_a_profile_that_names_it)
{
    struct air_packet p;

    remake("ota-algorithm = des", SECPKT_DES);
    p = good(1);
    ck_assert_uint_eq(p.command.header.kic & 0x0F, 1);
    air_run(o, &p);
    ck_assert_uint_eq(air_proof(o, &p).rsc, RSC_OK);
    ck_assert_uint_eq(acc(), 0x0101);
}
END_TEST

/* Sealed with the right keys, but naming other indices; ciphered or not. */
START_TEST(sec_C12_right_keys_under_other_indices_are_noise)
{
    for (unsigned kic = 0; kic < 16; kic++) {
        for (unsigned kid = 0; kid < 16; kid++) {
            struct air_packet p = good(1);

            p.command.header.spi[0] = _i == 0 ? 0x16 : 0x12;
            p.command.header.kic = (uint8_t)(kic << 4 | (p.command.header.kic & 0x0F));
            p.command.header.kid = (uint8_t)(kid << 4 | (p.command.header.kid & 0x0F));
            if (kic == 1 && kid == 1)
                continue;
            air_run(o, &p);
            assert_plain_refusal(p.command.header.tar, "index");
        }
    }
    assert_nothing_happened();
}
END_TEST

/* KIc counts though nothing is ciphered: its algorithm is the key's. */
START_TEST(sec_C2_kic_of_unciphered_packet_must_be_exact)
{
    for (unsigned nibble = 0; nibble < 16; nibble++) {
        struct air_packet p = good(1);

        if (nibble == (p.command.header.kic & 0x0FU))
            continue;
        p.command.header.spi[0] = 0x12;
        p.command.header.kic = (uint8_t)(0x10 | nibble);
        air_run(o, &p);
        assert_plain_refusal(p.command.header.tar, "KIc");
    }
}
END_TEST

/* The keys of a slot that is not in force do nothing, even right ones. */
START_TEST(sec_C12_keys_of_spare_slots_are_noise)
{
    for (uint8_t slot = 2; slot <= o->made.slot_count; slot++) {
        struct air_packet p = air_packet(o, slot, AIR_RFM_USIM, 1, update_acc(1));

        air_run(o, &p);
        assert_plain_refusal(p.command.header.tar, "spare slot");
    }
    assert_nothing_happened();
}
END_TEST

/* Unsecured scan of TARs: those that listen and those that do not answer alike. */
START_TEST(sec_C3_C4_tar_scan_finds_nothing)
{
    static const char *const tars[] = {"B00000", "B00001", "000000", "B20100", "BFFF00",
                                       "B00010", "123456", "505348", "534054", "B20000"};
    static const uint8_t spis[] = {0x00, 0x01, 0x02, 0x04, 0x06, 0x12, 0x16};

    for (size_t t = 0; t < ARRAY_LEN(tars); t++) {
        for (size_t s = 0; s < ARRAY_LEN(spis); s++) {
            uint8_t ud[48];
            struct wr w = WR_ARRAY(ud);
            uint8_t tar[3];
            struct wr tw = WR_ARRAY(tar);

            ck_assert_int_eq(hex_decode(tars[t], &tw), ERR_OK);
            wr_bytes(&w, "\x02\x70\x00\x00\x25", 5);
            wr_u8(&w, (spis[s] & 3) == 2 ? 0x15 : (spis[s] & 3) == 1 ? 0x11 : 0x0D);
            wr_u8(&w, spis[s]);
            wr_u8(&w, 0x01);
            wr_u16(&w, (spis[s] & 3) == 1 ? 0x0005 : 0x0000);
            wr_bytes(&w, tar, 3);
            wr_fill(&w, 0, 29);
            air_message(o, RD_WR(&w), "+1");
            assert_plain_refusal(tar, tars[t]);
        }
    }
    assert_nothing_happened();
}
END_TEST

static const struct {
    const char *what;
    uint8_t spi1;
    uint8_t rsc;
} levels[] = {
    {"no counter", 0x06, RSC_LEVEL},    {"counter not checked", 0x0E, RSC_LEVEL},
    {"not ciphered", 0x12, RSC_LEVEL},  {"nor counted", 0x02, RSC_LEVEL},
    {"reserved bit", 0x36, RSC_LEVEL},  {"as asked", 0x16, RSC_OK},
    {"stricter counter", 0x1E, RSC_OK},
};

START_TEST(sec_C6_level_holds_for_right_keys_too)
{
    struct air_packet p = good(1);
    struct secpkt_response r;

    p.command.header.spi[0] = levels[_i].spi1;
    air_run(o, &p);
    r = air_proof(o, &p);
    ck_assert(r.authenticated);
    ck_assert_msg(r.rsc == levels[_i].rsc, "%s: RSC %02X", levels[_i].what, r.rsc);
    if (levels[_i].rsc != RSC_OK)
        assert_nothing_happened();
}
END_TEST

START_TEST(sec_C5_replay_is_told_and_not_executed)
{
    uint8_t packet[SECPKT_MAX];
    struct air_packet p = good(5);
    size_t n = air_seal(o, &p, packet);

    air_deliver(o, RD(packet, n));
    ck_assert_uint_eq(air_proof(o, &p).rsc, RSC_OK);
    air_select(o, "6F78");
    for (int round = 0; round < 3; round++) {
        struct air_packet older = good(4), other = air_packet(o, 1, AIR_RFM_USIM, 5, update_acc(9));
        struct secpkt_response r;

        air_deliver(o, RD(packet, n));
        r = air_proof(o, &p);
        ck_assert(r.authenticated);
        ck_assert_uint_eq(r.rsc, RSC_CNTR_LOW);
        air_run(o, &older);
        ck_assert_uint_eq(air_proof(o, &older).rsc, RSC_CNTR_LOW);
        air_run(o, &other);
        ck_assert_uint_eq(air_proof(o, &other).rsc, RSC_CNTR_LOW);
        ck_assert_uint_eq(acc(), 0x0505);
        if (round == 0)
            air_reset(o);
        else
            air_power_cut(o, NVM_SIM_DROP);
    }
}
END_TEST

static void assert_noise(struct rd packet, const char *what)
{
    air_deliver(o, packet);
    assert_plain_refusal((const uint8_t *)"\xB0\x00\x01", what);
}

START_TEST(sec_C8_every_failure_looks_the_same)
{
    uint8_t packet[SECPKT_MAX];
    struct air_packet p = good(1);
    size_t n = air_seal(o, &p, packet);
    uint64_t seed = 7;

    for (int i = 0; i < 200; i++) {
        for (size_t at = 10; at < n; at++)
            packet[at] = (uint8_t)nvm_sim_random(&seed);
        assert_noise(RD(packet, n), "random ciphertext");
    }
    n = air_seal(o, &p, packet);
    packet[n - 1] ^= 1;
    assert_noise(RD(packet, n), "last block");
    n = air_seal(o, &p, packet);
    packet[11] ^= 1;
    assert_noise(RD(packet, n), "counter, PCNTR and CC");
    assert_nothing_happened();
}
END_TEST

START_TEST(sec_C9_bit_flips_do_nothing)
{
    uint8_t packet[SECPKT_MAX];
    struct air_packet p = good(1);
    size_t n = air_seal(o, &p, packet);

    for (size_t bit = 0; bit < n * 8; bit++) {
        packet[bit / 8] ^= (uint8_t)(1U << bit % 8);
        air_deliver(o, RD(packet, n));
        ck_assert_uint_eq(counter(), 0);
        packet[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    assert_nothing_happened();
    air_deliver(o, RD(packet, n));
    ck_assert_uint_eq(air_proof(o, &p).rsc, RSC_OK);
    ck_assert_uint_eq(acc(), 0x0101);
}
END_TEST

START_TEST(sec_C10_other_check_lengths_are_noise)
{
    uint8_t packet[SECPKT_MAX];
    struct air_packet p = good(1);
    size_t n = air_seal(o, &p, packet);

    for (unsigned chl = 0; chl < 256; chl++) {
        if (chl == 0x15)
            continue;
        packet[2] = (uint8_t)chl;
        air_deliver(o, RD(packet, n));
        ck_assert_uint_eq(o->answer_len, 16); /* plain: RSC 01, or 06 where lengths do not hold */
    }
    assert_nothing_happened();
}
END_TEST

START_TEST(sec_C16_counter_end_blocks_its_key_set_alone)
{
    struct air_packet p = good(SECPKT_COUNTER_MAX);
    struct secpkt_response r;

    air_run(o, &p);
    ck_assert_uint_eq(air_proof(o, &p).rsc, RSC_OK);
    air_run(o, &p);
    r = air_proof(o, &p);
    ck_assert(r.authenticated);
    ck_assert_uint_eq(r.rsc, RSC_CNTR_BLOCKED);
    ck_assert_uint_eq(counter_read(&o->card->store, 2), 0);
}
END_TEST

static char told[160];

static void listen(void *context, const char *line)
{
    (void)context;
    (void)snprintf(told, sizeof told, "%s", line);
}

/* Only who signs may jump, and it is noted. */
START_TEST(sec_C16_jump_of_the_counter_is_noted)
{
    struct air_packet p = good(PACKET_JUMP_NOTED);

    o->card->host.log = listen;
    told[0] = '\0';
    air_run(o, &p);
    ck_assert_str_eq(told, "");
    p = good(2 * PACKET_JUMP_NOTED + 1);
    air_run(o, &p);
    ck_assert_uint_eq(air_proof(o, &p).rsc, RSC_OK);
    ck_assert_ptr_nonnull(strstr(told, "counter jumps by 1048577"));
}
END_TEST

START_TEST(sec_C17_flood_of_bad_packets_locks_nothing)
{
    uint8_t packet[SECPKT_MAX];
    struct air_packet p = good(1);
    size_t n = air_seal(o, &p, packet), used;
    uint64_t seed = 1, written = store_written(&o->card->store);

    packet[20] ^= 1;
    air_deliver(o, RD(packet, n));
    used = o->arena.used;
    for (int i = 0; i < 5000; i++) {
        packet[10 + nvm_sim_random(&seed) % (n - 10)] ^= 0x55;
        air_deliver(o, RD(packet, n));
    }
    ck_assert_uint_eq(o->arena.used, used);
    ck_assert_uint_eq(store_written(&o->card->store), written);
    air_run(o, &p);
    ck_assert_uint_eq(air_proof(o, &p).rsc, RSC_OK);
}
END_TEST

/* A memory that fails: nothing is said to have happened, and the packet may come again. */
START_TEST(sec_C22_failing_memory_is_told_and_packet_stays_good)
{
    struct air_packet p = good(1);

    o->sim.ops = 0;
    o->sim.fail_at = 1;
    air_run(o, &p);
    ck_assert_uint_eq(o->sw, 0x6581);
    ck_assert_uint_eq(o->answer_len, 0);
    nvm_sim_heal(&o->sim);
    air_power_cut(o, NVM_SIM_DROP);
    assert_nothing_happened();
    air_run(o, &p);
    ck_assert_uint_eq(air_proof(o, &p).rsc, RSC_OK);
}
END_TEST

/* Some envelopes are no packets; ENVELOPE itself is strict. */
START_TEST(sec_C20_odd_sessions_do_no_harm)
{
    static const char *const odd[] = {
        "801400000C810301130082028281830100",
        "8012000010",
        "80120000FF",
        "80140000028103",
        "80C20000",
        "80C2000001D1",
        "80C2000002D100",
        "80C2000004D1020000",
        "80C200000AD1088202838186028100",
        "80C2000002D603",
        "80C2000003D60199",
        "80C20000047F010000",
        "80C2010002D300",
    };

    for (size_t i = 0; i < ARRAY_LEN(odd); i++)
        ck_assert_uint_ge(air_hex(o, odd[i]) & 0xF000, 0x6000);
    air_reset(o);
    for (size_t i = 0; i < ARRAY_LEN(odd); i++)
        ck_assert_uint_ge(air_hex(o, odd[i]) & 0xF000, 0x6000);
    assert_nothing_happened();
}
END_TEST

Suite *suite_under_test(void)
{
    Suite *s = suite_create("sec_packet");
    TCase *t = tcase_create("TS 102 225 5");
    TCase *d = tcase_create("TS 102 225 5, 3DES");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_set_timeout(t, 60);
    tcase_add_test(t, sec_C1_no_answer_holds_more_than_a_code);
    tcase_add_loop_test(t, sec_C2_C7_less_than_a_cc_is_noise, 0, (int)ARRAY_LEN(weaker));
    tcase_add_loop_test(t, sec_C2_C12_key_byte_must_be_exact, 0, 2);
    tcase_add_loop_test(t, sec_C12_right_keys_under_other_indices_are_noise, 0, 2);
    tcase_add_test(t, sec_C2_kic_of_unciphered_packet_must_be_exact);
    tcase_add_test(t, sec_C12_keys_of_spare_slots_are_noise);
    tcase_add_loop_test(t, sec_C10_cc_length_is_the_key_s, 0, 2);
    tcase_add_test(t, sec_C2_des_is_for_a_profile_that_names_it);
    tcase_add_test(t, sec_C3_C4_tar_scan_finds_nothing);
    tcase_add_loop_test(t, sec_C6_level_holds_for_right_keys_too, 0, (int)ARRAY_LEN(levels));
    tcase_add_test(t, sec_C5_replay_is_told_and_not_executed);
    tcase_add_test(t, sec_C8_every_failure_looks_the_same);
    tcase_add_test(t, sec_C9_bit_flips_do_nothing);
    tcase_add_test(t, sec_C10_other_check_lengths_are_noise);
    tcase_add_test(t, sec_C16_counter_end_blocks_its_key_set_alone);
    tcase_add_test(t, sec_C16_jump_of_the_counter_is_noted);
    tcase_add_test(t, sec_C17_flood_of_bad_packets_locks_nothing);
    tcase_add_test(t, sec_C22_failing_memory_is_told_and_packet_stays_good);
    tcase_add_test(t, sec_C20_odd_sessions_do_no_harm);
    suite_add_tcase(s, t);
    tcase_add_checked_fixture(d, setup_3des, teardown);
    tcase_set_timeout(d, 60);
    tcase_add_test(d, sec_C1_no_answer_holds_more_than_a_code);
    tcase_add_loop_test(d, sec_C2_C12_key_byte_must_be_exact, 0, 2);
    tcase_add_test(d, sec_C8_every_failure_looks_the_same);
    tcase_add_test(d, sec_C9_bit_flips_do_nothing);
    suite_add_tcase(s, d);
    return s;
}
