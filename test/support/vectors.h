/*
 * vectors.h - rows of the known answers in the CSV files of test/vectors.
 */
#ifndef RESEAT_TEST_VECTORS_H
#define RESEAT_TEST_VECTORS_H

#include "apdu/buf.h"

struct vectors; /* one file, read whole; fields unquoted */

/* Relative to the repository root, where tests run. Aborts the test if unreadable. */
struct vectors *vectors_open(const char *path);
void vectors_close(struct vectors *v);

size_t vectors_count(const struct vectors *v);
/* Text of a field by the column's name in line 1; aborts the test if there is none. */
const char *vectors_text(const struct vectors *v, size_t row, const char *column);
/* The same, decoded from hex into out (cap bytes); returns the length. */
size_t vectors_bytes(const struct vectors *v, size_t row, const char *column, uint8_t *out,
                     size_t cap);

#endif
