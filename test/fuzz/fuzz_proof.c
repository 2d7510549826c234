/*
 * fuzz_proof.c - what an SMS centre hands to a server as the answer of a card. First byte: the
 * method of the campaign, and with bit 80 that the card itself is hostile. Then either messages,
 * each a sender(1) and length(1) of user data; or the status code and data of a response that is
 * sealed under the card's keys.
 *
 * Claims: the inbox keeps within its bounds; what nobody sealed decides nothing; whatever is judged
 * has a verdict and a text that ends.
 */
#include "ota/campaign/inbox.h"
#include "ota/campaign/proof.h"
#include "test/fuzz/require.h"

#include <string.h>

struct scene {
    struct crypto *crypto;
    struct vault_pair keys;
    struct ledger_campaign campaign;
    struct ledger_job job;
    struct ledger_packet last;
};

static void set_key(struct secpkt_key *key, uint8_t value)
{
    key->algorithm = SECPKT_AES;
    key->key.len = 16;
    memset(key->key.bytes, value, 16);
}

static struct campaign_subject subject_of(const struct scene *s)
{
    const bool renew = s->campaign.method == LEDGER_RENEW;

    return (struct campaign_subject){&s->campaign, &s->job, &s->keys, renew ? &s->keys : NULL};
}

/* false: this method has no command without more than is here. */
static bool begin(struct scene *s, uint8_t method)
{
    struct campaign_subject subject;

    if (s->crypto == NULL)
        s->crypto = crypto_new();
    require(s->crypto != NULL);
    memcpy(s->keys.iccid, "8988211000000430010", 20);
    s->keys.index = 1;
    set_key(&s->keys.ota.kic, 0x11);
    set_key(&s->keys.ota.kid, 0x22);
    set_key(&s->keys.kik, 0x33);
    s->keys.ota.cc_len = SECPKT_CC_LEN;
    ledger_campaign_defaults(&s->campaign, (enum ledger_method)(method % 5));
    s->job = (struct ledger_job){.key_index = 1, .to_index = 2, .tries = 1, .command_counter = 77};
    memcpy(s->job.new_imsi, "002020000000001", 16);
    s->last = (struct ledger_packet){.purpose = LEDGER_COMMAND, .counter = 77};
    subject = subject_of(s);
    return campaign_plan_seal(s->crypto, &subject, &s->last) == ERR_OK;
}

static enum campaign_verdict judge(const struct scene *s, struct rd packet)
{
    const struct campaign_subject subject = subject_of(s);
    struct campaign_finding f;

    memset(&f, 0xA5, sizeof f);
    campaign_proof_judge(s->crypto, &subject, &s->last, packet, &f);
    require(f.verdict <= CAMPAIGN_WAIT);
    require(memchr(f.text, '\0', sizeof f.text) != NULL);
    return f.verdict;
}

static void hear(const struct scene *s, struct rd input)
{
    static const char *const senders[] = {"+491710000001", "1234", ""};
    struct inbox *inbox = inbox_new();
    uint8_t sender, len;
    struct rd ud;
    uint64_t token = 0;

    require(inbox != NULL);
    while (rd_u8(&input, &sender) == ERR_OK && rd_u8(&input, &len) == ERR_OK &&
           rd_take(&input, len < input.left ? len : input.left, &ud) == ERR_OK) {
        token++;
        (void)inbox_hear(inbox, senders[sender % 3], ud, token, token * 1000);
        require(inbox_count(inbox) <= INBOX_MAX);
    }
    for (size_t i = 0; i < inbox_count(inbox); i++) {
        const struct inbox_entry *e = inbox_at(inbox, i);

        require(e->len <= sizeof e->packet && e->token <= token);
        require(judge(s, RD(e->packet, e->len)) <= CAMPAIGN_HINT);
    }
    inbox_free(&inbox);
}

static void answer(const struct scene *s, struct rd input)
{
    struct secpkt_response response = {.counter = s->last.counter};
    uint8_t bytes[SECPKT_MAX];
    struct wr w = WR_ARRAY(bytes);

    if (rd_u8(&input, &response.rsc) != ERR_OK)
        return;
    memcpy(response.tar, s->last.header.tar, sizeof response.tar);
    response.data = input;
    if (secpkt_seal_response(s->crypto, &response, &s->last.header, &s->keys.ota, &w) == ERR_OK)
        (void)judge(s, RD_WR(&w));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct scene scene;
    struct rd input = RD(data, size);
    uint8_t kind;

    if (rd_u8(&input, &kind) != ERR_OK || !begin(&scene, kind & 0x7F))
        return 0;
    if ((kind & 0x80) != 0)
        answer(&scene, input);
    else
        hear(&scene, input);
    return 0;
}
