#include "uicc/isd/keys.h"

#include "apdu/tlv.h"
#include "uicc/slot/slot.h"

#include <openssl/crypto.h>
#include <string.h>

#define KEYS_SEQUENCE      0x8000U
#define RECORD_MAX         (3 + 3 * SECRET_LEN_MAX)
#define TAG_KEY_INFO_ENTRY 0xC0

static uint32_t object_of(uint8_t domain, uint8_t version)
{
    return OBJ_KEYSET((uint32_t)domain << 8 | version);
}

static uint32_t sequence_of(uint8_t domain, uint8_t version)
{
    return OBJ_KEYSET(KEYS_SEQUENCE | (uint32_t)domain << 8 | version);
}

static uint32_t read_sequence(const struct card *card, uint8_t domain, uint8_t version)
{
    struct rd r;
    uint32_t sequence = 0;

    if (store_get(&card->store, sequence_of(domain, version), &r) &&
        rd_u32(&r, &sequence) != ERR_OK)
        return UINT32_MAX; /* damaged: nothing opens */
    return sequence;
}

static enum err write_sequence(struct card *card, uint8_t domain, uint8_t version, uint32_t value)
{
    uint8_t bytes[4];
    struct wr w = WR_ARRAY(bytes);

    wr_u32(&w, value);
    return store_put(&card->store, sequence_of(domain, version), RD_WR(&w));
}

/* ---- sets that were put ---- */

static enum err read_secret(struct rd *r, uint8_t len, struct secret *out)
{
    enum err e = ERR_CORRUPT;

    if (len == 16 || len == 24 || len == 32)
        e = rd_copy(r, out->bytes, len);
    out->len = e == ERR_OK ? len : 0;
    return e;
}

static enum err read_stored(const struct card *card, uint8_t domain, uint8_t version,
                            struct isd_keys *out)
{
    uint8_t slot = 0, type = 0, len = 0;
    struct rd r;
    enum err e;

    if (!store_get(&card->store, object_of(domain, version), &r))
        return ERR_NOT_FOUND;
    e = rd_u8(&r, &slot);
    if (e == ERR_OK)
        e = rd_u8(&r, &type);
    if (e == ERR_OK)
        e = rd_u8(&r, &len);
    if (e != ERR_OK || slot != slot_in_force(&card->store))
        return ERR_NOT_FOUND; /* of an operator who is gone */
    out->version = version;
    out->type = type == GP_KEY_DES ? GP_KEY_DES : GP_KEY_AES;
    out->sequence = read_sequence(card, domain, version);
    e = read_secret(&r, len, &out->enc);
    if (e == ERR_OK)
        e = read_secret(&r, len, &out->mac);
    if (e == ERR_OK)
        e = read_secret(&r, len, &out->dek);
    return e == ERR_OK ? ERR_OK : ERR_NOT_FOUND;
}

bool isd_keys_stored(const struct card *card, uint8_t domain, uint8_t version)
{
    ISD_KEYS_WIPED struct isd_keys keys = {0};

    return read_stored(card, domain, version, &keys) == ERR_OK;
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
    out->sequence = read_sequence(card, APPLET_ISD, out->version);
    return ERR_OK;
}

/* ---- lookup ---- */

static enum err find_first(const struct card *card, uint8_t domain, struct isd_keys *out)
{
    for (uint8_t v = ISD_KEYS_SCP02; v <= ISD_KEYS_LAST; v++) {
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

enum err isd_keys_write(struct card *card, uint8_t domain, const struct isd_keys *keys)
{
    uint8_t bytes[RECORD_MAX];
    struct wr w = WR_ARRAY(bytes);
    enum err e;

    wr_u8(&w, slot_in_force(&card->store));
    wr_u8(&w, (uint8_t)keys->type);
    wr_u8(&w, keys->enc.len);
    wr_rd(&w, RD_SECRET(&keys->enc));
    wr_rd(&w, RD_SECRET(&keys->mac));
    wr_rd(&w, RD_SECRET(&keys->dek));
    e = wr_result(&w);
    if (e == ERR_OK)
        e = store_put(&card->store, object_of(domain, keys->version), RD_WR(&w));
    OPENSSL_cleanse(bytes, sizeof bytes);
    store_forget(&card->store);
    return e;
}

enum err isd_keys_remove(struct card *card, uint8_t domain, uint8_t version)
{
    store_forget(&card->store);
    return store_delete(&card->store, object_of(domain, version));
}

enum err isd_keys_remove_all(struct card *card, uint8_t domain)
{
    enum err e = ERR_OK;
    struct rd r;

    for (uint8_t v = 1; v <= ISD_KEYS_LAST && e == ERR_OK; v++) {
        if (store_get(&card->store, object_of(domain, v), &r))
            e = isd_keys_remove(card, domain, v);
    }
    return e;
}

enum err isd_keys_count_up(struct card *card, uint8_t domain, const struct isd_keys *keys)
{
    return write_sequence(card, domain, keys->version, keys->sequence + 1);
}

enum err isd_keys_retire(struct card *card, uint8_t slot)
{
    enum err e = ERR_OK;
    struct rd r;

    for (uint8_t domain = APPLET_ISD; domain <= APPLET_ENTRIES_MAX && e == ERR_OK; domain++) {
        for (uint8_t v = 1; v <= ISD_KEYS_LAST && e == ERR_OK; v++) {
            if (store_get(&card->store, object_of(domain, v), &r) && r.left > 0 && r.at[0] == slot)
                e = isd_keys_remove(card, domain, v);
        }
    }
    return e;
}

/* ---- description ---- */

static void describe(const struct isd_keys *keys, struct wr *out)
{
    const uint8_t lens[] = {keys->enc.len, keys->mac.len, keys->dek.len};

    for (size_t i = 0; i < sizeof lens; i++) {
        const uint8_t entry[] = {(uint8_t)(i + 1), keys->version, (uint8_t)keys->type, lens[i]};

        tlv_write(out, TAG_KEY_INFO_ENTRY, RD_ARRAY(entry));
    }
}

static void describe_slot(const struct card *card, struct wr *out)
{
    ISD_KEYS_WIPED struct isd_keys keys = {.version = slot_in_force(&card->store)};
    SLOT_WIPED struct slot slot = {0};

    if (slot_read(&card->store, keys.version, &slot) != ERR_OK)
        return;
    keys.type = slot.kic.algorithm == SECPKT_AES ? GP_KEY_AES : GP_KEY_DES;
    keys.enc = slot.kic.key;
    keys.mac = slot.kid.key;
    keys.dek = slot.kik.key;
    describe(&keys, out);
}

void isd_keys_describe(const struct card *card, uint8_t domain, struct wr *out)
{
    if (domain == APPLET_ISD)
        describe_slot(card, out);
    for (uint8_t v = 1; v <= ISD_KEYS_LAST; v++) {
        ISD_KEYS_WIPED struct isd_keys keys = {0};

        if (isd_keys_find(card, domain, v, &keys) == ERR_OK)
            describe(&keys, out);
    }
}
