/*
 * One poll loop over all cards. Per card: waiting (no connection) -> connected;
 * a connection is powered or not. A hostile or hasty reader may split or join
 * messages as it likes; frame.h puts them right.
 */
#include "tools/transport/serve.h"
#include "tools/cli/cli.h"
#include "tools/transport/frame.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define RETRY_MS 1000

struct session {
    const struct serve_card *spec;
    struct frame_reader in;
    struct trace_log log;
    int fd;     /* connection, -1 when there is none */
    int listen; /* unix socket, -1 for vpcd */
    bool powered;
    bool told; /* said already that the reader is not there */
    uint64_t next_try_ms;
    uint8_t atr[READER_ATR_MAX];
    size_t atr_len;
};

static enum err power_up(struct session *s)
{
    struct wr w = WR_ARRAY(s->atr);
    enum err e = reader_reset(s->spec->reader, &w);

    if (e == ERR_OK)
        s->atr_len = w.len;
    return e;
}

static enum err answer_apdu(struct session *s, struct rd command)
{
    uint8_t bytes[APDU_RESPONSE_MAX];
    struct wr w = WR_ARRAY(bytes);
    enum err e = s->powered ? reader_transmit(s->spec->reader, command, &w) : ERR_CONDITIONS;

    if (e != ERR_OK) {
        wr_u16(&w, SW_NO_DIAGNOSIS.v);
        trace_log_note(&s->log, err_text(e));
    }
    trace_log_exchange(&s->log, command, RD_WR(&w));
    return frame_send(s->fd, RD_WR(&w));
}

static enum err answer(struct session *s, struct rd message)
{
    enum err e = ERR_OK;

    if (message.left == 0)
        return ERR_OK;
    if (message.left > 1)
        return answer_apdu(s, message);
    switch (message.at[0]) {
    case FRAME_POWER_OFF:
        s->powered = false;
        trace_log_off(&s->log);
        return ERR_OK;
    case FRAME_POWER_ON:
    case FRAME_RESET:
        e = power_up(s);
        s->powered = e == ERR_OK;
        trace_log_reset(&s->log, RD(s->atr, s->powered ? s->atr_len : 0));
        return e;
    case FRAME_ATR:
        return frame_send(s->fd, RD(s->atr, s->atr_len));
    default:
        return ERR_OK; /* controls that the protocol may get later */
    }
}

static void hang_up(struct session *s)
{
    close(s->fd);
    s->fd = -1;
    s->powered = false;
    memset(&s->in, 0, sizeof s->in);
    trace_log_note(&s->log, "reader gone");
}

static void handle_input(struct session *s)
{
    enum err e = frame_receive(&s->in, s->fd);
    struct rd message;

    while (e == ERR_OK && frame_next(&s->in, &message) == ERR_OK)
        e = answer(s, message);
    if (e != ERR_OK)
        hang_up(s);
}

static void connect_reader(struct session *s)
{
    const struct serve_card *spec = s->spec;

    if (cli_now_ms() < s->next_try_ms)
        return;
    s->next_try_ms = cli_now_ms() + RETRY_MS;
    if (address_connect(&spec->vpcd, &s->fd) == ERR_OK) {
        fprintf(stderr, "card %s is in the reader on %s:%u\n", spec->name, spec->vpcd.host,
                spec->vpcd.port);
        s->told = false;
    } else if (!s->told) {
        fprintf(stderr, "card %s waits for a virtual reader on %s:%u (pcscd with vpcd)\n",
                spec->name, spec->vpcd.host, spec->vpcd.port);
        s->told = true;
    }
}

static void accept_client(struct session *s)
{
    int fd = accept4(s->listen, NULL, NULL, SOCK_CLOEXEC);

    if (fd < 0)
        return;
    if (s->fd >= 0)
        hang_up(s); /* a newcomer takes the card over, as a new reader would */
    s->fd = fd;
}

static enum err begin(struct session *s, const struct serve_card *spec, struct trace_writer *trace)
{
    enum err e;

    s->spec = spec;
    s->fd = s->listen = -1;
    s->log.writer = trace;
    s->log.secrets = spec->secrets;
    e = power_up(s);
    if (e != ERR_OK || spec->path == NULL)
        return e;
    e = address_listen_path(spec->path, &s->listen);
    if (e == ERR_OK)
        fprintf(stderr, "card %s listens on %s\n", spec->name, spec->path);
    return e;
}

static void end(struct session *s)
{
    if (s->fd >= 0)
        close(s->fd);
    if (s->listen >= 0) {
        close(s->listen);
        unlink(s->spec->path);
    }
}

/* One turn of the loop; false when a signal asks to end. polls: two per session and the signal's.
 */
static bool turn(struct session *sessions, size_t count, struct pollfd *polls, int signals)
{
    bool waiting = false;

    for (size_t i = 0; i < count; i++) {
        struct session *s = &sessions[i];

        if (s->fd < 0 && s->listen < 0)
            connect_reader(s);
        waiting |= s->fd < 0 && s->listen < 0;
        polls[2 * i] = (struct pollfd){.fd = s->fd, .events = POLLIN};
        polls[2 * i + 1] = (struct pollfd){.fd = s->listen, .events = POLLIN};
    }
    polls[2 * count] = (struct pollfd){.fd = signals, .events = POLLIN};
    if (poll(polls, (nfds_t)(2 * count + 1), waiting ? RETRY_MS : -1) < 0)
        return errno == EINTR;
    for (size_t i = 0; i < count; i++) {
        if (polls[2 * i].revents != 0)
            handle_input(&sessions[i]);
        if (polls[2 * i + 1].revents != 0)
            accept_client(&sessions[i]);
    }
    return polls[2 * count].revents == 0;
}

enum err serve_run(const struct serve_card *cards, size_t count, struct trace_writer *trace)
{
    struct session *sessions = calloc(count, sizeof *sessions);
    struct pollfd *polls = calloc(2 * count + 1, sizeof *polls);
    int signals = cli_stop_signals();
    enum err e = sessions == NULL || polls == NULL ? ERR_NOMEM : signals < 0 ? ERR_IO : ERR_OK;
    size_t begun = 0;

    while (e == ERR_OK && begun < count) {
        e = begin(&sessions[begun], &cards[begun], trace);
        begun++;
    }
    while (e == ERR_OK && turn(sessions, count, polls, signals))
        ;
    for (size_t i = 0; i < begun; i++)
        end(&sessions[i]);
    if (signals >= 0)
        close(signals);
    free(polls);
    free(sessions);
    return e;
}
