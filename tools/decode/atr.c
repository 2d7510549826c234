#include "apdu/atr.h"
#include "tools/decode/show.h"

/* ISO/IEC 7816-3 8.3: clock rate conversion and baud rate adjustment. */
static const uint16_t clock_rate[16] = {372, 372, 558, 744,  1116, 1488, 1860, 0,
                                        0,   512, 768, 1024, 1536, 2048, 0,    0};
static const uint8_t adjustment[16] = {0, 1, 2, 4, 8, 16, 32, 64, 12, 20, 0, 0, 0, 0, 0, 0};

static const struct show_name classes[] = {
    {0, "class A (5 V)"},
    {1, "class B (3 V)"},
    {2, "class C (1.8 V)"},
    {3, "class D (1.2 V)"},
    {6, "clock may stop low"},
    {7, "clock may stop high"},
    {0, NULL},
};

static void show_historical(struct decode *d, struct tree_node *n, const struct atr *a)
{
    struct rd value;

    if (atr_historical(a, ATR_SERVICE_DATA, &value) == ERR_OK)
        tree_add(&d->tree, n, "card service data", value);
    if (atr_historical(a, ATR_CAPABILITIES, &value) == ERR_OK)
        tree_say(&d->tree, n, "card capabilities", value, "%u logical channels", atr_channels(a));
    if (atr_historical(a, ATR_PRE_ISSUING, &value) == ERR_OK)
        tree_add(&d->tree, n, "pre-issuing data", value);
}

void show_atr(struct decode *d, struct tree_node *n, struct rd bytes)
{
    struct tree_node *h;
    struct atr a;
    enum err e = atr_parse(bytes, &a);
    unsigned f, di;

    tree_rule(n, TREE_FREE);
    if (e != ERR_OK) {
        tree_wrong(&d->tree, n, err_text(e), bytes);
        return;
    }
    tree_say(&d->tree, n, "convention", RD(NULL, 0), "%s", a.inverse ? "inverse" : "direct");
    f = clock_rate[a.ta1 >> 4];
    di = adjustment[a.ta1 & 15];
    if (f > 0 && di > 0)
        tree_say(&d->tree, n, "speed", RD(NULL, 0), "TA1 %02X: F %u, D %u, %u clocks a bit", a.ta1,
                 f, di, f / di);
    for (unsigned i = 0; i < 15; i++) {
        if ((a.protocols >> i & 1) != 0)
            tree_say(&d->tree, n, "protocol", RD(NULL, 0), "T=%u", i);
    }
    if (a.ta_global != 0) {
        uint8_t ta = a.ta_global;

        h = tree_say(&d->tree, n, "supply", RD(NULL, 0), "%02X", ta);
        show_bits(d, h, tree_keep(&d->tree, RD(&ta, 1)), classes);
    }
    h = tree_add(&d->tree, n, "historical bytes", a.historical);
    show_historical(d, h, &a);
}
