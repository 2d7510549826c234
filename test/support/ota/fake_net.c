#include "test/support/ota/fake_net.h"

#include "apdu/gp.h"
#include "apdu/script.h"
#include "apdu/sms.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t draw(struct fake_net *n, uint64_t bound)
{
    n->random ^= n->random << 13;
    n->random ^= n->random >> 7;
    n->random ^= n->random << 17;
    return n->random % bound;
}

/* --- cards ------------------------------------------------------------------------------------ */

static void fill_key(struct fake_net *n, struct secret *key)
{
    key->len = 16;
    for (size_t i = 0; i < key->len; i++)
        key->bytes[i] = (uint8_t)draw(n, 256);
}

static void make_card(struct fake_net *n, size_t i)
{
    struct fake_card *c = &n->cards[i];

    unsigned number = (unsigned)(i % 10000000);

    snprintf(c->iccid, sizeof c->iccid, "894900000000%07u", number);
    snprintf(c->imsi, sizeof c->imsi, "00101000%07u", number);
    snprintf(c->msisdn, sizeof c->msisdn, "4917%07u", number);
    ck_assert_int_eq(bcd_imsi_encode(c->imsi, c->ef_imsi), ERR_OK);
    c->keys.index = c->active = 1;
    c->slots = 4;
    c->keys.ota.cc_len = SECPKT_CC_LEN;
    aka_key_defaults(&c->keys.aka, AKA_MILENAGE);
    c->keys.ota.kic.algorithm = c->keys.ota.kid.algorithm = c->keys.kik.algorithm =
        i % 2 ? SECPKT_AES : SECPKT_3DES2;
    fill_key(n, &c->keys.aka.k);
    fill_key(n, &c->keys.aka.opc);
    fill_key(n, &c->keys.ota.kic.key);
    fill_key(n, &c->keys.ota.kid.key);
    fill_key(n, &c->keys.kik.key);
}

static void prove(const struct fake_card *c, enum opchange_result result, struct wr *out)
{
    struct opchange_proof p = {
        .result = result,
        .active = c->active,
        .state = c->state,
        .slots = c->slots,
        .spare = (uint8_t)(c->slots - c->active),
        .counter = c->change_counter,
    };

    memcpy(p.imsi, c->ef_imsi, sizeof p.imsi);
    opchange_write_proof(out, &p);
}

static void run_renew_k(struct fake_net *n, struct fake_card *c, const struct opchange_command *o,
                        struct wr *out)
{
    struct secret k = {.len = 16}, opc = {.len = 16};
    enum crypto_cipher cipher =
        c->keys.kik.algorithm == SECPKT_AES ? CRYPTO_AES_CBC : CRYPTO_3DES_CBC;

    ck_assert_uint_eq(o->new_k.left, 16);
    ck_assert_uint_eq(o->new_opc.left, 16);
    ck_assert_int_eq(crypto_decrypt(n->crypto, cipher, &c->keys.kik.key, o->new_k.at, k.bytes, 16),
                     ERR_OK);
    ck_assert_int_eq(
        crypto_decrypt(n->crypto, cipher, &c->keys.kik.key, o->new_opc.at, opc.bytes, 16), ERR_OK);
    if (!secret_equal(&k, &c->keys.aka.k))
        c->executed++;
    c->keys.aka.k = k;
    c->keys.aka.opc = opc;
    prove(c, OPCHANGE_DONE, out);
}

static void run_opchange(struct fake_net *n, struct fake_card *c,
                         const struct secpkt_command *command, struct wr *out)
{
    struct opchange_command o;

    if (opchange_read(command->data, &o) != ERR_OK) {
        prove(c, OPCHANGE_MALFORMED, out);
        return;
    }
    if (o.op == OPCHANGE_QUERY) {
        prove(c, OPCHANGE_DONE, out);
        return;
    }
    if (o.op == OPCHANGE_RENEW) {
        run_renew_k(n, c, &o, out);
        return;
    }
    if (o.expected != c->active || o.to != c->active + 1) {
        prove(c, OPCHANGE_WRONG_SLOT, out);
        return;
    }
    c->active = o.to;
    memcpy(c->ef_imsi, o.imsi, sizeof c->ef_imsi);
    c->change_counter = command->counter;
    c->state = OPCHANGE_TRIAL;
    c->executed++;
    prove(c, OPCHANGE_DONE, out);
}

static sw_t run_put_key(struct fake_net *n, struct fake_card *c, struct rd apdu)
{
    struct gp_key dek = {c->keys.kik.algorithm == SECPKT_AES ? GP_KEY_AES : GP_KEY_DES,
                         c->keys.kik.key};
    struct gp_put_key put;

    if (apdu.left < 5 ||
        gp_read_put_key(n->crypto, RD(apdu.at + 5, apdu.left - 5), &dek, &put) != ERR_OK)
        return SW_BAD_DATA;
    c->keys.ota.kic.key = put.keys[0].key;
    c->keys.ota.kid.key = put.keys[1].key;
    c->keys.kik.key = put.keys[2].key;
    c->executed++;
    return SW_OK;
}

/* Knows one file, EF.IMSI; any other takes what it is given. */
static void run_script(struct fake_net *n, struct fake_card *c, struct rd script, struct wr *out)
{
    struct script_reader reader;
    struct script_item item;
    uint16_t fid = 0;
    sw_t sw = SW_OK;
    uint8_t count = 0;
    struct rd data = {NULL, 0};

    ck_assert_int_eq(script_begin(script, &reader), ERR_OK);
    while (sw.v == 0x9000 && script_next(&reader, &item) == ERR_OK) {
        uint8_t ins = item.bytes.at[1];

        count++;
        data = RD(NULL, 0);
        if (ins == 0xA4)
            fid = (uint16_t)(item.bytes.at[5] << 8 | item.bytes.at[6]);
        else if (ins == 0xD6 && fid == 0x6F07) {
            memcpy(c->ef_imsi, item.bytes.at + 5, EF_IMSI_LEN);
            c->executed++;
        } else if (ins == 0xB0 && fid == 0x6F07)
            data = RD_ARRAY(c->ef_imsi);
        else if (ins == GP_INS_PUT_KEY)
            sw = run_put_key(n, c, item.bytes);
    }
    wr_u8(out, count);
    wr_u16(out, sw.v);
    wr_rd(out, data);
}

static struct rd refuse_plain(const struct secpkt_header *header, uint8_t rsc, struct wr *answer)
{
    wr_u16(answer, 11);
    wr_u8(answer, 10);
    wr_bytes(answer, header->tar, 3);
    wr_u40(answer, 0);
    wr_u8(answer, 0);
    wr_u8(answer, rsc);
    return RD_WR(answer);
}

struct rd fake_card_answer(struct fake_net *n, struct fake_card *c, struct rd packet,
                           struct wr *answer)
{
    uint8_t work_bytes[SECPKT_MAX], data_bytes[512];
    struct wr work = WR_ARRAY(work_bytes), data = WR_ARRAY(data_bytes);
    struct secpkt_command command;
    struct secpkt_response response = {0};
    struct secpkt_keys keys = c->keys.ota; /* PUT KEY changes them; the answer has the old ones */
    struct secpkt_header header;

    ck_assert_int_eq(secpkt_peek_command(packet, &header), ERR_OK);
    if (c->dead || secpkt_open_command(n->crypto, packet, &keys, &work, &command) != ERR_OK)
        return refuse_plain(&header, RSC_SECURITY, answer);
    response.counter = command.counter;
    memcpy(response.tar, header.tar, 3);
    if (command.counter <= c->counter) {
        response.rsc = RSC_CNTR_LOW;
    } else if (c->refuse_rsc) {
        c->counter = command.counter;
        response.rsc = (uint8_t)c->refuse_rsc;
    } else {
        c->counter = command.counter;
        if (memcmp(header.tar, OPCHANGE_TAR, 3) == 0)
            run_opchange(n, c, &command, &data);
        else
            run_script(n, c, command.data, &data);
        response.data = RD_WR(&data);
    }
    ck_assert_int_eq(secpkt_seal_response(n->crypto, &response, &header, &keys, answer), ERR_OK);
    return RD_WR(answer);
}

/* --- the network ------------------------------------------------------------------------------ */

static void enqueue(struct fake_net *n, enum fake_kind kind, size_t card, struct rd ud,
                    uint64_t tag)
{
    for (size_t i = 0; i < FAKE_QUEUE_MAX; i++) {
        struct fake_sms *s = &n->queue[(n->queued + i) % FAKE_QUEUE_MAX];

        if (s->used)
            continue;
        *s = (struct fake_sms){.used = true, .kind = kind, .card = card, .tag = tag};
        s->due_ms = n->now_ms + (n->delay_ms ? draw(n, n->delay_ms) : 0);
        s->len = (uint8_t)ud.left;
        if (ud.left)
            memcpy(s->ud, ud.at, ud.left);
        n->queued = (n->queued + i + 1) % FAKE_QUEUE_MAX;
        return;
    }
    ck_abort_msg("the fake network is full");
}

static void carry(struct fake_net *n, enum fake_kind kind, size_t card, struct rd ud)
{
    if (n->deaf && kind == FAKE_TO_SERVER)
        return;
    if (draw(n, 100) >= n->loss_percent)
        enqueue(n, kind, card, ud, 0);
    if (draw(n, 100) < n->double_percent)
        enqueue(n, kind, card, ud, 0);
}

static void answer_packet(struct fake_net *n, size_t at, struct rd packet)
{
    uint8_t bytes[SECPKT_MAX], ud[SMS_UD_MAX];
    struct wr w = WR_ARRAY(bytes);
    struct rd answer = fake_card_answer(n, &n->cards[at], packet, &w);

    for (size_t part = 1; part <= sms_packet_parts(answer.left); part++) {
        struct wr u = WR_ARRAY(ud);

        ck_assert_int_eq(sms_write_packet_part(&u, 0x71, answer, (uint8_t)draw(n, 256), part),
                         ERR_OK);
        carry(n, FAKE_TO_SERVER, at, RD_WR(&u));
    }
}

/* Parts must come in order here: with a delay of 0 they do. */
static void arrive(struct fake_net *n, const struct fake_sms *s)
{
    struct fake_card *c = &n->cards[s->card];
    struct sms_udh udh;
    struct rd rest;

    if (c->mute)
        return;
    ck_assert_int_eq(sms_read_udh(RD(s->ud, s->len), &udh, &rest), ERR_OK);
    if (!udh.concatenated) {
        answer_packet(n, s->card, rest);
        return;
    }
    if (udh.sequence == 1)
        c->packet_len = c->part_have = 0;
    if (udh.sequence != c->part_have + 1)
        return;
    memcpy(c->packet + c->packet_len, rest.at, rest.left);
    c->packet_len += rest.left;
    c->part_have++;
    if (udh.sequence == udh.total)
        answer_packet(n, s->card, RD(c->packet, c->packet_len));
}

static void serve(struct fake_net *n, struct fake_sms *s)
{
    struct fake_sms copy = *s;

    s->used = false;
    if (copy.kind == FAKE_TO_CARD) {
        arrive(n, &copy);
    } else if (!n->engine) {
        if (copy.kind == FAKE_TO_SERVER)
            enqueue(n, copy.kind, copy.card, RD(copy.ud, copy.len),
                    0); /* the SMS centre keeps it */
    } else if (copy.kind == FAKE_ANSWER) {
        bool again = draw(n, 100) < n->again_percent;

        n->room++;
        campaign_answered(n->engine, copy.tag, again ? CAMPAIGN_AGAIN : n->answer,
                          "no such number");
    } else {
        enum campaign_heard heard;

        while ((heard = campaign_hear(n->engine, n->cards[copy.card].msisdn, RD(copy.ud, copy.len),
                                      ++n->token)) == CAMPAIGN_FULL)
            ck_assert_int_eq(campaign_step(n->engine), ERR_OK);
    }
}

void fake_net_advance(struct fake_net *n, uint64_t ms)
{
    n->now_ms += ms;
    for (size_t i = 0; i < FAKE_QUEUE_MAX; i++) {
        if (n->queue[i].used && n->queue[i].due_ms <= n->now_ms)
            serve(n, &n->queue[i]);
    }
}

static size_t link_room(void *context)
{
    const struct fake_net *n = context;

    return n->room;
}

static enum err link_send(void *context, const struct campaign_message *m)
{
    struct fake_net *n = context;

    size_t at = strtoul(m->to + 4, NULL, 10);

    ck_assert_str_eq(n->cards[at].msisdn, m->to);
    n->room--;
    n->submitted++;
    enqueue(n, FAKE_ANSWER, at, RD(NULL, 0), m->tag);
    if (n->answer == CAMPAIGN_ACCEPTED)
        carry(n, FAKE_TO_CARD, at, m->ud);
    return ERR_OK;
}

static void link_acknowledge(void *context, uint64_t token)
{
    struct fake_net *n = context;

    (void)token;
    n->acknowledged++;
}

static uint64_t world_now(void *context)
{
    const struct fake_net *n = context;

    return n->now_ms;
}

static enum err world_random(void *context, uint8_t *bytes, size_t len)
{
    struct fake_net *n = context;

    if (n->random_fails_at && --n->random_fails_at == 0)
        return ERR_CRYPTO;
    for (size_t i = 0; i < len; i++)
        bytes[i] = (uint8_t)draw(context, 256);
    return ERR_OK;
}

struct campaign_world fake_net_world(struct fake_net *n, struct ledger *ledger,
                                     const struct log *log)
{
    return (struct campaign_world){
        .ledger = ledger,
        .log = log,
        .link = {n, link_room, link_send, link_acknowledge},
        .context = n,
        .now_ms = world_now,
        .random = world_random,
    };
}

struct fake_net *fake_net_new(size_t cards, uint64_t seed)
{
    struct fake_net *n = calloc(1, sizeof *n);

    ck_assert_ptr_nonnull(n);
    n->random = seed * 2654435761U + 1;
    n->now_ms = 1000;
    n->window = n->room = 200;
    n->answer = CAMPAIGN_ACCEPTED;
    n->crypto = crypto_new();
    n->card_count = cards;
    n->cards = calloc(cards, sizeof *n->cards);
    n->queue = calloc(FAKE_QUEUE_MAX, sizeof *n->queue);
    ck_assert(n->crypto != NULL && n->cards != NULL && n->queue != NULL);
    for (size_t i = 0; i < cards; i++)
        make_card(n, i);
    return n;
}

void fake_net_free(struct fake_net **n)
{
    crypto_free(&(*n)->crypto);
    free((*n)->cards);
    free((*n)->queue);
    free(*n);
    *n = NULL;
}

void fake_net_register(struct fake_net *n, struct ledger *ledger)
{
    ck_assert_int_eq(ledger_begin(ledger), ERR_OK);
    for (size_t i = 0; i < n->card_count; i++) {
        struct ledger_card card = {0};

        memcpy(card.iccid, n->cards[i].iccid, sizeof card.iccid);
        memcpy(card.imsi, n->cards[i].imsi, sizeof card.imsi);
        memcpy(card.msisdn, n->cards[i].msisdn, sizeof card.msisdn);
        ck_assert_int_eq(ledger_card_add(ledger, &card, &n->cards[i].keys), ERR_OK);
    }
    ck_assert_int_eq(ledger_commit(ledger), ERR_OK);
}
