/*
 * fleet.h - `uicc fleet`: a mobile network in one process. Cards in handsets, an SMS
 * centre on SMPP, the authentication centres of some operators, faults on purpose.
 */
#ifndef RESEAT_TOOLS_FLEET_FLEET_H
#define RESEAT_TOOLS_FLEET_FLEET_H

#include "tools/fleet/smsc.h"

struct fleet_options {
    char **cards; /* paths of card files */
    size_t card_count;
    struct {
        char name[32], plmn[7];
        const char *hlr;
    } networks[NETWORKS_MAX];
    size_t network_count;
    struct address smpp;
    struct esme_account accounts[ESME_ACCOUNTS_MAX];
    size_t account_count;
    struct faults faults;
    unsigned search_ms; /* how often a handset without network tries again */
    unsigned poll_s;    /* STATUS interval */
    bool reports, verbose;
    const char *control; /* unix socket for `uicc fleet ask` */
};

struct fleet {
    const struct fleet_options *options;
    struct crypto *crypto;
    struct networks *networks;
    struct host *host;
    struct host_card **cards;
    struct handset *handsets;
    struct handset_world world;
    struct timers timers;
    struct faults faults;
    struct smsc *smsc;
    struct esme_server *server;
    struct address smpp; /* as bound */
};

/* Open everything, power every handset. Says on error what failed; exit status. */
int fleet_open(struct fleet *f, const struct fleet_options *o);
void fleet_close(struct fleet *f);

/* The `uicc fleet` sub-command. */
int fleet_main(int argc, char **argv);

#endif
