#include "test/support/packets.h"
#include "test/support/runner.h"

#include <string.h>

#define UDH_LEN 3 /* 02 71 00 before the response packets of the file */

void packets_open(struct packets *p)
{
    *p = (struct packets){.crypto = crypto_new()};
    ck_assert_ptr_nonnull(p->crypto);
    p->file = vectors_open("test/vectors/ota-102225.csv");
}

void packets_close(struct packets *p)
{
    vectors_close(p->file);
    crypto_free(&p->crypto);
}

size_t packets_count(const struct packets *p)
{
    return vectors_count(p->file);
}

struct secpkt_key packets_key(const char *hex, uint8_t kic_or_kid)
{
    static const uint8_t by_nibble[16] = {
        [1] = SECPKT_DES, [5] = SECPKT_3DES2, [9] = SECPKT_3DES3, [2] = SECPKT_AES};
    struct secpkt_key k = {.algorithm = by_nibble[kic_or_kid & 0x0F]};

    ck_assert_int_eq(secret_from_hex(&k.key, hex), ERR_OK);
    return k;
}

static uint8_t byte_of(struct vectors *v, size_t row, const char *column)
{
    uint8_t b = 0;

    ck_assert_uint_le(vectors_bytes(v, row, column, &b, 1), 1);
    return b;
}

struct packets_row *packets_load(struct packets *p, size_t index)
{
    struct packets_row *row = &p->row;
    struct vectors *v = p->file;
    uint8_t counter[5];
    struct rd counter_rd = RD_ARRAY(counter);
    size_t n;

    memset(row, 0, sizeof *row);
    row->id = vectors_text(v, index, "id");
    row->is_command = strcmp(vectors_text(v, index, "dir"), "cmd") == 0;
    row->plain = vectors_text(v, index, "plain_from_cntr");
    vectors_bytes(v, index, "spi", row->header.spi, 2);
    row->header.kic = byte_of(v, index, "kic");
    row->header.kid = byte_of(v, index, "kid");
    vectors_bytes(v, index, "tar", row->header.tar, 3);
    vectors_bytes(v, index, "cntr", counter, 5);
    ck_assert_int_eq(rd_u40(&counter_rd, &row->counter), ERR_OK);
    row->rsc = byte_of(v, index, "rsc");
    row->keys.kic = packets_key(vectors_text(v, index, "kic_key"), row->header.kic);
    row->keys.kid = packets_key(vectors_text(v, index, "kid_key"), row->header.kid);
    row->keys.cc_len = SECPKT_CC_LEN;
    n = vectors_bytes(v, index, "data", row->data_bytes, sizeof row->data_bytes);
    row->data = RD(row->data_bytes, n);
    n = vectors_bytes(v, index, "packet", row->packet_bytes, sizeof row->packet_bytes);
    row->packet = RD(row->packet_bytes, n);
    if (row->is_command) {
        row->has_check = (row->header.spi[0] & SPI1_CHECK_MASK) != 0;
        row->ciphered = (row->header.spi[0] & SPI1_CIPHER) != 0;
    } else {
        row->packet = RD(row->packet_bytes + UDH_LEN, n - UDH_LEN);
        row->has_check = (row->header.spi[1] & SPI2_CHECK_MASK) != 0;
        row->ciphered = (row->header.spi[1] & SPI2_CIPHER) != 0;
    }
    return row;
}

enum err packets_seal(struct packets *p, const struct packets_row *row, struct wr *w)
{
    struct secpkt_command command = {row->header, row->counter, row->data};
    struct secpkt_response response = {.counter = row->counter, .rsc = row->rsc, .data = row->data};

    memcpy(response.tar, row->header.tar, 3);
    return row->is_command
               ? secpkt_seal_command(p->crypto, &command, &row->keys, w)
               : secpkt_seal_response(p->crypto, &response, &row->header, &row->keys, w);
}

enum err packets_judge(struct packets *p, const struct packets_row *row, struct rd bytes)
{
    uint8_t block[256];
    struct wr work = WR_ARRAY(block);
    struct secpkt_command command;
    struct secpkt_response response;

    return row->is_command
               ? secpkt_open_command(p->crypto, bytes, &row->keys, &work, &command)
               : secpkt_open_response(p->crypto, bytes, &row->header, &row->keys, &work, &response);
}
