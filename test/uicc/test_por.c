/* Tests of uicc/remote/por.h. Goal: a proof by SEND SHORT MESSAGE reaches the sender whole, once
 * at least, through refusals, resets and power cuts; the REFRESH of a change never overtakes it. */
#include "apdu/ctlv.h"
#include "apdu/hex.h"
#include "apdu/tlv.h"
#include "test/support/hexrow.h"
#include "test/support/runner.h"
#include "test/support/uicc/air.h"
#include "uicc/core/card.h"
#include "uicc/remote/por.h"

static struct air *o;
static uint8_t script[256];

static void setup(void)
{
    o = air_new(NULL, SECPKT_AES);
    air_terminal(o);
}

static void teardown(void)
{
    air_free(&o);
}

static struct air_packet by_submit(const char *tar, uint64_t counter, const char *hex)
{
    struct wr w = WR_ARRAY(script);
    struct air_packet p;

    ck_assert_int_eq(hex_decode(hex, &w), ERR_OK);
    p = air_packet(o, 1, tar, counter, RD_WR(&w));
    p.command.header.spi[1] = 0x39;
    return p;
}

START_TEST(por_prove_by_submit)
{
    struct air_packet p = by_submit(AIR_RFM_UICC, 1, "00A4080C022FE2 00B000000A");
    struct secpkt_response r;

    ck_assert_uint_eq(air_run(o, &p) >> 8, 0x91);
    ck_assert_uint_eq(o->answer_len, 0);
    air_session(o);
    ck_assert_uint_eq(o->sent_count, 1);
    r = air_sent_proof(o, &p);
    ck_assert(r.authenticated);
    hexrow_assert(r.data, "02 9000 988812010000400310F0", "proof");
    ck_assert_uint_eq(air_hex(o, "80F2000C00"), 0x9000);
}
END_TEST

/* D0 { details, devices UICC -> network, silent alpha, service centre, TPDU } (TS 102 223 6.6.9) */
START_TEST(por_prove_by_submit_has_service_centre)
{
    struct air_packet p = by_submit(AIR_RFM_UICC, 1, "00A4080C022FE2");
    struct rd in, value;
    struct tlv d0;

    air_run(o, &p);
    ck_assert(air_fetch(o));
    in = RD(o->answer, o->answer_len);
    ck_assert_int_eq(tlv_next(&in, &d0), ERR_OK);
    ck_assert_int_eq(ctlv_find(d0.value, 0x02, &value), ERR_OK);
    hexrow_assert(value, "8183", "devices");
    ck_assert_int_eq(ctlv_find(d0.value, 0x05, &value), ERR_OK);
    ck_assert_uint_eq(value.left, 0);
    ck_assert_int_eq(ctlv_find(d0.value, 0x06, &value), ERR_OK);
    hexrow_assert(value, "91947101670000", "service centre");
}
END_TEST

/* An answer of 176 bytes: two messages, one after the other. */
START_TEST(por_prove_by_submit_in_parts)
{
    struct air_packet p = by_submit(AIR_RFM_USIM, 1, "00A4000C026F3C 00B20104B0");
    struct secpkt_response r;

    air_run(o, &p);
    ck_assert(air_fetch(o));
    ck_assert_uint_eq(air_hex(o, "80F2000C00"), 0x9000); /* one at a time */
    o->sw = 0x9100;
    air_reset(o);
    air_terminal(o);
    ck_assert_uint_eq(o->sent_count, 2);
    r = air_sent_proof(o, &p);
    ck_assert_uint_eq(r.data.left, 3 + 176);
    ck_assert_uint_eq(r.data.at[1], 0x90);
}
END_TEST

START_TEST(por_resume_after_power_cut)
{
    struct air_packet p = by_submit(AIR_RFM_UICC, 1, "00A4080C022FE2 00B000000A");

    air_run(o, &p);
    for (int i = 0; i < 3; i++) {
        air_power_cut(o, NVM_SIM_DROP);
        ck_assert_uint_eq(air_hex(o, "80F2000C00"), 0x9000); /* not before TERMINAL PROFILE */
    }
    air_terminal(o);
    ck_assert_uint_eq(o->sent_count, 1);
    ck_assert_uint_eq(air_sent_proof(o, &p).rsc, RSC_OK);
    air_power_cut(o, NVM_SIM_DROP);
    air_terminal(o);
    ck_assert_uint_eq(o->sent_count, 1);
}
END_TEST

START_TEST(por_poll_tries_again)
{
    struct air_packet p = by_submit(AIR_RFM_UICC, 1, "00A4080C022FE2");

    air_run(o, &p);
    o->result = 0x21; /* the network is unable to */
    air_session(o);
    ck_assert_uint_eq(o->sent_count, 1);
    ck_assert_uint_eq(air_hex(o, "80F2000C00") >> 8, 0x91);
    o->result = 0x00;
    air_session(o);
    ck_assert_uint_eq(o->sent_count, 2);
    ck_assert_uint_eq(air_hex(o, "80F2000C00"), 0x9000);
}
END_TEST

START_TEST(por_gives_up_what_is_refused_for_good)
{
    struct air_packet p = by_submit(AIR_RFM_UICC, 1, "00A4080C022FE2");

    air_run(o, &p);
    o->result = 0x30;
    for (int i = 0; i < 10; i++) {
        air_session(o);
        air_hex(o, "80F2000C00");
    }
    ck_assert_uint_eq(o->sent_count, POR_ATTEMPTS);
    air_power_cut(o, NVM_SIM_DROP);
    air_terminal(o);
    ck_assert_uint_eq(o->sent_count, POR_ATTEMPTS);
}
END_TEST

START_TEST(por_follow_refreshes_after_proof)
{
    struct air_packet p = by_submit(AIR_RFM_USIM, 1, "00A4000C026F07 00D6000009082926102143658709");

    air_run(o, &p);
    ck_assert(air_fetch(o));
    ck_assert_uint_eq(o->answer[5], 0x13); /* SEND SHORT MESSAGE first */
    ck_assert_uint_eq(air_respond(o, 0x00) >> 8, 0x91);
    ck_assert(air_fetch(o));
    ck_assert_uint_eq(o->answer[5], 0x01);
    ck_assert_uint_eq(o->answer[6], 0x04);
}
END_TEST

START_TEST(por_follow_refreshes_though_proof_fails)
{
    struct air_packet p = by_submit(AIR_RFM_USIM, 1, "00A4000C026F07 00D6000009082926102143658709");

    air_run(o, &p);
    o->result = 0x21;
    for (int i = 0; i < POR_ATTEMPTS && o->refreshes == 0; i++) {
        air_session(o);
        air_hex(o, "80F2000C00");
    }
    air_session(o);
    ck_assert_uint_eq(o->refreshes, 1);
    o->result = 0x00;
    o->sent_count = 0;
    air_reset(o); /* the next session sends it */
    air_terminal(o);
    ck_assert_uint_eq(air_sent_proof(o, &p).rsc, RSC_OK);
}
END_TEST

/* Nobody without a key makes the card send messages. */
START_TEST(por_refuse_never_by_submit)
{
    struct air_packet p = by_submit(AIR_RFM_UICC, 1, "00A4080C022FE2");
    uint8_t packet[SECPKT_MAX];
    size_t n = air_seal(o, &p, packet);

    packet[n - 1] ^= 1;
    ck_assert_uint_eq(air_deliver(o, RD(packet, n)), 0x9000);
    ck_assert_uint_eq(o->answer[15], RSC_CC_FAILED);
    ck_assert_uint_eq(air_hex(o, "80F2000C00"), 0x9000);
}
END_TEST

START_TEST(por_outbox_is_bounded)
{
    struct rd outbox;

    air_reset(o); /* no TERMINAL PROFILE: all of them wait */
    for (uint64_t i = 1; i <= 3 * POR_OUTBOX_MAX; i++) {
        struct air_packet p = by_submit(AIR_RFM_UICC, i, "00A4080C022FE2");

        ck_assert_uint_eq(air_run(o, &p), 0x9000);
        ck_assert_uint_eq(o->answer_len, 0);
    }
    ck_assert(store_get(&o->card->store, OBJ_OUTBOX, &outbox));
    ck_assert_uint_le(outbox.left, POR_OUTBOX_MAX * 160);
    air_terminal(o);
    ck_assert_uint_eq(o->sent_count, POR_OUTBOX_MAX);
    ck_assert(!store_get(&o->card->store, OBJ_OUTBOX, &outbox));
}
END_TEST

/* Somebody replays what he overheard while the proof of a change waits for coverage. */
START_TEST(sec_C17_replays_do_not_push_a_proof_out)
{
    struct air_packet p = by_submit(AIR_RFM_UICC, 7, "00A4080C022FE2 00B000000A");
    struct secpkt_response r;
    struct rd outbox;
    uint64_t written;

    air_reset(o);
    ck_assert_uint_eq(air_run(o, &p), 0x9000);
    for (int i = 0; i < 10; i++)
        ck_assert_uint_eq(air_run(o, &p), 0x9000);
    written = store_written(&o->card->store);
    for (int i = 0; i < 100; i++)
        ck_assert_uint_eq(air_run(o, &p), 0x9000);
    ck_assert_uint_eq(store_written(&o->card->store), written);
    air_terminal(o);
    ck_assert_uint_eq(o->sent_count, POR_OUTBOX_REFUSALS);
    o->sent_count = 1;
    r = air_sent_proof(o, &p);
    ck_assert_uint_eq(r.rsc, RSC_OK);
    ck_assert(!store_get(&o->card->store, OBJ_OUTBOX, &outbox));
}
END_TEST

Suite *suite_under_test(void)
{
    Suite *s = suite_create("por");
    TCase *t = tcase_create("TS 31.115 4.4");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, por_prove_by_submit);
    tcase_add_test(t, por_prove_by_submit_has_service_centre);
    tcase_add_test(t, por_prove_by_submit_in_parts);
    tcase_add_test(t, por_resume_after_power_cut);
    tcase_add_test(t, por_poll_tries_again);
    tcase_add_test(t, por_gives_up_what_is_refused_for_good);
    tcase_add_test(t, por_follow_refreshes_after_proof);
    tcase_add_test(t, por_follow_refreshes_though_proof_fails);
    tcase_add_test(t, por_refuse_never_by_submit);
    tcase_add_test(t, por_outbox_is_bounded);
    tcase_add_test(t, sec_C17_replays_do_not_push_a_proof_out);
    suite_add_tcase(s, t);
    return s;
}
