/*
 * SELECT and STATUS (TS 102 221 11.1.1, 11.1.2).
 */
#include "uicc/applet/manage.h"
#include "uicc/core/handlers.h"
#include "uicc/fs/tree.h"

#include "apdu/tlv.h"
#include "uicc/pin/pin.h"

#define FID_MF  0x3F00
#define FID_ADF 0x7FFF

#define P1_FID       0x00
#define P1_CHILD_DF  0x01
#define P1_PARENT    0x03
#define P1_AID       0x04
#define P1_PATH_MF   0x08
#define P1_PATH_HERE 0x09

#define P2_OCCURRENCE 0x03
#define P2_RETURN     0x1C
#define P2_FCP        0x04
#define P2_NO_DATA    0x0C
#define P2_SESSION    0x60
#define P2_TERMINATE  0x40

enum occurrence { FIRST_OR_ONLY, LAST, NEXT, PREVIOUS };

/* ---- which file ---- */

/* DFs are found by FID, applications only by name or as 7FFF. */
static bool is_hidden(const struct card *card, const struct channel *ch, uint16_t node)
{
    return fs_file(card, node)->kind == FS_ADF && node != ch->app;
}

/* TS 102 221 8.4.1: child of the current DF; the DF itself; its parent; a DF beside it; the MF; the
 * current application. */
static uint16_t by_fid(const struct card *card, const struct channel *ch, uint16_t fid)
{
    const struct fs_file *df = fs_file(card, ch->df);
    uint16_t node = fs_child(card, ch->df, fid);

    if (node != NODE_NONE)
        return is_hidden(card, ch, node) ? NODE_NONE : node;
    if (fid == FID_MF)
        return NODE_MF;
    if (fid == FID_ADF)
        return ch->app;
    if (fid == df->fid)
        return ch->df;
    if (fid == fs_file(card, df->parent)->fid)
        return df->parent;
    node = fs_child(card, df->parent, fid);
    if (node == NODE_NONE || !fs_is_df(card, node) || is_hidden(card, ch, node))
        return NODE_NONE;
    return node;
}

static uint16_t child_df(const struct card *card, const struct channel *ch, uint16_t fid)
{
    uint16_t node = fs_child(card, ch->df, fid);

    if (node == NODE_NONE || !fs_is_df(card, node) || is_hidden(card, ch, node))
        return NODE_NONE;
    return node;
}

/* From df along the path; an application only as 7FFF in front. */
static uint16_t by_path(const struct card *card, const struct channel *ch, uint16_t df,
                        uint16_t app, struct rd path)
{
    struct rd first = RD(path.at, 2);
    uint16_t node = fs_by_path(card, df, app, first);

    if (node == NODE_NONE || is_hidden(card, ch, node))
        return NODE_NONE;
    return fs_by_path(card, df, app, path);
}

/* Number (1..) of an application among all; 0 for none. */
static unsigned app_number(const struct card *card, uint16_t app)
{
    for (unsigned n = 0;; n++) {
        uint16_t node = fs_by_aid(card, RD(NULL, 0), n);

        if (node == NODE_NONE)
            return 0;
        if (node == app)
            return n + 1;
    }
}

/* Applications are few: go through those that match until the one after (before) the last used. */
static uint16_t neighbour(const struct card *card, const struct channel *ch, struct rd name,
                          bool next)
{
    uint16_t found = NODE_NONE, node;

    for (unsigned n = 0; (node = fs_by_aid(card, name, n)) != NODE_NONE; n++) {
        unsigned number = app_number(card, node);

        if (next && number > ch->app_last)
            return node;
        if (!next && number < ch->app_last)
            found = node;
    }
    return found;
}

static uint16_t last_used(const struct card *card, const struct channel *ch, struct rd name)
{
    uint16_t node;

    for (unsigned n = 0; (node = fs_by_aid(card, name, n)) != NODE_NONE; n++) {
        if (ch->app_last != 0 && app_number(card, node) == ch->app_last)
            return node;
    }
    return fs_by_aid(card, name, 0);
}

static uint16_t by_aid(const struct card *card, const struct exec *x)
{
    const struct channel *ch = x->ch;
    struct rd name = x->cmd->data;

    switch ((enum occurrence)(x->cmd->p2 & P2_OCCURRENCE)) {
    case LAST:
        return last_used(card, ch, name);
    case NEXT:
        return neighbour(card, ch, name, true);
    case PREVIOUS:
        return neighbour(card, ch, name, false);
    default:
        return fs_by_aid(card, name, 0);
    }
}

/* ---- making it current ---- */

/* An EF that is not shareable is on one channel only (TS 102 221 8.8). */
static bool is_taken(const struct card *card, const struct channel *ch, uint16_t node)
{
    if ((fs_file(card, node)->flags & FS_NOT_SHAREABLE) == 0)
        return false;
    for (unsigned i = 0; i < APDU_CHANNELS; i++) {
        const struct channel *other = channel_get(card, i);

        if (other != NULL && other != ch && other->ef == node)
            return true;
    }
    return false;
}

static void begin_session(struct card *card, struct channel *ch, uint16_t app)
{
    if (ch->app != NODE_NONE && ch->app != app)
        pin_forget_local(card, ch);
    ch->app = app;
    ch->app_last = (uint8_t)app_number(card, app);
}

void fs_make_current(struct card *card, struct channel *ch, uint16_t node)
{
    const struct fs_file *f = fs_file(card, node);

    ch->record = 0;
    if (f->kind > FS_ADF) {
        ch->ef = node;
        ch->df = f->parent;
        return;
    }
    ch->ef = NODE_NONE;
    ch->df = node;
    if (f->kind == FS_ADF)
        begin_session(card, ch, node);
}

static sw_t lcs_status(const struct card *card, uint16_t node)
{
    switch (fs_lcs(card, node)) {
    case FS_LCS_DEACTIVATED:
        return SW_DEACTIVATED;
    case FS_LCS_TERMINATED:
        return SW_TERMINATED;
    default:
        return SW_OK;
    }
}

/* ---- SELECT ---- */

/* SW_OK if P1, P2 and Lc fit each other. */
static sw_t check_form(const struct apdu *c)
{
    size_t len = c->data.left;

    switch (c->p1) {
    case P1_FID:
        if ((c->p2 & (uint8_t)~P2_RETURN) != 0)
            return SW_P1P2;
        return len == 0 || len == 2 ? SW_OK : SW_LC_P1P2;
    case P1_CHILD_DF:
        if ((c->p2 & (uint8_t)~P2_RETURN) != 0)
            return SW_P1P2;
        return len == 2 ? SW_OK : SW_LC_P1P2;
    case P1_PARENT:
        if ((c->p2 & (uint8_t)~P2_RETURN) != 0)
            return SW_P1P2;
        return len == 0 ? SW_OK : SW_LC_P1P2;
    case P1_AID:
        if ((c->p2 & 0x80) != 0 ||
            ((c->p2 & P2_SESSION) != 0 && (c->p2 & P2_SESSION) != P2_TERMINATE))
            return SW_P1P2;
        return len >= 1 && len <= FS_AID_MAX ? SW_OK : SW_LC_P1P2;
    case P1_PATH_MF:
    case P1_PATH_HERE:
        if ((c->p2 & (uint8_t)~P2_RETURN) != 0)
            return SW_P1P2;
        return len >= 2 && len % 2 == 0 ? SW_OK : SW_LC_P1P2;
    default:
        return SW_P1P2;
    }
}

uint16_t fs_resolve(const struct card *card, const struct channel *ch, uint8_t p1, struct rd data)
{
    uint16_t fid = FID_MF;

    if (p1 <= P1_CHILD_DF && data.left > 0 && rd_u16(&data, &fid) != ERR_OK)
        return NODE_NONE;
    switch (p1) {
    case P1_FID:
        return by_fid(card, ch, fid);
    case P1_CHILD_DF:
        return child_df(card, ch, fid);
    case P1_PARENT:
        return fs_file(card, ch->df)->parent;
    case P1_PATH_MF:
        return by_path(card, ch, NODE_MF, ch->app, data);
    default:
        return by_path(card, ch, ch->df, NODE_NONE, data);
    }
}

/* P2 b7b6 = 10: the session ends, and the MF is current (TS 102 221 8.6.3). */
static sw_t end_session(struct card *card, struct channel *ch, uint16_t app)
{
    if (ch->app != app)
        return SW_CONDITIONS;
    pin_forget_local(card, ch);
    ch->app = NODE_NONE;
    ch->ef = NODE_NONE;
    ch->df = NODE_MF;
    ch->record = 0;
    return SW_OK;
}

/* A name that no ADF has; none at all, as GlobalPlatform asks for the card manager (11.9.2). */
static bool names_applet(const struct card *card, const struct apdu *c)
{
    if (c->p1 != P1_AID || (c->p2 & P2_SESSION) != 0 || c->data.left > FS_AID_MAX)
        return false;
    return c->data.left == 0 ? c->p2 == 0 : fs_by_aid(card, c->data, 0) == NODE_NONE;
}

sw_t fs_cmd_select(struct card *card, struct exec *x)
{
    const struct apdu *c = x->cmd;
    uint8_t wanted = c->p2 & P2_RETURN;
    uint16_t node;
    sw_t sw;

    if (names_applet(card, c))
        return applet_select(card, x);
    if (wanted != P2_FCP && wanted != P2_NO_DATA)
        return SW_P1P2;
    sw = check_form(c);
    if (!sw_equal(sw, SW_OK))
        return sw;
    node = c->p1 == P1_AID ? by_aid(card, x) : fs_resolve(card, x->ch, c->p1, c->data);
    if (node == NODE_NONE)
        return SW_NOT_FOUND;
    if (c->p1 == P1_AID && (c->p2 & P2_SESSION) == P2_TERMINATE)
        return end_session(card, x->ch, node);
    if (is_taken(card, x->ch, node))
        return SW_CONDITIONS;
    applet_deselect(card, x->ch);
    fs_make_current(card, x->ch, node);
    if (wanted == P2_FCP)
        fs_fcp_write(x->out, card, node);
    return lcs_status(card, node);
}

/* ---- STATUS ---- */

#define STATUS_FCP     0x00
#define STATUS_NAME    0x01
#define STATUS_NO_DATA 0x0C
#define STATUS_P1_MAX  0x02
#define TAG_DF_NAME    0x84

static sw_t status_name(const struct card *card, struct exec *x)
{
    const struct fs_file *f;

    if (x->ch->app == NODE_NONE)
        return SW_REFERENCE;
    f = fs_file(card, x->ch->app);
    tlv_write(x->out, TAG_DF_NAME, RD(f->aid, f->aid_len));
    return SW_OK;
}

/* Also the terminal's way to ask whether the card wants something. */
sw_t fs_cmd_status(struct card *card, struct exec *x)
{
    enum err e = ERR_OK;

    if (x->cmd->p1 > STATUS_P1_MAX)
        return SW_P1P2;
    if (x->cmd->p2 != STATUS_FCP && x->cmd->p2 != STATUS_NAME && x->cmd->p2 != STATUS_NO_DATA)
        return SW_P1P2;
    if (!x->remote)
        e = applet_polled(card);
    if (e != ERR_OK)
        return sw_from_err(e);
    if (x->cmd->p2 == STATUS_FCP)
        fs_fcp_write(x->out, card, x->ch->df);
    return x->cmd->p2 == STATUS_NAME ? status_name(card, x) : SW_OK;
}
