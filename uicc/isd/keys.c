#include "uicc/isd/keys.h"

#include "apdu/tlv.h"
#include "uicc/slot/slot.h"

#include <openssl/crypto.h>
#include <string.h>

#define KEYS_SEQUENCE      0x8000U
#define KEY_LEN_MAX        133U /* a point of P-521 */
#define RECORD_MAX         (1 + ISD_KEYS_OF_SET * (4 + KEY_LEN_MAX))
#define TAG_KEY_INFO_ENTRY 0xC0
#define KEY_INFO_LEN       6
#define KEY_INFO_MAX       (39 * KEY_INFO_LEN) /* that one answer holds under every protection */
#define ID_ENC             1
#define ID_MAC             2
#define ID_DEK             3

static uint32_t object_of(uint8_t domain, uint8_t version)
{
    return OBJ_KEYSET((uint32_t)domain << 8 | version);
}

static uint32_t sequence_of(uint8_t domain, uint8_t version)
{
    return OBJ_KEYSET(KEYS_SEQUENCE | (uint32_t)domain << 8 | version);
}

uint32_t isd_keys_sequence(const struct card *card, uint8_t domain, uint8_t version)
{
    struct rd r;
    uint32_t sequence = 0;

    if (store_get(&card->store, sequence_of(domain, version), &r) &&
        rd_u32(&r, &sequence) != ERR_OK)
        return UINT32_MAX; /* damaged: nothing opens */
    return sequence;
}

enum err isd_keys_set_sequence(struct card *card, uint8_t domain, uint8_t version, uint32_t value)
{
    uint8_t bytes[4];
    struct wr w = WR_ARRAY(bytes);

    wr_u32(&w, value);
    return store_put(&card->store, sequence_of(domain, version), RD_WR(&w));
}

/* ---- keys that were put ---- */

static enum err next_key(struct rd *r, struct isd_key *out)
{
    uint8_t type = 0;
    uint16_t len = 0;
    enum err e = rd_u8(r, &out->id);

    if (e == ERR_OK)
        e = rd_u8(r, &type);
    if (e == ERR_OK)
        e = rd_u16(r, &len);
    if (e == ERR_OK)
        e = rd_take(r, len, &out->value);
    out->type = (enum gp_key_type)type;
    return e;
}

/* All keys of a version; none of an operator who is gone. */
static struct rd keys_of(const struct card *card, uint8_t domain, uint8_t version)
{
    struct rd r;
    uint8_t slot = 0;

    if (!store_get(&card->store, object_of(domain, version), &r) || rd_u8(&r, &slot) != ERR_OK ||
        slot != slot_in_force(&card->store))
        return RD(NULL, 0);
    return r;
}

enum err isd_keys_get(const struct card *card, uint8_t domain, uint8_t version, uint8_t id,
                      struct isd_key *out)
{
    struct rd r = keys_of(card, domain, version);
    struct isd_key key;

    while (next_key(&r, &key) == ERR_OK) {
        if (key.id != id)
            continue;
        *out = key;
        return ERR_OK;
    }
    return ERR_NOT_FOUND;
}

bool isd_keys_stored(const struct card *card, uint8_t domain, uint8_t version)
{
    return keys_of(card, domain, version).left > 0;
}

static bool take_secret(const struct isd_key *key, struct secret *out)
{
    size_t len = key->value.left;

    if (len != 16 && len != 24 && len != 32)
        return false;
    memcpy(out->bytes, key->value.at, len);
    out->len = (uint8_t)len;
    return true;
}

static enum err read_stored(const struct card *card, uint8_t domain, uint8_t version,
                            struct isd_keys *out)
{
    struct isd_key enc, mac, dek;

    if (isd_keys_get(card, domain, version, ID_ENC, &enc) != ERR_OK ||
        isd_keys_get(card, domain, version, ID_MAC, &mac) != ERR_OK ||
        isd_keys_get(card, domain, version, ID_DEK, &dek) != ERR_OK)
        return ERR_NOT_FOUND;
    if ((enc.type != GP_KEY_DES && enc.type != GP_KEY_AES) || mac.type != enc.type ||
        dek.type != enc.type || mac.value.left != enc.value.left ||
        dek.value.left != enc.value.left || !take_secret(&enc, &out->enc) ||
        !take_secret(&mac, &out->mac) || !take_secret(&dek, &out->dek))
        return ERR_NOT_FOUND;
    out->version = version;
    out->type = enc.type;
    out->sequence = isd_keys_sequence(card, domain, version);
    return ERR_OK;
}

/* ---- the keys of the slot in force ---- */

static uint8_t alias_version(const struct slot *slot, uint8_t index)
{
    return (uint8_t)((slot->kic.algorithm == SECPKT_AES ? ISD_KEYS_SCP03 : ISD_KEYS_SCP02) | index);
}

/* Triple DES of two keys is all that SCP02 has, and single DES is none of it. */
static bool fits_scp(const struct slot *slot)
{
    enum secpkt_algorithm a = slot->kic.algorithm;

    return (a == SECPKT_AES || a == SECPKT_3DES2) && slot->kid.algorithm == a &&
           slot->kik.algorithm == a && slot->kic.key.len > 0;
}

static enum err read_alias(const struct card *card, uint8_t version, struct isd_keys *out)
{
    uint8_t index = slot_in_force(&card->store);
    SLOT_WIPED struct slot slot = {0};

    if (slot_read(&card->store, index, &slot) != ERR_OK || !fits_scp(&slot))
        return ERR_NOT_FOUND;
    out->version = alias_version(&slot, index);
    if (version != 0 && version != out->version)
        return ERR_NOT_FOUND;
    out->type = slot.kic.algorithm == SECPKT_AES ? GP_KEY_AES : GP_KEY_DES;
    out->enc = slot.kic.key;
    out->mac = slot.kid.key;
    out->dek = slot.kik.key;
    out->sequence = isd_keys_sequence(card, APPLET_ISD, out->version);
    return ERR_OK;
}

/* ---- lookup ---- */

static enum err find_first(const struct card *card, uint8_t domain, struct isd_keys *out)
{
    for (uint8_t v = ISD_KEYS_SCP02; v < ISD_KEYS_SCP81; v++) {
        if (read_stored(card, domain, v, out) == ERR_OK)
            return ERR_OK;
    }
    return ERR_NOT_FOUND;
}

enum err isd_keys_find(const struct card *card, uint8_t domain, uint8_t version,
                       struct isd_keys *out)
{
    ISD_KEYS_WIPED struct isd_keys keys = {0};
    enum err e =
        version == 0 ? find_first(card, domain, &keys) : read_stored(card, domain, version, &keys);

    if (e != ERR_OK && domain == APPLET_ISD)
        e = read_alias(card, version, &keys);
    if (e == ERR_OK)
        *out = keys;
    return e;
}

uint8_t isd_keys_owner(const struct card *card, uint8_t domain)
{
    ISD_KEYS_WIPED struct isd_keys keys = {0};

    return isd_keys_find(card, domain, 0, &keys) == ERR_OK ? domain : APPLET_ISD;
}

/* ---- changes ---- */

static void write_key(struct wr *w, const struct isd_key *key)
{
    wr_u8(w, key->id);
    wr_u8(w, (uint8_t)key->type);
    wr_u16(w, (uint16_t)key->value.left);
    wr_rd(w, key->value);
}

static bool is_among(const struct isd_key *keys, size_t count, uint8_t id)
{
    for (size_t i = 0; i < count; i++) {
        if (keys[i].id == id)
            return true;
    }
    return false;
}

/* The keys of old but those that new brings again or takes away, then new. */
static size_t merge(struct wr *w, struct rd old, const struct isd_key *new, size_t count,
                    uint8_t away)
{
    struct isd_key key;
    size_t total = count;

    while (next_key(&old, &key) == ERR_OK) {
        if (key.id == away || is_among(new, count, key.id))
            continue;
        write_key(w, &key);
        total++;
    }
    for (size_t i = 0; i < count; i++)
        write_key(w, &new[i]);
    return total;
}

static enum err rewrite(struct card *card, uint8_t domain, uint8_t version,
                        const struct isd_key *keys, size_t count, uint8_t away)
{
    uint8_t bytes[RECORD_MAX];
    struct wr w = WR_ARRAY(bytes);
    size_t total;
    enum err e;

    wr_u8(&w, slot_in_force(&card->store));
    total = merge(&w, keys_of(card, domain, version), keys, count, away);
    e = total <= ISD_KEYS_OF_SET ? wr_result(&w) : ERR_SPACE;
    if (e == ERR_OK && total == 0)
        e = store_delete(&card->store, object_of(domain, version));
    else if (e == ERR_OK)
        e = store_put(&card->store, object_of(domain, version), RD_WR(&w));
    OPENSSL_cleanse(bytes, sizeof bytes);
    store_forget(&card->store);
    return e;
}

enum err isd_keys_write(struct card *card, uint8_t domain, uint8_t version,
                        const struct isd_key *keys, size_t count)
{
    return rewrite(card, domain, version, keys, count, 0);
}

enum err isd_keys_remove(struct card *card, uint8_t domain, uint8_t version, uint8_t id)
{
    if (id != 0)
        return rewrite(card, domain, version, NULL, 0, id);
    store_forget(&card->store);
    return store_delete(&card->store, object_of(domain, version));
}

enum err isd_keys_remove_all(struct card *card, uint8_t domain)
{
    enum err e = ERR_OK;
    struct rd r;

    for (uint8_t v = 1; v <= ISD_KEYS_LAST && e == ERR_OK; v++) {
        if (store_get(&card->store, object_of(domain, v), &r))
            e = isd_keys_remove(card, domain, v, 0);
    }
    return e;
}

/* An entry that cannot be read may have been a domain. */
static bool may_have_keys(const struct card *card, uint8_t number)
{
    struct applet_entry e;

    switch (applet_registry_read(&card->store, number, &e)) {
    case ERR_OK:
        return isd_is_domain(&e);
    case ERR_NOT_FOUND:
        return false;
    default:
        return true;
    }
}

static enum err retire_domain(struct card *card, uint8_t domain, uint8_t slot)
{
    enum err e = ERR_OK;
    struct rd r;

    for (uint8_t v = 1; v <= ISD_KEYS_LAST && e == ERR_OK; v++) {
        if (store_get(&card->store, object_of(domain, v), &r) && r.left > 0 && r.at[0] == slot)
            e = isd_keys_remove(card, domain, v, 0);
    }
    return e;
}

enum err isd_keys_retire(struct card *card, uint8_t slot)
{
    enum err e = ERR_OK;

    for (uint8_t domain = APPLET_ISD; domain <= APPLET_ENTRIES_MAX && e == ERR_OK; domain++) {
        if (may_have_keys(card, domain))
            e = retire_domain(card, domain, slot);
    }
    return e;
}

/* ---- description ---- */

static void describe(uint8_t id, uint8_t version, enum gp_key_type type, size_t len, struct wr *out)
{
    const uint8_t entry[] = {id, version, (uint8_t)type, (uint8_t)len};

    if (out->len <= KEY_INFO_MAX - KEY_INFO_LEN)
        tlv_write(out, TAG_KEY_INFO_ENTRY, RD_ARRAY(entry));
}

static void describe_slot(const struct card *card, struct wr *out)
{
    uint8_t index = slot_in_force(&card->store);
    SLOT_WIPED struct slot slot = {0};
    const struct secpkt_key *const keys[] = {&slot.kic, &slot.kid, &slot.kik};

    if (slot_read(&card->store, index, &slot) != ERR_OK)
        return;
    for (size_t i = 0; i < ARRAY_LEN(keys); i++)
        describe((uint8_t)(i + 1), index,
                 keys[i]->algorithm == SECPKT_AES ? GP_KEY_AES : GP_KEY_DES, keys[i]->key.len, out);
}

static void describe_set(const struct isd_keys *keys, struct wr *out)
{
    const uint8_t lens[] = {keys->enc.len, keys->mac.len, keys->dek.len};

    for (size_t i = 0; i < ARRAY_LEN(lens); i++)
        describe((uint8_t)(i + 1), keys->version, keys->type, lens[i], out);
}

void isd_keys_describe(const struct card *card, uint8_t domain, struct wr *out)
{
    ISD_KEYS_WIPED struct isd_keys alias = {0};

    if (domain == APPLET_ISD)
        describe_slot(card, out);
    if (domain == APPLET_ISD && read_alias(card, 0, &alias) == ERR_OK &&
        !isd_keys_stored(card, domain, alias.version))
        describe_set(&alias, out);
    for (uint8_t v = 1; v <= ISD_KEYS_LAST; v++) {
        struct rd r = keys_of(card, domain, v);
        struct isd_key key;

        while (next_key(&r, &key) == ERR_OK)
            describe(key.id, v, key.type, key.value.left, out);
    }
}
