#include "apdu/hex.h"
#include "apdu/sms.h"
#include "tools/cli/cli.h"
#include "tools/ota/commands.h"
#include "tools/ota/hexarg.h"
#include "tools/ota/packet.h"

#include <argp.h>
#include <jansson.h>
#include <openssl/crypto.h>
#include <string.h>

#define PARTS_MAX 32

struct options {
    struct secpkt_keys keys;
    struct secpkt_header header;
    bool has_spi, has_kic, has_kid, json;
    uint8_t bytes[PARTS_MAX][SECPKT_MAX];
    struct rd parts[PARTS_MAX];
    size_t part_count;
};

enum {
    OPTION_KIC_KEY = 1,
    OPTION_KID_KEY,
    OPTION_SPI,
    OPTION_KIC,
    OPTION_KID,
    OPTION_CC_LEN,
    OPTION_JSON
};

static const struct argp_option option_table[] = {
    {"kic-key", OPTION_KIC_KEY, "KEY", 0, "ciphering key: hex, @FILE, env:NAME or -", 0},
    {"kid-key", OPTION_KID_KEY, "KEY", 0, "checksum key, likewise", 0},
    {"spi", OPTION_SPI, "HEX", 0,
     "of a response: security parameters of the command it answers; without them every "
     "protection that the keys allow is tried",
     0},
    {"kic", OPTION_KIC, "HEX", 0, "of a response: KIc of that command", 0},
    {"kid", OPTION_KID, "HEX", 0, "of a response: KID of that command", 0},
    {"cc-len", OPTION_CC_LEN, "N", 0, "bytes of an AES checksum, 8 (default) or 4", 0},
    {"json", OPTION_JSON, NULL, 0, "print one JSON object", 0},
    {0},
};

static const char doc[] =
    "Open a command or response packet: from CPL or RPL on, or as TP-UD with its header (027000, "
    "027100, or the parts of a concatenated message in any order).\v"
    "Exit status 1 when the packet does not open, or when a checksum key was given and no "
    "checksum was there.";

static void take_part(struct argp_state *state, const char *text, struct options *o)
{
    struct wr w;

    if (o->part_count == PARTS_MAX)
        argp_error(state, "at most %d parts", PARTS_MAX);
    w = WR_ARRAY(o->bytes[o->part_count]);
    if (hex_decode(text, &w) != ERR_OK || w.len == 0)
        argp_error(state, "`%s' is no packet in hex", text);
    o->parts[o->part_count++] = RD_WR(&w);
}

static void take_key(struct argp_state *state, const char *name, const char *value,
                     struct secret *out)
{
    enum err e = cli_secret(value, out);

    if (e != ERR_OK)
        argp_error(state, "--%s: %s", name, err_text(e));
}

static void take_hex(struct argp_state *state, const char *name, const char *value, uint8_t *out,
                     size_t len, bool *given)
{
    if (!hexarg_fixed(value, out, len))
        argp_error(state, "--%s: %zu bytes of hex are wanted", name, len);
    *given = true;
}

static error_t parse_option(int key, char *value, struct argp_state *state)
{
    struct options *o = state->input;
    uint64_t len = 0;

    switch (key) {
    case OPTION_KIC_KEY:
        take_key(state, "kic-key", value, &o->keys.kic.key);
        return 0;
    case OPTION_KID_KEY:
        take_key(state, "kid-key", value, &o->keys.kid.key);
        return 0;
    case OPTION_SPI:
        take_hex(state, "spi", value, o->header.spi, 2, &o->has_spi);
        return 0;
    case OPTION_KIC:
        take_hex(state, "kic", value, &o->header.kic, 1, &o->has_kic);
        return 0;
    case OPTION_KID:
        take_hex(state, "kid", value, &o->header.kid, 1, &o->has_kid);
        return 0;
    case OPTION_CC_LEN:
        if (cli_number(value, 4, 8, &len) != ERR_OK || (len != 4 && len != 8))
            argp_error(state, "--cc-len: 4 or 8");
        o->keys.cc_len = (uint8_t)len;
        return 0;
    case OPTION_JSON:
        o->json = true;
        return 0;
    case ARGP_KEY_ARG:
        take_part(state, value, o);
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "which packet?");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* --- printing: the same fields as text and as JSON -------------------------------------------- */

static void add_hex(json_t *out, const char *name, struct rd bytes)
{
    char hex[2 * SECPKT_MAX + 1];

    if (hex_encode(bytes, hex, sizeof hex) == ERR_OK)
        json_object_set_new(out, name, json_string(hex));
    OPENSSL_cleanse(hex, sizeof hex);
}

static void add_counter(json_t *out, uint64_t counter)
{
    uint8_t bytes[5];
    struct wr w = WR_ARRAY(bytes);

    wr_u40(&w, counter);
    add_hex(out, "cntr", RD_WR(&w));
}

static json_t *describe_command(const struct secpkt_command *command)
{
    const struct secpkt_header *h = &command->header;
    json_t *out = json_object();

    json_object_set_new(out, "type", json_string("command"));
    add_hex(out, "spi", RD_ARRAY(h->spi));
    add_hex(out, "kic", RD(&h->kic, 1));
    add_hex(out, "kid", RD(&h->kid, 1));
    add_hex(out, "tar", RD_ARRAY(h->tar));
    add_counter(out, command->counter);
    add_hex(out, "data", command->data);
    return out;
}

static json_t *describe_response(const struct secpkt_response *r)
{
    json_t *out = json_object();

    json_object_set_new(out, "type", json_string("response"));
    add_hex(out, "tar", RD_ARRAY(r->tar));
    add_counter(out, r->counter);
    add_hex(out, "rsc", RD(&r->rsc, 1));
    json_object_set_new(out, "status", json_string(secpkt_rsc_text(r->rsc)));
    json_object_set_new(out, "authenticated", json_boolean(r->authenticated));
    add_hex(out, "data", r->data);
    return out;
}

static void print(json_t *fields, bool json)
{
    const char *name;
    json_t *value;

    if (json) {
        json_dumpf(fields, stdout, JSON_COMPACT);
        putchar('\n');
    }
    json_object_foreach(fields, name, value)
    {
        if (json)
            break;
        printf("%-14s %s\n", name,
               json_is_string(value) ? json_string_value(value)
                                     : (json_is_true(value) ? "yes" : "no"));
    }
    json_decref(fields);
}

/* --- opening --- */

/* SPI .. TAR behind CPL and CHL; the length of the check follows from CHL. */
#define CHL_NONE 0x0D

static int say_why(const struct options *o, struct rd packet, enum err e)
{
    struct secpkt_header header;
    char why[PACKET_WHY_MAX];
    unsigned check_len;

    if (secpkt_peek_command(packet, &header) != ERR_OK)
        return cli_fail("the command does not open: %s", err_text(e));
    check_len = (unsigned)packet.at[2] - CHL_NONE;
    if (e == ERR_FORMAT && (header.spi[0] & SPI1_CHECK_MASK) == SPI1_CHECK_CC &&
        check_len != o->keys.cc_len)
        return cli_fail("the command does not open: its checksum has %u bytes, --cc-len says %u",
                        check_len, (unsigned)o->keys.cc_len);
    packet_explain(e, &header, &o->keys, why, sizeof why);
    return cli_fail("the command does not open: %s", why);
}

static int open_command(struct crypto *c, struct options *o, struct rd packet, struct wr *work)
{
    struct secpkt_command command;
    enum err e = packet_open_command(c, packet, &o->keys, work, &command);

    if (e != ERR_OK)
        return say_why(o, packet, e);
    print(describe_command(&command), o->json);
    return CLI_OK;
}

static int open_response(struct crypto *c, struct options *o, struct rd packet, struct wr *work)
{
    bool given = o->has_spi && o->has_kic && o->has_kid;
    struct secpkt_response response;
    enum err e = packet_open_response(c, packet, given, &o->header, &o->keys, work, &response);

    if (e != ERR_OK)
        return cli_fail("the response does not open: %s%s", err_text(e),
                        given ? "" : ", whatever SPI2, KIc and KID of its command were");
    print(describe_response(&response), o->json);
    return response.authenticated || o->keys.kid.key.len == 0 ? CLI_OK : CLI_FAILED;
}

/* No user data header is that short, so it was a packet that was meant, and cut. */
#define UDHL_MIN 2

static int say_lengths(const struct options *o, enum err e)
{
    struct rd packet = o->parts[0];
    size_t there = packet.left < 2 ? 0 : packet.left - 2;
    uint16_t said;

    if (o->part_count == 1 && packet.at[0] < UDHL_MIN && rd_u16(&packet, &said) == ERR_OK &&
        said != there)
        return cli_fail("neither command nor response packet: it begins with %04X, but %zu bytes "
                        "follow",
                        (unsigned)said, there);
    return cli_fail("neither command nor response packet: %s", err_text(e));
}

static int open_packet(struct options *o)
{
    uint8_t packet_bytes[SECPKT_MAX], work_bytes[SECPKT_MAX];
    struct wr packet = WR_ARRAY(packet_bytes), work = WR_ARRAY(work_bytes);
    struct crypto *c = crypto_new();
    bool is_command;
    int status;
    enum err e = c ? packet_join(o->parts, o->part_count, &packet) : ERR_CRYPTO;

    if (e == ERR_OK)
        e = packet_is_command(RD_WR(&packet), &is_command);
    if (e != ERR_OK)
        status = say_lengths(o, e);
    else if (is_command)
        status = open_command(c, o, RD_WR(&packet), &work);
    else
        status = open_response(c, o, RD_WR(&packet), &work);
    OPENSSL_cleanse(work_bytes, sizeof work_bytes);
    crypto_free(&c);
    return status;
}

int packet_open_main(int argc, char **argv)
{
    static const struct argp argp = {
        .options = option_table, .parser = parse_option, .args_doc = "HEX...", .doc = doc};
    struct options o = {.keys.cc_len = SECPKT_CC_LEN};
    int status = CLI_USAGE;

    argp_err_exit_status = CLI_USAGE;
    if (argp_parse(&argp, argc, argv, 0, NULL, &o) == 0) {
        bool some = o.has_spi || o.has_kic || o.has_kid;
        bool all = o.has_spi && o.has_kic && o.has_kid;

        status = some != all ? cli_usage("--spi, --kic and --kid go together") : open_packet(&o);
    }
    OPENSSL_cleanse(&o, sizeof o);
    return status;
}
