#include "uicc/remote/inbox.h"

#include "apdu/ids.h"
#include "uicc/cat/refresh.h"
#include "uicc/fs/fs.h"

#define STATUS_USED   0x01
#define STATUS_UNREAD 0x03

/* EF.SMS from the MF on, 7FFF: the USIM (TS 31.102 4.2.25). */
static const uint8_t path[] = {0x3F, 0x00, 0x7F, 0xFF, FID_EF_SMS >> 8, FID_EF_SMS & 0xFF};

/* Message class 2, in the groups of TS 23.038 4 that have classes: general data coding, the same
 * marked for automatic deletion, and data coding/message class. */
static bool is_class_2(uint8_t dcs)
{
    bool has_class = (dcs & 0xF0) == 0xF0 || (dcs & 0x90) == 0x10;

    return has_class && (dcs & 0x03) == 0x02;
}

static uint16_t find_file(const struct card *card)
{
    static const uint8_t usim[] = {AID_USIM};
    uint16_t node = fs_by_path(card, NODE_MF, fs_by_aid(card, RD_ARRAY(usim), 0),
                               RD(path + 2, sizeof path - 2));

    return node != NODE_NONE && fs_file(card, node)->kind == FS_LINEAR ? node : NODE_NONE;
}

/* Number of a free record, 0 when there is none. */
static uint8_t find_free(const struct card *card, uint16_t node)
{
    struct rd record;

    for (uint8_t n = 1; fs_record(card, node, n, &record) == ERR_OK; n++) {
        if (record.left > 0 && (record.at[0] & STATUS_USED) == 0)
            return n;
        if (n == UINT8_MAX)
            break;
    }
    return 0;
}

void inbox_write(struct wr *w, const struct sms_download *download)
{
    if (download->has_sca)
        sms_write_rp_address(w, &download->sca);
    else
        wr_u8(w, 0);
    wr_rd(w, download->tpdu);
}

bool inbox_takes(const struct card *card, const struct sms_deliver *message)
{
    return is_class_2(message->dcs) && find_file(card) != NODE_NONE;
}

sw_t inbox_store(struct card *card, struct rd message)
{
    uint16_t node = find_file(card);
    uint8_t bytes[UINT8_MAX], number = node == NODE_NONE ? 0 : find_free(card, node);
    struct wr w = {bytes, 0, 0, false};

    if (number == 0)
        return SW_SPACE;
    w.cap = fs_file(card, node)->record_len < sizeof bytes ? fs_file(card, node)->record_len
                                                           : sizeof bytes;
    wr_u8(&w, STATUS_UNREAD);
    wr_rd(&w, message);
    if (wr_result(&w) != ERR_OK)
        return SW_SPACE;
    wr_fill(&w, 0xFF, w.cap - w.len);
    return fs_write_record(card, node, number, RD_WR(&w)) == ERR_OK ? SW_OK : SW_MEMORY;
}

void inbox_tell(struct card *card)
{
    if (cat_refresh(card, REFRESH_FILES, RD_ARRAY(path), sizeof path) != ERR_OK)
        card_log(card, "remote: the terminal is not told of a stored message");
}
