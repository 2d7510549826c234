/*
 * address.h - sockets by the texts that options give: [HOST:]PORT, and paths.
 */
#ifndef RESEAT_TOOLS_TRANSPORT_ADDRESS_H
#define RESEAT_TOOLS_TRANSPORT_ADDRESS_H

#include "apdu/err.h"

#include <stdint.h>

#define ADDRESS_HOST_MAX 64

struct address {
    char host[ADDRESS_HOST_MAX];
    uint16_t port;
};

/* "35963", "127.0.0.1:35963", ":35963"; the host is 127.0.0.1 unless given. ERR_FORMAT, ERR_RANGE.
 */
NODISCARD enum err address_parse(const char *text, struct address *out);

/* A connected TCP socket with TCP_NODELAY, close-on-exec. ERR_CLOSED when nobody listens, ERR_IO.
 */
NODISCARD enum err address_connect(const struct address *a, int *fd);

/* Listening TCP socket; port 0 takes a free one and writes it back. */
NODISCARD enum err address_listen(struct address *a, int *fd);

/* Unix stream sockets. A stale socket file is replaced, a living one is ERR_BUSY,
 * any other file ERR_EXISTS. */
NODISCARD enum err address_connect_path(const char *path, int *fd);
NODISCARD enum err address_listen_path(const char *path, int *fd);

#endif
