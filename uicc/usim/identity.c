/*
 * GET IDENTITY (TS 102 221 11.1.23, TS 31.102 7.5): the SUCI, computed in the card from EF.IMSI or
 * EF.SUPI_NAI and the home network's list in DF.SAIP (TS 33.501 6.12, annex C).
 *
 * The value is the 5GS mobile identity of TS 24.501 9.11.3.4 from its octet 4 on:
 *   01 PLMN(3) routing indicator(2) scheme(1) key id(1) scheme output      for an IMSI
 *   11 NAI                                                                 for a network's own name
 * For access without 3GPP's radio (5G NSWO) it is the NAI alone (TS 33.501 annex S,
 * TS 23.003 28.7):
 *   type0.rid0.schid1.hnkey27.ecckeyKEY.cipCIPHERTEXT.macTAG@5gc-nswo.mnc001.mcc001.3gppnetwork.org
 */
#include "uicc/usim/usim.h"

#include "apdu/bcd.h"
#include "apdu/hex.h"
#include "apdu/suci.h"
#include "apdu/tlv.h"
#include "uicc/core/handlers.h"
#include "uicc/fs/fs.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>

#define P2_SCOPE    0x80 /* application or UICC: the USIM is the only one to have an identity */
#define P2_SUCI     0x01
#define P2_NSWO     0x02
#define TAG_SUCI    0xA1
#define TAG_SCHEMES 0xA0
#define TAG_KEYS    0xA1
#define TAG_KEY_ID  0x80
#define TAG_KEY     0x81

#define FID_IMSI              0x6F07
#define FID_AD                0x6FAD
#define FID_5GS               0x5FC0
#define FID_SUPI_NAI          0x4F09
#define FID_ROUTING_INDICATOR 0x4F0A
#define FID_SAIP              0x5FD0
#define FID_SUCI_CALC_INFO    0x4F01

#define SERVICE_SUPI_PRIVACY 124
#define SERVICE_SUCI_BY_USIM 125
#define SERVICE_SUPI_NAI     130
#define SERVICE_NSWO         142

#define IDENTITY_SUCI 0x01 /* type of identity; the SUPI type stands in the high nibble */
#define SUPI_IMSI     0
#define SUPI_NAME     1
#define TAG_NSI       0x80 /* EF.SUPI_NAI: network specific identifier, TS 31.102 4.4.11.10 */
#define SCHEME_NULL   0x00
#define DRAWS_MAX     8 /* of an ephemeral key; profile B refuses one in 2^32 */
#define NAME_MAX_LEN  100
#define OUTPUT_MAX    (33U + NAME_MAX_LEN + SUCI_MAC_LEN)
#define SUCI_LEN_MAX  512
#define REALM_MAX     64

/* What the SUCI conceals and shows. */
struct supi {
    uint8_t type; /* SUPI_IMSI, SUPI_NAME */
    uint8_t plmn[PLMN_LEN];
    uint8_t routing[2];
    uint8_t user[NAME_MAX_LEN]; /* MSIN in BCD, or the name before the @ */
    size_t user_len;
    char digits[IMSI_DIGITS_MAX + 1]; /* of the MSIN */
    char nswo[REALM_MAX];             /* realm of the IMSI's network */
    struct rd realm;                  /* of the name; borrowed from the file */
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
    struct wr msin = WR_ARRAY(out->user);
    enum err e;

    if (strlen(digits) <= 3 + mnc_len)
        return ERR_CORRUPT;
    memcpy(plmn, digits, 3 + mnc_len);
    e = bcd_plmn_encode(plmn, out->plmn);
    if (e == ERR_OK)
        e = bcd_number_encode(digits + 3 + mnc_len, &msin);
    if (e == ERR_OK)
        e = wr_result(&msin);
    out->type = SUPI_IMSI;
    out->user_len = msin.len;
    (void)snprintf(out->digits, sizeof out->digits, "%s", digits + 3 + mnc_len);
    (void)snprintf(out->nswo, sizeof out->nswo, "5gc-nswo.mnc%s%s.mcc%.3s.3gppnetwork.org",
                   mnc_len == 2 ? "0" : "", plmn + 3, plmn);
    return e;
}

static enum err read_subscriber(const struct card *card, uint16_t app, struct supi *out)
{
    struct rd ad = body_of(card, app, FID_AD);
    char digits[IMSI_DIGITS_MAX + 1];
    size_t mnc_len = ad.left >= 4 ? ad.at[3] & 0x0FU : 0;
    enum err e = read_imsi(card, app, digits);

    if (e == ERR_OK && mnc_len != 2 && mnc_len != 3)
        e = ERR_CORRUPT;
    if (e == ERR_OK)
        e = split_imsi(digits, mnc_len, out);
    OPENSSL_cleanse(digits, sizeof digits);
    return e;
}

/* user@realm in EF.SUPI_NAI; ERR_NOT_FOUND when the card has no such name. */
static enum err read_name(const struct card *card, uint16_t app, struct supi *out)
{
    struct rd body = body_of(card, fs_child(card, app, FID_5GS), FID_SUPI_NAI), name;
    const uint8_t *at;

    if (!usim_service(card, app, SERVICE_SUPI_NAI) || tlv_find(body, TAG_NSI, &name) != ERR_OK ||
        name.left == 0)
        return ERR_NOT_FOUND;
    at = memchr(name.at, '@', name.left);
    if (at == NULL || at == name.at || (size_t)(at - name.at) > sizeof out->user)
        return ERR_CORRUPT;
    out->type = SUPI_NAME;
    out->user_len = (size_t)(at - name.at);
    memcpy(out->user, name.at, out->user_len);
    out->realm = RD(at + 1, name.left - out->user_len - 1);
    return ERR_OK;
}

static enum err read_supi(const struct card *card, uint16_t app, struct supi *out)
{
    struct rd routing = body_of(card, fs_child(card, app, FID_5GS), FID_ROUTING_INDICATOR);
    enum err e = read_name(card, app, out);

    if (e == ERR_NOT_FOUND)
        e = read_subscriber(card, app, out);
    /* Routing indicator 0 where none is given (TS 23.003 2.2B). */
    out->routing[0] = routing.left >= 2 ? routing.at[0] : 0xF0;
    out->routing[1] = routing.left >= 2 ? routing.at[1] : 0xFF;
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

/* Scheme output: what the ephemeral key makes of the user, or the user in clear. */
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
                         RD(supi->user, supi->user_len), out);
    }
    return e;
}

static void write_text(struct wr *w, const char *text)
{
    wr_bytes(w, (const uint8_t *)text, strlen(text));
}

static void write_field(struct wr *w, const char *name, struct rd bytes)
{
    char hex[2 * OUTPUT_MAX + 1];

    write_text(w, name);
    if (hex_encode(bytes, hex, sizeof hex) == ERR_OK)
        write_text(w, hex);
}

/* Key, ciphertext and tag of a scheme output apart. */
static void write_concealed(struct wr *w, const struct scheme *s, struct rd output)
{
    size_t key_len = s->id == SUCI_PROFILE_A ? 32 : 33;
    char id[16];

    if (output.left < key_len + SUCI_MAC_LEN)
        return;
    (void)snprintf(id, sizeof id, ".hnkey%u", s->key_id);
    write_text(w, id);
    write_field(w, ".ecckey", RD(output.at, key_len));
    write_field(w, ".cip", RD(output.at + key_len, output.left - key_len - SUCI_MAC_LEN));
    write_field(w, ".mac", RD(output.at + output.left - SUCI_MAC_LEN, SUCI_MAC_LEN));
}

/* TS 23.003 28.7.3: the SUCI as user@realm. */
static void write_nai(struct wr *w, const struct supi *supi, const struct scheme *s,
                      struct rd output)
{
    struct rd routing = RD_ARRAY(supi->routing);
    char rid[8] = "", head[48];

    if (bcd_number_decode(routing, rid, sizeof rid) != ERR_OK || *rid == '\0')
        (void)snprintf(rid, sizeof rid, "0");
    (void)snprintf(head, sizeof head, "type%u.rid%s.schid%u", supi->type, rid, s->id);
    write_text(w, head);
    if (s->id != SCHEME_NULL) {
        write_concealed(w, s, output);
    } else {
        write_text(w, ".userid");
        if (supi->type == SUPI_IMSI)
            write_text(w, supi->digits);
        else
            wr_bytes(w, supi->user, supi->user_len);
    }
    wr_u8(w, '@');
    if (supi->type == SUPI_IMSI)
        write_text(w, supi->nswo);
    else
        wr_rd(w, supi->realm);
}

static void write_binary(struct wr *w, const struct supi *supi, const struct scheme *s,
                         struct rd output)
{
    wr_u8(w, IDENTITY_SUCI);
    wr_bytes(w, supi->plmn, sizeof supi->plmn);
    wr_bytes(w, supi->routing, sizeof supi->routing);
    wr_u8(w, s->id);
    wr_u8(w, s->key_id);
    wr_rd(w, output);
}

static enum err build(struct card *card, uint16_t app, const struct supi *supi, bool nswo,
                      struct wr *out)
{
    struct rd list = body_of(card, fs_child(card, app, FID_SAIP), FID_SUCI_CALC_INFO);
    struct scheme s = {.id = SCHEME_NULL};
    uint8_t output[OUTPUT_MAX];
    struct wr w = WR_ARRAY(output);
    enum err e = choose_scheme(list, &s);

    if (e != ERR_OK)
        return ERR_CONDITIONS;
    if (s.id == SCHEME_NULL)
        wr_bytes(&w, supi->user, supi->user_len);
    else
        e = conceal(card, &s, supi, &w);
    if (e == ERR_OK)
        e = wr_result(&w);
    if (e != ERR_OK)
        return e;
    if (supi->type == SUPI_IMSI && !nswo) {
        write_binary(out, supi, &s, RD_WR(&w));
        return wr_result(out);
    }
    if (!nswo)
        wr_u8(out, SUPI_NAME << 4 | IDENTITY_SUCI);
    write_nai(out, supi, &s, RD_WR(&w));
    return wr_result(out);
}

/* Services that the USIM must have for the context, TS 31.102 7.5.1. */
static bool offers(const struct card *card, uint16_t app, bool nswo)
{
    return usim_service(card, app, SERVICE_SUPI_PRIVACY) &&
           usim_service(card, app, SERVICE_SUCI_BY_USIM) &&
           (!nswo || usim_service(card, app, SERVICE_NSWO));
}

sw_t usim_cmd_get_identity(struct card *card, struct exec *x)
{
    uint8_t suci[SUCI_LEN_MAX], context = x->cmd->p2 & (uint8_t)~P2_SCOPE;
    struct wr value = WR_ARRAY(suci);
    bool nswo = context == P2_NSWO;
    struct supi supi = {.type = SUPI_IMSI};
    sw_t sw;
    enum err e;

    if (x->cmd->p1 != 0 || (context != P2_SUCI && !nswo))
        return SW_P1P2;
    sw = usim_ready(card, x, false);
    if (!sw_equal(sw, SW_OK))
        return sw;
    if (!offers(card, x->ch->app, nswo))
        return SW_FUNCTION;
    e = read_supi(card, x->ch->app, &supi);
    if (e == ERR_OK)
        e = build(card, x->ch->app, &supi, nswo, &value);
    if (e == ERR_OK)
        tlv_write(x->out, TAG_SUCI, RD_WR(&value));
    OPENSSL_cleanse(&supi, sizeof supi);
    return e == ERR_OK ? SW_OK : sw_from_err(e);
}
