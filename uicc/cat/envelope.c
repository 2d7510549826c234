#include "apdu/tlv.h"
#include "uicc/applet/toolkit.h"
#include "uicc/cat/session.h"
#include "uicc/core/handlers.h"
#include "uicc/remote/remote.h"

typedef sw_t envelope_handler(struct card *card, struct exec *x, struct rd value);

/* For applets alone. To call control and MO-SMS control the empty answer means: allowed as it is
 * (TS 102 223 7.3.1.6, TS 31.111 7.3.2.2). */
static sw_t for_applets(struct card *card, struct exec *x, struct rd value)
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
    {CAT_OBJECT_SMS_PP, receiver_sms_pp},     {CAT_OBJECT_CELL_BROADCAST, for_applets},
    {CAT_OBJECT_MENU_SELECTION, for_applets}, {CAT_OBJECT_CALL_CONTROL, for_applets},
    {CAT_OBJECT_MO_SMS_CONTROL, for_applets}, {CAT_OBJECT_EVENT, for_applets},
    {CAT_OBJECT_TIMER, for_applets},          {CAT_OBJECT_USSD, for_applets},
};

/* First what the card itself does with it, then the applets. */
static sw_t handle(struct card *card, struct exec *x, const struct tlv *object,
                   envelope_handler *run)
{
    sw_t sw = run(card, x, object->value), after;

    if (!sw_equal(sw, SW_OK) && !sw_is_warning(sw))
        return sw;
    after = applet_envelope(card, (uint8_t)object->tag, object->value, x->out);
    return sw_is_success(after) && sw_is_warning(sw) ? sw : after;
}

/* TS 102 221 11.2.2: exactly one BER-TLV object. One that the card does not know may be known to
 * an applet (TS 102 241 4.3, EVENT_UNRECOGNIZED_ENVELOPE). */
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
    if (object.tag <= UINT8_MAX && applet_is_listened(card, APPLET_UNRECOGNIZED_ENVELOPE))
        return handle(card, x, &object, for_applets);
    return SW_BAD_DATA;
}
