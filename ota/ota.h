/*
 * ota.h - the OTA server as a whole: ledger, engine and the link to the SMS centre on
 * one loop.
 */
#ifndef RESEAT_OTA_OTA_H
#define RESEAT_OTA_OTA_H

#include "ota/campaign/campaign.h"
#include "ota/core/config.h"

struct ota;

/*
 * in:     config   kept; smpp.password is the password itself
 *         ledger   serving; kept, not closed
 *         log      kept
 * errors: those of campaign_new() and smpp_session_new()
 */
NODISCARD enum err ota_new(const struct config *config, struct ledger *ledger,
                           const struct log *log, struct ota **out);
void ota_free(struct ota **o);

/*
 * Serve until SIGTERM or SIGINT, then let what is on its way leave, unbind, and return.
 * ready (may be NULL) is called once the loop runs.
 * errors: ERR_DENIED, ERR_EXISTS  as campaign_step(): the ledger is no longer ours to serve
 *         ERR_IO                  the loop cannot wait
 */
NODISCARD enum err ota_run(struct ota *o, void (*ready)(void));

#endif
