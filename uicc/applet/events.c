#include "uicc/applet/events.h"

#include "apdu/buf.h"

#define FREE      0x01U /* applet_set_event() takes it */
#define EXCLUSIVE 0x02U
#define ANSWERED  0x04U
#define DOWNLOAD  0x08U /* has a code of TS 102 223 8.25 */

/* One row per event, and nowhere else. */
static const struct {
    uint8_t event, code, flags;
} rows[] = {
    {APPLET_PROFILE_DOWNLOAD, 0, FREE},
    {APPLET_FORMATTED_SMS, 0, FREE | ANSWERED},
    {APPLET_FORMATTED_SMS_UPDATE, 0, FREE},
    {APPLET_UNFORMATTED_SMS, 0, FREE | ANSWERED},
    {APPLET_UNFORMATTED_SMS_UPDATE, 0, FREE},
    {APPLET_CELL_BROADCAST, 0, FREE},
    {APPLET_MENU_SELECTION, 0, 0},
    {APPLET_MENU_HELP, 0, 0},
    {APPLET_CALL_CONTROL, 0, FREE | EXCLUSIVE | ANSWERED},
    {APPLET_MO_SMS_CONTROL, 0, FREE | EXCLUSIVE | ANSWERED},
    {APPLET_TIMER_EXPIRATION, 0, 0},
    {APPLET_STATUS_COMMAND, 0, FREE},
    {APPLET_USSD, 0, FREE | ANSWERED},
    {APPLET_HANDLER_AVAILABLE, 0, FREE},
    {APPLET_FIRST_COMMAND, 0, FREE},
    {APPLET_AUTHENTICATED, 0, FREE},
    {APPLET_UNRECOGNIZED_ENVELOPE, 0, FREE | ANSWERED},
    {APPLET_MT_CALL, 0x00, FREE | DOWNLOAD},
    {APPLET_CALL_CONNECTED, 0x01, FREE | DOWNLOAD},
    {APPLET_CALL_DISCONNECTED, 0x02, FREE | DOWNLOAD},
    {APPLET_LOCATION_STATUS, 0x03, FREE | DOWNLOAD},
    {APPLET_USER_ACTIVITY, 0x04, FREE | DOWNLOAD},
    {APPLET_IDLE_SCREEN, 0x05, FREE | DOWNLOAD},
    {APPLET_CARD_READER, 0x06, FREE | DOWNLOAD},
    {APPLET_LANGUAGE_SELECTION, 0x07, FREE | DOWNLOAD},
    {APPLET_BROWSER_TERMINATION, 0x08, FREE | DOWNLOAD},
    {APPLET_DATA_AVAILABLE, 0x09, FREE | DOWNLOAD},
    {APPLET_CHANNEL_STATUS, 0x0A, FREE | DOWNLOAD},
    {APPLET_ACCESS_TECHNOLOGY, 0x0B, FREE | DOWNLOAD},
    {APPLET_DISPLAY_PARAMETERS, 0x0C, FREE | DOWNLOAD},
    {APPLET_LOCAL_CONNECTION, 0x0D, FREE | DOWNLOAD},
    {APPLET_SEARCH_MODE, 0x0E, FREE | DOWNLOAD},
    {APPLET_BROWSING_STATUS, 0x0F, FREE | DOWNLOAD},
    {APPLET_NETWORK_REJECTION, 0x12, FREE | DOWNLOAD},
    {APPLET_CSG_CELL, 0x15, FREE | DOWNLOAD},
    {APPLET_IMS_REGISTRATION, 0x17, FREE | DOWNLOAD},
    {APPLET_IMS_DATA, 0x18, FREE | DOWNLOAD},
    {APPLET_DATA_CONNECTION, 0x1D, FREE | DOWNLOAD},
};

static unsigned flags_of(uint8_t event)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (rows[i].event == event)
            return rows[i].flags;
    }
    return 0;
}

uint8_t applet_event_of_code(uint8_t code)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if ((rows[i].flags & DOWNLOAD) != 0 && rows[i].code == code)
            return rows[i].event;
    }
    return APPLET_NO_EVENT;
}

uint64_t applet_event_codes(const struct applet_events *set)
{
    uint64_t codes = 0;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if ((rows[i].flags & DOWNLOAD) != 0 && applet_events_has(set, rows[i].event))
            codes |= 1ULL << rows[i].code;
    }
    return codes;
}

_Static_assert(ARRAY_LEN(rows) <= 64, "a mask has a bit for each");

uint64_t applet_event_mask(const struct applet_events *set)
{
    uint64_t mask = 0;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (applet_events_has(set, rows[i].event))
            mask |= 1ULL << i;
    }
    return mask;
}

uint64_t applet_event_bit(uint8_t event)
{
    struct applet_events set = {{0}};

    applet_events_put(&set, event, true);
    return applet_event_mask(&set);
}

bool applet_event_is_free(uint8_t event)
{
    return (flags_of(event) & FREE) != 0;
}

bool applet_event_is_exclusive(uint8_t event)
{
    return (flags_of(event) & EXCLUSIVE) != 0;
}

bool applet_event_has_answer(uint8_t event)
{
    return (flags_of(event) & ANSWERED) != 0;
}
