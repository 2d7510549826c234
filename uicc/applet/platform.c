#include "uicc/applet/platform.h"

#include "apdu/gp.h"
#include "uicc/aka/sqn.h"
#include "uicc/applet/toolkit.h"
#include "uicc/isd/keys.h"
#include "uicc/remote/identity.h"
#include "uicc/slot/slot.h"

static bool is_permitted(const struct applet *a)
{
    struct applet_entry e;

    return applet_registry_read(&a->card->store, a->number, &e) == ERR_OK &&
           (e.rights & APPLET_SUBSCRIPTION) != 0;
}

enum err applet_subscription_read(const struct applet *a, struct applet_subscription *out)
{
    const struct store *s = &a->card->store;

    if (!is_permitted(a))
        return ERR_DENIED;
    out->in_force = slot_in_force(s);
    out->fallback = slot_fallback(s);
    out->next = slot_next_spare(s);
    slot_count(s, &out->slots, &out->spare);
    identity_imsi(a->card, out->imsi);
    return ERR_OK;
}

enum err applet_subscription_check(const struct applet *a, const struct opchange_command *command)
{
    return is_permitted(a) ? identity_check(a->card, command) : ERR_DENIED;
}

/* ---- the slot switch ---- */

/* Who listens to what follows from the slots, and no mixture of them leaves this room. */
static enum err switched(struct applet *a, enum err e)
{
    applet_listeners_changed(a->card);
    return e == ERR_OK && !slot_check(&a->card->store) ? ERR_CORRUPT : e;
}

enum err applet_subscription_try(struct applet *a, const struct opchange_command *command)
{
    struct store *s = &a->card->store;
    enum err e = is_permitted(a) ? identity_rewrite(a->card, command) : ERR_DENIED;

    if (e == ERR_OK)
        e = slot_move(s, slot_in_force(s), SLOT_STEP_BACK);
    if (e == ERR_OK)
        e = slot_move(s, command->to, SLOT_TRY);
    if (e == ERR_OK)
        e = sqn_reset(s, command->to);
    return switched(a, e);
}

enum err applet_subscription_confirm(struct applet *a)
{
    struct store *s = &a->card->store;
    uint8_t before = slot_fallback(s);
    enum err e = is_permitted(a) ? slot_move(s, slot_in_force(s), SLOT_CONFIRM) : ERR_DENIED;

    if (e == ERR_OK)
        e = slot_move(s, before, SLOT_RETIRE);
    if (e == ERR_OK)
        e = isd_keys_retire(a->card, before);
    if (e == ERR_OK)
        e = sqn_reset(s, before);
    if (e == ERR_OK)
        e = store_delete(s, OBJ_FALLBACK);
    if (e == ERR_OK)
        store_forget(s);
    a->card->applets->effects.keys_changed = true;
    return switched(a, e);
}

enum err applet_subscription_restore(struct applet *a)
{
    struct store *s = &a->card->store;
    uint8_t tried = slot_in_force(s), before = slot_fallback(s);
    enum err e = is_permitted(a) ? identity_restore(a->card) : ERR_DENIED;

    a->card->imsi_changed = false; /* the reset that follows says more than any other REFRESH */
    if (e == ERR_OK)
        e = slot_move(s, tried, SLOT_DROP);
    if (e == ERR_OK)
        e = isd_keys_retire(a->card, tried);
    if (e == ERR_OK)
        e = slot_move(s, before, SLOT_RESTORE);
    if (e == ERR_OK)
        e = sqn_reset(s, tried);
    a->card->applets->effects.keys_changed = true;
    return switched(a, e);
}

/* ---- a new K ---- */

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

static enum err unwrap_keys(struct crypto *c, const struct opchange_command *command,
                            struct slot *slot)
{
    struct gp_key k = {.type = GP_KEY_AES};
    uint8_t kcv[GP_KCV_LEN];
    enum err e = unwrap(c, &slot->kik, command->new_k, &slot->aka.k);

    if (e == ERR_OK && command->new_opc.left > 0)
        e = unwrap(c, &slot->kik, command->new_opc, &slot->aka.opc);
    if (e != ERR_OK)
        return e;
    k.key = slot->aka.k;
    e = gp_kcv(c, &k, kcv);
    secret_wipe(&k.key);
    if (e == ERR_OK && !crypto_equal(kcv, command->new_k_kcv, sizeof kcv))
        e = ERR_KEY;
    return e;
}

static bool is_same_pair(const struct slot *a, const struct slot *b)
{
    return secret_equal(&a->aka.k, &b->aka.k) && secret_equal(&a->aka.opc, &b->aka.opc);
}

/*
 * The sequence numbers begin anew with the key: nothing of the old one can be replayed. A key that
 * is in force already, sent again because its proof was lost, changes nothing: with it, challenges
 * may have been heard that must not be fresh once more.
 */
enum err applet_subscription_renew(struct applet *a, const struct opchange_command *command)
{
    struct store *s = &a->card->store;
    uint8_t index = slot_in_force(s);
    SLOT_WIPED struct slot before = {0}, slot = {0};
    enum err e = is_permitted(a) ? slot_read(s, index, &before) : ERR_DENIED;

    if (e != ERR_OK)
        return e;
    slot = before;
    if (unwrap_keys(a->card->engine->crypto, command, &slot) != ERR_OK)
        return ERR_KEY;
    if (is_same_pair(&before, &slot))
        return ERR_OK;
    e = slot_write(s, index, &slot);
    if (e == ERR_OK)
        e = sqn_reset(s, index);
    a->card->applets->effects.keys_changed = true;
    return e;
}

/* ---- the terminal, the clock ---- */

enum err applet_reset_terminal(struct applet *a)
{
    if (!is_permitted(a))
        return ERR_DENIED;
    a->card->applets->effects.reset = true;
    return ERR_OK;
}

uint64_t applet_now_ms(const struct applet *a)
{
    return a->card->host.now_ms(a->card->host.context);
}
