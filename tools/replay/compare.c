#include "tools/replay/replay.h"

#include <string.h>

static enum replay_verdict worse(enum replay_verdict a, enum replay_verdict b)
{
    return a > b ? a : b;
}

static enum replay_verdict found(struct replay_pairs *out, const struct tree_node *a,
                                 const struct tree_node *b, enum replay_verdict verdict)
{
    if (verdict == REPLAY_EQUAL)
        return verdict;
    if (out->count < REPLAY_PAIRS_MAX)
        out->list[out->count] = (struct replay_pair){a != NULL ? a->name : b->name, a, b, verdict};
    out->count++;
    return verdict;
}

/* The number-th part of that name. */
static const struct tree_node *part(const struct tree_node *n, const char *name, size_t number)
{
    for (const struct tree_node *c = n->first; c != NULL; c = c->next) {
        if (strcmp(c->name, name) == 0 && number-- == 0)
            return c;
    }
    return NULL;
}

static size_t number_of(const struct tree_node *parent, const struct tree_node *child)
{
    size_t number = 0;

    for (const struct tree_node *c = parent->first; c != child; c = c->next)
        number += strcmp(c->name, child->name) == 0;
    return number;
}

static bool same_text(const struct tree_node *a, const struct tree_node *b)
{
    if (a->text == NULL || b->text == NULL)
        return a->text == b->text;
    return strcmp(a->text, b->text) == 0;
}

/* Never written, however long. */
static bool is_fill(struct rd r)
{
    for (size_t i = 0; i < r.left; i++) {
        if (r.at[i] != 0xFF)
            return false;
    }
    return r.left > 0;
}

static enum replay_verdict compare_leaf(const struct tree_node *a, const struct tree_node *b,
                                        bool hidden)
{
    bool words = a->raw.left == 0 && b->raw.left == 0;
    bool same = words ? same_text(a, b) : rd_equal(a->raw, b->raw);

    if (same || hidden || a->rule == TREE_STATE)
        return REPLAY_EQUAL;
    if (a->rule == TREE_FREE || (a->rule == TREE_SHAPE && a->raw.left == b->raw.left) ||
        (is_fill(a->raw) && is_fill(b->raw)))
        return REPLAY_ALLOWED;
    return REPLAY_DIFFERENT;
}

/* What only one of them has. */
static enum replay_verdict alone(const struct tree_node *n)
{
    return n->rule >= TREE_FREE ? REPLAY_ALLOWED : REPLAY_DIFFERENT;
}

static enum replay_verdict compare(const struct tree_node *a, const struct tree_node *b,
                                   bool hidden, struct replay_pairs *out, unsigned depth)
{
    enum replay_verdict verdict = REPLAY_EQUAL;

    if ((a->first == NULL && b->first == NULL) || depth > TREE_DEPTH_MAX)
        return found(out, a, b, compare_leaf(a, b, hidden));
    for (const struct tree_node *c = a->first; c != NULL; c = c->next) {
        const struct tree_node *other = part(b, c->name, number_of(a, c));

        if (other != NULL)
            verdict = worse(verdict, compare(c, other, hidden, out, depth + 1));
        else if (!hidden)
            verdict = worse(verdict, found(out, c, NULL, alone(c)));
    }
    for (const struct tree_node *c = b->first; c != NULL && !hidden; c = c->next) {
        if (part(a, c->name, number_of(b, c)) == NULL)
            verdict = worse(verdict, found(out, NULL, c, alone(c)));
    }
    return verdict;
}

enum replay_verdict replay_compare(const struct tree_node *a, const struct tree_node *b,
                                   bool hidden, struct replay_pairs *out)
{
    if (a == NULL || b == NULL)
        return a == b || hidden ? REPLAY_EQUAL : found(out, a, b, alone(a != NULL ? a : b));
    return compare(a, b, hidden, out, 0);
}
