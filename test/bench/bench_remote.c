/*
 * bench_remote.c - secured packets per second through a whole card in one process: ENVELOPE with
 * an AES-ciphered packet (CC, counter) that updates a file, then GET RESPONSE with the
 * ciphered proof. The card's memory is volatile here; bench_store has the price of a durable
 * commit. Beside it stands the codec alone: opening each packet, sealing each proof.
 */
#include "test/support/uicc/air.h"
#include "uicc/core/card.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BATCH    2000
#define ROUNDS   7
#define LIMIT    100000.0 /* packets per second, one core */
#define ENVELOPE 200

struct bench {
    struct air *air;
    struct nvm_device memory;
    uint64_t counter;
    uint8_t envelopes[BATCH][ENVELOPE];
    uint8_t lengths[BATCH];
    uint8_t packets[BATCH][ENVELOPE];
    size_t packet_len;
};

static void require(bool ok, const char *what)
{
    if (ok)
        return;
    (void)fprintf(stderr, "bench_remote: %s\n", what);
    exit(EXIT_FAILURE);
}

static enum err read_memory(void *context, uint64_t offset, void *out, size_t n)
{
    memcpy(out, (const uint8_t *)context + offset, n);
    return ERR_OK;
}

static enum err write_memory(void *context, uint64_t offset, const void *in, size_t n)
{
    memcpy((uint8_t *)context + offset, in, n);
    return ERR_OK;
}

static enum err sync_memory(void *context)
{
    (void)context;
    return ERR_OK;
}

/* The same card on a device that costs nothing. */
static void make_volatile(struct bench *b)
{
    struct air *o = b->air;

    b->memory = (struct nvm_device){o->sim.media, o->sim.device.size, read_memory, write_memory,
                                    sync_memory};
    o->host.nvm = &b->memory;
    uicc_destroy(&o->card);
    require(uicc_create(o->engine, &o->host, &o->card) == ERR_OK, "the card does not come up");
    air_reset(o);
    air_terminal(o);
}

/* The server's work is done before the clock runs. */
static void seal_batch(struct bench *b)
{
    static const uint8_t script[] = {0x00, 0xA4, 0x00, 0x0C, 0x02, 0x6F, 0x7B, 0x00,
                                     0xD6, 0x00, 0x00, 0x03, 0x62, 0xF2, 0x10};

    for (unsigned i = 0; i < BATCH; i++) {
        struct air_packet p = air_packet(b->air, 1, AIR_RFM_USIM, ++b->counter, RD_ARRAY(script));
        uint8_t packet[SECPKT_MAX];

        b->packet_len = air_seal(b->air, &p, packet);
        require(b->packet_len <= ENVELOPE, "the packet is too long");
        memcpy(b->packets[i], packet, b->packet_len);
        b->lengths[i] = (uint8_t)air_envelope(RD(packet, b->packet_len), b->envelopes[i], ENVELOPE);
    }
}

static double seconds(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double run_card(struct bench *b)
{
    uint8_t response[APDU_RESPONSE_MAX], get[] = {0x00, 0xC0, 0x00, 0x00, 0x00};
    double start = seconds();

    for (unsigned i = 0; i < BATCH; i++) {
        struct wr w = WR_ARRAY(response);

        uicc_transmit(b->air->card, RD(b->envelopes[i], b->lengths[i]), &w);
        require(w.len == 2 && response[0] == 0x61, "no proof waits");
        get[4] = response[1];
        w = WR_ARRAY(response);
        uicc_transmit(b->air->card, RD_ARRAY(get), &w);
        require(response[w.len - 2] == 0x90, "no proof");
    }
    return seconds() - start;
}

/* What the packet codec alone takes of that. */
static double run_codec(struct bench *b)
{
    struct secpkt_keys keys = air_keys(b->air, 1);
    static const uint8_t answer[] = {0x02, 0x90, 0x00};
    uint8_t work[ENVELOPE], sealed[ENVELOPE];
    double start = seconds();

    for (unsigned i = 0; i < BATCH; i++) {
        struct wr w = WR_ARRAY(work), s = WR_ARRAY(sealed);
        struct secpkt_response r = {.data = RD_ARRAY(answer)};
        struct secpkt_command c;

        require(secpkt_open_command(b->air->crypto, RD(b->packets[i], b->packet_len), &keys, &w,
                                    &c) == ERR_OK &&
                    secpkt_seal_response(b->air->crypto, &r, &c.header, &keys, &s) == ERR_OK,
                "the codec fails");
    }
    return seconds() - start;
}

int main(void)
{
    struct bench *b = calloc(1, sizeof *b);
    double card = 1e9, codec = 1e9;

    require(b != NULL, "out of memory");
    b->air = air_new(NULL, SECPKT_AES);
    make_volatile(b);
    for (unsigned i = 0; i < ROUNDS; i++) {
        double t;

        seal_batch(b);
        t = run_card(b);
        card = t < card ? t : card;
        t = run_codec(b);
        codec = t < codec ? t : codec;
    }
    (void)printf("remote: %.0f packets/s (limit %.0f), codec alone %.0f, card on top %.2f\n",
                 BATCH / card, LIMIT, BATCH / codec, card / codec);
    air_free(&b->air);
    free(b);
    return BATCH / card >= LIMIT ? EXIT_SUCCESS : EXIT_FAILURE;
}
