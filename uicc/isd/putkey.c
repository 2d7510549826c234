/*
 * PUT KEY (GP 11.8). A key is never weakened: the type of the DEK is the type of the keys, a
 * 3DES key has different parts, a key of the slot in force may grow but not shrink.
 */
#include "uicc/isd/keys.h"

#include "uicc/slot/slot.h"

#define PUT_KEY_ID_MASK 0x7F
#define KEY_COUNT       3U /* ENC (KIc), MAC (KID), DEK (KIK): key ids 1 to 3 */

static sw_t sw_of_key_error(enum err e)
{
    switch (e) {
    case ERR_MAC:
        return SW_KCV;
    case ERR_KEY:
        return SW_ALGORITHM;
    case ERR_CRYPTO:
        return SW_NO_DIAGNOSIS;
    case ERR_NOT_FOUND:
        return SW_REFERENCE;
    default:
        return SW_BAD_DATA;
    }
}

/* What a 3DES key comes down to when its parts are equal is DES, and that is not what it says. */
static bool is_degenerate(const struct gp_key *key)
{
    const uint8_t *k = key->key.bytes;

    if (key->type != GP_KEY_DES)
        return false;
    return crypto_equal(k, k + 8, 8) || (key->key.len == 24 && crypto_equal(k + 8, k + 16, 8));
}

/* ---- OTA keys of the slot in force ---- */

static struct secpkt_key *key_of(struct slot *slot, unsigned id)
{
    struct secpkt_key *const keys[KEY_COUNT] = {&slot->kic, &slot->kid, &slot->kik};

    return keys[id - 1];
}

static enum err replace_key(struct secpkt_key *old, const struct gp_key *new)
{
    enum gp_key_type type = old->algorithm == SECPKT_AES ? GP_KEY_AES : GP_KEY_DES;

    if (new->type != type)
        return ERR_KEY;
    if (new->key.len < old->key.len || is_degenerate(new))
        return ERR_RANGE;
    if (new->type == GP_KEY_DES)
        old->algorithm = new->key.len == 24 ? SECPKT_3DES3 : SECPKT_3DES2;
    old->key = new->key;
    return ERR_OK;
}

/* The version of a slot's key set is the slot's index and stays it; its counter goes on, so that
 * no packet made under the old keys could ever be taken again. */
static enum err put_slot_keys(struct card *card, uint8_t index, const struct gp_put_key *put,
                              uint8_t first)
{
    SLOT_WIPED struct slot slot = {0};
    enum err e = slot_read(&card->store, index, &slot);

    if (put->new_version != index || first == 0 || first + put->count - 1 > KEY_COUNT)
        return ERR_RANGE;
    for (unsigned i = 0; i < put->count && e == ERR_OK; i++)
        e = replace_key(key_of(&slot, first + i), &put->keys[i]);
    if (e == ERR_OK)
        e = slot_write(&card->store, index, &slot);
    store_forget(&card->store);
    return e;
}

/* ---- sets of a domain ---- */

static bool version_takes(uint8_t domain, uint8_t version, const struct gp_key *key)
{
    if (version <= ISD_KEYS_OTA_MAX)
        return domain != APPLET_ISD; /* the issuer's are the slots' */
    if (version >= ISD_KEYS_SCP02 && version < ISD_KEYS_SCP03)
        return key->type == GP_KEY_DES && key->key.len == 16;
    return version >= ISD_KEYS_SCP03 && version <= ISD_KEYS_LAST && key->type == GP_KEY_AES;
}

/* Three keys of one kind and length; nothing less makes a set. */
static enum err make_set(uint8_t domain, const struct gp_put_key *put, struct isd_keys *out)
{
    if (put->count != KEY_COUNT)
        return ERR_RANGE;
    for (unsigned i = 0; i < KEY_COUNT; i++) {
        const struct gp_key *k = &put->keys[i];

        if (is_degenerate(k) || k->type != put->keys[0].type ||
            k->key.len != put->keys[0].key.len || !version_takes(domain, put->new_version, k))
            return ERR_RANGE;
    }
    out->version = put->new_version;
    out->type = put->keys[0].type;
    out->enc = put->keys[0].key;
    out->mac = put->keys[1].key;
    out->dek = put->keys[2].key;
    return ERR_OK;
}

static enum err put_set(struct card *card, uint8_t domain, uint8_t old,
                        const struct gp_put_key *put, uint8_t first)
{
    ISD_KEYS_WIPED struct isd_keys keys = {0};
    enum err e = first == 1 ? make_set(domain, put, &keys) : ERR_RANGE;

    if (e != ERR_OK)
        return e;
    if (old != 0 && !isd_keys_stored(card, domain, old))
        return ERR_NOT_FOUND;
    if (put->new_version != old && isd_keys_stored(card, domain, put->new_version))
        return ERR_RANGE;
    if (old != 0 && old != put->new_version)
        e = isd_keys_remove(card, domain, old);
    return e == ERR_OK ? isd_keys_write(card, domain, &keys) : e;
}

/* ---- the command ---- */

/* GP 11.8.3.1: version, then the check value of each key. */
static enum err answer_put_key(struct crypto *c, const struct gp_put_key *put, struct wr *out)
{
    uint8_t kcv[GP_KCV_LEN];
    enum err e = ERR_OK;

    wr_u8(out, put->new_version);
    for (unsigned i = 0; i < put->count && e == ERR_OK; i++) {
        e = gp_kcv(c, &put->keys[i], kcv);
        wr_bytes(out, kcv, sizeof kcv);
    }
    return e;
}

sw_t isd_put_key(struct isd_caller *caller, const struct apdu *cmd, struct wr *out)
{
    struct card *card = caller->card;
    uint8_t domain = caller->domain.number, index = slot_in_force(&card->store);
    uint8_t first = cmd->p2 & PUT_KEY_ID_MASK;
    __attribute__((cleanup(gp_put_key_wipe))) struct gp_put_key put = {0};
    bool of_slot = domain == APPLET_ISD && cmd->p1 == index;
    enum err e;

    if (domain == APPLET_ISD && cmd->p1 > 0 && cmd->p1 <= ISD_KEYS_OTA_MAX && !of_slot)
        return SW_REFERENCE;
    e = gp_read_put_key(card->engine->crypto, cmd->data, caller->dek, &put);
    if (e == ERR_OK)
        e = answer_put_key(card->engine->crypto, &put, out);
    if (e != ERR_OK)
        return sw_of_key_error(e);
    e = of_slot ? put_slot_keys(card, index, &put, first)
                : put_set(card, domain, cmd->p1, &put, first);
    if (e == ERR_NOMEM || e == ERR_SPACE || e == ERR_IO || e == ERR_CORRUPT)
        return SW_MEMORY;
    if (e != ERR_OK)
        return sw_of_key_error(e);
    caller->keys_changed = true;
    return SW_OK;
}
