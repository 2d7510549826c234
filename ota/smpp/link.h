/*
 * link.h - the inside of a session: session.c opens and closes it and minds the time, link.c
 * writes and reads its PDUs.
 */
#ifndef RESEAT_OTA_SMPP_LINK_H
#define RESEAT_OTA_SMPP_LINK_H

#include "ota/smpp/session.h"

#define SMPP_IN_MAX   (2 * SMPP_PDU_MAX)
#define SMPP_OUT_MAX  (1024 * 1024)
#define SMPP_OUT_HIGH (SMPP_OUT_MAX / 2) /* no new submit_sm above it */

/* Bit of a token (sequence numbers have 31): it was a data_sm, and its answer must be one. */
#define SMPP_TOKEN_DATA_SM 0x80000000U

enum smpp_session_state {
    SMPP_DOWN,
    SMPP_CONNECTING,
    SMPP_BINDING,
    SMPP_BOUND,
    SMPP_LEAVING,
    SMPP_GONE
};

/* A submit_sm without an answer. sequence 0: the place is free. */
struct smpp_pending {
    uint32_t sequence;
    uint64_t tag, sent_ms;
};

struct smpp_session {
    struct loop *loop;
    const struct log *log;
    struct smpp_session_options options;
    struct smpp_session_events events;
    enum smpp_session_state state;
    struct loop_watch watch;
    struct loop_timer tick, retry, flush;
    bool writing; /* waits for the socket to take more */
    uint32_t sequence;
    uint32_t connection;       /* counts connections: old tokens are recognised by it */
    uint32_t enquire_sequence; /* 0: none is out */
    uint64_t request_ms;       /* when bind, enquire_link or unbind left */
    uint64_t heard_ms;
    unsigned attempts;
    uint64_t throttled_until_ms;
    unsigned throttle_ms;
    double tokens;
    uint64_t filled_ms;
    size_t pending_count;
    struct smpp_pending pending[SMPP_WINDOW_MAX];
    size_t in_len, out_at, out_len;
    uint8_t in[SMPP_IN_MAX], out[SMPP_OUT_MAX];
};

/* Close the socket and tell the owner; connect again later unless we were leaving. */
void smpp_link_lose(struct smpp_session *s, const char *why);

/* Append a PDU to what leaves with the next flush; that is armed. ERR_SPACE. */
NODISCARD enum err smpp_link_put(struct smpp_session *s, const struct smpp_pdu *pdu);
void smpp_link_flush(struct smpp_session *s);
uint32_t smpp_link_sequence(struct smpp_session *s);
/* A request without a body: enquire_link, unbind. */
NODISCARD enum err smpp_link_request(struct smpp_session *s, uint32_t command);
void smpp_link_respond(struct smpp_session *s, uint32_t command, uint32_t sequence,
                       uint32_t status);

/* Read what is there and serve every whole PDU. */
void smpp_link_read(struct smpp_session *s);

#endif
