#include "uicc/remote/identity.h"

#include "apdu/ids.h"
#include "apdu/tlv.h"
#include "uicc/fs/fs.h"
#include "uicc/pin/pin.h"

#include <openssl/crypto.h>
#include <string.h>

#define FALLBACK_MAX 16384U /* bytes of old contents that one change may keep */
#define PATH_FIDS    3

#define SMSP_FIXED      28 /* bytes of an EF.SMSP record behind the name */
#define SMSP_CENTRE     13
#define SMSP_CENTRE_LEN 12

/* Files that only this list names: the ISIM where our profiles have it, SAIP's place for what GET
 * IDENTITY reads, GBA (TS 31.102 4.2.79, 4.2.83; TS 31.103 4.2.9, 4.2.10) and DF.GSM (TS 51.011
 * 10.3). */
#define FID_ADF_ISIM               0x7FF2
#define FID_DF_SAIP                0x5FD0
#define FID_EF_SUCI_CALC_INFO_USIM 0x4F01
#define FID_EF_GBABP               0x6FD6
#define FID_EF_GBANL               0x6FDA
#define FID_EF_GBABP_ISIM          0x6FD5
#define FID_EF_GBANL_ISIM          0x6FD7
#define FID_EF_LOCIGPRS            0x6F53
#define FID_EF_KC_2G               0x6F20
#define FID_EF_KCGPRS_2G           0x6F52

/* What a composer knows; the new body is filled with FF before it is called. */
struct change {
    const struct opchange_command *command;
    char imsi[IMSI_DIGITS_MAX + 1];
    struct rd old;       /* body before */
    uint16_t record_len; /* 0: transparent */
};

typedef void compose_fn(const struct change *change, uint8_t *body, size_t size);

/* --- composers, one per kind of content --- */

static void put(uint8_t *body, size_t size, size_t at, struct rd bytes)
{
    if (bytes.left > 0 && at + bytes.left <= size)
        memcpy(body + at, bytes.at, bytes.left);
}

static void put_tail(uint8_t *body, size_t size, struct rd bytes)
{
    if (bytes.left <= size)
        put(body, size, size - bytes.left, bytes);
}

static void keep(const struct change *change, uint8_t *body, size_t size)
{
    put(body, size, 0, change->old);
}

static void erase(const struct change *change, uint8_t *body, size_t size)
{
    (void)change;
    memset(body, 0xFF, size);
}

static void imsi(const struct change *change, uint8_t *body, size_t size)
{
    put(body, size, 0, RD_ARRAY(change->command->imsi));
}

/* TS 22.011 4.2: an ordinary subscriber's access class is the last digit of the IMSI. */
static void access_class(const struct change *change, uint8_t *body, size_t size)
{
    uint8_t acc[2] = {0, 1};

    if (bcd_access_class(change->imsi, acc) == ERR_OK)
        put(body, size, 0, RD_ARRAY(acc));
}

/* EF.AD, TS 31.102 4.2.18: byte 4 says how long the MNC is, the others stay. */
static void administrative_data(const struct change *change, uint8_t *body, size_t size)
{
    keep(change, body, size);
    if (size > 3)
        body[3] = (uint8_t)((body[3] & 0xF0) | change->command->mnc_len);
}

/* PLMN of the new IMSI; FFFFFF when it is none. */
static void home_plmn(const struct change *change, uint8_t plmn[PLMN_LEN])
{
    char digits[7];
    size_t n = 3U + change->command->mnc_len;

    memset(plmn, 0xFF, PLMN_LEN);
    memcpy(digits, change->imsi, n);
    digits[n] = '\0';
    if (bcd_plmn_encode(digits, plmn) != ERR_OK)
        memset(plmn, 0xFF, PLMN_LEN);
}

/* No network, any technology, again and again (TS 31.102 4.2.5). */
static void no_networks(const struct change *change, uint8_t *body, size_t size)
{
    static const uint8_t none[] = {0xFF, 0xFF, 0xFF, 0x00, 0x00};

    (void)change;
    for (size_t at = 0; at + sizeof none <= size; at += sizeof none)
        put(body, size, at, RD_ARRAY(none));
}

/* EF.HPLMNwAcT, TS 31.102 4.2.54: the new home network under the technologies of the old one. */
static void home_list(const struct change *change, uint8_t *body, size_t size)
{
    uint8_t plmn[PLMN_LEN];

    home_plmn(change, plmn);
    no_networks(change, body, size);
    put(body, size, 0, RD_ARRAY(plmn));
    if (change->old.left >= 5 && size >= 5)
        put(body, size, 3, RD(change->old.at + 3, 2));
}

static void home_plmns(const struct change *change, uint8_t *body, size_t size)
{
    uint8_t plmn[PLMN_LEN];

    home_plmn(change, plmn);
    put(body, size, 0, RD_ARRAY(plmn));
}

static void provider_name(const struct change *change, uint8_t *body, size_t size)
{
    put(body, size, 0, change->command->spn);
}

/*
 * EF.SMSP, TS 31.102 4.2.27: behind the name the indicator (b2: the service centre is there),
 * destination, service centre, PID, DCS, validity. Record 1 and whatever else is in use
 * get the new service centre.
 */
static void message_parameters(const struct change *change, uint8_t *body, size_t size)
{
    size_t len = change->record_len == 0 ? size : change->record_len;

    keep(change, body, size);
    if (change->command->sca.left == 0 || len < SMSP_FIXED)
        return;
    for (size_t at = 0; at + len <= size; at += len) {
        uint8_t *fixed = body + at + len - SMSP_FIXED;

        if (at > 0 && fixed[0] == 0xFF)
            continue;
        fixed[0] &= (uint8_t)~0x02U;
        memset(fixed + SMSP_CENTRE, 0xFF, SMSP_CENTRE_LEN);
        put(fixed, SMSP_FIXED, SMSP_CENTRE, change->command->sca);
    }
}

/* EF.MSISDN, TS 31.102 4.2.26: record 1 has the number, without a name; the others are free. */
static void own_number(const struct change *change, uint8_t *body, size_t size)
{
    struct rd number = change->command->msisdn;
    size_t len = change->record_len == 0 ? size : change->record_len;

    if (number.left == 0 || number.left > 11 || len < 14 || len > size)
        return;
    body[len - 14] = (uint8_t)number.left;
    put(body, len, len - 13, number);
}

/* Location information that says "not updated" (TS 31.102 4.2.17, 4.2.23, 4.2.91, 4.4.11.2). */
static void circuit_location(const struct change *change, uint8_t *body, size_t size)
{
    static const uint8_t tail[] = {0x00, 0x00, 0xFF, 0x01};

    (void)change;
    put_tail(body, size, RD_ARRAY(tail));
}

static void packet_location(const struct change *change, uint8_t *body, size_t size)
{
    circuit_location(change, body, size);
}

static void tracking_area(const struct change *change, uint8_t *body, size_t size)
{
    static const uint8_t tail[] = {0x00, 0x00, 0x01};

    (void)change;
    put_tail(body, size, RD_ARRAY(tail));
}

static void tracking_area_5g(const struct change *change, uint8_t *body, size_t size)
{
    static const uint8_t tail[] = {0x00, 0x00, 0x00, 0x01};

    (void)change;
    put_tail(body, size, RD_ARRAY(tail));
}

/* Key set identifier 7: no keys (TS 31.102 4.2.3). */
static void no_keys(const struct change *change, uint8_t *body, size_t size)
{
    (void)change;
    if (size > 0)
        body[0] = 0x07;
}

static void no_gsm_keys(const struct change *change, uint8_t *body, size_t size)
{
    (void)change;
    if (size > 0)
        body[size - 1] = 0x07;
}

static void start_values(const struct change *change, uint8_t *body, size_t size)
{
    static const uint8_t start[] = {0xF0, 0x00, 0x00, 0xF0, 0x00, 0x00};

    (void)change;
    put(body, size, 0, RD_ARRAY(start));
}

/* EF.Routing_Indicator, TS 31.102 4.4.11.11: 0, what a subscriber without one has. */
static void routing_indicator(const struct change *change, uint8_t *body, size_t size)
{
    (void)change;
    if (size > 0)
        body[0] = 0xF0;
}

/* EF.SUCI_Calc_Info, TS 31.102 4.4.11.8: the null scheme alone; the old operator's key would
 * hide the subscriber from the new one. */
static void null_scheme(const struct change *change, uint8_t *body, size_t size)
{
    static const uint8_t none[] = {0xA0, 0x02, 0x00, 0x00};

    (void)change;
    put(body, size, 0, RD_ARRAY(none));
}

/* --- IMS identities as a device without ISIM derives them (TS 23.003 13.2 to 13.4) --- */

/* Tag 80 with prefix, [IMSI @] and the home domain. */
static void ims_name(const struct change *change, const char *prefix, bool user, uint8_t *body,
                     size_t size)
{
    uint8_t text[96];
    struct wr t = WR_ARRAY(text), w = WR(body, size);
    uint8_t mnc_len = change->command->mnc_len;

    wr_bytes(&t, prefix, strlen(prefix));
    if (user) {
        wr_bytes(&t, change->imsi, strlen(change->imsi));
        wr_u8(&t, '@');
    }
    wr_bytes(&t, "ims.mnc0", mnc_len == 2 ? 8 : 7);
    wr_bytes(&t, change->imsi + 3, mnc_len);
    wr_bytes(&t, ".mcc", 4);
    wr_bytes(&t, change->imsi, 3);
    wr_bytes(&t, ".3gppnetwork.org", 16);
    tlv_write(&w, 0x80, RD_WR(&t));
}

static void private_identity(const struct change *change, uint8_t *body, size_t size)
{
    ims_name(change, "", true, body, size);
}

static void public_identity(const struct change *change, uint8_t *body, size_t size)
{
    ims_name(change, "sip:", true, body, change->record_len == 0 ? size : change->record_len);
}

static void home_domain(const struct change *change, uint8_t *body, size_t size)
{
    ims_name(change, "", false, body, size);
}

/* --- the table --- */

/* Files below the MF. A file that a card does not have is passed over; one that shows another's
 * body (DF.GSM, mostly) is written once. */
static const struct {
    uint16_t path[PATH_FIDS]; /* 0 ends it */
    compose_fn *compose;
} identity_files[] = {
    {{FID_CURRENT_ADF, FID_EF_ACC}, access_class},
    {{FID_CURRENT_ADF, FID_EF_AD}, administrative_data},
    {{FID_CURRENT_ADF, FID_EF_HPLMNWACT}, home_list},
    {{FID_CURRENT_ADF, FID_EF_OPLMNWACT}, no_networks},
    {{FID_CURRENT_ADF, FID_EF_EHPLMN}, home_plmns},
    {{FID_CURRENT_ADF, FID_EF_FPLMN}, erase},
    {{FID_CURRENT_ADF, FID_EF_LOCI}, circuit_location},
    {{FID_CURRENT_ADF, FID_EF_PSLOCI}, packet_location},
    {{FID_CURRENT_ADF, FID_EF_EPSLOCI}, tracking_area},
    {{FID_CURRENT_ADF, FID_DF_5GS, FID_EF_5GS3GPPLOCI}, tracking_area_5g},
    {{FID_CURRENT_ADF, FID_DF_5GS, FID_EF_5GSN3GPPLOCI}, tracking_area_5g},
    {{FID_CURRENT_ADF, FID_EF_KEYS}, no_keys},
    {{FID_CURRENT_ADF, FID_EF_KEYSPS}, no_keys},
    {{FID_CURRENT_ADF, FID_EF_EPSNSC}, erase},
    {{FID_CURRENT_ADF, FID_DF_5GS, FID_EF_5GS3GPPNSC}, erase},
    {{FID_CURRENT_ADF, FID_DF_5GS, FID_EF_5GSN3GPPNSC}, erase},
    {{FID_CURRENT_ADF, FID_DF_5GS, FID_EF_5GAUTHKEYS}, erase},
    {{FID_CURRENT_ADF, FID_DF_5GS, FID_EF_SUCI_CALC_INFO}, null_scheme},
    {{FID_CURRENT_ADF, FID_DF_SAIP, FID_EF_SUCI_CALC_INFO_USIM}, null_scheme},
    {{FID_CURRENT_ADF, FID_DF_5GS, FID_EF_OPL5G}, erase},
    {{FID_CURRENT_ADF, FID_DF_5GS, FID_EF_SUPI_NAI}, erase},
    {{FID_CURRENT_ADF, FID_DF_5GS, FID_EF_ROUTING_INDICATOR}, routing_indicator},
    {{FID_CURRENT_ADF, FID_DF_GSM_ACCESS, FID_EF_KC}, no_gsm_keys},
    {{FID_CURRENT_ADF, FID_DF_GSM_ACCESS, FID_EF_KCGPRS}, no_gsm_keys},
    {{FID_CURRENT_ADF, FID_EF_START_HFN}, start_values},
    {{FID_CURRENT_ADF, FID_EF_GBABP}, erase},
    {{FID_CURRENT_ADF, FID_EF_GBANL}, erase},
    {{FID_CURRENT_ADF, FID_EF_SPN}, provider_name},
    {{FID_CURRENT_ADF, FID_EF_PNN}, erase},
    {{FID_CURRENT_ADF, FID_EF_OPL}, erase},
    {{FID_CURRENT_ADF, FID_EF_SPDI}, erase},
    {{FID_CURRENT_ADF, FID_EF_GID1}, erase},
    {{FID_CURRENT_ADF, FID_EF_GID2}, erase},
    {{FID_CURRENT_ADF, FID_EF_SMSP}, message_parameters},
    {{FID_CURRENT_ADF, FID_EF_MSISDN}, own_number},
    {{FID_DF_TELECOM, FID_EF_SMSP}, message_parameters},
    {{FID_DF_TELECOM, FID_EF_MSISDN}, own_number},
    {{FID_DF_GSM, FID_EF_ACC}, access_class},
    {{FID_DF_GSM, FID_EF_AD}, administrative_data},
    {{FID_DF_GSM, FID_EF_FPLMN}, erase},
    {{FID_DF_GSM, FID_EF_LOCI}, circuit_location},
    {{FID_DF_GSM, FID_EF_LOCIGPRS}, packet_location},
    {{FID_DF_GSM, FID_EF_KC_2G}, no_gsm_keys},
    {{FID_DF_GSM, FID_EF_KCGPRS_2G}, no_gsm_keys},
    {{FID_DF_GSM, FID_EF_SPN}, provider_name},
    {{FID_DF_GSM, FID_EF_IMSI}, imsi},
    {{FID_ADF_ISIM, FID_EF_IMPI}, private_identity},
    {{FID_ADF_ISIM, FID_EF_DOMAIN}, home_domain},
    {{FID_ADF_ISIM, FID_EF_IMPU}, public_identity},
    {{FID_ADF_ISIM, FID_EF_GBABP_ISIM}, erase},
    {{FID_ADF_ISIM, FID_EF_GBANL_ISIM}, erase},
    {{FID_CURRENT_ADF, FID_EF_IMSI}, imsi},
};

static uint16_t usim(const struct card *card)
{
    static const uint8_t aid[] = {AID_USIM};

    return fs_by_aid(card, RD_ARRAY(aid), 0);
}

/* The node that holds the body of the EF at path, or NODE_NONE. */
static uint16_t holder(const struct card *card, struct rd path)
{
    uint16_t node = fs_by_path(card, NODE_MF, usim(card), path);
    const struct fs_file *file;

    if (node == NODE_NONE || fs_is_df(card, node))
        return NODE_NONE;
    file = fs_file(card, node);
    return file->shares == 0 ? node : file->shares;
}

static uint16_t holder_of_row(const struct card *card, size_t row)
{
    uint8_t path[2 * PATH_FIDS];
    struct wr w = WR_ARRAY(path);

    for (unsigned i = 0; i < PATH_FIDS && identity_files[row].path[i] != 0; i++)
        wr_u16(&w, identity_files[row].path[i]);
    return holder(card, RD_WR(&w));
}

/* --- rewriting --- */

/* One rewriting under way. */
struct rewrite {
    struct card *card;
    struct change change;
    struct wr kept; /* becomes OBJ_FALLBACK */
};

static bool is_kept(struct rd kept, uint16_t node)
{
    uint16_t other = 0;
    uint32_t len = 0;
    struct rd body;

    while (rd_u16(&kept, &other) == ERR_OK && rd_u32(&kept, &len) == ERR_OK &&
           rd_take(&kept, len, &body) == ERR_OK) {
        if (other == node)
            return true;
    }
    return false;
}

/* Write a body over that of node, keeping what was there. An unchanged file stays untouched. */
static enum err replace(struct rewrite *r, uint16_t node, struct rd body)
{
    struct rd old = fs_body(r->card, node);

    if (rd_equal(old, body))
        return ERR_OK;
    if (!is_kept(RD_WR(&r->kept), node)) {
        wr_u16(&r->kept, node);
        wr_u32(&r->kept, (uint32_t)old.left);
        wr_rd(&r->kept, old);
    }
    if (wr_result(&r->kept) != ERR_OK)
        return ERR_SPACE;
    return fs_write(r->card, node, 0, body);
}

/* Compose a new body with fn and write it. */
static enum err rewrite_node(struct rewrite *r, uint16_t node, compose_fn *compose)
{
    struct rd old = fs_body(r->card, node);
    const struct fs_file *file = fs_file(r->card, node);
    uint8_t *body;
    enum err e;

    if (old.left == 0)
        return ERR_OK;
    body = arena_alloc(r->card->engine->arena, old.left);
    if (body == NULL)
        return ERR_NOMEM;
    memset(body, 0xFF, old.left);
    r->change.old = old;
    r->change.record_len = file->kind == FS_TRANSPARENT ? 0 : file->record_len;
    compose(&r->change, body, old.left);
    e = replace(r, node, RD(body, old.left));
    arena_free(r->card->engine->arena, body, old.left);
    return e;
}

/* A file that the command brought along; the rest of it becomes FF. */
static void brought(const struct change *change, uint8_t *body, size_t size)
{
    put(body, size, 0, change->command->files);
}

static enum err rewrite_brought(struct rewrite *r)
{
    const struct opchange_command *command = r->change.command;
    struct rd files = command->files;
    struct opchange_command one = *command;
    struct opchange_file file;
    enum err e = ERR_OK;

    r->change.command = &one;
    while (e == ERR_OK && opchange_next_file(&files, &file) == ERR_OK) {
        one.files = file.content;
        e = rewrite_node(r, holder(r->card, file.path), brought);
    }
    r->change.command = command;
    return e;
}

/* What the command brings along comes last: it knows better than the defaults above. */
static enum err rewrite_all(struct rewrite *r)
{
    enum err e = ERR_OK;

    for (size_t row = 0; row < ARRAY_LEN(identity_files) && e == ERR_OK; row++) {
        uint16_t node = holder_of_row(r->card, row);

        if (node != NODE_NONE)
            e = rewrite_node(r, node, identity_files[row].compose);
    }
    if (e == ERR_OK)
        e = rewrite_brought(r);
    if (e == ERR_OK)
        e = store_put(&r->card->store, OBJ_FALLBACK, RD_WR(&r->kept));
    return e;
}

enum err identity_rewrite(struct card *card, const struct opchange_command *command)
{
    struct rewrite r = {.card = card, .change = {.command = command}};
    struct arena *arena = card->engine->arena;
    enum err e = bcd_imsi_decode(command->imsi, r.change.imsi);

    if (e != ERR_OK)
        return e;
    r.kept = WR(arena_alloc(arena, FALLBACK_MAX), FALLBACK_MAX);
    if (r.kept.base == NULL)
        return ERR_NOMEM;
    e = rewrite_all(&r);
    arena_free(arena, r.kept.base, FALLBACK_MAX);
    return e;
}

/* --- checking --- */

/* EF.IMSI is the command's own; access rules and the card's serial number are nobody's. */
static bool is_reserved(uint16_t fid)
{
    return fid == FID_EF_IMSI || fid == FID_EF_ARR_MF || fid == FID_EF_ARR || fid == FID_EF_ICCID;
}

static bool may_bring(const struct card *card, const struct opchange_file *file)
{
    const struct apdu update = {.ins = INS_UPDATE_BINARY};
    const struct exec x = {.cmd = &update, .remote = true, .rights = PIN_BIT_ADM1 | PIN_BIT_PIN1};
    uint16_t node = fs_by_path(card, NODE_MF, usim(card), file->path);
    uint16_t held = holder(card, file->path);

    return held != NODE_NONE && !is_reserved(fs_file(card, node)->fid) &&
           file->content.left <= fs_body(card, held).left &&
           fs_file(card, held)->kind != FS_BER_TLV &&
           sw_equal(access_check(card, &x, node, FS_UPDATE), SW_OK);
}

enum err identity_check(const struct card *card, const struct opchange_command *command)
{
    struct rd files = command->files;
    struct opchange_file file;

    while (opchange_next_file(&files, &file) == ERR_OK) {
        if (!may_bring(card, &file))
            return ERR_DENIED;
    }
    return ERR_OK;
}

/* --- going back --- */

/* A file that was deleted or cut in between must not keep the card from going back. */
static enum err put_back(struct card *card, uint16_t node, struct rd body)
{
    size_t room;

    if (!fs_exists(card, node) || fs_is_df(card, node))
        return ERR_OK;
    room = fs_body(card, node).left;
    if (body.left > room)
        body.left = room;
    return fs_write(card, node, 0, body);
}

enum err identity_restore(struct card *card)
{
    struct rd kept, body;
    uint16_t node = 0;
    uint32_t len = 0;
    enum err e = ERR_OK;

    if (!store_get(&card->store, OBJ_FALLBACK, &kept))
        return ERR_CORRUPT;
    while (e == ERR_OK && kept.left > 0) {
        if (rd_u16(&kept, &node) != ERR_OK || rd_u32(&kept, &len) != ERR_OK ||
            rd_take(&kept, len, &body) != ERR_OK)
            return ERR_CORRUPT;
        e = put_back(card, node, body);
    }
    return e == ERR_OK ? store_delete(&card->store, OBJ_FALLBACK) : e;
}

void identity_imsi(const struct card *card, uint8_t imsi_out[EF_IMSI_LEN])
{
    static const uint8_t path[] = {0x7F, 0xFF, FID_EF_IMSI >> 8, FID_EF_IMSI & 0xFF};
    uint16_t node = holder(card, RD_ARRAY(path));
    struct rd body;

    memset(imsi_out, 0xFF, EF_IMSI_LEN);
    if (node == NODE_NONE)
        return;
    body = fs_body(card, node);
    if (body.left >= EF_IMSI_LEN)
        memcpy(imsi_out, body.at, EF_IMSI_LEN);
}
