/* What both protocols share: the order of checks, and what a session remembers. */
#include "uicc/isd/scp_parts.h"

#include <openssl/crypto.h>

void isd_keys_wipe(struct isd_keys *keys)
{
    OPENSSL_cleanse(keys, sizeof *keys);
}

void isd_scp_close(struct isd_scp *s)
{
    OPENSSL_cleanse(s, sizeof *s);
}

bool isd_scp_option_is_known(uint8_t protocol, uint8_t option)
{
    if (protocol == SCP02)
        return (option & (uint8_t) ~(SCP02_COMPUTED | SCP02_R_MAC)) == SCP02_BASE;
    return protocol == SCP03 &&
           (option & (uint8_t) ~(SCP03_COMPUTED | SCP03_R_MAC | SCP03_R_ENC | SCP03_S16)) == 0 &&
           (option & (SCP03_R_MAC | SCP03_R_ENC)) != SCP03_R_ENC;
}

/* ---- INITIALIZE UPDATE, EXTERNAL AUTHENTICATE ---- */

static enum err check_keys(const struct isd_scp_begin *b)
{
    bool des = b->protocol == SCP02;

    if (!isd_scp_option_is_known(b->protocol, b->option))
        return ERR_UNSUPPORTED;
    if (des != (b->keys->type == GP_KEY_DES))
        return ERR_KEY;
    if (des && (b->keys->enc.len != 16 || b->keys->mac.len != 16 || b->keys->dek.len != 16))
        return ERR_KEY;
    return b->size == SCP_S8 || (b->size == SCP_S16 && !des) ? ERR_OK : ERR_FORMAT;
}

enum err isd_scp_initialise(struct crypto *c, struct isd_scp *s, const struct isd_scp_begin *b,
                            struct wr *answer)
{
    enum err e = check_keys(b);

    isd_scp_close(s);
    if (e != ERR_OK)
        return e;
    s->protocol = b->protocol;
    s->option = b->option;
    s->version = b->keys->version;
    s->sequence = b->keys->sequence;
    s->size = b->size;
    wr_bytes(answer, b->diversification, sizeof b->diversification);
    e = b->protocol == SCP02 ? scp02_initialise(c, s, b, answer)
                             : scp03_initialise(c, s, b, answer);
    if (e == ERR_OK)
        e = wr_result(answer);
    if (e == ERR_OK)
        s->state = SCP_BEGUN;
    else
        isd_scp_close(s);
    return e;
}

static bool level_is_offered(const struct isd_scp *s, uint8_t level)
{
    _Static_assert(SCP02_R_MAC == SCP03_R_MAC, "one bit for both");
    bool r_mac = (s->option & SCP03_R_MAC) != 0;
    bool r_enc = s->protocol == SCP03 && (s->option & SCP03_R_ENC) != 0;

    switch (level) {
    case SCP_C_MAC:
    case SCP_C_MAC | SCP_C_ENC:
        return true;
    case SCP_C_MAC | SCP_R_MAC:
    case SCP_C_MAC | SCP_C_ENC | SCP_R_MAC:
        return r_mac;
    case SCP_C_MAC | SCP_C_ENC | SCP_R_MAC | SCP_R_ENC:
        return r_enc;
    default:
        return false;
    }
}

static enum err compute_mac(struct crypto *c, struct isd_scp *s, const uint8_t header[5],
                            struct rd data, bool first, uint8_t mac[16])
{
    return s->protocol == SCP02 ? scp02_mac(c, s, header, data, first, mac)
                                : scp03_mac(c, s, header, data, mac);
}

/* What the next MAC goes on from; under SCP02 answers have a chain of their own (E.4.5). */
static void keep_mac(struct isd_scp *s, const uint8_t mac[16])
{
    memcpy(s->chain, mac, s->protocol == SCP02 ? SCP_S8 : sizeof s->chain);
}

static enum err authenticate(struct crypto *c, struct isd_scp *s, const struct apdu *cmd)
{
    uint8_t header[5], mac[16] = {0};
    struct rd data = RD(cmd->data.at, s->size);
    bool good;
    enum err e;

    if (s->state != SCP_BEGUN)
        return ERR_CONDITIONS;
    if (cmd->data.left != 2U * s->size || cmd->p2 != 0)
        return ERR_FORMAT;
    if (!level_is_offered(s, cmd->p1))
        return ERR_UNSUPPORTED;
    scp_header(cmd, cmd->data.left, header);
    e = compute_mac(c, s, header, data, true, mac);
    if (e != ERR_OK)
        return e;
    good = crypto_equal(s->host_cryptogram, data.at, s->size);
    good &= crypto_equal(mac, data.at + s->size, s->size);
    if (!good)
        return ERR_MAC;
    keep_mac(s, mac);
    if (s->protocol == SCP02)
        memcpy(s->chain + SCP_S8, mac, SCP_S8);
    s->level = cmd->p1;
    s->state = SCP_OPEN;
    return ERR_OK;
}

enum err isd_scp_authenticate(struct crypto *c, struct isd_scp *s, const struct apdu *cmd)
{
    enum err e = authenticate(c, s, cmd);

    if (e != ERR_OK)
        isd_scp_close(s);
    return e;
}

/* ---- commands ---- */

/* The length without padding; ERR_PADDING. */
static enum err unpad(const uint8_t *bytes, size_t len, size_t *plain_len)
{
    while (len > 0 && bytes[len - 1] == 0)
        len--;
    if (len == 0 || bytes[len - 1] != 0x80)
        return ERR_PADDING;
    *plain_len = len - 1;
    return ERR_OK;
}

/* Ciphertext in w, deciphered in place and its padding taken off. */
static enum err decipher(struct crypto *c, struct isd_scp *s, struct wr *w)
{
    bool aes = s->protocol == SCP03;
    uint8_t icv[AES_BLOCK];
    enum err e = ERR_OK;

    if (w->len == 0)
        return ERR_OK;
    if (w->len % (aes ? AES_BLOCK : DES_BLOCK) != 0)
        return ERR_FORMAT;
    e = crypto_decrypt(c, aes ? CRYPTO_AES_CBC : CRYPTO_3DES_CBC, &s->enc, w->base, w->base,
                       w->len);
    if (e == ERR_OK && aes) {
        e = scp03_icv(c, s, false, icv);
        scp_xor(w->base, icv, sizeof icv);
    }
    return e == ERR_OK ? unpad(w->base, w->len, &w->len) : e;
}

/* SCP02 computes its MAC over the clear data, SCP03 over what was sent. */
static enum err check(struct crypto *c, struct isd_scp *s, const struct apdu *cmd, struct wr *plain)
{
    struct rd sent = RD(cmd->data.at, cmd->data.left - s->size);
    const uint8_t *received = cmd->data.at + sent.left;
    bool enciphered = (s->level & SCP_C_ENC) != 0;
    uint8_t header[5], mac[16] = {0};
    enum err e = ERR_OK, padding = ERR_OK;

    wr_rd(plain, sent);
    if (wr_result(plain) != ERR_OK)
        return ERR_SPACE;
    if (enciphered && s->protocol == SCP02)
        padding = decipher(c, s, plain); /* said only after the MAC */
    scp_header(cmd, s->protocol == SCP02 ? plain->len + SCP_S8 : cmd->data.left, header);
    e = compute_mac(c, s, header, RD_WR(plain), false, mac);
    if (e == ERR_OK && !crypto_equal(mac, received, s->size))
        e = ERR_MAC;
    if (e == ERR_OK)
        keep_mac(s, mac);
    if (e == ERR_OK && enciphered && s->protocol == SCP03)
        padding = decipher(c, s, plain);
    return e == ERR_OK ? padding : e;
}

enum err isd_scp_unwrap(struct crypto *c, struct isd_scp *s, const struct apdu *cmd,
                        struct wr *plain, struct apdu *out)
{
    enum err e = ERR_FORMAT;

    if (s->state != SCP_OPEN)
        return ERR_CONDITIONS;
    s->counter++;
    if (cmd->data.left >= s->size)
        e = check(c, s, cmd, plain);
    if (e != ERR_OK) {
        isd_scp_close(s);
        return e;
    }
    *out = *cmd;
    out->cla &= (uint8_t)~CLA_SECURE;
    out->data = RD_WR(plain);
    out->p3 = (uint8_t)plain->len;
    return ERR_OK;
}

/* ---- answers ---- */

static enum err encipher(struct crypto *c, const struct isd_scp *s, struct wr *w)
{
    uint8_t icv[AES_BLOCK];
    enum err e = scp03_icv(c, s, true, icv);

    scp_pad(w, AES_BLOCK);
    if (e == ERR_OK)
        e = wr_result(w);
    if (e != ERR_OK)
        return e;
    scp_xor(w->base, icv, sizeof icv);
    return crypto_encrypt(c, CRYPTO_AES_CBC, &s->enc, w->base, w->base, w->len);
}

static enum err r_mac(struct crypto *c, struct isd_scp *s, const struct apdu *cmd, struct rd status,
                      struct wr *data)
{
    const struct rd parts[] = {RD_ARRAY(s->chain), RD_WR(data), status};
    uint8_t mac[16];
    enum err e = s->protocol == SCP02 ? scp02_r_mac(c, s, cmd, RD_WR(data), status)
                                      : crypto_cmac(c, &s->rmac, parts, ARRAY_LEN(parts), mac);

    if (e == ERR_OK)
        wr_bytes(data, s->protocol == SCP02 ? s->chain + SCP_S8 : mac, s->size);
    return e;
}

enum err isd_scp_wrap(struct crypto *c, struct isd_scp *s, const struct apdu *cmd, sw_t sw,
                      struct wr *data)
{
    const uint8_t status[] = {(uint8_t)(sw.v >> 8), (uint8_t)sw.v};
    enum err e = ERR_OK;

    if (s->state != SCP_OPEN || (s->level & SCP_R_MAC) == 0 ||
        (!sw_equal(sw, SW_OK) && !sw_is_warning(sw)))
        return ERR_OK;
    if ((s->level & SCP_R_ENC) != 0 && data->len > 0)
        e = encipher(c, s, data);
    if (e == ERR_OK)
        e = r_mac(c, s, cmd, RD_ARRAY(status), data);
    return e == ERR_OK ? wr_result(data) : e;
}

size_t isd_scp_room(const struct isd_scp *s)
{
    size_t room = 256;

    if (s->state == SCP_OPEN && (s->level & SCP_R_MAC) != 0)
        room -= s->size;
    return s->state == SCP_OPEN && (s->level & SCP_R_ENC) != 0 ? room / AES_BLOCK * AES_BLOCK - 1
                                                               : room;
}
