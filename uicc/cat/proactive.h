/*
 * proactive.h - the bodies of proactive commands (TS 102 223 6.6), ready for cat_queue() or an
 * applet's applet_send().
 *
 *     struct cat_command c;
 *     cat_get_input(&c, CAT_INPUT_DIGITS, "PIN of the meter", 4, 8);
 *     e = cat_command_queue(card, &c, done);
 *
 * A text is UTF-8; it travels as 8-bit bytes of the default alphabet when that can say it, else
 * as UCS2. What does not fit, or is no text, fails at the end: ERR_SPACE or ERR_FORMAT from
 * cat_command_queue() and cat_command_body().
 */
#ifndef RESEAT_UICC_CAT_PROACTIVE_H
#define RESEAT_UICC_CAT_PROACTIVE_H

#include "apdu/sms.h"
#include "uicc/cat/cat.h"

struct cat_command {
    uint8_t type, qualifier, destination;
    enum err error; /* the first one */
    size_t len;
    uint8_t bytes[CAT_COMMAND_MAX];
};

/* The TLVs behind details and devices. */
NODISCARD enum err cat_command_body(const struct cat_command *c, struct rd *body);
NODISCARD enum err cat_command_queue(struct card *card, const struct cat_command *c,
                                     cat_done *done);

/* Units of a duration, TS 102 223 8.8. */
enum cat_unit { CAT_MINUTES = 0, CAT_SECONDS = 1, CAT_TENTHS = 2 };

/* --- the user --- */
#define CAT_TEXT_HIGH_PRIORITY 0x01
#define CAT_TEXT_WAIT          0x80 /* until the user has seen it */
void cat_display_text(struct cat_command *c, uint8_t qualifier, const char *text);
#define CAT_INPUT_DIGITS 0x00
#define CAT_INPUT_TEXT   0x01
#define CAT_INPUT_HIDDEN 0x04
#define CAT_INPUT_YES_NO 0x04 /* of GET INKEY */
void cat_get_inkey(struct cat_command *c, uint8_t qualifier, const char *text);
void cat_get_input(struct cat_command *c, uint8_t qualifier, const char *text, uint8_t min,
                   uint8_t max);
/* Items one by one behind SET UP MENU and SELECT ITEM; id 1 to 255. */
void cat_set_up_menu(struct cat_command *c, const char *title);
void cat_select_item(struct cat_command *c, const char *title);
void cat_add_item(struct cat_command *c, uint8_t id, const char *text);
void cat_play_tone(struct cat_command *c, uint8_t tone, enum cat_unit unit, uint8_t duration);
void cat_idle_mode_text(struct cat_command *c, const char *text);
void cat_launch_browser(struct cat_command *c, const char *url);

/* --- the network --- */
void cat_set_up_call(struct cat_command *c, const struct sms_address *number);
void cat_send_ss(struct cat_command *c, struct rd ss_string);
void cat_send_ussd(struct cat_command *c, uint8_t dcs, struct rd string);
void cat_send_dtmf(struct cat_command *c, struct rd dtmf);
/* sca: NULL for the one in EF.SMSP. */
void cat_send_short_message(struct cat_command *c, const struct sms_address *sca, struct rd tpdu);

/* --- the terminal --- */
void cat_more_time(struct cat_command *c);
void cat_poll_interval(struct cat_command *c, enum cat_unit unit, uint8_t interval);
void cat_polling_off(struct cat_command *c);
/* events: a bit per code of TS 102 223 8.25 */
void cat_set_up_event_list(struct cat_command *c, uint64_t events);
/* what: qualifier of TS 102 223 8.6, 00 location to 11 */
void cat_local_information(struct cat_command *c, uint8_t what);
void cat_timer_start(struct cat_command *c, uint8_t timer, uint32_t seconds);
void cat_timer_stop(struct cat_command *c, uint8_t timer);
void cat_timer_value(struct cat_command *c, uint8_t timer);
void cat_language_notification(struct cat_command *c, const char *language); /* "en"; NULL: none */
void cat_run_at_command(struct cat_command *c, const char *at);

/* --- the bearer independent protocol, TS 102 223 6.6.27 to 6.6.31 --- */
enum cat_transport { CAT_UDP_CLIENT = 1, CAT_TCP_CLIENT = 2 };
struct cat_link {
    enum cat_transport transport;
    uint8_t address[16];
    uint8_t address_len; /* 4 or 16 */
    uint16_t port;
    uint16_t buffer;
    const char *network; /* access point name, NULL: the default bearer's */
};
#define CAT_LINK_IMMEDIATE 0x01
void cat_open_channel(struct cat_command *c, uint8_t qualifier, const struct cat_link *link);
/* channel: 1 to 7 */
void cat_close_channel(struct cat_command *c, uint8_t channel);
void cat_receive_data(struct cat_command *c, uint8_t channel, uint8_t count);
#define CAT_SEND_NOW 0x01 /* not only store */
void cat_send_data(struct cat_command *c, uint8_t channel, uint8_t qualifier, struct rd data);
void cat_channel_status(struct cat_command *c);

#endif
