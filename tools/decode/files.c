/* Commands on the content of files (TS 102 221 11.1.3 to 11.1.8, 11.3; TS 102 222 6). */
#include "apdu/ids.h"
#include "apdu/tlv.h"
#include "tools/decode/show.h"

/* A short file id names the file and makes it the current one. */
static const struct decode_ef *file_of(struct show_exchange *x, uint8_t sfi, char *name, size_t cap)
{
    struct decode_channel *c = x->channel;
    enum decode_place place = show_place(c->application, c->path, c->depth);
    const struct decode_ef *ef;

    if (sfi == 0) {
        decode_where(c, name, cap);
        return show_ef_find(place, c->ef);
    }
    ef = show_ef_by_sfi(place, sfi);
    if (ef != NULL)
        snprintf(name, cap, "%s (short id %02X)", ef->name, sfi);
    else
        snprintf(name, cap, "short id %02X", sfi);
    if (show_succeeded(x))
        c->ef = ef != NULL ? ef->fid : 0;
    return ef;
}

static uint8_t binary_sfi(const struct apdu *c)
{
    return c->cla != 0xA0 && (c->p1 & 0x80) != 0 ? c->p1 & 0x1F : 0;
}

static unsigned binary_offset(const struct apdu *c)
{
    return binary_sfi(c) != 0 ? c->p2 : (unsigned)(c->p1 << 8 | c->p2);
}

static void show_body(struct show_exchange *x, struct tree_node *n, const struct decode_ef *ef,
                      struct rd body)
{
    struct tree_node *o;

    if (body.left == 0 || n == NULL)
        return;
    o = tree_add(&x->d->tree, n, ef != NULL ? ef->name : "content", body);
    if (ef == NULL)
        return;
    tree_rule(o, ef->rule);
    if (ef->show != NULL)
        ef->show(x->d, o, body);
}

static const struct decode_ef *say_binary(struct show_exchange *x)
{
    const struct apdu *c = &x->command;
    char name[160];
    const struct decode_ef *ef = file_of(x, binary_sfi(c), name, sizeof name);

    tree_text(&x->d->tree, x->root, "%s", name);
    if (binary_offset(c) != 0)
        tree_append(&x->d->tree, x->root, "from byte %u", binary_offset(c));
    return ef;
}

void show_read_binary(struct show_exchange *x)
{
    (void)say_binary(x);
    if (x->command.p3 != 0)
        tree_append(&x->d->tree, x->root, "%u bytes", x->command.p3);
}

void show_update_binary(struct show_exchange *x)
{
    const struct decode_ef *ef = say_binary(x);

    /* Part of a file is not what the file's decoder knows. */
    show_body(x, x->in, binary_offset(&x->command) == 0 ? ef : NULL, x->command.data);
}

static const struct decode_ef *say_record(struct show_exchange *x)
{
    static const char *const modes[] = {"mode 0",          "mode 1", "next record",
                                        "previous record", "record", "backward from record",
                                        "enhanced",        "mode 7"};
    const struct apdu *c = &x->command;
    char name[160];
    const struct decode_ef *ef =
        file_of(x, c->cla == 0xA0 ? 0 : (uint8_t)(c->p2 >> 3), name, sizeof name);

    if ((c->p2 & 7) == 4)
        tree_text(&x->d->tree, x->root, "%s, record %u", name, c->p1);
    else
        tree_text(&x->d->tree, x->root, "%s, %s", name, modes[c->p2 & 7]);
    return ef;
}

void show_read_record(struct show_exchange *x)
{
    (void)say_record(x);
}

void show_update_record(struct show_exchange *x)
{
    show_body(x, x->in, say_record(x), x->command.data);
}

/* What READ BINARY or READ RECORD brought; the file is the current one by now. */
void show_content(struct show_exchange *x)
{
    struct decode_channel *c = x->channel;
    bool part = x->command.ins == INS_READ_BINARY && binary_offset(&x->command) != 0;

    show_body(x, x->out,
              part ? NULL : show_ef_find(show_place(c->application, c->path, c->depth), c->ef),
              x->answer);
}

void show_search(struct show_exchange *x)
{
    (void)say_record(x);
    tree_add(&x->d->tree, x->in, "pattern", x->command.data);
}

void show_search_answer(struct show_exchange *x)
{
    for (size_t i = 0; i < x->answer.left; i++)
        tree_rule(tree_say(&x->d->tree, x->out, "found", RD(x->answer.at + i, 1), "record %u",
                           x->answer.at[i]),
                  TREE_FREE);
}

void show_increase(struct show_exchange *x)
{
    char name[160];

    (void)file_of(x, x->command.cla == 0xA0 ? 0 : x->command.p1 & 0x1F, name, sizeof name);
    tree_text(&x->d->tree, x->root, "%s", name);
    show_number(x->d, tree_add(&x->d->tree, x->in, "by", x->command.data), x->command.data);
}

void show_increase_answer(struct show_exchange *x)
{
    tree_rule(tree_add(&x->d->tree, x->out, "new value and value added", x->answer), TREE_FREE);
}

/* DELETE, DEACTIVATE, ACTIVATE, TERMINATE: data is nothing, a FID or a path. */
void show_file_command(struct show_exchange *x)
{
    char where[128];

    if (x->command.data.left >= 2) {
        show_path(x->d, x->root, x->command.data);
        return;
    }
    decode_where(x->channel, where, sizeof where);
    tree_text(&x->d->tree, x->root, "%s", where);
}

void show_create(struct show_exchange *x)
{
    struct rd template, fid;

    show_fcp(x->d, x->in, x->command.data);
    if (tlv_find(x->command.data, 0x62, &template) == ERR_OK &&
        tlv_find(template, 0x83, &fid) == ERR_OK)
        show_fid(x->d, x->root, fid);
}

/* RETRIEVE DATA and SET DATA */
void show_object(struct show_exchange *x)
{
    const struct apdu *c = &x->command;
    char name[160];

    (void)file_of(x, c->p2 & 0x1F, name, sizeof name);
    tree_text(&x->d->tree, x->root, "%s, %s", name,
              (c->p2 & 0xC0) == 0x80   ? "first block"
              : (c->p2 & 0xC0) == 0x00 ? "next block"
                                       : "block again");
    if (c->data.left > 0)
        tree_add(&x->d->tree, x->in, c->ins == INS_SET_DATA ? "object" : "tag", c->data);
}

void show_object_answer(struct show_exchange *x)
{
    tree_rule(tree_add(&x->d->tree, x->out, "object", x->answer), TREE_FREE);
}
