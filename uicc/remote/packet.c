#include "uicc/remote/packet.h"

#include "uicc/applet/toolkit.h"
#include "uicc/cat/refresh.h"
#include "uicc/remote/counter.h"
#include "uicc/remote/por.h"
#include "uicc/remote/receiver.h"
#include "uicc/remote/run.h"

#include <openssl/crypto.h>
#include <string.h>

/* One authenticated packet on its way. */
struct job {
    struct card *card;
    struct wr *report;
    const struct packet_origin *origin;
    const struct sd_access *access;
    const struct profile_tar *tar; /* of target; NULL: unknown */
    struct sd_target target;
    struct secpkt_command command;
    struct wr answer;
    /* what follows the commit */
    uint8_t refresh;
    bool keys_changed;
    struct actions actions;
    struct applet_activation *act; /* of an applet that was called */
    bool refused;                  /* it posted "not ok" */
};

/* --- applications --- */

static enum err run_application(struct job *job, run_command *command, struct wr *scratch)
{
    struct run run = {.card = job->card,
                      .tar = job->tar,
                      .command = command,
                      .instance = job->target.instance,
                      .key_set = job->access->key_set};
    enum err e = run_script(&run, job->command.data, scratch, &job->answer);

    OPENSSL_cleanse(scratch->base, scratch->len);
    scratch->len = 0;
    job->keys_changed = run.keys_changed;
    job->actions = run.actions;
    if (job->card->imsi_changed)
        job->refresh = job->card->profile->rfm_refresh;
    return e;
}

static uint8_t event_of(const struct job *job)
{
    return job->origin->written ? APPLET_FORMATTED_SMS_UPDATE : APPLET_FORMATTED_SMS;
}

/* The applet is called inside the transaction: counter, effects and proof are one commit. What it
 * undoes itself leaves the packet spent all the same. */
static enum err run_applet(struct job *job)
{
    struct card *card = job->card;
    const struct applet_packet packet = {
        .header = job->command.header,
        .counter = job->command.counter,
        .asks_only = job->access->fallback,
    };
    const struct applet_cause cause = {
        .event = event_of(job),
        .tag = CAT_OBJECT_SMS_PP,
        .envelope = job->command.data,
        .packet = &packet,
    };
    struct applet_effects effects;
    enum err e;

    card->applets->aborted = false;
    e = applet_run_packet(card, job->target.instance, &cause, &job->answer, &job->refused,
                          &job->act);
    effects = applet_take_effects(card);
    job->refresh = effects.reset ? REFRESH_UICC_RESET : REFRESH_NONE;
    job->keys_changed = effects.keys_changed;
    if (e == ERR_OK && card->applets->aborted)
        e = counter_stage(&card->store, job->access->key_set, job->command.counter);
    return e;
}

/* The report is not written yet: until then it holds what single commands answer. */
static enum err execute(struct job *job)
{
    switch ((enum remote_app)job->tar->app) {
    case REMOTE_RFM_UICC:
    case REMOTE_RFM_ADF:
    case REMOTE_RFM_SIM:
        return run_application(job, rfm_command, job->report);
    case REMOTE_RAM:
    case REMOTE_DOMAIN:
        return run_application(job, ram_command, job->report);
    case REMOTE_OPCHANGE:
    case REMOTE_APPLET:
        return run_applet(job);
    }
    return ERR_CORRUPT;
}

/* --- proof and transaction --- */

static enum err prove(struct job *job, uint8_t rsc)
{
    const struct por por = {
        .header = &job->command.header,
        .keys = &job->access->keys,
        .origin = job->origin,
        .counter = job->command.counter,
        .rsc = rsc,
        .data = RD_WR(&job->answer),
    };

    return por_prove(job->card, &por, job->report);
}

static enum err commit(struct job *job, enum err e)
{
    if (e == ERR_OK)
        e = store_commit(&job->card->store);
    if (e != ERR_OK) {
        store_rollback(&job->card->store);
        OPENSSL_cleanse(job->report->base, job->report->len);
        job->report->len = 0;
    }
    return e;
}

static void follow(struct job *job)
{
    if (job->keys_changed && crypto_forget(job->card->engine->crypto) != ERR_OK)
        card_log(job->card, "remote: a key schedule of a dead key could not be overwritten");
    por_follow(job->card, action_queue(&job->actions, job->card, job->refresh));
}

static sw_t run_job(struct job *job)
{
    struct card *card = job->card;
    const struct chain before = card->receiver->chain;
    enum err e = counter_stage(&card->store, job->access->key_set, job->command.counter);

    card->in_script = true;
    card->imsi_changed = false;
    if (e == ERR_OK)
        e = execute(job);
    if (e == ERR_OK)
        e = prove(job, RSC_OK);
    card->in_script = false;
    card->imsi_changed = false;
    e = commit(job, e);
    if (e != ERR_OK)
        card->receiver->chain = before;
    if (e != ERR_OK && job->act != NULL)
        applet_drop_packet(card, job->act);
    if (e != ERR_OK)
        return e == ERR_BUSY ? SW_BUSY : SW_MEMORY;
    follow(job);
    return job->refused ? SW_WARNING : SW_OK;
}

/* --- checks --- */

static uint8_t rsc_of_counter(enum err e)
{
    switch (e) {
    case ERR_OK:
        return RSC_OK;
    case ERR_COUNTER_LOW:
        return RSC_CNTR_LOW;
    case ERR_COUNTER_HIGH:
        return RSC_CNTR_HIGH;
    case ERR_COUNTER_BLOCKED:
        return RSC_CNTR_BLOCKED;
    default:
        return RSC_LEVEL;
    }
}

/* What an authenticated packet may still fail at. */
static uint8_t admit(const struct job *job)
{
    const struct secpkt_header *h = &job->command.header;
    uint64_t stored = counter_read(&job->card->store, job->access->key_set);

    if (job->tar == NULL)
        return RSC_TAR_UNKNOWN;
    if (!sd_level_met(job->tar->level, h->spi[0]))
        return RSC_LEVEL;
    if (job->command.counter > stored && job->command.counter - stored > PACKET_JUMP_NOTED)
        card_log(job->card, "remote: key set %u, the counter jumps by %llu", job->access->key_set,
                 (unsigned long long)(job->command.counter - stored));
    return rsc_of_counter(counter_check(stored, job->command.counter, h->spi[0]));
}

static sw_t refuse(struct job *job, uint8_t rsc)
{
    if (commit(job, prove(job, rsc)) != ERR_OK)
        return SW_MEMORY;
    por_follow(job->card, REFRESH_NONE);
    return SW_OK;
}

/* An applet that does not listen to packets has no TAR; in EF.SMS only applets find theirs. */
static bool find_listener(struct job *job, const uint8_t tar[3])
{
    if (!sd_find_target(job->card, tar, &job->target))
        return false;
    if (job->target.tar.app != REMOTE_APPLET)
        return !job->origin->written;
    return applet_takes_packets(job->card, job->target.instance, event_of(job));
}

/* Only a CC proves who speaks: whatever else opens is as good as forged. */
static enum err authenticate(struct card *card, struct rd packet, struct wr *plain,
                             const struct secpkt_header *header, struct sd_access *access,
                             struct secpkt_command *out)
{
    uint8_t least = SD_LEVEL_FLOOR & SPI1_CHECK_MASK;
    enum err e;

    if ((header->spi[0] & SPI1_CHECK_MASK) < least)
        return ERR_MAC;
    e = sd_keys(card, header, access);
    return e == ERR_OK
               ? secpkt_open_command(card->engine->crypto, packet, &access->keys, plain, out)
               : e;
}

/* A packet of which not even the lengths hold (TS 102 225 5.2.1: unidentified security error). */
static sw_t refuse_illegible(struct rd packet, struct wr *report)
{
    struct secpkt_header h;
    struct rd lengths;

    if (rd_take(&packet, 3, &lengths) != ERR_OK || rd_copy(&packet, h.spi, 2) != ERR_OK ||
        rd_u8(&packet, &h.kic) != ERR_OK || rd_u8(&packet, &h.kid) != ERR_OK ||
        rd_copy(&packet, h.tar, sizeof h.tar) != ERR_OK)
        return SW_BAD_DATA;
    por_refuse(&h, RSC_SECURITY, report);
    return SW_OK;
}

sw_t packet_process(struct card *card, struct exec *x, struct rd packet,
                    const struct packet_origin *origin)
{
    struct wr plain = WR(card->engine->work + PACKET_PLAIN, SECPKT_MAX);
    SD_WIPED struct sd_access access = {0};
    struct secpkt_header header;
    struct job job = {.card = card,
                      .report = x->out,
                      .origin = origin,
                      .access = &access,
                      .refresh = REFRESH_NONE};
    uint8_t rsc;
    sw_t sw;

    if (secpkt_peek_command(packet, &header) != ERR_OK)
        return refuse_illegible(packet, x->out);
    if (authenticate(card, packet, &plain, &header, &access, &job.command) != ERR_OK) {
        por_refuse(&header, RSC_CC_FAILED, x->out);
        sw = SW_OK;
    } else {
        job.tar = find_listener(&job, header.tar) ? &job.target.tar : NULL;
        job.answer = WR(card->engine->script_answer, por_room(&header));
        rsc = admit(&job);
        sw = rsc == RSC_OK ? run_job(&job) : refuse(&job, rsc);
        OPENSSL_cleanse(job.answer.base, job.answer.len);
    }
    OPENSSL_cleanse(plain.base, plain.len);
    return sw;
}
