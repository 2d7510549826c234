#include "tools/apdu/target.h"
#include "tools/cli/cli.h"

enum { OPTION_READER = 1001, OPTION_SOCKET, OPTION_CARD };

static const struct argp_option option_table[] = {
    {NULL, 0, NULL, 0, "The card:", 1},
    {"reader", OPTION_READER, "N|NAME", 0, "PC/SC reader by number, or by a part of its name (0)",
     1},
    {"socket", OPTION_SOCKET, "PATH", 0, "card that `uicc run --socket PATH' serves", 1},
    {"card", OPTION_CARD, "FILE", 0, "card file that no other program has open", 1},
    {0},
};

static error_t parse_option(int key, char *value, struct argp_state *state)
{
    struct target *t = state->input;

    switch (key) {
    case OPTION_READER:
        t->reader = value;
        return 0;
    case OPTION_SOCKET:
        t->socket = value;
        return 0;
    case OPTION_CARD:
        t->card = value;
        return 0;
    case ARGP_KEY_END:
        if ((t->reader != NULL) + (t->socket != NULL) + (t->card != NULL) > 1)
            argp_error(state, "--reader, --socket and --card exclude each other");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

const struct argp target_argp = {option_table, parse_option, NULL, NULL, NULL, NULL, NULL};

int target_open(const struct target *t, struct reader *out)
{
    char message[READER_MESSAGE_MAX] = "";
    enum err e;

    if (t->card != NULL)
        e = reader_open_card(t->card, out, message);
    else if (t->socket != NULL)
        e = reader_open_socket(t->socket, out, message);
    else
        e = reader_open_pcsc(t->reader != NULL ? t->reader : "0", out, message);
    return e == ERR_OK ? CLI_OK : cli_fail("%s", message);
}
