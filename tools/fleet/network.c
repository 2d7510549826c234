#include "tools/fleet/network.h"
#include "ota/hlr/hlr.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#define FLEET_IND     1                 /* one visited node, TS 33.102 C.1.1.1 */
#define SQN_CHALLENGE 0x000000FFFF20ULL /* ahead of any SQN that a run uses, within delta */

struct network {
    char name[32], plmn[7];
    struct hlr *hlr;
    bool writing; /* a transaction is open */
};

struct networks {
    struct crypto *crypto; /* borrowed */
    struct network all[NETWORKS_MAX];
    size_t count;
};

enum err networks_new(struct crypto *crypto, struct networks **out)
{
    struct networks *n = calloc(1, sizeof *n);

    if (n == NULL)
        return ERR_NOMEM;
    n->crypto = crypto;
    *out = n;
    return ERR_OK;
}

void networks_free(struct networks **n)
{
    if (*n == NULL)
        return;
    networks_flush(*n);
    for (size_t i = 0; i < (*n)->count; i++)
        hlr_close(&(*n)->all[i].hlr);
    free(*n);
    *n = NULL;
}

enum err networks_add(struct networks *n, const char *name, const char *plmn, const char *hlr)
{
    struct network *added = &n->all[n->count];
    uint8_t coded[PLMN_LEN];
    enum err e = n->count < NETWORKS_MAX ? bcd_plmn_encode(plmn, coded) : ERR_SPACE;

    if (e == ERR_OK)
        e = hlr_open(hlr, &added->hlr);
    if (e != ERR_OK)
        return e;
    snprintf(added->name, sizeof added->name, "%s", name);
    snprintf(added->plmn, sizeof added->plmn, "%s", plmn);
    n->count++;
    return ERR_OK;
}

struct network *networks_of_imsi(struct networks *n, const char *imsi)
{
    for (size_t i = 0; i < n->count; i++) {
        if (imsi[0] != '\0' && strncmp(imsi, n->all[i].plmn, strlen(n->all[i].plmn)) == 0)
            return &n->all[i];
    }
    return NULL;
}

size_t networks_count(const struct networks *n)
{
    return n->count;
}

struct network *networks_at(struct networks *n, size_t index)
{
    return &n->all[index];
}

const char *network_name(const struct network *n)
{
    return n->name;
}

const char *network_plmn(const struct network *n)
{
    return n->plmn;
}

enum err network_find(struct network *n, const char *imsi, struct subscriber *out)
{
    HLR_SUBSCRIBER_WIPED struct hlr_subscriber s = {.sqn = 0};
    enum err e = hlr_find(n->hlr, imsi, &s);

    if (e != ERR_OK)
        return e;
    snprintf(out->imsi, sizeof out->imsi, "%s", s.imsi);
    snprintf(out->msisdn, sizeof out->msisdn, "%s", s.msisdn);
    return ERR_OK;
}

static enum err begin_writing(struct network *n)
{
    enum err e = n->writing ? ERR_OK : hlr_begin(n->hlr);

    n->writing = n->writing || e == ERR_OK;
    return e;
}

static enum err make_vector(struct crypto *c, const struct aka_key *key, uint64_t sqn,
                            struct network_challenge *out)
{
    static const uint8_t amf[2] = {0x80, 0x00}; /* separation bit, TS 33.401 6.1.2 */

    if (getrandom(out->rand, sizeof out->rand, 0) != sizeof out->rand)
        return ERR_IO;
    out->res_len = key->res_len;
    return aka_autn(c, key, out->rand, sqn, amf, &out->expected, out->autn);
}

enum err network_challenge(struct networks *all, struct network *n, const char *imsi,
                           struct network_challenge *out)
{
    HLR_SUBSCRIBER_WIPED struct hlr_subscriber s = {.sqn = 0};
    uint64_t sqn = 0;
    enum err e = begin_writing(n);

    if (e == ERR_OK)
        e = hlr_find(n->hlr, imsi, &s);
    if (e == ERR_OK)
        e = hlr_next_sqn(n->hlr, imsi, FLEET_IND, &sqn);
    return e == ERR_OK ? make_vector(all->crypto, &s.key, sqn, out) : e;
}

enum err networks_challenge_with(struct networks *n, const struct aka_key *key,
                                 struct network_challenge *out)
{
    return make_vector(n->crypto, key, SQN_CHALLENGE, out);
}

enum err network_resync(struct networks *all, struct network *n, const char *imsi,
                        const uint8_t rand[AKA_RAND_LEN], const uint8_t auts[AKA_AUTS_LEN])
{
    HLR_SUBSCRIBER_WIPED struct hlr_subscriber s = {.sqn = 0};
    uint64_t sqn_ms = 0;
    enum err e = begin_writing(n);

    if (e == ERR_OK)
        e = hlr_find(n->hlr, imsi, &s);
    if (e == ERR_OK)
        e = aka_open_auts(all->crypto, &s.key, rand, auts, &sqn_ms);
    return e == ERR_OK ? hlr_set_sqn(n->hlr, imsi, sqn_ms) : e;
}

enum err network_seen(struct network *n, const char *imsi)
{
    enum err e = begin_writing(n);

    return e == ERR_OK ? hlr_seen(n->hlr, imsi, time(NULL)) : e;
}

void networks_flush(struct networks *n)
{
    for (size_t i = 0; i < n->count; i++) {
        struct network *w = &n->all[i];

        if (w->writing && hlr_commit(w->hlr) != ERR_OK)
            fprintf(stderr, "network %s: the HLR took no update\n", w->name);
        w->writing = false;
    }
}
