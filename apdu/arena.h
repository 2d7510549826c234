/*
 * arena.h - memory out of one block that the caller gives.
 *
 * Any number of cards may share an arena (one thread at a time). Freed pieces
 * go to a free list of their size class and are cleansed first: a card keeps
 * keys in here. Nothing is ever returned to the system.
 */
#ifndef RESEAT_APDU_ARENA_H
#define RESEAT_APDU_ARENA_H

#include "apdu/buf.h"

#define ARENA_CLASSES 68 /* up to 4 MiB in one piece */

struct arena {
    uint8_t *base;
    size_t used;
    size_t cap;
    void *free_list[ARENA_CLASSES];
};

/* Take over block (kept until the arena is no longer used; 16-byte aligned). */
void arena_init(struct arena *a, void *block, size_t cap);

/* n zeroed bytes, 16-byte aligned; NULL when the arena is full or n is 0. */
void *arena_alloc(struct arena *a, size_t n);

/* Give back what arena_alloc(a, n) returned, with the same n. NULL is allowed. */
void arena_free(struct arena *a, void *p, size_t n);

#endif
