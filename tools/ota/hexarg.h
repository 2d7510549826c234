/*
 * hexarg.h - hex values of the command line.
 */
#ifndef RESEAT_TOOLS_OTA_HEXARG_H
#define RESEAT_TOOLS_OTA_HEXARG_H

#include "apdu/buf.h"

/* Exactly len bytes. False when it is anything else. */
bool hexarg_fixed(const char *text, uint8_t *out, size_t len);

/* Hex text, or @FILE, env:NAME, - that hold it, on one line; appended. */
NODISCARD enum err hexarg_read(const char *text, struct wr *out);

/* A counter: ten hex digits as on the wire, 0x and hex, or decimal. */
bool hexarg_counter(const char *text, uint64_t *counter);

/* Print a label-less line of hex. */
void hexarg_print(struct rd bytes);

#endif
