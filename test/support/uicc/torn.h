/*
 * torn.h - a whole card as a scenario of test/crash/crash.h: commands and packets sent through
 * uicc_transmit() while its memory loses power, fails or is full.
 *
 * The judge is a recording: the objects that the card's memory held after each step of a run
 * without disturbance. A memory shows a step if it holds exactly these; one thing may differ:
 * a PIN try may be taken and not yet given back (there is never one more).
 */
#ifndef RESEAT_TEST_TORN_H
#define RESEAT_TEST_TORN_H

#include "test/crash/crash.h"
#include "test/support/uicc/air.h"

#define TORN_STEPS_MAX 48
#define TORN_STATE_MAX 32768
#define TORN_GONE_MAX  8

enum torn_kind {
    TORN_APDU,         /* one command, followed up */
    TORN_PACKET,       /* a secured packet with its proof in the answer */
    TORN_SUBMIT,       /* a secured packet whose proof waits to be sent */
    TORN_SESSION,      /* send what waits */
    TORN_AUTHENTICATE, /* under the K of the slot */
};

struct torn_step {
    enum torn_kind kind;
    bool reset;         /* a warm reset comes first */
    bool ends_keys;     /* whoever sent this cannot prove anything afterwards */
    uint8_t slot;       /* PACKET, AUTHENTICATE */
    uint64_t number;    /* counter, sequence number */
    const char *before; /* commands in hex that change nothing, parted by '|'; NULL: none */
    const char *send;   /* command or secured data in hex; NULL: data */
    const char *want;   /* APDU: status word, X stands for any digit; PACKET: how the data begins */
    const char *tar;
    struct rd data;                /* secured data */
    const struct perso_pair *pair; /* keys that count here; NULL: those the card was made with */
    const struct secret *gone;     /* keys of which no trace may be left once this is done */
    unsigned gone_count;
};

/* What a memory holds, the PINs apart. */
struct torn_state {
    uint8_t bytes[TORN_STATE_MAX];
    size_t len;
    uint8_t pins[256];
    size_t pins_len;
};

struct torn {
    const char *name;
    const struct torn_step *steps;
    unsigned count;
    const char *prologue; /* commands after each power-on, parted by '|'; NULL: none */
    uint64_t room;        /* bytes of a bank beyond those that the card takes at first */
    unsigned tears;
    struct nvm_sim *base; /* the card to begin with, in a memory of any size */
    struct air *air;      /* engine, server and terminal; its own card is not used */

    /* of the run */
    struct perso_card made; /* what the keys of the card were */
    unsigned hint;          /* steps that the last run saw acknowledged */
    struct torn_state after[TORN_STEPS_MAX + 1], now;
};

/* For crash_run(), with the recording in t; borrows t. false, and said why: an
 * undisturbed run does not do what the steps say. */
bool torn_scenario(struct torn *t, struct crash_scenario *out);

/* A copy of t->base with banks of that room, in to (zeros or a sim before). */
void torn_make(struct torn *t, struct nvm_sim *to);

#endif
