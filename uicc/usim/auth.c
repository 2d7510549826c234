/*
 * AUTHENTICATE (TS 31.102 7.1, TS 31.103 7.1): which context, and what it answers.
 */
#include "uicc/usim/attempt.h"
#include "uicc/usim/usim.h"

#include "uicc/core/handlers.h"

#include <openssl/crypto.h>

#define P2_SPECIFIC     0x80 /* a key of the application; there are no others */
#define P2_CONTEXT_MASK 0x07

/* Contexts of the even instruction, and of the odd one (TS 31.102 7.1.2, tables 1 and 2). */
#define CONTEXT_GSM   0x00
#define CONTEXT_3G    0x01
#define CONTEXT_VOICE 0x02 /* VGCS, VBS */
#define CONTEXT_GBA   0x04
#define CONTEXT_MBMS  0x05
#define CONTEXT_LOCAL 0x06

/* P1 of the odd instruction (TS 102 221 11.1.16.2). */
#define P1_BLOCK_MASK 0xA0
#define P1_FIRST      0x80
#define P1_NEXT       0x00

#define SERVICE_GSM_ACCESS  27
#define SERVICE_GSM_CONTEXT 38

static void answer_3g(const struct card *card, const struct exec *x, const struct usim_attempt *a)
{
    const struct aka_key *key = &a->slot.aka;
    uint8_t kc[8];

    wr_u8(x->out, USIM_TAG_SUCCESS);
    usim_attempt_value(x->out, a->result.res, key->res_len);
    usim_attempt_value(x->out, a->result.ck, key->ck_len);
    usim_attempt_value(x->out, a->result.ik, key->ik_len);
    if (key->ck_len == 16 && key->ik_len == 16 &&
        usim_service(card, x->ch->app, SERVICE_GSM_ACCESS)) {
        aka_kc(a->result.ck, a->result.ik, kc);
        usim_attempt_value(x->out, kc, sizeof kc);
        OPENSSL_cleanse(kc, sizeof kc);
    }
}

static sw_t context_3g(struct card *card, struct exec *x)
{
    struct usim_attempt a USIM_ATTEMPT_WIPED = {.bootstrap = false};
    sw_t sw = usim_attempt_read(x->cmd->data, &a);

    if (sw_equal(sw, SW_OK))
        sw = usim_attempt_run(card, &a, x->out);
    if (a.fresh)
        answer_3g(card, x, &a);
    return sw;
}

enum err usim_gsm(struct card *card, const uint8_t rand[16], uint8_t sres[4], uint8_t kc[8])
{
    struct slot slot SLOT_WIPED = {.state = SLOT_EMPTY};
    struct aka_result result;
    uint8_t index;
    enum err e = usim_attempt_slot(card, &index, &slot);

    if (e == ERR_OK && (slot.aka.ck_len != 16 || slot.aka.ik_len != 16))
        e = ERR_UNSUPPORTED;
    if (e != ERR_OK)
        return e;
    e = aka_f2345(card->engine->crypto, &slot.aka, rand, &result);
    if (e == ERR_OK) {
        aka_sres(result.res, slot.aka.res_len, sres);
        aka_kc(result.ck, result.ik, kc);
    }
    OPENSSL_cleanse(&result, sizeof result);
    return e;
}

/* 10 RAND -> 04 SRES 08 Kc */
static sw_t context_gsm(struct card *card, struct exec *x)
{
    uint8_t sres[4], kc[8];
    struct rd data = x->cmd->data;
    uint8_t len;
    enum err e;

    if (!usim_service(card, x->ch->app, SERVICE_GSM_CONTEXT))
        return SW_AUTH_CONTEXT;
    if (data.left != 1 + AKA_RAND_LEN)
        return SW_WRONG_LENGTH;
    if (rd_u8(&data, &len) != ERR_OK || len != AKA_RAND_LEN)
        return SW_BAD_DATA;
    e = usim_gsm(card, data.at, sres, kc);
    if (e != ERR_OK)
        return sw_from_err(e);
    usim_attempt_value(x->out, sres, sizeof sres);
    usim_attempt_value(x->out, kc, sizeof kc);
    OPENSSL_cleanse(sres, sizeof sres);
    OPENSSL_cleanse(kc, sizeof kc);
    return SW_OK;
}

/* May the application authenticate at all, whatever the context? */
static sw_t begin(const struct card *card, const struct exec *x)
{
    if ((x->cmd->p2 & ~P2_CONTEXT_MASK) != P2_SPECIFIC)
        return SW_P1P2;
    return usim_ready(card, x, true);
}

sw_t usim_cmd_authenticate(struct card *card, struct exec *x)
{
    uint8_t context = x->cmd->p2 & P2_CONTEXT_MASK;
    sw_t sw;

    if (x->cmd->p1 != 0 || (context > CONTEXT_VOICE && context != CONTEXT_GBA))
        return SW_P1P2;
    sw = begin(card, x);
    if (!sw_equal(sw, SW_OK))
        return sw;
    switch (context) {
    case CONTEXT_3G:
        return context_3g(card, x);
    case CONTEXT_GSM:
        return context_gsm(card, x);
    case CONTEXT_GBA:
        return usim_gba(card, x);
    default: /* EF.UST offers no voice groups */
        return SW_AUTH_CONTEXT;
    }
}

/* The odd instruction carries MBMS and local keys alone. Neither is offered, so that a chain ends
 * with its first block, and a further one has no chain to belong to. */
sw_t usim_cmd_authenticate_chained(struct card *card, struct exec *x)
{
    uint8_t context = x->cmd->p2 & P2_CONTEXT_MASK, p1 = x->cmd->p1;
    sw_t sw;

    if ((p1 & ~P1_BLOCK_MASK) != 0 || (context != CONTEXT_MBMS && context != CONTEXT_LOCAL))
        return SW_P1P2;
    sw = begin(card, x);
    if (!sw_equal(sw, SW_OK))
        return sw;
    if ((p1 == P1_FIRST || p1 == P1_NEXT) && x->cmd->data.left == 0)
        return SW_WRONG_LENGTH;
    return p1 == P1_FIRST ? SW_AUTH_CONTEXT : SW_CONDITIONS;
}
