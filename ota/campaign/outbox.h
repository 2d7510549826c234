/*
 * outbox.h - packets that are stored and on their way to the link, part by part.
 *
 * A shipment is staged within a transaction, released when that is durable, and gone
 * when the SMS centre has answered every part. The octets in it never change.
 */
#ifndef RESEAT_OTA_CAMPAIGN_OUTBOX_H
#define RESEAT_OTA_CAMPAIGN_OUTBOX_H

#include "ota/campaign/campaign.h"

#define OUTBOX_MAX       1024
#define OUTBOX_PARTS_MAX 32 /* of SECPKT_MAX octets, TS 31.115 4.2 */

struct outbox;

struct outbox *outbox_new(void);
void outbox_free(struct outbox **o);

/* Shipments that can still be staged. */
size_t outbox_room(const struct outbox *o);
/* ERR_SPACE, ERR_RANGE (a packet of too many parts). */
NODISCARD enum err outbox_stage(struct outbox *o, const char *to, const struct ledger_packet *p);
void outbox_release(struct outbox *o);
void outbox_drop_staged(struct outbox *o);

/* Hand parts to the link while it has room. */
void outbox_pump(struct outbox *o, const struct campaign_link *link);
/* Is a packet for this card still on its way to the SMS centre? */
bool outbox_holds(const struct outbox *o, int64_t card_id);
bool outbox_is_empty(const struct outbox *o);

/* An answer for a part. ERR_NOT_FOUND for a tag that is none. On CAMPAIGN_REJECTED the shipment
 * is gone, and whose it was is told. */
struct outbox_loss {
    int64_t card_id;
    uint64_t counter;
};
NODISCARD enum err outbox_answered(struct outbox *o, uint64_t tag, enum campaign_answer answer,
                                   struct outbox_loss *loss);
void outbox_link_lost(struct outbox *o);
/* The proof is here: what is still queued for this card need not leave. */
void outbox_forget(struct outbox *o, int64_t card_id);

#endif
