#include "apdu/ids.h"
#include "tools/decode/show.h"

#include <openssl/crypto.h>
#include <string.h>

#define TREE_BLOCK (512U * 1024U)

enum err decode_init(struct decode *d)
{
    enum err e;

    memset(d, 0, sizeof *d);
    d->crypto = crypto_new();
    e = d->crypto == NULL ? ERR_CRYPTO : tree_init(&d->tree, TREE_BLOCK);
    if (e != ERR_OK)
        crypto_free(&d->crypto);
    else
        decode_reset(d);
    return e;
}

void decode_free(struct decode *d)
{
    tree_free(&d->tree);
    crypto_free(&d->crypto);
    OPENSSL_cleanse(d, sizeof *d);
}

void decode_reset(struct decode *d)
{
    memset(d->channels, 0, sizeof d->channels);
    memset(&d->last, 0, sizeof d->last);
    d->last_proactive = 0;
    d->down.open = d->up.open = false;
}

/* Status words of SIM mode (TS 51.011 9.4). */
static const struct show_name sim_words[] = {
    {0x9400, "no EF selected"},
    {0x9402, "out of range"},
    {0x9404, "file or pattern not found"},
    {0x9408, "command does not fit the file"},
    {0x9802, "no CHV initialised"},
    {0x9804, "access not allowed, or wrong CHV"},
    {0x9808, "contradicts the state of the CHV"},
    {0x9810, "contradicts the state of invalidation"},
    {0x9840, "blocked"},
    {0, NULL},
};

void decode_status(sw_t sw, char *text, size_t cap)
{
    unsigned low = sw.v & 0xFF;

    switch (sw.v >> 8) {
    case 0x61:
    case 0x9F:
        snprintf(text, cap, "%u bytes wait", low == 0 ? 256 : low);
        return;
    case 0x6C:
        snprintf(text, cap, "again with Le %u", low == 0 ? 256 : low);
        return;
    case 0x91:
        snprintf(text, cap, "ok, a proactive command of %u bytes waits", low == 0 ? 256 : low);
        return;
    case 0x92:
        snprintf(text, cap, low < 0x40 ? "ok, after %u tries" : "memory problem", low);
        return;
    case 0x63:
        if (low >> 4 == 0xC) {
            snprintf(text, cap, "%u tries left", low & 15);
            return;
        }
        break;
    default:
        break;
    }
    snprintf(text, cap, "%s", show_name(sim_words, sw.v, sw_text(sw)));
}

bool show_succeeded(const struct show_exchange *x)
{
    return !x->answered || sw_is_success(x->sw) ||
           (sw_is_warning(x->sw) && x->sw.v >> 4 != 0x63C) || x->sw.v == 0x6283;
}

/* Under the secure channel of a security domain, nobody without its keys can tell what is said. */
static bool is_protected(const struct apdu *command)
{
    struct apdu_class k;

    return apdu_class(command->cla, &k) == ERR_OK && k.secure_messaging;
}

static void show_protected(struct show_exchange *x)
{
    tree_text(&x->d->tree, x->root, "under a secure channel");
    if (x->command.data.left > 0)
        tree_add(&x->d->tree, x->in, "protected data", x->command.data);
    if (x->answer.left > 0)
        tree_add(&x->d->tree, x->out, "protected data", x->answer);
}

/* GET RESPONSE tells what the command before it found. */
static void show_get_response(struct show_exchange *x)
{
    const struct show_command *row;

    x->command = x->d->last;
    row = show_command_find(&x->command);
    if (row == NULL || x->command.ins == INS_GET_RESPONSE)
        return;
    tree_text(&x->d->tree, x->root, "of %s", row->name);
    if (row->answer != NULL && x->answer.left > 0 && !is_protected(&x->command))
        row->answer(x);
    else if (x->answer.left > 0)
        tree_add(&x->d->tree, x->out, "data", x->answer);
}

static void show_parts(struct show_exchange *x, const struct show_command *row)
{
    struct tree *t = &x->d->tree;

    if (row != NULL && row->command != NULL && !x->command_hidden)
        row->command(x);
    else if (row != NULL && row->command == show_pin)
        show_pin(x);
    else if (x->command.data.left > 0)
        tree_add(t, x->in, "data", x->command.data);
    if (x->answer.left == 0)
        return;
    if (row != NULL && row->answer != NULL)
        row->answer(x);
    else
        tree_add(t, x->out, "data", x->answer);
}

void show_exchange(struct show_exchange *x)
{
    const struct show_command *row = show_command_find(&x->command);
    struct tree *t = &x->d->tree;

    if (x->root == NULL)
        return;
    x->root->name = row != NULL ? row->name : "unknown command";
    if (row == NULL)
        tree_text(t, x->root, "class %02X, instruction %02X", x->command.cla, x->command.ins);
    x->in = tree_add(t, x->root, "command", x->command.data);
    x->out = x->answered ? tree_add(t, x->root, "answer", x->answer) : NULL;
    if (x->command.ins == INS_GET_RESPONSE && row != NULL)
        show_get_response(x);
    else if (is_protected(&x->command))
        show_protected(x);
    else
        show_parts(x, row);
    if (x->answer_hidden)
        tree_say(t, x->out, "not shown", RD(NULL, 0), "the rest is not in the trace");
}

/* --- events --- */

/* Bytes up to the first one that the trace leaves open. */
static struct rd known(const struct trace_bytes *b, size_t len, bool *hidden)
{
    size_t n = 0;

    while (n < len && b->mark[n] == TRACE_LITERAL)
        n++;
    *hidden = n < len;
    return RD(b->at, n);
}

static struct decode_channel *channel_of(struct decode *d, uint8_t cla)
{
    struct apdu_class k;

    return &d->channels[apdu_class(cla, &k) == ERR_OK ? k.channel : 0];
}

static void remember(struct decode *d, const struct apdu *c)
{
    if (c->ins == INS_GET_RESPONSE)
        return;
    d->last = *c;
    d->last.data = RD(NULL, 0);
}

static void decode_exchange(struct decode *d, const struct trace_event *event)
{
    struct show_exchange x = {.d = d, .root = &d->tree.root};
    const struct trace_bytes *c = &event->command, *a = &event->answer;
    struct rd shown;
    uint16_t sw = 0;

    x.answered = a->len >= 2 && trace_status(a, &sw);
    x.sw = SW(sw);
    if (a->len >= 2)
        x.answer = known(a, a->len - 2, &x.answer_hidden);
    shown = known(c, c->len, &x.command_hidden);
    if (apdu_parse(TRACE_RD(c), &x.command) != ERR_OK || shown.left < 4) {
        d->tree.root.name = "no command";
        tree_wrong(&d->tree, &d->tree.root, "not a command APDU", TRACE_RD(c));
        return;
    }
    x.channel = channel_of(d, x.command.cla);
    show_exchange(&x);
    remember(d, &x.command);
}

void decode_event(struct decode *d, const struct trace_event *event)
{
    bool hidden;
    struct rd atr;

    tree_clear(&d->tree, "");
    switch (event->kind) {
    case TRACE_NOTE:
        d->tree.root.name = "note";
        d->tree.root.text = event->note;
        return;
    case TRACE_WAIT:
        d->tree.root.name = "wait";
        tree_text(&d->tree, &d->tree.root, "%llu ms", (unsigned long long)event->wait_ms);
        return;
    case TRACE_OFF:
        d->tree.root.name = "power off";
        return;
    case TRACE_RESET:
        decode_reset(d);
        d->tree.root.name = "reset";
        atr = known(&event->answer, event->answer.len, &hidden);
        if (atr.left > 0)
            show_atr(d, tree_add(&d->tree, &d->tree.root, "answer", atr), atr);
        return;
    case TRACE_EXCHANGE:
        decode_exchange(d, event);
        return;
    }
}
