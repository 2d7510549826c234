/*
 * text.h - the text of a list: header and rows, written and parsed strictly (one form only).
 */
#ifndef RESEAT_OTA_OPLIST_TEXT_H
#define RESEAT_OTA_OPLIST_TEXT_H

#include "ota/oplist/oplist.h"

#define OPLIST_HEADER_MAX 2048
#define OPLIST_LINE_MAX   512

/* Whose network the IMSIs of a list must be in. */
enum oplist_owner { OPLIST_NO_IMSI, OPLIST_OF_SENDER, OPLIST_OF_RECEIVER };

struct oplist_rule {
    const char *name;
    enum oplist_role from, to; /* 0: any */
    enum oplist_owner owner;
    const char *columns;
};
/* The rule of a purpose, static. */
const struct oplist_rule *oplist_rule(enum oplist_purpose purpose);

/* errors: ERR_FORMAT, ERR_RANGE, ERR_SPACE */
NODISCARD enum err oplist_header_write(const struct oplist_header *h, struct wr *w);
/* Takes the header and the empty line off text. ERR_FORMAT. */
NODISCARD enum err oplist_header_read(struct rd *text, struct oplist_header *h);

/* One row and its line end. ERR_FORMAT, ERR_RANGE, ERR_SPACE. */
NODISCARD enum err oplist_row_write(const struct oplist_header *h, const struct oplist_row *row,
                                    struct wr *w);
/* Takes one row off rows. OPLIST_ACCEPTED, or what is wrong with it. */
enum oplist_verdict oplist_row_read(const struct oplist_header *h, struct rd *rows,
                                    struct oplist_row *row);

#endif
