#include "test/support/uicc/offcard.h"

#include "apdu/hex.h"
#include "test/support/hexrow.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void must(bool good)
{
    if (!good)
        ck_abort_msg("the off-card entity cannot go on");
}

struct offcard *offcard_new(struct test_card *card)
{
    const struct perso_pair *p = &card->perso.pairs[0];
    struct offcard *h = calloc(1, sizeof *h);

    must(h != NULL);
    h->card = card;
    h->crypto = crypto_new();
    h->enc = p->kic.key;
    h->mac = p->kid.key;
    h->dek = p->kik.key;
    return h;
}

void offcard_free(struct offcard **h)
{
    if (*h == NULL)
        return;
    crypto_free(&(*h)->crypto);
    free(*h);
    *h = NULL;
}

/* ---- SCP03 ---- */

static void kdf(struct offcard *h, const struct secret *key, uint8_t constant, struct rd context,
                uint8_t *out, size_t n)
{
    for (uint8_t i = 1; (i - 1U) * 16 < n; i++) {
        const uint8_t head[16] = {
            0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, constant, 0, (uint8_t)(n * 8 >> 8), (uint8_t)(n * 8),
            i};
        const struct rd parts[] = {RD_ARRAY(head), context};
        uint8_t block[16];

        must(crypto_cmac(h->crypto, key, parts, 2, block) == ERR_OK);
        memcpy(out + (i - 1) * 16, block, n - (i - 1U) * 16 < 16 ? n - (i - 1U) * 16 : 16);
    }
}

static void session03(struct offcard *h, struct rd challenges)
{
    h->s_enc.len = h->enc.len;
    h->s_mac.len = h->s_rmac.len = h->mac.len;
    kdf(h, &h->enc, 4, challenges, h->s_enc.bytes, h->enc.len);
    kdf(h, &h->mac, 6, challenges, h->s_mac.bytes, h->mac.len);
    kdf(h, &h->mac, 7, challenges, h->s_rmac.bytes, h->mac.len);
    kdf(h, &h->s_mac, 1, challenges, h->cryptogram, 8);
    h->s_dek = h->dek;
}

static void icv03(struct offcard *h, bool answer, uint8_t icv[16])
{
    uint8_t block[16] = {answer ? 0x80 : 0};

    block[14] = (uint8_t)(h->counter >> 8);
    block[15] = (uint8_t)h->counter;
    must(crypto_aes_block(h->crypto, &h->s_enc, block, icv) == ERR_OK);
}

static size_t pad(uint8_t *bytes, size_t n, size_t block)
{
    bytes[n++] = 0x80;
    while (n % block != 0)
        bytes[n++] = 0;
    return n;
}

/* ---- SCP02 ---- */

static void derive02(struct offcard *h, const struct secret *key, uint8_t constant,
                     const uint8_t *seq, struct secret *out)
{
    const uint8_t block[16] = {0x01, constant, seq[0], seq[1]};

    out->len = 16;
    must(crypto_encrypt(h->crypto, CRYPTO_3DES_CBC, key, block, out->bytes, 16) == ERR_OK);
}

static void retail_mac(struct offcard *h, const uint8_t icv[8], uint8_t *bytes, size_t n,
                       uint8_t mac[8])
{
    struct secret k1 = {.len = 8};
    uint8_t x[8];

    memcpy(k1.bytes, h->s_mac.bytes, 8);
    memcpy(x, icv, 8);
    n = pad(bytes, n, 8);
    for (size_t at = 0; at < n; at += 8) {
        for (int i = 0; i < 8; i++)
            x[i] ^= bytes[at + (size_t)i];
        must(crypto_encrypt(h->crypto, at + 8 < n ? CRYPTO_DES_CBC : CRYPTO_3DES_CBC,
                            at + 8 < n ? &k1 : &h->s_mac, x, x, 8) == ERR_OK);
    }
    memcpy(mac, x, 8);
}

static void session02(struct offcard *h, const uint8_t *host, const uint8_t *card)
{
    uint8_t bytes[32] = {0};
    struct rd part;

    derive02(h, &h->mac, 0x01, card, &h->s_mac);
    derive02(h, &h->enc, 0x82, card, &h->s_enc);
    derive02(h, &h->dek, 0x81, card, &h->s_dek);
    memcpy(bytes, card, 8);
    memcpy(bytes + 8, host, 8);
    part = RD(bytes, pad(bytes, 16, 8));
    must(crypto_cbc_mac(h->crypto, CRYPTO_3DES_CBC, &h->s_enc, &part, 1, h->cryptogram) == ERR_OK);
}

/* ---- commands ---- */

static void mac_of(struct offcard *h, uint8_t *bytes, size_t n, bool first, uint8_t mac[16])
{
    uint8_t icv[8] = {0};
    struct secret k1 = {.len = 8};

    if (h->protocol == 0x03) {
        const struct rd parts[] = {RD_ARRAY(h->chain), RD(bytes, n)};

        must(crypto_cmac(h->crypto, &h->s_mac, parts, 2, mac) == ERR_OK);
    } else {
        memcpy(k1.bytes, h->s_mac.bytes, 8);
        if (!first)
            must(crypto_encrypt(h->crypto, CRYPTO_DES_CBC, &k1, h->chain, icv, 8) == ERR_OK);
        retail_mac(h, icv, bytes, n, mac);
    }
    memcpy(h->chain, mac, 16);
}

static size_t encipher(struct offcard *h, uint8_t *data, size_t n)
{
    uint8_t icv[16];

    if (n == 0)
        return 0;
    n = pad(data, n, 16);
    icv03(h, false, icv);
    for (int i = 0; i < 16; i++)
        data[i] ^= icv[i];
    must(crypto_encrypt(h->crypto, CRYPTO_AES_CBC, &h->s_enc, data, data, n) == ERR_OK);
    return n;
}

const char *offcard_wrap(struct offcard *h, const char *hex, char *out, size_t cap)
{
    struct hexrow row;
    struct rd r = hexrow(&row, hex);
    uint8_t bytes[320], mac[16] = {0}, copy[320];
    size_t n = r.left > 5 ? r.left - 5 : 0;

    must(r.left >= 4);
    memcpy(bytes, r.at, r.left < 5 ? r.left : 5);
    if (n > 0)
        memcpy(bytes + 5, r.at + 5, n);
    bytes[0] |= 0x04;
    h->counter++;
    if ((h->level & 0x02) != 0)
        n = encipher(h, bytes + 5, n);
    bytes[4] = (uint8_t)(n + 8);
    memcpy(copy, bytes, 5 + n);
    mac_of(h, copy, 5 + n, false, mac);
    memcpy(bytes + 5 + n, mac, 8);
    must(hex_encode(RD(bytes, 5 + n + 8), out, cap) == ERR_OK);
    return out;
}

/* Take R-MAC and R-ENC off an answer. */
static void unwrap(struct offcard *h, const char *got)
{
    struct hexrow row;
    struct rd r = hexrow(&row, got);
    uint8_t mac[16], icv[16], *data = row.bytes;
    size_t n = r.left - 2;
    bool good = r.at[n] == 0x90 || r.at[n] == 0x62 || r.at[n] == 0x63;
    uint8_t sw[2] = {r.at[n], r.at[n + 1]};

    if ((h->level & 0x10) != 0 && good) {
        ck_assert_uint_ge(n, 8);
        n -= 8;
        {
            const struct rd parts[] = {RD_ARRAY(h->chain), RD(data, n), RD_ARRAY(sw)};

            must(crypto_cmac(h->crypto, &h->s_rmac, parts, 3, mac) == ERR_OK);
        }
        ck_assert_mem_eq(mac, data + n, 8);
    }
    if ((h->level & 0x20) != 0 && good && n > 0) {
        icv03(h, true, icv);
        must(crypto_decrypt(h->crypto, CRYPTO_AES_CBC, &h->s_enc, data, data, n) == ERR_OK);
        for (int i = 0; i < 16; i++)
            data[i] ^= icv[i];
        while (data[n - 1] == 0)
            n--;
        ck_assert_uint_eq(data[--n], 0x80);
    }
    data[n] = sw[0];
    data[n + 1] = sw[1];
    must(hex_encode(RD(data, n + 2), h->answer, sizeof h->answer) == ERR_OK);
}

/* GET RESPONSE in the class of the command, as GlobalPlatform hosts send it. */
static const char *follow_up(struct test_card *card, const char *answer)
{
    char command[16];

    if (strncmp(answer, "61", 2) != 0 || strlen(answer) != 4)
        return answer;
    (void)snprintf(command, sizeof command, "84C00000%s", answer + 2);
    return card_send(card, command);
}

const char *offcard_run(struct offcard *h, const char *hex)
{
    char wrapped[700];

    unwrap(h,
           follow_up(h->card, card_send(h->card, offcard_wrap(h, hex, wrapped, sizeof wrapped))));
    return h->answer;
}

void offcard_expect(struct offcard *h, const char *hex, const char *want)
{
    struct hexrow row;

    offcard_run(h, hex);
    hexrow_assert(hexrow(&row, h->answer), want, hex);
}

/* ---- opening ---- */

const char *offcard_initialise(struct offcard *h, uint8_t version)
{
    static const uint8_t challenge[] = {1, 2, 3, 4, 5, 6, 7, 8};
    char command[64];
    struct hexrow row;
    struct rd r;
    const char *answer;

    (void)snprintf(command, sizeof command, "%02X50%02X00080102030405060708",
                   (unsigned)0x80 | h->channel, version);
    answer = card_run(h->card, command);
    r = hexrow(&row, answer);
    if (r.left < 28)
        return answer;
    h->protocol = r.at[11];
    memset(h->chain, 0, sizeof h->chain);
    h->counter = 0;
    h->level = 0;
    if (h->protocol == 0x02) {
        session02(h, challenge, r.at + 12);
    } else {
        uint8_t challenges[16];

        memcpy(challenges, challenge, 8);
        memcpy(challenges + 8, r.at + 13, 8);
        session03(h, RD_ARRAY(challenges));
    }
    return answer;
}

const char *offcard_authenticate(struct offcard *h, uint8_t level, bool spoil)
{
    uint8_t bytes[64] = {0x84, 0x82, level, 0x00, 0x10}, mac[16] = {0}, copy[64];
    char command[64];

    memcpy(bytes + 5, h->cryptogram, 8);
    if (spoil)
        bytes[5] ^= 1;
    memcpy(copy, bytes, 13);
    mac_of(h, copy, 13, true, mac);
    memcpy(bytes + 13, mac, 8);
    bytes[0] |= h->channel; /* no part of the MAC */
    h->level = level;
    must(hex_encode(RD(bytes, 21), command, sizeof command) == ERR_OK);
    return card_run(h->card, command);
}

const char *offcard_open(struct offcard *h, const char *aid, uint8_t version, uint8_t level)
{
    char command[64];
    struct hexrow row;

    (void)snprintf(command, sizeof command, "00A40400%02X%s", (unsigned)hexrow(&row, aid).left,
                   aid);
    card_run(h->card, command);
    offcard_initialise(h, version);
    return offcard_authenticate(h, level, false);
}
