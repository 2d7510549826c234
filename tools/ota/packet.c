#include "tools/ota/packet.h"
#include "apdu/sms.h"

#include <stdio.h>

#define CHL_NONE 0x0D /* SPI KIc KID TAR CNTR PCNTR */
#define RHL_NONE 0x0A /* TAR CNTR PCNTR RSC */

static const struct {
    enum secpkt_algorithm algorithm;
    size_t key_lens[3];
} algorithms[] = {
    {SECPKT_AES, {16, 24, 32}},
    {SECPKT_3DES2, {16}},
    {SECPKT_3DES3, {24}},
    {SECPKT_DES, {8}},
};

bool packet_algorithm(uint8_t byte, enum secpkt_algorithm *out)
{
    for (size_t i = 0; i < ARRAY_LEN(algorithms); i++) {
        if ((byte & 0x0F) == secpkt_nibble(algorithms[i].algorithm)) {
            *out = algorithms[i].algorithm;
            return true;
        }
    }
    return false;
}

bool packet_key_fits(enum secpkt_algorithm a, size_t key_len)
{
    for (size_t i = 0; i < ARRAY_LEN(algorithms); i++) {
        for (size_t j = 0; algorithms[i].algorithm == a && j < 3; j++) {
            if (key_len && algorithms[i].key_lens[j] == key_len)
                return true;
        }
    }
    return false;
}

/* What is wrong with a key that KIc or KID asks for; false: nothing. */
static bool explain_key(const char *field, const char *option, uint8_t byte,
                        const struct secret *key, char *text, size_t cap)
{
    enum secpkt_algorithm a;

    if (!packet_algorithm(byte, &a))
        (void)snprintf(text, cap, "%s %02X names no algorithm that is known", field, byte);
    else if (key->len == 0)
        (void)snprintf(text, cap, "%s %02X needs a key: --%s", field, byte, option);
    else if (!packet_key_fits(a, key->len))
        (void)snprintf(text, cap, "--%s has %u bytes, %s %02X (%s) wants %s", option,
                       (unsigned)key->len, field, byte, secpkt_algorithm_text(a, SECPKT_CC_LEN),
                       a == SECPKT_AES     ? "16, 24 or 32"
                       : a == SECPKT_DES   ? "8"
                       : a == SECPKT_3DES2 ? "16"
                                           : "24");
    else
        return false;
    return true;
}

void packet_explain(enum err e, const struct secpkt_header *h, const struct secpkt_keys *keys,
                    char *text, size_t cap)
{
    bool ciphered = (h->spi[0] & SPI1_CIPHER) != 0;
    bool signs = (h->spi[0] & SPI1_CHECK_MASK) == SPI1_CHECK_CC;

    if (e == ERR_MAC)
        (void)snprintf(text, cap, "the checksum does not match: another --kid-key%s, or altered",
                       ciphered ? " or --kic-key" : "");
    else if (e != ERR_KEY && e != ERR_UNSUPPORTED)
        (void)snprintf(text, cap, "%s", err_text(e));
    else if ((!ciphered || !explain_key("KIc", "kic-key", h->kic, &keys->kic.key, text, cap)) &&
             (!signs || !explain_key("KID", "kid-key", h->kid, &keys->kid.key, text, cap)))
        (void)snprintf(text, cap, "%s%s", err_text(e),
                       e == ERR_KEY ? " (3DES with two equal keys is DES)" : "");
}

enum err packet_open_command(struct crypto *c, struct rd packet, struct secpkt_keys *keys,
                             struct wr *work, struct secpkt_command *out)
{
    struct secpkt_header header;
    enum err e = secpkt_peek_command(packet, &header);

    if (e != ERR_OK)
        return e;
    packet_algorithm(header.kic, &keys->kic.algorithm);
    packet_algorithm(header.kid, &keys->kid.algorithm);
    return secpkt_open_command(c, packet, keys, work, out);
}

static enum err try_response(struct crypto *c, struct rd packet, struct secpkt_header *header,
                             struct secpkt_keys *keys, struct wr *work, struct secpkt_response *out)
{
    packet_algorithm(header->kic, &keys->kic.algorithm);
    packet_algorithm(header->kid, &keys->kid.algorithm);
    work->len = 0;
    return secpkt_open_response(c, packet, header, keys, work, out);
}

/* Nibbles of KIc and KID that the length of the key allows; 0 when there is no key. */
static size_t nibbles_for(const struct secret *key, uint8_t nibbles[4])
{
    size_t n = 0;

    for (size_t i = 0; i < ARRAY_LEN(algorithms); i++) {
        if (packet_key_fits(algorithms[i].algorithm, key->len))
            nibbles[n++] = secpkt_nibble(algorithms[i].algorithm);
    }
    return n;
}

/* Protected ways first: a packet is believed to be plain only when nothing else opens it. */
static const uint8_t ways[] = {
    SPI2_CHECK_CC | SPI2_CIPHER, SPI2_CHECK_CC, SPI2_CHECK_RC | SPI2_CIPHER, SPI2_CHECK_RC, 0,
};

static enum err guess(struct crypto *c, struct rd packet, struct secpkt_header *header,
                      struct secpkt_keys *keys, struct wr *work, struct secpkt_response *out)
{
    static const uint8_t rc_nibbles[] = {1, 5};
    uint8_t kics[4] = {0}, kids[4 + 2] = {0};
    size_t kic_count = nibbles_for(&keys->kic.key, kics);
    size_t kid_count = nibbles_for(&keys->kid.key, kids);
    enum err last = ERR_MAC;

    kids[kid_count++] = rc_nibbles[0];
    kids[kid_count++] = rc_nibbles[1];
    for (size_t way = 0; way < ARRAY_LEN(ways); way++) {
        for (size_t i = 0; i < (kic_count ? kic_count : 1); i++) {
            for (size_t j = 0; j < kid_count; j++) {
                *header =
                    (struct secpkt_header){.spi = {0, ways[way]}, .kic = kics[i], .kid = kids[j]};
                last = try_response(c, packet, header, keys, work, out);
                if (last == ERR_OK && (out->authenticated || ways[way] == 0))
                    return ERR_OK;
            }
        }
    }
    return last == ERR_OK ? ERR_MAC : last;
}

enum err packet_open_response(struct crypto *c, struct rd packet, bool given,
                              struct secpkt_header *header, struct secpkt_keys *keys,
                              struct wr *work, struct secpkt_response *out)
{
    return given ? try_response(c, packet, header, keys, work, out)
                 : guess(c, packet, header, keys, work, out);
}

/* CHL and RHL differ by the length of SPI, KIc and KID, less than a checksum is long. */
enum err packet_is_command(struct rd packet, bool *command)
{
    static const uint8_t check_lens[] = {0, 2, 4, 8};
    uint16_t length;
    uint8_t header_len;

    if (rd_u16(&packet, &length) != ERR_OK || length != packet.left ||
        rd_u8(&packet, &header_len) != ERR_OK)
        return ERR_FORMAT;
    for (size_t i = 0; i < ARRAY_LEN(check_lens); i++) {
        if (header_len == CHL_NONE + check_lens[i] || header_len == RHL_NONE + check_lens[i]) {
            *command = header_len == CHL_NONE + check_lens[i];
            return ERR_OK;
        }
    }
    return ERR_FORMAT;
}

/* A packet begins with its own length; what does not is a TP-UD with a header. */
static bool has_udh(struct rd part)
{
    bool command;

    return packet_is_command(part, &command) != ERR_OK;
}

static enum err join_numbered(const struct rd *parts, size_t count, struct wr *packet)
{
    for (unsigned number = 1; number <= count; number++) {
        bool found = false;

        for (size_t i = 0; i < count && !found; i++) {
            struct sms_udh udh;
            struct rd rest;

            if (sms_read_udh(parts[i], &udh, &rest) != ERR_OK || udh.total != count)
                return ERR_FORMAT;
            found = udh.sequence == number;
            if (found)
                wr_rd(packet, rest);
        }
        if (!found)
            return ERR_FORMAT;
    }
    return wr_result(packet);
}

enum err packet_join(const struct rd *parts, size_t count, struct wr *packet)
{
    struct sms_udh udh = {.concatenated = false};
    struct rd rest;

    if (count > 1)
        return join_numbered(parts, count, packet);
    rest = parts[0];
    if (has_udh(parts[0]) && sms_read_udh(parts[0], &udh, &rest) != ERR_OK)
        return ERR_FORMAT;
    if (udh.concatenated && udh.total > 1)
        return ERR_FORMAT;
    wr_rd(packet, rest);
    return wr_result(packet);
}
