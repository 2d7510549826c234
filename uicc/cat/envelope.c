#include "apdu/ctlv.h"
#include "apdu/tlv.h"
#include "uicc/applet/toolkit.h"
#include "uicc/cat/session.h"
#include "uicc/core/handlers.h"
#include "uicc/remote/remote.h"

#define LOCATION_NORMAL 0x00

typedef sw_t envelope_handler(struct card *card, struct exec *x, struct rd value);

/* Limited service, no service, and a network that rejects the subscription all say the same of
 * an operator change under trial. */
static bool tells_of_no_service(struct rd tlvs)
{
    struct rd event, status;

    if (ctlv_find(tlvs, CTLV_EVENT_LIST, &event) != ERR_OK || event.left != 1)
        return false;
    if (event.at[0] == EVENT_NETWORK_REJECTION)
        return true;
    if (event.at[0] != EVENT_LOCATION_STATUS)
        return false;
    return ctlv_find(tlvs, CTLV_LOCATION_STATUS, &status) == ERR_OK && status.left == 1 &&
           status.at[0] != LOCATION_NORMAL;
}

static sw_t event_download(struct card *card, struct exec *x, struct rd value)
{
    (void)x;
    return tells_of_no_service(value) ? sw_from_err(opchange_no_service(card)) : SW_OK;
}

/* The card itself does not want to hear of it; applets may. For call control and MO-SMS control an
 * empty answer means: allowed as it is (TS 102 223 7.3.1.6, TS 31.111 7.3.2.2). */
static sw_t no_interest(struct card *card, struct exec *x, struct rd value)
{
    (void)card;
    (void)x;
    (void)value;
    return SW_OK;
}

/* TS 102 223 9.1, TS 31.111 9.1 */
static const struct {
    uint8_t tag;
    envelope_handler *run;
} envelopes[] = {
    {CAT_OBJECT_SMS_PP, receiver_sms_pp},     {CAT_OBJECT_CELL_BROADCAST, no_interest},
    {CAT_OBJECT_MENU_SELECTION, no_interest}, {CAT_OBJECT_CALL_CONTROL, no_interest},
    {CAT_OBJECT_MO_SMS_CONTROL, no_interest}, {CAT_OBJECT_EVENT, event_download},
    {CAT_OBJECT_TIMER, no_interest},          {CAT_OBJECT_USSD, no_interest},
};

/* First what the card itself does with it, then the applets. */
static sw_t handle(struct card *card, struct exec *x, const struct tlv *object,
                   envelope_handler *run)
{
    sw_t sw = run(card, x, object->value);

    return sw_equal(sw, SW_OK) ? applet_envelope(card, (uint8_t)object->tag, object->value) : sw;
}

/* TS 102 221 11.2.2: exactly one BER-TLV object. */
sw_t cat_cmd_envelope(struct card *card, struct exec *x)
{
    struct rd data = x->cmd->data;
    struct tlv object;
    enum err e = tlv_next(&data, &object);

    if (x->cmd->p1 != 0 || x->cmd->p2 != 0)
        return SW_P1P2;
    if (e != ERR_OK || data.left > 0)
        return SW_BAD_DATA;
    for (size_t i = 0; i < ARRAY_LEN(envelopes); i++) {
        if (envelopes[i].tag == object.tag)
            return handle(card, x, &object, envelopes[i].run);
    }
    return SW_BAD_DATA;
}
