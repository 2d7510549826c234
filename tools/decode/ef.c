/* The files of the standards by number and place: one row each. */
#include "apdu/ids.h"
#include "tools/decode/show.h"

#include <string.h>

#define U   PLACE_USIM
#define G   PLACE_GSM
#define T   PLACE_TELECOM
#define UG  (PLACE_USIM | PLACE_GSM)
#define UT  (PLACE_USIM | PLACE_TELECOM)
#define UI  (PLACE_USIM | PLACE_ISIM)
#define UGI (PLACE_USIM | PLACE_GSM | PLACE_ISIM)
#define S5  PLACE_5GS
#define PB  PLACE_PHONEBOOK

/* clang-format off */
const struct decode_ef show_ef_table[] = {
    /* TS 102 221 13 */
    {0x2F00, PLACE_MF, 0x1E, "EF.DIR", show_dir, TREE_EQUAL, true},
    {0x2F05, PLACE_MF, 0x05, "EF.PL", show_languages, TREE_FREE, false},
    {0x2F06, PLACE_MF, 0x06, "EF.ARR", show_arr_rules, TREE_FREE, true},
    {0x2F08, PLACE_MF, 0x08, "EF.UMPC", show_umpc, TREE_FREE, false},
    {0x2FE2, PLACE_MF, 0x02, "EF.ICCID", show_iccid, TREE_FREE, true},
    /* TS 31.102 4.2 */
    {0x6F05, U, 0x02, "EF.LI", show_languages, TREE_FREE, false},
    {0x6F06, U | T, 0x17, "EF.ARR", show_arr_rules, TREE_FREE, true},
    {0x6F07, UG, 0x07, "EF.IMSI", show_imsi, TREE_FREE, true},
    {0x6F08, U, 0x08, "EF.Keys", show_keys, TREE_SHAPE, true},
    {0x6F09, U, 0x09, "EF.KeysPS", show_keys, TREE_SHAPE, true},
    {0x6F2C, U, 0, "EF.DCK", show_hidden, TREE_FREE, false},
    {0x6F31, UG, 0x12, "EF.HPPLMN", show_minutes, TREE_FREE, true},
    {0x6F32, U, 0, "EF.CNL", NULL, TREE_FREE, false},
    {0x6F37, UG, 0, "EF.ACMmax", show_number, TREE_FREE, false},
    {0x6F38, U, 0x04, "EF.UST", show_ust, TREE_FREE, true},
    {0x6F39, UG, 0x1C, "EF.ACM", show_number, TREE_FREE, false},
    {0x6F3B, UT, 0, "EF.FDN", show_dialling, TREE_FREE, false},
    {0x6F3C, UT | PLACE_ISIM, 0, "EF.SMS", show_sms_record, TREE_FREE, false},
    {0x6F3E, UG, 0, "EF.GID1", NULL, TREE_FREE, false},
    {0x6F3F, UG, 0, "EF.GID2", NULL, TREE_FREE, false},
    {0x6F40, UT, 0, "EF.MSISDN", show_dialling, TREE_FREE, false},
    {0x6F41, UG, 0, "EF.PUCT", NULL, TREE_FREE, false},
    {0x6F42, UT | PLACE_ISIM, 0, "EF.SMSP", show_smsp, TREE_FREE, false},
    {0x6F43, UT | PLACE_ISIM, 0, "EF.SMSS", show_smss, TREE_FREE, false},
    {0x6F45, UG, 0, "EF.CBMI", NULL, TREE_FREE, false},
    {0x6F46, UG, 0, "EF.SPN", show_spn, TREE_FREE, false},
    {0x6F47, UT | PLACE_ISIM, 0, "EF.SMSR", NULL, TREE_FREE, false},
    {0x6F48, UG, 0x0E, "EF.CBMID", NULL, TREE_FREE, false},
    {0x6F49, UT, 0, "EF.SDN", show_dialling, TREE_FREE, false},
    {0x6F4B, UT, 0, "EF.EXT2", NULL, TREE_FREE, false},
    {0x6F4C, UT, 0, "EF.EXT3", NULL, TREE_FREE, false},
    {0x6F4D, UT, 0, "EF.BDN", show_dialling, TREE_FREE, false},
    {0x6F4E, UT, 0, "EF.EXT5", NULL, TREE_FREE, false},
    {0x6F4F, U, 0x16, "EF.CCP2", NULL, TREE_FREE, false},
    {0x6F50, UG, 0, "EF.CBMIR", NULL, TREE_FREE, false},
    {0x6F55, U, 0, "EF.EXT4", NULL, TREE_FREE, false},
    {0x6F56, U, 0x05, "EF.EST", NULL, TREE_FREE, false},
    {0x6F57, U, 0, "EF.ACL", NULL, TREE_FREE, false},
    {0x6F58, U, 0, "EF.CMI", NULL, TREE_FREE, false},
    {0x6F5B, U, 0x0F, "EF.START-HFN", NULL, TREE_SHAPE, true},
    {0x6F5C, U, 0x10, "EF.THRESHOLD", show_number, TREE_FREE, true},
    {0x6F60, UG, 0x0A, "EF.PLMNwAcT", show_plmn_acts, TREE_FREE, false},
    {0x6F61, UG, 0x11, "EF.OPLMNwAcT", show_plmn_acts, TREE_FREE, false},
    {0x6F62, UG, 0x13, "EF.HPLMNwAcT", show_plmn_acts, TREE_FREE, false},
    {0x6F73, U, 0x0C, "EF.PSLOCI", show_psloci, TREE_SHAPE, true},
    {0x6F78, UG, 0x06, "EF.ACC", show_acc, TREE_FREE, true},
    {0x6F7B, UG, 0x0D, "EF.FPLMN", show_plmns, TREE_FREE, true},
    {0x6F7E, UG, 0x0B, "EF.LOCI", show_loci, TREE_SHAPE, true},
    {0x6F80, U, 0x14, "EF.ICI", NULL, TREE_FREE, false},
    {0x6F81, U, 0x15, "EF.OCI", NULL, TREE_FREE, false},
    {0x6F82, U, 0, "EF.ICT", show_number, TREE_FREE, false},
    {0x6F83, U, 0, "EF.OCT", show_number, TREE_FREE, false},
    {0x6FAD, UGI, 0x03, "EF.AD", show_ad, TREE_FREE, true},
    {0x6FB5, UG, 0, "EF.eMLPP", NULL, TREE_FREE, false},
    {0x6FB6, UG, 0, "EF.AAeM", NULL, TREE_FREE, false},
    {0x6FB7, U, 0x01, "EF.ECC", show_ecc, TREE_FREE, true},
    {0x6FC3, U, 0, "EF.HiddenKey", show_hidden, TREE_FREE, false},
    {0x6FC4, U, 0, "EF.NETPAR", NULL, TREE_FREE, true},
    {0x6FC5, UG, 0x19, "EF.PNN", show_pnn, TREE_FREE, false},
    {0x6FC6, UG, 0x1A, "EF.OPL", show_opl, TREE_FREE, false},
    {0x6FC7, UG, 0, "EF.MBDN", show_dialling, TREE_FREE, false},
    {0x6FC8, UG, 0, "EF.EXT6", NULL, TREE_FREE, false},
    {0x6FC9, UG, 0, "EF.MBI", NULL, TREE_FREE, false},
    {0x6FCA, UG, 0, "EF.MWIS", NULL, TREE_FREE, false},
    {0x6FCB, UG, 0, "EF.CFIS", NULL, TREE_FREE, false},
    {0x6FCC, UG, 0, "EF.EXT7", NULL, TREE_FREE, false},
    {0x6FCD, UG, 0x1B, "EF.SPDI", show_spdi, TREE_FREE, false},
    {0x6FCE, UG, 0, "EF.MMSN", NULL, TREE_FREE, false},
    {0x6FD0, UG, 0, "EF.MMSICP", NULL, TREE_FREE, false},
    {0x6FD1, UG, 0, "EF.MMSUP", NULL, TREE_FREE, false},
    {0x6FD3, U, 0, "EF.NIA", NULL, TREE_FREE, false},
    {0x6FD5, PLACE_ISIM, 0, "EF.GBABP", NULL, TREE_FREE, false},
    {0x6FD6, U, 0, "EF.GBABP", NULL, TREE_FREE, false},
    {0x6FD9, U, 0x1D, "EF.EHPLMN", show_plmns, TREE_FREE, false},
    {0x6FDB, U, 0, "EF.EHPLMNPI", NULL, TREE_FREE, false},
    {0x6FDC, U, 0, "EF.LRPLMNSI", NULL, TREE_FREE, false},
    {0x6FDE, U, 0, "EF.SPNI", NULL, TREE_FREE, false},
    {0x6FDF, U, 0, "EF.PNNI", NULL, TREE_FREE, false},
    {0x6FE2, U, 0, "EF.NCP-IP", NULL, TREE_FREE, false},
    {0x6FE3, U, 0x1E, "EF.EPSLOCI", show_epsloci, TREE_SHAPE, false},
    {0x6FE4, U, 0x18, "EF.EPSNSC", show_hidden, TREE_FREE, false},
    {0x6FE6, U, 0, "EF.UFC", NULL, TREE_FREE, false},
    {0x6FE7, UI, 0, "EF.UICCIARI", NULL, TREE_FREE, false},
    {0x6FE8, U, 0, "EF.NASCONFIG", NULL, TREE_FREE, false},
    {0x6FEC, U, 0, "EF.PWS", NULL, TREE_FREE, false},
    {0x6FF3, U, 0, "EF.ePDGId", show_identity, TREE_FREE, false},
    {0x6FF4, U, 0, "EF.ePDGSelection", NULL, TREE_FREE, false},
    {0x6FF5, U, 0, "EF.ePDGIdEm", show_identity, TREE_FREE, false},
    {0x6FF6, U, 0, "EF.ePDGSelectionEm", NULL, TREE_FREE, false},
    {0x6FF7, UI, 0, "EF.FromPreferred", NULL, TREE_FREE, false},
    {0x6FF8, UI, 0, "EF.IMSConfigData", NULL, TREE_FREE, false},
    {0x6FF9, U, 0, "EF.3GPPPSDATAOFF", NULL, TREE_FREE, false},
    {0x6FFA, U, 0, "EF.3GPPPSDATAOFFservicelist", NULL, TREE_FREE, false},
    {0x6FFC, UI, 0, "EF.XCAPConfigData", NULL, TREE_FREE, false},
    {0x6FFD, U, 0, "EF.EARFCNList", NULL, TREE_FREE, false},
    {0x6FFE, U, 0, "EF.MuDMiDConfigData", NULL, TREE_FREE, false},
    /* TS 31.102 4.4.3 */
    {0x4F20, PLACE_GSM_ACCESS, 0x01, "EF.Kc", show_kc, TREE_SHAPE, false},
    {0x4F52, PLACE_GSM_ACCESS, 0x02, "EF.KcGPRS", show_kc, TREE_SHAPE, false},
    {0x4F63, PLACE_GSM_ACCESS, 0, "EF.CPBCCH", NULL, TREE_FREE, false},
    {0x4F64, PLACE_GSM_ACCESS, 0, "EF.InvScan", NULL, TREE_FREE, false},
    /* TS 31.102 4.4.11 */
    {0x4F01, S5, 0x01, "EF.5GS3GPPLOCI", show_5gsloci, TREE_SHAPE, false},
    {0x4F02, S5, 0x02, "EF.5GSN3GPPLOCI", show_5gsloci, TREE_SHAPE, false},
    {0x4F03, S5, 0x03, "EF.5GS3GPPNSC", show_hidden, TREE_FREE, false},
    {0x4F04, S5, 0x04, "EF.5GSN3GPPNSC", show_hidden, TREE_FREE, false},
    {0x4F05, S5, 0x05, "EF.5GAUTHKEYS", show_hidden, TREE_FREE, false},
    {0x4F06, S5, 0x06, "EF.UAC_AIC", NULL, TREE_FREE, false},
    {0x4F07, S5, 0x07, "EF.SUCI_Calc_Info", show_suci_info, TREE_FREE, false},
    {0x4F08, S5, 0x08, "EF.OPL5G", show_opl, TREE_FREE, false},
    {0x4F09, S5, 0x09, "EF.SUPI_NAI", show_identity, TREE_FREE, false},
    {0x4F0A, S5, 0x0A, "EF.Routing_Indicator", show_routing, TREE_FREE, false},
    {0x4F0B, S5, 0, "EF.URSP", NULL, TREE_FREE, false},
    {0x4F0C, S5, 0x0C, "EF.TN3GPPSNN", NULL, TREE_FREE, false},
    {0x4F0D, S5, 0x0D, "EF.CAG", NULL, TREE_FREE, false},
    {0x4F0E, S5, 0x0E, "EF.SOR-CMCI", NULL, TREE_FREE, false},
    {0x4F0F, S5, 0x0F, "EF.DRI", NULL, TREE_FREE, false},
    {0x4F10, S5, 0x10, "EF.5GSEDRX", NULL, TREE_FREE, false},
    {0x4F11, S5, 0x11, "EF.5GNSWO_CONF", NULL, TREE_FREE, false},
    {0x4F15, S5, 0x15, "EF.MCHPPLMN", NULL, TREE_FREE, false},
    {0x4F16, S5, 0x16, "EF.KAUSF_DERIVATION", NULL, TREE_FREE, false},
    {0x4F01, PLACE_SAIP, 0x01, "EF.SUCI_Calc_Info_USIM", show_suci_info, TREE_FREE, false},
    /* TS 31.102 4.6, 4.4.2 */
    {0x6F53, T, 0, "EF.RMA", NULL, TREE_FREE, false},
    {0x6F54, T | G, 0, "EF.SUME", NULL, TREE_FREE, false},
    {0x6FE5, T, 0, "EF.PSISMSC", show_identity, TREE_FREE, false},
    {0x6F3A, T, 0, "EF.ADN", show_dialling, TREE_FREE, false},
    {0x6F3D, T, 0, "EF.CCP", NULL, TREE_FREE, false},
    {0x6F44, T, 0, "EF.LND", show_dialling, TREE_FREE, false},
    {0x6F4A, T, 0, "EF.EXT1", NULL, TREE_FREE, false},
    {0x4F20, PLACE_GRAPHICS, 0, "EF.IMG", NULL, TREE_FREE, false},
    {0x4F30, PB, 0, "EF.PBR", show_pbr, TREE_FREE, false},
    {0x4F22, PB, 0, "EF.PSC", NULL, TREE_FREE, false},
    {0x4F23, PB, 0, "EF.CC", NULL, TREE_FREE, false},
    {0x4F24, PB, 0, "EF.PUID", NULL, TREE_FREE, false},
    {0x4F3A, PB, 0x01, "EF.ADN", show_dialling, TREE_FREE, false},
    {0x4F32, PB, 0x02, "EF.IAP", NULL, TREE_FREE, false},
    {0x4F4A, PB, 0x03, "EF.EXT1", NULL, TREE_FREE, false},
    {0x4F09, PB, 0x04, "EF.PBC", NULL, TREE_FREE, false},
    {0x4F4B, PB, 0x06, "EF.AAS", NULL, TREE_FREE, false},
    {0x4F11, PB, 0x08, "EF.ANR", NULL, TREE_FREE, false},
    {0x4F21, PB, 0x09, "EF.UID", NULL, TREE_FREE, false},
    {0x4F50, PB, 0x0D, "EF.EMAIL", NULL, TREE_FREE, false},
    {0x4F52, PB, 0x12, "EF.GRP", NULL, TREE_FREE, false},
    {0x4F53, PB, 0x13, "EF.GAS", NULL, TREE_FREE, false},
    {0x4F54, PB, 0x14, "EF.SNE", NULL, TREE_FREE, false},
    {0x4F4F, PB, 0x16, "EF.CCP1", NULL, TREE_FREE, false},
    /* TS 51.011 10.3 */
    {0x6F05, G, 0, "EF.LP", NULL, TREE_FREE, false},
    {0x6F20, G, 0, "EF.Kc", show_kc, TREE_SHAPE, false},
    {0x6F30, G, 0, "EF.PLMNsel", show_plmns, TREE_FREE, false},
    {0x6F38, G, 0, "EF.SST", show_sst, TREE_FREE, false},
    {0x6F52, G, 0, "EF.KcGPRS", show_kc, TREE_SHAPE, false},
    {0x6F53, G, 0, "EF.LOCIGPRS", show_psloci, TREE_SHAPE, false},
    {0x6F74, G, 0, "EF.BCCH", NULL, TREE_FREE, false},
    {0x6FAE, G, 0, "EF.Phase", show_phase, TREE_FREE, false},
    {0x6FB7, G, 0, "EF.ECC", NULL, TREE_FREE, false},
    /* TS 31.103 4.2 */
    {0x6F02, PLACE_ISIM, 0x02, "EF.IMPI", show_identity, TREE_FREE, false},
    {0x6F03, PLACE_ISIM, 0x05, "EF.DOMAIN", show_identity, TREE_FREE, false},
    {0x6F04, PLACE_ISIM, 0x04, "EF.IMPU", show_identity, TREE_FREE, false},
    {0x6F06, PLACE_ISIM, 0x06, "EF.ARR", show_arr_rules, TREE_FREE, false},
    {0x6F07, PLACE_ISIM, 0x07, "EF.IST", show_ist, TREE_FREE, false},
    {0x6F09, PLACE_ISIM, 0, "EF.P-CSCF", show_identity, TREE_FREE, false},
};
/* clang-format on */
const size_t show_ef_count = ARRAY_LEN(show_ef_table);

const struct decode_ef *show_ef_find(enum decode_place place, uint16_t fid)
{
    for (size_t i = 0; i < show_ef_count; i++) {
        if (show_ef_table[i].fid == fid && (show_ef_table[i].places & place) != 0)
            return &show_ef_table[i];
    }
    return NULL;
}

const struct decode_ef *show_ef_by_sfi(enum decode_place place, uint8_t sfi)
{
    for (size_t i = 0; i < show_ef_count && sfi != 0; i++) {
        if (show_ef_table[i].sfi == sfi && (show_ef_table[i].places & place) != 0)
            return &show_ef_table[i];
    }
    return NULL;
}

/* DFs: under which DF (0: MF), which place their files have. */
static const struct {
    uint16_t fid, parent; /* 7FFF: an ADF */
    uint16_t applications;
    enum decode_place place;
    const char *name;
} dfs[] = {
    {FID_DF_TELECOM, 0, 0, PLACE_TELECOM, "DF.TELECOM"},
    {FID_DF_GSM, 0, 0, PLACE_GSM, "DF.GSM"},
    {0x7F25, 0, 0, PLACE_UNKNOWN, "DF.CDMA"},
    {0x5F50, FID_DF_TELECOM, 0, PLACE_GRAPHICS, "DF.GRAPHICS"},
    {0x5F3A, FID_DF_TELECOM, 0, PLACE_PHONEBOOK, "DF.PHONEBOOK"},
    {0x5F3B, FID_DF_TELECOM, 0, PLACE_UNKNOWN, "DF.MULTIMEDIA"},
    {0x5F3A, FID_CURRENT_ADF, PLACE_USIM, PLACE_PHONEBOOK, "DF.PHONEBOOK"},
    {0x5F3B, FID_CURRENT_ADF, PLACE_USIM, PLACE_GSM_ACCESS, "DF.GSM-ACCESS"},
    {0x5F40, FID_CURRENT_ADF, PLACE_USIM, PLACE_UNKNOWN, "DF.WLAN"},
    {0x5F50, FID_CURRENT_ADF, PLACE_USIM, PLACE_UNKNOWN, "DF.HNB"},
    {0x5F70, FID_CURRENT_ADF, PLACE_USIM, PLACE_UNKNOWN, "DF.SoLSA"},
    {0x5F90, FID_CURRENT_ADF, PLACE_USIM, PLACE_UNKNOWN, "DF.ProSe"},
    {0x5FC0, FID_CURRENT_ADF, PLACE_USIM, PLACE_5GS, "DF.5GS"},
    {0x5FD0, FID_CURRENT_ADF, PLACE_USIM, PLACE_SAIP, "DF.SAIP"},
};

bool show_is_df(uint16_t fid)
{
    uint8_t high = (uint8_t)(fid >> 8);

    return high == 0x3F || high == 0x7F || high == 0x5F;
}

static int find_df(enum decode_place application, const uint16_t *path, size_t depth)
{
    uint16_t parent = depth > 1 ? path[depth - 2] : 0;

    for (size_t i = 0; i < ARRAY_LEN(dfs) && depth > 0; i++) {
        if (dfs[i].fid == path[depth - 1] && dfs[i].parent == parent &&
            (dfs[i].applications == 0 || (dfs[i].applications & application) != 0))
            return (int)i;
    }
    return -1;
}

enum decode_place show_place(enum decode_place application, const uint16_t *path, size_t depth)
{
    int i = find_df(application, path, depth);

    if (depth == 0)
        return PLACE_MF;
    if (depth == 1 && path[0] == FID_CURRENT_ADF)
        return application;
    return i < 0 ? PLACE_UNKNOWN : dfs[i].place;
}

const char *show_df_name(enum decode_place application, const uint16_t *path, size_t depth)
{
    int i = find_df(application, path, depth);

    if (depth == 0)
        return "MF";
    if (depth == 1 && path[0] == FID_CURRENT_ADF)
        return application == PLACE_USIM   ? "ADF.USIM"
               : application == PLACE_ISIM ? "ADF.ISIM"
                                           : "ADF";
    return i < 0 ? NULL : dfs[i].name;
}
