/*
 * The DFs below ADF.USIM (TS 31.102 4.4). Of technologies that few devices know
 * the files are empty: no list, no parameter, nothing allowed.
 */
#include "uicc/profile/rows.h"

#define NO_5GSLOCI "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000001"
#define NO_KC      "FFFFFFFFFFFFFFFF07"

/* clang-format off */
/* The local phonebook is the one of DF.TELECOM: a terminal finds its numbers in either place. */
static const struct profile_row phonebook[] = {
    ROW_SHOWN("PBR", 0x4F30, 0, RULE_PIN_ADM, SVC(1), "7F10/5F3A/4F30", "TS 31.102 4.4.2.1"),
    ROW_SHOWN("PSC", 0x4F22, 0, RULE_PIN_PIN, SVC(1), "7F10/5F3A/4F22", "TS 31.102 4.4.2.12.2"),
    ROW_SHOWN("CC", 0x4F23, 0, RULE_PIN_PIN, SVC(1), "7F10/5F3A/4F23", "TS 31.102 4.4.2.12.3"),
    ROW_SHOWN("PUID", 0x4F24, 0, RULE_PIN_PIN, SVC(1), "7F10/5F3A/4F24", "TS 31.102 4.4.2.12.4"),
    ROW_SHOWN("ADN", 0x4F3A, 0x01, RULE_PIN_PIN, SVC(1), "7F10/5F3A/4F3A", "TS 31.102 4.4.2.3"),
    ROW_SHOWN("IAP", 0x4F32, 0x02, RULE_PIN_PIN, SVC(1), "7F10/5F3A/4F32", "TS 31.102 4.4.2.2"),
    ROW_SHOWN("EXT1", 0x4F4A, 0x03, RULE_PIN_PIN, SVC(1), "7F10/5F3A/4F4A", "TS 31.102 4.4.2.4"),
    ROW_SHOWN("PBC", 0x4F09, 0x04, RULE_PIN_PIN, SVC(1), "7F10/5F3A/4F09", "TS 31.102 4.4.2.5"),
    ROW_SHOWN("GRP", 0x4F52, 0x12, RULE_PIN_PIN, SVC(1), "7F10/5F3A/4F52", "TS 31.102 4.4.2.6"),
    ROW_SHOWN("AAS", 0x4F4B, 0x06, RULE_PIN_PIN, SVC(1), "7F10/5F3A/4F4B", "TS 31.102 4.4.2.7"),
    ROW_SHOWN("GAS", 0x4F53, 0x13, RULE_PIN_PIN, SVC(1), "7F10/5F3A/4F53", "TS 31.102 4.4.2.8"),
    ROW_SHOWN("ANR", 0x4F11, 0x08, RULE_PIN_PIN, SVC(1), "7F10/5F3A/4F11", "TS 31.102 4.4.2.9"),
    ROW_SHOWN("SNE", 0x4F54, 0x14, RULE_PIN_PIN, SVC(1), "7F10/5F3A/4F54", "TS 31.102 4.4.2.10"),
    ROW_SHOWN("CCP1", 0x4F4F, 0x16, RULE_PIN_PIN, SVC(1), "7F10/5F3A/4F4F", "TS 31.102 4.4.2.11"),
    ROW_SHOWN("UID", 0x4F21, 0x09, RULE_PIN_PIN, SVC(1), "7F10/5F3A/4F21", "TS 31.102 4.4.2.12.1"),
    ROW_SHOWN("EMAIL", 0x4F50, 0x0D, RULE_PIN_PIN, SVC(1), "7F10/5F3A/4F50", "TS 31.102 4.4.2.13"),
};

static const struct profile_row gsm_access[] = {
    ROW_TR("Kc", 0x4F20, 0x01, 9, RULE_PIN_PIN, SVC(27), NO_KC, "TS 31.102 4.4.3.1"),
    ROW_TR("KcGPRS", 0x4F52, 0x02, 9, RULE_PIN_PIN, SVC(27), NO_KC, "TS 31.102 4.4.3.2"),
    ROW_TR("CPBCCH", 0x4F63, 0, 16, RULE_PIN_PIN, SVC(39), "", "TS 31.102 4.4.3.3"),
    ROW_TR("InvScan", 0x4F64, 0, 1, RULE_PIN_PIN, SVC(40), "00", "TS 31.102 4.4.3.4"),
};

static const struct profile_row fiveg[] = {
    ROW_TR("5GS3GPPLOCI", 0x4F01, 0x01, 20, RULE_PIN_PIN, SVC(122), NO_5GSLOCI,
           "TS 31.102 4.4.11.2"),
    ROW_TR("5GSN3GPPLOCI", 0x4F02, 0x02, 20, RULE_PIN_PIN, SVC(122), NO_5GSLOCI,
           "TS 31.102 4.4.11.3"),
    ROW_LF("5GS3GPPNSC", 0x4F03, 0x03, 64, 1, RULE_PIN_PIN, SVC(122), "", "TS 31.102 4.4.11.4",
           .least = 57),
    ROW_LF("5GSN3GPPNSC", 0x4F04, 0x04, 64, 1, RULE_PIN_PIN, SVC(122), "", "TS 31.102 4.4.11.5",
           .least = 57),
    ROW_TR("5GAUTHKEYS", 0x4F05, 0x05, 110, RULE_PIN_PIN, SVC(123), "", "TS 31.102 4.4.11.6",
           .least = 68),
    ROW_TR("UAC_AIC", 0x4F06, 0x06, 4, RULE_PIN_ADM, SVC(126), "00000000", "TS 31.102 4.4.11.7"),
    ROW_TR_OF("SUCI_Calc_Info", 0x4F07, 0x07, 200, RULE_PIN_ADM, SVC(124), ROW_SUCI,
              "TS 31.102 4.4.11.8", .without = 125, .least = 2),
    ROW_LF("OPL5G", 0x4F08, 0x08, 10, 10, RULE_ALW_ADM, SVC(129), "", "TS 31.102 4.4.11.9"),
    ROW_TR("SUPI_NAI", 0x4F09, 0x09, 200, RULE_PIN_ADM, SVC(130), "", "TS 31.102 4.4.11.10",
           .least = 1),
    ROW_TR("Routing_Indicator", 0x4F0A, 0x0A, 4, RULE_PIN_ADM, SVC(124), "F0FFFFFF",
           "TS 31.102 4.4.11.11"),
    /* BER-TLV, as profile packages have it too; some cards show it as a transparent file */
    ROW_TLV("URSP", 0x4F0B, 0, 512, RULE_PIN_ADM, SVC(132), "TS 31.102 4.4.11.12"),
    ROW_TR("TN3GPPSNN", 0x4F0C, 0x0C, 200, RULE_PIN_ADM, SVC(135), "", "TS 31.102 4.4.11.13",
           .least = 1),
    ROW_TR("CAG", 0x4F0D, 0x0D, 100, RULE_PIN_ADM, SVC(137), "", "TS 31.102 4.4.11.14", .least = 2),
    ROW_TR("SOR-CMCI", 0x4F0E, 0x0E, 100, RULE_PIN_ADM, SVC(138), "", "TS 31.102 4.4.11.15",
           .least = 1),
    ROW_TR("DRI", 0x4F0F, 0x0F, 7, RULE_PIN_ADM, SVC(140), "", "TS 31.102 4.4.11.17"),
    ROW_TR("5GSEDRX", 0x4F10, 0x10, 2, RULE_PIN_ADM, SVC(141), "", "TS 31.102 4.4.11.18"),
    ROW_TR("5GNSWO_CONF", 0x4F11, 0x11, 1, RULE_PIN_ADM, SVC(142), "00", "TS 31.102 4.4.11.19"),
    ROW_TR("MCHPPLMN", 0x4F15, 0x15, 1, RULE_PIN_ADM, SVC(144), "01", "TS 31.102 4.4.11.20"),
    ROW_TR("KAUSF_DERIVATION", 0x4F16, 0x16, 1, RULE_PIN_ADM, SVC(145), "00",
           "TS 31.102 4.4.11.21"),
};

/* Read by the USIM, which computes the SUCI itself: GET IDENTITY. */
static const struct profile_row saip[] = {
    ROW_TR_OF("SUCI_Calc_Info_USIM", 0x4F01, 0x01, 200, RULE_ADM_ADM, SVC(125), ROW_SUCI,
              "TS 31.102 4.4.11.8", .least = 2),
};

static const struct profile_row solsa[] = {
    ROW_TR("SAI", 0x4F30, 0, 32, RULE_PIN_ADM, SVC(23), "", "TS 31.102 4.4.1.1", .least = 1),
    ROW_LF("SLL", 0x4F31, 0, 32, 2, RULE_PIN_PIN, SVC(23), "", "TS 31.102 4.4.1.2", .least = 1),
};

static const struct profile_row wlan[] = {
    ROW_TR("Pseudo", 0x4F41, 0x01, 64, RULE_PIN_PIN, SVC(59), "", "TS 31.102 4.4.5.1", .least = 2),
    ROW_TR("UPLMNWLAN", 0x4F42, 0x02, 60, RULE_PIN_PIN, SVC(60), "", "TS 31.102 4.4.5.2",
           .least = 30),
    ROW_TR("OPLMNWLAN", 0x4F43, 0x03, 60, RULE_PIN_ADM, SVC(61), "", "TS 31.102 4.4.5.3",
           .least = 30),
    ROW_LF("UWSIDL", 0x4F44, 0x04, 33, 10, RULE_PIN_PIN, SVC(62), "", "TS 31.102 4.4.5.4",
           .least = 1),
    ROW_LF("OWSIDL", 0x4F45, 0x05, 33, 10, RULE_PIN_ADM, SVC(63), "", "TS 31.102 4.4.5.5",
           .least = 1),
    ROW_TR("WRI", 0x4F46, 0x06, 100, RULE_PIN_PIN, SVC(66), "", "TS 31.102 4.4.5.6", .least = 1),
    ROW_LF("HWSIDL", 0x4F47, 0x07, 33, 10, RULE_PIN_ADM, SVC(81), "", "TS 31.102 4.4.5.7",
           .least = 1),
    ROW_TR("WEHPLMNPI", 0x4F48, 0x08, 1, RULE_PIN_ADM, SVC(82), "00", "TS 31.102 4.4.5.8"),
    ROW_TR("WHPI", 0x4F49, 0x09, 1, RULE_PIN_ADM, SVC(83), "00", "TS 31.102 4.4.5.9"),
    ROW_TR("WLRPLMN", 0x4F4A, 0x0A, 3, RULE_PIN_PIN, SVC(84), "", "TS 31.102 4.4.5.10"),
    ROW_TR("HPLMNDAI", 0x4F4B, 0x0B, 1, RULE_PIN_ADM, SVC(88), "00", "TS 31.102 4.4.5.11"),
};

static const struct profile_row hnb[] = {
    ROW_LF("ACSGL", 0x4F81, 0x01, 50, 2, RULE_PIN_PIN, SVC(86), "", "TS 31.102 4.4.6.2",
           .least = 1),
    ROW_LF("CSGT", 0x4F82, 0x02, 50, 2, RULE_PIN_PIN, SVC(86), "", "TS 31.102 4.4.6.3", .least = 1),
    ROW_LF("HNBN", 0x4F83, 0x03, 50, 2, RULE_PIN_PIN, SVC(86), "", "TS 31.102 4.4.6.4", .least = 1),
    ROW_LF("OCSGL", 0x4F84, 0x04, 50, 2, RULE_PIN_ADM, SVC(90), "", "TS 31.102 4.4.6.5",
           .least = 1),
    ROW_LF("OCSGT", 0x4F85, 0x05, 50, 2, RULE_PIN_ADM, SVC(90), "", "TS 31.102 4.4.6.6",
           .least = 1),
    ROW_LF("OHNBN", 0x4F86, 0x06, 50, 2, RULE_PIN_ADM, SVC(90), "", "TS 31.102 4.4.6.7",
           .least = 1),
};

/* EF.PST: no service of ProSe is allowed. */
static const struct profile_row prose[] = {
    ROW_LF("PROSE_MON", 0x4F01, 0x01, 50, 3, RULE_PIN_ADM, SVC(101), "", "TS 31.102 4.4.8.2",
           .least = 1),
    ROW_LF("PROSE_ANN", 0x4F02, 0x02, 50, 3, RULE_PIN_ADM, SVC(101), "", "TS 31.102 4.4.8.3",
           .least = 1),
    ROW_LF("PROSEFUNC", 0x4F03, 0x03, 50, 1, RULE_PIN_ADM, SVC(101), "", "TS 31.102 4.4.8.4",
           .least = 1),
    ROW_TR("PROSE_RADIO_COM", 0x4F04, 0x04, 50, RULE_PIN_ADM, SVC(101), "", "TS 31.102 4.4.8.5",
           .least = 1),
    ROW_TR("PROSE_RADIO_MON", 0x4F05, 0x05, 50, RULE_PIN_ADM, SVC(101), "", "TS 31.102 4.4.8.6",
           .least = 1),
    ROW_TR("PROSE_RADIO_ANN", 0x4F06, 0x06, 50, RULE_PIN_ADM, SVC(101), "", "TS 31.102 4.4.8.7",
           .least = 1),
    ROW_LF("PROSE_POLICY", 0x4F07, 0x07, 50, 3, RULE_PIN_ADM, SVC(101), "", "TS 31.102 4.4.8.8",
           .least = 1),
    ROW_LF("PROSE_PLMN", 0x4F08, 0x08, 50, 3, RULE_PIN_ADM, SVC(101), "", "TS 31.102 4.4.8.9",
           .least = 1),
    ROW_TR("PROSE_GC", 0x4F09, 0x09, 50, RULE_PIN_ADM, SVC(101), "", "TS 31.102 4.4.8.10",
           .least = 1),
    ROW_TR("PST", 0x4F10, 0x10, 3, RULE_PIN_ADM, SVC(101), "000000", "TS 31.102 4.4.8.11",
           .least = 1),
    ROW_TR("UIRC", 0x4F11, 0x11, 50, RULE_PIN_ADM, SVC(101), "", "TS 31.102 4.4.8.12", .least = 1),
    ROW_LF("PROSE_GM_DISCOVERY", 0x4F12, 0x12, 50, 3, RULE_PIN_ADM, SVC(101), "",
           "TS 31.102 4.4.8.13", .least = 1),
    ROW_LF("PROSE_RELAY", 0x4F13, 0x13, 50, 3, RULE_PIN_ADM, SVC(101), "", "TS 31.102 4.4.8.14",
           .least = 1),
    ROW_TR("PROSE_RELAY_DISCOVERY", 0x4F14, 0x14, 50, RULE_PIN_ADM, SVC(101), "",
           "TS 31.102 4.4.8.15", .least = 1),
};

/* standalone private networks */
static const struct profile_row snpn[] = {
    ROW_TR("PWS_SNPN", 0x4F01, 0x01, 1, RULE_ALW_ADM, SVC(143), "00", "TS 31.102 4.4.12.2"),
    ROW_LF("NID", 0x4F02, 0x02, 6, 10, RULE_PIN_ADM, SVC(146), "", "TS 31.102 4.4.12.3"),
};

/* EF.5G_PROSE_ST: no service of 5G ProSe is allowed. */
static const struct profile_row prose_5g[] = {
    ROW_TR("5G_PROSE_ST", 0x4F01, 0x01, 4, RULE_PIN_ADM, SVC(139), "00000000", "TS 31.102 4.4.13.2",
           .least = 1),
    ROW_TR("5G_PROSE_DD", 0x4F02, 0x02, 64, RULE_PIN_ADM, SVC(139), "", "TS 31.102 4.4.13.3",
           .least = 1),
    ROW_TR("5G_PROSE_DC", 0x4F03, 0x03, 64, RULE_PIN_ADM, SVC(139), "", "TS 31.102 4.4.13.4",
           .least = 1),
    ROW_TR("5G_PROSE_U2NRU", 0x4F04, 0x04, 64, RULE_PIN_ADM, SVC(139), "", "TS 31.102 4.4.13.5",
           .least = 1),
    ROW_TR("5G_PROSE_RU", 0x4F05, 0x05, 64, RULE_PIN_ADM, SVC(139), "", "TS 31.102 4.4.13.6",
           .least = 1),
    ROW_TR("5G_PROSE_UIR", 0x4F06, 0x06, 64, RULE_PIN_ADM, SVC(139), "", "TS 31.102 4.4.13.7",
           .least = 1),
    ROW_TR("5G_PROSE_U2URU", 0x4F07, 0x07, 64, RULE_PIN_ADM, SVC(139), "", "TS 31.102 4.4.13.8",
           .least = 1),
    ROW_TR("5G_PROSE_EU", 0x4F08, 0x08, 64, RULE_PIN_ADM, SVC(139), "", "TS 31.102 4.4.13.9",
           .least = 1),
};

static const struct profile_row mbs[] = {
    ROW_TR("5MBSUECONFIG", 0x4F01, 0x01, 64, RULE_PIN_ADM, SVC(147), "", "TS 31.102 4.4.14.2",
           .least = 1),
};
/* clang-format on */

static const struct profile_df dfs[] = {
    {"PHONEBOOK", 0x5F3A, 0x7FF0, FS_DF, "", phonebook, ARRAY_LEN(phonebook)},
    {"GSM-ACCESS", 0x5F3B, 0x7FF0, FS_DF, "", gsm_access, ARRAY_LEN(gsm_access)},
    {"WLAN", 0x5F40, 0x7FF0, FS_DF, "", wlan, ARRAY_LEN(wlan)},
    {"HNB", 0x5F50, 0x7FF0, FS_DF, "", hnb, ARRAY_LEN(hnb)},
    {"SoLSA", 0x5F70, 0x7FF0, FS_DF, "", solsa, ARRAY_LEN(solsa)},
    {"ProSe", 0x5F90, 0x7FF0, FS_DF, "", prose, ARRAY_LEN(prose)},
    {"5GS", 0x5FC0, 0x7FF0, FS_DF, "", fiveg, ARRAY_LEN(fiveg)},
    {"SAIP", 0x5FD0, 0x7FF0, FS_DF, "", saip, ARRAY_LEN(saip)},
    {"SNPN", 0x5FE0, 0x7FF0, FS_DF, "", snpn, ARRAY_LEN(snpn)},
    {"5G_ProSe", 0x5FF0, 0x7FF0, FS_DF, "", prose_5g, ARRAY_LEN(prose_5g)},
    {"5MBSUECONFIG", 0x5FF1, 0x7FF0, FS_DF, "", mbs, ARRAY_LEN(mbs)},
};

const struct profile_table profile_table_usim_dfs = {dfs, ARRAY_LEN(dfs)};
