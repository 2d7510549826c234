/* What secured packets carry: scripts of commands (TS 102 226 5), the operator change. */
#include "apdu/script.h"
#include "apdu/ids.h"
#include "apdu/opchange.h"
#include "tools/decode/show.h"

#include <string.h>

static bool is_opchange(const struct decode *d)
{
    return d->has_sent && memcmp(d->sent.tar, OPCHANGE_TAR, sizeof OPCHANGE_TAR) == 0;
}

static void show_opchange_file(struct decode *d, struct tree_node *n, struct rd files)
{
    struct opchange_file f;

    while (opchange_next_file(&files, &f) == ERR_OK) {
        struct tree_node *o = tree_add(&d->tree, n, "file", f.content);
        const struct decode_ef *ef = NULL;

        show_path(d, o, f.path);
        if (f.path.left >= 2)
            ef = show_ef_find(
                f.path.left == 2 ? PLACE_MF : PLACE_USIM,
                (uint16_t)(f.path.at[f.path.left - 2] << 8 | f.path.at[f.path.left - 1]));
        if (ef != NULL && ef->show != NULL)
            ef->show(d, tree_add(&d->tree, o, ef->name, f.content), f.content);
    }
}

static void show_change(struct decode *d, struct tree_node *n, const struct opchange_command *c)
{
    struct rd imsi = RD(c->imsi, EF_IMSI_LEN);

    imsi = tree_keep(&d->tree, imsi);
    tree_say(&d->tree, n, "to slot", RD(NULL, 0), "%u", c->to);
    show_imsi(d, tree_add(&d->tree, n, "IMSI", imsi), imsi);
    tree_say(&d->tree, n, "digits of the MNC", RD(NULL, 0), "%u", c->mnc_len);
    if (c->trial_polls != 0 || c->trial_seconds != 0)
        tree_say(&d->tree, n, "trial", RD(NULL, 0), "%u polls, %u seconds", c->trial_polls,
                 c->trial_seconds);
    if (c->spn.left > 0)
        show_spn(d, tree_add(&d->tree, n, "service provider name", c->spn), c->spn);
    if (c->sca.left > 0)
        show_rp_address(d, tree_add(&d->tree, n, "service centre", c->sca), c->sca);
    if (c->msisdn.left > 0)
        show_number_bcd(d, tree_add(&d->tree, n, "MSISDN", c->msisdn), c->msisdn);
    show_opchange_file(d, n, c->files);
}

static void show_opchange(struct decode *d, struct tree_node *n, struct rd data)
{
    static const struct show_name ops[] = {{OPCHANGE_CHANGE, "CHANGE"},
                                           {OPCHANGE_QUERY, "QUERY"},
                                           {OPCHANGE_FALL_BACK, "FALL BACK"},
                                           {OPCHANGE_RENEW, "RENEW"},
                                           {0, NULL}};
    struct opchange_command c;
    enum err e = opchange_read(data, &c);

    if (e != ERR_OK) {
        tree_wrong(&d->tree, n, err_text(e), data);
        return;
    }
    n = tree_say(&d->tree, n, "operator change", data, "%s", show_name(ops, c.op, "?"));
    if (c.op != OPCHANGE_QUERY)
        tree_say(&d->tree, n, "expects slot", RD(NULL, 0), "%u", c.expected);
    if (c.op == OPCHANGE_CHANGE)
        show_change(d, n, &c);
    if (c.op == OPCHANGE_RENEW)
        tree_say(&d->tree, n, "new K", RD(NULL, 0), "%zu bytes, enciphered", c.new_k.left);
}

static void show_proof(struct decode *d, struct tree_node *n, struct rd data)
{
    struct opchange_proof p;
    struct rd imsi;
    enum err e = opchange_read_proof(data, &p);

    if (e != ERR_OK) {
        tree_wrong(&d->tree, n, err_text(e), data);
        return;
    }
    n = tree_say(&d->tree, n, "proof of operator change", data, "%s",
                 opchange_result_text(p.result));
    tree_say(&d->tree, n, "slot in force", RD(data.at + 2, 1), "%u", p.active);
    tree_say(&d->tree, n, "last change", RD(data.at + 3, 1), "%s", opchange_state_text(p.state));
    tree_say(&d->tree, n, "fall-back slot", RD(data.at + 4, 1), "%u", p.fallback);
    tree_say(&d->tree, n, "slots", RD(data.at + 5, 2), "%u, %u unused", p.slots, p.spare);
    tree_say(&d->tree, n, "counter of the change", RD(NULL, 0), "%llu",
             (unsigned long long)p.counter);
    imsi = tree_keep(&d->tree, RD(p.imsi, EF_IMSI_LEN));
    show_imsi(d, tree_add(&d->tree, n, "IMSI", imsi), imsi);
}

/* One command of a script, on a channel of its own. */
static void show_script_command(struct decode *d, struct tree_node *n, struct rd bytes,
                                struct decode_channel *channel)
{
    struct show_exchange x = {.d = d, .channel = channel};

    x.root = tree_add(&d->tree, n, "command", bytes);
    if (x.root == NULL)
        return;
    if (apdu_parse(bytes, &x.command) != ERR_OK) {
        tree_wrong(&d->tree, x.root, "no command", bytes);
        return;
    }
    show_exchange(&x);
}

/* Where a script of this TAR begins (TS 31.115 and TS 102 226 8). */
static void begin_channel(const struct decode *d, struct decode_channel *c)
{
    uint32_t tar = (uint32_t)d->sent.tar[0] << 16 | (uint32_t)d->sent.tar[1] << 8 | d->sent.tar[2];

    memset(c, 0, sizeof *c);
    c->application = PLACE_USIM;
    if (tar == TAR_ADF_FILES || tar == TAR_USIM_FILES || tar == TAR_ADF_FILES_EXPANDED) {
        c->path[0] = FID_CURRENT_ADF;
        c->depth = 1;
    }
}

static void show_script(struct decode *d, struct tree_node *n, struct rd data)
{
    static const char *const formats[] = {"compact", "expanded", "expanded, indefinite length"};
    struct decode_channel channel;
    struct script_reader s;
    struct script_item item;
    enum err e = script_begin(data, &s);
    unsigned count = 0;

    if (e != ERR_OK) {
        tree_wrong(&d->tree, n, err_text(e), data);
        return;
    }
    d->sent_script = (uint8_t)s.format;
    begin_channel(d, &channel);
    n = tree_say(&d->tree, n, "script", data, "%s", formats[s.format]);
    for (; count < 256 && (e = script_next(&s, &item)) == ERR_OK; count++) {
        if (item.kind == SCRIPT_COMMAND)
            show_script_command(d, n, item.bytes, &channel);
        else
            tree_add(&d->tree, n,
                     item.kind == SCRIPT_IMMEDIATE_ACTION ? "immediate action"
                     : item.kind == SCRIPT_ERROR_ACTION   ? "error action"
                                                          : "chaining",
                     item.bytes);
    }
    if (e != ERR_NOT_FOUND && count < 256)
        tree_wrong(&d->tree, n, err_text(e), s.left);
}

void show_secured_data(struct decode *d, struct tree_node *n, struct rd data)
{
    if (is_opchange(d))
        show_opchange(d, n, data);
    else
        show_script(d, n, data);
}

void show_response_data(struct decode *d, struct tree_node *n, struct rd data)
{
    struct script_answer a;
    char text[96];
    enum err e;

    if (is_opchange(d)) {
        show_proof(d, n, data);
        return;
    }
    e = script_read_answer(data, (enum script_format)d->sent_script, &a);
    if (e != ERR_OK) {
        tree_add(&d->tree, n, "bytes", data);
        return;
    }
    tree_say(&d->tree, n, "commands executed", RD(NULL, 0), "%u", a.executed);
    decode_status(a.last, text, sizeof text);
    tree_say(&d->tree, n, "last status", RD(NULL, 0), "%04X %s", a.last.v, text);
    if (a.bad_format)
        tree_say(&d->tree, n, "bad format", RD(NULL, 0), "cause %u", a.bad_format_cause);
    if (a.data.left > 0)
        tree_add(&d->tree, n, "answer data", a.data);
}
