/*
 * GET DATA and STORE DATA (GP 11.3, 11.11). A domain's own objects are kept as it was given
 * them, one after the other in BER-TLV, as the persistent data of its entry.
 */
#include "uicc/isd/keys.h"

#include "apdu/tlv.h"
#include "uicc/fs/fs.h"

#include "apdu/ids.h"

#include <string.h>

#define TAG_IIN           0x42
#define TAG_CIN           0x45
#define TAG_URL           0x5F50 /* of the domain's manager */
#define TAG_CARD_DATA     0x66
#define TAG_CAPABILITY    0x67
#define TAG_DIVERSITY     0xCF
#define TAG_LEVEL         0xD3
#define TAG_RECOGNITION   0x73
#define TAG_OID           0x06
#define TAG_KEY_INFO      0xE0
#define TAG_SEQUENCE      0xC1
#define TAG_CONFIRMATIONS 0xC2
#define TAG_CPLC          0x9F7F
#define TAG_RESOURCES     0xFF21
#define TAG_APPLICATIONS  0x2F00
#define TAG_APPLICATION   0x61
#define TAG_AID           0x4F

#define OBJECTS_MAX 256U

/* ---- stored objects ---- */

static struct rd objects_of(const struct card *card, uint8_t domain)
{
    struct rd r = {NULL, 0};

    (void)store_get(&card->store, OBJ_APPLET(APPLET_DATA + domain), &r);
    return r;
}

/* As long as nobody stored another one, the number of the card is what EF.ICCID says. */
void isd_write_value(const struct card *card, uint32_t tag, struct wr *w)
{
    uint8_t iccid[SCP_DIVERSIFICATION_LEN] = {0};
    struct rd value;

    if (tlv_find(objects_of(card, APPLET_ISD), tag, &value) == ERR_OK) {
        wr_rd(w, value);
    } else if (tag == TAG_CIN) {
        isd_diversification(card, iccid);
        wr_bytes(w, iccid, sizeof iccid);
    }
}

static sw_t stored_object(struct isd_caller *caller, uint32_t tag, struct wr *out)
{
    struct rd value;

    if (tlv_find(objects_of(caller->card, caller->domain.number), tag, &value) != ERR_OK)
        return SW_REFERENCE;
    tlv_write(out, tag, value);
    return SW_OK;
}

/* ---- computed objects ---- */

static void write_oid(struct wr *w, uint32_t tag, struct rd oid)
{
    size_t mark = tlv_open(w, tag);

    tlv_write(w, TAG_OID, oid);
    tlv_close(w, mark);
}

/* The protocols that the domain's keys open, the one of its first set first; how many. */
static unsigned protocols_of(const struct isd_caller *caller, uint8_t out[2])
{
    uint8_t owner = isd_keys_owner(caller->card, caller->domain.number);
    unsigned count = 0;

    for (uint8_t v = 0; v < ISD_KEYS_SCP81; v = v == 0 ? ISD_KEYS_SCP02 : v + 1) {
        ISD_KEYS_WIPED struct isd_keys keys = {0};
        uint8_t protocol;

        if (isd_keys_find(caller->card, owner, v, &keys) != ERR_OK)
            continue;
        protocol = keys.type == GP_KEY_DES ? SCP02 : SCP03;
        if ((count == 0 || out[0] != protocol) && count < 2 &&
            (caller->domain.scp == 0 || caller->domain.scp == protocol))
            out[count++] = protocol;
    }
    return count;
}

/* GP H.2: { globalPlatform 1 }, management type and version, identification scheme, channels. */
static sw_t card_data(struct isd_caller *caller, uint32_t tag, struct wr *out)
{
    static const uint8_t gp[] = {0x2A, 0x86, 0x48, 0x86, 0xFC, 0x6B, 0x01};
    static const uint8_t management[] = {0x2A, 0x86, 0x48, 0x86, 0xFC, 0x6B, 0x02, 0x02, 0x03};
    static const uint8_t identity[] = {0x2A, 0x86, 0x48, 0x86, 0xFC, 0x6B, 0x03};
    size_t outer = tlv_open(out, tag), inner = tlv_open(out, TAG_RECOGNITION);
    uint8_t protocols[2];
    unsigned count = protocols_of(caller, protocols);

    tlv_write(out, TAG_OID, RD_ARRAY(gp));
    write_oid(out, 0x60, RD_ARRAY(management));
    write_oid(out, 0x63, RD_ARRAY(identity));
    for (unsigned i = 0; i < count; i++) {
        const uint8_t scp[] = {0x2A, 0x86,         0x48,
                               0x86, 0xFC,         0x6B,
                               0x04, protocols[i], isd_option(&caller->domain, protocols[i])};

        write_oid(out, 0x64, RD_ARRAY(scp));
    }
    tlv_close(out, inner);
    tlv_close(out, outer);
    return SW_OK;
}

static void write_protocol(struct wr *w, uint8_t protocol, struct rd options)
{
    size_t mark = tlv_open(w, 0xA0);

    tlv_write_u8(w, 0x80, protocol);
    tlv_write(w, 0x81, options);
    if (protocol == SCP03)
        tlv_write_u8(w, 0x82, 0x07); /* AES-128, -192, -256 */
    tlv_close(w, mark);
}

/* GP H.4 */
static sw_t capability(struct isd_caller *caller, uint32_t tag, struct wr *out)
{
    static const uint8_t options02[] = {0x15, 0x35, 0x55, 0x75};
    static const uint8_t options03[] = {0x00, 0x01, 0x10, 0x11, 0x20, 0x21,
                                        0x30, 0x31, 0x60, 0x61, 0x70, 0x71};
    static const uint8_t of_domains[] = {ISD_PRIVILEGES_1, ISD_PRIVILEGES_2, 0};
    static const uint8_t of_applications[] = {PRIVILEGE_CARD_LOCK, 0, 0};
    /* AES-CMAC of every length, and ECDSA on P-256, P-384, P-521 */
    static const uint8_t signatures[] = {0xF8, 0x02}, macs[] = {0x38};
    size_t mark = tlv_open(out, tag);

    (void)caller;
    write_protocol(out, SCP02, RD_ARRAY(options02));
    write_protocol(out, SCP03, RD_ARRAY(options03));
    tlv_write(out, 0x81, RD_ARRAY(of_domains));
    tlv_write(out, 0x82, RD_ARRAY(of_applications));
    tlv_write_u8(out, 0x83, 0x02); /* load file hash: SHA-256 */
    tlv_write(out, 0x85, RD_ARRAY(signatures));
    tlv_write(out, 0x86, RD_ARRAY(macs));
    tlv_write(out, 0x87, RD_ARRAY(signatures));
    tlv_close(out, mark);
    return SW_OK;
}

static sw_t security_level(struct isd_caller *caller, uint32_t tag, struct wr *out)
{
    tlv_write_u8(out, tag, caller->level);
    return SW_OK;
}

static sw_t diversity(struct isd_caller *caller, uint32_t tag, struct wr *out)
{
    uint8_t bytes[SCP_DIVERSIFICATION_LEN] = {0};

    isd_diversification(caller->card, bytes);
    tlv_write(out, tag, RD_ARRAY(bytes));
    return SW_OK;
}

static sw_t image_number(struct isd_caller *caller, uint32_t tag, struct wr *out)
{
    size_t mark;

    if (caller->domain.number != APPLET_ISD)
        return stored_object(caller, tag, out);
    mark = tlv_open(out, tag);
    isd_write_value(caller->card, tag, out);
    tlv_close(out, mark);
    return SW_OK;
}

/* GP H.5: of receipts; none as long as there is no key to make them. */
static sw_t confirmations(struct isd_caller *caller, uint32_t tag, struct wr *out)
{
    const struct card *card = caller->card;
    uint8_t bytes[2];
    struct wr w = WR_ARRAY(bytes);

    if (!isd_keys_stored(card, APPLET_ISD, ISD_KEYS_RECEIPT))
        return SW_REFERENCE;
    wr_u16(&w, (uint16_t)isd_keys_sequence(card, APPLET_ISD, ISD_KEYS_RECEIPT));
    tlv_write(out, tag, RD_WR(&w));
    return SW_OK;
}

static sw_t key_information(struct isd_caller *caller, uint32_t tag, struct wr *out)
{
    size_t mark = tlv_open(out, tag);

    isd_keys_describe(caller->card, caller->domain.number, out);
    tlv_close(out, mark);
    return SW_OK;
}

static sw_t sequence(struct isd_caller *caller, uint32_t tag, struct wr *out)
{
    ISD_KEYS_WIPED struct isd_keys keys = {0};
    uint8_t bytes[3];
    struct wr w = WR_ARRAY(bytes);

    if (isd_keys_find(caller->card, caller->domain.number, 0, &keys) != ERR_OK)
        return SW_REFERENCE;
    if (keys.type == GP_KEY_AES)
        wr_u8(&w, (uint8_t)(keys.sequence >> 16));
    wr_u16(&w, (uint16_t)keys.sequence);
    tlv_write(out, tag, RD_WR(&w));
    return SW_OK;
}

/* Of the card's production nothing is told but what EF.ICCID says anyway. */
static sw_t production(struct isd_caller *caller, uint32_t tag, struct wr *out)
{
    enum { SERIAL_AT = 12, SERIAL_LEN = 4 };
    uint8_t cplc[42] = {0}, iccid[SCP_DIVERSIFICATION_LEN] = {0};

    isd_diversification(caller->card, iccid);
    memcpy(cplc + SERIAL_AT, iccid + sizeof iccid - SERIAL_LEN, SERIAL_LEN);
    tlv_write(out, tag, RD_ARRAY(cplc));
    return SW_OK;
}

static void write_number(struct wr *w, uint32_t tag, uint32_t value)
{
    uint8_t bytes[4];
    struct wr n = WR_ARRAY(bytes);

    wr_u32(&n, value);
    tlv_write(w, tag, RD_WR(&n));
}

static unsigned count_applications(const struct card *card)
{
    struct applet_entry e;
    unsigned count = 0;

    for (uint8_t n = APPLET_ISD; applet_registry_next(&card->store, n, &e) == ERR_OK; n = e.number)
        count += e.kind == APPLET_INSTANCE;
    return count;
}

/* TS 102 226 8.2.1.7.2 */
static sw_t resources(struct isd_caller *caller, uint32_t tag, struct wr *out)
{
    const struct arena *arena = caller->card->engine->arena;
    size_t mark = tlv_open(out, tag);

    tlv_write_u8(out, 0x81, (uint8_t)count_applications(caller->card));
    write_number(out, 0x82, card_free_memory(caller->card));
    write_number(out, 0x83, (uint32_t)((arena->cap - arena->used) & 0xFFFFFF));
    tlv_close(out, mark);
    return SW_OK;
}

/* GP 11.3.3.1.3 */
static sw_t applications(struct isd_caller *caller, uint32_t tag, struct wr *out)
{
    struct applet_entry e;
    size_t mark = tlv_open(out, tag);

    for (uint8_t n = 0; applet_registry_next(&caller->card->store, n, &e) == ERR_OK; n = e.number) {
        if (e.kind == APPLET_INSTANCE && out->len + APPLET_AID_MAX + 4 <= caller->room) {
            size_t inner = tlv_open(out, TAG_APPLICATION);

            tlv_write(out, TAG_AID, RD_AID(&e.aid));
            tlv_close(out, inner);
        }
    }
    tlv_close(out, mark);
    return SW_OK;
}

static const struct {
    uint16_t tag;
    bool issuer; /* of the issuer security domain alone */
    sw_t (*write)(struct isd_caller *caller, uint32_t tag, struct wr *out);
} objects[] = {
    {TAG_IIN, false, stored_object},
    {TAG_CIN, false, image_number},
    {TAG_CONFIRMATIONS, true, confirmations},
    {TAG_URL, false, stored_object},
    {TAG_CAPABILITY, true, capability},
    {TAG_LEVEL, false, security_level},
    {TAG_DIVERSITY, true, diversity},
    {TAG_CARD_DATA, false, card_data},
    {TAG_KEY_INFO, false, key_information},
    {TAG_SEQUENCE, false, sequence},
    {TAG_CPLC, true, production},
    {TAG_RESOURCES, true, resources},
    {TAG_APPLICATIONS, true, applications},
};

sw_t isd_get_data(struct isd_caller *caller, const struct apdu *cmd, struct wr *out)
{
    uint32_t tag = (uint32_t)cmd->p1 << 8 | cmd->p2;

    for (size_t i = 0; i < ARRAY_LEN(objects); i++) {
        if (objects[i].tag == tag && (!objects[i].issuer || caller->domain.number == APPLET_ISD))
            return objects[i].write(caller, tag, out);
    }
    return SW_REFERENCE;
}

/* ---- STORE DATA ---- */

#define STORE_LAST     0x80
#define STORE_CIPHERED 0x60
#define STORE_FORM     0x18
#define STORE_DGI      0x08
#define DGI_OBJECTS    0x0070

static bool is_storable(uint32_t tag)
{
    return tag == TAG_IIN || tag == TAG_CIN || tag == TAG_URL;
}

/* All objects of a domain while some of them change: written from one half into the other. */
struct pile {
    uint8_t bytes[2][OBJECTS_MAX];
    struct rd objects;
    unsigned half;
};

/* All that were there, but for the one that comes anew; an empty one is gone. */
static enum err replace_object(struct pile *p, const struct tlv *new)
{
    struct wr w = WR(p->bytes[p->half], OBJECTS_MAX);
    struct rd old = p->objects;
    struct tlv t;

    while (tlv_next(&old, &t) == ERR_OK) {
        if (t.tag != new->tag)
            tlv_write(&w, t.tag, t.value);
    }
    if (new->value.left > 0)
        tlv_write(&w, new->tag, new->value);
    p->objects = RD_WR(&w);
    p->half ^= 1;
    return wr_result(&w);
}

static enum err take_objects(struct pile *p, struct rd data)
{
    struct tlv t;
    enum err e = ERR_OK;

    while (data.left > 0 && e == ERR_OK) {
        e = tlv_next(&data, &t);
        if (e == ERR_OK && !is_storable(t.tag))
            return ERR_NOT_FOUND;
        if (e == ERR_OK)
            e = replace_object(p, &t);
    }
    return e;
}

/* GP 11.11.3.2: DGI 0070 wraps BER-TLV objects of the domain; its length has one byte, or FF and
 * two more. */
static enum err take_groups(struct pile *p, struct rd data)
{
    enum err e = ERR_OK;

    while (data.left > 0 && e == ERR_OK) {
        struct rd group;
        uint16_t dgi = 0, len = 0;
        uint8_t first = 0;

        e = rd_u16(&data, &dgi);
        if (e == ERR_OK)
            e = rd_u8(&data, &first);
        len = first;
        if (e == ERR_OK && first == 0xFF)
            e = rd_u16(&data, &len);
        if (e == ERR_OK)
            e = rd_take(&data, len, &group);
        if (e == ERR_OK)
            e = dgi == DGI_OBJECTS ? take_objects(p, group) : ERR_RANGE;
    }
    return e;
}

static sw_t store_own(struct isd_caller *caller, const struct apdu *cmd)
{
    struct store *s = &caller->card->store;
    uint8_t domain = caller->domain.number;
    struct pile p = {.objects = objects_of(caller->card, domain)};
    enum err e = (cmd->p1 & STORE_FORM) == STORE_DGI ? take_groups(&p, cmd->data)
                                                     : take_objects(&p, cmd->data);

    return isd_status(e == ERR_OK ? store_put(s, OBJ_APPLET(APPLET_DATA + domain), p.objects) : e);
}

/* INSTALL [for personalization] has named an application: the data is for it (GP 7.3.3). */
static sw_t pass_on(struct isd_caller *caller, const struct applet_entry *target,
                    const struct apdu *cmd, struct wr *out)
{
    struct applet a = {caller->card, target->number, applet_ops_of(caller->card, target)};
    struct exec x = {.cmd = cmd, .out = out};

    if (a.ops == NULL || a.ops->process == NULL || isd_is_domain(target))
        return SW_CONDITIONS;
    x.ch = caller->card->channels[0];
    return a.ops->process(&a, &x);
}

sw_t isd_store_data(struct isd_caller *caller, const struct apdu *cmd, struct wr *out)
{
    struct applets *all = caller->card->applets;
    struct applet_entry target;
    sw_t sw;

    if ((cmd->p1 & STORE_CIPHERED) != 0)
        return SW_P1P2; /* what is secret comes by PUT KEY */
    if (all->personalised == 0)
        return store_own(caller, cmd);
    if (applet_registry_read(&caller->card->store, all->personalised, &target) != ERR_OK ||
        target.domain != caller->domain.number)
        return SW_CONDITIONS;
    sw = pass_on(caller, &target, cmd, out);
    if ((cmd->p1 & STORE_LAST) != 0)
        all->personalised = 0;
    return sw;
}
