/* PINs, AUTHENTICATE, channels (TS 102 221 11.1.9 to 11.1.22; TS 31.102 7; TS 51.011 9.2). */
#include "apdu/ids.h"
#include "apdu/tlv.h"
#include "tools/decode/show.h"

static const char *reference_name(uint8_t p2)
{
    static const struct show_name names[] = {{0x01, "PIN1"},          {0x02, "PIN 2 of the card"},
                                             {0x0A, "ADM1"},          {0x0B, "ADM2"},
                                             {0x11, "universal PIN"}, {0x81, "PIN2"},
                                             {0x8A, "ADM6"},          {0, NULL}};

    return show_name(names, p2, "key");
}

void show_pin(struct show_exchange *x)
{
    const struct apdu *c = &x->command;

    tree_text(&x->d->tree, x->root, "%s (%02X)", reference_name(c->p2), c->p2);
    if (c->data.left == 0)
        tree_append(&x->d->tree, x->root, "how many tries are left?");
    else
        show_hidden(x->d, tree_add(&x->d->tree, x->in, "data", c->data), c->data);
}

/* One length byte and that many bytes. */
static bool take(struct rd *r, struct rd *out)
{
    uint8_t len;

    return rd_u8(r, &len) == ERR_OK && rd_take(r, len, out) == ERR_OK;
}

void show_authenticate(struct show_exchange *x)
{
    static const char *const contexts[] = {"GSM context", "3G context",  "VGCS or VBS context",
                                           "context 3",   "GBA context", "MBMS context",
                                           "local key",   "context 7"};
    struct rd r = x->command.data, part;

    tree_text(&x->d->tree, x->root, "%s", contexts[x->command.p2 & 7]);
    if (take(&r, &part))
        tree_rule(tree_add(&x->d->tree, x->in, "RAND", part), TREE_FREE);
    if ((x->command.p2 & 7) == 1 && take(&r, &part)) {
        struct tree_node *n = tree_add(&x->d->tree, x->in, "AUTN", part);

        tree_rule(n, TREE_FREE);
        if (part.left == 16)
            tree_text(&x->d->tree, n, "AMF %02X%02X", part.at[6], part.at[7]);
    }
}

static void show_part(struct show_exchange *x, struct tree_node *n, const char *name, struct rd *r,
                      bool secret)
{
    struct tree_node *o;
    struct rd part;

    if (!take(r, &part))
        return;
    o = tree_add(&x->d->tree, n, name, part);
    tree_rule(o, TREE_SHAPE);
    if (secret)
        show_hidden(x->d, o, part);
}

void show_authenticate_answer(struct show_exchange *x)
{
    struct rd r = x->answer;
    struct tree_node *n;
    uint8_t tag = 0;

    if ((x->command.p2 & 7) == 0) {
        n = tree_say(&x->d->tree, x->out, "2G answer", RD(NULL, 0), "authenticated");
        show_part(x, n, "SRES", &r, false);
        show_part(x, n, "Kc", &r, true);
        return;
    }
    if (rd_u8(&r, &tag) != ERR_OK)
        return;
    if (tag == 0xDC) {
        n = tree_say(&x->d->tree, x->out, "synchronisation failure", RD(NULL, 0),
                     "sequence number not fresh");
        show_part(x, n, "AUTS", &r, false);
        return;
    }
    if (tag != 0xDB) {
        tree_add(&x->d->tree, x->out, "answer", x->answer);
        return;
    }
    n = tree_say(&x->d->tree, x->out, "3G answer", RD(NULL, 0), "authenticated");
    show_part(x, n, "RES", &r, false);
    show_part(x, n, "CK", &r, true);
    show_part(x, n, "IK", &r, true);
    show_part(x, n, "Kc", &r, true);
}

void show_run_gsm(struct show_exchange *x)
{
    tree_rule(tree_add(&x->d->tree, x->in, "RAND", x->command.data), TREE_FREE);
}

void show_run_gsm_answer(struct show_exchange *x)
{
    if (x->answer.left < 4)
        return;
    tree_rule(tree_add(&x->d->tree, x->out, "SRES", RD(x->answer.at, 4)), TREE_SHAPE);
    if (x->answer.left >= 12)
        show_hidden(x->d, tree_add(&x->d->tree, x->out, "Kc", RD(x->answer.at + 4, 8)),
                    RD(x->answer.at + 4, 8));
}

void show_manage_channel(struct show_exchange *x)
{
    const struct apdu *c = &x->command;

    if (c->p1 == 0x80)
        tree_text(&x->d->tree, x->root, "close %u", c->p2);
    else if (c->p2 == 0)
        tree_text(&x->d->tree, x->root, "open");
    else
        tree_text(&x->d->tree, x->root, "open %u", c->p2);
    if (c->p1 == 0x00 && c->p2 > 0 && c->p2 < APDU_CHANNELS && show_succeeded(x))
        x->d->channels[c->p2] = (struct decode_channel){.application = PLACE_UNKNOWN};
}

void show_manage_channel_answer(struct show_exchange *x)
{
    if (x->answer.left != 1)
        return;
    tree_rule(tree_say(&x->d->tree, x->out, "channel", x->answer, "%u", x->answer.at[0]),
              TREE_FREE);
    if (x->answer.at[0] < APDU_CHANNELS)
        x->d->channels[x->answer.at[0]] = (struct decode_channel){.application = PLACE_UNKNOWN};
}

static const struct show_tlv capability_rows[] = {
    {0x80, "power supply", NULL, TREE_EQUAL},
    {0x81, "extended logical channels", NULL, TREE_EQUAL},
    {0x82, "other interfaces", NULL, TREE_EQUAL},
    {0x83, "eUICC", NULL, TREE_EQUAL},
    {0x84, "eUICC test", NULL, TREE_EQUAL},
    {0, NULL, NULL, TREE_EQUAL},
};

static void show_capabilities(struct decode *d, struct tree_node *n, struct rd bytes)
{
    show_tlvs(d, n, bytes, capability_rows);
}

void show_capability(struct show_exchange *x)
{
    static const struct show_tlv rows[] = {{0xA9, "terminal", show_capabilities, TREE_EQUAL},
                                           {0, NULL, NULL, TREE_EQUAL}};

    show_tlvs(x->d, x->in, x->command.data, rows);
}

/* TS 102 221 11.1.23 */
void show_identity_request(struct show_exchange *x)
{
    tree_text(&x->d->tree, x->root, "%s",
              (x->command.p2 & 0x7F) == 1   ? "SUCI"
              : (x->command.p2 & 0x7F) == 2 ? "SUCI for 5G NSWO"
                                            : "identity");
}

void show_suspend(struct show_exchange *x)
{
    tree_text(&x->d->tree, x->root, "%s", x->command.p1 == 1 ? "resume" : "suspend");
    if (x->command.p1 == 0 && x->command.data.left >= 4) {
        tree_add(&x->d->tree, x->in, "shortest time", RD(x->command.data.at, 2));
        tree_add(&x->d->tree, x->in, "longest time", RD(x->command.data.at + 2, 2));
    } else {
        tree_add(&x->d->tree, x->in, "token", x->command.data);
    }
}

void show_suspend_answer(struct show_exchange *x)
{
    if (x->answer.left < 10)
        return;
    tree_add(&x->d->tree, x->out, "longest time", RD(x->answer.at, 2));
    tree_rule(tree_add(&x->d->tree, x->out, "token", RD(x->answer.at + 2, 8)), TREE_FREE);
}
