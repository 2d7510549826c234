/*
 * text.h - character sets of cards and short messages, to and from UTF-8.
 *
 * GSM 7-bit default alphabet with its extension table (TS 23.038 6.2.1), UCS2, and the
 * alpha identifiers of elementary files and the toolkit (TS 102 221 annex A). Every
 * UTF-8 text is NUL-terminated.
 *
 * errors, encoders: ERR_FORMAT       text is no UTF-8
 *                   ERR_UNSUPPORTED  a character that the alphabet has not
 *                   ERR_SPACE
 *         decoders: ERR_SPACE (utf8 and its NUL need more than cap bytes), and what is said
 *                   below; utf8 then holds no text
 * Decoders put U+FFFD for what is no character.
 */
#ifndef RESEAT_APDU_TEXT_H
#define RESEAT_APDU_TEXT_H

#include "apdu/buf.h"

/* One septet per byte, characters of the extension table as 1B and another. */
NODISCARD enum err text_to_gsm7(const char *utf8, struct wr *w);
/* Codes with no character read as TS 23.038 6.2.1.1 says; bit 8 of a byte is ignored. */
NODISCARD enum err text_from_gsm7(struct rd septets, char *utf8, size_t cap);

/*
 * Septets packed into octets (TS 23.038 6.1.2.1), from bit fill (0-6) of the first octet on:
 * behind a user data header that does not end on a septet.
 */
void text_pack(struct wr *w, struct rd septets, unsigned fill);
/* count septets; ERR_SHORT if octets hold fewer. */
NODISCARD enum err text_unpack(struct wr *w, struct rd octets, size_t count, unsigned fill);

/* Big-endian; characters beyond the basic plane as surrogate pairs. */
NODISCARD enum err text_to_ucs2(const char *utf8, struct wr *w);
/* Stops at FFFF, where files are padded. ERR_FORMAT: half a character. */
NODISCARD enum err text_from_ucs2(struct rd ucs2, char *utf8, size_t cap);

/*
 * Alpha identifier without padding, in the shortest form that can say it: GSM 7-bit, 81 or 82
 * (a half page of UCS2 beside it), 80 (UCS2).
 */
NODISCARD enum err text_to_alpha(const char *utf8, struct wr *w);
/* alpha with or without its FF padding. ERR_SHORT, ERR_FORMAT for an 80, 81, 82 form cut. */
NODISCARD enum err text_from_alpha(struct rd alpha, char *utf8, size_t cap);

#endif
