/*
 * crash_card.c - every command that changes a card, through uicc_transmit(), under crash.h (C13,
 * C14, C22, C27 of the security requirements): files and records, administrative commands,
 * objects, PINs, authentication; with room in the journal and with hardly any.
 */
#include "test/support/uicc/lab.h"
#include "test/support/uicc/torn.h"

#include <stdlib.h>

#define ROOM 16384 /* enough to begin no second bank */

#define FILES_DF  "00A4000C023F00|00A4000C027F10"
#define APP       "00A4040C09" LAB_AID1
#define EF_6F99   "6217 82024121 83026F99 8A0105 8B032F0605 8002000A 880148"
#define DF_5F10   "621C 82027821 83025F10 8A0105 8B032F0601 81020100 C606900180830101"
#define EF_IN_DF  "6217 82024121 83024F01 8A0105 8B032F0605 80020004 880108"
#define TEN(xx)   xx xx xx xx xx xx xx xx xx xx
#define BYTES_100 TEN("A1B2C3D4E5F60718293A")

/* clang-format off */
static const struct torn_step files[] = {
    {.before = FILES_DF "|00A4000C026F01", .send = "00D600000A 0A0B0C0D0E0F10111213", .want = "9000"},
    {.before = FILES_DF "|00A4000C026F01", .send = "00D6006464" BYTES_100, .want = "9000"},
    {.before = APP "|00A4000C026F10", .send = "00DC020406 A0A1A2A3A4A5", .want = "9000"},
    {.before = APP "|00A4000C026F10", .send = "00DC040406 B0B1B2B3B4B5", .want = "9000"},
    {.before = APP "|00A4000C026F11", .send = "00DC000303 000005", .want = "9000"},
    {.before = APP "|00A4000C026F11", .send = "8032000003 000102", .want = "9000"},
    {.before = APP "|00A4000C026F11", .send = "8032000003 000001", .want = "9000"},
    {.before = APP "|00A4000C026F12", .send = "80DB008005 8003AABBCC", .want = "9000"},
    {.before = APP "|00A4000C026F12|80DB008067 848178" BYTES_100, .send = "80DB000014" TEN("7A7B"), .want = "9000"},
    {.before = APP "|00A4000C026F12", .send = "80DB008003 8402AA", .want = "63F1"}, /* the old value goes */
    {.before = APP "|00A4000C026F12", .send = "80DB008001 80", .want = "9000"},
};

static const struct torn_step admin[] = {
    {.before = FILES_DF, .send = "00E0000019" EF_6F99, .want = "9000"},
    {.before = FILES_DF "|00A4000C026F99", .send = "00D6000002 1234", .want = "9000"},
    {.before = FILES_DF, .send = "80D400000A 620883026F998002000C", .want = "9000"},
    {.before = FILES_DF, .send = "80D400000A 620883026F9980020002", .want = "9000"},
    {.before = FILES_DF "|00A4000C026F99", .send = "0004000000", .want = "9000"},
    {.before = FILES_DF "|00A4000C026F99", .send = "0044000000", .want = "9000"},
    {.before = FILES_DF, .send = "00E000001E" DF_5F10, .want = "9000"},
    {.before = FILES_DF "|00A4000C025F10", .send = "00E0000019" EF_IN_DF, .want = "9000"},
    {.before = FILES_DF "|00A4000C025F10|00A4000C024F01", .send = "00D6000004 01020304", .want = "9000"},
    {.before = FILES_DF, .send = "00E4000002 6F99", .want = "9000"},
    {.before = FILES_DF, .send = "00E4000002 5F10", .want = "9000"},
    {.before = FILES_DF "|00A4000C026F01", .send = "0004000000", .want = "9000"},
    {.before = FILES_DF "|00A4000C026F01", .send = "0044000000", .want = "9000"},
};

static const struct torn_step pins[] = {
    {.send = "0020000108" CARD_PIN2, .want = "63C2"},
    {.send = "0020000108" CARD_PIN1, .want = "9000"},
    {.send = "0020000108" CARD_PIN2, .want = "63C2"},
    {.send = "0020000108" CARD_PIN1, .want = "9000"}, /* with one try left a cut would block it */
    {.send = "0020000108" CARD_PIN2, .want = "63C2"},
    {.send = "0020000108" CARD_PIN2, .want = "63C1"},
    {.send = "0020000108" CARD_PIN2, .want = "63C0"},
    {.send = "002C000110" CARD_PUK2 CARD_PIN2, .want = "63C9"},
    {.send = "002C000110" CARD_PUK1 CARD_PIN2, .want = "9000"},
    {.send = "0024000110" CARD_PIN2 CARD_PIN1, .want = "9000"},
    {.send = "0024000110" CARD_PIN2 CARD_PIN1, .want = "63C2"},
    {.send = "0026000108" CARD_PIN1, .want = "9000"},
    {.send = "0028000108" CARD_PIN1, .want = "9000"},
    {.send = "0020000A08" LAB_ADM2, .want = "63C9"},
    {.send = "0020008108" CARD_PIN2, .want = "9000"},
};

/* The same file over and over: each bank is full after a few commits. */
#define NUMBER(n) {.before = FILES_DF "|00A4000C026F01", .send = "00D6000020" TEN(n) TEN(n) TEN(n) n n, .want = "9000"}
static const struct torn_step numbers[] = {
    NUMBER("01"), NUMBER("02"), NUMBER("03"), NUMBER("04"), NUMBER("05"), NUMBER("06"),
    NUMBER("07"), NUMBER("08"), NUMBER("09"), NUMBER("0A"), NUMBER("0B"), NUMBER("0C"),
    NUMBER("0D"), NUMBER("0E"), NUMBER("0F"), NUMBER("10"), NUMBER("11"), NUMBER("12"),
    NUMBER("13"), NUMBER("14"), NUMBER("15"), NUMBER("16"), NUMBER("17"), NUMBER("18"),
};

/* Sequence numbers of several indexes, one of them skipped and used later. */
static const struct torn_step authentications[] = {
    {.kind = TORN_AUTHENTICATE, .slot = 1, .number = 0x20},
    {.kind = TORN_AUTHENTICATE, .slot = 1, .number = 0x41},
    {.kind = TORN_AUTHENTICATE, .slot = 1, .number = 0x1000},
    {.kind = TORN_AUTHENTICATE, .slot = 1, .number = 0x1002},
    {.kind = TORN_AUTHENTICATE, .slot = 1, .number = 0x0FE3},
    {.kind = TORN_AUTHENTICATE, .slot = 1, .number = 0x10000000},
};
/* clang-format on */

enum base { LAB_OPEN, LAB_LOCKED, AIR, BASES };

static const struct {
    const char *name;
    enum base base;
    const struct torn_step *steps;
    unsigned count;
    uint64_t room;
    const char *prologue;
} rows[] = {
    {"files", LAB_OPEN, files, ARRAY_LEN(files), ROOM, "0020000A08" CARD_ADM1},
    {"files, hardly any room", LAB_OPEN, files, ARRAY_LEN(files), 820, NULL},
    {"administration", LAB_OPEN, admin, ARRAY_LEN(admin), ROOM, "0020000A08" CARD_ADM1},
    {"administration, hardly any room", LAB_OPEN, admin, ARRAY_LEN(admin), 360,
     "0020000A08" CARD_ADM1},
    {"PINs", LAB_LOCKED, pins, ARRAY_LEN(pins), ROOM, NULL},
    {"PINs, hardly any room", LAB_LOCKED, pins, ARRAY_LEN(pins), 64, NULL},
    {"compaction", LAB_OPEN, numbers, ARRAY_LEN(numbers), 440, NULL},
    {"authentication", AIR, authentications, ARRAY_LEN(authentications), ROOM, NULL},
    {"authentication, hardly any room", AIR, authentications, ARRAY_LEN(authentications), 64, NULL},
};

int main(void)
{
    struct air *air = air_new(NULL, SECPKT_AES);
    struct test_card *open = lab_new(false), *locked = lab_new(true);
    struct nvm_sim *bases[BASES] = {&open->nvm, &locked->nvm, &air->sim};
    struct torn *t = calloc(1, sizeof *t);
    struct crash_counts counts = {0};
    struct crash_scenario scenario;

    if (t == NULL)
        return EXIT_FAILURE;
    uicc_destroy(&air->card);
    t->air = air;
    t->made = air->made;
    t->tears = 10;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        t->name = rows[i].name;
        t->base = bases[rows[i].base];
        t->steps = rows[i].steps;
        t->count = rows[i].count;
        t->room = rows[i].room;
        t->prologue = rows[i].prologue;
        if (torn_scenario(t, &scenario))
            crash_run(&scenario, &counts);
        else
            counts.violations++;
    }
    free(t);
    card_free(&open);
    card_free(&locked);
    air_free(&air);
    return crash_report("card", &counts);
}
