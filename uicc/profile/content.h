/*
 * content.h - contents as an image stores them: one period of what is repeated.
 */
#ifndef RESEAT_UICC_PROFILE_CONTENT_H
#define RESEAT_UICC_PROFILE_CONTENT_H

#include "uicc/profile/profile.h"

/* In fs_file.flags while an image is read: the content is one period. */
#define PROFILE_REPEATS    0x80
#define PROFILE_PERIOD_MAX 8U /* of a transparent file */

/* Bytes of f->content that are enough: the content of one record when all have the same, of one
 * period when a transparent file is full of it. *repeats tells; if not, all of it. */
size_t profile_content_period(const struct fs_file *f, bool *repeats);

/* The reverse: f->content is one period, to be repeated in each record or up to the end. Writes
 * f->size bytes; f has been checked. */
void profile_content_repeat(const struct fs_file *f, uint8_t *out);

#endif
