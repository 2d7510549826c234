/*
 * inbox.h - what came from the cards and is not stored yet: whole response packets
 * (joined from their parts) and delivery receipts.
 *
 * Bounded: incomplete messages are kept in INBOX_OPEN_MAX places, the oldest gives way.
 */
#ifndef RESEAT_OTA_CAMPAIGN_INBOX_H
#define RESEAT_OTA_CAMPAIGN_INBOX_H

#include "ota/campaign/campaign.h"

#define INBOX_MAX       256
#define INBOX_OPEN_MAX  512
#define INBOX_PARTS_MAX 32
#define INBOX_OPEN_MS   600000 /* a part that waited longer for the others is forgotten */

enum inbox_kind { INBOX_PROOF, INBOX_DELIVERED, INBOX_UNDELIVERED };

struct inbox_entry {
    enum inbox_kind kind;
    char number[NUMBER_DIGITS_MAX + 1];
    uint64_t token;
    size_t len;
    uint8_t packet[SECPKT_MAX]; /* proof: from RPL on */
};

struct inbox;

struct inbox *inbox_new(void);
void inbox_free(struct inbox **i);

enum campaign_heard inbox_hear(struct inbox *i, const char *from, struct rd ud, uint64_t token,
                               uint64_t now_ms);
enum campaign_heard inbox_receipt(struct inbox *i, const char *to, bool delivered, uint64_t token);

size_t inbox_count(const struct inbox *i);
const struct inbox_entry *inbox_at(const struct inbox *i, size_t at);
void inbox_clear(struct inbox *i);

#endif
