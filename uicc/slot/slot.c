/*
 * Object OBJ_SLOT(index), numbers big-endian:
 *
 *   state(1)                                     SLOT_RETIRED: nothing follows
 *   algorithm(1) res mac ck ik iterations (1 each)
 *   K: len(1) bytes    OPc: len(1) bytes
 *   KIc, KID, KIK: algorithm(1) len(1) bytes each
 *
 * An empty slot has no object.
 */
#include "uicc/slot/slot.h"

#include <openssl/crypto.h>

#define SLOT_BYTES_MAX (7U + 2 * (1 + SECRET_LEN_MAX) + 3 * (2 + SECRET_LEN_MAX))

void slot_wipe(struct slot *s)
{
    OPENSSL_cleanse(s, sizeof *s);
}

static bool index_valid(uint8_t index)
{
    return index >= 1 && index <= OPCHANGE_SLOTS_MAX;
}

static bool has_keys(enum slot_state state)
{
    return state == SLOT_SPARE || state == SLOT_ACTIVE || state == SLOT_TRIAL ||
           state == SLOT_FALLBACK;
}

static enum err read_aka(struct rd *r, struct aka_key *aka)
{
    uint8_t head[6];
    enum err e = rd_copy(r, head, sizeof head);

    if (e != ERR_OK)
        return e;
    if (head[0] < AKA_MILENAGE || head[0] > AKA_XOR)
        return ERR_FORMAT;
    aka->algorithm = (enum aka_algorithm)head[0];
    aka->res_len = head[1];
    aka->mac_len = head[2];
    aka->ck_len = head[3];
    aka->ik_len = head[4];
    aka->keccak_iterations = head[5];
    e = secret_read(r, &aka->k);
    return e != ERR_OK ? e : secret_read(r, &aka->opc);
}

static enum err read_ota(struct rd *r, struct secpkt_key *key)
{
    uint8_t algorithm;
    enum err e = rd_u8(r, &algorithm);

    if (e != ERR_OK)
        return e;
    if (algorithm > SECPKT_AES)
        return ERR_FORMAT;
    key->algorithm = (enum secpkt_algorithm)algorithm;
    return secret_read(r, &key->key);
}

static enum err read_keys(struct rd *r, struct slot *s)
{
    enum err e = read_aka(r, &s->aka);

    if (e == ERR_OK)
        e = read_ota(r, &s->kic);
    if (e == ERR_OK)
        e = read_ota(r, &s->kid);
    return e != ERR_OK ? e : read_ota(r, &s->kik);
}

/* The state byte alone; false for one that nothing writes. */
static bool read_state(struct rd *r, enum slot_state *state)
{
    uint8_t byte;

    if (rd_u8(r, &byte) != ERR_OK || byte <= SLOT_EMPTY || byte > SLOT_RETIRED)
        return false;
    *state = (enum slot_state)byte;
    return true;
}

enum err slot_read(const struct store *s, uint8_t index, struct slot *out)
{
    struct slot slot SLOT_WIPED = {0};
    struct rd r;

    if (!index_valid(index) || !store_get(s, OBJ_SLOT(index), &r))
        return ERR_NOT_FOUND;
    if (!read_state(&r, &slot.state))
        return ERR_CORRUPT;
    if (has_keys(slot.state) && read_keys(&r, &slot) != ERR_OK)
        return ERR_CORRUPT;
    if (r.left != 0)
        return ERR_CORRUPT;
    *out = slot;
    return ERR_OK;
}

static void write_ota(struct wr *w, const struct secpkt_key *key)
{
    wr_u8(w, (uint8_t)key->algorithm);
    secret_write(w, &key->key);
}

static void write_slot(struct wr *w, const struct slot *s)
{
    wr_u8(w, (uint8_t)s->state);
    if (!has_keys(s->state))
        return;
    wr_u8(w, (uint8_t)s->aka.algorithm);
    wr_u8(w, s->aka.res_len);
    wr_u8(w, s->aka.mac_len);
    wr_u8(w, s->aka.ck_len);
    wr_u8(w, s->aka.ik_len);
    wr_u8(w, s->aka.keccak_iterations);
    secret_write(w, &s->aka.k);
    secret_write(w, &s->aka.opc);
    write_ota(w, &s->kic);
    write_ota(w, &s->kid);
    write_ota(w, &s->kik);
}

/* Keys that are there now and would not be afterwards? */
static bool replaces_keys(const struct store *s, uint8_t index, struct rd after)
{
    struct rd before;

    if (!store_get(s, OBJ_SLOT(index), &before) || before.left <= 1)
        return false;
    return after.left != before.left || !crypto_equal(before.at + 1, after.at + 1, after.left - 1);
}

/* bytes: empty for an empty slot. */
static enum err put_slot(struct store *s, uint8_t index, struct rd bytes)
{
    bool forget = replaces_keys(s, index, bytes);
    enum err e =
        bytes.left == 0 ? store_delete(s, OBJ_SLOT(index)) : store_put(s, OBJ_SLOT(index), bytes);

    if (e == ERR_OK && forget)
        store_forget(s);
    /* A sequence number without its key would only be in the way of the next one. */
    if (e == ERR_OK && bytes.left <= 1)
        e = store_delete(s, OBJ_SQN(index));
    return e;
}

/* Another K, or none: what was bootstrapped with the old one goes with it. */
static bool replaces_k(const struct store *s, uint8_t index, const struct slot *next)
{
    struct slot old SLOT_WIPED = {0};

    if (slot_read(s, index, &old) != ERR_OK)
        return false;
    return !has_keys(next->state) || !secret_equal(&old.aka.k, &next->aka.k) ||
           !secret_equal(&old.aka.opc, &next->aka.opc);
}

static enum err forget_bootstrapped(struct store *s, uint8_t index)
{
    enum err e = store_delete(s, OBJ_GBA(index, false));

    return e == ERR_OK ? store_delete(s, OBJ_GBA(index, true)) : e;
}

enum err slot_write(struct store *s, uint8_t index, const struct slot *slot)
{
    uint8_t bytes[SLOT_BYTES_MAX];
    struct wr w = WR_ARRAY(bytes);
    enum err e = ERR_OK;
    bool another_k;

    if (!index_valid(index))
        return ERR_NOT_FOUND;
    another_k = replaces_k(s, index, slot);
    if (slot->state != SLOT_EMPTY)
        write_slot(&w, slot);
    e = wr_result(&w);
    if (e == ERR_OK)
        e = put_slot(s, index, RD_WR(&w));
    if (e == ERR_OK && another_k)
        e = forget_bootstrapped(s, index);
    OPENSSL_cleanse(bytes, sizeof bytes);
    return e;
}

enum err slot_move(struct store *s, uint8_t index, enum slot_event event)
{
    struct slot slot SLOT_WIPED = {0};
    enum err e = slot_read(s, index, &slot);
    uint8_t state;

    if (e == ERR_OK)
        e = slot_next_state(slot.state, event, &slot.state);
    if (e != ERR_OK)
        return e;
    state = (uint8_t)slot.state;
    /* The keys that stay need not be written again. */
    if (has_keys(slot.state))
        return store_patch(s, OBJ_SLOT(index), 0, RD(&state, 1));
    return slot_write(s, index, &slot);
}

enum slot_state slot_state_of(const struct store *s, uint8_t index)
{
    enum slot_state state = SLOT_EMPTY;
    struct rd r;

    if (!index_valid(index) || !store_get(s, OBJ_SLOT(index), &r) || !read_state(&r, &state))
        return SLOT_EMPTY;
    return state;
}

/* Lowest index in that state; 0 for none. */
static uint8_t first_in(const struct store *s, enum slot_state state)
{
    for (uint8_t i = 1; i <= OPCHANGE_SLOTS_MAX; i++) {
        if (slot_state_of(s, i) == state)
            return i;
    }
    return 0;
}

static unsigned count_in(const struct store *s, enum slot_state state)
{
    unsigned count = 0;

    for (uint8_t i = 1; i <= OPCHANGE_SLOTS_MAX; i++)
        count += slot_state_of(s, i) == state;
    return count;
}

uint8_t slot_in_force(const struct store *s)
{
    uint8_t active = first_in(s, SLOT_ACTIVE);

    return active != 0 ? active : first_in(s, SLOT_TRIAL);
}

uint8_t slot_fallback(const struct store *s)
{
    return first_in(s, SLOT_FALLBACK);
}

uint8_t slot_next_spare(const struct store *s)
{
    return first_in(s, SLOT_SPARE);
}

void slot_count(const struct store *s, uint8_t *slots, uint8_t *spare)
{
    *slots = (uint8_t)(OPCHANGE_SLOTS_MAX - count_in(s, SLOT_EMPTY));
    *spare = (uint8_t)count_in(s, SLOT_SPARE);
}

bool slot_check(const struct store *s)
{
    unsigned trials = count_in(s, SLOT_TRIAL);

    return count_in(s, SLOT_ACTIVE) + trials <= 1 && count_in(s, SLOT_FALLBACK) == trials;
}
