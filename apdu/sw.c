#include "apdu/sw.h"

static sw_t with_count(unsigned sw1, size_t count)
{
    return SW(sw1 << 8 | (count > 0xFF ? 0 : (unsigned)count));
}

sw_t sw_tries_left(unsigned tries)
{
    return SW(0x63C0U | (tries > 15 ? 15 : tries));
}

sw_t sw_bytes_wait(size_t count)
{
    return with_count(0x61, count);
}

sw_t sw_wrong_le(size_t count)
{
    return with_count(0x6C, count);
}

sw_t sw_proactive(size_t count)
{
    return with_count(0x91, count);
}

bool sw_is_success(sw_t sw)
{
    switch (sw.v >> 8) {
    case 0x90:
    case 0x91:
    case 0x92:
    case 0x61:
    case 0x9F:
        return true;
    default:
        return false;
    }
}

bool sw_is_warning(sw_t sw)
{
    return sw.v >> 8 == 0x62 || sw.v >> 8 == 0x63;
}

sw_t sw_from_err(enum err e)
{
    switch (e) {
    case ERR_OK:
        return SW_OK;
    case ERR_SHORT:
    case ERR_FORMAT:
    case ERR_RANGE:
    case ERR_PADDING:
        return SW_BAD_DATA;
    case ERR_SPACE:
    case ERR_NOMEM:
        return SW_SPACE;
    case ERR_UNSUPPORTED:
        return SW_FUNCTION;
    case ERR_NOT_FOUND:
        return SW_REFERENCE;
    case ERR_EXISTS:
        return SW_FID_EXISTS;
    case ERR_CONDITIONS:
    case ERR_COUNTER_BLOCKED:
        return SW_CONDITIONS;
    case ERR_DENIED:
    case ERR_KEY:
        return SW_SECURITY;
    case ERR_MAC:
        return SW_AUTH_MAC;
    case ERR_CORRUPT:
    case ERR_IO:
        return SW_MEMORY;
    default:
        return SW_NO_DIAGNOSIS;
    }
}

const char *sw_text(sw_t sw)
{
#define SW_TEXT(name, value, text) \
    case (value):                  \
        return (text);

    switch (sw.v) {
        SW_LIST(SW_TEXT)
    default:
        break;
    }
#undef SW_TEXT
    if ((sw.v & 0xFFF0) == 0x63C0)
        return "wrong, X tries left";
    switch (sw.v >> 8) {
    case 0x61:
        return "XX bytes wait for GET RESPONSE";
    case 0x67:
        return "wrong length";
    case 0x6C:
        return "wrong Le, repeat with XX";
    case 0x91:
        return "normal ending, proactive command of XX bytes waits";
    case 0x92:
        return "normal ending, data transfer running";
    case 0x9F:
        return "XX bytes wait for GET RESPONSE (2G)";
    default:
        return "unknown status word";
    }
}
