#include "apdu/secret.h"
#include "apdu/hex.h"

#include <openssl/crypto.h>
#include <string.h>

void secret_wipe(struct secret *s)
{
    OPENSSL_cleanse(s, sizeof *s);
}

enum err secret_set(struct secret *s, struct rd bytes)
{
    if (bytes.left > sizeof s->bytes)
        return ERR_RANGE;
    secret_wipe(s);
    if (bytes.left > 0)
        memcpy(s->bytes, bytes.at, bytes.left);
    s->len = (uint8_t)bytes.left;
    return ERR_OK;
}

enum err secret_from_hex(struct secret *s, const char *hex)
{
    SECRET_WIPED struct secret parsed = {.len = 0};
    struct wr w = WR_ARRAY(parsed.bytes);
    enum err e = hex_decode(hex, &w);

    if (e != ERR_OK)
        return e == ERR_SPACE ? ERR_RANGE : e;
    return secret_set(s, RD_WR(&w));
}

bool secret_equal(const struct secret *a, const struct secret *b)
{
    return a->len == b->len && CRYPTO_memcmp(a->bytes, b->bytes, a->len) == 0;
}

void secret_write(struct wr *w, const struct secret *s)
{
    wr_u8(w, s->len);
    wr_rd(w, RD_SECRET(s));
}

enum err secret_read(struct rd *r, struct secret *s)
{
    struct rd at = *r, bytes;
    uint8_t len;
    enum err e = rd_u8(&at, &len);

    if (e == ERR_OK)
        e = rd_take(&at, len, &bytes);
    if (e != ERR_OK)
        return e;
    if (secret_set(s, bytes) != ERR_OK)
        return ERR_FORMAT;
    *r = at;
    return ERR_OK;
}
