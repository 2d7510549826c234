#include "uicc/isd/token.h"

#include "apdu/signature.h"
#include "apdu/tlv.h"

#include <string.h>

#define CMAC_LEN      16U
#define BODY_MAX      255U
#define KEY_ID        1
#define TAG_DAP_BLOCK 0xE2
#define TAG_AID       0x4F
#define TAG_SIGNATURE 0xC3
#define TAG_IIN       0x42
#define TAG_CIN       0x45
#define UNIQUE_MAX    48U

/* ---- keys ---- */

static enum err cmac(const struct card *card, const struct isd_key *key, struct rd message,
                     uint8_t mac[CMAC_LEN])
{
    SECRET_WIPED struct secret secret = {0};

    if (key->value.left > sizeof secret.bytes)
        return ERR_KEY;
    memcpy(secret.bytes, key->value.at, key->value.left);
    secret.len = (uint8_t)key->value.left;
    return crypto_cmac(card->engine->crypto, &secret, &message, 1, mac);
}

/* errors: ERR_SIGNATURE, also when there is no key */
static enum err verify(const struct card *card, uint8_t domain, uint8_t version, struct rd message,
                       struct rd signature)
{
    uint8_t mac[CMAC_LEN];
    struct isd_key key;
    enum err e;

    if (isd_keys_get(card, domain, version, KEY_ID, &key) != ERR_OK)
        return ERR_SIGNATURE;
    if (key.type == GP_KEY_ECC)
        return signature_verify(key.value, message, signature);
    if (key.type != GP_KEY_AES || signature.left != CMAC_LEN)
        return ERR_SIGNATURE;
    e = cmac(card, &key, message, mac);
    return e == ERR_OK && !crypto_equal(mac, signature.at, CMAC_LEN) ? ERR_SIGNATURE : e;
}

/* ---- tokens ---- */

bool token_may_delegate(const struct isd_caller *caller)
{
    return (caller->domain.privileges[0] & PRIVILEGE_DELEGATED) != 0;
}

/* GP C.4: P1, P2, length of what follows, the data field up to the token. */
static enum err check(const struct card *card, const struct apdu *cmd, struct rd body,
                      struct rd token)
{
    uint8_t bytes[3 + BODY_MAX];
    struct wr w = WR_ARRAY(bytes);

    wr_u8(&w, cmd->p1);
    wr_u8(&w, cmd->p2);
    wr_u8(&w, (uint8_t)body.left);
    wr_rd(&w, body);
    if (wr_result(&w) != ERR_OK)
        return ERR_SPACE;
    return verify(card, APPLET_ISD, ISD_KEYS_TOKEN, RD_WR(&w), token);
}

sw_t token_check(const struct isd_caller *caller, const struct apdu *cmd, struct rd body,
                 struct rd token)
{
    if (!isd_may_manage(caller) && (!token_may_delegate(caller) || token.left == 0))
        return SW_SECURITY;
    if (token.left == 0)
        return SW_OK;
    return check(caller->card, cmd, body, token) == ERR_OK ? SW_OK : SW_CONDITIONS;
}

/* ---- receipts ---- */

static void write_lv(struct wr *w, struct rd value)
{
    wr_u8(w, (uint8_t)value.left);
    wr_rd(w, value);
}

/* GP C.5: confirmation counter, then what is unique to this card: the values of 42 and 45. */
static void write_confirmation(const struct isd_caller *caller, uint32_t counter, struct wr *w)
{
    uint8_t bytes[UNIQUE_MAX];
    struct wr unique = WR_ARRAY(bytes);

    isd_write_value(caller->card, TAG_IIN, &unique);
    isd_write_value(caller->card, TAG_CIN, &unique);
    wr_u8(w, 2);
    wr_u16(w, (uint16_t)counter);
    write_lv(w, RD_WR(&unique));
}

static enum err write_receipt(const struct isd_caller *caller, const struct isd_key *key,
                              const struct token_receipt *receipt, struct wr *out)
{
    uint8_t bytes[4 + UNIQUE_MAX + 3 * (1 + APPLET_AID_MAX)], mac[CMAC_LEN];
    struct wr w = WR_ARRAY(bytes);
    uint32_t counter = isd_keys_sequence(caller->card, APPLET_ISD, ISD_KEYS_RECEIPT) + 1;
    size_t confirmation_len;
    enum err e;

    write_confirmation(caller, counter, &w);
    confirmation_len = w.len;
    for (size_t i = 0; i < ARRAY_LEN(receipt->names); i++) {
        if (receipt->names[i].left > 0)
            write_lv(&w, receipt->names[i]);
    }
    e = counter > UINT16_MAX ? ERR_CONDITIONS : wr_result(&w);
    if (e == ERR_OK)
        e = cmac(caller->card, key, RD_WR(&w), mac);
    if (e != ERR_OK)
        return e;
    write_lv(out, RD_ARRAY(mac));
    wr_bytes(out, bytes, confirmation_len);
    return isd_keys_set_sequence(caller->card, APPLET_ISD, ISD_KEYS_RECEIPT, counter);
}

sw_t token_write_receipt(const struct isd_caller *caller, struct token_receipt receipt,
                         struct wr *out)
{
    struct isd_key key;

    if (isd_may_manage(caller) ||
        isd_keys_get(caller->card, APPLET_ISD, ISD_KEYS_RECEIPT, KEY_ID, &key) != ERR_OK) {
        wr_u8(out, 0);
        return SW_OK;
    }
    return write_receipt(caller, &key, &receipt, out) == ERR_OK ? SW_OK : SW_MEMORY;
}

/* ---- DAPs ---- */

static bool verifies(const struct applet_entry *domain, uint8_t privilege)
{
    return domain->kind == APPLET_INSTANCE && isd_is_domain(domain) &&
           (domain->privileges[0] & privilege) != 0;
}

/* Who signed this block; ERR_SIGNATURE when he did not. */
static enum err check_dap(const struct card *card, struct rd block, struct rd hash, uint8_t *domain)
{
    struct applet_entry signer;
    struct rd aid, signature;

    if (tlv_find(block, TAG_AID, &aid) != ERR_OK ||
        tlv_find(block, TAG_SIGNATURE, &signature) != ERR_OK)
        return ERR_FORMAT;
    if (applet_registry_find(&card->store, aid, &signer) != ERR_OK ||
        !verifies(&signer, PRIVILEGE_DAP))
        return ERR_SIGNATURE;
    *domain = signer.number;
    return verify(card, signer.number, ISD_KEYS_DAP, hash, signature);
}

enum err token_check_daps(const struct card *card, uint8_t domain, struct rd blocks, struct rd hash)
{
    uint64_t signers = 0;
    struct applet_entry e;
    struct tlv t;

    _Static_assert(APPLET_ENTRIES_MAX < 64, "a bit for each domain");
    while (tlv_next(&blocks, &t) == ERR_OK && t.tag == TAG_DAP_BLOCK) {
        uint8_t signer = 0;
        enum err result = check_dap(card, t.value, hash, &signer);

        if (result != ERR_OK)
            return result;
        signers |= 1ULL << signer;
    }
    for (uint8_t n = 0; applet_registry_next(&card->store, n, &e) == ERR_OK; n = e.number) {
        bool needed =
            verifies(&e, PRIVILEGE_MANDATED) || (e.number == domain && verifies(&e, PRIVILEGE_DAP));

        if (needed && (signers >> e.number & 1) == 0)
            return ERR_SIGNATURE;
    }
    return ERR_OK;
}
