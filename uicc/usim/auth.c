/*
 * AUTHENTICATE (TS 31.102 7.1). The order is the security of it (TS 33.102 6.3.3):
 * MAC, then SQN, then RES. A wrong MAC tells nothing and changes nothing; a
 * sequence number that was seen gives AUTS; one that is fresh is staged in the
 * store before RES is in the answer, and the transport commits before it answers.
 */
#include "uicc/usim/usim.h"

#include "uicc/aka/sqn.h"
#include "uicc/core/handlers.h"
#include "uicc/remote/remote.h"
#include "uicc/slot/slot.h"

#include <openssl/crypto.h>
#include <string.h>

#define P2_SPECIFIC     0x80 /* a key of the application; there are no others */
#define P2_CONTEXT_MASK 0x07
#define CONTEXT_GSM     0x00
#define CONTEXT_3G      0x01

#define TAG_SUCCESS 0xDB
#define TAG_RESYNC  0xDC
#define MAC_LEN     8 /* of AUTN and AUTS */

#define SERVICE_GSM_ACCESS  27
#define SERVICE_GSM_CONTEXT 38

/* What the command brings, and what is worked out of it; session secrets. */
struct attempt {
    uint8_t rand[AKA_RAND_LEN];
    uint8_t autn[AKA_AUTN_LEN];
    struct aka_result result;
    uint8_t kc[8];
};

static enum err read_slot(const struct card *card, uint8_t *index, struct slot *slot)
{
    *index = slot_in_force(&card->store);
    return *index == 0 ? ERR_CONDITIONS : slot_read(&card->store, *index, slot);
}

/* One value behind its length byte. */
static void write_value(struct wr *out, const uint8_t *bytes, size_t n)
{
    wr_u8(out, (uint8_t)n);
    wr_bytes(out, bytes, n);
}

static sw_t answer_resync(struct card *card, struct wr *out, uint8_t index, const struct slot *slot,
                          const struct attempt *a)
{
    uint8_t auts[AKA_AUTS_LEN];
    enum err e =
        aka_auts(card->engine->crypto, &slot->aka, a->rand, sqn_highest(&card->store, index), auts);

    if (e != ERR_OK)
        return sw_from_err(e);
    wr_u8(out, TAG_RESYNC);
    write_value(out, auts, sizeof auts);
    return SW_OK;
}

static sw_t answer_success(const struct card *card, const struct exec *x, const struct aka_key *key,
                           struct attempt *a)
{
    wr_u8(x->out, TAG_SUCCESS);
    write_value(x->out, a->result.res, key->res_len);
    write_value(x->out, a->result.ck, key->ck_len);
    write_value(x->out, a->result.ik, key->ik_len);
    if (key->ck_len == 16 && key->ik_len == 16 &&
        usim_service(card, x->ch->app, SERVICE_GSM_ACCESS)) {
        aka_kc(a->result.ck, a->result.ik, a->kc);
        write_value(x->out, a->kc, sizeof a->kc);
    }
    return SW_OK;
}

/* f5, then f1 over the SQN that it uncovers, then the comparison; sqn only when it is right. */
static enum err check_mac(struct card *card, const struct slot *slot, struct attempt *a,
                          uint64_t *sqn)
{
    struct rd autn = RD_ARRAY(a->autn);
    uint8_t mac[32];
    uint64_t hidden, ak;
    struct rd ak_bytes = RD_ARRAY(a->result.ak);
    enum err e;

    if (slot->aka.mac_len != MAC_LEN)
        return ERR_KEY;
    e = aka_f2345(card->engine->crypto, &slot->aka, a->rand, &a->result);
    if (e == ERR_OK)
        e = rd_u48(&autn, &hidden);
    if (e == ERR_OK)
        e = rd_u48(&ak_bytes, &ak);
    if (e == ERR_OK)
        e = aka_f1(card->engine->crypto, &slot->aka, a->rand, hidden ^ ak, autn.at, mac, NULL);
    if (e == ERR_OK && !crypto_equal(mac, a->autn + AKA_AUTN_LEN - MAC_LEN, MAC_LEN))
        e = ERR_MAC;
    if (e == ERR_OK)
        *sqn = hidden ^ ak;
    OPENSSL_cleanse(mac, sizeof mac);
    return e;
}

static sw_t run_3g(struct card *card, struct exec *x, struct attempt *a)
{
    const struct sqn_policy policy = {card->profile->sqn_delta, card->profile->sqn_age_limit};
    struct slot slot SLOT_WIPED = {.state = SLOT_EMPTY};
    uint8_t index;
    uint64_t sqn;
    enum err e = read_slot(card, &index, &slot);

    if (e == ERR_OK)
        e = check_mac(card, &slot, a, &sqn);
    if (e == ERR_MAC)
        return SW_AUTH_MAC;
    if (e == ERR_OK)
        e = sqn_accept(&card->store, index, &policy, sqn);
    if (e == ERR_SYNC)
        return answer_resync(card, x->out, index, &slot, a);
    if (e == ERR_OK)
        e = opchange_confirm(card);
    return e == ERR_OK ? answer_success(card, x, &slot.aka, a) : sw_from_err(e);
}

/* 10 RAND 10 AUTN */
static sw_t context_3g(struct card *card, struct exec *x)
{
    struct rd data = x->cmd->data;
    struct attempt a = {.kc = {0}};
    uint8_t len;
    sw_t sw;

    if (data.left != 2 + AKA_RAND_LEN + AKA_AUTN_LEN)
        return SW_WRONG_LENGTH;
    if (rd_u8(&data, &len) != ERR_OK || len != AKA_RAND_LEN ||
        rd_copy(&data, a.rand, sizeof a.rand) != ERR_OK || rd_u8(&data, &len) != ERR_OK ||
        len != AKA_AUTN_LEN || rd_copy(&data, a.autn, sizeof a.autn) != ERR_OK)
        return SW_BAD_DATA;
    sw = run_3g(card, x, &a);
    OPENSSL_cleanse(&a, sizeof a);
    return sw;
}

enum err usim_gsm(struct card *card, const uint8_t rand[16], uint8_t sres[4], uint8_t kc[8])
{
    struct slot slot SLOT_WIPED = {.state = SLOT_EMPTY};
    struct aka_result result;
    uint8_t index;
    enum err e = read_slot(card, &index, &slot);

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
    write_value(x->out, sres, sizeof sres);
    write_value(x->out, kc, sizeof kc);
    OPENSSL_cleanse(sres, sizeof sres);
    OPENSSL_cleanse(kc, sizeof kc);
    return SW_OK;
}

sw_t usim_cmd_authenticate(struct card *card, struct exec *x)
{
    const struct apdu *c = x->cmd;
    sw_t sw;

    if (c->p1 != 0 || (c->p2 & ~P2_CONTEXT_MASK) != P2_SPECIFIC)
        return SW_P1P2;
    sw = usim_ready(card, x, true);
    if (!sw_equal(sw, SW_OK))
        return sw;
    switch (c->p2 & P2_CONTEXT_MASK) {
    case CONTEXT_3G:
        return context_3g(card, x);
    case CONTEXT_GSM:
        return context_gsm(card, x);
    default: /* voice groups, GBA, MBMS: EF.UST offers none of them */
        return SW_AUTH_CONTEXT;
    }
}

/* The odd instruction carries the contexts MBMS and local key only (TS 31.102 7.1.2.4, 7.1.2.5);
 * neither is offered, so its blocks end at the first one. */
sw_t usim_cmd_authenticate_chained(struct card *card, struct exec *x)
{
    uint8_t p1 = x->cmd->p1;
    sw_t sw;

    if ((p1 & ~0xA0) != 0 || (x->cmd->p2 & ~P2_CONTEXT_MASK) != P2_SPECIFIC)
        return SW_P1P2;
    sw = usim_ready(card, x, true);
    return sw_equal(sw, SW_OK) ? SW_AUTH_CONTEXT : sw;
}
