/*
 * fsm.h - the states of one card in one campaign, as a table.
 *
 *                 SEND              DELIVERED
 *   planned ------------> sent ---------------> delivered
 *    ^  |                  | |  <-----SEND-------  |
 *    |  +-CANCEL-> failed  | |                     |
 *    +----NOT_DONE---------+ +--------+------------+
 *                                     |
 *          PROOF --> proved --ATTACH--> attached
 *          REFUSAL > failed
 *          REVERT -> undone           (from proved, too)
 *          SILENCE > unknown          (a late proof still counts: unknown takes all four)
 *
 * proved, failed and undone come from authenticated proofs alone; failed also where nothing
 * ever left us.
 */
#ifndef RESEAT_OTA_CAMPAIGN_FSM_H
#define RESEAT_OTA_CAMPAIGN_FSM_H

#include "ota/ledger/jobs.h"

enum campaign_event {
    CAMPAIGN_SEND,      /* a packet leaves, for the first time or again */
    CAMPAIGN_DELIVERED, /* the SMS centre says that the card's handset has it */
    CAMPAIGN_PROOF,     /* the card proved that the command was carried out */
    CAMPAIGN_REFUSAL,   /* the card proved that it was not, and will not be */
    CAMPAIGN_NOT_DONE,  /* the card proved that the command never reached it */
    CAMPAIGN_REVERT,    /* the card proved that it returned to what was before */
    CAMPAIGN_SILENCE,   /* all tries are used up without a proof */
    CAMPAIGN_CANCEL,    /* given up before anything left */
    CAMPAIGN_ATTACH,    /* the new operator has seen the card */
    CAMPAIGN_EVENTS
};

/* errors: ERR_CONDITIONS  the event cannot happen in this state */
NODISCARD enum err campaign_fsm_next(enum ledger_job_state state, enum campaign_event event,
                                     enum ledger_job_state *next);

/* No packet will be sent for it any more. */
bool campaign_fsm_is_final(enum ledger_job_state state);

#endif
