/*
 * GET STATUS and SET STATUS (GP 11.4, 11.10).
 */
#include "uicc/isd/isd.h"

#include "apdu/tlv.h"
#include "uicc/fs/fs.h"

#define SUBSET_ISD          0x80
#define SUBSET_APPLICATIONS 0x40 /* and supplementary security domains */
#define SUBSET_LOAD_FILES   0x20
#define SUBSET_FAMILY       0xC0 /* SET STATUS: a domain with its applications */
#define SUBSET_MODULES      0x10 /* load files with their modules */

#define P2_NEXT 0x01
#define P2_TLV  0x02

#define TAG_AID        0x4F
#define TAG_LIFE_CYCLE 0x9F70
#define TAG_PRIVILEGES 0xC5
#define TAG_LOAD_FILE  0xC4
#define TAG_VERSION    0xCE
#define TAG_MODULE     0x84
#define TAG_DOMAIN     0xCC
#define TAG_LIST       0x5C
#define TAG_ENTRY      0xE3

#define ENTRY_LEN_MAX 256U
#define MODULE_MAX    (2U + APPLET_AID_MAX)
#define ENTRY_TAIL    (2U + APPLET_AID_MAX + 1U) /* a domain's name, and a length of two bytes */

/* What is asked for. */
struct question {
    struct isd_caller *caller;
    uint8_t subset, form;
    struct rd name; /* AIDs begin so */
    struct rd tags; /* empty: all */
};

/* ---- entries ---- */

/* The profile's applications come behind what the registry has. */
#define NUMBER_ADF 0xF0U

static enum err read_adf(const struct card *card, unsigned n, struct applet_entry *out)
{
    uint16_t node = fs_by_aid(card, RD(NULL, 0), n);
    const struct fs_file *file = node == NODE_NONE ? NULL : fs_file(card, node);

    *out = (struct applet_entry){
        .number = (uint8_t)(NUMBER_ADF + n),
        .kind = APPLET_INSTANCE,
        .life = APPLET_SELECTABLE,
        .domain = APPLET_ISD,
    };
    if (file == NULL || n > UINT8_MAX - NUMBER_ADF ||
        !applet_aid_set(&out->aid, RD(file->aid, file->aid_len)))
        return ERR_NOT_FOUND;
    return ERR_OK;
}

static enum err next_entry(const struct card *card, uint8_t after, struct applet_entry *out)
{
    if (after < NUMBER_ADF && applet_registry_next(&card->store, after, out) == ERR_OK)
        return ERR_OK;
    return read_adf(card, after < NUMBER_ADF ? 0 : after + 1U - NUMBER_ADF, out);
}

/* ---- one entry ---- */

static uint8_t subset_of(const struct applet_entry *e)
{
    if (e->number == APPLET_ISD)
        return SUBSET_ISD;
    if (e->kind == APPLET_LOAD_FILE)
        return applet_is_loading(e) ? 0 : SUBSET_LOAD_FILES | SUBSET_MODULES;
    return SUBSET_APPLICATIONS;
}

/* GP 11.4.2.1: there is one issuer's domain, by whatever name. */
static bool is_asked(const struct question *q, const struct applet_entry *e)
{
    return (subset_of(e) & q->subset) != 0 &&
           (q->subset == SUBSET_ISD || applet_aid_begins(&e->aid, q->name)) &&
           isd_may_touch(q->caller, e, PRIVILEGE_GLOBAL_REGISTRY);
}

static bool is_listed(const struct question *q, uint32_t tag)
{
    struct rd r = q->tags;
    uint8_t high, low;

    if (r.left == 0)
        return true;
    while (rd_u8(&r, &high) == ERR_OK) {
        if ((high & 0x1F) != 0x1F) {
            if (high == tag)
                return true;
        } else if (rd_u8(&r, &low) == ERR_OK && ((uint32_t)high << 8 | low) == tag) {
            return true;
        }
    }
    return false;
}

static void write_field(const struct question *q, uint32_t tag, struct rd value, struct wr *w)
{
    if (is_listed(q, tag))
        tlv_write(w, tag, value);
}

static void write_aid_of(const struct question *q, uint32_t tag, uint8_t number, struct wr *w)
{
    struct applet_entry other;

    if (applet_registry_read(&q->caller->card->store, number, &other) == ERR_OK)
        write_field(q, tag, RD_AID(&other.aid), w);
}

/* The n-th module, as long as the answer has room for it: one entry is never cut in two. */
static bool next_module(const struct question *q, uint8_t package, unsigned n, const struct wr *w,
                        struct applet_aid *out)
{
    return w->len + MODULE_MAX + ENTRY_TAIL <= q->caller->room &&
           applet_registry_module(&q->caller->card->store, package, n, out) == ERR_OK;
}

static void write_modules(const struct question *q, uint8_t package, struct wr *w)
{
    struct applet_aid aid;

    for (unsigned n = 0; next_module(q, package, n, w, &aid); n++)
        write_field(q, TAG_MODULE, RD_AID(&aid), w);
}

static void write_tlv(const struct question *q, const struct applet_entry *e, struct wr *w)
{
    size_t mark = tlv_open(w, TAG_ENTRY);

    write_field(q, TAG_AID, RD_AID(&e->aid), w);
    write_field(q, TAG_LIFE_CYCLE, RD(&e->life, 1), w);
    if (e->kind == APPLET_INSTANCE) {
        write_field(q, TAG_PRIVILEGES, RD_ARRAY(e->privileges), w);
        if (e->number != APPLET_ISD)
            write_aid_of(q, TAG_LOAD_FILE, e->package, w);
    } else {
        write_field(q, TAG_VERSION, RD_ARRAY(e->version), w);
        if ((q->subset & SUBSET_MODULES) != 0)
            write_modules(q, e->number, w);
    }
    if (e->number != APPLET_ISD)
        write_aid_of(q, TAG_DOMAIN, e->domain, w);
    tlv_close(w, mark);
}

/* The older form: length, AID, life cycle, first byte of the privileges. */
static void write_plain(const struct question *q, const struct applet_entry *e, struct wr *w)
{
    struct applet_aid aid;
    uint8_t *count;

    wr_u8(w, e->aid.len);
    wr_rd(w, RD_AID(&e->aid));
    wr_u8(w, e->life);
    wr_u8(w, e->privileges[0]);
    if (e->kind != APPLET_LOAD_FILE || (q->subset & SUBSET_MODULES) == 0)
        return;
    count = wr_reserve(w, 1);
    if (count == NULL)
        return;
    *count = 0;
    while (next_module(q, e->number, *count, w, &aid)) {
        wr_u8(w, aid.len);
        wr_rd(w, RD_AID(&aid));
        ++*count;
    }
}

/* ---- GET STATUS ---- */

static enum err read_question(struct isd_caller *caller, const struct apdu *cmd, struct question *q)
{
    *q = (struct question){.caller = caller, .subset = cmd->p1, .form = cmd->p2};
    if (tlv_find(cmd->data, TAG_AID, &q->name) != ERR_OK)
        return ERR_FORMAT;
    if (tlv_find(cmd->data, TAG_LIST, &q->tags) == ERR_NOT_FOUND)
        q->tags = RD(NULL, 0);
    return ERR_OK;
}

/* Entries after the given one, as many as fit; the rest waits for "next". */
static sw_t list(const struct question *q, uint8_t after, struct wr *out)
{
    struct applets *all = q->caller->card->applets;
    struct applet_entry e;
    uint8_t bytes[ENTRY_LEN_MAX];
    bool any = false;

    all->listed = 0;
    for (uint8_t n = after; next_entry(q->caller->card, n, &e) == ERR_OK; n = e.number) {
        struct wr w = WR_ARRAY(bytes);

        if (!is_asked(q, &e))
            continue;
        if ((q->form & P2_TLV) != 0)
            write_tlv(q, &e, &w);
        else
            write_plain(q, &e, &w);
        if (any && out->len + w.len > q->caller->room) {
            all->listed = n;
            all->listed_subset = q->subset;
            return SW_MORE_STATUS;
        }
        wr_rd(out, RD_WR(&w));
        any = true;
    }
    return any ? SW_OK : SW_REFERENCE;
}

sw_t isd_get_status(struct isd_caller *caller, const struct apdu *cmd, struct wr *out)
{
    struct applets *all = caller->card->applets;
    bool next = (cmd->p2 & P2_NEXT) != 0;
    struct question q;

    if ((cmd->p1 != SUBSET_ISD && cmd->p1 != SUBSET_APPLICATIONS && cmd->p1 != SUBSET_LOAD_FILES &&
         cmd->p1 != SUBSET_MODULES) ||
        (cmd->p2 & (uint8_t) ~(P2_NEXT | P2_TLV)) != 0)
        return SW_P1P2;
    if (read_question(caller, cmd, &q) != ERR_OK)
        return SW_BAD_DATA;
    if (next && (all->listed == 0 || all->listed_subset != cmd->p1))
        return SW_CONDITIONS;
    return list(&q, next ? all->listed : 0, out);
}

/* ---- SET STATUS ---- */

/* GP 5.1.2. Nobody ends a card that a device may still need: TERMINATED is not reached from here.
 */
static const struct {
    uint8_t from, to;
} card_steps[] = {
    {CARD_OP_READY, CARD_INITIALIZED}, {CARD_OP_READY, CARD_SECURED},
    {CARD_INITIALIZED, CARD_SECURED},  {CARD_SECURED, CARD_LOCKED},
    {CARD_LOCKED, CARD_SECURED},
};

static sw_t set_card(struct isd_caller *caller, uint8_t to)
{
    struct applet_card_state state;

    if (caller->domain.number != APPLET_ISD)
        return SW_SECURITY;
    applet_card_state(&caller->card->store, &state);
    for (size_t i = 0; i < ARRAY_LEN(card_steps); i++) {
        if (card_steps[i].from != state.life || card_steps[i].to != to)
            continue;
        state.life = to;
        return applet_card_state_write(&caller->card->store, &state) == ERR_OK ? SW_OK : SW_MEMORY;
    }
    return SW_CONDITIONS;
}

/* GP 5.3: lock, unlock to what it was, or a step forward that the application's own bits name. */
static bool next_life(uint8_t from, uint8_t to, uint8_t *life)
{
    if ((from & APPLET_LOCKED) != 0) {
        *life = (uint8_t)(from & ~APPLET_LOCKED);
        return (to & APPLET_LOCKED) == 0;
    }
    *life = (to & APPLET_LOCKED) != 0 ? (uint8_t)(from | APPLET_LOCKED) : to;
    if ((to & APPLET_LOCKED) != 0)
        return true;
    return from >= APPLET_SELECTABLE && to >= APPLET_SELECTABLE && (to & 0x07) == 0x07;
}

/* A domain says of itself that it is personalised, and nothing else. */
static bool may_set(const struct isd_caller *caller, const struct applet_entry *e, uint8_t to)
{
    if (applet_is_fixed(e->number))
        return false;
    return e->number != caller->domain.number ||
           (e->life == APPLET_SELECTABLE && to == APPLET_PERSONAL);
}

static enum err set_life(struct card *card, struct applet_entry *e, uint8_t to)
{
    if (!next_life(e->life, to, &e->life))
        return ERR_CONDITIONS;
    applet_registrations_changed(card);
    return applet_registry_write(&card->store, e);
}

static sw_t set_application(struct isd_caller *caller, const struct apdu *cmd)
{
    struct applet_entry e;

    if (applet_registry_find(&caller->card->store, cmd->data, &e) != ERR_OK ||
        e.kind != APPLET_INSTANCE || e.number == APPLET_ISD ||
        !isd_may_touch(caller, &e, PRIVILEGE_GLOBAL_LOCK))
        return SW_REFERENCE;
    return may_set(caller, &e, cmd->p2) ? isd_status(set_life(caller->card, &e, cmd->p2))
                                        : SW_CONDITIONS;
}

/* A domain and all that is under it are locked or unlocked as one; who is so already stays. */
static sw_t set_family(struct isd_caller *caller, const struct apdu *cmd)
{
    struct card *card = caller->card;
    struct applet_entry domain, e;
    bool lock = (cmd->p2 & APPLET_LOCKED) != 0;
    sw_t sw;

    if (applet_registry_find(&card->store, cmd->data, &domain) != ERR_OK || !isd_is_domain(&domain))
        return SW_REFERENCE;
    sw = set_application(caller, cmd);
    if (!sw_equal(sw, SW_OK))
        return sw;
    for (uint8_t n = APPLET_ISD; applet_registry_next(&card->store, n, &e) == ERR_OK;
         n = e.number) {
        if (e.kind != APPLET_INSTANCE || e.domain != domain.number || applet_is_fixed(e.number) ||
            ((e.life & APPLET_LOCKED) != 0) == lock)
            continue;
        if (set_life(card, &e, lock ? APPLET_LOCKED : APPLET_SELECTABLE) != ERR_OK)
            return SW_MEMORY;
    }
    return SW_OK;
}

sw_t isd_set_status(struct isd_caller *caller, const struct apdu *cmd, struct wr *out)
{
    (void)out;
    switch (cmd->p1) {
    case SUBSET_ISD:
        return set_card(caller, cmd->p2);
    case SUBSET_APPLICATIONS:
        return set_application(caller, cmd);
    case SUBSET_FAMILY:
        return set_family(caller, cmd);
    default:
        return SW_P1P2;
    }
}
