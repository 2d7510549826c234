/*
 * report.h - how a campaign went, card by card.
 */
#ifndef RESEAT_TOOLS_OTA_REPORT_H
#define RESEAT_TOOLS_OTA_REPORT_H

#include "ota/ledger/jobs.h"

enum report_format { REPORT_TABLE, REPORT_CSV, REPORT_JSON };

/* To standard output. */
NODISCARD enum err report_print(struct ledger *l, const struct ledger_campaign *c,
                                enum report_format format);

/* "proved 98, failed 2": the states that occur. */
void report_counts_text(const struct ledger_counts *n, char *out, size_t cap);
/* Every job proved (or seen in the new network). */
bool report_is_success(const struct ledger_counts *n);
/* No job can move any more without somebody's doing. */
bool report_is_over(const struct ledger_campaign *c, const struct ledger_counts *n);

/*
 * Follow a campaign until it is over, is paused, or time is up (timeout_s 0: never): a progress
 * bar on a terminal, plain lines elsewhere. Returns the exit status: CLI_OK only when all are
 * proved.
 */
int report_watch(struct ledger *l, const struct ledger_campaign *c, uint64_t timeout_s);

#endif
