/* Application management (GlobalPlatform 11). */
#include "apdu/tlv.h"
#include "tools/decode/show.h"

/* INSTALL: P1 says what for; fields with a length byte each (GlobalPlatform 11.5). */
void show_install(struct show_exchange *x)
{
    static const struct show_name purposes[] = {{0, "for load"},
                                                {1, "for load"},
                                                {2, "for install"},
                                                {3, "for make selectable"},
                                                {4, "for extradition"},
                                                {5, "for personalisation"},
                                                {6, "for registry update"},
                                                {0, NULL}};
    static const char *const load[] = {"load file", "security domain", "hash", "parameters",
                                       "token"};
    static const char *const install[] = {"load file",  "module",     "instance",
                                          "privileges", "parameters", "token"};
    uint8_t p1 = x->command.p1 & 0x7F, len;
    bool for_load = (p1 & 2) != 0;
    const char *const *names = for_load ? load : install;
    size_t count = for_load ? ARRAY_LEN(load) : ARRAY_LEN(install), i = 0;
    struct rd r = x->command.data, part;

    tree_text(&x->d->tree, x->root, "%s%s%s%s", (p1 & 2) != 0 ? "for load" : "",
              (p1 & 4) != 0 ? "for install" : "", (p1 & 8) != 0 ? " and make selectable" : "",
              (p1 & 14) == 0 ? show_name(purposes, p1 >> 4, "") : "");
    for (; i < count && rd_u8(&r, &len) == ERR_OK && rd_take(&r, len, &part) == ERR_OK; i++)
        tree_add(&x->d->tree, x->in, names[i], part);
}

void show_delete(struct show_exchange *x)
{
    static const struct show_tlv rows[] = {{0x4F, "AID", show_aid, TREE_EQUAL},
                                           {0xD0, "key id", NULL, TREE_EQUAL},
                                           {0xD2, "key version", NULL, TREE_EQUAL},
                                           {0, NULL, NULL, TREE_EQUAL}};

    tree_text(&x->d->tree, x->root, "%s",
              (x->command.p2 & 0x80) != 0 ? "and what depends on it" : "an application or key");
    show_tlvs(x->d, x->in, x->command.data, rows);
}

void show_put_key(struct show_exchange *x)
{
    struct rd r = x->command.data;
    uint8_t version;

    if (rd_u8(&r, &version) != ERR_OK)
        return;
    tree_text(&x->d->tree, x->root, "key set %u becomes %u, from key %u on", x->command.p1 & 0x7F,
              version, x->command.p2 & 0x7F);
    show_hidden(x->d, tree_add(&x->d->tree, x->in, "enciphered keys", r), r);
}

void show_get_status(struct show_exchange *x)
{
    static const struct show_name sets[] = {{0x80, "issuer security domain"},
                                            {0x40, "applications"},
                                            {0x20, "load files"},
                                            {0x10, "load files and modules"},
                                            {0, NULL}};

    tree_text(&x->d->tree, x->root, "%s", show_name(sets, x->command.p1, "everything"));
    tree_add(&x->d->tree, x->in, "criteria", x->command.data);
}
