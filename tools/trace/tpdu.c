#include "tools/trace/tpdu.h"
#include "apdu/ids.h"

#include <string.h>

/* Does the instruction bring data, so that P3 is Lc (TS 102 221 10.1.2)? */
static bool brings_data(uint8_t cla, uint8_t ins)
{
    static const uint8_t asks_only[] = {
        INS_FETCH,  INS_READ_BINARY,   INS_READ_RECORD,    INS_GET_RESPONSE,
        INS_STATUS, INS_GET_CHALLENGE, INS_MANAGE_CHANNEL,
    };
    bool gp = (cla & 0x80) != 0 && cla != 0xA0;

    if (ins == INS_STATUS && gp && (cla & 0x04) != 0)
        return true;
    if (ins == INS_GET_DATA)
        return !gp;
    return memchr(asks_only, ins, sizeof asks_only) == NULL;
}

/* Where the answer begins. Extended length is meant where Lc would not have fitted into P3. */
static size_t command_len(struct rd payload)
{
    size_t body = payload.left - 7, p3 = payload.at[4], extended;

    if (!brings_data(payload.at[0], payload.at[1]) || body < p3)
        return 5;
    if (p3 != 0 || body < 2)
        return 5 + p3;
    extended = (size_t)(payload.at[5] << 8 | payload.at[6]);
    return extended > 0xFF && body - 2 >= extended ? 7 + extended : 5;
}

enum err trace_tpdu(struct rd whole, struct trace_event *out)
{
    size_t command;

    if (whole.left < 7)
        return ERR_SHORT;
    command = command_len(whole);

    if (command > TRACE_BYTES_MAX || whole.left - command > TRACE_BYTES_MAX)
        return ERR_RANGE;
    out->kind = TRACE_EXCHANGE;
    trace_bytes_set(&out->command, RD(whole.at, command));
    trace_bytes_set(&out->answer, RD(whole.at + command, whole.left - command));
    return ERR_OK;
}

/* Append to what is pending; the marks of literal bytes are zero. */
static enum err append(struct trace_bytes *b, struct rd bytes)
{
    if (bytes.left > TRACE_BYTES_MAX - b->len)
        return ERR_RANGE;
    if (bytes.left > 0)
        memcpy(b->at + b->len, bytes.at, bytes.left);
    memset(b->mark + b->len, TRACE_LITERAL, bytes.left);
    b->len += bytes.left;
    return ERR_OK;
}

enum err trace_tpdu_piece(struct trace_event *pending, enum trace_piece piece, struct rd bytes,
                          struct trace_event *out)
{
    enum err e;

    if (piece == TPDU_HEADER) {
        trace_bytes_set(&pending->command, bytes.left >= 5 ? bytes : RD(NULL, 0));
        trace_bytes_set(&pending->answer, RD(NULL, 0));
        return ERR_NOT_FOUND;
    }
    if (pending->command.len == 0)
        return ERR_NOT_FOUND;
    e = append(piece == TPDU_COMMAND ? &pending->command : &pending->answer, bytes);
    if (e != ERR_OK || piece != TPDU_STATUS || pending->answer.len < 2)
        return e == ERR_OK ? ERR_NOT_FOUND : e;
    out->kind = TRACE_EXCHANGE;
    out->command = pending->command;
    out->answer = pending->answer;
    pending->command.len = 0;
    return ERR_OK;
}
