#include "uicc/cat/refresh.h"

#include "apdu/ctlv.h"

static bool wants_files(uint8_t mode)
{
    return mode == REFRESH_FILES || mode == REFRESH_INIT_FILES;
}

enum err cat_refresh(struct card *card, uint8_t mode, struct rd files, size_t path_len)
{
    uint8_t list[CAT_COMMAND_MAX], body[CAT_COMMAND_MAX];
    struct wr w = WR_ARRAY(list), b = WR_ARRAY(body);

    if (files.left > 0 && (path_len == 0 || files.left % path_len != 0))
        return ERR_RANGE;
    if (wants_files(mode) != (files.left > 0))
        return ERR_RANGE;
    if (files.left > 0) {
        wr_u8(&w, (uint8_t)(files.left / path_len));
        wr_rd(&w, files);
        ctlv_write(&b, CTLV_FILE_LIST, RD_WR(&w));
    }
    if (wr_result(&w) != ERR_OK || wr_result(&b) != ERR_OK)
        return ERR_SPACE;
    return cat_queue(card, PROACTIVE_REFRESH, mode, DEVICE_TERMINAL, RD_WR(&b), NULL);
}
