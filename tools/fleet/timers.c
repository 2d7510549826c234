#include "tools/fleet/timers.h"

#include <limits.h>
#include <stdlib.h>

static bool earlier(const struct timer *a, const struct timer *b)
{
    return a->at_ms != b->at_ms ? a->at_ms < b->at_ms : a->order < b->order;
}

static void swap(struct timer *a, struct timer *b)
{
    struct timer kept = *a;

    *a = *b;
    *b = kept;
}

enum err timers_set(struct timers *t, uint64_t at_ms, timer_fire *fire, void *context,
                    uint64_t argument)
{
    size_t i = t->count;

    if (t->count == t->cap) {
        size_t cap = t->cap == 0 ? 256 : 2 * t->cap;
        struct timer *heap = realloc(t->heap, cap * sizeof *heap);

        if (heap == NULL)
            return ERR_NOMEM;
        t->heap = heap;
        t->cap = cap;
    }
    t->heap[t->count++] = (struct timer){at_ms, t->set++, fire, context, argument};
    for (; i > 0 && earlier(&t->heap[i], &t->heap[(i - 1) / 2]); i = (i - 1) / 2)
        swap(&t->heap[i], &t->heap[(i - 1) / 2]);
    return ERR_OK;
}

static struct timer take_first(struct timers *t)
{
    struct timer first = t->heap[0];
    size_t i = 0;

    t->heap[0] = t->heap[--t->count];
    for (;;) {
        size_t least = i;

        for (size_t child = 2 * i + 1; child <= 2 * i + 2 && child < t->count; child++) {
            if (earlier(&t->heap[child], &t->heap[least]))
                least = child;
        }
        if (least == i)
            return first;
        swap(&t->heap[i], &t->heap[least]);
        i = least;
    }
}

int timers_run(struct timers *t, uint64_t now_ms, size_t max)
{
    while (max-- > 0 && t->count > 0 && t->heap[0].at_ms <= now_ms) {
        struct timer due = take_first(t);

        due.fire(due.context, due.argument);
    }
    if (t->count == 0)
        return -1;
    if (t->heap[0].at_ms <= now_ms)
        return 0;
    return t->heap[0].at_ms - now_ms > INT_MAX ? INT_MAX : (int)(t->heap[0].at_ms - now_ms);
}

void timers_free(struct timers *t)
{
    free(t->heap);
    *t = (struct timers){.heap = NULL};
}
