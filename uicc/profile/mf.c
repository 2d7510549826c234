/* Files at the level of the MF (TS 102 221 13), and the access rules of all files. */
#include "uicc/profile/rows.h"

/* Access mode bits (TS 102 221 9.2.1), an instruction as access mode, and conditions. */
#define AM(bits) "8001" bits
#define INS(ins) "8401" ins
#define ALW      "9000"
#define NEVER    "9700"
#define PIN1     "A406830101950108"
#define PIN2     "A406830181950108"
#define ADM1     "A40683010A950108"
#define INCREASE INS("32")
#define RESIZE   INS("D4") ADM1

const char *const profile_rules[PROFILE_RULES] = {
    AM("01") ALW AM("02") PIN1 AM("58") ADM1 RESIZE,
    AM("01") PIN1 AM("5A") ADM1 RESIZE,
    AM("5B") ADM1 RESIZE,
    AM("01") ALW AM("1A") NEVER AM("40") ADM1,
    AM("03") PIN1 AM("58") ADM1 RESIZE,
    AM("11") PIN1 AM("4A") ADM1 RESIZE,
    AM("03") PIN1 AM("58") ADM1 INCREASE PIN1 RESIZE,
    AM("01") PIN1 AM("02") PIN2 AM("58") ADM1 RESIZE,
    AM("01") ALW AM("1A") PIN1 AM("40") ADM1,
    AM("01") ALW AM("5A") ADM1 RESIZE,
    AM("01") ALW AM("18") ADM1 AM("42") NEVER,
    AM("01") PIN1 AM("5A") NEVER,
    AM("13") PIN1 AM("48") ADM1 RESIZE,
    AM("5E") ADM1,
    AM("01") PIN1 AM("02") PIN2 AM("58") ADM1 INCREASE PIN1 RESIZE,
};

/* clang-format off */
static const struct profile_row mf[] = {
    ROW_LF_OF("DIR", 0x2F00, 0x1E, 43, 8, RULE_ALW_ADM, ROW_DIR, "", "TS 102 221 13.1", .least = 5),
    ROW_TR("PL", 0x2F05, 0x05, 10, RULE_ALW_PIN, ALWAYS, "", "TS 102 221 13.3", .least = 2),
    ROW_LF_OF("ARR", 0x2F06, 0x06, ARR_LEN, PROFILE_RULES, RULE_ALW_ADM, ROW_ARR, "",
              "TS 102 221 13.4"),
    /* 60 mA, no time-out of the terminal, no more idle current; suspension of the card offered */
    ROW_TR("UMPC", 0x2F08, 0x08, 5, RULE_ALW_ADM, ALWAYS, "3CFF020000", "TS 102 221 13.6"),
    ROW_TR("ICCID", 0x2FE2, 0x02, 10, RULE_ICCID, ALWAYS, "", "TS 102 221 13.2"),
};
/* clang-format on */

static const struct profile_df dfs[] = {
    {"MF", 0x3F00, 0x3F00, FS_MF, "", mf, ARRAY_LEN(mf)},
};

const struct profile_table profile_table_mf = {dfs, ARRAY_LEN(dfs)};
