#include "uicc/remote/receiver.h"

#include "uicc/applet/toolkit.h"
#include "uicc/remote/inbox.h"
#include "uicc/remote/packet.h"
#include "uicc/remote/por.h"
#include "uicc/remote/remote.h"

#include <openssl/crypto.h>
#include <string.h>

/* What one short message brings. */
struct arrival {
    struct sms_download download;
    struct sms_deliver deliver;
    struct sms_udh udh;
    struct rd content; /* TP-UD behind its header */
    bool written;      /* into EF.SMS, not by ENVELOPE */
};

enum err receiver_open(struct card *card)
{
    card->receiver = arena_alloc(card->engine->arena, sizeof *card->receiver);
    return card->receiver == NULL ? ERR_NOMEM : ERR_OK;
}

static struct rd content_of(const struct receiver_part *part)
{
    return RD(part->bytes + part->content_at, (size_t)(part->len - part->content_at));
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
    uint8_t bytes[INBOX_MESSAGE_MAX];
    struct wr w = WR_ARRAY(bytes);

    if (part->bytes != NULL)
        return ERR_OK; /* doubled on its way */
    inbox_write(&w, &a->download);
    if (wr_result(&w) != ERR_OK)
        return ERR_SPACE;
    make_room(card, w.len, slot);
    part->bytes = arena_alloc(card->engine->arena, w.len);
    if (part->bytes == NULL)
        return ERR_NOMEM;
    memcpy(part->bytes, bytes, w.len);
    part->len = (uint8_t)w.len;
    part->content_at = (uint8_t)(w.len - a->content.left);
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

    return part->bytes != NULL && !rd_equal(content_of(part), a->content);
}

static sw_t process(struct card *card, struct exec *x, struct rd packet, const struct arrival *a)
{
    const struct packet_origin origin = {&a->deliver.oa,
                                         a->download.has_sca ? &a->download.sca : NULL, a->written};

    return packet_process(card, x, packet, &origin);
}

/* All parts are there: put them together in the engine's work memory and let them go. */
static sw_t process_message(struct card *card, struct exec *x, struct receiver_message **slot,
                            const struct arrival *a)
{
    struct wr w = WR(card->engine->work, SECPKT_MAX);
    sw_t sw = SW_SPACE;

    for (unsigned i = 0; i < (*slot)->total; i++)
        wr_rd(&w, content_of(&(*slot)->parts[i]));
    drop_message(card, slot);
    if (wr_result(&w) == ERR_OK)
        sw = process(card, x, RD_WR(&w), a);
    OPENSSL_cleanse(card->engine->work, SECPKT_MAX);
    return sw;
}

/* A message for the user: each part is a message of its own to EF.SMS. What is there goes
 * together, or not at all. */
static sw_t store_parts(struct card *card, struct receiver_message *m)
{
    sw_t sw = SW_OK;

    for (unsigned i = 0; i < m->total && sw_equal(sw, SW_OK); i++) {
        if (m->parts[i].bytes != NULL && !m->parts[i].stored)
            sw = inbox_store(card, RD(m->parts[i].bytes, m->parts[i].len));
    }
    if (!sw_equal(sw, SW_OK))
        return sw;
    for (unsigned i = 0; i < m->total; i++)
        m->parts[i].stored = m->parts[i].bytes != NULL;
    inbox_tell(card);
    return SW_OK;
}

/* The first part is there and speaks of no packet. What cannot be stored waits for the part that
 * its sender, who hears of that, sends again. */
static sw_t take_text(struct card *card, struct receiver_message **slot, const struct arrival *a)
{
    struct receiver_message *m = *slot;
    bool known = m->parts[a->udh.sequence - 1].stored;
    sw_t sw = known || !inbox_takes(card, &a->deliver) ? SW_OK : store_parts(card, m);

    if (sw_equal(sw, SW_OK) && m->received == m->total)
        drop_message(card, slot);
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
    if ((*slot)->parts[0].bytes != NULL && !(*slot)->command_packet)
        return take_text(card, slot, a);
    return (*slot)->received < (*slot)->total ? SW_OK : process_message(card, x, slot, a);
}

/* One message for the user. */
static sw_t take_single(struct card *card, const struct arrival *a)
{
    uint8_t bytes[INBOX_MESSAGE_MAX];
    struct wr w = WR_ARRAY(bytes);
    sw_t sw;

    if (applet_takes_message(card) || !inbox_takes(card, &a->deliver))
        return SW_OK;
    inbox_write(&w, &a->download);
    sw = wr_result(&w) == ERR_OK ? inbox_store(card, RD_WR(&w)) : SW_BAD_DATA;
    if (sw_equal(sw, SW_OK))
        inbox_tell(card);
    return sw;
}

static enum err read_message(struct arrival *a)
{
    enum err e = sms_read_deliver(a->download.tpdu, &a->deliver);

    a->content = a->deliver.ud;
    if (e == ERR_OK && a->deliver.udhi)
        e = sms_read_udh(a->deliver.ud, &a->udh, &a->content);
    return e;
}

static sw_t take(struct card *card, struct exec *x, struct arrival *a)
{
    if (read_message(a) != ERR_OK)
        return SW_BAD_DATA;
    if (a->udh.concatenated)
        return take_part(card, x, a);
    if (a->udh.command_packet)
        return process(card, x, a->content, a);
    return take_single(card, a);
}

/* TS 31.130 6.2: a terminal without data download stores a packet in EF.SMS, and thereby hands it
 * over. Nothing can be answered to UPDATE RECORD: a proof goes out by SEND SHORT MESSAGE, or not at
 * all. */
sw_t receiver_written(struct card *card, struct rd value)
{
    uint8_t unheard[POR_REPORT_MAX];
    struct wr out = WR_ARRAY(unheard);
    struct exec x = {.out = &out};
    struct arrival a = {.written = true};

    if (sms_read_envelope(value, &a.download) != ERR_OK || read_message(&a) != ERR_OK ||
        a.udh.concatenated || !a.udh.command_packet)
        return SW_OK;
    return process(card, &x, a.content, &a);
}

/*
 * TS 31.111 7.1.1: what makes a terminal report an error to the network is 6FXX; of other status
 * words of failure it says nothing, and a message that is acknowledged is not sent again. An
 * object that is no SMS-PP download is the terminal's own mistake.
 */
sw_t receiver_sms_pp(struct card *card, struct exec *x, struct rd value)
{
    struct arrival a = {0};
    sw_t sw;

    if (sms_read_envelope(value, &a.download) != ERR_OK)
        return SW_BAD_DATA;
    sw = take(card, x, &a);
    return sw_equal(sw, SW_BAD_DATA) || sw_equal(sw, SW_SPACE) ? SW_NO_DIAGNOSIS : sw;
}
