/* Bytes as text spells them: hex, "**", "..", "{name}". */
#include "tools/trace/text.h"

#include <ctype.h>
#include <string.h>

int trace_text_nibble(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

enum err trace_text_add(struct trace_bytes *b, uint8_t byte, unsigned mark)
{
    if (b->len == TRACE_BYTES_MAX)
        return ERR_RANGE;
    b->at[b->len] = byte;
    b->mark[b->len++] = (uint8_t)mark;
    b->open |= mark != TRACE_LITERAL;
    return ERR_OK;
}

/* "{name}" at *p; names are letters, digits, "_" and "-". */
static enum err add_name(struct trace_bytes *b, const char **p)
{
    const char *from = *p + 1;
    size_t n = 0, i = 0;

    while (isalnum((unsigned char)from[n]) || from[n] == '_' || from[n] == '-')
        n++;
    if (n == 0 || n > TRACE_NAME_MAX || from[n] != '}')
        return ERR_FORMAT;
    while (i < b->name_count && (strncmp(b->names[i], from, n) != 0 || b->names[i][n] != '\0'))
        i++;
    if (i == TRACE_NAMES_MAX)
        return ERR_RANGE;
    if (i == b->name_count) {
        memcpy(b->names[i], from, n);
        b->names[i][n] = '\0';
        b->name_count++;
    }
    *p = from + n + 1;
    return trace_text_add(b, 0xFF, TRACE_NAMED + (unsigned)i);
}

enum err trace_text_bytes(const char **p, struct trace_bytes *b)
{
    enum err e = ERR_OK;

    while (e == ERR_OK) {
        const char *at = *p;

        if (*at == ' ' || *at == '\t') {
            (*p)++;
        } else if (at[0] == '*' && at[1] == '*') {
            e = trace_text_add(b, 0xFF, TRACE_ANY);
            *p += 2;
        } else if (at[0] == '.' && at[1] == '.') {
            e = trace_text_add(b, 0xFF, TRACE_REST);
            *p += 2;
        } else if (*at == '{') {
            e = add_name(b, p);
        } else if (trace_text_nibble(at[0]) >= 0 && trace_text_nibble(at[1]) >= 0) {
            e = trace_text_add(b,
                               (uint8_t)(trace_text_nibble(at[0]) << 4 | trace_text_nibble(at[1])),
                               TRACE_LITERAL);
            *p += 2;
        } else {
            break;
        }
    }
    return e;
}

enum err trace_text_rest(const char *p, char end, struct trace_bytes *b)
{
    size_t before = b->len;
    enum err e = trace_text_bytes(&p, b);

    while (e == ERR_OK && end != ':' && *p == ':') {
        p++;
        e = trace_text_bytes(&p, b);
    }
    if (e == ERR_OK && *p != '\0' && *p != end)
        e = ERR_FORMAT;
    return e == ERR_OK && b->len == before ? ERR_FORMAT : e;
}
