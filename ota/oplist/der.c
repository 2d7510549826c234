#include "ota/oplist/der.h"

/* Definite lengths of at most four bytes, in their shortest form (X.690 10.1). */
static enum err read_length(struct rd *r, size_t *length)
{
    uint8_t first, byte;
    size_t n = 0, left;

    if (rd_u8(r, &first) != ERR_OK)
        return ERR_FORMAT;
    if (first < 0x80) {
        *length = first;
        return ERR_OK;
    }
    left = first & 0x7FU;
    if (left < 1 || left > 4)
        return ERR_FORMAT;
    for (size_t i = 0; i < left; i++) {
        if (rd_u8(r, &byte) != ERR_OK || (i == 0 && byte == 0))
            return ERR_FORMAT;
        n = n << 8 | byte;
    }
    *length = n;
    return n < 0x80 ? ERR_FORMAT : ERR_OK;
}

static enum err take(struct rd *r, uint8_t tag, struct rd *content)
{
    uint8_t got;
    size_t length = 0;

    if (rd_u8(r, &got) != ERR_OK || got != tag || read_length(r, &length) != ERR_OK ||
        rd_take(r, length, content) != ERR_OK)
        return ERR_FORMAT;
    return ERR_OK;
}

static enum err match_fixed(struct rd *r, const struct oplist_der_row *row)
{
    struct rd got;

    if (rd_take(r, row->bytes.left, &got) != ERR_OK || !rd_equal(got, row->bytes))
        return ERR_FORMAT;
    if (row->value != NULL)
        *row->value = got;
    return ERR_OK;
}

static enum err match_value(struct rd *r, const struct oplist_der_row *row)
{
    struct rd content, prefix;

    if (take(r, row->tag, &content) != ERR_OK)
        return ERR_FORMAT;
    if (row->length != 0 && content.left != row->length)
        return ERR_FORMAT;
    prefix = RD(content.at, row->bytes.left);
    if (content.left < row->bytes.left || !rd_equal(prefix, row->bytes))
        return ERR_FORMAT;
    if (row->value != NULL)
        *row->value = content;
    return ERR_OK;
}

/* What is still to be read at each level; the innermost is last. */
struct levels {
    struct rd left[OPLIST_DER_DEPTH_MAX];
    size_t depth;
};

static enum err match_row(struct levels *l, const struct oplist_der_row *row)
{
    struct rd *here = &l->left[l->depth];
    enum err e = ERR_OK;

    switch (row->kind) {
    case OPLIST_DER_OPEN:
        if (l->depth + 1 == OPLIST_DER_DEPTH_MAX)
            return ERR_FORMAT;
        e = take(here, row->tag, &l->left[l->depth + 1]);
        l->depth++;
        return e;
    case OPLIST_DER_CLOSE:
        if (here->left != 0 || l->depth == 0)
            return ERR_FORMAT;
        l->depth--;
        return ERR_OK;
    case OPLIST_DER_FIXED:
        return match_fixed(here, row);
    case OPLIST_DER_VALUE:
        return match_value(here, row);
    }
    return ERR_FORMAT;
}

enum err oplist_der_match(struct rd der, const struct oplist_der_row *rows, size_t count)
{
    struct levels l = {.left = {der}, .depth = 0};
    enum err e = ERR_OK;

    for (size_t i = 0; e == ERR_OK && i < count; i++)
        e = match_row(&l, &rows[i]);
    if (e == ERR_OK && (l.depth != 0 || l.left[0].left != 0))
        e = ERR_FORMAT;
    return e;
}
