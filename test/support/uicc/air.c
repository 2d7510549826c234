#include "test/support/uicc/air.h"

#include "apdu/aka.h"
#include "apdu/ctlv.h"
#include "apdu/hex.h"
#include "apdu/tlv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SERVER              "+491710000001"
#define CENTRE              "+491710760000"
#define SLOTS               4
#define TAG_SYNCHRONISATION 0xDC
#define PROOF_AT            3 /* behind 02 71 00 */

/* Fuzz targets and benches use this file too, so nothing of libcheck is in it. */
#define MUST(claim) must((claim), #claim, __LINE__)

static void must(bool claim, const char *text, int line)
{
    if (claim)
        return;
    (void)fprintf(stderr, "air.c:%d: %s\n", line, text);
    abort();
}

/* --- the world around the card --- */

static enum err give_random(void *context, uint8_t *out, size_t n)
{
    struct air *o = context;

    for (size_t i = 0; i < n; i++)
        out[i] = (uint8_t)nvm_sim_random(&o->random);
    return ERR_OK;
}

static uint64_t tell_time(void *context)
{
    const struct air *o = context;

    return o->now_ms;
}

static void set(struct secret *s, uint8_t seed, uint8_t len)
{
    for (uint8_t i = 0; i < len; i++)
        s->bytes[i] = (uint8_t)(seed * 37 + i * 11 + 5);
    s->len = len;
}

static uint8_t key_len(enum secpkt_algorithm a)
{
    return a == SECPKT_DES ? 8 : a == SECPKT_3DES3 ? 24 : 16;
}

static void make_pairs(struct perso_card *made, enum secpkt_algorithm algorithm)
{
    made->slot_count = SLOTS;
    for (uint8_t i = 0; i < SLOTS; i++) {
        struct perso_pair *p = &made->pairs[i];

        aka_key_defaults(&p->aka, AKA_MILENAGE);
        set(&p->aka.k, (uint8_t)(0x11 + i), 16);
        set(&p->aka.opc, (uint8_t)(0x21 + i), 16);
        p->kic.algorithm = p->kid.algorithm = algorithm;
        p->kik.algorithm = algorithm == SECPKT_DES ? SECPKT_3DES2 : algorithm;
        set(&p->kic.key, (uint8_t)(0x31 + i), key_len(algorithm));
        set(&p->kid.key, (uint8_t)(0x41 + i), key_len(algorithm));
        set(&p->kik.key, (uint8_t)(0x51 + i), key_len(p->kik.algorithm));
    }
}

static void fill_pins(struct perso_card *made)
{
    memcpy(made->pin1, "1234\xFF\xFF\xFF\xFF", 8);
    memcpy(made->puk1, "12345678", 8);
    memcpy(made->pin2, "2345\xFF\xFF\xFF\xFF", 8);
    memcpy(made->puk2, "23456789", 8);
    memcpy(made->adm1, "34567890", 8);
}

static void power_on(struct air *o)
{
    uint8_t atr[64];
    struct wr w = WR_ARRAY(atr);

    MUST(uicc_create(o->engine, &o->host, &o->card) == ERR_OK);
    MUST(uicc_reset(o->card, &w) == ERR_OK);
}

struct air *air_new(const char *profile, enum secpkt_algorithm algorithm)
{
    struct air *o = calloc(1, sizeof *o);
    uint8_t *image_bytes = malloc(PERSO_IMAGE_MAX);
    struct wr image = WR(image_bytes, PERSO_IMAGE_MAX);
    char message[PERSO_MESSAGE_MAX] = "";

    MUST(o != NULL);
    MUST(image_bytes != NULL);
    o->made = (struct perso_card){.iccid = "8988211000000430010",
                                  .imsi = "001010123456789",
                                  .mnc_len = 2,
                                  .msisdn = "+4917279119183",
                                  .smsc = "+447797704848",
                                  .spn = "Operator A"};
    o->cc_len = SECPKT_CC_LEN;
    fill_pins(&o->made);
    make_pairs(&o->made, algorithm);
    nvm_sim_init(&o->sim, PERSO_NVM_SIZE);
    MUST(perso_compile(profile, &image, message) == ERR_OK);
    MUST(perso_write(&o->sim.device, RD_WR(&image), &o->made) == ERR_OK);
    free(image_bytes);
    o->block = aligned_alloc(16, AIR_ARENA);
    arena_init(&o->arena, o->block, AIR_ARENA);
    o->engine = uicc_engine_new(&o->arena);
    o->crypto = crypto_new();
    MUST(o->engine != NULL);
    MUST(o->crypto != NULL);
    o->host = (struct uicc_host){
        .context = o, .nvm = &o->sim.device, .random = give_random, .now_ms = tell_time};
    o->now_ms = 1000;
    power_on(o);
    return o;
}

void air_free(struct air **o)
{
    if (*o == NULL)
        return;
    uicc_destroy(&(*o)->card);
    uicc_engine_free(&(*o)->engine);
    crypto_free(&(*o)->crypto);
    nvm_sim_free(&(*o)->sim);
    free((*o)->block);
    free(*o);
    *o = NULL;
}

void air_reset(struct air *o)
{
    uint8_t atr[64];
    struct wr w = WR_ARRAY(atr);

    MUST(uicc_reset(o->card, &w) == ERR_OK);
}

void air_power_cut(struct air *o, enum nvm_sim_policy policy)
{
    uicc_destroy(&o->card);
    nvm_sim_power_on(&o->sim, policy, o->random++);
    power_on(o);
}

/* --- the terminal --- */

uint16_t air_raw(struct air *o, struct rd command)
{
    uint8_t response[APDU_RESPONSE_MAX];
    struct wr w = WR_ARRAY(response);

    uicc_transmit(o->card, command, &w);
    MUST(w.len >= 2);
    MUST(!w.overflow);
    memcpy(o->answer, response, w.len - 2);
    o->answer_len = w.len - 2;
    o->sw = (uint16_t)(response[w.len - 2] << 8 | response[w.len - 1]);
    return o->sw;
}

uint16_t air_send(struct air *o, struct rd command)
{
    uint8_t all[sizeof o->answer];
    struct wr w = WR_ARRAY(all);
    uint16_t sw = air_raw(o, command);

    wr_bytes(&w, o->answer, o->answer_len);
    while (sw >> 8 == 0x61) {
        const uint8_t get[] = {(uint8_t)(command.at[0] & 0x03), 0xC0, 0, 0, (uint8_t)sw};

        sw = air_raw(o, RD_ARRAY(get));
        wr_bytes(&w, o->answer, o->answer_len);
    }
    memcpy(o->answer, all, w.len);
    o->answer_len = w.len;
    return sw;
}

uint16_t air_hex(struct air *o, const char *command)
{
    uint8_t bytes[APDU_COMMAND_MAX];
    struct wr w = WR_ARRAY(bytes);

    MUST(hex_decode(command, &w) == ERR_OK);
    return air_send(o, RD_WR(&w));
}

bool air_fetch(struct air *o)
{
    uint8_t fetch[] = {0x80, 0x12, 0, 0, (uint8_t)o->sw};

    if (o->sw >> 8 != 0x91)
        return false;
    MUST(air_raw(o, RD_ARRAY(fetch)) == 0x9000);
    return true;
}

uint16_t air_respond(struct air *o, uint8_t result)
{
    struct rd in = RD(o->answer, o->answer_len), details;
    struct tlv command;
    uint8_t apdu[64] = {0x80, 0x14, 0, 0, 0};
    const uint8_t devices[] = {0x82, 0x81};
    struct wr w = {apdu, 5, sizeof apdu, false};

    MUST(tlv_next(&in, &command) == ERR_OK);
    MUST(ctlv_find(command.value, 0x01, &details) == ERR_OK);
    ctlv_write(&w, 0x01, details);
    ctlv_write(&w, 0x02, RD_ARRAY(devices));
    ctlv_write(&w, 0x03, RD(&result, 1));
    apdu[4] = (uint8_t)(w.len - 5);
    return air_send(o, RD_WR(&w));
}

static void keep_message(struct air *o, struct rd tlvs)
{
    struct rd tpdu;

    MUST(ctlv_find(tlvs, 0x0B, &tpdu) == ERR_OK);
    MUST(o->sent_count < AIR_SENT_MAX);
    MUST(tpdu.left <= SMS_TPDU_MAX);
    memcpy(o->sent[o->sent_count].tpdu, tpdu.at, tpdu.left);
    o->sent[o->sent_count++].len = tpdu.left;
}

/* true: the card was reset and the session is another one. */
static bool obey(struct air *o)
{
    struct rd in = RD(o->answer, o->answer_len), details;
    struct tlv command;

    MUST(tlv_next(&in, &command) == ERR_OK);
    MUST(command.tag == 0xD0);
    MUST(in.left == 0);
    MUST(ctlv_find(command.value, 0x01, &details) == ERR_OK);
    if (details.at[1] == 0x13)
        keep_message(o, command.value);
    else if (details.at[1] != 0x01)
        o->other++;
    if (details.at[1] != 0x01)
        return false;
    o->refreshes++;
    o->refresh_mode = details.at[2];
    return details.at[2] == 0x04;
}

void air_session(struct air *o)
{
    while (air_fetch(o)) {
        if (obey(o)) {
            air_reset(o);
            air_terminal(o);
            return;
        }
        air_respond(o, o->result);
    }
}

void air_terminal(struct air *o)
{
    air_hex(o, "8010000014FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF");
    air_session(o);
}

/* --- packets --- */

struct secpkt_keys air_keys(const struct air *o, uint8_t slot)
{
    return (struct secpkt_keys){o->made.pairs[slot - 1].kic, o->made.pairs[slot - 1].kid,
                                o->cc_len};
}

struct air_packet air_packet(const struct air *o, uint8_t slot, const char *tar, uint64_t counter,
                             struct rd data)
{
    uint8_t nibble = secpkt_nibble(o->made.pairs[slot - 1].kic.algorithm);
    uint8_t key = (uint8_t)(slot << 4 | nibble);
    struct air_packet p = {
        .command = {.header = {.spi = {0x16, 0x19}, .kic = key, .kid = key},
                    .counter = counter,
                    .data = data},
        .slot = slot,
    };
    struct wr w = WR_ARRAY(p.command.header.tar);

    MUST(hex_decode(tar, &w) == ERR_OK);
    return p;
}

size_t air_seal(struct air *o, const struct air_packet *p, uint8_t out[SECPKT_MAX])
{
    struct secpkt_keys keys = air_keys(o, p->slot);
    struct wr w = WR(out, SECPKT_MAX);

    MUST(secpkt_seal_command(o->crypto, &p->command, &keys, &w) == ERR_OK);
    return w.len;
}

/* ENVELOPE with one SMS-DELIVER; the length of the command. */
static size_t write_message(struct rd ud, const char *from, uint8_t *envelope, size_t cap)
{
    uint8_t tpdu[SMS_TPDU_MAX];
    struct sms_deliver d = {.udhi = true, .pid = SMS_PID_DOWNLOAD, .dcs = SMS_DCS_CLASS2, .ud = ud};
    struct wr t = WR_ARRAY(tpdu), w = {envelope, 5, cap, false};
    struct sms_address sca;

    sms_timestamp(1700000000, d.scts);
    MUST(sms_address_from_text(&d.oa, from) == ERR_OK);
    MUST(sms_address_from_text(&sca, CENTRE) == ERR_OK);
    sms_write_deliver(&t, &d);
    MUST(wr_result(&t) == ERR_OK);
    MUST(sms_write_envelope(&w, &sca, RD_WR(&t)) == ERR_OK);
    memcpy(envelope, "\x80\xC2\x00\x00", 4);
    envelope[4] = (uint8_t)(w.len - 5);
    return w.len;
}

uint16_t air_message(struct air *o, struct rd ud, const char *from)
{
    uint8_t envelope[APDU_COMMAND_MAX];
    size_t n = write_message(ud, from, envelope, sizeof envelope);

    return air_send(o, RD(envelope, n));
}

size_t air_envelope(struct rd packet, uint8_t *envelope, size_t cap)
{
    uint8_t ud[SMS_UD_MAX];
    struct wr w = WR_ARRAY(ud);

    MUST(sms_write_packet_part(&w, 0x70, packet, 0, 1) == ERR_OK);
    return write_message(RD_WR(&w), SERVER, envelope, cap);
}

uint16_t air_deliver(struct air *o, struct rd packet)
{
    size_t parts = sms_packet_parts(packet.left);
    uint16_t sw = 0;

    for (size_t i = 1; i <= parts; i++) {
        uint8_t ud[SMS_UD_MAX];
        struct wr w = WR_ARRAY(ud);

        MUST(sms_write_packet_part(&w, 0x70, packet, 0xA5, i) == ERR_OK);
        sw = air_message(o, RD_WR(&w), SERVER);
    }
    return sw;
}

uint16_t air_run(struct air *o, const struct air_packet *p)
{
    uint8_t packet[SECPKT_MAX];
    size_t n = air_seal(o, p, packet);

    return air_deliver(o, RD(packet, n));
}

static struct secpkt_response open_proof(struct air *o, const struct air_packet *p, struct rd bytes)
{
    static uint8_t plain[SECPKT_MAX]; /* a test has one process, and one thread */
    struct secpkt_keys keys = air_keys(o, p->slot);
    struct wr work = WR_ARRAY(plain);
    struct secpkt_response r = {0};
    enum err e = secpkt_open_response(o->crypto, bytes, &p->command.header, &keys, &work, &r);

    MUST(e == ERR_OK);
    MUST(memcmp(r.tar, p->command.header.tar, sizeof r.tar) == 0);
    return r;
}

struct secpkt_response air_proof(struct air *o, const struct air_packet *p)
{
    static const uint8_t udh[] = {0x02, 0x71, 0x00};

    MUST(o->answer_len > PROOF_AT);
    MUST(memcmp(o->answer, udh, sizeof udh) == 0);
    return open_proof(o, p, RD(o->answer + PROOF_AT, o->answer_len - PROOF_AT));
}

struct secpkt_response air_sent_proof(struct air *o, const struct air_packet *p)
{
    uint8_t all[SECPKT_MAX];
    struct wr w = WR_ARRAY(all);

    MUST(o->sent_count > 0);
    for (unsigned i = 0; i < o->sent_count; i++) {
        struct sms_submit submit;
        struct sms_udh udh;
        struct rd rest;

        MUST(sms_read_submit(RD(o->sent[i].tpdu, o->sent[i].len), &submit) == ERR_OK);
        MUST(submit.udhi);
        MUST(strcmp(submit.da.digits, &SERVER[1]) == 0);
        MUST(sms_read_udh(submit.ud, &udh, &rest) == ERR_OK);
        MUST(udh.response_packet == (i == 0));
        MUST((udh.concatenated ? udh.sequence : 1U) == i + 1);
        wr_rd(&w, rest);
    }
    return open_proof(o, p, RD_WR(&w));
}

struct secpkt_response air_script(struct air *o, const char *tar, uint64_t counter,
                                  const char *script)
{
    uint8_t bytes[SECPKT_MAX];
    struct wr w = WR_ARRAY(bytes);
    struct secpkt_response r;
    struct air_packet p;

    MUST(hex_decode(script, &w) == ERR_OK);
    p = air_packet(o, 1, tar, counter, RD_WR(&w));
    air_run(o, &p);
    r = air_proof(o, &p);
    MUST(r.authenticated);
    return r;
}

struct opchange_proof air_change(struct air *o, uint8_t slot, uint64_t counter,
                                 const struct opchange_command *command)
{
    uint8_t data[1024];
    struct wr w = WR_ARRAY(data);
    struct opchange_proof proof;
    struct secpkt_response r;
    struct air_packet p;

    opchange_write(&w, command);
    MUST(wr_result(&w) == ERR_OK);
    p = air_packet(o, slot, AIR_OPCHANGE, counter, RD_WR(&w));
    air_run(o, &p);
    r = air_proof(o, &p);
    MUST(r.rsc == RSC_OK);
    MUST(r.authenticated);
    MUST(opchange_read_proof(r.data, &proof) == ERR_OK);
    return proof;
}

struct opchange_command air_change_to(uint8_t from, const char *imsi, uint16_t polls,
                                      uint32_t seconds)
{
    struct opchange_command c = {.op = OPCHANGE_CHANGE,
                                 .expected = from,
                                 .to = (uint8_t)(from + 1),
                                 .mnc_len = 2,
                                 .trial_polls = polls,
                                 .trial_seconds = seconds};

    MUST(bcd_imsi_encode(imsi, c.imsi) == ERR_OK);
    return c;
}

uint16_t air_authenticate(struct air *o, uint8_t slot, uint64_t sqn)
{
    uint8_t apdu[5 + 2 + AKA_RAND_LEN + AKA_AUTN_LEN] = {0x00, 0x88, 0x00, 0x81, 0x22};
    const uint8_t amf[2] = {0x80, 0x00};
    struct aka_result result;

    MUST((air_hex(o, "00A4040C07A0000000871002") & 0xF000) == 0x9000);
    apdu[5] = AKA_RAND_LEN;
    for (uint8_t i = 0; i < AKA_RAND_LEN; i++)
        apdu[6 + i] = (uint8_t)(sqn + i * 7);
    apdu[6 + AKA_RAND_LEN] = AKA_AUTN_LEN;
    MUST(aka_autn(o->crypto, &o->made.pairs[slot - 1].aka, apdu + 6, sqn, amf, &result,
                  apdu + 7 + AKA_RAND_LEN) == ERR_OK);
    (void)air_send(o, RD_ARRAY(apdu));
    return o->answer_len > 0 && o->answer[0] == TAG_SYNCHRONISATION ? 0xDC00 : o->sw;
}

void air_select(struct air *o, const char *path)
{
    uint8_t apdu[5 + 2 + 8] = {0x00, 0xA4, 0x08, 0x0C, 0, 0x7F, 0xFF};
    struct wr w = {apdu, 7, sizeof apdu, false};

    MUST((air_hex(o, "00A4040C07A0000000871002") & 0xF000) == 0x9000);
    MUST(hex_decode(path, &w) == ERR_OK);
    apdu[4] = (uint8_t)(w.len - 5);
    MUST((air_send(o, RD_WR(&w)) & 0xF000) == 0x9000);
}

void air_imsi(struct air *o, char digits[IMSI_DIGITS_MAX + 1])
{
    air_select(o, "6F07");
    MUST((air_hex(o, "00B0000009") & 0xF000) == 0x9000);
    MUST(o->answer_len == EF_IMSI_LEN);
    MUST(bcd_imsi_decode(o->answer, digits) == ERR_OK);
}
