#include "apdu/tlv.h"
#include "apdu/ctlv.h"
#include "tools/decode/show.h"

const char *show_name(const struct show_name *table, uint32_t value, const char *otherwise)
{
    for (; table->name != NULL; table++) {
        if (table->value == value)
            return table->name;
    }
    return otherwise;
}

static const struct show_tlv *find(const struct show_tlv *table, uint32_t tag)
{
    for (; table->name != NULL; table++) {
        if (table->tag == tag)
            return table;
    }
    return NULL;
}

static void show_one(struct decode *d, struct tree_node *n, uint32_t tag, struct rd value,
                     const struct show_tlv *row)
{
    struct tree_node *o = row != NULL ? tree_add(&d->tree, n, row->name, value)
                                      : tree_say(&d->tree, n, "object", value, "tag %X", tag);

    if (row == NULL)
        return;
    if (row->rule != TREE_EQUAL)
        tree_rule(o, row->rule);
    if (row->show != NULL)
        row->show(d, o, value);
}

/* Does nothing but FF follow: the fill of a record? */
static bool is_fill(struct rd r)
{
    for (size_t i = 0; i < r.left; i++) {
        if (r.at[i] != 0xFF && r.at[i] != 0x00)
            return false;
    }
    return true;
}

void show_tlvs(struct decode *d, struct tree_node *n, struct rd bytes, const struct show_tlv *table)
{
    struct tlv t;

    while (bytes.left > 0 && bytes.at[0] != 0xFF && !is_fill(bytes)) {
        enum err e = tlv_next(&bytes, &t);

        if (e != ERR_OK) {
            tree_wrong(&d->tree, n, err_text(e), bytes);
            return;
        }
        show_one(d, n, t.tag, t.value, find(table, t.tag));
    }
}

void show_ctlvs(struct decode *d, struct tree_node *n, struct rd bytes,
                const struct show_tlv *table)
{
    struct ctlv t;

    while (bytes.left > 0) {
        enum err e = ctlv_next(&bytes, &t);

        if (e != ERR_OK) {
            tree_wrong(&d->tree, n, err_text(e), bytes);
            return;
        }
        show_one(d, n, t.tag, t.value, find(table, t.tag));
    }
}
