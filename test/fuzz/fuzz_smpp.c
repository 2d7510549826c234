/*
 * fuzz_smpp.c - a byte stream from an SMS centre: framing, PDUs, receipts, and what a message
 * carries, through to the joining of parts.
 *
 * What was read can be written, and reads back the same: nothing is understood half.
 */
#include "ota/campaign/inbox.h"
#include "ota/smpp/receipt.h"
#include "test/fuzz/require.h"

#include <string.h>

static void write_back(const struct smpp_pdu *pdu)
{
    static uint8_t bytes[2][SMPP_PDU_MAX + 1024];
    struct wr first = WR_ARRAY(bytes[0]), second = WR_ARRAY(bytes[1]);
    struct smpp_pdu again;

    smpp_write(&first, pdu);
    /* A short_message of 255 octets is read, though SMPP 3.4 has none. */
    if (wr_result(&first) != ERR_OK) {
        require(pdu->short_message.left > SMPP_SHORT_MAX);
        return;
    }
    require(smpp_read(RD_WR(&first), &again) == ERR_OK);
    smpp_write(&second, &again);
    require(wr_result(&second) == ERR_OK);
    require(rd_equal(RD_WR(&first), RD_WR(&second)));
}

static void deliver(struct inbox **made, const struct smpp_pdu *pdu)
{
    struct smpp_receipt receipt;
    struct inbox *inbox;

    smpp_read_receipt(pdu, &receipt);
    require(strlen(receipt.message_id) <= SMPP_MESSAGE_ID_MAX);
    if (smpp_content(pdu).left == 0)
        return;
    if (*made == NULL)
        *made = inbox_new(); /* megabytes: not for every input */
    inbox = *made;
    require(inbox != NULL);
    if (inbox_hear(inbox, pdu->source.digits, smpp_content(pdu), pdu->sequence, 1) ==
        CAMPAIGN_TAKEN)
        require(inbox_at(inbox, inbox_count(inbox) - 1)->len <= SECPKT_MAX);
    if (inbox_count(inbox) == INBOX_MAX)
        inbox_clear(inbox);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct inbox *inbox = NULL;
    struct rd stream = RD(data, size), bytes;
    struct smpp_pdu pdu;
    size_t length;

    while (smpp_length(stream, &length) == ERR_OK && rd_take(&stream, length, &bytes) == ERR_OK) {
        if (smpp_read(bytes, &pdu) != ERR_OK)
            continue;
        require_within(pdu.short_message, bytes);
        require_within(pdu.message_payload, bytes);
        write_back(&pdu);
        deliver(&inbox, &pdu);
    }
    inbox_free(&inbox);
    return 0;
}
