#include "ota/campaign/fsm.h"

/* Cells hold state + 1; 0: the event cannot happen there. */
#define TO(state) (LEDGER_##state + 1)

static const uint8_t table[LEDGER_JOB_STATES][CAMPAIGN_EVENTS] = {
    [LEDGER_PLANNED] =
        {
            [CAMPAIGN_SEND] = TO(SENT),
            [CAMPAIGN_PROOF] = TO(PROVED), /* late, while a new try was planned */
            [CAMPAIGN_REFUSAL] = TO(FAILED),
            [CAMPAIGN_REVERT] = TO(UNDONE),
            [CAMPAIGN_CANCEL] = TO(FAILED),
        },
    [LEDGER_SENT] =
        {
            [CAMPAIGN_SEND] = TO(SENT),
            [CAMPAIGN_DELIVERED] = TO(DELIVERED),
            [CAMPAIGN_PROOF] = TO(PROVED),
            [CAMPAIGN_REFUSAL] = TO(FAILED),
            [CAMPAIGN_NOT_DONE] = TO(PLANNED),
            [CAMPAIGN_REVERT] = TO(UNDONE),
            [CAMPAIGN_SILENCE] = TO(UNKNOWN),
            [CAMPAIGN_CANCEL] = TO(FAILED), /* the SMS centre took none of it */
        },
    [LEDGER_DELIVERED] =
        {
            [CAMPAIGN_SEND] = TO(SENT),
            [CAMPAIGN_DELIVERED] = TO(DELIVERED),
            [CAMPAIGN_PROOF] = TO(PROVED),
            [CAMPAIGN_REFUSAL] = TO(FAILED),
            [CAMPAIGN_NOT_DONE] = TO(PLANNED),
            [CAMPAIGN_REVERT] = TO(UNDONE),
            [CAMPAIGN_SILENCE] = TO(UNKNOWN),
        },
    [LEDGER_PROVED] =
        {
            [CAMPAIGN_REVERT] = TO(UNDONE),
            [CAMPAIGN_ATTACH] = TO(ATTACHED),
        },
    [LEDGER_UNKNOWN] =
        {
            [CAMPAIGN_PROOF] = TO(PROVED),
            [CAMPAIGN_REFUSAL] = TO(FAILED),
            [CAMPAIGN_NOT_DONE] = TO(FAILED),
            [CAMPAIGN_REVERT] = TO(UNDONE),
            [CAMPAIGN_ATTACH] = TO(ATTACHED),
        },
};

enum err campaign_fsm_next(enum ledger_job_state state, enum campaign_event event,
                           enum ledger_job_state *next)
{
    uint8_t cell = 0;

    if ((size_t)state < LEDGER_JOB_STATES && (size_t)event < CAMPAIGN_EVENTS)
        cell = table[state][event];
    if (cell == 0)
        return ERR_CONDITIONS;
    *next = (enum ledger_job_state)(cell - 1);
    return ERR_OK;
}

bool campaign_fsm_is_final(enum ledger_job_state state)
{
    return state != LEDGER_PLANNED && state != LEDGER_SENT && state != LEDGER_DELIVERED;
}
