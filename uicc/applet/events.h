/*
 * events.h - what an applet can be triggered by, numbered as uicc.toolkit.ToolkitConstants
 * (TS 102 241 annex A) and uicc.usim.toolkit.ToolkitConstants (TS 31.130) number it; negative
 * numbers of a Java short are their last byte here.
 */
#ifndef RESEAT_UICC_APPLET_EVENTS_H
#define RESEAT_UICC_APPLET_EVENTS_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum applet_event {
    APPLET_PROFILE_DOWNLOAD = 1,
    APPLET_FORMATTED_SMS = 2,          /* ENVELOPE: a secured packet to one of its TARs */
    APPLET_FORMATTED_SMS_UPDATE = 3,   /* the same, written into EF.SMS by the terminal */
    APPLET_UNFORMATTED_SMS = 4,        /* ENVELOPE: any other short message */
    APPLET_UNFORMATTED_SMS_UPDATE = 5, /* the same, written into EF.SMS by the terminal */
    APPLET_CELL_BROADCAST = 6,
    APPLET_MENU_SELECTION = 7,
    APPLET_MENU_HELP = 8,
    APPLET_CALL_CONTROL = 9, /* calls, supplementary services, USSD */
    APPLET_MO_SMS_CONTROL = 10,
    APPLET_TIMER_EXPIRATION = 11,
    APPLET_MT_CALL = 12,
    APPLET_CALL_CONNECTED = 13,
    APPLET_CALL_DISCONNECTED = 14,
    APPLET_LOCATION_STATUS = 15,
    APPLET_USER_ACTIVITY = 16,
    APPLET_IDLE_SCREEN = 17,
    APPLET_CARD_READER = 18,
    APPLET_STATUS_COMMAND = 19,
    APPLET_LANGUAGE_SELECTION = 20,
    APPLET_BROWSER_TERMINATION = 21,
    APPLET_DATA_AVAILABLE = 22, /* to the owner of the channel */
    APPLET_CHANNEL_STATUS = 23, /* to the owner of the channel */
    APPLET_ACCESS_TECHNOLOGY = 25,
    APPLET_DISPLAY_PARAMETERS = 26,
    APPLET_LOCAL_CONNECTION = 27, /* to the owner of the service */
    APPLET_SEARCH_MODE = 28,
    APPLET_BROWSING_STATUS = 29,
    APPLET_NETWORK_REJECTION = 31,
    APPLET_CSG_CELL = 33,
    APPLET_DATA_CONNECTION = 37,
    APPLET_IMS_REGISTRATION = 119,
    APPLET_IMS_DATA = 120,
    APPLET_USSD = 122,              /* ENVELOPE: USSD data, not formatted */
    APPLET_HANDLER_AVAILABLE = 123, /* once: nobody else has the terminal */
    APPLET_FIRST_COMMAND = 127,     /* after the answer to reset */
    /* Ours, of the range that is left to the platform. */
    APPLET_AUTHENTICATED = 0xFE, /* AUTHENTICATE in a 3G context succeeded */
    APPLET_UNRECOGNIZED_ENVELOPE = 0xFF,
};

#define APPLET_NO_EVENT 0

/* A set of events. */
struct applet_events {
    uint8_t bits[32];
};

static inline bool applet_events_has(const struct applet_events *set, uint8_t event)
{
    return (set->bits[event >> 3] >> (event & 7) & 1) != 0;
}

static inline void applet_events_put(struct applet_events *set, uint8_t event, bool in)
{
    uint8_t bit = (uint8_t)(1U << (event & 7));

    set->bits[event >> 3] =
        (uint8_t)(in ? set->bits[event >> 3] | bit : set->bits[event >> 3] & ~bit);
}

/* --- events.c --- */

/* Event of a code of TS 102 223 8.25; APPLET_NO_EVENT for one that no applet hears of. */
uint8_t applet_event_of_code(uint8_t code);
/* The reverse: codes that these events stand for, a bit each. */
uint64_t applet_event_codes(const struct applet_events *set);

/* The same as a mask of the events that there are, and one of them in it; 0 for no event. */
uint64_t applet_event_mask(const struct applet_events *set);
uint64_t applet_event_bit(uint8_t event);

/* May an instance ask for it by itself? Menu and timer events come with what they need. */
bool applet_event_is_free(uint8_t event);
/* Only one instance at a time: two answers could contradict each other (TS 102 241 4.3). */
bool applet_event_is_exclusive(uint8_t event);
/* May it be answered by applet_post()? */
bool applet_event_has_answer(uint8_t event);

#endif
