#include "tools/transport/reader.h"

#include <string.h>

void reader_close(struct reader *r)
{
    if (r->close != NULL)
        r->close(r->context);
    memset(r, 0, sizeof *r);
}

enum err reader_reset(struct reader *r, struct wr *atr)
{
    return r->reset(r->context, atr);
}

enum err reader_transmit(struct reader *r, struct rd command, struct wr *response)
{
    struct wr w = *response;
    enum err e = r->transmit(r->context, command, &w);

    if (e != ERR_OK)
        return e;
    if (w.overflow)
        return ERR_SPACE;
    if (w.len - response->len < 2)
        return ERR_FORMAT;
    *response = w;
    return ERR_OK;
}

/* Send one command; its data is appended, its status word handed out apart. */
static enum err exchange_once(struct reader *r, struct rd command, struct wr *data, sw_t *sw)
{
    uint8_t bytes[APDU_RESPONSE_MAX];
    struct wr w = WR_ARRAY(bytes);
    enum err e = reader_transmit(r, command, &w);

    if (e != ERR_OK)
        return e;
    *sw = SW(bytes[w.len - 2] << 8 | bytes[w.len - 1]);
    wr_bytes(data, bytes, w.len - 2);
    return wr_result(data);
}

static enum err get_response(struct reader *r, uint8_t cla, uint8_t le, struct wr *data, sw_t *sw)
{
    /* SIM mode keeps its class; else GET RESPONSE is inter-industry, on the same channel. */
    uint8_t class_byte = cla == 0xA0 ? cla : (uint8_t)(cla & (cla & 0x40 ? 0x4F : 0x03));
    const uint8_t command[] = {class_byte, 0xC0, 0x00, 0x00, le};

    return exchange_once(r, RD_ARRAY(command), data, sw);
}

enum err reader_exchange(struct reader *r, struct rd command, struct wr *data, sw_t *sw)
{
    enum err e = exchange_once(r, command, data, sw);
    bool case_4 = command.left > 5;

    if (e == ERR_OK && sw->v >> 8 == 0x6C && command.left == 5) {
        uint8_t again[5];

        memcpy(again, command.at, 4);
        again[4] = (uint8_t)sw->v;
        e = exchange_once(r, RD_ARRAY(again), data, sw);
    } else if (e == ERR_OK && case_4 && sw_is_warning(*sw) && sw->v >> 4 != 0x63C) {
        sw_t warning = *sw, more;

        /* Data may wait behind a warning: 6CXX says how much, anything else that there is none. */
        if (get_response(r, command.at[0], 0, data, &more) == ERR_OK && more.v >> 8 == 0x6C) {
            e = get_response(r, command.at[0], (uint8_t)more.v, data, sw);
            if (e == ERR_OK && sw_equal(*sw, SW_OK))
                *sw = warning;
        }
    }
    while (e == ERR_OK && (sw->v >> 8 == 0x61 || sw->v >> 8 == 0x9F))
        e = get_response(r, command.at[0], (uint8_t)sw->v, data, sw);
    return e;
}
