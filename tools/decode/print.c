#include "tools/decode/print.h"

#include <string.h>

#define HEX_SHOWN_MAX 64 /* bytes of a node on a line for people */

void print_colour(const struct print *p, enum print_colour c)
{
    static const char *const codes[] = {
        [PRINT_PLAIN] = "\033[0m", [PRINT_NAME] = "\033[36m", [PRINT_GOOD] = "\033[32m",
        [PRINT_BAD] = "\033[31m",  [PRINT_DIM] = "\033[2m",   [PRINT_TITLE] = "\033[1m",
    };

    if (p->colours)
        fputs(codes[c], p->file);
}

void print_hex(FILE *f, struct rd bytes)
{
    for (size_t i = 0; i < bytes.left; i++)
        fprintf(f, "%02X", bytes.at[i]);
}

/* How many bytes the UTF-8 character at p has; 0 when it is none. */
static size_t utf8_len(const char *p)
{
    const unsigned char *u = (const unsigned char *)p;
    size_t n = u[0] < 0x80                   ? 1
               : u[0] >= 0xC2 && u[0] < 0xE0 ? 2
               : u[0] >= 0xE0 && u[0] < 0xF0 ? 3
               : u[0] >= 0xF0 && u[0] < 0xF5 ? 4
                                             : 0;

    for (size_t i = 1; i < n; i++) {
        if ((u[i] & 0xC0) != 0x80)
            return 0;
    }
    if ((u[0] == 0xE0 && u[1] < 0xA0) || (u[0] == 0xED && u[1] > 0x9F) ||
        (u[0] == 0xF0 && u[1] < 0x90) || (u[0] == 0xF4 && u[1] > 0x8F))
        return 0;
    return n;
}

static bool is_control(const char *p, size_t n)
{
    unsigned char c = (unsigned char)p[0];

    /* C1 controls are C2 80 to C2 9F. */
    return n == 1 ? c < 0x20 || c == 0x7F : c == 0xC2 && (unsigned char)p[1] < 0xA0;
}

void print_text(FILE *f, const char *text)
{
    while (*text != '\0') {
        size_t n = utf8_len(text);

        if (n == 0 || is_control(text, n)) {
            fputc('?', f);
            text += n == 0 ? 1 : n;
        } else {
            fwrite(text, 1, n, f);
            text += n;
        }
    }
}

void print_json_string(FILE *f, const char *text)
{
    fputc('"', f);
    while (*text != '\0') {
        size_t n = utf8_len(text);

        if (n == 0) {
            fputs("\\ufffd", f);
            text++;
        } else if (n == 1 && ((unsigned char)*text < 0x20 || *text == 0x7F)) {
            fprintf(f, "\\u%04x", (unsigned char)*text++);
        } else {
            if (*text == '"' || *text == '\\')
                fputc('\\', f);
            fwrite(text, 1, n, f);
            text += n;
        }
    }
    fputc('"', f);
}

static void print_bytes(const struct print *p, struct rd raw)
{
    struct rd shown = RD(raw.at, raw.left < HEX_SHOWN_MAX ? raw.left : HEX_SHOWN_MAX);

    print_colour(p, PRINT_DIM);
    print_hex(p->file, shown);
    if (shown.left < raw.left)
        fprintf(p->file, ".. (%zu bytes)", raw.left);
    print_colour(p, PRINT_PLAIN);
}

void print_node(const struct print *p, const struct tree_node *n, unsigned indent)
{
    bool bytes = n->raw.left > 0 && (p->bytes || (n->text == NULL && n->first == NULL));

    fprintf(p->file, "%*s", (int)indent * 2, "");
    print_colour(p, n->wrong ? PRINT_BAD : PRINT_NAME);
    print_text(p->file, n->name);
    print_colour(p, PRINT_PLAIN);
    if (n->text != NULL) {
        fputs(": ", p->file);
        print_text(p->file, n->text);
    }
    if (bytes) {
        fputs(n->text != NULL ? "  " : ": ", p->file);
        print_bytes(p, n->raw);
    }
    fputc('\n', p->file);
    print_parts(p, n, indent + 1);
}

void print_parts(const struct print *p, const struct tree_node *n, unsigned indent)
{
    if (indent > 2 * TREE_DEPTH_MAX)
        return;
    for (const struct tree_node *c = n->first; c != NULL; c = c->next)
        print_node(p, c, indent);
}

static void json_parts(FILE *f, const struct tree_node *n, unsigned depth)
{
    fputs("{\"name\":", f);
    print_json_string(f, n->name);
    if (n->text != NULL) {
        fputs(",\"text\":", f);
        print_json_string(f, n->text);
    }
    if (n->raw.left > 0) {
        fputs(",\"hex\":\"", f);
        print_hex(f, n->raw);
        fputc('"', f);
    }
    if (n->wrong)
        fputs(",\"malformed\":true", f);
    if (n->first != NULL && depth < 2 * TREE_DEPTH_MAX) {
        fputs(",\"parts\":[", f);
        for (const struct tree_node *c = n->first; c != NULL; c = c->next) {
            json_parts(f, c, depth + 1);
            if (c->next != NULL)
                fputc(',', f);
        }
        fputc(']', f);
    }
    fputc('}', f);
}

void print_json(FILE *f, const struct tree_node *n)
{
    json_parts(f, n, 0);
}
