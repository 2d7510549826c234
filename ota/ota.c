#include "ota/ota.h"

#include "ota/core/loop.h"
#include "ota/smpp/receipt.h"
#include "ota/smpp/session.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LEAVE_MS 5000 /* longest orderly stop */

struct ota {
    const struct config *config;
    struct ledger *ledger;
    const struct log *log;
    struct loop *loop;
    struct campaign_engine *engine;
    struct smpp_session *session;
    struct loop_timer poll, leave;
    bool stopping, leaving;
    enum err end; /* why the loop ended */
};

/* --- the engine's way to the cards ------------------------------------------------------------ */

static size_t link_room(void *context)
{
    struct ota *o = context;

    return smpp_session_room(o->session);
}

static enum err set_address(struct smpp_address *a, const char *digits)
{
    a->ton = SMPP_TON_INTERNATIONAL;
    a->npi = SMPP_NPI_ISDN;
    return smpp_set(a->digits, sizeof a->digits, digits);
}

/* (U)SIM data download: TP-PID 7F, TP-DCS F6, user data header (TS 31.115 4). */
static enum err link_send(void *context, const struct campaign_message *message)
{
    struct ota *o = context;
    struct smpp_pdu pdu = {
        .esm_class = SMPP_ESM_UDHI,
        .protocol_id = 0x7F,
        .data_coding = 0xF6,
        .registered_delivery = 1,
        .short_message = message->ud,
    };
    enum err e = set_address(&pdu.source, o->config->smpp.source);

    if (e == ERR_OK)
        e = set_address(&pdu.destination, message->to);
    return e == ERR_OK ? smpp_session_submit(o->session, &pdu, message->tag) : e;
}

static void link_acknowledge(void *context, uint64_t token)
{
    struct ota *o = context;

    smpp_session_acknowledge(o->session, token);
}

static uint64_t world_now(void *context)
{
    struct ota *o = context;

    return loop_now_ms(o->loop);
}

static enum err world_random(void *context, uint8_t *bytes, size_t len)
{
    (void)context;
    return RAND_priv_bytes(bytes, (int)len) == 1 ? ERR_OK : ERR_CRYPTO;
}

/* --- what the link tells --- */

static void on_bound(void *context)
{
    (void)context;
}

static void on_lost(void *context)
{
    struct ota *o = context;

    campaign_link_lost(o->engine);
}

static void on_answered(void *context, uint64_t tag, uint32_t status)
{
    static const enum campaign_answer answers[] = {
        [SMPP_FINE] = CAMPAIGN_ACCEPTED, [SMPP_SLOWER] = CAMPAIGN_AGAIN,
        [SMPP_RETRY] = CAMPAIGN_AGAIN,   [SMPP_GIVE_UP] = CAMPAIGN_REJECTED,
        [SMPP_REBIND] = CAMPAIGN_AGAIN,
    };
    struct ota *o = context;

    campaign_answered(o->engine, tag, answers[smpp_status_remedy(status)],
                      smpp_status_text(status));
}

/* A receipt tells of the destination of our message, which is its source now. */
static enum campaign_heard hear_receipt(struct ota *o, const struct smpp_pdu *pdu, uint64_t token)
{
    struct smpp_receipt receipt;

    smpp_read_receipt(pdu, &receipt);
    switch (receipt.state) {
    case SMPP_STATE_DELIVERED:
        return campaign_hear_receipt(o->engine, pdu->source.digits, true, token);
    case SMPP_STATE_EXPIRED:
    case SMPP_STATE_DELETED:
    case SMPP_STATE_UNDELIVERABLE:
    case SMPP_STATE_REJECTED:
        return campaign_hear_receipt(o->engine, pdu->source.digits, false, token);
    default:
        return CAMPAIGN_IGNORED;
    }
}

static enum campaign_heard hear(struct ota *o, const struct smpp_pdu *pdu, uint64_t token)
{
    const char *from = pdu->source.digits;

    if (smpp_is_receipt(pdu))
        return hear_receipt(o, pdu, token);
    if (!(pdu->esm_class & SMPP_ESM_UDHI))
        return CAMPAIGN_IGNORED;
    return campaign_hear(o->engine, from[0] == '+' ? from + 1 : from, smpp_content(pdu), token);
}

static void step(struct ota *o)
{
    enum err e = campaign_step(o->engine);

    if (e != ERR_DENIED && e != ERR_EXISTS)
        return;
    o->end = e;
    loop_stop(o->loop);
}

static bool on_delivered(void *context, const struct smpp_pdu *pdu, uint64_t token,
                         uint32_t *status)
{
    struct ota *o = context;
    enum campaign_heard heard = hear(o, pdu, token);

    if (heard == CAMPAIGN_FULL) {
        step(o);
        heard = hear(o, pdu, token);
    }
    /* The ledger takes nothing now: the SMS centre keeps it and comes again. */
    *status = heard == CAMPAIGN_FULL ? SMPP_RX_T_APPN : SMPP_ROK;
    return heard == CAMPAIGN_TAKEN;
}

/* --- time and the end --- */

static void on_poll(void *context)
{
    struct ota *o = context;

    loop_arm(o->loop, &o->poll, o->config->campaign.poll_ms / 3 + 1);
}

static void on_leave_timeout(void *context)
{
    struct ota *o = context;

    loop_stop(o->loop);
}

static void on_stop(void *context)
{
    struct ota *o = context;

    log_write(o->log, LOG_NOTICE, "stopping", NULL);
    o->stopping = true;
    campaign_drain(o->engine);
    loop_arm(o->loop, &o->leave, LEAVE_MS);
}

static void after_round(void *context)
{
    struct ota *o = context;

    step(o);
    if (!o->stopping)
        return;
    if (smpp_session_is_gone(o->session)) {
        loop_stop(o->loop);
        return;
    }
    /* Packets that cannot leave now stay in the ledger: the next start sends them. */
    if (!o->leaving && (campaign_is_idle(o->engine) || !smpp_session_is_bound(o->session))) {
        o->leaving = true;
        smpp_session_leave(o->session);
    }
}

/* --- life --- */

static uint32_t jitter(void *context)
{
    uint32_t value = 0;

    (void)context;
    return RAND_bytes((uint8_t *)&value, sizeof value) == 1 ? value : 0;
}

static enum err make_engine(struct ota *o)
{
    const struct campaign_world world = {
        .ledger = o->ledger,
        .log = o->log,
        .link = {o, link_room, link_send, link_acknowledge},
        .context = o,
        .now_ms = world_now,
        .random = world_random,
    };
    const struct campaign_limits limits = {
        .batch = o->config->campaign.batch,
        .in_flight = o->config->campaign.in_flight,
        .look_ms = o->config->campaign.poll_ms,
    };

    return campaign_new(&world, &limits, &o->engine);
}

static enum err make_session(struct ota *o)
{
    const struct config_smpp *c = &o->config->smpp;
    const struct smpp_session_events events = {o, on_bound, on_lost, on_answered, on_delivered};
    struct smpp_session_options options = {
        .host = c->host,
        .port = c->port,
        .window = c->window,
        .rate = c->rate,
        .response_timeout_ms = c->response_timeout_ms,
        .enquire_link_ms = c->enquire_link_ms,
        .reconnect_ms = c->reconnect_ms,
        .reconnect_max_ms = c->reconnect_max_ms,
        .jitter = jitter,
    };
    enum err e = smpp_set(options.system_id, sizeof options.system_id, c->system_id);

    if (e == ERR_OK)
        e = smpp_set(options.password, sizeof options.password, c->password);
    if (e == ERR_OK)
        e = smpp_set(options.system_type, sizeof options.system_type, c->system_type);
    if (e == ERR_OK)
        e = smpp_session_new(o->loop, o->log, &options, &events, &o->session);
    OPENSSL_cleanse(options.password, sizeof options.password);
    return e;
}

enum err ota_new(const struct config *config, struct ledger *ledger, const struct log *log,
                 struct ota **out)
{
    struct ota *o = calloc(1, sizeof *o);
    enum err e;

    if (!o)
        return ERR_NOMEM;
    o->config = config;
    o->ledger = ledger;
    o->log = log;
    o->poll = (struct loop_timer){.fire = on_poll, .context = o};
    o->leave = (struct loop_timer){.fire = on_leave_timeout, .context = o};
    e = loop_new(NULL, &o->loop);
    if (e == ERR_OK)
        e = make_engine(o);
    if (e == ERR_OK)
        e = make_session(o);
    if (e == ERR_OK)
        *out = o;
    else
        ota_free(&o);
    return e;
}

void ota_free(struct ota **o)
{
    if (!*o)
        return;
    smpp_session_free(&(*o)->session);
    campaign_free(&(*o)->engine);
    loop_free(&(*o)->loop);
    free(*o);
    *o = NULL;
}

static void log_stats(const struct ota *o)
{
    const struct campaign_stats *s = campaign_get_stats(o->engine);

    log_write(o->log, LOG_NOTICE, "stopped",
              LOG_FIELDS(LOG_NUMBER("sent", s->sent), LOG_NUMBER("resent", s->resent),
                         LOG_NUMBER("asked", s->asked), LOG_NUMBER("proofs", s->proofs),
                         LOG_NUMBER("hints", s->hints), LOG_NUMBER("unmatched", s->unmatched),
                         LOG_NUMBER("proved", s->ended[LEDGER_PROVED])));
}

enum err ota_run(struct ota *o, void (*ready)(void))
{
    const struct loop_signals signals = {.stop = on_stop, .context = o};
    enum err e = loop_signals(o->loop, &signals);

    if (e != ERR_OK)
        return e;
    loop_after(o->loop, after_round, o);
    loop_arm(o->loop, &o->poll, 0);
    if (ready)
        ready();
    e = loop_run(o->loop);
    log_stats(o);
    return e != ERR_OK ? e : o->end;
}
