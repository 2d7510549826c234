/*
 * applets.c - applets that a profile gives to all its cards: a line of text becomes the data of
 * INSTALL [for install and make selectable] (GP 11.5.2.3.2, TS 102 226 8.2.1.3.2), which
 * personalisation lets the card itself carry out.
 *
 *   applet MODULE = AID [KEY VALUE]...
 */
#include "apdu/hex.h"
#include "apdu/ids.h"
#include "apdu/tlv.h"
#include "uicc/applet/native.h"
#include "uicc/isd/isd.h"
#include "uicc/perso/options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLANKS         " \t\r"
#define TAG_PARAMETERS 0xC9
#define TAG_SYSTEM     0xEF
#define TAG_QUOTA      0xC8
#define TAG_UICC       0xEA
#define TAG_TOOLKIT    0x80
#define TAG_ACCESS     0x81
#define P1_SELECTABLE  0x0C
#define LEVEL_SPI1     0x01
#define ANSWER_MAX     64U

#define LENGTH_SHORT_MAX 0x7F
#define LENGTH_FOLLOWS   0x81

/* One line, as far as it is read. */
struct wish {
    struct applet_aid module, aid;
    uint8_t privileges[3], privileges_len;
    uint8_t priority, menu, text, timers, channels, services, level;
    uint8_t tars[3 * APPLET_TARS_MAX], tars_len;
    uint8_t access; /* TS 102 226 8.2.1.3.2.3: kind of access domain; FF none */
    uint16_t quota;
    uint8_t data[120], data_len;
};

/* ---- text ---- */

static bool is_number(const char *text, unsigned long max, unsigned long *out)
{
    char *end;

    if (*text < '0' || *text > '9')
        return false;
    *out = strtoul(text, &end, 10);
    return *end == '\0' && *out <= max;
}

static const char *small_number(const char *value, unsigned long max, uint8_t *out)
{
    unsigned long n;

    if (!is_number(value, max, &n))
        return "too large, or no number";
    *out = (uint8_t)n;
    return NULL;
}

static const char *hex_field(const char *value, uint8_t *bytes, size_t max, uint8_t *len)
{
    struct wr w = WR(bytes, max);

    if (hex_decode(value, &w) != ERR_OK)
        return "no hex, or too much of it";
    *len = (uint8_t)w.len;
    return NULL;
}

static const char *set_priority(struct wish *w, const char *value)
{
    return small_number(value, UINT8_MAX, &w->priority);
}

static const char *set_menu(struct wish *w, const char *value)
{
    return small_number(value, TOOLKIT_ENTRIES_MAX, &w->menu);
}

static const char *set_text(struct wish *w, const char *value)
{
    return small_number(value, TOOLKIT_TEXT_MAX, &w->text);
}

static const char *set_timers(struct wish *w, const char *value)
{
    return small_number(value, TOOLKIT_TIMERS_MAX, &w->timers);
}

static const char *set_channels(struct wish *w, const char *value)
{
    return small_number(value, TOOLKIT_CHANNELS_MAX, &w->channels);
}

static const char *set_services(struct wish *w, const char *value)
{
    return small_number(value, TOOLKIT_SERVICES_MAX, &w->services);
}

static const char *set_tar(struct wish *w, const char *value)
{
    uint8_t len = 0;

    if (w->tars_len == sizeof w->tars)
        return "too many TARs";
    if (hex_field(value, w->tars + w->tars_len, 3, &len) != NULL || len != 3)
        return "a TAR is 3 bytes in hex";
    w->tars_len = (uint8_t)(w->tars_len + 3);
    return NULL;
}

static const char *set_level(struct wish *w, const char *value)
{
    uint8_t len = 0;
    const char *wrong = hex_field(value, &w->level, 1, &len);

    return wrong == NULL && len == 1 && w->level <= 0x1F
               ? NULL
               : "the security level is coded as SPI1, 00 to 1F";
}

static const char *set_files(struct wish *w, const char *value)
{
    static const struct {
        const char *name;
        uint8_t access;
    } domains[] = {{"full", 0x00}, {"PIN1", 0x01}, {"none", 0xFF}};

    for (size_t i = 0; i < ARRAY_LEN(domains); i++) {
        if (strcmp(domains[i].name, value) == 0) {
            w->access = domains[i].access;
            return NULL;
        }
    }
    return "files are full, PIN1 or none";
}

static const char *set_privileges(struct wish *w, const char *value)
{
    const char *wrong = hex_field(value, w->privileges, sizeof w->privileges, &w->privileges_len);

    return wrong == NULL && w->privileges_len != 2 ? NULL : "privileges are 1 or 3 bytes in hex";
}

static const char *set_quota(struct wish *w, const char *value)
{
    unsigned long n;

    if (!is_number(value, UINT16_MAX, &n))
        return "too large, or no number";
    w->quota = (uint16_t)n;
    return NULL;
}

static const char *set_data(struct wish *w, const char *value)
{
    return hex_field(value, w->data, sizeof w->data, &w->data_len);
}

static const struct {
    const char *key;
    const char *(*set)(struct wish *w, const char *value);
} keys[] = {
    {"priority", set_priority}, {"menu", set_menu},         {"text", set_text},
    {"timers", set_timers},     {"channels", set_channels}, {"services", set_services},
    {"tar", set_tar},           {"level", set_level},       {"files", set_files},
    {"quota", set_quota},       {"data", set_data},         {"privileges", set_privileges},
};

static const char *set(struct wish *w, const char *key, const char *value)
{
    if (value == NULL)
        return "without a value";
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        if (strcmp(keys[i].key, key) == 0)
            return keys[i].set(w, value);
    }
    return "unknown";
}

static bool read_aid(const char *text, struct applet_aid *aid)
{
    uint8_t bytes[APPLET_AID_MAX];
    struct wr w = WR_ARRAY(bytes);

    return hex_decode(text, &w) == ERR_OK && applet_aid_set(aid, RD_WR(&w));
}

/* By its name, or by its AID in hex; what is part of every card is no one's to install. */
static bool find_module(const char *text, struct applet_aid *out)
{
    const struct native_package *p = applet_native_package(NATIVE_SAMPLES);
    struct applet_aid aid = {0};
    bool hex = read_aid(text, &aid);

    for (size_t i = 0; p != NULL && i < p->module_count; i++) {
        if (strcmp(p->modules[i].name, text) == 0 ||
            (hex && applet_aid_equal(&p->modules[i].aid, RD_AID(&aid)))) {
            *out = p->modules[i].aid;
            return true;
        }
    }
    return false;
}

static enum err read_wish(const char *module, char *value, struct wish *w, char *wrong, size_t cap)
{
    char *rest = NULL, *word = strtok_r(value, BLANKS, &rest);

    if (!find_module(module, &w->module)) {
        (void)snprintf(wrong, cap, "no applet \"%.40s\"", module);
        return ERR_FORMAT;
    }
    if (word == NULL || !read_aid(word, &w->aid)) {
        (void)snprintf(wrong, cap, "an AID is 5 to 16 bytes in hex");
        return ERR_FORMAT;
    }
    while ((word = strtok_r(NULL, BLANKS, &rest)) != NULL) {
        const char *what = set(w, word, strtok_r(NULL, BLANKS, &rest));

        if (what != NULL) {
            (void)snprintf(wrong, cap, "%.20s: %s", word, what);
            return ERR_FORMAT;
        }
    }
    return ERR_OK;
}

/* ---- INSTALL ---- */

static void write_lv(struct wr *w, struct rd value)
{
    wr_u8(w, (uint8_t)value.left);
    wr_rd(w, value);
}

/* A field of INSTALL, whose length is BER's. */
static void write_field(struct wr *w, struct rd value)
{
    if (value.left > LENGTH_SHORT_MAX)
        wr_u8(w, LENGTH_FOLLOWS);
    write_lv(w, value);
}

/* TS 102 226 8.2.1.3.2.2.2 */
static void write_toolkit(struct wr *out, const struct wish *w)
{
    const uint8_t level[] = {LEVEL_SPI1, w->level};
    size_t mark = tlv_open(out, TAG_TOOLKIT);

    wr_u8(out, w->priority);
    wr_u8(out, w->timers);
    wr_u8(out, w->text);
    wr_u8(out, w->menu);
    for (unsigned i = 0; i < w->menu; i++)
        wr_u16(out, 0); /* anywhere, any identifier */
    wr_u8(out, w->channels);
    write_lv(out, RD(level, w->level == 0 ? 0 : sizeof level));
    write_lv(out, RD(w->tars, w->tars_len));
    wr_u8(out, w->services);
    tlv_close(out, mark);
}

static void write_access(struct wr *out, const struct wish *w)
{
    size_t mark = tlv_open(out, TAG_ACCESS);

    wr_u8(out, 0); /* the shared files, and so all */
    write_lv(out, RD(&w->access, 1));
    wr_u8(out, 0);
    tlv_close(out, mark);
}

static void write_parameters(struct wr *out, const struct wish *w)
{
    const uint8_t quota[] = {(uint8_t)(w->quota >> 8), (uint8_t)w->quota};
    size_t mark;

    tlv_write(out, TAG_PARAMETERS, RD(w->data, w->data_len));
    mark = tlv_open(out, TAG_SYSTEM);
    if (w->quota != 0)
        tlv_write(out, TAG_QUOTA, RD_ARRAY(quota));
    tlv_close(out, mark);
    mark = tlv_open(out, TAG_UICC);
    write_toolkit(out, w);
    write_access(out, w);
    tlv_close(out, mark);
}

static enum err write_install(struct wr *out, const struct wish *w)
{
    uint8_t parameters[UINT8_MAX], data[UINT8_MAX];
    struct wr p = WR_ARRAY(parameters), d = WR_ARRAY(data);

    write_parameters(&p, w);
    wr_u8(&d, 0); /* whichever load file has the module */
    write_lv(&d, RD_AID(&w->module));
    write_lv(&d, RD_AID(&w->aid));
    write_lv(&d, RD(w->privileges, w->privileges_len));
    write_field(&d, RD_WR(&p));
    wr_u8(&d, 0);
    if (wr_result(&p) != ERR_OK || wr_result(&d) != ERR_OK)
        return ERR_SPACE;
    write_lv(out, RD_WR(&d));
    return wr_result(out);
}

enum err perso_applets_read(const char *module, char *value, struct wr *installs, char *wrong,
                            size_t cap)
{
    struct wish w = {.privileges_len = 1, .access = 0xFF};
    enum err e = read_wish(module, value, &w, wrong, cap);

    if (e != ERR_OK)
        return e;
    e = write_install(installs, &w);
    if (e != ERR_OK)
        (void)snprintf(wrong, cap, "more than an installation, or a profile, can hold");
    return e;
}

/* ---- on the card ---- */

static enum err no_random(void *context, uint8_t *bytes, size_t n)
{
    (void)context;
    (void)bytes;
    (void)n;
    return ERR_UNSUPPORTED;
}

static uint64_t no_time(void *context)
{
    (void)context;
    return 0;
}

static enum err install_all(struct card *card, struct rd installs)
{
    const struct gp_key authenticated = {.type = GP_KEY_AES};
    struct isd_caller caller = {.card = card, .dek = &authenticated, .room = ANSWER_MAX};
    uint8_t answer[ANSWER_MAX];
    enum err e = applet_registry_read(&card->store, APPLET_ISD, &caller.domain);

    while (e == ERR_OK && installs.left > 0) {
        struct wr out = WR_ARRAY(answer);
        struct apdu cmd = {.cla = 0x80, .ins = INS_GP_INSTALL, .p1 = P1_SELECTABLE};

        e = isd_take_lv(&installs, &cmd.data);
        cmd.p3 = (uint8_t)cmd.data.left;
        if (e == ERR_OK && !sw_equal(isd_command(&caller, &cmd, &out), SW_OK))
            e = ERR_RANGE;
    }
    return e == ERR_OK ? store_commit(&card->store) : e;
}

enum err perso_applets_install(struct nvm_device *dev, struct arena *arena, struct rd installs)
{
    const struct uicc_host host = {.nvm = dev, .random = no_random, .now_ms = no_time};
    struct uicc_engine *engine;
    struct card *card = NULL;
    enum err e;

    if (installs.left == 0)
        return ERR_OK;
    engine = uicc_engine_new(arena);
    if (engine == NULL)
        return ERR_NOMEM;
    e = uicc_create(engine, &host, &card);
    if (e == ERR_OK)
        e = install_all(card, installs);
    uicc_destroy(&card);
    uicc_engine_free(&engine);
    return e;
}
