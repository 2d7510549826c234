/*
 * card.h - a personalised card in memory, and hex in, hex out.
 *
 * The built-in profile on nvm_sim, with published test keys; clock and randomness come
 * from a seed, so that every run is the same.
 */
#ifndef RESEAT_TEST_CARD_H
#define RESEAT_TEST_CARD_H

#include "test/support/uicc/nvm_sim.h"
#include "uicc/core/card.h"
#include "uicc/perso.h"
#include "uicc/uicc.h"

#define CARD_PIN1 "31323334FFFFFFFF" /* 1234 */
#define CARD_PUK1 "3132333435363738"
#define CARD_PIN2 "35363738FFFFFFFF" /* 5678 */
#define CARD_PUK2 "3837363534333231"
#define CARD_ADM1 "41444D3141444D31"

struct test_card {
    struct nvm_sim nvm;
    struct perso_card perso; /* what the card was made of; change it before card_make() */
    const char *profile;     /* profile text; NULL is the built-in one */
    struct arena arena;
    struct uicc_engine *engine;
    struct card *card;
    uint64_t random_state, now_ms;
    bool random_fails;
    char log[160];    /* last line */
    char answer[600]; /* of the last command */
    uint8_t *memory;
};

/* A card as delivered, powered, PIN1 disabled. Aborts the test when it cannot be made. */
struct test_card *card_new(void);
/* The same in two steps: defaults in perso and profile, then the card. */
struct test_card *card_defaults(void);
void card_make(struct test_card *t);
void card_free(struct test_card **t);
/* A card out of what is in its memory already (lab.c); powered. */
void card_assemble(struct test_card *t);

/* Warm reset; and as if the power had gone: the card is put together anew from its memory, which
 * uicc_create() may refuse. */
void card_reset(struct test_card *t);
enum err card_power_cycle(struct test_card *t);

/* One command as T=0 carries it, in hex with blanks; "DATA SW" or "SW", valid until the next. */
const char *card_send(struct test_card *t, const char *hex);
/* The same with 61XX, 9FXX, 6CXX and warnings followed up as a terminal does. */
const char *card_run(struct test_card *t, const char *hex);

/* Send each (run: followed up) and compare; "XX" in want stands for any byte. */
void card_expect(struct test_card *t, const char *hex, const char *want);
void card_expect_run(struct test_card *t, const char *hex, const char *want);

/* One command and what it must answer, followed up or not. */
struct card_step {
    const char *send, *want;
};
#define CARD_STEPS(t, steps) card_steps(t, steps, sizeof(steps) / sizeof(steps)[0])
void card_steps(struct test_card *t, const struct card_step *steps, size_t count);

/* Verify by name: PIN1, PIN2 or ADM1; fails the test unless 9000. */
void card_verify(struct test_card *t, const char *which);

#endif
