/*
 * serve.h - powered cards on the wire: each is a client of a virtual reader (vpcd),
 * or listens on a unix socket, until a signal ends it.
 */
#ifndef RESEAT_TOOLS_TRANSPORT_SERVE_H
#define RESEAT_TOOLS_TRANSPORT_SERVE_H

#include "tools/trace/log.h"
#include "tools/transport/address.h"
#include "tools/transport/reader.h"

struct serve_card {
    struct reader *reader; /* the card; borrowed */
    const char *name;      /* for messages: the ICCID */
    struct address vpcd;   /* where the virtual reader listens; unless path is set */
    const char *path;      /* unix socket to listen on, or NULL */
    bool secrets;          /* PINs and keys go to the trace, too */
};

/*
 * Serve until SIGINT or SIGTERM (ERR_OK). A reader that is not there yet is tried again
 * every second, a connection that broke is made anew.
 *
 * trace: NULL, or where each exchange goes
 * errors: ERR_BUSY, ERR_RANGE (a socket path), ERR_NOMEM, ERR_IO
 */
NODISCARD enum err serve_run(const struct serve_card *cards, size_t count,
                             struct trace_writer *trace);

#endif
