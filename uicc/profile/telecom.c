/*
 * DF.TELECOM (TS 31.102 4.6) with the phonebook that all applications share
 * (TS 31.102 4.4.2). The files that GSM put here show the USIM's bodies.
 */
#include "uicc/profile/rows.h"

/* clang-format off */
static const struct profile_row telecom[] = {
    ROW_LF_OF("ARR", 0x6F06, 0x06, ARR_LEN, PROFILE_RULES, RULE_ALW_ADM, ROW_ARR, "",
              "TS 31.102 4.6.2"),
    ROW_LF("RMA", 0x6F53, 0, 24, 2, RULE_ADM_ADM, ALWAYS, "", "TS 102 223 6.4.29"),
    ROW_TR("SUME", 0x6F54, 0, 22, RULE_ADM_ADM, ALWAYS, "", "TS 102 223 8.2"),
    ROW_LF("PSISMSC", 0x6FE5, 0, 64, 1, RULE_PIN_ADM, SVC(91), "", "TS 31.102 4.6.3", .least = 1),
    ROW_SAME("ADN", 0x6F3A, RULE_PIN_PIN, "7F10/5F3A/4F3A", "TS 51.011 10.5.1"),
    ROW_SAME("FDN", 0x6F3B, RULE_PIN_PIN2, "7FFF/6F3B", "TS 51.011 10.5.2"),
    ROW_SAME("SMS", 0x6F3C, RULE_PIN_PIN, "7FFF/6F3C", "TS 51.011 10.5.3"),
    ROW_LF("CCP", 0x6F3D, 0, 14, 5, RULE_PIN_PIN, ALWAYS, "", "TS 51.011 10.5.4"),
    ROW_SAME("MSISDN", 0x6F40, RULE_PIN_PIN, "7FFF/6F40", "TS 51.011 10.5.5"),
    ROW_SAME("SMSP", 0x6F42, RULE_PIN_PIN, "7FFF/6F42", "TS 51.011 10.5.6"),
    ROW_SAME("SMSS", 0x6F43, RULE_PIN_PIN, "7FFF/6F43", "TS 51.011 10.5.7"),
    ROW_CY("LND", 0x6F44, 0, 34, 20, RULE_PIN_PIN, ALWAYS, "", "TS 51.011 10.5.8", .least = 14),
    ROW_SAME("SMSR", 0x6F47, RULE_PIN_PIN, "7FFF/6F47", "TS 51.011 10.5.16"),
    ROW_SAME("SDN", 0x6F49, RULE_PIN_ADM, "7FFF/6F49", "TS 51.011 10.5.9"),
    ROW_SAME("EXT1", 0x6F4A, RULE_PIN_PIN, "7F10/5F3A/4F4A", "TS 51.011 10.5.10"),
    ROW_SAME("EXT2", 0x6F4B, RULE_PIN_PIN2, "7FFF/6F4B", "TS 51.011 10.5.11"),
    ROW_SAME("ECCP", 0x6F4F, RULE_PIN_PIN, "7FFF/6F4F", "TS 51.011 10.5.14"),
    ROW_SAME("BDN", 0x6F4D, RULE_PIN_PIN2, "7FFF/6F4D", "TS 51.011 10.5.13"),
    ROW_SAME("EXT4", 0x6F4E, RULE_PIN_PIN2, "7FFF/6F55", "TS 51.011 10.5.15"),
    ROW_SAME("CMI", 0x6F58, RULE_PIN_ADM, "7FFF/6F58", "TS 51.011 10.5.17"),
    ROW_SAME("EXT3", 0x6F4C, RULE_PIN_ADM, "7FFF/6F4C", "TS 51.011 10.5.12"),
};

static const struct profile_row graphics[] = {
    ROW_LF("IMG", 0x4F20, 0, 20, 5, RULE_PIN_ADM, SVC(22), "00", "TS 31.102 4.6.1.1", .least = 10),
};

/* One entry, by EF.PBR: ADN, IAP, SNE, PBC, GRP and UID have its record (type 1); IAP says which
 * records of ANR and EMAIL are its (type 2); the others are pointed to by what they extend or
 * name (type 3). */
#define PBR_TYPE_1 "A81EC0034F3A01C1034F3202C3034F5414C5034F0904C6034F5212C9034F2109"
#define PBR_TYPE_2 "A90AC4034F1108CA034F500D"
#define PBR_TYPE_3 "AA14C2034F4A03C7034F4B06C8034F5313CB034F4F16"

static const struct profile_row phonebook[] = {
    ROW_LF_OF("PBR", 0x4F30, 0, 69, 1, RULE_PIN_ADM, ROW_PLAIN, PBR_TYPE_1 PBR_TYPE_2 PBR_TYPE_3,
              "TS 31.102 4.4.2.1", .least = 1),
    ROW_TR("PSC", 0x4F22, 0, 4, RULE_PIN_PIN, ALWAYS, "00000000", "TS 31.102 4.4.2.12.2"),
    ROW_TR("CC", 0x4F23, 0, 2, RULE_PIN_PIN, ALWAYS, "0000", "TS 31.102 4.4.2.12.3"),
    ROW_TR("PUID", 0x4F24, 0, 2, RULE_PIN_PIN, ALWAYS, "0000", "TS 31.102 4.4.2.12.4"),
    ROW_LF("ADN", 0x4F3A, 0x01, 34, 250, RULE_PIN_PIN, ALWAYS, "", "TS 31.102 4.4.2.3",
           .least = 14),
    ROW_LF("IAP", 0x4F32, 0x02, 2, 250, RULE_PIN_PIN, ALWAYS, "", "TS 31.102 4.4.2.2"),
    ROW_LF("EXT1", 0x4F4A, 0x03, 13, 10, RULE_PIN_PIN, ALWAYS, "00", "TS 31.102 4.4.2.4"),
    ROW_LF("PBC", 0x4F09, 0x04, 2, 250, RULE_PIN_PIN, ALWAYS, "0000", "TS 31.102 4.4.2.5"),
    ROW_LF("GRP", 0x4F52, 0x12, 3, 250, RULE_PIN_PIN, ALWAYS, "000000", "TS 31.102 4.4.2.6",
           .least = 1),
    ROW_LF("AAS", 0x4F4B, 0x06, 10, 10, RULE_PIN_PIN, ALWAYS, "", "TS 31.102 4.4.2.7",
           .least = 1),
    ROW_LF("GAS", 0x4F53, 0x13, 16, 5, RULE_PIN_PIN, ALWAYS, "", "TS 31.102 4.4.2.8",
           .least = 1),
    ROW_LF("ANR", 0x4F11, 0x08, 17, 250, RULE_PIN_PIN, ALWAYS, "", "TS 31.102 4.4.2.9",
           .least = 15),
    ROW_LF("SNE", 0x4F54, 0x14, 18, 250, RULE_PIN_PIN, ALWAYS, "", "TS 31.102 4.4.2.10",
           .least = 1),
    ROW_LF("CCP1", 0x4F4F, 0x16, 15, 5, RULE_PIN_PIN, ALWAYS, "", "TS 31.102 4.4.2.11"),
    ROW_LF("UID", 0x4F21, 0x09, 2, 250, RULE_PIN_PIN, ALWAYS, "0000", "TS 31.102 4.4.2.12.1"),
    ROW_LF("EMAIL", 0x4F50, 0x0D, 50, 150, RULE_PIN_PIN, ALWAYS, "", "TS 31.102 4.4.2.13",
           .least = 3),
};

static const struct profile_row multimedia[] = {
    ROW_TLV("MML", 0x4F47, 0, 512, RULE_PIN_PIN, SVC(67), "TS 31.102 4.6.3.1"),
    ROW_TLV("MMDF", 0x4F48, 0, 4096, RULE_PIN_PIN, SVC(67), "TS 31.102 4.6.3.2"),
};

static const struct profile_row mcs[] = {
    ROW_TR("MST", 0x4F01, 0x01, 4, RULE_PIN_ADM, SVC(109, IST(15)), "00000000", "TS 31.102 4.6.4.2",
           .least = 2),
    ROW_TLV("MCS_CONFIG", 0x4F02, 0x02, 2048, RULE_PIN_ADM, SVC(109, IST(15)),
            "TS 31.102 4.6.4.3"),
};

static const struct profile_row v2x[] = {
    ROW_TR("VST", 0x4F01, 0x01, 4, RULE_PIN_ADM, SVC(119), "00000000", "TS 31.102 4.6.5.2",
           .least = 2),
    ROW_TLV("V2X_CONFIG", 0x4F02, 0x02, 1024, RULE_PIN_ADM, SVC(119), "TS 31.102 4.6.5.3"),
};
/* clang-format on */

static const struct profile_df dfs[] = {
    {"TELECOM", 0x7F10, 0x3F00, FS_DF, "", telecom, ARRAY_LEN(telecom)},
    {"GRAPHICS", 0x5F50, 0x7F10, FS_DF, "", graphics, ARRAY_LEN(graphics)},
    {"PHONEBOOK", 0x5F3A, 0x7F10, FS_DF, "", phonebook, ARRAY_LEN(phonebook)},
    {"MULTIMEDIA", 0x5F3B, 0x7F10, FS_DF, "", multimedia, ARRAY_LEN(multimedia)},
    {"MCS", 0x5F3D, 0x7F10, FS_DF, "", mcs, ARRAY_LEN(mcs)},
    {"V2X", 0x5F3E, 0x7F10, FS_DF, "", v2x, ARRAY_LEN(v2x)},
};

const struct profile_table profile_table_telecom = {dfs, ARRAY_LEN(dfs)};
