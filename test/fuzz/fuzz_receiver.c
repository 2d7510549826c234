/*
 * fuzz_receiver.c - user data of short messages, one after the other: sender(1), length(1), TP-UD.
 * The time goes on with each, so that half messages grow old.
 *
 * Whatever comes, the parts kept stay within their bound, and a reset frees them all.
 */
#include "test/fuzz/require.h"
#include "test/support/uicc/air.h"
#include "uicc/core/card.h"
#include "uicc/remote/counter.h"
#include "uicc/remote/receiver.h"

static struct air *o;

static size_t parts_held(void)
{
    const struct receiver *r = o->card->receiver;
    size_t bytes = 0;

    for (unsigned i = 0; i < RECEIVER_MESSAGES; i++) {
        for (unsigned k = 0; r->messages[i] != NULL && k < r->messages[i]->total; k++)
            bytes += r->messages[i]->parts[k].len;
    }
    return bytes;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const senders[] = {"+491710000001", "1234", "+1", "55555"};
    struct rd r = RD(data, size), ud;
    uint8_t sender, len;

    if (o == NULL)
        o = air_new(NULL, SECPKT_AES);
    air_reset(o);
    air_terminal(o);
    while (rd_u8(&r, &sender) == ERR_OK && rd_u8(&r, &len) == ERR_OK) {
        size_t n = len > SMS_UD_MAX ? SMS_UD_MAX : len;

        if (rd_take(&r, n < r.left ? n : r.left, &ud) != ERR_OK)
            break;
        o->now_ms += (uint64_t)sender * 1000;
        (void)air_message(o, ud, senders[sender % 4]);
        require(o->card->receiver->bytes == parts_held());
        require(o->card->receiver->bytes <= RECEIVER_BYTES_MAX);
    }
    require(counter_read(&o->card->store, 1) == 0);
    air_reset(o);
    require(parts_held() == 0);
    return 0;
}
