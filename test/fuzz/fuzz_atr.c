/*
 * fuzz_atr.c - any bytes as an answer to reset.
 */
#include "apdu/atr.h"
#include "test/fuzz/require.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum atr_tag tags[] = {ATR_SERVICE_DATA, ATR_PRE_ISSUING, ATR_CAPABILITIES};
    struct rd whole = RD(data, size), value;
    struct atr atr;

    if (atr_parse(whole, &atr) != ERR_OK)
        return 0;
    require(size <= ATR_LEN_MAX && atr.historical.left <= 15 && atr.protocols != 0);
    require_within(atr.historical, whole);
    for (size_t i = 0; i < ARRAY_LEN(tags); i++) {
        if (atr_historical(&atr, tags[i], &value) == ERR_OK)
            require_within(value, atr.historical);
    }
    require(atr_channels(&atr) >= 1 && atr_channels(&atr) <= 8);
    return 0;
}
