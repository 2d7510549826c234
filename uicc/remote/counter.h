/*
 * counter.h - replay protection of secured packets (TS 102 225 5.1.4): one counter
 * per key set, 40 bits, durable together with what the packet did.
 */
#ifndef RESEAT_UICC_REMOTE_COUNTER_H
#define RESEAT_UICC_REMOTE_COUNTER_H

#include "apdu/secpkt.h"
#include "uicc/nvm/store.h"

/* The highest counter this key set accepted; 0 when none yet. */
uint64_t counter_read(const struct store *s, uint16_t key_set);

/*
 * May a packet with this counter run, as SPI1 asks? Never for a mode without replay check, unless
 * the floor of a test build has none (SD_LEVEL_FLOOR).
 * errors: ERR_COUNTER_LOW, ERR_COUNTER_HIGH (mode "one higher" and a gap),
 *         ERR_COUNTER_BLOCKED (the key set has reached the end), ERR_DENIED (mode without check)
 */
NODISCARD enum err counter_check(uint64_t stored, uint64_t received, uint8_t spi1);

/* Stage it in the store's transaction, if it is higher than the one before. */
NODISCARD enum err counter_stage(struct store *s, uint16_t key_set, uint64_t received);

#endif
