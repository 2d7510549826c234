/*
 * fuzz_apdu.c - any bytes as a command. The parts of what is accepted add up to what came.
 */
#include "apdu/apdu.h"
#include "test/fuzz/require.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rd whole = RD(data, size);
    struct apdu a;
    struct apdu_class c;

    if (apdu_parse(whole, &a) != ERR_OK)
        return 0;
    require_within(a.data, whole);
    require(size <= APDU_COMMAND_MAX);
    if (a.data.left > 0)
        require(a.data.left == a.p3 && size == 5U + a.p3 + a.has_le);
    else
        require(size <= 5 && !a.has_le);
    if (apdu_class(a.cla, &c) == ERR_OK) {
        require(c.channel < APDU_CHANNELS);
        if (!c.secure_messaging && !c.sim)
            require(apdu_class_byte(c.channel, c.etsi) == a.cla);
    }
    return 0;
}
