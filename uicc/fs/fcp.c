/*
 * FCP template, TS 102 221 11.1.1.3: computed from the file's row, nothing is stored.
 */
#include "uicc/fs/template.h"
#include "uicc/fs/tree.h"

#include "apdu/tlv.h"
#include "uicc/pin/pin.h"

#define CHARACTERISTICS     0x71 /* clock stop allowed; 5 V, 3 V, 1.8 V */
#define TERMINAL_CAPABILITY 0x01
#define NOT_SHAREABLE_MASK  0xBF
#define INTERNAL_BIT        0x08
#define DATA_CODING         0x21
#define FILL                0xFF

static const uint8_t descriptors[] = {
    [FS_MF] = 0x78,     [FS_DF] = 0x78,     [FS_ADF] = 0x78,     [FS_TRANSPARENT] = 0x41,
    [FS_LINEAR] = 0x42, [FS_CYCLIC] = 0x46, [FS_BER_TLV] = 0x79,
};

static void write_descriptor(struct wr *w, const struct fs_file *f)
{
    uint8_t byte = descriptors[f->kind];
    bool records = f->kind == FS_LINEAR || f->kind == FS_CYCLIC;

    if ((f->flags & FS_NOT_SHAREABLE) != 0)
        byte &= NOT_SHAREABLE_MASK;
    if ((f->flags & FS_INTERNAL) != 0 && f->kind != FS_BER_TLV)
        byte |= INTERNAL_BIT;
    wr_u8(w, FCP_DESCRIPTOR);
    wr_u8(w, records ? 5 : 2);
    wr_u8(w, byte);
    wr_u8(w, DATA_CODING);
    if (records) {
        wr_u16(w, f->record_len);
        wr_u8(w, f->record_count);
    }
}

/* As few bytes as hold it. */
static void write_memory(struct wr *w, uint8_t tag, uint32_t bytes)
{
    const uint8_t v[4] = {(uint8_t)(bytes >> 24), (uint8_t)(bytes >> 16), (uint8_t)(bytes >> 8),
                          (uint8_t)bytes};
    size_t zeros = 0;

    while (zeros < 2 && v[zeros] == 0)
        zeros++;
    tlv_write(w, tag, RD(v + zeros, sizeof v - zeros));
}

static void write_df_properties(struct wr *w, const struct card *card)
{
    size_t mark = tlv_open(w, FCP_PROPRIETARY);

    tlv_write_u8(w, FCP_CHARACTERISTICS, CHARACTERISTICS);
    write_memory(w, FCP_FREE_MEMORY, card_free_memory(card));
    tlv_write_u8(w, FCP_COMMANDS, TERMINAL_CAPABILITY);
    tlv_close(w, mark);
}

/* Files of the profile say what special there is and what fills them, as cards in the field do; a
 * file made later says what its template said. */
static void write_ef_properties(struct wr *w, const struct card *card, uint16_t node)
{
    const struct fs_file *f = fs_file(card, node);
    bool of_profile = node < card->profile->file_count;
    uint8_t special = (uint8_t)(((f->flags & FS_HIGH_UPDATE) != 0 ? 0x80 : 0) |
                                ((f->flags & FS_WHEN_DEACTIVATED) != 0 ? 0x40 : 0));
    size_t mark;

    if (special == 0 && f->kind != FS_BER_TLV && !of_profile)
        return;
    mark = tlv_open(w, FCP_PROPRIETARY);
    if (f->kind == FS_BER_TLV) {
        wr_u8(w, FCP_MAX_SIZE);
        wr_u8(w, 4);
        wr_u32(w, f->size);
    }
    if (special != 0 || of_profile)
        tlv_write_u8(w, FCP_SPECIAL, special);
    if (of_profile && f->kind != FS_BER_TLV)
        tlv_write_u8(w, FCP_FILLING, FILL);
    tlv_close(w, mark);
}

static void write_security(struct wr *w, const struct card *card, uint16_t node)
{
    const struct fs_file *f = fs_file(card, node);
    struct rd attribute = fs_security(card, node);

    if (attribute.left > 0) {
        wr_rd(w, attribute);
        return;
    }
    wr_u8(w, FCP_REFERENCED);
    wr_u8(w, 3);
    wr_u16(w, f->arr_fid);
    wr_u8(w, f->arr_record);
}

static void write_size(struct wr *w, const struct card *card, uint16_t node)
{
    const struct fs_file *f = fs_file(card, node);
    size_t size = f->kind == FS_BER_TLV ? fs_body(card, node).left : f->size;

    wr_u8(w, FCP_SIZE);
    wr_u8(w, 2);
    wr_u16(w, (uint16_t)size);
}

static void write_sfi(struct wr *w, const struct fs_file *f)
{
    if (f->sfi == 0)
        tlv_write(w, FCP_SFI, RD(NULL, 0));
    else
        tlv_write_u8(w, FCP_SFI, (uint8_t)(f->sfi << 3));
}

static void write_pin_status(struct wr *w, const struct card *card, uint16_t node)
{
    size_t mark = tlv_open(w, FCP_PIN_STATUS);

    pin_write_status(card, fs_application(card, node) != NODE_NONE, w);
    tlv_close(w, mark);
}

void fs_fcp_write(struct wr *w, const struct card *card, uint16_t node)
{
    const struct fs_file *f = fs_file(card, node);
    bool df = f->kind <= FS_ADF;
    size_t mark = tlv_open(w, FCP_TEMPLATE);

    write_descriptor(w, f);
    wr_u8(w, FCP_FID);
    wr_u8(w, 2);
    wr_u16(w, f->fid);
    if (f->kind == FS_ADF)
        tlv_write(w, FCP_DF_NAME, RD(f->aid, f->aid_len));
    if (df)
        write_df_properties(w, card);
    else
        write_ef_properties(w, card, node);
    tlv_write_u8(w, FCP_LCS, fs_lcs(card, node));
    write_security(w, card, node);
    if (df) {
        write_pin_status(w, card, node);
        if (f->kind == FS_MF)
            write_memory(w, FCP_TOTAL_SIZE, (uint32_t)card->store.journal.medium.bank_size);
    } else {
        write_size(w, card, node);
        write_sfi(w, f);
    }
    tlv_close(w, mark);
}
