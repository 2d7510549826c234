/*
 * card.h - the card from inside: what its rooms share.
 *
 * Life of a command: uicc_transmit -> transport_run (T=0, GET RESPONSE) ->
 * cmd_execute (table, class, channel) -> a handler -> store_commit -> answer.
 * A handler that fails leaves nothing behind: the transaction is rolled back.
 */
#ifndef RESEAT_UICC_CORE_CARD_H
#define RESEAT_UICC_CORE_CARD_H

#include "apdu/apdu.h"
#include "apdu/crypto.h"
#include "uicc/nvm/store.h"
#include "uicc/profile/profile.h"
#include "uicc/uicc.h"

#define CARD_ANSWER_MAX 4096 /* bytes one command may answer inside a script */
#define CARD_WORK_MAX   8192
#define CARD_PROFILES   8 /* kinds of card that share one engine */

struct fs_index; /* what is worked out of a profile once: fs/index.h */

struct uicc_engine {
    struct arena *arena;
    struct crypto *crypto;
    const struct profile *profiles[CARD_PROFILES]; /* by hash, loaded once */
    const struct fs_index *indexes[CARD_PROFILES]; /* of the profile of the same number */
    struct store_work store_work;
    uint8_t answer[CARD_ANSWER_MAX]; /* data of the command being executed */
    uint8_t work[CARD_WORK_MAX];     /* plaintext of a packet; cleansed after use */
    uint8_t script_answer[CARD_ANSWER_MAX];
};

/* What is selected on a logical channel, and verified there (TS 102 221 8.4, 8.5, 9). */
struct channel {
    bool open;
    uint8_t number;
    uint8_t record;    /* record pointer, 0 = undefined */
    uint8_t app_last;  /* for next/previous occurrence of a partial AID */
    uint16_t df;       /* current DF or ADF, a node */
    uint16_t ef;       /* current EF or NODE_NONE */
    uint16_t app;      /* ADF of the active application session or NODE_NONE */
    uint8_t applet;    /* instance that is selected instead, 0 none: applet/manage.h */
    uint32_t verified; /* PIN bits verified on this channel (ADM and local keys) */
};

/* Answer data that waits for GET RESPONSE; valid for the next command of its channel only. */
struct pending {
    uint8_t *bytes; /* arena piece of len bytes, NULL when nothing waits */
    uint16_t len, done;
    uint8_t channel;
    sw_t sw; /* what ends the last GET RESPONSE */
};

/* An object of a BER-TLV EF on its way in several blocks (TS 102 221 11.3.0). Each channel may have
 * one, and so may a script; a command that makes another file current ends it. */
struct transfer {
    struct transfer *next;
    uint32_t len;        /* of the whole object */
    uint32_t done, last; /* bytes handled; of these, in the block before */
    uint16_t node;
    uint8_t channel;
    bool remote;
    uint8_t ins;
    uint8_t bytes[]; /* SET DATA: what came so far */
};

struct fs;       /* dynamic part of the tree: fs/fs.h */
struct cat;      /* toolkit session: cat/cat.h */
struct applets;  /* what applets are doing: applet/toolkit.h */
struct receiver; /* half-received messages: remote/receiver.h */

struct card {
    struct uicc_engine *engine;
    struct uicc_host host;
    const struct profile *profile;
    struct store store;
    struct fs *fs;
    struct cat *cat;
    struct receiver *receiver;
    struct applets *applets;
    struct channel *channels[APDU_CHANNELS]; /* NULL when closed; 0 is always open */
    struct pending pending;
    struct transfer *transfers; /* of all channels */
    uint32_t verified;          /* PIN bits verified on all channels (PIN1-8, universal) */
    bool powered;
    bool in_script;    /* card_commit_now() waits for the end of the script */
    bool imsi_changed; /* by the command or script under way: REFRESH follows */
    bool suspended;    /* volatile state is kept over the next reset */
    bool resumable;    /* that reset has come: a resume token brings the state back */
    uint8_t resume_token[8];
};

/* One command on its way through the card. */
struct exec {
    const struct apdu *cmd;
    struct apdu_class cls;
    struct channel *ch;
    struct wr *out;  /* answer data, whole; the transport cuts it */
    bool remote;     /* a script of a secured packet: rights come from its access domain */
    uint32_t rights; /* remote: PIN bits that count as verified */
};

typedef sw_t cmd_handler(struct card *card, struct exec *x);

/* --- core/cmd.c --- */

/*
 * Execute one command: class, instruction, channel, case and length, then its handler. Answer
 * data goes to x->out whole. No T=0 behaviour, no commit: the caller does both. x->cls and x->ch
 * are filled in from the class byte when x->ch is NULL.
 */
sw_t cmd_execute(struct card *card, struct exec *x);

/* The object under way on a channel, or in a script; NULL for none. */
struct transfer *cmd_transfer(const struct card *card, uint8_t channel, bool remote);
/* It will not go on; none will. */
void cmd_end_transfer(struct card *card, uint8_t channel, bool remote);
void cmd_end_transfers(struct card *card);

/* T=0 around cmd_execute: GET RESPONSE, 61XX, 6CXX, 91XX, commit or roll back. */
void transport_run(struct card *card, struct rd command, struct wr *response);

/* --- core/card.c --- */

/* Make durable now what is staged, before going on (PIN tries). Inside a script this waits for
 * the script's own commit. */
NODISCARD enum err card_commit_now(struct card *card);

/* Answer to reset, with the profile's historical bytes. ERR_SPACE */
NODISCARD enum err card_write_atr(const struct card *card, struct wr *w);

/* Volatile state as after a cold reset. */
void card_reset_volatile(struct card *card);

/* Bytes that files may still take. */
uint32_t card_free_memory(const struct card *card);

/* A line for people, if the host wants them. Never hand it secrets. */
__attribute__((format(printf, 2, 3))) void card_log(const struct card *card, const char *format,
                                                    ...);

/* --- core/channel.c --- */

void channel_reset_all(struct card *card); /* only channel 0, MF current */
/* The channel of this number if it is open, or NULL. */
struct channel *channel_get(const struct card *card, unsigned number);
void channel_close_all(struct card *card); /* at uicc_destroy */
/* A file is gone: no channel has it selected any more. parent becomes current for its DF. */
void channel_forget_node(struct card *card, uint16_t node, uint16_t parent);
/* The same for a channel that only a script has, whose files may be gone since its last command. */
void channel_repair(const struct card *card, struct channel *ch);
/* Begin state of a channel: MF current, nothing verified. */
void channel_init(struct channel *ch, uint8_t number);

#endif
