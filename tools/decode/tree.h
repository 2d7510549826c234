/*
 * tree.h - what bytes mean, as a tree: a name, words, the bytes themselves, and parts. Text and
 * JSON are printed from it, and two cards are compared by it.
 *
 * A tree lives in one block that is used again for the next exchange. When the block is full,
 * what else would be added is left out: hostile input costs no more than the block.
 */
#ifndef RESEAT_TOOLS_DECODE_TREE_H
#define RESEAT_TOOLS_DECODE_TREE_H

#include "apdu/arena.h"

#include <stdio.h>

#define TREE_DEPTH_MAX 16

/* How two cards' nodes of one name have to agree. A node's rule holds for its parts, too. */
enum tree_rule {
    TREE_EQUAL, /* the same bytes */
    TREE_SHAPE, /* as many bytes */
    TREE_FREE,  /* anything: identities, keys, random values, counters */
    TREE_STATE, /* what changes with every release of a card: the memory it has left */
};

struct tree_node {
    const char *name; /* static text */
    const char *text; /* words; NULL when there are none */
    struct rd raw;    /* bytes that it stands for; borrowed */
    enum tree_rule rule;
    bool wrong; /* malformed: the bytes do not keep to their own format */
    struct tree_node *first, *last, *next;
};

struct tree {
    struct arena arena;
    struct tree_node root;
    void *block;
    size_t block_len;
};

NODISCARD enum err tree_init(struct tree *t, size_t block_len); /* ERR_NOMEM */
void tree_free(struct tree *t);
/* Forget all nodes. */
void tree_clear(struct tree *t, const char *root_name);

/* Every function takes NULL for a parent or node that did not fit, and then does nothing. */

struct tree_node *tree_add(struct tree *t, struct tree_node *parent, const char *name,
                           struct rd raw);
/* With words. */
__attribute__((format(printf, 5, 6))) struct tree_node *tree_say(struct tree *t,
                                                                 struct tree_node *parent,
                                                                 const char *name, struct rd raw,
                                                                 const char *format, ...);
/* Words of a node that exists; add appends ", ...". */
__attribute__((format(printf, 3, 4))) void tree_text(struct tree *t, struct tree_node *n,
                                                     const char *format, ...);
__attribute__((format(printf, 3, 4))) void tree_append(struct tree *t, struct tree_node *n,
                                                       const char *format, ...);
/* The bytes keep to no format. */
void tree_wrong(struct tree *t, struct tree_node *parent, const char *why, struct rd raw);
void tree_rule(struct tree_node *n, enum tree_rule rule);

/* Bytes that live as long as the tree. Empty when they do not fit. */
struct rd tree_keep(struct tree *t, struct rd bytes);

#endif
