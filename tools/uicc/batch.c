/*
 * Keys from a seed: each one is the beginning of
 *   HMAC-SHA-256 (seed, "reseat-make-1" 00 ICCID 00 index name)
 * so the same seed makes the same cards, and no card's keys tell those of another.
 */
#include "tools/uicc/batch.h"

#include "apdu/hex.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KDF_LABEL "reseat-make-1"

/* Ranges nobody has: ICCIDs of the unassigned country code 999, MSISDNs below it. */
#define ICCID_FIRST   "899990000000000001"
#define MSISDN_PREFIX "999"
#define MSISDN_DIGITS 10

void batch_wipe(struct batch *b)
{
    OPENSSL_cleanse(b, sizeof *b);
}

/* ---- numbers ---- */

static bool all_digits(const char *text)
{
    return text[strspn(text, "0123456789")] == '\0';
}

/* Mobile country codes whose networks have three digits (ITU-T E.212). */
static bool long_mnc(const char *imsi)
{
    static const char *const codes[] = {
        "302", "310", "311", "312", "313", "314", "315", "316", "330", "334",
        "338", "342", "344", "346", "348", "350", "352", "354", "356", "358",
        "360", "365", "366", "376", "708", "722", "732", "750",
    };

    for (size_t i = 0; i < ARRAY_LEN(codes); i++) {
        if (strncmp(imsi, codes[i], 3) == 0)
            return true;
    }
    return false;
}

/* Which network an IMSI that came alone belongs to. */
static void plmn_of_imsi(struct batch *b)
{
    size_t n = long_mnc(b->imsi) ? 6 : 5;

    memcpy(b->plmn, b->imsi, n);
    b->plmn[n] = '\0';
}

static enum err prepare_imsi(struct batch *b, const char **what)
{
    size_t len = strlen(b->plmn);

    *what = "--plmn";
    if (!all_digits(b->plmn) || (len != 0 && len != 5 && len != 6))
        return ERR_FORMAT;
    *what = "--imsi";
    if (*b->imsi != '\0') {
        if (!all_digits(b->imsi) || strlen(b->imsi) < 6)
            return ERR_FORMAT;
        if (len == 0)
            plmn_of_imsi(b);
        return strncmp(b->imsi, b->plmn, strlen(b->plmn)) == 0 ? ERR_OK : ERR_RANGE;
    }
    if (len == 0)
        memcpy(b->plmn, "00101", 6);
    (void)snprintf(b->imsi, sizeof b->imsi, "%s%0*d", b->plmn,
                   (int)(IMSI_DIGITS_MAX - strlen(b->plmn)), 1);
    return ERR_OK;
}

static enum err with_check_digit(const char *body, char iccid[ICCID_DIGITS_MAX + 1])
{
    size_t len = strlen(body);
    char check;
    enum err e = bcd_luhn(body, &check);

    if (e != ERR_OK || len >= ICCID_DIGITS_MAX)
        return e != ERR_OK ? e : ERR_RANGE;
    memcpy(iccid, body, len);
    iccid[len] = check;
    iccid[len + 1] = '\0';
    return ERR_OK;
}

static enum err prepare_iccid(struct batch *b, const char **what)
{
    char body[ICCID_DIGITS_MAX + 1];
    size_t len = strlen(b->iccid);

    *what = "--iccid";
    if (len == 0)
        return with_check_digit(ICCID_FIRST, b->iccid);
    if (!all_digits(b->iccid) || len < 18)
        return ERR_FORMAT;
    if (len > 18)
        return ERR_OK;
    memcpy(body, b->iccid, len + 1);
    return with_check_digit(body, b->iccid);
}

static enum err prepare_msisdn(struct batch *b, const char **what)
{
    const char *digits = *b->msisdn == '+' ? b->msisdn + 1 : b->msisdn;
    size_t len = strlen(b->imsi);

    *what = "--msisdn";
    if (*b->msisdn == '\0') {
        const char *tail = len > MSISDN_DIGITS ? b->imsi + len - MSISDN_DIGITS : b->imsi;

        (void)snprintf(b->msisdn, sizeof b->msisdn, "+" MSISDN_PREFIX "%s", tail);
        return ERR_OK;
    }
    if (!all_digits(digits) || *digits == '\0')
        return ERR_FORMAT;
    return strlen(digits) > NUMBER_DIGITS_MAX ? ERR_RANGE : ERR_OK;
}

static enum err check_smsc(const struct batch *b, const char **what)
{
    const char *digits = *b->smsc == '+' ? b->smsc + 1 : b->smsc;

    *what = "--smsc";
    return all_digits(digits) && (*digits != '\0' || *b->smsc == '\0') ? ERR_OK : ERR_FORMAT;
}

enum err batch_iccid(const struct batch *b, uint64_t n, char iccid[ICCID_DIGITS_MAX + 1])
{
    char body[ICCID_DIGITS_MAX + 1], last[ICCID_DIGITS_MAX + 1];
    enum err e;

    if (n == 0) {
        memcpy(iccid, b->iccid, sizeof b->iccid);
        return ERR_OK;
    }
    memcpy(body, b->iccid, sizeof body);
    body[strlen(body) - 1] = '\0';
    e = bcd_add(body, n, last, sizeof last);
    return e == ERR_OK ? with_check_digit(last, iccid) : e;
}

bool batch_has(const struct batch *b, const char *iccid)
{
    char first[ICCID_DIGITS_MAX + 1], last[ICCID_DIGITS_MAX + 1];
    size_t body = strlen(b->iccid) - 1;

    if (strlen(iccid) != body + 1 || batch_iccid(b, 0, first) != ERR_OK ||
        batch_iccid(b, b->count - 1, last) != ERR_OK)
        return false;
    return strncmp(iccid, first, body) >= 0 && strncmp(iccid, last, body) <= 0;
}

static enum err numbers(const struct batch *b, uint64_t n, struct perso_card *card,
                        const char **what)
{
    bool plus = *b->msisdn == '+';
    enum err e = batch_iccid(b, n, card->iccid);

    *what = "--iccid";
    if (e != ERR_OK)
        return e;
    *what = "--imsi";
    e = bcd_add(b->imsi, n, card->imsi, sizeof card->imsi);
    if (e == ERR_OK && strncmp(card->imsi, b->plmn, strlen(b->plmn)) != 0)
        e = ERR_RANGE;
    if (e != ERR_OK)
        return e;
    *what = "--msisdn";
    card->msisdn[0] = '+';
    return bcd_add(b->msisdn + (plus ? 1 : 0), n, card->msisdn + 1, sizeof card->msisdn - 1);
}

static enum err check_codes(const struct batch *b, const char **what)
{
    uint8_t code[8];
    enum err e = ERR_OK;

    *what = "--pin1";
    if (*b->pin1 != '\0')
        e = bcd_pin_encode(b->pin1, code);
    if (e != ERR_OK)
        return e;
    *what = "--puk1";
    if (*b->puk1 != '\0')
        e = strlen(b->puk1) == 8 ? bcd_pin_encode(b->puk1, code) : ERR_RANGE;
    OPENSSL_cleanse(code, sizeof code);
    return e;
}

/* ---- further keys ---- */

#define KEY_ADM_FIRST 0x0A /* ADM1 to ADM5; with b8, ADM6 to ADM10 (TS 102 221 9.5.1) */
#define KEY_ADM_LAST  0x0E
#define KEY_NUMBER    0x7F

static enum err read_code(uint8_t reference, const char *text, uint8_t out[8])
{
    uint8_t number = reference & KEY_NUMBER, bytes[8];
    struct wr w = WR_ARRAY(bytes);

    if (number < KEY_ADM_FIRST || number > KEY_ADM_LAST)
        return bcd_pin_encode(text, out);
    if (hex_decode(text, &w) != ERR_OK || w.len != sizeof bytes)
        return ERR_FORMAT;
    memcpy(out, bytes, sizeof bytes);
    OPENSSL_cleanse(bytes, sizeof bytes);
    return ERR_OK;
}

enum err batch_add_key(struct batch *b, const char *reference, char *value)
{
    struct perso_key key = {.reference = 0};
    struct wr w = WR(&key.reference, 1);
    char *unblock = strchr(value, '/');
    enum err e;

    if (b->key_count == PERSO_KEYS_MAX)
        return ERR_SPACE;
    if (hex_decode(reference, &w) != ERR_OK || w.len != 1)
        return ERR_FORMAT;
    memset(key.unblock, 0xFF, sizeof key.unblock);
    if (unblock != NULL)
        *unblock++ = '\0';
    e = read_code(key.reference, value, key.value);
    if (e == ERR_OK && unblock != NULL)
        e = read_code(key.reference, unblock, key.unblock);
    if (e == ERR_OK)
        b->keys[b->key_count++] = key;
    OPENSSL_cleanse(&key, sizeof key);
    return e;
}

/* ---- key lengths ---- */

static bool ota_length(enum secpkt_algorithm a, uint8_t len)
{
    if (a == SECPKT_DES)
        return len == 8;
    if (a == SECPKT_3DES2)
        return len == 16;
    return len == 16 || len == 24 || len == 32;
}

/* A key that encrypts keys is never single DES. */
static enum secpkt_algorithm kik_algorithm(enum secpkt_algorithm a)
{
    return a == SECPKT_DES ? SECPKT_3DES2 : a;
}

static uint8_t key_len(enum secpkt_algorithm a)
{
    return a == SECPKT_DES ? 8 : a == SECPKT_3DES3 ? 24 : 16;
}

static enum err check_keys(const struct batch *b, const char **what)
{
    bool tuak = b->algorithm == AKA_TUAK;
    uint8_t opc_len = tuak ? 32 : 16;

    *what = "--k";
    if (b->k.len != 0 && b->k.len != 16 && !(tuak && b->k.len == 32))
        return ERR_RANGE;
    *what = "--opc";
    if (b->opc.len != 0 && (b->algorithm == AKA_XOR || b->opc.len != opc_len))
        return ERR_RANGE;
    *what = "--op";
    if (b->op.len != 0 && (b->algorithm == AKA_XOR || b->opc.len != 0 || b->op.len != opc_len))
        return ERR_RANGE;
    *what = "--kic";
    if (b->kic.len != 0 && !ota_length(b->ota, b->kic.len))
        return ERR_RANGE;
    *what = "--kid";
    if (b->kid.len != 0 && !ota_length(b->ota, b->kid.len))
        return ERR_RANGE;
    *what = "--kik";
    if (b->kik.len != 0 && !ota_length(kik_algorithm(b->ota), b->kik.len))
        return ERR_RANGE;
    *what = "--adm1";
    return b->adm1.len == 0 || b->adm1.len == 8 ? ERR_OK : ERR_RANGE;
}

enum err batch_prepare(struct batch *b, const char **what)
{
    struct perso_card last = {.mnc_len = 0};
    enum err e = prepare_imsi(b, what);

    if (e == ERR_OK)
        e = prepare_iccid(b, what);
    if (e == ERR_OK)
        e = prepare_msisdn(b, what);
    if (e == ERR_OK)
        e = check_smsc(b, what);
    if (e == ERR_OK)
        e = check_codes(b, what);
    if (e == ERR_OK)
        e = check_keys(b, what);
    return e == ERR_OK ? numbers(b, b->count - 1, &last, what) : e;
}

/* ---- keys ---- */

/* n bytes nobody can guess, or those that the seed gives for this name. */
static enum err fill(const struct batch *b, const struct perso_card *card, uint8_t index,
                     const char *name, uint8_t *out, size_t n)
{
    char message[64];
    uint8_t mac[SHA256_LEN];
    int len;
    enum err e;

    if (b->seed.len == 0)
        return RAND_priv_bytes(out, (int)n) == 1 ? ERR_OK : ERR_CRYPTO;
    len = snprintf(message, sizeof message, KDF_LABEL "%c%s%c%c%s", 0, card->iccid, 0, index, name);
    e = crypto_hmac_sha256(b->crypto, &b->seed, RD((const uint8_t *)message, (size_t)len), mac);
    if (e == ERR_OK)
        memcpy(out, mac, n);
    OPENSSL_cleanse(mac, sizeof mac);
    return e;
}

/* The key that was given, if this is where it belongs; else a new one of len bytes. */
static enum err key(const struct batch *b, const struct perso_card *card, uint8_t index,
                    const char *name, const struct secret *given, uint8_t len, struct secret *out)
{
    if (given != NULL && given->len > 0) {
        *out = *given;
        return ERR_OK;
    }
    out->len = len;
    return fill(b, card, index, name, out->bytes, len);
}

/* n digits, 8 at most. */
static enum err digits(const struct batch *b, const struct perso_card *card, const char *name,
                       int n, char *out)
{
    uint8_t bytes[16];
    uint64_t v = 0;
    enum err e = fill(b, card, 0, name, bytes, sizeof bytes);

    if (e != ERR_OK)
        return e;
    for (size_t i = 0; i < 8; i++)
        v = v << 8 | bytes[i];
    (void)snprintf(out, 9, "%0*llu", n, (unsigned long long)(v % (n == 8 ? 100000000U : 10000U)));
    OPENSSL_cleanse(bytes, sizeof bytes);
    return ERR_OK;
}

static enum err opc(const struct batch *b, const struct perso_card *card, uint8_t index,
                    const struct secret *given, struct aka_key *aka)
{
    if (aka->algorithm == AKA_XOR)
        return ERR_OK;
    /* OP is the first operator's: it stands behind slot 1 of all cards. */
    if (index == 1 && b->op.len > 0)
        return aka_derive_opc(b->crypto, aka, &b->op, &aka->opc);
    return key(b, card, index, "opc", given, aka->algorithm == AKA_TUAK ? 32 : 16, &aka->opc);
}

static enum err pair(const struct batch *b, const struct perso_card *card, bool given,
                     uint8_t index, struct perso_pair *p)
{
    const struct secret *k = given ? &b->k : NULL;
    const struct {
        const char *name;
        const struct secret *given;
        struct secpkt_key *key;
    } ota[] = {{"kic", given ? &b->kic : NULL, &p->kic},
               {"kid", given ? &b->kid : NULL, &p->kid},
               {"kik", given ? &b->kik : NULL, &p->kik}};
    enum err e;

    aka_key_defaults(&p->aka, b->algorithm);
    e = key(b, card, index, "k", k, 16, &p->aka.k);
    if (e == ERR_OK)
        e = opc(b, card, index, given ? &b->opc : NULL, &p->aka);
    for (size_t i = 0; i < ARRAY_LEN(ota) && e == ERR_OK; i++) {
        ota[i].key->algorithm = ota[i].key == &p->kik ? kik_algorithm(b->ota) : b->ota;
        e = key(b, card, index, ota[i].name, ota[i].given, key_len(ota[i].key->algorithm),
                &ota[i].key->key);
    }
    return e;
}

/* PIN2 begins as PIN1, for the manufacturer's list has no column for it. */
static enum err codes_of(const struct batch *b, bool first, struct perso_card *card,
                         struct batch_codes *codes)
{
    struct secret adm1 SECRET_WIPED = {.len = 0};
    enum err e = key(b, card, 0, "adm1", first ? &b->adm1 : NULL, 8, &adm1);

    if (e == ERR_OK)
        e = digits(b, card, "pin1", 4, codes->pin1);
    if (e == ERR_OK)
        e = digits(b, card, "puk1", 8, codes->puk1);
    if (e != ERR_OK)
        return e;
    if (*b->pin1 != '\0')
        memcpy(codes->pin1, b->pin1, sizeof codes->pin1);
    if (first && *b->puk1 != '\0')
        memcpy(codes->puk1, b->puk1, sizeof codes->puk1);
    memcpy(card->adm1, adm1.bytes, sizeof card->adm1);
    e = bcd_pin_encode(codes->pin1, card->pin1);
    if (e == ERR_OK)
        e = bcd_pin_encode(codes->puk1, card->puk1);
    memcpy(card->pin2, card->pin1, sizeof card->pin2);
    memcpy(card->puk2, card->puk1, sizeof card->puk2);
    card->pin1_enabled = *b->pin1 != '\0' && !b->pin1_disabled;
    return e;
}

enum err batch_card(const struct batch *b, uint64_t n, struct perso_card *card,
                    struct batch_codes *codes)
{
    const char *what;
    enum err e;

    *card =
        (struct perso_card){.mnc_len = (uint8_t)(strlen(b->plmn) - 3), .slot_count = b->slot_count};
    memcpy(card->smsc, b->smsc, sizeof card->smsc);
    memcpy(card->spn, b->spn, sizeof card->spn);
    memcpy(card->keys, b->keys, sizeof card->keys);
    card->key_count = b->key_count;
    e = numbers(b, n, card, &what);
    for (uint8_t i = 1; i <= b->slot_count && e == ERR_OK; i++)
        e = pair(b, card, n == 0 && i == 1, i, &card->pairs[i - 1]);
    return e == ERR_OK ? codes_of(b, n == 0, card, codes) : e;
}
