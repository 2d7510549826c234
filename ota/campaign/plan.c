#include "ota/campaign/plan.h"

#include "apdu/gp.h"
#include "apdu/opchange.h"
#include "apdu/sms.h"
#include "apdu/text.h"

#include <openssl/crypto.h>
#include <string.h>

#define SPN_LEN 17 /* EF.SPN, TS 31.102 4.2.12: display condition and 16 octets of name */

/* TS 31.116 annex A: ADF file management, compact; TS 102 226 8: application management, compact */
static const uint8_t tar_rfm_adf[3] = {0xB0, 0x00, 0x01};
static const uint8_t tar_ram[3] = {0x00, 0x00, 0x00};

static const uint8_t select_mf[] = {0x00, 0xA4, 0x00, 0x04, 0x02, 0x3F, 0x00};
static const uint8_t select_imsi[] = {0x00, 0xA4, 0x00, 0x04, 0x02, 0x6F, 0x07};
static const uint8_t read_imsi[] = {0x00, 0xB0, 0x00, 0x00, EF_IMSI_LEN};

bool campaign_plan_can_ask(enum ledger_method method)
{
    return method != LEDGER_SCRIPT;
}

void campaign_plan_tar(const struct ledger_campaign *c, enum ledger_purpose purpose, uint8_t tar[3])
{
    const uint8_t *from = tar_rfm_adf;

    if (c->method == LEDGER_3B || c->method == LEDGER_QUERY || c->method == LEDGER_RENEW_K)
        from = OPCHANGE_TAR;
    else if (c->method == LEDGER_SCRIPT)
        from = c->tar;
    else if (c->method == LEDGER_RENEW && purpose == LEDGER_COMMAND)
        from = tar_ram;
    memcpy(tar, from, 3);
}

static enum err spn_content(const char *name, struct wr *w)
{
    enum err e;

    wr_u8(w, 0x01); /* shown in the home network, too */
    e = text_to_gsm7(name, w);
    if (e != ERR_OK || w->len > SPN_LEN)
        return e != ERR_OK ? e : ERR_RANGE;
    wr_fill(w, 0xFF, SPN_LEN - w->len);
    return wr_result(w);
}

static enum err msisdn_content(const char *digits, struct wr *w)
{
    wr_u8(w, 0x91);
    return bcd_number_encode(digits, w);
}

static enum err sca_content(const char *number, struct wr *w)
{
    struct sms_address a;
    enum err e = sms_address_from_text(&a, number);

    if (e == ERR_OK)
        sms_write_rp_address(w, &a);
    return e;
}

static enum err write_change(const struct campaign_subject *s, struct wr *data)
{
    uint8_t spn[64], sca[12], msisdn[12];
    struct wr spn_w = WR_ARRAY(spn), sca_w = WR_ARRAY(sca), msisdn_w = WR_ARRAY(msisdn);
    struct opchange_command command = {
        .op = OPCHANGE_CHANGE,
        .expected = s->job->key_index,
        .to = s->job->to_index,
        .mnc_len = s->campaign->mnc_len,
        .trial_polls = s->campaign->trial_polls,
        .trial_seconds = s->campaign->trial_seconds,
    };
    enum err e = bcd_imsi_encode(s->job->new_imsi, command.imsi);

    if (e == ERR_OK && s->campaign->spn[0])
        e = spn_content(s->campaign->spn, &spn_w);
    if (e == ERR_OK && s->campaign->smsc[0])
        e = sca_content(s->campaign->smsc, &sca_w);
    if (e == ERR_OK && s->job->new_msisdn[0])
        e = msisdn_content(s->job->new_msisdn, &msisdn_w);
    if (e != ERR_OK)
        return e;
    command.spn = RD_WR(&spn_w);
    command.sca = RD_WR(&sca_w);
    command.msisdn = RD_WR(&msisdn_w);
    opchange_write(data, &command);
    return wr_result(data);
}

static enum err write_query(struct wr *data)
{
    const struct opchange_command command = {.op = OPCHANGE_QUERY};

    opchange_write(data, &command);
    return wr_result(data);
}

static struct gp_key gp_key_of(const struct secpkt_key *key)
{
    return (struct gp_key){
        .type = key->algorithm == SECPKT_AES ? GP_KEY_AES : GP_KEY_DES,
        .key = key->key,
    };
}

/* KIc, KID, KIK of the pending set over those of the same version, under the KIK in force. */
static enum err write_put_key(struct crypto *c, const struct campaign_subject *s, struct wr *data)
{
    uint8_t bytes[5 + 255];
    struct wr apdu = WR_ARRAY(bytes);
    struct script_writer script;
    struct gp_key dek, keys[GP_KEYS_MAX];
    uint8_t index = s->keys->index;
    enum err e;

    if (!s->pending)
        return ERR_KEY;
    dek = gp_key_of(&s->keys->kik);
    keys[0] = gp_key_of(&s->pending->ota.kic);
    keys[1] = gp_key_of(&s->pending->ota.kid);
    keys[2] = gp_key_of(&s->pending->kik);
    e = gp_write_put_key(c, index, index, keys, GP_KEYS_MAX, &dek, &apdu);
    OPENSSL_cleanse(keys, sizeof keys);
    OPENSSL_cleanse(&dek, sizeof dek);
    if (e != ERR_OK)
        return e;
    script_open(&script, SCRIPT_COMPACT, data);
    script_write_command(&script, RD_WR(&apdu));
    return script_close(&script);
}

struct wrapped {
    uint8_t bytes[OPCHANGE_WRAPPED_MAX];
    struct rd rd;
};

static enum err wrap_under_kik(struct crypto *c, const struct secpkt_key *kik,
                               const struct secret *key, struct wrapped *out)
{
    if (key->len > sizeof out->bytes)
        return ERR_RANGE;
    out->rd = RD(out->bytes, key->len);
    return crypto_encrypt(c, secpkt_cipher(kik->algorithm), &kik->key, key->bytes, out->bytes,
                          key->len);
}

/* The same new K as often as one asks: a card that has it already says so once more. */
static enum err write_new_k(struct crypto *c, const struct campaign_subject *s, struct wr *data)
{
    struct opchange_command command = {.op = OPCHANGE_RENEW, .expected = s->keys->index};
    struct gp_key k = {.type = GP_KEY_AES};
    struct wrapped new_k, new_opc = {.rd = RD(NULL, 0)};
    enum err e;

    if (!s->pending)
        return ERR_KEY;
    k.key = s->pending->aka.k;
    e = gp_kcv(c, &k, command.new_k_kcv);
    secret_wipe(&k.key);
    if (e == ERR_OK)
        e = wrap_under_kik(c, &s->keys->kik, &s->pending->aka.k, &new_k);
    if (e == ERR_OK && s->pending->aka.opc.len > 0)
        e = wrap_under_kik(c, &s->keys->kik, &s->pending->aka.opc, &new_opc);
    if (e != ERR_OK)
        return e;
    command.new_k = new_k.rd;
    command.new_opc = new_opc.rd;
    opchange_write(data, &command);
    return wr_result(data);
}

static enum err write_script(struct wr *data, const struct rd *commands, size_t count)
{
    struct script_writer script;

    script_open(&script, SCRIPT_COMPACT, data);
    for (size_t i = 0; i < count; i++)
        script_write_command(&script, commands[i]);
    return script_close(&script);
}

static enum err write_command(struct crypto *c, const struct campaign_subject *s, struct wr *data)
{
    switch (s->campaign->method) {
    case LEDGER_3B:
        return write_change(s, data);
    case LEDGER_3A:
        return campaign_plan_rfm(s->campaign, s->job, data);
    case LEDGER_RENEW:
        return write_put_key(c, s, data);
    case LEDGER_RENEW_K:
        return write_new_k(c, s, data);
    case LEDGER_SCRIPT:
        wr_bytes(data, s->campaign->script, s->campaign->script_len);
        return s->campaign->script_len ? wr_result(data) : ERR_FORMAT;
    case LEDGER_QUERY:
        return write_query(data);
    }
    return ERR_UNSUPPORTED;
}

static enum err write_question(struct crypto *c, const struct campaign_subject *s, struct wr *data)
{
    const struct rd ask_imsi[] = {RD_ARRAY(select_imsi), RD_ARRAY(read_imsi)};
    const struct rd ask_anything[] = {RD_ARRAY(select_mf)};

    switch (s->campaign->method) {
    case LEDGER_3B:
    case LEDGER_QUERY:
        return write_query(data);
    case LEDGER_3A:
        return write_script(data, ask_imsi, ARRAY_LEN(ask_imsi));
    case LEDGER_RENEW:
        return write_script(data, ask_anything, ARRAY_LEN(ask_anything));
    case LEDGER_RENEW_K:
        return write_new_k(c, s, data);
    case LEDGER_SCRIPT:
        break;
    }
    return ERR_UNSUPPORTED;
}

enum err campaign_plan_data(struct crypto *c, const struct campaign_subject *s,
                            enum ledger_purpose purpose, struct wr *data)
{
    return purpose == LEDGER_COMMAND ? write_command(c, s, data) : write_question(c, s, data);
}

/* What a card does behind it, it does not tell (TS 102 226 5.2.1.2). */
static bool asks_for_early_response(const struct script_item *item)
{
    return item->kind == SCRIPT_IMMEDIATE_ACTION && item->bytes.left == 1 &&
           item->bytes.at[0] == SCRIPT_EARLY_RESPONSE;
}

enum err campaign_plan_script(struct rd data, struct campaign_script *out)
{
    struct campaign_script script = {.commands = 0};
    struct script_reader reader;
    struct script_item item;
    bool told = true;
    enum err e = script_begin(data, &reader);

    if (e != ERR_OK)
        return e;
    script.format = reader.format;
    while ((e = script_next(&reader, &item)) == ERR_OK) {
        script.commands += told && item.kind == SCRIPT_COMMAND;
        script.objects += told;
        told = told && !asks_for_early_response(&item);
    }
    if (e != ERR_NOT_FOUND)
        return e;
    *out = script;
    return ERR_OK;
}

enum err campaign_plan_seal(struct crypto *c, const struct campaign_subject *s,
                            struct ledger_packet *p)
{
    const struct vault_pair *with = p->keys == LEDGER_PENDING ? s->pending : s->keys;
    uint8_t bytes[SECPKT_MAX];
    struct wr data = WR_ARRAY(bytes), packet = WR_ARRAY(p->octets);
    struct secpkt_command command = {.counter = p->counter};
    enum err e;

    if (!with)
        return ERR_KEY;
    e = campaign_plan_data(c, s, p->purpose, &data);
    memcpy(command.header.spi, s->campaign->spi, sizeof command.header.spi);
    command.header.kic = (uint8_t)(with->index << 4 | secpkt_nibble(with->ota.kic.algorithm));
    command.header.kid = (uint8_t)(with->index << 4 | secpkt_nibble(with->ota.kid.algorithm));
    campaign_plan_tar(s->campaign, p->purpose, command.header.tar);
    command.data = RD_WR(&data);
    if (e == ERR_OK)
        e = secpkt_seal_command(c, &command, &with->ota, &packet);
    OPENSSL_cleanse(bytes, data.len);
    if (e != ERR_OK)
        return e;
    p->header = command.header;
    p->key_index = with->index;
    p->len = packet.len;
    return ERR_OK;
}
