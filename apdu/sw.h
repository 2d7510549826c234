/*
 * sw.h - status words: what a card answers.
 *
 * sw_t is a struct so that a status word cannot be mixed up with an enum err or
 * a length. The list is TS 102 221 10.2; INCREASE and AUTHENTICATE words from
 * TS 102 221 10.2.1 and TS 31.102 7.3; 94xx from GlobalPlatform 11.1.3.
 */
#ifndef RESEAT_APDU_SW_H
#define RESEAT_APDU_SW_H

#include "apdu/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    uint16_t v;
} sw_t;

#define SW(value) ((sw_t){(uint16_t)(value)})

/* X(name, value, text) */
#define SW_LIST(X)                                                                         \
    X(SW_OK, 0x9000, "normal ending")                                                      \
    X(SW_BUSY, 0x9300, "toolkit is busy, try again")                                       \
    X(SW_WARNING, 0x6200, "no information given, memory unchanged")                        \
    X(SW_END_OF_FILE, 0x6282, "end of file reached, or nothing found")                     \
    X(SW_DEACTIVATED, 0x6283, "selected file is deactivated")                              \
    X(SW_TERMINATED, 0x6285, "selected file is terminated")                                \
    X(SW_MORE_DATA, 0x62F1, "more data available")                                         \
    X(SW_MORE_DATA_PROACTIVE, 0x62F2, "more data available, proactive command pending")    \
    X(SW_RESPONSE_DATA, 0x62F3, "response data available")                                 \
    X(SW_MORE_STATUS, 0x6310, "more data, repeat the command")                             \
    X(SW_MORE_EXPECTED, 0x63F1, "more data expected")                                      \
    X(SW_MORE_EXPECTED_PROACTIVE, 0x63F2, "more data expected, proactive command pending") \
    X(SW_EXECUTION, 0x6400, "no information given, memory unchanged")                      \
    X(SW_EXECUTION_CHANGED, 0x6500, "no information given, memory changed")                \
    X(SW_MEMORY, 0x6581, "memory problem")                                                 \
    X(SW_WRONG_LENGTH, 0x6700, "wrong length")                                             \
    X(SW_CHANNEL, 0x6881, "logical channel not supported or closed")                       \
    X(SW_SECURE_MESSAGING, 0x6882, "secure messaging not supported")                       \
    X(SW_STRUCTURE, 0x6981, "command does not fit the file structure")                     \
    X(SW_SECURITY, 0x6982, "security status not satisfied")                                \
    X(SW_BLOCKED, 0x6983, "authentication method or PIN blocked")                          \
    X(SW_INVALIDATED, 0x6984, "referenced data invalidated")                               \
    X(SW_CONDITIONS, 0x6985, "conditions of use not satisfied")                            \
    X(SW_NO_EF, 0x6986, "no EF selected")                                                  \
    X(SW_BAD_DATA, 0x6A80, "wrong parameters in the data field")                           \
    X(SW_FUNCTION, 0x6A81, "function not supported")                                       \
    X(SW_NOT_FOUND, 0x6A82, "file or application not found")                               \
    X(SW_RECORD, 0x6A83, "record not found")                                               \
    X(SW_SPACE, 0x6A84, "not enough memory")                                               \
    X(SW_P1P2, 0x6A86, "wrong P1 or P2")                                                   \
    X(SW_LC_P1P2, 0x6A87, "Lc inconsistent with P1 P2")                                    \
    X(SW_REFERENCE, 0x6A88, "referenced data not found")                                   \
    X(SW_FID_EXISTS, 0x6A89, "file id exists already")                                     \
    X(SW_NAME_EXISTS, 0x6A8A, "DF name exists already")                                    \
    X(SW_OFFSET, 0x6B00, "wrong P1 or P2: offset outside the file")                        \
    X(SW_WRONG_INS, 0x6D00, "instruction not supported")                                   \
    X(SW_WRONG_CLA, 0x6E00, "class not supported")                                         \
    X(SW_NO_DIAGNOSIS, 0x6F00, "technical problem")                                        \
    X(SW_ALGORITHM, 0x9484, "algorithm not supported")                                     \
    X(SW_KCV, 0x9485, "key check value does not match")                                    \
    X(SW_MAXIMUM, 0x9850, "INCREASE would pass the maximum")                               \
    X(SW_AUTH_MAC, 0x9862, "authentication error, incorrect MAC")                          \
    X(SW_SESSION_EXPIRED, 0x9863, "security session expired")                              \
    X(SW_AUTH_CONTEXT, 0x9864, "security context or suspension time not supported")        \
    X(SW_KEY_FRESHNESS, 0x9865, "key freshness failure")                                   \
    X(SW_AUTH_MEMORY, 0x9866, "no memory space available")

#define SW_ENUM(name, value, text) name##_V = (value),
enum sw_value { SW_LIST(SW_ENUM) };
#undef SW_ENUM

#define SW_OK                      SW(SW_OK_V)
#define SW_BUSY                    SW(SW_BUSY_V)
#define SW_WARNING                 SW(SW_WARNING_V)
#define SW_END_OF_FILE             SW(SW_END_OF_FILE_V)
#define SW_DEACTIVATED             SW(SW_DEACTIVATED_V)
#define SW_TERMINATED              SW(SW_TERMINATED_V)
#define SW_MORE_DATA               SW(SW_MORE_DATA_V)
#define SW_MORE_DATA_PROACTIVE     SW(SW_MORE_DATA_PROACTIVE_V)
#define SW_RESPONSE_DATA           SW(SW_RESPONSE_DATA_V)
#define SW_MORE_STATUS             SW(SW_MORE_STATUS_V)
#define SW_MORE_EXPECTED           SW(SW_MORE_EXPECTED_V)
#define SW_MORE_EXPECTED_PROACTIVE SW(SW_MORE_EXPECTED_PROACTIVE_V)
#define SW_EXECUTION               SW(SW_EXECUTION_V)
#define SW_EXECUTION_CHANGED       SW(SW_EXECUTION_CHANGED_V)
#define SW_MEMORY                  SW(SW_MEMORY_V)
#define SW_WRONG_LENGTH            SW(SW_WRONG_LENGTH_V)
#define SW_CHANNEL                 SW(SW_CHANNEL_V)
#define SW_SECURE_MESSAGING        SW(SW_SECURE_MESSAGING_V)
#define SW_STRUCTURE               SW(SW_STRUCTURE_V)
#define SW_SECURITY                SW(SW_SECURITY_V)
#define SW_BLOCKED                 SW(SW_BLOCKED_V)
#define SW_INVALIDATED             SW(SW_INVALIDATED_V)
#define SW_CONDITIONS              SW(SW_CONDITIONS_V)
#define SW_NO_EF                   SW(SW_NO_EF_V)
#define SW_BAD_DATA                SW(SW_BAD_DATA_V)
#define SW_FUNCTION                SW(SW_FUNCTION_V)
#define SW_NOT_FOUND               SW(SW_NOT_FOUND_V)
#define SW_RECORD                  SW(SW_RECORD_V)
#define SW_SPACE                   SW(SW_SPACE_V)
#define SW_P1P2                    SW(SW_P1P2_V)
#define SW_LC_P1P2                 SW(SW_LC_P1P2_V)
#define SW_REFERENCE               SW(SW_REFERENCE_V)
#define SW_FID_EXISTS              SW(SW_FID_EXISTS_V)
#define SW_NAME_EXISTS             SW(SW_NAME_EXISTS_V)
#define SW_OFFSET                  SW(SW_OFFSET_V)
#define SW_WRONG_INS               SW(SW_WRONG_INS_V)
#define SW_WRONG_CLA               SW(SW_WRONG_CLA_V)
#define SW_NO_DIAGNOSIS            SW(SW_NO_DIAGNOSIS_V)
#define SW_ALGORITHM               SW(SW_ALGORITHM_V)
#define SW_KCV                     SW(SW_KCV_V)
#define SW_MAXIMUM                 SW(SW_MAXIMUM_V)
#define SW_AUTH_MAC                SW(SW_AUTH_MAC_V)
#define SW_SESSION_EXPIRED         SW(SW_SESSION_EXPIRED_V)
#define SW_AUTH_CONTEXT            SW(SW_AUTH_CONTEXT_V)
#define SW_KEY_FRESHNESS           SW(SW_KEY_FRESHNESS_V)
#define SW_AUTH_MEMORY             SW(SW_AUTH_MEMORY_V)

/* 63CX: verification failed, tries left (TS 102 221 10.2.1.5). */
sw_t sw_tries_left(unsigned tries);
/* 61XX: XX bytes wait; 256 and more are said as 00. */
sw_t sw_bytes_wait(size_t count);
/* 6CXX: repeat with this P3. */
sw_t sw_wrong_le(size_t count);
/* 91XX: a proactive command of XX bytes waits. */
sw_t sw_proactive(size_t count);

static inline bool sw_equal(sw_t a, sw_t b)
{
    return a.v == b.v;
}
/* 90XX, 91XX, 92XX, 61XX, 9FXX: the command did what it was asked. */
bool sw_is_success(sw_t sw);
/* 62XX, 63XX. */
bool sw_is_warning(sw_t sw);

/* What the card says when a parser or the store failed that way. */
sw_t sw_from_err(enum err e);

/* Text for people, never NULL, static; variable parts are named, not filled in. */
const char *sw_text(sw_t sw);

#endif
