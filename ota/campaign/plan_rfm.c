/*
 * plan_rfm.c - TR 33.812 alternative 3a: the files of TS 31.102 that belong to an operator,
 * written by one standard RFM script (TS 31.116) to the ADF's TAR. EF.IMSI comes last: a script
 * that stops early leaves the old identity usable.
 *
 * Sizes are the smallest that the standard allows where it fixes one, else those of the batch's
 * profile. A card of another build gets a script of its own (campaign method "script").
 */
#include "ota/campaign/plan.h"

#include "apdu/sms.h"
#include "apdu/text.h"

#include <string.h>

#define INS_SELECT        0xA4
#define INS_UPDATE_BINARY 0xD6
#define INS_UPDATE_RECORD 0xDC
#define BODY_MAX          128

/* Of the built-in profile's files (uicc/profile/); a test holds them to it. */
#define NETWORKS      12 /* in a list of networks */
#define SMSP_LEN      52
#define MSISDN_LEN    34
#define EPSNSC_LEN    54
#define FIVEG_NSC_LEN 64

/* What a composer knows and writes. Nothing written: the file stays as it is. */
struct identity {
    const struct ledger_campaign *campaign;
    const struct ledger_job *job;
    uint8_t imsi[EF_IMSI_LEN];
    uint8_t plmn[PLMN_LEN];
};

typedef enum err compose_fn(const struct identity *id, struct wr *w);

static enum err access_class(const struct identity *id, struct wr *w)
{
    uint8_t acc[2] = {0};
    enum err e = bcd_access_class(id->job->new_imsi, acc);

    wr_bytes(w, acc, sizeof acc);
    return e;
}

static enum err mnc_length(const struct identity *id, struct wr *w)
{
    wr_u8(w, id->campaign->mnc_len);
    return ERR_OK;
}

static enum err imsi(const struct identity *id, struct wr *w)
{
    wr_bytes(w, id->imsi, sizeof id->imsi);
    return ERR_OK;
}

static void no_networks(struct wr *w, size_t count)
{
    static const uint8_t none[] = {0xFF, 0xFF, 0xFF, 0x00, 0x00};

    for (size_t i = 0; i < count; i++)
        wr_bytes(w, none, sizeof none);
}

/* UTRAN, E-UTRAN, NG-RAN, GSM (TS 31.102 4.2.5) */
static enum err home_list(const struct identity *id, struct wr *w)
{
    wr_bytes(w, id->plmn, sizeof id->plmn);
    wr_u16(w, 0xC880);
    no_networks(w, NETWORKS - 1);
    return ERR_OK;
}

static enum err operator_list(const struct identity *id, struct wr *w)
{
    (void)id;
    no_networks(w, NETWORKS);
    return ERR_OK;
}

static enum err home_plmns(const struct identity *id, struct wr *w)
{
    wr_bytes(w, id->plmn, sizeof id->plmn);
    wr_fill(w, 0xFF, 9);
    return ERR_OK;
}

static enum err forbidden_plmns(const struct identity *id, struct wr *w)
{
    (void)id;
    wr_fill(w, 0xFF, 12);
    return ERR_OK;
}

/* Location that says "not updated": fill, then LAC or TAC, spare and status. */
static void location(struct wr *w, size_t fill, const uint8_t *tail, size_t tail_len)
{
    wr_fill(w, 0xFF, fill);
    wr_bytes(w, tail, tail_len);
}

static enum err loci(const struct identity *id, struct wr *w)
{
    static const uint8_t tail[] = {0x00, 0x00, 0xFF, 0x01};

    (void)id;
    location(w, 7, tail, sizeof tail);
    return ERR_OK;
}

static enum err psloci(const struct identity *id, struct wr *w)
{
    static const uint8_t tail[] = {0x00, 0x00, 0xFF, 0x01};

    (void)id;
    location(w, 10, tail, sizeof tail);
    return ERR_OK;
}

static enum err epsloci(const struct identity *id, struct wr *w)
{
    static const uint8_t tail[] = {0x00, 0x00, 0x01};

    (void)id;
    location(w, 15, tail, sizeof tail);
    return ERR_OK;
}

static enum err fiveg_loci(const struct identity *id, struct wr *w)
{
    static const uint8_t tail[] = {0x00, 0x00, 0x00, 0x01};

    (void)id;
    location(w, 16, tail, sizeof tail);
    return ERR_OK;
}

/* Key set identifier 7: no keys (TS 31.102 4.2.3) */
static enum err no_keys(const struct identity *id, struct wr *w)
{
    (void)id;
    wr_u8(w, 0x07);
    wr_fill(w, 0xFF, 32);
    return ERR_OK;
}

static enum err no_gsm_keys(const struct identity *id, struct wr *w)
{
    (void)id;
    wr_fill(w, 0xFF, 8);
    wr_u8(w, 0x07);
    return ERR_OK;
}

static enum err eps_context(const struct identity *id, struct wr *w)
{
    (void)id;
    wr_fill(w, 0xFF, EPSNSC_LEN);
    return ERR_OK;
}

static enum err fiveg_context(const struct identity *id, struct wr *w)
{
    (void)id;
    wr_fill(w, 0xFF, FIVEG_NSC_LEN);
    return ERR_OK;
}

static enum err fiveg_keys(const struct identity *id, struct wr *w)
{
    (void)id;
    wr_fill(w, 0xFF, 110);
    return ERR_OK;
}

/* The null scheme alone: the old operator's key would hide the subscriber from the new one. */
static enum err null_scheme(const struct identity *id, struct wr *w)
{
    static const uint8_t none[] = {0xA0, 0x02, 0x00, 0x00};

    (void)id;
    wr_bytes(w, none, sizeof none);
    wr_fill(w, 0xFF, 124);
    return ERR_OK;
}

static enum err start_values(const struct identity *id, struct wr *w)
{
    static const uint8_t start[] = {0xF0, 0x00, 0x00, 0xF0, 0x00, 0x00};

    (void)id;
    wr_bytes(w, start, sizeof start);
    return ERR_OK;
}

static enum err provider_name(const struct identity *id, struct wr *w)
{
    enum err e;

    if (!id->campaign->spn[0])
        return ERR_OK;
    wr_u8(w, 0x01);
    e = text_to_gsm7(id->campaign->spn, w);
    if (e != ERR_OK || w->len > 17)
        return e != ERR_OK ? e : ERR_RANGE;
    wr_fill(w, 0xFF, 17 - w->len);
    return ERR_OK;
}

/* TS 31.102 4.2.27: nothing but the service centre is there. */
static enum err message_parameters(const struct identity *id, struct wr *w)
{
    struct sms_address centre;
    size_t start;
    enum err e;

    if (!id->campaign->smsc[0])
        return ERR_OK;
    e = sms_address_from_text(&centre, id->campaign->smsc);
    if (e != ERR_OK)
        return e;
    wr_fill(w, 0xFF, SMSP_LEN - 28);
    wr_u8(w, 0xFD);
    wr_fill(w, 0xFF, 12);
    start = w->len;
    sms_write_rp_address(w, &centre);
    wr_fill(w, 0xFF, 12 - (w->len - start));
    wr_fill(w, 0xFF, 3);
    return ERR_OK;
}

/* TS 31.102 4.2.26 */
static enum err own_number(const struct identity *id, struct wr *w)
{
    uint8_t bcd[10];
    struct wr number = WR_ARRAY(bcd);
    enum err e;

    if (!id->job->new_msisdn[0])
        return ERR_OK;
    e = bcd_number_encode(id->job->new_msisdn, &number);
    if (e != ERR_OK || number.overflow)
        return e != ERR_OK ? e : ERR_RANGE;
    wr_fill(w, 0xFF, MSISDN_LEN - 14);
    wr_u8(w, (uint8_t)(1 + number.len));
    wr_u8(w, 0x91);
    wr_rd(w, RD_WR(&number));
    wr_fill(w, 0xFF, sizeof bcd - number.len + 2);
    return ERR_OK;
}

/* record 0: transparent, from offset on. df 0: the ADF itself. Grouped by DF: each change of it
 * costs a SELECT. */
static const struct {
    uint16_t df, fid;
    uint8_t record, offset;
    compose_fn *compose;
} files[] = {
    {0, 0x6F78, 0, 0, access_class},       /* ACC */
    {0, 0x6FAD, 0, 3, mnc_length},         /* AD: byte 4 */
    {0, 0x6F62, 0, 0, home_list},          /* HPLMNwAcT */
    {0, 0x6F61, 0, 0, operator_list},      /* OPLMNwAcT */
    {0, 0x6FD9, 0, 0, home_plmns},         /* EHPLMN */
    {0, 0x6F7B, 0, 0, forbidden_plmns},    /* FPLMN */
    {0, 0x6F7E, 0, 0, loci},               /* LOCI */
    {0, 0x6F73, 0, 0, psloci},             /* PSLOCI */
    {0, 0x6FE3, 0, 0, epsloci},            /* EPSLOCI */
    {0, 0x6F08, 0, 0, no_keys},            /* Keys */
    {0, 0x6F09, 0, 0, no_keys},            /* KeysPS */
    {0, 0x6FE4, 1, 0, eps_context},        /* EPSNSC */
    {0, 0x6F5B, 0, 0, start_values},       /* START-HFN */
    {0, 0x6F46, 0, 0, provider_name},      /* SPN */
    {0, 0x6F42, 1, 0, message_parameters}, /* SMSP */
    {0, 0x6F40, 1, 0, own_number},         /* MSISDN */
    {0x5F3B, 0x4F20, 0, 0, no_gsm_keys},   /* Kc */
    {0x5F3B, 0x4F52, 0, 0, no_gsm_keys},   /* KcGPRS */
    {0x5FC0, 0x4F01, 0, 0, fiveg_loci},    /* 5GS3GPPLOCI */
    {0x5FC0, 0x4F02, 0, 0, fiveg_loci},    /* 5GSN3GPPLOCI */
    {0x5FC0, 0x4F03, 1, 0, fiveg_context}, /* 5GS3GPPNSC */
    {0x5FC0, 0x4F04, 1, 0, fiveg_context}, /* 5GSN3GPPNSC */
    {0x5FC0, 0x4F05, 0, 0, fiveg_keys},    /* 5GAUTHKEYS */
    {0x5FD0, 0x4F01, 0, 0, null_scheme},   /* SUCI_Calc_Info of GET IDENTITY */
    {0, 0x6F07, 0, 0, imsi},               /* IMSI */
};

static void select_file(struct script_writer *s, uint16_t fid)
{
    uint8_t bytes[7];
    struct wr w = WR_ARRAY(bytes);

    wr_u32(&w, (uint32_t)INS_SELECT << 16 | 0x0004);
    wr_u8(&w, 2);
    wr_u16(&w, fid);
    script_write_command(s, RD_WR(&w));
}

/* P1 P2: offset of a transparent file; record number and mode 04 (absolute). */
static void update_file(struct script_writer *s, uint8_t record, uint8_t offset, struct rd body)
{
    uint8_t bytes[5 + BODY_MAX];
    struct wr w = WR_ARRAY(bytes);

    wr_u8(&w, 0x00);
    wr_u8(&w, record ? INS_UPDATE_RECORD : INS_UPDATE_BINARY);
    wr_u8(&w, record);
    wr_u8(&w, record ? 0x04 : offset);
    wr_u8(&w, (uint8_t)body.left);
    wr_rd(&w, body);
    script_write_command(s, RD_WR(&w));
}

static enum err identify(struct identity *id)
{
    char plmn[7] = "";
    size_t n = 3U + id->campaign->mnc_len;
    enum err e = bcd_imsi_encode(id->job->new_imsi, id->imsi);

    if (e != ERR_OK)
        return e;
    memcpy(plmn, id->job->new_imsi, n);
    return bcd_plmn_encode(plmn, id->plmn);
}

enum err campaign_plan_rfm(const struct ledger_campaign *c, const struct ledger_job *job,
                           struct wr *data)
{
    struct identity id = {.campaign = c, .job = job};
    struct script_writer script;
    uint16_t df = 0;
    enum err e = identify(&id);

    script_open(&script, SCRIPT_COMPACT, data);
    for (size_t i = 0; i < ARRAY_LEN(files) && e == ERR_OK; i++) {
        uint8_t bytes[BODY_MAX];
        struct wr body = WR_ARRAY(bytes);

        e = files[i].compose(&id, &body);
        if (e == ERR_OK)
            e = wr_result(&body);
        if (e != ERR_OK || body.len == 0)
            continue;
        /* 7FFF leads back to the ADF from anywhere below it (TS 102 221 8.4.1) */
        if (files[i].df != df && df != 0)
            select_file(&script, 0x7FFF);
        if (files[i].df != df && files[i].df != 0)
            select_file(&script, files[i].df);
        df = files[i].df;
        select_file(&script, files[i].fid);
        update_file(&script, files[i].record, files[i].offset, RD_WR(&body));
    }
    return e == ERR_OK ? script_close(&script) : e;
}
