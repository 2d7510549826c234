#include "tools/apdu/compare.h"
#include "tools/apdu/decode.h"
#include "tools/apdu/record.h"
#include "tools/apdu/replay.h"
#include "tools/apdu/send.h"
#include "tools/cli/cli.h"

#include <stddef.h>

int main(int argc, char **argv)
{
    static const struct cli_command commands[] = {
        {"send", apdu_send_main, "send command APDUs to a card, print the answers"},
        {"replay", apdu_replay_main, "compare a card with what a trace recorded"},
        {"record", apdu_record_main, "write down what a card and its client say"},
        {"decode", apdu_decode_main, "explain a trace in words"},
        {"compare", apdu_compare_main, "two cards side by side, or a profile out of one"},
        {NULL, NULL, NULL},
    };

    cli_harden();
    return cli_dispatch(argc, argv, "Talk to a card in APDUs.", commands);
}
