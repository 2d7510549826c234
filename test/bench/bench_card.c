/*
 * bench_card.c - commands per second through a whole card in one process, with access
 * rules on (PIN1 enabled and verified), beside the same card refusing an unknown
 * instruction: the floor that parsing and answering set.
 */
#include "test/support/uicc/card.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ROUND_NS 200000000ULL
#define ROUNDS   5
#define BATCH    1000
#define LIMIT    2000000.0 /* APDU per second, one core */

struct script {
    const char *name;
    unsigned count;
    double limit;
    struct {
        uint8_t bytes[16];
        uint8_t len;
        uint16_t sw;
    } commands[4];
};

static const struct script scripts[] = {
    {"SELECT+READ BINARY",
     2,
     LIMIT,
     {{{0x00, 0xA4, 0x00, 0x0C, 0x02, 0x6F, 0x07}, 7, 0x9000},
      {{0x00, 0xB0, 0x00, 0x00, 0x09}, 5, 0x9000}}},
    {"SELECT+READ RECORD",
     2,
     LIMIT,
     {{{0x00, 0xA4, 0x00, 0x0C, 0x02, 0x6F, 0x42}, 7, 0x9000},
      {{0x00, 0xB2, 0x01, 0x04, 0x34}, 5, 0x9000}}},
    {"READ BINARY by SFI", 1, 0, {{{0x00, 0xB0, 0x87, 0x00, 0x09}, 5, 0x9000}}},
    {"SELECT, FCP, READ",
     3,
     0,
     {{{0x00, 0xA4, 0x00, 0x04, 0x02, 0x6F, 0x07}, 7, 0x6121},
      {{0x00, 0xC0, 0x00, 0x00, 0x21}, 5, 0x9000},
      {{0x00, 0xB0, 0x00, 0x00, 0x09}, 5, 0x9000}}},
    {"unknown instruction", 1, 0, {{{0x00, 0xF4, 0x00, 0x00, 0x00}, 5, 0x6D00}}},
};

static uint64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000ULL + (uint64_t)t.tv_nsec;
}

static void step(struct test_card *t, const struct script *s)
{
    uint8_t response[APDU_RESPONSE_MAX];

    for (unsigned i = 0; i < s->count; i++) {
        struct wr w = WR_ARRAY(response);

        uicc_transmit(t->card, RD(s->commands[i].bytes, s->commands[i].len), &w);
        if ((response[w.len - 2] << 8 | response[w.len - 1]) != s->commands[i].sw) {
            fprintf(stderr, "bench_card: %s: command %u answered %02X%02X\n", s->name, i,
                    response[w.len - 2], response[w.len - 1]);
            exit(EXIT_FAILURE);
        }
    }
}

static double per_second(struct test_card *t, const struct script *s)
{
    uint64_t start = now_ns(), spent = 0, done = 0;

    while (spent < ROUND_NS) {
        for (unsigned i = 0; i < BATCH; i++)
            step(t, s);
        done += (uint64_t)BATCH * s->count;
        spent = now_ns() - start;
    }
    return (double)done * 1e9 / (double)spent;
}

static void measure(struct test_card *t, const struct script *s)
{
    double best = 0;

    for (unsigned i = 0; i < ROUNDS; i++) {
        double rate = per_second(t, s);

        best = rate > best ? rate : best;
    }
    printf("%-22s %10.0f APDU/s", s->name, best);
    if (s->limit > 0)
        printf("   limit %.0f: %s", s->limit, best >= s->limit ? "kept" : "MISSED");
    printf("\n");
}

int main(void)
{
    struct test_card *t = card_defaults();

    t->perso.pin1_enabled = true;
    card_make(t);
    card_send(t, "00A4040C07A0000000871002");
    if (strcmp(card_send(t, "0020000108" CARD_PIN1), "9000") != 0)
        return EXIT_FAILURE;
    for (size_t i = 0; i < ARRAY_LEN(scripts); i++)
        measure(t, &scripts[i]);
    card_free(&t);
    return EXIT_SUCCESS;
}
