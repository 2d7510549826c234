/* What the files about networks and services hold (TS 31.102 4.2, 4.4.11; TS 31.103 4.2). */
#include "apdu/tlv.h"
#include "tools/decode/show.h"

#include <string.h>

/* TS 31.102 4.2.8 */
static const struct show_name usim_services[] = {
    {1, "local phonebook"},
    {2, "fixed dialling numbers"},
    {3, "EXT2"},
    {4, "service dialling numbers"},
    {5, "EXT3"},
    {6, "barred dialling numbers"},
    {7, "EXT4"},
    {8, "outgoing call information"},
    {9, "incoming call information"},
    {10, "SMS storage"},
    {11, "SMS status reports"},
    {12, "SMS parameters"},
    {13, "advice of charge"},
    {14, "CCP2"},
    {15, "cell broadcast identifiers"},
    {16, "cell broadcast ranges"},
    {17, "GID1"},
    {18, "GID2"},
    {19, "service provider name"},
    {20, "user's PLMN list"},
    {21, "MSISDN"},
    {22, "images"},
    {23, "SoLSA"},
    {24, "eMLPP"},
    {25, "automatic answer for eMLPP"},
    {27, "GSM access"},
    {28, "SMS-PP data download"},
    {29, "cell broadcast data download"},
    {30, "call control"},
    {31, "MO-SMS control"},
    {32, "RUN AT COMMAND"},
    {33, "always on"},
    {34, "enabled services table"},
    {35, "APN control list"},
    {36, "depersonalisation keys"},
    {37, "co-operative networks"},
    {38, "GSM security context"},
    {39, "CPBCCH"},
    {40, "InvScan"},
    {41, "MExE"},
    {42, "operator's PLMN list"},
    {43, "home PLMN list"},
    {44, "EXT5"},
    {45, "PLMN network name"},
    {46, "operator PLMN list"},
    {47, "mailbox numbers"},
    {48, "message waiting"},
    {49, "call forwarding"},
    {51, "service provider display"},
    {52, "MMS"},
    {53, "EXT8"},
    {54, "call control on GPRS"},
    {55, "MMS user parameters"},
    {56, "network's indication of alerting"},
    {57, "VGCS"},
    {58, "VBS"},
    {59, "pseudonym"},
    {60, "user's WLAN PLMNs"},
    {61, "operator's WLAN PLMNs"},
    {62, "user's WSIDs"},
    {63, "operator's WSIDs"},
    {64, "VGCS security"},
    {65, "VBS security"},
    {66, "WLAN reauthentication"},
    {67, "MMS storage"},
    {68, "GBA"},
    {69, "MBMS security"},
    {70, "USSD data download"},
    {71, "equivalent home PLMNs"},
    {72, "more TERMINAL PROFILE"},
    {73, "display of equivalent home PLMN"},
    {74, "display of last registered PLMN"},
    {75, "OMA BCAST"},
    {76, "GBA local key"},
    {77, "terminal applications"},
    {78, "SPN icon"},
    {79, "PNN icon"},
    {80, "IP parameters of the USIM"},
    {81, "home I-WLAN"},
    {82, "equivalent home I-WLAN"},
    {83, "display of home I-WLAN"},
    {84, "last I-WLAN"},
    {85, "EPS mobility management"},
    {86, "allowed CSGs"},
    {87, "call control on EPS PDN"},
    {88, "home PLMN direct access"},
    {89, "eCall data"},
    {90, "operator's CSGs"},
    {91, "SM over IP"},
    {92, "display control of CSGs"},
    {93, "control of IMS"},
    {94, "extended terminal applications"},
    {95, "UICC access to IMS"},
    {96, "NAS configuration"},
    {97, "public warning"},
    {99, "URIs"},
    {100, "extended EARFCN"},
    {101, "ProSe"},
    {102, "pairing of applications"},
    {103, "media types"},
    {104, "IMS call disconnection"},
    {105, "URIs for MO-SMS control"},
    {106, "ePDG information"},
    {107, "ePDG configured"},
    {108, "ACDC"},
    {109, "mission critical"},
    {110, "emergency ePDG"},
    {111, "emergency ePDG configured"},
    {112, "eCall over IMS"},
    {113, "URIs for SMS-PP"},
    {114, "From preferred"},
    {115, "IMS configuration"},
    {116, "TV"},
    {117, "PS data off"},
    {118, "PS data off services"},
    {119, "V2X"},
    {120, "XCAP"},
    {121, "EARFCN list"},
    {122, "5GS mobility management"},
    {123, "5G security parameters"},
    {124, "SUPI privacy"},
    {125, "SUCI by the USIM"},
    {126, "access identities"},
    {127, "steering of roaming"},
    {128, "call control on PDU session"},
    {129, "5GS operator PLMN list"},
    {130, "SUPI as NSI, GLI or GCI"},
    {131, "5G ProSe separate"},
    {132, "URSP"},
    {133, "5G security extended"},
    {134, "MuD and MiD"},
    {135, "trusted non-3GPP networks"},
    {136, "several NAS security contexts"},
    {137, "CAG"},
    {138, "SOR-CMCI"},
    {139, "5G ProSe"},
    {140, "disaster roaming"},
    {141, "5GS eDRX"},
    {142, "5G NSWO"},
    {143, "warnings in SNPN"},
    {144, "multiplier of the search"},
    {145, "K_AUSF derivation"},
    {146, "NID for SNPN"},
    {147, "5MBS"},
    {148, "operator controlled signal threshold"},
    {150, "IMS data channel"},
    {0, NULL},
};

/* TS 31.103 4.2.7 */
static const struct show_name isim_services[] = {
    {1, "P-CSCF address"},
    {2, "GBA"},
    {3, "HTTP digest"},
    {4, "GBA local key"},
    {5, "P-CSCF discovery"},
    {6, "SMS"},
    {7, "SMSR"},
    {8, "SM over IP"},
    {9, "control of IMS"},
    {10, "UICC access to IMS"},
    {11, "URIs"},
    {12, "media types"},
    {13, "IMS call disconnection"},
    {14, "URIs for MO-SMS"},
    {15, "mission critical"},
    {16, "URIs for SMS-PP"},
    {17, "From preferred"},
    {18, "IMS configuration"},
    {19, "XCAP"},
    {0, NULL},
};

static void services(struct decode *d, struct tree_node *n, struct rd bytes,
                     const struct show_name *names)
{
    for (uint32_t i = 0; i < bytes.left * 8; i++) {
        if ((bytes.at[i / 8] >> i % 8 & 1) != 0)
            tree_rule(tree_say(&d->tree, n, "service", RD(NULL, 0), "%u %s", i + 1,
                               show_name(names, i + 1, "")),
                      TREE_FREE);
    }
}

void show_ust(struct decode *d, struct tree_node *n, struct rd bytes)
{
    services(d, n, bytes, usim_services);
}

void show_ist(struct decode *d, struct tree_node *n, struct rd bytes)
{
    services(d, n, bytes, isim_services);
}

/* TS 51.011 10.3.7: two bits a service, allocated and activated */
void show_sst(struct decode *d, struct tree_node *n, struct rd bytes)
{
    for (unsigned i = 0; i < bytes.left * 4; i++) {
        unsigned bits = bytes.at[i / 4] >> i % 4 * 2 & 3;

        if (bits != 0)
            tree_say(&d->tree, n, "service", RD(NULL, 0), "%u %s", i + 1,
                     bits == 3 ? "allocated and activated" : "allocated");
    }
}

void show_plmns(struct decode *d, struct tree_node *n, struct rd bytes)
{
    for (size_t i = 0; i + 3 <= bytes.left; i += 3) {
        if (memcmp(bytes.at + i, "\xFF\xFF\xFF", 3) != 0)
            show_plmn(d, tree_add(&d->tree, n, "PLMN", RD(bytes.at + i, 3)), RD(bytes.at + i, 3));
    }
    if (n != NULL && n->first == NULL)
        tree_text(&d->tree, n, "(none)");
}

/* TS 31.102 4.2.5; bit 0 is b1 of the second byte */
static const struct show_name technologies[] = {
    {15, "UTRAN"},
    {14, "E-UTRAN"},
    {11, "NG-RAN"},
    {10, "satellite NG-RAN"},
    {9, "satellite E-UTRAN"},
    {7, "GSM"},
    {6, "GSM COMPACT"},
    {5, "cdma2000 HRPD"},
    {4, "cdma2000 1xRTT"},
    {0, NULL},
};

void show_plmn_acts(struct decode *d, struct tree_node *n, struct rd bytes)
{
    for (size_t i = 0; i + 5 <= bytes.left; i += 5) {
        unsigned act = (unsigned)(bytes.at[i + 3] << 8 | bytes.at[i + 4]);
        struct tree_node *p;

        if (memcmp(bytes.at + i, "\xFF\xFF\xFF", 3) == 0)
            continue;
        p = tree_add(&d->tree, n, "PLMN", RD(bytes.at + i, 5));
        show_plmn(d, p, RD(bytes.at + i, 3));
        for (const struct show_name *t = technologies; t->name != NULL; t++) {
            if ((act >> t->value & 1) != 0)
                tree_append(&d->tree, p, "%s", t->name);
        }
    }
    if (n != NULL && n->first == NULL)
        tree_text(&d->tree, n, "(none)");
}

static const struct show_name update_states[] = {
    {0, "updated"}, {1, "not updated"}, {2, "PLMN not allowed"}, {3, "area not allowed"}, {0, NULL},
};

struct piece {
    const char *name;
    size_t at, len;
    show_fn *show;
};

static void show_update_state(struct decode *d, struct tree_node *n, struct rd bytes)
{
    tree_text(&d->tree, n, "%s", show_name(update_states, bytes.at[0] & 7, "reserved"));
}

/* Pieces at fixed places of a location; all of it is the network's. */
static void pieces(struct decode *d, struct tree_node *n, struct rd bytes, const struct piece *p,
                   size_t count)
{
    tree_rule(n, TREE_SHAPE);
    for (size_t i = 0; i < count; i++) {
        struct rd part = RD(bytes.at + p[i].at, p[i].len);
        struct tree_node *o;

        if (p[i].at + p[i].len > bytes.left)
            return;
        o = tree_add(&d->tree, n, p[i].name, part);
        if (p[i].show != NULL)
            p[i].show(d, o, part);
    }
}

void show_loci(struct decode *d, struct tree_node *n, struct rd bytes)
{
    static const struct piece parts[] = {
        {"TMSI", 0, 4, NULL},
        {"PLMN", 4, 3, show_plmn},
        {"location area", 7, 2, NULL},
        {"status", 10, 1, show_update_state},
    };

    pieces(d, n, bytes, parts, ARRAY_LEN(parts));
}

void show_psloci(struct decode *d, struct tree_node *n, struct rd bytes)
{
    static const struct piece parts[] = {
        {"P-TMSI", 0, 4, NULL},        {"signature", 4, 3, NULL},
        {"PLMN", 7, 3, show_plmn},     {"location area", 10, 2, NULL},
        {"routing area", 12, 1, NULL}, {"status", 13, 1, show_update_state},
    };

    pieces(d, n, bytes, parts, ARRAY_LEN(parts));
}

void show_epsloci(struct decode *d, struct tree_node *n, struct rd bytes)
{
    static const struct piece parts[] = {
        {"GUTI", 0, 12, NULL},
        {"PLMN", 12, 3, show_plmn},
        {"tracking area", 15, 2, NULL},
        {"status", 17, 1, show_update_state},
    };

    pieces(d, n, bytes, parts, ARRAY_LEN(parts));
}

void show_5gsloci(struct decode *d, struct tree_node *n, struct rd bytes)
{
    static const struct piece parts[] = {
        {"5G-GUTI", 0, 13, NULL},
        {"PLMN", 13, 3, show_plmn},
        {"tracking area", 16, 3, NULL},
        {"status", 19, 1, show_update_state},
    };

    pieces(d, n, bytes, parts, ARRAY_LEN(parts));
}

/* TS 31.102 4.2.59: PLMN (D: any digit), range of areas, record of EF.PNN */
void show_opl(struct decode *d, struct tree_node *n, struct rd bytes)
{
    if (bytes.left < 8 || bytes.at[0] == 0xFF) {
        tree_text(&d->tree, n, "(empty)");
        return;
    }
    show_plmn(d, tree_add(&d->tree, n, "PLMN", RD(bytes.at, 3)), RD(bytes.at, 3));
    tree_add(&d->tree, n, "areas", RD(bytes.at + 3, bytes.left - 4));
    tree_say(&d->tree, n, "name", RD(bytes.at + bytes.left - 1, 1), "record %u of EF.PNN",
             bytes.at[bytes.left - 1]);
}

static void show_spdi_list(struct decode *d, struct tree_node *n, struct rd bytes)
{
    static const struct show_tlv rows[] = {{0x80, "PLMNs", show_plmns, TREE_EQUAL},
                                           {0, NULL, NULL, TREE_EQUAL}};

    show_tlvs(d, n, bytes, rows);
}

void show_spdi(struct decode *d, struct tree_node *n, struct rd bytes)
{
    static const struct show_tlv rows[] = {{0xA3, "display", show_spdi_list, TREE_EQUAL},
                                           {0, NULL, NULL, TREE_EQUAL}};

    show_tlvs(d, n, bytes, rows);
}

/* TS 31.102 4.4.11.8 */
static void show_schemes(struct decode *d, struct tree_node *n, struct rd bytes)
{
    static const struct show_name schemes[] = {
        {0, "null scheme"}, {1, "profile A (X25519)"}, {2, "profile B (P-256)"}, {0, NULL}};

    for (size_t i = 0; i + 2 <= bytes.left; i += 2)
        tree_say(&d->tree, n, "scheme", RD(bytes.at + i, 2), "%s, key %u",
                 show_name(schemes, bytes.at[i], "reserved"), bytes.at[i + 1]);
}

static void show_home_keys(struct decode *d, struct tree_node *n, struct rd bytes)
{
    static const struct show_tlv rows[] = {{0x80, "key id", show_number, TREE_FREE},
                                           {0x81, "public key", NULL, TREE_FREE},
                                           {0, NULL, NULL, TREE_EQUAL}};

    show_tlvs(d, n, bytes, rows);
}

void show_suci_info(struct decode *d, struct tree_node *n, struct rd bytes)
{
    static const struct show_tlv rows[] = {
        {0xA0, "protection schemes", show_schemes, TREE_FREE},
        {0xA1, "home network's keys", show_home_keys, TREE_FREE},
        {0, NULL, NULL, TREE_EQUAL},
    };

    show_tlvs(d, n, bytes, rows);
}

/* TS 31.102 4.4.11.11: up to four digits, F fill */
void show_routing(struct decode *d, struct tree_node *n, struct rd bytes)
{
    char digits[5];
    size_t len = 0;

    for (size_t i = 0; i < 4 && i / 2 < bytes.left; i++) {
        unsigned nibble = i % 2 == 0 ? bytes.at[i / 2] & 15U : bytes.at[i / 2] >> 4;

        if (nibble > 9)
            break;
        digits[len++] = (char)('0' + nibble);
    }
    digits[len] = '\0';
    tree_text(&d->tree, n, "%s", len > 0 ? digits : "(none)");
}
