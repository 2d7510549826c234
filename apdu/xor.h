/*
 * xor.h - the test algorithm of TS 34.108 8.1.2, which protects nothing; called by
 * aka.c, which has checked the key.
 */
#ifndef RESEAT_APDU_XOR_H
#define RESEAT_APDU_XOR_H

#include "apdu/aka.h"

void xor_f2345(const struct aka_key *key, const uint8_t rand[AKA_RAND_LEN], struct aka_result *out);

/* Either MAC pointer may be NULL. The algorithm has one function for both. */
void xor_f1(const struct aka_key *key, const uint8_t rand[AKA_RAND_LEN], const uint8_t sqn_amf[8],
            uint8_t *mac_a, uint8_t *mac_s);

#endif
