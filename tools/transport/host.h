/*
 * host.h - a card file, put together and held by this process: the world that
 * uicc.h asks for (file, clock, randomness, log).
 */
#ifndef RESEAT_TOOLS_TRANSPORT_HOST_H
#define RESEAT_TOOLS_TRANSPORT_HOST_H

#include "tools/transport/reader.h"
#include "uicc/uicc.h"

/* Engine and memory for up to card_count cards of one thread. */
struct host;
NODISCARD enum err host_new(size_t card_count, struct host **out);
void host_free(struct host **h);

/* One card of the host. */
struct host_card;

/*
 * Open a card file; verbose sends the card's log lines to standard error.
 * errors: as nvm_file_open() and uicc_create()
 */
NODISCARD enum err host_open(struct host *h, const char *path, bool verbose,
                             struct host_card **out);
/* What to tell people about an error of host_open(). */
const char *host_open_text(enum err e);
void host_close(struct host_card **c);

struct card *host_card(struct host_card *c);

/* The card as a terminal sees it; borrows c, needs no closing. */
void host_card_reader(struct host_card *c, struct reader *out);

#endif
