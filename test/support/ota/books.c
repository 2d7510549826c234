#include "test/support/ota/books.h"
#include "test/support/ota/scratch.h"

#include <check.h>
#include <stdio.h>

#define KEK "000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F"

void books_setup(void)
{
    scratch_enter();
}

enum err books_open_with(const char *path, const char *kek, bool create, struct ledger **out)
{
    struct secret key;

    ck_assert_int_eq(secret_from_hex(&key, kek), ERR_OK);
    return ledger_open(path, &key, create, out);
}

struct ledger *books_open(void)
{
    struct ledger *l = NULL;

    ck_assert_int_eq(books_open_with(BOOKS_PATH, KEK, true, &l), ERR_OK);
    return l;
}

void books_keys(struct vault_pair *keys, uint8_t index, uint8_t fill)
{
    *keys = (struct vault_pair){.index = index};
    aka_key_defaults(&keys->aka, AKA_MILENAGE);
    keys->ota.cc_len = SECPKT_CC_LEN;
    keys->ota.kic.algorithm = keys->ota.kid.algorithm = keys->kik.algorithm = SECPKT_AES;
    for (size_t i = 0; i < 16; i++) {
        keys->aka.k.bytes[i] = (uint8_t)(fill + i);
        keys->aka.opc.bytes[i] = (uint8_t)(fill + 0x10 + i);
        keys->ota.kic.key.bytes[i] = (uint8_t)(fill + 0x20 + i);
        keys->ota.kid.key.bytes[i] = (uint8_t)(fill + 0x30 + i);
        keys->kik.key.bytes[i] = (uint8_t)(fill + 0x40 + i);
    }
    keys->aka.k.len = keys->aka.opc.len = 16;
    keys->ota.kic.key.len = keys->ota.kid.key.len = keys->kik.key.len = 16;
}

enum err books_add_card(struct ledger *l, const char *iccid, const char *imsi, uint8_t index)
{
    struct ledger_card card = {.msisdn = "491700000001"};
    struct vault_pair keys;

    snprintf(card.iccid, sizeof card.iccid, "%s", iccid);
    snprintf(card.imsi, sizeof card.imsi, "%s", imsi);
    books_keys(&keys, index, 0x80);
    snprintf(keys.iccid, sizeof keys.iccid, "%s", iccid);
    return ledger_card_add(l, &card, &keys);
}

int64_t books_card_id(struct ledger *l)
{
    struct ledger_card card;

    ck_assert_int_eq(ledger_card_by_iccid(l, BOOKS_ICCID, &card), ERR_OK);
    return card.id;
}

struct ledger *books_serve(enum ledger_start want)
{
    struct ledger *l = books_open();
    enum ledger_start how;

    ck_assert_int_eq(ledger_serve(l, 1000, &how), ERR_OK);
    ck_assert_int_eq(how, want);
    return l;
}

uint64_t books_take(struct ledger *l)
{
    uint64_t counter = 0;

    ck_assert_int_eq(ledger_begin(l), ERR_OK);
    ck_assert_int_eq(ledger_counter_take(l, books_card_id(l), 0, &counter), ERR_OK);
    ck_assert_int_eq(ledger_commit(l), ERR_OK);
    return counter;
}

struct ledger_campaign books_add_campaign(struct ledger *l, const char *name,
                                          enum ledger_method method)
{
    struct ledger_campaign c;

    ledger_campaign_defaults(&c, method);
    snprintf(c.name, sizeof c.name, "%s", name);
    ck_assert_int_eq(ledger_campaign_add(l, &c), ERR_OK);
    return c;
}
