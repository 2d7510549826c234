/*
 * PUT KEY (GP 11.8). A key is never weakened: none comes under a weaker one (apdu/gp.h), a
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

#define TYPE_DES 0x01
#define TYPE_AES 0x02
#define TYPE_PSK 0x04
#define TYPE_ECC 0x08

/* Which versions are for what (GP UICC configuration 10.1), and the keys they may have. */
static const struct {
    uint8_t first, last, ids, types;
} uses[] = {
    {1, ISD_KEYS_OTA_MAX, KEY_COUNT, TYPE_DES | TYPE_AES}, /* the issuer's are the slots' */
    {ISD_KEYS_SCP02, ISD_KEYS_SCP81 - 1, KEY_COUNT, TYPE_DES | TYPE_AES},
    {ISD_KEYS_SCP81, ISD_KEYS_SCP81 + 0x0F, 2, TYPE_DES | TYPE_AES | TYPE_PSK},
    {ISD_KEYS_TOKEN, ISD_KEYS_TOKEN, 1, TYPE_AES | TYPE_ECC},
    {ISD_KEYS_RECEIPT, ISD_KEYS_RECEIPT, 1, TYPE_AES},
    {ISD_KEYS_DAP, ISD_KEYS_DAP, 1, TYPE_AES | TYPE_ECC},
};

static uint8_t type_bit(enum gp_key_type type)
{
    switch (type) {
    case GP_KEY_DES:
        return TYPE_DES;
    case GP_KEY_AES:
        return TYPE_AES;
    case GP_KEY_PSK:
        return TYPE_PSK;
    case GP_KEY_ECC:
        return TYPE_ECC;
    }
    return 0;
}

/* SCP02 has 3DES of two keys, and no other. */
static bool has_use(uint8_t domain, uint8_t version, uint8_t id, const struct gp_key *key)
{
    bool channel = version >= ISD_KEYS_SCP02 && version < ISD_KEYS_SCP81;

    if (domain == APPLET_ISD && version <= ISD_KEYS_OTA_MAX)
        return false;
    if (channel && key->type == GP_KEY_DES && key->key.len != 16)
        return false;
    for (size_t i = 0; i < ARRAY_LEN(uses); i++) {
        if (version >= uses[i].first && version <= uses[i].last)
            return id != 0 && id <= uses[i].ids && (type_bit(key->type) & uses[i].types) != 0;
    }
    return false;
}

/* The keys as they are to be stored; their bytes stay in put. */
static enum err take_keys(uint8_t domain, const struct gp_put_key *put, uint8_t first,
                          struct isd_key out[GP_KEYS_MAX])
{
    for (unsigned i = 0; i < put->count; i++) {
        const struct gp_key *k = &put->keys[i];
        uint8_t id = (uint8_t)(first + i);

        if (is_degenerate(k) || !has_use(domain, put->new_version, id, k))
            return ERR_RANGE;
        out[i] = (struct isd_key){id, k->type,
                                  k->type == GP_KEY_ECC ? put->points[i] : RD_SECRET(&k->key)};
    }
    return ERR_OK;
}

/* What is replaced must be there, and what is new must not. */
static enum err check_places(const struct card *card, uint8_t domain, uint8_t old, uint8_t new,
                             const struct isd_key *key)
{
    struct isd_key there;

    if (old != 0 && isd_keys_get(card, domain, old, key->id, &there) != ERR_OK)
        return ERR_NOT_FOUND;
    return old != new &&isd_keys_get(card, domain, new, key->id, &there) == ERR_OK ? ERR_RANGE
                                                                                   : ERR_OK;
}

static enum err put_set(struct card *card, uint8_t domain, uint8_t old,
                        const struct gp_put_key *put, uint8_t first)
{
    struct isd_key keys[GP_KEYS_MAX] = {{0}};
    enum err e = take_keys(domain, put, first, keys);

    for (unsigned i = 0; i < put->count && e == ERR_OK; i++)
        e = check_places(card, domain, old, put->new_version, &keys[i]);
    for (unsigned i = 0; i < put->count && e == ERR_OK && old != 0 && old != put->new_version; i++)
        e = isd_keys_remove(card, domain, old, keys[i].id);
    return e == ERR_OK ? isd_keys_write(card, domain, put->new_version, keys, put->count) : e;
}

/* ---- the command ---- */

/* GP 11.8.3.1: version, then the check value of each key. */
static enum err answer_put_key(struct crypto *c, const struct gp_put_key *put, struct wr *out)
{
    uint8_t kcv[GP_KCV_LEN];
    enum err e = ERR_OK;

    wr_u8(out, put->new_version);
    for (unsigned i = 0; i < put->count && e == ERR_OK; i++) {
        if (!put->checked[i])
            continue;
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
