/* SELECT and STATUS (TS 102 221 11.1.1, 11.1.2): which file is the current one. */
#include "apdu/ids.h"
#include "tools/decode/show.h"

#include <string.h>

void decode_where(const struct decode_channel *c, char *text, size_t cap)
{
    size_t n = 0;

    text[0] = '\0';
    for (size_t depth = c->depth > 0 ? 1 : 0; depth <= c->depth; depth++) {
        const char *name = show_df_name(c->application, c->path, depth);

        if (name != NULL)
            n += (size_t)snprintf(text + n, n < cap ? cap - n : 0, "%s%s", n > 0 ? "/" : "", name);
        else
            n += (size_t)snprintf(text + n, n < cap ? cap - n : 0, "%s%04X", n > 0 ? "/" : "",
                                  c->path[depth - 1]);
        if (n >= cap)
            return;
    }
    if (c->ef != 0) {
        const struct decode_ef *ef =
            show_ef_find(show_place(c->application, c->path, c->depth), c->ef);

        if (ef != NULL)
            snprintf(text + n, cap - n, "/%s", ef->name);
        else
            snprintf(text + n, cap - n, "/%04X", c->ef);
    }
}

static enum decode_place application_of(struct rd aid)
{
    static const uint8_t usim[] = {AID_USIM}, isim[] = {AID_ISIM};

    if (aid.left >= 7 && memcmp(aid.at, usim, 7) == 0)
        return PLACE_USIM;
    if (aid.left >= 7 && memcmp(aid.at, isim, 7) == 0)
        return PLACE_ISIM;
    return PLACE_OTHER_APP;
}

/* TS 51.011: 7F10 and its like are reached from anywhere; so are the MF's children. */
static void step(struct decode_channel *c, uint16_t fid)
{
    if (fid == FID_MF) {
        c->depth = 0;
        c->ef = 0;
    } else if (fid == FID_CURRENT_ADF || fid >> 8 == 0x7F) {
        c->path[0] = fid;
        c->depth = 1;
        c->ef = 0;
    } else if (show_is_df(fid)) {
        /* a sibling DF replaces the current one */
        if (c->depth > 1 && c->path[c->depth - 1] >> 8 == 0x5F)
            c->depth--;
        if (c->depth < DECODE_PATH_MAX)
            c->path[c->depth++] = fid;
        c->ef = 0;
    } else {
        if (fid >> 8 == 0x2F)
            c->depth = 0;
        c->ef = fid;
    }
}

static void walk(struct decode_channel *c, struct rd path)
{
    uint16_t fid;

    while (rd_u16(&path, &fid) == ERR_OK)
        step(c, fid);
}

/* What would be current if the card agrees. */
static void after_select(const struct show_exchange *x, struct decode_channel *to)
{
    const struct apdu *c = &x->command;
    bool sim = c->cla == 0xA0;

    *to = *x->channel;
    switch (sim ? 0 : c->p1) {
    case 0x00:
    case 0x01:
        if (c->data.left < 2)
            step(to, FID_MF);
        else
            walk(to, c->data);
        return;
    case 0x03:
        if (to->depth > 0)
            to->depth--;
        to->ef = 0;
        return;
    case 0x04:
        to->application = application_of(c->data);
        to->path[0] = FID_CURRENT_ADF;
        to->depth = (c->p2 & 0x40) != 0 ? 0 : 1;
        to->ef = 0;
        return;
    case 0x08:
        to->depth = 0;
        to->ef = 0;
        walk(to, c->data);
        return;
    case 0x09:
        to->ef = 0;
        walk(to, c->data);
        return;
    default:
        return;
    }
}

static const char *wanted(const struct apdu *c)
{
    return c->cla == 0xA0           ? ""
           : (c->p2 & 0x1C) == 0x04 ? ", return FCP"
           : (c->p2 & 0x1C) == 0x0C ? ", return nothing"
                                    : "";
}

void show_select(struct show_exchange *x)
{
    struct decode_channel to;
    struct tree *t = &x->d->tree;
    char where[128];

    after_select(x, &to);
    decode_where(&to, where, sizeof where);
    if (x->command.p1 == 0x04 && x->command.cla != 0xA0) {
        static const char *const occurrences[] = {"", ", last", ", next", ", previous"};

        tree_text(t, x->root, "application%s%s", occurrences[x->command.p2 & 3],
                  (x->command.p2 & 0x40) != 0 ? ", end its session" : wanted(&x->command));
        show_aid(x->d, tree_add(t, x->in, "AID", x->command.data), x->command.data);
    } else {
        tree_text(t, x->root, "%s%s", where, wanted(&x->command));
        if (x->command.data.left >= 2)
            show_path(x->d, tree_add(t, x->in, "path", x->command.data), x->command.data);
    }
    if (show_succeeded(x))
        *x->channel = to;
}

void show_select_answer(struct show_exchange *x)
{
    if (x->answer.left == 0)
        return;
    if (x->answer.at[0] == 0x62)
        show_fcp(x->d, x->out, x->answer);
    else
        show_sim_select(x->d, x->out, x->answer);
}

void show_status(struct show_exchange *x)
{
    static const char *const notes[] = {"", ", application is ready",
                                        ", application is about to end"};
    uint8_t p1 = x->command.p1;
    char where[128];

    decode_where(x->channel, where, sizeof where);
    tree_text(&x->d->tree, x->root, "%s%s%s", where,
              p1 < ARRAY_LEN(notes) && x->command.cla != 0xA0 ? notes[p1] : "",
              x->command.p2 == 0x01   ? ", DF name"
              : x->command.p2 == 0x0C ? ", no data"
                                      : "");
}

void show_status_answer(struct show_exchange *x)
{
    if (x->answer.left > 0 && (x->answer.at[0] == 0x62 || x->answer.at[0] == 0x84))
        show_fcp(x->d, x->out, x->answer);
    else
        show_select_answer(x);
}

bool decode_needs(const struct decode_channel *c)
{
    const struct decode_ef *ef = show_ef_find(show_place(c->application, c->path, c->depth), c->ef);

    if (c->ef != 0)
        return ef != NULL && ef->needed;
    return c->depth == 0 ||
           (c->depth == 1 && c->path[0] == FID_CURRENT_ADF && c->application == PLACE_USIM);
}
