#include "ota/smpp/link.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define TICK_MS 50

static uint64_t now(const struct smpp_session *s)
{
    return loop_now_ms(s->loop);
}

/* --- losing the connection --- */

static uint64_t retry_delay(struct smpp_session *s)
{
    uint64_t delay = s->options.reconnect_ms;

    for (unsigned i = 0; i < s->attempts && delay < s->options.reconnect_max_ms; i++)
        delay *= 2;
    if (delay > s->options.reconnect_max_ms)
        delay = s->options.reconnect_max_ms;
    s->attempts++;
    /* Half of it fixed, half by chance: a thousand ESMEs must not come back at one moment. */
    return delay / 2 + s->options.jitter(s->events.context) % (delay / 2 + 1);
}

static void close_socket(struct smpp_session *s)
{
    if (s->watch.fd < 0)
        return;
    loop_unwatch(s->loop, &s->watch);
    close(s->watch.fd);
    s->watch.fd = -1;
}

void smpp_link_lose(struct smpp_session *s, const char *why)
{
    enum smpp_session_state was = s->state;

    close_socket(s);
    s->in_len = s->out_at = s->out_len = 0;
    s->writing = false;
    s->enquire_sequence = 0;
    s->pending_count = 0;
    memset(s->pending, 0, sizeof s->pending);
    s->state = was == SMPP_LEAVING ? SMPP_GONE : SMPP_DOWN;
    if (was != SMPP_LEAVING) {
        log_write(s->log, LOG_WARNING, "smpp_lost",
                  LOG_FIELDS(LOG_TEXT("host", s->options.host), LOG_TEXT("reason", why)));
        loop_arm(s->loop, &s->retry, retry_delay(s));
    }
    if (was == SMPP_BOUND)
        s->events.lost(s->events.context);
}

/* --- the socket --- */

static void send_bind(struct smpp_session *s)
{
    struct smpp_pdu pdu = smpp_header(SMPP_BIND_TRANSCEIVER, SMPP_ROK, smpp_link_sequence(s));
    enum err e;

    memcpy(pdu.system_id, s->options.system_id, sizeof pdu.system_id);
    memcpy(pdu.password, s->options.password, sizeof pdu.password);
    memcpy(pdu.system_type, s->options.system_type, sizeof pdu.system_type);
    pdu.interface_version = SMPP_VERSION;
    e = smpp_link_put(s, &pdu);
    smpp_pdu_wipe(&pdu);
    if (e != ERR_OK) {
        smpp_link_lose(s, err_text(e));
        return;
    }
    s->state = SMPP_BINDING;
    s->request_ms = s->heard_ms = now(s);
    s->writing = true;
    smpp_link_flush(s);
}

static void on_connected(struct smpp_session *s)
{
    int error = 0, on = 1;
    socklen_t len = sizeof error;

    if (getsockopt(s->watch.fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0 || error != 0) {
        smpp_link_lose(s, strerror(error ? error : errno));
        return;
    }
    (void)setsockopt(s->watch.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    send_bind(s);
}

static void on_socket(void *context, unsigned events)
{
    struct smpp_session *s = context;

    if (s->state == SMPP_CONNECTING) {
        on_connected(s);
        return;
    }
    if (events & LOOP_WRITE)
        smpp_link_flush(s);
    if (events & (LOOP_READ | LOOP_HUNG))
        smpp_link_read(s);
}

static int try_address(const struct addrinfo *a)
{
    int fd = socket(a->ai_family, a->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, a->ai_protocol);

    if (fd < 0)
        return -1;
    if (connect(fd, a->ai_addr, a->ai_addrlen) == 0 || errno == EINPROGRESS)
        return fd;
    close(fd);
    return -1;
}

static int open_socket(const struct smpp_session *s)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
    struct addrinfo *list = NULL;
    char port[8];
    int fd = -1;

    snprintf(port, sizeof port, "%u", s->options.port);
    if (getaddrinfo(s->options.host, port, &hints, &list) != 0)
        return -1;
    for (const struct addrinfo *a = list; a && fd < 0; a = a->ai_next)
        fd = try_address(a);
    freeaddrinfo(list);
    return fd;
}

static void on_retry(void *context)
{
    struct smpp_session *s = context;

    s->state = SMPP_CONNECTING;
    s->connection++;
    s->request_ms = now(s);
    s->watch.fd = open_socket(s);
    if (s->watch.fd < 0) {
        smpp_link_lose(s, "cannot connect");
        return;
    }
    if (loop_watch(s->loop, &s->watch, LOOP_READ | LOOP_WRITE) != ERR_OK)
        smpp_link_lose(s, "cannot watch");
}

static void on_flush(void *context)
{
    struct smpp_session *s = context;

    if (s->watch.fd >= 0)
        smpp_link_flush(s);
}

/* --- time --- */

static bool is_overdue(const struct smpp_session *s)
{
    uint64_t limit = s->options.response_timeout_ms;
    bool asked = s->state == SMPP_CONNECTING || s->state == SMPP_BINDING ||
                 s->state == SMPP_LEAVING || s->enquire_sequence != 0;

    if (asked && now(s) - s->request_ms > limit)
        return true;
    for (size_t i = 0; s->pending_count && i < SMPP_WINDOW_MAX; i++) {
        if (s->pending[i].sequence && now(s) - s->pending[i].sent_ms > limit)
            return true;
    }
    return false;
}

static void on_tick(void *context)
{
    struct smpp_session *s = context;

    if (s->state == SMPP_GONE)
        return;
    loop_arm(s->loop, &s->tick, TICK_MS);
    if (s->state == SMPP_DOWN)
        return;
    if (is_overdue(s)) {
        smpp_link_lose(s, "no answer in time");
        return;
    }
    if (s->state == SMPP_BOUND && s->enquire_sequence == 0 &&
        now(s) - s->heard_ms > s->options.enquire_link_ms) {
        if (smpp_link_request(s, SMPP_ENQUIRE_LINK) == ERR_OK)
            s->enquire_sequence = s->sequence;
    }
}

/* --- the owner's side --- */

enum err smpp_session_new(struct loop *loop, const struct log *log,
                          const struct smpp_session_options *options,
                          const struct smpp_session_events *events, struct smpp_session **out)
{
    struct smpp_session *s;

    if (options->window < 1 || options->window > SMPP_WINDOW_MAX)
        return ERR_RANGE;
    s = calloc(1, sizeof *s);
    if (!s)
        return ERR_NOMEM;
    s->loop = loop;
    s->log = log;
    s->options = *options;
    s->events = *events;
    s->watch = (struct loop_watch){.fd = -1, .ready = on_socket, .context = s};
    s->tick = (struct loop_timer){.fire = on_tick, .context = s};
    s->retry = (struct loop_timer){.fire = on_retry, .context = s};
    s->flush = (struct loop_timer){.fire = on_flush, .context = s};
    loop_arm(loop, &s->retry, 0);
    loop_arm(loop, &s->tick, TICK_MS);
    *out = s;
    return ERR_OK;
}

void smpp_session_free(struct smpp_session **s)
{
    if (!*s)
        return;
    loop_disarm((*s)->loop, &(*s)->tick);
    loop_disarm((*s)->loop, &(*s)->retry);
    loop_disarm((*s)->loop, &(*s)->flush);
    close_socket(*s);
    OPENSSL_cleanse(&(*s)->options, sizeof(*s)->options);
    OPENSSL_cleanse((*s)->out, sizeof(*s)->out);
    free(*s);
    *s = NULL;
}

bool smpp_session_is_bound(const struct smpp_session *s)
{
    return s->state == SMPP_BOUND;
}

static size_t rate_room(struct smpp_session *s)
{
    uint64_t now_ms = now(s);
    double most = s->options.rate / 10.0;

    if (s->options.rate == 0)
        return SIZE_MAX;
    s->tokens += s->options.rate * (double)(now_ms - s->filled_ms) / 1000;
    s->filled_ms = now_ms;
    if (most < 1)
        most = 1;
    if (s->tokens > most)
        s->tokens = most;
    return (size_t)s->tokens;
}

size_t smpp_session_room(struct smpp_session *s)
{
    size_t window = s->options.window - s->pending_count, rate;

    if (s->state != SMPP_BOUND || s->out_len > SMPP_OUT_HIGH || now(s) < s->throttled_until_ms)
        return 0;
    /* After a pause feel the way: one message, until the SMS centre takes it. */
    if (s->throttle_ms)
        return s->pending_count == 0 ? 1 : 0;
    rate = rate_room(s);
    return window < rate ? window : rate;
}

enum err smpp_session_submit(struct smpp_session *s, const struct smpp_pdu *pdu, uint64_t tag)
{
    struct smpp_pdu submit = *pdu;
    struct smpp_pending *p;
    enum err e;

    if (s->state != SMPP_BOUND)
        return ERR_CONDITIONS;
    if (smpp_session_room(s) == 0)
        return ERR_BUSY;
    submit.command = SMPP_SUBMIT_SM;
    submit.status = SMPP_ROK;
    submit.sequence = smpp_link_sequence(s);
    p = &s->pending[submit.sequence % SMPP_WINDOW_MAX];
    if (p->sequence != 0)
        return ERR_BUSY; /* the one a whole table ago is still without an answer */
    e = smpp_link_put(s, &submit);
    if (e != ERR_OK)
        return e;
    *p = (struct smpp_pending){submit.sequence, tag, now(s)};
    s->pending_count++;
    s->tokens -= 1;
    return ERR_OK;
}

void smpp_session_acknowledge(struct smpp_session *s, uint64_t token)
{
    if (s->watch.fd < 0 || (uint32_t)(token >> 32) != s->connection)
        return;
    smpp_link_respond(s, (uint32_t)token & SMPP_TOKEN_DATA_SM ? SMPP_DATA_SM : SMPP_DELIVER_SM,
                      (uint32_t)token & ~SMPP_TOKEN_DATA_SM, SMPP_ROK);
}

void smpp_session_leave(struct smpp_session *s)
{
    loop_disarm(s->loop, &s->retry);
    if (s->state != SMPP_BOUND) {
        close_socket(s);
        s->state = SMPP_GONE;
        return;
    }
    s->state = SMPP_LEAVING;
    if (smpp_link_request(s, SMPP_UNBIND) != ERR_OK) {
        close_socket(s);
        s->state = SMPP_GONE;
    }
}

bool smpp_session_is_gone(const struct smpp_session *s)
{
    return s->state == SMPP_GONE;
}
