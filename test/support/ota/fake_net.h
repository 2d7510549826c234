/*
 * fake_net.h - cards, a network that loses, doubles, delays and reorders, and a clock,
 * all in memory and from one seed: what the campaign engine is tested against.
 *
 * The cards here are what TS 102 225 and apdu/opchange.h say of a card, written a second time and
 * as simply as possible.
 */
#ifndef RESEAT_TEST_FAKE_NET_H
#define RESEAT_TEST_FAKE_NET_H

#include "apdu/crypto.h"
#include "apdu/opchange.h"
#include "ota/campaign/campaign.h"

#define FAKE_QUEUE_MAX 65536

struct fake_card {
    char iccid[ICCID_DIGITS_MAX + 1];
    char imsi[IMSI_DIGITS_MAX + 1]; /* the one it begins with */
    char msisdn[NUMBER_DIGITS_MAX + 1];
    struct vault_pair keys; /* of the slot in force; after a change those before */
    uint64_t counter;
    uint8_t active, slots;
    uint8_t ef_imsi[EF_IMSI_LEN];
    uint64_t change_counter;
    enum opchange_state state;
    bool dead;           /* the old keys move it no more: plain refusals */
    bool mute;           /* switched off */
    unsigned executed;   /* commands carried out that change something */
    unsigned refuse_rsc; /* answer every command with this status, authenticated; 0 = no */
    uint8_t part_have;
    size_t packet_len;
    uint8_t packet[SECPKT_MAX]; /* parts joined so far; in order only */
};

enum fake_kind { FAKE_TO_CARD, FAKE_TO_SERVER, FAKE_ANSWER };

struct fake_sms {
    bool used;
    enum fake_kind kind;
    size_t card;
    uint64_t due_ms, tag;
    uint8_t len;
    uint8_t ud[140];
};

struct fake_net {
    struct crypto *crypto;
    struct fake_card *cards;
    size_t card_count;
    struct fake_sms *queue;
    size_t queued;
    uint64_t now_ms, random;
    unsigned loss_percent, double_percent;
    unsigned random_fails_at; /* this call for key material fails; 0: none */
    bool deaf;                /* what the cards send is lost */
    unsigned delay_ms;
    size_t window, room;
    uint64_t submitted, acknowledged, token;
    enum campaign_answer answer;    /* of the SMS centre, to everything */
    unsigned again_percent;         /* "throttled" instead of taken */
    struct campaign_engine *engine; /* may be NULL: the server is down */
};

struct fake_net *fake_net_new(size_t cards, uint64_t seed);
void fake_net_free(struct fake_net **n);
struct campaign_world fake_net_world(struct fake_net *n, struct ledger *ledger,
                                     const struct log *log);

/* Let time pass: everything that is due arrives. */
void fake_net_advance(struct fake_net *n, uint64_t ms);

/* What the card answers to one whole command packet; empty: nothing. */
struct rd fake_card_answer(struct fake_net *n, struct fake_card *card, struct rd packet,
                           struct wr *answer);

/* Put every card into a ledger. */
void fake_net_register(struct fake_net *n, struct ledger *ledger);

#endif
