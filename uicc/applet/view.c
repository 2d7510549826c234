#include "uicc/applet/view.h"

#include "apdu/ids.h"
#include "uicc/fs/fs.h"

#define CLA_ISO        0x00
#define CLA_ETSI       0x80
#define SELECT_FCP     0x04
#define SELECT_NO_DATA 0x0C
#define MODE_ABSOLUTE  0x04
#define OFFSET_MAX     0x7FFFU
#define DATA_MAX       255U

/* ---- one command ---- */

static struct apdu bring(uint8_t cla, uint8_t ins, uint8_t p1, uint8_t p2, struct rd data)
{
    return (struct apdu){
        .cla = cla, .ins = ins, .p1 = p1, .p2 = p2, .p3 = (uint8_t)data.left, .data = data};
}

static struct apdu fetch(uint8_t ins, uint8_t p1, uint8_t p2, uint8_t len)
{
    return (struct apdu){.cla = CLA_ISO, .ins = ins, .p1 = p1, .p2 = p2, .p3 = len};
}

/* As a script of remote management would, with the applet's access domain; out: empty when the
 * command is told. */
static sw_t run(struct applet *a, struct applet_view *v, const struct apdu *cmd, struct wr *out)
{
    struct applet_entry e;
    struct exec x = {.cmd = cmd, .ch = &v->ch, .out = out, .remote = true};

    if (cmd->data.left > DATA_MAX)
        return SW_WRONG_LENGTH;
    if (applet_registry_read(&a->card->store, a->number, &e) != ERR_OK)
        return SW_SECURITY;
    x.rights = e.rights;
    return cmd_execute(a->card, &x);
}

/* The same for a caller who wants the answer behind what he has; NULL: not at all. */
static sw_t ask(struct applet *a, struct applet_view *v, const struct apdu *cmd, struct wr *wanted)
{
    uint8_t bytes[DATA_MAX + 1];
    struct wr out = WR_ARRAY(bytes);
    sw_t sw = run(a, v, cmd, &out);

    if (wanted != NULL && (sw_is_success(sw) || sw_is_warning(sw)))
        wr_rd(wanted, RD_WR(&out));
    return sw;
}

/* ---- selection ---- */

sw_t applet_view_open(struct applet *a, struct applet_view *v, struct rd aid)
{
    uint16_t adf = NODE_NONE;

    if (aid.left > 0) {
        adf = fs_by_aid(a->card, aid, 0);
        if (adf == NODE_NONE)
            return SW_NOT_FOUND;
    }
    channel_init(&v->ch, 0);
    v->ch.open = true;
    if (adf == NODE_NONE)
        return SW_OK;
    v->ch.app = adf;
    v->ch.df = adf;
    return SW_OK;
}

sw_t applet_view_select(struct applet *a, struct applet_view *v, uint16_t fid, struct wr *fcp)
{
    const uint8_t data[] = {(uint8_t)(fid >> 8), (uint8_t)fid};
    struct apdu cmd =
        bring(CLA_ISO, INS_SELECT, 0, fcp == NULL ? SELECT_NO_DATA : SELECT_FCP, RD_ARRAY(data));

    return ask(a, v, &cmd, fcp);
}

sw_t applet_view_select_sfi(struct applet *a, struct applet_view *v, uint8_t sfi)
{
    uint16_t node;

    channel_repair(a->card, &v->ch);
    node = fs_by_sfi(a->card, v->ch.df, sfi);
    return node == NODE_NONE ? SW_NOT_FOUND
                             : applet_view_select(a, v, fs_file(a->card, node)->fid, NULL);
}

sw_t applet_view_status(struct applet *a, struct applet_view *v, struct wr *fcp)
{
    struct apdu cmd = {.cla = CLA_ETSI, .ins = INS_STATUS};

    return ask(a, v, &cmd, fcp);
}

/* ---- transparent EFs ---- */

sw_t applet_view_read_binary(struct applet *a, struct applet_view *v, uint16_t offset, uint8_t len,
                             struct wr *out)
{
    struct apdu cmd = fetch(INS_READ_BINARY, (uint8_t)(offset >> 8), (uint8_t)offset, len);

    return offset > OFFSET_MAX ? SW_OFFSET : ask(a, v, &cmd, out);
}

sw_t applet_view_update_binary(struct applet *a, struct applet_view *v, uint16_t offset,
                               struct rd bytes)
{
    struct apdu cmd =
        bring(CLA_ISO, INS_UPDATE_BINARY, (uint8_t)(offset >> 8), (uint8_t)offset, bytes);

    return offset > OFFSET_MAX ? SW_OFFSET : ask(a, v, &cmd, NULL);
}

/* ---- records ---- */

/* Length of the records of the current EF, 0 when it has none. */
static uint8_t record_len(const struct applet *a, const struct applet_view *v)
{
    if (v->ch.ef == NODE_NONE || !fs_exists(a->card, v->ch.ef))
        return 0;
    return (uint8_t)fs_file(a->card, v->ch.ef)->record_len;
}

sw_t applet_view_read_record(struct applet *a, struct applet_view *v,
                             const struct applet_record *record, uint8_t len, struct wr *out)
{
    uint8_t bytes[DATA_MAX + 1];
    struct wr whole = WR_ARRAY(bytes);
    struct apdu cmd = fetch(INS_READ_RECORD, record->number, record->mode, record_len(a, v));
    sw_t sw = run(a, v, &cmd, &whole);

    if (!sw_is_success(sw))
        return sw;
    if ((size_t)record->offset + len > whole.len)
        return SW_OFFSET;
    wr_bytes(out, bytes + record->offset, len);
    return sw;
}

/* What stands in the record that is to be changed in part, which has a number or is current. */
static sw_t patch(const struct applet *a, const struct applet_view *v,
                  const struct applet_record *record, struct rd bytes, uint8_t *whole)
{
    uint8_t number = record->number == 0 ? v->ch.record : record->number;
    struct rd before;

    if (record->mode != MODE_ABSOLUTE)
        return SW_WRONG_LENGTH;
    if (fs_record(a->card, v->ch.ef, number, &before) != ERR_OK)
        return SW_RECORD;
    if (record->offset + bytes.left > before.left)
        return SW_OFFSET;
    for (size_t i = 0; i < before.left; i++)
        whole[i] = before.at[i];
    for (size_t i = 0; i < bytes.left; i++)
        whole[record->offset + i] = bytes.at[i];
    return SW_OK;
}

sw_t applet_view_update_record(struct applet *a, struct applet_view *v,
                               const struct applet_record *record, struct rd bytes)
{
    uint8_t len = record_len(a, v), whole[DATA_MAX];
    struct apdu cmd;
    sw_t sw;

    if (len > 0 && (record->offset > 0 || bytes.left < len)) {
        sw = patch(a, v, record, bytes, whole);
        if (!sw_equal(sw, SW_OK))
            return sw;
        bytes = RD(whole, len);
    }
    cmd = bring(CLA_ISO, INS_UPDATE_RECORD, record->number, record->mode, bytes);
    return ask(a, v, &cmd, NULL);
}

sw_t applet_view_search_record(struct applet *a, struct applet_view *v,
                               const struct applet_record *from, struct rd pattern, struct wr *out)
{
    struct apdu cmd = bring(CLA_ISO, INS_SEARCH_RECORD, from->number, from->mode, pattern);

    return ask(a, v, &cmd, out);
}

sw_t applet_view_increase(struct applet *a, struct applet_view *v, struct rd value, struct wr *out)
{
    struct apdu cmd = bring(CLA_ETSI, INS_INCREASE, 0, 0, value);

    return ask(a, v, &cmd, out);
}

/* ---- life cycle ---- */

static sw_t set_life(struct applet *a, struct applet_view *v, uint8_t ins)
{
    struct apdu cmd = {.cla = CLA_ISO, .ins = ins};

    return ask(a, v, &cmd, NULL);
}

sw_t applet_view_deactivate(struct applet *a, struct applet_view *v)
{
    return set_life(a, v, INS_DEACTIVATE_FILE);
}

sw_t applet_view_activate(struct applet *a, struct applet_view *v)
{
    return set_life(a, v, INS_ACTIVATE_FILE);
}
