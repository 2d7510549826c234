/*
 * fuzz_life.c - the life of one card among everybody who talks to it: a terminal, a server that
 * holds its keys, a server that does not, an operator that hands it over, a host of its issuer
 * security domain, and somebody who pulls the plug. The input is a list of steps, a byte each and
 * what the step takes:
 *
 *   00-7F  that many bytes of command, as they are
 *   80     a packet under the card's keys        88  TERMINAL PROFILE
 *   81     the same with bits turned over        89  VERIFY, ENABLE, DISABLE
 *   82     the last packet once more             8A  AUTHENTICATE
 *   83     an operator change                    8B  time goes by
 *   84     PUT KEY, or a new K                   8C  warm reset
 *   85     FETCH                                 8D  power cut, or one in the next command
 *   86     TERMINAL RESPONSE                     8E  a secure channel
 *   87     ENVELOPE                              8F  a command under it
 *
 * Claims, after each: the answer is one that a UICC may give; the card is whole and with one
 * operator; no counter, sequence number or slot goes back; no answer holds a key; a packet that
 * was altered moves nothing; who has proved nothing has not changed the identity.
 */
#include "apdu/gp.h"
#include "apdu/hex.h"
#include "test/fuzz/require.h"
#include "test/support/uicc/air.h"
#include "test/support/uicc/offcard.h"
#include "test/support/uicc/torn.h"
#include "test/support/uicc/whole.h"
#include "uicc/aka/sqn.h"
#include "uicc/remote/counter.h"

#include <inttypes.h>
#include <string.h>

#define STEPS_MAX 300
#define ARENA_MAX (2U << 20)
#define ROOM      12000 /* bytes of a bank beyond those that the card takes at first */
#define DATA_MAX  600
#define LEAK_LEN  8 /* so many bytes of a key in a row are no coincidence */

struct life {
    struct air *air;
    struct nvm_sim origin;
    struct perso_card delivered;
    struct test_card view; /* of the same card, for the other end of a secure channel */
    struct offcard *host;
    struct whole_marks marks;
    uint8_t packet[SECPKT_MAX];
    size_t packet_len;
    bool proved;     /* somebody showed a key, or ADM1 */
    bool proved_now; /* the last packet did */
    bool renewed;    /* somebody may have replaced K */
    uint8_t fetched[256];
    size_t fetched_len;
};

static uint64_t commands, packets;

__attribute__((destructor)) static void say_how_much(void)
{
    (void)fprintf(stderr, "life: %" PRIu64 " commands, %" PRIu64 " packets\n", commands, packets);
}

/* ---- claims ---- */

/* Byte by byte, so that no comparison tells a fuzzer what the key is. */
static bool holds_piece(struct rd where, const uint8_t *piece)
{
    for (size_t at = 0; at + LEAK_LEN <= where.left; at++) {
        uint8_t difference = 0;

        for (size_t i = 0; i < LEAK_LEN; i++)
            difference |= where.at[at + i] ^ piece[i];
        if (difference == 0)
            return true;
    }
    return false;
}

static void require_no_key(const struct life *l, struct rd answer)
{
    for (unsigned i = 0; i < l->delivered.slot_count; i++) {
        const struct perso_pair *p = &l->delivered.pairs[i];
        const struct secret *keys[] = {&p->aka.k, &p->aka.opc, &p->kic.key, &p->kid.key,
                                       &p->kik.key};

        for (size_t k = 0; k < ARRAY_LEN(keys); k++)
            require(!holds_piece(answer, keys[k]->bytes) &&
                    !holds_piece(answer, keys[k]->bytes + LEAK_LEN));
    }
}

static void require_identity(const struct life *l)
{
    struct uicc_info info;

    require(uicc_info(l->air->card, &info) == ERR_OK);
    require(info.slot_in_force != 0);
    require(l->proved || (strcmp(info.imsi, l->delivered.imsi) == 0 &&
                          strcmp(info.iccid, l->delivered.iccid) == 0));
}

static void require_whole(struct life *l)
{
    const struct card *card = l->air->card;

    require_none(whole_card(card));
    require_none(whole_since(card, &l->marks, l->renewed));
    whole_mark(card, &l->marks);
    require_identity(l);
}

/* The power may be gone in the middle of a command; then there is no answer. */
static bool survive_power_cut(struct life *l)
{
    if (!l->air->sim.dead)
        return false;
    air_power_cut(l->air, (enum nvm_sim_policy)(commands % NVM_SIM_POLICIES));
    require_whole(l);
    return true;
}

static void send(struct life *l, struct rd command)
{
    uint8_t response[APDU_RESPONSE_MAX];
    struct wr w = WR_ARRAY(response);
    struct air *o = l->air;

    commands++;
    uicc_transmit(o->card, command, &w);
    require(wr_result(&w) == ERR_OK && whole_answer(RD_WR(&w)));
    require_no_key(l, RD_WR(&w));
    o->answer_len = w.len - 2;
    memcpy(o->answer, response, o->answer_len);
    o->sw = (uint16_t)(response[w.len - 2] << 8 | response[w.len - 1]);
    if (!survive_power_cut(l))
        require_whole(l);
}

/* What the helpers of air.h sent. */
static void judge(struct life *l)
{
    require(whole_is_legal((uint8_t)(l->air->sw >> 8), (uint8_t)l->air->sw));
    require_no_key(l, RD(l->air->answer, l->air->answer_len));
    if (!survive_power_cut(l))
        require_whole(l);
}

/* ---- servers ---- */

static const char *const tars[] = {AIR_RFM_USIM, AIR_RFM_UICC, AIR_RFM_SIM,
                                   AIR_RAM,      AIR_OPCHANGE, "123456"};

static uint8_t take(struct rd *input)
{
    uint8_t value = 0;

    return rd_u8(input, &value) == ERR_OK ? value : 0;
}

/* As many bytes as the next two say, or as there are. */
static struct rd take_data(struct rd *input)
{
    size_t n = (size_t)(take(input) << 8 | take(input)) % DATA_MAX;
    struct rd data;

    if (rd_take(input, n < input->left ? n : input->left, &data) != ERR_OK)
        return RD(NULL, 0);
    return data;
}

static void deliver(struct life *l, bool proves)
{
    l->proved_now = proves;
    l->proved = l->proved || proves;
    packets++;
    commands += sms_packet_parts(l->packet_len);
    air_deliver(l->air, RD(l->packet, l->packet_len));
    judge(l);
}

static void seal(struct life *l, uint8_t slot, const char *tar, struct rd data, uint8_t spi2,
                 int8_t ahead)
{
    uint64_t counter = counter_read(&l->air->card->store, slot);
    struct air_packet p = air_packet(l->air, slot, tar, counter + (uint64_t)(int64_t)ahead, data);

    p.command.counter &= SECPKT_COUNTER_MAX;
    p.command.header.spi[1] = spi2;
    l->packet_len = air_seal(l->air, &p, l->packet);
}

static void seal_any(struct life *l, struct rd *input)
{
    uint8_t slot = (uint8_t)(take(input) % l->delivered.slot_count + 1);
    const char *tar = tars[take(input) % ARRAY_LEN(tars)];
    uint8_t spi2 = take(input) & 0x3B;
    int8_t ahead = (int8_t)take(input);

    seal(l, slot, tar, take_data(input), spi2, ahead);
}

static void packet_step(struct life *l, struct rd *input)
{
    seal_any(l, input);
    deliver(l, true);
}

/* Nobody can alter a packet so that anything comes of it. */
static void altered_step(struct life *l, struct rd *input)
{
    const struct whole_marks before = l->marks;
    uint8_t good[SECPKT_MAX];

    seal_any(l, input);
    memcpy(good, l->packet, l->packet_len);
    for (uint8_t n = take(input) % 8; n > 0; n--) {
        size_t at = (size_t)(take(input) << 8 | take(input)) % l->packet_len;

        l->packet[at] ^= take(input);
    }
    deliver(l, memcmp(good, l->packet, l->packet_len) == 0);
    require(l->proved_now || memcmp(&before, &l->marks, sizeof before) == 0);
}

static void again_step(struct life *l, struct rd *input)
{
    (void)input;
    if (l->packet_len > 0)
        deliver(l, l->proved_now);
}

static void change_step(struct life *l, struct rd *input)
{
    uint8_t data[160], op = take(input),
                       slot = (uint8_t)(take(input) % l->delivered.slot_count + 1);
    struct opchange_command c = air_change_to(slot, "999700123456789", op >> 4, take(input) % 64);
    struct wr w = WR_ARRAY(data);

    c.op = (enum opchange_op)(op % 3 + 1);
    c.expected = (uint8_t)(c.expected + (op & 0x08 ? take(input) : 0));
    if (c.op == OPCHANGE_QUERY)
        c.expected = 0;
    c.imsi[8] = take(input);
    opchange_write(&w, &c);
    seal(l, slot, AIR_OPCHANGE, RD_WR(&w), op & 0x04 ? 0x39 : 0x19, 1);
    deliver(l, true);
}

/* The servers know what the card has now. */
static void tell_keys(struct life *l)
{
    for (uint8_t i = 1; i <= l->delivered.slot_count; i++) {
        struct perso_pair *p = &l->air->made.pairs[i - 1];
        struct slot slot SLOT_WIPED = {0};

        if (slot_read(&l->air->card->store, i, &slot) != ERR_OK || slot.state == SLOT_RETIRED)
            continue;
        p->aka = slot.aka;
        p->kic = slot.kic;
        p->kid = slot.kid;
        p->kik = slot.kik;
    }
}

/* Keys as operator B would put them; half of them are told wrong. */
static void keys_step(struct life *l, struct rd *input)
{
    uint8_t what = take(input), wrapped[16], bytes[256];
    uint8_t slot = (uint8_t)(take(input) % l->delivered.slot_count + 1);
    const struct secpkt_key *kik = &l->air->made.pairs[slot - 1].kik;
    struct gp_key key = {.type = GP_KEY_AES, .key = {.len = 16}}, dek = {GP_KEY_AES, kik->key};
    struct gp_key keys[3];
    struct opchange_command c = {.op = OPCHANGE_RENEW, .expected = slot};
    struct wr w = WR_ARRAY(bytes);

    memset(key.key.bytes, what, 16);
    require(gp_kcv(l->air->crypto, &key, c.new_k_kcv) == ERR_OK);
    require(crypto_encrypt(l->air->crypto, CRYPTO_AES_CBC, &kik->key, key.key.bytes, wrapped, 16) ==
            ERR_OK);
    c.new_k_kcv[0] ^= what & 1;
    c.new_k = RD_ARRAY(wrapped);
    l->renewed = true;
    if (what & 2) {
        opchange_write(&w, &c);
        seal(l, slot, AIR_OPCHANGE, RD_WR(&w), 0x19, 1);
    } else {
        keys[0] = keys[1] = keys[2] = key;
        require(gp_write_put_key(l->air->crypto, slot, slot, keys, 3, &dek, &w) == ERR_OK);
        bytes[w.len - 1] ^= what & 1;
        seal(l, slot, AIR_RAM, RD_WR(&w), 0x19, 1);
    }
    deliver(l, true);
    tell_keys(l);
}

/* ---- the terminal ---- */

static void command_step(struct life *l, uint8_t len, struct rd *input)
{
    struct rd command;

    if (rd_take(input, len, &command) == ERR_OK)
        send(l, command);
}

static void fetch_step(struct life *l, struct rd *input)
{
    uint8_t fetch[5] = {0x80, 0x12, 0x00, 0x00, (uint8_t)l->air->sw};

    (void)input;
    if (l->air->sw >> 8 != 0x91)
        fetch[4] = take(input);
    send(l, RD_ARRAY(fetch));
    if (l->air->sw == 0x9000 && l->air->answer_len <= sizeof l->fetched) {
        l->fetched_len = l->air->answer_len;
        memcpy(l->fetched, l->air->answer, l->fetched_len);
    }
}

/* To the command fetched last, or to none; a general result, and whatever follows. */
static void response_step(struct life *l, struct rd *input)
{
    uint8_t apdu[5 + 255] = {0x80, 0x14, 0x00, 0x00, 0x00};
    uint8_t details[] = {0x81, 0x03, 0x01, 0x21, 0x80}, result = take(input), more = take(input);
    const uint8_t devices[] = {0x82, 0x02, 0x82, 0x81};
    struct wr w = {apdu, 5, sizeof apdu, false};
    struct rd rest = {0};

    if (l->fetched_len > 7)
        memcpy(details, l->fetched + (l->fetched[1] == 0x81 ? 3 : 2), sizeof details);
    wr_bytes(&w, details, sizeof details);
    wr_bytes(&w, devices, sizeof devices);
    wr_bytes(&w, (const uint8_t[]){0x03, 0x01, result}, 3);
    if (rd_take(input, more % 200, &rest) == ERR_OK)
        wr_rd(&w, rest);
    apdu[4] = (uint8_t)(w.len - 5);
    send(l, RD_WR(&w));
}

static void envelope_step(struct life *l, struct rd *input)
{
    static const uint8_t tags[] = {0xD1, 0xD2, 0xD3, 0xD4, 0xD5, 0xD6, 0xD7, 0xD8,
                                   0xD9, 0xDA, 0xDB, 0xDC, 0xDD, 0xDE, 0xDF, 0xE2};
    uint8_t apdu[5 + 2 + 120] = {0x80, 0xC2, 0x00, 0x00, 0x00};
    uint8_t tag = take(input), len = take(input) % 120;
    struct rd value = {0};

    if (rd_take(input, len, &value) != ERR_OK)
        return;
    apdu[4] = (uint8_t)(len + 2);
    apdu[5] = tags[tag % ARRAY_LEN(tags)];
    apdu[6] = len;
    memcpy(apdu + 7, value.at, len);
    send(l, RD(apdu, 7U + len));
}

static void profile_step(struct life *l, struct rd *input)
{
    uint8_t apdu[5 + 20] = {0x80, 0x10, 0x00, 0x00, 0x14}, mask = take(input);

    memset(apdu + 5, mask == 0 ? 0xFF : mask, 20);
    send(l, RD_ARRAY(apdu));
}

/* VERIFY, DISABLE or ENABLE PIN1, VERIFY ADM1; right or wrong. */
static void pin_step(struct life *l, struct rd *input)
{
    static const uint8_t ins[] = {0x20, 0x26, 0x28, 0x20};
    uint8_t what = take(input), apdu[13] = {0x00, ins[what % 4], 0x00, 0x01, 0x08};
    bool adm = what % 4 == 3;

    memcpy(apdu + 5, adm ? l->delivered.adm1 : l->delivered.pin1, 8);
    apdu[3] = adm ? 0x0A : 0x01;
    apdu[12] ^= what & 0x80;
    l->proved = l->proved || (adm && (what & 0x80) == 0);
    send(l, RD_ARRAY(apdu));
}

static void authenticate_step(struct life *l, struct rd *input)
{
    uint8_t slot = (uint8_t)(take(input) % l->delivered.slot_count + 1);
    uint64_t sqn = sqn_highest(&l->air->card->store, slot) + take(input);
    uint8_t apdu[5 + 34] = {0x00, 0x88, 0x00, 0x81, 0x22, 0x10};
    const uint8_t amf[2] = {0x80, 0x00};
    struct aka_result result;

    apdu[22] = 0x10;
    require(aka_autn(l->air->crypto, &l->air->made.pairs[slot - 1].aka, apdu + 6, sqn, amf, &result,
                     apdu + 23) == ERR_OK);
    apdu[38] ^= take(input) & 1;
    send(l, RD_ARRAY(apdu));
}

static void time_step(struct life *l, struct rd *input)
{
    const uint8_t status[] = {0x80, 0xF2, 0x00, 0x0C, 0x00};

    l->air->now_ms += (uint64_t)take(input) * 8000;
    send(l, RD_ARRAY(status));
}

/* ---- the world ---- */

static void reset_step(struct life *l, struct rd *input)
{
    (void)input;
    air_reset(l->air);
    l->air->sw = 0;
    require_whole(l);
}

static void power_step(struct life *l, struct rd *input)
{
    uint8_t when = take(input) % 16;

    l->air->sim.ops = 0;
    l->air->sim.cut_at = when;
    if (when != 0)
        return;
    air_power_cut(l->air, (enum nvm_sim_policy)(take(input) % NVM_SIM_POLICIES));
    require_whole(l);
}

/* ---- the other end of a secure channel ---- */

static void send_hex(struct life *l, const char *hex)
{
    uint8_t bytes[512];
    struct wr w = WR_ARRAY(bytes);

    require(hex_decode(hex, &w) == ERR_OK);
    send(l, RD_WR(&w));
}

static void secure_step(struct life *l, struct rd *input)
{
    uint8_t what = take(input);
    static const uint8_t levels[] = {0x00, 0x01, 0x03, 0x11, 0x13, 0x33};

    commands += 3;
    l->proved = true;
    l->view.card = l->air->card;
    l->host->s_mac.len = 0;
    (void)card_run(&l->view, "00A4040008A000000151000000");
    (void)offcard_initialise(l->host, (uint8_t)(0x30 + what % 4));
    if (l->host->s_mac.len > 0)
        (void)offcard_authenticate(l->host, levels[what / 4 % ARRAY_LEN(levels)], false);
    if (!survive_power_cut(l))
        require_whole(l);
}

static void secured_step(struct life *l, struct rd *input)
{
    static const uint8_t ins[] = {0xE6, 0xE8, 0xE4, 0xF0, 0xF2, 0xE2, 0xD8, 0xCA};
    uint8_t apdu[5 + 200] = {0x80}, len;
    char hex[2 * sizeof apdu + 1], wrapped[700];
    struct rd data;

    apdu[1] = ins[take(input) % ARRAY_LEN(ins)];
    apdu[2] = take(input);
    apdu[3] = take(input);
    apdu[4] = len = take(input) % 200;
    if (l->host->s_mac.len == 0 || rd_take(input, len, &data) != ERR_OK)
        return;
    memcpy(apdu + 5, data.at, len);
    require(hex_encode(RD(apdu, 5U + len), hex, sizeof hex) == ERR_OK);
    send_hex(l, offcard_wrap(l->host, hex, wrapped, sizeof wrapped));
}

/* ---- */

static void (*const steps[16])(struct life *l, struct rd *input) = {
    packet_step,   altered_step,  again_step,   change_step,  keys_step,         fetch_step,
    response_step, envelope_step, profile_step, pin_step,     authenticate_step, time_step,
    reset_step,    power_step,    secure_step,  secured_step,
};

/* One card is made; each input begins with what it was then, in a memory small enough to be put in
 * order, or to be full, in the middle of a life. */
static void begin(struct life *l)
{
    struct torn small = {.room = ROOM};

    if (l->air == NULL) {
        l->air = air_new(NULL, SECPKT_AES);
        l->delivered = l->air->made;
        l->view.perso = l->delivered;
        l->host = offcard_new(&l->view);
        small.base = &l->air->sim;
        torn_make(&small, &l->origin);
    }
    uicc_destroy(&l->air->card);
    nvm_sim_copy(&l->air->sim, &l->origin);
    require(uicc_create(l->air->engine, &l->air->host, &l->air->card) == ERR_OK);
    air_reset(l->air);
    l->air->made = l->delivered;
    l->air->sw = 0;
    l->packet_len = l->fetched_len = 0;
    l->proved = l->renewed = false;
    l->host->s_mac.len = 0;
    whole_mark(l->air->card, &l->marks);
    require(l->air->arena.used < ARENA_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct life life;
    struct rd input = RD(data, size);
    uint8_t what;

    begin(&life);
    for (unsigned n = 0; n < STEPS_MAX && rd_u8(&input, &what) == ERR_OK; n++) {
        if (what < 0x80)
            command_step(&life, what, &input);
        else
            steps[what % ARRAY_LEN(steps)](&life, &input);
    }
    return 0;
}
