/*
 * packet_fixture.h - a card that receives packets: the effect of a packet is EF.ACC, the state its
 * counter, the answer its proof. Included once per test program.
 */
#ifndef RESEAT_TEST_PACKET_FIXTURE_H
#define RESEAT_TEST_PACKET_FIXTURE_H

#include "apdu/hex.h"
#include "test/support/hexrow.h"
#include "test/support/runner.h"
#include "test/support/uicc/air.h"
#include "uicc/core/card.h"
#include "uicc/remote/counter.h"
#include "uicc/remote/packet.h"
#include "uicc/remote/sd.h"

#include <stdio.h>
#include <string.h>

static struct air *o;
static uint8_t script_bytes[64];

static inline void setup(void)
{
    o = air_new(NULL, SECPKT_AES);
    air_terminal(o);
}

static inline void setup_3des(void)
{
    o = air_new("ota-algorithm = 3des\n", SECPKT_3DES2);
    air_terminal(o);
}

static inline void teardown(void)
{
    air_free(&o);
}

/* Writes value into both bytes of EF.ACC. */
static inline struct rd update_acc(uint8_t value)
{
    struct wr w = WR_ARRAY(script_bytes);

    ck_assert_int_eq(hex_decode("00A4000C026F78 00D6000002", &w), ERR_OK);
    wr_u8(&w, value);
    wr_u8(&w, value);
    return RD_WR(&w);
}

static inline uint16_t acc(void)
{
    air_select(o, "6F78");
    ck_assert_uint_eq(air_hex(o, "00B0000002") & 0xF000, 0x9000);
    return (uint16_t)(o->answer[0] << 8 | o->answer[1]);
}

#define ACC_AT_FIRST 0x0200

static inline uint64_t counter(void)
{
    return counter_read(&o->card->store, 1);
}

static inline struct air_packet good(uint64_t cntr)
{
    return air_packet(o, 1, AIR_RFM_USIM, cntr, update_acc((uint8_t)cntr));
}

/* What everybody hears who has not proved to hold a key (SPI2 asks for a proof): TAR, no counter,
 * no CC, nothing ciphered, and always this code. */
static inline void assert_plain_refusal(const uint8_t tar[3], const char *what)
{
    const uint8_t want[] = {0x02,   0x71, 0x00, 0x00, 0x0B, 0x0A, tar[0], tar[1],
                            tar[2], 0,    0,    0,    0,    0,    0,      RSC_CC_FAILED};

    ck_assert_msg(o->sw == 0x9000, "%s: %04X", what, o->sw);
    ck_assert_msg(rd_equal(RD(o->answer, o->answer_len), RD_ARRAY(want)), "%s", what);
}

static inline void assert_nothing_happened(void)
{
    ck_assert_uint_eq(counter(), 0);
    ck_assert_uint_eq(acc(), ACC_AT_FIRST);
    ck_assert_uint_eq(o->sent_count, 0);
}

static inline void remake(const char *profile, enum secpkt_algorithm algorithm)
{
    air_free(&o);
    o = air_new(profile, algorithm);
    air_terminal(o);
}

#endif
