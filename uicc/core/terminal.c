/*
 * What a terminal says of itself, and small commands about the card: TERMINAL
 * CAPABILITY, GET CHALLENGE, SUSPEND UICC (TS 102 221 11.1.19, 11.1.18, 11.1.22).
 */
#include "uicc/core/handlers.h"

#include "apdu/tlv.h"
#include "uicc/fs/fs.h"

#include <openssl/crypto.h>

#define CHALLENGE_MAX 256U

/* ---- TERMINAL CAPABILITY ---- */

#define TAG_CAPABILITY       0xA9
#define TAG_POWER            0x80
#define TAG_EXTENDED_CHANNEL 0x81
#define TAG_INTERFACES       0x82

/* Objects whose length the standard fixes; others may be of any length. */
static bool capability_is_sound(const struct tlv *t)
{
    switch (t->tag) {
    case TAG_POWER:
        return t->value.left == 3;
    case TAG_EXTENDED_CHANNEL:
        return t->value.left == 0;
    case TAG_INTERFACES:
        return t->value.left == 1;
    default:
        return true;
    }
}

/* The card has the same to offer to every terminal, so that all it does is to read the template. */
sw_t terminal_cmd_capability(struct card *card, struct exec *x)
{
    struct rd data = x->cmd->data;
    struct tlv t;

    (void)card;
    if (x->remote)
        return SW_FUNCTION;
    if (x->cmd->p1 != 0 || x->cmd->p2 != 0)
        return SW_P1P2;
    if (data.left == 0)
        return SW_WRONG_LENGTH;
    if (tlv_next(&data, &t) != ERR_OK || t.tag != TAG_CAPABILITY || data.left > 0)
        return SW_BAD_DATA;
    for (data = t.value; data.left > 0;) {
        if (tlv_next(&data, &t) != ERR_OK || !capability_is_sound(&t))
            return SW_BAD_DATA;
    }
    return SW_OK;
}

/* ---- GET CHALLENGE ---- */

sw_t terminal_cmd_challenge(struct card *card, struct exec *x)
{
    size_t n = x->cmd->p3 == 0 ? CHALLENGE_MAX : x->cmd->p3;
    uint8_t *at;

    if (x->cmd->p1 != 0 || x->cmd->p2 != 0)
        return SW_P1P2;
    at = wr_reserve(x->out, n);
    if (at == NULL || card->host.random(card->host.context, at, n) != ERR_OK)
        return SW_NO_DIAGNOSIS;
    return SW_OK;
}

/* ---- SUSPEND UICC ---- */

#define P1_SUSPEND 0x00
#define P1_RESUME  0x01
#define TOKEN_LEN  8U
#define FID_UMPC   0x2F08

#define UMPC_SUSPEND 0x02 /* byte 3 of EF.UMPC, TS 102 221 13.6 */

/* Longest time the card stays suspended: ten units of ten days. */
#define UNIT_TEN_DAYS     0x04
#define DURATION_MAX_UNIT UNIT_TEN_DAYS
#define DURATION_MAX_LEN  0x0A

static const uint32_t unit_seconds[] = {1, 60, 3600, 86400, 864000};

/* unit(1) length(1); ERR_RANGE for a unit that does not exist. */
static enum err read_duration(struct rd *r, uint32_t *seconds)
{
    uint8_t unit, length;

    if (rd_u8(r, &unit) != ERR_OK || rd_u8(r, &length) != ERR_OK)
        return ERR_SHORT;
    if (unit >= ARRAY_LEN(unit_seconds) || length == 0)
        return ERR_RANGE;
    *seconds = unit_seconds[unit] * length;
    return ERR_OK;
}

static bool offers_suspension(const struct card *card)
{
    uint16_t node = fs_child(card, NODE_MF, FID_UMPC);
    struct rd body = node == NODE_NONE ? RD(NULL, 0) : fs_body(card, node);

    return body.left >= 3 && (body.at[2] & UMPC_SUSPEND) != 0;
}

static sw_t suspend(struct card *card, struct exec *x)
{
    const uint32_t longest = unit_seconds[DURATION_MAX_UNIT] * DURATION_MAX_LEN;
    struct rd data = x->cmd->data;
    const uint8_t *wished = data.at;
    uint32_t shortest = 0, most = 0;

    if (data.left != 4)
        return SW_WRONG_LENGTH;
    if (!offers_suspension(card))
        return SW_CONDITIONS;
    if (read_duration(&data, &shortest) != ERR_OK || read_duration(&data, &most) != ERR_OK ||
        shortest > most)
        return SW_BAD_DATA;
    if (shortest > longest)
        return SW_AUTH_CONTEXT;
    if (card->host.random(card->host.context, card->resume_token, TOKEN_LEN) != ERR_OK)
        return SW_NO_DIAGNOSIS;
    wr_u8(x->out, most > longest ? DURATION_MAX_UNIT : wished[2]);
    wr_u8(x->out, most > longest ? DURATION_MAX_LEN : wished[3]);
    wr_bytes(x->out, card->resume_token, TOKEN_LEN);
    card->suspended = true;
    card->resumable = false;
    return SW_OK;
}

/* The state that was there before comes back, or a session begins as after any reset. */
static sw_t resume(struct card *card, const struct exec *x)
{
    bool right;

    if (x->cmd->data.left != TOKEN_LEN)
        return SW_WRONG_LENGTH;
    if (!card->suspended || !card->resumable)
        return SW_CONDITIONS;
    right = crypto_equal(card->resume_token, x->cmd->data.at, TOKEN_LEN);
    OPENSSL_cleanse(card->resume_token, sizeof card->resume_token);
    if (!right) {
        card_reset_volatile(card);
        return SW_SECURITY;
    }
    card->suspended = false;
    card->resumable = false;
    return SW_OK;
}

sw_t terminal_cmd_suspend(struct card *card, struct exec *x)
{
    if (x->remote)
        return SW_FUNCTION;
    if (x->cmd->p2 != 0)
        return SW_P1P2;
    switch (x->cmd->p1) {
    case P1_SUSPEND:
        return suspend(card, x);
    case P1_RESUME:
        return resume(card, x);
    default:
        return SW_P1P2;
    }
}
