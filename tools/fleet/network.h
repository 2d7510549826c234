/*
 * network.h - mobile networks as a handset meets them: a PLMN, its HLR (a database
 * in the form of OsmoHLR), its authentication centre.
 */
#ifndef RESEAT_TOOLS_FLEET_NETWORK_H
#define RESEAT_TOOLS_FLEET_NETWORK_H

#include "apdu/aka.h"
#include "apdu/bcd.h"

#define NETWORKS_MAX 8

struct network;
struct networks;

struct subscriber {
    char imsi[IMSI_DIGITS_MAX + 1];
    char msisdn[NUMBER_DIGITS_MAX + 1];
};

struct network_challenge {
    uint8_t rand[AKA_RAND_LEN], autn[AKA_AUTN_LEN];
    struct aka_result expected; /* secret: wipe */
    uint8_t res_len;
};

NODISCARD enum err networks_new(struct crypto *crypto, struct networks **out);
void networks_free(struct networks **n);

/* name for people; plmn "00101"; hlr: path of the database. Errors as hlr_open(), ERR_SPACE. */
NODISCARD enum err networks_add(struct networks *n, const char *name, const char *plmn,
                                const char *hlr);

/* Whose IMSI that is; NULL for none of ours. */
struct network *networks_of_imsi(struct networks *n, const char *imsi);
size_t networks_count(const struct networks *n);
struct network *networks_at(struct networks *n, size_t index);
const char *network_name(const struct network *n);
const char *network_plmn(const struct network *n);

/* ERR_NOT_FOUND for an IMSI that the HLR does not have. */
NODISCARD enum err network_find(struct network *n, const char *imsi, struct subscriber *out);

/* A fresh authentication vector for a subscriber. ERR_NOT_FOUND, ERR_IO. */
NODISCARD enum err network_challenge(struct networks *all, struct network *n, const char *imsi,
                                     struct network_challenge *out);

/* A vector of a key that no HLR needs to know, with a high SQN. */
NODISCARD enum err networks_challenge_with(struct networks *n, const struct aka_key *key,
                                           struct network_challenge *out);

/* The card said AUTS: set the HLR's SQN by it. ERR_MAC when it does not verify. */
NODISCARD enum err network_resync(struct networks *all, struct network *n, const char *imsi,
                                  const uint8_t rand[AKA_RAND_LEN],
                                  const uint8_t auts[AKA_AUTS_LEN]);

/* The subscriber attached: the HLR notes the time. */
NODISCARD enum err network_seen(struct network *n, const char *imsi);

/* Changes to the HLR between two calls are one transaction of the database. */
void networks_flush(struct networks *n);

#endif
