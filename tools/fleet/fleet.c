#include "tools/fleet/fleet.h"
#include "tools/cli/cli.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define RESTART_MS     20 /* a modem's own time between REFRESH and the card's next ATR */
#define SEARCH_SLOWEST 16 /* times search_ms, between two tries of a handset that finds nothing */
#define FILES_SPARE    64

static void search_again(struct fleet *f, struct handset *h, uint64_t tries);

static void search_fired(void *context, uint64_t argument)
{
    struct fleet *f = context;
    struct handset *h = &f->handsets[argument & 0xFFFFFFFFU];

    if (h->state != HANDSET_SEARCHING)
        return;
    handset_search(h, &f->world);
    if (h->state == HANDSET_SEARCHING)
        search_again(f, h, (argument >> 32) + 1);
}

/* Later and later, as modems do; with some jitter, so that a fleet does not march in step. */
static void search_again(struct fleet *f, struct handset *h, uint64_t tries)
{
    uint64_t steps = tries < SEARCH_SLOWEST ? tries : SEARCH_SLOWEST;
    uint64_t wait_ms = f->options->search_ms * steps;

    wait_ms += faults_draw(&f->faults, wait_ms / 4 + 1);
    if (timers_set(&f->timers, cli_now_ms() + wait_ms, search_fired, f, tries << 32 | h->index) !=
        ERR_OK)
        h->state = HANDSET_BROKEN;
}

static void start(struct fleet *f, struct handset *h)
{
    handset_start(h, &f->world);
    if (h->state == HANDSET_SEARCHING && !h->restart_asked)
        search_again(f, h, 1);
}

static void restart_fired(void *context, uint64_t argument)
{
    struct fleet *f = context;

    start(f, &f->handsets[argument]);
}

static void on_restart(void *context, struct handset *h)
{
    struct fleet *f = context;

    if (timers_set(&f->timers, cli_now_ms() + RESTART_MS, restart_fired, f, h->index) != ERR_OK)
        h->state = HANDSET_BROKEN;
}

static void poll_fired(void *context, uint64_t argument)
{
    struct fleet *f = context;

    handset_poll(&f->handsets[argument], &f->world);
    if (timers_set(&f->timers, cli_now_ms() + f->options->poll_s * 1000ULL, poll_fired, f,
                   argument) != ERR_OK)
        f->handsets[argument].state = HANDSET_BROKEN;
}

static void on_submit(void *context, const char *from, const struct sms_submit *message)
{
    struct fleet *f = context;

    smsc_from_handset(f->smsc, from, message);
}

static void on_attached(void *context, struct handset *h)
{
    struct fleet *f = context;

    if (h->subscriber.msisdn[0] != '\0')
        smsc_attached(f->smsc, h->subscriber.msisdn, h);
}

/* One file descriptor per card. */
static enum err raise_file_limit(size_t card_count)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return ERR_IO;
    if (limit.rlim_cur >= card_count + FILES_SPARE)
        return ERR_OK;
    limit.rlim_cur = card_count + FILES_SPARE;
    if (limit.rlim_max < limit.rlim_cur)
        limit.rlim_max = limit.rlim_cur; /* root may */
    return setrlimit(RLIMIT_NOFILE, &limit) < 0 ? ERR_DENIED : ERR_OK;
}

static int open_networks(struct fleet *f, const struct fleet_options *o)
{
    enum err e = networks_new(f->crypto, &f->networks);

    if (e != ERR_OK)
        return cli_fail("%s", err_text(e));
    for (size_t i = 0; i < o->network_count; i++) {
        e = networks_add(f->networks, o->networks[i].name, o->networks[i].plmn, o->networks[i].hlr);
        if (e != ERR_OK)
            return cli_fail("network %s: HLR %s: %s", o->networks[i].name, o->networks[i].hlr,
                            err_text(e));
    }
    return CLI_OK;
}

static int open_cards(struct fleet *f, const struct fleet_options *o)
{
    enum err e = raise_file_limit(o->card_count);

    if (e != ERR_OK)
        return cli_fail("%zu cards need as many open files: raise `ulimit -n'", o->card_count);
    f->cards = calloc(o->card_count, sizeof(*f->cards));
    f->handsets = calloc(o->card_count, sizeof *f->handsets);
    e = f->cards == NULL || f->handsets == NULL ? ERR_NOMEM : host_new(o->card_count, &f->host);
    if (e != ERR_OK)
        return cli_fail("%s", err_text(e));
    for (size_t i = 0; i < o->card_count; i++) {
        e = host_open(f->host, o->cards[i], o->verbose, &f->cards[i]);
        if (e != ERR_OK)
            return cli_fail("%s: %s", o->cards[i], host_open_text(e));
        f->handsets[i].card = host_card(f->cards[i]);
        f->handsets[i].index = (uint32_t)i;
    }
    return CLI_OK;
}

static int open_centre(struct fleet *f, const struct fleet_options *o)
{
    const struct smsc_world world = {&f->timers, &f->faults, &f->world, o->reports};
    enum err e = smsc_new(&world, &f->smsc);

    if (e != ERR_OK)
        return cli_fail("%s", err_text(e));
    f->smpp = o->smpp;
    e = esme_open(&f->smpp, o->accounts, o->account_count, smsc_submit, f->smsc, &f->server);
    if (e != ERR_OK)
        return cli_fail("SMPP on %s:%u: %s", o->smpp.host, o->smpp.port, err_text(e));
    smsc_set_server(f->smsc, f->server);
    return CLI_OK;
}

static int start_handsets(struct fleet *f, const struct fleet_options *o)
{
    struct cli_progress progress;
    enum err e = ERR_OK;

    cli_progress_begin(&progress, "power on", o->card_count);
    for (size_t i = 0; i < o->card_count && e == ERR_OK; i++) {
        start(f, &f->handsets[i]);
        if (o->poll_s > 0)
            e = timers_set(&f->timers,
                           cli_now_ms() + faults_draw(&f->faults, o->poll_s * 1000ULL + 1),
                           poll_fired, f, i);
        cli_progress(&progress, i + 1);
    }
    cli_progress_end(&progress);
    networks_flush(f->networks);
    return e == ERR_OK ? CLI_OK : cli_fail("%s", err_text(e));
}

int fleet_open(struct fleet *f, const struct fleet_options *o)
{
    int status;

    memset(f, 0, sizeof *f);
    f->options = o;
    f->faults = o->faults;
    f->crypto = crypto_new();
    if (f->crypto == NULL)
        return cli_fail("%s", err_text(ERR_CRYPTO));
    status = open_networks(f, o);
    f->world = (struct handset_world){f, f->networks, on_submit, on_restart, on_attached};
    if (status == CLI_OK)
        status = open_cards(f, o);
    if (status == CLI_OK)
        status = open_centre(f, o);
    if (status == CLI_OK)
        status = start_handsets(f, o);
    return status;
}

void fleet_close(struct fleet *f)
{
    esme_close(&f->server);
    smsc_free(&f->smsc);
    for (size_t i = 0; f->cards != NULL && i < f->options->card_count; i++)
        host_close(&f->cards[i]);
    host_free(&f->host);
    networks_free(&f->networks);
    crypto_free(&f->crypto);
    timers_free(&f->timers);
    free(f->cards);
    free(f->handsets);
}
