#include "tools/transport/frame.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

/* Fails on a unix socket, where there is nothing to acknowledge: no matter. */
static void acknowledge_quickly(int fd)
{
    const int on = 1;

    (void)setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on);
}

static void drop_used(struct frame_reader *f)
{
    if (f->used == 0)
        return;
    memmove(f->bytes, f->bytes + f->used, f->len - f->used);
    f->len -= f->used;
    f->used = 0;
}

enum err frame_receive(struct frame_reader *f, int fd)
{
    ssize_t n;

    drop_used(f);
    acknowledge_quickly(fd);
    n = recv(fd, f->bytes + f->len, sizeof f->bytes - f->len, 0);
    if (n == 0)
        return ERR_CLOSED;
    if (n < 0)
        return errno == EAGAIN || errno == EINTR ? ERR_OK : ERR_IO;
    f->len += (size_t)n;
    return ERR_OK;
}

enum err frame_next(struct frame_reader *f, struct rd *body)
{
    struct rd r = RD(f->bytes + f->used, f->len - f->used);
    uint16_t len;

    if (rd_u16(&r, &len) != ERR_OK || rd_take(&r, len, body) != ERR_OK)
        return ERR_NOT_FOUND;
    f->used += 2U + len;
    return ERR_OK;
}

static enum err wait_writable(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLOUT};

    return poll(&p, 1, -1) < 0 && errno != EINTR ? ERR_IO : ERR_OK;
}

enum err frame_send(int fd, struct rd body)
{
    uint8_t message[2 + FRAME_BODY_MAX];
    struct wr w = WR_ARRAY(message);
    size_t sent = 0;

    if (body.left > FRAME_BODY_MAX)
        return ERR_RANGE;
    wr_u16(&w, (uint16_t)body.left);
    wr_rd(&w, body);
    while (sent < w.len) {
        ssize_t n = send(fd, message + sent, w.len - sent, MSG_NOSIGNAL);

        if (n >= 0) {
            sent += (size_t)n;
            continue;
        }
        if (errno == EAGAIN && wait_writable(fd) == ERR_OK)
            continue;
        if (errno == EINTR)
            continue;
        return errno == EPIPE || errno == ECONNRESET ? ERR_CLOSED : ERR_IO;
    }
    return ERR_OK;
}
