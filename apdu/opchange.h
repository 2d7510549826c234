/*
 * opchange.h - the operator-change application of Reseat (3GPP TR 33.812,
 * alternative 3b): the command that operator A's server sends to TAR BFFF00 in a
 * secured packet, and what the card proves in the response packet.
 *
 * Command, all numbers big-endian:
 *
 *   01                        version
 *   op(1)                     1 CHANGE, 2 QUERY, 3 FALL BACK, 4 RENEW
 *   expected(1)               slot index that must be active (QUERY: 0)
 *   then BER-TLVs in any order, each at most once:
 *     80 L  slot index to move to                                  CHANGE
 *     81 L  EF.IMSI, 9 bytes                                       CHANGE
 *     82 L  MNC length, 2 or 3                                     CHANGE
 *     83 L  trial: polls(2) seconds(4); 0 = no limit               CHANGE, optional
 *     84 L  EF.SPN content (flags byte, GSM-7 text)                CHANGE, optional
 *     85 L  service centre address, RP form                        CHANGE, optional
 *     86 L  EF.MSISDN dialling number: TON/NPI, BCD                CHANGE, optional
 *     A7 L  files: { n(1) path(n) length(2) content }*             CHANGE, optional
 *     88 L  new K, enciphered under the KIK (DEK) of the set,      RENEW
 *           CBC with zero IV
 *     89 L  new OPc, likewise                                      RENEW, optional
 *     8A L  key check value of K as an AES key, 3 bytes            RENEW
 *   Unknown tags, tags of another op and empty values are refused.
 *
 * Proof (data of the response packet):
 *
 *   01                        version
 *   result(1)                 enum opchange_result
 *   active(1) state(1)        slot in force now, enum opchange_state of the last change
 *   fallback(1)               slot kept to fall back to, 0 none
 *   slots(1) spare(1)         how many the card has, how many are unused
 *   counter(5)                CNTR of the CHANGE that this tells of, 0 none
 *   EF.IMSI(9)                in force now
 */
#ifndef RESEAT_APDU_OPCHANGE_H
#define RESEAT_APDU_OPCHANGE_H

#include "apdu/bcd.h"
#include "apdu/buf.h"

#define OPCHANGE_VERSION     1
#define OPCHANGE_SLOTS_MAX   15 /* slot index = key set version, TS 102 225 5.1.2 */
#define OPCHANGE_PROOF_LEN   21
#define OPCHANGE_WRAPPED_MAX 32

extern const uint8_t OPCHANGE_TAR[3]; /* BFFF00, proprietary range of TS 101 220 annex D */

enum opchange_op {
    OPCHANGE_CHANGE = 1,
    OPCHANGE_QUERY = 2,
    OPCHANGE_FALL_BACK = 3, /* return to the fall-back slot at once */
    OPCHANGE_RENEW = 4,     /* replace K (and OPc) of the active slot */
};

enum opchange_result {
    OPCHANGE_DONE = 0,
    OPCHANGE_MALFORMED = 1,
    OPCHANGE_WRONG_SLOT = 2,    /* expected is not the active slot */
    OPCHANGE_WRONG_INDEX = 3,   /* the slot to move to is not the next spare one */
    OPCHANGE_EXHAUSTED = 4,     /* no spare slot is left */
    OPCHANGE_IN_TRIAL = 5,      /* the last change has not ended yet */
    OPCHANGE_NOT_PERMITTED = 6, /* this key set may only ask */
    OPCHANGE_MEMORY = 7,
    OPCHANGE_BAD_KEY = 8, /* key check value does not match */
};

/* How the last change ended, as the card knows. */
enum opchange_state {
    OPCHANGE_NEVER = 0,     /* none yet */
    OPCHANGE_TRIAL = 1,     /* committed, not yet authenticated with the new K */
    OPCHANGE_ACTIVE = 2,    /* the new K authenticated; the old pair is wiped */
    OPCHANGE_FELL_BACK = 3, /* the card returned to the old pair */
};

struct opchange_command {
    enum opchange_op op;
    uint8_t expected;
    uint8_t to;
    uint8_t imsi[EF_IMSI_LEN];
    uint8_t mnc_len;
    uint16_t trial_polls;
    uint32_t trial_seconds;
    struct rd spn, sca, msisdn; /* borrowed; empty = absent */
    struct rd files;            /* borrowed; walk with opchange_next_file */
    struct rd new_k, new_opc;   /* enciphered */
    uint8_t new_k_kcv[3];
};

/* errors: ERR_SHORT, ERR_FORMAT (version, op, tag, length, doubled, missing), ERR_RANGE. */
NODISCARD enum err opchange_read(struct rd data, struct opchange_command *out);
void opchange_write(struct wr *w, const struct opchange_command *command);

/* path: one to five FIDs from below the MF, 7FFF = the USIM. ERR_NOT_FOUND at the end. */
struct opchange_file {
    struct rd path;
    struct rd content;
};
NODISCARD enum err opchange_next_file(struct rd *files, struct opchange_file *out);
void opchange_write_file(struct wr *w, const struct opchange_file *file);

struct opchange_proof {
    enum opchange_result result;
    uint8_t active;
    enum opchange_state state;
    uint8_t fallback;
    uint8_t slots, spare;
    uint64_t counter;
    uint8_t imsi[EF_IMSI_LEN];
};
/* errors: ERR_SHORT, ERR_FORMAT (version, longer, a result or state that is none) */
NODISCARD enum err opchange_read_proof(struct rd data, struct opchange_proof *out);
void opchange_write_proof(struct wr *w, const struct opchange_proof *proof);

/* Texts for people, never NULL, static. */
const char *opchange_result_text(enum opchange_result r);
const char *opchange_state_text(enum opchange_state s);

#endif
