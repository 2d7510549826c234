#include "apdu/buf.h"

#include <string.h>

static enum err read_uint(struct rd *r, size_t n, uint64_t *out)
{
    uint64_t v = 0;

    if (r->left < n)
        return ERR_SHORT;
    for (size_t i = 0; i < n; i++)
        v = v << 8 | r->at[i];
    r->at += n;
    r->left -= n;
    *out = v;
    return ERR_OK;
}

enum err rd_u8(struct rd *r, uint8_t *out)
{
    if (r->left < 1)
        return ERR_SHORT;
    *out = *r->at++;
    r->left--;
    return ERR_OK;
}

enum err rd_u16(struct rd *r, uint16_t *out)
{
    uint64_t v;
    enum err e = read_uint(r, 2, &v);

    if (e == ERR_OK)
        *out = (uint16_t)v;
    return e;
}

enum err rd_u32(struct rd *r, uint32_t *out)
{
    uint64_t v;
    enum err e = read_uint(r, 4, &v);

    if (e == ERR_OK)
        *out = (uint32_t)v;
    return e;
}

enum err rd_u40(struct rd *r, uint64_t *out)
{
    return read_uint(r, 5, out);
}

enum err rd_u48(struct rd *r, uint64_t *out)
{
    return read_uint(r, 6, out);
}

enum err rd_u64(struct rd *r, uint64_t *out)
{
    return read_uint(r, 8, out);
}

enum err rd_copy(struct rd *r, void *out, size_t n)
{
    if (r->left < n)
        return ERR_SHORT;
    if (n > 0) {
        memcpy(out, r->at, n);
        r->at += n;
        r->left -= n;
    }
    return ERR_OK;
}

enum err rd_take(struct rd *r, size_t n, struct rd *out)
{
    if (r->left < n)
        return ERR_SHORT;
    *out = RD(r->at, n);
    if (n > 0)
        r->at += n;
    r->left -= n;
    return ERR_OK;
}

uint8_t *wr_reserve(struct wr *w, size_t n)
{
    uint8_t *at;

    if (w->overflow || w->cap - w->len < n) {
        w->overflow = true;
        return NULL;
    }
    at = w->base + w->len;
    w->len += n;
    return at;
}

static void write_uint(struct wr *w, size_t n, uint64_t v)
{
    uint8_t *at = wr_reserve(w, n);

    if (at == NULL)
        return;
    for (size_t i = n; i > 0; i--) {
        at[i - 1] = (uint8_t)v;
        v >>= 8;
    }
}

void wr_u8(struct wr *w, uint8_t v)
{
    write_uint(w, 1, v);
}

void wr_u16(struct wr *w, uint16_t v)
{
    write_uint(w, 2, v);
}

void wr_u32(struct wr *w, uint32_t v)
{
    write_uint(w, 4, v);
}

void wr_u40(struct wr *w, uint64_t v)
{
    write_uint(w, 5, v);
}

void wr_u48(struct wr *w, uint64_t v)
{
    write_uint(w, 6, v);
}

void wr_u64(struct wr *w, uint64_t v)
{
    write_uint(w, 8, v);
}

void wr_bytes(struct wr *w, const void *bytes, size_t n)
{
    uint8_t *at = wr_reserve(w, n);

    if (at != NULL && n > 0)
        memcpy(at, bytes, n);
}

void wr_rd(struct wr *w, struct rd bytes)
{
    wr_bytes(w, bytes.at, bytes.left);
}

void wr_fill(struct wr *w, uint8_t v, size_t n)
{
    uint8_t *at = wr_reserve(w, n);

    if (at != NULL && n > 0)
        memset(at, v, n);
}

enum err wr_result(const struct wr *w)
{
    return w->overflow ? ERR_SPACE : ERR_OK;
}

bool rd_equal(struct rd a, struct rd b)
{
    return a.left == b.left && (a.left == 0 || memcmp(a.at, b.at, a.left) == 0);
}
