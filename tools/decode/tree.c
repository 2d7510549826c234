#include "tools/decode/tree.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define WORDS_MAX 1024

enum err tree_init(struct tree *t, size_t block_len)
{
    memset(t, 0, sizeof *t);
    t->block = aligned_alloc(16, block_len);
    if (t->block == NULL)
        return ERR_NOMEM;
    t->block_len = block_len;
    tree_clear(t, "");
    return ERR_OK;
}

void tree_free(struct tree *t)
{
    free(t->block);
    memset(t, 0, sizeof *t);
}

void tree_clear(struct tree *t, const char *root_name)
{
    arena_init(&t->arena, t->block, t->block_len);
    t->root = (struct tree_node){.name = root_name};
}

struct tree_node *tree_add(struct tree *t, struct tree_node *parent, const char *name,
                           struct rd raw)
{
    struct tree_node *n = parent == NULL ? NULL : arena_alloc(&t->arena, sizeof *n);

    if (n == NULL)
        return NULL;
    n->name = name;
    n->raw = raw;
    n->rule = parent->rule;
    if (parent->last != NULL)
        parent->last->next = n;
    else
        parent->first = n;
    parent->last = n;
    return n;
}

static const char *words(struct tree *t, const char *before, const char *format, va_list args)
{
    char line[WORDS_MAX];
    size_t n = 0;
    char *kept;

    if (before != NULL)
        n = (size_t)snprintf(line, sizeof line, "%.*s, ", WORDS_MAX / 2, before);
    vsnprintf(line + n, sizeof line - n, format, args);
    n = strlen(line) + 1;
    kept = arena_alloc(&t->arena, n);
    if (kept != NULL)
        memcpy(kept, line, n);
    return kept;
}

struct tree_node *tree_say(struct tree *t, struct tree_node *parent, const char *name,
                           struct rd raw, const char *format, ...)
{
    struct tree_node *n = tree_add(t, parent, name, raw);
    va_list args;

    if (n == NULL)
        return NULL;
    va_start(args, format);
    n->text = words(t, NULL, format, args);
    va_end(args);
    return n;
}

void tree_text(struct tree *t, struct tree_node *n, const char *format, ...)
{
    va_list args;

    if (n == NULL)
        return;
    va_start(args, format);
    n->text = words(t, NULL, format, args);
    va_end(args);
}

void tree_append(struct tree *t, struct tree_node *n, const char *format, ...)
{
    va_list args;

    if (n == NULL)
        return;
    va_start(args, format);
    n->text = words(t, n->text, format, args);
    va_end(args);
}

void tree_wrong(struct tree *t, struct tree_node *parent, const char *why, struct rd raw)
{
    struct tree_node *n = tree_say(t, parent, "malformed", raw, "%s", why);

    if (n != NULL)
        n->wrong = true;
}

void tree_rule(struct tree_node *n, enum tree_rule rule)
{
    if (n == NULL)
        return;
    n->rule = rule;
    for (struct tree_node *c = n->first; c != NULL; c = c->next)
        tree_rule(c, rule);
}

struct rd tree_keep(struct tree *t, struct rd bytes)
{
    uint8_t *kept = arena_alloc(&t->arena, bytes.left);

    if (kept == NULL)
        return RD(NULL, 0);
    memcpy(kept, bytes.at, bytes.left);
    return RD(kept, bytes.left);
}
