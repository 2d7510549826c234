/*
 * packets.c CARD COUNT - write a card file, and print a terminal's side of COUNT secured packets
 * for it: ENVELOPE with an AES-ciphered packet (CC, counter) that updates a file, GET RESPONSE
 * with the ciphered proof. One APDU in hex a line.
 */
#include "test/support/uicc/air.h"

#include <stdio.h>
#include <stdlib.h>

#define ENVELOPE 200

static size_t seal(struct air *o, uint64_t counter, uint8_t envelope[ENVELOPE])
{
    static const uint8_t script[] = {0x00, 0xA4, 0x00, 0x0C, 0x02, 0x6F, 0x7B, 0x00,
                                     0xD6, 0x00, 0x00, 0x03, 0x62, 0xF2, 0x10};
    struct air_packet p = air_packet(o, 1, AIR_RFM_USIM, counter, RD_ARRAY(script));
    uint8_t packet[SECPKT_MAX];
    size_t len = air_seal(o, &p, packet);

    return air_envelope(RD(packet, len), envelope, ENVELOPE);
}

static bool save(const struct air *o, const char *path)
{
    FILE *f = fopen(path, "wxe");
    bool ok = f != NULL && fwrite(o->sim.media, o->sim.device.size, 1, f) == 1;

    return f != NULL && fclose(f) == 0 && ok;
}

int main(int argc, char **argv)
{
    unsigned long count = argc == 3 ? strtoul(argv[2], NULL, 10) : 0;
    struct air *o = air_new(NULL, SECPKT_AES);
    uint8_t envelope[ENVELOPE];
    size_t len = seal(o, 1, envelope);
    uint16_t proof = air_raw(o, RD(envelope, len)); /* 61XX */
    bool ok = count > 0 && proof >> 8 == 0x61 && save(o, argv[1]);

    for (unsigned long i = 0; ok && i < count; i++) {
        len = seal(o, i + 2, envelope);
        for (size_t at = 0; at < len; at++)
            printf("%02X", envelope[at]);
        printf("\n00C00000%02X\n", proof & 0xFF);
    }
    air_free(&o);
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
