#include "uicc/remote/counter.h"

#include "uicc/remote/sd.h"

#define COUNTER_LEN 5

uint64_t counter_read(const struct store *s, uint16_t key_set)
{
    struct rd value;
    uint64_t counter = 0;

    if (!store_get(s, OBJ_COUNTER(key_set), &value))
        return 0;
    if (rd_u40(&value, &counter) != ERR_OK)
        return SECPKT_COUNTER_MAX; /* a damaged counter closes the key set */
    return counter;
}

enum err counter_check(uint64_t stored, uint64_t received, uint8_t spi1)
{
    uint8_t mode = spi1 & SPI1_COUNTER_MASK, least = SD_LEVEL_FLOOR & SPI1_COUNTER_MASK;

    if (mode < least)
        return ERR_DENIED;
    if (mode < SPI1_COUNTER_ABOVE)
        return ERR_OK;
    if (stored >= SECPKT_COUNTER_MAX)
        return ERR_COUNTER_BLOCKED;
    if (received <= stored)
        return ERR_COUNTER_LOW;
    if (mode == SPI1_COUNTER_NEXT && received != stored + 1)
        return ERR_COUNTER_HIGH;
    return ERR_OK;
}

enum err counter_stage(struct store *s, uint16_t key_set, uint64_t received)
{
    uint8_t bytes[COUNTER_LEN];
    struct wr w = WR_ARRAY(bytes);

    if (received <= counter_read(s, key_set))
        return ERR_OK; /* a packet that does not count */
    wr_u40(&w, received);
    return store_put(s, OBJ_COUNTER(key_set), RD_WR(&w));
}
