/*
 * serve.h - powered cards on the wire: each is a client of a virtual reader (vpcd),
 * or listens on a unix socket, until a signal ends it.
 */
#ifndef RESEAT_TOOLS_TRANSPORT_SERVE_H
#define RESEAT_TOOLS_TRANSPORT_SERVE_H

#include "tools/transport/address.h"
#include "tools/transport/host.h"
#include "tools/transport/trace.h"

struct serve_card {
    struct host_card *card; /* borrowed */
    const char *name;       /* for messages: the ICCID */
    struct address vpcd;    /* where the virtual reader listens; unless path is set */
    const char *path;       /* unix socket to listen on, or NULL */
};

/*
 * Serve until SIGINT or SIGTERM (ERR_OK). A reader that is not there yet is tried again
 * every second, a connection that broke is made anew.
 *
 * errors: ERR_BUSY, ERR_RANGE (a socket path), ERR_NOMEM, ERR_IO
 */
NODISCARD enum err serve_run(const struct serve_card *cards, size_t count, FILE *trace_file);

#endif
