/*
 * imsi_watch - tells a number by short message when the card shows up with another IMSI, or
 * in another location area.
 *
 * Installed with the number to tell as application parameters ("+4917...") and with an
 * access domain that may read EF.IMSI. Its data: length and text of the number, then what was
 * told last: EF.IMSI, PLMN and LAC. A message that the network did not take is not told.
 */
#include "uicc/applet/native.h"

#include "apdu/ctlv.h"
#include "apdu/ids.h"
#include "apdu/sms.h"
#include "apdu/text.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>

#define AREA_LEN (PLMN_LEN + 2)
#define TEXT_MAX 80

struct sighting {
    uint8_t imsi[EF_IMSI_LEN];
    uint8_t area[AREA_LEN]; /* PLMN, LAC */
};

struct memo {
    char number[NUMBER_DIGITS_MAX + 2];
    struct sighting told;
};

static const uint8_t imsi_path[] = {0x7F, 0xFF, FID_EF_IMSI >> 8, FID_EF_IMSI & 0xFF};

static enum err write_memo(struct applet *a, const struct memo *m)
{
    uint8_t bytes[1 + sizeof m->number + sizeof m->told];
    struct wr w = WR_ARRAY(bytes);

    wr_u8(&w, (uint8_t)strlen(m->number));
    wr_bytes(&w, m->number, strlen(m->number));
    wr_bytes(&w, m->told.imsi, sizeof m->told.imsi);
    wr_bytes(&w, m->told.area, sizeof m->told.area);
    return applet_write_data(a, RD_WR(&w));
}

static enum err read_memo(const struct applet *a, struct memo *m)
{
    struct rd r = applet_data(a);
    uint8_t len = 0;
    enum err e = rd_u8(&r, &len);

    *m = (struct memo){.number = ""};
    if (e == ERR_OK && len >= sizeof m->number)
        return ERR_CORRUPT;
    if (e == ERR_OK)
        e = rd_copy(&r, m->number, len);
    if (e == ERR_OK)
        e = rd_copy(&r, m->told.imsi, sizeof m->told.imsi);
    return e == ERR_OK ? rd_copy(&r, m->told.area, sizeof m->told.area) : e;
}

static enum err install(struct applet *a, struct rd parameters)
{
    struct memo m = {.number = ""};
    struct sms_address address;
    enum err e = ERR_RANGE;

    if (parameters.left < sizeof m.number)
        e = rd_copy(&parameters, m.number, parameters.left);
    if (e == ERR_OK)
        e = sms_address_from_text(&address, m.number);
    if (e == ERR_OK)
        e = write_memo(a, &m);
    return e == ERR_OK ? applet_set_event(a, APPLET_LOCATION_STATUS) : e;
}

/* Where the terminal says it is, and whose card it says this is. */
static bool look(const struct applet *a, const struct applet_activation *act, struct sighting *out)
{
    struct rd location, imsi;

    return ctlv_find(act->envelope, CTLV_LOCATION_INFORMATION, &location) == ERR_OK &&
           rd_copy(&location, out->area, sizeof out->area) == ERR_OK &&
           applet_read_file(a, RD_ARRAY(imsi_path), &imsi) == ERR_OK &&
           rd_copy(&imsi, out->imsi, sizeof out->imsi) == ERR_OK;
}

static enum err write_text(const struct sighting *s, char *text, size_t cap)
{
    char imsi[IMSI_DIGITS_MAX + 1], plmn[7];
    enum err e = bcd_imsi_decode(s->imsi, imsi);

    if (e == ERR_OK)
        e = bcd_plmn_decode(s->area, plmn);
    if (e == ERR_OK)
        (void)snprintf(text, cap, "IMSI %s PLMN %s LAC %02X%02X", imsi, plmn, s->area[PLMN_LEN],
                       s->area[PLMN_LEN + 1]);
    return e;
}

/* SEND SHORT MESSAGE, silent, in the default alphabet (TS 102 223 6.4.10). */
static enum err send_text(struct applet *a, struct applet_activation *act, const char *number,
                          const char *text)
{
    uint8_t septets[TEXT_MAX], packed[SMS_UD_MAX], tpdu[SMS_TPDU_MAX], body[CAT_COMMAND_MAX];
    struct wr s = WR_ARRAY(septets), p = WR_ARRAY(packed), t = WR_ARRAY(tpdu), b = WR_ARRAY(body);
    struct sms_submit submit = {0};
    enum err e = sms_address_from_text(&submit.da, number);

    if (e == ERR_OK)
        e = text_to_gsm7(text, &s);
    if (e != ERR_OK)
        return e;
    text_pack(&p, RD_WR(&s), 0);
    submit.udl = (uint8_t)s.len;
    submit.ud = RD_WR(&p);
    sms_write_submit(&t, &submit);
    ctlv_write(&b, CTLV_ALPHA_IDENTIFIER, RD(NULL, 0));
    ctlv_write(&b, CTLV_SMS_TPDU, RD_WR(&t));
    if (wr_result(&p) != ERR_OK || wr_result(&t) != ERR_OK || wr_result(&b) != ERR_OK)
        return ERR_SPACE;
    return applet_send(a, act, PROACTIVE_SEND_SHORT_MESSAGE, 0, DEVICE_NETWORK, RD_WR(&b));
}

static void report(struct applet *a, struct applet_activation *act, const struct memo *m)
{
    struct sighting *seen = applet_remember(a, act, sizeof *seen);
    char text[TEXT_MAX];

    if (seen == NULL || !look(a, act, seen) || memcmp(seen, &m->told, sizeof *seen) == 0)
        return;
    if (write_text(seen, text, sizeof text) != ERR_OK ||
        send_text(a, act, m->number, text) != ERR_OK)
        card_log(a->card, "imsi-watch: cannot tell what it saw");
    OPENSSL_cleanse(text, sizeof text);
}

static void toolkit(struct applet *a, struct applet_activation *act)
{
    struct memo m;

    if (read_memo(a, &m) != ERR_OK)
        return;
    if (act->stage++ == 0) {
        report(a, act, &m);
        return;
    }
    if (act->result > CAT_RESULT_DONE_MAX || act->memory == NULL)
        return; /* the next event tries again */
    memcpy(&m.told, act->memory, sizeof m.told);
    if (write_memo(a, &m) != ERR_OK)
        card_log(a->card, "imsi-watch: cannot remember what it told");
}

/* As an application: what was told last, EF.IMSI left out. */
static sw_t process(struct applet *a, struct exec *x)
{
    struct memo m;

    if (read_memo(a, &m) != ERR_OK)
        return SW_CONDITIONS;
    wr_bytes(x->out, m.told.area, sizeof m.told.area);
    return SW_OK;
}

const struct applet_ops native_imsi_watch = {
    .install = install,
    .process = process,
    .toolkit = toolkit,
};
