#include "tools/apdu/send.h"
#include "apdu/hex.h"
#include "tools/apdu/target.h"
#include "tools/cli/cli.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#define ANSWER_MAX 65536 /* what a chain of GET RESPONSE may add up to */
#define LINE_CAP   1024
#define SHOWN_MAX  32 /* characters of a wrong command */

struct options {
    struct target target;
    char **commands;
    size_t count;
    bool raw, check, atr;
};

static const struct argp_option option_table[] = {
    {"raw", 'r', NULL, 0, "send as it is: no GET RESPONSE after 61XX, no repetition after 6CXX", 0},
    {"check", 'c', NULL, 0, "stop, with exit status 1, at the first status word of an error", 0},
    {"atr", 'a', NULL, 0, "reset the card first and print its ATR", 0},
    {0},
};

static error_t parse_option(int key, char *value, struct argp_state *state)
{
    struct options *o = state->input;

    (void)value;
    switch (key) {
    case 'r':
        o->raw = true;
        return 0;
    case 'c':
        o->check = true;
        return 0;
    case 'a':
        o->atr = true;
        return 0;
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &o->target;
        return 0;
    case ARGP_KEY_ARGS:
        o->commands = state->argv + state->next;
        o->count = (size_t)(state->argc - state->next);
        return 0;
    case ARGP_KEY_NO_ARGS:
        if (!o->atr)
            argp_error(state, "no command APDU given");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* "DATA SW", or "SW" alone. */
static void print_answer(struct rd data, sw_t sw)
{
    for (size_t i = 0; i < data.left; i++)
        printf("%02X", data.at[i]);
    printf("%s%04X\n", data.left > 0 ? " " : "", sw.v);
    fflush(stdout);
}

static enum err exchange(struct reader *r, bool raw, struct rd command, struct wr *data, sw_t *sw)
{
    enum err e;

    if (!raw)
        return reader_exchange(r, command, data, sw);
    e = reader_transmit(r, command, data);
    if (e == ERR_OK) {
        data->len -= 2;
        *sw = SW(data->base[data->len] << 8 | data->base[data->len + 1]);
    }
    return e;
}

/* A command from hex, or why it is none. */
static bool read_command(const char *hex, struct wr *out)
{
    static const char shape[] = "CLA INS P1 P2 [P3 [data]] in hex";
    enum err e = hex_decode(hex, out);

    if (e == ERR_OK && out->len >= 4)
        return true;
    cli_fail("`%.*s%s' is no command APDU: %s", SHOWN_MAX, hex,
             strlen(hex) > SHOWN_MAX ? "..." : "", e == ERR_SPACE ? "too long" : shape);
    return false;
}

/* All arguments are commands: else none is sent. */
static bool are_commands(const struct options *o)
{
    uint8_t command[APDU_COMMAND_MAX];
    bool ok = true;

    for (size_t i = 0; i < o->count && ok; i++) {
        struct wr w = WR_ARRAY(command);

        ok = strcmp(o->commands[i], "-") == 0 || read_command(o->commands[i], &w);
    }
    OPENSSL_cleanse(command, sizeof command);
    return ok;
}

static int send_one(struct reader *r, const struct options *o, const char *hex)
{
    uint8_t command[APDU_COMMAND_MAX];
    struct wr w = WR_ARRAY(command);
    uint8_t *answer;
    struct wr data;
    sw_t sw = SW(0);
    enum err e;

    if (!read_command(hex, &w))
        return CLI_FAILED;
    answer = malloc(ANSWER_MAX);
    if (answer == NULL)
        return cli_fail("%s", err_text(ERR_NOMEM));
    data = WR(answer, ANSWER_MAX);
    e = exchange(r, o->raw, RD_WR(&w), &data, &sw);
    if (e == ERR_OK)
        print_answer(RD_WR(&data), sw);
    OPENSSL_cleanse(command, sizeof command);
    OPENSSL_cleanse(answer, ANSWER_MAX);
    free(answer);
    if (e != ERR_OK)
        return cli_fail("the card did not answer: %s", err_text(e));
    if (o->check && !sw_is_success(sw) && !sw_is_warning(sw))
        return cli_fail("%04X: %s", sw.v, sw_text(sw));
    return CLI_OK;
}

/* "-" among the commands: one command a line from standard input; "#" begins a comment. */
static int send_lines(struct reader *r, const struct options *o)
{
    char line[LINE_CAP];
    int status = CLI_OK;

    while (status == CLI_OK && fgets(line, sizeof line, stdin) != NULL) {
        if (strlen(line) == sizeof line - 1)
            status = cli_fail("standard input: a line is too long");
        line[strcspn(line, "#\r\n")] = '\0';
        if (status == CLI_OK && line[strspn(line, " \t")] != '\0')
            status = send_one(r, o, line);
    }
    OPENSSL_cleanse(line, sizeof line);
    return status;
}

static int print_atr(struct reader *r)
{
    uint8_t atr[READER_ATR_MAX];
    struct wr w = WR_ARRAY(atr);
    enum err e = reader_reset(r, &w);

    if (e != ERR_OK)
        return cli_fail("reset: %s", err_text(e));
    for (size_t i = 0; i < w.len; i++)
        printf("%02X", atr[i]);
    putchar('\n');
    return CLI_OK;
}

int apdu_send_main(int argc, char **argv)
{
    static const struct argp_child children[] = {{&target_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        option_table,
        parse_option,
        "HEX...",
        "Send command APDUs to a card and print one line `DATA SW' for each; HEX `-' reads them "
        "from standard input, one a line.",
        children,
        NULL,
        NULL,
    };
    struct options o = {.raw = false};
    struct reader reader;
    int status;

    argp_err_exit_status = CLI_USAGE;
    argp_parse(&argp, argc, argv, 0, NULL, &o);
    if (!are_commands(&o))
        return CLI_USAGE;
    status = target_open(&o.target, &reader);
    if (status != CLI_OK)
        return status;
    if (o.atr)
        status = print_atr(&reader);
    for (size_t i = 0; i < o.count && status == CLI_OK; i++) {
        if (strcmp(o.commands[i], "-") == 0)
            status = send_lines(&reader, &o);
        else
            status = send_one(&reader, &o, o.commands[i]);
    }
    reader_close(&reader);
    return status;
}
