#include "uicc/sim/sim.h"

#include "uicc/fs/tree.h"
#include "uicc/pin/pin.h"

#define TYPE_MF 0x01
#define TYPE_DF 0x02
#define TYPE_EF 0x04

#define REFERENCE_CHV1 0x01
#define REFERENCE_CHV2 0x81
#define CHV_CODES      4 /* CHV1, CHV2 and their UNBLOCK values */

#define DF_REST         9
#define EF_REST         2
#define CLOCK_STOP      0x01
#define CHV1_DISABLED   0x80
#define INITIALISED     0x80
#define MAY_INCREASE    0x40
#define STATUS_VALID    0x01
#define STATUS_READABLE 0x04

/* ---- MF and DF ---- */

static void count_children(const struct card *card, uint16_t df, uint8_t *dfs, uint8_t *efs)
{
    for (uint16_t n = fs_next(card, NODE_MF); n != NODE_NONE; n = fs_next(card, n)) {
        const struct fs_file *f = fs_file(card, n);
        uint8_t *counter = f->kind == FS_DF ? dfs : efs;

        /* Applications of the UICC do not exist here. */
        if (f->parent == df && f->kind != FS_ADF && *counter < 0xFF)
            ++*counter;
    }
}

static void write_chv(const struct card *card, uint8_t reference, struct wr *w)
{
    struct pin_state pin;

    if (pin_read(card, reference, &pin) != ERR_OK) {
        wr_u16(w, 0);
        return;
    }
    wr_u8(w, (uint8_t)(INITIALISED | (pin.tries & 0x0F)));
    wr_u8(w, (uint8_t)(INITIALISED | (pin.unblock_tries & 0x0F)));
}

static void describe_df(const struct card *card, uint16_t node, struct wr *w)
{
    uint32_t free_memory = card_free_memory(card);
    uint8_t dfs = 0, efs = 0, characteristics = CLOCK_STOP;
    struct pin_state chv1;

    if (pin_read(card, REFERENCE_CHV1, &chv1) == ERR_OK && !chv1.enabled)
        characteristics |= CHV1_DISABLED;
    count_children(card, node, &dfs, &efs);
    wr_u16(w, 0);
    wr_u16(w, (uint16_t)(free_memory > 0xFFFF ? 0xFFFF : free_memory));
    wr_u16(w, fs_file(card, node)->fid);
    wr_u8(w, node == NODE_MF ? TYPE_MF : TYPE_DF);
    wr_fill(w, 0, 5);
    wr_u8(w, DF_REST);
    wr_u8(w, characteristics);
    wr_u8(w, dfs);
    wr_u8(w, efs);
    wr_u8(w, CHV_CODES);
    wr_u8(w, 0);
    write_chv(card, REFERENCE_CHV1, w);
    write_chv(card, REFERENCE_CHV2, w);
}

/* ---- EF ---- */

/* Access condition of TS 51.011 7.3. What has no level of its own there is said as ADM. */
static uint8_t level(const struct card *card, uint16_t node, enum fs_access access)
{
    struct fs_decision d = fs_decide(card, node, access);
    uint32_t adm = d.keys / PIN_BIT_ADM1;

    switch (d.kind) {
    case FS_DECIDE_ALWAYS:
        return 0x0;
    case FS_DECIDE_NEVER:
    case FS_DECIDE_SILENT:
        return 0xF;
    default:
        break;
    }
    if ((d.keys & pin_bit(REFERENCE_CHV1)) != 0)
        return 0x1;
    if ((d.keys & pin_bit(REFERENCE_CHV2)) != 0)
        return 0x2;
    return (adm & 1) != 0 || adm == 0 ? 0x4 : 0x5;
}

static uint8_t levels(const struct card *card, uint16_t node, enum fs_access high,
                      enum fs_access low)
{
    return (uint8_t)(level(card, node, high) << 4 | level(card, node, low));
}

static uint8_t structure(const struct fs_file *f)
{
    switch (f->kind) {
    case FS_LINEAR:
        return 0x01;
    case FS_CYCLIC:
        return 0x03;
    default:
        return 0x00;
    }
}

static void describe_ef(const struct card *card, uint16_t node, struct wr *w)
{
    const struct fs_file *f = fs_file(card, node);
    bool cyclic = f->kind == FS_CYCLIC;
    uint8_t increase = cyclic ? level(card, node, FS_INCREASE) : 0xF;
    uint8_t status = fs_lcs(card, node) == FS_LCS_ACTIVATED ? STATUS_VALID : 0;

    if ((f->flags & FS_WHEN_DEACTIVATED) != 0)
        status |= STATUS_READABLE;
    wr_u16(w, 0);
    wr_u16(w, (uint16_t)f->size);
    wr_u16(w, f->fid);
    wr_u8(w, TYPE_EF);
    wr_u8(w, cyclic && increase != 0xF ? MAY_INCREASE : 0);
    wr_u8(w, levels(card, node, FS_READ, FS_UPDATE));
    wr_u8(w, (uint8_t)(increase << 4 | 0xF));
    wr_u8(w, levels(card, node, FS_ACTIVATE, FS_DEACTIVATE));
    wr_u8(w, status);
    wr_u8(w, EF_REST);
    wr_u8(w, structure(f));
    wr_u8(w, (uint8_t)f->record_len);
}

void sim_describe(const struct card *card, uint16_t node, struct wr *w)
{
    if (fs_is_df(card, node))
        describe_df(card, node, w);
    else
        describe_ef(card, node, w);
}
