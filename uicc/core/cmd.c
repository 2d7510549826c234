/*
 * The command table and what every command passes on its way to its handler.
 */
#include "uicc/applet/manage.h"
#include "uicc/core/handlers.h"
#include "uicc/core/transport.h"
#include "uicc/fs/fs.h"
#include "uicc/sim/sim.h"

/* Which class bytes a row takes (TS 102 221 10.1.1, tables 10.3 to 10.5). */
#define CLA_0X  0x01U /* 0X, 4X, 6X */
#define CLA_8X  0x02U /* 8X, CX, EX */
#define CLA_80  0x04U /* 80 alone */
#define CLA_SIM 0x08U /* A0, TS 51.011 9.2 */

/* Cases of ISO/IEC 7816-3 12.1 that a row has; with T=0 a case 4 command brings data only. */
#define CASE_1  0x01U
#define CASE_2  0x02U
#define CASE_34 0x04U
#define CASE_12 (CASE_1 | CASE_2)

#define LE_UPTO  0x01U /* P3 may ask for less than there is */
#define LE_WAITS 0x02U /* without data too the answer waits for GET RESPONSE */
#define SELECTS  0x04U /* makes a file current anew, even the one that was */
#define RESETS   0x08U /* a refusal ends the session: there is no selection to go back to */

struct cmd_row {
    const char *name;
    uint8_t cla, ins, cases, flags;
    cmd_handler *run;
    const char *clause; /* of TS 102 221 unless it says otherwise */
};

/* One row per command, and nowhere else. The most frequent ones first. */
/* clang-format off */
static const struct cmd_row rows[] = {
    {"SELECT",             CLA_0X, 0xA4, CASE_12 | CASE_34, LE_WAITS | SELECTS, fs_cmd_select, "11.1.1"},
    {"READ BINARY",        CLA_0X, 0xB0, CASE_2,            0,        fs_cmd_read_binary,   "11.1.3"},
    {"READ RECORD",        CLA_0X, 0xB2, CASE_2,            0,        fs_cmd_read_record,   "11.1.5"},
    {"STATUS",             CLA_8X, 0xF2, CASE_12,           LE_UPTO,  fs_cmd_status,        "11.1.2"},
    {"UPDATE BINARY",      CLA_0X, 0xD6, CASE_34,           0,        fs_cmd_update_binary, "11.1.4"},
    {"UPDATE RECORD",      CLA_0X, 0xDC, CASE_34,           0,        fs_cmd_update_record, "11.1.6"},
    {"SEARCH RECORD",      CLA_0X, 0xA2, CASE_34,           0,        fs_cmd_search_record, "11.1.7"},
    {"INCREASE",           CLA_8X, 0x32, CASE_34,           0,        fs_cmd_increase,      "11.1.8"},
    {"VERIFY PIN",         CLA_0X, 0x20, CASE_1 | CASE_34,  0,        pin_cmd_verify,       "11.1.9"},
    {"CHANGE PIN",         CLA_0X, 0x24, CASE_34,           0,        pin_cmd_change,       "11.1.10"},
    {"DISABLE PIN",        CLA_0X, 0x26, CASE_34,           0,        pin_cmd_disable,      "11.1.11"},
    {"ENABLE PIN",         CLA_0X, 0x28, CASE_34,           0,        pin_cmd_enable,       "11.1.12"},
    {"UNBLOCK PIN",        CLA_0X, 0x2C, CASE_1 | CASE_34,  0,        pin_cmd_unblock,      "11.1.13"},
    {"DEACTIVATE FILE",    CLA_0X, 0x04, CASE_1 | CASE_34,  0,        fs_cmd_deactivate,    "11.1.14"},
    {"ACTIVATE FILE",      CLA_0X, 0x44, CASE_1 | CASE_34,  0,        fs_cmd_activate,      "11.1.15"},
    {"AUTHENTICATE",       CLA_0X, 0x88, CASE_34,           0,        usim_cmd_authenticate, "11.1.16"},
    {"AUTHENTICATE (TLV)", CLA_0X, 0x89, CASE_12 | CASE_34, 0, usim_cmd_authenticate_chained, "11.1.16"},
    {"MANAGE CHANNEL",     CLA_0X, 0x70, CASE_12,           0,        channel_cmd_manage,   "11.1.17"},
    {"GET CHALLENGE",      CLA_0X, 0x84, CASE_12,           0,        terminal_cmd_challenge, "11.1.18"},
    {"TERMINAL CAPABILITY", CLA_8X, 0xAA, CASE_34,          0,        terminal_cmd_capability, "11.1.19"},
    {"SUSPEND UICC",       CLA_80, 0x76, CASE_34,           RESETS,        terminal_cmd_suspend, "11.1.22"},
    {"GET IDENTITY",       CLA_8X, 0x78, CASE_12 | CASE_34, 0,        usim_cmd_get_identity, "11.1.23"},
    {"RETRIEVE DATA",      CLA_8X, 0xCB, CASE_12 | CASE_34, 0,        fs_cmd_retrieve_data, "11.3.1"},
    {"SET DATA",           CLA_8X, 0xDB, CASE_34,           0,        fs_cmd_set_data,      "11.3.2"},
    {"TERMINAL PROFILE",   CLA_80 | CLA_SIM, 0x10, CASE_34, 0, cat_cmd_terminal_profile,    "11.2.1"},
    {"ENVELOPE",           CLA_80 | CLA_SIM, 0xC2, CASE_34, 0, cat_cmd_envelope,            "11.2.2"},
    {"FETCH",              CLA_80 | CLA_SIM, 0x12, CASE_12, 0, cat_cmd_fetch,               "11.2.3"},
    {"TERMINAL RESPONSE",  CLA_80 | CLA_SIM, 0x14, CASE_34, 0, cat_cmd_terminal_response,   "11.2.4"},
    {"CREATE FILE",        CLA_0X, 0xE0, CASE_34,           0, fs_cmd_create,  "TS 102 222 6.3"},
    {"DELETE FILE",        CLA_0X, 0xE4, CASE_34,           0, fs_cmd_delete,  "TS 102 222 6.4"},
    {"TERMINATE DF",       CLA_0X, 0xE6, CASE_1 | CASE_34,  0, fs_cmd_terminate_df, "TS 102 222 6.7"},
    {"TERMINATE EF",       CLA_0X, 0xE8, CASE_1 | CASE_34,  0, fs_cmd_terminate_ef, "TS 102 222 6.8"},
    {"TERMINATE CARD",     CLA_0X, 0xFE, CASE_1,            0, fs_cmd_terminate_card, "TS 102 222 6.9"},
    {"RESIZE FILE",        CLA_8X, 0xD4, CASE_34,           0, fs_cmd_resize,  "TS 102 222 6.10"},
    {"SELECT (2G)",        CLA_SIM, 0xA4, CASE_34, LE_WAITS, sim_cmd_select,          "TS 51.011 9.2.1"},
    {"STATUS (2G)",        CLA_SIM, 0xF2, CASE_12, LE_UPTO,  sim_cmd_status,          "TS 51.011 9.2.2"},
    {"READ BINARY (2G)",   CLA_SIM, 0xB0, CASE_2,  0,        sim_cmd_read_binary,     "TS 51.011 9.2.3"},
    {"UPDATE BINARY (2G)", CLA_SIM, 0xD6, CASE_34, 0,        sim_cmd_update_binary,   "TS 51.011 9.2.4"},
    {"READ RECORD (2G)",   CLA_SIM, 0xB2, CASE_2,  0,        sim_cmd_read_record,     "TS 51.011 9.2.5"},
    {"UPDATE RECORD (2G)", CLA_SIM, 0xDC, CASE_34, 0,        sim_cmd_update_record,   "TS 51.011 9.2.6"},
    {"SEEK (2G)",          CLA_SIM, 0xA2, CASE_34, 0,        sim_cmd_seek,            "TS 51.011 9.2.7"},
    {"INCREASE (2G)",      CLA_SIM, 0x32, CASE_34, 0,        sim_cmd_increase,        "TS 51.011 9.2.8"},
    {"VERIFY CHV (2G)",    CLA_SIM, 0x20, CASE_34, 0,        sim_cmd_chv,             "TS 51.011 9.2.9"},
    {"CHANGE CHV (2G)",    CLA_SIM, 0x24, CASE_34, 0,        sim_cmd_chv,             "TS 51.011 9.2.10"},
    {"DISABLE CHV (2G)",   CLA_SIM, 0x26, CASE_34, 0,        sim_cmd_chv,             "TS 51.011 9.2.11"},
    {"ENABLE CHV (2G)",    CLA_SIM, 0x28, CASE_34, 0,        sim_cmd_chv,             "TS 51.011 9.2.12"},
    {"UNBLOCK CHV (2G)",   CLA_SIM, 0x2C, CASE_34, 0,        sim_cmd_chv,             "TS 51.011 9.2.13"},
    {"INVALIDATE (2G)",    CLA_SIM, 0x04, CASE_1,  0,        sim_cmd_invalidate,      "TS 51.011 9.2.14"},
    {"REHABILITATE (2G)",  CLA_SIM, 0x44, CASE_1,  0,        sim_cmd_rehabilitate,    "TS 51.011 9.2.15"},
    {"RUN GSM ALGORITHM",  CLA_SIM, 0x88, CASE_34, 0,        sim_cmd_run_gsm,         "TS 51.011 9.2.16"},
    {"SLEEP (2G)",         CLA_SIM, 0xFA, CASE_1,  0,        sim_cmd_sleep,           "TS 51.011 9.2.17"},
};
/* clang-format on */

/* Columns of the table that a class byte is in; 80 is in two. */
static unsigned columns(const struct card *card, uint8_t cla, const struct apdu_class *c)
{
    if (c->sim)
        return card->profile->sim_mode ? CLA_SIM : 0;
    if (!c->etsi)
        return CLA_0X;
    return cla == 0x80 ? CLA_8X | CLA_80 : CLA_8X;
}

static const struct cmd_row *find_row(unsigned cla, uint8_t ins)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (rows[i].ins == ins && (rows[i].cla & cla) != 0)
            return &rows[i];
    }
    return NULL;
}

/* 6700 when the command has data that its row does not know, or none that it needs. */
static bool case_fits(const struct cmd_row *row, const struct apdu *c)
{
    if (c->data.left > 0)
        return (row->cases & CASE_34) != 0;
    if (c->p3 != 0)
        return (row->cases & CASE_2) != 0;
    return true;
}

/* Where a failed command leaves a channel: as it found it, but for what is verified. */
static void undo_selection(struct channel *ch, const struct channel *before)
{
    ch->record = before->record;
    ch->app_last = before->app_last;
    ch->df = before->df;
    ch->ef = before->ef;
    ch->app = before->app;
}

/* A terminated card lets itself be selected, and nothing else (TS 102 222 6.9). */
static bool is_dead(const struct card *card, const struct cmd_row *row)
{
    return fs_lcs(card, NODE_MF) == FS_LCS_TERMINATED && row->run != fs_cmd_select;
}

struct transfer *cmd_transfer(const struct card *card, uint8_t channel, bool remote)
{
    struct transfer *t = card->transfers;

    while (t != NULL && (t->channel != channel || t->remote != remote))
        t = t->next;
    return t;
}

static void end_transfer(struct card *card, struct transfer *t)
{
    struct transfer **at = &card->transfers;

    while (*at != t)
        at = &(*at)->next;
    *at = t->next;
    arena_free(card->engine->arena, t, sizeof *t + t->len);
}

void cmd_end_transfer(struct card *card, uint8_t channel, bool remote)
{
    struct transfer *t = cmd_transfer(card, channel, remote);

    if (t != NULL)
        end_transfer(card, t);
}

void cmd_end_transfers(struct card *card)
{
    while (card->transfers != NULL)
        end_transfer(card, card->transfers);
}

/* Any command may come between the blocks of an object, unless it makes another file current on the
 * channel (TS 102 221 11.3.0). */
static void end_left_transfer(struct card *card, const struct cmd_row *row, const struct exec *x,
                              uint8_t channel)
{
    struct transfer *t = cmd_transfer(card, channel, x->remote);

    /* When the command closed its own channel, x->ch is gone, and the transfer with it. */
    if (t != NULL && ((row->flags & SELECTS) != 0 || x->ch->ef != t->node))
        end_transfer(card, t);
}

static sw_t run(struct card *card, struct exec *x, const struct cmd_row *row)
{
    struct channel before;
    sw_t sw;

    if (is_dead(card, row))
        return SW_CONDITIONS;
    if (x->remote)
        channel_repair(card, x->ch);
    before = *x->ch;
    sw = row->run(card, x);
    if (sw_is_success(sw) || sw_is_warning(sw)) {
        end_left_transfer(card, row, x, before.number);
        return sw;
    }
    if ((row->flags & RESETS) == 0)
        undo_selection(x->ch, &before);
    x->out->len = 0;
    return sw;
}

/* Class, instruction, secure messaging, channel, case: in this order. */
static sw_t resolve(struct card *card, struct exec *x, const struct cmd_row **row)
{
    unsigned cla;

    if (apdu_class(x->cmd->cla, &x->cls) != ERR_OK)
        return SW_WRONG_CLA;
    cla = columns(card, x->cmd->cla, &x->cls);
    if (cla == 0)
        return SW_WRONG_CLA;
    *row = find_row(cla, x->cmd->ins);
    if (*row == NULL)
        return SW_WRONG_INS;
    if (x->cls.secure_messaging)
        return SW_SECURE_MESSAGING;
    if (x->ch == NULL)
        x->ch = channel_get(card, x->cls.channel);
    if (x->ch == NULL)
        return SW_CHANNEL;
    return case_fits(*row, x->cmd) ? SW_OK : SW_WRONG_LENGTH;
}

/* A selected applet takes what is not the card's own. */
static sw_t run_applet(struct card *card, struct exec *x)
{
    sw_t sw = fs_lcs(card, NODE_MF) == FS_LCS_TERMINATED ? SW_CONDITIONS : applet_process(card, x);

    if (!sw_is_success(sw) && !sw_is_warning(sw))
        x->out->len = 0;
    return sw;
}

sw_t cmd_execute(struct card *card, struct exec *x)
{
    const struct cmd_row *row = NULL;
    sw_t sw;

    if (applet_takes(card, x))
        return run_applet(card, x);
    sw = resolve(card, x, &row);
    if (sw_equal(sw, SW_OK))
        sw = run(card, x, row);
    return x->cls.sim ? sim_status(x->cmd, sw) : sw;
}

enum transport_answer cmd_transport_kind(const struct apdu_class *cls, const struct apdu *cmd)
{
    unsigned cla = cls->sim ? CLA_SIM : !cls->etsi ? CLA_0X : CLA_8X | CLA_80;
    const struct cmd_row *row = find_row(cla, cmd->ins);

    if (cmd->data.left > 0)
        return TRANSPORT_WAITS;
    if (row == NULL)
        return TRANSPORT_EXACT; /* an applet's */
    if ((row->flags & LE_WAITS) != 0 && cmd->p3 == 0)
        return TRANSPORT_WAITS;
    return (row->flags & LE_UPTO) != 0 ? TRANSPORT_UPTO : TRANSPORT_EXACT;
}

unsigned cmd_transport_rows(const struct card *card, uint8_t cla, uint8_t ins)
{
    struct apdu_class c;
    unsigned count = 0, cols;

    if (apdu_class(cla, &c) != ERR_OK)
        return 0;
    cols = columns(card, cla, &c);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        count += rows[i].ins == ins && (rows[i].cla & cols) != 0;
    return count;
}
