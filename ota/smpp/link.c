#include "ota/smpp/link.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#define THROTTLE_MS  100 /* first pause after "slower"; doubles */
#define THROTTLE_MAX 5000
#define READS_MAX    8 /* reads in one go: other watches want their turn, too */

static uint64_t now(const struct smpp_session *s)
{
    return loop_now_ms(s->loop);
}

/* --- writing --- */

void smpp_link_flush(struct smpp_session *s)
{
    bool wants;

    while (s->out_at < s->out_len) {
        ssize_t n = send(s->watch.fd, s->out + s->out_at, s->out_len - s->out_at, MSG_NOSIGNAL);

        if (n < 0 && errno == EINTR)
            continue;
        /* A broken pipe shows when reading: losing the session belongs to the loop's callback. */
        if (n <= 0)
            break;
        s->out_at += (size_t)n;
    }
    if (s->out_at == s->out_len)
        s->out_at = s->out_len = 0;
    wants = s->out_len > 0;
    if (wants != s->writing &&
        loop_change(s->loop, &s->watch, LOOP_READ | (wants ? LOOP_WRITE : 0)) == ERR_OK)
        s->writing = wants;
}

enum err smpp_link_put(struct smpp_session *s, const struct smpp_pdu *pdu)
{
    struct wr w;

    if (s->out_at > 0) {
        memmove(s->out, s->out + s->out_at, s->out_len - s->out_at);
        s->out_len -= s->out_at;
        s->out_at = 0;
    }
    w = WR(s->out + s->out_len, sizeof s->out - s->out_len);
    smpp_write(&w, pdu);
    if (wr_result(&w) != ERR_OK)
        return ERR_SPACE;
    s->out_len += w.len;
    /* One write for all that a round of the loop brings. */
    if (!s->flush.armed)
        loop_arm(s->loop, &s->flush, 0);
    return ERR_OK;
}

uint32_t smpp_link_sequence(struct smpp_session *s)
{
    s->sequence = s->sequence % SMPP_SEQUENCE_MAX + 1;
    return s->sequence;
}

enum err smpp_link_request(struct smpp_session *s, uint32_t command)
{
    struct smpp_pdu pdu = smpp_header(command, SMPP_ROK, smpp_link_sequence(s));
    enum err e = smpp_link_put(s, &pdu);

    s->request_ms = now(s);
    return e;
}

void smpp_link_respond(struct smpp_session *s, uint32_t command, uint32_t sequence, uint32_t status)
{
    struct smpp_pdu pdu = smpp_header(command | SMPP_RESPONSE, status, sequence);

    /* No room for an answer: the SMS centre will ask again. */
    if (smpp_link_put(s, &pdu) != ERR_OK)
        log_write(s->log, LOG_WARNING, "smpp_no_room", NULL);
}

/* --- what the SMS centre says --- */

static void slow_down(struct smpp_session *s)
{
    s->throttle_ms = s->throttle_ms ? s->throttle_ms * 2 : THROTTLE_MS;
    if (s->throttle_ms > THROTTLE_MAX)
        s->throttle_ms = THROTTLE_MAX;
    s->throttled_until_ms = now(s) + s->throttle_ms;
}

static void on_submit_resp(struct smpp_session *s, const struct smpp_pdu *pdu)
{
    struct smpp_pending *p = &s->pending[pdu->sequence % SMPP_WINDOW_MAX];
    enum smpp_remedy remedy = smpp_status_remedy(pdu->status);
    uint64_t tag = p->tag;

    if (pdu->sequence == 0 || p->sequence != pdu->sequence)
        return;
    p->sequence = 0;
    s->pending_count--;
    if (remedy == SMPP_SLOWER)
        slow_down(s);
    else if (remedy == SMPP_FINE && now(s) >= s->throttled_until_ms)
        s->throttle_ms = 0;
    s->events.answered(s->events.context, tag, pdu->status);
    if (remedy == SMPP_REBIND)
        smpp_link_lose(s, smpp_status_text(pdu->status));
}

static void on_bind_resp(struct smpp_session *s, const struct smpp_pdu *pdu)
{
    if (s->state != SMPP_BINDING)
        return;
    if (pdu->status != SMPP_ROK) {
        smpp_link_lose(s, smpp_status_text(pdu->status));
        return;
    }
    s->state = SMPP_BOUND;
    s->attempts = 0;
    s->throttle_ms = 0;
    s->throttled_until_ms = 0;
    log_write(s->log, LOG_INFO, "smpp_bound",
              LOG_FIELDS(LOG_TEXT("host", s->options.host), LOG_NUMBER("port", s->options.port),
                         LOG_TEXT("smsc", pdu->system_id)));
    s->events.bound(s->events.context);
}

static void on_message(struct smpp_session *s, const struct smpp_pdu *pdu)
{
    uint64_t token = (uint64_t)s->connection << 32 | pdu->sequence;
    uint32_t status = SMPP_ROK;

    if (pdu->command == SMPP_DATA_SM)
        token |= SMPP_TOKEN_DATA_SM;
    if (s->state != SMPP_BOUND) {
        smpp_link_respond(s, pdu->command, pdu->sequence, SMPP_RINVBNDSTS);
        return;
    }
    if (!s->events.delivered(s->events.context, pdu, token, &status))
        smpp_link_respond(s, pdu->command, pdu->sequence, status);
}

static void on_unbind(struct smpp_session *s, const struct smpp_pdu *pdu)
{
    smpp_link_respond(s, SMPP_UNBIND, pdu->sequence, SMPP_ROK);
    smpp_link_flush(s);
    smpp_link_lose(s, "the SMS centre unbinds");
}

static void on_enquire(struct smpp_session *s, const struct smpp_pdu *pdu)
{
    smpp_link_respond(s, SMPP_ENQUIRE_LINK, pdu->sequence, SMPP_ROK);
}

static void on_enquire_resp(struct smpp_session *s, const struct smpp_pdu *pdu)
{
    (void)pdu;
    s->enquire_sequence = 0;
}

static void on_unbind_resp(struct smpp_session *s, const struct smpp_pdu *pdu)
{
    (void)pdu;
    if (s->state == SMPP_LEAVING)
        smpp_link_lose(s, "unbound");
}

/* A nack of a submit_sm is its answer: it was not taken. */
static void on_nack(struct smpp_session *s, const struct smpp_pdu *pdu)
{
    struct smpp_pdu answer = *pdu;

    if (answer.status == SMPP_ROK)
        answer.status = SMPP_RUNKNOWNERR;
    if (pdu->sequence == s->enquire_sequence)
        s->enquire_sequence = 0;
    on_submit_resp(s, &answer);
}

static const struct {
    uint32_t command;
    void (*serve)(struct smpp_session *s, const struct smpp_pdu *pdu);
} commands[] = {
    {SMPP_SUBMIT_SM | SMPP_RESPONSE, on_submit_resp},
    {SMPP_DELIVER_SM, on_message},
    {SMPP_DATA_SM, on_message},
    {SMPP_ENQUIRE_LINK, on_enquire},
    {SMPP_ENQUIRE_LINK | SMPP_RESPONSE, on_enquire_resp},
    {SMPP_BIND_TRANSCEIVER | SMPP_RESPONSE, on_bind_resp},
    {SMPP_UNBIND, on_unbind},
    {SMPP_UNBIND | SMPP_RESPONSE, on_unbind_resp},
    {SMPP_GENERIC_NACK, on_nack},
};

static uint32_t status_for(enum err e)
{
    return e == ERR_UNSUPPORTED ? SMPP_RINVCMDID : SMPP_RINVCMDLEN;
}

static void serve_pdu(struct smpp_session *s, struct rd bytes)
{
    struct smpp_pdu pdu;
    enum err e = smpp_read(bytes, &pdu);

    for (size_t i = 0; e == ERR_OK && i < ARRAY_LEN(commands); i++) {
        if (commands[i].command == pdu.command) {
            commands[i].serve(s, &pdu);
            return;
        }
    }
    if (pdu.command & SMPP_RESPONSE)
        return; /* a response that we cannot read is answered by nobody */
    pdu =
        smpp_header(SMPP_GENERIC_NACK, e == ERR_OK ? SMPP_RINVCMDID : status_for(e), pdu.sequence);
    if (smpp_link_put(s, &pdu) != ERR_OK)
        log_write(s->log, LOG_WARNING, "smpp_no_room", NULL);
}

/* False when the connection is gone. */
static bool serve_input(struct smpp_session *s)
{
    size_t at = 0, length;
    uint32_t connection = s->connection;
    enum err e;

    while ((e = smpp_length(RD(s->in + at, s->in_len - at), &length)) == ERR_OK &&
           length <= s->in_len - at) {
        serve_pdu(s, RD(s->in + at, length));
        if (s->watch.fd < 0 || s->connection != connection)
            return false;
        at += length;
    }
    if (e == ERR_RANGE) {
        smpp_link_lose(s, "command_length out of range");
        return false;
    }
    memmove(s->in, s->in + at, s->in_len - at);
    s->in_len -= at;
    return true;
}

/* --- reading --- */

void smpp_link_read(struct smpp_session *s)
{
    for (int i = 0; i < READS_MAX; i++) {
        ssize_t n = recv(s->watch.fd, s->in + s->in_len, sizeof s->in - s->in_len, 0);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            break;
        if (n <= 0) {
            smpp_link_lose(s, n == 0 ? "closed by the SMS centre" : strerror(errno));
            return;
        }
        s->heard_ms = now(s);
        s->in_len += (size_t)n;
        if (!serve_input(s))
            return;
    }
    smpp_link_flush(s);
}
