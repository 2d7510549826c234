/*
 * GET IDENTITY (TS 102 221 11.1.24, TS 31.102 7.5): the SUCI, computed in the card
 * from EF.IMSI and the home network's list in DF.SAIP (TS 33.501 6.12, annex C).
 *
 * The value is the 5GS mobile identity of TS 24.501 9.11.3.4 from its octet 4 on:
 *   01 PLMN(3) routing indicator(2) scheme(1) key id(1) scheme output
 */
#include "uicc/usim/usim.h"

#include "apdu/bcd.h"
#include "apdu/suci.h"
#include "apdu/tlv.h"
#include "uicc/core/handlers.h"
#include "uicc/fs/fs.h"

#include <openssl/crypto.h>
#include <string.h>

#define P2_SCOPE    0x80 /* application or UICC: the USIM is the only one to have an identity */
#define P2_SUCI     0x01
#define TAG_SUCI    0xA1
#define TAG_SCHEMES 0xA0
#define TAG_KEYS    0xA1
#define TAG_KEY_ID  0x80
#define TAG_KEY     0x81

#define FID_IMSI              0x6F07
#define FID_AD                0x6FAD
#define FID_5GS               0x5FC0
#define FID_ROUTING_INDICATOR 0x4F0A
#define FID_SAIP              0x5FD0
#define FID_SUCI_CALC_INFO    0x4F01

#define SERVICE_SUPI_PRIVACY 124
#define SERVICE_SUCI_BY_USIM 125

#define IDENTITY_SUCI 0x01 /* type of identity; SUPI format IMSI */
#define SCHEME_NULL   0x00
#define DRAWS_MAX     8 /* of an ephemeral key; profile B refuses one in 2^32 */
#define SUCI_LEN_MAX  96

/* What the SUCI conceals and shows. */
struct supi {
    uint8_t plmn[PLMN_LEN];
    uint8_t routing[2];
    uint8_t msin[EF_IMSI_LEN]; /* BCD */
    size_t msin_len;
};

struct scheme {
    uint8_t id, key_id;
    struct rd key; /* borrowed from the file */
};

static struct rd body_of(const struct card *card, uint16_t df, uint16_t fid)
{
    uint16_t node = df == NODE_NONE ? NODE_NONE : fs_child(card, df, fid);

    return node == NODE_NONE ? RD(NULL, 0) : fs_body(card, node);
}

static enum err read_imsi(const struct card *card, uint16_t app, char digits[IMSI_DIGITS_MAX + 1])
{
    struct rd body = body_of(card, app, FID_IMSI);

    return body.left < EF_IMSI_LEN ? ERR_CORRUPT : bcd_imsi_decode(body.at, digits);
}

static enum err split_imsi(const char *digits, size_t mnc_len, struct supi *out)
{
    char plmn[7] = "";
    struct wr msin = WR_ARRAY(out->msin);
    enum err e;

    if (strlen(digits) <= 3 + mnc_len)
        return ERR_CORRUPT;
    memcpy(plmn, digits, 3 + mnc_len);
    e = bcd_plmn_encode(plmn, out->plmn);
    if (e == ERR_OK)
        e = bcd_number_encode(digits + 3 + mnc_len, &msin);
    if (e == ERR_OK)
        e = wr_result(&msin);
    out->msin_len = msin.len;
    return e;
}

static enum err read_supi(const struct card *card, uint16_t app, struct supi *out)
{
    struct rd ad = body_of(card, app, FID_AD);
    struct rd routing = body_of(card, fs_child(card, app, FID_5GS), FID_ROUTING_INDICATOR);
    char digits[IMSI_DIGITS_MAX + 1];
    size_t mnc_len = ad.left >= 4 ? ad.at[3] & 0x0FU : 0;
    enum err e = read_imsi(card, app, digits);

    if (e == ERR_OK && mnc_len != 2 && mnc_len != 3)
        e = ERR_CORRUPT;
    if (e == ERR_OK)
        e = split_imsi(digits, mnc_len, out);
    /* Routing indicator 0 where none is given (TS 23.003 2.2B). */
    out->routing[0] = routing.left >= 2 ? routing.at[0] : 0xF0;
    out->routing[1] = routing.left >= 2 ? routing.at[1] : 0xFF;
    OPENSSL_cleanse(digits, sizeof digits);
    return e;
}

/* ---- the home network's list ---- */

/* The key at place number (from 1) of the key list. */
static enum err find_key(struct rd keys, uint8_t number, struct scheme *out)
{
    struct tlv id, key;

    for (uint8_t i = 1; tlv_next(&keys, &id) == ERR_OK && tlv_next(&keys, &key) == ERR_OK; i++) {
        if (id.tag != TAG_KEY_ID || id.value.left != 1 || key.tag != TAG_KEY)
            return ERR_FORMAT;
        if (i != number)
            continue;
        out->key_id = id.value.at[0];
        out->key = key.value;
        return ERR_OK;
    }
    return ERR_NOT_FOUND;
}

/* The first scheme of the list that this card can do. No list, no scheme: a SUPI in clear goes
 * out only where the home network says so. */
static enum err choose_scheme(struct rd list, struct scheme *out)
{
    struct rd schemes, keys = RD(NULL, 0);
    uint8_t id, number;

    if (tlv_find(list, TAG_SCHEMES, &schemes) != ERR_OK)
        return ERR_NOT_FOUND;
    /* The list goes on with FF behind its last object: absence is no error. */
    if (tlv_find(list, TAG_KEYS, &keys) != ERR_OK)
        keys = RD(NULL, 0);
    while (rd_u8(&schemes, &id) == ERR_OK && rd_u8(&schemes, &number) == ERR_OK) {
        *out = (struct scheme){.id = id};
        if (id == SCHEME_NULL)
            return ERR_OK;
        if ((id == SUCI_PROFILE_A || id == SUCI_PROFILE_B) && find_key(keys, number, out) == ERR_OK)
            return ERR_OK;
    }
    return ERR_NOT_FOUND;
}

/* ---- concealing ---- */

static enum err conceal(struct card *card, const struct scheme *s, const struct supi *supi,
                        struct wr *out)
{
    struct secret ephemeral SECRET_WIPED = {.len = SECRET_LEN_MAX};
    enum err e = ERR_KEY;

    for (int draw = 0; draw < DRAWS_MAX && e == ERR_KEY; draw++) {
        e = card->host.random(card->host.context, ephemeral.bytes, ephemeral.len);
        if (e != ERR_OK)
            return e;
        e = suci_conceal(card->engine->crypto, (enum suci_profile)s->id, s->key, &ephemeral,
                         RD(supi->msin, supi->msin_len), out);
    }
    return e;
}

static enum err build(struct card *card, uint16_t app, const struct supi *supi, struct wr *out)
{
    struct rd list = body_of(card, fs_child(card, app, FID_SAIP), FID_SUCI_CALC_INFO);
    struct scheme s = {.id = SCHEME_NULL};
    enum err e = choose_scheme(list, &s);

    if (e != ERR_OK)
        return ERR_CONDITIONS;
    wr_u8(out, IDENTITY_SUCI);
    wr_bytes(out, supi->plmn, sizeof supi->plmn);
    wr_bytes(out, supi->routing, sizeof supi->routing);
    wr_u8(out, s.id);
    wr_u8(out, s.key_id);
    if (s.id == SCHEME_NULL)
        wr_bytes(out, supi->msin, supi->msin_len);
    else
        e = conceal(card, &s, supi, out);
    return e == ERR_OK ? wr_result(out) : e;
}

sw_t usim_cmd_get_identity(struct card *card, struct exec *x)
{
    uint8_t suci[SUCI_LEN_MAX];
    struct wr value = WR_ARRAY(suci);
    struct supi supi;
    sw_t sw;
    enum err e;

    if (x->cmd->p1 != 0 || (x->cmd->p2 & ~P2_SCOPE) != P2_SUCI)
        return SW_P1P2;
    sw = usim_ready(card, x, false);
    if (!sw_equal(sw, SW_OK))
        return sw;
    if (!usim_service(card, x->ch->app, SERVICE_SUPI_PRIVACY) ||
        !usim_service(card, x->ch->app, SERVICE_SUCI_BY_USIM))
        return SW_FUNCTION;
    e = read_supi(card, x->ch->app, &supi);
    if (e == ERR_OK)
        e = build(card, x->ch->app, &supi, &value);
    if (e == ERR_OK)
        tlv_write(x->out, TAG_SUCI, RD_WR(&value));
    OPENSSL_cleanse(&supi, sizeof supi);
    return e == ERR_OK ? SW_OK : sw_from_err(e);
}
