/*
 * buf.h - bounded reading and writing: the only way Reseat touches outside bytes.
 *
 * struct rd is a cursor over borrowed bytes. A read either takes all it asked
 * for, or returns ERR_SHORT and leaves the cursor where it was.
 *
 * struct wr appends to the caller's block. A write that does not fit writes
 * nothing and makes the writer fail for good (overflow is sticky), so a builder
 * may write field after field and ask wr_result() once at the end.
 */
#ifndef RESEAT_APDU_BUF_H
#define RESEAT_APDU_BUF_H

#include "apdu/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rd {
    const uint8_t *at; /* next byte; may be NULL when left is 0 */
    size_t left;
};

struct wr {
    uint8_t *base;
    size_t len; /* bytes written so far */
    size_t cap;
    bool overflow;
};

/* Cursor over n bytes at p; over a byte array; over what a writer holds. */
#define RD(p, n)     ((struct rd){(p), (n)})
#define RD_ARRAY(a)  ((struct rd){(a), sizeof(a)})
#define RD_WR(w)     ((struct rd){(w)->base, (w)->len})
#define WR(p, n)     ((struct wr){(p), 0, (n), false})
#define WR_ARRAY(a)  ((struct wr){(a), 0, sizeof(a), false})
#define ARRAY_LEN(a) (sizeof(a) / sizeof(a)[0])

NODISCARD enum err rd_u8(struct rd *r, uint8_t *out);
NODISCARD enum err rd_u16(struct rd *r, uint16_t *out); /* big-endian, like all below */
NODISCARD enum err rd_u32(struct rd *r, uint32_t *out);
NODISCARD enum err rd_u40(struct rd *r, uint64_t *out);
NODISCARD enum err rd_u48(struct rd *r, uint64_t *out);
NODISCARD enum err rd_u64(struct rd *r, uint64_t *out);
NODISCARD enum err rd_copy(struct rd *r, void *out, size_t n);
/* The next n bytes as a cursor of their own; r moves past them. */
NODISCARD enum err rd_take(struct rd *r, size_t n, struct rd *out);

void wr_u8(struct wr *w, uint8_t v);
void wr_u16(struct wr *w, uint16_t v);
void wr_u32(struct wr *w, uint32_t v);
void wr_u40(struct wr *w, uint64_t v);
void wr_u48(struct wr *w, uint64_t v);
void wr_u64(struct wr *w, uint64_t v);
void wr_bytes(struct wr *w, const void *bytes, size_t n);
void wr_rd(struct wr *w, struct rd bytes);
void wr_fill(struct wr *w, uint8_t v, size_t n);
/* Reserve n bytes for the caller to fill; NULL when they do not fit. */
uint8_t *wr_reserve(struct wr *w, size_t n);
/* ERR_OK, or ERR_SPACE if any write since the start did not fit. */
NODISCARD enum err wr_result(const struct wr *w);

/* Equal content. Not constant time: for secrets use crypto_equal(). */
bool rd_equal(struct rd a, struct rd b);

#endif
