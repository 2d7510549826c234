#include "ota/campaign/outbox.h"

#include "apdu/sms.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IEI_COMMAND 0x70
#define AGAIN_MAX                                                                   \
    16 /* passing faults of the SMS centre for one shipment; then the timeout helps \
        */

_Static_assert((SECPKT_MAX - 132 + 133) / 134 + 1 <= OUTBOX_PARTS_MAX,
               "part masks have a bit for each part of the longest packet");

enum shipment_state { FREE, STAGED, READY };

struct shipment {
    enum shipment_state state;
    uint8_t round; /* of this slot: tells an old tag from a new one */
    int64_t card_id;
    uint64_t counter;
    char to[NUMBER_DIGITS_MAX + 1];
    uint32_t to_send, unanswered; /* bit n: part n + 1 */
    unsigned agains;
    bool queued;
    size_t len;
    uint8_t octets[SECPKT_MAX];
};

struct outbox {
    struct shipment slots[OUTBOX_MAX];
    uint16_t free_slots[OUTBOX_MAX];
    size_t free_count;
    uint16_t queue[OUTBOX_MAX]; /* staged and ready ones, in order; a ring */
    size_t head, queued;
};

struct outbox *outbox_new(void)
{
    struct outbox *o = calloc(1, sizeof *o);

    for (size_t i = 0; o && i < OUTBOX_MAX; i++)
        o->free_slots[o->free_count++] = (uint16_t)(OUTBOX_MAX - 1 - i);
    return o;
}

void outbox_free(struct outbox **o)
{
    free(*o);
    *o = NULL;
}

size_t outbox_room(const struct outbox *o)
{
    return o->free_count < OUTBOX_MAX - o->queued ? o->free_count : OUTBOX_MAX - o->queued;
}

static void enqueue(struct outbox *o, struct shipment *s)
{
    if (s->queued)
        return;
    s->queued = true;
    o->queue[(o->head + o->queued++) % OUTBOX_MAX] = (uint16_t)(s - o->slots);
}

static void set_free(struct outbox *o, struct shipment *s)
{
    s->state = FREE;
    s->round++;
    s->to_send = s->unanswered = 0;
    o->free_slots[o->free_count++] = (uint16_t)(s - o->slots);
}

enum err outbox_stage(struct outbox *o, const char *to, const struct ledger_packet *p)
{
    size_t parts = sms_packet_parts(p->len);
    struct shipment *s;

    if (parts == 0 || parts > OUTBOX_PARTS_MAX)
        return ERR_RANGE;
    if (outbox_room(o) == 0)
        return ERR_SPACE;
    s = &o->slots[o->free_slots[--o->free_count]];
    s->state = STAGED;
    s->card_id = p->card_id;
    s->counter = p->counter;
    s->agains = 0;
    snprintf(s->to, sizeof s->to, "%s", to);
    s->to_send = parts == 32 ? UINT32_MAX : (1U << parts) - 1;
    s->unanswered = 0;
    memcpy(s->octets, p->octets, p->len);
    s->len = p->len;
    enqueue(o, s);
    return ERR_OK;
}

void outbox_release(struct outbox *o)
{
    for (size_t i = 0; i < o->queued; i++) {
        struct shipment *s = &o->slots[o->queue[(o->head + i) % OUTBOX_MAX]];

        if (s->state == STAGED)
            s->state = READY;
    }
}

/* Staged shipments are the youngest: they stand at the end of the queue. */
void outbox_drop_staged(struct outbox *o)
{
    while (o->queued) {
        struct shipment *s = &o->slots[o->queue[(o->head + o->queued - 1) % OUTBOX_MAX]];

        if (s->state != STAGED)
            return;
        o->queued--;
        s->queued = false;
        set_free(o, s);
    }
}

/* A tag says slot, round of the slot, and part. */
static uint64_t tag_of(const struct outbox *o, const struct shipment *s, unsigned part)
{
    return (uint64_t)(s - o->slots) << 16 | (uint64_t)s->round << 8 | part;
}

/* The concatenation reference comes from the counter: a resend differs in no octet. */
static enum err send_part(struct outbox *o, struct shipment *s, unsigned part,
                          const struct campaign_link *link)
{
    uint8_t ud[SMS_UD_MAX];
    struct wr w = WR_ARRAY(ud);
    struct campaign_message message = {.to = s->to, .tag = tag_of(o, s, part)};
    enum err e = sms_write_packet_part(&w, IEI_COMMAND, RD(s->octets, s->len), (uint8_t)s->counter,
                                       part + 1);

    message.ud = RD_WR(&w);
    return e == ERR_OK ? link->send(link->context, &message) : e;
}

static bool send_parts(struct outbox *o, struct shipment *s, const struct campaign_link *link)
{
    while (s->to_send) {
        unsigned part = (unsigned)__builtin_ctz(s->to_send);

        if (link->room(link->context) == 0 || send_part(o, s, part, link) != ERR_OK)
            return false;
        s->to_send &= ~(1U << part);
        s->unanswered |= 1U << part;
    }
    return true;
}

void outbox_pump(struct outbox *o, const struct campaign_link *link)
{
    while (o->queued) {
        struct shipment *s = &o->slots[o->queue[o->head]];

        if (s->state == STAGED || !send_parts(o, s, link))
            return;
        o->head = (o->head + 1) % OUTBOX_MAX;
        o->queued--;
        s->queued = false;
        if (s->unanswered == 0)
            set_free(o, s);
    }
}

bool outbox_holds(const struct outbox *o, int64_t card_id)
{
    for (size_t i = 0; i < OUTBOX_MAX; i++) {
        if (o->slots[i].state != FREE && o->slots[i].card_id == card_id)
            return true;
    }
    return false;
}

bool outbox_is_empty(const struct outbox *o)
{
    return o->free_count == OUTBOX_MAX;
}

/* What is done with leaves at once, unless the queue still holds it: then the pump lets it go. */
static void settle(struct outbox *o, struct shipment *s)
{
    if (s->to_send == 0 && s->unanswered == 0 && !s->queued)
        set_free(o, s);
}

static void again(struct outbox *o, struct shipment *s, uint32_t parts)
{
    s->unanswered &= ~parts;
    if (++s->agains > AGAIN_MAX) {
        s->to_send = 0;
        return;
    }
    s->to_send |= parts;
    enqueue(o, s);
}

enum err outbox_answered(struct outbox *o, uint64_t tag, enum campaign_answer answer,
                         struct outbox_loss *loss)
{
    size_t slot = (size_t)(tag >> 16);
    unsigned part = tag & 0xFF;
    struct shipment *s;

    if (slot >= OUTBOX_MAX || part >= OUTBOX_PARTS_MAX)
        return ERR_NOT_FOUND;
    s = &o->slots[slot];
    if (s->state != READY || s->round != (uint8_t)(tag >> 8) || !(s->unanswered & 1U << part))
        return ERR_NOT_FOUND;
    if (answer == CAMPAIGN_AGAIN)
        again(o, s, 1U << part);
    else
        s->unanswered &= ~(1U << part);
    if (answer == CAMPAIGN_REJECTED) {
        *loss = (struct outbox_loss){s->card_id, s->counter};
        s->to_send = 0;
    }
    settle(o, s);
    return ERR_OK;
}

void outbox_link_lost(struct outbox *o)
{
    for (size_t i = 0; i < OUTBOX_MAX; i++) {
        struct shipment *s = &o->slots[i];

        if (s->state != READY || s->unanswered == 0)
            continue;
        s->to_send |= s->unanswered;
        s->unanswered = 0;
        enqueue(o, s);
    }
}

void outbox_forget(struct outbox *o, int64_t card_id)
{
    for (size_t i = 0; i < OUTBOX_MAX; i++) {
        struct shipment *s = &o->slots[i];

        if (s->state == READY && s->card_id == card_id) {
            s->to_send = 0;
            settle(o, s);
        }
    }
}
