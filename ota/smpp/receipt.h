/*
 * receipt.h - delivery receipts as SMS centres write them into deliver_sm
 * (SMPP 3.4 appendix B, and what one meets in its place).
 */
#ifndef RESEAT_OTA_SMPP_RECEIPT_H
#define RESEAT_OTA_SMPP_RECEIPT_H

#include "ota/smpp/pdu.h"

struct smpp_receipt {
    uint8_t state;                            /* enum smpp_message_state; 0 when nothing says it */
    char message_id[SMPP_MESSAGE_ID_MAX + 1]; /* "" when nothing says it */
};

/* Is it one: esm_class says so. */
bool smpp_is_receipt(const struct smpp_pdu *pdu);

/*
 * message_state and receipted_message_id where they are given, else "stat:" and "id:" of the
 * text. Never fails: what is not understood stays unsaid.
 */
void smpp_read_receipt(const struct smpp_pdu *pdu, struct smpp_receipt *out);

#endif
