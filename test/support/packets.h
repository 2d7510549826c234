/*
 * packets.h - the secured packets that other implementations made (test/vectors/ota-102225.csv),
 * decoded, and this codec in their direction.
 */
#ifndef RESEAT_TEST_PACKETS_H
#define RESEAT_TEST_PACKETS_H

#include "apdu/secpkt.h"
#include "test/support/vectors.h"

/* One row of the file. */
struct packets_row {
    const char *id;
    bool is_command;
    struct secpkt_keys keys;
    struct secpkt_header header;
    uint64_t counter;
    uint8_t rsc;
    uint8_t data_bytes[64], packet_bytes[128];
    struct rd data, packet; /* packet from CPL or RPL on */
    bool has_check, ciphered;
    const char *plain; /* from CNTR on, hex */
};

struct packets {
    struct crypto *crypto;
    struct vectors *file;
    struct packets_row row; /* of the last packets_load() */
};

void packets_open(struct packets *p);
void packets_close(struct packets *p);
size_t packets_count(const struct packets *p);

/* A row that the test may change; it lives until the next is loaded. */
struct packets_row *packets_load(struct packets *p, size_t index);
/* A key of the algorithm that KIc or KID names. */
struct secpkt_key packets_key(const char *hex, uint8_t kic_or_kid);

NODISCARD enum err packets_seal(struct packets *p, const struct packets_row *row, struct wr *w);
/* Open bytes as a packet of row's direction; the result is only the verdict. */
NODISCARD enum err packets_judge(struct packets *p, const struct packets_row *row, struct rd bytes);

#endif
