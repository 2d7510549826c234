/*
 * print.h - a tree for people and for programs. Control characters from outside never reach a
 * terminal.
 */
#ifndef RESEAT_TOOLS_DECODE_PRINT_H
#define RESEAT_TOOLS_DECODE_PRINT_H

#include "tools/decode/tree.h"

struct print {
    FILE *file;
    bool colours;
    bool bytes; /* show the bytes of every node, not only of those without words */
};

/* Indented lines, from this node's parts on. */
void print_parts(const struct print *p, const struct tree_node *n, unsigned indent);
/* One node with its parts. */
void print_node(const struct print *p, const struct tree_node *n, unsigned indent);
/* {"name":..,"text":..,"hex":..,"malformed":true,"parts":[..]} */
void print_json(FILE *f, const struct tree_node *n);

void print_json_string(FILE *f, const char *text);
void print_hex(FILE *f, struct rd bytes);
/* Text from outside, its control characters and bad UTF-8 as "?". */
void print_text(FILE *f, const char *text);

enum print_colour { PRINT_PLAIN, PRINT_NAME, PRINT_GOOD, PRINT_BAD, PRINT_DIM, PRINT_TITLE };
/* Switch the colour, where there are any. */
void print_colour(const struct print *p, enum print_colour c);

#endif
