#include "ota/core/text.h"

#include <string.h>

bool text_copy(char *out, size_t cap, const char *text)
{
    size_t n = strlen(text) + 1;

    if (n > cap)
        return false;
    memmove(out, text, n);
    return true;
}

bool text_append(char *out, size_t cap, const char *text)
{
    size_t len = strlen(out);

    return text_copy(out + len, cap - len, text);
}
