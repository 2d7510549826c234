#include "apdu/sms.h"
#include "tools/cli/cli.h"
#include "tools/ota/commands.h"
#include "tools/ota/hexarg.h"
#include "tools/ota/packet.h"

#include <argp.h>
#include <openssl/crypto.h>

#define IEI_COMMAND 0x70

struct options {
    struct secpkt_command command;
    struct secpkt_keys keys;
    uint8_t data[SECPKT_MAX];
    struct wr data_w;
    uint64_t reference;
    unsigned given;
    bool sms, has_reference;
};

enum {
    OPTION_SPI = 1,
    OPTION_KIC,
    OPTION_KID,
    OPTION_TAR,
    OPTION_CNTR,
    OPTION_DATA,
    OPTION_KIC_KEY,
    OPTION_KID_KEY,
    OPTION_CC_LEN,
    OPTION_SMS,
    OPTION_REFERENCE,
};
#define NEEDED \
    (1U << OPTION_SPI | 1U << OPTION_KIC | 1U << OPTION_KID | 1U << OPTION_TAR | 1U << OPTION_CNTR)

static const struct argp_option option_table[] = {
    {"spi", OPTION_SPI, "HEX", 0, "security parameters, 2 bytes (1639)", 0},
    {"kic", OPTION_KIC, "HEX", 0, "key set and algorithm of ciphering, 1 byte", 0},
    {"kid", OPTION_KID, "HEX", 0, "key set and algorithm of the checksum, 1 byte", 0},
    {"tar", OPTION_TAR, "HEX", 0, "application, 3 bytes", 0},
    {"cntr", OPTION_CNTR, "N", 0, "counter: decimal, 0xHEX, or ten hex digits as on the wire", 0},
    {"data", OPTION_DATA, "HEX", 0, "secured data: hex, @FILE, env:NAME or -", 0},
    {"kic-key", OPTION_KIC_KEY, "KEY", 0, "ciphering key: hex, @FILE, env:NAME or -", 0},
    {"kid-key", OPTION_KID_KEY, "KEY", 0, "checksum key, likewise", 0},
    {"cc-len", OPTION_CC_LEN, "N", 0, "bytes of an AES checksum, 8 (default) or 4", 0},
    {"sms", OPTION_SMS, NULL, 0, "print one TP-UD per line instead of the packet", 0},
    {"ref", OPTION_REFERENCE, "N", 0, "concatenation reference (low byte of the counter)", 0},
    {0},
};

static const char doc[] = "Print the TS 102 225 command packet in hex, from CPL on.";

static void take_hex(struct argp_state *state, const char *name, const char *value, uint8_t *out,
                     size_t len)
{
    if (!hexarg_fixed(value, out, len))
        argp_error(state, "--%s: %zu bytes of hex are wanted", name, len);
}

static void take_key(struct argp_state *state, const char *name, const char *value,
                     struct secret *out)
{
    enum err e = cli_secret(value, out);

    if (e != ERR_OK)
        argp_error(state, "--%s: %s", name, err_text(e));
}

static void take_number(struct argp_state *state, const char *name, const char *value, uint64_t max,
                        uint64_t *out)
{
    if (cli_number(value, 0, max, out) != ERR_OK)
        argp_error(state, "--%s: a number up to %llu", name, (unsigned long long)max);
}

static void take_data(struct argp_state *state, const char *value, struct options *o)
{
    enum err e = hexarg_read(value, &o->data_w);

    if (e != ERR_OK)
        argp_error(state, "--data: %s", err_text(e));
}

/* CC length 4 exists for AES alone. */
static void take_cc_len(struct argp_state *state, const char *value, struct options *o)
{
    uint64_t len = 0;

    take_number(state, "cc-len", value, 8, &len);
    if (len != 4 && len != 8)
        argp_error(state, "--cc-len: 4 or 8");
    o->keys.cc_len = (uint8_t)len;
}

static void take_value(int key, char *value, struct argp_state *state, struct options *o)
{
    struct secpkt_header *h = &o->command.header;

    switch (key) {
    case OPTION_SPI:
        take_hex(state, "spi", value, h->spi, sizeof h->spi);
        break;
    case OPTION_KIC:
        take_hex(state, "kic", value, &h->kic, 1);
        break;
    case OPTION_KID:
        take_hex(state, "kid", value, &h->kid, 1);
        break;
    case OPTION_TAR:
        take_hex(state, "tar", value, h->tar, sizeof h->tar);
        break;
    case OPTION_CNTR:
        if (!hexarg_counter(value, &o->command.counter))
            argp_error(state, "--cntr: a number of 40 bits");
        break;
    case OPTION_DATA:
        take_data(state, value, o);
        break;
    case OPTION_KIC_KEY:
        take_key(state, "kic-key", value, &o->keys.kic.key);
        break;
    case OPTION_KID_KEY:
        take_key(state, "kid-key", value, &o->keys.kid.key);
        break;
    case OPTION_CC_LEN:
        take_cc_len(state, value, o);
        break;
    case OPTION_REFERENCE:
        take_number(state, "ref", value, 255, &o->reference);
        o->has_reference = true;
        break;
    default:
        break;
    }
}

static error_t parse_option(int key, char *value, struct argp_state *state)
{
    struct options *o = state->input;

    if (key == OPTION_SMS) {
        o->sms = true;
        return 0;
    }
    if (key == ARGP_KEY_ARG)
        argp_error(state, "`%s' is too much", value);
    if (key == ARGP_KEY_END && (o->given & NEEDED) != NEEDED)
        argp_error(state, "--spi, --kic, --kid, --tar and --cntr are needed");
    if (key < OPTION_SPI || key > OPTION_REFERENCE)
        return ARGP_ERR_UNKNOWN;
    take_value(key, value, state, o);
    o->given |= 1U << key;
    return 0;
}

static int print_parts(const struct options *o, struct rd packet)
{
    uint8_t reference = (uint8_t)(o->has_reference ? o->reference : o->command.counter);
    uint8_t ud[SMS_UD_MAX];

    for (size_t part = 1; part <= sms_packet_parts(packet.left); part++) {
        struct wr w = WR_ARRAY(ud);
        enum err e = sms_write_packet_part(&w, IEI_COMMAND, packet, reference, part);

        if (e != ERR_OK)
            return cli_fail("part %zu: %s", part, err_text(e));
        hexarg_print(RD_WR(&w));
    }
    return CLI_OK;
}

static int seal(struct options *o)
{
    struct crypto *c = crypto_new();
    uint8_t bytes[SECPKT_MAX];
    struct wr packet = WR_ARRAY(bytes);
    char why[PACKET_WHY_MAX];
    enum err e = ERR_CRYPTO;

    o->command.data = RD_WR(&o->data_w);
    packet_algorithm(o->command.header.kic, &o->keys.kic.algorithm);
    packet_algorithm(o->command.header.kid, &o->keys.kid.algorithm);
    if (c)
        e = secpkt_seal_command(c, &o->command, &o->keys, &packet);
    crypto_free(&c);
    if (e != ERR_OK) {
        packet_explain(e, &o->command.header, &o->keys, why, sizeof why);
        return cli_fail("no packet: %s", why);
    }
    if (o->sms)
        return print_parts(o, RD_WR(&packet));
    hexarg_print(RD_WR(&packet));
    return CLI_OK;
}

int packet_seal_main(int argc, char **argv)
{
    static const struct argp argp = {.options = option_table, .parser = parse_option, .doc = doc};
    struct options o = {.keys.cc_len = SECPKT_CC_LEN};
    int status = CLI_USAGE;

    o.data_w = (struct wr){o.data, 0, sizeof o.data, false};
    argp_err_exit_status = CLI_USAGE;
    if (argp_parse(&argp, argc, argv, 0, NULL, &o) == 0)
        status = seal(&o);
    OPENSSL_cleanse(&o, sizeof o);
    return status;
}
