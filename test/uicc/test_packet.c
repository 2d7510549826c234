/* Tests of uicc/remote/packet.h: what becomes of a packet, by the rules of TS 102 225. Goal: one
 * that is right runs and is proved as it asks, one that is not is told why, if it may be told.
 * (What attackers send: test_sec_packet.c.) */
#include "test/uicc/packet_fixture.h"

START_TEST(packet_process_runs_good_packet)
{
    struct air_packet p = good(1);
    struct secpkt_response r;

    ck_assert_uint_eq(air_run(o, &p), 0x9000);
    r = air_proof(o, &p);
    ck_assert(r.authenticated);
    ck_assert_uint_eq(r.rsc, RSC_OK);
    ck_assert_uint_eq(r.counter, 1);
    ck_assert_uint_eq(acc(), 0x0101);
    ck_assert_uint_eq(counter(), 1);
}
END_TEST

/* Whoever ciphers nothing need not name a ciphering key; but then nothing is ciphered either. */
START_TEST(packet_process_takes_empty_kic_of_unciphered_packet)
{
    struct air_packet p;

    remake("tar B00001 = rfm-usim 12 PIN1 ADM1", SECPKT_AES);
    p = good(1);
    p.command.header.spi[0] = 0x12;
    p.command.header.kic = 0;
    air_run(o, &p); /* SPI2 19 asks for a ciphered proof */
    assert_plain_refusal(p.command.header.tar, "ciphered proof");
    p.command.header.spi[1] = 0x09;
    p.command.header.kic = 0x02;
    air_run(o, &p);
    assert_plain_refusal(p.command.header.tar, "no index");
    assert_nothing_happened();
    p.command.header.kic = 0;
    air_run(o, &p);
    ck_assert(air_proof(o, &p).authenticated);
    ck_assert_uint_eq(acc(), 0x0101);
}
END_TEST

/* Who holds the key is told. */
START_TEST(packet_process_tells_key_holder_of_unknown_tar)
{
    struct air_packet p = air_packet(o, 1, "123456", 1, update_acc(1));
    struct secpkt_response r;

    air_run(o, &p);
    r = air_proof(o, &p);
    ck_assert(r.authenticated);
    ck_assert_uint_eq(r.rsc, RSC_TAR_UNKNOWN);
    assert_nothing_happened();
}
END_TEST

START_TEST(sd_level_met_never_below_floor)
{
    ck_assert(sd_level_allowed(0x12) && sd_level_allowed(0x16) && sd_level_allowed(0x1E));
    ck_assert(!sd_level_allowed(0x00) && !sd_level_allowed(0x06) && !sd_level_allowed(0x11));
    ck_assert(!sd_level_allowed(0x0A) && !sd_level_allowed(0x14));
    for (unsigned level = 0; level < 256; level++) {
        for (unsigned spi1 = 0; spi1 < 0x20; spi1++) {
            if ((spi1 & 3) < 2 || (spi1 & 0x18) < 0x10)
                ck_assert(!sd_level_met((uint8_t)level, (uint8_t)spi1));
        }
    }
    ck_assert(sd_level_met(0x00, 0x12));
    ck_assert(!sd_level_met(0x16, 0x12));
    ck_assert(!sd_level_met(0x1E, 0x16));
}
END_TEST

START_TEST(packet_process_refuses_lengths_that_do_not_hold)
{
    uint8_t packet[SECPKT_MAX];
    struct air_packet p = good(1);
    size_t n = air_seal(o, &p, packet);

    for (size_t cut = 0; cut < n; cut++) {
        air_deliver(o, RD(packet, cut));
        if (cut < 10)
            ck_assert_uint_eq(o->sw, 0x6F00);
        else
            ck_assert_uint_eq(o->answer[15], RSC_SECURITY);
    }
    packet[n] = 0;
    air_deliver(o, RD(packet, n + 1));
    ck_assert_uint_eq(o->answer[15], RSC_SECURITY);
    assert_nothing_happened();
}
END_TEST

START_TEST(packet_process_tells_of_high_counter)
{
    struct air_packet p = good(2);

    p.command.header.spi[0] = 0x1E;
    air_run(o, &p);
    ck_assert_uint_eq(air_proof(o, &p).rsc, RSC_CNTR_HIGH);
    assert_nothing_happened();
}
END_TEST

/* Each SPI2 that secures a proof: opened by the server's own codec. */
START_TEST(por_prove_as_spi2_asks)
{
    static const uint8_t spi2[] = {0x01, 0x09, 0x11, 0x19};
    struct air_packet p = good(1);
    struct secpkt_response r;

    p.command.header.spi[1] = spi2[_i];
    air_run(o, &p);
    r = air_proof(o, &p);
    ck_assert_uint_eq(r.rsc, RSC_OK);
    ck_assert(r.authenticated == ((spi2[_i] & SPI2_CHECK_CC) != 0));
    ck_assert_uint_eq(r.data.left, 3);
}
END_TEST

START_TEST(por_prove_only_when_asked)
{
    struct air_packet p = good(1);

    p.command.header.spi[1] = 0x18;
    ck_assert_uint_eq(air_run(o, &p), 0x9000);
    ck_assert_uint_eq(o->answer_len, 0);
    p = good(2);
    p.command.header.spi[1] = 0x1A;
    ck_assert_uint_eq(air_run(o, &p), 0x9000);
    ck_assert_uint_eq(o->answer_len, 0);
    ck_assert_uint_eq(air_run(o, &p), 0x9000); /* again: an error */
    ck_assert_uint_eq(air_proof(o, &p).rsc, RSC_CNTR_LOW);
}
END_TEST

Suite *suite_under_test(void)
{
    Suite *s = suite_create("packet");
    TCase *t = tcase_create("TS 102 225 5");
    TCase *d = tcase_create("TS 102 225 5, 3DES");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_set_timeout(t, 60);
    tcase_add_test(t, packet_process_runs_good_packet);
    tcase_add_test(t, packet_process_takes_empty_kic_of_unciphered_packet);
    tcase_add_test(t, packet_process_tells_key_holder_of_unknown_tar);
    tcase_add_test(t, sd_level_met_never_below_floor);
    tcase_add_test(t, packet_process_refuses_lengths_that_do_not_hold);
    tcase_add_test(t, packet_process_tells_of_high_counter);
    tcase_add_loop_test(t, por_prove_as_spi2_asks, 0, 4);
    tcase_add_test(t, por_prove_only_when_asked);
    suite_add_tcase(s, t);
    tcase_add_checked_fixture(d, setup_3des, teardown);
    tcase_set_timeout(d, 60);
    tcase_add_test(d, packet_process_runs_good_packet);
    tcase_add_loop_test(d, por_prove_as_spi2_asks, 0, 4);
    suite_add_tcase(s, d);
    return s;
}
