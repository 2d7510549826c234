/* What the files of the UICC and the subscriber hold (TS 102 221 13, TS 31.102 4.2, 4.4). */
#include "apdu/bcd.h"
#include "apdu/ids.h"
#include "apdu/tlv.h"
#include "tools/decode/show.h"

#include <string.h>

static bool is_blank(struct rd bytes)
{
    for (size_t i = 0; i < bytes.left; i++) {
        if (bytes.at[i] != 0xFF)
            return false;
    }
    return true;
}

/* Nothing but FF: say so. */
static bool blank(struct decode *d, struct tree_node *n, struct rd bytes)
{
    if (!is_blank(bytes))
        return false;
    tree_text(&d->tree, n, "(empty)");
    return true;
}

void show_imsi(struct decode *d, struct tree_node *n, struct rd bytes)
{
    char digits[IMSI_DIGITS_MAX + 1];

    if (blank(d, n, bytes))
        return;
    if (bytes.left == EF_IMSI_LEN && bcd_imsi_decode(bytes.at, digits) == ERR_OK)
        tree_text(&d->tree, n, "%s", digits);
    else
        tree_wrong(&d->tree, n, "no IMSI", bytes);
}

void show_iccid(struct decode *d, struct tree_node *n, struct rd bytes)
{
    char digits[ICCID_DIGITS_MAX + 1];

    if (bytes.left == EF_ICCID_LEN && bcd_iccid_decode(bytes.at, digits) == ERR_OK)
        tree_text(&d->tree, n, "%s", digits);
    else
        tree_wrong(&d->tree, n, "no ICCID", bytes);
}

/* TS 31.102 4.2.18 */
void show_ad(struct decode *d, struct tree_node *n, struct rd bytes)
{
    static const struct show_name modes[] = {
        {0x00, "normal"},
        {0x80, "type approval"},
        {0x01, "normal, specific facilities"},
        {0x81, "type approval, specific facilities"},
        {0x02, "maintenance"},
        {0x04, "cell test"},
        {0, NULL},
    };
    static const struct show_name facilities[] = {
        {0, "ciphering indicator"}, {1, "CSG display"}, {2, "ProSe"},
        {3, "extended DRX"},        {0, NULL},
    };

    if (bytes.left < 3)
        return;
    tree_say(&d->tree, n, "operation", RD(bytes.at, 1), "%s",
             show_name(modes, bytes.at[0], "unknown"));
    show_bits(d, tree_add(&d->tree, n, "facilities", RD(bytes.at + 2, 1)), RD(bytes.at + 2, 1),
              facilities);
    if (bytes.left > 3)
        tree_say(&d->tree, n, "digits of the MNC", RD(bytes.at + 3, 1), "%u", bytes.at[3] & 15);
}

void show_acc(struct decode *d, struct tree_node *n, struct rd bytes)
{
    if (bytes.left < 2)
        return;
    for (unsigned c = 0; c < 16; c++) {
        if ((bytes.at[c < 8 ? 1 : 0] >> c % 8 & 1) != 0)
            tree_say(&d->tree, n, "access class", RD(NULL, 0), "%u", c);
    }
}

void show_spn(struct decode *d, struct tree_node *n, struct rd bytes)
{
    struct rd name = bytes;
    uint8_t flags;

    if (blank(d, n, bytes) || rd_u8(&name, &flags) != ERR_OK)
        return;
    tree_say(&d->tree, n, "display", RD(bytes.at, 1), "%s%s",
             (bytes.at[0] & 1) != 0 ? "registered PLMN wanted" : "registered PLMN not wanted",
             (bytes.at[0] & 2) != 0 ? ", name not wanted while roaming" : "");
    show_text_alpha(d, tree_add(&d->tree, n, "name", name), name);
}

/* TS 102 221 13.1 */
static const struct show_tlv application_rows[] = {
    {0x4F, "AID", show_aid, TREE_FREE},
    {0x50, "label", show_text_ascii, TREE_FREE},
    {0x51, "path", show_path, TREE_EQUAL},
    {0x52, "command", NULL, TREE_EQUAL},
    {0x53, "discretionary data", NULL, TREE_FREE},
    {0x73, "discretionary objects", NULL, TREE_FREE},
    {0x5F50, "URL", show_text_ascii, TREE_FREE},
    {0, NULL, NULL, TREE_EQUAL},
};

static void show_application(struct decode *d, struct tree_node *n, struct rd bytes)
{
    show_tlvs(d, n, bytes, application_rows);
}

void show_dir(struct decode *d, struct tree_node *n, struct rd bytes)
{
    static const struct show_tlv rows[] = {{0x61, "application", show_application, TREE_EQUAL},
                                           {0, NULL, NULL, TREE_EQUAL}};

    if (!blank(d, n, bytes))
        show_tlvs(d, n, bytes, rows);
}

void show_languages(struct decode *d, struct tree_node *n, struct rd bytes)
{
    for (size_t i = 0; i + 1 < bytes.left; i += 2) {
        if (bytes.at[i] != 0xFF)
            show_text_ascii(d, tree_add(&d->tree, n, "language", RD(bytes.at + i, 2)),
                            RD(bytes.at + i, 2));
    }
}

/* KSI and two keys; TS 31.102 4.2.3 */
void show_keys(struct decode *d, struct tree_node *n, struct rd bytes)
{
    if (bytes.left < 33)
        return;
    tree_say(&d->tree, n, "key set", RD(bytes.at, 1), "%s%u", bytes.at[0] == 7 ? "none: " : "",
             bytes.at[0]);
    show_hidden(d, tree_add(&d->tree, n, "CK and IK", RD(bytes.at + 1, 32)), RD(bytes.at + 1, 32));
    tree_rule(n, TREE_SHAPE);
}

void show_kc(struct decode *d, struct tree_node *n, struct rd bytes)
{
    if (bytes.left < 9)
        return;
    show_hidden(d, tree_add(&d->tree, n, "Kc", RD(bytes.at, 8)), RD(bytes.at, 8));
    tree_say(&d->tree, n, "sequence number", RD(bytes.at + 8, 1), "%s%u",
             bytes.at[8] == 7 ? "none: " : "", bytes.at[8]);
    tree_rule(n, TREE_SHAPE);
}

void show_minutes(struct decode *d, struct tree_node *n, struct rd bytes)
{
    if (bytes.left == 1 && bytes.at[0] == 0)
        tree_text(&d->tree, n, "no search");
    else if (bytes.left == 1)
        tree_text(&d->tree, n, "every %u minutes", bytes.at[0] * 6);
}

/* TS 31.102 4.2.21: number, alpha identifier, service category */
void show_ecc(struct decode *d, struct tree_node *n, struct rd bytes)
{
    static const struct show_name services[] = {
        {0, "police"},          {1, "ambulance"},    {2, "fire brigade"},    {3, "marine guard"},
        {4, "mountain rescue"}, {5, "manual eCall"}, {6, "automatic eCall"}, {0, NULL},
    };
    char digits[8];

    if (bytes.left < 4 || is_blank(RD(bytes.at, 3))) {
        tree_text(&d->tree, n, "(empty)");
        return;
    }
    if (bcd_number_decode(RD(bytes.at, 3), digits, sizeof digits) == ERR_OK)
        tree_say(&d->tree, n, "number", RD(bytes.at, 3), "%s", digits);
    show_text_alpha(d, tree_add(&d->tree, n, "label", RD(bytes.at + 3, bytes.left - 4)),
                    RD(bytes.at + 3, bytes.left - 4));
    show_bits(d, tree_add(&d->tree, n, "services", RD(bytes.at + bytes.left - 1, 1)),
              RD(bytes.at + bytes.left - 1, 1), services);
}

/* EF.ADN and its likes, TS 31.102 4.4.2.3: alpha identifier, then 14 bytes. */
void show_dialling(struct decode *d, struct tree_node *n, struct rd bytes)
{
    size_t x = bytes.left < 14 ? 0 : bytes.left - 14;
    uint8_t len;

    if (bytes.left < 14 || blank(d, n, bytes))
        return;
    if (x > 0)
        show_text_alpha(d, tree_add(&d->tree, n, "name", RD(bytes.at, x)), RD(bytes.at, x));
    len = bytes.at[x];
    if (len == 0xFF || len == 0) {
        tree_say(&d->tree, n, "number", RD(bytes.at + x, 12), "(none)");
    } else {
        struct rd number = RD(bytes.at + x + 1, len < 11 ? len : 11);

        show_number_bcd(d, tree_add(&d->tree, n, "number", number), number);
    }
    if (bytes.at[x + 13] != 0xFF)
        tree_say(&d->tree, n, "extension", RD(bytes.at + x + 13, 1), "record %u", bytes.at[x + 13]);
}

/* TS 31.102 4.2.25: status, then service centre and TPDU */
void show_sms_record(struct decode *d, struct tree_node *n, struct rd bytes)
{
    static const struct show_name states[] = {
        {0, "free"}, {1, "received, read"}, {3, "received, to be read"},
        {5, "sent"}, {7, "to be sent"},     {0, NULL},
    };
    struct rd r = bytes, sca;
    uint8_t status, len;

    if (rd_u8(&r, &status) != ERR_OK)
        return;
    tree_say(&d->tree, n, "status", RD(bytes.at, 1), "%s", show_name(states, status & 7, "other"));
    if ((status & 1) == 0 || rd_u8(&r, &len) != ERR_OK || rd_take(&r, len, &sca) != ERR_OK)
        return;
    sca = RD(bytes.at + 1, len + 1U);
    show_rp_address(d, tree_add(&d->tree, n, "service centre", sca), sca);
    if ((status & 7) < 5)
        show_tpdu_to_card(d, n, show_tpdu_cut(r, false));
    else
        show_tpdu_from_card(d, n, show_tpdu_cut(r, true));
}

/* TS 31.102 4.2.27: alpha identifier, then 28 bytes */
void show_smsp(struct decode *d, struct tree_node *n, struct rd bytes)
{
    static const struct show_name present[] = {
        {0, "destination"},        {1, "service centre"}, {2, "protocol identifier"},
        {3, "data coding scheme"}, {4, "validity"},       {0, NULL},
    };
    size_t x = bytes.left < 28 ? 0 : bytes.left - 28;
    uint8_t on;
    const uint8_t *b;

    if (bytes.left < 28 || blank(d, n, bytes))
        return;
    show_text_alpha(d, tree_add(&d->tree, n, "name", RD(bytes.at, x)), RD(bytes.at, x));
    b = bytes.at + x;
    on = (uint8_t)~b[0];
    show_bits(d, tree_add(&d->tree, n, "present", RD(b, 1)),
              tree_keep(&d->tree, RD(&(uint8_t){(uint8_t)(on & 0x1F)}, 1)), present);
    if ((on & 2) != 0)
        show_rp_address(d, tree_add(&d->tree, n, "service centre", RD(b + 13, 12)), RD(b + 13, 12));
    if ((on & 4) != 0)
        tree_add(&d->tree, n, "protocol identifier", RD(b + 25, 1));
    if ((on & 8) != 0)
        tree_add(&d->tree, n, "data coding scheme", RD(b + 26, 1));
    if ((on & 16) != 0)
        tree_add(&d->tree, n, "validity", RD(b + 27, 1));
}

void show_smss(struct decode *d, struct tree_node *n, struct rd bytes)
{
    if (bytes.left < 2)
        return;
    tree_say(&d->tree, n, "last message reference", RD(bytes.at, 1), "%u", bytes.at[0]);
    tree_say(&d->tree, n, "memory", RD(bytes.at + 1, 1), "%s",
             (bytes.at[1] & 1) != 0 ? "available" : "exceeded");
}

/* TS 31.102 4.2.58: names in the coding of TS 24.008 10.5.3.5a */
static void show_network_name(struct decode *d, struct tree_node *n, struct rd bytes)
{
    if (bytes.left > 1)
        tree_text(&d->tree, n, "%s, %zu bytes", (bytes.at[0] >> 4 & 7) == 0 ? "GSM 7-bit" : "UCS2",
                  bytes.left - 1);
}

void show_pnn(struct decode *d, struct tree_node *n, struct rd bytes)
{
    static const struct show_tlv rows[] = {
        {0x43, "full name", show_network_name, TREE_FREE},
        {0x45, "short name", show_network_name, TREE_FREE},
        {0x80, "additional information", NULL, TREE_FREE},
        {0, NULL, NULL, TREE_EQUAL},
    };

    if (!blank(d, n, bytes))
        show_tlvs(d, n, bytes, rows);
}

/* TS 102 221 13.6 */
void show_umpc(struct decode *d, struct tree_node *n, struct rd bytes)
{
    if (bytes.left < 3)
        return;
    tree_say(&d->tree, n, "power", RD(bytes.at, 1), "%u mA", bytes.at[0]);
    tree_say(&d->tree, n, "time-out of the terminal", RD(bytes.at + 1, 1), "%u s", bytes.at[1]);
    tree_say(&d->tree, n, "offers", RD(bytes.at + 2, 1), "%s%s",
             (bytes.at[2] & 2) != 0 ? "suspension" : "no suspension",
             (bytes.at[2] & 1) != 0 ? ", more idle current" : "");
}

static void show_pbr_file(struct decode *d, struct tree_node *n, struct rd bytes)
{
    if (bytes.left >= 2)
        tree_text(&d->tree, n, "%02X%02X", bytes.at[0], bytes.at[1]);
    if (bytes.left >= 3)
        tree_append(&d->tree, n, "short id %02X", bytes.at[2]);
}

/* TS 31.102 4.4.2.1 */
static const struct show_tlv pbr_files[] = {
    {0xC0, "EF.ADN", show_pbr_file, TREE_EQUAL},
    {0xC1, "EF.IAP", show_pbr_file, TREE_EQUAL},
    {0xC2, "EF.EXT1", show_pbr_file, TREE_EQUAL},
    {0xC3, "EF.SNE", show_pbr_file, TREE_EQUAL},
    {0xC4, "EF.ANR", show_pbr_file, TREE_EQUAL},
    {0xC5, "EF.PBC", show_pbr_file, TREE_EQUAL},
    {0xC6, "EF.GRP", show_pbr_file, TREE_EQUAL},
    {0xC7, "EF.AAS", show_pbr_file, TREE_EQUAL},
    {0xC8, "EF.GAS", show_pbr_file, TREE_EQUAL},
    {0xC9, "EF.UID", show_pbr_file, TREE_EQUAL},
    {0xCA, "EF.EMAIL", show_pbr_file, TREE_EQUAL},
    {0xCB, "EF.CCP1", show_pbr_file, TREE_EQUAL},
    {0, NULL, NULL, TREE_EQUAL},
};

static void show_pbr_files(struct decode *d, struct tree_node *n, struct rd bytes)
{
    show_tlvs(d, n, bytes, pbr_files);
}

void show_pbr(struct decode *d, struct tree_node *n, struct rd bytes)
{
    static const struct show_tlv rows[] = {
        {0xA8, "one record an entry", show_pbr_files, TREE_FREE},
        {0xA9, "linked", show_pbr_files, TREE_FREE},
        {0xAA, "shared", show_pbr_files, TREE_FREE},
        {0, NULL, NULL, TREE_EQUAL},
    };

    if (!blank(d, n, bytes))
        show_tlvs(d, n, bytes, rows);
}

void show_phase(struct decode *d, struct tree_node *n, struct rd bytes)
{
    if (bytes.left == 1)
        tree_text(&d->tree, n, "phase %s",
                  bytes.at[0] == 0   ? "1"
                  : bytes.at[0] == 2 ? "2"
                  : bytes.at[0] == 3 ? "2+"
                                     : "?");
}

/* IMPI, IMPU, DOMAIN (TS 31.103 4.2.2 to 4.2.4) and their like: tag 80 with text */
void show_identity(struct decode *d, struct tree_node *n, struct rd bytes)
{
    static const struct show_tlv rows[] = {{0x80, "value", show_text_ascii, TREE_FREE},
                                           {0, NULL, NULL, TREE_EQUAL}};

    if (!blank(d, n, bytes))
        show_tlvs(d, n, bytes, rows);
}
