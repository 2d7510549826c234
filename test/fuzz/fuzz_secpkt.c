/*
 * fuzz_secpkt.c - both packet parsers under fixed keys. First byte: bit 0 response, bits
 * 1-2 the keys' algorithm, bit 3 a CC of 4 bytes; a response then has two bytes of SPI and
 * KIc, KID of the command. The rest is the packet.
 *
 * Whatever opens must lie inside the work block, and must seal to the same bytes again if
 * it was not padded (padding is the sender's to choose).
 */
#include "apdu/secpkt.h"

#include <stdlib.h>
#include <string.h>

static void require(bool ok)
{
    if (!ok)
        abort();
}

static struct secpkt_keys keys_by(uint8_t selector)
{
    static const uint8_t lengths[] = {
        [SECPKT_DES] = 8, [SECPKT_3DES2] = 16, [SECPKT_3DES3] = 24, [SECPKT_AES] = 16};
    enum secpkt_algorithm algorithm = (enum secpkt_algorithm)(selector >> 1 & 3);
    struct secpkt_keys k = {.cc_len = selector & 8 ? 4 : 8};

    k.kic.algorithm = algorithm;
    k.kic.key.len = lengths[algorithm];
    for (uint8_t i = 0; i < k.kic.key.len; i++)
        k.kic.key.bytes[i] = (uint8_t)(0x11 * i);
    k.kid = k.kic;
    return k;
}

static void inside(struct rd data, const uint8_t *work, size_t n)
{
    require(data.at >= work && data.at <= work + n && data.left <= (size_t)(work + n - data.at));
}

static void same_when_sealed(struct wr sealed, enum err e, struct rd packet)
{
    require(e == ERR_OK);
    require(sealed.len == packet.left && memcmp(sealed.base, packet.at, packet.left) == 0);
}

static void command(struct crypto *c, struct rd packet, const struct secpkt_keys *keys,
                    uint8_t *block)
{
    struct wr work = WR(block, packet.left), sealed = WR(block + packet.left, packet.left);
    struct secpkt_command got;

    if (secpkt_open_command(c, packet, keys, &work, &got) != ERR_OK)
        return;
    inside(got.data, block, packet.left);
    if (got.data.at + got.data.left == block + packet.left)
        same_when_sealed(sealed, secpkt_seal_command(c, &got, keys, &sealed), packet);
}

static void response(struct crypto *c, struct rd packet, const struct secpkt_header *h,
                     const struct secpkt_keys *keys, uint8_t *block)
{
    struct wr work = WR(block, packet.left), sealed = WR(block + packet.left, packet.left);
    bool check_asked = (h->spi[1] & SPI2_CHECK_MASK) != 0;
    struct secpkt_response got;

    if (secpkt_open_response(c, packet, h, keys, &work, &got) != ERR_OK)
        return;
    inside(got.data, block, packet.left);
    require(!got.authenticated || check_asked);
    require(got.authenticated || !check_asked || got.rsc != RSC_OK);
    if (got.authenticated && got.data.at + got.data.left == block + packet.left)
        same_when_sealed(sealed, secpkt_seal_response(c, &got, h, keys, &sealed), packet);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct crypto *c;
    struct rd r = RD(data, size);
    struct secpkt_header h = {.tar = {0xB0, 0, 0}};
    struct secpkt_keys keys;
    uint8_t selector, *block;

    if (c == NULL)
        c = crypto_new();
    require(c != NULL);
    if (rd_u8(&r, &selector) != ERR_OK)
        return 0;
    if ((selector & 1) != 0 && (rd_copy(&r, h.spi, 2) != ERR_OK || rd_u8(&r, &h.kic) != ERR_OK ||
                                rd_u8(&r, &h.kid) != ERR_OK))
        return 0;
    keys = keys_by(selector);
    block = malloc(2 * r.left + 1);
    require(block != NULL);
    if (selector & 1)
        response(c, r, &h, &keys, block);
    else
        command(c, r, &keys, block);
    free(block);
    return 0;
}
