/*
 * packet.h - what `ota packet seal` and `ota packet open` share.
 */
#ifndef RESEAT_TOOLS_OTA_PACKET_H
#define RESEAT_TOOLS_OTA_PACKET_H

#include "apdu/secpkt.h"

#include <stdbool.h>

/* The algorithm that the low nibble of KIc or KID names (TS 102 225 5.1.2). False, and out
 * untouched, when it names none. */
bool packet_algorithm(uint8_t byte, enum secpkt_algorithm *out);

/* Has a key of that many bytes anything to do with the algorithm? */
bool packet_key_fits(enum secpkt_algorithm a, size_t key_len);

/* Why a packet with this header cannot be sealed or opened with these keys, in words that say which
 * of the arguments is wrong. Never a key. e: of secpkt_seal_command(), secpkt_open_command() */
#define PACKET_WHY_MAX 128
void packet_explain(enum err e, const struct secpkt_header *header, const struct secpkt_keys *keys,
                    char *text, size_t cap);

/*
 * Open a command packet from CPL on: the header says all that is needed, the lengths of the
 * keys must fit. errors: secpkt_open_command()
 */
NODISCARD enum err packet_open_command(struct crypto *c, struct rd packet, struct secpkt_keys *keys,
                                       struct wr *work, struct secpkt_command *out);

/*
 * Open a response packet from RPL on. header: of the command it answers; where given is false,
 * every way of protecting a response that the keys allow is tried, and header is set to the one
 * that opens it.
 * errors: ERR_MAC  no way opens it; others as secpkt_open_response()
 */
NODISCARD enum err packet_open_response(struct crypto *c, struct rd packet, bool given,
                                        struct secpkt_header *header, struct secpkt_keys *keys,
                                        struct wr *work, struct secpkt_response *out);

/* Is it from CPL (command) or from RPL (response) on? ERR_FORMAT: neither. */
NODISCARD enum err packet_is_command(struct rd packet, bool *command);

/* Strip the user data headers of the parts of one message and join what is behind; a single part
 * without a header stays. errors: ERR_FORMAT (parts missing, or of several messages), ERR_SPACE */
NODISCARD enum err packet_join(const struct rd *parts, size_t count, struct wr *packet);

#endif
