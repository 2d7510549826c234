#include "test/support/uicc/card.h"

#include "apdu/hex.h"
#include "uicc/aka/sqn.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MEMORY_LEN (4U << 20)

/* Fuzzers and benches use this file too, without a test around them. */
#define must(holds)                                                     \
    do {                                                                \
        if (!(holds)) {                                                 \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #holds); \
            abort();                                                    \
        }                                                               \
    } while (0)

/* ---- host ---- */

static enum err host_random(void *context, uint8_t *out, size_t n)
{
    struct test_card *t = context;

    if (t->random_fails)
        return ERR_CRYPTO;
    for (size_t i = 0; i < n; i++)
        out[i] = (uint8_t)nvm_sim_random(&t->random_state);
    return ERR_OK;
}

static uint64_t host_now(void *context)
{
    return ((struct test_card *)context)->now_ms;
}

static void host_log(void *context, const char *line)
{
    struct test_card *t = context;

    (void)snprintf(t->log, sizeof t->log, "%s", line);
}

/* ---- personalisation ---- */

static void set_key(struct secpkt_key *key, uint8_t seed)
{
    key->algorithm = SECPKT_AES;
    key->key.len = 16;
    for (uint8_t i = 0; i < 16; i++)
        key->key.bytes[i] = (uint8_t)(seed + i);
}

/* Pair 1 is the Milenage test set 1 of TS 35.208; the others differ from it. */
static void set_pair(struct perso_pair *pair, uint8_t index)
{
    aka_key_defaults(&pair->aka, AKA_MILENAGE);
    must(secret_from_hex(&pair->aka.k, "465B5CE8B199B49FAA5F0A2EE238A6BC") == ERR_OK);
    must(secret_from_hex(&pair->aka.opc, "CD63CB71954A9F4E48A5994E37A02BAF") == ERR_OK);
    pair->aka.k.bytes[15] = (uint8_t)(pair->aka.k.bytes[15] + index - 1);
    set_key(&pair->kic, (uint8_t)(0x10 * index));
    set_key(&pair->kid, (uint8_t)(0x10 * index + 1));
    set_key(&pair->kik, (uint8_t)(0x10 * index + 2));
}

static void set_pin(uint8_t pin[8], const char *hex)
{
    struct wr w = WR(pin, 8);

    must(hex_decode(hex, &w) == ERR_OK);
}

struct test_card *card_defaults(void)
{
    struct test_card *t = calloc(1, sizeof *t);

    must(t != NULL);
    t->random_state = 1;
    t->perso = (struct perso_card){
        .iccid = "8988211000000430010",
        .imsi = "001010123456789",
        .mnc_len = 2,
        .smsc = "+4915790109999",
        .spn = "Reseat",
        .slot_count = 3,
    };
    for (uint8_t i = 1; i <= t->perso.slot_count; i++)
        set_pair(&t->perso.pairs[i - 1], i);
    set_pin(t->perso.pin1, CARD_PIN1);
    set_pin(t->perso.puk1, CARD_PUK1);
    set_pin(t->perso.pin2, CARD_PIN2);
    set_pin(t->perso.puk2, CARD_PUK2);
    set_pin(t->perso.adm1, CARD_ADM1);
    return t;
}

static struct rd compile(const char *profile, uint8_t *image, size_t cap)
{
    char message[PERSO_MESSAGE_MAX] = "";
    struct wr w = WR(image, cap);

    if (perso_compile(profile, &w, message) != ERR_OK) {
        fprintf(stderr, "profile: %s\n", message);
        abort();
    }
    return RD_WR(&w);
}

static enum err power_on(struct test_card *t)
{
    struct uicc_host host = {t, &t->nvm.device, host_random, host_now, host_log};
    enum err e = uicc_create(t->engine, &host, &t->card);

    if (e == ERR_OK)
        card_reset(t);
    return e;
}

void card_assemble(struct test_card *t)
{
    t->memory = aligned_alloc(16, MEMORY_LEN);
    must(t->memory != NULL);
    arena_init(&t->arena, t->memory, MEMORY_LEN);
    t->engine = uicc_engine_new(&t->arena);
    must(t->engine != NULL);
    must(power_on(t) == ERR_OK);
}

void card_make(struct test_card *t)
{
    uint8_t *image = malloc(PERSO_IMAGE_MAX);

    must(image != NULL);
    nvm_sim_init(&t->nvm, PERSO_NVM_SIZE);
    must(perso_write(&t->nvm.device, compile(t->profile, image, PERSO_IMAGE_MAX), &t->perso) ==
         ERR_OK);
    free(image);
    card_assemble(t);
}

struct test_card *card_new(void)
{
    struct test_card *t = card_defaults();

    card_make(t);
    return t;
}

void card_free(struct test_card **t)
{
    uicc_destroy(&(*t)->card);
    uicc_engine_free(&(*t)->engine);
    nvm_sim_free(&(*t)->nvm);
    free((*t)->memory);
    free(*t);
    *t = NULL;
}

void card_reset(struct test_card *t)
{
    uint8_t atr[ATR_LEN_MAX];
    struct wr w = WR_ARRAY(atr);

    must(uicc_reset(t->card, &w) == ERR_OK);
}

enum err card_power_cycle(struct test_card *t)
{
    uicc_destroy(&t->card);
    nvm_sim_power_on(&t->nvm, NVM_SIM_DROP, 0);
    return power_on(t);
}

/* ---- commands ---- */

static struct rd transmit(struct test_card *t, struct rd command, uint8_t *response)
{
    struct wr w = WR(response, APDU_RESPONSE_MAX);

    uicc_transmit(t->card, command, &w);
    must(wr_result(&w) == ERR_OK);
    must(w.len >= 2);
    return RD_WR(&w);
}

/* "DATA SW", or "SW" alone. */
static void spell(struct test_card *t, struct rd data, struct rd sw)
{
    char *at = t->answer;
    size_t room = sizeof t->answer;

    if (data.left > 0) {
        must(hex_encode(data, at, room) == ERR_OK);
        at += 2 * data.left;
        *at++ = ' ';
        room -= 2 * data.left + 1;
    }
    must(hex_encode(sw, at, room) == ERR_OK);
}

static struct rd parse_hex(const char *hex, uint8_t *bytes, size_t cap)
{
    struct wr w = WR(bytes, cap);

    must(hex_decode(hex, &w) == ERR_OK);
    return RD_WR(&w);
}

const char *card_send(struct test_card *t, const char *hex)
{
    uint8_t command[1024], response[APDU_RESPONSE_MAX];
    struct rd r = transmit(t, parse_hex(hex, command, sizeof command), response);

    spell(t, RD(r.at, r.left - 2), RD(r.at + r.left - 2, 2));
    return t->answer;
}

static bool asks_for_more(uint8_t sw1, bool case_4)
{
    return sw1 == 0x61 || sw1 == 0x9F || (case_4 && (sw1 == 0x62 || sw1 == 0x63));
}

const char *card_run(struct test_card *t, const char *hex)
{
    uint8_t command[1024], response[APDU_RESPONSE_MAX], whole[1024];
    struct rd c = parse_hex(hex, command, sizeof command);
    uint8_t again[5] = {0, 0, 0, 0, 0};
    struct wr data = WR_ARRAY(whole);
    bool case_4 = c.left > 5;
    struct rd r = transmit(t, c, response);
    uint8_t warning[2] = {0, 0};

    memcpy(again, c.at, c.left < 5 ? c.left : 5);
    for (;;) {
        uint8_t sw1 = r.at[r.left - 2], sw2 = r.at[r.left - 1];

        wr_bytes(&data, r.at, r.left - 2);
        if (sw1 == 0x6C && !(case_4 && again[1] != 0xC0)) {
            again[4] = sw2;
        } else if (asks_for_more(sw1, case_4) && (sw1 == 0x61 || sw1 == 0x9F || warning[0] == 0)) {
            if (sw1 == 0x62 || sw1 == 0x63)
                memcpy(warning, r.at + r.left - 2, 2);
            again[1] = 0xC0;
            again[2] = again[3] = 0;
            again[4] = sw1 == 0x61 || sw1 == 0x9F ? sw2 : 0;
        } else {
            break;
        }
        r = transmit(t, RD(again, 5), response);
    }
    /* A warning without data behind it: GET RESPONSE found nothing. */
    spell(t, RD_WR(&data),
          warning[0] != 0 && data.len == 0 ? RD(warning, 2) : RD(r.at + r.left - 2, 2));
    return t->answer;
}
