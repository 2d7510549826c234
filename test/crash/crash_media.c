/*
 * crash_media.c - a whole card on a damaged memory (C24 of the security requirements): bytes
 * changed one by one, areas overwritten, the memory cut short. The card refuses to start with a
 * reason, or it is a card: nothing crashes, and nothing opens that a PIN or key has closed.
 */
#include "test/support/uicc/card.h"
#include "test/support/uicc/torn.h"

#include "apdu/hex.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROOM      1024
#define AREAS     6000
#define ARENA     (2U << 20)
#define SHORTENED 16 /* bytes from one length to the next */

struct media {
    struct nvm_sim whole, damaged;
    struct arena arena;
    uint8_t *block;
    uint64_t now_ms, random;
    char where[80];
    unsigned long tried, refused, started, violations;
};

/* The answer that opens nothing: any status word but success, and no data. */
static const char *const closed[] = {
    "00B0870009",                    /* EF.IMSI */
    "00D6870009 080910101032547699", /* and writing it */
    "00D6860002 FFFF",               /* EF.ACC */
    "00A4000C026F08|00B0000021",     /* EF.Keys */
    "00A4000C026F3C|00B2010404",     /* EF.SMS */
    "0088008122 10000102030405060708090A0B0C0D0E0F 10000102030405060708090A0B0C0D0E0F",
    "00A4000C023F00|00D6820001 00", /* EF.ICCID, which nobody may write */
    "00E0000019 6217 82024121 83026F99 8A0105 8B032F0605 8002000A 880148",
    "00A4000C023F00|00E4000002 2FE2",
    "00FE000000",
    "0020000108 39393939FFFFFFFF", /* no PIN of this card */
    "0020000A08 3939393939393939",
};

static enum err host_random(void *context, uint8_t *out, size_t n)
{
    struct media *m = context;

    for (size_t i = 0; i < n; i++)
        out[i] = (uint8_t)nvm_sim_random(&m->random);
    return ERR_OK;
}

static uint64_t host_now(void *context)
{
    return ((struct media *)context)->now_ms;
}

static void violation(struct media *m, const char *what, const char *command)
{
    m->violations++;
    printf("%s: %s: %s\n", m->where, what, command);
}

static uint16_t send_one(struct card *card, const char *hex, size_t *data_len)
{
    uint8_t bytes[APDU_COMMAND_MAX], response[APDU_RESPONSE_MAX];
    struct wr c = WR_ARRAY(bytes), r = WR_ARRAY(response);

    if (hex_decode(hex, &c) != ERR_OK)
        abort();
    uicc_transmit(card, RD_WR(&c), &r);
    if (wr_result(&r) != ERR_OK || r.len < 2)
        abort();
    *data_len = r.len - 2;
    return (uint16_t)(response[r.len - 2] << 8 | response[r.len - 1]);
}

static void expect_closed(struct media *m, struct card *card, const char *list)
{
    const char *last = strrchr(list, '|');
    char first[64];
    size_t len;
    uint16_t sw;

    send_one(card, "00A4040C07A0000000871002", &len);
    if (last != NULL) {
        (void)snprintf(first, sizeof first, "%.*s", (int)(last - list), list);
        send_one(card, first, &len);
    }
    sw = send_one(card, last == NULL ? list : last + 1, &len);
    if (len > 0 || sw >> 8 == 0x90 || sw >> 8 == 0x91 || sw >> 8 == 0x61)
        violation(m, "opened", list);
    if (sw >> 12 != 6 && sw >> 12 != 9)
        violation(m, "no status word", list);
}

static void use(struct media *m, struct card *card)
{
    uint8_t atr[ATR_LEN_MAX];
    struct wr w = WR_ARRAY(atr);

    if (uicc_reset(card, &w) != ERR_OK || w.len < 2)
        violation(m, "no ATR", "");
    for (size_t i = 0; i < ARRAY_LEN(closed); i++)
        expect_closed(m, card, closed[i]);
}

/* Engine and all, as a process that has never seen this card does it. */
static void try_card(struct media *m)
{
    struct uicc_host host = {m, &m->damaged.device, host_random, host_now, NULL};
    struct uicc_engine *engine;
    struct card *card;

    m->tried++;
    arena_init(&m->arena, m->block, ARENA);
    engine = uicc_engine_new(&m->arena);
    if (engine == NULL)
        abort();
    if (uicc_create(engine, &host, &card) == ERR_OK) {
        m->started++;
        use(m, card);
        uicc_destroy(&card);
    } else {
        m->refused++;
    }
    uicc_engine_free(&engine);
}

static void change_bytes(struct media *m)
{
    static const uint8_t masks[] = {0x01, 0x80, 0xFF, 0x10, 0x04, 0x55};

    for (uint64_t at = 0; at < m->whole.device.size; at++) {
        uint8_t mask = masks[at % sizeof masks];

        nvm_sim_copy(&m->damaged, &m->whole);
        m->damaged.view[at] ^= mask;
        m->damaged.media[at] ^= mask;
        (void)snprintf(m->where, sizeof m->where, "byte %lu xor %02X", (unsigned long)at, mask);
        try_card(m);
    }
}

/* Zeros, ones, noise, or what stands elsewhere in the memory. */
static void overwrite_area(struct media *m, uint64_t seed)
{
    uint64_t random = seed, size = m->whole.device.size;
    uint64_t n = 1 + nvm_sim_random(&random) % 64, how = nvm_sim_random(&random) % 4;
    uint64_t to = nvm_sim_random(&random) % (size - n), from = nvm_sim_random(&random) % (size - n);

    nvm_sim_copy(&m->damaged, &m->whole);
    for (uint64_t i = 0; i < n; i++) {
        uint8_t b = how == 0   ? 0x00
                    : how == 1 ? 0xFF
                    : how == 2 ? (uint8_t)nvm_sim_random(&random)
                               : m->whole.media[from + i];

        m->damaged.view[to + i] = m->damaged.media[to + i] = b;
    }
    (void)snprintf(m->where, sizeof m->where, "area of seed %lu", (unsigned long)seed);
    try_card(m);
}

static void cut_short(struct media *m, uint64_t size)
{
    nvm_sim_copy(&m->damaged, &m->whole);
    m->damaged.device.size = size;
    (void)snprintf(m->where, sizeof m->where, "cut short to %lu", (unsigned long)size);
    try_card(m);
    m->damaged.device.size = m->whole.device.size;
}

/* A card whose PIN1 is on, with a history in its journal. */
static void make_whole(struct media *m)
{
    struct test_card *t = card_defaults();
    struct torn *torn = calloc(1, sizeof *torn);

    if (torn == NULL)
        abort();
    t->perso.pin1_enabled = true;
    card_make(t);
    card_send(t, "00A4040C07A0000000871002");
    card_send(t, "0020000108" CARD_PIN1);
    if (strcmp(card_send(t, "00D68B000B 0102030405060708090A0B"), "9000") != 0)
        abort();
    torn->base = &t->nvm;
    torn->room = ROOM;
    torn_make(torn, &m->whole);
    free(torn);
    card_free(&t);
}

int main(void)
{
    struct media m = {.random = 1, .now_ms = 1000, .block = aligned_alloc(16, ARENA)};

    if (m.block == NULL)
        return EXIT_FAILURE;
    make_whole(&m);
    nvm_sim_copy(&m.damaged, &m.whole);
    try_card(&m);
    if (m.started != 1)
        violation(&m, "the whole card does not start", "");
    change_bytes(&m);
    for (uint64_t seed = 1; seed <= AREAS; seed++)
        overwrite_area(&m, seed);
    for (uint64_t size = 0; size < m.whole.device.size; size += SHORTENED)
        cut_short(&m, size);
    nvm_sim_free(&m.whole);
    nvm_sim_free(&m.damaged);
    free(m.block);
    printf("media: %lu damages: %lu refused, %lu started, %lu violations\n", m.tried, m.refused,
           m.started, m.violations);
    printf("%lu passed, %lu failed\n", m.tried, m.violations);
    return m.violations == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
