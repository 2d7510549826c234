/*
 *            LOAD              TRY              CONFIRM
 *   EMPTY ---------> SPARE ---------> TRIAL -----------------+
 *     |                                 |                    |
 *     | FIRST                           | DROP               |
 *     +-------------> ACTIVE <---------------------+---------+
 *                       |               |          |
 *                       | STEP_BACK     |          | RESTORE
 *                       v               |          |
 *                     FALLBACK ---------|----------+
 *                       |               |
 *                       | RETIRE        |
 *                       +-------------> RETIRED (keys wiped, for good)
 *
 * A change is TRY of the new slot and STEP_BACK of the old one in one commit; it ends
 * with CONFIRM and RETIRE, or with DROP and RESTORE, again in one commit each.
 */
#include "uicc/slot/slot.h"

static const struct slot_row rows[] = {
    {SLOT_EMPTY, SLOT_LOAD, SLOT_SPARE},        {SLOT_EMPTY, SLOT_FIRST, SLOT_ACTIVE},
    {SLOT_SPARE, SLOT_TRY, SLOT_TRIAL},         {SLOT_ACTIVE, SLOT_STEP_BACK, SLOT_FALLBACK},
    {SLOT_TRIAL, SLOT_CONFIRM, SLOT_ACTIVE},    {SLOT_FALLBACK, SLOT_RETIRE, SLOT_RETIRED},
    {SLOT_FALLBACK, SLOT_RESTORE, SLOT_ACTIVE}, {SLOT_TRIAL, SLOT_DROP, SLOT_RETIRED},
};

enum err slot_next_state(enum slot_state from, enum slot_event event, enum slot_state *to)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (rows[i].from == from && rows[i].event == event) {
            *to = rows[i].to;
            return ERR_OK;
        }
    }
    return ERR_CONDITIONS;
}

const struct slot_row *slot_row(size_t n)
{
    return n < ARRAY_LEN(rows) ? &rows[n] : NULL;
}

const char *slot_state_text(enum slot_state state)
{
    static const char *const texts[] = {
        [SLOT_EMPTY] = "empty", [SLOT_SPARE] = "spare",       [SLOT_ACTIVE] = "active",
        [SLOT_TRIAL] = "trial", [SLOT_FALLBACK] = "fallback", [SLOT_RETIRED] = "retired",
    };

    return texts[state];
}

const char *slot_event_text(enum slot_event event)
{
    static const char *const texts[] = {
        [SLOT_LOAD] = "LOAD",           [SLOT_FIRST] = "FIRST",     [SLOT_TRY] = "TRY",
        [SLOT_STEP_BACK] = "STEP BACK", [SLOT_CONFIRM] = "CONFIRM", [SLOT_RETIRE] = "RETIRE",
        [SLOT_RESTORE] = "RESTORE",     [SLOT_DROP] = "DROP",
    };

    return texts[event];
}
