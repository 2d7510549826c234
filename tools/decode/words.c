#include "apdu/bcd.h"
#include "apdu/ids.h"
#include "apdu/sms.h"
#include "apdu/text.h"
#include "tools/decode/show.h"

#include <string.h>

#define TEXT_CAP 512

void show_number(struct decode *d, struct tree_node *n, struct rd bytes)
{
    uint64_t v = 0;

    if (bytes.left > 8)
        return;
    for (size_t i = 0; i < bytes.left; i++)
        v = v << 8 | bytes.at[i];
    tree_text(&d->tree, n, "%llu", (unsigned long long)v);
}

/* FIDs that no EF table has. */
static const char *special_fid(uint16_t fid)
{
    return fid == FID_CURRENT_ADF  ? "current ADF"
           : fid == FID_CURRENT_DF ? "current DF"
           : fid == FID_MF         ? "MF"
                                   : NULL;
}

void show_fid(struct decode *d, struct tree_node *n, struct rd bytes)
{
    uint16_t fid;
    const char *name;

    if (rd_u16(&bytes, &fid) != ERR_OK || bytes.left > 0)
        return;
    name = special_fid(fid);
    tree_text(&d->tree, n, "%04X%s%s%s", fid, name != NULL ? " (" : "", name != NULL ? name : "",
              name != NULL ? ")" : "");
}

void show_path(struct decode *d, struct tree_node *n, struct rd bytes)
{
    char text[64] = "";
    uint16_t fid;

    while (rd_u16(&bytes, &fid) == ERR_OK && strlen(text) + 6 < sizeof text)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s%04X",
                 text[0] != '\0' ? "/" : "", fid);
    tree_text(&d->tree, n, "%s", text);
}

void show_aid(struct decode *d, struct tree_node *n, struct rd bytes)
{
    static const struct {
        uint8_t head[7], len;
        const char *name;
    } known[] = {
        {{AID_USIM}, 7, "USIM"},
        {{AID_ISIM}, 7, "ISIM"},
        {{0xA0, 0x00, 0x00, 0x00, 0x09, 0x00, 0x01}, 7, "SIM"},
        {{0xA0, 0x00, 0x00, 0x00, 0x09}, 5, "ETSI"},
        {{0xA0, 0x00, 0x00, 0x00, 0x87}, 5, "3GPP"},
        {{0xA0, 0x00, 0x00, 0x03, 0x43, 0x10, 0x02}, 7, "CSIM"},
        {{0xA0, 0x00, 0x00, 0x01, 0x51}, 5, "issuer security domain"},
        {{0xA0, 0x00, 0x00, 0x05, 0x59, 0x10, 0x10}, 7, "eUICC"},
    };

    for (size_t i = 0; i < ARRAY_LEN(known); i++) {
        if (bytes.left >= known[i].len && memcmp(bytes.at, known[i].head, known[i].len) == 0) {
            tree_text(&d->tree, n, "%s", known[i].name);
            return;
        }
    }
}

void show_text_alpha(struct decode *d, struct tree_node *n, struct rd bytes)
{
    char text[TEXT_CAP];

    if (bytes.left == 0 || bytes.at[0] == 0xFF)
        tree_text(&d->tree, n, "(none)");
    else if (text_from_alpha(bytes, text, sizeof text) == ERR_OK)
        tree_text(&d->tree, n, "\"%s\"", text);
}

void show_text_ascii(struct decode *d, struct tree_node *n, struct rd bytes)
{
    char text[TEXT_CAP];
    size_t len = 0;

    while (len < bytes.left && len + 1 < sizeof text && bytes.at[len] != 0xFF)
        text[len] = (char)bytes.at[len], len++;
    text[len] = '\0';
    tree_text(&d->tree, n, "\"%s\"", text);
}

const char *show_plmn_text(const uint8_t *plmn, char text[12])
{
    char digits[7];

    if (memcmp(plmn, "\xFF\xFF\xFF", 3) == 0)
        snprintf(text, 12, "(none)");
    else if (bcd_plmn_decode(plmn, digits) == ERR_OK)
        snprintf(text, 12, "%.3s-%s", digits, digits + 3);
    else
        snprintf(text, 12, "%02X%02X%02X", plmn[0], plmn[1], plmn[2]);
    return text;
}

void show_plmn(struct decode *d, struct tree_node *n, struct rd bytes)
{
    char text[12];

    if (bytes.left >= 3)
        tree_text(&d->tree, n, "%s", show_plmn_text(bytes.at, text));
}

void show_number_bcd(struct decode *d, struct tree_node *n, struct rd bytes)
{
    char digits[2 * NUMBER_DIGITS_MAX + 1];
    uint8_t ton;

    if (rd_u8(&bytes, &ton) != ERR_OK || ton == 0xFF) {
        tree_text(&d->tree, n, "(none)");
        return;
    }
    if (bcd_number_decode(bytes, digits, sizeof digits) == ERR_OK)
        tree_text(&d->tree, n, "%s%s", (ton & 0x70) == 0x10 ? "+" : "", digits);
}

void show_rp_address(struct decode *d, struct tree_node *n, struct rd bytes)
{
    struct sms_address a;

    if (bytes.left == 0 || bytes.at[0] == 0xFF || bytes.at[0] == 0)
        tree_text(&d->tree, n, "(none)");
    else if (sms_read_rp_address(&bytes, &a) == ERR_OK)
        tree_text(&d->tree, n, "%s%s", (a.ton_npi & 0x70) == 0x10 ? "+" : "", a.digits);
}

void show_hidden(struct decode *d, struct tree_node *n, struct rd bytes)
{
    if (n != NULL)
        n->raw.left = 0;
    tree_text(&d->tree, n, "(%zu bytes, not shown)", bytes.left);
}

void show_bits(struct decode *d, struct tree_node *n, struct rd bytes,
               const struct show_name *table)
{
    for (size_t i = 0; i < bytes.left * 8; i++) {
        const char *name;

        if ((bytes.at[i / 8] >> i % 8 & 1) == 0)
            continue;
        name = show_name(table, (uint32_t)i, NULL);
        if (name != NULL)
            tree_say(&d->tree, n, "yes", RD(NULL, 0), "%s", name);
        else
            tree_say(&d->tree, n, "yes", RD(NULL, 0), "byte %zu bit %zu", i / 8 + 1, i % 8 + 1);
    }
}
