/*
 * bcd.h - identities in BCD: IMSI, ICCID, PLMN, dialling numbers, PINs.
 *
 * Digit texts are NUL-terminated ASCII.
 */
#ifndef RESEAT_APDU_BCD_H
#define RESEAT_APDU_BCD_H

#include "apdu/buf.h"

#define IMSI_DIGITS_MAX   15
#define ICCID_DIGITS_MAX  20
#define EF_IMSI_LEN       9
#define EF_ICCID_LEN      10
#define PLMN_LEN          3
#define NUMBER_DIGITS_MAX 20

/*
 * Every text parser below: ERR_FORMAT for a character that is no digit,
 * ERR_RANGE for a length the standard does not allow.
 */

/* EF.IMSI, TS 31.102 4.2.2: length, parity nibble, digits swapped, FF fill. 6 to 15 digits. */
NODISCARD enum err bcd_imsi_encode(const char *digits, uint8_t ef[EF_IMSI_LEN]);
NODISCARD enum err bcd_imsi_decode(const uint8_t ef[EF_IMSI_LEN], char digits[IMSI_DIGITS_MAX + 1]);

/* EF.ICCID, TS 102 221 13.2: nibbles swapped, F fill. 18 to 20 digits. */
NODISCARD enum err bcd_iccid_encode(const char *digits, uint8_t ef[EF_ICCID_LEN]);
NODISCARD enum err bcd_iccid_decode(const uint8_t ef[EF_ICCID_LEN],
                                    char digits[ICCID_DIGITS_MAX + 1]);

/* Luhn check digit ('0'..'9') of a digit text (ITU-T E.118). */
NODISCARD enum err bcd_luhn(const char *digits, char *check);

/* PLMN, TS 24.008 10.5.1.3. text is MCC and MNC together: "00101", "310410" (5 or 6 digits). */
NODISCARD enum err bcd_plmn_encode(const char *text, uint8_t plmn[PLMN_LEN]);
NODISCARD enum err bcd_plmn_decode(const uint8_t plmn[PLMN_LEN], char text[7]);

/* EF.ACC of an IMSI: access class = last digit (TS 22.011 4.2). */
NODISCARD enum err bcd_access_class(const char *imsi, uint8_t acc[2]);

/* Semi-octets as in addresses: nibbles swapped, F fill; digits 0-9 * # a b c map to 0-E. */
NODISCARD enum err bcd_number_encode(const char *digits, struct wr *w);
/* Decode until the F fill or the end; ERR_SPACE if cap is too small. */
NODISCARD enum err bcd_number_decode(struct rd r, char *digits, size_t cap);

/* PIN, TS 102 221 9.5.1: 4 to 8 ASCII digits, FF fill. */
NODISCARD enum err bcd_pin_encode(const char *digits, uint8_t pin[8]);

/* digits + step as a digit text of the same length ("0099" + 2 = "0101"); ERR_RANGE on carry out.
 */
NODISCARD enum err bcd_add(const char *digits, uint64_t step, char *out, size_t cap);

#endif
