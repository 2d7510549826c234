/*
 * Size classes are 16, 32, 48, 64, then four per power of two: 80, 96, 112, 128, 160, ... so that
 * at most a fifth of a piece is lost.
 */
#include "apdu/arena.h"

#include <openssl/crypto.h>
#include <string.h>

#define ALIGNMENT  16U
#define LINEAR     4U /* classes that are multiples of it */
#define LINEAR_LOG 6U /* the last of them is this power of two */
#define STEPS      4U /* classes per power of two above */
#define STEPS_LOG  2U

static size_t class_size(unsigned cls)
{
    unsigned power, step;

    if (cls < LINEAR)
        return (size_t)ALIGNMENT * (cls + 1);
    power = (cls - LINEAR) / STEPS + LINEAR_LOG;
    step = (cls - LINEAR) % STEPS + 1;
    return ((size_t)1 << power) + (((size_t)1 << power) >> STEPS_LOG) * step;
}

/* Smallest class that holds n bytes; ARENA_CLASSES if none does. */
static unsigned class_of(size_t n)
{
    unsigned power, step, cls;

    if (n <= class_size(LINEAR - 1))
        return n == 0 ? 0 : (unsigned)((n - 1) / ALIGNMENT);
    power = 63U - (unsigned)__builtin_clzll((unsigned long long)n - 1);
    step = (unsigned)((n - 1) >> (power - STEPS_LOG)) % STEPS;
    cls = LINEAR + (power - LINEAR_LOG) * STEPS + step;
    return cls < ARENA_CLASSES ? cls : ARENA_CLASSES;
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
