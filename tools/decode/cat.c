/* The toolkit (TS 102 223, TS 31.111): terminal profile, proactive commands, their answers,
 * envelopes. */
#include "apdu/ctlv.h"
#include "apdu/ids.h"
#include "apdu/sms.h"
#include "apdu/text.h"
#include "apdu/tlv.h"
#include "tools/decode/show.h"

#include <string.h>

#define NAME_ROW(name, value, text) {value, text},
#define TEXT_CAP                    512

/* clang-format off */
static const struct show_name proactive_names[] = {
    PROACTIVE_LIST(NAME_ROW)
    {0x16, "GEOGRAPHICAL LOCATION REQUEST"}, {0x30, "PERFORM CARD APDU"}, {0x31, "POWER ON CARD"},
    {0x32, "POWER OFF CARD"}, {0x33, "GET READER STATUS"}, {0x45, "SERVICE SEARCH"},
    {0x46, "GET SERVICE INFORMATION"}, {0x47, "DECLARE SERVICE"}, {0x50, "SET FRAMES"},
    {0x51, "GET FRAMES STATUS"}, {0x60, "RETRIEVE MULTIMEDIA MESSAGE"},
    {0x61, "SUBMIT MULTIMEDIA MESSAGE"}, {0x62, "DISPLAY MULTIMEDIA MESSAGE"}, {0x70, "ACTIVATE"},
    {0x71, "CONTACTLESS STATE CHANGED"}, {0x72, "COMMAND CONTAINER"},
    {0x73, "ENCAPSULATED SESSION CONTROL"}, {0, NULL},
};
static const struct show_name device_names[] = {
    DEVICE_LIST(NAME_ROW)
    {0x10, "reader 0"}, {0x11, "reader 1"}, {0x21, "channel 1"}, {0x22, "channel 2"},
    {0x23, "channel 3"}, {0x24, "channel 4"}, {0x25, "channel 5"}, {0x26, "channel 6"},
    {0x27, "channel 7"}, {0, NULL},
};
static const struct show_name event_names[] = {
    EVENT_LIST(NAME_ROW)
    {0x06, "card reader status"}, {0x08, "browser termination"}, {0x0C, "display parameters"},
    {0x0D, "local connection"}, {0x0E, "search mode change"}, {0x0F, "browsing status"},
    {0x10, "frames information"}, {0x11, "I-WLAN access status"}, {0x13, "HCI connectivity"},
    {0x14, "access technology change, several"}, {0x15, "CSG cell selection"},
    {0x16, "contactless state request"}, {0x17, "IMS registration"}, {0x18, "incoming IMS data"},
    {0x19, "profile container"}, {0x1B, "secured profile container"},
    {0x1C, "poll interval negotiation"}, {0x1D, "data connection status"}, {0, NULL},
};
static const struct show_name result_names[] = {
    RESULT_LIST(NAME_ROW)
    {0x04, "performed, icon not shown"}, {0x05, "performed, changed by call control"},
    {0x09, "performed, tone not played"}, {0x13, "help wanted by the user"},
    {0x14, "USSD transaction ended by the user"}, {0x23, "call cleared by the user"},
    {0x24, "contradicts the state of the timer"}, {0x25, "call control, try again"},
    {0x26, "browser error"}, {0x34, "SS error"}, {0x37, "USSD error"},
    {0x38, "several cards error"}, {0x39, "refused by call control"}, {0x3B, "access technology"},
    {0x3C, "frames error"}, {0x3D, "MMS error"}, {0, NULL},
};
static const struct show_name refresh_names[] = {
    {0, "initialisation and full file change"}, {1, "file change"},
    {2, "initialisation and file change"}, {3, "initialisation"}, {4, "UICC reset"},
    {5, "application reset"}, {6, "session reset"}, {7, "steering of roaming"},
    {8, "steering of roaming, I-WLAN"}, {9, "eUICC profile state change"},
    {10, "application update"}, {0, NULL},
};
static const struct show_name information_names[] = {
    {0, "location"}, {1, "IMEI"}, {2, "network measurements"}, {3, "date and time"},
    {4, "language"}, {5, "timing advance"}, {6, "access technology"}, {7, "ESN"}, {8, "IMEISV"},
    {9, "search mode"}, {10, "battery"}, {11, "MEID"}, {13, "broadcast network"},
    {14, "access technologies"}, {15, "locations"}, {16, "network measurements, several"},
    {17, "CSG"}, {0, NULL},
};
static const struct show_name timer_names[] = {
    {0, "start"}, {1, "deactivate"}, {2, "get value"}, {0, NULL}};
/* clang-format on */

static void show_command_details(struct decode *d, struct tree_node *n, struct rd bytes)
{
    const struct show_name *qualifiers = NULL;
    uint8_t type;

    if (bytes.left != 3)
        return;
    type = bytes.at[1];
    d->last_proactive = type;
    tree_text(&d->tree, n, "number %u, %s", bytes.at[0],
              show_name(proactive_names, type, "unknown command"));
    if (type == PROACTIVE_REFRESH)
        qualifiers = refresh_names;
    else if (type == PROACTIVE_LOCAL_INFORMATION)
        qualifiers = information_names;
    else if (type == PROACTIVE_TIMER_MANAGEMENT)
        qualifiers = timer_names;
    if (qualifiers != NULL)
        tree_append(&d->tree, n, "%s", show_name(qualifiers, bytes.at[2], "reserved"));
    else
        tree_append(&d->tree, n, "qualifier %02X", bytes.at[2]);
}

static void show_devices(struct decode *d, struct tree_node *n, struct rd bytes)
{
    if (bytes.left == 2)
        tree_text(&d->tree, n, "%s to %s", show_name(device_names, bytes.at[0], "unknown"),
                  show_name(device_names, bytes.at[1], "unknown"));
}

static void show_result(struct decode *d, struct tree_node *n, struct rd bytes)
{
    if (bytes.left == 0)
        return;
    tree_text(&d->tree, n, "%02X %s", bytes.at[0],
              show_name(result_names, bytes.at[0], "reserved"));
    if (bytes.left > 1)
        tree_append(&d->tree, n, "cause %02X", bytes.at[1]);
}

static void show_duration(struct decode *d, struct tree_node *n, struct rd bytes)
{
    static const struct show_name units[] = {
        {0, "minutes"}, {1, "seconds"}, {2, "tenths of a second"}, {0, NULL}};

    if (bytes.left == 2)
        tree_text(&d->tree, n, "%u %s", bytes.at[1], show_name(units, bytes.at[0], "units"));
}

/* Data coding scheme, then text (TS 102 223 8.15). */
static void show_text_string(struct decode *d, struct tree_node *n, struct rd bytes)
{
    char text[TEXT_CAP];
    uint8_t septets[TEXT_CAP], dcs;
    struct wr w = WR_ARRAY(septets);
    enum err e;

    if (rd_u8(&bytes, &dcs) != ERR_OK) {
        tree_text(&d->tree, n, "(none)");
        return;
    }
    if ((dcs & 0x0C) == 0x08)
        e = text_from_ucs2(bytes, text, sizeof text);
    else if ((dcs & 0x0C) == 0x04)
        e = text_from_gsm7(bytes, text, sizeof text);
    else {
        e = text_unpack(&w, bytes, bytes.left * 8 / 7, 0);
        if (e == ERR_OK)
            e = text_from_gsm7(RD_WR(&w), text, sizeof text);
    }
    if (e == ERR_OK)
        tree_text(&d->tree, n, "\"%s\"", text);
}

static void show_item(struct decode *d, struct tree_node *n, struct rd bytes)
{
    struct rd text = bytes;
    uint8_t id;

    if (rd_u8(&text, &id) != ERR_OK)
        return;
    show_text_alpha(d, n, text);
    tree_append(&d->tree, n, "id %u", id);
}

/* TS 102 223 8.18: how many, then paths from the MF */
static void show_file_list(struct decode *d, struct tree_node *n, struct rd bytes)
{
    size_t from = 1;

    for (size_t i = 1; i + 2 <= bytes.left; i += 2) {
        bool last = i + 4 > bytes.left || bytes.at[i + 2] == 0x3F;

        if (last) {
            struct rd path = RD(bytes.at + from, i + 2 - from);

            show_path(d, tree_add(&d->tree, n, "file", path), path);
            from = i + 2;
        }
    }
}

static void show_location(struct decode *d, struct tree_node *n, struct rd bytes)
{
    char plmn[12];

    if (bytes.left >= 5)
        tree_text(&d->tree, n, "PLMN %s, area %02X%02X", show_plmn_text(bytes.at, plmn),
                  bytes.at[3], bytes.at[4]);
    if (bytes.left >= 7)
        tree_append(&d->tree, n, "cell %02X%02X", bytes.at[5], bytes.at[6]);
    tree_rule(n, TREE_FREE);
}

static void show_location_status(struct decode *d, struct tree_node *n, struct rd bytes)
{
    static const struct show_name states[] = {
        {0, "normal service"}, {1, "limited service"}, {2, "no service"}, {0, NULL}};

    if (bytes.left > 0)
        tree_text(&d->tree, n, "%s", show_name(states, bytes.at[0], "reserved"));
}

static void show_events(struct decode *d, struct tree_node *n, struct rd bytes)
{
    for (size_t i = 0; i < bytes.left; i++) {
        if (i == 0)
            tree_text(&d->tree, n, "%s", show_name(event_names, bytes.at[i], "reserved"));
        else
            tree_append(&d->tree, n, "%s", show_name(event_names, bytes.at[i], "reserved"));
    }
    if (bytes.left == 0)
        tree_text(&d->tree, n, "(none)");
}

/* hh mm ss, digits swapped (TS 102 223 8.38) */
static void show_timer_value(struct decode *d, struct tree_node *n, struct rd bytes)
{
    char t[3][3];

    if (bytes.left != 3)
        return;
    for (size_t i = 0; i < 3; i++)
        snprintf(t[i], sizeof t[i], "%u%u", (bytes.at[i] & 15U) % 10, (bytes.at[i] >> 4) % 10U);
    tree_text(&d->tree, n, "%s:%s:%s", t[0], t[1], t[2]);
}

static void show_time(struct decode *d, struct tree_node *n, struct rd bytes)
{
    uint8_t v[6];

    if (bytes.left < 6)
        return;
    for (size_t i = 0; i < 6; i++)
        v[i] = (uint8_t)((bytes.at[i] & 15) * 10 + (bytes.at[i] >> 4));
    tree_text(&d->tree, n, "20%02u-%02u-%02u %02u:%02u:%02u", v[0], v[1], v[2], v[3], v[4], v[5]);
    tree_rule(n, TREE_FREE);
}

static void show_access_technology(struct decode *d, struct tree_node *n, struct rd bytes)
{
    static const struct show_name names[] = {{0, "GSM"},     {3, "UTRAN"}, {4, "TETRA"},
                                             {8, "E-UTRAN"}, {10, "NR"},   {0, NULL}};

    if (bytes.left > 0)
        tree_text(&d->tree, n, "%s", show_name(names, bytes.at[0], "other"));
}

static void show_bearer(struct decode *d, struct tree_node *n, struct rd bytes)
{
    static const struct show_name names[] = {{1, "CSD"},
                                             {2, "GPRS, UTRAN or E-UTRAN packets"},
                                             {3, "default bearer"},
                                             {9, "packets, extended"},
                                             {0x0A, "WLAN or USB"},
                                             {0x0B, "E-UTRAN or mapped UTRAN"},
                                             {0x0C, "NG-RAN"},
                                             {0, NULL}};

    if (bytes.left > 0)
        tree_text(&d->tree, n, "%s", show_name(names, bytes.at[0], "other"));
}

static void show_transport(struct decode *d, struct tree_node *n, struct rd bytes)
{
    static const struct show_name names[] = {{1, "UDP to a remote server"},
                                             {2, "TCP to a remote server"},
                                             {3, "TCP server in the UICC"},
                                             {4, "UDP on a local port"},
                                             {5, "TCP on a local port"},
                                             {6, "direct"},
                                             {0, NULL}};

    if (bytes.left >= 3)
        tree_text(&d->tree, n, "%s, port %u", show_name(names, bytes.at[0], "other"),
                  (unsigned)(bytes.at[1] << 8 | bytes.at[2]));
}

static void show_other_address(struct decode *d, struct tree_node *n, struct rd bytes)
{
    if (bytes.left == 5 && bytes.at[0] == 0x21)
        tree_text(&d->tree, n, "%u.%u.%u.%u", bytes.at[1], bytes.at[2], bytes.at[3], bytes.at[4]);
    else if (bytes.left == 17)
        tree_text(&d->tree, n, "IPv6");
}

static void show_channel_status(struct decode *d, struct tree_node *n, struct rd bytes)
{
    if (bytes.left == 2)
        tree_text(&d->tree, n, "channel %u, %s%s", bytes.at[0] & 7,
                  (bytes.at[0] & 0x80) != 0 ? "link established" : "no link",
                  bytes.at[1] == 5 ? ", dropped" : "");
}

static void show_access_point(struct decode *d, struct tree_node *n, struct rd bytes)
{
    char text[128];
    size_t len = 0;

    while (bytes.left > 0 && len + bytes.at[0] + 2U < sizeof text) {
        struct rd label;
        uint8_t count;

        if (rd_u8(&bytes, &count) != ERR_OK || rd_take(&bytes, count, &label) != ERR_OK)
            return;
        if (len > 0)
            text[len++] = '.';
        for (size_t i = 0; i < label.left; i++)
            text[len++] = (char)label.at[i];
    }
    text[len] = '\0';
    tree_text(&d->tree, n, "%s", text);
}

static void show_tpdu_of_command(struct decode *d, struct tree_node *n, struct rd bytes)
{
    show_tpdu_from_card(d, n, bytes);
}

/* The rows that commands, answers and envelopes share (TS 102 223 9.3). */
#define SHARED_ROWS                                                                               \
    {0x01, "command details", show_command_details, TREE_EQUAL},                                  \
        {0x02, "device identities", show_devices, TREE_EQUAL},                                    \
        {0x03, "result", show_result, TREE_EQUAL}, {0x04, "duration", show_duration, TREE_EQUAL}, \
        {0x05, "alpha identifier", show_text_alpha, TREE_EQUAL},                                  \
        {0x06, "address", show_number_bcd, TREE_FREE},                                            \
        {0x07, "capability configuration", NULL, TREE_EQUAL},                                     \
        {0x09, "SS string", NULL, TREE_EQUAL}, {0x0A, "USSD string", NULL, TREE_EQUAL},           \
        {0x0C, "cell broadcast page", NULL, TREE_EQUAL},                                          \
        {0x0D, "text", show_text_string, TREE_EQUAL}, {0x0E, "tone", NULL, TREE_EQUAL},           \
        {0x0F, "item", show_item, TREE_EQUAL}, {0x10, "chosen item", show_number, TREE_EQUAL},    \
        {0x11, "response length", NULL, TREE_EQUAL}, {0x12, "files", show_file_list, TREE_EQUAL}, \
        {0x13, "location", show_location, TREE_FREE}, {0x14, "IMEI", NULL, TREE_FREE},            \
        {0x15, "help", NULL, TREE_EQUAL}, {0x16, "network measurements", NULL, TREE_FREE},        \
        {0x17, "default text", show_text_string, TREE_EQUAL},                                     \
        {0x18, "next actions", NULL, TREE_EQUAL}, {0x19, "events", show_events, TREE_EQUAL},      \
        {0x1A, "cause", NULL, TREE_EQUAL},                                                        \
        {0x1B, "location status", show_location_status, TREE_EQUAL},                              \
        {0x1E, "icon", NULL, TREE_EQUAL}, {0x1F, "item icons", NULL, TREE_EQUAL},                 \
        {0x24, "timer", show_number, TREE_EQUAL},                                                 \
        {0x25, "timer value", show_timer_value, TREE_EQUAL},                                      \
        {0x26, "date and time", show_time, TREE_FREE},                                            \
        {0x28, "AT command", show_text_ascii, TREE_EQUAL},                                        \
        {0x29, "AT response", show_text_ascii, TREE_EQUAL},                                       \
        {0x2D, "language", show_text_ascii, TREE_EQUAL}, {0x2F, "AID", show_aid, TREE_EQUAL},     \
        {0x31, "URL", show_text_ascii, TREE_EQUAL}, {0x35, "bearer", show_bearer, TREE_EQUAL},    \
        {0x36, "channel data", NULL, TREE_EQUAL},                                                 \
        {0x37, "channel data length", show_number, TREE_EQUAL},                                   \
        {0x38, "channel status", show_channel_status, TREE_EQUAL},                                \
        {0x39, "buffer size", show_number, TREE_EQUAL},                                           \
        {0x3A, "refresh enforcement", NULL, TREE_EQUAL},                                          \
        {0x3C, "transport", show_transport, TREE_EQUAL},                                          \
        {0x3E, "other address", show_other_address, TREE_EQUAL},                                  \
        {0x3F, "access technology", show_access_technology, TREE_FREE},                           \
        {0x46, "timing advance", NULL, TREE_FREE},                                                \
        {0x47, "access point", show_access_point, TREE_EQUAL},                                    \
        {0x50, "text attribute", NULL, TREE_EQUAL}, {0x62, "IMEISV", NULL, TREE_FREE},            \
        {0x63, "battery", NULL, TREE_FREE}, {0x65, "search mode", NULL, TREE_FREE},               \
        {0x72, "PLMN and technology list", show_plmn_acts, TREE_EQUAL},                           \
    {                                                                                             \
        0x79, "PLMN list", show_plmns, TREE_EQUAL                                                 \
    }

static const struct show_tlv command_rows[] = {
    SHARED_ROWS,
    {0x0B, "short message", show_tpdu_of_command, TREE_EQUAL},
    {0, NULL, NULL, TREE_EQUAL},
};
static const struct show_tlv envelope_rows[] = {
    SHARED_ROWS,
    {0x0B, "short message", show_tpdu_to_card, TREE_EQUAL},
    {0, NULL, NULL, TREE_EQUAL},
};

/* D0 L { ... }; the name of the command goes to the node above, too. */
void show_proactive(struct decode *d, struct tree_node *n, struct rd bytes)
{
    struct rd details;
    struct tlv t;

    if (tlv_next(&bytes, &t) != ERR_OK || t.tag != CAT_OBJECT_PROACTIVE) {
        tree_wrong(&d->tree, n, "no proactive command", bytes);
        return;
    }
    if (ctlv_find(t.value, CTLV_COMMAND_DETAILS, &details) == ERR_OK && details.left == 3)
        n = tree_say(&d->tree, n, "proactive command", t.value, "%s",
                     show_name(proactive_names, details.at[1], "unknown"));
    else
        n = tree_add(&d->tree, n, "proactive command", t.value);
    show_ctlvs(d, n, t.value, command_rows);
}

void show_terminal_response(struct decode *d, struct tree_node *n, struct rd bytes)
{
    show_ctlvs(d, n, bytes, envelope_rows);
}

void show_envelope(struct decode *d, struct tree_node *n, struct rd bytes)
{
    static const struct show_name names[] = {
        CAT_OBJECT_LIST(NAME_ROW){0xDA, "MMS transfer status"},
        {0xDB, "MMS notification"},
        {0xDC, "terminal applications"},
        {0xDD, "geographical location"},
        {0xDE, "envelope container"},
        {0xDF, "ProSe report"},
        {0xE4, "HCI event"},
        {0, NULL},
    };
    struct tlv t;

    if (tlv_next(&bytes, &t) != ERR_OK) {
        tree_wrong(&d->tree, n, "no envelope", bytes);
        return;
    }
    n = tree_say(&d->tree, n, "envelope", t.value, "%s", show_name(names, t.tag, "unknown"));
    show_ctlvs(d, n, t.value, envelope_rows);
}

/* TS 102 223 5.2, TS 31.111 5.2: bit 0 is b1 of the first byte. */
static const struct show_name profile_bits[] = {
    {0, "profile download"},
    {1, "SMS-PP data download"},
    {2, "cell broadcast data download"},
    {3, "menu selection"},
    {4, "9300 understood"},
    {5, "timer expiration"},
    {8, "result of a command"},
    {9, "call control"},
    {11, "MO-SMS control"},
    {15, "UCS2 display"},
    {16, "DISPLAY TEXT"},
    {17, "GET INKEY"},
    {18, "GET INPUT"},
    {19, "MORE TIME"},
    {20, "PLAY TONE"},
    {21, "POLL INTERVAL"},
    {22, "POLLING OFF"},
    {23, "REFRESH"},
    {24, "SELECT ITEM"},
    {25, "SEND SHORT MESSAGE"},
    {26, "SEND SS"},
    {27, "SEND USSD"},
    {28, "SET UP CALL"},
    {29, "SET UP MENU"},
    {30, "location and IMEI"},
    {31, "network measurements"},
    {32, "SET UP EVENT LIST"},
    {33, "event MT call"},
    {34, "event call connected"},
    {35, "event call disconnected"},
    {36, "event location status"},
    {37, "event user activity"},
    {38, "event idle screen"},
    {39, "event card reader"},
    {40, "event language selection"},
    {41, "event browser termination"},
    {42, "event data available"},
    {43, "event channel status"},
    {44, "event access technology"},
    {45, "event display parameters"},
    {46, "event local connection"},
    {47, "event network search mode"},
    {56, "TIMER MANAGEMENT"},
    {57, "get timer value"},
    {58, "date and time"},
    {59, "GET INKEY answer on time-out"},
    {60, "SET UP IDLE MODE TEXT"},
    {61, "RUN AT COMMAND"},
    {64, "LAUNCH BROWSER"},
    {67, "language notification"},
    {75, "LAUNCH BROWSER"},
    {88, "OPEN CHANNEL"},
    {89, "CLOSE CHANNEL"},
    {90, "RECEIVE DATA"},
    {91, "SEND DATA"},
    {92, "GET CHANNEL STATUS"},
    {96, "CSD bearer"},
    {97, "packet bearer"},
    {128, "TCP, UICC as client, remote"},
    {129, "UDP, UICC as client, remote"},
    {130, "TCP, UICC as server"},
    {0, NULL},
};

void show_terminal_profile(struct decode *d, struct tree_node *n, struct rd bytes)
{
    unsigned on = 0, named = 0;

    for (uint32_t i = 0; i < bytes.left * 8; i++) {
        const char *name = show_name(profile_bits, i, NULL);

        if ((bytes.at[i / 8] >> i % 8 & 1) == 0)
            continue;
        on++;
        if (name != NULL) {
            tree_say(&d->tree, n, "can", RD(NULL, 0), "%s", name);
            named++;
        }
    }
    tree_text(&d->tree, n, "%zu bytes, %u facilities, %u of them by name", bytes.left, on, named);
}
