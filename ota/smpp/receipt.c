#include "ota/smpp/receipt.h"

#include <string.h>
#include <strings.h>

/* SMPP 3.4 appendix B: seven letters; some SMS centres write more of the word. */
static const struct {
    const char *text;
    enum smpp_message_state state;
} states[] = {
    {"DELIVRD", SMPP_STATE_DELIVERED},     {"DELIVERED", SMPP_STATE_DELIVERED},
    {"EXPIRED", SMPP_STATE_EXPIRED},       {"DELETED", SMPP_STATE_DELETED},
    {"UNDELIV", SMPP_STATE_UNDELIVERABLE}, {"ACCEPTD", SMPP_STATE_ACCEPTED},
    {"UNKNOWN", SMPP_STATE_UNKNOWN},       {"REJECTD", SMPP_STATE_REJECTED},
    {"REJECTED", SMPP_STATE_REJECTED},     {"ENROUTE", SMPP_STATE_ENROUTE},
};

bool smpp_is_receipt(const struct smpp_pdu *pdu)
{
    return (pdu->esm_class & SMPP_ESM_TYPE_MASK) == SMPP_ESM_RECEIPT;
}

static bool starts_with(struct rd text, const char *word)
{
    size_t len = strlen(word);

    return text.left >= len && strncasecmp((const char *)text.at, word, len) == 0;
}

/* What stands behind "name:" up to a blank. */
static void find_value(struct rd text, const char *name, char *out, size_t size)
{
    size_t n = 0;

    while (text.left && !starts_with(text, name)) {
        text.at++;
        text.left--;
    }
    if (text.left == 0)
        return;
    text.at += strlen(name);
    text.left -= strlen(name);
    while (n < text.left && n + 1 < size && text.at[n] > ' ' && text.at[n] <= '~')
        n++;
    memcpy(out, text.at, n);
    out[n] = '\0';
}

static uint8_t state_of(const char *word)
{
    for (size_t i = 0; i < ARRAY_LEN(states); i++) {
        if (strncasecmp(word, states[i].text, strlen(states[i].text)) == 0)
            return (uint8_t)states[i].state;
    }
    return 0;
}

void smpp_read_receipt(const struct smpp_pdu *pdu, struct smpp_receipt *out)
{
    char word[16] = "";
    struct rd text = smpp_content(pdu);

    *out = (struct smpp_receipt){0};
    if (pdu->has & SMPP_TLV_RECEIPTED_MESSAGE_ID)
        memcpy(out->message_id, pdu->receipted_message_id, sizeof out->message_id);
    else
        find_value(text, "id:", out->message_id, sizeof out->message_id);
    if (pdu->has & SMPP_TLV_MESSAGE_STATE) {
        out->state = pdu->message_state;
        return;
    }
    find_value(text, "stat:", word, sizeof word);
    out->state = state_of(word);
}
