/*
 * fuzz_gp.c - the PUT KEY data field under a fixed DEK; bit 0 of the first byte: AES, else
 * 3DES. What is accepted must come back the same when it is written and read again, but for public
 * and shared keys: no one writes those.
 */
#include "apdu/gp.h"

#include <stdlib.h>
#include <string.h>

#define HEADER_LEN 5

static void require(bool ok)
{
    if (!ok)
        abort();
}

static void same_when_written(struct crypto *c, const struct gp_put_key *p,
                              const struct gp_key *dek)
{
    uint8_t block[256];
    struct wr w = WR_ARRAY(block);
    struct gp_put_key again;

    require(p->count >= 1 && p->count <= GP_KEYS_MAX);
    require(gp_write_put_key(c, 0, p->new_version, p->keys, p->count, dek, &w) == ERR_OK);
    require(gp_read_put_key(c, RD(block + HEADER_LEN, w.len - HEADER_LEN), dek, &again) == ERR_OK);
    require(again.count == p->count);
    for (size_t i = 0; i < p->count; i++)
        require(secret_equal(&again.keys[i].key, &p->keys[i].key));
}

static bool all_checked(const struct gp_put_key *p)
{
    for (size_t i = 0; i < p->count; i++) {
        if (!p->checked[i])
            return false;
    }
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct crypto *c;
    struct gp_key dek = {.key = {.len = 16}};
    struct rd r = RD(data, size);
    struct gp_put_key p;
    uint8_t selector;

    if (c == NULL)
        c = crypto_new();
    require(c != NULL);
    if (rd_u8(&r, &selector) != ERR_OK)
        return 0;
    dek.type = selector & 1 ? GP_KEY_AES : GP_KEY_DES;
    for (uint8_t i = 0; i < 16; i++)
        dek.key.bytes[i] = (uint8_t)(0x11 * i);
    if (gp_read_put_key(c, r, &dek, &p) == ERR_OK && all_checked(&p))
        same_when_written(c, &p, &dek);
    return 0;
}
