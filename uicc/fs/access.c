#include "uicc/fs/fs.h"
#include "uicc/fs/template.h"
#include "uicc/fs/tree.h"

#include "apdu/tlv.h"
#include "uicc/pin/pin.h"

#define ENVIRONMENT_ANY    0x00
#define ENVIRONMENT_PIN_ON 0x01

/* ---- life cycle ---- */

static bool lcs_of_one_allows(const struct card *card, uint16_t node, enum fs_access access)
{
    switch (fs_lcs(card, node)) {
    case FS_LCS_TERMINATED:
        return access == FS_DELETE;
    case FS_LCS_DEACTIVATED:
        if (access == FS_READ || access == FS_UPDATE || access == FS_INCREASE)
            return (fs_file(card, node)->flags & FS_WHEN_DEACTIVATED) != 0;
        return true;
    default:
        return true;
    }
}

/* A file in a DF that is out of use is out of use too. */
static bool lcs_allows(const struct card *card, uint16_t node, enum fs_access access)
{
    if (!card->fs->any_meta && node < card->profile->file_count)
        return true;
    if (!lcs_of_one_allows(card, node, access))
        return false;
    while (node != NODE_MF) {
        uint8_t lcs;

        node = fs_file(card, node)->parent;
        lcs = fs_lcs(card, node);
        if (lcs == FS_LCS_TERMINATED || (lcs == FS_LCS_DEACTIVATED && access <= FS_INCREASE))
            return false;
    }
    return true;
}

/* ---- rules ---- */

static bool arr_unchanged(const struct card *card, uint16_t arr)
{
    return arr == NODE_NONE || ((card->fs->changed[arr / 8] & 1U << arr % 8) == 0 &&
                                (!card->fs->any_meta || fs_exists(card, arr)));
}

struct fs_decision fs_decide(const struct card *card, uint16_t node, enum fs_access access)
{
    const struct fs_index *x = card->fs->index;

    if (node >= card->profile->file_count || !arr_unchanged(card, x->arrs[node]))
        return (struct fs_decision){.kind = FS_DECIDE_RULE};
    return x->decisions[x->rules[node]].by[access];
}

bool fs_is_silent(const struct card *card, uint16_t node, enum fs_access access)
{
    const struct fs_file *f = fs_file(card, node);
    struct fs_decision d = fs_decide(card, node, access);
    uint16_t arr;
    struct rd rule;

    if (d.kind != FS_DECIDE_RULE || fs_security(card, node).left > 0)
        return d.kind == FS_DECIDE_SILENT;
    arr = fs_arr(card, f, f->arr_fid);
    return arr != NODE_NONE && fs_record(card, arr, f->arr_record, &rule) == ERR_OK &&
           fs_rule_decide(rule, access).kind == FS_DECIDE_SILENT;
}

static bool arr_permits(const struct card *card, const struct fs_file *f, uint16_t fid,
                        uint8_t number, const struct fs_question *q)
{
    uint16_t arr = fs_arr(card, f, fid);
    struct rd rule;

    return arr != NODE_NONE && fs_record(card, arr, number, &rule) == ERR_OK &&
           fs_rule_permits(rule, q);
}

/* The security environment in force, TS 102 221 9.3: whether the user must verify. */
static uint8_t environment(const struct card *card)
{
    struct pin_state pin1;

    return pin_read(card, 0x01, &pin1) == ERR_OK && pin1.enabled ? ENVIRONMENT_PIN_ON
                                                                 : ENVIRONMENT_ANY;
}

/* FID, then pairs of environment and record. The one of the environment in force counts, else one
 * for any. */
static bool listed_permits(const struct card *card, const struct fs_file *f, struct rd value,
                           const struct fs_question *q)
{
    uint8_t now = environment(card), id, record, chosen = 0;
    uint16_t fid;

    if (rd_u16(&value, &fid) != ERR_OK)
        return false;
    while (rd_u8(&value, &id) == ERR_OK && rd_u8(&value, &record) == ERR_OK) {
        if (id == now || (id == ENVIRONMENT_ANY && chosen == 0))
            chosen = record;
    }
    return arr_permits(card, f, fid, chosen, q);
}

static bool attribute_permits(const struct card *card, const struct fs_file *f, struct rd attribute,
                              const struct fs_question *q)
{
    struct tlv t;

    if (tlv_next(&attribute, &t) != ERR_OK)
        return false;
    switch (t.tag) {
    case FCP_REFERENCED:
        return listed_permits(card, f, t.value, q);
    case FCP_COMPACT:
        return fs_rule_permits_compact(t.value, q);
    case FCP_EXPANDED:
        return fs_rule_permits(t.value, q);
    default:
        return false;
    }
}

static bool rule_permits(const struct card *card, uint16_t node, const struct fs_question *q)
{
    const struct fs_file *f = fs_file(card, node);
    struct rd attribute = fs_security(card, node);

    if (attribute.left > 0)
        return attribute_permits(card, f, attribute, q);
    return arr_permits(card, f, f->arr_fid, f->arr_record, q);
}

static uint32_t satisfied(const struct card *card, const struct exec *x)
{
    return x->remote ? x->rights : pin_satisfied(card, x->ch);
}

static bool permits(const struct card *card, const struct exec *x, uint16_t node,
                    enum fs_access access)
{
    struct fs_decision d = fs_decide(card, node, access);
    struct fs_question q = {.access = access, .cmd = x->cmd};

    switch (d.kind) {
    case FS_DECIDE_ALWAYS:
        return true;
    case FS_DECIDE_NEVER:
    case FS_DECIDE_SILENT:
        return false;
    case FS_DECIDE_ANY:
        return (d.keys & satisfied(card, x)) != 0;
    case FS_DECIDE_ALL:
        return (d.keys & ~satisfied(card, x)) == 0;
    default:
        q.satisfied = satisfied(card, x);
        return rule_permits(card, node, &q);
    }
}

sw_t access_check(const struct card *card, const struct exec *x, uint16_t node,
                  enum fs_access access)
{
    if (!lcs_allows(card, node, access))
        return SW_CONDITIONS;
    return permits(card, x, node, access) ? SW_OK : SW_SECURITY;
}
