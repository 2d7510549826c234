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

struct script_item {
    enum script_item_kind kind;
    struct rd bytes; /* the C-APDU, or the value of the action */
    bool has_le;     /* expanded C-APDU of case 2 or 4: le says how much is wanted, 0 = all */
    uint8_t le;
};

/* Walks a command script. Begin with the whole secured data. */
struct script_reader {
    enum script_format format;
    struct rd left;
};

NODISCARD enum err script_begin(struct rd script, struct script_reader *out);

/*
 * errors: ERR_NOT_FOUND  the script is at its end
 *         ERR_SHORT      an item runs past the end
 *         ERR_FORMAT     wrong length of a C-APDU TLV
 *         ERR_UNSUPPORTED  unknown tag
 */
NODISCARD enum err script_next(struct script_reader *s, struct script_item *out);

/* Server: append one C-APDU in the given format (between script_open and script_close). */
struct script_writer {
    enum script_format format;
    struct wr *out;
    size_t mark;
};
void script_open(struct script_writer *s, enum script_format format, struct wr *out);
void script_write_command(struct script_writer *s, struct rd apdu);
void script_write_immediate_action(struct script_writer *s, struct rd value);
NODISCARD enum err script_close(struct script_writer *s);

/* What the card did, as the server reads it. data of compact: that of the last command. */
struct script_answer {
    enum script_format format;
    unsigned executed;
    sw_t last;       /* of the last executed command; 0 when none ran */
    struct rd data;  /* compact: answer data of the last command; expanded: the R-APDU TLVs */
    bool bad_format; /* expanded tag 90 */
    uint8_t bad_format_cause;
};
NODISCARD enum err script_read_answer(struct rd answer, enum script_format format,
                                      struct script_answer *out);

#endif
