/*
 * lab.h - a card with a profile made for tests of the platform: every file structure,
 * every form of access rule, three applications, all kinds of keys.
 *
 *   3F00  2F00 DIR, 2F06 ARR, 2F08 UMPC (suspension offered), 2FE2 ICCID (SFI 02)
 *         7F10  6F01 transparent 300 bytes 00 01 02 ..; 5F01 / 4F01 transparent 4
 *         7F11  (a DF beside it), 7F20 / 6F07 mirror of the application's
 *   7FF0  application 1, A0000000871002FF01:
 *         6F07 transparent 9 (SFI 07, PIN1/ADM1)    6F10 linear 6 x 4 (SFI 10, always/PIN1)
 *         6F11 cyclic 3 x 4 (SFI 11, INCREASE PIN1) 6F12 BER-TLV 1024 (SFI 12, PIN1/PIN1)
 *         6F13 transparent, not shareable           6F14 usable when deactivated
 *         6F30 + n: transparent 4, access rule lab_rules[n]
 *   7FF1  application 2, A0000000871002FF02; 7FF2 application 3, A0000000871004
 *
 * PINs as in card.h; besides ADM2 (0B), ADM6 (8A, local) and the universal PIN (11).
 */
#ifndef RESEAT_TEST_LAB_H
#define RESEAT_TEST_LAB_H

#include "test/support/uicc/card.h"

#include <check.h>

#define LAB_ADM2      "41444D3241444D32"
#define LAB_ADM6      "41444D3641444D36"
#define LAB_UNIVERSAL "39393939FFFFFFFF"

#define LAB_AID1 "A0000000871002FF01"
#define LAB_AID2 "A0000000871002FF02"
#define LAB_AID3 "A0000000871004"

/* Records of EF.ARR: number n + 1 is lab_rules[n]. */
#define LAB_RULES_MAX 32
extern const char *const lab_rules[LAB_RULES_MAX];
size_t lab_rule_count(void);
#define LAB_FIRST_FORM 7 /* the ones before are those that the files above use */

/* PIN1 enabled or not; the card is powered. */
struct test_card *lab_new(bool pin1_enabled);

/* A suite out of cases, each with the clause it is about, on one card each. */
struct lab_case {
    const char *clause;
    const TTest *test;
    int rows; /* of a loop test; 0: none */
};
Suite *lab_suite(const char *name, const struct lab_case *cases, size_t count, SFun set_up,
                 SFun tear_down);

#endif
