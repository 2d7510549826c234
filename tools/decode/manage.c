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

/* GET DATA: P1 P2 is the tag (GlobalPlatform 11.3.3.1; Secure Element Access Control 4.2). */
static const struct show_name data_objects[] = {
    {0x0042, "issuer identification number"},
    {0x0045, "card image number"},
    {0x0066, "card data"},
    {0x0067, "card capabilities"},
    {0x00C1, "sequence counter"},
    {0x00CF, "key derivation data"},
    {0x00E0, "key information"},
    {0xFF21, "extended card resources"},
    {0xFF40, "all access rules"},
    {0xFF50, "an access rule"},
    {0xFF60, "the next access rules"},
    {0xDF20, "refresh tag of the access rules"},
    {0, NULL},
};

static uint32_t data_tag(const struct show_exchange *x)
{
    return (uint32_t)(x->command.p1 << 8 | x->command.p2);
}

void show_get_data(struct show_exchange *x)
{
    tree_text(&x->d->tree, x->root, "%s, tag %02X%02X",
              show_name(data_objects, data_tag(x), "an object"), x->command.p1, x->command.p2);
    if (x->command.data.left > 0)
        tree_add(&x->d->tree, x->in, "reference", x->command.data);
}

/* TS 102 226 8.2.1.7.2 */
static void show_resources(struct decode *d, struct tree_node *n, struct rd bytes)
{
    static const struct show_tlv rows[] = {
        {0x81, "applications", show_number, TREE_FREE},
        {0x82, "free memory", show_number, TREE_STATE},
        {0x83, "free volatile memory", show_number, TREE_STATE},
        {0, NULL, NULL, TREE_EQUAL},
    };

    show_tlvs(d, n, bytes, rows);
}

void show_get_data_answer(struct show_exchange *x)
{
    struct tree_node *n = tree_add(&x->d->tree, x->out, "object", x->answer);
    struct rd object;

    if (data_tag(x) == 0xFF21 && tlv_find(x->answer, 0xFF21, &object) == ERR_OK)
        show_resources(x->d, n, object);
    else
        tree_rule(n, TREE_FREE);
}
