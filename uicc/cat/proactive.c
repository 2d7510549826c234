#include "uicc/cat/proactive.h"

#include "apdu/bcd.h"
#include "apdu/ctlv.h"
#include "apdu/text.h"

#include <string.h>

/* Objects that ids.h does not name because only these commands have them (TS 102 223 9.3). */
#define TAG_SS_STRING     0x09
#define TAG_TONE          0x0E
#define TAG_AT_COMMAND    0x28
#define TAG_DTMF          0x2C
#define TAG_URL           0x31
#define TAG_BEARER        0x35
#define TAG_CHANNEL_DATA  0x36
#define TAG_DATA_LENGTH   0x37
#define TAG_BUFFER_SIZE   0x39
#define TAG_TRANSPORT     0x3C
#define TAG_OTHER_ADDRESS 0x3E
#define TAG_NETWORK_NAME  0x47

#define COMPREHENSION  0x80
#define DCS_8BIT       0x04
#define DCS_UCS2       0x08
#define BEARER_DEFAULT 0x03
#define ADDRESS_IPV4   0x21
#define ADDRESS_IPV6   0x57
#define CHANNEL_BASE   0x20 /* device identities 21 to 27 */
#define TIMER_START    0x00
#define TIMER_STOP     0x01
#define TIMER_VALUE    0x02
#define EVENTS_MAX     64
#define HOURS_MAX      24

/* --- framework --- */

/* Every command, by type: who it is for. TS 102 223 6.6. */
static void begin(struct cat_command *c, uint8_t type, uint8_t qualifier, uint8_t destination)
{
    c->type = type;
    c->qualifier = qualifier;
    c->destination = destination;
    c->error = ERR_OK;
    c->len = 0;
}

static void fail(struct cat_command *c, enum err e)
{
    if (c->error == ERR_OK)
        c->error = e;
}

static void add(struct cat_command *c, uint16_t tag, struct rd value)
{
    struct wr w = {c->bytes, c->len, sizeof c->bytes, false};

    ctlv_write(&w, tag, value);
    if (wr_result(&w) != ERR_OK)
        fail(c, ERR_SPACE);
    c->len = w.len;
}

static void add_bytes(struct cat_command *c, uint16_t tag, const char *bytes)
{
    add(c, tag, RD((const uint8_t *)bytes, strlen(bytes)));
}

enum err cat_command_body(const struct cat_command *c, struct rd *body)
{
    if (c->error == ERR_OK)
        *body = RD(c->bytes, c->len);
    return c->error;
}

enum err cat_command_queue(struct card *card, const struct cat_command *c, cat_done *done)
{
    if (c->error != ERR_OK)
        return c->error;
    return cat_queue(card, c->type, c->qualifier, c->destination, RD(c->bytes, c->len), done);
}

/* Text string, TS 102 223 8.15: coding scheme, then the text; empty for NULL. */
static void add_text(struct cat_command *c, const char *text)
{
    uint8_t bytes[CAT_COMMAND_MAX];
    struct wr w = WR_ARRAY(bytes);
    enum err e = ERR_OK;

    if (text != NULL) {
        wr_u8(&w, DCS_8BIT);
        e = text_to_gsm7(text, &w);
    }
    if (e == ERR_UNSUPPORTED) {
        w = WR_ARRAY(bytes);
        wr_u8(&w, DCS_UCS2);
        e = text_to_ucs2(text, &w);
    }
    if (e != ERR_OK)
        fail(c, e);
    else
        add(c, CTLV_TEXT_STRING, RD_WR(&w));
}

/* Alpha identifier, or an item behind its number. */
static void add_alpha(struct cat_command *c, uint16_t tag, const uint8_t *id, const char *text)
{
    uint8_t bytes[CAT_COMMAND_MAX];
    struct wr w = WR_ARRAY(bytes);
    enum err e;

    if (id != NULL)
        wr_u8(&w, *id);
    e = text_to_alpha(text, &w);
    if (e != ERR_OK)
        fail(c, e);
    else
        add(c, tag, RD_WR(&w));
}

static void add_duration(struct cat_command *c, enum cat_unit unit, uint8_t value)
{
    const uint8_t duration[] = {(uint8_t)unit, value};

    if (value == 0)
        fail(c, ERR_RANGE);
    add(c, CTLV_DURATION, RD_ARRAY(duration));
}

/* TON/NPI and digits: an RP address without its length. */
static void add_address(struct cat_command *c, const struct sms_address *a)
{
    uint8_t bytes[16];
    struct wr w = WR_ARRAY(bytes);

    sms_write_rp_address(&w, a);
    if (wr_result(&w) != ERR_OK || w.len < 2)
        fail(c, ERR_RANGE);
    else
        add(c, CTLV_ADDRESS, RD(bytes + 1, w.len - 1));
}

/* --- the user --- */

void cat_display_text(struct cat_command *c, uint8_t qualifier, const char *text)
{
    begin(c, PROACTIVE_DISPLAY_TEXT, qualifier, DEVICE_DISPLAY);
    add_text(c, text);
}

void cat_get_inkey(struct cat_command *c, uint8_t qualifier, const char *text)
{
    begin(c, PROACTIVE_GET_INKEY, qualifier, DEVICE_TERMINAL);
    add_text(c, text);
}

void cat_get_input(struct cat_command *c, uint8_t qualifier, const char *text, uint8_t min,
                   uint8_t max)
{
    const uint8_t lengths[] = {min, max};

    begin(c, PROACTIVE_GET_INPUT, qualifier, DEVICE_TERMINAL);
    if (min > max)
        fail(c, ERR_RANGE);
    add_text(c, text);
    add(c, CTLV_RESPONSE_LENGTH, RD_ARRAY(lengths));
}

void cat_set_up_menu(struct cat_command *c, const char *title)
{
    begin(c, PROACTIVE_SET_UP_MENU, 0, DEVICE_TERMINAL);
    add_alpha(c, CTLV_ALPHA_IDENTIFIER, NULL, title);
}

void cat_select_item(struct cat_command *c, const char *title)
{
    begin(c, PROACTIVE_SELECT_ITEM, 0, DEVICE_TERMINAL);
    add_alpha(c, CTLV_ALPHA_IDENTIFIER, NULL, title);
}

void cat_add_item(struct cat_command *c, uint8_t id, const char *text)
{
    if (id == 0)
        fail(c, ERR_RANGE);
    add_alpha(c, CTLV_ITEM, &id, text);
}

void cat_play_tone(struct cat_command *c, uint8_t tone, enum cat_unit unit, uint8_t duration)
{
    begin(c, PROACTIVE_PLAY_TONE, 0, DEVICE_EARPIECE);
    add(c, TAG_TONE, RD(&tone, 1));
    add_duration(c, unit, duration);
}

void cat_idle_mode_text(struct cat_command *c, const char *text)
{
    begin(c, PROACTIVE_IDLE_MODE_TEXT, 0, DEVICE_TERMINAL);
    add_text(c, text);
}

void cat_launch_browser(struct cat_command *c, const char *url)
{
    begin(c, PROACTIVE_LAUNCH_BROWSER, 0, DEVICE_TERMINAL);
    add_bytes(c, TAG_URL, url);
}

/* --- the network --- */

void cat_set_up_call(struct cat_command *c, const struct sms_address *number)
{
    begin(c, PROACTIVE_SET_UP_CALL, 0, DEVICE_NETWORK);
    add_address(c, number);
}

void cat_send_ss(struct cat_command *c, struct rd ss_string)
{
    begin(c, PROACTIVE_SEND_SS, 0, DEVICE_NETWORK);
    add(c, TAG_SS_STRING, ss_string);
}

void cat_send_ussd(struct cat_command *c, uint8_t dcs, struct rd string)
{
    uint8_t bytes[CAT_COMMAND_MAX];
    struct wr w = WR_ARRAY(bytes);

    begin(c, PROACTIVE_SEND_USSD, 0, DEVICE_NETWORK);
    wr_u8(&w, dcs);
    wr_rd(&w, string);
    if (wr_result(&w) != ERR_OK)
        fail(c, ERR_SPACE);
    add(c, CTLV_USSD_STRING, RD_WR(&w));
}

void cat_send_dtmf(struct cat_command *c, struct rd dtmf)
{
    begin(c, PROACTIVE_SEND_DTMF, 0, DEVICE_NETWORK);
    add(c, TAG_DTMF, dtmf);
}

void cat_send_short_message(struct cat_command *c, const struct sms_address *sca, struct rd tpdu)
{
    begin(c, PROACTIVE_SEND_SHORT_MESSAGE, 0, DEVICE_NETWORK);
    /* Empty: nothing is shown. A terminal that does not know it may pass over it. */
    add(c, CTLV_ALPHA_IDENTIFIER, RD(NULL, 0));
    c->bytes[0] &= (uint8_t)~COMPREHENSION;
    if (sca != NULL)
        add_address(c, sca);
    add(c, CTLV_SMS_TPDU, tpdu);
}

/* --- the terminal --- */

void cat_more_time(struct cat_command *c)
{
    begin(c, PROACTIVE_MORE_TIME, 0, DEVICE_TERMINAL);
}

void cat_poll_interval(struct cat_command *c, enum cat_unit unit, uint8_t interval)
{
    begin(c, PROACTIVE_POLL_INTERVAL, 0, DEVICE_TERMINAL);
    add_duration(c, unit, interval);
}

void cat_polling_off(struct cat_command *c)
{
    begin(c, PROACTIVE_POLLING_OFF, 0, DEVICE_TERMINAL);
}

void cat_set_up_event_list(struct cat_command *c, uint64_t events)
{
    uint8_t list[EVENTS_MAX];
    struct wr w = WR_ARRAY(list);

    begin(c, PROACTIVE_SET_UP_EVENT_LIST, 0, DEVICE_TERMINAL);
    for (uint8_t code = 0; code < EVENTS_MAX; code++) {
        if ((events >> code & 1) != 0)
            wr_u8(&w, code);
    }
    add(c, CTLV_EVENT_LIST, RD_WR(&w));
}

void cat_local_information(struct cat_command *c, uint8_t what)
{
    begin(c, PROACTIVE_LOCAL_INFORMATION, what, DEVICE_TERMINAL);
}

static uint8_t swapped(uint32_t n)
{
    return (uint8_t)(n % 10 << 4 | n / 10 % 10);
}

static void timer(struct cat_command *c, uint8_t qualifier, uint8_t id)
{
    begin(c, PROACTIVE_TIMER_MANAGEMENT, qualifier, DEVICE_TERMINAL);
    if (id < 1 || id > 8)
        fail(c, ERR_RANGE);
    add(c, CTLV_TIMER_IDENTIFIER, RD(&id, 1));
}

void cat_timer_start(struct cat_command *c, uint8_t id, uint32_t seconds)
{
    const uint8_t value[] = {swapped(seconds / 3600), swapped(seconds / 60 % 60),
                             swapped(seconds % 60)};

    timer(c, TIMER_START, id);
    if (seconds == 0 || seconds >= HOURS_MAX * 3600U)
        fail(c, ERR_RANGE);
    add(c, CTLV_TIMER_VALUE, RD_ARRAY(value));
}

void cat_timer_stop(struct cat_command *c, uint8_t id)
{
    timer(c, TIMER_STOP, id);
}

void cat_timer_value(struct cat_command *c, uint8_t id)
{
    timer(c, TIMER_VALUE, id);
}

void cat_language_notification(struct cat_command *c, const char *language)
{
    begin(c, PROACTIVE_LANGUAGE_NOTIFICATION, language == NULL ? 0 : 1, DEVICE_TERMINAL);
    if (language != NULL && strlen(language) != 2)
        fail(c, ERR_RANGE);
    if (language != NULL)
        add_bytes(c, CTLV_LANGUAGE, language);
}

void cat_run_at_command(struct cat_command *c, const char *at)
{
    begin(c, PROACTIVE_RUN_AT_COMMAND, 0, DEVICE_TERMINAL);
    add_bytes(c, TAG_AT_COMMAND, at);
}

/* --- bearer independent protocol --- */

/* Labels behind their lengths (TS 23.003 9.1). */
static void add_network(struct cat_command *c, const char *name)
{
    uint8_t bytes[100];
    struct wr w = WR_ARRAY(bytes);

    for (;;) {
        size_t n = strcspn(name, ".");

        if (n == 0 || n > 63)
            fail(c, ERR_RANGE);
        wr_u8(&w, (uint8_t)n);
        wr_bytes(&w, name, n);
        if (name[n] == '\0')
            break;
        name += n + 1;
    }
    if (wr_result(&w) != ERR_OK)
        fail(c, ERR_RANGE);
    add(c, TAG_NETWORK_NAME, RD_WR(&w));
}

static void add_destination(struct cat_command *c, const struct cat_link *link)
{
    uint8_t bytes[1 + sizeof link->address];
    struct wr w = WR_ARRAY(bytes);

    if (link->address_len != 4 && link->address_len != 16) {
        fail(c, ERR_RANGE);
        return;
    }
    wr_u8(&w, link->address_len == 4 ? ADDRESS_IPV4 : ADDRESS_IPV6);
    wr_bytes(&w, link->address, link->address_len);
    add(c, TAG_OTHER_ADDRESS, RD_WR(&w));
}

void cat_open_channel(struct cat_command *c, uint8_t qualifier, const struct cat_link *link)
{
    static const uint8_t bearer[] = {BEARER_DEFAULT};
    const uint8_t buffer[] = {(uint8_t)(link->buffer >> 8), (uint8_t)link->buffer};
    const uint8_t transport[] = {(uint8_t)link->transport, (uint8_t)(link->port >> 8),
                                 (uint8_t)link->port};

    begin(c, PROACTIVE_OPEN_CHANNEL, qualifier, DEVICE_TERMINAL);
    add(c, TAG_BEARER, RD_ARRAY(bearer));
    add(c, TAG_BUFFER_SIZE, RD_ARRAY(buffer));
    if (link->network != NULL)
        add_network(c, link->network);
    add(c, TAG_TRANSPORT, RD_ARRAY(transport));
    add_destination(c, link);
}

static void on_channel(struct cat_command *c, uint8_t type, uint8_t qualifier, uint8_t channel)
{
    begin(c, type, qualifier, (uint8_t)(CHANNEL_BASE + channel));
    if (channel < 1 || channel > 7)
        fail(c, ERR_RANGE);
}

void cat_close_channel(struct cat_command *c, uint8_t channel)
{
    on_channel(c, PROACTIVE_CLOSE_CHANNEL, 0, channel);
}

void cat_receive_data(struct cat_command *c, uint8_t channel, uint8_t count)
{
    on_channel(c, PROACTIVE_RECEIVE_DATA, 0, channel);
    add(c, TAG_DATA_LENGTH, RD(&count, 1));
}

void cat_send_data(struct cat_command *c, uint8_t channel, uint8_t qualifier, struct rd data)
{
    on_channel(c, PROACTIVE_SEND_DATA, qualifier, channel);
    add(c, TAG_CHANNEL_DATA, data);
}

void cat_channel_status(struct cat_command *c)
{
    begin(c, PROACTIVE_CHANNEL_STATUS, 0, DEVICE_TERMINAL);
}
