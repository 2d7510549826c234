/* A card that `uicc run --socket PATH` serves. */
#include "tools/transport/address.h"
#include "tools/transport/frame.h"
#include "tools/transport/reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct socket_reader {
    int fd;
    struct frame_reader in;
};

static enum err ask(struct socket_reader *s, struct rd message, struct wr *answer)
{
    struct rd body;
    enum err e = frame_send(s->fd, message);

    while (e == ERR_OK) {
        e = frame_next(&s->in, &body);
        if (e == ERR_OK) {
            wr_rd(answer, body);
            return wr_result(answer);
        }
        e = frame_receive(&s->in, s->fd);
    }
    return e;
}

static enum err socket_reset(void *context, struct wr *atr)
{
    struct socket_reader *s = context;
    static const uint8_t reset[] = {FRAME_RESET};
    static const uint8_t want_atr[] = {FRAME_ATR};
    enum err e = frame_send(s->fd, RD_ARRAY(reset));

    return e == ERR_OK ? ask(s, RD_ARRAY(want_atr), atr) : e;
}

static enum err socket_transmit(void *context, struct rd command, struct wr *response)
{
    return ask(context, command, response);
}

static void socket_close(void *context)
{
    struct socket_reader *s = context;

    if (s->fd >= 0)
        close(s->fd);
    free(s);
}

enum err reader_open_socket(const char *path, struct reader *out, char *message)
{
    static const uint8_t power_on[] = {FRAME_POWER_ON};
    struct socket_reader *s = calloc(1, sizeof *s);
    uint8_t atr[READER_ATR_MAX];
    struct wr w = WR_ARRAY(atr);
    enum err e;

    if (s == NULL)
        return ERR_NOMEM;
    s->fd = -1;
    e = address_connect_path(path, &s->fd);
    if (e == ERR_OK)
        e = frame_send(s->fd, RD_ARRAY(power_on));
    if (e == ERR_OK)
        e = socket_reset(s, &w);
    if (e != ERR_OK) {
        snprintf(message, READER_MESSAGE_MAX, "%s: no card answers there (%s)", path, err_text(e));
        socket_close(s);
        return e;
    }
    *out = (struct reader){s, socket_reset, socket_transmit, socket_close};
    return ERR_OK;
}
