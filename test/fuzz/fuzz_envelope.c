/*
 * fuzz_envelope.c - a whole card under ENVELOPE data that nobody signed. The input is a row of
 * commands: length(1), that many bytes; after each the terminal does what the card asks.
 *
 * Without a key nothing may change but EF.SMS: neither a counter nor the identity.
 */
#include "test/fuzz/require.h"
#include "test/support/uicc/air.h"
#include "uicc/applet/native.h"
#include "uicc/core/card.h"
#include "uicc/remote/counter.h"

#include <string.h>

static struct air *o;

static void one(struct rd envelope)
{
    uint8_t apdu[5 + 255] = {0x80, 0xC2, 0, 0, (uint8_t)envelope.left};
    struct wr w = {apdu, 5, sizeof apdu, false};

    wr_rd(&w, envelope);
    o->sent_count = 0;
    (void)air_send(o, RD_WR(&w));
    require(o->sw >= 0x6000);
    air_session(o);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rd r = RD(data, size), envelope;
    struct opchange_proof before, after;
    uint8_t len;

    if (o == NULL)
        o = air_new(NULL, SECPKT_AES);
    air_reset(o);
    air_terminal(o);
    native_opchange_status(o->card, &before);
    while (rd_u8(&r, &len) == ERR_OK) {
        if (rd_take(&r, len < r.left ? len : r.left, &envelope) == ERR_OK)
            one(envelope);
    }
    require(counter_read(&o->card->store, 1) == 0);
    native_opchange_status(o->card, &after);
    require(memcmp(before.imsi, after.imsi, sizeof before.imsi) == 0);
    require(before.active == after.active && before.state == after.state);
    return 0;
}
