#include "apdu/suci.h"

#include <openssl/crypto.h>
#include <string.h>

#define BLOCK       16
#define ENC_KEY_LEN 16
#define ICB_LEN     16
#define MAC_KEY_LEN 32

/* What both ends derive from the shared secret (TS 33.501 C.3.4). */
struct keys {
    struct secret encryption;
    struct secret mac;
    uint8_t counter[ICB_LEN];
};

static enum err curve_of(enum suci_profile profile, enum ecdh_curve *curve)
{
    if (profile != SUCI_PROFILE_A && profile != SUCI_PROFILE_B)
        return ERR_UNSUPPORTED;
    *curve = profile == SUCI_PROFILE_A ? ECDH_X25519 : ECDH_P256;
    return ERR_OK;
}

/* One block of the X9.63 KDF (SEC 1 3.6.1): SHA-256 of Z, counter, SharedInfo1. */
static enum err kdf_block(struct crypto *c, const struct secret *shared, uint32_t counter,
                          struct rd ephemeral_public, uint8_t out[SHA256_LEN])
{
    uint8_t input[ECDH_SHARED_LEN + 4 + ECDH_PUBLIC_MAX];
    struct wr w = WR_ARRAY(input);
    enum err e;

    wr_rd(&w, RD_SECRET(shared));
    wr_u32(&w, counter);
    wr_rd(&w, ephemeral_public);
    e = wr_result(&w);
    if (e == ERR_OK)
        e = crypto_sha256(c, RD_WR(&w), out);
    OPENSSL_cleanse(input, sizeof input);
    return e;
}

static enum err derive(struct crypto *c, const struct secret *shared, struct rd ephemeral_public,
                       struct keys *k)
{
    uint8_t stream[2 * SHA256_LEN];
    struct rd r = RD_ARRAY(stream);
    enum err e = kdf_block(c, shared, 1, ephemeral_public, stream);

    if (e == ERR_OK)
        e = kdf_block(c, shared, 2, ephemeral_public, stream + SHA256_LEN);
    if (e == ERR_OK)
        e = rd_copy(&r, k->encryption.bytes, ENC_KEY_LEN);
    if (e == ERR_OK)
        e = rd_copy(&r, k->counter, ICB_LEN);
    if (e == ERR_OK)
        e = rd_copy(&r, k->mac.bytes, MAC_KEY_LEN);
    k->encryption.len = ENC_KEY_LEN;
    k->mac.len = MAC_KEY_LEN;
    OPENSSL_cleanse(stream, sizeof stream);
    if (e != ERR_OK)
        OPENSSL_cleanse(k, sizeof *k);
    return e;
}

static void count_up(uint8_t counter[ICB_LEN])
{
    for (size_t i = ICB_LEN; i-- > 0;) {
        if (++counter[i] != 0)
            return;
    }
}

/* AES-128-CTR, either way; n <= SUCI_PLAINTEXT_MAX. */
static enum err apply_ctr(struct crypto *c, const struct keys *k, const uint8_t *in, uint8_t *out,
                          size_t n)
{
    uint8_t stream[SUCI_PLAINTEXT_MAX] = {0}, counter[ICB_LEN];
    size_t blocks = (n + BLOCK - 1) / BLOCK;
    enum err e;

    memcpy(counter, k->counter, sizeof counter);
    for (size_t i = 0; i < blocks; i++) {
        memcpy(stream + i * BLOCK, counter, BLOCK);
        count_up(counter);
    }
    e = crypto_aes_blocks(c, &k->encryption, stream, stream, blocks);
    for (size_t i = 0; i < n && e == ERR_OK; i++)
        out[i] = in[i] ^ stream[i];
    OPENSSL_cleanse(stream, sizeof stream);
    return e;
}

static enum err mac_of(struct crypto *c, const struct keys *k, struct rd ciphertext,
                       uint8_t mac[SHA256_LEN])
{
    return crypto_hmac_sha256(c, &k->mac, ciphertext, mac);
}

/* Keys on the side that has private_key; ephemeral_public is one of the two public keys. */
static enum err agree(struct crypto *c, enum ecdh_curve curve, const struct secret *private_key,
                      struct rd peer, struct rd ephemeral_public, struct keys *k)
{
    SECRET_WIPED struct secret shared = {.len = 0};
    enum err e = ecdh_shared(curve, private_key, peer, &shared);

    return e == ERR_OK ? derive(c, &shared, ephemeral_public, k) : e;
}

enum err suci_conceal(struct crypto *c, enum suci_profile profile, struct rd hn_public,
                      const struct secret *ephemeral, struct rd plaintext, struct wr *out)
{
    uint8_t public_key[ECDH_PUBLIC_MAX], ciphertext[SUCI_PLAINTEXT_MAX], mac[SHA256_LEN];
    struct wr w = WR_ARRAY(public_key);
    enum ecdh_curve curve;
    struct keys k;
    enum err e = curve_of(profile, &curve);

    if (e == ERR_OK && plaintext.left > SUCI_PLAINTEXT_MAX)
        e = ERR_RANGE;
    if (e == ERR_OK)
        e = ecdh_public(curve, ephemeral, &w);
    if (e == ERR_OK)
        e = agree(c, curve, ephemeral, hn_public, RD_WR(&w), &k);
    if (e != ERR_OK)
        return e;
    e = apply_ctr(c, &k, plaintext.at, ciphertext, plaintext.left);
    if (e == ERR_OK)
        e = mac_of(c, &k, RD(ciphertext, plaintext.left), mac);
    OPENSSL_cleanse(&k, sizeof k);
    if (e != ERR_OK)
        return e;
    wr_rd(out, RD_WR(&w));
    wr_bytes(out, ciphertext, plaintext.left);
    wr_bytes(out, mac, SUCI_MAC_LEN);
    return wr_result(out);
}

static enum err split(struct rd concealed, enum ecdh_curve curve, struct rd *public_key,
                      struct rd *ciphertext, struct rd *mac)
{
    size_t public_len = ecdh_public_len(curve);
    enum err e;

    if (concealed.left < public_len + SUCI_MAC_LEN)
        return ERR_SHORT;
    if (concealed.left > public_len + SUCI_PLAINTEXT_MAX + SUCI_MAC_LEN)
        return ERR_RANGE;
    e = rd_take(&concealed, public_len, public_key);
    if (e == ERR_OK)
        e = rd_take(&concealed, concealed.left - SUCI_MAC_LEN, ciphertext);
    *mac = concealed;
    return e;
}

static enum err decipher(struct crypto *c, const struct keys *k, struct rd ciphertext,
                         struct rd mac, struct wr *plaintext)
{
    uint8_t want[SHA256_LEN], clear[SUCI_PLAINTEXT_MAX];
    enum err e = mac_of(c, k, ciphertext, want);

    if (e == ERR_OK && !crypto_equal(want, mac.at, SUCI_MAC_LEN))
        e = ERR_MAC;
    OPENSSL_cleanse(want, sizeof want);
    if (e == ERR_OK)
        e = apply_ctr(c, k, ciphertext.at, clear, ciphertext.left);
    if (e != ERR_OK)
        return e;
    wr_bytes(plaintext, clear, ciphertext.left);
    OPENSSL_cleanse(clear, sizeof clear);
    return wr_result(plaintext);
}

enum err suci_reveal(struct crypto *c, enum suci_profile profile, const struct secret *hn_private,
                     struct rd concealed, struct wr *plaintext)
{
    struct rd public_key, ciphertext, mac;
    enum ecdh_curve curve;
    struct keys k;
    enum err e = curve_of(profile, &curve);

    if (e == ERR_OK)
        e = split(concealed, curve, &public_key, &ciphertext, &mac);
    if (e == ERR_OK)
        e = agree(c, curve, hn_private, public_key, public_key, &k);
    if (e != ERR_OK)
        return e;
    e = decipher(c, &k, ciphertext, mac, plaintext);
    OPENSSL_cleanse(&k, sizeof k);
    return e;
}
