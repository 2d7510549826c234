/*
 * por.h - proof of receipt (TS 102 225 5.2, TS 31.115 4.4): in the answer to ENVELOPE, or
 * by SEND SHORT MESSAGE out of an outbox that survives a power cut.
 *
 * Outbox (OBJ_OUTBOX): entries one after the other, oldest first:
 *   reference(1) from(address) sca(address; ton_npi 0: none) len(2) response packet
 *   address: ton_npi(1) digits(1 + n) semi_octets(1) raw(1 + n)
 */
#ifndef RESEAT_UICC_REMOTE_POR_H
#define RESEAT_UICC_REMOTE_POR_H

#include "uicc/remote/packet.h"
#include "uicc/remote/sd.h"

#define POR_OUTBOX_MAX      4   /* proofs kept; the oldest makes room */
#define POR_OUTBOX_REFUSALS 2   /* kept before a refusal is not: anybody can replay what he heard */
#define POR_REPORT_MAX      128 /* bytes of an answer to ENVELOPE, TS 31.111 7.1.1.2 */
#define POR_SUBMIT_MAX      2048
#define POR_ATTEMPTS        3 /* to send one proof, per session */

/* What a proof says. */
struct por {
    const struct secpkt_header *header; /* of the command; SPI2 says how to prove */
    const struct secpkt_keys *keys;
    const struct packet_origin *origin;
    uint64_t counter;
    uint8_t rsc;
    struct rd data;
};

/* How many bytes of data the proof of this command can carry. */
size_t por_room(const struct secpkt_header *header);

/*
 * Prove as SPI2 asks, if it asks: into report (the answer to ENVELOPE), or staged in the
 * outbox. Uses engine->work below PACKET_PLAIN.
 * errors: of the crypto library and the store
 */
NODISCARD enum err por_prove(struct card *card, const struct por *por, struct wr *report);

/* To a sender who has proved nothing: his TAR and the code, in the answer to ENVELOPE alone, so
 * that nobody makes the card send messages. */
void por_refuse(const struct secpkt_header *header, uint8_t rsc, struct wr *report);

/* After the commit: send what waits, then REFRESH in this mode (or REFRESH_NONE). */
void por_follow(struct card *card, uint8_t refresh_mode);

/* The terminal polls: try again what failed. */
void por_poll(struct card *card);

#endif
