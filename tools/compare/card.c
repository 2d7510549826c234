#include "tools/compare/compare.h"

#include <string.h>

bool compare_is_ok(sw_t sw)
{
    return sw_is_success(sw) || sw.v == SW_DEACTIVATED.v || sw.v == SW_END_OF_FILE.v;
}

sw_t compare_send(struct compare_card *c, const uint8_t *header, struct rd body, struct wr *data)
{
    uint8_t bytes[APDU_COMMAND_MAX];
    struct wr w = WR_ARRAY(bytes);
    sw_t sw = SW_NO_DIAGNOSIS;

    wr_bytes(&w, header, 4);
    if (body.left > 0) {
        wr_u8(&w, (uint8_t)body.left);
        wr_rd(&w, body);
    } else {
        wr_u8(&w, header[4]);
    }
    data->len = 0;
    data->overflow = false;
    if (wr_result(&w) != ERR_OK || reader_exchange(c->reader, RD_WR(&w), data, &sw) != ERR_OK)
        return SW_NO_DIAGNOSIS;
    return sw;
}

static sw_t select_app(struct compare_card *c, enum decode_place kind, struct wr *fcp)
{
    static const uint8_t header[] = {0x00, INS_SELECT, 0x04, 0x04, 0x00};

    for (size_t i = 0; i < c->app_count; i++) {
        if (c->apps[i].kind == kind)
            return compare_send(c, header, RD(c->apps[i].aid, c->apps[i].len), fcp);
    }
    return SW_NOT_FOUND;
}

sw_t compare_select(struct compare_card *c, const struct compare_path *path, struct wr *fcp)
{
    static const uint8_t by_fid[] = {0x00, INS_SELECT, 0x00, 0x04};
    static const uint8_t mf[] = {0x3F, 0x00};
    bool in_app = path->len > 0 && path->fid[0] == FID_CURRENT_ADF;
    sw_t sw =
        in_app ? select_app(c, path->application, fcp) : compare_send(c, by_fid, RD_ARRAY(mf), fcp);

    /* Step by step: every card knows that, and a path that ends early tells where. */
    for (size_t i = in_app; i < path->len && compare_is_ok(sw); i++) {
        const uint8_t fid[] = {(uint8_t)(path->fid[i] >> 8), (uint8_t)path->fid[i]};

        sw = compare_send(c, by_fid, RD_ARRAY(fid), fcp);
    }
    return sw;
}
