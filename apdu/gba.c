#include "apdu/gba.h"

#include <openssl/crypto.h>

#include <string.h>

#define FC_GBA    0x01 /* TS 33.220 B.3 */
#define LABEL_EXT "gba-me"
#define INPUT_MAX (1U + sizeof LABEL_EXT + 2U + GBA_RAND_LEN + 2U + 2U * (GBA_NAME_MAX + 2U))

enum err gba_mac_mask(struct crypto *c, const uint8_t ik[16], uint8_t mask[GBA_MAC_LEN])
{
    uint8_t digest[SHA1_LEN];
    enum err e = crypto_sha1(c, RD(ik, 16), digest);

    if (e == ERR_OK)
        memcpy(mask, digest, GBA_MAC_LEN);
    OPENSSL_cleanse(digest, sizeof digest);
    return e;
}

/* A parameter of the key derivation function and its length behind it, TS 33.220 B.2. */
static void put(struct wr *w, struct rd parameter)
{
    wr_rd(w, parameter);
    wr_u16(w, (uint16_t)parameter.left);
}

enum err gba_ext_key(struct crypto *c, const struct secret *ks, const uint8_t rand[GBA_RAND_LEN],
                     struct rd impi, struct rd naf_id, uint8_t out[GBA_KEY_LEN])
{
    uint8_t input[INPUT_MAX];
    struct wr w = WR_ARRAY(input);

    if (impi.left > GBA_NAME_MAX || naf_id.left > GBA_NAME_MAX)
        return ERR_RANGE;
    wr_u8(&w, FC_GBA);
    put(&w, RD((const uint8_t *)LABEL_EXT, sizeof LABEL_EXT - 1));
    put(&w, RD(rand, GBA_RAND_LEN));
    put(&w, impi);
    put(&w, naf_id);
    return crypto_hmac_sha256(c, ks, RD_WR(&w), out);
}
