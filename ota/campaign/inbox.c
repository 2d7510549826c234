#include "ota/campaign/inbox.h"

#include "apdu/sms.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A message of several parts of which some are missing. */
struct open_message {
    bool used;
    char from[NUMBER_DIGITS_MAX + 1];
    bool wide;
    uint16_t reference;
    uint8_t total;
    bool response; /* a part said that it carries a response packet */
    uint32_t have; /* bit n: part n + 1 */
    uint64_t touched_ms;
    uint8_t lens[INBOX_PARTS_MAX];
    uint8_t parts[INBOX_PARTS_MAX][SMS_UD_MAX];
};

struct inbox {
    struct inbox_entry entries[INBOX_MAX];
    size_t count;
    struct open_message open[INBOX_OPEN_MAX];
};

struct inbox *inbox_new(void)
{
    return calloc(1, sizeof(struct inbox));
}

void inbox_free(struct inbox **i)
{
    free(*i);
    *i = NULL;
}

size_t inbox_count(const struct inbox *i)
{
    return i->count;
}

const struct inbox_entry *inbox_at(const struct inbox *i, size_t at)
{
    return &i->entries[at];
}

void inbox_clear(struct inbox *i)
{
    i->count = 0;
}

static struct inbox_entry *add(struct inbox *i, enum inbox_kind kind, const char *number,
                               uint64_t token)
{
    struct inbox_entry *entry = &i->entries[i->count++];

    entry->kind = kind;
    entry->token = token;
    entry->len = 0;
    snprintf(entry->number, sizeof entry->number, "%s", number);
    return entry;
}

static bool is_same(const struct open_message *m, const char *from, const struct sms_udh *udh)
{
    return m->used && m->reference == udh->reference && m->total == udh->total &&
           m->wide == udh->wide_reference && strcmp(m->from, from) == 0;
}

/* The place of this message, or a free or outlived one, or the oldest. */
static struct open_message *place_for(struct inbox *i, const char *from, const struct sms_udh *udh,
                                      uint64_t now_ms)
{
    struct open_message *best = &i->open[0];

    for (size_t n = 0; n < INBOX_OPEN_MAX; n++) {
        struct open_message *m = &i->open[n];

        if (m->used && now_ms - m->touched_ms > INBOX_OPEN_MS)
            m->used = false;
        if (is_same(m, from, udh))
            return m;
        if (best->used && (!m->used || m->touched_ms < best->touched_ms))
            best = m;
    }
    *best = (struct open_message){.used = true,
                                  .wide = udh->wide_reference,
                                  .reference = udh->reference,
                                  .total = udh->total};
    snprintf(best->from, sizeof best->from, "%s", from);
    return best;
}

static void keep_part(struct open_message *m, const struct sms_udh *udh, struct rd rest,
                      uint64_t now_ms)
{
    unsigned part = udh->sequence - 1U;

    memcpy(m->parts[part], rest.at, rest.left);
    m->lens[part] = (uint8_t)rest.left;
    m->have |= 1U << part;
    m->response |= udh->response_packet;
    m->touched_ms = now_ms;
}

static bool is_complete(const struct open_message *m)
{
    return m->have == (m->total == 32 ? UINT32_MAX : (1U << m->total) - 1);
}

static bool join(const struct open_message *m, struct inbox_entry *entry)
{
    struct wr w = WR_ARRAY(entry->packet);

    for (size_t part = 0; part < m->total; part++)
        wr_bytes(&w, m->parts[part], m->lens[part]);
    entry->len = w.len;
    return wr_result(&w) == ERR_OK;
}

static enum campaign_heard hear_part(struct inbox *i, const char *from, const struct sms_udh *udh,
                                     struct rd rest, uint64_t now_ms)
{
    struct open_message *m;

    if (udh->total > INBOX_PARTS_MAX || rest.left == 0 || rest.left > SMS_UD_MAX)
        return CAMPAIGN_IGNORED;
    m = place_for(i, from, udh, now_ms);
    keep_part(m, udh, rest, now_ms);
    if (!is_complete(m))
        return CAMPAIGN_IGNORED;
    m->used = false;
    if (!m->response)
        return CAMPAIGN_IGNORED;
    if (join(m, add(i, INBOX_PROOF, from, 0)))
        return CAMPAIGN_TAKEN;
    i->count--;
    return CAMPAIGN_IGNORED;
}

static enum campaign_heard hear_whole(struct inbox *i, const char *from, struct rd packet)
{
    struct inbox_entry *entry;

    if (packet.left == 0 || packet.left > SECPKT_MAX)
        return CAMPAIGN_IGNORED;
    entry = add(i, INBOX_PROOF, from, 0);
    memcpy(entry->packet, packet.at, packet.left);
    entry->len = packet.left;
    return CAMPAIGN_TAKEN;
}

enum campaign_heard inbox_hear(struct inbox *i, const char *from, struct rd ud, uint64_t token,
                               uint64_t now_ms)
{
    struct sms_udh udh;
    struct rd rest;
    enum campaign_heard heard = CAMPAIGN_IGNORED;

    if (i->count == INBOX_MAX)
        return CAMPAIGN_FULL;
    if (strlen(from) > NUMBER_DIGITS_MAX || sms_read_udh(ud, &udh, &rest) != ERR_OK)
        return CAMPAIGN_IGNORED;
    if (udh.concatenated && udh.total > 1)
        heard = hear_part(i, from, &udh, rest, now_ms);
    else if (udh.response_packet)
        heard = hear_whole(i, from, rest);
    if (heard == CAMPAIGN_TAKEN)
        i->entries[i->count - 1].token = token;
    return heard;
}

enum campaign_heard inbox_receipt(struct inbox *i, const char *to, bool delivered, uint64_t token)
{
    if (i->count == INBOX_MAX)
        return CAMPAIGN_FULL;
    if (strlen(to) > NUMBER_DIGITS_MAX)
        return CAMPAIGN_IGNORED;
    add(i, delivered ? INBOX_DELIVERED : INBOX_UNDELIVERED, to, token);
    return CAMPAIGN_TAKEN;
}
