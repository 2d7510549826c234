/*
 * compile.c - the built-in profile, and a text over it as an image.
 */
#include "uicc/aka/sqn.h"
#include "uicc/perso/options.h"
#include "uicc/pin/pin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct profile_tar default_tars[] = {
    {{0xB0, 0x00, 0x00}, REMOTE_RFM_UICC, 0x16, PIN_BIT_PIN1 | PIN_BIT_ADM1},
    {{0xB0, 0x01, 0x20}, REMOTE_RFM_UICC, 0x16, PIN_BIT_PIN1 | PIN_BIT_ADM1},
    {{0xB0, 0x00, 0x01}, REMOTE_RFM_ADF, 0x16, PIN_BIT_PIN1 | PIN_BIT_ADM1},
    {{0xB0, 0x00, 0x11}, REMOTE_RFM_ADF, 0x16, PIN_BIT_PIN1 | PIN_BIT_ADM1},
    {{0xB0, 0x01, 0x40}, REMOTE_RFM_ADF, 0x16, PIN_BIT_PIN1 | PIN_BIT_ADM1},
    {{0xB0, 0x00, 0x10}, REMOTE_RFM_SIM, 0x16, PIN_BIT_PIN1 | PIN_BIT_ADM1},
    {{0x00, 0x00, 0x00}, REMOTE_RAM, 0x16, 0},
    {{0xB2, 0x01, 0x00}, REMOTE_RAM, 0x16, 0},
    {{0xBF, 0xFF, 0x00}, REMOTE_OPCHANGE, 0x16, 0},
};

/* Compact-TLV of ISO 7816-4: selection by full and partial name, EF.DIR by READ RECORD; 8 logical
 * channels and more, numbered by card or terminal; 7 bytes of our own. */
static const uint8_t default_historical[15] = {0x80, 0x31, 0xE0, 0x73, 0xFE, 0x21, 0x1F, 0x67,
                                               'R',  'E',  'S',  'E',  'A',  'T',  '1'};

/* What a card does for any terminal, and lists that may be empty. Services whose empty lists would
 * change what a terminal does (eDRX, SUPI as NAI, signal thresholds, private networks) are off, and
 * so are those that TS 31.102 4.2.8 leaves to the ISIM. */
static const uint8_t default_services[] = {
    1,   2,   3,   4,   5,   8,   9,   10,  11,  12,  13,  14,  15,  16,  17,  18,  19,  20,
    21,  22,  24,  25,  27,  28,  29,  33,  34,  35,  36,  37,  38,  42,  43,  44,  45,  46,
    47,  48,  49,  51,  52,  53,  55,  71,  73,  74,  85,  91,  96,  97,  106, 110, 114, 117,
    118, 122, 123, 124, 125, 126, 127, 129, 132, 133, 135, 137, 138, 142, 144, 145,
};

/* P-CSCF, From-preferred, IMS configuration, XCAP, MuD and MiD */
static const uint8_t default_isim_services[] = {1, 17, 18, 19, 21};

void perso_options_default(struct perso_options *o)
{
    *o = (struct perso_options){
        .name = "m2m-5g",
        .label = "USIM",
        .every_file = true,
        .sim_mode = true,
        .isim = true,
        .ota_algorithm = SECPKT_AES,
        .ota_cc_len = SECPKT_CC_LEN,
        .rfm_refresh = 0x04,
        .sqn_delta = SQN_DELTA_MAX,
        .pins = {{0x01, 3, 10}, {0x81, 3, 10}, {0x0A, 10, 0}},
        .pin_count = 3,
        .scheme_count = 1, /* the null scheme */
        .tar_count = ARRAY_LEN(default_tars),
        .historical_len = sizeof default_historical,
    };
    memcpy(o->tars, default_tars, sizeof default_tars);
    memcpy(o->historical, default_historical, sizeof default_historical);
    for (size_t i = 0; i < ARRAY_LEN(default_services); i++)
        o->service[default_services[i]] = true;
    for (size_t i = 0; i < ARRAY_LEN(default_isim_services); i++)
        o->service[IST(default_isim_services[i])] = true;
}

enum err perso_compile(const char *text, struct wr *image, char *message)
{
    struct perso_options *o = malloc(sizeof *o);
    enum err e = ERR_OK;

    if (o == NULL) {
        (void)snprintf(message, PERSO_MESSAGE_MAX, "%s", err_text(ERR_NOMEM));
        return ERR_NOMEM;
    }
    perso_options_default(o);
    if (text != NULL)
        e = perso_text_read(text, o, message);
    if (e == ERR_OK)
        e = perso_tree_build(o, image, message);
    free(o);
    return e;
}
