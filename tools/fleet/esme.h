/*
 * esme.h - the SMPP side of the fleet's SMS centre: it listens, takes binds and
 * submit_sm, and keeps what is meant for an ESME until that has acknowledged it.
 */
#ifndef RESEAT_TOOLS_FLEET_ESME_H
#define RESEAT_TOOLS_FLEET_ESME_H

#include "ota/smpp/pdu.h"
#include "tools/transport/address.h"

#include <poll.h>

#define ESME_ACCOUNTS_MAX 8
#define ESME_SESSIONS_MAX 16
#define ESME_QUEUE_MAX    200000 /* messages kept for an account that is away */

/* Who may bind. */
struct esme_account {
    char system_id[16];
    char password[9];
};

/*
 * A submit_sm arrived from the account with that index. Returns the command_status of the
 * response; for SMPP_ROK also the message id.
 */
typedef uint32_t esme_submit(void *context, unsigned account, const struct smpp_pdu *pdu,
                             uint64_t *message_id);

struct esme_server;

/* address: port 0 takes a free one, written back. No accounts: everybody may bind. */
NODISCARD enum err esme_open(struct address *address, const struct esme_account *accounts,
                             size_t account_count, esme_submit *submit, void *context,
                             struct esme_server **out);
void esme_close(struct esme_server **s);

/* File descriptors to poll, at most ESME_SESSIONS_MAX + 1; then what poll said of the same ones. */
size_t esme_poll_set(const struct esme_server *s, struct pollfd *fds);
void esme_poll_done(struct esme_server *s, const struct pollfd *fds, size_t count);

/* Queue a deliver_sm (message or receipt) for an account; sent when it is bound. ERR_SPACE,
 * ERR_NOMEM. */
NODISCARD enum err esme_deliver(struct esme_server *s, unsigned account,
                                const struct smpp_pdu *pdu);

size_t esme_sessions(const struct esme_server *s);

#endif
