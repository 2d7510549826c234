#include "tools/opchange/subscriber.h"
#include "apdu/hex.h"
#include "ota/core/text.h"
#include "tools/cli/csv.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

const char opchange_subscriber_head[] =
    "iccid,imsi,msisdn,algorithm,k,opc,ota_algorithm,kic,kid,kik,index,adm1,pin1,puk1,counter\n";

static const struct {
    const char *name;
    enum aka_algorithm value;
} algorithms[] = {{"milenage", AKA_MILENAGE}, {"tuak", AKA_TUAK}, {"xor", AKA_XOR}};

void opchange_subscriber_wipe(struct opchange_subscriber *s)
{
    OPENSSL_cleanse(s, sizeof *s);
}

/* --- reading --------------------------------------------------------------------------------- */

static const char *field(const struct csv *table, const char *column)
{
    const char *text = csv_field(table, column);

    return text != NULL ? text : "";
}

static enum err read_aka(const struct csv *table, struct aka_key *key)
{
    const char *name = field(table, "algorithm");

    for (size_t i = 0; i < ARRAY_LEN(algorithms); i++) {
        enum err e;

        if (strcmp(name, algorithms[i].name) != 0)
            continue;
        aka_key_defaults(key, algorithms[i].value);
        e = secret_from_hex(&key->k, field(table, "k"));
        return e != ERR_OK ? e : secret_from_hex(&key->opc, field(table, "opc"));
    }
    return ERR_FORMAT;
}

static enum err read_ota_key(const struct csv *table, const char *column, struct secpkt_key *key,
                             uint8_t *cc_len)
{
    enum err e = secret_from_hex(&key->key, field(table, column));

    if (e == ERR_OK)
        e = secpkt_algorithm_from_text(field(table, "ota_algorithm"), key->key.len, &key->algorithm,
                                       cc_len);
    return e;
}

static enum err read_number(const char *text, uint64_t max, uint64_t *out)
{
    char *end;
    unsigned long long v = strtoull(text, &end, 10);

    if (text[strspn(text, "0123456789")] != '\0' || v > max)
        return ERR_RANGE;
    *out = v;
    return ERR_OK;
}

static enum err read_keys(const struct csv *table, struct vault_pair *keys)
{
    uint64_t index = 0;
    enum err e = read_number(field(table, "index"), 15, &index);

    if (e == ERR_OK)
        e = read_aka(table, &keys->aka);
    if (e == ERR_OK)
        e = read_ota_key(table, "kic", &keys->ota.kic, &keys->ota.cc_len);
    if (e == ERR_OK)
        e = read_ota_key(table, "kid", &keys->ota.kid, &keys->ota.cc_len);
    if (e == ERR_OK)
        e = read_ota_key(table, "kik", &keys->kik, &keys->ota.cc_len);
    keys->index = (uint8_t)index;
    return e;
}

enum err opchange_subscriber_read(const struct csv *table, struct opchange_subscriber *s)
{
    OPCHANGE_SUBSCRIBER_WIPED struct opchange_subscriber got = {.sqn = 0};
    enum err e = read_keys(table, &got.keys);

    if (e == ERR_OK)
        e = read_number(field(table, "counter"), SECPKT_COUNTER_MAX, &got.counter);
    if (e == ERR_OK && (!TEXT_COPY(got.keys.iccid, field(table, "iccid")) ||
                        !TEXT_COPY(got.imsi, field(table, "imsi")) ||
                        !TEXT_COPY(got.msisdn, field(table, "msisdn"))))
        e = ERR_RANGE;
    if (e == ERR_OK)
        *s = got;
    return e;
}

/* --- writing --------------------------------------------------------------------------------- */

static void put(struct wr *w, const char *text)
{
    wr_bytes(w, text, strlen(text));
    wr_u8(w, ',');
}

static void put_secret(struct wr *w, const struct secret *s)
{
    char hex[2 * SECRET_LEN_MAX + 1];

    if (hex_encode(RD_SECRET(s), hex, sizeof hex) == ERR_OK)
        put(w, hex);
    OPENSSL_cleanse(hex, sizeof hex);
}

static const char *algorithm_name(enum aka_algorithm a)
{
    for (size_t i = 0; i < ARRAY_LEN(algorithms); i++) {
        if (algorithms[i].value == a)
            return algorithms[i].name;
    }
    return "";
}

enum err opchange_subscriber_write(const struct opchange_subscriber *s, struct wr *w)
{
    const struct vault_pair *k = &s->keys;
    char number[64];

    put(w, k->iccid);
    put(w, s->imsi);
    put(w, s->msisdn);
    put(w, algorithm_name(k->aka.algorithm));
    put_secret(w, &k->aka.k);
    put_secret(w, &k->aka.opc);
    put(w, secpkt_algorithm_text(k->ota.kic.algorithm, k->ota.cc_len));
    put_secret(w, &k->ota.kic.key);
    put_secret(w, &k->ota.kid.key);
    put_secret(w, &k->kik.key);
    (void)snprintf(number, sizeof number, "%u,,,,%llu\n", (unsigned)k->index,
                   (unsigned long long)s->counter);
    wr_bytes(w, number, strlen(number));
    return wr_result(w);
}

/* --- entering -------------------------------------------------------------------------------- */

enum err opchange_subscriber_activate(struct hlr *h, const struct opchange_subscriber *s)
{
    HLR_SUBSCRIBER_WIPED struct hlr_subscriber entry = {.key = s->keys.aka, .sqn = s->sqn};

    if (!TEXT_COPY(entry.imsi, s->imsi) || !TEXT_COPY(entry.msisdn, s->msisdn))
        return ERR_RANGE;
    return hlr_activate(h, &entry, 1);
}

enum err opchange_subscriber_own(struct ledger *l, const struct opchange_subscriber *s)
{
    struct ledger_card card = {.counter = s->counter, .owner = LEDGER_OURS}, known;
    enum err e;

    memcpy(card.iccid, s->keys.iccid, sizeof card.iccid);
    memcpy(card.imsi, s->imsi, sizeof card.imsi);
    memcpy(card.msisdn, s->msisdn, sizeof card.msisdn);
    card.key_index = s->keys.index;
    card.algorithm = s->keys.aka.algorithm;
    card.ota_algorithm = s->keys.ota.kic.algorithm;
    e = ledger_card_add(l, &card, &s->keys);
    if (e == ERR_EXISTS && ledger_card_by_iccid(l, card.iccid, &known) == ERR_OK &&
        known.owner == LEDGER_OURS && known.key_index == card.key_index)
        return ERR_OK;
    return e;
}
