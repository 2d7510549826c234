#include "apdu/apdu.h"

enum err apdu_parse(struct rd bytes, struct apdu *out)
{
    struct apdu a = {.data = RD(NULL, 0)};
    uint8_t header[4];

    if (rd_copy(&bytes, header, sizeof header) != ERR_OK)
        return ERR_SHORT;
    a.cla = header[0];
    a.ins = header[1];
    a.p1 = header[2];
    a.p2 = header[3];
    /* One byte more is Le, or the 00 that T=0 puts behind a case 1 command. */
    if (bytes.left > 0 && rd_u8(&bytes, &a.p3) != ERR_OK)
        return ERR_SHORT;
    if (bytes.left > 0) {
        if (a.p3 == 0 || rd_take(&bytes, a.p3, &a.data) != ERR_OK)
            return ERR_FORMAT;
        a.has_le = rd_u8(&bytes, &a.le) == ERR_OK;
        if (bytes.left > 0)
            return ERR_FORMAT;
    }
    *out = a;
    return ERR_OK;
}

/* What the high nibble of a class byte announces; b5 (command chaining) is not used. */
enum layout {
    LAYOUT_NONE,
    LAYOUT_BASIC,      /* b2b1 channel 0-3, b4b3 secure messaging */
    LAYOUT_FURTHER,    /* b4-b1 channel - 4 */
    LAYOUT_FURTHER_SM, /* the same with secure messaging */
    LAYOUT_SIM,
};

static const uint8_t layouts[16] = {
    [0x0] = LAYOUT_BASIC, [0x4] = LAYOUT_FURTHER, [0x6] = LAYOUT_FURTHER_SM, [0x8] = LAYOUT_BASIC,
    [0xA] = LAYOUT_SIM,   [0xC] = LAYOUT_FURTHER, [0xE] = LAYOUT_FURTHER_SM,
};

enum err apdu_class(uint8_t cla, struct apdu_class *out)
{
    struct apdu_class c = {.etsi = (cla & 0x80) != 0};

    switch (layouts[cla >> 4]) {
    case LAYOUT_BASIC:
        c.channel = cla & 0x03;
        c.secure_messaging = (cla & 0x0C) != 0;
        break;
    case LAYOUT_FURTHER:
    case LAYOUT_FURTHER_SM:
        c.channel = (uint8_t)(4 + (cla & 0x0F));
        c.secure_messaging = layouts[cla >> 4] == LAYOUT_FURTHER_SM;
        break;
    case LAYOUT_SIM:
        if (cla != 0xA0)
            return ERR_UNSUPPORTED;
        c.etsi = false;
        c.sim = true;
        break;
    default:
        return ERR_UNSUPPORTED;
    }
    *out = c;
    return ERR_OK;
}

uint8_t apdu_class_byte(uint8_t channel, bool etsi)
{
    unsigned base = etsi ? 0x80 : 0x00;

    if (channel < 4)
        return (uint8_t)(base | channel);
    return (uint8_t)(base | 0x40 | ((channel - 4U) & 0x0F));
}
