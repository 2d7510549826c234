/*
 * tpdu.h - an exchange as sniffers see it: CLA INS P1 P2 P3, command data, answer data and status
 * word in one row of bytes. Private to tools/trace/.
 */
#ifndef RESEAT_TOOLS_TRACE_TPDU_H
#define RESEAT_TOOLS_TRACE_TPDU_H

#include "tools/trace/trace.h"

/*
 * Where command data ends and answer data begins follows from the instruction and P3 (TS 102 221
 * 10.1.2). Sets kind, command and answer.
 * errors: ERR_SHORT (no header and status word), ERR_RANGE (longer than TRACE_BYTES_MAX)
 */
NODISCARD enum err trace_tpdu(struct rd whole, struct trace_event *out);

/*
 * What a sniffer sends of it piece by piece (GSMTAP sub types 4 to 7).
 */
enum trace_piece { TPDU_HEADER, TPDU_COMMAND, TPDU_RESPONSE, TPDU_STATUS };

/* errors: ERR_NOT_FOUND  not complete, or nothing to add this to
 *         ERR_RANGE      longer than TRACE_BYTES_MAX */
NODISCARD enum err trace_tpdu_piece(struct trace_event *pending, enum trace_piece piece,
                                    struct rd bytes, struct trace_event *out);

#endif
