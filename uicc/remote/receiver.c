#include "uicc/remote/receiver.h"

#include "uicc/remote/inbox.h"
#include "uicc/remote/packet.h"
#include "uicc/remote/remote.h"

#include <openssl/crypto.h>
#include <string.h>

/* What one short message brings. */
struct arrival {
    struct sms_download download;
    struct sms_deliver deliver;
    struct sms_udh udh;
    struct rd content; /* TP-UD behind its header */
};

enum err receiver_open(struct card *card)
{
    card->receiver = arena_alloc(card->engine->arena, sizeof *card->receiver);
    return card->receiver == NULL ? ERR_NOMEM : ERR_OK;
}

static void drop_part(struct card *card, struct receiver_part *part)
{
    card->receiver->bytes -= part->len;
    arena_free(card->engine->arena, part->bytes, part->len);
    *part = (struct receiver_part){0};
}

static void drop_message(struct card *card, struct receiver_message **slot)
{
    struct receiver_message *m = *slot;

    if (m == NULL)
        return;
    for (unsigned i = 0; i < m->total; i++) {
        if (m->parts[i].bytes != NULL)
            drop_part(card, &m->parts[i]);
    }
    arena_free(card->engine->arena, m, sizeof *m);
    *slot = NULL;
}

void receiver_reset(struct card *card)
{
    for (unsigned i = 0; i < RECEIVER_MESSAGES; i++)
        drop_message(card, &card->receiver->messages[i]);
    OPENSSL_cleanse(card->receiver, sizeof *card->receiver);
}

void receiver_close(struct card *card)
{
    if (card->receiver == NULL)
        return;
    receiver_reset(card);
    arena_free(card->engine->arena, card->receiver, sizeof *card->receiver);
    card->receiver = NULL;
}

static bool same_address(const struct sms_address *a, const struct sms_address *b)
{
    return a->ton_npi == b->ton_npi && strcmp(a->digits, b->digits) == 0 &&
           a->raw_len == b->raw_len && memcmp(a->raw, b->raw, a->raw_len) == 0;
}

static bool belongs(const struct receiver_message *m, const struct arrival *a)
{
    return m->reference == a->udh.reference && m->wide_reference == a->udh.wide_reference &&
           m->total == a->udh.total && same_address(&m->from, &a->deliver.oa);
}

/* NULL when there is none but keep (which may be NULL). */
static struct receiver_message **oldest(struct receiver *r, struct receiver_message **keep)
{
    struct receiver_message **found = NULL;

    for (unsigned i = 0; i < RECEIVER_MESSAGES; i++) {
        if (r->messages[i] != NULL && &r->messages[i] != keep &&
            (found == NULL || r->messages[i]->since_ms < (*found)->since_ms))
            found = &r->messages[i];
    }
    return found;
}

static void drop_overdue(struct card *card, uint64_t now_ms)
{
    for (unsigned i = 0; i < RECEIVER_MESSAGES; i++) {
        struct receiver_message **slot = &card->receiver->messages[i];

        if (*slot != NULL && now_ms - (*slot)->since_ms > RECEIVER_TIMEOUT_MS)
            drop_message(card, slot);
    }
}

static struct receiver_message **find(struct receiver *r, const struct arrival *a)
{
    for (unsigned i = 0; i < RECEIVER_MESSAGES; i++) {
        if (r->messages[i] != NULL && belongs(r->messages[i], a))
            return &r->messages[i];
    }
    return NULL;
}

static struct receiver_message **begin(struct card *card, const struct arrival *a, uint64_t now_ms)
{
    struct receiver *r = card->receiver;
    struct receiver_message **slot = NULL;

    for (unsigned i = 0; i < RECEIVER_MESSAGES && slot == NULL; i++) {
        if (r->messages[i] == NULL)
            slot = &r->messages[i];
    }
    if (slot == NULL) {
        slot = oldest(r, NULL);
        drop_message(card, slot);
    }
    *slot = arena_alloc(card->engine->arena, sizeof **slot);
    if (*slot == NULL)
        return NULL;
    **slot = (struct receiver_message){
        .from = a->deliver.oa,
        .reference = a->udh.reference,
        .wide_reference = a->udh.wide_reference,
        .total = a->udh.total,
        .since_ms = now_ms,
    };
    return slot;
}

/* Room for n more bytes: older messages go, the one at keep stays. It alone never fills the
 * room, so this ends. */
static void make_room(struct card *card, size_t n, struct receiver_message **keep)
{
    struct receiver_message **old = oldest(card->receiver, keep);

    while (card->receiver->bytes + n > RECEIVER_BYTES_MAX && old != NULL) {
        drop_message(card, old);
        old = oldest(card->receiver, keep);
    }
}

static enum err keep_part(struct card *card, struct receiver_message **slot,
                          const struct arrival *a)
{
    struct receiver_part *part = &(*slot)->parts[a->udh.sequence - 1];

    if (part->bytes != NULL)
        return ERR_OK; /* doubled on its way */
    make_room(card, a->content.left, slot);
    part->bytes = arena_alloc(card->engine->arena, a->content.left);
    if (part->bytes == NULL)
        return ERR_NOMEM;
    memcpy(part->bytes, a->content.at, a->content.left);
    part->len = (uint8_t)a->content.left;
    card->receiver->bytes += part->len;
    (*slot)->received++;
    if (a->udh.command_packet)
        (*slot)->command_packet = true;
    return ERR_OK;
}

/* A part that stands where another one stood begins a new message: the reference came round. */
static bool contradicts(const struct receiver_message *m, const struct arrival *a)
{
    const struct receiver_part *part = &m->parts[a->udh.sequence - 1];

    return part->bytes != NULL && !rd_equal(RD(part->bytes, part->len), a->content);
}

static sw_t process(struct card *card, struct exec *x, struct rd packet, const struct arrival *a)
{
    const struct packet_origin origin = {&a->deliver.oa,
                                         a->download.has_sca ? &a->download.sca : NULL};

    return packet_process(card, x, packet, &origin);
}

/* All parts are there: put them together in the engine's work memory and let them go. */
static sw_t process_message(struct card *card, struct exec *x, struct receiver_message **slot,
                            const struct arrival *a)
{
    struct wr w = WR(card->engine->work, SECPKT_MAX);
    bool command_packet = (*slot)->command_packet;
    sw_t sw = SW_OK;

    for (unsigned i = 0; i < (*slot)->total; i++)
        wr_bytes(&w, (*slot)->parts[i].bytes, (*slot)->parts[i].len);
    drop_message(card, slot);
    if (wr_result(&w) != ERR_OK)
        return SW_SPACE;
    if (command_packet)
        sw = process(card, x, RD_WR(&w), a);
    OPENSSL_cleanse(card->engine->work, SECPKT_MAX);
    return sw;
}

static sw_t take_part(struct card *card, struct exec *x, const struct arrival *a)
{
    uint64_t now_ms = card->host.now_ms(card->host.context);
    struct receiver_message **slot;

    if (a->udh.total > RECEIVER_PARTS_MAX || a->content.left == 0)
        return SW_BAD_DATA;
    drop_overdue(card, now_ms);
    slot = find(card->receiver, a);
    if (slot != NULL && contradicts(*slot, a))
        drop_message(card, slot);
    if (slot == NULL || *slot == NULL)
        slot = begin(card, a, now_ms);
    if (slot == NULL || keep_part(card, slot, a) != ERR_OK)
        return SW_SPACE;
    return (*slot)->received < (*slot)->total ? SW_OK : process_message(card, x, slot, a);
}

static enum err read_arrival(struct rd value, struct arrival *a)
{
    enum err e = sms_read_envelope(value, &a->download);

    if (e == ERR_OK)
        e = sms_read_deliver(a->download.tpdu, &a->deliver);
    a->content = a->deliver.ud;
    if (e == ERR_OK && a->deliver.udhi)
        e = sms_read_udh(a->deliver.ud, &a->udh, &a->content);
    return e;
}

/* TS 31.111 7.1.1 */
sw_t receiver_sms_pp(struct card *card, struct exec *x, struct rd value)
{
    struct arrival a = {0};
    enum err e = read_arrival(value, &a);

    if (e != ERR_OK)
        return SW_BAD_DATA;
    if (a.udh.concatenated)
        return take_part(card, x, &a);
    if (a.udh.command_packet)
        return process(card, x, a.content, &a);
    return inbox_store(card, &a.download, &a.deliver);
}
