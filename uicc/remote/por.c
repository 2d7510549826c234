#include "uicc/remote/por.h"

#include "uicc/cat/proactive.h"
#include "uicc/cat/refresh.h"
#include "uicc/remote/receiver.h"
#include "uicc/remote/remote.h"

#include <string.h>

#define IEI_RESPONSE 0x71

#define RESPONSE_FIXED 9 /* 02 71 00 RPL RHL TAR */
#define RESPONSE_INNER 7 /* CNTR PCNTR RSC */

static const uint8_t response_udh[] = {0x02, IEI_RESPONSE, 0x00};

/* --- what is asked for --- */

static bool is_wanted(const struct secpkt_header *h, uint8_t rsc)
{
    switch (h->spi[1] & SPI2_POR_MASK) {
    case SPI2_POR_ALWAYS:
        return true;
    case SPI2_POR_ON_ERROR:
        return rsc != RSC_OK;
    default:
        return false;
    }
}

/* A check that nobody can compute (a digital signature, an RC that KID does not size) becomes the
 * CC that the keys can: never weaker than what was asked for. */
static struct secpkt_header provable(const struct secpkt_header *asked)
{
    struct secpkt_header h = *asked;
    uint8_t check = h.spi[1] & SPI2_CHECK_MASK;
    bool rc_sized = (h.kid & 0x0F) == 0x1 || (h.kid & 0x0F) == 0x5;

    if (check == SPI2_CHECK_MASK || (check == SPI2_CHECK_RC && !rc_sized))
        h.spi[1] = (uint8_t)((h.spi[1] & ~SPI2_CHECK_MASK) | SPI2_CHECK_CC);
    return h;
}

size_t por_room(const struct secpkt_header *header)
{
    size_t room = POR_REPORT_MAX - RESPONSE_FIXED;

    if ((header->spi[1] & SPI2_BY_SUBMIT) != 0)
        return POR_SUBMIT_MAX;
    if ((header->spi[1] & SPI2_CIPHER) != 0)
        room -= room % CRYPTO_BLOCK_MAX;
    return room - RESPONSE_INNER - SECPKT_CC_LEN;
}

/* --- the outbox on the medium --- */

struct entry {
    uint8_t reference;
    struct sms_address from, sca;
    struct rd packet;
};

static void write_address(struct wr *w, const struct sms_address *a)
{
    size_t digits = strlen(a->digits);

    wr_u8(w, a->ton_npi);
    wr_u8(w, (uint8_t)digits);
    wr_bytes(w, a->digits, digits);
    wr_u8(w, a->semi_octets);
    wr_u8(w, a->raw_len);
    wr_bytes(w, a->raw, a->raw_len);
}

static enum err read_address(struct rd *r, struct sms_address *a)
{
    uint8_t digits = 0;

    *a = (struct sms_address){0};
    if (rd_u8(r, &a->ton_npi) != ERR_OK || rd_u8(r, &digits) != ERR_OK)
        return ERR_SHORT;
    if (digits >= sizeof a->digits || rd_copy(r, a->digits, digits) != ERR_OK)
        return ERR_CORRUPT;
    if (rd_u8(r, &a->semi_octets) != ERR_OK || rd_u8(r, &a->raw_len) != ERR_OK)
        return ERR_SHORT;
    if (a->raw_len > sizeof a->raw || rd_copy(r, a->raw, a->raw_len) != ERR_OK)
        return ERR_CORRUPT;
    return ERR_OK;
}

/* Takes one entry off r; r stands behind it. */
static enum err next_entry(struct rd *r, struct entry *out)
{
    uint16_t len = 0;

    if (rd_u8(r, &out->reference) != ERR_OK || read_address(r, &out->from) != ERR_OK ||
        read_address(r, &out->sca) != ERR_OK || rd_u16(r, &len) != ERR_OK)
        return ERR_CORRUPT;
    return rd_take(r, len, &out->packet) == ERR_OK ? ERR_OK : ERR_CORRUPT;
}

static bool first_entry(const struct card *card, struct entry *out, struct rd *behind)
{
    return store_get(&card->store, OBJ_OUTBOX, behind) && next_entry(behind, out) == ERR_OK;
}

static unsigned count_entries(struct rd r)
{
    struct entry e;
    unsigned n = 0;

    while (r.left > 0 && next_entry(&r, &e) == ERR_OK)
        n++;
    return n;
}

/* Stage the outbox without its first entry. r borrows from the object that is replaced. */
static enum err put_rest(struct card *card, struct rd rest)
{
    size_t len = rest.left;
    uint8_t *copy;
    enum err e;

    if (len == 0)
        return store_delete(&card->store, OBJ_OUTBOX);
    copy = arena_alloc(card->engine->arena, len);
    if (copy == NULL)
        return ERR_NOMEM;
    memcpy(copy, rest.at, len);
    e = store_put(&card->store, OBJ_OUTBOX, RD(copy, len));
    arena_free(card->engine->arena, copy, len);
    return e;
}

static enum err drop_first(struct card *card)
{
    struct entry e;
    struct rd rest;

    return first_entry(card, &e, &rest) ? put_rest(card, rest)
                                        : store_delete(&card->store, OBJ_OUTBOX);
}

/* Stage one proof more. */
static enum err post(struct card *card, const struct por *por, struct rd packet)
{
    static const struct sms_address none = {0};
    struct rd old = RD(NULL, 0);
    unsigned kept = store_get(&card->store, OBJ_OUTBOX, &old) ? count_entries(old) : 0;
    size_t cap;
    struct wr w;
    enum err e;

    if (por->rsc != RSC_OK && kept >= POR_OUTBOX_REFUSALS)
        return ERR_OK;
    if (kept >= POR_OUTBOX_MAX) {
        e = drop_first(card);
        if (e != ERR_OK)
            return e;
        card->receiver->sent = 0;
        card->receiver->stale = card->receiver->sending;
        if (!store_get(&card->store, OBJ_OUTBOX, &old))
            old = RD(NULL, 0);
    }
    cap = old.left + 2 * sizeof(struct sms_address) + packet.left + 16;
    w = WR(arena_alloc(card->engine->arena, cap), cap);
    if (w.base == NULL)
        return ERR_NOMEM;
    wr_rd(&w, old);
    wr_u8(&w, (uint8_t)por->counter);
    write_address(&w, por->origin->from);
    write_address(&w, por->origin->sca == NULL ? &none : por->origin->sca);
    wr_u16(&w, (uint16_t)packet.left);
    wr_rd(&w, packet);
    e = wr_result(&w);
    if (e == ERR_OK)
        e = store_put(&card->store, OBJ_OUTBOX, RD_WR(&w));
    arena_free(card->engine->arena, w.base, cap);
    return e;
}

/* --- proving --- */

enum err por_prove(struct card *card, const struct por *por, struct wr *report)
{
    const struct secpkt_header header = provable(por->header);
    struct secpkt_response response = {.counter = por->counter, .rsc = por->rsc, .data = por->data};
    struct wr packet = WR(card->engine->work, SECPKT_MAX);
    enum err e;

    if (!is_wanted(&header, por->rsc))
        return ERR_OK;
    memcpy(response.tar, header.tar, sizeof response.tar);
    e = secpkt_seal_response(card->engine->crypto, &response, &header, por->keys, &packet);
    if (e != ERR_OK)
        return e;
    if ((header.spi[1] & SPI2_BY_SUBMIT) != 0)
        return post(card, por, RD_WR(&packet));
    wr_bytes(report, response_udh, sizeof response_udh);
    wr_rd(report, RD_WR(&packet));
    return wr_result(report);
}

void por_refuse(const struct secpkt_header *header, uint8_t rsc, struct wr *report)
{
    if (!is_wanted(header, rsc))
        return;
    wr_bytes(report, response_udh, sizeof response_udh);
    wr_u16(report, 1 + 3 + RESPONSE_INNER);
    wr_u8(report, 3 + RESPONSE_INNER);
    wr_bytes(report, header->tar, sizeof header->tar);
    wr_u40(report, 0);
    wr_u8(report, 0);
    wr_u8(report, rsc);
}

/* --- sending --- */

static cat_done part_sent;

/* SEND SHORT MESSAGE with one part of a proof; sets sending. */
static enum err send_part(struct card *card, const struct entry *entry, uint8_t part)
{
    uint8_t ud[SMS_UD_MAX], tpdu[SMS_TPDU_MAX];
    struct wr u = WR_ARRAY(ud), t = WR_ARRAY(tpdu);
    struct sms_submit submit = {.udhi = true, .da = entry->from, .dcs = SMS_DCS_CLASS2, .mr = part};
    struct cat_command command;
    enum err e = sms_write_packet_part(&u, IEI_RESPONSE, entry->packet, entry->reference, part);

    if (e != ERR_OK)
        return e;
    submit.ud = RD_WR(&u);
    sms_write_submit(&t, &submit);
    cat_send_short_message(&command, entry->sca.ton_npi == 0 ? NULL : &entry->sca, RD_WR(&t));
    e = wr_result(&t) == ERR_OK ? cat_command_queue(card, &command, part_sent) : ERR_SPACE;
    card->receiver->sending = e == ERR_OK;
    return e;
}

/* Send the next part of what waits; when nothing does (or can), what was to follow. */
static void serve(struct card *card)
{
    struct receiver *r = card->receiver;
    struct entry entry;
    struct rd behind;

    if (r->sending || !cat_profile_received(card))
        return;
    if (r->attempts < POR_ATTEMPTS && first_entry(card, &entry, &behind) &&
        send_part(card, &entry, (uint8_t)(r->sent + 1)) == ERR_OK)
        return;
    if (!r->refresh_due)
        return;
    r->refresh_due = false;
    if (cat_refresh(card, r->refresh_mode, RD(NULL, 0), 0) != ERR_OK)
        card_log(card, "remote: the terminal takes no REFRESH, the change shows at next power-on");
}

/* The first proof is through, or will never be: forget it. Staged. */
static void finish_first(struct card *card)
{
    card->receiver->sent = 0;
    card->receiver->attempts = 0;
    if (drop_first(card) != ERR_OK)
        card->receiver->attempts = POR_ATTEMPTS; /* not again in this session */
}

static void part_sent(struct card *card, uint8_t command_type, uint8_t result, struct rd response)
{
    struct receiver *r = card->receiver;
    struct entry entry;
    struct rd behind;

    (void)command_type;
    (void)response;
    r->sending = false;
    if (r->stale || !first_entry(card, &entry, &behind)) {
        r->stale = false;
        serve(card);
        return;
    }
    if (result <= CAT_RESULT_DONE_MAX) {
        if (++r->sent >= sms_packet_parts(entry.packet.left))
            finish_first(card);
    } else if (++r->attempts < POR_ATTEMPTS) {
        return; /* por_poll() tries again */
    } else if (result < CAT_RESULT_RETRY_MIN || result > CAT_RESULT_RETRY_MAX) {
        finish_first(card);
    }
    serve(card);
}

void por_follow(struct card *card, uint8_t refresh_mode)
{
    if (refresh_mode != REFRESH_NONE) {
        card->receiver->refresh_due = true;
        card->receiver->refresh_mode = refresh_mode;
    }
    serve(card);
}

void por_poll(struct card *card)
{
    serve(card);
}

void por_resume(struct card *card)
{
    card->receiver->attempts = 0;
    serve(card);
}
