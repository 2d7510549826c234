/*
 * packet.h - one secured packet, whole: check it, run it, prove it (TS 102 225,
 * TS 31.115 4).
 *
 * Order: lengths; key by index and algorithm; decrypt; CC; TAR and security level;
 * counter; one transaction {counter, effects, proof}; answer. Up to the CC every failure
 * looks the same from outside: RSC 01, neither CC nor ciphertext, nothing changed. Only
 * who holds the keys learns that a TAR is unknown or a level too low.
 */
#ifndef RESEAT_UICC_REMOTE_PACKET_H
#define RESEAT_UICC_REMOTE_PACKET_H

#include "apdu/sms.h"
#include "uicc/core/card.h"

/* Where a packet came from, and so where its proof goes. */
struct packet_origin {
    const struct sms_address *from; /* TP-OA */
    const struct sms_address *sca;  /* service centre, or NULL */
    bool written;                   /* by UPDATE RECORD: only applets take it */
};

/*
 * packet: CPL .. last byte; not inside engine->work above PACKET_PLAIN.
 * The answer (02 71 00 and a response packet, or nothing) goes to x->out. Commits.
 */
sw_t packet_process(struct card *card, struct exec *x, struct rd packet,
                    const struct packet_origin *origin);

/* A counter that jumps further is worth a line in the log: a server may skip a gap, rarely. */
#define PACKET_JUMP_NOTED (1ULL << 20)

/* engine->work: a reassembled packet, later its proof, below; the plaintext above. */
#define PACKET_PLAIN SECPKT_MAX
_Static_assert(PACKET_PLAIN + SECPKT_MAX <= CARD_WORK_MAX, "both halves hold a packet");

#endif
