/*
 * uicc.h - the card, as everything outside the plastic sees it.
 *
 * A card is an engine without system calls: bytes in, bytes out. What it needs
 * of the world comes in struct uicc_host. Cards of one thread share an engine
 * (crypto, work memory, profile images); there are no globals, so one process
 * holds as many cards as memory allows.
 */
#ifndef RESEAT_UICC_UICC_H
#define RESEAT_UICC_UICC_H

#include "apdu/apdu.h"
#include "apdu/arena.h"
#include "apdu/atr.h"
#include "apdu/opchange.h"
#include "uicc/nvm/nvm.h"

struct uicc_engine;
struct card;

/* What a card needs of the world. Callbacks get context; any of them may be called in any APDU. */
struct uicc_host {
    void *context;
    struct nvm_device *nvm; /* this card's memory */
    /* n random bytes of cryptographic quality; an error fails the command with 6F00. */
    NODISCARD enum err (*random)(void *context, uint8_t *out, size_t n);
    /* Monotonic time, for the life of half-received messages. */
    uint64_t (*now_ms)(void *context);
    /* One line for people, without keys, PINs or plaintext; may be NULL. */
    void (*log)(void *context, const char *line);
};

/* Crypto contexts, work memory and profile cache for the cards of one thread. arena is kept;
 * everything of the cards lives in it. NULL when memory or OpenSSL fails. */
struct uicc_engine *uicc_engine_new(struct arena *arena);
void uicc_engine_free(struct uicc_engine **engine);
/* Arena bytes that the engine itself and one profile need at most (a card's: 64 KiB covers it). */
#define UICC_ENGINE_ARENA (1U << 20)

/*
 * Put a card together from its memory. It is unpowered until uicc_reset().
 *
 * keeps:  engine, host (copied), host->nvm
 * errors: as store_open(); ERR_CORRUPT for a profile or state that contradicts itself
 */
NODISCARD enum err uicc_create(struct uicc_engine *engine, const struct uicc_host *host,
                               struct card **out);
/* Wipes and gives back the card's memory. What was answered is durable; nothing is flushed. */
void uicc_destroy(struct card **card);

/* Power on or warm reset: volatile state is gone. Appends the ATR. */
NODISCARD enum err uicc_reset(struct card *card, struct wr *atr);

/*
 * One command, one response (data and status word, 2 to APDU_RESPONSE_MAX bytes), as T=0 has
 * it: 61XX, 6CXX and GET RESPONSE included. Always answers; response needs
 * APDU_RESPONSE_MAX bytes of room. What the answer claims is durable.
 */
void uicc_transmit(struct card *card, struct rd command, struct wr *response);

/* What may be known of a card without its keys. */
struct uicc_slot_info {
    uint8_t index;
    const char *state;     /* static text: "active", "spare", ... */
    const char *algorithm; /* "milenage", "tuak", "xor"; "" when wiped or empty */
    const char *ota;       /* "aes-128", "3des-2", ... */
    uint64_t ota_counter;
};
struct uicc_info {
    char iccid[ICCID_DIGITS_MAX + 1];
    char imsi[IMSI_DIGITS_MAX + 1];
    char profile[33];
    uint8_t slot_count, slot_in_force, slot_fallback;
    struct uicc_slot_info slots[OPCHANGE_SLOTS_MAX];
    enum opchange_state change_state;
    uint64_t change_counter;
    uint8_t pin1_tries, puk1_tries, adm1_tries;
    bool pin1_enabled;
    uint32_t file_count, changed_files;
};
NODISCARD enum err uicc_info(struct card *card, struct uicc_info *out);

/* The n-th application of a card's registry, security domains included. */
struct uicc_applet_info {
    char aid[33]; /* hex */
    char module[33];
    const char *name;  /* of its module, static text; "" for one that was loaded */
    const char *state; /* "selectable", "locked", ... */
    uint8_t priority;  /* as a toolkit applet; 0: none, or before all others */
    uint8_t tar_count;
    char tars[4][7]; /* hex */
    uint8_t level;   /* least security of packets to them, as SPI1 */
    char privileges[7];
};
/* ERR_NOT_FOUND beyond the last. */
NODISCARD enum err uicc_applet(struct card *card, unsigned n, struct uicc_applet_info *out);

#endif
