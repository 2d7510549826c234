#include "uicc/cat/session.h"

/*
 * Which bit of TERMINAL PROFILE stands for which proactive command
 * (TS 102 223 5.2); byte and bit from 1.
 */
static const struct {
    uint8_t type, byte, bit;
} commands[] = {
    {PROACTIVE_REFRESH, 3, 8},
    {PROACTIVE_MORE_TIME, 3, 4},
    {PROACTIVE_POLL_INTERVAL, 3, 6},
    {PROACTIVE_POLLING_OFF, 3, 7},
    {PROACTIVE_SET_UP_EVENT_LIST, 5, 1},
    {PROACTIVE_SET_UP_CALL, 4, 5},
    {PROACTIVE_SEND_SS, 4, 3},
    {PROACTIVE_SEND_USSD, 4, 4},
    {PROACTIVE_SEND_SHORT_MESSAGE, 4, 2},
    {PROACTIVE_SEND_DTMF, 9, 2},
    {PROACTIVE_LAUNCH_BROWSER, 9, 7},
    {PROACTIVE_PLAY_TONE, 3, 5},
    {PROACTIVE_DISPLAY_TEXT, 3, 1},
    {PROACTIVE_GET_INKEY, 3, 2},
    {PROACTIVE_GET_INPUT, 3, 3},
    {PROACTIVE_SELECT_ITEM, 4, 1},
    {PROACTIVE_SET_UP_MENU, 4, 6},
    {PROACTIVE_LOCAL_INFORMATION, 4, 7},
    {PROACTIVE_TIMER_MANAGEMENT, 8, 1},
    {PROACTIVE_IDLE_MODE_TEXT, 8, 5},
    {PROACTIVE_RUN_AT_COMMAND, 8, 6},
    {PROACTIVE_LANGUAGE_NOTIFICATION, 9, 6},
    {PROACTIVE_OPEN_CHANNEL, 12, 1},
    {PROACTIVE_CLOSE_CHANNEL, 12, 2},
    {PROACTIVE_RECEIVE_DATA, 12, 3},
    {PROACTIVE_SEND_DATA, 12, 4},
    {PROACTIVE_CHANNEL_STATUS, 12, 5},
};

bool cat_allowed(const struct card *card, uint8_t type)
{
    const struct cat *cat = card->cat;

    for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
        if (commands[i].type == type)
            return commands[i].byte <= cat->profile_len &&
                   (cat->profile[commands[i].byte - 1] >> (commands[i].bit - 1) & 1) != 0;
    }
    return false;
}
