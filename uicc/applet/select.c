#include "uicc/applet/manage.h"

#include "apdu/ids.h"
#include "apdu/tlv.h"

#define TAG_FCI         0x6F
#define TAG_AID         0x84
#define TAG_PROPRIETARY 0xA5
#define P2_NEXT         0x02
#define P2_OCCURRENCE   0x03
#define P2_RETURN       0x1C
#define P2_NO_DATA      0x0C

/* ---- which instance ---- */

/* A locked card has its issuer security domain, and no other application (GP 5.1.1.4). */
static bool may_be_selected(const struct card *card, const struct applet_entry *e)
{
    struct applet_card_state state;

    applet_card_state(&card->store, &state);
    if (e->number == APPLET_ISD || state.life == CARD_LOCKED)
        return e->number == APPLET_ISD && state.life != CARD_TERMINATED;
    return e->kind == APPLET_INSTANCE && (e->life & APPLET_LOCKED) == 0 &&
           e->life >= APPLET_SELECTABLE;
}

/* For clients that know the issuer security domain by no other name; others whose AID begins so
 * come first. */
static bool is_former_isd(struct rd aid)
{
    static const uint8_t former[] = {AID_ISD_FORMER};

    return aid.left >= APPLET_AID_MIN && aid.left <= sizeof former &&
           rd_equal(aid, RD(former, aid.left));
}

/* GP 11.9.2: the first one whose AID begins so, or the next after the one selected here. */
static enum err find(const struct card *card, const struct exec *x, struct applet_entry *out)
{
    bool next = (x->cmd->p2 & P2_OCCURRENCE) == P2_NEXT;
    struct rd aid = x->cmd->data;
    struct applet_entry e;

    if (aid.left == 0)
        return applet_registry_read(&card->store, APPLET_ISD, out);
    for (uint8_t n = next ? x->ch->applet : 0; applet_registry_next(&card->store, n, &e) == ERR_OK;
         n = e.number) {
        if (may_be_selected(card, &e) && applet_aid_begins(&e.aid, aid)) {
            *out = e;
            return ERR_OK;
        }
    }
    return !next && is_former_isd(aid) ? applet_registry_read(&card->store, APPLET_ISD, out)
                                       : ERR_NOT_FOUND;
}

static unsigned selections(const struct card *card, uint8_t number, const struct channel *except)
{
    unsigned count = 0;

    for (unsigned i = 0; i < APDU_CHANNELS; i++) {
        const struct channel *ch = channel_get(card, i);

        if (ch != NULL && ch != except && ch->applet == number)
            count++;
    }
    return count;
}

bool applet_is_selected(const struct card *card, uint8_t number)
{
    return selections(card, number, NULL) > 0;
}

/* ---- SELECT ---- */

static void write_fci(const struct applet_entry *entry, struct wr *out)
{
    size_t mark = tlv_open(out, TAG_FCI);

    tlv_write(out, TAG_AID, RD_AID(&entry->aid));
    tlv_write(out, TAG_PROPRIETARY, RD(NULL, 0));
    tlv_close(out, mark);
}

static struct applet handle(struct card *card, const struct applet_entry *entry)
{
    return (struct applet){card, entry->number, applet_ops_of(card, entry)};
}

sw_t applet_select(struct card *card, struct exec *x)
{
    struct applet_entry entry;
    struct applet a;
    sw_t sw = SW_OK;

    if (x->remote || find(card, x, &entry) != ERR_OK)
        return SW_NOT_FOUND;
    a = handle(card, &entry);
    if (a.ops == NULL || a.ops->process == NULL)
        return SW_NOT_FOUND;
    if (!a.ops->multiselectable && selections(card, entry.number, x->ch) > 0)
        return SW_CONDITIONS;
    applet_deselect(card, x->ch);
    if (a.ops->select != NULL)
        sw = a.ops->select(&a, x);
    else
        write_fci(&entry, x->out);
    if (!sw_is_success(sw) && !sw_is_warning(sw))
        return sw;
    if ((x->cmd->p2 & P2_RETURN) == P2_NO_DATA)
        x->out->len = 0;
    x->ch->applet = entry.number;
    return sw;
}

void applet_deselect(struct card *card, struct channel *ch)
{
    struct applet_entry entry;
    struct applet a;

    if (ch->applet == 0)
        return;
    if (applet_registry_read(&card->store, ch->applet, &entry) == ERR_OK) {
        a = handle(card, &entry);
        if (a.ops != NULL && a.ops->deselect != NULL)
            a.ops->deselect(&a, ch->number);
    }
    applet_clear_selected(card, ch->number);
    ch->applet = 0;
}

/* ---- commands ---- */

/* What stays the card's own, whatever is selected: selection, channels, and the terminal's side of
 * the toolkit (TS 102 221 8.3). GET STATUS shares its instruction with STATUS, and is told by P1.
 */
static const struct {
    uint8_t ins;
    bool etsi;
    uint8_t p1_max;
} reserved[] = {
    {INS_SELECT, false, 0xFF},
    {INS_MANAGE_CHANNEL, false, 0xFF},
    {INS_TERMINAL_PROFILE, true, 0xFF},
    {INS_FETCH, true, 0xFF},
    {INS_TERMINAL_RESPONSE, true, 0xFF},
    {INS_ENVELOPE, true, 0xFF},
    {INS_TERMINAL_CAPABILITY, true, 0xFF},
    {INS_SUSPEND_UICC, true, 0xFF},
    {INS_STATUS, true, 0x02},
};

bool applet_takes(const struct card *card, const struct exec *x)
{
    struct apdu_class cls;
    const struct channel *ch;

    if (x->remote || apdu_class(x->cmd->cla, &cls) != ERR_OK || cls.sim)
        return false;
    ch = channel_get(card, cls.channel);
    if (ch == NULL || ch->applet == 0)
        return false;
    for (size_t i = 0; i < ARRAY_LEN(reserved); i++) {
        if (reserved[i].ins == x->cmd->ins && reserved[i].etsi == cls.etsi &&
            !cls.secure_messaging && x->cmd->p1 <= reserved[i].p1_max)
            return false;
    }
    return true;
}

sw_t applet_process(struct card *card, struct exec *x)
{
    struct applet_entry entry;
    struct applet a;

    if (apdu_class(x->cmd->cla, &x->cls) != ERR_OK)
        return SW_WRONG_CLA;
    x->ch = channel_get(card, x->cls.channel);
    if (applet_registry_read(&card->store, x->ch->applet, &entry) != ERR_OK ||
        !may_be_selected(card, &entry))
        return SW_CONDITIONS;
    a = handle(card, &entry);
    return a.ops == NULL ? SW_CONDITIONS : a.ops->process(&a, x);
}
