/*
 * A session: connected -> bound -> closed. Output waits in one buffer per session; what an
 * account has to be told waits in a list per account and is handed out again when a session
 * ends before it was acknowledged.
 */
#include "tools/fleet/esme.h"
#include "apdu/crypto.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define INPUT_MAX  (2 * SMPP_PDU_MAX)
#define OUTPUT_MAX (4U << 20)
#define WINDOW     100 /* deliver_sm not yet acknowledged, per account */
#define SYSTEM_ID  "RESEAT"

/* One deliver_sm on its way to an account. */
struct parcel {
    struct parcel *next;
    uint32_t sequence; /* 0: not sent in the session in force */
    size_t len;
    uint8_t bytes[];
};

struct account {
    struct esme_account known;
    struct parcel *first, *last;
    size_t waiting, in_flight;
};

struct session {
    int fd; /* -1: free */
    int account;
    bool receives, transmits;
    uint32_t sequence;
    uint8_t *in, *out;
    size_t in_len, out_len;
};

struct esme_server {
    int listener;
    esme_submit *submit;
    void *context;
    bool open_to_all;
    struct account accounts[ESME_ACCOUNTS_MAX];
    size_t account_count;
    struct session sessions[ESME_SESSIONS_MAX];
};

static void set_nonblocking(int fd)
{
    (void)fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

enum err esme_open(struct address *address, const struct esme_account *accounts,
                   size_t account_count, esme_submit *submit, void *context,
                   struct esme_server **out)
{
    struct esme_server *s = calloc(1, sizeof *s);
    enum err e;

    if (s == NULL)
        return ERR_NOMEM;
    e = account_count > ESME_ACCOUNTS_MAX ? ERR_RANGE : address_listen(address, &s->listener);
    if (e != ERR_OK) {
        free(s);
        return e;
    }
    set_nonblocking(s->listener);
    s->submit = submit;
    s->context = context;
    s->open_to_all = account_count == 0;
    s->account_count = account_count;
    for (size_t i = 0; i < account_count; i++)
        s->accounts[i].known = accounts[i];
    for (size_t i = 0; i < ESME_SESSIONS_MAX; i++)
        s->sessions[i].fd = -1;
    *out = s;
    return ERR_OK;
}

/* What was sent in a session that ended goes out again in the next one. */
static void take_back_parcels(struct account *a)
{
    for (struct parcel *p = a->first; p != NULL; p = p->next)
        p->sequence = 0;
    a->in_flight = 0;
}

static void end_session(struct esme_server *s, struct session *e)
{
    close(e->fd);
    free(e->in);
    free(e->out);
    if (e->account >= 0 && e->receives)
        take_back_parcels(&s->accounts[e->account]);
    *e = (struct session){.fd = -1};
}

void esme_close(struct esme_server **server)
{
    struct esme_server *s = *server;

    if (s == NULL)
        return;
    for (size_t i = 0; i < ESME_SESSIONS_MAX; i++) {
        if (s->sessions[i].fd >= 0)
            end_session(s, &s->sessions[i]);
    }
    for (size_t i = 0; i < s->account_count; i++) {
        while (s->accounts[i].first != NULL) {
            struct parcel *p = s->accounts[i].first;

            s->accounts[i].first = p->next;
            free(p);
        }
    }
    close(s->listener);
    free(s);
    *server = NULL;
}

/* false: the peer has gone. */
static bool write_output(struct session *e)
{
    ssize_t n = e->out_len == 0 ? 0 : send(e->fd, e->out, e->out_len, MSG_NOSIGNAL);

    if (n > 0) {
        e->out_len -= (size_t)n;
        memmove(e->out, e->out + n, e->out_len);
    }
    return n >= 0 || errno == EAGAIN || errno == EINTR;
}

static void flush_output(struct esme_server *s, struct session *e)
{
    if (!write_output(e))
        end_session(s, e);
}

static void send_bytes(struct session *e, struct rd bytes)
{
    if (OUTPUT_MAX - e->out_len < bytes.left)
        return; /* a peer that does not read: it will miss a response and ask again */
    memcpy(e->out + e->out_len, bytes.at, bytes.left);
    e->out_len += bytes.left;
}

static void send_pdu(struct session *e, const struct smpp_pdu *pdu)
{
    uint8_t bytes[1024];
    struct wr w = WR_ARRAY(bytes);

    smpp_write(&w, pdu);
    if (wr_result(&w) == ERR_OK)
        send_bytes(e, RD_WR(&w));
}

static void respond(struct session *e, const struct smpp_pdu *request, uint32_t status)
{
    struct smpp_pdu response =
        smpp_header(request->command | SMPP_RESPONSE, status, request->sequence);

    if (smpp_set(response.system_id, sizeof response.system_id, SYSTEM_ID) == ERR_OK)
        send_pdu(e, &response);
}

static int find_account(struct esme_server *s, const struct smpp_pdu *pdu, uint32_t *status)
{
    struct account *a;

    for (size_t i = 0; i < s->account_count; i++) {
        a = &s->accounts[i];
        if (strcmp(a->known.system_id, pdu->system_id) != 0)
            continue;
        if (!s->open_to_all &&
            !crypto_equal(a->known.password, pdu->password, sizeof a->known.password)) {
            *status = SMPP_RINVPASWD;
            return -1;
        }
        return (int)i;
    }
    *status = SMPP_RINVSYSID;
    if (!s->open_to_all || s->account_count == ESME_ACCOUNTS_MAX)
        return -1;
    a = &s->accounts[s->account_count];
    memcpy(a->known.system_id, pdu->system_id, sizeof a->known.system_id);
    return (int)s->account_count++;
}

static void send_parcels(struct esme_server *s, struct session *e)
{
    struct account *a = &s->accounts[e->account];

    for (struct parcel *p = a->first; p != NULL && a->in_flight < WINDOW; p = p->next) {
        struct wr patch = WR(p->bytes + 12, 4); /* sequence_number */

        if (p->sequence != 0)
            continue;
        e->sequence = e->sequence % SMPP_SEQUENCE_MAX + 1;
        p->sequence = e->sequence;
        wr_u32(&patch, p->sequence);
        a->in_flight++;
        send_bytes(e, RD(p->bytes, p->len));
    }
}

static void handle_bind(struct esme_server *s, struct session *e, const struct smpp_pdu *pdu)
{
    uint32_t status = SMPP_RALYBND;
    int account = e->account >= 0 ? -1 : find_account(s, pdu, &status);

    if (account < 0) {
        respond(e, pdu, status);
        return;
    }
    e->account = account;
    e->receives = pdu->command != SMPP_BIND_TRANSMITTER;
    e->transmits = pdu->command != SMPP_BIND_RECEIVER;
    respond(e, pdu, SMPP_ROK);
    if (e->receives)
        send_parcels(s, e);
}

static void handle_submit(struct esme_server *s, struct session *e, const struct smpp_pdu *pdu)
{
    struct smpp_pdu response;
    uint64_t id = 0;
    uint32_t status = SMPP_RINVBNDSTS;

    if (e->transmits)
        status = s->submit(s->context, (unsigned)e->account, pdu, &id);
    response = smpp_header(SMPP_SUBMIT_SM | SMPP_RESPONSE, status, pdu->sequence);
    snprintf(response.message_id, sizeof response.message_id, "%llu", (unsigned long long)id);
    send_pdu(e, &response);
}

static void handle_delivered(struct esme_server *s, struct session *e, const struct smpp_pdu *pdu)
{
    struct account *a;
    struct parcel *before = NULL;

    if (e->account < 0)
        return;
    a = &s->accounts[e->account];
    for (struct parcel *p = a->first; p != NULL; before = p, p = p->next) {
        if (p->sequence != pdu->sequence)
            continue;
        if (before != NULL)
            before->next = p->next;
        else
            a->first = p->next;
        if (a->last == p)
            a->last = before;
        a->waiting--;
        a->in_flight--;
        free(p);
        break;
    }
    send_parcels(s, e);
}

/* false: the session is to end. */
static bool handle_pdu(struct esme_server *s, struct session *e, const struct smpp_pdu *pdu)
{
    switch (pdu->command) {
    case SMPP_BIND_RECEIVER:
    case SMPP_BIND_TRANSMITTER:
    case SMPP_BIND_TRANSCEIVER:
        handle_bind(s, e, pdu);
        return true;
    case SMPP_SUBMIT_SM:
        handle_submit(s, e, pdu);
        return true;
    case SMPP_DELIVER_SM | SMPP_RESPONSE:
        handle_delivered(s, e, pdu);
        return true;
    case SMPP_ENQUIRE_LINK:
        respond(e, pdu, SMPP_ROK);
        return true;
    case SMPP_UNBIND:
        respond(e, pdu, SMPP_ROK);
        (void)write_output(e);
        return false;
    default:
        if ((pdu->command & SMPP_RESPONSE) == 0) {
            struct smpp_pdu nack = smpp_header(SMPP_GENERIC_NACK, SMPP_RINVCMDID, pdu->sequence);

            send_pdu(e, &nack);
        }
        return true;
    }
}

/* Handle the whole PDUs that came in; false: the session is to end. */
static bool handle_stream(struct esme_server *s, struct session *e)
{
    size_t used = 0, length;
    bool go_on = true;

    while (go_on) {
        struct smpp_pdu pdu;
        enum err err = smpp_length(RD(e->in + used, e->in_len - used), &length);

        if (err == ERR_RANGE)
            return false;
        if (err != ERR_OK || length > e->in_len - used)
            break;
        err = smpp_read(RD(e->in + used, length), &pdu);
        if (err == ERR_OK) {
            go_on = handle_pdu(s, e, &pdu);
        } else {
            struct smpp_pdu nack = smpp_header(
                SMPP_GENERIC_NACK, err == ERR_UNSUPPORTED ? SMPP_RINVCMDID : SMPP_RINVCMDLEN,
                pdu.sequence);

            send_pdu(e, &nack);
        }
        smpp_pdu_wipe(&pdu);
        used += length;
    }
    e->in_len -= used;
    memmove(e->in, e->in + used, e->in_len);
    return go_on;
}

static void handle_input(struct esme_server *s, struct session *e)
{
    ssize_t n = recv(e->fd, e->in + e->in_len, INPUT_MAX - e->in_len, 0);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n > 0) {
        e->in_len += (size_t)n;
        if (handle_stream(s, e))
            return;
    }
    end_session(s, e);
}

static void accept_session(struct esme_server *s)
{
    int fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    struct session *e = NULL;

    if (fd < 0)
        return;
    for (size_t i = 0; i < ESME_SESSIONS_MAX && e == NULL; i++) {
        if (s->sessions[i].fd < 0)
            e = &s->sessions[i];
    }
    if (e == NULL) {
        close(fd);
        return;
    }
    *e = (struct session){
        .fd = fd, .account = -1, .in = malloc(INPUT_MAX), .out = malloc(OUTPUT_MAX)};
    if (e->in == NULL || e->out == NULL)
        end_session(s, e);
}

size_t esme_poll_set(const struct esme_server *s, struct pollfd *fds)
{
    size_t count = 0;

    fds[count++] = (struct pollfd){.fd = s->listener, .events = POLLIN};
    for (size_t i = 0; i < ESME_SESSIONS_MAX; i++) {
        const struct session *e = &s->sessions[i];

        if (e->fd >= 0)
            fds[count++] = (struct pollfd){
                .fd = e->fd, .events = (short)(POLLIN | (e->out_len > 0 ? POLLOUT : 0))};
    }
    return count;
}

static struct session *session_of(struct esme_server *s, int fd)
{
    for (size_t i = 0; fd >= 0 && i < ESME_SESSIONS_MAX; i++) {
        if (s->sessions[i].fd == fd)
            return &s->sessions[i];
    }
    return NULL;
}

void esme_poll_done(struct esme_server *s, const struct pollfd *fds, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct session *e = session_of(s, fds[i].fd);

        if (fds[i].fd == s->listener && fds[i].revents != 0)
            accept_session(s);
        else if (e != NULL && (fds[i].revents & (POLLIN | POLLHUP | POLLERR)) != 0)
            handle_input(s, e);
    }
    for (size_t i = 0; i < ESME_SESSIONS_MAX; i++) {
        if (s->sessions[i].fd >= 0)
            flush_output(s, &s->sessions[i]);
    }
}

enum err esme_deliver(struct esme_server *s, unsigned account, const struct smpp_pdu *pdu)
{
    struct account *a = &s->accounts[account];
    uint8_t bytes[1024];
    struct wr w = WR_ARRAY(bytes);
    struct parcel *p;

    smpp_write(&w, pdu);
    if (wr_result(&w) != ERR_OK || a->waiting >= ESME_QUEUE_MAX)
        return ERR_SPACE;
    p = malloc(sizeof *p + w.len);
    if (p == NULL)
        return ERR_NOMEM;
    *p = (struct parcel){.len = w.len};
    memcpy(p->bytes, bytes, w.len);
    if (a->last != NULL)
        a->last->next = p;
    else
        a->first = p;
    a->last = p;
    a->waiting++;
    for (size_t i = 0; i < ESME_SESSIONS_MAX; i++) {
        struct session *e = &s->sessions[i];

        if (e->fd >= 0 && e->account == (int)account && e->receives) {
            send_parcels(s, e);
            break;
        }
    }
    return ERR_OK;
}

size_t esme_sessions(const struct esme_server *s)
{
    size_t count = 0;

    for (size_t i = 0; i < ESME_SESSIONS_MAX; i++)
        count += s->sessions[i].fd >= 0 && s->sessions[i].account >= 0;
    return count;
}
