/* Questions that tell cards apart: each is an edge of the standards that terminals meet. None of
 * them changes a card, and none costs a try of a PIN. */
#include "apdu/hex.h"
#include "tools/compare/compare.h"

#include <string.h>

#define USIM "00A4040407A0000000871002;"

const struct compare_probe compare_probes[] = {
    {"unknown class (TS 102 221 10.2.1.5)", "B0A40004023F00"},
    {"unknown instruction", "00FF000000"},
    {"STATUS in class 00", "00F2000000"},
    {"STATUS", "80F2000000"},
    {"STATUS, DF name", USIM "80F2000100"},
    {"STATUS, no data", "80F2000C00"},
    {"STATUS, reserved P2", "80F2000300"},
    {"SELECT a file that is not there (11.1.1)", "00A40004026FEE"},
    {"SELECT with reserved P1", "00A40204023F00"},
    {"SELECT without P2 for FCP", "00A40000023F00"},
    {"SELECT with one byte of a FID", "00A40004013F"},
    {"SELECT an application by part of its name", "00A4040407A0000000871002"},
    {"SELECT an application that is not there", "00A4040407A0000000871099"},
    {"SELECT a path with 7FFF", USIM "00A40804047FFF6F07"},
    {"SELECT the parent of the MF", "00A4030400"},
    {"READ BINARY without an EF (11.1.3)", "00B0000001"},
    {"READ BINARY, Le 0", "00A40004022FE2;00B0000000"},
    {"READ BINARY past the end", "00A40004022FE2;00B000FF01"},
    {"READ BINARY over the end", "00A40004022FE2;00B000000B"},
    {"READ BINARY by short id", "00B0820000"},
    {"READ BINARY by a short id that is not there", "00B0930000"},
    {"READ BINARY of records", "00A40004022F00;00B0000001"},
    {"READ RECORD 0 (11.1.5)", "00A40004022F00;00B2000400"},
    {"READ RECORD 1, Le 0", "00A40004022F00;00B2010400"},
    {"READ RECORD past the last", "00A40004022F00;00B2FE0400"},
    {"READ RECORD, next", "00A40004022F00;00B2000200"},
    {"READ RECORD, reserved mode", "00A40004022F00;00B2010600"},
    {"READ RECORD of a transparent file", "00A40004022FE2;00B2010400"},
    {"UPDATE BINARY without right (11.1.4)", "00A40004022FE2;00D600000100"},
    {"SEARCH RECORD, nothing found (11.1.7)", "00A40004022F00;00A2010402ABCD"},
    {"INCREASE of a transparent file", "00A40004022FE2;8032000001 01"},
    {"VERIFY asks for tries of PIN1 (11.1.9)", USIM "0020000100"},
    {"VERIFY asks for tries of PIN2", USIM "0020008100"},
    {"VERIFY asks for tries of a key that is not there", "0020000900"},
    {"VERIFY with 7 bytes", USIM "002000010731323334FFFFFF"},
    {"VERIFY with P1 1", "0020010100"},
    {"UNBLOCK asks for tries", USIM "002C000100"},
    {"MANAGE CHANNEL opens (11.1.17)", "0070000001"},
    {"MANAGE CHANNEL closes 0", "0070800000"},
    {"MANAGE CHANNEL closes 9", "0070800900"},
    {"SELECT on a channel that is closed", "03A40004023F00"},
    {"GET RESPONSE with nothing waiting", "00C0000001"},
    {"GET CHALLENGE (11.1.15)", "0084000008"},
    {"AUTHENTICATE without a USIM (11.1.16)",
     "008800812210000000000000000000000000000000001000000000000000000000000000000000"},
    {"AUTHENTICATE in a reserved context", USIM "008800870101"},
    {"FETCH with nothing waiting (11.2.3)", "8012000001"},
    {"TERMINAL RESPONSE with nothing waiting", "801400000C810301210082028281830100"},
    {"ENVELOPE that is none", "80C2000002D100"},
    {"TERMINAL CAPABILITY (11.1.19)", "80AA000005A903830107"},
    {"RETRIEVE DATA of a transparent file", "00A40004022FE2;80CB008001 5C"},
    {"SUSPEND (11.1.22)", "8076000004 00010001"},
    {"GET IDENTITY (11.1.23)", USIM "8078000100"},
    {"class A0 (TS 51.011 9.2)", "A0A40000023F00"},
    {"CREATE FILE without right (TS 102 222 6.3)",
     "00E00000196217820241218302 6F998A01058B036F06028002000A880148"},
    {"DELETE FILE without right", "00E40000022FE2"},
    {"secure messaging asked for", "04A40004023F00"},
    {"more data than P3 says", "00A40004023F0000"},
};
const size_t compare_probe_count = ARRAY_LEN(compare_probes);

sw_t compare_run_probe(struct compare_card *c, const struct compare_probe *p, size_t *data_len)
{
    uint8_t atr[READER_ATR_MAX], bytes[APDU_COMMAND_MAX], answer[4096];
    struct wr w = WR_ARRAY(atr), data = WR_ARRAY(answer);
    const char *at = p->command;
    sw_t sw = SW_NO_DIAGNOSIS;

    *data_len = 0;
    if (reader_reset(c->reader, &w) != ERR_OK)
        return sw;
    while (*at != '\0') {
        size_t n = strcspn(at, ";");
        struct wr command = WR_ARRAY(bytes);
        char hex[160];

        snprintf(hex, sizeof hex, "%.*s", (int)n, at);
        at += n + (at[n] == ';');
        data.len = 0;
        sw = SW_NO_DIAGNOSIS;
        if (hex_decode(hex, &command) != ERR_OK ||
            reader_exchange(c->reader, RD_WR(&command), &data, &sw) != ERR_OK)
            return SW_NO_DIAGNOSIS;
    }
    *data_len = data.len;
    return sw;
}
