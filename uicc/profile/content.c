#include "uicc/profile/content.h"

#include <string.h>

static uint8_t byte_at(const struct fs_file *f, size_t at)
{
    return at < f->content_len ? f->content[at] : 0xFF;
}

/* Is every byte the one a period before it? */
static bool has_period(const struct fs_file *f, size_t period)
{
    for (size_t i = period; i < f->size; i++) {
        if (byte_at(f, i) != byte_at(f, i - period))
            return false;
    }
    return true;
}

static size_t period_of_records(const struct fs_file *f, bool *repeats)
{
    size_t n = f->record_len;

    *repeats = n < f->content_len && has_period(f, n);
    if (!*repeats)
        return f->content_len;
    while (n > 0 && f->content[n - 1] == 0xFF)
        n--;
    return n;
}

size_t profile_content_period(const struct fs_file *f, bool *repeats)
{
    *repeats = false;
    if (f->kind == FS_BER_TLV || f->content_len == 0)
        return f->content_len;
    if (f->record_len > 0)
        return period_of_records(f, repeats);
    for (size_t n = 1; n <= PROFILE_PERIOD_MAX && n < f->content_len; n++) {
        *repeats = has_period(f, n);
        if (*repeats)
            return n;
    }
    return f->content_len;
}

void profile_content_repeat(const struct fs_file *f, uint8_t *out)
{
    size_t step = f->record_len > 0 ? f->record_len : f->content_len;

    memset(out, 0xFF, f->size);
    for (size_t at = 0; step > 0 && at < f->size; at += step) {
        size_t room = f->size - at;

        memcpy(out + at, f->content, f->content_len < room ? f->content_len : room);
    }
}
