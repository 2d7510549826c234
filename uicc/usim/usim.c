#include "uicc/usim/usim.h"

#include "uicc/fs/fs.h"
#include "uicc/pin/pin.h"

#include <string.h>

/* RID of 3GPP and application code; what follows is the operator's (TS 101 220 annex E). */
static const uint8_t usim_aid[] = {0xA0, 0x00, 0x00, 0x00, 0x87, 0x10, 0x02};
static const uint8_t isim_aid[] = {0xA0, 0x00, 0x00, 0x00, 0x87, 0x10, 0x04};

static bool aid_begins(const struct fs_file *adf, const uint8_t *aid, size_t n)
{
    return adf->aid_len >= n && memcmp(adf->aid, aid, n) == 0;
}

bool usim_service_of(const struct card *card, uint16_t app, uint16_t table, unsigned n)
{
    uint16_t node = fs_child(card, app, table);
    struct rd body;

    if (node == NODE_NONE || n == 0)
        return false;
    body = fs_body(card, node);
    return (n - 1) / 8 < body.left && (body.at[(n - 1) / 8] >> (n - 1) % 8 & 1) != 0;
}

bool usim_service(const struct card *card, uint16_t app, unsigned n)
{
    return usim_service_of(card, app, USIM_FID_UST, n);
}

bool usim_is_isim(const struct card *card, uint16_t app)
{
    return aid_begins(fs_file(card, app), isim_aid, sizeof isim_aid);
}

/* Is the current DF the application's ADF, or below it? */
static bool inside(const struct card *card, uint16_t df, uint16_t app)
{
    while (df != app && df != NODE_MF)
        df = fs_file(card, df)->parent;
    return df == app;
}

sw_t usim_ready(const struct card *card, const struct exec *x, bool isim)
{
    const struct channel *ch = x->ch;
    const struct fs_file *adf;
    uint32_t rights;

    if (ch->app == NODE_NONE || !fs_exists(card, ch->app) || !inside(card, ch->df, ch->app))
        return SW_CONDITIONS;
    adf = fs_file(card, ch->app);
    if (!aid_begins(adf, usim_aid, sizeof usim_aid) &&
        !(isim && aid_begins(adf, isim_aid, sizeof isim_aid)))
        return SW_CONDITIONS;
    rights = x->remote ? x->rights : pin_satisfied(card, ch);
    return (rights & PIN_BIT_PIN1) != 0 ? SW_OK : SW_SECURITY;
}
