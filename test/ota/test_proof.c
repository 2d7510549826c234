/* Tests of ota/campaign/proof.h. Goal: a state follows only from a response whose CC verifies under
 * the card's keys and whose TAR and counter are those of a packet we sent. Method: one real proof,
 * then everything that somebody without the keys can make of it or in its place. */
#include "apdu/hex.h"
#include "ota/campaign/proof.h"
#include "test/support/ota/fake_net.h"
#include "test/support/runner.h"

#include <stdlib.h>
#include <string.h>

#define FORGED 100000

/* A command of ours on its way to card 1 (AES) of three, and the card's true answer to it. */
struct scene {
    struct fake_net *net;
    struct ledger_campaign campaign;
    struct ledger_job job;
    struct campaign_subject subject;
    struct ledger_packet last;
    uint8_t answer_bytes[256];
    struct rd answer;
};

static void begin(struct scene *s, enum ledger_method method, size_t card)
{
    struct wr w;

    *s = (struct scene){.net = fake_net_new(4, 7)};
    ledger_campaign_defaults(&s->campaign, method);
    s->job.key_index = 1;
    s->job.to_index = 2;
    s->job.tries = 1;
    memcpy(s->job.new_imsi, "002020000000001", 16);
    s->subject = (struct campaign_subject){&s->campaign, &s->job, &s->net->cards[card].keys, NULL};
    s->last = (struct ledger_packet){.purpose = LEDGER_COMMAND, .counter = 77};
    s->job.command_counter = 77;
    ck_assert_int_eq(campaign_plan_seal(s->net->crypto, &s->subject, &s->last), ERR_OK);
    w = (struct wr){s->answer_bytes, 0, sizeof s->answer_bytes, false};
    s->answer = fake_card_answer(s->net, &s->net->cards[card], RD(s->last.octets, s->last.len), &w);
}

static void end(struct scene *s)
{
    fake_net_free(&s->net);
}

static struct campaign_finding judge(struct scene *s, struct rd packet)
{
    struct campaign_finding f;

    campaign_proof_judge(s->net->crypto, &s->subject, &s->last, packet, &f);
    return f;
}

static uint64_t draw(struct scene *s)
{
    s->net->random ^= s->net->random << 13;
    s->net->random ^= s->net->random >> 7;
    s->net->random ^= s->net->random << 17;
    return s->net->random;
}

START_TEST(campaign_proof_judge_believes_the_card)
{
    struct scene s;
    struct campaign_finding f;

    begin(&s, LEDGER_3B, (size_t)_i); /* 3DES and AES */
    f = judge(&s, s.answer);
    ck_assert_int_eq(f.verdict, CAMPAIGN_DONE);
    ck_assert_int_eq(f.answers, LEDGER_COMMAND);
    ck_assert_str_eq(f.text, "slot 2, in trial");
    end(&s);
}
END_TEST

START_TEST(sec_S2_every_flipped_bit_is_nothing)
{
    struct scene s;

    begin(&s, LEDGER_3B, (size_t)_i);
    for (size_t bit = 0; bit < 8 * s.answer.left; bit++) {
        s.answer_bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
        ck_assert_int_le(judge(&s, s.answer).verdict, CAMPAIGN_HINT);
        s.answer_bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    ck_assert_int_eq(judge(&s, s.answer).verdict, CAMPAIGN_DONE);
    end(&s);
}
END_TEST

START_TEST(sec_S2_every_truncation_is_nothing)
{
    struct scene s;

    begin(&s, LEDGER_3B, (size_t)_i);
    for (size_t n = 0; n < s.answer.left; n++)
        ck_assert_int_eq(judge(&s, RD(s.answer.at, n)).verdict, CAMPAIGN_NOTHING);
    end(&s);
}
END_TEST

/* Right lengths, right TAR, the rest by chance; and wholly by chance. */
static size_t forge(struct scene *s, uint8_t *bytes)
{
    size_t len = s->answer.left;

    if (draw(s) % 4 == 0) {
        len = draw(s) % 200;
        for (size_t i = 0; i < len; i++)
            bytes[i] = (uint8_t)draw(s);
        return len;
    }
    memcpy(bytes, s->answer.at, len);
    for (size_t i = 6 + draw(s) % (len - 6); i < len; i++)
        bytes[i] = (uint8_t)draw(s);
    bytes[len - 1] ^= (uint8_t)(memcmp(bytes, s->answer.at, len) == 0);
    return len;
}

START_TEST(sec_S2_of_100000_forged_proofs_none_counts)
{
    struct scene s;
    unsigned believed = 0;

    begin(&s, LEDGER_3B, 1);
    for (unsigned i = 0; i < FORGED; i++) {
        uint8_t bytes[256];
        size_t len = forge(&s, bytes);

        believed += judge(&s, RD(bytes, len)).verdict > CAMPAIGN_HINT;
    }
    ck_assert_uint_eq(believed, 0);
    end(&s);
}
END_TEST

static void put_plain(struct wr *w, uint64_t counter, uint8_t rsc, const char *data)
{
    size_t len = strlen(data);

    wr_u16(w, (uint16_t)(11 + len));
    wr_u8(w, 10);
    wr_bytes(w, OPCHANGE_TAR, 3);
    wr_u40(w, counter);
    wr_u8(w, 0);
    wr_u8(w, rsc);
    wr_bytes(w, data, len);
}

static const struct {
    uint64_t counter;
    uint8_t rsc;
    enum campaign_verdict want;
} plain[] = {
    {77, RSC_OK, CAMPAIGN_NOTHING},       {0, RSC_OK, CAMPAIGN_NOTHING},
    {77, RSC_CNTR_LOW, CAMPAIGN_HINT},    {0, RSC_SECURITY, CAMPAIGN_HINT},
    {76, RSC_SECURITY, CAMPAIGN_NOTHING}, {77, RSC_TAR_UNKNOWN, CAMPAIGN_HINT},
};

START_TEST(sec_S2_a_plain_response_is_a_hint_at_most)
{
    struct scene s;
    uint8_t bytes[64];
    struct wr w = WR_ARRAY(bytes);

    begin(&s, LEDGER_3B, 1);
    put_plain(&w, plain[_i].counter, plain[_i].rsc, "");
    ck_assert_int_eq(judge(&s, RD_WR(&w)).verdict, plain[_i].want);
    w.len = 0;
    put_plain(&w, plain[_i].counter, plain[_i].rsc, "0123456789012345");
    ck_assert_int_le(judge(&s, RD_WR(&w)).verdict, CAMPAIGN_HINT);
    end(&s);
}
END_TEST

START_TEST(sec_S2_the_proof_of_another_card_is_nothing)
{
    struct scene s;
    uint8_t bytes[256];
    struct wr w = WR_ARRAY(bytes);
    struct campaign_subject other;
    struct ledger_packet packet;
    struct rd answer;

    begin(&s, LEDGER_3B, 1);
    other = s.subject;
    other.keys = &s.net->cards[3].keys;
    packet = s.last;
    ck_assert_int_eq(campaign_plan_seal(s.net->crypto, &other, &packet), ERR_OK);
    answer = fake_card_answer(s.net, &s.net->cards[3], RD(packet.octets, packet.len), &w);
    ck_assert_int_eq(judge(&s, answer).verdict, CAMPAIGN_NOTHING);
    end(&s);
}
END_TEST

START_TEST(sec_S2_the_proof_of_another_packet_is_nothing)
{
    struct scene s;

    begin(&s, LEDGER_3B, 1);
    s.last.counter = 78; /* the server has gone on: a replayed proof of counter 77 */
    s.job.command_counter = 78;
    ck_assert_int_eq(judge(&s, s.answer).verdict, CAMPAIGN_NOTHING);
    /* Counter 77 is that of the command, and the last packet was the question: it still counts. */
    s.job.command_counter = 77;
    s.last.purpose = LEDGER_ASK;
    ck_assert_int_eq(judge(&s, s.answer).verdict, CAMPAIGN_DONE);
    end(&s);
}
END_TEST

START_TEST(sec_S2_without_a_cc_in_spi_nothing_counts)
{
    struct scene s;
    uint8_t bytes[256];
    struct wr w = WR_ARRAY(bytes);

    begin(&s, LEDGER_3B, 1);
    s.last.header.spi[1] = SPI2_POR_ALWAYS;
    ck_assert_int_eq(judge(&s, s.answer).verdict, CAMPAIGN_NOTHING);
    /* A CRC that matches is no proof: everybody can compute it. */
    s.campaign.spi[1] = SPI2_POR_ALWAYS | SPI2_CHECK_RC;
    s.net->cards[1].keys.ota.kid.algorithm = SECPKT_3DES2; /* KID 15: CRC-32 */
    s.last.counter = 78;
    ck_assert_int_eq(campaign_plan_seal(s.net->crypto, &s.subject, &s.last), ERR_OK);
    ck_assert_int_eq(
        judge(&s, fake_card_answer(s.net, &s.net->cards[1], RD(s.last.octets, s.last.len), &w))
            .verdict,
        CAMPAIGN_NOTHING);
    end(&s);
}
END_TEST

START_TEST(campaign_proof_judge_reads_what_a_script_did)
{
    struct scene s;
    struct campaign_finding f;

    begin(&s, LEDGER_3A, 1);
    f = judge(&s, s.answer);
    ck_assert_int_eq(f.verdict, CAMPAIGN_DONE);
    ck_assert_str_eq(f.text, "50 commands, last 9000");
    end(&s);
}
END_TEST

/* An error action, a session indication, three commands. */
#define THREE "AA 1A 8200 810181 2205 00A4000C00 2205 00A4000C00 2205 00A4000C00"

static const struct {
    const char *what, *script, *answer;
    enum campaign_verdict verdict;
} scripts[] = {
    {"all of it", THREE, "AB 0F 800105 2302 9000 2302 9000 2302 9000", CAMPAIGN_DONE},
    {"all of it, without a number", THREE, "AB 0C 2302 9000 2302 9000 2302 9000", CAMPAIGN_DONE},
    {"one answer for all", THREE, "AB 07 800105 2302 9000", CAMPAIGN_DONE},
    {"cut in the first", THREE, "AB 07 800103 2302 62F1", CAMPAIGN_REFUSED},
    {"up to the early response", "AA 11 2205 00A4000C00 810182 2205 00A4000C00",
     "AB 07 800102 2302 9000", CAMPAIGN_DONE},
};

START_TEST(campaign_proof_judge_counts_commands_of_a_script)
{
    struct scene s;
    struct wr script, answer;
    uint8_t bytes[64];
    struct secpkt_response r = {.counter = 77};

    begin(&s, LEDGER_3A, 1);
    s.campaign.method = LEDGER_SCRIPT;
    script = WR_ARRAY(s.campaign.script);
    ck_assert_int_eq(hex_decode(scripts[_i].script, &script), ERR_OK);
    s.campaign.script_len = script.len;
    ck_assert_int_eq(campaign_plan_seal(s.net->crypto, &s.subject, &s.last), ERR_OK);
    answer = WR_ARRAY(bytes);
    ck_assert_int_eq(hex_decode(scripts[_i].answer, &answer), ERR_OK);
    memcpy(r.tar, s.last.header.tar, sizeof r.tar);
    r.data = RD_WR(&answer);
    script = WR_ARRAY(s.answer_bytes);
    ck_assert_int_eq(
        secpkt_seal_response(s.net->crypto, &r, &s.last.header, &s.net->cards[1].keys.ota, &script),
        ERR_OK);
    ck_assert_msg(judge(&s, RD_WR(&script)).verdict == scripts[_i].verdict, "%s", scripts[_i].what);
    end(&s);
}
END_TEST

/* What a card says of a change in which it is in another slot than planned. */
START_TEST(campaign_proof_judge_refuses_another_outcome)
{
    struct scene s;

    begin(&s, LEDGER_3B, 1);
    s.job.to_index = 3;
    ck_assert_int_eq(judge(&s, s.answer).verdict, CAMPAIGN_REFUSED);
    s.job.to_index = 2;
    memcpy(s.job.new_imsi, "002020000000002", 16);
    ck_assert_int_eq(judge(&s, s.answer).verdict, CAMPAIGN_REFUSED);
    end(&s);
}
END_TEST

static struct campaign_finding ask(struct scene *s)
{
    uint8_t bytes[256];
    struct wr w = WR_ARRAY(bytes);

    s->last.purpose = LEDGER_ASK;
    s->last.counter = ++s->net->cards[1].counter + 10;
    ck_assert_int_eq(campaign_plan_seal(s->net->crypto, &s->subject, &s->last), ERR_OK);
    return judge(s,
                 fake_card_answer(s->net, &s->net->cards[1], RD(s->last.octets, s->last.len), &w));
}

START_TEST(campaign_proof_judge_tells_the_ends_of_a_change_apart)
{
    struct scene s;
    struct fake_card *card;

    begin(&s, LEDGER_3B, 1);
    card = &s.net->cards[1];
    ck_assert_int_eq(ask(&s).verdict, CAMPAIGN_DONE);
    card->state = OPCHANGE_ACTIVE;
    ck_assert_int_eq(ask(&s).verdict, CAMPAIGN_DONE);
    card->state = OPCHANGE_FELL_BACK;
    card->active = 1;
    ck_assert_int_eq(ask(&s).verdict, CAMPAIGN_FELL_BACK);
    card->change_counter = 5; /* of an earlier change: ours never arrived */
    ck_assert_int_eq(ask(&s).verdict, CAMPAIGN_NOT_EXECUTED);
    card->change_counter = 0;
    card->state = OPCHANGE_NEVER;
    ck_assert_int_eq(ask(&s).verdict, CAMPAIGN_NOT_EXECUTED);
    end(&s);
}
END_TEST

Suite *suite_under_test(void)
{
    Suite *s = suite_create("proof");
    TCase *true_ones = tcase_create("TS 102 225 5.2");
    TCase *forged = tcase_create("TS 102 225 5.2.1");

    tcase_set_timeout(forged, 60);
    tcase_add_loop_test(true_ones, campaign_proof_judge_believes_the_card, 0, 2);
    tcase_add_test(true_ones, campaign_proof_judge_reads_what_a_script_did);
    tcase_add_loop_test(true_ones, campaign_proof_judge_counts_commands_of_a_script, 0,
                        (int)ARRAY_LEN(scripts));
    tcase_add_test(true_ones, campaign_proof_judge_refuses_another_outcome);
    tcase_add_test(true_ones, campaign_proof_judge_tells_the_ends_of_a_change_apart);
    tcase_add_loop_test(forged, sec_S2_every_flipped_bit_is_nothing, 0, 2);
    tcase_add_loop_test(forged, sec_S2_every_truncation_is_nothing, 0, 2);
    tcase_add_test(forged, sec_S2_of_100000_forged_proofs_none_counts);
    tcase_add_loop_test(forged, sec_S2_a_plain_response_is_a_hint_at_most, 0, ARRAY_LEN(plain));
    tcase_add_test(forged, sec_S2_the_proof_of_another_card_is_nothing);
    tcase_add_test(forged, sec_S2_the_proof_of_another_packet_is_nothing);
    tcase_add_test(forged, sec_S2_without_a_cc_in_spi_nothing_counts);
    suite_add_tcase(s, true_ones);
    suite_add_tcase(s, forged);
    return s;
}
