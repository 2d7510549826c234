/*
 * atr.h - answer to reset (ISO/IEC 7816-3 8, TS 102 221 6.3).
 *
 * What a UICC of ours says, with K = 8 + n historical bytes:
 *
 *   3B              TS, direct convention
 *   9x              T0: TA1 and TD1 follow, x historical bytes
 *   96              TA1: F = 512, D = 32
 *   80 1F 87        TD1 (T=0), TD2 (T=15: global bytes), TA3: clock stop and voltage classes
 *   80              category: compact-TLV objects follow
 *   31 E0           card service data: selection by full and partial DF name, EF.DIR as object
 *   73 FE 21 s3     card capabilities: all ways to select; s3 announces logical channels
 *   6n ..           pre-issuing data
 *   TCK             makes the exclusive-or from T0 on zero
 */
#ifndef RESEAT_APDU_ATR_H
#define RESEAT_APDU_ATR_H

#include "apdu/buf.h"

#define ATR_LEN_MAX         33 /* TS and 32 characters */
#define ATR_PRE_ISSUING_MAX 7  /* what K leaves behind the fixed objects */

/* TA1: F and D, ISO/IEC 7816-3 8.3. TA3: clock stop in b8b7, voltage classes A B C in b1 b2 b3. */
#define ATR_TA1_DEFAULT 0x96
#define ATR_TA3_DEFAULT 0x87 /* stop in state H; 5 V, 3 V, 1.8 V */

/* Compact-TLV tags of historical bytes, ISO/IEC 7816-4 12.1.1. */
enum atr_tag {
    ATR_SERVICE_DATA = 0x3,
    ATR_PRE_ISSUING = 0x6,
    ATR_CAPABILITIES = 0x7,
};

struct atr_options {
    uint8_t ta1, ta3;
    uint8_t channels;      /* logical channels of the card, the basic one counted */
    bool terminal_numbers; /* MANAGE CHANNEL also opens the number that the terminal asks for */
    struct rd pre_issuing; /* at most ATR_PRE_ISSUING_MAX bytes */
};

/* errors: ERR_RANGE (too much pre-issuing data), ERR_SPACE. */
NODISCARD enum err atr_build(const struct atr_options *options, struct wr *w);

struct atr {
    bool inverse;       /* TS 3F */
    uint8_t ta1;        /* 11 (F = 372, D = 1) when absent */
    uint8_t ta_global;  /* first TA behind T=15, 0 when absent */
    uint16_t protocols; /* bit n: T=n offered; T=0 when none is named */
    struct rd historical;
};

/*
 * errors: ERR_SHORT   ends before what T0 and the TDs announce
 *         ERR_FORMAT  other TS, wrong TCK, or bytes behind
 */
NODISCARD enum err atr_parse(struct rd bytes, struct atr *out);

/*
 * Compact-TLV object of the historical bytes.
 * errors: ERR_UNSUPPORTED  another category than 80
 *         ERR_NOT_FOUND, ERR_SHORT
 */
NODISCARD enum err atr_historical(const struct atr *atr, enum atr_tag tag, struct rd *value);

/* Logical channels that the card capabilities announce: 1 to 8 (8 means 8 or more). */
unsigned atr_channels(const struct atr *atr);

#endif
