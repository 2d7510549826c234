#include "tools/uicc/make.h"
#include "tools/cli/cli.h"
#include "tools/uicc/output.h"

#include <argp.h>
#include <errno.h>
#include <openssl/crypto.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define PROFILE_TEXT_MAX (1U << 18)
#define KEY_TEXT_MAX     40

struct options {
    struct output_options output;
    struct batch batch;
    const char *profile;
    bool ota_said;
};

enum {
    OPTION_OUT = 1,
    OPTION_COUNT,
    OPTION_SLOTS,
    OPTION_PROFILE,
    OPTION_PLMN,
    OPTION_ICCID,
    OPTION_IMSI,
    OPTION_MSISDN,
    OPTION_SMSC,
    OPTION_SPN,
    OPTION_ALGORITHM,
    OPTION_K,
    OPTION_OPC,
    OPTION_OP,
    OPTION_OTA,
    OPTION_KIC,
    OPTION_KID,
    OPTION_KIK,
    OPTION_ADM1,
    OPTION_PIN1,
    OPTION_PUK1,
    OPTION_PIN1_DISABLED,
    OPTION_KEY,
    OPTION_SEED,
    OPTION_KEK,
    OPTION_OPERATOR,
    OPTION_FORCE,
};

static const struct argp_option option_table[] = {
    {"out", OPTION_OUT, "DIR", 0, "where the cards go; required", 1},
    {"count", OPTION_COUNT, "N", 0, "how many cards (1)", 1},
    {"slots", OPTION_SLOTS, "N", 0, "indexed Ki/OTA pairs of each card, 1 to 15 (4)", 1},
    {"profile", OPTION_PROFILE, "FILE", 0, "files and services of the batch (the built-in m2m-5g)",
     1},
    {"force", OPTION_FORCE, NULL, 0, "replace cards that exist", 1},
    {NULL, 0, NULL, 0, "Numbers of the first card; the others count up:", 2},
    {"plmn", OPTION_PLMN, "MCCMNC", 0, "home network (00101)", 2},
    {"iccid", OPTION_ICCID, "D", 0, "18 digits get a check digit", 2},
    {"imsi", OPTION_IMSI, "D", 0, "IMSI", 2},
    {"msisdn", OPTION_MSISDN, "D", 0, "MSISDN (999 and the end of the IMSI)", 2},
    {NULL, 0, NULL, 0, "Keys of slot 1 of the first card (made up if not given):", 3},
    {"algorithm", OPTION_ALGORITHM, "NAME", 0, "milenage, tuak or xor (milenage)", 3},
    {"k", OPTION_K, "HEX", 0, "K, 16 bytes; tuak also 32", 3},
    {"opc", OPTION_OPC, "HEX", 0, "OPc, 16 bytes; tuak: TOPc, 32", 3},
    {"op", OPTION_OP, "HEX", 0, "OP (TOP) instead: slot 1 of every card has its OPc from it", 3},
    {"ota", OPTION_OTA, "NAME", 0,
     "algorithm of the OTA keys: aes, aes-cmac4, 3des or des (the profile's)", 3},
    {"kic", OPTION_KIC, "HEX", 0, "key for ciphering", 3},
    {"kid", OPTION_KID, "HEX", 0, "key for cryptographic checksums", 3},
    {"kik", OPTION_KIK, "HEX", 0, "key that enciphers keys", 3},
    {"adm1", OPTION_ADM1, "HEX", 0, "ADM1, 8 bytes", 3},
    {"pin1", OPTION_PIN1, "D", 0,
     "PIN1 of every card, enabled; without it PIN1 is random and disabled. PIN2 begins as PIN1", 3},
    {"pin1-disabled", OPTION_PIN1_DISABLED, NULL, 0, "--pin1, but not enabled", 3},
    {"puk1", OPTION_PUK1, "D", 0, "UNBLOCK PIN1, 8 digits", 3},
    {"key", OPTION_KEY, "REF=VALUE[/UNBLOCK]", 0,
     "another key that the profile has, of every card; repeat", 3},
    {"seed", OPTION_SEED, "HEX", 0,
     "derive what would be random: the same seed makes the same cards", 3},
    {NULL, 0, NULL, 0, "What else is written:", 4},
    {"smsc", OPTION_SMSC, "NUMBER", 0, "service centre in EF.SMSP", 4},
    {"spn", OPTION_SPN, "TEXT", 0, "service provider name, 16 characters", 4},
    {"kek", OPTION_KEK, "KEY", 0,
     "key-encryption key of DIR/vault.db: @FILE (made if missing), env:NAME or HEX "
     "(@DIR/vault.key)",
     4},
    {"operator", OPTION_OPERATOR, "NAME", 0, "who gets slot 1, for the vault's record (the PLMN)",
     4},
    {0},
};

static const char doc[] =
    "Make cards: DIR/ICCID.card, DIR/cards.csv for the first operator (slot 1 only), and "
    "DIR/vault.db with all pairs, wrapped.\v"
    "Keys and codes may be given as hex or digits, as @FILE, as env:NAME, or as - (a line of "
    "standard input).";

/* ---- options ---- */

static void text_option(struct argp_state *state, const char *name, const char *value, char *out,
                        size_t cap)
{
    if (*value == '\0')
        argp_error(state, "--%s: there is nothing", name);
    else if (strlen(value) >= cap)
        argp_error(state, "--%s: too long", name);
    else
        memcpy(out, value, strlen(value) + 1);
}

static void secret_option(struct argp_state *state, const char *name, const char *value,
                          struct secret *out)
{
    enum err e = cli_secret(value, out);

    /* A variable that is empty by mistake must not become a key at random. */
    if (e == ERR_OK && out->len == 0)
        e = ERR_SHORT;
    if (e != ERR_OK)
        argp_error(state, "--%s: %s", name, cli_secret_error(e));
}

static void code_option(struct argp_state *state, const char *name, const char *value, char out[9])
{
    enum err e = cli_secret_text(value, out, 9);

    if (e == ERR_OK && *out == '\0')
        e = ERR_SHORT;
    if (e != ERR_OK)
        argp_error(state, "--%s: %s", name, cli_secret_error(e));
}

/* REF=VALUE[/UNBLOCK]; what is behind the reference may come from elsewhere. */
static void key_option(struct argp_state *state, const char *value, struct batch *b)
{
    char reference[3] = "", code[KEY_TEXT_MAX];
    enum err e = ERR_FORMAT;

    if (strlen(value) > 3 && value[2] == '=') {
        memcpy(reference, value, 2);
        e = cli_secret_text(value + 3, code, sizeof code);
        if (e == ERR_OK)
            e = batch_add_key(b, reference, code);
        OPENSSL_cleanse(code, sizeof code);
    }
    if (e != ERR_OK)
        argp_error(state, "--key: REF=VALUE[/UNBLOCK], VALUE 4 to 8 digits, or 16 hex digits for "
                          "an ADM key");
}

static uint64_t number_option(struct argp_state *state, const char *name, const char *value,
                              uint64_t max)
{
    uint64_t v = 1;
    enum err e = cli_number(value, 1, max, &v);

    if (e != ERR_OK)
        argp_error(state, "--%s: a number from 1 to %llu", name, (unsigned long long)max);
    return v;
}

static enum aka_algorithm algorithm_option(struct argp_state *state, const char *value)
{
    if (strcmp(value, "milenage") == 0)
        return AKA_MILENAGE;
    if (strcmp(value, "tuak") == 0)
        return AKA_TUAK;
    if (strcmp(value, "xor") != 0)
        argp_error(state, "--algorithm: milenage, tuak or xor");
    return AKA_XOR;
}

static void ota_option(struct argp_state *state, const char *value, struct batch *b)
{
    if (secpkt_algorithm_from_text(value, 0, &b->ota, &b->cc_len) != ERR_OK)
        argp_error(state, "--ota: aes, aes-cmac4, 3des or des");
}

/* Numbers, keys and codes; false for a key that is none of them. */
static bool parse_card_option(int key, char *value, struct argp_state *state, struct batch *b)
{
    const struct {
        int key;
        const char *name;
        char *text;
        size_t cap;
    } texts[] = {
        {OPTION_PLMN, "plmn", b->plmn, sizeof b->plmn},
        {OPTION_ICCID, "iccid", b->iccid, sizeof b->iccid},
        {OPTION_IMSI, "imsi", b->imsi, sizeof b->imsi},
        {OPTION_MSISDN, "msisdn", b->msisdn, sizeof b->msisdn},
        {OPTION_SMSC, "smsc", b->smsc, sizeof b->smsc},
        {OPTION_SPN, "spn", b->spn, sizeof b->spn},
    };
    const struct {
        int key;
        const char *name;
        struct secret *secret;
    } secrets[] = {
        {OPTION_K, "k", &b->k},          {OPTION_OPC, "opc", &b->opc},
        {OPTION_OP, "op", &b->op},       {OPTION_KIC, "kic", &b->kic},
        {OPTION_KID, "kid", &b->kid},    {OPTION_KIK, "kik", &b->kik},
        {OPTION_ADM1, "adm1", &b->adm1}, {OPTION_SEED, "seed", &b->seed},
    };

    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        if (texts[i].key == key) {
            text_option(state, texts[i].name, value, texts[i].text, texts[i].cap);
            return true;
        }
    }
    for (size_t i = 0; i < ARRAY_LEN(secrets); i++) {
        if (secrets[i].key == key) {
            secret_option(state, secrets[i].name, value, secrets[i].secret);
            return true;
        }
    }
    return false;
}

static error_t parse_option(int key, char *value, struct argp_state *state)
{
    struct options *o = state->input;

    if (parse_card_option(key, value, state, &o->batch))
        return 0;
    switch (key) {
    case OPTION_OUT:
        o->output.dir = value;
        return 0;
    case OPTION_COUNT:
        o->batch.count = number_option(state, "count", value, BATCH_COUNT_MAX);
        return 0;
    case OPTION_SLOTS:
        o->batch.slot_count = (uint8_t)number_option(state, "slots", value, OPCHANGE_SLOTS_MAX);
        return 0;
    case OPTION_PROFILE:
        o->profile = value;
        return 0;
    case OPTION_ALGORITHM:
        o->batch.algorithm = algorithm_option(state, value);
        return 0;
    case OPTION_OTA:
        ota_option(state, value, &o->batch);
        o->ota_said = true;
        return 0;
    case OPTION_PIN1:
        code_option(state, "pin1", value, o->batch.pin1);
        return 0;
    case OPTION_PUK1:
        code_option(state, "puk1", value, o->batch.puk1);
        return 0;
    case OPTION_KEY:
        key_option(state, value, &o->batch);
        return 0;
    case OPTION_PIN1_DISABLED:
        o->batch.pin1_disabled = true;
        return 0;
    case OPTION_KEK:
        o->output.kek = value;
        return 0;
    case OPTION_OPERATOR:
        o->output.operator_name = value;
        return 0;
    case OPTION_FORCE:
        o->output.force = true;
        return 0;
    case ARGP_KEY_ARG:
        argp_error(state, "what is `%s'?", value);
        return 0;
    case ARGP_KEY_END:
        if (o->output.dir == NULL)
            argp_error(state, "--out is missing");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* What an option wants, when its value does not do: after "--imsi: ". */
static const char *wanted(const char *option)
{
    static const struct {
        const char *option, *text;
    } rows[] = {
        {"--plmn", "5 or 6 digits"},
        {"--iccid", "18 digits, or 19 or 20 with the check digit, and room for all cards"},
        {"--imsi", "6 to 15 digits that begin with --plmn, and room for all cards"},
        {"--msisdn", "digits, and room for all cards"},
        {"--smsc", "digits, with or without a + before them"},
        {"--pin1", "4 to 8 digits"},
        {"--puk1", "8 digits"},
        {"--k", "16 bytes in hex; tuak also 32"},
        {"--opc", "16 bytes in hex; tuak: 32; xor: none"},
        {"--op", "16 bytes in hex; tuak: 32; xor: none; and no --opc beside it"},
        {"--kic", "16, 24 or 32 bytes in hex; 3des: 16; des: 8"},
        {"--kid", "16, 24 or 32 bytes in hex; 3des: 16; des: 8"},
        {"--kik", "16, 24 or 32 bytes in hex; 3des and des: 16"},
        {"--adm1", "8 bytes in hex"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (strcmp(rows[i].option, option) == 0)
            return rows[i].text;
    }
    return err_text(ERR_FORMAT);
}

/* ---- profile ---- */

/* The profile text, NULL for the built-in one, with what --ota says behind it. The caller frees. */
static int read_profile(const struct options *o, char **text)
{
    FILE *f = o->profile == NULL ? NULL : fopen(o->profile, "re");
    size_t n = 0;
    bool lost;

    if (o->profile != NULL && f == NULL)
        return cli_fail("%s: %s", o->profile, strerror(errno));
    *text = malloc(PROFILE_TEXT_MAX + 64);
    if (*text != NULL && f != NULL)
        n = fread(*text, 1, PROFILE_TEXT_MAX, f);
    lost = f != NULL && ferror(f) != 0;
    if (f != NULL)
        fclose(f);
    if (*text == NULL)
        return cli_fail("%s", err_text(ERR_NOMEM));
    if (lost || memchr(*text, '\0', n) != NULL)
        return cli_fail("%s: is no profile", o->profile);
    if (n == PROFILE_TEXT_MAX)
        return cli_fail("%s: too long for a profile", o->profile);
    (*text)[n] = '\0';
    if (o->ota_said)
        (void)snprintf(*text + n, 64, "\nota-algorithm = %s\n",
                       secpkt_algorithm_text(o->batch.ota, o->batch.cc_len));
    return CLI_OK;
}

static int compile_profile(struct options *o, struct wr *image)
{
    char message[PERSO_MESSAGE_MAX] = "";
    char *text = NULL;
    int status = read_profile(o, &text);

    if (status == CLI_OK && perso_compile(text, image, message) != ERR_OK)
        status = cli_fail("%s: %s", o->profile != NULL ? o->profile : "built-in profile", message);
    if (status == CLI_OK &&
        perso_ota_algorithm(RD_WR(image), &o->batch.ota, &o->batch.cc_len) != ERR_OK)
        status = cli_fail("%s", err_text(ERR_CORRUPT));
    free(text);
    return status;
}

/* ---- the work ---- */

static volatile sig_atomic_t interrupted;

static void interrupt(int number)
{
    (void)number;
    interrupted = 1;
}

static enum err make_card(const struct batch *b, uint64_t n, struct rd image, struct press *press,
                          struct output *output)
{
    struct perso_card card;
    struct batch_codes codes;
    enum err e = batch_card(b, n, &card, &codes);

    if (e == ERR_OK)
        e = perso_write(press_blank(press), image, &card);
    if (e == ERR_SPACE) /* of the card, not of the disk */
        e = ERR_UNSUPPORTED;
    if (e == ERR_OK)
        e = output_card(output, press, &card, &codes);
    perso_card_wipe(&card);
    OPENSSL_cleanse(&codes, sizeof codes);
    return e;
}

static int make_all(const struct options *o, struct rd image, struct press *press,
                    struct output *output)
{
    struct cli_progress progress;
    char iccid[ICCID_DIGITS_MAX + 1] = "";
    enum err e = ERR_OK;

    cli_progress_begin(&progress, "making cards", o->batch.count);
    for (uint64_t n = 0; n < o->batch.count && e == ERR_OK && !interrupted; n++) {
        e = make_card(&o->batch, n, image, press, output);
        if (e != ERR_OK && batch_iccid(&o->batch, n, iccid) != ERR_OK)
            *iccid = '\0';
        cli_progress(&progress, n + 1);
    }
    cli_progress_end(&progress);
    if (interrupted)
        return cli_fail("interrupted, no card was made");
    if (e == ERR_EXISTS)
        return cli_fail("%s: %s/vault.db has keys of this card already", iccid, o->output.dir);
    if (e == ERR_NOT_FOUND)
        return cli_fail("--key: the profile has no row `pin' for it");
    if (e == ERR_RANGE)
        return cli_fail("%s: an applet of the profile is refused: its AID or TAR is taken, or it "
                        "asks for too much",
                        iccid);
    if (e == ERR_UNSUPPORTED)
        return cli_fail("%s: the profile is too large for a card", iccid);
    if (e == ERR_SPACE)
        return cli_fail("%s: the disk is full, no card was made", o->output.dir);
    if (e != ERR_OK)
        return cli_fail("%s: %s", iccid, err_text(e));
    e = output_finish(output);
    return e == ERR_OK ? CLI_OK : cli_fail("%s: %s", o->output.dir, err_text(e));
}

static int make(struct options *o, struct wr *image)
{
    struct output *output = NULL;
    struct press *press = NULL;
    char what[512] = "";
    const char *option = "";
    int status = compile_profile(o, image);
    enum err e;

    if (status != CLI_OK)
        return status;
    e = batch_prepare(&o->batch, &option);
    if (e != ERR_OK)
        return cli_usage("%s: %s", option, wanted(option));
    if (o->output.operator_name == NULL)
        o->output.operator_name = o->batch.plmn;
    e = press_new(&press);
    if (e == ERR_OK)
        e = output_open(&o->output, &o->batch, &output, what, sizeof what);
    if (e == ERR_EXISTS)
        status = cli_fail("%s: exists already; --force replaces it", what);
    else if (e == ERR_CONDITIONS)
        status = cli_fail("%s: is no folder", what);
    else if (e != ERR_OK)
        status = cli_fail("%s: %s", what, err_text(e));
    else
        status = make_all(o, RD_WR(image), press, output);
    output_close(&output);
    press_free(&press);
    return status;
}

int uicc_make_main(int argc, char **argv)
{
    static const struct argp argp = {option_table, parse_option, NULL, doc, NULL, NULL, NULL};
    const struct sigaction on_signal = {.sa_handler = interrupt};
    struct options o = {.batch = {.count = 1, .slot_count = 4, .algorithm = AKA_MILENAGE}};
    struct wr image = {.base = malloc(PERSO_IMAGE_MAX), .cap = PERSO_IMAGE_MAX};
    int status;

    argp_err_exit_status = CLI_USAGE;
    argp_parse(&argp, argc, argv, 0, NULL, &o);
    (void)sigaction(SIGINT, &on_signal, NULL);
    (void)sigaction(SIGTERM, &on_signal, NULL);
    o.batch.crypto = crypto_new();
    if (image.base == NULL || o.batch.crypto == NULL)
        status = cli_fail("%s", err_text(ERR_NOMEM));
    else
        status = make(&o, &image);
    crypto_free(&o.batch.crypto);
    batch_wipe(&o.batch);
    free(image.base);
    return status;
}
