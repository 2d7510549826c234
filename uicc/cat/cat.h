/*
 * cat.h - the proactive session (TS 102 223): what the card wants of the terminal.
 *
 * Commands wait in a queue; one at a time is announced (91XX), fetched, and ended
 * by its TERMINAL RESPONSE. Nothing is announced before TERMINAL PROFILE, and
 * nothing that the profile does not allow.
 */
#ifndef RESEAT_UICC_CAT_CAT_H
#define RESEAT_UICC_CAT_CAT_H

#include "uicc/core/card.h"

#define CAT_COMMAND_MAX 255
#define CAT_QUEUE_MAX   8

/* Proactive commands, TS 102 223 9.4. */
enum cat_type {
    CAT_REFRESH = 0x01,
    CAT_MORE_TIME = 0x02,
    CAT_POLL_INTERVAL = 0x03,
    CAT_POLLING_OFF = 0x04,
    CAT_SET_UP_EVENT_LIST = 0x05,
    CAT_SET_UP_CALL = 0x10,
    CAT_SEND_SS = 0x11,
    CAT_SEND_USSD = 0x12,
    CAT_SEND_SHORT_MESSAGE = 0x13,
    CAT_SEND_DTMF = 0x14,
    CAT_LAUNCH_BROWSER = 0x15,
    CAT_PLAY_TONE = 0x20,
    CAT_DISPLAY_TEXT = 0x21,
    CAT_GET_INKEY = 0x22,
    CAT_GET_INPUT = 0x23,
    CAT_SELECT_ITEM = 0x24,
    CAT_SET_UP_MENU = 0x25,
    CAT_LOCAL_INFORMATION = 0x26,
    CAT_TIMER_MANAGEMENT = 0x27,
    CAT_IDLE_MODE_TEXT = 0x28,
    CAT_RUN_AT_COMMAND = 0x34,
    CAT_LANGUAGE_NOTIFICATION = 0x35,
    CAT_OPEN_CHANNEL = 0x40,
    CAT_CLOSE_CHANNEL = 0x41,
    CAT_RECEIVE_DATA = 0x42,
    CAT_SEND_DATA = 0x43,
    CAT_CHANNEL_STATUS = 0x44,
};

/* Events that the card itself listens to, TS 102 223 8.25. */
#define CAT_EVENT_LOCATION_STATUS   0x03
#define CAT_EVENT_NETWORK_REJECTION 0x12

/* General results, TS 102 223 8.12: below 10 done, 1X ended by the user, 2X may be tried again
 * later, 3X not. */
#define CAT_RESULT_DONE_MAX       0x0F
#define CAT_RESULT_RETRY_MIN      0x20
#define CAT_RESULT_RETRY_MAX      0x2F
#define CAT_RESULT_VALUES_MISSING 0x36

/* How the owner of a proactive command hears of its end. result: general result byte of the
 * TERMINAL RESPONSE; response: all its TLVs. */
typedef void cat_done(struct card *card, uint8_t command_type, uint8_t result, struct rd response);

NODISCARD enum err cat_open(struct card *card); /* at uicc_create */
void cat_close(struct card *card);
void cat_reset(struct card *card); /* volatile session gone */

/*
 * Queue one proactive command: details (number is given by the session), device identities and
 * the TLVs in body.
 * errors: ERR_SPACE (queue full, or command above 255 bytes), ERR_UNSUPPORTED (the terminal
 *         profile does not allow it), ERR_CONDITIONS (no TERMINAL PROFILE yet)
 */
NODISCARD enum err cat_queue(struct card *card, uint8_t type, uint8_t qualifier,
                             uint8_t destination, struct rd body, cat_done *done);

/* Length of the command that 91XX should announce now; 0 when there is none. */
size_t cat_pending(const struct card *card);

/* May the terminal do this proactive command? */
bool cat_allowed(const struct card *card, uint8_t type);

bool cat_profile_received(const struct card *card);

/* A command waits or is being executed, or a UICC reset was asked for and has not come yet. */
bool cat_busy(const struct card *card);

#endif
