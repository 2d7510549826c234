/*
 * text.h - short texts in fixed blocks.
 */
#ifndef RESEAT_OTA_CORE_TEXT_H
#define RESEAT_OTA_CORE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* Copy a text with its NUL; false, and out untouched, when it does not fit into cap. */
bool text_copy(char *out, size_t cap, const char *text);

/* Append to the text in out; false, and out untouched, when that does not fit into cap. */
bool text_append(char *out, size_t cap, const char *text);

/* For a block whose size the compiler knows. */
#define TEXT_COPY(out, text) text_copy((out), sizeof(out), (text))

#endif
