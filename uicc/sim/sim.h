/*
 * sim.h - SIM mode: class A0 for terminals that know TS 51.011 only.
 *
 * The same tree, the same PINs (CHV1 is PIN1, CHV2 is PIN2), the same rules; the
 * commands of the UICC do the work, and this room translates.
 */
#ifndef RESEAT_UICC_SIM_SIM_H
#define RESEAT_UICC_SIM_SIM_H

#include "uicc/core/card.h"

cmd_handler sim_cmd_select, sim_cmd_status;
cmd_handler sim_cmd_read_binary, sim_cmd_update_binary;
cmd_handler sim_cmd_read_record, sim_cmd_update_record, sim_cmd_seek, sim_cmd_increase;
cmd_handler sim_cmd_chv, sim_cmd_invalidate, sim_cmd_rehabilitate;
cmd_handler sim_cmd_run_gsm, sim_cmd_sleep;

/* What TS 51.011 9.4 calls a status word of the UICC. */
sw_t sim_status(const struct apdu *cmd, sw_t sw);

/* Answer to SELECT and STATUS (TS 51.011 9.2.1). */
void sim_describe(const struct card *card, uint16_t node, struct wr *w);

#endif
