/*
 * ADF.ISIM (TS 31.103 4.2), for cards whose devices register with an IMS under
 * identities of their own; without it a device derives them from the IMSI.
 */
#include "uicc/profile/rows.h"

/* clang-format off */
static const struct profile_row isim[] = {
    ROW_TR("IMPI", 0x6F02, 0x02, 96, RULE_PIN_ADM, ALWAYS, "", "TS 31.103 4.2.2"),
    ROW_TR("DOMAIN", 0x6F03, 0x05, 96, RULE_PIN_ADM, ALWAYS, "", "TS 31.103 4.2.3"),
    ROW_LF("IMPU", 0x6F04, 0x04, 96, 1, RULE_PIN_ADM, ALWAYS, "", "TS 31.103 4.2.4"),
    ROW_LF_OF("ARR", 0x6F06, 0x06, ARR_LEN, PROFILE_RULES, RULE_ALW_ADM, ROW_ARR, "",
              "TS 31.103 4.2.6"),
    /* of its services the address of the P-CSCF alone */
    ROW_TR("IST", 0x6F07, 0x07, 3, RULE_PIN_ADM, ALWAYS, "010000", "TS 31.103 4.2.7"),
    ROW_LF("P-CSCF", 0x6F09, 0, 96, 2, RULE_PIN_ADM, ALWAYS, "", "TS 31.103 4.2.8"),
    ROW_TR("AD", 0x6FAD, 0x03, 3, RULE_ALW_ADM, ALWAYS, "000000", "TS 31.103 4.2.5"),
};
/* clang-format on */

static const struct profile_df dfs[] = {
    {"ADF.ISIM", 0x7FF2, 0x3F00, FS_ADF, "A0000000871004FFFFFFFF8907090000", isim, ARRAY_LEN(isim)},
};

const struct profile_table profile_table_isim = {dfs, ARRAY_LEN(dfs)};
