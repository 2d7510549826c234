/*
 * subscriber.h - a card that comes into an operator's service, and the places it is entered in:
 * HLR, ledger of the OTA server, table of cards.
 */
#ifndef RESEAT_TOOLS_OPCHANGE_SUBSCRIBER_H
#define RESEAT_TOOLS_OPCHANGE_SUBSCRIBER_H

#include "ota/hlr/hlr.h"
#include "ota/ledger/ledger.h"
#include "ota/vault/vault.h"

struct opchange_subscriber {
    char imsi[IMSI_DIGITS_MAX + 1];
    char msisdn[NUMBER_DIGITS_MAX + 1];
    uint64_t sqn, counter;  /* last ones used with these keys */
    struct vault_pair keys; /* with ICCID and index */
};
#define OPCHANGE_SUBSCRIBER_WIPED __attribute__((cleanup(opchange_subscriber_wipe)))
void opchange_subscriber_wipe(struct opchange_subscriber *s);

struct csv;
/* From the current row of a table with the columns of uicc make. ERR_FORMAT, ERR_RANGE. */
NODISCARD enum err opchange_subscriber_read(const struct csv *table, struct opchange_subscriber *s);
/* Such a row, with its line end; columns that only the manufacturer knows stay empty. */
NODISCARD enum err opchange_subscriber_write(const struct opchange_subscriber *s, struct wr *w);
#define OPCHANGE_SUBSCRIBER_ROW_MAX 768
extern const char opchange_subscriber_head[]; /* the header line, with its end */

/* Enter into an HLR; within the caller's transaction. */
NODISCARD enum err opchange_subscriber_activate(struct hlr *h, const struct opchange_subscriber *s);
/* Enter into a ledger; one that is there already, with the same index, is no error. */
NODISCARD enum err opchange_subscriber_own(struct ledger *l, const struct opchange_subscriber *s);

#endif
