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

/* Commands that have a bit of their own for some qualifiers. */
static const struct {
    uint8_t type, qualifier, byte, bit;
} qualified[] = {
    {PROACTIVE_REFRESH, 0x07, 30, 4},           /* steering of roaming, TS 31.111 5.2 */
    {PROACTIVE_LOCAL_INFORMATION, 0x02, 4, 8},  /* network measurement results */
    {PROACTIVE_LOCAL_INFORMATION, 0x03, 8, 3},  /* date and time */
    {PROACTIVE_LOCAL_INFORMATION, 0x04, 9, 4},  /* language */
    {PROACTIVE_LOCAL_INFORMATION, 0x05, 9, 5},  /* timing advance */
    {PROACTIVE_LOCAL_INFORMATION, 0x06, 9, 8},  /* access technology */
    {PROACTIVE_LOCAL_INFORMATION, 0x07, 18, 5}, /* ESN */
    {PROACTIVE_LOCAL_INFORMATION, 0x08, 18, 7}, /* IMEISV */
    {PROACTIVE_LOCAL_INFORMATION, 0x09, 18, 8}, /* search mode */
    {PROACTIVE_TIMER_MANAGEMENT, 0x02, 8, 2},   /* current value */
};

/* Events of SET UP EVENT LIST by code (TS 102 223 8.25); one may have two bits. */
static const struct {
    uint8_t code, byte, bit;
} events[] = {
    {0x00, 5, 2}, {0x01, 5, 3}, {0x02, 5, 4}, {0x03, 5, 5},  {0x04, 5, 6},  {0x05, 5, 7},
    {0x06, 5, 8}, {0x07, 6, 1}, {0x08, 6, 2}, {0x09, 6, 3},  {0x0A, 6, 4},  {0x0B, 6, 5},
    {0x0C, 6, 6}, {0x0D, 6, 7}, {0x0E, 6, 8}, {0x0F, 25, 1}, {0x12, 25, 5}, {0x12, 25, 7},
};

static bool says(const struct card *card, uint8_t byte, uint8_t bit)
{
    const struct cat *cat = card->cat;

    return byte <= cat->profile_len && (cat->profile[byte - 1] >> (bit - 1) & 1) != 0;
}

bool cat_allowed(const struct card *card, uint8_t type)
{
    for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
        if (commands[i].type == type)
            return says(card, commands[i].byte, commands[i].bit);
    }
    return false;
}

bool cat_allowed_as(const struct card *card, uint8_t type, uint8_t qualifier)
{
    for (size_t i = 0; i < ARRAY_LEN(qualified); i++) {
        if (qualified[i].type == type && qualified[i].qualifier == qualifier)
            return says(card, qualified[i].byte, qualified[i].bit);
    }
    return cat_allowed(card, type);
}

uint64_t cat_events_allowed(const struct card *card)
{
    uint64_t known = 0, there = 0;

    for (size_t i = 0; i < ARRAY_LEN(events); i++) {
        known |= 1ULL << events[i].code;
        if (says(card, events[i].byte, events[i].bit))
            there |= 1ULL << events[i].code;
    }
    return ~known | there;
}
