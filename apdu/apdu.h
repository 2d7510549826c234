/*
 * apdu.h - command APDUs as the T=0 transport brings them (TS 102 221 7.3, 10.1).
 *
 * A command is CLA INS P1 P2 [P3 [data]]. Case 4 arrives without Le (the answer
 * waits for GET RESPONSE); a case 4 with Le behind the data is accepted too.
 */
#ifndef RESEAT_APDU_APDU_H
#define RESEAT_APDU_APDU_H

#include "apdu/buf.h"
#include "apdu/sw.h"

#define APDU_COMMAND_MAX  (5 + 255 + 1)
#define APDU_RESPONSE_MAX (256 + 2)
#define APDU_CHANNELS     20 /* TS 102 221 10.1.1: logical channels 0 to 19 */

struct apdu {
    uint8_t cla, ins, p1, p2;
    uint8_t p3;     /* Lc or Le as sent; 0 when absent */
    struct rd data; /* borrowed; empty in cases 1 and 2 */
    bool has_le;    /* an Le byte stood behind the data (case 4S) */
    uint8_t le;
};

/*
 * errors: ERR_SHORT   fewer than 4 bytes
 *         ERR_FORMAT  P3 does not fit the number of bytes that follow
 */
NODISCARD enum err apdu_parse(struct rd bytes, struct apdu *out);

/* How a class byte is to be understood (TS 102 221 10.1.1). */
struct apdu_class {
    uint8_t channel;       /* 0-19 */
    bool etsi;             /* 8X, CX, EX rather than 0X, 4X, 6X */
    bool secure_messaging; /* any form */
    bool sim;              /* A0: SIM mode of TS 51.011 */
};

/* ERR_UNSUPPORTED for a class byte that no table row could match (6E00). */
NODISCARD enum err apdu_class(uint8_t cla, struct apdu_class *out);

/* The class byte of an inter-industry (etsi: of an 8X) command on channel 0-19. */
uint8_t apdu_class_byte(uint8_t channel, bool etsi);

#endif
