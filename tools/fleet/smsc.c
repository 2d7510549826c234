#include "tools/fleet/smsc.h"
#include "tools/cli/cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BUCKETS         65536
#define WAITING_MAX     1000000 /* messages on hand, for all numbers together */
#define BUSY_RETRY_MS   200
#define RP_MODE_RECEIPT 0x01 /* registered_delivery: receipt whatever the outcome */

/* One short message on its way to a handset. */
struct message {
    struct message *next; /* waiting for the same number */
    struct number *to;
    uint64_t id;
    unsigned account;
    bool receipt;
    char from[SMPP_ADDRESS_MAX + 1];
    uint8_t pid, dcs, ud_len;
    bool udhi;
    uint8_t ud[SMS_UD_MAX];
};

struct number {
    struct number *next_in_bucket;
    struct handset *handset;
    struct message *first, *last;
    char digits[SMPP_ADDRESS_MAX + 1];
};

/* A short code and the account that sends from it: replies go there. */
struct route {
    char digits[SMPP_ADDRESS_MAX + 1];
    unsigned account;
};

struct smsc {
    struct smsc_world world;
    struct esme_server *server;
    struct number *buckets[BUCKETS];
    struct route routes[ESME_ACCOUNTS_MAX];
    size_t route_count;
    uint64_t last_id;
    struct smsc_counts counts;
};

static const char *bare(const char *digits)
{
    return digits[0] == '+' ? digits + 1 : digits;
}

static struct number **bucket_of(struct smsc *s, const char *digits)
{
    uint32_t hash = 2166136261U; /* FNV-1a */

    for (; *digits != '\0'; digits++)
        hash = (hash ^ (uint8_t)*digits) * 16777619U;
    return &s->buckets[hash % BUCKETS];
}

static struct number *find_number(struct smsc *s, const char *digits)
{
    struct number *n = *bucket_of(s, digits);

    while (n != NULL && strcmp(n->digits, digits) != 0)
        n = n->next_in_bucket;
    return n;
}

enum err smsc_new(const struct smsc_world *world, struct smsc **out)
{
    struct smsc *s = calloc(1, sizeof *s);

    if (s == NULL)
        return ERR_NOMEM;
    s->world = *world;
    *out = s;
    return ERR_OK;
}

void smsc_free(struct smsc **smsc)
{
    struct smsc *s = *smsc;

    if (s == NULL)
        return;
    for (size_t i = 0; i < BUCKETS; i++) {
        while (s->buckets[i] != NULL) {
            struct number *n = s->buckets[i];

            s->buckets[i] = n->next_in_bucket;
            while (n->first != NULL) {
                struct message *m = n->first;

                n->first = m->next;
                free(m);
            }
            free(n);
        }
    }
    free(s);
    *smsc = NULL;
}

void smsc_set_server(struct smsc *s, struct esme_server *server)
{
    s->server = server;
}

/* --- to the ESMEs --- */

static void set_address(struct smpp_address *a, const char *digits)
{
    a->ton = SMPP_TON_INTERNATIONAL;
    a->npi = SMPP_NPI_ISDN;
    snprintf(a->digits, sizeof a->digits, "%.*s", SMPP_ADDRESS_MAX, bare(digits));
}

/* Appendix B of SMPP 3.4: the text that most centres send. */
static void send_receipt(struct smsc *s, const struct message *m, bool delivered)
{
    struct smpp_pdu pdu = smpp_header(SMPP_DELIVER_SM, SMPP_ROK, 0);
    char text[160], stamp[16];
    time_t now = time(NULL);
    struct tm utc;
    int len;

    if (!m->receipt)
        return;
    gmtime_r(&now, &utc);
    strftime(stamp, sizeof stamp, "%y%m%d%H%M", &utc);
    len = snprintf(text, sizeof text,
                   "id:%llu sub:001 dlvrd:%03d submit date:%s done date:%s stat:%s err:%03d text:",
                   (unsigned long long)m->id, delivered, stamp, stamp,
                   delivered ? "DELIVRD" : "UNDELIV", delivered ? 0 : 0xD5);
    pdu.esm_class = SMPP_ESM_RECEIPT;
    set_address(&pdu.source, m->to->digits);
    set_address(&pdu.destination, m->from);
    pdu.short_message = RD((const uint8_t *)text, (size_t)len);
    pdu.has = SMPP_TLV_RECEIPTED_MESSAGE_ID | SMPP_TLV_MESSAGE_STATE;
    snprintf(pdu.receipted_message_id, sizeof pdu.receipted_message_id, "%llu",
             (unsigned long long)m->id);
    pdu.message_state = delivered ? SMPP_STATE_DELIVERED : SMPP_STATE_UNDELIVERABLE;
    s->counts.lost += esme_deliver(s->server, m->account, &pdu) != ERR_OK;
}

static void send_to_esme(struct smsc *s, unsigned account, const char *from, const char *to,
                         struct rd ud)
{
    struct smpp_pdu pdu = smpp_header(SMPP_DELIVER_SM, SMPP_ROK, 0);

    set_address(&pdu.source, from);
    set_address(&pdu.destination, to);
    pdu.esm_class = SMPP_ESM_UDHI;
    pdu.protocol_id = SMS_PID_DOWNLOAD;
    pdu.data_coding = SMS_DCS_CLASS2;
    pdu.short_message = ud;
    s->counts.lost += esme_deliver(s->server, account, &pdu) != ERR_OK;
}

/* --- to the handsets --- */

static void keep(struct message *m)
{
    struct number *n = m->to;

    m->next = NULL;
    if (n->last != NULL)
        n->last->next = m;
    else
        n->first = m;
    n->last = m;
}

static enum err hand_over(struct smsc *s, struct message *m, struct wr *report)
{
    struct sms_deliver d = {
        .udhi = m->udhi,
        .pid = m->pid,
        .dcs = m->dcs,
        .udl = m->ud_len,
        .ud = RD(m->ud, m->ud_len),
    };

    if (sms_address_from_text(&d.oa, m->from) != ERR_OK)
        return ERR_DENIED;
    sms_timestamp(time(NULL), d.scts);
    m->to->handset->lose_power = faults_hit(s->world.faults, s->world.faults->power_percent);
    s->counts.power_cuts += m->to->handset->lose_power;
    return handset_deliver(m->to->handset, s->world.handsets, &d, report);
}

static void attempt(void *context, uint64_t argument);

static void attempt_later(struct smsc *s, struct message *m, uint64_t delay_ms)
{
    if (timers_set(s->world.timers, cli_now_ms() + delay_ms, attempt, s, (uint64_t)(uintptr_t)m) ==
        ERR_OK)
        return;
    s->counts.waiting--;
    s->counts.lost++;
    free(m);
}

static void attempt(void *context, uint64_t argument)
{
    struct smsc *s = context;
    struct message *m = (struct message *)(uintptr_t)argument;
    uint8_t bytes[256];
    struct wr report = WR_ARRAY(bytes);
    enum err e;

    if (m->to->handset == NULL || m->to->handset->state != HANDSET_ATTACHED) {
        keep(m);
        return;
    }
    e = hand_over(s, m, &report);
    if (e == ERR_BUSY) {
        attempt_later(s, m, BUSY_RETRY_MS);
        return;
    }
    s->counts.waiting--;
    s->counts.delivered += e == ERR_OK;
    s->counts.refused += e != ERR_OK;
    send_receipt(s, m, e == ERR_OK);
    if (s->world.reports && report.len > 0)
        send_to_esme(s, m->account, m->to->digits, m->from, RD_WR(&report));
    free(m);
}

/* Through the air: lost, once, or twice, sooner or later. */
static void launch(struct smsc *s, struct message *m)
{
    struct faults *f = s->world.faults;

    if (faults_hit(f, f->double_percent)) {
        struct message *twin = malloc(sizeof *twin);

        if (twin != NULL) {
            *twin = *m;
            s->counts.doubled++;
            s->counts.waiting++;
            attempt_later(s, twin, faults_draw(f, f->delay_ms + 1U));
        }
    }
    if (faults_hit(f, f->loss_percent)) {
        s->counts.lost++;
        s->counts.waiting--;
        free(m);
        return;
    }
    attempt_later(s, m, faults_draw(f, f->delay_ms + 1U));
}

static void learn_route(struct smsc *s, unsigned account, const char *digits)
{
    for (size_t i = 0; i < s->route_count; i++) {
        if (strcmp(s->routes[i].digits, digits) == 0) {
            s->routes[i].account = account;
            return;
        }
    }
    if (s->route_count == ESME_ACCOUNTS_MAX)
        s->route_count--;
    snprintf(s->routes[s->route_count].digits, sizeof s->routes[0].digits, "%s", digits);
    s->routes[s->route_count++].account = account;
}

uint32_t smsc_submit(void *context, unsigned account, const struct smpp_pdu *pdu,
                     uint64_t *message_id)
{
    struct smsc *s = context;
    struct rd ud = smpp_content(pdu);
    struct number *to = find_number(s, bare(pdu->destination.digits));
    struct message *m;

    if (to == NULL)
        return SMPP_RINVDSTADR;
    if (ud.left > SMS_UD_MAX)
        return SMPP_RINVMSGLEN;
    m = s->counts.waiting < WAITING_MAX ? calloc(1, sizeof *m) : NULL;
    if (m == NULL)
        return SMPP_RMSGQFUL;
    *m = (struct message){
        .to = to,
        .id = ++s->last_id,
        .account = account,
        .receipt = (pdu->registered_delivery & 0x03) == RP_MODE_RECEIPT,
        .pid = pdu->protocol_id,
        .dcs = pdu->data_coding,
        .udhi = (pdu->esm_class & SMPP_ESM_UDHI) != 0,
        .ud_len = (uint8_t)ud.left,
    };
    snprintf(m->from, sizeof m->from, "%s", pdu->source.digits);
    if (ud.left > 0)
        memcpy(m->ud, ud.at, ud.left);
    learn_route(s, account, bare(pdu->source.digits));
    s->counts.submitted++;
    s->counts.waiting++;
    *message_id = m->id;
    launch(s, m);
    return SMPP_ROK;
}

void smsc_attached(struct smsc *s, const char *msisdn, struct handset *h)
{
    const char *digits = bare(msisdn);
    struct number *n = find_number(s, digits);

    if (n == NULL) {
        struct number **bucket = bucket_of(s, digits);

        n = calloc(1, sizeof *n);
        if (n == NULL)
            return;
        snprintf(n->digits, sizeof n->digits, "%s", digits);
        n->next_in_bucket = *bucket;
        *bucket = n;
    }
    n->handset = h;
    while (n->first != NULL) {
        struct message *m = n->first;

        n->first = m->next;
        if (n->first == NULL)
            n->last = NULL;
        attempt_later(s, m, 0);
    }
}

void smsc_from_handset(struct smsc *s, const char *from, const struct sms_submit *message)
{
    struct faults *f = s->world.faults;
    const char *to = bare(message->da.digits);

    s->counts.from_handsets++;
    for (size_t i = 0; i < s->route_count; i++) {
        if (strcmp(s->routes[i].digits, to) != 0)
            continue;
        if (faults_hit(f, f->double_percent))
            send_to_esme(s, s->routes[i].account, from, to, message->ud);
        if (faults_hit(f, f->loss_percent))
            s->counts.lost++;
        else
            send_to_esme(s, s->routes[i].account, from, to, message->ud);
        return;
    }
}

struct smsc_counts smsc_counts(const struct smsc *s)
{
    return s->counts;
}
