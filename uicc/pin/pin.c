#include "uicc/pin/pin.h"

#include "apdu/tlv.h"
#include "uicc/pin/object.h"

#include <openssl/crypto.h>
#include <string.h>

#define TAG_PS_DO         0x90
#define TAG_KEY_REFERENCE 0x83
#define TAG_USAGE         0x95
#define USAGE_VERIFY      0x08

/* Ranges of key references, TS 102 221 9.5.1, and where their bits begin. */
static const struct {
    uint8_t first, last, bit;
} ranges[] = {
    {0x01, 0x08, 0},  {0x0A, 0x0E, 8},  {PIN_UNIVERSAL, PIN_UNIVERSAL, 13},
    {0x81, 0x88, 16}, {0x8A, 0x8E, 24},
};

/* Verified for all channels: PIN1-8 and the universal PIN. */
#define SHARED_BITS 0x000020FFU
/* Ends with the application session: PINs and ADM keys of the application. */
#define LOCAL_BITS 0xFFFF0000U

uint32_t pin_bit(uint8_t reference)
{
    for (size_t i = 0; i < ARRAY_LEN(ranges); i++) {
        if (reference >= ranges[i].first && reference <= ranges[i].last)
            return 1U << (ranges[i].bit + reference - ranges[i].first);
    }
    return 0;
}

bool pin_is_local(uint8_t reference)
{
    return (pin_bit(reference) & LOCAL_BITS) != 0;
}

bool pin_is_adm(uint8_t reference)
{
    uint8_t number = reference & 0x7F;

    return number >= 0x0A && number <= 0x0E;
}

/* ---- the object ---- */

enum err pin_find(const struct card *card, uint8_t reference, struct pin_object *out)
{
    for (size_t i = 0; i < card->profile->pin_count; i++) {
        if (card->profile->pins[i].reference == reference && pin_entry(card, i) != NULL) {
            *out = (struct pin_object){&card->profile->pins[i], i};
            return ERR_OK;
        }
    }
    return ERR_NOT_FOUND;
}

const uint8_t *pin_entry(const struct card *card, size_t index)
{
    struct rd r;

    if (!store_get(&card->store, OBJ_PINS, &r) || r.left < (index + 1) * PIN_ENTRY_LEN)
        return NULL;
    return r.at + index * PIN_ENTRY_LEN;
}

enum err pin_patch(struct card *card, size_t index, enum pin_field field, const uint8_t *bytes,
                   size_t n)
{
    return store_patch(&card->store, OBJ_PINS, index * PIN_ENTRY_LEN + (size_t)field, RD(bytes, n));
}

enum err pin_read(const struct card *card, uint8_t reference, struct pin_state *out)
{
    struct pin_object pin;
    const uint8_t *entry;

    if (pin_find(card, reference, &pin) != ERR_OK)
        return ERR_NOT_FOUND;
    entry = pin_entry(card, pin.index);
    *out = (struct pin_state){
        .enabled = (entry[PIN_FIELD_FLAGS] & PIN_FLAG_ENABLED) != 0,
        .replaced = (entry[PIN_FIELD_FLAGS] & PIN_FLAG_REPLACED) != 0,
        .tries = entry[PIN_FIELD_TRIES],
        .unblock_tries = entry[PIN_FIELD_UNBLOCK_TRIES],
        .tries_max = pin.row->tries,
        .unblock_tries_max = pin.row->unblock_tries,
    };
    return ERR_OK;
}

enum err pin_create(struct store *store, const struct profile *profile,
                    const uint8_t (*values)[PIN_LEN], const uint8_t (*unblock)[PIN_LEN],
                    bool pin1_enabled)
{
    size_t len = profile->pin_count * (size_t)PIN_ENTRY_LEN;
    enum err e = store_put_filled(store, OBJ_PINS, 0xFF, len);

    for (size_t i = 0; i < profile->pin_count && e == ERR_OK; i++) {
        const struct profile_pin *p = &profile->pins[i];
        uint8_t entry[PIN_ENTRY_LEN] = {PIN_FLAG_ENABLED, p->tries, p->unblock_tries};

        if (p->reference == 0x01 && !pin1_enabled)
            entry[PIN_FIELD_FLAGS] = 0;
        memcpy(entry + PIN_FIELD_VALUE, values[i], PIN_LEN);
        memcpy(entry + PIN_FIELD_UNBLOCK, unblock[i], PIN_LEN);
        e = store_patch(store, OBJ_PINS, i * PIN_ENTRY_LEN, RD_ARRAY(entry));
        OPENSSL_cleanse(entry, sizeof entry);
    }
    return e;
}

/* ---- what is verified ---- */

uint32_t pin_satisfied(const struct card *card, const struct channel *ch)
{
    uint32_t verified = card->verified | ch->verified, set = verified;
    bool universal = (verified & pin_bit(PIN_UNIVERSAL)) != 0;

    for (size_t i = 0; i < card->profile->pin_count; i++) {
        const uint8_t *entry = pin_entry(card, i);

        if (entry == NULL || (entry[PIN_FIELD_FLAGS] & PIN_FLAG_ENABLED) != 0)
            continue;
        if ((entry[PIN_FIELD_FLAGS] & PIN_FLAG_REPLACED) == 0 || universal)
            set |= pin_bit(card->profile->pins[i].reference);
    }
    return set;
}

void pin_set_verified(struct card *card, struct channel *ch, uint8_t reference, bool verified)
{
    uint32_t bit = pin_bit(reference);
    uint32_t *set = (bit & SHARED_BITS) != 0 ? &card->verified : &ch->verified;

    *set = verified ? *set | bit : *set & ~bit;
}

void pin_forget_all(struct card *card)
{
    card->verified = 0;
    for (unsigned i = 0; i < APDU_CHANNELS; i++) {
        if (channel_get(card, i) != NULL)
            channel_get(card, i)->verified = 0;
    }
}

void pin_forget_local(struct card *card, struct channel *ch)
{
    (void)card;
    ch->verified &= ~LOCAL_BITS;
}

/* ---- PIN status template ---- */

static bool is_listed(const struct profile_pin *p, bool local)
{
    return local || !pin_is_local(p->reference);
}

static bool universal_in_use(const struct card *card)
{
    for (size_t i = 0; i < card->profile->pin_count; i++) {
        const uint8_t *entry = pin_entry(card, i);

        if (entry != NULL && (entry[PIN_FIELD_FLAGS] & PIN_FLAG_REPLACED) != 0)
            return true;
    }
    return false;
}

/* Which of the listed PINs are enabled: b8 of the first byte is the first of them. */
static void write_enabled(const struct card *card, bool local, struct wr *w)
{
    uint8_t bits[32] = {0};
    size_t count = 0;

    for (size_t i = 0; i < card->profile->pin_count; i++) {
        const uint8_t *entry = pin_entry(card, i);

        if (!is_listed(&card->profile->pins[i], local) || count / 8 >= sizeof bits)
            continue;
        if (entry != NULL && (entry[PIN_FIELD_FLAGS] & PIN_FLAG_ENABLED) != 0)
            bits[count / 8] |= (uint8_t)(0x80U >> count % 8);
        count++;
    }
    tlv_write(w, TAG_PS_DO, RD(bits, count == 0 ? 1 : (count + 7) / 8));
}

void pin_write_status(const struct card *card, bool local, struct wr *w)
{
    write_enabled(card, local, w);
    for (size_t i = 0; i < card->profile->pin_count; i++) {
        const struct profile_pin *p = &card->profile->pins[i];

        if (!is_listed(p, local))
            continue;
        if (p->reference == PIN_UNIVERSAL)
            tlv_write_u8(w, TAG_USAGE, universal_in_use(card) ? USAGE_VERIFY : 0x00);
        tlv_write_u8(w, TAG_KEY_REFERENCE, p->reference);
    }
}

/* ---- comparison ---- */

sw_t pin_compare(struct card *card, const struct pin_object *pin, enum pin_field field,
                 const uint8_t presented[PIN_LEN])
{
    bool unblock = field == PIN_FIELD_UNBLOCK;
    enum pin_field counter = unblock ? PIN_FIELD_UNBLOCK_TRIES : PIN_FIELD_TRIES;
    uint8_t all = unblock ? pin->row->unblock_tries : pin->row->tries;
    uint8_t tries = pin_entry(card, pin->index)[counter];
    enum err e;

    if (tries == 0 || tries > all)
        return SW_BLOCKED;
    tries--;
    e = pin_patch(card, pin->index, counter, &tries, 1);
    if (e == ERR_OK)
        e = card_commit_now(card);
    if (e != ERR_OK)
        return sw_from_err(e);
    if (!crypto_equal(pin_entry(card, pin->index) + field, presented, PIN_LEN))
        return sw_tries_left(tries);
    return sw_from_err(pin_patch(card, pin->index, counter, &all, 1));
}
