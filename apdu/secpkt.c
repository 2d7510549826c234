#include "apdu/secpkt.h"
#include "apdu/crc.h"

#include <openssl/crypto.h>
#include <string.h>

#define HEADER_LEN     7  /* SPI KIc KID TAR */
#define CHL_BASE       13 /* SPI .. PCNTR: CHL without RC or CC */
#define RHL_BASE       10 /* TAR .. RSC: RHL without RC or CC */
#define LENGTHS_LEN    3  /* CPL CHL, RPL RHL */
#define PACKET_LEN_MAX (2 + 0xFFFF)

/*
 * Where things are, in bytes from CPL or RPL on. CNTR stands at cipher_at, RC or CC at
 * check_at; the input of the check is prefix, all before check_at, all behind the check.
 */
struct layout {
    size_t cipher_at;
    size_t pcntr_at;
    size_t check_at;
    struct rd prefix;
};

/* TS 102 225 5.1 */
static const struct layout command_layout = {10, 15, 16, {NULL, 0}};

/* TS 102 225 5.2; the user data header is part of the check (TS 31.115 4.4). */
static const uint8_t response_udh[] = {0x02, 0x71, 0x00};
static const struct layout response_layout = {6, 11, 13, {response_udh, sizeof response_udh}};

/* What SPI, KIc, KID and the keys make of a packet. */
struct protection {
    const struct secpkt_key *cc;  /* NULL: no CC */
    const struct secpkt_key *kic; /* NULL: not ciphered */
    size_t check_len;             /* of RC or CC; 0: neither */
    size_t block;                 /* padding granularity; 1 when not ciphered */
};

/* One row per enum secpkt_algorithm: TS 102 225 5.1.2, 5.1.3.1. */
static const struct {
    uint8_t nibble;
    enum crypto_cipher cipher;
    uint8_t block;
    uint8_t key_len_min, key_len_max;
} algorithms[] = {
    [SECPKT_DES] = {0x1, CRYPTO_DES_CBC, 8, 8, 8},
    [SECPKT_3DES2] = {0x5, CRYPTO_3DES_CBC, 8, 16, 16},
    [SECPKT_3DES3] = {0x9, CRYPTO_3DES_CBC, 8, 24, 24},
    [SECPKT_AES] = {0x2, CRYPTO_AES_CBC, 16, 16, 32},
};

static const char *const rsc_texts[] = {
    [RSC_OK] = "done",
    [RSC_CC_FAILED] = "RC or CC does not match",
    [RSC_CNTR_LOW] = "counter low",
    [RSC_CNTR_HIGH] = "counter high",
    [RSC_CNTR_BLOCKED] = "counter blocked",
    [RSC_CIPHERING] = "ciphering error",
    [RSC_SECURITY] = "unidentified security error",
    [RSC_MEMORY] = "not enough memory for the message",
    [RSC_MORE_TIME] = "more time needed",
    [RSC_TAR_UNKNOWN] = "TAR unknown",
    [RSC_LEVEL] = "security level too low",
    [RSC_BY_SUBMIT] = "answer follows by SMS-SUBMIT",
    [RSC_BY_USSD] = "answer follows by USSD",
};

const char *secpkt_rsc_text(uint8_t rsc)
{
    return rsc < ARRAY_LEN(rsc_texts) ? rsc_texts[rsc] : "reserved response status";
}

static const struct {
    const char *text;
    enum secpkt_algorithm algorithm;
    uint8_t cc_len;
} names[] = {
    {"aes", SECPKT_AES, SECPKT_CC_LEN},    {"aes-cmac4", SECPKT_AES, SECPKT_CC_LEN_MIN},
    {"3des", SECPKT_3DES2, SECPKT_CC_LEN}, {"3des", SECPKT_3DES3, SECPKT_CC_LEN},
    {"des", SECPKT_DES, SECPKT_CC_LEN},
};

enum err secpkt_algorithm_from_text(const char *text, size_t key_len,
                                    enum secpkt_algorithm *algorithm, uint8_t *cc_len)
{
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (strcmp(names[i].text, text) != 0)
            continue;
        *algorithm = names[i].algorithm;
        *cc_len = names[i].cc_len;
        if (*algorithm != SECPKT_AES && key_len > algorithms[SECPKT_DES].key_len_max)
            *algorithm =
                key_len > algorithms[SECPKT_3DES2].key_len_max ? SECPKT_3DES3 : SECPKT_3DES2;
        return ERR_OK;
    }
    return ERR_FORMAT;
}

const char *secpkt_algorithm_text(enum secpkt_algorithm algorithm, uint8_t cc_len)
{
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (names[i].algorithm == algorithm && names[i].cc_len == cc_len)
            return names[i].text;
    }
    return "";
}

uint8_t secpkt_nibble(enum secpkt_algorithm a)
{
    return algorithms[a].nibble;
}

enum crypto_cipher secpkt_cipher(enum secpkt_algorithm a)
{
    return algorithms[a].cipher;
}

/* Equal as DES sees it, without the parity bits; constant time. */
static bool same_des_key(const uint8_t *a, const uint8_t *b)
{
    unsigned difference = 0;

    for (size_t i = 0; i < 8; i++)
        difference |= (unsigned)((a[i] ^ b[i]) & 0xFE);
    return difference == 0;
}

/* With K1 = K2 or K2 = K3 two of the three steps cancel out and single DES remains. */
static bool is_triple(const struct secret *key)
{
    if (same_des_key(key->bytes, key->bytes + 8))
        return false;
    return key->len == 16 || !same_des_key(key->bytes + 8, key->bytes + 16);
}

/* Key usable for what the low nibble of KIc or KID says? */
static enum err check_key(const struct secpkt_key *key, uint8_t kic_or_kid)
{
    unsigned nibble = kic_or_kid & 0x0F;

    if (nibble == 0xD || (nibble & 3) == 3)
        return ERR_UNSUPPORTED; /* DES-ECB, proprietary */
    if (nibble != algorithms[key->algorithm].nibble)
        return ERR_KEY;
    if (key->key.len < algorithms[key->algorithm].key_len_min ||
        key->key.len > algorithms[key->algorithm].key_len_max)
        return ERR_KEY; /* lengths between those of AES are crypto.h's to refuse */
    if ((key->algorithm == SECPKT_3DES2 || key->algorithm == SECPKT_3DES3) && !is_triple(&key->key))
        return ERR_KEY;
    return ERR_OK;
}

static enum err protect_by_cc(const struct secpkt_keys *keys, uint8_t kid, struct protection *p)
{
    bool known_len = keys->cc_len == SECPKT_CC_LEN ||
                     (keys->cc_len == SECPKT_CC_LEN_MIN && keys->kid.algorithm == SECPKT_AES);
    enum err e = check_key(&keys->kid, kid);

    if (e != ERR_OK)
        return e;
    p->cc = &keys->kid;
    p->check_len = keys->cc_len;
    return known_len ? ERR_OK : ERR_KEY;
}

/* check: SPI1_CHECK_x; cipher: KIc is in force. */
static enum err protection(const struct secpkt_header *h, uint8_t check, bool cipher,
                           const struct secpkt_keys *keys, struct protection *p)
{
    enum err e = ERR_OK;

    *p = (struct protection){.block = 1};
    switch (check) {
    case SPI1_CHECK_NONE:
        break;
    case SPI1_CHECK_RC:
        p->check_len = (h->kid & 0x0F) == 0x1 ? 2 : 4;
        if ((h->kid & 0x0F) != 0x1 && (h->kid & 0x0F) != 0x5)
            return ERR_UNSUPPORTED;
        break;
    case SPI1_CHECK_CC:
        e = protect_by_cc(keys, h->kid, p);
        break;
    default:
        return ERR_UNSUPPORTED; /* digital signature */
    }
    if (e != ERR_OK || !cipher)
        return e;
    p->kic = &keys->kic;
    e = check_key(p->kic, h->kic);
    if (e == ERR_OK)
        p->block = algorithms[p->kic->algorithm].block;
    return e;
}

static enum err command_protection(const struct secpkt_header *h, const struct secpkt_keys *keys,
                                   struct protection *p)
{
    return protection(h, h->spi[0] & SPI1_CHECK_MASK, (h->spi[0] & SPI1_CIPHER) != 0, keys, p);
}

static enum err response_protection(const struct secpkt_header *h, const struct secpkt_keys *keys,
                                    struct protection *p)
{
    uint8_t check = (uint8_t)((h->spi[1] & SPI2_CHECK_MASK) >> 2);

    return protection(h, check, (h->spi[1] & SPI2_CIPHER) != 0, keys, p);
}

/* RC or CC of a packet in clear; check gets p->check_len bytes of CRYPTO_BLOCK_MAX. */
static enum err compute_check(struct crypto *c, const struct layout *l, const struct protection *p,
                              struct rd packet, uint8_t check[CRYPTO_BLOCK_MAX])
{
    size_t behind = l->check_at + p->check_len;
    const struct rd parts[] = {l->prefix, RD(packet.at, l->check_at),
                               RD(packet.at + behind, packet.left - behind)};
    struct wr w = WR(check, CRYPTO_BLOCK_MAX);
    uint32_t crc = 0;

    if (p->cc != NULL && p->cc->algorithm == SECPKT_AES)
        return crypto_cmac(c, &p->cc->key, parts, ARRAY_LEN(parts), check);
    if (p->cc != NULL)
        return crypto_cbc_mac(c, algorithms[p->cc->algorithm].cipher, &p->cc->key, parts,
                              ARRAY_LEN(parts), check);
    for (size_t i = 0; i < ARRAY_LEN(parts); i++)
        crc = p->check_len == 2 ? crc_16_update((uint16_t)crc, parts[i])
                                : crc_32_update(crc, parts[i]);
    if (p->check_len == 2)
        wr_u16(&w, (uint16_t)crc);
    else
        wr_u32(&w, crc);
    return wr_result(&w);
}

static size_t padding_len(const struct layout *l, const struct protection *p, size_t data_len)
{
    size_t inner = l->check_at - l->cipher_at + p->check_len + data_len;

    return (p->block - inner % p->block) % p->block;
}

/* Fill in RC or CC, then cipher, of a packet that is complete but for these. */
static enum err protect(struct crypto *c, const struct layout *l, const struct protection *p,
                        uint8_t *packet, size_t len)
{
    uint8_t check[CRYPTO_BLOCK_MAX];
    uint8_t *inner = packet + l->cipher_at;
    enum err e = ERR_OK;

    if (p->check_len > 0) {
        e = compute_check(c, l, p, RD(packet, len), check);
        if (e == ERR_OK)
            memcpy(packet + l->check_at, check, p->check_len);
    }
    if (e == ERR_OK && p->kic != NULL)
        e = crypto_encrypt(c, algorithms[p->kic->algorithm].cipher, &p->kic->key, inner, inner,
                           len - l->cipher_at);
    return e;
}

/* Room for a packet with data of that length; NULL with *e set when there is none. */
static uint8_t *reserve(struct wr *packet, size_t len, enum err *e)
{
    uint8_t *at = NULL;

    *e = len > PACKET_LEN_MAX ? ERR_RANGE : ERR_OK;
    if (*e == ERR_OK) {
        at = wr_reserve(packet, len);
        *e = wr_result(packet);
    }
    return at;
}

/* Ends a seal: protect what was written, or take it back. */
static enum err finish(struct crypto *c, const struct layout *l, const struct protection *p,
                       struct wr *packet, size_t len)
{
    uint8_t *at = packet->base + packet->len - len;
    enum err e = protect(c, l, p, at, len);

    if (e != ERR_OK) {
        OPENSSL_cleanse(at, len);
        packet->len -= len;
    }
    return e;
}

/* Behind CPL CHL or RPL RHL the two packets differ; from the check on they do not. */
static void write_tail(struct wr *w, const struct protection *p, struct rd data, size_t padding)
{
    wr_fill(w, 0, p->check_len);
    wr_rd(w, data);
    wr_fill(w, 0, padding);
}

enum err secpkt_seal_command(struct crypto *c, const struct secpkt_command *command,
                             const struct secpkt_keys *keys, struct wr *packet)
{
    const struct layout *l = &command_layout;
    const struct secpkt_header *h = &command->header;
    struct protection p;
    size_t padding, len;
    struct wr w;
    enum err e = command_protection(h, keys, &p);

    if (e != ERR_OK)
        return e;
    if (command->counter > SECPKT_COUNTER_MAX || command->data.left > PACKET_LEN_MAX)
        return ERR_RANGE;
    padding = padding_len(l, &p, command->data.left);
    len = l->check_at + p.check_len + command->data.left + padding;
    w = WR(reserve(packet, len, &e), len);
    if (e != ERR_OK)
        return e;
    wr_u16(&w, (uint16_t)(len - 2));
    wr_u8(&w, (uint8_t)(CHL_BASE + p.check_len));
    wr_bytes(&w, h->spi, sizeof h->spi);
    wr_u8(&w, h->kic);
    wr_u8(&w, h->kid);
    wr_bytes(&w, h->tar, sizeof h->tar);
    wr_u40(&w, command->counter);
    wr_u8(&w, (uint8_t)padding);
    write_tail(&w, &p, command->data, padding);
    return finish(c, l, &p, packet, len);
}

enum err secpkt_seal_response(struct crypto *c, const struct secpkt_response *response,
                              const struct secpkt_header *header, const struct secpkt_keys *keys,
                              struct wr *packet)
{
    const struct layout *l = &response_layout;
    struct protection p;
    size_t padding, len;
    struct wr w;
    enum err e = response_protection(header, keys, &p);

    if (e != ERR_OK)
        return e;
    if (response->counter > SECPKT_COUNTER_MAX || response->data.left > PACKET_LEN_MAX)
        return ERR_RANGE;
    padding = padding_len(l, &p, response->data.left);
    len = l->check_at + p.check_len + response->data.left + padding;
    w = WR(reserve(packet, len, &e), len);
    if (e != ERR_OK)
        return e;
    wr_u16(&w, (uint16_t)(len - 2));
    wr_u8(&w, (uint8_t)(RHL_BASE + p.check_len));
    wr_bytes(&w, response->tar, sizeof response->tar);
    wr_u40(&w, response->counter);
    wr_u8(&w, (uint8_t)padding);
    wr_u8(&w, response->rsc);
    write_tail(&w, &p, response->data, padding);
    return finish(c, l, &p, packet, len);
}

/*
 * CPL CHL or RPL RHL against the bytes there are; header_len: the second one.
 * header_min keeps all fixed fields inside, so nothing below can run short.
 */
static enum err read_lengths(struct rd *packet, size_t header_min, uint8_t *header_len)
{
    struct rd r = *packet;
    uint16_t len = 0;
    uint8_t second = 0;

    if (r.left < LENGTHS_LEN || rd_u16(&r, &len) != ERR_OK || len > r.left)
        return ERR_SHORT;
    if (len < r.left || rd_u8(&r, &second) != ERR_OK)
        return ERR_FORMAT;
    if (second < header_min || second > r.left)
        return ERR_FORMAT;
    *header_len = second;
    *packet = r;
    return ERR_OK;
}

static enum err read_command_header(struct rd packet, struct secpkt_header *out, uint8_t *chl)
{
    enum err e = read_lengths(&packet, CHL_BASE, chl);
    struct secpkt_header h;

    if (e != ERR_OK)
        return e;
    if (rd_copy(&packet, h.spi, sizeof h.spi) != ERR_OK || rd_u8(&packet, &h.kic) != ERR_OK ||
        rd_u8(&packet, &h.kid) != ERR_OK || rd_copy(&packet, h.tar, sizeof h.tar) != ERR_OK)
        return ERR_SHORT;
    *out = h;
    return ERR_OK;
}

enum err secpkt_peek_command(struct rd packet, struct secpkt_header *out)
{
    uint8_t chl;

    return read_command_header(packet, out, &chl);
}

/* Copy the packet to work and decrypt it there; *plain is the whole packet in clear. */
static enum err decrypt(struct crypto *c, const struct layout *l, const struct protection *p,
                        struct rd packet, struct wr *work, struct rd *plain)
{
    uint8_t *at = wr_reserve(work, packet.left);
    enum err e = ERR_OK;

    if (at == NULL)
        return ERR_SPACE;
    memcpy(at, packet.at, packet.left);
    if (p->kic != NULL)
        e = crypto_decrypt(c, algorithms[p->kic->algorithm].cipher, &p->kic->key, at + l->cipher_at,
                           at + l->cipher_at, packet.left - l->cipher_at);
    *plain = RD(at, packet.left);
    return e;
}

static enum err verify(struct crypto *c, const struct layout *l, const struct protection *p,
                       struct rd plain)
{
    uint8_t want[CRYPTO_BLOCK_MAX];
    enum err e;

    if (p->check_len == 0)
        return ERR_OK;
    e = compute_check(c, l, p, plain, want);
    if (e == ERR_OK && !crypto_equal(want, plain.at + l->check_at, p->check_len))
        e = ERR_MAC;
    OPENSSL_cleanse(want, sizeof want); /* the right MAC of a forged packet is worth stealing */
    return e;
}

/*
 * Decrypt, then verify, then look at PCNTR: the check covers PCNTR and padding, so
 * whoever cannot make a CC learns nothing about padding.
 * packet holds all fixed fields (the caller has read the lengths).
 */
static enum err unprotect(struct crypto *c, const struct layout *l, const struct protection *p,
                          struct rd packet, struct wr *work, struct rd *plain)
{
    size_t fixed = l->check_at + p->check_len;
    uint8_t padding;
    enum err e;

    if (packet.left < fixed || (packet.left - l->cipher_at) % p->block != 0)
        return ERR_FORMAT;
    e = decrypt(c, l, p, packet, work, plain);
    if (e == ERR_OK)
        e = verify(c, l, p, *plain);
    if (e != ERR_OK)
        return e;
    padding = plain->at[l->pcntr_at];
    if (padding >= p->block || padding > plain->left - fixed)
        return ERR_PADDING;
    plain->left -= padding;
    return ERR_OK;
}

/* The counter of a plain packet, and its data: all behind the check. */
static struct rd counter_and_data(const struct layout *l, const struct protection *p,
                                  struct rd plain, uint64_t *counter)
{
    size_t fixed = l->check_at + p->check_len;
    struct rd r = RD(plain.at + l->cipher_at, plain.left - l->cipher_at);

    if (rd_u40(&r, counter) != ERR_OK)
        *counter = 0; /* cannot be: the fixed fields are there */
    return RD(plain.at + fixed, plain.left - fixed);
}

enum err secpkt_open_command(struct crypto *c, struct rd packet, const struct secpkt_keys *keys,
                             struct wr *work, struct secpkt_command *out)
{
    struct secpkt_command command;
    struct protection p;
    struct rd plain;
    uint8_t chl;
    enum err e = read_command_header(packet, &command.header, &chl);

    if (e == ERR_OK)
        e = command_protection(&command.header, keys, &p);
    if (e == ERR_OK && chl != CHL_BASE + p.check_len)
        e = ERR_FORMAT;
    if (e == ERR_OK)
        e = unprotect(c, &command_layout, &p, packet, work, &plain);
    if (e != ERR_OK)
        return e;
    command.data = counter_and_data(&command_layout, &p, plain, &command.counter);
    *out = command;
    return ERR_OK;
}

/*
 * Did the card answer in clear where protection was asked for? Shown by the lengths:
 * no room for the check, or (ciphering alone) no whole number of blocks.
 */
static bool came_plain(const struct protection *p, uint8_t rhl, struct rd packet)
{
    if (rhl != RHL_BASE)
        return false;
    return p->check_len > 0 || (packet.left - response_layout.cipher_at) % p->block != 0;
}

enum err secpkt_open_response(struct crypto *c, struct rd packet,
                              const struct secpkt_header *header, const struct secpkt_keys *keys,
                              struct wr *work, struct secpkt_response *out)
{
    const struct layout *l = &response_layout;
    struct secpkt_response response = {.authenticated = false};
    struct rd body = packet, plain;
    struct protection p;
    bool fell_back;
    uint8_t rhl = 0;
    enum err e = read_lengths(&body, RHL_BASE, &rhl);

    if (e == ERR_OK)
        e = response_protection(header, keys, &p);
    if (e != ERR_OK)
        return e;
    fell_back = came_plain(&p, rhl, packet);
    if (fell_back)
        p = (struct protection){.block = 1};
    if (rhl != RHL_BASE + p.check_len)
        return ERR_FORMAT;
    e = unprotect(c, l, &p, packet, work, &plain);
    if (e != ERR_OK)
        return e;
    memcpy(response.tar, plain.at + LENGTHS_LEN, sizeof response.tar);
    response.rsc = plain.at[l->pcntr_at + 1];
    if (fell_back && response.rsc == RSC_OK)
        return ERR_MAC; /* success is not said in clear when proof was asked for */
    response.data = counter_and_data(l, &p, plain, &response.counter);
    response.authenticated = p.check_len > 0;
    *out = response;
    return ERR_OK;
}
