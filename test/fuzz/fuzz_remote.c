/*
 * fuzz_remote.c - what stands inside a packet of somebody who holds the keys: TAR by the first
 * byte, SPI2 by the second, then the secured data. The card is as delivered each time.
 *
 * Whatever it says, the card answers, keeps an identity and comes up again after a power cut.
 */
#include "test/fuzz/require.h"
#include "test/support/uicc/air.h"
#include "uicc/core/card.h"
#include "uicc/slot/slot.h"

#include <stdlib.h>
#include <string.h>

static struct air *o;
static uint8_t *delivered;

static void deliver_anew(void)
{
    if (o == NULL) {
        o = air_new(NULL, SECPKT_AES);
        delivered = malloc(o->sim.device.size);
        require(delivered != NULL);
        memcpy(delivered, o->sim.media, o->sim.device.size);
    }
    memcpy(o->sim.media, delivered, o->sim.device.size);
    air_power_cut(o, NVM_SIM_DROP);
    o->sent_count = 0;
    air_terminal(o);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const tars[] = {AIR_RFM_UICC, AIR_RFM_USIM, AIR_RFM_SIM, AIR_RAM,
                                       AIR_OPCHANGE};
    static const uint8_t spi2[] = {0x19, 0x39, 0x01, 0x02, 0x21, 0x00};
    struct air_packet p;

    if (size < 2 || size > 2000)
        return 0;
    deliver_anew();
    p = air_packet(o, 1, tars[data[0] % ARRAY_LEN(tars)], 1, RD(data + 2, size - 2));
    p.command.header.spi[1] = spi2[data[1] % ARRAY_LEN(spi2)];
    (void)air_run(o, &p);
    require(o->sw >> 8 == 0x90 || o->sw >> 8 == 0x91 || o->sw == 0x6581);
    air_session(o);
    air_power_cut(o, NVM_SIM_TEAR);
    require(slot_check(&o->card->store) && slot_in_force(&o->card->store) != 0);
    return 0;
}
