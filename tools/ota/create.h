/*
 * create.h - where the cards of a new campaign come from.
 */
#ifndef RESEAT_TOOLS_OTA_CREATE_H
#define RESEAT_TOOLS_OTA_CREATE_H

#include "ota/ledger/jobs.h"

/* Exactly one of them. */
struct create_source {
    const char *list, *party; /* a signed list and the directory of the party that judges it */
    bool allow_gap;
    const char *csv;  /* columns iccid, and imsi, msisdn for a change of operator */
    const char *card; /* one ICCID */
    bool all;         /* every card that is ours */
};

/*
 * Store the campaign and its jobs in one transaction, and start it if asked. Prints what is wrong;
 * returns the exit status. A signed list is judged before anything is stored, and recorded as
 * accepted when all of it is.
 */
int create_campaign(struct ledger *l, struct ledger_campaign *c, const struct create_source *source,
                    bool start);

#endif
