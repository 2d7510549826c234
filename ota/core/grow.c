#include "ota/core/grow.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

enum err grow_room(struct wr *w, size_t n)
{
    size_t cap = w->cap == 0 ? GROW_STEP : 2 * w->cap;
    struct wr wider;

    if (w->cap - w->len >= n)
        return ERR_OK;
    wider = WR(malloc(cap), cap);
    if (wider.base == NULL)
        return ERR_NOMEM;
    wr_rd(&wider, RD_WR(w)); /* and not realloc, which would leave the old block as it is */
    grow_free(w);
    *w = wider;
    return ERR_OK;
}

void grow_free(struct wr *w)
{
    if (w->base != NULL)
        OPENSSL_cleanse(w->base, w->cap);
    free(w->base);
    *w = (struct wr){NULL, 0, 0, false};
}
