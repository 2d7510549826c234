#include "uicc/remote/opchange.h"

#include "apdu/gp.h"
#include "uicc/aka/sqn.h"
#include "uicc/cat/cat.h"
#include "uicc/cat/refresh.h"
#include "uicc/isd/keys.h"
#include "uicc/remote/identity.h"
#include "uicc/remote/por.h"
#include "uicc/remote/receiver.h"
#include "uicc/remote/remote.h"
#include "uicc/slot/slot.h"

#include <string.h>

#define RECORD_VERSION 1
#define RECORD_LEN     19

/* The last change (OBJ_CHANGE). */
struct record {
    enum opchange_state state;
    uint64_t counter;
    uint16_t polls_max, polls;
    uint32_t seconds_max, seconds;
};

/* --- the record --- */

/* A card that never changed has no record. */
static struct record read_record(const struct card *card)
{
    struct record r = {.state = OPCHANGE_NEVER};
    struct rd in;
    uint8_t version = 0, state = 0;

    if (!store_get(&card->store, OBJ_CHANGE, &in))
        return r;
    if (rd_u8(&in, &version) != ERR_OK || rd_u8(&in, &state) != ERR_OK ||
        version != RECORD_VERSION || state > OPCHANGE_FELL_BACK ||
        rd_u40(&in, &r.counter) != ERR_OK || rd_u16(&in, &r.polls_max) != ERR_OK ||
        rd_u32(&in, &r.seconds_max) != ERR_OK || rd_u16(&in, &r.polls) != ERR_OK ||
        rd_u32(&in, &r.seconds) != ERR_OK)
        return (struct record){.state = OPCHANGE_NEVER};
    r.state = (enum opchange_state)state;
    return r;
}

static enum err put_record(struct card *card, const struct record *r)
{
    uint8_t bytes[RECORD_LEN];
    struct wr w = WR_ARRAY(bytes);

    wr_u8(&w, RECORD_VERSION);
    wr_u8(&w, (uint8_t)r->state);
    wr_u40(&w, r->counter);
    wr_u16(&w, r->polls_max);
    wr_u32(&w, r->seconds_max);
    wr_u16(&w, r->polls);
    wr_u32(&w, r->seconds);
    return store_put(&card->store, OBJ_CHANGE, RD_WR(&w));
}

/* The slots say whether a trial is under way; the record says how long it may last. */
static bool in_trial(const struct card *card)
{
    return slot_fallback(&card->store) != 0;
}

void opchange_status(const struct card *card, struct opchange_proof *out)
{
    struct record r = read_record(card);

    *out = (struct opchange_proof){
        .result = OPCHANGE_DONE,
        .active = slot_in_force(&card->store),
        .state = r.state,
        .fallback = slot_fallback(&card->store),
        .counter = r.counter,
    };
    slot_count(&card->store, &out->slots, &out->spare);
    identity_imsi(card, out->imsi);
}

/* --- the commands --- */

/* One command being carried out. */
struct order {
    struct card *card;
    const struct sd_access *access;
    uint64_t counter;
    struct opchange_command command;
    struct opchange_effects *effects;
};

static enum opchange_result may_change(const struct order *o)
{
    const struct store *s = &o->card->store;

    if (in_trial(o->card))
        return OPCHANGE_IN_TRIAL;
    if (slot_next_spare(s) == 0)
        return OPCHANGE_EXHAUSTED;
    if (o->command.to != slot_next_spare(s))
        return OPCHANGE_WRONG_INDEX;
    return identity_check(o->card, &o->command) == ERR_OK ? OPCHANGE_DONE : OPCHANGE_MALFORMED;
}

/* Everything that can refuse a command, before anything is staged. */
static enum opchange_result permit(const struct order *o)
{
    if (o->command.op == OPCHANGE_QUERY)
        return OPCHANGE_DONE;
    if (o->access->fallback)
        return OPCHANGE_NOT_PERMITTED;
    if (o->command.expected != slot_in_force(&o->card->store))
        return OPCHANGE_WRONG_SLOT;
    switch (o->command.op) {
    case OPCHANGE_CHANGE:
        return may_change(o);
    case OPCHANGE_FALL_BACK:
        return in_trial(o->card) ? OPCHANGE_DONE : OPCHANGE_WRONG_INDEX;
    default:
        return in_trial(o->card) ? OPCHANGE_IN_TRIAL : OPCHANGE_DONE;
    }
}

static enum err change(struct order *o)
{
    struct store *s = &o->card->store;
    const struct record r = {
        .state = OPCHANGE_TRIAL,
        .counter = o->counter,
        .polls_max = o->command.trial_polls,
        .seconds_max = o->command.trial_seconds,
    };
    enum err e = identity_rewrite(o->card, &o->command);

    if (e == ERR_OK)
        e = slot_move(s, slot_in_force(s), SLOT_STEP_BACK);
    if (e == ERR_OK)
        e = slot_move(s, o->command.to, SLOT_TRY);
    if (e == ERR_OK)
        e = sqn_reset(s, o->command.to);
    if (e == ERR_OK)
        e = put_record(o->card, &r);
    if (e == ERR_OK && !slot_check(s))
        e = ERR_CORRUPT;
    o->card->receiver->ticking = false;
    o->effects->reset = true;
    return e;
}

/* Back to the pair before, with the files it had. */
static enum err fall_back(struct card *card)
{
    struct store *s = &card->store;
    uint8_t tried = slot_in_force(s), before = slot_fallback(s);
    struct record r = read_record(card);
    enum err e = identity_restore(card);

    card->imsi_changed = false; /* the reset that follows says more than any other REFRESH */
    r.state = OPCHANGE_FELL_BACK;
    if (e == ERR_OK)
        e = slot_move(s, tried, SLOT_DROP);
    if (e == ERR_OK)
        e = isd_keys_retire(card, tried);
    if (e == ERR_OK)
        e = slot_move(s, before, SLOT_RESTORE);
    if (e == ERR_OK)
        e = sqn_reset(s, tried);
    if (e == ERR_OK)
        e = put_record(card, &r);
    if (e == ERR_OK && !slot_check(s))
        e = ERR_CORRUPT;
    return e;
}

/* --- RENEW --- */

static enum crypto_cipher cipher_of(const struct secpkt_key *key)
{
    switch (key->algorithm) {
    case SECPKT_AES:
        return CRYPTO_AES_CBC;
    case SECPKT_DES:
        return CRYPTO_DES_CBC;
    default:
        return CRYPTO_3DES_CBC;
    }
}

/* A key of the same length as the one it replaces. */
static enum err unwrap(struct crypto *c, const struct secpkt_key *kik, struct rd wrapped,
                       struct secret *key)
{
    struct secret clear SECRET_WIPED = {0};
    enum err e;

    if (wrapped.left != key->len)
        return ERR_KEY;
    e = crypto_decrypt(c, cipher_of(kik), &kik->key, wrapped.at, clear.bytes, wrapped.left);
    if (e != ERR_OK)
        return e;
    clear.len = (uint8_t)wrapped.left;
    *key = clear;
    return ERR_OK;
}

static enum err unwrap_keys(const struct order *o, struct slot *slot)
{
    struct crypto *c = o->card->engine->crypto;
    struct gp_key k = {.type = GP_KEY_AES};
    uint8_t kcv[GP_KCV_LEN];
    enum err e = unwrap(c, &slot->kik, o->command.new_k, &slot->aka.k);

    if (e == ERR_OK && o->command.new_opc.left > 0)
        e = unwrap(c, &slot->kik, o->command.new_opc, &slot->aka.opc);
    if (e != ERR_OK)
        return e;
    k.key = slot->aka.k;
    e = gp_kcv(c, &k, kcv);
    secret_wipe(&k.key);
    if (e == ERR_OK && !crypto_equal(kcv, o->command.new_k_kcv, sizeof kcv))
        e = ERR_KEY;
    return e;
}

/* The sequence numbers begin anew with the key: nothing of the old one can be replayed. */
static enum err renew(struct order *o, enum opchange_result *result)
{
    struct store *s = &o->card->store;
    uint8_t index = slot_in_force(s);
    SLOT_WIPED struct slot slot = {0};
    enum err e = slot_read(s, index, &slot);

    if (e != ERR_OK)
        return e;
    if (unwrap_keys(o, &slot) != ERR_OK) {
        *result = OPCHANGE_BAD_KEY;
        return ERR_OK;
    }
    e = slot_write(s, index, &slot);
    if (e == ERR_OK)
        e = sqn_reset(s, index);
    o->effects->keys_changed = true;
    return e;
}

static enum err carry_out(struct order *o, enum opchange_result *result)
{
    switch (o->command.op) {
    case OPCHANGE_CHANGE:
        return change(o);
    case OPCHANGE_FALL_BACK:
        o->effects->reset = true;
        o->effects->keys_changed = true;
        return fall_back(o->card);
    case OPCHANGE_RENEW:
        return renew(o, result);
    default:
        return ERR_OK;
    }
}

static void prove(const struct card *card, enum opchange_result result, struct wr *out)
{
    struct opchange_proof proof;

    opchange_status(card, &proof);
    proof.result = result;
    opchange_write_proof(out, &proof);
}

void opchange_prove_memory(const struct card *card, struct wr *proof)
{
    prove(card, OPCHANGE_MEMORY, proof);
}

enum err opchange_execute(struct card *card, const struct sd_access *access, uint64_t counter,
                          struct rd data, struct wr *proof, struct opchange_effects *effects)
{
    struct order o = {.card = card, .access = access, .counter = counter, .effects = effects};
    enum opchange_result result = OPCHANGE_MALFORMED;
    enum err e = ERR_OK;

    if (opchange_read(data, &o.command) == ERR_OK)
        result = permit(&o);
    if (result == OPCHANGE_DONE)
        e = carry_out(&o, &result);
    if (e != ERR_OK)
        return e;
    prove(card, result, proof);
    return wr_result(proof);
}

/* --- the trial --- */

enum err opchange_confirm(struct card *card)
{
    struct store *s = &card->store;
    uint8_t before = slot_fallback(s);
    struct record r = read_record(card);
    enum err e;

    if (!in_trial(card))
        return ERR_OK;
    r.state = OPCHANGE_ACTIVE;
    e = slot_move(s, slot_in_force(s), SLOT_CONFIRM);
    if (e == ERR_OK)
        e = slot_move(s, before, SLOT_RETIRE);
    if (e == ERR_OK)
        e = isd_keys_retire(card, before);
    if (e == ERR_OK)
        e = sqn_reset(s, before);
    if (e == ERR_OK)
        e = store_delete(s, OBJ_FALLBACK);
    if (e == ERR_OK)
        e = put_record(card, &r);
    store_forget(s);
    card->receiver->ticking = false;
    return e == ERR_OK ? crypto_forget(card->engine->crypto) : e;
}

/* Seconds since the last look; the first look after power-on begins. */
static uint32_t seconds_passed(struct card *card)
{
    uint64_t now_ms = card->host.now_ms(card->host.context);
    struct receiver *r = card->receiver;
    uint64_t passed = r->ticking ? (now_ms - r->ticked_ms) / 1000 : 0;

    if (!r->ticking)
        r->ticked_ms = now_ms;
    r->ticking = true;
    r->ticked_ms += passed * 1000;
    return passed > UINT32_MAX ? UINT32_MAX : (uint32_t)passed;
}

static bool is_over(const struct record *r)
{
    return (r->polls_max != 0 && r->polls >= r->polls_max) ||
           (r->seconds_max != 0 && r->seconds >= r->seconds_max);
}

/* One sign of life without authentication more. Staged. */
static enum err count(struct card *card)
{
    struct record r = read_record(card);
    uint32_t passed;
    enum err e;

    if (!in_trial(card) || (r.polls_max == 0 && r.seconds_max == 0))
        return ERR_OK;
    passed = seconds_passed(card);
    r.polls = (uint16_t)(r.polls + (r.polls < UINT16_MAX ? 1 : 0));
    r.seconds = passed > UINT32_MAX - r.seconds ? UINT32_MAX : r.seconds + passed;
    if (!is_over(&r))
        return put_record(card, &r);
    e = fall_back(card);
    if (e != ERR_OK)
        return e;
    card_log(card, "remote: the trial is over, the card falls back to slot %u",
             slot_in_force(&card->store));
    por_follow(card, REFRESH_UICC_RESET);
    return crypto_forget(card->engine->crypto);
}

uint64_t opchange_events(const struct card *card)
{
    return in_trial(card) ? 1ULL << EVENT_LOCATION_STATUS | 1ULL << EVENT_NETWORK_REJECTION : 0;
}

enum err opchange_tick(struct card *card)
{
    por_poll(card);
    return count(card);
}

enum err opchange_no_service(struct card *card)
{
    return count(card);
}
