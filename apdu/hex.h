/*
 * hex.h - hex text <-> bytes.
 */
#ifndef RESEAT_APDU_HEX_H
#define RESEAT_APDU_HEX_H

#include "apdu/buf.h"

/*
 * Append the bytes that text (NUL-terminated) spells. Upper and lower case;
 * blanks between bytes are skipped.
 *
 * errors: ERR_FORMAT  a character that is no hex digit, or half a byte
 *         ERR_SPACE   out is full
 */
NODISCARD enum err hex_decode(const char *text, struct wr *out);

/*
 * Write bytes as upper-case hex and a NUL.
 *
 * errors: ERR_SPACE  text_cap < 2 * bytes.left + 1
 */
NODISCARD enum err hex_encode(struct rd bytes, char *text, size_t text_cap);

#endif
