/*
 * Numbers are big-endian. The header is written once, after the image is durable.
 *
 *      0  magic            "RESEATUC"
 *      8  version (4)      1
 *     12  profile_len (4)
 *     16  profile_offset (8)
 *     24  bank_offset[0] (8)   multiples of 4096, so that no page holds parts of two areas
 *     32  bank_offset[1] (8)
 *     40  bank_size (8)
 *     48  profile_hash (32)
 *     80  CRC-32 of the bytes above (4)
 *     84  zeros
 *    256  profile image
 *         bank 0: journal.c
 *         bank 1
 */
#include "uicc/nvm/medium.h"

#include "apdu/crc.h"

#include <string.h>

#define HEADER_LEN     84U
#define PROFILE_OFFSET 256U
#define PAGE           4096U
#define VERSION        1U

static const uint8_t magic[8] = "RESEATUC";
_Static_assert(HEADER_LEN <= PROFILE_OFFSET, "the image follows the header");
_Static_assert(HEADER_LEN == 48 + MEDIUM_HASH_LEN + 4, "as drawn");

static uint64_t page_up(uint64_t n)
{
    return (n + PAGE - 1) / PAGE * PAGE;
}

static void lay_out(struct medium *m, size_t profile_len, uint64_t bank_size)
{
    m->profile_offset = PROFILE_OFFSET;
    m->profile_len = (uint32_t)profile_len;
    m->bank_size = bank_size;
    m->bank_offset[0] = page_up(PROFILE_OFFSET + (uint64_t)profile_len);
    m->bank_offset[1] = page_up(m->bank_offset[0] + bank_size);
}

uint64_t medium_size(size_t profile_len, uint64_t bank_size)
{
    struct medium m;

    lay_out(&m, profile_len, bank_size);
    return m.bank_offset[1] + bank_size;
}

static void write_header(struct wr *w, const struct medium *m)
{
    wr_bytes(w, magic, sizeof magic);
    wr_u32(w, VERSION);
    wr_u32(w, m->profile_len);
    wr_u64(w, m->profile_offset);
    wr_u64(w, m->bank_offset[0]);
    wr_u64(w, m->bank_offset[1]);
    wr_u64(w, m->bank_size);
    wr_bytes(w, m->profile_hash, sizeof m->profile_hash);
    wr_u32(w, crc_32_update(0, RD_WR(w)));
}

/* An old head in a bank could be taken for one of this card. */
static enum err forget_banks(struct nvm_device *dev, const struct medium *m)
{
    static const uint8_t zeros[MEDIUM_BANK_MIN];
    enum err e = dev->write(dev->context, m->bank_offset[0], zeros, sizeof zeros);

    return e != ERR_OK ? e : dev->write(dev->context, m->bank_offset[1], zeros, sizeof zeros);
}

enum err medium_format(struct nvm_device *dev, struct rd profile_image,
                       const uint8_t hash[MEDIUM_HASH_LEN], uint64_t bank_size)
{
    uint8_t header[HEADER_LEN];
    struct wr w = WR_ARRAY(header);
    struct medium m;
    enum err e;

    if (bank_size < MEDIUM_BANK_MIN || bank_size > MEDIUM_BANK_MAX || bank_size % 4 != 0)
        return ERR_RANGE;
    if (profile_image.left > UINT32_MAX || medium_size(profile_image.left, bank_size) > dev->size)
        return ERR_SPACE;
    lay_out(&m, profile_image.left, bank_size);
    memcpy(m.profile_hash, hash, sizeof m.profile_hash);
    write_header(&w, &m);
    e = forget_banks(dev, &m);
    if (e == ERR_OK && profile_image.left > 0)
        e = dev->write(dev->context, m.profile_offset, profile_image.at, profile_image.left);
    if (e == ERR_OK)
        e = dev->sync(dev->context);
    if (e == ERR_OK)
        e = dev->write(dev->context, 0, header, sizeof header);
    return e != ERR_OK ? e : dev->sync(dev->context);
}

/* The checksum holds, so this only guards against a medium that was cut short and against a
 * header that was made to harm. */
static bool plausible(const struct medium *m, uint64_t size)
{
    return m->bank_size >= MEDIUM_BANK_MIN && m->bank_size <= MEDIUM_BANK_MAX &&
           m->profile_offset >= HEADER_LEN && m->profile_offset <= size &&
           m->profile_len <= size - m->profile_offset &&
           m->bank_offset[0] >= m->profile_offset + m->profile_len &&
           m->bank_offset[1] >= m->bank_offset[0] && m->bank_offset[1] <= size &&
           m->bank_offset[1] - m->bank_offset[0] >= m->bank_size &&
           size - m->bank_offset[1] >= m->bank_size;
}

static enum err read_fields(struct rd *r, struct medium *m)
{
    enum err e = rd_u32(r, &m->profile_len);

    if (e == ERR_OK)
        e = rd_u64(r, &m->profile_offset);
    if (e == ERR_OK)
        e = rd_u64(r, &m->bank_offset[0]);
    if (e == ERR_OK)
        e = rd_u64(r, &m->bank_offset[1]);
    if (e == ERR_OK)
        e = rd_u64(r, &m->bank_size);
    return e != ERR_OK ? e : rd_copy(r, m->profile_hash, sizeof m->profile_hash);
}

enum err medium_open(struct nvm_device *dev, struct medium *out)
{
    uint8_t header[HEADER_LEN];
    struct rd r = RD_ARRAY(header), found;
    uint32_t version, crc;
    struct medium m;
    enum err e;

    if (dev->size < HEADER_LEN)
        return ERR_FORMAT;
    e = dev->read(dev->context, 0, header, sizeof header);
    if (e != ERR_OK)
        return e;
    if (rd_take(&r, sizeof magic, &found) != ERR_OK || !rd_equal(found, RD_ARRAY(magic)))
        return ERR_FORMAT;
    if (rd_u32(&r, &version) != ERR_OK || version != VERSION)
        return ERR_UNSUPPORTED;
    if (read_fields(&r, &m) != ERR_OK || rd_u32(&r, &crc) != ERR_OK)
        return ERR_CORRUPT;
    if (crc != crc_32_update(0, RD(header, HEADER_LEN - 4)) || !plausible(&m, dev->size))
        return ERR_CORRUPT;
    *out = m;
    return ERR_OK;
}
