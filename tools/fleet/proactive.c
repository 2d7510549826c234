#include "tools/fleet/proactive.h"
#include "apdu/ctlv.h"
#include "apdu/tlv.h"

#include <string.h>

/* TS 102 223 5.2: profile download, SMS-PP download; command result; MORE TIME, POLL INTERVAL,
 * POLLING OFF, REFRESH; SEND SHORT MESSAGE, local information; event list, location status. */
const uint8_t proactive_profile[5] = {0x03, 0x01, 0xE8, 0x42, 0x11};

enum { /* TS 102 223 9.4 */
       TYPE_REFRESH = 0x01,
       TYPE_MORE_TIME = 0x02,
       TYPE_POLL_INTERVAL = 0x03,
       TYPE_POLLING_OFF = 0x04,
       TYPE_SET_UP_EVENT_LIST = 0x05,
       TYPE_SEND_SHORT_MESSAGE = 0x13,
       TYPE_LOCAL_INFORMATION = 0x26,
};
enum { /* TS 102 223 9.3, without the comprehension bit */
       TAG_DETAILS = 0x01,
       TAG_DEVICES = 0x02,
       TAG_RESULT = 0x03,
       TAG_DURATION = 0x04,
       TAG_TPDU = 0x0B,
       TAG_LOCATION = 0x13,
       TAG_EVENT_LIST = 0x19,
};
#define TAG_PROACTIVE         0xD0
#define REFRESH_UICC_RESET    0x04
#define EVENT_LOCATION        0x03
#define RESULT_OK             0x00
#define RESULT_UNABLE         0x20 /* terminal currently unable to process */
#define RESULT_BEYOND         0x30 /* beyond the terminal's capabilities */
#define RESULT_NOT_UNDERSTOOD 0x32

struct request {
    struct rd details; /* number, type, qualifier */
    struct rd objects; /* all of them */
};

/* What one command ends with: the result byte, and TLVs behind it. */
typedef uint8_t execute_command(struct handset *h, const struct handset_world *world,
                                const struct request *r, struct wr *more);

static uint8_t do_nothing(struct handset *h, const struct handset_world *world,
                          const struct request *r, struct wr *more)
{
    (void)h, (void)world, (void)r, (void)more;
    return RESULT_OK;
}

static uint8_t do_refresh(struct handset *h, const struct handset_world *world,
                          const struct request *r, struct wr *more)
{
    (void)r, (void)more;
    if (!h->restart_asked)
        world->restart(world->context, h);
    h->restart_asked = true;
    return RESULT_OK;
}

static uint8_t do_poll_interval(struct handset *h, const struct handset_world *world,
                                const struct request *r, struct wr *more)
{
    struct rd duration;

    (void)h, (void)world;
    if (ctlv_find(r->objects, TAG_DURATION, &duration) != ERR_OK || duration.left != 2)
        return RESULT_NOT_UNDERSTOOD;
    ctlv_write(more, TAG_DURATION, duration);
    return RESULT_OK;
}

static uint8_t do_event_list(struct handset *h, const struct handset_world *world,
                             const struct request *r, struct wr *more)
{
    struct rd events;

    (void)world, (void)more;
    if (ctlv_find(r->objects, TAG_EVENT_LIST, &events) != ERR_OK)
        return RESULT_NOT_UNDERSTOOD;
    h->location_events = events.left > 0 && memchr(events.at, EVENT_LOCATION, events.left) != NULL;
    return RESULT_OK;
}

static uint8_t do_send_short_message(struct handset *h, const struct handset_world *world,
                                     const struct request *r, struct wr *more)
{
    struct sms_submit message;
    struct rd tpdu;

    (void)more;
    if (ctlv_find(r->objects, TAG_TPDU, &tpdu) != ERR_OK ||
        sms_read_submit(tpdu, &message) != ERR_OK)
        return RESULT_NOT_UNDERSTOOD;
    if (h->state != HANDSET_ATTACHED)
        return RESULT_UNABLE;
    world->submit(world->context, h->subscriber.msisdn, &message);
    return RESULT_OK;
}

static uint8_t do_local_information(struct handset *h, const struct handset_world *world,
                                    const struct request *r, struct wr *more)
{
    uint8_t location[7] = {0xFF, 0xFF, 0xFF, 0x00, 0x01, 0x00, 0x01}; /* PLMN, LAC, cell */

    (void)world;
    if (r->details.at[2] != 0x00)
        return RESULT_BEYOND;
    if (h->network == NULL || bcd_plmn_encode(network_plmn(h->network), location) != ERR_OK)
        return RESULT_UNABLE;
    ctlv_write(more, TAG_LOCATION, RD_ARRAY(location));
    return RESULT_OK;
}

static const struct {
    uint8_t type;
    execute_command *execute;
} commands[] = {
    {TYPE_REFRESH, do_refresh},
    {TYPE_MORE_TIME, do_nothing},
    {TYPE_POLL_INTERVAL, do_poll_interval},
    {TYPE_POLLING_OFF, do_nothing},
    {TYPE_SET_UP_EVENT_LIST, do_event_list},
    {TYPE_SEND_SHORT_MESSAGE, do_send_short_message},
    {TYPE_LOCAL_INFORMATION, do_local_information},
};

static execute_command *find_command(uint8_t type)
{
    for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
        if (commands[i].type == type)
            return commands[i].execute;
    }
    return NULL;
}

static enum err read_request(struct rd command, struct request *out)
{
    struct tlv outer;
    enum err e = tlv_next(&command, &outer);

    if (e != ERR_OK)
        return e;
    if (outer.tag != TAG_PROACTIVE)
        return ERR_FORMAT;
    out->objects = outer.value;
    e = ctlv_find(outer.value, TAG_DETAILS, &out->details);
    if (e == ERR_OK && out->details.left != 3)
        return ERR_FORMAT;
    return e;
}

enum err proactive_execute(struct handset *h, const struct handset_world *world, struct rd command,
                           struct wr *response)
{
    static const uint8_t devices[] = {0x82, 0x81}; /* terminal to UICC */
    uint8_t extra[64], result[2] = {RESULT_BEYOND, 0x00};
    struct wr more = WR_ARRAY(extra);
    struct request r;
    execute_command *execute;
    enum err e = read_request(command, &r);

    if (e != ERR_OK)
        return e;
    execute = find_command(r.details.at[1]);
    if (execute != NULL)
        result[0] = execute(h, world, &r, &more);
    if (r.details.at[1] == TYPE_REFRESH && r.details.at[2] == REFRESH_UICC_RESET)
        return ERR_OK; /* the reset is the answer, TS 102 223 6.4.7 */
    ctlv_write(response, TAG_DETAILS, r.details);
    ctlv_write(response, TAG_DEVICES, RD_ARRAY(devices));
    ctlv_write(response, TAG_RESULT, RD(result, result[0] == RESULT_UNABLE ? 2 : 1));
    wr_rd(response, RD_WR(&more));
    return wr_result(response);
}
