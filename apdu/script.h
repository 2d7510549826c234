/*
 * script.h - remote APDU scripts (TS 102 226 5), compact and expanded, both
 * directions.
 *
 * The server writes command scripts and reads answers; the card does the reverse.
 */
#ifndef RESEAT_APDU_SCRIPT_H
#define RESEAT_APDU_SCRIPT_H

#include "apdu/buf.h"
#include "apdu/sw.h"

enum script_format {
    SCRIPT_COMPACT,    /* C-APDUs one after the other, TS 102 226 5.1 */
    SCRIPT_DEFINITE,   /* AA L { ... }, 5.2.1 */
    SCRIPT_INDEFINITE, /* AE 80 { ... } 00 00, 5.2.1 */
};

/* From the first byte; a compact script begins with a class byte. ERR_SHORT when empty. */
NODISCARD enum err script_format_of(struct rd script, enum script_format *out);

/* One thing to do, as the card meets it. */
enum script_item_kind {
    SCRIPT_COMMAND,          /* C-APDU */
    SCRIPT_IMMEDIATE_ACTION, /* tag 81 */
    SCRIPT_ERROR_ACTION,     /* tag 82 */
    SCRIPT_CHAINING,         /* tag 83 */
};

/* Values of an immediate action of one byte; up to 7F it is a record of EF.RMA (5.2.1.2). */
#define SCRIPT_SESSION_INDICATION 0x81
#define SCRIPT_EARLY_RESPONSE     0x82

struct script_item {
    enum script_item_kind kind;
    struct rd bytes; /* the C-APDU, its Le included; or the value of the action */
    bool has_le;     /* expanded C-APDU of case 2 or 4: le says how much is wanted, 0 = all */
    uint8_t le;
};

/* Walks a command script. Begin with the whole secured data. */
struct script_reader {
    enum script_format format;
    struct rd left;
};

/*
 * errors: ERR_SHORT   empty, or cut before its end
 *         ERR_FORMAT  bytes behind a definite script, or an AE not followed by 80
 */
NODISCARD enum err script_begin(struct rd script, struct script_reader *out);

/*
 * errors: ERR_NOT_FOUND  the script is at its end
 *         ERR_SHORT      an item runs past the end, or 00 00 is missing
 *         ERR_FORMAT     wrong length of a C-APDU TLV or an action, or bytes behind 00 00
 *         ERR_UNSUPPORTED  unknown tag
 * A compact command has no mark of its case: P3 is Le for the instructions that bring no data
 * (READ BINARY, GET RESPONSE, ...), Lc for all others.
 */
NODISCARD enum err script_next(struct script_reader *s, struct script_item *out);

/*
 * Server: append commands between script_open and script_close. A compact script takes them
 * without Le behind data and with a P3 for case 1, so both are brought into that form.
 *
 * errors of script_close: ERR_SPACE
 *         ERR_SHORT, ERR_FORMAT  a command was no APDU, or none that a compact script can say
 *         ERR_UNSUPPORTED        an action in a compact script
 */
struct script_writer {
    enum script_format format;
    struct wr *out;
    size_t mark;
    enum err error; /* the first one */
};
void script_open(struct script_writer *s, enum script_format format, struct wr *out);
void script_write_command(struct script_writer *s, struct rd apdu);
void script_write_immediate_action(struct script_writer *s, struct rd value);
NODISCARD enum err script_close(struct script_writer *s);

/* Card: what it did, command by command. Compact keeps the last one only. executed counts all
 * command TLVs of an expanded script, those of actions and chaining included (TS 102 226 5.2.2). */
struct script_answer_writer {
    enum script_format format;
    struct wr *out;
    size_t start, mark;
    unsigned executed;
};
void script_answer_open(struct script_answer_writer *a, enum script_format format, struct wr *out);
/* How much data the next command may bring: what is above must be cut and told as 62F1. */
size_t script_answer_room(const struct script_answer_writer *a);
/* Is not even a status word or a cause to be told any more? Then the script must end. */
bool script_answer_full(const struct script_answer_writer *a);
void script_answer_add(struct script_answer_writer *a, struct rd data, sw_t sw);
/* An object that answers nothing was executed, or has failed after all. */
void script_answer_count(struct script_answer_writer *a);
void script_answer_uncount(struct script_answer_writer *a);
void script_answer_bad_format(struct script_answer_writer *a, uint8_t cause); /* expanded only */
NODISCARD enum err script_answer_close(struct script_answer_writer *a);

/* Causes of a bad format, TS 102 226 5.2.2. */
enum script_bad_format {
    SCRIPT_UNKNOWN_TAG = 1,
    SCRIPT_WRONG_LENGTH = 2,
    SCRIPT_LENGTH_MISSING = 3,
};

/* What the card did, as the server reads it. data of compact: that of the last command. */
struct script_answer {
    enum script_format format;
    unsigned executed; /* as the card counts; as it answers when it says no number */
    unsigned answered; /* commands with an answer of their own; compact: executed */
    sw_t last;         /* of the last executed command; 0 when none ran */
    struct rd data;    /* compact: answer data of the last command; expanded: the R-APDU TLVs */
    bool bad_format;   /* expanded tag 90 */
    uint8_t bad_format_cause;
};
/*
 * format: that of the command; whether an expanded answer is definite, it says itself.
 * errors: ERR_SHORT, ERR_FORMAT
 */
NODISCARD enum err script_read_answer(struct rd answer, enum script_format format,
                                      struct script_answer *out);

#endif
