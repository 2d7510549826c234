/*
 * session.h - an ESME's link to one SMS centre: connect, bind_transceiver, a window of
 * submit_sm, deliver_sm, enquire_link, throttling, and connecting again for ever.
 *
 *   down --connected--> binding --bind_transceiver_resp--> bound --unbind--> leaving
 *    ^ ^                   |                                 |                 |
 *    | +---refused, lost---+---------------lost--------------+                 |
 *    +------------------------ wait, doubled each time, with jitter            +--> down
 *
 * All callbacks come from the loop, never from within a call of these functions.
 */
#ifndef RESEAT_OTA_SMPP_SESSION_H
#define RESEAT_OTA_SMPP_SESSION_H

#include "ota/core/log.h"
#include "ota/core/loop.h"
#include "ota/smpp/pdu.h"

#define SMPP_WINDOW_MAX 1000

struct smpp_session_options {
    const char *host; /* name or address; resolved at each attempt */
    unsigned port;
    char system_id[16];
    char password[9];
    char system_type[13];
    unsigned window; /* 1 to SMPP_WINDOW_MAX */
    unsigned rate;   /* submit_sm per second, 0 = no limit */
    unsigned response_timeout_ms, enquire_link_ms, reconnect_ms, reconnect_max_ms;
    uint32_t (*jitter)(void *context); /* any even distribution; not for secrets */
};

struct smpp_session_events {
    void *context;
    void (*bound)(void *context);
    /* Everything submitted without an answer is open again; tokens are void. */
    void (*lost)(void *context);
    /* The answer to a submit_sm. */
    void (*answered)(void *context, uint64_t tag, uint32_t status);
    /*
     * A deliver_sm or data_sm; pdu is borrowed. Returns true when the response follows by
     * smpp_session_acknowledge(), else *status is what to answer now.
     */
    bool (*delivered)(void *context, const struct smpp_pdu *pdu, uint64_t token, uint32_t *status);
};

struct smpp_session;

/* Begins to connect at once. host and log are kept; the password is wiped by smpp_session_free().
 * errors: ERR_NOMEM, ERR_RANGE. */
NODISCARD enum err smpp_session_new(struct loop *loop, const struct log *log,
                                    const struct smpp_session_options *options,
                                    const struct smpp_session_events *events,
                                    struct smpp_session **out);
/* Closes without unbinding. */
void smpp_session_free(struct smpp_session **s);

bool smpp_session_is_bound(const struct smpp_session *s);
/* submit_sm that may be sent now: window, rate, throttling. */
size_t smpp_session_room(struct smpp_session *s);

/*
 * Send a submit_sm (command, status and sequence are set here).
 * errors: ERR_CONDITIONS  not bound
 *         ERR_BUSY        no room
 *         ERR_SPACE       the message cannot be said in a PDU
 */
NODISCARD enum err smpp_session_submit(struct smpp_session *s, const struct smpp_pdu *pdu,
                                       uint64_t tag);
/* Answer a delivered message; a token of an earlier connection is passed over. */
void smpp_session_acknowledge(struct smpp_session *s, uint64_t token);

/* Unbind; smpp_session_is_gone() when the SMS centre has answered or time is up. */
void smpp_session_leave(struct smpp_session *s);
bool smpp_session_is_gone(const struct smpp_session *s);

#endif
