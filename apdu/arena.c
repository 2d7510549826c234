/*
 * Size classes are 16, 24, 32, 48, 64, 96, ... bytes (two per power of two, so
 * at most a third is lost), rounded up to 16 for the alignment.
 */
#include "apdu/arena.h"

#include <openssl/crypto.h>
#include <string.h>

#define ALIGNMENT 16U

static size_t class_size(unsigned cls)
{
    size_t size = (size_t)16 << (cls / 2);

    if (cls % 2 == 1)
        size += size / 2;
    return (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
}

/* Smallest class that holds n bytes; ARENA_CLASSES if none does. */
static unsigned class_of(size_t n)
{
    unsigned cls = 0;

    while (cls < ARENA_CLASSES && class_size(cls) < n)
        cls++;
    return cls;
}

void arena_init(struct arena *a, void *block, size_t cap)
{
    memset(a, 0, sizeof *a);
    a->base = block;
    a->cap = cap;
}

void *arena_alloc(struct arena *a, size_t n)
{
    unsigned cls = class_of(n);
    uint8_t *p;

    if (n == 0 || cls == ARENA_CLASSES)
        return NULL;
    if (a->free_list[cls] != NULL) {
        void *head = a->free_list[cls];

        memcpy(&a->free_list[cls], head, sizeof(void *));
        memset(head, 0, class_size(cls));
        return head;
    }
    if (a->cap - a->used < class_size(cls))
        return NULL;
    p = a->base + a->used;
    a->used += class_size(cls);
    memset(p, 0, class_size(cls));
    return p;
}

void arena_free(struct arena *a, void *p, size_t n)
{
    unsigned cls = class_of(n);

    if (p == NULL)
        return;
    OPENSSL_cleanse(p, class_size(cls));
    memcpy(p, &a->free_list[cls], sizeof(void *));
    a->free_list[cls] = p;
}
