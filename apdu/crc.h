/*
 * crc.h - the redundancy checks of secured packets (TS 102 225 5.1.3.2), and the
 * CRC-32 of everything else that needs one (the card's journal).
 *
 * Incremental: begin with 0, pass the result of one piece on to the next. On the
 * wire both are sent with the high byte of the register first (wr_u16, wr_u32).
 */
#ifndef RESEAT_APDU_CRC_H
#define RESEAT_APDU_CRC_H

#include "apdu/buf.h"

/* CRC-16 X.25: x^16 + x^12 + x^5 + 1, reflected, preset and final XOR FFFF. */
uint16_t crc_16_update(uint16_t crc, struct rd more);

/* CRC-32 of Ethernet and zlib: 04C11DB7, reflected, preset and final XOR FFFFFFFF. */
uint32_t crc_32_update(uint32_t crc, struct rd more);

#endif
