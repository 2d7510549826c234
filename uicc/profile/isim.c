/*
 * ADF.ISIM (TS 31.103 4.2), for cards whose devices register with an IMS under
 * identities of their own; without it a device derives them from the IMSI. Short
 * messages are those of the USIM: a device finds them in either application.
 */
#include "uicc/profile/rows.h"

/* clang-format off */
static const struct profile_row isim[] = {
    ROW_TR("IMPI", 0x6F02, 0x02, 128, RULE_PIN_ADM, ALWAYS, "", "TS 31.103 4.2.2", .least = 1),
    ROW_TR("DOMAIN", 0x6F03, 0x05, 128, RULE_PIN_ADM, ALWAYS, "", "TS 31.103 4.2.3", .least = 1),
    ROW_LF("IMPU", 0x6F04, 0x04, 128, 8, RULE_PIN_ADM, ALWAYS, "", "TS 31.103 4.2.4", .least = 1),
    ROW_LF_OF("ARR", 0x6F06, 0x06, ARR_LEN, PROFILE_RULES, RULE_ALW_ADM, ROW_ARR, "",
              "TS 31.103 4.2.6"),
    ROW_TR_OF("IST", 0x6F07, 0x07, 3, RULE_PIN_ADM, ALWAYS, ROW_IST, "TS 31.103 4.2.7",
              .least = 1),
    ROW_LF("P-CSCF", 0x6F09, 0, 128, 8, RULE_PIN_ADM, SVC(IST(1), IST(5)), "", "TS 31.103 4.2.8",
           .least = 1),
    ROW_LF("GBAUAPI", 0x6F0A, 0, 100, 2, RULE_ADM_ADM, SVC(IST(2)), "", "TS 31.103 4.2.22",
           .least = 1),
    ROW_TR("IMSDCI", 0x6F0B, 0, 1, RULE_PIN_ADM, SVC(IST(22)), "00", "TS 31.103 4.2.23"),
    ROW_SHOWN("SMS", 0x6F3C, 0, RULE_PIN_PIN, SVC(IST(6), IST(8)), "7FFF/6F3C",
              "TS 31.103 4.2.12"),
    ROW_SHOWN("SMSP", 0x6F42, 0, RULE_PIN_PIN, SVC(IST(8)), "7FFF/6F42", "TS 31.103 4.2.15"),
    ROW_SHOWN("SMSS", 0x6F43, 0, RULE_PIN_PIN, SVC(IST(6), IST(8)), "7FFF/6F43",
              "TS 31.103 4.2.13"),
    ROW_SHOWN("SMSR", 0x6F47, 0, RULE_PIN_PIN, SVC(IST(7), IST(8)), "7FFF/6F47",
              "TS 31.103 4.2.14"),
    ROW_TR("AD", 0x6FAD, 0x03, 3, RULE_ALW_ADM, ALWAYS, "000000", "TS 31.103 4.2.5"),
    ROW_TR("GBABP", 0x6FD5, 0, 64, RULE_PIN_PIN, SVC(IST(2)), "", "TS 31.103 4.2.9", .least = 3),
    ROW_LF("GBANL", 0x6FD7, 0, 128, 8, RULE_PIN_ADM, SVC(IST(2)), "", "TS 31.103 4.2.10",
           .least = 1),
    ROW_LF("NAFKCA", 0x6FDD, 0, 128, 8, RULE_PIN_ADM, SVC(IST(2), IST(4)), "", "TS 31.103 4.2.11",
           .least = 1),
    ROW_LF("UICCIARI", 0x6FE7, 0, 64, 8, RULE_PIN_ADM, SVC(IST(10)), "", "TS 31.103 4.2.16",
           .least = 1),
    ROW_TR("FromPreferred", 0x6FF7, 0, 1, RULE_PIN_ADM, SVC(IST(17)), "00",
           "TS 31.103 4.2.17"),
    ROW_TLV("IMSConfigData", 0x6FF8, 0, 512, RULE_PIN_ADM, SVC(IST(18)), "TS 31.103 4.2.18"),
    ROW_LF("WebRTCURI", 0x6FFA, 0, 100, 10, RULE_PIN_ADM, SVC(IST(20)), "", "TS 31.103 4.2.20",
           .least = 1),
    ROW_TLV("XCAPConfigData", 0x6FFC, 0, 512, RULE_PIN_ADM, SVC(IST(19)), "TS 31.103 4.2.19"),
    ROW_TLV("MuDMiDConfigData", 0x6FFE, 0, 512, RULE_PIN_ADM, SVC(IST(21)),
            "TS 31.103 4.2.21"),
};
/* clang-format on */

static const struct profile_df dfs[] = {
    {"ADF.ISIM", 0x7FF2, 0x3F00, FS_ADF, "A0000000871004FFFFFFFF8907090000", isim, ARRAY_LEN(isim)},
};

const struct profile_table profile_table_isim = {dfs, ARRAY_LEN(dfs)};
