/*
 * isd_fixture.h - a card and a GlobalPlatform host that knows its keys. Included once per test
 * program.
 */
#ifndef RESEAT_TEST_ISD_FIXTURE_H
#define RESEAT_TEST_ISD_FIXTURE_H

#include "apdu/gp.h"
#include "apdu/hex.h"
#include "test/support/hexrow.h"
#include "test/support/runner.h"
#include "test/support/uicc/offcard.h"
#include "uicc/applet/manage.h"
#include "uicc/isd/isd.h"
#include "uicc/slot/slot.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ISD     "A000000151000000"
#define SAMPLES "F05265736561 7401"
#define HELLO   "F05265736561 740101"
#define WATCH   "F05265736561 740102"
#define MANAGER "F0526573656174020101 0000BFFF0001"
#define APP     "F0AA00000001"
#define SSD     "F0BB00000001"

/* Install hello as APP with a menu entry: EF { C8 0200, CA ... } */
#define INSTALL_HELLO                                                           \
    "80E60C0039 08" SAMPLES " 09" HELLO " 06" APP " 0100 1B C900 EF17 C8020200" \
    " CA11 020100 01 00 14 01 0000 00 02 0116 03 0A0B0C 00"

static struct test_card *t;
static struct offcard *h;

static inline void setup(void)
{
    t = card_new();
    h = offcard_new(t);
}

static inline void teardown(void)
{
    offcard_free(&h);
    card_free(&t);
}

/* A card whose OTA keys are 3DES. */
static inline void setup_des(void)
{
    t = card_defaults();
    t->profile = "ota-algorithm = 3des\n";
    for (unsigned i = 0; i < t->perso.slot_count; i++) {
        struct perso_pair *p = &t->perso.pairs[i];

        p->kic.algorithm = p->kid.algorithm = p->kik.algorithm = SECPKT_3DES2;
    }
    card_make(t);
    h = offcard_new(t);
}

static inline void open_isd(void)
{
    ck_assert_str_eq(offcard_open(h, ISD, 0x31, 0x33), "9000");
}

static inline struct gp_key new_key(enum gp_key_type type, uint8_t seed, uint8_t len)
{
    struct gp_key k = {.type = type};

    for (uint8_t i = 0; i < len; i++)
        k.key.bytes[i] = (uint8_t)(seed + i * 3);
    k.key.len = len;
    return k;
}

/* PUT KEY of keys 1 and on with the session's DEK. */
static inline const char *put_keys(uint8_t old, uint8_t version, enum gp_key_type type, uint8_t len,
                                   size_t count)
{
    struct gp_key dek = {.type = h->protocol == 2 ? GP_KEY_DES : GP_KEY_AES, .key = h->s_dek};
    struct gp_key keys[3];
    uint8_t bytes[300];
    char hex[700];
    struct wr w = WR_ARRAY(bytes);

    for (uint8_t i = 0; i < 3; i++)
        keys[i] = new_key(type, (uint8_t)(0x80 + 0x10 * i), len);
    if (gp_write_put_key(h->crypto, old, version, keys, count, &dek, &w) != ERR_OK)
        return "cannot";
    ck_assert_int_eq(hex_encode(RD_WR(&w), hex, sizeof hex), ERR_OK);
    return offcard_run(h, hex);
}

static inline TCase *add(Suite *s, const char *clause, void (*set_up)(void))
{
    TCase *c = tcase_create(clause);

    tcase_add_checked_fixture(c, set_up, teardown);
    suite_add_tcase(s, c);
    return c;
}

#endif
