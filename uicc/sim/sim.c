#include "uicc/sim/sim.h"

#include "apdu/ids.h"
#include "uicc/applet/toolkit.h"
#include "uicc/core/handlers.h"
#include "uicc/fs/tree.h"
#include "uicc/pin/pin.h"
#include "uicc/usim/usim.h"

#include <openssl/crypto.h>
#include <string.h>

#define INS_VERIFY  0x20
#define INS_CHANGE  0x24
#define INS_DISABLE 0x26
#define INS_ENABLE  0x28
#define INS_UNBLOCK 0x2C

#define FID_ADF        0x7FFF
#define SELECT_NO_DATA 0x0C
#define REFERENCE_CHV1 0x01
#define REFERENCE_CHV2 0x81

/* ---- status words ---- */

/* TS 51.011 9.4. What is not here is the same in both worlds. */
static const struct {
    uint16_t uicc, sim;
} statuses[] = {
    {SW_DEACTIVATED_V, 0x9000}, {SW_TERMINATED_V, 0x9000},
    {SW_WARNING_V, 0x9000},     {SW_END_OF_FILE_V, 0x9404},
    {SW_MEMORY_V, 0x9240},      {SW_SPACE_V, 0x9240},
    {SW_NO_EF_V, 0x9400},       {SW_OFFSET_V, 0x9402},
    {SW_RECORD_V, 0x9402},      {SW_NOT_FOUND_V, 0x9404},
    {SW_STRUCTURE_V, 0x9408},   {SW_REFERENCE_V, 0x9802},
    {SW_SECURITY_V, 0x9804},    {SW_INVALIDATED_V, 0x9808},
    {SW_CONDITIONS_V, 0x9810},  {SW_BLOCKED_V, 0x9840},
    {SW_P1P2_V, 0x6B00},        {SW_LC_P1P2_V, 0x6700},
    {SW_BAD_DATA_V, 0x9804},    {SW_FUNCTION_V, 0x6D00},
    {SW_CHANNEL_V, 0x6E00},     {SW_SECURE_MESSAGING_V, 0x6E00},
};

static bool is_chv(uint8_t ins)
{
    return ins == INS_VERIFY || ins == INS_CHANGE || ins == INS_DISABLE || ins == INS_ENABLE ||
           ins == INS_UNBLOCK;
}

sw_t sim_status(const struct apdu *cmd, sw_t sw)
{
    if ((sw.v & 0xFFF0) == 0x63C0)
        return (sw.v & 0x0F) == 0 ? SW(0x9840) : SW(0x9804);
    if (cmd->ins == INS_ENVELOPE && sw_equal(sw, SW_WARNING))
        return sw; /* with data that waits it becomes 9EXX */
    if (sw.v >> 8 == 0x6C)
        return SW(SW_WRONG_LENGTH_V | (sw.v & 0xFF));
    /* "In contradiction with CHV status", not with the state of a file. */
    if (is_chv(cmd->ins) && sw_equal(sw, SW_CONDITIONS))
        return SW(0x9808);
    for (size_t i = 0; i < ARRAY_LEN(statuses); i++) {
        if (statuses[i].uicc == sw.v)
            return SW(statuses[i].sim);
    }
    return sw;
}

/* ---- files ---- */

sw_t sim_cmd_select(struct card *card, struct exec *x)
{
    struct apdu uicc = *x->cmd;
    struct exec inner = *x;
    struct rd data = x->cmd->data;
    uint16_t fid = 0;
    sw_t sw;

    if (x->cmd->p1 != 0 || x->cmd->p2 != 0)
        return SW_P1P2;
    if (data.left != 2 || rd_u16(&data, &fid) != ERR_OK)
        return SW_WRONG_LENGTH;
    if (fid == FID_ADF)
        return SW_NOT_FOUND;
    uicc.p2 = SELECT_NO_DATA;
    inner.cmd = &uicc;
    sw = fs_cmd_select(card, &inner);
    if (!sw_is_success(sw) && !sw_is_warning(sw))
        return sw;
    sim_describe(card, x->ch->ef != NODE_NONE ? x->ch->ef : x->ch->df, x->out);
    return SW_OK;
}

sw_t sim_cmd_status(struct card *card, struct exec *x)
{
    enum err e = x->remote ? ERR_OK : applet_polled(card);

    if (x->cmd->p1 != 0 || x->cmd->p2 != 0)
        return SW_P1P2;
    if (e != ERR_OK)
        return sw_from_err(e);
    sim_describe(card, x->ch->df, x->out);
    return SW_OK;
}

/* There are no SFIs: 15 bits of offset are all that P1 P2 can say. */
static sw_t no_sfi(const struct exec *x)
{
    return (x->cmd->p1 & 0x80) != 0 ? SW_P1P2 : SW_OK;
}

sw_t sim_cmd_read_binary(struct card *card, struct exec *x)
{
    sw_t sw = no_sfi(x);

    if (sw_equal(sw, SW_OK))
        sw = fs_cmd_read_binary(card, x);
    /* Too much is out of range here, not a wrong length (TS 51.011 9.4.4). */
    if (sw_equal(sw, SW_OK) && x->cmd->p3 != 0 && x->out->len < x->cmd->p3)
        return SW_OFFSET;
    return sw;
}

sw_t sim_cmd_update_binary(struct card *card, struct exec *x)
{
    sw_t sw = no_sfi(x);

    if (sw_equal(sw, SW_OK))
        sw = fs_cmd_update_binary(card, x);
    return sw_equal(sw, SW_WRONG_LENGTH) && x->cmd->data.left > 0 ? SW_OFFSET : sw;
}

/* P2 is a mode and nothing else. */
static sw_t check_mode(const struct exec *x)
{
    return x->cmd->p2 >> 3 != 0 ? SW_P1P2 : SW_OK;
}

sw_t sim_cmd_read_record(struct card *card, struct exec *x)
{
    sw_t sw = check_mode(x);

    return sw_equal(sw, SW_OK) ? fs_cmd_read_record(card, x) : sw;
}

sw_t sim_cmd_update_record(struct card *card, struct exec *x)
{
    sw_t sw = check_mode(x);

    return sw_equal(sw, SW_OK) ? fs_cmd_update_record(card, x) : sw;
}

sw_t sim_cmd_increase(struct card *card, struct exec *x)
{
    if (x->cmd->p1 != 0 || x->cmd->p2 != 0)
        return SW_P1P2;
    return x->cmd->data.left == 3 ? fs_cmd_increase(card, x) : SW_WRONG_LENGTH;
}

/* ---- SEEK ---- */

#define SEEK_TYPE_2      0x10 /* answers the record number */
#define SEEK_MODE        0x0F
#define SEEK_FROM_START  0x00
#define SEEK_FROM_END    0x01
#define SEEK_NEXT        0x02
#define SEEK_PREVIOUS    0x03
#define SEEK_PATTERN_MAX 16U

/* First record that begins with the pattern, 0 for none. */
static uint8_t seek(const struct card *card, const struct channel *ch, uint8_t mode,
                    struct rd pattern)
{
    uint8_t count = fs_file(card, ch->ef)->record_count;
    bool backward = mode == SEEK_FROM_END || mode == SEEK_PREVIOUS;
    unsigned number = backward ? count : 1U;
    struct rd record;

    if (mode == SEEK_NEXT)
        number = ch->record + 1U;
    else if (mode == SEEK_PREVIOUS && ch->record != 0)
        number = ch->record - 1U;
    for (; number >= 1 && number <= count; number = backward ? number - 1 : number + 1) {
        if (fs_record(card, ch->ef, (uint8_t)number, &record) == ERR_OK &&
            pattern.left <= record.left && memcmp(record.at, pattern.at, pattern.left) == 0)
            return (uint8_t)number;
    }
    return 0;
}

sw_t sim_cmd_seek(struct card *card, struct exec *x)
{
    uint8_t mode = x->cmd->p2 & SEEK_MODE, type = x->cmd->p2 & 0xF0, number;
    sw_t sw;

    if (x->cmd->p1 != 0 || mode > SEEK_PREVIOUS || (type != 0 && type != SEEK_TYPE_2))
        return SW_P1P2;
    if (x->ch->ef == NODE_NONE)
        return SW_NO_EF;
    if (fs_file(card, x->ch->ef)->kind != FS_LINEAR)
        return SW_STRUCTURE;
    if (x->cmd->data.left == 0 || x->cmd->data.left > SEEK_PATTERN_MAX)
        return SW_WRONG_LENGTH;
    sw = access_check(card, x, x->ch->ef, FS_READ);
    if (!sw_equal(sw, SW_OK))
        return sw;
    number = seek(card, x->ch, mode, x->cmd->data);
    if (number == 0)
        return SW_NOT_FOUND;
    x->ch->record = number;
    if (type == SEEK_TYPE_2)
        wr_u8(x->out, number);
    return SW_OK;
}

/* ---- CHV ---- */

/* Which key P2 means: UNBLOCK calls CHV1 00, the others 01. 0 for none. */
static uint8_t chv_reference(const struct apdu *c)
{
    if (c->p2 == 0x02)
        return REFERENCE_CHV2;
    return c->p2 == (c->ins == INS_UNBLOCK ? 0x00 : 0x01) ? REFERENCE_CHV1 : 0;
}

sw_t sim_cmd_chv(struct card *card, struct exec *x)
{
    struct apdu uicc = *x->cmd;
    struct exec inner = *x;

    uicc.p2 = chv_reference(x->cmd);
    inner.cmd = &uicc;
    if (x->cmd->p1 != 0 || uicc.p2 == 0)
        return SW_P1P2;
    if (x->cmd->data.left == 0)
        return SW_WRONG_LENGTH;
    switch (x->cmd->ins) {
    case INS_VERIFY:
        return pin_cmd_verify(card, &inner);
    case INS_CHANGE:
        return pin_cmd_change(card, &inner);
    case INS_UNBLOCK:
        return pin_cmd_unblock(card, &inner);
    default:
        break;
    }
    if (uicc.p2 != REFERENCE_CHV1) /* CHV2 is always enabled, TS 51.011 9.2.11 */
        return SW_P1P2;
    return x->cmd->ins == INS_DISABLE ? pin_cmd_disable(card, &inner)
                                      : pin_cmd_enable(card, &inner);
}

/* ---- life cycle ---- */

/* The current EF only; a second time is a contradiction (TS 51.011 9.4.5). */
static sw_t change_validity(struct card *card, struct exec *x, cmd_handler *run, uint8_t lcs)
{
    if (x->ch->ef != NODE_NONE && fs_lcs(card, x->ch->ef) == lcs)
        return SW_CONDITIONS;
    return run(card, x);
}

sw_t sim_cmd_invalidate(struct card *card, struct exec *x)
{
    return change_validity(card, x, fs_cmd_deactivate, FS_LCS_DEACTIVATED);
}

sw_t sim_cmd_rehabilitate(struct card *card, struct exec *x)
{
    return change_validity(card, x, fs_cmd_activate, FS_LCS_ACTIVATED);
}

/* ---- RUN GSM ALGORITHM, SLEEP ---- */

#define RAND_LEN 16U
#define SRES_LEN 4U
#define KC_LEN   8U
#define FID_GSM  0x7F20

static bool in_df_gsm(const struct card *card, uint16_t df)
{
    while (df != NODE_MF && fs_file(card, df)->fid != FID_GSM)
        df = fs_file(card, df)->parent;
    return df != NODE_MF;
}

/* TS 51.011 9.2.16: DF.GSM must be current, and CHV1 verified. */
sw_t sim_cmd_run_gsm(struct card *card, struct exec *x)
{
    uint32_t satisfied = x->remote ? x->rights : pin_satisfied(card, x->ch);
    uint8_t sres[SRES_LEN], kc[KC_LEN];
    enum err e;

    if (x->cmd->p1 != 0 || x->cmd->p2 != 0)
        return SW_P1P2;
    if (x->cmd->data.left != RAND_LEN)
        return SW_WRONG_LENGTH;
    if (!in_df_gsm(card, x->ch->df))
        return SW_STRUCTURE;
    if ((satisfied & PIN_BIT_PIN1) == 0)
        return SW_SECURITY;
    e = usim_gsm(card, x->cmd->data.at, sres, kc);
    if (e != ERR_OK)
        return SW_NO_DIAGNOSIS;
    wr_bytes(x->out, sres, sizeof sres);
    wr_bytes(x->out, kc, sizeof kc);
    OPENSSL_cleanse(sres, sizeof sres);
    OPENSSL_cleanse(kc, sizeof kc);
    return SW_OK;
}

sw_t sim_cmd_sleep(struct card *card, struct exec *x)
{
    (void)card;
    return x->cmd->p1 != 0 || x->cmd->p2 != 0 ? SW_P1P2 : SW_OK;
}
