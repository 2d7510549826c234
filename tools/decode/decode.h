/*
 * decode.h - a card session in words: what each command asks and each answer says. A session
 * follows which file is selected on which channel, so that content is shown as the file that it
 * is in; packets of the air are opened when their keys are given.
 *
 * Everything decoded is untrusted. Whatever does not keep to its format is shown as bytes.
 */
#ifndef RESEAT_TOOLS_DECODE_DECODE_H
#define RESEAT_TOOLS_DECODE_DECODE_H

#include "apdu/apdu.h"
#include "apdu/secpkt.h"
#include "tools/decode/tree.h"
#include "tools/trace/trace.h"

#define DECODE_PATH_MAX 5

/* Where a file stands, for files are numbered anew in each DF. */
enum decode_place {
    PLACE_UNKNOWN = 0,
    PLACE_MF = 1,
    PLACE_TELECOM = 2,
    PLACE_GSM = 4,
    PLACE_USIM = 8,
    PLACE_ISIM = 16,
    PLACE_PHONEBOOK = 32,
    PLACE_GSM_ACCESS = 64,
    PLACE_5GS = 128,
    PLACE_GRAPHICS = 256,
    PLACE_SAIP = 512,
    PLACE_OTHER_APP = 1024,
};

struct decode_ef;

/* What is selected on one logical channel. */
struct decode_channel {
    enum decode_place application;  /* ADF that 7FFF stands for */
    uint16_t path[DECODE_PATH_MAX]; /* DFs from below the MF; 7FFF for an ADF */
    uint8_t depth;
    uint16_t ef; /* 0: none */
};

#define DECODE_PARTS_MAX 8

/* A packet of the air that comes in several short messages. */
struct decode_parts {
    bool open;
    uint16_t reference;
    uint8_t total, seen;
    uint16_t got; /* bit per part */
    uint8_t part_len[DECODE_PARTS_MAX];
    uint8_t bytes[DECODE_PARTS_MAX][160];
};

struct decode {
    struct tree tree;
    struct crypto *crypto;
    struct secret kic_key, kid_key; /* empty: packets stay closed */
    struct decode_channel channels[APDU_CHANNELS];
    struct apdu last;          /* the command that GET RESPONSE asks about; its data is not kept */
    uint8_t last_proactive;    /* type of the command fetched last */
    struct secpkt_header sent; /* of the packet seen last, for the proof that answers it */
    bool has_sent;
    uint8_t sent_script; /* enum script_format of its content */
    struct decode_parts down, up;
};

NODISCARD enum err decode_init(struct decode *d); /* ERR_NOMEM, ERR_CRYPTO */
void decode_free(struct decode *d);               /* wipes the keys */

/* Power on: nothing is selected but the MF. */
void decode_reset(struct decode *d);

/*
 * Decode one event into d->tree: the root's name is the command, its text says it in one line;
 * parts "command" and "answer". A reset: part "answer" is the ATR. Nodes borrow from the event.
 */
void decode_event(struct decode *d, const struct trace_event *event);

/* What a status word says, for people; of a 63CX, 61XX, ... the number, too. */
void decode_status(sw_t sw, char *text, size_t cap);

/* The current file of a channel, as a name ("ADF.USIM/EF.IMSI"). */
void decode_where(const struct decode_channel *c, char *text, size_t cap);

/* Is the current file of a channel one that every card has? */
bool decode_needs(const struct decode_channel *c);

#endif
