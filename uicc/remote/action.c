#include "uicc/remote/action.h"

#include "apdu/ctlv.h"
#include "apdu/tlv.h"
#include "uicc/cat/refresh.h"
#include "uicc/fs/fs.h"

#define RECORD_MAX 0x7F /* one byte: a record of EF.RMA */

/* A proactive command without its D0. */
struct action {
    uint8_t type, qualifier, destination;
    struct rd body;
};

static enum err read_action(struct rd tlvs, struct action *out)
{
    struct ctlv details, devices;

    if (ctlv_next(&tlvs, &details) != ERR_OK || ctlv_next(&tlvs, &devices) != ERR_OK)
        return ERR_FORMAT;
    if (details.tag != CTLV_COMMAND_DETAILS || details.value.left != 3 ||
        devices.tag != CTLV_DEVICE_IDENTITIES || devices.value.left != 2)
        return ERR_FORMAT;
    *out = (struct action){details.value.at[1], details.value.at[2], devices.value.at[1], tlvs};
    return ERR_OK;
}

/* TS 102 226 5.2.1.2: what a script may have the terminal do. */
static bool is_offered(uint8_t type)
{
    return type == PROACTIVE_REFRESH || type == PROACTIVE_DISPLAY_TEXT ||
           type == PROACTIVE_PLAY_TONE;
}

/* A record is a length, then the TLVs (TS 102 226 5.2.1.2). */
static enum err read_record(const struct card *card, uint8_t number, struct rd *tlvs)
{
    static const uint8_t path[] = {0x7F, 0x10, 0x6F, 0x53}; /* EF.RMA, TS 31.102 4.6 */
    uint16_t node = fs_by_path(card, NODE_MF, NODE_NONE, RD_ARRAY(path));
    struct rd record;
    size_t length;

    if (node == NODE_NONE || fs_file(card, node)->kind != FS_LINEAR ||
        fs_record(card, node, number, &record) != ERR_OK)
        return ERR_NOT_FOUND;
    if (tlv_read_length(&record, &length) != ERR_OK || length == 0)
        return ERR_NOT_FOUND;
    return rd_take(&record, length, tlvs) == ERR_OK ? ERR_OK : ERR_NOT_FOUND;
}

enum err action_add(struct actions *list, const struct card *card, struct rd value)
{
    struct wr w = {list->bytes, list->len, sizeof list->bytes, false};
    struct action action;
    enum err e = ERR_OK;

    if (value.left == 1 && value.at[0] > RECORD_MAX)
        return ERR_UNSUPPORTED;
    if (value.left == 1)
        e = read_record(card, value.at[0], &value);
    if (e == ERR_OK)
        e = read_action(value, &action);
    if (e != ERR_OK)
        return e;
    if (!is_offered(action.type) || !cat_allowed_as(card, action.type, action.qualifier))
        return ERR_UNSUPPORTED;
    wr_u8(&w, (uint8_t)value.left);
    wr_rd(&w, value);
    e = wr_result(&w);
    if (e == ERR_OK)
        list->len = (uint8_t)w.len;
    return e;
}

uint8_t action_queue(const struct actions *list, struct card *card, uint8_t mode)
{
    struct rd left = RD(list->bytes, list->len), tlvs;
    struct action a;
    uint8_t length;

    while (rd_u8(&left, &length) == ERR_OK && rd_take(&left, length, &tlvs) == ERR_OK &&
           read_action(tlvs, &a) == ERR_OK) {
        if (a.type == PROACTIVE_REFRESH && a.body.left == 0)
            mode = a.qualifier;
        else if (cat_queue(card, a.type, a.qualifier, a.destination, a.body, NULL) != ERR_OK)
            card_log(card, "remote: the terminal takes no such action");
    }
    return mode;
}
