/*
 * write.c - an image and a card's own data as a card in its memory.
 */
#include "apdu/crypto.h"
#include "apdu/tlv.h"
#include "uicc/aka/sqn.h"
#include "uicc/nvm/medium.h"
#include "uicc/nvm/store.h"
#include "uicc/perso/options.h"
#include "uicc/pin/pin.h"
#include "uicc/slot/slot.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BANK_SIZE   (1U << 20)
#define ARENA_LEN   (2U << 20)
#define SMSC_MAX    12  /* bytes of a service centre address in EF.SMSP */
#define SMSP_FIXED  28  /* EF.SMSP record without its alpha identifier, TS 31.102 4.2.27 */
#define SERVICE_5GS 122 /* 5GS mobility management information */
#define DIALLED_LEN 14  /* EF.MSISDN record without its alpha identifier, TS 31.102 4.2.26 */

/* ---- work memory of one call ---- */

struct bench {
    struct crypto *crypto;
    struct arena arena;
    const struct profile *profile;
    uint8_t hash[SHA256_LEN];
    struct store store;
    struct store_work work;
    uint8_t body[UINT16_MAX];
    uint8_t memory[ARENA_LEN] __attribute__((aligned(16)));
};

static void bench_free(struct bench **b)
{
    if (*b == NULL)
        return;
    crypto_free(&(*b)->crypto);
    OPENSSL_cleanse(&(*b)->work, sizeof(*b)->work);
    OPENSSL_cleanse((*b)->memory, (*b)->arena.used);
    free(*b);
    *b = NULL;
}

/* Memory for one card, with the image loaded. */
static enum err bench_new(struct rd image, struct bench **out)
{
    struct bench *b = calloc(1, sizeof *b);
    enum err e;

    if (b == NULL)
        return ERR_NOMEM;
    arena_init(&b->arena, b->memory, sizeof b->memory);
    b->crypto = crypto_new();
    e = b->crypto == NULL ? ERR_CRYPTO : crypto_sha256(b->crypto, image, b->hash);
    if (e == ERR_OK)
        e = profile_load(image, b->hash, &b->arena, &b->profile);
    if (e != ERR_OK) {
        bench_free(&b);
        return e;
    }
    *out = b;
    return ERR_OK;
}

enum err perso_ota_algorithm(struct rd image, enum secpkt_algorithm *out, uint8_t *cc_len)
{
    struct bench *b;
    enum err e = bench_new(image, &b);

    if (e != ERR_OK)
        return e;
    *out = (enum secpkt_algorithm)b->profile->ota_algorithm;
    *cc_len = b->profile->ota_cc_len;
    bench_free(&b);
    return ERR_OK;
}

void perso_card_wipe(struct perso_card *card)
{
    OPENSSL_cleanse(card, sizeof *card);
}

/* ---- contents of a card's own ---- */

/* Content that is a card's own, over what the profile says. A file that the profile does not have
 * is passed over. */
static enum err put(struct bench *b, const char *path_text, size_t offset, struct rd bytes)
{
    const struct fs_file *f;
    struct perso_path path;
    uint16_t node;

    if (perso_text_path(path_text, &path) != ERR_OK)
        return ERR_FORMAT;
    node = perso_tree_find(b->profile->files, b->profile->file_count, &path);
    if (node == NODE_NONE)
        return ERR_OK;
    f = &b->profile->files[node];
    if (offset > f->size || bytes.left > f->size - offset)
        return ERR_SPACE;
    memset(b->body, 0xFF, f->size);
    if (f->content_len > 0)
        memcpy(b->body, f->content, f->content_len);
    memcpy(b->body + offset, bytes.at, bytes.left);
    return store_put(&b->store, OBJ_FILE(node), RD(b->body, f->size));
}

/* Is the service on in EF.UST (TS 31.102 4.2.8)? */
static bool has_service(const struct bench *b, unsigned n)
{
    const struct fs_file *f;
    struct perso_path path;
    uint16_t node;

    if (perso_text_path("7FFF/6F38", &path) != ERR_OK)
        return false;
    node = perso_tree_find(b->profile->files, b->profile->file_count, &path);
    if (node == NODE_NONE)
        return false;
    f = &b->profile->files[node];
    return (n - 1) / 8 < f->content_len && (f->content[(n - 1) / 8] >> (n - 1) % 8 & 1) != 0;
}

/* Record length of a file of records, 0 if there is no such file. */
static uint16_t record_len(const struct bench *b, const char *path_text)
{
    struct perso_path path;
    uint16_t node;

    if (perso_text_path(path_text, &path) != ERR_OK)
        return 0;
    node = perso_tree_find(b->profile->files, b->profile->file_count, &path);
    return node == NODE_NONE ? 0 : b->profile->files[node].record_len;
}

static enum err put_identity(struct bench *b, const struct perso_card *card)
{
    uint8_t iccid[EF_ICCID_LEN], imsi[EF_IMSI_LEN], acc[2];
    enum err e = bcd_iccid_encode(card->iccid, iccid);

    if (e == ERR_OK)
        e = bcd_imsi_encode(card->imsi, imsi);
    if (e == ERR_OK)
        e = bcd_access_class(card->imsi, acc);
    if (e == ERR_OK && card->mnc_len != 2 && card->mnc_len != 3)
        e = ERR_RANGE;
    if (e == ERR_OK)
        e = put(b, "2FE2", 0, RD_ARRAY(iccid));
    if (e == ERR_OK)
        e = put(b, "7FFF/6F07", 0, RD_ARRAY(imsi));
    if (e == ERR_OK)
        e = put(b, "7FFF/6F78", 0, RD_ARRAY(acc));
    if (e == ERR_OK)
        e = put(b, "7FFF/6FAD", 3, RD(&card->mnc_len, 1));
    return e;
}

/* The operator's own network: EF.EHPLMN, EF.HPLMNwAcT (TS 31.102 4.2.84, 4.2.54). */
static enum err put_network(struct bench *b, const struct perso_card *card)
{
    /* UTRAN, E-UTRAN, GSM; NG-RAN when the card keeps its place in a 5G network */
    uint8_t entry[PLMN_LEN + 2] = {0, 0, 0, 0xC0, 0x80};
    char plmn[7] = "";
    enum err e;

    memcpy(plmn, card->imsi, 3U + card->mnc_len);
    e = bcd_plmn_encode(plmn, entry);
    if (has_service(b, SERVICE_5GS))
        entry[3] |= 0x08;
    if (e == ERR_OK)
        e = put(b, "7FFF/6FD9", 0, RD(entry, PLMN_LEN));
    if (e == ERR_OK)
        e = put(b, "7FFF/6F62", 0, RD_ARRAY(entry));
    return e;
}

/* Length, type of number, digits; the rest of n bytes FF. text: "+49..." or digits. */
static enum err number_field(const char *text, uint8_t *field, size_t n)
{
    bool international = *text == '+';
    struct wr w = WR(field, n);
    enum err e;

    memset(field, 0xFF, n);
    wr_u8(&w, 0);
    wr_u8(&w, international ? 0x91 : 0x81);
    e = bcd_number_encode(text + (international ? 1 : 0), &w);
    if (e != ERR_OK)
        return e;
    if (wr_result(&w) != ERR_OK)
        return ERR_RANGE;
    field[0] = (uint8_t)(w.len - 1);
    return ERR_OK;
}

static enum err put_msisdn(struct bench *b, const struct perso_card *card)
{
    uint16_t len = record_len(b, "7FFF/6F40");
    uint8_t field[12];
    enum err e;

    if (*card->msisdn == '\0' || len < DIALLED_LEN)
        return ERR_OK;
    e = number_field(card->msisdn, field, sizeof field);
    return e == ERR_OK ? put(b, "7FFF/6F40", len - (size_t)DIALLED_LEN, RD_ARRAY(field)) : e;
}

static enum err put_smsc(struct bench *b, const struct perso_card *card)
{
    uint16_t len = record_len(b, "7FFF/6F42");
    uint8_t record[1 + 12 + SMSC_MAX];
    enum err e;

    if (*card->smsc == '\0' || len < SMSP_FIXED)
        return ERR_OK;
    memset(record, 0xFF, sizeof record);
    record[0] = 0xFD; /* only the service centre is there */
    e = number_field(card->smsc, record + 13, SMSC_MAX);
    return e == ERR_OK ? put(b, "7FFF/6F42", len - (size_t)SMSP_FIXED, RD_ARRAY(record)) : e;
}

static enum err put_spn(struct bench *b, const struct perso_card *card)
{
    uint8_t body[17];
    struct wr w = WR_ARRAY(body);

    if (*card->spn == '\0')
        return ERR_OK;
    wr_u8(&w, 0x00);
    wr_bytes(&w, card->spn, strlen(card->spn));
    return wr_result(&w) == ERR_OK ? put(b, "7FFF/6F46", 0, RD_WR(&w)) : ERR_RANGE;
}

/* A text in the NAI or URI object 80 of ISIM files (TS 31.103 4.2.2, 4.2.4). */
static enum err put_uri(struct bench *b, const char *path, const char *format, const char *user,
                        const char *domain)
{
    uint8_t object[96];
    char text[sizeof object - 2];
    struct wr w = WR_ARRAY(object);
    int n = snprintf(text, sizeof text, format, user, domain);

    if (n < 0 || (size_t)n >= sizeof text)
        return ERR_SPACE;
    tlv_write(&w, 0x80, RD((const uint8_t *)text, (size_t)n));
    return wr_result(&w) == ERR_OK ? put(b, path, 0, RD_WR(&w)) : ERR_SPACE;
}

/* IMS identities as a device without ISIM derives them (TS 23.003 13.2 to 13.4). */
static enum err put_ims(struct bench *b, const struct perso_card *card)
{
    char domain[64];
    enum err e;

    (void)snprintf(domain, sizeof domain, "ims.mnc%s%.*s.mcc%.3s.3gppnetwork.org",
                   card->mnc_len == 2 ? "0" : "", card->mnc_len, card->imsi + 3, card->imsi);
    e = put_uri(b, "7FF2/6F02", "%s@%s", card->imsi, domain);
    if (e == ERR_OK)
        e = put_uri(b, "7FF2/6F04", "sip:%s@%s", card->imsi, domain);
    if (e == ERR_OK)
        e = put_uri(b, "7FF2/6F03", "%s%s", "", domain);
    return e;
}

/* ---- keys ---- */

/* Single DES, broken long ago, is for a profile that names it. */
static bool key_fits(const struct secpkt_key *k, const struct profile *profile)
{
    switch (k->algorithm) {
    case SECPKT_AES:
        return k->key.len == 16 || k->key.len == 24 || k->key.len == 32;
    case SECPKT_3DES2:
        return k->key.len == 16;
    case SECPKT_3DES3:
        return k->key.len == 24;
    case SECPKT_DES:
        return k->key.len == 8 && profile->ota_algorithm == SECPKT_DES;
    }
    return false;
}

static bool aka_fits(const struct aka_key *k)
{
    switch (k->algorithm) {
    case AKA_MILENAGE:
        return k->k.len == 16 && k->opc.len == 16 && k->mac_len == 8;
    case AKA_TUAK:
        return (k->k.len == 16 || k->k.len == 32) && k->opc.len == 32 && k->mac_len == 8;
    case AKA_XOR:
        return k->k.len == 16 && k->mac_len == 8;
    }
    return false;
}

static enum err put_slot(struct bench *b, uint8_t index, const struct perso_pair *pair)
{
    struct slot slot SLOT_WIPED = {
        .state = index == 1 ? SLOT_ACTIVE : SLOT_SPARE,
        .aka = pair->aka,
        .kic = pair->kic,
        .kid = pair->kid,
        .kik = pair->kik,
    };
    enum err e;

    if (!aka_fits(&pair->aka) || !key_fits(&pair->kic, b->profile) ||
        !key_fits(&pair->kid, b->profile) || !key_fits(&pair->kik, b->profile))
        return ERR_RANGE;
    e = slot_write(&b->store, index, &slot);
    return e == ERR_OK ? sqn_reset(&b->store, index) : e;
}

static enum err put_slots(struct bench *b, const struct perso_card *card)
{
    enum err e = ERR_OK;

    if (card->slot_count == 0 || card->slot_count > OPCHANGE_SLOTS_MAX)
        return ERR_RANGE;
    for (uint8_t i = 1; i <= card->slot_count && e == ERR_OK; i++)
        e = put_slot(b, i, &card->pairs[i - 1]);
    return e;
}

/* What a key begins with: what is said of it, or the value of the key it is most like. */
static void first_values(const struct perso_card *card, uint8_t reference, uint8_t *value,
                         uint8_t *unblock)
{
    bool local = pin_is_local(reference);

    for (uint8_t i = 0; i < card->key_count; i++) {
        if (card->keys[i].reference == reference) {
            memcpy(value, card->keys[i].value, PIN_LEN);
            memcpy(unblock, card->keys[i].unblock, PIN_LEN);
            return;
        }
    }
    if (pin_is_adm(reference)) {
        memcpy(value, card->adm1, PIN_LEN);
        memset(unblock, 0xFF, PIN_LEN);
        return;
    }
    memcpy(value, local ? card->pin2 : card->pin1, PIN_LEN);
    memcpy(unblock, local ? card->puk2 : card->puk1, PIN_LEN);
}

/* Does the profile have all the keys that the card is given? */
static bool knows_keys(const struct profile *p, const struct perso_card *card)
{
    uint32_t known = 0;

    for (uint8_t i = 0; i < p->pin_count; i++)
        known |= pin_bit(p->pins[i].reference);
    for (uint8_t i = 0; i < card->key_count; i++) {
        uint32_t bit = pin_bit(card->keys[i].reference);

        if (bit == 0 || (known & bit) == 0)
            return false;
    }
    return true;
}

static enum err put_pins(struct bench *b, const struct perso_card *card)
{
    uint8_t values[PERSO_PINS_MAX][PIN_LEN], unblock[PERSO_PINS_MAX][PIN_LEN];
    enum err e;

    if (card->key_count > PERSO_KEYS_MAX || !knows_keys(b->profile, card))
        return ERR_NOT_FOUND;
    for (uint8_t i = 0; i < b->profile->pin_count; i++)
        first_values(card, b->profile->pins[i].reference, values[i], unblock[i]);
    e = pin_create(&b->store, b->profile, (const uint8_t(*)[PIN_LEN])values,
                   (const uint8_t(*)[PIN_LEN])unblock, card->pin1_enabled);
    OPENSSL_cleanse(values, sizeof values);
    OPENSSL_cleanse(unblock, sizeof unblock);
    return e;
}

/* ---- the whole ---- */

/* In the order in which profile_pin tables of ours are written; another image is not ours. */
static bool has_our_pins(const struct profile *p)
{
    return p->pin_count >= 3 && p->pin_count <= PERSO_PINS_MAX && p->pins[0].reference == 0x01 &&
           p->pins[1].reference == 0x81 && p->pins[2].reference == 0x0A;
}

static enum err put_all(struct bench *b, const struct perso_card *card)
{
    static enum err (*const steps[])(struct bench *, const struct perso_card *) = {
        put_identity, put_network, put_msisdn, put_smsc, put_spn, put_ims, put_slots, put_pins,
    };
    enum err e = ERR_OK;

    for (size_t i = 0; i < ARRAY_LEN(steps) && e == ERR_OK; i++)
        e = steps[i](b, card);
    return e == ERR_OK ? store_commit(&b->store) : e;
}

enum err perso_write(struct nvm_device *dev, struct rd image, const struct perso_card *card)
{
    struct bench *b;
    enum err e = bench_new(image, &b);

    if (e != ERR_OK)
        return e;
    e = has_our_pins(b->profile) ? medium_format(dev, image, b->hash, BANK_SIZE) : ERR_FORMAT;
    if (e == ERR_OK)
        e = store_create(&b->store, dev, &b->arena, &b->work);
    if (e == ERR_OK) {
        e = put_all(b, card);
        store_close(&b->store);
    }
    if (e == ERR_OK)
        e = perso_applets_install(dev, &b->arena, b->profile->applets);
    bench_free(&b);
    return e;
}
