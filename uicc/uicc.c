#include "uicc/uicc.h"

#include "apdu/hex.h"
#include "uicc/applet/native.h"
#include "uicc/applet/toolkit.h"
#include "uicc/cat/cat.h"
#include "uicc/core/transport.h"
#include "uicc/fs/tree.h"
#include "uicc/pin/pin.h"
#include "uicc/remote/counter.h"
#include "uicc/remote/remote.h"
#include "uicc/slot/slot.h"

#include <openssl/crypto.h>
#include <string.h>

/* ---- engine ---- */

struct uicc_engine *uicc_engine_new(struct arena *arena)
{
    struct uicc_engine *engine = arena_alloc(arena, sizeof *engine);

    if (engine == NULL)
        return NULL;
    engine->arena = arena;
    engine->crypto = crypto_new();
    if (engine->crypto == NULL) {
        arena_free(arena, engine, sizeof *engine);
        return NULL;
    }
    return engine;
}

void uicc_engine_free(struct uicc_engine **engine)
{
    if (*engine == NULL)
        return;
    crypto_free(&(*engine)->crypto);
    arena_free((*engine)->arena, *engine, sizeof **engine);
    *engine = NULL;
}

/* ---- profile ---- */

/* Read the image off the card's medium, and believe it only if it is what the header names. */
static enum err load_profile(struct uicc_engine *engine, struct nvm_device *nvm,
                             const struct medium *m, const struct profile **out)
{
    uint8_t *image = arena_alloc(engine->arena, m->profile_len);
    uint8_t hash[SHA256_LEN];
    struct rd bytes = RD(image, m->profile_len);
    enum err e;

    if (image == NULL)
        return ERR_NOMEM;
    e = nvm->read(nvm->context, m->profile_offset, image, m->profile_len);
    if (e == ERR_OK)
        e = crypto_sha256(engine->crypto, bytes, hash);
    if (e == ERR_OK && memcmp(hash, m->profile_hash, sizeof hash) != 0)
        e = ERR_CORRUPT;
    if (e == ERR_OK)
        e = profile_load(bytes, hash, engine->arena, out);
    arena_free(engine->arena, image, m->profile_len);
    return e;
}

/* Cards of a batch share one. */
static enum err find_profile(struct uicc_engine *engine, struct nvm_device *nvm,
                             const struct profile **out)
{
    struct medium m;
    enum err e = medium_open(nvm, &m);

    if (e != ERR_OK)
        return e;
    for (size_t i = 0; i < CARD_PROFILES; i++) {
        const struct profile *p = engine->profiles[i];

        if (p == NULL) {
            e = load_profile(engine, nvm, &m, &engine->profiles[i]);
            *out = engine->profiles[i];
            return e;
        }
        if (memcmp(p->hash, m.profile_hash, sizeof p->hash) == 0) {
            *out = p;
            return ERR_OK;
        }
    }
    return ERR_NOMEM;
}

/* ---- card ---- */

static enum err open_rooms(struct card *card)
{
    enum err e;

    card->channels[0] = arena_alloc(card->engine->arena, sizeof *card->channels[0]);
    if (card->channels[0] == NULL)
        return ERR_NOMEM;
    channel_init(card->channels[0], 0);
    e = fs_open(card);
    if (e == ERR_OK)
        e = cat_open(card);
    if (e == ERR_OK)
        e = receiver_open(card);
    if (e == ERR_OK)
        e = applet_open(card);
    if (e == ERR_OK && !slot_check(&card->store))
        e = ERR_CORRUPT;
    return e;
}

enum err uicc_create(struct uicc_engine *engine, const struct uicc_host *host, struct card **out)
{
    struct card *card = arena_alloc(engine->arena, sizeof *card);
    enum err e;

    if (card == NULL)
        return ERR_NOMEM;
    card->engine = engine;
    card->host = *host;
    e = find_profile(engine, host->nvm, &card->profile);
    if (e == ERR_OK)
        e = store_open(&card->store, host->nvm, engine->arena, &engine->store_work);
    if (e == ERR_OK) {
        e = open_rooms(card);
        if (e != ERR_OK)
            uicc_destroy(&card);
    }
    if (e != ERR_OK) {
        arena_free(engine->arena, card, sizeof *card);
        return e;
    }
    *out = card;
    return ERR_OK;
}

void uicc_destroy(struct card **card_place)
{
    struct card *card = *card_place;
    struct arena *arena;

    if (card == NULL)
        return;
    arena = card->engine->arena;
    transport_drop(card);
    cmd_end_transfers(card);
    channel_close_all(card);
    applet_close(card);
    receiver_close(card);
    cat_close(card);
    fs_close(card);
    store_close(&card->store);
    arena_free(arena, card, sizeof *card);
    *card_place = NULL;
}

enum err uicc_reset(struct card *card, struct wr *atr)
{
    enum err e = card_write_atr(card, atr);

    if (e != ERR_OK)
        return e;
    transport_drop(card);
    if (card->suspended)
        card->resumable = true;
    else
        card_reset_volatile(card);
    card->powered = true;
    return ERR_OK;
}

void uicc_transmit(struct card *card, struct rd command, struct wr *response)
{
    transport_run(card, command, response);
}

/* ---- what may be known ---- */

#define FID_ICCID 0x2FE2
#define FID_IMSI  0x6F07
#define REF_PIN1  0x01
#define REF_ADM1  0x0A

static void identity(const struct card *card, struct uicc_info *info)
{
    static const uint8_t usim[] = {0xA0, 0x00, 0x00, 0x00, 0x87, 0x10, 0x02};
    uint16_t app = fs_by_aid(card, RD_ARRAY(usim), 0);
    uint16_t iccid = fs_child(card, NODE_MF, FID_ICCID);
    uint16_t imsi = app == NODE_NONE ? NODE_NONE : fs_child(card, app, FID_IMSI);
    struct rd body;

    if (iccid != NODE_NONE && (body = fs_body(card, iccid)).left == EF_ICCID_LEN &&
        bcd_iccid_decode(body.at, info->iccid) != ERR_OK)
        info->iccid[0] = '\0';
    if (imsi != NODE_NONE && (body = fs_body(card, imsi)).left == EF_IMSI_LEN &&
        bcd_imsi_decode(body.at, info->imsi) != ERR_OK)
        info->imsi[0] = '\0';
}

static const char *algorithm_text(enum aka_algorithm a)
{
    switch (a) {
    case AKA_MILENAGE:
        return "milenage";
    case AKA_TUAK:
        return "tuak";
    case AKA_XOR:
        return "xor";
    }
    return "";
}

static const char *ota_text(const struct secpkt_key *k)
{
    switch (k->algorithm) {
    case SECPKT_DES:
        return "des";
    case SECPKT_3DES2:
        return "3des-2";
    case SECPKT_3DES3:
        return "3des-3";
    case SECPKT_AES:
        break;
    }
    return k->key.len == 16 ? "aes-128" : k->key.len == 24 ? "aes-192" : "aes-256";
}

static void describe_slot(const struct card *card, uint8_t index, struct uicc_slot_info *out)
{
    struct slot slot SLOT_WIPED = {0};
    bool has_keys;

    *out = (struct uicc_slot_info){.index = index, .algorithm = "", .ota = ""};
    out->state = slot_state_text(slot_state_of(&card->store, index));
    out->ota_counter = counter_read(&card->store, index);
    has_keys = slot_read(&card->store, index, &slot) == ERR_OK && slot.aka.k.len > 0;
    if (has_keys) {
        out->algorithm = algorithm_text(slot.aka.algorithm);
        out->ota = ota_text(&slot.kic);
    }
}

static void describe_slots(const struct card *card, struct uicc_info *info)
{
    for (uint8_t i = 1; i <= OPCHANGE_SLOTS_MAX; i++) {
        if (slot_state_of(&card->store, i) != SLOT_EMPTY)
            describe_slot(card, i, &info->slots[info->slot_count++]);
    }
    info->slot_in_force = slot_in_force(&card->store);
    info->slot_fallback = slot_fallback(&card->store);
}

static void describe_pins(const struct card *card, struct uicc_info *info)
{
    struct pin_state pin;

    if (pin_read(card, REF_PIN1, &pin) == ERR_OK) {
        info->pin1_tries = pin.tries;
        info->puk1_tries = pin.unblock_tries;
        info->pin1_enabled = pin.enabled;
    }
    if (pin_read(card, REF_ADM1, &pin) == ERR_OK)
        info->adm1_tries = pin.tries;
}

static void describe_files(const struct card *card, struct uicc_info *info)
{
    for (uint16_t n = fs_next(card, NODE_NONE); n != NODE_NONE; n = fs_next(card, n)) {
        struct rd body;

        info->file_count++;
        if (store_get(&card->store, OBJ_FILE(n), &body))
            info->changed_files++;
    }
}

enum err uicc_info(struct card *card, struct uicc_info *out)
{
    struct opchange_proof change = {0};

    *out = (struct uicc_info){0};
    memcpy(out->profile, card->profile->name, sizeof out->profile);
    identity(card, out);
    describe_slots(card, out);
    describe_pins(card, out);
    describe_files(card, out);
    native_opchange_status(card, &change);
    out->change_state = change.state;
    out->change_counter = change.counter;
    return ERR_OK;
}

/* ---- applets ---- */

static const char *life_text(const struct applet_entry *e)
{
    if (e->number == APPLET_ISD)
        return e->life == CARD_SECURED    ? "secured"
               : e->life == CARD_LOCKED   ? "locked"
               : e->life == CARD_OP_READY ? "ready"
                                          : "initialised";
    if ((e->life & APPLET_LOCKED) != 0)
        return "locked";
    return e->life == APPLET_INSTALLED ? "installed"
           : e->life < APPLET_PERSONAL ? "selectable"
                                       : "personalised";
}

static void write_hex(struct rd bytes, char *out, size_t cap)
{
    if (hex_encode(bytes, out, cap) != ERR_OK)
        *out = '\0';
}

/* The manager listens where the profile says, which may be nowhere. */
static void describe_tars(const struct card *card, const struct applet_entry *e,
                          struct uicc_applet_info *out)
{
    out->level = e->level;
    for (unsigned i = 0; i < e->tar_count && e->number != APPLET_MANAGER; i++)
        write_hex(RD(e->tars[i], 3), out->tars[out->tar_count++], sizeof out->tars[0]);
    for (unsigned i = 0; i < card->profile->tar_count; i++) {
        const struct profile_tar *t = &card->profile->tars[i];

        if (out->tar_count == ARRAY_LEN(out->tars) ||
            (e->number == APPLET_MANAGER ? t->app != REMOTE_OPCHANGE
                                         : e->number != APPLET_ISD || t->app != REMOTE_RAM))
            continue;
        write_hex(RD_ARRAY(t->tar), out->tars[out->tar_count++], sizeof out->tars[0]);
        out->level = t->level;
    }
}

static void describe_applet(const struct card *card, const struct applet_entry *e,
                            struct uicc_applet_info *out)
{
    struct toolkit_registration r = {0};
    const char *name = applet_native_name(&e->module);

    *out = (struct uicc_applet_info){.name = name == NULL ? "" : name, .state = life_text(e)};
    write_hex(RD_AID(&e->aid), out->aid, sizeof out->aid);
    write_hex(RD_AID(&e->module), out->module, sizeof out->module);
    write_hex(RD_ARRAY(e->privileges), out->privileges, sizeof out->privileges);
    describe_tars(card, e, out);
    if (applet_toolkit_read(&card->store, e->number, &r) == ERR_OK)
        out->priority = r.priority;
}

enum err uicc_applet(struct card *card, unsigned n, struct uicc_applet_info *out)
{
    struct applet_entry e = {.number = 0};

    while (applet_registry_next(&card->store, e.number, &e) == ERR_OK) {
        if (e.kind != APPLET_INSTANCE || n-- > 0)
            continue;
        describe_applet(card, &e, out);
        return ERR_OK;
    }
    return ERR_NOT_FOUND;
}
