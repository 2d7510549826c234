#include "uicc/usim/attempt.h"

#include "apdu/gba.h"
#include "uicc/aka/sqn.h"
#include "uicc/applet/toolkit.h"

#include <openssl/crypto.h>

#define MAC_LEN 8 /* of AUTN and AUTS */

_Static_assert(MAC_LEN == GBA_MAC_LEN, "the mask of MAC* must cover MAC");

void usim_attempt_wipe(struct usim_attempt *a)
{
    OPENSSL_cleanse(a, sizeof *a);
}

void usim_attempt_value(struct wr *out, const uint8_t *bytes, size_t n)
{
    wr_u8(out, (uint8_t)n);
    wr_bytes(out, bytes, n);
}

enum err usim_attempt_slot(const struct card *card, uint8_t *index, struct slot *slot)
{
    *index = slot_in_force(&card->store);
    return *index == 0 ? ERR_CONDITIONS : slot_read(&card->store, *index, slot);
}

sw_t usim_attempt_read(struct rd data, struct usim_attempt *a)
{
    uint8_t len;

    if (data.left != USIM_CHALLENGE_LEN)
        return SW_WRONG_LENGTH;
    if (rd_u8(&data, &len) != ERR_OK || len != AKA_RAND_LEN ||
        rd_copy(&data, a->rand, sizeof a->rand) != ERR_OK || rd_u8(&data, &len) != ERR_OK ||
        len != AKA_AUTN_LEN || rd_copy(&data, a->autn, sizeof a->autn) != ERR_OK)
        return SW_BAD_DATA;
    return SW_OK;
}

/* What AUTN must end with. */
static enum err expected_mac(struct card *card, const struct usim_attempt *a, uint64_t sqn,
                             const uint8_t amf[2], uint8_t mac[MAC_LEN])
{
    uint8_t mask[GBA_MAC_LEN] = {0};
    enum err e = aka_f1(card->engine->crypto, &a->slot.aka, a->rand, sqn, amf, mac, NULL);

    if (e == ERR_OK && a->bootstrap)
        e = gba_mac_mask(card->engine->crypto, a->result.ik, mask);
    for (size_t i = 0; i < MAC_LEN; i++)
        mac[i] ^= mask[i];
    OPENSSL_cleanse(mask, sizeof mask);
    return e;
}

/* f5, then f1 over the SQN that it uncovers, then the comparison; sqn only when it is right. */
static enum err check_mac(struct card *card, struct usim_attempt *a, uint64_t *sqn)
{
    struct rd autn = RD_ARRAY(a->autn);
    uint8_t mac[MAC_LEN];
    uint64_t hidden, ak;
    struct rd ak_bytes = RD_ARRAY(a->result.ak);
    enum err e;

    if (a->slot.aka.mac_len != MAC_LEN)
        return ERR_KEY;
    e = aka_f2345(card->engine->crypto, &a->slot.aka, a->rand, &a->result);
    if (e == ERR_OK)
        e = rd_u48(&autn, &hidden);
    if (e == ERR_OK)
        e = rd_u48(&ak_bytes, &ak);
    if (e == ERR_OK)
        e = expected_mac(card, a, hidden ^ ak, autn.at, mac);
    if (e == ERR_OK && !crypto_equal(mac, a->autn + AKA_AUTN_LEN - MAC_LEN, MAC_LEN))
        e = ERR_MAC;
    if (e == ERR_OK)
        *sqn = hidden ^ ak;
    OPENSSL_cleanse(mac, sizeof mac);
    return e;
}

static sw_t answer_resync(struct card *card, const struct usim_attempt *a, struct wr *out)
{
    uint8_t auts[AKA_AUTS_LEN];
    enum err e = aka_auts(card->engine->crypto, &a->slot.aka, a->rand,
                          sqn_highest(&card->store, a->index), auts);

    if (e != ERR_OK)
        return sw_from_err(e);
    wr_u8(out, USIM_TAG_RESYNC);
    usim_attempt_value(out, auts, sizeof auts);
    return SW_OK;
}

sw_t usim_attempt_run(struct card *card, struct usim_attempt *a, struct wr *out)
{
    const struct sqn_policy policy = {card->profile->sqn_delta, card->profile->sqn_age_limit};
    uint64_t sqn;
    enum err e = usim_attempt_slot(card, &a->index, &a->slot);

    if (e == ERR_OK)
        e = check_mac(card, a, &sqn);
    if (e == ERR_MAC)
        return SW_AUTH_MAC;
    if (e == ERR_OK)
        e = sqn_accept(&card->store, a->index, &policy, sqn);
    if (e == ERR_SYNC)
        return answer_resync(card, a, out);
    if (e == ERR_OK)
        e = applet_happened(card, APPLET_AUTHENTICATED);
    a->fresh = e == ERR_OK;
    return sw_from_err(e);
}
