/* Secured packets (TS 102 225 5): headers always, contents when the keys are known. */
#include "tools/decode/show.h"

#include <openssl/crypto.h>
#include <string.h>

static void show_spi(struct decode *d, struct tree_node *n, const uint8_t spi[2])
{
    static const char *const checks[] = {"no check", "RC", "CC", "DS"};
    static const char *const counters[] = {"no counter", "counter not checked",
                                           "counter must be higher", "counter must be the next"};
    static const char *const proofs[] = {"no proof", "proof", "proof on error only", "reserved"};
    struct tree_node *o =
        tree_say(&d->tree, n, "security", RD(spi, 2), "%s%s, %s", checks[spi[0] & 3],
                 (spi[0] & SPI1_CIPHER) != 0 ? ", ciphered" : "", counters[spi[0] >> 3 & 3]);

    tree_append(&d->tree, o, "%s", proofs[spi[1] & 3]);
    if ((spi[1] & 3) == 1 || (spi[1] & 3) == 2)
        tree_append(&d->tree, o, "with %s%s, by %s", checks[spi[1] >> 2 & 3],
                    (spi[1] & SPI2_CIPHER) != 0 ? " and ciphered" : "",
                    (spi[1] & SPI2_BY_SUBMIT) != 0 ? "SMS-SUBMIT" : "delivery report");
}

static void show_key_id(struct decode *d, struct tree_node *n, const char *name, const uint8_t *b)
{
    static const struct show_name algorithms[] = {
        {0x0, "as agreed"}, {0x1, "DES"},         {0x5, "3DES, 2 keys"}, {0x9, "3DES, 3 keys"},
        {0x2, "AES"},       {0x3, "proprietary"}, {0xD, "DES ECB"},      {0, NULL}};

    tree_say(&d->tree, n, name, RD(b, 1), "key set %u, %s", *b >> 4,
             show_name(algorithms, *b & 15U, "reserved"));
}

static void show_tar(struct decode *d, struct tree_node *n, const uint8_t *tar)
{
    static const struct show_name tars[] = {
        {0x000000, "application management"},    {0xB00000, "files of the UICC"},
        {0xB00001, "files of an ADF"},           {0xB00010, "files of the SIM"},
        {0xB00011, "files of the USIM"},         {0xB00120, "files of the UICC, expanded"},
        {0xB00140, "files of an ADF, expanded"}, {0xB20100, "application management, expanded"},
        {0xBFFF00, "operator change"},           {0, NULL},
    };
    uint32_t v = (uint32_t)tar[0] << 16 | (uint32_t)tar[1] << 8 | tar[2];

    tree_say(&d->tree, n, "TAR", RD(tar, 3), "%06X %s", v, show_name(tars, v, "application"));
}

/* What a KIc or KID names; a packet says the algorithm, the key only its length. */
static enum secpkt_algorithm algorithm_of(uint8_t kic)
{
    return (kic & 15) == 1   ? SECPKT_DES
           : (kic & 15) == 5 ? SECPKT_3DES2
           : (kic & 15) == 9 ? SECPKT_3DES3
                             : SECPKT_AES;
}

static void use_keys(const struct decode *d, const struct secpkt_header *h, struct secpkt_keys *k)
{
    memset(k, 0, sizeof *k);
    k->kic.algorithm = algorithm_of(h->kic);
    k->kic.key = d->kic_key;
    k->kid.algorithm = algorithm_of(h->kid);
    k->kid.key = d->kid_key;
    k->cc_len = SECPKT_CC_LEN;
}

static bool has_keys(const struct decode *d, const struct secpkt_header *h, bool ciphered, bool cc)
{
    (void)h;
    return (!ciphered || d->kic_key.len > 0) && (!cc || d->kid_key.len > 0);
}

static void open_command(struct decode *d, struct tree_node *n, struct rd packet)
{
    uint8_t work[SECPKT_MAX];
    struct wr w = WR_ARRAY(work);
    struct secpkt_command c;
    struct secpkt_keys keys;
    enum err e;

    use_keys(d, &d->sent, &keys);
    e = secpkt_open_command(d->crypto, packet, &keys, &w, &c);
    if (e == ERR_OK) {
        struct tree_node *o =
            tree_say(&d->tree, n, "counter", RD(NULL, 0), "%llu", (unsigned long long)c.counter);

        tree_rule(o, TREE_FREE);
        show_secured_data(d, tree_add(&d->tree, n, "secured data", tree_keep(&d->tree, c.data)),
                          tree_keep(&d->tree, c.data));
    } else {
        tree_say(&d->tree, n, "closed", RD(NULL, 0), "%s", err_text(e));
    }
    OPENSSL_cleanse(work, sizeof work);
    OPENSSL_cleanse(&keys, sizeof keys);
}

void show_command_packet(struct decode *d, struct tree_node *n, struct rd packet)
{
    struct secpkt_header h;
    enum err e = secpkt_peek_command(packet, &h);

    n = tree_add(&d->tree, n, "command packet", packet);
    if (e != ERR_OK) {
        tree_wrong(&d->tree, n, err_text(e), packet);
        return;
    }
    d->sent = h;
    d->has_sent = true;
    show_spi(d, n, packet.at + 3);
    show_key_id(d, n, "KIc", packet.at + 5);
    show_key_id(d, n, "KID", packet.at + 6);
    show_tar(d, n, packet.at + 7);
    if (has_keys(d, &h, (h.spi[0] & SPI1_CIPHER) != 0,
                 (h.spi[0] & SPI1_CHECK_MASK) == SPI1_CHECK_CC))
        open_command(d, n, packet);
    else
        tree_say(&d->tree, n, "content", RD(packet.at + 10, packet.left - 10),
                 "%zu bytes; --kic-key and --kid-key open it", packet.left - 10);
}

static void show_rsc(struct decode *d, struct tree_node *n, uint8_t rsc)
{
    uint8_t byte = rsc;

    tree_say(&d->tree, n, "status", tree_keep(&d->tree, RD(&byte, 1)), "%02X %s", rsc,
             secpkt_rsc_text(rsc));
}

static void open_response(struct decode *d, struct tree_node *n, struct rd packet)
{
    uint8_t work[SECPKT_MAX];
    struct wr w = WR_ARRAY(work);
    struct secpkt_response r;
    struct secpkt_keys keys;
    enum err e;

    use_keys(d, &d->sent, &keys);
    e = secpkt_open_response(d->crypto, packet, &d->sent, &keys, &w, &r);
    if (e == ERR_OK) {
        struct rd data = tree_keep(&d->tree, r.data);

        tree_rule(
            tree_say(&d->tree, n, "counter", RD(NULL, 0), "%llu", (unsigned long long)r.counter),
            TREE_FREE);
        show_rsc(d, n, r.rsc);
        tree_say(&d->tree, n, "authenticated", RD(NULL, 0), "%s", r.authenticated ? "yes" : "no");
        if (data.left > 0)
            show_response_data(d, tree_add(&d->tree, n, "data", data), data);
    } else {
        tree_say(&d->tree, n, "closed", RD(NULL, 0), "%s", err_text(e));
    }
    OPENSSL_cleanse(work, sizeof work);
    OPENSSL_cleanse(&keys, sizeof keys);
}

/* RPL(2) RHL(1) TAR(3) [CNTR(5) PCNTR(1) RSC(1) ...] */
void show_response_packet(struct decode *d, struct tree_node *n, struct rd packet)
{
    bool ciphered = d->has_sent && (d->sent.spi[1] & SPI2_CIPHER) != 0;
    bool cc = d->has_sent && (d->sent.spi[1] & SPI2_CHECK_MASK) == SPI2_CHECK_CC;

    n = tree_add(&d->tree, n, "response packet", packet);
    if (packet.left < 13) {
        tree_wrong(&d->tree, n, err_text(ERR_SHORT), packet);
        return;
    }
    show_tar(d, n, packet.at + 3);
    if (d->has_sent && has_keys(d, &d->sent, ciphered, cc))
        open_response(d, n, packet);
    else if (d->has_sent && !ciphered)
        show_rsc(d, n, packet.at[12]);
    else
        tree_say(&d->tree, n, "content", RD(packet.at + 6, packet.left - 6),
                 d->has_sent ? "ciphered; --kic-key and --kid-key open it"
                             : "of a command that the trace does not have");
}
