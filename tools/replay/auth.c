/* AUTHENTICATE for the key of the card under test (TS 31.102 7.1, TS 33.102 6.3, 6.8.1.2). */
#include "apdu/ids.h"
#include "tools/replay/replay.h"

#include <openssl/crypto.h>
#include <string.h>

#define SQN_STEP 32 /* the next SEQ at the same IND (TS 33.102 C.1.1.2) */

static bool is_run_gsm(const struct trace_bytes *c)
{
    return c->at[0] == 0xA0;
}

bool replay_is_auth(const struct replay *r, const struct trace_event *event)
{
    const struct trace_bytes *c = &event->command;

    if (r->aka.algorithm == 0 || c->len < 5 || c->at[1] != INS_AUTHENTICATE)
        return false;
    if (is_run_gsm(c))
        return c->len == 21;
    return (c->at[3] & 7) == 0 ? c->len >= 22 : (c->at[3] & 7) == 1 && c->len >= 39;
}

/* SRES and Kc that the key gives, in the form of the command's answer. */
static const char *check_2g(const struct replay *r, const uint8_t *rand, bool gsm, struct rd data)
{
    struct aka_result result;
    uint8_t want[14], sres[4], kc[8];
    struct wr w = WR_ARRAY(want);
    const char *why = NULL;

    if (aka_f2345(r->a.crypto, &r->aka, rand, &result) != ERR_OK)
        return "the key fits no algorithm";
    aka_sres(result.res, r->aka.res_len, sres);
    aka_kc(result.ck, result.ik, kc);
    if (!gsm)
        wr_u8(&w, 4);
    wr_bytes(&w, sres, 4);
    if (!gsm)
        wr_u8(&w, 8);
    wr_bytes(&w, kc, 8);
    if (!rd_equal(data, RD_WR(&w)))
        why = "SRES or Kc is not what the key gives";
    OPENSSL_cleanse(&result, sizeof result);
    OPENSSL_cleanse(want, sizeof want);
    return why;
}

/* A length byte and the value behind it, at the head of what is left. */
static bool takes_value(struct rd *data, const uint8_t *want, uint8_t len)
{
    struct rd value;
    uint8_t n;

    return rd_u8(data, &n) == ERR_OK && n == len && rd_take(data, n, &value) == ERR_OK &&
           rd_equal(value, RD(want, len));
}

/* DB RES CK IK [Kc], as the key gives them. */
static const char *check_3g(const struct replay *r, const struct aka_result *result, struct rd data)
{
    uint8_t tag, kc[8];
    const char *why = NULL;

    if (rd_u8(&data, &tag) != ERR_OK || tag != 0xDB)
        return "no RES";
    aka_kc(result->ck, result->ik, kc);
    if (!takes_value(&data, result->res, r->aka.res_len))
        why = "RES is not what the key gives";
    else if (!takes_value(&data, result->ck, r->aka.ck_len))
        why = "CK is not what the key gives";
    else if (!takes_value(&data, result->ik, r->aka.ik_len))
        why = "IK is not what the key gives";
    else if (data.left > 0 && !takes_value(&data, kc, sizeof kc))
        why = "Kc is not what the key gives";
    OPENSSL_cleanse(kc, sizeof kc);
    return why;
}

static enum err send_3g(struct replay *r, const struct trace_bytes *recorded, uint64_t sqn,
                        struct aka_result *result, struct wr *data, sw_t *sw)
{
    uint8_t command[39], autn[AKA_AUTN_LEN];
    struct wr w = WR_ARRAY(command);
    enum err e;

    /* AMF stands in the clear behind SQN xor AK. */
    e = aka_autn(r->a.crypto, &r->aka, recorded->at + 6, sqn, recorded->at + 29, result, autn);
    if (e != ERR_OK)
        return e;
    wr_bytes(&w, recorded->at, 23);
    replay_put_here(r, command);
    w.base[4] = 34;
    wr_bytes(&w, autn, sizeof autn);
    e = wr_result(&w);
    data->len = 0;
    return e == ERR_OK ? reader_exchange(r->reader, RD_WR(&w), data, sw) : e;
}

/* DC AUTS: a number of the card, signed with its key. */
static const char *check_failure(const struct replay *r, const uint8_t *rand, struct rd data)
{
    uint64_t sqn_ms;

    if (data.left != 2 + AKA_AUTS_LEN || data.at[0] != 0xDC)
        return "no synchronisation failure";
    return aka_open_auts(r->a.crypto, &r->aka, rand, data.at + 2, &sqn_ms) == ERR_OK
               ? NULL
               : "AUTS is not of this key";
}

static enum err run_3g(struct replay *r, const struct trace_event *event, struct wr *data, sw_t *sw,
                       const char **why)
{
    const struct trace_bytes *c = &event->command;
    bool want_failure = event->answer.len > 2 && event->answer.at[0] == 0xDC;
    struct aka_result result;
    uint64_t sqn_ms;
    enum err e = send_3g(r, c, want_failure ? 0 : r->sqn, &result, data, sw);

    /* The card says which number it is at; one that follows it is fresh. */
    if (e == ERR_OK && !want_failure && data->len == 16 && data->base[0] == 0xDC &&
        aka_open_auts(r->a.crypto, &r->aka, c->at + 6, data->base + 2, &sqn_ms) == ERR_OK) {
        r->sqn = (sqn_ms + SQN_STEP) & AKA_SQN_MAX;
        e = send_3g(r, c, r->sqn, &result, data, sw);
    }
    if (e != ERR_OK)
        return e;
    if (want_failure)
        *why = check_failure(r, c->at + 6, RD_WR(data));
    else
        *why = check_3g(r, &result, RD_WR(data));
    r->sqn = (r->sqn + SQN_STEP) & AKA_SQN_MAX;
    OPENSSL_cleanse(&result, sizeof result);
    return ERR_OK;
}

enum err replay_auth(struct replay *r, const struct trace_event *event, struct wr *data, sw_t *sw,
                     const char **why)
{
    const struct trace_bytes *c = &event->command;
    uint16_t recorded = 0;
    bool refused = trace_status(&event->answer, &recorded) && !sw_is_success(SW(recorded));
    bool gsm = is_run_gsm(c);
    uint8_t command[APDU_COMMAND_MAX];
    struct wr w = WR_ARRAY(command);
    enum err e;

    *why = NULL;
    if (!gsm && !refused && (c->at[3] & 7) == 1)
        return run_3g(r, event, data, sw, why);
    if (c->len > sizeof command)
        return reader_exchange(r->reader, TRACE_RD(c), data, sw);
    wr_rd(&w, TRACE_RD(c));
    replay_put_here(r, command);
    e = reader_exchange(r->reader, RD_WR(&w), data, sw);
    if (e == ERR_OK && !refused)
        *why = check_2g(r, c->at + (gsm ? 5 : 6), gsm, RD_WR(data));
    return e;
}
