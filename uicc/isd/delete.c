/*
 * DELETE (GP 11.2): content, or keys.
 */
#include "uicc/isd/token.h"

#include "apdu/tlv.h"

#define TAG_AID        0x4F
#define TAG_TOKEN      0x9E
#define TAG_KEY_ID     0xD0
#define TAG_VERSION    0xD2
#define DELETE_RELATED 0x80

/* ---- content ---- */

/* The first instance that stands on this load file or in this domain. */
static enum err first_dependent(const struct card *card, const struct applet_entry *of,
                                struct applet_entry *out)
{
    for (uint8_t n = APPLET_ISD; applet_registry_next(&card->store, n, out) == ERR_OK;
         n = out->number) {
        if (applet_is_native(out->number) || out->number == of->number)
            continue;
        if (of->kind == APPLET_LOAD_FILE ? out->package == of->number
                                         : isd_is_domain(of) && out->domain == of->number)
            return ERR_OK;
    }
    return ERR_NOT_FOUND;
}

/* Is all of it free to go? Nothing of it is selected. */
static bool can_go(const struct card *card, const struct applet_entry *e, bool related)
{
    struct applet_entry d;

    if (applet_is_fixed(e->number) || applet_is_selected(card, e->number))
        return false;
    if (first_dependent(card, e, &d) != ERR_OK)
        return true;
    if (!related || e->kind != APPLET_LOAD_FILE)
        return false;
    for (uint8_t n = APPLET_ISD; applet_registry_next(&card->store, n, &d) == ERR_OK;
         n = d.number) {
        if (d.kind == APPLET_INSTANCE && d.package == e->number &&
            applet_is_selected(card, d.number))
            return false;
    }
    return true;
}

static enum err remove_one(struct card *card, const struct applet_entry *e)
{
    enum err result = ERR_OK;

    if (e->kind == APPLET_LOAD_FILE)
        return applet_registry_remove(&card->store, e->number);
    if (isd_is_domain(e))
        result = isd_keys_remove_all(card, e->number);
    return result == ERR_OK ? applet_uninstall(card, e->number) : result;
}

static sw_t delete_content(struct isd_caller *caller, struct rd aid, bool related)
{
    struct card *card = caller->card;
    struct applet_entry e, d;
    enum err result = ERR_OK;

    if (applet_registry_find(&card->store, aid, &e) != ERR_OK || applet_is_loading(&e) ||
        !isd_may_touch(caller, &e, PRIVILEGE_GLOBAL_DELETE))
        return SW_REFERENCE;
    if (!can_go(card, &e, related) || e.number == caller->domain.number)
        return SW_CONDITIONS;
    while (result == ERR_OK && first_dependent(card, &e, &d) == ERR_OK)
        result = remove_one(card, &d);
    if (result == ERR_OK)
        result = remove_one(card, &e);
    return result == ERR_OK ? SW_OK : SW_MEMORY;
}

/* ---- keys ---- */

static enum err take_number(struct rd data, uint32_t tag, uint8_t *out)
{
    struct rd value;
    enum err e = tlv_find(data, tag, &value);

    *out = 0;
    if (e == ERR_NOT_FOUND)
        return ERR_OK;
    return e == ERR_OK && value.left == 1 ? rd_u8(&value, out) : ERR_FORMAT;
}

/* A key, all of one version, or those with one id in every version; the slots' are none of them. */
static enum err delete_keys(struct isd_caller *caller, uint8_t version, uint8_t id)
{
    uint8_t domain = caller->domain.number;
    enum err e = ERR_NOT_FOUND;
    struct isd_key key;
    unsigned last = version != 0 ? version : ISD_KEYS_LAST;

    for (unsigned i = version != 0 ? version : 1; i <= last; i++) {
        uint8_t v = (uint8_t)i;

        if (id == 0 ? !isd_keys_stored(caller->card, domain, v)
                    : isd_keys_get(caller->card, domain, v, id, &key) != ERR_OK)
            continue;
        e = isd_keys_remove(caller->card, domain, v, id);
        if (e != ERR_OK)
            return ERR_IO; /* others are gone already: the transaction must not go on */
    }
    return e;
}

static sw_t delete_key_data(struct isd_caller *caller, struct rd data)
{
    uint8_t version, id;
    enum err e = take_number(data, TAG_VERSION, &version);

    if (e == ERR_OK)
        e = take_number(data, TAG_KEY_ID, &id);
    if (e != ERR_OK || (version == 0 && id == 0))
        return SW_BAD_DATA;
    e = delete_keys(caller, version, id);
    caller->keys_changed |= e == ERR_OK;
    return isd_status(e);
}

/* ---- the command ---- */

/* One object, then perhaps a token, which vouches for what is before it. */
static enum err read_content(struct rd data, struct rd *aid, struct rd *body, struct rd *token)
{
    struct rd rest = data;
    struct tlv t;
    enum err e = tlv_next(&rest, &t);

    if (e != ERR_OK || t.tag != TAG_AID)
        return ERR_FORMAT;
    *aid = t.value;
    *body = RD(data.at, data.left - rest.left);
    *token = RD(NULL, 0);
    if (rest.left == 0)
        return ERR_OK;
    e = tlv_next(&rest, &t);
    *token = t.value;
    return e == ERR_OK && t.tag == TAG_TOKEN && rest.left == 0 ? ERR_OK : ERR_FORMAT;
}

static sw_t delete_with_token(struct isd_caller *caller, const struct apdu *cmd, struct wr *out)
{
    bool anything = (caller->domain.privileges[1] & PRIVILEGE_GLOBAL_DELETE) != 0;
    struct rd aid, body, token;
    sw_t sw = SW_OK;

    if (!isd_may_manage(caller) && !token_may_delegate(caller) && !anything)
        return SW_SECURITY;
    if (read_content(cmd->data, &aid, &body, &token) != ERR_OK)
        return SW_BAD_DATA;
    if (!anything || token.left > 0)
        sw = token_check(caller, cmd, body, token);
    if (sw_equal(sw, SW_OK))
        sw = delete_content(caller, aid, (cmd->p2 & DELETE_RELATED) != 0);
    return sw_equal(sw, SW_OK) ? token_write_receipt(caller, (struct token_receipt){{aid}}, out)
                               : sw;
}

sw_t isd_delete(struct isd_caller *caller, const struct apdu *cmd, struct wr *out)
{
    sw_t sw;

    if (cmd->p1 != 0 || (cmd->p2 & (uint8_t)~DELETE_RELATED) != 0)
        return SW_P1P2;
    if (cmd->data.left > 0 && cmd->data.at[0] == TAG_AID)
        return delete_with_token(caller, cmd, out);
    sw = delete_key_data(caller, cmd->data);
    if (sw_equal(sw, SW_OK))
        wr_u8(out, 0);
    return sw;
}
